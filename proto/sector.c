#include "proto/sector.h"

#include <assert.h>
#include <string.h>

/* The sightings of one type, frequency and end: a stretch of the sorted array. */
struct range {
    uint8_t type;
    uint8_t frequency;
    int32_t end_day;
    size_t begin;
    size_t count;
};

struct back {
    char institution[INSTITUTION_ID_MAX + 1];
    uint64_t seq;
};

struct loss {
    uint64_t seq;
    const PbEvent *event; /* in the arena */
};

/* An array that grows; items of one size. */
struct growing {
    void *items;
    size_t count;
    size_t capacity;
};

/* Invariants once it is sealed: sightings are in order of (type, frequency, end, institution, seq),
 * each seq once; ranges cover them in that order; backs are in order of (institution, seq). */
struct sector {
    struct sector_terms terms;
    int64_t at_us; /* that cells are of */
    bool is_sealed;
    struct registry *registry;
    struct docket *docket;
    struct arena settings_arena;
    const PbSettings *settings;
    uint64_t settings_seq;
    struct arena arena;
    struct growing losses;
    struct lost_history lost;
    struct growing backs;
    struct growing sightings;
    bool is_out_of_order;
    struct growing ranges;
};

static int compare_sightings(const void *left, const void *right);
static int compare_losses(const void *left, const void *right);
static int compare_backs(const void *left, const void *right);
MUST_USE static enum err find_ranges(struct sector *sector);

enum err sector_seal(struct sector *sector)
{
    struct sighting *sightings = sector->sightings.items;
    assert(!sector->is_sealed);
    if (sector->is_out_of_order) {
        qsort(sightings, sector->sightings.count, sizeof *sightings, compare_sightings);
    }
    const struct loss *losses = sector->losses.items;
    if (sector->losses.count > 1) {
        qsort(sector->losses.items, sector->losses.count, sizeof *losses, compare_losses);
    }
    sector->lost = (struct lost_history){.seq = 0};
    for (size_t i = 0; i < sector->losses.count; i++) {
        if (i == 0 || losses[i].seq != losses[i - 1].seq) {
            lost_take(&sector->lost, losses[i].seq, losses[i].event);
        }
    }
    if (sector->backs.count > 1) {
        qsort(sector->backs.items, sector->backs.count, sizeof(struct back), compare_backs);
    }
    enum err err = find_ranges(sector);
    err = err != ERR_OK ? err : registry_seal(sector->registry);
    err = err != ERR_OK ? err : docket_seal(sector->docket, sector->terms.known_at_us);
    sector->is_sealed = err == ERR_OK;
    return err;
}

/* ---- making and unmaking ---- */

enum err sector_make(const struct sector_terms *terms, struct sector **ret_sector)
{
    AUTO(sector_close) struct sector *sector = calloc(1, sizeof *sector);
    if (sector == NULL) {
        return ERR_MEMORY;
    }
    sector->terms = *terms;
    sector->at_us = terms->known_at_us;
    sector->arena.budget = SIZE_MAX / 2; /* events were let in one by one, each under its limit */
    enum err err = registry_make(&sector->registry);
    err = err != ERR_OK ? err : docket_make(&sector->docket);
    if (err == ERR_OK) {
        *ret_sector = STEAL(sector);
    }
    return err;
}

void sector_close(struct sector **sector)
{
    if (*sector == NULL) {
        return;
    }
    registry_close(&(*sector)->registry);
    docket_close(&(*sector)->docket);
    arena_close(&(*sector)->settings_arena);
    arena_close(&(*sector)->arena);
    free((*sector)->losses.items);
    free((*sector)->backs.items);
    free((*sector)->sightings.items);
    free((*sector)->ranges.items);
    free(*sector);
    *sector = NULL;
}

static enum err grow(struct growing *growing, size_t item_bytes, void **ret_place)
{
    if (growing->count == growing->capacity) {
        size_t wanted = growing->capacity == 0 ? 64 : growing->capacity * 2;
        void *grown = reallocarray(growing->items, wanted, item_bytes);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        growing->items = grown;
        growing->capacity = wanted;
    }
    *ret_place = (uint8_t *)growing->items + growing->count++ * item_bytes;
    return ERR_OK;
}

/* ---- events ---- */

