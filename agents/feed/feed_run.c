#include "agents/feed/feed_run.h"

#include <stdio.h>
#include <string.h>

#include "agents/client/connection.h"
#include "agents/client/pace.h"
#include "agents/feed/output.h"
#include "conf/clock.h"
#include "conf/signals.h"
#include "proto/access.h"
#include "proto/notices.h"

#define WAIT_MS       FETCH_WAIT_MS_MAX
#define SLACK_MS      (PACE_ANSWER_MS - WAIT_MS) /* an answer that is later than this is lost */
#define CONNECT_MS    30000  /* a handshake takes six ways: 18 s where a way takes three */
#define PATIENCE_MS   15000  /* before the first answer; afterwards it tries for ever */
#define SCRIPT_MS     5000   /* the same with --until-head, which is for scripts */
#define TELL_AGAIN_MS 300000 /* the same trouble */
#define RETRY_MAX_S   300

#define NOTICE_KINDS_MAX 32

struct running {
    const struct feed_arguments *arguments;
    struct client client;
    struct connection *connection;
    struct follow *follow;
    struct output *output;
    struct cursor_state cursor;
    struct buffer frame;
    struct buffer lines;
    enum line_format format;
    PbFilter filter;
    Ihuriro__V1__Notice__Kind notice_kinds[NOTICE_KINDS_MAX];
    size_t notice_kind_count;
    struct arena arena; /* the filter's lists */
    int stop_fd;
    bool is_stopped;
    bool has_answer;
    bool is_done;
    int64_t began_ms;
    int64_t told_ms;
    char told[sizeof((struct complaint *)0)->text];
};

static enum err prepare(struct running *running, struct complaint *complaint);
static enum err round_trip(struct running *running, struct complaint *complaint);

static void running_close(struct running *running)
{
    output_close(&running->output);
    follow_close(&running->follow);
    connection_close(&running->connection);
    client_close(&running->client);
    buffer_close(&running->frame);
    buffer_close(&running->lines);
    arena_close(&running->arena);
}

enum err feed_run(const struct feed_arguments *arguments, struct complaint *complaint)
{
    AUTO(running_close)
    struct running running = {.arguments = arguments, .stop_fd = -1};
    enum err err = prepare(&running, complaint);
    running.began_ms = clock_monotonic_ms();
    while (err == ERR_OK && !running.is_done && !running.is_stopped) {
        err = round_trip(&running, complaint);
        running.is_stopped = running.is_stopped || signals_came(running.stop_fd);
    }
    return running.is_stopped ? ERR_OK : err;
}

/* ---- preparing ---- */

static enum err parse_types(struct running *running, struct complaint *complaint)
{
    const struct option_texts *texts = &running->arguments->types;
    PbFilter *filter = &running->filter;
    filter->types = arena_take(&running->arena, (texts->count + 1) * sizeof *filter->types);
    if (filter->types == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < texts->count; i++) {
        int type = 0;
        if (report_type_parse(texts->items[i], &type) != ERR_OK) {
            return complain(complaint, ERR_USAGE,
                            "--type is one of PORTFOLIO, LIQUIDITY, OPERATIONS, CAPITAL, "
                            "EXPOSURES.");
        }
        filter->types[filter->n_types++] = (Ihuriro__V1__ReportType)type;
    }
    return ERR_OK;
}

/* Which there are only the hub knows: it refuses others in words. */
static enum err take_texts(struct running *running, const struct option_texts *texts,
                           char ***ret_list, size_t *ret_count)
{
    char **list = arena_take(&running->arena, (texts->count + 1) * sizeof *list);
    for (size_t i = 0; list != NULL && i < texts->count; i++) {
        list[i] = arena_text(&running->arena, texts->items[i]);
        if (list[i] == NULL) {
            return ERR_MEMORY;
        }
    }
    *ret_list = list;
    *ret_count = texts->count;
    return list == NULL ? ERR_MEMORY : ERR_OK;
}

