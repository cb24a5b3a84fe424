#include "proto/merkle.h"

#include <nettle/sha2.h>
#include <string.h>

void merkle_leaf(struct bytes data, struct hash *ret_hash)
{
    static const uint8_t prefix = 0x00;
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, 1, &prefix);
    sha256_update(&state, data.size, data.data);
    sha256_digest(&state, SHA256_BYTES, ret_hash->bytes);
}

void merkle_node(const struct hash *left, const struct hash *right, struct hash *ret_hash)
{
    uint8_t message[1 + 2 * SHA256_BYTES] = {0x01};
    memcpy(message + 1, left->bytes, SHA256_BYTES);
    memcpy(message + 1 + SHA256_BYTES, right->bytes, SHA256_BYTES);
    sha256(bytes_of(message, sizeof message), ret_hash->bytes);
}

void merkle_empty(struct hash *ret_hash)
{
    sha256(bytes_of(NULL, 0), ret_hash->bytes);
}

/* Before the first leaf under the subtree stand 2 * leaves - ones(leaves) hashes; the subtree's own
 * stands at its last leaf, level places behind it. */
uint64_t merkle_stored_index(unsigned level, uint64_t n)
{
    for (unsigned i = level; i > 0; i--) {
        n = 2 * n + 1;
    }
    uint64_t index = level;
    for (; n > 0; n >>= 1) {
        index += n;
    }
    return index;
}

uint64_t merkle_stored_count(uint64_t size)
{
    if (size == 0) {
        return 0;
    }
    uint64_t count = merkle_stored_index(0, size - 1) + 1;
    for (uint64_t i = size - 1; (i & 1) != 0; i >>= 1) {
        count++;
    }
    return count;
}

enum err merkle_append(uint64_t n, const struct hash *leaf, merkle_read read, void *context,
                       struct hash ret_hashes[static 64], size_t *ret_count)
{
    struct hash hashes[64] = {*leaf};
    size_t count = 1;
    for (uint64_t at = n; (at & 1) != 0 && count < 64; at >>= 1) {
        struct hash left;
        enum err err = read(context, merkle_stored_index((unsigned)count - 1, at - 1), &left);
        if (err != ERR_OK) {
            return err;
        }
        merkle_node(&left, &hashes[count - 1], &hashes[count]);
        count++;
    }
    memcpy(ret_hashes, hashes, count * sizeof hashes[0]);
    *ret_count = count;
    return ERR_OK;
}

/* Hash over leaves [from, to), from < to, where from is a multiple of a power of two that is not
 * smaller than to - from: then all complete subtrees of it are stored. */
static enum err range_hash(uint64_t from, uint64_t to, merkle_read read, void *context,
                           struct hash *ret_hash)
{
    const uint64_t size = to - from;
    struct hash hash = {{0}};
    bool is_first = true;
    for (unsigned level = 0; level < 64 && size >> level != 0; level++) {
        if ((size >> level & 1) == 0) {
            continue;
        }
        struct hash left;
        const uint64_t index = merkle_stored_index(level, (from >> level) + (size >> level) - 1);
        enum err err = read(context, index, &left);
        if (err != ERR_OK) {
            return err;
        }
        if (is_first) {
            hash = left;
        } else {
            merkle_node(&left, &hash, &hash);
        }
        is_first = false;
    }
    *ret_hash = hash;
    return ERR_OK;
}

enum err merkle_root(uint64_t size, merkle_read read, void *context, struct hash *ret_root)
{
    if (size == 0) {
        merkle_empty(ret_root);
        return ERR_OK;
    }
    return range_hash(0, size, read, context, ret_root);
}

/* The largest power of two below size; size >= 2. */
static uint64_t split(uint64_t size)
{
    uint64_t power = 1;
    while (power < size - power) {
        power *= 2;
    }
    return power;
}

static enum err proof_add(struct proof *proof, uint64_t from, uint64_t to, merkle_read read,
                          void *context)
{
    if (proof->count == PROOF_HASHES_MAX) {
        return ERR_RANGE;
    }
    enum err err = range_hash(from, to, read, context, &proof->hashes[proof->count]);
    proof->count += err == ERR_OK ? 1 : 0;
    return err;
}

/* Walking down collects from the root; proofs list from the leaf. */
static void proof_give(const struct proof *walked, struct proof *ret_proof)
{
    for (size_t i = 0; i < walked->count; i++) {
        ret_proof->hashes[i] = walked->hashes[walked->count - 1 - i];
    }
    ret_proof->count = walked->count;
}

enum err merkle_prove_inclusion(uint64_t leaf_index, uint64_t size, merkle_read read, void *context,
                                struct proof *ret_proof)
{
    if (leaf_index >= size) {
        return ERR_RANGE;
    }
    struct proof walked = {.count = 0};
    uint64_t from = 0;
    uint64_t to = size;
    while (to - from > 1) {
        const uint64_t middle = from + split(to - from);
        const bool is_left = leaf_index < middle;
        enum err err = is_left ? proof_add(&walked, middle, to, read, context)
                               : proof_add(&walked, from, middle, read, context);
        if (err != ERR_OK) {
            return err;
        }
        from = is_left ? from : middle;
        to = is_left ? middle : to;
    }
    proof_give(&walked, ret_proof);
    return ERR_OK;
}

