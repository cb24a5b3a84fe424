/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/country.h"
#include "proto/rules.h"
#include "tests/sim/sector.h"

static struct sector *make(size_t members, int32_t months, bool is_flawless)
{
    struct sector_options options = {.seed = 1,
                                     .first_month = month_of(2019, 1),
                                     .months = months,
                                     .members = members,
                                     .is_flawless = is_flawless};
    struct sector *sector = NULL;
    assert_int_equal(sector_make(&options, &sector), ERR_OK);
    return sector;
}

static const PbSettings *settings_of_rwanda(struct arena *arena)
{
    AUTO(free_p) char *path = NULL;
    PbSettings *settings = NULL;
    assert_int_equal(country_path("rw", &path), ERR_OK);
    assert_int_equal(country_compile(path, arena, NULL, &settings), ERR_OK);
    return settings;
}

static bool has_rule(const struct findings *findings, const char *rule)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->rows[i].rule, rule) == 0) {
            return true;
        }
    }
    return false;
}

static char usacco[] = "USACCO";
static const struct party party_in_francs = {.category = usacco,
                                             .currency = "RWF",
                                             .valid_from_day = INT32_MIN,
                                             .valid_to_day = INT32_MAX,
                                             .ended_day = INT32_MAX};

static enum expected judge(const PbReport *report, const struct submission *submission,
                           const PbSettings *settings, struct findings *findings)
{
    struct rules_context context = {
        .settings = settings, .party = &party_in_francs, .received_at_us = submission->sent_at_us};
    enum verdict verdict = VERDICT_NONE;
    if (rules_refuse(report, settings, true, findings) == ERR_REFUSED) {
        return EXPECT_REFUSED;
    }
    assert_int_equal(rules_judge(report, &context, findings, &verdict), ERR_OK);
    return verdict == VERDICT_ACCEPTED                 ? EXPECT_ACCEPTED
           : verdict == VERDICT_ACCEPTED_WITH_WARNINGS ? EXPECT_WARNED
                                                       : EXPECT_REJECTED;
}

/* What the signature and the hub's memory decide is not the rules' to find. */
static bool is_of_the_rules(const struct submission *submission)
{
    return submission->mistake != MISTAKE_SIGNATURE && submission->mistake != MISTAKE_TWICE;
}

/* Alone, a report is judged no worse than in its sector, and a mistake that needs no history is
 * found by its rule. */
static void judge_alone(const struct sector *sector, const PbSettings *settings,
                        const struct submission *submission)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(arena_close) struct arena paths = {0};
    struct findings findings = {.arena = &paths};
    const PbReport *report = NULL;
    assert_int_equal(MESSAGE_UNPACK(report, MESSAGE_CANONICAL,
                                    submission_report(sector, submission), &arena, &report),
                     ERR_OK);
    enum expected got = judge(report, submission, settings, &findings);
    bool needs_rule = got != EXPECT_ACCEPTED && submission->mistake != MISTAKE_NONE &&
                      submission->mistake != MISTAKE_THOUSANDFOLD &&
                      submission->mistake != MISTAKE_STALE;
    if (got > (enum expected)submission->expected ||
        (needs_rule && !has_rule(&findings, submission->rule))) {
        print_error("%s %s %s: %s alone, %s in the sector (%s); first finding %s %s\n",
                    sector->members[submission->member].id, report_type_name(submission->type),
                    mistakes[submission->mistake].name, expected_name(got),
                    expected_name((enum expected)submission->expected), submission->rule,
                    findings.count > 0 ? findings.rows[0].rule : "",
                    findings.count > 0 && findings.rows[0].path ? findings.rows[0].path : "");
        fail();
    }
}

