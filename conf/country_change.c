/* What new settings would change of periods that have ended (D45). A row is what it makes of
 * figures; who wrote it, where it stands in the law and its words are not compared. */
#include <stdio.h>
#include <string.h>

#include "conf/country_inside.h"
#include "proto/period.h"

/* A row as it is compared: in force from `from` to `until`. */
struct held {
    const char *name;
    int32_t from;
    int32_t until;
    bool is_off;
    const char *retroactive;
    struct buffer effect; /* all else that it says, as bytes */
};

#define ROLL_REACH 31 /* days: over holidays and weekends */

#define HELD_MAX 512 /* rows of a list; a message of 64 KiB does not hold more limits */

struct list {
    const char *name;
    const struct config_groups *groups; /* the file's, in the order of the message's */
    size_t bytes;
    size_t (*count)(const PbSettings *settings);
    enum err (*take)(const PbSettings *settings, size_t index, struct held *held);
    bool moves_due; /* its days are those on which something is due, and not those of periods */
    bool is_new_at_first; /* the first list of a hub that had no duties changes nothing */
};

struct comparing {
    const char *path;
    const struct list *list;
    const struct country_change *change;
    int32_t today;
    struct complaint *complaint;
};

static void held_close(struct held *held)
{
    buffer_close(&held->effect);
}

/* ---- the lists ---- */

static size_t limit_count(const PbSettings *settings)
{
    return settings->n_limits;
}

static enum err take_limit(const PbSettings *settings, size_t index, struct held *held)
{
    Ihuriro__V1__PrudentialLimit row = *settings->limits[index];
    int32_t back = row.has_applied_back_to_day ? row.applied_back_to_day : INT32_MAX;
    held->name = row.id;
    held->from = row.has_from_day ? row.from_day : INT32_MIN;
    held->from = back < held->from ? back : held->from;
    held->until = row.has_until_day ? row.until_day : INT32_MAX;
    held->is_off = row.has_off && row.off;
    held->retroactive = row.retroactive;
    row.ref = row.certainty = row.confirmed = row.amber_words = row.red_words = NULL;
    row.retroactive = NULL;
    row.has_until_day = 0;
    return message_pack(&row.base, &held->effect);
}

static size_t band_count(const PbSettings *settings)
{
    return settings->n_capital_bands;
}

static enum err take_band(const PbSettings *settings, size_t index, struct held *held)
{
    Ihuriro__V1__CapitalBand row = *settings->capital_bands[index];
    held->name = row.code;
    held->from = row.has_from_day ? row.from_day : INT32_MIN;
    held->retroactive = row.retroactive;
    row.ref = row.certainty = row.retroactive = NULL;
    return message_pack(&row.base, &held->effect);
}

static size_t class_count(const PbSettings *settings)
{
    return settings->n_classes;
}

static enum err take_class(const PbSettings *settings, size_t index, struct held *held)
{
    Ihuriro__V1__LoanClass row = *settings->classes[index];
    held->name = row.code;
    if (row.from == NULL || day_parse(row.from, &held->from) != ERR_OK) {
        held->from = INT32_MIN;
    }
    held->retroactive = row.retroactive;
    row.certainty = row.retroactive = NULL;
    return message_pack(&row.base, &held->effect);
}

static size_t weight_count(const PbSettings *settings)
{
    return settings->n_liquidity;
}

static enum err take_weights(const PbSettings *settings, size_t index, struct held *held)
{
    Ihuriro__V1__LiquidityBase row = *settings->liquidity[index];
    held->name = row.n_categories > 0 ? row.categories[0] : "all others";
    held->from = row.has_from_day ? row.from_day : INT32_MIN;
    held->retroactive = row.retroactive;
    row.ref = row.certainty = row.retroactive = NULL;
    return message_pack(&row.base, &held->effect);
}

static size_t obligation_count(const PbSettings *settings)
{
    return settings->n_obligations;
}

static enum err take_obligation(const PbSettings *settings, size_t index, struct held *held)
{
    PbObligation row = *settings->obligations[index];
    held->name = row.id;
    held->from = row.has_from_day ? row.from_day : INT32_MIN;
    held->until = row.has_until_day ? row.until_day : INT32_MAX;
    held->is_off = row.has_off && row.off;
    held->retroactive = row.retroactive;
    row.ref = row.certainty = row.retroactive = NULL;
    row.has_until_day = 0;
    return message_pack(&row.base, &held->effect);
}

