#include "tests/support/samples.h"

/* Unpacks as a Report, in a fresh arena. */
static enum err unpack_report(struct bytes raw, enum message_mode mode)
{
    AUTO(arena_close) struct arena arena = {0};
    const PbReport *report = NULL;
    enum err err = MESSAGE_UNPACK(report, mode, raw, &arena, &report);
    assert_true(err != ERR_OK || report != NULL);
    return err;
}

static enum err canonical(const struct buffer *raw)
{
    return unpack_report(buffer_bytes(raw), MESSAGE_CANONICAL);
}

static enum err canonical_sample(const struct sample_report *sample)
{
    AUTO(buffer_close) struct buffer raw = {0};
    sample_pack(sample, &raw);
    return canonical(&raw);
}

/* Where the bytes stand in the buffer; once only. */
static size_t place_of(const struct buffer *raw, struct bytes bytes)
{
    const uint8_t *at = memmem(raw->data, raw->size, bytes.data, bytes.size);
    assert_non_null(at);
    const size_t behind = (size_t)(at - raw->data) + 1;
    assert_null(memmem(raw->data + behind, raw->size - behind, bytes.data, bytes.size));
    return behind - 1;
}

static void replace(struct buffer *raw, struct bytes old, struct bytes new)
{
    AUTO(buffer_close) struct buffer changed = {0};
    const size_t at = place_of(raw, old);
    assert_int_equal(buffer_append(&changed, raw->data, at), ERR_OK);
    assert_int_equal(buffer_append(&changed, new.data, new.size), ERR_OK);
    assert_int_equal(buffer_append(&changed, raw->data + at + old.size, raw->size - at - old.size),
                     ERR_OK);
    buffer_clear(raw);
    assert_int_equal(buffer_append(raw, changed.data, changed.size), ERR_OK);
}

/* vintage 1, status FINAL, as a Report has them. */
#define VINTAGE_STATUS bytes_of("\x28\x01\x30\x02", 4)

static void what_was_packed_is_canonical_and_comes_back(void **state)
{
    (void)state;
    struct sample_report sample;
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(buffer_close) struct buffer again = {0};
    AUTO(arena_close) struct arena arena = {0};
    const PbReport *report = NULL;
    sample_report(&sample);
    sample_pack(&sample, &raw);
    assert_int_equal(MESSAGE_UNPACK(report, MESSAGE_CANONICAL, buffer_bytes(&raw), &arena, &report),
                     ERR_OK);
    assert_string_equal(report->institution, "SACCO-001");
    assert_int_equal(report->portfolio->n_aging, 2);
    assert_false(report->portfolio->has_loans_outstanding);
    assert_int_equal(message_pack(&report->base, &again), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&raw), buffer_bytes(&again)));
}

static void an_unknown_field_is_refused_at_every_level_and_tolerated_by_readers(void **state)
{
    (void)state;
    uint8_t value = 7;
    ProtobufCMessageUnknownField unknown = {
        .tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = &value};
    struct sample_report sample;
    sample_report(&sample);
    ProtobufCMessage *levels[] = {&sample.report.base, &sample.period.base, &sample.portfolio.base,
                                  &sample.rows[1].base};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        AUTO(buffer_close) struct buffer raw = {0};
        levels[i]->n_unknown_fields = 1;
        levels[i]->unknown_fields = &unknown;
        sample_pack(&sample, &raw);
        levels[i]->n_unknown_fields = 0;
        levels[i]->unknown_fields = NULL;
        assert_int_equal(canonical(&raw), ERR_MALFORMED);
        assert_int_equal(unpack_report(buffer_bytes(&raw), MESSAGE_TOLERANT), ERR_OK);
    }
}

