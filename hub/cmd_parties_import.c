/* mfi-hub parties import: many parties from a file. All of it is read, and each act tried on a
 * registry of our own, before anything is handed to the hub: at once, all or none. */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "hub/admin_client.h"
#include "hub/contacts.h"
#include "hub/parties.h"
#include "hub/party_file.h"

struct import_arguments {
    struct common_arguments common;
    bool dry_run;
    bool template;
};

static const struct option_row import_rows[] = {
    COMMON_ROWS(struct import_arguments),
    FORMAT_ROW(struct import_arguments),
    {"dry-run", 'n', OPTION_FLAG, offsetof(struct import_arguments, dry_run), NULL,
     "say what would change, and change nothing", 0, 0},
    {"template", 0, OPTION_FLAG, offsetof(struct import_arguments, template), NULL,
     "print a file to begin with", 0, 0},
    {0},
};

static const struct options import_options = {
    .program = "mfi-hub parties import",
    .words = "FILE.csv",
    .about = "Adds the parties of a file that are not there yet, and changes of the others what "
             "differs; all of it, or, where a line is refused, nothing. The same file again "
             "changes nothing. No party is taken away.",
    .rows = import_rows,
    .words_max = 1,
};

/* What becomes of a row. */
struct import_row {
    struct party_change change;
    PbMerged merged;
    PbEvent merger;
    char *predecessors[1];
    bool has_merger;
    bool is_new;
    bool has_contact;
    PbContact contact;
};

struct import {
    struct parties_reading reading;
    struct party_file file;
    struct import_row *rows; /* of file.rows */
    PbEvent **events;        /* in the order in which they are to be */
    size_t event_count;
    size_t contact_count;
    size_t new_count;
    size_t changed_count;
    int64_t now_us;
    json_t *told; /* a row each that changes anything */
    struct complaint *complaint;
};

static void import_close(struct import *import)
{
    free(import->rows);
    free(import->events);
    json_decref(import->told);
    party_file_close(&import->file);
    parties_reading_end(&import->reading);
}

static enum err refuse(const struct import *import, size_t line, const struct complaint *why)
{
    return party_file_refuse(&import->file, line, import->complaint, "%s", why->text);
}

/* ---- trying ---- */

/* As the writer will: validated against what the acts before it made, and applied there. */
static enum err try_event(struct import *import, size_t line, PbEvent *event)
{
    AUTO(buffer_close) struct buffer raw = {0};
    struct complaint why = {{0}};
    uint8_t nonce[16];
    uint8_t id[SHA256_BYTES];
    randombytes_buf(nonce, sizeof nonce);
    event->time_us = import->now_us;
    event->nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    enum err err = registry_validate(import->reading.registry, event, &why);
    if (err != ERR_OK) {
        return why.text[0] != '\0' ? refuse(import, line, &why) : err;
    }
    err = message_pack(&event->base, &raw);
    if (err == ERR_OK) {
        sha256(buffer_bytes(&raw), id);
        err = registry_apply(import->reading.registry, event, id);
    }
    err = err != ERR_OK ? err : registry_seal(import->reading.registry);
    if (err == ERR_OK) {
        import->events[import->event_count++] = event;
    }
    return err;
}

/* ---- telling ---- */

static void tell_word(const struct import *import, json_t *changes, enum party_word word,
                      const char *after, const struct party *before)
{
    char standing[PARTY_WORD_TEXT_MAX] = "";
    if (before != NULL) {
        party_word_standing(before, word, import->reading.settings, standing);
    }
    json_object_set_new(changes, party_word_name(word), json_pack("[s,s]", standing, after));
}

/* Before the row's acts are tried: they change what stands. */
static json_t *changes_of(const struct import *import, size_t at, const struct party *before)
{
    json_t *changes = json_object();
    for (size_t word = 0; word < PARTY_WORDS; word++) {
        const char *after = import->file.rows[at].words.items[word];
        if (party_change_says(&import->rows[at].change, (enum party_word)word)) {
            tell_word(import, changes, (enum party_word)word, after != NULL ? after : "member",
                      before);
        }
    }
    return changes;
}

