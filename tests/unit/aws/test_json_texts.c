#include "lib/check.h"

#include "aws/json_texts.h"

static struct asg_json_member members[] = {{.name = "a"}, {.name = "b"}};

static enum asg_status read_json(const char *json)
{
    asg_secret_clear(&members[0].value);
    asg_secret_clear(&members[1].value);
    return asg_json_read_texts(json, strlen(json), members, 2);
}

static void expect(const char *json, const char *a, const char *b)
{
    assert_status(ASG_OK, read_json(json));
    assert_string_equal(a, asg_secret_reveal(&members[0].value));
    assert_string_equal(b, asg_secret_reveal(&members[1].value));
}

static void refuse(enum asg_status status, const char *json)
{
    if (read_json(json) != status) fail_msg("%s: not refused as it should be", json);
    assert_true(asg_secret_is_empty(&members[0].value));
    assert_true(asg_secret_is_empty(&members[1].value));
}

static void test_texts_numbers_and_nulls_are_read(void **state)
{
    (void)state;
    expect("{\"a\":\"x\",\"b\":\"y z\"}", "x", "y z");
    expect(" \t\r\n{ \"a\" : -12.5e+3 , \"c\" : \"no\" , \"b\" : null } \n", "-12.5e+3",
           "");
    expect("{}", "", "");
    expect("{\"a\":\"\"}", "", "");
    expect("{\"a\":0,\"b\":10}", "0", "10");
    (void)read_json("{}");
}

static void test_the_last_of_two_wins(void **state)
{
    (void)state;
    expect("{\"a\":\"1\",\"a\":\"2\",\"b\":\"3\",\"b\":null}", "2", "");
    (void)read_json("{}");
}

static void test_escapes_mean_what_they_mean(void **state)
{
    (void)state;
    expect("{\"\\u0061\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t", "");
    expect("{\"a\":\"\\u00e9\\u20ac\\ud83d\\ude00\"}",
           "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "");
    (void)read_json("{}");
}

static void test_what_is_not_asked_for_is_passed_over(void **state)
{
    (void)state;
    expect(
        "{\"x\":{\"a\":[1,{\"a\":\"no\"},[],{}],\"y\":true},\"z\":false,\"a\":\"yes\"}",
        "yes", "");
    (void)read_json("{}");
}

static void test_what_is_no_json_object_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        " ",
        "null",
        "[]",
        "\"a\"",
        "{",
        "}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":1}}",
        "{\"a\":1} x",
        "{a:1}",
        "{'a':1}",
        "{\"a\":\"x}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"tab\there\"}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":-}",
        "{\"a\":nul}",
        "{\"x\":tru}",
        "{\"x\":[1,]}",
        "{\"x\":{\"y\":1,}}",
        "{\"x\":[1 2]}",
        "{\"a\":\"one\" \"b\":\"two\"}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        refuse(ASG_ERR_MALFORMED, wrong[i]);
    }
}

static void test_a_member_that_is_asked_for_must_be_a_text(void **state)
{
    (void)state;
    refuse(ASG_ERR_MALFORMED, "{\"b\":\"x\",\"a\":true}");
    refuse(ASG_ERR_MALFORMED, "{\"b\":\"x\",\"a\":{}}");
    refuse(ASG_ERR_MALFORMED, "{\"b\":\"x\",\"a\":[\"y\"]}");
    refuse(ASG_ERR_MALFORMED, "{\"b\":\"x\",\"a\":\"zero\\u0000byte\"}");
}

static void test_depth_has_a_limit(void **state)
{
    (void)state;
    expect("{\"x\":[[[[[[[[[[[[[[1]]]]]]]]]]]]]],\"a\":\"b\"}", "b", "");
    refuse(ASG_ERR_LIMIT, "{\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}");
    char deep[4096];
    memset(deep, '[', sizeof deep);
    memcpy(deep, "{\"x\":", 5);
    assert_status(ASG_ERR_LIMIT, asg_json_read_texts(deep, sizeof deep, members, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_numbers_and_nulls_are_read),
        cmocka_unit_test(test_the_last_of_two_wins),
        cmocka_unit_test(test_escapes_mean_what_they_mean),
        cmocka_unit_test(test_what_is_not_asked_for_is_passed_over),
        cmocka_unit_test(test_what_is_no_json_object_is_refused),
        cmocka_unit_test(test_a_member_that_is_asked_for_must_be_a_text),
        cmocka_unit_test(test_depth_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
