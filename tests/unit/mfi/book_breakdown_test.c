/* P24: borrowers, words, places, and small cells. */
#include "tests/unit/mfi/book_support.h"

#define PERSON(ref, borrower, gender, members) \
    ref "," borrower ",INDIV,AGRI," gender ",2019-06-01,2021-06-01,100,100,,0,," members "\n"

static void borrowers_are_counted_once_with_their_largest_group(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 6, "600", "");
    put(folder, "loans.csv",
        HEADER ",members\n" /* D9 */
        PERSON("L1", "B1", "F", "") PERSON("L2", "B1", "F", "1") PERSON("L3", "B2", "G", "10")
            PERSON("L4", "B2", "G", "12") PERSON("L5", "B3", "M", "0") PERSON("L6", "B3", "F", ""));
    assert_read(folder);
    const PbPortfolio *portfolio = portfolio_of(folder);
    assert_int_equal(portfolio->active_borrowers, 14);
    assert_int_equal(portfolio->women_borrowers, 1);
    assert_row(folder, GENDER, "F", 200, 1);
    assert_row(folder, GENDER, "M", 200, 1); /* B3's second loan too: the first row decides */
    assert_row(folder, GENDER, "G", 200, 12);
    assert_note(
        folder, SEVERITY_WARNING,
        "loans.csv line 7: the borrower had another gender on an earlier line; the first is "
        "taken");
}

static void a_borrower_counts_once_in_each_code_that_it_has(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 4, "400", "");
    put(folder, "loans.csv",
        HEADER "\nL1,B1,INDIV,AGRI,F,2019-06-01,2021-06-01,100,100,,0,\n"
               "L2,B1,SALARY,AGRI,F,2019-06-01,2021-06-01,100,100,,0,\n"
               "L3,B1,SALARY,COMMERCE,F,2019-06-01,2021-06-01,100,100,,0,\n"
               "L4,B2,SALARY,COMMERCE,F,2019-06-01,2021-06-01,100,100,,0,\n");
    assert_read(folder);
    assert_row(folder, PRODUCT, "INDIV", 100, 1);
    assert_row(folder, PRODUCT, "SALARY", 300, 2);
    assert_row(folder, SECTOR, "COMMERCE", 200, 2);
    assert_row(folder, SECTOR, "AGRI", 200, 1);
}

static void words_for_gender_are_known_in_five_languages_and_unknown_ones_are_noted(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 7, "700", "");
    put(folder, "loans.csv",
        HEADER ",members\n" /* D10 */
        PERSON("L1", "B1", "UMUGORE", "") PERSON("L2", "B2", "F\xC3\xA9minin", "")
            PERSON("L3", "B3", "gabo", "") PERSON("L4", "B4", "Entity", "")
                PERSON("L5", "B5", "", "") PERSON("L6", "B6", "weiblich", "")
                    PERSON("L7", "B7", "U", ""));
    assert_read(folder);
    assert_row(folder, GENDER, "F", 200, 2);
    assert_row(folder, GENDER, "M", 100, 1);
    assert_row(folder, GENDER, "E", 100, 1);
    assert_row(folder, GENDER, "U", 300, 3);
    assert_note(folder, SEVERITY_WARNING,
                "loans.csv line 6 and 1 more: gender not given or not known, counted as U");
}

static void every_word_for_a_gender_is_known_in_any_case(void **state)
{
    struct folder *folder = *state;
    static const char *const words[] = {
        "F",     "FEMALE", "femme", "feminin",  "Gore", "umugore", "m",
        "h",     "Male",   "HOMME", "Masculin", "Gabo", "UMUGABO", "g",
        "Group", "groupe", "e",     "ENTITY"}; /* D10: six, seven, three, two */
    char text[4096] = HEADER "\n";
    size_t count = sizeof words / sizeof words[0];
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used,
                       "L%zu,B%zu,INDIV,AGRI,%s,2019-06-01,2021-06-01,100,100,,0,\n", i, i,
                       words[i]);
    }
    put_manifest(folder, (int)count, "1800", "");
    put(folder, "loans.csv", text);
    assert_read(folder);
    assert_row(folder, GENDER, "F", 600, 6);
    assert_row(folder, GENDER, "M", 700, 7);
    assert_row(folder, GENDER, "G", 300, 3);
    assert_row(folder, GENDER, "E", 200, 2);
    assert_null(row_of(portfolio_of(folder), GENDER, "U", NULL));
}

