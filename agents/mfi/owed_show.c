#include "agents/mfi/owed_show.h"

#include <stdio.h>
#include <string.h>

#include "proto/ratios.h"
#include "proto/text.h"

#define PLAIN_MAX 80

typedef Ihuriro__V1__BreachRow PbBreachRow;

/* The hub's words, fit for a terminal. */
static const char *plain(const char *text, char out[static PLAIN_MAX])
{
    return text_escape(bytes_of(text, text != NULL ? strlen(text) : 0), out, PLAIN_MAX);
}

const char *local_time(int64_t time_us, int utc_offset_minutes, char out[static LOCAL_TIME_MAX])
{
    char day[11];
    int64_t minute = time_us / 60000000 + utc_offset_minutes;
    day_format(time_day(time_us, utc_offset_minutes), day);
    snprintf(out, LOCAL_TIME_MAX, "%s %02d:%02d", day, (int)(minute / 60 % 24), (int)(minute % 60));
    return out;
}

/* ---- for a person ---- */

struct showing {
    const struct owed *owed;
    int utc_offset_minutes;
    const struct voice *voice;
};

static void print_item(const struct showing *showing, const struct owed_item *item)
{
    char key[40];
    char type[16];
    char period[16];
    char due[LOCAL_TIME_MAX];
    char grace[LOCAL_TIME_MAX];
    char order[PLAIN_MAX];
    char name[PERIOD_KEY_MAX + 1];
    period_format(&item->period, name);
    snprintf(key, sizeof key, "status.owed.%s", owed_state_name(item->state));
    snprintf(type, sizeof type, "%-10s", report_type_name(item->type));
    snprintf(period, sizeof period, "%-10s", name);
    const struct word words[] = {
        {"type", type},
        {"period", period},
        {"due", local_time(item->row->due_us, showing->utc_offset_minutes, due)},
        {"grace", local_time(item->row->grace_us, showing->utc_offset_minutes, grace)},
        {"order", plain(item->row->order, order)},
        {0}};
    const struct {
        bool is_said;
        const char *key;
    } beneath[] = {
        {item->is_rejected, "status.owed.rejected"},
        {item->is_provisional, "status.owed.provisional"},
        {item->is_here && owed_is_open(item->state) && !item->is_provisional, "status.owed.here"},
        {item->row->order != NULL && item->trust == ORDER_GOOD && owed_is_open(item->state),
         "status.owed.ordered"},
        {item->trust == ORDER_NOT_SHOWN || item->trust == ORDER_SAYS_OTHERWISE,
         "status.owed.unsaid"},
    };
    say(showing->voice, "    ", key, words);
    for (size_t i = 0; i < sizeof beneath / sizeof beneath[0]; i++) {
        if (beneath[i].is_said) {
            say(showing->voice, "      ", beneath[i].key, words);
        }
    }
}

/* In the unit that people read: 12.34 %, 1,500,000, 30. */
static void write_value(const struct showing *showing, const PbBreachRow *row, int64_t value,
                        char out[static CATALOGUE_VALUE_MAX])
{
    const struct ratio *ratio = ratio_find(row->ratio);
    bool is_share = ratio != NULL && ratio->unit == RATIO_BASIS_POINTS;
    catalogue_number(showing->voice->catalogue, value, is_share ? 2 : 0, out);
    size_t used = strlen(out);
    if (is_share && used + 3 <= CATALOGUE_VALUE_MAX) {
        memcpy(out + used, " %", 3);
    }
}

static void print_breach(const struct showing *showing, const PbBreachRow *row)
{
    char limit[PLAIN_MAX];
    char ratio[PLAIN_MAX];
    char period[PLAIN_MAX];
    char value[CATALOGUE_VALUE_MAX];
    char bound[CATALOGUE_VALUE_MAX];
    write_value(showing, row, row->value, value);
    write_value(showing, row, row->bound, bound);
    say(showing->voice, "  ", row->is_breach ? "status.limit.breach" : "status.limit.near",
        (const struct word[]){{"limit", plain(row->limit, limit)},
                              {"ratio", plain(row->ratio, ratio)},
                              {"period", plain(row->period, period)},
                              {"value", value},
                              {"bound", bound},
                              {0}});
    if (row->is_breach && !(row->has_is_confirmed && row->is_confirmed)) {
        say(showing->voice, "    ", "status.limit.unconfirmed", NULL);
    }
}

