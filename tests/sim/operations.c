/* What an institution did in a month as OPERATIONS. */
#include "tests/sim/rows.h"

#define TENOR_MONTHS 24
#define RATE_MAX_BP  800

static void set_counts(const struct work *w, PbOperations *operations)
{
    SET_COUNT(operations, branches_total, w->branches);
    SET_COUNT(operations, branches_open, w->branches_open);
    SET_COUNT(operations, branches_partial, w->branches_partial);
    SET_COUNT(operations, branches_closed, w->branches_closed);
    SET_COUNT(operations, service_points, w->service_points);
    SET_COUNT(operations, districts_served, w->branches > 3 ? w->branches / 2 : 1);
    SET_COUNT(operations, staff_total, w->staff);
    SET_COUNT(operations, staff_on_site, w->staff_on_site);
    SET_COUNT(operations, staff_remote, w->staff_remote);
    SET_COUNT(operations, staff_unavailable, w->staff_away);
    SET_COUNT(operations, loan_officers, w->officers);
    SET_COUNT(operations, staff_women, w->staff_women);
    SET_COUNT(operations, digital_registered, w->digital_registered);
    SET_COUNT(operations, digital_active_30d, w->digital_active);
    SET_COUNT(operations, complaints_received, w->complaints);
    SET_COUNT(operations, complaints_resolved, w->complaints_resolved);
    SET_COUNT(operations, fraud_cases, w->frauds);
}

static void set_requests(const struct snapshot *s, PbOperations *operations)
{
    const struct work *w = &s->work;
    SET_COUNT(operations, reneg_opening_pending, w->pending_opening);
    SET_COUNT(operations, reneg_received, w->received);
    SET_COUNT(operations, reneg_approved, w->approved);
    SET_COUNT(operations, reneg_rejected, w->rejected);
    SET_COUNT(operations, reneg_withdrawn, w->withdrawn);
    SET_COUNT(operations, reneg_closing_pending, w->pending_closing);
    SET(operations, reneg_received_amount, w->received_amount);
    SET(operations, reneg_approved_amount, w->approved_amount);
    SET_COUNT(operations, reneg_decision_days_sum, w->decision_days);
    SET(operations, relief_penalties_waived, s->interest / 90);
    SET(operations, relief_interest_waived, w->interest_waived);
    SET_COUNT(operations, relief_bridge_loans, w->bridge_loans);
    SET(operations, relief_bridge_amount, w->bridge_amount);
}

/* What it expects, worse the fewer loans are paid. */
static void set_outlook(const struct snapshot *s, PbOperations *operations)
{
    bool is_crisis = s->month >= MONTH_SHOCK && s->month < MONTH_SHOCK + 6;
    int32_t late_bp = (int32_t)((s->glp - s->outstanding[0]) * 10000 / s->glp);
    SET(operations, expected_collections_bp, is_crisis ? -late_bp : 100);
    SET(operations, expected_deposits_bp, is_crisis ? -late_bp / 4 : 200);
    SET(operations, expected_disbursements_bp, is_crisis ? -2 * late_bp : 300);
    SET(operations, outlook, is_crisis ? 3 : 6);
}

static bool add_channels(struct arena *arena, const struct work *w, PbOperations *operations)
{
    operations->channels = arena_take(arena, CHANNELS * sizeof *operations->channels);
    for (size_t i = 0; operations->channels != NULL && i < CHANNELS; i++) {
        Ihuriro__V1__ChannelRow *row = arena_take(arena, sizeof *row);
        if (row == NULL) {
            return false;
        }
        ihuriro__v1__channel_row__init(row);
        row->channel = (Ihuriro__V1__ChannelRow__Channel)(i + 1);
        SET_COUNT(row, n_tx, w->transactions[i]);
        SET(row, value, w->value[i]);
        SET_COUNT(row, active_users_30d, w->users[i]);
        SET(row, fee_waived, i < 2 && w->fees_waived != 0);
        operations->channels[operations->n_channels++] = row;
    }
    return operations->channels != NULL;
}

static bool add_training(struct arena *arena, const struct work *w, PbOperations *operations)
{
    static const struct {
        Ihuriro__V1__TrainingRow__Topic topic;
        Ihuriro__V1__TrainingRow__Audience audience;
    } kinds[TRAININGS] = {
        {IHURIRO__V1__TRAINING_ROW__TOPIC__DIGITAL, IHURIRO__V1__TRAINING_ROW__AUDIENCE__CLIENT},
        {IHURIRO__V1__TRAINING_ROW__TOPIC__LOAN_TERMS, IHURIRO__V1__TRAINING_ROW__AUDIENCE__CLIENT},
        {IHURIRO__V1__TRAINING_ROW__TOPIC__HEALTH, IHURIRO__V1__TRAINING_ROW__AUDIENCE__STAFF},
    };
    operations->training = arena_take(arena, TRAININGS * sizeof *operations->training);
    for (size_t i = 0; operations->training != NULL && i < TRAININGS; i++) {
        Ihuriro__V1__TrainingRow *row = arena_take(arena, sizeof *row);
        if (row == NULL) {
            return false;
        }
        ihuriro__v1__training_row__init(row);
        row->topic = kinds[i].topic;
        row->audience = kinds[i].audience;
        SET_COUNT(row, participants, w->trained[i]);
        SET_COUNT(row, women, w->trained_women[i]);
        SET_COUNT(row, sessions, w->sessions[i]);
        SET(row, online, w->fees_waived != 0);
        operations->training[operations->n_training++] = row;
    }
    return operations->training != NULL;
}

