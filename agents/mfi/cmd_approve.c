/* mfi-agent approve FOLDER --code X: the second person's word for figures. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agents/mfi/approval.h"
#include "agents/mfi/commands.h"
#include "agents/mfi/figures.h"
#include "agents/mfi/folder.h"

static const char program[] = "mfi-agent approve";

struct approve_arguments {
    const char *config;
    const char *code;
    const char *list;
    bool is_sure;
};

#define APPROVE(field) offsetof(struct approve_arguments, field)
static const struct option_row approve_rows[] = {
    CONFIG_ROW(struct approve_arguments),
    {"code", 0, OPTION_TEXT, APPROVE(code), "X", "the staff code of the one who approves", 0, 0},
    {"list", 0, OPTION_TEXT, APPROVE(list), "FILE",
     "approve what FILE lists: institution, type, period, the first 8 digits of the hash, code; a "
     "line each",
     0, 0},
    {"yes", 'y', OPTION_FLAG, APPROVE(is_sure), NULL, "without asking", 0, 0},
    {0},
};

static const struct options approve_options = {
    .program = program,
    .words = "[FOLDER]",
    .about =
        "Shows twelve figures of a folder's reports with their change since the last period, and "
        "keeps that they are approved. What is sent then carries the approval, as long as no "
        "figure "
        "changes. A final month-end needs the codes of two people: prepared_code in manifest.ini, "
        "and "
        "this one.",
    .rows = approve_rows,
    .words_min = 0,
    .words_max = 1,
};

/* What stands in the way, in words; false: nothing does. */
static bool is_hindered(const struct examined_report *examined, char *why, size_t size)
{
    const PbReport *report = examined->report;
    if (examined->has_errors) {
        (void)snprintf(why, size, "it would be rejected; correct what `mfi-agent check` shows");
        return true;
    }
    for (size_t i = 0; i < examined->findings->count; i++) {
        const PbFinding *finding = &examined->findings->rows[i];
        bool is_explained = (int)finding->severity != SEVERITY_WARNING;
        for (size_t k = 0; k < report->n_explanations && !is_explained; k++) {
            is_explained = strcmp(report->explanations[k]->rule, finding->rule) == 0;
        }
        if (!is_explained) {
            (void)snprintf(why, size,
                           "the warning %s is not explained; write a line for it in explain.csv",
                           finding->rule);
            return true;
        }
    }
    return false;
}

