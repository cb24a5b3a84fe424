/* What may stand in a country's file: tables, and what a value must be. */
#include <regex.h>
#include <stddef.h>
#include <string.h>

#include "conf/country_inside.h"
#include "conf/duty_words.h"
#include "proto/limits.h"
#include "proto/period.h"
#include "proto/ratios.h"
#include "proto/rules.h"
#include "proto/score.h"

/* ---- What a value must be ---- */

static bool is_of(const char *text, size_t least, size_t most, const char *allowed)
{
    size_t length = strlen(text);
    return length >= least && length <= most && strspn(text, allowed) == length;
}

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char *check_country(const void *value)
{
    return is_of(value, 2, 2, CAPITALS) ? NULL : "must be two capital letters (ISO 3166): RW";
}

static const char *check_currency(const void *value)
{
    return is_of(value, 3, 3, CAPITALS) ? NULL : "must be three capital letters (ISO 4217): RWF";
}

static const char *check_code(const void *value)
{
    return is_of(value, 1, 16, CAPITALS "0123456789_-")
               ? NULL
               : "must be a code of 1 to 16 capital letters, digits, _ and -";
}

static const char *check_date(const void *value)
{
    int32_t day = 0;
    return day_parse(value, &day) == ERR_OK ? NULL : "must be a date such as 2023-03-31";
}

static const char *check_rule(const void *value)
{
    const struct rule *rule = rule_find(value);
    if (rule == NULL) {
        return "names no rule; `mfi-agent explain --all` lists them";
    }
    return rule->is_fixed ? "names a rule that what is stored depends on; it cannot be changed"
                          : NULL;
}

int severity_of(const char *name)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(&ihuriro__v1__severity__descriptor, name);
    return value == NULL ? 0 : value->value;
}

static const char *check_severity(const void *value)
{
    return severity_of(value) != 0 ? NULL : "must be \"ERROR\", \"WARNING\" or \"INFO\"";
}

static const char *check_certainty(const void *value)
{
    return is_of(value, 1, 1, "VSM") ? NULL
                                     : "must be \"V\" (verified in the text), \"S\" (secondary "
                                       "source) or \"M\" (default, "
                                       "not official)";
}

static const char *check_amount_field(const void *value)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(&ihuriro__v1__liquidity__descriptor, value);
    bool is_amount = field != NULL && field->type == PROTOBUF_C_TYPE_INT64 &&
                     field->label == PROTOBUF_C_LABEL_OPTIONAL;
    return is_amount ? NULL
                     : "names no amount of the liquidity report; such are cash, bank_demand, "
                       "emoney, govt_unencumbered";
}

static const char *check_pattern(const void *value)
{
    regex_t compiled;
    if (regcomp(&compiled, value, REG_EXTENDED | REG_NOSUB) != 0) {
        return "holds a pattern that is no POSIX extended regular expression";
    }
    bool matches_nothing = regexec(&compiled, "", 0, NULL, 0) == 0;
    regfree(&compiled);
    return matches_nothing ? "holds a pattern that matches every text" : NULL;
}

static const char *check_ratio(const void *value)
{
    return ratio_find(value) != NULL ? NULL
                                     : "names no ratio; such are R01, R03.NPL, R11, R21.CAR, R22 "
                                       "(mfi-agent explain lists them)";
}

static const char *check_direction(const void *value)
{
    return strcmp(value, "MIN") == 0 || strcmp(value, "MAX") == 0
               ? NULL
               : "must be \"MIN\" (must not fall below) or \"MAX\" (must not rise above)";
}

static const char *check_deposit_type(const void *value)
{
    return protobuf_c_enum_descriptor_get_value_by_name(&ihuriro__v1__deposit_row__type__descriptor,
                                                        value) != NULL
               ? NULL
               : "must be DEMAND, SAVINGS, COMPULSORY, TERM or OTHER";
}

static const char *check_scenario(const void *value)
{
    return strcmp(value, "BASE") == 0 || strcmp(value, "STRESS") == 0
               ? NULL
               : "must be \"BASE\" or \"STRESS\"";
}

static const char *check_component(const void *value)
{
    for (int i = 0; i < SCORE_COMPONENTS; i++) {
        if (strcmp(score_component_name((enum score_component)i), value) == 0) {
            return NULL;
        }
    }
    return "must be LIQUIDITY, HORIZON, PAR30R, PAR30R_CHANGE, RUN_OFF, CAPITAL, UNCOVERED or "
           "LATENESS";
}

