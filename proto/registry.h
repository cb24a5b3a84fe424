/* Who the parties are, as a pure fold over acts (events of kind PARTY, KEYS, AGREEMENT, MERGED,
 * SPLIT, RENAMED).
 *
 * Acts fold in the order of their own time, then id, in whatever order they come; a revoked key
 * never comes back into force, and who was merged or split never owes again. A registry is built
 * (registry_apply), then sealed (registry_seal) and from then on immutable; the hub swaps sealed
 * ones by pointer, and a pull seals one as known at a time. */
#ifndef IHURIRO_PROTO_REGISTRY_H
#define IHURIRO_PROTO_REGISTRY_H

#include "proto/keys.h"
#include "proto/limits.h"
#include "proto/messages.h"
#include "proto/period.h"

enum role {
    ROLE_NONE = 0,
    ROLE_MEMBER = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER,
    ROLE_ASSOCIATION = IHURIRO__V1__PARTY_ACT__ROLE__ASSOCIATION,
    ROLE_REGULATOR = IHURIRO__V1__PARTY_ACT__ROLE__REGULATOR,
    ROLE_PUBLIC = IHURIRO__V1__PARTY_ACT__ROLE__PUBLIC,
};

const char *role_name(int role); /* "member", ... */
MUST_USE enum err role_parse(const char *name, int *ret_role);

enum party_status {
    PARTY_ACTIVE = IHURIRO__V1__PARTY_ACT__STATUS__ACTIVE,
    PARTY_SUSPENDED = IHURIRO__V1__PARTY_ACT__STATUS__SUSPENDED,
    PARTY_LIQUIDATED = IHURIRO__V1__PARTY_ACT__STATUS__LIQUIDATED,
};

struct party_key {
    uint8_t key[PUBLIC_KEY_BYTES];
    int64_t from_us;
    int64_t replaced_us; /* 0: in force; good for KEY_OVERLAP_S more */
    int64_t revoked_us;  /* 0: not revoked */
};

enum { PARTY_ACTS = 4 }; /* PARTY, KEYS, AGREEMENT, RENAMED: each in order; no two kinds meet */

struct party_name {
    int32_t from_day;
    char *name;
};

struct party {
    char id[INSTITUTION_ID_MAX + 1];
    enum role role;
    char *name; /* the newest, be its day still to come; registry_name_on knows the others */
    char *first_name;
    struct party_name *names; /* renamings, in order of day, one a day */
    size_t name_count;
    char *category;
    char *district;
    char currency[4];
    int32_t valid_from_day; /* INT32_MIN: unbounded */
    int32_t valid_to_day;   /* INT32_MAX: unbounded */
    bool shares;            /* agreement: association staff see its reports whole */
    enum party_status status;
    int32_t status_from_day;
    int64_t enrolled_us;      /* own time of the act that gave it a role first */
    int32_t reports_from_day; /* INT32_MIN: the first period that starts after enrolment (D49) */
    int32_t ended_day; /* merged or split: it owes nothing for periods ending on this day or after;
                          INT32_MAX: not */
    int32_t took_over_day; /* successor of a merger or split: owes what ends on this day or after,
                              though it was enrolled later; INT32_MAX: not */
    char *peer_group;      /* "": its category */
    char *bureau;          /* "": none */
    char *le_book;
    char *lei;
    char *licence;
    char *cooperative;
    char *tin;
    int64_t assets; /* -1: not given */
    int32_t assets_on_day;
    struct party_key *signing_keys;
    size_t signing_key_count;
    struct party_key *transport_keys;
    size_t transport_key_count;
    uint32_t last_acts[PARTY_ACTS]; /* of the fold alone: the newest of each kind, and 1 */
};

struct registry;

void registry_close(struct registry **registry);
MUST_USE enum err registry_make(struct registry **ret_registry);
/* id: SHA-256 of the event's bytes; the same id twice is applied once. The event is copied. Other
 * kinds are ignored. */
MUST_USE enum err registry_apply(struct registry *registry, const PbEvent *event,
                                 const uint8_t id[static SHA256_BYTES]);
/* Folds what was applied; may be called again after more. */
MUST_USE enum err registry_seal(struct registry *registry);
/* A sealed one's parties as they stand, for others to read while this one goes on: at the cost of
 * its parties, not of its acts. It takes no acts. */
MUST_USE enum err registry_copy(const struct registry *registry, struct registry **ret_copy);
/* Would this act be valid now? Unknown subject without a role, a key that is in use by another
 * party for signing or was revoked, a bad id, name, currency, date, LEI; a merger into itself, of
 * one that has ended, in a circle, not on the first of a month: a complaint for the operator. */
MUST_USE enum err registry_validate(const struct registry *registry, const PbEvent *event,
                                    struct complaint *complaint);

size_t registry_count(const struct registry *registry);
const struct party *registry_at(const struct registry *registry, size_t index); /* in order of id */
const struct party *registry_find(const struct registry *registry, const char *id);

/* The parties whose rows name this transport key, not revoked and, if replaced, within the overlap
 * at now. Views live as long as the registry. */
MUST_USE enum err registry_by_transport(const struct registry *registry,
                                        const uint8_t key[static PUBLIC_KEY_BYTES], int64_t now_us,
                                        const struct party *const **ret_parties, size_t *ret_count);
/* The one that speaks for a connection at feed and query: a key belongs to one reader. NULL if
 * none. */
const struct party *registry_reader(const struct registry *registry,
                                    const uint8_t key[static PUBLIC_KEY_BYTES], int64_t now_us);
/* Mergers and splits, in order of their day: who became whom. */
struct succession {
    int32_t from_day;
    bool is_split; /* one predecessor, many successors; else many predecessors, one successor */
    const char *one;
    const char *const *many;
    size_t many_count;
};
const struct succession *registry_successions(const struct registry *registry, size_t *ret_count);
/* Its name on a day: renames are kept. */
const char *registry_name_on(const struct registry *registry, const struct party *party,
                             int32_t day);

const char *party_status_name(int status); /* "active", "suspended", "liquidated" */
MUST_USE enum err party_status_parse(const char *name, int *ret_status);
bool party_is_valid_on(const struct party *party, int32_t day);

enum key_standing { KEY_UNKNOWN, KEY_GOOD, KEY_EXPIRED, KEY_REVOKED, KEY_NOT_YET };
enum key_standing party_signing_key(const struct party *party,
                                    const uint8_t key[static PUBLIC_KEY_BYTES], int64_t now_us);

#endif
