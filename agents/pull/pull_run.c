#include "agents/pull/pull_run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agents/client/durable.h"
#include "agents/pull/pull_folder.h"
#include "agents/pull/pull_talk.h"
#include "conf/signals.h"

#define BEGIN_TIMES         3 /* a pull that rights or a restart broke off begins again */
#define CHECKPOINT_FILE_MAX ((size_t)1 << 20)

struct pulling {
    const struct pull_arguments *arguments;
    struct client client;
    struct connection *connection;
    int stop_fd;
};

static void pulling_close(struct pulling *pulling)
{
    connection_close(&pulling->connection);
    client_close(&pulling->client);
}

static enum err reach(const struct pull_arguments *arguments, struct complaint *complaint,
                      struct pulling *pulling)
{
    pulling->arguments = arguments;
    enum err err = signals_open(&pulling->stop_fd);
    err = err != ERR_OK ? err
                        : client_open(client_config_path(arguments->config, "pull"), complaint,
                                      &pulling->client);
    return err != ERR_OK
               ? err
               : connection_open(&pulling->client, pulling->stop_fd, &pulling->connection);
}

/* ---- the question ---- */

static enum err parse_types(const struct pull_arguments *arguments, struct complaint *complaint,
                            struct snapshot_terms *terms)
{
    for (size_t i = 0; i < arguments->types.count; i++) {
        int type = 0;
        if (report_type_parse(arguments->types.items[i], &type) != ERR_OK) {
            return complain(complaint, ERR_USAGE,
                            "--type is one of PORTFOLIO, LIQUIDITY, OPERATIONS, CAPITAL, "
                            "EXPOSURES.");
        }
        terms->types |= 1U << type;
    }
    for (int type = TYPE_PORTFOLIO; arguments->types.count == 0 && type <= TYPE_LAST; type++) {
        terms->types |= 1U << type;
    }
    return ERR_OK;
}

static enum err parse_question(const struct pull_arguments *arguments, struct complaint *complaint,
                               struct snapshot_terms *ret_terms)
{
    struct snapshot_terms terms = {.types = 0};
    if (arguments->period == NULL || arguments->out == NULL) {
        return complain(complaint, ERR_USAGE, "--period and --out are needed. See --help.");
    }
    if (period_parse(arguments->period, &terms.period) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "--period is a month (2020-06), quarter (2020-Q2), week (2020-W27) or day "
                        "(2020-06-30).");
    }
    if (strcmp(arguments->format, "csv") != 0 && strcmp(arguments->format, "json") != 0) {
        return complain(complaint, ERR_USAGE, "--format is csv or json.");
    }
    terms.format = strcmp(arguments->format, "csv") == 0 ? SNAPSHOT_CSV : SNAPSHOT_JSON;
    if (arguments->known_at != NULL && arguments->at_seq >= 0) {
        return complain(complaint, ERR_USAGE, "Give --as-known-at or --at-seq, not both.");
    }
    terms.has_known_at = arguments->known_at != NULL;
    if (terms.has_known_at && time_parse(arguments->known_at, &terms.known_at_us) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "--as-known-at is a UTC time: 2020-07-03 or 2020-07-03T08:15:00Z.");
    }
    terms.has_at_seq = arguments->at_seq >= 0;
    terms.at_seq = terms.has_at_seq ? (uint64_t)arguments->at_seq : 0;
    enum err err = parse_types(arguments, complaint, &terms);
    if (err == ERR_OK) {
        *ret_terms = terms;
    }
    return err;
}

/* ---- pulling ---- */

static enum err pull_once(struct pulling *pulling, struct snapshot_terms *terms,
                          struct complaint *complaint, struct buffer *records_pb)
{
    struct pull_opened opened = {0};
    buffer_clear(records_pb);
    enum err err = pull_open(pulling->connection, &pulling->client.hub, terms, complaint, &opened);
    err = err != ERR_OK ? err : pull_folder_check(pulling->arguments->out, terms, complaint);
    return err != ERR_OK ? err
                         : pull_fetch(pulling->connection, terms, &opened, complaint, records_pb);
}

static enum err pull(struct pulling *pulling, struct snapshot_terms *terms,
                     struct complaint *complaint, struct buffer *records_pb)
{
    enum err err = ERR_BUSY;
    for (int i = 0; i < BEGIN_TIMES && err == ERR_BUSY; i++) {
        if (i > 0) {
            fprintf(stderr, "mfi-pull: %s Beginning again.\n", complaint->text);
        }
        err = pull_once(pulling, terms, complaint, records_pb);
    }
    return err == ERR_BUSY ? ERR_REFUSED : err;
}

