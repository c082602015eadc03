/* play_orders - what the loads of load_world leave out: orders of every kind, launches
 * that fail, instances that fall silent, an hour without a leader. Follows play_a_day().
 */
#ifndef ASG_TESTS_PLAY_ORDERS_H
#define ASG_TESTS_PLAY_ORDERS_H

#include "unit/cli/make_log.h"

#define PLAY_MINUTE INT64_C(60000)

/* Those that boot report. */
static inline void play_reports(struct world *world)
{
    struct asg_arena arena = {0};
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    asg_core_view_instances(world->core, "web", &arena, &views, &count);
    for (size_t i = 0; i < count; i++) {
        if (views[i].state != ASG_INSTANCE_PENDING) continue;
        struct asg_health_sign one = {.instance_id = views[i].instance_id,
                                      .sign = ASG_SIGN_REPORTING,
                                      .detail = ""};
        const struct asg_health health = {.signs = &one, .sign_count = 1};
        feed(world, &(struct asg_event){.time_ms = world->now_ms,
                                        .kind = ASG_EVENT_HEALTH,
                                        .health = &health});
    }
    asg_arena_clear(&arena);
}

/* Time goes by; core has each tick that it asks for. */
static inline void play_time(struct world *world, int64_t length_ms)
{
    int64_t until_ms = world->now_ms + length_ms;
    int64_t next_ms;
    while ((next_ms = asg_core_next_deadline(world->core)) <= until_ms) {
        if (next_ms > world->now_ms) world->now_ms = next_ms;
        feed(world,
             &(struct asg_event){.time_ms = world->now_ms, .kind = ASG_EVENT_TICK});
    }
    world->now_ms = until_ms;
    play_reports(world);
}

/* The id of the group's instance at this place that is in service; "" without one. */
static inline void play_instance(struct world *world, size_t index, char ret[32])
{
    struct asg_arena arena = {0};
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    ret[0] = '\0';
    asg_core_view_instances(world->core, "web", &arena, &views, &count);
    for (size_t i = 0; i < count; i++) {
        if (views[i].state != ASG_INSTANCE_IN_SERVICE || index-- > 0) continue;
        (void)snprintf(ret, 32, "%s", views[i].instance_id);
        break;
    }
    asg_arena_clear(&arena);
}

static inline void play_seen(struct world *world, size_t index, enum asg_ec2_state state)
{
    char id[32];
    play_instance(world, index, id);
    struct asg_seen_instance seen = {.instance_id = id,
                                     .state = state,
                                     .instance_type = "t3.micro",
                                     .subnet_id = "",
                                     .zone = "us-east-1a",
                                     .private_ip = "",
                                     .state_reason = "",
                                     .group = "web",
                                     .client_token = ""};
    const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
    feed(world, &(struct asg_event){.time_ms = world->now_ms,
                                    .kind = ASG_EVENT_OBSERVED,
                                    .observed = &observed});
}

static inline void play_sign(struct world *world, size_t index, enum asg_sign sign)
{
    char id[32];
    play_instance(world, index, id);
    struct asg_health_sign one = {.instance_id = id, .sign = sign, .detail = "as told"};
    const struct asg_health health = {.signs = &one, .sign_count = 1};
    feed(world, &(struct asg_event){.time_ms = world->now_ms,
                                    .kind = ASG_EVENT_HEALTH,
                                    .health = &health});
}

static inline void play_desired(struct world *world, uint32_t desired)
{
    order(world, (struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                                      .group = "web",
                                      .desired = desired,
                                      .force = true});
    play_time(world, 2 * PLAY_MINUTE);
}

static inline void play_order_about(struct world *world, size_t index,
                                    struct asg_command command)
{
    char id[32];
    play_instance(world, index, id);
    const char *ids = id;
    command.group = "web";
    command.instance_ids = (struct asg_texts){&ids, 1};
    order(world, command);
    play_time(world, 5 * PLAY_MINUTE);
}

/* Its agent enrols, by a line of an operator; `number` says with which keys. */
static inline void play_enrolment(struct world *world, size_t index, int number)
{
    char id[32];
    char curve_key[ASG_CURVE_KEY_CHARS + 1];
    char tls_key[ASG_TLS_KEY_CHARS + 1];
    play_instance(world, index, id);
    (void)snprintf(curve_key, sizeof curve_key, "%040d", number);
    (void)snprintf(tls_key, sizeof tls_key, "%064d", number);
    const struct asg_enrolment enrolment = {.instance_id = id,
                                            .curve_key = curve_key,
                                            .tls_key = tls_key,
                                            .serial = "01",
                                            .proof = ASG_PROOF_TOKEN,
                                            .address = "10.0.0.1"};
    feed(world, &(struct asg_event){.time_ms = world->now_ms,
                                    .kind = ASG_EVENT_ENROLMENT,
                                    .enrolment = &enrolment});
}

