/* When an agent tries again: full jitter, over the pure step function, with a random generator of
 * the test's own. What 2,000 agents do after a restart of the hub follows from it. */
#include "tests/unit/mfi/session_rig.h"

enum { AGENTS = 100, FAILURES = 8, BINS = 10 };

static int64_t pauses[FAILURES][AGENTS]; /* as drawn once for all tests: each costs a commit */

static void draw(void *context, void *bytes, size_t size)
{
    uint64_t *state = context; /* xorshift64* */
    for (size_t i = 0; i < size; i++) {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        ((uint8_t *)bytes)[i] = (uint8_t)((*state * UINT64_C(0x2545F4914F6CDD1D)) >> 56);
    }
}

static struct session *agent_of(struct rig *rig, uint64_t *random)
{
    struct session *session = NULL;
    struct session_options options = {.outbox = rig->outbox,
                                      .hub = &rig->hub->identity,
                                      .institutions = rig_institutions,
                                      .institution_count = 2,
                                      .key_of = rig_key,
                                      .keys = rig,
                                      .stays = true,
                                      .random = draw,
                                      .random_context = random};
    assert_int_equal(session_open(&options, rig->now, &session), ERR_OK);
    return session;
}

/* Passes the time, tick by tick, until it connects; how long that took. */
static int64_t until_it_connects(struct rig *rig, struct session *session)
{
    int64_t begin_ms = rig->now.monotonic_ms;
    for (int i = 0; i < 1000; i++) {
        struct session_step step = session_tick(session, rig->now);
        if (step.link == SESSION_CONNECT) {
            return rig->now.monotonic_ms - begin_ms;
        }
        rig->now.monotonic_ms += step.tick_ms > 0 ? step.tick_ms : 1;
    }
    fail_msg("It never connects again.");
    return 0;
}

static int64_t window_ms(int failures)
{
    int64_t window = (int64_t)SESSION_BACK_OFF_MS << failures;
    return window < SESSION_BACK_OFF_MAX ? window : SESSION_BACK_OFF_MAX;
}

static int fail_again_and_again(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    uint64_t random = 20200401;
    for (size_t agent = 0; agent < AGENTS; agent++) {
        struct session *session = agent_of(&rig, &random);
        assert_int_equal(until_it_connects(&rig, session), 0); /* the first time at once */
        for (int failure = 0; failure < FAILURES; failure++) {
            session_disconnected(session, rig.now, "The wire was pulled out.");
            pauses[failure][agent] = until_it_connects(&rig, session);
        }
        session_close(&session);
    }
    rig_close(&rig);
    hub_close(&hub);
    return 0;
}

/* The distance from evenness, as chi-square over ten bins. 27.9 is exceeded once in a thousand by
 * what is even; the draws are the same in each run. */
static int64_t unevenness(const int64_t *drawn, int64_t window)
{
    int64_t count[BINS] = {0};
    int64_t sum = 0;
    for (size_t i = 0; i < AGENTS; i++) {
        assert_in_range(drawn[i], 0, window);
        count[drawn[i] * BINS / (window + 1)]++;
    }
    for (size_t i = 0; i < BINS; i++) {
        int64_t off = count[i] - AGENTS / BINS;
        sum += off * off;
    }
    return sum / (AGENTS / BINS);
}

static void pauses_lie_anywhere_in_a_window_that_doubles_up_to_five_minutes(void **state)
{
    (void)state;
    for (int failure = 0; failure < FAILURES; failure++) {
        assert_in_range(unevenness(pauses[failure], window_ms(failure)), 0, 27);
    }
    assert_int_equal(window_ms(FAILURES - 1), SESSION_BACK_OFF_MAX);
}

/* What one agent waits tells nothing of what another one does. */
static void agents_that_fail_together_do_not_come_back_together(void **state)
{
    (void)state;
    int64_t most = 0;
    for (int64_t from = 0; from <= SESSION_BACK_OFF_MS; from += 100) {
        int64_t count = 0;
        for (size_t i = 0; i < AGENTS; i++) {
            count += pauses[0][i] >= from && pauses[0][i] < from + 100;
        }
        most = count > most ? count : most;
    }
    /* Even would be 2 of 100 in a tenth of a second: of 2,000, 40, which cost the hub 80 ms. */
    assert_in_range(most, 2, 8);
}

static void a_greeting_makes_the_window_small_again(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    uint64_t random = 7;
    session_close(&rig.session);
    rig.session = agent_of(&rig, &random);
    for (int i = 0; i < 8; i++) {
        (void)until_it_connects(&rig, rig.session);
        session_disconnected(rig.session, rig.now, "No.");
    }
    (void)until_it_connects(&rig, rig.session);
    session_connected(rig.session, rig.now);
    rig_talk(&rig);
    assert_true(session_is_greeted(rig.session));
    session_disconnected(rig.session, rig.now, "The hub was started anew.");
    assert_in_range(until_it_connects(&rig, rig.session), 0, SESSION_BACK_OFF_MS);
    rig_close(&rig);
    hub_close(&hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_lie_anywhere_in_a_window_that_doubles_up_to_five_minutes),
        cmocka_unit_test(agents_that_fail_together_do_not_come_back_together),
        cmocka_unit_test(a_greeting_makes_the_window_small_again),
    };
    return keys_init() == ERR_OK ? cmocka_run_group_tests(tests, fail_again_and_again, NULL) : 1;
}
