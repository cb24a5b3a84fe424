/* Key files: what is read, written again, is the same line; and hub.pub, which every client pins.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/starve.h"

#include "conf/hub_pub.h"
#include "proto/key_file.h"

static void read_signing(const char *path, const char *copy, enum key_kind kind)
{
    struct complaint complaint = {{0}};
    AUTO(signing_key_close) struct signing_key *key = NULL;
    AUTO(signing_key_close) struct signing_key *again = NULL;
    if (signing_key_read(path, kind, &complaint, &key) != ERR_OK) {
        HOLD(key == NULL && complaint.text[0] != '\0');
        return;
    }
    (void)unlink(copy);
    HOLD_OK(signing_key_write(key, kind, copy, &complaint));
    HOLD_OK(signing_key_read(copy, kind, &complaint, &again));
    HOLD(memcmp(signing_key_public(key), signing_key_public(again), PUBLIC_KEY_BYTES) == 0);
}

static void read_transport(const char *path, const char *copy)
{
    struct complaint complaint = {{0}};
    AUTO(transport_key_close) struct transport_key *key = NULL;
    AUTO(transport_key_close) struct transport_key *again = NULL;
    if (transport_key_read(path, &complaint, &key) != ERR_OK) {
        HOLD(key == NULL && complaint.text[0] != '\0');
        return;
    }
    (void)unlink(copy);
    HOLD_OK(transport_key_write(key, copy, &complaint));
    HOLD_OK(transport_key_read(copy, &complaint, &again));
    HOLD(memcmp(transport_key_public(key), transport_key_public(again), PUBLIC_KEY_BYTES) == 0);
}

static void read_hub(const char *path, const char *copy)
{
    struct complaint complaint = {{0}};
    struct hub_identity hub = {.log_key_count = 0};
    struct hub_identity again = {.log_key_count = 0};
    AUTO(buffer_close) struct buffer text = {0};
    if (hub_pub_read(path, &complaint, &hub) != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        return;
    }
    HOLD(hub.log_key_count >= 1 && hub.log_key_count <= HUB_LOG_KEYS_MAX);
    HOLD_OK(hub_pub_format(&hub, &text));
    fuzz_write(copy, buffer_bytes(&text), 0644);
    HOLD_OK(hub_pub_read(copy, &complaint, &again));
    HOLD(strcmp(hub.origin, again.origin) == 0 && hub.is_test == again.is_test);
    HOLD(memcmp(hub.transport, again.transport, PUBLIC_KEY_BYTES) == 0);
    HOLD(hub.log_key_count == again.log_key_count &&
         memcmp(hub.log_keys, again.log_keys, hub.log_key_count * PUBLIC_KEY_BYTES) == 0);
}

/* Where memory or the disk fails, there is the whole key or none that could be taken for one. */
static void take_starved(const char *path, const char *copy, struct bytes file)
{
    for (struct starving starving = starving_of(file); starving_next(&starving);) {
        AUTO(signing_key_close) struct signing_key *key = NULL;
        AUTO(signing_key_close) struct signing_key *again = NULL;
        AUTO(transport_key_close) struct transport_key *transport = NULL;
        struct complaint complaint = {{0}};
        struct hub_identity hub = {.log_key_count = 0};
        bool is_written = false;
        (void)unlink(copy);
        if (signing_key_read(path, KEY_SIGNING, &complaint, &key) == ERR_OK) {
            is_written = signing_key_write(key, KEY_SIGNING, copy, &complaint) == ERR_OK;
        }
        (void)transport_key_read(path, &complaint, &transport);
        (void)hub_pub_read(path, &complaint, &hub);
        starving_rest();
        enum err err = signing_key_read(copy, KEY_SIGNING, &complaint, &again);
        HOLD(err == ERR_OK || !is_written);
        HOLD(err != ERR_OK ||
             (key != NULL &&
              memcmp(signing_key_public(key), signing_key_public(again), PUBLIC_KEY_BYTES) == 0));
    }
}

/* What is no plain file of ours alone is no key. */
static void take_odd_places(const char *path, const char *copy)
{
    struct complaint complaint = {{0}};
    struct signing_key *key = NULL;
    HOLD(signing_key_read(fuzz_folder, KEY_SIGNING, &complaint, &key) != ERR_OK);
    (void)unlink(copy);
    HOLD(signing_key_read(copy, KEY_SIGNING, &complaint, &key) != ERR_OK);
    HOLD(symlink(path, copy) == 0);
    HOLD(signing_key_read(copy, KEY_SIGNING, &complaint, &key) != ERR_OK);
    (void)unlink(copy);
    HOLD(chmod(path, 0440) == 0);
    HOLD(signing_key_read(path, KEY_SIGNING, &complaint, &key) != ERR_OK && key == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[128];
    char copy[128];
    fuzz_path("key", path);
    fuzz_path("copy", copy);
    fuzz_write(path, bytes_of(data, size), 0400);
    read_signing(path, copy, KEY_SIGNING);
    read_signing(path, copy, KEY_LOG);
    read_transport(path, copy);
    read_hub(path, copy);
    take_starved(path, copy, bytes_of(data, size));
    take_odd_places(path, copy);
    return 0;
}

static void seed_of(const char *name, const char *path)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    fuzz_read(path, &bytes);
    fuzz_seed(name, buffer_bytes(&bytes));
}

static void fuzz_seeds(void)
{
    char path[128];
    struct complaint complaint = {{0}};
    struct hub_identity hub = {.origin = "hub.test", .log_key_count = 2, .is_test = true};
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(transport_key_close) struct transport_key *transport = NULL;
    struct signing_key *key = fuzz_key(7);
    HOLD_OK(signing_key_write(key, KEY_SIGNING, fuzz_path("signing", path), &complaint));
    seed_of("signing", path);
    HOLD_OK(signing_key_write(key, KEY_LOG, fuzz_path("log", path), &complaint));
    seed_of("log", path);
    HOLD_OK(transport_key_make(&transport));
    HOLD_OK(transport_key_write(transport, fuzz_path("transport", path), &complaint));
    seed_of("transport", path);
    memcpy(hub.transport, transport_key_public(transport), PUBLIC_KEY_BYTES);
    memcpy(hub.log_keys[0], signing_key_public(key), PUBLIC_KEY_BYTES);
    memset(hub.log_keys[1], 9, PUBLIC_KEY_BYTES);
    HOLD_OK(hub_pub_format(&hub, &text));
    fuzz_seed("hub.pub", buffer_bytes(&text));
    signing_key_close(&key);
}
