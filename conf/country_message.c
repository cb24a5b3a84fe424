/* A country's file as a Settings message. */
#include <string.h>

#include "conf/country_inside.h"
#include "conf/duty_words.h"
#include "proto/period.h"

#define SETTINGS_FORMAT 1

/* Makes one message of one group; NULL without memory. */
typedef void *(*make_row)(struct arena *arena, const void *group);

/* Copies the text, or NULL for none; *ok turns false without memory. */
static char *copy(struct arena *arena, const char *text, bool *ok)
{
    char *copied = text == NULL ? NULL : arena_text(arena, text);
    *ok = *ok && (text == NULL || copied != NULL);
    return copied;
}

static char **copy_texts(struct arena *arena, const struct config_texts *texts, size_t *ret_count,
                         bool *ok)
{
    char **copies = arena_take(arena, (texts->count + 1) * sizeof *copies);
    *ok = *ok && copies != NULL;
    for (size_t i = 0; *ok && i < texts->count; i++) {
        copies[i] = copy(arena, texts->items[i], ok);
    }
    *ret_count = texts->count;
    return copies;
}

static void *make_rows(struct arena *arena, const struct config_groups *groups, size_t bytes,
                       make_row make, size_t *ret_count, bool *ok)
{
    void **rows = arena_take(arena, (groups->count + 1) * sizeof *rows);
    *ok = *ok && rows != NULL;
    for (size_t i = 0; *ok && i < groups->count; i++) {
        rows[i] = make(arena, (const char *)groups->items + i * bytes);
        *ok = rows[i] != NULL;
    }
    *ret_count = groups->count;
    return rows;
}

static void *make_currency(struct arena *arena, const void *group)
{
    const struct currency *from = group;
    Ihuriro__V1__Currency *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__currency__init(to);
        to->code = copy(arena, from->head.key, &ok);
        to->exponent = (uint32_t)from->exponent;
    }
    return ok ? to : NULL;
}

static void *make_category(struct arena *arena, const void *group)
{
    const struct category *from = group;
    Ihuriro__V1__Category *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__category__init(to);
        to->code = copy(arena, from->head.key, &ok);
        to->name = copy(arena, from->name, &ok);
    }
    return ok ? to : NULL;
}

static void *make_rule(struct arena *arena, const void *group)
{
    const struct rule_setting *from = group;
    Ihuriro__V1__RuleSetting *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__rule_setting__init(to);
        to->rule = copy(arena, from->head.key, &ok);
        to->category = copy(arena, from->head.second, &ok);
        to->has_severity = from->severity != NULL;
        if (to->has_severity) {
            to->severity = (Ihuriro__V1__Severity)severity_of(from->severity);
        }
        to->has_off = to->off = from->is_off;
        to->has_tolerance_bp = from->tolerance_bp != ABSENT;
        to->tolerance_bp = to->has_tolerance_bp ? from->tolerance_bp : 0;
    }
    return ok ? to : NULL;
}

static void *make_class(struct arena *arena, const void *group)
{
    const struct loan_class *from = group;
    Ihuriro__V1__LoanClass *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__loan_class__init(to);
        to->code = copy(arena, from->head.key, &ok);
        to->from_days = (int32_t)from->from_days;
        to->rate_bp = (int32_t)from->rate_bp;
        to->from = copy(arena, from->head.second, &ok);
        to->retroactive = copy(arena, from->retroactive, &ok);
        to->certainty = copy(arena, from->certainty, &ok);
    }
    return ok ? to : NULL;
}

static void *make_band(struct arena *arena, const void *group)
{
    const struct size_band *from = group;
    Ihuriro__V1__SizeBand *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__size_band__init(to);
        to->currency = copy(arena, from->head.second, &ok);
        to->code = copy(arena, from->head.key, &ok);
        to->has_up_to = from->up_to != ABSENT;
        to->up_to = to->has_up_to ? from->up_to : 0;
    }
    return ok ? to : NULL;
}

static void *make_weight(struct arena *arena, const void *group)
{
    const struct weight *from = group;
    Ihuriro__V1__LiquidityWeight *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__liquidity_weight__init(to);
        to->field = copy(arena, from->head.key, &ok);
        to->percent = (uint32_t)from->percent;
    }
    return ok ? to : NULL;
}

