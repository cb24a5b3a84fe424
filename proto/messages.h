/* The generated messages under short names, and the only ways to unpack and pack them.
 *
 * Unpacking runs under an arena with a budget: a message that would take more memory than its
 * budget is ERR_MALFORMED, and nothing is freed one by one. Foreign bytes at ingest are unpacked
 * with MESSAGE_CANONICAL; readers use MESSAGE_TOLERANT. Canonical bytes are unpacked by the same
 * walk in both modes (proto/canonical.h), others by protobuf-c. */
#ifndef IHURIRO_PROTO_MESSAGES_H
#define IHURIRO_PROTO_MESSAGES_H

#include <protobuf-c/protobuf-c.h>

#include "proto/bytes.h"
#include "record.pb-c.h"
#include "report.pb-c.h"
#include "settings.pb-c.h"
#include "wire.pb-c.h"

/* Short names: PbReport for Ihuriro__V1__Report. */
typedef Ihuriro__V1__SignedReport PbSignedReport;
typedef Ihuriro__V1__Report PbReport;
typedef Ihuriro__V1__Period PbPeriod;
typedef Ihuriro__V1__Portfolio PbPortfolio;
typedef Ihuriro__V1__AgingRow PbAgingRow;
typedef Ihuriro__V1__ClassRow PbClassRow;
typedef Ihuriro__V1__BreakdownRow PbBreakdownRow;
typedef Ihuriro__V1__MoratoriumMonth PbMoratoriumMonth;
typedef Ihuriro__V1__Liquidity PbLiquidity;
typedef Ihuriro__V1__DepositRow PbDepositRow;
typedef Ihuriro__V1__BorrowingRow PbBorrowingRow;
typedef Ihuriro__V1__MaturityRow PbMaturityRow;
typedef Ihuriro__V1__Operations PbOperations;
typedef Ihuriro__V1__Capital PbCapital;
typedef Ihuriro__V1__Exposures PbExposures;
typedef Ihuriro__V1__Finding PbFinding;
typedef Ihuriro__V1__Judgement PbJudgement;
typedef Ihuriro__V1__Receipt PbReceipt;
typedef Ihuriro__V1__ReceiptFile PbReceiptFile;
typedef Ihuriro__V1__Position PbPosition;
typedef Ihuriro__V1__Event PbEvent;
typedef Ihuriro__V1__PartyAct PbPartyAct;
typedef Ihuriro__V1__KeysAct PbKeysAct;
typedef Ihuriro__V1__Access PbAccess;
typedef Ihuriro__V1__Filter PbFilter;
typedef Ihuriro__V1__Settings PbSettings;

enum report_type {
    TYPE_PORTFOLIO = IHURIRO__V1__REPORT_TYPE__PORTFOLIO,
    TYPE_LIQUIDITY = IHURIRO__V1__REPORT_TYPE__LIQUIDITY,
    TYPE_OPERATIONS = IHURIRO__V1__REPORT_TYPE__OPERATIONS,
    TYPE_CAPITAL = IHURIRO__V1__REPORT_TYPE__CAPITAL,
    TYPE_EXPOSURES = IHURIRO__V1__REPORT_TYPE__EXPOSURES,
};
#define TYPE_LAST TYPE_EXPOSURES

enum severity {
    SEVERITY_INFO = IHURIRO__V1__SEVERITY__INFO,
    SEVERITY_WARNING = IHURIRO__V1__SEVERITY__WARNING,
    SEVERITY_ERROR = IHURIRO__V1__SEVERITY__ERROR,
};

const char *report_type_name(int type); /* "PORTFOLIO"; "?" for none */
MUST_USE enum err report_type_parse(const char *name, int *ret_type); /* case ignored */

/* An arena: blocks of memory that die together. Zero-initialise; AUTO(arena_close). */
struct arena {
    void *blocks;
    size_t used;   /* in the newest block */
    size_t spent;  /* in all */
    size_t budget; /* 0: UNPACK_BUDGET */
};

void arena_close(struct arena *arena);
void arena_reset(struct arena *arena); /* keeps the first block */
/* NULL when the budget is spent or malloc fails. Zeroed, aligned for anything. */
void *arena_take(struct arena *arena, size_t size);
/* Is there budget for so much? Where it could not be taken all the same, malloc failed. */
bool arena_affords(const struct arena *arena, size_t size);
char *arena_text(struct arena *arena, const char *text); /* a copy, or NULL */

enum message_mode {
    MESSAGE_TOLERANT,  /* unknown fields are allowed and ignored */
    MESSAGE_CANONICAL, /* pack(unpack(raw)) == raw, no unknown field, enums known, text valid UTF-8
                          without NUL, limits kept */
};

/* ERR_MALFORMED, ERR_TOO_LARGE (a text or repeated field over its limit) or ERR_MEMORY. The message
 * lives in the arena. */
MUST_USE enum err message_unpack(const ProtobufCMessageDescriptor *descriptor,
                                 enum message_mode mode, struct bytes raw, struct arena *arena,
                                 const ProtobufCMessage **ret_message);
/* Appends. */
MUST_USE enum err message_pack(const ProtobufCMessage *message, struct buffer *buffer);

/* UNPACK(report, &arena, raw, MESSAGE_TOLERANT, &ret): for type-safe calls. name is the generated
 * lower-case name. */
#define MESSAGE_UNPACK(name, mode, raw, arena, ret)                      \
    message_unpack(&ihuriro__v1__##name##__descriptor, mode, raw, arena, \
                   (const ProtobufCMessage **)(ret))

static inline struct bytes bytes_of_pb(ProtobufCBinaryData data)
{
    return bytes_of(data.data, data.len);
}
/* For packing only: the callee does not write through it. */
ProtobufCBinaryData pb_of_bytes(struct bytes bytes);

#endif
