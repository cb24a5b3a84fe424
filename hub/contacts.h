/* How to reach a party (DOMAIN D42): office, telephone, address, language. It lies in the store
 * beside the journal, is no record, and is replaced or erased as often as it changes. */
#ifndef IHURIRO_HUB_CONTACTS_H
#define IHURIRO_HUB_CONTACTS_H

#include "hub/hub.h"

/* What may not be a contact: ERR_REFUSED with a sentence. */
MUST_USE enum err contact_check(const PbContact *contact, struct complaint *complaint);
/* A SetContact as packed bytes, in the writer's turn. ERR_REFUSED with a sentence: nothing was
 * changed, and the turn goes on. */
MUST_USE enum err contact_write(struct writer *writer, int64_t now_us, struct bytes set_contact,
                                struct complaint *complaint);

/* Of one party, in the arena; NULL: it has none. */
MUST_USE enum err contact_read(struct txn *txn, const char *institution, struct arena *arena,
                               const PbContact **ret_contact);

#endif
