/* mfi-hub: the commands, by name. */
#include <stdio.h>
#include <sys/stat.h>

#include "conf/log.h"
#include "conf/options.h"
#include "hub/commands.h"

static const struct command commands[] = {
    {"init", cmd_init, "make keys, store and a commented hub.conf; print what clients pin"},
    {"run", cmd_run, "serve until SIGTERM"},
    {"check-config", cmd_check_config,
     "check configuration, keys, settings and limits; change nothing"},
    {"status", cmd_status, "what the hub has, does, and lacks"},
    {"parties", cmd_parties, "list, add, set, revoke: who may send and read"},
    {"waive", cmd_waive, "excuse institutions from reports of a period"},
    {"close", cmd_close, "close a month: print what is lacking, freeze what stands"},
    {"reopen", cmd_reopen, "open a closed month again"},
    {"order", cmd_order, "take an order of the authority; list those that were taken"},
    {"refusals", cmd_refusals, "the last messages that were refused, and why"},
    {"backup", cmd_backup, "copy the store while it runs"},
    {"restore", cmd_restore, "put a backup in the store's place"},
    {"clock-is-right", cmd_clock_is_right, "after a jump of the clock: take reports again"},
    {"test-time", cmd_test_time, "move a test hub's clock"},
    {"verify", cmd_verify, "check the whole store: hashes, tree, signatures, indexes"},
    {0},
};

int main(int argc, char **argv)
{
    umask(0077);
    log_open("mfi-hub", LOG_INFO);
    if (keys_init() != ERR_OK) {
        fprintf(stderr, "mfi-hub: libsodium cannot be initialised\n");
        return 1;
    }
    return commands_run("mfi-hub",
                        "The hub of Ihuriro: takes signed reports from institutions, judges and "
                        "journals them, and serves them to those who may see them.",
                        commands, argc, argv);
}
