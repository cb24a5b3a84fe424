/* Histories of a sector as unit tests write them down: events and sightings, fed to a sector as of
 * a record, as known at a time, in any order. */
#ifndef IHURIRO_TESTS_SUPPORT_HISTORIES_H
#define IHURIRO_TESTS_SUPPORT_HISTORIES_H

#include "proto/sector.h"

#include "tests/support/samples.h"

#define HISTORY_MAX 1024

struct history {
    struct arena arena;
    struct header headers[HISTORY_MAX]; /* by seq - 1 */
    const PbEvent *events[HISTORY_MAX]; /* NULL: a report */
    struct sighting sightings[HISTORY_MAX];
    const PbReport *bodies[HISTORY_MAX];
    size_t count;
    int64_t now_us; /* what is put down next was received then */
};

#define SECOND_US INT64_C(1000000)
#define HOUR_US   (3600 * SECOND_US)
#define DAY_OF_US (24 * HOUR_US)

static inline char *words(const char *text)
{
    return (char *)(uintptr_t)text; /* packed only */
}

static inline int64_t time_of(const char *text)
{
    int64_t time_us = 0;
    assert_int_equal(time_parse(text, &time_us), ERR_OK);
    return time_us;
}

static inline int32_t date_of(const char *text)
{
    int32_t day = 0;
    assert_int_equal(day_parse(text, &day), ERR_OK);
    return day;
}

static inline struct period key_of(const char *key)
{
    struct period period;
    assert_int_equal(period_parse(key, &period), ERR_OK);
    return period;
}

/* Puts down an event; its own time is now unless it says another. */
static inline void happens(struct history *history, const char *subject, PbEvent *event)
{
    AUTO(buffer_close) struct buffer raw = {0};
    uint8_t nonce[16] = {0};
    size_t at = history->count++;
    assert_true(at < HISTORY_MAX);
    put_u64(nonce, at);
    event->subject = words(subject);
    event->nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    event->time_us = event->time_us != 0 ? event->time_us : history->now_us;
    struct header *header = &history->headers[at];
    *header = (struct header){
        .kind = (uint8_t)event_kind(event),
        .seq = at + 1,
        .received_at_us = history->now_us,
        .first_received_at_us = event->time_us,
    };
    if (subject != NULL) {
        memcpy(header->institution, subject, strlen(subject));
    }
    assert_int_equal(message_pack(&event->base, &raw), ERR_OK);
    sha256(buffer_bytes(&raw), header->id);
    history->arena.budget = (size_t)64 << 20;
    assert_int_equal(MESSAGE_UNPACK(event, MESSAGE_TOLERANT, buffer_bytes(&raw), &history->arena,
                                    &history->events[at]),
                     ERR_OK);
}

static inline void member_comes(struct history *history, const char *id, const char *category,
                                const char *reports_from)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    party.has_role = 1;
    party.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    party.name = words(id);
    party.category = words(category);
    party.currency = words("RWF");
    party.has_reports_from_day = reports_from != NULL;
    party.reports_from_day = reports_from != NULL ? date_of(reports_from) : 0;
    event.party = &party;
    happens(history, id, &event);
}

struct obligation_row {
    const char *type;
    const char *frequency;
    uint32_t due_days; /* at 15:00 UTC */
    uint32_t grace_hours;
    bool wants_final;
    const char *category; /* NULL: all */
    uint32_t remind_hours;
    uint32_t escalate_hours;
};

/* With one prudential limit; or none, NULL. */
static inline void settings_with_limit_come(struct history *history,
                                            const struct obligation_row *rows, size_t count,
                                            Ihuriro__V1__PrudentialLimit *limit)
{
    PbObligation obligations[8];
    PbObligation *list[8];
    char *categories[8];
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++) {
        PbObligation *row = list[i] = &obligations[i];
        *row = (PbObligation)IHURIRO__V1__OBLIGATION__INIT;
        row->id = words(rows[i].type);
        row->type = words(rows[i].type);
        row->frequency = words(rows[i].frequency);
        row->wants = rows[i].wants_final ? IHURIRO__V1__OBLIGATION__WANTS__FINAL
                                         : IHURIRO__V1__OBLIGATION__WANTS__ANY;
        row->due_days = rows[i].due_days;
        row->due_minutes = 15 * 60;
        row->has_grace_hours = 1;
        row->grace_hours = rows[i].grace_hours;
        row->has_remind_hours = rows[i].remind_hours > 0;
        row->remind_hours = rows[i].remind_hours;
        row->has_escalate_hours = rows[i].escalate_hours > 0;
        row->escalate_hours = rows[i].escalate_hours;
        categories[i] = words(rows[i].category);
        row->n_categories = rows[i].category != NULL;
        row->categories = &categories[i];
    }
    settings.format = 1;
    settings.country = words("RW");
    settings.version = words("for tests");
    settings.n_obligations = count;
    settings.obligations = list;
    settings.n_limits = limit != NULL;
    settings.limits = &limit;
    event.settings = &settings;
    happens(history, NULL, &event);
}

