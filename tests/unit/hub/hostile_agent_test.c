/* An agent with a key in force that does not play by the rules: what it can make the ingest turn do
 * is bounded, and never ends it. */
#include "tests/unit/hub/hub_support.h"

static const struct bytes none = {0};

static int open_bench(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench_open(bench);
    bench_member(bench, "A-1", 1, 11);
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    free(*state);
    return 0;
}

/* ---- memory ---- */

/* A report that must be refused for a telephone number, and takes much memory for few bytes. */
static void wasteful_envelope(size_t note_bytes, struct buffer *envelope)
{
    static PbAgingRow rows[REPEATED_ROWS_MAX];
    static PbAgingRow *pointers[REPEATED_ROWS_MAX];
    static PbBreakdownRow cells[REPEATED_ROWS_MAX];
    static PbBreakdownRow *cell_pointers[REPEATED_ROWS_MAX];
    char note[TEXT_BYTES_MAX + 1];
    PbPeriod period = IHURIRO__V1__PERIOD__INIT;
    PbPortfolio portfolio = IHURIRO__V1__PORTFOLIO__INIT;
    PbLiquidity liquidity = IHURIRO__V1__LIQUIDITY__INIT;
    PbOperations operations = IHURIRO__V1__OPERATIONS__INIT;
    PbCapital capital = IHURIRO__V1__CAPITAL__INIT;
    PbReport report = IHURIRO__V1__REPORT__INIT;
    AUTO(buffer_close) struct buffer raw = {0};
    struct signing_key *signer = key_of_byte(1);
    for (size_t i = 0; i < REPEATED_ROWS_MAX; i++) {
        rows[i] = (PbAgingRow)IHURIRO__V1__AGING_ROW__INIT;
        pointers[i] = &rows[i];
        cells[i] = (PbBreakdownRow)IHURIRO__V1__BREAKDOWN_ROW__INIT;
        cells[i].dim = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__SECTOR;
        cells[i].code = (char *)(uintptr_t) "";
        cell_pointers[i] = &cells[i];
    }
    portfolio.aging = pointers;
    portfolio.n_aging = REPEATED_ROWS_MAX;
    portfolio.breakdown = cell_pointers;
    portfolio.n_breakdown = REPEATED_ROWS_MAX;
    snprintf(note, sizeof note, "call 0788 123 456 %*s", (int)note_bytes, "x");
    period.frequency = IHURIRO__V1__PERIOD__FREQUENCY__D;
    period.key = (char *)(uintptr_t) "2020-06-30";
    period.start_day = period.end_day = period.as_of_day = BENCH_DAY;
    report.schema_version = SCHEMA_VERSION;
    report.institution = (char *)(uintptr_t) "A-1";
    report.type = IHURIRO__V1__REPORT_TYPE__PORTFOLIO;
    report.period = &period;
    report.vintage = 1;
    report.status = IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    report.produced_at_us = (BENCH_DAY + 2) * DAY_US;
    report.currency = (char *)(uintptr_t) "RWF";
    report.note = note;
    report.portfolio = &portfolio;
    report.liquidity = &liquidity;
    report.operations = &operations;
    report.capital = &capital;
    OK(message_pack(&report.base, &raw));
    OK(envelope_make(signer, buffer_bytes(&raw), envelope));
    signing_key_close(&signer);
}

/* A SUBMIT with so many fields that no schema knows; the rule that it was refused for. */
static const char *submit_padded(struct bench *bench, const struct buffer *session,
                                 const struct buffer *envelope, size_t fields)
{
    struct peer peer = peer_of(1, 11);
    AUTO(buffer_close) struct buffer frame = {0};
    Ihuriro__V1__Submit submit = IHURIRO__V1__SUBMIT__INIT;
    submit.session = pb_of_bytes(buffer_bytes(session));
    submit.envelope = pb_of_bytes(buffer_bytes(envelope));
    OK(frame_pack(VERB_SUBMIT, &submit.base, &frame));
    for (size_t i = 0; i < fields; i++) {
        OK(buffer_append(&frame, "\x78\x01", 2));
    }
    assert_true(frame.size <= INGEST_REQUEST_MAX);
    bench_begin(bench);
    OK(ingest_message(&bench->ingest, &peer, buffer_bytes(&frame)));
    bench_end(bench);
    int verb = 0;
    struct bytes body;
    OK(frame_open(buffer_bytes(&bench->frames[0]), &verb, &body));
    if (verb == VERB_REFUSED) {
        return ((const Ihuriro__V1__Refused *)bench_answer(bench, 0, VERB_REFUSED))->rule;
    }
    const Ihuriro__V1__Answers *answers = bench_answer(bench, 0, VERB_ANSWERS);
    assert_non_null(answers->answers[0]->refused);
    return answers->answers[0]->refused->rule;
}

