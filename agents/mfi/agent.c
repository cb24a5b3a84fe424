#include "agents/mfi/agent.h"

#include <stdio.h>
#include <string.h>

#include "agents/mfi/owed.h"
#include "conf/catalogue.h"
#include "conf/clock.h"
#include "conf/country.h"
#include "conf/hub_pub.h"

static const char system_config[] = "/etc/ihuriro/agent.conf";

void agent_close(struct agent **agent)
{
    if (*agent == NULL) {
        return;
    }
    outbox_close(&(*agent)->outbox);
    transport_key_close(&(*agent)->transport_key);
    for (size_t i = 0; (*agent)->signing_keys != NULL && i < (*agent)->conf.institutions.count;
         i++) {
        signing_key_close(&(*agent)->signing_keys[i]);
    }
    free((*agent)->signing_keys);
    free((void *)(*agent)->institutions);
    agent_conf_close(&(*agent)->conf);
    arena_close(&(*agent)->texts);
    free((*agent)->config);
    free(*agent);
    *agent = NULL;
}

static bool is_file(const char *path)
{
    struct platform_stamp stamp;
    platform_stamp(path, &stamp);
    return stamp.exists;
}

/* NULL: there is none. */
static const char *find_config(const char *config)
{
    if (config != NULL) {
        return config;
    }
    return is_file("agent.conf") ? "agent.conf" : is_file(system_config) ? system_config : NULL;
}

static enum err read_keys(struct agent *agent, struct complaint *complaint)
{
    const struct conf_institution *items = agent->conf.institutions.items;
    size_t count = agent->conf.institutions.count;
    agent->signing_keys = calloc(count + 1, sizeof(struct signing_key *));
    if (agent->signing_keys == NULL) {
        return ERR_MEMORY;
    }
    enum err err = transport_key_read(agent->conf.transport_key, complaint, &agent->transport_key);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err =
            signing_key_read(items[i].signing_key, KEY_SIGNING, complaint, &agent->signing_keys[i]);
    }
    return err;
}

static enum err list_institutions(struct agent *agent)
{
    const struct conf_institution *items = agent->conf.institutions.items;
    agent->institutions = calloc(agent->conf.institutions.count + 1, sizeof(char *));
    if (agent->institutions == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < agent->conf.institutions.count; i++) {
        agent->institutions[i] = items[i].id;
    }
    return ERR_OK;
}

static enum err read_hub(struct agent *agent, struct complaint *complaint)
{
    enum err err = hub_pub_read(agent->conf.hub, complaint, &agent->hub);
    if (err == ERR_OK && agent->hub.is_test != agent->conf.is_test) {
        return complain(complaint, ERR_CONFIG,
                        "%s is of a %s hub, and %s says test = %s. Nothing is sent: put the right "
                        "hub.pub there, or change `test`.",
                        agent->conf.hub, agent->hub.is_test ? "test" : "real", agent->config,
                        agent->conf.is_test ? "true" : "false");
    }
    return err;
}

/* Its reports and receipts come back from the hub, its keys do not: a new store is of use. */
static enum err open_store(struct agent *agent, struct complaint *complaint)
{
    enum err err = outbox_open(agent->conf.store, complaint, &agent->outbox);
    char *text = complaint->text;
    if (err != ERR_OK && err != ERR_MEMORY && err != ERR_FULL && text[0] != '\0') {
        size_t used = strlen(text);
        snprintf(text + used, sizeof complaint->text - used,
                 " If it is lost: put in its place the store of a new agent, made with `mfi-agent "
                 "init` in another folder. What the hub holds comes back by itself; what was never "
                 "sent is to be sent again from the extracts.");
    }
    return err;
}

enum err agent_speak(struct agent *agent, const char *language, struct complaint *complaint)
{
    return language == NULL ? ERR_OK
                            : catalogue_of(language, &agent->texts, complaint, &agent->catalogue);
}

static enum err open_parts(struct agent *agent, unsigned parts, struct complaint *complaint)
{
    enum err err = list_institutions(agent);
    err = err != ERR_OK ? err : agent_speak(agent, agent->conf.language, complaint);
    if (err == ERR_OK && (parts & AGENT_HUB) != 0) {
        err = read_hub(agent, complaint);
    }
    if (err == ERR_OK && (parts & AGENT_KEYS) != 0) {
        err = read_keys(agent, complaint);
    }
    if (err == ERR_OK && (parts & AGENT_STORE) != 0) {
        err = open_store(agent, complaint);
    }
    return err;
}

