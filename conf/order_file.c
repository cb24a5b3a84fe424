#include "conf/order_file.h"

#include <stddef.h>
#include <string.h>

#include "conf/config.h"
#include "conf/duty_words.h"
#include "proto/limits.h"
#include "proto/order.h"
#include "proto/period.h"

#define ABSENT    INT64_MIN
#define HOURS_MAX (366 * 24)

struct added {
    char *type;
    char *frequency;
    char *wants;
    int64_t due_days;
    bool is_in_business_days;
    char *due_time;
    char *roll;
    int64_t grace_hours;
    int64_t remind_hours;
    int64_t escalate_hours;
    struct config_texts categories;
    struct config_texts institutions;
};

struct suspended {
    struct config_texts types;
    struct config_texts frequencies;
    struct config_texts categories;
    struct config_texts institutions;
};

struct order_file {
    char *id;
    char *replaces;
    char *authority;
    char *from;
    char *until;
    char *reason;
    struct config_groups add;
    struct config_groups suspend;
};

static const char *check_date(const void *value)
{
    int32_t day = 0;
    return day_parse(value, &day) == ERR_OK ? NULL : "must be a date such as 2020-03-31";
}

#define TEXT(of, name, field, required, look, text)                                           \
    {                                                                                         \
        .key = name, .kind = CONFIG_TEXT, .offset = offsetof(struct of, field),               \
        .is_required = required, .min = 1, .max = TEXT_BYTES_MAX, .check = look, .help = text \
    }
#define TEXTS(of, name, field, look, text)                                                 \
    {                                                                                      \
        .key = name, .kind = CONFIG_TEXTS, .offset = offsetof(struct of, field), .min = 1, \
        .max = TEXT_BYTES_MAX, .check = look, .help = text                                 \
    }
#define HOURS(name, field, text)                                                      \
    {                                                                                 \
        .key = name, .kind = CONFIG_INTEGER, .offset = offsetof(struct added, field), \
        .max = HOURS_MAX, .preset = ABSENT, .help = text                              \
    }
#define GROUPS(name, field, table, type, text)                                            \
    {                                                                                     \
        .key = name, .kind = CONFIG_GROUPS, .offset = offsetof(struct order_file, field), \
        .rows = table, .group_bytes = sizeof(struct type), .help = text                   \
    }

static const struct config_row added_rows[] = {
    TEXT(added, "type", type, true, check_type, "of the report"),
    TEXT(added, "frequency", frequency, true, check_frequency, "D, W, M or Q"),
    TEXT(added, "wants", wants, true, check_wants, "ANY or FINAL"),
    {.key = "due_days",
     .kind = CONFIG_INTEGER,
     .offset = offsetof(struct added, due_days),
     .is_required = true,
     .max = 366,
     .help = "after the period's last day"},
    {.key = "business_days",
     .kind = CONFIG_BOOL,
     .offset = offsetof(struct added, is_in_business_days),
     .help = "true: count those only"},
    TEXT(added, "due_time", due_time, true, check_time_of_day, "local: 17:00"),
    TEXT(added, "roll", roll, false, check_roll, "where the due day is no business day"),
    HOURS("grace_hours", grace_hours, "after it was due, until it is overdue"),
    HOURS("remind_hours", remind_hours, "before it is due"),
    HOURS("escalate_hours", escalate_hours, "after it was due, to the regulator"),
    TEXTS(added, "categories", categories, NULL, "who owes it; absent: all"),
    TEXTS(added, "institutions", institutions, NULL, "only these; absent: all"),
    {.key = NULL},
};

static const struct config_row suspended_rows[] = {
    TEXTS(suspended, "types", types, check_type, "absent: all"),
    TEXTS(suspended, "frequencies", frequencies, check_frequency, "absent: all"),
    TEXTS(suspended, "categories", categories, NULL, "whose; absent: all"),
    TEXTS(suspended, "institutions", institutions, NULL, "only these; absent: all"),
    {.key = NULL},
};

static const struct config_row order_rows[] = {
    TEXT(order_file, "id", id, true, NULL, "the authority's own: BNR-2020-03"),
    TEXT(order_file, "replaces", replaces, false, NULL, "an order that ends with this one"),
    TEXT(order_file, "authority", authority, true, NULL, "party id of the regulator"),
    TEXT(order_file, "from", from, true, check_date, "governs periods that end from this day"),
    TEXT(order_file, "until", until, true, check_date, "to this one"),
    TEXT(order_file, "reason", reason, true, NULL, "everybody reads it"),
    GROUPS("add", add, added_rows, added, "duties beside those of the settings"),
    GROUPS("suspend", suspend, suspended_rows, suspended, "duties that are excused"),
    {.key = NULL},
};

/* ---- the message ---- */

struct making {
    struct arena *arena;
    bool is_ok; /* memory was there */
};

static char *copy(struct making *making, const char *text)
{
    char *copied = text == NULL ? NULL : arena_text(making->arena, text);
    making->is_ok = making->is_ok && (text == NULL || copied != NULL);
    return copied;
}

static char **copy_texts(struct making *making, const struct config_texts *texts, size_t *ret_count)
{
    char **items = arena_take(making->arena, (texts->count + 1) * sizeof *items);
    *ret_count = 0;
    making->is_ok = making->is_ok && items != NULL;
    for (size_t i = 0; making->is_ok && i < texts->count; i++) {
        items[(*ret_count)++] = copy(making, texts->items[i]);
    }
    return items;
}

