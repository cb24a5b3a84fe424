/* A hub for the session's tests: a journal in memory with a real tree, real checkpoints and real
 * receipts, and the rules of DESIGN section 4, "Hub, for one SUBMIT", as far as the agent can see
 * them. It can be put back to an older state. What it answers is collected in a list, from which a
 * test may take answers away. */
#ifndef IHURIRO_TESTS_UNIT_MFI_SCRIPTED_HUB_H
#define IHURIRO_TESTS_UNIT_MFI_SCRIPTED_HUB_H

#include "tests/unit/mfi/scripted_journal.h"

static inline void hub_say(struct scripted_hub *hub, enum verb verb, const ProtobufCMessage *body)
{
    assert_true(hub->answer_count < HUB_ANSWERS_MAX);
    struct buffer *frame = &hub->answers[hub->answer_count++];
    *frame = (struct buffer){0};
    assert_int_equal(frame_pack(verb, body, frame), ERR_OK);
}

static inline ProtobufCBinaryData hub_session(struct scripted_hub *hub, uint8_t *room)
{
    memcpy(room, hub->tag, HUB_TAG_BYTES);
    put_u64(room + HUB_TAG_BYTES, hub->session_asked);
    return (ProtobufCBinaryData){HUB_SESSION_BYTES, room};
}

static inline void hub_on_hello(struct scripted_hub *hub, const Ihuriro__V1__Hello *hello)
{
    uint8_t session[HUB_SESSION_BYTES];
    uint8_t root[SHA256_BYTES] = {0};
    uint8_t settings[SHA256_BYTES];
    Ihuriro__V1__HelloAnswer answer = IHURIRO__V1__HELLO_ANSWER__INIT;
    Ihuriro__V1__Position stands = IHURIRO__V1__POSITION__INIT;
    hub->hellos++;
    hub->session_asked = ++hub->sessions;
    assert_int_equal(hello->tag.len, HUB_TAG_BYTES);
    memcpy(hub->tag, hello->tag.data, HUB_TAG_BYTES);
    hub->tag[0] ^= hub->spoils_tags ? 1 : 0;
    hub->checkpoints_shown = hello->n_checkpoints;
    stands.root = (ProtobufCBinaryData){sizeof root, root};
    for (size_t i = 0; i < hello->n_checkpoints; i++) {
        struct checkpoint shown;
        assert_int_equal(checkpoint_parse(bytes_of_pb(hello->checkpoints[i]), &shown), ERR_OK);
        if (shown.position.size > stands.size && hub_stands(hub, &shown.position)) {
            stands.size = shown.position.size;
            memcpy(root, shown.position.root.bytes, sizeof root);
        }
    }
    Ihuriro__V1__Held rows[8];
    Ihuriro__V1__Held *held[8];
    size_t count = 0;
    const char *const named[] = {"SACCO-1", "SACCO-2"};
    char names[2][INSTITUTION_ID_MAX + 1];
    for (; count < 2; count++) {
        ihuriro__v1__held__init(&rows[count]);
        snprintf(names[count], sizeof names[count], "%s", named[count]);
        rows[count].institution = names[count];
        for (size_t i = 0; i < hub->count; i++) {
            rows[count].reports += hub->records[i].header.kind == KIND_REPORT &&
                                   strcmp(hub->records[i].header.institution, named[count]) == 0;
        }
        held[count] = &rows[count];
    }
    answer.session = hub_session(hub, session);
    answer.schema_version = SCHEMA_VERSION;
    answer.stands = &stands;
    answer.held = held;
    answer.n_held = count;
    answer.settings = (ProtobufCBinaryData){0, settings};
    if (hub->settings_event.size > 0) {
        sha256(buffer_bytes(&hub->settings_event), settings);
        answer.settings.len = sizeof settings;
    }
    answer.now_us = hub->now_us;
    answer.has_test = true;
    answer.test = hub->is_test;
    answer.has_settle = true;
    answer.settle = hub->asks_to_settle;
    hub_say(hub, VERB_HELLO_ANSWER, &answer.base);
}

