/* test_core_fallback - where instances start when there is no room: types in the order
 * given, each in all zones, and how long what had none is left alone (docs/launch.md). */
#include "unit/core/core_world.h"

static struct asg_subnet subnets[] = {{"subnet-1", "us-east-1a"},
                                      {"subnet-2", "us-east-1b"}};
static const char *types[] = {"m5.large", "m4.large"};

static void make(uint32_t desired)
{
    make_group(desired, (struct asg_group_config){.subnets = subnets,
                                                  .subnet_count = 2,
                                                  .instance_types = {types, 2}});
}

static int plans(void)
{
    int count = 0;
    for (const char *at = w.said; (at = strstr(at, "plan launch")) != NULL; at++) {
        count++;
    }
    return count;
}

/* Each stands behind the one before. */
static void expect_in_order(const char *const *words, size_t count)
{
    const char *at = w.said;
    for (size_t i = 0; i < count; i++) {
        at = strstr(at, words[i]);
        if (at == NULL) fail_msg("no \"%s\" there in:\n%s", words[i], w.said);
    }
}

static void test_a_type_is_tried_in_all_zones_before_the_next_type(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    make(1);
    static const char *const words[] = {
        "plan launch x1 in us-east-1a", "attempt 2 tries m5.large us-east-1b",
        "attempt 3 tries m4.large us-east-1a", "attempt 4 tries m4.large us-east-1b",
        "all pools were tried"};
    expect_in_order(words, sizeof words / sizeof words[0]);
    assert_int_equal(1, plans());
    assert_int_equal(0, w.instance_count);
}

static void tell(const struct asg_job *job, enum asg_outcome outcome)
{
    const struct asg_result result = {.job_id = job->id,
                                      .attempt = job->attempt,
                                      .incarnation = job->incarnation,
                                      .outcome = outcome,
                                      .worker = "w",
                                      .error_code = "",
                                      .message = "",
                                      .request_id = ""};
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

/* It waits for its next try when a second answer of the same attempt says that there is
 * no room: the next attempt goes out at once, and only once. */
static void test_what_waits_and_goes_elsewhere_waits_no_more(void **state)
{
    (void)state;
    w.is_slow = true;
    make(1);
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    const struct asg_job *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind == ASG_JOB_LAUNCH) first = &jobs[i];
    }
    assert_non_null(first);
    tell(first, ASG_OUTCOME_THROTTLED);
    tell(first, ASG_OUTCOME_CAPACITY);
    size_t out = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind != ASG_JOB_LAUNCH) continue;
        assert_int_equal(2, jobs[i].attempt);
        out++;
    }
    assert_int_equal(1, out);
    asg_arena_clear(&arena);
}

/* Milliseconds until the next launch is planned. */
static int64_t wait_for_plan(void)
{
    int before = plans();
    int64_t began_ms = w.now_ms;
    while (plans() == before) {
        pass(1000);
        assert_true(w.now_ms - began_ms < 3600000);
    }
    return w.now_ms - began_ms;
}

static void test_a_pool_without_room_is_left_alone_for_3_minutes_doubling_to_30(
    void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    make(1);
    static const int64_t minutes[] = {3, 6, 12, 24, 30, 30};
    for (size_t i = 0; i < sizeof minutes / sizeof minutes[0]; i++) {
        int64_t waited_ms = wait_for_plan();
        /* At least so long, and no more than the pace of looking later. */
        if (waited_ms < minutes[i] * 60000 || waited_ms > minutes[i] * 60000 + 31000) {
            fail_msg("waited %lld ms, not %lld min", (long long)waited_ms,
                     (long long)minutes[i]);
        }
        w.said[0] = '\0';
    }
    w.launch_outcome = ASG_OUTCOME_OK;
    (void)wait_for_plan();
    assert_int_equal(1, in_service());
}

static void expect_wait(int64_t minutes)
{
    int64_t waited_ms = wait_for_plan();
    if (waited_ms < minutes * 60000 || waited_ms > minutes * 60000 + 31000) {
        fail_msg("waited %lld ms, not %lld min", (long long)waited_ms,
                 (long long)minutes);
    }
}

/* Three launches were under way when EC2 ran out of room: that is one lack. */
static void test_one_lack_is_one_step_however_many_answers_say_it(void **state)
{
    (void)state;
    w.is_slow = true;
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    w.launch_error = "InsufficientInstanceCapacity";
    make_group(250, (struct asg_group_config){.max = 250, .instance_types = {types, 1}});
    assert_int_equal(3, plans());
    answer_launches();
    assert_non_null(strstr(w.said, "all pools were tried"));
    expect_wait(3);
}

/* It had room since: what it lacks next is a new lack. */
static void test_a_success_forgets_what_a_pool_lacked_before(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    make_group(1, (struct asg_group_config){.instance_types = {types, 1}});
    expect_wait(3);
    w.launch_outcome = ASG_OUTCOME_OK;
    expect_wait(6);
    assert_int_equal(1, in_service());
    save_and_load();
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    set_desired(2);
    expect_wait(3);
}

