#include "proto/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/fields.h"
#include "proto/period.h"
#include "proto/text.h"

#define DAY_1900 (-25567)
#define DAY_2199 84005

static json_t *json_of_message_value(const ProtobufCMessage *message);

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name);
    size_t end_length = strlen(end);
    return length > end_length && strcmp(name + length - end_length, end) == 0;
}

static json_t *json_of_time(int64_t time_us)
{
    int32_t day = time_day(time_us, 0);
    if (day < DAY_1900 || day > DAY_2199) {
        return json_integer(time_us);
    }
    char text[TIME_TEXT_MAX + 1];
    time_format(time_us, text);
    return json_string(text);
}

static json_t *json_of_day(int64_t day)
{
    if (day < DAY_1900 || day > DAY_2199) {
        return json_integer(day);
    }
    char text[11];
    day_format((int32_t)day, text);
    return json_string(text);
}

/* from_day and to_day of a maturity count days from as_of; all other "..._day" are dates. */
static json_t *json_of_integer(const ProtobufCMessage *message, const struct field *field)
{
    const char *name = field->descriptor->name;
    if (ends_with(name, "_us")) {
        return json_of_time(field->integer);
    }
    if (ends_with(name, "_day") && message->descriptor != &ihuriro__v1__maturity_row__descriptor) {
        return json_of_day(field->integer);
    }
    return json_integer(field->integer);
}

static json_t *json_of_unsigned(uint64_t number)
{
    if (number <= INT64_MAX) {
        return json_integer((json_int_t)number);
    }
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    return json_string(text);
}

static json_t *json_of_bytes(struct bytes bytes)
{
    AUTO(free_p) char *text = malloc(bytes.size * 2 + 1);
    if (text == NULL) {
        return NULL;
    }
    hex_encode(bytes, text);
    return json_string(text);
}

/* Of a report that another hub took: what is no UTF-8 is shown as \xNN, so that one such text does
 * not stop a reader. */
static json_t *json_of_text(const char *text)
{
    size_t length = strlen(text);
    if (text_is_utf8(bytes_of(text, length))) {
        return json_string(text);
    }
    size_t size = 4 * length + 8;
    AUTO(free_p) char *escaped = malloc(size);
    return escaped == NULL ? NULL : json_string(text_escape(bytes_of(text, length), escaped, size));
}

static json_t *json_of_field(const ProtobufCMessage *message, const struct field *field)
{
    switch (field->kind) {
    case FIELD_INTEGER:
        return json_of_integer(message, field);
    case FIELD_UNSIGNED:
        return json_of_unsigned(field->number);
    case FIELD_BOOL:
        return json_boolean(field->integer != 0);
    case FIELD_ENUM:
        return field->text != NULL ? json_string(field->text) : json_integer(field->integer);
    case FIELD_TEXT:
        return json_of_text(field->text);
    case FIELD_BYTES:
        return json_of_bytes(field->bytes);
    case FIELD_MESSAGE:
        return json_of_message_value(field->message);
    }
    return NULL;
}

static json_t *json_of_rows(const ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *descriptor, size_t count)
{
    json_t *rows = json_array();
    for (size_t i = 0; rows != NULL && i < count; i++) {
        struct field field;
        field_read(message, descriptor, i, &field);
        if (json_array_append_new(rows, json_of_field(message, &field)) != 0) {
            json_decref(rows);
            return NULL;
        }
    }
    return rows;
}

/* Times are texts, so their keys lose the "_us" of the field's name. false without memory. */
static bool put_field(json_t *object, const char *name, json_t *value)
{
    size_t length = strlen(name);
    char key[64];
    if (!ends_with(name, "_us") || length >= sizeof key) {
        return json_object_set_new(object, name, value) == 0;
    }
    memcpy(key, name, length - 3);
    key[length - 3] = '\0';
    return json_object_set_new(object, key, value) == 0;
}

