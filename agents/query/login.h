/* The name and password for a database: from a file that nobody else can read. */
#ifndef IHURIRO_AGENTS_QUERY_LOGIN_H
#define IHURIRO_AGENTS_QUERY_LOGIN_H

#include "proto/errors.h"

#define LOGIN_TEXT_MAX 256

struct login {
    char user[LOGIN_TEXT_MAX]; /* "": the data source says it, or the system's user is meant */
    char password[LOGIN_TEXT_MAX];
};

/* Two lines, `user = NAME` and `password = SECRET`; a `#` begins a comment line. Where systemd
 * keeps a credential of the file's last name ($CREDENTIALS_DIRECTORY), that one is read; else the
 * file must be a regular one of mode 0400 or 0600, of the caller or root. ERR_KEY. */
MUST_USE enum err login_read(const char *path, struct complaint *complaint,
                             struct login *ret_login);
void login_forget(struct login *login);

#endif
