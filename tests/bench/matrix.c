/* How long the state of a month takes from its store, in this fresh process: each cell of
 * institution × report, and the counts.
 *
 *   matrix HUB_FOLDER MONTH TIMES
 *
 * Prints fresh_ms, fresh_cpu_ms (from the program's start to the last cell, the store opened),
 * warm_ms (again in the same process, everything read anew; the median of TIMES), cpu_ms (of one of
 * these), read_ms (of that: the indexes), both_ms (this month and the one before it, one after the
 * other), cells, institutions, reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hub/hub_open.h"
#include "hub/period_view.h"
#include "hub/sector_read.h"

#define TIMES_MAX 101

struct measured {
    double read_ms;
    double all_ms;
    size_t cells;
    size_t institutions;
    size_t reports;
};

static double ms_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double now_ms(void)
{
    return ms_of(CLOCK_MONOTONIC);
}

static enum err measure(struct hub *hub, const struct period *month, struct complaint *complaint,
                        struct measured *ret_measured)
{
    AUTO(txn_end) struct txn txn = {0};
    AUTO(sector_read_close) struct sector_read *read = NULL;
    AUTO(period_view_close) struct period_view view = {0};
    struct sector_wanted wanted = {.month = *month, .months_before = -1};
    bool is_done = false;
    double began = now_ms();
    enum err err = txn_begin(store_env(hub->store), false, &txn);
    if (err != ERR_OK) {
        return err;
    }
    wanted.until = journal_size(&txn);
    wanted.known_at_us = INT64_MAX / 2;
    err = sector_read_make(&wanted, NULL, &read);
    err = err != ERR_OK ? err : sector_read_step(read, &txn, SIZE_MAX, &is_done);
    double was_read = now_ms();
    err = err != ERR_OK
              ? err
              : period_view_make(sector_read_sector(read), month, wanted.until, complaint, &view);
    *ret_measured = (struct measured){was_read - began, now_ms() - began, view.count, view.expected,
                                      err == ERR_OK ? sector_read_sightings(read) : 0};
    return err;
}

static int by_time(const void *left, const void *right)
{
    const struct measured *a = left;
    const struct measured *b = right;
    return (a->all_ms > b->all_ms) - (a->all_ms < b->all_ms);
}

static enum err measure_all(struct hub *hub, const struct period *month, size_t times, double began,
                            struct complaint *complaint)
{
    static struct measured again[TIMES_MAX];
    struct measured fresh;
    struct measured first;
    struct measured second;
    struct period before = period_previous(month);
    enum err err = measure(hub, month, complaint, &fresh);
    double fresh_ms = now_ms() - began;
    double fresh_cpu_ms = ms_of(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < times && err == ERR_OK; i++) {
        err = measure(hub, month, complaint, &again[i]);
    }
    double cpu_ms = (ms_of(CLOCK_PROCESS_CPUTIME_ID) - fresh_cpu_ms) / (double)times;
    err = err != ERR_OK ? err : measure(hub, month, complaint, &first);
    err = err != ERR_OK ? err : measure(hub, &before, complaint, &second);
    if (err != ERR_OK) {
        return err;
    }
    qsort(again, times, sizeof again[0], by_time);
    printf("fresh_ms=%.1f fresh_cpu_ms=%.1f warm_ms=%.1f cpu_ms=%.1f read_ms=%.1f both_ms=%.1f "
           "cells=%zu institutions=%zu reports=%zu\n",
           fresh_ms, fresh_cpu_ms, again[times / 2].all_ms, cpu_ms, again[times / 2].read_ms,
           first.all_ms + second.all_ms, fresh.cells, fresh.institutions, fresh.reports);
    return ERR_OK;
}

int main(int argc, char **argv)
{
    AUTO(hub_release) struct hub hub = {0};
    struct complaint complaint = {{0}};
    struct period month;
    char path[1024];
    double began = now_ms();
    unsigned long times = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (times == 0 || times > TIMES_MAX || period_parse(argv[2], &month) != ERR_OK) {
        fprintf(stderr, "usage: matrix HUB_FOLDER MONTH TIMES\n");
        return 2;
    }
    (void)snprintf(path, sizeof path, "%s/hub.conf", argv[1]);
    enum err err = hub_config_read(path, &hub.config, &complaint);
    err = err != ERR_OK ? err : hub_open(&hub, HUB_READ, &complaint);
    err = err != ERR_OK ? err : measure_all(&hub, &month, times, began, &complaint);
    if (err != ERR_OK) {
        fprintf(stderr, "matrix: %s %s\n", err_text(err), complaint.text);
        return 1;
    }
    return 0;
}
