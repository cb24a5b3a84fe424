/* What the commands share: configuration, the hub's identity, keys, the store, the settings in
 * force. */
#ifndef IHURIRO_AGENTS_MFI_AGENT_H
#define IHURIRO_AGENTS_MFI_AGENT_H

#include "agents/mfi/agent_conf.h"
#include "agents/mfi/notes.h"
#include "agents/mfi/platform.h"
#include "proto/catalogue.h"
#include "proto/keys.h"
#include "storage/outbox.h"

enum agent_parts {
    AGENT_CONF = 0,
    AGENT_STORE = 1, /* the outbox */
    AGENT_KEYS = 2,  /* signing keys, the transport key */
    AGENT_HUB = 4,   /* hub.pub */
    AGENT_ALL = 7,
};

struct agent {
    char *config; /* path; NULL: `check` without a configuration */
    struct agent_conf conf;
    struct hub_identity hub;
    struct outbox *outbox; /* NULL unless asked for */
    struct transport_key *transport_key;
    struct signing_key **signing_keys; /* in the order of conf.institutions */
    const char **institutions;
    struct arena texts;
    const struct catalogue *catalogue; /* of the language of what is shown; NULL: English */
};

void agent_close(struct agent **agent);
/* config NULL: agent.conf here, else /etc/ihuriro/agent.conf. A hub.pub and a configuration of
 * which one is for tests and the other is not are ERR_CONFIG. */
MUST_USE enum err agent_open(const char *config, unsigned parts, struct complaint *complaint,
                             struct agent **ret_agent);
/* Another language than the configured one; NULL: as it is. */
MUST_USE enum err agent_speak(struct agent *agent, const char *language,
                              struct complaint *complaint);
/* For `check`: without -c and without a file, what holds without configuration. */
MUST_USE enum err agent_open_or_default(const char *config, struct complaint *complaint,
                                        struct agent **ret_agent);
/* Fits outbox_key_of; context is the agent. */
const struct signing_key *agent_key_of(void *context, const char *institution);

/* The clock for reports: a test agent takes the hub's as last heard, where it heard it. */
MUST_USE enum err agent_now(struct agent *agent, int64_t *ret_now_us);
/* false: a test agent that never heard the hub's time. Nothing is queued before. */
MUST_USE enum err agent_knows_time(struct agent *agent, bool *ret_knows);

/* The newest settings known. */
struct agent_settings {
    const PbSettings *settings;
    bool is_from_hub;
    uint8_t id[SHA256_BYTES]; /* zeros unless from the hub */
    char source[1024];        /* a sentence in the agent's language: which, of when */
};
MUST_USE enum err agent_settings(struct agent *agent, struct arena *arena,
                                 struct complaint *complaint, struct agent_settings *ret_settings);

struct owed; /* owed.h */
/* What an institution owes, at a time; lives in the arena. ret_owed NULL: the hub never said. */
MUST_USE enum err agent_owed(struct agent *agent, struct txn *txn, const char *institution,
                             int utc_offset_minutes, int64_t now_us, struct arena *arena,
                             const struct owed **ret_owed);

/* Once a day, whoever comes by: reports older than 400 days go, by our clock and by what the hub
 * last said. ret_pruned: how many. */
MUST_USE enum err agent_prune(struct agent *agent, size_t *ret_pruned);

/* Held by the process that talks to the hub. ERR_BUSY: another one does. */
MUST_USE enum err agent_lock(struct agent *agent, struct complaint *complaint,
                             struct platform_lock **ret_lock);
/* Is there such a process? Takes nothing. */
MUST_USE enum err agent_is_talking(struct agent *agent, bool *ret_is_talking);

#endif
