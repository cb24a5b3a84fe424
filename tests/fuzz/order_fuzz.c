/* Orders of the authority: as a person writes one, and as a signed file. What the authority's
 * program signs, the hub takes; whatever else is signed by the pinned key is refused with a
 * sentence, or folds; then who owes what can be said of every day. */
#include "tests/fuzz/fuzz.h"

#include "conf/country.h"
#include "conf/order_file.h"
#include "proto/calendar.h"
#include "proto/limits.h"
#include "proto/order_words.h"

#define TEXT     0 /* the first byte: a file to be signed */
#define UNSIGNED 1 /* an order's bytes, signed here */

static struct signing_key *key;
static struct arena kept;
static PbSettings *settings;
static struct party party;

static void set_up(void)
{
    struct complaint complaint = {{0}};
    if (key != NULL) {
        return;
    }
    key = fuzz_key(7);
    HOLD_OK(country_compile(IHURIRO_SOURCE "/conf/countries/rw.cfg", &kept, &complaint, &settings));
    party = (struct party){.id = "A-1",
                           .role = ROLE_MEMBER,
                           .category = (char *)(uintptr_t) "USACCO",
                           .valid_from_day = INT32_MIN,
                           .valid_to_day = INT32_MAX,
                           .reports_from_day = 0,
                           .ended_day = INT32_MAX,
                           .took_over_day = INT32_MAX};
}

static enum err count_duty(void *context, const struct duty *duty)
{
    size_t *count = context;
    HOLD(duty->grace_us >= duty->due_us && duty->obligation != NULL);
    HOLD(duty->added_by == NULL || duty->suspended_by == NULL);
    return ++*count < 4096 ? ERR_OK : ERR_EXISTS;
}

/* Taken by a hub at that time: who owes what. */
static void fold(const PbEvent *event, const PbOrder *order)
{
    AUTO(docket_close) struct docket *docket = NULL;
    AUTO(buffer_close) struct buffer words = {0};
    uint8_t id[SHA256_BYTES] = {1};
    size_t count = 0;
    HOLD_OK(docket_make(&docket));
    HOLD_OK(docket_apply(docket, event, id));
    HOLD_OK(docket_seal(docket, INT64_MAX));
    const struct calendar calendar = {settings, docket};
    const int32_t last_day =
        order->until_day < order->from_day + 400 ? order->until_day : order->from_day + 400;
    enum err err =
        calendar_duties(&calendar, &party, order->from_day, last_day, count_duty, &count);
    HOLD(err == ERR_OK || err == ERR_EXISTS);
    HOLD_OK(order_words(order, &words));
    HOLD(words.size > 0);
}

/* The bytes of a SignedOrder, as a hub hears them. must_stand: the authority's program made it. */
static void take_signed(struct bytes bytes, bool must_stand)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(docket_close) struct docket *empty = NULL;
    const Ihuriro__V1__SignedOrder *signed_order = NULL;
    const PbOrder *order = NULL;
    struct complaint complaint = {{0}};
    uint8_t nonce[16] = {0};
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    if (MESSAGE_UNPACK(signed_order, MESSAGE_CANONICAL, bytes, &arena, &signed_order) != ERR_OK) {
        HOLD(!must_stand);
        return;
    }
    event.time_us = 0;
    event.nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    event.order = (Ihuriro__V1__SignedOrder *)(uintptr_t)signed_order;
    HOLD_OK(docket_make(&empty));
    HOLD_OK(docket_seal(empty, INT64_MAX));
    enum err err = docket_validate(empty, &event, &complaint);
    HOLD(err == ERR_OK || complaint.text[0] != '\0');
    HOLD(err == ERR_OK || !must_stand);
    if (err == ERR_OK) {
        HOLD_OK(order_open(signed_order, &arena, &order));
        fold(&event, order);
    }
}

static void sign_and_take(const PbOrder *order, bool must_stand)
{
    AUTO(buffer_close) struct buffer signed_order = {0};
    enum err err = order_sign(key, order, &signed_order);
    HOLD(err == ERR_OK || err == ERR_TOO_LARGE);
    if (err == ERR_OK) {
        take_signed(buffer_bytes(&signed_order), must_stand);
    }
}

static void take_text(struct bytes text)
{
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint = {{0}};
    PbOrder *order = NULL;
    char path[128];
    fuzz_write(fuzz_path("order", path), text, 0644);
    if (order_file_read(path, 1, &arena, &complaint, &order) != ERR_OK) {
        HOLD(order == NULL && complaint.text[0] != '\0');
        return;
    }
    sign_and_take(order, order->replaces == NULL); /* there is nothing here to be replaced */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    AUTO(arena_close) struct arena arena = {0};
    const PbOrder *order = NULL;
    set_up();
    const uint8_t kind = input_byte(&input);
    const struct bytes rest = input_rest(&input);
    if (kind == TEXT) {
        take_text(rest);
    } else if (kind != UNSIGNED) {
        take_signed(rest, false);
    } else if (MESSAGE_UNPACK(order, MESSAGE_TOLERANT, rest, &arena, &order) == ERR_OK) {
        sign_and_take(order, false);
    }
    return 0;
}

static const char whole[] =
    "id = \"BNR-2020-03\"; authority = \"BNR\"; from = \"2020-04-01\"; until = \"2020-09-30\";\n"
    "reason = \"The pandemic\"; replaces = \"BNR-2020-02\";\n"
    "add = ( { type = \"LIQUIDITY\"; frequency = \"W\"; wants = \"ANY\"; due_days = 1;\n"
    "  business_days = true; due_time = \"12:00\"; roll = \"NEXT\"; grace_hours = 24;\n"
    "  remind_hours = 24; escalate_hours = 48; categories = [ \"USACCO\" ];\n"
    "  institutions = [ \"A-1\" ]; } );\n"
    "suspend = ( { types = [ \"CAPITAL\" ]; frequencies = [ \"M\" ]; categories = [ \"MF\" ];\n"
    "  institutions = [ \"A-1\", \"A-2\" ]; }, { } );\n";
static const char small[] =
    "id = \"X\"; authority = \"BNR\"; from = \"2020-04-01\"; until = \"2020-09-30\";\n"
    "reason = \"a flood\"; suspend = ( { } );\n";

static void seed_of(const char *name, const char *text)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer written = {0};
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer signed_bytes = {0};
    struct complaint complaint = {{0}};
    PbOrder *order = NULL;
    char path[128];
    char seed[64];
    put_byte(&written, TEXT);
    HOLD_OK(buffer_append(&written, text, strlen(text)));
    fuzz_seed(name, buffer_bytes(&written));
    fuzz_write(fuzz_path("order", path), bytes_of(text, strlen(text)), 0644);
    HOLD_OK(order_file_read(path, 1, &arena, &complaint, &order));
    put_byte(&bytes, UNSIGNED);
    HOLD_OK(message_pack(&order->base, &bytes));
    (void)snprintf(seed, sizeof seed, "%s-unsigned", name);
    fuzz_seed(seed, buffer_bytes(&bytes));
    put_byte(&signed_bytes, 2);
    HOLD_OK(order_sign(key, order, &signed_bytes));
    (void)snprintf(seed, sizeof seed, "%s-signed", name);
    fuzz_seed(seed, buffer_bytes(&signed_bytes));
}

static void fuzz_seeds(void)
{
    set_up();
    seed_of("whole", whole);
    seed_of("small", small);
}
