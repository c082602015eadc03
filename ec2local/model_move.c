/* model_move - TerminateInstances, StopInstances, StartInstances, protection. */
#include "ec2local/model_private.h"

#include <string.h>
#include <stdio.h>

#include "base/clock.h"

static enum asg_status refuse_state(const struct asg_world_instance *instance,
                                    const char *verb, struct asg_world_refusal *refusal)
{
    return asg_world_refuse(refusal, 400, "IncorrectInstanceState",
                            "The instance '%s' is not in a state from which it can be %s "
                            "(it is %s).",
                            instance->id, verb, asg_world_state_name(instance->state));
}

static enum asg_status check_state(const struct asg_world_instance *instance,
                                   enum asg_world_verb verb,
                                   struct asg_world_refusal *refusal)
{
    enum asg_world_state state = instance->state;
    bool is_ending = state == ASG_WORLD_SHUTTING_DOWN || state == ASG_WORLD_TERMINATED;
    if (verb == ASG_WORLD_STOP) {
        if (instance->launch->data.is_spot) {
            return asg_world_refuse(refusal, 400, "UnsupportedOperation",
                                    "You can't stop the Spot Instance '%s' because it is "
                                    "associated with a one-time Spot Instance request.",
                                    instance->id);
        }
        if (is_ending || state == ASG_WORLD_PENDING) {
            return refuse_state(instance, "stopped", refusal);
        }
    }
    if (verb == ASG_WORLD_REBOOT &&
        (is_ending || state == ASG_WORLD_STOPPING || state == ASG_WORLD_STOPPED)) {
        return asg_world_refuse(refusal, 400, "IncorrectState",
                                "This instance '%s' is not in a valid state for that "
                                "operation.",
                                instance->id);
    }
    if (verb == ASG_WORLD_START && (is_ending || state == ASG_WORLD_STOPPING)) {
        return refuse_state(instance, "started", refusal);
    }
    return ASG_OK;
}

static void write_transition(struct asg_world_instance *instance, int64_t now_ms)
{
    char time[ASG_TIME_TEXT_MAX];
    asg_time_format(now_ms, time); /* 2026-11-23T15:30:00.123Z */
    (void)snprintf(instance->transition, sizeof instance->transition,
                   "User initiated (%.10s %.8s GMT)", time, time + 11);
    instance->reason_code = "Client.UserInitiatedShutdown";
    instance->reason_message = "Client.UserInitiatedShutdown: User initiated shutdown";
}

static void terminate(struct asg_world *world, struct asg_world_instance *instance,
                      int64_t now_ms, struct asg_world_effects *effects)
{
    if (instance->state == ASG_WORLD_SHUTTING_DOWN ||
        instance->state == ASG_WORLD_TERMINATED) {
        return; /* idempotent by itself */
    }
    write_transition(instance, now_ms);
    bool is_stopping = instance->state == ASG_WORLD_STOPPING;
    asg_world_change_state(world, instance, ASG_WORLD_SHUTTING_DOWN, now_ms,
                           now_ms + world->options.stop_ms);
    bool is_ended = is_stopping || instance->reboots; /* its tree is ending already */
    instance->reboots = false;
    if (instance->has_tree && !is_ended) {
        asg_world_add_effect(effects, ASG_WORLD_KILL, instance->id);
    }
}

static void stop(struct asg_world *world, struct asg_world_instance *instance,
                 int64_t now_ms, struct asg_world_effects *effects)
{
    if (instance->state != ASG_WORLD_RUNNING) return;
    write_transition(instance, now_ms);
    asg_world_change_state(world, instance, ASG_WORLD_STOPPING, now_ms,
                           now_ms + world->options.stop_ms);
    bool is_ended = instance->reboots;
    instance->reboots = false;
    if (instance->has_tree && !is_ended) {
        asg_world_add_effect(effects, ASG_WORLD_KILL, instance->id);
    }
}

static void start(struct asg_world *world, struct asg_world_instance *instance,
                  int64_t now_ms)
{
    if (instance->state != ASG_WORLD_STOPPED) return;
    instance->transition[0] = '\0';
    instance->reason_code = "";
    instance->reason_message = "";
    instance->launched_at_ms = now_ms;
    asg_world_change_state(world, instance, ASG_WORLD_PENDING, now_ms,
                           now_ms + asg_world_boot_delay(world));
}

static void reboot(struct asg_world_instance *instance, struct asg_world_effects *effects)
{
    /* One that is pending boots anyway; one that reboots already does it once. */
    if (instance->state != ASG_WORLD_RUNNING || instance->reboots) return;
    if (!instance->has_tree) return;
    instance->reboots = true;
    asg_world_add_effect(effects, ASG_WORLD_KILL, instance->id);
}

static void move(struct asg_world *world, struct asg_world_instance *instance,
                 enum asg_world_verb verb, int64_t now_ms,
                 struct asg_world_effects *effects)
{
    switch (verb) {
    case ASG_WORLD_TERMINATE: terminate(world, instance, now_ms, effects); break;
    case ASG_WORLD_STOP: stop(world, instance, now_ms, effects); break;
    case ASG_WORLD_START: start(world, instance, now_ms); break;
    case ASG_WORLD_REBOOT: reboot(instance, effects); break;
    }
}

