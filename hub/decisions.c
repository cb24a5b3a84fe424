#include "hub/decisions.h"

#include <string.h>

#include "proto/calendar.h"
#include "proto/record.h"

static enum err validate_waived(const struct decision_ground *ground, const PbEvent *event,
                                struct complaint *complaint);
static enum err validate_closed(const struct decision_ground *ground, const PbEvent *event,
                                struct complaint *complaint);
static enum err validate_order(const struct decision_ground *ground, const PbEvent *event,
                               struct complaint *complaint);

enum err decision_check(const struct decision_ground *ground, const PbEvent *event,
                        struct complaint *complaint)
{
    static const struct {
        int kind;
        enum err (*validate)(const struct decision_ground *ground, const PbEvent *event,
                             struct complaint *complaint);
    } rows[] = {
        {KIND_WAIVED, validate_waived},
        {KIND_CLOSED, validate_closed},
        {KIND_ORDER, validate_order},
    };
    const int kind = event_kind(event);
    enum err err = docket_validate(ground->docket, event, complaint);
    if (err == ERR_OK && ground->settings == NULL) {
        err = complain(complaint, ERR_REFUSED,
                       "No settings are in force yet, so that nobody owes anything. Start the hub "
                       "once: it journals them.");
    }
    for (size_t i = 0; err == ERR_OK && i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].kind == kind) {
            err = rows[i].validate(ground, event, complaint);
        }
    }
    return err;
}

enum err decision_of_members(const struct decision_ground *ground, const PbEvent *event,
                             struct complaint *complaint)
{
    int32_t end_day = 0;
    struct period month;
    char key[PERIOD_KEY_MAX + 1];
    const int32_t from_day = event->merged != NULL  ? event->merged->from_day
                             : event->split != NULL ? event->split->from_day
                                                    : INT32_MAX;
    if (from_day == INT32_MAX ||
        !docket_closed_within(ground->docket, from_day, INT32_MAX, &end_day) ||
        period_ending(FREQUENCY_M, end_day, &month) != ERR_OK) {
        return ERR_OK;
    }
    period_format(&month, key);
    return complain(complaint, ERR_REFUSED,
                    "This changes who owes reports of %s, which is closed. Open it first (`mfi-hub "
                    "reopen %s --reason REASON`), or give a later --from.",
                    key, key);
}

int32_t decision_day(const PbSettings *settings, int64_t time_us)
{
    return time_day(time_us, settings->utc_offset_minutes);
}

/* ---- waivers ---- */

struct owed_search {
    const struct period *period;
    uint32_t types; /* that something is owed of: bit of the type */
};

/* A waiver of a month stands for every key of days and weeks that ends in it. */
static bool covers(const struct period *waived, const struct period *owed)
{
    const bool is_shorter = owed->frequency == FREQUENCY_D || owed->frequency == FREQUENCY_W;
    return (waived->frequency == owed->frequency && waived->end_day == owed->end_day) ||
           (waived->frequency == FREQUENCY_M && is_shorter);
}

static enum err look_at_duty(void *context, const struct duty *duty)
{
    struct owed_search *search = context;
    if (covers(search->period, &duty->period)) {
        search->types |= 1U << duty->type;
    }
    return ERR_OK;
}

static enum err refuse_not_owed(const struct party *party, const struct period *period, int type,
                                struct complaint *complaint)
{
    char key[PERIOD_KEY_MAX + 1];
    period_format(period, key);
    return complain(complaint, ERR_REFUSED,
                    "%s owes no %s for %s, so that there is nothing to waive: look at `mfi-hub "
                    "status --period %s`.",
                    party->id, type == 0 ? "report" : report_type_name(type), key, key);
}

/* ret_types: that something is owed of, among the waiver's. */
static enum err types_owed(const struct decision_ground *ground, const struct party *party,
                           const struct period *period, uint32_t *ret_types)
{
    const struct calendar calendar = {ground->settings, ground->docket};
    struct owed_search search = {.period = period};
    enum err err = calendar_duties(&calendar, party, period->start_day, period->end_day,
                                   look_at_duty, &search);
    *ret_types = search.types;
    return err;
}

