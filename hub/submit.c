/* The rule for one SUBMIT (DESIGN section 4): authenticate; canonical; then by its place: held,
 * offered again, or judged. */
#include <string.h>

#include "conf/log.h"
#include "hub/current.h"
#include "hub/ingest.h"
#include "proto/envelope.h"
#include "proto/receipt.h"
#include "proto/text.h"

/* What is known of the one being judged. */
struct submission {
    struct ingest *ingest;
    const struct sender *sender;
    const Ihuriro__V1__Submit *message;
    const struct envelope *envelope;
    const struct party *party;
    const struct receipt *receipt; /* NULL: none that counts */
    struct place place;
};

static struct submit_answer answer_to(const struct submission *submission)
{
    return (struct submit_answer){
        .session = bytes_of_pb(submission->message->session),
        .number = submission->message->number,
    };
}

static enum err tell(const struct submission *submission, const struct submit_answer *answer)
{
    return answers_submit(submission->ingest->answers, submission->sender->peer, answer);
}

/* ---- refusals: typed answer, not journaled; who, what and why are kept, never the bytes ---- */

/* No more of a sender's than it has a share of, so that a flood of them costs no commit each turn.
 */
static bool has_named(const struct party *party, const uint8_t key[static PUBLIC_KEY_BYTES])
{
    for (size_t i = 0; i < party->transport_key_count; i++) {
        if (memcmp(party->transport_keys[i].key, key, PUBLIC_KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* Under whose name a refusal is kept: the institution's whose report it is; if the key no longer
 * speaks for that one, still its own; if it never did, the first that the key speaks for. */
static const struct party *refused_party(const struct submission *submission)
{
    if (submission->party != NULL) {
        return submission->party;
    }
    const PbReport *report = submission->envelope->message;
    const struct party *claimed =
        report == NULL
            ? NULL
            : registry_find(writer_registry(submission->ingest->writer), report->institution);
    return claimed != NULL && has_named(claimed, submission->sender->peer->user)
               ? claimed
               : submission->sender->parties[0];
}

static enum err keep_refusal(const struct submission *submission, const char *rule,
                             const char *path)
{
    struct refusal refusal = {.time_us = submission->ingest->now_us};
    const struct party *sender = refused_party(submission);
    uint32_t wait_s = 0;
    enum err err =
        quota_take(submission->ingest->refusals, sender->id, submission->ingest->now_ms, &wait_s);
    if (err != ERR_OK || wait_s > 0) {
        return err;
    }
    memcpy(refusal.sender, sender->id, sizeof refusal.sender);
    memcpy(refusal.id, submission->envelope->id, sizeof refusal.id);
    strncpy(refusal.rule, rule, sizeof refusal.rule - 1);
    if (path != NULL) {
        text_escape(bytes_of(path, strlen(path)), refusal.path, sizeof refusal.path);
    }
    writer_touch(submission->ingest->writer);
    return refusals_put(writer_txn(submission->ingest->writer), &refusal);
}

static enum err refuse(const struct submission *submission, const char *rule, const char *path,
                       const char *text, bool may_pass)
{
    struct submit_answer answer = answer_to(submission);
    answer.rule = rule;
    answer.path = path;
    answer.text = text;
    answer.may_pass = may_pass;
    submission->ingest->counters->refused++;
    submission->ingest->counters->bad_signatures += strcmp(rule, "ENV-03") == 0;
    enum err err = keep_refusal(submission, rule, path);
    return err != ERR_OK ? err : tell(submission, &answer);
}

static enum err retry_later(const struct submission *submission, uint32_t seconds, bool is_hub_wide,
                            const char *text)
{
    struct submit_answer answer = answer_to(submission);
    answer.retry_after_s = seconds;
    answer.is_hub_wide = is_hub_wide;
    answer.institution = submission->party == NULL ? NULL : submission->party->id;
    answer.text = text;
    submission->ingest->counters->retry_later++;
    return tell(submission, &answer);
}

static enum err give_receipt(const struct submission *submission, uint64_t seq)
{
    struct submit_answer answer = answer_to(submission);
    answer.seq = seq;
    return tell(submission, &answer);
}

/* ---- journaling ---- */

static void fill_header(const struct submission *submission, struct header *header)
{
    const PbReport *report = submission->envelope->message;
    header->kind = KIND_REPORT;
    header->type = (uint8_t)report->type;
    header->frequency = (uint8_t)report->period->frequency;
    header->status = (uint8_t)report->status;
    header->period_end_day = report->period->end_day;
    header->vintage = report->vintage;
    memcpy(header->institution, report->institution, strlen(report->institution));
    memcpy(header->id, submission->envelope->id, sizeof header->id);
    memcpy(header->signer, submission->envelope->signer, sizeof header->signer);
    memcpy(header->signature, submission->envelope->signature, sizeof header->signature);
}

/* With the receipt's time, verdict and judgement: a re-offer, or an EARLIER_RECEIPT. */
static enum err journal_as_receipted(const struct submission *submission, enum record_kind kind,
                                     uint64_t *ret_seq)
{
    struct append append = {.judgement = submission->receipt->judgement,
                            .body = submission->envelope->raw};
    fill_header(submission, &append.header);
    append.header.kind = (uint8_t)kind;
    append.header.verdict = submission->receipt->header.verdict;
    append.header.first_received_at_us = submission->receipt->header.first_received_at_us;
    struct header header;
    enum err err = writer_report(submission->ingest->writer, &append, &header);
    if (err == ERR_OK) {
        *ret_seq = header.seq;
    }
    return err;
}

static void count_verdict(struct counters *counters, enum verdict verdict)
{
    counters->accepted += verdict == VERDICT_ACCEPTED;
    counters->warned += verdict == VERDICT_ACCEPTED_WITH_WARNINGS;
    counters->rejected += verdict == VERDICT_REJECTED;
}

static enum err journal_judged(const struct submission *submission)
{
    struct ingest *ingest = submission->ingest;
    struct rules_context context = {
        .settings = writer_settings(ingest->writer),
        .party = submission->party,
        .received_at_us = ingest->now_us,
        .knows_history = true,
        .highest_vintage = submission->place.highest_vintage,
        .highest_since_us = submission->place.highest_since_us,
        .has_final = submission->place.has_final,
    };
    struct findings findings = {.arena = &ingest->words};
    AUTO(buffer_close) struct buffer judgement = {0};
    enum verdict verdict = VERDICT_NONE;
    enum err err = current_beside(writer_txn(ingest->writer), submission->envelope->message,
                                  &ingest->beside, &context);
    if (err == ERR_OK && submission->envelope->message->vintage > VINTAGES_WITHOUT_A_WORD) {
        err = current_silent(writer_txn(ingest->writer), submission->envelope->message,
                             &ingest->beside, &context.silent_vintages);
    }
    err = err != ERR_OK ? err
                        : rules_judge(submission->envelope->message, &context, &findings, &verdict);
    err = err != ERR_OK ? err
                        : judgement_pack(writer_settings_id(ingest->writer), &findings, &judgement);
    if (err != ERR_OK) {
        return err;
    }
    struct append append = {.judgement = buffer_bytes(&judgement),
                            .body = submission->envelope->raw};
    fill_header(submission, &append.header);
    append.header.verdict = (uint8_t)verdict;
    append.header.first_received_at_us = ingest->now_us;
    struct header header;
    err = writer_report(ingest->writer, &append, &header);
    if (err == ERR_OK) {
        count_verdict(ingest->counters, verdict);
        err = give_receipt(submission, header.seq);
    }
    return err;
}

/* ---- the three cases ---- */

/* 1. The id is held: the same receipt again. A genuine receipt that is earlier, or ACCEPTED where
 * what is held is not, counts. */
static enum err take_held(const struct submission *submission)
{
    const struct place *place = &submission->place;
    uint64_t seq = 0;
    if (submission->receipt != NULL) {
        const struct header *shown = &submission->receipt->header;
        bool is_better = shown->first_received_at_us < place->id_first_us ||
                         (verdict_accepts(shown->verdict) && !place->id_is_accepted);
        enum err err =
            is_better ? journal_as_receipted(submission, KIND_EARLIER_RECEIPT, &seq) : ERR_OK;
        if (err != ERR_OK) {
            return err;
        }
    }
    submission->ingest->counters->repeated++;
    return give_receipt(submission, place->seq);
}

/* 2. Not held, with a genuine receipt of this hub: journaled as it was receipted, not judged again.
 */
static enum err take_offered(const struct submission *submission)
{
    uint64_t seq = 0;
    enum err err = journal_as_receipted(submission, KIND_REPORT, &seq);
    if (err != ERR_OK) {
        return err;
    }
    submission->ingest->counters->reoffered++;
    return give_receipt(submission, seq);
}

struct standing_row {
    enum key_standing standing;
    const char *text;
    bool may_pass;
};

static const struct standing_row standings[] = {
    {KEY_UNKNOWN,
     "The hub does not know the key that signed this report. Ask the operator to add it.", true},
    {KEY_NOT_YET, "The key that signed this report is not in force yet.", true},
    {KEY_EXPIRED, "The key that signed this report was replaced more than 30 days ago.", false},
    {KEY_REVOKED, "The key that signed this report was revoked.", false},
};

/* 3. Fresh: the key must be in force, the quota not spent; then judged. */
static enum err take_fresh(const struct submission *submission)
{
    struct ingest *ingest = submission->ingest;
    enum key_standing standing =
        party_signing_key(submission->party, submission->envelope->signer, ingest->now_us);
    for (size_t i = 0; i < sizeof standings / sizeof standings[0]; i++) {
        if (standings[i].standing == standing) {
            return refuse(submission, "ENV-03", "signer", standings[i].text, standings[i].may_pass);
        }
    }
    uint32_t wait_s = 0;
    enum err err = quota_take(ingest->quota, submission->party->id, ingest->now_ms, &wait_s);
    if (err != ERR_OK) {
        return err;
    }
    if (wait_s > 0) {
        return retry_later(
            submission, wait_s, false,
            "More new reports than an institution may send; the rest is taken later.");
    }
    return journal_judged(submission);
}

/* ---- before the cases ---- */

/* A receipt vouches for the key that it names; another must be in force by itself. Otherwise
 * whoever holds the connection could have a stranger's signature journaled. */
static bool vouches(const struct submission *submission, const struct receipt *receipt)
{
    const struct envelope *envelope = submission->envelope;
    return memcmp(receipt->header.signer, envelope->signer, PUBLIC_KEY_BYTES) == 0 ||
           party_signing_key(submission->party, envelope->signer, submission->ingest->now_us) ==
               KEY_GOOD;
}

/* One that names a position outside the history says that history was lost. */
static enum err look_at_receipt(struct submission *submission)
{
    struct ingest *ingest = submission->ingest;
    const struct examined *examined = submission->sender->examined;
    if (!examined->has_receipt) {
        ingest->counters->forged_receipts += submission->message->has_receipt;
        return ERR_OK;
    }
    const struct checkpoint *checkpoint = &examined->receipt.checkpoint;
    submission->receipt = vouches(submission, &examined->receipt) ? &examined->receipt : NULL;
    enum err err = journal_stands(writer_txn(ingest->writer), &checkpoint->position);
    if (err == ERR_LOST) {
        bool is_new = false;
        err = writer_history_lost(ingest->writer, checkpoint, &is_new);
        if (err == ERR_OK && is_new) {
            log_event(LOG_ERROR, "history_lost", "size=%llu",
                      (unsigned long long)checkpoint->position.size);
        }
    }
    return err;
}

/* As with the last record: up to five minutes are bridged (writer_report), more is waited for. */
static bool is_ahead(const struct submission *submission)
{
    return submission->receipt != NULL &&
           submission->receipt->header.first_received_at_us >
               submission->ingest->now_us + CLOCK_BEHIND_MAX_S * INT64_C(1000000);
}

struct unreadable {
    enum err err;
    const char *rule;
    const char *text;
    bool may_pass;
};

static const struct unreadable unreadables[] = {
    {ERR_TOO_LARGE, "ENV-11",
     "The report is larger than 64 KiB, or a text or list in it is too long.", false},
    {ERR_UNSUPPORTED, "ENV-01", "The report is of a newer schema than this hub knows.", true},
    {ERR_MALFORMED, "ENV-01", "The report cannot be read: it is damaged or not in canonical form.",
     false},
};

/* Who and what: refuses all that is not authentic and well-formed. ret_is_done: the sender has its
 * answer. */
static enum err authenticate(struct submission *submission, bool *ret_is_done)
{
    struct ingest *ingest = submission->ingest;
    *ret_is_done = true;
    enum err err = submission->sender->examined->opened;
    for (size_t i = 0; i < sizeof unreadables / sizeof unreadables[0]; i++) {
        if (unreadables[i].err == err) {
            ingest->counters->malformed++;
            return refuse(submission, unreadables[i].rule, "", unreadables[i].text,
                          unreadables[i].may_pass);
        }
    }
    if (err != ERR_OK) {
        return err;
    }
    const PbReport *report = submission->envelope->message;
    submission->party = sender_party(submission->sender, report->institution);
    if (submission->party == NULL) {
        ingest->counters->not_entitled++;
        return refuse(
            submission, "ENV-02", "institution",
            "The hub does not know this institution, or this agent does not speak for it.", true);
    }
    if (!submission->sender->examined->is_signed) {
        return refuse(submission, "ENV-03", "signature",
                      "The signature does not fit the report: it was changed after it was signed.",
                      false);
    }
    struct findings findings = {.arena = &ingest->words};
    err = rules_refuse_received(report, submission->envelope->report.size,
                                writer_settings(ingest->writer), ingest->identity->is_test,
                                &findings);
    if (err == ERR_REFUSED) {
        return refuse(submission, findings.rows[0].rule, findings.rows[0].path,
                      rule_find(findings.rows[0].rule)->summary, false);
    }
    *ret_is_done = false;
    return err;
}

/* What the hub cannot take now, whoever sends it. */
static const char *hub_wide_reason(const struct ingest *ingest)
{
    if (ingest->clock_state != CLOCK_RIGHT) {
        return clock_state_text(ingest->clock_state);
    }
    return ingest->is_short_of_disk ? "the hub's disk is nearly full" : NULL;
}

enum err submit_take(struct ingest *ingest, const struct sender *sender, struct bytes body)
{
    const struct examined *examined = sender->examined;
    struct submission submission = {.ingest = ingest,
                                    .sender = sender,
                                    .message = examined->message,
                                    .envelope = &examined->envelope};
    (void)body; /* taken apart before */
    if (examined->submit != ERR_OK) {
        return ingest_refuse(ingest, sender->peer, "BAD_REQUEST", "SUBMIT cannot be read.");
    }
    if (!examined->is_in_session) {
        return hello_first(ingest, sender->peer);
    }
    ingest->counters->submitted++;
    const char *reason = hub_wide_reason(ingest);
    if (reason != NULL) {
        return retry_later(&submission, 60, true, reason);
    }
    bool is_done = false;
    enum err err = authenticate(&submission, &is_done);
    if (err != ERR_OK || is_done) {
        return err;
    }
    err = look_at_receipt(&submission);
    if (err == ERR_OK && is_ahead(&submission)) {
        return retry_later(&submission, 60, true,
                           "the clock is more than five minutes behind a receipt that this hub "
                           "gave; waiting until it has caught up");
    }
    const PbReport *report = submission.envelope->message;
    err = err != ERR_OK
              ? err
              : reports_place(writer_txn(ingest->writer), (int)report->type,
                              (int)report->period->frequency, report->period->end_day,
                              report->institution, submission.envelope->id, &submission.place);
    if (err != ERR_OK) {
        return err;
    }
    if (submission.place.holds_id) {
        return take_held(&submission);
    }
    return submission.receipt != NULL ? take_offered(&submission) : take_fresh(&submission);
}
