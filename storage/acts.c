#include "storage/acts.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/limits.h"
#include "storage/disk.h"

#define LAST           "1 " /* version 1: the only line of an append, or its last */
#define MORE           "+ " /* the same, and the append goes on in the next line */
#define VERSION_CHARS  2
#define SECTOR_BYTES   512
#define CHECK_CHARS    16
#define BASE64         sodium_base64_VARIANT_ORIGINAL
#define LINE_BYTES_MAX (EVENT_BYTES_MAX / 3 * 4 + 64)
#define FILE_MAX       ((off_t)1 << 30)

struct act {
    size_t at; /* in events */
    size_t size;
    uint8_t id[SHA256_BYTES];
};

struct acts {
    int fd;
    off_t file_bytes; /* whole lines; what the file is cut back to */
    uint64_t torn_bytes;
    bool is_broken; /* a failed write could not be undone */
    struct buffer events;
    struct act *acts;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* by id: index + 1, 0 for none; a power of two, at most half full */
    size_t slot_count;
};

MUST_USE static enum err open_file(const char *path, struct complaint *complaint, int *ret_fd);
MUST_USE static enum err read_all(int fd, const char *path, struct complaint *complaint,
                                  struct buffer *text);
MUST_USE static enum err take_lines(struct acts *acts, const char *path, struct bytes text,
                                    struct complaint *complaint);
MUST_USE static enum err take_line(struct acts *acts, struct bytes line);
static bool is_torn(struct bytes append, size_t offset);
MUST_USE static enum err cut(struct acts *acts, off_t size);
MUST_USE static enum err hold(struct acts *acts, struct bytes event);
static void forget(struct acts *acts, size_t count, size_t event_bytes);
MUST_USE static enum err make_slots(struct acts *acts);
static uint32_t *slot_of(const struct acts *acts, const uint8_t *id);
MUST_USE static enum err add_line(struct buffer *lines, struct bytes event, bool is_last);
MUST_USE static enum err write_lines(struct acts *acts, struct bytes lines);
static void check_of(struct bytes event, char ret_text[static CHECK_CHARS + 1]);

enum err acts_open(const char *path, struct complaint *complaint, struct acts **ret_acts)
{
    AUTO(acts_close) struct acts *acts = calloc(1, sizeof *acts);
    AUTO(buffer_close) struct buffer text = {0};
    if (acts == NULL) {
        return ERR_MEMORY;
    }
    acts->fd = -1;
    enum err err;
    if ((err = open_file(path, complaint, &acts->fd)) != ERR_OK ||
        (err = read_all(acts->fd, path, complaint, &text)) != ERR_OK ||
        (err = take_lines(acts, path, buffer_bytes(&text), complaint)) != ERR_OK) {
        return err;
    }
    *ret_acts = STEAL(acts);
    return ERR_OK;
}

void acts_close(struct acts **acts)
{
    struct acts *gone = STEAL(*acts);
    if (gone == NULL) {
        return;
    }
    if (gone->fd >= 0) {
        close(gone->fd);
    }
    buffer_close(&gone->events);
    free(gone->acts);
    free(gone->slots);
    free(gone);
}

size_t acts_count(const struct acts *acts)
{
    return acts->count;
}

uint64_t acts_torn_bytes(const struct acts *acts)
{
    return acts->torn_bytes;
}

struct bytes acts_at(const struct acts *acts, size_t index)
{
    return bytes_of(acts->events.data + acts->acts[index].at, acts->acts[index].size);
}

bool acts_hold(const struct acts *acts, const uint8_t id[static SHA256_BYTES])
{
    return acts->slot_count > 0 && *slot_of(acts, id) != 0;
}

/* One write, one sync, for all of them. Memory is taken before, so that what is on disk is also
 * held. */
enum err acts_append(struct acts *acts, const struct bytes *events, size_t count)
{
    AUTO(buffer_close) struct buffer lines = {0};
    enum err err = acts->is_broken ? ERR_IO : ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        uint8_t id[SHA256_BYTES];
        sha256(events[i], id);
        err = acts_hold(acts, id) ? ERR_EXISTS : add_line(&lines, events[i], i + 1 == count);
    }
    size_t held = acts->count;
    size_t held_bytes = acts->events.size;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err = hold(acts, events[i]);
    }
    if (err == ERR_OK) {
        err = write_lines(acts, buffer_bytes(&lines));
    }
    if (err != ERR_OK) {
        forget(acts, held, held_bytes);
    }
    return err;
}

static enum err write_lines(struct acts *acts, struct bytes lines)
{
    size_t done = 0;
    enum err err = ERR_OK;
    while (err == ERR_OK && done < lines.size) {
        ssize_t wrote =
            pwrite(acts->fd, lines.data + done, lines.size - done, acts->file_bytes + (off_t)done);
        if (wrote > 0) {
            done += (size_t)wrote;
        } else if (wrote == 0 || errno != EINTR) {
            err = wrote == 0 ? ERR_IO : disk_error(errno);
        }
    }
    if (err == ERR_OK && fdatasync(acts->fd) != 0) {
        err = disk_error(errno);
    }
    if (err == ERR_OK) {
        acts->file_bytes += (off_t)lines.size;
    } else if (cut(acts, acts->file_bytes) != ERR_OK) {
        acts->is_broken = true;
    }
    return err;
}

