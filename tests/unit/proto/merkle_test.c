#include "tests/support/samples.h"

#define SIZE_MOST 130

/* The eight leaves of certificate transparency's reference tests, and the roots over the first 1
 * to 8 of them. */
static const char *const known_leaves[8] = {
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
};

static const char *const known_roots[8] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void known_leaf(size_t number, struct hash *ret_leaf)
{
    uint8_t data[16];
    const size_t size = strlen(known_leaves[number]) / 2;
    assert_int_equal(hex_decode(known_leaves[number], data, size), ERR_OK);
    merkle_leaf(bytes_of(data, size), ret_leaf);
}

static void assert_hash(const struct hash *hash, const char *hex)
{
    char text[2 * SHA256_BYTES + 1];
    hex_encode(bytes_of(hash->bytes, SHA256_BYTES), text);
    assert_string_equal(text, hex);
}

static void roots_are_those_of_the_reference_vectors(void **state)
{
    (void)state;
    struct sample_tree tree = {.count = 0};
    struct hash hash;
    merkle_empty(&hash);
    assert_hash(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(merkle_root(0, sample_tree_read, &tree, &hash), ERR_OK);
    assert_hash(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < 8; i++) {
        known_leaf(i, &hash);
        sample_tree_add(&tree, &hash);
        assert_int_equal(merkle_root(i + 1, sample_tree_read, &tree, &hash), ERR_OK);
        assert_hash(&hash, known_roots[i]);
    }
}

static void assert_proof(const struct proof *proof, const char *const *hex, size_t count)
{
    assert_int_equal(proof->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_hash(&proof->hashes[i], hex[i]);
    }
}

static void proofs_are_those_of_the_reference_vectors(void **state)
{
    (void)state;
    static const char *const inclusion_of_first[] = {
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    };
    static const char *const consistency_of_six[] = {
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    };
    struct sample_tree tree = {.count = 0};
    struct proof proof;
    for (size_t i = 0; i < 8; i++) {
        struct hash leaf;
        known_leaf(i, &leaf);
        sample_tree_add(&tree, &leaf);
    }
    assert_int_equal(merkle_prove_inclusion(0, 8, sample_tree_read, &tree, &proof), ERR_OK);
    assert_proof(&proof, inclusion_of_first, 3);
    assert_int_equal(merkle_prove_consistency(6, 8, sample_tree_read, &tree, &proof), ERR_OK);
    assert_proof(&proof, consistency_of_six, 3);
}

/* ---- against the definition, all sizes ---- */

static struct hash leaves[SIZE_MOST];
static struct sample_tree grown;

/* RFC 6962 2.1, word for word. */
static void naive_root(const struct hash *from, size_t count, struct hash *ret_root)
{
    if (count == 1) {
        *ret_root = from[0];
        return;
    }
    size_t power = 1;
    while (2 * power < count) {
        power *= 2;
    }
    struct hash left;
    struct hash right;
    naive_root(from, power, &left);
    naive_root(from + power, count - power, &right);
    merkle_node(&left, &right, ret_root);
}

/* RFC 6962 2.1.1. */
static void naive_path(size_t leaf, const struct hash *from, size_t count, struct proof *proof)
{
    if (count == 1) {
        return;
    }
    size_t power = 1;
    while (2 * power < count) {
        power *= 2;
    }
    if (leaf < power) {
        naive_path(leaf, from, power, proof);
        naive_root(from + power, count - power, &proof->hashes[proof->count++]);
    } else {
        naive_path(leaf - power, from + power, count - power, proof);
        naive_root(from, power, &proof->hashes[proof->count++]);
    }
}

/* RFC 6962 2.1.2. */
static void naive_subproof(size_t old_size, const struct hash *from, size_t count, bool is_whole,
                           struct proof *proof)
{
    if (old_size == count) {
        if (!is_whole) {
            naive_root(from, count, &proof->hashes[proof->count++]);
        }
        return;
    }
    size_t power = 1;
    while (2 * power < count) {
        power *= 2;
    }
    if (old_size <= power) {
        naive_subproof(old_size, from, power, is_whole, proof);
        naive_root(from + power, count - power, &proof->hashes[proof->count++]);
    } else {
        naive_subproof(old_size - power, from + power, count - power, false, proof);
        naive_root(from, power, &proof->hashes[proof->count++]);
    }
}

static int grow_tree(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZE_MOST; i++) {
        merkle_leaf(bytes_of(&i, sizeof i), &leaves[i]);
        sample_tree_add(&grown, &leaves[i]);
    }
    return 0;
}

