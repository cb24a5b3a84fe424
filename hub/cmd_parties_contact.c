/* mfi-hub parties contact: how to reach a party. No act: replaced and erased without a trace. */
#include <jansson.h>
#include <stdio.h>

#include "conf/options.h"
#include "hub/admin_client.h"
#include "hub/contacts.h"
#include "hub/parties.h"

struct contact_arguments {
    struct common_arguments common;
    const char *office;
    const char *telephone;
    const char *address;
    const char *language;
    bool erase;
};

#define CONTACT(field) offsetof(struct contact_arguments, field)
static const struct option_row contact_rows[] = {
    COMMON_ROWS(struct contact_arguments),
    FORMAT_ROW(struct contact_arguments),
    {"office", 0, OPTION_TEXT, CONTACT(office), "TEXT", "whom to ask for: an office, not a name", 0,
     0},
    {"telephone", 0, OPTION_TEXT, CONTACT(telephone), "NUMBER", "its number", 0, 0},
    {"address", 0, OPTION_TEXT, CONTACT(address), "TEXT", "its address", 0, 0},
    {"language", 0, OPTION_TEXT, CONTACT(language), "en|fr|rw", "in which to write", 0, 0},
    {"erase", 0, OPTION_FLAG, CONTACT(erase), NULL, "take the whole contact away", 0, 0},
    {0},
};

static const struct options contact_options = {
    .program = "mfi-hub parties contact",
    .words = "ID",
    .about = "Shows how to reach a party, or sets what is given; an empty value takes one line "
             "away. It is no part of the journal: what is replaced or erased is gone, but for "
             "backups taken before. Staff and the regulator may ask for it.",
    .rows = contact_rows,
    .words_min = 1,
    .words_max = 1,
};

struct contact_line {
    const char *name;
    size_t given;  /* in the arguments */
    size_t stored; /* in the message */
};

#define LINE(field)                                        \
    {                                                      \
#field, CONTACT(field), offsetof(PbContact, field) \
    }
static const struct contact_line contact_lines[] = {LINE(office), LINE(telephone), LINE(address),
                                                    LINE(language)};
#define LINES (sizeof contact_lines / sizeof contact_lines[0])

static char **stored_line(const PbContact *contact, size_t line)
{
    return (char **)(void *)((char *)(uintptr_t)contact + contact_lines[line].stored);
}

static const char *given_line(const struct contact_arguments *arguments, size_t line)
{
    return *(const char *const *)(const void *)((const char *)arguments +
                                                contact_lines[line].given);
}

static bool is_anything_given(const struct contact_arguments *arguments)
{
    bool is_given = false;
    for (size_t i = 0; i < LINES; i++) {
        is_given = is_given || given_line(arguments, i) != NULL;
    }
    return is_given;
}

static void print_contact(const char *id, const PbContact *contact, bool is_json)
{
    json_t *json = json_pack("{s:s}", "id", id);
    if (!is_json && contact == NULL) {
        printf("%s has no contact.\n", id);
    }
    for (size_t i = 0; i < LINES && contact != NULL; i++) {
        const char *text = *stored_line(contact, i);
        if (text != NULL && is_json) {
            json_object_set_new(json, contact_lines[i].name, json_string(text));
        } else if (text != NULL) {
            printf("%-10s %s\n", contact_lines[i].name, text);
        }
    }
    if (is_json) {
        json_dumpf(json, stdout, JSON_COMPACT);
        putchar('\n');
    }
    json_decref(json);
}

/* Reads what there is; it lives in the arena. */
static enum err read_contact(const char *config, const char *id, struct arena *arena,
                             struct complaint *complaint, const PbContact **ret_contact)
{
    AUTO(parties_reading_end) struct parties_reading reading = {0};
    const struct party *party = NULL;
    enum err err = parties_read(config, complaint, &reading);
    err = err != ERR_OK ? err : parties_find(&reading, id, complaint, &party);
    return err != ERR_OK ? err : contact_read(&reading.txn, id, arena, ret_contact);
}

static enum err change_contact(const struct contact_arguments *arguments, const char *id,
                               const PbContact *before, struct complaint *complaint)
{
    AUTO(hub_release) struct hub hub = {0};
    Ihuriro__V1__SetContact request = IHURIRO__V1__SET_CONTACT__INIT;
    PbContact contact = IHURIRO__V1__CONTACT__INIT;
    for (size_t i = 0; i < LINES; i++) {
        const char *given = given_line(arguments, i);
        char *kept = before != NULL ? *stored_line(before, i) : NULL;
        char *text = given != NULL ? (char *)(uintptr_t)given : kept; /* packed only */
        *stored_line(&contact, i) = text != NULL && text[0] != '\0' ? text : NULL;
    }
    request.institution = (char *)(uintptr_t)id;
    request.contact = arguments->erase ? NULL : &contact;
    enum err err = hub_config_read(arguments->common.config, &hub.config, complaint);
    return err != ERR_OK ? err : contact_submit(&hub, &request, complaint);
}

int parties_contact(int argc, char **argv)
{
    struct contact_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    AUTO(arena_close) struct arena arena = {0};
    const PbContact *contact = NULL;
    bool is_json = false;
    int code = options_parse(&contact_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    const char *id = words.items[0];
    const bool is_change = is_anything_given(&arguments) || arguments.erase;
    if (arguments.erase && is_anything_given(&arguments)) {
        return options_refuse(contact_options.program, "--erase stands alone.");
    }
    enum err err = wants_json(&arguments.common, &complaint, &is_json);
    err = err != ERR_OK ? err
                        : read_contact(arguments.common.config, id, &arena, &complaint, &contact);
    err = err != ERR_OK || !is_change ? err : change_contact(&arguments, id, contact, &complaint);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    if (is_change) {
        printf("%s: contact %s\n", id, arguments.erase ? "erased" : "set");
    } else {
        print_contact(id, contact, is_json);
    }
    return 0;
}
