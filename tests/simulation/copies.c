/* Disk images: backups of the hub, put in place with a declaration or without one; images of
 * agents' stores, put back or given to a second agent. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/simulation/world.h"

static void path_of(const struct world *world, const char *what, size_t number,
                    char ret_path[static PATH_BYTES])
{
    snprintf(ret_path, PATH_BYTES, "%s/%s-%zu", world->folder, what, number);
}

static void data_of(const char *store, char ret_path[static PATH_BYTES])
{
    snprintf(ret_path, PATH_BYTES, "%.170s/data.mdb", store);
}

/* ---- the hub's ---- */

bool copies_backup(struct world *world)
{
    struct hub_side *hub = &world->hub;
    char data[PATH_BYTES];
    char to[PATH_BYTES];
    char acts_to[PATH_BYTES];
    size_t number = chance_below(&world->chance, COPIES_MAX);
    data_of(hub->store_path, data);
    path_of(world, "backup", number, to);
    path_of(world, "backup-acts", number, acts_to);
    hub->copies[number] = (struct hub_copy){.is_taken = true,
                                            .size = writer_size(hub->writer),
                                            .journal_acts = hub->journal_acts,
                                            .log_acts = hub->log_acts};
    world_say(world, "backup %zu of %llu records", number,
              (unsigned long long)hub->copies[number].size);
    return WELL(world, world_copy_file(data, to)) &&
           WELL(world, world_copy_file(hub->acts_path, acts_to));
}

static struct hub_copy *any_copy(struct world *world)
{
    size_t from = chance_below(&world->chance, COPIES_MAX);
    for (size_t i = 0; i < COPIES_MAX; i++) {
        struct hub_copy *copy = &world->hub.copies[(from + i) % COPIES_MAX];
        if (copy->is_taken) {
            return copy;
        }
    }
    return NULL;
}

/* The hub's process has ended. */
static bool put_data(struct world *world, const struct hub_copy *copy)
{
    char data[PATH_BYTES];
    char from[PATH_BYTES];
    data_of(world->hub.store_path, data);
    path_of(world, "backup", (size_t)(copy - world->hub.copies), from);
    world->hub.journal_acts = copy->journal_acts;
    return WELL(world, world_copy_file(from, data));
}

static bool put_acts(struct world *world, const struct hub_copy *copy)
{
    char from[PATH_BYTES];
    path_of(world, "backup-acts", (size_t)(copy - world->hub.copies), from);
    world->hub.log_acts = copy->log_acts;
    return WELL(world, world_copy_file(from, world->hub.acts_path));
}

/* As cmd_restore: what survived is read before the acts that it lacks come in. */
static enum err read_survivor(struct world *world, struct position *ret_position,
                              struct buffer *text)
{
    AUTO(store_close) struct store *store = NULL;
    AUTO(txn_end) struct txn txn = {0};
    struct complaint complaint = {{0}};
    struct checkpoint newest;
    enum err err = store_open(world->hub.store_path, ENV_WRITE, &complaint, &store);
    err = err != ERR_OK ? err : txn_begin(store_env(store), false, &txn);
    err = err != ERR_OK ? err : heads_newest(&txn, &newest);
    if (err == ERR_OK) {
        *ret_position = newest.position;
        err = buffer_append(text, newest.text.data, newest.text.size);
    }
    txn_end(&txn);
    return err;
}

static enum err declare_restored(struct world *world, const struct position *survived,
                                 struct bytes text)
{
    struct writer *writer = world->hub.writer;
    const struct checkpoint *checkpoint = NULL;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    Ihuriro__V1__Restored restored = IHURIRO__V1__RESTORED__INIT;
    uint64_t seq = 0;
    position.size = survived->size;
    position.root = pb_of_bytes(bytes_of(survived->root.bytes, SHA256_BYTES));
    restored.survived = &position;
    restored.has_checkpoint = 1;
    restored.checkpoint = pb_of_bytes(text);
    event.restored = &restored;
    enum err err = writer_begin(writer, world->wall_us + world->hub.skew_us);
    err = err != ERR_OK ? err : writer_new_event(writer, &event, &seq);
    err = err != ERR_OK ? err : writer_seal(writer, &checkpoint);
    if (err == ERR_OK) {
        ledger_saw(world, &checkpoint->position);
    }
    return err != ERR_OK ? err : writer_commit(writer);
}

