/* Words of an institution and the codes of the schema, compiled for look-up in every row. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_MAPS_H
#define IHURIRO_AGENTS_MFI_BOOK_MAPS_H

#include "agents/mfi/book.h"
#include "agents/mfi/book_rows.h"

#define BOOK_CODES_MAX 80

enum book_gender {
    BOOK_GENDER_F,
    BOOK_GENDER_M,
    BOOK_GENDER_E,
    BOOK_GENDER_G,
    BOOK_GENDER_U,
    BOOK_GENDERS,
};

/* A code list and the words that mean a code. */
struct book_dictionary;

/* A code of a list, or the list's code for what is not known. */
struct book_meaning {
    uint8_t code;
    bool is_known;
};

/* Looks the value up; the same values again cost next to nothing. */
struct book_meaning book_dictionary_find(struct book_dictionary *dictionary,
                                         const struct book_cell *cell);
const char *book_dictionary_code(const struct book_dictionary *dictionary, size_t code);
size_t book_dictionary_count(const struct book_dictionary *dictionary);

struct book_vocabulary {
    struct book_dictionary *genders;
    struct book_dictionary *products;
    struct book_dictionary *sectors;
    struct book_dictionary *districts;
    struct book_dictionary *branches; /* to the codes of districts; NULL: no branch is mapped */
    const char **totals;              /* folded */
    size_t totals_count;
};

/* All in the arena. ERR_CONFIG with what is allowed where a word is mapped to no code. */
MUST_USE enum err book_vocabulary_make(const struct book_maps *maps, const PbSettings *settings,
                                       struct arena *arena, struct complaint *complaint,
                                       struct book_vocabulary *ret_vocabulary);
/* A book_is_total; context: a vocabulary. */
bool book_vocabulary_is_total(const void *context, const struct book_cell *cell);

/* The currency's exponent: by the settings, or built in without them. ERR_NOT_FOUND. */
MUST_USE enum err book_currency_exponent(const PbSettings *settings, const char *currency,
                                         unsigned *ret_exponent);

#endif
