#include "hub/ingest.h"

#include <sodium.h>
#include <string.h>

#include "conf/log.h"
#include "hub/disk_floor.h"

enum err ingest_begin(struct ingest *ingest, int64_t now_us, int64_t now_ms,
                      enum clock_state clock_state)
{
    enum err err = writer_begin(ingest->writer, now_us);
    if (err != ERR_OK) {
        return err;
    }
    answers_clear(ingest->answers);
    /* Never before the last record: whatever is judged in this turn is received then. */
    int64_t last_us = writer_last_received_us(ingest->writer);
    ingest->now_us = now_us > last_us ? now_us : last_us;
    ingest->now_ms = now_ms;
    ingest->clock_state = clock_state;
    ingest->is_short_of_disk = disk_is_short(writer_txn(ingest->writer), ingest->disk_floor_mb);
    return ERR_OK;
}

/* ---- sessions: a MAC over routing id, transport key and tag; the hub stores nothing ---- */

static void session_mac(const struct ingest *ingest, const struct peer *peer,
                        const uint8_t tag[static SESSION_TAG_BYTES],
                        uint8_t ret_mac[static SESSION_MAC_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, ingest->session_key, sizeof ingest->session_key,
                            SESSION_MAC_BYTES);
    crypto_generichash_update(&state, &peer->routing_id_size, 1);
    crypto_generichash_update(&state, peer->routing_id, peer->routing_id_size);
    crypto_generichash_update(&state, peer->user, sizeof peer->user);
    crypto_generichash_update(&state, tag, SESSION_TAG_BYTES);
    crypto_generichash_final(&state, ret_mac, SESSION_MAC_BYTES);
}

bool session_is_good(const struct ingest *ingest, const struct peer *peer, struct bytes session)
{
    uint8_t mac[SESSION_MAC_BYTES];
    if (session.size != SESSION_BYTES) {
        return false;
    }
    session_mac(ingest, peer, session.data, mac);
    return sodium_memcmp(mac, session.data + SESSION_TAG_BYTES, SESSION_MAC_BYTES) == 0;
}

enum err hello_first(struct ingest *ingest, const struct peer *peer)
{
    Ihuriro__V1__HelloFirst message = IHURIRO__V1__HELLO_FIRST__INIT;
    message.has_now_us = 1;
    message.now_us = ingest->now_us;
    ingest->counters->hello_first++;
    return answers_frame(ingest->answers, peer, VERB_HELLO_FIRST, &message.base);
}

enum err ingest_refuse(struct ingest *ingest, const struct peer *peer, const char *rule,
                       const char *text)
{
    Ihuriro__V1__Refused message = IHURIRO__V1__REFUSED__INIT;
    message.rule = (char *)(uintptr_t)rule; /* packed only */
    message.text = (char *)(uintptr_t)text;
    message.has_now_us = 1;
    message.now_us = ingest->now_us;
    counters_refused(ingest->counters, rule);
    return answers_frame(ingest->answers, peer, VERB_REFUSED, &message.base);
}

/* Near the disk floor no session begins: what it may show, a loss of history, could not be
 * declared.
 */
static enum err hello_later(struct ingest *ingest, const struct peer *peer)
{
    Ihuriro__V1__RetryLater message = IHURIRO__V1__RETRY_LATER__INIT;
    message.seconds = 60;
    message.scope = IHURIRO__V1__RETRY_LATER__SCOPE__HUB;
    message.text = (char *)(uintptr_t) "the hub's disk is nearly full"; /* packed only */
    ingest->counters->retry_later++;
    return answers_frame(ingest->answers, peer, VERB_RETRY_LATER, &message.base);
}

/* A bureau speaks for hundreds: the row is found by its id, and then looked for among the sender's.
 */
const struct party *sender_party(const struct sender *sender, const char *institution)
{
    const struct party *party = registry_find(sender->registry, institution);
    if (party == NULL || party->role != ROLE_MEMBER) {
        return NULL;
    }
    for (size_t i = 0; i < sender->party_count; i++) {
        if (sender->parties[i] == party) {
            return party;
        }
    }
    return NULL;
}

/* ---- hello ---- */

/* The newest of the shown checkpoints that stands; of those that do not, only the highest is
 * verified. */
static enum err find_standing(struct ingest *ingest, const Ihuriro__V1__Hello *hello,
                              struct position *ret_stands)
{
    struct position stands = {0};
    struct checkpoint lost = {0};
    merkle_empty(&stands.root);
    for (size_t i = 0; i < hello->n_checkpoints; i++) {
        struct checkpoint shown;
        if (checkpoint_parse(bytes_of_pb(hello->checkpoints[i]), &shown) != ERR_OK) {
            continue;
        }
        enum err err = journal_stands(writer_txn(ingest->writer), &shown.position);
        if (err == ERR_OK && shown.position.size > stands.size) {
            stands = shown.position;
        } else if (err == ERR_LOST && shown.position.size >= lost.position.size) {
            lost = shown;
        } else if (err != ERR_OK && err != ERR_LOST) {
            return err;
        }
    }
    if (lost.position.size > 0 && checkpoint_verify(&lost, ingest->identity) == ERR_OK) {
        bool is_new = false;
        enum err err = writer_history_lost(ingest->writer, &lost, &is_new);
        if (err != ERR_OK) {
            return err;
        }
        if (is_new) {
            log_event(
                LOG_ERROR, "history_lost",
                "size=%llu text=\"an agent holds a receipt that this journal does not know: an "
                "older copy of the disk was put back; agents offer again what is missing\"",
                (unsigned long long)lost.position.size);
        }
    }
    *ret_stands = stands;
    return ERR_OK;
}

