#include "tests/sim/shots.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/admin.h"
#include "tests/sim/rows.h"

#define PATH_BYTES 1024
#define FIRST_YEAR 1901

void shooters_close(struct shooter **shooters, size_t count)
{
    for (size_t i = 0; *shooters != NULL && i < count; i++) {
        struct shooter *shooter = &(*shooters)[i];
        signing_key_close(&shooter->signing_key);
        transport_key_close(&shooter->transport_key);
        free(shooter->ends);
        buffer_close(&shooter->envelopes);
    }
    free(*shooters);
    *shooters = NULL;
}

static enum err open_signing_key(const char *folder, struct shooter *shooter,
                                 struct complaint *complaint)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s.signing", folder, shooter->id);
    if (access(path, F_OK) == 0) {
        return signing_key_read(path, KEY_SIGNING, complaint, &shooter->signing_key);
    }
    enum err err = signing_key_make(&shooter->signing_key);
    return err != ERR_OK ? err
                         : signing_key_write(shooter->signing_key, KEY_SIGNING, path, complaint);
}

static enum err open_transport_key(const char *folder, struct shooter *shooter,
                                   struct complaint *complaint)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s.transport", folder, shooter->id);
    if (access(path, F_OK) == 0) {
        return transport_key_read(path, complaint, &shooter->transport_key);
    }
    enum err err = transport_key_make(&shooter->transport_key);
    return err != ERR_OK ? err : transport_key_write(shooter->transport_key, path, complaint);
}

enum err shooters_open(const char *folder, size_t count, bool sign, struct complaint *complaint,
                       struct shooter **ret_shooters)
{
    struct shooter *shooters = calloc(count + 1, sizeof(*shooters));
    if (shooters == NULL || strlen(folder) + 64 > PATH_BYTES) {
        free(shooters);
        return complain(complaint, ERR_TOO_LARGE, "The path of the keys' folder is too long.");
    }
    enum err err = ERR_OK;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        err = complain(complaint, ERR_IO, "The folder %s cannot be made: %s.", folder,
                       strerror(errno));
    }
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        (void)snprintf(shooters[i].id, sizeof(shooters[i].id), "%s-%05u", sign ? "LOAD" : "READ",
                       (unsigned)((i + 1) % 100000));
        err = open_transport_key(folder, &shooters[i], complaint);
        err = err == ERR_OK && sign ? open_signing_key(folder, &shooters[i], complaint) : err;
    }
    if (err != ERR_OK) {
        shooters_close(&shooters, count);
        return err;
    }
    *ret_shooters = shooters;
    return ERR_OK;
}

enum err shooters_enrol(const char *admin_path, const struct shooter *shooters, size_t count,
                        size_t connections, struct complaint *complaint)
{
    AUTO(admin_close) struct admin *admin = NULL;
    AUTO(free_p) struct enrolment *enrolments = calloc(count + 1, sizeof(*enrolments));
    enum err err = enrolments == NULL ? ERR_MEMORY : admin_open(admin_path, complaint, &admin);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        const struct shooter *shooter = &shooters[i];
        bool is_member = shooter->signing_key != NULL;
        enrolments[i] = (struct enrolment){.id = shooter->id,
                                           .name = shooter->id,
                                           .role = is_member ? ROLE_MEMBER : ROLE_REGULATOR,
                                           .category = is_member ? "USACCO" : NULL,
                                           .district = is_member ? "403" : NULL,
                                           .shares = true,
                                           .valid_from_day = INT32_MIN,
                                           .has_signing_key = is_member};
        memcpy(enrolments[i].transport_key,
               transport_key_public(shooters[i % connections].transport_key), PUBLIC_KEY_BYTES);
        if (is_member) {
            memcpy(enrolments[i].signing_key, signing_key_public(shooter->signing_key),
                   PUBLIC_KEY_BYTES);
        }
    }
    return err != ERR_OK ? err : admin_enrol(admin, enrolments, count, complaint);
}

/* ---- reports ---- */