static bool is_agreed(const struct approve_arguments *arguments)
{
    char answer[8] = "";
    if (arguments->is_sure) {
        return true;
    }
    printf("Approve these figures as %s? Type yes: ", arguments->code);
    (void)fflush(stdout);
    return fgets(answer, sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

static enum err keep(struct agent *agent, const struct examined *examined,
                     const struct approval *approval)
{
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(agent->outbox), true, &txn);
    for (size_t i = 0; err == ERR_OK && i < examined->count; i++) {
        const PbReport *report = examined->reports[i].report;
        struct approval own = *approval;
        err = approval_hash(report, own.hash);
        if (err == ERR_OK) {
            err = approval_put(&txn, report->institution, (int)report->type, report->period, &own);
        }
    }
    return err == ERR_OK ? txn_commit(&txn) : err;
}

static enum err approve_folder(const char *folder, const struct approve_arguments *arguments,
                               struct complaint *complaint)
{
    AUTO(agent_close) struct agent *agent = NULL;
    AUTO(arena_close) struct arena arena = {.budget = FOLDER_ARENA_BUDGET};
    struct approval approval = {0};
    struct folder_options options = {.approval = &approval};
    struct examined *examined = NULL;
    (void)snprintf(approval.code, sizeof approval.code, "%s", arguments->code);
    enum err err = agent_open(arguments->config, AGENT_STORE, complaint, &agent);
    err = err != ERR_OK ? err : agent_now(agent, &options.now_us);
    approval.at_us = options.now_us;
    err =
        err != ERR_OK ? err : folder_examine(agent, folder, &options, &arena, complaint, &examined);
    for (size_t i = 0; err == ERR_OK && i < examined->count; i++) {
        char why[160];
        err = figures_print(agent, examined, i, stdout);
        if (err == ERR_OK && is_hindered(&examined->reports[i], why, sizeof why)) {
            const PbReport *report = examined->reports[i].report;
            return complain(complaint, ERR_REFUSED, "%s %s cannot be approved: %s.",
                            report_type_name((int)report->type), report->period->key, why);
        }
    }
    if (err == ERR_OK && !is_agreed(arguments)) {
        return complain(complaint, ERR_REFUSED, "Nothing was approved.");
    }
    err = err != ERR_OK ? err : keep(agent, examined, &approval);
    if (err == ERR_OK) {
        printf("Approved by %s. `mfi-agent send %s` sends these figures; if one changes, they have "
               "to be approved again.\n",
               arguments->code, folder);
    }
    return err;
}

/* ---- a list, for who approves for many ---- */

static void list_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

static enum err approve_list(const struct approve_arguments *arguments, struct complaint *complaint)
{
    AUTO(agent_close) struct agent *agent = NULL;
    AUTO(txn_end) struct txn txn = {0};
    AUTO(list_close) FILE *file = fopen(arguments->list, "r");
    char line[300];
    size_t number = 0;
    size_t count = 0;
    int64_t now_us = 0;
    if (file == NULL) {
        return complain(complaint, ERR_NOT_FOUND, "%s cannot be opened.", arguments->list);
    }
    enum err err = agent_open(arguments->config, AGENT_STORE, complaint, &agent);
    err = err != ERR_OK ? err : agent_now(agent, &now_us);
    err = err != ERR_OK ? err : txn_begin(outbox_env(agent->outbox), true, &txn);
    while (err == ERR_OK && fgets(line, sizeof line, file) != NULL) {
        struct approval_row row = {.type = 0};
        char period[PERIOD_KEY_MAX + 1];
        PbPeriod key = IHURIRO__V1__PERIOD__INIT;
        number++;
        if (line[strspn(line, " \r\n")] == '\0' || line[0] == '#') {
            continue;
        }
        if (approval_row_parse(line, &row) != ERR_OK) {
            return complain(complaint, ERR_MALFORMED,
                            "%s line %zu is not: institution, type, period, the first 8 digits of "
                            "the hash, code. Nothing of the file was approved.",
                            arguments->list, number);
        }
        period_format(&row.period, period);
        key.key = period;
        row.approval.at_us = now_us;
        err = approval_put(&txn, row.institution, row.type, &key, &row.approval);
        count++;
    }
    if (err == ERR_OK && ferror(file)) {
        return complain(complaint, ERR_IO, "%s cannot be read. Nothing of it was approved.",
                        arguments->list);
    }
    if (err == ERR_OK && count == 0) {
        return complain(complaint, ERR_REFUSED,
                        "%s lists no report. Write a line for each: institution, type, period, the "
                        "first 8 digits of the hash, code.",
                        arguments->list);
    }
    err = err != ERR_OK ? err : txn_commit(&txn);
    if (err == ERR_OK) {
        printf("%zu reports are approved, each for the figures of its hash.\n", count);
    }
    return err;
}

int approve_command(int argc, char **argv)
{
    struct approve_arguments arguments = {0};
    struct words words = {0};
    struct complaint complaint = {{0}};
    int code = options_parse(&approve_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if ((arguments.list != NULL) == (words.count > 0)) {
        return options_refuse(program, "Name a FOLDER, or --list FILE.");
    }
    if (arguments.list == NULL && (arguments.code == NULL || arguments.code[0] == '\0' ||
                                   !approval_code_is_valid(arguments.code))) {
        return options_refuse(program, "--code is the staff code of the one who approves, of 1 to "
                                       "32 characters.");
    }
    if (arguments.list == NULL && !arguments.is_sure && !isatty(STDIN_FILENO)) {
        return options_refuse(program, "Without a terminal nobody can be asked: add --yes.");
    }
    enum err err = arguments.list != NULL ? approve_list(&arguments, &complaint)
                                          : approve_folder(words.items[0], &arguments, &complaint);
    return err != ERR_OK ? fail(program, err, &complaint) : 0;
}
