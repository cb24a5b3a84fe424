#include "agents/mfi/book_manifest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agents/mfi/book.h"
#include "agents/mfi/book_maps.h"
#include "proto/money.h"
#include "proto/text.h"

#define FILE_NAME        "manifest.ini"
#define FILE_BYTES_MAX   (64 * 1024)
#define CODE_BYTES_MAX   64
#define DAY_REPORT_REACH 31 /* a day report starts at most so many days before its day */
#define PERIOD_REQUIRED  "Write frequency = D, W, M or Q."

enum key {
    KEY_DATE_FORMAT, /* first: the dates need it */
    KEY_INSTITUTION_ID,
    KEY_CURRENCY, /* before the sum */
    KEY_AS_OF,
    KEY_PERIOD_END,
    KEY_PERIOD_START,
    KEY_FREQUENCY,
    KEY_ROWS,
    KEY_SUM,
    KEY_OVERDUE_BASIS,
    KEY_PRODUCED_AT,
    KEY_STATUS,
    KEY_REASON,
    KEY_NOTE,
    KEY_PREPARED_CODE,
    KEY_APPROVED_CODE,
    KEY_REPORTS,
    KEY_SOURCE,
    KEYS,
};

/* What is being read. */
struct reading {
    const struct book_options *options;
    struct arena *arena;
    struct complaint *complaint;
    struct book_notes *notes;
    struct book_manifest manifest;
    struct {
        const char *text; /* NULL: the key is not there */
        size_t line;
    } values[KEYS];
    int32_t as_of;
    int32_t start; /* BOOK_NO_DAY: not given */
    enum frequency frequency;
};

typedef enum err (*take_value)(struct reading *reading, const char *text);

struct key_row {
    const char *name;
    bool is_required;
    take_value take;
    const char *allowed; /* the end of the complaint */
};

static const struct key_row key_rows[KEYS];

static enum err refuse_value(const struct reading *reading, enum key key, enum err err)
{
    char shown[64];
    const char *text = reading->values[key].text;
    return complain(reading->complaint, err, "%s line %zu: %s = \"%s\" is not right. %s", FILE_NAME,
                    reading->values[key].line, key_rows[key].name,
                    text_escape(bytes_of(text, strlen(text)), shown, sizeof shown),
                    key_rows[key].allowed);
}

/* ---- values ---- */

static enum err take_date_format(struct reading *reading, const char *text)
{
    return book_dates_init(text, &reading->manifest.dates);
}

static enum err take_institution(struct reading *reading, const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size > INSTITUTION_ID_MAX ||
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != size) {
        return ERR_MALFORMED;
    }
    memcpy(reading->manifest.institution, text, size + 1);
    return ERR_OK;
}

static enum err take_currency(struct reading *reading, const char *text)
{
    if (strlen(text) != 3) {
        return ERR_MALFORMED;
    }
    memcpy(reading->manifest.currency, text, 4);
    return book_currency_exponent(reading->options->settings, text, &reading->manifest.exponent);
}

static enum err take_as_of(struct reading *reading, const char *text)
{
    return book_date_parse(&reading->manifest.dates, text, strlen(text), &reading->as_of);
}

static enum err take_period_end(struct reading *reading, const char *text)
{
    int32_t day = 0;
    enum err err = book_date_parse(&reading->manifest.dates, text, strlen(text), &day);
    return err == ERR_OK && day != reading->as_of ? ERR_REFUSED : err;
}

static enum err take_period_start(struct reading *reading, const char *text)
{
    return book_date_parse(&reading->manifest.dates, text, strlen(text), &reading->start);
}

static enum err take_frequency(struct reading *reading, const char *text)
{
    static const char letters[] = "DWMQ";
    const char *found = text[0] == '\0' ? NULL : strchr(letters, toupper((unsigned char)text[0]));
    if (found == NULL || text[1] != '\0') {
        return ERR_MALFORMED;
    }
    reading->frequency = (enum frequency)(FREQUENCY_D + (found - letters));
    return ERR_OK;
}

