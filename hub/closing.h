/* What closing a month asks and freezes: the checklist, from a sector, and the ids of the reports
 * that are current, from the store. */
#ifndef IHURIRO_HUB_CLOSING_H
#define IHURIRO_HUB_CLOSING_H

#include "proto/sector.h"
#include "storage/journal.h"

enum lack_kind {
    LACK_REPORT,     /* nothing came, and nothing excuses it */
    LACK_REPAIR,     /* rejected attempts only */
    LACK_FINAL,      /* FINAL is owed, and PROVISIONAL is there */
    LACK_APPROVAL,   /* FINAL is owed, and it is not approved */
    LACK_CORRECTION, /* a correction was rejected, and not repaired */
    LACK_AGREEMENT,  /* two reports of the current vintage were accepted, and differ */
    LACK_RETURN,     /* of the institution: it is not back since history was replaced */
};

const char *lack_text(enum lack_kind kind); /* "no report came" */
const char *lack_word(enum lack_kind kind); /* "REPORT": for JSON */

/* Lives as long as the sector. */
struct lack {
    enum lack_kind kind;
    const struct party *party;
    struct duty duty; /* zero of LACK_RETURN */
};

struct checklist {
    struct lack *lacks; /* in order of institution, type, frequency, end */
    size_t count;
    size_t capacity;
    size_t institutions; /* that owe something */
    size_t owed;         /* reports */
    size_t received;
    size_t excused;
};

void checklist_close(struct checklist *checklist); /* AUTO */
/* All received or excused, no error left open, approvals there (D57). */
MUST_USE enum err checklist_make(const struct sector *sector, const struct period *month,
                                 struct checklist *ret_checklist);

/* The current reports of all periods that end in the month, owed or not, as known at a position. */
struct frozen {
    uint64_t count;
    uint8_t ids_hash[SHA256_BYTES]; /* of their ids in order of type, frequency, end, institution */
};
MUST_USE enum err frozen_find(struct txn *txn, const struct period *month, uint64_t until,
                              int64_t known_at_us, struct frozen *ret_frozen);

#endif
