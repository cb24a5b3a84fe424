/* What a closed month (TIM-07) and an institution that has ended (XRP-06) do not take any more. */
#include <stdio.h>
#include <string.h>

#include "proto/fields.h"
#include "proto/rules_inside.h"

#define MATERIALITY_BP 10 /* unless the settings say another */

struct comparing {
    struct judging *judging;
    const struct rule *rule;
    int64_t materiality_bp;
};

static void compare(const struct comparing *comparing, const ProtobufCMessageDescriptor *descriptor,
                    const ProtobufCMessage *then, const ProtobufCMessage *now, const char *path);

static const ProtobufCMessage *body_in(const PbReport *report)
{
    const void *const bodies[] = {report->portfolio, report->liquidity, report->operations,
                                  report->capital, report->exposures};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if (bodies[i] != NULL) {
            return bodies[i];
        }
    }
    return NULL;
}

/* TIM-07: while a month is closed no amount changes by more than what is immaterial, against what
 * was frozen; from or to nothing always is (D34, D57). */
void evaluate_after_close(struct judging *judging, const struct rule *rule)
{
    const PbReport *frozen = judging->context->frozen;
    const PbSettings *settings = judging->context->settings;
    if (frozen == NULL || judging->report->vintage <= frozen->vintage) {
        return;
    }
    const struct comparing comparing = {judging, rule,
                                        settings != NULL && settings->has_materiality_bp
                                            ? settings->materiality_bp
                                            : MATERIALITY_BP};
    const ProtobufCMessage *then = body_in(frozen);
    const ProtobufCMessage *now = body_in(judging->report);
    const ProtobufCMessage *one = now != NULL ? now : then;
    if (one != NULL && (then == NULL || now == NULL || then->descriptor == now->descriptor)) {
        char path[FIELD_PATH_MAX];
        size_t length = 0;
        for (const char *name = one->descriptor->short_name; name[length] != '\0'; length++) {
            path[length] = (char)(name[length] | 0x20); /* the field's: "portfolio" */
        }
        path[length] = '\0';
        compare(&comparing, one->descriptor, then, now, path);
    }
}

/* XRP-06: who was merged or split owes, and may correct, what ended before (D53). */
void evaluate_ended(struct judging *judging, const struct rule *rule)
{
    const struct party *party = judging->context->party;
    const int32_t end_day = judging->report->period->end_day;
    if (party != NULL && party->ended_day <= end_day) {
        judging_find_values(judging, rule, rule->severity, "period.end_day",
                            (wide)party->ended_day - 1, end_day);
    }
}

/* ---- one message against another; either may be absent, and is nothing then ---- */

static void join(const char *path, const char *name, char ret_path[static FIELD_PATH_MAX])
{
    (void)snprintf(ret_path, FIELD_PATH_MAX, "%s.%s", path, name);
}

static size_t count_in(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor)
{
    return message == NULL ? 0 : field_count(message, descriptor);
}

static int64_t amount_in(const ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *descriptor)
{
    struct field field = {.integer = 0};
    if (count_in(message, descriptor) > 0) {
        field_read(message, descriptor, 0, &field);
    }
    return field.integer;
}

static void compare_amount(const struct comparing *comparing,
                           const ProtobufCFieldDescriptor *descriptor, const ProtobufCMessage *then,
                           const ProtobufCMessage *now, const char *path)
{
    const wide before = amount_in(then, descriptor);
    const wide after = amount_in(now, descriptor);
    if (!is_within(before, after, before, comparing->materiality_bp)) {
        char whole[FIELD_PATH_MAX];
        join(path, descriptor->name, whole);
        judging_find_values(comparing->judging, comparing->rule, comparing->rule->severity, whole,
                            before, after);
    }
}

static const ProtobufCMessage *message_in(const ProtobufCMessage *message,
                                          const ProtobufCFieldDescriptor *descriptor, size_t index)
{
    struct field field = {.message = NULL};
    if (index < count_in(message, descriptor)) {
        field_read(message, descriptor, index, &field);
    }
    return field.message;
}

