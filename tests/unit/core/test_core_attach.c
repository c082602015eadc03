/* test_core_attach - an instance that runs already joins a group: tagged first, then
 * counted (docs/rules.md, "Attach and detach"). */
#include "unit/core/moved_world.h"

static void tag(enum asg_outcome outcome)
{
    answer_tags(ASG_JOB_TAG, outcome);
}

static void test_it_is_tagged_first_then_it_serves(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    expect_ok();
    expect_state("i-x", ASG_INSTANCE_ATTACHING);
    expect_desired(2); /* at the call, as AWS's; its place is kept */
    assert_int_equal(1, w.instance_count);
    assert_int_equal(1, in_service());
    expect_activity("i-x", ASG_ACT_ATTACH, ASG_ACTIVITY_IN_PROGRESS,
                    "instance i-x was attached in response to a user request, increasing "
                    "the capacity from 1 to 2.");
    save_and_load();
    tag(ASG_OUTCOME_OK);
    expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
    assert_int_equal(2, in_service());
    expect_activity("i-x", ASG_ACT_ATTACH, ASG_ACTIVITY_SUCCESSFUL, "");
    pass(3600000);
    expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
    assert_int_equal(1, w.instance_count);
    assert_int_equal(0, w.ended_count);
}

/* By a line that an operator gave it: that of its user data is of another launch. */
static void test_its_agent_may_enrol_and_is_watched_then(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    tag(ASG_OUTCOME_OK);
    struct asg_effects before = {0};
    asg_core_watching(w.core, &before.arena, &before);
    assert_int_equal(2, before.member_count);
    assert_int_equal(ASG_MEMBER_LEAVING, before.members[1].state); /* known to the edge */
    asg_effects_clear(&before);
    const struct asg_enrolment enrolment = {
        .instance_id = "i-x",
        .curve_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
        .tls_key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        .serial = "1",
        .address = "127.1.0.1",
        .is_address_checked = true};
    step((struct asg_event){.kind = ASG_EVENT_ENROLMENT, .enrolment = &enrolment});
    expect_ok();
    save_and_load();
    struct asg_effects watching = {0};
    asg_core_watching(w.core, &watching.arena, &watching);
    assert_int_equal(2, watching.member_count);
    assert_string_equal("i-x", watching.members[1].instance_id);
    assert_int_equal(ASG_MEMBER_COUNTS, watching.members[1].state);
    assert_string_equal(enrolment.curve_key, watching.members[1].curve_key);
    asg_effects_clear(&watching);
}

static void test_the_job_puts_the_groups_tags_on_it(void **state)
{
    (void)state;
    struct asg_tag tags[] = {{.key = "team", .value = "blue"},
                             {.key = "stays", .value = "here", .stays = true}};
    make_group(0, (struct asg_group_config){.tags = tags, .tag_count = 2});
    attach("i-x");
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    size_t i = 0;
    while (i < count && jobs[i].kind != ASG_JOB_TAG) {
        i++;
    }
    assert_true(i < count);
    assert_string_equal("web", jobs[i].group);
    assert_int_equal(1, jobs[i].tagging->instance_ids.count);
    assert_string_equal("i-x", jobs[i].tagging->instance_ids.items[0]);
    assert_int_equal(1, jobs[i].tagging->tag_count);
    assert_string_equal("team", jobs[i].tagging->tags[0].key);
    asg_arena_clear(&arena);
}