static void *make_liquidity(struct arena *arena, const void *group)
{
    const struct liquidity_base *from = group;
    Ihuriro__V1__LiquidityBase *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__liquidity_base__init(to);
        to->categories = copy_texts(arena, &from->categories, &to->n_categories, &ok);
        to->weights = make_rows(arena, &from->weights, sizeof(struct weight), make_weight,
                                &to->n_weights, &ok);
        to->has_from_day =
            from->head.second != NULL && day_parse(from->head.second, &to->from_day) == ERR_OK;
        to->ref = copy(arena, from->ref, &ok);
        to->retroactive = copy(arena, from->retroactive, &ok);
        to->certainty = copy(arena, from->certainty, &ok);
    }
    return ok ? to : NULL;
}

static int32_t day_of(const char *text, protobuf_c_boolean *ret_has)
{
    int32_t day = 0;
    *ret_has = text != NULL && day_parse(text, &day) == ERR_OK;
    return day;
}

static int64_t integer_of(int64_t value, protobuf_c_boolean *ret_has)
{
    *ret_has = value != ABSENT;
    return *ret_has ? value : 0;
}

static void *make_limit(struct arena *arena, const void *group)
{
    const struct prudential_limit *from = group;
    Ihuriro__V1__PrudentialLimit *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__prudential_limit__init(to);
        to->id = copy(arena, from->head.key, &ok);
        to->categories = copy_texts(arena, &from->categories, &to->n_categories, &ok);
        to->ratio = copy(arena, from->ratio, &ok);
        to->direction = from->direction[1] == 'I' ? IHURIRO__V1__PRUDENTIAL_LIMIT__DIRECTION__MIN
                                                  : IHURIRO__V1__PRUDENTIAL_LIMIT__DIRECTION__MAX;
        to->amber = integer_of(from->amber, &to->has_amber);
        to->red = integer_of(from->red, &to->has_red);
        to->from_day = day_of(from->head.second, &to->has_from_day);
        to->until_day = day_of(from->until, &to->has_until_day);
        to->applied_back_to_day = day_of(from->applied_back_to, &to->has_applied_back_to_day);
        to->ref = copy(arena, from->ref, &ok);
        to->retroactive = copy(arena, from->retroactive, &ok);
        to->certainty = copy(arena, from->certainty, &ok);
        to->confirmed = copy(arena, from->confirmed, &ok);
        to->amber_words = copy(arena, from->amber_words, &ok);
        to->red_words = copy(arena, from->red_words, &ok);
        to->has_off = to->off = from->is_off;
    }
    return ok ? to : NULL;
}

static void *make_capital_band(struct arena *arena, const void *group)
{
    const struct capital_band *from = group;
    Ihuriro__V1__CapitalBand *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__capital_band__init(to);
        to->code = copy(arena, from->head.key, &ok);
        to->ratio = copy(arena, from->head.second, &ok);
        to->categories = copy_texts(arena, &from->categories, &to->n_categories, &ok);
        to->below = from->below;
        to->from_day = day_of(from->from, &to->has_from_day);
        to->ref = copy(arena, from->ref, &ok);
        to->retroactive = copy(arena, from->retroactive, &ok);
        to->certainty = copy(arena, from->certainty, &ok);
    }
    return ok ? to : NULL;
}

static void *make_run_off(struct arena *arena, const void *group)
{
    const struct run_off *from = group;
    Ihuriro__V1__RunOff *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__run_off__init(to);
        to->type = copy(arena, from->head.key, &ok);
        to->percent = (uint32_t)from->percent;
    }
    return ok ? to : NULL;
}

static void *make_scenario(struct arena *arena, const void *group)
{
    const struct scenario *from = group;
    Ihuriro__V1__Scenario *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__scenario__init(to);
        to->code = copy(arena, from->head.key, &ok);
        to->collections_percent = (uint32_t)from->collections_percent;
        to->run_off_percent = (uint32_t)from->run_off_percent;
        to->lines_percent = (uint32_t)from->lines_percent;
        to->horizon_days = (uint32_t)integer_of(from->horizon_days, &to->has_horizon_days);
        to->withdrawals_percent =
            (uint32_t)integer_of(from->withdrawals_percent, &to->has_withdrawals_percent);
    }
    return ok ? to : NULL;
}

