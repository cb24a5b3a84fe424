/* Valid reports for tests: no rule finds anything in them. Everything lives in the arena; a test
 * changes what it wants to be wrong. Out of memory ends the test.
 *
 * The loan book is the one of the domain's example, in RWF: 1,500,000 outstanding, of which 900,000
 * is up to 29 days late (300,000 of it 1 to 29, restructured; 100,000 of the rest in moratorium),
 * 400,000 is 45 days late, 200,000 is 121 days late. PAR30 40 %, PAR30R 60 %, NPL 13.3 %.
 * Deposits are 2,000,000 and liquid assets 900,000. */
#ifndef IHURIRO_TESTS_SUPPORT_REPORTS_H
#define IHURIRO_TESTS_SUPPORT_REPORTS_H

#include "proto/messages.h"

/* period: a key, "2020-06". PROVISIONAL, prepared, source CSV, produced two days after the period's
 * end at 08:15 UTC; a vintage above 1 has the reason ERROR. */
PbReport *report_of_portfolio(struct arena *arena, const char *institution, const char *period,
                              uint32_t vintage);
PbReport *report_of_liquidity(struct arena *arena, const char *institution, const char *period,
                              uint32_t vintage);
PbReport *report_of_exposures(struct arena *arena, const char *institution, const char *period,
                              uint32_t vintage);
/* Fits the book: net loans 1,380,000; assets 4,000,000, of which equity is 1,200,000. */
PbReport *report_of_capital(struct arena *arena, const char *institution, const char *period,
                            uint32_t vintage);
PbReport *report_of_operations(struct arena *arena, const char *institution, const char *period,
                               uint32_t vintage);
/* Of any type, without a body: valid as it is for `nil`. */
PbReport *report_of_nil(struct arena *arena, int type, const char *institution, const char *period,
                        uint32_t vintage);
/* FINAL, approved by another than prepared it. */
void report_make_final(struct arena *arena, PbReport *report);
/* Explains the field as not available. */
void report_note_absent(struct arena *arena, PbReport *report, const char *path);
/* When the hub would receive it on time: one hour after it was produced. */
int64_t report_received_at_us(const PbReport *report);
/* The packed report: what is hashed and signed. Appends. */
void report_pack(const PbReport *report, struct buffer *bytes);

#endif
