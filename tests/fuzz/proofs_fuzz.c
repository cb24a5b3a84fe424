/* Inclusion and consistency, against an implementation that follows the words of RFC 6962: what is
 * proven is what the definition says, and only the true proof is taken. */
#include "tests/fuzz/fuzz.h"

#include "proto/merkle.h"

#define LEAVES_MAX 300

static struct hash leaves[LEAVES_MAX];
static struct hash stored[2 * LEAVES_MAX + 64];

static enum err read_stored(void *context, uint64_t index, struct hash *ret_hash)
{
    (void)context;
    HOLD(index < sizeof stored / sizeof stored[0]);
    *ret_hash = stored[index];
    return ERR_OK;
}

static void set_up(void)
{
    static bool is_up;
    for (uint64_t n = 0; n < LEAVES_MAX && !is_up; n++) {
        uint8_t data[8];
        struct hash fresh[64];
        size_t count = 0;
        put_u64(data, n);
        merkle_leaf(bytes_of(data, sizeof data), &leaves[n]);
        HOLD_OK(merkle_append(n, &leaves[n], read_stored, NULL, fresh, &count));
        memcpy(&stored[merkle_stored_count(n)], fresh, count * sizeof fresh[0]);
    }
    is_up = true;
}

/* ---- RFC 6962, 2.1: by recursion over the list D[from .. from + size) ---- */

static uint64_t split_of(uint64_t size)
{
    uint64_t split = 1;
    while (split * 2 < size) {
        split *= 2;
    }
    return split;
}

static struct hash root_of(uint64_t from, uint64_t size)
{
    struct hash root;
    if (size == 0) {
        merkle_empty(&root);
    } else if (size == 1) {
        root = leaves[from];
    } else {
        uint64_t split = split_of(size);
        struct hash left = root_of(from, split);
        struct hash right = root_of(from + split, size - split);
        merkle_node(&left, &right, &root);
    }
    return root;
}

static void path_of(uint64_t leaf, uint64_t from, uint64_t size, struct proof *proof)
{
    uint64_t split = split_of(size);
    if (size <= 1) {
        return;
    }
    if (leaf < split) {
        path_of(leaf, from, split, proof);
        proof->hashes[proof->count++] = root_of(from + split, size - split);
    } else {
        path_of(leaf - split, from + split, size - split, proof);
        proof->hashes[proof->count++] = root_of(from, split);
    }
}

static void subproof_of(uint64_t old, uint64_t from, uint64_t size, bool is_whole,
                        struct proof *proof)
{
    uint64_t split = split_of(size);
    if (old == size) {
        if (!is_whole) {
            proof->hashes[proof->count++] = root_of(from, size);
        }
    } else if (old <= split) {
        subproof_of(old, from, split, is_whole, proof);
        proof->hashes[proof->count++] = root_of(from + split, size - split);
    } else {
        subproof_of(old - split, from + split, size - split, false, proof);
        proof->hashes[proof->count++] = root_of(from, split);
    }
}

static bool proofs_equal(const struct proof *a, const struct proof *b)
{
    return bytes_equal(proof_bytes(a), proof_bytes(b));
}

/* ---- the true proof, changed as the input says ---- */

static void change(struct proof *proof, struct input *input)
{
    while (input->left > 2) {
        uint8_t how = input_byte(input);
        size_t at = proof->count > 0 ? input_byte(input) % proof->count : 0;
        if (how % 4 == 0 && proof->count > 0) {
            proof->count--;
        } else if (how % 4 == 1 && proof->count < PROOF_HASHES_MAX) {
            proof->hashes[proof->count++] = leaves[input_byte(input) % LEAVES_MAX];
        } else if (how % 4 == 2 && proof->count > 0) {
            proof->hashes[at].bytes[how / 4 % SHA256_BYTES] ^= input_byte(input);
        } else if (proof->count > 0) {
            struct hash other = proof->hashes[at];
            proof->hashes[at] = proof->hashes[0];
            proof->hashes[0] = other;
        }
    }
}

