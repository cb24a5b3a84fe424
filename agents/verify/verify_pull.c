#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agents/client/snapshot.h"
#include "agents/verify/verify.h"
#include "proto/text.h"

#define MANIFEST_BYTES_MAX (1024 * 1024)
#define FILE_BYTES_MAX     ((size_t)1 << 30)

/* All that is open while a pull is verified. */
struct pull {
    const char *folder;
    struct snapshot_terms terms;
    struct buffer records_pb;
    struct snapshot_records records;
    struct snapshot_files files; /* made again from the records */
};

static void pull_close(struct pull **pull)
{
    if (*pull != NULL) {
        snapshot_files_close(&(*pull)->files);
        snapshot_records_close(&(*pull)->records);
        buffer_close(&(*pull)->records_pb);
        free(*pull);
        *pull = NULL;
    }
}

static enum err read_inputs(struct pull *pull, struct complaint *complaint);
static enum err compare_files(const struct pull *pull, struct complaint *complaint);
static enum err note_strangers(const struct pull *pull, struct statement *statement,
                               struct complaint *complaint);
static void state_facts(const struct pull *pull, struct statement *statement);

enum err verify_pull(const char *folder, const struct hub_identity *hub,
                     struct statement *statement, struct complaint *complaint)
{
    AUTO(pull_close) struct pull *pull = calloc(1, sizeof *pull);
    if (pull == NULL) {
        return ERR_MEMORY;
    }
    pull->folder = folder;
    enum err err = read_inputs(pull, complaint);
    if (err == ERR_OK) {
        err = snapshot_verify(&pull->terms, &pull->records, hub, complaint);
    }
    if (err == ERR_OK) {
        err = snapshot_build(&pull->terms, buffer_bytes(&pull->records_pb), &pull->records,
                             complaint, &pull->files);
    }
    if (err == ERR_OK) {
        err = compare_files(pull, complaint);
    }
    if (err == ERR_OK) {
        err = note_strangers(pull, statement, complaint);
    }
    if (err != ERR_OK) {
        return err;
    }
    state_facts(pull, statement);
    statement_proven(statement, "the checkpoint of %" PRIu64 " records is signed by %s",
                     pull->terms.position.size, hub->origin);
    statement_proven(statement,
                     "each of the %zu records lies in that checkpoint's tree, and each "
                     "report is signed by its institution",
                     pull->records.count);
    statement_proven(statement,
                     "each of the %zu files, made again from the records, is equal byte "
                     "for byte",
                     pull->files.count);
    statement_note(statement, "What was asked, and under which rights, is the word of who pulled; "
                              "that no record was left out is in the hub's journal: the event of "
                              "this access holds the hash of all ids.");
    statement_conclude(statement, "The pull is valid: %zu records, %zu files.", pull->records.count,
                       pull->files.count);
    return ERR_OK;
}

static enum err read_part(const char *folder, const char *name, size_t max,
                          struct complaint *complaint, struct buffer *ret_bytes)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        return complain(complaint, ERR_USAGE, "The name of the folder is too long.");
    }
    return input_read(path, max, complaint, ret_bytes);
}

static enum err read_manifest(const char *folder, struct complaint *complaint,
                              struct snapshot_terms *ret_terms)
{
    AUTO(buffer_close) struct buffer manifest = {0};
    struct stat status;
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return complain(complaint, ERR_USAGE, "%s is no folder; name what `mfi-pull --out` wrote.",
                        folder);
    }
    enum err err =
        read_part(folder, SNAPSHOT_MANIFEST_NAME, MANIFEST_BYTES_MAX, complaint, &manifest);
    return err != ERR_OK ? err : manifest_read(buffer_bytes(&manifest), complaint, ret_terms);
}

enum err pull_checkpoint(const char *folder, struct complaint *complaint, struct buffer *note)
{
    struct snapshot_terms terms;
    enum err err = read_manifest(folder, complaint, &terms);
    return err != ERR_OK ? err : buffer_append(note, terms.checkpoint, strlen(terms.checkpoint));
}

static enum err read_inputs(struct pull *pull, struct complaint *complaint)
{
    enum err err = read_manifest(pull->folder, complaint, &pull->terms);
    if (err != ERR_OK) {
        return err;
    }
    err = read_part(pull->folder, SNAPSHOT_RECORDS_NAME, FILE_BYTES_MAX, complaint,
                    &pull->records_pb);
    /* A pull of a period that nobody reported for has no records. */
    if (err == ERR_MALFORMED) {
        err = ERR_OK;
    }
    return err != ERR_OK
               ? err
               : snapshot_records_open(buffer_bytes(&pull->records_pb), complaint, &pull->records);
}

static enum err compare_one(const struct pull *pull, const struct snapshot_file *file,
                            struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer there = {0};
    enum err err = read_part(pull->folder, file->name, FILE_BYTES_MAX, complaint, &there);
    if (err == ERR_USAGE) {
        return complain(complaint, ERR_CORRUPT,
                        "%s/%s, which belongs to the pull, is missing or cannot be read.",
                        pull->folder, file->name);
    }
    if (err != ERR_OK && err != ERR_MALFORMED) {
        return err;
    }
    if (bytes_equal(buffer_bytes(&there), buffer_bytes(&file->bytes))) {
        return ERR_OK;
    }
    size_t at = 0;
    while (at < there.size && at < file->bytes.size && there.data[at] == file->bytes.data[at]) {
        at++;
    }
    return complain(complaint, ERR_CORRUPT,
                    "%s/%s is not what the signed records give: it differs from byte %zu on. Pull "
                    "again, and do not use this file.",
                    pull->folder, file->name, at);
}

static enum err compare_files(const struct pull *pull, struct complaint *complaint)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < pull->files.count; i++) {
        err = compare_one(pull, &pull->files.items[i], complaint);
    }
    return err;
}

static bool belongs(const struct pull *pull, const char *name)
{
    for (size_t i = 0; i < pull->files.count; i++) {
        if (strcmp(pull->files.items[i].name, name) == 0) {
            return true;
        }
    }
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A file beside the pull may look as if it were of it. */
static enum err note_strangers(const struct pull *pull, struct statement *statement,
                               struct complaint *complaint)
{
    DIR *folder = opendir(pull->folder);
    if (folder == NULL) {
        return complain(complaint, ERR_USAGE, "%s cannot be listed.", pull->folder);
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char name[300];
        if (!belongs(pull, entry->d_name)) {
            statement_note(
                statement, "%s is not of this pull, and was not verified.",
                text_escape(bytes_of(entry->d_name, strlen(entry->d_name)), name, sizeof name));
        }
    }
    closedir(folder);
    return ERR_OK;
}

static void state_facts(const struct pull *pull, struct statement *statement)
{
    const struct snapshot_terms *terms = &pull->terms;
    char key[PERIOD_KEY_MAX + 1];
    char hex[2 * SHA256_BYTES + 1];
    char time[TIME_TEXT_MAX + 1];
    period_format(&terms->period, key);
    statement_fact(statement, "period", "%s", key);
    if (terms->has_known_at) {
        time_format(terms->known_at_us, time);
        statement_fact(statement, "as_known_at", "%s", time);
    }
    statement_fact(statement, "position", "%" PRIu64, terms->position.size);
    hex_encode(bytes_of(terms->position.root.bytes, SHA256_BYTES), hex);
    statement_fact(statement, "root", "%s", hex);
    statement_fact(statement, "records", "%zu", pull->records.count);
    statement_fact(statement, "files", "%zu", pull->files.count);
}
