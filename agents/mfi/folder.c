#include "agents/mfi/folder.h"

#include <stdio.h>
#include <string.h>

#include "agents/mfi/history.h"
#include "conf/clock.h"
#include "proto/receipt.h"

const char *report_name(int type, int frequency, int32_t period_end_day,
                        char out[static REPORT_NAME_MAX])
{
    struct period period;
    char key[PERIOD_KEY_MAX + 1] = "?";
    if (period_ending((enum frequency)frequency, period_end_day, &period) == ERR_OK) {
        period_format(&period, key);
    }
    snprintf(out, REPORT_NAME_MAX, "%s %s", report_type_name(type), key);
    return out;
}

/* ---- what the store knows of a report's place ---- */

struct place_search {
    const PbReport *report;
    uint8_t figures[SHA256_BYTES];
    struct rules_context *context;
    bool accepted_equal; /* the highest accepted has the same figures */
    bool newest_equal;   /* what was queued last has */
    uint32_t newest_number;
    enum entry_state newest_state;
};

static void consider_accepted(struct place_search *search, const struct entry *entry,
                              const struct header *header)
{
    struct rules_context *context = search->context;
    if (entry->vintage > context->highest_vintage) {
        context->highest_vintage = entry->vintage;
        context->highest_since_us = header->first_received_at_us;
        search->accepted_equal = memcmp(entry->figures, search->figures, SHA256_BYTES) == 0;
    }
    context->has_final = context->has_final || header->status == IHURIRO__V1__REPORT__STATUS__FINAL;
}

static enum err visit_place(void *context, const struct entry *entry)
{
    struct place_search *search = context;
    const PbPeriod *period = search->report->period;
    if (entry->key.type != (int)search->report->type ||
        entry->key.frequency != (int)period->frequency ||
        entry->key.period_end_day != period->end_day) {
        return ERR_OK;
    }
    if (entry->key.number >= search->newest_number) {
        search->newest_number = entry->key.number;
        search->newest_state = entry->state;
        search->newest_equal = memcmp(entry->figures, search->figures, SHA256_BYTES) == 0;
    }
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt = {0};
    if (entry->best.size > 0 && receipt_open(entry->best, &arena, &receipt) == ERR_OK &&
        verdict_accepts(receipt.header.verdict)) {
        consider_accepted(search, entry, &receipt.header);
    }
    return ERR_OK;
}

/* The vintage that it will get, whether it is a repetition, and what the rules want to know of its
 * place. */
static enum err look_up_place(struct agent *agent, struct examined_report *examined,
                              struct arena *arena, struct rules_context *context)
{
    struct place_search search = {.report = examined->report, .context = context};
    if (agent->outbox == NULL) {
        return ERR_OK;
    }
    AUTO(txn_end) struct txn txn = {0};
    enum err err = report_figures_hash(examined->report, search.figures);
    if (err == ERR_OK) {
        err = txn_begin(outbox_env(agent->outbox), false, &txn);
    }
    if (err == ERR_OK) {
        err = outbox_walk(&txn, examined->report->institution, visit_place, &search);
    }
    err = err != ERR_OK ? err : history_beside(&txn, examined->report, arena, context);
    context->knows_history = true;
    bool waits = search.newest_state == ENTRY_QUEUED || search.newest_state == ENTRY_DRAFT;
    examined->is_first = search.newest_number == 0;
    examined->is_current = search.accepted_equal;
    examined->is_unchanged = search.newest_equal || (search.accepted_equal && !waits);
    return err;
}

/* ---- judging ---- */

struct judge_options {
    const struct agent_settings *settings;
    const struct party *party;
    int64_t now_us;
    struct examined *examined; /* all of the folder: they are compared with one another */
};

/* What was approved of these figures, or is being. */
static enum err look_up_approval(struct agent *agent, const struct approval *given,
                                 struct arena *arena, struct examined_report *examined)
{
    if (given != NULL) {
        return approval_sign(given, arena, examined->report);
    }
    if (agent->outbox == NULL) {
        return ERR_OK;
    }
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(agent->outbox), false, &txn);
    return err != ERR_OK
               ? err
               : approval_apply(&txn, arena, examined->report, &examined->is_approval_void);
}

