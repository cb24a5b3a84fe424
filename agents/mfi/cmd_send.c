/* mfi-agent send: check, queue, send, wait for the receipts and print them. */
#include <inttypes.h>
#include <string.h>

#include "agents/mfi/commands.h"
#include "agents/mfi/notes.h"
#include "agents/mfi/queue.h"
#include "agents/mfi/talk.h"
#include "conf/clock.h"
#include "conf/terminal.h"
#include "proto/receipt.h"

static const char program[] = "mfi-agent send";

struct send_arguments {
    const char *config;
    const char *institution;
    const char *language;
    int64_t wait_s;
    bool anyway;
};

#define SEND(field) offsetof(struct send_arguments, field)
static const struct option_row send_rows[] = {
    CONFIG_ROW(struct send_arguments),
    {"institution", 0, OPTION_TEXT, SEND(institution), "ID",
     "the folders must be of this institution", 0, 0},
    {"wait", 0, OPTION_INTEGER, SEND(wait_s), "SECONDS", "how long to wait for the receipts (60)",
     0, 86400},
    {"anyway", 0, OPTION_FLAG, SEND(anyway), NULL,
     "send what would be rejected, and once more what was rejected, too: the hub keeps it as an "
     "attempt",
     0, 0},
    LANGUAGE_ROW(struct send_arguments),
    {0},
};

static const struct options send_options = {
    .program = program,
    .words = "[FOLDER...]",
    .about = "Checks each folder, queues its reports, sends, and prints the receipts. Without a "
             "FOLDER it sends what is "
             "queued. What cannot be sent now is kept safely. Exit 1: a report was rejected or "
             "refused; 3: no network.",
    .rows = send_rows,
    .words_max = 1000,
};

/* The reports that this call waits for. */
struct waiting {
    struct entry_key *keys;
    size_t count;
    size_t capacity;
};

struct sending {
    struct agent *agent;
    const struct send_arguments *arguments;
    struct waiting waiting;
    struct talk *talk; /* NULL: not needed, or a running agent talks */
    bool is_beside;    /* one does */
    char last_trouble[512];
    bool is_held;      /* the hub answered that it takes nothing for now */
    bool is_reached;   /* the trouble is not the network: the hub answered, and not as it should */
    bool is_refused;   /* a folder or a report was: exit 1 */
    bool is_unchanged; /* the figures of a report were there already */
};