enum err decision_owes(const struct decision_ground *ground, const struct party *party,
                       const Ihuriro__V1__Waived *waived, bool *ret_owes)
{
    struct period period;
    uint32_t owed = 0;
    enum err err = period_parse(waived->period, &period);
    err = err != ERR_OK ? err : types_owed(ground, party, &period, &owed);
    *ret_owes = err == ERR_OK && waived->n_types == 0 && owed != 0;
    for (size_t i = 0; err == ERR_OK && i < waived->n_types; i++) {
        *ret_owes = *ret_owes || (owed & (1U << waived->types[i])) != 0;
    }
    return err;
}

/* Of each type that is named something must be owed; of none named, of any. */
static enum err validate_owed(const struct decision_ground *ground, const struct party *party,
                              const Ihuriro__V1__Waived *waived, const struct period *period,
                              struct complaint *complaint)
{
    uint32_t owed = 0;
    enum err err = types_owed(ground, party, period, &owed);
    if (err == ERR_OK && owed == 0) {
        err = refuse_not_owed(party, period, 0, complaint);
    }
    for (size_t i = 0; err == ERR_OK && i < waived->n_types; i++) {
        if ((owed & (1U << waived->types[i])) == 0) {
            err = refuse_not_owed(party, period, (int)waived->types[i], complaint);
        }
    }
    return err;
}

static enum err validate_waived(const struct decision_ground *ground, const PbEvent *event,
                                struct complaint *complaint)
{
    const Ihuriro__V1__Waived *waived = event->waived;
    const struct party *party = registry_find(ground->registry, event->subject);
    struct period period;
    enum err err = period_parse(waived->period, &period);
    if (err != ERR_OK) {
        return err; /* the docket has looked */
    }
    if (party == NULL || party->role != ROLE_MEMBER) {
        return complain(complaint, ERR_REFUSED,
                        "%s is no member: look at `mfi-hub parties list` for its id.",
                        event->subject);
    }
    if (docket_closed(ground->docket, period.end_day).state == PERIOD_CLOSED) {
        return complain(complaint, ERR_REFUSED,
                        "The month that %s ends in is closed, and with it who is excused: reopen "
                        "it first (`mfi-hub reopen MONTH --reason REASON`).",
                        waived->period);
    }
    const bool is_withdrawn = waived->has_withdrawn && waived->withdrawn;
    return is_withdrawn ? ERR_OK : validate_owed(ground, party, waived, &period, complaint);
}

/* ---- closing ---- */

static enum err stop_at_duty(void *context, const struct duty *duty)
{
    (void)context;
    (void)duty;
    return ERR_EXISTS;
}

static enum err find_duty(const struct decision_ground *ground, const struct period *month,
                          bool *ret_is_owed)
{
    const struct calendar calendar = {ground->settings, ground->docket};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < registry_count(ground->registry); i++) {
        const struct party *party = registry_at(ground->registry, i);
        if (party->role == ROLE_MEMBER) {
            err = calendar_duties(&calendar, party, month->start_day, month->end_day, stop_at_duty,
                                  NULL);
        }
    }
    *ret_is_owed = err == ERR_EXISTS;
    return err == ERR_EXISTS ? ERR_OK : err;
}

/* What is frozen must be what this journal holds. */
static enum err validate_position(const struct decision_ground *ground,
                                  const Ihuriro__V1__Closed *act, struct complaint *complaint)
{
    struct position position = {.size = act->position->size};
    memcpy(position.root.bytes, act->position->root.data, SHA256_BYTES);
    enum err err = position.size == 0 ? ERR_LOST : journal_stands(ground->txn, &position);
    return err == ERR_LOST
               ? complain(complaint, ERR_REFUSED,
                          "The position %llu that is to be frozen is not in this hub's history: "
                          "close the month again as of now.",
                          (unsigned long long)position.size)
               : err;
}

