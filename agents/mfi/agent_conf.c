#include "agents/mfi/agent_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/record.h"

#define INSTITUTION(field) offsetof(struct conf_institution, field)
#define CONF(field)        offsetof(struct agent_conf, field)

/* A row of a table: the fields that a row leaves out are zero. */
#define ROW(name, type, at, required, least, most, text)                                          \
    {                                                                                             \
        .key = (name), .kind = (type), .offset = (at), .is_required = (required), .min = (least), \
        .max = (most), .help = (text)                                                             \
    }

static const char *check_id(const void *value)
{
    return institution_id_is_valid(value)
               ? NULL
               : "must be 1 to 16 of A-Z, 0-9 and -, as in the hub's register";
}

bool endpoint_is_valid(const char *endpoint)
{
    const char *colon = strrchr(endpoint, ':');
    if (strncmp(endpoint, "tcp://", 6) != 0 || colon <= endpoint + 6) {
        return false;
    }
    size_t digits = strspn(colon + 1, "0123456789");
    return digits > 0 && digits < 6 && colon[1 + digits] == '\0' &&
           strtol(colon + 1, NULL, 10) <= 65535;
}

static const char *check_endpoint(const void *value)
{
    return endpoint_is_valid(value) ? NULL : "must be tcp://HOST:PORT";
}

static const char *check_institutions(const void *value)
{
    const struct config_groups *groups = value;
    return groups->count > 0 && groups->count <= INSTITUTIONS_PER_KEY_MAX
               ? NULL
               : "must have 1 to 3000 groups";
}

/* A connection string could hold a password. */
static const char *check_dsn(const void *value)
{
    return strpbrk(value, "=;{}[]") == NULL && strlen(value) <= 64
               ? NULL
               : "must be a name of odbc.ini, not a connection string";
}

static const char *check_currency(const void *value)
{
    const char *text = value;
    return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3
               ? NULL
               : "must be three capitals, as RWF";
}

static const struct config_row institution_rows[] = {
    {.key = "id",
     .kind = CONFIG_TEXT,
     .offset = INSTITUTION(id),
     .is_required = true,
     .help = "the id in the hub's register",
     .check = check_id},
    ROW("signing_key", CONFIG_PATH, INSTITUTION(signing_key), true, 0, 0,
        "file with the key that signs its reports"),
    ROW("folder", CONFIG_PATH, INSTITUTION(folder), false, 0, 0,
        "folder that `mfi-agent run` watches: it, and the folders in it, hold manifest.ini and "
        "loans.csv"),
    ROW("category", CONFIG_TEXT, INSTITUTION(category), false, 1, 32,
        "category in the country's settings"),
    {.key = "dsn",
     .kind = CONFIG_TEXT,
     .offset = INSTITUTION(dsn),
     .help = "data source of its database, a name of odbc.ini; used where manifest.ini says source "
             "= sql",
     .check = check_dsn},
    ROW("queries", CONFIG_PATH, INSTITUTION(queries), false, 0, 0,
        "folder of queries for that database"),
    ROW("credentials", CONFIG_PATH, INSTITUTION(credentials), false, 0, 0,
        "file with user = NAME and password = SECRET, mode 0400; or a systemd credential of that "
        "name"),
    {.key = "query_seconds",
     .kind = CONFIG_INTEGER,
     .offset = INSTITUTION(query_s),
     .min = 1,
     .max = 86400,
     .preset = 300,
     .help = "how long the database may take to answer a query"},
    {.key = "currency",
     .kind = CONFIG_TEXT,
     .offset = INSTITUTION(currency),
     .help = "that it reports in, for the extracts that `run` makes (the country's first)",
     .check = check_currency},
    {.key = "closed_after_hours",
     .kind = CONFIG_INTEGER,
     .offset = INSTITUTION(closed_after_hours),
     .min = 0,
     .max = 720,
     .preset = -1,
     .help = "hours after a period's end when its books are closed: `run` makes no extract before"},
    {.key = NULL},
};