/* Those before it in the folder go out before it, and will be there when it is judged. */
static void look_in_folder(const struct examined *folder, const PbReport *report,
                           struct rules_context *context)
{
    struct beside_place places[BESIDE_PLACES_MAX];
    size_t count = beside_places(report, places);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < folder->count && folder->reports[k].report != report; k++) {
            const PbReport *other = folder->reports[k].report;
            if (other != NULL && !folder->reports[k].has_errors &&
                (int)other->type == places[i].type &&
                (int)other->period->frequency == places[i].frequency &&
                other->period->end_day == places[i].end_day) {
                beside_fill(context, places[i].slots, other);
            }
        }
    }
}

static enum err judge(struct agent *agent, const struct judge_options *options, struct arena *arena,
                      struct examined_report *examined)
{
    struct rules_context context = {.settings = options->settings->settings,
                                    .party = options->party,
                                    .received_at_us = options->now_us};
    look_in_folder(options->examined, examined->report, &context);
    examined->findings = arena_take(arena, sizeof *examined->findings);
    if (examined->findings == NULL) {
        return ERR_MEMORY;
    }
    examined->findings->arena = arena;
    enum err err = look_up_place(agent, examined, arena, &context);
    if (err != ERR_OK) {
        return err;
    }
    uint32_t vintage = context.highest_vintage + 1;
    if (examined->is_current) {
        /* It is the one that is there already, and is judged as that. */
        vintage = context.highest_vintage;
        context.knows_history = false;
    }
    PbReport *report = examined->report;
    report->vintage = vintage;
    /* The manifest's word, which a draft keeps until it has its vintage; a correction without one
     * is judged with the reason that queueing gives it. */
    report->has_reason = report->has_reason && !examined->is_first;
    bool is_judged_with_reason = vintage > 1 && !report->has_reason;
    if (is_judged_with_reason) {
        report->has_reason = true;
        report->reason = IHURIRO__V1__REPORT__REASON__ERROR;
    }
    err = rules_refuse(examined->report, context.settings, agent->conf.is_test, examined->findings);
    examined->is_refused = err == ERR_REFUSED;
    if (err == ERR_OK) {
        err = rules_judge(examined->report, &context, examined->findings, &examined->verdict);
    }
    report->has_reason = report->has_reason && !is_judged_with_reason;
    examined->has_errors = examined->is_refused || examined->verdict == VERDICT_REJECTED;
    return err == ERR_REFUSED ? ERR_OK : err;
}

/* The row of the register as far as agent.conf knows it; NULL without a category. */
static struct party *party_of(struct agent *agent, const char *institution, const char *currency,
                              struct arena *arena)
{
    const struct conf_institution *row = agent_conf_institution(&agent->conf, institution);
    struct party *party =
        row != NULL && row->category != NULL ? arena_take(arena, sizeof *party) : NULL;
    if (party != NULL) {
        *party = (struct party){.role = ROLE_MEMBER,
                                .category = row->category,
                                .valid_from_day = INT32_MIN,
                                .valid_to_day = INT32_MAX,
                                .ended_day = INT32_MAX};
        snprintf(party->id, sizeof party->id, "%s", institution);
        snprintf(party->currency, sizeof party->currency, "%s", currency);
    }
    return party;
}

static enum err check_institution(struct agent *agent, const char *folder,
                                  const struct folder_options *options, const char *institution,
                                  struct complaint *complaint)
{
    if (options->institution != NULL && strcmp(options->institution, institution) != 0) {
        return complain(complaint, ERR_REFUSED,
                        "%s/manifest.ini is of the institution %s, and %s was asked for.", folder,
                        institution, options->institution);
    }
    if (agent->config != NULL && agent_conf_institution(&agent->conf, institution) == NULL) {
        return complain(complaint, ERR_REFUSED,
                        "%s/manifest.ini is of the institution %s, which is not in %s. Add it to "
                        "`institutions` there, or correct institution_id.",
                        folder, institution, agent->config);
    }
    return ERR_OK;
}

