#include "proto/access.h"

#include "tests/support/samples.h"

/* Two members, of which the second shares; staff, regulator, public. */
static struct registry *registry;

static void enrol(const char *id, enum role role, bool shares)
{
    uint8_t act_id[SHA256_BYTES] = {0};
    char subject[INSTITUTION_ID_MAX + 1] = {0};
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    Ihuriro__V1__AgreementAct agreement = IHURIRO__V1__AGREEMENT_ACT__INIT;
    memcpy(subject, id, strlen(id));
    event.subject = subject;
    event.party = &party;
    party.has_role = 1;
    party.role = (Ihuriro__V1__PartyAct__Role)role;
    sha256(bytes_of(id, strlen(id)), act_id);
    assert_int_equal(registry_apply(registry, &event, act_id), ERR_OK);
    event.party = NULL;
    event.agreement = &agreement;
    agreement.shares = shares;
    act_id[0] ^= 0xFF;
    assert_int_equal(registry_apply(registry, &event, act_id), ERR_OK);
}

static int make_registry(void **state)
{
    (void)state;
    assert_int_equal(registry_make(&registry), ERR_OK);
    enrol("CLOSED", ROLE_MEMBER, false);
    enrol("SHARING", ROLE_MEMBER, true);
    enrol("AMIR", ROLE_ASSOCIATION, false);
    enrol("BNR", ROLE_REGULATOR, false);
    enrol("WEB", ROLE_PUBLIC, false);
    assert_int_equal(registry_seal(registry), ERR_OK);
    return keys_init() == ERR_OK ? 0 : -1;
}

static int close_registry(void **state)
{
    (void)state;
    registry_close(&registry);
    return 0;
}

/* A letter a reader: . nothing, h header, W whole. Readers: CLOSED SHARING AMIR BNR WEB. */
static const char *const readers[5] = {"CLOSED", "SHARING", "AMIR", "BNR", "WEB"};

static const struct {
    int kind;
    int type; /* of reports */
    const char *institution;
    const char *sights;
} table[] = {
    {KIND_REPORT, TYPE_PORTFOLIO, "CLOSED", "W.hW."},
    {KIND_REPORT, TYPE_LIQUIDITY, "CLOSED", "W.hW."},
    {KIND_REPORT, TYPE_OPERATIONS, "CLOSED", "W.hW."},
    {KIND_REPORT, TYPE_CAPITAL, "CLOSED", "W.hW."},
    {KIND_REPORT, TYPE_EXPOSURES, "CLOSED", "W..W."},
    {KIND_REPORT, TYPE_PORTFOLIO, "SHARING", ".WWW."},
    {KIND_REPORT, TYPE_LIQUIDITY, "SHARING", ".WWW."},
    {KIND_REPORT, TYPE_OPERATIONS, "SHARING", ".WWW."},
    {KIND_REPORT, TYPE_CAPITAL, "SHARING", ".WWW."},
    {KIND_REPORT, TYPE_EXPOSURES, "SHARING", ".W.W."},
    {KIND_REPORT, TYPE_PORTFOLIO, "GONE", "..hW."},
    {KIND_REPORT, TYPE_EXPOSURES, "GONE", "...W."},
    {KIND_EARLIER_RECEIPT, TYPE_CAPITAL, "CLOSED", "W.hW."},
    {KIND_EARLIER_RECEIPT, TYPE_CAPITAL, "SHARING", ".WWW."},
    {KIND_EARLIER_RECEIPT, TYPE_EXPOSURES, "SHARING", ".W.W."},
    {KIND_PARTY, 0, "CLOSED", "WWWW."},
    {KIND_PARTY, 0, "BNR", "WWWW."},
    {KIND_KEYS, 0, "CLOSED", "W..W."},
    {KIND_KEYS, 0, "SHARING", ".W.W."},
    {KIND_KEYS, 0, "AMIR", "..WW."},
    {KIND_KEYS, 0, "BNR", "...W."},
    {KIND_KEYS, 0, "WEB", "...W."},
    {KIND_KEYS, 0, "", "...W."},
    {KIND_AGREEMENT, 0, "CLOSED", "W.WW."},
    {KIND_AGREEMENT, 0, "SHARING", ".WWW."},
    {KIND_SETTINGS, 0, "", "WWWW."},
    {KIND_ACCESS, 0, "", "WW.W."},
    {KIND_ACCESS, 0, "CLOSED", "W..W."},
    {KIND_ACCESS, 0, "SHARING", ".W.W."},
    {KIND_ACCESS, 0, "AMIR", "...W."},
    {KIND_RESTORED, 0, "", "WWWW."},
    {KIND_HISTORY_LOST, 0, "", "WWWW."},
    {KIND_HISTORY_LOST, 0, "CLOSED", "WWWW."},
    {KIND_BACK, 0, "SHARING", "WWWW."},
};

