/* GET_TOTALS: sums and ratios of the sector, made in steps, kept while nothing comes that concerns
 * them, answered page by page. */
#include <string.h>

#include "hub/query_inside.h"

#define PAGE_BYTES_MAX     (ANSWER_MAX - 4096)
#define CONCERN_LOOKS_MAX  20000   /* at headers, for totals made before */
#define SEAL_VALUES_MAX    2000000 /* that quartiles of one step are drawn from */
#define SEAL_ROW_VALUES    1000    /* what a row costs besides */
#define ASSETS_MONTHS_BACK 24 /* of who has not reported for longer, the register's are taken */

/* ---- the question ---- */

struct question {
    struct asked *asked;
    const Ihuriro__V1__GetTotals *request;
    struct totals_terms terms;
    uint8_t key[SHA256_BYTES]; /* of it and the rights, apart from time and record */
    int months_before;
    struct checkpoint checkpoint;
    struct sector_moment moment;
};

static bool shares(void *context, const char *institution)
{
    const struct asked *asked = context;
    struct header header = {.kind = KIND_REPORT, .type = TYPE_PORTFOLIO};
    memcpy(header.institution, institution, strlen(institution));
    return access_sight(asked->reader, asked->reading->registry, &header) == SIGHT_WHOLE;
}

static enum err add_words(struct buffer *text, char *const *words, size_t count)
{
    enum err err = buffer_printf(text, "%zu ", count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = buffer_printf(text, "%zu:%s ", strlen(words[i]), words[i]);
    }
    return err;
}

static enum err hash_question(struct question *question)
{
    AUTO(buffer_close) struct buffer text = {0};
    const struct totals_terms *terms = &question->terms;
    enum err err = buffer_append(&text, question->asked->rights, SHA256_BYTES);
    err = err != ERR_OK ? err
                        : buffer_printf(&text, "%d %d %d ", (int)terms->month.end_day,
                                        terms->has_estimates, terms->is_for_staff);
    err = err != ERR_OK ? err : add_words(&text, terms->by, terms->by_count);
    err = err != ERR_OK ? err : add_words(&text, terms->lines, terms->line_count);
    if (err == ERR_OK) {
        sha256(buffer_bytes(&text), question->key);
    }
    return err;
}

/* ERR_REFUSED with the sentence. */
static enum err take_terms(struct question *question, struct complaint *complaint)
{
    const Ihuriro__V1__GetTotals *request = question->request;
    struct totals_terms terms = {
        .by = request->by,
        .by_count = request->n_by,
        .lines = request->lines,
        .line_count = request->n_lines,
        .has_estimates = request->has_estimates && request->estimates,
        .is_for_staff = question->asked->reader->role == ROLE_ASSOCIATION,
        .shares = shares,
        .context = question->asked,
    };
    if (period_parse(request->period, &terms.month) != ERR_OK ||
        terms.month.frequency != FREQUENCY_M) {
        return complain(complaint, ERR_REFUSED, "Totals are of one month, such as 2020-06.");
    }
    if (terms.month.start_day > time_day(question->asked->reading->now_us, 0) + 1) {
        return complain(complaint, ERR_REFUSED, "%s has not begun.", request->period);
    }
    question->terms = terms;
    question->months_before = totals_months_before(&terms);
    return hash_question(question);
}

/* ---- what was made before ---- */

static void kept_close(struct totals_kept *kept)
{
    totals_close(&kept->totals);
    *kept = (struct totals_kept){.used = 0};
}

void query_totals_close(struct query *query)
{
    for (size_t i = 0; i < TOTALS_KEPT; i++) {
        kept_close(&query->totals[i]);
    }
}

static bool concerns(const struct question *question, const struct header *header)
{
    int32_t first_day = 0;
    int32_t last_day = 0;
    if (header->kind != KIND_REPORT && header->kind != KIND_EARLIER_RECEIPT) {
        return sector_wants(header->kind);
    }
    sector_inputs_days(&question->terms.month, question->months_before, &first_day, &last_day);
    first_day = header->type == TYPE_CAPITAL ? INT32_MIN : first_day; /* for last known assets */
    return verdict_accepts(header->verdict) && header->period_end_day >= first_day &&
           header->period_end_day <= last_day;
}

