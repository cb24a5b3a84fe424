#include "conf/data_path.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Does the program lie in a build folder: is there a CMakeCache.txt beside it or above? */
static bool is_in_build_folder(void)
{
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 32);
    if (length <= 0) {
        return false;
    }
    program[length] = '\0';
    for (int level = 0; level < 3; level++) {
        char *slash = strrchr(program, '/');
        if (slash == NULL) {
            return false;
        }
        memcpy(slash, "/CMakeCache.txt", sizeof "/CMakeCache.txt");
        if (access(program, F_OK) == 0) {
            return true;
        }
        *slash = '\0';
    }
    return false;
}

enum err data_path(const char *folder, const char *override, const char *name, char **ret_path)
{
    char lower[3] = {0};
    if (strlen(name) != 2) {
        return ERR_USAGE;
    }
    for (int i = 0; i < 2; i++) {
        lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
        if (lower[i] < 'a' || lower[i] > 'z') {
            return ERR_USAGE;
        }
    }
    const char *overriding = getenv(override);
    const char *base = is_in_build_folder() ? IHURIRO_SOURCE "/conf" : IHURIRO_DATA;
    char *path = NULL;
    int size = overriding != NULL && overriding[0] != '\0'
                   ? asprintf(&path, "%s/%s.cfg", overriding, lower)
                   : asprintf(&path, "%s/%s/%s.cfg", base, folder, lower);
    if (size < 0) {
        return ERR_MEMORY;
    }
    *ret_path = path;
    return ERR_OK;
}
