/* Command lines, one argument a line, against a table with every kind of option: an exit code, or
 * values that the table allows. */
#include "tests/fuzz/fuzz.h"

#include "conf/options.h"

struct arguments {
    const char *config;
    bool is_loud;
    int64_t number;
    int64_t any;
    struct option_texts types;
};

static const struct option_row rows[] = {
    {"config", 'c', OPTION_TEXT, offsetof(struct arguments, config), "FILE", "a file", 0, 0},
    {"loud", 'l', OPTION_FLAG, offsetof(struct arguments, is_loud), NULL, "says more", 0, 0},
    {"number", 'n', OPTION_INTEGER, offsetof(struct arguments, number), "N", "some", 1, 100},
    {"any", 0, OPTION_INTEGER, offsetof(struct arguments, any), "N", "any", 0, 0},
    {"type", 't', OPTION_TEXTS, offsetof(struct arguments, types), "TYPE", "several", 0, 0},
    {0},
};

static const struct options program = {
    "mfi-fuzz run", "WORD...", "Says nothing.", rows, 0, 3, NULL};

static int run(int argc, char **argv)
{
    struct arguments arguments = {.number = 1};
    struct words words = {.count = 0};
    int code = options_parse(&program, argc, argv, &arguments, &words);
    HOLD(code == -1 || code == 0 || code == 2);
    if (code == -1) {
        HOLD(arguments.number >= 1 && arguments.number <= 100);
        HOLD(words.count <= 3 && arguments.types.count <= OPTION_TEXTS_MAX);
    }
    return code;
}

static const struct command commands[] = {{"run", run, "runs"}, {"stop", run, "stops"}, {0}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(free_p) char *text = text_of(bytes_of(data, size));
    char *argv[130] = {(char *)(uintptr_t) "mfi-fuzz"};
    int argc = 1;
    char *rest = text;
    char *word = NULL;
    while (argc < 128 && (word = strsep(&rest, "\n")) != NULL) {
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    if (size > 0 && data[0] % 2 == 0) {
        (void)commands_run("mfi-fuzz", "Says nothing.", commands, argc, argv);
    } else {
        (void)run(argc, argv);
    }
    return 0;
}

static void fuzz_seeds(void)
{
    static const char *const lines[] = {"run\n-c\nfile\nword",
                                        "--config=file\n-l\n--number\n5\na\nb",
                                        "-n5\n-t\nA\n-t\nB\n--\n-x",
                                        "--help",
                                        "-c\nfile\nrun\n--any=-9223372036854775808",
                                        "--version",
                                        "stop\n--type\nA\n--number=101"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "line-%zu", i);
        fuzz_seed(name, bytes_of(lines[i], strlen(lines[i])));
    }
}
