#include "lib/check.h"

#include <string.h>

#include "ec2local/json_out.h"
#include "ec2local/params.h"
#include "ec2local/xml_out.h"

static enum asg_status parse(const char *form, struct asg_arena *arena,
                             struct asg_params *ret)
{
    return asg_params_parse(form, strlen(form), arena, ret);
}

static void test_pairs_are_decoded_and_the_first_of_a_name_counts(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_params params;
    assert_status(ASG_OK, parse("a=1+2%2B&empty=&bare&&a=x&%C3%BC=%26", &arena, &params));
    assert_int_equal(params.count, 5);
    assert_string_equal(asg_params_get(&params, "a"), "1 2+");
    assert_string_equal(asg_params_get(&params, "empty"), "");
    assert_string_equal(asg_params_get(&params, "bare"), "");
    assert_string_equal(asg_params_get(&params, "\xc3\xbc"), "&");
    assert_null(asg_params_get(&params, "missing"));
    asg_arena_clear(&arena);
}

static void test_lists_are_sorted_by_number_with_gaps(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_params params;
    assert_status(ASG_OK,
                  parse("Id.10=c&Id.2=b&Id.1=a&Id.0=o&Id.x=no&Ids.1=no&Id.3.Y=no",
                        &arena, &params));
    const char **values = NULL;
    assert_int_equal(asg_params_list(&params, "Id", &arena, &values), 4);
    assert_string_equal(values[0], "o"); /* some clients count from 0 */
    assert_string_equal(values[1], "a");
    assert_string_equal(values[2], "b");
    assert_string_equal(values[3], "c");
    uint32_t *numbers = NULL;
    assert_int_equal(asg_params_numbers(&params, "Id", &arena, &numbers), 5);
    assert_int_equal(numbers[3], 3);
    assert_int_equal(numbers[4], 10);
    asg_arena_clear(&arena);
}

static void test_numbers_of_a_structure_come_once_each(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_params params;
    assert_status(ASG_OK, parse("T.2.Key=a&T.2.Value=b&T.1.Key=c&T.99999.Key=far", &arena,
                                &params));
    uint32_t *numbers = NULL;
    assert_int_equal(asg_params_numbers(&params, "T", &arena, &numbers), 2);
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[1], 2);
    asg_arena_clear(&arena);
}

static void test_bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    const char *const forms[] = {
        "a=%00",          "a=%FF",    "a=%C0%80", "a=%ED%A0%80",
        "a=%F5%80%80%80", "a=%E2%82", "a=%C3",    "%80=a",
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct asg_arena arena = {0};
        struct asg_params params;
        assert_status(ASG_ERR_MALFORMED, parse(forms[i], &arena, &params));
        asg_arena_clear(&arena);
    }
}

static void test_too_many_pairs_are_refused(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_params params;
    struct asg_bytes form = {0};
    for (int i = 0; i < ASG_PARAMS_MAX; i++) {
        asg_bytes_append_text(&form, "a=1&");
    }
    assert_status(ASG_OK, asg_params_parse(form.data, form.length, &arena, &params));
    asg_bytes_append_text(&form, "a=1");
    assert_status(ASG_ERR_LIMIT,
                  asg_params_parse(form.data, form.length, &arena, &params));
    asg_bytes_clear(&form);
    asg_arena_clear(&arena);
}

static void test_texts_are_escaped_on_their_way_out(void **state)
{
    (void)state;
    struct asg_bytes out = {0};
    asg_xml_out_text(&out, "v", "a<b>&\"\x01\n");
    asg_xml_out_text(&out, "e", "");
    asg_xml_out_text(&out, "n", NULL);
    assert_string_equal(asg_bytes_text(&out), "<v>a&lt;b&gt;&amp;&quot;\n</v><e/>");
    asg_bytes_reset(&out);
    asg_json_out_text(&out, "a\"\\\n\xc3\xbc");
    asg_json_out_text(&out, NULL);
    assert_string_equal(asg_bytes_text(&out), "\"a\\\"\\\\\\u000a\xc3\xbc\"null");
    asg_bytes_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_are_decoded_and_the_first_of_a_name_counts),
        cmocka_unit_test(test_lists_are_sorted_by_number_with_gaps),
        cmocka_unit_test(test_numbers_of_a_structure_come_once_each),
        cmocka_unit_test(test_bytes_that_are_no_text_are_refused),
        cmocka_unit_test(test_too_many_pairs_are_refused),
        cmocka_unit_test(test_texts_are_escaped_on_their_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
