#include "cli/ask/fetch_page.h"

#include "lib/check.h"

static const char text[] = "# TYPE openasg_agents gauge\n"
                           "openasg_agents{version=\"0.1.0\"} 3\n"
                           "openasg_agents_total 9\n"
                           "openasg_agents{version=\"0.2.0\",zone=\"a\"} 2.5\n"
                           "openasg_alarms 4\n"
                           "openasg_agents{version=\"cut";

static void test_page_finds_series_by_name_and_labels(void **state)
{
    (void)state;
    struct asg_page_answer page = {0};
    double value = 0;
    asg_bytes_append_text(&page.body, text);
    assert_true(asg_page_value(&page, "openasg_alarms", &value));
    assert_int_equal(4, (int)value);
    assert_true(asg_page_value(&page, "openasg_agents{version=\"0.1.0\"}", &value));
    assert_int_equal(3, (int)value);
    assert_false(asg_page_value(&page, "openasg_agents", &value));
    assert_false(asg_page_value(&page, "openasg", &value));
    asg_page_answer_clear(&page);
}

static void test_page_walks_the_series_of_a_name(void **state)
{
    (void)state;
    struct asg_page_answer page = {0};
    struct asg_arena arena = {0};
    const char *label = NULL;
    double value = 0;
    asg_bytes_append_text(&page.body, text);
    const char *at = asg_page_next(&page, "openasg_agents", NULL, &arena, &label, &value);
    assert_non_null(at);
    assert_string_equal("0.1.0", label);
    assert_int_equal(3, (int)value);
    at = asg_page_next(&page, "openasg_agents", at, &arena, &label, &value);
    assert_non_null(at);
    assert_string_equal("0.2.0", label);
    assert_int_equal(25, (int)(value * 10));
    assert_null(asg_page_next(&page, "openasg_agents", at, &arena, &label, &value));
    asg_arena_clear(&arena);
    asg_page_answer_clear(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_finds_series_by_name_and_labels),
        cmocka_unit_test(test_page_walks_the_series_of_a_name),
    };
    return cmocka_run_group_tests_name("fetch_page", tests, NULL, NULL);
}
