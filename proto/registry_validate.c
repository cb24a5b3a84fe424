#include "proto/registry_inside.h"

#include "proto/record.h"
#include "proto/text.h"

#include <sodium.h>
#include <string.h>

#define NONCE_BYTES 16

static enum err validate_party(const struct registry *registry, const PbEvent *event,
                               struct complaint *complaint);
static enum err validate_keys(const struct registry *registry, const PbEvent *event,
                              struct complaint *complaint);
static enum err validate_agreement(const struct registry *registry, const PbEvent *event,
                                   struct complaint *complaint);

enum err registry_validate(const struct registry *registry, const PbEvent *event,
                           struct complaint *complaint)
{
    static const struct {
        int kind;
        enum err (*validate)(const struct registry *registry, const PbEvent *event,
                             struct complaint *complaint);
    } rows[] = {
        {KIND_PARTY, validate_party},
        {KIND_KEYS, validate_keys},
        {KIND_AGREEMENT, validate_agreement},
    };
    if (event->subject == NULL || !institution_id_is_valid(event->subject)) {
        return complain(complaint, ERR_REFUSED,
                        "A party's id is 1 to 16 capital letters, digits and hyphens, and does not "
                        "begin with a hyphen: correct the id.");
    }
    if (event->nonce.len != NONCE_BYTES || event->time_us < 0) {
        return complain(complaint, ERR_REFUSED,
                        "The act lacks its random number or its time: update the program that made "
                        "it.");
    }
    const int kind = event_kind(event);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].kind == kind) {
            return rows[i].validate(registry, event, complaint);
        }
    }
    return complain(complaint, ERR_REFUSED,
                    "This is not one act about a party, its keys or its agreement: update the "
                    "program that made it.");
}

static enum err unknown_party(const PbEvent *event, struct complaint *complaint)
{
    return complain(complaint, ERR_REFUSED,
                    "There is no party %s: check the id with `mfi-hub parties list`, or enrol it "
                    "with `mfi-hub parties add`.",
                    event->subject);
}

/* ---- the party's row ---- */

static enum err validate_text(const char *text, const char *what, struct complaint *complaint)
{
    if (text == NULL) {
        return ERR_OK;
    }
    const size_t length = strlen(text);
    if (length == 0) {
        return complain(complaint, ERR_REFUSED, "The %s is empty: give one, or leave it out.",
                        what);
    }
    if (length > TEXT_BYTES_MAX) {
        return complain(complaint, ERR_REFUSED, "The %s is longer than %d bytes: shorten it.", what,
                        TEXT_BYTES_MAX);
    }
    bool is_plain = text_is_utf8(bytes_of(text, length));
    for (size_t i = 0; i < length; i++) {
        is_plain = is_plain && (uint8_t)text[i] >= ' ' && text[i] != 0x7F;
    }
    return is_plain ? ERR_OK
                    : complain(complaint, ERR_REFUSED,
                               "The %s has characters that are not text: type it again in UTF-8, "
                               "on one line.",
                               what);
}

static enum err validate_currency(const char *currency, struct complaint *complaint)
{
    bool is_code = currency == NULL || strlen(currency) == 3;
    for (size_t i = 0; currency != NULL && is_code && i < 3; i++) {
        is_code = currency[i] >= 'A' && currency[i] <= 'Z';
    }
    return is_code ? ERR_OK
                   : complain(complaint, ERR_REFUSED,
                              "A currency is three capital letters (ISO 4217), RWF for example: "
                              "correct it.");
}

static bool day_is_valid(int32_t day)
{
    /* 1900-01-01 to 2199-12-31, or unbounded */
    return day == INT32_MIN || day == INT32_MAX || (day >= -25567 && day <= 84005);
}

static enum err validate_validity(const struct party *party, const PbPartyAct *given,
                                  struct complaint *complaint)
{
    const int32_t from = given->has_valid_from_day ? given->valid_from_day
                         : party == NULL           ? INT32_MIN
                                                   : party->valid_from_day;
    const int32_t to = given->has_valid_to_day ? given->valid_to_day
                       : party == NULL         ? INT32_MAX
                                               : party->valid_to_day;
    if (!day_is_valid(from) || !day_is_valid(to)) {
        return complain(complaint, ERR_REFUSED,
                        "A date of validity lies outside 1900 to 2199: correct it.");
    }
    return from <= to ? ERR_OK
                      : complain(complaint, ERR_REFUSED,
                                 "The validity would end before it begins: correct --valid-from or "
                                 "--valid-to.");
}

static enum err validate_role(const struct party *party, const PbEvent *event,
                              struct complaint *complaint)
{
    const PbPartyAct *given = event->party;
    if (given->has_role && (given->role < IHURIRO__V1__PARTY_ACT__ROLE__MEMBER ||
                            given->role > IHURIRO__V1__PARTY_ACT__ROLE__PUBLIC)) {
        return complain(complaint, ERR_REFUSED,
                        "A role is member, association, regulator or public: choose one.");
    }
    if (party == NULL && !given->has_role) {
        return complain(complaint, ERR_REFUSED,
                        "There is no party %s yet: give its --role to enrol it, or check the id "
                        "with `mfi-hub parties list`.",
                        event->subject);
    }
    const int role = given->has_role ? (int)given->role : (int)party->role;
    const bool has_currency =
        given->currency != NULL || (party != NULL && party->currency[0] != '\0');
    if (role == ROLE_MEMBER && !has_currency) {
        return complain(complaint, ERR_REFUSED,
                        "A member reports in one currency: give the --currency of %s.",
                        event->subject);
    }
    return ERR_OK;
}

