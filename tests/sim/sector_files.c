#include "tests/sim/sector.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/sheet.h"
#include "tests/sim/timeline.h"

static const struct sheet_style plain = {.separator = ',', .line_end = "\n"};

static enum err write_keys(const struct sector *sector, const char *folder,
                           struct complaint *complaint);
static enum err write_parties(const struct sector *sector, const char *folder,
                              struct complaint *complaint);
static enum err write_truth(const struct sector *sector, const char *folder,
                            struct complaint *complaint);
static enum err write_totals(const struct sector *sector, const char *folder,
                             struct complaint *complaint);

enum err sector_write(const struct sector *sector, const char *folder, struct complaint *complaint)
{
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return complain(complaint, ERR_IO, "The folder %s cannot be made: %s.", folder,
                        strerror(errno));
    }
    enum err err = write_keys(sector, folder, complaint);
    err = err != ERR_OK ? err : write_parties(sector, folder, complaint);
    err = err != ERR_OK ? err : timeline_write(sector, folder, complaint);
    err = err != ERR_OK ? err : write_truth(sector, folder, complaint);
    return err != ERR_OK ? err : write_totals(sector, folder, complaint);
}

/* A file that is there already must hold the same key: the folder was made from this seed. */
static enum err write_key(const struct sector *sector, size_t index, const char *folder,
                          struct complaint *complaint)
{
    AUTO(signing_key_close) struct signing_key *key = NULL;
    AUTO(signing_key_close) struct signing_key *held = NULL;
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/keys/%s.key", folder, sector->members[index].id);
    enum err err = member_key(&sector->options, &sector->members[index], &key);
    if (err != ERR_OK) {
        return complain(complaint, err, "The key of %s cannot be made.", sector->members[index].id);
    }
    if (access(path, F_OK) != 0) {
        return signing_key_write(key, KEY_SIGNING, path, complaint);
    }
    err = signing_key_read(path, KEY_SIGNING, complaint, &held);
    if (err != ERR_OK) {
        return err;
    }
    bool is_same = memcmp(signing_key_public(key), signing_key_public(held), PUBLIC_KEY_BYTES) == 0;
    return is_same ? ERR_OK
                   : complain(complaint, ERR_EXISTS,
                              "%s holds another key: this folder was made with another seed. Give "
                              "--out a new folder.",
                              path);
}

static enum err write_keys(const struct sector *sector, const char *folder,
                           struct complaint *complaint)
{
    char path[1024];
    int length = snprintf(path, sizeof(path), "%s/keys", folder);
    if (length < 0 || (size_t)length + 32 >= sizeof(path)) {
        return complain(complaint, ERR_TOO_LARGE, "The path of the folder is too long.");
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return complain(complaint, ERR_IO, "The folder %s cannot be made: %s.", path,
                        strerror(errno));
    }
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sector->member_count; i++) {
        err = write_key(sector, i, folder, complaint);
    }
    return err;
}

static enum err write_parties(const struct sector *sector, const char *folder,
                              struct complaint *complaint)
{
    AUTO(sheet_close) struct sheet *sheet = NULL;
    enum err err = sheet_open(folder, "parties.csv", &plain, complaint, &sheet);
    if (err != ERR_OK) {
        return err;
    }
    sheet_line(sheet,
               "id|role|name|category|district|currency|valid_from|valid_to|agreement|signing_key");
    for (size_t i = 0; i < sector->member_count; i++) {
        const struct member *member = &sector->members[i];
        AUTO(signing_key_close) struct signing_key *key = NULL;
        char hex[2 * PUBLIC_KEY_BYTES + 1];
        char day[11];
        err = member_key(&sector->options, member, &key);
        if (err != ERR_OK) {
            return complain(complaint, err, "The key of %s cannot be made.", member->id);
        }
        hex_encode(bytes_of(signing_key_public(key), PUBLIC_KEY_BYTES), hex);
        sheet_text(sheet, member->id);
        sheet_text(sheet, "member");
        sheet_text(sheet, member->name);
        sheet_text(sheet, category_traits[member->category].code);
        sheet_text(sheet, member->district);
        sheet_text(sheet, "RWF");
        day_format(member->valid_from_day, day);
        sheet_text(sheet, day);
        day_format(member->valid_to_day, day);
        sheet_text(sheet, member->valid_to_day == INT32_MAX ? "" : day);
        sheet_text(sheet, member->shares ? "yes" : "no");
        sheet_text(sheet, hex);
        sheet_end_row(sheet);
    }
    return sheet_finish(&sheet, complaint);
}

