/* Contacts: kept and erased beside the journal, shown to staff and regulator only, and who looked
 * is written down. */
#include "hub/contacts.h"

#include "tests/unit/hub/reading_support.h"

static enum err set_contact(struct readers *readers, const char *id, PbContact *contact,
                            struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer raw = {0};
    Ihuriro__V1__SetContact request = IHURIRO__V1__SET_CONTACT__INIT;
    request.institution = (char *)(uintptr_t)id;
    request.contact = contact;
    OK(message_pack(&request.base, &raw));
    bench_begin(&readers->bench);
    enum err err =
        contact_write(readers->bench.writer, readers->bench.now_us, buffer_bytes(&raw), complaint);
    bench_end(&readers->bench);
    return err;
}

static void set_telephone(struct readers *readers, const char *id, const char *telephone)
{
    struct complaint complaint = {{0}};
    PbContact contact = IHURIRO__V1__CONTACT__INIT;
    contact.telephone = (char *)(uintptr_t)telephone;
    contact.language = (char *)(uintptr_t) "rw";
    if (set_contact(readers, id, &contact, &complaint) != ERR_OK) {
        fail_msg("%s", complaint.text);
    }
}

static const PbContact *stored(struct readers *readers, const char *id)
{
    AUTO(txn_end) struct txn txn = {0};
    const PbContact *contact = NULL;
    OK(txn_begin(store_env(readers->bench.store), false, &txn));
    OK(contact_read(&txn, id, &readers->arena, &contact));
    return contact;
}

static void ask(struct readers *readers, uint8_t user, const char *after, const char *institution)
{
    Ihuriro__V1__GetContacts request = IHURIRO__V1__GET_CONTACTS__INIT;
    char *institutions[] = {(char *)(uintptr_t)institution};
    request.number = 8;
    request.after = (char *)(uintptr_t)after;
    request.institutions = institutions;
    request.n_institutions = institution != NULL;
    forget(readers);
    say_to_query(readers, peer_of(1, user), VERB_GET_CONTACTS, &request.base);
}

/* The writer journals what was handed to it, and tells. */
static void commit(struct readers *readers)
{
    for (size_t i = 0; i < readers->event_count; i++) {
        struct written written = {.ticket = readers->tickets[i]};
        AUTO(txn_end) struct txn txn = {0};
        bench_begin(&readers->bench);
        OK(writer_event(readers->bench.writer, buffer_bytes(&readers->events[i]),
                        &written.last_seq));
        bench_end(&readers->bench);
        struct reading reading = reading_of(readers, &txn);
        query_written(readers->query, &reading, &written);
    }
}

static void a_contact_is_replaced_and_erased_and_no_record_tells_of_it(void **state)
{
    struct readers *readers = *state;
    struct complaint complaint = {{0}};
    const uint64_t head = head_now(readers);
    set_telephone(readers, "M1", "0788 000 001");
    set_telephone(readers, "M1", "0788 000 002");
    const PbContact *contact = stored(readers, "M1");
    assert_string_equal(contact->telephone, "0788 000 002");
    assert_int_equal(contact->changed_us, readers->bench.now_us);
    assert_null(contact->office);
    OK(set_contact(readers, "M1", NULL, &complaint));
    assert_null(stored(readers, "M1"));
    assert_int_equal(set_contact(readers, "M1", NULL, &complaint), ERR_REFUSED);
    assert_non_null(strstr(complaint.text, "nothing to erase"));
    assert_int_equal(head_now(readers), head);
    assert_int_equal(acts_count(readers->bench.acts), bench_count(&readers->bench, KIND_PARTY) +
                                                          bench_count(&readers->bench, KIND_KEYS));
}

static void what_is_no_contact_is_refused_and_changes_nothing(void **state)
{
    struct readers *readers = *state;
    char long_text[TEXT_BYTES_MAX + 2];
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    const struct {
        const char *id;
        const char *telephone;
        const char *language;
        const char *says;
    } rows[] = {
        {"M9", "0788", NULL, "no party M9"},    {"m-1", "0788", NULL, "no party"},
        {"M1", NULL, "rw", "at least one"},     {"M1", "", NULL, "telephone number"},
        {"M1", "two\nlines", NULL, "one line"}, {"M1", long_text, NULL, "telephone number"},
        {"M1", "\xFF\xFE", NULL, "UTF-8"},      {"M1", "0788", "de", "en, fr or rw"},
    };
    set_telephone(readers, "M1", "0788 000 001");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct complaint complaint = {{0}};
        PbContact contact = IHURIRO__V1__CONTACT__INIT;
        contact.telephone = (char *)(uintptr_t)rows[i].telephone;
        contact.language = (char *)(uintptr_t)rows[i].language;
        assert_int_equal(set_contact(readers, rows[i].id, &contact, &complaint), ERR_REFUSED);
        assert_non_null(strstr(complaint.text, rows[i].says));
        assert_string_equal(stored(readers, "M1")->telephone, "0788 000 001");
    }
    struct complaint complaint = {{0}};
    bench_begin(&readers->bench);
    assert_int_equal(
        contact_write(readers->bench.writer, 1, bytes_of((const uint8_t *)"\xFF", 1), &complaint),
        ERR_REFUSED);
    bench_end(&readers->bench);
}