static enum err copy_event(const PbEvent *event, struct arena *arena, const PbEvent **ret_event)
{
    AUTO(buffer_close) struct buffer raw = {0};
    enum err err = message_pack(&event->base, &raw);
    return err != ERR_OK
               ? err
               : MESSAGE_UNPACK(event, MESSAGE_TOLERANT, buffer_bytes(&raw), arena, ret_event);
}

static enum err take_party(struct sector *sector, const struct header *header, const PbEvent *event)
{
    return registry_apply(sector->registry, event, header->id);
}

static enum err take_decision(struct sector *sector, const struct header *header,
                              const PbEvent *event)
{
    return docket_apply(sector->docket, event, header->id);
}

/* The last one of the journal is in force. */
static enum err take_settings(struct sector *sector, const struct header *header,
                              const PbEvent *event)
{
    const PbEvent *copy = NULL;
    if (event->settings == NULL) {
        return ERR_MALFORMED;
    }
    if (header->seq <= sector->settings_seq) {
        return ERR_OK;
    }
    arena_reset(&sector->settings_arena);
    sector->settings = NULL;
    enum err err = copy_event(event, &sector->settings_arena, &copy);
    if (err == ERR_OK) {
        sector->settings = copy->settings;
        sector->settings_seq = header->seq;
    }
    return err;
}

static enum err take_loss(struct sector *sector, const struct header *header, const PbEvent *event)
{
    void *place = NULL;
    struct loss loss = {.seq = header->seq};
    enum err err = copy_event(event, &sector->arena, &loss.event);
    err = err != ERR_OK ? err : grow(&sector->losses, sizeof loss, &place);
    if (err == ERR_OK) {
        *(struct loss *)place = loss;
    }
    return err;
}

static enum err take_back(struct sector *sector, const struct header *header, const PbEvent *event)
{
    void *place = NULL;
    struct back back = {.seq = header->seq};
    (void)event;
    memcpy(back.institution, header->institution, sizeof back.institution);
    enum err err = grow(&sector->backs, sizeof back, &place);
    if (err == ERR_OK) {
        *(struct back *)place = back;
    }
    return err;
}

static const struct {
    int kind;
    enum err (*take)(struct sector *sector, const struct header *header, const PbEvent *event);
} takers[] = {
    {KIND_PARTY, take_party},       {KIND_AGREEMENT, take_party},   {KIND_MERGED, take_party},
    {KIND_RENAMED, take_party},     {KIND_SPLIT, take_party},       {KIND_WAIVED, take_decision},
    {KIND_CLOSED, take_decision},   {KIND_REOPENED, take_decision}, {KIND_ORDER, take_decision},
    {KIND_SETTINGS, take_settings}, {KIND_RESTORED, take_loss},     {KIND_HISTORY_LOST, take_loss},
    {KIND_BACK, take_back},
};
#define TAKERS (sizeof takers / sizeof takers[0])

const int sector_kinds[] = {
    KIND_PARTY,    KIND_AGREEMENT,
    KIND_MERGED,   KIND_RENAMED,
    KIND_SPLIT,    KIND_WAIVED,
    KIND_CLOSED,   KIND_REOPENED,
    KIND_ORDER,    KIND_SETTINGS,
    KIND_RESTORED, KIND_HISTORY_LOST,
    KIND_BACK,     0,
};
static_assert(sizeof sector_kinds / sizeof sector_kinds[0] == TAKERS + 1,
              "each kind has its taker");

static size_t taker_of(int kind)
{
    size_t at = 0;
    while (at < TAKERS && takers[at].kind != kind) {
        at++;
    }
    return at;
}

bool sector_wants(int kind)
{
    return taker_of(kind) < TAKERS;
}

enum err sector_event(struct sector *sector, const struct header *header, const PbEvent *event)
{
    size_t at = taker_of(header->kind);
    if (at == TAKERS || event->time_us > sector->terms.known_at_us) {
        return ERR_OK;
    }
    sector->is_sealed = false;
    return event_kind(event) == header->kind ? takers[at].take(sector, header, event)
                                             : ERR_MALFORMED;
}

/* ---- reports ---- */

static int compare_places(const struct sighting *a, const struct sighting *b)
{
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    if (a->frequency != b->frequency) {
        return a->frequency < b->frequency ? -1 : 1;
    }
    if (a->end_day != b->end_day) {
        return a->end_day < b->end_day ? -1 : 1;
    }
    return strcmp(a->institution, b->institution);
}

