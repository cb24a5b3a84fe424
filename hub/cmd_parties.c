/* mfi-hub parties list|add|set|revoke: each change is an act. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "hub/admin_client.h"
#include "hub/commands.h"

struct party_arguments {
    struct common_arguments common;
    const char *role;
    const char *name;
    const char *category;
    const char *district;
    const char *currency;
    const char *signing_key;
    const char *transport_key;
    const char *agreement;
    const char *valid_from;
    const char *valid_to;
};

#define PARTY(field) offsetof(struct party_arguments, field)
#define PARTY_ROWS                                                                                   \
    COMMON_ROWS(struct party_arguments),                                                             \
        {"role", 0, OPTION_TEXT, PARTY(role), "ROLE", "member, association, regulator or public",    \
         0,      0},                                                                                 \
        {"name", 0, OPTION_TEXT, PARTY(name), "NAME", "its name", 0, 0},                             \
        {"category", 0, OPTION_TEXT, PARTY(category), "K", "USACCO, MF, ... of the settings", 0, 0}, \
        {"district", 0, OPTION_TEXT, PARTY(district), "D", "district code", 0, 0},                   \
        {"currency", 0, OPTION_TEXT, PARTY(currency), "CUR", "the one currency it reports in",       \
         0,          0},                                                                             \
        {"signing-key",                                                                              \
         0,                                                                                          \
         OPTION_TEXT,                                                                                \
         PARTY(signing_key),                                                                         \
         "HEX",                                                                                      \
         "public key of its reports",                                                                \
         0,                                                                                          \
         0},                                                                                         \
        {"transport-key",                                                                            \
         0,                                                                                          \
         OPTION_TEXT,                                                                                \
         PARTY(transport_key),                                                                       \
         "Z85",                                                                                      \
         "public key of the connection that speaks for it",                                          \
         0,                                                                                          \
         0},                                                                                         \
        {"agreement", 0,                                                                             \
         OPTION_TEXT, PARTY(agreement),                                                              \
         "yes|no",    "association staff see its reports whole (default no)",                        \
         0,           0},                                                                            \
        {"valid-from",                                                                               \
         0,                                                                                          \
         OPTION_TEXT,                                                                                \
         PARTY(valid_from),                                                                          \
         "DATE",                                                                                     \
         "first day (default: always)",                                                              \
         0,                                                                                          \
         0},                                                                                         \
    {                                                                                                \
        "valid-to", 0, OPTION_TEXT, PARTY(valid_to), "DATE", "last day (default: none)", 0, 0        \
    }

static const struct option_row change_rows[] = {PARTY_ROWS, {0}};
static const struct option_row list_rows[] = {
    COMMON_ROWS(struct party_arguments), FORMAT_ROW(struct party_arguments), {0}};
static const struct option_row revoke_rows[] = {
    COMMON_ROWS(struct party_arguments),
    {"signing-key", 0, OPTION_TEXT, PARTY(signing_key), "HEX", "only this signing key", 0, 0},
    {"transport-key", 0, OPTION_TEXT, PARTY(transport_key), "Z85", "only this transport key", 0, 0},
    {0},
};

/* ---- add, set ---- */

/* What one command becomes: up to three acts, each seen by those who may see it, all or none. */
struct change {
    PbEvent events[3];
    PbEvent *list[3];
    size_t count;
    PbPartyAct party;
    PbKeysAct keys;
    Ihuriro__V1__AgreementAct agreement;
    uint8_t signing_key[PUBLIC_KEY_BYTES];
    uint8_t transport_key[PUBLIC_KEY_BYTES];
};

static PbEvent *next_event(struct change *change, const char *id)
{
    PbEvent *event = &change->events[change->count];
    *event = (PbEvent)IHURIRO__V1__EVENT__INIT;
    event->subject = (char *)(uintptr_t)id; /* packed only */
    change->list[change->count++] = event;
    return event;
}

static enum err read_day(const char *text, const char *what, protobuf_c_boolean *has, int32_t *day,
                         struct complaint *complaint)
{
    if (text == NULL) {
        return ERR_OK;
    }
    *has = 1;
    return day_parse(text, day) == ERR_OK
               ? ERR_OK
               : complain(complaint, ERR_USAGE, "--%s is a date like 2020-06-30, not \"%s\".", what,
                          text);
}