/* Zones that hold a protected one of these instances, as bits. */
static uint32_t protected_zones(const struct asg_world *world,
                                struct asg_world_instance *const *instances, size_t count,
                                const char **ret_first)
{
    uint32_t zones = 0;
    for (size_t i = 0; i < count; i++) {
        if (!instances[i]->is_protected || !asg_world_is_live(instances[i]->state)) {
            /* What is stopped is protected as well; what is over is not. */
            if (!instances[i]->is_protected || instances[i]->state != ASG_WORLD_STOPPED) {
                continue;
            }
        }
        if (zones == 0) *ret_first = instances[i]->id;
        zones |= UINT32_C(1) << asg_world_zone_of(world, instances[i]->subnet);
    }
    return zones;
}

/* What is started counts again. */
static enum asg_status check_room(const struct asg_world *world,
                                  struct asg_world_instance *const *found, size_t count,
                                  struct asg_world_refusal *refusal)
{
    const struct asg_world_options *options = &world->options;
    uint64_t instances = world->live_count;
    uint64_t vcpus = world->live_vcpus;
    for (size_t i = 0; i < count; i++) {
        if (found[i]->state != ASG_WORLD_STOPPED) continue;
        instances++;
        vcpus += found[i]->type->vcpus;
    }
    if (options->instance_limit > 0 && instances > options->instance_limit) {
        return asg_world_refuse(refusal, 400, "InstanceLimitExceeded",
                                "Your current instance limit of %u does not allow "
                                "starting these.",
                                options->instance_limit);
    }
    if (options->vcpu_limit > 0 && vcpus > options->vcpu_limit) {
        return asg_world_refuse(refusal, 400, "VcpuLimitExceeded",
                                "Your current vCPU limit of %u does not allow "
                                "starting these.",
                                options->vcpu_limit);
    }
    return ASG_OK;
}

static enum asg_status check_move(const struct asg_world *world,
                                  const struct asg_world_move_request *request,
                                  int64_t now_ms, struct asg_world_instance **found,
                                  struct asg_world_refusal *refusal)
{
    if (request->ids.count == 0) {
        return asg_world_refuse(refusal, 400, "InvalidParameterCombination",
                                "No instances specified");
    }
    if (request->ids.count > ASG_WORLD_BATCH_MAX) {
        return asg_world_refuse(refusal, 400, "RequestResourceCountExceeded",
                                "At most %d instances may be named in one request",
                                ASG_WORLD_BATCH_MAX);
    }
    enum asg_status status =
        asg_world_look_up(world, &request->ids, now_ms, request->lag_ms, found, refusal);
    for (size_t i = 0; status == ASG_OK && i < request->ids.count; i++) {
        status = check_state(found[i], request->verb, refusal);
    }
    if (status == ASG_OK && request->verb == ASG_WORLD_START) {
        status = check_room(world, found, request->ids.count, refusal);
    }
    if (status == ASG_OK && request->is_dry_run) {
        status = asg_world_refuse_dry_run(refusal);
    }
    return status;
}

enum asg_status asg_world_move(struct asg_world *world,
                               const struct asg_world_move_request *request,
                               int64_t now_ms, struct asg_arena *arena,
                               struct asg_world_moves *ret,
                               struct asg_world_effects *effects,
                               struct asg_world_refusal *refusal)
{
    size_t count = request->ids.count;
    struct asg_world_instance **found =
        asg_arena_take(arena, (count + 1) * sizeof *found);
    enum asg_status status = check_move(world, request, now_ms, found, refusal);
    if (status != ASG_OK) return status;
    const char *first = "";
    uint32_t closed = 0;
    if (request->verb == ASG_WORLD_TERMINATE) {
        closed = protected_zones(world, found, count, &first);
    }
    struct asg_world_moves moves = {
        .items = asg_arena_take(arena, count * sizeof *moves.items)};
    for (size_t i = 0; i < count; i++) {
        if ((closed >> asg_world_zone_of(world, found[i]->subnet) & 1) != 0) continue;
        enum asg_world_state before = found[i]->state;
        move(world, found[i], request->verb, now_ms, effects);
        moves.items[moves.count++] = (struct asg_world_move){
            .instance = found[i], .before = before, .after = found[i]->state};
    }
    if (closed != 0) {
        return asg_world_refuse(
            refusal, 400, "OperationNotPermitted",
            "The instance '%s' may not be terminated. Modify its "
            "'disableApiTermination' instance attribute and try again.",
            first);
    }
    *ret = moves;
    return ASG_OK;
}

enum asg_status asg_world_protect(struct asg_world *world, const char *id,
                                  bool is_protected, struct asg_world_refusal *refusal)
{
    const char *items[] = {id};
    const struct asg_world_ids ids = {.items = items, .count = 1};
    struct asg_world_instance *instance = NULL;
    enum asg_status status = asg_world_look_up(world, &ids, 0, 0, &instance, refusal);
    if (status != ASG_OK) return status;
    instance->is_protected = is_protected;
    return ASG_OK;
}
