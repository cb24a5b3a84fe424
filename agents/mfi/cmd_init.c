/* mfi-agent init: keys, a commented agent.conf, an empty store, and the lines for the hub's
 * operator. Never overwrites. */
#include <string.h>

#include "agents/mfi/commands.h"
#include "conf/hub_pub.h"
#include "proto/record.h"

static const char program[] = "mfi-agent init";

struct init_arguments {
    struct option_texts institutions;
    const char *hub;
    const char *ingest;
    const char *country;
    const char *name;
    const char *category;
    const char *district;
    const char *currency;
    bool is_test;
};

#define INIT(field) offsetof(struct init_arguments, field)
static const struct option_row init_rows[] = {
    {"institution", 0, OPTION_TEXTS, INIT(institutions), "ID",
     "id in the hub's register; again for each institution that this agent serves", 0, 0},
    {"hub", 0, OPTION_TEXT, INIT(hub), "FILE",
     "hub.pub, from the hub's operator; it is copied into FOLDER", 0, 0},
    {"ingest", 0, OPTION_TEXT, INIT(ingest), "ENDPOINT",
     "the hub's door for agents (tcp://127.0.0.1:5701)", 0, 0},
    {"country", 0, OPTION_TEXT, INIT(country), "CC",
     "whose settings hold before the first contact (rw)", 0, 0},
    {"name", 0, OPTION_TEXT, INIT(name), "NAME", "for the operator's line: the institution's name",
     0, 0},
    {"category", 0, OPTION_TEXT, INIT(category), "K",
     "its category in the settings: USACCO, MF ...", 0, 0},
    {"district", 0, OPTION_TEXT, INIT(district), "D",
     "for the operator's line: its district's code", 0, 0},
    {"currency", 0, OPTION_TEXT, INIT(currency), "CUR",
     "for the operator's line: the one it reports in", 0, 0},
    {"test", 0, OPTION_FLAG, INIT(is_test), NULL,
     "for a test hub (hub.pub of a test hub means it too)", 0, 0},
    {0},
};

static const struct options init_options = {
    .program = program,
    .words = "FOLDER",
    .about = "Makes an agent in FOLDER: keys/ (mode 0400), agent.conf, an empty store, and prints "
             "the line that the "
             "hub's operator runs. What is there is never overwritten.",
    .rows = init_rows,
    .words_min = 1,
    .words_max = 1,
};

static enum err path_in(const char *folder, const char *name, struct buffer *path)
{
    buffer_clear(path);
    return buffer_printf(path, "%s/%s%c", folder, name, '\0');
}

static bool has_currency_shape(const char *currency)
{
    return currency == NULL ||
           (strlen(currency) == 3 && strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3);
}

/* Before anything is made: so that nothing is half done. */
static enum err check_arguments(const char *folder, const struct init_arguments *arguments,
                                struct complaint *complaint)
{
    for (size_t i = 0; i < arguments->institutions.count; i++) {
        const char *id = arguments->institutions.items[i];
        if (!institution_id_is_valid(id)) {
            return complain(complaint, ERR_USAGE,
                            "\"%.40s\" is no institution id: 1 to 16 of A-Z, 0-9 and -.", id);
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(id, arguments->institutions.items[k]) == 0) {
                return complain(complaint, ERR_USAGE, "The institution %s is named twice.", id);
            }
        }
    }
    if (arguments->institutions.count == 0) {
        return complain(complaint, ERR_USAGE,
                        "Name the institution that reports: --institution ID (its id in the hub's "
                        "register, from the hub's operator).");
    }
    if (strncmp(arguments->ingest, "tcp://", 6) != 0 ||
        strpbrk(arguments->ingest, "\"\\\n") != NULL) {
        return complain(complaint, ERR_USAGE, "--ingest is tcp://HOST:PORT.");
    }
    if (strlen(arguments->country) != 2 || !has_currency_shape(arguments->currency) ||
        (arguments->name != NULL && strpbrk(arguments->name, "'\n") != NULL) ||
        (arguments->category != NULL && strpbrk(arguments->category, "\"\\\n '") != NULL) ||
        (arguments->district != NULL && strpbrk(arguments->district, "\n '") != NULL)) {
        return complain(complaint, ERR_USAGE,
                        "--country is two letters, --currency three capitals, and names have no "
                        "quotes.");
    }
    AUTO(buffer_close) struct buffer path = {0};
    struct platform_stamp stamp;
    enum err err = path_in(folder, "agent.conf", &path);
    if (err != ERR_OK) {
        return err;
    }
    platform_stamp((const char *)path.data, &stamp);
    if (stamp.exists) {
        return complain(complaint, ERR_EXISTS,
                        "There is an agent in %s already; its keys and store stay as they are. "
                        "Choose another folder.",
                        folder);
    }
    return ERR_OK;
}

static enum err make_folders(const char *folder, struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer path = {0};
    enum err err = platform_is_folder(folder) ? ERR_OK : platform_make_folder(folder, complaint);
    const char *const names[] = {"keys", "extracts"};
    for (size_t i = 0; err == ERR_OK && i < sizeof names / sizeof names[0]; i++) {
        err = path_in(folder, names[i], &path);
        if (err == ERR_OK && !platform_is_folder((const char *)path.data)) {
            err = platform_make_folder((const char *)path.data, complaint);
        }
    }
    return err;
}