enum err agent_open(const char *config, unsigned parts, struct complaint *complaint,
                    struct agent **ret_agent)
{
    const char *path = find_config(config);
    if (path == NULL) {
        return complain(complaint, ERR_CONFIG,
                        "There is no agent.conf here and no %s. Name it with -c FILE, or make one "
                        "with `mfi-agent init FOLDER`.",
                        system_config);
    }
    AUTO(agent_close) struct agent *agent = calloc(1, sizeof *agent);
    if (agent == NULL) {
        return ERR_MEMORY;
    }
    agent->config = strdup(path);
    enum err err =
        agent->config != NULL ? agent_conf_read(path, complaint, &agent->conf) : ERR_MEMORY;
    if (err == ERR_OK) {
        err = open_parts(agent, parts, complaint);
    }
    if (err == ERR_OK) {
        *ret_agent = STEAL(agent);
    }
    return err;
}

enum err agent_open_or_default(const char *config, struct complaint *complaint,
                               struct agent **ret_agent)
{
    if (find_config(config) != NULL) {
        return agent_open(config, AGENT_STORE, complaint, ret_agent);
    }
    AUTO(agent_close) struct agent *agent = calloc(1, sizeof *agent);
    enum err err = agent != NULL ? agent_conf_default(&agent->conf) : ERR_MEMORY;
    if (err == ERR_OK) {
        *ret_agent = STEAL(agent);
    }
    return err;
}

const struct signing_key *agent_key_of(void *context, const char *institution)
{
    const struct agent *agent = context;
    for (size_t i = 0; i < agent->conf.institutions.count; i++) {
        if (strcmp(agent->institutions[i], institution) == 0) {
            return agent->signing_keys[i];
        }
    }
    return NULL;
}

/* 0: never heard. */
static enum err hub_time(struct agent *agent, int64_t *ret_time_us)
{
    AUTO(txn_end) struct txn txn = {0};
    struct contact contact = {0};
    enum err err = txn_begin(outbox_env(agent->outbox), false, &txn);
    if (err == ERR_OK) {
        err = contact_get(&txn, &contact);
    }
    if (err == ERR_OK) {
        *ret_time_us = contact.hub_time_us > 0 ? contact.hub_time_us : 0;
    }
    return err;
}

enum err agent_now(struct agent *agent, int64_t *ret_now_us)
{
    int64_t time_us = 0;
    enum err err =
        agent->conf.is_test && agent->outbox != NULL ? hub_time(agent, &time_us) : ERR_OK;
    if (err == ERR_OK) {
        *ret_now_us = time_us > 0 ? time_us : clock_wall_us();
    }
    return err;
}

enum err agent_knows_time(struct agent *agent, bool *ret_knows)
{
    int64_t time_us = 0;
    enum err err = agent->conf.is_test ? hub_time(agent, &time_us) : ERR_OK;
    if (err == ERR_OK) {
        *ret_knows = !agent->conf.is_test || time_us > 0;
    }
    return err;
}

/* ---- settings ---- */

static enum err describe_settings(struct agent *agent, const char *key, const struct word *words,
                                  struct agent_settings *settings)
{
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = catalogue_say(agent->catalogue, key, -1, words, &text);
    if (err == ERR_OK) {
        (void)snprintf(settings->source, sizeof settings->source, "%.*s", (int)text.size,
                       (const char *)text.data);
    }
    return err;
}

static enum err settings_of_hub(struct agent *agent, struct arena *arena,
                                struct agent_settings *ret_settings)
{
    if (agent->outbox == NULL) {
        return ERR_NOT_FOUND;
    }
    AUTO(txn_end) struct txn txn = {0};
    int64_t since_us = 0;
    enum err err = txn_begin(outbox_env(agent->outbox), false, &txn);
    if (err == ERR_OK) {
        err = settings_note_get(&txn, arena, &ret_settings->settings, ret_settings->id, &since_us);
    }
    if (err != ERR_OK) {
        return err;
    }
    char since[TIME_TEXT_MAX + 1];
    time_format(since_us, since);
    ret_settings->is_from_hub = true;
    return describe_settings(
        agent, "settings.of_hub",
        (const struct word[]){{"version", ret_settings->settings->version}, {"time", since}, {0}},
        ret_settings);
}

