#include "hub/show_subscribers.h"

#include <stdio.h>
#include <string.h>

#include "proto/record.h"
#include "proto/text.h"

/* Kinds and types by their names. */
static json_t *json_of_numbers(const PbFilter *filter, bool is_kinds)
{
    json_t *list = json_array();
    size_t count = is_kinds ? filter->n_kinds : filter->n_types;
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list,
                              json_string(is_kinds ? record_kind_name((int)filter->kinds[i])
                                                   : report_type_name((int)filter->types[i])));
    }
    return list;
}

static json_t *json_of_texts(char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, json_string(texts[i]));
    }
    return list;
}

/* Of a filter what it names; nothing: all. */
static json_t *json_of_filter(const PbFilter *filter)
{
    json_t *json = json_object();
    const struct {
        const char *name;
        json_t *list;
    } lists[] = {
        {"kinds", json_of_numbers(filter, true)},
        {"types", json_of_numbers(filter, false)},
        {"institutions", json_of_texts(filter->institutions, filter->n_institutions)},
        {"categories", json_of_texts(filter->categories, filter->n_categories)},
        {"districts", json_of_texts(filter->districts, filter->n_districts)},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (json_array_size(lists[i].list) > 0) {
            json_object_set(json, lists[i].name, lists[i].list);
        }
        json_decref(lists[i].list);
    }
    if (filter->period != NULL) {
        json_object_set_new(json, "period", json_string(filter->period));
    }
    if (filter->has_known_at_us) {
        char time[TIME_TEXT_MAX + 1];
        time_format(filter->known_at_us, time);
        json_object_set_new(json, "known_at", json_string(time));
    }
    return json;
}

json_t *json_of_subscribers(const Ihuriro__V1__Status *status)
{
    json_t *list = json_array();
    for (size_t i = 0; i < status->n_subscribers; i++) {
        const Ihuriro__V1__Subscriber *subscriber = status->subscribers[i];
        char since[TIME_TEXT_MAX + 1];
        char asked[TIME_TEXT_MAX + 1];
        time_format(subscriber->since_us, since);
        time_format(subscriber->asked_us, asked);
        json_t *json = json_pack("{s:s,s:I,s:I,s:s,s:s,s:b}", "party", subscriber->party,
                                 "position", (json_int_t)subscriber->position, "lag",
                                 (json_int_t)subscriber->lag, "since", since, "asked", asked,
                                 "waiting", subscriber->has_parked && subscriber->parked);
        json_t *filter = subscriber->filter == NULL ? NULL : json_of_filter(subscriber->filter);
        if (json_object_size(filter) > 0) { /* else all */
            json_object_set(json, "filter", filter);
        }
        json_decref(filter);
        json_array_append_new(list, json);
    }
    return list;
}

/* "types LIQUIDITY, CAPITAL; district Huye" */
static void print_filter(const PbFilter *filter)
{
    json_t *json = json_of_filter(filter);
    const char *name = NULL;
    json_t *value = NULL;
    const char *before = "";
    json_object_foreach(json, name, value)
    {
        size_t i = 0;
        json_t *item = NULL;
        printf("%s%s ", before, name);
        if (json_is_string(value)) {
            printf("%s", json_string_value(value));
        }
        json_array_foreach(value, i, item)
        {
            char text[TEXT_BYTES_MAX];
            const char *raw = json_string_value(item);
            printf("%s%s", i > 0 ? ", " : "",
                   text_escape(bytes_of(raw, strlen(raw)), text, sizeof text));
        }
        before = "; ";
    }
    printf("%s\n", before[0] == '\0' ? "all" : "");
    json_decref(json);
}

void print_subscribers(const Ihuriro__V1__Status *status)
{
    if (status->n_subscribers == 0) {
        printf("\nsubscribers     none has asked since the hub began\n");
        return;
    }
    printf("\n%-16s %10s %8s %-20s %-7s %s\n", "subscriber", "position", "lag", "asked", "waits",
           "filter");
    for (size_t i = 0; i < status->n_subscribers; i++) {
        const Ihuriro__V1__Subscriber *subscriber = status->subscribers[i];
        char asked[TIME_TEXT_MAX + 1];
        time_format(subscriber->asked_us / 1000000 * 1000000, asked);
        printf("%-16s %10llu %8llu %-20s %-7s ", subscriber->party,
               (unsigned long long)subscriber->position, (unsigned long long)subscriber->lag, asked,
               subscriber->has_parked && subscriber->parked ? "yes" : "no");
        if (subscriber->filter == NULL) {
            printf("all\n");
        } else {
            print_filter(subscriber->filter);
        }
    }
    if (status->has_feeds && status->feeds > status->n_subscribers) {
        printf("and %llu more, which are less behind\n",
               (unsigned long long)(status->feeds - status->n_subscribers));
    }
}
