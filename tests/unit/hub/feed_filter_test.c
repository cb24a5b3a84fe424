/* The feed door's filters: by type, institution, category, district and kind of record; each role's
 * view of them; what is refused in words; and that a feed with another filter is another access. */
#include "tests/unit/hub/reading_support.h"

#include "hub/feed_filter.h"
#include "hub/pull_scope.h"

struct terms {
    const char *kind; /* each NULL: not named */
    int type;
    const char *institution;
    const char *category;
    const char *district;
};

/* One term of each list; lives as long as the terms and the holder. */
struct filter_holder {
    PbFilter filter;
    uint32_t kind;
    Ihuriro__V1__ReportType type;
    char *texts[3];
};

static const PbFilter *filter_of(const struct terms *terms, struct filter_holder *holder)
{
    PbFilter *filter = &holder->filter;
    int kind = 0;
    *filter = (PbFilter)IHURIRO__V1__FILTER__INIT;
    if (terms->kind != NULL) {
        OK(record_kind_parse(terms->kind, &kind));
        holder->kind = (uint32_t)kind;
        filter->kinds = &holder->kind;
        filter->n_kinds = 1;
    }
    holder->type = (Ihuriro__V1__ReportType)terms->type;
    filter->types = &holder->type;
    filter->n_types = terms->type != 0;
    holder->texts[0] = (char *)(uintptr_t)terms->institution;
    holder->texts[1] = (char *)(uintptr_t)terms->category;
    holder->texts[2] = (char *)(uintptr_t)terms->district;
    filter->institutions = &holder->texts[0];
    filter->n_institutions = terms->institution != NULL;
    filter->categories = &holder->texts[1];
    filter->n_categories = terms->category != NULL;
    filter->districts = &holder->texts[2];
    filter->n_districts = terms->district != NULL;
    return filter;
}

static void fetch_filtered(struct readers *readers, uint8_t user, const PbFilter *filter,
                           uint64_t from, uint32_t wait_ms)
{
    struct position position = position_now(readers, from);
    PbPosition message_from = IHURIRO__V1__POSITION__INIT;
    Ihuriro__V1__Fetch message = IHURIRO__V1__FETCH__INIT;
    position_to_message(&position, &message_from);
    message.position = &message_from;
    message.filter = (PbFilter *)(uintptr_t)filter;
    message.has_wait_ms = 1;
    message.wait_ms = wait_ms;
    message.number = 7;
    say_to_feed(readers, peer_of(user, user), VERB_FETCH, &message.base);
    turn_feed(readers);
}

static void put_in(struct readers *readers, const char *id, const char *category,
                   const char *district)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    party.category = (char *)(uintptr_t)category;
    party.district = (char *)(uintptr_t)district;
    event.subject = (char *)(uintptr_t)id;
    event.party = &party;
    readers->bench.now_us += 1000000;
    bench_begin(&readers->bench);
    bench_act(&readers->bench, &event);
    bench_end(&readers->bench);
    reload_registry(readers);
}

/* M1 is a USACCO of Gasabo, M2 an MFI of Huye; of each one report. */
static uint64_t two_groups(struct readers *readers)
{
    put_in(readers, "M1", "USACCO", "Gasabo");
    put_in(readers, "M2", "MFI", "Huye");
    uint64_t before = head_now(readers);
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    add_report(readers, "M2", 0x20, BENCH_DAY, 1);
    forget(readers);
    return before;
}

/* The institutions of what came, one letter each behind the M; "!" and the rule where it was
 * refused. */
static const char *seen(struct readers *readers, uint8_t user, const struct terms *terms,
                        uint64_t from)
{
    static char text[128];
    struct filter_holder holder;
    size_t at = 0;
    forget(readers);
    fetch_filtered(readers, user, filter_of(terms, &holder), from, 0);
    int verb = 0;
    struct bytes body;
    assert_int_equal(readers->heard_count, 1);
    OK(frame_open(buffer_bytes(&readers->heard[0]), &verb, &body));
    if (verb == VERB_REFUSED) {
        const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
        assert_true(strlen(refused->text) > 20);
        assert_true(refused->text[strlen(refused->text) - 1] == '.');
        snprintf(text, sizeof text, "!%s", refused->rule);
        return text;
    }
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    for (size_t i = 0; i < records->n_records && at < sizeof text - 2; i++) {
        struct header header;
        OK(header_decode(bytes_of_pb(records->records[i]->header), &header));
        text[at++] = header.institution[0] == '\0' ? '-' : header.institution[1];
        if (records->records[i]->body.data == NULL) {
            text[at++] = '?'; /* a header alone */
        }
    }
    text[at] = '\0';
    return text;
}

