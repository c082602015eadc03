/* test_core_detach - an instance leaves its group and runs on: untagged, remembered,
 * never taken in again and never ended (docs/rules.md, "Attach and detach"). */
#include "unit/core/moved_world.h"

static void detach(int first, size_t count, bool decrement)
{
    move(ASG_COMMAND_DETACH_INSTANCES, first, count, decrement);
}

static void untag(enum asg_outcome outcome)
{
    answer_tags(ASG_JOB_UNTAG, outcome);
}

/* As a listing shows it while its tags are still there. */
static struct asg_seen_instance with_our_tags(const char *id)
{
    struct asg_seen_instance row = foreign(id);
    row.group = "web";
    row.job_id = 1;
    row.attempt = 1;
    return row;
}

static void list(struct asg_seen_instance *rows, size_t count)
{
    const struct asg_observed observed = {
        .is_complete = true, .instances = rows, .instance_count = count};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
}

static void test_with_decrement_nobody_takes_its_place(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.min = 1});
    detach(1, 1, true);
    expect_ok();
    expect_desired(2);
    expect_state("i-1", ASG_INSTANCE_DETACHING);
    expect_activity("i-1", ASG_ACT_DETACH, ASG_ACTIVITY_IN_PROGRESS,
                    "instance i-1 was detached in response to a user request, shrinking "
                    "the capacity from 3 to 2.");
    save_and_load();
    untag(ASG_OUTCOME_OK);
    assert_false(is_known("i-1"));
    expect_activity("i-1", ASG_ACT_DETACH, ASG_ACTIVITY_SUCCESSFUL, "");
    pass(60000);
    assert_int_equal(3, w.instance_count);
    assert_int_equal(0, w.ended_count);
}

static void test_without_decrement_a_replacement_starts_at_once(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.min = 3});
    detach(1, 2, false);
    expect_ok();
    expect_desired(3);
    assert_int_equal(5, w.instance_count);
    untag(ASG_OUTCOME_OK);
    untag(ASG_OUTCOME_OK);
    assert_int_equal(3, in_service());
    assert_int_equal(0, w.ended_count);
    expect_activity("i-1", ASG_ACT_DETACH, ASG_ACTIVITY_SUCCESSFUL,
                    "instance i-1 was detached in response to a user request.");
}

/* The hazard: an instance with our tags and in no group is adopted, then ended as one too
 * many. */
static void test_its_tags_may_show_up_again(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){0});
    detach(1, 1, true);
    untag(ASG_OUTCOME_OK);
    save_and_load();
    struct asg_seen_instance row = with_our_tags("i-1");
    for (int i = 0; i < 50; i++) {
        list(&row, 1);
        assert_false(is_known("i-1"));
        pass(120000);
    }
    assert_int_equal(0, w.ended_count);
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    for (int i = 0; i < 50; i++) {
        list(&row, 1);
        pass(120000);
    }
    assert_false(was_ended(1)); /* no orphan either */
    assert_int_equal(2, w.ended_count);
}

/* When EC2 has long not shown it, nobody need know of it: then its tags would be news. */
static void test_it_is_forgotten_when_ec2_shows_it_no_more(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    detach(1, 1, true);
    untag(ASG_OUTCOME_OK);
    struct asg_seen_instance row = with_our_tags("i-1");
    list(NULL, 0); /* EC2's lists lag: this means little */
    see_row(row);
    assert_false(is_known("i-1"));
    pass(3600000);
    see_row(row); /* no listing since: it is known still */
    assert_false(is_known("i-1"));
    pass(3600000);
    list(NULL, 0);
    assert_int_equal(0, w.ended_count);
    see_row(row);
    assert_true(was_ended(1)); /* adopted, and one too many */
}

static void test_what_is_refused_is_refused_whole(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.min = 2, .max = 3});
    detach(1, 2, true);
    expect_refused("ValidationError",
                   "AutoScalingGroup web has min-size=2, max-size=3, and desired-size=3. "
                   "To detach 2 instances, please update the AutoScalingGroup sizes "
                   "appropriately.");
    detach(3, 2, false);
    expect_refused("ValidationError",
                   "The instance i-4 is not part of Auto Scaling group web.");
    w.terminate_outcome = ASG_OUTCOME_THROTTLED;
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .group = "",
                               .instance_ids = ids_from(2, 1)});
    detach(2, 2, false);
    expect_refused("ValidationError", "The instance i-2 is not in InService or Standby.");
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = ""});
    detach(3, 1, false);
    expect_refused("ValidationError", "halted by an operator");
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = ""});
    detach(3, 1, false);
    expect_ok();
    detach(3, 1, false);
    expect_refused("ValidationError", "The instance i-3 is not in InService or Standby.");
    const char *named[] = {"i-3"};
    order((struct asg_command){
        .kind = ASG_COMMAND_TERMINATE_INSTANCE, .group = "", .instance_ids = {named, 1}});
    expect_refused("ScalingActivityInProgress", "i-3 is being detached");
}

static void test_one_that_stands_by_leaves_no_gap(void **state)
{
    (void)state;
    for (int decrement = 0; decrement < 2; decrement++) {
        (void)end(NULL);
        (void)begin(NULL);
        make_group(3, (struct asg_group_config){.min = 2});
        move(ASG_COMMAND_ENTER_STANDBY, 1, 1, true);
        detach(1, 1, decrement == 1);
        expect_ok();
        expect_desired(2);
        untag(ASG_OUTCOME_OK);
        assert_false(is_known("i-1"));
        assert_int_equal(3, w.instance_count);
    }
}

