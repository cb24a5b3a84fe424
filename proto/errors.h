/* The one error type. Foreign codes (errno, LMDB, libzmq) are mapped to it once, at the call. */
#ifndef IHURIRO_PROTO_ERRORS_H
#define IHURIRO_PROTO_ERRORS_H

#include "proto/own.h"

enum err {
    ERR_OK = 0,
    ERR_MEMORY,  /* an allocation failed, or a budget is spent */
    ERR_IO,      /* a read, write or sync failed: what was asked is not on disk */
    ERR_FULL,    /* no space on disk or in the map */
    ERR_CORRUPT, /* stored bytes are not what was written */
    ERR_NOT_FOUND,
    ERR_EXISTS,
    ERR_TOO_LARGE,   /* over a limit of proto/limits.h */
    ERR_MALFORMED,   /* foreign bytes that do not parse, or are not canonical */
    ERR_UNSUPPORTED, /* a version or feature that this program does not know */
    ERR_SIGNATURE,   /* a signature does not verify */
    ERR_KEY,         /* a key file is unusable: missing, readable by others, of a wrong shape */
    ERR_CONFIG,      /* a configuration is wrong */
    ERR_RANGE,       /* a number, date or amount does not fit */
    ERR_BUSY,        /* another process holds the lock */
    ERR_TIMEOUT,
    ERR_NETWORK, /* no peer, or it cannot be understood */
    ERR_REFUSED, /* a peer or rule said no, with its reason */
    ERR_LOST,    /* a position that is not in the history */
    ERR_USAGE,
};

/* A short English name for logs: "disk full". Never NULL. */
const char *err_text(enum err err);

/* What went wrong, as a sentence for a person, with what to do next. Filled by the function that
 * knows. */
struct complaint {
    char text[1024];
};

/* Writes the sentence (cut at the end of the buffer) and returns err, so that `return
 * complain(...)` reads well. complaint may be NULL. Untrusted bytes in the arguments must have gone
 * through text_escape. */
enum err complain(struct complaint *complaint, enum err err, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Exit codes of every program: 0 done, 1 refused or failed, 2 usage or configuration, 3 hub not
 * reached. */
int err_exit_code(enum err err);

#endif