static void test_while_a_pool_is_left_alone_others_take_its_share(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    make(1);
    w.launch_outcome = ASG_OUTCOME_OK;
    (void)wait_for_plan();
    w.said[0] = '\0';
    set_desired(5); /* all pools may be tried again: spread as ever */
    assert_non_null(strstr(w.said, "in us-east-1a"));
    assert_non_null(strstr(w.said, "in us-east-1b"));
    assert_int_equal(5, in_service());
}

static void fill(const char *subnet, const char *error)
{
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    w.launch_error = error;
    w.full_subnet = subnet;
}

static void test_what_is_started_short_is_asked_for_again_there_and_at_once(void **state)
{
    (void)state;
    w.launch_most = 1; /* MinCount of MaxCount, as clouds other than EC2 may do */
    int64_t begun_ms = w.now_ms;
    make_group(5, (struct asg_group_config){.instance_types = {types, 1}});
    expect_in_order((const char *[]){"EC2 started 1 of"}, 1);
    expect_in_order(
        (const char *[]){"without giving a reason: requesting the rest again"}, 1);
    assert_null(strstr(w.said, "go elsewhere"));
    assert_int_equal(5, in_service());
    assert_int_equal(5, w.instance_count);
    assert_true(w.now_ms - begun_ms < 60000); /* no pool is left alone */
}

static void test_what_ec2_then_has_no_room_for_goes_elsewhere(void **state)
{
    (void)state;
    w.is_slow = true;
    w.launch_most = 1;
    make(3);
    answer_launches(); /* one of two in a zone */
    w.launch_most = 0;
    fill("", "InsufficientInstanceCapacity");
    w.full_subnet = NULL;
    answer_launches(); /* the rest: there is no more */
    expect_in_order(
        (const char *[]){
            "no capacity there: job web-4 attempt 2 tries m5.large us-east-1b"},
        1);
    w.launch_outcome = ASG_OUTCOME_OK;
    answer_launches();
    answer_launches();
    assert_int_equal(3, w.instance_count);
}

static void test_a_pool_where_nothing_comes_twice_is_left_alone(void **state)
{
    (void)state;
    w.is_slow = true;
    w.starts_none = true;
    make_group(1, (struct asg_group_config){.instance_types = {types, 1}});
    answer_launches();
    expect_in_order((const char *[]){"started none: requesting it once more"}, 1);
    assert_null(strstr(w.said, "go elsewhere"));
    save_and_load(); /* what came once is remembered */
    answer_launches();
    answer_launches();
    answer_launches();
    expect_in_order(
        (const char *[]){
            "started none, for the second time: avoiding that pool for 3 min"},
        1);
    int before = w.launch_requests;
    answer_launches();
    assert_int_equal(before, w.launch_requests); /* both zones are left alone */
    w.starts_none = false;
    w.is_slow = false;
    pass(200000);
    assert_int_equal(1, in_service());
}

/* What an agent proves that it was launched by (docs/rules.md, "Peers and keys"). */
static void test_a_further_attempt_is_of_the_leader_that_planned_it(void **state)
{
    (void)state;
    w.is_slow = true;
    make(1);
    order((struct asg_command){.kind = ASG_COMMAND_LEAD,
                               .rules = asg_core_newest_rules(),
                               .epoch = 2,
                               .incarnation = 77});
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    answer_launches(); /* a request of the leader before may still be on its way */
    pass(301000);
    answer_launches();
    static const char *const words[] = {"attempt 2 tries m5.large us-east-1b"};
    expect_in_order(words, 1);
    w.launch_outcome = ASG_OUTCOME_OK;
    answer_launches();
    struct asg_arena arena = {0};
    struct asg_effects watching = {0};
    asg_core_watching(w.core, &arena, &watching);
    assert_int_equal(1, watching.member_count);
    assert_int_equal(2, watching.members[0].attempt);
    assert_int_equal(77, watching.members[0].incarnation);
    asg_arena_clear(&arena);
}

static struct asg_subnet sisters[] = {
    {"subnet-1", "us-east-1a"}, {"subnet-2", "us-east-1a"}, {"subnet-3", "us-east-1b"}};

static void make_in_sisters(size_t type_count, uint32_t desired)
{
    make_group(desired, (struct asg_group_config){.subnets = sisters,
                                                  .subnet_count = 3,
                                                  .instance_types = {types, type_count}});
}

/* One full subnet dries neither its zone nor one type only. */
static void test_a_full_subnet_leaves_its_sister_in_the_zone(void **state)
{
    (void)state;
    sisters[2] = (struct asg_subnet){"subnet-3", "us-east-1a"};
    fill("subnet-1", "InsufficientFreeAddressesInSubnet");
    make_in_sisters(2, 6);
    assert_int_equal(6, in_service());
    assert_null(strstr(w.said, "all pools were tried"));
    static const char *const words[] = {"attempt 2 tries m5.large us-east-1a"};
    expect_in_order(words, 1);
    w.said[0] = '\0';
    set_desired(9);
    assert_int_equal(9, in_service());
    assert_null(strstr(w.said, "attempt 2")); /* it is known to be full */
    sisters[2] = (struct asg_subnet){"subnet-3", "us-east-1b"};
}

