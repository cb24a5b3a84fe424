#include "agents/mfi/book_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/mfi/book_query.h"
#include "proto/text.h"

struct book_folder {
    int descriptor;
};

struct book_file {
    int descriptor;
    const char *name;
    struct stat opened;
    struct book_query *query; /* a result; NULL: a file */
};

enum err book_folder_open(const char *path, struct complaint *complaint,
                          struct book_folder **ret_folder)
{
    char shown[200];
    AUTO(book_folder_close) struct book_folder *folder = calloc(1, sizeof *folder);
    if (folder == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    folder->descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->descriptor < 0) {
        const char *name = text_escape(bytes_of(path, strlen(path)), shown, sizeof shown);
        return complain(complaint, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
                        "The folder %s cannot be read: %s. Give the folder that holds "
                        "manifest.ini and loans.csv.",
                        name, strerror(errno));
    }
    *ret_folder = STEAL(folder);
    return ERR_OK;
}

void book_folder_close(struct book_folder **folder)
{
    if (*folder != NULL && (*folder)->descriptor >= 0) {
        (void)close((*folder)->descriptor);
    }
    free(*folder);
    *folder = NULL;
}

bool book_folder_has(const struct book_folder *folder, const char *name)
{
    struct stat found;
    return fstatat(folder->descriptor, name, &found, 0) == 0;
}

/* O_NONBLOCK: opening a named pipe must not wait for a writer. */
enum err book_file_open(const struct book_folder *folder, const char *name,
                        struct complaint *complaint, struct book_file **ret_file)
{
    AUTO(book_file_close) struct book_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    file->name = name;
    file->descriptor = openat(folder->descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->descriptor < 0) {
        enum err err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        return complain(complaint, err,
                        err == ERR_NOT_FOUND
                            ? "%s is missing in the folder: put it there.%s"
                            : "%s cannot be opened: %s. Let the agent's user read it.",
                        name, err == ERR_NOT_FOUND ? "" : strerror(errno));
    }
    if (fstat(file->descriptor, &file->opened) != 0 || !S_ISREG(file->opened.st_mode)) {
        return complain(complaint, ERR_REFUSED,
                        "%s is not a regular file: save the extract itself in the folder.", name);
    }
    *ret_file = STEAL(file);
    return ERR_OK;
}

enum err book_file_ask(struct book_query *query, const char *file, struct complaint *complaint,
                       struct book_file **ret_file)
{
    AUTO(book_file_close) struct book_file *result = calloc(1, sizeof *result);
    if (result == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    result->name = file;
    result->descriptor = -1;
    result->query = query;
    enum err err = book_query_ask(query, file, complaint);
    if (err == ERR_OK) {
        *ret_file = STEAL(result);
    }
    return err;
}

bool book_file_is_result(const struct book_file *file)
{
    return file->query != NULL;
}

void book_file_close(struct book_file **file)
{
    if (*file != NULL && (*file)->descriptor >= 0) {
        (void)close((*file)->descriptor);
    }
    free(*file);
    *file = NULL;
}

const char *book_file_name(const struct book_file *file)
{
    return file->name;
}

uint64_t book_file_size(const struct book_file *file)
{
    return file->opened.st_size > 0 ? (uint64_t)file->opened.st_size : 0;
}

enum err book_file_read(struct book_file *file, uint8_t *at, size_t size,
                        struct complaint *complaint, size_t *ret_got)
{
    ssize_t got = 0;
    if (file->query != NULL) {
        return book_query_read(file->query, at, size, complaint, ret_got);
    }
    do {
        got = read(file->descriptor, at, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return complain(complaint, ERR_IO, "%s cannot be read: %s. Copy it to a disk that works.",
                        file->name, strerror(errno));
    }
    *ret_got = (size_t)got;
    return ERR_OK;
}

enum err book_file_check_unchanged(const struct book_file *file, struct complaint *complaint)
{
    struct stat now;
    if (file->query != NULL) {
        return ERR_OK; /* the transaction sees to it */
    }
    if (fstat(file->descriptor, &now) == 0 && now.st_size == file->opened.st_size &&
        now.st_mtim.tv_sec == file->opened.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == file->opened.st_mtim.tv_nsec) {
        return ERR_OK;
    }
    return complain(complaint, ERR_REFUSED,
                    "%s was changed while it was read: wait until the extract is finished, then "
                    "try again.",
                    file->name);
}
