#include "hub/party_words.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "proto/money.h"

static const char *const names[PARTY_WORDS] = {
    [WORD_ROLE] = "role",
    [WORD_NAME] = "name",
    [WORD_CATEGORY] = "category",
    [WORD_DISTRICT] = "district",
    [WORD_CURRENCY] = "currency",
    [WORD_SIGNING_KEY] = "signing-key",
    [WORD_TRANSPORT_KEY] = "transport-key",
    [WORD_AGREEMENT] = "agreement",
    [WORD_VALID_FROM] = "valid-from",
    [WORD_VALID_TO] = "valid-to",
    [WORD_REPORTS_FROM] = "reports-from",
    [WORD_STATUS] = "status",
    [WORD_STATUS_FROM] = "status-from",
    [WORD_PEER_GROUP] = "peer-group",
    [WORD_BUREAU] = "bureau",
    [WORD_LE_BOOK] = "le-book",
    [WORD_LEI] = "lei",
    [WORD_LICENCE] = "licence",
    [WORD_COOPERATIVE] = "cooperative",
    [WORD_TIN] = "tin",
    [WORD_ASSETS] = "assets",
    [WORD_ASSETS_ON] = "assets-on",
};

const char *party_word_name(enum party_word word)
{
    return names[word];
}

/* One reading: the words, what they are read against, what becomes of them. */
struct reading_words {
    const struct party_words *words;
    const struct party_ground *ground;
    struct complaint *complaint;
    struct party_change *change;
};

static const char *given(const struct reading_words *reading, enum party_word word)
{
    return reading->words->items[word];
}

static enum err refuse(const struct reading_words *reading, enum party_word word, const char *what)
{
    return complain(reading->complaint, ERR_USAGE, "%s%s %s, not \"%.60s\".",
                    reading->ground->prefix, names[word], what, given(reading, word));
}

/* ---- texts ---- */

#define TEXT(word, act_field, party_field)                                         \
    {                                                                              \
        word, offsetof(PbPartyAct, act_field), offsetof(struct party, party_field) \
    }

/* The name is of the party's own, not of a renaming. */
static const struct {
    enum party_word word;
    size_t of_act;
    size_t of_party;
} texts[] = {
    TEXT(WORD_NAME, name, name),
    TEXT(WORD_CATEGORY, category, category),
    TEXT(WORD_DISTRICT, district, district),
    TEXT(WORD_PEER_GROUP, peer_group, peer_group),
    TEXT(WORD_BUREAU, bureau, bureau),
    TEXT(WORD_LE_BOOK, le_book, le_book),
    TEXT(WORD_LEI, lei, lei),
    TEXT(WORD_LICENCE, licence, licence),
    TEXT(WORD_COOPERATIVE, cooperative, cooperative),
    TEXT(WORD_TIN, tin, tin),
};
#define TEXTS (sizeof texts / sizeof texts[0])

static char **text_at(const void *of, size_t offset)
{
    return (char **)(void *)((char *)(uintptr_t)of + offset);
}

static void read_texts(const struct reading_words *reading)
{
    PbPartyAct *act = &reading->change->party;
    for (size_t i = 0; i < TEXTS; i++) {
        *text_at(act, texts[i].of_act) =
            (char *)(uintptr_t)given(reading, texts[i].word); /* packed only */
    }
    act->currency = (char *)(uintptr_t)given(reading, WORD_CURRENCY);
}

/* ---- codes that the settings know ---- */

static enum err refuse_code(const struct reading_words *reading, enum party_word word,
                            char *const *codes, size_t count)
{
    char known[300] = "";
    for (size_t i = 0; i < count && strlen(known) + 40 < sizeof known; i++) {
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%.30s", used == 0 ? "" : ", ", codes[i]);
    }
    return complain(reading->complaint, ERR_USAGE,
                    "%s%s \"%.40s\" is none of the settings in force. Write one of: %s.",
                    reading->ground->prefix, names[word], given(reading, word), known);
}

static enum err check_code(const struct reading_words *reading, enum party_word word,
                           char *const *codes, size_t count)
{
    const char *text = given(reading, word);
    bool is_known = text == NULL || count == 0;
    for (size_t i = 0; i < count && !is_known; i++) {
        is_known = strcmp(codes[i], text) == 0;
    }
    return is_known ? ERR_OK : refuse_code(reading, word, codes, count);
}

