/* Who may see what: deny by default, decided per record from its header, against the registry as it
 * stands now. */
#ifndef IHURIRO_PROTO_ACCESS_H
#define IHURIRO_PROTO_ACCESS_H

#include "proto/record.h"
#include "proto/registry.h"

enum sight {
    SIGHT_NONE,
    SIGHT_HEADER, /* no judgement, no body */
    SIGHT_WHOLE,
};

/* DESIGN section 6. reader is the party of the connection. */
enum sight access_sight(const struct party *reader, const struct registry *registry,
                        const struct header *header);
/* A hash of all that access_sight depends on for this reader: role, id, and for staff the sorted
 * ids of members that share. */
MUST_USE enum err access_rights(const struct party *reader, const struct registry *registry,
                                uint8_t ret_hash[static SHA256_BYTES]);
/* Does the filter take this record, by what its header says? A NULL filter takes all. Whoever has
 * the registry asks filter_takes_party besides; who has none (a client) cannot. */
bool filter_takes(const PbFilter *filter, const struct header *header);
/* The filter's groups: is this the category and district of an institution that it takes? NULL: the
 * record is of none, or of one that the registry does not know. */
bool filter_takes_party(const PbFilter *filter, const struct party *party);
bool filter_has_groups(const PbFilter *filter); /* does it name categories or districts? */
/* Lists too long, ids or kinds malformed: a complaint. */
MUST_USE enum err filter_check(const PbFilter *filter, struct complaint *complaint);

#endif