static void assert_same_proof(const struct proof *a, const struct proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hashes, b->hashes, a->count * sizeof a->hashes[0]);
}

static void every_size_has_the_root_of_the_definition(void **state)
{
    (void)state;
    for (size_t size = 1; size <= SIZE_MOST; size++) {
        struct hash naive;
        struct hash root;
        naive_root(leaves, size, &naive);
        assert_int_equal(merkle_root(size, sample_tree_read, &grown, &root), ERR_OK);
        assert_memory_equal(root.bytes, naive.bytes, SHA256_BYTES);
    }
}

/* Every hash changed, one left out, one more: none of it may verify. */
static void assert_inclusion_is_tight(const struct hash *leaf, uint64_t index, uint64_t size,
                                      const struct proof *proof, const struct hash *root)
{
    for (size_t i = 0; i < proof->count; i++) {
        struct proof changed = *proof;
        changed.hashes[i].bytes[i % SHA256_BYTES] ^= 0x40;
        assert_int_equal(merkle_verify_inclusion(leaf, index, size, &changed, root), ERR_SIGNATURE);
    }
    struct proof longer = *proof;
    longer.hashes[longer.count++] = *root;
    assert_int_equal(merkle_verify_inclusion(leaf, index, size, &longer, root), ERR_SIGNATURE);
    if (proof->count > 0) {
        struct proof shorter = *proof;
        shorter.count--;
        assert_int_equal(merkle_verify_inclusion(leaf, index, size, &shorter, root), ERR_SIGNATURE);
    }
    assert_int_equal(merkle_verify_inclusion(leaf, size, size, proof, root), ERR_SIGNATURE);
    assert_int_equal(merkle_verify_inclusion(root, index, size, proof, leaf),
                     size == 1 ? ERR_OK : ERR_SIGNATURE);
}

static void every_leaf_of_every_size_is_proven_and_nothing_else_is(void **state)
{
    (void)state;
    for (size_t size = 1; size <= SIZE_MOST; size++) {
        struct hash root;
        naive_root(leaves, size, &root);
        for (size_t index = 0; index < size; index++) {
            struct proof naive = {.count = 0};
            struct proof proof;
            naive_path(index, leaves, size, &naive);
            assert_int_equal(merkle_prove_inclusion(index, size, sample_tree_read, &grown, &proof),
                             ERR_OK);
            assert_same_proof(&proof, &naive);
            assert_int_equal(merkle_verify_inclusion(&leaves[index], index, size, &proof, &root),
                             ERR_OK);
            if (size > 1) {
                assert_int_equal(
                    merkle_verify_inclusion(&leaves[index], index ^ 1, size, &proof, &root),
                    ERR_SIGNATURE);
            }
            assert_inclusion_is_tight(&leaves[index], index, size, &proof, &root);
        }
    }
}

static void assert_consistency_is_tight(uint64_t old_size, const struct hash *old_root,
                                        uint64_t size, const struct hash *root,
                                        const struct proof *proof)
{
    for (size_t i = 0; i < proof->count; i++) {
        struct proof changed = *proof;
        changed.hashes[i].bytes[(7 * i) % SHA256_BYTES] ^= 0x01;
        assert_int_equal(merkle_verify_consistency(old_size, old_root, size, root, &changed),
                         ERR_SIGNATURE);
    }
    struct proof longer = *proof;
    longer.hashes[longer.count++] = *root;
    assert_int_equal(merkle_verify_consistency(old_size, old_root, size, root, &longer),
                     ERR_SIGNATURE);
    if (proof->count > 0) {
        struct proof shorter = *proof;
        shorter.count--;
        assert_int_equal(merkle_verify_consistency(old_size, old_root, size, root, &shorter),
                         ERR_SIGNATURE);
        assert_int_equal(merkle_verify_consistency(old_size, root, size, root, proof),
                         ERR_SIGNATURE);
        assert_int_equal(merkle_verify_consistency(old_size, old_root, size, old_root, proof),
                         ERR_SIGNATURE);
    }
    assert_int_equal(merkle_verify_consistency(size + 1, old_root, size, root, proof),
                     ERR_SIGNATURE);
}

