/* Every rule with its words. The sentence is for the person who made the report: what is wrong,
 * with the values, then what to do. Placeholders: {path} {expected} {got} of the finding; {type}
 * {period} {vintage} of the report; {held}, the vintage before {expected}. */
#include "proto/rules_inside.h"

/* "Correct it and send again" takes no new vintage: a rejected report takes none. */
static const struct rule rules[] = {
    {"ENV-01", SEVERITY_ERROR,
     "the message is well-formed, its schema is known, and no field is both set and noted as "
     "absent",
     "The report cannot be read as it is ({path}). Either a field has a value and also a note that "
     "says why it is absent, or a note names a field that does not exist, or the agent is newer "
     "than the hub. Leave out the note or the value; if you did not write the report yourself, "
     "update the agent and send again.",
     false, true, 0, evaluate_schema_and_notes},
    {"ENV-02", SEVERITY_ERROR,
     "the institution is registered, the sender's own, and in force at "
     "the period's end",
     "The institution is not registered for this period: its registration has the bound "
     "{expected}, "
     "and the period ends on {got}. Check institution_id and as_of in manifest.ini; if they are "
     "right, ask the operator of the hub to correct the registration.",
     true, true, 0, evaluate_validity},
    {"ENV-03", SEVERITY_ERROR, "the signature is valid and its key is in force for the institution",
     "The signature does not fit a key that the hub knows for this institution. Give the operator "
     "of the hub the line that `mfi-agent init` printed; if a key was replaced or revoked, send "
     "again with the one that is in force.",
     true, true, 0, NULL},
    {"ENV-04", SEVERITY_ERROR, "the vintage is one above the highest accepted one",
     "Vintage {held} of {type} {period} came on {got} with other figures; if yours are right, send "
     "them as a correction: vintage {expected}, with the reason. If they are not, nothing is to be "
     "done: the figures that the hub holds stand.",
     true, true, 0, evaluate_vintage},
    {"ENV-05", SEVERITY_ERROR, "the period's key, frequency, first and last day and as_of agree",
     "The period does not fit together: {path} is {got} and should be {expected}. Correct "
     "period_start, period_end, as_of or frequency in manifest.ini and send again; a month is "
     "written 2020-06 and runs from its first day to its last.",
     false, true, 0, evaluate_period},
    {"ENV-06", SEVERITY_ERROR, "as_of is not in the future",
     "The report is as of {got}, which has not come yet; it can be at most {expected}. Check as_of "
     "in manifest.ini and the clock of this computer, then send again.",
     false, false, 0, evaluate_as_of},
    {"ENV-07", SEVERITY_ERROR, "the report was made at most 48 hours ahead, and 45 or 400 days ago",
     "The report says that it was made on {got}, and the limit is {expected}. If the clock of this "
     "computer is wrong, set it, and make the report again; if the report has waited this long, "
     "make it again from today's books.",
     false, false, 0, evaluate_produced_at},
    {"ENV-08", SEVERITY_ERROR, "the currency is the institution's, with the exponent of the table",
     "The currency does not fit ({path}). An institution reports in the one currency that it is "
     "registered with, in the minor units of the hub's table. Check currency in manifest.ini, or "
     "ask the operator of the hub to correct the registration, then send again.",
     false, false, 0, evaluate_currency},
    {"ENV-09", SEVERITY_ERROR, "a final month-end is approved by another person than prepared it",
     "A final {type} of a month needs the sign-off of two people, and {path} is not right. Set "
     "prepared_code and approved_code in manifest.ini to the staff codes of two different people, "
     "let the second approve, and send again; until then send it with status PROVISIONAL.",
     false, false, 0, evaluate_signoff},
    {"ENV-10", SEVERITY_ERROR, "a correction says why",
     "This is vintage {vintage}, a correction, and it gives no reason. Set reason in manifest.ini "
     "to ERROR, LATE_POSTING, AUDIT, RECLASS, REGULATOR_REQUEST, SYSTEM_MIGRATION, FINALISED or "
     "EXPLAINED, and send again.",
     false, false, 0, evaluate_reason},
    {"ENV-11", SEVERITY_ERROR,
     "the report holds the body of its type, or nil and none, within 64 KiB",
     "A {type} report holds exactly the figures of its type, or says nil and holds none; {path} is "
     "missing or does not belong here, or the report is larger than 64 KiB. Check `reports` in "
     "manifest.ini; with very many breakdown rows, leave out the branches. Then send again.",
     false, true, 0, evaluate_body},
    {"ENV-12", SEVERITY_WARNING, "at most 1 % of the source's rows were left out; never above 10 %",
     "{got} rows of the source were left out; up to {expected} are accepted without a word, and "
     "above a tenth the report is rejected. Correct these rows in the source, or explain why they "
     "are left out.",
     false, false, 100, evaluate_rejected_rows},
    {"ENV-13", SEVERITY_ERROR, "test data goes to test hubs, real data to real ones",
     "Test data was sent to a real hub, or real data to a test hub. Check `hub` and `test` in "
     "agent.conf: they must name a hub of the same kind as the data.",
     false, true, 0, NULL},
    {"ENV-14", SEVERITY_ERROR, "no text holds a telephone number or a national id",
     "The text in {path} seems to hold a telephone number or a national id. Nothing about a person "
     "may leave your institution: take the number out of the text (of long amounts, write "
     "\"1.2 billion\") and send again. The hub has not kept the text.",
     false, true, 0, NULL},
    {"ENV-15", SEVERITY_ERROR, "after an accepted final report there is no provisional one",
     "A final {type} {period} was accepted already, so a provisional one cannot replace it. If the "
     "final figures were wrong, send these with status FINAL, as a correction with its reason.",
     true, true, 0, evaluate_final_stands},

    {"POR-01", SEVERITY_ERROR, "outstanding of all aging rows adds up to the gross loan portfolio",
     "The aging rows add up to {got}, the gross loan portfolio is {expected} ({path}). One of them "
     "leaves out loans or counts some twice. Make both from the same loan list on the same day, "
     "and "
     "send again; the gross loan portfolio must be there.",
     false, false, 0, evaluate_aging_sum},
    {"POR-02", SEVERITY_ERROR, "aging rows follow each other from 0 days to an open end",
     "The aging rows leave out days or count some twice: {path} is {got}, and {expected} would "
     "follow. Rows go from 0 upwards without a gap, and only the last is open (-1). Correct the "
     "rows and send again.",
     false, false, 0, evaluate_aging_edges},
    {"POR-03", SEVERITY_ERROR, "parts of an aging row lie between 0 and the whole",
     "{path} is {got}, and at most {expected} (at least 0) is possible, because it is a part of "
     "the "
     "same row. Check which loans are counted as overdue, restructured or in moratorium, and send "
     "again.",
     false, false, 0, evaluate_aging_parts},
    {"POR-04", SEVERITY_ERROR,
     "loans 0 days late have nothing overdue, and late ones have something",
     "{path} is {got}. Loans that are not late cannot have overdue principal, and late loans "
     "should have some. Check the due dates and the overdue column; if only interest is overdue "
     "on these loans, say so as the explanation.",
     false, false, 0, evaluate_overdue},
    {"POR-05", SEVERITY_ERROR, "there is a portfolio exactly when there are loans",
     "The gross loan portfolio is {expected} and the number of loans is {got}: one of them is zero "
     "and the other is not. Correct the one that is wrong and send again.",
     false, false, 0, evaluate_loans_exist},
    {"POR-06", SEVERITY_WARNING, "borrowers do not outnumber loans, unless groups borrow",
     "There are {got} borrowers and {expected} loans. More borrowers than loans is only possible "
     "with group loans, and loans without any borrower are not possible. Check borrower_ref in "
     "loans.csv, or explain it.",
     false, false, 0, evaluate_borrowers},
    {"POR-07", SEVERITY_ERROR, "women borrowers are among the borrowers",
     "There are {got} women among {expected} borrowers. Check the gender column and how borrowers "
     "are counted, and send again.",
     false, false, 0, evaluate_women},
    {"POR-08", SEVERITY_ERROR, "each complete breakdown adds up to the gross loan portfolio",
     "The breakdown that begins at {path} adds up to {got}, the gross loan portfolio is "
     "{expected}. "
     "Loans without a code belong under UNK, U or XXX, not left out. Correct the breakdown and "
     "send "
     "again; a difference of up to 0.1 % is accepted if you explain it.",
     false, false, 10, evaluate_breakdown_sums},
    {"POR-09", SEVERITY_ERROR, "in a breakdown row, over 90 days <= over 30 days <= outstanding",
     "{path} is {got}, and at most {expected} is possible: loans over 90 days late are also over "
     "30 "
     "days late, and both are part of the outstanding amount. Correct the row and send again.",
     false, false, 0, evaluate_breakdown_rows},
    {"POR-10", SEVERITY_ERROR, "outstanding of all classes adds up to the gross loan portfolio",
     "The classes NL to LL add up to {got}, the gross loan portfolio is {expected} ({path}). Give "
     "every loan exactly one class (written-off loans stand apart, under WO), and send again.",
     false, false, 0, evaluate_class_sum},
    {"POR-11", SEVERITY_WARNING,
     "classes follow from the days overdue, within 1 % of the portfolio",
     "{path} is {got}; by the days overdue it would be {expected}. If loans were classed worse (or "
     "better) for another reason, explain it; otherwise correct the class column.",
     false, false, 100, evaluate_class_days},
    {"POR-12", SEVERITY_ERROR, "restructured amounts of all aging rows add up to the total",
     "{path} is {got}, the aging rows add up to {expected}. Count the same loans as restructured "
     "in "
     "both, and send again.",
     false, false, 0, evaluate_restructured_sum},
    {"POR-13", SEVERITY_ERROR,
     "loans in moratorium are part of the portfolio, and split by end date",
     "The amounts in moratorium do not fit: {path} is {got}, against {expected}. Check "
     "moratorium_until in loans.csv: the parts by end date and by days late each add up to the "
     "total, which is part of the gross loan portfolio. Then send again.",
     false, false, 0, evaluate_moratorium},

    {"LIQ-01", SEVERITY_ERROR, "deposit rows add up to the total, where both are given",
     "Total deposits are {got}, the kinds of deposit add up to {expected} ({path}). Correct the "
     "one "
     "that is wrong, or leave the total out, and send again.",
     false, false, 0, evaluate_deposit_sum},
    {"LIQ-03", SEVERITY_ERROR, "term deposits by maturity add up to the balance of term deposits",
     "Term deposits by maturity add up to {got}, their balance is {expected} ({path}). Check "
     "matures_on in deposits.csv: every term account falls in exactly one bucket. Then send again.",
     false, false, 0, evaluate_term_maturities},
    {"LIQ-04", SEVERITY_ERROR, "borrowings by lender are equal to borrowings by maturity",
     "Borrowings by maturity with what is overdue add up to {got}, by lender to {expected} "
     "({path})."
     " Check due_on in borrowings.csv: every loan from a lender stands in both. Then send again.",
     false, false, 0, evaluate_borrowing_maturities},
    {"LIQ-05", SEVERITY_ERROR, "the largest <= the twenty largest <= all together",
     "{path} is {got}, and at most {expected} is possible: the largest is one of the twenty "
     "largest, and these are part of the whole. Make the figures from the same list on the same "
     "day as the deposits and the portfolio, and send again.",
     false, false, 0, evaluate_largest},
    {"LIQ-06", SEVERITY_ERROR, "the day of most withdrawals lies in the period, within its total",
     "{path} is {got}, against {expected}. The peak day lies within the period, and what was "
     "withdrawn on it is part of all withdrawals of the period. Correct flows.csv and send again.",
     false, false, 0, evaluate_peak},
    {"LIQ-14", SEVERITY_ERROR, "no amount is negative, but those that may be",
     "{path} is {got}, and this amount cannot be negative. An account that is overdrawn or booked "
     "on the wrong side makes it so: put it where it belongs (sign and prefix in the account map), "
     "and send again.",
     false, false, 0, evaluate_negatives},
    {"MORE", SEVERITY_INFO, "a judgement names at most 64 findings",
     "{got} more findings are not shown. Correct those above first; the rest often goes with them.",
     false, true, 0, NULL},
};

const struct rule *rules_at(size_t index, size_t *ret_count)
{
    *ret_count = sizeof rules / sizeof rules[0];
    return index < *ret_count ? &rules[index] : NULL;
}
