#include "proto/registry.h"

#include "proto/record.h"
#include "proto/registry_party.h"
#include "proto/registry_succession.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

/* More new acts than this are folded together with all others, from nothing. */
#define FOLD_ONE_BY_ONE_MAX 16

static enum err fold_all(struct registry *registry);
static enum err fold_newest(struct registry *registry, bool *ret_is_late);

enum err registry_seal(struct registry *registry)
{
    const size_t fresh = registry->act_count - registry->folded;
    bool is_late = registry->folded == 0 || fresh > FOLD_ONE_BY_ONE_MAX;
    if (fresh == 0) {
        return ERR_OK;
    }
    enum err err = is_late ? ERR_OK : fold_newest(registry, &is_late);
    return err == ERR_OK && is_late ? fold_all(registry) : err;
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

int act_compare(const void *left, const void *right)
{
    const struct act *a = left;
    const struct act *b = right;
    if (a->time_us != b->time_us) {
        return a->time_us < b->time_us ? -1 : 1;
    }
    return memcmp(a->id, b->id, SHA256_BYTES);
}

/* Where the act of that id is among the slots, or would be. An id is a hash: any of its bytes will
 * do. */
static uint32_t *slot_of(const struct registry *registry, const uint8_t id[static SHA256_BYTES])
{
    size_t at = (size_t)get_u64(id) & (registry->slot_count - 1);
    while (registry->slots[at] != 0 &&
           memcmp(registry->acts[registry->slots[at] - 1].id, id, SHA256_BYTES) != 0) {
        at = (at + 1) & (registry->slot_count - 1);
    }
    return &registry->slots[at];
}

static void fill_slots(struct registry *registry)
{
    memset(registry->slots, 0, registry->slot_count * sizeof registry->slots[0]);
    for (size_t i = 0; i < registry->act_count; i++) {
        *slot_of(registry, registry->acts[i].id) = (uint32_t)i + 1;
    }
}

static enum err reserve_slot(struct registry *registry)
{
    if (registry->act_count * 2 < registry->slot_count) {
        return ERR_OK;
    }
    const size_t wanted = registry->slot_count == 0 ? 64 : registry->slot_count * 4;
    uint32_t *slots = realloc(registry->slots, wanted * sizeof slots[0]);
    if (slots == NULL || registry->act_count > UINT32_MAX / 4) {
        registry->slots = slots != NULL ? slots : registry->slots;
        return ERR_MEMORY;
    }
    registry->slots = slots;
    registry->slot_count = wanted;
    fill_slots(registry);
    return ERR_OK;
}

static bool is_kept(int kind)
{
    static const int kinds[] = {KIND_PARTY,  KIND_KEYS,  KIND_AGREEMENT,
                                KIND_MERGED, KIND_SPLIT, KIND_RENAMED};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i] == kind) {
            return true;
        }
    }
    return false;
}

/* The hub applies each act of its own twice: when it is validated, and when it is journaled. */
enum err registry_apply(struct registry *registry, const PbEvent *event,
                        const uint8_t id[static SHA256_BYTES])
{
    if (!is_kept(event_kind(event))) {
        return ERR_OK;
    }
    if (event->subject == NULL || !institution_id_is_valid(event->subject)) {
        return ERR_MALFORMED;
    }
    assert(!registry->is_copy);
    struct act act = {.time_us = event->time_us};
    memcpy(act.id, id, SHA256_BYTES);
    memcpy(act.subject, event->subject, strlen(event->subject));
    enum err err = reserve_slot(registry);
    if (err != ERR_OK || *slot_of(registry, id) != 0) {
        return err;
    }
    void *acts = registry->acts;
    err = grow(&acts, &registry->act_capacity, registry->act_count, sizeof(struct act));
    registry->acts = acts;
    err = err != ERR_OK ? err : copy_event(&registry->arena, event, &act.event);
    if (err == ERR_OK) {
        registry->acts[registry->act_count++] = act;
        *slot_of(registry, id) = (uint32_t)registry->act_count;
    }
    return err;
}