/* Keys are bound, once; others are refused until an operator says that they may be. */
static inline void play_enrolments(struct world *world)
{
    for (size_t i = 0; i < 3; i++)
        play_enrolment(world, i, (int)i + 1);
    play_enrolment(world, 0, 1);
    play_enrolment(world, 1, 9);
    play_enrolment(world, 2, 1);
    play_order_about(world, 1, (struct asg_command){.kind = ASG_COMMAND_INSTANCE_REBIND});
    play_enrolment(world, 1, 9);
}

/* What holds a group back, and lets it go on. */
static inline void play_holds(struct world *world)
{
    const uint64_t launch = UINT64_C(1) << ASG_PROCESS_LAUNCH;
    order(world, (struct asg_command){
                     .kind = ASG_COMMAND_SUSPEND, .group = "web", .processes = launch});
    play_desired(world, 7);
    order(world, (struct asg_command){
                     .kind = ASG_COMMAND_RESUME, .group = "web", .processes = launch});
    play_time(world, PLAY_MINUTE);
    order(world, (struct asg_command){.kind = ASG_COMMAND_HALT});
    play_desired(world, 5);
    order(world, (struct asg_command){.kind = ASG_COMMAND_UNHALT});
    play_time(world, 10 * PLAY_MINUTE);
}

/* What is wrong with instances, and what operators say of them. */
static inline void play_health(struct world *world)
{
    const struct asg_group_config by_agent = {.health_check = ASG_HEALTH_CHECK_AGENT};
    play_seen(world, 0, ASG_EC2_STOPPED);
    play_time(world, 5 * PLAY_MINUTE);
    order(world,
          (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &by_agent,
                               .group_fields = UINT64_C(1) << ASG_GROUP_HEALTH_CHECK});
    play_enrolments(world);
    for (size_t i = 0; i < 5; i++)
        play_sign(world, i, ASG_SIGN_REPORTING);
    play_time(world, 5 * PLAY_MINUTE);
    play_sign(world, 1, ASG_SIGN_SILENT);
    play_sign(world, 1, ASG_SIGN_PROBE_FAILED);
    play_time(world, 5 * PLAY_MINUTE);
    play_sign(world, 0, ASG_SIGN_REBALANCE);
    play_time(world, PLAY_MINUTE);
    play_order_about(world, 0,
                     (struct asg_command){.kind = ASG_COMMAND_PROTECT_INSTANCES,
                                          .is_protected = true});
    play_order_about(world, 1,
                     (struct asg_command){.kind = ASG_COMMAND_SET_INSTANCE_HEALTH});
    play_order_about(
        world, 1,
        (struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE, .decrement = true});
    play_order_about(world, 1,
                     (struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE});
}

static inline void play_schedule(struct world *world)
{
    const struct asg_schedule_config schedule = {.group = "web",
                                                 .name = "evening",
                                                 .min = 3,
                                                 .max = ASG_UNSET,
                                                 .desired = 6,
                                                 .start_ms = world->now_ms + PLAY_MINUTE,
                                                 .recurrence = "*/10 * * * *",
                                                 .time_zone = "UTC"};
    order(world, (struct asg_command){.kind = ASG_COMMAND_SCHEDULE_PUT,
                                      .group = "web",
                                      .name = schedule.name,
                                      .schedule_config = &schedule});
    play_time(world, 5 * PLAY_MINUTE);
    play_desired(world, 4);
    play_time(world, 12 * PLAY_MINUTE);
    order(world, (struct asg_command){.kind = ASG_COMMAND_SCHEDULE_DELETE,
                                      .group = "web",
                                      .name = schedule.name});
    order(world, (struct asg_command){.kind = ASG_COMMAND_EXECUTE_POLICY,
                                      .group = "web",
                                      .name = "out",
                                      .has_metric_value = true,
                                      .metric_value_milli = 90000,
                                      .breach_threshold_milli = 70000});
    play_time(world, PLAY_MINUTE);
}

static inline void play_orders(struct world *world)
{
    const struct asg_group_config wider = {.max = 10};
    order(world, (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                      .group = "web",
                                      .group_config = &wider,
                                      .group_fields = UINT64_C(1) << ASG_GROUP_MAX});
    play_desired(world, 6);
    play_desired(world, 11); /* above max: refused */
    world->failures = 4;
    play_desired(world, 8);
    play_time(world, 20 * PLAY_MINUTE);
    play_holds(world);
    play_health(world);
    play_schedule(world);
    world->now_ms += 60 * PLAY_MINUTE; /* nobody leads */
    order(world, (struct asg_command){.kind = ASG_COMMAND_LEAD,
                                      .rules = asg_core_newest_rules(),
                                      .epoch = 2});
    play_time(world, 5 * PLAY_MINUTE);
    order(world, (struct asg_command){
                     .kind = ASG_COMMAND_POLICY_DELETE, .group = "web", .name = "out"});
    order(world, (struct asg_command){
                     .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    play_time(world, 10 * PLAY_MINUTE);
    append_hash(world);
}

#endif
