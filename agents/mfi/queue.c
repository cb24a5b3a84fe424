#include "agents/mfi/queue.h"

#include <stdio.h>

enum err queue_examined(struct agent *agent, const struct examined *examined, int64_t now_us,
                        bool is_again, struct complaint *complaint,
                        struct queued_report *ret_queued)
{
    for (size_t i = 0; i < examined->count; i++) {
        PbReport *report = examined->reports[i].report;
        const struct signing_key *key = agent_key_of(agent, report->institution);
        if (key == NULL) {
            return complain(complaint, ERR_KEY,
                            "There is no signing key of %s; add it to `institutions` in %s.",
                            report->institution, agent->config);
        }
        struct queued_report *queued = &ret_queued[i];
        enum err err = is_again ? outbox_queue_again(agent->outbox, report, key, now_us,
                                                     &queued->queued, &queued->key)
                                : outbox_queue(agent->outbox, report, key, now_us, &queued->queued,
                                               &queued->key);
        if (err == ERR_TOO_LARGE) {
            return complain(complaint, err,
                            "A report is larger than the 64 KiB that it may have, and was not "
                            "queued. Take the column branch out of loans.csv, and send again.");
        }
        if (err != ERR_OK) {
            return complain(
                complaint, err,
                "The reports could not be queued: %s. Nothing was lost; free space on the disk "
                "if it is full, and send the folder again.",
                err_text(err));
        }
    }
    return ERR_OK;
}
