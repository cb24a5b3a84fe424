/* borrowings.csv, placements.csv, schedule.csv: what falls due when (D37). */
#ifndef IHURIRO_AGENTS_MFI_BOOK_LADDERS_H
#define IHURIRO_AGENTS_MFI_BOOK_LADDERS_H

#include "agents/mfi/book_work.h"

#define BOOK_LADDER_BUCKETS 6 /* 0-7, 8-30, 31-90, 91-180, 181-365, later */
#define BOOK_LENDERS        6 /* the schema's numbers less 1 */

extern const int32_t book_ladder_edges[BOOK_LADDER_BUCKETS]; /* first days */

struct book_borrowings {
    uint64_t rows;
    struct {
        bool is_there;
        int64_t outstanding;
        int64_t fx_part;
    } lenders[BOOK_LENDERS];
    bool has_fx;
    int64_t due[BOOK_LADDER_BUCKETS];
    int64_t overdue;
    int64_t committed; /* lines, undrawn */
    int64_t uncommitted;
};

enum book_placement {
    PLACEMENT_DEMAND,
    PLACEMENT_TERM,
    PLACEMENT_GOVT,
    PLACEMENT_OTHER,
    BOOK_PLACEMENTS
};

struct book_placements {
    uint64_t rows;
    struct {
        bool is_there;
        int64_t free;
        int64_t encumbered;
    } kinds[BOOK_PLACEMENTS];
    int64_t term[3]; /* unencumbered, by remaining days: 0-30, 31-90, over */
};

struct book_schedule {
    uint64_t rows;
    int64_t due[BOOK_LADDER_BUCKETS]; /* principal and interest */
};

MUST_USE enum err book_borrowings_read(const struct book_work *work,
                                       struct book_borrowings *ret_borrowings);
MUST_USE enum err book_placements_read(const struct book_work *work,
                                       struct book_placements *ret_placements);
MUST_USE enum err book_schedule_read(const struct book_work *work,
                                     struct book_schedule *ret_schedule);

/* What was read; NULL: that file is not there. */
struct book_ladders {
    const struct book_borrowings *borrowings;
    const struct book_placements *placements;
    const struct book_schedule *schedule;
};
/* Into the body, behind what deposits.csv gave. ERR_MEMORY. */
MUST_USE enum err book_ladders_put(const struct book_work *work, const struct book_ladders *ladders,
                                   PbLiquidity *liquidity);

#endif