/* What is genuine is as plain as it should be, and keeps its accents. */
static void print_order(const struct showing *showing, const struct owed_order *order)
{
    char key[40];
    char id[PLAIN_MAX];
    char authority[PLAIN_MAX];
    char from[11];
    char until[11];
    snprintf(key, sizeof key, "status.order.%s", order_trust_name(order->trust));
    day_format(order->order->from_day, from);
    day_format(order->order->until_day, until);
    say(showing->voice, "  ", key,
        (const struct word[]){{"order", plain(order->order->id, id)},
                              {"authority", plain(order->order->authority, authority)},
                              {"from", from},
                              {"until", until},
                              {"reason", order->trust == ORDER_GOOD ? order->order->reason : ""},
                              {0}});
}

void owed_print(const struct owed *owed, int utc_offset_minutes, const struct voice *voice)
{
    const struct showing showing = {owed, utc_offset_minutes, voice};
    char said[LOCAL_TIME_MAX];
    if (owed == NULL) {
        say(voice, "  ", "status.owed.never", NULL);
        return;
    }
    say(voice, "  ", owed->count > 0 ? "status.owed" : "status.owed.nothing",
        (const struct word[]){{"time", local_time(owed->said_us, utc_offset_minutes, said)}, {0}});
    for (size_t i = 0; i < owed->count; i++) {
        print_item(&showing, &owed->items[i]);
    }
    for (size_t i = 0; i < owed->order_count; i++) {
        print_order(&showing, &owed->orders[i]);
    }
    for (size_t i = 0; i < owed->breach_count; i++) {
        print_breach(&showing, owed->breaches[i]);
    }
}

/* ---- for a program ---- */

static json_t *item_json(const struct owed_item *item)
{
    char period[PERIOD_KEY_MAX + 1];
    char due[TIME_TEXT_MAX + 1];
    char grace[TIME_TEXT_MAX + 1];
    period_format(&item->period, period);
    time_format(item->row->due_us, due);
    time_format(item->row->grace_us, grace);
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b}", "type", report_type_name(item->type), "period",
        period, "due", due, "grace_until", grace, "state", owed_state_name(item->state), "rejected",
        item->is_rejected, "provisional_only", item->is_provisional, "here", item->is_here);
    if (json != NULL && item->row->order != NULL) {
        json_object_set_new(json, "order", json_string(item->row->order));
        json_object_set_new(json, "order_trust", json_string(order_trust_name(item->trust)));
    }
    return json;
}

static json_t *breach_json(const PbBreachRow *row)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:b}", "limit", row->limit, "ratio",
                     row->ratio, "period", row->period, "value", (json_int_t)row->value, "bound",
                     (json_int_t)row->bound, "breach", row->is_breach, "confirmed",
                     row->has_is_confirmed && row->is_confirmed);
}

static json_t *order_json(const struct owed_order *order)
{
    char from[11];
    char until[11];
    day_format(order->order->from_day, from);
    day_format(order->order->until_day, until);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", order->order->id, "authority",
                     order->order->authority, "from", from, "until", until, "trust",
                     order_trust_name(order->trust));
}

json_t *owed_json(const struct owed *owed)
{
    char said[TIME_TEXT_MAX + 1];
    json_t *reports = json_array();
    json_t *orders = json_array();
    json_t *breaches = json_array();
    time_format(owed->said_us, said);
    for (size_t i = 0; i < owed->count; i++) {
        json_array_append_new(reports, item_json(&owed->items[i]));
    }
    for (size_t i = 0; i < owed->order_count; i++) {
        json_array_append_new(orders, order_json(&owed->orders[i]));
    }
    for (size_t i = 0; i < owed->breach_count; i++) {
        json_array_append_new(breaches, breach_json(owed->breaches[i]));
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "said_at", said, "reports", reports, "orders", orders,
                     "breaches", breaches);
}
