/* What the hub takes of waivers, closings, reopenings and orders, and that what it refuses changes
 * nothing: by the writer, with a store. */
#include "tests/unit/hub/hub_support.h"

#include "conf/country.h"
#include "hub/closing.h"
#include "hub/decisions.h"
#include "hub/sector_read.h"
#include "proto/order.h"
#include "tests/support/decisions.h"

#define RW IHURIRO_SOURCE "/conf/countries/rw.cfg"

/* A hub with the settings of Rwanda, a regulator whose key is pinned, and members A and B that
 * report from June 2020 on. */
struct court {
    struct bench bench;
    struct authority_keys authority;
    struct arena arena;
    struct complaint complaint;
};

static void journal_settings(struct court *court)
{
    PbSettings *settings = NULL;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    const struct checkpoint *checkpoint = NULL;
    uint64_t seq = 0;
    OK(country_compile(RW, &court->arena, &court->complaint, &settings));
    event.settings = settings;
    OK(writer_begin(court->bench.writer, court->bench.now_us));
    OK(writer_new_event(court->bench.writer, &event, &seq));
    OK(writer_seal(court->bench.writer, &checkpoint));
    OK(writer_commit(court->bench.writer));
}

static void add_party(struct court *court, const char *id, int role)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    party.has_role = 1;
    party.role = (Ihuriro__V1__PartyAct__Role)role;
    party.name = text_of("a party");
    party.category = role == ROLE_MEMBER ? text_of("USACCO") : NULL;
    party.currency = role == ROLE_MEMBER ? text_of("RWF") : NULL;
    event.subject = text_of(id);
    event.party = &party;
    bench_begin(&court->bench);
    bench_act(&court->bench, &event);
    bench_end(&court->bench);
}

/* Opened again with the authority's key pinned, which bench_start does not. */
static void pin(struct court *court)
{
    struct bench *bench = &court->bench;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(7);
    memcpy(court->authority.keys[0], signing_key_public(key), PUBLIC_KEY_BYTES);
    court->authority.count = 1;
    writer_close(&bench->writer);
    const struct writer_parts parts = {bench->store, bench->acts, bench->log_key, &bench->identity,
                                       &court->authority};
    OK(writer_make(&parts, bench->now_us, &court->complaint, &bench->writer));
    bench->ingest.writer = bench->writer;
}

static void court_open(struct court *court)
{
    *court = (struct court){.complaint = {{0}}};
    bench_open(&court->bench);
    court->bench.now_us = at("2020-05-20T08:00:00Z");
    pin(court);
    journal_settings(court);
    add_party(court, "A", ROLE_MEMBER);
    add_party(court, "B", ROLE_MEMBER);
    add_party(court, "BNR", ROLE_REGULATOR);
}

static void court_close(struct court *court)
{
    arena_close(&court->arena);
    bench_close(&court->bench);
}

/* As one act, at the row's time; the root of what it freezes is the journal's. */
static enum err act(struct court *court, const struct decision *row)
{
    AUTO(decision_close) struct decision_box box;
    AUTO(buffer_close) struct buffer raw = {0};
    struct hash root;
    uint64_t first = 0;
    uint64_t last = 0;
    court->bench.now_us = row->time_us;
    court->complaint.text[0] = '\0';
    decision_fill(row, &box);
    box.nonce[0] = (uint8_t)++court->bench.number;
    bench_begin(&court->bench);
    const uint64_t size = journal_size(writer_txn(court->bench.writer));
    OK(journal_root(writer_txn(court->bench.writer), size, &root));
    memcpy(box.hash, root.bytes, SHA256_BYTES);
    box.position.size = size;
    OK(message_pack(&box.event.base, &raw));
    const struct bytes bytes = buffer_bytes(&raw);
    enum err err = writer_acts(court->bench.writer, &bytes, 1, &court->complaint, &first, &last);
    bench_end(&court->bench);
    return err;
}

static void takes(struct court *court, const struct decision *row)
{
    if (act(court, row) != ERR_OK) {
        fail_msg("refused: %s", court->complaint.text);
    }
}

