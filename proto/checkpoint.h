/* Signed tree heads in the text form of C2SP tlog-checkpoint, its time in an extension line:
 *
 *   ORIGIN\nSIZE\nBASE64(ROOT)\ntime UNIX_MICROSECONDS\n\n— ORIGIN BASE64(key hash (4) || Ed25519
 * signature (64))\n
 *
 * key hash = first 4 bytes of SHA-256(ORIGIN || "\n" || 0x01 || public key). The signature is over
 * the text before the blank line, its final newline included. One checkpoint a commit. */
#ifndef IHURIRO_PROTO_CHECKPOINT_H
#define IHURIRO_PROTO_CHECKPOINT_H

#include "proto/keys.h"
#include "proto/merkle.h"

/* A position: records 1 to size, and the RFC 6962 root over exactly those. */
struct position {
    uint64_t size;
    struct hash root;
};

struct checkpoint {
    char origin[HUB_ORIGIN_MAX + 1];
    struct position position;
    int64_t time_us;
    struct bytes text; /* the whole signed note; a view */
};

/* Appends the signed note. */
MUST_USE enum err checkpoint_sign(const char *origin, const struct position *position,
                                  int64_t time_us, const struct signing_key *log_key,
                                  struct buffer *text);
/* Parses strictly; looks at no signature. ERR_MALFORMED. */
MUST_USE enum err checkpoint_parse(struct bytes text, struct checkpoint *ret_checkpoint);
/* Origin and one of the pinned keys. ERR_SIGNATURE. */
MUST_USE enum err checkpoint_verify(const struct checkpoint *checkpoint,
                                    const struct hub_identity *hub);

bool position_equal(const struct position *a, const struct position *b);

#endif
