#include "agents/feed/line.h"

#include <inttypes.h>

#include "proto/json.h"

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

enum err line_of_rewind(enum line_format format, uint64_t to, struct buffer *lines)
{
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