static void sort_acts(struct registry *registry)
{
    if (registry->act_count > 1) {
        qsort(registry->acts, registry->act_count, sizeof registry->acts[0], act_compare);
        fill_slots(registry);
    }
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

enum err registry_know(struct registry *registry, const char *id, struct party **ret_party)
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
    registry->aliases.count = 0;
    registry->succession_count = 0;
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

void registry_alias_key(enum alias alias, const char *text,
                        uint8_t ret_key[static PUBLIC_KEY_BYTES])
{
    memset(ret_key, 0, PUBLIC_KEY_BYTES);
    ret_key[0] = (uint8_t)alias;
    memcpy(ret_key + 1, text, strnlen(text, PUBLIC_KEY_BYTES - 1));
}

static enum err put_alias(struct registry *registry, const struct party *party, enum alias alias,
                          const char *text, put_row put)
{
    struct key_row row = {.party = party};
    registry_alias_key(alias, text, row.key);
    return party->role == ROLE_NONE || text[0] == '\0' ? ERR_OK : put(&registry->aliases, &row);
}

static enum err put_keys(struct registry *registry, const struct party *party, put_row put)
{
    enum err err = put_alias(registry, party, ALIAS_LE_BOOK, party->le_book, put);
    err = err != ERR_OK ? err : put_alias(registry, party, ALIAS_LEI, party->lei, put);
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
    uint8_t alias[PUBLIC_KEY_BYTES];
    registry_alias_key(ALIAS_LE_BOOK, party->le_book, alias);
    key_rows_remove(&registry->aliases, alias, party);
    registry_alias_key(ALIAS_LEI, party->lei, alias);
    key_rows_remove(&registry->aliases, alias, party);
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
    key_rows_sort(&registry->aliases);
    return err;
}

/* ---- folding ---- */

/* What an act moves beside its party: nothing, but when keys, aliases or a role come or go. */
static enum err fold_in_place(struct registry *registry, struct party *party, const struct act *act)
{
    const int kind = event_kind(act->event);
    const bool was_enrolled = party->role != ROLE_NONE;
    if (kind != KIND_PARTY && kind != KIND_KEYS) {
        return party_fold(party, act);
    }
    take_keys(registry, party);
    enum err err = party_fold(party, act);
    if (err != ERR_OK) {
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

static bool is_succession(const struct act *act)
{
    const int kind = event_kind(act->event);
    return kind == KIND_MERGED || kind == KIND_SPLIT;
}

/* Whether it comes before one of its party and kind that is folded already. Acts of different
 * parties or kinds do not meet, and may be folded as they come. */
static bool is_late(const struct registry *registry, const struct party *party,
                    const struct act *act)
{
    const size_t kind = party_act_kind(event_kind(act->event));
    const uint32_t last = kind < PARTY_ACTS ? party->last_acts[kind] : 0;
    return last != 0 && act_compare(&registry->acts[last - 1], act) > 0;
}

static void remember(struct registry *registry, struct party *party, const struct act *act)
{
    const size_t kind = party_act_kind(event_kind(act->event));
    if (kind < PARTY_ACTS) {
        party->last_acts[kind] = (uint32_t)(act - registry->acts) + 1;
    }
}

/* On top of what there is, until one comes late. */
static enum err fold_newest(struct registry *registry, bool *ret_is_late)
{
    enum err err = ERR_OK;
    while (registry->folded < registry->act_count && err == ERR_OK) {
        const struct act *act = &registry->acts[registry->folded];
        struct party *party = NULL;
        err = registry_know(registry, act->subject, &party);
        if (err == ERR_OK && is_late(registry, party, act)) {
            *ret_is_late = true;
            return ERR_OK;
        }
        err = err != ERR_OK        ? err
              : is_succession(act) ? succession_fold(registry, act)
                                   : fold_in_place(registry, party, act);
        if (err == ERR_OK) {
            remember(registry, party, act);
            registry->folded++;
        }
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
        err = registry_know(registry, subjects + i * size, &party);
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
        struct party *party = registry_known(registry, act->subject);
        err = is_succession(act) ? succession_fold(registry, act) : party_fold(party, act);
        remember(registry, party, act);
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

enum err registry_copy(const struct registry *registry, struct registry **ret_copy)
{
    AUTO(registry_close) struct registry *copy = NULL;
    assert(registry->folded == registry->act_count);
    enum err err = registry_make(&copy);
    for (size_t i = 0; i < registry->known_count && err == ERR_OK; i++) {
        struct party *party = NULL; /* in order of id: each goes to the end */
        err = registry_know(copy, registry->known[i]->id, &party);
        err = err != ERR_OK ? err : party_copy(party, registry->known[i], &copy->arena);
    }
    err = err != ERR_OK ? err : succession_copy(copy, registry);
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
    key_rows_close(&(*registry)->aliases);
    succession_close(*registry);
    free((*registry)->slots);
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
