/* The commands of mfi-agent, and what they say in the same way. */
#ifndef IHURIRO_AGENTS_MFI_COMMANDS_H
#define IHURIRO_AGENTS_MFI_COMMANDS_H

#include <stdio.h>

#include "agents/mfi/agent.h"
#include "agents/mfi/say.h"
#include "conf/options.h"

int init_command(int argc, char **argv);
int check_command(int argc, char **argv);
int send_command(int argc, char **argv);
int run_command(int argc, char **argv);
int status_command(int argc, char **argv);
int receipts_command(int argc, char **argv);
int drop_command(int argc, char **argv);
int approve_command(int argc, char **argv);
int explain_command(int argc, char **argv);

/* The row that every command has, and the one of those that programs read. */
#define CONFIG_ROW(type)                                                              \
    {                                                                                 \
        "config", 'c', OPTION_TEXT, offsetof(type, config), "FILE",                   \
            "the configuration (agent.conf here, else /etc/ihuriro/agent.conf)", 0, 0 \
    }
#define FORMAT_ROW(type)                                                                           \
    {                                                                                              \
        "format", 0, OPTION_TEXT, offsetof(type, format), "text|json", "how to print (text)", 0, 0 \
    }

#define LANGUAGE_ROW(type)                                                    \
    {                                                                         \
        "language", 0, OPTION_TEXT, offsetof(type, language), "en|fr|rw",     \
            "of what is shown (language in the configuration, else en)", 0, 0 \
    }

/* false: neither text nor json, and said so. */
bool format_is_json(const char *program, const char *format, bool *ret_is_json);
/* One sentence on stderr behind the program's name; returns the exit code. */
int fail(const char *program, enum err err, const struct complaint *complaint);

/* The lines that the hub's operator runs, one an institution: on a file. Details that are not known
 * stand as words in capitals. */
struct operator_line {
    const char *name; /* NULL: NAME */
    const char *category;
    const char *district;
    const char *currency;
};
void operator_line_print(const char *institution, const struct operator_line *line,
                         const struct signing_key *signing_key,
                         const struct transport_key *transport_key, FILE *file);
void operator_lines_print(const struct agent *agent, const struct operator_line *line, FILE *file);

const char *verdict_words(const struct voice *voice, int verdict);
/* A receipt for a person: verdict, findings in sentences, position, time, id. */
MUST_USE enum err receipt_print(const struct entry *entry, const struct voice *voice);

#endif