static enum err validate_closed(const struct decision_ground *ground, const PbEvent *event,
                                struct complaint *complaint)
{
    const Ihuriro__V1__Closed *act = event->closed;
    struct period month;
    bool is_owed = false;
    enum err err = period_parse(act->period, &month);
    if (err == ERR_OK &&
        event->time_us < calendar_instant(ground->settings, month.end_day + 1, 0)) {
        return complain(complaint, ERR_REFUSED,
                        "%s is not over: a month is closed after its last day.", act->period);
    }
    err = err != ERR_OK ? err : find_duty(ground, &month, &is_owed);
    if (err == ERR_OK && !is_owed) {
        return complain(complaint, ERR_REFUSED,
                        "Nobody owes a report for %s: there is nothing to close. Look at the "
                        "obligations in the settings, and from when on members report.",
                        act->period);
    }
    return err != ERR_OK ? err : validate_position(ground, act, complaint);
}

/* ---- orders ---- */

static enum err validate_signer(const struct decision_ground *ground,
                                const Ihuriro__V1__SignedOrder *signed_order,
                                struct complaint *complaint)
{
    if (ground->authority == NULL || ground->authority->count == 0) {
        return complain(complaint, ERR_REFUSED,
                        "No authority's key is pinned here: put the key that the regulator read to "
                        "you into hub.conf, `authority = [ \"HEX\" ];`, and start the hub again.");
    }
    if (!authority_is_pinned(ground->authority, bytes_of_pb(signed_order->signer))) {
        char signer[2 * PUBLIC_KEY_BYTES + 1];
        hex_encode(bytes_of_pb(signed_order->signer), signer);
        return complain(complaint, ERR_REFUSED,
                        "The order is signed by %s, a key that `authority` in hub.conf does not "
                        "pin. Ask the regulator, not the sender of the file, which key is theirs.",
                        signer);
    }
    return ERR_OK;
}

/* A suspension may reach back, but who was late in a closed month stays so. */
static enum err validate_reach(const struct decision_ground *ground, const PbOrder *order,
                               struct complaint *complaint)
{
    int32_t end_day = 0;
    struct period month;
    char key[PERIOD_KEY_MAX + 1];
    bool suspends = false;
    for (size_t i = 0; i < order->n_rows; i++) {
        suspends = suspends || order->rows[i]->action == IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    }
    if (!suspends ||
        !docket_closed_within(ground->docket, order->from_day, order->until_day, &end_day) ||
        period_ending(FREQUENCY_M, end_day, &month) != ERR_OK) {
        return ERR_OK;
    }
    period_format(&month, key);
    return complain(complaint, ERR_REFUSED,
                    "The order suspends duties of %s, which is closed. Open it first (`mfi-hub "
                    "reopen %s --reason REASON`), or have an order signed that begins later.",
                    key, key);
}

static enum err validate_order(const struct decision_ground *ground, const PbEvent *event,
                               struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    const PbOrder *order = NULL;
    char until[11];
    enum err err = validate_signer(ground, event->order, complaint);
    err = err != ERR_OK ? err : order_open(event->order, &arena, &order);
    if (err != ERR_OK) {
        return err;
    }
    const struct party *authority = registry_find(ground->registry, order->authority);
    if (authority == NULL || authority->role != ROLE_REGULATOR) {
        return complain(complaint, ERR_REFUSED,
                        "The order is given by %s, which is no regulator among the parties: add it "
                        "with `mfi-hub parties add %s --role regulator`, or have the order's "
                        "`authority` corrected and signed again.",
                        order->authority, order->authority);
    }
    if (order->until_day < decision_day(ground->settings, event->time_us)) {
        day_format(order->until_day, until);
        return complain(complaint, ERR_REFUSED,
                        "The order %s ended on %s: it changes nothing any more. A new one has to "
                        "be signed.",
                        order->id, until);
    }
    return validate_reach(ground, order, complaint);
}
