/* SIGTERM and SIGINT as a file descriptor that becomes readable; SIGPIPE ignored. */
#ifndef IHURIRO_CONF_SIGNALS_H
#define IHURIRO_CONF_SIGNALS_H

#include <stdbool.h>

#include "proto/errors.h"

/* Blocks the signals in this thread (call before any other thread starts) and returns a signalfd.
 */
MUST_USE enum err signals_open(int *ret_fd);
bool signals_came(int fd); /* does not block */

#endif
