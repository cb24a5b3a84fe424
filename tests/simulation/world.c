#include "tests/simulation/world.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* ---- what happened ---- */

/* FNV-1a, 64 bits. */
static void digest(struct world *world, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        world->digest = (world->digest ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
    }
}

void world_say(struct world *world, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    digest(world, text, length < 0 ? 0 : strlen(text));
    if (world->trace != NULL) {
        fprintf(world->trace, "%9.3f s  %s\n", (double)world->mono_ms / 1000, text);
    }
}

void world_break(struct world *world, const char *format, ...)
{
    va_list arguments;
    if (world->is_broken) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(world->broken, sizeof world->broken, format, arguments);
    va_end(arguments);
    world->is_broken = true;
    world_say(world, "BROKEN: %s", world->broken);
}

bool world_ok(struct world *world, enum err err, const char *call)
{
    if (err != ERR_OK) {
        world_break(world, "%.200s: %s", call, err_text(err));
    }
    return err == ERR_OK;
}

/* ---- time ---- */

void world_pass_ms(struct world *world, int64_t ms)
{
    world->mono_ms += ms;
    world->wall_us += ms * 1000;
}

struct session_time world_time(const struct world *world)
{
    return (struct session_time){.monotonic_ms = world->mono_ms, .wall_us = world->wall_us};
}

/* ---- keys ---- */

static struct signing_key *signing_keys[INSTITUTIONS_MAX][GENERATIONS];
static struct signing_key *log_key;

static enum err make_key(uint8_t first, uint8_t second, struct signing_key **ret_key)
{
    uint8_t seed[32];
    memset(seed, first, sizeof seed);
    seed[31] = second;
    return signing_key_from_seed(seed, ret_key);
}

enum err world_keys_make(void)
{
    enum err err = make_key(200, 0, &log_key);
    for (uint8_t i = 0; i < INSTITUTIONS_MAX; i++) {
        for (uint8_t k = 0; k < GENERATIONS && err == ERR_OK; k++) {
            err = make_key((uint8_t)(10 + i), k, &signing_keys[i][k]);
        }
    }
    return err;
}

void world_keys_close(void)
{
    signing_key_close(&log_key);
    for (size_t i = 0; i < INSTITUTIONS_MAX; i++) {
        for (size_t k = 0; k < GENERATIONS; k++) {
            signing_key_close(&signing_keys[i][k]);
        }
    }
}

const struct signing_key *world_key(size_t institution, size_t generation)
{
    return signing_keys[institution][generation];
}

const struct signing_key *world_log_key(void)
{
    return log_key;
}

const char *world_institution(size_t index)
{
    static const char *const names[INSTITUTIONS_MAX] = {"SACCO-1", "SACCO-2", "SACCO-3"};
    return names[index];
}

/* ---- files ---- */

enum err world_copy_file(const char *from, const char *to)
{
    uint8_t bytes[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    enum err err = in < 0 || out < 0 ? ERR_IO : ERR_OK;
    ssize_t got = 1;
    while (err == ERR_OK && got > 0) {
        got = read(in, bytes, sizeof bytes);
        err = got < 0 || write(out, bytes, (size_t)(got < 0 ? 0 : got)) != got ? ERR_IO : ERR_OK;
    }
    if (in >= 0) {
        close(in);
    }
    if (out >= 0 && close(out) != 0) {
        err = ERR_IO;
    }
    return err;
}
