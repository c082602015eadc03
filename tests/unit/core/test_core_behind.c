/* A log that is an old copy: each sign makes the controller hold, nothing unknown is
 * terminated or replaced meanwhile, and each order settles it. */
#include "unit/core/core_world.h"

#define OURS   UINT64_C(100) /* the incarnation that leads */
#define LOST   UINT64_C(99)  /* one that this log does not have */
#define LATE   UINT64_C(500) /* a job past the last of this log */
#define MINUTE INT64_C(60000)

static uint64_t look_no = 1000; /* describes that are told of here */

static void lead(uint64_t epoch, uint64_t incarnation)
{
    const struct asg_command command = {.kind = ASG_COMMAND_LEAD,
                                        .rules = asg_core_newest_rules(),
                                        .actor = "test",
                                        .epoch = epoch,
                                        .incarnation = incarnation};
    step((struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
}

static struct asg_seen_instance seen(const char *id, const char *group, uint64_t job_id,
                                     uint64_t incarnation)
{
    return (struct asg_seen_instance){.instance_id = id,
                                      .state = ASG_EC2_RUNNING,
                                      .instance_type = "t3.micro",
                                      .subnet_id = "subnet-1",
                                      .zone = "us-east-1a",
                                      .private_ip = "127.0.9.1",
                                      .launched_ms = w.now_ms - 10 * MINUTE,
                                      .group = group,
                                      .job_id = job_id,
                                      .attempt = 1,
                                      .incarnation = incarnation};
}

static void list(struct asg_seen_instance *rows, size_t count)
{
    const struct asg_observed observed = {.job_id = ++look_no,
                                          .is_complete = true,
                                          .instances = rows,
                                          .instance_count = count};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
}

static bool is_held(void)
{
    struct asg_arena arena = {0};
    struct asg_status_view view = {0};
    asg_core_view_status(w.core, &arena, &view);
    bool is_it = view.held[0] != '\0';
    asg_arena_clear(&arena);
    return is_it;
}

static size_t count_orphans(void)
{
    struct asg_arena arena = {0};
    struct asg_orphan_view *views = NULL;
    size_t count = 0;
    asg_core_view_orphans(w.core, &arena, &views, &count);
    asg_arena_clear(&arena);
    return count;
}

static uint32_t desired_of(const char *name)
{
    struct asg_arena arena = {0};
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(w.core, name, &arena, &views, &count);
    assert_int_equal(1, count);
    uint32_t desired = views[0].config->desired;
    asg_arena_clear(&arena);
    return desired;
}

static void group_of(const char *name, uint32_t max, uint32_t desired)
{
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    const struct asg_group_config config = {.name = name,
                                            .max = max,
                                            .desired = desired,
                                            .template_name = "",
                                            .template_id = "lt-0123456789abcdef0",
                                            .template_version = "1",
                                            .subnets = &subnet,
                                            .subnet_count = 1,
                                            .health_grace_ms = 0,
                                            .cooldown_ms = 300000,
                                            .warmup_ms = 0,
                                            .evaluation_ms = 10000,
                                            .launch_timeout_ms = 600000,
                                            .terminating_percent = 100,
                                            .terminated_percent = 100,
                                            .unhealthy_percent = 100,
                                            .silence_percent = 100,
                                            .churn_generations = 2};
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = name, .group_config = &config});
}

static void settle(enum asg_command_kind kind, const char *id)
{
    order((struct asg_command){
        .kind = kind, .instance_ids = {&id, id == NULL ? 0 : 1}, .is_all = id == NULL});
}

static void pass_hours(int hours, struct asg_seen_instance *rows, size_t count)
{
    for (int i = 0; i < hours * 6; i++) {
        pass(10 * MINUTE);
        list(rows, count);
    }
}

static void test_nothing_is_launched_before_the_first_listing(void **state)
{
    (void)state;
    lead(2, OURS);
    group_of("web", 4, 2);
    pass(MINUTE);
    assert_int_equal(0, w.instance_count);
    assert_non_null(strstr(w.said, "has not seen a complete EC2 listing yet"));
    list(NULL, 0);
    assert_int_equal(2, w.instance_count);
    assert_false(is_held());
}

