#include "agents/feed/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/client/durable.h"

struct output {
    char *file; /* NULL: stdout */
    char *cursor;
    int fd;
    int lock_fd; /* of the cursor; -1: none is kept */
};

static enum err open_cursor(const struct output_options *options, struct complaint *complaint,
                            struct cursor_state *cursor, bool *ret_is_new)
{
    *ret_is_new = true;
    memcpy(cursor->filter, options->filter, SHA256_BYTES);
    if (options->cursor == NULL) {
        return ERR_OK;
    }
    struct cursor_state read = {0};
    enum err err = cursor_read(options->cursor, complaint, &read);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err != ERR_OK) {
        return err;
    }
    if (options->has_beginning) {
        return complain(
            complaint, ERR_USAGE,
            "There is a cursor already (%s), and the feed goes on from it. Leave --from "
            "and --new away, or take the cursor and its output away first.",
            options->cursor);
    }
    if (memcmp(read.filter, options->filter, SHA256_BYTES) != 0) {
        return complain(complaint, ERR_USAGE,
                        "The cursor %s is of another filter (--type, --institution, --category, "
                        "--district, --kind). Use "
                        "the same, or another cursor and output.",
                        options->cursor);
    }
    if (read.has_output && options->file == NULL) {
        return complain(complaint, ERR_USAGE,
                        "The cursor %s goes with an output file: give it with --out, else its next "
                        "lines would be missing there. For a pipe use another cursor.",
                        options->cursor);
    }
    *cursor = read;
    *ret_is_new = false;
    return ERR_OK;
}

/* Cuts the file to what the cursor says; lines behind it were not part of a durable step. */
static enum err cut(const struct output *output, const struct cursor_state *cursor, bool is_new,
                    struct complaint *complaint)
{
    struct stat status;
    if (fstat(output->fd, &status) != 0) {
        return complain(complaint, ERR_IO, "%s: %s.", output->file, strerror(errno));
    }
    uint64_t size = (uint64_t)status.st_size;
    if (is_new && size > 0) {
        return complain(complaint, ERR_EXISTS,
                        "%s is not empty, but there is no cursor %s that says how far it goes. Use "
                        "another file, or take this one away.",
                        output->file, output->cursor);
    }
    if (!is_new && (!cursor->has_output || size < cursor->output_bytes)) {
        return complain(complaint, ERR_CORRUPT,
                        "%s is shorter than its cursor %s says. Lines are missing: take both away "
                        "and begin again.",
                        output->file, output->cursor);
    }
    if (ftruncate(output->fd, (off_t)cursor->output_bytes) != 0 || fsync(output->fd) != 0 ||
        lseek(output->fd, (off_t)cursor->output_bytes, SEEK_SET) < 0) {
        return complain(complaint, ERR_IO, "%s: %s.", output->file, strerror(errno));
    }
    return durable_folder_of(output->file);
}

static enum err open_file(struct output *output, struct complaint *complaint)
{
    output->fd = open(output->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (output->fd < 0) {
        return complain(complaint, ERR_IO, "%s cannot be opened: %s.", output->file,
                        strerror(errno));
    }
    if (flock(output->fd, LOCK_EX | LOCK_NB) != 0) {
        return complain(complaint, ERR_BUSY, "Another mfi-feed is writing %s.", output->file);
    }
    return ERR_OK;
}

/* A file beside the cursor, which itself is replaced at every step. It stays: taken away, a third
 * could lock a new one while a second waits at the old. */
static enum err lock_cursor(struct output *output, struct complaint *complaint)
{
    AUTO(free_p) char *path = NULL;
    if (asprintf(&path, "%s.lock", output->cursor) < 0) {
        path = NULL;
        return ERR_MEMORY;
    }
    output->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (output->lock_fd < 0) {
        return complain(complaint, ERR_IO, "%s cannot be opened: %s.", path, strerror(errno));
    }
    if (flock(output->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return complain(complaint, ERR_BUSY, "Another mfi-feed keeps the cursor %s.",
                        output->cursor);
    }
    return ERR_OK;
}

enum err output_open(const struct output_options *options, struct complaint *complaint,
                     struct output **ret_output, struct cursor_state *ret_cursor, bool *ret_is_new)
{
    AUTO(output_close) struct output *output = calloc(1, sizeof *output);
    struct cursor_state cursor = {0};
    bool is_new = true;
    if (output == NULL) {
        return ERR_MEMORY;
    }
    output->fd = STDOUT_FILENO;
    output->lock_fd = -1;
    output->file = options->file != NULL ? strdup(options->file) : NULL;
    output->cursor = options->cursor != NULL ? strdup(options->cursor) : NULL;
    enum err err = output->file != NULL ? open_file(output, complaint) : ERR_OK;
    if (err == ERR_OK && output->cursor != NULL) {
        err = lock_cursor(output, complaint);
    }
    err = err != ERR_OK ? err : open_cursor(options, complaint, &cursor, &is_new);
    if (err == ERR_OK && output->file != NULL) {
        err = cut(output, &cursor, is_new, complaint);
        cursor.has_output = true;
    }
    if (err == ERR_OK) {
        *ret_output = STEAL(output);
        *ret_cursor = cursor;
        *ret_is_new = is_new;
    }
    return err;
}

void output_close(struct output **output)
{
    if (*output == NULL) {
        return;
    }
    if ((*output)->file != NULL && (*output)->fd >= 0) {
        close((*output)->fd);
    }
    if ((*output)->lock_fd >= 0) {
        close((*output)->lock_fd);
    }
    free((*output)->file);
    free((*output)->cursor);
    free(*output);
    *output = NULL;
}

static enum err write_lines(const struct output *output, struct bytes lines,
                            struct complaint *complaint)
{
    size_t done = 0;
    while (done < lines.size) {
        ssize_t wrote = write(output->fd, lines.data + done, lines.size - done);
        if (wrote < 0 && errno != EINTR) {
            return complain(complaint, ERR_IO, "%s cannot be written: %s.",
                            output->file != NULL ? output->file : "The output", strerror(errno));
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    if (output->file != NULL && lines.size > 0 && fsync(output->fd) != 0) {
        return complain(complaint, ERR_IO, "%s cannot be synced: %s.", output->file,
                        strerror(errno));
    }
    return ERR_OK;
}

enum err output_put(struct output *output, struct bytes lines, struct cursor_state *cursor,
                    struct complaint *complaint)
{
    enum err err = write_lines(output, lines, complaint);
    if (err != ERR_OK) {
        return err;
    }
    if (output->file != NULL) {
        cursor->output_bytes += lines.size;
    }
    return output->cursor != NULL ? cursor_write(output->cursor, cursor, complaint) : ERR_OK;
}
