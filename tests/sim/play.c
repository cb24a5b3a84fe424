#include "tests/sim/play.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "agents/mfi/link.h"
#include "agents/mfi/platform.h"
#include "conf/clock.h"
#include "conf/hub_pub.h"
#include "conf/terminal.h"
#include "tests/sim/admin.h"
#include "tests/sim/calendar.h"
#include "tests/sim/raw.h"

#define SILENCE_MS       60000
#define MISMATCHES_SHOWN 40
#define PATH_BYTES       1024

struct player {
    const struct sector *sector;
    const struct play_options *options;
    struct complaint *complaint;
    struct hub_identity hub;
    struct transport_key *transport_key;
    struct signing_key *keys[MEMBERS_MAX];
    const char *institutions[MEMBERS_MAX];
    struct outbox *outbox;
    struct admin *admin;
    struct link *link;
    struct session *session;
    void *raw_context;
    struct raw *raw; /* made when the first unusual submission comes */
    struct raw_answer raw_answer;
    bool has_raw_answer;
    bool has_merged;
    struct play_sums sums;
};

static enum err open_player(struct player *player);
static void close_player(struct player *player);
static enum err enrol(struct player *player);
static enum err merge_when_due(struct player *player, int64_t time_us);
static enum err play_day(struct player *player, size_t from, size_t to);

enum err play(const struct sector *sector, const struct play_options *options,
              struct complaint *complaint, struct play_sums *ret_sums)
{
    struct player player = {.sector = sector, .options = options, .complaint = complaint};
    struct progress progress;
    enum err err = open_player(&player);
    err = err == ERR_OK && options->enrols ? enrol(&player) : err;
    progress_begin(&progress, "Playing reports");
    for (size_t from = 0; err == ERR_OK && from < sector->count;) {
        size_t to = from;
        while (to < sector->count &&
               sector->submissions[to].sent_at_us == sector->submissions[from].sent_at_us) {
            to++;
        }
        err = merge_when_due(&player, sector->submissions[from].sent_at_us);
        err = err != ERR_OK ? err : play_day(&player, from, to);
        progress_step(&progress, to, sector->count);
        from = to;
    }
    progress_end(&progress);
    close_player(&player);
    if (err == ERR_OK) {
        *ret_sums = player.sums;
    }
    return err;
}

/* Who takes others over in these months; NULL: nobody. */
static const struct member *merger_of(const struct sector *sector)
{
    for (size_t i = 0; i < sector->member_count; i++) {
        if (sector->members[i].persona == PERSONA_MERGER) {
            return &sector->members[i];
        }
    }
    return NULL;
}

/* The act, on the first day of it. */
static enum err merge_when_due(struct player *player, int64_t time_us)
{
    const struct sector *sector = player->sector;
    const struct member *merger = merger_of(sector);
    const char *ids[MEMBERS_MAX];
    size_t count = 0;
    if (!player->options->enrols || player->has_merged || merger == NULL ||
        time_us < send_at_us(merger->valid_from_day)) {
        return ERR_OK;
    }
    for (size_t i = 0; i < sector->member_count; i++) {
        if (member_merges(&sector->members[i])) {
            ids[count++] = sector->members[i].id;
        }
    }
    player->has_merged = true;
    enum err err = admin_set_time(player->admin, time_us, player->complaint);
    return err != ERR_OK ? err
                         : admin_merge(player->admin, merger->id, ids, count,
                                       merger->valid_from_day, player->complaint);
}

/* The first month begins, and the members are there before its end. Who merges is a member like
 * others until the act says so. */
static enum err enrol(struct player *player)
{
    const struct sector *sector = player->sector;
    AUTO(free_p) struct enrolment *enrolments = calloc(sector->member_count, sizeof(*enrolments));
    int32_t start = month_period(sector->options.first_month).start_day;
    enum err err = enrolments == NULL
                       ? ERR_MEMORY
                       : admin_set_time(player->admin, send_at_us(start), player->complaint);
    for (size_t i = 0; err == ERR_OK && i < sector->member_count; i++) {
        const struct member *member = &sector->members[i];
        const bool ends = member->valid_to_day != INT32_MAX && merger_of(sector) == NULL;
        enrolments[i] = (struct enrolment){
            .id = member->id,
            .name = member->name,
            .role = ROLE_MEMBER,
            .category = category_traits[member->category].code,
            .district = member->district,
            .shares = member->shares,
            .valid_from_day = member->valid_from_day,
            .has_valid_to = ends,
            .valid_to_day = member->valid_to_day,
            .reports_from_day = member->valid_from_day > start ? member->valid_from_day : start,
            .has_signing_key = true};
        memcpy(enrolments[i].signing_key, signing_key_public(player->keys[i]), PUBLIC_KEY_BYTES);
        memcpy(enrolments[i].transport_key, transport_key_public(player->transport_key),
               PUBLIC_KEY_BYTES);
    }
    return err != ERR_OK
               ? err
               : admin_enrol(player->admin, enrolments, sector->member_count, player->complaint);
}

