#include "agents/mfi/extract.h"

#include <stdio.h>
#include <string.h>

#include "agents/mfi/schedule.h"
#include "conf/clock.h"
#include "conf/log.h"
#include "proto/text.h"

enum { MINUTE_MS = 60 * 1000 };

struct extract {
    struct agent *agent;
    int64_t look_at_ms;
};

/* One look: read once for all institutions. */
struct look {
    struct agent *agent;
    struct arena arena;
    struct agent_settings settings;
    int64_t now_us;
};

void extract_close(struct extract **extract)
{
    free(*extract);
    *extract = NULL;
}

enum err extract_open(struct agent *agent, struct extract **ret_extract)
{
    struct extract *extract = calloc(1, sizeof *extract);
    if (extract == NULL) {
        return ERR_MEMORY;
    }
    extract->agent = agent;
    extract->look_at_ms = INT64_MIN / 2;
    *ret_extract = extract;
    return ERR_OK;
}

static void look_close(struct look *look)
{
    arena_close(&look->arena);
}

static enum err look_open(struct agent *agent, struct look *ret_look)
{
    struct complaint complaint = {{0}};
    *ret_look = (struct look){.agent = agent, .arena = {.budget = (size_t)16 * UNPACK_BUDGET}};
    enum err err = agent_settings(agent, &ret_look->arena, &complaint, &ret_look->settings);
    return err != ERR_OK ? err : agent_now(agent, &ret_look->now_us);
}

/* owed NULL: the hub never said. */
static enum err owed_of(struct look *look, const char *institution, struct arena *arena,
                        const struct owed **ret_owed)
{
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(look->agent->outbox), false, &txn);
    return err != ERR_OK ? err
                         : agent_owed(look->agent, &txn, institution,
                                      look->settings.settings->utc_offset_minutes, look->now_us,
                                      arena, ret_owed);
}

/* ---- what is wrong, for `status` ---- */

/* A text that was cut does not end within a character. */
static void end_whole(char *text, size_t size)
{
    size_t used = strlen(text);
    for (int i = 0; i < 3 && used + 4 > size && !text_is_utf8(bytes_of(text, used)); i++) {
        text[--used] = '\0';
    }
}

static bool is_noted(const struct folder_troubles *troubles, const char *folder)
{
    bool is = false;
    for (size_t i = 0; !is && i < troubles->count; i++) {
        is = strcmp(troubles->items[i].folder, folder) == 0;
    }
    return is;
}

static enum err put_trouble(struct agent *agent, const char *institution,
                            const struct folder_trouble *trouble)
{
    AUTO(free_p) struct folder_troubles *troubles = calloc(1, sizeof *troubles);
    AUTO(txn_end) struct txn txn = {0};
    enum err err = troubles == NULL ? ERR_MEMORY : txn_begin(outbox_env(agent->outbox), true, &txn);
    err = err != ERR_OK ? err : folder_troubles_get(&txn, institution, troubles);
    if (err != ERR_OK || (trouble->text[0] == '\0' && !is_noted(troubles, trouble->folder))) {
        return err;
    }
    err = folder_trouble_put(&txn, institution, trouble);
    return err != ERR_OK ? err : txn_commit(&txn);
}

void trouble_note(struct agent *agent, const char *institution, const char *folder,
                  const char *text)
{
    AUTO(free_p) struct folder_trouble *trouble = calloc(1, sizeof *trouble);
    enum err err = ERR_MEMORY;
    if (trouble != NULL) {
        trouble->at_us = clock_wall_us();
        snprintf(trouble->folder, sizeof trouble->folder, "%s", folder);
        snprintf(trouble->text, sizeof trouble->text, "%s", text != NULL ? text : "");
        end_whole(trouble->folder, sizeof trouble->folder);
        end_whole(trouble->text, sizeof trouble->text);
        err = put_trouble(agent, institution, trouble);
    }
    if (err != ERR_OK) {
        log_event(LOG_ERROR, "note_failed", "error=\"%s\"", err_text(err));
    }
}

/* ---- extracts ---- */

/* What it reports in. */
static const char *currency_of(const struct look *look, const struct conf_institution *institution)
{
    const PbSettings *settings = look->settings.settings;
    return institution->currency != NULL ? institution->currency
           : settings->n_currencies > 0  ? settings->currencies[0]->code
                                         : "XXX";
}

