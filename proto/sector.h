/* All that is known at (N, T): parties, settings, what was decided, and the reports of some
 * periods. What states, notices and totals are folded from, at the hub, at a board's copy and in a
 * pull alike.
 *
 * Whoever has the records feeds them, in any order: sector_event for every event up to N whose kind
 * sector_wants, sector_report for every report of the periods wanted. Those not known at T are
 * passed over, and so is a record that was fed before. Then sector_seal; from then on it is
 * immutable, unless more events are fed and it is sealed again. */
#ifndef IHURIRO_PROTO_SECTOR_H
#define IHURIRO_PROTO_SECTOR_H

#include "proto/cells.h"
#include "proto/lost_history.h"
#include "proto/ratios.h"

struct sector;

struct sector_terms {
    int64_t known_at_us; /* T */
    /* The body of a report that was fed, in the arena. ret_report NULL: the reader may see its
     * header only. NULL where nobody asks for sector_inputs. */
    enum err (*body)(void *context, uint64_t seq, struct arena *arena, const PbReport **ret_report);
    void *body_context;
    /* Lent by who has them folded already, for a sector that is fed reports only; NULL: folded from
     * the events that are fed. */
    const PbSettings *settings;
    const struct docket *docket;
    /* Where the sightings of a place are found (in order of seq), instead of among those fed; what
     * it returns is good until the next call. NULL: those fed. What does not
     * come for a fault is the context's to remember. */
    const struct sighting *(*place)(void *context, const char *institution, int type, int frequency,
                                    int32_t end_day, size_t *ret_count);
    void *place_context;
};

void sector_close(struct sector **sector);
MUST_USE enum err sector_make(const struct sector_terms *terms, struct sector **ret_sector);
/* The kinds of events that it is folded from. Keys are none of them: who may sign or connect is
 * nothing that a state depends on, and half of all acts. */
bool sector_wants(int kind);
/* All of them, ended by 0. */
extern const int sector_kinds[];
MUST_USE enum err sector_event(struct sector *sector, const struct header *header,
                               const PbEvent *event);
MUST_USE enum err sector_report(struct sector *sector, const struct sighting *sighting);
MUST_USE enum err sector_seal(struct sector *sector);

const struct registry *sector_registry(const struct sector *sector);
const PbSettings *sector_settings(const struct sector *sector); /* in force at N; NULL: none */
const struct docket *sector_docket(const struct sector *sector);
int64_t sector_known_at(const struct sector *sector);
/* Its seq is 0 where no history was ever replaced. */
const struct lost_history *sector_lost(const struct sector *sector);
/* After RESTORED or HISTORY_LOST: this institution, enrolled before, has not said BACK yet. */
bool sector_is_missing(const struct sector *sector, const struct party *party);

/* The sightings of a place, in order of seq. NULL: none. */
const struct sighting *sector_place(const struct sector *sector, const char *institution, int type,
                                    int frequency, int32_t end_day, size_t *ret_count);

/* The body of a report that was fed. ret_report NULL: only its header may be seen. */
MUST_USE enum err sector_body(const struct sector *sector, uint64_t seq, struct arena *arena,
                              const PbReport **ret_report);

/* The cells of a period, mostly a month: what each member owes for periods that end in it, in order
 * of institution, type, frequency, end. Of what is owed quarterly the quarter is there in the month
 * that it ends in. */
typedef enum err (*sector_visit)(void *context, const struct party *party, const struct duty *duty,
                                 const struct cell *cell);
MUST_USE enum err sector_cells(const struct sector *sector, const struct period *month,
                               sector_visit visit, void *context);
/* What it owes at one place. ERR_NOT_FOUND: nothing. */
MUST_USE enum err sector_duty(const struct sector *sector, const struct party *party, int type,
                              const struct period *period, struct duty *ret_duty);
/* Cells are those of an earlier time than T: of a walk that feeds events as they come. */
void sector_look_at(struct sector *sector, int64_t at_us);
/* Those of one party. */
MUST_USE enum err sector_cells_of(const struct sector *sector, const struct party *party,
                                  const struct period *month, sector_visit visit, void *context);

/* What an institution's ratios of a month are computed from (D39): the current reports keyed to the
 * month; of a type owed quarterly the latest quarter's; of one owed only by day or week the latest
 * of the month's last seven days, with the flows of all days of the month or with none; and the
 * same for the months before, as far as months_before (0: this month alone). Lives in the arena.
 * Sums of predecessors where there was a merger are the totals' matter. */
MUST_USE enum err sector_inputs(const struct sector *sector, const struct party *party,
                                const struct period *month, int months_before, struct arena *arena,
                                const struct ratio_inputs **ret_inputs);
/* The days that reports must have been fed of for that: from the first day of the latest quarter
 * that any of those months looks at. Of days before the first of these months only quarters
 * count. */
void sector_inputs_days(const struct period *month, int months_before, int32_t *ret_first_day,
                        int32_t *ret_last_day);

#endif
