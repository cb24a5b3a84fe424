/* Signed tree heads, one a commit: kept like the journal, not rebuilt. */
#include "storage/layout.h"

MUST_USE static enum err head_of(struct bytes key, struct bytes text,
                                 struct checkpoint *ret_checkpoint);

enum err journal_seal(struct txn *txn, const char *origin, const struct signing_key *log_key,
                      int64_t now_us, struct buffer *text, struct checkpoint *ret_checkpoint)
{
    struct position position = {.size = journal_size(txn)};
    if (txn->error != ERR_OK) {
        return txn->error;
    }
    struct checkpoint checkpoint;
    enum err err = journal_root(txn, position.size, &position.root);
    if (err == ERR_OK) {
        buffer_clear(text);
        err = checkpoint_sign(origin, &position, now_us, log_key, text);
    }
    if (err == ERR_OK) {
        err = checkpoint_parse(buffer_bytes(text), &checkpoint);
    }
    if (err != ERR_OK) {
        return txn_fail(txn, err, "journal_seal");
    }
    struct number_key key = number_key(position.size);
    txn_append(txn, DB_HEADS, number_key_bytes(&key), buffer_bytes(text));
    if (txn->error == ERR_OK) {
        *ret_checkpoint = checkpoint;
    }
    return txn->error;
}

enum err heads_newest(struct txn *txn, struct checkpoint *ret_checkpoint)
{
    return heads_at_most(txn, UINT64_MAX, ret_checkpoint);
}

enum err heads_covering(struct txn *txn, uint64_t seq, struct checkpoint *ret_checkpoint)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct number_key wanted = number_key(seq);
    struct bytes key = {0};
    struct bytes text = {0};
    enum err err = cursor_open(txn, DB_HEADS, &cursor);
    if (err == ERR_OK) {
        err = cursor_seek(&cursor, number_key_bytes(&wanted), &key, &text);
    }
    return err != ERR_OK ? err : head_of(key, text, ret_checkpoint);
}

enum err heads_at_most(struct txn *txn, uint64_t size, struct checkpoint *ret_checkpoint)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct number_key wanted = number_key(size);
    struct bytes key = {0};
    struct bytes text = {0};
    enum err err = cursor_open(txn, DB_HEADS, &cursor);
    if (err != ERR_OK) {
        return err;
    }
    err = cursor_seek(&cursor, number_key_bytes(&wanted), &key, &text);
    if (err == ERR_NOT_FOUND) {
        err = cursor_to(&cursor, CURSOR_LAST, &key, &text);
    } else if (err == ERR_OK && !bytes_equal(key, number_key_bytes(&wanted))) {
        err = cursor_to(&cursor, CURSOR_PREVIOUS, &key, &text);
    }
    return err != ERR_OK ? err : head_of(key, text, ret_checkpoint);
}

static enum err head_of(struct bytes key, struct bytes text, struct checkpoint *ret_checkpoint)
{
    struct checkpoint checkpoint;
    if (key.size != sizeof(struct number_key) || checkpoint_parse(text, &checkpoint) != ERR_OK ||
        checkpoint.position.size != get_u64(key.data)) {
        return ERR_CORRUPT;
    }
    *ret_checkpoint = checkpoint;
    return ERR_OK;
}
