#include "proto/proforma.h"

#include <string.h>

/* ---- who is linked ---- */

/* By place in the registry; SIZE_MAX: it knows none of that name. */
static size_t place_of(const struct registry *registry, const char *id)
{
    size_t low = 0;
    size_t high = registry_count(registry);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(registry_at(registry, middle)->id, id);
        if (order == 0) {
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return SIZE_MAX;
}

static bool mark(const struct registry *registry, bool *is_linked, const char *id)
{
    size_t place = place_of(registry, id);
    bool is_new = place != SIZE_MAX && !is_linked[place];
    if (is_new) {
        is_linked[place] = true;
    }
    return is_new;
}

static bool is_marked(const struct registry *registry, const bool *is_linked, const char *id)
{
    size_t place = place_of(registry, id);
    return place != SIZE_MAX && is_linked[place];
}

/* Marks all of a merger or split that one of is marked. */
static bool spread(const struct registry *registry, const struct succession *row, bool *is_linked)
{
    bool has_any = is_marked(registry, is_linked, row->one);
    bool has_grown = false;
    for (size_t i = 0; i < row->many_count; i++) {
        has_any = has_any || is_marked(registry, is_linked, row->many[i]);
    }
    if (has_any) {
        has_grown = mark(registry, is_linked, row->one);
        for (size_t i = 0; i < row->many_count; i++) {
            has_grown = mark(registry, is_linked, row->many[i]) || has_grown;
        }
    }
    return has_grown;
}

static void spread_all(const struct registry *registry, int32_t after_day, int32_t until_day,
                       bool *is_linked)
{
    size_t count = 0;
    const struct succession *rows = registry_successions(registry, &count);
    bool has_grown = true;
    while (has_grown) {
        has_grown = false;
        for (size_t i = 0; i < count; i++) {
            if (rows[i].from_day > after_day && rows[i].from_day <= until_day) {
                has_grown = spread(registry, &rows[i], is_linked) || has_grown;
            }
        }
    }
}

/* Most parties are in none, and are spared the walk. */
static bool is_in_any(const struct registry *registry, const struct party *party, int32_t after_day,
                      int32_t until_day)
{
    size_t count = 0;
    const struct succession *rows = registry_successions(registry, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_in = strcmp(rows[i].one, party->id) == 0;
        for (size_t k = 0; k < rows[i].many_count && !is_in; k++) {
            is_in = strcmp(rows[i].many[k], party->id) == 0;
        }
        if (is_in && rows[i].from_day > after_day && rows[i].from_day <= until_day) {
            return true;
        }
    }
    return false;
}

enum err linked_parties(const struct registry *registry, const struct party *party,
                        int32_t after_day, int32_t until_day, struct arena *arena,
                        const struct party ***ret_parties, size_t *ret_count)
{
    AUTO(free_p) bool *is_linked = NULL;
    size_t parties = registry_count(registry);
    size_t count = 0;
    if (!is_in_any(registry, party, after_day, until_day)) {
        const struct party **alone = arena_take(arena, sizeof *alone);
        if (alone == NULL) {
            return ERR_MEMORY;
        }
        *alone = party;
        *ret_parties = alone;
        *ret_count = 1;
        return ERR_OK;
    }
    is_linked = calloc(parties + 1, sizeof *is_linked);
    if (is_linked == NULL) {
        return ERR_MEMORY;
    }
    mark(registry, is_linked, party->id);
    spread_all(registry, after_day, until_day, is_linked);
    for (size_t i = 0; i < parties; i++) {
        count += is_linked[i];
    }
    const struct party **linked = arena_take(arena, (count + 1) * sizeof *linked);
    if (linked == NULL) {
        return ERR_MEMORY;
    }
    count = 0;
    for (size_t i = 0; i < parties; i++) {
        if (is_linked[i]) {
            linked[count++] = registry_at(registry, i);
        }
    }
    *ret_parties = linked;
    *ret_count = count;
    return ERR_OK;
}

/* ---- sums ---- */

static void *at(ProtobufCMessage *message, size_t offset)
{
    return (uint8_t *)message + offset;
}

static const void *const_at(const ProtobufCMessage *message, size_t offset)
{
    return (const uint8_t *)message + offset;
}

/* What stands for one institution only; the rest of such are numbers of 32 bits, words and names.
 */
static bool is_of_one(const char *field)
{
    return strncmp(field, "peak_", 5) == 0 || strcmp(field, "withdrawal_cap_amount") == 0 ||
           strcmp(field, "districts_served") == 0;
}

struct messages {
    const ProtobufCMessage *const *items;
    size_t count;
};

/* Σ of a field of 64 bits, where all say it and it fits. */
static bool sum_of(const struct messages *messages, const ProtobufCFieldDescriptor *field,
                   int64_t *ret_sum)
{
    int64_t sum = 0;
    for (size_t i = 0; i < messages->count; i++) {
        const ProtobufCMessage *message = messages->items[i];
        int64_t amount = *(const int64_t *)const_at(message, field->offset);
        bool has = *(const protobuf_c_boolean *)const_at(message, field->quantifier_offset) != 0;
        bool is_count_too_large = field->type == PROTOBUF_C_TYPE_UINT64 && amount < 0;
        if (!has || is_count_too_large || __builtin_add_overflow(sum, amount, &sum)) {
            return false;
        }
    }
    *ret_sum = sum;
    return true;
}

static enum err join_rows(const struct messages *messages, const ProtobufCFieldDescriptor *field,
                          struct arena *arena, ProtobufCMessage *sum)
{
    size_t count = 0;
    for (size_t i = 0; i < messages->count; i++) {
        count += *(const size_t *)const_at(messages->items[i], field->quantifier_offset);
    }
    const void **rows = arena_take(arena, (count + 1) * sizeof *rows);
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    count = 0;
    for (size_t i = 0; i < messages->count; i++) {
        size_t own = *(const size_t *)const_at(messages->items[i], field->quantifier_offset);
        const void *const *from =
            *(const void *const *const *)const_at(messages->items[i], field->offset);
        for (size_t k = 0; k < own; k++) {
            rows[count++] = from[k];
        }
    }
    *(const void ***)at(sum, field->offset) = rows;
    *(size_t *)at(sum, field->quantifier_offset) = count;
    return ERR_OK;
}

MUST_USE static enum err messages_sum(const struct messages *messages, struct arena *arena,
                                      ProtobufCMessage **ret_sum);

/* A message within, where all have it. */
static enum err sum_within(const struct messages *messages, const ProtobufCFieldDescriptor *field,
                           struct arena *arena, ProtobufCMessage *sum)
{
    const ProtobufCMessage **items = arena_take(arena, messages->count * sizeof *items);
    if (items == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < messages->count; i++) {
        items[i] = *(const ProtobufCMessage *const *)const_at(messages->items[i], field->offset);
        if (items[i] == NULL) {
            return ERR_OK;
        }
    }
    struct messages within = {items, messages->count};
    return messages_sum(&within, arena, at(sum, field->offset));
}

static enum err sum_field(const struct messages *messages, const ProtobufCFieldDescriptor *field,
                          struct arena *arena, ProtobufCMessage *sum)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return field->type == PROTOBUF_C_TYPE_MESSAGE ? join_rows(messages, field, arena, sum)
                                                      : ERR_OK;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return sum_within(messages, field, arena, sum);
    }
    bool is_number = field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_UINT64;
    int64_t amount = 0;
    if (is_number && field->label == PROTOBUF_C_LABEL_OPTIONAL && !is_of_one(field->name) &&
        sum_of(messages, field, &amount)) {
        *(int64_t *)at(sum, field->offset) = amount;
        *(protobuf_c_boolean *)at(sum, field->quantifier_offset) = 1;
    }
    return ERR_OK;
}

