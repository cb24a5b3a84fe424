/* The command line: a table for each program and each of its commands; the usage text is made from
 * it.
 *
 *   static const struct option_row rows[] = {
 *       {"config", 'c', OPTION_TEXT, offsetof(struct arguments_of_run, config), "FILE",
 *        "the configuration", 0, 0},
 *       {0},
 *   };
 *   static const struct options run = {"mfi-hub run", NULL, "Serves until SIGTERM.", rows, 0, 0,
 *                                      NULL};
 *   int code = options_parse(&run, argc, argv, &target, &words);
 *   if (code >= 0) {
 *       return code;
 *   }
 *
 * --name value, --name=value, -n value, and -- (what follows is no option) are understood;
 * --help and --version everywhere. */
#ifndef IHURIRO_CONF_OPTIONS_H
#define IHURIRO_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/errors.h"

enum option_kind {
    OPTION_FLAG,    /* bool, no value */
    OPTION_TEXT,    /* const char *, a view into argv; given twice is refused */
    OPTION_TEXTS,   /* struct option_texts; may be given again and again */
    OPTION_INTEGER, /* int64_t within [min, max]; min == max == 0: any */
};

#define OPTION_TEXTS_MAX 64
struct option_texts {
    const char *items[OPTION_TEXTS_MAX];
    size_t count;
};

struct option_row {
    const char *name; /* without dashes; NULL ends the table */
    char letter;      /* of the short form, or 0 */
    enum option_kind kind;
    size_t offset;     /* offsetof in the target */
    const char *value; /* what the usage text calls the value: "FILE"; NULL for a flag */
    const char *help;
    int64_t min;
    int64_t max;
};

/* A program's commands; ends with a NULL name. The row with the name "" runs when the first word is
 * none of the others: for programs that also do something without a command. argv[0] of run is the
 * command. */
struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help; /* one line */
};

struct options {
    const char *program; /* "mfi-agent send" */
    const char *words;   /* the positional arguments in the usage line: "FOLDER..."; NULL: none */
    const char *about;   /* what it does, whole sentences */
    const struct option_row *rows; /* may be NULL */
    size_t words_min;
    size_t words_max;
    const struct command *commands; /* listed in the usage text; may be NULL */
};

/* The positional arguments, in order: views into argv, which is reordered. */
struct words {
    char **items;
    size_t count;
};

/* Fills target (set to defaults by the caller). -1: go on. Otherwise exit with the code returned: 0
 * after --help or --version (printed to stdout), 2 after a complaint on stderr. ret_words may be
 * NULL. */
MUST_USE int options_parse(const struct options *options, int argc, char **argv, void *target,
                           struct words *ret_words);
/* Runs the command that argv[1] names and returns its exit code. --help lists the commands. -c FILE
 * and --config FILE may stand before the command. program: "mfi-hub", or "mfi-hub parties" for a
 * second level. */
MUST_USE int commands_run(const char *program, const char *about, const struct command *commands,
                          int argc, char **argv);
/* One sentence on stderr behind the program's name; returns 2. For what a table cannot say. */
MUST_USE int options_refuse(const char *program, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
