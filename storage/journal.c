#include "storage/journal.h"

#include <assert.h>
#include <string.h>

#include "storage/layout.h"

struct store {
    struct env *env;
    struct store_meta meta;
};

MUST_USE static enum err fill_header(struct txn *txn, const struct append *append,
                                     struct header *ret_header);
static enum err append_nodes(struct txn *txn, uint64_t leaf_index, struct bytes raw_header);

/* A record and all that is derived from it, in the caller's transaction. */
enum err journal_append(struct txn *txn, const struct append *append, struct header *ret_header)
{
    struct header header = {0};
    enum err err = fill_header(txn, append, &header);
    if (err != ERR_OK) {
        return err;
    }
    uint8_t raw[HEADER_BYTES];
    header_encode(&header, raw);
    struct number_key key = number_key(header.seq);
    struct bytes parts[] = {bytes_of(raw, sizeof raw), append->judgement, append->body};
    txn_append_parts(txn, DB_JOURNAL, number_key_bytes(&key), parts,
                     sizeof parts / sizeof parts[0]);
    append_nodes(txn, header.seq - 1, parts[0]);
    if (kind_is_report(header.kind)) {
        reports_index(txn, &header);
    } else {
        events_index(txn, &header);
    }
    if (txn->error == ERR_OK) {
        *ret_header = header;
    }
    return txn->error;
}

/* Sizes were refused at the doors; here they are our own mistake, but a lost record is worse than a
 * refused turn, so they stick. */
static enum err fill_header(struct txn *txn, const struct append *append, struct header *ret_header)
{
    size_t body_max = kind_is_report(append->header.kind) ? ENVELOPE_BYTES_MAX : EVENT_BYTES_MAX;
    if (append->judgement.size > JUDGEMENT_BYTES_MAX || append->body.size > body_max) {
        return txn_fail(txn, ERR_TOO_LARGE, "journal_append");
    }
    struct header header = append->header;
    header.version = HEADER_VERSION;
    header.header_bytes = HEADER_BYTES;
    header.seq = journal_size(txn) + 1;
    header.judgement_bytes = (uint32_t)append->judgement.size;
    header.body_bytes = (uint32_t)append->body.size;
    sha256(append->judgement, header.judgement_hash);
    header.previous_seq = 0;
    if (header.kind == KIND_REPORT) {
        uint64_t reports = 0;
        enum err err = owners_get(txn, header.institution, &reports, &header.previous_seq);
        if (err != ERR_OK) {
            return txn_fail(txn, err, "owners_get");
        }
    }
    if (txn->error == ERR_OK) {
        *ret_header = header;
    }
    return txn->error;
}

static enum err append_nodes(struct txn *txn, uint64_t leaf_index, struct bytes raw_header)
{
    if (txn->error != ERR_OK) {
        return txn->error;
    }
    struct hash leaf;
    struct hash hashes[64];
    size_t count = 0;
    record_leaf_hash(raw_header, leaf.bytes);
    enum err err = merkle_append(leaf_index, &leaf, nodes_read, txn, hashes, &count);
    if (err != ERR_OK) {
        return txn_fail(txn, err, "merkle_append");
    }
    uint64_t first = merkle_stored_count(leaf_index);
    for (size_t i = 0; i < count; i++) {
        struct number_key key = number_key(first + i);
        txn_append(txn, DB_NODES, number_key_bytes(&key), bytes_of(hashes[i].bytes, SHA256_BYTES));
    }
    return txn->error;
}

/* A missing node is damage, not an absence that a caller may shrug at. */
enum err nodes_read(void *context, uint64_t index, struct hash *ret_hash)
{
    struct number_key key = number_key(index);
    struct bytes value = {0};
    enum err err = txn_get(context, DB_NODES, number_key_bytes(&key), &value);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && value.size != SHA256_BYTES)) {
        return ERR_CORRUPT;
    }
    if (err == ERR_OK) {
        memcpy(ret_hash->bytes, value.data, SHA256_BYTES);
    }
    return err;
}

uint64_t journal_size(struct txn *txn)
{
    return txn_entries(txn, DB_JOURNAL);
}

/* The record that is stored as number seq. */
static enum err open_record(struct bytes raw, uint64_t seq, struct record *ret_record)
{
    struct record record;
    enum err err = record_open(raw, &record);
    if (err != ERR_OK) {
        return err;
    }
    if (record.header.seq != seq) {
        return ERR_CORRUPT;
    }
    *ret_record = record;
    return ERR_OK;
}

enum err journal_get(struct txn *txn, uint64_t seq, struct record *ret_record)
{
    struct number_key key = number_key(seq);
    struct bytes raw = {0};
    enum err err = txn_get(txn, DB_JOURNAL, number_key_bytes(&key), &raw);
    return err != ERR_OK ? err : open_record(raw, seq, ret_record);
}

enum err journal_cursor_open(struct txn *txn, struct journal_cursor *ret_cursor)
{
    struct journal_cursor cursor = {.at = 0};
    enum err err = cursor_open(txn, DB_JOURNAL, &cursor.cursor);
    if (err == ERR_OK) {
        *ret_cursor = cursor;
    }
    return err;
}

void journal_cursor_close(struct journal_cursor *cursor)
{
    cursor_close(&cursor->cursor);
    cursor->at = 0;
}

