#include "hub/closing.h"

#include <string.h>

#include "hub/current.h"

static const struct {
    const char *text;
    const char *word;
} lacks[] = {
    [LACK_REPORT] = {"no report came", "REPORT"},
    [LACK_REPAIR] = {"what came was rejected", "REPAIR"},
    [LACK_FINAL] = {"only provisional figures came", "FINAL"},
    [LACK_APPROVAL] = {"nobody has approved it", "APPROVAL"},
    [LACK_CORRECTION] = {"a correction was rejected and not repaired", "CORRECTION"},
    [LACK_AGREEMENT] = {"two reports of one vintage differ: a further one must settle it",
                        "AGREEMENT"},
    [LACK_RETURN] = {"the institution is not back since history was replaced", "RETURN"},
};

const char *lack_text(enum lack_kind kind)
{
    return lacks[kind].text;
}

const char *lack_word(enum lack_kind kind)
{
    return lacks[kind].word;
}

/* ---- the checklist ---- */

struct checking {
    const struct sector *sector;
    struct checklist checklist;
    const struct party *last;
};

void checklist_close(struct checklist *checklist)
{
    free(checklist->lacks);
    *checklist = (struct checklist){.count = 0};
}

static enum err add(struct checklist *checklist, enum lack_kind kind, const struct party *party,
                    const struct duty *duty)
{
    if (checklist->count == checklist->capacity) {
        size_t wanted = checklist->capacity == 0 ? 64 : checklist->capacity * 2;
        struct lack *grown = reallocarray(checklist->lacks, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        checklist->lacks = grown;
        checklist->capacity = wanted;
    }
    struct lack lack = {.kind = kind, .party = party};
    if (duty != NULL) {
        lack.duty = *duty;
    }
    checklist->lacks[checklist->count++] = lack;
    return ERR_OK;
}

/* Was the next vintage sent, and rejected, and not repaired? */
static bool has_open_correction(const struct sector *sector, const struct party *party,
                                const struct duty *duty, const struct cell *cell)
{
    size_t count = 0;
    const struct sighting *sightings = sector_place(
        sector, party->id, duty->type, (int)duty->period.frequency, duty->period.end_day, &count);
    bool is_open = false;
    for (size_t i = 0; i < count; i++) {
        is_open = is_open || (!verdict_accepts(sightings[i].verdict) &&
                              sightings[i].vintage == cell->current->vintage + 1);
    }
    return is_open;
}

static enum err look_at_received(struct checking *checking, const struct party *party,
                                 const struct duty *duty, const struct cell *cell)
{
    const bool wants_final = duty->obligation->wants == IHURIRO__V1__OBLIGATION__WANTS__FINAL;
    const struct {
        enum lack_kind kind;
        bool lacks;
    } rows[] = {
        {LACK_FINAL, cell->is_provisional_only},
        {LACK_APPROVAL, wants_final && !cell->is_provisional_only && !cell->current->is_approved &&
                            !cell->current->is_nil},
        {LACK_CORRECTION, has_open_correction(checking->sector, party, duty, cell)},
        {LACK_AGREEMENT, cell->is_contested},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].lacks) {
            err = add(&checking->checklist, rows[i].kind, party, duty);
        }
    }
    return err;
}

static enum err look_at_cell(void *context, const struct party *party, const struct duty *duty,
                             const struct cell *cell)
{
    struct checking *checking = context;
    enum err err = ERR_OK;
    if (party != checking->last) {
        checking->last = party;
        checking->checklist.institutions++;
        if (sector_is_missing(checking->sector, party)) {
            err = add(&checking->checklist, LACK_RETURN, party, NULL);
        }
    }
    checking->checklist.owed++;
    checking->checklist.received += cell->current != NULL;
    if (err != ERR_OK) {
        return err;
    }
    if (cell->timeliness == TIMELINESS_EXCUSED) {
        checking->checklist.excused++;
        return ERR_OK;
    }
    if (cell->current != NULL) {
        return look_at_received(checking, party, duty, cell);
    }
    return add(&checking->checklist, cell->has_rejected_attempt ? LACK_REPAIR : LACK_REPORT, party,
               duty);
}

enum err checklist_make(const struct sector *sector, const struct period *month,
                        struct checklist *ret_checklist)
{
    struct checking checking = {.sector = sector};
    enum err err = sector_cells(sector, month, look_at_cell, &checking);
    if (err != ERR_OK) {
        checklist_close(&checking.checklist);
        return err;
    }
    *ret_checklist = checking.checklist;
    return ERR_OK;
}

/* ---- what is frozen ---- */

struct freezing {
    uint64_t until;
    int64_t known_at_us;
    struct report_row place; /* the last row that counted: its place is the open one */
    struct current_row current;
    struct buffer ids;
};

static enum err end_place(struct freezing *freezing)
{
    enum err err = freezing->current.seq == 0
                       ? ERR_OK
                       : buffer_append(&freezing->ids, freezing->current.id, SHA256_BYTES);
    freezing->current = (struct current_row){.seq = 0};
    return err;
}

static enum err look_at_row(void *context, const struct report_row *row)
{
    struct freezing *freezing = context;
    enum err err = ERR_OK;
    if (row->seq > freezing->until || row->first_received_at_us > freezing->known_at_us) {
        return ERR_OK;
    }
    if (freezing->place.period_end_day != row->period_end_day ||
        strcmp(freezing->place.institution, row->institution) != 0) {
        err = end_place(freezing);
        freezing->place = *row;
    }
    current_look(&freezing->current, row);
    return err;
}

enum err frozen_find(struct txn *txn, const struct period *month, uint64_t until,
                     int64_t known_at_us, struct frozen *ret_frozen)
{
    struct freezing freezing = {.until = until, .known_at_us = known_at_us};
    enum err err = ERR_OK;
    for (int type = 1; type <= TYPE_LAST; type++) {
        for (int frequency = FREQUENCY_D; err == ERR_OK && frequency <= FREQUENCY_Q; frequency++) {
            err = reports_walk_days(txn, type, frequency, month->start_day, month->end_day, NULL,
                                    look_at_row, &freezing);
            err = err != ERR_OK ? err : end_place(&freezing);
            freezing.place = (struct report_row){.seq = 0};
        }
    }
    if (err == ERR_OK) {
        ret_frozen->count = freezing.ids.size / SHA256_BYTES;
        sha256(buffer_bytes(&freezing.ids), ret_frozen->ids_hash);
    }
    buffer_close(&freezing.ids);
    return err;
}
