#include "hub/reading.h"

#include <string.h>

#include "conf/log.h"

#define ANSWER_FIXED_BYTES (CHECKPOINT_BYTES_MAX + 256) /* all but the records */
#define VIEW_FIXED_BYTES   32                           /* tags and lengths of one RecordView */

struct scanner {
    struct scan scan;
    struct arena proofs;
    size_t count;
    size_t bytes;
    Ihuriro__V1__RecordView views[READ_TXN_RECORDS_MAX];
    Ihuriro__V1__RecordView *pointers[READ_TXN_RECORDS_MAX];
};

enum err scanner_make(struct scanner **ret_scanner)
{
    struct scanner *scanner = calloc(1, sizeof *scanner);
    if (scanner == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < READ_TXN_RECORDS_MAX; i++) {
        scanner->pointers[i] = &scanner->views[i];
    }
    *ret_scanner = scanner;
    return ERR_OK;
}

void scanner_close(struct scanner **scanner)
{
    if (*scanner != NULL) {
        arena_close(&(*scanner)->proofs);
        free(*scanner);
        *scanner = NULL;
    }
}

void scanner_begin(struct scanner *scanner, const struct scan *scan)
{
    scanner->scan = *scan;
    scanner->count = 0;
    scanner->bytes = 0;
    arena_reset(&scanner->proofs);
    if (scan->bytes_max == 0 || scan->bytes_max > ANSWER_MAX) {
        scanner->scan.bytes_max = ANSWER_MAX;
    }
}

size_t scanner_count(const struct scanner *scanner)
{
    return scanner->count;
}

static enum err add_proof(struct scanner *scanner, struct txn *txn, uint64_t seq,
                          Ihuriro__V1__RecordView *view)
{
    struct proof proof;
    enum err err = journal_inclusion(txn, seq, scanner->scan.proof_size, &proof);
    if (err != ERR_OK) {
        return err;
    }
    struct bytes bytes = proof_bytes(&proof);
    uint8_t *copy = arena_take(&scanner->proofs, bytes.size + 1);
    if (copy == NULL) {
        return ERR_TOO_LARGE; /* the arena's budget: the rest comes with the next answer */
    }
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    view->has_proof = 1;
    view->proof = pb_of_bytes(bytes_of(copy, bytes.size));
    return ERR_OK;
}

enum err scanner_look(struct scanner *scanner, const struct reading *reading, uint64_t seq)
{
    struct record record;
    enum err err = journal_get(reading->txn, seq, &record);
    if (err != ERR_OK) {
        return err;
    }
    if (!filter_takes(scanner->scan.filter, &record.header)) {
        return ERR_OK;
    }
    enum sight sight = access_sight(scanner->scan.reader, reading->registry, &record.header);
    if (sight == SIGHT_NONE) {
        return ERR_OK;
    }
    if (scanner->count == READ_TXN_RECORDS_MAX) {
        return ERR_TOO_LARGE;
    }
    Ihuriro__V1__RecordView view = IHURIRO__V1__RECORD_VIEW__INIT;
    view.header = pb_of_bytes(record.raw_header);
    if (sight == SIGHT_WHOLE) {
        view.has_judgement = 1;
        view.judgement = pb_of_bytes(record.judgement);
        view.has_body = 1;
        view.body = pb_of_bytes(record.body);
    }
    err = scanner->scan.proof_size > 0 ? add_proof(scanner, reading->txn, seq, &view) : ERR_OK;
    size_t bytes =
        VIEW_FIXED_BYTES + view.header.len + view.judgement.len + view.body.len + view.proof.len;
    bool fits = scanner->bytes + bytes + ANSWER_FIXED_BYTES <= scanner->scan.bytes_max;
    if (err == ERR_OK && !fits && scanner->count > 0) {
        return ERR_TOO_LARGE;
    }
    if (err == ERR_OK) {
        scanner->views[scanner->count++] = view;
        scanner->bytes += bytes;
    }
    return err;
}

enum err scanner_pack(struct scanner *scanner, const struct reading *reading,
                      const struct scan_answer *answer, struct buffer *frame)
{
    Ihuriro__V1__Records message = IHURIRO__V1__RECORDS__INIT;
    PbPosition from = IHURIRO__V1__POSITION__INIT;
    PbPosition to = IHURIRO__V1__POSITION__INIT;
    struct position reached = {.size = answer->to};
    struct checkpoint newest = {0};
    enum err err = journal_root(reading->txn, answer->to, &reached.root);
    err = err != ERR_OK ? err : heads_newest(reading->txn, &newest);
    if (err != ERR_OK && err != ERR_NOT_FOUND) { /* a new journal has no head yet */
        return err;
    }
    position_to_message(&answer->from, &from);
    position_to_message(&reached, &to);
    message.number = answer->number;
    message.from = &from;
    message.to = &to;
    message.records = scanner->pointers;
    message.n_records = scanner->count;
    message.checkpoint = pb_of_bytes(newest.text);
    message.rights = pb_of_bytes(bytes_of(answer->rights, SHA256_BYTES));
    message.head = journal_size(reading->txn);
    message.has_now_us = 1;
    message.now_us = reading->now_us;
    reading->counters->delivered += scanner->count;
    return frame_pack(VERB_RECORDS, &message.base, frame);
}

