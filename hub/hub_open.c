#include "hub/hub_open.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/clock.h"
#include "conf/config.h"
#include "conf/country.h"
#include "conf/hub_pub.h"
#include "conf/log.h"

#define ROW(key_, kind_, field, required, least, most, help_)                     \
    {                                                                             \
        .key = key_, .kind = kind_, .offset = offsetof(struct hub_config, field), \
        .is_required = required, .min = least, .max = most, .help = help_         \
    }

static const struct config_row config_rows[] = {
    ROW("store", CONFIG_PATH, store, true, 0, 0,
        "Folder of the store (LMDB). A local disk; no network file system."),
    ROW("acts", CONFIG_PATH, acts, true, 0, 0,
        "What operators did, line by line. Keep it outside the store's folder: a restore replaces "
        "that."),
    ROW("keys", CONFIG_PATH, keys, true, 0, 0,
        "Folder of hub.transport, hub.log (mode 0400) and hub.pub. Back it up by hand, apart."),
    ROW("settings", CONFIG_PATH, settings, true, 0, 0,
        "Rules, limits, code lists of the country. A change is journaled at the next start."),
    ROW("ingest", CONFIG_TEXT, ingest, true, 0, 0, "Where agents connect."),
    ROW("feed", CONFIG_TEXT, feed, true, 0, 0, "Where subscribers connect."),
    ROW("query", CONFIG_TEXT, query, true, 0, 0, "Where regulators pull."),
    ROW("admin", CONFIG_PATH, admin, true, 0, 0,
        "Socket of the operator's commands; its folder has mode 0700."),
    ROW("metrics", CONFIG_TEXT, metrics, false, 0, 0,
        "Where a monitoring system of this machine asks, such as 127.0.0.1:9464. Empty: nowhere."),
    ROW("quota_bucket", CONFIG_INTEGER, quota_bucket, false, 1, 1000000,
        "New reports that an institution may send at once; the rest is taken later."),
    ROW("quota_per_hour", CONFIG_INTEGER, quota_per_hour, false, 1, 1000000,
        "How many it gains an hour."),
    ROW("peers_max", CONFIG_INTEGER, peers_max, false, 16, PEERS_MOST,
        "Connections to expect; the limit of open files must allow for them."),
    ROW("disk_floor_mb", CONFIG_INTEGER, disk_floor_mb, false, 1, 1000000,
        "With less free space than this on the store's disk nothing is taken, and nobody reads."),
    ROW("memory_max_mb", CONFIG_INTEGER, memory_max_mb, false, 128, 1000000,
        "Near this much memory the connection that brought the most is cut off; above it the hub "
        "ends, to be started again."),
    {
        .key = "authority",
        .kind = CONFIG_TEXTS,
        .offset = offsetof(struct hub_config, authority),
        .min = 2 * PUBLIC_KEY_BYTES,
        .max = 2 * PUBLIC_KEY_BYTES,
        .help = "Public keys of the regulator whose orders are taken (`mfi-pull order key` prints "
                "it there); have it read to you.",
    },
    {0},
};

static const char *default_path(void)
{
    return access("hub.conf", R_OK) == 0 ? "hub.conf" : "/etc/ihuriro/hub.conf";
}

enum err hub_config_read(const char *path, struct hub_config *config, struct complaint *complaint)
{
    config->quota_bucket = QUOTA_BUCKET;
    config->quota_per_hour = QUOTA_REFILL_PER_HOUR;
    config->peers_max = 1000;
    config->disk_floor_mb = DISK_FLOOR_MB;
    config->memory_max_mb = MEMORY_MAX_MB;
    enum err err = config_read(path != NULL ? path : default_path(), config_rows, config,
                               sizeof *config, complaint);
    /* sun_path holds 108 bytes */
    if (err == ERR_OK && strlen(config->admin) > 100) {
        err =
            complain(complaint, ERR_CONFIG,
                     "The path of the admin socket is longer than 100 bytes: %s. Choose a shorter "
                     "one.",
                     config->admin);
    }
    return err != ERR_OK ? err
                         : authority_keys_parse(config->authority.items, config->authority.count,
                                                complaint, &config->authority_keys);
}

void hub_config_release(struct hub_config *config)
{
    config_release(config_rows, config);
}

static enum err format_texts(const char *key, const struct config_texts *texts, struct buffer *text)
{
    enum err err = buffer_printf(text, "%s = [", key);
    for (size_t i = 0; i < texts->count && err == ERR_OK; i++) {
        err = buffer_printf(text, "%s\"%s\"", i == 0 ? " " : ", ", texts->items[i]);
    }
    return err != ERR_OK ? err : buffer_printf(text, " ];\n");
}

