/* What every reader's program begins with: its configuration, the hub that it trusts, its key.
 *
 * feed.conf and pull.conf have the same keys:
 *
 *   hub = "hub.pub";                       # the hub's public keys, as `mfi-hub init` wrote them
 *   endpoint = "tcp://127.0.0.1:5702";     # the hub's feed door (mfi-pull: its query door)
 *   key = "feed.key";                      # made by `init`, mode 0400
 */
#ifndef IHURIRO_CLIENT_CLIENT_H
#define IHURIRO_CLIENT_CLIENT_H

#include "proto/keys.h"

struct client {
    struct hub_identity hub;
    struct transport_key *key;
    char *endpoint;
    void *zmq; /* the process's one context */
};

/* given, or NAME.conf here, or /etc/ihuriro/NAME.conf. Lives as long as the process. */
const char *client_config_path(const char *given, const char *name);
/* keys_init, the configuration, hub.pub, the key, a ZeroMQ context. */
MUST_USE enum err client_open(const char *config, struct complaint *complaint,
                              struct client *ret_client);
void client_close(struct client *client);

/* What differs between the programs at `init`. */
struct client_kind {
    const char *program;  /* "mfi-feed" */
    const char *name;     /* "feed": feed.conf, feed.key */
    const char *door;     /* "feed" */
    const char *endpoint; /* where the door is unless it is said */
    const char *role;     /* "association" */
    const char *about;
};

/* `PROGRAM init [FOLDER] [--hub FILE] [--endpoint E] [--id ID] [--name N]`: makes key and commented
 * configuration, and prints the line for `mfi-hub parties add`. Never overwrites. Returns the exit
 * code. */
int client_init(const struct client_kind *kind, int argc, char **argv);

#endif