static enum err cut(struct acts *acts, off_t size)
{
    if (ftruncate(acts->fd, size) != 0 || fsync(acts->fd) != 0) {
        return disk_error(errno);
    }
    return ERR_OK;
}

static enum err add_line(struct buffer *lines, struct bytes event, bool is_last)
{
    if (event.size > EVENT_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    size_t chars = sodium_base64_encoded_len(event.size, BASE64); /* with the NUL */
    uint8_t *at = NULL;
    enum err err = buffer_append(lines, is_last ? LAST : MORE, VERSION_CHARS);
    if (err == ERR_OK) {
        err = buffer_reserve(lines, chars, &at);
    }
    if (err != ERR_OK) {
        return err;
    }
    sodium_bin2base64((char *)at, chars, event.data, event.size, BASE64);
    lines->size += chars - 1;
    char check[CHECK_CHARS + 1];
    check_of(event, check);
    return buffer_printf(lines, " %s\n", check);
}

static void check_of(struct bytes event, char ret_text[static CHECK_CHARS + 1])
{
    uint8_t hash[SHA256_BYTES];
    sha256(event, hash);
    hex_encode(bytes_of(hash, CHECK_CHARS / 2), ret_text);
}

/* ---- opening ---- */

static enum err open_file(const char *path, struct complaint *complaint, int *ret_fd)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    enum err err = ERR_OK;
    if (fd < 0 && errno == ENOENT) {
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 &&
            ((err = disk_sync(path)) != ERR_OK || (err = disk_sync_parent(path)) != ERR_OK)) {
            close(fd);
            return complain(complaint, err, "%s cannot be synced: %s.", path, err_text(err));
        }
    }
    if (fd < 0) {
        return complain(complaint, disk_error(errno), "%s cannot be opened: %s.", path,
                        strerror(errno));
    }
    if ((err = disk_refuse_foreign(path, complaint)) != ERR_OK) {
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return ERR_OK;
}

static enum err read_all(int fd, const char *path, struct complaint *complaint, struct buffer *text)
{
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return complain(complaint, disk_error(errno), "%s: %s.", path, strerror(errno));
    }
    if (about.st_size > FILE_MAX) {
        return complain(complaint, ERR_TOO_LARGE, "%s is larger than 1 GiB: it is no acts file.",
                        path);
    }
    size_t size = (size_t)about.st_size;
    uint8_t *at = NULL;
    enum err err = size == 0 ? ERR_OK : buffer_reserve(text, size, &at);
    while (err == ERR_OK && text->size < size) {
        ssize_t got = pread(fd, text->data + text->size, size - text->size, (off_t)text->size);
        if (got > 0) {
            text->size += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            err = complain(complaint, ERR_IO, "%s cannot be read: %s.", path,
                           got == 0 ? "it became shorter" : strerror(errno));
        }
    }
    return err;
}

/* Append by append: one that a crash broke off was acknowledged to nobody, and goes whole. */
static enum err take_lines(struct acts *acts, const char *path, struct bytes text,
                           struct complaint *complaint)
{
    size_t whole = 0; /* where the append that is being read begins */
    size_t held = 0;
    size_t held_bytes = 0;
    size_t at = 0;
    for (size_t number = 1; at < text.size; number++) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        if (end == NULL) {
            break;
        }
        struct bytes line = bytes_of(text.data + at, (size_t)(end - text.data) - at);
        enum err err = take_line(acts, line);
        if (err != ERR_OK && is_torn(bytes_of(text.data + whole, text.size - whole), whole)) {
            break;
        }
        if (err != ERR_OK) {
            return complain(complaint, err,
                            "%s line %zu is damaged (%s). Compare it with the copy in your last "
                            "backup, and restore it from there.",
                            path, number, err_text(err));
        }
        at += line.size + 1;
        if (memcmp(line.data, LAST, VERSION_CHARS) == 0) {
            whole = at;
            held = acts->count;
            held_bytes = acts->events.size;
        }
    }
    acts->file_bytes = (off_t)whole;
    if (whole == text.size) {
        return ERR_OK;
    }
    acts->torn_bytes = text.size - whole;
    forget(acts, held, held_bytes);
    enum err err = acts->is_broken ? ERR_MEMORY : cut(acts, acts->file_bytes);
    return err == ERR_OK ? ERR_OK
                         : complain(complaint, err,
                                    "%s ends in a line torn by a crash, which cannot be "
                                    "cut: %s.",
                                    path, err_text(err));
}

