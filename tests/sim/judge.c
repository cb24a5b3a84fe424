#include "tests/sim/judge.h"

#include <stdio.h>
#include <string.h>

#include "conf/country.h"
#include "proto/rules_beside.h"
#include "tests/sim/totals.h"

/* What stands at a place of an institution. */
struct standing {
    int type;
    int frequency;
    int32_t end_day;
    uint32_t vintage; /* the highest accepted; 0: none */
    int64_t since_us;
    size_t at; /* its bytes, among the judged */
    size_t size;
    size_t last_at; /* what was sent last, accepted or not */
    size_t last_size;
};

struct book {
    struct standing *rows;
    size_t count;
    size_t capacity;
};

struct judge {
    struct sector *sector;
    const PbSettings *settings;
    struct arena settings_arena;
    struct arena arena; /* of the submission and what it is compared with */
    struct buffer judged;
    struct book books[MEMBERS_MAX];
};

static void judge_close(struct judge **judge)
{
    if (*judge == NULL) {
        return;
    }
    for (size_t i = 0; i < MEMBERS_MAX; i++) {
        free((*judge)->books[i].rows);
    }
    arena_close(&(*judge)->settings_arena);
    arena_close(&(*judge)->arena);
    buffer_close(&(*judge)->judged);
    free(*judge);
    *judge = NULL;
}

static struct standing *find(const struct book *book, int type, int frequency, int32_t end_day)
{
    for (size_t i = book->count; i-- > 0;) { /* the newest are asked for */
        struct standing *row = &book->rows[i];
        if (row->type == type && row->frequency == frequency && row->end_day == end_day) {
            return row;
        }
    }
    return NULL;
}

static struct standing *take_place(struct book *book, const PbReport *report)
{
    struct standing *found =
        find(book, (int)report->type, (int)report->period->frequency, report->period->end_day);
    if (found != NULL) {
        return found;
    }
    if (book->count == book->capacity) {
        size_t capacity = book->capacity == 0 ? 64 : 2 * book->capacity;
        struct standing *more = realloc(book->rows, capacity * sizeof *more);
        if (more == NULL) {
            return NULL;
        }
        book->rows = more;
        book->capacity = capacity;
    }
    book->rows[book->count] = (struct standing){.type = (int)report->type,
                                                .frequency = (int)report->period->frequency,
                                                .end_day = report->period->end_day};
    return &book->rows[book->count++];
}

/* The accepted report of a place; NULL: none. */
static enum err open_standing(struct judge *judge, const struct standing *standing,
                              PbReport **ret_report)
{
    *ret_report = NULL;
    if (standing == NULL || standing->vintage == 0) {
        return ERR_OK;
    }
    return MESSAGE_UNPACK(report, MESSAGE_TOLERANT,
                          bytes_of(judge->judged.data + standing->at, standing->size),
                          &judge->arena, ret_report);
}

static enum err look_beside(struct judge *judge, const struct book *book, const PbReport *report,
                            struct rules_context *context)
{
    struct beside_place places[BESIDE_PLACES_MAX];
    size_t count = beside_places(report, places);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        PbReport *found = NULL;
        err = open_standing(
            judge, find(book, places[i].type, places[i].frequency, places[i].end_day), &found);
        if (err == ERR_OK && found != NULL) {
            beside_fill(context, places[i].slots, found);
        }
    }
    return err;
}

static bool has_rule(const struct findings *findings, const char *rule)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->rows[i].rule, rule) == 0) {
            return true;
        }
    }
    return false;
}

/* A right report that contradicts what was wrong before goes out with its explanation. */
static enum err explain(struct judge *judge, const struct findings *findings, PbReport *report)
{
    static char code[] = "PREVIOUS_WRONG";
    report->explanations =
        arena_take(&judge->arena, findings->count * sizeof *report->explanations);
    for (size_t i = 0; report->explanations != NULL && i < findings->count; i++) {
        const PbFinding *finding = &findings->rows[i];
        if ((int)finding->severity != SEVERITY_ERROR) {
            continue;
        }
        Ihuriro__V1__Explanation *row = arena_take(&judge->arena, sizeof *row);
        if (row == NULL) {
            return ERR_MEMORY;
        }
        ihuriro__v1__explanation__init(row);
        row->rule = finding->rule;
        row->code = code;
        report->explanations[report->n_explanations++] = row;
    }
    return report->explanations == NULL ? ERR_MEMORY : ERR_OK;
}

static enum expected expected_of(enum verdict verdict)
{
    return verdict == VERDICT_ACCEPTED                 ? EXPECT_ACCEPTED
           : verdict == VERDICT_ACCEPTED_WITH_WARNINGS ? EXPECT_WARNED
                                                       : EXPECT_REJECTED;
}

