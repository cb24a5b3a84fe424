/* A reader's durable cursor: where it stands, older positions to fall back on, the rights that it
 * last read under, and, with --out, how long its output is at exactly this position.
 *
 * One file, JSON, replaced atomically and fsynced. Output is written and fsynced first, then the
 * cursor; whoever resumes cuts the output to what the cursor says. So output and cursor are one
 * durable step. */
#ifndef IHURIRO_CLIENT_CURSOR_H
#define IHURIRO_CLIENT_CURSOR_H

#include "proto/checkpoint.h"
#include "proto/limits.h"

struct cursor_state {
    struct position position;
    bool is_bare;    /* a number that a user typed (--from N): the root is the hub's to say */
    bool has_output; /* with --out */
    uint64_t output_bytes;
    bool has_rights;
    uint8_t rights[SHA256_BYTES];
    uint8_t filter[SHA256_BYTES];               /* hash of the filter that it goes with */
    struct position older[OLDER_POSITIONS_MAX]; /* newest first */
    size_t older_count;
};

/* Moves on: the position left behind becomes the newest older one. Of more than 32, the one whose
 * absence leaves the smallest hole goes, so that distances double about. */
void cursor_advance(struct cursor_state *cursor, const struct position *to);
/* Falls back to a position that stands, and drops the older ones that came after it. */
void cursor_rewind(struct cursor_state *cursor, const struct position *to);
/* Is it one of the older positions, or size 0? */
bool cursor_names(const struct cursor_state *cursor, const struct position *position);

/* ERR_NOT_FOUND where there is none; ERR_MALFORMED with what to do. */
MUST_USE enum err cursor_read(const char *path, struct complaint *complaint,
                              struct cursor_state *ret_cursor);
MUST_USE enum err cursor_write(const char *path, const struct cursor_state *cursor,
                               struct complaint *complaint);

#endif
