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

/* Invariants: acts[0 .. folded) are in order of (time, id), distinct and folded; enrolled are the
 * known parties that have a role. A copy has no acts, and takes none. */
struct registry {
    struct arena arena;
    struct act *acts;
    size_t act_count;
    size_t act_capacity;
    size_t folded;
    struct party **known; /* in order of id; also those that only a key or agreement names */
    size_t known_count;
    size_t known_capacity;
    const struct party **enrolled; /* in order of id */
    size_t enrolled_count;
    size_t enrolled_capacity;
    struct key_rows transports; /* of the enrolled, but for revoked ones */
    struct key_rows signers;    /* of the known, whatever became of the keys */
    bool is_copy;
};

/* Also the parties that have no role yet. */
struct party *registry_known(const struct registry *registry, const char *id);
struct party_key *party_key_find(struct party_key *keys, size_t count,
                                 const uint8_t key[static PUBLIC_KEY_BYTES]);

#endif
