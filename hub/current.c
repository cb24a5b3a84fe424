#include "hub/current.h"

#include <string.h>

void current_look(struct current_row *current, const struct report_row *row)
{
    bool is_better = current->seq == 0 || row->vintage > current->vintage ||
                     (row->vintage == current->vintage &&
                      row->first_received_at_us < current->first_received_at_us);
    if (verdict_accepts(row->verdict) && is_better) {
        *current = (struct current_row){row->seq, row->vintage, row->first_received_at_us, {0}};
        memcpy(current->id, row->id, SHA256_BYTES);
    }
}

struct sighting sighting_of_row(const struct report_row *row)
{
    struct sighting sighting = {
        .seq = row->seq,
        .kind = row->kind,
        .type = row->type,
        .frequency = row->frequency,
        .verdict = row->verdict,
        .status = row->status,
        .vintage = row->vintage,
        .end_day = row->period_end_day,
        .first_received_at_us = row->first_received_at_us,
    };
    memcpy(sighting.id, row->id, SHA256_BYTES);
    memcpy(sighting.institution, row->institution, sizeof sighting.institution);
    return sighting;
}

struct looking {
    struct current_row current;
    int64_t known_at_us;
};

static enum err look_at(void *context, const struct report_row *row)
{
    struct looking *looking = context;
    if (row->first_received_at_us <= looking->known_at_us) {
        current_look(&looking->current, row);
    }
    return ERR_OK;
}

static enum err current_at(struct txn *txn, const struct beside_place *place,
                           const char *institution, int64_t known_at_us, struct arena *arena,
                           const PbReport **ret_report)
{
    struct looking looking = {.known_at_us = known_at_us};
    struct record record;
    struct envelope envelope;
    *ret_report = NULL;
    enum err err = reports_walk(txn, place->type, place->frequency, place->end_day, institution,
                                look_at, &looking);
    if (err != ERR_OK || looking.current.seq == 0) {
        return err;
    }
    err = journal_get(txn, looking.current.seq, &record);
    err = err != ERR_OK ? err : envelope_open(record.body, MESSAGE_TOLERANT, arena, &envelope);
    if (err == ERR_OK) {
        *ret_report = envelope.message;
    }
    return err;
}

enum err current_report(struct txn *txn, int type, const PbPeriod *period, const char *institution,
                        struct arena *arena, const PbReport **ret_report)
{
    return current_report_known(txn, type, period, institution, INT64_MAX, arena, ret_report);
}

enum err current_report_known(struct txn *txn, int type, const PbPeriod *period,
                              const char *institution, int64_t known_at_us, struct arena *arena,
                              const PbReport **ret_report)
{
    struct beside_place place = {0, type, (int)period->frequency, period->end_day};
    return current_at(txn, &place, institution, known_at_us, arena, ret_report);
}

#define VINTAGES_LOOKED_AT 256 /* what comes after is counted as a correction */

struct silent {
    struct txn *txn;
    struct arena *arena;
    uint64_t seen[VINTAGES_LOOKED_AT / 64]; /* each once, whatever is journaled of it again */
    uint32_t count;
};

static enum err count_silent(void *context, const struct report_row *row)
{
    struct silent *silent = context;
    struct record record;
    struct envelope envelope;
    uint64_t bit = UINT64_C(1) << (row->vintage % 64);
    uint64_t *seen = &silent->seen[row->vintage % VINTAGES_LOOKED_AT / 64];
    if (!verdict_accepts(row->verdict) || row->vintage >= VINTAGES_LOOKED_AT || (*seen & bit)) {
        return ERR_OK;
    }
    enum err err = journal_get(silent->txn, row->seq, &record);
    err = err != ERR_OK ? err
                        : envelope_open(record.body, MESSAGE_TOLERANT, silent->arena, &envelope);
    if (err == ERR_OK) {
        *seen |= bit;
        silent->count += report_is_silent(envelope.message);
    }
    return err;
}

enum err current_silent(struct txn *txn, const PbReport *report, struct arena *arena,
                        uint32_t *ret_count)
{
    struct silent silent = {.txn = txn, .arena = arena};
    enum err err =
        reports_walk(txn, (int)report->type, (int)report->period->frequency,
                     report->period->end_day, report->institution, count_silent, &silent);
    if (err == ERR_OK) {
        *ret_count = silent.count;
    }
    return err;
}

enum err current_beside(struct txn *txn, const PbReport *report, struct arena *arena,
                        struct rules_context *context)
{
    struct beside_place places[BESIDE_PLACES_MAX];
    size_t count = beside_places(report, places);
    for (size_t i = 0; i < count; i++) {
        const PbReport *found = NULL;
        if (beside_missing(context, places[i].slots) == 0) {
            continue;
        }
        enum err err = current_at(txn, &places[i], report->institution, INT64_MAX, arena, &found);
        if (err != ERR_OK) {
            return err;
        }
        if (found != NULL) {
            beside_fill(context, places[i].slots, found);
        }
    }
    return ERR_OK;
}
