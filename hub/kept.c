#include "hub/kept.h"

#include "proto/copy.h"
#include "proto/limits.h"

#define BLOCK 2048 /* of an arena: most reports are small */

struct kept_row {
    uint64_t seq; /* 0: none */
    const PbReport *report;
    struct arena arena;
};

/* The row of a number is the number modulo so many: whoever comes takes the place of the one that
 * is so many records older, without any list of who came when. */
struct kept {
    size_t bytes;
    struct kept_row rows[KEPT_REPORTS_MAX];
};

enum err kept_make(struct kept **ret_kept)
{
    struct kept *kept = calloc(1, sizeof *kept);
    if (kept == NULL) {
        return ERR_MEMORY;
    }
    *ret_kept = kept;
    return ERR_OK;
}

static void drop(struct kept *kept, struct kept_row *row)
{
    kept->bytes -= arena_held(&row->arena);
    arena_close(&row->arena);
    *row = (struct kept_row){0};
}

void kept_forget(struct kept *kept)
{
    for (size_t i = 0; i < KEPT_REPORTS_MAX; i++) {
        drop(kept, &kept->rows[i]);
    }
}

void kept_close(struct kept **kept)
{
    if (*kept != NULL) {
        kept_forget(*kept);
        free(*kept);
        *kept = NULL;
    }
}

/* The rows behind the newest are the oldest. */
static void make_room(struct kept *kept, size_t newest)
{
    for (size_t i = 1; i <= KEPT_REPORTS_MAX && kept->bytes > KEPT_BYTES_MAX; i++) {
        drop(kept, &kept->rows[(newest + i) % KEPT_REPORTS_MAX]);
    }
}

void kept_put(struct kept *kept, uint64_t seq, const PbReport *report)
{
    const size_t at = seq % KEPT_REPORTS_MAX;
    struct kept_row *row = &kept->rows[at];
    ProtobufCMessage *copy = NULL;
    kept->bytes -= arena_held(&row->arena);
    arena_reset(&row->arena);
    row->arena.block = BLOCK;
    enum err err = message_copy(&report->base, &row->arena, &copy);
    row->seq = err == ERR_OK ? seq : 0;
    row->report = (const PbReport *)copy;
    kept->bytes += arena_held(&row->arena);
    make_room(kept, at);
}

const PbReport *kept_get(const struct kept *kept, uint64_t seq)
{
    const struct kept_row *row = &kept->rows[seq % KEPT_REPORTS_MAX];
    return seq != 0 && row->seq == seq ? row->report : NULL;
}

size_t kept_bytes(const struct kept *kept)
{
    return kept->bytes;
}
