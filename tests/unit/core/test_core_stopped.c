/* test_core_stopped - while an operator has stopped a group, or nobody wants a launch any
 * more, no request of it is sent to EC2: not a retry, not the next pool, not what a new
 * leader would hand out (docs/rules.md, "What waits while a group is stopped", "A launch
 * whose answer was lost"). */
#include "unit/core/core_world.h"

static struct asg_subnet subnets[] = {{"subnet-1", "us-east-1a"},
                                      {"subnet-2", "us-east-1b"}};

/* ---- the ways to stop a group ---- */

struct stop {
    enum asg_command_kind kind;
    enum asg_command_kind end;
    bool is_dry;
    bool is_everything;
};

static const struct stop stops[] = {
    {.kind = ASG_COMMAND_HALT, .end = ASG_COMMAND_UNHALT},
    {.kind = ASG_COMMAND_HALT, .end = ASG_COMMAND_UNHALT, .is_everything = true},
    {.kind = ASG_COMMAND_SUSPEND, .end = ASG_COMMAND_RESUME},
    {.is_dry = true},
};
#define STOPS (sizeof stops / sizeof stops[0])

static void set_dry_run(bool is_on)
{
    const struct asg_group_config changes = {.dry_run = is_on};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &changes,
                               .group_fields = UINT64_C(1) << ASG_GROUP_DRY_RUN});
}

static void change(const struct stop *stop, bool begins, enum asg_process process)
{
    if (stop->is_dry) {
        set_dry_run(begins);
        return;
    }
    order((struct asg_command){.kind = begins ? stop->kind : stop->end,
                               .group = stop->is_everything ? "" : "web",
                               .processes = UINT64_C(1) << process});
}

static void begin_stop(const struct stop *stop)
{
    change(stop, true, ASG_PROCESS_LAUNCH);
}

static void end_stop(const struct stop *stop)
{
    change(stop, false, ASG_PROCESS_LAUNCH);
}

/* ---- what is seen ---- */

static void begin_again(void)
{
    (void)end(NULL);
    (void)begin(NULL);
}

/* How many launches wait for a worker; *ret_token is of the last. */
static size_t launches_out(char ret_token[ASG_CLIENT_TOKEN_MAX + 1])
{
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    size_t out = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (!asg_job_is_launch(jobs[i].kind) || jobs[i].is_dry_run) continue;
        (void)snprintf(ret_token, ASG_CLIENT_TOKEN_MAX + 1, "%s", jobs[i].client_token);
        out++;
    }
    asg_arena_clear(&arena);
    return out;
}

static size_t open_launches(void)
{
    struct asg_arena arena = {0};
    struct asg_job_view *views = NULL;
    size_t count = 0;
    size_t open = 0;
    asg_core_view_jobs(w.core, "", false, &arena, &views, &count);
    for (size_t i = 0; i < count; i++) {
        open += views[i].kind == ASG_JOB_LAUNCH && views[i].state == ASG_JOB_STATE_OPEN;
    }
    asg_arena_clear(&arena);
    return open;
}

static void wait(int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += 5000) {
        pass(5000);
    }
}

/* EC2 has one of the launch of this job; a listing shows it from now on. */
static void show_launched(uint64_t job_id)
{
    w.there[w.there_count++] = (struct asg_seen_instance){.instance_id = "i-77",
                                                          .state = ASG_EC2_RUNNING,
                                                          .instance_type = "",
                                                          .subnet_id = "subnet-1",
                                                          .zone = "us-east-1a",
                                                          .private_ip = "",
                                                          .group = "web",
                                                          .job_id = job_id,
                                                          .attempt = 1,
                                                          .client_token = "",
                                                          .launched_ms = w.now_ms};
}

static uint64_t launch_job(void)
{
    struct asg_arena arena = {0};
    struct asg_job_view *views = NULL;
    size_t count = 0;
    uint64_t id = 0;
    asg_core_view_jobs(w.core, "", false, &arena, &views, &count);
    for (size_t i = 0; i < count; i++) {
        if (views[i].kind == ASG_JOB_LAUNCH && views[i].state == ASG_JOB_STATE_OPEN) {
            id = views[i].id;
        }
    }
    asg_arena_clear(&arena);
    assert_int_not_equal(0, id);
    return id;
}

