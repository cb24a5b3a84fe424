/* A catalogue of texts: refused with a sentence, or every English text is there in it, and rules,
 * amounts, days and ages are said with it. An input is a row of changes to a shipped catalogue: a
 * piece of it that is taken out, or bytes in its place; or a file of its own. */
#include "tests/fuzz/chunks.h"
#include "tests/fuzz/starve.h"

#include "conf/catalogue.h"

static struct buffer shipped[3]; /* "rw" says that English stands beneath */

static void set_up(void)
{
    static const char *const languages[] = {"en", "fr", "rw"};
    for (size_t i = 0; i < 3 && shipped[i].size == 0; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/conf/catalogue/%s.cfg", IHURIRO_SOURCE, languages[i]);
        fuzz_read(path, &shipped[i]);
        fuzz_write(fuzz_path(i == 0   ? "en.cfg"
                             : i == 1 ? "fr.cfg"
                                      : "rw.cfg",
                             path),
                   buffer_bytes(&shipped[i]), 0644);
    }
    HOLD(setenv("IHURIRO_CATALOGUES", fuzz_folder, 1) == 0);
}

/* Two octets of position (in 1/65536 of the file), one of how much goes, then what comes. */
static void change(struct buffer *file, struct bytes chunk)
{
    AUTO(buffer_close) struct buffer changed = {0};
    struct input input = {chunk.data, chunk.size};
    size_t at = file->size * input_number(&input, 2) / 65536;
    size_t gone = input_byte(&input);
    struct bytes come = input_rest(&input);
    gone = gone < file->size - at ? gone : file->size - at;
    HOLD_OK(buffer_append(&changed, file->data, at));
    HOLD_OK(buffer_append(&changed, come.data, come.size));
    HOLD_OK(buffer_append(&changed, file->data + at + gone, file->size - at - gone));
    struct buffer kept = *file;
    *file = changed;
    changed = kept;
}

/* The first place of a text, and what comes for it: for seeds and mutations that hit. */
static void replace(struct buffer *file, struct bytes chunk)
{
    struct input input = {chunk.data, chunk.size};
    struct bytes was = input_chunk(&input);
    struct bytes come = input_rest(&input);
    const uint8_t *found =
        was.size == 0 ? NULL : memmem(file->data, file->size, was.data, was.size);
    if (found == NULL) {
        return;
    }
    AUTO(buffer_close) struct buffer changed = {0};
    size_t at = (size_t)(found - file->data);
    HOLD_OK(buffer_append(&changed, file->data, at));
    HOLD_OK(buffer_append(&changed, come.data, come.size));
    HOLD_OK(buffer_append(&changed, found + was.size, file->size - at - was.size));
    struct buffer kept = *file;
    *file = changed;
    changed = kept;
}

static void make_file(struct input *input, struct buffer *file)
{
    struct bytes first = input_chunk(input);
    uint8_t which = first.size > 0 ? first.data[0] : 0;
    if (which % 4 == 3) {
        HOLD_OK(buffer_append(file, first.data + 1, first.size - 1));
        return;
    }
    HOLD_OK(buffer_append(file, shipped[which % 4].data, shipped[which % 4].size));
    while (input->left > 0) {
        struct bytes chunk = input_chunk(input);
        struct bytes rest = chunk.size > 0 ? bytes_of(chunk.data + 1, chunk.size - 1) : chunk;
        (chunk.size > 0 && chunk.data[0] % 2 == 1 ? replace : change)(file, rest);
    }
}

