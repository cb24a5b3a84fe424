/* mfi-hub check-config: everything that `run` would stumble over, without touching anything. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/country.h"
#include "conf/options.h"
#include "hub/commands.h"
#include "hub/metrics.h"

struct check_arguments {
    struct common_arguments common;
};

static const struct option_row check_rows[] = {
    COMMON_ROWS(struct check_arguments), FORMAT_ROW(struct check_arguments), {0}};
static const struct options check_options = {
    .program = "mfi-hub check-config",
    .about = "Checks configuration, keys, store, settings and limits, and changes nothing.",
    .rows = check_rows,
};

static enum err check_endpoint(const char *name, const char *endpoint, struct complaint *complaint)
{
    const char *port = strrchr(endpoint, ':');
    bool is_tcp = strncmp(endpoint, "tcp://", 6) == 0 && port != NULL && port > endpoint + 5;
    long number = is_tcp ? strtol(port + 1, NULL, 10) : 0;
    return number > 0 && number < 65536
               ? ERR_OK
               : complain(complaint, ERR_CONFIG,
                          "%s = \"%s\" is no endpoint like tcp://0.0.0.0:5701.", name, endpoint);
}

enum err hub_check_endpoints(struct hub *hub, struct complaint *complaint)
{
    const struct {
        const char *name;
        const char *endpoint;
    } doors[] = {
        {"ingest", hub->config.ingest}, {"feed", hub->config.feed}, {"query", hub->config.query}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < 3 && err == ERR_OK; i++) {
        err = check_endpoint(doors[i].name, doors[i].endpoint, complaint);
        for (size_t j = 0; j < i && err == ERR_OK; j++) {
            if (strcmp(doors[i].endpoint, doors[j].endpoint) == 0) {
                err = complain(complaint, ERR_CONFIG,
                               "%s and %s are both \"%s\": give each door a port of its own.",
                               doors[j].name, doors[i].name, doors[i].endpoint);
            }
        }
    }
    struct sockaddr_storage address;
    socklen_t size = 0;
    return err != ERR_OK ? err : metrics_address(hub->config.metrics, complaint, &address, &size);
}

/* Against those in force, where the store could be opened. */
static enum err check_settings(struct hub *hub, struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    PbSettings *settings = NULL;
    return hub->store == NULL ? country_compile(hub->config.settings, &arena, complaint, &settings)
                              : hub_settings_compile(hub, &arena, complaint, &settings);
}

static enum err check_admin_folder(struct hub *hub, struct complaint *complaint)
{
    AUTO(free_p) char *folder = strdup(hub->config.admin);
    struct stat status;
    char *slash = folder == NULL ? NULL : strrchr(folder, '/');
    if (slash == NULL) {
        return ERR_MEMORY;
    }
    *slash = 0;
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode) || (status.st_mode & 077) != 0) {
        return complain(
            complaint, ERR_CONFIG,
            "The folder of the admin socket, %s, must be there with mode 0700: whoever can "
            "open the socket runs the hub.",
            folder);
    }
    return ERR_OK;
}

static enum err check_limits(struct hub *hub, struct complaint *complaint)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_max < (rlim_t)hub->config.peers_max + OPEN_FILES_BESIDE_PEERS) {
        return complain(complaint, ERR_CONFIG,
                        "At most %llu open files are allowed, too few for peers_max = %lld.",
                        (unsigned long long)limit.rlim_max, (long long)hub->config.peers_max);
    }
    return ERR_OK;
}

static enum err check_store_and_keys(struct hub *hub, struct complaint *complaint)
{
    enum err err = hub_open_keys(hub, complaint);
    return err != ERR_OK ? err : hub_open_store(hub, HUB_READ, complaint);
}

struct check_row {
    const char *what;
    enum err (*check)(struct hub *hub, struct complaint *complaint);
};

static const struct check_row checks[] = {
    {"endpoints", hub_check_endpoints},       {"hub.pub", hub_open_identity},
    {"keys and store", check_store_and_keys}, {"settings", check_settings},
    {"admin socket", check_admin_folder},     {"open files", check_limits},
};

static void show(const char *what, enum err err, const struct complaint *complaint, bool is_json)
{
    const char *text = err == ERR_OK             ? "ok"
                       : complaint->text[0] != 0 ? complaint->text
                                                 : err_text(err);
    if (!is_json) {
        printf("%-16s %s\n", what, text);
        return;
    }
    json_t *line = json_pack("{s:s,s:b,s:s}", "check", what, "ok", err == ERR_OK, "text", text);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

int cmd_check_config(int argc, char **argv)
{
    struct check_arguments arguments = {0};
    struct complaint complaint = {{0}};
    AUTO(hub_release) struct hub hub = {0};
    bool is_json = false;
    int code = options_parse(&check_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    enum err worst = wants_json(&arguments.common, &complaint, &is_json);
    worst =
        worst != ERR_OK ? worst : hub_config_read(arguments.common.config, &hub.config, &complaint);
    if (worst != ERR_OK) {
        return command_failed(worst, &complaint);
    }
    show("configuration", ERR_OK, &complaint, is_json);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        complaint.text[0] = 0;
        enum err err = checks[i].check(&hub, &complaint);
        show(checks[i].what, err, &complaint, is_json);
        worst = err != ERR_OK ? err : worst;
    }
    return worst == ERR_OK ? 0 : 2;
}
