#include "agents/mfi/history.h"

#include "proto/period.h"

/* What stands at a place, as the hub will see it: the highest vintage that is accepted or may be.
 */
struct standing {
    bool is_there;
    uint32_t vintage;
    int64_t since_us;
    struct bytes report;
};

struct looking {
    const struct beside_place *places;
    size_t count;
    struct standing standings[BESIDE_PLACES_MAX];
};

static void consider(struct standing *standing, const struct entry *entry, int64_t since_us)
{
    bool is_better = !standing->is_there || entry->vintage > standing->vintage ||
                     (entry->vintage == standing->vintage && since_us < standing->since_us);
    if (is_better && entry->report.size > 0) {
        *standing = (struct standing){true, entry->vintage, since_us, entry->report};
    }
}

static enum err look_at(void *context, const struct entry *entry)
{
    struct looking *looking = context;
    for (size_t i = 0; i < looking->count; i++) {
        const struct beside_place *place = &looking->places[i];
        if (entry->key.type != place->type || entry->key.frequency != place->frequency ||
            entry->key.period_end_day != place->end_day) {
            continue;
        }
        AUTO(arena_close) struct arena arena = {0};
        struct receipt receipt;
        if (entry->state == ENTRY_QUEUED) {
            consider(&looking->standings[i], entry, INT64_MAX);
        } else if (entry->best.size > 0 && receipt_open(entry->best, &arena, &receipt) == ERR_OK &&
                   verdict_accepts(receipt.header.verdict)) {
            consider(&looking->standings[i], entry, receipt.header.first_received_at_us);
        }
    }
    return ERR_OK;
}

enum err history_beside(struct txn *txn, const PbReport *report, struct arena *arena,
                        struct rules_context *context)
{
    struct beside_place places[BESIDE_PLACES_MAX];
    struct looking looking = {.places = places, .count = beside_places(report, places)};
    enum err err = outbox_walk(txn, report->institution, look_at, &looking);
    for (size_t i = 0; err == ERR_OK && i < looking.count; i++) {
        const PbReport *found = NULL;
        if (!looking.standings[i].is_there || beside_missing(context, places[i].slots) == 0) {
            continue;
        }
        err = MESSAGE_UNPACK(report, MESSAGE_TOLERANT, looking.standings[i].report, arena, &found);
        if (err == ERR_OK) {
            beside_fill(context, places[i].slots, found);
        }
    }
    return err;
}

static bool wants_pending(const PbOperations *operations)
{
    return operations != NULL && !operations->has_reneg_opening_pending &&
           (operations->has_reneg_received || operations->has_reneg_approved ||
            operations->has_reneg_rejected || operations->has_reneg_withdrawn ||
            operations->has_reneg_closing_pending);
}

enum err history_open_pending(struct txn *txn, struct arena *arena, PbReport *report)
{
    static const int frequencies[] = {FREQUENCY_M, FREQUENCY_W, FREQUENCY_D, FREQUENCY_Q};
    struct beside_place places[1 + sizeof frequencies / sizeof frequencies[0]];
    struct looking looking = {.places = places};
    int32_t day_before = report->period->start_day - 1;
    if (!wants_pending(report->operations)) {
        return ERR_OK;
    }
    places[looking.count++] = (struct beside_place){.type = TYPE_OPERATIONS,
                                                    .frequency = (int)report->period->frequency,
                                                    .end_day = day_before};
    for (size_t i = 0; i < sizeof frequencies / sizeof frequencies[0]; i++) {
        places[looking.count++] = (struct beside_place){
            .type = TYPE_OPERATIONS, .frequency = frequencies[i], .end_day = day_before};
    }
    enum err err = outbox_walk(txn, report->institution, look_at, &looking);
    for (size_t i = 0; err == ERR_OK && i < looking.count; i++) {
        const PbReport *found = NULL;
        if (!looking.standings[i].is_there) {
            continue;
        }
        err = MESSAGE_UNPACK(report, MESSAGE_TOLERANT, looking.standings[i].report, arena, &found);
        if (err == ERR_OK && found->operations != NULL &&
            found->operations->has_reneg_closing_pending) {
            report->operations->has_reneg_opening_pending = 1;
            report->operations->reneg_opening_pending = found->operations->reneg_closing_pending;
            break;
        }
    }
    return err;
}
