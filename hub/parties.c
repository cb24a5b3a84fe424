/* mfi-hub parties: its commands, by name, and how they read the registry. */
#include "hub/parties.h"

#include "conf/options.h"

static const struct command parties_commands[] = {
    {"list", parties_list, "the registry as it stands"},
    {"show", parties_show, "all that is known of one party"},
    {"add", parties_add, "a new party"},
    {"set", parties_set, "change what is given"},
    {"revoke", parties_revoke, "a party's keys, for ever"},
    {"import", parties_import, "many parties from a file; --dry-run says what would change"},
    {"merge", parties_merge, "members into another, from the first of a month on"},
    {"split", parties_split, "a member into others, from the first of a month on"},
    {"rename", parties_rename, "a new name from a day on; the old one is kept for before"},
    {"close", parties_close, "a member is liquidated: it owes nothing from a day on"},
    {"contact", parties_contact, "how to reach a party: show, set, erase"},
    {0},
};

int cmd_parties(int argc, char **argv)
{
    return commands_run("mfi-hub parties", "Who may send, and who may read.", parties_commands,
                        argc, argv);
}

/* A new store has none. */
static enum err load_settings(struct parties_reading *reading)
{
    uint8_t id[SHA256_BYTES];
    enum err err = settings_load(&reading->txn, &reading->arena, &reading->settings, id);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err parties_read(const char *config, struct complaint *complaint,
                      struct parties_reading *ret_reading)
{
    enum err err = hub_config_read(config, &ret_reading->hub.config, complaint);
    err = err != ERR_OK ? err : hub_open(&ret_reading->hub, HUB_READ, complaint);
    err = err != ERR_OK ? err
                        : txn_begin(store_env(ret_reading->hub.store), false, &ret_reading->txn);
    err = err != ERR_OK ? err : registry_load(&ret_reading->txn, &ret_reading->registry);
    return err != ERR_OK ? err : load_settings(ret_reading);
}

void parties_reading_end(struct parties_reading *reading)
{
    registry_close(&reading->registry);
    arena_close(&reading->arena);
    txn_end(&reading->txn); /* before the store closes */
    hub_release(&reading->hub);
    *reading = (struct parties_reading){.registry = NULL};
}

enum err parties_find(const struct parties_reading *reading, const char *id,
                      struct complaint *complaint, const struct party **ret_party)
{
    const struct party *party = registry_find(reading->registry, id);
    if (party == NULL) {
        return complain(complaint, ERR_NOT_FOUND, "%s is no party; see `mfi-hub parties list`.",
                        id);
    }
    *ret_party = party;
    return ERR_OK;
}
