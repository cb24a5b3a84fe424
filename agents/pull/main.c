/* mfi-pull: one period, whole, at one position, as files that anyone can check. */
#include <stdio.h>

#include "agents/client/client.h"
#include "agents/pull/pull_order.h"
#include "agents/pull/pull_rank.h"
#include "agents/pull/pull_run.h"
#include "agents/pull/pull_totals.h"
#include "conf/options.h"

static const struct client_kind kind = {
    .program = "mfi-pull",
    .name = "pull",
    .door = "query",
    .endpoint = "tcp://127.0.0.1:5703",
    .role = "regulator",
    .about = "Makes pull.key (mode 0400) and a commented pull.conf in FOLDER (default: here), and "
             "prints the line that the hub's operator needs. Never overwrites.",
};

#define AT(field) offsetof(struct pull_arguments, field)
static const struct option_row pull_rows[] = {
    {"config", 'c', OPTION_TEXT, AT(config), "FILE",
     "the configuration (pull.conf here, else /etc/ihuriro/pull.conf)", 0, 0},
    {"period", 0, OPTION_TEXT, AT(period), "PERIOD", "2020-06, 2020-Q2, 2020-W27 or 2020-06-30", 0,
     0},
    {"type", 0, OPTION_TEXTS, AT(types), "TYPE", "only this type (default: all); may be repeated",
     0, 0},
    {"as-known-at", 0, OPTION_TEXT, AT(known_at), "TIME",
     "only what the hub had by then, UTC: older vintages as they stood", 0, 0},
    {"at-seq", 0, OPTION_INTEGER, AT(at_seq), "N", "as of record N", 0, INT64_MAX},
    {"format", 0, OPTION_TEXT, AT(format), "csv|json", "of the data files (csv)", 0, 0},
    {"out", 0, OPTION_TEXT, AT(out), "DIR", "the folder to write; pulled again, it is compared", 0,
     0},
    {0},
};

static const struct option_row prove_rows[] = {
    {"config", 'c', OPTION_TEXT, AT(config), "FILE",
     "the configuration (pull.conf here, else /etc/ihuriro/pull.conf)", 0, 0},
    {"out", 0, OPTION_TEXT, AT(out), "FILE", "where the proof goes", 0, 0},
    {0},
};

static const struct option_row rank_rows[] = {
    {"hub", 0, OPTION_TEXT, offsetof(struct rank_arguments, hub), "hub.pub",
     "the hub's keys: what was pulled is verified first", 0, 0},
    {"out", 0, OPTION_TEXT, offsetof(struct rank_arguments, out), "FILE",
     "where the ranking goes (standard output)", 0, 0},
    {0},
};

#define TOTALS(field) offsetof(struct totals_arguments, field)
static const struct option_row totals_rows[] = {
    {"config", 'c', OPTION_TEXT, TOTALS(config), "FILE",
     "the configuration (pull.conf here, else /etc/ihuriro/pull.conf)", 0, 0},
    {"by", 0, OPTION_TEXTS, TOTALS(by), "GROUP",
     "COUNTRY (default), CATEGORY, DISTRICT, PEER_GROUP, SECTOR, PRODUCT or GENDER; may be "
     "repeated",
     0, 0},
    {"line", 0, OPTION_TEXTS, TOTALS(lines), "LINE",
     "a ratio or field: R02, P01, P05.aging (default: all but ratios over twelve months); may be "
     "repeated",
     0, 0},
    {"as-known-at", 0, OPTION_TEXT, TOTALS(known_at), "TIME", "only what the hub had by then, UTC",
     0, 0},
    {"at-seq", 0, OPTION_INTEGER, TOTALS(at_seq), "N", "as of record N", 0, INT64_MAX},
    {"estimates", 0, OPTION_FLAG, TOTALS(estimates), NULL,
     "what has not come counts as it was the month before, flagged", 0, 0},
    {"format", 0, OPTION_TEXT, TOTALS(format), "table|csv|json", "of the output (table)", 0, 0},
    {"out", 0, OPTION_TEXT, TOTALS(out), "FILE", "where it goes (standard output)", 0, 0},
    {0},
};

static int run_init(int argc, char **argv)
{
    return client_init(&kind, argc, argv);
}

static int run_prove(int argc, char **argv);
static int run_rank(int argc, char **argv);
static int run_totals(int argc, char **argv);
static int run_pull(int argc, char **argv);

