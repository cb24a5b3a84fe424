/* Orders of the authority: signed, opened, and looked at for what contradicts itself. */
#include <string.h>

#include "proto/limits.h"
#include "proto/order.h"
#include "proto/record.h"
#include "proto/text.h"

/* What makes an order's signature one of an order, and of nothing else: with its closing zero. */
#define ORDER_PREFIX "ihuriro-order-v1"
#define SIGNED_SIZE  (sizeof ORDER_PREFIX + SHA256_BYTES)

#define DUE_DAYS_MAX    366
#define HOURS_MAX       (366 * 24)
#define DUE_MINUTES_MAX 1439
#define DAY_FIRST       (-25567) /* 1900-01-01 */
#define DAY_LAST        84005    /* 2199-12-31 */

static void signed_message(struct bytes order, uint8_t ret_message[static SIGNED_SIZE])
{
    memcpy(ret_message, ORDER_PREFIX, sizeof ORDER_PREFIX);
    sha256(order, ret_message + sizeof ORDER_PREFIX);
}

enum err order_open(const Ihuriro__V1__SignedOrder *signed_order, struct arena *arena,
                    const PbOrder **ret_order)
{
    uint8_t message[SIGNED_SIZE];
    if (signed_order->signer.len != PUBLIC_KEY_BYTES ||
        signed_order->signature.len != SIGNATURE_BYTES ||
        signed_order->order.len > ORDER_BYTES_MAX) {
        return ERR_MALFORMED;
    }
    struct bytes order = bytes_of_pb(signed_order->order);
    signed_message(order, message);
    enum err err = signature_verify(signed_order->signer.data, bytes_of(message, sizeof message),
                                    signed_order->signature.data);
    return err != ERR_OK ? err : MESSAGE_UNPACK(order, MESSAGE_TOLERANT, order, arena, ret_order);
}

enum err order_sign(const struct signing_key *key, const PbOrder *order,
                    struct buffer *signed_order)
{
    AUTO(buffer_close) struct buffer raw = {0};
    uint8_t message[SIGNED_SIZE];
    uint8_t signature[SIGNATURE_BYTES];
    enum err err = message_pack(&order->base, &raw);
    err = err == ERR_OK && raw.size > ORDER_BYTES_MAX ? ERR_TOO_LARGE : err;
    if (err != ERR_OK) {
        return err;
    }
    signed_message(buffer_bytes(&raw), message);
    signing_key_sign(key, bytes_of(message, sizeof message), signature);
    Ihuriro__V1__SignedOrder made = IHURIRO__V1__SIGNED_ORDER__INIT;
    made.order = pb_of_bytes(buffer_bytes(&raw));
    made.signer = pb_of_bytes(bytes_of(signing_key_public(key), PUBLIC_KEY_BYTES));
    made.signature = pb_of_bytes(bytes_of(signature, sizeof signature));
    return message_pack(&made.base, signed_order);
}

enum err authority_keys_parse(char *const *texts, size_t count, struct complaint *complaint,
                              struct authority_keys *ret_keys)
{
    struct authority_keys keys = {.count = count};
    bool is_good = count <= AUTHORITY_KEYS_MAX;
    for (size_t i = 0; is_good && i < count; i++) {
        is_good = hex_decode(texts[i], keys.keys[i], PUBLIC_KEY_BYTES) == ERR_OK;
    }
    if (!is_good) {
        return complain(complaint, ERR_CONFIG,
                        "`authority` holds up to %d public keys of 64 hexadecimal digits each, as "
                        "`mfi-pull order key` prints them: correct it.",
                        AUTHORITY_KEYS_MAX);
    }
    *ret_keys = keys;
    return ERR_OK;
}

bool authority_is_pinned(const struct authority_keys *keys, struct bytes signer)
{
    bool is_pinned = false;
    for (size_t i = 0; i < keys->count; i++) {
        is_pinned = is_pinned || bytes_equal(bytes_of(keys->keys[i], PUBLIC_KEY_BYTES), signer);
    }
    return is_pinned;
}

/* ---- what must hold of one ---- */

static bool is_frequency(const char *name)
{
    return strlen(name) == 1 && strchr("DWMQ", name[0]) != NULL;
}

static bool is_type(const char *name)
{
    int type = 0;
    return report_type_parse(name, &type) == ERR_OK && strcmp(report_type_name(type), name) == 0;
}

static bool is_order_id(const char *id)
{
    const size_t length = strlen(id);
    return length > 0 && length <= ORDER_ID_MAX &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-./_") ==
               length;
}

bool order_text_is_plain(const char *text)
{
    const size_t length = strlen(text);
    bool is_plain = length > 0 && length <= TEXT_BYTES_MAX && text_is_utf8(bytes_of(text, length));
    for (size_t i = 0; is_plain && i < length; i++) {
        is_plain = (uint8_t)text[i] >= ' ' && text[i] != 0x7F;
    }
    return is_plain;
}

/* The complaint names a row by its number, as a person counts them. */
struct order_row {
    const PbOrderRow *row;
    size_t number;
    struct complaint *complaint;
};

static enum err refuse_row(const struct order_row *row, const char *what)
{
    return complain(row->complaint, ERR_REFUSED, "Row %zu of the order %s.", row->number, what);
}

