/* mfi-hub parties list, show: the registry as it stands. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "hub/contacts.h"
#include "hub/parties.h"

struct list_arguments {
    struct common_arguments common;
};

static const struct option_row list_rows[] = {
    COMMON_ROWS(struct list_arguments), FORMAT_ROW(struct list_arguments), {0}};
static const struct options list_options = {
    .program = "mfi-hub parties list",
    .about = "Prints the registry as it stands.",
    .rows = list_rows,
};
static const struct options show_options = {
    .program = "mfi-hub parties show",
    .words = "ID",
    .about = "Prints all that the registry knows of one party: row, names, keys, mergers and "
             "splits; not how to reach it (`mfi-hub parties contact ID`).",
    .rows = list_rows,
    .words_min = 1,
    .words_max = 1,
};

static json_t *keys_json(const struct party_key *keys, size_t count, bool is_z85)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char text[2 * PUBLIC_KEY_BYTES + 1];
        if (is_z85) {
            transport_key_z85(keys[i].key, text);
        } else {
            hex_encode(bytes_of(keys[i].key, PUBLIC_KEY_BYTES), text);
        }
        const char *state = keys[i].revoked_us != 0    ? "revoked"
                            : keys[i].replaced_us != 0 ? "replaced"
                                                       : "in force";
        json_array_append_new(list, json_pack("{s:s,s:s}", "key", text, "state", state));
    }
    return list;
}

static void set_day(json_t *json, const char *name, int32_t day, int32_t unbounded)
{
    char text[11];
    if (day != unbounded) {
        day_format(day, text);
        json_object_set_new(json, name, json_string(text));
    }
}

static void set_text(json_t *json, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_new(json, name, json_string(text));
    }
}

static void set_details(json_t *json, const struct party *party)
{
    json_object_set_new(json, "status", json_string(party_status_name(party->status)));
    set_day(json, "status_from", party->status_from_day, INT32_MIN);
    set_day(json, "reports_from", party->reports_from_day, INT32_MIN);
    set_day(json, "ended", party->ended_day, INT32_MAX);
    set_text(json, "peer_group", party->peer_group);
    set_text(json, "bureau", party->bureau);
    set_text(json, "le_book", party->le_book);
    set_text(json, "lei", party->lei);
    set_text(json, "licence", party->licence);
    set_text(json, "cooperative", party->cooperative);
    set_text(json, "tin", party->tin);
    if (party->assets >= 0) {
        json_object_set_new(json, "assets", json_integer(party->assets));
        set_day(json, "assets_on", party->assets_on_day, INT32_MIN);
    }
}

static bool names(const struct succession *row, const char *id)
{
    bool is_named = strcmp(row->one, id) == 0;
    for (size_t i = 0; i < row->many_count; i++) {
        is_named = is_named || strcmp(row->many[i], id) == 0;
    }
    return is_named;
}

static json_t *successions_json(const struct registry *registry, const char *id)
{
    size_t count = 0;
    const struct succession *rows = registry_successions(registry, &count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (!names(&rows[i], id)) {
            continue;
        }
        json_t *many = json_array();
        for (size_t j = 0; j < rows[i].many_count; j++) {
            json_array_append_new(many, json_string(rows[i].many[j]));
        }
        json_t *row = json_object();
        set_day(row, "from", rows[i].from_day, INT32_MIN);
        json_object_set_new(row, rows[i].is_split ? "split" : "into", json_string(rows[i].one));
        json_object_set_new(row, rows[i].is_split ? "into" : "merged", many);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *names_json(const struct party *party)
{
    json_t *list = json_array();
    json_array_append_new(list, json_pack("{s:s?}", "name", party->first_name));
    for (size_t i = 0; i < party->name_count; i++) {
        json_t *name = json_pack("{s:s}", "name", party->names[i].name);
        set_day(name, "from", party->names[i].from_day, INT32_MIN);
        json_array_append_new(list, name);
    }
    return list;
}

static json_t *party_json(const struct registry *registry, const struct party *party)
{
    json_t *json = json_pack("{s:s,s:s,s:s?,s:s?,s:s?,s:s,s:b}", "id", party->id, "role",
                             role_name(party->role), "name", party->name, "category",
                             party->category, "district", party->district, "currency",
                             party->currency, "agreement", party->shares);
    set_day(json, "valid_from", party->valid_from_day, INT32_MIN);
    set_day(json, "valid_to", party->valid_to_day, INT32_MAX);
    set_details(json, party);
    if (party->name_count > 0) {
        json_object_set_new(json, "names", names_json(party));
    }
    if (party->ended_day != INT32_MAX || party->took_over_day != INT32_MAX) {
        json_object_set_new(json, "successions", successions_json(registry, party->id));
    }
    json_object_set_new(json, "signing_keys",
                        keys_json(party->signing_keys, party->signing_key_count, false));
    json_object_set_new(json, "transport_keys",
                        keys_json(party->transport_keys, party->transport_key_count, true));
    return json;
}

static void print_json(const struct registry *registry, const struct party *party)
{
    json_t *json = party_json(registry, party);
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(json);
}

/* ---- as text ---- */

