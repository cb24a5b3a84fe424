#include "storage/outbox.h"

#include <stdio.h>
#include <string.h>

#include "storage/outbox_inside.h"

#define GROWTHS_MAX 16
#define DISK_FLOOR  ((uint64_t)64 << 20) /* left free on the disk when the map grows */
#define KEPT_FOR_US ((int64_t)AGENT_KEEPS_S * 1000000)

struct outbox {
    struct env *env;
};

MUST_USE static enum err came_for_known(struct txn *txn, const struct receipt_came *came,
                                        const struct receipt *receipt, struct entry_key *ret_key);
MUST_USE static enum err kept_from_own(struct txn *txn, const struct receipt_came *came,
                                       const struct receipt *receipt, struct arena *arena,
                                       struct kept *ret_kept);
MUST_USE static enum err take_receipt(const struct receipt_came *came,
                                      const struct receipt *receipt, struct kept *kept);
static bool stays_marked(const struct receipt_came *came, const struct kept *was,
                         const struct kept *now);

enum err outbox_receipt(struct txn *txn, const struct receipt_came *came, struct entry_key *ret_key)
{
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt;
    enum err err =
        txn->error != ERR_OK ? txn->error : receipt_open(came->receipt, &arena, &receipt);
    if (err != ERR_OK) {
        return err;
    }
    err = came_for_known(txn, came, &receipt, ret_key);
    if (err != ERR_NOT_FOUND || came->envelope.size == 0) {
        return err;
    }
    struct kept kept;
    if ((err = kept_from_own(txn, came, &receipt, &arena, &kept)) != ERR_OK ||
        (err = take_receipt(came, &receipt, &kept)) != ERR_OK) {
        return err;
    }
    kept.entry.to_offer = came->earlier_session;
    if ((err = rows_save(txn, NULL, &kept)) == ERR_OK) {
        *ret_key = kept.entry.key;
    }
    return err;
}

static enum err came_for_known(struct txn *txn, const struct receipt_came *came,
                               const struct receipt *receipt, struct entry_key *ret_key)
{
    struct kept was;
    enum err err = rows_find(txn, receipt->header.id, &was);
    if (err != ERR_OK) {
        return err;
    }
    const struct entry_key *key = &was.entry.key;
    const struct header *header = &receipt->header;
    if (strcmp(key->institution, header->institution) != 0 || key->type != header->type ||
        key->frequency != header->frequency || key->period_end_day != header->period_end_day) {
        return ERR_MALFORMED; /* the hub named another place than the report does */
    }
    struct kept now = was;
    if ((err = take_receipt(came, receipt, &now)) != ERR_OK) {
        return err;
    }
    now.entry.to_offer = stays_marked(came, &was, &now);
    if ((err = rows_save(txn, &was, &now)) != ERR_OK) {
        return err;
    }
    *ret_key = was.entry.key;
    return ERR_OK;
}

/* Latest always; best if it is better than the one kept. */
static enum err take_receipt(const struct receipt_came *came, const struct receipt *receipt,
                             struct kept *kept)
{
    bool is_better = kept->entry.best.size == 0;
    if (!is_better) {
        AUTO(arena_close) struct arena arena = {0};
        struct receipt best;
        enum err err = receipt_open(kept->entry.best, &arena, &best);
        if (err != ERR_OK) {
            return ERR_CORRUPT;
        }
        is_better = receipt_compare(&receipt->header, &best.header) < 0;
    }
    if (is_better) {
        kept->entry.best = came->receipt;
        kept->best_verdict = receipt->header.verdict;
        kept->best_first_us = receipt->header.first_received_at_us;
        /* A receipt vouches for the key that it names: so the two go together, also where a copy of
         * this agent had signed the same report with another key. */
        memcpy(kept->entry.signer, receipt->header.signer, PUBLIC_KEY_BYTES);
        memcpy(kept->entry.signature, receipt->header.signature, SIGNATURE_BYTES);
    }
    kept->entry.latest = came->receipt;
    kept->latest_size = receipt->checkpoint.position.size;
    kept->entry.state = ENTRY_RECEIPTED;
    kept->order = 0;
    kept->entry.may_pass = false;
    kept->entry.tried_at_us = came->now_us;
    memset(kept->entry.refused_rule, 0, sizeof kept->entry.refused_rule);
    memset(kept->entry.refused_text, 0, sizeof kept->entry.refused_text);
    return ERR_OK;
}

/* A receipt under an earlier session may speak of a history that is gone. One that answers a
 * request without the best receipt, as kept now, leaves the mark: the hub may not know how good it
 * was. What has no bytes any more is never marked. */
