#include <string.h>

#include "tests/sim/loanbook.h"

/* Dates, amounts and words are chosen so that exactly one check can find them. */
static const struct loanbook_fault faults[] = {
    {"none", FAULT_NOWHERE, NULL, NULL, "read"},
    {"excel", FAULT_EXCEL, NULL, NULL,
     "read: byte order mark, ';', dd/mm/yyyy, spaces in amounts, a repeated header, a totals row"},
    {"control-total", FAULT_TOTAL, NULL, NULL, "refuse: the sum differs from the manifest's"},
    {"row-count", FAULT_COUNT, NULL, NULL, "refuse: the row count differs from the manifest's"},
    {"loan-twice", FAULT_REPEAT, NULL, NULL, "refuse: a loan_ref stands twice"},
    {"empty", FAULT_NO_ROWS, NULL, NULL, "refuse: only a header; an empty extract is never zero"},
    {"no-bytes", FAULT_NO_BYTES, NULL, NULL, "refuse: loans.csv has no header"},
    {"missing-column", FAULT_HEADER, "principal_outstanding", "solde",
     "refuse: the column principal_outstanding is missing"},
    {"ambiguous-date", FAULT_CELL, "disbursed_on", "03/04/2019",
     "refuse: 03/04/2019 is ambiguous without date_format"},
    {"bad-date", FAULT_CELL, "matures_on", "2021-02-30", "refuse: there is no such day"},
    {"bad-amount", FAULT_CELL, "principal_outstanding", "12O000", "refuse: not an amount"},
    {"negative", FAULT_CELL, "principal_outstanding", "-5000", "refuse: a negative balance"},
    {"overdue-too-high", FAULT_CELL, "principal_overdue", "900000000000",
     "refuse: more overdue than outstanding"},
    {"future-overdue", FAULT_CELL, "overdue_since", "2199-01-01",
     "refuse: overdue_since lies after as_of"},
    {"days-contradict", FAULT_CELL, "days_overdue", "4321",
     "refuse: days_overdue contradicts overdue_since"},
    {"currency", FAULT_CELL, "currency", "USD", "refuse: another currency than the manifest's"},
    {"fraction", FAULT_CELL, "principal_outstanding", "150000.50", "refuse: RWF has no fraction"},
    {"scientific", FAULT_CELL, "loan_ref", "1.23E+15", "refuse: digits of the reference are lost"},
    {"error-cell", FAULT_CELL, "principal_outstanding", "#N/A", "refuse: #N/A in a mandatory cell"},
    {"error-cell-optional", FAULT_CELL, "provision", "#REF!", "read: absent there"},
    {"gender-unknown", FAULT_CELL, "gender", "X7", "read, with a warning: counted as U"},
    {"product-unknown", FAULT_CELL, "product", "ZZZ", "read, with a warning: counted as UNK"},
    {"open-quote", FAULT_CELL, "sector", "\"AGRI", "refuse: a quote is not closed"},
    {"nul", FAULT_NUL, NULL, NULL, "refuse: a NUL octet"},
    {"overdrawn", FAULT_DEPOSIT, "balance", "-120000",
     "read, with a warning: the overdrawn account is left out"},
    {"ledger", FAULT_LEDGER, NULL, NULL, "read, with the warning XRP-03"},
    {"private", FAULT_MANIFEST, "note", "appeler 0788 123 456", "refuse: ENV-14"},
    {"no-as-of", FAULT_MANIFEST, "as_of", NULL, "refuse: the manifest lacks as_of"},
    {"institution", FAULT_MANIFEST, "institution_id", "RW-XX-99",
     "refuse: not this agent's institution"},
    {"as-of-word", FAULT_MANIFEST, "as_of", "yesterday", "refuse: as_of is no date"},
};

const struct loanbook_fault *loanbook_faults(size_t *ret_count)
{
    *ret_count = sizeof(faults) / sizeof(faults[0]);
    return faults;
}

const struct loanbook_fault *loanbook_fault_find(const char *name)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (strcmp(faults[i].name, name) == 0) {
            return &faults[i];
        }
    }
    return NULL;
}
