/* key=value lines on stderr: `2026-11-25T08:00:00Z level=info event=started origin=hub.example`.
 * Never keys, tokens, names of people or amounts; untrusted bytes go through text_escape.
 * Thread-safe; each line is one write. */
#ifndef IHURIRO_CONF_LOG_H
#define IHURIRO_CONF_LOG_H

#include <stddef.h>

#include "proto/errors.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* For a value in double quotes: escaped as text_escape does, and without double quotes. Returns
 * out.
 */
const char *log_text(const char *text, char *out, size_t out_size);

void log_open(const char *program, enum log_level least);
/* event is a stable id: "ingest_commit_failed". The rest is key=value text. */
void log_event(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);
/* At most `burst` lines of this event a minute; says how many were suppressed. */
void log_event_limited(enum log_level level, const char *event, unsigned burst, const char *format,
                       ...) PRINTF_LIKE(4, 5);

#endif
