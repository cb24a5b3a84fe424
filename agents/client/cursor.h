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
    int64_t time_us; /* of notices: with the position, how far it has come; else 0 */
    char after[INSTITUTION_ID_MAX + 1]; /* and within an instant */
    bool is_bare;    /* a number that a user typed (--from N): the root is the hub's to say */
    bool has_output; /* with --out */
    uint64_t output_bytes;
    bool has_rights;
    uint8_t rights[SHA256_BYTES];
    uint8_t filter[SHA256_BYTES];               /* hash of the filter that it goes with */
    struct position older[OLDER_POSITIONS_MAX]; /* newest first */
    int64_t older_time_us[OLDER_POSITIONS_MAX]; /* of notices */
    size_t older_count;
};

/* Moves on: the position left behind becomes the newest older one. Of more than 32, the one whose
 * absence leaves the smallest hole goes, so that distances double about. */
void cursor_advance(struct cursor_state *cursor, const struct position *to);
/* The same of notices, with the time that goes with the position. */
void cursor_advance_to(struct cursor_state *cursor, const struct position *to, int64_t time_us,
                       const char *after);
/* Falls back to a position that stands (with its time), and drops the older ones that came after
 * it. */
void cursor_rewind(struct cursor_state *cursor, const struct position *to);
/* The time that goes with an older position; 0: none is known. */
int64_t cursor_time_of(const struct cursor_state *cursor, const struct position *position);
/* Is it one of the older positions, or size 0? */
bool cursor_names(const struct cursor_state *cursor, const struct position *position);

/* ERR_NOT_FOUND where there is none; ERR_MALFORMED with what to do. */
MUST_USE enum err cursor_read(const char *path, struct complaint *complaint,
                              struct cursor_state *ret_cursor);
MUST_USE enum err cursor_write(const char *path, const struct cursor_state *cursor,
                               struct complaint *complaint);

#endif
