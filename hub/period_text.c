/* The state of a month as text: a line an institution, a column for each report that anybody owes,
 * counts, a legend, and who is to be reminded, by bureau. */
#include <string.h>

#include "hub/period_view.h"

#define COLUMNS_MAX  ((size_t)TYPE_LAST * FREQUENCY_Q)
#define COLUMN_WIDTH 17

struct column {
    int type;
    enum frequency frequency;
};

struct columns {
    struct column items[COLUMNS_MAX];
    size_t count;
};

/* A letter for how far it is, a word for whether it is in time. */
static const struct {
    char mark;
    const char *meaning;
} progress_marks[] = {
    [PROGRESS_NOT_DUE] = {'.', "the period has not ended"},
    [PROGRESS_EXPECTED] = {'-', "nothing came"},
    [PROGRESS_REJECTED] = {'x', "rejected attempts only"},
    [PROGRESS_ACCEPTED] = {'a', "accepted"},
    [PROGRESS_ACCEPTED_WITH_WARNINGS] = {'w', "accepted with warnings"},
    [PROGRESS_APPROVED] = {'A', "accepted and approved"},
    [PROGRESS_NIL] = {'0', "nothing to report"},
    [PROGRESS_WAIVED] = {'/', "waived"},
};

static const struct {
    const char *word;
    int badness; /* the worst of several stands for all */
} timeliness_marks[] = {
    [TIMELINESS_OPEN] = {"open", 2},       [TIMELINESS_IN_GRACE] = {"in grace", 4},
    [TIMELINESS_ON_TIME] = {"ok", 0},      [TIMELINESS_LATE] = {"late", 3},
    [TIMELINESS_OVERDUE] = {"OVERDUE", 5}, [TIMELINESS_EXCUSED] = {"excused", 1},
};

/* ---- words ---- */

static void format_span(int64_t seconds, char ret_text[static 24])
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t at = 0;
    while (at < 3 && seconds < units[at].seconds) {
        at++;
    }
    (void)snprintf(ret_text, 24, "%lld %s", (long long)(seconds / units[at].seconds),
                   units[at].unit);
}

/* In the country's own time. */
static void format_local(const struct period_view *view, int64_t time_us, char ret_text[static 24])
{
    const PbSettings *settings = sector_settings(view->sector);
    char text[TIME_TEXT_MAX + 1];
    time_format(time_us + (int64_t)settings->utc_offset_minutes * 60000000, text);
    text[10] = ' ';
    (void)snprintf(ret_text, 24, "%.16s", text);
}

static void format_state(const struct cell *cell, char ret_text[static 48])
{
    char span[24] = "";
    if (cell->late_s > 0) {
        format_span(cell->late_s, span);
    }
    (void)snprintf(ret_text, 48, "%s%s%s", timeliness_marks[cell->timeliness].word,
                   span[0] != '\0' ? " " : "", span);
}

/* ---- the matrix ---- */

static void find_columns(const struct period_view *view, struct columns *columns)
{
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        for (int frequency = FREQUENCY_Q; frequency >= FREQUENCY_D; frequency--) {
            bool is_owed = false;
            for (size_t i = 0; i < view->count && !is_owed; i++) {
                const struct duty *duty = &view->shown[i].duty;
                is_owed = duty->type == type && (int)duty->period.frequency == frequency;
            }
            if (is_owed) {
                columns->items[columns->count++] = (struct column){type, (enum frequency)frequency};
            }
        }
    }
}

static enum err put_head(const struct columns *columns, struct buffer *text)
{
    enum err err = buffer_printf(text, "\n%-17s", "institution");
    for (size_t i = 0; i < columns->count && err == ERR_OK; i++) {
        const struct column *column = &columns->items[i];
        char name[32];
        const bool is_month = column->frequency == FREQUENCY_M;
        const char letter[] = {is_month ? '\0' : "?DWMQ"[column->frequency], '\0'};
        (void)snprintf(name, sizeof name, "%s%s%s", report_type_name(column->type),
                       is_month ? "" : " ", letter);
        err = buffer_printf(text, " %-*s", COLUMN_WIDTH, name);
    }
    return err != ERR_OK ? err : buffer_append(text, "\n", 1);
}

/* Of the institution's cells in a column: their number, how many are there, and the worst. */
struct summary {
    size_t count;
    size_t accepted;
    const struct cell *worst;
};

static struct summary summarise(const struct shown *shown, size_t count,
                                const struct column *column)
{
    struct summary summary = {0};
    for (size_t i = 0; i < count; i++) {
        const struct cell *cell = &shown[i].cell;
        if (shown[i].duty.type != column->type ||
            shown[i].duty.period.frequency != column->frequency) {
            continue;
        }
        summary.count++;
        summary.accepted += cell->current != NULL;
        if (summary.worst == NULL || timeliness_marks[cell->timeliness].badness >
                                         timeliness_marks[summary.worst->timeliness].badness) {
            summary.worst = cell;
        }
    }
    return summary;
}