static const char *keys_in_force(const struct party *party)
{
    for (size_t i = 0; i < party->transport_key_count; i++) {
        if (party->transport_keys[i].revoked_us == 0) {
            return "";
        }
    }
    return party->transport_key_count == 0 ? "no key" : "revoked";
}

static const char *standing(const struct party *party)
{
    return party->ended_day != INT32_MAX   ? "ended"
           : party->status != PARTY_ACTIVE ? party_status_name(party->status)
                                           : "-";
}

static void print_registry(const struct registry *registry, bool is_json)
{
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct party *party = registry_at(registry, i);
        if (is_json) {
            print_json(registry, party);
        } else {
            printf("%-16s %-11s %-8s %-4s %-4s %-9s %-10s %-8s %s\n", party->id,
                   role_name(party->role), party->category[0] != 0 ? party->category : "-",
                   party->district[0] != 0 ? party->district : "-",
                   party->currency[0] != 0 ? party->currency : "-", party->shares ? "shares" : "-",
                   standing(party), keys_in_force(party), party->name);
        }
    }
}

/* A line a value, under the names that the JSON has. */
static void print_value(const char *name, const json_t *value)
{
    if (json_is_string(value) && json_string_length(value) > 0) {
        printf("%-14s %s\n", name, json_string_value(value));
    } else if (json_is_integer(value)) {
        printf("%-14s %lld minor units\n", name, (long long)json_integer_value(value));
    } else if (json_is_boolean(value)) {
        printf("%-14s %s\n", name, json_is_true(value) ? "yes" : "no");
    }
}

/* A line a row: its values, one behind the other. */
static void print_rows(const char *name, const json_t *rows)
{
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach(rows, i, row)
    {
        const char *key = NULL;
        json_t *value = NULL;
        const char *between = "";
        printf("%-14s ", name);
        json_object_foreach((json_t *)(uintptr_t)row, key, value)
        {
            printf("%s%s ", between, key);
            size_t j = 0;
            const json_t *one = NULL;
            json_array_foreach(value, j, one)
            {
                printf("%s%s", j == 0 ? "" : " ", json_string_value(one));
            }
            printf("%s", json_is_string(value) ? json_string_value(value) : "");
            between = ", ";
        }
        putchar('\n');
    }
}

static void print_party(const struct registry *registry, const struct party *party)
{
    json_t *json = party_json(registry, party);
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(json, name, value)
    {
        if (json_is_array(value)) {
            print_rows(name, value);
        } else {
            print_value(name, value);
        }
    }
    json_decref(json);
}

int parties_list(int argc, char **argv)
{
    struct list_arguments arguments = {0};
    struct complaint complaint = {{0}};
    AUTO(parties_reading_end) struct parties_reading reading = {0};
    bool is_json = false;
    int code = options_parse(&list_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    enum err err = wants_json(&arguments.common, &complaint, &is_json);
    err = err != ERR_OK ? err : parties_read(arguments.common.config, &complaint, &reading);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    print_registry(reading.registry, is_json);
    return 0;
}

int parties_show(int argc, char **argv)
{
    struct list_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    AUTO(parties_reading_end) struct parties_reading reading = {0};
    const struct party *party = NULL;
    bool is_json = false;
    int code = options_parse(&show_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    enum err err = wants_json(&arguments.common, &complaint, &is_json);
    err = err != ERR_OK ? err : parties_read(arguments.common.config, &complaint, &reading);
    err = err != ERR_OK ? err : parties_find(&reading, words.items[0], &complaint, &party);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    if (is_json) {
        print_json(reading.registry, party);
    } else {
        print_party(reading.registry, party);
    }
    return 0;
}