static enum err fill_party(const char *id, const struct party_arguments *arguments,
                           struct change *change, struct complaint *complaint)
{
    PbPartyAct *party = &change->party;
    *party = (PbPartyAct)IHURIRO__V1__PARTY_ACT__INIT;
    int role = 0;
    if (arguments->role != NULL && role_parse(arguments->role, &role) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "--role is member, association, regulator or public, not \"%s\".",
                        arguments->role);
    }
    party->has_role = arguments->role != NULL;
    party->role = party->has_role ? (Ihuriro__V1__PartyAct__Role)role : party->role;
    party->name = (char *)(uintptr_t)arguments->name; /* packed only */
    party->category = (char *)(uintptr_t)arguments->category;
    party->district = (char *)(uintptr_t)arguments->district;
    party->currency = (char *)(uintptr_t)arguments->currency;
    enum err err = read_day(arguments->valid_from, "valid-from", &party->has_valid_from_day,
                            &party->valid_from_day, complaint);
    err = err != ERR_OK ? err
                        : read_day(arguments->valid_to, "valid-to", &party->has_valid_to_day,
                                   &party->valid_to_day, complaint);
    if (err == ERR_OK && (party->has_role || party->name != NULL || party->category != NULL ||
                          party->district != NULL || party->currency != NULL ||
                          party->has_valid_from_day || party->has_valid_to_day)) {
        next_event(change, id)->party = party;
    }
    return err;
}

static enum err read_keys(const struct party_arguments *arguments, struct change *change,
                          struct complaint *complaint)
{
    if (arguments->signing_key != NULL &&
        hex_decode(arguments->signing_key, change->signing_key, PUBLIC_KEY_BYTES) != ERR_OK) {
        return complain(complaint, ERR_USAGE, "--signing-key has 64 hex digits.");
    }
    if (arguments->transport_key != NULL &&
        transport_key_parse(arguments->transport_key, change->transport_key) != ERR_OK) {
        return complain(complaint, ERR_USAGE, "--transport-key has 40 characters of Z85.");
    }
    return ERR_OK;
}

static enum err fill_change(const char *id, const struct party_arguments *arguments,
                            struct change *change, struct complaint *complaint)
{
    enum err err = fill_party(id, arguments, change, complaint);
    err = err != ERR_OK ? err : read_keys(arguments, change, complaint);
    if (err != ERR_OK) {
        return err;
    }
    if (arguments->signing_key != NULL || arguments->transport_key != NULL) {
        PbKeysAct *keys = &change->keys;
        *keys = (PbKeysAct)IHURIRO__V1__KEYS_ACT__INIT;
        keys->has_signing_key = arguments->signing_key != NULL;
        keys->signing_key = pb_of_bytes(bytes_of(change->signing_key, PUBLIC_KEY_BYTES));
        keys->has_transport_key = arguments->transport_key != NULL;
        keys->transport_key = pb_of_bytes(bytes_of(change->transport_key, PUBLIC_KEY_BYTES));
        next_event(change, id)->keys = keys;
    }
    if (arguments->agreement != NULL) {
        bool is_yes = strcmp(arguments->agreement, "yes") == 0;
        if (!is_yes && strcmp(arguments->agreement, "no") != 0) {
            return complain(complaint, ERR_USAGE, "--agreement is yes or no.");
        }
        change->agreement = (Ihuriro__V1__AgreementAct)IHURIRO__V1__AGREEMENT_ACT__INIT;
        change->agreement.shares = is_yes;
        next_event(change, id)->agreement = &change->agreement;
    }
    return change->count > 0
               ? ERR_OK
               : complain(complaint, ERR_USAGE, "Nothing is to change: give at least one option.");
}

/* `add` is for a party that is not there, `set` for one that is: read from the store beside the
 * hub. */
static enum err check_presence(const struct common_arguments *common, const char *id, bool is_add,
                               struct complaint *complaint)
{
    AUTO(hub_release) struct hub hub = {0};
    AUTO(txn_end) struct txn txn = {0};
    AUTO(registry_close) struct registry *registry = NULL;
    enum err err = hub_config_read(common->config, &hub.config, complaint);
    err = err != ERR_OK ? err : hub_open(&hub, HUB_READ, complaint);
    err = err != ERR_OK ? err : txn_begin(store_env(hub.store), false, &txn);
    err = err != ERR_OK ? err : registry_load(&txn, &registry);
    bool is_there = err == ERR_OK && registry_find(registry, id) != NULL;
    if (err == ERR_OK && is_add && is_there) {
        err =
            complain(complaint, ERR_EXISTS,
                     "%s is a party already. Change it with `mfi-hub parties set %s ...`.", id, id);
    } else if (err == ERR_OK && !is_add && !is_there) {
        err = complain(complaint, ERR_NOT_FOUND,
                       "%s is no party. Add it with `mfi-hub parties add %s ...`.", id, id);
    }
    txn_end(&txn); /* before the store closes */
    return err;
}

