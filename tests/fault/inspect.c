/* Opens stores as their programs do, one after the other, and says what is in them:
 *
 *   inspect < LINES      line = "hub STORE ACTS KEYS" or "agent STORE"
 *
 * For each line the records or entries, problems, and a last line ". OK", or how it ended. Each is
 * opened in a child: LMDB trusts its file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hub/hub_open.h"
#include "storage/check.h"
#include "storage/outbox.h"

#define WORDS_MAX 5

static void hex_of(struct bytes bytes, char ret_text[static 2 * SHA256_BYTES + 1])
{
    uint8_t hash[SHA256_BYTES];
    sha256(bytes, hash);
    hex_encode(bytes_of(hash, sizeof hash), ret_text);
}

static void tell(void *context, const char *sentence)
{
    bool *has_problem = context;
    *has_problem = true;
    printf("problem %s\n", sentence);
}

static enum err show_records(struct hub *hub)
{
    AUTO(txn_end) struct txn txn = {0};
    char body[2 * SHA256_BYTES + 1];
    enum err err = txn_begin(store_env(hub->store), false, &txn);
    uint64_t size = err == ERR_OK ? journal_size(&txn) : 0;
    for (uint64_t seq = 1; err == ERR_OK && seq <= size; seq++) {
        struct record record;
        err = journal_get(&txn, seq, &record);
        if (err == ERR_OK) {
            hex_of(record.body, body);
            printf("record %llu %s\n", (unsigned long long)seq, body);
        }
    }
    return err;
}

/* As `mfi-hub run` opens it: journal and acts.log get what they lack. */
static enum err inspect_hub(char **words, struct complaint *complaint)
{
    AUTO(hub_release) struct hub hub = {0};
    struct check_report report = {0};
    bool has_problem = false;
    hub.config.store = strdup(words[1]);
    hub.config.acts = strdup(words[2]);
    hub.config.keys = strdup(words[3]);
    enum err err = hub_open(&hub, HUB_WRITE, complaint);
    err = err != ERR_OK ? err
                        : check_store(hub.store, &hub.identity, tell, &has_problem, NULL, &report);
    err = err != ERR_OK ? err : show_records(&hub);
    for (size_t i = 0; err == ERR_OK && i < acts_count(hub.acts); i++) {
        char event[2 * SHA256_BYTES + 1];
        hex_of(acts_at(hub.acts, i), event);
        printf("act %zu %s\n", i, event);
    }
    return err == ERR_OK && has_problem ? ERR_CORRUPT : err;
}

struct entries {
    struct outbox_counts counts;
    struct arena arena;
};

static enum err show_entry(void *context, const struct entry *entry)
{
    struct entries *entries = context;
    struct receipt receipt;
    char id[2 * SHA256_BYTES + 1];
    uint8_t hash[SHA256_BYTES];
    sha256(entry->report, hash);
    arena_reset(&entries->arena);
    hex_encode(bytes_of(entry->id, SHA256_BYTES), id);
    bool is_draft = entry->state == ENTRY_DRAFT;
    if (!is_draft && memcmp(hash, entry->id, SHA256_BYTES) != 0) {
        return ERR_CORRUPT;
    }
    if (entry->best.size > 0 && receipt_open(entry->best, &entries->arena, &receipt) != ERR_OK) {
        return ERR_CORRUPT;
    }
    entries->counts.queued += entry->state == ENTRY_QUEUED;
    entries->counts.drafts += is_draft;
    entries->counts.receipted += entry->best.size > 0;
    printf("entry %s %s\n", id, entry->best.size > 0 ? "receipted" : "queued");
    return ERR_OK;
}

static enum err inspect_agent(char **words, struct complaint *complaint)
{
    AUTO(outbox_close) struct outbox *outbox = NULL;
    AUTO(txn_end) struct txn txn = {0};
    struct entries entries = {0};
    struct outbox_counts counts = {0};
    enum err err = outbox_open(words[1], complaint, &outbox);
    err = err != ERR_OK ? err : txn_begin(outbox_env(outbox), false, &txn);
    err = err != ERR_OK ? err : outbox_walk(&txn, NULL, show_entry, &entries);
    err = err != ERR_OK ? err : outbox_count(&txn, &counts);
    arena_close(&entries.arena);
    txn_end(&txn);
    bool agree = counts.queued == entries.counts.queued && counts.drafts == entries.counts.drafts &&
                 counts.receipted == entries.counts.receipted;
    return err == ERR_OK && !agree ? ERR_CORRUPT : err;
}

static const struct {
    const char *word;
    size_t words;
    enum err (*inspect)(char **words, struct complaint *complaint);
} kinds[] = {{"hub", 4, inspect_hub}, {"agent", 2, inspect_agent}};

static int inspect(char *line)
{
    char *words[WORDS_MAX] = {NULL};
    size_t count = 0;
    char *rest = NULL;
    struct complaint complaint = {{0}};
    for (char *word = strtok_r(line, " \n", &rest); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " \n", &rest)) {
        words[count++] = word;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (count == kinds[i].words && strcmp(words[0], kinds[i].word) == 0) {
            enum err err = kinds[i].inspect(words, &complaint);
            if (err != ERR_OK) {
                printf("problem %s: %s\n", err_text(err), complaint.text);
            }
            return err == ERR_OK ? 0 : 1;
        }
    }
    printf("problem a line that is not understood\n");
    return 2;
}

int main(void)
{
    char line[4096];
    if (keys_init() != ERR_OK) {
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        int status = 0;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            int code = inspect(line);
            fflush(stdout);
            _exit(code);
        }
        if (child < 0 || waitpid(child, &status, 0) != child) {
            return 1;
        }
        if (WIFSIGNALED(status)) {
            printf("\n. signal %d\n", WTERMSIG(status));
        } else {
            printf("\n. %s\n", WEXITSTATUS(status) == 0 ? "OK" : "NOT WHOLE");
        }
        fflush(stdout);
    }
    return 0;
}
