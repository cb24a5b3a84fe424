/* A file that somebody hands to a command: read whole, within a bound. */
#ifndef IHURIRO_CONF_SMALL_FILE_H
#define IHURIRO_CONF_SMALL_FILE_H

#include "proto/bytes.h"

/* Appends. A regular file of 1 to max bytes; ERR_IO with the sentence otherwise. */
MUST_USE enum err small_file_read(const char *path, size_t max, struct complaint *complaint,
                                  struct buffer *bytes);

#endif
