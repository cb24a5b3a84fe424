#include "hub/period_view.h"

#include <string.h>

void period_view_close(struct period_view *view)
{
    free(view->shown);
    *view = (struct period_view){.count = 0};
}

bool shown_is_lacking(const struct shown *shown)
{
    return shown->cell.timeliness == TIMELINESS_OVERDUE ||
           shown->cell.timeliness == TIMELINESS_IN_GRACE;
}

static enum err take(void *context, const struct party *party, const struct duty *duty,
                     const struct cell *cell)
{
    struct period_view *view = context;
    if (view->count == view->capacity) {
        size_t wanted = view->capacity == 0 ? 1024 : view->capacity * 2;
        struct shown *grown = reallocarray(view->shown, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        view->shown = grown;
        view->capacity = wanted;
    }
    bool is_new = view->count == 0 || view->shown[view->count - 1].party != party;
    view->expected += is_new;
    view->missing += is_new && sector_is_missing(view->sector, party);
    view->shown[view->count++] = (struct shown){party, *duty, *cell};
    return ERR_OK;
}

static enum err refuse_empty(const struct period_view *view, const char *key,
                             struct complaint *complaint)
{
    const PbSettings *settings = sector_settings(view->sector);
    if (settings == NULL || settings->n_obligations == 0) {
        return complain(complaint, ERR_REFUSED,
                        "The settings in force say of nobody what it owes by when: the country's "
                        "file has no obligations.");
    }
    return complain(complaint, ERR_REFUSED,
                    "Nobody owed a report for %s: no member was to report then.", key);
}

enum err period_view_make(const struct sector *sector, const struct period *month, uint64_t at_seq,
                          struct complaint *complaint, struct period_view *ret_view)
{
    AUTO(period_view_close)
    struct period_view view = {.sector = sector, .month = *month, .at_seq = at_seq};
    char key[PERIOD_KEY_MAX + 1];
    const PbSettings *settings = sector_settings(sector);
    int offset = settings != NULL ? settings->utc_offset_minutes : 0;
    period_format(month, key);
    if (month->start_day > time_day(sector_known_at(sector), offset)) {
        return complain(complaint, ERR_REFUSED, "%s has not begun.", key);
    }
    enum err err = sector_cells(sector, month, take, &view);
    if (err == ERR_OK && view.count == 0) {
        return refuse_empty(&view, key, complaint);
    }
    if (err == ERR_OK) {
        *ret_view = view;
        view.shown = NULL;
    }
    return err;
}
