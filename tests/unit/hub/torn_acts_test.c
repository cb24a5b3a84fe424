/* acts.log, when a sector of it is lost: an act that was acknowledged is never forgotten silently.
 * Either the start is refused, or the journal gives back what was cut, and the cut is told. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/hub/hub_support.h"

#define SECTOR  512
#define MEMBERS 6
#define FILE_IN 16384

struct loss {
    struct bench *bench;
    uint8_t whole[FILE_IN]; /* the file as it was acknowledged */
    size_t size;
    size_t acts;
    size_t refused;
    size_t given_back;
    size_t most; /* acts that one sector took along */
};

static void read_file(struct loss *loss)
{
    int fd = open(loss->bench->acts_path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t got = read(fd, loss->whole, sizeof loss->whole);
    assert_true(got > 2 * SECTOR && got < FILE_IN);
    loss->size = (size_t)got;
    close(fd);
}

static void write_without(const struct loss *loss, size_t from, size_t to)
{
    static const uint8_t zeros[SECTOR];
    int fd = open(loss->bench->acts_path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, loss->whole, loss->size), loss->size);
    assert_int_equal(pwrite(fd, zeros, to - from, (off_t)from), to - from);
    close(fd);
}

static void start_without_sector(struct loss *loss, size_t from)
{
    struct bench *bench = loss->bench;
    struct complaint complaint = {{0}};
    size_t to = from + SECTOR < loss->size ? from + SECTOR : loss->size;
    write_without(loss, from, to);
    enum err err = acts_open(bench->acts_path, &complaint, &bench->acts);
    if (err != ERR_OK) {
        assert_non_null(strstr(complaint.text, "damaged"));
        loss->refused++;
        return;
    }
    size_t gone = loss->acts - acts_count(bench->acts);
    assert_true(gone > 0);
    assert_true(acts_torn_bytes(bench->acts) > 0);
    acts_close(&bench->acts);
    write_without(loss, from, to);
    bench_start(bench);
    assert_int_equal(acts_count(bench->acts), loss->acts);
    bench_stop(bench);
    OK(acts_open(bench->acts_path, &complaint, &bench->acts)); /* and they are on the disk */
    assert_int_equal(acts_count(bench->acts), loss->acts);
    assert_int_equal(acts_torn_bytes(bench->acts), 0);
    acts_close(&bench->acts);
    loss->given_back++;
    loss->most = gone > loss->most ? gone : loss->most;
}

static void acknowledged_acts_of_a_lost_sector_are_named_or_come_back(void **state)
{
    (void)state;
    static struct bench bench;
    static struct loss loss = {.bench = &bench};
    char id[8];
    bench_open(&bench);
    for (uint8_t i = 0; i < MEMBERS; i++) {
        snprintf(id, sizeof id, "A-%u", i);
        bench_member(&bench, id, (uint8_t)(10 + i), (uint8_t)(100 + i));
    }
    loss.acts = acts_count(bench.acts);
    bench_stop(&bench);
    read_file(&loss);
    for (size_t from = 0; from < loss.size; from += SECTOR) {
        start_without_sector(&loss, from);
    }
    assert_true(loss.refused > 0);
    assert_true(loss.given_back > 0);
    assert_true(loss.most >= 2); /* the newline between them was among the zeros */
    write_without(&loss, 0, 0);
    bench_start(&bench);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledged_acts_of_a_lost_sector_are_named_or_come_back),
    };
    if (keys_init() != ERR_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