/* Fits book_find_source. */
static bool find_source(const void *context, const char *institution,
                        struct book_query_source *ret_source)
{
    const struct agent *agent = context;
    const struct conf_institution *row = agent_conf_institution(&agent->conf, institution);
    if (row == NULL || row->dsn == NULL) {
        return false;
    }
    *ret_source =
        (struct book_query_source){row->dsn, row->queries, row->credentials, row->query_s};
    return true;
}

static enum err read_book(struct agent *agent, const char *folder,
                          const struct folder_options *options, struct arena *arena,
                          struct complaint *complaint, struct examined *examined)
{
    struct book_options book = {.date_format = agent->conf.date_format,
                                .overdue_basis = agent->conf.overdue_basis,
                                .fiscal_year_month = (int)agent->conf.fiscal_year_month,
                                .now_us = options->now_us,
                                .test_data = agent->conf.is_test,
                                .find_source = find_source,
                                .source_context = agent};
    enum err err = agent_settings(agent, arena, complaint, &examined->settings);
    if (err == ERR_OK) {
        err = agent_conf_maps(&agent->conf, arena, complaint, &book.maps);
    }
    book.settings = examined->settings.settings;
    if (err == ERR_OK) {
        err = book_maps_check(book.maps, book.settings, complaint);
    }
    if (err == ERR_OK) {
        err = book_read(folder, &book, arena, complaint, &examined->book);
    }
    if (err == ERR_OK) {
        err =
            check_institution(agent, folder, options, book_institution(examined->book), complaint);
    }
    return err;
}

/* What earlier reports say of this one's beginning. */
static enum err fill_from_history(struct agent *agent, struct arena *arena, PbReport *report)
{
    if (agent->outbox == NULL) {
        return ERR_OK;
    }
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(agent->outbox), false, &txn);
    return err != ERR_OK ? err : history_open_pending(&txn, arena, report);
}

static enum err judge_all(struct agent *agent, const struct folder_options *options,
                          struct arena *arena, struct examined *examined)
{
    examined->count = book_report_count(examined->book);
    examined->reports = arena_take(arena, (examined->count + 1) * sizeof *examined->reports);
    if (examined->reports == NULL || examined->count == 0) {
        return ERR_MEMORY;
    }
    const char *currency = book_report_at(examined->book, 0)->currency;
    const struct party *party = party_of(agent, book_institution(examined->book), currency, arena);
    examined->category = party == NULL ? NULL : party->category;
    struct judge_options judging = {
        .settings = &examined->settings,
        .party = party,
        .now_us = options->now_us,
        .examined = examined,
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < examined->count; i++) {
        PbReport *report = book_report_at(examined->book, i);
        examined->reports[i].report = report;
        err = fill_from_history(agent, arena, report);
        err = err != ERR_OK
                  ? err
                  : look_up_approval(agent, options->approval, arena, &examined->reports[i]);
        err = err != ERR_OK ? err : judge(agent, &judging, arena, &examined->reports[i]);
    }
    return err;
}

enum err folder_examine(struct agent *agent, const char *folder,
                        const struct folder_options *options, struct arena *arena,
                        struct complaint *complaint, struct examined **ret_examined)
{
    struct examined *examined = arena_take(arena, sizeof *examined);
    if (examined == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory to read %s.", folder);
    }
    enum err err = read_book(agent, folder, options, arena, complaint, examined);
    if (err != ERR_OK) {
        return err;
    }
    err = judge_all(agent, options, arena, examined);
    if (err != ERR_OK) {
        return complain(complaint, err, "The reports of %s could not be judged: %s.", folder,
                        err_text(err));
    }
    *ret_examined = examined;
    return ERR_OK;
}

bool examined_has_errors(const struct examined *examined)
{
    bool has_errors = false;
    for (size_t i = 0; i < examined->count; i++) {
        has_errors = has_errors || examined->reports[i].has_errors;
    }
    return has_errors;
}
