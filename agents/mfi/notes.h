/* The small values that the agent keeps beside its entries, by name. */
#ifndef IHURIRO_AGENTS_MFI_NOTES_H
#define IHURIRO_AGENTS_MFI_NOTES_H

#include "proto/checkpoint.h"
#include "storage/outbox.h"

/* What `status` shows of the connection. */
struct contact {
    int64_t last_contact_us; /* 0: never */
    int64_t last_error_us;   /* 0: none since the last contact */
    char last_error[512];
    int64_t hub_time_us; /* the hub's clock at the last contact */
    uint32_t hub_schema; /* 0: not known */
};

MUST_USE enum err contact_get(struct txn *txn, struct contact *ret_contact);
/* Errors stick in the transaction. */
enum err contact_put(struct txn *txn, const struct contact *contact);

/* The newest settings that the hub told us: the event's bytes (their SHA-256 is the id) and its
 * receipt. */
enum err settings_note_put(struct txn *txn, struct bytes event, struct bytes receipt);
/* ERR_NOT_FOUND before the first contact. The message lives in the arena; ret_since_us is the
 * event's own time. */
MUST_USE enum err settings_note_get(struct txn *txn, struct arena *arena,
                                    const PbSettings **ret_settings,
                                    uint8_t ret_id[static SHA256_BYTES], int64_t *ret_since_us);
/* Is this the id of what is kept? */
bool settings_note_is(struct txn *txn, const uint8_t id[static SHA256_BYTES]);

/* What an institution owes, as the hub said last: messages Owed one behind the other, which read as
 * one. */
struct owed_note {
    int64_t at_us; /* the hub's clock when it said so */
    struct bytes raw;
};
enum err owed_note_put(struct txn *txn, const char *institution, const struct owed_note *note);
/* ERR_NOT_FOUND: it never said. raw is a view into the transaction. */
MUST_USE enum err owed_note_get(struct txn *txn, const char *institution,
                                struct owed_note *ret_note);

/* What was wrong with folders that an institution gave, the newest first; of each folder the last
 * word. */
#define FOLDER_TROUBLES_MAX 8
struct folder_trouble {
    int64_t at_us;
    char folder[304];
    char text[1024];
};
struct folder_troubles {
    size_t count;
    struct folder_trouble items[FOLDER_TROUBLES_MAX];
};
MUST_USE enum err folder_troubles_get(struct txn *txn, const char *institution,
                                      struct folder_troubles *ret_troubles);
/* An empty text: all is well with that folder. Above the maximum the oldest is forgotten. */
MUST_USE enum err folder_trouble_put(struct txn *txn, const char *institution,
                                     const struct folder_trouble *trouble);

/* Which manifest of a watched folder was queued last; folder: its name within the watched one, so
 * that an agent may be moved. */
struct folder_read {
    const char *institution;
    const char *folder;
    int64_t modified_us;
    int64_t size;
};
enum err folder_read_put(struct txn *txn, const struct folder_read *read);
/* The same manifest? */
bool folder_read_is(struct txn *txn, const struct folder_read *read);

/* When what is older than 400 days was last looked for; 0: never. */
MUST_USE enum err pruned_at_get(struct txn *txn, int64_t *ret_at_us);
enum err pruned_at_put(struct txn *txn, int64_t at_us);

#endif
