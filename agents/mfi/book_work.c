#include "agents/mfi/book_work.h"

#include <string.h>

#define ROW_BYTES_LEAST 16 /* of a row with the mandatory columns, with room to spare */

enum err book_extract_open(const struct book_work *work, const char *name,
                           const struct book_table *table, struct book_extract *ret_extract)
{
    struct book_rows_options options = {work->complaint, work->notes, book_vocabulary_is_total,
                                        &work->words};
    AUTO(book_extract_close) struct book_extract extract = {0};
    const char *made_by = work->query == NULL ? NULL : book_query_file(work->query, name);
    enum err err = made_by != NULL
                       ? book_file_ask(work->query, made_by, work->complaint, &extract.file)
                       : book_file_open(work->folder, name, work->complaint, &extract.file);
    if (err == ERR_OK) {
        err = book_rows_open(extract.file, table, &options, &extract.rows);
    }
    if (err == ERR_OK) {
        *ret_extract = extract;
        extract = (struct book_extract){0};
    }
    return err;
}

bool book_extract_is_there(const struct book_work *work, const char *name)
{
    return (work->query != NULL && book_query_file(work->query, name) != NULL) ||
           book_folder_has(work->folder, name);
}

void book_extract_close(struct book_extract *extract)
{
    book_rows_close(&extract->rows);
    book_file_close(&extract->file);
}

uint64_t book_extract_expected(const struct book_extract *extract, uint64_t claimed)
{
    uint64_t most = book_file_size(extract->file) / ROW_BYTES_LEAST + 1; /* a result: grows */
    return claimed < most ? claimed : most;
}

/* Finds the earlier line by a second pass, which has rows of its own: the first's stay as they are.
 */
static enum err refuse_twice(const struct book_work *work, const struct book_extract *extract,
                             const struct book_table *table, const struct book_cell *cell)
{
    struct book_notes unheard = {.arena = work->arena};
    struct book_work quiet = *work;
    AUTO(book_extract_close) struct book_extract second = {0};
    const struct book_cell *cells = NULL;
    size_t first_line = 0;
    quiet.notes = &unheard;
    enum err err = book_extract_open(&quiet, book_rows_file(extract->rows), table, &second);
    while (err == ERR_OK && first_line == 0) {
        err = book_rows_next(second.rows, &cells);
        if (err != ERR_OK || cells == NULL) {
            break;
        }
        if (cells[0].size == cell->size && memcmp(cells[0].text, cell->text, cell->size) == 0) {
            first_line = book_rows_line(second.rows);
        }
    }
    if (err != ERR_OK) {
        return err;
    }
    return book_rows_refuse(extract->rows, 0, ERR_EXISTS,
                            "is the same as on line %zu. Each may stand once: take one of the two "
                            "rows out of the extract.",
                            first_line);
}

enum err book_extract_add_reference(const struct book_work *work,
                                    const struct book_extract *extract,
                                    const struct book_table *table, const struct book_cell *cell,
                                    struct book_seen seen)
{
    enum err err = book_refs_add(seen.refs, seen.hash);
    if (err == ERR_EXISTS && book_file_is_result(extract->file)) {
        return book_rows_refuse(extract->rows, 0, err,
                                "stands in a row before, too. Each may stand once: correct the "
                                "query, which joins one row to many.");
    }
    if (err == ERR_EXISTS) {
        return refuse_twice(work, extract, table, cell);
    }
    return err == ERR_OK ? err : book_no_memory(work);
}