static size_t holiday_count(const PbSettings *settings)
{
    return settings->n_holidays;
}

/* Its own days, and not those of periods: it moves when something is due, and what was due before
 * today is history. */
static enum err take_holiday(const PbSettings *settings, size_t index, struct held *held)
{
    PbHoliday row = *settings->holidays[index];
    held->name = row.name;
    held->from = row.has_day ? row.day : row.has_from_day ? row.from_day : INT32_MIN;
    held->until = row.has_day ? row.day : row.has_until_day ? row.until_day : INT32_MAX;
    held->retroactive = row.retroactive;
    row.certainty = row.retroactive = NULL;
    row.name = (char[]){""}; /* what it is called makes no difference */
    row.has_until_day = 0;
    return message_pack(&row.base, &held->effect);
}

/* ---- comparing ---- */

static enum err take_all(const struct comparing *comparing, const PbSettings *settings,
                         struct held rows[static HELD_MAX], size_t *ret_count)
{
    const struct list *list = comparing->list;
    size_t count = list->count(settings);
    enum err err = ERR_OK;
    if (count > HELD_MAX) {
        return complain(comparing->complaint, ERR_CONFIG, "%s: %s has more than %d rows.",
                        comparing->path, list->name, HELD_MAX);
    }
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        rows[i].until = INT32_MAX;
        err = list->take(settings, i, &rows[i]);
    }
    *ret_count = count;
    return err;
}

static const struct held *same_effect(const struct held *rows, size_t count, const struct held *row)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(buffer_bytes(&rows[i].effect), buffer_bytes(&row->effect))) {
            return &rows[i];
        }
    }
    return NULL;
}

/* What is there now and was not, or otherwise: did it hold for a period that has ended? */
static bool changes_the_past(const struct held *old, const struct held *row, int32_t today)
{
    if (row->retroactive != NULL) {
        return false;
    }
    if (old == NULL) {
        return !row->is_off && row->from < today && row->from <= row->until;
    }
    int32_t first_end = old->until < row->until ? old->until : row->until;
    return !row->is_off && old->until != row->until && first_end < today - 1;
}

static int line_of(const struct comparing *comparing, size_t index)
{
    const struct config_groups *groups = comparing->list->groups;
    const struct head *head = (const struct head *)(const void *)((const char *)groups->items +
                                                                  index * comparing->list->bytes);
    return (int)head->line;
}

static enum err refuse_changed(const struct comparing *comparing, size_t index,
                               const struct held *row)
{
    char today[11];
    day_format(comparing->today, today);
    return complain(comparing->complaint, ERR_CONFIG,
                    "%s:%d: %s: the row %s is new or says something else, and would change periods "
                    "that ended before today. Leave the row that was there as it was, and add one "
                    "with from = \"%s\" or later; or say in it why it looks back: retroactive = "
                    "\"reason\".",
                    comparing->path, line_of(comparing, index), comparing->list->name, row->name,
                    today);
}

/* Is there a row of the same name that says why it looks back? Then it stands for this one. */
static bool is_replaced(const struct held *rows, size_t count, const struct held *gone)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].retroactive != NULL && strcmp(rows[i].name, gone->name) == 0) {
            return true;
        }
    }
    return false;
}

static enum err refuse_gone(const struct comparing *comparing, const struct held *row)
{
    return complain(comparing->complaint, ERR_CONFIG,
                    "%s:1: %s: the row %s is gone, which held for periods that ended before today. "
                    "Put it back: a limit, a duty or a yearly holiday ends with until = "
                    "\"DATE\", any other row by one that "
                    "stands over it from a later day on.",
                    comparing->path, comparing->list->name, row->name);
}

/* ---- months that are closed ---- */

/* How long after a period's end something may be due. */
static int32_t due_reach(const struct country_change *change)
{
    const PbSettings *const both[] = {change->before, change->after};
    uint32_t reach = 0;
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < both[i]->n_obligations; k++) {
            const uint32_t days = both[i]->obligations[k]->due_days;
            reach = days > reach ? days : reach;
        }
    }
    return (int32_t)reach + ROLL_REACH;
}

