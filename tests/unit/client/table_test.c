/* Rows that are written apart and joined are the rows written at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agents/client/table.h"

static void begin(struct table *table, enum snapshot_format format, struct buffer *out)
{
    table_begin(table, format, out);
    table_column(table, "number");
    table_column(table, "text");
    table_columns_end(table);
}

static void put_row(struct table *table, uint64_t number)
{
    table_unsigned(table, number);
    if (number % 3 == 0) {
        table_none(table);
    } else {
        table_text(table, "a, \"b\"");
    }
    table_row_end(table);
}

static void write_at_once(enum snapshot_format format, uint64_t rows, struct buffer *out)
{
    struct table table;
    begin(&table, format, out);
    for (uint64_t i = 0; i < rows; i++) {
        put_row(&table, i);
    }
    assert_int_equal(table_end(&table), ERR_OK);
}

/* The whole has `own` rows already when the parts come. */
static void write_in_parts(enum snapshot_format format, uint64_t own, const uint64_t *counts,
                           size_t parts, struct buffer *out)
{
    struct table table;
    uint64_t next = 0;
    begin(&table, format, out);
    for (; next < own; next++) {
        put_row(&table, next);
    }
    for (size_t i = 0; i < parts; i++) {
        AUTO(buffer_close) struct buffer rows = {0};
        struct table part;
        table_part(&table, &rows, &part);
        for (uint64_t k = 0; k < counts[i]; k++, next++) {
            put_row(&part, next);
        }
        table_join(&table, &part);
    }
    assert_int_equal(table_end(&table), ERR_OK);
}

static void rows_in_parts_are_the_rows_at_once(void **state)
{
    (void)state;
    static const uint64_t counts[][4] = {
        {2, 3, 1, 1}, {0, 2, 0, 5}, {0, 0, 0, 0}, {7, 0, 0, 0}, {0, 0, 0, 7}};
    for (int format = SNAPSHOT_CSV; format <= SNAPSHOT_JSON; format++) {
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            for (uint64_t own = 0; own < 3; own++) {
                AUTO(buffer_close) struct buffer once = {0};
                AUTO(buffer_close) struct buffer parts = {0};
                uint64_t rows = own;
                for (size_t k = 0; k < 4; k++) {
                    rows += counts[i][k];
                }
                write_at_once((enum snapshot_format)format, rows, &once);
                write_in_parts((enum snapshot_format)format, own, counts[i], 4, &parts);
                assert_true(bytes_equal(buffer_bytes(&once), buffer_bytes(&parts)));
            }
        }
    }
}

static void a_part_that_had_no_room_is_an_error_of_the_whole(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer out = {0};
    AUTO(buffer_close) struct buffer rows = {.limit = 4};
    struct table table;
    struct table part;
    begin(&table, SNAPSHOT_CSV, &out);
    table_part(&table, &rows, &part);
    put_row(&part, 1);
    table_join(&table, &part);
    assert_int_equal(table_end(&table), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_in_parts_are_the_rows_at_once),
        cmocka_unit_test(a_part_that_had_no_room_is_an_error_of_the_whole),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
