#include "hub/current.h"

struct best {
    uint64_t seq;
    uint32_t vintage;
    int64_t first_received_at_us;
};

static enum err look_at(void *context, const struct report_row *row)
{
    struct best *best = context;
    bool is_better =
        best->seq == 0 || row->vintage > best->vintage ||
        (row->vintage == best->vintage && row->first_received_at_us < best->first_received_at_us);
    if (verdict_accepts(row->verdict) && is_better) {
        *best = (struct best){row->seq, row->vintage, row->first_received_at_us};
    }
    return ERR_OK;
}

static enum err current_at(struct txn *txn, const struct beside_place *place,
                           const char *institution, const struct kept *kept,
                           struct arena *arena, const PbReport **ret_report)
{
    struct best best = {0};
    struct record record;
    struct envelope envelope;
    *ret_report = NULL;
    enum err err = reports_walk(txn, place->type, place->frequency, place->end_day, institution,
                                look_at, &best);
    if (err != ERR_OK || best.seq == 0) {
        return err;
    }
    *ret_report = kept == NULL ? NULL : kept_get(kept, best.seq);
    if (*ret_report != NULL) {
        return ERR_OK;
    }
    err = journal_get(txn, best.seq, &record);
    err = err != ERR_OK ? err : envelope_open(record.body, MESSAGE_TOLERANT, arena, &envelope);
    if (err == ERR_OK) {
        *ret_report = envelope.message;
    }
    return err;
}

enum err current_report(struct txn *txn, int type, const PbPeriod *period, const char *institution,
                        const struct kept *kept, struct arena *arena, const PbReport **ret_report)
{
    struct beside_place place = {0, type, (int)period->frequency, period->end_day};
    return current_at(txn, &place, institution, kept, arena, ret_report);
}

enum err current_beside(struct txn *txn, const PbReport *report, const struct kept *kept,
                        struct arena *arena, struct rules_context *context)
{
    struct beside_place places[BESIDE_PLACES_MAX];
    size_t count = beside_places(report, places);
    for (size_t i = 0; i < count; i++) {
        const PbReport *found = NULL;
        if (beside_missing(context, places[i].slots) == 0) {
            continue;
        }
        enum err err = current_at(txn, &places[i], report->institution, kept, arena, &found);
        if (err != ERR_OK) {
            return err;
        }
        if (found != NULL) {
            beside_fill(context, places[i].slots, found);
        }
    }
    return ERR_OK;
}