/* The hand-written rule of the mistake where it can be found now; else what is found first. */
static const char *rule_found(const struct submission *submission, const struct findings *findings)
{
    if (submission->rule[0] != '\0' && has_rule(findings, submission->rule)) {
        return submission->rule;
    }
    if (findings->count > 0) {
        return rule_find(findings->rows[0].rule)->id;
    }
    return submission->mistake == MISTAKE_NONE ? "" : "UNDETECTABLE";
}

static enum err judge_one(struct judge *judge, const struct book *book,
                          struct submission *submission, PbReport *report)
{
    const struct member *member = &judge->sector->members[submission->member];
    char category[16];
    struct party party = {.role = ROLE_MEMBER,
                          .currency = "RWF",
                          .category = category,
                          .valid_from_day = member->valid_from_day,
                          .valid_to_day = member->valid_to_day,
                          .ended_day = INT32_MAX};
    struct rules_context context = {
        .settings = judge->settings, .party = &party, .received_at_us = submission->sent_at_us};
    struct findings findings = {.arena = &judge->arena};
    enum verdict verdict = VERDICT_NONE;
    (void)snprintf(category, sizeof category, "%s", category_traits[member->category].code);
    enum err err = look_beside(judge, book, report, &context);
    err = err != ERR_OK ? err : rules_judge(report, &context, &findings, &verdict);
    if (err == ERR_OK && verdict == VERDICT_REJECTED && submission->mistake == MISTAKE_NONE) {
        err = explain(judge, &findings, report);
        findings.count = 0;
        err = err != ERR_OK ? err : rules_judge(report, &context, &findings, &verdict);
    }
    if (err == ERR_OK) {
        submission->expected = (uint8_t)expected_of(verdict);
        submission->rule = rule_found(submission, &findings);
    }
    return err;
}

/* Accepted: it takes the place of what was. */
static enum err accept(struct judge *judge, const struct submission *submission,
                       const PbReport *report, struct standing *standing)
{
    PbReport *before = NULL;
    enum err err = open_standing(judge, standing, &before);
    if (err == ERR_OK) {
        totals_take(judge->sector, submission->member, report, before);
        standing->vintage = submission->vintage;
        standing->since_us = submission->sent_at_us;
        standing->at = submission->at;
        standing->size = submission->size;
    }
    return err;
}

static enum err take(struct judge *judge, struct submission *submission)
{
    struct book *book = &judge->books[submission->member];
    PbReport *report = NULL;
    arena_reset(&judge->arena);
    enum err err =
        MESSAGE_UNPACK(report, MESSAGE_TOLERANT, submission_report(judge->sector, submission),
                       &judge->arena, &report);
    struct standing *standing = err == ERR_OK ? take_place(book, report) : NULL;
    if (standing == NULL) {
        return err != ERR_OK ? err : ERR_MEMORY;
    }
    if (submission->mistake == MISTAKE_TWICE) { /* the very bytes that went before */
        submission->at = standing->last_at;
        submission->size = standing->last_size;
        return ERR_OK;
    }
    submission->vintage = standing->vintage + 1;
    report->vintage = submission->vintage;
    report->has_reason = report->vintage > 1;
    if (report->has_reason && (int)report->reason == 0) {
        report->reason = IHURIRO__V1__REPORT__REASON__ERROR;
    }
    if (submission->expected != EXPECT_REFUSED) {
        err = judge_one(judge, book, submission, report);
    }
    submission->at = judge->judged.size;
    err = err != ERR_OK ? err : message_pack(&report->base, &judge->judged);
    submission->size = judge->judged.size - submission->at;
    standing->last_at = submission->at;
    standing->last_size = submission->size;
    bool is_accepted =
        submission->expected == EXPECT_ACCEPTED || submission->expected == EXPECT_WARNED;
    return err == ERR_OK && is_accepted ? accept(judge, submission, report, standing) : err;
}

static enum err load_settings(struct judge *judge)
{
    char *path = NULL;
    PbSettings *settings = NULL;
    enum err err = country_path("rw", &path);
    err = err != ERR_OK ? err : country_compile(path, &judge->settings_arena, NULL, &settings);
    free(path);
    judge->settings = settings;
    return err;
}

enum err sector_judge(struct sector *sector)
{
    AUTO(judge_close) struct judge *judge = calloc(1, sizeof *judge);
    if (judge == NULL) {
        return ERR_MEMORY;
    }
    judge->sector = sector;
    enum err err = load_settings(judge);
    for (size_t i = 0; err == ERR_OK && i < sector->count; i++) {
        err = take(judge, &sector->submissions[i]);
    }
    if (err == ERR_OK) {
        struct buffer made = sector->reports;
        sector->reports = judge->judged;
        judge->judged = made;
    }
    return err;
}