/* Where the memory for unpacking is spent to the last bytes, the hub's own words still find room.
 */
static void a_message_that_spends_all_memory_of_its_own_ends_no_turn(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    bench->ingest.arena.budget = UNPACK_BUDGET / 4; /* the whole is more than one frame spends */
    bench_hello(bench, peer_of(1, 11), none, &session);
    wasteful_envelope(1, &envelope);
    size_t low = 0;                                               /* judged */
    size_t high = (INGEST_REQUEST_MAX - envelope.size - 200) / 2; /* too much */
    assert_string_equal(submit_padded(bench, &session, &envelope, low), "ENV-14");
    assert_string_not_equal(submit_padded(bench, &session, &envelope, high), "ENV-14");
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        bool is_judged = strcmp(submit_padded(bench, &session, &envelope, middle), "ENV-14") == 0;
        low = is_judged ? middle : low;
        high = is_judged ? high : middle;
    }
    for (size_t more = 1; more < 64; more += 16) {
        buffer_clear(&envelope);
        wasteful_envelope(more, &envelope);
        for (size_t fields = low - 4; fields < low + 2; fields++) {
            (void)submit_padded(bench, &session, &envelope, fields);
        }
    }
}

/* ---- refusals ---- */

/* They are kept for the operator, who reads the newest; a flood of them is answered, and costs no
 * commit each turn. */
static void a_flood_of_refusals_is_answered_but_not_all_of_it_is_kept(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    nil_envelope(&(struct nil_report){"NOBODY", BENCH_DAY, 1, false, NULL, NULL}, 1, &envelope);
    bench_hello(bench, peer_of(1, 11), none, &session);
    uint64_t before = bench->counters.commits;
    for (size_t i = 0; i < 2 * REFUSALS_KEPT; i++) {
        assert_string_equal(
            bench_submit_one(bench, peer_of(1, 11), &session, &envelope, none, NULL)->refused->rule,
            "ENV-02");
    }
    assert_int_equal(bench->counters.commits - before, REFUSALS_KEPT);
    bench->now_us += DAY_US;
    bench_submit_one(bench, peer_of(1, 11), &session, &envelope, none, NULL);
    assert_int_equal(bench->counters.commits - before, REFUSALS_KEPT + 1);
}

/* ---- SETTLED ---- */

static void settled_names_no_more_than_a_key_may_speak_for(void **state)
{
    struct bench *bench = *state;
    static char *names[INSTITUTIONS_PER_KEY_MAX + 1];
    AUTO(buffer_close) struct buffer session = {0};
    Ihuriro__V1__Settled settled = IHURIRO__V1__SETTLED__INIT;
    bench_hello(bench, peer_of(1, 11), none, &session);
    for (size_t i = 0; i <= INSTITUTIONS_PER_KEY_MAX; i++) {
        names[i] = (char *)(uintptr_t) "A-1";
    }
    settled.session = pb_of_bytes(buffer_bytes(&session));
    settled.institutions = names;
    settled.n_institutions = INSTITUTIONS_PER_KEY_MAX + 1;
    bench_begin(bench);
    bench_say(bench, peer_of(1, 11), VERB_SETTLED, &settled.base);
    bench_end(bench);
    assert_string_equal(((const Ihuriro__V1__Refused *)bench_answer(bench, 0, VERB_REFUSED))->rule,
                        "BAD_REQUEST");
}

/* ---- the disk ---- */

static void near_the_disk_floor_nothing_is_written_for_anybody(void **state)
{
    struct bench *bench = *state;
    uint8_t tag[SESSION_TAG_BYTES] = {1};
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    Ihuriro__V1__Hello hello = IHURIRO__V1__HELLO__INIT;
    hello.tag = pb_of_bytes(bytes_of(tag, sizeof tag));
    hello.schema_version = SCHEMA_VERSION;
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &envelope);
    bench_hello(bench, peer_of(1, 11), none, &session);
    uint64_t before = bench->counters.commits;
    bench->ingest.disk_floor_mb = INT32_MAX; /* more than any disk has */
    assert_int_equal(bench_submit_one(bench, peer_of(1, 11), &session, &envelope, none, NULL)
                         ->retry_later->scope,
                     IHURIRO__V1__RETRY_LATER__SCOPE__HUB);
    bench_begin(bench);
    bench_say(bench, peer_of(1, 11), VERB_HELLO, &hello.base);
    bench_end(bench);
    (void)bench_answer(bench, 0, VERB_RETRY_LATER);
    assert_int_equal(bench->counters.commits, before);
    bench->ingest.disk_floor_mb = 1;
    assert_true(
        bench_submit_one(bench, peer_of(1, 11), &session, &envelope, none, NULL)->has_header);
}

