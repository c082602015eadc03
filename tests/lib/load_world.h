/* load_world - a log as a controller writes it, of a group before a load that changes and
 * an EC2 with delays that differ from launch to launch.
 *
 * The world goes second by second and knows nothing of the model that what-if uses: each
 * instance boots for as long as chance says, shows its own CPU with noise, and only warm
 * ones are reported. The same seed gives the same log. */
#ifndef ASG_TESTS_LOAD_WORLD_H
#define ASG_TESTS_LOAD_WORLD_H

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "crypto/crypto.h"
#include "model/schemas.h"
#include "store/log.h"
#include "wire/wire.h"

#define LOAD_BEGAN_MS  INT64_C(1795392000000) /* 2026-11-23T00:00:00Z */
#define LOAD_INSTANCES 256
#define LOAD_JOBS      256
#define LOAD_BATCH     256

/* Percent of one instance, times instances, in thousandths. */
typedef int64_t load_shape(int64_t second);

struct load_setting {
    load_shape *shape;
    int64_t seconds;
    int64_t evaluation_ms;
    int64_t warmup_ms;
    int64_t boot_least_s; /* from EC2's answer to in service */
    int64_t boot_most_s;
    enum asg_health_check health_check;
    uint32_t min;
    uint32_t max;
    uint32_t desired;
    const struct asg_policy_config *policies;
    size_t policy_count;
    int64_t desired_at_s; /* an operator sets desired then; 0: never */
    uint32_t desired_to;
    int64_t
        schedule_at_s; /* one is put then: at least 15 from ten minutes later; 0: no */
    int64_t evaluation_at_s; /* the group's period changes then; 0: never */
    int64_t evaluation_to_ms;
    uint64_t seed;
    uint32_t hash_events; /* a state hash so often; 0: never */
};

struct load_instance {
    char id[24];
    int64_t running_s; /* in service from then on */
    bool is_running;
    bool is_gone;
};

struct load_job {
    struct asg_job job;
    int64_t due_s;
    char ids[100][24];
    const char *id_texts[100];
    struct asg_terminate terminate;
    struct asg_launch launch;
};

struct load_world {
    const struct load_setting *setting;
    int64_t evaluation_ms;
    struct asg_log *log;
    struct asg_core *core;
    struct asg_effects effects;
    struct asg_arena event_arena;
    struct asg_arena notes;
    struct asg_bytes payloads;
    struct asg_record records[LOAD_BATCH + 64];
    size_t offsets[LOAD_BATCH + 64];
    size_t record_count;
    int64_t now_ms;
    uint64_t random;
    uint64_t events;
    struct load_instance instances[LOAD_INSTANCES];
    size_t instance_count;
    uint64_t instance_no;
    struct load_job jobs[LOAD_JOBS];
    size_t job_count;
    uint32_t group_no;
    uint64_t revision;
    int64_t truth_ms; /* instances that cost money, times time: what the log must show */
};

static inline uint64_t load_random(struct load_world *world)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return world->random;
}

static inline void load_flush(struct load_world *world)
{
    if (world->record_count == 0) return;
    for (size_t i = 0; i < world->record_count; i++)
        world->records[i].payload = world->payloads.data + world->offsets[i];
    struct asg_error error = {0};
    enum asg_status status =
        asg_log_append(world->log, world->records, world->record_count, NULL, &error);
    if (status != ASG_OK) (void)fprintf(stderr, "append: %s\n", error.text);
    assert(status == ASG_OK);
    world->record_count = 0;
    asg_bytes_reset(&world->payloads);
    asg_arena_reset(&world->notes);
}

static inline void load_add(struct load_world *world, const char *kind,
                            const char *subject, const char *note, size_t offset)
{
    world->offsets[world->record_count] = offset;
    world->records[world->record_count++] =
        (struct asg_record){.time_ms = world->now_ms,
                            .kind = kind,
                            .subject = asg_arena_text(&world->notes, subject),
                            .note = asg_arena_text(&world->notes, note),
                            .payload_length = world->payloads.length - offset};
}

static inline void load_event(struct load_world *world, struct asg_event *event);

