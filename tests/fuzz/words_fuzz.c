/* Small texts that people and programs write: amounts, days, periods, times, keys, roles, names.
 * What is read and written again is read as the same. */
#include "tests/fuzz/fuzz.h"

#include "agents/mfi/agent_conf.h"
#include "agents/mfi/book_cell.h"
#include "conf/log.h"
#include "proto/money.h"
#include "proto/period.h"
#include "proto/record.h"
#include "proto/registry.h"
#include "proto/text.h"

static void read_amount(const char *text, size_t size, unsigned exponent)
{
    int64_t amount = 0;
    int64_t again = 0;
    char written[32];
    if (money_parse(text, size, exponent, &amount) == ERR_OK) {
        money_format(amount, exponent, written);
        HOLD_OK(money_parse(written, strlen(written), exponent, &again));
        HOLD(again == amount);
    }
}

static void read_dates(const char *text, size_t size)
{
    static const char *const formats[] = {"dd/mm/yyyy", "mm/dd/yyyy", "yyyy-mm-dd", NULL};
    int32_t day = 0;
    char written[11];
    if (day_parse(text, &day) == ERR_OK) {
        day_format(day, written);
        HOLD(strcmp(written, text) == 0);
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        static struct book_dates all[4];
        static bool is_ready[4];
        struct book_dates *dates = &all[i];
        int32_t again = 0;
        if (!is_ready[i]) {
            HOLD_OK(book_dates_init(formats[i], dates));
            is_ready[i] = true;
        }
        if (book_date_parse(dates, text, size, &day) == ERR_OK) {
            day_format(day, written);
            HOLD_OK(book_date_parse(dates, written, strlen(written), &again));
            HOLD(again == day);
        }
    }
}

static void read_period(const char *text)
{
    struct period period;
    struct period again;
    char key[PERIOD_KEY_MAX + 1];
    if (period_parse(text, &period) != ERR_OK) {
        return;
    }
    period_format(&period, key);
    HOLD(strcmp(key, text) == 0);
    HOLD(period.start_day <= period.end_day);
    if (period_ending(period.frequency, period.end_day, &again) == ERR_OK) {
        HOLD(again.start_day == period.start_day && again.end_day == period.end_day);
    }
    struct period before = period_previous(&period);
    HOLD(before.end_day == period.start_day - 1);
}

static void read_time(const char *text)
{
    int64_t time_us = 0;
    int64_t again = 0;
    char written[TIME_TEXT_MAX + 1];
    if (time_parse(text, &time_us) == ERR_OK) {
        time_format(time_us, written);
        HOLD_OK(time_parse(written, &again));
        HOLD(again == time_us);
    }
}

static void read_keys(const char *text)
{
    uint8_t key[PUBLIC_KEY_BYTES];
    uint8_t again[PUBLIC_KEY_BYTES];
    char z85[Z85_KEY_CHARS + 1];
    char hex[2 * PUBLIC_KEY_BYTES + 1];
    if (transport_key_parse(text, key) == ERR_OK) {
        transport_key_z85(key, z85);
        HOLD(strcmp(z85, text) == 0);
    }
    if (hex_decode(text, key, sizeof key) == ERR_OK) {
        hex_encode(bytes_of(key, sizeof key), hex);
        HOLD(strcasecmp(hex, text) == 0);
        HOLD_OK(hex_decode(hex, again, sizeof again));
    }
}

static void read_names(const char *text)
{
    int value = 0;
    if (role_parse(text, &value) == ERR_OK) {
        HOLD(strcasecmp(role_name(value), text) == 0);
    }
    if (record_kind_parse(text, &value) == ERR_OK) {
        HOLD(strcasecmp(record_kind_name(value), text) == 0);
    }
    if (report_type_parse(text, &value) == ERR_OK) {
        HOLD(strcasecmp(report_type_name(value), text) == 0);
    }
    HOLD(!institution_id_is_valid(text) || strlen(text) <= INSTITUTION_ID_MAX);
    (void)endpoint_is_valid(text);
}

/* By the table of Unicode 3-7. */
static bool is_utf8(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size;) {
        unsigned length = at[i] < 0x80 ? 1 : at[i] < 0xE0 ? 2 : at[i] < 0xF0 ? 3 : 4;
        uint32_t value = length == 1 ? at[i] : at[i] & (0x7FU >> length);
        if (at[i] == 0 || (at[i] >= 0x80 && at[i] < 0xC2) || at[i] > 0xF4 || length > size - i) {
            return false;
        }
        for (unsigned k = 1; k < length; k++) {
            if ((at[i + k] & 0xC0) != 0x80) {
                return false;
            }
            value = value << 6 | (at[i + k] & 0x3F);
        }
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
            return false;
        }
        i += length;
    }
    return true;
}

static void read_text(const char *text, size_t size)
{
    char escaped[64];
    char folded[64];
    HOLD(text_is_utf8(bytes_of(text, size)) == is_utf8((const uint8_t *)text, size));
    text_escape(bytes_of(text, size), escaped, sizeof escaped);
    for (const char *c = escaped; *c != '\0'; c++) {
        HOLD(*c >= ' ' && *c < 0x7F);
    }
    log_text(text, escaped, sizeof escaped);
    HOLD(strchr(escaped, '"') == NULL);
    text_fold(text, folded, sizeof folded);
    HOLD(strlen(folded) < sizeof folded);
    (void)text_has_private_number(text, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(free_p) char *text = text_of(bytes_of(data, size));
    read_text(text, size);
    size_t length = strlen(text);
    for (unsigned exponent = 0; exponent < 4; exponent++) {
        read_amount(text, length, exponent);
    }
    read_dates(text, length);
    read_period(text);
    read_time(text);
    read_keys(text);
    read_names(text);
    return 0;
}

static void fuzz_seeds(void)
{
    static const char *const texts[] = {"1,500,000.00",
                                        "(12.5)",
                                        "2020-06-30",
                                        "30/06/2020",
                                        "2020-W27",
                                        "2020-Q2",
                                        "1 500 000",
                                        "2020-06",
                                        "2020-07-03T08:15:00.25Z",
                                        "association",
                                        "LIQUIDITY",
                                        "history_lost",
                                        "A-1",
                                        "0788 123 456",
                                        "tcp://[::1]:5702",
                                        "caf\xC3\xA9 \xE2\x82\xAC",
                                        "06/30/2020"};
    char name[16];
    char z85[Z85_KEY_CHARS + 1];
    struct signing_key *key = fuzz_key(7);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)snprintf(name, sizeof name, "text-%zu", i);
        fuzz_seed(name, bytes_of(texts[i], strlen(texts[i])));
    }
    transport_key_z85(signing_key_public(key), z85);
    fuzz_seed("z85", bytes_of(z85, strlen(z85)));
    signing_key_close(&key);
}
