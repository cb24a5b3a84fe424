#include "agents/pull/pull_totals.h"

#include <stdio.h>
#include <string.h>

#include "agents/client/durable.h"
#include "agents/client/table.h"
#include "agents/pull/pull_talk.h"
#include "conf/clock.h"
#include "conf/signals.h"
#include "proto/money.h"

#define BEGIN_TIMES  3 /* what a history that was replaced broke off begins again */
#define TEXT_COLUMNS 10
#define WIDTH_MAX    40

/* ---- the question ---- */

enum format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON };

struct question {
    Ihuriro__V1__GetTotals request;
    enum format format;
};

static enum err take_format(const char *text, struct complaint *complaint, enum format *ret_format)
{
    static const char *const names[] = {
        [FORMAT_TABLE] = "table", [FORMAT_CSV] = "csv", [FORMAT_JSON] = "json"};
    for (enum format format = FORMAT_TABLE; format <= FORMAT_JSON; format++) {
        if (strcmp(text, names[format]) == 0) {
            *ret_format = format;
            return ERR_OK;
        }
    }
    return complain(complaint, ERR_USAGE, "--format is table, csv or json.");
}

/* Views into the arguments; packed only. */
static enum err take_question(const struct totals_arguments *arguments, const char *period,
                              struct complaint *complaint, struct question *ret_question)
{
    struct question question = {.request = IHURIRO__V1__GET_TOTALS__INIT};
    Ihuriro__V1__GetTotals *request = &question.request;
    struct period month;
    if (period_parse(period, &month) != ERR_OK || month.frequency != FREQUENCY_M) {
        return complain(complaint, ERR_USAGE, "PERIOD is a month, like 2020-06.");
    }
    if (arguments->known_at != NULL && arguments->at_seq >= 0) {
        return complain(complaint, ERR_USAGE, "Give --as-known-at or --at-seq, not both.");
    }
    request->has_known_at_us = arguments->known_at != NULL;
    if (request->has_known_at_us &&
        time_parse(arguments->known_at, &request->known_at_us) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "--as-known-at is a UTC time: 2020-07-03 or 2020-07-03T08:15:00Z.");
    }
    request->number = 1;
    request->period = (char *)(uintptr_t)period;
    request->has_at_seq = arguments->at_seq >= 0;
    request->at_seq = request->has_at_seq ? (uint64_t)arguments->at_seq : 0;
    request->by = (char **)(uintptr_t)arguments->by.items;
    request->n_by = arguments->by.count;
    request->lines = (char **)(uintptr_t)arguments->lines.items;
    request->n_lines = arguments->lines.count;
    request->has_estimates = request->estimates = arguments->estimates;
    enum err err = take_format(arguments->format, complaint, &question.format);
    if (err == ERR_OK) {
        *ret_question = question;
    }
    return err;
}

/* ---- the answer as columns ---- */

struct told {
    uint64_t at_seq;
    int64_t known_at_us;
    size_t rows;
    uint32_t estimated; /* the most in one row */
};

struct out {
    enum format format;
    struct table table; /* of CSV and JSON */
    struct buffer text;
    char (*cells)[TEXT_COLUMNS][WIDTH_MAX]; /* of a table; a row each */
    size_t count;
    size_t capacity;
};

static void out_close(struct out *out)
{
    buffer_close(&out->text);
    free(out->cells);
}

/* The fields of a row, in the order of the schema. */
static void begin_columns(struct out *out)
{
    const ProtobufCMessageDescriptor *descriptor = &ihuriro__v1__total_row__descriptor;
    table_begin(&out->table, out->format == FORMAT_CSV ? SNAPSHOT_CSV : SNAPSHOT_JSON, &out->text);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        table_column(&out->table, descriptor->fields[i].name);
    }
    table_column(&out->table, "at_seq");
    table_column(&out->table, "known_at");
    table_columns_end(&out->table);
}

static void put_columns(struct out *out, const Ihuriro__V1__TotalRow *row, const struct told *told)
{
    const ProtobufCMessageDescriptor *descriptor = row->base.descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        table_field(&out->table, &row->base, &descriptor->fields[i]);
    }
    table_unsigned(&out->table, told->at_seq);
    table_time(&out->table, told->known_at_us);
    table_row_end(&out->table);
}

/* ---- the answer as a table for the eye ---- */

static const struct {
    const char *title;
    bool is_number;
} columns[TEXT_COLUMNS] = {
    {"GROUPING", false},  {"GROUP", false},
    {"LINE", false},      {"VALUE", true},
    {"REPORTED", true},   {"ASSETS", true},
    {"QUARTILE 1", true}, {"MEDIAN", true},
    {"QUARTILE 3", true}, {"SINCE THE MONTH BEFORE", true},
};

/* "1 234 567"; of hundredths "12.34". */
static void put_number(int64_t value, unsigned decimals, char ret_text[static WIDTH_MAX])
{
    char plain[32];
    size_t at = 0;
    money_format(value, decimals, plain);
    size_t whole = strcspn(plain, ".");
    for (size_t i = 0; plain[i] != '\0' && at + 2 < WIDTH_MAX; i++) {
        bool is_between = i > 0 && i < whole && (whole - i) % 3 == 0 && plain[i - 1] != '-';
        if (is_between) {
            ret_text[at++] = ' ';
        }
        ret_text[at++] = plain[i];
    }
    ret_text[at] = '\0';
}

