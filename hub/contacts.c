#include "hub/contacts.h"

#include "proto/docket.h"

#include <string.h>

static enum err check_text(const char *text, const char *what, struct complaint *complaint)
{
    return text == NULL || order_text_is_plain(text)
               ? ERR_OK
               : complain(
                     complaint, ERR_REFUSED,
                     "The %s is not one line of 1 to %d bytes of text in UTF-8: type it again.",
                     what, TEXT_BYTES_MAX);
}

static enum err check_language(const char *language, struct complaint *complaint)
{
    static const char *const languages[] = {"en", "fr", "rw"};
    bool is_known = language == NULL;
    for (size_t i = 0; i < sizeof languages / sizeof languages[0] && !is_known; i++) {
        is_known = strcmp(languages[i], language) == 0;
    }
    return is_known
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "The language of a contact is en, fr or rw, not \"%.20s\".", language);
}

enum err contact_check(const PbContact *contact, struct complaint *complaint)
{
    if (contact->office == NULL && contact->telephone == NULL && contact->address == NULL) {
        return complain(complaint, ERR_REFUSED,
                        "A contact has an office, a telephone or an address: give at least one, or "
                        "erase it with --erase.");
    }
    enum err err = check_text(contact->office, "office", complaint);
    err = err != ERR_OK ? err : check_text(contact->telephone, "telephone number", complaint);
    err = err != ERR_OK ? err : check_text(contact->address, "address", complaint);
    return err != ERR_OK ? err : check_language(contact->language, complaint);
}

static enum err check_party(const struct registry *registry, const char *id,
                            struct complaint *complaint)
{
    return institution_id_is_valid(id) && registry_find(registry, id) != NULL
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "There is no party %.16s: check the id with `mfi-hub parties list`.", id);
}

/* Only what this program knows of it is kept. */
static enum err put(struct writer *writer, int64_t now_us, const Ihuriro__V1__SetContact *request)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    PbContact contact = *request->contact;
    contact.base.n_unknown_fields = 0;
    contact.base.unknown_fields = NULL;
    contact.has_changed_us = 1;
    contact.changed_us = now_us;
    enum err err = message_pack(&contact.base, &bytes);
    return err != ERR_OK
               ? err
               : contacts_put(writer_txn(writer), request->institution, buffer_bytes(&bytes));
}

static enum err erase(struct writer *writer, const char *institution, struct complaint *complaint)
{
    enum err err = contacts_erase(writer_txn(writer), institution);
    return err != ERR_NOT_FOUND
               ? err
               : complain(complaint, ERR_REFUSED,
                          "%.16s has no contact: there is nothing to erase.", institution);
}

enum err contact_write(struct writer *writer, int64_t now_us, struct bytes set_contact,
                       struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    const Ihuriro__V1__SetContact *request = NULL;
    if (MESSAGE_UNPACK(set_contact, MESSAGE_TOLERANT, set_contact, &arena, &request) != ERR_OK) {
        return complain(complaint, ERR_REFUSED, "This contact cannot be read.");
    }
    enum err err = ERR_OK;
    if (request->contact == NULL) {
        err = erase(writer, request->institution, complaint);
    } else {
        err = check_party(writer_registry(writer), request->institution, complaint);
        err = err != ERR_OK ? err : contact_check(request->contact, complaint);
        err = err != ERR_OK ? err : put(writer, now_us, request);
    }
    if (err == ERR_OK) {
        writer_touch(writer);
    }
    return err;
}

enum err contact_read(struct txn *txn, const char *institution, struct arena *arena,
                      const PbContact **ret_contact)
{
    struct bytes bytes = {0};
    enum err err = contacts_get(txn, institution, &bytes);
    if (err == ERR_NOT_FOUND) {
        *ret_contact = NULL;
        return ERR_OK;
    }
    return err != ERR_OK ? err
                         : MESSAGE_UNPACK(contact, MESSAGE_TOLERANT, bytes, arena, ret_contact);
}
