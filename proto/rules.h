/* One evaluator, one verdict: the same table judges in the agent before sending and in the hub. */
#ifndef IHURIRO_PROTO_RULES_H
#define IHURIRO_PROTO_RULES_H

#include "proto/catalogue.h"
#include "proto/messages.h"
#include "proto/record.h"
#include "proto/registry.h"

/* What surrounds the report. What is not known (at an agent that works offline) is left zero, and
 * the rules that need it do not fire; those that only the hub can make are marked needs_hub. */
struct rules_context {
    const PbSettings *settings; /* may be NULL: defaults built into the table */
    const struct party *party;  /* its row, or NULL */
    int64_t received_at_us;     /* the hub's clock, or the agent's */
    bool knows_history;
    uint32_t highest_vintage; /* of those accepted of this place; 0: none */
    int64_t highest_since_us; /* its first_received_at */
    bool has_final;           /* a FINAL one was accepted */
    uint32_t silent_vintages; /* of those accepted, which only made final or explained (D48) */
    /* What it is compared with, of the same institution; NULL: none is accepted, and the rules that
     * need it do not fire. Which of them a type needs: rules_need. */
    const PbReport *portfolio;  /* current, of a period with the same end */
    const PbReport *liquidity;  /* the same */
    const PbReport *operations; /* the same */
    const PbReport *capital;    /* the latest that ends then or before */
    const PbReport *opening;    /* same type, as of the day before this period, of any frequency */
    const PbReport *preceding;  /* same type and frequency, the period before */
    const PbReport *month_ago; /* same type and frequency, of days or weeks: about 30 days before */
};

/* What the rules of a type compare its reports with. */
enum rules_beside {
    BESIDE_PORTFOLIO = 1 << 0,
    BESIDE_LIQUIDITY = 1 << 1,
    BESIDE_OPERATIONS = 1 << 2,
    BESIDE_CAPITAL = 1 << 3,
    BESIDE_OPENING = 1 << 4,
    BESIDE_PRECEDING = 1 << 5,
    BESIDE_MONTH_AGO = 1 << 6,
};
unsigned rules_need(int report_type);

#define VINTAGES_WITHOUT_A_WORD 3 /* DEL-03 */
/* It only makes final or explains, and is no correction (D48). */
bool report_is_silent(const PbReport *report);

/* A judgement being made. Over FINDINGS_MAX the last slot says so: rule "MORE", got: how many more,
 * with the worst of their severities. Paths live in the arena.
 *
 * expected and got are two amounts, or whatever the field at path holds: days, microseconds,
 * counts. Of ENV-04, expected is the next vintage and got the time at which the hub received the
 * highest accepted one (absent: there is none); the vintage that was sent is the report's. */
struct findings {
    struct arena *arena;
    size_t count;
    PbFinding rows[FINDINGS_MAX];
};

/* ENV rules that refuse (DESIGN: typed answer, not journaled) in an unpacked report: the size half
 * of ENV-11, ENV-13 test data, ENV-14 personal data. ERR_REFUSED with the finding; ERR_OK when
 * there is none. ENV-01, 02 and 03 are the caller's. */
MUST_USE enum err rules_refuse(const PbReport *report, const PbSettings *settings, bool hub_is_test,
                               struct findings *findings);
/* The same of a report that came in so many bytes. */
MUST_USE enum err rules_refuse_received(const PbReport *report, size_t size,
                                        const PbSettings *settings, bool hub_is_test,
                                        struct findings *findings);
/* All other rules. The verdict follows from the severities. */
MUST_USE enum err rules_judge(const PbReport *report, const struct rules_context *context,
                              struct findings *findings, enum verdict *ret_verdict);
/* Packs a Judgement; appends. */
MUST_USE enum err judgement_pack(const uint8_t *settings_id, const struct findings *findings,
                                 struct buffer *judgement);

/* Of a rule about days, codes or texts, or whose bounds are lists of the settings of their own. */
#define NO_TOLERANCE (-1)

struct judging;

struct rule {
    const char *id;
    enum severity severity;
    const char *summary; /* what must hold, in a line */
    const char
        *sentence;  /* for a bookkeeper, with what to do; {path}, {expected}, {got} are replaced */
    bool needs_hub; /* only the hub can evaluate it */
    bool is_fixed;  /* settings cannot switch it off or change its severity */
    int64_t tolerance_bp; /* unless the settings say another; NO_TOLERANCE: they cannot */
    void (*evaluate)(struct judging *judging, const struct rule *rule); /* NULL: a refusal */
};

const struct rule *rule_find(const char *id);                 /* NULL if there is none */
const struct rule *rules_at(size_t index, size_t *ret_count); /* the table, in order */
/* The sentence with its values, in the catalogue's language (NULL: English); amounts in the
 * report's currency. report may be NULL where its bytes are not at hand. Appends. */
MUST_USE enum err finding_sentence(const struct catalogue *catalogue, const PbFinding *finding,
                                   const PbReport *report, struct buffer *text);
/* The same, for whoever is to act on it: what nobody has reviewed in this language is followed by
 * `between` and the sentence of the language beneath. */
MUST_USE enum err finding_words(const struct catalogue *catalogue, const PbFinding *finding,
                                const PbReport *report, const char *between, struct buffer *text);

#endif
