/* make_log - a small true log: core driven by a few orders, results and metrics, its
 * records written as a controller writes them (docs/log-format.md). */
#ifndef ASG_TESTS_MAKE_LOG_H
#define ASG_TESTS_MAKE_LOG_H

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "core/core.h"
#include "crypto/crypto.h"
#include "store/log.h"
#include "wire/wire.h"

#define LOG_START_MS INT64_C(1795444609000) /* 2026-11-23T14:36:49Z */

struct world {
    char folder[64];
    char path[96];
    struct asg_log *log;
    struct asg_core *core;
    struct asg_effects effects;
    struct asg_arena arena;
    struct asg_bytes state;
    int64_t now_ms;
    uint64_t instance_no;
    size_t events;
    int failures; /* so many of the next launches do not get through to EC2 */
};

static inline void append(struct world *world, const char *kind, const char *subject,
                          const char *note, const void *payload, size_t length)
{
    const struct asg_record record = {.time_ms = world->now_ms,
                                      .kind = kind,
                                      .subject = subject,
                                      .note = note,
                                      .payload = payload,
                                      .payload_length = length};
    struct asg_error error = {0};
    enum asg_status status = asg_log_append(world->log, &record, 1, NULL, &error);
    if (status != ASG_OK) (void)fprintf(stderr, "append: %s\n", error.text);
    assert(status == ASG_OK);
}

static inline void append_hash_of(struct world *world, uint32_t form,
                                  const uint8_t hash[ASG_SHA256_BYTES])
{
    const struct asg_state_hash said = {.form = form,
                                        .seq = asg_log_head(world->log).seq,
                                        .hash = {hash, ASG_SHA256_BYTES}};
    struct asg_bytes bytes = {0};
    asg_wire_encode(&asg_state_hash_schema, &said, &bytes);
    append(world, "state_hash", "", "", bytes.data, bytes.length);
    asg_bytes_clear(&bytes);
}

static inline void append_hash(struct world *world)
{
    uint8_t hash[ASG_SHA256_BYTES];
    asg_bytes_reset(&world->state);
    asg_core_save(world->core, &world->state);
    asg_sha256(world->state.data, world->state.length, hash);
    append_hash_of(world, asg_core_form(), hash);
}

/* A LEAD by these rules, which core has not taken. */
static inline void append_lead(struct world *world, uint32_t rules)
{
    const struct asg_command lead = {.kind = ASG_COMMAND_LEAD,
                                     .actor = "test",
                                     .cluster_id = "",
                                     .group = "",
                                     .name = "",
                                     .epoch = 2,
                                     .rules = rules};
    const struct asg_event event = {
        .time_ms = world->now_ms, .kind = ASG_EVENT_COMMAND, .command = &lead};
    struct asg_bytes bytes = {0};
    asg_wire_encode(&asg_event_schema, &event, &bytes);
    append(world, "event", "", "lead by test", bytes.data, bytes.length);
    asg_bytes_clear(&bytes);
}

static inline void feed(struct world *world, const struct asg_event *event);

