/* Institutions of pulled months, by their stress score: offline, from signed records alone. */
#ifndef IHURIRO_PULL_PULL_RANK_H
#define IHURIRO_PULL_PULL_RANK_H

#include "conf/options.h"

#define RANK_MONTHS_MAX 4 /* the change of PAR30R looks three months back */

struct rank_arguments {
    const char *hub;
    const char *out; /* NULL: standard output */
};

/* folders: of the months, in any order, one behind the other; the latest is ranked. Writes CSV. */
MUST_USE enum err rank_run(const struct rank_arguments *arguments, const struct words *folders,
                           struct complaint *complaint);

#endif
