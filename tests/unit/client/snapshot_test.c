/* What a pull's files say: which report is current, who reported, and that equal records give equal
 * bytes. */
#include "agents/client/snapshot.h"
#include "agents/client/snapshot_fold.h"
#include "agents/client/table.h"
#include "tests/support/samples.h"

#include <stdio.h>

#define OK(call)  assert_int_equal((call), ERR_OK)
#define NOON_US   INT64_C(1593777600000000) /* 2020-07-03 */
#define HOUR_US   INT64_C(3600000000)
#define VIEWS_MAX 32

struct bench {
    struct snapshot_terms terms;
    struct buffer records_pb;
    struct snapshot_records records;
    struct snapshot_files files;
    uint64_t seq;
};

static int open_bench(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    OK(keys_init());
    bench->terms.types = 1U << TYPE_PORTFOLIO;
    OK(period_parse("2020-06", &bench->terms.period));
    strcpy(bench->terms.checkpoint, "not verified here");
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    snapshot_records_close(&bench->records);
    snapshot_files_close(&bench->files);
    buffer_close(&bench->records_pb);
    free(bench);
    return 0;
}

/* ---- records ---- */

static void append(struct bench *bench, struct header *header, const struct buffer *body,
                   bool is_header_only)
{
    uint8_t raw[HEADER_BYTES];
    Ihuriro__V1__RecordView view = IHURIRO__V1__RECORD_VIEW__INIT;
    header->version = HEADER_VERSION;
    header->header_bytes = HEADER_BYTES;
    header->seq = ++bench->seq;
    header->body_bytes = (uint32_t)body->size;
    header_encode(header, raw);
    view.header = pb_of_bytes(bytes_of(raw, sizeof raw));
    view.has_judgement = view.has_body = !is_header_only;
    view.body = pb_of_bytes(buffer_bytes(body));
    OK(snapshot_records_append(&bench->records_pb, &view));
}

static void add_member(struct bench *bench, const char *id, const char *name, int32_t to_day)
{
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbPartyAct act = IHURIRO__V1__PARTY_ACT__INIT;
    AUTO(buffer_close) struct buffer body = {0};
    struct header header = {.kind = KIND_PARTY};
    act.has_role = 1;
    act.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    act.name = (char *)(uintptr_t)name;
    act.currency = (char *)(uintptr_t) "RWF";
    act.has_valid_to_day = to_day != 0;
    act.valid_to_day = to_day;
    event.time_us = 1;
    event.nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    event.subject = (char *)(uintptr_t)id;
    event.party = &act;
    OK(message_pack(&event.base, &body));
    strcpy(header.institution, id);
    sha256(buffer_bytes(&body), header.id);
    append(bench, &header, &body, false);
}

struct row {
    const char *institution;
    uint32_t vintage;
    enum verdict verdict;
    int64_t hours; /* after noon */
    int64_t glp;
    int kind; /* 0: REPORT */
    bool is_header_only;
    const char *note;
};

static void add_report(struct bench *bench, const struct row *row)
{
    struct signing_key *key = seeded_key(2);
    struct sample_report sample;
    struct arena arena = {0};
    struct envelope envelope;
    struct header header;
    AUTO(buffer_close) struct buffer report = {0};
    AUTO(buffer_close) struct buffer body = {0};
    sample_report(&sample);
    strcpy(sample.institution, row->institution);
    sample.report.vintage = row->vintage;
    sample.portfolio.glp = row->glp;
    sample.report.note = (char *)(uintptr_t)row->note;
    sample_pack(&sample, &report);
    OK(envelope_make(key, buffer_bytes(&report), &body));
    OK(envelope_open(buffer_bytes(&body), MESSAGE_CANONICAL, &arena, &envelope));
    sample_header(&envelope, (struct bytes){0}, 1, &header);
    header.kind = row->kind != 0 ? (uint8_t)row->kind : KIND_REPORT;
    header.verdict = (uint8_t)row->verdict;
    header.first_received_at_us = NOON_US + row->hours * HOUR_US;
    append(bench, &header, &body, row->is_header_only);
    arena_close(&arena);
    signing_key_close(&key);
}