/* ---- making ready ---- */

static void on_news(void *context, const struct session_news *news)
{
    struct player *player = context;
    if (news->kind == NEWS_RECEIPT) {
        player->sums.receipts++;
    }
    if (news->kind == NEWS_TROUBLE || news->kind == NEWS_RETRY_LATER) {
        fprintf(stderr, "mfi-sim sector: %s\n", news->text);
    }
}

static const struct signing_key *key_of(void *context, const char *institution)
{
    const struct player *player = context;
    for (size_t i = 0; i < player->sector->member_count; i++) {
        if (strcmp(player->institutions[i], institution) == 0) {
            return player->keys[i];
        }
    }
    return NULL;
}

static enum err open_keys(struct player *player)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/transport.key", player->options->folder);
    enum err err = ERR_OK;
    if (access(path, F_OK) == 0) {
        err = transport_key_read(path, player->complaint, &player->transport_key);
    } else {
        err = transport_key_make(&player->transport_key);
        err = err != ERR_OK ? err
                            : transport_key_write(player->transport_key, path, player->complaint);
    }
    for (size_t i = 0; err == ERR_OK && i < player->sector->member_count; i++) {
        player->institutions[i] = player->sector->members[i].id;
        err = member_key(&player->sector->options, &player->sector->members[i], &player->keys[i]);
    }
    return err;
}

static enum err open_store(struct player *player)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/store", player->options->folder);
    enum err err = ERR_OK;
    if (access(path, F_OK) != 0) {
        err = outbox_create(path, player->complaint);
    }
    return err != ERR_OK ? err : outbox_open(path, player->complaint, &player->outbox);
}

static enum err open_session(struct player *player)
{
    struct session_time now = {clock_monotonic_ms(), clock_wall_us()};
    struct session_options options = {.outbox = player->outbox,
                                      .hub = &player->hub,
                                      .institutions = player->institutions,
                                      .institution_count = player->sector->member_count,
                                      .key_of = key_of,
                                      .keys = player,
                                      .is_test = true,
                                      .stays = true,
                                      .random = platform_random,
                                      .tell = on_news,
                                      .tell_context = player};
    struct link_options link = {.endpoint = player->options->ingest,
                                .key = player->transport_key,
                                .server = player->hub.transport};
    enum err err = link_open(&link, player->complaint, &player->link);
    return err != ERR_OK ? err : session_open(&options, now, &player->session);
}

static enum err open_player(struct player *player)
{
    const struct play_options *options = player->options;
    struct complaint *complaint = player->complaint;
    enum err err = hub_pub_read(options->hub, complaint, &player->hub);
    if (err == ERR_OK && !player->hub.is_test) {
        return complain(complaint, ERR_CONFIG,
                        "%s is of a real hub. A sector is played only at a test hub: make one with "
                        "`mfi-hub init --test`.",
                        options->hub);
    }
    if (strlen(options->folder) + 32 > PATH_BYTES) {
        return complain(complaint, ERR_TOO_LARGE, "The path of the agent's folder is too long.");
    }
    if (err == ERR_OK && mkdir(options->folder, 0700) != 0 && errno != EEXIST) {
        return complain(complaint, ERR_IO, "The folder %s cannot be made: %s.", options->folder,
                        strerror(errno));
    }
    err = err != ERR_OK ? err : open_keys(player);
    err = err != ERR_OK ? err : open_store(player);
    err = err != ERR_OK ? err : admin_open(options->admin, complaint, &player->admin);
    return err != ERR_OK ? err : open_session(player);
}

static void close_player(struct player *player)
{
    session_close(&player->session);
    link_close(&player->link);
    raw_close(&player->raw);
    if (player->raw_context != NULL) {
        zmq_ctx_term(player->raw_context);
    }
    admin_close(&player->admin);
    outbox_close(&player->outbox);
    transport_key_close(&player->transport_key);
    for (size_t i = 0; i < MEMBERS_MAX; i++) {
        signing_key_close(&player->keys[i]);
    }
}

/* ---- one day ---- */

static bool is_unusual(const struct submission *submission)
{
    return submission->mistake == MISTAKE_SIGNATURE || submission->mistake == MISTAKE_TWICE;
}

/* ERR_NOT_FOUND: the agent's store does not hold it yet. */
static enum err find_entry(struct player *player, const struct submission *submission,
                           struct txn *txn, struct entry *ret_entry)
{
    uint8_t id[SHA256_BYTES];
    report_id(submission_report(player->sector, submission), id);
    enum err err = txn_begin(outbox_env(player->outbox), false, txn);
    return err != ERR_OK ? err : outbox_find(txn, id, ret_entry);
}