/* One at least, all of one kind. */
static enum err messages_sum(const struct messages *messages, struct arena *arena,
                             ProtobufCMessage **ret_sum)
{
    const ProtobufCMessageDescriptor *descriptor = messages->items[0]->descriptor;
    ProtobufCMessage *sum = arena_take(arena, descriptor->sizeof_message);
    enum err err = sum == NULL ? ERR_MEMORY : ERR_OK;
    if (err == ERR_OK) {
        protobuf_c_message_init(descriptor, sum);
    }
    for (unsigned i = 0; i < descriptor->n_fields && err == ERR_OK; i++) {
        err = sum_field(messages, &descriptor->fields[i], arena, sum);
    }
    if (err == ERR_OK) {
        *ret_sum = sum;
    }
    return err;
}

static size_t body_offset(int type)
{
    static const size_t offsets[] = {
        [TYPE_PORTFOLIO] = offsetof(PbReport, portfolio),
        [TYPE_LIQUIDITY] = offsetof(PbReport, liquidity),
        [TYPE_OPERATIONS] = offsetof(PbReport, operations),
        [TYPE_CAPITAL] = offsetof(PbReport, capital),
        [TYPE_EXPOSURES] = offsetof(PbReport, exposures),
    };
    return offsets[type];
}

static const ProtobufCMessage *body_of(const PbReport *report)
{
    return *(const ProtobufCMessage *const *)const_at(&report->base,
                                                      body_offset((int)report->type));
}

