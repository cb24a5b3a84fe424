/* Runs a program as systemd runs it under a unit of conf/units, as far as a test can: its
 * system-call filter (what is not allowed kills), MemoryDenyWriteExecute, RestrictRealtime,
 * RestrictAddressFamilies, RestrictSUIDSGID, NoNewPrivileges, no capabilities, its limits, its
 * umask.
 *
 *     as-unit FILE PROGRAM [ARGUMENT...]      FILE: from unit_calls
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "as-unit: %s: %s\n", what, strerror(errno));
    exit(99);
}

/* One call that is allowed but for some values of one argument: (argument & mask) == value fails.
 */
struct restriction {
    const char *call;
    unsigned argument;
    scmp_datum_t mask;
    scmp_datum_t value;
};

static const struct restriction restrictions[] = {
    {"mmap", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC},
    {"mprotect", 2, PROT_EXEC, PROT_EXEC},
    {"pkey_mprotect", 2, PROT_EXEC, PROT_EXEC},
    {"shmat", 2, SHM_EXEC, SHM_EXEC},
    {"sched_setscheduler", 1, ~(scmp_datum_t)0, SCHED_FIFO},
    {"sched_setscheduler", 1, ~(scmp_datum_t)0, SCHED_RR},
    {"chmod", 1, S_ISUID, S_ISUID},
    {"chmod", 1, S_ISGID, S_ISGID},
    {"fchmod", 1, S_ISUID, S_ISUID},
    {"fchmod", 1, S_ISGID, S_ISGID},
    {"fchmodat", 2, S_ISUID, S_ISUID},
    {"fchmodat", 2, S_ISGID, S_ISGID},
    {"unshare", 0, CLONE_NEWUSER, CLONE_NEWUSER},
    {"unshare", 0, CLONE_NEWNS, CLONE_NEWNS},
    {"unshare", 0, CLONE_NEWNET, CLONE_NEWNET},
};
struct family {
    const char *name;
    int family;
};

static const struct family families[] = {
    {"AF_UNIX", AF_UNIX},
    {"AF_INET", AF_INET},
    {"AF_INET6", AF_INET6},
    {"AF_NETLINK", AF_NETLINK},
};
#define FAMILIES_MAX 46 /* of the kernel */

static char names[1024][64];
static size_t name_count;

static void read_names(const char *path)
{
    FILE *list = fopen(path, "r");
    if (list == NULL) {
        die(path);
    }
    while (name_count < sizeof names / sizeof names[0] &&
           fscanf(list, "%63s", names[name_count]) == 1) {
        name_count++;
    }
    (void)fclose(list);
}

static bool is_named(int family)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        for (size_t k = 0; families[i].family == family && k < name_count; k++) {
            if (strcmp(families[i].name, names[k]) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* A filter of its own, loaded first: the kernel runs both, and the sterner answer holds. Here a
 * call fails as under systemd, and does not kill. */
static void restrict_arguments(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int failed = filter == NULL;
    for (size_t i = 0; !failed && i < sizeof restrictions / sizeof restrictions[0]; i++) {
        const struct restriction *row = &restrictions[i];
        failed =
            seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), seccomp_syscall_resolve_name(row->call),
                             1, SCMP_CMP(row->argument, SCMP_CMP_MASKED_EQ, row->mask, row->value));
    }
    for (int family = 0; !failed && family < FAMILIES_MAX; family++) {
        failed = is_named(family)
                     ? 0
                     : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                        SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
    }
    if (failed || seccomp_load(filter) != 0) {
        die("the restrictions cannot be loaded");
    }
    seccomp_release(filter);
}

static void allow_only_what_is_named(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; filter != NULL && i < name_count; i++) {
        int call = seccomp_syscall_resolve_name(names[i]);
        int failed = call == __NR_SCMP_ERROR ? 0 /* a family, or no call of this machine */
                                             : seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
        if (failed != 0 && failed != -EDOM && failed != -EINVAL) {
            die(names[i]);
        }
    }
    if (filter == NULL || seccomp_load(filter) != 0) {
        die("the filter cannot be loaded");
    }
    seccomp_release(filter);
}

static void limit(int what, rlim_t most)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now) != 0) {
        die("getrlimit");
    }
    now.rlim_max = now.rlim_max < most ? now.rlim_max : most;
    now.rlim_cur = now.rlim_max;
    if (setrlimit((__rlimit_resource_t)what, &now) != 0) {
        die("setrlimit");
    }
}

static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0); /* not without being root: there are none then */
    }
    if (syscall(SYS_capset, &header, none) != 0) {
        die("capset");
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: as-unit FILE PROGRAM [ARGUMENT...]\n");
        return 99;
    }
    read_names(argv[1]);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MEMLOCK, 16U << 20);
    umask(0077);
    drop_capabilities();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        die("no_new_privs");
    }
    restrict_arguments();
    allow_only_what_is_named();
    execv(argv[2], &argv[2]);
    die(argv[2]);
}
