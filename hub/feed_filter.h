/* May a reader have this filter? One that names what does not exist, or what the reader could never
 * see, would be silent for ever: it is refused in words instead. */
#ifndef IHURIRO_HUB_FEED_FILTER_H
#define IHURIRO_HUB_FEED_FILTER_H

#include "hub/reading.h"

/* The categories and districts of the members in one registry, each once, in order. Views into it.
 * Zero-initialise; AUTO(filter_words_close). */
struct filter_words {
    uint64_t generation; /* of the registry */
    bool is_made;
    const char **categories;
    size_t category_count;
    const char **districts;
    size_t district_count;
};
void filter_words_close(struct filter_words *words);

/* ERR_REFUSED with the sentence. */

/* What is named is there: kinds, parties, and groups that have members. Of a registry that changed
 * since the last call the groups are collected anew: for a feed that opens, not for each FETCH. */
MUST_USE enum err filter_check_names(struct filter_words *words, const struct reading *reading,
                                     const PbFilter *filter, struct complaint *complaint);
/* Of each thing that is named the reader sees something. With no kind named, reports are meant. */
MUST_USE enum err filter_check_rights(const struct reading *reading, const struct party *reader,
                                      const PbFilter *filter, struct complaint *complaint);

#endif
