/* What the edge adds to an operator's order: uuids, and limits. */
#include "controller/fill_order.h"

#include "lib/check.h"

static const struct asg_controller_settings settings = {.groups_limit = 500,
                                                        .launch_configurations_limit =
                                                            200,
                                                        .policies_limit = 50,
                                                        .schedules_limit = 125,
                                                        .tags_limit = 50};

static void test_what_is_created_gets_uuids(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    const struct asg_group_config group = {.name = "web"};
    struct asg_command order = {.kind = ASG_COMMAND_GROUP_CREATE, .group_config = &group};
    asg_fill_order(&settings, &arena, &order);
    assert_int_equal(ASG_UUID_LENGTH, strlen(order.group_config->uuid));
    assert_null(group.uuid); /* what was given is left alone */
    assert_string_equal("web", order.group_config->name);
    const struct asg_policy_config policy = {.name = "cpu", .uuid = ""};
    order =
        (struct asg_command){.kind = ASG_COMMAND_POLICY_PUT, .policy_config = &policy};
    asg_fill_order(&settings, &arena, &order);
    assert_int_equal(ASG_UUID_LENGTH, strlen(order.policy_config->alarm_high));
    assert_string_not_equal(order.policy_config->uuid, order.policy_config->alarm_low);
    const struct asg_schedule_config schedule = {.name = "night", .uuid = "given"};
    order = (struct asg_command){.kind = ASG_COMMAND_SCHEDULE_PUT,
                                 .schedule_config = &schedule};
    asg_fill_order(&settings, &arena, &order);
    assert_int_equal(ASG_UUID_LENGTH, strlen(order.schedule_config->uuid)); /* its own */
    asg_arena_clear(&arena);
}

static void test_an_order_has_the_limit_of_what_it_adds_to(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    const struct {
        enum asg_command_kind kind;
        uint32_t limit;
    } rows[] = {
        {ASG_COMMAND_GROUP_CREATE, 500}, {ASG_COMMAND_LAUNCH_CONFIGURATION_PUT, 200},
        {ASG_COMMAND_POLICY_PUT, 50},    {ASG_COMMAND_SCHEDULE_PUT, 125},
        {ASG_COMMAND_GROUP_TAG, 50},     {ASG_COMMAND_GROUP_UPDATE, 0},
        {ASG_COMMAND_SET_DESIRED, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asg_command order = {.kind = rows[i].kind};
        asg_fill_order(&settings, &arena, &order);
        assert_int_equal(rows[i].limit, order.limit);
    }
    struct asg_command order = {.kind = ASG_COMMAND_GROUP_CREATE, .limit = 7};
    asg_fill_order(&settings, &arena, &order);
    assert_int_equal(500, order.limit); /* the settings decide, not the order */
    asg_arena_clear(&arena);
}

/* Each part of it as an order of its own would be. */
static void test_each_part_of_an_apply_is_filled_in(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    const struct asg_group_config config = {.name = "web", .uuid = "given"};
    struct asg_policy_config policies[] = {{.name = "a"}, {.name = "b"}};
    struct asg_schedule_config schedule = {.name = "night"};
    struct asg_apply_group groups[] = {{.name = "api", .config = &config},
                                       {.name = "web",
                                        .is_new = true,
                                        .config = &config,
                                        .policies = policies,
                                        .policy_count = 2,
                                        .schedules = &schedule,
                                        .schedule_count = 1}};
    const struct asg_apply given = {.groups = groups,
                                    .group_count = 2,
                                    .groups_limit = 100000,
                                    .policies_limit = 100000,
                                    .schedules_limit = 100000};
    struct asg_command order = {.kind = ASG_COMMAND_APPLY, .apply = &given};
    asg_fill_order(&settings, &arena, &order);
    assert_int_equal(500, order.apply->groups_limit);
    assert_int_equal(50, order.apply->policies_limit);
    assert_int_equal(125, order.apply->schedules_limit);
    assert_ptr_equal(&config, order.apply->groups[0].config); /* not a new one */
    const struct asg_apply_group *web = &order.apply->groups[1];
    assert_int_equal(ASG_UUID_LENGTH, strlen(web->config->uuid));
    assert_string_equal("web", web->config->name);
    assert_int_equal(ASG_UUID_LENGTH, strlen(web->policies[0].uuid));
    assert_string_not_equal(web->policies[0].uuid, web->policies[1].uuid);
    assert_int_equal(ASG_UUID_LENGTH, strlen(web->policies[1].alarm_high));
    assert_int_equal(ASG_UUID_LENGTH, strlen(web->policies[1].alarm_low));
    assert_int_equal(ASG_UUID_LENGTH, strlen(web->schedules[0].uuid));
    assert_null(policies[0].uuid); /* what was given is left alone */
    assert_null(schedule.uuid);
    order = (struct asg_command){.kind = ASG_COMMAND_APPLY};
    asg_fill_order(&settings, &arena, &order); /* nothing to fill in */
    asg_arena_clear(&arena);
}

/* Of a count any target is one; of a percentage only what it reaches. */
static void test_a_target_that_is_never_reached_is_refused(void **state)
{
    (void)state;
    struct asg_policy_config policy = {.name = "cpu",
                                       .kind = ASG_POLICY_TARGET_TRACKING,
                                       .metric = ASG_METRIC_NAME_CPU,
                                       .target_milli = 100000};
    const struct asg_command put = {
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy};
    struct asg_apply_group group = {
        .name = "shop", .policies = &policy, .policy_count = 1};
    const struct asg_apply several = {.groups = &group, .group_count = 1};
    const struct asg_command apply = {
        .kind = ASG_COMMAND_APPLY, .group = "", .apply = &several};
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_check_order(&put, &error));
    assert_status(ASG_OK, asg_check_order(&apply, &error));
    policy.target_milli = 500000;
    assert_status(ASG_ERR_INVALID, asg_check_order(&put, &error));
    assert_non_null(strstr(error.text, "group web: policy cpu: the target cannot be"));
    assert_status(ASG_ERR_INVALID, asg_check_order(&apply, &error));
    assert_non_null(strstr(error.text, "group shop: policy cpu"));
    policy.metric = ASG_METRIC_NAME_NETWORK_IN;
    assert_status(ASG_OK, asg_check_order(&apply, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_created_gets_uuids),
        cmocka_unit_test(test_an_order_has_the_limit_of_what_it_adds_to),
        cmocka_unit_test(test_each_part_of_an_apply_is_filled_in),
        cmocka_unit_test(test_a_target_that_is_never_reached_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
