/* Contacts from the store that a restore replaces, into the one that takes its place: what was
 * erased since the backup stays erased. Read in a child: LMDB trusts its file, and a damaged one
 * may crash whoever reads it. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/layout.h"

#define ROW_HEAD  (INSTITUTION_ID_MAX + 4) /* id, size; then the contact */
#define END       UINT32_C(0xFFFFFFFF)     /* in place of a size: that was all */
#define CHILD_S   60
#define BYTES_MAX ((size_t)256 << 20)

static _Noreturn void run_child(const char *path, int pipe_fd);
MUST_USE static enum err hear(int pipe_fd, struct buffer *rows);

/* Of whole rows, with the end behind them. */
static bool is_whole(struct bytes rows)
{
    size_t at = 0;
    while (rows.size - at >= ROW_HEAD) {
        const uint32_t size = get_u32(rows.data + at + INSTITUTION_ID_MAX);
        at += ROW_HEAD;
        if (size == END) {
            return at == rows.size;
        }
        if (size > rows.size - at) {
            return false;
        }
        at += size;
    }
    return false;
}

enum err contacts_read_forked(const char *path, struct buffer *rows)
{
    int ends[2];
    int status = 0;
    if (pipe(ends) != 0) {
        return ERR_IO;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(path, ends[1]);
    }
    close(ends[1]);
    enum err err = child < 0 ? ERR_MEMORY : hear(ends[0], rows);
    close(ends[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return ERR_IO;
        }
    }
    return err == ERR_OK && !is_whole(buffer_bytes(rows)) ? ERR_CORRUPT : err;
}

static enum err hear(int pipe_fd, struct buffer *rows)
{
    for (;;) {
        uint8_t block[16384];
        ssize_t got = read(pipe_fd, block, sizeof block);
        if (got == 0) {
            return ERR_OK;
        }
        if (got < 0 && errno != EINTR) {
            return ERR_IO;
        }
        enum err err = got < 0 ? ERR_OK : buffer_append(rows, block, (size_t)got);
        if (err != ERR_OK || rows->size > BYTES_MAX) {
            return err != ERR_OK ? err : ERR_TOO_LARGE;
        }
    }
}

/* ---- in the child ---- */

static bool send(int fd, struct bytes bytes)
{
    size_t done = 0;
    while (done < bytes.size) {
        ssize_t wrote = write(fd, bytes.data + done, bytes.size - done);
        if (wrote < 0 && errno != EINTR) {
            return false;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return true;
}

static enum err send_row(void *context, const char *institution, struct bytes contact)
{
    const int *fd = context;
    uint8_t head[ROW_HEAD];
    if (!name_pad(institution, head) || contact.size >= END) {
        return ERR_CORRUPT;
    }
    put_u32(head + INSTITUTION_ID_MAX, (uint32_t)contact.size);
    return send(*fd, bytes_of(head, sizeof head)) && send(*fd, contact) ? ERR_OK : ERR_IO;
}

static _Noreturn void run_child(const char *path, int pipe_fd)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM};
    struct complaint complaint = {{0}};
    struct store *store = NULL;
    struct txn txn = {0};
    uint8_t end[ROW_HEAD] = {0};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        signal(crashes[i], SIG_DFL);
    }
    alarm(CHILD_S); /* pages that point in a circle */
    enum err err = store_open(path, ENV_READ, &complaint, &store);
    err = err != ERR_OK ? err : txn_begin(store_env(store), false, &txn);
    err = err != ERR_OK ? err : contacts_walk(&txn, NULL, send_row, &pipe_fd);
    put_u32(end + INSTITUTION_ID_MAX, END);
    _exit(err == ERR_OK && send(pipe_fd, bytes_of(end, sizeof end)) ? 0 : 1);
}

/* ---- into the other store ---- */

static enum err erase_all(struct txn *txn)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    enum err err = cursor_open(txn, DB_CONTACTS, &cursor);
    while (err == ERR_OK && (err = cursor_to(&cursor, CURSOR_FIRST, &key, &value)) == ERR_OK) {
        err = cursor_delete(&cursor);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err contacts_replace(struct txn *txn, struct bytes rows)
{
    enum err err = is_whole(rows) ? erase_all(txn) : ERR_CORRUPT;
    size_t at = 0;
    while (err == ERR_OK) {
        char institution[INSTITUTION_ID_MAX + 1];
        const uint32_t size = get_u32(rows.data + at + INSTITUTION_ID_MAX);
        name_unpad(rows.data + at, institution);
        at += ROW_HEAD;
        if (size == END) {
            break;
        }
        err = contacts_put(txn, institution, bytes_of(rows.data + at, size));
        at += size;
    }
    return err;
}