static enum err fill_held(struct ingest *ingest, const struct sender *sender,
                          Ihuriro__V1__HelloAnswer *answer)
{
    Ihuriro__V1__Held *rows =
        arena_take(&ingest->words, sender->party_count * (sizeof *rows + sizeof rows) + 1);
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    Ihuriro__V1__Held **row_pointers = (void *)(rows + sender->party_count);
    for (size_t i = 0; i < sender->party_count; i++) {
        uint64_t last = 0;
        bool is_missing = false;
        if (sender->parties[i]->role != ROLE_MEMBER) {
            continue;
        }
        Ihuriro__V1__Held *row = &rows[answer->n_held];
        *row = (Ihuriro__V1__Held)IHURIRO__V1__HELD__INIT;
        row->institution = (char *)(uintptr_t)sender->parties[i]->id; /* packed only */
        enum err err =
            owners_get(writer_txn(ingest->writer), row->institution, &row->reports, &last);
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
        err =
            err != ERR_OK ? err : writer_is_missing(ingest->writer, row->institution, &is_missing);
        if (err != ERR_OK) {
            return err;
        }
        row_pointers[answer->n_held++] = row;
        answer->has_settle = 1;
        answer->settle = answer->settle || is_missing;
    }
    answer->held = row_pointers;
    return ERR_OK;
}

enum err hello_take(struct ingest *ingest, const struct sender *sender, struct bytes body)
{
    const Ihuriro__V1__Hello *hello = NULL;
    enum err err = MESSAGE_UNPACK(hello, MESSAGE_TOLERANT, body, &ingest->arena, &hello);
    if (err != ERR_OK || hello->tag.len != SESSION_TAG_BYTES ||
        hello->n_checkpoints > HELLO_CHECKPOINTS_MAX) {
        return ingest_refuse(ingest, sender->peer, "BAD_REQUEST",
                             "The hello cannot be read, or shows more than 32 checkpoints.");
    }
    if ((hello->has_test && hello->test) != ingest->identity->is_test) {
        return ingest_refuse(ingest, sender->peer, "ENV-13",
                             ingest->identity->is_test
                                 ? "This is a test hub; the agent is not set to `test = true`."
                                 : "This is a real hub; the agent is set to `test = true`.");
    }
    if (sender->party_count > INSTITUTIONS_PER_KEY_MAX) {
        return ingest_refuse(ingest, sender->peer, "BAD_REQUEST",
                             "Too many institutions for one transport key; use two.");
    }
    if (ingest->is_short_of_disk) {
        return hello_later(ingest, sender->peer);
    }
    struct position stands;
    Ihuriro__V1__HelloAnswer answer = IHURIRO__V1__HELLO_ANSWER__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    uint8_t session[SESSION_BYTES];
    err = find_standing(ingest, hello, &stands);
    err = err != ERR_OK ? err : fill_held(ingest, sender, &answer);
    if (err != ERR_OK) {
        return err;
    }
    memcpy(session, hello->tag.data, SESSION_TAG_BYTES);
    session_mac(ingest, sender->peer, session, session + SESSION_TAG_BYTES);
    position.size = stands.size;
    position.root = pb_of_bytes(bytes_of(stands.root.bytes, sizeof stands.root.bytes));
    answer.session = pb_of_bytes(bytes_of(session, sizeof session));
    answer.schema_version = SCHEMA_VERSION;
    answer.stands = &position;
    answer.settings = pb_of_bytes(bytes_of(writer_settings_id(ingest->writer), SHA256_BYTES));
    answer.now_us = ingest->now_us;
    answer.has_test = 1;
    answer.test = ingest->identity->is_test;
    return answers_frame(ingest->answers, sender->peer, VERB_HELLO_ANSWER, &answer.base);
}

