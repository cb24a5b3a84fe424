/* agent.conf: what init writes is read back; what is wrong is said with file, line and what to do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/mfi/agent_conf.h"
#include "agents/mfi/platform.h"

static const char path[] = "/tmp/agent-conf-test.conf";

static enum err read_text(const char *text, struct complaint *complaint, struct agent_conf *conf)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%ld", path, (long)getpid());
    *complaint = (struct complaint){{0}};
    assert_int_equal(platform_write(name, bytes_of(text, strlen(text)), 0600, complaint), ERR_OK);
    enum err err = agent_conf_read(name, complaint, conf);
    unlink(name);
    return err;
}

static void what_init_writes_is_read_back(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer text = {0};
    const char *const ids[] = {"SACCO-1", "SACCO-2"};
    struct conf_template values = {"tcp://hub.example:5701", "rw", "USACCO", "RWF", true, ids, 2};
    struct complaint complaint;
    struct agent_conf conf = {0};
    assert_int_equal(agent_conf_template(&values, &text), ERR_OK);
    assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
    assert_int_equal(read_text((const char *)text.data, &complaint, &conf), ERR_OK);
    assert_string_equal(conf.ingest, "tcp://hub.example:5701");
    assert_true(conf.is_test);
    assert_int_equal(conf.institutions.count, 2);
    const struct conf_institution *second = agent_conf_institution(&conf, "SACCO-2");
    assert_non_null(second);
    assert_string_equal(second->category, "USACCO");
    assert_string_equal(second->signing_key, "/tmp/keys/SACCO-2.key");
    assert_null(agent_conf_institution(&conf, "SACCO-3"));
    agent_conf_close(&conf);
}

#define WHOLE \
    "hub = \"hub.pub\"; ingest = \"tcp://h:1\"; store = \"store\"; transport_key = \"t.key\";\n"

static void words_are_split_at_their_last_equals_sign(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint;
    struct agent_conf conf = {0};
    const struct book_maps *maps = NULL;
    assert_int_equal(read_text(WHOLE
                               "institutions = ( { id = \"A\"; signing_key = \"a.key\"; } );\n"
                               "branches = [ \"Kimironko = 102\", \"A=B = 103\" ];\n"
                               "gl = [ \"1390 = -allowance\" ];\n",
                               &complaint, &conf),
                     ERR_OK);
    assert_int_equal(agent_conf_maps(&conf, &arena, &complaint, &maps), ERR_OK);
    assert_int_equal(maps->branches.count, 2);
    assert_string_equal(maps->branches.items[1].word, "A=B");
    assert_string_equal(maps->branches.items[1].code, "103");
    assert_int_equal(maps->gl.count, 1);
    assert_true(maps->gl.items[0].is_negative);
    assert_string_equal(maps->gl.items[0].item, "allowance");
    assert_true(maps->genders.count > 0); /* a list that is not set keeps the built-in one */
    agent_conf_close(&conf);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {WHOLE "institutions = ();\n", "institutions"},
        {WHOLE "institutions = ( { id = \"a b\"; signing_key = \"k\"; } );\n", "A-Z"},
        {WHOLE "institutions = ( { id = \"A\"; signing_key = \"k\"; }, { id = \"A\"; signing_key = "
               "\"k\"; } );\n",
         "twice"},
        {WHOLE "institutions = ( { id = \"A\"; } );\n", "signing_key"},
        {WHOLE "institution = 1;\n", "institution"},
        {"ingest = \"http://hub\";\n", "tcp://"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct complaint complaint;
        struct agent_conf conf = {0};
        assert_int_equal(read_text(rows[i].text, &complaint, &conf), ERR_CONFIG);
        assert_non_null(strstr(complaint.text, rows[i].says));
    }
}

static void an_item_without_a_code_is_refused(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint;
    struct agent_conf conf = {0};
    const struct book_maps *maps = NULL;
    assert_int_equal(read_text(WHOLE
                               "institutions = ( { id = \"A\"; signing_key = \"a.key\"; } );\n"
                               "sectors = [ \"Ubuhinzi\" ];\n",
                               &complaint, &conf),
                     ERR_OK);
    assert_int_equal(agent_conf_maps(&conf, &arena, &complaint, &maps), ERR_CONFIG);
    assert_non_null(strstr(complaint.text, "Ubuhinzi"));
    agent_conf_close(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_init_writes_is_read_back),
        cmocka_unit_test(words_are_split_at_their_last_equals_sign),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(an_item_without_a_code_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