static enum err take_rows(struct reading *reading, const char *text)
{
    int64_t rows = 0;
    enum err err = money_parse(text, strlen(text), 0, &rows);
    if (err != ERR_OK || rows < 0) {
        return ERR_MALFORMED;
    }
    reading->manifest.rows = (uint64_t)rows;
    return ERR_OK;
}

static enum err take_sum(struct reading *reading, const char *text)
{
    return money_parse(text, strlen(text), reading->manifest.exponent, &reading->manifest.sum);
}

static enum err take_basis(struct reading *reading, const char *text)
{
    bool is_principal = strcasecmp(text, "PRINCIPAL") == 0;
    if (!is_principal && strcasecmp(text, "ANY") != 0) {
        return ERR_MALFORMED;
    }
    reading->manifest.overdue_basis = is_principal ? IHURIRO__V1__SOURCE__OVERDUE_BASIS__PRINCIPAL
                                                   : IHURIRO__V1__SOURCE__OVERDUE_BASIS__ANY;
    return ERR_OK;
}

static enum err take_produced_at(struct reading *reading, const char *text)
{
    reading->manifest.has_extracted_at = true;
    return time_parse(text, &reading->manifest.extracted_at_us);
}

static enum err take_status(struct reading *reading, const char *text)
{
    bool is_final = strcasecmp(text, "FINAL") == 0;
    if (!is_final && strcasecmp(text, "PROVISIONAL") != 0) {
        return ERR_MALFORMED;
    }
    reading->manifest.status =
        is_final ? IHURIRO__V1__REPORT__STATUS__FINAL : IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    return ERR_OK;
}

static enum err take_reason(struct reading *reading, const char *text)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value_by_name(
        &ihuriro__v1__report__reason__descriptor, text);
    if (found == NULL) {
        return ERR_MALFORMED;
    }
    reading->manifest.has_reason = true;
    reading->manifest.reason = (Ihuriro__V1__Report__Reason)found->value;
    return ERR_OK;
}

static enum err take_note(struct reading *reading, const char *text)
{
    reading->manifest.note = text;
    return strlen(text) > TEXT_BYTES_MAX ? ERR_TOO_LARGE : ERR_OK;
}

static enum err take_prepared(struct reading *reading, const char *text)
{
    reading->manifest.prepared_code = text;
    return strlen(text) > CODE_BYTES_MAX ? ERR_TOO_LARGE : ERR_OK;
}

static enum err take_source(struct reading *reading, const char *text)
{
    reading->manifest.is_sql = strcasecmp(text, "sql") == 0;
    return reading->manifest.is_sql || strcasecmp(text, "csv") == 0 ? ERR_OK : ERR_MALFORMED;
}

static enum err take_approved(struct reading *reading, const char *text)
{
    reading->manifest.approved_code = text;
    return strlen(text) > CODE_BYTES_MAX ? ERR_TOO_LARGE : ERR_OK;
}

/* "PORTFOLIO" or "NIL PORTFOLIO". */
static enum err take_wish(struct reading *reading, char *word)
{
    int type = 0;
    enum book_wish wish = BOOK_WISHED;
    word += strspn(word, " \t");
    word[strcspn(word, "\t")] = '\0';
    for (size_t size = strlen(word); size > 0 && word[size - 1] == ' '; size--) {
        word[size - 1] = '\0';
    }
    if (strncasecmp(word, "NIL ", 4) == 0) {
        wish = BOOK_WISHED_NIL;
        word += 4 + strspn(word + 4, " ");
    }
    if (report_type_parse(word, &type) != ERR_OK ||
        reading->manifest.reports[type] != BOOK_NOT_WISHED) {
        return ERR_MALFORMED;
    }
    reading->manifest.reports[type] = wish;
    return ERR_OK;
}

