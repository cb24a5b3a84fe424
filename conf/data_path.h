/* Where a data file that comes with the programs is. */
#ifndef IHURIRO_CONF_DATA_PATH_H
#define IHURIRO_CONF_DATA_PATH_H

#include "proto/errors.h"
#include "proto/own.h"

/* FOLDER/NAME.cfg: conf/FOLDER of the source tree for programs run from their build folder, else
 * the installed data folder; the environment's override stands over both. name is two letters, of
 * either case; anything else is ERR_USAGE. ret_path is malloc'ed. */
MUST_USE enum err data_path(const char *folder, const char *override, const char *name,
                            char **ret_path);

#endif