static void build(struct bench *bench)
{
    struct complaint complaint = {{0}};
    OK(snapshot_records_open(buffer_bytes(&bench->records_pb), &complaint, &bench->records));
    if (snapshot_build(&bench->terms, buffer_bytes(&bench->records_pb), &bench->records, &complaint,
                       &bench->files) != ERR_OK) {
        fail_msg("%s", complaint.text);
    }
}

static const char *file_text(struct bench *bench, const char *name)
{
    for (size_t i = 0; i < bench->files.count; i++) {
        if (strcmp(bench->files.items[i].name, name) == 0) {
            OK(buffer_append(&bench->files.items[i].bytes, "", 1)); /* as a text */
            bench->files.items[i].bytes.size--;
            return (const char *)bench->files.items[i].bytes.data;
        }
    }
    fail_msg("there is no file %s", name);
    return NULL;
}

static void assert_has(struct bench *bench, const char *name, const char *part)
{
    const char *text = file_text(bench, name);
    if (strstr(text, part) == NULL) {
        fail_msg("%s has no \"%s\":\n%s", name, part, text);
    }
}

static void assert_has_not(struct bench *bench, const char *name, const char *part)
{
    assert_null(strstr(file_text(bench, name), part));
}

/* ---- which report is current ---- */

static void the_highest_accepted_vintage_is_current(void **state)
{
    struct bench *bench = *state;
    add_member(bench, "A", "Abahuje", 0);
    add_report(bench, &(struct row){"A", 1, VERDICT_ACCEPTED, 0, 111, 0, false, NULL});
    add_report(bench,
               &(struct row){"A", 2, VERDICT_ACCEPTED_WITH_WARNINGS, 1, 222, 0, false, NULL});
    add_report(bench, &(struct row){"A", 3, VERDICT_REJECTED, 2, 333, 0, false, NULL});
    build(bench);
    assert_has(bench, "portfolio.csv", ",222,");
    assert_has_not(bench, "portfolio.csv", ",111,");
    assert_has_not(bench, "portfolio.csv", ",333,");
    assert_has(bench, "portfolio.csv",
               "A,2020-06,2,FINAL,ACCEPTED_WITH_WARNINGS,false,2020-07-03T13:00:00Z,");
    assert_has(bench, "institutions.csv", "reported,2,2020-07-03T13:00:00Z");
}

static void of_two_of_one_vintage_the_one_accepted_earliest_is_current_and_contested(void **state)
{
    struct bench *bench = *state;
    add_report(bench, &(struct row){"A", 1, VERDICT_ACCEPTED, 5, 555, 0, false, NULL});
    add_report(bench, &(struct row){"A", 1, VERDICT_ACCEPTED, 3, 333, 0, false, NULL});
    build(bench);
    assert_has(bench, "portfolio.csv", ",333,");
    assert_has(bench, "portfolio.csv", "ACCEPTED,true,2020-07-03T15:00:00Z");
}

static void an_earlier_receipt_gives_its_verdict_and_its_time(void **state)
{
    struct bench *bench = *state;
    add_report(bench, &(struct row){"A", 1, VERDICT_REJECTED, 9, 999, 0, false, NULL});
    add_report(bench,
               &(struct row){"A", 1, VERDICT_ACCEPTED, 2, 999, KIND_EARLIER_RECEIPT, false, NULL});
    build(bench);
    assert_has(bench, "portfolio.csv", "ACCEPTED,false,2020-07-03T14:00:00Z");
}

/* ---- who reported ---- */