static void test_what_cannot_be_attached_is_refused_whole(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.max = 4});
    struct asg_seen_instance rows[3] = {foreign("i-x"), foreign("i-y"), foreign("i-z")};
    attach_rows(rows, 3);
    expect_refused("ValidationError",
                   "AutoScalingGroup web has min-size=0, max-size=4, and desired-size=2. "
                   "To attach 3 instances, please update the AutoScalingGroup sizes "
                   "appropriately.");
    rows[1].state = ASG_EC2_STOPPED;
    attach_rows(rows, 2);
    expect_refused("ValidationError", "Instance i-y is not in correct state. Instance(s) "
                                      "must be in 'running' state.");
    rows[1] = foreign("i-y");
    rows[1].zone = "us-east-1b";
    attach_rows(rows, 2);
    expect_refused("ValidationError", "zone us-east-1b of instance i-y is not one of");
    rows[1] = foreign("i-1");
    attach_rows(rows, 2);
    expect_refused("ValidationError",
                   "The instance i-1 is already part of Auto Scaling group web.");
    rows[1] = foreign("i-x");
    attach_rows(rows, 2);
    expect_refused("ValidationError", "instance i-x is listed twice");
    order((struct asg_command){.kind = ASG_COMMAND_ATTACH_INSTANCES,
                               .group = "web",
                               .instance_ids = ids_from(7, 1)});
    expect_refused("ValidationError", "has no EC2 data");
    suspend(ASG_PROCESS_LAUNCH);
    attach("i-x");
    expect_refused("ValidationError", "The process Launch of AutoScalingGroup web is");
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    attach("i-x");
    expect_refused("ValidationError", "halted by an operator");
    assert_false(is_known("i-x"));
    expect_desired(2);
    uint64_t id = 0;
    assert_int_equal(0, open_jobs(ASG_JOB_TAG, &id));
}

static void test_in_a_dry_run_nothing_is_attached(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.dry_run = true});
    attach("i-x");
    expect_refused("DryRunOperation", "nothing is attached");
    assert_false(is_known("i-x"));
}

static void test_what_passes_is_tried_again(void **state)
{
    (void)state;
    const enum asg_outcome outcomes[] = {ASG_OUTCOME_THROTTLED, ASG_OUTCOME_TRANSIENT,
                                         ASG_OUTCOME_AMBIGUOUS, ASG_OUTCOME_CREDENTIALS,
                                         ASG_OUTCOME_EXPIRED,   ASG_OUTCOME_UNDELIVERED};
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        (void)end(NULL);
        (void)begin(NULL);
        make_group(1, (struct asg_group_config){0});
        attach("i-x");
        tag(outcomes[i]);
        expect_state("i-x", ASG_INSTANCE_ATTACHING);
        expect_activity("i-x", ASG_ACT_ATTACH, ASG_ACTIVITY_IN_PROGRESS, "");
        pass(5000);
        tag(ASG_OUTCOME_OK);
        expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
        expect_desired(2);
    }
}

static void test_what_ec2_refuses_is_undone(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    tag(ASG_OUTCOME_PERMISSION);
    assert_false(is_known("i-x"));
    expect_desired(1);
    assert_int_equal(1, in_service());
    assert_int_equal(1, w.instance_count);
    expect_activity("i-x", ASG_ACT_ATTACH, ASG_ACTIVITY_FAILED, "");
    assert_non_null(strstr(activity_of("i-x")->message, "what EC2 says"));
    struct asg_arena arena = {0};
    struct asg_status_view view;
    asg_core_view_status(w.core, &arena, &view);
    assert_int_equal(1, view.dead_jobs);
    asg_arena_clear(&arena);
    attach("i-x"); /* and may be attached when the cause is mended */
    expect_ok();
    tag(ASG_OUTCOME_OK);
    expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
}

/* Its tags may be there: they are taken off, and nobody takes it in for them. */
static void test_what_is_given_up_in_doubt_is_untagged_and_not_adopted(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    uint64_t job_id = 0;
    assert_int_equal(1, open_jobs(ASG_JOB_TAG, &job_id));
    int64_t passed_ms = 0;
    while (is_known("i-x")) {
        tag(ASG_OUTCOME_AMBIGUOUS);
        pass(300000);
        passed_ms += 300000;
        assert_true(passed_ms <= 1500000);
    }
    expect_desired(1);
    uint64_t id = 0;
    assert_int_equal(1, open_jobs(ASG_JOB_UNTAG, &id));
    struct asg_seen_instance row = foreign("i-x");
    row.group = "web";
    row.job_id = job_id;
    see_row(row);
    assert_false(is_known("i-x"));
    attach("i-x");
    expect_refused("ScalingActivityInProgress", "still being detached");
    answer_tags(ASG_JOB_UNTAG, ASG_OUTCOME_OK);
    attach("i-x");
    expect_ok();
}

/* Whoever says how many there shall be has said it. */
static void test_what_is_undone_leaves_a_desired_that_was_set_since(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    set_desired(4);
    assert_int_equal(3, w.instance_count); /* i-x keeps its place */
    tag(ASG_OUTCOME_NOT_FOUND);
    expect_desired(4);
    assert_int_equal(4, w.instance_count);
}