/* ---- receipts ---- */

/* A put-back store, and a genuine receipt of it. */
static void lose_history(struct bench *bench, struct buffer *session, const struct buffer *envelope,
                         struct buffer *receipt)
{
    char command[512];
    bench_stop(bench);
    snprintf(command, sizeof command, "cp -r '%s' '%s/before'", bench->store_path, bench->folder);
    assert_int_equal(system(command), 0);
    bench_start(bench);
    bench_hello(bench, peer_of(1, 11), none, session);
    assert_true(
        bench_submit_one(bench, peer_of(1, 11), session, envelope, none, receipt)->has_header);
    bench_stop(bench);
    snprintf(command, sizeof command, "rm -r '%s' && mv '%s/before' '%s'", bench->store_path,
             bench->folder, bench->store_path);
    assert_int_equal(system(command), 0);
    bench_start(bench);
    bench_hello(bench, peer_of(1, 11), none, session);
}

/* The receipt vouches for the key that it names, and for no other: otherwise whoever holds the
 * connection could put a report into the journal that a stranger signed. */
static void a_receipt_does_not_vouch_for_a_key_that_it_does_not_name(void **state)
{
    struct bench *bench = *state;
    struct nil_report nil = {"A-1", BENCH_DAY, 1, false, NULL, NULL};
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer genuine = {0};
    AUTO(buffer_close) struct buffer strange = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    nil_envelope(&nil, 1, &genuine);
    nil_envelope(&nil, 99, &strange); /* the same report, signed by a key that nobody enrolled */
    lose_history(bench, &session, &genuine, &receipt);
    const Ihuriro__V1__Answer *answer =
        bench_submit_one(bench, peer_of(1, 11), &session, &strange, buffer_bytes(&receipt), NULL);
    assert_non_null(answer->refused);
    assert_string_equal(answer->refused->rule, "ENV-03");
    assert_int_equal(bench_count(bench, KIND_REPORT), 0);
    assert_true(
        bench_submit_one(bench, peer_of(1, 11), &session, &genuine, buffer_bytes(&receipt), NULL)
            ->has_header);
    assert_int_equal(bench_count(bench, KIND_REPORT), 1);
}

/* A copy of an agent that signed the same report anew, with the key that is in force now, got the
 * receipt that names the older key; it may offer both. */
static void a_key_in_force_needs_no_receipt_to_vouch_for_it(void **state)
{
    struct bench *bench = *state;
    struct nil_report nil = {"A-1", BENCH_DAY, 1, false, NULL, NULL};
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer older = {0};
    AUTO(buffer_close) struct buffer newer = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    AUTO(buffer_close) struct buffer again = {0};
    struct signing_key *key = key_of_byte(5);
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    keys.has_signing_key = 1;
    keys.signing_key = pb_of_bytes(bytes_of(signing_key_public(key), PUBLIC_KEY_BYTES));
    event.subject = (char *)(uintptr_t) "A-1";
    event.keys = &keys;
    bench_begin(bench);
    bench_act(bench, &event);
    bench_end(bench);
    bench->now_us += DAY_US;
    nil_envelope(&nil, 1, &older);
    nil_envelope(&nil, 5, &newer);
    lose_history(bench, &session, &older, &receipt);
    int64_t then = bench_verified(bench, &receipt).header.first_received_at_us;
    bench->now_us += DAY_US;
    assert_true(
        bench_submit_one(bench, peer_of(1, 11), &session, &newer, buffer_bytes(&receipt), &again)
            ->has_header);
    assert_int_equal(bench_verified(bench, &again).header.first_received_at_us, then);
    signing_key_close(&key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_that_spends_all_memory_of_its_own_ends_no_turn),
        TEST(a_flood_of_refusals_is_answered_but_not_all_of_it_is_kept),
        TEST(settled_names_no_more_than_a_key_may_speak_for),
        TEST(near_the_disk_floor_nothing_is_written_for_anybody),
        TEST(a_receipt_does_not_vouch_for_a_key_that_it_does_not_name),
        TEST(a_key_in_force_needs_no_receipt_to_vouch_for_it),
    };
    return keys_init() != ERR_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
