/* A report that keeps to its schema, judged: whatever the figures, there is a verdict that follows
 * from the findings, each finding makes a whole sentence, and it all can be packed. */
#include "tests/fuzz/grow.h"

#include "proto/fields.h"
#include "proto/json.h"
#include "proto/ratios.h"
#include "proto/rules.h"
#include "proto/text.h"
#include "storage/outbox.h"
#include "tests/support/reports.h"

/* Half of the reports are of a period that exists, so that the rules behind that one are reached.
 */
static void make_period_real(PbReport *report, struct input *input)
{
    static const char *const keys[] = {"2020-06", "2020-W27", "2020-06-30", "2020-Q2"};
    uint8_t how = input_byte(input);
    struct period period;
    if (how >= 128 || period_parse(keys[how % 4], &period) != ERR_OK) {
        return;
    }
    report->period->key = (char *)(uintptr_t)keys[how % 4];
    report->period->frequency = (Ihuriro__V1__Period__Frequency)period.frequency;
    report->period->start_day = period.start_day;
    report->period->end_day = report->period->as_of_day = period.end_day;
    report->institution = (char *)(uintptr_t) "A-1";
    report->currency = (char *)(uintptr_t) "RWF";
}

static void check_findings(const struct findings *findings, enum verdict verdict,
                           const PbReport *report)
{
    int worst = 0;
    HOLD(findings->count <= FINDINGS_MAX);
    for (size_t i = 0; i < findings->count; i++) {
        const PbFinding *finding = &findings->rows[i];
        AUTO(buffer_close) struct buffer sentence = {0};
        worst = (int)finding->severity > worst ? (int)finding->severity : worst;
        HOLD_OK(finding_sentence(NULL, finding, report, &sentence));
        HOLD(sentence.size > 0);
        HOLD(text_is_utf8(buffer_bytes(&sentence)));
    }
    HOLD(verdict == (worst == SEVERITY_ERROR     ? VERDICT_REJECTED
                     : worst == SEVERITY_WARNING ? VERDICT_ACCEPTED_WITH_WARNINGS
                                                 : VERDICT_ACCEPTED));
}

static void judge(const PbReport *report, const struct rules_context *context)
{
    AUTO(arena_close) struct arena words = {0};
    AUTO(buffer_close) struct buffer judgement = {0};
    struct findings refused = {.arena = &words};
    struct findings findings = {.arena = &words};
    enum verdict verdict = VERDICT_NONE;
    static const uint8_t settings_id[SHA256_BYTES];
    enum err err = rules_refuse(report, context->settings, false, &refused);
    HOLD(err == ERR_OK || (err == ERR_REFUSED && refused.count > 0));
    HOLD_OK(rules_judge(report, context, &findings, &verdict));
    check_findings(&findings, verdict, report);
    HOLD_OK(judgement_pack(settings_id, &findings, &judgement));
    HOLD(judgement.size <= JUDGEMENT_BYTES_MAX);
}

static void look_behind(const PbReport *report)
{
    uint8_t hash[SHA256_BYTES];
    json_t *json = json_of_message(&report->base);
    HOLD(json != NULL);
    json_decref(json);
    HOLD_OK(report_figures_hash(report, hash));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_close) struct arena arena = {0};
    struct input input = {data, size};
    struct rules_context context = {.knows_history = input_byte(&input) & 1};
    context.highest_vintage = input_byte(&input) % 4;
    context.has_final = input_byte(&input) & 1;
    context.received_at_us = INT64_C(1593763200000000);
    if (input_byte(&input) & 1) {
        PbSettings *settings =
            (PbSettings *)grow_message(&ihuriro__v1__settings__descriptor, &input, &arena, 0);
        settings->n_private_patterns = 0; /* looked at where they come from: the country's file */
        context.settings = settings;
    }
    PbReport *report =
        (PbReport *)grow_message(&ihuriro__v1__report__descriptor, &input, &arena, 0);
    make_period_real(report, &input);
    if (input_byte(&input) & 1) {
        context.liquidity = report_of_liquidity(&arena, "A-1", "2020-06", 1);
        context.portfolio = report_of_portfolio(&arena, "A-1", "2020-06", 1);
    }
    judge(report, &context);
    look_behind(report);
    return 0;
}

static void fuzz_seeds(void)
{
    for (uint8_t i = 0; i < 12; i++) {
        uint8_t choices[600];
        char name[16];
        for (size_t k = 0; k < sizeof choices; k++) {
            choices[k] = (uint8_t)(k * (size_t)(2 * i + 3) + i);
        }
        choices[3] = i % 2;
        (void)snprintf(name, sizeof name, "choices-%d", i);
        fuzz_seed(name, bytes_of(choices, sizeof choices));
    }
}
