#include "conf/options.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMN 30 /* where the help of a row begins */
#define WIDTH  100

int options_refuse(const char *program, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, " See: %s --help\n", program);
    va_end(arguments);
    return 2;
}

/* Words of the text, broken between blanks at WIDTH; lines after the first begin at the column. */
static void print_wrapped(const char *text, size_t column)
{
    size_t at = column;
    while (*text != 0) {
        size_t size = strcspn(text, " \n");
        if (at > column && at + 1 + size > WIDTH) {
            printf("\n%*s", (int)column, "");
            at = column;
        } else if (at > column) {
            putchar(' ');
            at++;
        }
        printf("%.*s", (int)size, text);
        at += size;
        text += size;
        text += strspn(text, " \n");
    }
    putchar('\n');
}

static void print_row(const char *left, const char *help)
{
    if (strlen(left) < COLUMN) {
        printf("%-*s", COLUMN, left);
    } else {
        printf("%s\n%*s", left, COLUMN, "");
    }
    print_wrapped(help, COLUMN);
}

static void print_usage(const struct options *options)
{
    static const struct option_row everywhere[] = {
        {"help", 'h', OPTION_FLAG, 0, NULL, "print this and exit", 0, 0},
        {"version", 0, OPTION_FLAG, 0, NULL, "print the version and exit", 0, 0},
        {0},
    };
    const char *words = options->words == NULL ? "" : options->words;
    printf("Usage: %s [OPTION]...%s%s\n\n", options->program, *words == 0 ? "" : " ", words);
    print_wrapped(options->about, 0);
    putchar('\n');
    for (const struct command *command = options->commands;
         command != NULL && command->name != NULL; command++) {
        char left[128];
        snprintf(left, sizeof left, "  %s", command->name);
        if (*command->name != 0) {
            print_row(left, command->help);
        }
    }
    if (options->commands != NULL) {
        printf("\n");
    }
    const struct option_row *tables[] = {options->rows, everywhere};
    for (size_t table = 0; table < 2; table++) {
        for (const struct option_row *row = tables[table]; row != NULL && row->name != NULL;
             row++) {
            char letter[] = {'-', row->letter, ',', ' ', 0};
            char left[128];
            snprintf(left, sizeof left, "  %s--%s%s%s", row->letter == 0 ? "    " : letter,
                     row->name, row->value == NULL ? "" : " ",
                     row->value == NULL ? "" : row->value);
            print_row(left, row->help);
        }
    }
}

static const struct option_row *row_by_name(const struct option_row *rows, const char *name,
                                            size_t size)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (strlen(rows->name) == size && memcmp(rows->name, name, size) == 0) {
            return rows;
        }
    }
    return NULL;
}

static const struct option_row *row_by_letter(const struct option_row *rows, char letter)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (rows->letter != 0 && rows->letter == letter) {
            return rows;
        }
    }
    return NULL;
}

static int take_integer(const struct options *options, const struct option_row *row,
                        const char *value, int64_t *at)
{
    int64_t min = row->min == 0 && row->max == 0 ? INT64_MIN : row->min;
    int64_t max = row->min == 0 && row->max == 0 ? INT64_MAX : row->max;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (end == value || *end != 0 || errno != 0 || number < min || number > max) {
        return options_refuse(options->program,
                              "--%s needs a whole number from %" PRId64 " to %" PRId64
                              ", not '%s'.",
                              row->name, min, max, value);
    }
    *at = number;
    return -1;
}

/* The row says what the place in the target is. */
static int take_value(const struct options *options, const struct option_row *row,
                      const char *value, void *target)
{
    void *at = (char *)target + row->offset;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)at = true;
        return -1;
    case OPTION_INTEGER:
        return take_integer(options, row, value, at);
    case OPTION_TEXT:
        *(const char **)at = value;
        return -1;
    case OPTION_TEXTS: {
        struct option_texts *texts = at;
        if (texts->count == OPTION_TEXTS_MAX) {
            return options_refuse(options->program, "--%s may be given at most %d times.",
                                  row->name, OPTION_TEXTS_MAX);
        }
        texts->items[texts->count++] = value;
        return -1;
    }
    }
    return -1;
}

