/* A pull's folder: verified as it was written, and refused with any byte of it changed. */
#include "agents/client/snapshot.h"
#include "agents/verify/verify.h"
#include "tests/support/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ORIGIN  "hub.example.org"
#define TIME_US INT64_C(1593764100000000)

struct one_record {
    uint8_t raw_header[HEADER_BYTES];
    struct buffer judgement;
    struct buffer body;
};

struct world {
    struct hub_identity hub;
    struct one_record records[2]; /* an enrolment, a report */
    struct sample_tree tree;
    struct snapshot_terms terms;
    struct buffer records_pb;
    struct snapshot_files files;
    char folder[32];
};

static void add_record(struct world *world, size_t index, struct header *header)
{
    struct one_record *record = &world->records[index];
    struct hash leaf;
    sha256(buffer_bytes(&record->judgement), header->judgement_hash);
    header->judgement_bytes = (uint32_t)record->judgement.size;
    header->body_bytes = (uint32_t)record->body.size;
    header_encode(header, record->raw_header);
    merkle_leaf(bytes_of(record->raw_header, HEADER_BYTES), &leaf);
    sample_tree_add(&world->tree, &leaf);
}

static void add_party(struct world *world)
{
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbPartyAct act = IHURIRO__V1__PARTY_ACT__INIT;
    char subject[] = "SACCO-001";
    char name[] = "Abahuje";
    char category[] = "sacco";
    char currency[] = "RWF";
    struct header header = {.version = HEADER_VERSION,
                            .header_bytes = HEADER_BYTES,
                            .kind = KIND_PARTY,
                            .seq = 1,
                            .institution = "SACCO-001",
                            .received_at_us = TIME_US - 5,
                            .first_received_at_us = TIME_US - 5};
    act.has_role = 1;
    act.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    act.name = name;
    act.category = category;
    act.currency = currency;
    event.time_us = TIME_US - 5;
    event.nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    event.subject = subject;
    event.party = &act;
    assert_int_equal(message_pack(&event.base, &world->records[0].body), ERR_OK);
    sha256(buffer_bytes(&world->records[0].body), header.id);
    add_record(world, 0, &header);
}

static void add_report(struct world *world)
{
    struct signing_key *key = seeded_key(2);
    struct sample_report sample;
    struct buffer report = {0};
    struct arena arena = {0};
    struct envelope envelope;
    struct header header;
    struct one_record *record = &world->records[1];
    PbJudgement judgement = IHURIRO__V1__JUDGEMENT__INIT;
    sample_report(&sample);
    sample_pack(&sample, &report);
    assert_int_equal(envelope_make(key, buffer_bytes(&report), &record->body), ERR_OK);
    assert_int_equal(
        envelope_open(buffer_bytes(&record->body), MESSAGE_CANONICAL, &arena, &envelope), ERR_OK);
    judgement.settings = pb_of_bytes(bytes_of("", 0));
    assert_int_equal(message_pack(&judgement.base, &record->judgement), ERR_OK);
    sample_header(&envelope, buffer_bytes(&record->judgement), 2, &header);
    add_record(world, 1, &header);
    arena_close(&arena);
    buffer_close(&report);
    signing_key_close(&key);
}

static void sign_head(struct world *world)
{
    struct signing_key *key = seeded_key(1);
    struct buffer note = {0};
    struct position *position = &world->terms.position;
    memcpy(world->hub.origin, ORIGIN, sizeof ORIGIN);
    memcpy(world->hub.log_keys[0], signing_key_public(key), PUBLIC_KEY_BYTES);
    world->hub.log_key_count = 1;
    position->size = world->tree.size;
    assert_int_equal(merkle_root(position->size, sample_tree_read, &world->tree, &position->root),
                     ERR_OK);
    assert_int_equal(checkpoint_sign(ORIGIN, position, TIME_US, key, &note), ERR_OK);
    memcpy(world->terms.checkpoint, note.data, note.size);
    buffer_close(&note);
    signing_key_close(&key);
}

