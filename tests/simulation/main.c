/* Simulations, one a seed: see README.md. */
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "conf/log.h"
#include "tests/simulation/world.h"

#define SEEDS_DEFAULT 5000
#define SEEDS_FILE    IHURIRO_SOURCE "/tests/simulation/seeds.txt"
#define LINE_CHARS    512

struct arguments {
    uint64_t first;
    uint64_t count;
    size_t scenario; /* SIZE_MAX: all in turn */
    bool with_trace;
    bool twice;
    bool stops;       /* at the first violation */
    const char *kept; /* file of seeds that once failed; NULL: none is replayed */
};

struct totals {
    uint64_t seeds;
    uint64_t steps;
    uint64_t receipts;
    uint64_t digest;
    uint64_t broken;
};

/* ---- a folder on a file system in memory, where there is one ---- */

static char folder[96];

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    return where->level == 0 ? 0 : remove(path);
}

static bool empty_folder(void)
{
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0;
}

static bool make_folder(void)
{
    const char *temporary = getenv("TMPDIR");
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                       : temporary != NULL           ? temporary
                                                     : "/tmp";
    snprintf(folder, sizeof folder, "%.60s/ihuriro-simulation-XXXXXX", base);
    return mkdtemp(folder) != NULL;
}

static void remove_folder(void)
{
    if (folder[0] != '\0' && empty_folder()) {
        rmdir(folder);
    }
}

/* ---- running ---- */

static void tell_broken(size_t scenario, uint64_t seed, const struct run_result *result)
{
    printf("seed %" PRIu64 " of %s: %s\n"
           "    again, with what happened: simulation --seed %" PRIu64 " --scenario %s --trace\n",
           seed, scenario_name(scenario), result->broken, seed, scenario_name(scenario));
    fflush(stdout);
}

static void run_one(const struct arguments *arguments, size_t scenario, uint64_t seed,
                    struct totals *totals)
{
    struct run_result result;
    struct run_result again;
    scenario_run(scenario, seed, folder, arguments->with_trace ? stdout : NULL, &result);
    if (!empty_folder()) {
        result.is_broken = true;
    }
    if (arguments->twice) {
        scenario_run(scenario, seed, folder, NULL, &again);
        (void)empty_folder();
        if (again.digest != result.digest || again.steps != result.steps) {
            result.is_broken = true;
            snprintf(result.broken, sizeof result.broken,
                     "run twice, it went another way: %016" PRIx64 " and %016" PRIx64,
                     result.digest, again.digest);
        }
    }
    totals->seeds++;
    totals->steps += result.steps;
    totals->receipts += result.receipts;
    totals->digest = totals->digest * 31 + result.digest;
    totals->broken += result.is_broken;
    if (result.is_broken) {
        tell_broken(scenario, seed, &result);
    }
}

/* Lines "SEED SCENARIO  what it found"; # begins a remark. */
static bool run_kept(const struct arguments *arguments, struct totals *totals)
{
    char line[LINE_CHARS];
    char name[64];
    FILE *file = fopen(arguments->kept, "r");
    if (file == NULL) {
        fprintf(stderr, "simulation: %s cannot be read.\n", arguments->kept);
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        char *end = NULL;
        uint64_t seed = strtoull(line, &end, 10);
        size_t scenario = SIZE_MAX;
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        if (sscanf(end, " %63s", name) == 1) {
            scenario = scenario_find(name);
        }
        if (scenario == SIZE_MAX) {
            fprintf(stderr, "simulation: %s: no scenario in the line: %s", arguments->kept, line);
            fclose(file);
            return false;
        }
        run_one(arguments, scenario, seed, totals);
    }
    fclose(file);
    return true;
}

static void run_many(const struct arguments *arguments, struct totals *totals)
{
    for (uint64_t i = 0; i < arguments->count && !(arguments->stops && totals->broken > 0); i++) {
        uint64_t seed = arguments->first + i;
        size_t scenario = arguments->scenario != SIZE_MAX ? arguments->scenario
                          : seed % 3 == 0                 ? scenarios_count() - 1
                                                          : seed % scenarios_count();
        run_one(arguments, scenario, seed, totals);
    }
}

/* ---- the command ---- */

static const char usage[] =
    "Usage: simulation [--from N] [--count N] [--scenario NAME] [--twice] [--kept FILE | "
    "--no-kept]\n"
    "       simulation --seed N [--scenario NAME] [--trace]\n"
    "\n"
    "Runs N seeds (5000; with LONG=1 in the environment ten times as many) after those in FILE\n"
    "that once failed. Exit 0: nothing was broken. Scenarios:\n";

static void print_usage(FILE *to)
{
    fputs(usage, to);
    for (size_t i = 0; i < scenarios_count(); i++) {
        fprintf(to, "  %s\n", scenario_name(i));
    }
}

/* false: usage. */
static bool parse(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"from", required_argument, NULL, 'f'}, {"count", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 's'}, {"scenario", required_argument, NULL, 'c'},
        {"trace", no_argument, NULL, 't'},      {"twice", no_argument, NULL, '2'},
        {"kept", required_argument, NULL, 'k'}, {"no-kept", no_argument, NULL, 'K'},
        {"stop", no_argument, NULL, 'S'},       {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'f':
            arguments->first = strtoull(optarg, NULL, 10);
            break;
        case 'n':
            arguments->count = strtoull(optarg, NULL, 10);
            break;
        case 's':
            arguments->first = strtoull(optarg, NULL, 10);
            arguments->count = 1;
            arguments->kept = NULL;
            break;
        case 'c':
            arguments->scenario = scenario_find(optarg);
            if (arguments->scenario == SIZE_MAX) {
                return false;
            }
            break;
        case 't':
            arguments->with_trace = true;
            break;
        case '2':
            arguments->twice = true;
            break;
        case 'k':
            arguments->kept = optarg;
            break;
        case 'S':
            arguments->stops = true;
            break;
        case 'K':
            arguments->kept = NULL;
            break;
        default:
            return false;
        }
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    const char *is_long = getenv("LONG");
    struct arguments arguments = {
        .first = 1, .count = SEEDS_DEFAULT, .scenario = SIZE_MAX, .kept = SEEDS_FILE};
    struct totals totals = {0};
    if (!parse(argc, argv, &arguments)) {
        print_usage(stderr);
        return 2;
    }
    if (arguments.count > 1 && is_long != NULL && strcmp(is_long, "1") == 0) {
        arguments.first *= 10;
        arguments.count *= 10;
    }
    chance_for_libraries(NULL);
    log_open("simulation", (enum log_level)(LOG_ERROR + 1));
    if (keys_init() != ERR_OK || world_keys_make() != ERR_OK || !make_folder()) {
        fprintf(stderr, "simulation: it cannot be begun: no keys, or no temporary folder.\n");
        return 2;
    }
    bool is_read = arguments.kept == NULL || run_kept(&arguments, &totals);
    run_many(&arguments, &totals);
    remove_folder();
    world_keys_close();
    printf("%" PRIu64 " seeds, %" PRIu64 " steps, %" PRIu64 " receipts, digest %016" PRIx64 ", ",
           totals.seeds, totals.steps, totals.receipts, totals.digest);
    if (totals.broken == 0) {
        printf("no violation\n");
    } else {
        printf("%" PRIu64 " violations\n", totals.broken);
    }
    return is_read && totals.broken == 0 ? 0 : 1;
}
