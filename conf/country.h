/* A country's settings: conf/countries/CC.cfg compiled to a Settings message. */
#ifndef IHURIRO_CONF_COUNTRY_H
#define IHURIRO_CONF_COUNTRY_H

#include "proto/docket.h"

/* The message lives in the arena. ERR_CONFIG with file, line, key and what is allowed. */
MUST_USE enum err country_compile(const char *path, struct arena *arena,
                                  struct complaint *complaint, PbSettings **ret_settings);
/* The same, where other settings are in force: rows of limits, capital bands, classes, liquidity
 * weights, obligations and holidays hold from a day on, and what would change them for periods that
 * ended before today is refused, unless the row says why (`retroactive`); in a month that is closed
 * even then. */
struct country_ground {
    const PbSettings *in_force;  /* NULL: none are */
    const struct docket *docket; /* NULL: nothing was closed */
    int64_t now_us;
};
MUST_USE enum err country_compile_over(const char *path, const struct country_ground *ground,
                                       struct arena *arena, struct complaint *complaint,
                                       PbSettings **ret_settings);
/* Where the installed file of a country is: conf/countries of the source tree for programs run from
 * their build folder, else the installed data folder; IHURIRO_COUNTRIES overrides. ret_path is
 * malloc'ed. */
MUST_USE enum err country_path(const char *country, char **ret_path);

#endif