enum err hub_config_format(const struct hub_config *config, struct buffer *text)
{
    enum err err =
        buffer_printf(text, "# Configuration of this hub. `mfi-hub check-config -c FILE` "
                            "checks it; a change needs a restart.\n");
    for (const struct config_row *row = config_rows; row->key != NULL && err == ERR_OK; row++) {
        const char *field = (const char *)config + row->offset;
        err = buffer_printf(text, "\n# %s\n", row->help);
        if (err != ERR_OK) {
            break;
        }
        if (row->kind == CONFIG_INTEGER) {
            err = buffer_printf(text, "%s = %lld;\n", row->key,
                                (long long)*(const int64_t *)(const void *)field);
        } else if (row->kind == CONFIG_TEXTS) {
            err = format_texts(row->key, (const struct config_texts *)(const void *)field, text);
        } else {
            const char *value = *(char *const *)(const void *)field;
            err = buffer_printf(text, "%s = \"%s\";\n", row->key, value != NULL ? value : "");
        }
    }
    return err;
}

/* ---- opening ---- */

static enum err in_keys(const struct hub *hub, const char *name, char **ret_path)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", hub->config.keys, name) < 0) {
        return ERR_MEMORY;
    }
    *ret_path = path;
    return ERR_OK;
}

enum err hub_open_identity(struct hub *hub, struct complaint *complaint)
{
    AUTO(free_p) char *path = NULL;
    enum err err = in_keys(hub, "hub.pub", &path);
    return err != ERR_OK ? err : hub_pub_read(path, complaint, &hub->identity);
}

