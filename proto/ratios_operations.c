/* R28 to R32: clients, channels, renegotiation, the emergency fund, and large exposures. */
#include "proto/ratios_inside.h"

static bool women_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum women = {0};
    struct sum all = {0};
    ADD_COUNT(&women, portfolio_of(inputs), women_borrowers);
    ADD_COUNT(&all, portfolio_of(inputs), active_borrowers);
    return parts_of(&women, &all, ret_parts);
}

static bool average_loan_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum glp = {0};
    struct sum loans = {0};
    ADD(&glp, portfolio_of(inputs), glp);
    ADD_COUNT(&loans, portfolio_of(inputs), loans_outstanding);
    return parts_of(&glp, &loans, ret_parts);
}

static bool officer_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum borrowers = {0};
    struct sum officers = {0};
    ADD_COUNT(&borrowers, portfolio_of(inputs), active_borrowers);
    ADD_COUNT(&officers, operations_of(inputs), loan_officers);
    return parts_of(&borrowers, &officers, ret_parts);
}

/* ---- channels ---- */

static bool digital_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    const PbOperations *operations = operations_of(inputs);
    struct sum digital = {.is_unknown = operations == NULL || operations->n_channels == 0};
    struct sum all = digital;
    for (size_t i = 0; !all.is_unknown && i < operations->n_channels; i++) {
        const Ihuriro__V1__ChannelRow *row = operations->channels[i];
        ADD_COUNT(&all, row, n_tx);
        if ((int)row->channel != IHURIRO__V1__CHANNEL_ROW__CHANNEL__BRANCH) {
            ADD_COUNT(&digital, row, n_tx);
        }
    }
    return parts_of(&digital, &all, ret_parts);
}

static bool adoption_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum active = {0};
    struct sum registered = {0};
    ADD_COUNT(&active, operations_of(inputs), digital_active_30d);
    ADD_COUNT(&registered, operations_of(inputs), digital_registered);
    return parts_of(&active, &registered, ret_parts);
}

/* ---- renegotiation ---- */

static struct sum decided(const struct ratio_inputs *inputs)
{
    struct sum sum = {0};
    ADD_COUNT(&sum, operations_of(inputs), reneg_approved);
    ADD_COUNT(&sum, operations_of(inputs), reneg_rejected);
    return sum;
}

static bool approval_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum approved = {0};
    struct sum all = decided(inputs);
    ADD_COUNT(&approved, operations_of(inputs), reneg_approved);
    return parts_of(&approved, &all, ret_parts);
}

static bool backlog_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum pending = {0};
    struct sum a_period = decided(inputs);
    ADD_COUNT(&pending, operations_of(inputs), reneg_closing_pending);
    if (pending.is_unknown ||
        __builtin_mul_overflow(pending.value, days_of(inputs->operations->period),
                               &pending.value)) {
        return false;
    }
    return parts_of(&pending, &a_period, ret_parts);
}

/* ---- the emergency fund ---- */

static struct sum requested(const struct ratio_inputs *inputs)
{
    const PbOperations *operations = operations_of(inputs);
    struct sum sum = {0};
    ADD(&sum, operations == NULL ? NULL : operations->emergency_fund, requested);
    return sum;
}

static bool need_of_deposits_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum wanted = requested(inputs);
    struct sum deposits = deposits_of(inputs);
    return parts_of(&wanted, &deposits, ret_parts);
}

static bool need_of_liquid_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum wanted = requested(inputs);
    struct sum liquid = {0};
    liquid.is_unknown = wanted.is_unknown || !liquid_hundredths(inputs, &liquid.value) ||
                        __builtin_mul_overflow(wanted.value, (int64_t)100, &wanted.value);
    return parts_of(&wanted, &liquid, ret_parts);
}

/* ---- large exposures ---- */

static bool borrower_to_capital_parts(const struct ratio_inputs *inputs,
                                      struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    struct sum core = core_capital(inputs);
    ADD(&part, exposures_of(inputs), largest_borrower);
    return parts_of(&part, &core, ret_parts);
}

static bool borrower_to_deposits_parts(const struct ratio_inputs *inputs,
                                       struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    struct sum deposits = deposits_of(inputs);
    ADD(&part, exposures_of(inputs), largest_borrower);
    return parts_of(&part, &deposits, ret_parts);
}

static bool insider_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    struct sum core = core_capital(inputs);
    ADD(&part, exposures_of(inputs), insider);
    return parts_of(&part, &core, ret_parts);
}

static bool related_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    struct sum core = core_capital(inputs);
    ADD(&part, exposures_of(inputs), related_party);
    return parts_of(&part, &core, ret_parts);
}

const struct ratio ratios_operations[] = {
    {"R28.WOMEN", "Women borrowers", "women_borrowers / active_borrowers", .parts = women_parts},
    {"R28.LOAN", "Average loan", "glp / loans_outstanding", .unit = RATIO_MONEY,
     .parts = average_loan_parts},
    {"R28.OFFICER", "Borrowers per loan officer", "active_borrowers / loan_officers",
     .unit = RATIO_COUNT, .parts = officer_parts},
    {"R29.SHARE", "Digital share", "sum of channels.n_tx but BRANCH / sum of channels.n_tx",
     .parts = digital_parts},
    {"R29.ADOPTION", "Digital adoption", "digital_active_30d / digital_registered",
     .parts = adoption_parts},
    {"R30.APPROVED", "Renegotiations approved",
     "reneg_approved / (reneg_approved + reneg_rejected)", .parts = approval_parts},
    {"R30.BACKLOG", "Renegotiation backlog",
     "reneg_closing_pending / ((reneg_approved + reneg_rejected) / days of the period)",
     .unit = RATIO_DAYS, .parts = backlog_parts},
    {"R31.DEPOSITS", "Emergency fund to deposits", "emergency_fund.requested / deposits",
     .parts = need_of_deposits_parts},
    {"R31.LIQUID", "Emergency fund to liquid assets",
     "emergency_fund.requested / liquid assets (as R11)", .parts = need_of_liquid_parts},
    {"R32.BORROWER_CAP", "Largest borrower to capital",
     "largest_borrower / core capital (tier1, else equity)", .is_exposed = true,
     .parts = borrower_to_capital_parts},
    {"R32.BORROWER_DEP", "Largest borrower to deposits", "largest_borrower / deposits",
     .is_exposed = true, .parts = borrower_to_deposits_parts},
    {"R32.INSIDER", "Insiders to capital", "insider / core capital (tier1, else equity)",
     .is_exposed = true, .parts = insider_parts},
    {"R32.RELATED", "Related parties to capital",
     "related_party / core capital (tier1, else equity)", .is_exposed = true,
     .parts = related_parts},
    {0},
};
