/* The state of a month, to be shown: who owes what, how far it is and whether it is in time; who is
 * to be reminded. Made from a sector, printed as text or JSON. */
#ifndef IHURIRO_HUB_PERIOD_VIEW_H
#define IHURIRO_HUB_PERIOD_VIEW_H

#include <jansson.h>

#include "proto/sector.h"

/* One cell. The party and what the duty points to live in the sector. */
struct shown {
    const struct party *party;
    struct duty duty;
    struct cell cell;
};

struct period_view {
    const struct sector *sector;
    struct period month;
    uint64_t at_seq;     /* N */
    struct shown *shown; /* in order of institution, type, frequency, end */
    size_t count;
    size_t capacity;
    size_t expected; /* institutions */
    size_t missing;  /* of them: not back since history was replaced */
};

/* The way to an institution, or NULL. The text lives in the arena. */
typedef enum err (*contact_find)(void *context, const char *institution, struct arena *arena,
                                 const Ihuriro__V1__Contact **ret_contact);
struct contacts_of {
    contact_find find; /* NULL: nobody's is known */
    void *context;
};

void period_view_close(struct period_view *view); /* AUTO */
/* ERR_REFUSED with the sentence: a month that has not begun, or in which nobody owed anything. */
MUST_USE enum err period_view_make(const struct sector *sector, const struct period *month,
                                   uint64_t at_seq, struct complaint *complaint,
                                   struct period_view *ret_view);
/* Is it to be reminded of: due, and not there? */
bool shown_is_lacking(const struct shown *shown);

/* Append. */
MUST_USE enum err period_view_text(const struct period_view *view,
                                   const struct contacts_of *contacts, struct buffer *text);
MUST_USE enum err period_view_csv(const struct period_view *view,
                                  const struct contacts_of *contacts, struct buffer *text);
MUST_USE enum err period_view_json(const struct period_view *view,
                                   const struct contacts_of *contacts, json_t **ret_json);

#endif
