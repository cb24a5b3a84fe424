/* What mfi-feed puts out: one line a record, and a line where the history was rewound or rights
 * changed. */
#ifndef IHURIRO_FEED_LINE_H
#define IHURIRO_FEED_LINE_H

#include "agents/client/follow.h"

enum line_format {
    LINE_JSON,
    LINE_TEXT,
};

MUST_USE enum err line_of_record(enum line_format format, const struct follow_record *record,
                                 struct buffer *lines);
MUST_USE enum err line_of_notice(enum line_format format, const Ihuriro__V1__Notice *notice,
                                 struct buffer *lines);
/* Whoever consumes the lines forgets what came after record number `to`; of notices (time_us not 0)
 * what is of a record behind it or of a later time. */
MUST_USE enum err line_of_rewind(enum line_format format, uint64_t to, int64_t time_us,
                                 struct buffer *lines);
/* The lines before were put out under other rights than those that follow. */
MUST_USE enum err line_of_rights(enum line_format format, struct buffer *lines);

#endif