static bool pins_log_key(const struct hub_identity *identity, const uint8_t *key)
{
    for (size_t i = 0; i < identity->log_key_count; i++) {
        if (memcmp(identity->log_keys[i], key, PUBLIC_KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

enum err hub_open_keys(struct hub *hub, struct complaint *complaint)
{
    AUTO(free_p) char *transport = NULL;
    AUTO(free_p) char *log = NULL;
    enum err err = in_keys(hub, "hub.transport", &transport);
    err = err != ERR_OK ? err : in_keys(hub, "hub.log", &log);
    err = err != ERR_OK ? err : transport_key_read(transport, complaint, &hub->transport_key);
    err = err != ERR_OK ? err : signing_key_read(log, KEY_LOG, complaint, &hub->log_key);
    if (err != ERR_OK) {
        return err;
    }
    if (memcmp(transport_key_public(hub->transport_key), hub->identity.transport,
               PUBLIC_KEY_BYTES) != 0 ||
        !pins_log_key(&hub->identity, signing_key_public(hub->log_key))) {
        return complain(complaint, ERR_KEY,
                        "The keys in %s are not those of its hub.pub. Agents pin hub.pub: put the "
                        "right keys back.",
                        hub->config.keys);
    }
    return ERR_OK;
}

enum err hub_open_store(struct hub *hub, enum hub_mode mode, struct complaint *complaint)
{
    enum err err = store_open(hub->config.store, mode == HUB_WRITE ? ENV_WRITE : ENV_READ,
                              complaint, &hub->store);
    if (err != ERR_OK) {
        return err;
    }
    const struct store_meta *meta = store_meta(hub->store);
    if (strcmp(meta->origin, hub->identity.origin) != 0 || meta->is_test != hub->identity.is_test) {
        return complain(complaint, ERR_CONFIG,
                        "The store %s is of another hub (%s%s) than hub.pub says (%s%s).",
                        hub->config.store, meta->origin, meta->is_test ? ", test" : "",
                        hub->identity.origin, hub->identity.is_test ? ", test" : "");
    }
    return ERR_OK;
}

static enum err last_record_us(struct hub *hub, int64_t *ret_us)
{
    AUTO(txn_end) struct txn txn = {0};
    struct record last;
    enum err err = txn_begin(store_env(hub->store), false, &txn);
    uint64_t size = err == ERR_OK ? journal_size(&txn) : 0;
    *ret_us = 0;
    if (err == ERR_OK && size > 0) {
        err = journal_get(&txn, size, &last);
        *ret_us = err == ERR_OK ? last.header.received_at_us : 0;
    }
    return err;
}

/* Where it is not there yet. */
static enum err hub_open_clock(struct hub *hub)
{
    int64_t last_us = 0;
    if (hub->clock != NULL) {
        return ERR_OK;
    }
    enum err err = last_record_us(hub, &last_us);
    return err != ERR_OK ? err : hub_clock_make(hub->identity.is_test, last_us, &hub->clock);
}

enum err hub_open(struct hub *hub, enum hub_mode mode, struct complaint *complaint)
{
    enum err err = hub_open_identity(hub, complaint);
    if (err == ERR_OK && mode == HUB_WRITE) {
        err = hub_open_keys(hub, complaint);
    }
    err = err != ERR_OK ? err : hub_open_store(hub, mode, complaint);
    err = err != ERR_OK ? err : hub_open_clock(hub);
    if (err != ERR_OK || mode == HUB_READ) {
        return err;
    }
    err = acts_open(hub->config.acts, complaint, &hub->acts);
    struct writer_parts parts = {hub->store, hub->acts, hub->log_key, &hub->identity,
                                 &hub->config.authority_keys};
    err = err != ERR_OK ? err : writer_make(&parts, hub_now_us(hub), complaint, &hub->writer);
    if (err == ERR_OK && acts_torn_bytes(hub->acts) > 0) {
        log_event(LOG_WARNING, "acts_torn",
                  "bytes=%llu text=\"the end of acts.log was broken off, as by a power cut: it was "
                  "cut, and the journal's acts that it lacked were written to it again\"",
                  (unsigned long long)acts_torn_bytes(hub->acts));
    }
    return err;
}

void hub_release(struct hub *hub)
{
    writer_close(&hub->writer);
    acts_close(&hub->acts);
    store_close(&hub->store);
    hub_clock_close(&hub->clock);
    signing_key_close(&hub->log_key);
    transport_key_close(&hub->transport_key);
    hub_config_release(&hub->config);
}

int64_t hub_now_us(const struct hub *hub)
{
    return hub_clock_now_us(hub->clock);
}

/* ---- settings ---- */

static bool settings_differ(const PbSettings *a, const PbSettings *b)
{
    AUTO(buffer_close) struct buffer packed_a = {0};
    AUTO(buffer_close) struct buffer packed_b = {0};
    return a == NULL || message_pack(&a->base, &packed_a) != ERR_OK ||
           message_pack(&b->base, &packed_b) != ERR_OK ||
           !bytes_equal(buffer_bytes(&packed_a), buffer_bytes(&packed_b));
}

/* And what was closed under them. */
static enum err settings_in_force(struct hub *hub, struct arena *arena,
                                  const PbSettings **ret_settings, struct docket **ret_docket)
{
    AUTO(txn_end) struct txn txn = {0};
    uint8_t id[SHA256_BYTES];
    enum err err = txn_begin(store_env(hub->store), false, &txn);
    err = err != ERR_OK ? err : docket_load(&txn, ret_docket);
    err = err != ERR_OK ? err : settings_load(&txn, arena, ret_settings, id);
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* a new store has none */
}

enum err hub_settings_compile(struct hub *hub, struct arena *arena, struct complaint *complaint,
                              PbSettings **ret_settings)
{
    AUTO(docket_close) struct docket *docket = NULL;
    struct country_ground ground = {NULL, NULL, 0};
    enum err err = hub_open_clock(hub);
    err = err != ERR_OK ? err : settings_in_force(hub, arena, &ground.in_force, &docket);
    if (err != ERR_OK) {
        return complain(complaint, err, "The settings in force could not be read from %s (%s).",
                        hub->config.store, err_text(err));
    }
    ground.docket = docket;
    ground.now_us = hub_now_us(hub);
    return country_compile_over(hub->config.settings, &ground, arena, complaint, ret_settings);
}

enum err hub_settings_journal(struct hub *hub, int64_t now_us, bool *ret_is_new,
                              struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    PbSettings *settings = NULL;
    enum err err = hub_settings_compile(hub, &arena, complaint, &settings);
    *ret_is_new = err == ERR_OK && settings_differ(writer_settings(hub->writer), settings);
    if (!*ret_is_new) {
        return err;
    }
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    const struct checkpoint *checkpoint = NULL;
    uint64_t seq = 0;
    event.settings = settings;
    err = writer_begin(hub->writer, now_us);
    err = err != ERR_OK ? err : writer_new_event(hub->writer, &event, &seq);
    err = err != ERR_OK ? err : writer_seal(hub->writer, &checkpoint);
    err = err != ERR_OK ? err : writer_commit(hub->writer);
    if (err != ERR_OK) {
        writer_abort(hub->writer);
        return complain(complaint, err, "The settings %s could not be journaled (%s).",
                        hub->config.settings, err_text(err));
    }
    return ERR_OK;
}
