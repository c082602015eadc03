/* test_error - statuses and the sentence that travels up with them. */
#include "base/error.h"
#include "lib/check.h"

static const enum asg_status all[] = {
#define X(name, text, retry) name,
    ASG_STATUS_LIST(X)
#undef X
};

static void test_status_has_a_text_and_a_name_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_true(asg_status_text(all[i])[0] != '\0');
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(asg_status_name(all[i]), asg_status_name(all[j]));
        }
    }
    assert_string_equal(asg_status_name(ASG_ERR_NOT_FOUND), "not_found");
    assert_string_equal(asg_status_name(ASG_OK), "ok");
    assert_non_null(asg_status_text((enum asg_status)999));
    assert_non_null(asg_status_name((enum asg_status)999));
}

static void test_status_says_what_is_worth_a_retry(void **state)
{
    (void)state;
    assert_true(asg_status_is_retryable(ASG_ERR_BUSY));
    assert_true(asg_status_is_retryable(ASG_ERR_TIMEOUT));
    assert_true(asg_status_is_retryable(ASG_ERR_IO));
    assert_false(asg_status_is_retryable(ASG_OK));
    assert_false(asg_status_is_retryable(ASG_ERR_INVALID));
    assert_false(asg_status_is_retryable(ASG_ERR_CORRUPT));
    assert_false(asg_status_is_retryable((enum asg_status)999));
}

static void test_error_takes_a_sentence_and_a_context(void **state)
{
    (void)state;
    struct asg_error error = {""};
    assert_status(ASG_ERR_FULL, asg_fail(&error, ASG_ERR_FULL, "%d bytes left", 3));
    assert_string_equal(error.text, "3 bytes left");
    assert_status(ASG_ERR_IO, asg_fail_wrap(&error, ASG_ERR_IO, "log %s", "a.db"));
    assert_string_equal(error.text, "log a.db: 3 bytes left");
    assert_status(ASG_ERR_IO, asg_fail(NULL, ASG_ERR_IO, "nobody listens"));
    assert_status(ASG_ERR_IO, asg_fail_wrap(NULL, ASG_ERR_IO, "nobody listens"));
}

static void test_error_is_cut_at_its_limit(void **state)
{
    (void)state;
    char longer[2 * ASG_ERROR_TEXT_MAX];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    struct asg_error error = {""};
    (void)asg_fail(&error, ASG_ERR_IO, "%s", longer);
    assert_int_equal(strlen(error.text), ASG_ERROR_TEXT_MAX - 1);
    (void)asg_fail_wrap(&error, ASG_ERR_IO, "more");
    assert_int_equal(strlen(error.text), ASG_ERROR_TEXT_MAX - 1);
    assert_memory_equal(error.text, "more: xxx", 9);
    (void)asg_fail_wrap(&error, ASG_ERR_IO, "%s", longer);
    assert_int_equal(strlen(error.text), ASG_ERROR_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_has_a_text_and_a_name_of_its_own),
        cmocka_unit_test(test_status_says_what_is_worth_a_retry),
        cmocka_unit_test(test_error_takes_a_sentence_and_a_context),
        cmocka_unit_test(test_error_is_cut_at_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
