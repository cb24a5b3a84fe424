#include "proto/order_words.h"

#include <stdio.h>
#include <string.h>

#include "proto/period.h"

static const struct {
    const char *frequency;
    const char *words;
} frequencies[] = {
    {"D", "each day"}, {"W", "each week"}, {"M", "each month"}, {"Q", "each quarter"}};

static const char *frequency_words(const char *frequency)
{
    for (size_t i = 0; i < sizeof frequencies / sizeof frequencies[0]; i++) {
        if (strcmp(frequencies[i].frequency, frequency) == 0) {
            return frequencies[i].words;
        }
    }
    return frequency;
}

/* " for A, B"; nothing where the list is empty. */
static enum err list(struct buffer *text, const char *before, char *const *items, size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err = buffer_printf(text, "%s%s", i == 0 ? before : ", ", items[i]);
    }
    return err;
}

static enum err added_words(const PbOrderRow *row, struct buffer *text)
{
    const PbObligation *add = row->add;
    const bool is_final = add->wants == IHURIRO__V1__OBLIGATION__WANTS__FINAL;
    enum err err = buffer_printf(
        text, "  adds %s %s, %s, due %u %sday%s after at %02u:%02u", add->type,
        frequency_words(add->frequency), is_final ? "final" : "provisional or final", add->due_days,
        add->has_business_days && add->business_days ? "business " : "",
        add->due_days == 1 ? "" : "s", add->due_minutes / 60, add->due_minutes % 60);
    err = err != ERR_OK ? err : list(text, ", of ", add->categories, add->n_categories);
    return err;
}

static enum err suspended_words(const PbOrderRow *row, struct buffer *text)
{
    enum err err = buffer_printf(text, "  suspends ");
    for (size_t i = 0; err == ERR_OK && i < row->n_types; i++) {
        err = buffer_printf(text, "%s%s", i == 0 ? "" : ", ", report_type_name((int)row->types[i]));
    }
    if (err == ERR_OK && row->n_types == 0) {
        err = buffer_printf(text, "all reports");
    }
    for (size_t i = 0; err == ERR_OK && i < row->n_frequencies; i++) {
        err = buffer_printf(text, "%s%s", i == 0 ? " of " : ", ",
                            frequency_words(row->frequencies[i]));
    }
    return err != ERR_OK ? err : list(text, ", of ", row->categories, row->n_categories);
}

static enum err row_words(const PbOrderRow *row, struct buffer *text)
{
    const bool adds = row->action == IHURIRO__V1__ORDER_ROW__ACTION__ADD;
    enum err err = adds ? added_words(row, text) : suspended_words(row, text);
    err = err != ERR_OK ? err : list(text, ", for ", row->institutions, row->n_institutions);
    return err != ERR_OK ? err : buffer_append(text, "\n", 1);
}

enum err order_words(const PbOrder *order, struct buffer *text)
{
    char from[11];
    char until[11];
    day_format(order->from_day, from);
    day_format(order->until_day, until);
    enum err err = buffer_printf(text, "Order %s of %s, for periods that end from %s to %s",
                                 order->id, order->authority, from, until);
    if (err == ERR_OK && order->replaces != NULL) {
        err = buffer_printf(text, ", in the place of %s", order->replaces);
    }
    err = err != ERR_OK ? err : buffer_printf(text, ": %s\n", order->reason);
    for (size_t i = 0; err == ERR_OK && i < order->n_rows; i++) {
        err = row_words(order->rows[i], text);
    }
    if (err == ERR_OK && order->n_rows == 0) {
        err = buffer_printf(text, "  changes nothing: what it replaces has ended\n");
    }
    return err;
}
