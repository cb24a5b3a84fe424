#include "tests/sim/commands.h"

#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "proto/record.h"
#include "tests/sim/loanbook.h"

struct loanbook_arguments {
    int64_t loans;
    int64_t seed;
    const char *as_of;
    const char *out;
    const char *institution;
    const char *frequency;
    const char *faults;
    bool is_final;
};

#define AT(member) offsetof(struct loanbook_arguments, member)
static const struct option_row rows[] = {
    {"loans", 'n', OPTION_INTEGER, AT(loans), "N", "loans in the book", 0, LOANBOOK_LOANS_MAX},
    {"as-of", 'd', OPTION_TEXT, AT(as_of), "DATE", "the last day of the period", 0, 0},
    {"seed", 's', OPTION_INTEGER, AT(seed), "S", "equal seeds give equal bytes (default 1)", 0, 0},
    {"out", 'o', OPTION_TEXT, AT(out), "FOLDER", "where to; made if it is not there", 0, 0},
    {"institution", 'i', OPTION_TEXT, AT(institution), "ID", "whose (default RW-US-403-01)", 0, 0},
    {"frequency", 'q', OPTION_TEXT, AT(frequency), "D|W|M|Q",
     "of the period (default: M at a month's end, else D)", 0, 0},
    {"final", 0, OPTION_FLAG, AT(is_final), NULL,
     "status FINAL, with the codes of who prepared and who approved", 0, 0},
    {"faults", 'f', OPTION_TEXT, AT(faults), "NAME", "a broken variant; `list` shows them all", 0,
     0},
    {0},
};
static const struct options options = {
    "mfi-sim loanbook",
    NULL,
    "Writes manifest.ini, loans.csv, deposits.csv, flows.csv and gl.csv, as the system of a "
    "microfinance institution would export them.",
    rows,
    0,
    0,
    NULL};

static int show_faults(void)
{
    size_t count = 0;
    const struct loanbook_fault *faults = loanbook_faults(&count);
    for (size_t i = 0; i < count; i++) {
        printf("%-20s %s\n", faults[i].name, faults[i].expect);
    }
    return 0;
}

static enum err find_period(const char *frequency, int32_t as_of, struct period *ret_period)
{
    static const char letters[] = "DWMQ";
    if (frequency == NULL) {
        return period_ending(day_ends_month(as_of) ? FREQUENCY_M : FREQUENCY_D, as_of, ret_period);
    }
    const char *at = frequency[0] == '\0' ? NULL : strchr(letters, frequency[0]);
    if (at == NULL || frequency[1] != '\0') {
        return ERR_USAGE;
    }
    return period_ending((enum frequency)(at - letters + 1), as_of, ret_period);
}

static int check(const struct loanbook_arguments *arguments, struct period *ret_period)
{
    int32_t as_of = 0;
    if (arguments->out == NULL || arguments->as_of == NULL || arguments->loans < 0) {
        return options_refuse(options.program, "--loans, --as-of and --out are all needed.");
    }
    if (day_parse(arguments->as_of, &as_of) != ERR_OK) {
        return options_refuse(options.program, "--as-of must be a date like 2020-06-30.");
    }
    if (find_period(arguments->frequency, as_of, ret_period) != ERR_OK) {
        return options_refuse(options.program, "--frequency must be D, W, M or Q, and --as-of the "
                                               "last day of such a period.");
    }
    if (!institution_id_is_valid(arguments->institution)) {
        return options_refuse(options.program,
                              "--institution must be 1 to 16 of A-Z, 0-9 and '-'.");
    }
    return 0;
}

int loanbook_command(int argc, char **argv)
{
    struct loanbook_arguments arguments = {.loans = -1, .seed = 1, .institution = "RW-US-403-01"};
    int code = options_parse(&options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    if (arguments.faults != NULL && strcmp(arguments.faults, "list") == 0) {
        return show_faults();
    }
    struct loanbook_options wanted = {.loans = arguments.loans,
                                      .seed = (uint64_t)arguments.seed,
                                      .folder = arguments.out,
                                      .institution = arguments.institution,
                                      .fault = arguments.faults,
                                      .is_final = arguments.is_final};
    code = check(&arguments, &wanted.period);
    if (code != 0) {
        return code;
    }
    struct complaint complaint = {0};
    struct loanbook_sums sums = {0};
    enum err err = loanbook_write(&wanted, &complaint, &sums);
    if (err != ERR_OK) {
        fprintf(stderr, "mfi-sim loanbook: %s\n", complaint.text);
        return err_exit_code(err);
    }
    printf("rows=%lld principal_outstanding=%lld deposits=%lld folder=%s\n", (long long)sums.rows,
           (long long)sums.outstanding, (long long)sums.deposits, arguments.out);
    return 0;
}
