/* `init` of the readers' programs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/client/client.h"
#include "agents/client/durable.h"
#include "conf/hub_pub.h"
#include "conf/options.h"
#include "proto/record.h"

#define HUB_PUB_BYTES_MAX (64 * 1024)

struct init_arguments {
    const char *hub;
    const char *endpoint;
    const char *id;
    const char *name;
};

#define AT(field) offsetof(struct init_arguments, field)
static const struct option_row rows[] = {
    {"hub", 0, OPTION_TEXT, AT(hub), "FILE", "hub.pub, as the hub's operator gave it; it is copied",
     0, 0},
    {"endpoint", 0, OPTION_TEXT, AT(endpoint), "ENDPOINT", "the hub's door: tcp://HOST:PORT", 0, 0},
    {"id", 0, OPTION_TEXT, AT(id), "ID", "your party's id at the hub, for the line that is printed",
     0, 0},
    {"name", 0, OPTION_TEXT, AT(name), "NAME", "your party's name, for the same line", 0, 0},
    {0},
};

static const char config_text[] =
    "# %s: written by `%s init`. Paths are taken from this file's folder.\n"
    "\n"
    "# The hub's public keys, as `mfi-hub init` wrote them. Take this file from the hub's operator "
    "by a\n"
    "# road that you trust: whatever is signed by these keys is believed.\n"
    "hub = \"hub.pub\";\n"
    "\n"
    "# The hub's %s door.\n"
    "endpoint = \"%s\";\n"
    "\n"
    "# This program's own transport key. Keep it to yourself; the hub knows its public half.\n"
    "key = \"%s.key\";\n";

static char *in(const char *folder, const char *name, const char *suffix)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s%s", folder, name, suffix) < 0 ? NULL : path;
}

/* Takes the hub's file over, where one was named and the folder has none. */
static enum err copy_hub(const char *from, const char *to, struct complaint *complaint)
{
    struct hub_identity hub;
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(buffer_close) struct buffer there = {0};
    if (from == NULL) {
        return ERR_OK;
    }
    enum err err = hub_pub_read(from, complaint, &hub);
    err = err != ERR_OK ? err : durable_read(from, HUB_PUB_BYTES_MAX, complaint, &text);
    if (err != ERR_OK) {
        return err;
    }
    if (durable_read(to, HUB_PUB_BYTES_MAX, NULL, &there) == ERR_OK) {
        return bytes_equal(buffer_bytes(&text), buffer_bytes(&there))
                   ? ERR_OK
                   : complain(complaint, ERR_EXISTS,
                              "%s is there already, and is another hub's. Use another folder.", to);
    }
    return durable_create(to, buffer_bytes(&text), complaint);
}

static enum err make_key(const char *path, struct complaint *complaint,
                         char ret_z85[static Z85_KEY_CHARS + 1])
{
    AUTO(transport_key_close) struct transport_key *key = NULL;
    enum err err = transport_key_make(&key);
    err = err != ERR_OK ? err : transport_key_write(key, path, complaint);
    if (err == ERR_OK) {
        transport_key_z85(transport_key_public(key), ret_z85);
    }
    return err;
}

static enum err make(const struct client_kind *kind, const char *folder,
                     const struct init_arguments *arguments, struct complaint *complaint,
                     char ret_z85[static Z85_KEY_CHARS + 1])
{
    AUTO(free_p) char *config = in(folder, kind->name, ".conf");
    AUTO(free_p) char *key = in(folder, kind->name, ".key");
    AUTO(free_p) char *hub = in(folder, "hub.pub", "");
    AUTO(buffer_close) struct buffer text = {0};
    if (config == NULL || key == NULL || hub == NULL) {
        return ERR_MEMORY;
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return complain(complaint, ERR_IO, "The folder %s cannot be made: %s.", folder,
                        strerror(errno));
    }
    if (access(config, F_OK) == 0) {
        return complain(complaint, ERR_EXISTS,
                        "%s is there already; init never overwrites. Use another folder, or take "
                        "the file away first.",
                        config);
    }
    enum err err = copy_hub(arguments->hub, hub, complaint);
    err = err != ERR_OK ? err : make_key(key, complaint, ret_z85);
    err = err != ERR_OK ? err
                        : buffer_printf(&text, config_text, kind->program, kind->program,
                                        kind->door, arguments->endpoint, kind->name);
    return err != ERR_OK ? err : durable_create(config, buffer_bytes(&text), complaint);
}

static void print_next(const struct client_kind *kind, const char *folder,
                       const struct init_arguments *arguments, const char *z85)
{
    printf("%s/%s.conf and %s/%s.key are made.\n", folder, kind->name, folder, kind->name);
    if (arguments->hub == NULL) {
        printf("Put the hub's hub.pub into %s.\n", folder);
    }
    printf("Give this line to the hub's operator:\n\n"
           "  mfi-hub parties add %s --role %s --name '%s' --transport-key '%s'\n",
           arguments->id, kind->role, arguments->name, z85);
}

int client_init(const struct client_kind *kind, int argc, char **argv)
{
    char program[64];
    snprintf(program, sizeof program, "%s init", kind->program);
    const struct options options = {
        .program = program,
        .words = "[FOLDER]",
        .about = kind->about,
        .rows = rows,
        .words_max = 1,
    };
    struct init_arguments arguments = {.endpoint = kind->endpoint, .id = "ID", .name = "NAME"};
    struct words words = {0};
    struct complaint complaint = {{0}};
    char z85[Z85_KEY_CHARS + 1];
    int code = options_parse(&options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (strcmp(arguments.id, "ID") != 0 && !institution_id_is_valid(arguments.id)) {
        return options_refuse(program, "--id must be 1 to 16 of A-Z, 0-9 and '-'.");
    }
    if (strchr(arguments.name, '\'') != NULL || strchr(arguments.endpoint, '"') != NULL) {
        return options_refuse(program, "Quotes cannot stand in --name and --endpoint.");
    }
    const char *folder = words.count > 0 ? words.items[0] : ".";
    enum err err = keys_init();
    err = err != ERR_OK ? err : make(kind, folder, &arguments, &complaint, z85);
    if (err != ERR_OK) {
        fprintf(stderr, "%s: %s\n", program,
                complaint.text[0] != '\0' ? complaint.text : err_text(err));
        return err_exit_code(err);
    }
    print_next(kind, folder, &arguments, z85);
    return 0;
}
