/* ENV: what surrounds the figures. */
#include <string.h>

#include "proto/fields.h"
#include "proto/rules_inside.h"

#define US_PER_HOUR        INT64_C(3600000000)
#define US_PER_DAY         (24 * US_PER_HOUR)
#define PRODUCED_AHEAD_US  (48 * US_PER_HOUR)
#define PRODUCED_STALE_US  (45 * US_PER_DAY)
#define PRODUCED_OLDEST_US (400 * US_PER_DAY)

/* ENV-01. The schema, and D23: a field is either set or noted as absent, and a note names a field
 * that there is. */
void evaluate_schema_and_notes(struct judging *judging, const struct rule *rule)
{
    const PbReport *report = judging->report;
    if (report->schema_version == 0 || report->schema_version > SCHEMA_VERSION) {
        judging_find_values(judging, rule, rule->severity, "schema_version", SCHEMA_VERSION,
                            report->schema_version);
    }
    for (size_t i = 0; i < report->n_field_notes; i++) {
        const char *noted = report->field_notes[i]->path;
        if (!field_path_exists(report, noted)) {
            char path[FIELD_PATH_MAX];
            row_path("field_notes", i, "path", path);
            judging_find(judging, rule, rule->severity, path);
        } else if (field_is_set(report, noted)) {
            judging_find(judging, rule, rule->severity, noted);
        }
    }
}

/* ENV-02, the half that is journaled: known, but not in force at the period's end. */
void evaluate_validity(struct judging *judging, const struct rule *rule)
{
    const struct party *party = judging->context->party;
    int32_t end_day = judging->report->period->end_day;
    if (party == NULL || party_is_valid_on(party, end_day)) {
        return;
    }
    int32_t bound = end_day < party->valid_from_day ? party->valid_from_day : party->valid_to_day;
    judging_find_values(judging, rule, rule->severity, "period.end_day", bound, end_day);
}

/* ENV-04. got is the time at which the highest accepted vintage came: proto/rules.h. Without the
 * history only a vintage of 0 is known to be wrong. */
void evaluate_vintage(struct judging *judging, const struct rule *rule)
{
    const struct rules_context *context = judging->context;
    uint32_t vintage = judging->report->vintage;
    uint32_t highest = context->knows_history ? context->highest_vintage : 0;
    if (context->knows_history ? vintage == (uint64_t)highest + 1 : vintage > 0) {
        return;
    }
    size_t before = judging->findings->count;
    judging_find_values(judging, rule, rule->severity, "vintage", (wide)highest + 1,
                        context->highest_since_us);
    if (highest == 0 && judging->findings->count > before) {
        judging->findings->rows[before].has_got = 0;
    }
}

#define DAY_REPORT_REACHES_BACK 31 /* days */

/* ENV-05. Key, frequency and days say the same. */
void evaluate_period(struct judging *judging, const struct rule *rule)
{
    const PbPeriod *period = judging->report->period;
    struct period exact;
    if (period_parse(period->key, &exact) != ERR_OK) {
        judging_find(judging, rule, rule->severity, "period.key");
        return;
    }
    judging_expect_equal(judging, rule, "period.frequency", exact.frequency, period->frequency);
    if (exact.frequency != FREQUENCY_D) {
        judging_expect_equal(judging, rule, "period.start_day", exact.start_day, period->start_day);
    } else if (period->start_day > exact.end_day ||
               period->start_day < exact.end_day - DAY_REPORT_REACHES_BACK) {
        /* D39: a day report starts after the last owed day: over a week-end, over holidays. */
        judging_find_values(judging, rule, rule->severity, "period.start_day", exact.start_day,
                            period->start_day);
    }
    judging_expect_equal(judging, rule, "period.end_day", exact.end_day, period->end_day);
    judging_expect_equal(judging, rule, "period.as_of_day", exact.end_day, period->as_of_day);
}

/* ENV-06, by the country's calendar. */
void evaluate_as_of(struct judging *judging, const struct rule *rule)
{
    const struct rules_context *context = judging->context;
    const PbSettings *settings = context->settings;
    if (context->received_at_us == 0) {
        return;
    }
    int offset = settings != NULL && settings->has_utc_offset_minutes ? settings->utc_offset_minutes
                                                                      : DEFAULT_UTC_OFFSET_MINUTES;
    int32_t last_day = time_day(context->received_at_us, offset) + 1;
    judging_expect_at_most(judging, rule, "period.as_of_day", last_day,
                           judging->report->period->as_of_day);
}

/* ENV-07, D20: the agent's clock against the hub's, not against the period. */
void evaluate_produced_at(struct judging *judging, const struct rule *rule)
{
    wide received = judging->context->received_at_us;
    wide produced = judging->report->produced_at_us;
    if (received == 0) {
        return;
    }
    if (produced > received + PRODUCED_AHEAD_US) {
        judging_find_values(judging, rule, SEVERITY_ERROR, "produced_at_us",
                            received + PRODUCED_AHEAD_US, produced);
    } else if (produced < received - PRODUCED_OLDEST_US) {
        judging_find_values(judging, rule, SEVERITY_ERROR, "produced_at_us",
                            received - PRODUCED_OLDEST_US, produced);
    } else if (produced < received - PRODUCED_STALE_US) {
        judging_find_values(judging, rule, SEVERITY_WARNING, "produced_at_us",
                            received - PRODUCED_STALE_US, produced);
    }
}

/* What holds without settings: ISO 4217, minor units. */
static const struct {
    const char *code;
    uint32_t exponent;
} currencies[] = {
    {"RWF", 0}, {"BIF", 0}, {"UGX", 0}, {"KES", 2}, {"TZS", 2}, {"GHS", 2},
    {"NGN", 2}, {"CDF", 2}, {"ZMW", 2}, {"USD", 2}, {"EUR", 2},
};