/* The same message in other bytes. */
static void other_encodings_of_the_same_message_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
        {"\x28\x81\x00\x30\x02", 5},             /* a varint longer than it need be */
        {"\x30\x02\x28\x01", 4},                 /* fields out of order */
        {"\x28\x05\x28\x01\x30\x02", 6},         /* a singular field twice: the last would win */
        {"\xA8\x00\x01\x30\x02", 5},             /* a tag longer than it need be */
        {"\x28\x81\x80\x80\x80\x10\x30\x02", 8}, /* bits beyond the field's 32 */
    };
    struct sample_report sample;
    sample_report(&sample);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(buffer_close) struct buffer raw = {0};
        sample_pack(&sample, &raw);
        replace(&raw, VINTAGE_STATUS, bytes_of(rows[i].bytes, rows[i].size));
        assert_int_equal(canonical(&raw), ERR_MALFORMED);
        assert_int_equal(unpack_report(buffer_bytes(&raw), MESSAGE_TOLERANT), ERR_OK);
    }
}

static void a_second_body_and_a_bool_of_two_are_refused(void **state)
{
    (void)state;
    struct sample_report sample;
    AUTO(buffer_close) struct buffer twice = {0};
    AUTO(buffer_close) struct buffer two = {0};
    sample_report(&sample);
    sample_pack(&sample, &twice);
    /* field 20, a Portfolio with glp 1: parsers merge it with the first */
    assert_int_equal(buffer_append(&twice, "\xA2\x01\x02\x08\x01", 5), ERR_OK);
    assert_int_equal(unpack_report(buffer_bytes(&twice), MESSAGE_TOLERANT), ERR_OK);
    assert_int_equal(canonical(&twice), ERR_MALFORMED);

    sample.report.has_test_data = 1;
    sample.report.test_data = 1;
    sample_pack(&sample, &two);
    assert_int_equal(canonical(&two), ERR_OK);
    replace(&two, bytes_of("\x80\x01\x01", 3), bytes_of("\x80\x01\x02", 3));
    assert_int_equal(canonical(&two), ERR_MALFORMED);
}

static void text_with_a_nul_is_refused(void **state)
{
    (void)state;
    struct sample_report sample;
    AUTO(buffer_close) struct buffer raw = {0};
    sample_report(&sample);
    sample_pack(&sample, &raw);
    replace(&raw, bytes_of("SACCO-001", 9),
            bytes_of("SACCO\0"
                     "001",
                     9));
    assert_int_equal(canonical(&raw), ERR_MALFORMED);
}

static void text_that_is_not_utf8_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const bad[] = {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xC3",
                                      "\x80"};
    struct sample_report sample;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sample_report(&sample);
        strcpy(sample.note, bad[i]);
        sample.report.note = sample.note;
        assert_int_equal(canonical_sample(&sample), ERR_MALFORMED);
        sample_report(&sample);
        strcpy(sample.key, bad[i]);
        assert_int_equal(canonical_sample(&sample), ERR_MALFORMED);
    }
    sample_report(&sample);
    strcpy(sample.note, "Ikigega cy\xE2\x80\x99ubwizigame, d\xC3\xA9pos\xC3\xA9");
    sample.report.note = sample.note;
    assert_int_equal(canonical_sample(&sample), ERR_OK);
}

static void a_text_may_have_five_hundred_bytes(void **state)
{
    (void)state;
    char text[TEXT_BYTES_MAX + 2] = {0};
    struct sample_report sample;
    sample_report(&sample);
    sample.report.note = text;
    memset(text, 'x', TEXT_BYTES_MAX);
    assert_int_equal(canonical_sample(&sample), ERR_OK);
    text[TEXT_BYTES_MAX] = 'x';
    assert_int_equal(canonical_sample(&sample), ERR_TOO_LARGE);
    AUTO(buffer_close) struct buffer raw = {0};
    sample_pack(&sample, &raw);
    assert_int_equal(unpack_report(buffer_bytes(&raw), MESSAGE_TOLERANT), ERR_OK);
}