static inline void load_keep_jobs(struct load_world *world)
{
    for (size_t i = 0; i < world->effects.job_count; i++) {
        const struct asg_job *job = &world->effects.jobs[i];
        assert(world->job_count < LOAD_JOBS);
        struct load_job *kept = &world->jobs[world->job_count++];
        *kept = (struct load_job){.job = *job};
        kept->due_s = world->now_ms / 1000 + 1 + (int64_t)(load_random(world) % 3);
        if (job->kind == ASG_JOB_DESCRIBE) kept->due_s = world->now_ms / 1000 + 1;
        if (job->launch != NULL) kept->launch = *job->launch;
        if (job->terminate != NULL) {
            size_t count = job->terminate->instance_ids.count;
            assert(count <= 100);
            for (size_t k = 0; k < count; k++) {
                (void)snprintf(kept->ids[k], sizeof kept->ids[k], "%s",
                               job->terminate->instance_ids.items[k]);
            }
            kept->terminate.instance_ids.count = count;
        }
        kept->job.describe = NULL;
        if (job->describe != NULL && job->describe->instance_ids.count == 0) {
            kept->job.describe = (const struct asg_describe *)&kept->job; /* complete */
        }
    }
}

static inline void load_event(struct load_world *world, struct asg_event *event)
{
    event->time_ms = world->now_ms;
    size_t offset = world->payloads.length;
    asg_wire_encode(&asg_event_schema, event, &world->payloads);
    struct asg_event decoded;
    asg_arena_reset(&world->event_arena);
    enum asg_status status =
        asg_wire_decode(&asg_event_schema, world->payloads.data + offset,
                        world->payloads.length - offset, &world->event_arena, &decoded);
    assert(status == ASG_OK);
    status = asg_core_step(world->core, &decoded, &world->effects);
    assert(status == ASG_OK);
    (void)status;
    const char *subject = "";
    if (event->kind == ASG_EVENT_COMMAND) subject = event->command->group;
    load_add(world, event->kind == ASG_EVENT_METRICS ? "metrics" : "event", subject,
             asg_enum_word(&asg_event_kind_words, (int)event->kind), offset);
    const struct asg_effects *effects = &world->effects;
    if (!asg_effects_is_empty(effects)) {
        offset = world->payloads.length;
        asg_wire_encode(&asg_effects_schema, effects, &world->payloads);
        load_add(world, "effects", "", "", offset);
        for (size_t i = 0; i < effects->decision_count; i++) {
            load_add(world, "decision", effects->decisions[i].group,
                     effects->decisions[i].text, world->payloads.length);
        }
        for (size_t i = 0; i < effects->watch_count; i++) {
            world->group_no = effects->watches[i].group_no;
            world->revision = effects->watches[i].revision;
        }
        load_keep_jobs(world);
    }
    if (world->setting->hash_events > 0 &&
        ++world->events % world->setting->hash_events == 0) {
        struct asg_bytes state = {0};
        uint8_t hash[ASG_SHA256_BYTES];
        asg_core_save(world->core, &state);
        asg_sha256(state.data, state.length, hash);
        asg_bytes_clear(&state);
        offset = world->payloads.length;
        const struct asg_state_hash said = {.form = asg_core_form(),
                                            .seq = asg_log_head(world->log).seq +
                                                   world->record_count,
                                            .hash = {hash, sizeof hash}};
        asg_wire_encode(&asg_state_hash_schema, &said, &world->payloads);
        load_add(world, "state_hash", "", "", offset);
    }
    if (world->record_count >= LOAD_BATCH) load_flush(world);
}

static inline void load_order(struct load_world *world, struct asg_command command)
{
    command.actor = "ann";
    if (command.cluster_id == NULL) command.cluster_id = "";
    if (command.group == NULL) command.group = "";
    if (command.name == NULL) command.name = "";
    struct asg_event event = {.kind = ASG_EVENT_COMMAND, .command = &command};
    load_event(world, &event);
    if (!world->effects.reply.is_ok) {
        (void)fprintf(stderr, "order: %s\n", world->effects.reply.message);
    }
    assert(world->effects.reply.is_ok);
    if (command.kind != ASG_COMMAND_LEAD) return;
    const struct asg_observed listing = {.is_complete = true}; /* launches wait for it */
    struct asg_event listed = {.kind = ASG_EVENT_OBSERVED, .observed = &listing};
    load_event(world, &listed);
}

