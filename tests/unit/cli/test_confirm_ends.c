#include "cli/ask/confirm_ends.h"

#include "lib/check.h"

static struct asg_group_config config = {
    .name = "web", .min = 2, .max = 10, .desired = 8};
static const struct asg_group_view view = {.config = &config,
                                           .requested = 3,
                                           .pending = 1,
                                           .in_service = 7,
                                           .warming = 1,
                                           .terminating = 5};

/* What was asked for and is not there yet costs nobody anything, and what goes already
 * goes in any case. */
static void test_instances_that_ec2_has_are_counted(void **state)
{
    (void)state;
    assert_int_equal(0, asg_count_ends(&view, 8));
    assert_int_equal(1, asg_count_ends(&view, 7));
    assert_int_equal(8, asg_count_ends(&view, 0));
}

static void test_desired_after_an_update(void **state)
{
    (void)state;
    const uint64_t min = UINT64_C(1) << ASG_GROUP_MIN;
    const uint64_t max = UINT64_C(1) << ASG_GROUP_MAX;
    const uint64_t desired = UINT64_C(1) << ASG_GROUP_DESIRED;
    const struct asg_group_config changes = {.min = 9, .max = 3, .desired = 1};
    assert_int_equal(8, asg_desired_after(&config, &changes, 0));
    assert_int_equal(9, asg_desired_after(&config, &changes, min));
    assert_int_equal(3, asg_desired_after(&config, &changes, max));
    assert_int_equal(1, asg_desired_after(&config, &changes, desired | max));
}

static int confirm(uint32_t desired, bool force, char *ret, size_t size)
{
    FILE *err = fmemopen(ret, size, "w");
    struct asg_cli cli = {.err = err};
    int code = asg_confirm_ends(&cli, &view, desired, force);
    (void)fclose(err);
    return code;
}

static void test_more_than_a_quarter_asks_for_force(void **state)
{
    (void)state;
    char said[512] = "";
    assert_int_equal(ASG_EXIT_OK, confirm(8, false, said, sizeof said));
    assert_int_equal(ASG_EXIT_OK, confirm(6, false, said, sizeof said));
    assert_int_equal(ASG_EXIT_FAILED, confirm(5, false, said, sizeof said));
    assert_non_null(
        strstr(said, "this would terminate 3 of the 8 instances of group web"));
    assert_non_null(strstr(said, "--force"));
    assert_int_equal(ASG_EXIT_OK, confirm(5, true, said, sizeof said));
}

static void test_one_instance_is_never_asked_for(void **state)
{
    (void)state;
    const struct asg_group_view two = {.config = &config, .in_service = 2};
    struct asg_cli cli = {0};
    assert_int_equal(ASG_EXIT_OK, asg_confirm_ends(&cli, &two, 1, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instances_that_ec2_has_are_counted),
        cmocka_unit_test(test_desired_after_an_update),
        cmocka_unit_test(test_more_than_a_quarter_asks_for_force),
        cmocka_unit_test(test_one_instance_is_never_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
