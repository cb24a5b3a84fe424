/* The evaluator. The table is in rules_table.c, what each row looks at in rules_envelope.c,
 * rules_portfolio.c and rules_liquidity.c. */
#include "proto/rules.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/fields.h"
#include "proto/limits.h"
#include "proto/rules_inside.h"
#include "proto/text.h"

static_assert(FIELD_PATH_MAX == 160, "row_path writes that much");

static char rule_more[] = "MORE";

enum err rules_judge(const PbReport *report, const struct rules_context *context,
                     struct findings *findings, enum verdict *ret_verdict)
{
    struct judging judging = {.report = report, .context = context, .findings = findings};
    size_t count = 0;
    const struct rule *rules = rules_at(0, &count);
    for (size_t i = 0; i < count; i++) {
        if (rules[i].evaluate != NULL) {
            rules[i].evaluate(&judging, &rules[i]);
        }
    }
    if (judging.err != ERR_OK) {
        return judging.err;
    }
    *ret_verdict = judging.worst == SEVERITY_ERROR     ? VERDICT_REJECTED
                   : judging.worst == SEVERITY_WARNING ? VERDICT_ACCEPTED_WITH_WARNINGS
                                                       : VERDICT_ACCEPTED;
    return ERR_OK;
}

/* The settings' row for a rule, that of the party's category before that for all; NULL if none. */
static const Ihuriro__V1__RuleSetting *setting_of(const struct judging *judging,
                                                  const struct rule *rule)
{
    const PbSettings *settings = judging->context->settings;
    const struct party *party = judging->context->party;
    const Ihuriro__V1__RuleSetting *found = NULL;
    for (size_t i = 0; settings != NULL && i < settings->n_rules; i++) {
        const Ihuriro__V1__RuleSetting *row = settings->rules[i];
        if (strcmp(row->rule, rule->id) != 0) {
            continue;
        }
        if (row->category == NULL) {
            found = found == NULL ? row : found;
        } else if (party != NULL && party->category != NULL &&
                   strcmp(row->category, party->category) == 0) {
            found = row;
        }
    }
    return found;
}

int64_t judging_tolerance_bp(const struct judging *judging, const struct rule *rule)
{
    if (rule->tolerance_bp == NO_TOLERANCE) {
        return 0;
    }
    const Ihuriro__V1__RuleSetting *setting = setting_of(judging, rule);
    return setting != NULL && setting->has_tolerance_bp ? setting->tolerance_bp
                                                        : rule->tolerance_bp;
}

static int64_t clamped(wide value)
{
    return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

/* The next free slot. When all are taken the last one becomes MORE, counts, and takes the worst
 * severity of what it stands for. */
static PbFinding *next_slot(struct findings *findings, enum severity severity)
{
    if (findings->count < FINDINGS_MAX) {
        return &findings->rows[findings->count++];
    }
    PbFinding *last = &findings->rows[FINDINGS_MAX - 1];
    if (last->rule != rule_more) {
        Ihuriro__V1__Severity first = last->severity;
        ihuriro__v1__finding__init(last);
        last->rule = rule_more;
        last->severity = first;
        last->has_got = 1;
        last->got = 1;
    }
    last->got++;
    if ((int)severity > (int)last->severity) {
        last->severity = (Ihuriro__V1__Severity)severity;
    }
    return NULL;
}

/* NULL without a slot, without memory, or when the rule is switched off. */
static PbFinding *add(struct judging *judging, const struct rule *rule, enum severity severity,
                      const char *path)
{
    const Ihuriro__V1__RuleSetting *setting = rule->is_fixed ? NULL : setting_of(judging, rule);
    if (setting != NULL && setting->has_off && setting->off) {
        return NULL;
    }
    if (setting != NULL && setting->has_severity) {
        severity = (enum severity)setting->severity;
    }
    judging->worst = severity > judging->worst ? severity : judging->worst;
    PbFinding *slot = next_slot(judging->findings, severity);
    if (slot == NULL) {
        return NULL;
    }
    ihuriro__v1__finding__init(slot);
    slot->rule = arena_text(judging->findings->arena, rule->id);
    slot->path = arena_text(judging->findings->arena, path);
    slot->severity = (Ihuriro__V1__Severity)severity;
    if (slot->rule == NULL || slot->path == NULL) {
        judging->findings->count--;
        judging->err = ERR_MEMORY;
        return NULL;
    }
    return slot;
}

void judging_find(struct judging *judging, const struct rule *rule, enum severity severity,
                  const char *path)
{
    (void)add(judging, rule, severity, path);
}

void judging_find_values(struct judging *judging, const struct rule *rule, enum severity severity,
                         const char *path, wide expected, wide got)
{
    PbFinding *finding = add(judging, rule, severity, path);
    if (finding != NULL) {
        finding->has_expected = 1;
        finding->expected = clamped(expected);
        finding->has_got = 1;
        finding->got = clamped(got);
    }
}

bool is_within(wide expected, wide got, wide base, int64_t tolerance_bp)
{
    wide difference = got > expected ? got - expected : expected - got;
    return difference * 10000 <= (base < 0 ? -base : base) * tolerance_bp;
}

void judging_expect_equal(struct judging *judging, const struct rule *rule, const char *path,
                          wide expected, wide got)
{
    if (expected != got &&
        !is_within(expected, got, expected, judging_tolerance_bp(judging, rule))) {
        judging_find_values(judging, rule, rule->severity, path, expected, got);
    }
}

bool judging_is_at_most(const struct judging *judging, const struct rule *rule, wide limit,
                        wide got)
{
    return got <= limit || is_within(limit, got, limit, judging_tolerance_bp(judging, rule));
}

void judging_expect_at_most(struct judging *judging, const struct rule *rule, const char *path,
                            wide limit, wide got)
{
    if (!judging_is_at_most(judging, rule, limit, got)) {
        judging_find_values(judging, rule, rule->severity, path, limit, got);
    }
}

bool judging_is_noted(const struct judging *judging, const char *path)
{
    for (size_t i = 0; i < judging->report->n_field_notes; i++) {
        if (strcmp(judging->report->field_notes[i]->path, path) == 0) {
            return true;
        }
    }
    return false;
}

void row_path(const char *rows, size_t index, const char *field, char ret_path[static 160])
{
    int length = snprintf(ret_path, 160, "%s[%zu].%s", rows, index, field);
    assert(length > 0 && length < 160);
}

/* ---- What is refused ---- */

struct private_search {
    const PbSettings *settings;
    const struct rule *rule;
    struct judging *judging;
};

/* Written by programs or registered by the operator, not typed into a report. */
static bool is_free_text(const ProtobufCFieldDescriptor *descriptor)
{
    static const char *const others[] = {"institution", "key", "currency", "agent_version",
                                         "query_version"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(descriptor->name, others[i]) == 0) {
            return false;
        }
    }
    return true;
}