static enum err check_codes(const struct reading_words *reading)
{
    const PbSettings *settings = reading->ground->settings;
    char *categories[64];
    size_t count = 0;
    if (settings == NULL) {
        return ERR_OK;
    }
    for (; count < settings->n_categories && count < 64; count++) {
        categories[count] = settings->categories[count]->code;
    }
    enum err err = check_code(reading, WORD_CATEGORY, categories, count);
    for (size_t i = 0; i < settings->n_codes && err == ERR_OK; i++) {
        const Ihuriro__V1__CodeList *list = settings->codes[i];
        if (strcmp(list->name, "DISTRICT") == 0) {
            err = check_code(reading, WORD_DISTRICT, list->codes, list->n_codes);
        }
    }
    return err;
}

/* ---- days, role, status, assets ---- */

static enum err read_days(const struct reading_words *reading)
{
    PbPartyAct *act = &reading->change->party;
    const struct {
        enum party_word word;
        protobuf_c_boolean *has;
        int32_t *day;
        int32_t none;
    } rows[] = {
        {WORD_VALID_FROM, &act->has_valid_from_day, &act->valid_from_day, INT32_MIN},
        {WORD_VALID_TO, &act->has_valid_to_day, &act->valid_to_day, INT32_MAX},
        {WORD_REPORTS_FROM, &act->has_reports_from_day, &act->reports_from_day, INT32_MIN},
        {WORD_STATUS_FROM, &act->has_status_from_day, &act->status_from_day, 0},
        {WORD_ASSETS_ON, &act->has_assets_on_day, &act->assets_on_day, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = given(reading, rows[i].word);
        if (text == NULL) {
            continue;
        }
        *rows[i].has = 1;
        if (strcmp(text, "none") == 0 && rows[i].none != 0) {
            *rows[i].day = rows[i].none;
        } else if (day_parse(text, rows[i].day) != ERR_OK) {
            return refuse(reading, rows[i].word, "is a date like 2020-06-30");
        }
    }
    return ERR_OK;
}

static enum err read_role(const struct reading_words *reading)
{
    PbPartyAct *act = &reading->change->party;
    int role = 0;
    int status = 0;
    if (given(reading, WORD_ROLE) != NULL &&
        role_parse(given(reading, WORD_ROLE), &role) != ERR_OK) {
        return refuse(reading, WORD_ROLE, "is member, association, regulator or public");
    }
    if (given(reading, WORD_STATUS) != NULL &&
        party_status_parse(given(reading, WORD_STATUS), &status) != ERR_OK) {
        return refuse(reading, WORD_STATUS, "is active, suspended or liquidated");
    }
    if (role != 0) {
        act->has_role = 1;
        act->role = (Ihuriro__V1__PartyAct__Role)role;
    }
    if (status != 0) {
        act->has_status = 1;
        act->status = (Ihuriro__V1__PartyAct__Status)status;
    }
    return ERR_OK;
}

/* In the party's currency, with its decimals. */
static enum err read_assets(const struct reading_words *reading)
{
    const struct party_ground *ground = reading->ground;
    PbPartyAct *act = &reading->change->party;
    const char *text = given(reading, WORD_ASSETS);
    const char *currency = act->currency != NULL   ? act->currency
                           : ground->party != NULL ? ground->party->currency
                                                   : "";
    if (text == NULL) {
        return ERR_OK;
    }
    for (size_t i = 0; ground->settings != NULL && i < ground->settings->n_currencies; i++) {
        const Ihuriro__V1__Currency *known = ground->settings->currencies[i];
        if (strcmp(known->code, currency) != 0) {
            continue;
        }
        act->has_assets = 1;
        return money_parse(text, strlen(text), known->exponent, &act->assets) == ERR_OK
                   ? ERR_OK
                   : refuse(reading, WORD_ASSETS, "is an amount in the party's currency");
    }
    return complain(reading->complaint, ERR_USAGE,
                    "%s%s needs a currency that the settings in force know; \"%.10s\" is none.",
                    ground->prefix, names[WORD_ASSETS], currency);
}

/* ---- keys, agreement ---- */

static enum err read_keys(const struct reading_words *reading)
{
    struct party_change *change = reading->change;
    const char *signing = given(reading, WORD_SIGNING_KEY);
    const char *transport = given(reading, WORD_TRANSPORT_KEY);
    if (signing != NULL && hex_decode(signing, change->signing_key, PUBLIC_KEY_BYTES) != ERR_OK) {
        return refuse(reading, WORD_SIGNING_KEY, "has 64 hex digits");
    }
    if (transport != NULL && transport_key_parse(transport, change->transport_key) != ERR_OK) {
        return refuse(reading, WORD_TRANSPORT_KEY, "has 40 characters of Z85");
    }
    change->keys.has_signing_key = signing != NULL;
    change->keys.signing_key = pb_of_bytes(bytes_of(change->signing_key, PUBLIC_KEY_BYTES));
    change->keys.has_transport_key = transport != NULL;
    change->keys.transport_key = pb_of_bytes(bytes_of(change->transport_key, PUBLIC_KEY_BYTES));
    return ERR_OK;
}

static enum err read_agreement(const struct reading_words *reading)
{
    const char *text = given(reading, WORD_AGREEMENT);
    const bool is_yes = text != NULL && strcmp(text, "yes") == 0;
    if (text != NULL && !is_yes && strcmp(text, "no") != 0) {
        return refuse(reading, WORD_AGREEMENT, "is yes or no");
    }
    reading->change->has_agreement = text != NULL;
    reading->change->agreement.shares = is_yes;
    return ERR_OK;
}

enum err party_change_read(const struct party_words *words, const struct party_ground *ground,
                           struct complaint *complaint, struct party_change *change)
{
    *change = (struct party_change){.party = IHURIRO__V1__PARTY_ACT__INIT,
                                    .keys = IHURIRO__V1__KEYS_ACT__INIT,
                                    .agreement = IHURIRO__V1__AGREEMENT_ACT__INIT};
    const struct reading_words reading = {words, ground, complaint, change};
    read_texts(&reading);
    enum err err = check_codes(&reading);
    err = err != ERR_OK ? err : read_role(&reading);
    err = err != ERR_OK ? err : read_days(&reading);
    err = err != ERR_OK ? err : read_assets(&reading);
    err = err != ERR_OK ? err : read_keys(&reading);
    return err != ERR_OK ? err : read_agreement(&reading);
}

/* ---- what stands already ---- */

static bool is_in_force(const struct party_key *keys, size_t count, const uint8_t *key)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(keys[i].key, key, PUBLIC_KEY_BYTES) == 0) {
            return keys[i].revoked_us == 0 && keys[i].replaced_us == 0;
        }
    }
    return false;
}