/* Does nothing that came between concern them? False also where that is much to look at. */
static enum err reaches(const struct question *question, const struct totals_kept *kept,
                        bool *ret_reaches)
{
    AUTO(journal_cursor_close) struct journal_cursor cursor = {.at = 0};
    struct record record;
    bool is_clean = question->moment.until <= kept->until ||
                    question->moment.until - kept->until <= CONCERN_LOOKS_MAX;
    enum err err = journal_cursor_open(question->asked->reading->txn, &cursor);
    for (uint64_t seq = kept->until + 1; seq <= question->moment.until && is_clean && err == ERR_OK;
         seq++) {
        err = journal_cursor_get(&cursor, seq, &record);
        is_clean = err == ERR_OK && !concerns(question, &record.header);
    }
    *ret_reaches = is_clean;
    return err;
}

/* What was made as of now stands for any later time too: nothing of totals changes by time alone.
 */
static bool is_same(const struct question *question, const struct totals_kept *kept)
{
    int64_t known_at_us = question->moment.known_at_us;
    return kept->used > 0 && memcmp(kept->key, question->key, SHA256_BYTES) == 0 &&
           question->moment.until >= kept->from &&
           (kept->is_of_now ? known_at_us >= kept->known_at_us : known_at_us == kept->known_at_us);
}

static enum err find_kept(const struct question *question, struct totals_kept **ret_kept)
{
    struct query *query = question->asked->query;
    for (size_t i = 0; i < TOTALS_KEPT; i++) {
        struct totals_kept *kept = &query->totals[i];
        bool is_good = false;
        if (!is_same(question, kept)) {
            continue;
        }
        enum err err = reaches(question, kept, &is_good);
        if (err != ERR_OK) {
            return err;
        }
        if (is_good) {
            kept->until =
                kept->until > question->moment.until ? kept->until : question->moment.until;
            *ret_kept = kept;
            return ERR_OK;
        }
    }
    return ERR_OK;
}

static struct totals_kept *keep(const struct question *question, struct totals *totals)
{
    struct query *query = question->asked->query;
    struct totals_kept *place = &query->totals[0];
    for (size_t i = 0; i < TOTALS_KEPT; i++) {
        place = query->totals[i].used < place->used ? &query->totals[i] : place;
    }
    kept_close(place);
    *place = (struct totals_kept){
        .is_of_now = !question->request->has_known_at_us && !question->request->has_at_seq,
        .known_at_us = question->moment.known_at_us,
        .from = question->moment.until,
        .until = question->moment.until,
        .totals = totals,
    };
    memcpy(place->key, question->key, SHA256_BYTES);
    return place;
}

/* ---- making ---- */

/* What lies in its job between two steps. */
struct work {
    struct sector_read *read;
    struct totals *totals;
    size_t fed;
};

static void work_close(struct work *work)
{
    totals_close(&work->totals);
    sector_read_close(&work->read);
}

static struct work take_up(const struct asked *asked)
{
    struct work work = {.read = NULL};
    struct job *job = asked->job;
    if (job != NULL) {
        work = (struct work){STEAL(job->read), STEAL(job->totals), job->fed};
    }
    if (job != NULL && memcmp(job->rights, asked->rights, SHA256_BYTES) != 0) {
        memcpy(job->rights, asked->rights, SHA256_BYTES);
        totals_close(&work.totals);
        work.fed = 0;
    }
    return work;
}

static enum err put_down(struct asked *asked, struct work *work)
{
    struct job *job = NULL;
    enum err err = query_job(asked, &job);
    if (err == ERR_OK) {
        job->read = STEAL(work->read);
        job->totals = STEAL(work->totals);
        job->fed = work->fed;
        asked->is_unfinished = true;
    }
    return err;
}

struct assets_of {
    const struct question *question;
    struct sighting sightings[64];
    size_t count;
};

static enum err take_sighting(void *context, const struct report_row *row)
{
    struct assets_of *of = context;
    const struct sector_moment *moment = &of->question->moment;
    bool is_known = row->seq <= moment->until && row->first_received_at_us <= moment->known_at_us;
    if (is_known && of->count < sizeof of->sightings / sizeof of->sightings[0]) {
        of->sightings[of->count++] = sighting_of_row(row);
    }
    return ERR_OK;
}