static void test_what_is_undone_leaves_min(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    struct asg_group_config more = {.min = 2};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &more,
                               .group_fields = UINT64_C(1) << ASG_GROUP_MIN});
    expect_ok();
    tag(ASG_OUTCOME_PERMISSION);
    expect_desired(2);
    assert_int_equal(2, w.instance_count);
}

/* It is not ours to end before it is tagged; whoever has to go waits for it. */
static void test_nobody_ends_it_before_it_is_tagged(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    const char *named[] = {"i-x"};
    order((struct asg_command){
        .kind = ASG_COMMAND_TERMINATE_INSTANCE, .group = "", .instance_ids = {named, 1}});
    expect_refused("ScalingActivityInProgress", "i-x is being attached");
    set_desired(0);
    pass(60000);
    assert_true(was_ended(1));
    assert_int_equal(1, w.ended_count);
    expect_state("i-x", ASG_INSTANCE_ATTACHING);
    tag(ASG_OUTCOME_OK);
    pass(1000);
    assert_int_equal(2, w.ended_count);
    assert_string_equal("i-x", w.ended[1]);
}

static void test_a_group_that_is_deleted_meanwhile_ends_it_once_it_is_tagged(void **state)
{
    (void)state;
    for (int is_tagged = 0; is_tagged < 2; is_tagged++) {
        (void)end(NULL);
        (void)begin(NULL);
        make_group(1, (struct asg_group_config){0});
        attach("i-x");
        order((struct asg_command){
            .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
        expect_state("i-x", ASG_INSTANCE_ATTACHING);
        assert_int_equal(1, w.ended_count);
        tag(is_tagged == 1 ? ASG_OUTCOME_OK : ASG_OUTCOME_PERMISSION);
        assert_int_equal(is_tagged == 1 ? 2 : 1, w.ended_count);
        assert_false(is_known("i-x"));
        struct asg_arena arena = {0};
        struct asg_group_view *views = NULL;
        size_t count = 0;
        asg_core_view_groups(w.core, "web", &arena, &views, &count);
        assert_int_equal(0, count);
        asg_arena_clear(&arena);
    }
}

static void test_one_that_dies_before_it_is_tagged_is_replaced(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    struct asg_seen_instance row = foreign("i-x");
    row.state = ASG_EC2_TERMINATED;
    see_row(row);
    assert_false(is_known("i-x"));
    expect_desired(2);
    assert_int_equal(2, w.instance_count);
    expect_activity("i-x", ASG_ACT_ATTACH, ASG_ACTIVITY_FAILED, "");
    tag(ASG_OUTCOME_NOT_FOUND);
    expect_desired(2);
}

/* A listing of what is ours lacks it until then. */
static void test_that_no_listing_has_it_means_nothing_before_it_is_tagged(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    struct asg_seen_instance row = foreign("i-x");
    row.state = ASG_EC2_ABSENT;
    see_row(row);
    expect_state("i-x", ASG_INSTANCE_ATTACHING);
    tag(ASG_OUTCOME_OK);
    expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
    see_row(row);
    assert_false(is_known("i-x"));
}

/* EC2 alone says how it is; the windows do not wait for its metrics. */
static void test_it_has_no_agent(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.health_check = ASG_HEALTH_CHECK_AGENT});
    uint64_t revision = w.revision;
    attach("i-x");
    tag(ASG_OUTCOME_OK);
    expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
    assert_int_equal(revision, w.revision); /* membership is as before */
    pass(3600000);
    expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
    struct asg_seen_instance row = foreign("i-x");
    row.state = ASG_EC2_STOPPED;
    see_row(row);
    assert_false(is_known("i-x"));
    assert_int_equal(2, w.instance_count);
}

