/* Configuration files: libconfig syntax, read against a table. <libconfig.h> is included only in
 * conf/config.c.
 *
 * Every key is in the table; an unknown or repeated key, a wrong type, a value out of range is
 * ERR_CONFIG with a complaint that names file, line, key, and what is allowed. @include is refused.
 * No secrets are read from configuration. */
#ifndef IHURIRO_CONF_CONFIG_H
#define IHURIRO_CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/errors.h"

enum config_kind {
    CONFIG_TEXT,    /* char *, owned by the target; release with config_release */
    CONFIG_PATH,    /* char *; a relative one is taken from the folder of the file */
    CONFIG_INTEGER, /* int64_t within [min, max] */
    CONFIG_BOOL,    /* bool */
    CONFIG_TEXTS,   /* struct config_texts */
    CONFIG_GROUPS,  /* struct config_groups: a list of groups, each read against .rows */
    CONFIG_LINE,    /* int64_t: not a key (let it be ""), but the line on which the group begins */
};

struct config_texts {
    char **items;
    size_t count;
};

/* size bytes a group, laid out as the sub-table says. */
struct config_groups {
    void *items;
    size_t count;
};

struct config_row {
    const char *key;
    enum config_kind kind;
    size_t offset; /* offsetof in the target */
    bool is_required;
    int64_t min; /* of an integer; of a text its length in bytes; min == max == 0: any */
    int64_t max;
    const char *help;              /* for the annotated file */
    const struct config_row *rows; /* CONFIG_GROUPS: ends with a NULL key */
    size_t group_bytes;
    int64_t preset; /* of an integer in a group of a list: its value where the key is absent */
    /* Looks at a text, each of several texts, or a struct config_groups; NULL when it is good, else
     * what is allowed: "must be a date, 2020-06-30". May be NULL. */
    const char *(*check)(const void *value);
};

/* A table has at most 64 rows. The file must be a regular file of at most 1 MiB.
 *
 * Fills target (set to defaults by the caller; texts NULL or malloc'ed). On an error nothing of the
 * target is changed. */
MUST_USE enum err config_load(const char *path, const struct config_row *rows, void *target,
                              size_t target_bytes, struct complaint *complaint);
#define config_read config_load /* libconfig has a function of this name */
void config_release(const struct config_row *rows, void *target);

#endif