static void *make_score_row(struct arena *arena, const void *group)
{
    const struct score_row *from = group;
    Ihuriro__V1__ScoreRow *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__score_row__init(to);
        to->component = copy(arena, from->head.key, &ok);
        to->weight = (uint32_t)from->weight;
        to->green = from->green;
        to->red = from->red;
    }
    return ok ? to : NULL;
}

static void *make_average_loan(struct arena *arena, const void *group)
{
    const struct average_loan *from = group;
    Ihuriro__V1__AverageLoan *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__average_loan__init(to);
        to->currency = copy(arena, from->head.key, &ok);
        to->least = from->least;
        to->most = from->most;
        to->categories = copy_texts(arena, &from->categories, &to->n_categories, &ok);
    }
    return ok ? to : NULL;
}

static void *make_obligation(struct arena *arena, const void *group)
{
    const struct obligation *from = group;
    PbObligation *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__obligation__init(to);
        to->id = copy(arena, from->head.key, &ok);
        to->type = copy(arena, from->type, &ok);
        to->frequency = copy(arena, from->frequency, &ok);
        to->categories = copy_texts(arena, &from->categories, &to->n_categories, &ok);
        to->wants = strcmp(from->wants, "FINAL") == 0 ? IHURIRO__V1__OBLIGATION__WANTS__FINAL
                                                      : IHURIRO__V1__OBLIGATION__WANTS__ANY;
        to->due_days = (uint32_t)from->due_days;
        to->has_business_days = to->business_days = from->is_in_business_days;
        to->due_minutes = minutes_of(from->due_time);
        to->has_roll = from->roll != NULL;
        to->roll = to->has_roll ? roll_of(from->roll) : to->roll;
        to->grace_hours = (uint32_t)integer_of(from->grace_hours, &to->has_grace_hours);
        to->remind_hours = (uint32_t)integer_of(from->remind_hours, &to->has_remind_hours);
        to->escalate_hours = (uint32_t)integer_of(from->escalate_hours, &to->has_escalate_hours);
        to->from_day = day_of(from->head.second, &to->has_from_day);
        to->until_day = day_of(from->until, &to->has_until_day);
        to->ref = copy(arena, from->ref, &ok);
        to->certainty = copy(arena, from->certainty, &ok);
        to->retroactive = copy(arena, from->retroactive, &ok);
        to->has_off = to->off = from->is_off;
    }
    return ok ? to : NULL;
}

static void *make_holiday(struct arena *arena, const void *group)
{
    const struct holiday *from = group;
    PbHoliday *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__holiday__init(to);
        to->name = copy(arena, from->head.key, &ok);
        to->day = day_of(from->date, &to->has_day);
        to->has_month = to->has_day_of_month = from->each_year != NULL;
        if (from->each_year != NULL) {
            to->month = (uint32_t)each_year_of(from->each_year) / 100;
            to->day_of_month = (uint32_t)each_year_of(from->each_year) % 100;
        }
        to->from_day = day_of(from->head.second, &to->has_from_day);
        to->until_day = day_of(from->until, &to->has_until_day);
        to->certainty = copy(arena, from->certainty, &ok);
        to->retroactive = copy(arena, from->retroactive, &ok);
    }
    return ok ? to : NULL;
}

static bool make_weekend(struct arena *arena, const struct config_texts *days, PbSettings *to)
{
    to->weekend = arena_take(arena, (days->count + 1) * sizeof *to->weekend);
    to->n_weekend = to->weekend == NULL ? 0 : days->count;
    for (size_t i = 0; i < to->n_weekend; i++) {
        to->weekend[i] = (uint32_t)week_day_of(days->items[i]);
    }
    return to->weekend != NULL;
}

