/* Keys and values of the hub's store, as bytes: storage/journal.h says what they mean. Included
 * only inside storage/ and by its tests. */
#ifndef IHURIRO_STORAGE_LAYOUT_H
#define IHURIRO_STORAGE_LAYOUT_H

#include "storage/journal.h"

enum store_database {
    DB_JOURNAL,
    DB_NODES,
    DB_HEADS,
    DB_REPORTS,
    DB_OWNERS,
    DB_EVENTS,
    DB_REFUSALS,
    DB_CONTACTS,
    DB_META,
    DB_COUNT,
};
extern const char *const store_databases[DB_COUNT];

struct number_key {
    uint8_t bytes[8];
};
struct number_key number_key(uint64_t number);
static inline struct bytes number_key_bytes(const struct number_key *key)
{
    return bytes_of(key->bytes, sizeof key->bytes);
}

/* reports: type u8, frequency u8, period end u32 biased by 2^31, institution 16, seq u64. */
#define REPORT_KEY_BYTES   30
#define REPORT_KEY_PERIOD  6  /* the prefix that is a period */
#define REPORT_KEY_PLACE   22 /* and one of an institution in it */
#define REPORT_VALUE_BYTES 47 /* kind, verdict, status, vintage u32, first received i64, id */
void report_row_encode(const struct report_row *row, uint8_t ret_key[static REPORT_KEY_BYTES],
                       uint8_t ret_value[static REPORT_VALUE_BYTES]);
MUST_USE enum err report_row_decode(struct bytes key, struct bytes value,
                                    struct report_row *ret_row);

/* events: kind u8, subject 16, seq u64 -> empty. */
#define EVENT_KEY_BYTES   25
#define EVENT_KEY_SUBJECT 17
void event_key_encode(int kind, const char *subject, uint64_t seq,
                      uint8_t ret_key[static EVENT_KEY_BYTES]);

/* owners: institution 16 -> reports held u64, seq of the last u64. */
#define OWNER_KEY_BYTES   INSTITUTION_ID_MAX
#define OWNER_VALUE_BYTES 16

/* NUL-padded to 16; false when it is longer. */
bool name_pad(const char *name, uint8_t ret_bytes[static INSTITUTION_ID_MAX]);
void name_unpad(const uint8_t bytes[static INSTITUTION_ID_MAX],
                char ret_name[static INSTITUTION_ID_MAX + 1]);
bool bytes_begin(struct bytes bytes, const uint8_t *prefix, size_t size);

/* What a record puts into the indexes; errors stick. */
enum err reports_index(struct txn *txn, const struct header *header);
enum err events_index(struct txn *txn, const struct header *header);
bool kind_is_report(int kind); /* REPORT or EARLIER_RECEIPT: has a row in `reports` */

/* A merkle_read over `nodes`; context is the transaction. */
enum err nodes_read(void *context, uint64_t index, struct hash *ret_hash);

#endif
