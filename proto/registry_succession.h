/* Mergers and splits, folded: who ends, who takes over. Included only by the registry's own files.
 */
#ifndef IHURIRO_PROTO_REGISTRY_SUCCESSION_H
#define IHURIRO_PROTO_REGISTRY_SUCCESSION_H

#include "proto/registry_inside.h"

/* Order does not matter: the earliest day at which a party ends, or takes over, is what counts. */
MUST_USE enum err succession_fold(struct registry *registry, const struct act *act);
MUST_USE enum err succession_copy(struct registry *copy, const struct registry *registry);
void succession_close(struct registry *registry);

#endif
