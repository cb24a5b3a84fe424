/* A second person's approval of figures (D35, D60): bound to their hash, and void as soon as one of
 * them changes. Kept in the store until the report is made with it. */
#ifndef IHURIRO_AGENTS_MFI_APPROVAL_H
#define IHURIRO_AGENTS_MFI_APPROVAL_H

#include "proto/messages.h"
#include "proto/period.h"
#include "storage/outbox.h"

#define APPROVAL_HASH_CHARS  64 /* hexadecimal */
#define APPROVAL_SHORT_CHARS 8  /* what a person compares, and a list holds */
#define APPROVAL_CODE_MAX    32

struct approval {
    char hash[APPROVAL_HASH_CHARS + 1]; /* or its first eight digits */
    char code[APPROVAL_CODE_MAX + 1];   /* of the one who approved */
    int64_t at_us;
};

/* A line of the list that somebody approves who approves for many. */
struct approval_row {
    char institution[32];
    int type;
    struct period period;
    struct approval approval; /* no time yet */
};

/* Is it text, and no longer than may be? */
bool approval_code_is_valid(const char *code);
/* "RW-MF-1, PORTFOLIO, 2020-06, 0a1b2c3d, CD2": at least eight digits of the hash, the code, and
 * nothing behind it. ERR_MALFORMED. */
MUST_USE enum err approval_row_parse(const char *line, struct approval_row *ret_row);

/* Over type, period, nil and body: all that is approved, and nothing else. */
MUST_USE enum err approval_hash(const PbReport *report,
                                char ret_hash[static APPROVAL_HASH_CHARS + 1]);
enum err approval_put(struct txn *txn, const char *institution, int type, const PbPeriod *period,
                      const struct approval *approval);
/* ERR_NOT_FOUND. */
MUST_USE enum err approval_get(struct txn *txn, const char *institution, int type,
                               const PbPeriod *period, struct approval *ret_approval);
/* Writes it into the report if it is of these figures; ret_is_void: there is one, of others. */
MUST_USE enum err approval_apply(struct txn *txn, struct arena *arena, PbReport *report,
                                 bool *ret_is_void);
/* The sign-off of an approval. */
MUST_USE enum err approval_sign(const struct approval *approval, struct arena *arena,
                                PbReport *report);

#endif
