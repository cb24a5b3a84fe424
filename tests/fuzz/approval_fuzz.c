/* A second person's approval, as it lies in the agent's store: bytes of any kind are refused, or
 * are an approval that is written again as it was; and only one that names these very figures, by
 * eight digits of their hash at least, is written into a report. And a line of a list of approvals:
 * what is taken is kept, and names what it approves. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/starve.h"

#include "agents/mfi/approval.h"
#include "tests/support/reports.h"

#define NAME "approval A-1 1 2020-06"

static struct outbox *outbox;
static struct arena report_arena;
static PbReport *report;
static char figures[APPROVAL_HASH_CHARS + 1];

static void set_up(void)
{
    struct complaint complaint = {{0}};
    char path[128];
    if (outbox == NULL) {
        HOLD_OK(outbox_create(fuzz_path("outbox", path), &complaint));
        HOLD_OK(outbox_open(path, &complaint, &outbox));
        report = report_of_portfolio(&report_arena, "A-1", "2020-06", 1);
        HOLD_OK(approval_hash(report, figures));
    }
}

static void check_again(struct txn *txn, const struct approval *approval)
{
    struct approval again = {.at_us = 0};
    HOLD(strlen(approval->code) <= APPROVAL_CODE_MAX);
    HOLD_OK(approval_put(txn, "A-1", TYPE_PORTFOLIO, report->period, approval));
    HOLD_OK(approval_get(txn, "A-1", TYPE_PORTFOLIO, report->period, &again));
    HOLD(strcmp(approval->code, again.code) == 0 && strcmp(approval->hash, again.hash) == 0 &&
         approval->at_us == again.at_us);
}

static void check_applied(const PbReport *applied, const struct approval *approval, bool is_void)
{
    AUTO(buffer_close) struct buffer packed = {0};
    size_t size = strlen(approval->hash);
    bool is_of_these = size >= APPROVAL_SHORT_CHARS && strncmp(figures, approval->hash, size) == 0;
    bool is_approved = applied->signoff != NULL && applied->signoff->approved_code != NULL;
    HOLD(is_approved == is_of_these && is_void == !is_of_these);
    HOLD_OK(message_pack(&applied->base, &packed));
    if (is_approved) {
        HOLD(strcmp(applied->signoff->approved_code, approval->code) == 0);
        AUTO(arena_close) struct arena arena = {0};
        const PbReport *again = NULL;
        HOLD_OK(MESSAGE_UNPACK(report, MESSAGE_CANONICAL, buffer_bytes(&packed), &arena, &again));
    }
}

static void take(struct txn *txn, bool has_signoff)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__SignOff signoff = IHURIRO__V1__SIGN_OFF__INIT;
    struct approval approval = {.at_us = 0};
    bool is_void = true;
    PbReport applied = *report;
    applied.signoff = has_signoff ? &signoff : NULL;
    enum err read = approval_get(txn, "A-1", TYPE_PORTFOLIO, report->period, &approval);
    enum err err = approval_apply(txn, &arena, &applied, &is_void);
    HOLD(err == (read == ERR_NOT_FOUND ? ERR_OK : read));
    if (read == ERR_OK) {
        check_applied(&applied, &approval, is_void);
        check_again(txn, &approval);
    } else {
        HOLD(applied.signoff == NULL || applied.signoff->approved_code == NULL);
    }
}

static void take_starved(struct txn *txn, struct bytes input)
{
    for (struct starving starving = starving_of(input); starving_next(&starving);) {
        AUTO(arena_close) struct arena arena = {0};
        bool is_void = true;
        PbReport applied = *report;
        applied.signoff = NULL;
        enum err err = approval_apply(txn, &arena, &applied, &is_void);
        HOLD(err == ERR_OK || applied.signoff == NULL || applied.signoff->approved_code == NULL);
    }
}

#define OF_A_LIST 0xFF

static void take_line(struct bytes line)
{
    AUTO(free_p) char *text = text_of(line);
    struct approval_row row;
    if (approval_row_parse(text, &row) != ERR_OK) {
        return;
    }
    HOLD(strlen(row.approval.hash) >= APPROVAL_SHORT_CHARS && row.type >= 1 &&
         row.type <= TYPE_LAST && institution_id_is_valid(row.institution));
    AUTO(txn_end) struct txn txn = {0};
    struct approval again = {.at_us = 1};
    char period[PERIOD_KEY_MAX + 1];
    PbPeriod key = IHURIRO__V1__PERIOD__INIT;
    period_format(&row.period, period);
    key.key = period;
    HOLD_OK(txn_begin(outbox_env(outbox), true, &txn));
    HOLD_OK(approval_put(&txn, row.institution, row.type, &key, &row.approval));
    HOLD_OK(approval_get(&txn, row.institution, row.type, &key, &again));
    HOLD(strcmp(row.approval.code, again.code) == 0 && strcmp(row.approval.hash, again.hash) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(txn_end) struct txn txn = {0};
    AUTO(buffer_close) struct buffer record = {0};
    struct input input = {data, size};
    set_up();
    uint8_t how = input_byte(&input);
    struct bytes given = input_rest(&input);
    if (how == OF_A_LIST) {
        take_line(given);
        return 0;
    }
    HOLD_OK(buffer_append(&record, given.data, given.size));
    if (how & 2) { /* with these figures behind it, whole or in part */
        size_t digits = how >> 2 == 0 ? APPROVAL_HASH_CHARS : how >> 2;
        HOLD_OK(buffer_append(&record, figures, digits));
    }
    HOLD_OK(txn_begin(outbox_env(outbox), true, &txn));
    if (record.size > 0) {
        HOLD_OK(outbox_note_put(&txn, NAME, buffer_bytes(&record)));
    }
    take_starved(&txn, bytes_of(data, size));
    take(&txn, how & 1);
    return 0;
}

