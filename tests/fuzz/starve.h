/* The same input again where memory, the disk or the store fails: allocation n of the product's, or
 * its file call n, or the n-th that it reads of its journal, fails as it may on a bad day. A parser
 * that meets this says so, and leaves nothing behind.
 *
 *     for (struct starving starving = starving_of(input); starving_next(&starving);) {
 *         … the call under test; whatever it returns is good …
 *     }
 *
 * In a search one n is tried an input, drawn from its bytes; where FUZZ_STARVE is set, each n until
 * none fires. Nothing fails outside of the loop. */
#ifndef IHURIRO_TESTS_FUZZ_STARVE_H
#define IHURIRO_TESTS_FUZZ_STARVE_H

#include "proto/bytes.h"

struct starving {
    size_t round; /* of the kind; 0: not begun */
    size_t kind;
    bool is_search;
};

struct starving starving_of(struct bytes input);
bool starving_next(struct starving *starving);
/* From here to the end of the round nothing fails: what stands is looked at. */
void starving_rest(void);

/* For what the harness does within a round, and lets it go on behind. */
size_t starving_hold(void);
void starving_go_on(size_t held);

#endif
