/* model_time - what happens by itself as time passes. */
#include "ec2local/model_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *asg_world_state_name(enum asg_world_state state)
{
    switch (state) {
    case ASG_WORLD_PENDING: return "pending";
    case ASG_WORLD_RUNNING: return "running";
    case ASG_WORLD_SHUTTING_DOWN: return "shutting-down";
    case ASG_WORLD_TERMINATED: return "terminated";
    case ASG_WORLD_STOPPING: return "stopping";
    case ASG_WORLD_STOPPED: return "stopped";
    }
    return "unknown";
}

void asg_world_effects_clear(struct asg_world_effects *effects)
{
    free(effects->items);
    *effects = (struct asg_world_effects){0};
}

void asg_world_add_effect(struct asg_world_effects *effects,
                          enum asg_world_effect_kind kind, const char *id)
{
    if (effects->count == effects->capacity) {
        effects->capacity = effects->capacity == 0 ? 16 : effects->capacity * 2;
        effects->items =
            asg_realloc(effects->items, effects->capacity, sizeof *effects->items);
    }
    struct asg_world_effect *effect = &effects->items[effects->count++];
    *effect = (struct asg_world_effect){.kind = kind};
    memcpy(effect->id, id, strlen(id) + 1);
}

bool asg_world_is_live(enum asg_world_state state)
{
    return state == ASG_WORLD_PENDING || state == ASG_WORLD_RUNNING ||
           state == ASG_WORLD_STOPPING;
}

int64_t asg_world_boot_delay(struct asg_world *world)
{
    uint64_t span =
        (uint64_t)(world->options.boot_max_ms - world->options.boot_min_ms) + 1;
    return world->options.boot_min_ms + (int64_t)(asg_world_random(world) % span);
}

static void count_live(struct asg_world *world, const struct asg_world_instance *instance,
                       bool was_live, bool is_live)
{
    if (was_live && !is_live) {
        world->live_count--;
        world->live_vcpus -= instance->type->vcpus;
    } else if (!was_live && is_live) {
        world->live_count++;
        world->live_vcpus += instance->type->vcpus;
    }
}

void asg_world_change_state(struct asg_world *world, struct asg_world_instance *instance,
                            enum asg_world_state state, int64_t now_ms, int64_t due_ms)
{
    bool was_live = instance->history_count > 0 && asg_world_is_live(instance->state);
    count_live(world, instance, was_live, asg_world_is_live(state));
    if (instance->history_count == ASG_WORLD_HISTORY) {
        memmove(&instance->history[0], &instance->history[1],
                (ASG_WORLD_HISTORY - 1) * sizeof instance->history[0]);
        instance->history_count--;
    }
    instance->history[instance->history_count++] =
        (struct asg_world_change){.state = state, .at_ms = now_ms};
    instance->state = state;
    instance->due_ms = due_ms;
    if (due_ms < world->next_ms) world->next_ms = due_ms;
}

bool asg_world_state_seen(const struct asg_world_instance *instance, int64_t now_ms,
                          int64_t lag_ms, enum asg_world_state *ret)
{
    if (lag_ms <= 0) {
        *ret = instance->state;
        return true;
    }
    for (uint32_t i = instance->history_count; i > 0; i--) {
        if (instance->history[i - 1].at_ms > now_ms - lag_ms) continue;
        *ret = instance->history[i - 1].state;
        return true;
    }
    return false;
}

static void become_running(struct asg_world *world, struct asg_world_instance *instance,
                           int64_t now_ms, struct asg_world_effects *effects)
{
    if (instance->dies) {
        /* A 200 is not a running instance (EC2 user guide, "Instance terminates
         * immediately"). */
        instance->reason_code = "Server.InternalError";
        instance->reason_message = "Server.InternalError: Internal error on launch";
        asg_world_give_address(world, instance);
        asg_world_change_state(world, instance, ASG_WORLD_TERMINATED, now_ms,
                               now_ms + world->options.keep_ms);
        return;
    }
    asg_world_change_state(world, instance, ASG_WORLD_RUNNING, now_ms, NEVER_MS);
    instance->has_tree = true;
    asg_world_add_effect(effects, ASG_WORLD_BOOT, instance->id);
}

/* The tree that a reboot ended is gone. */
static void boot_again(struct asg_world_instance *instance,
                       struct asg_world_effects *effects)
{
    assert(instance->state == ASG_WORLD_RUNNING); /* what ends it calls the reboot off */
    instance->reboots = false;
    instance->has_tree = true;
    asg_world_add_effect(effects, ASG_WORLD_BOOT, instance->id);
}

