/* A folder of extracts, examined: its reports computed, given their vintage, compared with what was
 * sent, and judged as the hub would. Used by `check`, `send` and `run`; sends nothing and leaves
 * nothing. */
#ifndef IHURIRO_AGENTS_MFI_FOLDER_H
#define IHURIRO_AGENTS_MFI_FOLDER_H

#include <jansson.h>
#include <stdio.h>

#include "agents/mfi/agent.h"
#include "agents/mfi/approval.h"
#include "agents/mfi/say.h"
#include "proto/rules.h"

#define FOLDER_ARENA_BUDGET ((size_t)256 * 1024 * 1024)

struct examined_report {
    PbReport *report;
    bool is_refused; /* the hub would not journal it (ENV-13, ENV-14): no verdict */
    enum verdict verdict;
    struct findings *findings;
    bool is_unchanged;     /* equal figures are queued, drafted, were accepted or rejected last */
    bool is_first;         /* nothing of its place is in the store */
    bool is_current;       /* of them: the highest accepted */
    bool has_errors;       /* refused, or would be REJECTED */
    bool is_approval_void; /* there is an approval, of other figures */
};

/* Lives in the arena. */
struct examined {
    struct book *book;
    struct agent_settings settings;
    const char *category; /* of the institution in agent.conf; NULL: none is given */
    size_t count;
    struct examined_report *reports;
};

struct folder_options {
    const char *institution; /* must be the folder's; NULL: any that is configured */
    int64_t now_us;
    const struct approval *approval; /* being given: judged as if it had been; NULL: what is kept */
};

/* Complaints are the book's (file, line, column), or that the folder is of an institution that
 * agent.conf does not have. */
MUST_USE enum err folder_examine(struct agent *agent, const char *folder,
                                 const struct folder_options *options, struct arena *arena,
                                 struct complaint *complaint, struct examined **ret_examined);
bool examined_has_errors(const struct examined *examined);

/* For a person: reports, findings in sentences, verdicts, what only the hub can find. */
MUST_USE enum err examined_print(const struct examined *examined, const struct voice *voice);
MUST_USE enum err findings_print(const PbReport *report, const PbFinding *const *findings,
                                 size_t count, const struct voice *voice);
/* For a program: new reference, or NULL without memory. Only texts follow the language. */
json_t *examined_json(const struct examined *examined, const struct catalogue *catalogue);

/* "PORTFOLIO 2020-06" */
#define REPORT_NAME_MAX 48
const char *report_name(int type, int frequency, int32_t period_end_day,
                        char out[static REPORT_NAME_MAX]);

#endif
