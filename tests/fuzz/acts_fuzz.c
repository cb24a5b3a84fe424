/* acts.log: a file that opens holds what its lines say, takes one more act, and says the same after
 * it is opened again. The harness makes checksums right, so that changed events get past them. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/starve.h"

#include <sodium.h>

#include "storage/acts.h"

static char path[128];
static struct buffer events; /* of the file as it was opened first */

static void put_line(struct buffer *file, struct bytes event)
{
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    size_t size = sodium_base64_ENCODED_LEN(event.size, sodium_base64_VARIANT_ORIGINAL);
    AUTO(free_p) char *text = malloc(size);
    HOLD(text != NULL);
    sodium_bin2base64(text, size, event.data, event.size, sodium_base64_VARIANT_ORIGINAL);
    sha256(event, hash);
    hex_encode(bytes_of(hash, sizeof hash), hex);
    HOLD_OK(buffer_printf(file, "1 %s %.16s\n", text, hex));
}

/* All events, each behind its length. */
static void gather(const struct acts *acts, struct buffer *into)
{
    for (size_t i = 0; i < acts_count(acts); i++) {
        struct bytes event = acts_at(acts, i);
        uint8_t id[SHA256_BYTES];
        uint8_t size[8];
        sha256(event, id);
        HOLD(acts_hold(acts, id));
        put_u64(size, event.size);
        HOLD_OK(buffer_append(into, size, sizeof size));
        HOLD_OK(buffer_append(into, event.data, event.size));
    }
}

static void open_again(size_t count, struct bytes added)
{
    AUTO(buffer_close) struct buffer again = {0};
    AUTO(acts_close) struct acts *acts = NULL;
    struct complaint complaint = {{0}};
    HOLD_OK(acts_open(path, &complaint, &acts));
    HOLD(acts_count(acts) == count + 1);
    HOLD(bytes_equal(acts_at(acts, count), added));
    gather(acts, &again);
    HOLD(again.size > events.size);
    HOLD(events.size == 0 || memcmp(again.data, events.data, events.size) == 0);
}

static void take(struct bytes file)
{
    AUTO(acts_close) struct acts *acts = NULL;
    struct complaint complaint = {{0}};
    struct bytes added = bytes_of("one more", 8);
    fuzz_write(path, file, 0600);
    if (acts_open(path, &complaint, &acts) != ERR_OK) {
        HOLD(acts == NULL && complaint.text[0] != '\0');
        return;
    }
    buffer_clear(&events);
    gather(acts, &events);
    size_t count = acts_count(acts);
    HOLD_OK(acts_append(acts, &added, 1));
    acts_close(&acts);
    open_again(count, added);
}

/* Where memory or the disk fails, a file that was whole opens again, with what it held. */
static void take_starved(struct bytes file)
{
    for (struct starving starving = starving_of(file); starving_next(&starving);) {
        AUTO(acts_close) struct acts *acts = NULL;
        AUTO(acts_close) struct acts *again = NULL;
        struct complaint complaint = {{0}};
        struct bytes added[] = {bytes_of("one more", 8), bytes_of("and another", 11)};
        fuzz_write(path, file, 0600);
        enum err err = acts_open(path, &complaint, &acts);
        bool is_appended = err == ERR_OK && acts_append(acts, added, 2) == ERR_OK;
        size_t count = err == ERR_OK ? acts_count(acts) : 0;
        bool is_more = err == ERR_OK && acts_append(acts, added, 1) == ERR_OK;
        starving_rest();
        if (err != ERR_OK) {
            HOLD(acts == NULL);
            continue;
        }
        acts_close(&acts);
        HOLD_OK(acts_open(path, &complaint, &again));
        HOLD(acts_count(again) == count + (is_more ? 1 : 0) && (!is_appended || count >= 2));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    AUTO(buffer_close) struct buffer file = {0};
    fuzz_path("acts.log", path);
    if (input_byte(&input) % 2 == 0) {
        struct bytes raw = input_rest(&input);
        take(raw);
        take_starved(raw);
        return 0;
    }
    while (input.left > 0) {
        put_line(&file, input_chunk(&input));
    }
    take(buffer_bytes(&file));
    take_starved(buffer_bytes(&file));
    return 0;
}

/* An append of three acts as it is written, and without one of its sectors, or the end of one. */
static void seed_torn(void)
{
    static uint8_t large[3][700];
    AUTO(buffer_close) struct buffer whole = {0};
    AUTO(acts_close) struct acts *acts = NULL;
    struct complaint complaint = {{0}};
    struct bytes three[3];
    char name[32];
    for (size_t i = 0; i < 3; i++) {
        memset(large[i], 'a' + (int)i, sizeof large[i]);
        three[i] = bytes_of(large[i], sizeof large[i]);
    }
    (void)unlink(fuzz_path("acts.log", path));
    HOLD_OK(acts_open(path, &complaint, &acts));
    HOLD_OK(acts_append(acts, three, 1));
    HOLD_OK(acts_append(acts, three + 1, 2));
    for (size_t from = 0; from < 5; from++) {
        AUTO(buffer_close) struct buffer seed = {0};
        fuzz_read(path, &whole);
        put_byte(&seed, '0');
        HOLD_OK(buffer_append(&seed, whole.data, whole.size));
        size_t at = 1 + from * 512;
        memset(seed.data + at, 0, seed.size - at < 512 ? seed.size - at : 512);
        (void)snprintf(name, sizeof name, "sector-%zu", from);
        fuzz_seed(name, buffer_bytes(&seed));
        memcpy(seed.data + 1, whole.data, whole.size);
        memset(seed.data + at + 3, 0, 9); /* no sector's: damage */
        (void)snprintf(name, sizeof name, "hole-%zu", from);
        fuzz_seed(name, buffer_bytes(&seed));
    }
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(buffer_close) struct buffer made = {0};
    put_byte(&raw, '0');
    put_byte(&made, '1');
    for (int i = 0; i < 3; i++) {
        AUTO(buffer_close) struct buffer event = {0};
        PbEvent message = IHURIRO__V1__EVENT__INIT;
        Ihuriro__V1__AgreementAct agreement = IHURIRO__V1__AGREEMENT_ACT__INIT;
        agreement.shares = i % 2;
        message.time_us = 5 + i;
        message.nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
        message.subject = (char *)(uintptr_t) "A-1";
        message.agreement = &agreement;
        HOLD_OK(message_pack(&message.base, &event));
        put_line(&raw, buffer_bytes(&event));
        put_chunk(&made, buffer_bytes(&event));
    }
    fuzz_seed("raw", buffer_bytes(&raw));
    seed_torn();
    fuzz_seed("made", buffer_bytes(&made));
    raw.size -= 7; /* a torn last line */
    fuzz_seed("torn", buffer_bytes(&raw));
}