/* C01 of the current CAPITAL of a month or quarter that ended on the day. */
static enum err assets_on(const struct question *question, const struct party *party,
                          enum frequency frequency, int32_t day, bool *ret_has, int64_t *ret_assets)
{
    AUTO(arena_close) struct arena arena = {0};
    struct assets_of of = {.question = question};
    struct txn *txn = question->asked->reading->txn;
    const PbSignedReport *envelope = NULL;
    const PbReport *report = NULL;
    struct record record;
    enum err err =
        reports_walk(txn, TYPE_CAPITAL, (int)frequency, day, party->id, take_sighting, &of);
    const struct sighting *current =
        err != ERR_OK || of.count == 0 ? NULL : place_current(of.sightings, of.count);
    if (current == NULL) {
        return err;
    }
    err = journal_get(txn, current->seq, &record);
    err = err != ERR_OK
              ? err
              : MESSAGE_UNPACK(signed_report, MESSAGE_TOLERANT, record.body, &arena, &envelope);
    err = err != ERR_OK ? err
                        : MESSAGE_UNPACK(report, MESSAGE_TOLERANT, bytes_of_pb(envelope->report),
                                         &arena, &report);
    if (err == ERR_OK && report->capital != NULL && report->capital->has_total_assets) {
        *ret_has = true;
        *ret_assets = report->capital->total_assets;
    }
    return err;
}

/* Of who has said nothing of its assets for as long as the sector was read of. */
static enum err assets_before(void *context, const struct party *party, bool *ret_has,
                              int64_t *ret_assets)
{
    const struct question *question = context;
    struct period month = question->terms.month;
    enum err err = ERR_OK;
    for (int i = 0; i < ASSETS_MONTHS_BACK && err == ERR_OK && !*ret_has; i++) {
        err = assets_on(question, party, FREQUENCY_M, month.end_day, ret_has, ret_assets);
        if (err == ERR_OK && !*ret_has) {
            err = assets_on(question, party, FREQUENCY_Q, month.end_day, ret_has, ret_assets);
        }
        month = period_previous(&month);
    }
    return err;
}

static enum err feed_some(struct question *question, struct work *work)
{
    const struct sector *sector = sector_read_sector(work->read);
    int months = question->months_before + 1;
    size_t until = work->fed + 1 + READ_TXN_RECORDS_MAX / (size_t)(TYPE_LAST * months);
    size_t count = totals_members(work->totals);
    enum err err = ERR_OK;
    for (; work->fed < count && work->fed < until && err == ERR_OK; work->fed++) {
        err = totals_feed_from(work->totals, sector, work->fed, assets_before, question);
    }
    return err;
}

/* One step: of reading the sector, of feeding its members, or of making rows. ERR_REFUSED with the
 * sentence. */
static enum err make_some(struct question *question, struct work *work, struct complaint *complaint,
                          bool *ret_is_done)
{
    struct txn *txn = question->asked->reading->txn;
    bool is_read = false;
    struct sector_wanted wanted = {
        .month = question->terms.month,
        .months_before = question->months_before,
        .without_facts = true,
        .until = question->moment.until,
        .known_at_us = question->moment.known_at_us,
    };
    enum err err = ERR_OK;
    if (work->read == NULL) {
        err = sector_read_make(&wanted, question->asked->query->facts, &work->read);
    }
    err = err != ERR_OK ? err : sector_read_step(work->read, txn, READ_TXN_RECORDS_MAX, &is_read);
    if (err != ERR_OK || !is_read) {
        return err;
    }
    const struct sector *sector = sector_read_sector(work->read);
    if (work->totals == NULL) {
        err = totals_check(&question->terms, sector_settings(sector), complaint);
        return err == ERR_MALFORMED ? ERR_REFUSED
               : err != ERR_OK      ? err
                                    : totals_make(&question->terms, sector_registry(sector),
                                                  sector_settings(sector), &work->totals);
    }
    size_t members = totals_members(work->totals);
    if (work->fed < members) {
        return feed_some(question, work);
    }
    return totals_seal_step(work->totals, 1 + SEAL_VALUES_MAX / (members + SEAL_ROW_VALUES),
                            ret_is_done);
}

/* ---- the answer ---- */

static enum err pack_page(const struct question *question, const struct totals *totals,
                          struct buffer *frame)
{
    Ihuriro__V1__Totals answer = IHURIRO__V1__TOTALS__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    size_t offset = question->request->has_offset ? question->request->offset : 0;
    size_t count = offset < totals_rows(totals) ? totals_rows(totals) - offset : 0;
    AUTO(free_p) Ihuriro__V1__TotalRow *rows = calloc(count + 1, sizeof *rows);
    AUTO(free_p) Ihuriro__V1__TotalRow **list = calloc(count + 1, sizeof *list);
    if (rows == NULL || list == NULL) {
        return ERR_MEMORY;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        total_row_message(totals_row(totals, offset + i), &rows[i]);
        bytes += protobuf_c_message_get_packed_size(&rows[i].base) + 8;
        if (bytes > PAGE_BYTES_MAX) {
            answer.has_next = 1;
            answer.next = (uint32_t)(offset + i);
            break;
        }
        list[i] = &rows[i];
        answer.n_rows = i + 1;
    }
    position_to_message(&question->checkpoint.position, &position);
    answer.number = question->request->number;
    answer.position = &position;
    answer.checkpoint = pb_of_bytes(question->checkpoint.text);
    answer.known_at_us = question->moment.known_at_us;
    answer.rows = list;
    answer.now_us = question->asked->reading->now_us;
    return frame_pack(VERB_TOTALS, &answer.base, frame);
}

