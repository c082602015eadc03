/* test_core_templates - which launch template a group launches from, while it is looked
 * up and after it was changed. */
#include <string.h>

#include "unit/core/core_world.h"

/* The newest open job of that kind; 0: there is none. */
static uint64_t open_job(enum asg_job_kind kind)
{
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    uint64_t id = 0;
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind == kind) id = jobs[i].id;
    }
    asg_arena_clear(&arena);
    return id;
}

static void look_up(const char *template_id)
{
    const struct asg_group_config changes = {.template_id = template_id,
                                             .template_name = "",
                                             .template_version = "$Latest",
                                             .desired = 2};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &changes,
                               .group_fields = UINT64_C(1) << ASG_GROUP_TEMPLATE |
                                               UINT64_C(1) << ASG_GROUP_DESIRED});
}

static void answer_look_up(uint64_t job_id, enum asg_outcome outcome,
                           const char *template_id, const char *version)
{
    const struct asg_result result = {.job_id = job_id,
                                      .attempt = 1,
                                      .outcome = outcome,
                                      .worker = "w",
                                      .error_code = "",
                                      .message = "",
                                      .request_id = "",
                                      .template_id = template_id,
                                      .template_version = version};
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static void expect_launch_from(const char *template_id)
{
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    size_t launches = 0;
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind != ASG_JOB_LAUNCH) continue;
        assert_string_equal(template_id, jobs[i].launch->template_id);
        launches++;
    }
    assert_int_equal(1, launches);
    asg_arena_clear(&arena);
}

static void test_the_answer_for_an_old_template_is_not_used(void **state)
{
    (void)state;
    w.is_slow = true;
    make_group(0, (struct asg_group_config){0});
    look_up("lt-0000000000000000a");
    uint64_t old = open_job(ASG_JOB_RESOLVE_TEMPLATE);
    look_up("lt-0000000000000000b");
    uint64_t new = open_job(ASG_JOB_RESOLVE_TEMPLATE);
    assert_int_not_equal(old, new);
    answer_look_up(old, ASG_OUTCOME_OK, "lt-0000000000000000a", "7");
    order((struct asg_command){.kind = ASG_COMMAND_RESUME, .group = "web"});
    assert_int_equal(0, open_job(ASG_JOB_LAUNCH));
    answer_look_up(new, ASG_OUTCOME_OK, "lt-0000000000000000b", "3");
    expect_launch_from("lt-0000000000000000b");
}

static void test_a_failed_look_up_of_an_old_template_holds_nothing_back(void **state)
{
    (void)state;
    w.is_slow = true;
    make_group(0, (struct asg_group_config){0});
    look_up("lt-0000000000000000a");
    uint64_t old = open_job(ASG_JOB_RESOLVE_TEMPLATE);
    look_up("lt-0000000000000000b");
    uint64_t new = open_job(ASG_JOB_RESOLVE_TEMPLATE);
    answer_look_up(old, ASG_OUTCOME_BAD_REQUEST, "", "");
    assert_null(strstr(w.said, "dead letter"));
    answer_look_up(new, ASG_OUTCOME_OK, "lt-0000000000000000b", "3");
    expect_launch_from("lt-0000000000000000b");
}

/* A passing failure of a look-up that nobody waits for is not asked again. */
static void test_an_old_look_up_is_not_tried_again(void **state)
{
    (void)state;
    w.is_slow = true;
    make_group(0, (struct asg_group_config){0});
    look_up("lt-0000000000000000a");
    uint64_t old = open_job(ASG_JOB_RESOLVE_TEMPLATE);
    look_up("lt-0000000000000000b");
    uint64_t new = open_job(ASG_JOB_RESOLVE_TEMPLATE);
    answer_look_up(old, ASG_OUTCOME_THROTTLED, "", "");
    answer_look_up(new, ASG_OUTCOME_OK, "lt-0000000000000000b", "3");
    pass(60000);
    assert_int_equal(0, open_job(ASG_JOB_RESOLVE_TEMPLATE));
}

/* Jobs that are remembered, and whether that one is among them. */
static size_t count_jobs(uint64_t job_id, bool *ret_is_known)
{
    struct asg_arena arena = {0};
    struct asg_job_view *views = NULL;
    size_t count = 0;
    *ret_is_known = false;
    asg_core_view_jobs(w.core, "", false, &arena, &views, &count);
    for (size_t i = 0; i < count; i++) {
        *ret_is_known = *ret_is_known || views[i].id == job_id;
    }
    asg_arena_clear(&arena);
    return count;
}

static void put_template(const char *name)
{
    const struct asg_template_config config = {.name = name, .image_id = "ami-1"};
    order((struct asg_command){.kind = ASG_COMMAND_TEMPLATE_PUT,
                               .template_config = &config});
}

/* The job is forgotten at the end of the step in which it is retried, not while it is
 * read: so many were closed since that it is the first to go. */
static void test_a_dead_letter_is_whole_while_it_is_retried(void **state)
{
    (void)state;
    put_template("boot");
    uint64_t dead = open_job(ASG_JOB_TEMPLATE);
    answer_look_up(dead, ASG_OUTCOME_BAD_REQUEST, "", "");
    make_group(0, (struct asg_group_config){0});
    bool is_known = false;
    while (count_jobs(dead, &is_known) < 1 + 512) { /* one more, and some are forgotten */
        order((struct asg_command){.kind = ASG_COMMAND_RECONCILE});
    }
    order((struct asg_command){.kind = ASG_COMMAND_JOB_RETRY, .job_id = dead});
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    assert_int_equal(1, count);
    assert_string_equal("boot", jobs[0].template_name);
    assert_string_equal("ami-1", jobs[0].template_config->image_id);
    asg_arena_clear(&arena);
    assert_true(count_jobs(dead, &is_known) < 300);
    assert_false(is_known);
}

/* What the edge found out is not asked again: the launch is planned in the same step. */
static void test_a_version_that_the_order_knows_is_not_looked_up(void **state)
{
    (void)state;
    w.is_slow = true;
    make_group(0, (struct asg_group_config){0});
    struct asg_group_config changes = {.template_id = "lt-known",
                                       .template_name = "",
                                       .template_version = "$Default",
                                       .desired = 2};
    struct asg_command command = {.kind = ASG_COMMAND_GROUP_UPDATE,
                                  .group = "web",
                                  .group_config = &changes,
                                  .group_fields = UINT64_C(1) << ASG_GROUP_TEMPLATE |
                                                  UINT64_C(1) << ASG_GROUP_DESIRED,
                                  .template_version = 7};
    order(command);
    assert_int_equal(0, open_job(ASG_JOB_RESOLVE_TEMPLATE));
    expect_launch_from("lt-known");
    /* Another template, of which nothing is known, is. */
    changes.template_id = "lt-other";
    changes.desired = 3;
    command.template_version = 0;
    order(command);
    assert_int_not_equal(0, open_job(ASG_JOB_RESOLVE_TEMPLATE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_dead_letter_is_whole_while_it_is_retried,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_the_answer_for_an_old_template_is_not_used,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            test_a_failed_look_up_of_an_old_template_holds_nothing_back, begin, end),
        cmocka_unit_test_setup_teardown(test_an_old_look_up_is_not_tried_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            test_a_version_that_the_order_knows_is_not_looked_up, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
