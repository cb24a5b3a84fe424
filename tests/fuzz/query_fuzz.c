/* What mfi-agent reads from mfi-query: the list of queries and their results, in frames; and from
 * them a whole book. The process is not started: its answer is there before it is asked, and ends.
 * An input is a row of chunks: how it is asked, then frames of a kind and their bytes, or bytes as
 * they are.
 *
 * Holds: refused with a sentence, or a book whose reports pack. */
#include "tests/fuzz/chunks.h"
#include "tests/fuzz/starve.h"

#include <errno.h>
#include <spawn.h>
#include <sys/socket.h>

static int fuzz_socketpair(int domain, int type, int protocol, int ends[2]);
static int fuzz_spawn(pid_t *ret_process, const char *path,
                      const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const *words,
                      char *const *environment);

/* The only calls that are replaced: what would start the process. */
#define socketpair  fuzz_socketpair
#define posix_spawn fuzz_spawn
#include "agents/mfi/book_query.c"
#undef socketpair
#undef posix_spawn

enum how {
    HOW_SILENT = 1, /* it has said all that is there, and is still alive */
    HOW_GONE = 2,   /* it does not hear what it is asked */
    HOW_UNKNOWN = 4,
    HOW_NOT_STARTED = 8,
    HOW_NO_SOCKET = 16,
    HOW_CREDENTIALS = 32,
};

static uint8_t how;
static struct buffer said;
static int its_end = -1;

static void close_its_end(void)
{
    if (its_end >= 0) {
        HOLD(close(its_end) == 0);
    }
    its_end = -1;
}

static int fuzz_socketpair(int domain, int type, int protocol, int ends[2])
{
    if (how & HOW_NO_SOCKET) {
        errno = EMFILE;
        return -1;
    }
    HOLD(socketpair(domain, type, protocol, ends) == 0);
    close_its_end();
    its_end = dup(ends[1]);
    HOLD(its_end >= 0);
    return 0;
}

