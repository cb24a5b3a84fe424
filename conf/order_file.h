/* An order of the authority as a person writes it, to be signed: libconfig.
 *
 *   id = "BNR-2020-03";
 *   authority = "BNR";             # party id of the regulator
 *   from = "2020-04-01";           # governs periods that end from this day
 *   until = "2020-09-30";          # to this one
 *   reason = "...";
 *   # replaces = "BNR-2020-02";
 *   add = ( { type = "LIQUIDITY"; frequency = "W"; wants = "ANY"; due_days = 1; due_time = "12:00";
 * } ); suspend = ( { types = [ "CAPITAL" ]; frequencies = [ "M" ]; categories = [ "USACCO" ]; } );
 */
#ifndef IHURIRO_CONF_ORDER_FILE_H
#define IHURIRO_CONF_ORDER_FILE_H

#include "proto/messages.h"

/* The order lives in the arena, and order_validate takes it. ERR_CONFIG with file, line and what is
 * allowed; ERR_REFUSED for what contradicts itself. */
MUST_USE enum err order_file_read(const char *path, int64_t signed_us, struct arena *arena,
                                  struct complaint *complaint, PbOrder **ret_order);

#endif
