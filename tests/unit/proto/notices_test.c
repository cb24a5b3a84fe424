/* Notices, by hand-made histories: what passes by itself, what a record brings, and that the way
 * between two cursors gives the same in one walk as in many. */
#include "proto/notices.h"
#include "proto/prudential.h"

#include <stdio.h>

#include "tests/support/histories.h"
#include "tests/support/reports.h"

static struct history history;
static struct arena reports;
static struct buffer judgements[HISTORY_MAX]; /* by seq - 1 */

static const struct obligation_row monthly[] = {
    {.type = "PORTFOLIO",
     .frequency = "M",
     .due_days = 10,
     .grace_hours = 24,
     .remind_hours = 48,
     .escalate_hours = 72},
};

static int set_up(void **state)
{
    (void)state;
    reports.budget = (size_t)64 << 20;
    history.now_us = time_of("2020-05-01T00:00:00Z");
    settings_come(&history, monthly, 1);
    member_comes(&history, "A", "USACCO", "2020-06-01");
    member_comes(&history, "B", "MF", "2020-06-01");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    history_close(&history);
    arena_close(&reports);
    for (size_t i = 0; i < HISTORY_MAX; i++) {
        buffer_close(&judgements[i]);
    }
    return 0;
}

/* ---- a walk over the history ---- */

static enum err record_of(void *context, uint64_t seq, struct record *ret_record)
{
    static struct buffer raw;
    struct history *of = context;
    if (seq == 0 || seq > of->count) {
        return ERR_NOT_FOUND;
    }
    buffer_clear(&raw);
    *ret_record = (struct record){.header = of->headers[seq - 1]};
    ret_record->judgement = buffer_bytes(&judgements[seq - 1]);
    if (of->events[seq - 1] != NULL) {
        assert_int_equal(message_pack(&of->events[seq - 1]->base, &raw), ERR_OK);
        ret_record->body = buffer_bytes(&raw);
    }
    return ERR_OK;
}

static enum err place_of(void *context, const char *institution, int type, int frequency,
                         int32_t end_day, uint64_t until, struct sightings *place)
{
    const struct history *of = context;
    for (size_t i = 0; i < of->count && i < until; i++) {
        const struct sighting *sighting = &of->sightings[i];
        if (sighting->seq != 0 && sighting->type == type && sighting->frequency == frequency &&
            sighting->end_day == end_day && strcmp(sighting->institution, institution) == 0) {
            assert_int_equal(sightings_add(place, sighting), ERR_OK);
        }
    }
    return ERR_OK;
}

static char shown[1 << 20];
static size_t shown_bytes;
static size_t units_left; /* the sink is full after so many */

/* "2020-07-10T15:00:00Z OVERDUE B PORTFOLIO 2020-06", and what else there is. */
static void show(const struct notice *notice)
{
    char time[TIME_TEXT_MAX + 1];
    time_format(notice->time_us, time);
    int length = snprintf(shown + shown_bytes, sizeof shown - shown_bytes, "%s %s %s %s %s", time,
                          notice_kind_name(notice->kind), notice->institution,
                          report_type_name(notice->type), notice->period);
    shown_bytes += (size_t)length;
    if (notice->late_s > 0) {
        shown_bytes += (size_t)snprintf(shown + shown_bytes, sizeof shown - shown_bytes, " %lld s",
                                        (long long)notice->late_s);
    }
    if (notice->limit != NULL) {
        shown_bytes += (size_t)snprintf(shown + shown_bytes, sizeof shown - shown_bytes,
                                        " %s %s %lld of %lld", notice->limit, notice->ratio,
                                        (long long)notice->value, (long long)notice->bound);
    }
    if (notice->text != NULL) {
        shown_bytes += (size_t)snprintf(shown + shown_bytes, sizeof shown - shown_bytes, " (%s)",
                                        notice->text);
    }
    shown_bytes += (size_t)snprintf(shown + shown_bytes, sizeof shown - shown_bytes, "\n");
    assert_true(shown_bytes < sizeof shown);
}

static enum err put(void *context, const struct notice *notices, size_t count)
{
    (void)context;
    if (units_left == 0) {
        return ERR_TOO_LARGE;
    }
    units_left--;
    for (size_t i = 0; i < count; i++) {
        show(&notices[i]);
    }
    return ERR_OK;
}

