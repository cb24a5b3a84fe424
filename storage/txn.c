/* Transactions and cursors. storage/env.h is their contract. */
#include <assert.h>
#include <string.h>

#include "storage/env.h"
#include "storage/env_inside.h"

MUST_USE static int begin(struct env *env, unsigned flags, MDB_txn **ret_handle);
static enum err stick(struct txn *txn, int code, const char *failed);
static MDB_val value_of(struct bytes bytes);
static MDB_dbi database_of(const struct txn *txn, size_t database);
static enum err put(struct txn *txn, size_t database, struct bytes key, struct bytes value,
                    unsigned flags, const char *failed);

enum err txn_begin(struct env *env, bool is_write, struct txn *ret_txn)
{
    *ret_txn = (struct txn){.env = env, .is_write = is_write};
    MDB_txn *handle = NULL;
    int code = begin(env, is_write ? 0 : MDB_RDONLY, &handle);
    if (code != 0) {
        return stick(ret_txn, code, "mdb_txn_begin");
    }
    atomic_fetch_add(&env->open_transactions, 1);
    ret_txn->handle = handle;
    return ERR_OK;
}

/* Another process may have grown the map: then ours follows, if nothing points into it. */
static int begin(struct env *env, unsigned flags, MDB_txn **ret_handle)
{
    int code = mdb_txn_begin(env->handle, NULL, flags, ret_handle);
    if (code == MDB_MAP_RESIZED && atomic_load(&env->open_transactions) == 0) {
        code = mdb_env_set_mapsize(env->handle, 0);
        if (code == 0) {
            code = mdb_txn_begin(env->handle, NULL, flags, ret_handle);
        }
    }
    return code;
}

void txn_end(struct txn *txn)
{
    if (txn->handle != NULL) {
        mdb_txn_abort(txn->handle);
        txn->handle = NULL;
        atomic_fetch_sub(&txn->env->open_transactions, 1);
    }
}

enum err txn_commit(struct txn *txn)
{
    if (txn->error != ERR_OK) {
        txn_end(txn);
        return txn->error;
    }
    assert(txn->handle != NULL);
    int code = mdb_txn_commit(txn->handle); /* frees the handle, whatever it returns */
    txn->handle = NULL;
    atomic_fetch_sub(&txn->env->open_transactions, 1);
    return code == 0 ? ERR_OK : stick(txn, code, "mdb_txn_commit");
}

enum err txn_renew(struct txn *txn)
{
    if (txn->error != ERR_OK) {
        return txn->error;
    }
    assert(txn->handle != NULL && !txn->is_write);
    mdb_txn_reset(txn->handle);
    int code = mdb_txn_renew(txn->handle);
    if (code != MDB_MAP_RESIZED) {
        return code == 0 ? ERR_OK : stick(txn, code, "mdb_txn_renew");
    }
    txn_end(txn);
    return txn_begin(txn->env, false, txn);
}

enum err txn_get(struct txn *txn, size_t database, struct bytes key, struct bytes *ret_value)
{
    if (txn->error != ERR_OK) {
        return txn->error;
    }
    MDB_val name = value_of(key);
    MDB_val value;
    int code = mdb_get(txn->handle, database_of(txn, database), &name, &value);
    if (code == MDB_NOTFOUND) {
        return ERR_NOT_FOUND;
    }
    if (code != 0) {
        return stick(txn, code, "mdb_get");
    }
    *ret_value = bytes_of(value.mv_data, value.mv_size);
    return ERR_OK;
}

enum err txn_put(struct txn *txn, size_t database, struct bytes key, struct bytes value)
{
    return put(txn, database, key, value, 0, "mdb_put");
}

enum err txn_append(struct txn *txn, size_t database, struct bytes key, struct bytes value)
{
    return put(txn, database, key, value, MDB_APPEND, "mdb_put (append)");
}

enum err txn_append_parts(struct txn *txn, size_t database, struct bytes key,
                          const struct bytes *parts, size_t part_count)
{
    if (txn->error != ERR_OK) {
        return txn->error;
    }
    MDB_val name = value_of(key);
    MDB_val value = {0};
    for (size_t i = 0; i < part_count; i++) {
        value.mv_size += parts[i].size;
    }
    int code =
        mdb_put(txn->handle, database_of(txn, database), &name, &value, MDB_APPEND | MDB_RESERVE);
    if (code != 0) {
        return stick(txn, code, "mdb_put (append)");
    }
    uint8_t *at = value.mv_data;
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size > 0) {
            memcpy(at, parts[i].data, parts[i].size);
            at += parts[i].size;
        }
    }
    return ERR_OK;
}

enum err txn_insert(struct txn *txn, size_t database, struct bytes key, struct bytes value)
{
    if (txn->error != ERR_OK) {
        return txn->error;
    }
    MDB_val name = value_of(key);
    MDB_val stored = value_of(value);
    int code = mdb_put(txn->handle, database_of(txn, database), &name, &stored, MDB_NOOVERWRITE);
    if (code == MDB_KEYEXIST) {
        return ERR_EXISTS;
    }
    return code == 0 ? ERR_OK : stick(txn, code, "mdb_put (insert)");
}

