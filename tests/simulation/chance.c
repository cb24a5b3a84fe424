/* Chance and time: both are the seed's. Here the product's clocks are defined, in place of
 * conf/clock.c. */
#include <sodium.h>
#include <string.h>

#include "conf/clock.h"
#include "tests/simulation/world.h"

/* splitmix64 */
uint64_t chance_next(struct chance *chance)
{
    uint64_t value = (chance->state += UINT64_C(0x9E3779B97F4A7C15));
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

uint64_t chance_below(struct chance *chance, uint64_t limit)
{
    return chance_next(chance) % limit;
}

bool chance_is(struct chance *chance, uint64_t one_in)
{
    return chance_below(chance, one_in) == 0;
}

/* ---- libsodium's randomness: nonces of events, whatever else the product draws ---- */

static struct chance before_any_world = {1};
static struct chance *of_libraries = &before_any_world;

static const char *implementation_name(void)
{
    return "simulation";
}

static uint32_t random_word(void)
{
    return (uint32_t)chance_next(of_libraries);
}

static void fill(void *const bytes, const size_t size)
{
    uint8_t *at = bytes;
    for (size_t done = 0; done < size; done += 8) {
        uint64_t value = chance_next(of_libraries);
        memcpy(at + done, &value, size - done < 8 ? size - done : 8);
    }
}

void chance_for_libraries(struct chance *chance)
{
    static struct randombytes_implementation implementation = {
        .implementation_name = implementation_name, .random = random_word, .buf = fill};
    of_libraries = chance != NULL ? chance : &before_any_world;
    randombytes_set_implementation(&implementation);
}

/* ---- clocks ---- */

static const struct world *current;

void world_is_current(const struct world *world)
{
    current = world;
}

int64_t clock_wall_us(void)
{
    return current == NULL ? 0 : current->wall_us + current->hub.skew_us;
}

int64_t clock_monotonic_ms(void)
{
    return current == NULL ? 0 : current->mono_ms;
}

int64_t clock_boot_us(void)
{
    return clock_monotonic_ms() * 1000;
}
