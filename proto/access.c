#include "proto/access.h"

#include <nettle/sha2.h>
#include <string.h>

#include "proto/text.h"

/* Who sees an event whole; nobody else sees any of it. The regulator sees all. */
static const struct event_row {
    enum record_kind kind;
    bool to_members;          /* every member */
    bool to_staff;            /* of the association */
    bool to_subject;          /* the party that the header names */
    bool blank_means_members; /* a header that names none concerns every member */
} event_rows[] = {
    {.kind = KIND_PARTY, .to_members = true, .to_staff = true},
    {.kind = KIND_KEYS, .to_subject = true},
    {.kind = KIND_AGREEMENT, .to_staff = true, .to_subject = true},
    {.kind = KIND_WAIVED, .to_staff = true, .to_subject = true},
    {.kind = KIND_CLOSED, .to_members = true, .to_staff = true},
    {.kind = KIND_REOPENED, .to_members = true, .to_staff = true},
    {.kind = KIND_MERGED, .to_members = true, .to_staff = true},
    {.kind = KIND_RENAMED, .to_members = true, .to_staff = true},
    {.kind = KIND_SPLIT, .to_members = true, .to_staff = true},
    {.kind = KIND_SETTINGS, .to_members = true, .to_staff = true},
    {.kind = KIND_ORDER, .to_members = true, .to_staff = true},
    {.kind = KIND_ACCESS, .to_subject = true, .blank_means_members = true},
    {.kind = KIND_RESTORED, .to_members = true, .to_staff = true},
    {.kind = KIND_HISTORY_LOST, .to_members = true, .to_staff = true},
    {.kind = KIND_BACK, .to_members = true, .to_staff = true},
};

static bool is_report(int kind)
{
    return kind == KIND_REPORT || kind == KIND_EARLIER_RECEIPT;
}

static bool is_named(const struct party *reader, const struct header *header)
{
    return header->institution[0] != '\0' && strcmp(reader->id, header->institution) == 0;
}

static bool shares(const struct registry *registry, const char *institution)
{
    const struct party *party = registry_find(registry, institution);
    return party != NULL && party->shares;
}

static enum sight report_sight(const struct party *reader, const struct registry *registry,
                               const struct header *header)
{
    if (reader->role == ROLE_MEMBER) {
        return is_named(reader, header) ? SIGHT_WHOLE : SIGHT_NONE;
    }
    if (reader->role != ROLE_ASSOCIATION || header->type == TYPE_EXPOSURES) {
        return SIGHT_NONE;
    }
    return shares(registry, header->institution) ? SIGHT_WHOLE : SIGHT_HEADER;
}

static bool event_is_seen(const struct event_row *row, const struct party *reader,
                          const struct header *header)
{
    const bool is_member = reader->role == ROLE_MEMBER;
    const bool is_staff = reader->role == ROLE_ASSOCIATION;
    const bool is_blank = header->institution[0] == '\0';
    if (row->to_subject && is_named(reader, header)) {
        /* Staff are never told who read what, whatever institution an access names. */
        return !is_staff || row->kind != KIND_ACCESS;
    }
    return (is_member && (row->to_members || (is_blank && row->blank_means_members))) ||
           (is_staff && row->to_staff);
}

enum sight access_sight(const struct party *reader, const struct registry *registry,
                        const struct header *header)
{
    switch (reader->role) {
    case ROLE_REGULATOR:
        return SIGHT_WHOLE;
    case ROLE_MEMBER:
    case ROLE_ASSOCIATION:
        break;
    case ROLE_NONE:
    case ROLE_PUBLIC:
    default:
        return SIGHT_NONE;
    }
    if (is_report(header->kind)) {
        return report_sight(reader, registry, header);
    }
    for (size_t i = 0; i < sizeof event_rows / sizeof event_rows[0]; i++) {
        if ((int)event_rows[i].kind == header->kind) {
            return event_is_seen(&event_rows[i], reader, header) ? SIGHT_WHOLE : SIGHT_NONE;
        }
    }
    return SIGHT_NONE;
}

enum err access_rights(const struct party *reader, const struct registry *registry,
                       uint8_t ret_hash[static SHA256_BYTES])
{
    static const char prefix[] = "ihuriro.v1 rights\n";
    const uint8_t role = (uint8_t)reader->role;
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, sizeof prefix - 1, (const uint8_t *)prefix);
    sha256_update(&state, 1, &role);
    sha256_update(&state, sizeof reader->id, (const uint8_t *)reader->id);
    for (size_t i = 0; reader->role == ROLE_ASSOCIATION && i < registry_count(registry); i++) {
        const struct party *party = registry_at(registry, i);
        if (party->shares) {
            sha256_update(&state, sizeof party->id, (const uint8_t *)party->id);
        }
    }
    sha256_digest(&state, SHA256_BYTES, ret_hash);
    return ERR_OK;
}