static int fuzz_spawn(pid_t *ret_process, const char *path,
                      const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const *words,
                      char *const *environment)
{
    (void)actions;
    (void)attributes;
    (void)environment;
    HOLD(strrchr(path, '/') != NULL && strcmp(strrchr(path, '/'), "/mfi-query") == 0);
    HOLD(strcmp(words[0], "mfi-query") == 0);
    for (size_t i = 0; words[i] != NULL; i++) {
        HOLD(i < WORDS_MAX);
    }
    if (how & HOW_NOT_STARTED) {
        return ENOENT;
    }
    ssize_t sent = send(its_end, said.data, said.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    HOLD(sent == (ssize_t)said.size); /* no input is larger than the socket takes */
    HOLD(how & HOW_SILENT || shutdown(its_end, SHUT_WR) == 0);
    if (how & HOW_GONE) {
        close_its_end();
    }
    *ret_process = 0;
    return 0;
}

static bool find_source(const void *context, const char *institution,
                        struct book_query_source *ret_source)
{
    (void)context;
    HOLD(strcmp(institution, "A-1") == 0);
    *ret_source = (struct book_query_source){
        .dsn = "core",
        .queries = "queries",
        .credentials = how & HOW_CREDENTIALS ? "secret" : NULL,
        .seconds = how & HOW_SILENT ? -SPARE_SECONDS : 5, /* it is not waited for */
    };
    return !(how & HOW_UNKNOWN);
}

static void check_book(const struct book *book)
{
    for (size_t i = 0; i < book_report_count(book); i++) {
        AUTO(buffer_close) struct buffer raw = {0};
        HOLD_OK(message_pack(&book_report_at(book, i)->base, &raw));
    }
}

static void read_folder(struct bytes input)
{
    struct book_options options = {.now_us = INT64_C(1593763200000000), .find_source = find_source};
    AUTO(arena_close) struct arena arena = {.budget = (size_t)64 << 20};
    struct complaint complaint = {{0}};
    struct book *book = NULL;
    enum err err = book_read(fuzz_folder, &options, &arena, &complaint, &book);
    HOLD(err == ERR_OK || (book == NULL && complaint.text[0] != '\0'));
    if (err == ERR_OK) {
        check_book(book);
    }
    for (struct starving starving = starving_of(input); starving_next(&starving);) {
        AUTO(arena_close) struct arena other_arena = {.budget = (size_t)64 << 20};
        struct book *starved = NULL;
        enum err other = book_read(fuzz_folder, &options, &other_arena, &complaint, &starved);
        HOLD((other == ERR_OK) == (starved != NULL));
    }
    close_its_end();
}

/* A frame with its right size; kind 0: as it is. */
static void add_frame(struct bytes chunk)
{
    struct input input = {chunk.data, chunk.size};
    uint8_t head[QUERY_HEAD_BYTES] = {input_byte(&input)};
    struct bytes body = input_rest(&input);
    put_u32(head + 1, (uint32_t)body.size);
    if (head[0] != 0) {
        HOLD_OK(buffer_append(&said, head, sizeof head));
    }
    HOLD_OK(buffer_append(&said, body.data, body.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char manifest[] =
        "institution_id = A-1\nas_of = 2020-06-30\ncurrency = RWF\nsource = sql\n";
    char path[128];
    struct input input = {data, size};
    struct bytes first = input_chunk(&input);
    how = first.size > 0 ? first.data[0] : 0;
    buffer_clear(&said);
    while (input.left > 0 && said.size < 100000) {
        add_frame(input_chunk(&input));
    }
    if (said.size < 150000) {
        fuzz_write(fuzz_path("manifest.ini", path), bytes_of(manifest, strlen(manifest)), 0644);
        read_folder(bytes_of(data, size));
    }
    return 0;
}

static void seed(const char *name, uint8_t way, const char *const *frames)
{
    AUTO(buffer_close) struct buffer seed = {0};
    put_chunk(&seed, bytes_of(&way, 1));
    for (size_t i = 0; frames[i] != NULL; i++) {
        put_chunk(&seed, bytes_of(frames[i], strlen(frames[i])));
    }
    fuzz_seed(name, buffer_bytes(&seed));
}

#define SEED(name, way, ...) seed(name, way, (const char *const[]){__VA_ARGS__, NULL})
#define LIST                 "LMusoni\n1.2\nloans\ndeposits\n\n"
#define HEADER                                                                                  \
    "Ploan_ref,borrower_ref,product,sector,gender,disbursed_on,matures_on,principal_disbursed," \
    "principal_outstanding,overdue_since,times_restructured,restructured_on\n"
#define LOAN "PL-1,B-1,INDIV,AGRI,F,2019-06-01,2021-06-01,1000000,600000,,0,\n"
#define DEPOSITS                                                         \
    "Paccount_ref,owner_ref,type,balance,matures_on,gender,last_tx_on\n" \
    "A1,C1,SAVINGS,1000,,F,2020-06-01\n"

static void fuzz_seeds(void)
{
    SEED("two", 0, LIST, HEADER, LOAN, "E", DEPOSITS, "E");
    SEED("credentials", HOW_CREDENTIALS, LIST, HEADER, LOAN, "P", "E", DEPOSITS, "E");
    SEED("loans-twice", 0, "LMusoni\n1\nloans\n", HEADER, LOAN, LOAN, "E");
    SEED("other-loans", 0, "LMusoni\n1\nloans\n", HEADER, LOAN, "PL-2,B-2,,,M,2019-06-01,,5,3,,,\n",
         "E");
    SEED("totals", 0, "LMusoni\n1\nloans\n", HEADER, "PTotal,,,,,,,,600000,,,\n", "E");
    SEED("trouble", 0, "TThe password is wrong.");
    SEED("later", 0, "BThe database is away.");
    SEED("trouble-within", 0, LIST, HEADER, "TThe connection is lost.");
    SEED("later-within", 0, LIST, HEADER, LOAN, "BThe database is slow.");
    SEED("no-list", 0, "Pnothing");
    SEED("list-twice", 0, LIST, LIST);
    SEED("list-of-nothing", 0, "LMusoni\n1\n");
    SEED("list-of-a-name", 0, "LMusoni");
    SEED("list-long", 0, "LM\n1\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\nloans-with-a-name-that-is-long\n");
    SEED("ended", 0, LIST, HEADER);
    SEED("silent", HOW_SILENT, LIST);
    SEED("gone", HOW_GONE, LIST, HEADER, LOAN, "E");
    SEED("unknown", HOW_UNKNOWN, LIST);
    SEED("not-started", HOW_NOT_STARTED, LIST);
    SEED("no-socket", HOW_NO_SOCKET, LIST);
    fuzz_seed("large", bytes_of("\0\1\0\0\6\0P\xFF\0\0\0", 11));
    fuzz_seed("large-trouble", bytes_of("\0\1\0\0\6\0T\0\0\xFF\0", 11));
    fuzz_seed("list-large", bytes_of("\0\1\0\0\6\0L\0\0\4\0", 11));
    fuzz_seed("short-head", bytes_of("\0\1\0\0\3\0LL", 8));
}