static bool find_exponent(const PbSettings *settings, const char *code, uint32_t *ret_exponent)
{
    for (size_t i = 0; settings != NULL && i < settings->n_currencies; i++) {
        if (strcmp(settings->currencies[i]->code, code) == 0) {
            *ret_exponent = settings->currencies[i]->exponent;
            return true;
        }
    }
    for (size_t i = 0; settings == NULL && i < sizeof currencies / sizeof currencies[0]; i++) {
        if (strcmp(currencies[i].code, code) == 0) {
            *ret_exponent = currencies[i].exponent;
            return true;
        }
    }
    return false;
}

/* ENV-08, D11: one currency an institution, with the exponent of the table. */
void evaluate_currency(struct judging *judging, const struct rule *rule)
{
    const PbReport *report = judging->report;
    const struct party *party = judging->context->party;
    bool is_own = party == NULL || party->currency[0] == '\0' ||
                  strcmp(party->currency, report->currency) == 0;
    uint32_t exponent = 0;
    if (!is_own || !find_exponent(judging->context->settings, report->currency, &exponent)) {
        judging_find(judging, rule, rule->severity, "currency");
    } else if (exponent != report->currency_exponent) {
        judging_find_values(judging, rule, rule->severity, "currency_exponent", exponent,
                            report->currency_exponent);
    }
}

/* FINAL reports of month and quarter ends, of the types that are owed approved (D48). */
static bool needs_approval(const PbReport *report)
{
    bool is_month_end = report->period->frequency == IHURIRO__V1__PERIOD__FREQUENCY__M ||
                        report->period->frequency == IHURIRO__V1__PERIOD__FREQUENCY__Q;
    bool is_owed_final = report->type == IHURIRO__V1__REPORT_TYPE__PORTFOLIO ||
                         report->type == IHURIRO__V1__REPORT_TYPE__CAPITAL ||
                         report->type == IHURIRO__V1__REPORT_TYPE__EXPOSURES;
    return is_month_end && is_owed_final && report->status == IHURIRO__V1__REPORT__STATUS__FINAL;
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* ENV-09. Two different people prepared and approved it. */
void evaluate_signoff(struct judging *judging, const struct rule *rule)
{
    const Ihuriro__V1__SignOff *signoff = judging->report->signoff;
    if (!needs_approval(judging->report)) {
        return;
    }
    if (signoff == NULL || !signoff->has_level ||
        signoff->level != IHURIRO__V1__SIGN_OFF__LEVEL__APPROVED) {
        judging_find(judging, rule, rule->severity, "signoff.level");
    } else if (!is_given(signoff->prepared_code)) {
        judging_find(judging, rule, rule->severity, "signoff.prepared_code");
    } else if (!is_given(signoff->approved_code) ||
               strcmp(signoff->prepared_code, signoff->approved_code) == 0) {
        judging_find(judging, rule, rule->severity, "signoff.approved_code");
    }
}

/* ENV-10 */
void evaluate_reason(struct judging *judging, const struct rule *rule)
{
    if (judging->report->vintage > 1 && !judging->report->has_reason) {
        judging_find(judging, rule, rule->severity, "reason");
    }
}

/* ENV-11, the half that is journaled: exactly the body of the type, or nil and none. */
void evaluate_body(struct judging *judging, const struct rule *rule)
{
    const PbReport *report = judging->report;
    const struct {
        int type;
        const void *body;
        const char *path;
    } bodies[] = {
        {TYPE_PORTFOLIO, report->portfolio, "portfolio"},
        {TYPE_LIQUIDITY, report->liquidity, "liquidity"},
        {TYPE_OPERATIONS, report->operations, "operations"},
        {TYPE_CAPITAL, report->capital, "capital"},
        {TYPE_EXPOSURES, report->exposures, "exposures"},
    };
    bool is_nil = report->has_nil && report->nil;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        bool is_wanted = !is_nil && (int)report->type == bodies[i].type;
        if (is_wanted != (bodies[i].body != NULL)) {
            judging_find(judging, rule, rule->severity, bodies[i].path);
        }
    }
}

/* ENV-12, D1: files and queries of ours refuse a bad row; other sources may leave some out. */
void evaluate_rejected_rows(struct judging *judging, const struct rule *rule)
{
    const Ihuriro__V1__Source *source = judging->report->source;
    if (source == NULL || !source->has_rows || !source->has_rejected_rows ||
        source->rejected_rows == 0 ||
        (source->has_kind && (source->kind == IHURIRO__V1__SOURCE__KIND__CSV ||
                              source->kind == IHURIRO__V1__SOURCE__KIND__SQL))) {
        return;
    }
    wide rejected = source->rejected_rows;
    wide rows = source->rows;
    wide allowed = rows * judging_tolerance_bp(judging, rule) / 10000;
    if (rejected * 10 > rows) {
        judging_find_values(judging, rule, SEVERITY_ERROR, "source.rejected_rows", allowed,
                            rejected);
    } else if (!is_within(0, rejected, rows, judging_tolerance_bp(judging, rule))) {
        judging_find_values(judging, rule, rule->severity, "source.rejected_rows", allowed,
                            rejected);
    }
}

/* ENV-15, D48. */
void evaluate_final_stands(struct judging *judging, const struct rule *rule)
{
    if (judging->context->has_final &&
        judging->report->status == IHURIRO__V1__REPORT__STATUS__PROVISIONAL) {
        judging_find(judging, rule, rule->severity, "status");
    }
}