/* What a row is about: its codes and bounds, and none of its amounts, counts and texts. */
static bool is_of_identity(const ProtobufCFieldDescriptor *descriptor)
{
    return descriptor->label == PROTOBUF_C_LABEL_REQUIRED ||
           descriptor->type == PROTOBUF_C_TYPE_ENUM ||
           (descriptor->type == PROTOBUF_C_TYPE_STRING &&
            strncmp(descriptor->name, "code", 4) == 0);
}

static bool is_same_value(const ProtobufCMessage *a, const ProtobufCMessage *b,
                          const ProtobufCFieldDescriptor *descriptor)
{
    struct field left = {.text = NULL};
    struct field right = {.text = NULL};
    const size_t count = count_in(a, descriptor);
    if (count != count_in(b, descriptor) || count != 1) {
        return count == count_in(b, descriptor);
    }
    field_read(a, descriptor, 0, &left);
    field_read(b, descriptor, 0, &right);
    return left.kind == FIELD_TEXT ? strcmp(left.text, right.text) == 0
           : left.kind == FIELD_UNSIGNED
               ? left.number == right.number
               : left.kind == FIELD_MESSAGE || left.integer == right.integer;
}

static bool is_same_row(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    bool is_same = a != NULL && b != NULL;
    for (unsigned i = 0; is_same && i < a->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *descriptor = &a->descriptor->fields[i];
        is_same = !is_of_identity(descriptor) || is_same_value(a, b, descriptor);
    }
    return is_same;
}

/* The row about the same thing: mostly it stands at the same place. */
static const ProtobufCMessage *partner(const ProtobufCMessage *message,
                                       const ProtobufCFieldDescriptor *descriptor,
                                       const ProtobufCMessage *row, size_t index)
{
    const ProtobufCMessage *there = message_in(message, descriptor, index);
    if (is_same_row(row, there)) {
        return there;
    }
    for (size_t i = 0; i < count_in(message, descriptor); i++) {
        there = message_in(message, descriptor, i);
        if (is_same_row(row, there)) {
            return there;
        }
    }
    return NULL;
}

static void compare_rows(const struct comparing *comparing,
                         const ProtobufCFieldDescriptor *descriptor, const ProtobufCMessage *then,
                         const ProtobufCMessage *now, const char *path)
{
    const ProtobufCMessageDescriptor *of = descriptor->descriptor;
    char rows[FIELD_PATH_MAX];
    char row[FIELD_PATH_MAX + 24];
    join(path, descriptor->name, rows);
    for (size_t i = 0; i < count_in(now, descriptor); i++) {
        const ProtobufCMessage *after = message_in(now, descriptor, i);
        (void)snprintf(row, sizeof row, "%s[%zu]", rows, i);
        compare(comparing, of, partner(then, descriptor, after, i), after, row);
    }
    for (size_t i = 0; i < count_in(then, descriptor); i++) {
        const ProtobufCMessage *before = message_in(then, descriptor, i);
        if (partner(now, descriptor, before, i) == NULL) { /* it has gone: in any row */
            compare(comparing, of, before, NULL, rows);
        }
    }
}

static void compare(const struct comparing *comparing, const ProtobufCMessageDescriptor *descriptor,
                    const ProtobufCMessage *then, const ProtobufCMessage *now, const char *path)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->type == PROTOBUF_C_TYPE_INT64) {
            compare_amount(comparing, field, then, now, path);
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE &&
                   field->label == PROTOBUF_C_LABEL_REPEATED) {
            compare_rows(comparing, field, then, now, path);
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            char inner[FIELD_PATH_MAX];
            join(path, field->name, inner);
            compare(comparing, field->descriptor, message_in(then, field, 0),
                    message_in(now, field, 0), inner);
        }
    }
}
