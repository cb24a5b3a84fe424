#include "hub/reading.h"

#include <string.h>

#include "conf/log.h"

#define ANSWER_FIXED_BYTES (CHECKPOINT_BYTES_MAX + 256) /* all but the records */
#define VIEW_FIXED_BYTES   32                           /* tags and lengths of one RecordView */
#define SEEN_HEADERS       1024

/* Tags of wire.proto, for what is written here by hand: a record goes from the map into the frame
 * in one copy, which is half of what a delivery costs the hub beside the cipher. */
enum {
    TAG_RECORDS_RECORD = 4 << 3 | 2,
    TAG_VIEW_HEADER = 1 << 3 | 2,
    TAG_VIEW_JUDGEMENT = 2 << 3 | 2,
    TAG_VIEW_BODY = 3 << 3 | 2,
    TAG_VIEW_PROOF = 4 << 3 | 2,
};

/* A header that was looked at lately. Many readers with filters look at the same new records: most
 * of them need no more than this. What is committed does not change. */
struct seen_header {
    struct header header; /* seq 0: none */
    bool has_party;       /* looked up already in the registry of that generation */
    uint64_t generation;
    const struct party *party; /* NULL: none */
};

struct scanner {
    struct scan scan;
    struct journal_cursor cursor; /* of the transaction in hand */
    bool has_cursor;
    struct buffer frame; /* the answer's, from the verb to the last record */
    size_t count;
    size_t bytes;
    size_t spent;
    struct seen_header seen[SEEN_HEADERS]; /* by seq */
};

enum err scanner_make(struct scanner **ret_scanner)
{
    struct scanner *scanner = calloc(1, sizeof *scanner);
    if (scanner == NULL) {
        return ERR_MEMORY;
    }
    *ret_scanner = scanner;
    return ERR_OK;
}

void scanner_close(struct scanner **scanner)
{
    if (*scanner != NULL) {
        buffer_close(&(*scanner)->frame);
        free(*scanner);
        *scanner = NULL;
    }
}

void scanner_begin(struct scanner *scanner, const struct scan *scan)
{
    scanner->scan = *scan;
    scanner->count = 0;
    scanner->bytes = 0;
    scanner->spent = 0;
    buffer_clear(&scanner->frame);
    if (scan->bytes_max == 0 || scan->bytes_max > ANSWER_MAX) {
        scanner->scan.bytes_max = ANSWER_MAX;
    }
}

void scanner_end(struct scanner *scanner)
{
    if (scanner->has_cursor) {
        journal_cursor_close(&scanner->cursor);
        scanner->has_cursor = false;
    }
}

void scanner_keep(struct scanner *scanner, struct scan_kept *ret_kept)
{
    *ret_kept = (struct scan_kept){.frame = scanner->frame, .count = scanner->count};
    scanner->frame = (struct buffer){0};
    scanner->count = 0;
}

void scanner_resume(struct scanner *scanner, struct scan_kept *kept)
{
    buffer_close(&scanner->frame);
    scanner->frame = kept->frame;
    scanner->count = kept->count;
    *kept = (struct scan_kept){.count = 0};
}

void scan_kept_close(struct scan_kept *kept)
{
    buffer_close(&kept->frame);
    kept->count = 0;
}

size_t scanner_count(const struct scanner *scanner)
{
    return scanner->count;
}

size_t scanner_spent(const struct scanner *scanner)
{
    return scanner->spent;
}

static enum err read_record(struct scanner *scanner, const struct reading *reading, uint64_t seq,
                            struct record *ret_record)
{
    scanner->spent += SCAN_COST_RECORD;
    if (!scanner->has_cursor) {
        enum err err = journal_cursor_open(reading->txn, &scanner->cursor);
        if (err != ERR_OK) {
            return err;
        }
        scanner->has_cursor = true;
    }
    return journal_cursor_get(&scanner->cursor, seq, ret_record);
}

/* Whose record it is: looked up once for all whose filters name groups. */
static const struct party *party_of(struct scanner *scanner, const struct reading *reading,
                                    const struct header *header)
{
    struct seen_header *seen = &scanner->seen[header->seq % SEEN_HEADERS];
    if (seen->header.seq != header->seq) {
        return registry_find(reading->registry, header->institution);
    }
    if (!seen->has_party || seen->generation != reading->generation) {
        seen->party = registry_find(reading->registry, header->institution);
        seen->generation = reading->generation;
        seen->has_party = true;
    }
    return seen->party;
}