/* What the English text takes in braces: no other text may take more. */
static void words_of(const char *english, char names[static 16][64], struct word words[static 17])
{
    size_t count = 0;
    for (const char *at = strchr(english, '{'); at != NULL && count < 16;
         at = strchr(at + 1, '{')) {
        (void)snprintf(names[count], 64, "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        words[count] = (struct word){names[count], "a value"};
        count++;
    }
    words[count] = (struct word){NULL, NULL};
}

static void check(const struct catalogue *catalogue)
{
    char key[CATALOGUE_KEY_MAX];
    char value[CATALOGUE_VALUE_MAX];
    struct catalogue_text english;
    catalogue_number(catalogue, INT64_MIN, 2, value);
    HOLD(strlen(value) < sizeof value);
    catalogue_time(catalogue, INT64_C(1593763200000000), value);
    HOLD(strlen(value) < sizeof value);
    for (size_t i = 0; catalogue_english_at(i, key, &english); i++) {
        AUTO(buffer_close) struct buffer said = {0};
        struct catalogue_text text = {.key = NULL};
        struct word words[17];
        char names[16][64];
        catalogue_find(catalogue, key, &text);
        HOLD(text.key != NULL && text.other != NULL && strcmp(text.key, key) == 0);
        words_of(english.other, names, words);
        HOLD_OK(catalogue_say(catalogue, key, (int64_t)(i % 3), words, &said));
        (void)catalogue_beneath(catalogue, key);
    }
}

static void load_starved(struct bytes input)
{
    for (struct starving starving = starving_of(input); starving_next(&starving);) {
        AUTO(arena_close) struct arena arena = {0};
        AUTO(buffer_close) struct buffer english = {0};
        struct complaint complaint = {{0}};
        const struct catalogue *starved = NULL;
        enum err err = catalogue_of("xx", &arena, &complaint, &starved);
        HOLD((err == ERR_OK) == (starved != NULL));
        (void)catalogue_write_english(&english);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer file = {0};
    struct complaint complaint = {{0}};
    struct input input = {data, size};
    const struct catalogue *catalogue = NULL;
    char path[128];
    set_up();
    HOLD(catalogue_of("../xx", &arena, &complaint, &catalogue) == ERR_CONFIG);
    make_file(&input, &file);
    fuzz_write(fuzz_path("xx.cfg", path), buffer_bytes(&file), 0644);
    complaint.text[0] = '\0';
    enum err err = catalogue_of("xx", &arena, &complaint, &catalogue);
    HOLD(err == ERR_OK || (catalogue == NULL && complaint.text[0] != '\0'));
    if (err == ERR_OK) {
        check(catalogue);
    }
    HOLD_OK(catalogue_of("en", &arena, &complaint, &catalogue));
    if (getenv("FUZZ_STARVE") == NULL ||
        file.size < 1024) { /* each round of a whole one: too long */
        load_starved(bytes_of(data, size));
    }
    return 0;
}

static void seed_replaced(const char *name, uint8_t which, const char *was, const char *come)
{
    AUTO(buffer_close) struct buffer seed = {0};
    AUTO(buffer_close) struct buffer chunk = {0};
    put_chunk(&seed, bytes_of(&which, 1));
    put_byte(&chunk, 1);
    put_chunk(&chunk, bytes_of(was, strlen(was)));
    HOLD_OK(buffer_append(&chunk, come, strlen(come)));
    put_chunk(&seed, buffer_bytes(&chunk));
    fuzz_seed(name, buffer_bytes(&seed));
}

static void fuzz_seeds(void)
{
    fuzz_seed("en", bytes_of("\0\1\0", 3));
    fuzz_seed("fr", bytes_of("\0\1\1", 3));
    fuzz_seed("rw", bytes_of("\0\1\2", 3));
    fuzz_seed("own", bytes_of("\0\x1E\3language = \"xx\";\ntexts = ();\n", 32));
    fuzz_seed("cut", bytes_of("\0\1\1\0\5\0\x80\0\xFF\"", 10));
    seed_replaced("no-key", 1, "key = \"", "key = \"no.");
    seed_replaced("placeholder-gone", 1, "{count}", "(count)");
    seed_replaced("placeholder-strange", 0, "other = \"", "other = \"{strange} ");
    seed_replaced("placeholder-open", 0, "other = \"", "other = \"{strange ");
    seed_replaced("zero", 0, "other = \"", "zero = \"none\"; other = \"");
    seed_replaced("one", 0, "other = \"", "one = \"{strange} one\"; other = \"");
    seed_replaced("zero-strange", 1, "zero = \"", "zero = \"{strange} ");
    seed_replaced("one-strange", 1, "one = \"", "one = \"{strange} ");
    seed_replaced("control", 0, "other = \"", "other = \"\x01");
    seed_replaced("delete", 0, "other = \"", "other = \"\x7F");
    seed_replaced("beneath", 1, "language", "beneath = \"en\"; language");
    seed_replaced("beneath-gone", 1, "language", "beneath = \"kr\"; language");
    seed_replaced("beneath-beneath", 1, "language", "beneath = \"rw\"; language");
    seed_replaced("reviewed", 1, "other = \"", "reviewed = \"2026-11\"; other = \"");
    seed_replaced("language", 0, "= \"en\"", "= \"E9\"");
    seed_replaced("language-2", 0, "= \"en\"", "= \"e9\"");
    seed_replaced("language-3", 0, "= \"en\"", "= \"~n\"");
    seed_replaced("language-4", 0, "= \"en\"", "= \"e~\"");
    seed_replaced("part-long", 0, "key = \"month.1\";\n    other = \"",
                  "key = \"month.1\";\n    other = \"a month of more than thirty-two bytes in all");
    seed_replaced("twice", 1, "texts = (", "texts = ( { key = \"month.1\"; other = \"x\"; },");
    seed_replaced("taken-out", 0, "key = \"month.1\"", "key = \"month.2\"");
}