static const struct command commands[] = {
    {"init", run_init, "makes key and configuration, and prints the line for the hub's operator"},
    {"prove", run_prove, "gets the proof that a checkpoint is still part of the hub's history"},
    {"rank", run_rank, "ranks the institutions of pulled months by their stress score, offline"},
    {"order", order_command, "key, sign: orders of the authority, which change who owes what"},
    {"totals", run_totals, "sums and ratios of the sector in one month, with their coverage"},
    {"", run_pull, "pulls one period"},
    {0},
};

static const struct options pull_options = {
    .program = "mfi-pull",
    .about =
        "Pulls one period at one position into DIR: data, the signed records that every file "
        "can be made from again, and a manifest with hashes and the hub's signed checkpoint. "
        "The same question at the same position gives the same bytes. The hub writes each pull "
        "down before its first record leaves.",
    .rows = pull_rows,
    .commands = commands,
};

static const struct options prove_options = {
    .program = "mfi-pull prove",
    .words = "CHECKPOINT",
    .about = "Gets the proof that leads from CHECKPOINT (a file with a signed checkpoint, or an "
             "earlier pull's folder) to the hub's newest, or the record that declares that history "
             "was lost. `mfi-verify consistency CHECKPOINT FILE --hub hub.pub` checks it offline.",
    .rows = prove_rows,
    .words_min = 1,
    .words_max = 1,
};

static const struct options rank_options = {
    .program = "mfi-pull rank",
    .words = "DIR...",
    .about =
        "Ranks the institutions of a pulled month by their stress score, 0 (calm) to 100, as CSV. "
        "DIR are pulls of up to four months that follow each other, in any order: the latest is "
        "ranked, the change of PAR30R needs the three before. Of each component its value is "
        "shown; an empty one is not known, and the score is of the rest (weight says how much "
        "of 100); below 60 an institution is listed and not ranked. Nothing is asked of the hub.",
    .rows = rank_rows,
    .words_min = 1,
    .words_max = RANK_MONTHS_MAX,
};

static const struct options totals_options = {
    .program = "mfi-pull totals",
    .words = "PERIOD",
    .about =
        "Asks the hub for the sector's totals of a month. A ratio is the sum of the numerators "
        "over the sum of the denominators of those who reported both; beside it stand how many of "
        "how many they are and what share of the last known assets they hold, the quartiles of "
        "their own values, and the change since the month before over those who reported at both "
        "ends. What nobody reported is absent, never 0. Amounts are in minor units. Which record "
        "and time it is as of, and how long it took, goes to standard error.",
    .rows = totals_rows,
    .words_min = 1,
    .words_max = 1,
};

static int ended(const char *program, enum err err, const struct complaint *complaint)
{
    if (err != ERR_OK) {
        fprintf(stderr, "%s: %s\n", program,
                complaint->text[0] != '\0' ? complaint->text : err_text(err));
    }
    return err_exit_code(err);
}

static int run_prove(int argc, char **argv)
{
    struct pull_arguments arguments = {.at_seq = -1};
    struct complaint complaint = {{0}};
    struct words words = {0};
    int code = options_parse(&prove_options, argc, argv, &arguments, &words);
    return code >= 0 ? code
                     : ended("mfi-pull prove", prove_run(&arguments, words.items[0], &complaint),
                             &complaint);
}

static int run_rank(int argc, char **argv)
{
    struct rank_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    int code = options_parse(&rank_options, argc, argv, &arguments, &words);
    return code >= 0 ? code
                     : ended("mfi-pull rank", rank_run(&arguments, &words, &complaint), &complaint);
}

static int run_totals(int argc, char **argv)
{
    struct totals_arguments arguments = {.at_seq = -1, .format = "table"};
    struct complaint complaint = {{0}};
    struct words words = {0};
    int code = options_parse(&totals_options, argc, argv, &arguments, &words);
    return code >= 0 ? code
                     : ended("mfi-pull totals", totals_run(&arguments, words.items[0], &complaint),
                             &complaint);
}

static int run_pull(int argc, char **argv)
{
    struct pull_arguments arguments = {.at_seq = -1, .format = "csv"};
    struct complaint complaint = {{0}};
    int code = options_parse(&pull_options, argc, argv, &arguments, NULL);
    return code >= 0 ? code : ended("mfi-pull", pull_run(&arguments, &complaint), &complaint);
}

int main(int argc, char **argv)
{
    return commands_run("mfi-pull", pull_options.about, commands, argc, argv);
}