static inline uint32_t hub_highest(const struct scripted_hub *hub, const PbReport *report)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < hub->count; i++) {
        const struct header *header = &hub->records[i].header;
        if (strcmp(header->institution, report->institution) == 0 && header->type == report->type &&
            header->period_end_day == report->period->end_day && verdict_accepts(header->verdict) &&
            header->vintage > highest) {
            highest = header->vintage;
        }
    }
    return highest;
}

static inline size_t hub_find(const struct scripted_hub *hub, const uint8_t *id)
{
    for (size_t i = 0; i < hub->count; i++) {
        if (hub->records[i].header.kind == KIND_REPORT &&
            memcmp(hub->records[i].header.id, id, SHA256_BYTES) == 0) {
            return i;
        }
    }
    return HUB_RECORDS_MAX;
}

/* Journals what is new, with the receipt's verdict and time where one came along. */
static inline size_t hub_take(struct scripted_hub *hub, struct bytes raw, struct bytes raw_receipt)
{
    AUTO(arena_close) struct arena arena = {0};
    struct envelope envelope;
    assert_int_equal(envelope_open(raw, MESSAGE_CANONICAL, &arena, &envelope), ERR_OK);
    assert_int_equal(envelope_verify(&envelope), ERR_OK);
    const PbReport *report = envelope.message;
    snprintf(hub->last_period, sizeof hub->last_period, "%s", report->period->key);
    size_t at = hub_find(hub, envelope.id);
    if (at < HUB_RECORDS_MAX) {
        return at;
    }
    struct header header = {.kind = KIND_REPORT,
                            .type = (uint8_t)report->type,
                            .frequency = (uint8_t)report->period->frequency,
                            .status = (uint8_t)report->status,
                            .period_end_day = report->period->end_day,
                            .vintage = report->vintage,
                            .verdict = VERDICT_ACCEPTED,
                            .first_received_at_us = hub->now_us};
    snprintf(header.institution, sizeof header.institution, "%s", report->institution);
    memcpy(header.id, envelope.id, SHA256_BYTES);
    memcpy(header.signer, envelope.signer, PUBLIC_KEY_BYTES);
    memcpy(header.signature, envelope.signature, SIGNATURE_BYTES);
    const char *rule = NULL;
    if (raw_receipt.size > 0) {
        struct receipt receipt;
        assert_int_equal(receipt_open(raw_receipt, &arena, &receipt), ERR_OK);
        assert_int_equal(receipt_verify(&receipt, &hub->identity, envelope.id, NULL), ERR_OK);
        header.verdict = receipt.header.verdict;
        header.first_received_at_us = receipt.header.first_received_at_us;
    } else if (report->vintage != hub_highest(hub, report) + 1) {
        rule = "ENV-04";
    } else if (hub->rejects_period != NULL &&
               strcmp(hub->rejects_period, report->period->key) == 0) {
        rule = "POR-01";
    }
    if (rule != NULL) {
        header.verdict = VERDICT_REJECTED;
    }
    hub_journal(hub, &header, rule, raw);
    return hub->count - 1;
}

static inline void hub_answer(struct scripted_hub *hub, size_t at, Ihuriro__V1__Answer *answer,
                              struct proof *proof)
{
    assert_int_equal(merkle_prove_inclusion(at, hub->count, hub_read_hash, hub, proof), ERR_OK);
    answer->has_header = answer->has_proof = answer->has_judgement = true;
    answer->header = pb_of_bytes(buffer_bytes(&hub->records[at].raw_header));
    answer->proof = pb_of_bytes(proof_bytes(proof));
    answer->judgement = pb_of_bytes(buffer_bytes(&hub->records[at].judgement));
}

