/* GET_MATRIX: who has reported what of a month, page by page; GET_RECEIPT: the receipt of a record
 * that was seen. */
#include <string.h>

#include "hub/query_inside.h"

#define PAGE_BYTES_MAX  (ANSWER_MAX - 4096)        /* of rows */
#define PAGE_MEMORY_MAX ((size_t)16 * 1024 * 1024) /* that they take before they are packed */
#define ROW_CELLS_MAX   512 /* five types, each by day, week, month and quarter, and orders */

/* ---- what of a cell the reader may see ---- */

static enum sight sight_of(const struct asked *asked, const char *institution, int type)
{
    struct header header = {.kind = KIND_REPORT, .type = (uint8_t)type};
    memcpy(header.institution, institution, strlen(institution));
    return access_sight(asked->reader, asked->reading->registry, &header);
}

/* That a report is approved or says nothing stands in its body. */
static enum progress shown_progress(const struct cell *cell, enum sight sight)
{
    bool is_of_body = cell->progress == PROGRESS_APPROVED || cell->progress == PROGRESS_NIL;
    if (sight == SIGHT_WHOLE || !is_of_body) {
        return cell->progress;
    }
    return cell->current->verdict == VERDICT_ACCEPTED_WITH_WARNINGS
               ? PROGRESS_ACCEPTED_WITH_WARNINGS
               : PROGRESS_ACCEPTED;
}

/* ---- the page ---- */

struct page {
    const struct asked *asked;
    const Ihuriro__V1__GetMatrix *request;
    const struct sector *sector;
    struct period month;
    struct arena arena;
    Ihuriro__V1__MatrixRow **rows;
    size_t row_count;
    size_t row_capacity;
    size_t bytes;
    const char *next; /* the last institution of the page, if more follow */
    /* the row in hand */
    Ihuriro__V1__Cell *cells[ROW_CELLS_MAX];
    size_t cell_count;
};

static char *copy_text(struct page *page, const char *text)
{
    return arena_text(&page->arena, text);
}