static int submit_change(const struct common_arguments *common, const char *id, bool is_add,
                         struct change *change, struct complaint *complaint)
{
    AUTO(hub_release) struct hub hub = {0};
    uint64_t seq = 0;
    enum err err = check_presence(common, id, is_add, complaint);
    err = err != ERR_OK ? err : hub_config_read(common->config, &hub.config, complaint);
    err = err != ERR_OK ? err : acts_submit(&hub, change->list, change->count, complaint, &seq);
    if (err != ERR_OK) {
        return command_failed(err, complaint);
    }
    printf("%s: done, in force from record %llu on\n", id, (unsigned long long)seq);
    return 0;
}

static int change_party(const struct options *options, bool is_add, int argc, char **argv)
{
    struct party_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    struct change change = {0};
    int code = options_parse(options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (is_add && (arguments.role == NULL || arguments.name == NULL)) {
        return options_refuse(options->program, "A new party needs --role and --name.");
    }
    enum err err = fill_change(words.items[0], &arguments, &change, &complaint);
    return err != ERR_OK
               ? command_failed(err, &complaint)
               : submit_change(&arguments.common, words.items[0], is_add, &change, &complaint);
}

static const struct options add_options = {
    .program = "mfi-hub parties add",
    .words = "ID",
    .about =
        "Adds an institution, association, regulator or public reader. Its program's `init` prints "
        "the line to use.",
    .rows = change_rows,
    .words_min = 1,
    .words_max = 1,
};
static const struct options set_options = {
    .program = "mfi-hub parties set",
    .words = "ID",
    .about =
        "Changes what is given, nothing else. A new key replaces the old one, which stays good for "
        "30 days.",
    .rows = change_rows,
    .words_min = 1,
    .words_max = 1,
};
static const struct options revoke_options = {
    .program = "mfi-hub parties revoke",
    .words = "ID",
    .about =
        "Revokes the party's keys, for ever: no message under them is taken from the next one on. "
        "New keys can be given with `parties set`.",
    .rows = revoke_rows,
    .words_min = 1,
    .words_max = 1,
};
static const struct options list_options = {
    .program = "mfi-hub parties list",
    .about = "Prints the registry as it stands.",
    .rows = list_rows,
};

static int parties_add(int argc, char **argv)
{
    return change_party(&add_options, true, argc, argv);
}

static int parties_set(int argc, char **argv)
{
    return change_party(&set_options, false, argc, argv);
}

/* ---- revoke ---- */

#define REVOKED_MAX 64

static size_t add_keys(const struct party_key *keys, size_t count, ProtobufCBinaryData *list,
                       size_t at)
{
    for (size_t i = 0; i < count && at < REVOKED_MAX; i++) {
        if (keys[i].revoked_us == 0) {
            list[at++] = pb_of_bytes(bytes_of(keys[i].key, PUBLIC_KEY_BYTES));
        }
    }
    return at;
}

/* All keys of the party that are not revoked, or those named. */
static enum err keys_to_revoke(const struct registry *registry, const char *id,
                               const struct party_arguments *arguments, struct change *change,
                               ProtobufCBinaryData *list, struct complaint *complaint)
{
    const struct party *party = registry_find(registry, id);
    PbKeysAct *keys = &change->keys;
    *keys = (PbKeysAct)IHURIRO__V1__KEYS_ACT__INIT;
    keys->revoked = list;
    if (party == NULL) {
        return complain(complaint, ERR_NOT_FOUND, "%s is no party; see `mfi-hub parties list`.",
                        id);
    }
    enum err err = read_keys(arguments, change, complaint);
    if (arguments->signing_key != NULL) {
        list[keys->n_revoked++] = pb_of_bytes(bytes_of(change->signing_key, PUBLIC_KEY_BYTES));
    }
    if (arguments->transport_key != NULL) {
        list[keys->n_revoked++] = pb_of_bytes(bytes_of(change->transport_key, PUBLIC_KEY_BYTES));
    }
    if (arguments->signing_key == NULL && arguments->transport_key == NULL) {
        keys->n_revoked = add_keys(party->signing_keys, party->signing_key_count, list, 0);
        keys->n_revoked =
            add_keys(party->transport_keys, party->transport_key_count, list, keys->n_revoked);
    }
    if (err == ERR_OK && keys->n_revoked == 0) {
        err = complain(complaint, ERR_NOT_FOUND, "%s has no key that is not revoked already.", id);
    }
    next_event(change, id)->keys = keys;
    return err;
}

static int parties_revoke(int argc, char **argv)
{
    struct party_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    struct change change = {0};
    ProtobufCBinaryData list[REVOKED_MAX + 2];
    AUTO(hub_release) struct hub hub = {0};
    AUTO(registry_close) struct registry *registry = NULL;
    int code = options_parse(&revoke_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    enum err err = hub_config_read(arguments.common.config, &hub.config, &complaint);
    err = err != ERR_OK ? err : hub_open(&hub, HUB_READ, &complaint);
    if (err == ERR_OK) {
        AUTO(txn_end) struct txn txn = {0};
        err = txn_begin(store_env(hub.store), false, &txn);
        err = err != ERR_OK ? err : registry_load(&txn, &registry);
    }
    err = err != ERR_OK
              ? err
              : keys_to_revoke(registry, words.items[0], &arguments, &change, list, &complaint);
    store_close(&hub.store); /* submit_change opens it again, perhaps for writing */
    return err != ERR_OK
               ? command_failed(err, &complaint)
               : submit_change(&arguments.common, words.items[0], false, &change, &complaint);
}

/* ---- list ---- */

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

static json_t *party_json(const struct party *party)
{
    json_t *json = json_pack("{s:s,s:s,s:s?,s:s?,s:s?,s:s,s:b}", "id", party->id, "role",
                             role_name(party->role), "name", party->name, "category",
                             party->category, "district", party->district, "currency",
                             party->currency, "agreement", party->shares);
    set_day(json, "valid_from", party->valid_from_day, INT32_MIN);
    set_day(json, "valid_to", party->valid_to_day, INT32_MAX);
    json_object_set_new(json, "signing_keys",
                        keys_json(party->signing_keys, party->signing_key_count, false));
    json_object_set_new(json, "transport_keys",
                        keys_json(party->transport_keys, party->transport_key_count, true));
    return json;
}

static const char *keys_in_force(const struct party *party)
{
    for (size_t i = 0; i < party->transport_key_count; i++) {
        if (party->transport_keys[i].revoked_us == 0) {
            return "";
        }
    }
    return party->transport_key_count == 0 ? "no key" : "revoked";
}

static void print_registry(const struct registry *registry, bool is_json)
{
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct party *party = registry_at(registry, i);
        if (is_json) {
            json_t *json = party_json(party);
            json_dumpf(json, stdout, JSON_COMPACT);
            putchar('\n');
            json_decref(json);
        } else {
            printf("%-16s %-11s %-8s %-4s %-4s %-9s %-8s %s\n", party->id, role_name(party->role),
                   party->category != NULL ? party->category : "-",
                   party->district != NULL ? party->district : "-",
                   party->currency[0] != 0 ? party->currency : "-", party->shares ? "shares" : "-",
                   keys_in_force(party), party->name != NULL ? party->name : "");
        }
    }
}

static int parties_list(int argc, char **argv)
{
    struct party_arguments arguments = {0};
    struct complaint complaint = {{0}};
    AUTO(hub_release) struct hub hub = {0};
    AUTO(txn_end) struct txn txn = {0};
    AUTO(registry_close) struct registry *registry = NULL;
    bool is_json = false;
    int code = options_parse(&list_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    enum err err = wants_json(&arguments.common, &complaint, &is_json);
    err = err != ERR_OK ? err : hub_config_read(arguments.common.config, &hub.config, &complaint);
    err = err != ERR_OK ? err : hub_open(&hub, HUB_READ, &complaint);
    err = err != ERR_OK ? err : txn_begin(store_env(hub.store), false, &txn);
    err = err != ERR_OK ? err : registry_load(&txn, &registry);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    print_registry(registry, is_json);
    return 0;
}

static const struct command parties_commands[] = {
    {"list", parties_list, "the registry as it stands"},
    {"add", parties_add, "a new party"},
    {"set", parties_set, "change what is given"},
    {"revoke", parties_revoke, "a party's keys, for ever"},
    {0},
};

int cmd_parties(int argc, char **argv)
{
    return commands_run("mfi-hub parties", "Who may send, and who may read.", parties_commands,
                        argc, argv);
}