/* A walk that begins anew at the cursor, as at a hub that was started there. */
static struct notice_walk *walk_from(const struct notice_cursor *cursor)
{
    struct notice_walk *walk = NULL;
    struct notice_source source = {&history, record_of, place_of, history_body};
    assert_int_equal(notice_walk_make(&source, &walk), ERR_OK);
    for (size_t i = 0; i < history.count && i < cursor->seq; i++) {
        if (history.events[i] != NULL && sector_wants(history.headers[i].kind)) {
            assert_int_equal(
                sector_event(notice_walk_sector(walk), &history.headers[i], history.events[i]),
                ERR_OK);
        }
    }
    assert_int_equal(sector_seal(notice_walk_sector(walk)), ERR_OK);
    return walk;
}

/* To (seq, time), in steps of a budget and a sink that takes so many units. */
static void go(struct notice_cursor *cursor, uint64_t seq, int64_t time_us, size_t budget,
               size_t units)
{
    struct notice_end end = {seq, time_us};
    struct notice_walk *walk = walk_from(cursor);
    int64_t next_us = INT64_MIN;
    for (size_t steps = 0; next_us == INT64_MIN; steps++) {
        size_t left = budget;
        bool is_full = false;
        units_left = units;
        assert_int_equal(notice_walk_step(walk, &end, put, NULL, &left, cursor, &is_full, &next_us),
                         ERR_OK);
        assert_true(steps < 1000000);
    }
    assert_true(next_us > time_us);
    notice_walk_close(&walk);
}

/* What the whole history brings, up to a time. */
static const char *notices_to(const char *time)
{
    struct notice_cursor cursor = {.seq = 0};
    shown_bytes = 0;
    shown[0] = '\0';
    go(&cursor, history.count, time_of(time), 1000, SIZE_MAX);
    return shown;
}

static uint64_t report_at(const char *institution, const char *key, const char *time)
{
    struct report_row_of row = {.institution = institution, .type = TYPE_PORTFOLIO, .key = key};
    history.now_us = time_of(time);
    return report_comes(&history, &row);
}

/* ---- what passes by itself ---- */

static void who_has_not_reported_is_reminded_overdue_and_told_of_and_who_has_is_not(void **state)
{
    (void)state;
    report_at("A", "2020-06", "2020-07-03T10:00:00Z");
    assert_string_equal(notices_to("2020-08-01T00:00:00Z"),
                        "2020-07-08T15:00:00Z due_soon B PORTFOLIO 2020-06\n"
                        "2020-07-11T15:00:00Z overdue B PORTFOLIO 2020-06 86400 s\n"
                        "2020-07-13T15:00:00Z escalated B PORTFOLIO 2020-06 259200 s\n");
}

static void an_instant_comes_before_a_record_of_the_same_time(void **state)
{
    (void)state;
    report_at("A", "2020-06", "2020-07-08T15:00:00Z"); /* just when the reminder is due */
    report_at("B", "2020-06", "2020-07-11T15:00:00Z"); /* and the grace over */
    assert_string_equal(notices_to("2020-07-12T00:00:00Z"),
                        "2020-07-08T15:00:00Z due_soon A PORTFOLIO 2020-06\n"
                        "2020-07-08T15:00:00Z due_soon B PORTFOLIO 2020-06\n"
                        "2020-07-11T15:00:00Z overdue B PORTFOLIO 2020-06 86400 s\n"
                        "2020-07-11T15:00:00Z late B PORTFOLIO 2020-06 86400 s\n");
}

static void without_grace_what_comes_in_the_microsecond_it_is_due_is_in_time(void **state)
{
    (void)state;
    static const struct obligation_row strict = {
        .type = "PORTFOLIO", .frequency = "M", .due_days = 10};
    settings_come(&history, &strict, 1);
    report_at("A", "2020-06", "2020-07-10T15:00:00Z");
    assert_string_equal(notices_to("2020-07-12T00:00:00Z"),
                        "2020-07-10T15:00:00.000001Z overdue B PORTFOLIO 2020-06 1 s\n");
}

static void waive(const char *institution, const char *key, size_t types, bool is_withdrawn,
                  const char *time)
{
    Ihuriro__V1__Waived waived = IHURIRO__V1__WAIVED__INIT;
    Ihuriro__V1__ReportType type = IHURIRO__V1__REPORT_TYPE__PORTFOLIO;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    waived.types = &type;
    waived.n_types = types; /* 0: all */
    waived.period = words(key);
    waived.reason = words("a flood");
    waived.has_withdrawn = waived.withdrawn = is_withdrawn;
    event.waived = &waived;
    history.now_us = time_of(time);
    happens(&history, institution, &event);
}