static bool has_day(protobuf_c_boolean has, int32_t day, int32_t stands)
{
    return has != 0 && day != stands;
}

static void reduce_party(PbPartyAct *act, const struct party *party)
{
    for (size_t i = 0; i < TEXTS; i++) {
        char **text = text_at(act, texts[i].of_act);
        const char *stands = *text_at(party, texts[i].of_party);
        *text = *text != NULL && strcmp(*text, stands) == 0 ? NULL : *text;
    }
    if (act->currency != NULL && strcmp(act->currency, party->currency) == 0) {
        act->currency = NULL;
    }
    act->has_role = act->has_role && (int)act->role != (int)party->role;
    act->has_valid_from_day =
        has_day(act->has_valid_from_day, act->valid_from_day, party->valid_from_day);
    act->has_valid_to_day = has_day(act->has_valid_to_day, act->valid_to_day, party->valid_to_day);
    act->has_reports_from_day =
        has_day(act->has_reports_from_day, act->reports_from_day, party->reports_from_day);
    if (act->has_status && (int)act->status == (int)party->status &&
        (!act->has_status_from_day || act->status_from_day == party->status_from_day)) {
        act->has_status = 0;
        act->has_status_from_day = 0;
    }
    if (act->has_assets && act->assets == party->assets && act->has_assets_on_day &&
        act->assets_on_day == party->assets_on_day) {
        act->has_assets = 0;
        act->has_assets_on_day = 0;
    }
}

void party_change_reduce(struct party_change *change, const struct party *party)
{
    if (party == NULL) {
        return;
    }
    reduce_party(&change->party, party);
    if (is_in_force(party->signing_keys, party->signing_key_count, change->signing_key)) {
        change->keys.has_signing_key = 0;
    }
    if (is_in_force(party->transport_keys, party->transport_key_count, change->transport_key)) {
        change->keys.has_transport_key = 0;
    }
    change->has_agreement = change->has_agreement && change->agreement.shares != party->shares;
}

/* ---- what is said, and what stands ---- */

