/* Unpacking of each message: what is taken as canonical packs to the same bytes; whatever is taken
 * is what protobuf-c makes of it. Behind it: JSON and the walk over all fields. */
#include "tests/fuzz/grow.h"

#include "proto/equal.h"
#include "proto/fields.h"
#include "proto/frames.h"
#include "proto/json.h"

static const ProtobufCMessageDescriptor *const kinds[] = {
    &ihuriro__v1__signed_report__descriptor,
    &ihuriro__v1__report__descriptor,
    &ihuriro__v1__judgement__descriptor,
    &ihuriro__v1__receipt__descriptor,
    &ihuriro__v1__receipt_file__descriptor,
    &ihuriro__v1__event__descriptor,
    &ihuriro__v1__settings__descriptor,
    &ihuriro__v1__filter__descriptor,
    &ihuriro__v1__refused__descriptor,
    &ihuriro__v1__retry_later__descriptor,
    &ihuriro__v1__hello__descriptor,
    &ihuriro__v1__hello_answer__descriptor,
    &ihuriro__v1__settled__descriptor,
    &ihuriro__v1__hello_first__descriptor,
    &ihuriro__v1__submit__descriptor,
    &ihuriro__v1__answers__descriptor,
    &ihuriro__v1__own__descriptor,
    &ihuriro__v1__own_answer__descriptor,
    &ihuriro__v1__get_settings__descriptor,
    &ihuriro__v1__settings_page__descriptor,
    &ihuriro__v1__fetch__descriptor,
    &ihuriro__v1__records__descriptor,
    &ihuriro__v1__not_in_history__descriptor,
    &ihuriro__v1__older__descriptor,
    &ihuriro__v1__stands__descriptor,
    &ihuriro__v1__snapshot__descriptor,
    &ihuriro__v1__snapshot_answer__descriptor,
    &ihuriro__v1__prove__descriptor,
    &ihuriro__v1__proof__descriptor,
    &ihuriro__v1__act__descriptor,
    &ihuriro__v1__act_done__descriptor,
    &ihuriro__v1__get_status__descriptor,
    &ihuriro__v1__status__descriptor,
    &ihuriro__v1__clock_is_right__descriptor,
    &ihuriro__v1__test_time__descriptor,
    &ihuriro__v1__done__descriptor,
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static enum err visit(void *context, const struct field *field)
{
    size_t *count = context;
    HOLD(field->path != NULL && strlen(field->path) < FIELD_PATH_MAX);
    *count += 1;
    return ERR_OK;
}

static void look_behind(const ProtobufCMessage *message)
{
    size_t count = 0;
    enum err err = fields_walk(message, visit, &count);
    HOLD(err == ERR_OK || err == ERR_TOO_LARGE);
    json_t *json = json_of_message(message);
    HOLD(json != NULL);
    json_decref(json);
}

static bool packs_to(const ProtobufCMessage *message, struct bytes raw)
{
    AUTO(buffer_close) struct buffer again = {0};
    HOLD_OK(message_pack(message, &again));
    return bytes_equal(buffer_bytes(&again), raw);
}

static void take(const ProtobufCMessageDescriptor *descriptor, struct bytes raw)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(arena_close) struct arena tolerant_arena = {0};
    const ProtobufCMessage *message = NULL;
    const ProtobufCMessage *tolerant = NULL;
    enum err strict = message_unpack(descriptor, MESSAGE_CANONICAL, raw, &arena, &message);
    enum err loose = message_unpack(descriptor, MESSAGE_TOLERANT, raw, &tolerant_arena, &tolerant);
    ProtobufCMessage *plain = protobuf_c_message_unpack(
        descriptor, NULL, raw.size, raw.data == NULL ? (const uint8_t *)"" : raw.data);
    HOLD(strict != ERR_OK || (loose == ERR_OK && plain != NULL));
    HOLD(loose != ERR_OK || plain != NULL);
    HOLD(strict == ERR_OK || (message == NULL && arena.spent == 0));
    HOLD(loose == ERR_OK || tolerant == NULL);
    if (loose == ERR_OK) {
        HOLD(messages_are_equal(tolerant, plain));
        look_behind(tolerant);
    }
    if (strict == ERR_OK) {
        HOLD(packs_to(message, raw));
        HOLD(messages_are_equal(message, plain));
    }
    protobuf_c_message_free_unpacked(plain, NULL);
}

/* Grown by the schema, so with every field that there is: it must be taken, unless over a limit. */
static void grow(const ProtobufCMessageDescriptor *descriptor, struct input *input)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(arena_close) struct arena again_arena = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    const ProtobufCMessage *message = grow_message(descriptor, input, &arena, 0);
    const ProtobufCMessage *again = NULL;
    HOLD_OK(message_pack(message, &raw));
    HOLD_OK(
        message_unpack(descriptor, MESSAGE_CANONICAL, buffer_bytes(&raw), &again_arena, &again));
    take(descriptor, buffer_bytes(&raw));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t kind = input_byte(&input);
    if (kind >= 128) {
        grow(kinds[kind % KINDS], &input);
    } else {
        take(kinds[kind % KINDS], input_rest(&input));
    }
    return 0;
}

static void fuzz_seeds(void)
{
    for (uint8_t i = 0; i < KINDS; i++) {
        AUTO(arena_close) struct arena arena = {0};
        AUTO(buffer_close) struct buffer seed = {0};
        uint8_t choices[256];
        char name[64];
        for (size_t k = 0; k < sizeof choices; k++) {
            choices[k] = (uint8_t)(k * 41 + i * 7 + 1);
        }
        struct input input = {choices, sizeof choices};
        put_byte(&seed, i);
        HOLD_OK(message_pack(grow_message(kinds[i], &input, &arena, 0), &seed));
        (void)snprintf(name, sizeof name, "%s", strrchr(kinds[i]->name, '.') + 1);
        fuzz_seed(name, buffer_bytes(&seed));
    }
}
