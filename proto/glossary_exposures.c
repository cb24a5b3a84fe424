/* Fields of EXPOSURES: the largest, and related parties (P23, L12). */
#include "proto/glossary_inside.h"

const struct field_text glossary_exposures[] = {
    {"P23", "largest_borrower", "Exposure to the largest borrower", "money", "S"},
    {"P23", "top20_borrowers", "Exposure to the twenty largest borrowers", "money", "S"},
    {"P23", "related_party", "Exposure to all related parties, insiders among them", "money", "S"},
    {"P23", "insider", "Exposure to staff, directors and management", "money", "S"},
    {"L12", "largest_depositor", "Deposits of the largest depositor", "money", "S"},
    {"L12", "top20_depositors", "Deposits of the twenty largest depositors", "money", "S"},
    {0},
};
