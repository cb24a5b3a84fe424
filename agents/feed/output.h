/* Where lines go, and the cursor that goes with them.
 *
 * With a file, lines and cursor are one durable step: the lines are appended and fsynced, then the
 * cursor says how long the file is; opening cuts the file to what the cursor says. On a pipe, lines
 * are written, then the cursor; a kill between may repeat the last lines. */
#ifndef IHURIRO_FEED_OUTPUT_H
#define IHURIRO_FEED_OUTPUT_H

#include "agents/client/cursor.h"

struct output;

struct output_options {
    const char *file;      /* NULL: stdout */
    const char *cursor;    /* NULL: none is kept */
    const uint8_t *filter; /* hash of the filter in use */
    bool has_beginning; /* --from or --new was given: a cursor that is there already is refused */
};

/* ret_cursor: what was read, or cursor_begin where there is none; ret_is_new says which.
 * A cursor of another filter, an output shorter than its cursor says, one without a cursor, a
 * cursor with an output that is not given, and a cursor that another process keeps (ERR_BUSY; it is
 * locked by a file `.lock` beside it), are refused with what to do. */
MUST_USE enum err output_open(const struct output_options *options, struct complaint *complaint,
                              struct output **ret_output, struct cursor_state *ret_cursor,
                              bool *ret_is_new);
void output_close(struct output **output);
/* Puts the lines out, then the cursor. cursor->output_bytes is set here. After ERR_OK both are
 * durable (with a file). */
MUST_USE enum err output_put(struct output *output, struct bytes lines, struct cursor_state *cursor,
                             struct complaint *complaint);

#endif
