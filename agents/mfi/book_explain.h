/* explain.csv: why a WARNING is right as it is (D35, D40, D60).
 *
 *   rule_id,code,text,type
 *   TIM-01,MERGER,"three SACCOs joined on 1 June",
 *
 * rule_id: a rule, or the id of a prudential limit. type: the report that it is for; without it the
 * one that the rule is of, else all. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_EXPLAIN_H
#define IHURIRO_AGENTS_MFI_BOOK_EXPLAIN_H

#include "agents/mfi/book_work.h"

struct book_explanations;

/* Lives in the arena. */
MUST_USE enum err book_explain_read(const struct book_work *work,
                                    struct book_explanations **ret_explanations);
MUST_USE enum err book_explain_put(const struct book_work *work,
                                   const struct book_explanations *explanations, PbReport *report);

#endif
