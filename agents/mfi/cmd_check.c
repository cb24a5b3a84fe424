/* mfi-agent check FOLDER: the hub's verdict, offline. Sends nothing, leaves nothing. */
#include <string.h>

#include "agents/mfi/commands.h"
#include "agents/mfi/folder.h"
#include "proto/json.h"

static const char program[] = "mfi-agent check";

struct check_arguments {
    const char *config;
    const char *institution;
    const char *now;
    const char *format;
    const char *language;
};

#define CHECK(field) offsetof(struct check_arguments, field)
static const struct option_row check_rows[] = {
    CONFIG_ROW(struct check_arguments),
    {"institution", 0, OPTION_TEXT, CHECK(institution), "ID",
     "the folder must be of this institution", 0, 0},
    {"now", 0, OPTION_TEXT, CHECK(now), "TIME",
     "judge as if it were received then: 2020-07-03T08:00:00Z", 0, 0},
    FORMAT_ROW(struct check_arguments),
    LANGUAGE_ROW(struct check_arguments),
    {0},
};

static const struct options check_options = {
    .program = program,
    .words = "FOLDER",
    .about = "Computes the reports of a folder (manifest.ini, and of loans.csv, deposits.csv, "
             "flows.csv, "
             "gl.csv, borrowings.csv, placements.csv, schedule.csv, ops.csv and explain.csv what "
             "is there) "
             "and prints them with the hub's verdict. Works offline, sends nothing, leaves "
             "nothing. Exit 1: a report "
             "would be rejected.",
    .rows = check_rows,
    .words_min = 1,
    .words_max = 1,
};

static enum err print_json(const struct examined *examined, const struct catalogue *catalogue)
{
    AUTO(buffer_close) struct buffer line = {0};
    json_t *json = examined_json(examined, catalogue);
    enum err err = json != NULL ? json_line(json, &line) : ERR_MEMORY;
    json_decref(json);
    if (err == ERR_OK && fwrite(line.data, 1, line.size, stdout) != line.size) {
        err = ERR_IO;
    }
    return err;
}

static enum err check_folder(const char *folder, const struct check_arguments *arguments,
                             bool is_json, struct complaint *complaint, bool *ret_has_errors)
{
    AUTO(agent_close) struct agent *agent = NULL;
    AUTO(arena_close) struct arena arena = {.budget = FOLDER_ARENA_BUDGET};
    struct folder_options options = {.institution = arguments->institution};
    struct examined *examined = NULL;
    enum err err = agent_open_or_default(arguments->config, complaint, &agent);
    err = err != ERR_OK ? err : agent_speak(agent, arguments->language, complaint);
    if (err == ERR_OK) {
        err = agent_now(agent, &options.now_us);
    }
    if (err == ERR_OK && arguments->now != NULL &&
        time_parse(arguments->now, &options.now_us) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "--now is a time such as 2020-07-03T08:00:00Z, or a date.");
    }
    if (err == ERR_OK) {
        err = folder_examine(agent, folder, &options, &arena, complaint, &examined);
    }
    if (err == ERR_OK) {
        const struct voice voice = {stdout, agent->catalogue};
        err = is_json ? print_json(examined, agent->catalogue) : examined_print(examined, &voice);
    }
    if (err == ERR_OK) {
        *ret_has_errors = examined_has_errors(examined);
    }
    return err;
}

int check_command(int argc, char **argv)
{
    struct check_arguments arguments = {0};
    struct words words = {0};
    bool is_json = false;
    int code = options_parse(&check_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (!format_is_json(program, arguments.format, &is_json)) {
        return 2;
    }
    struct complaint complaint = {{0}};
    bool has_errors = false;
    enum err err = check_folder(words.items[0], &arguments, is_json, &complaint, &has_errors);
    if (err != ERR_OK) {
        return fail(program, err, &complaint);
    }
    return has_errors ? 1 : 0;
}