/* ---- launches that EC2 refused for now ---- */

static void test_a_retry_of_a_launch_waits_and_goes_on(void **state)
{
    (void)state;
    static const enum asg_outcome outcomes[] = {ASG_OUTCOME_THROTTLED,
                                                ASG_OUTCOME_CREDENTIALS};
    for (size_t i = 0; i < STOPS * 2; i++) {
        begin_again();
        w.launch_outcome = outcomes[i % 2];
        make_group(2, (struct asg_group_config){0});
        begin_stop(&stops[i / 2]);
        w.launch_outcome = ASG_OUTCOME_OK;
        int before = w.launch_requests;
        wait(3600000);
        if (!stops[i / 2].is_dry) assert_int_equal(before, w.launch_requests);
        assert_int_equal(0, w.instance_count);
        end_stop(&stops[i / 2]);
        wait(60000);
        assert_int_equal(2, w.instance_count);
        assert_int_equal(2, in_service());
    }
}

static void test_a_retry_that_is_wanted_no_more_is_given_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOPS; i++) {
        begin_again();
        w.launch_outcome = ASG_OUTCOME_THROTTLED;
        make_group(2, (struct asg_group_config){0});
        begin_stop(&stops[i]);
        w.launch_outcome = ASG_OUTCOME_OK;
        set_desired(0);
        wait(600000);
        assert_int_equal(0, open_launches());
        end_stop(&stops[i]);
        wait(600000);
        assert_int_equal(0, w.instance_count);
    }
}

/* The answer of one that a worker had: no room. The next pool is asked when it may be. */
static void test_the_next_pool_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOPS; i++) {
        begin_again();
        w.is_slow = true;
        make_group(1, (struct asg_group_config){.subnets = subnets, .subnet_count = 2});
        begin_stop(&stops[i]);
        w.launch_outcome = ASG_OUTCOME_CAPACITY;
        int before = w.launch_requests;
        answer_launches();
        w.is_slow = false;
        w.launch_outcome = ASG_OUTCOME_OK;
        wait(600000);
        if (!stops[i].is_dry) assert_int_equal(before, w.launch_requests);
        assert_int_equal(0, w.instance_count);
        end_stop(&stops[i]);
        wait(60000);
        assert_int_equal(1, w.instance_count);
    }
}

/* A worker has it: it is carried out. */
static void test_a_request_that_is_with_a_worker_is_carried_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOPS; i++) {
        begin_again();
        w.is_slow = true;
        make_group(2, (struct asg_group_config){0});
        begin_stop(&stops[i]);
        answer_launches();
        assert_int_equal(2, in_service());
    }
}

/* One that no worker has yet is asked back, and is no launch any more when it comes. */
static void test_a_launch_in_the_queue_is_asked_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOPS; i++) {
        begin_again();
        w.is_slow = true;
        make_group(2, (struct asg_group_config){0});
        uint64_t id = launch_job();
        begin_stop(&stops[i]);
        assert_int_equal(1, w.recalled_count);
        assert_int_equal(id, w.recalled[0]);
        w.launch_outcome = ASG_OUTCOME_UNDELIVERED;
        answer_launches();
        w.is_slow = false;
        w.launch_outcome = ASG_OUTCOME_OK;
        wait(600000);
        if (!stops[i].is_dry) assert_int_equal(0, open_launches());
        assert_int_equal(0, w.instance_count);
        end_stop(&stops[i]);
        wait(60000);
        assert_int_equal(2, w.instance_count);
    }
}

/* ---- launches in doubt ---- */