/* With these words, and nothing is journaled. */
static void refuses(struct court *court, const struct decision *row, const char *words)
{
    const uint64_t before = writer_size(court->bench.writer);
    assert_int_equal(act(court, row), ERR_REFUSED);
    if (strstr(court->complaint.text, words) == NULL) {
        fail_msg("says \"%s\" and not \"%s\"", court->complaint.text, words);
    }
    assert_int_equal(writer_size(court->bench.writer), before);
}

#define ONLY(type) (1U << (type))

static void only_what_is_owed_is_waived(void **state)
{
    (void)state;
    struct court court;
    court_open(&court);
    const int64_t time_us = at("2020-07-03T08:00:00Z");
    takes(&court, &(struct decision){.time_us = time_us, .subject = "A", .waived = "2020-06"});
    refuses(&court, &(struct decision){.time_us = time_us, .subject = "Z", .waived = "2020-06"},
            "no member");
    refuses(&court, &(struct decision){.time_us = time_us, .subject = "BNR", .waived = "2020-06"},
            "no member");
    refuses(&court, &(struct decision){.time_us = time_us, .subject = "B", .waived = "2020-05"},
            "B owes no report for 2020-05"); /* it was enrolled in the middle of it */
    refuses(&court, &(struct decision){.time_us = time_us, .subject = "B", .waived = "2020-06-30"},
            "B owes no report for 2020-06-30");
    refuses(
        &court,
        &(struct decision){
            .time_us = time_us, .subject = "B", .waived = "2020-Q2", .types = ONLY(TYPE_CAPITAL)},
        "B owes no report for 2020-Q2");
    takes(&court, &(struct decision){.time_us = time_us,
                                     .subject = "B",
                                     .waived = "2020-06",
                                     .types = ONLY(TYPE_CAPITAL)});
    const struct period june = period_of("2020-06");
    const struct docket *docket = writer_docket(court.bench.writer);
    assert_non_null(docket_waiver(docket, "B", TYPE_CAPITAL, &june));
    assert_null(docket_waiver(docket, "B", TYPE_PORTFOLIO, &june));
    court_close(&court);
}

static void a_month_is_closed_once_and_when_it_is_over(void **state)
{
    (void)state;
    struct court court;
    court_open(&court);
    refuses(&court, &(struct decision){.time_us = at("2020-06-30T21:59:59Z"), .closed = "2020-06"},
            "is not over"); /* in Kigali it is 23:59:59 */
    takes(&court, &(struct decision){.time_us = at("2020-06-30T22:00:00Z"), .closed = "2020-06"});
    refuses(&court, &(struct decision){.time_us = at("2020-07-01T08:00:00Z"), .closed = "2020-06"},
            "closed already");
    refuses(&court, &(struct decision){.time_us = at("2020-07-01T08:00:00Z"), .closed = "2020-05"},
            "Nobody owes a report for 2020-05");
    refuses(&court, &(struct decision){.time_us = at("2020-07-01T08:00:00Z"), .closed = "2020-13"},
            "correct the period");
    refuses(&court,
            &(struct decision){
                .time_us = at("2020-07-01T08:00:00Z"), .subject = "A", .waived = "2020-06"},
            "closed");
    refuses(&court,
            &(struct decision){.time_us = at("2020-07-01T08:00:00Z"), .reopened = "2020-05"},
            "not closed");
    takes(&court, &(struct decision){.time_us = at("2020-07-01T08:00:00Z"), .reopened = "2020-06"});
    takes(&court, &(struct decision){.time_us = at("2020-07-02T08:00:00Z"), .closed = "2020-06"});
    court_close(&court);
}

static void a_position_that_is_not_in_the_history_is_not_frozen(void **state)
{
    (void)state;
    struct court court;
    court_open(&court);
    AUTO(decision_close) struct decision_box box;
    const struct decision row = {.time_us = at("2020-07-01T08:00:00Z"), .closed = "2020-06"};
    decision_fill(&row, &box);
    OK(writer_begin(court.bench.writer, row.time_us));
    const struct decision_ground ground = {
        writer_txn(court.bench.writer), writer_registry(court.bench.writer),
        writer_docket(court.bench.writer), writer_settings(court.bench.writer), NULL};
    const uint64_t sizes[] = {0, 1, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        box.position.size = sizes[i];
        assert_int_equal(decision_check(&ground, &box.event, &court.complaint), ERR_REFUSED);
        assert_non_null(strstr(court.complaint.text, "not in this hub's history"));
    }
    writer_abort(court.bench.writer);
    court_close(&court);
}