static void test_an_instance_of_a_later_job_is_never_ended_by_itself(void **state)
{
    (void)state;
    lead(2, OURS);
    group_of("web", 4, 1);
    struct asg_seen_instance rows[] = {seen("i-late", "late", LATE, LOST),
                                       seen("i-old", "gone", 1, OURS)};
    list(rows, 2); /* the other is an orphan of a job that is known */
    assert_true(is_held());
    assert_non_null(strstr(w.said, "this log is an old copy"));
    pass_hours(3, rows, 2);
    assert_int_equal(0, w.ended_count); /* nor is the orphan, while it is held */
    assert_int_equal(2, count_orphans());

    settle(ASG_COMMAND_ORPHAN_END, "i-late");
    assert_int_equal(1, w.ended_count);
    assert_false(is_held());
    list(rows + 1, 1);
    assert_int_equal(2, w.ended_count); /* its quarter of an hour is long over */
    assert_string_equal("i-old", w.ended[1]);
}

/* Job ids that the restored log has given out itself by now: told apart all the same. */
static void test_a_job_id_that_is_given_twice_is_told_apart(void **state)
{
    (void)state;
    lead(2, LOST + 1000);
    list(NULL, 0);
    lead(3, OURS);
    list(NULL, 0);
    group_of("web", 8, 4);
    assert_int_equal(4, w.instance_count);
    struct asg_seen_instance rows[] = {seen("i-lost", "web", 3, LOST + 1000)};
    list(rows, 1); /* job 3 is known, but that LEAD never gave it out */
    assert_true(is_held());
    assert_int_equal(1, count_orphans());
}

static void test_what_is_unknown_takes_its_place_in_its_group(void **state)
{
    (void)state;
    lead(2, OURS);
    group_of("web", 4, 3);
    struct asg_seen_instance rows[] = {seen("i-x", "web", LATE, LOST),
                                       seen("i-y", "web", LATE, LOST)};
    list(rows, 2);
    assert_int_equal(1, w.instance_count); /* three wanted, two are there */
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 4, .force = true});
    assert_int_equal(2, w.instance_count);

    settle(ASG_COMMAND_INSTANCE_ADOPT, NULL);
    assert_int_equal(0, count_orphans());
    assert_false(is_held());
    list(NULL, 0);
    assert_int_equal(2, w.instance_count);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(4, desired_of("web"));
}

static void test_adopting_raises_desired_and_ends_nobody(void **state)
{
    (void)state;
    lead(2, OURS);
    list(NULL, 0);
    group_of("web", 4, 1);
    struct asg_seen_instance rows[] = {seen("i-x", "web", LATE, LOST),
                                       seen("i-y", "web", LATE, LOST)};
    list(rows, 2);
    settle(ASG_COMMAND_INSTANCE_ADOPT, "i-x");
    assert_true(is_held()); /* the other is not settled */
    assert_int_equal(2, desired_of("web"));
    settle(ASG_COMMAND_INSTANCE_ADOPT, "i-y");
    assert_false(is_held());
    assert_int_equal(3, desired_of("web"));
    pass_hours(2, NULL, 0);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(1, w.instance_count);
}

static void test_what_does_not_fit_is_not_adopted(void **state)
{
    (void)state;
    lead(2, OURS);
    list(NULL, 0);
    group_of("web", 2, 1);
    struct asg_seen_instance rows[] = {
        seen("i-group", "late", LATE, LOST), seen("i-subnet", "web", LATE, LOST),
        seen("i-good", "web", LATE, LOST), seen("i-many", "web", LATE, LOST)};
    rows[1].subnet_id = "subnet-9";
    list(rows, 4);
    settle(ASG_COMMAND_INSTANCE_ADOPT, "i-group");
    assert_non_null(strstr(w.said, "its group 'late' does not exist"));
    settle(ASG_COMMAND_INSTANCE_ADOPT, "i-subnet");
    assert_non_null(strstr(w.said, "it is in subnet-9"));
    settle(ASG_COMMAND_INSTANCE_ADOPT, "i-nobody");
    assert_non_null(strstr(w.said, "i-nobody is not among the unknown instances"));
    assert_int_equal(4, count_orphans());
    settle(ASG_COMMAND_INSTANCE_ADOPT, NULL); /* the one that there is room for */
    assert_int_equal(3, count_orphans());
    settle(ASG_COMMAND_INSTANCE_ADOPT, "i-many");
    assert_non_null(strstr(w.said, "its max is 2"));
    assert_true(is_held());
    group_of("late", 3, 0); /* created once more, it takes its own in */
    settle(ASG_COMMAND_INSTANCE_ADOPT, "i-group");
    assert_int_equal(2, count_orphans());
    settle(ASG_COMMAND_ORPHAN_END, NULL);
    assert_int_equal(2, w.ended_count);
    assert_false(is_held());
}

