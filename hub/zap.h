/* ZAP (RFC 27): who may connect. Bound before any door opens, fails closed: whatever is not a known
 * key of an allowed domain in a well-formed request is refused. It says only "known, in force,
 * domain allowed"; what a key stands for is looked up on every message. */
#ifndef IHURIRO_HUB_ZAP_H
#define IHURIRO_HUB_ZAP_H

#include "hub/hub.h"

/* Binds inproc://zeromq.zap.01. Before zap_run and before the doors. */
MUST_USE enum err zap_bind(struct hub *hub, void **ret_socket);
struct zap_thread {
    struct hub *hub;
    void *socket;
};
void *zap_run(void *argument); /* struct zap_thread */

/* The decision, pure: may this key come in by this door? */
bool zap_allows(const struct registry *registry, const char *domain,
                const uint8_t key[static PUBLIC_KEY_BYTES], int64_t now_us);

#endif