static enum err put_cell(const struct summary *summary, struct buffer *text)
{
    char state[48] = "";
    char shown[80] = "";
    if (summary->worst != NULL) {
        const struct cell *cell = summary->worst;
        format_state(cell, state);
        int length =
            snprintf(shown, sizeof shown, "%c%s%s%s%s %s", progress_marks[cell->progress].mark,
                     cell->has_rejected_attempt && cell->current != NULL ? "*" : "",
                     cell->is_provisional_only ? "p" : "", cell->is_contested ? "!" : "",
                     cell->corrections > 0 || cell->is_after_close ? "+" : "", state);
        if (summary->count > 1 && length > 0 && (size_t)length < sizeof shown) {
            (void)snprintf(shown + length, sizeof shown - (size_t)length, " %zu/%zu",
                           summary->accepted, summary->count);
        }
    }
    return buffer_printf(text, " %-*s", COLUMN_WIDTH, shown);
}

static size_t count_of_party(const struct period_view *view, size_t first)
{
    size_t end = first;
    while (end < view->count && view->shown[end].party == view->shown[first].party) {
        end++;
    }
    return end - first;
}

static enum err put_rows(const struct period_view *view, const struct columns *columns,
                         struct buffer *text)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < view->count && err == ERR_OK;) {
        size_t count = count_of_party(view, i);
        const struct party *party = view->shown[i].party;
        err = buffer_printf(text, "%-16s%s", party->id,
                            sector_is_missing(view->sector, party) ? "?" : " ");
        for (size_t c = 0; c < columns->count && err == ERR_OK; c++) {
            struct summary summary = summarise(&view->shown[i], count, &columns->items[c]);
            err = put_cell(&summary, text);
        }
        while (text->size > 0 && text->data[text->size - 1] == ' ') {
            text->size--;
        }
        err = err != ERR_OK ? err : buffer_append(text, "\n", 1);
        i += count;
    }
    return err;
}

static enum err put_legend(struct buffer *text)
{
    enum err err = buffer_printf(text, "\nA mark tells how far it is, the words whether it is in "
                                       "time:\n");
    for (int i = 0; i <= PROGRESS_WAIVED && err == ERR_OK; i++) {
        err = buffer_printf(text, "  %c %s\n", progress_marks[i].mark, progress_marks[i].meaning);
    }
    return err != ERR_OK
               ? err
               : buffer_printf(
                     text,
                     "  * a rejected attempt, too   p provisional only, a final one is wanted   "
                     "! two reports of one vintage   + came or was corrected after the close\n"
                     "  n/m of several reports in the month, the worst is shown, and how many are "
                     "there   ? after the institution: not back since the hub's history was "
                     "replaced\n");
}

/* ---- above it ---- */

static enum err put_counts(const struct period_view *view, struct buffer *text)
{
    size_t counts[TIMELINESS_EXCUSED + 1] = {0};
    size_t accepted = 0;
    for (size_t i = 0; i < view->count; i++) {
        counts[view->shown[i].cell.timeliness]++;
        accepted += view->shown[i].cell.current != NULL;
    }
    enum err err = buffer_printf(text, "expected   %zu institutions, %zu reports\n", view->expected,
                                 view->count);
    return err != ERR_OK
               ? err
               : buffer_printf(text,
                               "reports    %zu there; %zu on time, %zu late, %zu overdue, %zu in "
                               "grace, %zu not due yet, %zu excused\n",
                               accepted, counts[TIMELINESS_ON_TIME], counts[TIMELINESS_LATE],
                               counts[TIMELINESS_OVERDUE], counts[TIMELINESS_IN_GRACE],
                               counts[TIMELINESS_OPEN], counts[TIMELINESS_EXCUSED]);
}

static enum err put_back(const struct period_view *view, struct buffer *text)
{
    const struct lost_history *lost = sector_lost(view->sector);
    char when[24];
    if (lost->seq == 0) {
        return ERR_OK;
    }
    format_local(view, lost->time_us, when);
    size_t lacking = 0;
    size_t lacking_missing = 0;
    const struct party *party = NULL;
    for (size_t i = 0; i < view->count; i++) {
        const struct shown *shown = &view->shown[i];
        if (shown_is_lacking(shown) && shown->party != party) {
            party = shown->party;
            lacking++;
            lacking_missing += sector_is_missing(view->sector, party);
        }
    }
    return buffer_printf(text,
                         "back       %zu of %zu institutions are back since the hub's history was "
                         "replaced (%s); of the %zu that lack a report %zu are\n",
                         view->expected - view->missing, view->expected, when, lacking,
                         lacking - lacking_missing);
}

static enum err put_top(const struct period_view *view, struct buffer *text)
{
    char key[PERIOD_KEY_MAX + 1];
    char when[24];
    char known[TIME_TEXT_MAX + 1];
    struct closed closed = docket_closed(sector_docket(view->sector), view->month.end_day);
    period_format(&view->month, key);
    enum err err = buffer_printf(text, "period     %s, %s", key, closing_name(closed.state));
    if (err == ERR_OK && closed.act != NULL) {
        format_local(view, closed.time_us, when);
        err = buffer_printf(text, " since %s%s%s", when, closed.reason != NULL ? ": " : "",
                            closed.reason != NULL ? closed.reason : "");
    }
    time_format(sector_known_at(view->sector), known);
    err = err != ERR_OK ? err
                        : buffer_printf(text, "\nas of      record %llu, as known at %s\n",
                                        (unsigned long long)view->at_seq, known);
    err = err != ERR_OK ? err : put_counts(view, text);
    return err != ERR_OK ? err : put_back(view, text);
}

