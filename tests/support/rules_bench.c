#include "tests/support/rules_bench.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void bench_close(struct bench *bench)
{
    arena_close(&bench->arena);
}

static PbReport *report_of(struct bench *bench, int type, const char *period)
{
    static PbReport *(*const makers[])(struct arena *, const char *, const char *, uint32_t) = {
        [TYPE_PORTFOLIO] = report_of_portfolio,   [TYPE_LIQUIDITY] = report_of_liquidity,
        [TYPE_OPERATIONS] = report_of_operations, [TYPE_CAPITAL] = report_of_capital,
        [TYPE_EXPOSURES] = report_of_exposures,
    };
    return makers[type](&bench->arena, "RW-MF-412", period, 1);
}

void with_the_other_reports(struct bench *bench)
{
    bench->context.portfolio = report_of(bench, TYPE_PORTFOLIO, "2020-06");
    bench->context.liquidity = report_of(bench, TYPE_LIQUIDITY, "2020-06");
    bench->context.operations = report_of(bench, TYPE_OPERATIONS, "2020-06");
    bench->context.capital = report_of(bench, TYPE_CAPITAL, "2020-06");
}

PbReport *with_the_month_before(struct bench *bench)
{
    PbReport *before = report_of(bench, (int)bench->report->type, "2020-05");
    bench->context.opening = before;
    bench->context.preceding = before;
    return before;
}

void bench_open(struct bench *bench, int type)
{
    memset(bench, 0, sizeof *bench);
    bench->report = report_of(bench, type, "2020-06");
    bench->party = (struct party){.id = "RW-MF-412",
                                  .role = ROLE_MEMBER,
                                  .currency = "RWF",
                                  .valid_from_day = INT32_MIN,
                                  .valid_to_day = INT32_MAX,
                                  .ended_day = INT32_MAX};
    bench->context = (struct rules_context){.party = &bench->party,
                                            .received_at_us = report_received_at_us(bench->report),
                                            .knows_history = true};
    bench->findings.arena = &bench->arena;
}

enum verdict bench_judge(struct bench *bench)
{
    enum verdict verdict = VERDICT_NONE;
    bench->findings.count = 0;
    enum err err = rules_judge(bench->report, &bench->context, &bench->findings, &verdict);
    assert(err == ERR_OK);
    return verdict;
}

void nothing(struct bench *bench)
{
    (void)bench;
}

static char sentence[512];

static const PbFinding *find(const struct findings *findings, const struct rule_case *row)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->rows[i].rule, row->rule) == 0 &&
            strcmp(findings->rows[i].path, row->path) == 0) {
            return &findings->rows[i];
        }
    }
    return NULL;
}

/* What the first finding is, for a failure. */
static const char *first_of(const struct findings *findings)
{
    return findings->count == 0 ? "nothing" : findings->rows[0].rule;
}

static bool bad_case_holds(const struct bench *bench, const struct rule_case *row,
                           enum verdict verdict)
{
    const PbFinding *finding = find(&bench->findings, row);
    if (finding == NULL || (int)finding->severity != (int)row->severity) {
        return false;
    }
    if (row->has_values && (finding->expected != row->expected || finding->got != row->got)) {
        return false;
    }
    return row->severity == SEVERITY_ERROR     ? verdict == VERDICT_REJECTED
           : row->severity == SEVERITY_WARNING ? verdict == VERDICT_ACCEPTED_WITH_WARNINGS
                                               : verdict == VERDICT_ACCEPTED;
}

const char *cases_check(const struct rule_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(bench_close) struct bench bench;
        bench_open(&bench, cases[i].type);
        cases[i].change(&bench);
        enum verdict verdict = bench_judge(&bench);
        bool holds = cases[i].rule != NULL
                         ? bad_case_holds(&bench, &cases[i], verdict)
                         : bench.findings.count == 0 && verdict == VERDICT_ACCEPTED;
        if (!holds) {
            const PbFinding *finding =
                cases[i].rule == NULL ? NULL : find(&bench.findings, &cases[i]);
            (void)snprintf(
                sentence, sizeof sentence,
                "case %zu (%s): verdict %s, first of %zu found is %s; expected %lld, got "
                "%lld",
                i, cases[i].rule == NULL ? "good" : cases[i].rule, verdict_name(verdict),
                bench.findings.count, first_of(&bench.findings),
                finding == NULL ? 0LL : (long long)finding->expected,
                finding == NULL ? 0LL : (long long)finding->got);
            return sentence;
        }
    }
    return "";
}

const char *cases_cover(const struct rule_case *cases, size_t count, const char *first,
                        const char *last)
{
    size_t rule_count = 0;
    const struct rule *rules = rules_at(0, &rule_count);
    for (size_t i = 0; i < rule_count; i++) {
        bool has_case = rules[i].evaluate == NULL || strcmp(rules[i].id, first) < 0 ||
                        strcmp(rules[i].id, last) > 0;
        for (size_t k = 0; k < count && !has_case; k++) {
            has_case = cases[k].rule != NULL && strcmp(cases[k].rule, rules[i].id) == 0;
        }
        if (!has_case) {
            (void)snprintf(sentence, sizeof sentence, "%s has no failing case", rules[i].id);
            return sentence;
        }
    }
    return "";
}

static bool is_whole(const PbFinding *finding, const PbReport *report)
{
    AUTO(buffer_close) struct buffer text = {0};
    return finding_sentence(NULL, finding, report, &text) == ERR_OK && text.size > 40 &&
           memchr(text.data, '{', text.size) == NULL && text.data[text.size - 1] == '.';
}

const char *cases_speak(const struct rule_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(bench_close) struct bench bench;
        bench_open(&bench, cases[i].type);
        cases[i].change(&bench);
        (void)bench_judge(&bench);
        for (size_t k = 0; k < bench.findings.count; k++) {
            if (!is_whole(&bench.findings.rows[k], bench.report) ||
                !is_whole(&bench.findings.rows[k], NULL)) {
                (void)snprintf(sentence, sizeof sentence, "case %zu: %s makes no whole sentence", i,
                               bench.findings.rows[k].rule);
                return sentence;
            }
        }
    }
    return "";
}