static enum err settings_of_country(struct agent *agent, struct arena *arena,
                                    struct complaint *complaint,
                                    struct agent_settings *ret_settings)
{
    AUTO(free_p) char *path = NULL;
    PbSettings *settings = NULL;
    enum err err = country_path(agent->conf.country, &path);
    if (err != ERR_OK || !is_file(path)) {
        return complain(complaint, ERR_CONFIG,
                        "There are no settings of the country \"%s\"%s%s. Set `country` in "
                        "agent.conf to the two letters of one that is installed.",
                        agent->conf.country, err == ERR_OK ? ": there is no file " : "",
                        err == ERR_OK ? path : "");
    }
    err = country_compile(path, arena, complaint, &settings);
    if (err == ERR_OK) {
        ret_settings->settings = settings;
        err = describe_settings(agent, "settings.installed",
                                (const struct word[]){{"version", settings->version}, {0}},
                                ret_settings);
    }
    return err;
}

enum err agent_settings(struct agent *agent, struct arena *arena, struct complaint *complaint,
                        struct agent_settings *ret_settings)
{
    struct agent_settings found = {0};
    enum err err = settings_of_hub(agent, arena, &found);
    if (err == ERR_NOT_FOUND) {
        err = settings_of_country(agent, arena, complaint, &found);
    }
    if (err == ERR_OK) {
        *ret_settings = found;
    }
    return err;
}

enum err agent_owed(struct agent *agent, struct txn *txn, const char *institution,
                    int utc_offset_minutes, int64_t now_us, struct arena *arena,
                    const struct owed **ret_owed)
{
    const struct conf_institution *row = agent_conf_institution(&agent->conf, institution);
    struct owed_terms terms = {.now_us = now_us,
                               .utc_offset_minutes = utc_offset_minutes,
                               .category = row != NULL ? row->category : NULL,
                               .authority = &agent->conf.authority_keys};
    enum err err = owed_get(txn, institution, &terms, arena, ret_owed);
    if (err == ERR_NOT_FOUND) {
        *ret_owed = NULL;
        err = ERR_OK;
    }
    return err;
}

static enum err prune_is_due(struct agent *agent, int64_t now_us, bool *ret_is_due)
{
    AUTO(txn_end) struct txn txn = {0};
    int64_t at_us = 0;
    enum err err = txn_begin(outbox_env(agent->outbox), false, &txn);
    if (err == ERR_OK) {
        err = pruned_at_get(&txn, &at_us);
    }
    *ret_is_due = now_us < at_us || now_us - at_us >= INT64_C(86400) * 1000000;
    return err;
}

enum err agent_prune(struct agent *agent, size_t *ret_pruned)
{
    AUTO(txn_end) struct txn txn = {0};
    int64_t now_us = 0; /* of a test agent the hub's: its reports were queued in that time */
    int64_t hub_us = 0;
    bool is_due = false;
    *ret_pruned = 0;
    enum err err = agent_now(agent, &now_us);
    if (err == ERR_OK) {
        err = hub_time(agent, &hub_us);
    }
    if (err == ERR_OK) {
        /* A clock that runs years ahead must not throw away what a restored hub would ask for. */
        now_us = now_us < hub_us ? now_us : hub_us;
        err = prune_is_due(agent, now_us, &is_due);
    }
    if (err != ERR_OK || !is_due) {
        return err;
    }
    err = outbox_prune(agent->outbox, now_us, ret_pruned);
    if (err == ERR_OK) {
        err = txn_begin(outbox_env(agent->outbox), true, &txn);
    }
    if (err != ERR_OK) {
        return err;
    }
    pruned_at_put(&txn, now_us);
    return txn_commit(&txn);
}

static enum err lock_path(struct agent *agent, struct buffer *path)
{
    return buffer_printf(path, "%s/talks%c", agent->conf.store, '\0');
}

enum err agent_lock(struct agent *agent, struct complaint *complaint,
                    struct platform_lock **ret_lock)
{
    AUTO(buffer_close) struct buffer path = {0};
    enum err err = lock_path(agent, &path);
    return err == ERR_OK ? platform_lock((const char *)path.data, complaint, ret_lock) : err;
}

enum err agent_is_talking(struct agent *agent, bool *ret_is_talking)
{
    AUTO(buffer_close) struct buffer path = {0};
    enum err err = lock_path(agent, &path);
    if (err == ERR_OK) {
        *ret_is_talking = platform_is_locked((const char *)path.data);
    }
    return err;
}