static uint32_t hours_of(int64_t value, protobuf_c_boolean *has)
{
    *has = value != ABSENT;
    return *has ? (uint32_t)value : 0;
}

/* The duty is called as the order is: "BNR-2020-03". */
static PbOrderRow *make_added(struct making *making, const char *id, const struct added *from)
{
    PbOrderRow *row = arena_take(making->arena, sizeof *row);
    PbObligation *add = arena_take(making->arena, sizeof *add);
    making->is_ok = making->is_ok && row != NULL && add != NULL;
    if (!making->is_ok) {
        return NULL;
    }
    ihuriro__v1__order_row__init(row);
    ihuriro__v1__obligation__init(add);
    row->action = IHURIRO__V1__ORDER_ROW__ACTION__ADD;
    row->add = add;
    row->institutions = copy_texts(making, &from->institutions, &row->n_institutions);
    add->id = copy(making, id);
    add->type = copy(making, from->type);
    add->frequency = copy(making, from->frequency);
    add->categories = copy_texts(making, &from->categories, &add->n_categories);
    add->wants = strcmp(from->wants, "FINAL") == 0 ? IHURIRO__V1__OBLIGATION__WANTS__FINAL
                                                   : IHURIRO__V1__OBLIGATION__WANTS__ANY;
    add->due_days = (uint32_t)from->due_days;
    add->has_business_days = add->business_days = from->is_in_business_days;
    add->due_minutes = minutes_of(from->due_time);
    add->has_roll = from->roll != NULL;
    add->roll = add->has_roll ? roll_of(from->roll) : add->roll;
    add->grace_hours = hours_of(from->grace_hours, &add->has_grace_hours);
    add->remind_hours = hours_of(from->remind_hours, &add->has_remind_hours);
    add->escalate_hours = hours_of(from->escalate_hours, &add->has_escalate_hours);
    return row;
}

static PbOrderRow *make_suspended(struct making *making, const struct suspended *from)
{
    PbOrderRow *row = arena_take(making->arena, sizeof *row);
    Ihuriro__V1__ReportType *types =
        arena_take(making->arena, (from->types.count + 1) * sizeof *types);
    making->is_ok = making->is_ok && row != NULL && types != NULL;
    if (!making->is_ok) {
        return NULL;
    }
    ihuriro__v1__order_row__init(row);
    row->action = IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    row->types = types;
    for (size_t i = 0; i < from->types.count; i++) {
        int type = 0;
        if (report_type_parse(from->types.items[i], &type) == ERR_OK) { /* check_type has looked */
            types[row->n_types++] = (Ihuriro__V1__ReportType)type;
        }
    }
    row->frequencies = copy_texts(making, &from->frequencies, &row->n_frequencies);
    row->categories = copy_texts(making, &from->categories, &row->n_categories);
    row->institutions = copy_texts(making, &from->institutions, &row->n_institutions);
    return row;
}

static enum err make_rows(struct making *making, const struct order_file *file, PbOrder *order)
{
    const struct added *added = file->add.items;
    const struct suspended *suspended = file->suspend.items;
    order->rows = arena_take(making->arena,
                             (file->add.count + file->suspend.count + 1) * sizeof(PbOrderRow *));
    making->is_ok = making->is_ok && order->rows != NULL;
    for (size_t i = 0; making->is_ok && i < file->add.count; i++) {
        order->rows[order->n_rows++] = make_added(making, file->id, &added[i]);
    }
    for (size_t i = 0; making->is_ok && i < file->suspend.count; i++) {
        order->rows[order->n_rows++] = make_suspended(making, &suspended[i]);
    }
    return making->is_ok ? ERR_OK : ERR_MEMORY;
}

static enum err make(const struct order_file *file, int64_t signed_us, struct arena *arena,
                     PbOrder **ret_order)
{
    struct making making = {arena, true};
    PbOrder *order = arena_take(arena, sizeof *order);
    if (order == NULL) {
        return ERR_MEMORY;
    }
    ihuriro__v1__order__init(order);
    order->id = copy(&making, file->id);
    order->replaces = copy(&making, file->replaces);
    order->authority = copy(&making, file->authority);
    order->reason = copy(&making, file->reason);
    order->signed_us = signed_us;
    enum err err = day_parse(file->from, &order->from_day);
    err = err != ERR_OK ? err : day_parse(file->until, &order->until_day);
    err = err != ERR_OK ? err : make_rows(&making, file, order);
    if (err == ERR_OK) {
        *ret_order = order;
    }
    return err;
}

static void release(struct order_file *file)
{
    config_release(order_rows, file);
}

enum err order_file_read(const char *path, int64_t signed_us, struct arena *arena,
                         struct complaint *complaint, PbOrder **ret_order)
{
    AUTO(release) struct order_file file = {0};
    PbOrder *order = NULL;
    enum err err = config_read(path, order_rows, &file, sizeof file, complaint);
    err = err != ERR_OK ? err : make(&file, signed_us, arena, &order);
    struct complaint contradiction = {{0}};
    if (err == ERR_OK && order_validate(order, &contradiction) != ERR_OK) {
        err = complain(complaint, ERR_REFUSED, "%s: %s", path, contradiction.text);
    }
    if (err == ERR_OK) {
        *ret_order = order;
    }
    return err;
}
