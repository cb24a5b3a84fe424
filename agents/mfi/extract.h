/* The schedule of `run` at work: looks at what is owed, has the extracts made that are due, and
 * says in the log what is owed, what is overdue and which order is none. */
#ifndef IHURIRO_AGENTS_MFI_EXTRACT_H
#define IHURIRO_AGENTS_MFI_EXTRACT_H

#include "agents/mfi/agent.h"

struct extract;

void extract_close(struct extract **extract);
MUST_USE enum err extract_open(struct agent *agent, struct extract **ret_extract);
/* Once a minute, and at once after extract_heard. What fails is told, and tried again. */
void extract_look(struct extract *extract, int64_t now_ms);
/* The hub said anew what this institution owes. */
void extract_heard(struct extract *extract, const char *institution);

/* Notes for `status` what is wrong with a folder, and takes it back where text is NULL. Failures
 * are logged. */
void trouble_note(struct agent *agent, const char *institution, const char *folder,
                  const char *text);

#endif