/* Takes the option at argv[*at], and its value. -1: go on. */
static int take_option(const struct options *options, int argc, char **argv, int *at, void *target,
                       uint64_t *given)
{
    const char *word = argv[*at];
    bool is_long = word[1] == '-';
    const char *equals = is_long ? strchr(word, '=') : NULL;
    size_t size = equals == NULL ? strlen(word + 2) : (size_t)(equals - word - 2);
    const struct option_row *row = is_long ? row_by_name(options->rows, word + 2, size)
                                           : row_by_letter(options->rows, word[1]);
    if (row == NULL) {
        return options_refuse(options->program, "There is no option '%s'.", word);
    }
    const char *value =
        is_long ? (equals == NULL ? NULL : equals + 1) : (word[2] == 0 ? NULL : word + 2);
    if (row->kind == OPTION_FLAG && value != NULL) {
        return options_refuse(options->program, "--%s takes no value.", row->name);
    }
    if (row->kind != OPTION_FLAG && value == NULL) {
        if (*at + 1 >= argc) {
            return options_refuse(options->program, "--%s needs a value: %s.", row->name,
                                  row->value);
        }
        value = argv[++*at];
    }
    uint64_t bit = UINT64_C(1) << ((row - options->rows) & 63);
    if ((*given & bit) != 0 && row->kind != OPTION_TEXTS) {
        return options_refuse(options->program, "--%s is given twice.", row->name);
    }
    *given |= bit;
    return take_value(options, row, value, target);
}

static int print_version(const char *program)
{
    printf("%.*s %s\n", (int)strcspn(program, " "), program, IHURIRO_VERSION);
    return 0;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int options_parse(const struct options *options, int argc, char **argv, void *target,
                  struct words *ret_words)
{
    size_t count = 0;
    bool only_words = false;
    uint64_t given = 0;
    for (int at = 1; at < argc; at++) {
        char *word = argv[at];
        if (only_words || word[0] != '-' || word[1] == 0) {
            argv[1 + count++] = word;
        } else if (strcmp(word, "--") == 0) {
            only_words = true;
        } else if (is_help(word)) {
            print_usage(options);
            return 0;
        } else if (strcmp(word, "--version") == 0) {
            return print_version(options->program);
        } else {
            int code = take_option(options, argc, argv, &at, target, &given);
            if (code >= 0) {
                return code;
            }
        }
    }
    if (count < options->words_min) {
        return options_refuse(options->program, "Something is missing: %s.", options->words);
    }
    if (count > options->words_max) {
        return options_refuse(options->program, "'%s' is one word too many.",
                              argv[1 + options->words_max]);
    }
    if (ret_words != NULL) {
        *ret_words = (struct words){argv + 1, count};
    }
    return -1;
}

/* "-c FILE run" becomes "run -c FILE". */
static void move_command_first(int argc, char **argv)
{
    int width = 0;
    if (argc > 3 && (strcmp(argv[1], "-c") == 0 || strcmp(argv[1], "--config") == 0)) {
        width = 2;
    } else if (argc > 2 && strncmp(argv[1], "--config=", 9) == 0) {
        width = 1;
    }
    if (width > 0 && argv[1 + width][0] != '-') {
        char *command = argv[1 + width];
        memmove(argv + 2, argv + 1, (size_t)width * sizeof *argv);
        argv[1] = command;
    }
}

/* jansson drops what it has no memory for, and a document with a hole would be put out as if it
 * were whole. The programs are made to end at any instant: here they do, with words. */
static void *json_memory(size_t size)
{
    static const char words[] = "There is not enough memory. Nothing more was done; try again.\n";
    void *memory = malloc(size);
    if (memory == NULL) {
        (void)!write(STDERR_FILENO, words, sizeof words - 1);
        _exit(1);
    }
    return memory;
}

int commands_run(const char *program, const char *about, const struct command *commands, int argc,
                 char **argv)
{
    json_set_alloc_funcs(json_memory, free);
    move_command_first(argc, argv);
    const char *word = argc > 1 ? argv[1] : "";
    const struct command *otherwise = NULL;
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (*command->name == 0) {
            otherwise = command;
        } else if (strcmp(command->name, word) == 0) {
            return command->run(argc - 1, argv + 1);
        }
    }
    if (otherwise != NULL) {
        return otherwise->run(argc, argv);
    }
    if (is_help(word)) {
        struct options options = {program, "COMMAND", about, NULL, 0, 0, commands};
        print_usage(&options);
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        return print_version(program);
    }
    return *word == 0 ? options_refuse(program, "Which command?")
                      : options_refuse(program, "There is no command '%s'.", word);
}