static enum err queue(struct player *player, const struct submission *submission)
{
    AUTO(arena_close) struct arena arena = {0};
    PbReport *report = NULL;
    enum queued queued = QUEUED_NEW;
    struct entry_key key;
    {
        AUTO(txn_end) struct txn txn = {0};
        struct entry entry;
        enum err err = find_entry(player, submission, &txn, &entry);
        if (err != ERR_NOT_FOUND) {
            return err;
        }
    }
    enum err err = MESSAGE_UNPACK(report, MESSAGE_CANONICAL,
                                  submission_report(player->sector, submission), &arena, &report);
    err = err != ERR_OK ? err
                        : outbox_queue(player->outbox, report, player->keys[submission->member],
                                       submission->sent_at_us, &queued, &key);
    if (err != ERR_OK) {
        return complain(player->complaint, err, "A report cannot be queued: %s.", err_text(err));
    }
    player->sums.sent += queued == QUEUED_NEW ? 1 : 0;
    return ERR_OK;
}

/* Until the session has nothing left to send or to hear. */
static enum err drain(struct player *player)
{
    uint64_t heard = player->sums.receipts;
    int64_t heard_ms = clock_monotonic_ms();
    link_wake(player->link);
    do {
        if (link_turn(player->link, player->session, 20, -1) != ERR_OK) {
            return complain(player->complaint, ERR_NETWORK, "The connection to the hub fails.");
        }
        if (player->sums.receipts != heard) {
            heard = player->sums.receipts;
            heard_ms = clock_monotonic_ms();
        }
        if (clock_monotonic_ms() - heard_ms > SILENCE_MS) {
            return complain(player->complaint, ERR_TIMEOUT,
                            "The hub gave no receipt for a minute; look at its log. Started again "
                            "with the same options, this goes on where it was.");
        }
    } while (!session_is_idle(player->session));
    return ERR_OK;
}

static void take_raw(void *context, const struct raw_answer *answer)
{
    struct player *player = context;
    player->raw_answer = *answer;
    player->has_raw_answer = true;
}

/* Waits for a greeting, or for the one answer. */
static enum err wait_raw(struct player *player, bool for_answer)
{
    int64_t until_ms = clock_monotonic_ms() + SILENCE_MS;
    player->has_raw_answer = false;
    while (for_answer ? !player->has_raw_answer : !raw_is_greeted(player->raw)) {
        zmq_pollitem_t item = {.socket = raw_socket(player->raw), .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, 100) < 0 && zmq_errno() != EINTR) {
            return ERR_NETWORK;
        }
        enum err err = raw_receive(player->raw, take_raw, player, player->complaint);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
        if (clock_monotonic_ms() > until_ms) {
            return complain(player->complaint, ERR_TIMEOUT, "The hub does not answer.");
        }
    }
    return ERR_OK;
}

static enum err greet_raw(struct player *player)
{
    if (player->raw != NULL) {
        return ERR_OK;
    }
    player->raw_context = zmq_ctx_new();
    enum err err = raw_open(player->raw_context, player->options->ingest, player->transport_key,
                            &player->hub, &player->raw);
    err = err != ERR_OK ? err : raw_hello(player->raw);
    if (err != ERR_OK) {
        return complain(player->complaint, err, "A second connection to the hub cannot be made.");
    }
    return wait_raw(player, false);
}

/* What an agent would never send: beside its session. */
static enum err submit_unusual(struct player *player, const struct submission *submission)
{
    AUTO(buffer_close) struct buffer envelope = {0};
    struct bytes report = submission_report(player->sector, submission);
    const struct signing_key *key = player->keys[submission->member];
    uint8_t id[SHA256_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
    report_id(report, id);
    report_sign(key, id, signature);
    if (submission->mistake == MISTAKE_SIGNATURE) {
        signature[7] ^= 1;
    }
    enum err err = greet_raw(player);
    err =
        err != ERR_OK ? err : envelope_pack(report, signing_key_public(key), signature, &envelope);
    err = err != ERR_OK ? err : raw_submit(player->raw, 1, buffer_bytes(&envelope));
    if (err != ERR_OK) {
        return err;
    }
    player->sums.sent++;
    return wait_raw(player, true);
}

/* ---- what came of it ---- */

struct outcome {
    enum expected got;
    bool has_rule; /* the rule that is expected is among what was found */
    char rule[16]; /* the first found */
    uint32_t vintage;
};

static enum expected expected_of(int verdict)
{
    return verdict == VERDICT_ACCEPTED                 ? EXPECT_ACCEPTED
           : verdict == VERDICT_ACCEPTED_WITH_WARNINGS ? EXPECT_WARNED
           : verdict == VERDICT_REJECTED               ? EXPECT_REJECTED
                                                       : EXPECT_REFUSED;
}

static enum err read_receipt(const struct entry *entry, const char *rule, struct outcome *outcome)
{
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt;
    const PbJudgement *judgement = NULL;
    enum err err = receipt_open(entry->best, &arena, &receipt);
    err = err != ERR_OK
              ? err
              : MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, receipt.judgement, &arena, &judgement);
    if (err != ERR_OK) {
        return err;
    }
    outcome->got = expected_of(receipt.header.verdict);
    outcome->vintage = receipt.header.vintage;
    for (size_t i = 0; i < judgement->n_findings; i++) {
        const char *found = judgement->findings[i]->rule;
        if (outcome->rule[0] == '\0') {
            (void)snprintf(outcome->rule, sizeof(outcome->rule), "%s", found);
        }
        outcome->has_rule = outcome->has_rule || strcmp(found, rule) == 0;
    }
    return ERR_OK;
}