static void tell(struct import *import, size_t at, json_t *changes)
{
    const struct party_row *row = &import->file.rows[at];
    const struct import_row *made = &import->rows[at];
    if (made->has_contact) {
        json_object_set_new(changes, "contact", json_pack("[s,s]", "", "as in the file"));
    }
    if (made->has_merger) {
        json_object_set_new(changes, "merged-into", json_pack("[s,s]", "", row->merged_into));
        json_object_set_new(changes, "merged-from", json_pack("[s,s]", "", row->merged_from));
    }
    if (json_object_size(changes) > 0) {
        import->new_count += made->is_new;
        import->changed_count += !made->is_new;
        json_array_append_new(import->told,
                              json_pack("{s:I,s:s,s:s,s:O}", "line", (json_int_t)row->line, "id",
                                        row->id, "what", made->is_new ? "new" : "changed",
                                        "changes", changes));
    }
    json_decref(changes);
}

/* ---- a row ---- */

static enum err complete_new(const struct import *import, struct party_row *row)
{
    if (!institution_id_is_valid(row->id)) {
        return party_file_refuse(&import->file, row->line, import->complaint,
                                 "\"%.40s\" is no id: an id is 1 to 16 capital letters, digits and "
                                 "hyphens.",
                                 row->id);
    }
    if (row->words.items[WORD_NAME] == NULL) {
        return party_file_refuse(&import->file, row->line, import->complaint,
                                 "%s is new, and has no name: give one.", row->id);
    }
    if (row->words.items[WORD_ROLE] == NULL) {
        row->words.items[WORD_ROLE] = "member";
    }
    return ERR_OK;
}

static enum err take_party(struct import *import, size_t at, json_t **ret_changes)
{
    struct party_row *row = &import->file.rows[at];
    struct import_row *made = &import->rows[at];
    struct complaint why = {{0}};
    const struct party *party = registry_find(import->reading.registry, row->id);
    const struct party_ground ground = {import->reading.settings, party, "column "};
    made->is_new = party == NULL;
    enum err err = made->is_new ? complete_new(import, row) : ERR_OK;
    if (err != ERR_OK) {
        return err;
    }
    err = party_change_read(&row->words, &ground, &why, &made->change);
    if (err != ERR_OK) {
        return refuse(import, row->line, &why);
    }
    party_change_reduce(&made->change, party);
    party_change_events(&made->change, row->id);
    json_t *changes = changes_of(import, at, party);
    for (size_t i = 0; i < made->change.count && err == ERR_OK; i++) {
        err = try_event(import, row->line, made->change.list[i]);
    }
    if (err != ERR_OK) {
        json_decref(changes);
        return err;
    }
    *ret_changes = changes;
    return ERR_OK;
}

/* Told already, by an earlier run? */
static bool is_merged(const struct registry *registry, const struct party_row *row, int32_t day)
{
    size_t count = 0;
    const struct succession *rows = registry_successions(registry, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_same = !rows[i].is_split && rows[i].from_day == day &&
                       strcmp(rows[i].one, row->merged_into) == 0;
        for (size_t j = 0; is_same && j < rows[i].many_count; j++) {
            if (strcmp(rows[i].many[j], row->id) == 0) {
                return true;
            }
        }
    }
    return false;
}

