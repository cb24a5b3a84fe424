/* The commands of mfi-hub, one file each: cmd_NAME.c. Each returns the program's exit code. */
#ifndef IHURIRO_HUB_COMMANDS_H
#define IHURIRO_HUB_COMMANDS_H

#include "hub/hub_open.h"

int cmd_init(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_check_config(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_parties(int argc, char **argv);
int cmd_refusals(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_clock_is_right(int argc, char **argv);
int cmd_test_time(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_waive(int argc, char **argv);
int cmd_close(int argc, char **argv);
int cmd_reopen(int argc, char **argv);
int cmd_order(int argc, char **argv);

/* `status --period`: configuration is read, the store is not opened yet. */
struct period_arguments {
    const char *period;
    const char *known_at; /* NULL: now */
    int64_t at_seq;       /* 0: all */
};
/* format: NULL, "text", "json" or "csv". */
int period_status(struct hub *hub, const struct period_arguments *arguments, const char *format);

/* A month, such as 2020-06. ERR_USAGE with the sentence. */
MUST_USE enum err month_parse(const char *text, struct complaint *complaint,
                              struct period *ret_month);

/* The sentence on stderr behind the program's name; returns the exit code for err. */
int command_failed(enum err err, const struct complaint *complaint);

/* Each door has an endpoint, and one of its own: what libzmq would make something else of. */
MUST_USE enum err hub_check_endpoints(struct hub *hub, struct complaint *complaint);

/* What most commands take. */
struct common_arguments {
    const char *config;
    const char *format; /* NULL, "text" or "json" */
};
#define COMMON_ROWS(type)                                                               \
    {                                                                                   \
        "config", 'c', OPTION_TEXT, offsetof(type, common.config), "FILE",              \
            "the hub's configuration (hub.conf here, else /etc/ihuriro/hub.conf)", 0, 0 \
    }
#define FORMAT_ROW(type)                                                                           \
    {                                                                                              \
        "format", 0, OPTION_TEXT, offsetof(type, common.format), "text|json", "how to print", 0, 0 \
    }
/* ERR_USAGE for a format that is neither. */
MUST_USE enum err wants_json(const struct common_arguments *arguments, struct complaint *complaint,
                             bool *ret_wants);

#endif
