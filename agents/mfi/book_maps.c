#include "agents/mfi/book_maps.h"

#include <stdio.h>
#include <string.h>

#include "agents/mfi/book_gl.h"
#include "proto/text.h"

#define CACHE_SLOTS 512
#define CACHE_TEXT  24
#define FOLDED_MAX  128

/* ---- what holds without configuration ---- */

static const struct book_word default_genders[] = {
    {"F", "F"},        {"Female", "F"}, {"Femme", "F"},   {"Feminin", "F"}, {"Gore", "F"},
    {"Umugore", "F"},  {"M", "M"},      {"H", "M"},       {"Male", "M"},    {"Homme", "M"},
    {"Masculin", "M"}, {"Gabo", "M"},   {"Umugabo", "M"}, {"G", "G"},       {"Group", "G"},
    {"Groupe", "G"},   {"E", "E"},      {"Entity", "E"},  {"U", "U"},
};

static const struct book_word default_totals[] = {
    {"Total", ""}, {"Totaux", ""}, {"Total general", ""}, {"Sum", ""}, {"Igiteranyo", ""},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct book_maps default_maps = {
    .genders = {default_genders, COUNT(default_genders)},
    .total_words = {default_totals, COUNT(default_totals)},
};

const struct book_maps *book_maps_default(void)
{
    return &default_maps;
}

static const char *const gender_codes[] = {"F", "M", "E", "G", "U", NULL};
static const char *const sector_codes[] = {
    "AGRI",      "COMMERCE",    "SERVICES", "TRANSPORT", "MANUF", "CONSTR_HOUSING",
    "EDUCATION", "CONSUMPTION", "OTHER",    "UNK",       NULL};
static const char *const product_codes[] = {"INDIV", "GROUP",   "AGRI",      "SALARY",
                                            "ASSET", "HOUSING", "EMERGENCY", "DIGITAL",
                                            "OTHER", "UNK",     NULL};
static const char *const district_codes[] = {"101", "102", "103", "201", "202", "203", "204", "205",
                                             "206", "207", "208", "301", "302", "303", "304", "305",
                                             "306", "307", "401", "402", "403", "404", "405", "501",
                                             "502", "503", "504", "505", "506", "507", "XXX", NULL};

/* ---- dictionaries ---- */

struct known_word {
    const char *folded;
    uint8_t code;
};

struct cached {
    char text[CACHE_TEXT];
    uint8_t size; /* 0: empty */
    bool is_known;
    uint8_t code;
};

struct book_dictionary {
    const char *codes[BOOK_CODES_MAX];
    size_t count;
    uint8_t unknown;
    struct known_word *words;
    size_t words_count;
    struct cached cache[CACHE_SLOTS]; /* by the value as it stands in the file */
};

/* Which codes and words one dictionary is made of. */
struct ingredients {
    const char *name;
    const char *list; /* its name among the settings' code lists, or NULL */
    const char *const *codes;
    const char *unknown;
    const struct book_words *words;
};

static int find_code(const struct book_dictionary *dictionary, const char *code)
{
    for (size_t i = 0; i < dictionary->count; i++) {
        if (strcmp(dictionary->codes[i], code) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void add_code(struct book_dictionary *dictionary, const char *code)
{
    if (dictionary->count < BOOK_CODES_MAX && find_code(dictionary, code) < 0) {
        dictionary->codes[dictionary->count++] = code;
    }
}

static void take_codes(struct book_dictionary *dictionary, const struct ingredients *from,
                       const PbSettings *settings)
{
    bool is_set = false;
    for (size_t i = 0; settings != NULL && from->list != NULL && i < settings->n_codes; i++) {
        const Ihuriro__V1__CodeList *list = settings->codes[i];
        if (strcmp(list->name, from->list) != 0) {
            continue;
        }
        for (size_t k = 0; k < list->n_codes; k++) {
            add_code(dictionary, list->codes[k]);
        }
        is_set = true;
    }
    for (size_t i = 0; !is_set && from->codes[i] != NULL; i++) {
        add_code(dictionary, from->codes[i]);
    }
    if (dictionary->count == BOOK_CODES_MAX) {
        dictionary->count--; /* room for the unknown */
    }
    add_code(dictionary, from->unknown);
    dictionary->unknown = (uint8_t)find_code(dictionary, from->unknown);
}

static const char *folded_copy(struct arena *arena, const char *text)
{
    char folded[FOLDED_MAX];
    text_fold(text, folded, sizeof folded);
    return arena_text(arena, folded);
}

static enum err take_word(struct book_dictionary *dictionary, const char *word, int code,
                          struct arena *arena)
{
    const char *folded = folded_copy(arena, word);
    if (folded == NULL) {
        return ERR_MEMORY;
    }
    dictionary->words[dictionary->words_count++] = (struct known_word){folded, (uint8_t)code};
    return ERR_OK;
}

static enum err refuse_code(const struct book_dictionary *dictionary, const char *name,
                            const struct book_word *word, struct complaint *complaint)
{
    char allowed[600] = "";
    char shown[2][64];
    for (size_t i = 0; i < dictionary->count; i++) {
        size_t used = strlen(allowed);
        (void)snprintf(allowed + used, sizeof allowed - used, " %s", dictionary->codes[i]);
    }
    return complain(complaint, ERR_CONFIG,
                    "`%s` in agent.conf maps \"%s\" to \"%s\", which is no code. The codes are:%s.",
                    name, text_escape(bytes_of(word->word, strlen(word->word)), shown[0], 64),
                    text_escape(bytes_of(word->code, strlen(word->code)), shown[1], 64), allowed);
}

/* A configured word wins over a code of the same spelling. */
static enum err make_dictionary(const struct ingredients *from, const PbSettings *settings,
                                struct arena *arena, struct complaint *complaint,
                                struct book_dictionary **ret_dictionary)
{
    struct book_dictionary *dictionary = arena_take(arena, sizeof *dictionary);
    if (dictionary == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    take_codes(dictionary, from, settings);
    dictionary->words =
        arena_take(arena, (from->words->count + dictionary->count) * sizeof *dictionary->words);
    enum err err = dictionary->words == NULL ? ERR_MEMORY : ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < from->words->count; i++) {
        int code = find_code(dictionary, from->words->items[i].code);
        if (code < 0) {
            return refuse_code(dictionary, from->name, &from->words->items[i], complaint);
        }
        err = take_word(dictionary, from->words->items[i].word, code, arena);
    }
    bool is_by_word_only = strcmp(from->name, "branches") == 0;
    for (size_t i = 0; err == ERR_OK && !is_by_word_only && i < dictionary->count; i++) {
        err = take_word(dictionary, dictionary->codes[i], (int)i, arena);
    }
    if (err != ERR_OK) {
        return complain(complaint, err, "There is not enough memory.");
    }
    *ret_dictionary = dictionary;
    return ERR_OK;
}

static struct book_meaning find_folded(const struct book_dictionary *dictionary, const char *text)
{
    char folded[FOLDED_MAX];
    text_fold(text, folded, sizeof folded);
    for (size_t i = 0; i < dictionary->words_count; i++) {
        if (strcmp(dictionary->words[i].folded, folded) == 0) {
            return (struct book_meaning){dictionary->words[i].code, true};
        }
    }
    return (struct book_meaning){dictionary->unknown, false};
}

struct book_meaning book_dictionary_find(struct book_dictionary *dictionary,
                                         const struct book_cell *cell)
{
    if (cell->size == 0) {
        return (struct book_meaning){dictionary->unknown, false};
    }
    if (cell->size > CACHE_TEXT) {
        return find_folded(dictionary, cell->text);
    }
    uint32_t mix = (uint32_t)cell->size;
    for (size_t i = 0; i < cell->size; i++) {
        mix = mix * 31 + (uint8_t)cell->text[i];
    }
    struct cached *slot = &dictionary->cache[(mix * UINT32_C(2654435761)) >> 23];
    if (slot->size != cell->size || memcmp(slot->text, cell->text, cell->size) != 0) {
        struct book_meaning meaning = find_folded(dictionary, cell->text);
        memcpy(slot->text, cell->text, cell->size);
        slot->size = (uint8_t)cell->size;
        slot->code = meaning.code;
        slot->is_known = meaning.is_known;
    }
    return (struct book_meaning){slot->code, slot->is_known};
}

const char *book_dictionary_code(const struct book_dictionary *dictionary, size_t code)
{
    return dictionary->codes[code];
}

size_t book_dictionary_count(const struct book_dictionary *dictionary)
{
    return dictionary->count;
}

/* ---- all of them ---- */

static enum err take_totals(const struct book_words *words, struct arena *arena,
                            struct book_vocabulary *vocabulary)
{
    vocabulary->totals_count = 0;
    vocabulary->totals = arena_take(arena, (words->count + 1) * sizeof *vocabulary->totals);
    for (size_t i = 0; vocabulary->totals != NULL && i < words->count; i++) {
        const char *folded = folded_copy(arena, words->items[i].word);
        if (folded == NULL) {
            return ERR_MEMORY;
        }
        vocabulary->totals[vocabulary->totals_count++] = folded;
    }
    return vocabulary->totals == NULL ? ERR_MEMORY : ERR_OK;
}

enum err book_vocabulary_make(const struct book_maps *maps, const PbSettings *settings,
                              struct arena *arena, struct complaint *complaint,
                              struct book_vocabulary *ret_vocabulary)
{
    struct book_vocabulary made = {0};
    const struct book_words none = {NULL, 0};
    const struct {
        struct ingredients from;
        struct book_dictionary **to;
    } rows[] = {
        {{"genders", NULL, gender_codes, "U", &maps->genders}, &made.genders},
        {{"products", "PRODUCT", product_codes, "UNK", &maps->products}, &made.products},
        {{"sectors", "SECTOR", sector_codes, "UNK", &maps->sectors}, &made.sectors},
        {{"districts", "DISTRICT", district_codes, "XXX", &none}, &made.districts},
        {{"branches", "DISTRICT", district_codes, "XXX", &maps->branches}, &made.branches},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum err err = make_dictionary(&rows[i].from, settings, arena, complaint, rows[i].to);
        if (err != ERR_OK) {
            return err;
        }
    }
    if (maps->branches.count == 0) {
        made.branches = NULL;
    }
    if (take_totals(&maps->total_words, arena, &made) != ERR_OK) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    *ret_vocabulary = made;
    return ERR_OK;
}

enum err book_maps_check(const struct book_maps *maps, const PbSettings *settings,
                         struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    struct book_vocabulary vocabulary = {0};
    enum err err = book_vocabulary_make(maps, settings, &arena, complaint, &vocabulary);
    return err != ERR_OK ? err : book_gl_check(&maps->gl, complaint);
}

/* References hold digits, total words do not: most cells are told by that. */
bool book_vocabulary_is_total(const void *context, const struct book_cell *cell)
{
    const struct book_vocabulary *vocabulary = context;
    char folded[FOLDED_MAX];
    char last = cell->size == 0 ? '0' : cell->text[cell->size - 1];
    if ((last >= '0' && last <= '9') || cell->size > 40 ||
        strpbrk(cell->text, "0123456789") != NULL) {
        return false;
    }
    text_fold(cell->text, folded, sizeof folded);
    for (size_t i = 0; i < vocabulary->totals_count; i++) {
        if (strcmp(folded, vocabulary->totals[i]) == 0) {
            return true;
        }
    }
    return false;
}

enum err book_currency_exponent(const PbSettings *settings, const char *currency,
                                unsigned *ret_exponent)
{
    static const struct {
        const char *code;
        unsigned exponent;
    } built_in[] = {{"RWF", 0}, {"BIF", 0}, {"UGX", 0}, {"KES", 2}, {"TZS", 2},
                    {"GHS", 2}, {"CDF", 2}, {"USD", 2}, {"EUR", 2}};
    for (size_t i = 0; settings != NULL && i < settings->n_currencies; i++) {
        if (strcmp(settings->currencies[i]->code, currency) == 0) {
            *ret_exponent = settings->currencies[i]->exponent;
            return ERR_OK;
        }
    }
    for (size_t i = 0; settings == NULL && i < COUNT(built_in); i++) {
        if (strcmp(built_in[i].code, currency) == 0) {
            *ret_exponent = built_in[i].exponent;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}
