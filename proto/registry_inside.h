/* What registry.c and registry_validate.c share: the state that acts fold into. */
#ifndef IHURIRO_PROTO_REGISTRY_INSIDE_H
#define IHURIRO_PROTO_REGISTRY_INSIDE_H

#include "proto/registry_keys.h"

/* An act, copied out of its event. */
struct act {
    int64_t time_us;
    uint8_t id[SHA256_BYTES];
    char subject[INSTITUTION_ID_MAX + 1];
    const PbEvent *event; /* in the registry's arena */
};

/* A merger or split, and the act that told of it. */
struct succession_act {
    int64_t time_us;
    uint8_t id[SHA256_BYTES];
};

/* Invariants: acts are distinct by id; acts[0 .. folded) are folded, those of one party and kind in
 * order of (time, id); enrolled are the known parties that have a role. A copy has no acts, and
 * takes none. */
struct registry {
    struct arena arena;
    struct act *acts;
    size_t act_count;
    size_t act_capacity;
    size_t folded;
    uint32_t *slots; /* of acts, by id: index and 1, or 0; at most half full */
    size_t slot_count;
    struct party **known; /* in order of id; also those that only another act names */
    size_t known_count;
    size_t known_capacity;
    const struct party **enrolled; /* in order of id */
    size_t enrolled_count;
    size_t enrolled_capacity;
    struct key_rows transports;     /* of the enrolled, but for revoked ones */
    struct key_rows signers;        /* of the known, whatever became of the keys */
    struct key_rows aliases;        /* LE_BOOK and LEI of the enrolled: registry_alias_key */
    struct succession *successions; /* in order of day, then act */
    struct succession_act *succession_acts;
    size_t succession_count;
    size_t succession_capacity;
    bool is_copy;
};

/* Also the parties that have no role yet. */
struct party *registry_known(const struct registry *registry, const char *id);
/* The same; makes it known when it is not. */
MUST_USE enum err registry_know(struct registry *registry, const char *id,
                                struct party **ret_party);
int act_compare(const void *left, const void *right); /* by time, then id */

enum alias { ALIAS_LE_BOOK = 'B', ALIAS_LEI = 'L' };
/* An alias where key_rows has a key. */
void registry_alias_key(enum alias alias, const char *text,
                        uint8_t ret_key[static PUBLIC_KEY_BYTES]);

struct party_key *party_key_find(struct party_key *keys, size_t count,
                                 const uint8_t key[static PUBLIC_KEY_BYTES]);

#endif
