#include "lib/check.h"

#include "aws/error_class.h"

static void test_the_table_is_in_order_without_doubles(void **state)
{
    (void)state;
    assert_true(asg_error_code_count > 80);
    for (size_t i = 1; i < asg_error_code_count; i++) {
        assert_true(strcmp(asg_error_codes[i - 1].code, asg_error_codes[i].code) < 0);
    }
    for (size_t i = 0; i < asg_error_code_count; i++) {
        /* Whatever the HTTP status, the code decides. */
        assert_int_equal(asg_error_codes[i].class,
                         asg_error_classify(asg_error_codes[i].code, "", 500));
        assert_int_equal(asg_error_codes[i].class,
                         asg_error_classify(asg_error_codes[i].code, NULL, 400));
    }
}

static void test_capacity_codes_with_a_5xx_are_not_transient(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "InsufficientInstanceCapacity", "InsufficientHostCapacity",
        "InsufficientVolumeCapacity", "InsufficientReservedInstanceCapacity"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        enum asg_error_class class = asg_error_classify(codes[i], "", 503);
        assert_int_equal(ASG_ERROR_CLASS_CAPACITY, class);
        assert_false(asg_error_class_is_repeated(class));
    }
    assert_int_equal(ASG_ERROR_CLASS_THROTTLE,
                     asg_error_classify("RequestLimitExceeded", "", 503));
}

static void test_without_a_known_code_the_http_status_decides(void **state)
{
    (void)state;
    const struct {
        const char *code;
        uint32_t http_status;
        enum asg_error_class class;
    } cases[] = {
        {NULL, 500, ASG_ERROR_CLASS_TRANSIENT},  {"", 503, ASG_ERROR_CLASS_TRANSIENT},
        {"New", 502, ASG_ERROR_CLASS_TRANSIENT}, {"New", 400, ASG_ERROR_CLASS_UNLISTED},
        {"", 403, ASG_ERROR_CLASS_UNLISTED},     {"", 429, ASG_ERROR_CLASS_THROTTLE},
        {"", 200, ASG_ERROR_CLASS_TRANSIENT},    {"", 302, ASG_ERROR_CLASS_UNLISTED},
        {"", 0, ASG_ERROR_CLASS_TRANSIENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(cases[i].class,
                         asg_error_classify(cases[i].code, "", cases[i].http_status));
    }
}

static void test_a_fresh_instance_profile_is_not_known_yet(void **state)
{
    (void)state;
    assert_int_equal(ASG_ERROR_CLASS_NOT_FOUND,
                     asg_error_classify("InvalidParameterValue",
                                        "Value (web) for parameter x. Invalid IAM "
                                        "Instance Profile name",
                                        400));
    assert_int_equal(ASG_ERROR_CLASS_BAD_REQUEST,
                     asg_error_classify("InvalidParameterValue", "other", 400));
}

static void test_only_transient_leaves_a_doubt(void **state)
{
    (void)state;
    for (int class = 0; class < ASG_ERROR_CLASS_COUNT; class ++) {
        assert_int_equal(class != ASG_ERROR_CLASS_TRANSIENT,
                         asg_error_class_is_definite((enum asg_error_class) class));
        assert_int_equal(class == ASG_ERROR_CLASS_TRANSIENT ||
                             class == ASG_ERROR_CLASS_THROTTLE,
                         asg_error_class_is_repeated((enum asg_error_class) class));
        assert_true(strlen(asg_error_class_word((enum asg_error_class) class)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_is_in_order_without_doubles),
        cmocka_unit_test(test_capacity_codes_with_a_5xx_are_not_transient),
        cmocka_unit_test(test_without_a_known_code_the_http_status_decides),
        cmocka_unit_test(test_a_fresh_instance_profile_is_not_known_yet),
        cmocka_unit_test(test_only_transient_leaves_a_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