bool copies_restore(struct world *world)
{
    AUTO(buffer_close) struct buffer text = {0};
    struct roots before = {0};
    struct position survived = {0};
    const struct hub_copy *copy = any_copy(world);
    if (copy == NULL || !ledger_roots(world, &before)) {
        return false;
    }
    world_say(world, "RESTORE to %llu records", (unsigned long long)copy->size);
    hub_stop(world);
    lines_after_hub_end(world);
    if (put_data(world, copy) && WELL(world, read_survivor(world, &survived, &text)) &&
        hub_start(world)) {
        (void)WELL(world, declare_restored(world, &survived, buffer_bytes(&text)));
        hub_stop(world);
        (void)hub_start(world);
        ledger_lost(world, &before);
    }
    roots_close(&before);
    return true;
}

bool copies_put_back(struct world *world, bool with_acts)
{
    struct roots before = {0};
    const struct hub_copy *copy = any_copy(world);
    if (copy == NULL || !ledger_roots(world, &before)) {
        return false;
    }
    world_say(world, "the hub's disk is silently put back to %llu records%s",
              (unsigned long long)copy->size, with_acts ? ", acts.log too" : "");
    hub_stop(world);
    lines_after_hub_end(world);
    if (put_data(world, copy) && (!with_acts || put_acts(world, copy)) && hub_start(world)) {
        ledger_lost(world, &before);
    }
    roots_close(&before);
    return true;
}

bool copies_put_acts_back(struct world *world)
{
    const struct hub_copy *copy = any_copy(world);
    if (copy == NULL) {
        return false;
    }
    world_say(world, "acts.log alone is put back");
    hub_stop(world);
    lines_after_hub_end(world);
    return put_acts(world, copy) && hub_start(world);
}

/* ---- agents' ---- */

static struct agent_side *any_agent(struct world *world)
{
    size_t number = chance_below(&world->chance, world->agent_count);
    return &world->agents[number];
}

bool copies_image(struct world *world)
{
    char data[PATH_BYTES];
    char to[PATH_BYTES];
    const struct agent_side *agent = any_agent(world);
    size_t number = chance_below(&world->chance, COPIES_MAX);
    data_of(agent->store_path, data);
    path_of(world, "image", number, to);
    world->images[number] =
        (struct agent_image){.is_taken = true, .of = agent->number, .books = agent->books};
    world_say(world, "image %zu of agent %zu", number, agent->number);
    return WELL(world, world_copy_file(data, to));
}

static const struct agent_image *any_image(struct world *world)
{
    size_t from = chance_below(&world->chance, COPIES_MAX);
    for (size_t i = 0; i < COPIES_MAX; i++) {
        const struct agent_image *image = &world->images[(from + i) % COPIES_MAX];
        if (image->is_taken) {
            return image;
        }
    }
    return NULL;
}

static void mark_copied(struct world *world, const struct agent_side *agent)
{
    for (size_t i = 0; i < agent->institution_count; i++) {
        world->ledger.has_copies[agent->institution_indexes[i]] = true;
    }
}

static bool put_image(struct world *world, const struct agent_image *image,
                      struct agent_side *agent)
{
    char data[PATH_BYTES];
    char from[PATH_BYTES];
    data_of(agent->store_path, data);
    path_of(world, "image", (size_t)(image - world->images), from);
    agent->books = image->books;
    return WELL(world, world_copy_file(from, data));
}

bool copies_set_back(struct world *world)
{
    const struct agent_image *image = any_image(world);
    if (image == NULL) {
        return false;
    }
    struct agent_side *agent = &world->agents[image->of];
    world_say(world, "agent %zu is set back", agent->number);
    agent_stop(agent);
    mark_copied(world, agent);
    for (size_t i = 0; i < world->ledger.loss_count; i++) {
        world->ledger.losses[i].must_be_known = false; /* it may have been the only witness */
    }
    return put_image(world, image, agent) && agent_start(agent);
}

/* Without an image it begins with an empty disk. */
bool copies_clone(struct world *world)
{
    struct complaint complaint = {{0}};
    const struct agent_image *image = any_image(world);
    if (world->agent_count == AGENTS_MAX) {
        return false;
    }
    const struct agent_side *origin = image != NULL ? &world->agents[image->of] : any_agent(world);
    struct agent_side *clone = &world->agents[world->agent_count];
    *clone = *origin;
    clone->number = world->agent_count;
    clone->outbox = NULL;
    clone->session = NULL;
    clone->line = NULL;
    clone->books = (struct agent_books){.receipt_count = 0};
    path_of(world, "agent", clone->number, clone->store_path);
    world_say(world, "agent %zu is a clone of agent %zu%s", clone->number, origin->number,
              image != NULL ? "'s image" : " with an empty disk");
    mark_copied(world, clone);
    if (!WELL(world, outbox_create(clone->store_path, &complaint)) ||
        (image != NULL && !put_image(world, image, clone))) {
        return false;
    }
    world->agent_count++;
    return agent_start(clone);
}