/* With --type and no --kind, reports are meant: a type says nothing about events. */
static enum err parse_kinds(struct running *running, struct complaint *complaint)
{
    const struct option_texts *texts = &running->arguments->kinds;
    PbFilter *filter = &running->filter;
    filter->kinds = arena_take(&running->arena, (texts->count + 2) * sizeof *filter->kinds);
    if (filter->kinds == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < texts->count; i++) {
        int kind = 0;
        if (record_kind_parse(texts->items[i], &kind) != ERR_OK) {
            return complain(complaint, ERR_USAGE,
                            "--kind is report, earlier_receipt, party, keys, agreement, settings, "
                            "access, waived, closed, reopened, order, merged, split, renamed, "
                            "restored, history_lost or back.");
        }
        filter->kinds[filter->n_kinds++] = (uint32_t)kind;
    }
    if (texts->count == 0 && filter->n_types > 0) {
        filter->kinds[filter->n_kinds++] = KIND_REPORT;
        filter->kinds[filter->n_kinds++] = KIND_EARLIER_RECEIPT;
    }
    return ERR_OK;
}

static enum err parse_notice_kinds(struct running *running, struct complaint *complaint)
{
    const struct option_texts *texts = &running->arguments->kinds;
    for (size_t i = 0; i < texts->count; i++) {
        int kind = 0;
        if (notice_kind_parse(texts->items[i], &kind) != ERR_OK) {
            return complain(complaint, ERR_USAGE,
                            "With --notices, --kind is due_soon, overdue, escalated, late, breach, "
                            "cleared, run_alert, urgent_liquidity, corrected_after_close or "
                            "waiver.");
        }
        if (running->notice_kind_count == NOTICE_KINDS_MAX) {
            return complain(complaint, ERR_USAGE, "Give each --kind once.");
        }
        running->notice_kinds[running->notice_kind_count++] = (Ihuriro__V1__Notice__Kind)kind;
    }
    return ERR_OK;
}

static enum err make_filter(struct running *running, struct complaint *complaint)
{
    const struct option_texts *institutions = &running->arguments->institutions;
    PbFilter *filter = &running->filter;
    *filter = (PbFilter)IHURIRO__V1__FILTER__INIT;
    enum err err = parse_types(running, complaint);
    err = err != ERR_OK                 ? err
          : running->arguments->notices ? parse_notice_kinds(running, complaint)
                                        : parse_kinds(running, complaint);
    filter->institutions =
        arena_take(&running->arena, (institutions->count + 1) * sizeof *filter->institutions);
    if (err == ERR_OK && filter->institutions == NULL) {
        err = ERR_MEMORY;
    }
    for (size_t i = 0; err == ERR_OK && i < institutions->count; i++) {
        if (!institution_id_is_valid(institutions->items[i])) {
            return complain(complaint, ERR_USAGE,
                            "--institution must be an id: 1 to 16 of A-Z, 0-9 and '-'.");
        }
        filter->institutions[filter->n_institutions++] =
            arena_text(&running->arena, institutions->items[i]);
    }
    err = err != ERR_OK ? err
                        : take_texts(running, &running->arguments->categories, &filter->categories,
                                     &filter->n_categories);
    err = err != ERR_OK ? err
                        : take_texts(running, &running->arguments->districts, &filter->districts,
                                     &filter->n_districts);
    return err != ERR_OK ? err : filter_check(filter, complaint);
}

static enum err parse_format(struct running *running, struct complaint *complaint)
{
    const char *format = running->arguments->format;
    if (strcmp(format, "json") != 0 && strcmp(format, "text") != 0) {
        return complain(complaint, ERR_USAGE, "--format is json or text.");
    }
    running->format = strcmp(format, "text") == 0 ? LINE_TEXT : LINE_JSON;
    if (running->arguments->from >= 0 && running->arguments->from_end) {
        return complain(complaint, ERR_USAGE, "Give --from or --new, not both.");
    }
    return ERR_OK;
}

