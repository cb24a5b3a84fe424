#include "tests/sim/mistakes.h"

#include "tests/sim/rows.h"

#define OF(type)  (1U << (type))
#define PORTFOLIO OF(TYPE_PORTFOLIO)
#define LIQUIDITY OF(TYPE_LIQUIDITY)
#define EXPOSURES OF(TYPE_EXPOSURES)
#define WORK      OF(TYPE_OPERATIONS)
#define CAPITAL   OF(TYPE_CAPITAL)
#define APPROVED  (PORTFOLIO | EXPOSURES | WORK | CAPITAL)
#define ALL       (APPROVED | LIQUIDITY)

/* A thousandfold of EXPOSURES or OPERATIONS would be found or not by what else has come by then:
 * not made. */
const struct mistake mistakes[MISTAKES] = {
    [MISTAKE_NONE] = {"", EXPECT_ACCEPTED, "", ALL, false},
    [MISTAKE_THOUSANDFOLD] = {"THOUSANDFOLD", EXPECT_REJECTED, "TIM-01",
                              PORTFOLIO | LIQUIDITY | CAPITAL, true},
    [MISTAKE_SWAPPED] = {"SWAPPED", EXPECT_REJECTED, "POR-04", PORTFOLIO | WORK, true},
    [MISTAKE_SUM] = {"SUM", EXPECT_REJECTED, "POR-01", ALL, false},
    [MISTAKE_NEGATIVE] = {"NEGATIVE", EXPECT_REJECTED, "LIQ-14", ALL, false},
    [MISTAKE_STALE] = {"STALE", EXPECT_WARNED, "TIM-02", PORTFOLIO | WORK | CAPITAL, true},
    [MISTAKE_PERIOD_KEY] = {"PERIOD_KEY", EXPECT_REJECTED, "ENV-05", ALL, true},
    [MISTAKE_PERIOD_FUTURE] = {"PERIOD_FUTURE", EXPECT_REJECTED, "ENV-06", APPROVED, true},
    [MISTAKE_UNAPPROVED] = {"UNAPPROVED", EXPECT_REJECTED, "ENV-09",
                            PORTFOLIO | EXPOSURES | CAPITAL, true},
    [MISTAKE_CURRENCY] = {"CURRENCY", EXPECT_REJECTED, "ENV-08", ALL, false},
    [MISTAKE_NOT_OVERDUE] = {"NOT_OVERDUE", EXPECT_WARNED, "POR-04", PORTFOLIO, true},
    [MISTAKE_PHONE] = {"PHONE", EXPECT_REFUSED, "ENV-14", ALL, false},
    [MISTAKE_SIGNATURE] = {"SIGNATURE", EXPECT_REFUSED, "ENV-03", ALL, false},
    [MISTAKE_TWICE] = {"TWICE", EXPECT_REPEATED, "", ALL, false},
    [MISTAKE_PENDING] = {"PENDING", EXPECT_REJECTED, "OPS-02", WORK, true},
    [MISTAKE_FUND] = {"FUND", EXPECT_REJECTED, "OPS-05", WORK, true},
    [MISTAKE_STAFF] = {"STAFF", EXPECT_WARNED, "OPS-09", WORK, true},
    [MISTAKE_TRAINED] = {"TRAINED", EXPECT_REJECTED, "OPS-04", WORK, true},
    [MISTAKE_GROSS] = {"GROSS", EXPECT_WARNED, "CAP-02", CAPITAL, true},
};

/* Where a type has a rule of its own. CAPITAL in thousands balances: only PORTFOLIO gives it away.
 */
static const struct {
    enum mistake_id id;
    int type;
    enum expected expected;
    const char *rule;
} exceptions[] = {
    {MISTAKE_SUM, TYPE_LIQUIDITY, EXPECT_REJECTED, "LIQ-01"},
    {MISTAKE_SUM, TYPE_EXPOSURES, EXPECT_REJECTED, "LIQ-05"},
    {MISTAKE_SUM, TYPE_OPERATIONS, EXPECT_REJECTED, "OPS-01"},
    {MISTAKE_SUM, TYPE_CAPITAL, EXPECT_REJECTED, "CAP-01"},
    {MISTAKE_THOUSANDFOLD, TYPE_LIQUIDITY, EXPECT_REJECTED, "LIQ-02"},
    {MISTAKE_THOUSANDFOLD, TYPE_CAPITAL, EXPECT_WARNED, "CAP-02"},
    {MISTAKE_SWAPPED, TYPE_OPERATIONS, EXPECT_REJECTED, "OPS-03"},
};
#define EXCEPTIONS (sizeof exceptions / sizeof exceptions[0])

