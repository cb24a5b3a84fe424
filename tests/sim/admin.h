/* The admin door of a running test hub, over its ipc socket: one request, one answer, one
 * connection kept. */
#ifndef IHURIRO_TESTS_SIM_ADMIN_H
#define IHURIRO_TESTS_SIM_ADMIN_H

#include "proto/frames.h"
#include "proto/keys.h"
#include "tests/sim/sector.h"

struct admin;

MUST_USE enum err admin_open(const char *socket_path, struct complaint *complaint,
                             struct admin **ret_admin);
void admin_close(struct admin **admin);
/* Moves the hub's clock; not backwards: a time that is past already is left alone. */
MUST_USE enum err admin_set_time(struct admin *admin, int64_t time_us, struct complaint *complaint);
MUST_USE enum err admin_now(struct admin *admin, struct complaint *complaint, int64_t *ret_now_us);
/* Enrols every member: the party row, its signing key, the transport key that speaks for all of
 * them, and the agreement. */
MUST_USE enum err admin_enrol(struct admin *admin, const struct sector *sector,
                              const uint8_t transport_key[static PUBLIC_KEY_BYTES],
                              struct complaint *complaint);

#endif
