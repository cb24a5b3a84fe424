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

/* time u64, messages. */
static const char *owed_name(const char *institution, char out[static 40])
{
    snprintf(out, 40, "owed-%.20s", institution);
    return out;
}

enum err owed_note_put(struct txn *txn, const char *institution, const struct owed_note *note)
{
    AUTO(buffer_close) struct buffer value = {0};
    char name[40];
    uint8_t at[8];
    put_u64(at, (uint64_t)note->at_us);
    enum err err = buffer_append(&value, at, sizeof at);
    err = err != ERR_OK ? err : buffer_append(&value, note->raw.data, note->raw.size);
    return err != ERR_OK ? err
                         : outbox_note_put(txn, owed_name(institution, name), buffer_bytes(&value));
}

enum err owed_note_get(struct txn *txn, const char *institution, struct owed_note *ret_note)
{
    char name[40];
    struct bytes value = {0};
    enum err err = outbox_note_get(txn, owed_name(institution, name), &value);
    if (err == ERR_OK && value.size < 8) {
        err = ERR_CORRUPT;
    }
    if (err == ERR_OK) {
        *ret_note = (struct owed_note){.at_us = (int64_t)get_u64(value.data),
                                       .raw = bytes_of(value.data + 8, value.size - 8)};
    }
    return err;
}

/* Of each: time u64, length of the folder u16, of the text u16; both. */
enum { TROUBLE_HEAD_BYTES = 12 };

static const char *troubles_name(const char *institution, char out[static 40])
{
    snprintf(out, 40, "folders-%.20s", institution);
    return out;
}

/* false: it does not end as it should; what came before holds. */
static bool take_trouble(struct bytes *value, struct folder_trouble *ret_trouble)
{
    if (value->size < TROUBLE_HEAD_BYTES) {
        return false;
    }
    size_t folder = get_u16(value->data + 8);
    size_t text = get_u16(value->data + 10);
    if (value->size - TROUBLE_HEAD_BYTES < folder + text || folder >= sizeof ret_trouble->folder ||
        text >= sizeof ret_trouble->text) {
        return false;
    }
    const uint8_t *at = value->data + TROUBLE_HEAD_BYTES;
    *ret_trouble = (struct folder_trouble){.at_us = (int64_t)get_u64(value->data)};
    memcpy(ret_trouble->folder, at, folder);
    memcpy(ret_trouble->text, at + folder, text);
    *value = bytes_of(at + folder + text, value->size - TROUBLE_HEAD_BYTES - folder - text);
    return true;
}

enum err folder_troubles_get(struct txn *txn, const char *institution,
                             struct folder_troubles *ret_troubles)
{
    char name[40];
    struct bytes value = {0};
    enum err err = outbox_note_get(txn, troubles_name(institution, name), &value);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    ret_troubles->count = 0;
    while (err == ERR_OK && ret_troubles->count < FOLDER_TROUBLES_MAX &&
           take_trouble(&value, &ret_troubles->items[ret_troubles->count])) {
        ret_troubles->count++;
    }
    return ERR_OK;
}

static enum err append_trouble(const struct folder_trouble *trouble, struct buffer *value)
{
    uint8_t head[TROUBLE_HEAD_BYTES];
    size_t folder = strnlen(trouble->folder, sizeof trouble->folder - 1);
    size_t text = strnlen(trouble->text, sizeof trouble->text - 1);
    put_u64(head, (uint64_t)trouble->at_us);
    put_u16(head + 8, (uint16_t)folder);
    put_u16(head + 10, (uint16_t)text);
    enum err err = buffer_append(value, head, sizeof head);
    err = err != ERR_OK ? err : buffer_append(value, trouble->folder, folder);
    return err != ERR_OK ? err : buffer_append(value, trouble->text, text);
}

enum err folder_trouble_put(struct txn *txn, const char *institution,
                            const struct folder_trouble *trouble)
{
    AUTO(free_p) struct folder_troubles *troubles = calloc(1, sizeof *troubles);
    AUTO(buffer_close) struct buffer value = {0};
    char name[40];
    if (troubles == NULL) {
        return ERR_MEMORY;
    }
    enum err err = folder_troubles_get(txn, institution, troubles);
    size_t kept = 0;
    if (err == ERR_OK && trouble->text[0] != '\0') {
        err = append_trouble(trouble, &value);
        kept++;
    }
    for (size_t i = 0; err == ERR_OK && i < troubles->count && kept < FOLDER_TROUBLES_MAX; i++) {
        if (strcmp(troubles->items[i].folder, trouble->folder) != 0) {
            err = append_trouble(&troubles->items[i], &value);
            kept++;
        }
    }
    return err != ERR_OK
               ? err
               : outbox_note_put(txn, troubles_name(institution, name), buffer_bytes(&value));
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
