#include "agents/pull/pull_rank.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agents/client/durable.h"
#include "agents/client/snapshot_fold.h"
#include "agents/client/table.h"
#include "conf/hub_pub.h"
#include "proto/score.h"

#define MANIFEST_BYTES_MAX ((size_t)1 << 20)
#define RECORDS_BYTES_MAX  ((size_t)1 << 30)

/* One pulled month. */
struct month {
    struct snapshot_terms terms;
    struct buffer records_pb;
    struct snapshot_records records;
    struct snapshot_fold fold;
};

struct ranked {
    const struct party *party;
    struct score score;
};

struct ranking {
    struct month months[RANK_MONTHS_MAX]; /* the latest first */
    size_t month_count;
    struct ranked *rows;
    size_t count;
};

static void ranking_close(struct ranking **ranking)
{
    if (*ranking == NULL) {
        return;
    }
    for (size_t i = 0; i < (*ranking)->month_count; i++) {
        struct month *month = &(*ranking)->months[i];
        snapshot_fold_close(&month->fold);
        snapshot_records_close(&month->records);
        buffer_close(&month->records_pb);
    }
    free((*ranking)->rows);
    free(*ranking);
    *ranking = NULL;
}

static enum err read_months(struct ranking *ranking, const struct words *folders,
                            const struct hub_identity *hub, struct complaint *complaint);
static enum err score_all(struct ranking *ranking, struct complaint *complaint);
static enum err write_rows(const struct ranking *ranking, const char *out,
                           struct complaint *complaint);

enum err rank_run(const struct rank_arguments *arguments, const struct words *folders,
                  struct complaint *complaint)
{
    struct hub_identity hub;
    AUTO(ranking_close) struct ranking *ranking = calloc(1, sizeof *ranking);
    if (ranking == NULL) {
        return ERR_MEMORY;
    }
    if (arguments->hub == NULL) {
        return complain(complaint, ERR_USAGE, "--hub hub.pub is needed: every record is verified.");
    }
    enum err err = hub_pub_read(arguments->hub, complaint, &hub);
    err = err != ERR_OK ? err : read_months(ranking, folders, &hub, complaint);
    err = err != ERR_OK ? err : score_all(ranking, complaint);
    return err != ERR_OK ? err : write_rows(ranking, arguments->out, complaint);
}

/* ---- what was pulled ---- */

static enum err read_part(const char *folder, const char *name, size_t most,
                          struct complaint *complaint, struct buffer *ret_bytes)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        return complain(complaint, ERR_USAGE, "The name of the folder is too long.");
    }
    return durable_read(path, most, complaint, ret_bytes);
}

static enum err read_month(struct month *month, const char *folder, const struct hub_identity *hub,
                           struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer manifest = {0};
    enum err err =
        read_part(folder, SNAPSHOT_MANIFEST_NAME, MANIFEST_BYTES_MAX, complaint, &manifest);
    if (err == ERR_NOT_FOUND) {
        return complain(complaint, ERR_USAGE, "%s is no pull; name what `mfi-pull --out` wrote.",
                        folder);
    }
    err = err != ERR_OK ? err : manifest_read(buffer_bytes(&manifest), complaint, &month->terms);
    if (err == ERR_OK && month->terms.period.frequency != FREQUENCY_M) {
        return complain(complaint, ERR_USAGE,
                        "%s is not the pull of a month; only months are ranked.", folder);
    }
    err = err != ERR_OK ? err
                        : read_part(folder, SNAPSHOT_RECORDS_NAME, RECORDS_BYTES_MAX, complaint,
                                    &month->records_pb);
    err = err != ERR_OK
              ? err
              : snapshot_records_open(buffer_bytes(&month->records_pb), complaint, &month->records);
    return err != ERR_OK ? err : snapshot_verify(&month->terms, &month->records, hub, complaint);
}

static int by_end_down(const void *a, const void *b)
{
    const struct month *left = a;
    const struct month *right = b;
    return (left->terms.period.end_day < right->terms.period.end_day) -
           (left->terms.period.end_day > right->terms.period.end_day);
}

static enum err check_consecutive(const struct ranking *ranking, struct complaint *complaint)
{
    for (size_t i = 0; i + 1 < ranking->month_count; i++) {
        struct period wanted = period_previous(&ranking->months[i].terms.period);
        if (ranking->months[i + 1].terms.period.end_day != wanted.end_day) {
            char key[PERIOD_KEY_MAX + 1];
            period_format(&wanted, key);
            return complain(
                complaint, ERR_USAGE,
                "The months must follow each other, each once: name the pull of %s too.", key);
        }
    }
    return ERR_OK;
}

