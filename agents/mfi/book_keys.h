/* References as keyed hashes: they tell loans and people apart while a folder is read, and nothing
 * else of a reference is kept. The key is random and dies with the reading.
 *
 * Loans: SipHash-2-4 with 128 bits, 16 bytes a loan in a table that is at most 7/8 full. Two of n
 * different references have equal hashes with odds of n^2 / 2^129: 1.5e-27 for a million loans, so
 * a loan is never refused falsely. People: the first 64 bits; odds n^2 / 2^65, 2.7e-8 for a million
 * borrowers, and then two count as one. A person takes 40 bytes and 8 of index, at most half as
 * much again while the tables grow, and some 21 for each further code (a second branch, say). */
#ifndef IHURIRO_AGENTS_MFI_BOOK_KEYS_H
#define IHURIRO_AGENTS_MFI_BOOK_KEYS_H

#include "proto/bytes.h"

#define BOOK_SECRET_BYTES 16
#define BOOK_PARTY_DIMS   8
#define BOOK_TOP          20

struct book_hash {
    uint64_t high;
    uint64_t low;
};

struct book_hash book_hash_of(const uint8_t secret[static BOOK_SECRET_BYTES], const char *text,
                              size_t size);

struct book_refs;
/* Room for so many without growing. */
MUST_USE enum err book_refs_open(uint64_t expected, struct book_refs **ret_refs);
void book_refs_close(struct book_refs **refs);
/* Brings the hash's place near, for book_refs_add some work later. */
void book_refs_prefetch(const struct book_refs *refs, struct book_hash hash);
/* ERR_EXISTS when it is there already. */
MUST_USE enum err book_refs_add(struct book_refs *refs, struct book_hash hash);

/* A borrower or depositor. codes: what the first of its rows had, by dimension. */
struct book_party {
    uint64_t key;
    int64_t amount;
    uint32_t members; /* 0: not met yet */
    uint8_t codes[BOOK_PARTY_DIMS];
};

struct book_parties;
MUST_USE enum err book_parties_open(uint64_t expected, struct book_parties **ret_parties);
void book_parties_close(struct book_parties **parties);
/* Brings the person's place near in two steps: the index, and some work later the person. */
void book_parties_prefetch_index(const struct book_parties *parties, struct book_hash hash);
void book_parties_prefetch(const struct book_parties *parties, struct book_hash hash);
/* Finds it or makes it, with members 0. ret_party is good until the next call. */
MUST_USE enum err book_parties_at(struct book_parties *parties, struct book_hash hash,
                                  uint32_t *ret_index, struct book_party **ret_party);
/* Notes a further code of a dimension, once. */
MUST_USE enum err book_parties_add_code(struct book_parties *parties, uint32_t index,
                                        unsigned dimension, uint8_t code);

/* Each person once, and each further code with its person. */
typedef void (*book_party_visit)(void *context, const struct book_party *party);
typedef void (*book_code_visit)(void *context, const struct book_party *party, unsigned dimension,
                                uint8_t code);
void book_parties_walk(const struct book_parties *parties, book_party_visit visit,
                       book_code_visit visit_code, void *context);
size_t book_parties_count(const struct book_parties *parties);

/* The largest amounts, largest first, as they are met. */
struct book_top {
    int64_t amounts[BOOK_TOP];
};

void book_top_add(struct book_top *top, int64_t amount);
int64_t book_top_sum(const struct book_top *top);

#endif