/* ---- orders ---- */

static PbOrder order_of(const char *id, const char *from, const char *until)
{
    static PbOrderRow row;
    static PbOrderRow *rows[] = {&row};
    PbOrder order = IHURIRO__V1__ORDER__INIT;
    row = (PbOrderRow)IHURIRO__V1__ORDER_ROW__INIT;
    row.action = IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    order.id = text_of(id);
    order.authority = text_of("BNR");
    order.from_day = day_of(from);
    order.until_day = day_of(until);
    order.reason = text_of("the pandemic");
    order.signed_us = 1;
    order.rows = rows;
    order.n_rows = 1;
    return order;
}

static void
an_order_counts_that_the_pinned_key_of_a_regulator_signed_and_that_is_not_over(void **state)
{
    (void)state;
    struct court court;
    court_open(&court);
    PbOrder order = order_of("X-1", "2020-05-01", "2020-06-30");
    const struct decision row = {.time_us = at("2020-07-01T08:00:00Z"), .order = &order};
    refuses(&court, &row, "ended on 2020-06-30");
    order.until_day = day_of("2020-07-01");
    order.authority = text_of("A");
    refuses(&court, &row, "no regulator");
    order.authority = text_of("BNR");
    order.from_day = day_of("2020-08-01");
    refuses(&court, &row, "end before it begins");
    order.from_day = day_of("2020-05-01");
    court.authority.keys[0][0] ^= 1;
    refuses(&court, &row, "does not pin");
    court.authority.count = 0;
    refuses(&court, &row, "No authority's key is pinned");
    court.authority.count = 1;
    court.authority.keys[0][0] ^= 1;
    takes(&court, &row);
    const struct decision again = {.time_us = at("2020-07-02T08:00:00Z"), .order = &order};
    order.until_day = day_of("2020-12-31");
    refuses(&court, &again, "stands already");
    size_t count = 0;
    (void)docket_orders(writer_docket(court.bench.writer), &count);
    assert_int_equal(count, 1);
    court_close(&court);
}

static void an_order_does_not_suspend_what_was_owed_in_a_closed_month(void **state)
{
    (void)state;
    struct court court;
    court_open(&court);
    PbOrder order = order_of("X-1", "2020-06-15", "2020-12-31");
    takes(&court, &(struct decision){.time_us = at("2020-07-01T08:00:00Z"), .closed = "2020-06"});
    const struct decision row = {.time_us = at("2020-07-02T08:00:00Z"), .order = &order};
    refuses(&court, &row, "which is closed");
    takes(&court, &(struct decision){.time_us = at("2020-07-01T09:00:00Z"), .reopened = "2020-06"});
    takes(&court, &row);
    court_close(&court);
}

static enum err merge(struct court *court, int32_t from_day, const char *time)
{
    AUTO(buffer_close) struct buffer raw = {0};
    uint8_t nonce[16] = {(uint8_t)++court->bench.number};
    char *predecessors[] = {text_of("B")};
    PbMerged merged = IHURIRO__V1__MERGED__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    uint64_t first = 0;
    uint64_t last = 0;
    court->bench.now_us = event.time_us = at(time);
    merged.predecessors = predecessors;
    merged.n_predecessors = 1;
    merged.from_day = from_day;
    event.nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    event.subject = text_of("A");
    event.merged = &merged;
    OK(message_pack(&event.base, &raw));
    const struct bytes bytes = buffer_bytes(&raw);
    bench_begin(&court->bench);
    enum err err = writer_acts(court->bench.writer, &bytes, 1, &court->complaint, &first, &last);
    bench_end(&court->bench);
    return err;
}

static void nobody_is_merged_in_a_month_that_is_closed(void **state)
{
    (void)state;
    struct court court;
    struct period july;
    court_open(&court);
    OK(period_parse("2020-07", &july));
    takes(&court, &(struct decision){.time_us = at("2020-08-01T08:00:00Z"), .closed = "2020-07"});
    assert_int_equal(merge(&court, july.start_day, "2020-08-02T08:00:00Z"), ERR_REFUSED);
    assert_non_null(strstr(court.complaint.text, "2020-07, which is closed"));
    assert_int_equal(merge(&court, july.end_day + 1, "2020-08-02T09:00:00Z"), ERR_OK);
    court_close(&court);
}