static void fill_header(int kind, int type, const char *institution, struct header *ret_header)
{
    *ret_header = (struct header){.kind = (uint8_t)kind, .type = (uint8_t)type};
    memcpy(ret_header->institution, institution, strlen(institution));
}

static char letter(enum sight sight)
{
    return sight == SIGHT_WHOLE ? 'W' : sight == SIGHT_HEADER ? 'h' : '.';
}

static void each_reader_sees_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char sights[6] = {0};
        struct header header;
        fill_header(table[i].kind, table[i].type, table[i].institution, &header);
        for (size_t r = 0; r < 5; r++) {
            sights[r] =
                letter(access_sight(registry_find(registry, readers[r]), registry, &header));
        }
        assert_string_equal(sights, table[i].sights);
    }
}

/* Whatever is not in the table: nothing, but for the regulator. */
static void kinds_that_are_not_known_are_the_regulators_only(void **state)
{
    (void)state;
    for (int kind = 0; kind < 256; kind++) {
        struct header header;
        if (strcmp(record_kind_name(kind), "?") != 0) {
            continue;
        }
        fill_header(kind, 0, "CLOSED", &header);
        for (size_t r = 0; r < 5; r++) {
            const struct party *reader = registry_find(registry, readers[r]);
            assert_int_equal(access_sight(reader, registry, &header),
                             reader->role == ROLE_REGULATOR ? SIGHT_WHOLE : SIGHT_NONE);
        }
    }
}

static void a_party_without_a_role_or_of_another_one_sees_nothing(void **state)
{
    (void)state;
    static const int roles[] = {ROLE_NONE, ROLE_PUBLIC, 5, 99};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct header header;
        fill_header(table[i].kind, table[i].type, table[i].institution, &header);
        for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
            const struct party reader = {.id = "CLOSED", .role = (enum role)roles[r]};
            assert_int_equal(access_sight(&reader, registry, &header), SIGHT_NONE);
        }
    }
}

/* ---- rights ---- */

static void rights_of(const struct party *reader, uint8_t ret_hash[static SHA256_BYTES])
{
    assert_int_equal(access_rights(reader, registry, ret_hash), ERR_OK);
}

static void rights_differ_by_reader_and_follow_agreements_for_staff_only(void **state)
{
    (void)state;
    uint8_t before[5][SHA256_BYTES];
    for (size_t r = 0; r < 5; r++) {
        rights_of(registry_find(registry, readers[r]), before[r]);
        for (size_t other = 0; other < r; other++) {
            assert_memory_not_equal(before[r], before[other], SHA256_BYTES);
        }
    }
    struct registry *kept = registry;
    assert_int_equal(registry_make(&registry), ERR_OK);
    enrol("CLOSED", ROLE_MEMBER, true); /* it shares now */
    enrol("SHARING", ROLE_MEMBER, true);
    enrol("AMIR", ROLE_ASSOCIATION, false);
    enrol("BNR", ROLE_REGULATOR, false);
    enrol("WEB", ROLE_PUBLIC, false);
    assert_int_equal(registry_seal(registry), ERR_OK);
    for (size_t r = 0; r < 5; r++) {
        uint8_t after[SHA256_BYTES];
        const struct party *reader = registry_find(registry, readers[r]);
        rights_of(reader, after);
        assert_true((memcmp(after, before[r], SHA256_BYTES) != 0) ==
                    (reader->role == ROLE_ASSOCIATION));
    }
    registry_close(&registry);
    registry = kept;
}

static void a_change_of_role_changes_the_rights(void **state)
{
    (void)state;
    uint8_t one[SHA256_BYTES];
    uint8_t other[SHA256_BYTES];
    struct party party = *registry_find(registry, "CLOSED");
    rights_of(&party, one);
    party.role = ROLE_REGULATOR;
    rights_of(&party, other);
    assert_memory_not_equal(one, other, SHA256_BYTES);
}

/* ---- filters ---- */