static enum err fill_cell(struct page *page, const struct duty *duty, const struct cell *cell,
                          Ihuriro__V1__Cell *row)
{
    char key[PERIOD_KEY_MAX + 1];
    period_format(&duty->period, key);
    row->type = (Ihuriro__V1__ReportType)duty->type;
    row->period = copy_text(page, key);
    row->timeliness = (char *)(uintptr_t)timeliness_name(cell->timeliness); /* packed only */
    row->due_us = duty->due_us;
    row->has_late_s = cell->late_s > 0;
    row->late_s = cell->late_s;
    row->has_received_us = cell->satisfying != NULL;
    row->received_us = cell->satisfying != NULL ? cell->satisfying->first_received_at_us : 0;
    row->has_seq = row->has_vintage = cell->current != NULL;
    row->seq = cell->current != NULL ? cell->current->seq : 0;
    row->vintage = cell->current != NULL ? cell->current->vintage : 0;
    row->has_rejected_attempt = row->rejected_attempt = cell->has_rejected_attempt;
    row->has_provisional_only = row->provisional_only = cell->is_provisional_only;
    row->has_contested = row->contested = cell->is_contested;
    row->has_corrections = cell->corrections > 0;
    row->corrections = cell->corrections;
    row->has_retroactive = row->retroactive = duty->obligation->retroactive != NULL;
    const PbOrder *order = duty->added_by != NULL ? duty->added_by : duty->suspended_by;
    row->order = order != NULL ? order->id : NULL;
    return row->period == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err take_cell(void *context, const struct party *party, const struct duty *duty,
                          const struct cell *cell)
{
    struct page *page = context;
    enum sight sight = sight_of(page->asked, party->id, duty->type);
    if (sight == SIGHT_NONE) {
        return ERR_OK;
    }
    Ihuriro__V1__Cell *row = arena_take(&page->arena, sizeof *row);
    if (row == NULL || page->cell_count == ROW_CELLS_MAX) {
        return ERR_MEMORY;
    }
    *row = (Ihuriro__V1__Cell)IHURIRO__V1__CELL__INIT;
    const struct waiver *waiver =
        docket_waiver(sector_docket(page->sector), party->id, duty->type, &duty->period);
    row->progress = (char *)(uintptr_t)progress_name(shown_progress(cell, sight)); /* packed only */
    row->waiver = waiver != NULL ? (char *)(uintptr_t)waiver->reason : NULL;
    page->cells[page->cell_count++] = row;
    return fill_cell(page, duty, cell, row);
}

static enum err add_row(struct page *page, Ihuriro__V1__MatrixRow *row)
{
    if (page->row_count == page->row_capacity) {
        size_t wanted = page->row_capacity == 0 ? 512 : page->row_capacity * 2;
        Ihuriro__V1__MatrixRow **grown = reallocarray(page->rows, wanted, sizeof(void *));
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        page->rows = grown;
        page->row_capacity = wanted;
    }
    page->rows[page->row_count++] = row;
    return ERR_OK;
}

/* ERR_TOO_LARGE: it belongs on the next page. */
static enum err take_party(struct page *page, const struct party *party)
{
    page->cell_count = 0;
    enum err err = sector_cells_of(page->sector, party, &page->month, take_cell, page);
    if (err != ERR_OK || page->cell_count == 0) {
        return err;
    }
    Ihuriro__V1__MatrixRow *row = arena_take(&page->arena, sizeof *row);
    void *cells = arena_take(&page->arena, page->cell_count * sizeof page->cells[0]);
    if (row == NULL || cells == NULL) {
        return ERR_MEMORY;
    }
    *row = (Ihuriro__V1__MatrixRow)IHURIRO__V1__MATRIX_ROW__INIT;
    row->institution = (char *)(uintptr_t)party->id;
    row->n_cells = page->cell_count;
    row->cells = memcpy(cells, page->cells, page->cell_count * sizeof page->cells[0]);
    row->has_missing = row->missing = sector_is_missing(page->sector, party);
    row->bureau = party->bureau != NULL && party->bureau[0] != '\0' ? party->bureau : NULL;
    size_t bytes = protobuf_c_message_get_packed_size(&row->base) + 8;
    if (page->row_count > 0 && page->bytes + bytes > PAGE_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    page->bytes += bytes;
    return add_row(page, row);
}

static bool is_asked_for(const struct page *page, const struct party *party)
{
    const Ihuriro__V1__GetMatrix *request = page->request;
    bool is_named = request->n_institutions == 0;
    for (size_t i = 0; i < request->n_institutions && !is_named; i++) {
        is_named = strcmp(request->institutions[i], party->id) == 0;
    }
    return is_named && party->role == ROLE_MEMBER &&
           (request->after == NULL || strcmp(party->id, request->after) > 0);
}

static enum err fill_page(struct page *page)
{
    const struct registry *registry = sector_registry(page->sector);
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct party *party = registry_at(registry, i);
        enum err err = is_asked_for(page, party) ? take_party(page, party) : ERR_OK;
        if (err == ERR_TOO_LARGE) {
            page->next = page->rows[page->row_count - 1]->institution;
            return ERR_OK;
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* ---- how many there are: said on the first page ---- */

static enum err owes_what_is_seen(void *context, const struct party *party, const struct duty *duty,
                                  const struct cell *cell)
{
    const struct page *page = context;
    (void)cell;
    return sight_of(page->asked, party->id, duty->type) == SIGHT_NONE ? ERR_OK : ERR_EXISTS;
}

static enum err count_all(struct page *page, Ihuriro__V1__Matrix *answer)
{
    const struct registry *registry = sector_registry(page->sector);
    answer->has_expected = answer->has_missing = 1;
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct party *party = registry_at(registry, i);
        enum err err =
            is_asked_for(page, party)
                ? sector_cells_of(page->sector, party, &page->month, owes_what_is_seen, page)
                : ERR_OK;
        if (err != ERR_OK && err != ERR_EXISTS) {
            return err;
        }
        if (err == ERR_EXISTS) {
            answer->expected++;
            answer->missing += sector_is_missing(page->sector, party);
        }
    }
    return ERR_OK;
}

/* ---- the answer ---- */

static enum err pack_matrix(struct page *page, const struct checkpoint *checkpoint,
                            struct buffer *frame)
{
    Ihuriro__V1__Matrix answer = IHURIRO__V1__MATRIX__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    struct closed closed = docket_closed(sector_docket(page->sector), page->month.end_day);
    position_to_message(&checkpoint->position, &position);
    answer.number = page->request->number;
    answer.position = &position;
    answer.checkpoint = pb_of_bytes(checkpoint->text);
    answer.known_at_us = sector_known_at(page->sector);
    answer.rows = page->rows;
    answer.n_rows = page->row_count;
    answer.next = (char *)(uintptr_t)page->next; /* packed only */
    answer.period_state = (char *)(uintptr_t)closing_name(closed.state);
    answer.now_us = page->asked->reading->now_us;
    enum err err = page->request->after == NULL ? count_all(page, &answer) : ERR_OK;
    return err != ERR_OK ? err : frame_pack(VERB_MATRIX, &answer.base, frame);
}

/* The first page is asked for as of now, the next ones as of its record and time: one act. */
static enum err keys_of(const struct asked *asked, const Ihuriro__V1__GetMatrix *request,
                        const struct sector_moment *moment, PbFilter *filter,
                        struct access_key *ret_key, struct access_key *ret_also)
{
    PbFilter pinned = *filter;
    pinned.has_known_at_us = 1;
    pinned.known_at_us = moment->known_at_us;
    enum err err =
        access_key_of_act(ACCESS_MATRIX, asked->reader->id, filter,
                          request->has_at_seq ? request->at_seq : 0, asked->rights, ret_key);
    return err != ERR_OK ? err
                         : access_key_of_act(ACCESS_MATRIX, asked->reader->id, &pinned,
                                             moment->until, asked->rights, ret_also);
}

static enum err answer_matrix(const struct asked *asked, const Ihuriro__V1__GetMatrix *request,
                              struct page *page, const struct checkpoint *checkpoint,
                              const struct sector_moment *moment)
{
    AUTO(buffer_close) struct buffer answer = {0};
    struct access_key key;
    struct access_key also;
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    filter.period = request->period;
    filter.institutions = request->institutions;
    filter.n_institutions = request->n_institutions;
    filter.has_known_at_us = request->has_known_at_us;
    filter.known_at_us = request->known_at_us;
    struct access_event access = {
        .act = ACCESS_MATRIX,
        .reader = asked->reader->id,
        .filter = &filter,
        .position = &checkpoint->position,
        .rights = asked->rights,
        .time_us = asked->reading->now_us,
    };
    enum err err = fill_page(page);
    err = err != ERR_OK ? err : pack_matrix(page, checkpoint, &answer);
    err = err != ERR_OK ? err : keys_of(asked, request, moment, &filter, &key, &also);
    if (err == ERR_OK) {
        asked->reading->counters->matrices++;
    }
    return err != ERR_OK ? err : query_answer(asked, &key, &also, &access, &answer);
}

static enum err check_request(const struct asked *asked, const Ihuriro__V1__GetMatrix *request,
                              struct complaint *complaint, struct period *ret_month)
{
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    filter.institutions = request->institutions;
    filter.n_institutions = request->n_institutions;
    if (period_parse(request->period, ret_month) != ERR_OK || ret_month->frequency != FREQUENCY_M) {
        return complain(complaint, ERR_REFUSED, "A matrix is of one month, such as 2020-06.");
    }
    if (filter_check(&filter, complaint) != ERR_OK) {
        return ERR_REFUSED;
    }
    if (ret_month->start_day > time_day(asked->reading->now_us, 0) + 1) {
        return complain(complaint, ERR_REFUSED, "%s has not begun.", request->period);
    }
    return ERR_OK;
}

enum err query_take_matrix(struct asked *asked)
{
    const Ihuriro__V1__GetMatrix *request = NULL;
    struct complaint complaint = {{0}};
    struct checkpoint checkpoint;
    struct sector_moment moment;
    struct page page = {.asked = asked, .arena = {.budget = PAGE_MEMORY_MAX}};
    if (MESSAGE_UNPACK(get_matrix, MESSAGE_TOLERANT, asked->body, &asked->query->arena, &request) !=
        ERR_OK) {
        return query_malformed(asked, "This GET_MATRIX cannot be read.");
    }
    enum err err = check_request(asked, request, &complaint, &page.month);
    err = err != ERR_OK ? err
                        : query_moment(asked, request->has_at_seq ? &request->at_seq : NULL,
                                       request->has_known_at_us ? &request->known_at_us : NULL,
                                       &complaint, &checkpoint, &moment);
    if (err == ERR_REFUSED) {
        return query_malformed(asked, complaint.text);
    }
    struct sector_wanted wanted = {
        .month = page.month,
        .months_before = -1,
        .until = moment.until,
        .known_at_us = moment.known_at_us,
    };
    err = err != ERR_OK ? err : query_sector(asked, &wanted, &page.sector);
    if (err == ERR_BUSY) {
        return query_busy_collecting(asked);
    }
    if (err == ERR_OK && !asked->is_unfinished) {
        page.request = request;
        err = answer_matrix(asked, request, &page, &checkpoint, &moment);
    }
    free(page.rows);
    arena_close(&page.arena);
    return err;
}