/* Rows of the optional ladder (L20), until the report is long enough. */
static enum err pad(struct arena *arena, PbReport *report, size_t wanted)
{
    PbLiquidity *liquidity = report->liquidity;
    size_t size = protobuf_c_message_get_packed_size(&report->base);
    size_t rows = size < wanted ? (wanted - size) / 12 + 1 : 0;
    rows = rows < REPEATED_ROWS_MAX - 32 ? rows : REPEATED_ROWS_MAX - 32;
    PbMaturityRow **all = arena_take(arena, (liquidity->n_maturities + rows) * sizeof(*all));
    if (all == NULL) {
        return ERR_MEMORY;
    }
    memcpy(all, liquidity->maturities, liquidity->n_maturities * sizeof(*all));
    liquidity->maturities = all;
    for (size_t i = 0; i < rows && size < wanted; i++) {
        PbMaturityRow *row = arena_take(arena, sizeof(*row));
        if (row == NULL) {
            return ERR_MEMORY;
        }
        ihuriro__v1__maturity_row__init(row);
        row->item = IHURIRO__V1__MATURITY_ROW__ITEM__CUSTOM_IN;
        row->from_day = (int32_t)i + 1;
        row->to_day = (int32_t)i + 1;
        SET(row, amount, 1000003 + (int64_t)i);
        all[liquidity->n_maturities++] = row;
        size = protobuf_c_message_get_packed_size(&report->base);
    }
    return ERR_OK;
}

static enum err make_template(const struct shooter *shooter, const struct load_options *options,
                              struct arena *arena, PbReport **ret_report)
{
    struct member member = {.category = CATEGORY_USACCO, .district = "403"};
    AUTO(economy_close) struct economy *economy = NULL;
    struct snapshot snapshot = {0};
    struct month_days days;
    memcpy(member.id, shooter->id, sizeof(member.id));
    enum err err = economy_open(&member, 1, &economy);
    if (err != ERR_OK) {
        return err;
    }
    economy_next(economy, &snapshot);
    month_days_make(&member, 1, &snapshot, &days);
    struct liquidity_figures figures = liquidity_of_day(&snapshot, &days, 0);
    struct report_head head = {
        .institution = shooter->id, .type = TYPE_LIQUIDITY, .period = figures.period, .vintage = 1};
    PbReport *report = report_make(arena, &head);
    if (report == NULL) {
        return ERR_MEMORY;
    }
    report->liquidity = liquidity_make(arena, economy_traits(economy), &figures);
    err = report->liquidity == NULL ? ERR_MEMORY : pad(arena, report, options->report_bytes);
    if (err == ERR_OK) {
        *ret_report = report;
    }
    return err;
}

static enum err add_shot(struct shooter *shooter, PbReport *report, int32_t day, size_t index)
{
    AUTO(buffer_close) struct buffer packed = {0};
    struct period period = {.frequency = FREQUENCY_D, .start_day = day, .end_day = day};
    char key[PERIOD_KEY_MAX + 1];
    period_format(&period, key);
    report->period->key = key;
    report->period->start_day = day;
    report->period->end_day = day;
    report->period->as_of_day = day;
    report->liquidity->peak_day = day;
    enum err err = message_pack(&report->base, &packed);
    err = err != ERR_OK
              ? err
              : envelope_make(shooter->signing_key, buffer_bytes(&packed), &shooter->envelopes);
    shooter->ends[index + 1] = shooter->envelopes.size;
    return err;
}

enum err shooter_load(struct shooter *shooter, const struct load_options *options, int64_t now_us,
                      bool is_test, size_t count, struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {.budget = 64 * 1024 * 1024};
    PbReport *report = NULL;
    int32_t earliest = 0;
    int32_t today = time_day(now_us, 0);
    enum err err = day_from_date(FIRST_YEAR, 1, 1, &earliest);
    if (err != ERR_OK || (size_t)(today - earliest) < options->first + count + 2) {
        return complain(complaint, ERR_RANGE,
                        "There are not that many days since %d for one agent's reports; give more "
                        "agents, fewer --reports or a lower --first.",
                        FIRST_YEAR);
    }
    shooter->ends = calloc(count + 1, sizeof(*shooter->ends));
    err = shooter->ends == NULL ? ERR_MEMORY : make_template(shooter, options, &arena, &report);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        report->produced_at_us = now_us;
        report->test_data = is_test;
        report->has_test_data = is_test;
        err = add_shot(shooter, report, today - 1 - (int32_t)(options->first + i), i);
    }
    shooter->count = err == ERR_OK ? count : 0;
    return err;
}

struct bytes shooter_shot(const struct shooter *shooter, size_t index)
{
    return bytes_of(shooter->envelopes.data + shooter->ends[index],
                    shooter->ends[index + 1] - shooter->ends[index]);
}
