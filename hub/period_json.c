/* The state of a month as JSON. */
#include <string.h>

#include "hub/period_view.h"

static void set_time(json_t *json, const char *name, int64_t time_us)
{
    char text[TIME_TEXT_MAX + 1];
    time_format(time_us, text);
    json_object_set_new(json, name, json_string(text));
}

static void set_text(json_t *json, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_new(json, name, json_string(text));
    }
}

static void set_mark(json_t *json, const char *name, bool is_set)
{
    if (is_set) {
        json_object_set_new(json, name, json_true());
    }
}

static json_t *cell_json(const struct period_view *view, const struct shown *shown)
{
    const struct cell *cell = &shown->cell;
    const struct duty *duty = &shown->duty;
    char key[PERIOD_KEY_MAX + 1];
    json_t *json = json_object();
    period_format(&duty->period, key);
    json_object_set_new(json, "type", json_string(report_type_name(duty->type)));
    json_object_set_new(json, "period", json_string(key));
    json_object_set_new(json, "progress", json_string(progress_name(cell->progress)));
    json_object_set_new(json, "timeliness", json_string(timeliness_name(cell->timeliness)));
    set_time(json, "due", duty->due_us);
    set_time(json, "grace", duty->grace_us);
    set_text(json, "obligation", duty->obligation->id);
    if (cell->late_s > 0) {
        json_object_set_new(json, "late_s", json_integer(cell->late_s));
    }
    if (cell->satisfying != NULL) {
        set_time(json, "received", cell->satisfying->first_received_at_us);
    }
    if (cell->current != NULL) {
        json_object_set_new(json, "seq", json_integer((json_int_t)cell->current->seq));
        json_object_set_new(json, "vintage", json_integer(cell->current->vintage));
    }
    set_mark(json, "rejected_attempt", cell->has_rejected_attempt);
    set_mark(json, "provisional_only", cell->is_provisional_only);
    set_mark(json, "contested", cell->is_contested);
    set_mark(json, "after_close", cell->is_after_close);
    if (cell->corrections > 0) {
        json_object_set_new(json, "corrections", json_integer(cell->corrections));
    }
    const struct waiver *waiver =
        docket_waiver(sector_docket(view->sector), shown->party->id, duty->type, &duty->period);
    set_text(json, "waiver", waiver != NULL ? waiver->reason : NULL);
    set_text(json, "order",
             duty->added_by != NULL       ? duty->added_by->id
             : duty->suspended_by != NULL ? duty->suspended_by->id
                                          : NULL);
    set_text(json, "retroactive", duty->obligation->retroactive);
    return json;
}

static json_t *party_json(const struct period_view *view, const struct party *party)
{
    json_t *json = json_object();
    json_object_set_new(json, "institution", json_string(party->id));
    set_text(json, "name",
             registry_name_on(sector_registry(view->sector), party, view->month.end_day));
    set_text(json, "category", party->category);
    set_text(json, "bureau", party->bureau);
    set_mark(json, "missing", sector_is_missing(view->sector, party));
    return json;
}

static json_t *institutions_json(const struct period_view *view)
{
    json_t *list = json_array();
    json_t *cells = NULL;
    for (size_t i = 0; i < view->count; i++) {
        if (i == 0 || view->shown[i].party != view->shown[i - 1].party) {
            json_t *row = party_json(view, view->shown[i].party);
            cells = json_array();
            json_object_set_new(row, "cells", cells);
            json_array_append_new(list, row);
        }
        json_array_append_new(cells, cell_json(view, &view->shown[i]));
    }
    return list;
}

/* How many cells are in each state. */
static void set_counts(json_t *json, const struct period_view *view)
{
    size_t progress[PROGRESS_WAIVED + 1] = {0};
    size_t timeliness[TIMELINESS_EXCUSED + 1] = {0};
    json_t *by_progress = json_object();
    json_t *by_timeliness = json_object();
    for (size_t i = 0; i < view->count; i++) {
        progress[view->shown[i].cell.progress]++;
        timeliness[view->shown[i].cell.timeliness]++;
    }
    for (int i = 0; i <= PROGRESS_WAIVED; i++) {
        json_object_set_new(by_progress, progress_name((enum progress)i),
                            json_integer((json_int_t)progress[i]));
    }
    for (int i = 0; i <= TIMELINESS_EXCUSED; i++) {
        json_object_set_new(by_timeliness, timeliness_name((enum timeliness)i),
                            json_integer((json_int_t)timeliness[i]));
    }
    json_object_set_new(json, "progress", by_progress);
    json_object_set_new(json, "timeliness", by_timeliness);
}