static void *make_codes(struct arena *arena, const void *group)
{
    const struct code_list *from = group;
    Ihuriro__V1__CodeList *to = arena_take(arena, sizeof *to);
    bool ok = to != NULL;
    if (ok) {
        ihuriro__v1__code_list__init(to);
        to->name = copy(arena, from->head.key, &ok);
        to->codes = copy_texts(arena, &from->codes, &to->n_codes, &ok);
    }
    return ok ? to : NULL;
}

static bool make_lists(struct arena *arena, const struct country *from, PbSettings *to)
{
    bool ok = true;
    to->currencies = make_rows(arena, &from->currencies, sizeof(struct currency), make_currency,
                               &to->n_currencies, &ok);
    to->categories = make_rows(arena, &from->categories, sizeof(struct category), make_category,
                               &to->n_categories, &ok);
    to->rules =
        make_rows(arena, &from->rules, sizeof(struct rule_setting), make_rule, &to->n_rules, &ok);
    to->classes = make_rows(arena, &from->classes, sizeof(struct loan_class), make_class,
                            &to->n_classes, &ok);
    to->size_bands = make_rows(arena, &from->size_bands, sizeof(struct size_band), make_band,
                               &to->n_size_bands, &ok);
    to->liquidity = make_rows(arena, &from->liquidity, sizeof(struct liquidity_base),
                              make_liquidity, &to->n_liquidity, &ok);
    to->codes =
        make_rows(arena, &from->codes, sizeof(struct code_list), make_codes, &to->n_codes, &ok);
    to->private_patterns = copy_texts(arena, &from->private_patterns, &to->n_private_patterns, &ok);
    to->limits = make_rows(arena, &from->limits, sizeof(struct prudential_limit), make_limit,
                           &to->n_limits, &ok);
    to->capital_bands = make_rows(arena, &from->capital_bands, sizeof(struct capital_band),
                                  make_capital_band, &to->n_capital_bands, &ok);
    to->run_off =
        make_rows(arena, &from->run_off, sizeof(struct run_off), make_run_off, &to->n_run_off, &ok);
    to->collections_percent =
        (uint32_t)integer_of(from->collections_percent, &to->has_collections_percent);
    to->scenarios = make_rows(arena, &from->scenarios, sizeof(struct scenario), make_scenario,
                              &to->n_scenarios, &ok);
    to->score =
        make_rows(arena, &from->score, sizeof(struct score_row), make_score_row, &to->n_score, &ok);
    to->average_loans = make_rows(arena, &from->average_loans, sizeof(struct average_loan),
                                  make_average_loan, &to->n_average_loans, &ok);
    return ok;
}

static bool make_duties(struct arena *arena, const struct country *from, PbSettings *to)
{
    bool ok = true;
    to->obligations = make_rows(arena, &from->obligations, sizeof(struct obligation),
                                make_obligation, &to->n_obligations, &ok);
    to->holidays = make_rows(arena, &from->holidays, sizeof(struct holiday), make_holiday,
                             &to->n_holidays, &ok);
    to->materiality_bp = integer_of(from->materiality_bp, &to->has_materiality_bp);
    return ok && make_weekend(arena, &from->weekend, to);
}

enum err country_make(struct arena *arena, const struct country *from, PbSettings **ret_settings)
{
    PbSettings *to = arena_take(arena, sizeof *to);
    if (to == NULL) {
        return ERR_MEMORY;
    }
    ihuriro__v1__settings__init(to);
    bool ok = true;
    to->format = SETTINGS_FORMAT;
    to->country = copy(arena, from->country, &ok);
    to->version = copy(arena, from->version, &ok);
    to->time_zone = copy(arena, from->time_zone, &ok);
    to->has_utc_offset_minutes = 1;
    to->utc_offset_minutes = (int32_t)from->utc_offset_minutes;
    to->has_cure_months = 1;
    to->cure_months = (uint32_t)from->cure_months;
    to->has_moratorium_is_restructuring = 1;
    to->moratorium_is_restructuring = from->moratorium_is_restructuring;
    if (!ok || !make_lists(arena, from, to) || !make_duties(arena, from, to)) {
        return ERR_MEMORY;
    }
    *ret_settings = to;
    return ERR_OK;
}