static void a_waiver_is_told_once_and_excuses_from_then_on(void **state)
{
    (void)state;
    report_at("A", "2020-06", "2020-07-03T10:00:00Z");
    waive("B", "2020-06", 0, false, "2020-07-09T10:00:00Z");
    report_at("B", "2020-06", "2020-07-20T10:00:00Z");
    assert_string_equal(notices_to("2020-08-01T00:00:00Z"),
                        "2020-07-08T15:00:00Z due_soon B PORTFOLIO 2020-06\n"
                        "2020-07-09T10:00:00Z waiver B ? 2020-06 (a flood)\n");
}

static void what_a_withdrawn_waiver_excused_is_overdue_again(void **state)
{
    (void)state;
    report_at("A", "2020-06", "2020-07-03T10:00:00Z");
    waive("B", "2020-06", 1, false, "2020-07-04T10:00:00Z");
    waive("B", "2020-06", 1, true, "2020-07-09T10:00:00Z");
    assert_string_equal(notices_to("2020-07-12T00:00:00Z"),
                        "2020-07-04T10:00:00Z waiver B PORTFOLIO 2020-06 (a flood)\n"
                        "2020-07-11T15:00:00Z overdue B PORTFOLIO 2020-06 86400 s\n");
}

static void nobody_is_overdue_whose_reports_the_hub_lost_and_who_is_not_back(void **state)
{
    (void)state;
    Ihuriro__V1__Restored restored = IHURIRO__V1__RESTORED__INIT;
    Ihuriro__V1__Back back = IHURIRO__V1__BACK__INIT;
    PbPosition survived = IHURIRO__V1__POSITION__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    history.now_us = time_of("2020-07-01T00:00:00Z");
    restored.survived = &survived;
    event.restored = &restored;
    happens(&history, NULL, &event);
    event = (PbEvent)IHURIRO__V1__EVENT__INIT;
    event.back = &back;
    happens(&history, "B", &event);
    assert_string_equal(notices_to("2020-07-12T00:00:00Z"),
                        "2020-07-08T15:00:00Z due_soon A PORTFOLIO 2020-06\n"
                        "2020-07-08T15:00:00Z due_soon B PORTFOLIO 2020-06\n"
                        "2020-07-11T15:00:00Z overdue B PORTFOLIO 2020-06 86400 s\n");
}

/* ---- what a record brings ---- */

static void
only_the_first_report_that_satisfies_is_late_and_not_if_it_came_in_time_once(void **state)
{
    (void)state;
    struct report_row_of row = {.institution = "B", .type = TYPE_PORTFOLIO, .key = "2020-06"};
    report_at("A", "2020-06", "2020-07-15T10:00:00Z");
    report_at("A", "2020-06", "2020-07-16T10:00:00Z");
    history.now_us = time_of("2020-07-17T10:00:00Z");
    row.first_us = time_of("2020-07-02T10:00:00Z"); /* after a restore: its receipt says so */
    report_comes(&history, &row);
    notices_to("2020-08-01T00:00:00Z");
    assert_non_null(strstr(shown, "2020-07-15T10:00:00Z late A PORTFOLIO 2020-06 414000 s\n"));
    assert_null(strstr(shown, "2020-07-16"));
    assert_null(strstr(shown, "late B"));
}

static void close_month(const char *time)
{
    Ihuriro__V1__Closed closed = IHURIRO__V1__CLOSED__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    static uint8_t hash[SHA256_BYTES];
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    history.now_us = time_of(time);
    position.size = history.count;
    position.root = pb_of_bytes(bytes_of(hash, sizeof hash));
    closed.period = words("2020-06");
    closed.known_at_us = history.now_us;
    closed.position = &position;
    closed.ids_hash = pb_of_bytes(bytes_of(hash, sizeof hash));
    event.closed = &closed;
    happens(&history, NULL, &event);
}

