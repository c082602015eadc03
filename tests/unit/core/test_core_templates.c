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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_answer_for_an_old_template_is_not_used,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            test_a_failed_look_up_of_an_old_template_holds_nothing_back, begin, end),
        cmocka_unit_test_setup_teardown(test_an_old_look_up_is_not_tried_again, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
