/* How to reach the parties: a row each, that may be replaced and erased. Not of the journal. */
#include <string.h>

#include "storage/layout.h"

enum err contacts_put(struct txn *txn, const char *institution, struct bytes contact)
{
    uint8_t key[INSTITUTION_ID_MAX];
    if (!name_pad(institution, key)) {
        return txn_fail(txn, ERR_RANGE, "contacts_put");
    }
    return txn_put(txn, DB_CONTACTS, bytes_of(key, sizeof key), contact);
}

enum err contacts_erase(struct txn *txn, const char *institution)
{
    uint8_t key[INSTITUTION_ID_MAX];
    return name_pad(institution, key) ? txn_delete(txn, DB_CONTACTS, bytes_of(key, sizeof key))
                                      : ERR_NOT_FOUND;
}

enum err contacts_get(struct txn *txn, const char *institution, struct bytes *ret_contact)
{
    uint8_t key[INSTITUTION_ID_MAX];
    return name_pad(institution, key)
               ? txn_get(txn, DB_CONTACTS, bytes_of(key, sizeof key), ret_contact)
               : ERR_NOT_FOUND;
}

enum err contacts_walk(struct txn *txn, const char *after, contact_visit visit, void *context)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    uint8_t start[INSTITUTION_ID_MAX + 1] = {0}; /* one longer: behind the id itself */
    struct bytes key = {0};
    struct bytes value = {0};
    if (after != NULL && !name_pad(after, start)) {
        return ERR_MALFORMED;
    }
    enum err err = cursor_open(txn, DB_CONTACTS, &cursor);
    if (err == ERR_OK) {
        err = after == NULL ? cursor_to(&cursor, CURSOR_FIRST, &key, &value)
                            : cursor_seek(&cursor, bytes_of(start, sizeof start), &key, &value);
    }
    while (err == ERR_OK) {
        char institution[INSTITUTION_ID_MAX + 1];
        if (key.size != INSTITUTION_ID_MAX) {
            return ERR_CORRUPT;
        }
        name_unpad(key.data, institution);
        err = visit(context, institution, value);
        err = err != ERR_OK ? err : cursor_to(&cursor, CURSOR_NEXT, &key, &value);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