static json_t *contact_json(const Ihuriro__V1__Contact *contact)
{
    json_t *json = json_object();
    set_text(json, "office", contact->office);
    set_text(json, "telephone", contact->telephone);
    set_text(json, "address", contact->address);
    set_text(json, "language", contact->language);
    return json;
}

static enum err reminder_json(const struct period_view *view, const struct contacts_of *contacts,
                              const struct party *party, struct arena *arena, json_t **ret_json)
{
    const Ihuriro__V1__Contact *contact = NULL;
    arena_reset(arena);
    enum err err = contacts->find == NULL
                       ? ERR_OK
                       : contacts->find(contacts->context, party->id, arena, &contact);
    if (err != ERR_OK) {
        return err;
    }
    json_t *json = party_json(view, party);
    if (contact != NULL) {
        json_object_set_new(json, "contact", contact_json(contact));
    }
    json_object_set_new(json, "reports", json_array());
    *ret_json = json;
    return ERR_OK;
}

static enum err reminders_json(const struct period_view *view, const struct contacts_of *contacts,
                               json_t *list)
{
    AUTO(arena_close) struct arena arena = {0};
    const struct party *party = NULL;
    json_t *row = NULL;
    for (size_t i = 0; i < view->count; i++) {
        const struct shown *shown = &view->shown[i];
        if (!shown_is_lacking(shown)) {
            continue;
        }
        if (shown->party != party) {
            enum err err = reminder_json(view, contacts, shown->party, &arena, &row);
            if (err != ERR_OK) {
                return err;
            }
            party = shown->party;
            json_array_append_new(list, row);
        }
        char key[PERIOD_KEY_MAX + 1];
        period_format(&shown->duty.period, key);
        json_t *report = json_pack(
            "{s:s,s:s,s:s,s:s,s:I}", "type", report_type_name(shown->duty.type), "period", key,
            "progress", progress_name(shown->cell.progress), "timeliness",
            timeliness_name(shown->cell.timeliness), "late_s", (json_int_t)shown->cell.late_s);
        set_time(report, "since", shown->duty.due_us);
        json_array_append_new(json_object_get(row, "reports"), report);
    }
    return ERR_OK;
}

static void set_back(json_t *json, const struct period_view *view)
{
    const struct lost_history *lost = sector_lost(view->sector);
    if (lost->seq != 0) {
        json_t *back = json_object();
        json_object_set_new(back, "missing", json_integer((json_int_t)view->missing));
        json_object_set_new(back, "record", json_integer((json_int_t)lost->seq));
        set_time(back, "replaced", lost->time_us);
        json_object_set_new(json, "back", back);
    }
}

enum err period_view_json(const struct period_view *view, const struct contacts_of *contacts,
                          json_t **ret_json)
{
    char key[PERIOD_KEY_MAX + 1];
    struct closed closed = docket_closed(sector_docket(view->sector), view->month.end_day);
    json_t *json = json_object();
    json_t *reminders = json_array();
    if (json == NULL || reminders == NULL) {
        json_decref(json);
        json_decref(reminders);
        return ERR_MEMORY;
    }
    period_format(&view->month, key);
    json_object_set_new(json, "period", json_string(key));
    json_object_set_new(json, "state", json_string(closing_name(closed.state)));
    if (closed.act != NULL) {
        set_time(json, "state_since", closed.time_us);
        set_text(json, "reason", closed.reason);
        set_text(json, "despite", closed.act->despite);
        set_time(json, "closed_known_at", closed.act->known_at_us);
        json_object_set_new(json, "closed_at_seq",
                            json_integer((json_int_t)closed.act->position->size));
    }
    json_object_set_new(json, "record", json_integer((json_int_t)view->at_seq));
    set_time(json, "known_at", sector_known_at(view->sector));
    json_object_set_new(json, "institutions_expected", json_integer((json_int_t)view->expected));
    json_object_set_new(json, "reports_expected", json_integer((json_int_t)view->count));
    set_counts(json, view);
    set_back(json, view);
    json_object_set_new(json, "institutions", institutions_json(view));
    enum err err = reminders_json(view, contacts, reminders);
    json_object_set_new(json, "reminders", reminders);
    if (err != ERR_OK) {
        json_decref(json);
        return err;
    }
    *ret_json = json;
    return ERR_OK;
}
