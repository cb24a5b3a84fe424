/* What is owed: the model's "overdue". No agent may hear that a report is overdue, or was late,
 * which it holds a receipt for that was in time and stands; and once all is drained, what each has
 * heard last is what the journal says. */
#include <string.h>

#include "agents/mfi/owed.h"
#include "proto/receipt.h"
#include "tests/simulation/world.h"

static void say_row(const struct owed_item *item, bool *ret_is_overdue, bool *ret_is_late)
{
    const char *word = item->row->timeliness;
    *ret_is_overdue = strcmp(word, timeliness_name(TIMELINESS_OVERDUE)) == 0;
    *ret_is_late = strcmp(word, timeliness_name(TIMELINESS_LATE)) == 0;
}

/* What the hub said, without what the store adds. */
static bool read_kept(struct agent_side *agent, struct txn *txn, const char *institution,
                      struct owed **ret_owed)
{
    static const struct authority_keys nobody;
    struct world *world = agent->world;
    struct owed_note note = {0};
    struct owed_terms terms = {.now_us = world->wall_us, .authority = &nobody};
    enum err err = owed_note_get(txn, institution, &note);
    if (err == ERR_NOT_FOUND) {
        return false;
    }
    arena_reset(&world->arena);
    return WELL(world, err) &&
           WELL(world, owed_read(note.raw, institution, &terms, &world->arena, ret_owed));
}

struct search {
    struct agent_side *agent;
    const struct owed *owed;
};

static enum err visit_entry(void *context, const struct entry *entry)
{
    const struct search *search = context;
    struct world *world = search->agent->world;
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt = {0};
    if (entry->best.size == 0 || entry->to_offer) {
        return ERR_OK;
    }
    enum err err = receipt_open(entry->best, &arena, &receipt);
    for (size_t i = 0; err == ERR_OK && i < search->owed->count; i++) {
        const struct owed_item *item = &search->owed->items[i];
        bool is_overdue = false;
        bool is_late = false;
        say_row(item, &is_overdue, &is_late);
        bool is_its = item->type == entry->key.type &&
                      item->period.end_day == entry->key.period_end_day &&
                      (int)item->period.frequency == entry->key.frequency;
        bool was_in_time = verdict_accepts(receipt.header.verdict) &&
                           receipt.header.first_received_at_us <= item->row->due_us;
        if (is_its && was_in_time && (is_overdue || is_late)) {
            world_break(world, "%s was said of %s %s, which agent %zu holds a receipt for in time",
                        item->row->timeliness, entry->key.institution, item->row->period,
                        search->agent->number);
        }
    }
    return err;
}

void agent_heard_owed(struct agent_side *agent, const char *institution)
{
    struct world *world = agent->world;
    AUTO(txn_end) struct txn txn = {0};
    struct owed *owed = NULL;
    if (!WELL(world, txn_begin(outbox_env(agent->outbox), false, &txn)) ||
        !read_kept(agent, &txn, institution, &owed)) {
        return;
    }
    for (size_t i = 0; i < owed->count; i++) {
        world_say(world, "    %s %s %s", owed->items[i].row->period, owed->items[i].row->progress,
                  owed->items[i].row->timeliness);
    }
    struct search search = {agent, owed};
    (void)WELL(world, outbox_walk(&txn, institution, visit_entry, &search));
}

/* ---- at the end ---- */

static enum err visit_report(void *context, const struct report_row *row)
{
    int64_t *first_us = context;
    if (verdict_accepts(row->verdict) && row->first_received_at_us < *first_us) {
        *first_us = row->first_received_at_us;
    }
    return ERR_OK;
}

static void judge_item(struct world *world, struct txn *txn, const struct agent_side *agent,
                       const char *institution, const struct owed_item *item)
{
    int64_t first_us = INT64_MAX;
    bool is_overdue = false;
    bool is_late = false;
    say_row(item, &is_overdue, &is_late);
    if (!WELL(world, reports_walk(txn, item->type, (int)item->period.frequency,
                                  item->period.end_day, institution, visit_report, &first_us))) {
        return;
    }
    bool is_missing = first_us == INT64_MAX;
    bool was_in_time = first_us <= item->row->due_us;
    if ((is_overdue && !is_missing) || is_late != (!is_missing && !was_in_time)) {
        world_break(world, "agent %zu heard %s of %s %s, and the journal says otherwise",
                    agent->number, item->row->timeliness, institution, item->row->period);
    }
}

void judge_owed(struct world *world, struct agent_side *agent)
{
    AUTO(txn_end) struct txn of_hub = {0};
    AUTO(txn_end) struct txn of_agent = {0};
    if (!WELL(world, txn_begin(store_env(world->hub.store), false, &of_hub)) ||
        !WELL(world, txn_begin(outbox_env(agent->outbox), false, &of_agent))) {
        return;
    }
    for (size_t i = 0; i < agent->institution_count && !world->is_broken; i++) {
        struct owed *owed = NULL;
        if (!read_kept(agent, &of_agent, agent->institutions[i], &owed)) {
            world_break(world, "agent %zu never heard what %s owes", agent->number,
                        agent->institutions[i]);
            return;
        }
        size_t months = 0;
        for (size_t k = 0; k < owed->count; k++) {
            judge_item(world, &of_hub, agent, agent->institutions[i], &owed->items[k]);
            months += owed->items[k].period.end_day < DUTIES_UNTIL_DAY;
        }
        /* A clock that was years ahead takes all along; what is settled long ago is not said. */
        bool is_soon = time_day(world->wall_us, 0) < DUTIES_UNTIL_DAY + DUTIES_DUE_DAYS / 2;
        if (is_soon && months != PLACES && !world->is_broken) {
            world_break(world, "agent %zu heard of %zu months of %s, and not of %d", agent->number,
                        months, agent->institutions[i], PLACES);
        }
    }
}
