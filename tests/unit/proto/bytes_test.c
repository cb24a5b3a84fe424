#include "tests/support/samples.h"

static void big_endian_numbers_survive(void **state)
{
    (void)state;
    uint8_t at[8];
    put_u16(at, 0x0102);
    assert_memory_equal(at, "\x01\x02", 2);
    assert_int_equal(get_u16(at), 0x0102);
    put_u32(at, 0xFF020304);
    assert_memory_equal(at, "\xFF\x02\x03\x04", 4);
    assert_int_equal(get_u32(at), 0xFF020304);
    put_u64(at, UINT64_C(0xF102030405060708));
    assert_memory_equal(at, "\xF1\x02\x03\x04\x05\x06\x07\x08", 8);
    assert_true(get_u64(at) == UINT64_C(0xF102030405060708));
}

static void hex_is_exact_in_length_and_takes_either_case(void **state)
{
    (void)state;
    char text[9];
    uint8_t bytes[4] = {0};
    hex_encode(bytes_of("\x00\xAB\xCD\xEF", 4), text);
    assert_string_equal(text, "00abcdef");
    assert_int_equal(hex_decode("00ABcdEF", bytes, 4), ERR_OK);
    assert_memory_equal(bytes, "\x00\xAB\xCD\xEF", 4);
    static const char *const bad[] = {"",         "00abcde",  "00abcdef0",
                                      "00abcdeg", "00abcd f", "00abcdef\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(hex_decode(bad[i], bytes, 4), ERR_MALFORMED);
        assert_memory_equal(bytes, "\x00\xAB\xCD\xEF", 4);
    }
}

static void a_buffer_grows_to_its_limit_and_no_further(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer buffer = {.limit = 1000};
    uint8_t block[300];
    memset(block, 'x', sizeof block);
    assert_int_equal(buffer_append(&buffer, NULL, 0), ERR_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(buffer_append(&buffer, block, sizeof block), ERR_OK);
    }
    assert_int_equal(buffer_append(&buffer, block, sizeof block), ERR_TOO_LARGE);
    assert_int_equal(buffer.size, 900);
    assert_int_equal(buffer_printf(&buffer, "%0100d", 7), ERR_OK);
    assert_int_equal(buffer.size, 1000);
    assert_int_equal(buffer.data[999], '7');
    assert_int_equal(buffer_printf(&buffer, "%d", 7), ERR_TOO_LARGE);
    assert_int_equal(buffer_printf(&buffer, "%s", ""), ERR_OK);
    buffer_clear(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(buffer_printf(&buffer, "%s=%d", "a", 12), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&buffer), bytes_of("a=12", 4)));
    assert_int_equal(buffer.limit, 1000);
}

static void reserved_room_counts_only_when_it_is_added(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer buffer = {0};
    uint8_t *at = NULL;
    assert_int_equal(buffer_reserve(&buffer, 5000, &at), ERR_OK);
    memset(at, 1, 5000);
    assert_int_equal(buffer.size, 0);
    buffer.size += 5000;
    assert_int_equal(buffer_reserve(&buffer, SIZE_MAX, &at), ERR_TOO_LARGE);
    assert_int_equal(buffer.size, 5000);
}

static void views_are_equal_by_content(void **state)
{
    (void)state;
    assert_true(bytes_equal(bytes_of(NULL, 0), bytes_of("x", 0)));
    assert_true(bytes_equal(bytes_of("xy", 2), bytes_of("xyz", 2)));
    assert_false(bytes_equal(bytes_of("xy", 2), bytes_of("xz", 2)));
    assert_false(bytes_equal(bytes_of("xy", 2), bytes_of("x", 1)));
}

static void a_complaint_is_cut_and_its_error_handed_on(void **state)
{
    (void)state;
    struct complaint complaint;
    char *word = malloc(4096);
    memset(word, 'a', 4095);
    word[4095] = '\0';
    assert_int_equal(complain(&complaint, ERR_FULL, "%s", word), ERR_FULL);
    assert_int_equal(strlen(complaint.text), sizeof complaint.text - 1);
    assert_int_equal(complain(NULL, ERR_IO, "%s", word), ERR_IO);
    free(word);
}

static void every_error_has_a_text_and_an_exit_code(void **state)
{
    (void)state;
    for (int err = ERR_OK; err <= ERR_USAGE; err++) {
        assert_string_not_equal(err_text((enum err)err), "unknown error");
        assert_in_range(err_exit_code((enum err)err), 0, 3);
    }
    assert_string_equal(err_text((enum err)999), "unknown error");
    assert_int_equal(err_exit_code(ERR_OK), 0);
    assert_int_equal(err_exit_code(ERR_REFUSED), 1);
    assert_int_equal(err_exit_code(ERR_CONFIG), 2);
    assert_int_equal(err_exit_code(ERR_USAGE), 2);
    assert_int_equal(err_exit_code(ERR_NETWORK), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(big_endian_numbers_survive),
        cmocka_unit_test(hex_is_exact_in_length_and_takes_either_case),
        cmocka_unit_test(a_buffer_grows_to_its_limit_and_no_further),
        cmocka_unit_test(reserved_room_counts_only_when_it_is_added),
        cmocka_unit_test(views_are_equal_by_content),
        cmocka_unit_test(a_complaint_is_cut_and_its_error_handed_on),
        cmocka_unit_test(every_error_has_a_text_and_an_exit_code),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