/* EC2 has no more of that type in the zone: its other subnet is no way out. */
static void test_a_zone_without_room_is_not_asked_by_its_other_subnet(void **state)
{
    (void)state;
    fill("subnet-1", "InsufficientInstanceCapacity");
    make_in_sisters(1, 1);
    static const char *const words[] = {"plan launch x1 in us-east-1a",
                                        "attempt 2 tries m5.large us-east-1b"};
    expect_in_order(words, 2);
    assert_int_equal(1, in_service());
}

/* 40 types in 6 subnets: each pool is tried once, and none is forgotten. */
static void test_there_is_room_for_every_pool_of_a_group(void **state)
{
    (void)state;
    static struct asg_subnet many[6];
    static const char *all_types[40];
    static char zones[6][16];
    static char names[40][16];
    for (int i = 0; i < 6; i++) {
        (void)snprintf(zones[i], sizeof zones[i], "us-east-1%c", 'a' + i);
        many[i] = (struct asg_subnet){"", zones[i]};
    }
    for (int i = 0; i < 40; i++) {
        (void)snprintf(names[i], sizeof names[i], "t%d.large", i);
        all_types[i] = names[i];
    }
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    w.launch_error = "InsufficientInstanceCapacity";
    make_group(1, (struct asg_group_config){.subnets = many,
                                            .subnet_count = 6,
                                            .instance_types = {all_types, 40}});
    assert_non_null(strstr(w.said, "attempt 240 tries t39.large us-east-1f"));
    assert_null(strstr(w.said, "attempt 241"));
    assert_non_null(strstr(w.said, "all pools were tried"));
    save_and_load();
    pass(60000);
    assert_int_equal(1, plans()); /* all of them are dry */
}

/* What the group no longer has is forgotten, and what it has now may be tried. */
static void test_a_new_configuration_forgets_the_pools_of_the_old_one(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    w.launch_error = "InsufficientInstanceCapacity";
    make(1);
    w.launch_outcome = ASG_OUTCOME_OK;
    static const char *others[] = {"c5.large"};
    const struct asg_group_config change = {.name = "web", .instance_types = {others, 1}};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &change,
                               .group_fields = UINT64_C(1) << ASG_GROUP_INSTANCE_TYPES});
    pass(30000);
    assert_int_equal(1, in_service());
    save_and_load();
}

/* What another leader launched in the other zone since, the listing shows. */
static void test_before_the_first_listing_nothing_is_tried_elsewhere(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_THROTTLED;
    make(1);
    fill("subnet-1", "InsufficientInstanceCapacity");
    const struct asg_command lead = {.kind = ASG_COMMAND_LEAD,
                                     .rules = asg_core_newest_rules(),
                                     .epoch = 2,
                                     .incarnation = 2,
                                     .actor = "test"};
    step((struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &lead});
    for (int i = 0; i < 400; i++) {
        pass(1000);
    }
    assert_int_equal(0, w.instance_count);
    assert_null(strstr(w.said, "attempt 2"));
    static const char *const words[] = {
        "job web-2 abandoned: no capacity there, and this controller has not seen a "
        "complete EC2 listing yet",
        "launch waits: this controller has not seen a complete EC2 listing yet"};
    expect_in_order(words, 2);
    save_and_load();
    const struct asg_observed listing = {.is_complete = true};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &listing});
    assert_int_equal(1, in_service());
}

/* It says when a pool is asked again, which the back-off of launches does not. */
static void test_when_every_pool_is_dry_it_says_how_long_they_are_left_alone(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    w.launch_error = "InsufficientInstanceCapacity";
    make_group(1, (struct asg_group_config){0});
    assert_non_null(strstr(w.said, "job web-2 is over, next try in 3 min"));
    w.said[0] = '\0';
    (void)wait_for_plan();
    assert_non_null(strstr(w.said, "is over, next try in 6 min"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_further_attempt_is_of_the_leader_that_planned_it),
        TEST(test_a_type_is_tried_in_all_zones_before_the_next_type),
        TEST(test_what_waits_and_goes_elsewhere_waits_no_more),
        TEST(test_a_pool_without_room_is_left_alone_for_3_minutes_doubling_to_30),
        TEST(test_one_lack_is_one_step_however_many_answers_say_it),
        TEST(test_a_success_forgets_what_a_pool_lacked_before),
        TEST(test_while_a_pool_is_left_alone_others_take_its_share),
        TEST(test_what_is_started_short_is_asked_for_again_there_and_at_once),
        TEST(test_what_ec2_then_has_no_room_for_goes_elsewhere),
        TEST(test_a_pool_where_nothing_comes_twice_is_left_alone),
        TEST(test_a_full_subnet_leaves_its_sister_in_the_zone),
        TEST(test_a_zone_without_room_is_not_asked_by_its_other_subnet),
        TEST(test_there_is_room_for_every_pool_of_a_group),
        TEST(test_a_new_configuration_forgets_the_pools_of_the_old_one),
        TEST(test_before_the_first_listing_nothing_is_tried_elsewhere),
        TEST(test_when_every_pool_is_dry_it_says_how_long_they_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
