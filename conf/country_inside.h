/* A country's file as it is read: what conf/country*.c share. Nobody else includes it. */
#ifndef IHURIRO_CONF_COUNTRY_INSIDE_H
#define IHURIRO_CONF_COUNTRY_INSIDE_H

#include "conf/config.h"
#include "conf/country.h"

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
};

/* The tables of the file: conf/country_file.c. */
extern const struct config_row country_rows[];
int severity_of(const char *name); /* 0: there is none of this name */

/* The message, in the arena: conf/country_message.c. ERR_MEMORY. */
MUST_USE enum err country_make(struct arena *arena, const struct country *country,
                               PbSettings **ret_settings);

#endif
