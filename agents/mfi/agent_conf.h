/* agent.conf: whom the agent speaks to, for whom, and what the institutions' words mean. */
#ifndef IHURIRO_AGENTS_MFI_AGENT_CONF_H
#define IHURIRO_AGENTS_MFI_AGENT_CONF_H

#include "agents/mfi/book.h"
#include "conf/config.h"
#include "proto/bytes.h"
#include "proto/order.h"

struct conf_institution {
    char *id;
    char *folder; /* watched by `run`; NULL: none */
    char *signing_key;
    char *category; /* NULL: rules for all categories only */
    char *dsn;      /* of a database in place of files; NULL: none */
    char *queries;
    char *credentials; /* NULL: what the data source says */
    int64_t query_s;
    char *currency;             /* of its reports; NULL: the country's first */
    int64_t closed_after_hours; /* -1: not said */
};

struct agent_conf {
    char *hub;    /* hub.pub */
    char *ingest; /* endpoint */
    char *store;
    char *transport_key;
    char *country;
    char *language; /* of what is shown: "en", "fr", "rw" */
    bool is_test;
    bool stays;
    int64_t retry_first_ms;
    int64_t retry_max_ms;
    int64_t settle_s;
    char *date_format;
    char *overdue_basis;
    int64_t fiscal_year_month;
    struct config_texts genders; /* "WORD = CODE" */
    struct config_texts products;
    struct config_texts sectors;
    struct config_texts branches;
    struct config_texts total_words;
    struct config_texts gl;               /* "PREFIX = item" or "PREFIX = -item" */
    struct config_texts authority;        /* as they stand in the file */
    struct authority_keys authority_keys; /* whose orders are obeyed */
    struct config_groups institutions;    /* of struct conf_institution */
};

void agent_conf_close(struct agent_conf *conf);
/* "tcp://HOST:PORT" */
bool endpoint_is_valid(const char *endpoint);
MUST_USE enum err agent_conf_read(const char *path, struct complaint *complaint,
                                  struct agent_conf *ret_conf);
/* What holds without a file, for `check` before `init`. */
MUST_USE enum err agent_conf_default(struct agent_conf *ret_conf);
const struct conf_institution *agent_conf_institution(const struct agent_conf *conf,
                                                      const char *id);

/* The lists of words as the book side reads them; in the arena. ERR_CONFIG names the item that has
 * no "=". */
MUST_USE enum err agent_conf_maps(const struct agent_conf *conf, struct arena *arena,
                                  struct complaint *complaint, const struct book_maps **ret_maps);

/* Appends the commented file that `init` writes. */
struct conf_template {
    const char *ingest;
    const char *country;
    const char *category;
    const char *currency;
    bool is_test;
    const char *const *institutions;
    size_t institution_count;
};
/* Only the groups of the list `institutions`. */
MUST_USE enum err agent_conf_groups(const struct conf_template *values, struct buffer *text);
MUST_USE enum err agent_conf_template(const struct conf_template *values, struct buffer *text);

#endif