static size_t find_exception(enum mistake_id id, int type)
{
    size_t at = 0;
    while (at < EXCEPTIONS && (exceptions[at].id != id || exceptions[at].type != type)) {
        at++;
    }
    return at;
}

enum expected mistake_expected(enum mistake_id id, int type)
{
    size_t at = find_exception(id, type);
    return at < EXCEPTIONS ? exceptions[at].expected : mistakes[id].expected;
}

const char *mistake_rule(enum mistake_id id, int type)
{
    size_t at = find_exception(id, type);
    return at < EXCEPTIONS ? exceptions[at].rule : mistakes[id].rule;
}

const char *expected_name(enum expected expected)
{
    static const char *const names[] = {"ACCEPTED", "ACCEPTED_WITH_WARNINGS", "REJECTED", "REFUSED",
                                        "REPEATED"};
    return names[expected];
}

/* Every amount of the body, and of its rows, in thousandths of a franc. */
static void multiply(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    uint8_t *base = (uint8_t *)(uintptr_t)message;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        bool is_repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        if (field->type == PROTOBUF_C_TYPE_INT64 && !is_repeated) {
            int64_t *amount = (int64_t *)(void *)(base + field->offset);
            *amount = *amount * 1000;
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE && is_repeated) {
            size_t count = *(size_t *)(void *)(base + field->quantifier_offset);
            ProtobufCMessage **rows = *(ProtobufCMessage ***)(void *)(base + field->offset);
            for (size_t k = 0; k < count; k++) {
                multiply(rows[k]);
            }
        }
    }
}

static enum err make_thousandfold(PbReport *report, struct arena *arena)
{
    (void)arena;
    multiply(report->portfolio != NULL   ? &report->portfolio->base
             : report->liquidity != NULL ? &report->liquidity->base
                                         : &report->capital->base);
    return ERR_OK;
}

static enum err make_swapped(PbReport *report, struct arena *arena)
{
    (void)arena;
    if (report->operations != NULL) {
        uint64_t active = report->operations->digital_active_30d;
        report->operations->digital_active_30d = report->operations->digital_registered;
        report->operations->digital_registered = active;
        return ERR_OK;
    }
    PbAgingRow *first = report->portfolio->aging[0];
    PbAgingRow *fourth = report->portfolio->aging[3];
    report->portfolio->aging[0] = fourth;
    report->portfolio->aging[3] = first;
    int32_t least = first->min_days;
    int32_t most = first->max_days;
    first->min_days = fourth->min_days;
    first->max_days = fourth->max_days;
    fourth->min_days = least;
    fourth->max_days = most;
    return ERR_OK;
}

static enum err make_sum(PbReport *report, struct arena *arena)
{
    (void)arena;
    if (report->portfolio != NULL) {
        report->portfolio->glp += 12345;
    } else if (report->liquidity != NULL) {
        report->liquidity->deposits[1]->balance += 6789;
    } else if (report->operations != NULL) {
        report->operations->branches_open += 1;
    } else if (report->capital != NULL) {
        report->capital->total_assets += report->capital->total_assets / 50 + 100;
    } else {
        report->exposures->largest_borrower = report->exposures->top20_borrowers + 1;
    }
    return ERR_OK;
}

static enum err make_negative(PbReport *report, struct arena *arena)
{
    (void)arena;
    if (report->portfolio != NULL) {
        report->portfolio->interest_collected = -report->portfolio->interest_collected - 1;
    } else if (report->liquidity != NULL) {
        report->liquidity->dormant_deposits = -report->liquidity->dormant_deposits - 1;
    } else if (report->operations != NULL) {
        report->operations->relief_interest_waived = -1;
    } else if (report->capital != NULL) {
        report->capital->staff_cost = -report->capital->staff_cost - 1;
    } else {
        report->exposures->insider = -report->exposures->insider - 1;
    }
    return ERR_OK;
}

