/* flows.csv: sums by kind over the period (D14, D59). */
#ifndef IHURIRO_AGENTS_MFI_BOOK_FLOWS_H
#define IHURIRO_AGENTS_MFI_BOOK_FLOWS_H

#include "agents/mfi/book_work.h"

enum book_flow {
    FLOW_DISB,
    FLOW_REPAY_P,
    FLOW_REPAY_I,
    FLOW_WRITEOFF,
    FLOW_RECOVERY,
    FLOW_GLP_ADJ,
    FLOW_DEP_IN,
    FLOW_DEP_OUT,
    FLOW_DEP_INTEREST,
    FLOW_DEP_FEES,
    FLOW_DEP_ADJ,
    FLOW_RENEG_RECEIVED,
    FLOW_RENEG_APPROVED,
    FLOW_RENEG_REJECTED,
    FLOW_RENEG_WITHDRAWN,
    BOOK_FLOWS,
};

struct book_flow_sum {
    int64_t amount;
    uint64_t count; /* transactions */
};

struct book_flows {
    uint64_t rows;
    struct book_flow_sum sums[BOOK_FLOWS];
    bool has_renegotiation; /* a kind of it is there */
    int64_t peak_out;       /* the largest day's DEP_OUT, and the first day that has it (D15) */
    int32_t peak_day;
};

MUST_USE enum err book_flows_read(const struct book_work *work, struct book_flows *ret_flows);

#endif