/* EC2 does at once what a job asks: its result is the next event. */
static inline void answer_jobs(struct world *world)
{
    struct asg_job jobs[16];
    struct asg_arena arena = {0};
    size_t count = world->effects.job_count < 16 ? world->effects.job_count : 16;
    for (size_t i = 0; i < count; i++)
        jobs[i] = world->effects.jobs[i];
    struct asg_result results[16];
    memset(results, 0, sizeof results);
    size_t answered = 0;
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind != ASG_JOB_LAUNCH && jobs[i].kind != ASG_JOB_TERMINATE) continue;
        struct asg_result *result = &results[answered++];
        *result = (struct asg_result){.job_id = jobs[i].id,
                                      .attempt = jobs[i].attempt,
                                      .outcome = ASG_OUTCOME_OK,
                                      .worker = "worker-1",
                                      .error_code = "",
                                      .message = "",
                                      .request_id = "r-1",
                                      .http_status = 200,
                                      .calls = 1,
                                      .deliveries = 1,
                                      .template_id = "",
                                      .template_name = "",
                                      .template_version = "",
                                      .template_type = ""};
        bool is_launch = jobs[i].kind == ASG_JOB_LAUNCH;
        size_t instances =
            is_launch ? jobs[i].launch->count : jobs[i].terminate->instance_ids.count;
        if (is_launch && world->failures > 0) {
            world->failures--;
            result->outcome = ASG_OUTCOME_TRANSIENT;
            result->error_code = "RequestTimeout";
            instances = 0;
        }
        result->instances = asg_arena_take(&arena, instances * sizeof *result->instances);
        result->instance_count = instances;
        for (size_t k = 0; k < instances; k++) {
            const char *id =
                is_launch
                    ? asg_arena_format(&arena, "i-%017" PRIx64, ++world->instance_no)
                    : asg_arena_text(&arena, jobs[i].terminate->instance_ids.items[k]);
            result->instances[k] = (struct asg_seen_instance){
                .instance_id = id,
                .state = is_launch ? ASG_EC2_RUNNING : ASG_EC2_TERMINATED,
                .instance_type = "t3.micro",
                .subnet_id = "",
                .zone = "us-east-1a",
                .private_ip = asg_arena_format(&arena, "127.0.0.%zu", k + 2),
                .launched_ms = world->now_ms,
                .state_reason = "",
                .group = "web",
                .job_id = jobs[i].id,
                .attempt = jobs[i].attempt,
                .client_token = asg_arena_text(&arena, jobs[i].client_token)};
        }
    }
    for (size_t i = 0; i < answered; i++) {
        const struct asg_event event = {
            .time_ms = world->now_ms, .kind = ASG_EVENT_RESULT, .result = &results[i]};
        feed(world, &event);
    }
    asg_arena_clear(&arena);
}

/* One event through core and into the log, then whatever its jobs bring. */
static inline void feed(struct world *world, const struct asg_event *event)
{
    struct asg_bytes bytes = {0};
    asg_wire_encode(&asg_event_schema, event, &bytes);
    struct asg_event decoded;
    asg_arena_reset(&world->arena);
    enum asg_status status = asg_wire_decode(&asg_event_schema, bytes.data, bytes.length,
                                             &world->arena, &decoded);
    assert(status == ASG_OK);
    status = asg_core_step(world->core, &decoded, &world->effects);
    assert(status == ASG_OK);
    (void)status;
    append(world, event->kind == ASG_EVENT_METRICS ? "metrics" : "event", "",
           asg_enum_word(&asg_event_kind_words, (int)event->kind), bytes.data,
           bytes.length);
    if (!asg_effects_is_empty(&world->effects)) {
        asg_bytes_reset(&bytes);
        asg_wire_encode(&asg_effects_schema, &world->effects, &bytes);
        append(world, "effects", "", "", bytes.data, bytes.length);
        for (size_t i = 0; i < world->effects.decision_count; i++) {
            const struct asg_decision *decision = &world->effects.decisions[i];
            append(world, "decision", decision->group, decision->text, NULL, 0);
        }
    }
    asg_bytes_clear(&bytes);
    if (++world->events % 5 == 0) append_hash(world);
    answer_jobs(world);
}

static inline void order(struct world *world, struct asg_command command)
{
    command.actor = "test";
    if (command.cluster_id == NULL) command.cluster_id = "";
    if (command.group == NULL) command.group = "";
    if (command.name == NULL) command.name = "";
    const struct asg_event event = {
        .time_ms = world->now_ms, .kind = ASG_EVENT_COMMAND, .command = &command};
    feed(world, &event);
    if (command.kind != ASG_COMMAND_LEAD) return;
    const struct asg_observed listing = {.is_complete = true}; /* launches wait for it */
    const struct asg_event listed = {
        .time_ms = world->now_ms, .kind = ASG_EVENT_OBSERVED, .observed = &listing};
    feed(world, &listed);
}

