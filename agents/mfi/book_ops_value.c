/* The value of a row of ops.csv, by the type of its field. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "agents/mfi/book_ops_inside.h"
#include "proto/fields.h"
#include "proto/limits.h"
#include "proto/money.h"
#include "proto/text.h"

static_assert(TEXT_BYTES_MAX == 500, "a complaint names it");

enum err ops_refuse(const struct book_work *work, const struct ops_key *key, const char *why)
{
    char shown[2 * BOOK_VALUE_SHOWN_MAX];
    return complain(
        work->complaint, ERR_MALFORMED, OPS_FILE " line %zu, %s: \"%s\" %s", key->line, key->key,
        text_escape(bytes_of(key->value, strlen(key->value)), shown, sizeof shown), why);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static enum err parse_integer(const struct book_work *work, const struct ops_key *key,
                              int64_t least, int64_t most, int64_t *ret_value)
{
    int64_t value = 0;
    if (money_parse(key->value, strlen(key->value), 0, &value) != ERR_OK) {
        return ops_refuse(work, key, "is no whole number. Correct it.");
    }
    if (value < least || value > most) {
        return ops_refuse(work, key, "is not possible here. Correct it.");
    }
    *ret_value = value;
    return ERR_OK;
}

/* What is a mark on a scale lies on it. */
static enum err parse_small(const struct book_work *work, const struct ops_key *key,
                            int64_t *ret_value)
{
    static const struct {
        const char *name;
        int64_t least;
        int64_t most;
        const char *why;
    } scales[] = {
        {"priority", 1, 5, "is no priority. Write 1 (most urgent) to 5."},
        {"outlook", 0, 10, "is no outlook. Write 0 (worst) to 10."},
    };
    enum err err = parse_integer(work, key, 0, UINT32_MAX, ret_value);
    for (size_t i = 0; err == ERR_OK && i < sizeof scales / sizeof scales[0]; i++) {
        if (strcmp(key->field->name, scales[i].name) == 0 &&
            (*ret_value < scales[i].least || *ret_value > scales[i].most)) {
            return ops_refuse(work, key, scales[i].why);
        }
    }
    return err;
}

static enum err parse_amount(const struct book_work *work, const struct ops_key *key,
                             int64_t *ret_value)
{
    enum err err = money_parse(key->value, strlen(key->value), work->manifest.exponent, ret_value);
    if (err != ERR_OK) {
        return ops_refuse(
            work, key,
            "is no amount in the manifest's currency. Write digits, with a point before "
            "decimals.");
    }
    return *ret_value < 0 && !field_is_signed(key->field)
               ? ops_refuse(work, key, "is negative, and this amount cannot be. Correct it.")
               : ERR_OK;
}

static enum err parse_flag(const struct book_work *work, const struct ops_key *key,
                           protobuf_c_boolean *ret_flag)
{
    static const struct {
        const char *word;
        bool flag;
    } words[] = {
        {"yes", true}, {"true", true},   {"1", true},  {"oui", true},  {"yego", true},
        {"no", false}, {"false", false}, {"0", false}, {"non", false}, {"oya", false},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(words[i].word, key->value) == 0) {
            *ret_flag = words[i].flag;
            return ERR_OK;
        }
    }
    return ops_refuse(work, key, "is neither yes nor no. Write one of the two.");
}

static enum err parse_code(const struct book_work *work, const struct ops_key *key, int *ret_code)
{
    const ProtobufCEnumDescriptor *values = key->field->descriptor;
    char allowed[300] = "is no code of this field. Write one of";
    for (unsigned i = 0; i < values->n_values; i++) {
        if (strcasecmp(values->values[i].name, key->value) == 0) {
            *ret_code = values->values[i].value;
            return ERR_OK;
        }
        size_t used = strlen(allowed);
        (void)snprintf(allowed + used, sizeof allowed - used, "%s %s", i == 0 ? "" : ",",
                       values->values[i].name);
    }
    size_t used = strlen(allowed);
    (void)snprintf(allowed + used, sizeof allowed - used, ".");
    return ops_refuse(work, key, allowed);
}

static enum err parse_day(const struct book_work *work, const struct ops_key *key, int32_t *ret_day)
{
    return book_date_parse(&work->manifest.dates, key->value, strlen(key->value), ret_day) == ERR_OK
               ? ERR_OK
               : ops_refuse(work, key, "is no date. Write it as 2020-06-30.");
}

enum err ops_put_value(const struct book_work *work, const struct ops_key *key, void *at)
{
    bool is_day = ends_with(key->field->name, "_day") && key->list == NULL;
    is_day = is_day || strcmp(key->field->name, "needed_by_day") == 0;
    int64_t value = 0;
    enum err err = ERR_OK;
    switch (key->field->type) {
    case PROTOBUF_C_TYPE_INT64:
        return parse_amount(work, key, at);
    case PROTOBUF_C_TYPE_UINT64:
        err = parse_integer(work, key, 0, INT64_MAX, &value);
        *(uint64_t *)at = (uint64_t)value;
        return err;
    case PROTOBUF_C_TYPE_UINT32:
        err = parse_small(work, key, &value);
        *(uint32_t *)at = (uint32_t)value;
        return err;
    case PROTOBUF_C_TYPE_INT32:
        if (is_day) {
            return parse_day(work, key, at);
        }
        err = parse_integer(work, key, -1, INT32_MAX, &value);
        *(int32_t *)at = (int32_t)value;
        return err;
    case PROTOBUF_C_TYPE_SINT32:
        err = parse_integer(work, key, INT32_MIN, INT32_MAX, &value);
        *(int32_t *)at = (int32_t)value;
        return err;
    case PROTOBUF_C_TYPE_BOOL:
        return parse_flag(work, key, at);
    case PROTOBUF_C_TYPE_ENUM:
        return parse_code(work, key, at);
    case PROTOBUF_C_TYPE_STRING:
        if (strlen(key->value) > TEXT_BYTES_MAX) {
            return ops_refuse(work, key, "is longer than 500 bytes. Shorten it.");
        }
        *(char **)at = arena_text(work->arena, key->value);
        return *(char **)at == NULL ? book_no_memory(work) : ERR_OK;
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return ops_refuse(work, key, "cannot be given here.");
}
