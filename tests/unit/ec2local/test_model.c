#include "unit/ec2local/world_fixture.h"

#include <string.h>

static void test_an_instance_boots_after_the_delay_and_not_before(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    const struct asg_world_run_request request = plain_request(NULL);
    const char *id = launch(&fixture, &request).items[0]->id;
    assert_true(asg_world_next_ms(fixture.world) == BEGIN_MS + 100);
    pass(&fixture, 99);
    assert_string_equal(state_of(&fixture, id), "pending");
    assert_int_equal(fixture.effects.count, 0);
    pass(&fixture, 1);
    assert_string_equal(state_of(&fixture, id), "running");
    assert_int_equal(fixture.effects.count, 1);
    assert_int_equal(fixture.effects.items[0].kind, ASG_WORLD_BOOT);
    assert_string_equal(fixture.effects.items[0].id, id);
    end(&fixture);
}

static void test_it_is_terminated_only_when_its_tree_has_ended(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    const struct asg_world_run_request request = plain_request(NULL);
    char id[ASG_WORLD_ID_SIZE];
    memcpy(id, launch(&fixture, &request).items[0]->id, sizeof id);
    pass(&fixture, 100);
    uint32_t free_before = asg_world_subnets(fixture.world)[0]->free_addresses;
    assert_status(ASG_OK, move_one(&fixture, ASG_WORLD_TERMINATE, id));
    assert_int_equal(fixture.effects.items[0].kind, ASG_WORLD_KILL);
    pass(&fixture, 5000);
    assert_string_equal(state_of(&fixture, id), "shutting-down");
    asg_world_tree_ended(fixture.world, id);
    pass(&fixture, 0);
    assert_string_equal(state_of(&fixture, id), "terminated");
    assert_int_equal(asg_world_subnets(fixture.world)[0]->free_addresses,
                     free_before + 1);
    pass(&fixture, plain_options.keep_ms);
    assert_string_equal(state_of(&fixture, id), "not listed");
    assert_int_equal(fixture.effects.items[0].kind, ASG_WORLD_FORGET);
    end(&fixture);
}

static void test_one_terminated_while_pending_is_never_booted(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    const struct asg_world_run_request request = plain_request(NULL);
    const char *id = launch(&fixture, &request).items[0]->id;
    assert_status(ASG_OK, move_one(&fixture, ASG_WORLD_TERMINATE, id));
    assert_int_equal(fixture.effects.count, 0);
    pass(&fixture, 1000);
    assert_int_equal(fixture.effects.count, 0);
    assert_string_equal(state_of(&fixture, id), "terminated");
    end(&fixture);
}

static void test_terminating_what_is_stopping_does_not_kill_it_twice(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    const struct asg_world_run_request request = plain_request(NULL);
    const char *id = launch(&fixture, &request).items[0]->id;
    pass(&fixture, 100);
    assert_status(ASG_OK, move_one(&fixture, ASG_WORLD_STOP, id));
    assert_int_equal(fixture.effects.count, 1);
    assert_status(ASG_OK, move_one(&fixture, ASG_WORLD_TERMINATE, id));
    assert_int_equal(fixture.effects.count, 0);
    asg_world_tree_ended(fixture.world, id);
    pass(&fixture, 50);
    assert_string_equal(state_of(&fixture, id), "terminated");
    end(&fixture);
}

static void test_a_token_in_another_zone_launches_a_second_time(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    struct asg_world_run_request request = plain_request("token");
    char subnet[ASG_WORLD_ID_SIZE];
    memcpy(subnet, asg_world_subnets(fixture.world)[0]->id, sizeof subnet);
    request.data.subnet_id = subnet;
    const char *first = launch(&fixture, &request).items[0]->id;
    assert_ptr_equal(launch(&fixture, &request).items[0]->id, first);
    memcpy(subnet, asg_world_subnets(fixture.world)[1]->id, sizeof subnet);
    assert_ptr_not_equal(launch(&fixture, &request).items[0]->id, first);
    end(&fixture);
}

static void test_each_parameter_counts_for_the_mismatch(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    struct asg_world_run_request request = plain_request("token");
    (void)launch(&fixture, &request);
    char text[] = "IyEvYmluL3NoCg==";
    struct asg_world_run_request other = request;
    other.max_count = 2;
    refuse_launch(&fixture, &other, "IdempotentParameterMismatch");
    other = request;
    other.data.user_data = text;
    refuse_launch(&fixture, &other, "IdempotentParameterMismatch");
    other = request;
    other.data.is_spot = true;
    refuse_launch(&fixture, &other, "IdempotentParameterMismatch");
    other = request;
    struct asg_world_tag tag = {.key = text, .value = text};
    other.data.tags = (struct asg_world_tags){.items = &tag, .count = 1};
    refuse_launch(&fixture, &other, "IdempotentParameterMismatch");
    end(&fixture);
}

