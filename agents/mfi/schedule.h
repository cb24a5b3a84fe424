/* When `run` makes the extracts of what is owed, where a database gives them: it writes a
 * manifest.ini into a folder of its own below the watched one, and the rest goes as with any folder
 * that became ready. A folder that is there was made; so nothing else has to be remembered, and
 * what was missed while the machine was off is made at the next look. */
#ifndef IHURIRO_AGENTS_MFI_SCHEDULE_H
#define IHURIRO_AGENTS_MFI_SCHEDULE_H

#include "agents/mfi/agent_conf.h"
#include "agents/mfi/owed.h"

/* The types that are owed of one period until one instant: they are made together. */
struct extraction {
    struct period period;
    int64_t due_us;
    int64_t at_us;  /* when it is made */
    unsigned types; /* a bit each */
};
#define EXTRACTIONS_MAX 64 /* a look; what is beyond comes at the next */

struct schedule_terms {
    const char *institution;
    int utc_offset_minutes;
    int64_t closed_after_hours; /* the books are closed so long after a period's end; -1: a quarter
                                   of the time that there is */
    unsigned types;             /* that the database can give; a bit each */
};

/* The instant for a period: not before the books are closed, then at a place in a quarter of the
 * time until it is due that is each institution's own and does not change. */
int64_t schedule_instant(const struct schedule_terms *terms, int32_t end_day, int64_t due_us);
/* What is still to be made and is not in the store, in order of due. Returns how many. */
size_t schedule_extractions(const struct owed *owed, const struct schedule_terms *terms,
                            struct extraction ret_extractions[static EXTRACTIONS_MAX]);
/* What the queries of an institution give; a bit each type. */
unsigned schedule_types(const struct conf_institution *institution, bool has_gl);

/* The folder's name: "2020-06-due-2020-07-10". */
#define EXTRACTION_NAME_MAX 32
void extraction_name(const struct extraction *extraction, int utc_offset_minutes,
                     char out[static EXTRACTION_NAME_MAX]);

/* Makes it in a folder, unless it was made: writes manifest.ini. One that is a day old by the
 * file system's clock, and still as it was written here, is written again, so that a book that was
 * corrected meanwhile is read. ret_written: it was, now. */
MUST_USE enum err extraction_make(const struct extraction *extraction,
                                  const struct schedule_terms *terms, const char *root,
                                  const char *currency, int64_t wall_us,
                                  struct complaint *complaint, bool *ret_written);

#endif