static enum err read_outcome(struct player *player, const struct submission *submission,
                             struct outcome *outcome)
{
    AUTO(txn_end) struct txn txn = {0};
    struct entry entry = {0};
    enum err err = find_entry(player, submission, &txn, &entry);
    if (err != ERR_OK) {
        return complain(player->complaint, err, "A report is not in the agent's store: %s.",
                        err_text(err));
    }
    if (entry.best.size > 0) {
        return read_receipt(&entry, submission->rule, outcome);
    }
    outcome->got = EXPECT_REFUSED;
    outcome->vintage = entry.vintage;
    (void)snprintf(outcome->rule, sizeof(outcome->rule), "%s", entry.refused_rule);
    outcome->has_rule = strcmp(entry.refused_rule, submission->rule) == 0;
    return ERR_OK;
}

static void read_raw_outcome(const struct player *player, const struct submission *submission,
                             struct outcome *outcome)
{
    const struct raw_answer *answer = &player->raw_answer;
    outcome->got = answer->verdict == VERDICT_NONE ? EXPECT_REFUSED : EXPECT_REPEATED;
    outcome->vintage = submission->vintage;
    (void)snprintf(outcome->rule, sizeof(outcome->rule), "%s", answer->rule);
    outcome->has_rule = strcmp(answer->rule, submission->rule) == 0;
}

static void count(struct player *player, enum expected got)
{
    uint64_t *const counters[] = {&player->sums.accepted, &player->sums.warned,
                                  &player->sums.rejected, &player->sums.refused,
                                  &player->sums.repeated};
    (*counters[got])++;
}

static void compare(struct player *player, const struct submission *submission,
                    const struct outcome *outcome)
{
    enum expected expected = (enum expected)submission->expected;
    bool needs_rule = submission->rule[0] != '\0' && expected != EXPECT_ACCEPTED;
    char key[PERIOD_KEY_MAX + 1];
    count(player, outcome->got);
    if (outcome->got == expected && (!needs_rule || outcome->has_rule) &&
        outcome->vintage == submission->vintage) {
        return;
    }
    if (player->sums.mismatches++ >= MISMATCHES_SHOWN) {
        return;
    }
    period_format(&submission->period, key);
    fprintf(stderr,
            "mfi-sim sector: line %zu: %s %s %s vintage %u %s: expected %s %s, got %s %s vintage "
            "%u\n",
            (size_t)(submission - player->sector->submissions) + 1,
            player->sector->members[submission->member].id, report_type_name(submission->type), key,
            submission->vintage, mistakes[submission->mistake].name, expected_name(expected),
            submission->rule, expected_name(outcome->got), outcome->rule, outcome->vintage);
}

static enum err play_day(struct player *player, size_t from, size_t to)
{
    const struct submission *submissions = player->sector->submissions;
    enum err err = admin_set_time(player->admin, submissions[from].sent_at_us, player->complaint);
    for (size_t i = from; err == ERR_OK && i < to; i++) {
        err = is_unusual(&submissions[i]) ? ERR_OK : queue(player, &submissions[i]);
    }
    err = err != ERR_OK ? err : drain(player);
    for (size_t i = from; err == ERR_OK && i < to; i++) {
        struct outcome outcome = {0};
        if (is_unusual(&submissions[i])) {
            err = submit_unusual(player, &submissions[i]);
            read_raw_outcome(player, &submissions[i], &outcome);
        } else {
            err = read_outcome(player, &submissions[i], &outcome);
        }
        if (err == ERR_OK) {
            compare(player, &submissions[i], &outcome);
        }
    }
    return err;
}
