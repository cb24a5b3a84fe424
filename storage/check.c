#include "storage/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/check_inside.h"

MUST_USE static enum err check_stretches(struct check *check, struct stretch stretches[static 2]);
MUST_USE static enum err take_item(struct check *check, const struct check_item *item,
                                   uint64_t seq);
MUST_USE static enum err check_nodes(struct check *check, uint64_t seq, const struct hash *leaf,
                                     bool has_leaf);
MUST_USE static enum err check_head(struct check *check, uint64_t size);
MUST_USE static enum err check_ends(struct check *check);
static void root_of(const struct check *check, struct hash *ret_root);
MUST_USE static enum err last_key(struct txn *txn, size_t database, uint64_t *ret_last);

enum err check_store(struct store *store, const struct hub_identity *hub,
                     void (*tell)(void *context, const char *sentence), void *context,
                     void (*progress)(void *context, uint64_t done, uint64_t of),
                     struct check_report *ret_report)
{
    struct check check = {.store = store, .tell = tell, .context = context, .progress = progress};
    const struct store_meta *meta = store_meta(store);
    if (hub != NULL) {
        check.hub = *hub;
    } else {
        memcpy(check.hub.origin, meta->origin, sizeof check.hub.origin);
        memcpy(check.hub.log_keys[0], meta->log_key, PUBLIC_KEY_BYTES);
        check.hub.log_key_count = 1;
    }
    struct stretch *stretches = calloc(2, sizeof *stretches);
    enum err err = stretches == NULL ? ERR_MEMORY : check_crew_open(&check.crew);
    err = err != ERR_OK ? err : check_stretches(&check, stretches);
    check_crew_close(&check.crew);
    err = err != ERR_OK ? err : check_rows(&check);
    if (err == ERR_CORRUPT) {
        check_problem(&check,
                      "The file itself is damaged (%s): the check ends after record "
                      "%" PRIu64 ". Restore a backup.",
                      check.txn->failed != NULL ? check.txn->failed : "a row that cannot be read",
                      check.walked);
        err = ERR_OK;
    }
    for (size_t i = 0; stretches != NULL && i < 2; i++) {
        txn_end(&stretches[i].txn);
    }
    free(stretches);
    arena_close(&check.arena);
    owners_close(&check.owners);
    if (err == ERR_OK) {
        *ret_report = check.report;
    }
    return err;
}

void check_problem(struct check *check, const char *format, ...)
{
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (check->report.problems++ < PROBLEMS_TOLD_MAX && check->tell != NULL) {
        check->tell(check->context, sentence);
    }
}

/* ---- records ---- */

/* Reads the next records in a fresh snapshot, so that a running hub can reuse its pages. */
static enum err gather(struct check *check, uint64_t first, struct stretch *stretch)
{
    enum err err = stretch->is_open ? txn_renew(&stretch->txn)
                                    : txn_begin(store_env(check->store), false, &stretch->txn);
    stretch->is_open = true;
    stretch->first = first;
    stretch->count = 0;
    err = err != ERR_OK ? err : last_key(&stretch->txn, DB_JOURNAL, &stretch->size);
    while (err == ERR_OK && stretch->count < READ_TXN_RECORDS_MAX &&
           first + stretch->count <= stretch->size) {
        struct check_item *item = &stretch->items[stretch->count];
        item->read = journal_get(&stretch->txn, first + stretch->count, &item->record);
        err = stretch->txn.error;
        stretch->count += err == ERR_OK;
    }
    return err;
}

static bool is_last(const struct stretch *stretch)
{
    return stretch->first + stretch->count > stretch->size;
}

/* In order, while the crew looks at the records of the stretch after it. The last one ends where
 * its snapshot ends, and owners are compared in that one. */
static enum err walk(struct check *check, struct stretch *stretch)
{
    enum err err = ERR_OK;
    check->txn = &stretch->txn;
    for (size_t i = 0; err == ERR_OK && i < stretch->count; i++) {
        if ((err = take_item(check, &stretch->items[i], stretch->first + i)) == ERR_OK) {
            check->walked = stretch->first + i;
            err = check_head(check, check->walked);
        }
    }
    if (err == ERR_OK && check->progress != NULL) {
        check->progress(check->context, check->walked, stretch->size);
    }
    return err;
}