/* Of what is asked for: a cursor goes with that, and with nothing else. */
static enum err hash_filter(const struct running *running, uint8_t ret_hash[static SHA256_BYTES])
{
    AUTO(buffer_close) struct buffer packed = {0};
    enum err err = message_pack(&running->filter.base, &packed);
    if (err == ERR_OK && running->arguments->notices) {
        err = buffer_printf(&packed, "notices");
    }
    for (size_t i = 0; err == ERR_OK && i < running->notice_kind_count; i++) {
        err = buffer_printf(&packed, " %s", notice_kind_name((int)running->notice_kinds[i]));
    }
    if (err == ERR_OK) {
        sha256(buffer_bytes(&packed), ret_hash);
    }
    return err;
}

/* Output and cursor; with --out and no --cursor the cursor lies beside the output. */
static enum err open_output(struct running *running, struct complaint *complaint, bool *ret_is_new)
{
    const struct feed_arguments *arguments = running->arguments;
    AUTO(free_p) char *beside = NULL;
    uint8_t hash[SHA256_BYTES];
    enum err err = hash_filter(running, hash);
    if (err != ERR_OK) {
        return err;
    }
    if (arguments->out != NULL && arguments->cursor == NULL &&
        asprintf(&beside, "%s.cursor", arguments->out) < 0) {
        beside = NULL;
        return ERR_MEMORY;
    }
    struct output_options options = {
        .file = arguments->out,
        .cursor = arguments->cursor != NULL ? arguments->cursor : beside,
        .filter = hash,
        .has_beginning = arguments->from >= 0 || arguments->from_end,
    };
    return output_open(&options, complaint, &running->output, &running->cursor, ret_is_new);
}

static enum err begin(struct running *running, bool is_new, struct complaint *complaint)
{
    const struct feed_arguments *arguments = running->arguments;
    struct follow_options options = {
        .hub = &running->client.hub,
        .filter = &running->filter,
        .wait_ms = arguments->until_head ? 0 : WAIT_MS,
        .wants_notices = arguments->notices,
        .kinds = running->notice_kinds,
        .kind_count = running->notice_kind_count,
    };
    if (is_new && arguments->from > 0) {
        running->cursor.position.size = (uint64_t)arguments->from;
        running->cursor.is_bare = true;
    }
    enum err err = follow_make(&options, &running->cursor, &running->follow);
    if (err != ERR_OK || !is_new) {
        return err;
    }
    if (arguments->from_end) {
        follow_from_end(running->follow);
        return ERR_OK;
    }
    return output_put(running->output, (struct bytes){0}, &running->cursor, complaint);
}

static enum err prepare(struct running *running, struct complaint *complaint)
{
    bool is_new = false;
    enum err err = parse_format(running, complaint);
    err = err != ERR_OK ? err : make_filter(running, complaint);
    err = err != ERR_OK ? err : signals_open(&running->stop_fd);
    err = err != ERR_OK ? err
                        : client_open(client_config_path(running->arguments->config, "feed"),
                                      complaint, &running->client);
    err = err != ERR_OK ? err : open_output(running, complaint, &is_new);
    err = err != ERR_OK ? err : begin(running, is_new, complaint);
    return err != ERR_OK
               ? err
               : connection_open(&running->client, running->stop_fd, &running->connection);
}

/* ---- one question, one answer ---- */

/* Tells why there is no connection, the same thing at most every five minutes; gives up only before
 * the first answer ever. */
static enum err trouble(struct running *running, struct complaint *complaint)
{
    struct complaint why = {{0}};
    int64_t now_ms = clock_monotonic_ms();
    int64_t patience_ms = running->arguments->until_head ? SCRIPT_MS : PATIENCE_MS;
    bool is_hopeless = connection_is_hopeless(running->connection);
    (void)connection_why(running->connection, &why);
    if (!running->has_answer && (is_hopeless || now_ms - running->began_ms >= patience_ms)) {
        *complaint = why;
        return ERR_NETWORK;
    }
    if (strcmp(why.text, running->told) != 0 || now_ms - running->told_ms >= TELL_AGAIN_MS) {
        fprintf(stderr, "mfi-feed: %s Trying again.\n", why.text);
        memcpy(running->told, why.text, sizeof running->told);
        running->told_ms = now_ms;
    }
    follow_forget(running->follow);
    return connection_renew(running->connection);
}

static bool is_at_head(const struct running *running, const struct follow_step *step)
{
    return running->arguments->notices ? step->has_caught_up : step->to.size >= step->head;
}

