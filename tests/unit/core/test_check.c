/* test_check - the check of the whole state finds what is spoiled in it, and says where.
 */
#include "unit/core/core_world.h"

#include "core/world/orphans.h"
#include "core/world/state.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

static const struct asg_group_config unlimited = {
    .unhealthy_percent = 100, .terminating_percent = 100, .terminated_percent = 100};

static struct group *web(void)
{
    struct group *group = asg_group_find(w.core, "web");
    assert_non_null(group);
    return group;
}

/* The whole state is checked, and the first contradiction is this one. */
static void expect_wrong(const char *words)
{
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID, asg_core_check(w.core, &error));
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
    }
}

static void expect_right(void)
{
    struct asg_error error = {""};
    if (asg_core_check(w.core, &error) != ASG_OK) fail_msg("%s", error.text);
}

static void put_policy(const char *name, enum asg_policy_kind kind)
{
    struct asg_policy_config policy = {.group = "web",
                                       .name = name,
                                       .kind = kind,
                                       .metric = ASG_METRIC_NAME_CPU,
                                       .target_milli = 50000,
                                       .adjustment = 1};
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy});
}

static void test_counts_are_those_of_the_instances(void **state)
{
    (void)state;
    make_group(3, unlimited);
    web()->counts.alive--;
    expect_wrong("group web has counts");
    web()->counts.alive++;
    web()->unknown_count++;
    expect_wrong("group web has another number of unknown instances");
    web()->unknown_count--;
    expect_right();
}

static void test_dead_jobs_are_in_their_list(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_BAD_REQUEST;
    make_group(1, unlimited);
    for (int i = 0; i < 200 && w.core->dead_job_count < 2; i++) {
        pass(10000);
    }
    expect_right();
    struct job *first = w.core->dead_jobs;
    w.core->dead_jobs = first->next_dead;
    expect_wrong("the list of dead jobs");
    w.core->dead_jobs = first;
    first->state = ASG_JOB_STATE_CANCELLED;
    expect_wrong("the list of dead jobs");
    first->state = ASG_JOB_STATE_DEAD;
    expect_right();
}

static void test_who_waits_is_in_the_heap(void **state)
{
    (void)state;
    make_group(3, unlimited);
    pass(60000);
    put_policy("cpu", ASG_POLICY_TARGET_TRACKING);
    struct group *group = web();
    int64_t at_ms = w.now_ms + 1000;
    asg_due_heap_set(&w.core->dues, &group->due, at_ms);
    expect_right();
    asg_due_heap_remove(&w.core->dues, &group->due);
    expect_wrong("group web has a deadline that the heap does not know");
    asg_due_heap_set(&w.core->dues, &group->due, at_ms);
    struct asg_due stranger = {0};
    asg_due_heap_set(&w.core->dues, &stranger, at_ms);
    expect_wrong("members that do not exist");
    asg_due_heap_remove(&w.core->dues, &stranger);
    expect_right();
}

static void test_no_schedule_is_due_before_its_group_is_looked_at(void **state)
{
    (void)state;
    make_group(3, unlimited);
    struct asg_schedule_config action = {.group = "web",
                                         .name = "later",
                                         .min = ASG_UNSET,
                                         .max = ASG_UNSET,
                                         .desired = 4,
                                         .start_ms = w.now_ms + 3600000,
                                         .time_zone = "UTC"};
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_PUT, .group = "web", .schedule_config = &action});
    int64_t next_ms = web()->schedules[0].next_ms;
    web()->schedules[0].next_ms = w.now_ms - 1;
    expect_wrong("a schedule that is due before it is looked at");
    web()->schedules[0].next_ms = next_ms;
    expect_right();
}

static void test_whom_a_job_ends_knows_it(void **state)
{
    (void)state;
    make_group(3, unlimited);
    pass(400000);
    w.is_slow = true;
    w.terminate_outcome = ASG_OUTCOME_THROTTLED; /* the job stays open */
    set_desired(2);
    struct instance *ending = NULL;
    for (size_t i = 0; i < web()->instance_count; i++) {
        if (web()->instances[i]->ending.job_id != 0) ending = web()->instances[i];
    }
    assert_non_null(ending);
    uint64_t job_id = ending->ending.job_id;
    ending->ending.job_id = 0;
    expect_wrong("terminates an instance that another job ends, or none");
    ending->ending.job_id = job_id;
    expect_right();
    struct instance *other =
        web()->instances[0] == ending ? web()->instances[1] : web()->instances[0];
    other->ending.job_id = job_id;
    expect_wrong("is ended by a job and not on its way out");
    other->ending.job_id = 0;
    expect_right();
}

static void test_no_orphan_is_an_instance_of_a_group(void **state)
{
    (void)state;
    make_group(3, unlimited);
    struct asg_seen_instance seen = an_orphan("i-1", w.now_ms);
    seen.event_code = "";
    (void)asg_orphan_note(w.core, &seen, ASG_ORPHAN_NO_GROUP, 0);
    expect_wrong("an orphan is an instance of a group");
    asg_orphan_drop(w.core, "i-1");
    expect_right();
}

static void test_a_policy_remembers_what_its_kind_does(void **state)
{
    (void)state;
    make_group(3, unlimited);
    put_policy("cpu", ASG_POLICY_TARGET_TRACKING);
    struct asg_policy_state *policy = &web()->policies[0].state;
    *policy = (struct asg_policy_state){.peak_count = 2,
                                        .peaks = {{w.now_ms - 2, 9}, {w.now_ms - 1, 8}}};
    expect_right();
    policy->peaks[1].wanted = 9;
    expect_wrong("group web has peaks out of order");
    policy->peaks[1] = (struct asg_policy_peak){w.now_ms + 1, 8};
    expect_wrong("group web has a peak in the future");
    policy->peaks[1].time_ms = w.now_ms;
    expect_right();
    web()->policies[0].config.kind = ASG_POLICY_SIMPLE;
    expect_wrong("a policy that remembers what another kind would");
    web()->policies[0].config.kind = ASG_POLICY_TARGET_TRACKING;
    expect_right();
}

static void test_a_look_is_awaited_that_somebody_takes(void **state)
{
    (void)state;
    make_group(3, unlimited);
    uint64_t job_id = w.core->look.job_id;
    w.core->look.job_id = UINT64_MAX;
    expect_wrong("waits for a look at EC2 that is not scheduled");
    w.core->look.job_id = job_id;
    web()->template.job_id = UINT64_MAX;
    expect_wrong("group web waits for a template that was not asked for");
    web()->template.job_id = 0;
    expect_right();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counts_are_those_of_the_instances),
        TEST(test_dead_jobs_are_in_their_list),
        TEST(test_who_waits_is_in_the_heap),
        TEST(test_no_schedule_is_due_before_its_group_is_looked_at),
        TEST(test_whom_a_job_ends_knows_it),
        TEST(test_no_orphan_is_an_instance_of_a_group),
        TEST(test_a_policy_remembers_what_its_kind_does),
        TEST(test_a_look_is_awaited_that_somebody_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
