/* A pull as files. Every file is a pure function of the signed records (records.pb) and the terms
 * (in manifest.json), so that mfi-pull makes them and mfi-verify makes them again and compares.
 * Nothing here reads a clock, a host name or a locale. */
#ifndef IHURIRO_CLIENT_SNAPSHOT_H
#define IHURIRO_CLIENT_SNAPSHOT_H

#include "proto/checkpoint.h"
#include "proto/record.h"

#define SNAPSHOT_FORMAT_VERSION 1
#define SNAPSHOT_RECORDS_NAME   "records.pb"
#define SNAPSHOT_MANIFEST_NAME  "manifest.json"

enum snapshot_format {
    SNAPSHOT_CSV,
    SNAPSHOT_JSON,
};

/* What was asked, and what the hub answered: all that the files depend on beside the records. */
struct snapshot_terms {
    enum snapshot_format format;
    struct period period;
    uint32_t types; /* bit 1 << type; at least one */
    bool has_known_at;
    int64_t known_at_us;
    bool has_at_seq;
    uint64_t at_seq; /* as asked */
    struct position position;
    char checkpoint[CHECKPOINT_BYTES_MAX + 1]; /* text of the signed note; its position is position
                                                */
    uint8_t rights[SHA256_BYTES];
    char reader[INSTITUTION_ID_MAX + 1]; /* who pulled; "" where the hub did not say */
    int role;                            /* as what: enum role */
};

/* The filter that goes with the terms: at SNAPSHOT, at FETCH, and in the manifest. Lives in arena.
 */
MUST_USE enum err snapshot_filter(const struct snapshot_terms *terms, struct arena *arena,
                                  PbFilter **ret_filter);

/* ---- records.pb: RecordViews in order of seq, each behind its length as a varint ---- */

struct snapshot_record {
    struct header header;
    struct bytes raw_header;
    struct bytes judgement; /* data NULL where only the header may be seen */
    struct bytes body;
    struct bytes proof; /* inclusion in the tree of the position */
};

/* Views into the bytes of records.pb. AUTO(snapshot_records_close). */
struct snapshot_records {
    struct snapshot_record *items;
    size_t count;
    uint8_t ids_hash[SHA256_BYTES]; /* SHA-256 of the ids in their order */
};

void snapshot_records_close(struct snapshot_records *records);
/* Appends one to the bytes of records.pb. */
MUST_USE enum err snapshot_records_append(struct buffer *records_pb,
                                          const Ihuriro__V1__RecordView *view);
/* ERR_MALFORMED with the number of the record where it does not parse or seqs do not rise. */
MUST_USE enum err snapshot_records_open(struct bytes records_pb, struct complaint *complaint,
                                        struct snapshot_records *ret_records);

/* The checkpoint's signature, that it is of the position, each record's inclusion, each record on
 * its own (record_check), and that the filter takes it. ERR_SIGNATURE or ERR_CORRUPT. */
MUST_USE enum err snapshot_verify(const struct snapshot_terms *terms,
                                  const struct snapshot_records *records,
                                  const struct hub_identity *hub, struct complaint *complaint);

/* ---- files ---- */

#define SNAPSHOT_FILES_MAX 64

struct snapshot_file {
    char name[64];
    struct buffer bytes;
};

/* AUTO(snapshot_files_close). The last one is manifest.json. */
struct snapshot_files {
    struct snapshot_file items[SNAPSHOT_FILES_MAX];
    size_t count;
};

void snapshot_files_close(struct snapshot_files *files);
/* All files of a pull, records.pb and manifest.json included. */
MUST_USE enum err snapshot_build(const struct snapshot_terms *terms, struct bytes records_pb,
                                 const struct snapshot_records *records,
                                 struct complaint *complaint, struct snapshot_files *ret_files);

/* The terms that a manifest.json states. ERR_MALFORMED with what is wrong in it. */
MUST_USE enum err manifest_read(struct bytes text, struct complaint *complaint,
                                struct snapshot_terms *ret_terms);

#endif
