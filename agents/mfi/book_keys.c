#include "agents/mfi/book_keys.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

struct book_hash book_hash_of(const uint8_t secret[static BOOK_SECRET_BYTES], const char *text,
                              size_t size)
{
    static_assert(crypto_shorthash_siphashx24_BYTES == 16, "128 bits");
    static_assert(crypto_shorthash_siphashx24_KEYBYTES == BOOK_SECRET_BYTES, "one key");
    struct book_hash hash = {0};
    uint8_t out[16];
    (void)crypto_shorthash_siphashx24(out, (const uint8_t *)text, size, secret);
    memcpy(&hash.high, out, 8);
    memcpy(&hash.low, out + 8, 8);
    if (hash.high == 0 && hash.low == 0) {
        hash.low = 1; /* zero marks an empty slot */
    }
    return hash;
}

/* Where a hash belongs in a table of any size. */
static size_t slot_of(uint64_t hash, size_t slots)
{
    return (size_t)(((wide)hash * slots) >> 64);
}

/* ---- references ---- */

struct book_refs {
    struct book_hash *slots;
    size_t size;
    size_t count;
};

static size_t slots_for(uint64_t expected)
{
    return (size_t)(expected + expected / 7 + 64);
}

enum err book_refs_open(uint64_t expected, struct book_refs **ret_refs)
{
    AUTO(book_refs_close) struct book_refs *refs = calloc(1, sizeof *refs);
    if (refs == NULL) {
        return ERR_MEMORY;
    }
    refs->size = slots_for(expected);
    refs->slots = calloc(refs->size, sizeof *refs->slots);
    if (refs->slots == NULL) {
        return ERR_MEMORY;
    }
    *ret_refs = STEAL(refs);
    return ERR_OK;
}

void book_refs_close(struct book_refs **refs)
{
    if (*refs != NULL) {
        free((*refs)->slots);
    }
    free(*refs);
    *refs = NULL;
}

/* The slot of the hash, or the empty one where it belongs. */
static struct book_hash *refs_slot(const struct book_refs *refs, struct book_hash hash)
{
    size_t at = slot_of(hash.high, refs->size);
    for (;;) {
        struct book_hash *slot = &refs->slots[at];
        bool is_free = slot->high == 0 && slot->low == 0;
        if (is_free || (slot->high == hash.high && slot->low == hash.low)) {
            return slot;
        }
        at = at + 1 == refs->size ? 0 : at + 1;
    }
}

static enum err refs_grow(struct book_refs *refs)
{
    struct book_refs larger = {NULL, refs->size + refs->size / 2, refs->count};
    larger.slots = calloc(larger.size, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < refs->size; i++) {
        if (refs->slots[i].high != 0 || refs->slots[i].low != 0) {
            *refs_slot(&larger, refs->slots[i]) = refs->slots[i];
        }
    }
    free(refs->slots);
    *refs = larger;
    return ERR_OK;
}

void book_refs_prefetch(const struct book_refs *refs, struct book_hash hash)
{
    __builtin_prefetch(&refs->slots[slot_of(hash.high, refs->size)], 1);
}

enum err book_refs_add(struct book_refs *refs, struct book_hash hash)
{
    if (refs->count >= refs->size - refs->size / 8 - 1 && refs_grow(refs) != ERR_OK) {
        return ERR_MEMORY;
    }
    struct book_hash *slot = refs_slot(refs, hash);
    if (slot->high != 0 || slot->low != 0) {
        return ERR_EXISTS;
    }
    *slot = hash;
    refs->count++;
    return ERR_OK;
}

/* ---- parties ---- */

static_assert(sizeof(struct book_party) == 32, "as the header says");

struct book_parties {
    struct book_party *items;
    uint32_t count;
    uint32_t capacity;
    uint32_t *index; /* item + 1; 0: empty */
    size_t index_size;
    uint64_t *codes; /* a set of item + 1, dimension and code in one number; 0: empty */
    size_t codes_size;
    size_t codes_count;
};

enum err book_parties_open(uint64_t expected, struct book_parties **ret_parties)
{
    AUTO(book_parties_close) struct book_parties *parties = calloc(1, sizeof *parties);
    if (parties == NULL || expected > UINT32_MAX / 4) {
        return ERR_MEMORY;
    }
    parties->capacity = (uint32_t)expected + 64;
    parties->index_size = 2 * ((size_t)expected + 64);
    parties->codes_size = 64;
    parties->items = malloc(parties->capacity * sizeof *parties->items);
    parties->index = calloc(parties->index_size, sizeof *parties->index);
    parties->codes = calloc(parties->codes_size, sizeof *parties->codes);
    if (parties->items == NULL || parties->index == NULL || parties->codes == NULL) {
        return ERR_MEMORY;
    }
    *ret_parties = STEAL(parties);
    return ERR_OK;
}

void book_parties_close(struct book_parties **parties)
{
    if (*parties != NULL) {
        free((*parties)->items);
        free((*parties)->index);
        free((*parties)->codes);
    }
    free(*parties);
    *parties = NULL;
}

