/* From sums to messages: the bodies of the reports, and what surrounds them. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_REPORTS_H
#define IHURIRO_AGENTS_MFI_BOOK_REPORTS_H

#include "agents/mfi/book_deposits.h"
#include "agents/mfi/book_explain.h"
#include "agents/mfi/book_flows.h"
#include "agents/mfi/book_gl.h"
#include "agents/mfi/book_ladders.h"
#include "agents/mfi/book_loans.h"
#include "agents/mfi/book_ops.h"

/* What was read; NULL: that file is not there. */
struct book_sources {
    const struct book_loans *loans;
    const struct book_deposits *deposits;
    const struct book_flows *flows;
    const struct book_gl_sums *gl;
    const struct book_ops *ops;
    const struct book_explanations *explanations;
    struct book_ladders ladders;
};

/* Without its body. ERR_MEMORY. */
MUST_USE enum err book_report_make(const struct book_work *work, int type, PbReport **ret_report);
MUST_USE enum err book_portfolio_put(const struct book_work *work,
                                     const struct book_sources *sources, PbReport *report);
/* book_portfolio.c */
MUST_USE enum err book_portfolio_body(const struct book_work *work,
                                      const struct book_sources *sources,
                                      PbPortfolio **ret_portfolio);
MUST_USE enum err book_liquidity_put(const struct book_work *work,
                                     const struct book_sources *sources, PbReport *report);
MUST_USE enum err book_operations_put(const struct book_work *work,
                                      const struct book_sources *sources, PbReport *report);
MUST_USE enum err book_capital_put(const struct book_work *work, const struct book_sources *sources,
                                   PbReport *report);
MUST_USE enum err book_exposures_put(const struct book_work *work,
                                     const struct book_sources *sources, PbReport *report);

/* Notes where two files say different things of the same: loans against flows and accounts,
 * deposits against accounts (D14, XRP-03). */
void book_sources_compare(const struct book_work *work, const struct book_sources *sources);

#endif
