/* The state of a month as CSV: a line a cell (RFC 4180, lines end with a line feed). An absent
 * value is an empty cell; a text that a spreadsheet would take for a formula gets an apostrophe. */
#include <inttypes.h>
#include <string.h>

#include "hub/period_view.h"

static const char head[] =
    "institution,name,category,bureau,type,period,progress,timeliness,due,late_s,received,seq,"
    "vintage,rejected_attempt,provisional_only,contested,corrections,waiver,order,retroactive,"
    "missing,remind,telephone,office,address,language\n";

/* ---- cells of a line; the first error sticks ---- */

struct line {
    struct buffer *text;
    bool has_cell;
    enum err err;
};

static void put(struct line *line, const char *bytes, size_t size)
{
    line->err = line->err != ERR_OK ? line->err : buffer_append(line->text, bytes, size);
}

static void open_cell(struct line *line)
{
    put(line, ",", line->has_cell ? 1 : 0);
    line->has_cell = true;
}

static void put_text(struct line *line, const char *text)
{
    open_cell(line);
    if (text == NULL || text[0] == '\0') {
        return;
    }
    bool is_formula = strchr("=+-@\t\r", text[0]) != NULL;
    if (!is_formula && strpbrk(text, ",\"\r\n") == NULL) {
        put(line, text, strlen(text));
        return;
    }
    put(line, "\"'", is_formula ? 2 : 1);
    for (const char *c = text; *c != '\0'; c++) {
        put(line, "\"", *c == '"' ? 1 : 0);
        put(line, c, 1);
    }
    put(line, "\"", 1);
}

static void put_number(struct line *line, bool has, int64_t number)
{
    char text[24] = "";
    if (has) {
        (void)snprintf(text, sizeof text, "%" PRId64, number);
    }
    open_cell(line);
    put(line, text, strlen(text));
}

static void put_time(struct line *line, bool has, int64_t time_us)
{
    char text[TIME_TEXT_MAX + 1] = "";
    if (has) {
        time_format(time_us, text);
    }
    put_text(line, text);
}

static void put_flag(struct line *line, bool is_set)
{
    put_text(line, is_set ? "yes" : "");
}

/* ---- one line ---- */

static void put_party(struct line *line, const struct period_view *view, const struct party *party)
{
    put_text(line, party->id);
    put_text(line, registry_name_on(sector_registry(view->sector), party, view->month.end_day));
    put_text(line, party->category);
    put_text(line, party->bureau);
}

static void put_state(struct line *line, const struct shown *shown)
{
    const struct cell *cell = &shown->cell;
    char key[PERIOD_KEY_MAX + 1];
    period_format(&shown->duty.period, key);
    put_text(line, report_type_name(shown->duty.type));
    put_text(line, key);
    put_text(line, progress_name(cell->progress));
    put_text(line, timeliness_name(cell->timeliness));
    put_time(line, true, shown->duty.due_us);
    put_number(line, cell->late_s > 0, cell->late_s);
    put_time(line, cell->satisfying != NULL,
             cell->satisfying != NULL ? cell->satisfying->first_received_at_us : 0);
    put_number(line, cell->current != NULL,
               cell->current != NULL ? (int64_t)cell->current->seq : 0);
    put_number(line, cell->current != NULL, cell->current != NULL ? cell->current->vintage : 0);
    put_flag(line, cell->has_rejected_attempt);
    put_flag(line, cell->is_provisional_only);
    put_flag(line, cell->is_contested);
    put_number(line, cell->corrections > 0, cell->corrections);
}

static void put_reasons(struct line *line, const struct period_view *view,
                        const struct shown *shown)
{
    const struct duty *duty = &shown->duty;
    const PbOrder *order = duty->added_by != NULL ? duty->added_by : duty->suspended_by;
    const struct waiver *waiver =
        docket_waiver(sector_docket(view->sector), shown->party->id, duty->type, &duty->period);
    put_text(line, waiver != NULL ? waiver->reason : NULL);
    put_text(line, order != NULL ? order->id : NULL);
    put_text(line, duty->obligation->retroactive);
    put_flag(line, sector_is_missing(view->sector, shown->party));
    put_flag(line, shown_is_lacking(shown));
}

/* Of those who are to be reminded. */
static void put_contact(struct line *line, const Ihuriro__V1__Contact *contact)
{
    put_text(line, contact != NULL ? contact->telephone : NULL);
    put_text(line, contact != NULL ? contact->office : NULL);
    put_text(line, contact != NULL ? contact->address : NULL);
    put_text(line, contact != NULL ? contact->language : NULL);
}

enum err period_view_csv(const struct period_view *view, const struct contacts_of *contacts,
                         struct buffer *text)
{
    AUTO(arena_close) struct arena arena = {0};
    enum err err = buffer_append(text, head, strlen(head));
    for (size_t i = 0; i < view->count && err == ERR_OK; i++) {
        const struct shown *shown = &view->shown[i];
        const Ihuriro__V1__Contact *contact = NULL;
        struct line line = {.text = text};
        arena_reset(&arena);
        if (shown_is_lacking(shown) && contacts->find != NULL) {
            err = contacts->find(contacts->context, shown->party->id, &arena, &contact);
        }
        put_party(&line, view, shown->party);
        put_state(&line, shown);
        put_reasons(&line, view, shown);
        put_contact(&line, contact);
        put(&line, "\n", 1);
        err = err != ERR_OK ? err : line.err;
    }
    return err;
}
