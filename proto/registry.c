#include "proto/registry.h"

#include "proto/record.h"
#include "proto/registry_party.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

/* More new acts than this are folded together with all others, from nothing. */
#define FOLD_ONE_BY_ONE_MAX 16

static enum err fold_all(struct registry *registry);
static enum err fold_newest(struct registry *registry);
static bool can_fold_newest(const struct registry *registry);

enum err registry_seal(struct registry *registry)
{
    if (registry->folded == registry->act_count) {
        return ERR_OK;
    }
    return can_fold_newest(registry) ? fold_newest(registry) : fold_all(registry);
}

/* ---- acts ---- */

static enum err copy_event(struct arena *arena, const PbEvent *event, const PbEvent **ret_event)
{
    AUTO(buffer_close) struct buffer raw = {0};
    enum err err = message_pack(&event->base, &raw);
    return err != ERR_OK
               ? err
               : MESSAGE_UNPACK(event, MESSAGE_TOLERANT, buffer_bytes(&raw), arena, ret_event);
}

static enum err grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity) {
        return ERR_OK;
    }
    const size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    *array = grown;
    *capacity = wanted;
    return ERR_OK;
}

static int act_compare(const void *left, const void *right)
{
    const struct act *a = left;
    const struct act *b = right;
    if (a->time_us != b->time_us) {
        return a->time_us < b->time_us ? -1 : 1;
    }
    return memcmp(a->id, b->id, SHA256_BYTES);
}

/* The hub applies each act of its own twice: when it is validated, and when it is journaled. */
static bool is_folded(const struct registry *registry, const struct act *act)
{
    return registry->folded > 0 && bsearch(act, registry->acts, registry->folded,
                                           sizeof registry->acts[0], act_compare) != NULL;
}

enum err registry_apply(struct registry *registry, const PbEvent *event,
                        const uint8_t id[static SHA256_BYTES])
{
    const int kind = event_kind(event);
    if (kind != KIND_PARTY && kind != KIND_KEYS && kind != KIND_AGREEMENT) {
        return ERR_OK;
    }
    if (event->subject == NULL || !institution_id_is_valid(event->subject)) {
        return ERR_MALFORMED;
    }
    assert(!registry->is_copy);
    struct act act = {.time_us = event->time_us};
    memcpy(act.id, id, SHA256_BYTES);
    memcpy(act.subject, event->subject, strlen(event->subject));
    if (is_folded(registry, &act)) {
        return ERR_OK;
    }
    void *acts = registry->acts;
    enum err err = grow(&acts, &registry->act_capacity, registry->act_count, sizeof(struct act));
    registry->acts = acts;
    err = err != ERR_OK ? err : copy_event(&registry->arena, event, &act.event);
    if (err == ERR_OK) {
        registry->acts[registry->act_count++] = act;
    }
    return err;
}

/* In order, each once. */
static void sort_acts(struct registry *registry)
{
    qsort(registry->acts, registry->act_count, sizeof registry->acts[0], act_compare);
    size_t kept = 0;
    for (size_t i = 0; i < registry->act_count; i++) {
        if (kept == 0 || act_compare(&registry->acts[kept - 1], &registry->acts[i]) != 0) {
            registry->acts[kept++] = registry->acts[i];
        }
    }
    registry->act_count = kept;
}

/* ---- the parties ---- */

