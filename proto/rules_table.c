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
     false, true, NO_TOLERANCE, evaluate_schema_and_notes},
    {"ENV-02", SEVERITY_ERROR,
     "the institution is registered, the sender's own, and in force at "
     "the period's end",
     "The institution is not registered for this period: its registration has the bound "
     "{expected}, "
     "and the period ends on {got}. Check institution_id and as_of in manifest.ini; if they are "
     "right, ask the operator of the hub to correct the registration.",
     true, true, NO_TOLERANCE, evaluate_validity},
    {"ENV-03", SEVERITY_ERROR, "the signature is valid and its key is in force for the institution",
     "The signature does not fit a key that the hub knows for this institution. Give the operator "
     "of the hub the line that `mfi-agent init` printed; if a key was replaced or revoked, send "
     "again with the one that is in force.",
     true, true, NO_TOLERANCE, NULL},
    {"ENV-04", SEVERITY_ERROR, "the vintage is one above the highest accepted one",
     "Vintage {held} of {type} {period} came on {got} with other figures; if yours are right, send "
     "them as a correction: vintage {expected}, with the reason. If they are not, nothing is to be "
     "done: the figures that the hub holds stand.",
     true, true, NO_TOLERANCE, evaluate_vintage},
    {"ENV-05", SEVERITY_ERROR, "the period's key, frequency, first and last day and as_of agree",
     "The period does not fit together: {path} is {got} and should be {expected}. Correct "
     "period_start, period_end, as_of or frequency in manifest.ini and send again; a month is "
     "written 2020-06 and runs from its first day to its last.",
     false, true, NO_TOLERANCE, evaluate_period},
    {"ENV-06", SEVERITY_ERROR, "as_of is not in the future",
     "The report is as of {got}, which has not come yet; it can be at most {expected}. Check as_of "
     "in manifest.ini and the clock of this computer, then send again.",
     false, false, NO_TOLERANCE, evaluate_as_of},
    {"ENV-07", SEVERITY_ERROR, "the report was made at most 48 hours ahead, and 45 or 400 days ago",
     "The report says that it was made on {got}, and the limit is {expected}. If the clock of this "
     "computer is wrong, set it, and make the report again; if the report has waited this long, "
     "make it again from today's books.",
     false, false, NO_TOLERANCE, evaluate_produced_at},
    {"ENV-08", SEVERITY_ERROR, "the currency is the institution's, with the exponent of the table",
     "The currency does not fit ({path}). An institution reports in the one currency that it is "
     "registered with, in the minor units of the hub's table. Check currency in manifest.ini, or "
     "ask the operator of the hub to correct the registration, then send again.",
     false, false, NO_TOLERANCE, evaluate_currency},
    {"ENV-09", SEVERITY_ERROR, "a final month-end is approved by another person than prepared it",
     "A final {type} of a month needs the sign-off of two people, and {path} is not right. Set "
     "prepared_code and approved_code in manifest.ini to the staff codes of two different people, "
     "let the second approve, and send again; until then send it with status PROVISIONAL.",
     false, false, NO_TOLERANCE, evaluate_signoff},
    {"ENV-10", SEVERITY_ERROR, "a correction says why",
     "This is vintage {vintage}, a correction, and it gives no reason. Set reason in manifest.ini "
     "to ERROR, LATE_POSTING, AUDIT, RECLASS, REGULATOR_REQUEST, SYSTEM_MIGRATION, FINALISED or "
     "EXPLAINED, and send again.",
     false, false, NO_TOLERANCE, evaluate_reason},
    {"ENV-11", SEVERITY_ERROR,
     "the report holds the body of its type, or nil and none, within 64 KiB",
     "A {type} report holds exactly the figures of its type, or says nil and holds none; {path} is "
     "missing or does not belong here, or the report is larger than 64 KiB. Check `reports` in "
     "manifest.ini; with very many breakdown rows, leave out the branches. Then send again.",
     false, true, NO_TOLERANCE, evaluate_body},
    {"ENV-12", SEVERITY_WARNING, "at most 1 % of the source's rows were left out; never above 10 %",
     "{got} rows of the source were left out; up to {expected} are accepted without a word, and "
     "above a tenth the report is rejected. Correct these rows in the source, or explain why they "
     "are left out.",
     false, false, 100, evaluate_rejected_rows},
    {"ENV-13", SEVERITY_ERROR, "test data goes to test hubs, real data to real ones",
     "Test data was sent to a real hub, or real data to a test hub. Check `hub` and `test` in "
     "agent.conf: they must name a hub of the same kind as the data.",
     false, true, NO_TOLERANCE, NULL},
    {"ENV-14", SEVERITY_ERROR, "no text holds a telephone number or a national id",
     "The text in {path} seems to hold a telephone number or a national id. Nothing about a person "
     "may leave your institution: take the number out of the text (of long amounts, write "
     "\"1.2 billion\") and send again. The hub has not kept the text.",
     false, true, NO_TOLERANCE, NULL},
    {"ENV-15", SEVERITY_ERROR, "after an accepted final report there is no provisional one",
     "A final {type} {period} was accepted already, so a provisional one cannot replace it. If the "
     "final figures were wrong, send these with status FINAL, as a correction with its reason.",
     true, true, NO_TOLERANCE, evaluate_final_stands},

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
     false, false, NO_TOLERANCE, evaluate_aging_edges},
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
     false, false, NO_TOLERANCE, evaluate_overdue},
    {"POR-05", SEVERITY_ERROR, "there is a portfolio exactly when there are loans",
     "The gross loan portfolio is {expected} and the number of loans is {got}: one of them is zero "
     "and the other is not. Correct the one that is wrong and send again.",
     false, false, NO_TOLERANCE, evaluate_loans_exist},
    {"POR-06", SEVERITY_WARNING, "borrowers do not outnumber loans, unless groups borrow",
     "There are {got} borrowers and {expected} loans. More borrowers than loans is only possible "
     "with group loans, and loans without any borrower are not possible. Check borrower_ref in "
     "loans.csv, or explain it.",
     false, false, NO_TOLERANCE, evaluate_borrowers},
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

    {"POR-14", SEVERITY_WARNING, "the allowance covers what the classes require",
     "The allowance is {got}, the classes require {expected}. Book what is lacking, or explain by "
     "when it "
     "will be booked; if the class or the collateral of a loan is wrong, correct it in loans.csv.",
     false, false, 200, evaluate_allowance},
    {"POR-15", SEVERITY_ERROR, "the allowance is at most the gross loan portfolio",
     "The allowance is {got}, the gross loan portfolio only {expected}. Check the account of the "
     "allowance in "
     "the account map (P14) and the unit of gl.csv, and send again.",
     false, false, 0, evaluate_allowance_size},
    {"POR-16", SEVERITY_WARNING,
     "the portfolio follows from the one before and its flows, within 0.5 %",
     "From the portfolio before, what was disbursed, collected and written off, {expected} "
     "follows; {got} is "
     "reported. Check flows.csv for missing days and the loan list for loans that came or went "
     "without a "
     "flow; other movements belong under GLP_ADJ. Where the earlier report was wrong, correct that "
     "one, or "
     "explain this one with PREVIOUS_WRONG.",
     false, false, 50, evaluate_portfolio_rolls},
    {"POR-17", SEVERITY_WARNING,
     "an adjustment above 0.5 % of the portfolio is explained in the note",
     "{got} of the portfolio changed in other ways than by lending, collecting and writing off. "
     "Say in `note` of "
     "manifest.ini what it was (exchange rates, capitalised interest, a transfer, a correction).",
     false, false, 50, evaluate_adjustment},
    {"POR-18", SEVERITY_ERROR,
     "the largest borrowers and related parties are parts of the portfolio",
     "{path} is {got}, and at most {expected} is possible: the largest borrower is one of the "
     "twenty largest, "
     "insiders are related parties, and all of these are part of the portfolio. Make the figures "
     "from the same "
     "list on the same day as the portfolio, and send again.",
     false, false, 0, evaluate_exposures},
    {"POR-19", SEVERITY_WARNING,
     "what was collected on due is part of what was due, and of all collected",
     "{path} is {got}, against {expected}. It is the part of the principal due in the period that "
     "was paid by "
     "its end: prepayments and old arrears do not belong to it. Correct it, or explain it.",
     false, false, 0, evaluate_on_due},
    {"POR-20", SEVERITY_WARNING, "the average loan lies in the band of its category",
     "The average loan is {got}; {expected} is the end of the band in which it usually lies. Check "
     "that all "
     "amounts are in whole currency units (not in thousands), and that loans are counted once; if "
     "your loans are "
     "of that size, explain it.",
     false, false, NO_TOLERANCE, evaluate_average_loan},
    {"POR-21", SEVERITY_ERROR, "there is an amount disbursed exactly when loans were disbursed",
     "{path} is {got}, against {expected}: one of amount and number is zero and the other is not, "
     "or more "
     "borrowers are new than loans were made. Check flows.csv (DISB) and disbursed_on in "
     "loans.csv, and send "
     "again.",
     false, false, NO_TOLERANCE, evaluate_disbursed},
    {"POR-22", SEVERITY_INFO, "at most 10 % of the portfolio has an unknown code",
     "{got} of the portfolio stands under an unknown code ({path}); up to {expected} is usual. Map "
     "the words of "
     "your system to the codes in the agent's maps: the breakdown is worth more then.",
     false, false, 1000, evaluate_unknown_codes},

    {"TIM-01", SEVERITY_WARNING,
     "the portfolio changes by at most a quarter from one period to the next",
     "The portfolio was {expected} a period before and is {got} now. A factor of a hundred or a "
     "thousand is "
     "nearly always a mistake of units: check the amounts in loans.csv. If it is true, explain it "
     "(REAL_CHANGE, "
     "MERGER, SALE); if the earlier report was wrong, correct that one (PREVIOUS_WRONG).",
     false, false, 2500, evaluate_jump},
    {"TIM-02", SEVERITY_WARNING, "a report is not the same as the one before",
     "All figures ({path}) are the same as a period before. Check that the extract is a new one "
     "and that the day "
     "was closed in your system; if nothing happened indeed, explain it.",
     false, false, NO_TOLERANCE, evaluate_frozen},
    {"TIM-03", SEVERITY_WARNING, "late loans do not vanish by being restructured",
     "Loans over 30 days late fell by almost a third or more, and {got} was newly restructured: "
     "more than half of "
     "that fall ({expected}). Explain how these clients came to be able to pay; the regulator sees "
     "the "
     "restructured loans beside the late ones.",
     false, false, 3000, evaluate_evergreening},
    {"TIM-04", SEVERITY_WARNING, "loans 61 to 90 days late were at least 30 days late a month ago",
     "{got} is 61 to 90 days late now, but only {expected} was 30 days late or more a month ago. "
     "Check how days "
     "are counted after a change of the schedule, and overdue_since in loans.csv; then explain it "
     "or correct "
     "it.",
     false, false, 0, evaluate_impossible_aging},
    {"TIM-05", SEVERITY_WARNING,
     "bad loans fall only by what was written off, recovered or collected",
     "Loans 90 days late and more fell by {got}; written off, recovered and collected together are "
     "{expected}. "
     "Loans that left the list must be in flows.csv (WRITEOFF, REPAY_P); if they were "
     "restructured, say so as "
     "the explanation.",
     false, false, 0, evaluate_npl_drop},
    {"TIM-06", SEVERITY_WARNING, "most amounts are not whole thousands",
     "{got} amounts are whole thousands, more than the {expected} that are usual. Books that are "
     "kept to the "
     "franc are not so round: check whether amounts were rounded or estimated; if they were, say "
     "how in the "
     "explanation.",
     false, false, 6000, evaluate_round_numbers},

    {"LIQ-01", SEVERITY_ERROR, "deposit rows add up to the total, where both are given",
     "Total deposits are {got}, the kinds of deposit add up to {expected} ({path}). Correct the "
     "one "
     "that is wrong, or leave the total out, and send again.",
     false, false, 0, evaluate_deposit_sum},
    {"LIQ-02", SEVERITY_WARNING, "deposits follow from those before and their flows, within 0.5 %",
     "From the deposits before, what came in and went out, {expected} follows; {got} is reported. "
     "Check flows.csv "
     "for missing days (DEP_IN, DEP_OUT, DEP_INTEREST, DEP_FEES); other movements belong under "
     "DEP_ADJ. Where the "
     "earlier report was wrong, correct that one, or explain this one with PREVIOUS_WRONG.",
     false, false, 50, evaluate_deposits_roll},
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
     false, false, NO_TOLERANCE, evaluate_peak},
    {"LIQ-07", SEVERITY_WARNING, "liquid assets are at most all assets",
     "Cash, balances, placements and government paper are {got}, all assets of the last capital "
     "report only "
     "{expected}. Check the account map of the liquid assets, or correct the capital report.",
     false, false, 0, evaluate_liquid_assets},
    {"LIQ-09", SEVERITY_WARNING,
     "the institution's own liquidity ratio is within 100 basis points of the hub's",
     "Your own liquidity ratio is {got} basis points, from the figures of this report it is "
     "{expected}. The two "
     "count other accounts as liquid, or other deposits: compare your return with the weights in "
     "the settings, "
     "and explain the difference.",
     false, false, 100, evaluate_own_ratio},
    {"LIQ-10", SEVERITY_WARNING,
     "deposits do not fall by more than 5 % in a day or 10 % in a month",
     "Deposits fell from {expected} to {got}. If this is so, tell your association and your "
     "regulator today what "
     "happened, and explain it; if accounts are missing from deposits.csv, correct it.",
     false, false, 1000, evaluate_run},
    {"LIQ-11", SEVERITY_WARNING, "every withdrawal that was asked for was paid",
     "{path} is {got}: withdrawals could not be paid, or are limited. This is passed on as urgent. "
     "Explain since "
     "when, and what would help.",
     false, false, NO_TOLERANCE, evaluate_unmet},
    {"LIQ-12", SEVERITY_ERROR, "what is pledged of government paper is part of all that is pledged",
     "{path} is {got}, all that is pledged only {expected}. What is pledged stands in "
     "encumbered_total, and is in "
     "none of the free amounts. Correct it and send again.",
     false, false, 0, evaluate_encumbered},
    {"LIQ-13", SEVERITY_WARNING, "collections of 30 days are at most 40 % of the portfolio",
     "Collections of {got} are expected within 30 days; 40 % of the portfolio are {expected}. "
     "Check schedule.csv: "
     "only instalments of performing loans, each once; loans that are due in full within the month "
     "explain it.",
     false, false, 4000, evaluate_collections},
    {"LIQ-14", SEVERITY_ERROR, "no amount is negative, but those that may be",
     "{path} is {got}, and this amount cannot be negative. An account that is overdrawn or booked "
     "on the wrong side makes it so: put it where it belongs (sign and prefix in the account map), "
     "and send again.",
     false, false, NO_TOLERANCE, evaluate_negatives},
    {"OPS-01", SEVERITY_ERROR, "branches open, partly open and closed add up to all branches",
     "There are {got} branches, but open, partly open and closed ones add up to {expected}. "
     "Correct ops.csv and "
     "send again.",
     false, false, 0, evaluate_branches},
    {"OPS-02", SEVERITY_ERROR,
     "requests still pending follow from those before and what was decided",
     "{got} requests are pending at the end; from those pending before, received, approved, "
     "rejected and "
     "withdrawn, {expected} follow. Correct the counts of renegotiation (flows.csv or ops.csv) and "
     "send again.",
     false, false, 0, evaluate_pending},
    {"OPS-03", SEVERITY_ERROR, "active digital users are among the registered ones",
     "{got} users were active, but only {expected} are registered. Correct ops.csv and send again.",
     false, false, 0, evaluate_digital},
    {"OPS-04", SEVERITY_ERROR, "women among the participants are at most all of them",
     "{path} is {got}, with {expected} participants. Correct ops.csv and send again.", false, false,
     0, evaluate_trained_women},
    {"OPS-05", SEVERITY_ERROR, "the parts of the emergency fund add up to what is requested",
     "{got} is requested, its parts (liquidity, client relief, capital, digital, health) add up to "
     "{expected}. "
     "Correct ops.csv and send again.",
     false, false, 0, evaluate_fund_split},
    {"OPS-06", SEVERITY_WARNING,
     "the request is at most half of the deposits, and needed in the future",
     "{path} is {got}, against {expected}. Check the amount (whole currency units) and the date by "
     "which it is "
     "needed; if they are right, explain the need.",
     false, false, 5000, evaluate_fund_size},
    {"OPS-07", SEVERITY_WARNING, "a final request is approved by the board",
     "The board has not approved the request for the emergency fund. Let the board approve it and "
     "set "
     "board_approved, or explain when it will.",
     false, false, NO_TOLERANCE, evaluate_fund_approval},
    {"OPS-08", SEVERITY_WARNING,
     "what was approved is what was restructured in the period, with payment holidays in force at "
     "most, within 5 %",
     "Renegotiations of {got} were approved, loans of {expected} were restructured in the same "
     "period. Approved "
     "requests that are not booked yet, or bookings without a request, explain it; otherwise "
     "correct the one that "
     "is wrong.",
     false, false, 500, evaluate_renegotiated},
    {"OPS-09", SEVERITY_WARNING, "staff on site, remote and unavailable add up to all staff",
     "There are {got} staff, but on site, remote and unavailable add up to {expected}. Correct "
     "ops.csv, or explain "
     "it.",
     false, false, 0, evaluate_staff},

    {"CAP-01", SEVERITY_ERROR, "assets are liabilities and equity",
     "Assets are {got}, liabilities and equity add up to {expected}. An account is missing from "
     "the account map, or "
     "stands on the wrong side: compare with the balance sheet of your system, and send again.",
     false, false, 10, evaluate_balance},
    {"CAP-02", SEVERITY_WARNING, "net loans are the portfolio less its allowance, within 1 %",
     "Net loans are {got}; the portfolio less its allowance is {expected}. Make both from the same "
     "day; where the "
     "ledger is behind the loan book, say so as the explanation.",
     false, false, 100, evaluate_net_loans},
    {"CAP-03", SEVERITY_WARNING, "Tier 1 is at most the equity",
     "Tier 1 is {got}, equity {expected}. Tier 1 is a part of equity: check the figures of the "
     "capital return, or "
     "explain it.",
     false, false, 0, evaluate_tier1},
    {"CAP-04", SEVERITY_ERROR,
     "with Tier 1 there are risk-weighted assets, at most one and a half times all assets",
     "Risk-weighted assets are {got}, against {expected}. They belong beside Tier 1, and seldom "
     "exceed all assets: "
     "check the capital return, and send again or explain it.",
     false, false, 5000, evaluate_risk_weighted},
    {"CAP-05", SEVERITY_WARNING, "the result of the year falls only by what the period lost",
     "The result of the year so far is {got}; after the period before, at least {expected} would "
     "follow. Bookings "
     "into an earlier month explain it; then correct that month's report too.",
     false, false, NO_TOLERANCE, evaluate_result_falls},

    {"XRP-01", SEVERITY_WARNING, "PORTFOLIO and CAPITAL tell of the same loans, within 0.5 %",
     "{path} makes {got} of loans before provisions, the other report {expected}. Make both from "
     "the same day; "
     "where the ledger is behind the loan book, say so as the explanation.",
     false, false, 50, evaluate_gross_loans},
    {"XRP-02", SEVERITY_WARNING, "LIQUIDITY and CAPITAL tell of the same deposits, within 0.5 %",
     "{path} is {got}, the other report says {expected}. Make both from the same day, from the "
     "same accounts; where "
     "the ledger is behind, say so as the explanation.",
     false, false, 50, evaluate_same_deposits},
    {"XRP-04", SEVERITY_WARNING, "what was recovered had been written off before",
     "{got} was recovered, but only {expected} was written off and still claimed a period before. "
     "Check flows.csv "
     "(RECOVERY) and the amount still claimed, or explain it.",
     false, false, 0, evaluate_recovered},
    {"XRP-05", SEVERITY_INFO, "the branches together have all loans",
     "The institution has {got} loans, its branches together {expected}. Loans without a branch "
     "explain it.",
     false, false, 0, evaluate_branch_loans},

    {"DEL-03", SEVERITY_WARNING, "at most three vintages",
     "This is vintage {got} of {type} {period}; more than {expected} say that figures are sent "
     "before they are "
     "ready. Explain why, and what will be done.",
     true, false, NO_TOLERANCE, evaluate_vintages},
    {"MORE", SEVERITY_INFO, "a judgement names at most 64 findings",
     "{got} more findings are not shown. Correct those above first; the rest often goes with them.",
     false, true, NO_TOLERANCE, NULL},
};

const struct rule *rules_at(size_t index, size_t *ret_count)
{
    *ret_count = sizeof rules / sizeof rules[0];
    return index < *ret_count ? &rules[index] : NULL;
}

struct need {
    int type;
    unsigned beside;
};

static const struct need needs[] = {
    {TYPE_PORTFOLIO, BESIDE_OPENING | BESIDE_PRECEDING | BESIDE_CAPITAL},
    {TYPE_LIQUIDITY,
     BESIDE_OPENING | BESIDE_PRECEDING | BESIDE_MONTH_AGO | BESIDE_CAPITAL | BESIDE_PORTFOLIO},
    {TYPE_OPERATIONS, BESIDE_PRECEDING | BESIDE_PORTFOLIO | BESIDE_LIQUIDITY},
    {TYPE_CAPITAL, BESIDE_PRECEDING | BESIDE_PORTFOLIO | BESIDE_LIQUIDITY},
    {TYPE_EXPOSURES, BESIDE_PRECEDING | BESIDE_PORTFOLIO | BESIDE_LIQUIDITY},
};

unsigned rules_need(int report_type)
{
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (needs[i].type == report_type) {
            return needs[i].beside;
        }
    }
    return 0;
}
