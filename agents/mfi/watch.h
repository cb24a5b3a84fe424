/* The watched folders: a folder is ready when its manifest.ini was written (anew) and has not
 * changed for a while. Each configured folder is looked at, and the folders in it. */
#ifndef IHURIRO_AGENTS_MFI_WATCH_H
#define IHURIRO_AGENTS_MFI_WATCH_H

#include "agents/mfi/platform.h"

#define WATCHED_MAX 20000 /* folders with a manifest, in all */

struct watch;

void watch_close(struct watch **watch);
/* roots: their count texts live as long as the watch. */
MUST_USE enum err watch_open(const char *const *roots, size_t count, int64_t settle_ms,
                             struct watch **ret_watch);
/* One look at every folder. For each that became ready, ready is called once; what it returns ends
 * the look, unless ERR_OK or ERR_BUSY. A folder is given again when its manifest is written again;
 * and after five minutes, where ready returned ERR_BUSY: what it was made of was away. */
typedef enum err (*watch_ready)(void *context, const char *folder, size_t root);
MUST_USE enum err watch_look(struct watch *watch, int64_t now_ms, watch_ready ready, void *context);

#endif