enum err journal_cursor_get(struct journal_cursor *cursor, uint64_t seq, struct record *ret_record)
{
    struct number_key wanted = number_key(seq);
    struct bytes key = {0};
    struct bytes raw = {0};
    bool is_next = cursor->at != 0 && seq == cursor->at + 1;
    cursor->at = 0;
    enum err err = is_next ? cursor_to(&cursor->cursor, CURSOR_NEXT, &key, &raw)
                           : cursor_seek(&cursor->cursor, number_key_bytes(&wanted), &key, &raw);
    if (err == ERR_OK && !bytes_equal(key, number_key_bytes(&wanted))) {
        err = ERR_NOT_FOUND;
    }
    err = err != ERR_OK ? err : open_record(raw, seq, ret_record);
    cursor->at = err == ERR_OK ? seq : 0;
    return err;
}

enum err journal_root(struct txn *txn, uint64_t size, struct hash *ret_root)
{
    uint64_t all = journal_size(txn);
    if (txn->error != ERR_OK || size > all) {
        return txn->error != ERR_OK ? txn->error : ERR_RANGE;
    }
    return merkle_root(size, nodes_read, txn, ret_root);
}

enum err journal_inclusion(struct txn *txn, uint64_t seq, uint64_t size, struct proof *ret_proof)
{
    if (seq == 0 || seq > size || size > journal_size(txn)) {
        return txn->error != ERR_OK ? txn->error : ERR_RANGE;
    }
    return merkle_prove_inclusion(seq - 1, size, nodes_read, txn, ret_proof);
}

enum err journal_consistency(struct txn *txn, uint64_t old_size, uint64_t size,
                             struct proof *ret_proof)
{
    if (old_size == 0 || old_size > size || size > journal_size(txn)) {
        return txn->error != ERR_OK ? txn->error : ERR_RANGE;
    }
    return merkle_prove_consistency(old_size, size, nodes_read, txn, ret_proof);
}

enum err journal_stands(struct txn *txn, const struct position *position)
{
    if (position->size == 0) {
        return ERR_OK;
    }
    if (position->size > journal_size(txn)) {
        return txn->error != ERR_OK ? txn->error : ERR_LOST;
    }
    struct hash root;
    enum err err = journal_root(txn, position->size, &root);
    if (err != ERR_OK) {
        return err;
    }
    return memcmp(root.bytes, position->root.bytes, SHA256_BYTES) == 0 ? ERR_OK : ERR_LOST;
}

/* ---- the store ---- */

MUST_USE static enum err read_meta(struct store *store, struct complaint *complaint);
MUST_USE static enum err read_value(struct txn *txn, const char *name, size_t least, size_t most,
                                    struct bytes *ret_value);

enum err store_create(const char *path, const struct store_meta *meta, struct complaint *complaint)
{
    uint8_t is_test = meta->is_test ? 1 : 0;
    uint8_t created[8];
    put_u64(created, (uint64_t)meta->created_us);
    const struct env_row rows[] = {
        {"origin", bytes_of(meta->origin, strlen(meta->origin))},
        {"log_key", bytes_of(meta->log_key, sizeof meta->log_key)},
        {"is_test", bytes_of(&is_test, 1)},
        {"created_us", bytes_of(created, sizeof created)},
    };
    return env_create_with(path, store_databases, DB_COUNT, STORE_MAP_BYTES, rows,
                           sizeof rows / sizeof rows[0], complaint);
}

enum err store_open(const char *path, enum env_mode mode, struct complaint *complaint,
                    struct store **ret_store)
{
    AUTO(store_close) struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return ERR_MEMORY;
    }
    enum err err =
        env_open(path, mode, store_databases, DB_COUNT, STORE_MAP_BYTES, complaint, &store->env);
    if (err == ERR_OK) {
        err = read_meta(store, complaint);
    }
    if (err == ERR_OK) {
        *ret_store = STEAL(store);
    }
    return err;
}

static enum err read_meta(struct store *store, struct complaint *complaint)
{
    AUTO(txn_end) struct txn txn = {0};
    txn_begin(store->env, false, &txn);
    struct bytes origin = {0};
    struct bytes log_key = {0};
    struct bytes is_test = {0};
    struct bytes created = {0};
    enum err err;
    if ((err = read_value(&txn, "origin", 1, HUB_ORIGIN_MAX, &origin)) != ERR_OK ||
        (err = read_value(&txn, "log_key", PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES, &log_key)) !=
            ERR_OK ||
        (err = read_value(&txn, "is_test", 1, 1, &is_test)) != ERR_OK ||
        (err = read_value(&txn, "created_us", 8, 8, &created)) != ERR_OK) {
        return complain(complaint, err, "The store in %s does not say whose it is: %s.",
                        env_path(store->env), err_text(err));
    }
    memcpy(store->meta.origin, origin.data, origin.size);
    memcpy(store->meta.log_key, log_key.data, PUBLIC_KEY_BYTES);
    store->meta.is_test = is_test.data[0] != 0;
    store->meta.created_us = (int64_t)get_u64(created.data);
    return ERR_OK;
}

static enum err read_value(struct txn *txn, const char *name, size_t least, size_t most,
                           struct bytes *ret_value)
{
    struct bytes value = {0};
    enum err err = txn_get(txn, DB_META, bytes_of(name, strlen(name)), &value);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && (value.size < least || value.size > most))) {
        return ERR_CORRUPT;
    }
    if (err == ERR_OK) {
        *ret_value = value;
    }
    return err;
}

void store_close(struct store **store)
{
    struct store *gone = STEAL(*store);
    if (gone != NULL) {
        env_close(&gone->env);
        free(gone);
    }
}

struct env *store_env(struct store *store)
{
    return store->env;
}

const struct store_meta *store_meta(const struct store *store)
{
    return &store->meta;
}