static inline struct asg_seen_instance load_seen(const char *id, enum asg_ec2_state state,
                                                 const struct asg_job *job)
{
    return (struct asg_seen_instance){
        .instance_id = id,
        .state = state,
        .instance_type = "c5.large",
        .subnet_id = "",
        .zone = "us-east-1a",
        .private_ip = "127.0.0.1",
        .state_reason = "",
        .group = "web",
        .job_id = job->id,
        .attempt = job->attempt,
        .incarnation = job->incarnation,
        .client_token = "",
    };
}

static inline struct asg_result load_result(const struct asg_job *job,
                                            struct asg_seen_instance *seen, size_t count)
{
    return (struct asg_result){.job_id = job->id,
                               .attempt = job->attempt,
                               .incarnation = job->incarnation,
                               .outcome = ASG_OUTCOME_OK,
                               .worker = "worker-1",
                               .error_code = "",
                               .message = "",
                               .request_id = "r-1",
                               .http_status = 200,
                               .calls = 1,
                               .deliveries = 1,
                               .instances = seen,
                               .instance_count = count,
                               .template_id = "",
                               .template_name = "",
                               .template_version = "",
                               .template_type = ""};
}

static inline void load_answer(struct load_world *world, struct load_job *job)
{
    if (job->job.kind == ASG_JOB_DESCRIBE) {
        const struct asg_observed observed = {.job_id = job->job.id,
                                              .is_complete = job->job.describe != NULL};
        struct asg_event event = {.kind = ASG_EVENT_OBSERVED, .observed = &observed};
        load_event(world, &event);
        return;
    }
    struct asg_seen_instance seen[100];
    size_t count = 0;
    if (job->job.kind == ASG_JOB_LAUNCH) {
        int64_t spread = world->setting->boot_most_s - world->setting->boot_least_s + 1;
        for (uint32_t i = 0; i < job->launch.count; i++) {
            assert(world->instance_count < LOAD_INSTANCES);
            struct load_instance *instance = &world->instances[world->instance_count++];
            *instance = (struct load_instance){
                .running_s = world->now_ms / 1000 + world->setting->boot_least_s +
                             (int64_t)(load_random(world) % (uint64_t)spread)};
            (void)snprintf(instance->id, sizeof instance->id, "i-%017" PRIx64,
                           ++world->instance_no);
            seen[count++] = load_seen(instance->id, ASG_EC2_PENDING, &job->job);
        }
    } else {
        for (size_t i = 0; i < job->terminate.instance_ids.count; i++) {
            for (size_t k = 0; k < world->instance_count; k++) {
                if (strcmp(world->instances[k].id, job->ids[i]) == 0)
                    world->instances[k].is_gone = true;
            }
            seen[count++] = load_seen(job->ids[i], ASG_EC2_TERMINATED, &job->job);
        }
    }
    const struct asg_result result = load_result(&job->job, seen, count);
    struct asg_event event = {.kind = ASG_EVENT_RESULT, .result = &result};
    load_event(world, &event);
}

static inline void load_boot(struct load_world *world)
{
    size_t kept = 0;
    for (size_t i = 0; i < world->instance_count; i++) {
        if (!world->instances[i].is_gone) world->instances[kept++] = world->instances[i];
    }
    world->instance_count = kept;
    for (size_t i = 0; i < world->instance_count; i++) {
        struct load_instance *instance = &world->instances[i];
        if (instance->is_running || instance->running_s * 1000 > world->now_ms) continue;
        instance->is_running = true;
        if (world->setting->health_check == ASG_HEALTH_CHECK_AGENT) {
            struct asg_health_sign sign = {
                .instance_id = instance->id, .sign = ASG_SIGN_REPORTING, .detail = ""};
            const struct asg_health health = {.signs = &sign, .sign_count = 1};
            struct asg_event event = {.kind = ASG_EVENT_HEALTH, .health = &health};
            load_event(world, &event);
            continue;
        }
        const struct asg_job nothing = {.id = 0};
        struct asg_seen_instance seen =
            load_seen(instance->id, ASG_EC2_RUNNING, &nothing);
        const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
        struct asg_event event = {.kind = ASG_EVENT_OBSERVED, .observed = &observed};
        load_event(world, &event);
    }
}

