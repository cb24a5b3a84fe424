#include "agents/client/client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/config.h"
#include "conf/hub_pub.h"

struct client_config {
    char *hub;
    char *endpoint;
    char *key;
};

#define ROW(field) offsetof(struct client_config, field)
static const struct config_row rows[] = {
    {.key = "hub",
     .kind = CONFIG_PATH,
     .offset = ROW(hub),
     .is_required = true,
     .help = "the hub's public keys"},
    {.key = "endpoint",
     .kind = CONFIG_TEXT,
     .offset = ROW(endpoint),
     .is_required = true,
     .help = "the hub's door"},
    {.key = "key",
     .kind = CONFIG_PATH,
     .offset = ROW(key),
     .is_required = true,
     .help = "this program's transport key"},
    {.key = NULL},
};

static void config_close(struct client_config *config)
{
    config_release(rows, config);
}

static enum err check_endpoint(const char *path, const char *endpoint, struct complaint *complaint)
{
    const char *port = strrchr(endpoint, ':');
    if (strncmp(endpoint, "tcp://", 6) == 0 && port != NULL && port > endpoint + 6 &&
        port[1] != '\0' && port[1 + strspn(port + 1, "0123456789")] == '\0') {
        return ERR_OK;
    }
    return complain(complaint, ERR_CONFIG, "%s: endpoint must be tcp://HOST:PORT, such as %s.",
                    path, "tcp://hub.example.org:5702");
}

const char *client_config_path(const char *given, const char *name)
{
    static char path[128];
    if (given != NULL) {
        return given;
    }
    snprintf(path, sizeof path, "%s.conf", name);
    if (access(path, F_OK) != 0) {
        snprintf(path, sizeof path, "/etc/ihuriro/%s.conf", name);
    }
    return path;
}

enum err client_open(const char *path, struct complaint *complaint, struct client *ret_client)
{
    AUTO(client_close) struct client client = {0};
    AUTO(config_close) struct client_config config = {0};
    enum err err = keys_init();
    err = err != ERR_OK ? err : config_read(path, rows, &config, sizeof config, complaint);
    err = err != ERR_OK ? err : check_endpoint(path, config.endpoint, complaint);
    err = err != ERR_OK ? err : hub_pub_read(config.hub, complaint, &client.hub);
    err = err != ERR_OK ? err : transport_key_read(config.key, complaint, &client.key);
    if (err != ERR_OK) {
        return err;
    }
    client.endpoint = STEAL(config.endpoint);
    client.zmq = zmq_ctx_new();
    if (client.zmq == NULL) {
        return ERR_MEMORY;
    }
    (void)zmq_ctx_set(client.zmq, ZMQ_BLOCKY, 0);
    *ret_client = client;
    client = (struct client){0};
    return ERR_OK;
}

void client_close(struct client *client)
{
    transport_key_close(&client->key);
    free(client->endpoint);
    if (client->zmq != NULL) {
        zmq_ctx_term(client->zmq);
    }
    *client = (struct client){0};
}