static const struct config_row rows[] = {
    ROW("hub", CONFIG_PATH, CONF(hub), true, 0, 0, "file hub.pub, from the hub's operator"),
    {.key = "ingest",
     .kind = CONFIG_TEXT,
     .offset = CONF(ingest),
     .is_required = true,
     .help = "tcp://HOST:PORT of the hub",
     .check = check_endpoint},
    ROW("store", CONFIG_PATH, CONF(store), true, 0, 0, "folder of the agent's store"),
    ROW("transport_key", CONFIG_PATH, CONF(transport_key), true, 0, 0,
        "file with the key of the connection"),
    ROW("country", CONFIG_TEXT, CONF(country), false, 2, 2, "two letters"),
    {.key = "language",
     .kind = CONFIG_TEXT,
     .offset = CONF(language),
     .min = 2,
     .max = 2,
     .help = "of what is shown: en, fr or rw"},
    ROW("test", CONFIG_BOOL, CONF(is_test), false, 0, 0,
        "true: a test hub's time, reports marked as test data"),
    ROW("stay_connected", CONFIG_BOOL, CONF(stays), false, 0, 0,
        "keep the connection when there is nothing to send"),
    ROW("retry_first_ms", CONFIG_INTEGER, CONF(retry_first_ms), false, 10, 600000,
        "first pause before a new connection"),
    ROW("retry_max_ms", CONFIG_INTEGER, CONF(retry_max_ms), false, 10, 3600000,
        "longest pause before a new connection"),
    ROW("settle_seconds", CONFIG_INTEGER, CONF(settle_s), false, 0, 3600,
        "how long manifest.ini must be unchanged before a watched folder is read"),
    ROW("date_format", CONFIG_TEXT, CONF(date_format), false, 1, 32,
        "\"dd/mm/yyyy\" or \"mm/dd/yyyy\""),
    ROW("overdue_basis", CONFIG_TEXT, CONF(overdue_basis), false, 1, 16,
        "\"ANY\" or \"PRINCIPAL\""),
    ROW("fiscal_year_month", CONFIG_INTEGER, CONF(fiscal_year_month), false, 1, 12,
        "first month of the fiscal year"),
    ROW("genders", CONFIG_TEXTS, CONF(genders), false, 1, 256, "\"WORD = F\" ..."),
    ROW("products", CONFIG_TEXTS, CONF(products), false, 1, 256, "\"WORD = CODE\" ..."),
    ROW("sectors", CONFIG_TEXTS, CONF(sectors), false, 1, 256, "\"WORD = CODE\" ..."),
    ROW("branches", CONFIG_TEXTS, CONF(branches), false, 1, 256, "\"BRANCH = DISTRICT\" ..."),
    ROW("total_words", CONFIG_TEXTS, CONF(total_words), false, 1, 256,
        "first cells of a totals row"),
    ROW("gl", CONFIG_TEXTS, CONF(gl), false, 1, 256, "\"PREFIX = field\" ..."),
    ROW("authority", CONFIG_TEXTS, CONF(authority), false, 2 * PUBLIC_KEY_BYTES,
        2 * PUBLIC_KEY_BYTES, "public keys of the regulator whose orders are obeyed"),
    {.key = "institutions",
     .kind = CONFIG_GROUPS,
     .offset = CONF(institutions),
     .is_required = true,
     .help = "one group an institution",
     .rows = institution_rows,
     .group_bytes = sizeof(struct conf_institution),
     .check = check_institutions},
    {.key = NULL},
};

void agent_conf_close(struct agent_conf *conf)
{
    config_release(rows, conf);
}

enum err agent_conf_default(struct agent_conf *ret_conf)
{
    *ret_conf = (struct agent_conf){
        .country = strdup("rw"), .language = strdup("en"), .settle_s = 10, .fiscal_year_month = 1};
    return ret_conf->country != NULL && ret_conf->language != NULL ? ERR_OK : ERR_MEMORY;
}