static enum err check_ends_and_owners(struct check *check)
{
    root_of(check, &check->report.root);
    enum err err = check_ends(check);
    return err != ERR_OK ? err : check_owners(check);
}

/* Two stretches: one is walked, the other is with the crew. */
static enum err check_stretches(struct check *check, struct stretch stretches[static 2])
{
    struct stretch *now = &stretches[0];
    struct stretch *next = &stretches[1];
    enum err err = gather(check, 1, now);
    check->txn = &now->txn;
    if (err == ERR_OK) {
        check_crew_give(check->crew, now);
        check_crew_finish(check->crew, &check->arena);
    }
    while (err == ERR_OK && !is_last(now)) {
        check->txn = &next->txn;
        if ((err = gather(check, now->first + now->count, next)) != ERR_OK) {
            break;
        }
        check_crew_give(check->crew, next);
        err = walk(check, now);
        check_crew_finish(check->crew, &check->arena);
        struct stretch *walked = now;
        now = next;
        next = walked;
    }
    err = err != ERR_OK ? err : walk(check, now);
    return err != ERR_OK ? err : check_ends_and_owners(check);
}

/* A record that cannot be read counts as one problem: the walk goes on from its stored leaf. */
static enum err take_item(struct check *check, const struct check_item *item, uint64_t seq)
{
    if (item->read != ERR_OK) {
        const struct hash none = {0};
        check_problem(check, "Record %" PRIu64 " %s.", seq,
                      item->read == ERR_NOT_FOUND ? "is missing" : "cannot be read");
        return check_nodes(check, seq, &none, false);
    }
    if (item->checked == ERR_MEMORY) {
        return ERR_MEMORY;
    }
    if (item->checked != ERR_OK) {
        check_problem(check, "%s", item->complaint.text);
    }
    const struct header *header = &item->record.header;
    check->report.records++;
    check->report.reports += header->kind == KIND_REPORT;
    check->report.events += !kind_is_report(header->kind);
    enum err err = check_nodes(check, seq, &item->leaf, true);
    return err != ERR_OK ? err : check_derived(check, header);
}

/* ---- the tree, from scratch ---- */

MUST_USE static enum err read_node(struct check *check, uint64_t index, struct hash *ret_hash,
                                   bool *ret_is_there)
{
    enum err err = nodes_read(check->txn, index, ret_hash);
    *ret_is_there = err == ERR_OK;
    return err == ERR_CORRUPT && check->txn->error == ERR_OK ? ERR_OK : err;
}

/* Of a leaf as computed and another as stored, the parent that is stored tells which is right: the
 * walk goes on from that one, so that one damaged byte is not told as many. Read errors have been
 * told by then, or will be. */
static bool is_stored_leaf_right(struct check *check, uint64_t n, const struct hash *stored)
{
    struct hash sibling = check->subtrees[0];
    struct hash parent;
    struct hash expected;
    bool is_there = false;
    enum err err = ERR_OK;
    if ((n & 1) == 0) {
        err = read_node(check, merkle_stored_index(0, n + 1), &sibling, &is_there);
        if (err != ERR_OK || !is_there) {
            return false;
        }
        merkle_node(stored, &sibling, &expected);
    } else {
        merkle_node(&sibling, stored, &expected);
    }
    err = read_node(check, merkle_stored_index(1, n / 2), &parent, &is_there);
    return err == ERR_OK && is_there && memcmp(parent.bytes, expected.bytes, SHA256_BYTES) == 0;
}