/* Each instance in service has its share, more or less; warm ones are reported. */
static inline void load_measure(struct load_world *world)
{
    struct asg_arena arena = {0};
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    asg_core_view_instances(world->core, "web", &arena, &views, &count);
    int64_t serving = 0;
    for (size_t i = 0; i < count; i++)
        serving += views[i].state == ASG_INSTANCE_IN_SERVICE;
    int64_t second = (world->now_ms - LOAD_BEGAN_MS) / 1000;
    int64_t each = serving > 0 ? world->setting->shape(second) / serving : 0;
    struct asg_group_metric row = {.group_no = world->group_no,
                                   .metric = ASG_METRIC_NAME_CPU,
                                   .revision = world->revision,
                                   .min_milli = INT64_MAX};
    for (size_t i = 0; i < count; i++) {
        if (views[i].state != ASG_INSTANCE_IN_SERVICE || views[i].is_warming) continue;
        int64_t cpu = each * (95 + (int64_t)(load_random(world) % 11)) / 100;
        if (cpu > 100000) cpu = 100000;
        row.members++;
        row.count++;
        row.sum_milli += cpu;
        if (cpu < row.min_milli) row.min_milli = cpu;
        if (cpu > row.max_milli) row.max_milli = cpu;
    }
    asg_arena_clear(&arena);
    if (row.count == 0) row.min_milli = 0;
    const struct asg_metrics metrics = {.groups = &row, .group_count = 1};
    struct asg_event event = {.kind = ASG_EVENT_METRICS, .metrics = &metrics};
    load_event(world, &event);
}

static inline void load_second(struct load_world *world)
{
    world->now_ms += 1000;
    int64_t second = (world->now_ms - LOAD_BEGAN_MS) / 1000;
    while (asg_core_next_deadline(world->core) <= world->now_ms) {
        struct asg_event event = {.kind = ASG_EVENT_TICK};
        load_event(world, &event);
    }
    for (size_t i = 0; i < world->job_count;) {
        if (world->jobs[i].due_s > world->now_ms / 1000) {
            i++;
            continue;
        }
        struct load_job job = world->jobs[i];
        world->jobs[i] = world->jobs[--world->job_count];
        load_answer(world, &job);
    }
    load_boot(world);
    if (world->setting->desired_at_s != 0 && second == world->setting->desired_at_s) {
        load_order(world, (struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                                               .group = "web",
                                               .desired = world->setting->desired_to});
    }
    if (world->setting->schedule_at_s != 0 && second == world->setting->schedule_at_s) {
        const struct asg_schedule_config schedule = {.group = "web",
                                                     .name = "theirs",
                                                     .min = 15,
                                                     .max = ASG_UNSET,
                                                     .desired = ASG_UNSET,
                                                     .start_ms = world->now_ms + 600000,
                                                     .recurrence = "",
                                                     .time_zone = "UTC"};
        load_order(world, (struct asg_command){.kind = ASG_COMMAND_SCHEDULE_PUT,
                                               .group = "web",
                                               .name = schedule.name,
                                               .schedule_config = &schedule});
    }
    if (world->setting->evaluation_at_s != 0 &&
        second == world->setting->evaluation_at_s) {
        world->evaluation_ms = world->setting->evaluation_to_ms;
        const struct asg_group_config change = {.evaluation_ms = world->evaluation_ms};
        load_order(world, (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                               .group = "web",
                                               .group_config = &change,
                                               .group_fields = UINT64_C(1)
                                                               << ASG_GROUP_EVALUATION});
    }
    if (second * 1000 % world->evaluation_ms == 0) load_measure(world);
    for (size_t i = 0; i < world->instance_count; i++)
        world->truth_ms += world->instances[i].is_gone ? 0 : 1000;
}