/* The first page is asked for as of now, the next ones as of its record and time: one act. */
static enum err keys_of(const struct question *question, const PbFilter *filter,
                        struct access_key *ret_key, struct access_key *ret_also)
{
    const struct asked *asked = question->asked;
    PbFilter pinned = *filter;
    pinned.has_known_at_us = 1;
    pinned.known_at_us = question->moment.known_at_us;
    enum err err = access_key_of_act(ACCESS_TOTALS, asked->reader->id, filter,
                                     question->request->has_at_seq ? question->request->at_seq : 0,
                                     asked->rights, ret_key);
    return err != ERR_OK ? err
                         : access_key_of_act(ACCESS_TOTALS, asked->reader->id, &pinned,
                                             question->moment.until, asked->rights, ret_also);
}

static enum err answer_page(const struct question *question, const struct totals *totals)
{
    AUTO(buffer_close) struct buffer answer = {0};
    const struct asked *asked = question->asked;
    struct access_key key;
    struct access_key also;
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    filter.period = question->request->period;
    filter.has_known_at_us = question->request->has_known_at_us;
    filter.known_at_us = question->request->known_at_us;
    struct access_event access = {
        .act = ACCESS_TOTALS,
        .reader = asked->reader->id,
        .filter = &filter,
        .position = &question->checkpoint.position,
        .rights = asked->rights,
        .time_us = asked->reading->now_us,
    };
    enum err err = pack_page(question, totals, &answer);
    err = err != ERR_OK ? err : keys_of(question, &filter, &key, &also);
    if (err == ERR_OK) {
        asked->reading->counters->totals++;
    }
    return err != ERR_OK ? err : query_answer(asked, &key, &also, &access, &answer);
}

/* ret_kept stays NULL while it is being made. */
static enum err find_or_make(struct question *question, struct complaint *complaint,
                             struct totals_kept **ret_kept)
{
    struct asked *asked = question->asked;
    bool is_done = false;
    enum err err = asked->job == NULL ? find_kept(question, ret_kept) : ERR_OK;
    if (err != ERR_OK || *ret_kept != NULL) {
        return err;
    }
    AUTO(work_close) struct work work = take_up(asked);
    err = make_some(question, &work, complaint, &is_done);
    if (err == ERR_OK && is_done) {
        *ret_kept = keep(question, STEAL(work.totals));
        return ERR_OK;
    }
    return err != ERR_OK ? err : put_down(asked, &work);
}

static bool may_ask(const struct asked *asked)
{
    return asked->reader->role == ROLE_REGULATOR || asked->reader->role == ROLE_ASSOCIATION;
}

enum err query_take_totals(struct asked *asked)
{
    struct complaint complaint = {{0}};
    struct totals_kept *kept = NULL;
    struct question question = {.asked = asked};
    if (MESSAGE_UNPACK(get_totals, MESSAGE_TOLERANT, asked->body, &asked->query->arena,
                       &question.request) != ERR_OK) {
        return query_malformed(asked, "This GET_TOTALS cannot be read.");
    }
    if (!may_ask(asked)) {
        query_refuse(asked, "NOT_ENTITLED",
                     "Totals of the sector are for the regulator and the association's staff.");
        return ERR_OK;
    }
    const Ihuriro__V1__GetTotals *request = question.request;
    enum err err = take_terms(&question, &complaint);
    err = err != ERR_OK ? err
                        : query_moment(asked, request->has_at_seq ? &request->at_seq : NULL,
                                       request->has_known_at_us ? &request->known_at_us : NULL,
                                       &complaint, &question.checkpoint, &question.moment);
    err = err != ERR_OK ? err : find_or_make(&question, &complaint, &kept);
    if (err == ERR_REFUSED) {
        return query_malformed(asked, complaint.text);
    }
    if (err == ERR_BUSY) {
        return query_busy_collecting(asked);
    }
    if (err != ERR_OK || kept == NULL) {
        return err;
    }
    kept->used = ++asked->query->uses;
    return answer_page(&question, kept->totals);
}
