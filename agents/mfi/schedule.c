#include "agents/mfi/schedule.h"

#include <stdio.h>
#include <string.h>

#include "agents/mfi/platform.h"

#define HOUR_US (INT64_C(3600) * 1000000)
#define DAY_US  (24 * HOUR_US)

/* Whoever takes this line out has made the file his own. */
static const char marker[] =
    "# Made by mfi-agent run, of what the hub says is owed, and made again each day until it is\n"
    "# sent. Take these lines out when you change the file: then it is left as it is.\n";

/* ---- when ---- */

/* The same for an institution at all times, and different between institutions. */
static int64_t place_of(const char *institution, int64_t width)
{
    uint8_t hash[SHA256_BYTES];
    sha256(bytes_of(institution, strlen(institution)), hash);
    return width > 0 ? (int64_t)(get_u64(hash) % (uint64_t)width) : 0;
}

int64_t schedule_instant(const struct schedule_terms *terms, int32_t end_day, int64_t due_us)
{
    int64_t ended_us = ((int64_t)end_day + 1) * DAY_US -
                       (int64_t)terms->utc_offset_minutes * 60 * INT64_C(1000000);
    int64_t span_us = due_us > ended_us ? due_us - ended_us : 0;
    int64_t closed_us =
        terms->closed_after_hours >= 0 ? terms->closed_after_hours * HOUR_US : span_us / 4;
    int64_t left_us = span_us > closed_us ? span_us - closed_us : 0;
    int64_t width_us = span_us / 4 < left_us / 2 ? span_us / 4 : left_us / 2;
    return ended_us + closed_us + place_of(terms->institution, width_us);
}

static bool fits(int type, enum frequency frequency)
{
    return type == TYPE_EXPOSURES ? frequency == FREQUENCY_M
                                  : type != TYPE_CAPITAL || frequency >= FREQUENCY_M;
}

static struct extraction *find(struct extraction *extractions, size_t count,
                               const struct owed_item *item)
{
    for (size_t i = 0; i < count; i++) {
        if (extractions[i].due_us == item->row->due_us &&
            extractions[i].period.frequency == item->period.frequency &&
            extractions[i].period.end_day == item->period.end_day) {
            return &extractions[i];
        }
    }
    return NULL;
}

size_t schedule_extractions(const struct owed *owed, const struct schedule_terms *terms,
                            struct extraction ret_extractions[static EXTRACTIONS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < owed->count; i++) {
        const struct owed_item *item = &owed->items[i];
        if (!owed_is_open(item->state) || item->is_here || item->is_provisional ||
            !fits(item->type, item->period.frequency) || (terms->types & 1U << item->type) == 0) {
            continue;
        }
        struct extraction *extraction = find(ret_extractions, count, item);
        if (extraction == NULL && count < EXTRACTIONS_MAX) {
            extraction = &ret_extractions[count++];
            *extraction = (struct extraction){
                .period = item->period,
                .due_us = item->row->due_us,
                .at_us = schedule_instant(terms, item->period.end_day, item->row->due_us)};
        }
        if (extraction != NULL) {
            extraction->types |= 1U << item->type;
        }
    }
    return count;
}

static bool has_query(const char *folder, const char *name)
{
    AUTO(buffer_close) struct buffer path = {0};
    struct platform_stamp stamp = {0};
    if (buffer_printf(&path, "%s/%s.sql%c", folder, name, '\0') == ERR_OK) {
        platform_stamp((const char *)path.data, &stamp);
    }
    return stamp.exists;
}

unsigned schedule_types(const struct conf_institution *institution, bool has_gl)
{
    const struct {
        const char *query;
        bool is_read;
        unsigned types;
    } rows[] = {
        {"loans", true, 1U << TYPE_PORTFOLIO | 1U << TYPE_EXPOSURES},
        {"deposits", true, 1U << TYPE_LIQUIDITY},
        {"gl", has_gl, 1U << TYPE_CAPITAL},
    };
    unsigned types = 0;
    for (size_t i = 0; institution->dsn != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        types |=
            rows[i].is_read && has_query(institution->queries, rows[i].query) ? rows[i].types : 0;
    }
    return types;
}

/* ---- the folder ---- */

void extraction_name(const struct extraction *extraction, int utc_offset_minutes,
                     char out[static EXTRACTION_NAME_MAX])
{
    char key[PERIOD_KEY_MAX + 1];
    char day[11];
    period_format(&extraction->period, key);
    day_format(time_day(extraction->due_us, utc_offset_minutes), day);
    snprintf(out, EXTRACTION_NAME_MAX, "%s-due-%s", key, day);
}

static enum err write_text(const struct extraction *extraction, const struct schedule_terms *terms,
                           const char *currency, struct buffer *text)
{
    static const char letters[] = "?DWMQ";
    char day[11];
    day_format(extraction->period.end_day, day);
    enum err err = buffer_printf(text,
                                 "%sinstitution_id = %s\nas_of = %s\nfrequency = %c\ncurrency = "
                                 "%s\nsource = sql\nreports = ",
                                 marker, terms->institution, day,
                                 letters[extraction->period.frequency], currency);
    const char *before = "";
    for (int type = TYPE_PORTFOLIO; err == ERR_OK && type <= TYPE_LAST; type++) {
        if ((extraction->types & 1U << type) != 0) {
            err = buffer_printf(text, "%s%s", before, report_type_name(type));
            before = ", ";
        }
    }
    return err != ERR_OK ? err : buffer_printf(text, "\n");
}

static bool is_ours(const char *path)
{
    char head[sizeof marker];
    FILE *file = fopen(path, "r");
    size_t size = file != NULL ? fread(head, 1, sizeof marker - 1, file) : 0;
    if (file != NULL) {
        (void)fclose(file); /* it was only read */
    }
    return size == sizeof marker - 1 && memcmp(head, marker, size) == 0;
}

enum err extraction_make(const struct extraction *extraction, const struct schedule_terms *terms,
                         const char *root, const char *currency, int64_t wall_us,
                         struct complaint *complaint, bool *ret_written)
{
    AUTO(buffer_close) struct buffer folder = {0};
    AUTO(buffer_close) struct buffer path = {0};
    AUTO(buffer_close) struct buffer text = {0};
    struct platform_stamp stamp = {0};
    char name[EXTRACTION_NAME_MAX];
    extraction_name(extraction, terms->utc_offset_minutes, name);
    enum err err = buffer_printf(&folder, "%s/%s%c", root, name, '\0');
    err = err != ERR_OK ? err : buffer_printf(&path, "%s/%s/manifest.ini%c", root, name, '\0');
    if (err != ERR_OK) {
        return err;
    }
    platform_stamp((const char *)path.data, &stamp);
    bool is_due = !stamp.exists ||
                  (wall_us - stamp.modified_us >= DAY_US && is_ours((const char *)path.data));
    *ret_written = false;
    if (!is_due) {
        return ERR_OK;
    }
    err = platform_is_folder((const char *)folder.data)
              ? ERR_OK
              : platform_make_folder((const char *)folder.data, complaint);
    err = err != ERR_OK ? err : write_text(extraction, terms, currency, &text);
    err = err != ERR_OK
              ? err
              : platform_write((const char *)path.data, buffer_bytes(&text), 0600, complaint);
    *ret_written = err == ERR_OK;
    return err;
}