static inline void settings_come(struct history *history, const struct obligation_row *rows,
                                 size_t count)
{
    settings_with_limit_come(history, rows, count, NULL);
}

struct report_row_of {
    const char *institution;
    int type;
    const char *key;
    uint32_t vintage;    /* 0: 1 */
    int verdict;         /* 0: accepted */
    bool is_provisional; /* else final */
    bool is_earlier;     /* an EARLIER_RECEIPT */
    int64_t first_us;    /* 0: now */
    uint8_t id;          /* 0: its own */
};

/* A report is received. Its seq. */
static inline uint64_t report_comes(struct history *history, const struct report_row_of *row)
{
    size_t at = history->count++;
    struct period period = key_of(row->key);
    struct header *header = &history->headers[at];
    assert_true(at < HISTORY_MAX);
    *header = (struct header){
        .kind = row->is_earlier ? KIND_EARLIER_RECEIPT : KIND_REPORT,
        .seq = at + 1,
        .type = (uint8_t)row->type,
        .frequency = (uint8_t)period.frequency,
        .verdict = row->verdict != 0 ? (uint8_t)row->verdict : VERDICT_ACCEPTED,
        .status = row->is_provisional ? 1 : 2,
        .period_end_day = period.end_day,
        .vintage = row->vintage != 0 ? row->vintage : 1,
        .received_at_us = history->now_us,
        .first_received_at_us = row->first_us != 0 ? row->first_us : history->now_us,
    };
    memcpy(header->institution, row->institution, strlen(row->institution));
    put_u64(header->id, row->id != 0 ? row->id : 1000 + at);
    struct sighting *sighting = &history->sightings[at];
    *sighting = (struct sighting){
        .seq = header->seq,
        .kind = header->kind,
        .type = header->type,
        .frequency = header->frequency,
        .verdict = header->verdict,
        .status = header->status,
        .vintage = header->vintage,
        .end_day = header->period_end_day,
        .first_received_at_us = header->first_received_at_us,
    };
    memcpy(sighting->id, header->id, SHA256_BYTES);
    memcpy(sighting->institution, header->institution, sizeof sighting->institution);
    return header->seq;
}

static inline enum err history_body(void *context, uint64_t seq, struct arena *arena,
                                    const PbReport **ret_report)
{
    const struct history *history = context;
    (void)arena;
    *ret_report = history->bodies[seq - 1];
    return ERR_OK;
}

static inline void feed_one(struct sector *sector, const struct history *history, size_t at)
{
    if (history->events[at] == NULL) {
        assert_int_equal(sector_report(sector, &history->sightings[at]), ERR_OK);
    } else if (sector_wants(history->headers[at].kind)) {
        assert_int_equal(sector_event(sector, &history->headers[at], history->events[at]), ERR_OK);
    }
}

/* As of record `until`, as known at T; fed in the order of `order` (NULL: as it happened). */
static inline struct sector *sector_of(struct history *history, size_t until, int64_t known_at_us,
                                       const size_t *order)
{
    struct sector *sector = NULL;
    struct sector_terms terms = {
        .known_at_us = known_at_us, .body = history_body, .body_context = history};
    assert_int_equal(sector_make(&terms, &sector), ERR_OK);
    for (size_t i = 0; i < history->count; i++) {
        size_t at = order != NULL ? order[i] : i;
        if (at < until) {
            feed_one(sector, history, at);
        }
    }
    assert_int_equal(sector_seal(sector), ERR_OK);
    return sector;
}

static inline void history_close(struct history *history)
{
    arena_close(&history->arena);
    *history = (struct history){.count = 0};
}

#endif