enum err settled_take(struct ingest *ingest, const struct sender *sender, struct bytes body)
{
    const Ihuriro__V1__Settled *settled = NULL;
    enum err err = MESSAGE_UNPACK(settled, MESSAGE_TOLERANT, body, &ingest->arena, &settled);
    if (err != ERR_OK) {
        return ingest_refuse(ingest, sender->peer, "BAD_REQUEST", "SETTLED cannot be read.");
    }
    if (!session_is_good(ingest, sender->peer, bytes_of_pb(settled->session))) {
        return hello_first(ingest, sender->peer);
    }
    if (settled->n_institutions > INSTITUTIONS_PER_KEY_MAX) {
        return ingest_refuse(ingest, sender->peer, "BAD_REQUEST",
                             "SETTLED names more institutions than a key may speak for.");
    }
    /* What is not written down is asked for again. */
    for (size_t i = 0; i < settled->n_institutions && !ingest->is_short_of_disk; i++) {
        bool is_missing = false;
        if (sender_party(sender, settled->institutions[i]) == NULL) {
            ingest->counters->not_entitled++; /* SETTLED has no answer */
            continue;
        }
        err = writer_is_missing(ingest->writer, settled->institutions[i], &is_missing);
        if (err == ERR_OK && is_missing) {
            err = writer_back(ingest->writer, settled->institutions[i]);
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

enum err own_take(struct ingest *ingest, const struct sender *sender, struct bytes body)
{
    const Ihuriro__V1__Own *own = NULL;
    enum err err = MESSAGE_UNPACK(own, MESSAGE_TOLERANT, body, &ingest->arena, &own);
    if (err != ERR_OK) {
        return ingest_refuse(ingest, sender->peer, "BAD_REQUEST", "OWN cannot be read.");
    }
    if (!session_is_good(ingest, sender->peer, bytes_of_pb(own->session))) {
        return hello_first(ingest, sender->peer);
    }
    if (sender_party(sender, own->institution) == NULL) {
        return ingest_refuse(ingest, sender->peer, "NOT_ENTITLED",
                             "This key does not speak for that institution.");
    }
    return answers_own(ingest->answers, sender->peer, bytes_of_pb(own->session), own->number,
                       own->institution, own->before);
}

/* ---- messages ---- */

static enum err settings_take(struct ingest *ingest, const struct sender *sender, struct bytes body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    enum err err = settings_answer(writer_txn(ingest->writer), ingest->counters, body, &frame);
    return err != ERR_OK ? err : answers_raw(ingest->answers, sender->peer, buffer_bytes(&frame));
}

struct verb_row {
    int verb;
    enum err (*take)(struct ingest *ingest, const struct sender *sender, struct bytes body);
};

static const struct verb_row verbs[] = {
    {VERB_SUBMIT, submit_take},   {VERB_HELLO, hello_take},           {VERB_OWN, own_take},
    {VERB_SETTLED, settled_take}, {VERB_GET_SETTINGS, settings_take}, {VERB_GET_OWED, owed_take},
};

/* Whose key it is, is asked of the registry as it is now: a revoked one is refused from the next
 * message on, also if that was examined before. */
static enum err take(struct ingest *ingest, const struct peer *peer,
                     const struct examined *examined)
{
    const struct registry *registry = writer_registry(ingest->writer);
    struct sender sender = {.peer = peer, .examined = examined, .registry = registry};
    arena_reset(&ingest->words);
    arena_reset(&ingest->beside);
    ingest->beside.budget = (size_t)8 * UNPACK_BUDGET; /* four reports that spent all of theirs */
    enum err err = registry_by_transport(registry, peer->user, ingest->now_us, &sender.parties,
                                         &sender.party_count);
    if (err != ERR_OK) {
        return err;
    }
    bool has_member = false;
    for (size_t i = 0; i < sender.party_count && !has_member; i++) {
        has_member = sender.parties[i]->role == ROLE_MEMBER;
    }
    if (!has_member) {
        ingest->counters->not_entitled++;
        return ingest_refuse(
            ingest, peer, "NOT_ENTITLED",
            "This transport key is not in force for any institution (any more). Ask "
            "the hub's operator.");
    }
    err = examined->frame;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0] && err == ERR_OK; i++) {
        if (verbs[i].verb == examined->verb) {
            return verbs[i].take(ingest, &sender, examined->body);
        }
    }
    ingest->counters->malformed++;
    return ingest_refuse(ingest, peer, err == ERR_UNSUPPORTED ? "UNSUPPORTED" : "BAD_REQUEST",
                         "This frame is of no verb that the ingest door knows.");
}

enum err ingest_message(struct ingest *ingest, const struct peer *peer, struct bytes frame)
{
    struct examined examined;
    arena_reset(&ingest->arena);
    examine(ingest, peer, frame, &ingest->arena, &examined);
    return take(ingest, peer, &examined);
}

enum err ingest_examined(struct ingest *ingest, const struct peer *peer,
                         const struct examined *examined)
{
    arena_reset(&ingest->arena);
    return take(ingest, peer, examined);
}

enum err ingest_end(struct ingest *ingest, const struct checkpoint **ret_checkpoint)
{
    enum err err = writer_seal(ingest->writer, ret_checkpoint);
    err = err != ERR_OK ? err
                        : answers_build(ingest->answers, writer_txn(ingest->writer),
                                        *ret_checkpoint, ingest->now_us);
    if (err != ERR_OK) {
        writer_abort(ingest->writer);
        return err;
    }
    if (!writer_has_written(ingest->writer)) {
        writer_abort(ingest->writer);
        return ERR_OK;
    }
    err = writer_commit(ingest->writer);
    ingest->counters->commits += err == ERR_OK;
    return err;
}