/* Inner nodes go on as computed. */
static enum err check_nodes(struct check *check, uint64_t seq, const struct hash *leaf,
                            bool has_leaf)
{
    uint64_t n = seq - 1;
    uint64_t index = merkle_stored_count(n);
    struct hash node = *leaf;
    unsigned level = 0;
    for (;;) {
        struct hash stored;
        bool is_there = false;
        enum err err = read_node(check, index, &stored, &is_there);
        if (err != ERR_OK) {
            return err;
        }
        bool is_equal = is_there && memcmp(stored.bytes, node.bytes, SHA256_BYTES) == 0;
        if (!is_equal && (level > 0 || has_leaf || !is_there)) {
            check_problem(check, "Record %" PRIu64 ": node %" PRIu64 " of the tree (level %u) %s.",
                          seq, index, level, is_there ? "is not its hash" : "is missing");
        }
        if (!is_equal && level == 0 && is_there &&
            (!has_leaf || is_stored_leaf_right(check, n, &stored))) {
            node = stored;
        }
        if ((n >> level & 1) == 0) {
            break;
        }
        merkle_node(&check->subtrees[level], &node, &node);
        level++;
        index++;
    }
    check->subtrees[level] = node;
    return ERR_OK;
}

/* The complete subtrees, from the smallest up. */
static void root_of(const struct check *check, struct hash *ret_root)
{
    bool has_root = false;
    merkle_empty(ret_root);
    for (unsigned level = 0; level < 64; level++) {
        if ((check->walked >> level & 1) == 0) {
            continue;
        }
        if (has_root) {
            merkle_node(&check->subtrees[level], ret_root, ret_root);
        } else {
            *ret_root = check->subtrees[level];
        }
        has_root = true;
    }
}

/* ---- heads ---- */

static enum err check_head(struct check *check, uint64_t size)
{
    struct number_key key = number_key(size);
    struct bytes text = {0};
    struct checkpoint head;
    struct hash root;
    enum err err = txn_get(check->txn, DB_HEADS, number_key_bytes(&key), &text);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    check->report.heads++;
    if (checkpoint_parse(text, &head) != ERR_OK || head.position.size != size) {
        check_problem(check, "The head of size %" PRIu64 " cannot be read.", size);
        return ERR_OK;
    }
    root_of(check, &root);
    if (memcmp(root.bytes, head.position.root.bytes, SHA256_BYTES) != 0) {
        check_problem(check, "The head of size %" PRIu64 " has another root than its records.",
                      size);
    }
    if (checkpoint_verify(&head, &check->hub) != ERR_OK) {
        check_problem(check, "The head of size %" PRIu64 " is not signed by %s.", size,
                      check->hub.origin);
    }
    return ERR_OK;
}

/* Nothing stands behind the end; every record is under a head. */
static enum err check_ends(struct check *check)
{
    uint64_t last = 0;
    enum err err = last_key(check->txn, DB_HEADS, &last);
    if (err != ERR_OK) {
        return err;
    }
    if (last != check->walked) {
        check_problem(check, "The newest head is of size %" PRIu64 ", the journal of %" PRIu64 ".",
                      last, check->walked);
    }
    if (txn_entries(check->txn, DB_HEADS) != check->report.heads) {
        check_problem(check, "There are %" PRIu64 " heads, of which %" PRIu64 " can be reached.",
                      txn_entries(check->txn, DB_HEADS), check->report.heads);
    }
    if (txn_entries(check->txn, DB_NODES) != merkle_stored_count(check->walked)) {
        check_problem(check, "The tree has %" PRIu64 " nodes and should have %" PRIu64 ".",
                      txn_entries(check->txn, DB_NODES), merkle_stored_count(check->walked));
    }
    if (txn_entries(check->txn, DB_JOURNAL) != check->report.records &&
        check->report.problems == 0) {
        check_problem(
            check, "The journal counts %" PRIu64 " records, of which %" PRIu64 " can be reached.",
            txn_entries(check->txn, DB_JOURNAL), check->report.records);
    }
    return check->txn->error;
}

/* 0: empty. */
static enum err last_key(struct txn *txn, size_t database, uint64_t *ret_last)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    enum err err = cursor_open(txn, database, &cursor);
    if (err == ERR_OK) {
        err = cursor_to(&cursor, CURSOR_LAST, &key, &value);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK && key.size != 8) {
        return ERR_CORRUPT;
    }
    *ret_last = err == ERR_OK ? get_u64(key.data) : 0;
    return ERR_OK;
}
