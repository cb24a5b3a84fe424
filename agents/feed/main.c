/* mfi-feed: the hub's records, one a line, live and from the past by the same path. */
#include <stdio.h>

#include "agents/client/client.h"
#include "agents/feed/feed_run.h"
#include "conf/options.h"

static const struct client_kind kind = {
    .program = "mfi-feed",
    .name = "feed",
    .door = "feed",
    .endpoint = "tcp://127.0.0.1:5702",
    .role = "association",
    .about = "Makes feed.key (mode 0400) and a commented feed.conf in FOLDER (default: here), and "
             "prints the line that the hub's operator needs. Never overwrites.",
};

#define AT(field) offsetof(struct feed_arguments, field)
static const struct option_row rows[] = {
    {"config", 'c', OPTION_TEXT, AT(config), "FILE",
     "the configuration (feed.conf here, else /etc/ihuriro/feed.conf)", 0, 0},
    {"from", 0, OPTION_INTEGER, AT(from), "N", "start behind record N; 0: from the first (default)",
     0, INT64_MAX},
    {"new", 0, OPTION_FLAG, AT(from_end), NULL, "start behind the newest record", 0, 0},
    {"type", 0, OPTION_TEXTS, AT(types), "TYPE", "only reports of this type; may be repeated", 0,
     0},
    {"institution", 0, OPTION_TEXTS, AT(institutions), "ID",
     "only what is about this institution; may be repeated", 0, 0},
    {"category", 0, OPTION_TEXTS, AT(categories), "NAME",
     "only what is about institutions of this category; may be repeated", 0, 0},
    {"district", 0, OPTION_TEXTS, AT(districts), "NAME",
     "only what is about institutions of this district; may be repeated", 0, 0},
    {"kind", 0, OPTION_TEXTS, AT(kinds), "KIND",
     "only records of this kind, such as report or party; may be repeated", 0, 0},
    {"notices", 0, OPTION_FLAG, AT(notices), NULL,
     "notices instead of records: due_soon, overdue, late, breach ...; --kind names kinds of these",
     0, 0},
    {"out", 0, OPTION_TEXT, AT(out), "FILE",
     "append to FILE; with its cursor nothing is missing and nothing comes twice, whatever happens",
     0, 0},
    {"cursor", 0, OPTION_TEXT, AT(cursor), "FILE",
     "remember here how far it has come, and go on from there (with --out: OUT.cursor)", 0, 0},
    {"format", 0, OPTION_TEXT, AT(format), "json|text", "how a record is put out (json)", 0, 0},
    {"until-head", 0, OPTION_FLAG, AT(until_head), NULL, "stop when it has caught up", 0, 0},
    {0},
};

static int run_init(int argc, char **argv)
{
    return client_init(&kind, argc, argv);
}

static int run_feed(int argc, char **argv);

static const struct command commands[] = {
    {"init", run_init, "makes key and configuration, and prints the line for the hub's operator"},
    {"", run_feed, "puts out records"},
    {0},
};

static const struct options options = {
    .program = "mfi-feed",
    .about =
        "Puts out the hub's records that you may see, one JSON object a line, from the past and "
        "then live. On a pipe, a kill may repeat the last lines when it resumes from --cursor; "
        "with --out it does not. A line {\"kind\":\"rewind\",\"to\":N} says that the hub's "
        "history was replaced: forget what came after record N.",
    .rows = rows,
    .commands = commands,
};

static int run_feed(int argc, char **argv)
{
    struct feed_arguments arguments = {.from = -1, .format = "json"};
    struct complaint complaint = {{0}};
    int code = options_parse(&options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    enum err err = feed_run(&arguments, &complaint);
    if (err != ERR_OK) {
        fprintf(stderr, "mfi-feed: %s\n",
                complaint.text[0] != '\0' ? complaint.text : err_text(err));
    }
    return err_exit_code(err);
}

int main(int argc, char **argv)
{
    return commands_run("mfi-feed", options.about, commands, argc, argv);
}