/* ---- filters ---- */

static bool takes_kind(const PbFilter *filter, int kind)
{
    for (size_t i = 0; i < filter->n_kinds; i++) {
        if (filter->kinds[i] == (uint32_t)kind) {
            return true;
        }
    }
    return filter->n_kinds == 0;
}

static bool takes_type(const PbFilter *filter, int type)
{
    for (size_t i = 0; i < filter->n_types; i++) {
        if ((int)filter->types[i] == type) {
            return true;
        }
    }
    return filter->n_types == 0;
}

static bool takes_institution(const PbFilter *filter, const char *institution)
{
    for (size_t i = 0; i < filter->n_institutions; i++) {
        if (strcmp(filter->institutions[i], institution) == 0) {
            return true;
        }
    }
    return filter->n_institutions == 0;
}

static bool takes_period(const PbFilter *filter, const struct header *header)
{
    struct period period;
    if (filter->period == NULL) {
        return true;
    }
    return period_parse(filter->period, &period) == ERR_OK &&
           (int)period.frequency == header->frequency && period.end_day == header->period_end_day;
}

bool filter_takes(const PbFilter *filter, const struct header *header)
{
    if (filter == NULL) {
        return true;
    }
    if (!takes_kind(filter, header->kind) || !takes_institution(filter, header->institution) ||
        (filter->has_known_at_us && header->first_received_at_us > filter->known_at_us)) {
        return false;
    }
    return !is_report(header->kind) ||
           (takes_type(filter, header->type) && takes_period(filter, header));
}

bool filter_has_groups(const PbFilter *filter)
{
    return filter != NULL && (filter->n_categories > 0 || filter->n_districts > 0);
}

static bool is_among(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (name != NULL && strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return count == 0;
}

bool filter_takes_party(const PbFilter *filter, const struct party *party)
{
    return !filter_has_groups(filter) ||
           (party != NULL && is_among(filter->categories, filter->n_categories, party->category) &&
            is_among(filter->districts, filter->n_districts, party->district));
}

static enum err check_names(const char *what, char *const *names, size_t count,
                            struct complaint *complaint)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(names[i]);
        if (size == 0 || size > TEXT_BYTES_MAX || !text_is_utf8(bytes_of(names[i], size))) {
            return complain(complaint, ERR_MALFORMED,
                            "The filter names a %s by what is no name: give 1 to %d bytes of text.",
                            what, TEXT_BYTES_MAX);
        }
    }
    return ERR_OK;
}

enum err filter_check(const PbFilter *filter, struct complaint *complaint)
{
    if (filter->n_kinds > FILTER_TERMS_MAX || filter->n_types > FILTER_TERMS_MAX ||
        filter->n_institutions > FILTER_TERMS_MAX || filter->n_categories > FILTER_TERMS_MAX ||
        filter->n_districts > FILTER_TERMS_MAX) {
        return complain(complaint, ERR_TOO_LARGE,
                        "The filter names more than %d kinds, types, institutions, categories or "
                        "districts: leave the list out to take all, or ask in parts.",
                        FILTER_TERMS_MAX);
    }
    enum err err = check_names("category", filter->categories, filter->n_categories, complaint);
    err = err != ERR_OK
              ? err
              : check_names("district", filter->districts, filter->n_districts, complaint);
    if (err != ERR_OK) {
        return err;
    }
    for (size_t i = 0; i < filter->n_kinds; i++) {
        /* A kind is one octet; one that this program does not know takes nothing. */
        if (filter->kinds[i] == 0 || filter->kinds[i] > UINT8_MAX) {
            return complain(complaint, ERR_MALFORMED, "The filter names no kind of record: %lu.",
                            (unsigned long)filter->kinds[i]);
        }
    }
    for (size_t i = 0; i < filter->n_types; i++) {
        if ((int)filter->types[i] < TYPE_PORTFOLIO || (int)filter->types[i] > TYPE_LAST) {
            return complain(complaint, ERR_MALFORMED,
                            "The filter names a type of report that there is not: use PORTFOLIO, "
                            "LIQUIDITY, OPERATIONS, CAPITAL or EXPOSURES.");
        }
    }
    for (size_t i = 0; i < filter->n_institutions; i++) {
        if (!institution_id_is_valid(filter->institutions[i])) {
            return complain(complaint, ERR_MALFORMED,
                            "The filter names an institution by what is no id: an id is 1 to 16 "
                            "capital letters, digits and hyphens.");
        }
    }
    struct period period;
    if (filter->period != NULL && period_parse(filter->period, &period) != ERR_OK) {
        return complain(complaint, ERR_MALFORMED,
                        "The filter's period is no period: write 2020-06-30, 2020-W27, 2020-06 or "
                        "2020-Q2.");
    }
    return ERR_OK;
}
