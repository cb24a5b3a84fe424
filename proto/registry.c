#include "proto/registry.h"

#include "proto/record.h"
#include "proto/registry_party.h"

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
    void *acts = registry->acts;
    enum err err = grow(&acts, &registry->act_capacity, registry->act_count, sizeof(struct act));
    registry->acts = acts;
    struct act act = {.time_us = event->time_us};
    memcpy(act.id, id, SHA256_BYTES);
    memcpy(act.subject, event->subject, strlen(event->subject));
    err = err != ERR_OK ? err : copy_event(&registry->arena, event, &act.event);
    if (err == ERR_OK) {
        registry->acts[registry->act_count++] = act;
    }
    return err;
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
    registry->transport_count = 0;
}

static enum err list_enrolled(struct registry *registry)
{
    const size_t room = registry->known_count == 0 ? 1 : registry->known_count;
    const struct party **enrolled = realloc(registry->enrolled, room * sizeof enrolled[0]);
    if (enrolled == NULL) {
        return ERR_MEMORY;
    }
    registry->enrolled = enrolled;
    registry->enrolled_count = 0;
    for (size_t i = 0; i < registry->known_count; i++) {
        if (registry->known[i]->role != ROLE_NONE) {
            enrolled[registry->enrolled_count++] = registry->known[i];
        }
    }
    return ERR_OK;
}

/* ---- transport keys ---- */

static int transport_compare(const void *left, const void *right)
{
    const struct transport_row *a = left;
    const struct transport_row *b = right;
    const int order = memcmp(a->key, b->key, PUBLIC_KEY_BYTES);
    if (order != 0) {
        return order;
    }
    if (a->good_until_us != b->good_until_us) {
        return a->good_until_us > b->good_until_us ? -1 : 1;
    }
    return strcmp(a->party->id, b->party->id);
}

static size_t add_rows(const struct party *party, struct transport_row *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < party->transport_key_count; i++) {
        const struct party_key *key = &party->transport_keys[i];
        if (key->revoked_us != 0) {
            continue;
        }
        struct transport_row *row = &rows[count++];
        row->party = party;
        row->good_until_us =
            key->replaced_us == 0 ? INT64_MAX : key->replaced_us + (int64_t)KEY_OVERLAP_S * 1000000;
        memcpy(row->key, key->key, PUBLIC_KEY_BYTES);
    }
    return count;
}

static enum err reserve_transports(struct registry *registry, size_t room)
{
    room = room == 0 ? 1 : room;
    struct transport_row *rows = realloc(registry->transports, room * sizeof rows[0]);
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    registry->transports = rows;
    const struct party **parties = realloc(registry->transport_parties, room * sizeof parties[0]);
    if (parties == NULL) {
        return ERR_MEMORY;
    }
    registry->transport_parties = parties;
    return ERR_OK;
}

static void list_transport_parties(struct registry *registry)
{
    for (size_t i = 0; i < registry->transport_count; i++) {
        registry->transport_parties[i] = registry->transports[i].party;
    }
}

static enum err list_transports(struct registry *registry)
{
    size_t room = 0;
    for (size_t i = 0; i < registry->enrolled_count; i++) {
        room += registry->enrolled[i]->transport_key_count;
    }
    enum err err = reserve_transports(registry, room);
    if (err != ERR_OK) {
        return err;
    }
    size_t count = 0;
    for (size_t i = 0; i < registry->enrolled_count; i++) {
        count += add_rows(registry->enrolled[i], &registry->transports[count]);
    }
    qsort(registry->transports, count, sizeof registry->transports[0], transport_compare);
    registry->transport_count = count;
    list_transport_parties(registry);
    return ERR_OK;
}

/* First row that is not before the given one. */
static size_t transport_place(const struct registry *registry, const struct transport_row *row)
{
    size_t low = 0;
    size_t high = registry->transport_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const bool is_before = transport_compare(&registry->transports[middle], row) < 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    return low;
}

/* The rows of one party anew, without sorting all others again. */
static enum err list_transports_of(struct registry *registry, const struct party *party)
{
    size_t kept = 0;
    for (size_t i = 0; i < registry->transport_count; i++) {
        if (registry->transports[i].party != party) {
            registry->transports[kept++] = registry->transports[i];
        }
    }
    registry->transport_count = kept;
    const size_t most = party->transport_key_count;
    AUTO(free_p) struct transport_row *rows = calloc(most + 1, sizeof rows[0]);
    enum err err = rows == NULL ? ERR_MEMORY : reserve_transports(registry, kept + most);
    if (err != ERR_OK) {
        return err;
    }
    const size_t count = party->role == ROLE_NONE ? 0 : add_rows(party, rows);
    for (size_t i = 0; i < count; i++) {
        const size_t place = transport_place(registry, &rows[i]);
        memmove(&registry->transports[place + 1], &registry->transports[place],
                (registry->transport_count - place) * sizeof rows[0]);
        registry->transports[place] = rows[i];
        registry->transport_count++;
    }
    list_transport_parties(registry);
    return ERR_OK;
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

static enum err fold_newest(struct registry *registry)
{
    enum err err = ERR_OK;
    while (registry->folded < registry->act_count && err == ERR_OK) {
        const struct act *act = &registry->acts[registry->folded];
        struct party *party = NULL;
        err = know(registry, act->subject, &party);
        err = err != ERR_OK ? err : party_fold(party, act);
        err = err != ERR_OK ? err : list_enrolled(registry);
        err = err != ERR_OK ? err : list_transports_of(registry, party);
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
    err = err != ERR_OK ? err : list_enrolled(registry);
    err = err != ERR_OK ? err : list_transports(registry);
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
    static const struct party nobody;
    struct transport_row first = {.good_until_us = INT64_MAX, .party = &nobody};
    memcpy(first.key, key, PUBLIC_KEY_BYTES);
    const size_t place = transport_place(registry, &first);
    size_t count = 0;
    while (place + count < registry->transport_count) {
        const struct transport_row *row = &registry->transports[place + count];
        if (memcmp(row->key, key, PUBLIC_KEY_BYTES) != 0 || row->good_until_us < now_us) {
            break;
        }
        count++;
    }
    *ret_parties = count == 0 ? NULL : &registry->transport_parties[place];
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

void registry_close(struct registry **registry)
{
    if (*registry == NULL) {
        return;
    }
    forget_parties(*registry);
    free((*registry)->known);
    free((*registry)->enrolled);
    free((*registry)->transports);
    free((*registry)->transport_parties);
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
