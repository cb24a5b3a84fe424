/* A hub's files: configuration, keys, store, acts.log. Used by `run` and by every command that
 * works without a running hub. */
#ifndef IHURIRO_HUB_HUB_OPEN_H
#define IHURIRO_HUB_HUB_OPEN_H

#include "hub/hub.h"

/* path NULL: ./hub.conf, else /etc/ihuriro/hub.conf. */
MUST_USE enum err hub_config_read(const char *path, struct hub_config *config,
                                  struct complaint *complaint);
void hub_config_release(struct hub_config *config);
/* The configuration with its help texts, as `init` writes it. Appends. */
MUST_USE enum err hub_config_format(const struct hub_config *config, struct buffer *text);

#define PEERS_MOST              1000000 /* of peers_max */
#define OPEN_FILES_BESIDE_PEERS 200     /* sockets, store, logs, readers of the store */

enum hub_mode {
    HUB_READ,  /* identity and store; beside a running hub */
    HUB_WRITE, /* and keys, acts.log, the writer; takes the store's lock: ERR_BUSY while a hub runs
                */
};

/* hub->config is there already. now of a test hub is the last record's time. */
MUST_USE enum err hub_open(struct hub *hub, enum hub_mode mode, struct complaint *complaint);
/* Its parts, for commands that need one alone. */
MUST_USE enum err hub_open_identity(struct hub *hub, struct complaint *complaint);
MUST_USE enum err hub_open_keys(struct hub *hub,
                                struct complaint *complaint); /* after the identity */
MUST_USE enum err hub_open_store(struct hub *hub, enum hub_mode mode, struct complaint *complaint);
void hub_release(struct hub *hub); /* with its configuration */

/* Compiles the configured settings file; a change of what held for periods that have ended is
 * refused (conf/country.h). The store is open. */
MUST_USE enum err hub_settings_compile(struct hub *hub, struct arena *arena,
                                       struct complaint *complaint, PbSettings **ret_settings);
/* Compiles the configured settings file and journals it as a SETTINGS event when it differs from
 * what is in force. */
MUST_USE enum err hub_settings_journal(struct hub *hub, int64_t now_us, bool *ret_is_new,
                                       struct complaint *complaint);
/* Now, as this hub takes it (hub/hub_clock.h): the wall clock where it is believed, or, of a test
 * hub, the last record's time. */
int64_t hub_now_us(const struct hub *hub);

#endif
