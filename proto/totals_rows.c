/* Totals: the rows that are read. */
#include <string.h>

#include "proto/totals_inside.h"

/* ---- which there are ---- */

static enum err emit(struct totals *totals, const struct emitted *row)
{
    if (totals->emitted_count == totals->emitted_capacity) {
        size_t wanted = totals->emitted_capacity == 0 ? 1024 : totals->emitted_capacity * 2;
        struct emitted *grown = reallocarray(totals->emitted, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        totals->emitted = grown;
        totals->emitted_capacity = wanted;
    }
    totals->emitted[totals->emitted_count++] = *row;
    return ERR_OK;
}

static int code_order(const void *a, const void *b)
{
    const struct breakdown_code *left = a;
    const struct breakdown_code *right = b;
    return left->by != right->by ? (left->by < right->by ? -1 : 1)
                                 : strcmp(left->code, right->code);
}

/* Did anybody of the currency have a row of the code? */
static bool has_any(const struct totals *totals, const struct breakdown_code *code, size_t group)
{
    for (size_t i = 0; i < MEASURES; i++) {
        const struct accumulator *sum = sum_of(totals, group, code->first_column + i);
        if (sum->reported > 0 || sum->estimated > 0) {
            return true;
        }
    }
    return false;
}

static enum err emit_code(struct totals *totals, const struct breakdown_code *code, size_t group)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < MEASURES && err == ERR_OK; i++) {
        struct emitted row = {
            .group = (uint32_t)group,
            .column = (uint32_t)(code->first_column + i),
            .by = (uint8_t)code->by,
            .code = code->code,
        };
        err = totals->is_asked_measure[i] ? emit(totals, &row) : ERR_OK;
    }
    return err;
}

static enum err emit_all(struct totals *totals)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < totals->group_count; i++) {
        for (size_t k = 0; k < totals->lines.count && err == ERR_OK; k++) {
            struct emitted row = {
                .group = (uint32_t)i,
                .column = (uint32_t)k,
                .by = (uint8_t)totals->groups[i].by,
            };
            err = (totals->by & 1U << row.by) != 0 ? emit(totals, &row) : ERR_OK;
        }
    }
    if (totals->code_count > 0) {
        qsort(totals->codes, totals->code_count, sizeof *totals->codes, code_order);
    }
    for (size_t i = 0; i < totals->code_count; i++) {
        for (size_t k = 0; k < totals->country_count && err == ERR_OK; k++) {
            err = has_any(totals, &totals->codes[i], k) ? emit_code(totals, &totals->codes[i], k)
                                                        : ERR_OK;
        }
    }
    return err;
}

/* ---- quartiles ---- */

static void swap(int64_t *a, int64_t *b)
{
    int64_t kept = *a;
    *a = *b;
    *b = kept;
}

/* Puts the value that is `place`th in order there, smaller ones before, greater ones behind: in one
 * pass or two, where sorting takes seventeen. Which value divides is drawn, always alike, so that
 * no order of values is slow but by chance. */
static void select_place(int64_t *values, size_t count, size_t place)
{
    uint64_t drawn = 0x9E3779B97F4A7C15U;
    size_t low = 0;
    size_t high = count; /* behind the last */
    while (high - low > 1) {
        drawn ^= drawn << 13;
        drawn ^= drawn >> 7;
        drawn ^= drawn << 17;
        const int64_t pivot = values[low + drawn % (high - low)];
        size_t smaller = low;
        size_t greater = high;
        for (size_t i = low; i < greater;) {
            if (values[i] < pivot) {
                swap(&values[i++], &values[smaller++]);
            } else if (values[i] > pivot) {
                swap(&values[i], &values[--greater]);
            } else {
                i++;
            }
        }
        if (place >= smaller && place < greater) {
            return;
        }
        low = place < smaller ? low : greater;
        high = place < smaller ? smaller : high;
    }
}

static int64_t between(int64_t a, int64_t b, unsigned quarters)
{
    wide sum = (wide)a * (4 - quarters) + (wide)b * quarters;
    return (int64_t)((sum < 0 ? sum - 2 : sum + 2) / 4); /* half away from zero */
}

static void quartiles_of(int64_t *values, size_t count, int64_t ret_quartiles[static 3])
{
    size_t done = 0; /* what lies before is smaller */
    for (unsigned k = 1; k <= 3; k++) {
        size_t at = k * (count - 1) / 4;
        unsigned quarters = (unsigned)(k * (count - 1) % 4);
        select_place(&values[done], count - done, at - done);
        int64_t next = values[at];
        for (size_t i = at + 1; i < count && quarters > 0; i++) {
            next = i == at + 1 || values[i] < next ? values[i] : next;
        }
        ret_quartiles[k - 1] = between(values[at], next, quarters);
        done = at;
    }
}

static void add_quartiles(const struct totals *totals, const struct column *column,
                          const struct group *group, struct total_row *row)
{
    size_t count = 0;
    for (size_t i = 0; column->values != NULL && i < group->member_count; i++) {
        if (column->has_value[group->members[i]]) {
            totals->sorted[count++] = column->values[group->members[i]];
        }
    }
    row->has_quartiles = count > 0;
    if (count > 0) {
        quartiles_of(totals->sorted, count, row->quartiles);
    }
}

/* ---- a row ---- */