static bool stays_marked(const struct receipt_came *came, const struct kept *was,
                         const struct kept *now)
{
    bool is_marked = came->earlier_session;
    if (was->entry.to_offer) {
        uint8_t best[SHA256_BYTES];
        sha256(now->entry.best, best);
        is_marked = is_marked || came->offered_best == NULL ||
                    memcmp(best, came->offered_best, SHA256_BYTES) != 0;
    }
    return is_marked && now->entry.report.size > 0;
}

static enum err kept_from_own(struct txn *txn, const struct receipt_came *came,
                              const struct receipt *receipt, struct arena *arena,
                              struct kept *ret_kept)
{
    struct envelope envelope;
    struct place_view place;
    const struct header *header = &receipt->header;
    struct kept kept = {.entry.vintage = header->vintage, .entry.queued_at_us = came->now_us};
    enum err err = envelope_open(came->envelope, MESSAGE_TOLERANT, arena, &envelope);
    if (err != ERR_OK) {
        return err;
    }
    if (memcmp(envelope.id, header->id, SHA256_BYTES) != 0) {
        return ERR_MALFORMED;
    }
    kept.entry.key = (struct entry_key){
        .type = header->type,
        .frequency = header->frequency,
        .period_end_day = header->period_end_day,
    };
    memcpy(kept.entry.key.institution, header->institution, sizeof header->institution);
    memcpy(kept.entry.id, envelope.id, SHA256_BYTES);
    memcpy(kept.entry.signer, envelope.signer, PUBLIC_KEY_BYTES);
    memcpy(kept.entry.signature, envelope.signature, SIGNATURE_BYTES);
    kept.entry.report = envelope.report;
    if ((err = report_figures_hash(envelope.message, kept.entry.figures)) != ERR_OK ||
        (err = place_look(txn, &kept.entry.key, &place)) != ERR_OK) {
        return err;
    }
    kept.entry.key.number = place.newest_number + 1;
    *ret_kept = kept;
    return ERR_OK;
}

enum err outbox_refused(struct txn *txn, const struct entry_key *key, const char *rule,
                        const char *text, bool may_pass, int64_t now_us)
{
    struct kept was;
    enum err err = rows_load(txn, key, &was);
    if (err != ERR_OK) {
        return err;
    }
    struct kept now = was;
    if (!kept_has_receipt(&was)) {
        now.entry.state = ENTRY_REFUSED; /* what has a receipt keeps it, and stays to be offered */
        now.order = 0;
    }
    now.entry.may_pass = may_pass;
    now.entry.tried_at_us = now_us;
    memset(now.entry.refused_rule, 0, sizeof now.entry.refused_rule);
    memset(now.entry.refused_text, 0, sizeof now.entry.refused_text);
    snprintf(now.entry.refused_rule, sizeof now.entry.refused_rule, "%s", rule);
    snprintf(now.entry.refused_text, sizeof now.entry.refused_text, "%s", text);
    return rows_save(txn, &was, &now);
}

/* ---- marks ---- */

struct marking {
    uint64_t stands_size;
    size_t marked;
};

static enum err mark_step(struct txn *txn, void *context)
{
    struct marking *marking = context;
    AUTO(keys_close) struct keys keys = {0};
    uint8_t from[8];
    put_u64(from, marking->stands_size + 1);
    marking->marked = 0;
    enum err err = keys_gather(txn, OUTBOX_LATEST, bytes_of(from, sizeof from), 8, &keys);
    for (size_t i = 0; err == ERR_OK && i < keys.count; i++) {
        struct kept was;
        err = rows_load(txn, &keys.items[i], &was);
        if (err == ERR_OK && was.entry.report.size > 0) {
            struct kept now = was;
            now.entry.to_offer = true;
            err = rows_save(txn, &was, &now);
            marking->marked++;
        }
    }
    return err;
}

enum err outbox_mark(struct outbox *outbox, uint64_t stands_size, size_t *ret_marked)
{
    struct marking marking = {.stands_size = stands_size};
    enum err err = stands_size == UINT64_MAX ? ERR_OK : outbox_write(outbox, mark_step, &marking);
    if (err == ERR_OK) {
        *ret_marked = marking.marked;
    }
    return err;
}

/* ---- leaving ---- */

static enum err drop_step(struct txn *txn, void *context)
{
    struct kept was;
    enum err err = rows_load(txn, context, &was);
    if (err != ERR_OK) {
        return err;
    }
    return kept_has_receipt(&was) ? ERR_REFUSED : rows_save(txn, &was, NULL);
}