static void every_size_is_proven_to_grow_from_every_smaller_one(void **state)
{
    (void)state;
    for (size_t size = 1; size <= SIZE_MOST; size++) {
        struct hash root;
        naive_root(leaves, size, &root);
        for (size_t old_size = 1; old_size <= size; old_size++) {
            struct hash old_root;
            struct proof naive = {.count = 0};
            struct proof proof;
            naive_root(leaves, old_size, &old_root);
            naive_subproof(old_size, leaves, size, true, &naive);
            assert_int_equal(
                merkle_prove_consistency(old_size, size, sample_tree_read, &grown, &proof), ERR_OK);
            assert_same_proof(&proof, &naive);
            assert_int_equal(merkle_verify_consistency(old_size, &old_root, size, &root, &proof),
                             ERR_OK);
            assert_consistency_is_tight(old_size, &old_root, size, &root, &proof);
        }
    }
}

static void the_empty_tree_is_consistent_with_all_and_needs_no_proof(void **state)
{
    (void)state;
    struct proof proof = {.count = 0};
    struct hash empty;
    merkle_empty(&empty);
    assert_int_equal(merkle_verify_consistency(0, &empty, 9, &leaves[3], &proof), ERR_OK);
    proof.count = 1;
    assert_int_equal(merkle_verify_consistency(0, &empty, 9, &leaves[3], &proof), ERR_SIGNATURE);
}

static void what_cannot_be_proven_is_an_error(void **state)
{
    (void)state;
    struct proof proof;
    assert_int_equal(merkle_prove_inclusion(8, 8, sample_tree_read, &grown, &proof), ERR_RANGE);
    assert_int_equal(merkle_prove_consistency(0, 8, sample_tree_read, &grown, &proof), ERR_RANGE);
    assert_int_equal(merkle_prove_consistency(9, 8, sample_tree_read, &grown, &proof), ERR_RANGE);
    assert_int_equal(merkle_prove_inclusion(0, 1000, sample_tree_read, &grown, &proof),
                     ERR_NOT_FOUND);
}

static void stored_indexes_are_dense_and_in_post_order(void **state)
{
    (void)state;
    uint64_t next = 0;
    for (uint64_t leaf = 0; leaf < 5000; leaf++) {
        assert_int_equal(merkle_stored_count(leaf), next);
        assert_int_equal(merkle_stored_index(0, leaf), next++);
        unsigned level = 0;
        for (uint64_t at = leaf; (at & 1) != 0; at >>= 1) {
            level++;
            assert_int_equal(merkle_stored_index(level, at >> 1), next++);
        }
    }
}

static void a_proof_survives_its_bytes_and_refuses_odd_ones(void **state)
{
    (void)state;
    uint8_t bytes[(PROOF_HASHES_MAX + 1) * SHA256_BYTES] = {0};
    struct proof proof;
    struct proof again;
    assert_int_equal(merkle_prove_inclusion(5, 100, sample_tree_read, &grown, &proof), ERR_OK);
    assert_int_equal(proof_parse(proof_bytes(&proof), &again), ERR_OK);
    assert_same_proof(&proof, &again);
    assert_int_equal(proof_parse(bytes_of(NULL, 0), &again), ERR_OK);
    assert_int_equal(again.count, 0);
    assert_int_equal(proof_parse(bytes_of(bytes, 31), &again), ERR_MALFORMED);
    assert_int_equal(proof_parse(bytes_of(bytes, 33), &again), ERR_MALFORMED);
    assert_int_equal(proof_parse(bytes_of(bytes, PROOF_HASHES_MAX * SHA256_BYTES), &again), ERR_OK);
    assert_int_equal(proof_parse(bytes_of(bytes, sizeof bytes), &again), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_the_reference_vectors),
        cmocka_unit_test(proofs_are_those_of_the_reference_vectors),
        cmocka_unit_test(every_size_has_the_root_of_the_definition),
        cmocka_unit_test(every_leaf_of_every_size_is_proven_and_nothing_else_is),
        cmocka_unit_test(every_size_is_proven_to_grow_from_every_smaller_one),
        cmocka_unit_test(the_empty_tree_is_consistent_with_all_and_needs_no_proof),
        cmocka_unit_test(what_cannot_be_proven_is_an_error),
        cmocka_unit_test(stored_indexes_are_dense_and_in_post_order),
        cmocka_unit_test(a_proof_survives_its_bytes_and_refuses_odd_ones),
    };
    return cmocka_run_group_tests(tests, grow_tree, NULL);
}
