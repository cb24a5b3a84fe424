#include "storage/layout.h"

#include <assert.h>
#include <string.h>

#define DAY_BIAS 0x80000000u /* so that days before 1970 sort before */

const char *const store_databases[DB_COUNT] = {
    [DB_JOURNAL] = "journal",   [DB_NODES] = "nodes",       [DB_HEADS] = "heads",
    [DB_REPORTS] = "reports",   [DB_OWNERS] = "owners",     [DB_EVENTS] = "events",
    [DB_REFUSALS] = "refusals", [DB_CONTACTS] = "contacts", [DB_META] = "meta",
};

struct number_key number_key(uint64_t number)
{
    struct number_key key;
    put_u64(key.bytes, number);
    return key;
}

void report_row_encode(const struct report_row *row, uint8_t ret_key[static REPORT_KEY_BYTES],
                       uint8_t ret_value[static REPORT_VALUE_BYTES])
{
    ret_key[0] = row->type;
    ret_key[1] = row->frequency;
    put_u32(ret_key + 2, (uint32_t)row->period_end_day ^ DAY_BIAS);
    bool fits = name_pad(row->institution, ret_key + REPORT_KEY_PERIOD);
    assert(fits);
    put_u64(ret_key + REPORT_KEY_PLACE, row->seq);
    ret_value[0] = row->kind;
    ret_value[1] = row->verdict;
    ret_value[2] = row->status;
    put_u32(ret_value + 3, row->vintage);
    put_u64(ret_value + 7, (uint64_t)row->first_received_at_us);
    memcpy(ret_value + 15, row->id, SHA256_BYTES);
}

enum err report_row_decode(struct bytes key, struct bytes value, struct report_row *ret_row)
{
    if (key.size != REPORT_KEY_BYTES || value.size != REPORT_VALUE_BYTES) {
        return ERR_CORRUPT;
    }
    *ret_row = (struct report_row){
        .type = key.data[0],
        .frequency = key.data[1],
        .period_end_day = (int32_t)(get_u32(key.data + 2) ^ DAY_BIAS),
        .seq = get_u64(key.data + REPORT_KEY_PLACE),
        .kind = value.data[0],
        .verdict = value.data[1],
        .status = value.data[2],
        .vintage = get_u32(value.data + 3),
        .first_received_at_us = (int64_t)get_u64(value.data + 7),
    };
    name_unpad(key.data + REPORT_KEY_PERIOD, ret_row->institution);
    memcpy(ret_row->id, value.data + 15, SHA256_BYTES);
    return ERR_OK;
}

void event_key_encode(int kind, const char *subject, uint64_t seq,
                      uint8_t ret_key[static EVENT_KEY_BYTES])
{
    ret_key[0] = (uint8_t)kind;
    bool fits = name_pad(subject, ret_key + 1);
    assert(fits);
    put_u64(ret_key + EVENT_KEY_SUBJECT, seq);
}

bool name_pad(const char *name, uint8_t ret_bytes[static INSTITUTION_ID_MAX])
{
    size_t length = strlen(name);
    if (length > INSTITUTION_ID_MAX) {
        return false;
    }
    memset(ret_bytes, 0, INSTITUTION_ID_MAX);
    memcpy(ret_bytes, name, length);
    return true;
}

void name_unpad(const uint8_t bytes[static INSTITUTION_ID_MAX],
                char ret_name[static INSTITUTION_ID_MAX + 1])
{
    memcpy(ret_name, bytes, INSTITUTION_ID_MAX);
    ret_name[INSTITUTION_ID_MAX] = '\0';
}

bool bytes_begin(struct bytes bytes, const uint8_t *prefix, size_t size)
{
    return bytes.size >= size && memcmp(bytes.data, prefix, size) == 0;
}

bool kind_is_report(int kind)
{
    return kind == KIND_REPORT || kind == KIND_EARLIER_RECEIPT;
}
