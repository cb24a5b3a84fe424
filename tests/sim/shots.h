/* The ammunition of a load: parties with their keys, and reports signed beforehand. */
#ifndef IHURIRO_TESTS_SIM_SHOTS_H
#define IHURIRO_TESTS_SIM_SHOTS_H

#include "proto/limits.h"
#include "tests/sim/load.h"

struct shooter {
    char id[INSTITUTION_ID_MAX + 1];
    struct signing_key *signing_key; /* NULL: a subscriber */
    struct transport_key *transport_key;
    size_t *ends; /* shot i lies between ends[i] and ends[i + 1] of envelopes */
    struct buffer envelopes;
    size_t count;
};

void shooters_close(struct shooter **shooters, size_t count);
/* Reads or makes keys: LOAD-00001 ... with a signing key, or READ-00001 ... without. */
MUST_USE enum err shooters_open(const char *folder, size_t count, bool sign,
                                struct complaint *complaint, struct shooter **ret_shooters);
/* connections: shooter i sends with the transport key of shooter i % connections. */
MUST_USE enum err shooters_enrol(const char *admin, const struct shooter *shooters, size_t count,
                                 size_t connections, struct complaint *complaint);
/* Daily LIQUIDITY reports of as many days before now_us, each a place of its own, so that all of
 * them are acceptable; first is the number of the newest. ERR_RANGE: there are not so many days. */
MUST_USE enum err shooter_load(struct shooter *shooter, const struct load_options *options,
                               int64_t now_us, bool is_test, size_t count,
                               struct complaint *complaint);
struct bytes shooter_shot(const struct shooter *shooter, size_t index);

#endif