static int compare_sightings(const void *left, const void *right)
{
    const struct sighting *a = left;
    const struct sighting *b = right;
    int order = compare_places(a, b);
    return order != 0 ? order : (a->seq > b->seq) - (a->seq < b->seq);
}

/* From an index they come in order, so that nothing is left to sort. */
enum err sector_report(struct sector *sector, const struct sighting *sighting)
{
    void *place = NULL;
    assert(!sector->is_sealed);
    if (sighting->first_received_at_us > sector->terms.known_at_us) {
        return ERR_OK;
    }
    if (sector->sightings.count > 0) {
        const struct sighting *sightings = sector->sightings.items;
        int order = compare_sightings(&sightings[sector->sightings.count - 1], sighting);
        if (order == 0) {
            return ERR_OK;
        }
        sector->is_out_of_order = sector->is_out_of_order || order > 0;
    }
    enum err err = grow(&sector->sightings, sizeof *sighting, &place);
    if (err == ERR_OK) {
        *(struct sighting *)place = *sighting;
    }
    return err;
}

static bool range_has(const struct range *range, const struct sighting *sighting)
{
    return range->type == sighting->type && range->frequency == sighting->frequency &&
           range->end_day == sighting->end_day;
}

/* Takes out what was fed twice, too. */
static enum err find_ranges(struct sector *sector)
{
    struct sighting *sightings = sector->sightings.items;
    struct range *range = NULL;
    size_t kept = 0;
    sector->ranges.count = 0;
    for (size_t i = 0; i < sector->sightings.count; i++) {
        if (kept > 0 && compare_sightings(&sightings[kept - 1], &sightings[i]) == 0) {
            continue;
        }
        if (kept != i) {
            sightings[kept] = sightings[i];
        }
        if (range == NULL || !range_has(range, &sightings[kept])) {
            void *place = NULL;
            enum err err = grow(&sector->ranges, sizeof *range, &place);
            if (err != ERR_OK) {
                return err;
            }
            range = place;
            *range = (struct range){
                .type = sightings[kept].type,
                .frequency = sightings[kept].frequency,
                .end_day = sightings[kept].end_day,
                .begin = kept,
            };
        }
        range->count++;
        kept++;
    }
    sector->sightings.count = kept;
    return ERR_OK;
}

static int compare_range(const void *key, const void *item)
{
    const struct range *a = key;
    const struct range *b = item;
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    if (a->frequency != b->frequency) {
        return a->frequency < b->frequency ? -1 : 1;
    }
    return (a->end_day > b->end_day) - (a->end_day < b->end_day);
}

/* The first of count that is not before the institution, or behind it. */
static size_t first_of(const struct sighting *sightings, size_t count, const char *institution)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool is_before = strcmp(sightings[middle].institution, institution) < 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    return low;
}

const struct sighting *sector_place(const struct sector *sector, const char *institution, int type,
                                    int frequency, int32_t end_day, size_t *ret_count)
{
    const struct sector_terms *terms = &sector->terms;
    if (terms->place != NULL) {
        return terms->place(terms->place_context, institution, type, frequency, end_day, ret_count);
    }
    struct range key = {.type = (uint8_t)type, .frequency = (uint8_t)frequency, .end_day = end_day};
    const struct range *range = sector->ranges.count == 0
                                    ? NULL
                                    : bsearch(&key, sector->ranges.items, sector->ranges.count,
                                              sizeof *range, compare_range);
    *ret_count = 0;
    if (range == NULL) {
        return NULL;
    }
    const struct sighting *sightings =
        (const struct sighting *)sector->sightings.items + range->begin;
    size_t first = first_of(sightings, range->count, institution);
    size_t end = first;
    while (end < range->count && strcmp(sightings[end].institution, institution) == 0) {
        end++;
    }
    *ret_count = end - first;
    return end > first ? &sightings[first] : NULL;
}

/* ---- history that was replaced ---- */