static void a_correction_after_the_close_is_told_and_a_late_first_report_is_late(void **state)
{
    (void)state;
    struct report_row_of row = {
        .institution = "A", .type = TYPE_PORTFOLIO, .key = "2020-06", .vintage = 2, .id = 9};
    report_at("A", "2020-06", "2020-07-03T10:00:00Z");
    close_month("2020-07-20T10:00:00Z");
    report_at("B", "2020-06", "2020-07-21T10:00:00Z");
    history.now_us = time_of("2020-07-22T10:00:00Z");
    report_comes(&history, &row);
    row.is_earlier = true; /* the same one, as another history had it */
    history.now_us = time_of("2020-07-23T10:00:00Z");
    report_comes(&history, &row);
    const char *from = strstr(notices_to("2020-08-01T00:00:00Z"), "2020-07-21");
    assert_non_null(from);
    assert_string_equal(from, "2020-07-21T10:00:00Z late B PORTFOLIO 2020-06 932400 s\n"
                              "2020-07-22T10:00:00Z corrected_after_close A PORTFOLIO 2020-06\n");
}

static void judged_with(uint64_t seq, const char *rule)
{
    Ihuriro__V1__Finding finding = IHURIRO__V1__FINDING__INIT;
    Ihuriro__V1__Finding *findings[] = {&finding};
    Ihuriro__V1__Judgement judgement = IHURIRO__V1__JUDGEMENT__INIT;
    finding.rule = words(rule);
    finding.severity = IHURIRO__V1__SEVERITY__WARNING;
    judgement.findings = findings;
    judgement.n_findings = 1;
    assert_int_equal(message_pack(&judgement.base, &judgements[seq - 1]), ERR_OK);
}

static void a_run_and_urgent_liquidity_are_told_once_an_accepted_report(void **state)
{
    (void)state;
    struct report_row_of row = {
        .institution = "A", .type = TYPE_LIQUIDITY, .key = "2020-06", .id = 5};
    history.now_us = time_of("2020-07-01T10:00:00Z");
    judged_with(report_comes(&history, &row), "LIQ-10");
    row.is_earlier = true;
    history.now_us = time_of("2020-07-02T10:00:00Z");
    judged_with(report_comes(&history, &row), "LIQ-10");
    row = (struct report_row_of){.institution = "B", .type = TYPE_LIQUIDITY, .key = "2020-06"};
    history.now_us = time_of("2020-07-03T10:00:00Z");
    row.verdict = VERDICT_REJECTED;
    judged_with(report_comes(&history, &row), "LIQ-11");
    row.verdict = VERDICT_ACCEPTED_WITH_WARNINGS;
    judged_with(report_comes(&history, &row), "LIQ-11");
    assert_string_equal(notices_to("2020-07-04T00:00:00Z"),
                        "2020-07-01T10:00:00Z run_alert A LIQUIDITY 2020-06 (LIQ-10)\n"
                        "2020-07-03T10:00:00Z urgent_liquidity B LIQUIDITY 2020-06 (LIQ-11)\n");
}

/* ---- limits ---- */

static void limit_comes(const char *confirmed)
{
    PbPrudentialLimit limit = IHURIRO__V1__PRUDENTIAL_LIMIT__INIT;
    limit.id = words("CASH");
    limit.ratio = words("R12");
    limit.direction = IHURIRO__V1__PRUDENTIAL_LIMIT__DIRECTION__MIN;
    limit.has_red = 1;
    limit.red = 100;
    limit.confirmed = words(confirmed);
    settings_with_limit_come(&history, NULL, 0, &limit);
}

/* A LIQUIDITY whose cash is so many basis points of its deposits. */
static void liquidity(const char *key, int64_t cash_bp, const char *time)
{
    PbReport *report = report_of_liquidity(&reports, "A", key, 1);
    struct report_row_of row = {.institution = "A", .type = TYPE_LIQUIDITY, .key = key};
    int64_t deposits = 0;
    static uint32_t vintage;
    row.vintage = ++vintage;
    assert_true(deposits_total(report->liquidity, &deposits));
    report->liquidity->central_bank = report->liquidity->bank_demand = 0;
    report->liquidity->emoney = 0;
    report->liquidity->cash = deposits / 10000 * cash_bp;
    history.now_us = time_of(time);
    uint64_t seq = report_comes(&history, &row);
    history.bodies[seq - 1] = report;
}

