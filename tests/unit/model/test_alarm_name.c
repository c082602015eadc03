/* The names of alarms: AWS's form for target tracking, ours for the rest. */
#include "lib/check.h"

#include "model/alarm_name.h"

static void test_alarms_of_target_tracking_are_two(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_policy_config policy = {.name = "keep",
                                       .kind = ASG_POLICY_TARGET_TRACKING,
                                       .alarm_high = "u-1",
                                       .alarm_low = ""};
    assert_string_equal("TargetTracking-web-AlarmHigh-u-1",
                        asg_policy_alarm_name(&policy, "web", true, &arena));
    assert_string_equal("TargetTracking-web-AlarmLow",
                        asg_policy_alarm_name(&policy, "web", false, &arena));
    asg_arena_clear(&arena);
}

static void test_other_policies_have_one(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_policy_config policy = {.name = "steps", .kind = ASG_POLICY_STEP};
    assert_string_equal("openasg-web-steps",
                        asg_policy_alarm_name(&policy, "web", true, &arena));
    assert_string_equal("openasg-web-steps",
                        asg_policy_alarm_name(&policy, "web", false, &arena));
    asg_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alarms_of_target_tracking_are_two),
        cmocka_unit_test(test_other_policies_have_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
