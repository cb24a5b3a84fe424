/* The operating-system calls of the book side: a folder and the regular files in it, read only;
 * and the results of queries, which are read as files are. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_FILE_H
#define IHURIRO_AGENTS_MFI_BOOK_FILE_H

#include "proto/bytes.h"

struct book_folder;
struct book_file;

MUST_USE enum err book_folder_open(const char *path, struct complaint *complaint,
                                   struct book_folder **ret_folder);
void book_folder_close(struct book_folder **folder);
bool book_folder_has(const struct book_folder *folder, const char *name);

/* ERR_NOT_FOUND when there is none, ERR_REFUSED when it is no regular file, ERR_IO; each with a
 * complaint. name must outlive the file. */
MUST_USE enum err book_file_open(const struct book_folder *folder, const char *name,
                                 struct complaint *complaint, struct book_file **ret_file);
/* The result of a query, read as a file is. file: of the query's list; outlives it. */
struct book_query;
MUST_USE enum err book_file_ask(struct book_query *query, const char *file,
                                struct complaint *complaint, struct book_file **ret_file);
bool book_file_is_result(const struct book_file *file);
void book_file_close(struct book_file **file);
const char *book_file_name(const struct book_file *file);
uint64_t book_file_size(const struct book_file *file);
/* *ret_got 0: the end. */
MUST_USE enum err book_file_read(struct book_file *file, uint8_t *at, size_t size,
                                 struct complaint *complaint, size_t *ret_got);
/* ERR_REFUSED when size or time of change are not those at opening: somebody still writes it. */
MUST_USE enum err book_file_check_unchanged(const struct book_file *file,
                                            struct complaint *complaint);

#endif
