/* An order as a person writes it: what becomes of it, what it is told as, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/order_file.h"
#include "proto/order.h"
#include "proto/order_words.h"

#define HEAD                                                                     \
    "id = \"BNR-2020-03\"; authority = \"BNR\"; from = \"2020-04-01\"; until = " \
    "\"2020-09-30\";\nreason = \"The pandemic\";\n"
#define ADD(more)                                                                        \
    "add = ( { type = \"LIQUIDITY\"; frequency = \"W\"; wants = \"ANY\"; due_days = 1; " \
    "due_time = \"12:00\"; " more "} );\n"

static enum err read_text(const char *text, struct arena *arena, struct complaint *complaint,
                          PbOrder **ret_order)
{
    char path[] = "/tmp/ihuriro-order-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    enum err err = order_file_read(path, 7, arena, complaint, ret_order);
    assert_int_equal(unlink(path), 0);
    return err;
}

static void every_key_comes_into_the_order(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint = {{0}};
    PbOrder *order = NULL;
    enum err err = read_text(
        HEAD "replaces = \"BNR-2020-02\";\n" ADD(
            "business_days = true; roll = \"NEXT\"; grace_hours = 2; remind_hours = 3; "
            "escalate_hours = 4; categories = [ \"USACCO\" ]; institutions = [ \"A\", \"B\" "
            "]; ") "suspend = ( { types = [ \"CAPITAL\", \"EXPOSURES\" ]; frequencies = [ "
                   "\"M\", \"Q\" ];\n"
                   "  categories = [ \"MF\" ]; institutions = [ \"A\" ]; }, { } );\n",
        &arena, &complaint, &order);
    if (err != ERR_OK) {
        fail_msg("%s", complaint.text);
    }
    assert_string_equal(order->id, "BNR-2020-03");
    assert_string_equal(order->replaces, "BNR-2020-02");
    assert_string_equal(order->authority, "BNR");
    assert_int_equal(order->from_day, 18353);
    assert_int_equal(order->until_day, 18535);
    assert_int_equal(order->signed_us, 7);
    assert_int_equal(order->n_rows, 3);
    const PbObligation *add = order->rows[0]->add;
    assert_string_equal(add->type, "LIQUIDITY");
    assert_string_equal(add->frequency, "W");
    assert_int_equal(add->due_minutes, 720);
    assert_true(add->business_days && add->roll == IHURIRO__V1__OBLIGATION__ROLL__NEXT);
    assert_int_equal(add->grace_hours, 2);
    assert_int_equal(add->remind_hours, 3);
    assert_int_equal(add->escalate_hours, 4);
    assert_string_equal(add->categories[0], "USACCO");
    assert_int_equal(order->rows[0]->n_institutions, 2);
    assert_int_equal(order->rows[1]->n_types, 2);
    assert_int_equal(order->rows[1]->types[1], TYPE_EXPOSURES);
    assert_string_equal(order->rows[1]->frequencies[1], "Q");
    assert_int_equal(order->rows[2]->n_types + order->rows[2]->n_frequencies, 0);
    AUTO(buffer_close) struct buffer words = {0};
    assert_int_equal(order_words(order, &words), ERR_OK);
    assert_int_equal(buffer_append(&words, "", 1), ERR_OK);
    assert_string_equal(
        (const char *)words.data,
        "Order BNR-2020-03 of BNR, for periods that end from 2020-04-01 to 2020-09-30, in the "
        "place of BNR-2020-02: The pandemic\n"
        "  adds LIQUIDITY each week, provisional or final, due 1 business day after at 12:00, of "
        "USACCO, for A, B\n"
        "  suspends CAPITAL, EXPOSURES of each month, each quarter, of MF, for A\n"
        "  suspends all reports\n");
}

static void what_is_wrong_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *part;
    } rows[] = {
        {"", "id"},
        {HEAD, "has no rows"},
        {HEAD "suspend = ( { type = \"CAPITAL\"; } );\n", ":3"},
        {HEAD "suspend = ( { types = [ \"PROFIT\" ]; } );\n", "must be PORTFOLIO"},
        {HEAD "suspend = ( { frequencies = [ \"Y\" ]; } );\n", "frequencies"},
        {HEAD "suspend = ( { institutions = [ \"a b\" ]; } );\n", "Row 1"},
        {HEAD ADD("grace_hours = -1; "), "grace_hours"},
        {HEAD ADD("from = \"2020-05-01\"; "), "from"},
        {HEAD ADD("roll = \"LATER\"; "), "roll"},
        {HEAD "add = ( { type = \"LIQUIDITY\"; } );\n", "frequency"},
        {HEAD "add = ( { type = \"LIQUIDITY\"; frequency = \"W\"; wants = \"ANY\"; due_days = 1; "
              "due_time = \"25:00\"; } );\n",
         "time of day"},
        {HEAD ADD("") "replaces = \"BNR-2020-03\";\n", "replaces itself"},
        {"id = \"X\"; authority = \"BNR\"; from = \"2020-04-31\"; until = \"2020-09-30\"; reason = "
         "\"r\";\n",
         "must be a date"},
        {"id = \"X\"; authority = \"BNR\"; from = \"2020-04-30\"; until = \"2020-04-29\"; reason = "
         "\"r\"; suspend = ( { } );\n",
         "end before it begins"},
        {"id = \"X\"; authority = \"the bank\"; from = \"2020-04-01\"; until = \"2020-04-29\"; "
         "reason = \"r\"; suspend = ( { } );\n",
         "party id of a regulator"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(arena_close) struct arena arena = {0};
        struct complaint complaint = {{0}};
        PbOrder *order = NULL;
        enum err err = read_text(rows[i].text, &arena, &complaint, &order);
        if (err == ERR_OK || order != NULL || strstr(complaint.text, rows[i].part) == NULL ||
            strstr(complaint.text, "/tmp/ihuriro-order-") == NULL) {
            fail_msg("row %zu: %s", i, err == ERR_OK ? "it was taken" : complaint.text);
        }
    }
}

static void a_signed_order_verifies_and_no_changed_bit_goes_unnoticed(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(signing_key_close) struct signing_key *key = NULL;
    AUTO(buffer_close) struct buffer raw = {0};
    struct complaint complaint = {{0}};
    PbOrder *order = NULL;
    const uint8_t seed[32] = {7};
    assert_int_equal(signing_key_from_seed(seed, &key), ERR_OK);
    assert_int_equal(read_text(HEAD ADD(""), &arena, &complaint, &order), ERR_OK);
    assert_int_equal(order_sign(key, order, &raw), ERR_OK);
    size_t noticed = 0;
    for (size_t bit = 0; bit <= raw.size * 8; bit++) { /* the last one: nothing is changed */
        AUTO(arena_close) struct arena own = {0};
        const Ihuriro__V1__SignedOrder *signed_order = NULL;
        const PbOrder *opened = NULL;
        if (bit < raw.size * 8) {
            raw.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        }
        enum err err = MESSAGE_UNPACK(signed_order, MESSAGE_CANONICAL, buffer_bytes(&raw), &own,
                                      &signed_order);
        err = err != ERR_OK ? err : order_open(signed_order, &own, &opened);
        noticed += err != ERR_OK;
        if (bit < raw.size * 8) {
            raw.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        } else {
            assert_int_equal(err, ERR_OK);
            assert_string_equal(opened->id, "BNR-2020-03");
        }
    }
    assert_int_equal(noticed, raw.size * 8);
}