static void a_limit_is_told_of_when_it_is_crossed_and_when_it_is_kept_again(void **state)
{
    (void)state;
    limit_comes("the board, 2020-05-02, letter 7");
    liquidity("2020-06", 200, "2020-07-03T10:00:00Z");
    liquidity("2020-07", 90, "2020-08-03T10:00:00Z");
    liquidity("2020-08", 80, "2020-09-03T10:00:00Z"); /* still */
    liquidity("2020-06", 50, "2020-09-04T10:00:00Z"); /* of the past */
    liquidity("2020-10", 150, "2020-11-03T10:00:00Z");
    liquidity("2020-10", 10, "2020-11-04T10:00:00Z"); /* corrected */
    assert_string_equal(notices_to("2020-12-01T00:00:00Z"),
                        "2020-08-03T10:00:00Z breach A LIQUIDITY 2020-07 CASH R12 90 of 100\n"
                        "2020-11-03T10:00:00Z cleared A LIQUIDITY 2020-10 CASH R12 150 of 100\n"
                        "2020-11-04T10:00:00Z breach A LIQUIDITY 2020-10 CASH R12 10 of 100\n");
}

static void a_limit_that_nobody_confirmed_is_not_told_of(void **state)
{
    (void)state;
    limit_comes("");
    liquidity("2020-06", 50, "2020-07-03T10:00:00Z");
    assert_string_equal(notices_to("2020-12-01T00:00:00Z"), "");
}

static void the_limit_of_a_day_is_looked_at_by_the_days_own_report(void **state)
{
    (void)state;
    limit_comes("the board");
    liquidity("2020-06-10", 200, "2020-06-11T10:00:00Z");
    liquidity("2020-06-12", 50, "2020-06-13T10:00:00Z");
    assert_string_equal(notices_to("2020-12-01T00:00:00Z"),
                        "2020-06-13T10:00:00Z breach A LIQUIDITY 2020-06-12 CASH R12 50 of 100\n");
}

/* ---- walks add up ---- */

static unsigned random_seed;

static unsigned random_below(unsigned below)
{
    random_seed = random_seed * 1103515245 + 12345;
    return (random_seed >> 8) % below;
}

static void random_record(void)
{
    static const char *const ids[] = {"A", "B", "C", "D"};
    static const char *const keys[] = {"2020-05", "2020-06", "2020-07"};
    static const struct obligation_row other = {.type = "PORTFOLIO",
                                                .frequency = "M",
                                                .due_days = 8,
                                                .remind_hours = 24,
                                                .escalate_hours = 24};
    const char *id = ids[random_below(4)];
    const char *key = keys[random_below(3)];
    char time[TIME_TEXT_MAX + 1];
    history.now_us += (int64_t)random_below(72 * 3600) * 1000000;
    history.now_us -= random_below(3) == 0 ? history.now_us % HOUR_US : 0; /* often at an instant */
    history.now_us =
        history.count > 0 && history.now_us < history.headers[history.count - 1].received_at_us
            ? history.headers[history.count - 1].received_at_us
            : history.now_us;
    time_format(history.now_us, time);
    switch (random_below(12)) {
    case 0:
        member_comes(&history, id, "MF", "2020-05-01");
        break;
    case 1:
        waive(id, key, random_below(2), random_below(3) == 0, time);
        break;
    case 2:
        settings_come(&history, random_below(2) == 0 ? &other : monthly, 1);
        break;
    case 3:
        close_month(time);
        break;
    default: {
        struct report_row_of row = {.institution = id, .type = TYPE_PORTFOLIO, .key = key};
        row.verdict = random_below(4) == 0 ? VERDICT_REJECTED : VERDICT_ACCEPTED;
        row.vintage = 1 + random_below(3);
        report_comes(&history, &row);
        break;
    }
    }
}

/* In pieces: to random ends, with a walk that begins anew each time, small budgets, small sinks. */
static void go_in_pieces(int64_t end_us)
{
    struct notice_cursor cursor = {.seq = 0};
    shown_bytes = 0;
    shown[0] = '\0';
    while (cursor.seq < history.count || cursor.time_us < end_us) {
        uint64_t seq = cursor.seq + random_below((unsigned)(history.count - cursor.seq) + 1);
        /* As at the hub, no later record is from before the time that a cursor stands at. */
        int64_t next_us = seq < history.count ? history.headers[seq].received_at_us : end_us;
        int64_t last_us = seq > 0 ? history.headers[seq - 1].received_at_us : 0;
        int64_t time_us = random_below(2) == 0 ? next_us : last_us;
        go(&cursor, seq, time_us, 1 + random_below(7), 1 + random_below(2));
    }
}

