/* GET_OWED at the ingest door: what an institution owes, in pages. */
#include "hub/ingest.h"
#include "hub/owed.h"

/* Two years of bodies as they are, or some that were made to take much. */
#define OWED_ARENA ((size_t)8 * UNPACK_BUDGET)

static enum err owed_later(struct ingest *ingest, const struct sender *sender, uint32_t seconds,
                           char *institution)
{
    Ihuriro__V1__RetryLater later = IHURIRO__V1__RETRY_LATER__INIT;
    later.seconds = seconds;
    later.scope = IHURIRO__V1__RETRY_LATER__SCOPE__INSTITUTION;
    later.institution = institution;
    later.text = (char *)(uintptr_t) "it asked too often what it owes"; /* packed only */
    ingest->counters->retry_later++;
    return answers_frame(ingest->answers, sender->peer, VERB_RETRY_LATER, &later.base);
}

/* Orders, then rows, counted through: what begins at the offset and fits a page, one at least. */
static void cut_page(const struct owed_fold *fold, uint32_t offset, Ihuriro__V1__Owed *page)
{
    size_t all = fold->order_count + fold->row_count;
    size_t at = offset < all ? offset : all;
    size_t size = 0;
    if (offset == 0) {
        page->breaches = fold->breaches;
        page->n_breaches = fold->breach_count;
        size = protobuf_c_message_get_packed_size(&page->base);
    }
    size_t first = at;
    for (; at < all; at++) {
        const ProtobufCMessage *item = at < fold->order_count
                                           ? &fold->orders[at]->base
                                           : &fold->rows[at - fold->order_count]->base;
        size += protobuf_c_message_get_packed_size(item) + 8;
        if (at > first && size > ANSWER_FRAME_TARGET) {
            break;
        }
        if (at < fold->order_count) {
            page->orders = &fold->orders[first];
            page->n_orders++;
        } else {
            page->rows = page->n_rows == 0 ? &fold->rows[at - fold->order_count] : page->rows;
            page->n_rows++;
        }
    }
    page->has_next = at < all;
    page->next = (uint32_t)at;
}

static enum err answer(struct ingest *ingest, const struct sender *sender,
                       const Ihuriro__V1__GetOwed *asked, const struct party *party)
{
    AUTO(arena_close) struct arena arena = {.budget = OWED_ARENA};
    struct owed_fold fold;
    struct owed_ground ground = {
        .txn = writer_txn(ingest->writer),
        .settings = writer_settings(ingest->writer),
        .docket = writer_docket(ingest->writer),
        .party = party,
        .now_us = ingest->now_us,
    };
    enum err err = owed_fold(&ground, &arena, &fold);
    if (err != ERR_OK) {
        return err;
    }
    Ihuriro__V1__Owed page = IHURIRO__V1__OWED__INIT;
    page.session = asked->session;
    page.number = asked->number;
    page.institution = asked->institution;
    page.now_us = ingest->now_us;
    cut_page(&fold, asked->has_offset ? asked->offset : 0, &page);
    ingest->counters->owed++;
    return answers_frame(ingest->answers, sender->peer, VERB_OWED, &page.base);
}

enum err owed_take(struct ingest *ingest, const struct sender *sender, struct bytes body)
{
    const Ihuriro__V1__GetOwed *asked = NULL;
    enum err err = MESSAGE_UNPACK(get_owed, MESSAGE_TOLERANT, body, &ingest->arena, &asked);
    if (err != ERR_OK) {
        return ingest_refuse(ingest, sender->peer, "BAD_REQUEST", "GET_OWED cannot be read.");
    }
    if (!session_is_good(ingest, sender->peer, bytes_of_pb(asked->session))) {
        return hello_first(ingest, sender->peer);
    }
    const struct party *party = sender_party(sender, asked->institution);
    if (party == NULL) {
        return ingest_refuse(ingest, sender->peer, "NOT_ENTITLED",
                             "This key does not speak for that institution.");
    }
    uint32_t seconds = 0;
    err = quota_take(ingest->owed, party->id, ingest->now_ms, &seconds);
    if (err == ERR_OK && seconds > 0) {
        return owed_later(ingest, sender, seconds, asked->institution);
    }
    return err != ERR_OK ? err : answer(ingest, sender, asked, party);
}
