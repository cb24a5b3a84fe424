/* What of an agent's state needs a person: what `status --check` looks at. Each is a sentence. */
#ifndef IHURIRO_AGENTS_MFI_TROUBLES_H
#define IHURIRO_AGENTS_MFI_TROUBLES_H

#include <jansson.h>

#include "agents/mfi/notes.h"
#include "agents/mfi/owed.h"
#include "agents/mfi/say.h"

#define TROUBLES_SILENCE_US                                              \
    (INT64_C(2) * 86400 * 1000000) /* two daily hellos that did not come \
                                    */

/* Folder and what is wrong with it, fit for a terminal. */
#define TROUBLE_TEXT_MAX 1400
const char *trouble_text(const struct folder_trouble *trouble, char out[static TROUBLE_TEXT_MAX]);
/* Those of folders that are not there any more. */
void troubles_drop_gone(struct folder_troubles *troubles);

/* Append sentences. */
void troubles_of_folders(const struct voice *voice, const char *institution,
                         const struct folder_troubles *troubles, json_t *sentences);
/* refused: as `status` has them, with type, period, rule. */
void troubles_of_refused(const struct voice *voice, const char *institution, const json_t *refused,
                         json_t *sentences);
void troubles_of_owed(const struct voice *voice, const char *institution, const struct owed *owed,
                      int utc_offset_minutes, json_t *sentences);
/* true: the hub was not heard for too long, or never. */
bool troubles_of_silence(const struct voice *voice, const struct contact *contact,
                         json_t *sentences);
void troubles_print(const struct voice *voice, const json_t *sentences, bool is_silent);

#endif