static enum err make_signing_key(const char *folder, const char *institution,
                                 struct complaint *complaint)
{
    AUTO(signing_key_close) struct signing_key *key = NULL;
    AUTO(buffer_close) struct buffer path = {0};
    enum err err = buffer_printf(&path, "%s/keys/%s.key%c", folder, institution, '\0');
    if (err == ERR_OK) {
        err = signing_key_make(&key);
    }
    if (err == ERR_OK) {
        err = signing_key_write(key, KEY_SIGNING, (const char *)path.data, complaint);
    }
    return err;
}

static enum err make_keys(const char *folder, const struct option_texts *institutions,
                          struct complaint *complaint)
{
    AUTO(transport_key_close) struct transport_key *key = NULL;
    AUTO(buffer_close) struct buffer path = {0};
    enum err err = path_in(folder, "keys/transport.key", &path);
    if (err == ERR_OK) {
        err = transport_key_make(&key);
    }
    if (err == ERR_OK) {
        err = transport_key_write(key, (const char *)path.data, complaint);
    }
    for (size_t i = 0; err == ERR_OK && i < institutions->count; i++) {
        err = make_signing_key(folder, institutions->items[i], complaint);
    }
    return err;
}

/* Each institution's folder, so that extracts have a place from the first minute. */
static enum err make_extract_folders(const char *folder, const struct option_texts *institutions,
                                     struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer path = {0};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < institutions->count; i++) {
        buffer_clear(&path);
        err = buffer_printf(&path, "%s/extracts/%s%c", folder, institutions->items[i], '\0');
        if (err == ERR_OK && !platform_is_folder((const char *)path.data)) {
            err = platform_make_folder((const char *)path.data, complaint);
        }
    }
    return err;
}

static enum err copy_hub(const char *folder, const struct hub_identity *hub,
                         struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer path = {0};
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = path_in(folder, "hub.pub", &path);
    if (err == ERR_OK) {
        err = hub_pub_format(hub, &text);
    }
    return err == ERR_OK
               ? platform_write_new((const char *)path.data, buffer_bytes(&text), 0644, complaint)
               : err;
}

/* Last: a folder with an agent.conf is a whole agent. */
static enum err write_conf(const char *folder, const struct init_arguments *arguments,
                           struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer path = {0};
    AUTO(buffer_close) struct buffer text = {0};
    struct conf_template values = {.ingest = arguments->ingest,
                                   .country = arguments->country,
                                   .category = arguments->category,
                                   .is_test = arguments->is_test,
                                   .institutions = arguments->institutions.items,
                                   .institution_count = arguments->institutions.count};
    enum err err = agent_conf_template(&values, &text);
    if (err == ERR_OK) {
        err = path_in(folder, "agent.conf", &path);
    }
    return err == ERR_OK
               ? platform_write_new((const char *)path.data, buffer_bytes(&text), 0600, complaint)
               : err;
}

static enum err make_agent(const char *folder, const struct init_arguments *arguments,
                           const struct hub_identity *hub, struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer store = {0};
    enum err err = make_folders(folder, complaint);
    if (err == ERR_OK) {
        err = make_keys(folder, &arguments->institutions, complaint);
    }
    if (err == ERR_OK) {
        err = make_extract_folders(folder, &arguments->institutions, complaint);
    }
    if (err == ERR_OK) {
        err = path_in(folder, "store", &store);
    }
    if (err == ERR_OK) {
        err = outbox_create((const char *)store.data, complaint);
    }
    if (err == ERR_OK && hub != NULL) {
        err = copy_hub(folder, hub, complaint);
    }
    return err == ERR_OK ? write_conf(folder, arguments, complaint) : err;
}

static enum err say_what_is_next(const char *folder, const struct init_arguments *arguments,
                                 struct complaint *complaint)
{
    AUTO(agent_close) struct agent *agent = NULL;
    AUTO(buffer_close) struct buffer path = {0};
    enum err err = path_in(folder, "agent.conf", &path);
    if (err == ERR_OK) {
        err = agent_open((const char *)path.data, AGENT_KEYS, complaint, &agent);
    }
    if (err != ERR_OK) {
        return err;
    }
    fprintf(stderr, "The agent is made in %s. The hub's operator runs the line%s below%s.\n",
            folder, arguments->institutions.count > 1 ? "s" : "",
            arguments->name == NULL || arguments->category == NULL || arguments->district == NULL ||
                    arguments->currency == NULL
                ? ", with the words in capitals filled in"
                : "");
    if (arguments->hub == NULL) {
        fprintf(stderr, "Put the operator's hub.pub into %s before you send.\n", folder);
    }
    struct operator_line line = {arguments->name, arguments->category, arguments->district,
                                 arguments->currency};
    operator_lines_print(agent, &line, stdout);
    return ERR_OK;
}

int init_command(int argc, char **argv)
{
    struct init_arguments arguments = {.ingest = "tcp://127.0.0.1:5701", .country = "rw"};
    struct words words = {0};
    int code = options_parse(&init_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    struct complaint complaint = {{0}};
    struct hub_identity hub = {0};
    const char *folder = words.items[0];
    enum err err = check_arguments(folder, &arguments, &complaint);
    if (err == ERR_OK && arguments.hub != NULL) {
        err = hub_pub_read(arguments.hub, &complaint, &hub);
        arguments.is_test = arguments.is_test || hub.is_test;
    }
    if (err == ERR_OK) {
        err = make_agent(folder, &arguments, arguments.hub != NULL ? &hub : NULL, &complaint);
    }
    if (err == ERR_OK) {
        err = say_what_is_next(folder, &arguments, &complaint);
    }
    return err == ERR_OK ? 0 : fail(program, err, &complaint);
}
