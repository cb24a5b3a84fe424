/* ops.csv: any field that no file determines, by its path (D14, D37, D59).
 *
 *   key,value
 *   branches_open,4
 *   channel.USSD.n_tx,1530
 *   training.1.topic,DIGITAL
 *   capital.deposits,1500000      with the report's name, where two reports have the field
 *
 * Amounts are in major units, as everywhere in extracts; days YYYY-MM-DD; yes or no. Refused: a key
 * that names no field, a key twice, a field that a file present determines, a value that its field
 * cannot hold. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_OPS_H
#define IHURIRO_AGENTS_MFI_BOOK_OPS_H

#include "agents/mfi/book_work.h"

struct book_ops;

/* Lives in the arena. */
MUST_USE enum err book_ops_read(const struct book_work *work, struct book_ops **ret_ops);
/* Does a key name a field of that report? */
bool book_ops_has(const struct book_ops *ops, int report_type);
/* Those of the report, into its body, which is made by then. */
MUST_USE enum err book_ops_put(const struct book_work *work, const struct book_ops *ops,
                               PbReport *report);
/* An ops.csv with every field that can stand in it and its definition; appends. For `init`. */
MUST_USE enum err book_ops_template(struct buffer *text);

#endif