static int compare_losses(const void *left, const void *right)
{
    const struct loss *a = left;
    const struct loss *b = right;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static int compare_backs(const void *left, const void *right)
{
    const struct back *a = left;
    const struct back *b = right;
    int order = strcmp(a->institution, b->institution);
    return order != 0 ? order : (a->seq > b->seq) - (a->seq < b->seq);
}

bool sector_is_missing(const struct sector *sector, const struct party *party)
{
    const struct back *backs = sector->backs.items;
    struct back wanted = {.seq = sector->lost.seq};
    size_t low = 0;
    size_t high = sector->backs.count;
    if (sector->lost.seq == 0 || party->enrolled_us > sector->lost.time_us) {
        return false;
    }
    memcpy(wanted.institution, party->id, sizeof wanted.institution);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool is_before = compare_backs(&backs[middle], &wanted) <= 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    return low == sector->backs.count || strcmp(backs[low].institution, party->id) != 0;
}

/* ---- what is in it ---- */

const struct registry *sector_registry(const struct sector *sector)
{
    return sector->registry;
}

const PbSettings *sector_settings(const struct sector *sector)
{
    return sector->terms.settings != NULL ? sector->terms.settings : sector->settings;
}

const struct docket *sector_docket(const struct sector *sector)
{
    return sector->terms.docket != NULL ? sector->terms.docket : sector->docket;
}

int64_t sector_known_at(const struct sector *sector)
{
    return sector->terms.known_at_us;
}

const struct lost_history *sector_lost(const struct sector *sector)
{
    return &sector->lost;
}

enum err sector_body(const struct sector *sector, uint64_t seq, struct arena *arena,
                     const PbReport **ret_report)
{
    *ret_report = NULL;
    return sector->terms.body == NULL
               ? ERR_OK
               : sector->terms.body(sector->terms.body_context, seq, arena, ret_report);
}

/* ---- cells ---- */

struct cells_of {
    const struct sector *sector;
    const struct party *party;
    sector_visit visit;
    void *context;
};

static enum err visit_duty(void *context, const struct duty *duty)
{
    const struct cells_of *of = context;
    const struct period *period = &duty->period;
    struct cell cell;
    struct cell_inputs inputs = {
        .duty = duty,
        .waiver = docket_waiver(sector_docket(of->sector), of->party->id, duty->type, period),
        .closed = docket_closed(sector_docket(of->sector), period->end_day),
        .at_us = of->sector->at_us,
    };
    inputs.sightings = sector_place(of->sector, of->party->id, duty->type, (int)period->frequency,
                                    period->end_day, &inputs.count);
    cell_fold(&inputs, &cell);
    return of->visit(of->context, of->party, duty, &cell);
}

enum err sector_cells_of(const struct sector *sector, const struct party *party,
                         const struct period *month, sector_visit visit, void *context)
{
    struct cells_of of = {sector, party, visit, context};
    struct calendar calendar = {.settings = sector_settings(sector),
                                .docket = sector_docket(sector)};
    if (calendar.settings == NULL || party->role != ROLE_MEMBER) {
        return ERR_OK;
    }
    return calendar_duties(&calendar, party, month->start_day, month->end_day, visit_duty, &of);
}

struct duty_wanted {
    int type;
    enum frequency frequency;
    struct duty *duty;
};

static enum err find_duty(void *context, const struct duty *duty)
{
    const struct duty_wanted *wanted = context;
    if (duty->type != wanted->type || duty->period.frequency != wanted->frequency) {
        return ERR_OK;
    }
    *wanted->duty = *duty;
    return ERR_EXISTS; /* one a place */
}

enum err sector_duty(const struct sector *sector, const struct party *party, int type,
                     const struct period *period, struct duty *ret_duty)
{
    struct calendar calendar = {.settings = sector->settings, .docket = sector->docket};
    struct duty duty;
    struct duty_wanted wanted = {type, period->frequency, &duty};
    if (sector->settings == NULL || party->role != ROLE_MEMBER) {
        return ERR_NOT_FOUND;
    }
    enum err err =
        calendar_duties(&calendar, party, period->end_day, period->end_day, find_duty, &wanted);
    if (err != ERR_EXISTS) {
        return err != ERR_OK ? err : ERR_NOT_FOUND;
    }
    *ret_duty = duty;
    return ERR_OK;
}

void sector_look_at(struct sector *sector, int64_t at_us)
{
    sector->at_us = at_us;
}

enum err sector_cells(const struct sector *sector, const struct period *month, sector_visit visit,
                      void *context)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < registry_count(sector->registry) && err == ERR_OK; i++) {
        err = sector_cells_of(sector, registry_at(sector->registry, i), month, visit, context);
    }
    return err;
}
