#include "conf/hub_pub.h"

#include <string.h>
#include <unistd.h>

#include "conf/config.h"

struct hub_pub {
    char *origin;
    char *transport;
    struct config_texts log;
    bool is_test;
};

static const struct config_row rows[] = {
    {.key = "origin",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct hub_pub, origin),
     .is_required = true,
     .min = 1,
     .max = HUB_ORIGIN_MAX,
     .help = "the hub's name in checkpoints"},
    {.key = "transport",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct hub_pub, transport),
     .is_required = true,
     .min = Z85_KEY_CHARS,
     .max = Z85_KEY_CHARS,
     .help = "the hub's transport key, 40 characters"},
    {.key = "log",
     .kind = CONFIG_TEXTS,
     .offset = offsetof(struct hub_pub, log),
     .is_required = true,
     .min = 2 * PUBLIC_KEY_BYTES,
     .max = 2 * PUBLIC_KEY_BYTES,
     .help = "the hub's log keys, 64 hex digits each"},
    {.key = "test",
     .kind = CONFIG_BOOL,
     .offset = offsetof(struct hub_pub, is_test),
     .help = "true: a hub for tests, with test data only"},
    {0},
};

static void release(struct hub_pub *file)
{
    config_release(rows, file);
}

/* Printable, no space and no '+': it stands in checkpoints, as C2SP wants it. */
static bool origin_is_valid(const char *origin)
{
    for (const char *at = origin; *at != 0; at++) {
        if (*at <= ' ' || *at > '~' || *at == '+') {
            return false;
        }
    }
    return *origin != 0;
}

static enum err take_log_keys(const char *path, const struct hub_pub *file,
                              struct complaint *complaint, struct hub_identity *hub)
{
    if (file->log.count == 0 || file->log.count > HUB_LOG_KEYS_MAX) {
        return complain(complaint, ERR_CONFIG, "%s: log must hold 1 to %d keys, and holds %zu.",
                        path, HUB_LOG_KEYS_MAX, file->log.count);
    }
    for (size_t i = 0; i < file->log.count; i++) {
        if (hex_decode(file->log.items[i], hub->log_keys[i], PUBLIC_KEY_BYTES) != ERR_OK) {
            return complain(complaint, ERR_CONFIG,
                            "%s: log[%zu] is not 64 hex digits; copy hub.pub from the hub again.",
                            path, i);
        }
    }
    hub->log_key_count = file->log.count;
    return ERR_OK;
}

enum err hub_pub_read(const char *path, struct complaint *complaint, struct hub_identity *ret_hub)
{
    AUTO(release) struct hub_pub file = {0};
    if (access(path, F_OK) != 0) {
        return complain(complaint, ERR_CONFIG,
                        "There is no file %s. It is the hub's: ask the hub's operator for hub.pub "
                        "(`mfi-hub init` makes it), and put it there.",
                        path);
    }
    enum err err = config_load(path, rows, &file, sizeof file, complaint);
    if (err != ERR_OK) {
        return err;
    }
    struct hub_identity hub = {.is_test = file.is_test};
    if (!origin_is_valid(file.origin)) {
        return complain(complaint, ERR_CONFIG,
                        "%s: origin must be printable, without spaces and without '+'.", path);
    }
    memcpy(hub.origin, file.origin, strlen(file.origin) + 1);
    if (transport_key_parse(file.transport, hub.transport) != ERR_OK) {
        return complain(complaint, ERR_CONFIG,
                        "%s: transport is no Z85 key; copy hub.pub from the hub again.", path);
    }
    err = take_log_keys(path, &file, complaint, &hub);
    if (err != ERR_OK) {
        return err;
    }
    *ret_hub = hub;
    return ERR_OK;
}

/* A text in libconfig's quotes: Z85 has no quote and no backslash, origins may. */
static enum err append_text(const char *key, const char *value, struct buffer *text)
{
    enum err err = buffer_printf(text, "%s = \"", key);
    for (const char *at = value; err == ERR_OK && *at != 0; at++) {
        err = buffer_printf(text, *at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
    }
    return err == ERR_OK ? buffer_printf(text, "\";\n") : err;
}

enum err hub_pub_format(const struct hub_identity *hub, struct buffer *text)
{
    char transport[Z85_KEY_CHARS + 1];
    transport_key_z85(hub->transport, transport);
    enum err err = buffer_printf(
        text, "# The public keys of a hub. Give this file to everybody who connects to it.\n");
    err = err == ERR_OK ? append_text("origin", hub->origin, text) : err;
    err = err == ERR_OK ? append_text("transport", transport, text) : err;
    err = err == ERR_OK ? buffer_printf(text, "log = [ ") : err;
    for (size_t i = 0; err == ERR_OK && i < hub->log_key_count; i++) {
        char hex[2 * PUBLIC_KEY_BYTES + 1];
        hex_encode(bytes_of(hub->log_keys[i], PUBLIC_KEY_BYTES), hex);
        err = buffer_printf(text, "%s\"%s\"", i == 0 ? "" : ", ", hex);
    }
    return err == ERR_OK ? buffer_printf(text, " ];\ntest = %s;\n", hub->is_test ? "true" : "false")
                         : err;
}