static void every_valid_member_is_listed_whether_it_reported_or_not(void **state)
{
    struct bench *bench = *state;
    add_member(bench, "SILENT", "Nobody", 0);
    add_member(bench, "GONE", "Closed in May", 18400);
    add_member(bench, "A", "Abahuje", 0);
    add_member(bench, "B", "Bad figures", 0);
    add_member(bench, "C", "Closed books", 0);
    add_report(bench, &(struct row){"A", 1, VERDICT_ACCEPTED, 0, 1, 0, false, NULL});
    add_report(bench, &(struct row){"B", 1, VERDICT_REJECTED, 0, 2, 0, false, NULL});
    add_report(bench, &(struct row){"C", 1, VERDICT_ACCEPTED, 0, 3, 0, true, NULL});
    build(bench);
    assert_has(bench, "institutions.csv",
               "A,Abahuje,,,RWF,,,reported,1,2020-07-03T12:00:00Z\n"
               "B,Bad figures,,,RWF,,,rejected,,\n"
               "C,Closed books,,,RWF,,,not_shared,1,"
               "2020-07-03T12:00:00Z\n"
               "SILENT,Nobody,,,RWF,,,not_reported,,\n");
    assert_has_not(bench, "institutions.csv", "GONE");
    assert_has(bench, "manifest.json", "\"members\": 4");
    assert_has(bench, "manifest.json",
               "\"reporting\": 2,\n      \"of\": 4,\n      \"not_shared\": 1,"
               "\n      \"rejected\": 1");
    assert_has_not(bench, "portfolio.csv", "\nC,"); /* its header says nothing of figures */
}

static void what_the_reader_may_not_see_is_not_called_silence(void **state)
{
    struct bench *bench = *state;
    bench->terms.types = 1U << TYPE_PORTFOLIO | 1U << TYPE_EXPOSURES;
    bench->terms.role = ROLE_ASSOCIATION;
    strcpy(bench->terms.reader, "AMIR");
    add_member(bench, "A", "Abahuje", 0);
    build(bench);
    assert_has(bench, "institutions.csv", "A,Abahuje,,,RWF,,,not_reported,,,not_seen,,\n");
    assert_has(bench, "manifest.json", "\"role\": \"association\"");
    assert_has(bench, "manifest.json", "\"not_seen\": 1");
}

static void repeated_fields_are_long_tables_and_ratios_a_wide_one(void **state)
{
    struct bench *bench = *state;
    add_report(bench, &(struct row){"A", 1, VERDICT_ACCEPTED, 0, 1600000, 0, false, NULL});
    build(bench);
    assert_has(bench, "portfolio-aging.csv",
               "institution,period,row,min_days,max_days,loans,outstanding");
    assert_has(bench, "portfolio-aging.csv", "A,2020-06,1,0,29,,1000000");
    assert_has(bench, "portfolio-aging.csv", "A,2020-06,2,30,-1,,600000");
    assert_has(bench, "ratios.csv", "institution,period,R01,");
    assert_has(bench, "ratios.csv", "A,2020-06,");
}

static void a_text_that_looks_like_a_formula_is_made_harmless(void **state)
{
    struct bench *bench = *state;
    add_report(bench, &(struct row){"A", 1, VERDICT_ACCEPTED, 0, 1, 0, false,
                                    "=HYPERLINK(\"x\"),\nsecond line"});
    build(bench);
    assert_has(bench, "portfolio.csv", ",\"'=HYPERLINK(\"\"x\"\"),\nsecond line\",");
}

static void json_is_the_same_as_arrays(void **state)
{
    struct bench *bench = *state;
    bench->terms.format = SNAPSHOT_JSON;
    add_report(bench, &(struct row){"A", 1, VERDICT_ACCEPTED, 0, 42, 0, false, "a \"note\"\n"});
    build(bench);
    assert_has(bench, "portfolio.json", "\"glp\":42");
    assert_has(bench, "portfolio.json", "\"note\":\"a \\\"note\\\"\\u000a\"");
    assert_has_not(bench, "portfolio.json", "\"loans_outstanding\""); /* absent is left out */
    assert_has(bench, "portfolio-classes.json", "[\n]\n");
}

/* ---- the same again ---- */

