/* What the hub says that is owed, as the agent reads it: bytes as they come, or a message grown
 * from them, with an order of the pinned key beside it, whole or with a byte changed.
 *
 * Holds: whatever comes, it is read or refused; each row that is read has its type, period and
 * state; no order is followed but the one that was signed, and only within its days; what is shown
 * and made of it is shown and made. */
#include "tests/fuzz/grow.h"

#include "agents/mfi/owed.h"
#include "agents/mfi/owed_show.h"
#include "agents/mfi/schedule.h"

#define NOW_US INT64_C(1593763200000000) /* 2020-07-03 08:00 */
#define DAY    18446

static struct buffer signed_order;
static struct authority_keys pinned;
static FILE *nowhere;

static char *words(const char *text)
{
    return (char *)(uintptr_t)text; /* packed only */
}

/* From 1 to 31 July 2020 days of LIQUIDITY are owed, and CAPITAL is not. */
static void set_up(void)
{
    struct signing_key *key = fuzz_key(77);
    PbOrder order = IHURIRO__V1__ORDER__INIT;
    PbOrderRow rows[] = {IHURIRO__V1__ORDER_ROW__INIT, IHURIRO__V1__ORDER_ROW__INIT};
    PbOrderRow *pointers[] = {&rows[0], &rows[1]};
    PbObligation add = IHURIRO__V1__OBLIGATION__INIT;
    Ihuriro__V1__ReportType suspended = IHURIRO__V1__REPORT_TYPE__CAPITAL;
    add.id = words("D");
    add.type = words("LIQUIDITY");
    add.frequency = words("D");
    add.wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
    add.due_days = 1;
    rows[0].action = IHURIRO__V1__ORDER_ROW__ACTION__ADD;
    rows[0].add = &add;
    rows[1].action = IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    rows[1].types = &suspended;
    rows[1].n_types = 1;
    order.id = words("A-1");
    order.authority = words("BNR");
    order.reason = words("The crisis.");
    order.from_day = DAY - 2;
    order.until_day = DAY + 28;
    order.rows = pointers;
    order.n_rows = 2;
    HOLD_OK(order_sign(key, &order, &signed_order));
    memcpy(pinned.keys[0], signing_key_public(key), PUBLIC_KEY_BYTES);
    pinned.count = 1;
    signing_key_close(&key);
    nowhere = fopen("/dev/null", "w");
    HOLD(nowhere != NULL);
}

static void check(const struct owed *owed)
{
    for (size_t i = 0; i < owed->order_count; i++) {
        const PbOrder *order = owed->orders[i].order;
        HOLD(order != NULL);
        if (owed->orders[i].trust == ORDER_GOOD) {
            HOLD(strcmp(order->id, "A-1") == 0 && order->from_day == DAY - 2 &&
                 order->until_day == DAY + 28);
        }
    }
    for (size_t i = 0; i < owed->count; i++) {
        const struct owed_item *item = &owed->items[i];
        HOLD(item->type >= TYPE_PORTFOLIO && item->type <= TYPE_LAST);
        HOLD(item->period.end_day >= item->period.start_day);
        HOLD(owed_state_name(item->state) != NULL);
        bool is_within = item->period.end_day >= DAY - 2 && item->period.end_day <= DAY + 28;
        if (item->state == OWED_SUSPENDED) {
            HOLD(is_within && item->type == TYPE_CAPITAL);
        }
        if (item->row->order != NULL && owed_is_open(item->state) && item->trust == ORDER_GOOD) {
            HOLD(is_within);
        }
    }
}

static void use(const struct owed *owed)
{
    struct extraction extractions[EXTRACTIONS_MAX];
    struct schedule_terms terms = {.institution = "SACCO-1",
                                   .utc_offset_minutes = 120,
                                   .closed_after_hours = -1,
                                   .types = ~0U};
    const struct voice voice = {nowhere, NULL};
    size_t count = schedule_extractions(owed, &terms, extractions);
    HOLD(count <= EXTRACTIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        char name[EXTRACTION_NAME_MAX];
        extraction_name(&extractions[i], 120, name);
        HOLD(strchr(name, '/') == NULL && extractions[i].types != 0);
    }
    owed_print(owed, 120, &voice);
    json_decref(owed_json(owed));
}

/* The order's bytes among the message's, whole or changed. */
static void put_order(struct input *input, struct buffer *raw)
{
    AUTO(buffer_close) struct buffer order = {0};
    HOLD_OK(buffer_append(&order, signed_order.data, signed_order.size));
    if (input_byte(input) % 2 == 1) {
        order.data[input_number(input, 2) % order.size] ^= input_byte(input);
    }
    /* orders = 7, of length. */
    uint8_t head[3] = {7 << 3 | 2, (uint8_t)(order.size & 0x7F) | 0x80, (uint8_t)(order.size >> 7)};
    HOLD_OK(buffer_append(raw, head, sizeof head));
    HOLD_OK(buffer_append(raw, order.data, order.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(arena_close) struct arena grown = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    struct input input = {data, size};
    struct owed *owed = NULL;
    struct owed_terms terms = {.now_us = NOW_US, .utc_offset_minutes = 120, .authority = &pinned};
    if (nowhere == NULL) {
        set_up();
    }
    uint8_t how = input_byte(&input);
    if (how % 4 > 0) {
        put_order(&input, &raw);
    }
    if (how % 2 == 0) {
        struct bytes rest = input_rest(&input);
        HOLD_OK(buffer_append(&raw, rest.data, rest.size));
    } else {
        HOLD_OK(message_pack(
            grow_message(&ihuriro__v1__owed__descriptor, &input, &grown, GROW_DEPTH_MAX), &raw));
    }
    if (owed_read(buffer_bytes(&raw), "SACCO-1", &terms, &arena, &owed) == ERR_OK) {
        check(owed);
        use(owed);
    }
    return 0;
}

static Ihuriro__V1__OwedRow row_of(int type, const char *period, const char *timeliness)
{
    Ihuriro__V1__OwedRow row = IHURIRO__V1__OWED_ROW__INIT;
    row.type = (Ihuriro__V1__ReportType)type;
    row.period = words(period);
    row.due_us = row.grace_us = NOW_US;
    row.progress = words("EXPECTED");
    row.timeliness = words(timeliness);
    return row;
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer seed = {0};
    Ihuriro__V1__OwedRow rows[] = {row_of(TYPE_LIQUIDITY, "2020-07-02", "OPEN"),
                                   row_of(TYPE_CAPITAL, "2020-Q2", "EXCUSED"),
                                   row_of(TYPE_PORTFOLIO, "2020-06", "OVERDUE")};
    Ihuriro__V1__OwedRow *pointers[] = {&rows[0], &rows[1], &rows[2]};
    Ihuriro__V1__Owed owed = IHURIRO__V1__OWED__INIT;
    rows[0].order = words("A-1");
    rows[1].order = words("A-1");
    owed.institution = words("SACCO-1");
    owed.rows = pointers;
    owed.n_rows = 3;
    owed.now_us = NOW_US;
    HOLD_OK(buffer_append(&seed, "\2\0", 2));
    HOLD_OK(message_pack(&owed.base, &seed));
    fuzz_seed("rows", buffer_bytes(&seed));
    seed.data[1] = 1;
    fuzz_seed("changed", buffer_bytes(&seed));
}
