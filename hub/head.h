/* "Head is now N": the size of the journal that is on disk, told to doors that wait for it. */
#ifndef IHURIRO_HUB_HEAD_H
#define IHURIRO_HUB_HEAD_H

#include <stdint.h>

#include "proto/errors.h"

struct head;

MUST_USE enum err head_make(uint64_t size, struct head **ret_head);
void head_close(struct head **head);
/* An eventfd, readable after a change, cleared by head_get. One a door; register before the writer
 * starts. */
MUST_USE enum err head_watch(struct head *head, int *ret_fd);
uint64_t head_get(struct head *head, int fd);
void head_set(struct head *head, uint64_t size); /* the writer, after commit */

#endif