/* ---- reminders ---- */

/* The first cell of each institution that lacks something, in order of bureau. */
struct reminder {
    const char *bureau;
    size_t first;
    size_t count;
};

static int compare_reminders(const void *left, const void *right)
{
    const struct reminder *a = left;
    const struct reminder *b = right;
    int order = strcmp(a->bureau, b->bureau);
    return order != 0 ? order : (a->first > b->first) - (a->first < b->first);
}

static size_t find_reminders(const struct period_view *view, struct reminder *reminders)
{
    size_t found = 0;
    for (size_t i = 0; i < view->count;) {
        size_t count = count_of_party(view, i);
        bool is_lacking = false;
        for (size_t k = i; k < i + count; k++) {
            is_lacking = is_lacking || shown_is_lacking(&view->shown[k]);
        }
        if (is_lacking) {
            const char *bureau = view->shown[i].party->bureau;
            reminders[found++] = (struct reminder){bureau != NULL ? bureau : "", i, count};
        }
        i += count;
    }
    if (found > 1) {
        qsort(reminders, found, sizeof *reminders, compare_reminders);
    }
    return found;
}

static enum err put_contact(const struct contacts_of *contacts, const struct party *party,
                            struct arena *arena, struct buffer *text)
{
    const Ihuriro__V1__Contact *contact = NULL;
    arena_reset(arena);
    enum err err = contacts->find == NULL
                       ? ERR_OK
                       : contacts->find(contacts->context, party->id, arena, &contact);
    if (err != ERR_OK || contact == NULL) {
        return err;
    }
    const char *const parts[] = {contact->telephone, contact->office, contact->address,
                                 contact->language};
    const char *between = "  ";
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && err == ERR_OK; i++) {
        if (parts[i] != NULL && parts[i][0] != '\0') {
            err = buffer_printf(text, "%s%s", between, parts[i]);
            between = ", ";
        }
    }
    return err;
}

static enum err put_reminder(const struct period_view *view, const struct contacts_of *contacts,
                             const struct reminder *reminder, struct arena *arena,
                             struct buffer *text)
{
    const struct party *party = view->shown[reminder->first].party;
    enum err err =
        buffer_printf(text, "  %-16s %s", party->id,
                      registry_name_on(sector_registry(view->sector), party, view->month.end_day));
    err = err != ERR_OK ? err : put_contact(contacts, party, arena, text);
    err = err != ERR_OK ? err : buffer_append(text, "\n", 1);
    for (size_t i = 0; i < reminder->count && err == ERR_OK; i++) {
        const struct shown *shown = &view->shown[reminder->first + i];
        char key[PERIOD_KEY_MAX + 1];
        char state[48];
        char due[24];
        if (!shown_is_lacking(shown)) {
            continue;
        }
        period_format(&shown->duty.period, key);
        format_state(&shown->cell, state);
        format_local(view, shown->duty.due_us, due);
        err = buffer_printf(text, "    %-10s %-10s %s, since %s%s\n",
                            report_type_name(shown->duty.type), key, state, due,
                            shown->cell.progress == PROGRESS_REJECTED ? " (what came was rejected)"
                            : shown->cell.is_provisional_only ? " (a provisional one is there)"
                                                              : "");
    }
    return err;
}

static enum err put_reminders(const struct period_view *view, const struct contacts_of *contacts,
                              struct buffer *text)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(free_p) struct reminder *reminders = malloc((view->expected + 1) * sizeof *reminders);
    if (reminders == NULL) {
        return ERR_MEMORY;
    }
    size_t count = find_reminders(view, reminders);
    enum err err = count == 0 ? buffer_printf(text, "\nNobody is to be reminded.\n")
                              : buffer_printf(text, "\nTo be reminded: %zu institutions\n", count);
    const char *bureau = NULL;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        if (bureau == NULL || strcmp(bureau, reminders[i].bureau) != 0) {
            bureau = reminders[i].bureau;
            err = bureau[0] == '\0' ? buffer_printf(text, " of no bureau\n")
                                    : buffer_printf(text, " bureau %s\n", bureau);
        }
        err = err != ERR_OK ? err : put_reminder(view, contacts, &reminders[i], &arena, text);
    }
    return err;
}

enum err period_view_text(const struct period_view *view, const struct contacts_of *contacts,
                          struct buffer *text)
{
    struct columns columns = {.count = 0};
    find_columns(view, &columns);
    enum err err = put_top(view, text);
    err = err != ERR_OK ? err : put_head(&columns, text);
    err = err != ERR_OK ? err : put_rows(view, &columns, text);
    err = err != ERR_OK ? err : put_legend(text);
    return err != ERR_OK ? err : put_reminders(view, contacts, text);
}