static void reports_without_mistakes_pass_and_the_others_are_found_by_their_rules(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(sector_close) struct sector *sector = make(110, 24, false);
    const PbSettings *settings = settings_of_rwanda(&arena);
    size_t found[MISTAKES] = {0};
    size_t made[MISTAKES] = {0};
    assert_true(sector->count > 7000);
    for (size_t i = 0; i < sector->count; i++) {
        const struct submission *submission = &sector->submissions[i];
        enum mistake_id id = (enum mistake_id)submission->mistake;
        if (!is_of_the_rules(submission)) {
            continue;
        }
        judge_alone(sector, settings, submission);
        assert_true(id != MISTAKE_NONE || submission->expected != EXPECT_REJECTED);
        made[id]++;
        found[id] += submission->expected != EXPECT_ACCEPTED;
    }
    for (size_t id = 1; id < MISTAKES; id++) { /* all but those without a month before */
        if (found[id] * 10 < made[id] * 8) {
            fail_msg("%s: %zu of %zu found", mistakes[id].name, found[id], made[id]);
        }
    }
}

static void every_kind_of_mistake_occurs_in_the_whole_sector(void **state)
{
    (void)state;
    AUTO(sector_close) struct sector *sector = make(MEMBERS_WHOLE, 24, false);
    size_t counts[MISTAKES] = {0};
    assert_int_equal(sector->member_count, MEMBERS_MAX); /* the merged one too */
    for (size_t i = 0; i < sector->count; i++) {
        counts[sector->submissions[i].mistake]++;
    }
    for (size_t i = 0; i < MISTAKES; i++) {
        assert_true(counts[i] > 0);
    }
}

static void a_flawless_sector_is_complete_and_on_time_but_for_its_personas(void **state)
{
    (void)state;
    AUTO(sector_close) struct sector *sector = make(40, 3, true);
    assert_int_equal(sector->count, 40 * 3 * 5);
    for (size_t i = 0; i < sector->count; i++) {
        const struct submission *submission = &sector->submissions[i];
        assert_int_equal(submission->mistake, MISTAKE_NONE);
        assert_int_equal(submission->vintage, 1);
        assert_true(submission->sent_at_us <= submission->due_at_us ||
                    sector->members[submission->member].persona == PERSONA_LATE);
    }
}

/* What is not right in the books of those whose story it is. */
static bool is_their_story(enum persona persona, const char *rule)
{
    static const struct {
        enum persona persona;
        const char *rule;
    } stories[] = {
        {PERSONA_RUN, "LIQ-11"},
        {PERSONA_RUN, "LIQ-10"},
        {PERSONA_EVERGREENING, "OPS-08"},
        {PERSONA_FUND, "OPS-06"},
    };
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        if (stories[i].persona == persona && strcmp(stories[i].rule, rule) == 0) {
            return true;
        }
    }
    return false;
}

static void a_flawless_sector_gives_nothing_to_find_but_its_personas(void **state)
{
    (void)state;
    AUTO(sector_close) struct sector *sector = make(MEMBERS_WHOLE, 24, true);
    size_t found = 0;
    for (size_t i = 0; i < sector->count; i++) {
        const struct submission *submission = &sector->submissions[i];
        const struct member *member = &sector->members[submission->member];
        if (submission->expected == EXPECT_ACCEPTED) {
            continue;
        }
        found++;
        bool is_run = strcmp(submission->rule, "LIQ-10") == 0 && /* the crisis itself */
                      submission->period.end_day > month_period(MONTH_SHOCK).start_day;
        if (!is_run && !is_their_story(member->persona, submission->rule)) {
            fail_msg("%s %s: %s", member->id, report_type_name(submission->type), submission->rule);
        }
    }
    assert_true(found > 0);
}

static void an_equal_seed_gives_equal_bytes(void **state)
{
    (void)state;
    AUTO(sector_close) struct sector *a = make(30, 6, false);
    AUTO(sector_close) struct sector *b = make(30, 6, false);
    assert_int_equal(a->count, b->count);
    assert_true(bytes_equal(buffer_bytes(&a->reports), buffer_bytes(&b->reports)));
}

/* The submissions of one institution, in a row. */
static void gather(const struct sector *sector, const char *id, struct buffer *ret_reports)
{
    for (size_t i = 0; i < sector->count; i++) {
        if (strcmp(sector->members[sector->submissions[i].member].id, id) == 0) {
            struct bytes report = submission_report(sector, &sector->submissions[i]);
            assert_int_equal(buffer_append(ret_reports, report.data, report.size), ERR_OK);
        }
    }
}