/* Where the id is, or belongs, among the known. */
static size_t known_place(const struct registry *registry, const char *id, bool *ret_is_there)
{
    size_t low = 0;
    size_t high = registry->known_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(registry->known[middle]->id, id);
        if (order == 0) {
            *ret_is_there = true;
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    *ret_is_there = false;
    return low;
}

struct party *registry_known(const struct registry *registry, const char *id)
{
    bool is_there = false;
    const size_t place = known_place(registry, id, &is_there);
    return is_there ? registry->known[place] : NULL;
}

static enum err know(struct registry *registry, const char *id, struct party **ret_party)
{
    bool is_there = false;
    const size_t place = known_place(registry, id, &is_there);
    if (is_there) {
        *ret_party = registry->known[place];
        return ERR_OK;
    }
    void *known = registry->known;
    enum err err = grow(&known, &registry->known_capacity, registry->known_count, sizeof(void *));
    registry->known = known;
    AUTO(party_close) struct party *party = NULL;
    err = err != ERR_OK ? err : party_make(id, &party);
    if (err != ERR_OK) {
        return err;
    }
    memmove(&registry->known[place + 1], &registry->known[place],
            (registry->known_count - place) * sizeof registry->known[0]);
    *ret_party = party;
    registry->known[place] = STEAL(party);
    registry->known_count++;
    return ERR_OK;
}

static void forget_parties(struct registry *registry)
{
    for (size_t i = 0; i < registry->known_count; i++) {
        party_close(&registry->known[i]);
    }
    registry->known_count = 0;
    registry->enrolled_count = 0;
    registry->transports.count = 0;
    registry->signers.count = 0;
}

/* First of the enrolled that is not before the id. */
static size_t enrolled_place(const struct registry *registry, const char *id)
{
    size_t low = 0;
    size_t high = registry->enrolled_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const bool is_before = strcmp(registry->enrolled[middle]->id, id) < 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    return low;
}

static enum err enrol(struct registry *registry, const struct party *party)
{
    void *enrolled = registry->enrolled;
    enum err err = grow(&enrolled, &registry->enrolled_capacity, registry->enrolled_count,
                        sizeof registry->enrolled[0]);
    registry->enrolled = enrolled;
    if (err == ERR_OK) {
        const size_t place = enrolled_place(registry, party->id);
        memmove(&registry->enrolled[place + 1], &registry->enrolled[place],
                (registry->enrolled_count - place) * sizeof registry->enrolled[0]);
        registry->enrolled[place] = party;
        registry->enrolled_count++;
    }
    return err;
}

static void strike_off(struct registry *registry, const struct party *party)
{
    const size_t place = enrolled_place(registry, party->id);
    registry->enrolled_count--;
    memmove(&registry->enrolled[place], &registry->enrolled[place + 1],
            (registry->enrolled_count - place) * sizeof registry->enrolled[0]);
}

/* ---- keys ---- */

typedef enum err (*put_row)(struct key_rows *rows, const struct key_row *row);

static enum err put_keys(struct registry *registry, const struct party *party, put_row put)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < party->signing_key_count && err == ERR_OK; i++) {
        struct key_row row = {.party = party};
        memcpy(row.key, party->signing_keys[i].key, PUBLIC_KEY_BYTES);
        err = put(&registry->signers, &row);
    }
    for (size_t i = 0; party->role != ROLE_NONE && i < party->transport_key_count; i++) {
        const struct party_key *key = &party->transport_keys[i];
        struct key_row row = {.party = party, .good_until_us = INT64_MAX};
        if (key->replaced_us != 0) {
            row.good_until_us = key->replaced_us + (int64_t)KEY_OVERLAP_S * 1000000;
        }
        memcpy(row.key, key->key, PUBLIC_KEY_BYTES);
        err = err != ERR_OK || key->revoked_us != 0 ? err : put(&registry->transports, &row);
    }
    return err;
}

static void take_keys(struct registry *registry, const struct party *party)
{
    for (size_t i = 0; i < party->signing_key_count; i++) {
        key_rows_remove(&registry->signers, party->signing_keys[i].key, party);
    }
    for (size_t i = 0; i < party->transport_key_count; i++) {
        key_rows_remove(&registry->transports, party->transport_keys[i].key, party);
    }
}

/* All parties, once they are known. */
static enum err list_all(struct registry *registry)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < registry->known_count && err == ERR_OK; i++) {
        const struct party *party = registry->known[i];
        err = party->role == ROLE_NONE ? ERR_OK : enrol(registry, party);
        err = err != ERR_OK ? err : put_keys(registry, party, key_rows_push);
    }
    key_rows_sort(&registry->signers);
    key_rows_sort(&registry->transports);
    return err;
}

