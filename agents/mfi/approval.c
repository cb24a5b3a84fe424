#include "agents/mfi/approval.h"

#include <stdio.h>
#include <string.h>

#include "proto/text.h"

enum err approval_hash(const PbReport *report, char ret_hash[static APPROVAL_HASH_CHARS + 1])
{
    AUTO(buffer_close) struct buffer packed = {0};
    PbReport bare = IHURIRO__V1__REPORT__INIT;
    char none[] = "";
    bare.institution = report->institution;
    bare.type = report->type;
    bare.period = report->period;
    bare.currency = none;
    bare.has_nil = report->has_nil;
    bare.nil = report->nil;
    bare.portfolio = report->portfolio;
    bare.liquidity = report->liquidity;
    bare.operations = report->operations;
    bare.capital = report->capital;
    bare.exposures = report->exposures;
    uint8_t hash[SHA256_BYTES];
    enum err err = message_pack(&bare.base, &packed);
    if (err == ERR_OK) {
        sha256(buffer_bytes(&packed), hash);
        hex_encode(bytes_of(hash, sizeof hash), ret_hash);
    }
    return err;
}

/* "approval RW-MF-1 1 2020-06" */
static void name_of(const char *institution, int type, const PbPeriod *period,
                    char ret_name[static 80])
{
    (void)snprintf(ret_name, 80, "approval %.20s %d %.12s", institution, type, period->key);
}

/* Time u64, code in its own bytes behind its length, hash. */
enum err approval_put(struct txn *txn, const char *institution, int type, const PbPeriod *period,
                      const struct approval *approval)
{
    uint8_t raw[8 + 1 + APPROVAL_CODE_MAX + APPROVAL_HASH_CHARS];
    char name[80];
    size_t code = strlen(approval->code);
    size_t hash = strlen(approval->hash);
    name_of(institution, type, period, name);
    put_u64(raw, (uint64_t)approval->at_us);
    raw[8] = (uint8_t)code;
    memcpy(raw + 9, approval->code, code);
    memcpy(raw + 9 + code, approval->hash, hash);
    return outbox_note_put(txn, name, bytes_of(raw, 9 + code + hash));
}

enum err approval_get(struct txn *txn, const char *institution, int type, const PbPeriod *period,
                      struct approval *ret_approval)
{
    struct bytes value = {0};
    struct approval approval = {0};
    char name[80];
    name_of(institution, type, period, name);
    enum err err = outbox_note_get(txn, name, &value);
    if (err != ERR_OK) {
        return err;
    }
    size_t code = value.size >= 9 ? value.data[8] : 0;
    size_t hash = value.size >= 9 + code ? value.size - 9 - code : 0;
    /* No hash would be of any figures. */
    if (code > APPROVAL_CODE_MAX || hash < APPROVAL_SHORT_CHARS || hash > APPROVAL_HASH_CHARS) {
        return ERR_CORRUPT;
    }
    approval.at_us = (int64_t)get_u64(value.data);
    memcpy(approval.code, value.data + 9, code);
    memcpy(approval.hash, value.data + 9 + code, hash);
    if (strlen(approval.code) != code || !approval_code_is_valid(approval.code) ||
        strspn(approval.hash, "0123456789abcdef") != hash) {
        return ERR_CORRUPT;
    }
    *ret_approval = approval;
    return ERR_OK;
}

bool approval_code_is_valid(const char *code)
{
    size_t size = strlen(code);
    return size <= APPROVAL_CODE_MAX && text_is_utf8(bytes_of(code, size));
}

enum err approval_row_parse(const char *line, struct approval_row *ret_row)
{
    struct approval_row row = {.type = 0};
    char type[32] = "";
    char period[32] = "";
    char hash[72] = "";
    char code[APPROVAL_CODE_MAX + 8] = "";
    int end = 0;
    int fields = sscanf(line, " %31[^,\n], %31[^,\n], %31[^,\n], %71[^,\n], %39[^,\r\n]%n",
                        row.institution, type, period, hash, code, &end);
    char *code_end = code + strlen(code);
    while (code_end > code && strchr(" \t", code_end[-1]) != NULL) {
        *--code_end = '\0';
    }
    bool is_hash = strspn(hash, "0123456789abcdef") == strlen(hash) &&
                   strlen(hash) >= APPROVAL_SHORT_CHARS && strlen(hash) <= APPROVAL_HASH_CHARS;
    if (fields != 5 || line[end + (int)strspn(line + end, "\r\n")] != '\0' ||
        !institution_id_is_valid(row.institution) || report_type_parse(type, &row.type) != ERR_OK ||
        period_parse(period, &row.period) != ERR_OK || !is_hash || !approval_code_is_valid(code)) {
        return ERR_MALFORMED;
    }
    memcpy(row.approval.hash, hash, strlen(hash));
    memcpy(row.approval.code, code, strlen(code));
    *ret_row = row;
    return ERR_OK;
}

enum err approval_sign(const struct approval *approval, struct arena *arena, PbReport *report)
{
    Ihuriro__V1__SignOff *signoff = report->signoff;
    if (signoff == NULL) {
        signoff = arena_take(arena, sizeof *signoff);
        if (signoff == NULL) {
            return ERR_MEMORY;
        }
        ihuriro__v1__sign_off__init(signoff);
    }
    signoff->approved_code = arena_text(arena, approval->code);
    signoff->has_level = true;
    signoff->level = IHURIRO__V1__SIGN_OFF__LEVEL__APPROVED;
    signoff->has_approved_at_us = true;
    signoff->approved_at_us = approval->at_us;
    report->signoff = signoff;
    return signoff->approved_code == NULL ? ERR_MEMORY : ERR_OK;
}

enum err approval_apply(struct txn *txn, struct arena *arena, PbReport *report, bool *ret_is_void)
{
    struct approval approval;
    char hash[APPROVAL_HASH_CHARS + 1];
    *ret_is_void = false;
    enum err err =
        approval_get(txn, report->institution, (int)report->type, report->period, &approval);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    err = err != ERR_OK ? err : approval_hash(report, hash);
    if (err != ERR_OK) {
        return err;
    }
    if (strncmp(hash, approval.hash, strlen(approval.hash)) != 0) {
        *ret_is_void = true;
        return ERR_OK;
    }
    return approval_sign(&approval, arena, report);
}