static void each_role_sees_its_part_of_what_a_filter_takes(void **state)
{
    struct readers *readers = *state;
    uint64_t from = two_groups(readers);
    add_reader(readers, "PRESS", ROLE_PUBLIC, STRANGER);
    set_agreement(readers, "M1", true); /* staff see M1 whole, of M2 the header */
    const struct {
        struct terms terms;
        const char *regulator;
        const char *staff;
        const char *member; /* M1 */
        const char *public;
    } rows[] = {
        {{.kind = "report"}, "12", "12?", "1", "!NOT_ENTITLED"},
        {{.type = TYPE_LIQUIDITY, .kind = "report"}, "12", "12?", "1", "!NOT_ENTITLED"},
        {{.kind = "report", .type = TYPE_EXPOSURES}, "", "!NOT_ENTITLED", "", "!NOT_ENTITLED"},
        {{.kind = "report", .institution = "M1"}, "1", "1", "1", "!NOT_ENTITLED"},
        {{.institution = "M2", .kind = "report"}, "2", "2?", "!NOT_ENTITLED", "!NOT_ENTITLED"},
        {{.kind = "report", .category = "USACCO"}, "1", "1", "1", "!NOT_ENTITLED"},
        {{.kind = "report", .category = "MFI"}, "2", "2?", "!NOT_ENTITLED", "!NOT_ENTITLED"},
        {{.kind = "report", .district = "Gasabo"}, "1", "1", "1", "!NOT_ENTITLED"},
        {{.kind = "report", .district = "Huye"}, "2", "2?", "!NOT_ENTITLED", "!NOT_ENTITLED"},
        {{.kind = "report", .category = "USACCO", .district = "Huye"},
         "",
         "",
         "!NOT_ENTITLED",
         "!NOT_ENTITLED"},
        {{.kind = "agreement", .category = "USACCO"}, "1", "1", "1", "!NOT_ENTITLED"},
        {{.kind = "access"}, "", "!NOT_ENTITLED", "", "!NOT_ENTITLED"},
        {{.kind = "keys"}, "R", "", "", "!NOT_ENTITLED"}, /* PRESS's, enrolled last */
        {{.kind = "party", .institution = "M2"}, "", "", "", "!NOT_ENTITLED"},
        {{.kind = "settings", .category = "MFI"}, "", "", "", "!NOT_ENTITLED"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(seen(readers, REGULATOR, &rows[i].terms, from), rows[i].regulator);
        assert_string_equal(seen(readers, STAFF, &rows[i].terms, from), rows[i].staff);
        assert_string_equal(seen(readers, 0x10, &rows[i].terms, from), rows[i].member);
        assert_string_equal(seen(readers, STRANGER, &rows[i].terms, from), rows[i].public);
    }
}

static void what_does_not_exist_is_refused_with_what_there_is(void **state)
{
    struct readers *readers = *state;
    uint64_t from = two_groups(readers);
    struct filter_holder holder;
    const struct {
        struct terms terms;
        const char *says;
    } rows[] = {
        {{.category = "SACO"}, "There are: MFI, USACCO."},
        {{.district = "huye"}, "There are: Gasabo, Huye."}, /* as it is written in the registry */
        {{.institution = "M3"}, "no party of this hub has that id"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(seen(readers, REGULATOR, &rows[i].terms, from), "!FILTER");
        const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
        assert_non_null(strstr(refused->text, rows[i].says));
        assert_int_equal(readers->event_count, 0); /* nor is it written down */
    }
    assert_string_equal(seen(readers, REGULATOR, &(struct terms){.category = "a\n"}, from),
                        "!FILTER");
    assert_null(
        strchr(((const Ihuriro__V1__Refused *)heard(readers, 0, VERB_REFUSED))->text, '\n'));
    PbFilter filter = *filter_of(&(struct terms){.kind = "report"}, &holder);
    holder.kind = 99;
    forget(readers);
    fetch_filtered(readers, REGULATOR, &filter, from, 0);
    assert_string_equal(((const Ihuriro__V1__Refused *)heard(readers, 0, VERB_REFUSED))->rule,
                        "FILTER");
    assert_int_equal(feed_parked(readers->feed), 0);
}

static void many_groups_are_named_as_far_as_there_is_room(void **state)
{
    struct readers *readers = *state;
    char category[120];
    for (int i = 0; i < 12; i++) {
        char id[8];
        snprintf(id, sizeof id, "N%d", i);
        memset(category, 'a' + i, sizeof category - 1);
        category[sizeof category - 1] = '\0';
        bench_member(&readers->bench, id, (uint8_t)(0xa0 + i), (uint8_t)(0xc0 + i));
        put_in(readers, id, category, "Gasabo");
    }
    assert_string_equal(seen(readers, REGULATOR, &(struct terms){.category = "none"}, 0),
                        "!FILTER");
    const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
    assert_non_null(strstr(refused->text, "ccc, ..."));
    assert_true(strlen(refused->text) < 700);
}

static void without_members_groups_are_refused_in_words_too(void **state)
{
    struct readers *readers = *state;
    assert_string_equal(seen(readers, REGULATOR, &(struct terms){.district = "Huye"}, 0),
                        "!FILTER");
    const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
    assert_non_null(strstr(refused->text, "No member has one yet."));
}

/* The registry as it stands when a record is read decides, also for headers that were looked at
 * before. */
static void an_institution_that_changes_its_category_changes_the_feeds_it_is_in(void **state)
{
    struct readers *readers = *state;
    uint64_t from = two_groups(readers);
    const struct terms saccos = {.kind = "report", .category = "USACCO"};
    assert_string_equal(seen(readers, REGULATOR, &saccos, from), "1");
    assert_string_equal(seen(readers, STAFF, &saccos, from), "1?");
    put_in(readers, "M2", "USACCO", "Huye");
    assert_string_equal(seen(readers, REGULATOR, &saccos, from), "12");
    put_in(readers, "M1", "MFI", "Gasabo");
    put_in(readers, "M2", "MFI", "Huye");
    assert_string_equal(seen(readers, REGULATOR, &saccos, from),
                        ""); /* it stands open: no refusal */
    readers->now_ms += ACCESS_EQUAL_MS + 1;
    assert_string_equal(seen(readers, REGULATOR, &saccos, from), "!FILTER");
}

static void a_filter_by_groups_is_kept_while_its_feed_waits(void **state)
{
    struct readers *readers = *state;
    (void)two_groups(readers);
    struct filter_holder holder;
    char category[] = "USACCO";
    char district[] = "Gasabo";
    const PbFilter *filter = filter_of(
        &(struct terms){.kind = "report", .category = category, .district = district}, &holder);
    fetch_filtered(readers, REGULATOR, filter, head_now(readers), 30000);
    memset(&holder, 0xee, sizeof holder); /* what was in the frame is gone */
    memset(category, 'x', 3);
    memset(district, 'x', 3);
    assert_int_equal(feed_parked(readers->feed), 1);
    add_report(readers, "M2", 0x20, BENCH_DAY + 1, 1);
    turn_feed(readers);
    assert_int_equal(readers->heard_count, 0);
    add_report(readers, "M1", 0x10, BENCH_DAY + 1, 1);
    turn_feed(readers);
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    assert_int_equal(records->n_records, 1);
}

static void a_feed_with_another_filter_is_another_access_that_names_it(void **state)
{
    struct readers *readers = *state;
    uint64_t from = two_groups(readers);
    const struct terms rows[] = {
        {.kind = "report"},
        {.kind = "report", .category = "USACCO"},
        {.kind = "report", .category = "MFI"},
        {.kind = "report", .district = "Huye"},
        {.kind = "report", .category = "MFI", .district = "Huye"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        seen(readers, STAFF, &rows[i], from);
        assert_int_equal(readers->event_count, 1);
        const PbEvent *event = NULL;
        OK(MESSAGE_UNPACK(event, MESSAGE_CANONICAL, buffer_bytes(&readers->events[0]),
                          &readers->arena, &event));
        assert_int_equal(event->access->act, ACCESS_FEED_OPENED);
        assert_null(event->subject); /* it concerns every member of the group: blank */
        assert_int_equal(event->access->filter->n_categories, rows[i].category != NULL);
        assert_int_equal(event->access->filter->n_districts, rows[i].district != NULL);
        seen(readers, STAFF, &rows[i], from);
        assert_int_equal(readers->event_count, 0); /* an equal one writes nothing */
    }
}

static void a_pull_is_not_made_by_groups(void **state)
{
    (void)state;
    struct filter_holder holder;
    struct complaint complaint = {{0}};
    char period[] = "2020-06";
    PbFilter filter = *filter_of(&(struct terms){.kind = "report", .category = "USACCO"}, &holder);
    filter.period = period;
    assert_int_equal(scope_check(&filter, &complaint), ERR_REFUSED);
    assert_non_null(strstr(complaint.text, "category"));
    filter.n_categories = 0;
    OK(scope_check(&filter, &complaint));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, readers_open, readers_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_role_sees_its_part_of_what_a_filter_takes),
        TEST(what_does_not_exist_is_refused_with_what_there_is),
        TEST(many_groups_are_named_as_far_as_there_is_room),
        TEST(without_members_groups_are_refused_in_words_too),
        TEST(an_institution_that_changes_its_category_changes_the_feeds_it_is_in),
        TEST(a_filter_by_groups_is_kept_while_its_feed_waits),
        TEST(a_pull_is_not_made_by_groups),
        TEST(a_feed_with_another_filter_is_another_access_that_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
