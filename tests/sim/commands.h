/* The commands of mfi-sim; each parses its own options and returns the process's exit code. */
#ifndef IHURIRO_TESTS_SIM_COMMANDS_H
#define IHURIRO_TESTS_SIM_COMMANDS_H

int sector_command(int argc, char **argv);
int loanbook_command(int argc, char **argv);
int load_command(int argc, char **argv);

#endif