static void keys_are_pinned_by_their_digits(void **state)
{
    (void)state;
    char good[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    char bad[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFG";
    char *texts[AUTHORITY_KEYS_MAX + 1];
    struct authority_keys keys = {.count = 77};
    struct complaint complaint = {{0}};
    for (size_t i = 0; i < AUTHORITY_KEYS_MAX + 1; i++) {
        texts[i] = good;
    }
    assert_int_equal(authority_keys_parse(texts, AUTHORITY_KEYS_MAX + 1, &complaint, &keys),
                     ERR_CONFIG);
    assert_int_equal(keys.count, 77);
    texts[1] = bad;
    assert_int_equal(authority_keys_parse(texts, 2, &complaint, &keys), ERR_CONFIG);
    assert_non_null(strstr(complaint.text, "64 hexadecimal digits"));
    assert_int_equal(authority_keys_parse(texts, 1, &complaint, &keys), ERR_OK);
    assert_true(authority_is_pinned(&keys, bytes_of(keys.keys[0], PUBLIC_KEY_BYTES)));
    assert_false(authority_is_pinned(&keys, bytes_of(keys.keys[0], PUBLIC_KEY_BYTES - 1)));
    assert_int_equal(authority_keys_parse(NULL, 0, &complaint, &keys), ERR_OK);
    assert_false(authority_is_pinned(&keys, bytes_of(keys.keys[0], PUBLIC_KEY_BYTES)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_comes_into_the_order),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
        cmocka_unit_test(a_signed_order_verifies_and_no_changed_bit_goes_unnoticed),
        cmocka_unit_test(keys_are_pinned_by_their_digits),
    };
    return keys_init() != ERR_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
