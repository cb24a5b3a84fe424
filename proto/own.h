/* Ownership: an owned local is declared AUTO(x_close) and initialised where it is declared; STEAL
 * hands it over. */
#ifndef IHURIRO_PROTO_OWN_H
#define IHURIRO_PROTO_OWN_H

#include <stdlib.h>

#define MUST_USE                         __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define AUTO(close)                      __attribute__((cleanup(close)))

/* Gives the pointer away and leaves NULL behind, so that the AUTO cleanup does nothing. */
#define STEAL(pointer)                           \
    (__extension__({                             \
        __typeof__(pointer) stolen_ = (pointer); \
        (pointer) = NULL;                        \
        stolen_;                                 \
    }))

/* For malloc'ed memory: AUTO(free_p) char *text = NULL; */
static inline void free_p(void *pointer)
{
    void **owned = (void **)pointer;
    free(*owned);
    *owned = NULL;
}

#endif