static uint32_t *index_slot(const struct book_parties *parties, uint64_t key)
{
    size_t at = slot_of(key, parties->index_size);
    while (parties->index[at] != 0 && parties->items[parties->index[at] - 1].key != key) {
        at = at + 1 == parties->index_size ? 0 : at + 1;
    }
    return &parties->index[at];
}

static enum err parties_grow(struct book_parties *parties)
{
    if (parties->capacity > UINT32_MAX / 4) {
        return ERR_MEMORY;
    }
    uint32_t capacity = parties->capacity + parties->capacity / 2;
    struct book_party *items = realloc(parties->items, capacity * sizeof *items);
    if (items == NULL) {
        return ERR_MEMORY;
    }
    parties->items = items;
    parties->capacity = capacity;
    uint32_t *index = calloc(2 * (size_t)capacity, sizeof *index);
    if (index == NULL) {
        return ERR_MEMORY;
    }
    free(parties->index);
    parties->index = index;
    parties->index_size = 2 * (size_t)capacity;
    for (uint32_t i = 0; i < parties->count; i++) {
        *index_slot(parties, parties->items[i].key) = i + 1;
    }
    return ERR_OK;
}

void book_parties_prefetch_index(const struct book_parties *parties, struct book_hash hash)
{
    __builtin_prefetch(&parties->index[slot_of(hash.high, parties->index_size)]);
}

void book_parties_prefetch(const struct book_parties *parties, struct book_hash hash)
{
    uint32_t item = parties->index[slot_of(hash.high, parties->index_size)];
    if (item != 0) {
        __builtin_prefetch(&parties->items[item - 1], 1);
    }
}

enum err book_parties_at(struct book_parties *parties, struct book_hash hash, uint32_t *ret_index,
                         struct book_party **ret_party)
{
    if (parties->count == parties->capacity && parties_grow(parties) != ERR_OK) {
        return ERR_MEMORY;
    }
    uint32_t *slot = index_slot(parties, hash.high);
    if (*slot == 0) {
        parties->items[parties->count] = (struct book_party){.key = hash.high};
        *slot = ++parties->count;
    }
    *ret_index = *slot - 1;
    *ret_party = &parties->items[*slot - 1];
    return ERR_OK;
}

static uint64_t *code_slot(uint64_t *codes, size_t size, uint64_t entry)
{
    size_t at = slot_of(entry * UINT64_C(0x9E3779B97F4A7C15), size);
    while (codes[at] != 0 && codes[at] != entry) {
        at = at + 1 == size ? 0 : at + 1;
    }
    return &codes[at];
}

static enum err codes_grow(struct book_parties *parties)
{
    size_t size = parties->codes_size * 2;
    uint64_t *codes = calloc(size, sizeof *codes);
    if (codes == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < parties->codes_size; i++) {
        if (parties->codes[i] != 0) {
            *code_slot(codes, size, parties->codes[i]) = parties->codes[i];
        }
    }
    free(parties->codes);
    parties->codes = codes;
    parties->codes_size = size;
    return ERR_OK;
}

enum err book_parties_add_code(struct book_parties *parties, uint32_t index, unsigned dimension,
                               uint8_t code)
{
    uint64_t entry = (((uint64_t)index + 1) << 16) | ((uint64_t)dimension << 8) | code;
    if (parties->codes_count * 4 >= parties->codes_size * 3 && codes_grow(parties) != ERR_OK) {
        return ERR_MEMORY;
    }
    uint64_t *slot = code_slot(parties->codes, parties->codes_size, entry);
    if (*slot == 0) {
        *slot = entry;
        parties->codes_count++;
    }
    return ERR_OK;
}

void book_parties_walk(const struct book_parties *parties, book_party_visit visit,
                       book_code_visit visit_code, void *context)
{
    for (uint32_t i = 0; i < parties->count; i++) {
        visit(context, &parties->items[i]);
    }
    for (size_t i = 0; i < parties->codes_size; i++) {
        uint64_t entry = parties->codes[i];
        if (entry != 0) {
            visit_code(context, &parties->items[(entry >> 16) - 1], (unsigned)(entry >> 8) & 0xFF,
                       (uint8_t)(entry & 0xFF));
        }
    }
}

size_t book_parties_count(const struct book_parties *parties)
{
    return parties->count;
}

/* ---- the largest ---- */

void book_top_add(struct book_top *top, int64_t amount)
{
    if (amount <= top->amounts[BOOK_TOP - 1]) {
        return;
    }
    size_t at = BOOK_TOP - 1;
    while (at > 0 && top->amounts[at - 1] < amount) {
        top->amounts[at] = top->amounts[at - 1];
        at--;
    }
    top->amounts[at] = amount;
}

/* No overflow: the caller's total holds them all. */
int64_t book_top_sum(const struct book_top *top)
{
    int64_t sum = 0;
    for (size_t i = 0; i < BOOK_TOP; i++) {
        sum += top->amounts[i];
    }
    return sum;
}
