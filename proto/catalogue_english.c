/* The English phrases. What programs say of rules stands in proto/rules_table.c. */
#include "proto/catalogue_inside.h"

#define SAYS(key_, other_)               \
    {                                    \
        .key = (key_), .other = (other_) \
    }
/* Obliges: somebody is to do something, or something is not taken. */
#define ASKS(key_, other_)                                \
    {                                                     \
        .key = (key_), .other = (other_), .obliges = true \
    }
#define COUNTS(key_, one_, other_)                      \
    {                                                   \
        .key = (key_), .one = (one_), .other = (other_) \
    }

const struct phrase catalogue_phrases[] = {
    /* numbers, days, times; a date counts the day of its month */
    SAYS("number.group", ","),
    SAYS("number.point", "."),
    SAYS("month.01", "January"),
    SAYS("month.02", "February"),
    SAYS("month.03", "March"),
    SAYS("month.04", "April"),
    SAYS("month.05", "May"),
    SAYS("month.06", "June"),
    SAYS("month.07", "July"),
    SAYS("month.08", "August"),
    SAYS("month.09", "September"),
    SAYS("month.10", "October"),
    SAYS("month.11", "November"),
    SAYS("month.12", "December"),
    COUNTS("date", "{day} {month} {year}", "{day} {month} {year}"),
    SAYS("date.number", "day {day}"),
    SAYS("time", "{date}, {time} UTC"),

    /* findings */
    SAYS("severity.ERROR", "ERROR"),
    SAYS("severity.WARNING", "WARNING"),
    SAYS("severity.INFO", "INFO"),
    SAYS("value.expected", "something else"),
    SAYS("value.got", "not as it should be"),
    SAYS("value.path", "the report"),
    SAYS("value.type", "report"),
    SAYS("value.period", "of this period"),
    SAYS("value.vintage", "another"),
    ASKS("ENV-04.first", "The hub holds no accepted {type} {period}, so the next is vintage "
                         "{expected}, and this one "
                         "says {vintage}. Send it as vintage {expected}; the agent does so by "
                         "itself, unless its store "
                         "was copied from another one."),
    ASKS("rule.unknown",
         "{path} is {got}, against {expected}. This program is older than the rule that says so: "
         "update it to read more."),

    /* mfi-agent check */
    SAYS("check.report", "{name} of {institution}, vintage {vintage}: {verdict}."),
    ASKS("check.refused", "would be refused, and not kept by the hub"),
    SAYS("check.accepted", "would be ACCEPTED"),
    ASKS("check.warnings", "would be ACCEPTED WITH WARNINGS: each needs an explanation before the "
                           "report can be approved"),
    ASKS("check.rejected", "would be REJECTED: correct the errors below and check again"),
    SAYS("check.none", "has no verdict"),
    SAYS("check.unchanged",
         "Its figures did not change since it was last queued or accepted: it would "
         "not be sent again."),
    ASKS("check.approval_void", "It was approved with other figures: that approval is void. "
                                "`mfi-agent approve` gives a new "
                                "one."),
    SAYS("check.hub_only", "What only the hub can find:"),
    SAYS("settings.of_hub",
         "Judged by the hub's settings \"{version}\" of {time}, as last heard from it."),
    SAYS(
        "settings.installed",
        "Judged by the installed settings \"{version}\": the hub was not reached yet, and may have "
        "newer ones."),

    /* mfi-agent send, run */
    ASKS("send.would_be_refused", "{name} of {institution} would be refused:"),
    ASKS("send.would_be_rejected", "{name} of {institution} would be rejected:"),
    ASKS("send.not_queued", "nothing of {folder} was queued. Correct the errors and send it again; "
                            "--anyway sends it as "
                            "it is."),
    SAYS("send.unchanged",
         "{name} of {institution}: the figures did not change; nothing new is sent."),
    SAYS("send.draft",
         "{name} of {institution}: waits for the receipt of the report before it, and is "
         "sent then."),
    ASKS("send.refused", "{name} of {institution}: REFUSED by the hub ({rule}): {text}"),
    COUNTS("send.kept", "{count} report is without a receipt yet. Kept safely, {when}: {how}.",
           "{count} reports are without a receipt yet. Kept safely, {when}: {how}."),
    SAYS("send.when_taken", "to be sent when the hub takes reports again"),
    SAYS("send.when_right", "to be sent when what is wrong was put right"),
    SAYS("send.when_network", "to be sent when there is a network"),
    SAYS("send.how_running", "the running mfi-agent does it"),
    SAYS("send.how_command", "`mfi-agent run` or `mfi-agent send`"),
    SAYS("send.under_way", "The hub was reached, and its answer is still under way."),
    SAYS("send.no_answer", "The hub at {endpoint} has not answered so far. Is there a network, and "
                           "does a firewall let "
                           "the connection through?"),
    SAYS("send.no_time",
         "the test hub was not reached, and its time is not known; nothing was queued."),
    SAYS("send.nothing", "Nothing is queued."),
    SAYS("send.nothing_left", "Nothing is queued. The hub was reached, and has all there is."),
    SAYS("send.nothing_unreached", "nothing is queued, and the hub was not reached."),
    ASKS(
        "send.rejected_again",
        "figures that were rejected are not sent again as they are. If what was wrong is put right "
        "elsewhere (the registration, a clock), --anyway sends them once more."),
    SAYS("run.would_be_rejected",
         "{type} would be rejected ({rule}): {sentence} See all with: mfi-agent check {folder}"),
    ASKS("run.rejected", "A report would be rejected. See: mfi-agent check {folder}"),

    /* receipts */
    SAYS("receipt.line",
         "{name} of {institution}, vintage {vintage}: {verdict} at {time}, position {position}"),
    SAYS("verdict.ACCEPTED", "ACCEPTED"),
    SAYS("verdict.ACCEPTED_WITH_WARNINGS", "ACCEPTED WITH WARNINGS"),
    SAYS("verdict.REJECTED", "REJECTED"),
    SAYS("verdict.NONE", "NONE"),

    /* mfi-agent status */
    SAYS("status.hub", "Hub: {origin} at {endpoint}"),
    SAYS("status.test_hub", "Hub: {origin} at {endpoint} (test)"),
    SAYS("status.no_origin", "not known yet"),
    SAYS("status.running", "Sending: an mfi-agent is running"),
    ASKS("status.not_running", "Sending: no mfi-agent is running; start `mfi-agent run`"),
    SAYS("status.contact", "Last contact: {time}"),
    SAYS("status.never", "never"),
    SAYS("status.error", "Last error: {text} ({time})"),
    SAYS(
        "status.counts",
        "{institution}: {queued} queued, {drafts} waiting as draft, {refused} refused, {receipted} "
        "with receipt ({rejected} rejected), {to_offer} to be offered again"),
    SAYS("status.receipt",
         "last receipt: {type} {period} {verdict} at {time}, position {position}"),
    SAYS("status.queued", "queued: {type} {period}"),
    SAYS("status.draft", "draft: {type} {period}"),
    ASKS("status.refused", "refused: {type} {period} ({rule}) {text}"),
    SAYS("status.tried_again", "It is tried again by itself. To give it up: {command}"),
    ASKS("status.no_use", "Trying again does not help. Correct the extract and send the folder "
                          "again, and take this one "
                          "away: {command}"),
    ASKS("status.folder", "last folder not queued: {text}"),
    SAYS("status.owed", "it owes, as the hub said on {time}:"),
    SAYS("status.owed.never", "what it owes is not known: the hub has not said it yet"),
    SAYS("status.owed.nothing", "it owes nothing"),
    SAYS("status.owed.RUNNING", "{type} {period}  due {due}  the period is not over"),
    ASKS("status.owed.OWED", "{type} {period}  due {due}  owed"),
    ASKS("status.owed.IN_GRACE", "{type} {period}  due {due}  was due; in grace until {grace}"),
    ASKS("status.owed.OVERDUE", "{type} {period}  due {due}  OVERDUE since {grace}"),
    SAYS("status.owed.RECEIVED", "{type} {period}  due {due}  received"),
    SAYS("status.owed.RECEIVED_LATE", "{type} {period}  due {due}  received, late"),
    SAYS("status.owed.WAIVED", "{type} {period}  due {due}  waived"),
    SAYS("status.owed.SUSPENDED", "{type} {period}  due {due}  suspended by order {order}"),
    ASKS("status.owed.NOT_FOLLOWED",
         "{type} {period}  due {due}  said to be ordered by {order}, which is not followed"),
    ASKS("status.owed.rejected", "what was sent was rejected: correct it and send it again"),
    ASKS("status.owed.provisional", "a provisional one was received; the final one is owed"),
    SAYS("status.owed.here", "it waits here to be sent"),
    SAYS("status.owed.ordered", "added by order {order}"),
    ASKS("status.owed.unsaid", "the hub says that order {order} changes this, and the order does "
                               "not say so: it is not followed"),
    SAYS("status.order.GOOD",
         "order {order} of {authority}, {from} to {until}, is followed: {reason}"),
    ASKS("status.order.NOT_PINNED",
         "order {order} is not followed: agent.conf has no `authority`. Have the authority's own "
         "office give you its public key, and put it there"),
    ASKS("status.order.OTHER_SIGNER",
         "order {order} is not followed: it is signed by another key than those of `authority` in "
         "agent.conf. Ask the authority's own office, not the hub, which key is right"),
    ASKS("status.order.BAD_SIGNATURE", "order {order} is not followed: its signature does not fit, "
                                       "or it contradicts itself. Tell the authority"),
    ASKS("status.limit.breach",
         "limit {limit} is breached: {ratio} of {period} is {value}, and the limit {bound}"),
    SAYS("status.limit.near",
         "limit {limit} is near: {ratio} of {period} is {value}, beyond {bound}"),
    SAYS("status.limit.unconfirmed", "the authority has not confirmed this limit"),
    SAYS("status.check.well", "All is well: nothing is overdue, no folder and no report waits for "
                              "a person, the hub is heard."),
    ASKS("status.check.overdue", "{institution}: {type} {period} was due {due} and is overdue"),
    ASKS("status.check.rejected",
         "{institution}: {type} {period} was rejected, and is owed; due {due}"),
    ASKS("status.check.refused", "{institution}: the hub refused {type} {period} ({rule})"),
    ASKS("status.check.folder", "{institution}: a folder was not sent: {text}"),
    ASKS("status.check.silent", "The hub was not heard since {time}"),
    SAYS("status.enrol",
         "The hub was not reached yet. Its operator runs (words in capitals filled in):"),

    /* mfi-agent explain */
    SAYS("explain.hub_only", "Only the hub can find it."),
    SAYS("explain.configurable", "The settings can change its severity or switch it off."),
    {0},
};

const struct phrase catalogue_rule_forms[] = {
    {.key = "ENV-12.sentence",
     .one = "{got} row of the source was left out; up to {expected} are accepted without a word, "
            "and above a tenth the report is rejected. Correct it in the source, or explain why it "
            "is left out."},
    {.key = "OPS-02.sentence",
     .one = "{got} request is pending at the end; from those pending before, received, approved, "
            "rejected and withdrawn, {expected} follow. Correct the counts of renegotiation "
            "(flows.csv or ops.csv) and send again."},
    {.key = "MORE.sentence",
     .one = "{got} more finding is not shown. Correct those above first; it often goes with them."},
    {0},
};
