#include "proto/cells.h"

#include <string.h>

#define US_PER_SECOND 1000000

static enum progress progress_of(const struct cell_inputs *inputs, const struct cell *cell);
static enum timeliness timeliness_of(const struct cell_inputs *inputs, const struct cell *cell);
static const struct sighting *satisfying_of(const struct cell_inputs *inputs);
static void fold_closing(const struct cell_inputs *inputs, struct cell *cell);

/* A part of a second late is late by a second. */
static int64_t seconds_after(int64_t due_us, int64_t time_us)
{
    return time_us <= due_us ? 0 : (time_us - due_us + US_PER_SECOND - 1) / US_PER_SECOND;
}

void cell_fold(const struct cell_inputs *inputs, struct cell *ret_cell)
{
    struct cell cell = {
        .current = place_current(inputs->sightings, inputs->count),
        .satisfying = satisfying_of(inputs),
        .is_contested = place_is_contested(inputs->sightings, inputs->count),
    };
    for (size_t i = 0; i < inputs->count; i++) {
        cell.has_rejected_attempt =
            cell.has_rejected_attempt || !verdict_accepts(inputs->sightings[i].verdict);
    }
    cell.is_provisional_only = cell.current != NULL && cell.satisfying == NULL;
    cell.progress = progress_of(inputs, &cell);
    cell.timeliness = timeliness_of(inputs, &cell);
    if (cell.timeliness == TIMELINESS_LATE && cell.satisfying != NULL) {
        cell.late_s = seconds_after(inputs->duty->due_us, cell.satisfying->first_received_at_us);
    } else if (cell.timeliness == TIMELINESS_OVERDUE) {
        cell.late_s = seconds_after(inputs->duty->due_us, inputs->at_us);
    }
    fold_closing(inputs, &cell);
    *ret_cell = cell;
}

/* A report was rejected once and then accepted elsewhere (an EARLIER_RECEIPT): both are sightings
 * of one id, and the acceptance counts. */
static bool is_earlier(const struct sighting *a, const struct sighting *b)
{
    return b == NULL || a->first_received_at_us < b->first_received_at_us;
}

static enum progress progress_of(const struct cell_inputs *inputs, const struct cell *cell)
{
    if (cell->current != NULL) {
        return cell->current->is_nil        ? PROGRESS_NIL
               : cell->current->is_approved ? PROGRESS_APPROVED
               : cell->current->verdict == VERDICT_ACCEPTED_WITH_WARNINGS
                   ? PROGRESS_ACCEPTED_WITH_WARNINGS
                   : PROGRESS_ACCEPTED;
    }
    if (inputs->waiver != NULL) {
        return PROGRESS_WAIVED;
    }
    if (cell->has_rejected_attempt) {
        return PROGRESS_REJECTED;
    }
    /* What is owed before its period ends is expected when it is due. */
    bool is_over = inputs->at_us >= inputs->duty->ended_us || inputs->at_us > inputs->duty->due_us;
    return is_over ? PROGRESS_EXPECTED : PROGRESS_NOT_DUE;
}

static enum timeliness timeliness_of(const struct cell_inputs *inputs, const struct cell *cell)
{
    const struct duty *duty = inputs->duty;
    if (inputs->waiver != NULL || duty->suspended_by != NULL) {
        return TIMELINESS_EXCUSED;
    }
    if (cell->satisfying != NULL) {
        return cell->satisfying->first_received_at_us <= duty->due_us ? TIMELINESS_ON_TIME
                                                                      : TIMELINESS_LATE;
    }
    if (inputs->at_us <= duty->due_us) {
        return TIMELINESS_OPEN;
    }
    return inputs->at_us < duty->grace_us ? TIMELINESS_IN_GRACE : TIMELINESS_OVERDUE;
}

