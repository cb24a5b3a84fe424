/* What closing a month asks, by hand-made histories; and what it freezes, by a store. */
#include "tests/unit/hub/hub_support.h"

#include "hub/closing.h"
#include "tests/support/histories.h"

static const struct obligation_row rows[] = {
    {.type = "PORTFOLIO", .frequency = "M", .due_days = 10, .wants_final = true},
    {.type = "LIQUIDITY", .frequency = "W", .due_days = 1},
};

/* Members A and B, who owe for June. */
static void sector_begins(struct history *history)
{
    history->now_us = time_of("2020-05-20T08:00:00Z");
    settings_come(history, rows, 2);
    member_comes(history, "A", "USACCO", "2020-06-01");
    member_comes(history, "B", "USACCO", "2020-06-01");
    history->now_us = time_of("2020-07-05T08:00:00Z");
}

/* The weeks that end in June. */
static void all_weeks_come(struct history *history, const char *id)
{
    static const char *const weeks[] = {"2020-W23", "2020-W24", "2020-W25", "2020-W26"};
    for (size_t i = 0; i < 4; i++) {
        report_comes(history, &(struct report_row_of){.institution = id,
                                                      .type = TYPE_LIQUIDITY,
                                                      .key = weeks[i],
                                                      .is_provisional = true});
    }
}

static void book_comes(struct history *history, const char *id, struct report_row_of row,
                       bool is_approved)
{
    row.institution = id;
    row.type = TYPE_PORTFOLIO;
    row.key = "2020-06";
    const uint64_t seq = report_comes(history, &row);
    history->sightings[seq - 1].is_approved = is_approved;
}

static void waives(struct history *history, const char *id, const char *key)
{
    Ihuriro__V1__Waived waived = IHURIRO__V1__WAIVED__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    waived.period = words(key);
    waived.reason = words("fire");
    event.waived = &waived;
    happens(history, id, &event);
}

static void restores(struct history *history)
{
    Ihuriro__V1__Restored restored = IHURIRO__V1__RESTORED__INIT;
    Ihuriro__V1__Position position = IHURIRO__V1__POSITION__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    uint8_t root[SHA256_BYTES] = {0};
    position.size = 1;
    position.root = pb_of_bytes(bytes_of(root, sizeof root));
    restored.survived = &position;
    event.restored = &restored;
    happens(history, NULL, &event);
}

/* "A PORTFOLIO 2020-06 APPROVAL; ...", and the counts. */
static void asks(struct history *history, const char *expected)
{
    AUTO(sector_close)
    struct sector *sector = sector_of(history, history->count, history->now_us, NULL);
    AUTO(checklist_close) struct checklist checklist = {0};
    AUTO(buffer_close) struct buffer text = {0};
    const struct period june = key_of("2020-06");
    OK(checklist_make(sector, &june, &checklist));
    for (size_t i = 0; i < checklist.count; i++) {
        const struct lack *lack = &checklist.lacks[i];
        char key[PERIOD_KEY_MAX + 1] = "";
        if (lack->kind != LACK_RETURN) {
            period_format(&lack->duty.period, key);
        }
        assert_true(lack_text(lack->kind)[0] != '\0');
        OK(buffer_printf(&text, "%s%s %s%s%s", i == 0 ? "" : "; ", lack->party->id, key,
                         key[0] == '\0' ? "" : " ", lack_word(lack->kind)));
    }
    OK(buffer_append(&text, "", 1));
    assert_string_equal((const char *)text.data, expected);
}

static void all_received_and_approved_is_nothing_lacking(void **state)
{
    (void)state;
    struct history *history = calloc(1, sizeof *history);
    sector_begins(history);
    all_weeks_come(history, "A");
    all_weeks_come(history, "B");
    book_comes(history, "A", (struct report_row_of){0}, true);
    book_comes(history, "B", (struct report_row_of){.verdict = VERDICT_ACCEPTED_WITH_WARNINGS},
               true);
    asks(history, "");
    AUTO(sector_close)
    struct sector *sector = sector_of(history, history->count, history->now_us, NULL);
    AUTO(checklist_close) struct checklist checklist = {0};
    const struct period june = key_of("2020-06");
    OK(checklist_make(sector, &june, &checklist));
    assert_int_equal(checklist.institutions, 2);
    assert_int_equal(checklist.owed, 10);
    assert_int_equal(checklist.received, 10);
    assert_int_equal(checklist.excused, 0);
    history_close(history);
    free(history);
}

