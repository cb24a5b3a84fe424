/* The one walk against what it stands for: protobuf-c unpacks, every field is looked at, packed
 * again and compared. */
#include <stdio.h>

#include "proto/canonical.h"
#include "proto/equal.h"
#include "proto/text.h"
#include "tests/support/samples.h"

/* ---- the oracle: by what was unpacked ---- */

static bool message_is_good(const ProtobufCMessage *message);

static bool element_is_good(const ProtobufCFieldDescriptor *field, const void *at)
{
    const void *target = NULL;
    int value = 0;
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        memcpy(&value, at, sizeof value);
        return protobuf_c_enum_descriptor_get_value(field->descriptor, value) != NULL;
    }
    if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return true;
    }
    memcpy(&target, at, sizeof target);
    if (target == NULL) {
        return field->label == PROTOBUF_C_LABEL_OPTIONAL;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return message_is_good(target);
    }
    return strlen(target) <= TEXT_BYTES_MAX && text_is_utf8(bytes_of(target, strlen(target)));
}

/* Of this schema only enums, texts and messages need a look, and in rows all lie as pointers or
 * ints. */
static bool field_is_good(const ProtobufCFieldDescriptor *field, const uint8_t *base)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = 0;
        const uint8_t *elements = NULL;
        size_t size = field->type == PROTOBUF_C_TYPE_ENUM ? sizeof(int) : sizeof(void *);
        memcpy(&count, base + field->quantifier_offset, sizeof count);
        memcpy(&elements, base + field->offset, sizeof elements);
        for (size_t i = 0; i < count; i++) {
            if (!element_is_good(field, elements + i * size)) {
                return false;
            }
        }
        return count <= REPEATED_ROWS_MAX;
    }
    protobuf_c_boolean has = 1;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type == PROTOBUF_C_TYPE_ENUM) {
        memcpy(&has, base + field->quantifier_offset, sizeof has);
    }
    return !has || element_is_good(field, base + field->offset);
}

static bool message_is_good(const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        if (!field_is_good(&message->descriptor->fields[i], (const uint8_t *)message)) {
            return false;
        }
    }
    return message->n_unknown_fields == 0;
}

/* As protobuf-c unpacks it; NULL: it is not to be taken. */
static ProtobufCMessage *oracle_unpack(const ProtobufCMessageDescriptor *descriptor,
                                       struct bytes raw)
{
    AUTO(buffer_close) struct buffer again = {0};
    ProtobufCMessage *message = protobuf_c_message_unpack(
        descriptor, NULL, raw.size, raw.data == NULL ? (const uint8_t *)"" : raw.data);
    if (message == NULL) {
        return NULL;
    }
    if (message_is_good(message)) {
        assert_int_equal(message_pack(message, &again), ERR_OK);
        if (bytes_equal(buffer_bytes(&again), raw)) {
            return message;
        }
    }
    protobuf_c_message_free_unpacked(message, NULL);
    return NULL;
}

/* ---- mutations ---- */

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % below;
}

/* A piece taken from, put into, moved or changed within the bytes. */
static void mutate(struct buffer *raw)
{
    static const uint8_t likely[] = {0x00, 0x01, 0x02, 0x08, 0x0A, 0x12, 0x7F,
                                     0x80, 0x81, 0xC3, 0xFF, 0x10, 0x18, 0x20};
    uint8_t piece[16];
    size_t at = random_below((uint32_t)raw->size);
    size_t size = 1 + random_below(sizeof piece - 1);
    size = size < raw->size - at ? size : raw->size - at;
    memcpy(piece, raw->data + at, size);
    switch (random_below(4)) {
    case 0:
        raw->data[at] ^= (uint8_t)(1U << random_below(8));
        return;
    case 1:
        raw->data[at] = likely[random_below(sizeof likely)];
        return;
    case 2: /* out */
        memmove(raw->data + at, raw->data + at + size, raw->size - at - size);
        raw->size -= size;
        break;
    default:
        break;
    }
    if (random_below(2) == 0) { /* in, elsewhere or again */
        size_t to = random_below((uint32_t)raw->size + 1);
        uint8_t *room = NULL;
        assert_int_equal(buffer_reserve(raw, size, &room), ERR_OK);
        memmove(raw->data + to + size, raw->data + to, raw->size - to);
        memcpy(raw->data + to, piece, size);
        raw->size += size;
    }
}