static bool is_share(const Ihuriro__V1__TotalRow *row)
{
    return strcmp(row->unit, "BP") == 0;
}

static void put_value(const Ihuriro__V1__TotalRow *row, bool has, int64_t value,
                      char ret_text[static WIDTH_MAX])
{
    snprintf(ret_text, WIDTH_MAX, "-");
    if (has) {
        put_number(value, is_share(row) ? 2 : 0, ret_text);
        size_t length = strlen(ret_text);
        snprintf(ret_text + length, WIDTH_MAX - length, "%s", is_share(row) ? " %" : "");
    }
}

static void put_change(const Ihuriro__V1__TotalRow *row, char ret_text[static WIDTH_MAX])
{
    char change[WIDTH_MAX] = "";
    int64_t difference = 0;
    if (!row->has_before || !row->has_matched ||
        __builtin_sub_overflow(row->matched, row->before, &difference)) {
        snprintf(ret_text, WIDTH_MAX, "-");
        return;
    }
    put_number(difference, is_share(row) ? 2 : 0, change);
    snprintf(ret_text, WIDTH_MAX, "%s%.20s%s (%u)", difference > 0 ? "+" : "", change,
             is_share(row) ? " points" : "", row->matched_count);
}

static void put_reported(const Ihuriro__V1__TotalRow *row, char ret_text[static WIDTH_MAX])
{
    char estimated[16] = "";
    if (row->has_estimated) {
        snprintf(estimated, sizeof estimated, "+%u", row->estimated);
    }
    snprintf(ret_text, WIDTH_MAX, "%u%s of %u", row->reported, estimated, row->expected);
}

static enum err put_text(struct out *out, const Ihuriro__V1__TotalRow *row)
{
    if (out->count == out->capacity) {
        size_t wanted = out->capacity == 0 ? 256 : out->capacity * 2;
        void *grown = reallocarray(out->cells, wanted, sizeof *out->cells);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        out->cells = grown;
        out->capacity = wanted;
    }
    char(*cells)[WIDTH_MAX] = out->cells[out->count++];
    snprintf(cells[0], WIDTH_MAX, "%.20s", row->by);
    snprintf(cells[1], WIDTH_MAX, "%.30s", row->group);
    snprintf(cells[2], WIDTH_MAX, "%.38s", row->line);
    put_value(row, row->has_value, row->value, cells[3]);
    if (row->refused != NULL) {
        snprintf(cells[3], WIDTH_MAX, "too large");
    } else if (row->has_value && strcmp(row->unit, "MONEY") == 0 && row->currency != NULL) {
        size_t length = strlen(cells[3]);
        snprintf(cells[3] + length, WIDTH_MAX - length, " %.3s", row->currency);
    }
    put_reported(row, cells[4]);
    snprintf(cells[5], WIDTH_MAX, "-");
    if (row->has_assets_bp) {
        put_number(row->assets_bp, 2, cells[5]);
        size_t length = strlen(cells[5]);
        snprintf(cells[5] + length, WIDTH_MAX - length, " %%");
    }
    put_value(row, row->has_quartile_1, row->quartile_1, cells[6]);
    put_value(row, row->has_median, row->median, cells[7]);
    put_value(row, row->has_quartile_3, row->quartile_3, cells[8]);
    put_change(row, cells[9]);
    return ERR_OK;
}

static enum err put_padded(struct buffer *text, const char *cell, int width, bool is_number,
                           bool is_last)
{
    return is_number ? buffer_printf(text, "%*s%s", width, cell, is_last ? "\n" : "  ")
                     : buffer_printf(text, "%-*s%s", width, cell, is_last ? "\n" : "  ");
}

static enum err end_text(struct out *out)
{
    int widths[TEXT_COLUMNS];
    enum err err = ERR_OK;
    for (size_t k = 0; k < TEXT_COLUMNS; k++) {
        widths[k] = (int)strlen(columns[k].title);
        for (size_t i = 0; i < out->count; i++) {
            int width = (int)strlen(out->cells[i][k]);
            widths[k] = width > widths[k] ? width : widths[k];
        }
    }
    for (size_t i = 0; i <= out->count && err == ERR_OK; i++) {
        for (size_t k = 0; k < TEXT_COLUMNS && err == ERR_OK; k++) {
            const char *cell = i == 0 ? columns[k].title : out->cells[i - 1][k];
            err = put_padded(&out->text, cell, widths[k], columns[k].is_number,
                             k + 1 == TEXT_COLUMNS);
        }
    }
    return err;
}

/* ---- pages ---- */

static void begin(struct out *out)
{
    out->count = 0;
    buffer_clear(&out->text);
    if (out->format != FORMAT_TABLE) {
        begin_columns(out);
    }
}

