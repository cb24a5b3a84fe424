#include "tests/sim/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "conf/clock.h"
#include "conf/options.h"
#include "tests/sim/play.h"
#include "tests/sim/sector.h"

struct sector_arguments {
    int64_t seed;
    int64_t months;
    int64_t members;
    const char *from;
    const char *out;
    bool is_flawless;
    const char *play;
    const char *hub;
    const char *ingest;
    const char *admin;
    bool enrols;
};

#define AT(member) offsetof(struct sector_arguments, member)
static const struct option_row rows[] = {
    {"seed", 's', OPTION_INTEGER, AT(seed), "S", "equal seeds give equal bytes (default 1)", 0, 0},
    {"months", 'm', OPTION_INTEGER, AT(months), "N", "how many months (default 24)", 1, 120},
    {"from", 'f', OPTION_TEXT, AT(from), "MONTH", "the first (default 2019-01)", 0, 0},
    {"members", 'n', OPTION_INTEGER, AT(members), "N", "the first N of 460 institutions", 1,
     MEMBERS_WHOLE},
    {"out", 'o', OPTION_TEXT, AT(out), "DIR", "where to; made if it is not there", 0, 0},
    {"flawless", 0, OPTION_FLAG, AT(is_flawless), NULL,
     "nobody is late, wrong or missing (but for the personas)", 0, 0},
    {"play", 'p', OPTION_TEXT, AT(play), "AGENT_FOLDER",
     "then plays it at a running test hub, as one agent of all institutions", 0, 0},
    {"hub", 0, OPTION_TEXT, AT(hub), "hub.pub", "of --play: the hub's keys", 0, 0},
    {"ingest", 0, OPTION_TEXT, AT(ingest), "ENDPOINT", "of --play: tcp://HOST:PORT", 0, 0},
    {"admin", 0, OPTION_TEXT, AT(admin), "SOCKET", "of --play: path of the hub's admin socket", 0,
     0},
    {"enrol", 0, OPTION_FLAG, AT(enrols), NULL, "of --play: enrols the institutions first", 0, 0},
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
    if (arguments->play != NULL &&
        (arguments->hub == NULL || arguments->ingest == NULL || arguments->admin == NULL)) {
        return options_refuse(options.program, "--play needs --hub, --ingest and --admin.");
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

/* Exit 1 when a verdict is not what the truth says. */
static int play_sector(const struct sector *sector, const struct sector_arguments *arguments)
{
    struct play_options wanted = {.folder = arguments->play,
                                  .hub = arguments->hub,
                                  .ingest = arguments->ingest,
                                  .admin = arguments->admin,
                                  .enrols = arguments->enrols};
    struct complaint complaint = {0};
    struct play_sums sums = {0};
    int64_t began_ms = clock_monotonic_ms();
    enum err err = play(sector, &wanted, &complaint, &sums);
    if (err != ERR_OK) {
        fprintf(stderr, "mfi-sim sector: %s\n",
                complaint.text[0] != '\0' ? complaint.text : err_text(err));
        return err_exit_code(err);
    }
    printf("sent=%" PRIu64 " accepted=%" PRIu64 " warned=%" PRIu64 " rejected=%" PRIu64
           " refused=%" PRIu64 " repeated=%" PRIu64 " receipts=%" PRIu64 " mismatches=%" PRIu64
           " seconds=%" PRId64 "\n",
           sums.sent, sums.accepted, sums.warned, sums.rejected, sums.refused, sums.repeated,
           sums.receipts, sums.mismatches, (clock_monotonic_ms() - began_ms + 500) / 1000);
    return sums.mismatches == 0 ? 0 : 1;
}

int sector_command(int argc, char **argv)
{
    struct sector_arguments arguments = {
        .seed = 1, .months = 24, .members = MEMBERS_WHOLE, .from = "2019-01"};
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
    (void)fflush(stdout);
    return arguments.play == NULL ? 0 : play_sector(sector, &arguments);
}