/* The same token could launch: EC2's listings are read instead. */
static void test_a_launch_in_doubt_is_looked_up_while_stopped(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOPS; i++) {
        begin_again();
        w.lists = true;
        w.launch_outcome = ASG_OUTCOME_AMBIGUOUS;
        make_group(1, (struct asg_group_config){0});
        int before = w.launch_requests;
        begin_stop(&stops[i]);
        w.launch_outcome = ASG_OUTCOME_OK;
        wait(240000);
        assert_int_equal(1, open_launches());
        show_launched(launch_job());
        wait(240000);
        if (!stops[i].is_dry) assert_int_equal(before, w.launch_requests);
        assert_int_equal(0, open_launches());
        assert_int_equal(1, in_service());
        assert_int_equal(0, w.instance_count); /* it is i-77 */
    }
}

static void test_one_that_no_listing_shows_is_given_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOPS; i++) {
        begin_again();
        w.lists = true;
        w.launch_outcome = ASG_OUTCOME_AMBIGUOUS;
        make_group(1, (struct asg_group_config){0});
        begin_stop(&stops[i]);
        w.launch_outcome = ASG_OUTCOME_OK;
        wait(590000); /* ten minutes after the last request at the earliest */
        assert_int_equal(1, open_launches());
        save_and_load();
        wait(150000);
        assert_int_equal(0, open_launches());
        assert_int_equal(0, w.instance_count);
        end_stop(&stops[i]);
        wait(60000);
        assert_int_equal(1, w.instance_count);
    }
}

/* Wanted after all: the token is the stronger question. */
static void test_one_that_may_be_asked_again_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOPS; i++) {
        begin_again();
        w.is_slow = true;
        make_group(1, (struct asg_group_config){0});
        char token[ASG_CLIENT_TOKEN_MAX + 1] = "";
        char again[ASG_CLIENT_TOKEN_MAX + 1] = "";
        assert_int_equal(1, launches_out(token));
        w.launch_outcome = ASG_OUTCOME_AMBIGUOUS;
        answer_launches();
        begin_stop(&stops[i]);
        wait(60000);
        assert_int_equal(0, launches_out(again));
        end_stop(&stops[i]);
        wait(10000);
        assert_int_equal(1, launches_out(again));
        assert_string_equal(token, again);
        w.launch_outcome = ASG_OUTCOME_OK;
        answer_launches();
        assert_int_equal(1, in_service());
    }
}

static void test_one_that_is_wanted_no_more_is_looked_up_and_ended(void **state)
{
    (void)state;
    w.lists = true;
    w.launch_outcome = ASG_OUTCOME_AMBIGUOUS;
    make_group(1, (struct asg_group_config){0});
    int before = w.launch_requests;
    w.launch_outcome = ASG_OUTCOME_OK;
    set_desired(0);
    wait(240000);
    show_launched(launch_job());
    wait(240000);
    assert_int_equal(before, w.launch_requests);
    assert_int_equal(0, open_launches());
    assert_true(was_ended(77));
    assert_int_equal(0, in_service());
}