static void seed(const char *name, uint8_t how, const char *code, const char *hash)
{
    AUTO(buffer_close) struct buffer seed = {0};
    static const uint8_t time[8] = {0, 5, 0xA8, 0, 0, 0, 0, 0};
    put_byte(&seed, how);
    HOLD_OK(buffer_append(&seed, time, sizeof time));
    put_byte(&seed, (uint8_t)strlen(code));
    HOLD_OK(buffer_append(&seed, code, strlen(code)));
    HOLD_OK(buffer_append(&seed, hash, strlen(hash)));
    fuzz_seed(name, buffer_bytes(&seed));
}

static void seed_line(const char *name, const char *line)
{
    AUTO(buffer_close) struct buffer seed = {0};
    put_byte(&seed, OF_A_LIST);
    HOLD_OK(buffer_append(&seed, line, strlen(line)));
    fuzz_seed(name, buffer_bytes(&seed));
}

static void fuzz_seeds(void)
{
    char other[65];
    seed_line("line", "A-1, PORTFOLIO, 2020-06, 0a1b2c3d, CD2 \r\n");
    seed_line("line-more", "A-1, PORTFOLIO, 2020-06, 0a1b2c3d, CD2, more\n");
    seed_line("line-few", "A-1, PORTFOLIO, 2020-06, 0a1b2c3d\n");
    seed_line("line-id", "a-1, PORTFOLIO, 2020-06, 0a1b2c3d, CD2\n");
    seed_line("line-type", "A-1, OTHER, 2020-06, 0a1b2c3d, CD2\n");
    seed_line("line-period", "A-1, CAPITAL, 2020-13, 0a1b2c3d, CD2\n");
    seed_line("line-hash", "A-1, CAPITAL, 2020-Q2, 0A1B2C3D, CD2\n");
    seed_line("line-hash-short", "A-1, CAPITAL, 2020-Q2, 0a1b2c3, CD2\n");
    seed_line("line-hash-long", "A-1, CAPITAL, 2020-Q2, 0123456701234567012345670123456701234567"
                                "01234567012345670123456701234, CD2\n");
    seed_line("line-code", "A-1, CAPITAL, 2020-W1, 0a1b2c3d, \xFF\n");
    set_up();
    memset(other, 'a', 64);
    other[64] = '\0';
    fuzz_seed("none", bytes_of("\0", 1));
    fuzz_seed("short", bytes_of("\0abc", 4));
    seed("of-these", 2, "AB1", "");
    seed("of-these-signed", 3 | 8 << 2, "CD2", "");
    seed("short-hash", 2 | 8 << 2, "AB1", "");
    seed("no-hash", 0, "AB1", "");
    seed("code-ends", 2 | 8 << 2, "AB", "");
    seed("some-digits", 2 | 7 << 2, "AB1", "");
    seed("of-others", 0, "AB1", other);
    seed("of-others-short", 0, "AB1", other + 56);
    seed("too-much", 2 | 63 << 2, "AB1", "ab");
    seed("long-code", 2 | 8 << 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ", "");
    seed("no-hexadecimal", 0, "AB1", "somethin");
}