static enum err take_reports(struct reading *reading, const char *text)
{
    char words[256];
    char *state = NULL;
    if (strlen(text) >= sizeof words) {
        return ERR_MALFORMED;
    }
    memcpy(words, text, strlen(text) + 1);
    for (char *word = strtok_r(words, ",", &state); word != NULL;
         word = strtok_r(NULL, ",", &state)) {
        enum err err = take_wish(reading, word);
        if (err != ERR_OK) {
            return err;
        }
        reading->manifest.names_reports = true;
    }
    return reading->manifest.names_reports ? ERR_OK : ERR_MALFORMED;
}

#define DATE_ALLOWED "Write a date as 2020-06-30."

static const struct key_row key_rows[KEYS] = {
    [KEY_DATE_FORMAT] = {"date_format", false, take_date_format,
                         "It is dd/mm/yyyy, mm/dd/yyyy or yyyy-mm-dd."},
    [KEY_INSTITUTION_ID] = {"institution_id", true, take_institution,
                            "It is the id that the hub's operator gave: up to 16 of A-Z, 0-9 and "
                            "hyphen."},
    [KEY_CURRENCY] = {"currency", true, take_currency,
                      "It is a currency of the country's settings, as RWF."},
    [KEY_AS_OF] = {"as_of", true, take_as_of, DATE_ALLOWED},
    [KEY_PERIOD_END] = {"period_end", false, take_period_end,
                        "A period ends on its as_of day: write the same date, or leave it out."},
    [KEY_PERIOD_START] = {"period_start", false, take_period_start, DATE_ALLOWED},
    [KEY_FREQUENCY] = {"frequency", false, take_frequency, PERIOD_REQUIRED},
    [KEY_ROWS] = {"rows", false, take_rows, "It is the number of data rows of loans.csv."},
    [KEY_SUM] = {"sum_principal_outstanding", false, take_sum,
                 "It is the sum of principal_outstanding over all rows of loans.csv."},
    [KEY_OVERDUE_BASIS] = {"overdue_basis", false, take_basis, "It is ANY or PRINCIPAL."},
    [KEY_PRODUCED_AT] = {"produced_at", false, take_produced_at,
                         "Write a time as 2020-07-03T08:15:00Z."},
    [KEY_STATUS] = {"status", false, take_status, "It is PROVISIONAL or FINAL."},
    [KEY_REASON] = {"reason", false, take_reason,
                    "It is ERROR, LATE_POSTING, AUDIT, RECLASS, REGULATOR_REQUEST, "
                    "SYSTEM_MIGRATION, FINALISED or EXPLAINED."},
    [KEY_NOTE] = {"note", false, take_note, "It holds up to 500 bytes."},
    [KEY_PREPARED_CODE] = {"prepared_code", false, take_prepared, "It holds up to 64 bytes."},
    [KEY_APPROVED_CODE] = {"approved_code", false, take_approved, "It holds up to 64 bytes."},
    [KEY_REPORTS] =
        {"reports", false, take_reports,
         "It lists, with commas and each once, what to make of PORTFOLIO, LIQUIDITY, OPERATIONS, "
         "CAPITAL and EXPOSURES, or NIL and a type."},
    [KEY_SOURCE] = {"source", false, take_source,
                    "It is csv (the files of this folder) or sql (the database in agent.conf)."},
};

/* ---- the period (D24, D39, D59) ---- */

static enum err refuse_period(const struct reading *reading, const char *what)
{
    char day[11];
    day_format(reading->as_of, day);
    return complain(reading->complaint, ERR_REFUSED, "%s: as_of is %s, %s", FILE_NAME, day, what);
}

/* Which period start to as_of is, if it is one. */
static enum frequency frequency_of(int32_t start, int32_t as_of)
{
    for (int i = FREQUENCY_D; i <= FREQUENCY_Q; i++) {
        struct period period = {0};
        if (period_ending((enum frequency)i, as_of, &period) == ERR_OK &&
            period.start_day == start) {
            return (enum frequency)i;
        }
    }
    return FREQUENCY_NONE;
}