static void test_a_deleted_group_looks_its_launch_up(void **state)
{
    (void)state;
    for (int is_there = 0; is_there < 2; is_there++) {
        begin_again();
        w.lists = true;
        w.launch_outcome = ASG_OUTCOME_AMBIGUOUS;
        make_group(1, (struct asg_group_config){0});
        int before = w.launch_requests;
        w.launch_outcome = ASG_OUTCOME_OK;
        order((struct asg_command){
            .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
        if (is_there == 1) show_launched(launch_job());
        wait(900000);
        assert_int_equal(before, w.launch_requests);
        assert_int_equal(is_there == 1, was_ended(77));
        assert_non_null(strstr(w.said, "group is deleted"));
    }
}

/* ---- what a new leader hands out ---- */

static void lead_again(uint64_t epoch)
{
    order((struct asg_command){.kind = ASG_COMMAND_LEAD,
                               .rules = asg_core_newest_rules(),
                               .epoch = epoch,
                               .incarnation = epoch});
}

/* What filled its slot goes with the group; the doubt came after that. */
static void test_a_doubt_ends_with_its_group(void **state)
{
    (void)state;
    w.lists = true;
    w.is_slow = true;
    make_group(1, (struct asg_group_config){0});
    show_launched(launch_job());
    wait(120000);
    assert_non_null(strstr(w.said, "i-77 belongs to job"));
    w.terminate_outcome = ASG_OUTCOME_TRANSIENT;
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    w.launch_outcome = ASG_OUTCOME_AMBIGUOUS;
    answer_launches();
    assert_int_equal(0, open_launches()); /* nothing of it is in doubt any more */
    w.terminate_outcome = ASG_OUTCOME_OK;
    w.there_count = 0;
    wait(600000);
    assert_non_null(strstr(w.said, "group is deleted"));
    wait(600000); /* and listings that could tell more come */
}

static void test_a_new_leader_hands_out_nothing_of_a_stopped_group(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOPS; i++) {
        begin_again();
        w.lists = true;
        w.is_slow = true;
        make_group(1, (struct asg_group_config){0});
        begin_stop(&stops[i]);
        char token[ASG_CLIENT_TOKEN_MAX + 1] = "";
        assert_int_equal(1, launches_out(token)); /* its worker may bring an answer */
        w.is_slow = false;
        lead_again(2);
        assert_int_equal(0, launches_out(token));
        wait(590000);
        assert_int_equal(1, open_launches()); /* another leader's worker may have it */
        wait(150000);
        assert_int_equal(0, open_launches());
        assert_int_equal(0, w.instance_count);
        end_stop(&stops[i]);
        wait(60000);
        assert_int_equal(1, in_service());
    }
}

/* ---- terminations ---- */

static void scale_in(void)
{
    order((struct asg_command){.kind = ASG_COMMAND_SET_DESIRED, .group = "web"});
}

static void test_a_retry_of_a_termination_waits_and_goes_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOPS; i++) {
        begin_again();
        make_group(2, (struct asg_group_config){0});
        w.terminate_outcome = ASG_OUTCOME_THROTTLED;
        scale_in();
        change(&stops[i], true, ASG_PROCESS_TERMINATE);
        w.terminate_outcome = ASG_OUTCOME_OK;
        wait(3600000);
        assert_int_equal(0, w.ended_count);
        save_and_load();
        change(&stops[i], false, ASG_PROCESS_TERMINATE);
        wait(5000);
        assert_int_equal(2, w.ended_count);
    }
}

static void test_an_order_about_one_instance_goes_on_while_terminate_is_suspended(
    void **state)
{
    (void)state;
    const struct stop suspended = {.kind = ASG_COMMAND_SUSPEND,
                                   .end = ASG_COMMAND_RESUME};
    make_group(2, (struct asg_group_config){0});
    w.terminate_outcome = ASG_OUTCOME_THROTTLED;
    const char *ids[] = {"i-1"};
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .group = "web",
                               .decrement = true,
                               .instance_ids = {ids, 1}});
    scale_in();
    change(&suspended, true, ASG_PROCESS_TERMINATE);
    w.terminate_outcome = ASG_OUTCOME_OK;
    wait(600000);
    assert_int_equal(1, w.ended_count);
    assert_true(was_ended(1));
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    assert_true(was_ended(2)); /* a forced deletion is not held */
    wait(5000);
    assert_non_null(strstr(w.said, "group is deleted"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_retry_of_a_launch_waits_and_goes_on),
        TEST(test_a_retry_that_is_wanted_no_more_is_given_up),
        TEST(test_the_next_pool_waits),
        TEST(test_a_request_that_is_with_a_worker_is_carried_out),
        TEST(test_a_launch_in_the_queue_is_asked_back),
        TEST(test_a_launch_in_doubt_is_looked_up_while_stopped),
        TEST(test_one_that_no_listing_shows_is_given_up),
        TEST(test_one_that_may_be_asked_again_is),
        TEST(test_one_that_is_wanted_no_more_is_looked_up_and_ended),
        TEST(test_a_deleted_group_looks_its_launch_up),
        TEST(test_a_doubt_ends_with_its_group),
        TEST(test_a_new_leader_hands_out_nothing_of_a_stopped_group),
        TEST(test_a_retry_of_a_termination_waits_and_goes_on),
        TEST(test_an_order_about_one_instance_goes_on_while_terminate_is_suspended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
