/* acts.log: what an operator or a key owner did, one checksummed line an act, outside what a
 * restore replaces.
 *
 *   line = ("1 " or "+ ") BASE64(event bytes) " " first 16 hex digits of SHA-256(event bytes) "\n"
 *
 * "+ " says that the append goes on in the next line, "1 " ends it: acts appended together are
 * there together. The last append, where a crash broke it off (no line ends it, or zeros stand
 * in sectors that never reached the disk), is cut at open; any other bad line refuses the start. */
#ifndef IHURIRO_STORAGE_ACTS_H
#define IHURIRO_STORAGE_ACTS_H

#include "proto/bytes.h"

struct acts;

/* Creates the file when it is not there (fsynced with its folder). */
MUST_USE enum err acts_open(const char *path, struct complaint *complaint, struct acts **ret_acts);
void acts_close(struct acts **acts);
size_t acts_count(const struct acts *acts);
/* What acts_open cut off behind the last whole append; 0: the file was whole. Two things can look
 * alike there: an append that a power cut broke off, and acknowledged acts, the last of the file,
 * between which a disk lost a sector. The journal has whatever was acknowledged, so its acts are to
 * be appended again (writer_make does that), and the cut is to be told. */
uint64_t acts_torn_bytes(const struct acts *acts);
/* Event bytes of the i-th line; a view, good until the next append. */
struct bytes acts_at(const struct acts *acts, size_t index);
bool acts_hold(const struct acts *acts, const uint8_t id[static SHA256_BYTES]);
/* Appends all (or none) and fsyncs. After ERR_OK they are on disk. A failed write is undone by
 * cutting the file back; if that fails too, later appends fail. */
MUST_USE enum err acts_append(struct acts *acts, const struct bytes *events, size_t count);

#endif
