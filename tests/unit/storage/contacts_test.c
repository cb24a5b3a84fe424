/* Contacts in the store: replaced, erased, walked, and carried over from a store that is replaced.
 */
#include <fcntl.h>

#include "tests/unit/storage/store_support.h"

static struct store *made(const char *path)
{
    struct store_meta meta = {.origin = ORIGIN, .created_us = 1};
    struct complaint complaint = {{0}};
    struct store *store = NULL;
    assert_ok(store_create(path, &meta, &complaint));
    assert_ok(store_open(path, ENV_WRITE, &complaint, &store));
    return store;
}

static void put(struct store *store, const char *id, const char *text)
{
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), true, &txn));
    assert_ok(text != NULL ? contacts_put(&txn, id, text_bytes(text)) : contacts_erase(&txn, id));
    assert_ok(txn_commit(&txn));
}

static enum err note(void *context, const char *institution, struct bytes contact)
{
    return buffer_printf(context, "%s=%.*s ", institution, (int)contact.size,
                         (const char *)contact.data);
}

static void assert_holds(struct store *store, const char *after, const char *expected)
{
    AUTO(txn_end) struct txn txn = {0};
    AUTO(buffer_close) struct buffer text = {0};
    assert_ok(txn_begin(store_env(store), false, &txn));
    assert_ok(contacts_walk(&txn, after, note, &text));
    assert_ok(buffer_append(&text, "", 1));
    assert_string_equal((const char *)text.data, expected);
}

static void a_row_is_replaced_erased_and_walked_in_order_of_id(void **state)
{
    const struct place_of_test *here = *state;
    AUTO(store_close) struct store *store = made(here->store);
    put(store, "B-2", "two");
    put(store, "B", "one");
    put(store, "ABCDEFGHIJKLMNOP", "the longest id");
    put(store, "B", "another");
    assert_holds(store, NULL, "ABCDEFGHIJKLMNOP=the longest id B=another B-2=two ");
    assert_holds(store, "ABCDEFGHIJKLMNOP", "B=another B-2=two ");
    assert_holds(store, "B", "B-2=two ");
    assert_holds(store, "AB", "ABCDEFGHIJKLMNOP=the longest id B=another B-2=two ");
    put(store, "B", NULL);
    assert_holds(store, NULL, "ABCDEFGHIJKLMNOP=the longest id B-2=two ");
    assert_holds(store, "Z", "");
}

static void what_is_no_id_is_neither_put_nor_found(void **state)
{
    const struct place_of_test *here = *state;
    AUTO(store_close) struct store *store = made(here->store);
    AUTO(txn_end) struct txn txn = {0};
    struct bytes contact = {0};
    assert_ok(txn_begin(store_env(store), true, &txn));
    assert_int_equal(contacts_get(&txn, "A-1234567890123456", &contact), ERR_NOT_FOUND);
    assert_int_equal(contacts_erase(&txn, "A-1"), ERR_NOT_FOUND);
    assert_int_equal(contacts_put(&txn, "A-1234567890123456", text_bytes("x")), ERR_RANGE);
    assert_int_equal(txn_commit(&txn), ERR_RANGE);
}

static void the_contacts_of_one_store_come_in_the_place_of_anothers(void **state)
{
    const struct place_of_test *here = *state;
    char other_path[120];
    AUTO(buffer_close) struct buffer rows = {0};
    snprintf(other_path, sizeof other_path, "%s/other", here->folder);
    AUTO(store_close) struct store *store = made(here->store);
    AUTO(store_close) struct store *other = made(other_path);
    put(store, "A", "new");
    put(store, "C", "");
    put(other, "A", "old");
    put(other, "B", "erased since");
    assert_ok(contacts_read_forked(here->store, &rows));
    {
        AUTO(txn_end) struct txn txn = {0};
        assert_ok(txn_begin(store_env(other), true, &txn));
        assert_ok(contacts_replace(&txn, buffer_bytes(&rows)));
        assert_ok(txn_commit(&txn));
    }
    assert_holds(other, NULL, "A=new C= ");
}

static void rows_that_are_not_whole_replace_nothing(void **state)
{
    const struct place_of_test *here = *state;
    AUTO(buffer_close) struct buffer rows = {0};
    AUTO(store_close) struct store *store = made(here->store);
    put(store, "A", "telephone");
    assert_ok(contacts_read_forked(here->store, &rows));
    for (size_t size = 0; size < rows.size; size++) {
        AUTO(txn_end) struct txn txn = {0};
        assert_ok(txn_begin(store_env(store), true, &txn));
        assert_int_equal(contacts_replace(&txn, bytes_of(rows.data, size)), ERR_CORRUPT);
    }
    assert_holds(store, NULL, "A=telephone ");
}

/* Whatever the damage: an error, never half of the rows, never the end of this process. */
static void a_damaged_store_gives_all_of_its_contacts_or_none(void **state)
{
    const struct place_of_test *here = *state;
    char data[128];
    unsigned whole = 0;
    snprintf(data, sizeof data, "%s/data.mdb", here->store);
    {
        AUTO(store_close) struct store *store = made(here->store);
        for (int i = 0; i < 300; i++) {
            char id[INSTITUTION_ID_MAX + 1];
            snprintf(id, sizeof id, "M%d", i);
            put(store, id, "a telephone number, an office and an address");
        }
    }
    AUTO(buffer_close) struct buffer sound = {0};
    assert_ok(contacts_read_forked(here->store, &sound));
    const int fd = open(data, O_RDWR | O_CLOEXEC);
    const off_t pages = lseek(fd, 0, SEEK_END) / 4096;
    assert_true(pages > 8);
    for (off_t page = 0; page < pages; page += 1 + pages / 60) {
        uint8_t kept[4096];
        uint8_t junk[4096];
        AUTO(buffer_close) struct buffer rows = {0};
        memset(junk, 0xA5, sizeof junk);
        assert_int_equal(pread(fd, kept, sizeof kept, page * 4096), sizeof kept);
        assert_int_equal(pwrite(fd, junk, sizeof junk, page * 4096), sizeof junk);
        if (contacts_read_forked(here->store, &rows) == ERR_OK) {
            whole++;
            assert_int_equal(rows.size, sound.size);
        }
        assert_int_equal(pwrite(fd, kept, sizeof kept, page * 4096), sizeof kept);
    }
    close(fd);
    AUTO(buffer_close) struct buffer none = {0};
    assert_int_not_equal(contacts_read_forked("/nonexistent", &none), ERR_OK);
    print_message("%u damages of a page left all contacts\n", whole);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_is_replaced_erased_and_walked_in_order_of_id),
        TEST(what_is_no_id_is_neither_put_nor_found),
        TEST(the_contacts_of_one_store_come_in_the_place_of_anothers),
        TEST(rows_that_are_not_whole_replace_nothing),
        TEST(a_damaged_store_gives_all_of_its_contacts_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
