/* All that is known at (N, T): parties, settings, what was decided, and the reports of some
 * periods. What states, notices and totals are folded from, at the hub, at a board's copy and in a
 * pull alike.
 *
 * Whoever has the records feeds them: sector_event for every event up to N, sector_report for every
 * report of the periods wanted; those not known at T are passed over. Then sector_seal; from then
 * on it is immutable. */
#ifndef IHURIRO_PROTO_SECTOR_H
#define IHURIRO_PROTO_SECTOR_H

#include "proto/cells.h"
#include "proto/ratios.h"

struct sector;

struct sector_terms {
    int64_t known_at_us; /* T */
    /* The body of a report that was fed. NULL where the reader may see its header only. */
    enum err (*body)(void *context, uint64_t seq, struct arena *arena, const PbReport **ret_report);
    void *body_context;
};

void sector_close(struct sector **sector);
MUST_USE enum err sector_make(const struct sector_terms *terms, struct sector **ret_sector);
MUST_USE enum err sector_event(struct sector *sector, const struct header *header,
                               const PbEvent *event);
MUST_USE enum err sector_report(struct sector *sector, const struct sighting *sighting);
MUST_USE enum err sector_seal(struct sector *sector);

const struct registry *sector_registry(const struct sector *sector);
const PbSettings *sector_settings(const struct sector *sector); /* in force at N; NULL: none */
const struct docket *sector_docket(const struct sector *sector);
int64_t sector_known_at(const struct sector *sector);
/* After RESTORED or HISTORY_LOST: this institution has not said BACK yet. */
bool sector_is_missing(const struct sector *sector, const char *institution);

/* The sightings of a place, in order of seq. */
const struct sighting *sector_place(const struct sector *sector, const char *institution, int type,
                                    int frequency, int32_t end_day, size_t *ret_count);

/* The cells of a month: what each member owes for periods that end in it, in order of institution,
 * type, frequency, end. */
typedef enum err (*sector_visit)(void *context, const struct party *party, const struct duty *duty,
                                 const struct cell *cell);
MUST_USE enum err sector_cells(const struct sector *sector, const struct period *month,
                               sector_visit visit, void *context);

/* What an institution's ratios of a month are computed from (D39): the current reports keyed to the
 * month; of a type owed quarterly the latest quarter's; of one owed only by day or week, the latest
 * of the month's last seven days; and the same for the months before, as far as months_before.
 * Lives in the arena. Sums of predecessors where there was a merger are the totals' matter. */
MUST_USE enum err sector_inputs(const struct sector *sector, const struct party *party,
                                const struct period *month, int months_before, struct arena *arena,
                                const struct ratio_inputs **ret_inputs);

#endif