static bool holds_private_number(void *context, const struct field *field)
{
    const struct private_search *search = context;
    return field->kind == FIELD_TEXT && is_free_text(field->descriptor) &&
           text_has_private_number(field->text, search->settings);
}

static enum err name_private_number(void *context, const struct field *field)
{
    struct private_search *search = context;
    if (holds_private_number(context, field)) {
        judging_find(search->judging, search->rule, SEVERITY_ERROR, field->path);
    }
    return ERR_OK;
}

enum err rules_refuse(const PbReport *report, const PbSettings *settings, bool hub_is_test,
                      struct findings *findings)
{
    return rules_refuse_received(report, protobuf_c_message_get_packed_size(&report->base),
                                 settings, hub_is_test, findings);
}

enum err rules_refuse_received(const PbReport *report, size_t size, const PbSettings *settings,
                               bool hub_is_test, struct findings *findings)
{
    struct rules_context context = {.settings = settings};
    struct judging judging = {.report = report, .context = &context, .findings = findings};
    bool is_test = report->has_test_data && report->test_data;
    if (is_test != hub_is_test) {
        judging_find_values(&judging, rule_find("ENV-13"), SEVERITY_ERROR, "test_data", hub_is_test,
                            is_test);
    }
    if (size > REPORT_BYTES_MAX) {
        judging_find_values(&judging, rule_find("ENV-11"), SEVERITY_ERROR, "report",
                            REPORT_BYTES_MAX, (wide)size);
    }
    struct private_search search = {settings, rule_find("ENV-14"), &judging};
    if (fields_any(&report->base, PROTOBUF_C_TYPE_STRING, holds_private_number, &search)) {
        enum err err = fields_walk(&report->base, name_private_number, &search);
        if (err != ERR_OK) {
            return err;
        }
    }
    if (judging.err != ERR_OK) {
        return judging.err;
    }
    return judging.worst == SEVERITY_ERROR ? ERR_REFUSED : ERR_OK;
}

/* ---- Packing ---- */

enum err judgement_pack(const uint8_t *settings_id, const struct findings *findings,
                        struct buffer *judgement)
{
    PbJudgement message;
    ihuriro__v1__judgement__init(&message);
    struct bytes id = settings_id == NULL ? bytes_of(NULL, 0) : bytes_of(settings_id, SHA256_BYTES);
    message.settings = pb_of_bytes(id);
    PbFinding *rows[FINDINGS_MAX];
    PbFinding copies[FINDINGS_MAX];
    for (size_t i = 0; i < findings->count; i++) {
        copies[i] = findings->rows[i];
        rows[i] = &copies[i];
    }
    message.findings = rows;
    message.n_findings = findings->count;
    if (ihuriro__v1__judgement__get_packed_size(&message) > JUDGEMENT_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    return message_pack(&message.base, judgement);
}

/* ---- The table ---- */

const struct rule *rule_find(const char *id)
{
    size_t count = 0;
    const struct rule *rules = rules_at(0, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rules[i].id, id) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}
