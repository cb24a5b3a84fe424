#include "agents/pull/pull_order.h"

#include <stdio.h>
#include <unistd.h>

#include "agents/client/durable.h"
#include "conf/clock.h"
#include "conf/options.h"
#include "conf/order_file.h"
#include "proto/limits.h"
#include "proto/order.h"
#include "proto/order_words.h"

struct order_arguments {
    const char *key;
    const char *out;
};

#define KEY_ROW                                                               \
    {                                                                         \
        "key", 0, OPTION_TEXT, offsetof(struct order_arguments, key), "FILE", \
            "the key that signs orders (authority.key here)", 0, 0            \
    }

static const struct option_row key_rows[] = {KEY_ROW, {0}};
static const struct option_row sign_rows[] = {
    KEY_ROW,
    {"out", 0, OPTION_TEXT, offsetof(struct order_arguments, out), "FILE",
     "the signed order (FILE.signed)", 0, 0},
    {0},
};

static const struct options key_options = {
    .program = "mfi-pull order key",
    .about =
        "Prints the line that pins the key that signs orders, for hub.conf and agent.conf; makes "
        "the key first where there is none. Whoever has this file can change what every "
        "institution owes: keep it off machines that others use, and a copy in the safe.",
    .rows = key_rows,
};

static const struct options sign_options = {
    .program = "mfi-pull order sign",
    .words = "FILE",
    .about =
        "Signs an order: FILE says what it adds and suspends, for which periods and why. Prints in "
        "words what was signed. The hub's operator hands it in with `mfi-hub order`; agents verify "
        "it themselves.",
    .rows = sign_rows,
    .words_min = 1,
    .words_max = 1,
};

static int ended(const char *program, enum err err, const struct complaint *complaint)
{
    if (err != ERR_OK) {
        fprintf(stderr, "%s: %s\n", program,
                complaint->text[0] != '\0' ? complaint->text : err_text(err));
    }
    return err_exit_code(err);
}

/* ---- key ---- */

static enum err make_key(const char *path, struct complaint *complaint,
                         struct signing_key **ret_key)
{
    AUTO(signing_key_close) struct signing_key *key = NULL;
    enum err err = signing_key_make(&key);
    err = err != ERR_OK ? err : signing_key_write(key, KEY_AUTHORITY, path, complaint);
    if (err == ERR_OK) {
        *ret_key = STEAL(key);
    }
    return err;
}

static int run_key(int argc, char **argv)
{
    struct order_arguments arguments = {.key = "authority.key"};
    struct complaint complaint = {{0}};
    AUTO(signing_key_close) struct signing_key *key = NULL;
    char text[2 * PUBLIC_KEY_BYTES + 1];
    int code = options_parse(&key_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    bool is_there = access(arguments.key, F_OK) == 0;
    enum err err = keys_init();
    err = err != ERR_OK ? err
          : is_there    ? signing_key_read(arguments.key, KEY_AUTHORITY, &complaint, &key)
                        : make_key(arguments.key, &complaint, &key);
    if (err != ERR_OK) {
        return ended(key_options.program, err, &complaint);
    }
    hex_encode(bytes_of(signing_key_public(key), PUBLIC_KEY_BYTES), text);
    printf("# The key in %s%s. Read this line to the hub's operator and to the institutions, who\n"
           "# put it into hub.conf and agent.conf:\n"
           "authority = [ \"%s\" ];\n",
           arguments.key, is_there ? "" : ", made now", text);
    return 0;
}

/* ---- sign ---- */

static enum err sign(const char *path, const struct order_arguments *arguments,
                     struct complaint *complaint, struct buffer *words)
{
    AUTO(signing_key_close) struct signing_key *key = NULL;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer signed_order = {0};
    AUTO(free_p) char *beside = NULL;
    PbOrder *order = NULL;
    if (asprintf(&beside, "%s.signed", path) < 0) {
        beside = NULL;
        return ERR_MEMORY;
    }
    const char *out = arguments->out != NULL ? arguments->out : beside;
    enum err err = keys_init();
    err = err != ERR_OK ? err : order_file_read(path, clock_wall_us(), &arena, complaint, &order);
    err = err != ERR_OK ? err : signing_key_read(arguments->key, KEY_AUTHORITY, complaint, &key);
    err = err != ERR_OK ? err : order_sign(key, order, &signed_order);
    if (err == ERR_TOO_LARGE) {
        return complain(complaint, ERR_REFUSED,
                        "The order is longer than %d bytes: make two of it, each with its own id.",
                        ORDER_BYTES_MAX);
    }
    err = err != ERR_OK ? err : order_words(order, words);
    err = err != ERR_OK ? err : durable_create(out, buffer_bytes(&signed_order), complaint);
    return err != ERR_OK ? err
                         : buffer_printf(words,
                                         "Signed: %s. Hand it to the hub's operator, who says "
                                         "`mfi-hub order FILE`.\n",
                                         out);
}

static int run_sign(int argc, char **argv)
{
    struct order_arguments arguments = {.key = "authority.key"};
    struct complaint complaint = {{0}};
    struct words words = {0};
    AUTO(buffer_close) struct buffer text = {0};
    int code = options_parse(&sign_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    enum err err = sign(words.items[0], &arguments, &complaint, &text);
    if (err != ERR_OK) {
        return ended(sign_options.program, err, &complaint);
    }
    printf("%.*s", (int)text.size, (char *)text.data);
    return 0;
}

static const struct command commands[] = {
    {"key", run_key, "prints the line that pins the key; makes the key where there is none"},
    {"sign", run_sign, "signs an order"},
    {0},
};

int order_command(int argc, char **argv)
{
    return commands_run("mfi-pull order",
                        "Orders of the authority: for a time they change who owes what by when.",
                        commands, argc, argv);
}
