/* Every limit of the system. Over a limit: a typed refusal or RETRY_LATER, never a silent drop,
 * never growth inside. */
#ifndef IHURIRO_PROTO_LIMITS_H
#define IHURIRO_PROTO_LIMITS_H

#include <assert.h>

#define SCHEMA_VERSION 1
#define WIRE_VERSION   1

/* Reports */
#define REPORT_BYTES_MAX   (64 * 1024)
#define ENVELOPE_BYTES_MAX (REPORT_BYTES_MAX + 256)
#define TEXT_BYTES_MAX     500
#define INSTITUTION_ID_MAX 16
#define REPEATED_ROWS_MAX  1024              /* rows of one repeated field */
#define UNPACK_BUDGET      (4 * 1024 * 1024) /* memory that unpacking one message may take */

/* Judgements, events, receipts */
#define FINDINGS_MAX           64
#define JUDGEMENT_BYTES_MAX    (8 * 1024)
#define EVENT_BYTES_MAX        (256 * 1024)
#define PROOF_HASHES_MAX       64
#define CHECKPOINT_BYTES_MAX   512
#define ORDER_BYTES_MAX        (64 * 1024)
#define SIGNED_ORDER_BYTES_MAX (ORDER_BYTES_MAX + 256)
#define ORDER_ROWS_MAX         64
#define ORDER_ID_MAX           40
#define RECEIPT_BYTES_MAX      (JUDGEMENT_BYTES_MAX + 4 * 1024)

/* What one institution owes, all pages, as an agent keeps it */
#define OWED_BYTES_MAX (1024 * 1024)

/* Frames */
#define INGEST_REQUEST_MAX  (96 * 1024)
#define INGEST_ANSWER_MAX   (96 * 1024)
#define ANSWER_FRAME_TARGET (64 * 1024) /* answers of one turn share frames up to this */
#define REQUEST_MAX         (16 * 1024)
#define ANSWER_MAX          (1024 * 1024)
#define ADMIN_REQUEST_MAX   (1024 * 1024)

/* The ingest turn */
#define TURN_REPORTS_MAX         1024
#define TURN_BYTES_MAX           (4 * 1024 * 1024)
#define TURN_MS_MAX              200 /* then what was judged is committed and answered */
#define IN_FLIGHT_MAX            32  /* SUBMITs without an answer, an institution */
#define ACT_QUEUE_MAX            256
#define QUOTA_BUCKET             2000
#define QUOTA_REFILL_PER_HOUR    200
#define HELLO_CHECKPOINTS_MAX    32
#define INSTITUTIONS_PER_KEY_MAX 3000 /* HELLO's answer names each with its count */
#define REFUSALS_KEPT            100  /* of each sender */
#define DISK_FLOOR_MB            256  /* free on the hub's disk, unless it is configured */
#define MEMORY_MAX_MB            900 /* of the hub, unless it is configured; below the unit's MemoryMax */
#define OWED_BUCKET              60  /* GET_OWEDs of an institution at once, */
#define OWED_PER_HOUR            240 /* and so many more an hour */
#define REFUSALS_PER_HOUR        600 /* of each sender are kept, once so many came at once */

/* Feeds and pulls */
#define FETCH_WAIT_MS_MAX    30000
#define FETCHES_PER_PARTY    8
#define OLDER_POSITIONS_MAX  32
#define READ_TXN_MS_MAX      100
#define READ_TXN_RECORDS_MAX 1000
#define FILTER_TERMS_MAX     256

/* Time */
#define CLOCK_BEHIND_MAX_S 300
#define CLOCK_JUMP_MAX_S   300
#define CLOCK_GAP_MAX_S    (90 * 86400)
#define KEY_OVERLAP_S      (30 * 86400) /* a replaced key is good for this long */
#define AGENT_KEEPS_S      (400 * 86400)

static_assert(ENVELOPE_BYTES_MAX + RECEIPT_BYTES_MAX + 256 <= INGEST_REQUEST_MAX,
              "a re-offer fits a request");
static_assert(ENVELOPE_BYTES_MAX + RECEIPT_BYTES_MAX + 512 <= INGEST_ANSWER_MAX,
              "one OWN report fits an answer");
static_assert(ANSWER_FRAME_TARGET + RECEIPT_BYTES_MAX + 512 <= INGEST_ANSWER_MAX,
              "a frame of answers fits");
static_assert(EVENT_BYTES_MAX + JUDGEMENT_BYTES_MAX + ENVELOPE_BYTES_MAX + 8192 <= ANSWER_MAX,
              "any record fits an answer");

#endif