static bool add_reasons(struct arena *arena, const struct work *w, PbOperations *operations)
{
    operations->reneg_reasons = arena_take(arena, REASONS * sizeof *operations->reneg_reasons);
    for (size_t i = 0; operations->reneg_reasons != NULL && i < REASONS; i++) {
        Ihuriro__V1__RenegotiationReason *row = arena_take(arena, sizeof *row);
        if (row == NULL) {
            return false;
        }
        ihuriro__v1__renegotiation_reason__init(row);
        row->code = (Ihuriro__V1__RenegotiationReason__Code)(i + 1);
        SET_COUNT(row, requests, w->reasons[i]);
        operations->reneg_reasons[operations->n_reneg_reasons++] = row;
    }
    return operations->reneg_reasons != NULL;
}

struct wish {
    Ihuriro__V1__AdvocacyRow__Code code;
    uint32_t priority;
    Ihuriro__V1__AdvocacyRow__Addressee to;
    const char *text;
};

/* The first three of the list that fits. */
#define WISHES 3
static bool add_advocacy(struct arena *arena, const struct snapshot *s, PbOperations *operations)
{
    static const struct wish calm[WISHES] = {
        {IHURIRO__V1__ADVOCACY_ROW__CODE__CREDIT_BUREAU, 3,
         IHURIRO__V1__ADVOCACY_ROW__ADDRESSEE__BNR, "cheaper queries for small loans"},
        {IHURIRO__V1__ADVOCACY_ROW__CODE__TRAINING, 4, IHURIRO__V1__ADVOCACY_ROW__ADDRESSEE__DONOR,
         "training of loan officers"},
        {IHURIRO__V1__ADVOCACY_ROW__CODE__TAX, 5, IHURIRO__V1__ADVOCACY_ROW__ADDRESSEE__MINECOFIN,
         "tax on members' interest"},
    };
    static const struct wish pressed[WISHES] = {
        {IHURIRO__V1__ADVOCACY_ROW__CODE__PROVISION_RELIEF, 2,
         IHURIRO__V1__ADVOCACY_ROW__ADDRESSEE__BNR, "loans in moratorium stay in their class"},
        {IHURIRO__V1__ADVOCACY_ROW__CODE__DIGITAL_INVEST, 3,
         IHURIRO__V1__ADVOCACY_ROW__ADDRESSEE__DONOR, "mobile channels for members"},
        {IHURIRO__V1__ADVOCACY_ROW__CODE__PPE_HEALTH, 4,
         IHURIRO__V1__ADVOCACY_ROW__ADDRESSEE__DONOR, "protection of staff at the counters"},
    };
    static const struct wish short_of_money = {IHURIRO__V1__ADVOCACY_ROW__CODE__REFINANCING, 1,
                                               IHURIRO__V1__ADVOCACY_ROW__ADDRESSEE__MINECOFIN,
                                               "refinancing of loans in moratorium"};
    bool is_crisis = s->month >= MONTH_SHOCK && s->month < MONTH_SHOCK + 10;
    operations->advocacy = arena_take(arena, WISHES * sizeof *operations->advocacy);
    for (size_t i = 0; operations->advocacy != NULL && i < WISHES; i++) {
        const struct wish *wish = is_crisis ? &pressed[i] : &calm[i];
        wish = i == 0 && s->work.fund > 0 ? &short_of_money : wish;
        Ihuriro__V1__AdvocacyRow *row = arena_take(arena, sizeof *row);
        char *text = arena_text(arena, wish->text);
        if (row == NULL || text == NULL) {
            return false;
        }
        ihuriro__v1__advocacy_row__init(row);
        row->code = wish->code;
        SET(row, priority, wish->priority);
        SET(row, addressed_to, wish->to);
        row->text = text;
        operations->advocacy[operations->n_advocacy++] = row;
    }
    return operations->advocacy != NULL;
}

/* Who asks for nothing says so. */
static bool add_fund(struct arena *arena, const struct snapshot *s, PbOperations *operations)
{
    const struct work *w = &s->work;
    Ihuriro__V1__EmergencyFund *fund = arena_take(arena, sizeof *fund);
    if (fund == NULL) {
        return false;
    }
    ihuriro__v1__emergency_fund__init(fund);
    SET(fund, requested, w->fund);
    SET(fund, for_liquidity, w->fund_parts[0]);
    SET(fund, for_client_relief, w->fund_parts[1]);
    SET(fund, for_capital, w->fund_parts[2]);
    SET(fund, for_digital, w->fund_parts[3]);
    SET(fund, for_health, w->fund_parts[4]);
    SET(fund, received_to_date, 0);
    if (w->fund > 0) {
        SET(fund, needed_by_day, s->period.end_day + 60);
        SET(fund, tenor_months, TENOR_MONTHS);
        SET(fund, max_rate_bp, RATE_MAX_BP);
        SET(fund, collateral, false);
        SET(fund, board_approved, true);
    }
    operations->emergency_fund = fund;
    return true;
}

PbOperations *operations_make(struct arena *arena, const struct snapshot *snapshot)
{
    PbOperations *operations = arena_take(arena, sizeof *operations);
    if (operations == NULL) {
        return NULL;
    }
    ihuriro__v1__operations__init(operations);
    set_counts(&snapshot->work, operations);
    set_requests(snapshot, operations);
    set_outlook(snapshot, operations);
    bool is_whole = add_channels(arena, &snapshot->work, operations) &&
                    add_training(arena, &snapshot->work, operations) &&
                    add_reasons(arena, &snapshot->work, operations) &&
                    add_advocacy(arena, snapshot, operations) &&
                    add_fund(arena, snapshot, operations);
    return is_whole ? operations : NULL;
}
