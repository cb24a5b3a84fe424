/* Text from outside: valid UTF-8, escaped for logs, searched for what must not be in it. */
#ifndef IHURIRO_PROTO_TEXT_H
#define IHURIRO_PROTO_TEXT_H

#include "proto/bytes.h"
#include "proto/messages.h"

/* Shortest forms only, no surrogates, no NUL, at most U+10FFFF. */
bool text_is_utf8(struct bytes text);
/* Printable ASCII stays, all else becomes \xNN; cut at the buffer with "...". Returns out, for use
 * in a format's arguments. */
const char *text_escape(struct bytes text, char *out, size_t out_size);
/* Case folded for ASCII and Latin-1 letters, accents removed, for comparing words (D3, D10). out
 * gets at most out_size - 1. */
void text_fold(const char *text, char *out, size_t out_size);

/* ENV-14 (D19): does the text hold a telephone number or national id, after removing spaces, dots,
 * hyphens, brackets and with +250 or 00250? Patterns come from the settings; without settings,
 * Rwanda's built-in ones. A text with fewer than six digits holds none. */
bool text_has_private_number(const char *text, const PbSettings *settings);

#endif
