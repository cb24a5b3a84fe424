/* Who the simulated sector is: 416 Umurenge SACCOs over 30 districts, 22 other SACCOs, 19
 * companies, 3 microfinance banks (DOMAIN D25); those whose story is told; and the District SACCO
 * that the Umurenge SACCOs of Musanze become in September 2020. Pure. */
#ifndef IHURIRO_TESTS_SIM_MEMBERS_H
#define IHURIRO_TESTS_SIM_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record.h"

/* Companies behind SACCOs. */
enum category {
    CATEGORY_USACCO,
    CATEGORY_OSACCO,
    CATEGORY_DSACCO,
    CATEGORY_MF,
    CATEGORY_MFBANK,
    CATEGORIES,
};

/* The parameters of a category: DOMAIN section 8. */
struct category_traits {
    const char *code;
    double glp_median; /* francs */
    double glp_sigma;
    double deposits_share; /* of the portfolio, median */
    double loan_average;
    double shock;      /* multiplies severity */
    double moratorium; /* share of the portfolio at the peak */
    double quality;    /* mean of the latent quality */
    double liquidity_mean;
    double liquidity_sd;
    double women_mean;
    double women_sd;
    double equity_share; /* of assets */
    double on_time;
};
extern const struct category_traits category_traits[CATEGORIES];

/* Stories for the demo: DOMAIN section 8, "Personas". */
enum persona {
    PERSONA_NONE,
    PERSONA_EVERGREENING, /* PAR flat, restructured high */
    PERSONA_RUN,          /* deposits -18 % in nine days of April 2020 */
    PERSONA_SILENT,       /* no report from March 2020 on */
    PERSONA_THOUSANDFOLD, /* its first report is in thousands, then corrected */
    PERSONA_FROZEN,       /* the same figures from October 2019 to January 2020 */
    PERSONA_HERO,         /* recovers fast */
    PERSONA_INSIDER,      /* lends to its own people */
    PERSONA_LATE,         /* three days late, always, and never wrong */
    PERSONA_FUND,         /* small, and asks for more than it holds in deposits */
    PERSONA_MERGER,       /* what the SACCOs of CRISIS_DISTRICT become */
};

struct member {
    char id[INSTITUTION_ID_MAX + 1];
    char name[64];
    enum category category;
    const char *district; /* "403" */
    bool shares;          /* its agreement with the association */
    enum persona persona;
    int32_t valid_from_day, valid_to_day; /* the last day; INT32_MAX: none */
};

#define MEMBERS_WHOLE   460 /* before the merger */
#define MEMBERS_MAX     461
#define CRISIS_DISTRICT "403" /* reports liquidity daily in the crisis months, then merges */

/* Fills in the sector's members; ids never change, so a smaller sector is a part of the larger: the
 * first `count` by a fixed order that mixes categories. The whole sector has the District SACCO
 * too. Returns how many. */
size_t members_make(size_t count, struct member ret_members[static MEMBERS_MAX]);
/* Is it one of those that merge? */
bool member_merges(const struct member *member);
const char *district_name(const char *code);

#endif