static void pack_records(struct world *world)
{
    for (size_t i = 0; i < 2; i++) {
        struct one_record *record = &world->records[i];
        Ihuriro__V1__RecordView view = IHURIRO__V1__RECORD_VIEW__INIT;
        struct proof proof;
        assert_int_equal(
            merkle_prove_inclusion(i, world->tree.size, sample_tree_read, &world->tree, &proof),
            ERR_OK);
        view.header = pb_of_bytes(bytes_of(record->raw_header, HEADER_BYTES));
        view.has_judgement = view.has_body = view.has_proof = 1;
        view.judgement = pb_of_bytes(buffer_bytes(&record->judgement));
        view.body = pb_of_bytes(buffer_bytes(&record->body));
        view.proof = pb_of_bytes(proof_bytes(&proof));
        assert_int_equal(snapshot_records_append(&world->records_pb, &view), ERR_OK);
    }
}

static void path_of(const struct world *world, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", world->folder, name);
}

static void write_file(const struct world *world, const char *name, struct bytes bytes)
{
    char path[128];
    path_of(world, name, path, sizeof path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    fclose(file);
}

static void open_world(struct world **ret_world, enum snapshot_format format)
{
    struct world *world = calloc(1, sizeof *world);
    struct snapshot_records records = {.count = 0};
    struct complaint complaint = {{0}};
    assert_non_null(world);
    add_party(world);
    add_report(world);
    sign_head(world);
    pack_records(world);
    world->terms.format = format;
    world->terms.types = 1U << TYPE_PORTFOLIO;
    assert_int_equal(period_parse("2020-06", &world->terms.period), ERR_OK);
    assert_int_equal(snapshot_records_open(buffer_bytes(&world->records_pb), &complaint, &records),
                     ERR_OK);
    if (snapshot_build(&world->terms, buffer_bytes(&world->records_pb), &records, &complaint,
                       &world->files) != ERR_OK) {
        fail_msg("%s", complaint.text);
    }
    snapshot_records_close(&records);
    memcpy(world->folder, "/tmp/ihuriro-pull-XXXXXX", 25);
    assert_non_null(mkdtemp(world->folder));
    for (size_t i = 0; i < world->files.count; i++) {
        write_file(world, world->files.items[i].name, buffer_bytes(&world->files.items[i].bytes));
    }
    *ret_world = world;
}

static void remove_file(const struct world *world, const char *name)
{
    char path[128];
    path_of(world, name, path, sizeof path);
    unlink(path);
}

static void close_world(struct world *world)
{
    for (size_t i = 0; i < world->files.count; i++) {
        remove_file(world, world->files.items[i].name);
    }
    assert_int_equal(rmdir(world->folder), 0);
    for (size_t i = 0; i < 2; i++) {
        buffer_close(&world->records[i].judgement);
        buffer_close(&world->records[i].body);
    }
    buffer_close(&world->records_pb);
    snapshot_files_close(&world->files);
    free(world);
}

static char text[8192];

static enum err run(const struct world *world)
{
    struct statement *statement = NULL;
    struct complaint complaint = {{0}};
    struct buffer printed = {0};
    assert_int_equal(statement_make("pull", &statement), ERR_OK);
    enum err err = verify_pull(world->folder, &world->hub, statement, &complaint);
    assert_int_equal(statement_print(statement, err == ERR_OK, complaint.text, false, &printed),
                     ERR_OK);
    assert_true(printed.size < sizeof text);
    memcpy(text, printed.data, printed.size);
    text[printed.size] = 0;
    buffer_close(&printed);
    statement_close(&statement);
    return err;
}

static void says(const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, text);
    }
}

static void a_pull_is_made_again_from_its_records_in_both_formats(void **state)
{
    (void)state;
    for (int format = SNAPSHOT_CSV; format <= SNAPSHOT_JSON; format++) {
        struct world *world = NULL;
        open_world(&world, (enum snapshot_format)format);
        if (run(world) != ERR_OK) {
            fail_msg("%s", text);
        }
        says("The pull is valid: 2 records");
        says("2020-06");
        says("the checkpoint of 2 records is signed by hub.example.org");
        close_world(world);
    }
}

/* The hash of the rights under which it was pulled stands in no record: nothing can contradict it.
 */
static bool is_of_rights(const struct snapshot_file *file, size_t at)
{
    static const char key[] = "\"rights\": \"";
    const uint8_t *found = memmem(file->bytes.data, file->bytes.size, key, sizeof key - 1);
    size_t begin = found == NULL ? 0 : (size_t)(found - file->bytes.data) + sizeof key - 1;
    return found != NULL && at >= begin && at < begin + 64;
}

