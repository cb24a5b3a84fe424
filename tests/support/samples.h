/* One small report, a tree in memory and a header for the unit tests of proto/; all of it follows
 * from fixed seeds. No rule was asked whether the report is right: tests/support/reports.h has
 * those. */
#ifndef IHURIRO_TESTS_SUPPORT_SAMPLES_H
#define IHURIRO_TESTS_SUPPORT_SAMPLES_H

#include "proto/checkpoint.h"
#include "proto/envelope.h"
#include "proto/limits.h"
#include "proto/merkle.h"
#include "proto/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The setup of a group whose tests use keys. */
static inline int setup_keys(void **state)
{
    (void)state;
    return keys_init() == ERR_OK ? 0 : -1;
}

/* A key whose seed is 32 equal bytes. */
static inline struct signing_key *seeded_key(uint8_t byte)
{
    uint8_t seed[32];
    struct signing_key *key = NULL;
    memset(seed, byte, sizeof seed);
    assert_int_equal(signing_key_from_seed(seed, &key), ERR_OK);
    return key;
}

/* A PORTFOLIO of June 2020 with two aging rows. It points into itself: not to be copied. */
struct sample_report {
    PbReport report;
    PbPeriod period;
    PbPortfolio portfolio;
    PbAgingRow rows[2];
    PbAgingRow *row_list[2];
    char institution[INSTITUTION_ID_MAX + 1];
    char key[16];
    char currency[4];
    char note[64]; /* not in the report until a test puts it there */
};

static inline void sample_report(struct sample_report *sample)
{
    *sample = (struct sample_report){
        .report = IHURIRO__V1__REPORT__INIT,
        .period = IHURIRO__V1__PERIOD__INIT,
        .portfolio = IHURIRO__V1__PORTFOLIO__INIT,
        .rows = {IHURIRO__V1__AGING_ROW__INIT, IHURIRO__V1__AGING_ROW__INIT},
        .institution = "SACCO-001",
        .key = "2020-06",
        .currency = "RWF",
        .note = "a note",
    };
    sample->period.frequency = IHURIRO__V1__PERIOD__FREQUENCY__M;
    sample->period.key = sample->key;
    sample->period.start_day = 18414;
    sample->period.end_day = 18443;
    sample->period.as_of_day = 18443;
    for (int i = 0; i < 2; i++) {
        sample->rows[i].min_days = 30 * i;
        sample->rows[i].max_days = i == 0 ? 29 : -1;
        sample->rows[i].has_outstanding = 1;
        sample->rows[i].outstanding = 1000000 - 400000 * i;
        sample->row_list[i] = &sample->rows[i];
    }
    sample->portfolio.has_glp = 1;
    sample->portfolio.glp = 1600000;
    sample->portfolio.n_aging = 2;
    sample->portfolio.aging = sample->row_list;
    sample->report.schema_version = SCHEMA_VERSION;
    sample->report.institution = sample->institution;
    sample->report.type = IHURIRO__V1__REPORT_TYPE__PORTFOLIO;
    sample->report.period = &sample->period;
    sample->report.vintage = 1;
    sample->report.status = IHURIRO__V1__REPORT__STATUS__FINAL;
    sample->report.produced_at_us = INT64_C(1593763200000000);
    sample->report.currency = sample->currency;
    sample->report.currency_exponent = 0;
    sample->report.portfolio = &sample->portfolio;
}

/* Appends the report's bytes. */
static inline void sample_pack(const struct sample_report *sample, struct buffer *report)
{
    assert_int_equal(message_pack(&sample->report.base, report), ERR_OK);
}

/* Stored hashes of a tree in memory. */
struct sample_tree {
    struct hash stored[1024];
    size_t count;
    uint64_t size;
};

static inline enum err sample_tree_read(void *context, uint64_t index, struct hash *ret_hash)
{
    const struct sample_tree *tree = context;
    if (index >= tree->count) {
        return ERR_NOT_FOUND;
    }
    *ret_hash = tree->stored[index];
    return ERR_OK;
}

static inline void sample_tree_add(struct sample_tree *tree, const struct hash *leaf)
{
    struct hash hashes[64];
    size_t count = 0;
    assert_int_equal(merkle_stored_count(tree->size), tree->count);
    assert_int_equal(merkle_append(tree->size, leaf, sample_tree_read, tree, hashes, &count),
                     ERR_OK);
    assert_true(tree->count + count <= sizeof tree->stored / sizeof tree->stored[0]);
    memcpy(&tree->stored[tree->count], hashes, count * sizeof hashes[0]);
    tree->count += count;
    tree->size++;
}

/* The header of an accepted report as a hub would write it, received at 2020-07-03T08:15:00Z. */
static inline void sample_header(const struct envelope *envelope, struct bytes judgement,
                                 uint64_t seq, struct header *ret_header)
{
    const PbReport *report = envelope->message;
    *ret_header = (struct header){
        .version = HEADER_VERSION,
        .header_bytes = HEADER_BYTES,
        .kind = KIND_REPORT,
        .seq = seq,
        .type = (uint8_t)report->type,
        .frequency = (uint8_t)report->period->frequency,
        .verdict = VERDICT_ACCEPTED,
        .status = (uint8_t)report->status,
        .period_end_day = report->period->end_day,
        .vintage = report->vintage,
        .received_at_us = INT64_C(1593764100000000),
        .first_received_at_us = INT64_C(1593764100000000),
        .judgement_bytes = (uint32_t)judgement.size,
        .body_bytes = (uint32_t)envelope->raw.size,
    };
    memcpy(ret_header->institution, report->institution, strlen(report->institution));
    memcpy(ret_header->id, envelope->id, SHA256_BYTES);
    memcpy(ret_header->signer, envelope->signer, PUBLIC_KEY_BYTES);
    memcpy(ret_header->signature, envelope->signature, SIGNATURE_BYTES);
    sha256(judgement, ret_header->judgement_hash);
}

#endif