static enum err wait_for(struct waiting *waiting, const struct entry_key *key)
{
    if (waiting->count == waiting->capacity) {
        size_t capacity = waiting->capacity * 2 + 16;
        struct entry_key *grown = realloc(waiting->keys, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        waiting->keys = grown;
        waiting->capacity = capacity;
    }
    waiting->keys[waiting->count++] = *key;
    return ERR_OK;
}

/* ---- queueing ---- */

static const char before[] = "mfi-agent send: ";

static struct voice voice_on(const struct sending *sending, FILE *file)
{
    return (struct voice){file, sending->agent->catalogue};
}

static void print_refusal(const struct sending *sending, const char *folder,
                          const struct examined *examined)
{
    const struct voice voice = voice_on(sending, stderr);
    for (size_t i = 0; i < examined->count; i++) {
        const struct examined_report *row = &examined->reports[i];
        if (!row->has_errors) {
            continue;
        }
        char name[REPORT_NAME_MAX];
        const PbReport *report = row->report;
        report_name((int)report->type, (int)report->period->frequency, report->period->end_day,
                    name);
        say(&voice, before, row->is_refused ? "send.would_be_refused" : "send.would_be_rejected",
            (const struct word[]){{"name", name}, {"institution", report->institution}, {0}});
        const PbFinding *findings[FINDINGS_MAX];
        for (size_t k = 0; k < row->findings->count; k++) {
            findings[k] = &row->findings->rows[k];
        }
        /* Only words: what cannot be printed is told by the exit code. */
        enum err err = findings_print(report, findings, row->findings->count, &voice);
        (void)err;
    }
    say(&voice, before, "send.not_queued", (const struct word[]){{"folder", folder}, {0}});
}

static void say_queued(struct sending *sending, const struct examined *examined,
                       const struct queued_report *queued)
{
    const struct voice voice = voice_on(sending, stdout);
    for (size_t i = 0; i < examined->count; i++) {
        char name[REPORT_NAME_MAX];
        report_name(queued[i].key.type, queued[i].key.frequency, queued[i].key.period_end_day,
                    name);
        const struct word words[] = {
            {"name", name}, {"institution", queued[i].key.institution}, {0}};
        if (queued[i].queued == QUEUED_UNCHANGED) {
            sending->is_unchanged = true;
            say(&voice, "", "send.unchanged", words);
        } else if (queued[i].queued == QUEUED_DRAFT) {
            say(&voice, "", "send.draft", words);
        }
    }
}

static enum err queue_folder(struct sending *sending, const char *folder,
                             struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {.budget = FOLDER_ARENA_BUDGET};
    struct folder_options options = {.institution = sending->arguments->institution};
    struct examined *examined = NULL;
    enum err err = agent_now(sending->agent, &options.now_us);
    if (err == ERR_OK) {
        err = folder_examine(sending->agent, folder, &options, &arena, complaint, &examined);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (examined_has_errors(examined) && !sending->arguments->anyway) {
        print_refusal(sending, folder, examined);
        sending->is_refused = true;
        return ERR_OK;
    }
    struct queued_report *queued = arena_take(&arena, (examined->count + 1) * sizeof *queued);
    if (queued == NULL) {
        return ERR_MEMORY;
    }
    err = queue_examined(sending->agent, examined, options.now_us, sending->arguments->anyway,
                         complaint, queued);
    if (err == ERR_OK) {
        say_queued(sending, examined, queued);
    }
    for (size_t i = 0; err == ERR_OK && i < examined->count; i++) {
        err = wait_for(&sending->waiting, &queued[i].key);
    }
    return err;
}

static enum err visit_queued(void *context, const struct entry *entry)
{
    struct sending *sending = context;
    return entry->state == ENTRY_QUEUED || entry->state == ENTRY_DRAFT
               ? wait_for(&sending->waiting, &entry->key)
               : ERR_OK;
}

/* Without a folder: all that is queued. */
static enum err wait_for_queue(struct sending *sending)
{
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(sending->agent->outbox), false, &txn);
    return err == ERR_OK ? outbox_walk(&txn, NULL, visit_queued, sending) : err;
}

/* ---- waiting ---- */

static bool is_answered(const struct entry *entry)
{
    return entry->best.size > 0 || entry->state == ENTRY_REFUSED;
}

static enum err count_open(struct sending *sending, size_t *ret_open)
{
    AUTO(txn_end) struct txn txn = {0};
    size_t open = 0;
    enum err err = txn_begin(outbox_env(sending->agent->outbox), false, &txn);
    for (size_t i = 0; err == ERR_OK && i < sending->waiting.count; i++) {
        struct entry entry = {0};
        enum err got = outbox_get(&txn, &sending->waiting.keys[i], &entry);
        err = got == ERR_NOT_FOUND ? ERR_OK : got; /* dropped meanwhile */
        open += got == ERR_OK && !is_answered(&entry);
    }
    *ret_open = open;
    return err;
}

static void keep_trouble(void *context, const struct session_news *news)
{
    struct sending *sending = context;
    if (news->kind == NEWS_TROUBLE || news->kind == NEWS_RETRY_LATER) {
        sending->is_held = news->kind == NEWS_RETRY_LATER;
        sending->is_reached =
            news->kind == NEWS_TROUBLE && news->err != ERR_NETWORK && news->err != ERR_TIMEOUT;
        snprintf(sending->last_trouble, sizeof sending->last_trouble, "%s",
                 news->text != NULL ? news->text : "");
    }
}

/* Our own session, or, beside a running agent, none. */
static enum err begin_talk(struct sending *sending, struct complaint *complaint)
{
    if (sending->talk != NULL || sending->is_beside) {
        return ERR_OK;
    }
    enum err err =
        talk_open(sending->agent, true, keep_trouble, sending, complaint, &sending->talk);
    sending->is_beside = err == ERR_BUSY;
    if (err == ERR_NETWORK && complaint->text[0] == '\0') {
        return complain(complaint, err,
                        "No connection can be made ready: there is too little memory, or too many "
                        "files are open. What was queued is kept; try again.");
    }
    return sending->is_beside ? ERR_OK : err;
}

/* Beside a running agent its time is taken. */
static enum err time_is_heard(struct sending *sending, bool *ret_is_heard)
{
    if (sending->is_beside) {
        return agent_knows_time(sending->agent, ret_is_heard);
    }
    *ret_is_heard = talk_is_greeted(sending->talk);
    return ERR_OK;
}

/* What the connection met last, as it said so. */
static void say_trouble(const struct sending *sending)
{
    if (sending->last_trouble[0] != '\0') {
        fprintf(stderr, "%s\n", sending->last_trouble);
    }
}

/* A test agent's reports are made in the hub's time: it is heard first. */
static enum err hear_the_time(struct sending *sending, struct complaint *complaint)
{
    int64_t until_ms = clock_monotonic_ms() + sending->arguments->wait_s * 1000;
    bool is_heard = false;
    enum err err = begin_talk(sending, complaint);
    if (err == ERR_OK) {
        err = time_is_heard(sending, &is_heard);
    }
    while (err == ERR_OK && !is_heard) {
        if (clock_monotonic_ms() >= until_ms) {
            const struct voice voice = voice_on(sending, stderr);
            say(&voice, before, "send.no_time", NULL);
            say_trouble(sending);
            return ERR_NETWORK;
        }
        err = sending->is_beside ? platform_pause(200) : talk_turn(sending->talk, 200, -1);
        err = err == ERR_OK ? time_is_heard(sending, &is_heard) : err;
    }
    return err;
}

/* Without a folder to wait for: until the session has nothing left to do. */
static bool is_done(const struct sending *sending, size_t open)
{
    bool may_end =
        sending->talk == NULL || sending->waiting.count > 0 || talk_is_idle(sending->talk);
    return open == 0 && may_end;
}

/* What is owed changed by the receipts, and `status` shows what was heard last: who is here anyway
 * hears it, if it comes at once. */
static enum err hear_what_is_owed(struct sending *sending)
{
    enum { OWED_WAIT_MS = 2000 };
    int64_t until_ms = clock_monotonic_ms() + OWED_WAIT_MS;
    enum err err = ERR_OK;
    while (err == ERR_OK && clock_monotonic_ms() < until_ms && talk_is_greeted(sending->talk) &&
           !talk_is_idle(sending->talk)) {
        err = talk_turn(sending->talk, 100, -1);
    }
    return err;
}

static enum err wait_for_answers(struct sending *sending)
{
    struct progress progress;
    int64_t until_ms = clock_monotonic_ms() + sending->arguments->wait_s * 1000;
    size_t open = 0;
    enum err err = count_open(sending, &open);
    progress_begin(&progress, "Waiting for receipts");
    while (err == ERR_OK && clock_monotonic_ms() < until_ms && !is_done(sending, open)) {
        err = sending->talk != NULL ? talk_turn(sending->talk, 200, -1) : platform_pause(200);
        if (err == ERR_OK) {
            err = count_open(sending, &open);
        }
        progress_step(&progress, sending->waiting.count - open, sending->waiting.count);
    }
    progress_end(&progress);
    bool has_all = open == 0 && sending->talk != NULL && sending->arguments->wait_s > 0;
    return err == ERR_OK && has_all ? hear_what_is_owed(sending) : err;
}

/* ---- what came of it ---- */

static enum err print_outcome(struct sending *sending, const struct entry *entry, size_t *open)
{
    char name[REPORT_NAME_MAX];
    report_name(entry->key.type, entry->key.frequency, entry->key.period_end_day, name);
    const struct voice voice = voice_on(sending, stdout);
    if (entry->state == ENTRY_REFUSED) {
        sending->is_refused = true;
        say(&voice, "", "send.refused",
            (const struct word[]){{"name", name},
                                  {"institution", entry->key.institution},
                                  {"rule", entry->refused_rule},
                                  {"text", entry->refused_text},
                                  {0}});
        return ERR_OK;
    }
    if (entry->best.size == 0) {
        *open += 1;
        return ERR_OK;
    }
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt = {0};
    enum err err = receipt_open(entry->best, &arena, &receipt);
    if (err == ERR_OK) {
        sending->is_refused = sending->is_refused || !verdict_accepts(receipt.header.verdict);
        err = receipt_print(entry, &voice);
    }
    return err;
}

static enum err print_outcomes(struct sending *sending, size_t *ret_open)
{
    AUTO(txn_end) struct txn txn = {0};
    size_t open = 0;
    enum err err = txn_begin(outbox_env(sending->agent->outbox), false, &txn);
    for (size_t i = 0; err == ERR_OK && i < sending->waiting.count; i++) {
        struct entry entry = {0};
        err = outbox_get(&txn, &sending->waiting.keys[i], &entry);
        err = err == ERR_OK          ? print_outcome(sending, &entry, &open)
              : err == ERR_NOT_FOUND ? ERR_OK
                                     : err;
    }
    *ret_open = open;
    return err;
}

/* What is known of the reason, also where nothing has failed so far; beside a running agent, what
 * that one met last. */
static void say_why(const struct sending *sending)
{
    AUTO(txn_end) struct txn txn = {0};
    struct contact contact = {0};
    const struct voice voice = voice_on(sending, stderr);
    if (sending->last_trouble[0] != '\0') {
        say_trouble(sending);
    } else if (sending->talk != NULL && talk_is_greeted(sending->talk)) {
        say(&voice, "", "send.under_way", NULL);
    } else if (sending->talk != NULL) {
        say(&voice, "", "send.no_answer",
            (const struct word[]){{"endpoint", sending->agent->conf.ingest}, {0}});
    } else if (txn_begin(outbox_env(sending->agent->outbox), false, &txn) == ERR_OK &&
               contact_get(&txn, &contact) == ERR_OK && contact.last_error[0] != '\0') {
        fprintf(stderr, "%s\n", contact.last_error);
    }
}

static void say_kept(const struct sending *sending, size_t open)
{
    const struct voice voice = voice_on(sending, stderr);
    const char *when = sending->is_held      ? "send.when_taken"
                       : sending->is_reached ? "send.when_right"
                                             : "send.when_network";
    const char *how = sending->is_beside ? "send.how_running" : "send.how_command";
    fflush(stdout);
    say_count(
        &voice, "", "send.kept", (int64_t)open,
        (const struct word[]){{"when", phrase(&voice, when)}, {"how", phrase(&voice, how)}, {0}});
    say_why(sending);
}

static enum err say_nothing_queued(const struct sending *sending)
{
    if (sending->is_beside || talk_is_greeted(sending->talk)) {
        const struct voice voice = voice_on(sending, stdout);
        say(&voice, "", sending->is_beside ? "send.nothing" : "send.nothing_left", NULL);
        return ERR_OK;
    }
    const struct voice voice = voice_on(sending, stderr);
    say(&voice, before, "send.nothing_unreached", NULL);
    say_trouble(sending);
    return ERR_NETWORK;
}

static enum err send_all(struct sending *sending, bool has_folders, struct complaint *complaint)
{
    size_t open = 0;
    enum err err = has_folders ? ERR_OK : wait_for_queue(sending);
    if (err == ERR_OK) {
        err = count_open(sending, &open);
    }
    if (err == ERR_OK && (open > 0 || !has_folders)) {
        err = begin_talk(sending, complaint);
        err = err == ERR_OK ? wait_for_answers(sending) : err;
    }
    if (err == ERR_OK) {
        err = print_outcomes(sending, &open);
    }
    if (err == ERR_OK && !has_folders && sending->waiting.count == 0) {
        return say_nothing_queued(sending);
    }
    if (err == ERR_OK && sending->is_refused && sending->is_unchanged) {
        fflush(stdout);
        const struct voice voice = voice_on(sending, stderr);
        say(&voice, before, "send.rejected_again", NULL);
    }
    if (err == ERR_OK && open > 0) {
        say_kept(sending, open);
        return ERR_NETWORK;
    }
    return err;
}

static int end(struct sending *sending, enum err err, const struct complaint *complaint)
{
    talk_close(&sending->talk);
    free(sending->waiting.keys);
    agent_close(&sending->agent);
    if (err == ERR_NETWORK && complaint->text[0] == '\0') {
        return sending->is_refused || sending->is_reached ? 1 : 3; /* said already */
    }
    if (err != ERR_OK) {
        return fail(program, err, complaint);
    }
    return sending->is_refused ? 1 : 0;
}

int send_command(int argc, char **argv)
{
    struct send_arguments arguments = {.wait_s = 60};
    struct words words = {0};
    int code = options_parse(&send_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    struct complaint complaint = {{0}};
    struct sending sending = {.arguments = &arguments};
    enum err err = agent_open(arguments.config, AGENT_ALL, &complaint, &sending.agent);
    err = err != ERR_OK ? err : agent_speak(sending.agent, arguments.language, &complaint);
    if (err == ERR_OK && sending.agent->conf.is_test && words.count > 0) {
        err = hear_the_time(&sending, &complaint);
    }
    for (size_t i = 0; err == ERR_OK && i < words.count; i++) {
        err = queue_folder(&sending, words.items[i], &complaint);
    }
    if (err == ERR_OK) {
        err = send_all(&sending, words.count > 0, &complaint);
    }
    size_t pruned = 0;
    if (err == ERR_OK) {
        err = agent_prune(sending.agent, &pruned);
    }
    return end(&sending, err, &complaint);
}