/* ---- folding ---- */

/* Whether what is new follows all that is folded, and is little. */
static bool can_fold_newest(const struct registry *registry)
{
    if (registry->folded == 0 || registry->act_count - registry->folded > FOLD_ONE_BY_ONE_MAX) {
        return false;
    }
    for (size_t i = registry->folded; i < registry->act_count; i++) {
        if (act_compare(&registry->acts[i - 1], &registry->acts[i]) >= 0) {
            return false;
        }
    }
    return true;
}

/* What an act moves beside its party: nothing, but when keys or a role come or go. */
static enum err fold_one(struct registry *registry, struct party *party, const struct act *act)
{
    const bool was_enrolled = party->role != ROLE_NONE;
    if (event_kind(act->event) != KIND_AGREEMENT) {
        take_keys(registry, party);
    }
    enum err err = party_fold(party, act);
    if (err != ERR_OK || event_kind(act->event) == KIND_AGREEMENT) {
        return err;
    }
    const bool is_enrolled = party->role != ROLE_NONE;
    if (is_enrolled && !was_enrolled) {
        err = enrol(registry, party);
    } else if (was_enrolled && !is_enrolled) {
        strike_off(registry, party);
    }
    return err != ERR_OK ? err : put_keys(registry, party, key_rows_insert);
}

static enum err fold_newest(struct registry *registry)
{
    enum err err = ERR_OK;
    while (registry->folded < registry->act_count && err == ERR_OK) {
        const struct act *act = &registry->acts[registry->folded];
        struct party *party = NULL;
        err = know(registry, act->subject, &party);
        err = err != ERR_OK ? err : fold_one(registry, party, act);
        registry->folded += err == ERR_OK ? 1 : 0;
    }
    return err;
}

static int subject_compare(const void *left, const void *right)
{
    return strcmp(left, right);
}

/* In order of id, so that each is put at the end of the known. */
static enum err know_subjects(struct registry *registry)
{
    const size_t size = sizeof registry->acts[0].subject;
    AUTO(free_p) char *subjects = malloc(registry->act_count * size + 1);
    if (subjects == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < registry->act_count; i++) {
        memcpy(subjects + i * size, registry->acts[i].subject, size);
    }
    qsort(subjects, registry->act_count, size, subject_compare);
    enum err err = ERR_OK;
    for (size_t i = 0; i < registry->act_count && err == ERR_OK; i++) {
        struct party *party = NULL;
        err = know(registry, subjects + i * size, &party);
    }
    return err;
}

static enum err fold_all(struct registry *registry)
{
    registry->folded = 0;
    forget_parties(registry);
    sort_acts(registry);
    enum err err = know_subjects(registry);
    for (size_t i = 0; i < registry->act_count && err == ERR_OK; i++) {
        const struct act *act = &registry->acts[i];
        err = party_fold(registry_known(registry, act->subject), act);
    }
    err = err != ERR_OK ? err : list_all(registry);
    registry->folded = err == ERR_OK ? registry->act_count : 0;
    return err;
}

/* ---- asking ---- */

size_t registry_count(const struct registry *registry)
{
    return registry->enrolled_count;
}

const struct party *registry_at(const struct registry *registry, size_t index)
{
    return index < registry->enrolled_count ? registry->enrolled[index] : NULL;
}

const struct party *registry_find(const struct registry *registry, const char *id)
{
    const struct party *party = registry_known(registry, id);
    return party == NULL || party->role == ROLE_NONE ? NULL : party;
}