enum err outbox_drop(struct outbox *outbox, const struct entry_key *key)
{
    struct entry_key copy = *key;
    return outbox_write(outbox, drop_step, &copy);
}

struct pruning {
    int64_t before_us;
    size_t pruned;
    struct keys keys;
};

static enum err prune_visit(void *context, const struct entry *entry)
{
    struct pruning *pruning = context;
    if (entry->state != ENTRY_RECEIPTED || entry->to_offer || entry->report.size == 0 ||
        entry->queued_at_us >= pruning->before_us) {
        return ERR_OK;
    }
    return keys_add(&pruning->keys, &entry->key);
}

static enum err prune_step(struct txn *txn, void *context)
{
    struct pruning *pruning = context;
    pruning->pruned = 0;
    pruning->keys.count = 0;
    enum err err = outbox_walk(txn, NULL, prune_visit, pruning);
    for (size_t i = 0; err == ERR_OK && i < pruning->keys.count; i++) {
        struct kept was;
        err = rows_load(txn, &pruning->keys.items[i], &was);
        if (err == ERR_OK && was.best_first_us < pruning->before_us) {
            struct kept now = was;
            now.entry.report = (struct bytes){0};
            err = rows_save(txn, &was, &now);
            pruning->pruned++;
        }
    }
    return err;
}

enum err outbox_prune(struct outbox *outbox, int64_t now_us, size_t *ret_pruned)
{
    struct pruning pruning = {.before_us = now_us - KEPT_FOR_US};
    enum err err = outbox_write(outbox, prune_step, &pruning);
    keys_close(&pruning.keys);
    if (err == ERR_OK) {
        *ret_pruned = pruning.pruned;
    }
    return err;
}

/* ---- the store ---- */

enum err outbox_create(const char *path, struct complaint *complaint)
{
    return env_create(path, outbox_databases, OUTBOX_DATABASES, OUTBOX_MAP_BYTES, complaint);
}

enum err outbox_open(const char *path, struct complaint *complaint, struct outbox **ret_outbox)
{
    AUTO(outbox_close) struct outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL) {
        return ERR_MEMORY;
    }
    enum err err = env_open(path, ENV_SHARED, outbox_databases, OUTBOX_DATABASES, OUTBOX_MAP_BYTES,
                            complaint, &outbox->env);
    if (err == ERR_OK) {
        *ret_outbox = STEAL(outbox);
    }
    return err;
}

void outbox_close(struct outbox **outbox)
{
    struct outbox *gone = STEAL(*outbox);
    if (gone != NULL) {
        env_close(&gone->env);
        free(gone);
    }
}

struct env *outbox_env(struct outbox *outbox)
{
    return outbox->env;
}

enum err outbox_grow(struct outbox *outbox)
{
    uint64_t used = 0;
    uint64_t map = 0;
    uint64_t free_on_disk = 0;
    enum err err = env_space(outbox->env, &used, &map, &free_on_disk);
    if (err != ERR_OK) {
        return err;
    }
    if (free_on_disk < DISK_FLOOR) {
        return ERR_FULL;
    }
    return env_grow(outbox->env, (size_t)map * 2);
}

/* Grown at three quarters already: callers' own transactions then rarely meet a full map. */
static void make_headroom(struct outbox *outbox)
{
    uint64_t used = 0;
    uint64_t map = 0;
    uint64_t free_on_disk = 0;
    if (env_space(outbox->env, &used, &map, &free_on_disk) == ERR_OK && used > map / 4 * 3) {
        enum err err = outbox_grow(outbox);
        (void)err; /* if it is needed, the write says so */
    }
}

enum err outbox_write(struct outbox *outbox, outbox_step step, void *context)
{
    enum err err = ERR_FULL;
    make_headroom(outbox);
    for (int i = 0; err == ERR_FULL && i < GROWTHS_MAX; i++) {
        AUTO(txn_end) struct txn txn = {0};
        if ((err = txn_begin(outbox->env, true, &txn)) == ERR_OK &&
            (err = step(&txn, context)) == ERR_OK) {
            err = txn_commit(&txn);
        }
        err = txn.error != ERR_OK ? txn.error : err;
        txn_end(&txn);
        if (err == ERR_FULL && outbox_grow(outbox) != ERR_OK) {
            break;
        }
    }
    return err;
}

enum err outbox_note_put(struct txn *txn, const char *name, struct bytes value)
{
    return txn_put(txn, OUTBOX_NOTES, bytes_of(name, strlen(name)), value);
}

enum err outbox_note_get(struct txn *txn, const char *name, struct bytes *ret_value)
{
    return txn_get(txn, OUTBOX_NOTES, bytes_of(name, strlen(name)), ret_value);
}
