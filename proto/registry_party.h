/* One act, folded into the party that it is about. */
#ifndef IHURIRO_PROTO_REGISTRY_PARTY_H
#define IHURIRO_PROTO_REGISTRY_PARTY_H

#include "proto/registry_inside.h"

MUST_USE enum err party_make(const char *id, struct party **ret_party);
void party_close(struct party **party);
MUST_USE enum err party_copy_keys(struct party *party, const struct party *from);
/* The party's texts are those of the act's event. */
MUST_USE enum err party_fold(struct party *party, const struct act *act);

#endif