static enum err take_page(struct out *out, const Ihuriro__V1__Totals *page, struct told *told)
{
    enum err err = ERR_OK;
    told->at_seq = page->position->size;
    told->known_at_us = page->known_at_us;
    told->rows += page->n_rows;
    for (size_t i = 0; i < page->n_rows && err == ERR_OK; i++) {
        told->estimated =
            page->rows[i]->estimated > told->estimated ? page->rows[i]->estimated : told->estimated;
        if (out->format == FORMAT_TABLE) {
            err = put_text(out, page->rows[i]);
        } else {
            put_columns(out, page->rows[i], told);
        }
    }
    return err;
}

struct asking {
    struct client client;
    struct connection *connection;
    int stop_fd;
};

static void asking_close(struct asking *asking)
{
    connection_close(&asking->connection);
    client_close(&asking->client);
}

/* All pages, as of the record and the time of the first. ERR_BUSY: begin again. */
static enum err ask_all(struct asking *asking, const struct question *question,
                        struct complaint *complaint, struct out *out, struct told *told)
{
    Ihuriro__V1__GetTotals request = question->request;
    struct position first = {.size = 0};
    bool has_more = true;
    enum err err = ERR_OK;
    *told = (struct told){.rows = 0};
    begin(out);
    while (has_more && err == ERR_OK) {
        AUTO(arena_close) struct arena arena = {.budget = (size_t)64 << 20};
        const Ihuriro__V1__Totals *page = NULL;
        err = pull_totals(asking->connection, &asking->client.hub, &request, &arena, complaint,
                          &page);
        if (err != ERR_OK) {
            return err;
        }
        if (first.size != 0 &&
            memcmp(first.root.bytes, page->position->root.data, SHA256_BYTES) != 0) {
            return complain(complaint, ERR_BUSY, "The hub's history was replaced meanwhile.");
        }
        first.size = page->position->size;
        memcpy(first.root.bytes, page->position->root.data, SHA256_BYTES);
        err = take_page(out, page, told);
        has_more = page->has_next && page->next > request.offset;
        request.has_at_seq = request.has_known_at_us = request.has_offset = 1;
        request.at_seq = page->position->size;
        request.known_at_us = page->known_at_us;
        request.offset = page->next;
    }
    return err;
}

static enum err end(struct out *out)
{
    return out->format == FORMAT_TABLE ? end_text(out) : table_end(&out->table);
}

static enum err deliver(const struct totals_arguments *arguments, struct out *out,
                        struct complaint *complaint)
{
    struct bytes text = buffer_bytes(&out->text);
    if (arguments->out != NULL) {
        return durable_replace(arguments->out, text, complaint);
    }
    if (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0) {
        return complain(complaint, ERR_IO, "The output could not be written. Is the disk full?");
    }
    return ERR_OK;
}

/* On standard error, so that the output is the rows and nothing else. */
static void tell(const struct totals_arguments *arguments, const char *period,
                 const struct told *told, int64_t took_ms)
{
    char time[TIME_TEXT_MAX + 1];
    time_format(told->known_at_us, time);
    if (arguments->at_seq >= 0 && (uint64_t)arguments->at_seq != told->at_seq) {
        fprintf(stderr,
                "Record %lld is no checkpoint; this is at record %llu, the checkpoint before it.\n",
                (long long)arguments->at_seq, (unsigned long long)told->at_seq);
    }
    fprintf(stderr, "%s: %zu rows, as of record %llu, as known at %s; in %lld.%03lld s.\n", period,
            told->rows, (unsigned long long)told->at_seq, time, (long long)(took_ms / 1000),
            (long long)(took_ms % 1000));
    if (told->estimated > 0) {
        fprintf(stderr, "Estimates are in it, shown as +k beside those who reported: reports that "
                        "have not come are taken as they were the month before.\n");
    }
}

enum err totals_run(const struct totals_arguments *arguments, const char *period,
                    struct complaint *complaint)
{
    AUTO(asking_close) struct asking asking = {.stop_fd = -1};
    AUTO(out_close) struct out out = {.count = 0};
    struct question question;
    struct told told = {.rows = 0};
    enum err err = take_question(arguments, period, complaint, &question);
    err = err != ERR_OK ? err : signals_open(&asking.stop_fd);
    err = err != ERR_OK ? err
                        : client_open(client_config_path(arguments->config, "pull"), complaint,
                                      &asking.client);
    err = err != ERR_OK ? err : connection_open(&asking.client, asking.stop_fd, &asking.connection);
    if (err != ERR_OK) {
        return err;
    }
    out.format = question.format;
    int64_t began_ms = clock_monotonic_ms();
    err = ERR_BUSY;
    for (int i = 0; i < BEGIN_TIMES && err == ERR_BUSY; i++) {
        err = ask_all(&asking, &question, complaint, &out, &told);
    }
    err = err == ERR_BUSY ? ERR_REFUSED : err;
    err = err != ERR_OK ? err : end(&out);
    err = err != ERR_OK ? err : deliver(arguments, &out, complaint);
    if (err == ERR_OK) {
        tell(arguments, period, &told, clock_monotonic_ms() - began_ms);
    }
    return err;
}
