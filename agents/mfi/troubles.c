#include "agents/mfi/troubles.h"

#include <stdio.h>
#include <string.h>

#include "agents/mfi/owed_show.h"
#include "agents/mfi/platform.h"
#include "conf/clock.h"
#include "proto/text.h"

const char *trouble_text(const struct folder_trouble *trouble, char out[static TROUBLE_TEXT_MAX])
{
    char folder[300];
    text_escape(bytes_of(trouble->folder, strlen(trouble->folder)), folder, sizeof folder);
    snprintf(out, TROUBLE_TEXT_MAX, "%s: %s", folder, trouble->text);
    return out;
}

void troubles_drop_gone(struct folder_troubles *troubles)
{
    size_t kept = 0;
    for (size_t i = 0; i < troubles->count; i++) {
        bool was_cut = strlen(troubles->items[i].folder) + 4 > sizeof troubles->items[i].folder;
        if (was_cut || platform_is_folder(troubles->items[i].folder)) {
            troubles->items[kept++] = troubles->items[i];
        }
    }
    troubles->count = kept;
}

/* Without memory the sentence is lacking, and a word stands for it: the check does not pass. */
static void add(const struct voice *voice, const char *key, const struct word *words,
                json_t *sentences)
{
    AUTO(buffer_close) struct buffer text = {0};
    json_t *sentence = catalogue_say(voice->catalogue, key, -1, words, &text) == ERR_OK
                           ? json_stringn((const char *)text.data, text.size)
                           : NULL;
    json_array_append_new(sentences, sentence != NULL ? sentence : json_string(key));
}

void troubles_of_folders(const struct voice *voice, const char *institution,
                         const struct folder_troubles *troubles, json_t *sentences)
{
    for (size_t i = 0; i < troubles->count; i++) {
        char text[TROUBLE_TEXT_MAX];
        add(voice, "status.check.folder",
            (const struct word[]){{"institution", institution},
                                  {"text", trouble_text(&troubles->items[i], text)},
                                  {0}},
            sentences);
    }
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "?";
}

void troubles_of_refused(const struct voice *voice, const char *institution, const json_t *refused,
                         json_t *sentences)
{
    size_t i = 0;
    json_t *json = NULL;
    json_array_foreach(refused, i, json)
    {
        add(voice, "status.check.refused",
            (const struct word[]){{"institution", institution},
                                  {"type", text_of(json, "type")},
                                  {"period", text_of(json, "period")},
                                  {"rule", text_of(json, "rule")},
                                  {0}},
            sentences);
    }
}

static void add_item(const struct voice *voice, const char *institution,
                     const struct owed_item *item, int utc_offset_minutes, json_t *sentences)
{
    char period[PERIOD_KEY_MAX + 1];
    char due[LOCAL_TIME_MAX];
    period_format(&item->period, period);
    add(voice, item->state == OWED_OVERDUE ? "status.check.overdue" : "status.check.rejected",
        (const struct word[]){{"institution", institution},
                              {"type", report_type_name(item->type)},
                              {"period", period},
                              {"due", local_time(item->row->due_us, utc_offset_minutes, due)},
                              {0}},
        sentences);
}

void troubles_of_owed(const struct voice *voice, const char *institution, const struct owed *owed,
                      int utc_offset_minutes, json_t *sentences)
{
    for (size_t i = 0; owed != NULL && i < owed->count; i++) {
        const struct owed_item *item = &owed->items[i];
        bool waits = item->is_here && !item->is_rejected && !item->is_provisional;
        if (owed_is_open(item->state) && !waits &&
            (item->state == OWED_OVERDUE || item->is_rejected)) {
            add_item(voice, institution, item, utc_offset_minutes, sentences);
        }
    }
    for (size_t i = 0; owed != NULL && i < owed->order_count; i++) {
        const struct owed_order *order = &owed->orders[i];
        char key[40];
        char id[80];
        snprintf(key, sizeof key, "status.order.%s", order_trust_name(order->trust));
        text_escape(bytes_of(order->order->id, strlen(order->order->id)), id, sizeof id);
        if (order->trust != ORDER_GOOD) {
            add(voice, key, (const struct word[]){{"order", id}, {0}}, sentences);
        }
    }
}

bool troubles_of_silence(const struct voice *voice, const struct contact *contact,
                         json_t *sentences)
{
    char time[TIME_TEXT_MAX + 1];
    bool is_silent = clock_wall_us() - contact->last_contact_us >= TROUBLES_SILENCE_US;
    time_format(contact->last_contact_us, time);
    if (is_silent) {
        add(voice, "status.check.silent",
            (const struct word[]){
                {"time", contact->last_contact_us > 0 ? time : phrase(voice, "status.never")}, {0}},
            sentences);
    }
    return is_silent;
}

void troubles_print(const struct voice *voice, const json_t *sentences, bool is_silent)
{
    size_t i = 0;
    json_t *sentence = NULL;
    if (json_array_size(sentences) == 0 && !is_silent) {
        say(voice, "", "status.check.well", NULL);
    }
    json_array_foreach(sentences, i, sentence)
    {
        fprintf(voice->file, "%s\n", json_string_value(sentence));
    }
}
