/* test_copy - a deep copy shares nothing with what it was made from. */
#include "lib/check.h"
#include "model/copy.h"
#include "model/schemas.h"

static void test_copy_keeps_everything_when_the_original_goes(void **state)
{
    (void)state;
    struct asg_arena from_arena = {0};
    struct asg_arena arena = {0};
    struct asg_group_config *from = asg_arena_take(&from_arena, sizeof *from);
    const char **types = asg_arena_take(&from_arena, 2 * sizeof *types);
    types[0] = asg_arena_text(&from_arena, "t3.micro");
    types[1] = asg_arena_text(&from_arena, "t3.small");
    from->name = asg_arena_text(&from_arena, "web");
    from->max = 7;
    from->instance_types = (struct asg_texts){types, 2};
    from->subnets = asg_arena_take(&from_arena, sizeof *from->subnets);
    from->subnets[0].zone = asg_arena_text(&from_arena, "us-east-1a");
    from->subnet_count = 1;
    const struct asg_command command = {.kind = ASG_COMMAND_GROUP_CREATE,
                                        .group_config = from};
    struct asg_command copy;
    asg_model_copy(&asg_command_schema, &command, &arena, &copy);
    asg_arena_clear(&from_arena); /* the sanitizer sees whoever still looks there */
    assert_int_equal(copy.kind, ASG_COMMAND_GROUP_CREATE);
    assert_null(copy.policy_config);
    assert_string_equal(copy.actor, ""); /* NULL became "" */
    assert_string_equal(copy.group_config->name, "web");
    assert_int_equal(copy.group_config->max, 7);
    assert_int_equal(copy.group_config->instance_types.count, 2);
    assert_string_equal(copy.group_config->instance_types.items[1], "t3.small");
    assert_int_equal(copy.group_config->subnet_count, 1);
    assert_string_equal(copy.group_config->subnets[0].zone, "us-east-1a");
    assert_string_equal(copy.group_config->subnets[0].subnet_id, "");
    assert_int_equal(copy.group_config->tag_count, 0);
    asg_arena_clear(&arena);
}

static void test_copy_takes_numbers_and_bytes_along(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    uint64_t ids[] = {3, 5};
    const struct asg_effects effects = {.closed_jobs = {ids, 2}};
    struct asg_effects copy;
    asg_model_copy(&asg_effects_schema, &effects, &arena, &copy);
    uint8_t bytes[] = {1, 0, 2};
    const struct asg_job_message message = {.attachment = {bytes, 3}};
    struct asg_job_message sent;
    asg_model_copy(&asg_job_message_schema, &message, &arena, &sent);
    ids[1] = 9;
    bytes[2] = 9;
    assert_int_equal(copy.closed_jobs.count, 2);
    assert_int_equal(copy.closed_jobs.items[1], 5);
    assert_int_equal(sent.attachment.length, 3);
    assert_int_equal(sent.attachment.data[2], 2);
    asg_arena_clear(&arena);
}

static void test_copy_alone_leaves_no_room(void **state)
{
    (void)state;
    struct asg_subnet subnets[] = {{"subnet-1", "us-east-1a"},
                                   {"subnet-2", "us-east-1b"}};
    const struct asg_group_config from = {
        .name = "web", .max = 7, .subnets = subnets, .subnet_count = 2};
    struct asg_arena arena = {0};
    struct asg_group_config copy;
    asg_model_copy_alone(&asg_group_config_schema, &from, &arena, &copy);
    const struct asg_arena_block *only = arena.current;
    assert_ptr_equal(arena.first, only);
    subnets[1].zone = "elsewhere";
    assert_string_equal(copy.name, "web");
    assert_string_equal(copy.subnets[1].zone, "us-east-1b");
    assert_int_equal(copy.max, 7);
    (void)asg_arena_take(&arena, 1);
    assert_ptr_not_equal(arena.current, only);
    asg_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_keeps_everything_when_the_original_goes),
        cmocka_unit_test(test_copy_takes_numbers_and_bytes_along),
        cmocka_unit_test(test_copy_alone_leaves_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
