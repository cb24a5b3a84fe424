#include "tests/sim/sector.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/calendar.h"
#include "tests/sim/judge.h"
#include "tests/sim/totals.h"

#define ARENA_BYTES (16 * 1024 * 1024)
#define MERGED_MAX  32

/* One institution while its months go by. */
struct teller {
    struct sector *sector;
    uint32_t index;
    const struct member *member;
    struct economy *economies[MERGED_MAX]; /* of one institution: its only one */
    size_t economy_count;
    struct snapshot now;
    struct snapshot before;
    struct snapshot frozen; /* PERSONA_FROZEN */
    struct month_days days;
    struct arena arena;
};

/* One report that is owed, and how its sender behaves. */
struct duty {
    int type;
    struct period period;
    struct random random;
    int32_t day;         /* when it is sent first */
    size_t day_of_month; /* of a daily report */
};

static enum err tell_all(struct teller *teller);
static void teller_close(struct teller *teller);
static enum err tell_month(struct teller *teller);
static int compare_submissions(const void *a, const void *b);

enum err sector_make(const struct sector_options *options, struct sector **ret_sector)
{
    AUTO(sector_close) struct sector *sector = calloc(1, sizeof(*sector));
    if (sector == NULL) {
        return ERR_MEMORY;
    }
    sector->options = *options;
    sector->member_count = members_make(options->members, sector->members);
    enum err err = totals_open(sector);
    for (uint32_t i = 0; err == ERR_OK && i < sector->member_count; i++) {
        struct teller teller = {.sector = sector, .index = i, .member = &sector->members[i]};
        teller.arena.budget = ARENA_BYTES;
        err = tell_all(&teller);
        teller_close(&teller);
    }
    if (err != ERR_OK) {
        return err;
    }
    qsort(sector->submissions, sector->count, sizeof(*sector->submissions), compare_submissions);
    err = sector_judge(sector);
    if (err != ERR_OK) {
        return err;
    }
    *ret_sector = STEAL(sector);
    return ERR_OK;
}

static void teller_close(struct teller *teller)
{
    for (size_t i = 0; i < teller->economy_count; i++) {
        economy_close(&teller->economies[i]);
    }
    arena_close(&teller->arena);
}

/* Its own, or those of all that it was made of. */
static enum err open_economies(struct teller *teller)
{
    const struct sector *sector = teller->sector;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sector->member_count; i++) {
        const struct member *member = &sector->members[i];
        bool is_part = teller->member->persona == PERSONA_MERGER ? member_merges(member)
                                                                 : member == teller->member;
        if (is_part && teller->economy_count < MERGED_MAX) {
            err = economy_open(member, sector->options.seed,
                               &teller->economies[teller->economy_count]);
            teller->economy_count += err == ERR_OK ? 1 : 0;
        }
    }
    return err;
}

static void next_month(struct teller *teller)
{
    teller->before = teller->now;
    economy_next(teller->economies[0], &teller->now);
    for (size_t i = 1; i < teller->economy_count; i++) {
        struct snapshot part;
        economy_next(teller->economies[i], &part);
        snapshot_add(&teller->now, &part);
    }
    if (teller->now.month == month_of(2019, 9)) {
        teller->frozen = teller->now;
    }
}

/* All its months; those told in which it exists. */
static enum err tell_all(struct teller *teller)
{
    const struct sector_options *options = &teller->sector->options;
    enum err err = open_economies(teller);
    for (int32_t month = MONTH_FIRST;
         err == ERR_OK && month < options->first_month + options->months; month++) {
        next_month(teller);
        int32_t end_day = teller->now.period.end_day;
        bool is_told = month >= options->first_month && end_day >= teller->member->valid_from_day &&
                       end_day <= teller->member->valid_to_day;
        err = is_told ? tell_month(teller) : ERR_OK;
    }
    return err;
}