static enum sight sight_of(struct scanner *scanner, const struct reading *reading,
                           const struct header *header)
{
    const PbFilter *filter = scanner->scan.filter;
    if (!filter_takes(filter, header) ||
        (filter_has_groups(filter) &&
         !filter_takes_party(filter, party_of(scanner, reading, header)))) {
        return SIGHT_NONE;
    }
    return access_sight(scanner->scan.reader, reading->registry, header);
}

/* ---- a record into the frame ---- */

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

static size_t varint_bytes(uint64_t value)
{
    size_t bytes = 1;
    for (; value >= 0x80; value >>= 7) {
        bytes++;
    }
    return bytes;
}

static uint8_t *put_bytes(uint8_t *at, uint8_t tag, struct bytes bytes)
{
    *at++ = tag;
    at = put_varint(at, bytes.size);
    if (bytes.size > 0) {
        memcpy(at, bytes.data, bytes.size);
    }
    return at + bytes.size;
}

static size_t field_bytes(struct bytes bytes)
{
    return 1 + varint_bytes(bytes.size) + bytes.size;
}

struct view {
    struct bytes header;
    struct bytes judgement;
    struct bytes body;
    struct bytes proof;
    bool is_whole; /* judgement and body are there, if empty */
    bool has_proof;
};

static enum err put_view(struct scanner *scanner, const struct view *view)
{
    uint8_t *at = NULL;
    size_t size = field_bytes(view->header);
    size += view->is_whole ? field_bytes(view->judgement) + field_bytes(view->body) : 0;
    size += view->has_proof ? field_bytes(view->proof) : 0;
    size_t whole = 1 + varint_bytes(size) + size;
    enum err err = ERR_OK;
    if (scanner->count == 0) {
        err = frame_begin(VERB_RECORDS, &scanner->frame);
    }
    err = err != ERR_OK ? err : buffer_reserve(&scanner->frame, whole, &at);
    if (err != ERR_OK) {
        return err;
    }
    *at++ = TAG_RECORDS_RECORD;
    at = put_varint(at, size);
    at = put_bytes(at, TAG_VIEW_HEADER, view->header);
    if (view->is_whole) {
        at = put_bytes(at, TAG_VIEW_JUDGEMENT, view->judgement);
        at = put_bytes(at, TAG_VIEW_BODY, view->body);
    }
    if (view->has_proof) {
        (void)put_bytes(at, TAG_VIEW_PROOF, view->proof);
    }
    scanner->frame.size += whole;
    scanner->count++;
    return ERR_OK;
}

static enum err take(struct scanner *scanner, const struct reading *reading,
                     const struct record *record, enum sight sight)
{
    struct proof proof;
    struct view view = {.header = record->raw_header, .is_whole = sight == SIGHT_WHOLE};
    if (view.is_whole) {
        view.judgement = record->judgement;
        view.body = record->body;
    }
    if (scanner->scan.proof_size > 0) {
        enum err err =
            journal_inclusion(reading->txn, record->header.seq, scanner->scan.proof_size, &proof);
        if (err != ERR_OK) {
            return err;
        }
        view.has_proof = true;
        view.proof = proof_bytes(&proof);
    }
    size_t bytes = VIEW_FIXED_BYTES + view.header.size + view.judgement.size + view.body.size +
                   view.proof.size;
    bool fits = scanner->bytes + bytes + ANSWER_FIXED_BYTES <= scanner->scan.bytes_max;
    if (scanner->count > 0 && !fits) {
        return ERR_TOO_LARGE;
    }
    scanner->bytes += bytes;
    return put_view(scanner, &view);
}

enum err scanner_look(struct scanner *scanner, const struct reading *reading, uint64_t seq)
{
    struct seen_header *seen = &scanner->seen[seq % SEEN_HEADERS];
    struct record record;
    scanner->spent += SCAN_COST_LOOK;
    if (seen->header.seq == seq && sight_of(scanner, reading, &seen->header) == SIGHT_NONE) {
        return ERR_OK;
    }
    enum err err = read_record(scanner, reading, seq, &record);
    if (err != ERR_OK) {
        return err;
    }
    if (scanner->scan.filter != NULL && seen->header.seq != seq) {
        *seen = (struct seen_header){.header = record.header};
    }
    enum sight sight = sight_of(scanner, reading, &record.header);
    if (sight == SIGHT_NONE) {
        return ERR_OK;
    }
    return scanner->count < READ_TXN_RECORDS_MAX ? take(scanner, reading, &record, sight)
                                                 : ERR_TOO_LARGE;
}

