/* The twelve figures that a person looks at before approving (D60), with their change. */
#ifndef IHURIRO_AGENTS_MFI_FIGURES_H
#define IHURIRO_AGENTS_MFI_FIGURES_H

#include <stdio.h>

#include "agents/mfi/agent.h"
#include "agents/mfi/folder.h"

/* Those of them that are the report's; what was reported a period before comes from the store. */
MUST_USE enum err figures_print(struct agent *agent, const struct examined *examined, size_t index,
                                FILE *file);

#endif
