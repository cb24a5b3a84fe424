#include "tests/sim/members.h"

#include <stdio.h>
#include <string.h>

#include "proto/period.h"

const struct category_traits category_traits[CATEGORIES] = {
    [CATEGORY_USACCO] = {"USACCO", 90e6, 0.60, 1.85, 330e3, 0.75, 0.05, 0.25, 0.95, 0.22, 0.45,
                         0.078, 0.30, 0.80},
    [CATEGORY_OSACCO] = {"OSACCO", 1200e6, 1.10, 1.05, 900e3, 0.80, 0.06, -0.10, 0.62, 0.17, 0.45,
                         0.078, 0.28, 0.80},
    /* Not drawn: the sum of those that it was made of. */
    [CATEGORY_DSACCO] = {"DSACCO", 1500e6, 0.30, 1.85, 330e3, 0.75, 0.05, 0.25, 0.95, 0.22, 0.45,
                         0.078, 0.30, 0.85},
    [CATEGORY_MF] = {"MF", 3000e6, 1.00, 0.72, 650e3, 1.55, 0.15, -0.10, 0.62, 0.17, 0.625, 0.069,
                     0.30, 0.92},
    [CATEGORY_MFBANK] = {"MFBANK", 12000e6, 0.40, 0.85, 800e3, 1.55, 0.15, -0.10, 0.62, 0.17, 0.60,
                         0.069, 0.24, 0.92},
};

struct district {
    const char *code;
    const char *name;
    int sectors;
};

static const struct district districts[] = {
    {"101", "Nyarugenge", 10}, {"102", "Gasabo", 15},    {"103", "Kicukiro", 10},
    {"201", "Nyanza", 10},     {"202", "Gisagara", 13},  {"203", "Nyaruguru", 14},
    {"204", "Huye", 14},       {"205", "Nyamagabe", 17}, {"206", "Ruhango", 9},
    {"207", "Muhanga", 12},    {"208", "Kamonyi", 12},   {"301", "Karongi", 13},
    {"302", "Rutsiro", 13},    {"303", "Rubavu", 12},    {"304", "Nyabihu", 12},
    {"305", "Ngororero", 13},  {"306", "Rusizi", 18},    {"307", "Nyamasheke", 15},
    {"401", "Rulindo", 17},    {"402", "Gakenke", 19},   {"403", "Musanze", 15},
    {"404", "Burera", 17},     {"405", "Gicumbi", 21},   {"501", "Rwamagana", 14},
    {"502", "Nyagatare", 14},  {"503", "Gatsibo", 14},   {"504", "Kayonza", 12},
    {"505", "Kirehe", 12},     {"506", "Ngoma", 14},     {"507", "Bugesera", 15},
};
#define DISTRICTS (sizeof(districts) / sizeof(districts[0]))

struct story {
    const char *id;
    enum persona persona;
};

static const struct story stories[] = {
    {"RW-MF-03", PERSONA_EVERGREENING}, {"RW-US-403-07", PERSONA_RUN},
    {"RW-US-205-04", PERSONA_SILENT},   {"RW-OS-03", PERSONA_THOUSANDFOLD},
    {"RW-US-502-11", PERSONA_FROZEN},   {"RW-US-103-02", PERSONA_HERO},
    {"RW-OS-11", PERSONA_INSIDER},      {"RW-US-402-09", PERSONA_LATE},
    {"RW-OS-17", PERSONA_FUND},
};

/* Of the years that the simulator knows, so that it cannot fail. */
static int32_t month_start(int year, int month)
{
    int32_t day = 0;
    return day_from_date(year, month, 1, &day) == ERR_OK ? day : INT32_MAX;
}

bool member_merges(const struct member *member)
{
    return member->category == CATEGORY_USACCO && strcmp(member->district, CRISIS_DISTRICT) == 0;
}

static void add(struct member *members, size_t *count, enum category category,
                const struct district *district, int number)
{
    static const char *const words[] = {"Umurenge SACCO", "SACCO", "District SACCO", "Microfinance",
                                        "Microfinance Bank"};
    static const char *const prefixes[] = {"RW-US", "RW-OS", "RW-DS", "RW-MF", "RW-MB"};
    struct member *member = &members[*count];
    *member = (struct member){.category = category,
                              .district = district->code,
                              .valid_from_day = month_start(2010, 1),
                              .valid_to_day = INT32_MAX};
    int width = category == CATEGORY_MFBANK ? 1 : 2;
    if (category == CATEGORY_USACCO) {
        (void)snprintf(member->id, sizeof(member->id), "%s-%s-%02d", prefixes[category],
                       district->code, number % 100);
    } else {
        (void)snprintf(member->id, sizeof(member->id), "%s-%0*d", prefixes[category], width,
                       number % 100);
    }
    (void)snprintf(member->name, sizeof(member->name), "%s %s %d", words[category], district->name,
                   number);
    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
        if (strcmp(stories[i].id, member->id) == 0) {
            member->persona = stories[i].persona;
        }
    }
    if (member_merges(member)) {
        member->valid_to_day = month_start(2020, 9) - 1;
    }
    /* 15 of 460 have not agreed that association staff see their reports. */
    member->shares = *count % 31 != 17;
    (*count)++;
}

/* The whole sector, by category. */
static size_t add_all(struct member *members)
{
    size_t count = 0;
    for (int i = 1; i <= 3; i++) {
        add(members, &count, CATEGORY_MFBANK, &districts[i - 1], i);
    }
    for (int i = 1; i <= 19; i++) {
        add(members, &count, CATEGORY_MF, &districts[(size_t)(i * 7) % DISTRICTS], i);
    }
    for (int i = 1; i <= 22; i++) {
        add(members, &count, CATEGORY_OSACCO, &districts[(size_t)(i * 11) % DISTRICTS], i);
    }
    for (size_t district = 0; district < DISTRICTS; district++) {
        for (int i = 1; i <= districts[district].sectors; i++) {
            add(members, &count, CATEGORY_USACCO, &districts[district], i);
        }
    }
    return count;
}

size_t members_make(size_t count, struct member ret_members[static MEMBERS_MAX])
{
    static const size_t step = 43; /* without a divisor in common with 460: each once, well mixed */
    struct member all[MEMBERS_MAX] = {0};
    size_t total = add_all(all);
    count = count < total ? count : total;
    for (size_t i = 0; i < count; i++) {
        ret_members[i] = all[i * step % total];
    }
    if (count < total) {
        return count;
    }
    ret_members[total] = (struct member){
        .id = "RW-DS-" CRISIS_DISTRICT,
        .category = CATEGORY_DSACCO,
        .district = CRISIS_DISTRICT,
        .shares = true,
        .persona = PERSONA_MERGER,
        .valid_from_day = month_start(2020, 9),
        .valid_to_day = INT32_MAX,
    };
    (void)snprintf(ret_members[total].name, sizeof ret_members[total].name, "District SACCO %s",
                   district_name(CRISIS_DISTRICT));
    return total + 1;
}

const char *district_name(const char *code)
{
    for (size_t i = 0; i < DISTRICTS; i++) {
        if (strcmp(districts[i].code, code) == 0) {
            return districts[i].name;
        }
    }
    return "?";
}