/* The records are in the frame already; what else the answer says follows them. Fields of a message
 * may come in any order. */
enum err scanner_pack(struct scanner *scanner, const struct reading *reading,
                      const struct scan_answer *answer, struct position *ret_to,
                      struct bytes *ret_frame)
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
    message.checkpoint = pb_of_bytes(newest.text);
    message.rights = pb_of_bytes(bytes_of(answer->rights, SHA256_BYTES));
    message.head = journal_size(reading->txn);
    message.has_now_us = 1;
    message.now_us = reading->now_us;
    err = scanner->count == 0 ? frame_begin(VERB_RECORDS, &scanner->frame) : ERR_OK;
    err = err != ERR_OK ? err : message_pack(&message.base, &scanner->frame);
    if (err == ERR_OK) {
        reading->counters->delivered += scanner->count;
        *ret_to = reached;
        *ret_frame = buffer_bytes(&scanner->frame);
    }
    return err;
}

/* ---- what is kept of readers ---- */

enum err rights_of(struct rights_cache *cache, const struct reading *reading,
                   const struct party *reader, uint8_t ret_rights[static SHA256_BYTES])
{
    unsigned at = 0;
    for (const char *c = reader->id; *c != '\0'; c++) {
        at = at * 31 + (unsigned char)*c;
    }
    struct rights_kept *kept = &cache->items[at % RIGHTS_KEPT];
    if (kept->generation != reading->generation || strcmp(kept->reader, reader->id) != 0) {
        enum err err = access_rights(reader, reading->registry, kept->rights);
        if (err != ERR_OK) {
            kept->generation = 0;
            return err;
        }
        kept->generation = reading->generation;
        memcpy(kept->reader, reader->id, sizeof kept->reader);
    }
    memcpy(ret_rights, kept->rights, SHA256_BYTES);
    return ERR_OK;
}

/* A list of texts: pointers, and behind all of them the bytes. */
static size_t texts_bytes(char *const *texts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += strlen(texts[i]) + 1;
    }
    return bytes;
}

static char **keep_texts(char *const *texts, size_t count, char **kept, char **at)
{
    for (size_t i = 0; i < count; i++) {
        kept[i] = *at;
        *at = stpcpy(*at, texts[i]) + 1;
    }
    return kept;
}

/* Copies a filter into one block. */
enum err filter_keep(const PbFilter *filter, PbFilter **ret_kept)
{
    size_t kinds = filter->n_kinds * sizeof filter->kinds[0];
    size_t types = filter->n_types * sizeof filter->types[0];
    size_t lists = filter->n_institutions + filter->n_categories + filter->n_districts;
    size_t texts = texts_bytes(filter->institutions, filter->n_institutions) +
                   texts_bytes(filter->categories, filter->n_categories) +
                   texts_bytes(filter->districts, filter->n_districts) +
                   (filter->period != NULL ? strlen(filter->period) + 1 : 0);
    PbFilter *kept = calloc(1, sizeof *kept + lists * sizeof(char *) + kinds + types + texts);
    if (kept == NULL) {
        return ERR_MEMORY;
    }
    *kept = *filter;
    kept->base.n_unknown_fields = 0;
    kept->base.unknown_fields = NULL;
    char **pointers = (char **)(void *)(kept + 1);
    kept->kinds = (uint32_t *)(void *)(pointers + lists);
    kept->types = (void *)((char *)kept->kinds + kinds);
    char *text = (char *)kept->types + types;
    if (kinds > 0) {
        memcpy(kept->kinds, filter->kinds, kinds);
    }
    if (types > 0) {
        memcpy(kept->types, filter->types, types);
    }
    kept->institutions = keep_texts(filter->institutions, filter->n_institutions, pointers, &text);
    pointers += filter->n_institutions;
    kept->categories = keep_texts(filter->categories, filter->n_categories, pointers, &text);
    pointers += filter->n_categories;
    kept->districts = keep_texts(filter->districts, filter->n_districts, pointers, &text);
    if (filter->period != NULL) {
        kept->period = text;
        (void)stpcpy(text, filter->period);
    }
    *ret_kept = kept;
    return ERR_OK;
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
