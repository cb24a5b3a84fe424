#include "agents/mfi/notes.h"

#include <stdio.h>
#include <string.h>

static const char contact_name[] = "contact";
static const char settings_name[] = "settings";
static const char settings_receipt_name[] = "settings-receipt";

/* contact: last contact u64, last error u64, hub time u64, schema u32, text. */
enum { CONTACT_HEAD_BYTES = 28 };

enum err contact_get(struct txn *txn, struct contact *ret_contact)
{
    struct bytes value = {0};
    enum err err = outbox_note_get(txn, contact_name, &value);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    struct contact contact = {0};
    if (err == ERR_OK && value.size >= CONTACT_HEAD_BYTES) {
        contact.last_contact_us = (int64_t)get_u64(value.data);
        contact.last_error_us = (int64_t)get_u64(value.data + 8);
        contact.hub_time_us = (int64_t)get_u64(value.data + 16);
        contact.hub_schema = get_u32(value.data + 24);
        size_t text = value.size - CONTACT_HEAD_BYTES;
        text = text < sizeof contact.last_error ? text : sizeof contact.last_error - 1;
        memcpy(contact.last_error, value.data + CONTACT_HEAD_BYTES, text);
    }
    *ret_contact = contact;
    return ERR_OK;
}

enum err contact_put(struct txn *txn, const struct contact *contact)
{
    uint8_t raw[CONTACT_HEAD_BYTES + sizeof contact->last_error];
    put_u64(raw, (uint64_t)contact->last_contact_us);
    put_u64(raw + 8, (uint64_t)contact->last_error_us);
    put_u64(raw + 16, (uint64_t)contact->hub_time_us);
    put_u32(raw + 24, contact->hub_schema);
    size_t text = strnlen(contact->last_error, sizeof contact->last_error);
    memcpy(raw + CONTACT_HEAD_BYTES, contact->last_error, text);
    return outbox_note_put(txn, contact_name, bytes_of(raw, CONTACT_HEAD_BYTES + text));
}

enum err settings_note_put(struct txn *txn, struct bytes event, struct bytes receipt)
{
    outbox_note_put(txn, settings_name, event);
    return outbox_note_put(txn, settings_receipt_name, receipt);
}

enum err settings_note_get(struct txn *txn, struct arena *arena, const PbSettings **ret_settings,
                           uint8_t ret_id[static SHA256_BYTES], int64_t *ret_since_us)
{
    struct bytes value = {0};
    enum err err = outbox_note_get(txn, settings_name, &value);
    if (err != ERR_OK) {
        return err;
    }
    PbEvent *event = NULL;
    err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, value, arena, &event);
    if (err != ERR_OK || event->settings == NULL) {
        return err != ERR_OK ? err : ERR_CORRUPT;
    }
    sha256(value, ret_id);
    *ret_since_us = event->time_us;
    *ret_settings = event->settings;
    return ERR_OK;
}

bool settings_note_is(struct txn *txn, const uint8_t id[static SHA256_BYTES])
{
    struct bytes value = {0};
    if (outbox_note_get(txn, settings_name, &value) != ERR_OK) {
        return false;
    }
    uint8_t kept[SHA256_BYTES];
    sha256(value, kept);
    return memcmp(kept, id, SHA256_BYTES) == 0;
}

/* time u64, text. */
static const char *trouble_name(const char *institution, char out[static 40])
{
    snprintf(out, 40, "folder-%.20s", institution);
    return out;
}

enum err folder_trouble_put(struct txn *txn, const char *institution,
                            const struct folder_trouble *trouble)
{
    char name[40];
    uint8_t raw[8 + sizeof trouble->text];
    size_t size = strnlen(trouble->text, sizeof trouble->text);
    put_u64(raw, (uint64_t)trouble->at_us);
    memcpy(raw + 8, trouble->text, size);
    return outbox_note_put(txn, trouble_name(institution, name), bytes_of(raw, 8 + size));
}

enum err folder_trouble_get(struct txn *txn, const char *institution,
                            struct folder_trouble *ret_trouble)
{
    char name[40];
    struct bytes value = {0};
    enum err err = outbox_note_get(txn, trouble_name(institution, name), &value);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    struct folder_trouble trouble = {0};
    if (err == ERR_OK && value.size >= 8) {
        size_t size = value.size - 8;
        size = size < sizeof trouble.text ? size : sizeof trouble.text - 1;
        trouble.at_us = (int64_t)get_u64(value.data);
        memcpy(trouble.text, value.data + 8, size);
    }
    *ret_trouble = trouble;
    return ERR_OK;
}

enum { READ_BYTES = 16 };

static const char *read_name(const struct folder_read *read, char out[static 48])
{
    uint8_t hash[SHA256_BYTES];
    char hex[17];
    sha256(bytes_of(read->folder, strlen(read->folder)), hash);
    hex_encode(bytes_of(hash, 8), hex);
    snprintf(out, 48, "read-%.20s-%s", read->institution, hex);
    return out;
}

static void read_pack(const struct folder_read *read, uint8_t raw[static READ_BYTES])
{
    put_u64(raw, (uint64_t)read->modified_us);
    put_u64(raw + 8, (uint64_t)read->size);
}

enum err folder_read_put(struct txn *txn, const struct folder_read *read)
{
    char name[48];
    uint8_t raw[READ_BYTES];
    read_pack(read, raw);
    return outbox_note_put(txn, read_name(read, name), bytes_of(raw, sizeof raw));
}

bool folder_read_is(struct txn *txn, const struct folder_read *read)
{
    char name[48];
    uint8_t raw[READ_BYTES];
    struct bytes value = {0};
    read_pack(read, raw);
    return outbox_note_get(txn, read_name(read, name), &value) == ERR_OK &&
           bytes_equal(value, bytes_of(raw, sizeof raw));
}

static const char pruned_name[] = "pruned";

enum err pruned_at_get(struct txn *txn, int64_t *ret_at_us)
{
    struct bytes value = {0};
    enum err err = outbox_note_get(txn, pruned_name, &value);
    if (err == ERR_OK || err == ERR_NOT_FOUND) {
        *ret_at_us = err == ERR_OK && value.size == 8 ? (int64_t)get_u64(value.data) : 0;
        return ERR_OK;
    }
    return err;
}

enum err pruned_at_put(struct txn *txn, int64_t at_us)
{
    uint8_t raw[8];
    put_u64(raw, (uint64_t)at_us);
    return outbox_note_put(txn, pruned_name, bytes_of(raw, sizeof raw));
}