static enum err take_merger(struct import *import, size_t at)
{
    const struct party_row *row = &import->file.rows[at];
    struct import_row *made = &import->rows[at];
    if (row->merged_into == NULL && row->merged_from == NULL) {
        return ERR_OK;
    }
    made->merged = (PbMerged)IHURIRO__V1__MERGED__INIT;
    if (row->merged_into == NULL || row->merged_from == NULL ||
        day_parse(row->merged_from, &made->merged.from_day) != ERR_OK) {
        return party_file_refuse(&import->file, row->line, import->complaint,
                                 "merged-into names an id and merged-from the first of a month, "
                                 "like 2020-07-01: give both.");
    }
    if (is_merged(import->reading.registry, row, made->merged.from_day)) {
        return ERR_OK;
    }
    made->predecessors[0] = (char *)(uintptr_t)row->id; /* packed only */
    made->merged.predecessors = made->predecessors;
    made->merged.n_predecessors = 1;
    made->merger = (PbEvent)IHURIRO__V1__EVENT__INIT;
    made->merger.subject = (char *)(uintptr_t)row->merged_into;
    made->merger.merged = &made->merged;
    made->has_merger = true;
    return try_event(import, row->line, &made->merger);
}

/* ---- contacts ---- */

static char **contact_line(PbContact *contact, size_t word)
{
    char **const lines[CONTACT_WORDS] = {
        [CONTACT_OFFICE] = &contact->office,
        [CONTACT_TELEPHONE] = &contact->telephone,
        [CONTACT_ADDRESS] = &contact->address,
        [CONTACT_LANGUAGE] = &contact->language,
    };
    return lines[word];
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Over what is stored, in the import's arena. */
static enum err take_contact(struct import *import, size_t at)
{
    const struct party_row *row = &import->file.rows[at];
    struct import_row *made = &import->rows[at];
    struct complaint why = {{0}};
    const PbContact *stored = NULL;
    PbContact empty = IHURIRO__V1__CONTACT__INIT;
    enum err err = contact_read(&import->reading.txn, row->id, &import->file.arena, &stored);
    if (err != ERR_OK) {
        return err;
    }
    PbContact before = stored != NULL ? *stored : empty;
    made->contact = empty;
    for (size_t word = 0; word < CONTACT_WORDS; word++) {
        char *kept = *contact_line(&before, word);
        char *text = row->contact[word] != NULL ? (char *)(uintptr_t)row->contact[word] : kept;
        text = text != NULL && text[0] == '\0' ? NULL : text;
        *contact_line(&made->contact, word) = text;
        made->has_contact = made->has_contact || !is_same_text(text, kept);
    }
    import->contact_count += made->has_contact;
    return !made->has_contact || contact_check(&made->contact, &why) == ERR_OK
               ? ERR_OK
               : refuse(import, row->line, &why);
}

/* ---- the file ---- */

static enum err take_mergers(struct import *import)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < import->file.count && err == ERR_OK; i++) {
        err = take_merger(import, i); /* behind all: its successor may stand further down */
    }
    return err;
}

static enum err take_rows(struct import *import)
{
    const size_t count = import->file.count;
    AUTO(free_p) json_t **changes = calloc(count, sizeof changes[0]);
    import->rows = calloc(count, sizeof import->rows[0]);
    import->events = calloc(count * 4, sizeof import->events[0]);
    import->told = json_array();
    enum err err =
        changes == NULL || import->rows == NULL || import->events == NULL || import->told == NULL
            ? ERR_MEMORY
            : ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = take_party(import, i, &changes[i]);
        err = err != ERR_OK ? err : take_contact(import, i);
    }
    err = err != ERR_OK ? err : take_mergers(import);
    for (size_t i = 0; changes != NULL && i < count; i++) {
        if (err == ERR_OK) {
            tell(import, i, changes[i]);
        } else {
            json_decref(changes[i]);
        }
    }
    return err;
}