/* Answers what was kept back, as one frame under one checkpoint. */
static inline void hub_flush(struct scripted_hub *hub)
{
    static Ihuriro__V1__Answer rows[HUB_RECORDS_MAX];
    static struct proof proofs[HUB_RECORDS_MAX];
    Ihuriro__V1__Answer *list[HUB_RECORDS_MAX];
    AUTO(buffer_close) struct buffer checkpoint = {0};
    uint8_t session[HUB_SESSION_BYTES];
    Ihuriro__V1__Answers answers = IHURIRO__V1__ANSWERS__INIT;
    if (hub->batch_count == 0) {
        return;
    }
    hub_checkpoint(hub, &checkpoint);
    for (size_t i = 0; i < hub->batch_count; i++) {
        ihuriro__v1__answer__init(&rows[i]);
        rows[i].number = hub->batch_numbers[i];
        hub_answer(hub, hub->batch_seqs[i], &rows[i], &proofs[i]);
        list[i] = &rows[i];
    }
    if (hub->spoils_receipts) {
        checkpoint.data[checkpoint.size - 10] ^= 1;
    }
    answers.session = hub_session(hub, session);
    answers.has_checkpoint = true;
    answers.checkpoint = pb_of_bytes(buffer_bytes(&checkpoint));
    answers.answers = list;
    answers.n_answers = hub->batch_count;
    answers.has_now_us = true;
    answers.now_us = hub->now_us;
    hub_say(hub, VERB_ANSWERS, &answers.base);
    hub->batch_count = 0;
}

static inline void hub_say_other(struct scripted_hub *hub, uint64_t number,
                                 Ihuriro__V1__Refused *refused, Ihuriro__V1__RetryLater *later)
{
    uint8_t session[HUB_SESSION_BYTES];
    Ihuriro__V1__Answer answer = IHURIRO__V1__ANSWER__INIT;
    Ihuriro__V1__Answer *list[] = {&answer};
    Ihuriro__V1__Answers answers = IHURIRO__V1__ANSWERS__INIT;
    answer.number = number;
    answer.refused = refused;
    answer.retry_later = later;
    answers.session = hub_session(hub, session);
    answers.answers = list;
    answers.n_answers = 1;
    hub_say(hub, VERB_ANSWERS, &answers.base);
}

static inline void hub_refuse(struct scripted_hub *hub, uint64_t number)
{
    static char rule[] = "ENV-03";
    char text[512];
    Ihuriro__V1__Refused refused = IHURIRO__V1__REFUSED__INIT;
    snprintf(text, sizeof text, "%s",
             hub->refusal_text != NULL ? hub->refusal_text : "The key is not in force.");
    refused.rule = rule;
    refused.text = text;
    refused.has_may_pass = refused.may_pass = true;
    hub_say_other(hub, number, &refused, NULL);
}

static inline void hub_retry(struct scripted_hub *hub, uint64_t number)
{
    Ihuriro__V1__RetryLater later = IHURIRO__V1__RETRY_LATER__INIT;
    later.seconds = hub->retry_seconds;
    later.scope = hub->retry_hub ? IHURIRO__V1__RETRY_LATER__SCOPE__HUB
                                 : IHURIRO__V1__RETRY_LATER__SCOPE__INSTITUTION;
    hub_say_other(hub, number, NULL, &later);
}

static inline bool hub_knows(const struct scripted_hub *hub, ProtobufCBinaryData session)
{
    return session.len == HUB_SESSION_BYTES &&
           get_u64(session.data + HUB_TAG_BYTES) == hub->session_asked && !hub->knows_no_session;
}

static inline void hub_say_hello_first(struct scripted_hub *hub)
{
    Ihuriro__V1__HelloFirst first = IHURIRO__V1__HELLO_FIRST__INIT;
    hub_say(hub, VERB_HELLO_FIRST, &first.base);
}

static inline void hub_on_submit(struct scripted_hub *hub, const Ihuriro__V1__Submit *submit)
{
    hub->submits++;
    hub->offers += submit->has_receipt ? 1 : 0;
    if (!hub_knows(hub, submit->session)) {
        hub_say_hello_first(hub);
    } else if (hub->retry_seconds > 0) {
        hub_retry(hub, submit->number);
    } else if (hub->refuses_everything) {
        hub_refuse(hub, submit->number);
    } else {
        struct bytes receipt =
            submit->has_receipt ? bytes_of_pb(submit->receipt) : (struct bytes){0};
        hub->batch_numbers[hub->batch_count] = submit->number;
        hub->batch_seqs[hub->batch_count++] = hub_take(hub, bytes_of_pb(submit->envelope), receipt);
        if (!hub->batches) {
            hub_flush(hub);
        }
    }
}