static inline void begin_world(struct world *world)
{
    *world = (struct world){.folder = "/tmp/openasg-log-XXXXXX", .now_ms = LOG_START_MS};
    const char *made = mkdtemp(world->folder);
    assert(made != NULL);
    (void)made;
    (void)snprintf(world->path, sizeof world->path, "%s/openasg.log", world->folder);
    const struct asg_log_options options = {
        .path = world->path, .cluster_id = "", .now_ms = LOG_START_MS};
    struct asg_error error = {0};
    enum asg_status status = asg_log_open_sqlite(&options, &world->log, &error);
    if (status != ASG_OK) (void)fprintf(stderr, "open: %s\n", error.text);
    assert(status == ASG_OK);
    asg_core_new(&world->core);
    order(world, (struct asg_command){.kind = ASG_COMMAND_INIT,
                                      .cluster_id = "0123456789abcdef0123456789abcdef",
                                      .seed = 7});
    order(world, (struct asg_command){.kind = ASG_COMMAND_LEAD,
                                      .rules = asg_core_newest_rules(),
                                      .epoch = 1});
}

/* A group of two with the rule "launch one at 70 % and more"; it is obeyed once. */
static inline void play_a_day(struct world *world)
{
    struct asg_subnet subnet = {.subnet_id = "", .zone = "us-east-1a"};
    const char *words[] = {"default"};
    const struct asg_group_config group = {.name = "web",
                                           .min = 2,
                                           .max = 5,
                                           .desired = 2,
                                           .template_name = "",
                                           .template_id = "lt-0123456789abcdef0",
                                           .template_version = "1",
                                           .subnets = &subnet,
                                           .subnet_count = 1,
                                           .cooldown_ms = 10000,
                                           .warmup_ms = 0,
                                           .evaluation_ms = 1000,
                                           .launch_timeout_ms = 600000,
                                           .termination_policies = {words, 1},
                                           .terminating_percent = 10,
                                           .terminated_percent = 25,
                                           .unhealthy_percent = 20,
                                           .silence_percent = 30};
    order(world, (struct asg_command){.kind = ASG_COMMAND_GROUP_CREATE,
                                      .group = "web",
                                      .group_config = &group});
    const struct asg_policy_config policy = {.group = "web",
                                             .name = "out",
                                             .kind = ASG_POLICY_SIMPLE,
                                             .statistic = ASG_STATISTIC_HIGHEST,
                                             .scale_in_permille = 900,
                                             .scale_out_periods = 3,
                                             .stabilisation_ms = 300000,
                                             .has_threshold = true,
                                             .threshold_milli = 70000,
                                             .periods = 1,
                                             .adjustment = 1,
                                             .cooldown_ms = ASG_UNSET,
                                             .warmup_ms = ASG_UNSET};
    order(world, (struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                                      .group = "web",
                                      .name = "out",
                                      .policy_config = &policy});
    for (int second = 0; second < 30; second++) {
        world->now_ms += 1000;
        struct asg_effects watching = {0};
        asg_core_watching(world->core, &watching.arena, &watching);
        struct asg_group_metric metric = {
            .group_no = watching.watch_count > 0 ? watching.watches[0].group_no : 0,
            .metric = ASG_METRIC_NAME_CPU,
            .revision = watching.watch_count > 0 ? watching.watches[0].revision : 0,
            .members = 2,
            .count = 2,
            .sum_milli = 120000,
            .min_milli = 30000,
            .max_milli = 90000};
        asg_arena_clear(&watching.arena);
        const struct asg_metrics metrics = {.groups = &metric, .group_count = 1};
        const struct asg_event event = {
            .time_ms = world->now_ms, .kind = ASG_EVENT_METRICS, .metrics = &metrics};
        feed(world, &event);
    }
    order(world, (struct asg_command){
                     .kind = ASG_COMMAND_SET_DESIRED, .group = "nobody", .desired = 3});
    append_hash(world);
}

static inline void save_snapshot(struct world *world)
{
    struct asg_error error = {0};
    asg_bytes_reset(&world->state);
    asg_core_save(world->core, &world->state);
    enum asg_status status =
        asg_log_save_snapshot(world->log, asg_log_head(world->log).seq, world->state.data,
                              world->state.length, &error);
    if (status != ASG_OK) (void)fprintf(stderr, "snapshot: %s\n", error.text);
    assert(status == ASG_OK);
}

static inline void end_world(struct world *world)
{
    asg_log_close(&world->log);
    asg_core_destroy(&world->core);
    asg_effects_clear(&world->effects);
    asg_arena_clear(&world->arena);
    asg_bytes_clear(&world->state);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", world->folder);
    int code = system(command);
    assert(code == 0);
    (void)code;
}

#endif
