#include "storage/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

MUST_USE static enum err parent_of(const char *path, char **ret_parent);

enum err disk_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return disk_error(errno);
    }
    enum err err = fsync(fd) == 0 ? ERR_OK : ERR_IO;
    close(fd);
    return err;
}

enum err disk_sync_parent(const char *path)
{
    AUTO(free_p) char *parent = NULL;
    enum err err = parent_of(path, &parent);
    return err != ERR_OK ? err : disk_sync(parent);
}

static enum err parent_of(const char *path, char **ret_parent)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    char *parent = length == 0 ? strdup(".") : strndup(path, length);
    if (parent == NULL) {
        return ERR_MEMORY;
    }
    *ret_parent = parent;
    return ERR_OK;
}

enum err disk_path(const char *folder, const char *name, char **ret_path)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path == NULL) {
        return ERR_MEMORY;
    }
    snprintf(path, size, "%s/%s", folder, name);
    *ret_path = path;
    return ERR_OK;
}

/* Magic numbers of statfs(2) and linux/magic.h. A FUSE mount may be local; it is not refused. */
static const struct {
    uint32_t magic;
    const char *name;
} networks[] = {
    {0x6969, "NFS"},        {0x517B, "SMB"},      {0xFF534D42, "CIFS"},   {0xFE534D42, "SMB2"},
    {0x5346414F, "AFS"},    {0x6B414653, "AFS"},  {0x01021997, "9P"},     {0x00C36400, "Ceph"},
    {0x73757245, "Coda"},   {0x564C, "NCP"},      {0x7461636F, "OCFS2"},  {0x01161970, "GFS2"},
    {0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"}, {0x786F4256, "vboxsf"}, {0x19830326, "BeeGFS"},
};

enum err disk_refuse_network(const char *path, struct complaint *complaint)
{
    struct statfs about;
    if (statfs(path, &about) != 0) {
        return complain(complaint, disk_error(errno), "%s: %s.", path, strerror(errno));
    }
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        if ((uint32_t)about.f_type == networks[i].magic) {
            return complain(complaint, ERR_UNSUPPORTED,
                            "%s is on a network file system (%s), which does not keep what it "
                            "acknowledged. Put it on a local disk (ext4 or XFS).",
                            path, networks[i].name);
        }
    }
    return ERR_OK;
}

enum err disk_refuse_foreign(const char *path, struct complaint *complaint)
{
    struct stat about;
    if (lstat(path, &about) != 0) {
        return complain(complaint, disk_error(errno), "%s: %s.", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return complain(complaint, ERR_REFUSED, "%s is not a regular file. Remove it.", path);
    }
    if (about.st_uid != geteuid() && geteuid() != 0) {
        return complain(complaint, ERR_REFUSED,
                        "%s belongs to another user (%u). Run this program as that user.", path,
                        (unsigned)about.st_uid);
    }
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return complain(complaint, ERR_REFUSED,
                        "%s can be written by other users. Run: chmod go-w %s", path, path);
    }
    return ERR_OK;
}

enum err disk_error(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* a limit on the size of files */
        return ERR_FULL;
    case ENOENT:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case ENOMEM:
        return ERR_MEMORY;
    default:
        return ERR_IO;
    }
}