static inline void load_create(struct load_world *world)
{
    const struct load_setting *setting = world->setting;
    struct asg_subnet subnet = {.subnet_id = "", .zone = "us-east-1a"};
    const char *words[] = {"default"};
    const struct asg_group_config group = {.name = "web",
                                           .min = setting->min,
                                           .max = setting->max,
                                           .desired = setting->desired,
                                           .template_name = "",
                                           .template_id = "lt-0123456789abcdef0",
                                           .template_version = "1",
                                           .subnets = &subnet,
                                           .subnet_count = 1,
                                           .health_check = setting->health_check,
                                           .cooldown_ms = 300000,
                                           .warmup_ms = setting->warmup_ms,
                                           .evaluation_ms = setting->evaluation_ms,
                                           .launch_timeout_ms = 600000,
                                           .termination_policies = {words, 1},
                                           .terminating_percent = 10,
                                           .terminated_percent = 25,
                                           .unhealthy_percent = 20,
                                           .silence_percent = 30};
    load_order(world,
               (struct asg_command){.kind = ASG_COMMAND_INIT,
                                    .cluster_id = "0123456789abcdef0123456789abcdef",
                                    .seed = 7});
    load_order(world, (struct asg_command){.kind = ASG_COMMAND_LEAD,
                                           .rules = asg_core_newest_rules(),
                                           .epoch = 1});
    load_order(world, (struct asg_command){.kind = ASG_COMMAND_GROUP_CREATE,
                                           .group = "web",
                                           .group_config = &group});
    for (size_t i = 0; i < setting->policy_count; i++) {
        load_order(world, (struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                                               .group = "web",
                                               .name = setting->policies[i].name,
                                               .policy_config = &setting->policies[i]});
    }
}

/* Write the whole log into a new file; returns the instance-milliseconds that were. */
static inline int64_t load_write(const char *path, const struct load_setting *setting)
{
    struct load_world *world = asg_alloc(1, sizeof *world);
    world->setting = setting;
    world->evaluation_ms = setting->evaluation_ms;
    world->random = setting->seed * 2 + 1;
    world->now_ms = LOAD_BEGAN_MS;
    const struct asg_log_options options = {.path = path,
                                            .cluster_id =
                                                "0123456789abcdef0123456789abcdef",
                                            .now_ms = LOAD_BEGAN_MS};
    struct asg_error error = {0};
    enum asg_status status = asg_log_open_sqlite(&options, &world->log, &error);
    if (status != ASG_OK) (void)fprintf(stderr, "open: %s\n", error.text);
    assert(status == ASG_OK);
    asg_core_new(&world->core);
    load_create(world);
    for (int64_t second = 0; second < setting->seconds; second++)
        load_second(world);
    load_flush(world);
    int64_t truth_ms = world->truth_ms;
    asg_log_close(&world->log);
    asg_core_destroy(&world->core);
    asg_effects_clear(&world->effects);
    asg_arena_clear(&world->event_arena);
    asg_arena_clear(&world->notes);
    asg_bytes_clear(&world->payloads);
    free(world);
    return truth_ms;
}

/* ---- shapes ---- */

static inline int64_t load_triangle(int64_t second, int64_t period, int64_t low,
                                    int64_t high)
{
    int64_t at = second % period;
    int64_t up = at < period / 2 ? at : period - at;
    return low + (high - low) * up * 2 / period;
}

static inline int64_t load_steady(int64_t second)
{
    (void)second;
    return 240000;
}

static inline int64_t load_ramp(int64_t second)
{
    return 100000 + second * 50;
}

static inline int64_t load_spike(int64_t second)
{
    return second > 5400 && second < 7200 ? 900000 : 150000;
}

static inline int64_t load_daily(int64_t second)
{
    return load_triangle(second, 86400, 120000, 800000);
}

/* At about the time that a launch and its warm-up take. */
static inline int64_t load_sawtooth(int64_t second)
{
    return 100000 + second % 900 * 400000 / 900;
}

static inline int64_t load_noise(int64_t second)
{
    uint64_t z = (uint64_t)(second / 30) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return load_triangle(second, 14400, 150000, 500000) + (int64_t)(z >> 40) % 80000;
}

#endif