static enum err validate_added(const struct order_row *row)
{
    const PbObligation *add = row->row->add;
    if (add == NULL) {
        return refuse_row(row, "is to add a duty and has none: say what is owed, or suspend");
    }
    if (row->row->n_types > 0 || row->row->n_frequencies > 0 || row->row->n_categories > 0) {
        return refuse_row(row, "adds a duty and names types, frequencies or categories as a "
                               "suspension does: these belong into the duty, or into a row of "
                               "their own");
    }
    if (!is_type(add->type) || !is_frequency(add->frequency)) {
        return refuse_row(row, "adds a duty of a type or frequency that there is not: types are "
                               "PORTFOLIO, LIQUIDITY, OPERATIONS, CAPITAL, EXPOSURES, frequencies "
                               "D, W, M, Q");
    }
    if (add->due_minutes > DUE_MINUTES_MAX || add->due_days > DUE_DAYS_MAX ||
        add->grace_hours > HOURS_MAX || add->remind_hours > HOURS_MAX ||
        add->escalate_hours > HOURS_MAX) {
        return refuse_row(row, "has a due time, grace or reminder out of range: at most 366 days, "
                               "and a time of day up to 23:59");
    }
    if (add->has_from_day || add->has_until_day || add->has_off || add->retroactive != NULL) {
        return refuse_row(row, "has days of its own: the order's from and until hold for all its "
                               "rows; leave them out");
    }
    return ERR_OK;
}

static enum err validate_suspended(const struct order_row *row)
{
    if (row->row->add != NULL) {
        return refuse_row(row, "suspends and holds a duty: make two rows of it");
    }
    for (size_t i = 0; i < row->row->n_types; i++) {
        if (row->row->types[i] < 1 || (int)row->row->types[i] > TYPE_LAST) {
            return refuse_row(row, "suspends a type of report that there is not");
        }
    }
    for (size_t i = 0; i < row->row->n_frequencies; i++) {
        if (!is_frequency(row->row->frequencies[i])) {
            return refuse_row(row, "suspends a frequency that there is not: D, W, M or Q");
        }
    }
    return ERR_OK;
}

static enum err validate_row(const struct order_row *row)
{
    for (size_t i = 0; i < row->row->n_institutions; i++) {
        if (!institution_id_is_valid(row->row->institutions[i])) {
            return refuse_row(row, "names an institution by an id that none can have: copy it from "
                                   "the register");
        }
    }
    switch ((int)row->row->action) {
    case IHURIRO__V1__ORDER_ROW__ACTION__ADD:
        return validate_added(row);
    case IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND:
        return validate_suspended(row);
    default:
        return refuse_row(row, "neither adds nor suspends: update the program that made it");
    }
}

/* No list restricts nothing; two lists overlap where they share a name. */
static bool lists_overlap(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
    bool overlap = a_count == 0 || b_count == 0;
    for (size_t i = 0; !overlap && i < a_count; i++) {
        for (size_t k = 0; !overlap && k < b_count; k++) {
            overlap = strcmp(a[i], b[k]) == 0;
        }
    }
    return overlap;
}

/* Two duties for one and the same report. */
static bool adds_twice(const PbOrderRow *a, const PbOrderRow *b)
{
    return a->action == IHURIRO__V1__ORDER_ROW__ACTION__ADD &&
           b->action == IHURIRO__V1__ORDER_ROW__ACTION__ADD &&
           strcmp(a->add->type, b->add->type) == 0 &&
           strcmp(a->add->frequency, b->add->frequency) == 0 &&
           lists_overlap(a->add->categories, a->add->n_categories, b->add->categories,
                         b->add->n_categories) &&
           lists_overlap(a->institutions, a->n_institutions, b->institutions, b->n_institutions);
}

static enum err validate_rows(const PbOrder *order, struct complaint *complaint)
{
    if (order->n_rows > ORDER_ROWS_MAX) {
        return complain(complaint, ERR_REFUSED,
                        "The order has more than %d rows: make two orders of it.", ORDER_ROWS_MAX);
    }
    if (order->n_rows == 0 && order->replaces == NULL) {
        return complain(complaint, ERR_REFUSED,
                        "The order has no rows: say what it adds or suspends, or which order it "
                        "replaces.");
    }
    for (size_t i = 0; i < order->n_rows; i++) {
        const struct order_row row = {order->rows[i], i + 1, complaint};
        enum err err = validate_row(&row);
        for (size_t k = 0; err == ERR_OK && k < i; k++) {
            if (adds_twice(order->rows[k], order->rows[i])) {
                err = complain(complaint, ERR_REFUSED,
                               "Rows %zu and %zu of the order both add %s of frequency %s for the "
                               "same institutions: keep one of them.",
                               k + 1, i + 1, order->rows[i]->add->type,
                               order->rows[i]->add->frequency);
            }
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

enum err order_validate(const PbOrder *order, struct complaint *complaint)
{
    if (!is_order_id(order->id) || (order->replaces != NULL && !is_order_id(order->replaces))) {
        return complain(complaint, ERR_REFUSED,
                        "An order's id is 1 to %d letters, digits and - . / _: BNR-2020-03 for "
                        "example. Correct it.",
                        ORDER_ID_MAX);
    }
    if (order->replaces != NULL && strcmp(order->replaces, order->id) == 0) {
        return complain(complaint, ERR_REFUSED,
                        "The order replaces itself: give it an id of its own.");
    }
    if (!institution_id_is_valid(order->authority)) {
        return complain(complaint, ERR_REFUSED,
                        "The order's authority is the party id of a regulator, BNR for example: "
                        "correct it.");
    }
    if (order->from_day < DAY_FIRST || order->until_day > DAY_LAST ||
        order->from_day > order->until_day) {
        return complain(complaint, ERR_REFUSED,
                        "The order would end before it begins, or lies outside 1900 to 2199: "
                        "correct from and until.");
    }
    if (!order_text_is_plain(order->reason)) {
        return complain(complaint, ERR_REFUSED,
                        "The order has no reason, or one that is no line of text of up to %d "
                        "bytes: say why it is given; everybody reads it.",
                        TEXT_BYTES_MAX);
    }
    return validate_rows(order, complaint);
}
