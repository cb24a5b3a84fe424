/* A whole sector's reports over months, as they are sent: on time, late, wrong, repaired,
 * corrected, never. Held in memory; written out by sector_files.c. Equal for equal options. */
#ifndef IHURIRO_TESTS_SIM_SECTOR_H
#define IHURIRO_TESTS_SIM_SECTOR_H

#include "proto/keys.h"
#include "tests/sim/mistakes.h"

struct sector_options {
    uint64_t seed;
    int32_t first_month; /* since January 1970 */
    int32_t months;
    size_t members;
    bool is_flawless; /* nobody is late, wrong or missing */
};

/* One submission. Its report's bytes lie in the sector's buffer. */
struct submission {
    uint32_t member;
    uint8_t type;
    uint8_t mistake;  /* enum mistake_id */
    uint8_t expected; /* enum expected */
    uint32_t vintage;
    struct period period;
    int64_t sent_at_us;
    int64_t due_at_us;
    size_t at;
    size_t size;
    uint32_t order; /* as made, to keep what is sent at one time in order */
    const char *rule;
};

/* What the sector's current reports sum to: Σ over a category, of one month and type. */
#define FIGURES_MAX 8
struct totals_row {
    int32_t month;
    uint8_t type;
    uint8_t category;
    int64_t reports;               /* current ones */
    int64_t sum[FIGURES_MAX];      /* as a hub holds them in the end, undetected mistakes too */
    int64_t members;               /* that exist */
    int64_t true_sum[FIGURES_MAX]; /* of everyone, reported or not, right */
};
extern const char *const figure_names[TYPE_LAST + 1][FIGURES_MAX];

struct sector {
    struct sector_options options;
    struct member members[MEMBERS_MAX];
    size_t member_count;
    struct submission *submissions; /* in order of sending */
    size_t count;
    size_t capacity;
    struct buffer reports;
    struct totals_row *totals; /* month, type, category */
    size_t totals_count;
};

void sector_close(struct sector **sector);
MUST_USE enum err sector_make(const struct sector_options *options, struct sector **ret_sector);
struct bytes submission_report(const struct sector *sector, const struct submission *submission);
/* The signing key of a member: from the seed and its id alone. */
MUST_USE enum err member_key(const struct sector_options *options, const struct member *member,
                             struct signing_key **ret_key);

/* parties.csv, keys/, timeline.bin, truth.csv, totals.csv. */
MUST_USE enum err sector_write(const struct sector *sector, const char *folder,
                               struct complaint *complaint);

#endif
