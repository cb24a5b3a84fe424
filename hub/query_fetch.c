/* A pull's FETCH. */
#include <string.h>

#include "hub/query_inside.h"

/* The scope of a pull: kept, or collected in place of the one that was used longest ago. */
static enum err scope_of(struct asked *asked, const Ihuriro__V1__Fetch *fetch,
                         const struct access_key *key, const struct scope **ret_scope)
{
    struct query *query = asked->query;
    struct scope_kept *oldest = &query->scopes[0];
    for (size_t i = 0; i < SCOPES_KEPT; i++) {
        struct scope_kept *kept = &query->scopes[i];
        if (kept->used > 0 && memcmp(kept->key.hash, key->hash, SHA256_BYTES) == 0) {
            kept->used = ++query->uses;
            *ret_scope = &kept->scope;
            return ERR_OK;
        }
        oldest = kept->used < oldest->used ? kept : oldest;
    }
    struct scope scope = {0};
    enum err err = query_collect(asked, fetch->filter, fetch->until, &scope);
    if (err == ERR_OK && !asked->is_unfinished) {
        scope_close(&oldest->scope);
        *oldest = (struct scope_kept){.key = *key, .used = ++query->uses, .scope = scope};
        *ret_scope = &oldest->scope;
    }
    return err;
}

/* The first of the scope behind a seq. */
static size_t first_behind(const struct scope *scope, uint64_t seq)
{
    size_t low = 0;
    size_t high = scope->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (scope->items[middle].seq <= seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Takes what fits, and says how far it came where that is not all. */
static enum err scan_scope(const struct asked *asked, const struct scope *scope, size_t begin,
                           uint64_t *to)
{
    for (size_t i = begin; i < scope->count; i++) {
        enum err err =
            i - begin < READ_TXN_RECORDS_MAX
                ? scanner_look(asked->query->scanner, asked->reading, scope->items[i].seq)
                : ERR_TOO_LARGE;
        if (err == ERR_TOO_LARGE) {
            *to = scope->items[i - 1].seq; /* never the first: i > begin */
            return ERR_OK;
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err answer_fetch(const struct asked *asked, const Ihuriro__V1__Fetch *fetch,
                             const struct position *from, const struct scope *scope)
{
    struct query *query = asked->query;
    struct scan scan = {
        .reader = asked->reader,
        .filter = fetch->filter,
        .bytes_max = fetch->has_max_bytes ? fetch->max_bytes : 0,
        .proof_size = fetch->has_proofs && fetch->proofs ? fetch->until : 0,
    };
    struct scan_answer answer = {
        .number = fetch->number,
        .from = *from,
        .to = fetch->until,
        .rights = asked->rights,
    };
    scanner_begin(query->scanner, &scan);
    enum err err = scan_scope(asked, scope, first_behind(scope, from->size), &answer.to);
    struct bytes frame = {0};
    struct position to;
    err = err != ERR_OK ? err : scanner_pack(query->scanner, asked->reading, &answer, &to, &frame);
    scanner_end(query->scanner);
    if (err == ERR_OK) {
        asked->reading->counters->fetches++;
        query->out.answer(query->out.context, asked->peer, frame);
    }
    return err;
}

/* What a pull's FETCH must be. ERR_REFUSED when the peer was told. */
static enum err check_fetch(const struct asked *asked, const Ihuriro__V1__Fetch *fetch,
                            const struct position *from)
{
    if (!fetch->has_until || fetch->until == 0 ||
        fetch->until > journal_size(asked->reading->txn) || from->size > fetch->until) {
        query_refuse(
            asked, "POSITION_LOST",
            "The bound of this pull is not in the hub's history. Pull again: the history was "
            "replaced, or the bound is missing.");
        return ERR_REFUSED;
    }
    if (!fetch->has_rights ||
        !bytes_equal(bytes_of_pb(fetch->rights), bytes_of(asked->rights, SHA256_BYTES))) {
        query_refuse(asked, "RIGHTS_CHANGED",
                     "Your rights are others now than when this pull began. Pull again.");
        return ERR_REFUSED;
    }
    enum err err = journal_stands(asked->reading->txn, from);
    if (err == ERR_LOST) {
        query_refuse(
            asked, "POSITION_LOST",
            "The position of this pull is not in the hub's history any more: the history was "
            "replaced. Pull again.");
        return ERR_REFUSED;
    }
    return err;
}

enum err query_take_fetch(struct asked *asked)
{
    struct query *query = asked->query;
    const Ihuriro__V1__Fetch *fetch = NULL;
    const struct scope *scope = NULL;
    struct position from;
    struct access_key key;
    bool is_bare = false;
    struct complaint complaint = {{0}};
    if (MESSAGE_UNPACK(fetch, MESSAGE_TOLERANT, asked->body, &query->arena, &fetch) != ERR_OK ||
        position_of_message(fetch->position, &from, &is_bare) != ERR_OK || is_bare) {
        return query_malformed(asked, "This FETCH cannot be read.");
    }
    if (scope_check(fetch->filter, &complaint) != ERR_OK) {
        return query_malformed(asked, complaint.text);
    }
    enum err err = check_fetch(asked, fetch, &from);
    if (err == ERR_REFUSED) {
        return ERR_OK;
    }
    err = err != ERR_OK
              ? err
              : access_key_of(asked->reader->id, fetch->filter, fetch->until, asked->rights, &key);
    if (err != ERR_OK) {
        return err;
    }
    if (!accesses_know(query->accesses, &key)) {
        query_refuse(
            asked, "SNAPSHOT_FIRST",
            "A pull begins with SNAPSHOT, so that it is written down before its first record "
            "leaves. Pull again.");
        return ERR_OK;
    }
    accesses_saw(query->accesses, &key, false, asked->reading->now_ms);
    err = scope_of(asked, fetch, &key, &scope);
    if (err == ERR_BUSY) {
        return query_busy_collecting(asked);
    }
    return err != ERR_OK || asked->is_unfinished ? err : answer_fetch(asked, fetch, &from, scope);
}