static enum err put(struct txn *txn, size_t database, struct bytes key, struct bytes value,
                    unsigned flags, const char *failed)
{
    if (txn->error != ERR_OK) {
        return txn->error;
    }
    MDB_val name = value_of(key);
    MDB_val stored = value_of(value);
    int code = mdb_put(txn->handle, database_of(txn, database), &name, &stored, flags);
    return code == 0 ? ERR_OK : stick(txn, code, failed);
}

enum err txn_delete(struct txn *txn, size_t database, struct bytes key)
{
    if (txn->error != ERR_OK) {
        return txn->error;
    }
    MDB_val name = value_of(key);
    int code = mdb_del(txn->handle, database_of(txn, database), &name, NULL);
    if (code == MDB_NOTFOUND) {
        return ERR_NOT_FOUND;
    }
    return code == 0 ? ERR_OK : stick(txn, code, "mdb_del");
}

uint64_t txn_entries(struct txn *txn, size_t database)
{
    if (txn->error != ERR_OK) {
        return 0;
    }
    MDB_stat stat;
    int code = mdb_stat(txn->handle, database_of(txn, database), &stat);
    if (code != 0) {
        stick(txn, code, "mdb_stat");
        return 0;
    }
    return stat.ms_entries;
}

uint64_t txn_snapshot(const struct txn *txn)
{
    return txn->handle == NULL ? 0 : mdb_txn_id(txn->handle);
}

enum err txn_fail(struct txn *txn, enum err err, const char *failed)
{
    assert(err != ERR_OK);
    if (txn->error == ERR_OK) {
        txn->error = err;
        txn->failed = failed;
    }
    return txn->error;
}

static enum err stick(struct txn *txn, int code, const char *failed)
{
    return txn_fail(txn, env_error(code), failed);
}

/* LMDB's type lacks const; it writes through none of these. */
static MDB_val value_of(struct bytes bytes)
{
    MDB_val value = {.mv_size = bytes.size};
    memcpy(&value.mv_data, &bytes.data, sizeof bytes.data);
    return value;
}

static MDB_dbi database_of(const struct txn *txn, size_t database)
{
    assert(txn->handle != NULL && database < txn->env->database_count);
    return txn->env->databases[database];
}

/* ---- cursors ---- */

static enum err move_to(struct cursor *cursor, MDB_val key, MDB_cursor_op operation,
                        struct bytes *ret_key, struct bytes *ret_value);

enum err cursor_open(struct txn *txn, size_t database, struct cursor *ret_cursor)
{
    *ret_cursor = (struct cursor){.txn = txn, .database = database};
    if (txn->error != ERR_OK) {
        return txn->error;
    }
    MDB_cursor *handle = NULL;
    int code = mdb_cursor_open(txn->handle, database_of(txn, database), &handle);
    if (code != 0) {
        return stick(txn, code, "mdb_cursor_open");
    }
    ret_cursor->handle = handle;
    return ERR_OK;
}

/* The end of a write transaction has freed its cursors already. */
void cursor_close(struct cursor *cursor)
{
    if (cursor->handle != NULL && !(cursor->txn->is_write && cursor->txn->handle == NULL)) {
        mdb_cursor_close(cursor->handle);
    }
    cursor->handle = NULL;
}

enum err cursor_to(struct cursor *cursor, enum cursor_move move, struct bytes *ret_key,
                   struct bytes *ret_value)
{
    static const MDB_cursor_op operations[] = {
        [CURSOR_FIRST] = MDB_FIRST,
        [CURSOR_LAST] = MDB_LAST,
        [CURSOR_NEXT] = MDB_NEXT,
        [CURSOR_PREVIOUS] = MDB_PREV,
    };
    return move_to(cursor, (MDB_val){0}, operations[move], ret_key, ret_value);
}

enum err cursor_seek(struct cursor *cursor, struct bytes key, struct bytes *ret_key,
                     struct bytes *ret_value)
{
    return move_to(cursor, value_of(key), MDB_SET_RANGE, ret_key, ret_value);
}

static enum err move_to(struct cursor *cursor, MDB_val key, MDB_cursor_op operation,
                        struct bytes *ret_key, struct bytes *ret_value)
{
    if (cursor->txn->error != ERR_OK) {
        return cursor->txn->error;
    }
    assert(cursor->handle != NULL);
    MDB_val value = {0};
    int code = mdb_cursor_get(cursor->handle, &key, &value, operation);
    if (code == MDB_NOTFOUND) {
        return ERR_NOT_FOUND;
    }
    if (code != 0) {
        return stick(cursor->txn, code, "mdb_cursor_get");
    }
    *ret_key = bytes_of(key.mv_data, key.mv_size);
    *ret_value = bytes_of(value.mv_data, value.mv_size);
    return ERR_OK;
}

enum err cursor_delete(struct cursor *cursor)
{
    if (cursor->txn->error != ERR_OK) {
        return cursor->txn->error;
    }
    assert(cursor->handle != NULL);
    int code = mdb_cursor_del(cursor->handle, 0);
    return code == 0 ? ERR_OK : stick(cursor->txn, code, "mdb_cursor_del");
}
