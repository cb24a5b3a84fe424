/* mfi-agent init: keys, a commented agent.conf, an empty store, and the lines for the hub's
 * operator. Never overwrites. */
#include <errno.h>
#include <string.h>

#include "agents/mfi/book_ops.h"
#include "agents/mfi/commands.h"
#include "conf/country.h"
#include "conf/hub_pub.h"
#include "proto/limits.h"
#include "proto/record.h"

static const char program[] = "mfi-agent init";

struct init_arguments {
    struct option_texts named;
    const char *list;
    const char *hub;
    const char *ingest;
    const char *country;
    const char *name;
    const char *category;
    const char *district;
    const char *currency;
    bool is_test;
    bool adds;
};

/* The ids of the command line and of the file, in that order. */
struct institutions {
    char **items;
    size_t count;
};

static void institutions_close(struct institutions *institutions)
{
    for (size_t i = 0; i < institutions->count; i++) {
        free(institutions->items[i]);
    }
    free(institutions->items);
}

#define INIT(field) offsetof(struct init_arguments, field)
static const struct option_row init_rows[] = {
    {"institution", 0, OPTION_TEXTS, INIT(named), "ID",
     "id in the hub's register; again for each institution that this agent serves", 0, 0},
    {"institutions", 0, OPTION_TEXT, INIT(list), "FILE",
     "ids, one a line: for an agent that serves many (# begins a comment)", 0, 0},
    {"add", 0, OPTION_FLAG, INIT(adds), NULL,
     "to the agent that is in FOLDER: makes the keys, prints the groups for agent.conf and the "
     "operator's lines",
     0, 0},
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
    .about = "Makes an agent in FOLDER: keys/ (mode 0400), agent.conf, ops-template.csv, an empty "
             "store, and prints "
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

/* ---- whom it serves ---- */

static enum err add_institution(struct institutions *institutions, const char *id,
                                struct complaint *complaint)
{
    if (!institution_id_is_valid(id)) {
        return complain(complaint, ERR_USAGE,
                        "\"%.40s\" is no institution id: 1 to 16 of A-Z, 0-9 and -.", id);
    }
    for (size_t i = 0; i < institutions->count; i++) {
        if (strcmp(id, institutions->items[i]) == 0) {
            return complain(complaint, ERR_USAGE, "The institution %s is named twice.", id);
        }
    }
    if (institutions->count == INSTITUTIONS_PER_KEY_MAX) {
        return complain(complaint, ERR_USAGE,
                        "One agent serves at most %d institutions; make a second one.",
                        INSTITUTIONS_PER_KEY_MAX);
    }
    char **grown = realloc(institutions->items, (institutions->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    institutions->items = grown;
    institutions->items[institutions->count] = strdup(id);
    if (institutions->items[institutions->count] == NULL) {
        return ERR_MEMORY;
    }
    institutions->count++;
    return ERR_OK;
}

static enum err read_list(const char *path, struct institutions *institutions,
                          struct complaint *complaint)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return complain(complaint, ERR_USAGE, "The file %s cannot be read: %s.", path,
                        strerror(errno));
    }
    char line[256];
    enum err err = ERR_OK;
    while (err == ERR_OK && fgets(line, sizeof line, file) != NULL) {
        char *id = line + strspn(line, " \t");
        id[strcspn(id, " \t\r\n#")] = '\0';
        err = *id != '\0' ? add_institution(institutions, id, complaint) : ERR_OK;
    }
    fclose(file);
    return err;
}

static enum err list_institutions(const struct init_arguments *arguments,
                                  struct institutions *institutions, struct complaint *complaint)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < arguments->named.count; i++) {
        err = add_institution(institutions, arguments->named.items[i], complaint);
    }
    if (err == ERR_OK && arguments->list != NULL) {
        err = read_list(arguments->list, institutions, complaint);
    }
    if (err == ERR_OK && institutions->count == 0) {
        return complain(complaint, ERR_USAGE,
                        "Name the institution that reports: --institution ID (its id in the hub's "
                        "register, from the hub's operator).");
    }
    return err;
}