static void an_enum_value_that_is_not_known_is_refused(void **state)
{
    (void)state;
    PbBreakdownRow row = IHURIRO__V1__BREAKDOWN_ROW__INIT;
    PbBreakdownRow *list[] = {&row};
    char code[] = "F";
    struct sample_report sample;
    sample_report(&sample);
    row.code = code;
    row.dim = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER;
    sample.portfolio.n_breakdown = 1;
    sample.portfolio.breakdown = list;
    assert_int_equal(canonical_sample(&sample), ERR_OK);
    row.has_dim2 = 1;
    row.dim2 = (Ihuriro__V1__BreakdownRow__Dimension)42;
    assert_int_equal(canonical_sample(&sample), ERR_MALFORMED);
    row.has_dim2 = 0;
    row.dim = (Ihuriro__V1__BreakdownRow__Dimension)0;
    assert_int_equal(canonical_sample(&sample), ERR_MALFORMED);
    sample_report(&sample);
    sample.report.type = (Ihuriro__V1__ReportType)6;
    assert_int_equal(canonical_sample(&sample), ERR_MALFORMED);
}

static void a_repeated_field_may_have_as_many_rows_as_the_limit_says(void **state)
{
    (void)state;
    PbAgingRow row = IHURIRO__V1__AGING_ROW__INIT;
    PbAgingRow *rows[REPEATED_ROWS_MAX + 1];
    struct sample_report sample;
    sample_report(&sample);
    for (size_t i = 0; i <= REPEATED_ROWS_MAX; i++) {
        rows[i] = &row;
    }
    sample.portfolio.aging = rows;
    sample.portfolio.n_aging = REPEATED_ROWS_MAX;
    assert_int_equal(canonical_sample(&sample), ERR_OK);
    sample.portfolio.n_aging = REPEATED_ROWS_MAX + 1;
    assert_int_equal(canonical_sample(&sample), ERR_TOO_LARGE);
}

/* Two bytes of message make a whole struct: the budget ends it. The canonical check counts the rows
 * before any memory is taken. */
static void a_bomb_of_empty_submessages_takes_no_more_than_the_budget(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer raw = {0};
    assert_int_equal(buffer_append(&raw, "\x08\x01\x12\x00\x1A\x00", 6), ERR_OK);
    for (size_t i = 0; i < 100000; i++) {
        assert_int_equal(buffer_append(&raw, "\x4A\x00", 2), ERR_OK); /* Settings.liquidity */
    }
    for (int mode = MESSAGE_TOLERANT; mode <= MESSAGE_CANONICAL; mode++) {
        AUTO(arena_close) struct arena arena = {0};
        const PbSettings *settings = NULL;
        assert_int_equal(MESSAGE_UNPACK(settings, (enum message_mode)mode, buffer_bytes(&raw),
                                        &arena, &settings),
                         mode == MESSAGE_CANONICAL ? ERR_TOO_LARGE : ERR_MALFORMED);
        assert_null(settings);
        assert_true(arena.spent <= (mode == MESSAGE_CANONICAL ? 0 : UNPACK_BUDGET));
    }
}

static void a_bomb_of_unknown_fields_takes_no_more_than_the_budget(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer raw = {0};
    for (size_t i = 0; i < 100000; i++) {
        assert_int_equal(buffer_append(&raw, "\x78\x00", 2), ERR_OK);
    }
    AUTO(arena_close) struct arena arena = {.budget = 100000};
    const Ihuriro__V1__Back *back = NULL;
    assert_int_equal(MESSAGE_UNPACK(back, MESSAGE_TOLERANT, buffer_bytes(&raw), &arena, &back),
                     ERR_MALFORMED);
    assert_true(arena.spent <= 100000);
}

static void required_fields_are_required(void **state)
{
    (void)state;
    assert_int_equal(unpack_report(bytes_of(NULL, 0), MESSAGE_TOLERANT), ERR_MALFORMED);
    assert_int_equal(unpack_report(bytes_of("\x08\x01", 2), MESSAGE_CANONICAL), ERR_MALFORMED);
}

