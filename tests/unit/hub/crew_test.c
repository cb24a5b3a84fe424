/* The ingest door's threads: whatever they do at once, messages are decided in the order in which
 * they came, each once. */
#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

/* What memory and threads there are is this test's to say: the crew's own source is built here with
 * a calloc and a pthread_create that may say no. */
static size_t units_left = SIZE_MAX;
static size_t threads_left = SIZE_MAX;

static void *scarce_calloc(size_t count, size_t size)
{
    return units_left == 0 ? NULL : (units_left--, calloc(count, size));
}

static int scarce_thread(pthread_t *thread, const pthread_attr_t *attributes,
                         void *(*begin)(void *argument), void *argument)
{
    return threads_left == 0
               ? EAGAIN
               : (threads_left--, pthread_create(thread, attributes, begin, argument));
}

#define calloc         scarce_calloc
#define pthread_create scarce_thread
#include "hub/crew.c"
#undef calloc
#undef pthread_create

#define OK(call)   assert_int_equal((call), ERR_OK)
#define MESSAGES   20000
#define A_TURN_MAX 100

/* Peer and frame of message i: from one of 7 connections, with its number. */
struct stage {
    struct crew *crew;
    uint32_t received; /* by one thread at a time */
    uint32_t decided;  /* likewise */
    uint32_t turns;
    uint32_t disordered;
    uint32_t unexamined;
    uint32_t wanted;
    atomic_uint receivers; /* at once */
    atomic_uint writers;
    atomic_uint crowds;
    atomic_bool is_over;
};

static uint32_t number_of(struct bytes frame)
{
    return get_u32(frame.data);
}

/* Bursts of all lengths; every thousandth time a turn is wanted for no message. */
static bool receive(void *context, struct unit *unit)
{
    struct stage *stage = context;
    stage->crowds += stage->receivers++ > 0;
    uint32_t burst = stage->received * 7919 % 11 + 1;
    bool is_turn_wanted = stage->received % 1000 == 999;
    for (uint32_t i = 0; i < burst && stage->received < MESSAGES && !unit_is_full(unit); i++) {
        uint8_t frame[4];
        struct incoming incoming = {.frame = bytes_of(frame, sizeof frame)};
        put_u32(frame, stage->received++);
        assert(unit_add(unit, &incoming) == ERR_OK);
    }
    stage->wanted += is_turn_wanted;
    stage->receivers--;
    return is_turn_wanted;
}

static void examine_all(void *context, struct unit *unit)
{
    (void)context;
    for (size_t i = 0; i < unit->count; i++) {
        unit->examined[i].verb = (int)number_of(unit_frame(unit, i));
        unit->is_final[i] = true;
    }
}

static void turn(void *context)
{
    struct stage *stage = context;
    struct unit *unit = NULL;
    stage->crowds += stage->writers++ > 0;
    stage->turns++;
    for (uint32_t n = 0; n < A_TURN_MAX && (unit = crew_next(stage->crew)) != NULL;) {
        for (; n < A_TURN_MAX && unit->decided < unit->count; n++) {
            size_t i = unit->decided++;
            uint32_t number = number_of(unit_frame(unit, i));
            stage->disordered += number != stage->decided;
            stage->unexamined +=
                !unit->is_final[i] || unit->examined[i].verb != (int)stage->decided;
            stage->decided++;
        }
    }
    crew_hand_over(stage->crew);
    stage->writers--;
    if (stage->decided == MESSAGES) {
        stage->is_over = true;
    }
}

static bool is_over(void *context)
{
    const struct stage *stage = context;
    return stage->is_over;
}

static void play(void)
{
    static struct stage stage;
    stage = (struct stage){0};
    const struct crew_jobs jobs = {&stage, receive, examine_all, turn, is_over};
    OK(crew_make(&jobs, &stage.crew));
    crew_run(stage.crew);
    crew_close(&stage.crew);
    assert_int_equal(stage.decided, MESSAGES);
    assert_int_equal(stage.disordered, 0);
    assert_int_equal(stage.unexamined, 0);
    assert_int_equal(stage.crowds, 0);
    assert_true(stage.turns >= MESSAGES / A_TURN_MAX);
    assert_true(stage.wanted > 0);
}

static void all_is_decided_once_and_in_order(void **state)
{
    (void)state;
    play();
}

/* A crew that was made goes on with one unit and one thread, and ends when it is told to. */
static void a_crew_with_little_does_the_same_and_ends(void **state)
{
    (void)state;
    for (size_t units = 0; units < 3; units++) {
        for (size_t threads = 0; threads < 3; threads++) {
            units_left = 2 + units; /* the crew's own, and its first unit */
            threads_left = threads;
            play();
        }
    }
    units_left = SIZE_MAX;
    threads_left = SIZE_MAX;
}

/* Else nobody would receive, and nobody hear that all is over: the hub would neither work nor
 * end. */
static void a_crew_that_can_receive_nothing_is_not_made(void **state)
{
    (void)state;
    const struct crew_jobs jobs = {NULL, receive, examine_all, turn, is_over};
    struct crew *crew = NULL;
    for (units_left = 0; units_left < 2; units_left++) {
        size_t left = units_left;
        assert_int_equal(crew_make(&jobs, &crew), ERR_MEMORY);
        assert_null(crew);
        units_left = left;
    }
    units_left = SIZE_MAX;
}

static void a_unit_takes_so_many_messages_or_bytes(void **state)
{
    (void)state;
    static uint8_t large[UNIT_BYTES];
    struct unit unit = {0};
    struct incoming small = {.frame = bytes_of(large, 1)};
    for (size_t i = 0; i < UNIT_MESSAGES; i++) {
        assert_false(unit_is_full(&unit));
        OK(unit_add(&unit, &small));
    }
    assert_true(unit_is_full(&unit));
    buffer_close(&unit.frames);
    unit = (struct unit){0};
    OK(unit_add(&unit, &(struct incoming){.frame = bytes_of(large, sizeof large)}));
    assert_true(unit_is_full(&unit));
    assert_int_equal(unit_frame(&unit, 0).size, UNIT_BYTES);
    buffer_close(&unit.frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_decided_once_and_in_order),
        cmocka_unit_test(a_crew_with_little_does_the_same_and_ends),
        cmocka_unit_test(a_crew_that_can_receive_nothing_is_not_made),
        cmocka_unit_test(a_unit_takes_so_many_messages_or_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
