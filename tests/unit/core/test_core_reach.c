/* test_core_reach - what is out of reach: dead, or cut off from us? (docs/reliability.md,
 * "Dead or out of reach"). */
#include "unit/core/core_world.h"

#define LOST_MS INT64_C(12000) /* twelve periods of a second */

static void lose_sight(int number)
{
    sign(number, ASG_SIGN_SILENT);
    sign(number, ASG_SIGN_PROBE_UNREACHABLE);
}

static const struct asg_group_config unlimited = {
    .unhealthy_percent = 100, .terminating_percent = 100, .terminated_percent = 100};

static void test_a_group_of_one_out_of_reach_is_left_alone(void **state)
{
    (void)state;
    make_group(1, unlimited);
    lose_sight(1);
    pass(86400000);
    assert_int_equal(0, w.ended_count);
    assert_non_null(strstr(w.said, "alarm mass-silence: 1 of 1 agents are silent and "
                                   "out of reach: assuming a network partition"));
    expect_alarms(1, "web: all of its agents are out of reach");
    assert_int_equal(1, alarms_of(ASG_ALARM_MASS_SILENCE));
    sign(1, ASG_SIGN_REPORTING);
    assert_non_null(strstr(w.said, "over: mass-silence: 0 of 1 agents"));
    expect_alarms(0, "");
    assert_int_equal(0, w.ended_count);
}

static void test_a_group_of_two_out_of_reach_is_left_alone(void **state)
{
    (void)state;
    make_group(2, unlimited);
    lose_sight(1);
    pass(500);
    lose_sight(2);
    pass(86400000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(2, w.instance_count);
}

static void test_a_dead_agent_of_a_group_of_one_is_replaced_at_once(void **state)
{
    (void)state;
    make_group(1, unlimited);
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED); /* its host refuses the probe */
    assert_true(was_ended(1));
    assert_int_equal(2, w.instance_count);
}

static void test_ec2s_word_ends_one_that_nobody_can_reach(void **state)
{
    (void)state;
    make_group(1, unlimited);
    lose_sight(1);
    pass(3600000);
    assert_int_equal(0, w.ended_count);
    show(1, (struct asg_seen_instance){.state = ASG_EC2_RUNNING, .is_impaired = true});
    assert_true(was_ended(1));
    assert_int_equal(1, in_service());
}

static void test_an_operators_word_ends_one_that_nobody_can_reach(void **state)
{
    (void)state;
    make_group(1, unlimited);
    lose_sight(1);
    const char *ids[] = {"i-1"};
    order((struct asg_command){.kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
                               .instance_ids = {ids, 1}});
    assert_true(was_ended(1));
}

static void test_refusing_after_a_cut_is_evidence(void **state)
{
    (void)state;
    make_group(1, unlimited);
    lose_sight(1);
    pass(3600000);
    sign(1, ASG_SIGN_PROBE_FAILED);
    assert_true(was_ended(1));
}

static void test_one_out_of_reach_goes_while_others_report(void **state)
{
    (void)state;
    make_group(2, unlimited);
    lose_sight(1);
    pass(LOST_MS - 1);
    assert_int_equal(0, w.ended_count);
    pass(1);
    assert_true(was_ended(1));
    assert_non_null(strstr(w.said, "it is out of reach, while others report"));
    assert_null(strstr(w.said, "alarm"));
}

static void test_a_link_that_flaps_costs_nobody(void **state)
{
    (void)state;
    make_group(4, unlimited);
    for (int round = 0; round < 20; round++) {
        for (int i = 1; i <= 4; i++) {
            lose_sight(i);
        }
        pass(2 * LOST_MS);
        /* It is whole again; each time half of them are heard late. */
        for (int i = 1; i <= 4; i++) {
            if (i % 2 == round % 2) sign(i, ASG_SIGN_REPORTING);
        }
        pass(LOST_MS / 2);
        for (int i = 1; i <= 4; i++) {
            sign(i, ASG_SIGN_REPORTING);
        }
        pass(1000);
    }
    assert_int_equal(0, w.ended_count);
}