/* A running instance has a due time only when its interruption is announced. */
static void take_back(struct asg_world *world, struct asg_world_instance *instance,
                      int64_t now_ms, struct asg_world_effects *effects)
{
    instance->reason_code = "Server.SpotInstanceTermination";
    instance->reason_message =
        "Server.SpotInstanceTermination: Spot instance termination";
    bool is_ended = instance->reboots;
    instance->reboots = false;
    asg_world_change_state(world, instance, ASG_WORLD_SHUTTING_DOWN, now_ms,
                           now_ms + world->options.stop_ms);
    if (!is_ended) asg_world_add_effect(effects, ASG_WORLD_KILL, instance->id);
}

bool asg_world_announce(struct asg_world *world, const char *id,
                        enum asg_world_notice notice, const char *code, int64_t at_ms)
{
    uint32_t at = asg_id_map_find(&world->by_id, id);
    if (at == ASG_ID_MAP_NONE) return false;
    struct asg_world_instance *instance = world->instances[at];
    if (instance->state != ASG_WORLD_RUNNING) return false;
    switch (notice) {
    case ASG_WORLD_INTERRUPTION:
        if (!instance->launch->data.is_spot) return false;
        instance->taken_back_ms = at_ms;
        instance->due_ms = at_ms;
        if (at_ms < world->next_ms) world->next_ms = at_ms;
        break;
    case ASG_WORLD_REBALANCE: instance->risk_ms = at_ms; break;
    case ASG_WORLD_SCHEDULED_EVENT: {
        size_t length = strnlen(code, sizeof instance->event_code - 1);
        memcpy(instance->event_code, code, length);
        instance->event_code[length] = '\0';
        instance->event_ms = at_ms;
        break;
    }
    case ASG_WORLD_IMPAIRED: instance->is_impaired = code[0] != '\0'; break;
    }
    return true;
}

/* Returns false when the instance is to be forgotten. */
static bool step_instance(struct asg_world *world, struct asg_world_instance *instance,
                          int64_t now_ms, struct asg_world_effects *effects)
{
    switch (instance->state) {
    case ASG_WORLD_PENDING: become_running(world, instance, now_ms, effects); return true;
    case ASG_WORLD_SHUTTING_DOWN:
        if (instance->has_tree) return true; /* asg_world_tree_ended() goes on */
        asg_world_give_address(world, instance);
        asg_world_change_state(world, instance, ASG_WORLD_TERMINATED, now_ms,
                               now_ms + world->options.keep_ms);
        return true;
    case ASG_WORLD_STOPPING:
        if (instance->has_tree) return true;
        asg_world_change_state(world, instance, ASG_WORLD_STOPPED, now_ms, NEVER_MS);
        return true;
    case ASG_WORLD_TERMINATED: return false;
    case ASG_WORLD_RUNNING: take_back(world, instance, now_ms, effects); return true;
    case ASG_WORLD_STOPPED: break;
    }
    return true;
}

static bool is_waiting_for_tree(const struct asg_world_instance *instance)
{
    return instance->has_tree && (instance->state == ASG_WORLD_SHUTTING_DOWN ||
                                  instance->state == ASG_WORLD_STOPPING);
}

void asg_world_advance(struct asg_world *world, int64_t now_ms,
                       struct asg_world_effects *effects)
{
    if (now_ms < world->next_ms) return;
    world->next_ms = NEVER_MS;
    size_t kept = 0;
    for (size_t i = 0; i < world->instance_count; i++) {
        struct asg_world_instance *instance = world->instances[i];
        if (instance->reboots && !instance->has_tree) {
            boot_again(instance, effects);
        }
        if (instance->due_ms <= now_ms &&
            !step_instance(world, instance, now_ms, effects)) {
            asg_world_add_effect(effects, ASG_WORLD_FORGET, instance->id);
            asg_id_map_remove(&world->by_id, instance->id);
            asg_world_release_launch(&instance->launch);
            asg_world_tags_clear(&instance->tags);
            free(instance);
            continue;
        }
        if (!is_waiting_for_tree(instance) && instance->due_ms < world->next_ms) {
            world->next_ms = instance->due_ms;
        }
        if (kept != i) asg_id_map_put(&world->by_id, instance->id, (uint32_t)kept);
        world->instances[kept++] = instance;
    }
    world->instance_count = kept;
}

int64_t asg_world_next_ms(const struct asg_world *world)
{
    return world->next_ms;
}

void asg_world_tree_ended(struct asg_world *world, const char *id)
{
    uint32_t at = asg_id_map_find(&world->by_id, id);
    if (at == ASG_ID_MAP_NONE) return;
    struct asg_world_instance *instance = world->instances[at];
    instance->has_tree = false;
    if (instance->reboots) world->next_ms = 0; /* at once */
    if (instance->due_ms < world->next_ms) world->next_ms = instance->due_ms;
}

const struct asg_world_instance *asg_world_find(const struct asg_world *world,
                                                const char *id)
{
    uint32_t at = asg_id_map_find(&world->by_id, id);
    return at == ASG_ID_MAP_NONE ? NULL : world->instances[at];
}