static void test_a_token_outlives_the_listing_of_its_instance(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    const struct asg_world_run_request request = plain_request("token");
    const char *id = launch(&fixture, &request).items[0]->id;
    assert_status(ASG_OK, move_one(&fixture, ASG_WORLD_TERMINATE, id));
    pass(&fixture, 50);
    pass(&fixture, plain_options.keep_ms);
    refuse_launch(&fixture, &request, "IdempotentInstanceTerminated");
    end(&fixture);
}

static void test_a_refused_launch_does_not_use_up_its_token(void **state)
{
    (void)state;
    struct fixture fixture;
    struct asg_world_options options = plain_options;
    options.vcpu_limit = 1;
    begin_with(&fixture, &options);
    struct asg_world_run_request request = plain_request("token");
    refuse_launch(&fixture, &request, "VcpuLimitExceeded");
    request.data.instance_type = (char *)(uintptr_t) "m1.small";
    assert_int_equal(launch(&fixture, &request).count, 1);
    end(&fixture);
}

static void test_limits_give_fewer_down_to_the_minimum_and_then_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct asg_world_options options = plain_options;
    options.instance_limit = 5;
    begin_with(&fixture, &options);
    struct asg_world_run_request request = plain_request(NULL);
    request.max_count = 3;
    assert_int_equal(launch(&fixture, &request).count, 3);
    assert_int_equal(launch(&fixture, &request).count, 2);
    refuse_launch(&fixture, &request, "InstanceLimitExceeded");
    end(&fixture);
}

static void test_room_is_taken_away_and_given_back(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    struct asg_world_run_request request = plain_request(NULL);
    request.max_count = 3;
    assert_int_equal(launch(&fixture, &request).count, 3);
    asg_world_leave_room(fixture.world, 1);
    assert_int_equal(launch(&fixture, &request).count, 1);
    refuse_launch(&fixture, &request, "InstanceLimitExceeded");
    asg_world_leave_room(fixture.world, -1);
    assert_int_equal(launch(&fixture, &request).count, 3);
    end(&fixture);
}

static void test_status_checks_fail_while_it_runs(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    const struct asg_world_run_request request = plain_request(NULL);
    const struct asg_world_instance *instance = launch(&fixture, &request).items[0];
    assert_false(asg_world_announce(fixture.world, instance->id, ASG_WORLD_IMPAIRED,
                                    "impaired", 0)); /* it is pending */
    pass(&fixture, 100);
    assert_string_equal("ok", asg_world_status_name(instance, instance->state));
    assert_true(asg_world_announce(fixture.world, instance->id, ASG_WORLD_IMPAIRED,
                                   "impaired", 0));
    assert_string_equal("impaired", asg_world_status_name(instance, instance->state));
    assert_string_equal("not-applicable",
                        asg_world_status_name(instance, ASG_WORLD_STOPPED));
    assert_true(
        asg_world_announce(fixture.world, instance->id, ASG_WORLD_IMPAIRED, "", 0));
    assert_string_equal("ok", asg_world_status_name(instance, instance->state));
    end(&fixture);
}

static void test_addresses_run_out_and_come_back(void **state)
{
    (void)state;
    const uint32_t addresses[] = {0x0a000001, 0x0a000002};
    struct fixture fixture;
    struct asg_world_options options = plain_options;
    options.addresses = addresses;
    options.address_count = 2;
    begin_with(&fixture, &options);
    const struct asg_world_run_request request = plain_request(NULL);
    const char *id = launch(&fixture, &request).items[0]->id;
    assert_string_equal(asg_world_find(fixture.world, id)->address_text, "10.0.0.1");
    (void)launch(&fixture, &request);
    refuse_launch(&fixture, &request, "InsufficientFreeAddressesInSubnet");
    assert_status(ASG_OK, move_one(&fixture, ASG_WORLD_TERMINATE, id));
    pass(&fixture, 50);
    assert_string_equal(launch(&fixture, &request).items[0]->address_text, "10.0.0.1");
    end(&fixture);
}

