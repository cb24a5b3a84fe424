#include <strings.h>

#include "proto/notices.h"

static const struct {
    int kind;
    const char *name;
} kinds[] = {
    {IHURIRO__V1__NOTICE__KIND__DUE_SOON, "due_soon"},
    {IHURIRO__V1__NOTICE__KIND__OVERDUE, "overdue"},
    {IHURIRO__V1__NOTICE__KIND__LATE, "late"},
    {IHURIRO__V1__NOTICE__KIND__BREACH, "breach"},
    {IHURIRO__V1__NOTICE__KIND__CLEARED, "cleared"},
    {IHURIRO__V1__NOTICE__KIND__RUN_ALERT, "run_alert"},
    {IHURIRO__V1__NOTICE__KIND__URGENT_LIQUIDITY, "urgent_liquidity"},
    {IHURIRO__V1__NOTICE__KIND__CORRECTED_AFTER_CLOSE, "corrected_after_close"},
    {IHURIRO__V1__NOTICE__KIND__WAIVER, "waiver"},
    {IHURIRO__V1__NOTICE__KIND__ESCALATED, "escalated"},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

const char *notice_kind_name(int kind)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].kind == kind) {
            return kinds[i].name;
        }
    }
    return "?";
}

enum err notice_kind_parse(const char *name, int *ret_kind)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcasecmp(kinds[i].name, name) == 0) {
            *ret_kind = kinds[i].kind;
            return ERR_OK;
        }
    }
    return ERR_MALFORMED;
}
