/* Sentences of the catalogue, put out for a person. */
#ifndef IHURIRO_AGENTS_MFI_SAY_H
#define IHURIRO_AGENTS_MFI_SAY_H

#include <stdio.h>

#include "proto/catalogue.h"

struct voice {
    FILE *file;
    const struct catalogue *catalogue; /* NULL: English */
};

/* One line: `before` (an indent, "mfi-agent send: ") and the text. What obliges, and nobody
 * reviewed in this language, stands once more beneath it in another. Failures are those of the
 * file. */
void say(const struct voice *voice, const char *before, const char *key, const struct word *words);
void say_count(const struct voice *voice, const char *before, const char *key, int64_t count,
               const struct word *words);
/* A text without words as a word of another: the catalogue's own, short ones. */
const char *phrase(const struct voice *voice, const char *key);

/* What begins a line beneath; for texts that are put together elsewhere. */
#define SAY_BENEATH "\n          "

#endif
