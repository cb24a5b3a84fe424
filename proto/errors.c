#include "proto/errors.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static const char *const texts[] = {
    [ERR_OK] = "done",
    [ERR_MEMORY] = "out of memory",
    [ERR_IO] = "reading or writing failed",
    [ERR_FULL] = "no space left",
    [ERR_CORRUPT] = "stored bytes are damaged",
    [ERR_NOT_FOUND] = "not found",
    [ERR_EXISTS] = "exists already",
    [ERR_TOO_LARGE] = "too large",
    [ERR_MALFORMED] = "malformed",
    [ERR_UNSUPPORTED] = "not supported by this version",
    [ERR_SIGNATURE] = "does not verify",
    [ERR_KEY] = "key file unusable",
    [ERR_CONFIG] = "configuration wrong",
    [ERR_RANGE] = "out of range",
    [ERR_BUSY] = "in use by another process",
    [ERR_TIMEOUT] = "timed out",
    [ERR_NETWORK] = "no connection",
    [ERR_REFUSED] = "refused",
    [ERR_LOST] = "position not in the history",
    [ERR_USAGE] = "wrong usage",
};

const char *err_text(enum err err)
{
    const size_t at = (size_t)err;
    return at < sizeof texts / sizeof texts[0] && texts[at] != NULL ? texts[at] : "unknown error";
}

enum err complain(struct complaint *complaint, enum err err, const char *format, ...)
{
    if (complaint != NULL) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(complaint->text, sizeof complaint->text, format, arguments);
        va_end(arguments);
    }
    return err;
}

int err_exit_code(enum err err)
{
    static const struct {
        enum err err;
        int code;
    } rows[] = {
        {ERR_OK, 0},  {ERR_USAGE, 2},   {ERR_CONFIG, 2},
        {ERR_KEY, 2}, {ERR_NETWORK, 3}, {ERR_TIMEOUT, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].err == err) {
            return rows[i].code;
        }
    }
    return 1;
}
