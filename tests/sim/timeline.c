#include "tests/sim/timeline.h"

#include "tests/sim/sheet.h"

static uint8_t flags_of(const struct submission *submission)
{
    return submission->mistake == MISTAKE_SIGNATURE ? TIMELINE_FLIP
           : submission->mistake == MISTAKE_TWICE   ? TIMELINE_REPEATED
                                                    : 0;
}

enum err timeline_write(const struct sector *sector, const char *folder,
                        struct complaint *complaint)
{
    static const struct sheet_style plain = {.separator = ',', .line_end = "\n"};
    AUTO(sheet_close) struct sheet *sheet = NULL;
    enum err err = sheet_open(folder, "timeline.bin", &plain, complaint, &sheet);
    if (err != ERR_OK) {
        return err;
    }
    for (size_t i = 0; i < sector->count; i++) {
        const struct submission *submission = &sector->submissions[i];
        struct bytes report = submission_report(sector, submission);
        uint8_t head[TIMELINE_HEAD];
        put_u32(head, (uint32_t)(report.size + TIMELINE_HEAD - 4));
        put_u64(head + 4, (uint64_t)submission->sent_at_us);
        head[12] = flags_of(submission);
        sheet_raw(sheet, head, sizeof(head));
        sheet_raw(sheet, report.data, report.size);
    }
    return sheet_finish(&sheet, complaint);
}