/* Sectors that a power cut kept from the disk read as zeros, and no line holds one. That is the
 * last append only if no line that ends one is followed by another: else something happened to
 * lines that were acknowledged. Where it is not seen that there were two, since the newline between
 * them is among the zeros, the journal has both (acts_torn_bytes). offset: where it lies in the
 * file. */
static bool is_torn(struct bytes append, size_t offset)
{
    bool is_over = false;
    for (size_t at = 0; at < append.size;) {
        if (is_over) {
            return false;
        }
        const uint8_t *end = memchr(append.data + at, '\n', append.size - at);
        is_over =
            append.size - at >= VERSION_CHARS && memcmp(append.data + at, LAST, VERSION_CHARS) == 0;
        at = end == NULL ? append.size : (size_t)(end - append.data) + 1;
    }
    const uint8_t *zero = memchr(append.data, 0, append.size);
    if (zero == NULL) {
        return false;
    }
    size_t first = (size_t)(zero - append.data);
    size_t end = first;
    while (end < append.size && append.data[end] == 0) {
        end++;
    }
    return (first == 0 || (offset + first) % SECTOR_BYTES == 0) &&
           (end == append.size || (offset + end) % SECTOR_BYTES == 0);
}

static enum err take_line(struct acts *acts, struct bytes line)
{
    if (line.size < VERSION_CHARS + 1 + CHECK_CHARS || line.size > LINE_BYTES_MAX) {
        return ERR_MALFORMED;
    }
    if (memcmp(line.data, LAST, VERSION_CHARS) != 0 &&
        memcmp(line.data, MORE, VERSION_CHARS) != 0) {
        return ERR_UNSUPPORTED;
    }
    size_t chars = line.size - VERSION_CHARS - 1 - CHECK_CHARS;
    const char *code = (const char *)line.data + VERSION_CHARS;
    AUTO(free_p) uint8_t *event = malloc(chars + 1);
    if (event == NULL) {
        return ERR_MEMORY;
    }
    size_t size = 0;
    if (code[chars] != ' ' ||
        sodium_base642bin(event, chars + 1, code, chars, NULL, &size, NULL, BASE64) != 0) {
        return ERR_MALFORMED;
    }
    char check[CHECK_CHARS + 1];
    check_of(bytes_of(event, size), check);
    if (memcmp(check, code + chars + 1, CHECK_CHARS) != 0) {
        return ERR_CORRUPT;
    }
    return hold(acts, bytes_of(event, size));
}

/* ---- what is held ---- */

/* One that is there already counts once. */
static enum err hold(struct acts *acts, struct bytes event)
{
    struct act act = {.at = acts->events.size, .size = event.size};
    sha256(event, act.id);
    if (acts_hold(acts, act.id)) {
        return ERR_OK;
    }
    if (acts->count == acts->capacity) {
        size_t capacity = acts->capacity == 0 ? 64 : acts->capacity * 2;
        struct act *more = realloc(acts->acts, capacity * sizeof *more);
        if (more == NULL) {
            return ERR_MEMORY;
        }
        acts->acts = more;
        acts->capacity = capacity;
    }
    enum err err = buffer_append(&acts->events, event.data, event.size);
    if (err != ERR_OK) {
        return err;
    }
    acts->acts[acts->count++] = act;
    if (acts->count * 2 > acts->slot_count) {
        err = make_slots(acts);
        if (err != ERR_OK) {
            acts->count--;
            acts->events.size = act.at;
        }
        return err;
    }
    *slot_of(acts, act.id) = (uint32_t)acts->count;
    return ERR_OK;
}

/* All but the first count. */
static void forget(struct acts *acts, size_t count, size_t event_bytes)
{
    if (acts->count == count) {
        return;
    }
    acts->count = count;
    acts->events.size = event_bytes;
    acts->slot_count = 0; /* made anew from what is held */
    free(STEAL(acts->slots));
    if (make_slots(acts) != ERR_OK) {
        acts->is_broken = true;
    }
}

static enum err make_slots(struct acts *acts)
{
    size_t slot_count = 128;
    while (slot_count < acts->count * 4) {
        slot_count *= 2;
    }
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) {
        return ERR_MEMORY;
    }
    free(acts->slots);
    acts->slots = slots;
    acts->slot_count = slot_count;
    for (size_t i = 0; i < acts->count; i++) {
        *slot_of(acts, acts->acts[i].id) = (uint32_t)i + 1;
    }
    return ERR_OK;
}

/* The slot of the id, or the empty one where it would go. An id is a hash already. */
static uint32_t *slot_of(const struct acts *acts, const uint8_t *id)
{
    size_t mask = acts->slot_count - 1;
    size_t at = (size_t)get_u64(id) & mask;
    while (acts->slots[at] != 0 &&
           memcmp(acts->acts[acts->slots[at] - 1].id, id, SHA256_BYTES) != 0) {
        at = (at + 1) & mask;
    }
    return &acts->slots[at];
}
