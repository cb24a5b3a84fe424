/* Sightings, made from records. */
#ifndef IHURIRO_PROTO_SIGHTING_H
#define IHURIRO_PROTO_SIGHTING_H

#include "proto/cells.h"

/* What a report's header tells; the two facts of its body stay false. */
void sighting_of_header(const struct header *header, struct sighting *ret_sighting);
/* The two facts of the body. Cheap: looks at the fields of the report's first level, unpacks
 * nothing and never touches the pages of what it steps over. raw: the envelope. ERR_MALFORMED. */
MUST_USE enum err sighting_facts(struct bytes raw, bool *ret_is_nil, bool *ret_is_approved);

#endif