/* One report an answer, so that the agent has to go on asking. */
static inline void hub_on_own(struct scripted_hub *hub, const Ihuriro__V1__Own *own)
{
    uint8_t session[HUB_SESSION_BYTES];
    AUTO(buffer_close) struct buffer checkpoint = {0};
    Ihuriro__V1__OwnAnswer answer = IHURIRO__V1__OWN_ANSWER__INIT;
    Ihuriro__V1__OwnReport report = IHURIRO__V1__OWN_REPORT__INIT;
    Ihuriro__V1__OwnReport *list[] = {&report};
    Ihuriro__V1__Answer parts = IHURIRO__V1__ANSWER__INIT;
    struct proof proof;
    hub->owns++;
    size_t at = own->before == 0 ? hub->count : (size_t)own->before - 1;
    while (at > 0 && (hub->records[at - 1].header.kind != KIND_REPORT ||
                      strcmp(hub->records[at - 1].header.institution, own->institution) != 0)) {
        at--;
    }
    hub_checkpoint(hub, &checkpoint);
    answer.session = hub_session(hub, session);
    answer.number = own->number;
    answer.institution = own->institution;
    answer.checkpoint = pb_of_bytes(buffer_bytes(&checkpoint));
    if (at > 0) {
        hub_answer(hub, at - 1, &parts, &proof);
        report.header = parts.header;
        report.proof = parts.proof;
        report.judgement = parts.judgement;
        report.envelope = pb_of_bytes(buffer_bytes(&hub->records[at - 1].body));
        answer.reports = list;
        answer.n_reports = 1;
        answer.next =
            hub->records[at - 1].header.previous_seq > 0 ? hub->records[at - 1].header.seq : 0;
    }
    hub_say(hub, VERB_OWN_ANSWER, &answer.base);
}

/* The event in pages of 100 bytes; no other settings are there, and nothing behind their end. */
static inline void hub_on_get_settings(struct scripted_hub *hub,
                                       const Ihuriro__V1__GetSettings *get)
{
    AUTO(buffer_close) struct buffer checkpoint = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    Ihuriro__V1__SettingsPage page = IHURIRO__V1__SETTINGS_PAGE__INIT;
    struct proof proof;
    uint8_t id[SHA256_BYTES];
    sha256(buffer_bytes(&hub->settings_event), id);
    size_t at = 0;
    while (at < hub->count && memcmp(hub->records[at].header.id, id, SHA256_BYTES) != 0) {
        at++;
    }
    if (!bytes_equal(bytes_of_pb(get->id), bytes_of(id, SHA256_BYTES)) || at == hub->count ||
        get->offset > hub->settings_event.size) {
        static char rule[] = "NOT_FOUND";
        Ihuriro__V1__Refused refused = IHURIRO__V1__REFUSED__INIT;
        refused.rule = rule;
        hub_say(hub, VERB_REFUSED, &refused.base);
        return;
    }
    hub_checkpoint(hub, &checkpoint);
    assert_int_equal(merkle_prove_inclusion(at, hub->count, hub_read_hash, hub, &proof), ERR_OK);
    assert_int_equal(receipt_pack(buffer_bytes(&hub->records[at].raw_header), proof_bytes(&proof),
                                  buffer_bytes(&checkpoint),
                                  buffer_bytes(&hub->records[at].judgement), &receipt),
                     ERR_OK);
    size_t left = hub->settings_event.size - get->offset;
    page.receipt = pb_of_bytes(buffer_bytes(&receipt));
    page.page =
        pb_of_bytes(bytes_of(hub->settings_event.data + get->offset, left < 100 ? left : 100));
    page.total = (uint32_t)hub->settings_event.size;
    page.offset = get->offset;
    hub_say(hub, VERB_SETTINGS_PAGE, &page.base);
}

