/* core_fixture - a real core with one group and instances in it. */
#ifndef ASG_TESTS_CORE_FIXTURE_H
#define ASG_TESTS_CORE_FIXTURE_H

#include "lib/check.h"
#include "lib/step_core.h"

#include <stdio.h>

#include "core/core.h"

#define FIXTURE_TIME INT64_C(1795442400000)

struct core_fixture {
    struct asg_core *core;
    struct asg_effects effects;
    int64_t time_ms;
};

static inline void fixture_step(struct core_fixture *f, struct asg_event *event)
{
    event->time_ms = ++f->time_ms;
    assert_status(ASG_OK, step_core(f->core, event, &f->effects));
}

static inline void fixture_order(struct core_fixture *f, struct asg_command *command)
{
    struct asg_event event = {.kind = ASG_EVENT_COMMAND, .command = command};
    fixture_step(f, &event);
    if (!f->effects.reply.is_ok) print_error("%s\n", f->effects.reply.message);
    assert_true(f->effects.reply.is_ok);
}

static inline void fixture_begin(struct core_fixture *f)
{
    *f = (struct core_fixture){.time_ms = FIXTURE_TIME};
    asg_core_new(&f->core);
    struct asg_command init = {.kind = ASG_COMMAND_INIT,
                               .actor = "tests",
                               .cluster_id = "00112233445566778899aabbccddeeff",
                               .seed = 1,
                               .group = "",
                               .name = ""};
    fixture_order(f, &init);
    struct asg_command lead = {.kind = ASG_COMMAND_LEAD,
                               .rules = asg_core_newest_rules(),
                               .actor = "tests",
                               .cluster_id = "",
                               .epoch = 1,
                               .group = "",
                               .name = ""};
    fixture_order(f, &lead);
    const struct asg_observed listing = {.is_complete = true}; /* launches wait for it */
    struct asg_event listed = {.kind = ASG_EVENT_OBSERVED, .observed = &listing};
    fixture_step(f, &listed);
}

static inline void fixture_end(struct core_fixture *f)
{
    asg_effects_clear(&f->effects);
    asg_core_destroy(&f->core);
}

static inline void fixture_group(struct core_fixture *f, const char *name, uint32_t size)
{
    struct asg_subnet subnet = {"subnet-0a", "us-east-1a"};
    const struct asg_group_config config = {
        .name = name,
        .min = 0,
        .max = size,
        .desired = size,
        .template_id = "lt-0123456789abcdef0",
        .template_version = "1",
        .subnets = &subnet,
        .subnet_count = 1,
        .cooldown_ms = 300000,
        .warmup_ms = 0,
        .evaluation_ms = 5000,
        .launch_timeout_ms = 600000,
        .terminating_percent = 10,
        .terminated_percent = 25,
        .unhealthy_percent = 20,
        .silence_percent = 30,
    };
    struct asg_command command = {.kind = ASG_COMMAND_GROUP_CREATE,
                                  .actor = "tests",
                                  .cluster_id = "",
                                  .group = name,
                                  .name = "",
                                  .group_config = &config};
    fixture_order(f, &command);
}

/* Answer every open launch: instance ids count up from i-...1. */
static inline void fixture_launch_all(struct core_fixture *f)
{
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(f->core, &arena, &jobs, &count);
    uint32_t next = 1;
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind != ASG_JOB_LAUNCH) continue;
        struct asg_seen_instance *rows =
            asg_arena_take(&arena, jobs[i].launch->count * sizeof *rows);
        for (uint32_t n = 0; n < jobs[i].launch->count; n++) {
            rows[n] = (struct asg_seen_instance){
                .instance_id = asg_arena_format(&arena, "i-%017x", next),
                .state = ASG_EC2_RUNNING,
                .instance_type = "t3.micro",
                .subnet_id = "subnet-0a",
                .zone = "us-east-1a",
                .private_ip =
                    asg_arena_format(&arena, "10.0.%u.%u", next / 250, next % 250),
                .launched_ms = f->time_ms,
                .group = jobs[i].group,
                .job_id = jobs[i].id,
                .attempt = jobs[i].attempt,
            };
            next++;
        }
        const struct asg_result result = {.job_id = jobs[i].id,
                                          .attempt = jobs[i].attempt,
                                          .outcome = ASG_OUTCOME_OK,
                                          .worker = "one",
                                          .instances = rows,
                                          .instance_count = jobs[i].launch->count};
        struct asg_event event = {.kind = ASG_EVENT_RESULT, .result = &result};
        fixture_step(f, &event);
    }
    asg_arena_clear(&arena);
}

#endif
