#include "agents/query/login.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 1024

struct place {
    char path[1024];
    bool is_systemd; /* which sees to it that nobody else reads the file, by its own means */
};

static void close_file(const int *file)
{
    if (*file >= 0) {
        (void)close(*file);
    }
}

void login_forget(struct login *login)
{
    sodium_memzero(login, sizeof *login);
}

static struct place find_place(const char *path)
{
    struct place place = {0};
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    const char *slash = strrchr(path, '/');
    if (folder != NULL && folder[0] == '/') {
        int length = snprintf(place.path, sizeof place.path, "%s/%s", folder,
                              slash == NULL ? path : slash + 1);
        place.is_systemd =
            length > 0 && (size_t)length < sizeof place.path && access(place.path, F_OK) == 0;
    }
    if (!place.is_systemd) {
        (void)snprintf(place.path, sizeof place.path, "%s", path);
    }
    return place;
}

static enum err check_file(int file, const struct place *place, struct complaint *complaint)
{
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        return complain(complaint, ERR_KEY, "The file of credentials %s is not a regular file.",
                        place->path);
    }
    if (!place->is_systemd && status.st_uid != geteuid() && status.st_uid != 0) {
        return complain(complaint, ERR_KEY,
                        "The file of credentials %s belongs to another user: give it to the user "
                        "that runs this program with `chown`.",
                        place->path);
    }
    if (!place->is_systemd && (status.st_mode & 077) != 0) {
        return complain(complaint, ERR_KEY,
                        "The file of credentials %s can be used by others (mode %03o): run `chmod "
                        "0400 %s`, and change the password if others may have read it.",
                        place->path, (unsigned)(status.st_mode & 0777), place->path);
    }
    return ERR_OK;
}

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size > 0 && strchr(" \t\r", text[size - 1]) != NULL) {
        text[--size] = '\0';
    }
    return text;
}

/* false: it is no line of the two. */
static bool take_line(char *line, struct login *login)
{
    char *text = trimmed(line);
    if (*text == '\0' || *text == '#') {
        return true;
    }
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        return false;
    }
    *equals = '\0';
    const char *name = trimmed(text);
    const char *value = trimmed(equals + 1);
    bool is_user = strcmp(name, "user") == 0;
    char *to = is_user ? login->user : login->password;
    if ((!is_user && strcmp(name, "password") != 0) || to[0] != '\0' || *value == '\0') {
        return false;
    }
    return snprintf(to, LOGIN_TEXT_MAX, "%s", value) < LOGIN_TEXT_MAX;
}

static bool take_lines(char *text, struct login *login)
{
    bool is_good = true;
    for (char *rest = text; is_good && rest != NULL;) {
        char *line = strsep(&rest, "\n");
        is_good = take_line(line, login);
    }
    return is_good && login->user[0] != '\0';
}

enum err login_read(const char *path, struct complaint *complaint, struct login *ret_login)
{
    struct place place = find_place(path);
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (place.is_systemd ? 0 : O_NOFOLLOW);
    AUTO(close_file) int file = open(place.path, flags);
    if (file < 0) {
        return complain(complaint, ERR_KEY,
                        "The file of credentials %s cannot be opened: %s. It holds two lines, user "
                        "= NAME and password = SECRET, with mode 0400.",
                        place.path, strerror(errno));
    }
    enum err err = check_file(file, &place, complaint);
    if (err != ERR_OK) {
        return err;
    }
    char text[FILE_BYTES_MAX + 1] = {0};
    struct login login = {0};
    ssize_t got = read(file, text, FILE_BYTES_MAX);
    bool is_good = got > 0 && got < FILE_BYTES_MAX && memchr(text, 0, (size_t)got) == NULL &&
                   take_lines(text, &login);
    sodium_memzero(text, sizeof text);
    if (is_good) {
        *ret_login = login;
    }
    login_forget(&login);
    return is_good ? ERR_OK
                   : complain(complaint, ERR_KEY,
                              "The file of credentials %s does not hold two lines, user = NAME and "
                              "password = SECRET. Write it again.",
                              place.path);
}