static void contacts_are_shown_to_staff_and_regulator_once_it_is_written_down(void **state)
{
    static const uint8_t users[] = {STAFF, REGULATOR};
    struct readers *readers = *state;
    set_telephone(readers, "M1", "0788 000 001");
    set_telephone(readers, "M2", "0788 000 002");
    set_telephone(readers, "BNR", "0788 000 009"); /* no member */
    for (size_t i = 0; i < 2; i++) {
        ask(readers, users[i], NULL, NULL);
        assert_int_equal(readers->heard_count, 0);
        const PbEvent *event = NULL;
        OK(MESSAGE_UNPACK(event, MESSAGE_CANONICAL, buffer_bytes(&readers->events[0]),
                          &readers->arena, &event));
        assert_int_equal(event->access->act, ACCESS_CONTACTS);
        commit(readers);
        const Ihuriro__V1__Contacts *answer = heard(readers, 0, VERB_CONTACTS);
        assert_int_equal(answer->number, 8);
        assert_int_equal(answer->n_rows, 2);
        assert_string_equal(answer->rows[1]->institution, "M2");
        assert_string_equal(answer->rows[1]->contact->telephone, "0788 000 002");
        assert_null(answer->next);
        ask(readers, users[i], NULL, NULL); /* equal, within ten minutes */
        assert_int_equal(readers->event_count, 0);
        heard(readers, 0, VERB_CONTACTS);
    }
}

static void a_member_is_shown_no_contact(void **state)
{
    struct readers *readers = *state;
    set_telephone(readers, "M1", "0788 000 001");
    ask(readers, 0x10, NULL, NULL);
    const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "NOT_ENTITLED");
    assert_int_equal(readers->event_count, 0);
}

static void one_is_asked_for_by_name_and_who_has_none_is_left_out(void **state)
{
    struct readers *readers = *state;
    set_telephone(readers, "M2", "0788 000 002");
    ask(readers, REGULATOR, NULL, "M2");
    const PbEvent *event = NULL;
    OK(MESSAGE_UNPACK(event, MESSAGE_CANONICAL, buffer_bytes(&readers->events[0]), &readers->arena,
                      &event));
    assert_string_equal(event->subject, "M2"); /* whose contact it is hears of it */
    commit(readers);
    const Ihuriro__V1__Contacts *answer = heard(readers, 0, VERB_CONTACTS);
    assert_int_equal(answer->n_rows, 1);
    ask(readers, REGULATOR, NULL, "M1");
    commit(readers);
    answer = heard(readers, 0, VERB_CONTACTS);
    assert_int_equal(answer->n_rows, 0);
    ask(readers, REGULATOR, NULL, "m1");
    heard(readers, 0, VERB_REFUSED);
}

static void add_member(struct readers *readers, const char *id)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    party.has_role = 1;
    party.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    party.currency = (char *)(uintptr_t) "RWF";
    event.subject = (char *)(uintptr_t)id;
    event.party = &party;
    bench_begin(&readers->bench);
    bench_act(&readers->bench, &event);
    bench_end(&readers->bench);
}

static void many_contacts_come_in_pages_and_each_once(void **state)
{
    struct readers *readers = *state;
    char after[INSTITUTION_ID_MAX + 1] = "";
    unsigned seen = 0;
    const unsigned members = 300;
    for (unsigned i = 0; i < members; i++) {
        char id[INSTITUTION_ID_MAX + 1];
        snprintf(id, sizeof id, "X%04u", i);
        add_member(readers, id);
        set_telephone(readers, id, "0788");
    }
    reload_registry(readers);
    for (unsigned page = 0; page < 2; page++) {
        ask(readers, REGULATOR, page == 0 ? NULL : after, NULL);
        commit(readers);
        const Ihuriro__V1__Contacts *answer = heard(readers, 0, VERB_CONTACTS);
        for (size_t i = 0; i < answer->n_rows; i++) {
            char id[INSTITUTION_ID_MAX + 1];
            snprintf(id, sizeof id, "X%04u", seen++);
            assert_string_equal(answer->rows[i]->institution, id);
        }
        assert_int_equal(answer->next != NULL, page == 0);
        if (answer->next != NULL) {
            strcpy(after, answer->next);
        }
    }
    assert_int_equal(seen, members);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, readers_open, readers_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_contact_is_replaced_and_erased_and_no_record_tells_of_it),
        TEST(what_is_no_contact_is_refused_and_changes_nothing),
        TEST(contacts_are_shown_to_staff_and_regulator_once_it_is_written_down),
        TEST(a_member_is_shown_no_contact),
        TEST(one_is_asked_for_by_name_and_who_has_none_is_left_out),
        TEST(many_contacts_come_in_pages_and_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