static void write_submission(struct sheet *sheet, const struct sector *sector, size_t index)
{
    const struct submission *submission = &sector->submissions[index];
    char text[TIME_TEXT_MAX + 1];
    char key[PERIOD_KEY_MAX + 1];
    bool is_taken =
        submission->expected == EXPECT_ACCEPTED || submission->expected == EXPECT_WARNED;
    int64_t late_us = submission->sent_at_us - submission->due_at_us;
    period_format(&submission->period, key);
    sheet_number(sheet, (int64_t)index + 1);
    sheet_text(sheet, sector->members[submission->member].id);
    sheet_text(sheet, report_type_name(submission->type));
    sheet_text(sheet, key);
    sheet_number(sheet, submission->vintage);
    sheet_text(sheet, mistakes[submission->mistake].name);
    sheet_text(sheet, expected_name((enum expected)submission->expected));
    sheet_text(sheet, submission->rule);
    time_format(submission->sent_at_us, text);
    sheet_text(sheet, text);
    time_format(submission->due_at_us, text);
    sheet_text(sheet, text);
    sheet_text(sheet, !is_taken ? "" : late_us <= 0 ? "ON_TIME" : "LATE");
    sheet_number(sheet, is_taken && late_us > 0 ? late_us / 1000000 : 0);
    sheet_end_row(sheet);
}

static enum err write_truth(const struct sector *sector, const char *folder,
                            struct complaint *complaint)
{
    AUTO(sheet_close) struct sheet *sheet = NULL;
    enum err err = sheet_open(folder, "truth.csv", &plain, complaint, &sheet);
    if (err != ERR_OK) {
        return err;
    }
    sheet_line(sheet, "number|institution|type|period|vintage|fault|verdict|rules|sent_at|due_at|"
                      "timeliness|late_s");
    for (size_t i = 0; i < sector->count; i++) {
        write_submission(sheet, sector, i);
    }
    return sheet_finish(&sheet, complaint);
}

static enum err write_totals(const struct sector *sector, const char *folder,
                             struct complaint *complaint)
{
    AUTO(sheet_close) struct sheet *sheet = NULL;
    enum err err = sheet_open(folder, "totals.csv", &plain, complaint, &sheet);
    if (err != ERR_OK) {
        return err;
    }
    sheet_line(sheet, "period|type|category|figure|reports|sum|members|true_sum");
    for (size_t i = 0; i < sector->totals_count; i++) {
        const struct totals_row *row = &sector->totals[i];
        struct period period = month_period(row->month);
        char key[PERIOD_KEY_MAX + 1];
        period_format(&period, key);
        for (size_t k = 0; k < FIGURES_MAX && figure_names[row->type][k] != NULL; k++) {
            sheet_text(sheet, key);
            sheet_text(sheet, report_type_name(row->type));
            sheet_text(sheet, category_traits[row->category].code);
            sheet_text(sheet, figure_names[row->type][k]);
            sheet_number(sheet, row->reports);
            sheet_number(sheet, row->sum[k]);
            sheet_number(sheet, row->members);
            sheet_number(sheet, row->true_sum[k]);
            sheet_end_row(sheet);
        }
    }
    return sheet_finish(&sheet, complaint);
}