static void print_told(const struct import *import, bool is_json)
{
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach(import->told, i, row)
    {
        const char *between = ": ";
        const char *name = NULL;
        json_t *change = NULL;
        if (is_json) {
            json_dumpf(row, stdout, JSON_COMPACT);
            putchar('\n');
            continue;
        }
        printf("line %lld: %s %s", (long long)json_integer_value(json_object_get(row, "line")),
               json_string_value(json_object_get(row, "id")),
               strcmp(json_string_value(json_object_get(row, "what")), "new") == 0 ? "is new"
                                                                                   : "changes");
        json_object_foreach(json_object_get(row, "changes"), name, change)
        {
            const char *before = json_string_value(json_array_get(change, 0));
            printf("%s%s %s%s%s", between, name, before, before[0] != '\0' ? " -> " : "",
                   json_string_value(json_array_get(change, 1)));
            between = ", ";
        }
        putchar('\n');
    }
}

static void print_summary(const struct import *import, bool is_json, bool is_dry)
{
    const size_t same = import->file.count - import->new_count - import->changed_count;
    if (is_json) {
        printf("{\"new\":%zu,\"changed\":%zu,\"same\":%zu,\"acts\":%zu,\"contacts\":%zu,"
               "\"dry_run\":%s}\n",
               import->new_count, import->changed_count, same, import->event_count,
               import->contact_count, is_dry ? "true" : "false");
        return;
    }
    printf("%zu new, %zu changed, %zu as they are (acts: %zu, contacts: %zu)%s\n",
           import->new_count, import->changed_count, same, import->event_count,
           import->contact_count, is_dry ? "; --dry-run: nothing was changed" : "");
}

/* The acts at once. Contacts are no acts: each by itself behind them, and again with the same file
 * if that was broken off. */
static enum err submit(struct import *import, const char *config, struct complaint *complaint)
{
    AUTO(hub_release) struct hub hub = {0};
    uint64_t seq = 0;
    enum err err = hub_config_read(config, &hub.config, complaint);
    if (err == ERR_OK && import->event_count > 0) {
        err = acts_submit(&hub, import->events, import->event_count, complaint, &seq);
    }
    for (size_t i = 0; i < import->file.count && err == ERR_OK; i++) {
        Ihuriro__V1__SetContact request = IHURIRO__V1__SET_CONTACT__INIT;
        request.institution = (char *)(uintptr_t)import->file.rows[i].id;
        request.contact = &import->rows[i].contact;
        err = import->rows[i].has_contact ? contact_submit(&hub, &request, complaint) : ERR_OK;
    }
    return err;
}

static int print_template(void)
{
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = party_file_template(&text);
    if (err != ERR_OK) {
        return command_failed(err, NULL);
    }
    fwrite(text.data, 1, text.size, stdout);
    return 0;
}

static enum err take_file(struct import *import, const char *config, const char *path)
{
    enum err err = party_file_read(path, import->complaint, &import->file);
    err = err != ERR_OK ? err : parties_read(config, import->complaint, &import->reading);
    if (err != ERR_OK) {
        return err;
    }
    import->now_us = admin_now_us(&import->reading.hub);
    err = take_rows(import);
    return err == ERR_OK && import->event_count > WRITE_EVENTS_MAX
               ? complain(import->complaint, ERR_REFUSED,
                          "%s needs %zu acts, and %d at once is the most: import it in parts.",
                          path, import->event_count, WRITE_EVENTS_MAX)
               : err;
}

int parties_import(int argc, char **argv)
{
    struct import_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    AUTO(import_close) struct import import = {.complaint = &complaint};
    bool is_json = false;
    int code = options_parse(&import_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (arguments.template) {
        return print_template();
    }
    if (words.count == 0) {
        return options_refuse(import_options.program, "Which file? Or --template for a new one.");
    }
    const char *config = arguments.common.config;
    enum err err = wants_json(&arguments.common, &complaint, &is_json);
    err = err != ERR_OK ? err : take_file(&import, config, words.items[0]);
    if (err == ERR_OK && !arguments.dry_run) {
        parties_reading_end(&import.reading); /* the hub is opened again, perhaps for writing */
        err = submit(&import, config, &complaint);
    }
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    print_told(&import, is_json);
    print_summary(&import, is_json, arguments.dry_run);
    return 0;
}