bool party_change_says(const struct party_change *change, enum party_word word)
{
    const PbPartyAct *act = &change->party;
    const struct {
        enum party_word word;
        bool says;
    } rows[] = {
        {WORD_ROLE, act->has_role},
        {WORD_CURRENCY, act->currency != NULL},
        {WORD_SIGNING_KEY, change->keys.has_signing_key},
        {WORD_TRANSPORT_KEY, change->keys.has_transport_key},
        {WORD_AGREEMENT, change->has_agreement},
        {WORD_VALID_FROM, act->has_valid_from_day},
        {WORD_VALID_TO, act->has_valid_to_day},
        {WORD_REPORTS_FROM, act->has_reports_from_day},
        {WORD_STATUS, act->has_status},
        {WORD_STATUS_FROM, act->has_status_from_day},
        {WORD_ASSETS, act->has_assets},
        {WORD_ASSETS_ON, act->has_assets_on_day},
    };
    for (size_t i = 0; i < TEXTS; i++) {
        if (texts[i].word == word) {
            return *text_at(act, texts[i].of_act) != NULL;
        }
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].word == word) {
            return rows[i].says;
        }
    }
    return false;
}

static void day_standing(const struct party *party, enum party_word word, char ret_text[static 11])
{
    const struct {
        enum party_word word;
        int32_t day;
    } rows[] = {
        {WORD_VALID_FROM, party->valid_from_day},
        {WORD_VALID_TO, party->valid_to_day},
        {WORD_REPORTS_FROM, party->reports_from_day},
        {WORD_STATUS_FROM, party->status_from_day},
        {WORD_ASSETS_ON, party->assets >= 0 ? party->assets_on_day : INT32_MIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].word == word && rows[i].day != INT32_MIN && rows[i].day != INT32_MAX) {
            day_format(rows[i].day, ret_text);
        }
    }
}

static void assets_standing(const struct party *party, const PbSettings *settings,
                            char ret_text[static 32])
{
    for (size_t i = 0; settings != NULL && party->assets >= 0 && i < settings->n_currencies; i++) {
        if (strcmp(settings->currencies[i]->code, party->currency) == 0) {
            money_format(party->assets, settings->currencies[i]->exponent, ret_text);
        }
    }
}

void party_word_standing(const struct party *party, enum party_word word,
                         const PbSettings *settings, char ret_text[static PARTY_WORD_TEXT_MAX])
{
    const struct {
        enum party_word word;
        const char *text;
    } rows[] = {
        {WORD_ROLE, role_name(party->role)},
        {WORD_CURRENCY, party->currency},
        {WORD_STATUS, party_status_name(party->status)},
        {WORD_AGREEMENT, party->shares ? "yes" : "no"},
    };
    ret_text[0] = '\0';
    for (size_t i = 0; i < TEXTS; i++) {
        if (texts[i].word == word) {
            snprintf(ret_text, PARTY_WORD_TEXT_MAX, "%s", *text_at(party, texts[i].of_party));
        }
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].word == word) {
            snprintf(ret_text, PARTY_WORD_TEXT_MAX, "%s", rows[i].text);
        }
    }
    day_standing(party, word, ret_text);
    if (word == WORD_ASSETS) {
        assets_standing(party, settings, ret_text);
    }
}

/* ---- events ---- */

static bool says_anything(const PbPartyAct *act)
{
    bool says = act->currency != NULL || act->has_role || act->has_valid_from_day ||
                act->has_valid_to_day || act->has_reports_from_day || act->has_status ||
                act->has_status_from_day || act->has_assets || act->has_assets_on_day;
    for (size_t i = 0; i < TEXTS; i++) {
        says = says || *text_at(act, texts[i].of_act) != NULL;
    }
    return says;
}

static PbEvent *next_event(struct party_change *change, const char *id)
{
    PbEvent *event = &change->events[change->count];
    *event = (PbEvent)IHURIRO__V1__EVENT__INIT;
    event->subject = (char *)(uintptr_t)id; /* packed only */
    change->list[change->count++] = event;
    return event;
}

void party_change_events(struct party_change *change, const char *id)
{
    change->count = 0;
    if (says_anything(&change->party)) {
        next_event(change, id)->party = &change->party;
    }
    if (change->keys.has_signing_key || change->keys.has_transport_key) {
        next_event(change, id)->keys = &change->keys;
    }
    if (change->has_agreement) {
        next_event(change, id)->agreement = &change->agreement;
    }
}
