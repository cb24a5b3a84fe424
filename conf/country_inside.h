/* A country's file as it is read: what conf/country*.c share. Nobody else includes it. */
#ifndef IHURIRO_CONF_COUNTRY_INSIDE_H
#define IHURIRO_CONF_COUNTRY_INSIDE_H

#include "conf/config.h"
#include "conf/country.h"

/* From what to what. */
struct country_change {
    const PbSettings *before;
    const PbSettings *after;     /* its rows in the order of the file's */
    const struct docket *docket; /* NULL: nothing was closed */
    int32_t today;
};

#define ABSENT INT64_MIN /* of an integer that may be left out */

/* Every group of a list begins like this, so that one function finds what stands in it twice. */
struct head {
    int64_t line;
    char *key;
    char *second; /* makes the key unique together with it; may be NULL */
};

struct currency {
    struct head head; /* code */
    int64_t exponent;
};

struct category {
    struct head head; /* code */
    char *name;
};

struct rule_setting {
    struct head head; /* rule, category */
    char *severity;
    bool is_off;
    int64_t tolerance_bp;
};

struct loan_class {
    struct head head; /* code, from */
    int64_t from_days;
    int64_t rate_bp;
    char *certainty;
    char *retroactive; /* why it changes periods that have ended */
};

struct size_band {
    struct head head; /* code, currency */
    int64_t up_to;
};

struct weight {
    struct head head; /* field */
    int64_t percent;
};

struct liquidity_base {
    struct head head; /* nothing, from */
    struct config_texts categories;
    struct config_groups weights;
    char *ref;
    char *certainty;
    char *retroactive; /* why it changes periods that have ended */
};

struct prudential_limit {
    struct head head; /* id, from */
    struct config_texts categories;
    char *ratio;
    char *direction;
    int64_t amber;
    int64_t red;
    char *until;
    char *ref;
    char *certainty;
    char *confirmed;
    char *applied_back_to;
    char *amber_words;
    char *red_words;
    bool is_off;
    char *retroactive; /* why it changes periods that have ended */
};

struct capital_band {
    struct head head; /* code, ratio */
    struct config_texts categories;
    int64_t below;
    char *from;
    char *ref;
    char *certainty;
    char *retroactive; /* why it changes periods that have ended */
};

struct run_off {
    struct head head; /* type */
    int64_t percent;
};

struct scenario {
    struct head head; /* code */
    int64_t collections_percent;
    int64_t run_off_percent;
    int64_t lines_percent;
    int64_t horizon_days;
    int64_t withdrawals_percent;
};

struct score_row {
    struct head head; /* component */
    int64_t weight;
    int64_t green;
    int64_t red;
};

struct average_loan {
    struct head head; /* currency */
    int64_t least;
    int64_t most;
    struct config_texts categories;
};

struct obligation {
    struct head head; /* id, from */
    char *type;
    char *frequency;
    struct config_texts categories;
    char *wants;
    int64_t due_days;
    bool is_in_business_days;
    char *due_time;
    char *roll;
    int64_t grace_hours;
    int64_t remind_hours;
    int64_t escalate_hours;
    char *until;
    char *ref;
    char *certainty;
    bool is_off;
    char *retroactive; /* why it changes periods that have ended */
};

struct holiday {
    struct head head; /* name, from */
    char *date;
    char *each_year;
    char *until;
    char *certainty;
    char *retroactive; /* why it changes periods that have ended */
};

struct code_list {
    struct head head; /* name */
    struct config_texts codes;
};

struct country {
    char *country;
    char *version;
    char *time_zone;
    int64_t utc_offset_minutes;
    int64_t cure_months;
    bool moratorium_is_restructuring;
    struct config_groups currencies;
    struct config_groups categories;
    struct config_groups rules;
    struct config_groups classes;
    struct config_groups size_bands;
    struct config_groups liquidity;
    struct config_groups codes;
    struct config_texts private_patterns;
    struct config_groups limits;
    struct config_groups capital_bands;
    struct config_groups run_off;
    int64_t collections_percent;
    struct config_groups scenarios;
    struct config_groups score;
    struct config_groups average_loans;
    struct config_groups obligations;
    struct config_groups holidays;
    struct config_texts weekend;
    int64_t materiality_bp;
};

/* The tables of the file: conf/country_file.c. */
extern const struct config_row country_rows[];
int severity_of(const char *name); /* 0: there is none of this name */
/* What the texts of the tables say; each is checked against the table before. */
int week_day_of(const char *name);              /* 1 MONDAY to 7 SUNDAY, 0: none of this name */
int32_t each_year_of(const char *day_of_month); /* "07-04": 704; 0: no date */

/* Duties that contradict each other, holidays that are never (conf/country_duties.c). ERR_CONFIG.
 */
MUST_USE enum err country_check_duties(const char *path, const struct country *country,
                                       struct complaint *complaint);

/* Would the message change what holds for periods that ended before today? ERR_CONFIG, with the
 * line of the row (conf/country_change.c). */
MUST_USE enum err country_check_change(const char *path, const struct country *country,
                                       const struct country_change *change,
                                       struct complaint *complaint);

/* The message, in the arena: conf/country_message.c. ERR_MEMORY. */
MUST_USE enum err country_make(struct arena *arena, const struct country *country,
                               PbSettings **ret_settings);

#endif