static const char *check_limit_id(const void *value)
{
    return is_of(value, 1, 32, CAPITALS "0123456789_-.")
               ? NULL
               : "must be 1 to 32 capital letters, digits, _ . and -";
}

int32_t each_year_of(const char *day_of_month)
{
    char date[11] = "2000-"; /* a leap year: 29 February is one, too, in the years that have it */
    int32_t day = 0;
    int year = 0;
    int month = 0;
    int in_month = 0;
    if (strlen(day_of_month) != 5) {
        return 0;
    }
    memcpy(date + 5, day_of_month, 6);
    if (day_parse(date, &day) != ERR_OK) {
        return 0;
    }
    day_to_date(day, &year, &month, &in_month);
    return month * 100 + in_month;
}

static const char *check_each_year(const void *value)
{
    return each_year_of(value) != 0 ? NULL : "must be a month and a day, such as 07-04";
}

int week_day_of(const char *name)
{
    static const char *const names[] = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                        "FRIDAY", "SATURDAY", "SUNDAY"};
    for (int i = 0; i < 7; i++) {
        if (strcmp(names[i], name) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static const char *check_week_day(const void *value)
{
    return week_day_of(value) != 0 ? NULL : "must hold days from \"MONDAY\" to \"SUNDAY\"";
}

static const char *check_not_empty(const void *value)
{
    const struct config_groups *groups = value;
    return groups->count > 0 ? NULL : "must have at least one row";
}

/* ---- The tables ---- */

#define TEXT(of, key_, field, required, check_, help_)                                           \
    {                                                                                            \
        .key = key_, .kind = CONFIG_TEXT, .offset = offsetof(struct of, field),                  \
        .is_required = required, .min = 1, .max = TEXT_BYTES_MAX, .check = check_, .help = help_ \
    }
#define INTEGER(of, key_, field, required, least, most, preset_, help_)                      \
    {                                                                                        \
        .key = key_, .kind = CONFIG_INTEGER, .offset = offsetof(struct of, field),           \
        .is_required = required, .min = least, .max = most, .preset = preset_, .help = help_ \
    }
#define BOOL(of, key_, field, help_)                                                          \
    {                                                                                         \
        .key = key_, .kind = CONFIG_BOOL, .offset = offsetof(struct of, field), .help = help_ \
    }
#define TEXTS(of, key_, field, required, check_, help_)                          \
    {                                                                            \
        .key = key_, .kind = CONFIG_TEXTS, .offset = offsetof(struct of, field), \
        .is_required = required, .check = check_, .help = help_                  \
    }
#define GROUPS(of, key_, field, required, table, type, check_, help_)               \
    {                                                                               \
        .key = key_, .kind = CONFIG_GROUPS, .offset = offsetof(struct of, field),   \
        .is_required = required, .rows = table, .group_bytes = sizeof(struct type), \
        .check = check_, .help = help_                                              \
    }
#define LINE(of)                                                                 \
    {                                                                            \
        .key = "", .kind = CONFIG_LINE, .offset = offsetof(struct of, head.line) \
    }
#define RETROACTIVE(of)                               \
    TEXT(of, "retroactive", retroactive, false, NULL, \
         "why the row changes periods that have ended; without it such a row is refused")
#define KEY(of, key_, check_, help_) TEXT(of, key_, head.key, true, check_, help_)

static const struct config_row currency_rows[] = {
    LINE(currency),
    KEY(currency, "code", check_currency, "ISO 4217"),
    INTEGER(currency, "exponent", exponent, true, 0, 4, 0, "decimals of the minor unit"),
    {0},
};

static const struct config_row category_rows[] = {
    LINE(category),
    KEY(category, "code", check_code, "as in the parties' rows"),
    TEXT(category, "name", name, true, NULL, "for people"),
    {0},
};

static const struct config_row rule_rows[] = {
    LINE(rule_setting),
    KEY(rule_setting, "rule", check_rule, "its id"),
    TEXT(rule_setting, "category", head.second, false, check_code, "for this category only"),
    TEXT(rule_setting, "severity", severity, false, check_severity, "in place of its own"),
    BOOL(rule_setting, "off", is_off, "true: it is not evaluated"),
    INTEGER(rule_setting, "tolerance_bp", tolerance_bp, false, 0, 10000, ABSENT,
            "basis points of the expected value"),
    {0},
};

static const struct config_row class_rows[] = {
    LINE(loan_class),
    KEY(loan_class, "code", check_code, "NL, WL, SL, DL, LL"),
    INTEGER(loan_class, "from_days", from_days, true, 0, 3650, 0, "days overdue, inclusive"),
    INTEGER(loan_class, "rate_bp", rate_bp, true, 0, 10000, 0, "provision in basis points"),
    TEXT(loan_class, "from", head.second, false, check_date,
         "for periods ending on or after this date"),
    TEXT(loan_class, "certainty", certainty, false, check_certainty, "V, S or M"),
    RETROACTIVE(loan_class),
    {0},
};

static const struct config_row band_rows[] = {
    LINE(size_band),
    TEXT(size_band, "currency", head.second, true, check_currency, "ISO 4217"),
    KEY(size_band, "code", check_code, "LE100K"),
    INTEGER(size_band, "up_to", up_to, false, 1, INT64_MAX, ABSENT,
            "minor units, inclusive; absent in the last band"),
    {0},
};

static const struct config_row weight_rows[] = {
    LINE(weight),
    KEY(weight, "field", check_amount_field, "of the liquidity report"),
    INTEGER(weight, "percent", percent, true, 0, 100, 0, "that counts"),
    {0},
};

static const struct config_row liquidity_rows[] = {
    LINE(liquidity_base),
    TEXTS(liquidity_base, "categories", categories, false, check_code,
          "whom it is for; absent: all others"),
    GROUPS(liquidity_base, "weights", weights, true, weight_rows, weight, check_not_empty,
           "what is liquid, and how much of it"),
    TEXT(liquidity_base, "from", head.second, false, check_date,
         "for periods ending on or after this date"),
    TEXT(liquidity_base, "ref", ref, false, NULL, "the legal text"),
    TEXT(liquidity_base, "certainty", certainty, false, check_certainty, "V, S or M"),
    RETROACTIVE(liquidity_base),
    {0},
};

static const struct config_row limit_rows[] = {
    LINE(prudential_limit),
    KEY(prudential_limit, "id", check_limit_id, "RW-LIQ-SACCO"),
    TEXTS(prudential_limit, "categories", categories, false, check_code,
          "whom it is for; absent: all"),
    TEXT(prudential_limit, "ratio", ratio, true, check_ratio, "R11, R03.NPL"),
    TEXT(prudential_limit, "dir", direction, true, check_direction, "MIN or MAX"),
    INTEGER(prudential_limit, "amber", amber, false, INT64_MIN + 1, INT64_MAX, ABSENT,
            "near, in the ratio's unit (basis points)"),
    INTEGER(prudential_limit, "red", red, false, INT64_MIN + 1, INT64_MAX, ABSENT,
            "breached, in the ratio's unit (basis points)"),
    TEXT(prudential_limit, "from", head.second, false, check_date,
         "for periods ending on or after this date"),
    TEXT(prudential_limit, "until", until, false, check_date,
         "for periods ending on or before this date"),
    TEXT(prudential_limit, "ref", ref, false, NULL, "the legal text"),
    TEXT(prudential_limit, "certainty", certainty, false, check_certainty, "V, S or M"),
    TEXT(prudential_limit, "confirmed", confirmed, false, NULL,
         "who confirmed it, when, by which text; without it no breach is told to others"),
    TEXT(prudential_limit, "applied_back_to", applied_back_to, false, check_date,
         "shown for earlier periods too, from this date"),
    TEXT(prudential_limit, "amber_words", amber_words, false, NULL, "above the 5 % norm"),
    TEXT(prudential_limit, "red_words", red_words, false, NULL, "above 10 %"),
    BOOL(prudential_limit, "off", is_off, "true: kept for the record, not used"),
    RETROACTIVE(prudential_limit),
    {0},
};

static const struct config_row capital_band_rows[] = {
    LINE(capital_band),
    KEY(capital_band, "code", check_limit_id, "UNDERCAPITALISED"),
    TEXT(capital_band, "ratio", head.second, true, check_ratio, "R21.CAR, R21.T1, R22"),
    TEXTS(capital_band, "categories", categories, false, check_code, "whom it is for; absent: all"),
    INTEGER(capital_band, "below", below, true, 0, 10000, 0, "basis points"),
    TEXT(capital_band, "from", from, false, check_date, "for periods ending on or after this date"),
    TEXT(capital_band, "ref", ref, false, NULL, "the legal text"),
    TEXT(capital_band, "certainty", certainty, false, check_certainty, "V, S or M"),
    RETROACTIVE(capital_band),
    {0},
};

static const struct config_row run_off_rows[] = {
    LINE(run_off),
    KEY(run_off, "type", check_deposit_type, "of deposits"),
    INTEGER(run_off, "percent", percent, true, 0, 100, 0,
            "withdrawn within 30 days; of TERM, of what falls due in them"),
    {0},
};

static const struct config_row scenario_rows[] = {
    LINE(scenario),
    KEY(scenario, "code", check_scenario, "BASE or STRESS"),
    INTEGER(scenario, "collections_percent", collections_percent, true, 0, 100, 0,
            "of contractual collections that come"),
    INTEGER(scenario, "run_off_percent", run_off_percent, true, 0, 1000, 0,
            "of the run-off: 200 is twice as fast"),
    INTEGER(scenario, "lines_percent", lines_percent, true, 0, 100, 0,
            "of committed credit lines that can be drawn"),
    INTEGER(scenario, "horizon_days", horizon_days, false, 1, 366, ABSENT,
            "of the emergency need (R33)"),
    INTEGER(scenario, "withdrawals_percent", withdrawals_percent, false, 0, 100, ABSENT,
            "of all deposits, over the horizon (R33)"),
    {0},
};

static const struct config_row score_rows[] = {
    LINE(score_row),
    KEY(score_row, "component", check_component, "of the stress score"),
    INTEGER(score_row, "weight", weight, true, 0, 100, 0, "of all of them"),
    INTEGER(score_row, "green", green, true, -100000, 100000, 0, "calm: adds nothing"),
    INTEGER(score_row, "red", red, true, -100000, 100000, 0, "adds its whole weight"),
    {0},
};

static const struct config_row average_loan_rows[] = {
    LINE(average_loan),
    KEY(average_loan, "currency", check_currency, "ISO 4217"),
    INTEGER(average_loan, "least", least, true, 0, INT64_MAX, 0, "minor units"),
    INTEGER(average_loan, "most", most, true, 1, INT64_MAX, 0, "minor units"),
    TEXTS(average_loan, "categories", categories, false, check_code, "whom it is for; absent: all"),
    {0},
};

#define HOURS_MAX (366 * 24)

static const struct config_row obligation_rows[] = {
    LINE(obligation),
    KEY(obligation, "id", check_limit_id, "PORTFOLIO-M"),
    TEXT(obligation, "type", type, true, check_type, "of the report"),
    TEXT(obligation, "frequency", frequency, true, check_frequency, "D, W, M or Q"),
    TEXTS(obligation, "categories", categories, false, check_code, "who owes it; absent: all"),
    TEXT(obligation, "wants", wants, true, check_wants, "ANY or FINAL"),
    INTEGER(obligation, "due_days", due_days, true, 0, 366, 0, "after the period's last day"),
    BOOL(obligation, "business_days", is_in_business_days, "true: count those only"),
    TEXT(obligation, "due_time", due_time, true, check_time_of_day, "local: 17:00"),
    TEXT(obligation, "roll", roll, false, check_roll, "where the due day is no business day"),
    INTEGER(obligation, "grace_hours", grace_hours, false, 0, HOURS_MAX, ABSENT,
            "after it was due, until it is overdue"),
    INTEGER(obligation, "remind_hours", remind_hours, false, 0, HOURS_MAX, ABSENT,
            "before it is due"),
    INTEGER(obligation, "escalate_hours", escalate_hours, false, 0, HOURS_MAX, ABSENT,
            "after it was due, to the regulator"),
    TEXT(obligation, "from", head.second, false, check_date,
         "for periods ending on or after this date"),
    TEXT(obligation, "until", until, false, check_date,
         "for periods ending on or before this date"),
    TEXT(obligation, "ref", ref, false, NULL, "the legal text"),
    TEXT(obligation, "certainty", certainty, false, check_certainty, "V, S or M"),
    BOOL(obligation, "off", is_off, "true: kept for the record, owed by nobody"),
    RETROACTIVE(obligation),
    {0},
};

static const struct config_row holiday_rows[] = {
    LINE(holiday),
    TEXT(holiday, "name", head.key, true, NULL, "for people"),
    TEXT(holiday, "date", date, false, check_date, "one day: 2026-04-03"),
    TEXT(holiday, "each_year", each_year, false, check_each_year, "or a day of each year: 07-04"),
    TEXT(holiday, "from", head.second, false, check_date, "of each_year: the first day it holds"),
    TEXT(holiday, "until", until, false, check_date, "of each_year: the last day it holds"),
    TEXT(holiday, "certainty", certainty, false, check_certainty, "V, S or M"),
    RETROACTIVE(holiday),
    {0},
};

static const struct config_row code_rows[] = {
    LINE(code_list),
    KEY(code_list, "name", check_code, "SECTOR, PRODUCT, DISTRICT"),
    TEXTS(code_list, "codes", codes, true, check_code, "the codes"),
    {0},
};

const struct config_row country_rows[] = {
    TEXT(country, "country", country, true, check_country, "ISO 3166"),
    TEXT(country, "version", version, true, NULL, "words for people: rw 2026-11"),
    TEXT(country, "time_zone", time_zone, true, NULL, "Africa/Kigali"),
    INTEGER(country, "utc_offset_minutes", utc_offset_minutes, true, -840, 840, 0,
            "minutes ahead of UTC"),
    GROUPS(country, "currencies", currencies, true, currency_rows, currency, check_not_empty,
           "currencies that may be reported in"),
    GROUPS(country, "categories", categories, true, category_rows, category, check_not_empty,
           "kinds of institution"),
    GROUPS(country, "rules", rules, false, rule_rows, rule_setting, NULL,
           "what differs from the rules as shipped"),
    GROUPS(country, "classes", classes, true, class_rows, loan_class, check_not_empty,
           "loan classes by days overdue"),
    INTEGER(country, "cure_months", cure_months, true, 0, 120, 0,
            "after which a restructured loan that is paid counts as cured"),
    BOOL(country, "moratorium_is_restructuring", moratorium_is_restructuring,
         "is a payment holiday a restructuring?"),
    GROUPS(country, "size_bands", size_bands, true, band_rows, size_band, NULL,
           "bands of the original principal"),
    GROUPS(country, "liquidity", liquidity, true, liquidity_rows, liquidity_base, NULL,
           "weights of the liquidity ratio"),
    GROUPS(country, "codes", codes, true, code_rows, code_list, NULL, "code lists"),
    TEXTS(country, "private_patterns", private_patterns, true, check_pattern,
          "numbers that must not stand in a text"),
    GROUPS(country, "limits", limits, false, limit_rows, prudential_limit, NULL,
           "what ratios must keep"),
    GROUPS(country, "capital_bands", capital_bands, false, capital_band_rows, capital_band, NULL,
           "bands of prompt corrective action, the mildest first"),
    GROUPS(country, "run_off", run_off, false, run_off_rows, run_off, NULL,
           "deposits withdrawn within 30 days"),
    INTEGER(country, "collections_percent", collections_percent, false, 0, 100, ABSENT,
            "of contractual collections, what counts as an inflow (R13)"),
    GROUPS(country, "scenarios", scenarios, false, scenario_rows, scenario, NULL,
           "of the survival horizon (R18)"),
    GROUPS(country, "score", score, false, score_rows, score_row, NULL,
           "weights and knots of the stress score"),
    GROUPS(country, "average_loans", average_loans, false, average_loan_rows, average_loan, NULL,
           "between what an average loan lies (POR-20)"),
    GROUPS(country, "obligations", obligations, false, obligation_rows, obligation, NULL,
           "who owes what by when"),
    GROUPS(country, "holidays", holidays, false, holiday_rows, holiday, NULL,
           "days that are no business days"),
    TEXTS(country, "weekend", weekend, false, check_week_day, "SATURDAY, SUNDAY"),
    INTEGER(country, "materiality_bp", materiality_bp, false, 0, 10000, ABSENT,
            "of an amount: what a correction of a closed period may change (TIM-07)"),
    {0},
};