static void witness(struct asg_witness which)
{
    step((struct asg_event){.kind = ASG_EVENT_WITNESS, .witness = &which});
}

static void test_a_worker_of_a_later_leader_makes_it_hold_until_a_listing(void **state)
{
    (void)state;
    lead(2, OURS);
    list(NULL, 0);
    const struct asg_witness worker = {
        .kind = ASG_WITNESS_WORKER, .name = "worker-1", .epoch = 7, .incarnation = LOST};
    assert_false(asg_core_knows_lead(w.core, 7, LOST));
    witness(worker);
    assert_true(is_held());
    assert_true(asg_core_knows_lead(w.core, 7, LOST)); /* it was told */
    list(NULL, 0); /* begun after it: EC2 shows nothing unknown */
    assert_false(is_held());
    witness(worker);
    assert_false(is_held());
}

static void test_an_agent_with_a_token_of_a_later_job_makes_it_hold(void **state)
{
    (void)state;
    lead(2, OURS);
    list(NULL, 0);
    group_of("web", 4, 1);
    witness((struct asg_witness){
        .kind = ASG_WITNESS_AGENT, .name = "i-1", .incarnation = OURS, .job_id = 1});
    assert_false(is_held()); /* a job of this log: only early */
    witness((struct asg_witness){
        .kind = ASG_WITNESS_AGENT, .name = "i-x", .incarnation = LOST, .job_id = LATE});
    assert_true(is_held());
    struct asg_seen_instance row = seen("i-x", "web", LATE, LOST);
    list(&row, 1);
    assert_true(is_held());
    list(NULL, 0); /* it is gone by itself */
    assert_false(is_held());
}

static void test_a_hold_survives_a_restart_and_a_new_leader(void **state)
{
    (void)state;
    lead(2, OURS);
    struct asg_seen_instance rows[] = {seen("i-x", "web", LATE, LOST)};
    list(rows, 1);
    struct asg_bytes bytes = {0};
    asg_core_save(w.core, &bytes);
    asg_core_destroy(&w.core);
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_core_load(bytes.data, bytes.length, &w.core, &error));
    struct asg_bytes again = {0};
    asg_core_save(w.core, &again);
    assert_int_equal(bytes.length, again.length);
    assert_memory_equal(bytes.data, again.data, bytes.length);
    asg_bytes_clear(&bytes);
    asg_bytes_clear(&again);
    assert_true(is_held());
    lead(3, OURS + 1);
    assert_true(is_held());
    list(rows, 1);
    assert_true(is_held());
    settle(ASG_COMMAND_ORPHAN_END, NULL);
    assert_false(is_held());
    assert_string_equal("i-x", w.ended[0]);
}

/* Its group was created after EC2 had shown it, and a look at a few showed it again: it
 * is an instance now, and no orphan that an order could adopt a second time. */
static void test_an_orphan_that_its_group_took_in_is_none_any_more(void **state)
{
    (void)state;
    lead(2, OURS);
    group_of("web", 4, 1);
    list(NULL, 0);
    assert_int_equal(1, w.instance_count);
    struct asg_seen_instance row = seen("i-0late", "late", 1, OURS);
    list(&row, 1);
    assert_int_equal(1, count_orphans());
    group_of("late", 4, 1);
    const struct asg_observed look = {.instances = &row, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &look});
    assert_non_null(strstr(w.said, "i-0late has the tags of job 1"));
    assert_int_equal(0, count_orphans());
    settle(ASG_COMMAND_INSTANCE_ADOPT, NULL);
    assert_non_null(strstr(w.said, "there are no unknown instances"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_launched_before_the_first_listing),
        TEST(test_an_instance_of_a_later_job_is_never_ended_by_itself),
        TEST(test_a_job_id_that_is_given_twice_is_told_apart),
        TEST(test_what_is_unknown_takes_its_place_in_its_group),
        TEST(test_adopting_raises_desired_and_ends_nobody),
        TEST(test_what_does_not_fit_is_not_adopted),
        TEST(test_a_worker_of_a_later_leader_makes_it_hold_until_a_listing),
        TEST(test_an_agent_with_a_token_of_a_later_job_makes_it_hold),
        TEST(test_an_orphan_that_its_group_took_in_is_none_any_more),
        TEST(test_a_hold_survives_a_restart_and_a_new_leader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
