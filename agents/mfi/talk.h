/* A session on a link, for `send` and `run`: made from the agent's configuration, with what happens
 * told in words. */
#ifndef IHURIRO_AGENTS_MFI_TALK_H
#define IHURIRO_AGENTS_MFI_TALK_H

#include "agents/mfi/agent.h"
#include "agents/mfi/link.h"

struct talk;

typedef void (*talk_tell)(void *context, const struct session_news *news);

/* Takes the store's lock (ERR_BUSY: another process talks). tell may be NULL. */
MUST_USE enum err talk_open(struct agent *agent, bool stays, talk_tell tell, void *context,
                            struct complaint *complaint, struct talk **ret_talk);
void talk_close(struct talk **talk);
/* One turn of the link; stop_fd -1: none. */
MUST_USE enum err talk_turn(struct talk *talk, int64_t wait_ms, int stop_fd);
bool talk_is_idle(const struct talk *talk);
bool talk_is_greeted(const struct talk *talk);

/* What happened as key=value lines on stderr; fits talk_tell. */
void talk_log(void *context, const struct session_news *news);

#endif