/* The country is one that is installed, and the category one of its own. */
static enum err check_country(const struct init_arguments *arguments, struct complaint *complaint)
{
    AUTO(free_p) char *path = NULL;
    AUTO(arena_close) struct arena arena = {0};
    struct platform_stamp stamp = {0};
    PbSettings *settings = NULL;
    char known[400] = "";
    if (country_path(arguments->country, &path) == ERR_OK) {
        platform_stamp(path, &stamp);
    }
    if (!stamp.exists) {
        return complain(complaint, ERR_USAGE,
                        "--country is two letters of a country whose settings are installed, and "
                        "there are none of \"%.20s\".",
                        arguments->country);
    }
    enum err err = country_compile(path, &arena, complaint, &settings);
    for (size_t i = 0; err == ERR_OK && i < settings->n_categories; i++) {
        size_t used = strlen(known);
        if (arguments->category == NULL ||
            strcmp(settings->categories[i]->code, arguments->category) == 0) {
            return ERR_OK;
        }
        snprintf(known + used, sizeof known - used, "%s%s", used == 0 ? "" : ", ",
                 settings->categories[i]->code);
    }
    return err != ERR_OK ? err
                         : complain(complaint, ERR_USAGE,
                                    "--category %.40s is none of the country's. Write one of: %s.",
                                    arguments->category, known);
}