static void more_institutions_do_not_change_those_that_were_there(void **state)
{
    (void)state;
    AUTO(sector_close) struct sector *few = make(10, 8, false);
    AUTO(sector_close) struct sector *many = make(50, 8, false);
    for (size_t i = 0; i < few->member_count; i++) {
        AUTO(buffer_close) struct buffer a = {0};
        AUTO(buffer_close) struct buffer b = {0};
        gather(few, few->members[i].id, &a);
        gather(many, few->members[i].id, &b);
        assert_true(a.size > 0);
        assert_true(bytes_equal(buffer_bytes(&a), buffer_bytes(&b)));
    }
}

static void balances_follow_exactly_from_the_month_before(void **state)
{
    (void)state;
    struct member members[MEMBERS_MAX];
    size_t count = members_make(60, members);
    for (size_t i = 0; i < count; i++) {
        AUTO(economy_close) struct economy *economy = NULL;
        struct snapshot before = {0};
        struct snapshot now = {0};
        assert_int_equal(economy_open(&members[i], 5, &economy), ERR_OK);
        economy_next(economy, &before);
        for (int month = 0; month < 40; month++) {
            economy_next(economy, &now);
            assert_int_equal(now.glp, before.glp + now.disbursed - now.collected - now.written_off);
            assert_int_equal(now.deposits,
                             before.deposits + now.inflow - now.withdrawal + now.credited);
            assert_int_equal(now.allowance,
                             before.allowance + now.provision_expense - now.written_off);
            assert_int_equal(now.written_off_stock,
                             before.written_off_stock + now.written_off - now.recovered);
            assert_true(now.collected >= 0 && now.withdrawal >= 0 && now.inflow >= 0);
            before = now;
        }
    }
}

static void the_days_of_a_month_sum_to_it(void **state)
{
    (void)state;
    struct member member = {.id = "RW-US-403-07",
                            .category = CATEGORY_USACCO,
                            .district = "403",
                            .persona = PERSONA_RUN};
    AUTO(economy_close) struct economy *economy = NULL;
    struct snapshot now = {0};
    assert_int_equal(economy_open(&member, 5, &economy), ERR_OK);
    do {
        struct month_days days;
        int64_t inflow = 0;
        int64_t withdrawal = 0;
        economy_next(economy, &now);
        month_days_make(&member, 5, &now, &days);
        for (size_t i = 0; i < days.count; i++) {
            inflow += days.inflow[i];
            withdrawal += days.withdrawal[i];
        }
        assert_int_equal(inflow, now.inflow);
        assert_int_equal(withdrawal, now.withdrawal);
        assert_int_equal(days.deposits[days.count - 1], now.deposits);
        assert_int_equal(days.liquid[days.count - 1], now.liquid);
    } while (now.month < MONTH_SHOCK + 3);
}

/* Σ over the sector of one figure of a month, in basis points of another. */
static int64_t share_bp(const struct sector *sector, int32_t month, int type, size_t figure,
                        size_t of)
{
    double sum = 0.0;
    double whole = 0.0;
    for (size_t i = 0; i < sector->totals_count; i++) {
        const struct totals_row *row = &sector->totals[i];
        if (row->month == month && row->type == type) {
            sum += (double)row->true_sum[figure];
            whole += (double)row->true_sum[of];
        }
    }
    return (int64_t)(sum * 10000.0 / whole);
}

static int64_t sum_over(const struct sector *sector, int32_t month, int type, size_t figure)
{
    int64_t sum = 0;
    for (size_t i = 0; i < sector->totals_count; i++) {
        const struct totals_row *row = &sector->totals[i];
        sum += row->month == month && row->type == type ? row->true_sum[figure] : 0;
    }
    return sum;
}

