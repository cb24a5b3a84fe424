#include "agents/client/snapshot.h"

#include <string.h>

#include "agents/client/parts.h"
#include "proto/access.h"

/* What a pull concerns: reports of its period and types; enrolment, validity, category; settings.
 */
static const uint32_t concerned_kinds[] = {KIND_REPORT, KIND_EARLIER_RECEIPT, KIND_PARTY,
                                           KIND_SETTINGS};
#define CONCERNED_COUNT (sizeof concerned_kinds / sizeof concerned_kinds[0])

enum err snapshot_filter(const struct snapshot_terms *terms, struct arena *arena,
                         PbFilter **ret_filter)
{
    PbFilter *filter = arena_take(arena, sizeof *filter);
    uint32_t *kinds = arena_take(arena, sizeof concerned_kinds);
    Ihuriro__V1__ReportType *types = arena_take(arena, (TYPE_LAST + 1) * sizeof *types);
    char key[PERIOD_KEY_MAX + 1];
    period_format(&terms->period, key);
    char *period = arena_text(arena, key);
    if (filter == NULL || kinds == NULL || types == NULL || period == NULL) {
        return ERR_MEMORY;
    }
    *filter = (PbFilter)IHURIRO__V1__FILTER__INIT;
    memcpy(kinds, concerned_kinds, sizeof concerned_kinds);
    filter->kinds = kinds;
    filter->n_kinds = CONCERNED_COUNT;
    filter->types = types;
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        if (terms->types & (1U << type)) {
            types[filter->n_types++] = (Ihuriro__V1__ReportType)type;
        }
    }
    filter->period = period;
    filter->has_known_at_us = terms->has_known_at;
    filter->known_at_us = terms->known_at_us;
    *ret_filter = filter;
    return ERR_OK;
}

/* ---- records.pb ---- */

