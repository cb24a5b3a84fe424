#include "tests/sim/commands.h"

#include <stdio.h>
#include <string.h>

#include "conf/clock.h"
#include "conf/options.h"
#include "tests/sim/sector.h"

struct sector_arguments {
    int64_t seed;
    int64_t months;
    int64_t members;
    const char *from;
    const char *out;
    bool is_flawless;
};

#define AT(member) offsetof(struct sector_arguments, member)
static const struct option_row rows[] = {
    {"seed", 's', OPTION_INTEGER, AT(seed), "S", "equal seeds give equal bytes (default 1)", 0, 0},
    {"months", 'm', OPTION_INTEGER, AT(months), "N", "how many months (default 24)", 1, 120},
    {"from", 'f', OPTION_TEXT, AT(from), "MONTH", "the first (default 2019-01)", 0, 0},
    {"members", 'n', OPTION_INTEGER, AT(members), "N", "the first N of 460 institutions", 1,
     MEMBERS_MAX},
    {"out", 'o', OPTION_TEXT, AT(out), "DIR", "where to; made if it is not there", 0, 0},
    {"flawless", 0, OPTION_FLAG, AT(is_flawless), NULL,
     "nobody is late, wrong or missing (but for the personas)", 0, 0},
    {0},
};
static const struct options options = {
    "mfi-sim sector",
    NULL,
    "Makes the reports of a sector of microfinance institutions over months, with a crisis in "
    "March 2020, and writes parties.csv, keys/, timeline.bin, truth.csv and totals.csv.",
    rows,
    0,
    0,
    NULL};

static int check(const struct sector_arguments *arguments, struct sector_options *ret_wanted)
{
    struct period first = {0};
    int year = 0;
    int month = 0;
    int day = 0;
    if (arguments->out == NULL) {
        return options_refuse(options.program, "--out is needed.");
    }
    if (period_parse(arguments->from, &first) != ERR_OK || first.frequency != FREQUENCY_M) {
        return options_refuse(options.program, "--from must be a month like 2019-01.");
    }
    day_to_date(first.end_day, &year, &month, &day);
    *ret_wanted = (struct sector_options){.seed = (uint64_t)arguments->seed,
                                          .first_month = month_of(year, month),
                                          .months = (int32_t)arguments->months,
                                          .members = (size_t)arguments->members,
                                          .is_flawless = arguments->is_flawless};
    if (ret_wanted->first_month < MONTH_FIRST ||
        ret_wanted->first_month + ret_wanted->months > month_of(2190, 1)) {
        return options_refuse(options.program, "the months must lie between 2017-07 and 2190.");
    }
    return 0;
}

int sector_command(int argc, char **argv)
{
    struct sector_arguments arguments = {
        .seed = 1, .months = 24, .members = MEMBERS_MAX, .from = "2019-01"};
    int code = options_parse(&options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    struct sector_options wanted = {0};
    code = check(&arguments, &wanted);
    if (code != 0) {
        return code;
    }
    int64_t began_ms = clock_monotonic_ms();
    struct complaint complaint = {0};
    AUTO(sector_close) struct sector *sector = NULL;
    enum err err = sector_make(&wanted, &sector);
    if (err != ERR_OK) {
        (void)complain(&complaint, err, "The sector cannot be made: %s.", err_text(err));
    } else {
        err = sector_write(sector, arguments.out, &complaint);
    }
    if (err != ERR_OK) {
        fprintf(stderr, "mfi-sim sector: %s\n", complaint.text);
        return err_exit_code(err);
    }
    printf("institutions=%zu submissions=%zu bytes=%zu seconds=%lld folder=%s\n",
           sector->member_count, sector->count, sector->reports.size,
           (long long)((clock_monotonic_ms() - began_ms + 500) / 1000), arguments.out);
    return 0;
}