static void check_inclusion(uint64_t leaf, uint64_t size, struct input *input)
{
    struct proof naive = {.count = 0};
    struct proof proof = {.count = 0};
    struct hash root = root_of(0, size);
    path_of(leaf, 0, size, &naive);
    HOLD_OK(merkle_prove_inclusion(leaf, size, read_stored, NULL, &proof));
    HOLD(proofs_equal(&proof, &naive));
    HOLD_OK(merkle_verify_inclusion(&leaves[leaf], leaf, size, &proof, &root));
    uint64_t other = input_number(input, 2) % size;
    change(&proof, input);
    bool is_true = proofs_equal(&proof, &naive);
    HOLD((merkle_verify_inclusion(&leaves[leaf], leaf, size, &proof, &root) == ERR_OK) == is_true);
    HOLD(other == leaf ||
         merkle_verify_inclusion(&leaves[leaf], other, size, &naive, &root) != ERR_OK);
}

static void check_consistency(uint64_t old, uint64_t size, struct input *input)
{
    struct proof naive = {.count = 0};
    struct proof proof = {.count = 0};
    struct hash old_root = root_of(0, old);
    struct hash root = root_of(0, size);
    struct hash wrong = old_root;
    subproof_of(old, 0, size, true, &naive);
    HOLD_OK(merkle_prove_consistency(old, size, read_stored, NULL, &proof));
    HOLD(proofs_equal(&proof, &naive));
    HOLD_OK(merkle_verify_consistency(old, &old_root, size, &root, &proof));
    wrong.bytes[0] ^= 1;
    HOLD(merkle_verify_consistency(old, &wrong, size, &root, &proof) != ERR_OK);
    change(&proof, input);
    bool is_true = proofs_equal(&proof, &naive);
    HOLD((merkle_verify_consistency(old, &old_root, size, &root, &proof) == ERR_OK) == is_true);
}

/* Any numbers and any bytes: no verdict is expected but no. */
static void check_strange(struct input *input)
{
    struct proof proof;
    struct hash root;
    uint64_t a = input_number(input, 8);
    uint64_t b = input_number(input, 8);
    memset(&root, input_byte(input), sizeof root);
    struct bytes raw = input_rest(input);
    if (proof_parse(raw, &proof) != ERR_OK) {
        HOLD(raw.size % SHA256_BYTES != 0 || raw.size > PROOF_HASHES_MAX * SHA256_BYTES);
        return;
    }
    HOLD(bytes_equal(proof_bytes(&proof), raw));
    HOLD(merkle_verify_inclusion(&leaves[0], a, b, &proof, &root) != ERR_OK);
    enum err err = merkle_verify_consistency(a, &leaves[1], b, &root, &proof);
    HOLD(err != ERR_OK || a == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    set_up();
    uint8_t how = input_byte(&input);
    if (how % 4 == 3) {
        check_strange(&input);
        return 0;
    }
    uint64_t leaves_count = 1 + input_number(&input, 2) % LEAVES_MAX;
    uint64_t at = input_number(&input, 2) % leaves_count;
    HOLD_OK(merkle_root(leaves_count, read_stored, NULL, &(struct hash){{0}}));
    if (how % 4 == 0) {
        check_inclusion(at, leaves_count, &input);
    } else {
        check_consistency(at + 1, leaves_count, &input);
    }
    return 0;
}

static void fuzz_seeds(void)
{
    static const uint8_t inclusion[] = {0, 0, 99, 0, 17, 0, 5, 2, 0, 1, 0, 0};
    static const uint8_t consistency[] = {1, 0, 200, 0, 100, 6, 1, 3, 1, 0, 0};
    uint8_t strange[1 + 17 + 64] = {3};
    fuzz_seed("inclusion", bytes_of(inclusion, sizeof inclusion));
    fuzz_seed("consistency", bytes_of(consistency, sizeof consistency));
    fuzz_seed("strange", bytes_of(strange, sizeof strange));
}
