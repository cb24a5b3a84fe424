/* The sector's totals, as a pure fold over what its members reported of a month: sums of amounts
 * and counts, and of every ratio that is more than one institution's, Σ numerators / Σ denominators
 * over those who reported both; median and quartiles of the members' own values; who is in it, and
 * what share of the assets that is; and the change since the month before over the same units.
 *
 * Absent is never zero: a line counts those who reported all that it is made of, and says how many
 * they are. Amounts of two currencies are never summed: each group has its rows once a currency.
 *
 * Made, fed each member that totals_member names, in any order; sealed; then its rows are read.
 * Registry and settings must live until it is sealed; what was fed need not.
 *
 * Quartiles: the values in order, v[0] to v[n-1]; quartile k stands at k (n - 1) / 4, and between
 * two values what lies between them is shared in quarters, half away from zero. The median is
 * quartile 2. */
#ifndef IHURIRO_PROTO_TOTALS_H
#define IHURIRO_PROTO_TOTALS_H

#include "proto/registry.h"
#include "proto/sector.h"

enum total_by {
    BY_COUNTRY,
    BY_CATEGORY,
    BY_DISTRICT,   /* the registry's */
    BY_PEER_GROUP, /* the registry's, else the category; one of fewer than PEERS_MIN: all companies
                      or all SACCOs (DOMAIN D63) */
    BY_SECTOR,     /* rows of PORTFOLIO's breakdown, as the three that follow */
    BY_PRODUCT,
    BY_GENDER,
};
#define BY_KINDS  7
#define PEERS_MIN 5

#define PEERS_COMPANIES "ALL-COMPANIES"
#define PEERS_SACCOS    "ALL-SACCOS"
#define CODE_UNLISTED   "UNLISTED" /* of a breakdown: any code that no list of the settings has */
#define GROUP_NONE      "NONE"     /* of those whose party row does not say */

const char *total_by_name(enum total_by by);
MUST_USE enum err total_by_parse(const char *name, enum total_by *ret_by); /* case ignored */
const char *total_unit_name(enum ratio_unit unit);                         /* BP DAYS MONEY COUNT */

struct totals_terms {
    struct period month;
    char *const *by; /* none: COUNTRY */
    size_t by_count;
    /* "R02", "P01.glp", "P05.aging": that line, or all whose name goes on with a dot. None: all but
     * those over twelve months. */
    char *const *lines;
    size_t line_count;
    bool has_estimates; /* who has not reported counts with the value of the month before */
    bool is_for_staff;  /* over members that share; nothing made from EXPOSURES */
    /* Of is_for_staff: does this member share, as the registry stands now? */
    bool (*shares)(void *context, const char *institution);
    void *context;
};

/* ERR_MALFORMED with the sentence: a period that is no month, a word that is none of the above, a
 * line that there is not, or not for this reader, or none in that group. */
MUST_USE enum err totals_check(const struct totals_terms *terms, const PbSettings *settings,
                               struct complaint *complaint);
/* How many months before it a sector must have been fed of: 1, of twelve-month ratios 12. */
int totals_months_before(const struct totals_terms *terms);

struct totals;

void totals_close(struct totals **totals);
/* The terms are read now only. */
MUST_USE enum err totals_make(const struct totals_terms *terms, const struct registry *registry,
                              const PbSettings *settings, struct totals **ret_totals);

/* Those who owe reports for the month or owed them for the month before, and may be read. */
struct totals_member {
    const struct party *party;
    bool owes;        /* for the month: it is one of N */
    bool owes_before; /* for the month before */
    bool may_be_read; /* false: it does not share */
};
size_t totals_members(const struct totals *totals);
struct totals_member totals_member(const struct totals *totals, size_t index);

/* What one member reported. Inputs in another currency than the party row's are left out. */
struct totals_fed {
    const struct ratio_inputs *now;    /* NULL: nothing; its `before` is for ratios that compare */
    const struct ratio_inputs *before; /* its own of the month before; NULL: nothing */
    bool has_assets;
    int64_t assets; /* last known (DOMAIN D52) */
};
MUST_USE enum err totals_feed(struct totals *totals, size_t index, const struct totals_fed *fed);
MUST_USE enum err totals_seal(struct totals *totals);
/* The same in steps of so many rows, for who may not take long. */
MUST_USE enum err totals_seal_step(struct totals *totals, size_t rows_max, bool *ret_is_done);

struct total_row {
    enum total_by by;
    const char *group;
    const char *currency;
    const char *line;
    enum ratio_unit unit;
    bool has_value; /* false: nobody reported it, its denominator is 0, or is_too_large */
    int64_t value;
    bool has_parts; /* of a ratio */
    struct ratio_parts parts;
    bool is_too_large;   /* the sum does not fit: no value rather than a wrong one */
    uint32_t reported;   /* n */
    uint32_t expected;   /* N */
    uint32_t not_shared; /* of N */
    uint32_t estimated;  /* of N, beside n; in the value, in nothing else */
    bool has_assets;
    uint32_t assets_bp;      /* what the n hold of the last known assets of N, less not_shared */
    uint32_t assets_unknown; /* of these so many are not known */
    bool has_quartiles;
    int64_t quartiles[3];
    /* Over units that all reported it at both ends; a unit is what mergers and splits between the
     * two ends link (DOMAIN D53), and stands in a group that all its members now are in. */
    bool has_matched;
    int64_t before;
    int64_t matched;
    uint32_t matched_count;
};

/* Of a sealed one, in order of by, group, currency, line. What it held of members is gone then. */
size_t totals_rows(const struct totals *totals);
const struct total_row *totals_row(const struct totals *totals, size_t index);
/* Views into the row. */
void total_row_message(const struct total_row *row, Ihuriro__V1__TotalRow *ret_message);

/* ---- from a sector ---- */

/* Finds last known assets that the sector was not fed of; ret_has false: not there either. */
typedef enum err (*totals_assets)(void *context, const struct party *party, bool *ret_has,
                                  int64_t *ret_assets);

/* Feeds one member from a sector; assets may be NULL. */
MUST_USE enum err totals_feed_from(struct totals *totals, const struct sector *sector, size_t index,
                                   totals_assets assets, void *context);
/* All of it: made, fed, sealed. */
MUST_USE enum err totals_of_sector(const struct sector *sector, const struct totals_terms *terms,
                                   struct totals **ret_totals);

#endif
