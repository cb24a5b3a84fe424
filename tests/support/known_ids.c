/* Preloaded into a hub: libzmq begins to count the names of connections at a number that it draws;
 * so it is always the same. For the attack that must guess them. */
#include <stdlib.h>

int rand(void)
{
    return 7;
}