/* Every byte of the small files, some hundred of the larger ones. */
static void a_changed_byte_in_any_file_is_noticed(void **state)
{
    (void)state;
    struct world *world = NULL;
    open_world(&world, SNAPSHOT_CSV);
    for (size_t i = 0; i < world->files.count; i++) {
        struct snapshot_file *file = &world->files.items[i];
        size_t step = file->bytes.size > 300 ? file->bytes.size / 97 : 1;
        for (size_t at = 0; at < file->bytes.size; at += step) {
            file->bytes.data[at] ^= 4;
            write_file(world, file->name, buffer_bytes(&file->bytes));
            if (run(world) == ERR_OK && !is_of_rights(file, at)) {
                fail_msg("byte %zu of %s may be changed", at, file->name);
            }
            file->bytes.data[at] ^= 4;
        }
        write_file(world, file->name, buffer_bytes(&file->bytes));
    }
    assert_int_equal(run(world), ERR_OK);
    close_world(world);
}

static void a_missing_empty_or_longer_file_is_noticed(void **state)
{
    (void)state;
    struct world *world = NULL;
    open_world(&world, SNAPSHOT_CSV);
    for (size_t i = 0; i < world->files.count; i++) {
        struct snapshot_file *file = &world->files.items[i];
        remove_file(world, file->name);
        assert_int_not_equal(run(world), ERR_OK);
        write_file(world, file->name, bytes_of("", 0));
        if (file->bytes.size > 0) {
            assert_int_not_equal(run(world), ERR_OK);
        }
        assert_int_equal(buffer_append(&file->bytes, "\n", 1), ERR_OK);
        write_file(world, file->name, buffer_bytes(&file->bytes));
        assert_int_not_equal(run(world), ERR_OK);
        file->bytes.size--;
        write_file(world, file->name, buffer_bytes(&file->bytes));
    }
    assert_int_equal(run(world), ERR_OK);
    close_world(world);
}

static void a_file_that_is_not_of_the_pull_is_told(void **state)
{
    (void)state;
    struct world *world = NULL;
    open_world(&world, SNAPSHOT_CSV);
    write_file(world, "totals.csv", bytes_of("1", 1));
    assert_int_equal(run(world), ERR_OK);
    says("totals.csv is not of this pull, and was not verified.");
    remove_file(world, "totals.csv");
    close_world(world);
}

static void a_pull_of_another_hub_or_no_folder_is_refused(void **state)
{
    (void)state;
    struct world *world = NULL;
    open_world(&world, SNAPSHOT_JSON);
    world->hub.log_keys[0][0] ^= 1;
    assert_int_not_equal(run(world), ERR_OK);
    struct statement *statement = NULL;
    struct complaint complaint = {{0}};
    assert_int_equal(statement_make("pull", &statement), ERR_OK);
    assert_int_equal(verify_pull("/nonexistent", &world->hub, statement, &complaint), ERR_USAGE);
    statement_close(&statement);
    close_world(world);
}

static void the_checkpoint_of_a_pull_can_be_compared_later(void **state)
{
    (void)state;
    struct world *world = NULL;
    struct buffer note = {0};
    struct complaint complaint = {{0}};
    open_world(&world, SNAPSHOT_CSV);
    assert_int_equal(pull_checkpoint(world->folder, &complaint, &note), ERR_OK);
    assert_int_equal(note.size, strlen(world->terms.checkpoint));
    assert_memory_equal(note.data, world->terms.checkpoint, note.size);
    buffer_close(&note);
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pull_is_made_again_from_its_records_in_both_formats),
        cmocka_unit_test(a_changed_byte_in_any_file_is_noticed),
        cmocka_unit_test(a_missing_empty_or_longer_file_is_noticed),
        cmocka_unit_test(a_file_that_is_not_of_the_pull_is_told),
        cmocka_unit_test(the_checkpoint_of_a_pull_can_be_compared_later),
        cmocka_unit_test(a_pull_of_another_hub_or_no_folder_is_refused),
    };
    return cmocka_run_group_tests_name("verify pull", tests, setup_keys, NULL);
}
