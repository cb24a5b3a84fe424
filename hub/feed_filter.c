#include "hub/feed_filter.h"

#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

#define NAMES_SHOWN_BYTES 400

/* ---- what there is ---- */

void filter_words_close(struct filter_words *words)
{
    free(words->categories);
    free(words->districts);
    *words = (struct filter_words){.is_made = false};
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts, and leaves each once. */
static size_t each_once(const char **names, size_t count)
{
    size_t kept = 0;
    qsort(names, count, sizeof *names, by_text);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0) {
            names[kept++] = names[i];
        }
    }
    return kept;
}

static bool has_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static enum err make_words(struct filter_words *words, const struct reading *reading)
{
    size_t count = registry_count(reading->registry);
    filter_words_close(words);
    words->categories = calloc(count + 1, sizeof *words->categories);
    words->districts = calloc(count + 1, sizeof *words->districts);
    if (words->categories == NULL || words->districts == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct party *party = registry_at(reading->registry, i);
        if (party->role == ROLE_MEMBER && has_text(party->category)) {
            words->categories[words->category_count++] = party->category;
        }
        if (party->role == ROLE_MEMBER && has_text(party->district)) {
            words->districts[words->district_count++] = party->district;
        }
    }
    words->category_count = each_once(words->categories, words->category_count);
    words->district_count = each_once(words->districts, words->district_count);
    words->generation = reading->generation;
    words->is_made = true;
    return ERR_OK;
}

/* "A, B, C", as far as there is room. */
static void list_names(const char *const *names, size_t count, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        if (at + length + sizeof ", ..." > size) {
            (void)stpcpy(text + at, at > 0 ? ", ..." : "...");
            return;
        }
        at = (size_t)(stpcpy(stpcpy(text + at, i > 0 ? ", " : ""), names[i]) - text);
    }
}

static enum err check_groups(const char *what, char *const *asked, size_t asked_count,
                             const char *const *names, size_t count, struct complaint *complaint)
{
    char known[NAMES_SHOWN_BYTES];
    char name[TEXT_BYTES_MAX];
    for (size_t i = 0; i < asked_count; i++) {
        const char *const *found =
            count == 0 ? NULL : bsearch(&asked[i], names, count, sizeof *names, by_text);
        if (found == NULL) {
            list_names(names, count, known, sizeof known);
            return complain(complaint, ERR_REFUSED,
                            "The filter names the %s \"%s\", of which there is no member. %s%s%s",
                            what, text_escape(bytes_of(asked[i], strlen(asked[i])), name, 200),
                            count > 0 ? "There are: " : "No member has one yet", known, ".");
        }
    }
    return ERR_OK;
}

enum err filter_check_names(struct filter_words *words, const struct reading *reading,
                            const PbFilter *filter, struct complaint *complaint)
{
    for (size_t i = 0; i < filter->n_kinds; i++) {
        if (strcmp(record_kind_name((int)filter->kinds[i]), "?") == 0) {
            return complain(complaint, ERR_REFUSED,
                            "The filter names kind %lu of record, which this hub does not know. It "
                            "is older than your program.",
                            (unsigned long)filter->kinds[i]);
        }
    }
    for (size_t i = 0; i < filter->n_institutions; i++) {
        if (registry_find(reading->registry, filter->institutions[i]) == NULL) {
            return complain(complaint, ERR_REFUSED,
                            "The filter names %s, and no party of this hub has that id. See the "
                            "records of kind party for who there is.",
                            filter->institutions[i]);
        }
    }
    if (!filter_has_groups(filter)) {
        return ERR_OK;
    }
    enum err err = words->is_made && words->generation == reading->generation
                       ? ERR_OK
                       : make_words(words, reading);
    err = err != ERR_OK ? err
                        : check_groups("category", filter->categories, filter->n_categories,
                                       words->categories, words->category_count, complaint);
    return err != ERR_OK ? err
                         : check_groups("district", filter->districts, filter->n_districts,
                                        words->districts, words->district_count, complaint);
}

/* ---- what is one's own ---- */

