/* mfi-sim: synthetic sectors, loan books and load, equal for equal seeds. */
#include <stdio.h>

#include "conf/options.h"
#include "proto/keys.h"
#include "tests/sim/commands.h"

static const struct command commands[] = {
    {"sector", sector_command, "makes a sector's reports over months, and plays them at a hub"},
    {"loanbook", loanbook_command, "writes the folder of one institution's loan book"},
    {"load", load_command, "loads a hub with many agents and subscribers, and measures"},
    {0},
};

int main(int argc, char **argv)
{
    if (keys_init() != ERR_OK) {
        fputs("mfi-sim: the system's cryptography does not start.\n", stderr);
        return 1;
    }
    return commands_run("mfi-sim", "Synthetic sectors, loan books and load.", commands, argc, argv);
}