static int compare_submissions(const void *a, const void *b)
{
    const struct submission *x = a;
    const struct submission *y = b;
    if (x->sent_at_us != y->sent_at_us) {
        return x->sent_at_us < y->sent_at_us ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

void sector_close(struct sector **sector)
{
    if (*sector == NULL) {
        return;
    }
    buffer_close(&(*sector)->reports);
    free((*sector)->submissions);
    free((*sector)->totals);
    free(*sector);
    *sector = NULL;
}

struct bytes submission_report(const struct sector *sector, const struct submission *submission)
{
    return bytes_of(sector->reports.data + submission->at, submission->size);
}

enum err member_key(const struct sector_options *options, const struct member *member,
                    struct signing_key **ret_key)
{
    char text[96];
    uint8_t seed[SHA256_BYTES];
    int length = snprintf(text, sizeof(text), "ihuriro simulated signing key %llu %s",
                          (unsigned long long)options->seed, member->id);
    sha256(bytes_of(text, (size_t)length), seed);
    return signing_key_from_seed(seed, ret_key);
}

/* ---- one submission ---- */

static enum err add_submission(struct sector *sector, const struct submission *submission)
{
    if (sector->count == sector->capacity) {
        size_t capacity = sector->capacity == 0 ? 1024 : sector->capacity * 2;
        struct submission *more =
            realloc(sector->submissions, capacity * sizeof(*sector->submissions));
        if (more == NULL) {
            return ERR_MEMORY;
        }
        sector->submissions = more;
        sector->capacity = capacity;
    }
    sector->submissions[sector->count] = *submission;
    sector->submissions[sector->count].order = (uint32_t)sector->count;
    sector->count++;
    return ERR_OK;
}

/* The report of a duty from these books, without mistakes. NULL: no memory. */
static PbReport *make_report(struct teller *teller, const struct duty *duty,
                             const struct snapshot *snapshot, int32_t day, uint32_t vintage,
                             int reason)
{
    struct report_head head = {.institution = teller->member->id,
                               .type = duty->type,
                               .period = duty->period,
                               .vintage = vintage,
                               .produced_at_us = send_at_us(day) - INT64_C(1200000000),
                               .reason = reason};
    struct arena *arena = &teller->arena;
    const struct traits *traits = economy_traits(teller->economies[0]);
    PbReport *report = report_make(arena, &head);
    if (report == NULL) {
        return NULL;
    }
    bool has_body = false;
    if (duty->type == TYPE_PORTFOLIO) {
        report->portfolio = portfolio_make(arena, teller->member, traits, snapshot);
        has_body = report->portfolio != NULL;
    } else if (duty->type == TYPE_EXPOSURES) {
        report->exposures = exposures_make(arena, snapshot);
        has_body = report->exposures != NULL;
    } else if (duty->type == TYPE_OPERATIONS) {
        report->operations = operations_make(arena, snapshot);
        has_body = report->operations != NULL;
    } else if (duty->type == TYPE_CAPITAL) {
        report->capital = capital_make(teller->member, arena, snapshot);
        has_body = report->capital != NULL;
    } else {
        struct liquidity_figures figures =
            duty->period.frequency == FREQUENCY_D
                ? liquidity_of_day(snapshot, &teller->days, duty->day_of_month)
                : liquidity_of_month(snapshot, &teller->days);
        report->liquidity = liquidity_make(arena, traits, &figures);
        has_body = report->liquidity != NULL;
    }
    return has_body ? report : NULL;
}

struct sending {
    const struct snapshot *snapshot;
    enum mistake_id mistake;
    int32_t day;
    uint32_t vintage;
    int reason;
};

static enum err send(struct teller *teller, const struct duty *duty, const struct sending *sending)
{
    struct sector *sector = teller->sector;
    arena_reset(&teller->arena);
    PbReport *report = make_report(teller, duty, sending->snapshot, sending->day, sending->vintage,
                                   sending->reason);
    if (report == NULL) {
        return ERR_MEMORY;
    }
    enum err err = mistake_make(sending->mistake, report, &teller->arena);
    struct submission submission = {.member = teller->index,
                                    .type = (uint8_t)duty->type,
                                    .mistake = (uint8_t)sending->mistake,
                                    .expected =
                                        (uint8_t)mistake_expected(sending->mistake, duty->type),
                                    .vintage = sending->vintage,
                                    .period = duty->period,
                                    .sent_at_us = send_at_us(sending->day),
                                    .due_at_us = due_at_us(duty->type, &duty->period),
                                    .at = sector->reports.size,
                                    .rule = mistake_rule(sending->mistake, duty->type)};
    submission.period.start_day = report->period->start_day;
    submission.period.end_day = report->period->end_day;
    err = err != ERR_OK ? err : message_pack(&report->base, &sector->reports);
    if (err != ERR_OK) {
        return err;
    }
    submission.size = sector->reports.size - submission.at;
    return add_submission(sector, &submission);
}

/* The bytes of the last submission once more. */
static enum err send_again(struct teller *teller, int32_t day)
{
    struct submission again = teller->sector->submissions[teller->sector->count - 1];
    again.mistake = MISTAKE_TWICE;
    again.expected = EXPECT_REPEATED;
    again.rule = "";
    again.sent_at_us = send_at_us(day);
    return add_submission(teller->sector, &again);
}

/* ---- how a sender behaves ---- */

static int32_t days_later(struct random *random, int32_t day, int64_t least, int64_t most)
{
    return not_sunday(day + (int32_t)random_between(random, least, most));
}

/* When the first report of the duty is sent. */
static int32_t first_day(const struct teller *teller, struct duty *duty)
{
    int32_t due = due_day(duty->type, &duty->period);
    int32_t h = teller->now.month - MONTH_SHOCK;
    double on_time = category_traits[teller->member->category].on_time;
    if (h >= 0 && h < 5 && teller->member->category < CATEGORY_MF) {
        on_time = 0.65;
    }
    if (teller->member->persona == PERSONA_LATE) {
        return not_sunday(due + 3);
    }
    if (!teller->sector->options.is_flawless && !random_chance(&duty->random, on_time)) {
        int64_t late = 1 + random_geometric(&duty->random, 3.0);
        return not_sunday(due + (int32_t)(late < 60 ? late : 60));
    }
    if (duty->type == TYPE_LIQUIDITY) {
        return due;
    }
    /* OPERATIONS may be due on the day after the period's end. */
    int32_t ahead = due - duty->period.end_day - 1;
    int32_t day = due - (int32_t)random_between(&duty->random, 0, ahead < 8 ? ahead : 8);
    if (day_of_week(day) < 7) {
        return day;
    }
    return day - 1 > duty->period.end_day ? day - 1 : day + 1;
}

static enum mistake_id draw_mistake(const struct teller *teller, struct duty *duty)
{
    const struct member *member = teller->member;
    bool is_first = teller->now.month == teller->sector->options.first_month;
    bool is_frozen =
        teller->now.month > month_of(2019, 9) && teller->now.month <= month_of(2020, 1);
    if (teller->sector->options.is_flawless || member->persona == PERSONA_LATE) {
        return MISTAKE_NONE;
    }
    if (member->persona == PERSONA_THOUSANDFOLD && is_first && duty->type == TYPE_PORTFOLIO) {
        return MISTAKE_THOUSANDFOLD;
    }
    if (member->persona == PERSONA_FROZEN && is_frozen &&
        (duty->type == TYPE_PORTFOLIO || duty->type == TYPE_CAPITAL)) {
        return MISTAKE_STALE;
    }
    if (!random_chance(&duty->random, 0.02)) {
        return MISTAKE_NONE;
    }
    for (int tries = 0; tries < 64; tries++) {
        size_t id = 1 + random_below(&duty->random, MISTAKES - 1);
        bool is_fit = (mistakes[id].types & (1U << duty->type)) != 0 &&
                      (!mistakes[id].is_monthly || duty->period.frequency == FREQUENCY_M) &&
                      (id != MISTAKE_PERIOD_FUTURE || duty->day < duty->period.end_day + 20);
        if (is_fit) {
            return (enum mistake_id)id;
        }
    }
    return MISTAKE_NONE;
}

/* Figures as they were before a late posting: some francs elsewhere, every identity kept. */
static struct snapshot before_correction(struct random *random, const struct snapshot *right)
{
    struct snapshot s = *right;
    int64_t most =
        s.collected / 3 < s.outstanding[0] / 50 ? s.collected / 3 : s.outstanding[0] / 50;
    int64_t moved = sim_round(sim_clip(random_normal(random, 0.0, 0.5), -1.0, 1.0) * (double)most);
    moved = moved == 0 ? 1 : moved;
    s.outstanding[0] += moved;
    s.glp += moved;
    s.collected -= moved;
    s.collected_on_due = s.collected_on_due < s.collected ? s.collected_on_due : s.collected;
    s.due -= moved;
    int64_t paid = s.withdrawal / 3;
    int64_t kept = sim_round(sim_clip(random_normal(random, 0.0, 0.3), -0.9, 0.9) * (double)paid);
    kept = kept == 0 ? 1 : kept;
    s.deposits += kept;
    s.withdrawal -= kept;
    s.insider += s.insider < s.related ? 1 : 0;
    s.related += 1;
    s.work.complaints += 1;
    s.work.transactions[CHANNELS - 1] += random_between(random, 1, 40);
    /* An invoice that came late. */
    struct balance *b = &s.balance;
    int64_t invoice =
        b->other_opex / 4 < b->other_liabilities / 2 ? b->other_opex / 4 : b->other_liabilities / 2;
    b->other_opex -= invoice;
    b->result += invoice;
    b->other_liabilities -= invoice;
    return s;
}

/* First wrong, then right: repaired under the same vintage when it was rejected or refused, else
 * half of the time corrected under the next. */
static enum err send_wrong(struct teller *teller, struct duty *duty, enum mistake_id mistake)
{
    const struct snapshot *books = &teller->now;
    if (mistake == MISTAKE_STALE) {
        books = teller->member->persona == PERSONA_FROZEN ? &teller->frozen : &teller->before;
    }
    struct sending sending = {books, mistake, duty->day, 1, 0};
    if (mistake == MISTAKE_TWICE) {
        sending.mistake = MISTAKE_NONE;
        enum err err = send(teller, duty, &sending);
        return err != ERR_OK ? err : send_again(teller, days_later(&duty->random, duty->day, 1, 3));
    }
    enum err err = send(teller, duty, &sending);
    enum expected expected = mistake_expected(mistake, duty->type);
    bool is_taken = expected == EXPECT_ACCEPTED || expected == EXPECT_WARNED;
    /* Sums would be absurd for ever, and no sender overlooks it for long. */
    bool is_always = mistake == MISTAKE_THOUSANDFOLD;
    bool is_noticed = random_chance(&duty->random, 0.5) || is_always;
    if (err != ERR_OK || (is_taken && (!is_noticed || teller->member->persona == PERSONA_FROZEN))) {
        return err;
    }
    int32_t day = days_later(&duty->random, duty->day, is_taken ? 3 : 1, is_taken ? 25 : 6);
    struct sending right = {&teller->now, MISTAKE_NONE, day, is_taken ? 2 : 1,
                            is_taken ? IHURIRO__V1__REPORT__REASON__ERROR : 0};
    return send(teller, duty, &right);
}

static enum err tell(struct teller *teller, struct duty *duty)
{
    bool is_flawless = teller->sector->options.is_flawless;
    char stream[64];
    (void)snprintf(stream, sizeof(stream), "%s/%d/%d", teller->member->id, (int)duty->type,
                   (int)(duty->period.end_day * 8 + (int)duty->period.frequency));
    random_open(&duty->random, teller->sector->options.seed, stream);
    bool is_missing = random_chance(&duty->random, 0.03);
    bool is_corrected = random_chance(&duty->random, 0.06);
    if (!is_flawless && is_missing && teller->member->persona == PERSONA_NONE) {
        return ERR_OK;
    }
    duty->day = first_day(teller, duty);
    enum mistake_id mistake = draw_mistake(teller, duty);
    if (mistake != MISTAKE_NONE) {
        return send_wrong(teller, duty, mistake);
    }
    struct sending right = {&teller->now, MISTAKE_NONE, duty->day, 1, 0};
    bool is_daily = duty->period.frequency == FREQUENCY_D;
    if (is_flawless || is_daily || !is_corrected || teller->member->persona == PERSONA_LATE) {
        return send(teller, duty, &right);
    }
    struct snapshot first = before_correction(&duty->random, &teller->now);
    if (duty->type == TYPE_CAPITAL) { /* of loans and deposits as they are */
        struct balance balance = first.balance;
        first = teller->now;
        first.balance = balance;
        balance_derive(teller->member, &first);
    }
    struct sending early = {&first, MISTAKE_NONE, duty->day, 1, 0};
    enum err err = send(teller, duty, &early);
    right.day = days_later(&duty->random, duty->day, 2, 20);
    right.vintage = 2;
    right.reason = IHURIRO__V1__REPORT__REASON__LATE_POSTING;
    return err != ERR_OK ? err : send(teller, duty, &right);
}

/* What one institution owes for a month: EXPOSURES last, as an agent queues it. */
static enum err tell_month(struct teller *teller)
{
    const struct member *member = teller->member;
    struct sector *sector = teller->sector;
    int32_t month = teller->now.month;
    month_days_make(member, sector->options.seed, &teller->now, &teller->days);
    arena_reset(&teller->arena);
    static const int types[] = {TYPE_PORTFOLIO, TYPE_LIQUIDITY, TYPE_OPERATIONS, TYPE_CAPITAL,
                                TYPE_EXPOSURES};
    static const size_t count = sizeof types / sizeof types[0];
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        struct duty duty = {.type = types[i], .period = teller->now.period};
        PbReport *right = make_report(teller, &duty, &teller->now, 0, 1, 0);
        err = right == NULL ? ERR_MEMORY : ERR_OK;
        if (right != NULL) {
            totals_take_truth(sector, teller->index, right);
        }
    }
    bool is_silent = member->persona == PERSONA_SILENT && month >= MONTH_SHOCK;
    bool is_crisis = month >= MONTH_SHOCK && month <= MONTH_SHOCK + 5;
    for (size_t i = 0; err == ERR_OK && !is_silent && i < count; i++) {
        struct duty duty = {.type = types[i], .period = teller->now.period};
        err = tell(teller, &duty);
    }
    bool is_daily = is_crisis && strcmp(member->district, CRISIS_DISTRICT) == 0 &&
                    member->category == CATEGORY_USACCO;
    for (size_t i = 0; err == ERR_OK && is_daily && i < teller->days.count; i++) {
        struct liquidity_figures figures = liquidity_of_day(&teller->now, &teller->days, i);
        struct duty duty = {.type = TYPE_LIQUIDITY, .period = figures.period, .day_of_month = i};
        err = tell(teller, &duty);
    }
    return err;
}
