/* Files that hold one line with a secret: mode 0400, of the caller or root, never a link. */
#ifndef IHURIRO_PROTO_KEY_FILE_H
#define IHURIRO_PROTO_KEY_FILE_H

#include "proto/errors.h"

#include <stddef.h>

#define KEY_LINE_MAX 160

/* The line without its newline, NUL-terminated. The caller wipes it (sodium_memzero). ERR_KEY. */
MUST_USE enum err key_file_read(const char *path, struct complaint *complaint,
                                char ret_line[static KEY_LINE_MAX]);
/* Creates the file with the line and a newline; on disk, with its folder's entry, when it returns.
 * ERR_EXISTS, ERR_FULL or ERR_IO, and then no file is left. */
MUST_USE enum err key_file_write(const char *path, const char *line, struct complaint *complaint);

#endif