enum err merkle_prove_consistency(uint64_t old_size, uint64_t size, merkle_read read, void *context,
                                  struct proof *ret_proof)
{
    if (old_size == 0 || old_size > size) {
        return ERR_RANGE;
    }
    struct proof walked = {.count = 0};
    uint64_t from = 0;
    uint64_t to = size;
    while (to > old_size) {
        const uint64_t middle = from + split(to - from);
        const bool is_left = old_size <= middle;
        enum err err = is_left ? proof_add(&walked, middle, to, read, context)
                               : proof_add(&walked, from, middle, read, context);
        if (err != ERR_OK) {
            return err;
        }
        from = is_left ? from : middle;
        to = is_left ? middle : to;
    }
    /* The verifier knows the old root: it is left out where the old tree is one whole subtree. */
    enum err err = from > 0 ? proof_add(&walked, from, to, read, context) : ERR_OK;
    if (err == ERR_OK) {
        proof_give(&walked, ret_proof);
    }
    return err;
}

static bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

/* Where a verifier stands on its way up: the node's number on its level, and the last one's. */
struct ascent {
    uint64_t node;
    uint64_t last;
};

static void ascend(struct ascent *ascent)
{
    ascent->node >>= 1;
    ascent->last >>= 1;
}

/* Is the next hash of the proof a left sibling? Levels where this node has no sibling are passed.
 */
static bool ascent_takes_left(struct ascent *ascent)
{
    if ((ascent->node & 1) == 0 && ascent->node != ascent->last) {
        return false;
    }
    while ((ascent->node & 1) == 0 && ascent->node != 0) {
        ascend(ascent);
    }
    return true;
}

/* RFC 9162 2.1.3.2. */
enum err merkle_verify_inclusion(const struct hash *leaf, uint64_t leaf_index, uint64_t size,
                                 const struct proof *proof, const struct hash *root)
{
    if (leaf_index >= size) {
        return ERR_SIGNATURE;
    }
    struct ascent ascent = {leaf_index, size - 1};
    struct hash hash = *leaf;
    for (size_t i = 0; i < proof->count; i++) {
        if (ascent.last == 0) {
            return ERR_SIGNATURE;
        }
        if (ascent_takes_left(&ascent)) {
            merkle_node(&proof->hashes[i], &hash, &hash);
        } else {
            merkle_node(&hash, &proof->hashes[i], &hash);
        }
        ascend(&ascent);
    }
    return ascent.last == 0 && hash_equal(&hash, root) ? ERR_OK : ERR_SIGNATURE;
}

/* RFC 9162 2.1.4.2, for 0 < old_size < size. */
static enum err verify_growth(uint64_t old_size, const struct hash *old_root, uint64_t size,
                              const struct hash *root, const struct proof *proof)
{
    const bool old_is_subtree = (old_size & (old_size - 1)) == 0;
    if (!old_is_subtree && proof->count == 0) {
        return ERR_SIGNATURE;
    }
    struct ascent ascent = {old_size - 1, size - 1};
    while ((ascent.node & 1) != 0) {
        ascend(&ascent);
    }
    struct hash old_hash = old_is_subtree ? *old_root : proof->hashes[0];
    struct hash hash = old_hash;
    for (size_t i = old_is_subtree ? 0 : 1; i < proof->count; i++) {
        const struct hash *next = &proof->hashes[i];
        if (ascent.last == 0) {
            return ERR_SIGNATURE;
        }
        if (ascent_takes_left(&ascent)) {
            merkle_node(next, &old_hash, &old_hash);
            merkle_node(next, &hash, &hash);
        } else {
            merkle_node(&hash, next, &hash);
        }
        ascend(&ascent);
    }
    return ascent.last == 0 && hash_equal(&old_hash, old_root) && hash_equal(&hash, root)
               ? ERR_OK
               : ERR_SIGNATURE;
}

enum err merkle_verify_consistency(uint64_t old_size, const struct hash *old_root, uint64_t size,
                                   const struct hash *root, const struct proof *proof)
{
    if (old_size > size) {
        return ERR_SIGNATURE;
    }
    if (old_size == 0) {
        return proof->count == 0 ? ERR_OK : ERR_SIGNATURE;
    }
    if (old_size == size) {
        return proof->count == 0 && hash_equal(old_root, root) ? ERR_OK : ERR_SIGNATURE;
    }
    return verify_growth(old_size, old_root, size, root, proof);
}

struct bytes proof_bytes(const struct proof *proof)
{
    return bytes_of(proof->hashes, proof->count * sizeof proof->hashes[0]);
}

enum err proof_parse(struct bytes bytes, struct proof *ret_proof)
{
    if (bytes.size % SHA256_BYTES != 0 || bytes.size / SHA256_BYTES > PROOF_HASHES_MAX) {
        return ERR_MALFORMED;
    }
    ret_proof->count = bytes.size / SHA256_BYTES;
    if (bytes.size > 0) {
        memcpy(ret_proof->hashes, bytes.data, bytes.size);
    }
    return ERR_OK;
}