const struct conf_institution *agent_conf_institution(const struct agent_conf *conf, const char *id)
{
    const struct conf_institution *items = conf->institutions.items;
    for (size_t i = 0; i < conf->institutions.count; i++) {
        if (strcmp(items[i].id, id) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

/* One without the other is of no use, and would be passed over in silence. */
static enum err refuse_half_sources(const char *path, const struct agent_conf *conf,
                                    struct complaint *complaint)
{
    const struct conf_institution *items = conf->institutions.items;
    for (size_t i = 0; i < conf->institutions.count; i++) {
        bool has_dsn = items[i].dsn != NULL;
        if (has_dsn != (items[i].queries != NULL) || (!has_dsn && items[i].credentials != NULL)) {
            return complain(complaint, ERR_CONFIG,
                            "%s: the group of %s must have both dsn and queries, or neither, nor "
                            "credentials.",
                            path, items[i].id);
        }
    }
    return ERR_OK;
}

static enum err refuse_doubles(const char *path, const struct agent_conf *conf,
                               struct complaint *complaint)
{
    const struct conf_institution *items = conf->institutions.items;
    for (size_t i = 0; i < conf->institutions.count; i++) {
        if (agent_conf_institution(conf, items[i].id) != &items[i]) {
            return complain(
                complaint, ERR_CONFIG,
                "%s: the institution %s is there twice; keep one group of it in `institutions`.",
                path, items[i].id);
        }
    }
    return ERR_OK;
}

enum err agent_conf_read(const char *path, struct complaint *complaint, struct agent_conf *ret_conf)
{
    struct agent_conf conf = {0};
    enum err err = agent_conf_default(&conf);
    if (err == ERR_OK) {
        err = config_read(path, rows, &conf, sizeof conf, complaint);
    }
    if (err == ERR_OK) {
        err = refuse_doubles(path, &conf, complaint);
    }
    if (err == ERR_OK) {
        err = refuse_half_sources(path, &conf, complaint);
    }
    if (err == ERR_OK) {
        err = authority_keys_parse(conf.authority.items, conf.authority.count, complaint,
                                   &conf.authority_keys);
    }
    if (err != ERR_OK) {
        agent_conf_close(&conf);
        return err;
    }
    *ret_conf = conf;
    return ERR_OK;
}

/* ---- words ---- */

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t')) {
        text[--size] = '\0';
    }
    return text;
}

/* "WORD = CODE" at its last "=". */
static enum err split(const char *item, const char *key, struct arena *arena,
                      struct complaint *complaint, const char **ret_word, const char **ret_code)
{
    char *copy = arena_text(arena, item);
    char *equals = copy != NULL ? strrchr(copy, '=') : NULL;
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    if (equals == NULL) {
        return complain(complaint, ERR_CONFIG,
                        "In `%s` each item is \"WORD = CODE\", and \"%.100s\" has no \"=\".", key,
                        item);
    }
    *equals = '\0';
    *ret_word = trimmed(copy);
    *ret_code = trimmed(equals + 1);
    if (**ret_word == '\0' || **ret_code == '\0') {
        return complain(complaint, ERR_CONFIG, "In `%s` a word or its code is missing: \"%.100s\".",
                        key, item);
    }
    return ERR_OK;
}

/* An empty list in the file keeps the default. */
static enum err words_of(const struct config_texts *texts, const char *key, struct arena *arena,
                         struct complaint *complaint, struct book_words *words)
{
    if (texts->count == 0) {
        return ERR_OK;
    }
    struct book_word *items = arena_take(arena, texts->count * sizeof *items);
    enum err err = items != NULL ? ERR_OK : ERR_MEMORY;
    bool is_list = strcmp(key, "total_words") == 0;
    for (size_t i = 0; err == ERR_OK && i < texts->count; i++) {
        if (is_list) {
            items[i] = (struct book_word){texts->items[i], ""};
        } else {
            err = split(texts->items[i], key, arena, complaint, &items[i].word, &items[i].code);
        }
    }
    if (err == ERR_OK) {
        *words = (struct book_words){items, texts->count};
    }
    return err;
}

static enum err gl_of(const struct config_texts *texts, struct arena *arena,
                      struct complaint *complaint, struct book_gl *gl)
{
    if (texts->count == 0) {
        return ERR_OK;
    }
    struct book_gl_row *items = arena_take(arena, texts->count * sizeof *items);
    enum err err = items != NULL ? ERR_OK : ERR_MEMORY;
    for (size_t i = 0; err == ERR_OK && i < texts->count; i++) {
        const char *item = "";
        err = split(texts->items[i], "gl", arena, complaint, &items[i].prefix, &item);
        items[i].is_negative = *item == '-';
        items[i].item = item + strspn(item, "-+ ");
    }
    if (err == ERR_OK) {
        *gl = (struct book_gl){items, texts->count};
    }
    return err;
}

enum err agent_conf_maps(const struct agent_conf *conf, struct arena *arena,
                         struct complaint *complaint, const struct book_maps **ret_maps)
{
    struct book_maps *maps = arena_take(arena, sizeof *maps);
    if (maps == NULL) {
        return ERR_MEMORY;
    }
    *maps = *book_maps_default();
    const struct {
        const struct config_texts *texts;
        const char *key;
        struct book_words *words;
    } lists[] = {
        {&conf->genders, "genders", &maps->genders},
        {&conf->products, "products", &maps->products},
        {&conf->sectors, "sectors", &maps->sectors},
        {&conf->branches, "branches", &maps->branches},
        {&conf->total_words, "total_words", &maps->total_words},
    };
    enum err err = gl_of(&conf->gl, arena, complaint, &maps->gl);
    for (size_t i = 0; err == ERR_OK && i < sizeof lists / sizeof lists[0]; i++) {
        err = words_of(lists[i].texts, lists[i].key, arena, complaint, lists[i].words);
    }
    if (err == ERR_OK) {
        *ret_maps = maps;
    }
    return err;
}

/* ---- the file that init writes ---- */

static const char template_head[] =
    "# mfi-agent's configuration. Paths are taken from the folder of this file.\n"
    "# After a change: mfi-agent status -c agent.conf\n"
    "\n"
    "# Whom to speak to: hub.pub comes from the hub's operator (`mfi-hub init` prints it).\n"
    "hub = \"hub.pub\";\n"
    "ingest = \"%s\";\n"
    "%s\n"
    "# What is kept: every report until the hub's receipt is here, and 400 days after. Back this "
    "folder up.\n"
    "store = \"store\";\n"
    "\n"
    "# The key of the connection: one for all institutions below.\n"
    "transport_key = \"keys/transport.key\";\n"
    "\n"
    "# Whose orders change for a time what is owed: public keys of the regulator. Have them read "
    "to "
    "you by\n"
    "# telephone; `mfi-pull order key` prints them there.\n"
    "# authority = [ \"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\" ];\n"
    "\n"
    "# The country whose settings `check` uses before the hub was reached for the first time.\n"
    "country = \"%s\";\n"
    "\n"
    "# The language of findings and of what the commands say: en, fr or rw. --language stands over "
    "it.\n"
    "# language = \"fr\";\n"
    "\n"
    "# Between two reports the connection is given up after a minute. Set this to keep it.\n"
    "# stay_connected = true;\n"
    "\n"
    "# Institutions. `folder` is watched by `mfi-agent run`: put loans.csv (and deposits.csv, "
    "flows.csv, gl.csv) there,\n"
    "# and manifest.ini last: it says that the folder is ready.\n"
    "institutions = (\n";

static const char template_tail[] =
    ");\n"
    "\n"
    "# A watched folder is read once, when its manifest.ini has not changed for so long; and again "
    "when manifest.ini\n"
    "# is written again.\n"
    "# settle_seconds = 10;\n"
    "\n"
    "# ---- what the words of your system mean ----\n"
    "# Dates such as 03/04/2020 are refused unless this is set, here or in manifest.ini.\n"
    "# date_format = \"dd/mm/yyyy\";\n"
    "# overdue_basis = \"ANY\";        # or \"PRINCIPAL\"\n"
    "# fiscal_year_month = 1;\n"
    "# A list that is set replaces the built-in one.\n"
    "# genders = [ \"Female = F\", \"Gore = F\", \"Male = M\", \"Gabo = M\", \"Group = G\" ];\n"
    "# products = [ \"Inguzanyo y'ubucuruzi = INDIV\" ];\n"
    "# sectors = [ \"Ubuhinzi = AGRI\" ];\n"
    "# branches = [ \"Kimironko = 102\" ];\n"
    "# total_words = [ \"Total\", \"Igiteranyo\" ];\n"
    "# Accounts of gl.csv by prefix, the longest wins; balance = debit - credit, a minus turns the "
    "sign.\n"
    "# gl = [ \"111 = cash\", \"1121 = bank_demand\", \"1390 = -allowance\" ];\n";

enum err agent_conf_groups(const struct conf_template *values, struct buffer *text)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < values->institution_count; i++) {
        const char *id = values->institutions[i];
        err = buffer_printf(
            text,
            "    { id = \"%s\"; signing_key = \"keys/%s.key\"; folder = "
            "\"extracts/%s\";%s%s%s%s%s%s }%s\n",
            id, id, id, values->category != NULL ? " category = \"" : "",
            values->category != NULL ? values->category : "", values->category != NULL ? "\";" : "",
            values->currency != NULL ? " currency = \"" : "",
            values->currency != NULL ? values->currency : "", values->currency != NULL ? "\";" : "",
            i + 1 < values->institution_count ? "," : "");
    }
    return err;
}

enum err agent_conf_template(const struct conf_template *values, struct buffer *text)
{
    enum err err = buffer_printf(text, template_head, values->ingest,
                                 values->is_test ? "\n# A test hub: its time is taken, and reports "
                                                   "are marked as test data.\ntest = true;\n"
                                                 : "",
                                 values->country);
    if (err == ERR_OK) {
        err = agent_conf_groups(values, text);
    }
    return err == ERR_OK ? buffer_append(text, template_tail, sizeof template_tail - 1) : err;
}
