/* mfi-agent: computes, keeps and sends an institution's reports. */
#include <stdio.h>

#include "agents/mfi/commands.h"
#include "proto/keys.h"

static const struct command commands[] = {
    {"init", init_command, "make an agent: keys, configuration, store"},
    {"check", check_command, "the hub's verdict on a folder, offline"},
    {"send", send_command, "check a folder, queue its reports, send, print the receipts"},
    {"run", run_command, "watch the configured folders and keep sending"},
    {"status", status_command, "queue, last receipt, last error of each institution"},
    {"receipts", receipts_command, "list receipts, or write them to files"},
    {"drop", drop_command, "take a report that has no receipt out of the queue"},
    {"approve", approve_command, "the second person's approval of a folder's figures"},
    {"explain", explain_command, "what a rule, a ratio or a field means"},
    {0},
};

int main(int argc, char **argv)
{
    if (keys_init() != ERR_OK) {
        fprintf(stderr, "mfi-agent: libsodium cannot be started.\n");
        return 1;
    }
    return commands_run("mfi-agent", "Computes, keeps and sends an institution's reports.",
                        commands, argc, argv);
}
