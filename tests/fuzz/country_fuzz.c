/* A country's file: refused with a sentence, or settings that are canonical, fit an event, and that
 * rules can be judged under. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/starve.h"

#include "conf/country.h"
#include "proto/limits.h"
#include "proto/rules.h"
#include "proto/text.h"
#include "tests/support/reports.h"

static void judge(const PbSettings *settings)
{
    AUTO(arena_close) struct arena arena = {0};
    PbReport *report = report_of_portfolio(&arena, "A-1", "2020-06", 1);
    struct rules_context context = {.settings = settings, .received_at_us = INT64_MAX / 2};
    struct findings findings = {.arena = &arena};
    enum verdict verdict = VERDICT_NONE;
    HOLD_OK(rules_judge(report, &context, &findings, &verdict));
    (void)text_has_private_number("call 0788 123 456 today", settings);
}

/* As the file of a hub that has Rwanda's settings in force, some time later. */
static void take_over(const char *path, const PbSettings *judged)
{
    static struct arena held;
    static PbSettings *in_force;
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint = {{0}};
    PbSettings *settings = NULL;
    if (in_force == NULL) {
        HOLD_OK(
            country_compile(IHURIRO_SOURCE "/conf/countries/rw.cfg", &held, &complaint, &in_force));
    }
    const PbSettings *all[] = {in_force, judged};
    for (size_t i = 0; i < 2 && all[i] != NULL; i++) {
        complaint.text[0] = '\0';
        const struct country_ground ground = {.in_force = all[i],
                                              .now_us = INT64_C(1793763200000000)};
        enum err err = country_compile_over(path, &ground, &arena, &complaint, &settings);
        HOLD(err == ERR_OK || complaint.text[0] != '\0');
        HOLD(i == 0 || err == ERR_OK); /* what is the same changes nothing */
    }
}

static void take_starved(const char *path, struct bytes file)
{
    for (struct starving starving = starving_of(file); starving_next(&starving);) {
        AUTO(arena_close) struct arena arena = {0};
        struct complaint complaint = {{0}};
        PbSettings *settings = NULL;
        enum err err = country_compile(path, &arena, &complaint, &settings);
        starving_rest();
        HOLD((err == ERR_OK) == (settings != NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    struct complaint complaint = {{0}};
    PbSettings *settings = NULL;
    const PbSettings *again = NULL;
    char path[128];
    fuzz_write(fuzz_path("xx.cfg", path), bytes_of(data, size), 0644);
    take_starved(path, bytes_of(data, size));
    take_over(path, NULL);
    if (country_compile(path, &arena, &complaint, &settings) != ERR_OK) {
        HOLD(settings == NULL && complaint.text[0] != '\0');
        return 0;
    }
    HOLD_OK(message_pack(&settings->base, &raw));
    HOLD_OK(MESSAGE_UNPACK(settings, MESSAGE_CANONICAL, buffer_bytes(&raw), &arena, &again));
    HOLD(raw.size <= EVENT_BYTES_MAX);
    judge(settings);
    take_over(path, settings);
    return 0;
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    static const char small[] =
        "country = \"RW\"; version = \"rw 1\"; time_zone = \"Africa/Kigali\";\n"
        "utc_offset_minutes = 120; cure_months = 12; moratorium_is_restructuring = true;\n"
        "currencies = ( { code = \"RWF\"; exponent = 0; } );\n"
        "categories = ( { code = \"USACCO\"; name = \"Umurenge SACCO\"; } );\n"
        "rules = ( { rule = \"POR-03\"; severity = \"WARNING\"; tolerance_bp = 10; } );\n"
        "classes = ( { code = \"N\"; from_days = 0; rate_bp = 100; certainty = \"LAW\"; } );\n"
        "private_patterns = [ \"07[0-9]{8}\" ];\n";
    fuzz_read(IHURIRO_SOURCE "/conf/countries/rw.cfg", &bytes);
    fuzz_seed("rw", buffer_bytes(&bytes));
    fuzz_seed("small", bytes_of(small, strlen(small)));
}