/* Not even a row that says why it looks back changes what was closed (D45, D57). */
static enum err refuse_closed(const struct comparing *comparing, const struct held *row, int line,
                              int32_t first_day, int32_t last_day)
{
    const int32_t reach = comparing->list->moves_due ? due_reach(comparing->change) : 0;
    const int32_t first = first_day < INT32_MIN + reach ? INT32_MIN : first_day - reach;
    struct period month;
    char key[PERIOD_KEY_MAX + 1];
    int32_t end_day = 0;
    if (comparing->change->docket == NULL || row->is_off ||
        !docket_closed_within(comparing->change->docket, first, last_day, &end_day) ||
        period_ending(FREQUENCY_M, end_day, &month) != ERR_OK) {
        return ERR_OK;
    }
    period_format(&month, key);
    return complain(comparing->complaint, ERR_CONFIG,
                    "%s:%d: %s: the row %s looks back into %s, which is closed. Open it first "
                    "(`mfi-hub reopen %s --reason REASON`), or leave what held then as it was and "
                    "let the row begin later.",
                    comparing->path, line, comparing->list->name, row->name, key, key);
}

/* before: the row with the same effect, or NULL. */
static enum err check_closed(const struct comparing *comparing, size_t index,
                             const struct held *before, const struct held *row)
{
    const int line = line_of(comparing, index);
    if (row->retroactive == NULL) {
        return ERR_OK; /* it does not look back at all */
    }
    if (before == NULL) {
        return refuse_closed(comparing, row, line, row->from, row->until);
    }
    const bool is_shorter = row->until < before->until;
    return row->until == before->until
               ? ERR_OK
               : refuse_closed(comparing, row, line, (is_shorter ? row : before)->until + 1,
                               (is_shorter ? before : row)->until);
}

static enum err compare(const struct comparing *comparing, const struct country_change *change)
{
    struct held *old = calloc(2 * HELD_MAX, sizeof *old);
    if (old == NULL) {
        return ERR_MEMORY;
    }
    struct held *new = old + HELD_MAX;
    size_t old_count = 0;
    size_t new_count = 0;
    enum err err = take_all(comparing, change->before, old, &old_count);
    err = err != ERR_OK ? err : take_all(comparing, change->after, new, &new_count);
    for (size_t i = 0; err == ERR_OK && i < new_count; i++) {
        const struct held *before = same_effect(old, old_count, &new[i]);
        if (changes_the_past(before, &new[i], comparing->today)) {
            err = refuse_changed(comparing, i, &new[i]);
        }
        err = err != ERR_OK ? err : check_closed(comparing, i, before, &new[i]);
    }
    for (size_t i = 0; err == ERR_OK && i < old_count; i++) {
        bool held = !old[i].is_off && old[i].from < comparing->today;
        if (held && same_effect(new, new_count, &old[i]) == NULL &&
            !is_replaced(new, new_count, &old[i])) {
            err = refuse_gone(comparing, &old[i]);
        } else if (held && same_effect(new, new_count, &old[i]) == NULL) {
            err = refuse_closed(comparing, &old[i], 1, old[i].from, old[i].until);
        }
    }
    for (size_t i = 0; i < 2 * HELD_MAX; i++) {
        held_close(&old[i]);
    }
    free(old);
    return err;
}

enum err country_check_change(const char *path, const struct country *country,
                              const struct country_change *change, struct complaint *complaint)
{
    const struct list lists[] = {
        {"limits", &country->limits, sizeof(struct prudential_limit), limit_count, take_limit,
         false, false},
        {"capital_bands", &country->capital_bands, sizeof(struct capital_band), band_count,
         take_band, false, false},
        {"classes", &country->classes, sizeof(struct loan_class), class_count, take_class, false,
         false},
        {"liquidity", &country->liquidity, sizeof(struct liquidity_base), weight_count,
         take_weights, false, false},
        {"obligations", &country->obligations, sizeof(struct obligation), obligation_count,
         take_obligation, false, true},
        {"holidays", &country->holidays, sizeof(struct holiday), holiday_count, take_holiday, true,
         true},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof lists / sizeof lists[0]; i++) {
        const struct comparing comparing = {path, &lists[i], change, change->today, complaint};
        if (!lists[i].is_new_at_first || change->before->n_obligations > 0) {
            err = compare(&comparing, change);
        }
    }
    return err;
}