static void test_a_reader_who_lags_sees_the_states_of_then(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    const struct asg_world_run_request request = plain_request(NULL);
    const struct asg_world_instance *instance = launch(&fixture, &request).items[0];
    pass(&fixture, 100);
    pass(&fixture, 400); /* running for 400 ms, launched 500 ms ago */
    enum asg_world_state seen;
    assert_true(asg_world_state_seen(instance, fixture.now_ms, 0, &seen));
    assert_int_equal(seen, ASG_WORLD_RUNNING);
    assert_true(asg_world_state_seen(instance, fixture.now_ms, 400, &seen));
    assert_int_equal(seen, ASG_WORLD_RUNNING);
    assert_true(asg_world_state_seen(instance, fixture.now_ms, 401, &seen));
    assert_int_equal(seen, ASG_WORLD_PENDING);
    assert_false(asg_world_state_seen(instance, fixture.now_ms, 501, &seen));
    end(&fixture);
}

static bool never_has_capacity(void *context, const char *type, const char *zone,
                               bool is_spot)
{
    (void)is_spot;
    (void)type;
    (void)zone;
    ++*(int *)context;
    return false;
}

static void test_a_repeated_token_does_not_ask_for_capacity(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, &plain_options);
    struct asg_world_run_request request = plain_request("token");
    (void)launch(&fixture, &request);
    int asked = 0;
    request.has_capacity = never_has_capacity;
    request.context = &asked;
    assert_int_equal(launch(&fixture, &request).count, 1);
    assert_int_equal(asked, 0);
    request.client_token = "another";
    refuse_launch(&fixture, &request, "InsufficientInstanceCapacity");
    assert_int_equal(asked, ASG_WORLD_ZONES);
    end(&fixture);
}

static void test_one_seed_gives_one_world(void **state)
{
    (void)state;
    struct fixture one;
    struct fixture two;
    struct asg_world_options options = plain_options;
    options.boot_max_ms = 900;
    begin_with(&one, &options);
    begin_with(&two, &options);
    struct asg_world_run_request request = plain_request(NULL);
    request.max_count = 20;
    const struct asg_world_instances left = launch(&one, &request);
    const struct asg_world_instances right = launch(&two, &request);
    bool are_delays_different = false;
    for (size_t i = 0; i < left.count; i++) {
        assert_string_equal(left.items[i]->id, right.items[i]->id);
        assert_true(left.items[i]->due_ms == right.items[i]->due_ms);
        are_delays_different =
            are_delays_different || left.items[i]->due_ms != left.items[0]->due_ms;
    }
    assert_true(are_delays_different);
    end(&one);
    end(&two);
}

static void test_wildcards(void **state)
{
    (void)state;
    assert_true(asg_world_matches("", ""));
    assert_true(asg_world_matches("*", ""));
    assert_true(asg_world_matches("a*c*e", "abcde"));
    assert_true(asg_world_matches("*aab", "aaaaab"));
    assert_true(asg_world_matches("w?b", "web"));
    assert_true(asg_world_matches("\\*", "*"));
    assert_false(asg_world_matches("\\*", "x"));
    assert_false(asg_world_matches("a?", "a"));
    assert_false(asg_world_matches("a", "ab"));
    assert_false(asg_world_matches("a*b", "acd"));
}

static void test_options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct asg_world *world = NULL;
    struct asg_world_options options = plain_options;
    options.boot_max_ms = 99;
    assert_status(ASG_ERR_INVALID, asg_world_new(&options, &world));
    options = plain_options;
    options.cidr_bits = 27;
    assert_status(ASG_ERR_INVALID, asg_world_new(&options, &world));
    assert_null(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_instance_boots_after_the_delay_and_not_before),
        cmocka_unit_test(test_it_is_terminated_only_when_its_tree_has_ended),
        cmocka_unit_test(test_one_terminated_while_pending_is_never_booted),
        cmocka_unit_test(test_terminating_what_is_stopping_does_not_kill_it_twice),
        cmocka_unit_test(test_a_token_in_another_zone_launches_a_second_time),
        cmocka_unit_test(test_each_parameter_counts_for_the_mismatch),
        cmocka_unit_test(test_a_token_outlives_the_listing_of_its_instance),
        cmocka_unit_test(test_a_refused_launch_does_not_use_up_its_token),
        cmocka_unit_test(test_limits_give_fewer_down_to_the_minimum_and_then_nothing),
        cmocka_unit_test(test_room_is_taken_away_and_given_back),
        cmocka_unit_test(test_status_checks_fail_while_it_runs),
        cmocka_unit_test(test_addresses_run_out_and_come_back),
        cmocka_unit_test(test_a_reader_who_lags_sees_the_states_of_then),
        cmocka_unit_test(test_a_repeated_token_does_not_ask_for_capacity),
        cmocka_unit_test(test_one_seed_gives_one_world),
        cmocka_unit_test(test_wildcards),
        cmocka_unit_test(test_options_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