static void equal_records_and_terms_give_equal_bytes(void **state)
{
    struct bench *bench = *state;
    struct snapshot_files again = {.count = 0};
    struct complaint complaint = {{0}};
    add_member(bench, "A", "Abahuje", 0);
    add_report(bench, &(struct row){"A", 1, VERDICT_ACCEPTED, 0, 1, 0, false, "note"});
    build(bench);
    OK(snapshot_build(&bench->terms, buffer_bytes(&bench->records_pb), &bench->records, &complaint,
                      &again));
    assert_int_equal(again.count, bench->files.count);
    assert_string_equal(again.items[again.count - 1].name, SNAPSHOT_MANIFEST_NAME);
    for (size_t i = 0; i < again.count; i++) {
        assert_string_equal(again.items[i].name, bench->files.items[i].name);
        assert_true(bytes_equal(buffer_bytes(&again.items[i].bytes),
                                buffer_bytes(&bench->files.items[i].bytes)));
    }
    snapshot_files_close(&again);
}

static void a_manifest_gives_its_terms_back(void **state)
{
    struct bench *bench = *state;
    struct snapshot_terms read;
    struct complaint complaint = {{0}};
    bench->terms.types = 1U << TYPE_CAPITAL | 1U << TYPE_LIQUIDITY;
    bench->terms.has_known_at = true;
    bench->terms.known_at_us = NOON_US + 1;
    bench->terms.position.size = 77;
    bench->terms.position.root.bytes[3] = 9;
    bench->terms.rights[5] = 1;
    bench->terms.role = ROLE_MEMBER;
    strcpy(bench->terms.reader, "SACCO-001");
    build(bench);
    struct buffer *manifest = &bench->files.items[bench->files.count - 1].bytes;
    OK(manifest_read(buffer_bytes(manifest), &complaint, &read));
    assert_memory_equal(&read.position, &bench->terms.position, sizeof read.position);
    assert_int_equal(read.types, bench->terms.types);
    assert_int_equal(read.known_at_us, bench->terms.known_at_us);
    assert_false(read.has_at_seq);
    assert_string_equal(read.checkpoint, bench->terms.checkpoint);
    assert_memory_equal(read.rights, bench->terms.rights, SHA256_BYTES);
    assert_string_equal(read.reader, "SACCO-001");
    assert_int_equal(read.role, ROLE_MEMBER);
    for (size_t cut = 0; cut < manifest->size - 2; cut += 7) {
        assert_int_not_equal(manifest_read(bytes_of(manifest->data, cut), &complaint, &read),
                             ERR_OK);
    }
}

static void damaged_records_are_named_by_their_number(void **state)
{
    struct bench *bench = *state;
    struct snapshot_records records;
    struct complaint complaint = {{0}};
    add_member(bench, "A", "Abahuje", 0);
    add_member(bench, "B", "Babiri", 0);
    for (size_t cut = 1; cut < bench->records_pb.size; cut++) {
        enum err err =
            snapshot_records_open(bytes_of(bench->records_pb.data, cut), &complaint, &records);
        if (err == ERR_OK) { /* cut between the two */
            assert_int_equal(records.count, 1);
            snapshot_records_close(&records);
        } else {
            assert_int_equal(err, ERR_MALFORMED);
        }
    }
    bench->seq = 0; /* seqs fall */
    add_member(bench, "C", "Cyanika", 0);
    assert_int_equal(snapshot_records_open(buffer_bytes(&bench->records_pb), &complaint, &records),
                     ERR_MALFORMED);
    assert_non_null(strstr(complaint.text, "number 3"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_highest_accepted_vintage_is_current),
        TEST(of_two_of_one_vintage_the_one_accepted_earliest_is_current_and_contested),
        TEST(an_earlier_receipt_gives_its_verdict_and_its_time),
        TEST(every_valid_member_is_listed_whether_it_reported_or_not),
        TEST(what_the_reader_may_not_see_is_not_called_silence),
        TEST(repeated_fields_are_long_tables_and_ratios_a_wide_one),
        TEST(a_text_that_looks_like_a_formula_is_made_harmless),
        TEST(json_is_the_same_as_arrays),
        TEST(equal_records_and_terms_give_equal_bytes),
        TEST(a_manifest_gives_its_terms_back),
        TEST(damaged_records_are_named_by_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
