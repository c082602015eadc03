/* test_core_bursts - one event that moves very many instances: what follows from it goes
 * into as many records as it takes, each of which can be read again. */
#include "unit/core/core_world.h"

#define GROUPS 4
#define EACH   70000
#define STEPS  40 /* more than it takes */

static uint64_t launches; /* of instances, asked of EC2 so far */
static size_t largest;    /* list of the effects of a step */

static void note(size_t count)
{
    assert_true(count <= ASG_LIST_MAX);
    if (count > largest) largest = count;
}

static void take(struct asg_core *core, struct asg_event event, struct asg_effects *ret)
{
    assert_status(ASG_OK, step_core(core, &event, ret));
    note(ret->decision_count);
    note(ret->job_count);
    note(ret->closed_jobs.count);
    note(ret->recalled_jobs.count);
    note(ret->watch_count);
    note(ret->member_count);
    note(ret->drain_count);
    note(ret->alarm_count);
    note(ret->activity_count);
    for (size_t i = 0; i < ret->job_count; i++) {
        if (ret->jobs[i].kind == ASG_JOB_LAUNCH) launches += ret->jobs[i].launch->count;
    }
}

static void create_groups(struct asg_effects *effects)
{
    for (unsigned i = 0; i < GROUPS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "g%u", i);
        struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
        const struct asg_group_config config = {.name = name,
                                                .max = EACH,
                                                .desired = EACH,
                                                .template_id = "lt-0123456789abcdef0",
                                                .template_version = "1",
                                                .subnets = &subnet,
                                                .subnet_count = 1,
                                                .evaluation_ms = 1000};
        const struct asg_command create = {.kind = ASG_COMMAND_GROUP_CREATE,
                                           .actor = "test",
                                           .group = name,
                                           .group_config = &config};
        take(w.core,
             (struct asg_event){
                 .kind = ASG_EVENT_COMMAND, .time_ms = w.now_ms, .command = &create},
             effects);
        assert_true(effects->reply.is_ok);
    }
}

static void test_a_halt_lifted_over_many_large_groups_is_many_records(void **state)
{
    (void)state;
    struct asg_effects effects = {0};
    launches = 0;
    largest = 0;
    struct asg_command halt = {.kind = ASG_COMMAND_HALT, .actor = "test", .group = ""};
    struct asg_event event = {
        .kind = ASG_EVENT_COMMAND, .time_ms = w.now_ms, .command = &halt};
    take(w.core, event, &effects);
    create_groups(&effects);
    assert_int_equal(0, launches);
    halt.kind = ASG_COMMAND_UNHALT;
    event.time_ms = w.now_ms;
    take(w.core, event, &effects);
    assert_true(effects.reply.is_ok);
    uint64_t at_once = launches;
    assert_true(at_once > 0);
    assert_true(at_once < (uint64_t)GROUPS * EACH);
    /* The rest at once, when core wants its tick; also of a state that was saved. */
    struct asg_bytes saved = {0};
    asg_core_save(w.core, &saved);
    struct asg_core *loaded = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_core_load(saved.data, saved.length, &loaded, &error));
    asg_bytes_clear(&saved);
    struct asg_core *cores[] = {w.core, loaded};
    for (int c = 0; c < 2; c++) {
        launches = at_once;
        int64_t now_ms = w.now_ms;
        for (int i = 0; i < STEPS && launches < (uint64_t)GROUPS * EACH; i++) {
            assert_true(asg_core_next_deadline(cores[c]) <= now_ms + 1);
            now_ms++;
            take(cores[c], (struct asg_event){.kind = ASG_EVENT_TICK, .time_ms = now_ms},
                 &effects);
        }
        assert_int_equal((uint64_t)GROUPS * EACH, launches);
        if (asg_core_check(cores[c], &error) != ASG_OK) fail_msg("%s", error.text);
    }
    assert_true(largest >= EACH);
    asg_core_destroy(&loaded);
    asg_effects_clear(&effects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_a_halt_lifted_over_many_large_groups_is_many_records, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
