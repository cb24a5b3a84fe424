#include "agents/feed/line.h"

#include <inttypes.h>

#include <string.h>

#include "proto/json.h"
#include "proto/notices.h"

static enum err text_of_record(const struct header *header, struct buffer *lines)
{
    char time[TIME_TEXT_MAX + 1];
    char id[2 * SHA256_BYTES + 1];
    time_format(header->first_received_at_us, time);
    hex_encode(bytes_of(header->id, SHA256_BYTES), id);
    enum err err = buffer_printf(lines, "%" PRIu64 " %s %s %s", header->seq, time,
                                 record_kind_name(header->kind),
                                 header->institution[0] != '\0' ? header->institution : "-");
    struct period period;
    if (err == ERR_OK && header->type != 0 &&
        period_ending((enum frequency)header->frequency, header->period_end_day, &period) ==
            ERR_OK) {
        char key[PERIOD_KEY_MAX + 1];
        period_format(&period, key);
        err = buffer_printf(lines, " %s %s vintage %" PRIu32 " %s", report_type_name(header->type),
                            key, header->vintage, verdict_name(header->verdict));
    }
    return err != ERR_OK ? err : buffer_printf(lines, " %.12s\n", id);
}

enum err line_of_record(enum line_format format, const struct follow_record *record,
                        struct buffer *lines)
{
    if (format == LINE_TEXT) {
        return text_of_record(&record->header, lines);
    }
    AUTO(arena_close) struct arena arena = {0};
    json_t *value = json_of_record(&record->header, record->judgement, record->body, &arena);
    if (value == NULL) {
        return ERR_MEMORY;
    }
    enum err err = json_line(value, lines);
    json_decref(value);
    return err;
}

/* ---- notices ---- */

static enum err text_of_notice(const Ihuriro__V1__Notice *notice, struct buffer *lines)
{
    char time[TIME_TEXT_MAX + 1];
    time_format(notice->time_us, time);
    enum err err = buffer_printf(lines, "%s %s %s", time, notice_kind_name((int)notice->kind),
                                 notice->institution);
    if (err == ERR_OK && notice->has_type) {
        err = buffer_printf(lines, " %s %s", report_type_name((int)notice->type),
                            notice->period != NULL ? notice->period : "-");
    }
    if (err == ERR_OK && notice->has_late_s) {
        err = buffer_printf(lines, " %" PRId64 " s after it was due", notice->late_s);
    }
    if (err == ERR_OK && notice->limit != NULL) {
        err = buffer_printf(lines, " %s: %s %" PRId64 ", limit %" PRId64, notice->limit,
                            notice->ratio != NULL ? notice->ratio : "-", notice->value,
                            notice->bound);
    }
    if (err == ERR_OK && notice->text != NULL) {
        err = buffer_printf(lines, " (%s)", notice->text);
    }
    return err != ERR_OK ? err : buffer_append(lines, "\n", 1);
}

static void set_text(json_t *json, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_new(json, name, json_string(text));
    }
}

static void set_number(json_t *json, const char *name, bool has, int64_t number)
{
    if (has) {
        json_object_set_new(json, name, json_integer((json_int_t)number));
    }
}

static void set_time(json_t *json, const char *name, int64_t time_us)
{
    char text[TIME_TEXT_MAX + 1];
    time_format(time_us, text);
    json_object_set_new(json, name, json_string(text));
}

/* The same notice has the same id, whoever asked for it and however. */
static enum err id_of_notice(const Ihuriro__V1__Notice *notice,
                             char ret_id[static 2 * SHA256_BYTES + 1])
{
    AUTO(buffer_close) struct buffer raw = {0};
    uint8_t hash[SHA256_BYTES];
    enum err err = message_pack(&notice->base, &raw);
    if (err == ERR_OK) {
        sha256(buffer_bytes(&raw), hash);
        hex_encode(bytes_of(hash, sizeof hash), ret_id);
    }
    return err;
}

enum err line_of_notice(enum line_format format, const Ihuriro__V1__Notice *notice,
                        struct buffer *lines)
{
    char id[2 * SHA256_BYTES + 1];
    if (format == LINE_TEXT) {
        return text_of_notice(notice, lines);
    }
    enum err err = id_of_notice(notice, id);
    if (err != ERR_OK) {
        return err;
    }
    json_t *json = json_object();
    json_object_set_new(json, "kind", json_string("notice"));
    json_object_set_new(json, "id", json_string(id));
    json_object_set_new(json, "notice", json_string(notice_kind_name((int)notice->kind)));
    set_time(json, "time", notice->time_us);
    set_number(json, "seq", notice->has_seq, (int64_t)notice->seq);
    set_text(json, "institution", notice->institution);
    set_text(json, "type", notice->has_type ? report_type_name((int)notice->type) : NULL);
    set_text(json, "period", notice->period);
    if (notice->has_due_us) {
        set_time(json, "due", notice->due_us);
    }
    set_number(json, "late_s", notice->has_late_s, notice->late_s);
    set_text(json, "limit", notice->limit);
    set_text(json, "ratio", notice->ratio);
    set_number(json, "value", notice->has_value, notice->value);
    set_number(json, "bound", notice->has_bound, notice->bound);
    set_text(json, "text", notice->text);
    err = json_line(json, lines);
    json_decref(json);
    return err;
}

/* ---- between them ---- */

enum err line_of_rewind(enum line_format format, uint64_t to, int64_t time_us, struct buffer *lines)
{
    char time[TIME_TEXT_MAX + 1] = "";
    if (time_us != 0) {
        time_format(time_us, time);
        return buffer_printf(lines,
                             format == LINE_JSON
                                 ? "{\"kind\":\"rewind\",\"to\":%" PRIu64 ",\"time\":\"%s\"}\n"
                                 : "rewind to %" PRIu64 ", %s: forget what came after it\n",
                             to, time);
    }
    return buffer_printf(lines,
                         format == LINE_JSON ? "{\"kind\":\"rewind\",\"to\":%" PRIu64 "}\n"
                                             : "rewind to %" PRIu64 ": forget what came after it\n",
                         to);
}

enum err line_of_rights(enum line_format format, struct buffer *lines)
{
    return buffer_printf(lines, "%s\n",
                         format == LINE_JSON ? "{\"kind\":\"rights\"}" : "rights changed");
}
