/* Laws: one_key_one_instance, thieves_are_never_bound, reports_count_of_bound_keys_only,
 * bindings_survive_restarts.
 *
 * An instance's keys are those of its own agent, and change only after an order to
 * rebind; no key is of two instances. An instance is heard only once its agent has spoken
 * with the keys that are bound. A controller that begins to lead hands over what is
 * durably bound. */
#include <string.h>

#include "sim/sim.h"

#define LATE_US SIM_MINUTE /* a sign that was under way when the keys were forgotten */

/* Which of its own; 0: none of them. */
static uint32_t generation_of(const struct sim_instance *instance,
                              const struct asg_member *member)
{
    for (uint32_t i = 1; i <= instance->generation; i++) {
        char curve_key[ASG_BUS_KEY_SIZE];
        char tls_key[ASG_KEY_HASH_SIZE];
        sim_keys_of(instance, i, curve_key, tls_key);
        bool is_it = strcmp(curve_key, member->curve_key) == 0 &&
                     strcmp(tls_key, member->tls_key) == 0;
        if (is_it) return i;
    }
    return 0;
}

/* Either of its keys is of another instance's agent. */
static bool is_of_another(const struct sim_instance *instance,
                          const struct asg_member *member)
{
    for (size_t i = 0; i < sim.instance_count; i++) {
        const struct sim_instance *other = sim.instances[i];
        if (other == instance || other->cluster != our) continue;
        for (uint32_t g = 1; g <= other->generation; g++) {
            char curve_key[ASG_BUS_KEY_SIZE];
            char tls_key[ASG_KEY_HASH_SIZE];
            sim_keys_of(other, g, curve_key, tls_key);
            if (strcmp(curve_key, member->curve_key) == 0 ||
                strcmp(tls_key, member->tls_key) == 0) {
                return true;
            }
        }
    }
    return false;
}

static uint32_t judge_keys(const struct sim_instance *instance,
                           const struct asg_member *member)
{
    uint32_t generation = generation_of(instance, member);
    if (generation != 0) return generation;
    if (is_of_another(instance, member)) {
        sim_break("one_key_one_instance", "%s is bound to a key of another instance",
                  instance->id);
    } else {
        sim_break("thieves_are_never_bound",
                  "%s is bound to keys that its agent never had", instance->id);
    }
    return 0;
}

static void unbind(struct sim_instance *instance)
{
    if (instance->bound_generation == 0) return;
    instance->bound_generation = 0;
    instance->unbound_us = sim.now_us;
    instance->is_rebound = false;
}

static void note_member(const struct asg_member *member)
{
    struct sim_instance *instance = sim_find_instance(member->instance_id);
    if (instance == NULL) return;
    if (member->curve_key[0] == '\0') {
        bool may = member->state == ASG_MEMBER_GONE || instance->is_rebound ||
                   instance->bound_generation == 0;
        if (!may) {
            sim_break("bindings_survive_restarts",
                      "the keys of %s are forgotten, and nobody ordered that",
                      instance->id);
        }
        unbind(instance);
        return;
    }
    uint32_t generation = judge_keys(instance, member);
    bool is_other =
        instance->bound_generation != 0 && instance->bound_generation != generation;
    if (is_other && !instance->is_rebound) {
        sim_break("one_key_one_instance",
                  "%s is bound to other keys without an order to rebind it",
                  instance->id);
    }
    instance->bound_generation = generation;
    instance->is_rebound = false;
}

void law_bound(const struct asg_effects *effects)
{
    for (size_t i = 0; i < effects->member_count; i++) {
        note_member(&effects->members[i]);
    }
}

void law_bound_order(const struct asg_command *command)
{
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        struct sim_instance *instance = sim_find_instance(command->instance_ids.items[i]);
        if (instance != NULL) instance->is_rebound = true;
    }
}

void law_heard(const struct asg_health *health)
{
    for (size_t i = 0; i < health->sign_count; i++) {
        if (health->signs[i].sign != ASG_SIGN_REPORTING) continue;
        const struct sim_instance *instance =
            sim_find_instance(health->signs[i].instance_id);
        if (instance == NULL) continue;
        uint32_t bound = instance->bound_generation;
        bool is_late = bound == 0 && instance->unbound_us != 0 &&
                       sim.now_us - instance->unbound_us < LATE_US;
        if (bound == 0 && !is_late) {
            sim_break("reports_count_of_bound_keys_only",
                      "%s is heard, and no keys are bound to it", instance->id);
        } else if (instance->spoke_generation < bound) {
            sim_break("reports_count_of_bound_keys_only",
                      "%s is heard before its agent has spoken with the keys that are "
                      "bound",
                      instance->id);
        }
    }
}

/* ---- what the next leader knows ---- */

static void learn(const struct asg_effects *watching)
{
    for (size_t i = 0; i < watching->member_count; i++) {
        struct sim_instance *instance =
            sim_find_instance(watching->members[i].instance_id);
        if (instance == NULL || watching->members[i].curve_key[0] == '\0') continue;
        instance->bound_generation = judge_keys(instance, &watching->members[i]);
    }
}

static const struct asg_member *find(const struct asg_effects *watching, const char *id)
{
    for (size_t i = 0; i < watching->member_count; i++) {
        if (strcmp(watching->members[i].instance_id, id) == 0) {
            return &watching->members[i];
        }
    }
    return NULL;
}

static void compare(const struct asg_effects *watching)
{
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        if (instance->cluster != our || instance->bound_generation == 0) continue;
        const struct asg_member *member = find(watching, instance->id);
        bool is_same = member != NULL &&
                       generation_of(instance, member) == instance->bound_generation;
        if (is_same) continue;
        sim_break("bindings_survive_restarts",
                  "the keys of %s are bound in the log, and the new leader hands over %s",
                  instance->id, member == NULL ? "no such member" : "others, or none");
    }
}

void law_bindings_survive(void)
{
    if (!our->checks_bindings || our->controller == NULL) return;
    if (our->controller->commit == NULL || our->host.is_dying) return;
    our->checks_bindings = false;
    struct asg_effects watching = {0};
    asg_core_watching(asg_commit_core(our->controller->commit), &watching.arena,
                      &watching);
    if (our->learns_bindings) learn(&watching);
    if (!our->learns_bindings) compare(&watching);
    our->learns_bindings = false;
    asg_effects_clear(&watching);
}