static enum err make_period_key(PbReport *report, struct arena *arena)
{
    struct period period = {.frequency = FREQUENCY_M,
                            .start_day = report->period->start_day,
                            .end_day = report->period->end_day};
    char key[PERIOD_KEY_MAX + 1];
    period = period_previous(&period);
    period_format(&period, key);
    report->period->key = arena_text(arena, key);
    return report->period->key == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err make_period_future(PbReport *report, struct arena *arena)
{
    struct period period = {0};
    char key[PERIOD_KEY_MAX + 1];
    enum err err = period_containing(FREQUENCY_M, report->period->end_day + 40, &period);
    if (err != ERR_OK) {
        return err;
    }
    period_format(&period, key);
    report->period->key = arena_text(arena, key);
    report->period->start_day = period.start_day;
    report->period->end_day = period.end_day;
    report->period->as_of_day = period.end_day;
    return report->period->key == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err make_unapproved(PbReport *report, struct arena *arena)
{
    report->signoff->approved_code = arena_text(arena, report->signoff->prepared_code);
    return report->signoff->approved_code == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err make_currency(PbReport *report, struct arena *arena)
{
    report->currency = arena_text(arena, "USD");
    report->currency_exponent = 2;
    return report->currency == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err make_not_overdue(PbReport *report, struct arena *arena)
{
    (void)arena;
    for (size_t i = 0; i < report->portfolio->n_aging; i++) {
        report->portfolio->aging[i]->overdue_principal = 0;
    }
    return ERR_OK;
}

static enum err make_phone(PbReport *report, struct arena *arena)
{
    report->note = arena_text(arena, "appeler le 0788 123 456");
    return report->note == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err make_pending(PbReport *report, struct arena *arena)
{
    (void)arena;
    report->operations->reneg_closing_pending += 3;
    return ERR_OK;
}

static enum err make_fund(PbReport *report, struct arena *arena)
{
    (void)arena;
    report->operations->emergency_fund->requested += 1000001;
    return ERR_OK;
}

static enum err make_staff(PbReport *report, struct arena *arena)
{
    (void)arena;
    report->operations->staff_remote += 1;
    return ERR_OK;
}

static enum err make_trained(PbReport *report, struct arena *arena)
{
    (void)arena;
    report->operations->training[0]->women = report->operations->training[0]->participants + 4;
    return ERR_OK;
}

/* The allowance was forgotten, and what is missing was put to the other liabilities. */
static enum err make_gross(PbReport *report, struct arena *arena)
{
    (void)arena;
    int64_t allowance = report->capital->net_loans / 12;
    report->capital->net_loans += allowance;
    report->capital->total_assets += allowance;
    report->capital->total_liabilities += allowance;
    return ERR_OK;
}

enum err mistake_make(enum mistake_id id, PbReport *report, struct arena *arena)
{
    static enum err (*const makers[MISTAKES])(PbReport *, struct arena *) = {
        [MISTAKE_THOUSANDFOLD] = make_thousandfold,
        [MISTAKE_SWAPPED] = make_swapped,
        [MISTAKE_SUM] = make_sum,
        [MISTAKE_NEGATIVE] = make_negative,
        [MISTAKE_PERIOD_KEY] = make_period_key,
        [MISTAKE_PERIOD_FUTURE] = make_period_future,
        [MISTAKE_UNAPPROVED] = make_unapproved,
        [MISTAKE_CURRENCY] = make_currency,
        [MISTAKE_NOT_OVERDUE] = make_not_overdue,
        [MISTAKE_PHONE] = make_phone,
        [MISTAKE_PENDING] = make_pending,
        [MISTAKE_FUND] = make_fund,
        [MISTAKE_STAFF] = make_staff,
        [MISTAKE_TRAINED] = make_trained,
        [MISTAKE_GROSS] = make_gross,
    };
    return makers[id] == NULL ? ERR_OK : makers[id](report, arena);
}