/* Before anything is made: so that nothing is half done. */
static enum err check_arguments(const char *folder, const struct init_arguments *arguments,
                                struct complaint *complaint)
{
    if (!endpoint_is_valid(arguments->ingest) || strpbrk(arguments->ingest, "\"\\\n") != NULL) {
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
    enum err err = check_country(arguments, complaint);
    if (err == ERR_OK) {
        err = path_in(folder, "agent.conf", &path);
    }
    if (err != ERR_OK) {
        return err;
    }
    platform_stamp((const char *)path.data, &stamp);
    if (stamp.exists && !arguments->adds) {
        return complain(complaint, ERR_EXISTS,
                        "There is an agent in %s already; its keys and store stay as they are. "
                        "Choose another folder, or add institutions to it with --add.",
                        folder);
    }
    if (!stamp.exists && arguments->adds) {
        return complain(complaint, ERR_NOT_FOUND, "There is no agent in %s to add institutions to.",
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

static enum err make_signing_keys(const char *folder, const struct institutions *institutions,
                                  struct complaint *complaint)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < institutions->count; i++) {
        err = make_signing_key(folder, institutions->items[i], complaint);
    }
    return err;
}

static enum err make_transport_key(const char *folder, struct complaint *complaint)
{
    AUTO(transport_key_close) struct transport_key *key = NULL;
    AUTO(buffer_close) struct buffer path = {0};
    enum err err = path_in(folder, "keys/transport.key", &path);
    if (err == ERR_OK) {
        err = transport_key_make(&key);
    }
    return err == ERR_OK ? transport_key_write(key, (const char *)path.data, complaint) : err;
}

/* Each institution's folder, so that extracts have a place from the first minute. */
static enum err make_extract_folders(const char *folder, const struct institutions *institutions,
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

/* What no file of the books tells is written by hand, into a copy of this. */
static enum err write_ops_template(const char *folder, struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer path = {0};
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = book_ops_template(&text);
    if (err == ERR_OK) {
        err = path_in(folder, "ops-template.csv", &path);
    }
    return err == ERR_OK
               ? platform_write_new((const char *)path.data, buffer_bytes(&text), 0644, complaint)
               : err;
}

/* Last: a folder with an agent.conf is a whole agent. */
static enum err write_conf(const char *folder, const struct init_arguments *arguments,
                           const struct institutions *institutions, struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer path = {0};
    AUTO(buffer_close) struct buffer text = {0};
    struct conf_template values = {.ingest = arguments->ingest,
                                   .country = arguments->country,
                                   .category = arguments->category,
                                   .is_test = arguments->is_test,
                                   .institutions = (const char *const *)institutions->items,
                                   .institution_count = institutions->count};
    enum err err = agent_conf_template(&values, &text);
    if (err == ERR_OK) {
        err = path_in(folder, "agent.conf", &path);
    }
    return err == ERR_OK
               ? platform_write_new((const char *)path.data, buffer_bytes(&text), 0600, complaint)
               : err;
}

static enum err make_agent(const char *folder, const struct init_arguments *arguments,
                           const struct institutions *institutions, const struct hub_identity *hub,
                           struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer store = {0};
    enum err err = make_folders(folder, complaint);
    if (err == ERR_OK) {
        err = make_transport_key(folder, complaint);
    }
    if (err == ERR_OK) {
        err = make_signing_keys(folder, institutions, complaint);
    }
    if (err == ERR_OK) {
        err = make_extract_folders(folder, institutions, complaint);
    }
    if (err == ERR_OK) {
        err = path_in(folder, "store", &store);
    }
    if (err == ERR_OK) {
        err = outbox_create((const char *)store.data, complaint);
    }
    if (err == ERR_OK) {
        err = write_ops_template(folder, complaint);
    }
    if (err == ERR_OK && hub != NULL) {
        err = copy_hub(folder, hub, complaint);
    }
    return err == ERR_OK ? write_conf(folder, arguments, institutions, complaint) : err;
}

/* ---- what is next ---- */

static bool is_whole(const struct init_arguments *arguments)
{
    return arguments->name != NULL && arguments->category != NULL && arguments->district != NULL &&
           arguments->currency != NULL;
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
            folder, agent->conf.institutions.count > 1 ? "s" : "",
            is_whole(arguments) ? "" : ", with the words in capitals filled in");
    if (arguments->hub == NULL) {
        fprintf(stderr, "Put the operator's hub.pub into %s before you send.\n", folder);
    }
    struct operator_line line = {arguments->name, arguments->category, arguments->district,
                                 arguments->currency};
    operator_lines_print(agent, &line, stdout);
    return ERR_OK;
}

static enum err print_added_line(const char *folder, const char *institution,
                                 const struct operator_line *line, struct complaint *complaint)
{
    AUTO(signing_key_close) struct signing_key *signing_key = NULL;
    AUTO(transport_key_close) struct transport_key *transport_key = NULL;
    AUTO(buffer_close) struct buffer path = {0};
    enum err err = buffer_printf(&path, "%s/keys/%s.key%c", folder, institution, '\0');
    if (err == ERR_OK) {
        err = signing_key_read((const char *)path.data, KEY_SIGNING, complaint, &signing_key);
    }
    if (err == ERR_OK) {
        err = path_in(folder, "keys/transport.key", &path);
    }
    if (err == ERR_OK) {
        err = transport_key_read((const char *)path.data, complaint, &transport_key);
    }
    if (err == ERR_OK) {
        operator_line_print(institution, line, signing_key, transport_key, stdout);
    }
    return err;
}

/* To an agent that is there: keys and folders; agent.conf is its owner's. */
static enum err add_to_agent(const char *folder, const struct init_arguments *arguments,
                             const struct institutions *institutions, struct complaint *complaint)
{
    struct operator_line line = {arguments->name, arguments->category, arguments->district,
                                 arguments->currency};
    struct conf_template values = {.category = arguments->category,
                                   .currency = arguments->currency,
                                   .institutions = (const char *const *)institutions->items,
                                   .institution_count = institutions->count};
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = make_signing_keys(folder, institutions, complaint);
    if (err == ERR_OK) {
        err = make_extract_folders(folder, institutions, complaint);
    }
    if (err == ERR_OK) {
        err = agent_conf_groups(&values, &text);
    }
    if (err != ERR_OK) {
        return err;
    }
    fprintf(stderr,
            "The keys are made. Put behind the last group of `institutions` in %s/agent.conf, "
            "after a comma:\n%.*s",
            folder, (int)text.size, (const char *)text.data);
    fprintf(stderr, "The hub's operator runs the line%s below%s.\n",
            institutions->count > 1 ? "s" : "",
            is_whole(arguments) ? "" : ", with the words in capitals filled in");
    for (size_t i = 0; err == ERR_OK && i < institutions->count; i++) {
        err = print_added_line(folder, institutions->items[i], &line, complaint);
    }
    return err;
}

static enum err init(const char *folder, struct init_arguments *arguments,
                     struct complaint *complaint)
{
    AUTO(institutions_close) struct institutions institutions = {0};
    struct hub_identity hub = {0};
    enum err err = list_institutions(arguments, &institutions, complaint);
    if (err == ERR_OK) {
        err = check_arguments(folder, arguments, complaint);
    }
    if (err == ERR_OK && arguments->adds) {
        return add_to_agent(folder, arguments, &institutions, complaint);
    }
    if (err == ERR_OK && arguments->hub != NULL) {
        err = hub_pub_read(arguments->hub, complaint, &hub);
        arguments->is_test = arguments->is_test || hub.is_test;
    }
    if (err == ERR_OK) {
        err = make_agent(folder, arguments, &institutions, arguments->hub != NULL ? &hub : NULL,
                         complaint);
    }
    return err == ERR_OK ? say_what_is_next(folder, arguments, complaint) : err;
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
    enum err err = init(words.items[0], &arguments, &complaint);
    return err == ERR_OK ? 0 : fail(program, err, &complaint);
}