static enum err find_period(struct reading *reading)
{
    struct period *period = &reading->manifest.period;
    bool has_start = reading->start != BOOK_NO_DAY;
    enum frequency frequency = reading->frequency;
    if (frequency == FREQUENCY_NONE && has_start) {
        frequency = frequency_of(reading->start, reading->as_of);
        if (frequency == FREQUENCY_NONE) {
            return refuse_period(reading, "and with period_start that is no day, week, month or "
                                          "quarter. Correct one of the two, or write frequency.");
        }
    } else if (frequency == FREQUENCY_NONE) {
        if (!day_ends_month(reading->as_of)) {
            return refuse_period(reading, "which ends no month. " PERIOD_REQUIRED);
        }
        frequency = FREQUENCY_M;
    }
    if (period_ending(frequency, reading->as_of, period) != ERR_OK) {
        return refuse_period(reading, "which is not the last day of such a period. Correct as_of "
                                      "or frequency.");
    }
    period_format(period, reading->manifest.key);
    if (!has_start || reading->start == period->start_day) {
        return ERR_OK;
    }
    if (frequency != FREQUENCY_D || reading->start > reading->as_of ||
        reading->start < reading->as_of - DAY_REPORT_REACH) {
        return refuse_period(reading, "and period_start is not the first day of that period. "
                                      "Correct it, or leave it out.");
    }
    period->start_day = reading->start;
    return ERR_OK;
}

/* ---- lines ---- */

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size > 0 && strchr(" \t\r", text[size - 1]) != NULL) {
        text[--size] = '\0';
    }
    if (size >= 2 && text[0] == '"' && text[size - 1] == '"') {
        text[size - 1] = '\0';
        text++;
    }
    return text;
}

static enum err take_line(struct reading *reading, char *line, size_t number)
{
    char shown[64];
    char *text = trim(line);
    char *equals = strchr(text, '=');
    if (*text == '\0' || *text == '#' || *text == ';' || *text == '[') {
        return ERR_OK;
    }
    if (equals == NULL) {
        return complain(reading->complaint, ERR_MALFORMED,
                        "%s line %zu: there is no \"=\". Write key = value.", FILE_NAME, number);
    }
    *equals = '\0';
    const char *name = trim(text);
    for (size_t i = 0; i < KEYS; i++) {
        if (strcasecmp(name, key_rows[i].name) != 0) {
            continue;
        }
        if (reading->values[i].text != NULL) {
            return complain(reading->complaint, ERR_MALFORMED,
                            "%s line %zu: %s stands twice, first on line %zu. Keep one.", FILE_NAME,
                            number, key_rows[i].name, reading->values[i].line);
        }
        reading->values[i].text = trim(equals + 1);
        reading->values[i].line = number;
        return ERR_OK;
    }
    book_notes_add(reading->notes, SEVERITY_WARNING,
                   "%s line %zu: the key %s is not known and not read", FILE_NAME, number,
                   text_escape(bytes_of(name, strlen(name)), shown, sizeof shown));
    return ERR_OK;
}

