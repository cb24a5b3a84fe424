#include "agents/client/snapshot_fold.h"

#include <string.h>

#include "proto/access.h"
#include "proto/envelope.h"

/* In order of institution, type; accepted ones first, then the highest vintage, the earliest
 * first_received_at, the lowest seq: the first of a cell is the current one. */
static int by_cell(const void *a, const void *b)
{
    const struct header *left = &(*(const struct snapshot_record *const *)a)->header;
    const struct header *right = &(*(const struct snapshot_record *const *)b)->header;
    int order = strcmp(left->institution, right->institution);
    if (order != 0 || left->type != right->type) {
        return order != 0 ? order : left->type - right->type;
    }
    bool left_accepted = verdict_accepts(left->verdict);
    if (left_accepted != verdict_accepts(right->verdict)) {
        return left_accepted ? -1 : 1;
    }
    if (left->vintage != right->vintage) {
        return left->vintage > right->vintage ? -1 : 1;
    }
    if (left->first_received_at_us != right->first_received_at_us) {
        return left->first_received_at_us < right->first_received_at_us ? -1 : 1;
    }
    return left->seq < right->seq ? -1 : 1;
}

static bool is_report(const struct snapshot_terms *terms, const struct header *header)
{
    return (header->kind == KIND_REPORT || header->kind == KIND_EARLIER_RECEIPT) &&
           header->type >= TYPE_PORTFOLIO && header->type <= TYPE_LAST &&
           (terms->types & (1U << header->type)) != 0 &&
           header->frequency == terms->period.frequency &&
           header->period_end_day == terms->period.end_day;
}

static void add_to_cell(struct snapshot_fold *fold, const struct snapshot_record *record)
{
    const struct header *header = &record->header;
    struct snapshot_cell *cell = fold->cell_count > 0 ? &fold->cells[fold->cell_count - 1] : NULL;
    bool is_accepted = verdict_accepts(header->verdict);
    if (cell == NULL || cell->type != header->type ||
        strcmp(cell->institution, header->institution) != 0) {
        cell = &fold->cells[fold->cell_count++];
        *cell = (struct snapshot_cell){.type = header->type, .status = CELL_REJECTED};
        memcpy(cell->institution, header->institution, sizeof cell->institution);
        if (is_accepted) {
            cell->current = record;
            cell->status = record->body.data != NULL ? CELL_REPORTED : CELL_NOT_SHARED;
        }
        return;
    }
    cell->is_contested =
        cell->is_contested ||
        (is_accepted && cell->current != NULL && header->vintage == cell->current->header.vintage &&
         memcmp(header->id, cell->current->header.id, SHA256_BYTES) != 0);
}

static enum err fold_reports(struct snapshot_fold *fold, const struct snapshot_records *records)
{
    size_t count = 0;
    const struct snapshot_record **order =
        calloc(records->count + 1, sizeof(const struct snapshot_record *));
    fold->cells = calloc(records->count + 1, sizeof *fold->cells);
    if (order == NULL || fold->cells == NULL) {
        free(order);
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < records->count; i++) {
        if (is_report(fold->terms, &records->items[i].header)) {
            order[count++] = &records->items[i];
        }
    }
    qsort(order, count, sizeof *order, by_cell);
    for (size_t i = 0; i < count; i++) {
        add_to_cell(fold, order[i]);
    }
    free(order);
    return ERR_OK;
}

static enum err fold_event(struct snapshot_fold *fold, const struct snapshot_record *record,
                           struct arena *arena, struct complaint *complaint)
{
    const PbEvent *event = NULL;
    bool is_settings = record->header.kind == KIND_SETTINGS;
    if (!is_settings && record->header.kind != KIND_PARTY) {
        return ERR_OK;
    }
    enum err err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, record->body, arena, &event);
    if (err != ERR_OK) {
        return complain(complaint, err, "The event in record %llu cannot be read.",
                        (unsigned long long)record->header.seq);
    }
    if (is_settings) {
        fold->settings = event->settings;
        return ERR_OK;
    }
    err = registry_apply(fold->registry, event, record->header.id);
    return err != ERR_MALFORMED
               ? err
               : complain(complaint, err,
                          "The act in record %llu names no party: the hub must not "
                          "have taken it. Tell its operator.",
                          (unsigned long long)record->header.seq);
}

/* Acts fold in the order of their own time, which registry_seal sees to; settings in that of the
 * journal. */
static enum err fold_events(struct snapshot_fold *fold, const struct snapshot_records *records,
                            struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    enum err err = registry_make(&fold->registry);
    for (size_t i = 0; i < records->count && err == ERR_OK; i++) {
        bool is_settings = records->items[i].header.kind == KIND_SETTINGS;
        if (is_settings) {
            arena_reset(&fold->arena); /* only the last one's message is kept */
        } else {
            arena_reset(&arena);
        }
        err = fold_event(fold, &records->items[i], is_settings ? &fold->arena : &arena, complaint);
    }
    return err != ERR_OK ? err : registry_seal(fold->registry);
}