static enum err validate_party(const struct registry *registry, const PbEvent *event,
                               struct complaint *complaint)
{
    const struct party *party = registry_find(registry, event->subject);
    const PbPartyAct *given = event->party;
    enum err err = validate_role(party, event, complaint);
    err = err != ERR_OK ? err : validate_text(given->name, "name", complaint);
    err = err != ERR_OK ? err : validate_text(given->category, "category", complaint);
    err = err != ERR_OK ? err : validate_text(given->district, "district", complaint);
    err = err != ERR_OK ? err : validate_currency(given->currency, complaint);
    return err != ERR_OK ? err : validate_validity(party, given, complaint);
}

static enum err validate_agreement(const struct registry *registry, const PbEvent *event,
                                   struct complaint *complaint)
{
    const struct party *party = registry_find(registry, event->subject);
    if (party == NULL) {
        return unknown_party(event, complaint);
    }
    return party->role == ROLE_MEMBER
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "An agreement is about a member's reports; %s is not a member.",
                          event->subject);
}

/* ---- keys ---- */

static bool key_is_whole(struct bytes key)
{
    return key.size == PUBLIC_KEY_BYTES && sodium_is_zero(key.data, key.size) == 0;
}

static bool is_listed(const PbKeysAct *act, struct bytes key)
{
    for (size_t i = 0; i < act->n_revoked; i++) {
        if (bytes_equal(bytes_of_pb(act->revoked[i]), key)) {
            return true;
        }
    }
    return false;
}

static enum err validate_given(const struct party *party, const PbKeysAct *act, struct bytes key,
                               const char *what, struct complaint *complaint)
{
    if (!key_is_whole(key)) {
        return complain(complaint, ERR_REFUSED,
                        "The %s key is not 32 bytes of a key: copy the line that the party's "
                        "`init` printed.",
                        what);
    }
    const struct party_key *held[] = {
        party_key_find(party->signing_keys, party->signing_key_count, key.data),
        party_key_find(party->transport_keys, party->transport_key_count, key.data),
    };
    const bool was_revoked = (held[0] != NULL && held[0]->revoked_us != 0) ||
                             (held[1] != NULL && held[1]->revoked_us != 0);
    if (was_revoked || is_listed(act, key)) {
        return complain(complaint, ERR_REFUSED,
                        "This %s key of %s is revoked, and a revoked key never comes back: let the "
                        "party make a new one with `init`.",
                        what, party->id);
    }
    return ERR_OK;
}

/* A signing key speaks for one institution, whatever became of it elsewhere. */
static enum err validate_unshared(const struct registry *registry, const struct party *party,
                                  struct bytes key, struct complaint *complaint)
{
    const struct key_rows *signers = &registry->signers;
    for (size_t i = key_rows_find(signers, key.data); key_rows_name(signers, i, key.data); i++) {
        const struct party *other = signers->parties[i];
        if (other != party) {
            return complain(complaint, ERR_REFUSED,
                            "This signing key is that of %s: each institution signs with a key of "
                            "its own; let %s make one with `init`.",
                            other->id, party->id);
        }
    }
    return ERR_OK;
}

static enum err validate_revoked(const struct party *party, const PbKeysAct *act,
                                 struct complaint *complaint)
{
    for (size_t i = 0; i < act->n_revoked; i++) {
        struct bytes key = bytes_of_pb(act->revoked[i]);
        const bool is_held =
            key_is_whole(key) &&
            (party_key_find(party->signing_keys, party->signing_key_count, key.data) != NULL ||
             party_key_find(party->transport_keys, party->transport_key_count, key.data) != NULL);
        if (!is_held) {
            return complain(complaint, ERR_REFUSED,
                            "%s has no such key to revoke: copy it from `mfi-hub parties list`.",
                            party->id);
        }
    }
    return ERR_OK;
}

static enum err validate_keys(const struct registry *registry, const PbEvent *event,
                              struct complaint *complaint)
{
    const struct party *party = registry_find(registry, event->subject);
    const PbKeysAct *act = event->keys;
    if (party == NULL) {
        return unknown_party(event, complaint);
    }
    if (!act->has_signing_key && !act->has_transport_key && act->n_revoked == 0) {
        return complain(complaint, ERR_REFUSED,
                        "The act neither gives nor revokes a key: name one.");
    }
    const struct bytes signing = bytes_of_pb(act->signing_key);
    const struct bytes transport = bytes_of_pb(act->transport_key);
    if (act->has_signing_key && act->has_transport_key && bytes_equal(signing, transport)) {
        return complain(complaint, ERR_REFUSED,
                        "The signing key and the transport key are the same: copy both from the "
                        "line that the party's `init` printed.");
    }
    enum err err = ERR_OK;
    if (act->has_signing_key) {
        err = validate_given(party, act, signing, "signing", complaint);
        err = err != ERR_OK ? err : validate_unshared(registry, party, signing, complaint);
    }
    if (err == ERR_OK && act->has_transport_key) {
        err = validate_given(party, act, transport, "transport", complaint);
    }
    return err != ERR_OK ? err : validate_revoked(party, act, complaint);
}