static enum err put_records(struct running *running, const struct follow_step *step,
                            struct complaint *complaint)
{
    buffer_clear(&running->lines);
    enum err err = step->rights_changed ? line_of_rights(running->format, &running->lines) : ERR_OK;
    for (size_t i = 0; i < step->count && err == ERR_OK; i++) {
        err = step->notices != NULL
                  ? line_of_notice(running->format, step->notices[i], &running->lines)
                  : line_of_record(running->format, &step->records[i], &running->lines);
    }
    bool is_moved = !position_equal(&running->cursor.position, &step->to) ||
                    running->cursor.time_us != step->to_time_us ||
                    strcmp(running->cursor.after, step->to_after) != 0 || running->cursor.is_bare ||
                    !running->cursor.has_rights || step->rights_changed;
    follow_apply(running->follow, step);
    if (err == ERR_OK && is_moved) {
        err =
            output_put(running->output, buffer_bytes(&running->lines), &running->cursor, complaint);
    }
    running->is_done = running->arguments->until_head && is_at_head(running, step);
    return err;
}

static enum err put_rewind(struct running *running, const struct follow_step *step,
                           struct complaint *complaint)
{
    buffer_clear(&running->lines);
    enum err err =
        line_of_rewind(running->format, step->to.size, step->to_time_us, &running->lines);
    follow_apply(running->follow, step);
    fprintf(stderr,
            "mfi-feed: the hub's history was replaced; going on from record %llu, which still "
            "stands.\n",
            (unsigned long long)step->to.size);
    return err != ERR_OK ? err
                         : output_put(running->output, buffer_bytes(&running->lines),
                                      &running->cursor, complaint);
}

static enum err ask(struct running *running)
{
    buffer_clear(&running->frame);
    enum err err = follow_ask(running->follow, &running->frame);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK; /* one is outstanding */
    }
    return err != ERR_OK ? err
                         : connection_send(running->connection, buffer_bytes(&running->frame));
}

static enum err act_on(struct running *running, const struct follow_step *step,
                       struct complaint *complaint)
{
    switch (step->kind) {
    case FOLLOW_RECORDS:
        if (!running->arguments->until_head || !is_at_head(running, step)) {
            (void)ask(running); /* the next are under way while these are worked on */
        }
        return put_records(running, step, complaint);
    case FOLLOW_REWIND:
        return put_rewind(running, step, complaint);
    case FOLLOW_LATER:
        fprintf(stderr, "mfi-feed: the hub asks to come later: %s\n", step->text);
        return connection_pause(running->connection,
                                1000LL *
                                    (step->retry_s < RETRY_MAX_S ? step->retry_s : RETRY_MAX_S));
    case FOLLOW_REFUSED:
        return complain(complaint, ERR_REFUSED, "The hub refuses (%s): %s", step->rule, step->text);
    case FOLLOW_BEHIND:
        return complain(complaint, ERR_REFUSED,
                        "The journal ends before record %llu. Take a smaller --from, or --new.",
                        (unsigned long long)running->arguments->from);
    case FOLLOW_NOTHING:
    default:
        return ERR_OK;
    }
}

static enum err round_trip(struct running *running, struct complaint *complaint)
{
    struct bytes answer = {0};
    struct follow_step step = {.kind = FOLLOW_NOTHING};
    enum err err = connection_wait(running->connection, CONNECT_MS);
    err = err != ERR_OK ? err : ask(running);
    err =
        err != ERR_OK ? err : connection_receive(running->connection, WAIT_MS + SLACK_MS, &answer);
    if (err == ERR_TIMEOUT && signals_came(running->stop_fd)) {
        running->is_stopped = true;
        return ERR_OK;
    }
    if (err == ERR_NETWORK || err == ERR_TIMEOUT) {
        return trouble(running, complaint);
    }
    err = err != ERR_OK ? err : follow_take(running->follow, answer, complaint, &step);
    if (err != ERR_OK) {
        return err;
    }
    running->has_answer = true;
    running->told[0] = '\0';
    return act_on(running, &step, complaint);
}
