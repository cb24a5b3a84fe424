/* mfi-hub parties add, set, revoke: each change is an act. */
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "hub/admin_client.h"
#include "hub/parties.h"
#include "hub/party_words.h"

struct party_arguments {
    struct common_arguments common;
    struct party_words words;
};

#define WORD(index)                            \
    (offsetof(struct party_arguments, words) + \
     (index) * sizeof(((struct party_words *)0)->items[0]))
#define TEXT_ROW(name, index, value, help)                   \
    {                                                        \
        name, 0, OPTION_TEXT, WORD(index), value, help, 0, 0 \
    }

static const struct option_row change_rows[] = {
    COMMON_ROWS(struct party_arguments),
    TEXT_ROW("role", WORD_ROLE, "ROLE", "member, association, regulator or public"),
    TEXT_ROW("name", WORD_NAME, "NAME", "its name"),
    TEXT_ROW("category", WORD_CATEGORY, "K", "USACCO, MF, ... of the settings"),
    TEXT_ROW("district", WORD_DISTRICT, "D", "district code of the settings"),
    TEXT_ROW("currency", WORD_CURRENCY, "CUR", "the one currency it reports in"),
    TEXT_ROW("signing-key", WORD_SIGNING_KEY, "HEX", "public key of its reports"),
    TEXT_ROW("transport-key", WORD_TRANSPORT_KEY, "Z85",
             "public key of the connection that speaks for it"),
    TEXT_ROW("agreement", WORD_AGREEMENT, "yes|no",
             "association staff see its reports whole (default no)"),
    TEXT_ROW("valid-from", WORD_VALID_FROM, "DATE", "first day (default: always); none: always"),
    TEXT_ROW("valid-to", WORD_VALID_TO, "DATE", "last day (default: none)"),
    TEXT_ROW("reports-from", WORD_REPORTS_FROM, "DATE",
             "owes periods that begin then or later (default: the first after enrolment)"),
    TEXT_ROW("status", WORD_STATUS, "STATUS", "active, suspended (owes all the same), liquidated"),
    TEXT_ROW("status-from", WORD_STATUS_FROM, "DATE", "since when the status holds"),
    TEXT_ROW("peer-group", WORD_PEER_GROUP, "NAME", "whom it is compared with (its category)"),
    TEXT_ROW("bureau", WORD_BUREAU, "NAME", "who reports for it"),
    TEXT_ROW("le-book", WORD_LE_BOOK, "NNN", "the central bank's number, three digits"),
    TEXT_ROW("lei", WORD_LEI, "LEI", "ISO 17442, 20 characters with their check digits"),
    TEXT_ROW("licence", WORD_LICENCE, "NUMBER", "its licence"),
    TEXT_ROW("cooperative", WORD_COOPERATIVE, "NUMBER", "in the register of cooperatives"),
    TEXT_ROW("tin", WORD_TIN, "NUMBER", "its tax number"),
    TEXT_ROW("assets", WORD_ASSETS, "AMOUNT", "total assets, until a CAPITAL report says them"),
    TEXT_ROW("assets-on", WORD_ASSETS_ON, "DATE", "the day of these assets"),
    {0}};
static const struct option_row revoke_rows[] = {
    COMMON_ROWS(struct party_arguments),
    TEXT_ROW("signing-key", WORD_SIGNING_KEY, "HEX", "only this signing key"),
    TEXT_ROW("transport-key", WORD_TRANSPORT_KEY, "Z85", "only this transport key"),
    {0},
};

/* ---- add, set ---- */

/* `add` is for a party that is not there, `set` for one that is. */
static enum err check_presence(const struct party *party, const char *id, bool is_add,
                               struct complaint *complaint)
{
    if (is_add && party != NULL) {
        return complain(complaint, ERR_EXISTS,
                        "%s is a party already. Change it with `mfi-hub parties set %s ...`.", id,
                        id);
    }
    return is_add || party != NULL
               ? ERR_OK
               : complain(complaint, ERR_NOT_FOUND,
                          "%s is no party. Add it with `mfi-hub parties add %s ...`.", id, id);
}

