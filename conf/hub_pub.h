/* hub.pub: what `mfi-hub init` writes and every client pins. libconfig syntax, so that the one
 * loader reads it:
 *
 *   origin = "hub.example.org";
 *   transport = "Z85";
 *   log = [ "HEX" ];
 *   test = false;
 */
#ifndef IHURIRO_CONF_HUB_PUB_H
#define IHURIRO_CONF_HUB_PUB_H

#include "proto/bytes.h"
#include "proto/keys.h"

MUST_USE enum err hub_pub_read(const char *path, struct complaint *complaint,
                               struct hub_identity *ret_hub);
/* Appends the text of the file. */
MUST_USE enum err hub_pub_format(const struct hub_identity *hub, struct buffer *text);

#endif