/* Whatever is cut off or changed: what passes is what it was received as. */
static void no_cut_and_no_flipped_bit_gets_other_bytes_through(void **state)
{
    (void)state;
    struct sample_report sample;
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(arena_close) struct arena arena = {0};
    sample_report(&sample);
    sample.report.note = sample.note;
    sample_pack(&sample, &raw);
    for (size_t i = 0; i < raw.size; i++) {
        for (unsigned bit = 0; bit < 9; bit++) {
            const PbReport *report = NULL;
            raw.data[i] ^= (uint8_t)(1U << (bit & 7));
            const size_t size = bit == 8 ? i : raw.size;
            arena_reset(&arena);
            if (MESSAGE_UNPACK(report, MESSAGE_CANONICAL, bytes_of(raw.data, size), &arena,
                               &report) == ERR_OK) {
                AUTO(buffer_close) struct buffer again = {0};
                assert_int_equal(message_pack(&report->base, &again), ERR_OK);
                assert_true(bytes_equal(bytes_of(raw.data, size), buffer_bytes(&again)));
            }
            raw.data[i] ^= (uint8_t)(1U << (bit & 7));
        }
    }
}

static void an_arena_gives_zeroed_aligned_memory_until_its_budget_is_spent(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {.budget = 100000};
    for (int round = 0; round < 3; round++) {
        size_t taken = 0;
        uint8_t *memory = NULL;
        while ((memory = arena_take(&arena, 1000)) != NULL) {
            assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < 1000; i++) {
                assert_int_equal(memory[i], 0);
            }
            memset(memory, 0xEE, 1000);
            taken += 1000;
        }
        assert_in_range(taken, 90000, 100000);
        assert_null(arena_take(&arena, SIZE_MAX));
        arena_reset(&arena);
        assert_int_equal(arena.spent, 0);
    }
    assert_string_equal(arena_text(&arena, "a text"), "a text");
    assert_non_null(arena_take(&arena, 0));
    assert_non_null(arena_take(&arena, 50000)); /* larger than a block */
    assert_null(arena_take(&arena, 50000));
}

static void types_are_known_by_name(void **state)
{
    (void)state;
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        int parsed = 0;
        assert_int_equal(report_type_parse(report_type_name(type), &parsed), ERR_OK);
        assert_int_equal(parsed, type);
    }
    int parsed = 0;
    assert_int_equal(report_type_parse("exposures", &parsed), ERR_OK);
    assert_int_equal(parsed, TYPE_EXPOSURES);
    assert_int_equal(report_type_parse("NIL", &parsed), ERR_MALFORMED);
    assert_string_equal(report_type_name(0), "?");
    assert_string_equal(report_type_name(TYPE_LAST + 1), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_is_canonical_and_comes_back),
        cmocka_unit_test(an_unknown_field_is_refused_at_every_level_and_tolerated_by_readers),
        cmocka_unit_test(other_encodings_of_the_same_message_are_refused),
        cmocka_unit_test(a_second_body_and_a_bool_of_two_are_refused),
        cmocka_unit_test(text_with_a_nul_is_refused),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_wherever_it_stands),
        cmocka_unit_test(a_text_may_have_five_hundred_bytes),
        cmocka_unit_test(an_enum_value_that_is_not_known_is_refused),
        cmocka_unit_test(a_repeated_field_may_have_as_many_rows_as_the_limit_says),
        cmocka_unit_test(a_bomb_of_empty_submessages_takes_no_more_than_the_budget),
        cmocka_unit_test(a_bomb_of_unknown_fields_takes_no_more_than_the_budget),
        cmocka_unit_test(required_fields_are_required),
        cmocka_unit_test(no_cut_and_no_flipped_bit_gets_other_bytes_through),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_until_its_budget_is_spent),
        cmocka_unit_test(types_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