static size_t varint(uint64_t value, uint8_t ret_bytes[static 10])
{
    size_t size = 0;
    while (value >= 0x80) {
        ret_bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    ret_bytes[size++] = (uint8_t)value;
    return size;
}

enum err snapshot_records_append(struct buffer *records_pb, const Ihuriro__V1__RecordView *view)
{
    uint8_t length[10];
    size_t size = protobuf_c_message_get_packed_size(&view->base);
    enum err err = buffer_append(records_pb, length, varint(size, length));
    return err != ERR_OK ? err : message_pack(&view->base, records_pb);
}

/* A length-delimited field of protobuf, or any varint. false at the end or for nonsense. */
static bool take_varint(struct bytes *from, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && from->size > 0; shift += 7) {
        uint8_t byte = *from->data;
        *from = bytes_of(from->data + 1, from->size - 1);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct bytes *from, struct bytes *ret_bytes)
{
    uint64_t size = 0;
    if (!take_varint(from, &size) || size > from->size) {
        return false;
    }
    *ret_bytes = bytes_of(from->data, size);
    *from = bytes_of(from->data + size, from->size - size);
    return true;
}

/* A RecordView without copying it: four fields of bytes, each once, in order, nothing else, so that
 * a file has one form. */
static bool take_view(struct bytes view, struct snapshot_record *record)
{
    struct bytes *fields[] = {&record->raw_header, &record->judgement, &record->body,
                              &record->proof};
    uint64_t last = 0;
    while (view.size > 0) {
        uint64_t tag = 0;
        if (!take_varint(&view, &tag) || (tag & 7) != 2 || tag >> 3 <= last || tag >> 3 > 4 ||
            !take_bytes(&view, fields[(tag >> 3) - 1])) {
            return false;
        }
        last = tag >> 3;
    }
    return record->raw_header.data != NULL;
}

static enum err add_record(struct snapshot_records *records, size_t *capacity,
                           const struct snapshot_record *record)
{
    if (records->count == *capacity) {
        size_t wanted = *capacity == 0 ? 1024 : *capacity * 2;
        struct snapshot_record *grown = reallocarray(records->items, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        records->items = grown;
        *capacity = wanted;
    }
    records->items[records->count++] = *record;
    return ERR_OK;
}

void snapshot_records_close(struct snapshot_records *records)
{
    free(records->items);
    *records = (struct snapshot_records){0};
}

enum err snapshot_records_open(struct bytes records_pb, struct complaint *complaint,
                               struct snapshot_records *ret_records)
{
    AUTO(snapshot_records_close) struct snapshot_records records = {0};
    AUTO(buffer_close) struct buffer ids = {0};
    size_t capacity = 0;
    while (records_pb.size > 0) {
        struct snapshot_record record = {0};
        struct bytes view = {0};
        if (!take_bytes(&records_pb, &view) || !take_view(view, &record) ||
            header_decode(record.raw_header, &record.header) != ERR_OK) {
            return complain(complaint, ERR_MALFORMED, "Record number %zu of %s cannot be read.",
                            records.count + 1, SNAPSHOT_RECORDS_NAME);
        }
        if (records.count > 0 && record.header.seq <= records.items[records.count - 1].header.seq) {
            return complain(complaint, ERR_MALFORMED,
                            "Record number %zu of %s is not behind the one before it.",
                            records.count + 1, SNAPSHOT_RECORDS_NAME);
        }
        enum err err = buffer_append(&ids, record.header.id, SHA256_BYTES);
        err = err != ERR_OK ? err : add_record(&records, &capacity, &record);
        if (err != ERR_OK) {
            return err;
        }
    }
    sha256(buffer_bytes(&ids), records.ids_hash);
    *ret_records = records;
    records = (struct snapshot_records){0};
    return ERR_OK;
}

/* ---- verifying ---- */

static enum err verify_record(const struct snapshot_terms *terms, const PbFilter *filter,
                              const struct snapshot_record *record, struct arena *arena,
                              struct complaint *complaint)
{
    unsigned long long seq = record->header.seq;
    struct proof proof;
    struct hash leaf;
    struct complaint why = {{0}};
    if (seq == 0 || seq > terms->position.size || !filter_takes(filter, &record->header)) {
        return complain(complaint, ERR_CORRUPT, "Record %llu does not belong into this pull.", seq);
    }
    merkle_leaf(record->raw_header, &leaf);
    enum err err = proof_parse(record->proof, &proof);
    err = err != ERR_OK ? err
                        : merkle_verify_inclusion(&leaf, seq - 1, terms->position.size, &proof,
                                                  &terms->position.root);
    if (err != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "Record %llu is not proven to lie in the tree of the checkpoint.", seq);
    }
    err = record_check(record->raw_header, record->judgement, record->body, arena, &why);
    return err == ERR_OK
               ? ERR_OK
               : complain(complaint, err, "Record %llu does not verify: %s", seq, why.text);
}

static enum err verify_checkpoint(const struct snapshot_terms *terms,
                                  const struct hub_identity *hub, struct complaint *complaint)
{
    struct checkpoint checkpoint;
    enum err err =
        checkpoint_parse(bytes_of(terms->checkpoint, strlen(terms->checkpoint)), &checkpoint);
    err = err != ERR_OK ? err : checkpoint_verify(&checkpoint, hub);
    if (err != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "The checkpoint does not verify against the keys of %s in hub.pub.",
                        hub->origin);
    }
    return position_equal(&checkpoint.position, &terms->position)
               ? ERR_OK
               : complain(complaint, ERR_SIGNATURE,
                          "The checkpoint is of another position than the pull.");
}

struct verifying {
    const struct snapshot_terms *terms;
    const struct snapshot_records *records;
    const PbFilter *filter;
};

static enum err verify_item(void *context, size_t index, struct arena *arena,
                            struct complaint *complaint)
{
    const struct verifying *verifying = context;
    return verify_record(verifying->terms, verifying->filter, &verifying->records->items[index],
                         arena, complaint);
}

enum err snapshot_verify(const struct snapshot_terms *terms, const struct snapshot_records *records,
                         const struct hub_identity *hub, struct complaint *complaint)
{
    AUTO(arena_close) struct arena filter_arena = {0};
    PbFilter *filter = NULL;
    enum err err = verify_checkpoint(terms, hub, complaint);
    err = err != ERR_OK ? err : snapshot_filter(terms, &filter_arena, &filter);
    struct verifying verifying = {.terms = terms, .records = records, .filter = filter};
    return err != ERR_OK
               ? err
               : parts_work(records->count, parts_by_cores(records->count, PARTS_LEAST_CHECKS),
                            verify_item, &verifying, complaint);
}

void snapshot_files_close(struct snapshot_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        buffer_close(&files->items[i].bytes);
    }
    files->count = 0;
}