json_t *json_of_message(const ProtobufCMessage *message)
{
    json_t *object = json_object();
    for (unsigned i = 0; object != NULL && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *descriptor = &message->descriptor->fields[i];
        size_t count = field_count(message, descriptor);
        if (count == 0) {
            continue;
        }
        json_t *value = NULL;
        if (descriptor->label == PROTOBUF_C_LABEL_REPEATED) {
            value = json_of_rows(message, descriptor, count);
        } else {
            struct field field;
            field_read(message, descriptor, 0, &field);
            value = json_of_field(message, &field);
        }
        if (!put_field(object, descriptor->name, value)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *json_of_message_value(const ProtobufCMessage *message)
{
    if (message->descriptor == &ihuriro__v1__period__descriptor) {
        return json_of_text(((const PbPeriod *)message)->key);
    }
    return json_of_message(message);
}

/* Adds a member; value is taken. false without memory. */
static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

static json_t *json_of_header_period(const struct header *header)
{
    struct period period;
    if (period_ending((enum frequency)header->frequency, header->period_end_day, &period) !=
        ERR_OK) {
        return json_null(); /* a rejected report may say anything of its period */
    }
    char key[PERIOD_KEY_MAX + 1];
    period_format(&period, key);
    return json_string(key);
}

static bool is_report(const struct header *header)
{
    return header->kind == KIND_REPORT || header->kind == KIND_EARLIER_RECEIPT;
}

static bool put_place(json_t *object, const struct header *header)
{
    const char *status =
        header->status == IHURIRO__V1__REPORT__STATUS__FINAL ? "FINAL" : "PROVISIONAL";
    return put(object, "type", json_string(report_type_name(header->type))) &&
           put(object, "period", json_of_header_period(header)) &&
           put(object, "vintage", json_integer(header->vintage)) &&
           put(object, "status", json_string(status)) &&
           put(object, "verdict", json_string(verdict_name(header->verdict)));
}

static bool put_header(json_t *object, const struct header *header)
{
    bool ok = put(object, "kind", json_string(record_kind_name(header->kind))) &&
              put(object, "seq", json_of_unsigned(header->seq)) &&
              put(object, "id", json_of_bytes(bytes_of(header->id, sizeof header->id)));
    if (ok && header->institution[0] != '\0') {
        ok = put(object, "institution", json_string(header->institution));
    }
    if (ok && is_report(header)) {
        ok = put_place(object, header);
    }
    return ok && put(object, "received_at", json_of_time(header->received_at_us)) &&
           put(object, "first_received_at", json_of_time(header->first_received_at_us));
}

/* Values of a finding show like the field that they are of; got of ENV-04 is a time (rules.h). */
static json_t *json_of_value(const PbFinding *finding, bool is_expected)
{
    const char *path = finding->path == NULL ? "" : finding->path;
    int64_t value = is_expected ? finding->expected : finding->got;
    bool is_since = !is_expected && strcmp(finding->rule, "ENV-04") == 0;
    if (is_since || ends_with(path, "_us")) {
        return json_of_time(value);
    }
    if (ends_with(path, "_day") && strstr(path, "maturities") == NULL) {
        return json_of_day(value);
    }
    return json_integer(value);
}

static json_t *json_of_finding(const PbFinding *finding)
{
    json_t *object = json_of_message(&finding->base);
    if (object == NULL ||
        (finding->has_expected && !put(object, "expected", json_of_value(finding, true))) ||
        (finding->has_got && !put(object, "got", json_of_value(finding, false)))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool put_judgement(json_t *object, struct bytes raw, struct arena *arena)
{
    const PbJudgement *judgement = NULL;
    if (raw.size == 0) {
        return put(object, "findings", json_array());
    }
    if (MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, raw, arena, &judgement) != ERR_OK) {
        return false;
    }
    json_t *findings = json_array();
    for (size_t i = 0; findings != NULL && i < judgement->n_findings; i++) {
        if (json_array_append_new(findings, json_of_finding(judgement->findings[i])) != 0) {
            json_decref(findings);
            return false;
        }
    }
    return (judgement->settings.len == 0 ||
            put(object, "settings", json_of_bytes(bytes_of_pb(judgement->settings)))) &&
           put(object, "findings", findings);
}

static bool put_report(json_t *object, struct bytes raw, struct arena *arena)
{
    const PbSignedReport *envelope = NULL;
    const PbReport *report = NULL;
    return MESSAGE_UNPACK(signed_report, MESSAGE_TOLERANT, raw, arena, &envelope) == ERR_OK &&
           MESSAGE_UNPACK(report, MESSAGE_TOLERANT, bytes_of_pb(envelope->report), arena,
                          &report) == ERR_OK &&
           put(object, "report", json_of_message(&report->base));
}

/* What an order says lies in it as bytes, since those are what is signed. */
static bool put_order(json_t *object, const PbEvent *event, struct arena *arena)
{
    const PbOrder *order = NULL;
    return event->order == NULL ||
           MESSAGE_UNPACK(order, MESSAGE_TOLERANT, bytes_of_pb(event->order->order), arena,
                          &order) != ERR_OK ||
           put(object, "order", json_of_message(&order->base));
}

static bool put_event(json_t *object, struct bytes raw, struct arena *arena)
{
    const PbEvent *event = NULL;
    return MESSAGE_UNPACK(event, MESSAGE_TOLERANT, raw, arena, &event) == ERR_OK &&
           put(object, "event", json_of_message(&event->base)) && put_order(object, event, arena);
}

json_t *json_of_record(const struct header *header, struct bytes judgement, struct bytes body,
                       struct arena *arena)
{
    json_t *object = json_object();
    bool ok = object != NULL && put_header(object, header);
    if (ok && judgement.data != NULL && is_report(header)) {
        ok = put_judgement(object, judgement, arena);
    }
    if (ok && body.data != NULL) {
        ok = is_report(header) ? put_report(object, body, arena) : put_event(object, body, arena);
    }
    if (!ok) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int append(const char *text, size_t size, void *context)
{
    return buffer_append(context, text, size) == ERR_OK ? 0 : -1;
}

enum err json_line(const json_t *value, struct buffer *line)
{
    size_t before = line->size;
    if (json_dump_callback(value, append, line, JSON_COMPACT) != 0 ||
        buffer_append(line, "\n", 1) != ERR_OK) {
        line->size = before;
        return ERR_MEMORY;
    }
    return ERR_OK;
}
