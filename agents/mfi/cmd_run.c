/* mfi-agent run: watches the configured folders and keeps sending, until SIGTERM. */
#include <inttypes.h>
#include <string.h>

#include "agents/mfi/commands.h"
#include "agents/mfi/extract.h"
#include "agents/mfi/queue.h"
#include "agents/mfi/talk.h"
#include "agents/mfi/watch.h"
#include "conf/clock.h"
#include "conf/log.h"
#include "conf/signals.h"

static const char program[] = "mfi-agent run";

enum { LOOK_MS = 2000, MINUTE_MS = 60 * 1000, HOUR_MS = 3600 * 1000 };

struct run_arguments {
    const char *config;
};

static const struct option_row run_rows[] = {
    CONFIG_ROW(struct run_arguments),
    {0},
};

static const struct options run_options = {
    .program = program,
    .about = "Watches the folders of agent.conf, queues what is ready, sends it, and keeps what "
             "cannot be sent. Logs "
             "key=value lines on stderr; ends cleanly on SIGTERM.",
    .rows = run_rows,
};

struct running {
    struct agent *agent;
    struct talk *talk;
    struct watch *watch;
    struct extract *extract;
    const char **roots; /* folders, and of which institution */
    const char **institutions;
    int signal_fd;
    int64_t looked_at_ms;
    int64_t cleaned_at_ms;
    int64_t pruned_at_ms;
};

static void running_close(struct running *running)
{
    watch_close(&running->watch);
    extract_close(&running->extract);
    talk_close(&running->talk);
    agent_close(&running->agent);
    free(running->roots);
    free(running->institutions);
}

/* ---- folders that became ready ---- */

static void tell_trouble(const char *institution, const char *path, const char *text)
{
    char escaped[1100];
    log_event(LOG_ERROR, "folder_not_queued", "institution=%s folder=\"%s\" text=\"%s\"",
              institution, path, log_text(text, escaped, sizeof escaped));
}

/* A sentence of the catalogue, as long as there is room. */
static enum err describe(const struct catalogue *catalogue, const char *key,
                         const struct word *words, struct complaint *ret_told)
{
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = catalogue_say(catalogue, key, -1, words, &text);
    return err != ERR_OK
               ? err
               : complain(ret_told, ERR_OK, "%.*s", (int)text.size, (const char *)text.data);
}

/* The first error in words, and where to see the rest. */
static enum err describe_errors(const struct catalogue *catalogue, const char *folder,
                                const struct examined *examined, struct complaint *ret_told)
{
    AUTO(buffer_close) struct buffer sentence = {0};
    for (size_t i = 0; i < examined->count; i++) {
        const struct examined_report *row = &examined->reports[i];
        for (size_t k = 0; row->has_errors && k < row->findings->count; k++) {
            const PbFinding *finding = &row->findings->rows[k];
            if ((enum severity)finding->severity != SEVERITY_ERROR) {
                continue;
            }
            enum err err = finding_words(catalogue, finding, row->report, " / ", &sentence);
            err = err != ERR_OK ? err : buffer_append(&sentence, "", 1);
            return err != ERR_OK ? err
                                 : describe(catalogue, "run.would_be_rejected",
                                            (const struct word[]){
                                                {"type", report_type_name((int)row->report->type)},
                                                {"rule", finding->rule},
                                                {"sentence", (const char *)sentence.data},
                                                {"folder", folder},
                                                {0}},
                                            ret_told);
        }
    }
    return describe(catalogue, "run.rejected", (const struct word[]){{"folder", folder}, {0}},
                    ret_told);
}

/* complaint: for the log, in English; ret_told: the same in the agent's language, where it is of
 * the rules. */
