/* mfi-verify: is this what a hub signed? Offline, against hub.pub alone. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/verify/verify.h"
#include "conf/hub_pub.h"
#include "conf/options.h"
#include "proto/limits.h"

#define RECEIPT_FILE_MAX (ENVELOPE_BYTES_MAX + RECEIPT_BYTES_MAX + 1024)

struct arguments {
    const char *hub;
    const char *format;
};

static const struct option_row rows[] = {
    {"hub", 0, OPTION_TEXT, offsetof(struct arguments, hub), "FILE",
     "the hub's public keys: hub.pub, as its operator gave it to you", 0, 0},
    {"format", 0, OPTION_TEXT, offsetof(struct arguments, format), "text|json",
     "how to print what was found; default text", 0, 0},
    {0},
};

/* A command: how it reads its words, and what it verifies. */
struct task {
    struct options options;
    const char *what;
    enum err (*verify)(const struct words *words, const struct hub_identity *hub,
                       struct statement *statement, struct complaint *complaint);
};

static enum err do_receipt(const struct words *words, const struct hub_identity *hub,
                           struct statement *statement, struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer file = {0};
    enum err err = input_read(words->items[0], RECEIPT_FILE_MAX, complaint, &file);
    return err != ERR_OK ? err : verify_receipt(buffer_bytes(&file), hub, statement, complaint);
}

static enum err do_pull(const struct words *words, const struct hub_identity *hub,
                        struct statement *statement, struct complaint *complaint)
{
    return verify_pull(words->items[0], hub, statement, complaint);
}

/* A file with the signed note, or the folder of a pull, whose manifest holds it. */
static enum err read_checkpoint(const char *path, struct complaint *complaint, struct buffer *note)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        return pull_checkpoint(path, complaint, note);
    }
    return input_read(path, CHECKPOINT_BYTES_MAX, complaint, note);
}

static enum err do_consistency(const struct words *words, const struct hub_identity *hub,
                               struct statement *statement, struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer from = {0};
    AUTO(buffer_close) struct buffer file = {0};
    enum err err = read_checkpoint(words->items[0], complaint, &from);
    err = err != ERR_OK ? err : input_read(words->items[1], ANSWER_MAX, complaint, &file);
    return err != ERR_OK ? err
                         : verify_consistency(buffer_bytes(&from), buffer_bytes(&file), hub,
                                              statement, complaint);
}

static enum err do_store(const struct words *words, const struct hub_identity *hub,
                         struct statement *statement, struct complaint *complaint)
{
    return verify_store(words->items[0], hub, STDERR_FILENO, statement, complaint);
}

static const struct task tasks[] = {
    {{"mfi-verify receipt", "FILE",
      "Verifies a receipt (ID.receipt, as `mfi-agent receipts --out` writes it): that the "
      "institution signed the report, that the hub took it, and what the hub said of it.",
      rows, 1, 1, NULL},
     "receipt",
     do_receipt},
    {{"mfi-verify pull", "DIR",
      "Verifies what `mfi-pull --out DIR` wrote: every record against the hub's checkpoint, and "
      "every file by making it again from the records.",
      rows, 1, 1, NULL},
     "pull",
     do_pull},
    {{"mfi-verify consistency", "A FILE",
      "Verifies with FILE (as `mfi-pull prove A --out FILE` writes it) that the history which "
      "checkpoint A stands for is still part of the hub's history. A is a file with a signed "
      "checkpoint, or the folder of an earlier pull. Says: consistent; declared fork (a record of "
      "the hub says that history was lost); or undeclared fork, which ends with 1.",
      rows, 2, 2, NULL},
     "consistency",
     do_consistency},
    {{"mfi-verify store", "DIR",
      "Verifies a whole store, of a hub or of a backup: hashes, tree, checkpoints, signatures, and "
      "every index made again.",
      rows, 1, 1, NULL},
     "store",
     do_store},
};

/* stdout holds what was found; the exit code says whether it is valid. */
static int conclude(const struct statement *statement, enum err err,
                    const struct complaint *complaint, bool as_json)
{
    AUTO(buffer_close) struct buffer text = {0};
    const char *reason = complaint->text[0] != 0 ? complaint->text : err_text(err);
    if (err == ERR_USAGE || err == ERR_MEMORY) {
        fprintf(stderr, "mfi-verify: %s\n", reason);
        return err == ERR_USAGE ? 2 : 1;
    }
    if (statement_print(statement, err == ERR_OK, reason, as_json, &text) != ERR_OK) {
        fprintf(stderr, "mfi-verify: There is not enough memory.\n");
        return 1;
    }
    /* A result that did not reach its reader must not look like one. */
    if (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0) {
        fprintf(stderr, "mfi-verify: The result could not be written.\n");
        return 1;
    }
    return err == ERR_OK ? 0 : 1;
}

static int run_task(int argc, char **argv)
{
    const struct task *task = tasks;
    while (strcmp(task->what, argv[0]) != 0) {
        task++;
    }
    struct arguments arguments = {NULL, "text"};
    struct words words;
    int code = options_parse(&task->options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    bool as_json = strcmp(arguments.format, "json") == 0;
    if (!as_json && strcmp(arguments.format, "text") != 0) {
        return options_refuse(task->options.program, "--format is text or json, not '%s'.",
                              arguments.format);
    }
    if (arguments.hub == NULL) {
        return options_refuse(task->options.program, "--hub FILE is missing: the hub.pub to verify "
                                                     "against.");
    }
    AUTO(statement_close) struct statement *statement = NULL;
    struct complaint complaint = {{0}};
    struct hub_identity hub;
    enum err err = keys_init();
    if (err == ERR_OK && hub_pub_read(arguments.hub, &complaint, &hub) != ERR_OK) {
        err = ERR_USAGE;
    }
    err = err != ERR_OK ? err : statement_make(task->what, &statement);
    err = err != ERR_OK ? err : task->verify(&words, &hub, statement, &complaint);
    return conclude(statement, err, &complaint, as_json);
}

int main(int argc, char **argv)
{
    static const struct command commands[] = {
        {"receipt", run_task, "a report's receipt"},
        {"pull", run_task, "the files of a pull"},
        {"consistency", run_task, "that a checkpoint's history still stands"},
        {"store", run_task, "a hub's whole store"},
        {0},
    };
    return commands_run("mfi-verify",
                        "Verifies offline, against a hub's public keys alone. Exit 0: valid; 1: "
                        "not valid, with the reason; 2: usage, or a file that cannot be read.",
                        commands, argc, argv);
}
