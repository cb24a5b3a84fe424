/* What registry_validate.c and registry_validate_change.c share. */
#ifndef IHURIRO_PROTO_REGISTRY_VALIDATE_H
#define IHURIRO_PROTO_REGISTRY_VALIDATE_H

#include "proto/registry_inside.h"

MUST_USE enum err validate_merged(const struct registry *registry, const PbEvent *event,
                                  struct complaint *complaint);
MUST_USE enum err validate_split(const struct registry *registry, const PbEvent *event,
                                 struct complaint *complaint);
MUST_USE enum err validate_renamed(const struct registry *registry, const PbEvent *event,
                                   struct complaint *complaint);

/* One line of UTF-8 that is neither empty nor too long; NULL: not given. */
MUST_USE enum err validate_text(const char *text, const char *what, struct complaint *complaint);
bool day_is_bounded(int32_t day); /* 1900 to 2199 */
enum err complain_unknown(const char *id, struct complaint *complaint);

#endif