static void tell(const struct pull_arguments *arguments, const struct snapshot_terms *terms,
                 const struct snapshot_records *records, enum pull_placed placed)
{
    static const char *const what[] = {
        [PULL_MADE] = "written",
        [PULL_REPLACED] = "written in place of an earlier pull",
        [PULL_UNCHANGED] = "unchanged, byte for byte",
    };
    unsigned long long size = terms->position.size;
    if (terms->has_at_seq && terms->at_seq != terms->position.size) {
        printf("Record %llu is no checkpoint; this is at record %llu, the checkpoint before it.\n",
               (unsigned long long)terms->at_seq, size);
    }
    printf("%s: %s. %zu records of %s, as of record %llu.\n", arguments->out, what[placed],
           records->count, arguments->period, size);
}

static enum err finish(struct pulling *pulling, const struct snapshot_terms *terms,
                       struct bytes records_pb, struct complaint *complaint)
{
    AUTO(snapshot_records_close) struct snapshot_records records = {0};
    AUTO(snapshot_files_close) struct snapshot_files files = {.count = 0};
    enum pull_placed placed = PULL_MADE;
    enum err err = snapshot_records_open(records_pb, complaint, &records);
    err = err != ERR_OK ? err : snapshot_verify(terms, &records, &pulling->client.hub, complaint);
    err = err != ERR_OK ? err : snapshot_build(terms, records_pb, &records, complaint, &files);
    err = err != ERR_OK
              ? err
              : pull_folder_place(pulling->arguments->out, terms, &files, complaint, &placed);
    if (err == ERR_OK) {
        tell(pulling->arguments, terms, &records, placed);
    }
    return err;
}

enum err pull_run(const struct pull_arguments *arguments, struct complaint *complaint)
{
    AUTO(pulling_close) struct pulling pulling = {.stop_fd = -1};
    AUTO(buffer_close) struct buffer records_pb = {0};
    struct snapshot_terms terms;
    struct snapshot_terms there;
    enum err err = parse_question(arguments, complaint, &terms);
    if (err != ERR_OK) {
        return err;
    }
    err = pull_folder_look(arguments->out, &terms, complaint, &there);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err; /* before the hub is asked: a pull is written down there */
    }
    err = reach(arguments, complaint, &pulling);
    err = err != ERR_OK ? err : pull(&pulling, &terms, complaint, &records_pb);
    return err != ERR_OK ? err : finish(&pulling, &terms, buffer_bytes(&records_pb), complaint);
}

/* ---- proving ---- */

/* A checkpoint's text from a file of its own, or from a pull's manifest. */
static enum err read_checkpoint(const char *path, struct complaint *complaint,
                                struct buffer *ret_text)
{
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(free_p) char *manifest = NULL;
    struct snapshot_terms terms;
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        if (asprintf(&manifest, "%s/%s", path, SNAPSHOT_MANIFEST_NAME) < 0) {
            manifest = NULL;
            return ERR_MEMORY;
        }
        path = manifest;
    }
    enum err err = durable_read(path, CHECKPOINT_FILE_MAX, complaint, &text);
    if (err != ERR_OK) {
        return err;
    }
    if (text.size == 0 || text.data[0] != '{') {
        return buffer_append(ret_text, text.data, text.size);
    }
    err = manifest_read(buffer_bytes(&text), complaint, &terms);
    return err != ERR_OK ? err
                         : buffer_append(ret_text, terms.checkpoint, strlen(terms.checkpoint));
}

enum err prove_run(const struct pull_arguments *arguments, const char *checkpoint,
                   struct complaint *complaint)
{
    AUTO(pulling_close) struct pulling pulling = {.stop_fd = -1};
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(buffer_close) struct buffer proof = {0};
    uint64_t declared = 0;
    if (arguments->out == NULL) {
        return complain(complaint, ERR_USAGE, "--out is needed. See --help.");
    }
    enum err err = read_checkpoint(checkpoint, complaint, &text);
    err = err != ERR_OK ? err : reach(arguments, complaint, &pulling);
    err = err != ERR_OK ? err
                        : pull_prove(pulling.connection, &pulling.client.hub, buffer_bytes(&text),
                                     complaint, &proof);
    err = err != ERR_OK ? err
                        : pull_proof_check(buffer_bytes(&proof), buffer_bytes(&text),
                                           &pulling.client.hub, complaint, &declared);
    err = err != ERR_OK ? err : durable_replace(arguments->out, buffer_bytes(&proof), complaint);
    if (err == ERR_OK && declared == 0) {
        printf("Consistent: everything that the checkpoint covers is still in the hub's history. "
               "%s holds the proof.\n",
               arguments->out);
    } else if (err == ERR_OK) {
        printf("A declared fork: record %llu says that history was lost. %s holds it, with its "
               "proof; `mfi-verify consistency` says whether it speaks of this checkpoint.\n",
               (unsigned long long)declared, arguments->out);
    }
    return err;
}