static void make_one(struct look *look, const struct conf_institution *institution,
                     const struct schedule_terms *terms, const struct extraction *extraction)
{
    struct complaint complaint = {{0}};
    char name[EXTRACTION_NAME_MAX];
    char text[600];
    bool is_written = false;
    extraction_name(extraction, terms->utc_offset_minutes, name);
    enum err err =
        extraction_make(extraction, terms, institution->folder, currency_of(look, institution),
                        clock_wall_us(), &complaint, &is_written);
    if (err != ERR_OK) {
        const char *why = complaint.text[0] != '\0' ? complaint.text : err_text(err);
        log_event(LOG_ERROR, "extract_not_begun", "institution=%s extract=%s text=\"%s\"",
                  institution->id, name, log_text(why, text, sizeof text));
        trouble_note(look->agent, institution->id, institution->folder, why);
    } else if (is_written) {
        log_event(LOG_INFO, "extract_begun", "institution=%s extract=%s", institution->id, name);
        trouble_note(look->agent, institution->id, institution->folder, NULL);
    }
}

static enum err look_at(struct look *look, const struct conf_institution *institution)
{
    AUTO(arena_close) struct arena arena = {.budget = (size_t)8 * UNPACK_BUDGET};
    struct extraction extractions[EXTRACTIONS_MAX];
    const struct owed *owed = NULL;
    struct schedule_terms terms = {
        .institution = institution->id,
        .utc_offset_minutes = look->settings.settings->utc_offset_minutes,
        .closed_after_hours = institution->closed_after_hours,
        .types = schedule_types(institution, look->agent->conf.gl.count > 0)};
    enum err err = owed_of(look, institution->id, &arena, &owed);
    if (err != ERR_OK || owed == NULL) {
        return err;
    }
    size_t count = schedule_extractions(owed, &terms, extractions);
    for (size_t i = 0; i < count; i++) {
        if (extractions[i].at_us <= look->now_us) {
            make_one(look, institution, &terms, &extractions[i]);
        }
    }
    return ERR_OK;
}

static bool has_schedule(const struct conf_institution *institution)
{
    return institution->dsn != NULL && institution->folder != NULL;
}

static enum err look_at_all(struct agent *agent)
{
    AUTO(look_close) struct look look = {0};
    const struct conf_institution *items = agent->conf.institutions.items;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < agent->conf.institutions.count; i++) {
        if (has_schedule(&items[i])) {
            err = look.agent == NULL ? look_open(agent, &look) : ERR_OK;
            err = err != ERR_OK ? err : look_at(&look, &items[i]);
        }
    }
    return err;
}

void extract_look(struct extract *extract, int64_t now_ms)
{
    if (now_ms < extract->look_at_ms) {
        return;
    }
    extract->look_at_ms = now_ms + MINUTE_MS;
    enum err err = look_at_all(extract->agent);
    if (err != ERR_OK) {
        log_event_limited(LOG_ERROR, "schedule_failed", 1, "error=\"%s\"", err_text(err));
    }
}

/* ---- the log ---- */

static void tell_orders(const char *institution, const struct owed *owed)
{
    for (size_t i = 0; i < owed->order_count; i++) {
        const struct owed_order *order = &owed->orders[i];
        char id[100];
        bool is_good = order->trust == ORDER_GOOD;
        log_event(is_good ? LOG_INFO : LOG_WARNING, is_good ? "order_followed" : "order_ignored",
                  "institution=%s order=\"%s\" trust=%s", institution,
                  log_text(order->order->id, id, sizeof id), order_trust_name(order->trust));
    }
}

static void tell_owed(const char *institution, const struct owed *owed)
{
    size_t states[OWED_NOT_FOLLOWED + 1] = {0};
    size_t breaches = 0;
    for (size_t i = 0; i < owed->count; i++) {
        states[owed->items[i].state]++;
    }
    for (size_t i = 0; i < owed->breach_count; i++) {
        breaches += owed->breaches[i]->is_breach ? 1 : 0;
    }
    log_event(states[OWED_OVERDUE] > 0 ? LOG_WARNING : LOG_INFO, "owed",
              "institution=%s owed=%zu in_grace=%zu overdue=%zu received=%zu waived=%zu "
              "suspended=%zu breaches=%zu",
              institution, states[OWED_DUE], states[OWED_IN_GRACE], states[OWED_OVERDUE],
              states[OWED_RECEIVED] + states[OWED_RECEIVED_LATE], states[OWED_WAIVED],
              states[OWED_SUSPENDED], breaches);
}

void extract_heard(struct extract *extract, const char *institution)
{
    AUTO(look_close) struct look look = {0};
    AUTO(arena_close) struct arena arena = {.budget = (size_t)8 * UNPACK_BUDGET};
    const struct owed *owed = NULL;
    extract->look_at_ms = INT64_MIN / 2;
    enum err err = look_open(extract->agent, &look);
    err = err != ERR_OK ? err : owed_of(&look, institution, &arena, &owed);
    if (err != ERR_OK || owed == NULL) {
        log_event_limited(LOG_ERROR, "owed_not_read", 1, "institution=%s error=\"%s\"", institution,
                          err_text(err));
        return;
    }
    tell_owed(institution, owed);
    tell_orders(institution, owed);
}
