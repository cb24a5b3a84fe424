#include "proto/registry_validate.h"

#include "proto/record.h"
#include "proto/text.h"

#include <sodium.h>
#include <string.h>

#define NONCE_BYTES 16
#define LEI_CHARS   20

static enum err validate_words(const char *text, const char *what, struct complaint *complaint);

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
        {KIND_PARTY, validate_party},         {KIND_KEYS, validate_keys},
        {KIND_AGREEMENT, validate_agreement}, {KIND_MERGED, validate_merged},
        {KIND_SPLIT, validate_split},         {KIND_RENAMED, validate_renamed},
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

enum err complain_unknown(const char *id, struct complaint *complaint)
{
    return complain(complaint, ERR_REFUSED,
                    "There is no party %s: check the id with `mfi-hub parties list`, or enrol it "
                    "with `mfi-hub parties add`.",
                    id);
}

/* ---- the party's row ---- */

enum err validate_text(const char *text, const char *what, struct complaint *complaint)
{
    if (text != NULL && text[0] == '\0') {
        return complain(complaint, ERR_REFUSED, "The %s is empty: give one, or leave it out.",
                        what);
    }
    return validate_words(text, what, complaint);
}

/* An empty one takes back what was given. */
static enum err validate_words(const char *text, const char *what, struct complaint *complaint)
{
    const size_t length = text == NULL ? 0 : strlen(text);
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

bool day_is_bounded(int32_t day)
{
    return day_is_valid(day) && day != INT32_MIN && day != INT32_MAX;
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

/* Who was renamed has a name for each time; which of them would be meant? */
static enum err validate_renaming(const struct party *party, const PbPartyAct *given,
                                  struct complaint *complaint)
{
    return given->name == NULL || party == NULL || party->name_count == 0
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "%s was renamed, and its names have days: correct one with `mfi-hub "
                          "parties rename %s --name ... --from ...`.",
                          party->id, party->id);
}

static enum err validate_status(const PbPartyAct *given, struct complaint *complaint)
{
    if (given->has_status &&
        ((int)given->status < PARTY_ACTIVE || (int)given->status > PARTY_LIQUIDATED)) {
        return complain(complaint, ERR_REFUSED,
                        "A status is active, suspended or liquidated: choose one. (A merger is "
                        "told with `mfi-hub parties merge`.)");
    }
    if (given->has_status_from_day && !given->has_status) {
        return complain(complaint, ERR_REFUSED,
                        "The day of a status needs the status: give --status with it.");
    }
    if (given->has_status && (int)given->status == PARTY_LIQUIDATED &&
        !given->has_status_from_day) {
        return complain(complaint, ERR_REFUSED,
                        "From which day is it liquidated? Use `mfi-hub parties close ID --on "
                        "DAY`.");
    }
    if ((given->has_status_from_day && !day_is_bounded(given->status_from_day)) ||
        (given->has_reports_from_day && given->reports_from_day != INT32_MIN &&
         !day_is_bounded(given->reports_from_day))) {
        return complain(complaint, ERR_REFUSED,
                        "A day of the status or of the first report lies outside 1900 to 2199: "
                        "correct it.");
    }
    return ERR_OK;
}

static enum err validate_assets(const PbPartyAct *given, struct complaint *complaint)
{
    if (given->has_assets != given->has_assets_on_day) {
        return complain(complaint, ERR_REFUSED,
                        "Total assets are of a day: give --assets and --assets-on together.");
    }
    return !given->has_assets || (given->assets >= 0 && day_is_bounded(given->assets_on_day))
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "Total assets are not below zero, and of a day between 1900 and 2199: "
                          "correct --assets or --assets-on.");
}

/* ---- what others call it ---- */

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool le_book_is_valid(const char *text)
{
    return strlen(text) == 3 && is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2]);
}

/* ISO 17442: 18 capital letters and digits and two check digits; read as a number, with A as 10 to
 * Z as 35, it leaves 1 when divided by 97 (ISO 7064). */
static bool lei_is_valid(const char *text)
{
    unsigned rest = 0;
    size_t length = 0;
    for (; text[length] != '\0' && length < LEI_CHARS; length++) {
        const char character = text[length];
        const bool is_letter = character >= 'A' && character <= 'Z';
        if (!is_digit(character) && (!is_letter || length >= LEI_CHARS - 2)) {
            return false;
        }
        rest = is_letter ? (rest * 100 + (unsigned)(character - 'A') + 10) % 97
                         : (rest * 10 + (unsigned)(character - '0')) % 97;
    }
    return length == LEI_CHARS && text[length] == '\0' && rest == 1;
}

static enum err validate_alias(const struct registry *registry, const char *id, enum alias alias,
                               const char *text, struct complaint *complaint)
{
    uint8_t key[PUBLIC_KEY_BYTES];
    const struct key_rows *rows = &registry->aliases;
    const bool is_lei = alias == ALIAS_LEI;
    if (text == NULL || text[0] == '\0') {
        return ERR_OK;
    }
    if (is_lei ? !lei_is_valid(text) : !le_book_is_valid(text)) {
        return complain(complaint, ERR_REFUSED,
                        is_lei
                            ? "\"%.40s\" is no LEI: it has 20 capital letters and digits, and its "
                              "last two must agree with the others. Copy it again."
                            : "\"%.40s\" is no LE_BOOK: it has three digits, 007 for example.",
                        text);
    }
    registry_alias_key(alias, text, key);
    for (size_t i = key_rows_find(rows, key); key_rows_name(rows, i, key); i++) {
        if (strcmp(rows->parties[i]->id, id) != 0) {
            return complain(complaint, ERR_REFUSED,
                            "The %s %s is that of %s: no two parties have the same. Correct it "
                            "here, or there.",
                            is_lei ? "LEI" : "LE_BOOK", text, rows->parties[i]->id);
        }
    }
    return ERR_OK;
}

static enum err validate_numbers(const struct registry *registry, const PbEvent *event,
                                 struct complaint *complaint)
{
    const PbPartyAct *given = event->party;
    const struct {
        const char *text;
        const char *what;
    } words[] = {
        {given->peer_group, "peer group"}, {given->bureau, "bureau"},
        {given->licence, "licence"},       {given->cooperative, "number of the cooperative"},
        {given->tin, "tax number (TIN)"},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && err == ERR_OK; i++) {
        err = validate_words(words[i].text, words[i].what, complaint);
    }
    err = err != ERR_OK
              ? err
              : validate_alias(registry, event->subject, ALIAS_LE_BOOK, given->le_book, complaint);
    return err != ERR_OK
               ? err
               : validate_alias(registry, event->subject, ALIAS_LEI, given->lei, complaint);
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
    err = err != ERR_OK ? err : validate_validity(party, given, complaint);
    err = err != ERR_OK ? err : validate_renaming(party, given, complaint);
    err = err != ERR_OK ? err : validate_status(given, complaint);
    err = err != ERR_OK ? err : validate_assets(given, complaint);
    return err != ERR_OK ? err : validate_numbers(registry, event, complaint);
}

static enum err validate_agreement(const struct registry *registry, const PbEvent *event,
                                   struct complaint *complaint)
{
    const struct party *party = registry_find(registry, event->subject);
    if (party == NULL) {
        return complain_unknown(event->subject, complaint);
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
        return complain_unknown(event->subject, complaint);
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
