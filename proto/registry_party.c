#include "proto/registry_party.h"

#include "proto/record.h"

#include <string.h>

static void fold_party(struct party *party, const struct act *act);
static enum err fold_keys(struct party *party, const struct act *act);

enum err party_fold(struct party *party, const struct act *act)
{
    switch (event_kind(act->event)) {
    case KIND_PARTY:
        fold_party(party, act);
        return ERR_OK;
    case KIND_KEYS:
        return fold_keys(party, act);
    case KIND_AGREEMENT:
        party->shares = act->event->agreement->shares;
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

/* Only the fields that are set are changed. */
static void fold_party(struct party *party, const struct act *act)
{
    const PbPartyAct *given = act->event->party;
    /* The event's texts live as long as the registry. */
    party->name = given->name != NULL ? given->name : party->name;
    party->category = given->category != NULL ? given->category : party->category;
    party->district = given->district != NULL ? given->district : party->district;
    if (given->has_role) {
        party->role = (enum role)given->role;
    }
    if (given->currency != NULL && strlen(given->currency) < sizeof party->currency) {
        memset(party->currency, 0, sizeof party->currency);
        memcpy(party->currency, given->currency, strlen(given->currency));
    }
    party->valid_from_day =
        given->has_valid_from_day ? given->valid_from_day : party->valid_from_day;
    party->valid_to_day = given->has_valid_to_day ? given->valid_to_day : party->valid_to_day;
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

/* ---- making and unmaking ---- */

enum err party_make(const char *id, struct party **ret_party)
{
    static char nothing[1];
    struct party *party = calloc(1, sizeof *party);
    if (party == NULL) {
        return ERR_MEMORY;
    }
    memcpy(party->id, id, strnlen(id, INSTITUTION_ID_MAX));
    party->name = nothing;
    party->category = nothing;
    party->district = nothing;
    party->valid_from_day = INT32_MIN;
    party->valid_to_day = INT32_MAX;
    *ret_party = party;
    return ERR_OK;
}

static enum err copy_keys(const struct party_key *from, size_t count, struct party_key **ret_keys,
                          size_t *ret_count)
{
    struct party_key *keys = count == 0 ? NULL : malloc(count * sizeof *keys);
    if (count > 0 && keys == NULL) {
        return ERR_MEMORY;
    }
    if (count > 0) {
        memcpy(keys, from, count * sizeof *keys);
    }
    *ret_keys = keys;
    *ret_count = count;
    return ERR_OK;
}

enum err party_copy_keys(struct party *party, const struct party *from)
{
    enum err err = copy_keys(from->signing_keys, from->signing_key_count, &party->signing_keys,
                             &party->signing_key_count);
    return err != ERR_OK ? err
                         : copy_keys(from->transport_keys, from->transport_key_count,
                                     &party->transport_keys, &party->transport_key_count);
}

void party_close(struct party **party)
{
    if (*party != NULL) {
        free((*party)->signing_keys);
        free((*party)->transport_keys);
        free(*party);
        *party = NULL;
    }
}
