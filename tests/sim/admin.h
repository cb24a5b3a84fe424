/* The admin door of a running test hub, over its ipc socket: one request, one answer, one
 * connection kept. */
#ifndef IHURIRO_TESTS_SIM_ADMIN_H
#define IHURIRO_TESTS_SIM_ADMIN_H

#include "proto/frames.h"
#include "proto/keys.h"
#include "proto/registry.h"

struct admin;

MUST_USE enum err admin_open(const char *socket_path, struct complaint *complaint,
                             struct admin **ret_admin);
void admin_close(struct admin **admin);
/* Moves the hub's clock; not backwards: a time that is past already is left alone. */
MUST_USE enum err admin_set_time(struct admin *admin, int64_t time_us, struct complaint *complaint);
MUST_USE enum err admin_now(struct admin *admin, struct complaint *complaint, int64_t *ret_now_us);
/* A party to be enrolled. */
struct enrolment {
    const char *id;
    const char *name;
    enum role role;
    const char *category; /* NULL: none */
    const char *district; /* NULL: none */
    bool shares;
    int32_t valid_from_day; /* INT32_MIN: unbounded */
    bool has_valid_to;
    int32_t valid_to_day;     /* the last day */
    int32_t reports_from_day; /* 0: not said */
    uint8_t transport_key[PUBLIC_KEY_BYTES];
    bool has_signing_key;
    uint8_t signing_key[PUBLIC_KEY_BYTES];
};
/* The party rows, their keys and, of members, the agreement, in acts of eight events. */
MUST_USE enum err admin_enrol(struct admin *admin, const struct enrolment *enrolments, size_t count,
                              struct complaint *complaint);

/* The predecessors go into a party, from the first of a month on. */
MUST_USE enum err admin_merge(struct admin *admin, const char *successor,
                              const char *const *predecessors, size_t count, int32_t from_day,
                              struct complaint *complaint);

#endif