static void products_sectors_and_branches_are_mapped(void **state)
{
    struct folder *folder = *state;
    static const struct book_word products[] = {{"Inguzanyo y'umushahara", "SALARY"}};
    static const struct book_word branches[] = {{"Musanze", "403"}};
    struct book_maps maps = *book_maps_default();
    maps.products = (struct book_words){products, 1};
    maps.branches = (struct book_words){branches, 1};
    folder->options.maps = &maps;
    put_manifest(folder, 2, "200", "");
    put(folder, "loans.csv",
        HEADER ",branch\n"
               "L1,B1,INGUZANYO Y'UMUSHAHARA,agri,F,2019-06-01,2021-06-01,100,100,,0,,musanze\n"
               "L2,B2,Crypto,,F,2019-06-01,2021-06-01,100,100,,0,,Nowhere\n");
    assert_read(folder);
    assert_row(folder, PRODUCT, "SALARY", 100, 1);
    assert_row(folder, PRODUCT, "UNK", 100, 1);
    assert_row(folder, SECTOR, "UNK", 100, 1);
    assert_row(folder, DISTRICT, "403", 100, 1);
    assert_row(folder, DISTRICT, "XXX", 100, 1);
    assert_note(folder, SEVERITY_WARNING,
                "loans.csv line 3: product is in no map, counted as UNK: add it to `products` in "
                "agent.conf");
}

static void a_word_mapped_to_no_code_is_refused(void **state)
{
    struct folder *folder = *state;
    static const struct book_word words[] = {{"Weiblich", "W"}};
    struct book_maps maps = *book_maps_default();
    maps.genders = (struct book_words){words, 1};
    assert_int_equal(book_maps_check(&maps, NULL, &folder->complaint), ERR_CONFIG);
    assert_string_equal(
        folder->complaint.text,
        "`genders` in agent.conf maps \"Weiblich\" to \"W\", which is no code. The codes are: "
        "F M E G U.");
}

/* count people of a gender in a district, one loan each. */
static size_t people(char *at, size_t room, const char *district, const char *gender, int count)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        used +=
            (size_t)snprintf(at + used, room - used,
                             "%s%s%d,%s%s%d,INDIV,AGRI,%s,2019-06-01,2021-06-01,100,100,,0,,%s\n",
                             district, gender, i, district, gender, i, gender, district);
    }
    return used;
}

struct cell {
    const char *district;
    const char *gender;
    int people;
    bool is_hidden;
};

static void assert_hidden(struct folder *folder, const struct cell *cells, size_t count)
{
    enum { ROOM = 64 * 1024 };
    AUTO(free_p) char *text = malloc(ROOM);
    char sum[16];
    int rows = 0;
    assert_true(text != NULL);
    if (text == NULL) {
        return;
    }
    size_t used = (size_t)snprintf(text, 1024, "%s,district\n", HEADER);
    for (size_t i = 0; i < count; i++) {
        used +=
            people(text + used, ROOM - used, cells[i].district, cells[i].gender, cells[i].people);
        rows += cells[i].people;
    }
    (void)snprintf(sum, sizeof sum, "%d", rows * 100);
    put_manifest(folder, rows, sum, "");
    put(folder, "loans.csv", text);
    assert_read(folder);
    for (size_t i = 0; i < count; i++) {
        const PbBreakdownRow *row =
            row_of(portfolio_of(folder), DISTRICT, cells[i].district, cells[i].gender);
        assert_true(row != NULL);
        if (row == NULL) {
            return;
        }
        assert_int_equal(row->suppressed, cells[i].is_hidden);
        assert_int_equal(row->has_outstanding, !cells[i].is_hidden);
        assert_int_equal(row->has_borrowers, !cells[i].is_hidden);
    }
}

