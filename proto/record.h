/* A record of the journal: header || judgement || body.
 *
 * The header has a fixed big-endian layout of HEADER_BYTES bytes, below. The Merkle leaf is
 * SHA-256(0x00 || header), so through the id and the judgement's hash it commits to all of the
 * record. A newer version only appends fields; readers take a longer header with a version that
 * they do not know as long as its first fields parse.
 *
 *   0   1 version (1)          40  16 institution, NUL-padded; an event's subject, or blank
 *   1   1 kind                 56  32 id: SHA-256 of the report bytes or of the event
 *   2   2 header length        88  32 signer's public key, or zeros
 *   4   8 seq, from 1          120 64 signature, or zeros
 *   12  1 report type, or 0    184  8 seq of this institution's previous REPORT, or 0
 *   13  1 frequency, or 0      192  4 judgement length
 *   14  1 verdict, or 0        196  4 body length
 *   15  1 status, or 0         200 32 SHA-256 of the judgement
 *   16  4 period end day       (232)
 *   20  4 vintage, or 0
 *   24  8 received_at, UTC microseconds
 *   32  8 first_received_at; of an event its own time
 */
#ifndef IHURIRO_PROTO_RECORD_H
#define IHURIRO_PROTO_RECORD_H

#include "proto/limits.h"
#include "proto/messages.h"
#include "proto/period.h"

#define HEADER_BYTES     232
#define HEADER_VERSION   1
#define HEADER_BYTES_MAX 512

/* Numbers are part of the format. */
enum record_kind {
    KIND_REPORT = 1,
    KIND_EARLIER_RECEIPT = 2,
    KIND_PARTY = 10,
    KIND_KEYS = 11,
    KIND_AGREEMENT = 12,
    KIND_WAIVED = 13,
    KIND_CLOSED = 14,
    KIND_REOPENED = 15,
    KIND_MERGED = 16,
    KIND_RENAMED = 17,
    KIND_SPLIT = 18,
    KIND_SETTINGS = 20,
    KIND_ORDER = 21,
    KIND_ACCESS = 30,
    KIND_RESTORED = 40,
    KIND_HISTORY_LOST = 41,
    KIND_BACK = 42,
};

const char *record_kind_name(int kind); /* "report", "earlier_receipt", "party" ...; "?" for none */
MUST_USE enum err record_kind_parse(const char *name, int *ret_kind);

enum verdict {
    VERDICT_NONE = 0,
    VERDICT_ACCEPTED = 1,
    VERDICT_ACCEPTED_WITH_WARNINGS = 2,
    VERDICT_REJECTED = 3,
};

const char *verdict_name(int verdict);
static inline bool verdict_accepts(int verdict)
{
    return verdict == VERDICT_ACCEPTED || verdict == VERDICT_ACCEPTED_WITH_WARNINGS;
}

struct header {
    uint8_t version;
    uint8_t kind;
    uint16_t header_bytes;
    uint64_t seq;
    uint8_t type;
    uint8_t frequency;
    uint8_t verdict;
    uint8_t status; /* of the report: 1 PROVISIONAL, 2 FINAL */
    int32_t period_end_day;
    uint32_t vintage;
    int64_t received_at_us;
    int64_t first_received_at_us;
    char institution[INSTITUTION_ID_MAX + 1];
    uint8_t id[SHA256_BYTES];
    uint8_t signer[32];
    uint8_t signature[64];
    uint64_t previous_seq;
    uint32_t judgement_bytes;
    uint32_t body_bytes;
    uint8_t judgement_hash[SHA256_BYTES];
};

/* A record taken apart; views into the stored bytes. raw_header is what is hashed. */
struct record {
    struct header header;
    struct bytes raw;
    struct bytes raw_header;
    struct bytes judgement;
    struct bytes body;
};

void header_encode(const struct header *header, uint8_t ret_bytes[static HEADER_BYTES]);
MUST_USE enum err header_decode(struct bytes raw_header, struct header *ret_header);
/* Lengths must fit exactly. ERR_CORRUPT otherwise. */
MUST_USE enum err record_open(struct bytes raw, struct record *ret_record);
void record_leaf_hash(struct bytes raw_header, uint8_t ret_hash[static SHA256_BYTES]);

/* The whole check of one record on its own: judgement hash, id of the body, for reports signature
 * and that institution, type, period, vintage and status in the header equal the body's; for events
 * that kind, subject and time do. ERR_CORRUPT or ERR_SIGNATURE. judgement and body may be absent
 * (data NULL): what needs them is left out. */
MUST_USE enum err record_check(struct bytes raw_header, struct bytes judgement, struct bytes body,
                               struct arena *arena, struct complaint *complaint);

/* The kind that an event's set part calls for; 0 if none or more than one is set. */
int event_kind(const PbEvent *event);

/* Institution and party ids: 1 to 16 of [A-Z0-9-], not beginning with '-'. */
bool institution_id_is_valid(const char *id);

#endif
