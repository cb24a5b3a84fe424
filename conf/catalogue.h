/* The texts of a language: conf/catalogue/LL.cfg, checked against the English that is built in. */
#ifndef IHURIRO_CONF_CATALOGUE_H
#define IHURIRO_CONF_CATALOGUE_H

#include "proto/catalogue.h"
#include "proto/messages.h"

/* Every key of the English is there, and no other; each text has the placeholders of the English
 * one, and forms for a count only where that one counts. Else ERR_CONFIG with file, line and what
 * is wrong. `beneath` names another file of the same folder, which is read too. All of it lives in
 * the arena. */
MUST_USE enum err catalogue_load(const char *path, struct arena *arena, struct complaint *complaint,
                                 const struct catalogue **ret_catalogue);
/* The installed one of a language, "fr"; of "en" it is NULL, what is built in. IHURIRO_CATALOGUES
 * names another folder. */
MUST_USE enum err catalogue_of(const char *language, struct arena *arena,
                               struct complaint *complaint, const struct catalogue **ret_catalogue);
/* Appends the English as such a file, for whoever begins another language. */
MUST_USE enum err catalogue_write_english(struct buffer *text);

#endif
