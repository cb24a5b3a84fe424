/* The operator's side of the admin door: one request, one answer. */
#ifndef IHURIRO_HUB_ADMIN_CLIENT_H
#define IHURIRO_HUB_ADMIN_CLIENT_H

#include "hub/hub.h"

/* Sends and waits (10 s). The answer's message lives in the arena: of the descriptor of `wanted`,
 * else the hub's refusal becomes the complaint with ERR_REFUSED. ERR_NETWORK: nobody answers. */
MUST_USE enum err admin_ask(const char *socket_path, enum verb verb, const ProtobufCMessage *body,
                            enum verb wanted, struct arena *arena, struct complaint *complaint,
                            const ProtobufCMessage **ret_answer);

/* The hub's now: a running one says it, and a test hub's runs ahead of its last record. The store
 * is open. */
int64_t admin_now_us(const struct hub *hub);

/* Acts, by the running hub or, when there is none, by taking the store's lock and doing the same.
 * Times and nonces are filled in. */
MUST_USE enum err acts_submit(struct hub *hub, PbEvent *const *events, size_t count,
                              struct complaint *complaint, uint64_t *ret_last_seq);
/* The same with a contact, set or (without one) erased. */
MUST_USE enum err contact_submit(struct hub *hub, const Ihuriro__V1__SetContact *request,
                                 struct complaint *complaint);

#endif