static void small_cells_are_hidden_with_a_complement_in_row_and_column(void **state)
{
    static const struct cell cells[] = {
        {"101", "F", 3, true}, /* small */
        {"101", "M", 9, true}, /* else 101 F is its row's rest */
        {"102", "F", 6, true}, /* else 101 F is its column's rest */
        {"102", "M", 7, true}, /* and so on, until nothing can be told */
        {"103", "F", 20, false}, {"103", "M", 21, false},
    };
    assert_hidden(*state, cells, sizeof cells / sizeof cells[0]);
}

/* Each line has two hidden cells or more, and yet 201 F and G would be told: F and M of 101 and 102
 * make a block, G and U of 301 and 302 another, and what the blocks' columns have besides them is
 * 201's. */
static void no_hidden_cell_is_told_by_several_lines_together(void **state)
{
    static const struct cell cells[] = {
        {"101", "F", 2, true},   {"101", "M", 2, true},
        {"102", "F", 2, true},   {"102", "M", 2, true},
        {"201", "F", 1, true},   {"201", "G", 4, true},
        {"301", "G", 3, true},   {"301", "U", 3, true},
        {"302", "G", 3, true},   {"302", "U", 3, true},
        {"201", "M", 11, true}, /* protects 201 F */
        {"201", "U", 12, true},  /* protects 201 G */ {"103", "F", 20, false},
        {"103", "M", 30, false},
    };
    assert_hidden(*state, cells, sizeof cells / sizeof cells[0]);
}

/* The row of the district says it, whatever is hidden. */
static void a_district_of_one_gender_hides_nobody_else(void **state)
{
    static const struct cell cells[] = {
        {"101", "F", 3, true}, {"102", "M", 20, false}, {"103", "M", 20, false}};
    assert_hidden(*state, cells, sizeof cells / sizeof cells[0]);
}

static void too_many_branches_leave_that_breakdown_out(void **state)
{
    struct folder *folder = *state;
    AUTO(free_p) char *text = malloc(64 * 1024);
    assert_true(text != NULL);
    if (text == NULL) {
        return;
    }
    size_t used = (size_t)snprintf(text, 1024, "%s,branch\n", HEADER);
    for (int i = 0; i < 300; i++) {
        used += (size_t)snprintf(text + used, 64 * 1024 - used,
                                 "L%d,B%d,INDIV,AGRI,F,2019-06-01,2021-06-01,100,100,,0,,BR%d\n", i,
                                 i, i);
    }
    put_manifest(folder, 300, "30000", "");
    put(folder, "loans.csv", text);
    assert_read(folder);
    assert_null(row_of(portfolio_of(folder), BRANCH, "BR0", NULL));
    assert_note(folder, SEVERITY_WARNING,
                "loans.csv: more than 256 branches: the report is made without the breakdown by "
                "branch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(borrowers_are_counted_once_with_their_largest_group),
        TEST(a_borrower_counts_once_in_each_code_that_it_has),
        TEST(words_for_gender_are_known_in_five_languages_and_unknown_ones_are_noted),
        TEST(every_word_for_a_gender_is_known_in_any_case),
        TEST(products_sectors_and_branches_are_mapped),
        TEST(a_word_mapped_to_no_code_is_refused),
        TEST(small_cells_are_hidden_with_a_complement_in_row_and_column),
        TEST(no_hidden_cell_is_told_by_several_lines_together),
        TEST(a_district_of_one_gender_hides_nobody_else),
        TEST(too_many_branches_leave_that_breakdown_out),
    };
    return cmocka_run_group_tests_name("book_breakdown", tests, NULL, NULL);
}
