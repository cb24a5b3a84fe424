/* Orders of the authority (DOMAIN D58): signed where it sits, verified wherever they are read. */
#ifndef IHURIRO_PROTO_ORDER_H
#define IHURIRO_PROTO_ORDER_H

#include "proto/keys.h"
#include "proto/messages.h"

/* An order that contradicts itself: for whoever is about to sign it, and whoever takes it. */
MUST_USE enum err order_validate(const PbOrder *order, struct complaint *complaint);
bool order_text_is_plain(const char *text); /* one line of 1 to TEXT_BYTES_MAX bytes of UTF-8 */
/* The signature: over the prefix and the SHA-256 of the order's bytes. ERR_SIGNATURE,
 * ERR_MALFORMED. The message lives in the arena. Whether the signer is one that may is another
 * question: authority_is_pinned. */
MUST_USE enum err order_open(const Ihuriro__V1__SignedOrder *signed_order, struct arena *arena,
                             const PbOrder **ret_order);
/* The bytes of a SignedOrder; appends. ERR_TOO_LARGE. */
MUST_USE enum err order_sign(const struct signing_key *key, const PbOrder *order,
                             struct buffer *signed_order);

/* Whose orders are obeyed: public keys pinned in hub.conf and agent.conf. */
#define AUTHORITY_KEYS_MAX 8
struct authority_keys {
    uint8_t keys[AUTHORITY_KEYS_MAX][PUBLIC_KEY_BYTES];
    size_t count;
};
/* What a configuration says in `authority`: 64 hexadecimal digits each. ERR_CONFIG with the
 * sentence. */
MUST_USE enum err authority_keys_parse(char *const *texts, size_t count,
                                       struct complaint *complaint,
                                       struct authority_keys *ret_keys);
bool authority_is_pinned(const struct authority_keys *keys, struct bytes signer);

#endif