/* Against the store beside the hub. What it makes of the words stays the caller's. */
static enum err read_change(const struct party_arguments *arguments, const char *id, bool is_add,
                            struct complaint *complaint, struct party_change *change)
{
    AUTO(parties_reading_end) struct parties_reading reading = {0};
    enum err err = parties_read(arguments->common.config, complaint, &reading);
    if (err != ERR_OK) {
        return err;
    }
    const struct party *party = registry_find(reading.registry, id);
    const struct party_ground ground = {reading.settings, party, "--"};
    err = party_change_read(&arguments->words, &ground, complaint, change);
    err = err != ERR_OK ? err : check_presence(party, id, is_add, complaint);
    if (err != ERR_OK) {
        return err;
    }
    party_change_events(change, id);
    return change->count > 0
               ? ERR_OK
               : complain(complaint, ERR_USAGE, "Nothing is to change: give at least one option.");
}

int parties_submit(const struct common_arguments *common, const char *id, PbEvent *const *events,
                   size_t count, struct complaint *complaint)
{
    AUTO(hub_release) struct hub hub = {0};
    uint64_t seq = 0;
    enum err err = hub_config_read(common->config, &hub.config, complaint);
    err = err != ERR_OK ? err : acts_submit(&hub, events, count, complaint, &seq);
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
    struct party_change change;
    int code = options_parse(options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (is_add &&
        (arguments.words.items[WORD_ROLE] == NULL || arguments.words.items[WORD_NAME] == NULL)) {
        return options_refuse(options->program, "A new party needs --role and --name.");
    }
    enum err err = read_change(&arguments, words.items[0], is_add, &complaint, &change);
    return err != ERR_OK ? command_failed(err, &complaint)
                         : parties_submit(&arguments.common, words.items[0], change.list,
                                          change.count, &complaint);
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
        "30 days. An empty text takes back what may be missing, `none` a date.",
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

int parties_add(int argc, char **argv)
{
    return change_party(&add_options, true, argc, argv);
}

int parties_set(int argc, char **argv)
{
    return change_party(&set_options, false, argc, argv);
}

/* ---- revoke ---- */

#define REVOKED_MAX 64

/* The keys to revoke: copies, with their views. */
struct revoking {
    uint8_t keys[REVOKED_MAX][PUBLIC_KEY_BYTES];
    ProtobufCBinaryData list[REVOKED_MAX];
    size_t count;
};

static void add_key(struct revoking *revoking, const uint8_t *key)
{
    if (revoking->count < REVOKED_MAX) {
        uint8_t *copy = revoking->keys[revoking->count];
        memcpy(copy, key, PUBLIC_KEY_BYTES);
        revoking->list[revoking->count++] = pb_of_bytes(bytes_of(copy, PUBLIC_KEY_BYTES));
    }
}

static void add_keys(struct revoking *revoking, const struct party_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].revoked_us == 0) {
            add_key(revoking, keys[i].key);
        }
    }
}

/* All keys of the party that are not revoked, or those named. */
static enum err keys_to_revoke(const struct party_arguments *arguments, const char *id,
                               struct revoking *revoking, struct complaint *complaint)
{
    AUTO(parties_reading_end) struct parties_reading reading = {0};
    struct party_change named;
    const struct party *party = NULL;
    enum err err = parties_read(arguments->common.config, complaint, &reading);
    err = err != ERR_OK ? err : parties_find(&reading, id, complaint, &party);
    if (err != ERR_OK) {
        return err;
    }
    const struct party_ground ground = {reading.settings, party, "--"};
    err = party_change_read(&arguments->words, &ground, complaint, &named);
    if (err == ERR_OK && named.keys.has_signing_key) {
        add_key(revoking, named.signing_key);
    }
    if (err == ERR_OK && named.keys.has_transport_key) {
        add_key(revoking, named.transport_key);
    }
    if (err == ERR_OK && !named.keys.has_signing_key && !named.keys.has_transport_key) {
        add_keys(revoking, party->signing_keys, party->signing_key_count);
        add_keys(revoking, party->transport_keys, party->transport_key_count);
    }
    return err != ERR_OK || revoking->count > 0
               ? err
               : complain(complaint, ERR_NOT_FOUND, "%s has no key that is not revoked already.",
                          id);
}

int parties_revoke(int argc, char **argv)
{
    struct party_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    struct revoking revoking = {.count = 0};
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbEvent *list[] = {&event};
    int code = options_parse(&revoke_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    enum err err = keys_to_revoke(&arguments, words.items[0], &revoking, &complaint);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    keys.revoked = revoking.list;
    keys.n_revoked = revoking.count;
    event.subject = words.items[0];
    event.keys = &keys;
    return parties_submit(&arguments.common, words.items[0], list, 1, &complaint);
}