/* ---- all or none, and again at the next start ---- */

static void acts_of_which_one_is_refused_leave_nothing(void **state)
{
    (void)state;
    struct court court;
    court_open(&court);
    const struct decision rows[] = {
        {.time_us = at("2020-07-03T08:00:00Z"), .subject = "A", .waived = "2020-06"},
        {.time_us = at("2020-07-03T08:00:00Z"), .subject = "Z", .waived = "2020-06"},
    };
    struct buffer raws[2] = {{0}};
    struct bytes bytes[2];
    uint64_t first = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < 2; i++) {
        AUTO(decision_close) struct decision_box box;
        decision_fill(&rows[i], &box);
        OK(message_pack(&box.event.base, &raws[i]));
        bytes[i] = buffer_bytes(&raws[i]);
    }
    const uint64_t before = writer_size(court.bench.writer);
    const size_t logged = acts_count(court.bench.acts);
    bench_begin(&court.bench);
    assert_int_equal(writer_acts(court.bench.writer, bytes, 2, &court.complaint, &first, &last),
                     ERR_REFUSED);
    bench_end(&court.bench);
    const struct period june = period_of("2020-06");
    assert_null(docket_waiver(writer_docket(court.bench.writer), "A", TYPE_PORTFOLIO, &june));
    assert_int_equal(writer_size(court.bench.writer), before);
    assert_int_equal(acts_count(court.bench.acts), logged);
    bench_begin(&court.bench);
    OK(writer_acts(court.bench.writer, bytes, 1, &court.complaint, &first, &last));
    bench_end(&court.bench);
    assert_non_null(docket_waiver(writer_docket(court.bench.writer), "A", TYPE_PORTFOLIO, &june));
    /* and after a start: */
    bench_stop(&court.bench);
    bench_start(&court.bench);
    assert_non_null(docket_waiver(writer_docket(court.bench.writer), "A", TYPE_PORTFOLIO, &june));
    buffer_close(&raws[0]);
    buffer_close(&raws[1]);
    court_close(&court);
}

/* A turn that ends without a commit after acts reached acts.log: the next start journals them. */
static void what_acts_log_has_and_the_journal_lacks_is_journaled_at_the_next_start(void **state)
{
    (void)state;
    struct court court;
    court_open(&court);
    PbOrder order = order_of("X-1", "2020-07-01", "2020-12-31");
    const struct decision row = {.time_us = at("2020-07-02T08:00:00Z"), .order = &order};
    AUTO(decision_close) struct decision_box box;
    AUTO(buffer_close) struct buffer raw = {0};
    uint64_t first = 0;
    uint64_t last = 0;
    size_t count = 0;
    decision_fill(&row, &box);
    OK(message_pack(&box.event.base, &raw));
    const struct bytes bytes = buffer_bytes(&raw);
    court.bench.now_us = row.time_us;
    OK(writer_begin(court.bench.writer, row.time_us));
    OK(writer_acts(court.bench.writer, &bytes, 1, &court.complaint, &first, &last));
    writer_abort(court.bench.writer);
    bench_stop(&court.bench);
    bench_start(&court.bench);
    (void)docket_orders(writer_docket(court.bench.writer), &count);
    assert_int_equal(count, 1);
    assert_int_equal(writer_size(court.bench.writer), last);
    court_close(&court);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_owed_is_waived),
        cmocka_unit_test(a_month_is_closed_once_and_when_it_is_over),
        cmocka_unit_test(a_position_that_is_not_in_the_history_is_not_frozen),
        cmocka_unit_test(
            an_order_counts_that_the_pinned_key_of_a_regulator_signed_and_that_is_not_over),
        cmocka_unit_test(an_order_does_not_suspend_what_was_owed_in_a_closed_month),
        cmocka_unit_test(nobody_is_merged_in_a_month_that_is_closed),
        cmocka_unit_test(acts_of_which_one_is_refused_leave_nothing),
        cmocka_unit_test(what_acts_log_has_and_the_journal_lacks_is_journaled_at_the_next_start),
    };
    return keys_init() != ERR_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