/* It is taken to carry what the others carry. */
static void test_a_policy_counts_it_among_those_that_share_the_load(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    struct asg_policy_config policy = {.name = "cpu",
                                       .kind = ASG_POLICY_TARGET_TRACKING,
                                       .metric = ASG_METRIC_NAME_CPU,
                                       .target_milli = 50000,
                                       .stabilisation_ms = 1000,
                                       .warmup_ms = -1};
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy});
    expect_ok();
    struct asg_seen_instance rows[] = {foreign("i-x"), foreign("i-y"), foreign("i-z"),
                                       foreign("i-v")};
    attach_rows(rows, 4);
    for (int i = 0; i < 4; i++) {
        tag(ASG_OUTCOME_OK);
    }
    assert_int_equal(8, in_service());
    for (int i = 0; i < 30; i++) {
        measure(4, 4, 50); /* as it should be */
    }
    expect_desired(8);
    for (int i = 0; i < 5 && desired() == 8; i++) {
        measure(4, 4, 100); /* twice that */
    }
    expect_desired(16);
}

static void test_its_failures_are_no_failed_launches(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    w.launch_outcome = ASG_OUTCOME_QUOTA;
    w.launch_error = "InstanceLimitExceeded";
    set_desired(2);
    attach("i-x");
    tag(ASG_OUTCOME_OK);
    int requests = w.launch_requests;
    pass(1); /* the pause before the next launch is what it was */
    assert_int_equal(requests, w.launch_requests);
}

static void test_an_orphan_may_be_attached(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    see_row(an_orphan("i-x", w.now_ms - 3600000));
    attach("i-x");
    expect_ok();
    tag(ASG_OUTCOME_OK);
    pass(3600000);
    expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
    assert_int_equal(0, w.ended_count);
}

/* A log that is an old copy does not know who attached it: attached again it is known as
 * one without an agent, which adopting it could not tell. */
static void test_one_of_a_job_that_the_log_does_not_know_may_be_attached(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.health_check = ASG_HEALTH_CHECK_AGENT});
    struct asg_seen_instance row = foreign("i-x");
    row.group = "web";
    row.job_id = 4000000000;
    const struct asg_observed listing = {
        .is_complete = true, .instances = &row, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &listing});
    struct asg_arena arena = {0};
    assert_int_equal(1, group(&arena).unknown);
    attach("i-x");
    expect_ok();
    assert_int_equal(0, group(&arena).unknown);
    asg_arena_clear(&arena);
    tag(ASG_OUTCOME_OK);
    pass(3600000);
    expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
}

static void test_a_new_leader_goes_on_with_it(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    attach("i-x");
    save_and_load();
    w.now_ms += 60000;
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = 2});
    tag(ASG_OUTCOME_OK);
    expect_state("i-x", ASG_INSTANCE_IN_SERVICE);
    expect_desired(2);
}

/* Its worker put the tags on while nobody led, and the next leader heard too late. */
static void test_what_expired_may_be_tagged_and_is_untagged(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.min = 1});
    attach("i-x");
    w.now_ms += 700000; /* beyond what it may take, all in all */
    tag(ASG_OUTCOME_EXPIRED);
    assert_false(is_known("i-x"));
    uint64_t id = 0;
    assert_int_equal(1, open_jobs(ASG_JOB_UNTAG, &id));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_it_is_tagged_first_then_it_serves),
        TEST(test_what_expired_may_be_tagged_and_is_untagged),
        TEST(test_its_agent_may_enrol_and_is_watched_then),
        TEST(test_the_job_puts_the_groups_tags_on_it),
        TEST(test_what_cannot_be_attached_is_refused_whole),
        TEST(test_in_a_dry_run_nothing_is_attached),
        TEST(test_what_passes_is_tried_again),
        TEST(test_what_ec2_refuses_is_undone),
        TEST(test_what_is_given_up_in_doubt_is_untagged_and_not_adopted),
        TEST(test_what_is_undone_leaves_a_desired_that_was_set_since),
        TEST(test_what_is_undone_leaves_min),
        TEST(test_nobody_ends_it_before_it_is_tagged),
        TEST(test_a_group_that_is_deleted_meanwhile_ends_it_once_it_is_tagged),
        TEST(test_one_that_dies_before_it_is_tagged_is_replaced),
        TEST(test_that_no_listing_has_it_means_nothing_before_it_is_tagged),
        TEST(test_it_has_no_agent),
        TEST(test_a_policy_counts_it_among_those_that_share_the_load),
        TEST(test_its_failures_are_no_failed_launches),
        TEST(test_an_orphan_may_be_attached),
        TEST(test_one_of_a_job_that_the_log_does_not_know_may_be_attached),
        TEST(test_a_new_leader_goes_on_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
