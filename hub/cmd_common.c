#include <stdio.h>
#include <string.h>

#include "hub/commands.h"

int command_failed(enum err err, const struct complaint *complaint)
{
    fprintf(stderr, "mfi-hub: %s\n",
            complaint != NULL && complaint->text[0] != 0 ? complaint->text : err_text(err));
    return err_exit_code(err);
}

enum err wants_json(const struct common_arguments *arguments, struct complaint *complaint,
                    bool *ret_wants)
{
    const char *format = arguments->format == NULL ? "text" : arguments->format;
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
        return complain(complaint, ERR_USAGE, "--format is text or json.");
    }
    *ret_wants = strcmp(format, "json") == 0;
    return ERR_OK;
}
