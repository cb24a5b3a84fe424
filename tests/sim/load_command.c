#include "tests/sim/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "conf/options.h"
#include "tests/sim/load.h"

struct load_arguments {
    const char *hub;
    const char *ingest;
    const char *feed;
    const char *keys;
    const char *admin;
    int64_t agents;
    int64_t connections;
    int64_t outstanding;
    int64_t subscribers;
    bool are_filtered;
    int64_t bytes;
    int64_t reports;
    int64_t first;
    int64_t seconds;
};

#define AT(member) offsetof(struct load_arguments, member)
static const struct option_row rows[] = {
    {"hub", 0, OPTION_TEXT, AT(hub), "hub.pub", "the hub's keys", 0, 0},
    {"ingest", 0, OPTION_TEXT, AT(ingest), "ENDPOINT", "tcp://HOST:PORT", 0, 0},
    {"feed", 0, OPTION_TEXT, AT(feed), "ENDPOINT", "for --subscribers", 0, 0},
    {"keys", 0, OPTION_TEXT, AT(keys), "DIR", "the agents' keys; made if they are not there", 0, 0},
    {"enrol", 0, OPTION_TEXT, AT(admin), "SOCKET",
     "enrols agents and subscribers first, at the hub's admin socket", 0, 0},
    {"agents", 'a', OPTION_INTEGER, AT(agents), "N", "institutions (default 64)", 1,
     LOAD_AGENTS_MAX},
    {"connections", 'c', OPTION_INTEGER, AT(connections), "N",
     "that they share, as with a bureau (default: one each)", 1, LOAD_AGENTS_MAX},
    {"outstanding", 'o', OPTION_INTEGER, AT(outstanding), "N",
     "without an answer, of each agent (default 1)", 1, LOAD_OUTSTANDING_MAX},
    {"subscribers", 's', OPTION_INTEGER, AT(subscribers), "N", "that read along (default 0)", 0,
     LOAD_SUBSCRIBERS_MAX},
    {"filtered", 0, OPTION_FLAG, AT(are_filtered), NULL,
     "each subscriber follows one institution only", 0, 0},
    {"seconds", 't', OPTION_INTEGER, AT(seconds), "S", "how long (default 10)", 1, 3600},
    {"bytes", 'b', OPTION_INTEGER, AT(bytes), "N", "a report is at least so long (default 1024)", 1,
     12000},
    {"reports", 'r', OPTION_INTEGER, AT(reports), "N",
     "signed beforehand, in all (default 12000 a second)", 1, 50000000},
    {"first", 0, OPTION_INTEGER, AT(first), "N",
     "each agent's first report: for a second run at the same hub", 0, 100000},
    {0},
};
static const struct options options = {
    "mfi-sim load",
    NULL,
    "Submits distinct signed reports of many institutions, counts durable acknowledgements and "
    "their latency, and prints one line. A hub's quota (quota_bucket in hub.conf) bounds how many "
    "reports an agent may send.",
    rows,
    0,
    0,
    NULL};

static int check(const struct load_arguments *arguments)
{
    if (arguments->hub == NULL || arguments->ingest == NULL || arguments->keys == NULL) {
        return options_refuse(options.program, "--hub, --ingest and --keys are needed.");
    }
    if (arguments->subscribers > 0 && arguments->feed == NULL) {
        return options_refuse(options.program, "--subscribers needs --feed.");
    }
    if (arguments->connections > arguments->agents) {
        return options_refuse(options.program, "--connections cannot be more than --agents.");
    }
    return 0;
}

static uint64_t a_second(uint64_t count, int64_t elapsed_us)
{
    return elapsed_us > 0 ? count * 1000000 / (uint64_t)elapsed_us : 0;
}

static void show(const struct load_result *result)
{
    printf("acked_per_s=%" PRIu64 " p50_ms=%" PRId64 ".%03d p99_ms=%" PRId64 ".%03d "
           "delivered_per_s=%" PRIu64 " most_ms=%" PRId64 ".%03d acked=%" PRIu64
           " rejected=%" PRIu64 " refused=%" PRIu64 " put_off=%" PRIu64 " delivered=%" PRIu64
           " delivered_frames=%" PRIu64 " delivered_bytes=%" PRIu64 " bytes=%" PRIu64
           " answer_bytes=%" PRIu64 " cpu_us=%" PRIu64 " seconds=%" PRId64 ".%03d\n",
           a_second(result->acknowledged, result->elapsed_us), result->p50_us / 1000,
           (int)(result->p50_us % 1000), result->p99_us / 1000, (int)(result->p99_us % 1000),
           a_second(result->delivered, result->elapsed_us), result->most_us / 1000,
           (int)(result->most_us % 1000), result->acknowledged, result->rejected, result->refused,
           result->put_off, result->delivered, result->delivered_frames, result->delivered_bytes,
           result->report_bytes,
           result->answer_bytes / (result->acknowledged > 0 ? result->acknowledged : 1),
           (uint64_t)result->cpu_us / (result->acknowledged > 0 ? result->acknowledged : 1),
           result->elapsed_us / 1000000, (int)(result->elapsed_us / 1000 % 1000));
    if (result->ran_out) {
        fputs("mfi-sim load: all prepared reports were sent before the time was up; give more with "
              "--reports.\n",
              stderr);
    }
    if (result->put_off > 0) {
        fputs("mfi-sim load: the hub put reports off: raise quota_bucket in its hub.conf.\n",
              stderr);
    }
}

int load_command(int argc, char **argv)
{
    struct load_arguments arguments = {
        .agents = 64, .outstanding = 1, .seconds = 10, .bytes = 1024};
    int code = options_parse(&options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    code = check(&arguments);
    if (code != 0) {
        return code;
    }
    int64_t reports = arguments.reports > 0 ? arguments.reports : arguments.seconds * 12000;
    struct load_options wanted = {
        .hub = arguments.hub,
        .ingest = arguments.ingest,
        .feed = arguments.feed,
        .keys = arguments.keys,
        .admin = arguments.admin,
        .agents = (size_t)arguments.agents,
        .connections =
            (size_t)(arguments.connections > 0 ? arguments.connections : arguments.agents),
        .outstanding = (size_t)arguments.outstanding,
        .subscribers = (size_t)arguments.subscribers,
        .are_filtered = arguments.are_filtered,
        .report_bytes = (size_t)arguments.bytes,
        .reports = (size_t)reports,
        .first = (size_t)arguments.first,
        .seconds = arguments.seconds};
    struct complaint complaint = {0};
    struct load_result result = {0};
    enum err err = load(&wanted, &complaint, &result);
    if (err != ERR_OK) {
        fprintf(stderr, "mfi-sim load: %s\n",
                complaint.text[0] != '\0' ? complaint.text : err_text(err));
        return err_exit_code(err);
    }
    show(&result);
    return 0;
}
