#include "agents/mfi/talk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/mfi/folder.h"
#include "conf/clock.h"
#include "conf/log.h"

struct talk {
    struct platform_lock *lock;
    struct session *session;
    struct link *link;
};

void talk_close(struct talk **talk)
{
    if (*talk == NULL) {
        return;
    }
    link_close(&(*talk)->link);
    session_close(&(*talk)->session);
    platform_unlock(&(*talk)->lock);
    free(*talk);
    *talk = NULL;
}

enum err talk_open(struct agent *agent, bool stays, talk_tell tell, void *context,
                   struct complaint *complaint, struct talk **ret_talk)
{
    AUTO(talk_close) struct talk *talk = calloc(1, sizeof *talk);
    if (talk == NULL) {
        return ERR_MEMORY;
    }
    struct session_options session = {.outbox = agent->outbox,
                                      .hub = &agent->hub,
                                      .institutions = agent->institutions,
                                      .institution_count = agent->conf.institutions.count,
                                      .key_of = agent_key_of,
                                      .keys = agent,
                                      .is_test = agent->conf.is_test,
                                      .stays = stays,
                                      .back_off_ms = agent->conf.retry_first_ms,
                                      .back_off_max_ms = agent->conf.retry_max_ms,
                                      .random = platform_random,
                                      .tell = tell,
                                      .tell_context = context};
    struct link_options link = {.endpoint = agent->conf.ingest,
                                .key = agent->transport_key,
                                .server = agent->hub.transport};
    struct session_time now = {.monotonic_ms = clock_monotonic_ms(), .wall_us = clock_wall_us()};
    enum err err = agent_lock(agent, complaint, &talk->lock);
    if (err == ERR_OK) {
        err = session_open(&session, now, &talk->session);
    }
    if (err == ERR_OK) {
        err = link_open(&link, complaint, &talk->link);
    }
    if (err == ERR_OK) {
        *ret_talk = STEAL(talk);
    }
    return err;
}

enum err talk_turn(struct talk *talk, int64_t wait_ms, int stop_fd)
{
    return link_turn(talk->link, talk->session, wait_ms, stop_fd);
}

bool talk_is_idle(const struct talk *talk)
{
    return session_is_idle(talk->session);
}

bool talk_is_greeted(const struct talk *talk)
{
    return session_is_greeted(talk->session);
}

/* ---- the log ---- */

static const char *const news_events[] = {
    [NEWS_GREETED] = "greeted",
    [NEWS_RECEIPT] = "receipt",
    [NEWS_FETCHED] = "fetched",
    [NEWS_REFUSED] = "refused",
    [NEWS_RETRY_LATER] = "retry_later",
    [NEWS_PASSED_OVER] = "sent_again",
    [NEWS_SETTINGS] = "settings_taken",
    [NEWS_OWED] = "owed",
    [NEWS_LEFT] = "left",
    [NEWS_TROUBLE] = "trouble",
};

static const char *verdict_of(const struct session_news *news)
{
    bool has_verdict = news->kind == NEWS_RECEIPT || news->kind == NEWS_FETCHED;
    return has_verdict ? verdict_name(news->verdict) : "-";
}

void talk_log(void *context, const struct session_news *news)
{
    (void)context;
    enum log_level level =
        news->kind == NEWS_TROUBLE || news->kind == NEWS_REFUSED ? LOG_WARNING : LOG_INFO;
    char text[600];
    const char *said = news->text != NULL ? news->text : "";
    log_text(said, text, sizeof text);
    if (news->key != NULL) {
        char name[REPORT_NAME_MAX];
        report_name(news->key->type, news->key->frequency, news->key->period_end_day, name);
        log_event(level, news_events[news->kind],
                  "institution=%s report=\"%s\" verdict=%s text=\"%s\"", news->key->institution,
                  name, verdict_of(news), text);
        return;
    }
    log_event(level, news_events[news->kind], "count=%" PRIu64 " text=\"%s\"", news->count, text);
}
