/* The few threads of the ingest door, all alike. At any time one of them at most receives, and one
 * at most writes: decides, commits, answers. The others examine what was received, which is the
 * costly part, also while the writer waits for the disk. Whoever is done takes what is to be done
 * next, so a lone message goes through one thread without being handed over.
 *
 * Messages travel in units, small so that the work spreads. Units are decided in the order in which
 * they were received; so are the messages of one connection. */
#ifndef IHURIRO_HUB_CREW_H
#define IHURIRO_HUB_CREW_H

#include "hub/examine.h"

#define UNIT_MESSAGES 8
#define UNIT_BYTES    (256 * 1024) /* no more is begun after so many */
#define UNIT_ARENA    (512 * 1024) /* what needs more is examined by the writer */
#define UNITS_MAX     64           /* received and not decided */
#define CREW_EXTRA    1            /* threads beside one a core: one of them waits for the disk */
#define CREW_MAX      9

struct unit {
    struct unit *next;
    size_t count;
    size_t decided;
    bool is_examined;
    struct peer peers[UNIT_MESSAGES];
    size_t begins[UNIT_MESSAGES + 1];
    struct examined examined[UNIT_MESSAGES];
    bool is_final[UNIT_MESSAGES]; /* examined says all; else the writer looks at the frame itself */
    struct buffer frames;
    struct arena arena;
};

struct bytes unit_frame(const struct unit *unit, size_t i);
MUST_USE enum err unit_add(struct unit *unit, const struct incoming *incoming);
bool unit_is_full(const struct unit *unit);

struct crew_jobs {
    void *context;
    /* Waits until something has arrived, and puts it into the unit; or until a turn is wanted for
     * other reasons (true), or all is over. */
    bool (*receive)(void *context, struct unit *unit);
    void (*examine)(void *context, struct unit *unit); /* by several threads at once */
    void (*turn)(void *context);                       /* takes units with crew_next */
    bool (*is_over)(void *context);
};

struct crew;

MUST_USE enum err crew_make(const struct crew_jobs *jobs, struct crew **ret_crew);
void crew_close(struct crew **crew);
/* With this thread and as many more as the cores call for; returns when all is over. */
void crew_run(struct crew *crew);
/* In a turn: the oldest unit that is examined and not wholly decided, or NULL. */
struct unit *crew_next(struct crew *crew);
/* In a turn: from here on this thread waits for the disk; somebody else may receive. */
void crew_hand_over(struct crew *crew);

#endif
