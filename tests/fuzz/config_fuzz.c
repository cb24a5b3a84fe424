/* Configuration files, against the tables of the hub and of the agent: refused with a sentence, or
 * read whole; what the hub writes from it, it reads as the same. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/starve.h"

#include "agents/mfi/agent_conf.h"
#include "hub/hub_open.h"

static void read_agent(const char *path)
{
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint = {{0}};
    const struct book_maps *maps = NULL;
    struct agent_conf conf = {0};
    if (agent_conf_read(path, &complaint, &conf) != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        return;
    }
    for (size_t i = 0; i < conf.institutions.count; i++) {
        const struct conf_institution *rows = conf.institutions.items;
        HOLD(agent_conf_institution(&conf, rows[i].id) != NULL);
    }
    if (agent_conf_maps(&conf, &arena, &complaint, &maps) == ERR_OK) {
        (void)book_maps_check(maps, NULL, &complaint);
    }
    agent_conf_close(&conf);
}

static void read_hub(const char *path, const char *copy)
{
    struct complaint complaint = {{0}};
    struct hub_config config = {0};
    struct hub_config again = {0};
    AUTO(buffer_close) struct buffer text = {0};
    if (hub_config_read(path, &config, &complaint) != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        return;
    }
    HOLD_OK(hub_config_format(&config, &text));
    fuzz_write(copy, buffer_bytes(&text), 0644);
    if (hub_config_read(copy, &again, &complaint) != ERR_OK) {
        (void)fprintf(stderr, "%s\n%.*s\n", complaint.text, (int)text.size, (char *)text.data);
        abort();
    }
    HOLD(strcmp(config.store, again.store) == 0 && strcmp(config.admin, again.admin) == 0);
    HOLD(config.peers_max == again.peers_max && config.quota_bucket == again.quota_bucket);
    hub_config_release(&config);
    hub_config_release(&again);
}

static void read_starved(const char *path, struct bytes file)
{
    for (struct starving starving = starving_of(file); starving_next(&starving);) {
        AUTO(arena_close) struct arena arena = {0};
        struct complaint complaint = {{0}};
        struct agent_conf conf = {0};
        struct hub_config config = {0};
        const struct book_maps *maps = NULL;
        if (agent_conf_read(path, &complaint, &conf) == ERR_OK) {
            (void)agent_conf_maps(&conf, &arena, &complaint, &maps);
            agent_conf_close(&conf);
        }
        if (hub_config_read(path, &config, &complaint) == ERR_OK) {
            hub_config_release(&config);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[128];
    char copy[128];
    fuzz_path("any.conf", path);
    fuzz_write(path, bytes_of(data, size), 0600);
    read_starved(path, bytes_of(data, size));
    read_agent(path);
    read_hub(path, fuzz_path("copy.conf", copy));
    return 0;
}

static void fuzz_seeds(void)
{
    static const char *const names[] = {"hub.conf", "agent.conf", "pull.conf"};
    static const char *const small[] = {
        "hub = \"hub.pub\";\ningest = \"tcp://127.0.0.1:5701\";\nstore = \"store\";\n"
        "transport_key = \"agent.key\";\ninstitutions = ( { id = \"A-1\"; folder = \"in\"; "
        "signing_key = \"a.key\"; category = \"USACCO\"; } );\ngenders = [ \"GABO = M\" ];\n",
        "store = \"store\"; # words\nkeys = \"keys\"\ningest = \"tcp://127.0.0.1:1\"; /* two */\n"
        "quota_bucket = 0x20L; peers_max = 10;"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[256];
        AUTO(buffer_close) struct buffer bytes = {0};
        (void)snprintf(path, sizeof path, "%s/conf/examples/%s", IHURIRO_SOURCE, names[i]);
        fuzz_read(path, &bytes);
        fuzz_seed(names[i], buffer_bytes(&bytes));
    }
    fuzz_seed("agent", bytes_of(small[0], strlen(small[0])));
    fuzz_seed("hub", bytes_of(small[1], strlen(small[1])));
}