enum err registry_by_transport(const struct registry *registry,
                               const uint8_t key[static PUBLIC_KEY_BYTES], int64_t now_us,
                               const struct party *const **ret_parties, size_t *ret_count)
{
    const struct key_rows *rows = &registry->transports;
    const size_t place = key_rows_find(rows, key);
    size_t count = 0;
    while (key_rows_name(rows, place + count, key) &&
           rows->rows[place + count].good_until_us >= now_us) {
        count++;
    }
    *ret_parties = count == 0 ? NULL : &rows->parties[place];
    *ret_count = count;
    return ERR_OK;
}

const struct party *registry_reader(const struct registry *registry,
                                    const uint8_t key[static PUBLIC_KEY_BYTES], int64_t now_us)
{
    const struct party *const *parties = NULL;
    size_t count = 0;
    if (registry_by_transport(registry, key, now_us, &parties, &count) != ERR_OK) {
        return NULL;
    }
    /* A bureau's key names many members and reads for none of them; if one row is that of a reader
     * by trade, the key is its. */
    const struct party *reader = NULL;
    size_t readers = 0;
    for (size_t i = 0; i < count; i++) {
        if (parties[i]->role != ROLE_MEMBER) {
            reader = parties[i];
            readers++;
        }
    }
    if (readers == 0 && count == 1) {
        return parties[0];
    }
    return readers == 1 ? reader : NULL;
}

/* ---- making and unmaking ---- */

enum err registry_make(struct registry **ret_registry)
{
    struct registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL) {
        return ERR_MEMORY;
    }
    registry->arena.budget = SIZE_MAX / 2; /* acts were let in one by one, each under its limit */
    *ret_registry = registry;
    return ERR_OK;
}

/* The party with texts and keys of its own. */
static enum err copy_party(struct registry *copy, const struct party *party)
{
    struct party *made = NULL;
    enum err err = know(copy, party->id, &made);
    if (err != ERR_OK) {
        return err;
    }
    made->role = party->role;
    made->name = arena_text(&copy->arena, party->name);
    made->category = arena_text(&copy->arena, party->category);
    made->district = arena_text(&copy->arena, party->district);
    memcpy(made->currency, party->currency, sizeof made->currency);
    made->valid_from_day = party->valid_from_day;
    made->valid_to_day = party->valid_to_day;
    made->shares = party->shares;
    return made->name == NULL || made->category == NULL || made->district == NULL
               ? ERR_MEMORY
               : party_copy_keys(made, party);
}

enum err registry_copy(const struct registry *registry, struct registry **ret_copy)
{
    AUTO(registry_close) struct registry *copy = NULL;
    assert(registry->folded == registry->act_count);
    enum err err = registry_make(&copy);
    for (size_t i = 0; i < registry->known_count && err == ERR_OK; i++) {
        err = copy_party(copy, registry->known[i]); /* in order of id: each goes to the end */
    }
    err = err != ERR_OK ? err : list_all(copy);
    if (err == ERR_OK) {
        copy->is_copy = true;
        *ret_copy = STEAL(copy);
    }
    return err;
}

void registry_close(struct registry **registry)
{
    if (*registry == NULL) {
        return;
    }
    forget_parties(*registry);
    free((*registry)->known);
    free((*registry)->enrolled);
    key_rows_close(&(*registry)->transports);
    key_rows_close(&(*registry)->signers);
    free((*registry)->acts);
    arena_close(&(*registry)->arena);
    free(*registry);
    *registry = NULL;
}

static const char *const role_names[] = {
    [ROLE_NONE] = "none",           [ROLE_MEMBER] = "member", [ROLE_ASSOCIATION] = "association",
    [ROLE_REGULATOR] = "regulator", [ROLE_PUBLIC] = "public",
};

const char *role_name(int role)
{
    return role >= ROLE_NONE && role <= ROLE_PUBLIC ? role_names[role] : "?";
}

enum err role_parse(const char *name, int *ret_role)
{
    for (int role = ROLE_MEMBER; role <= ROLE_PUBLIC; role++) {
        if (strcasecmp(name, role_names[role]) == 0) {
            *ret_role = role;
            return ERR_OK;
        }
    }
    return ERR_MALFORMED;
}