/* One kind of figures of one period, in one currency. */
static bool are_alike(const PbReport *a, const PbReport *b)
{
    return a->type == b->type && a->period->start_day == b->period->start_day &&
           a->period->end_day == b->period->end_day &&
           (a->currency == NULL) == (b->currency == NULL) &&
           (a->currency == NULL || strcmp(a->currency, b->currency) == 0);
}

enum err reports_sum(const PbReport *const *reports, size_t count, struct arena *arena,
                     const PbReport **ret_report)
{
    const ProtobufCMessage **bodies = arena_take(arena, (count + 1) * sizeof *bodies);
    PbReport *sum = arena_take(arena, sizeof *sum);
    ProtobufCMessage *body = NULL;
    *ret_report = NULL;
    if (bodies == NULL || sum == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (reports[i] == NULL || !are_alike(reports[i], reports[0]) ||
            body_of(reports[i]) == NULL) {
            return ERR_OK;
        }
        bodies[i] = body_of(reports[i]);
    }
    struct messages messages = {bodies, count};
    enum err err = count == 0 ? ERR_OK : messages_sum(&messages, arena, &body);
    if (err == ERR_OK && count > 0) {
        *sum = *reports[0];
        *(ProtobufCMessage **)at(&sum->base, body_offset((int)sum->type)) = body;
        *ret_report = sum;
    }
    return err;
}

static enum err sum_place(const struct ratio_inputs *const *inputs, size_t count, size_t offset,
                          struct arena *arena, struct ratio_inputs *sum)
{
    const PbReport **reports = arena_take(arena, (count + 1) * sizeof *reports);
    if (reports == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        reports[i] = inputs[i] == NULL
                         ? NULL
                         : *(const PbReport *const *)((const uint8_t *)inputs[i] + offset);
    }
    const PbReport **place = (const PbReport **)(void *)((uint8_t *)sum + offset);
    return reports_sum(reports, count, arena, place);
}

enum err inputs_sum(const struct ratio_inputs *const *inputs, size_t count,
                    const struct ratio_inputs *like, struct arena *arena,
                    struct ratio_inputs **ret_inputs)
{
    static const size_t places[] = {
        offsetof(struct ratio_inputs, portfolio),  offsetof(struct ratio_inputs, liquidity),
        offsetof(struct ratio_inputs, operations), offsetof(struct ratio_inputs, capital),
        offsetof(struct ratio_inputs, exposures),
    };
    struct ratio_inputs *sum = arena_take(arena, sizeof *sum);
    enum err err = sum == NULL ? ERR_MEMORY : ERR_OK;
    if (err == ERR_OK) {
        sum->settings = like->settings;
        sum->category = like->category;
    }
    for (size_t i = 0; i < sizeof places / sizeof places[0] && err == ERR_OK; i++) {
        err = sum_place(inputs, count, places[i], arena, sum);
    }
    if (err == ERR_OK) {
        *ret_inputs = sum;
    }
    return err;
}