static void each_thing_that_is_lacking_is_named(void **state)
{
    (void)state;
    static const struct {
        struct report_row_of reports[3];
        size_t count;
        bool is_approved;
        const char *lacks;
    } cases[] = {
        {{{0}}, 0, true, "A 2020-06 REPORT"},
        {{{.verdict = VERDICT_REJECTED}}, 1, true, "A 2020-06 REPAIR"},
        {{{.is_provisional = true}}, 1, false, "A 2020-06 FINAL"},
        {{{0}}, 1, false, "A 2020-06 APPROVAL"},
        {{{0}, {.vintage = 2, .verdict = VERDICT_REJECTED}}, 2, true, "A 2020-06 CORRECTION"},
        {{{0}, {.vintage = 2, .verdict = VERDICT_REJECTED}, {.vintage = 2}}, 3, true, ""},
        /* a copied agent's second first report is no correction */
        {{{0}, {.vintage = 1, .verdict = VERDICT_REJECTED}}, 2, true, ""},
        {{{0}, {.vintage = 1}}, 2, true, "A 2020-06 AGREEMENT"},
        {{{0}, {.vintage = 1}, {.vintage = 2}}, 3, true, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct history *history = calloc(1, sizeof *history);
        sector_begins(history);
        all_weeks_come(history, "A");
        all_weeks_come(history, "B");
        book_comes(history, "B", (struct report_row_of){0}, true);
        for (size_t k = 0; k < cases[i].count; k++) {
            book_comes(history, "A", cases[i].reports[k], cases[i].is_approved);
        }
        asks(history, cases[i].lacks);
        /* whatever it is, a waiver excuses it */
        waives(history, "A", "2020-06");
        asks(history, "");
        history_close(history);
        free(history);
    }
}

static void who_is_not_back_since_a_restore_is_lacking(void **state)
{
    (void)state;
    struct history *history = calloc(1, sizeof *history);
    Ihuriro__V1__Back back = IHURIRO__V1__BACK__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    sector_begins(history);
    for (size_t i = 0; i < 2; i++) {
        const char *id = i == 0 ? "A" : "B";
        all_weeks_come(history, id);
        book_comes(history, id, (struct report_row_of){0}, true);
    }
    restores(history);
    asks(history, "A RETURN; B RETURN");
    event.back = &back;
    happens(history, "A", &event);
    asks(history, "B RETURN");
    history_close(history);
    free(history);
}

/* ---- what is frozen ---- */

static void put(struct bench *bench, const char *id, uint8_t signing, int32_t day, uint32_t vintage,
                const char *note)
{
    AUTO(buffer_close) struct buffer envelope = {0};
    struct envelope opened;
    struct append append = {.header = {.kind = KIND_REPORT, .verdict = VERDICT_ACCEPTED}};
    struct header header;
    nil_envelope(
        &(struct nil_report){.institution = id, .day = day, .vintage = vintage, .note = note},
        signing, &envelope);
    arena_reset(&bench->arena);
    OK(envelope_open(buffer_bytes(&envelope), MESSAGE_TOLERANT, &bench->arena, &opened));
    append.header.type = (uint8_t)opened.message->type;
    append.header.frequency = (uint8_t)opened.message->period->frequency;
    append.header.status = (uint8_t)opened.message->status;
    append.header.period_end_day = day;
    append.header.vintage = vintage;
    append.header.first_received_at_us = bench->now_us;
    memcpy(append.header.institution, id, strlen(id));
    memcpy(append.header.id, opened.id, SHA256_BYTES);
    memcpy(append.header.signer, opened.signer, PUBLIC_KEY_BYTES);
    memcpy(append.header.signature, opened.signature, SIGNATURE_BYTES);
    append.body = opened.raw;
    const struct checkpoint *checkpoint = NULL;
    OK(writer_begin(bench->writer, bench->now_us));
    OK(writer_report(bench->writer, &append, &header));
    OK(writer_seal(bench->writer, &checkpoint));
    OK(writer_commit(bench->writer));
}

static struct frozen frozen_of(struct bench *bench, uint64_t until, int64_t known_at_us)
{
    AUTO(txn_end) struct txn txn = {0};
    struct frozen frozen = {0};
    const struct period june = key_of("2020-06");
    OK(txn_begin(store_env(bench->store), false, &txn));
    OK(frozen_find(&txn, &june, until, known_at_us, &frozen));
    return frozen;
}

static bool is_same_frozen(const struct frozen *a, const struct frozen *b)
{
    return a->count == b->count && memcmp(a->ids_hash, b->ids_hash, SHA256_BYTES) == 0;
}

static void what_is_frozen_are_the_current_reports_as_of_the_record(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    bench_member(&bench, "A", 1, 1);
    bench_member(&bench, "B", 2, 2);
    const uint64_t before = writer_size(bench.writer);
    const struct frozen nothing = frozen_of(&bench, before, INT64_MAX);
    assert_int_equal(nothing.count, 0);
    put(&bench, "A", 1, BENCH_DAY, 1, NULL);
    put(&bench, "B", 2, BENCH_DAY - 1, 1, NULL);
    put(&bench, "A", 1, BENCH_DAY + 1, 1, NULL); /* of July */
    const uint64_t closed = writer_size(bench.writer);
    const int64_t closed_us = bench.now_us;
    const struct frozen frozen = frozen_of(&bench, closed, closed_us);
    assert_int_equal(frozen.count, 2);
    /* a correction changes what is current, and not what was frozen */
    bench.now_us += DAY_US;
    put(&bench, "A", 1, BENCH_DAY, 2, "other figures");
    const struct frozen now = frozen_of(&bench, writer_size(bench.writer), INT64_MAX);
    const struct frozen again = frozen_of(&bench, closed, INT64_MAX);
    const struct frozen known = frozen_of(&bench, writer_size(bench.writer), closed_us);
    assert_int_equal(now.count, 2);
    assert_false(is_same_frozen(&frozen, &now));
    assert_true(is_same_frozen(&frozen, &again));
    assert_true(is_same_frozen(&frozen, &known));
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_received_and_approved_is_nothing_lacking),
        cmocka_unit_test(each_thing_that_is_lacking_is_named),
        cmocka_unit_test(who_is_not_back_since_a_restore_is_lacking),
        cmocka_unit_test(what_is_frozen_are_the_current_reports_as_of_the_record),
    };
    return keys_init() != ERR_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