static enum err read_months(struct ranking *ranking, const struct words *folders,
                            const struct hub_identity *hub, struct complaint *complaint)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < folders->count; i++) {
        struct month *month = &ranking->months[ranking->month_count++];
        err = read_month(month, folders->items[i], hub, complaint);
    }
    if (err != ERR_OK) {
        return err;
    }
    qsort(ranking->months, ranking->month_count, sizeof *ranking->months, by_end_down);
    err = check_consecutive(ranking, complaint);
    for (size_t i = 0; err == ERR_OK && i < ranking->month_count; i++) {
        struct month *month = &ranking->months[i]; /* the fold points to its terms */
        err = snapshot_fold(&month->terms, &month->records, complaint, &month->fold);
    }
    return err;
}

/* ---- scores ---- */

/* When a report was due is not in a pull: lateness is missing, and the score is of the rest. */
static enum err score_one(const struct ranking *ranking, const struct party *party,
                          struct arena *arena, struct complaint *complaint, struct score *ret_score)
{
    struct ratio_inputs inputs[RANK_MONTHS_MAX] = {0};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < ranking->month_count; i++) {
        err = snapshot_inputs(&ranking->months[i].fold, party->id, arena, complaint, &inputs[i]);
        inputs[i].settings = ranking->months[0].fold.settings; /* the latest known */
        inputs[i].before = i + 1 < ranking->month_count ? &inputs[i + 1] : NULL;
    }
    if (err == ERR_OK) {
        struct score_inputs all = {.ratios = &inputs[0]};
        score_compute(&all, ret_score);
    }
    return err;
}

/* Those in most trouble first; who cannot be ranked last. */
static int by_score(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    if (left->score.is_ranked != right->score.is_ranked) {
        return left->score.is_ranked ? -1 : 1;
    }
    if (left->score.is_ranked && left->score.points != right->score.points) {
        return left->score.points > right->score.points ? -1 : 1;
    }
    return strcmp(left->party->id, right->party->id);
}

static enum err score_all(struct ranking *ranking, struct complaint *complaint)
{
    const struct snapshot_fold *fold = &ranking->months[0].fold;
    AUTO(arena_close) struct arena arena = {.budget = (size_t)20 * UNPACK_BUDGET};
    enum err err = ERR_OK;
    ranking->rows = calloc(fold->member_count + 1, sizeof *ranking->rows);
    if (ranking->rows == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; err == ERR_OK && i < fold->member_count; i++) {
        struct ranked *row = &ranking->rows[ranking->count++];
        row->party = fold->members[i];
        arena_reset(&arena);
        err = score_one(ranking, row->party, &arena, complaint, &row->score);
    }
    qsort(ranking->rows, ranking->count, sizeof *ranking->rows, by_score);
    return err;
}

/* ---- written ---- */

static void write_columns(struct table *table)
{
    static const char *const first[] = {"rank",     "institution", "name",  "category",
                                        "district", "score",       "weight"};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        table_column(table, first[i]);
    }
    for (int i = 0; i < SCORE_COMPONENTS; i++) {
        char name[TABLE_COLUMN_NAME_MAX];
        snprintf(name, sizeof name, "%s", score_component_name((enum score_component)i));
        for (char *c = name; *c != '\0'; c++) {
            *c = (char)tolower((unsigned char)*c);
        }
        table_column(table, name);
    }
    table_columns_end(table);
}

static void write_text(struct table *table, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        table_none(table);
    } else {
        table_text(table, text);
    }
}

static void write_row(struct table *table, const struct ranked *row, uint64_t rank)
{
    int64_t weight = 0;
    for (int i = 0; i < SCORE_COMPONENTS; i++) {
        weight += row->score.rows[i].is_missing ? 0 : row->score.rows[i].weight;
    }
    if (row->score.is_ranked) {
        table_unsigned(table, rank);
    } else {
        table_none(table);
    }
    table_text(table, row->party->id);
    write_text(table, row->party->name);
    write_text(table, row->party->category);
    write_text(table, row->party->district);
    if (row->score.is_ranked) {
        table_integer(table, row->score.points);
    } else {
        table_none(table);
    }
    table_integer(table, weight);
    for (int i = 0; i < SCORE_COMPONENTS; i++) {
        if (row->score.rows[i].is_missing) {
            table_none(table);
        } else {
            table_integer(table, row->score.rows[i].value);
        }
    }
    table_row_end(table);
}

static enum err write_rows(const struct ranking *ranking, const char *out,
                           struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer text = {0};
    struct table table;
    uint64_t rank = 0;
    table_begin(&table, SNAPSHOT_CSV, &text);
    write_columns(&table);
    for (size_t i = 0; i < ranking->count; i++) { /* of equal scores equal ranks */
        bool is_tied = i > 0 && ranking->rows[i].score.is_ranked &&
                       ranking->rows[i].score.points == ranking->rows[i - 1].score.points;
        rank = is_tied ? rank : i + 1;
        write_row(&table, &ranking->rows[i], rank);
    }
    enum err err = table_end(&table);
    if (err != ERR_OK || out != NULL) {
        return err != ERR_OK ? err : durable_replace(out, buffer_bytes(&text), complaint);
    }
    bool is_written = fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0;
    return is_written
               ? ERR_OK
               : complain(complaint, ERR_IO, "The ranking cannot be written: %s.", strerror(errno));
}
