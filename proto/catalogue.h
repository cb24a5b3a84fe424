/* Words for people in the languages that they read: texts by key. NULL as a catalogue is the
 * English that is built in; whatever a catalogue lacks is taken from there. */
#ifndef IHURIRO_PROTO_CATALOGUE_H
#define IHURIRO_PROTO_CATALOGUE_H

#include "proto/bytes.h"
#include "proto/own.h"

/* zero and one stand where something is counted, and its words change with the count. */
struct catalogue_text {
    const char *key; /* "POR-01.summary", "POR-01.sentence", "check.rejected" */
    const char *zero;
    const char *one;
    const char *other;
    const char *reviewed; /* who reads the language and found it right; NULL: nobody yet */
};

/* Immutable. Whoever made it keeps the texts as long as it is used. */
struct catalogue {
    const char *language;               /* "fr" */
    const struct catalogue_text *texts; /* by key, in the order of strcmp */
    size_t count;
    const struct catalogue *beneath; /* shown beneath what obliges and nobody reviewed; or NULL */
};

#define CATALOGUE_KEY_MAX   64
#define CATALOGUE_VALUE_MAX 128

/* What every catalogue holds, in English: false behind the last. ret_key is what ret_text->key
 * points to. */
bool catalogue_english_at(size_t index, char ret_key[static CATALOGUE_KEY_MAX],
                          struct catalogue_text *ret_text);
/* Does the text ask somebody to do something, or say that something is not taken? */
bool catalogue_obliges(const char *key);

/* Its text, else the English one; a key that English does not have is a mistake of the program. */
void catalogue_find(const struct catalogue *catalogue, const char *key,
                    struct catalogue_text *ret_text);
/* The form for a count; one that counts nothing gives a negative one. */
const char *catalogue_form(const struct catalogue_text *text, int64_t count);
/* The catalogue in which a text is shown once more beneath this one; NULL: there is no need. */
const struct catalogue *catalogue_beneath(const struct catalogue *catalogue, const char *key);

/* What stands for {name} in a text; a list ends with a name of NULL. */
struct word {
    const char *name;
    const char *value;
};

/* Appends the text with its words; {count} is the count. */
MUST_USE enum err catalogue_say(const struct catalogue *catalogue, const char *key, int64_t count,
                                const struct word *words, struct buffer *text);

/* "1,500,000.00", "30 June 2020", "3 July 2020, 08:15 UTC" */
void catalogue_number(const struct catalogue *catalogue, int64_t value, unsigned exponent,
                      char ret_text[static CATALOGUE_VALUE_MAX]);
void catalogue_day(const struct catalogue *catalogue, int64_t day,
                   char ret_text[static CATALOGUE_VALUE_MAX]);
void catalogue_time(const struct catalogue *catalogue, int64_t time_us,
                    char ret_text[static CATALOGUE_VALUE_MAX]);

#endif