static size_t count_overdue(void)
{
    size_t count = 0;
    const char *at = shown;
    while ((at = strstr(at, " overdue ")) != NULL) {
        count++;
        at++;
    }
    return count;
}

static size_t records_before(int64_t time_us)
{
    size_t count = 0;
    while (count < history.count && history.headers[count].received_at_us < time_us) {
        count++;
    }
    return count;
}

struct oracle {
    int64_t instant_us;
    size_t found;
};

static enum err find_overdue(void *context, const struct party *party, const struct duty *duty,
                             const struct cell *cell)
{
    struct oracle *oracle = context;
    (void)party;
    oracle->found += cell->timeliness == TIMELINESS_OVERDUE &&
                     duty_instant(duty, DUTY_OVERDUE) == oracle->instant_us;
    return ERR_OK;
}

/* By a sector of its own for each instant: day by day at 15:00, and a microsecond behind. No row of
 * these has another. */
static size_t overdue_by_looking(int64_t end_us)
{
    struct oracle oracle = {0};
    static const char *const months[] = {"2020-05", "2020-06", "2020-07"};
    for (int64_t hour = time_of("2020-06-01T15:00:00Z"); hour <= end_us; hour += DAY_OF_US) {
        for (int64_t instant_us = hour; instant_us <= hour + 1 && instant_us <= end_us;
             instant_us++) {
            struct sector *sector =
                sector_of(&history, records_before(instant_us), instant_us, NULL);
            oracle.instant_us = instant_us;
            for (size_t i = 0; i < 3; i++) {
                struct period month = key_of(months[i]);
                assert_int_equal(sector_cells(sector, &month, find_overdue, &oracle), ERR_OK);
            }
            sector_close(&sector);
        }
    }
    return oracle.found;
}

static void many_short_walks_put_out_what_one_long_one_does(void **state)
{
    static char whole[sizeof shown];
    const int64_t end_us = time_of("2020-08-25T00:00:00Z");
    size_t overdue = 0;
    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        random_seed = round;
        tear_down(NULL);
        set_up(NULL);
        while (history.count < 60 && history.now_us < end_us - 4 * DAY_OF_US) {
            random_record();
        }
        memcpy(whole, notices_to("2020-08-25T00:00:00Z"), sizeof whole);
        assert_int_equal(count_overdue(), overdue_by_looking(end_us));
        overdue += count_overdue();
        go_in_pieces(end_us);
        assert_string_equal(shown, whole);
    }
    printf("300 random histories, %zu notices of what is overdue\n", overdue);
    assert_true(overdue > 300);
}

static void the_names_of_kinds_are_read_as_they_are_written(void **state)
{
    (void)state;
    for (int kind = 1; kind <= IHURIRO__V1__NOTICE__KIND__ESCALATED; kind++) {
        int read = 0;
        assert_int_equal(notice_kind_parse(notice_kind_name(kind), &read), ERR_OK);
        assert_int_equal(read, kind);
    }
    int unused = 0;
    assert_int_equal(notice_kind_parse("nonsense", &unused), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_MEMBERS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        WITH_MEMBERS(who_has_not_reported_is_reminded_overdue_and_told_of_and_who_has_is_not),
        WITH_MEMBERS(an_instant_comes_before_a_record_of_the_same_time),
        WITH_MEMBERS(without_grace_what_comes_in_the_microsecond_it_is_due_is_in_time),
        WITH_MEMBERS(a_waiver_is_told_once_and_excuses_from_then_on),
        WITH_MEMBERS(what_a_withdrawn_waiver_excused_is_overdue_again),
        WITH_MEMBERS(nobody_is_overdue_whose_reports_the_hub_lost_and_who_is_not_back),
        WITH_MEMBERS(only_the_first_report_that_satisfies_is_late_and_not_if_it_came_in_time_once),
        WITH_MEMBERS(a_correction_after_the_close_is_told_and_a_late_first_report_is_late),
        WITH_MEMBERS(a_run_and_urgent_liquidity_are_told_once_an_accepted_report),
        WITH_MEMBERS(a_limit_is_told_of_when_it_is_crossed_and_when_it_is_kept_again),
        WITH_MEMBERS(a_limit_that_nobody_confirmed_is_not_told_of),
        WITH_MEMBERS(the_limit_of_a_day_is_looked_at_by_the_days_own_report),
        WITH_MEMBERS(many_short_walks_put_out_what_one_long_one_does),
        cmocka_unit_test(the_names_of_kinds_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