static void filters_take_reports_and_events_by_their_own_terms(void **state)
{
    (void)state;
    uint32_t kinds[] = {KIND_REPORT, KIND_KEYS};
    Ihuriro__V1__ReportType types[] = {IHURIRO__V1__REPORT_TYPE__CAPITAL};
    char a[] = "A";
    char *institutions[] = {a};
    char period[] = "2020-06";
    struct header report = {.kind = KIND_REPORT,
                            .type = TYPE_CAPITAL,
                            .frequency = FREQUENCY_M,
                            .period_end_day = 18443,
                            .first_received_at_us = 100,
                            .institution = "A"};
    struct header event = {.kind = KIND_KEYS, .first_received_at_us = 100, .institution = "A"};
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    assert_true(filter_takes(NULL, &report));
    assert_true(filter_takes(&filter, &report));
    filter.n_kinds = 2;
    filter.kinds = kinds;
    filter.n_types = 1;
    filter.types = types;
    filter.n_institutions = 1;
    filter.institutions = institutions;
    filter.period = period;
    filter.has_known_at_us = 1;
    filter.known_at_us = 100;
    assert_int_equal(filter_check(&filter, NULL), ERR_OK);
    assert_true(filter_takes(&filter, &report));
    assert_true(filter_takes(&filter, &event));

    struct header other = report;
    other.type = TYPE_LIQUIDITY;
    assert_false(filter_takes(&filter, &other));
    other = report;
    other.period_end_day++;
    assert_false(filter_takes(&filter, &other));
    other = report;
    other.frequency = FREQUENCY_Q; /* 2020-Q2 ends on the same day */
    assert_false(filter_takes(&filter, &other));
    other = report;
    other.kind = KIND_EARLIER_RECEIPT;
    assert_false(filter_takes(&filter, &other));
    struct header *both[] = {&report, &event};
    for (size_t i = 0; i < 2; i++) {
        other = *both[i];
        other.institution[0] = 'B';
        assert_false(filter_takes(&filter, &other));
        other = *both[i];
        other.institution[0] = '\0';
        assert_false(filter_takes(&filter, &other));
        other = *both[i];
        other.first_received_at_us = 101;
        assert_false(filter_takes(&filter, &other));
    }
    other = event;
    other.kind = KIND_AGREEMENT;
    assert_false(filter_takes(&filter, &other));
}

static void filters_of_a_wrong_shape_are_refused_in_words(void **state)
{
    (void)state;
    static uint32_t kinds[FILTER_TERMS_MAX + 1];
    Ihuriro__V1__ReportType types[] = {(Ihuriro__V1__ReportType)6};
    char bad[] = "a b";
    char *institutions[] = {bad};
    char period[] = "2020-6";
    struct complaint complaint;
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    for (size_t i = 0; i <= FILTER_TERMS_MAX; i++) {
        kinds[i] = KIND_REPORT;
    }
    filter.kinds = kinds;
    filter.n_kinds = FILTER_TERMS_MAX;
    assert_int_equal(filter_check(&filter, &complaint), ERR_OK);
    filter.n_kinds++;
    assert_int_equal(filter_check(&filter, &complaint), ERR_TOO_LARGE);
    filter.n_kinds = 1;
    kinds[0] = 0;
    assert_int_equal(filter_check(&filter, &complaint), ERR_MALFORMED);
    kinds[0] = 256;
    assert_int_equal(filter_check(&filter, &complaint), ERR_MALFORMED);
    kinds[0] = 13; /* reserved: a newer program may ask for it */
    assert_int_equal(filter_check(&filter, &complaint), ERR_OK);
    filter.types = types;
    filter.n_types = 1;
    assert_int_equal(filter_check(&filter, &complaint), ERR_MALFORMED);
    filter.n_types = 0;
    filter.institutions = institutions;
    filter.n_institutions = 1;
    assert_int_equal(filter_check(&filter, &complaint), ERR_MALFORMED);
    filter.n_institutions = 0;
    filter.period = period;
    assert_int_equal(filter_check(&filter, &complaint), ERR_MALFORMED);
    assert_non_null(strstr(complaint.text, "2020-Q2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reader_sees_what_the_table_says),
        cmocka_unit_test(kinds_that_are_not_known_are_the_regulators_only),
        cmocka_unit_test(a_party_without_a_role_or_of_another_one_sees_nothing),
        cmocka_unit_test(rights_differ_by_reader_and_follow_agreements_for_staff_only),
        cmocka_unit_test(a_change_of_role_changes_the_rights),
        cmocka_unit_test(filters_take_reports_and_events_by_their_own_terms),
        cmocka_unit_test(filters_of_a_wrong_shape_are_refused_in_words),
    };
    return cmocka_run_group_tests(tests, make_registry, close_registry);
}
