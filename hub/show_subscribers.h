/* `mfi-hub status`: who follows the feed, as text and as JSON. */
#ifndef IHURIRO_HUB_SHOW_SUBSCRIBERS_H
#define IHURIRO_HUB_SHOW_SUBSCRIBERS_H

#include <jansson.h>

#include "proto/messages.h"

/* An array; NULL without memory. */
json_t *json_of_subscribers(const Ihuriro__V1__Status *status);
void print_subscribers(const Ihuriro__V1__Status *status);

#endif