static const struct sighting *satisfying_of(const struct cell_inputs *inputs)
{
    const bool wants_final =
        inputs->duty->obligation->wants == IHURIRO__V1__OBLIGATION__WANTS__FINAL;
    const struct sighting *satisfying = NULL;
    for (size_t i = 0; i < inputs->count; i++) {
        const struct sighting *sighting = &inputs->sightings[i];
        const bool is_wanted =
            !wants_final || sighting->status == IHURIRO__V1__REPORT__STATUS__FINAL;
        if (verdict_accepts(sighting->verdict) && is_wanted && is_earlier(sighting, satisfying)) {
            satisfying = sighting;
        }
    }
    return satisfying;
}

/* ---- the place ---- */

const struct sighting *place_current(const struct sighting *sightings, size_t count)
{
    const struct sighting *current = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct sighting *sighting = &sightings[i];
        bool is_better = current == NULL || sighting->vintage > current->vintage ||
                         (sighting->vintage == current->vintage && is_earlier(sighting, current));
        if (verdict_accepts(sighting->verdict) && is_better) {
            current = sighting;
        }
    }
    return current;
}

bool place_is_contested(const struct sighting *sightings, size_t count)
{
    const struct sighting *current = place_current(sightings, count);
    bool is_contested = false;
    for (size_t i = 0; current != NULL && i < count; i++) {
        is_contested = is_contested || (verdict_accepts(sightings[i].verdict) &&
                                        sightings[i].vintage == current->vintage &&
                                        memcmp(sightings[i].id, current->id, SHA256_BYTES) != 0);
    }
    return is_contested;
}

/* ---- what came when the month was closed ---- */

/* The first time that this report was accepted, in this place's sightings. */
static bool is_first_of_its_id(const struct cell_inputs *inputs, const struct sighting *sighting)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const struct sighting *other = &inputs->sightings[i];
        bool is_before =
            other->first_received_at_us < sighting->first_received_at_us ||
            (other->first_received_at_us == sighting->first_received_at_us && other < sighting);
        if (is_before && verdict_accepts(other->verdict) &&
            memcmp(other->id, sighting->id, SHA256_BYTES) == 0) {
            return false;
        }
    }
    return true;
}

static void fold_closing(const struct cell_inputs *inputs, struct cell *cell)
{
    const struct sighting *first = NULL;
    for (size_t i = 0; inputs->closed.act != NULL && i < inputs->count; i++) {
        const struct sighting *sighting = &inputs->sightings[i];
        if (verdict_accepts(sighting->verdict)) {
            first = is_earlier(sighting, first) ? sighting : first;
            bool is_after = sighting->first_received_at_us > inputs->closed.act->known_at_us;
            cell->corrections += is_after && is_first_of_its_id(inputs, sighting) ? 1 : 0;
        }
    }
    if (first != NULL && first->first_received_at_us > inputs->closed.act->known_at_us) {
        cell->is_after_close = true;
        cell->corrections--;
    }
}

/* ---- names ---- */

const char *progress_name(enum progress progress)
{
    static const char *const names[] = {
        [PROGRESS_NOT_DUE] = "NOT_DUE",
        [PROGRESS_EXPECTED] = "EXPECTED",
        [PROGRESS_REJECTED] = "REJECTED",
        [PROGRESS_ACCEPTED] = "ACCEPTED",
        [PROGRESS_ACCEPTED_WITH_WARNINGS] = "ACCEPTED_WITH_WARNINGS",
        [PROGRESS_APPROVED] = "APPROVED",
        [PROGRESS_NIL] = "NIL",
        [PROGRESS_WAIVED] = "WAIVED",
    };
    return names[progress];
}

const char *timeliness_name(enum timeliness timeliness)
{
    static const char *const names[] = {
        [TIMELINESS_OPEN] = "OPEN",       [TIMELINESS_IN_GRACE] = "IN_GRACE",
        [TIMELINESS_ON_TIME] = "ON_TIME", [TIMELINESS_LATE] = "LATE",
        [TIMELINESS_OVERDUE] = "OVERDUE", [TIMELINESS_EXCUSED] = "EXCUSED",
    };
    return names[timeliness];
}