static enum err queue_ready(struct running *running, const char *folder, const char *institution,
                            struct complaint *complaint, struct complaint *ret_told)
{
    AUTO(arena_close) struct arena arena = {.budget = FOLDER_ARENA_BUDGET};
    struct folder_options options = {.institution = institution};
    struct examined *examined = NULL;
    enum err err = agent_now(running->agent, &options.now_us);
    if (err == ERR_OK) {
        err = folder_examine(running->agent, folder, &options, &arena, complaint, &examined);
    }
    if (err == ERR_OK && examined_has_errors(examined)) {
        err = describe_errors(NULL, folder, examined, complaint);
        err = err != ERR_OK
                  ? err
                  : describe_errors(running->agent->catalogue, folder, examined, ret_told);
        return err == ERR_OK ? ERR_REFUSED : err;
    }
    struct queued_report *queued = NULL;
    if (err == ERR_OK) {
        queued = arena_take(&arena, (examined->count + 1) * sizeof *queued);
        err = queued != NULL ? queue_examined(running->agent, examined, options.now_us, false,
                                              complaint, queued)
                             : ERR_MEMORY;
    }
    for (size_t i = 0; err == ERR_OK && i < examined->count; i++) {
        char name[REPORT_NAME_MAX];
        report_name(queued[i].key.type, queued[i].key.frequency, queued[i].key.period_end_day,
                    name);
        log_event(LOG_INFO, queued[i].queued == QUEUED_UNCHANGED ? "unchanged" : "queued",
                  "institution=%s report=\"%s\"", institution, name);
    }
    return err;
}

/* What was queued of a folder's manifest stays queued over a restart: read again, a folder that was
 * corrected by another one since would take the correction back. */
static enum err look_up_read(struct running *running, const char *folder, size_t root,
                             struct folder_read *ret_read, bool *ret_is_known)
{
    AUTO(buffer_close) struct buffer manifest = {0};
    AUTO(txn_end) struct txn txn = {0};
    struct platform_stamp stamp;
    enum err err = buffer_printf(&manifest, "%s/manifest.ini%c", folder, '\0');
    if (err == ERR_OK) {
        err = txn_begin(outbox_env(running->agent->outbox), false, &txn);
    }
    if (err != ERR_OK) {
        return err;
    }
    platform_stamp((const char *)manifest.data, &stamp);
    *ret_read = (struct folder_read){.institution = running->institutions[root],
                                     .folder = folder + strlen(running->roots[root]),
                                     .modified_us = stamp.modified_us,
                                     .size = stamp.size};
    *ret_is_known = folder_read_is(&txn, ret_read);
    return ERR_OK;
}

static enum err keep_read(struct running *running, const struct folder_read *read)
{
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(running->agent->outbox), true, &txn);
    if (err == ERR_OK) {
        err = folder_read_put(&txn, read);
    }
    return err == ERR_OK ? txn_commit(&txn) : err;
}

/* A bad folder stops nothing: it is told, kept for `status`, and read again when its manifest is
 * written again, or soon, where a database was away. */
static enum err folder_ready(void *context, const char *folder, size_t root)
{
    struct running *running = context;
    const char *institution = running->institutions[root];
    struct complaint complaint = {{0}};
    struct complaint told = {{0}};
    char path[300];
    struct folder_read read = {0};
    bool is_known = false;
    log_text(folder, path, sizeof path);
    enum err err = look_up_read(running, folder, root, &read, &is_known);
    if (err == ERR_OK && is_known) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = queue_ready(running, folder, institution, &complaint, &told);
    }
    if (err == ERR_OK) {
        err = keep_read(running, &read);
    }
    if (err == ERR_OK) {
        trouble_note(running->agent, institution, folder, NULL);
    } else {
        const char *text = complaint.text[0] != '\0' ? complaint.text : err_text(err);
        tell_trouble(institution, path, text);
        trouble_note(running->agent, institution, folder, told.text[0] != '\0' ? told.text : text);
    }
    return err == ERR_BUSY ? err : ERR_OK;
}

/* ---- the loop ---- */

