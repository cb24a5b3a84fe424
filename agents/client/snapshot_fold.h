/* Inside a snapshot: what the records say of a period, before it is written as files. */
#ifndef IHURIRO_CLIENT_SNAPSHOT_FOLD_H
#define IHURIRO_CLIENT_SNAPSHOT_FOLD_H

#include "agents/client/snapshot.h"
#include "proto/ratios.h"
#include "proto/registry.h"

enum cell_status {
    CELL_NOT_REPORTED,
    CELL_NOT_SEEN,   /* nothing came, and the reader may not even see a header */
    CELL_REJECTED,   /* attempts only */
    CELL_NOT_SHARED, /* reported; the reader may see its header only */
    CELL_REPORTED,
};

/* What an institution reported of one type. */
struct snapshot_cell {
    char institution[INSTITUTION_ID_MAX + 1];
    int type;
    enum cell_status status;
    const struct snapshot_record *current; /* NULL unless reported or not shared */
    bool is_contested; /* two reports of the current vintage were accepted, and differ */
};

struct snapshot_fold {
    const struct snapshot_terms *terms;
    struct snapshot_cell *cells; /* in order of institution, then type */
    size_t cell_count;
    struct registry *registry;    /* sealed */
    const struct party **members; /* valid at the period's end, in order of id */
    size_t member_count;
    const PbSettings *settings; /* in force at the position; NULL: none */
    struct arena arena;
};

MUST_USE enum err snapshot_fold(const struct snapshot_terms *terms,
                                const struct snapshot_records *records, struct complaint *complaint,
                                struct snapshot_fold *ret_fold);
void snapshot_fold_close(struct snapshot_fold *fold);
/* NULL: nothing came. */
const struct snapshot_cell *snapshot_cell_find(const struct snapshot_fold *fold,
                                               const char *institution, int type);
/* Of a member, also where nothing came. */
enum cell_status snapshot_status(const struct snapshot_fold *fold, const char *institution,
                                 int type);
/* A current report that may be seen whole, of a cell that says so; the message lives in the arena.
 */
MUST_USE enum err snapshot_open(const struct snapshot_cell *cell, struct arena *arena,
                                struct complaint *complaint, const PbReport **ret_report);
/* What ratios of an institution are made of: its current reports, the settings, its category. */
MUST_USE enum err snapshot_inputs(const struct snapshot_fold *fold, const char *institution,
                                  struct arena *arena, struct complaint *complaint,
                                  struct ratio_inputs *ret_inputs);
const char *cell_status_name(enum cell_status status);

/* manifest.json, the last of the files. */
MUST_USE enum err manifest_write(const struct snapshot_fold *fold,
                                 const struct snapshot_records *records,
                                 const struct snapshot_files *files, struct buffer *ret_text);

#endif