static inline void hub_on_get_owed(struct scripted_hub *hub, const Ihuriro__V1__GetOwed *get)
{
    uint8_t session[HUB_SESSION_BYTES];
    static char rule[] = "BAD_REQUEST";
    Ihuriro__V1__Refused refused = IHURIRO__V1__REFUSED__INIT;
    Ihuriro__V1__RetryLater later = IHURIRO__V1__RETRY_LATER__INIT;
    Ihuriro__V1__Owed owed = IHURIRO__V1__OWED__INIT;
    hub->owed_asked++;
    if (!hub_knows(hub, get->session)) {
        hub_say_hello_first(hub);
    } else if (hub->knows_no_owed) {
        refused.rule = rule;
        hub_say(hub, VERB_REFUSED, &refused.base);
    } else if (hub->owed_later_s > 0) {
        later.seconds = hub->owed_later_s;
        later.scope = IHURIRO__V1__RETRY_LATER__SCOPE__INSTITUTION;
        later.institution = get->institution;
        hub_say(hub, VERB_RETRY_LATER, &later.base);
    } else {
        owed.session = hub_session(hub, session);
        owed.number = get->number;
        owed.institution = get->institution;
        owed.now_us = hub->now_us;
        owed.orders = hub->orders;
        owed.n_orders = get->offset == 0 ? hub->order_count : 0;
        owed.rows = &hub->owed[get->offset];
        owed.n_rows = get->offset < hub->owed_count ? 1 : 0;
        owed.has_next = get->offset + 1 < hub->owed_count;
        owed.next = get->offset + (hub->owed_has_no_end ? 0 : 1);
        hub_say(hub, VERB_OWED, &owed.base);
    }
}

/* A SETTINGS event in force from here on. */
static inline void hub_set_settings(struct scripted_hub *hub, const char *version)
{
    static char country[] = "rw";
    char text[64];
    uint8_t nonce[16] = {1};
    Ihuriro__V1__Settings settings = IHURIRO__V1__SETTINGS__INIT;
    Ihuriro__V1__Event event = IHURIRO__V1__EVENT__INIT;
    snprintf(text, sizeof text, "%s", version);
    settings.format = 1;
    settings.country = country;
    settings.version = text;
    event.time_us = hub->now_us;
    event.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    event.settings = &settings;
    char *patterns[20];
    char pattern[] = "2507[0-9]{8}";
    for (size_t i = 0; i < 20; i++) {
        patterns[i] = pattern;
    }
    settings.private_patterns = patterns;
    settings.n_private_patterns = 20;
    buffer_clear(&hub->settings_event);
    assert_int_equal(message_pack(&event.base, &hub->settings_event), ERR_OK);
    struct header header = {.kind = KIND_SETTINGS, .first_received_at_us = hub->now_us};
    sha256(buffer_bytes(&hub->settings_event), header.id);
    hub_journal(hub, &header, NULL, buffer_bytes(&hub->settings_event));
}

static inline void hub_note(struct scripted_hub *hub, char what)
{
    size_t size = strlen(hub->order);
    if (size + 1 < sizeof hub->order) {
        hub->order[size] = what;
        hub->order[size + 1] = '\0';
    }
}

static inline void hub_hear(struct scripted_hub *hub, struct bytes frame)
{
    AUTO(arena_close) struct arena arena = {0};
    int verb = 0;
    struct bytes body = {0};
    const ProtobufCMessage *message = NULL;
    assert_int_equal(frame_open(frame, &verb, &body), ERR_OK);
    assert_int_equal(message_unpack(verb_body(verb), MESSAGE_CANONICAL, body, &arena, &message),
                     ERR_OK);
    hub->now_us += 1000;
    if (verb == VERB_HELLO) {
        hub_note(hub, 'H');
        hub_on_hello(hub, (const Ihuriro__V1__Hello *)message);
    } else if (verb == VERB_SUBMIT) {
        hub_note(hub, ((const Ihuriro__V1__Submit *)message)->has_receipt ? 'O' : 'S');
        hub_on_submit(hub, (const Ihuriro__V1__Submit *)message);
    } else if (verb == VERB_OWN) {
        hub_note(hub, 'W');
        hub_on_own(hub, (const Ihuriro__V1__Own *)message);
    } else if (verb == VERB_GET_SETTINGS) {
        hub_on_get_settings(hub, (const Ihuriro__V1__GetSettings *)message);
    } else if (verb == VERB_GET_OWED) {
        hub_on_get_owed(hub, (const Ihuriro__V1__GetOwed *)message);
    } else {
        assert_int_equal(verb, VERB_SETTLED);
        hub->settled += ((const Ihuriro__V1__Settled *)message)->n_institutions;
    }
}

#endif
