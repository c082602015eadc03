#include "core_world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "model/copy.h"
#include "model/schemas.h"

void bench_world_id(uint64_t no, char ret[BENCH_ID_SIZE])
{
    (void)snprintf(ret, BENCH_ID_SIZE, "i-%017" PRIx64, no);
}

void bench_world_step(struct bench_world *world, struct asg_event event)
{
    event.time_ms = world->time_ms;
    enum asg_status status = asg_core_step(world->core, &event, &world->effects);
    if (status != ASG_OK) {
        (void)fprintf(stderr, "bench: step: %s\n", asg_status_text(status));
        exit(1);
    }
    const struct asg_reply *reply = &world->effects.reply;
    if (reply->is_set && !reply->is_ok) {
        (void)fprintf(stderr, "bench: refused: %s\n", reply->message);
        exit(1);
    }
}

void bench_world_order(struct bench_world *world, const struct asg_command *command)
{
    struct asg_arena arena = {0};
    struct asg_command whole; /* no text of it is NULL */
    asg_model_copy(&asg_command_schema, command, &arena, &whole);
    bench_world_step(world,
                     (struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &whole});
    asg_arena_clear(&arena);
    if (command->kind != ASG_COMMAND_LEAD) return;
    const struct asg_observed listing = {.is_complete = true}; /* launches wait for it */
    bench_world_step(
        world, (struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &listing});
}

void bench_world_init(struct bench_world *world)
{
    *world =
        (struct bench_world){.members = 10, .period_ms = 1000, .time_ms = BENCH_BEGAN_MS};
    asg_core_new(&world->core);
    bench_world_order(
        world, &(struct asg_command){.kind = ASG_COMMAND_INIT,
                                     .actor = "bench",
                                     .cluster_id = "0123456789abcdef0123456789abcdef",
                                     .seed = 7});
    bench_world_order(world, &(struct asg_command){.kind = ASG_COMMAND_LEAD,
                                                   .rules = asg_core_newest_rules(),
                                                   .actor = "bench",
                                                   .epoch = 1});
}

void bench_world_clear(struct bench_world *world)
{
    asg_core_destroy(&world->core);
    asg_effects_clear(&world->effects);
}

void bench_world_load(struct bench_world *world, const struct asg_bytes *saved)
{
    struct asg_error error = {""};
    asg_core_destroy(&world->core);
    if (asg_core_load(saved->data, saved->length, &world->core, &error) != ASG_OK) {
        (void)fprintf(stderr, "bench: load: %s\n", error.text);
        exit(1);
    }
    world->time_ms = asg_core_now_ms(world->core);
}

static void answer_launch(struct bench_world *world, const struct asg_job *job,
                          struct asg_arena *arena, enum asg_ec2_state state)
{
    uint32_t count = job->launch->count;
    struct asg_seen_instance *seen = asg_arena_take(arena, count * sizeof *seen);
    for (uint32_t i = 0; i < count; i++) {
        char *id = asg_arena_take(arena, BENCH_ID_SIZE);
        bench_world_id(++world->instance_no, id);
        seen[i] = (struct asg_seen_instance){.instance_id = id,
                                             .state = state,
                                             .instance_type = "t3.micro",
                                             .subnet_id = "subnet-1",
                                             .zone = "us-east-1a",
                                             .state_reason = "",
                                             .event_code = "",
                                             .group = "",
                                             .client_token = "",
                                             .private_ip = "127.1.0.1",
                                             .launched_ms = world->time_ms};
    }
    struct asg_result result =
        asg_result_begin(job->id, job->attempt, job->incarnation, "bench");
    result.instances = seen;
    result.instance_count = count;
    bench_world_step(world,
                     (struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

/* EC2's answers to the launches of the last step. */
static void answer_launches(struct bench_world *world, enum asg_ec2_state state)
{
    struct asg_effects planned = world->effects; /* the next step fills anew */
    world->effects = (struct asg_effects){0};
    struct asg_arena arena = {0};
    for (size_t i = 0; i < planned.job_count; i++) {
        if (planned.jobs[i].kind != ASG_JOB_LAUNCH) continue;
        answer_launch(world, &planned.jobs[i], &arena, state);
    }
    asg_arena_clear(&arena);
    asg_effects_clear(&planned);
}

static struct asg_group_config config_of(const struct bench_world *world,
                                         const char *name, struct asg_subnet *subnet)
{
    *subnet = (struct asg_subnet){.subnet_id = "subnet-1", .zone = "us-east-1a"};
    return (struct asg_group_config){
        .name = name,
        .max = world->members * 2,
        .desired = world->members,
        .template_id = "lt-1",
        .template_version = "1",
        .subnets = subnet,
        .subnet_count = 1,
        .health_check = world->by_agent ? ASG_HEALTH_CHECK_AGENT : ASG_HEALTH_CHECK_EC2,
        .evaluation_ms = world->period_ms,
        .launch_timeout_ms = 3600000,
    };
}

void bench_world_add_group(struct bench_world *world, const char *name,
                           enum asg_ec2_state state)
{
    struct asg_subnet subnet;
    const struct asg_group_config group = config_of(world, name, &subnet);
    const struct asg_policy_config policy = {
        .group = name, .name = "cpu", .target_milli = 50000, .stabilisation_ms = 300000};
    bench_world_order(world, &(struct asg_command){.kind = ASG_COMMAND_GROUP_CREATE,
                                                   .actor = "bench",
                                                   .group = name,
                                                   .group_config = &group});
    answer_launches(world, state);
    bench_world_order(world, &(struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                                                   .actor = "bench",
                                                   .group = name,
                                                   .policy_config = &policy});
}

static void add_pending(struct bench_world *world)
{
    uint32_t members = world->members;
    world->members = 1;
    struct asg_subnet subnet;
    const struct asg_group_config group = config_of(world, "pending", &subnet);
    world->members = members;
    bench_world_order(world, &(struct asg_command){.kind = ASG_COMMAND_GROUP_CREATE,
                                                   .actor = "bench",
                                                   .group = "pending",
                                                   .group_config = &group});
    answer_launches(world, ASG_EC2_PENDING);
}

void bench_world_add_groups(struct bench_world *world, uint32_t count,
                            enum asg_ec2_state state)
{
    assert(count <= 100000);
    add_pending(world);
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "g%05" PRIu32, i);
        bench_world_add_group(world, name, state);
    }
}