static void test_ec2_is_asked_about_what_is_out_of_reach(void **state)
{
    (void)state;
    make_group(1, unlimited);
    for (int i = 0; i < 30; i++) {
        pass(10000);
    }
    sign(1, ASG_SIGN_SILENT);
    struct asg_health_sign row = {
        .instance_id = "i-1", .sign = ASG_SIGN_PROBE_UNREACHABLE, .detail = ""};
    const struct asg_health health = {.signs = &row, .sign_count = 1};
    struct asg_event event = {
        .kind = ASG_EVENT_HEALTH, .health = &health, .time_ms = w.now_ms};
    assert_status(ASG_OK, step_core(w.core, &event, &w.effects));
    assert_int_equal(1, w.effects.job_count);
    assert_int_equal(ASG_JOB_DESCRIBE, w.effects.jobs[0].kind);
    assert_string_equal("i-1", w.effects.jobs[0].describe->instance_ids.items[0]);
}

/* Nine groups of two, one of each in a zone that we lose. */
static void make_pairs(void)
{
    static struct asg_subnet subnets[] = {{"s-1", "us-east-1a"}, {"s-2", "us-east-1b"}};
    for (int i = 0; i < 9; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "g%d", i);
        struct asg_group_config config = unlimited;
        config.name = name;
        config.max = 4;
        config.desired = 2;
        config.template_name = "";
        config.template_id = "lt-0123456789abcdef0";
        config.template_version = "1";
        config.subnets = subnets;
        config.subnet_count = 2;
        config.evaluation_ms = 1000;
        order((struct asg_command){
            .kind = ASG_COMMAND_GROUP_CREATE, .group = name, .group_config = &config});
    }
    for (int i = 1; i <= 18; i++) {
        sign(i, ASG_SIGN_REPORTING);
    }
}

static bool is_in_zone_a(int number)
{
    struct asg_arena arena = {0};
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    bool ret = false;
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    asg_core_view_instances(w.core, "", &arena, &views, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(views[i].instance_id, id) == 0) {
            ret = strcmp(views[i].zone, "us-east-1a") == 0;
        }
    }
    asg_arena_clear(&arena);
    return ret;
}

static void test_a_zone_of_the_fleet_out_of_reach_is_a_partition(void **state)
{
    (void)state;
    make_pairs();
    for (int i = 1; i <= 18; i++) {
        if (is_in_zone_a(i)) lose_sight(i);
    }
    for (int i = 0; i < 600; i++) {
        pass(1000);
    }
    assert_int_equal(0, w.ended_count);
    assert_non_null(strstr(w.said, "replacement waits: many agents of the fleet in "
                                   "us-east-1a are out of reach together"));
    /* When all but one are heard again, that one is dead: nothing of its own tells it. */
    int dead = 0;
    for (int i = 1; i <= 18; i++) {
        if (!is_in_zone_a(i)) continue;
        if (dead == 0) {
            dead = i;
            continue;
        }
        sign(i, ASG_SIGN_REPORTING);
    }
    pass(2000);
    pass(2000);
    assert_int_equal(1, w.ended_count);
    assert_true(was_ended(dead));
}

static void test_out_of_reach_survives_saving(void **state)
{
    (void)state;
    make_group(1, unlimited);
    lose_sight(1);
    struct asg_bytes saved = {0};
    struct asg_bytes again = {0};
    asg_core_save(w.core, &saved);
    asg_core_destroy(&w.core);
    assert_status(ASG_OK, asg_core_load(saved.data, saved.length, &w.core, NULL));
    asg_core_save(w.core, &again);
    assert_int_equal(saved.length, again.length);
    assert_memory_equal(saved.data, again.data, saved.length);
    asg_bytes_clear(&saved);
    asg_bytes_clear(&again);
    pass(86400000);
    assert_int_equal(0, w.ended_count);
    sign(1, ASG_SIGN_REPORTING);
    assert_non_null(strstr(w.said, "over: mass-silence"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_group_of_one_out_of_reach_is_left_alone),
        TEST(test_a_group_of_two_out_of_reach_is_left_alone),
        TEST(test_a_dead_agent_of_a_group_of_one_is_replaced_at_once),
        TEST(test_ec2s_word_ends_one_that_nobody_can_reach),
        TEST(test_an_operators_word_ends_one_that_nobody_can_reach),
        TEST(test_refusing_after_a_cut_is_evidence),
        TEST(test_one_out_of_reach_goes_while_others_report),
        TEST(test_a_link_that_flaps_costs_nobody),
        TEST(test_ec2_is_asked_about_what_is_out_of_reach),
        TEST(test_a_zone_of_the_fleet_out_of_reach_is_a_partition),
        TEST(test_out_of_reach_survives_saving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