static void assert_within(int64_t value, int64_t least, int64_t most)
{
    if (value < least || value > most) {
        print_error("%lld is not within %lld and %lld\n", (long long)value, (long long)least,
                    (long long)most);
        fail();
    }
}

/* DOMAIN D62: the sector before the shock, and at its worst. */
static void the_crisis_stays_in_the_ranges_that_were_decided(void **state)
{
    (void)state;
    AUTO(sector_close) struct sector *sector = make(MEMBERS_WHOLE, 24, true);
    int64_t npl = 0;
    int64_t par30 = 0;
    int64_t relief = 0;
    int64_t liquidity = 100000;
    int64_t before = sum_over(sector, MONTH_SHOCK - 1, TYPE_LIQUIDITY, 0);
    int64_t deposits = before;
    for (int32_t month = MONTH_SHOCK - 2; month < MONTH_SHOCK; month++) {
        assert_within(share_bp(sector, month, TYPE_PORTFOLIO, 2, 0), 500, 700);
        assert_within(share_bp(sector, month, TYPE_PORTFOLIO, 1, 0), 700, 900);
        assert_within(share_bp(sector, month, TYPE_LIQUIDITY, 1, 0), 7200, 8200);
    }
    for (int32_t month = MONTH_SHOCK; month < MONTH_SHOCK + 10; month++) {
        int64_t a = share_bp(sector, month, TYPE_PORTFOLIO, 2, 0);
        int64_t b = share_bp(sector, month, TYPE_PORTFOLIO, 1, 0);
        int64_t c = share_bp(sector, month, TYPE_PORTFOLIO, 3, 0) +
                    share_bp(sector, month, TYPE_PORTFOLIO, 4, 0);
        int64_t d = share_bp(sector, month, TYPE_LIQUIDITY, 1, 0);
        npl = a > npl ? a : npl;
        par30 = b > par30 ? b : par30;
        relief = c > relief ? c : relief;
        liquidity = d < liquidity ? d : liquidity;
        int64_t e = sum_over(sector, month, TYPE_LIQUIDITY, 0);
        deposits = e < deposits ? e : deposits;
    }
    assert_within(npl, 900, 1400);
    assert_within(par30, 1300, 1800);
    assert_within(relief, 600, 1000);
    assert_within(liquidity, 5200, 6600);
    assert_within((before - deposits) * 10000 / before, 600, 1200);
}

static void keys_come_from_the_seed_and_the_id_alone(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *a = NULL;
    AUTO(signing_key_close) struct signing_key *b = NULL;
    AUTO(signing_key_close) struct signing_key *c = NULL;
    struct sector_options one = {.seed = 1, .members = 3};
    struct sector_options two = {.seed = 2, .members = 3};
    struct member member = {.id = "RW-MF-01"};
    assert_int_equal(member_key(&one, &member, &a), ERR_OK);
    one.members = 400;
    assert_int_equal(member_key(&one, &member, &b), ERR_OK);
    assert_int_equal(member_key(&two, &member, &c), ERR_OK);
    assert_memory_equal(signing_key_public(a), signing_key_public(b), PUBLIC_KEY_BYTES);
    assert_memory_not_equal(signing_key_public(a), signing_key_public(c), PUBLIC_KEY_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_without_mistakes_pass_and_the_others_are_found_by_their_rules),
        cmocka_unit_test(every_kind_of_mistake_occurs_in_the_whole_sector),
        cmocka_unit_test(a_flawless_sector_is_complete_and_on_time_but_for_its_personas),
        cmocka_unit_test(a_flawless_sector_gives_nothing_to_find_but_its_personas),
        cmocka_unit_test(an_equal_seed_gives_equal_bytes),
        cmocka_unit_test(more_institutions_do_not_change_those_that_were_there),
        cmocka_unit_test(balances_follow_exactly_from_the_month_before),
        cmocka_unit_test(the_days_of_a_month_sum_to_it),
        cmocka_unit_test(the_crisis_stays_in_the_ranges_that_were_decided),
        cmocka_unit_test(keys_come_from_the_seed_and_the_id_alone),
    };
    if (keys_init() != ERR_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
