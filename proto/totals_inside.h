/* What the files of totals share. Nobody else includes it. */
#ifndef IHURIRO_PROTO_TOTALS_INSIDE_H
#define IHURIRO_PROTO_TOTALS_INSIDE_H

#include "proto/ratios_inside.h"
#include "proto/totals.h"

/* ---- lines ---- */

#define LINE_NAME_MAX 64

/* How a row of a repeated field is found to be of a line. */
struct row_key {
    size_t offset; /* of the row's field, an enum */
    int value;
    size_t offset2; /* 0: one key only */
    int value2;
    const char *text; /* instead: of a text field */
    int32_t from_day; /* instead: edges */
    int32_t to_day;
    int item;
};

struct line {
    char name[LINE_NAME_MAX];
    enum ratio_unit unit;
    bool is_ratio;     /* it has parts; else its denominator is 1 */
    bool needs_before; /* it compares itself: no change of it, and no estimate */
    bool is_yearly;
    bool is_exposed;
    bool is_of_rows; /* a code or bucket of a repeated field: no quartiles of it */
    const struct ratio *ratio;
    /* NULL: the ratio's. */
    bool (*parts)(const struct line *line, const struct ratio_inputs *inputs,
                  struct ratio_parts *ret_parts);
    int type;                               /* of report */
    const ProtobufCFieldDescriptor *field;  /* the value's */
    const ProtobufCFieldDescriptor *within; /* message or rows that it stands in; NULL: the body */
    struct row_key key;
};

/* Every line that can be summed, in the order in which it is listed. */
struct lines {
    struct line *items;
    size_t count;
    size_t capacity;
};
void lines_close(struct lines *lines);
MUST_USE enum err lines_make(const PbSettings *settings, const struct period *month,
                             struct lines *ret_lines);
bool line_parts(const struct line *line, const struct ratio_inputs *inputs,
                struct ratio_parts *ret_parts);
/* Of the terms. A word takes the line of that name and those whose name goes on with a dot. */
bool line_is_asked(const struct totals_terms *terms, const char *name, bool is_yearly);
bool word_takes(const char *word, const char *name);

/* ---- breakdown rows of PORTFOLIO ---- */

struct measure {
    const char *name;
    enum ratio_unit unit;
    bool is_ratio;
    bool (*parts)(const PbBreakdownRow *row, struct ratio_parts *ret_parts);
};
#define MEASURES 12
extern const struct measure measures[MEASURES];
int breakdown_dimension(enum total_by by); /* of PbBreakdownRow; 0: none */

/* ---- the fold ---- */

struct accumulator {
    wide numerator;
    wide denominator;
    wide assets; /* of those who reported */
    wide before_numerator;
    wide before_denominator;
    wide matched_numerator;
    wide matched_denominator;
    uint32_t reported;
    uint32_t estimated;
    uint32_t matched_count;
};

/* What one line, or one measure of one code, came to. */
struct column {
    const struct line *line; /* NULL: a measure */
    const struct measure *measure;
    int64_t *values; /* by member; NULL: it has no quartiles */
    bool *has_value;
};

struct group {
    enum total_by by;
    const char *code;
    const char *currency;
    size_t place; /* while they are put in order */
    uint32_t expected;
    uint32_t not_shared;
    uint32_t assets_unknown;
    wide assets;       /* known */
    uint32_t *members; /* that are expected, and may be read */
    size_t member_count;
    struct accumulator *sums; /* by column; of measures only where it is by COUNTRY */
    size_t sum_count;
};

#define GROUPS_OF_MEMBER 4
struct member {
    const struct party *party;
    bool owes;
    bool owes_before;
    bool may_be_read;
    bool was_fed;
    size_t groups[GROUPS_OF_MEMBER]; /* the first is that by COUNTRY */
    size_t group_count;              /* 0: it owes nothing now */
    size_t unit;                     /* SIZE_MAX: on its own */
    bool has_assets;
    int64_t assets;
};

struct both {
    bool has_now;
    bool has_before;
    bool has_estimate; /* and nothing now */
    struct ratio_parts now;
    struct ratio_parts before;
    struct ratio_parts estimate;
};

/* Members that mergers or splits between the two ends link. */
struct unit {
    size_t *members;
    size_t count;
};
struct unit_parts {
    struct both *items; /* by column; those made later are not there */
    size_t count;
};

struct breakdown_code {
    enum total_by by;
    const char *code;
    size_t first_column;
};

/* Where a row comes from. */
struct emitted {
    uint32_t group;
    uint32_t column;
    uint8_t by;
    const char *code; /* of a measure */
};

struct totals {
    struct period month;
    struct period before;
    bool has_estimates;
    bool is_asked_measure[MEASURES];
    const struct registry *registry;
    const PbSettings *settings;
    unsigned by; /* a bit each */
    int months_before;
    struct arena arena; /* names, codes, units */
    struct lines lines; /* those asked for */
    struct group *groups;
    size_t group_count;
    size_t group_capacity;
    size_t country_count; /* the first ones */
    struct member *members;
    size_t member_count;
    struct unit *units;
    size_t unit_count;
    struct unit_parts *unit_parts; /* by member; of those in a unit */
    struct breakdown_code *codes;
    size_t code_count;
    size_t code_capacity;
    struct column *columns;
    size_t column_count;
    size_t column_capacity;
    struct both *codes_of_member; /* of the member in hand: codes x measures */
    size_t codes_of_member_count;
    struct emitted *emitted; /* while it is sealed */
    size_t emitted_count;
    size_t emitted_capacity;
    struct total_row *rows;
    size_t row_count;     /* made so far */
    int64_t *sorted;      /* as many as members */
    bool *may_be_read;    /* by place in the registry */
    struct arena feeding; /* of the member in hand */
    bool is_sealed;       /* or on its way */
};

MUST_USE enum err groups_make(struct totals *totals);
MUST_USE enum err units_make(struct totals *totals);
void units_add(struct totals *totals); /* when all was fed */
/* Of a group that it has. Lies beside those of the columns before and behind: a member is fed
 * column by column. */
static inline struct accumulator *sum_of(const struct totals *totals, size_t group, size_t column)
{
    return &totals->groups[group].sums[column];
}
MUST_USE enum err column_add(struct totals *totals, const struct column *like);
/* A sum that fits, as a value of its unit. False: it does not fit. A denominator of 0: null. */
bool value_of(const struct column *column, wide numerator, wide denominator,
              struct ratio_parts *ret_parts, struct ratio_value *ret_value);
/* estimate: NULL, or what stands for a PORTFOLIO that has not come. */
MUST_USE enum err breakdown_feed(struct totals *totals, size_t index, const struct totals_fed *fed,
                                 const struct ratio_inputs *estimate);
MUST_USE enum err column_feed(struct totals *totals, size_t column, size_t index,
                              const struct both *both);
/* May what it reported be read for these totals? */
bool party_may_be_read(const struct totals *totals, const struct party *party);
/* What is fed into; rows need it no more. */
void fold_close(struct totals *totals);

#endif
