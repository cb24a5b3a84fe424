/* How long a sector's totals take from its store, in this fresh process: all groupings, all lines,
 * quartiles, coverage and change.
 *
 *   totals HUB_FOLDER MONTH TIMES
 *
 * Prints fresh_ms (from the program's start to the last row, the store opened), warm_ms (again in
 * the same process; the median of TIMES), country_ms (warm, by country alone), yearly_ms (the
 * ratios over twelve months, warm), read_ms (of warm: the indexes), rows, members, reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hub/hub_open.h"
#include "hub/sector_read.h"
#include "proto/totals.h"

#define TIMES_MAX 101

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

struct measured {
    double read_ms;
    double all_ms;
    size_t rows;
    size_t members;
    size_t reports;
};

static enum err measure(struct hub *hub, const struct totals_terms *terms,
                        struct measured *ret_measured)
{
    AUTO(txn_end) struct txn txn = {0};
    AUTO(sector_read_close) struct sector_read *read = NULL;
    AUTO(totals_close) struct totals *totals = NULL;
    struct sector_wanted wanted = {.month = terms->month,
                                   .months_before = totals_months_before(terms),
                                   .without_facts = true,
                                   .until = UINT64_MAX,
                                   .known_at_us = INT64_MAX};
    bool is_done = false;
    double began = now_ms();
    enum err err = txn_begin(store_env(hub->store), false, &txn);
    err = err != ERR_OK ? err : sector_read_make(&wanted, NULL, &read);
    err = err != ERR_OK ? err : sector_read_step(read, &txn, SIZE_MAX, &is_done);
    double was_read = now_ms();
    err = err != ERR_OK ? err : totals_of_sector(sector_read_sector(read), terms, &totals);
    if (err == ERR_OK) {
        *ret_measured = (struct measured){
            .read_ms = was_read - began,
            .all_ms = now_ms() - began,
            .rows = totals_rows(totals),
            .members = registry_count(sector_registry(sector_read_sector(read))),
            .reports = sector_read_sightings(read),
        };
    }
    return err;
}

static int ascending(const void *a, const void *b)
{
    double left = ((const struct measured *)a)->all_ms;
    double right = ((const struct measured *)b)->all_ms;
    return left < right ? -1 : left > right;
}

static enum err median(struct hub *hub, const struct totals_terms *terms, size_t times,
                       struct measured *ret_measured)
{
    struct measured all[TIMES_MAX];
    enum err err = ERR_OK;
    for (size_t i = 0; i < times && err == ERR_OK; i++) {
        err = measure(hub, terms, &all[i]);
    }
    if (err == ERR_OK) {
        qsort(all, times, sizeof all[0], ascending);
        *ret_measured = all[times / 2];
    }
    return err;
}

static enum err run(const char *folder, struct period month, size_t times, double began)
{
    static struct hub hub;
    char *all_groups[] = {"COUNTRY", "CATEGORY", "DISTRICT", "PEER_GROUP",
                          "SECTOR",  "PRODUCT",  "GENDER"};
    char *year_lines[] = {"R05", "R06"};
    struct totals_terms all = {.month = month, .by = all_groups, .by_count = 7};
    struct totals_terms country = {.month = month};
    struct totals_terms yearly = {.month = month, .lines = year_lines, .line_count = 2};
    struct measured fresh;
    struct measured warm;
    struct measured by_country;
    struct measured year;
    struct complaint complaint = {{0}};
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/hub.conf", folder);
    enum err err = hub_config_read(path, &hub.config, &complaint);
    err = err != ERR_OK ? err : hub_open(&hub, HUB_READ, &complaint);
    err = err != ERR_OK ? err : measure(&hub, &all, &fresh);
    double fresh_ms = now_ms() - began;
    err = err != ERR_OK ? err : median(&hub, &all, times, &warm);
    err = err != ERR_OK ? err : median(&hub, &country, times, &by_country);
    err = err != ERR_OK ? err : median(&hub, &yearly, 1, &year);
    if (err != ERR_OK) {
        fprintf(stderr, "totals: %s\n", complaint.text[0] != '\0' ? complaint.text : err_text(err));
        return err;
    }
    printf("fresh_ms=%.1f warm_ms=%.1f country_ms=%.1f yearly_ms=%.1f read_ms=%.1f rows=%zu "
           "members=%zu reports=%zu\n",
           fresh_ms, warm.all_ms, by_country.all_ms, year.all_ms, warm.read_ms, warm.rows,
           warm.members, warm.reports);
    hub_release(&hub);
    return ERR_OK;
}

int main(int argc, char **argv)
{
    double began = now_ms();
    struct period month;
    size_t times = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (times == 0 || times > TIMES_MAX || period_parse(argv[2], &month) != ERR_OK ||
        keys_init() != ERR_OK) {
        fprintf(stderr, "usage: totals HUB_FOLDER MONTH TIMES\n");
        return 2;
    }
    return run(argv[1], month, times, began) == ERR_OK ? 0 : 1;
}
