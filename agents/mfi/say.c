#include "agents/mfi/say.h"

void say(const struct voice *voice, const char *before, const char *key, const struct word *words)
{
    say_count(voice, before, key, -1, words);
}

void say_count(const struct voice *voice, const char *before, const char *key, int64_t count,
               const struct word *words)
{
    AUTO(buffer_close) struct buffer text = {0};
    const struct catalogue *beneath = catalogue_beneath(voice->catalogue, key);
    enum err err = catalogue_say(voice->catalogue, key, count, words, &text);
    if (err == ERR_OK && beneath != NULL) {
        err = buffer_append(&text, SAY_BENEATH, sizeof SAY_BENEATH - 1);
        err = err != ERR_OK ? err : catalogue_say(beneath, key, count, words, &text);
    }
    if (err != ERR_OK) {
        fprintf(voice->file, "%s%s (%s)\n", before, key, err_text(err));
        return;
    }
    fprintf(voice->file, "%s%.*s\n", before, (int)text.size, (const char *)text.data);
}

const char *phrase(const struct voice *voice, const char *key)
{
    struct catalogue_text text;
    catalogue_find(voice->catalogue, key, &text);
    return text.other;
}