static void compare(const ProtobufCMessageDescriptor *descriptor, struct bytes raw, size_t *taken)
{
    AUTO(arena_close) struct arena arena = {0};
    ProtobufCMessage *message = NULL;
    ProtobufCMessage *expected = oracle_unpack(descriptor, raw);
    const bool takes = canonical_unpack(descriptor, raw, &arena, &message) == ERR_OK;
    if (takes != (expected != NULL)) {
        char hex[512] = {0};
        size_t shown = raw.size < 255 ? raw.size : 255;
        hex_encode(bytes_of(raw.data, shown), hex);
        fail_msg("%s: taken: %d, by the oracle: %d: %s", descriptor->name, takes, !takes, hex);
    }
    if (takes) {
        assert_true(messages_are_equal(message, expected));
        protobuf_c_message_free_unpacked(expected, NULL);
    }
    *taken += takes;
}

#define ROUNDS 100000

static void mutate_and_compare(const ProtobufCMessageDescriptor *descriptor, struct bytes first)
{
    AUTO(buffer_close) struct buffer raw = {0};
    size_t taken = 0;
    compare(descriptor, first, &taken);
    assert_int_equal(taken, 1);
    for (size_t i = 0; i < ROUNDS; i++) {
        buffer_clear(&raw);
        assert_int_equal(buffer_append(&raw, first.data, first.size), ERR_OK);
        for (uint32_t n = 1 + random_below(3); n > 0 && raw.size > 0; n--) {
            mutate(&raw);
        }
        compare(descriptor, buffer_bytes(&raw), &taken);
    }
    printf("%s: %d mutations, %zu still canonical\n", descriptor->short_name, ROUNDS, taken - 1);
    assert_true(taken > ROUNDS / 100 && taken < ROUNDS);
}

/* ---- the tests ---- */

static void reports_are_taken_and_refused_as_by_unpacking_and_packing(void **state)
{
    (void)state;
    struct sample_report sample;
    PbBreakdownRow row = IHURIRO__V1__BREAKDOWN_ROW__INIT;
    PbBreakdownRow *list[] = {&row};
    AUTO(buffer_close) struct buffer raw = {0};
    sample_report(&sample);
    sample.report.note = sample.note;
    sample.report.has_test_data = 1;
    row.dim = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER;
    row.code = sample.currency;
    sample.portfolio.n_breakdown = 1;
    sample.portfolio.breakdown = list;
    sample.portfolio.has_provision_expense = 1;
    sample.portfolio.provision_expense = -5;
    sample_pack(&sample, &raw);
    mutate_and_compare(&ihuriro__v1__report__descriptor, buffer_bytes(&raw));
}

static void events_are_taken_and_refused_as_by_unpacking_and_packing(void **state)
{
    (void)state;
    static uint8_t key[PUBLIC_KEY_BYTES] = {9};
    static char subject[] = "SACCO-001";
    ProtobufCBinaryData revoked[] = {pb_of_bytes(bytes_of(key, sizeof key)),
                                     pb_of_bytes(bytes_of(NULL, 0))};
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    AUTO(buffer_close) struct buffer raw = {0};
    keys.revoked = revoked;
    keys.n_revoked = 2;
    event.subject = subject;
    event.time_us = INT64_MIN;
    event.nonce = revoked[0];
    event.keys = &keys;
    assert_int_equal(message_pack(&event.base, &raw), ERR_OK);
    mutate_and_compare(&ihuriro__v1__event__descriptor, buffer_bytes(&raw));
}

/* Packed, grouped or mapped fields, or defaults, would need more than the check knows. */
static void every_message_of_the_schema_is_covered(void **state)
{
    (void)state;
    static const ProtobufCMessageDescriptor *const all[] = {
        &ihuriro__v1__signed_report__descriptor, &ihuriro__v1__report__descriptor,
        &ihuriro__v1__event__descriptor,         &ihuriro__v1__settings__descriptor,
        &ihuriro__v1__judgement__descriptor,     &ihuriro__v1__receipt__descriptor,
        &ihuriro__v1__submit__descriptor,        &ihuriro__v1__answers__descriptor,
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_true(canonical_covers(all[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_taken_and_refused_as_by_unpacking_and_packing),
        cmocka_unit_test(events_are_taken_and_refused_as_by_unpacking_and_packing),
        cmocka_unit_test(every_message_of_the_schema_is_covered),
    };
    return cmocka_run_group_tests_name("canonical", tests, setup_keys, NULL);
}
