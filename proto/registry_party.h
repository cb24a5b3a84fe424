/* One act, folded into the party that it is about. */
#ifndef IHURIRO_PROTO_REGISTRY_PARTY_H
#define IHURIRO_PROTO_REGISTRY_PARTY_H

#include "proto/registry_inside.h"

MUST_USE enum err party_make(const char *id, struct party **ret_party);
void party_close(struct party **party);
/* All but the id, with texts in the arena. */
MUST_USE enum err party_copy(struct party *party, const struct party *from, struct arena *arena);
/* The party's texts are those of the act's event. */
MUST_USE enum err party_fold(struct party *party, const struct act *act);
/* Which of party->last_acts an act is of; PARTY_ACTS: of none, its order does not matter. */
size_t party_act_kind(int kind);

#endif
