/* The file of an import: refused with its line and a sentence, or parties whose acts are refused
 * with a sentence or fold, and what was folded stands: said again it changes nothing. */
#include "tests/fuzz/fuzz.h"

#include "conf/country.h"
#include "hub/party_file.h"

static struct arena settings_arena;
static PbSettings *settings;

/* As an import tries it. */
static bool try_event(struct registry *registry, PbEvent *event)
{
    AUTO(buffer_close) struct buffer raw = {0};
    struct complaint complaint = {{0}};
    uint8_t nonce[16] = {1};
    uint8_t id[SHA256_BYTES];
    event->time_us = 1;
    event->nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    if (registry_validate(registry, event, &complaint) != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        return false;
    }
    HOLD_OK(message_pack(&event->base, &raw));
    sha256(buffer_bytes(&raw), id);
    HOLD_OK(registry_apply(registry, event, id));
    HOLD_OK(registry_seal(registry));
    return true;
}

static bool take(struct registry *registry, const struct party_row *row,
                 struct party_change *change)
{
    struct complaint complaint = {{0}};
    const struct party *party = registry_find(registry, row->id);
    const struct party_ground ground = {settings, party, "column "};
    if (party_change_read(&row->words, &ground, &complaint, change) != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        return false;
    }
    party_change_reduce(change, party);
    party_change_events(change, row->id);
    bool is_taken = true;
    for (size_t i = 0; i < change->count && is_taken; i++) {
        is_taken = try_event(registry, change->list[i]);
    }
    return is_taken;
}

static void take_rows(const struct party_file *file)
{
    AUTO(registry_close) struct registry *registry = NULL;
    HOLD_OK(registry_make(&registry));
    for (size_t i = 0; i < file->count; i++) {
        struct party_change change;
        HOLD(file->rows[i].id[0] != '\0' &&
             (i == 0 || file->rows[i].line > file->rows[i - 1].line));
        if (take(registry, &file->rows[i], &change)) {
            HOLD(take(registry, &file->rows[i], &change));
            HOLD(change.count == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct complaint complaint = {{0}};
    AUTO(party_file_close) struct party_file file = {0};
    char path[128];
    if (settings == NULL) {
        HOLD_OK(country_compile(IHURIRO_SOURCE "/conf/countries/rw.cfg", &settings_arena,
                                &complaint, &settings));
    }
    fuzz_write(fuzz_path("any.csv", path), bytes_of(data, size), 0600);
    if (party_file_read(path, &complaint, &file) != ERR_OK) {
        HOLD(strstr(complaint.text, "any.csv line ") == complaint.text && file.rows == NULL);
        return 0;
    }
    HOLD(file.count > 0);
    take_rows(&file);
    return 0;
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer template = {0};
    static const char whole[] =
        "id;role;name;category;district;currency;agreement;valid-from;valid-to;reports-from;status;"
        "status-from;peer-group;bureau;le-book;lei;licence;cooperative;tin;assets;assets-on\n"
        "A-1;member;One;USACCO;403;RWF;yes;2020-01-01;none;2020-02-01;liquidated;2021-01-01;p;b;"
        "007;5493001KJTIIGC8Y1R12;l;c;t;1,000;2019-12-31\n";
    static const char odd[] = "\xEF\xBB\xBFName,ID,transport_key,\"signing key\"\r\n"
                              "# a remark\r\n\"a \"\"name\"\"\nof two lines\",B-1,-,\r\n";
    HOLD_OK(party_file_template(&template));
    fuzz_seed("template", buffer_bytes(&template));
    fuzz_seed("whole", bytes_of(whole, strlen(whole)));
    fuzz_seed("odd", bytes_of(odd, strlen(odd)));
}
