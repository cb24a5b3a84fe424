/* mfi-hub init: keys, store, configuration, hub.pub. Never overwrites. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/clock.h"
#include "conf/country.h"
#include "conf/hub_pub.h"
#include "conf/options.h"
#include "hub/commands.h"
#include "storage/disk.h"

struct init_arguments {
    const char *origin;
    const char *country;
    const char *ingest;
    const char *feed;
    const char *query;
    const char *test_time;
    bool is_test;
};

#define INIT(field) offsetof(struct init_arguments, field)
static const struct option_row init_rows[] = {
    {"origin", 0, OPTION_TEXT, INIT(origin), "NAME",
     "the hub's name in checkpoints and receipts, for ever: hub.example.org", 0, 0},
    {"country", 0, OPTION_TEXT, INIT(country), "CC", "whose settings to begin with (rw)", 0, 0},
    {"ingest", 0, OPTION_TEXT, INIT(ingest), "ENDPOINT", "for agents (tcp://127.0.0.1:5701)", 0, 0},
    {"feed", 0, OPTION_TEXT, INIT(feed), "ENDPOINT", "for subscribers (tcp://127.0.0.1:5702)", 0,
     0},
    {"query", 0, OPTION_TEXT, INIT(query), "ENDPOINT", "for pulls (tcp://127.0.0.1:5703)", 0, 0},
    {"test", 0, OPTION_FLAG, INIT(is_test), NULL,
     "a test hub: takes test data only, and its time from `mfi-hub test-time`", 0, 0},
    {"test-time", 0, OPTION_TEXT, INIT(test_time), "TIME",
     "where a test hub's clock begins: 2019-01-01 or 2019-01-01T08:00:00Z (default: now)", 0, 0},
    {0},
};

static const struct options init_options = {
    .program = "mfi-hub init",
    .words = "[FOLDER]",
    .about =
        "Makes a hub in FOLDER (default: here): keys of mode 0400, an empty store, the country's "
        "settings, a commented hub.conf, and hub.pub, which every client pins.",
    .rows = init_rows,
    .words_max = 1,
};

static enum err make_folder(const char *path, struct complaint *complaint)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return complain(complaint, ERR_IO, "The folder %s cannot be made: %s.", path,
                        strerror(errno));
    }
    return ERR_OK;
}

static enum err write_new_file(const char *path, struct bytes text, struct complaint *complaint)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        return complain(complaint, errno == EEXIST ? ERR_EXISTS : ERR_IO,
                        "%s cannot be made: %s. `init` never overwrites.", path, strerror(errno));
    }
    bool is_written = write(fd, text.data, text.size) == (ssize_t)text.size && fsync(fd) == 0;
    close(fd);
    return is_written ? ERR_OK : complain(complaint, ERR_IO, "%s could not be written.", path);
}

static char *in(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* The settings are copied, so that the operator edits the hub's own file. */
static enum err copy_settings(const char *country, const char *to, struct complaint *complaint)
{
    AUTO(free_p) char *from = NULL;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer text = {0};
    PbSettings *settings = NULL;
    if (country_path(country, &from) != ERR_OK) {
        return complain(complaint, ERR_NOT_FOUND,
                        "There are no settings for the country \"%s\" in this installation.",
                        country);
    }
    enum err err = country_compile(from, &arena, complaint, &settings);
    FILE *file = err == ERR_OK ? fopen(from, "rb") : NULL;
    uint8_t *at = NULL;
    while (file != NULL && err == ERR_OK && !feof(file) && !ferror(file)) {
        err = buffer_reserve(&text, 65536, &at);
        text.size += err == ERR_OK ? fread(at, 1, 65536, file) : 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return err != ERR_OK ? err : write_new_file(to, buffer_bytes(&text), complaint);
}

static enum err make_keys(struct hub *hub, struct complaint *complaint)
{
    AUTO(free_p) char *transport = in(hub->config.keys, "hub.transport");
    AUTO(free_p) char *log = in(hub->config.keys, "hub.log");
    AUTO(free_p) char *pub = in(hub->config.keys, "hub.pub");
    AUTO(buffer_close) struct buffer text = {0};
    if (transport == NULL || log == NULL || pub == NULL) {
        return ERR_MEMORY;
    }
    enum err err = transport_key_make(&hub->transport_key);
    err = err != ERR_OK ? err : signing_key_make(&hub->log_key);
    err = err != ERR_OK ? err : transport_key_write(hub->transport_key, transport, complaint);
    err = err != ERR_OK ? err : signing_key_write(hub->log_key, KEY_LOG, log, complaint);
    if (err != ERR_OK) {
        return err;
    }
    memcpy(hub->identity.transport, transport_key_public(hub->transport_key), PUBLIC_KEY_BYTES);
    memcpy(hub->identity.log_keys[0], signing_key_public(hub->log_key), PUBLIC_KEY_BYTES);
    hub->identity.log_key_count = 1;
    err = hub_pub_format(&hub->identity, &text);
    return err != ERR_OK ? err : write_new_file(pub, buffer_bytes(&text), complaint);
}

static enum err make_config(const char *folder, const struct init_arguments *arguments,
                            struct hub_config *config, struct complaint *complaint)
{
    struct hub_config made = {
        .store = in(folder, "store"),
        .acts = in(folder, "acts.log"),
        .keys = in(folder, "keys"),
        .settings = in(folder, "settings.cfg"),
        .admin = in(folder, "admin/socket"),
        .ingest = strdup(arguments->ingest),
        .feed = strdup(arguments->feed),
        .query = strdup(arguments->query),
        .quota_bucket = QUOTA_BUCKET,
        .quota_per_hour = QUOTA_REFILL_PER_HOUR,
        .peers_max = 1000,
        .disk_floor_mb = DISK_FLOOR_MB,
        .memory_max_mb = MEMORY_MAX_MB,
    };
    AUTO(free_p) char *path = in(folder, "hub.conf");
    AUTO(buffer_close) struct buffer text = {0};
    *config = made;
    if (made.store == NULL || made.acts == NULL || made.keys == NULL || made.settings == NULL ||
        made.admin == NULL || made.ingest == NULL || made.feed == NULL || made.query == NULL ||
        path == NULL) {
        return ERR_MEMORY;
    }
    enum err err = hub_config_format(config, &text);
    return err != ERR_OK ? err : write_new_file(path, buffer_bytes(&text), complaint);
}

static enum err make_store(struct hub *hub, int64_t now_us, struct complaint *complaint)
{
    struct store_meta meta = {.is_test = hub->identity.is_test, .created_us = now_us};
    memcpy(meta.origin, hub->identity.origin, sizeof meta.origin);
    memcpy(meta.log_key, hub->identity.log_keys[0], PUBLIC_KEY_BYTES);
    signing_key_close(&hub->log_key); /* hub_open reads them again, as `run` will */
    transport_key_close(&hub->transport_key);
    bool is_new = false;
    enum err err = store_create(hub->config.store, &meta, complaint);
    err = err != ERR_OK ? err : hub_open(hub, HUB_WRITE, complaint);
    return err != ERR_OK ? err : hub_settings_journal(hub, now_us, &is_new, complaint);
}

static enum err init(struct hub *hub, const char *folder, const struct init_arguments *arguments,
                     struct complaint *complaint)
{
    if (arguments->origin == NULL || strlen(arguments->origin) > HUB_ORIGIN_MAX ||
        strpbrk(arguments->origin, " +\t\n\"\\") != NULL || arguments->origin[0] == 0) {
        return complain(
            complaint, ERR_USAGE,
            "Give the hub its name: --origin hub.example.org (at most %d characters, no "
            "spaces, no +). It stands in every receipt and is never changed.",
            HUB_ORIGIN_MAX);
    }
    int64_t now_us = clock_wall_us();
    if (arguments->test_time != NULL &&
        (!arguments->is_test || time_parse(arguments->test_time, &now_us) != ERR_OK)) {
        return complain(complaint, ERR_USAGE,
                        "--test-time goes with --test, and is a time like 2019-01-01T08:00:00Z.");
    }
    memcpy(hub->identity.origin, arguments->origin, strlen(arguments->origin));
    hub->identity.is_test = arguments->is_test;
    enum err err = make_folder(folder, complaint);
    AUTO(free_p) char *absolute = err == ERR_OK ? realpath(folder, NULL) : NULL;
    AUTO(free_p) char *admin = absolute == NULL ? NULL : in(absolute, "admin");
    if (err != ERR_OK || admin == NULL) {
        return err != ERR_OK ? err : ERR_MEMORY;
    }
    err = make_config(absolute, arguments, &hub->config, complaint);
    err = err != ERR_OK ? err : make_folder(hub->config.keys, complaint);
    err = err != ERR_OK ? err : make_folder(admin, complaint);
    err = err != ERR_OK ? err : copy_settings(arguments->country, hub->config.settings, complaint);
    err = err != ERR_OK ? err : make_keys(hub, complaint);
    err = err != ERR_OK ? err : make_store(hub, now_us, complaint);
    /* Every client pins what is said now: it is on disk before. */
    err = err != ERR_OK ? err : disk_sync(hub->config.keys);
    err = err != ERR_OK ? err : disk_sync(absolute);
    return err != ERR_OK ? err : disk_sync_parent(absolute);
}

int cmd_init(int argc, char **argv)
{
    struct init_arguments arguments = {
        .country = "rw",
        .ingest = "tcp://127.0.0.1:5701",
        .feed = "tcp://127.0.0.1:5702",
        .query = "tcp://127.0.0.1:5703",
    };
    struct complaint complaint = {{0}};
    struct hub hub = {0};
    struct words words = {0};
    AUTO(buffer_close) struct buffer text = {0};
    int code = options_parse(&init_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    enum err err = init(&hub, words.count > 0 ? words.items[0] : ".", &arguments, &complaint);
    err = err != ERR_OK ? err : hub_pub_format(&hub.identity, &text);
    if (err != ERR_OK) {
        hub_release(&hub);
        return command_failed(err, &complaint);
    }
    fprintf(stderr,
            "The hub %s is made in %s. Keep a copy of its keys apart from its backups.\n"
            "Every client pins this (%s/hub.pub):\n\n",
            hub.identity.origin, words.count > 0 ? words.items[0] : ".", hub.config.keys);
    fwrite(text.data, 1, text.size, stdout);
    hub_release(&hub);
    return fflush(stdout) == 0 ? 0 : 1;
}