static enum err list_members(struct snapshot_fold *fold)
{
    size_t count = registry_count(fold->registry);
    fold->members = calloc(count + 1, sizeof *fold->members);
    if (fold->members == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct party *party = registry_at(fold->registry, i);
        if (party->role == ROLE_MEMBER && party_is_valid_on(party, fold->terms->period.end_day)) {
            fold->members[fold->member_count++] = party;
        }
    }
    return ERR_OK;
}

enum err snapshot_fold(const struct snapshot_terms *terms, const struct snapshot_records *records,
                       struct complaint *complaint, struct snapshot_fold *ret_fold)
{
    struct snapshot_fold fold = {.terms = terms};
    enum err err = fold_reports(&fold, records);
    err = err != ERR_OK ? err : fold_events(&fold, records, complaint);
    err = err != ERR_OK ? err : list_members(&fold);
    if (err != ERR_OK) {
        snapshot_fold_close(&fold);
        return err;
    }
    *ret_fold = fold;
    return ERR_OK;
}

void snapshot_fold_close(struct snapshot_fold *fold)
{
    free(fold->cells);
    free(fold->members);
    registry_close(&fold->registry);
    arena_close(&fold->arena);
    *fold = (struct snapshot_fold){0};
}

const struct snapshot_cell *snapshot_cell_find(const struct snapshot_fold *fold,
                                               const char *institution, int type)
{
    size_t low = 0;
    size_t high = fold->cell_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct snapshot_cell *cell = &fold->cells[middle];
        int order = strcmp(cell->institution, institution);
        order = order != 0 ? order : cell->type - type;
        if (order == 0) {
            return cell;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* Who may not see a report of this kind at all must not take its absence for silence. */
enum cell_status snapshot_status(const struct snapshot_fold *fold, const char *institution,
                                 int type)
{
    const struct snapshot_cell *cell = snapshot_cell_find(fold, institution, type);
    if (cell != NULL) {
        return cell->status;
    }
    struct party reader = {.role = (enum role)fold->terms->role};
    struct header header = {
        .kind = KIND_REPORT, .type = (uint8_t)type, .verdict = VERDICT_ACCEPTED};
    memcpy(reader.id, fold->terms->reader, sizeof reader.id);
    memcpy(header.institution, institution, strlen(institution) + 1);
    return reader.role != ROLE_NONE && access_sight(&reader, fold->registry, &header) == SIGHT_NONE
               ? CELL_NOT_SEEN
               : CELL_NOT_REPORTED;
}

enum err snapshot_open(const struct snapshot_cell *cell, struct arena *arena,
                       struct complaint *complaint, const PbReport **ret_report)
{
    struct envelope envelope;
    enum err err = envelope_open(cell->current->body, MESSAGE_TOLERANT, arena, &envelope);
    if (err != ERR_OK) {
        return complain(complaint, err, "The report in record %llu cannot be read.",
                        (unsigned long long)cell->current->header.seq);
    }
    *ret_report = envelope.message;
    return ERR_OK;
}

enum err snapshot_inputs(const struct snapshot_fold *fold, const char *institution,
                         struct arena *arena, struct complaint *complaint,
                         struct ratio_inputs *ret_inputs)
{
    const struct party *party = registry_find(fold->registry, institution);
    struct ratio_inputs inputs = {
        .settings = fold->settings,
        .category = party != NULL ? party->category : NULL,
    };
    const struct {
        int type;
        const PbReport **to;
    } slots[] = {
        {TYPE_PORTFOLIO, &inputs.portfolio},   {TYPE_LIQUIDITY, &inputs.liquidity},
        {TYPE_OPERATIONS, &inputs.operations}, {TYPE_CAPITAL, &inputs.capital},
        {TYPE_EXPOSURES, &inputs.exposures},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof slots / sizeof slots[0]; i++) {
        const struct snapshot_cell *cell = snapshot_cell_find(fold, institution, slots[i].type);
        if (cell != NULL && cell->status == CELL_REPORTED) {
            err = snapshot_open(cell, arena, complaint, slots[i].to);
        }
    }
    if (err == ERR_OK) {
        *ret_inputs = inputs;
    }
    return err;
}

const char *cell_status_name(enum cell_status status)
{
    static const char *const names[] = {
        [CELL_NOT_REPORTED] = "not_reported", [CELL_NOT_SEEN] = "not_seen",
        [CELL_REJECTED] = "rejected",         [CELL_NOT_SHARED] = "not_shared",
        [CELL_REPORTED] = "reported",
    };
    return names[status];
}