/* ---- positions ---- */

enum err position_of_message(const PbPosition *message, struct position *ret_position,
                             bool *ret_is_bare)
{
    if (message == NULL || (message->root.len != 0 && message->root.len != SHA256_BYTES)) {
        return ERR_MALFORMED;
    }
    *ret_position = (struct position){.size = message->size};
    if (message->root.len == SHA256_BYTES) {
        memcpy(ret_position->root.bytes, message->root.data, SHA256_BYTES);
    }
    *ret_is_bare = message->root.len == 0 && message->size > 0;
    if (message->size == 0) {
        merkle_empty(&ret_position->root);
    }
    return ERR_OK;
}

void position_to_message(const struct position *position, PbPosition *ret_message)
{
    ret_message->size = position->size;
    ret_message->root = pb_of_bytes(bytes_of(position->root.bytes, SHA256_BYTES));
}

/* ---- writing down who reads ---- */

enum err reading_journal(const struct reading *reading, const struct reading_out *out,
                         uint64_t ticket, struct bytes event)
{
    return reading->is_short_of_disk ? ERR_BUSY : out->journal(out->context, ticket, event);
}

void reading_busy(const struct reading *reading, const struct reading_out *out,
                  const struct peer *peer)
{
    if (reading->is_short_of_disk) {
        reading_retry_later(reading, out, peer, 60,
                            "The hub is short of disk space, and cannot write down who reads.");
    } else {
        reading_retry_later(reading, out, peer, 1, "The hub is busy writing.");
    }
}

void reading_too_often(const struct reading *reading, const struct reading_out *out,
                       const struct peer *peer)
{
    reading_retry_later(reading, out, peer, 60,
                        "More feeds and pulls, each with another filter, than a reader may have "
                        "written down; the rest is answered later.");
}

/* ---- answers that are no records ---- */

void reading_answer(const struct reading_out *out, const struct peer *peer, enum verb verb,
                    const ProtobufCMessage *body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    if (frame_pack(verb, body, &frame) == ERR_OK) { /* without memory it is as if it were lost */
        out->answer(out->context, peer, buffer_bytes(&frame));
    }
}

void reading_refuse(const struct reading *reading, const struct reading_out *out,
                    const struct peer *peer, const char *rule, const char *text)
{
    Ihuriro__V1__Refused refused = IHURIRO__V1__REFUSED__INIT;
    refused.rule = (char *)(uintptr_t)rule; /* packed only */
    refused.text = (char *)(uintptr_t)text;
    refused.has_now_us = 1;
    refused.now_us = reading->now_us;
    counters_refused(reading->counters, rule);
    reading_answer(out, peer, VERB_REFUSED, &refused.base);
}

void reading_retry_later(const struct reading *reading, const struct reading_out *out,
                         const struct peer *peer, uint32_t seconds, const char *text)
{
    Ihuriro__V1__RetryLater later = IHURIRO__V1__RETRY_LATER__INIT;
    later.seconds = seconds;
    later.scope = IHURIRO__V1__RETRY_LATER__SCOPE__HUB;
    later.text = (char *)(uintptr_t)text;
    reading->counters->retry_later++;
    reading_answer(out, peer, VERB_RETRY_LATER, &later.base);
}

enum err reading_settings(const struct reading *reading, const struct reading_out *out,
                          const struct peer *peer, const struct party *reader, struct bytes body)
{
    AUTO(buffer_close) struct buffer answer = {0};
    struct header header = {.kind = KIND_SETTINGS};
    if (access_sight(reader, reading->registry, &header) == SIGHT_NONE) {
        reading_refuse(reading, out, peer, "NOT_ENTITLED",
                       "The settings are for members, the association's staff and regulators.");
        return ERR_OK;
    }
    enum err err = settings_answer(reading->txn, reading->counters, body, &answer);
    if (err == ERR_OK) {
        out->answer(out->context, peer, buffer_bytes(&answer));
    }
    return err;
}

const struct party *reading_party(const struct reading *reading, const struct reading_out *out,
                                  const struct peer *peer)
{
    const struct party *party = registry_reader(reading->registry, peer->user, reading->now_us);
    if (party != NULL && party_is_valid_on(party, time_day(reading->now_us, 0))) {
        return party;
    }
    reading_refuse(
        reading, out, peer, "NOT_ENTITLED",
        party == NULL
            ? "No party of this hub has your transport key. Ask the hub's operator to add "
              "it (mfi-hub parties add), or to give it to one party only."
            : "Your party is not valid today. Ask the hub's operator to extend it "
              "(mfi-hub parties set).");
    return NULL;
}