static void add_value(const struct column *column, const struct accumulator *sum,
                      struct total_row *row)
{
    struct ratio_value value = {.is_null = true};
    if (sum->reported + sum->estimated == 0) {
        return;
    }
    row->is_too_large = !value_of(column, sum->numerator, sum->denominator, &row->parts, &value);
    row->has_value = !row->is_too_large && !value.is_null;
    row->value = row->has_value ? value.value : 0;
    row->has_parts = !row->is_too_large &&
                     (column->line != NULL ? column->line->is_ratio : column->measure->is_ratio);
}

static void add_matched(const struct column *column, const struct accumulator *sum,
                        struct total_row *row)
{
    struct ratio_parts parts;
    struct ratio_value before;
    struct ratio_value matched;
    row->matched_count = sum->matched_count;
    row->has_matched =
        sum->matched_count > 0 &&
        value_of(column, sum->before_numerator, sum->before_denominator, &parts, &before) &&
        value_of(column, sum->matched_numerator, sum->matched_denominator, &parts, &matched) &&
        !before.is_null && !matched.is_null;
    if (row->has_matched) {
        row->before = before.value;
        row->matched = matched.value;
    }
}

static void add_coverage(const struct group *group, const struct accumulator *sum,
                         struct total_row *row)
{
    row->reported = sum->reported;
    row->estimated = sum->estimated;
    row->expected = group->expected;
    row->not_shared = group->not_shared;
    row->assets_unknown = group->assets_unknown;
    row->has_assets = group->assets > 0;
    if (row->has_assets) {
        row->assets_bp = (uint32_t)((sum->assets * 10000 + group->assets / 2) / group->assets);
    }
}

static struct total_row make_row(const struct totals *totals, const struct emitted *emitted)
{
    const struct group *group = &totals->groups[emitted->group];
    const struct column *column = &totals->columns[emitted->column];
    const struct accumulator *sum = sum_of(totals, emitted->group, emitted->column);
    struct total_row row = {
        .by = (enum total_by)emitted->by,
        .group = emitted->code != NULL ? emitted->code : group->code,
        .currency = group->currency,
        .line = column->line != NULL ? column->line->name : column->measure->name,
        .unit = column->line != NULL ? column->line->unit : column->measure->unit,
    };
    add_value(column, sum, &row);
    add_coverage(group, sum, &row);
    add_quartiles(totals, column, group, &row);
    add_matched(column, sum, &row);
    return row;
}

static enum err begin(struct totals *totals)
{
    totals->is_sealed = true;
    units_add(totals);
    enum err err = emit_all(totals);
    if (err == ERR_OK) {
        totals->rows = calloc(totals->emitted_count + 1, sizeof *totals->rows);
    }
    return err == ERR_OK && totals->rows == NULL ? ERR_MEMORY : err;
}

enum err totals_seal_step(struct totals *totals, size_t rows_max, bool *ret_is_done)
{
    enum err err = totals->is_sealed ? ERR_OK : begin(totals);
    if (err != ERR_OK) {
        return err;
    }
    for (size_t i = 0; i < rows_max && totals->row_count < totals->emitted_count; i++) {
        totals->rows[totals->row_count] = make_row(totals, &totals->emitted[totals->row_count]);
        totals->row_count++;
    }
    *ret_is_done = totals->row_count >= totals->emitted_count;
    if (*ret_is_done) {
        totals->emitted_count = 0;
        fold_close(totals);
    }
    return ERR_OK;
}

enum err totals_seal(struct totals *totals)
{
    bool is_done = false;
    return totals_seal_step(totals, SIZE_MAX, &is_done);
}

size_t totals_rows(const struct totals *totals)
{
    return totals->row_count;
}

const struct total_row *totals_row(const struct totals *totals, size_t index)
{
    return &totals->rows[index];
}

void total_row_message(const struct total_row *row, Ihuriro__V1__TotalRow *ret_message)
{
    Ihuriro__V1__TotalRow message = IHURIRO__V1__TOTAL_ROW__INIT;
    message.by = (char *)(uintptr_t)total_by_name(row->by);
    message.group = (char *)(uintptr_t)row->group;
    message.line = (char *)(uintptr_t)row->line;
    message.unit = (char *)(uintptr_t)total_unit_name(row->unit);
    message.currency = row->currency[0] == '\0' ? NULL : (char *)(uintptr_t)row->currency;
    message.has_value = row->has_value;
    message.value = row->value;
    message.has_numerator = message.has_denominator = row->has_parts;
    message.numerator = row->parts.numerator;
    message.denominator = row->parts.denominator;
    message.reported = row->reported;
    message.expected = row->expected;
    message.has_not_shared = row->not_shared > 0;
    message.not_shared = row->not_shared;
    message.has_assets_bp = row->has_assets;
    message.assets_bp = row->assets_bp;
    message.has_assets_unknown = row->assets_unknown > 0;
    message.assets_unknown = row->assets_unknown;
    message.has_quartile_1 = message.has_median = message.has_quartile_3 = row->has_quartiles;
    message.quartile_1 = row->quartiles[0];
    message.median = row->quartiles[1];
    message.quartile_3 = row->quartiles[2];
    message.has_before = message.has_matched = row->has_matched;
    message.before = row->before;
    message.matched = row->matched;
    message.has_matched_count = row->matched_count > 0;
    message.matched_count = row->matched_count;
    message.has_estimated = row->estimated > 0;
    message.estimated = row->estimated;
    message.refused = row->is_too_large ? (char *)(uintptr_t) "TOO_LARGE" : NULL;
    *ret_message = message;
}
