/* GET_CONTACTS: how to reach the members, for who reminds them: staff and the regulator (DOMAIN
 * D42). Today's, whatever is looked at beside them; in pages. */
#include <string.h>

#include "hub/contacts.h"
#include "hub/query_inside.h"

#define CONTACTS_PER_PAGE 256
#define CONTACT_BYTES     (3 * (TEXT_BYTES_MAX + 4) + 64)
static_assert(CONTACTS_PER_PAGE * CONTACT_BYTES <= ANSWER_MAX, "a page of contacts fits an answer");

struct page {
    const struct asked *asked;
    Ihuriro__V1__ContactRow rows[CONTACTS_PER_PAGE];
    Ihuriro__V1__ContactRow *list[CONTACTS_PER_PAGE];
    size_t count;
    bool is_full;
};

static enum err add_row(void *context, const char *institution, struct bytes contact)
{
    struct page *page = context;
    struct arena *arena = &page->asked->query->arena;
    const struct party *party = registry_find(page->asked->reading->registry, institution);
    if (party == NULL || party->role != ROLE_MEMBER) {
        return ERR_OK; /* of a reader: no business of other readers */
    }
    if (page->count == CONTACTS_PER_PAGE) {
        page->is_full = true;
        return ERR_REFUSED; /* ends the walk */
    }
    const PbContact *message = NULL;
    enum err err = MESSAGE_UNPACK(contact, MESSAGE_TOLERANT, contact, arena, &message);
    char *id = err == ERR_OK ? arena_text(arena, institution) : NULL;
    if (id == NULL) {
        return err != ERR_OK ? err : ERR_MEMORY;
    }
    Ihuriro__V1__ContactRow *row = &page->rows[page->count];
    *row = (Ihuriro__V1__ContactRow)IHURIRO__V1__CONTACT_ROW__INIT;
    row->institution = id;
    row->contact = (PbContact *)(uintptr_t)message; /* packed only */
    page->list[page->count++] = row;
    return ERR_OK;
}

static enum err collect(struct page *page, const Ihuriro__V1__GetContacts *request)
{
    struct txn *txn = page->asked->reading->txn;
    enum err err = ERR_OK;
    if (request->n_institutions == 0) {
        err = contacts_walk(txn, request->after, add_row, page);
        return err == ERR_REFUSED && page->is_full ? ERR_OK : err;
    }
    for (size_t i = 0; i < request->n_institutions && err == ERR_OK; i++) {
        struct bytes contact = {0};
        err = contacts_get(txn, request->institutions[i], &contact);
        err = err == ERR_OK ? add_row(page, request->institutions[i], contact)
                            : (err == ERR_NOT_FOUND ? ERR_OK : err);
    }
    return err;
}

static enum err pack_page(struct page *page, const Ihuriro__V1__GetContacts *request,
                          struct buffer *frame)
{
    Ihuriro__V1__Contacts answer = IHURIRO__V1__CONTACTS__INIT;
    answer.number = request->number;
    answer.rows = page->list;
    answer.n_rows = page->count;
    answer.next = page->is_full ? page->list[page->count - 1]->institution : NULL;
    return frame_pack(VERB_CONTACTS, &answer.base, frame);
}

/* One act for all pages. */
static enum err answer_page(const struct asked *asked, const Ihuriro__V1__GetContacts *request,
                            struct page *page)
{
    AUTO(buffer_close) struct buffer answer = {0};
    struct access_key key;
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    filter.institutions = request->institutions;
    filter.n_institutions = request->n_institutions;
    struct access_event access = {
        .act = ACCESS_CONTACTS,
        .reader = asked->reader->id,
        .filter = &filter,
        .rights = asked->rights,
        .time_us = asked->reading->now_us,
    };
    enum err err = pack_page(page, request, &answer);
    err = err != ERR_OK ? err
                        : access_key_of_act(ACCESS_CONTACTS, asked->reader->id, &filter, 0,
                                            asked->rights, &key);
    return err != ERR_OK ? err : query_answer(asked, &key, NULL, &access, &answer);
}

enum err query_take_contacts(struct asked *asked)
{
    const Ihuriro__V1__GetContacts *request = NULL;
    struct page page = {.asked = asked};
    bool is_sound = MESSAGE_UNPACK(get_contacts, MESSAGE_TOLERANT, asked->body,
                                   &asked->query->arena, &request) == ERR_OK &&
                    request->n_institutions <= FILTER_TERMS_MAX &&
                    (request->after == NULL || institution_id_is_valid(request->after));
    for (size_t i = 0; is_sound && i < request->n_institutions; i++) {
        is_sound = institution_id_is_valid(request->institutions[i]);
    }
    if (!is_sound) {
        return query_malformed(asked, "This GET_CONTACTS cannot be read, names what is no id, or "
                                      "more than 256 institutions.");
    }
    if (asked->reader->role != ROLE_ASSOCIATION && asked->reader->role != ROLE_REGULATOR) {
        query_refuse(asked, "NOT_ENTITLED",
                     "Contacts are shown to the association's staff and to the regulator only.");
        return ERR_OK;
    }
    enum err err = collect(&page, request);
    return err != ERR_OK ? err : answer_page(asked, request, &page);
}
