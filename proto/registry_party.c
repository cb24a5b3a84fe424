#include "proto/registry_party.h"

#include "proto/record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void fold_party(struct party *party, const struct act *act);
static enum err fold_renamed(struct party *party, const PbRenamed *renamed);
static enum err fold_keys(struct party *party, const struct act *act);

enum err party_fold(struct party *party, const struct act *act)
{
    switch (event_kind(act->event)) {
    case KIND_PARTY:
        fold_party(party, act);
        return ERR_OK;
    case KIND_RENAMED:
        return fold_renamed(party, act->event->renamed);
    case KIND_KEYS:
        return fold_keys(party, act);
    case KIND_AGREEMENT:
        party->shares = act->event->agreement->shares;
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

size_t party_act_kind(int kind)
{
    static const int kinds[PARTY_ACTS] = {KIND_PARTY, KIND_KEYS, KIND_AGREEMENT, KIND_RENAMED};
    size_t i = 0;
    while (i < PARTY_ACTS && kinds[i] != kind) {
        i++;
    }
    return i;
}

/* ---- the row ---- */

#define TEXT(party_field, act_field)                                         \
    {                                                                        \
        offsetof(struct party, party_field), offsetof(PbPartyAct, act_field) \
    }

static const struct {
    size_t of_party;
    size_t of_act;
} texts[] = {
    TEXT(first_name, name),
    TEXT(category, category),
    TEXT(district, district),
    TEXT(peer_group, peer_group),
    TEXT(bureau, bureau),
    TEXT(le_book, le_book),
    TEXT(lei, lei),
    TEXT(licence, licence),
    TEXT(cooperative, cooperative),
    TEXT(tin, tin),
};
#define TEXTS (sizeof texts / sizeof texts[0])

static char *get_text(const void *of, size_t offset)
{
    char *text = NULL;
    memcpy(&text, (const char *)of + offset, sizeof text);
    return text;
}

static void set_text(struct party *party, size_t offset, char *text)
{
    memcpy((char *)party + offset, &text, sizeof text);
}

static void set_day(protobuf_c_boolean has, int32_t given, int32_t *day)
{
    *day = has ? given : *day;
}

/* What it is called, of all its names. */
static void choose_name(struct party *party)
{
    party->name =
        party->name_count > 0 ? party->names[party->name_count - 1].name : party->first_name;
}

/* Only the fields that are set are changed. The event's texts live as long as the registry. */
static void fold_party(struct party *party, const struct act *act)
{
    const PbPartyAct *given = act->event->party;
    for (size_t i = 0; i < TEXTS; i++) {
        char *text = get_text(given, texts[i].of_act);
        if (text != NULL) {
            set_text(party, texts[i].of_party, text);
        }
    }
    choose_name(party);
    if (given->has_role) {
        party->enrolled_us = party->role == ROLE_NONE ? act->time_us : party->enrolled_us;
        party->role = (enum role)given->role;
    }
    if (given->currency != NULL && strlen(given->currency) < sizeof party->currency) {
        memset(party->currency, 0, sizeof party->currency);
        memcpy(party->currency, given->currency, strlen(given->currency));
    }
    set_day(given->has_valid_from_day, given->valid_from_day, &party->valid_from_day);
    set_day(given->has_valid_to_day, given->valid_to_day, &party->valid_to_day);
    set_day(given->has_reports_from_day, given->reports_from_day, &party->reports_from_day);
    if (given->has_status) {
        party->status = (enum party_status)given->status;
        party->status_from_day = INT32_MIN;
    }
    set_day(given->has_status_from_day, given->status_from_day, &party->status_from_day);
    party->assets = given->has_assets ? given->assets : party->assets;
    set_day(given->has_assets_on_day, given->assets_on_day, &party->assets_on_day);
}

/* ---- names ---- */

/* One a day: of two for the same day, the later act counts. */
static enum err fold_renamed(struct party *party, const PbRenamed *renamed)
{
    const struct party_name name = {.from_day = renamed->from_day, .name = renamed->name};
    size_t place = party->name_count;
    while (place > 0 && party->names[place - 1].from_day >= name.from_day) {
        place--;
    }
    if (place == party->name_count || party->names[place].from_day != name.from_day) {
        struct party_name *grown =
            realloc(party->names, (party->name_count + 1) * sizeof party->names[0]);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        memmove(&grown[place + 1], &grown[place], (party->name_count - place) * sizeof grown[0]);
        party->names = grown;
        party->name_count++;
    }
    party->names[place] = name;
    choose_name(party);
    return ERR_OK;
}

const char *registry_name_on(const struct registry *registry, const struct party *party,
                             int32_t day)
{
    (void)registry; /* the party has its names with it */
    size_t later = party->name_count;
    while (later > 0 && party->names[later - 1].from_day > day) {
        later--;
    }
    return later > 0 ? party->names[later - 1].name : party->first_name;
}

/* ---- keys ---- */

struct party_key *party_key_find(struct party_key *keys, size_t count,
                                 const uint8_t key[static PUBLIC_KEY_BYTES])
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(keys[i].key, key, PUBLIC_KEY_BYTES) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

static enum err add_key(struct party_key **keys, size_t *count, const struct party_key *key)
{
    struct party_key *grown = realloc(*keys, (*count + 1) * sizeof **keys);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    grown[*count] = *key;
    *keys = grown;
    (*count)++;
    return ERR_OK;
}

/* A key that was revoked stays so: giving it again changes nothing. */
static enum err give_key(struct party_key **keys, size_t *count, struct bytes key, int64_t time_us)
{
    if (key.size != PUBLIC_KEY_BYTES) {
        return ERR_OK; /* no key: foreign bytes that no hub of ours would have let in */
    }
    struct party_key *held = party_key_find(*keys, *count, key.data);
    if (held != NULL && (held->revoked_us != 0 || held->replaced_us == 0)) {
        return ERR_OK;
    }
    for (size_t i = 0; i < *count; i++) {
        if ((*keys)[i].replaced_us == 0 && (*keys)[i].revoked_us == 0) {
            (*keys)[i].replaced_us = time_us;
        }
    }
    if (held != NULL) { /* given back: without a gap in the past that there was not */
        const bool was_good = time_us - held->replaced_us <= (int64_t)KEY_OVERLAP_S * 1000000;
        held->from_us = was_good ? held->from_us : time_us;
        held->replaced_us = 0;
        return ERR_OK;
    }
    struct party_key added = {.from_us = time_us};
    memcpy(added.key, key.data, PUBLIC_KEY_BYTES);
    return add_key(keys, count, &added);
}

/* A key that is not known yet is remembered as revoked: the act that gives it may still come. */
static enum err revoke_key(struct party *party, struct bytes key, int64_t time_us)
{
    if (key.size != PUBLIC_KEY_BYTES) {
        return ERR_OK;
    }
    struct party_key *held[] = {
        party_key_find(party->signing_keys, party->signing_key_count, key.data),
        party_key_find(party->transport_keys, party->transport_key_count, key.data),
    };
    for (size_t i = 0; i < 2; i++) {
        if (held[i] != NULL && held[i]->revoked_us == 0) {
            held[i]->revoked_us = time_us;
        }
    }
    if (held[0] != NULL || held[1] != NULL) {
        return ERR_OK;
    }
    struct party_key unknown = {.from_us = time_us, .revoked_us = time_us};
    memcpy(unknown.key, key.data, PUBLIC_KEY_BYTES);
    enum err err = add_key(&party->signing_keys, &party->signing_key_count, &unknown);
    return err != ERR_OK ? err
                         : add_key(&party->transport_keys, &party->transport_key_count, &unknown);
}

static enum err fold_keys(struct party *party, const struct act *act)
{
    const PbKeysAct *keys = act->event->keys;
    enum err err = ERR_OK;
    if (keys->has_signing_key) {
        err = give_key(&party->signing_keys, &party->signing_key_count,
                       bytes_of_pb(keys->signing_key), act->time_us);
    }
    if (err == ERR_OK && keys->has_transport_key) {
        err = give_key(&party->transport_keys, &party->transport_key_count,
                       bytes_of_pb(keys->transport_key), act->time_us);
    }
    for (size_t i = 0; i < keys->n_revoked && err == ERR_OK; i++) {
        err = revoke_key(party, bytes_of_pb(keys->revoked[i]), act->time_us);
    }
    return err;
}

enum key_standing party_signing_key(const struct party *party,
                                    const uint8_t key[static PUBLIC_KEY_BYTES], int64_t now_us)
{
    const struct party_key *held =
        party_key_find(party->signing_keys, party->signing_key_count, key);
    if (held == NULL) {
        return KEY_UNKNOWN;
    }
    if (held->revoked_us != 0) {
        return KEY_REVOKED;
    }
    if (now_us < held->from_us) {
        return KEY_NOT_YET;
    }
    if (held->replaced_us != 0 && now_us - held->replaced_us > (int64_t)KEY_OVERLAP_S * 1000000) {
        return KEY_EXPIRED;
    }
    return KEY_GOOD;
}

bool party_is_valid_on(const struct party *party, int32_t day)
{
    return day >= party->valid_from_day && day <= party->valid_to_day;
}

static const char *const status_names[] = {
    [PARTY_ACTIVE] = "active",
    [PARTY_SUSPENDED] = "suspended",
    [PARTY_LIQUIDATED] = "liquidated",
};

const char *party_status_name(int status)
{
    return status >= PARTY_ACTIVE && status <= PARTY_LIQUIDATED ? status_names[status] : "?";
}

enum err party_status_parse(const char *name, int *ret_status)
{
    for (int status = PARTY_ACTIVE; status <= PARTY_LIQUIDATED; status++) {
        if (strcasecmp(name, status_names[status]) == 0) {
            *ret_status = status;
            return ERR_OK;
        }
    }
    return ERR_MALFORMED;
}

/* ---- making and unmaking ---- */

enum err party_make(const char *id, struct party **ret_party)
{
    static char nothing[1];
    struct party *party = calloc(1, sizeof *party);
    if (party == NULL) {
        return ERR_MEMORY;
    }
    memcpy(party->id, id, strnlen(id, INSTITUTION_ID_MAX));
    for (size_t i = 0; i < TEXTS; i++) {
        set_text(party, texts[i].of_party, nothing);
    }
    party->name = nothing;
    party->valid_from_day = INT32_MIN;
    party->valid_to_day = INT32_MAX;
    party->status = PARTY_ACTIVE;
    party->status_from_day = INT32_MIN;
    party->reports_from_day = INT32_MIN;
    party->ended_day = INT32_MAX;
    party->took_over_day = INT32_MAX;
    party->assets = -1;
    *ret_party = party;
    return ERR_OK;
}

/* A copy of an array. */
static enum err copy_rows(const void *from, size_t count, size_t size, void **ret_rows)
{
    void *rows = NULL;
    if (count > 0) {
        rows = malloc(count * size);
        if (rows == NULL) {
            return ERR_MEMORY;
        }
        memcpy(rows, from, count * size);
    }
    *ret_rows = rows;
    return ERR_OK;
}

static enum err copy_keys(const struct party_key *from, size_t count, struct party_key **ret_keys,
                          size_t *ret_count)
{
    void *keys = NULL;
    enum err err = copy_rows(from, count, sizeof *from, &keys);
    if (err == ERR_OK) {
        *ret_keys = keys;
        *ret_count = count;
    }
    return err;
}

static enum err copy_texts(struct party *party, const struct party *from, struct arena *arena)
{
    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = get_text(from, texts[i].of_party);
        if (text[0] == '\0') {
            continue; /* as it was made */
        }
        char *copy = arena_text(arena, text);
        if (copy == NULL) {
            return ERR_MEMORY;
        }
        set_text(party, texts[i].of_party, copy);
    }
    void *names = NULL;
    enum err err = copy_rows(from->names, from->name_count, sizeof from->names[0], &names);
    if (err != ERR_OK) {
        return err;
    }
    party->names = names;
    party->name_count = from->name_count;
    for (size_t i = 0; i < party->name_count; i++) {
        party->names[i].name = arena_text(arena, party->names[i].name);
        if (party->names[i].name == NULL) {
            return ERR_MEMORY;
        }
    }
    choose_name(party);
    return ERR_OK;
}

/* Field by field: what is owned is made anew. */
enum err party_copy(struct party *party, const struct party *from, struct arena *arena)
{
    party->role = from->role;
    memcpy(party->currency, from->currency, sizeof party->currency);
    party->valid_from_day = from->valid_from_day;
    party->valid_to_day = from->valid_to_day;
    party->shares = from->shares;
    party->status = from->status;
    party->status_from_day = from->status_from_day;
    party->enrolled_us = from->enrolled_us;
    party->reports_from_day = from->reports_from_day;
    party->ended_day = from->ended_day;
    party->took_over_day = from->took_over_day;
    party->assets = from->assets;
    party->assets_on_day = from->assets_on_day;
    enum err err = copy_texts(party, from, arena);
    err = err != ERR_OK ? err
                        : copy_keys(from->signing_keys, from->signing_key_count,
                                    &party->signing_keys, &party->signing_key_count);
    return err != ERR_OK ? err
                         : copy_keys(from->transport_keys, from->transport_key_count,
                                     &party->transport_keys, &party->transport_key_count);
}

void party_close(struct party **party)
{
    if (*party != NULL) {
        free((*party)->names);
        free((*party)->signing_keys);
        free((*party)->transport_keys);
        free(*party);
        *party = NULL;
    }
}