/* Its tags stay, and so does the memory of it, as long as EC2 shows them. */
static void test_when_ec2_refuses_to_take_its_tags_off_it_is_let_go_all_the_same(
    void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    detach(1, 1, true);
    uint64_t job_id = 0;
    assert_int_equal(1, open_jobs(ASG_JOB_UNTAG, &job_id));
    untag(ASG_OUTCOME_PERMISSION);
    assert_false(is_known("i-1"));
    struct asg_seen_instance row = with_our_tags("i-1");
    for (int i = 0; i < 100; i++) {
        list(&row, 1);
        pass(120000);
    }
    assert_false(is_known("i-1"));
    assert_int_equal(0, w.ended_count);
    order((struct asg_command){
        .kind = ASG_COMMAND_JOB_RETRY, .group = "", .job_id = job_id});
    expect_ok();
    untag(ASG_OUTCOME_OK);
}

/* A retry of the dead letter must not take the tags of one that is attached again. */
static void test_attaching_it_again_lifts_the_memory(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    detach(1, 1, true);
    attach("i-1");
    expect_refused("ValidationError", "already part of Auto Scaling group web");
    uint64_t job_id = 0;
    assert_int_equal(1, open_jobs(ASG_JOB_UNTAG, &job_id));
    untag(ASG_OUTCOME_PERMISSION);
    attach("i-1");
    expect_ok();
    answer_tags(ASG_JOB_TAG, ASG_OUTCOME_OK);
    expect_state("i-1", ASG_INSTANCE_IN_SERVICE);
    expect_desired(2);
    order((struct asg_command){
        .kind = ASG_COMMAND_JOB_RETRY, .group = "", .job_id = job_id});
    assert_int_equal(0, open_jobs(ASG_JOB_UNTAG, &job_id));
    set_desired(0); /* it is a member like any other */
    assert_true(was_ended(1));
}

static void test_protection_is_lost_and_begins_as_the_group_says(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    order((struct asg_command){.kind = ASG_COMMAND_PROTECT_INSTANCES,
                               .group = "web",
                               .instance_ids = ids_from(1, 1),
                               .is_protected = true});
    detach(1, 1, true);
    untag(ASG_OUTCOME_OK);
    attach("i-1");
    answer_tags(ASG_JOB_TAG, ASG_OUTCOME_OK);
    set_desired(0);
    assert_true(was_ended(1));
}

static void test_what_passes_is_tried_again_until_it_is_too_late(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    detach(1, 1, true);
    int tries = 0;
    while (is_known("i-1")) {
        untag(tries % 2 == 0 ? ASG_OUTCOME_AMBIGUOUS : ASG_OUTCOME_THROTTLED);
        pass(300000);
        assert_true(tries++ < 10);
    }
    assert_true(tries > 1);
    expect_activity("i-1", ASG_ACT_DETACH, ASG_ACTIVITY_SUCCESSFUL, "");
}

static void test_it_may_die_meanwhile(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    detach(1, 1, true);
    struct asg_seen_instance row = foreign("i-1");
    row.state = ASG_EC2_ABSENT; /* its tags are off: no listing of ours has it */
    see_row(row);
    expect_state("i-1", ASG_INSTANCE_DETACHING);
    row.state = ASG_EC2_TERMINATED;
    see_row(row);
    assert_false(is_known("i-1"));
    expect_desired(1);
    untag(ASG_OUTCOME_NOT_FOUND);
    pass(60000);
    assert_int_equal(2, w.instance_count);
}

static void test_a_group_is_gone_only_when_its_last_one_is_let_go(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    detach(1, 1, true);
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    assert_true(was_ended(2));
    assert_false(was_ended(1));
    expect_state("i-1", ASG_INSTANCE_DETACHING);
    untag(ASG_OUTCOME_OK);
    assert_false(was_ended(1));
    struct asg_arena arena = {0};
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(w.core, "web", &arena, &views, &count);
    assert_int_equal(0, count);
    asg_arena_clear(&arena);
}

static void test_a_halt_takes_the_request_back_until_it_is_lifted(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    detach(1, 1, true);
    uint64_t job_id = 0;
    assert_int_equal(1, open_jobs(ASG_JOB_UNTAG, &job_id));
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    assert_int_equal(1, w.recalled_count);
    assert_int_equal(job_id, w.recalled[0]);
    untag(ASG_OUTCOME_UNDELIVERED);
    pass(60000);
    assert_int_equal(0, open_jobs(ASG_JOB_UNTAG, &job_id));
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    pass(300000);
    untag(ASG_OUTCOME_OK);
    assert_false(is_known("i-1"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_with_decrement_nobody_takes_its_place),
        TEST(test_without_decrement_a_replacement_starts_at_once),
        TEST(test_its_tags_may_show_up_again),
        TEST(test_it_is_forgotten_when_ec2_shows_it_no_more),
        TEST(test_what_is_refused_is_refused_whole),
        TEST(test_one_that_stands_by_leaves_no_gap),
        TEST(test_when_ec2_refuses_to_take_its_tags_off_it_is_let_go_all_the_same),
        TEST(test_attaching_it_again_lifts_the_memory),
        TEST(test_protection_is_lost_and_begins_as_the_group_says),
        TEST(test_what_passes_is_tried_again_until_it_is_too_late),
        TEST(test_it_may_die_meanwhile),
        TEST(test_a_group_is_gone_only_when_its_last_one_is_let_go),
        TEST(test_a_halt_takes_the_request_back_until_it_is_lifted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