static void look_at_folders(struct running *running, int64_t now_ms)
{
    bool knows_time = false;
    if (now_ms - running->looked_at_ms < LOOK_MS) {
        return;
    }
    running->looked_at_ms = now_ms;
    enum err err = agent_knows_time(running->agent, &knows_time);
    if (err == ERR_OK && !knows_time) {
        log_event_limited(LOG_WARNING, "folders_wait", 1,
                          "text=\"The test hub was not reached yet, and reports are made in its "
                          "time.\"");
        return;
    }
    err = err == ERR_OK ? watch_look(running->watch, now_ms, folder_ready, running) : err;
    if (err != ERR_OK) {
        log_event_limited(LOG_ERROR, "watch_failed", 1, "error=\"%s\"", err_text(err));
    }
}

static void keep_house(struct running *running, int64_t now_ms)
{
    if (now_ms - running->cleaned_at_ms >= MINUTE_MS) {
        running->cleaned_at_ms = now_ms;
        env_check_readers(outbox_env(running->agent->outbox));
    }
    if (now_ms - running->pruned_at_ms >= HOUR_MS) {
        running->pruned_at_ms = now_ms;
        size_t pruned = 0;
        enum err err = agent_prune(running->agent, &pruned);
        if (err != ERR_OK || pruned > 0) {
            log_event(err == ERR_OK ? LOG_INFO : LOG_ERROR, "pruned", "reports=%zu result=\"%s\"",
                      pruned, err_text(err));
        }
    }
}

/* Fits talk_tell. */
static void tell(void *context, const struct session_news *news)
{
    struct running *running = context;
    if (news->kind == NEWS_OWED) {
        extract_heard(running->extract, news->text);
    } else {
        talk_log(NULL, news);
    }
}

static enum err loop(struct running *running)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && !signals_came(running->signal_fd)) {
        int64_t now_ms = clock_monotonic_ms();
        extract_look(running->extract, now_ms);
        look_at_folders(running, now_ms);
        keep_house(running, now_ms);
        err = talk_turn(running->talk, LOOK_MS / 2, running->signal_fd);
    }
    return err;
}

static enum err list_roots(struct running *running, size_t *ret_count)
{
    const struct conf_institution *items = running->agent->conf.institutions.items;
    size_t all = running->agent->conf.institutions.count;
    running->roots = calloc(all + 1, sizeof *running->roots);
    running->institutions = calloc(all + 1, sizeof *running->institutions);
    if (running->roots == NULL || running->institutions == NULL) {
        return ERR_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < all; i++) {
        if (items[i].folder != NULL) {
            running->roots[count] = items[i].folder;
            running->institutions[count++] = items[i].id;
        }
    }
    *ret_count = count;
    return ERR_OK;
}

static enum err start(struct running *running, const struct run_arguments *arguments,
                      struct complaint *complaint)
{
    size_t roots = 0;
    enum err err = signals_open(&running->signal_fd);
    if (err == ERR_OK) {
        err = agent_open(arguments->config, AGENT_ALL, complaint, &running->agent);
    }
    if (err == ERR_OK) {
        err = list_roots(running, &roots);
    }
    if (err == ERR_OK) {
        err = watch_open(running->roots, roots, running->agent->conf.settle_s * 1000,
                         &running->watch);
    }
    if (err == ERR_OK) {
        err = extract_open(running->agent, &running->extract);
    }
    if (err == ERR_OK) {
        err = talk_open(running->agent, running->agent->conf.stays, tell, running, complaint,
                        &running->talk);
    }
    if (err == ERR_OK) {
        log_event(LOG_INFO, "started", "institutions=%zu folders=%zu",
                  running->agent->conf.institutions.count, roots);
    }
    return err;
}

int run_command(int argc, char **argv)
{
    struct run_arguments arguments = {0};
    int code = options_parse(&run_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    log_open("mfi-agent", LOG_INFO);
    AUTO(running_close)
    struct running running = {
        .signal_fd = -1, .looked_at_ms = INT64_MIN / 2, .pruned_at_ms = INT64_MIN / 2};
    struct complaint complaint = {{0}};
    enum err err = start(&running, &arguments, &complaint);
    if (err == ERR_OK) {
        err = loop(&running);
        log_event(LOG_INFO, "stopped", "result=\"%s\"", err_text(err));
    }
    return err == ERR_OK ? 0 : fail(program, err, &complaint);
}