static bool is_report(uint32_t kind)
{
    return kind == KIND_REPORT || kind == KIND_EARLIER_RECEIPT;
}

/* Is anything seen of such a record of this institution? */
static bool sees(const struct reading *reading, const struct party *reader, uint32_t kind, int type,
                 const char *institution)
{
    struct header header = {.kind = (uint8_t)kind, .type = (uint8_t)(is_report(kind) ? type : 0)};
    memccpy(header.institution, institution, '\0', sizeof header.institution - 1);
    return access_sight(reader, reading->registry, &header) != SIGHT_NONE;
}

/* The same of any kind and type that the filter takes. */
static bool sees_of(const struct reading *reading, const struct party *reader,
                    const PbFilter *filter, const char *institution)
{
    size_t kinds = filter->n_kinds > 0 ? filter->n_kinds : 1;
    size_t types = filter->n_types > 0 ? filter->n_types : 1;
    for (size_t i = 0; i < kinds; i++) {
        for (size_t j = 0; j < types; j++) {
            uint32_t kind = filter->n_kinds > 0 ? filter->kinds[i] : KIND_REPORT;
            int type = filter->n_types > 0 ? (int)filter->types[j] : TYPE_PORTFOLIO;
            if (sees(reading, reader, kind, type, institution)) {
                return true;
            }
        }
    }
    return false;
}

static bool takes_reports(const PbFilter *filter)
{
    for (size_t i = 0; i < filter->n_kinds; i++) {
        if (is_report(filter->kinds[i])) {
            return true;
        }
    }
    return filter->n_kinds == 0;
}

static enum err check_sorts(const struct reading *reading, const struct party *reader,
                            const PbFilter *filter, struct complaint *complaint)
{
    for (size_t i = 0; i < filter->n_kinds; i++) {
        uint32_t kind = filter->kinds[i];
        if (!sees(reading, reader, kind, TYPE_PORTFOLIO, reader->id) &&
            !sees(reading, reader, kind, TYPE_PORTFOLIO, "")) {
            return complain(complaint, ERR_REFUSED,
                            "Records of kind %s are not for your role (%s). Leave that kind out.",
                            record_kind_name((int)kind), role_name((int)reader->role));
        }
    }
    for (size_t i = 0; takes_reports(filter) && i < filter->n_types; i++) {
        int type = (int)filter->types[i];
        if (!sees(reading, reader, KIND_REPORT, type, reader->id)) {
            return complain(complaint, ERR_REFUSED,
                            "Reports of type %s are not for your role (%s). Leave that type out.",
                            report_type_name(type), role_name((int)reader->role));
        }
    }
    return ERR_OK;
}

/* A member that names groups, and sees nothing of others: its own must be among them. */
static enum err check_own_groups(const struct reading *reading, const struct party *reader,
                                 const PbFilter *filter, struct complaint *complaint)
{
    if (!filter_has_groups(filter) || filter_takes_party(filter, reader) ||
        sees_of(reading, reader, filter, "-")) { /* whose id nobody bears */
        return ERR_OK;
    }
    return complain(complaint, ERR_REFUSED,
                    "The filter names groups that your institution (%s: category %s, district %s) "
                    "is not in, and of others you see no such records. Leave category and district "
                    "out.",
                    reader->id, has_text(reader->category) ? reader->category : "none",
                    has_text(reader->district) ? reader->district : "none");
}

enum err filter_check_rights(const struct reading *reading, const struct party *reader,
                             const PbFilter *filter, struct complaint *complaint)
{
    if (reader->role == ROLE_REGULATOR) {
        return ERR_OK;
    }
    enum err err = check_sorts(reading, reader, filter, complaint);
    for (size_t i = 0; err == ERR_OK && i < filter->n_institutions; i++) {
        if (!sees_of(reading, reader, filter, filter->institutions[i])) {
            return complain(complaint, ERR_REFUSED,
                            "The filter names %s, of which you see no such records: your own are "
                            "those of %s.",
                            filter->institutions[i], reader->id);
        }
    }
    return err != ERR_OK ? err : check_own_groups(reading, reader, filter, complaint);
}