/* The whole file, NUL-terminated, in the arena. */
static enum err load(const struct book_folder *folder, struct arena *arena,
                     struct complaint *complaint, char **ret_text)
{
    AUTO(book_file_close) struct book_file *file = NULL;
    enum err err = book_file_open(folder, FILE_NAME, complaint, &file);
    if (err != ERR_OK) {
        return err;
    }
    size_t size = 0;
    uint8_t *text = arena_take(arena, FILE_BYTES_MAX + 1);
    if (text == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    for (size_t got = 1; got > 0 && size < FILE_BYTES_MAX; size += got) {
        err = book_file_read(file, text + size, FILE_BYTES_MAX - size, complaint, &got);
        if (err != ERR_OK) {
            return err;
        }
    }
    if (size == FILE_BYTES_MAX) {
        return complain(complaint, ERR_TOO_LARGE, "%s is longer than %d bytes.", FILE_NAME,
                        FILE_BYTES_MAX);
    }
    if (memchr(text, 0, size) != NULL || !text_is_utf8(bytes_of(text, size))) {
        return complain(complaint, ERR_MALFORMED,
                        "%s is not written in UTF-8. Save it again as UTF-8.", FILE_NAME);
    }
    bool has_mark = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    *ret_text = (char *)text + (has_mark ? 3 : 0);
    return ERR_OK;
}

/* A count without its sum, or the reverse, would control nothing. */
static enum err check_control(const struct reading *reading)
{
    bool has_rows = reading->values[KEY_ROWS].text != NULL;
    bool has_sum = reading->values[KEY_SUM].text != NULL;
    return has_rows == has_sum
               ? ERR_OK
               : complain(reading->complaint, ERR_MALFORMED,
                          "%s gives %s without %s. Give both, or none where a database is the "
                          "source or there is no loans.csv.",
                          FILE_NAME, key_rows[has_rows ? KEY_ROWS : KEY_SUM].name,
                          key_rows[has_rows ? KEY_SUM : KEY_ROWS].name);
}

static enum err take_values(struct reading *reading)
{
    for (size_t i = 0; i < KEYS; i++) {
        const char *text = reading->values[i].text;
        if (text == NULL && key_rows[i].is_required) {
            return complain(reading->complaint, ERR_MALFORMED, "%s lacks %s. %s", FILE_NAME,
                            key_rows[i].name, key_rows[i].allowed);
        }
        if (text == NULL) {
            continue;
        }
        enum err err = key_rows[i].take(reading, text);
        if (err != ERR_OK) {
            return refuse_value(reading, (enum key)i, err);
        }
    }
    return ERR_OK;
}

static enum err begin(struct reading *reading)
{
    const struct book_options *options = reading->options;
    reading->start = BOOK_NO_DAY;
    reading->manifest.overdue_basis = IHURIRO__V1__SOURCE__OVERDUE_BASIS__ANY;
    reading->manifest.status = IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    if (options->overdue_basis != NULL && take_basis(reading, options->overdue_basis) != ERR_OK) {
        return complain(reading->complaint, ERR_CONFIG,
                        "overdue_basis in agent.conf is ANY or PRINCIPAL.");
    }
    if (book_dates_init(options->date_format, &reading->manifest.dates) != ERR_OK) {
        return complain(reading->complaint, ERR_CONFIG,
                        "date_format in agent.conf is dd/mm/yyyy, mm/dd/yyyy or yyyy-mm-dd.");
    }
    return ERR_OK;
}

enum err book_manifest_read(const struct book_folder *folder, const struct book_options *options,
                            struct arena *arena, struct complaint *complaint,
                            struct book_notes *notes, struct book_manifest *ret_manifest)
{
    struct reading reading = {
        .options = options, .arena = arena, .complaint = complaint, .notes = notes};
    char *text = NULL;
    enum err err = begin(&reading);
    if (err == ERR_OK) {
        err = load(folder, arena, complaint, &text);
    }
    for (size_t number = 1; err == ERR_OK && text != NULL; number++) {
        char *line = strsep(&text, "\n");
        err = take_line(&reading, line, number);
    }
    if (err == ERR_OK) {
        err = take_values(&reading);
    }
    if (err == ERR_OK) {
        err = check_control(&reading);
    }
    if (err == ERR_OK) {
        err = find_period(&reading);
    }
    if (err != ERR_OK) {
        return err;
    }
    reading.manifest.has_control =
        reading.values[KEY_ROWS].text != NULL && reading.values[KEY_SUM].text != NULL;
    *ret_manifest = reading.manifest;
    return ERR_OK;
}
