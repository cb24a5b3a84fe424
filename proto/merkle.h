/* RFC 6962 trees. Nodes are stored in post-order under dense indexes, as Go's tlog does: appending
 * leaf n writes its hash and those of the subtrees that it completes, two hashes a leaf on average,
 * and nothing is ever rewritten. */
#ifndef IHURIRO_PROTO_MERKLE_H
#define IHURIRO_PROTO_MERKLE_H

#include "proto/bytes.h"
#include "proto/limits.h"

struct hash {
    uint8_t bytes[SHA256_BYTES];
};

void merkle_leaf(struct bytes data, struct hash *ret_hash); /* SHA-256(0x00 || data) */
void merkle_node(const struct hash *left, const struct hash *right,
                 struct hash *ret_hash);  /* SHA-256(0x01 || l || r) */
void merkle_empty(struct hash *ret_hash); /* SHA-256("") */

/* Index of the hash of the n-th complete subtree of height level. */
uint64_t merkle_stored_index(unsigned level, uint64_t n);
/* How many hashes are stored for a tree of size leaves. */
uint64_t merkle_stored_count(uint64_t size);

/* Where stored hashes come from. */
typedef enum err (*merkle_read)(void *context, uint64_t index, struct hash *ret_hash);

/* The hashes to store for leaf number n (0-based), in index order from merkle_stored_count(n): the
 * leaf, then each completed subtree. read gives hashes stored before. ret_hashes holds 64. */
MUST_USE enum err merkle_append(uint64_t n, const struct hash *leaf, merkle_read read,
                                void *context, struct hash ret_hashes[static 64],
                                size_t *ret_count);
/* Root over the first size leaves; size 0: the empty hash. */
MUST_USE enum err merkle_root(uint64_t size, merkle_read read, void *context,
                              struct hash *ret_root);

struct proof {
    struct hash hashes[PROOF_HASHES_MAX];
    size_t count;
};

/* leaf_index < size. Leaf upwards, as RFC 6962 2.1.1. */
MUST_USE enum err merkle_prove_inclusion(uint64_t leaf_index, uint64_t size, merkle_read read,
                                         void *context, struct proof *ret_proof);
/* 1 <= old <= size; old == size gives an empty proof. RFC 6962 2.1.2. */
MUST_USE enum err merkle_prove_consistency(uint64_t old_size, uint64_t size, merkle_read read,
                                           void *context, struct proof *ret_proof);
/* ERR_SIGNATURE when they do not verify. old_size 0 is consistent with all. */
MUST_USE enum err merkle_verify_inclusion(const struct hash *leaf, uint64_t leaf_index,
                                          uint64_t size, const struct proof *proof,
                                          const struct hash *root);
MUST_USE enum err merkle_verify_consistency(uint64_t old_size, const struct hash *old_root,
                                            uint64_t size, const struct hash *root,
                                            const struct proof *proof);

/* Concatenated hashes, as in messages. */
struct bytes proof_bytes(const struct proof *proof);
MUST_USE enum err proof_parse(struct bytes bytes, struct proof *ret_proof);

#endif
