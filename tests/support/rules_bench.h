/* A valid report with what surrounds it, to be changed and judged; and tables of such changes. */
#ifndef IHURIRO_TESTS_SUPPORT_RULES_BENCH_H
#define IHURIRO_TESTS_SUPPORT_RULES_BENCH_H

#include "proto/rules.h"
#include "tests/support/reports.h"

struct bench {
    struct arena arena;
    PbReport *report;
    struct rules_context context;
    struct party party;
    struct findings findings;
};

void bench_close(struct bench *bench);
/* A valid report of RW-MF-412, 2020-06, received on time by a hub that
 * holds nothing of its place. */
void bench_open(struct bench *bench, int type);
/* Judges anew. */
enum verdict bench_judge(struct bench *bench);

struct rule_case {
    int type;
    void (*change)(struct bench *bench);
    const char *rule; /* NULL: nothing is found */
    enum severity severity;
    const char *path;
    bool has_values;
    int64_t expected;
    int64_t got;
};

#define P TYPE_PORTFOLIO
#define L TYPE_LIQUIDITY
#define X TYPE_EXPOSURES
#define O TYPE_OPERATIONS
#define C TYPE_CAPITAL
#define E SEVERITY_ERROR
#define W SEVERITY_WARNING
#define I SEVERITY_INFO
#define GOOD(type, change)                       \
    {                                            \
        type, change, NULL, E, NULL, false, 0, 0 \
    }
#define BAD(type, change, rule, severity, path)         \
    {                                                   \
        type, change, rule, severity, path, false, 0, 0 \
    }
#define OFF(type, change, rule, severity, path, expected, got)  \
    {                                                           \
        type, change, rule, severity, path, true, expected, got \
    }
#define JUNE_30 18443

/* Each case finds what it says and nothing that is good finds anything: a sentence on failure, ""
 * when all hold. */
const char *cases_check(const struct rule_case *cases, size_t count);
/* Every rule from one id to another has a case that fails it. */
const char *cases_cover(const struct rule_case *cases, size_t count, const char *first,
                        const char *last);
/* Every finding of every case makes a sentence without a hole in it. */
const char *cases_speak(const struct rule_case *cases, size_t count);

void nothing(struct bench *bench); /* changes nothing */
/* What it is compared with: valid reports of the same period, and of the month before. */
void with_the_other_reports(struct bench *bench);
PbReport *with_the_month_before(struct bench *bench);

#endif
