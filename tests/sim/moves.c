/* moves - an operator who puts instances into standby and takes them back, attaches some
 * that nobody launched here, or that were detached, and detaches some that run on. */
#include <string.h>

#include "sim/sim.h"

#define AT_ONCE_MAX 3
#define LOOSE_MAX   4 /* instances of nobody's that go on living */
#define MEAN_MIN_US (2 * SIM_MINUTE)

static uint32_t below(uint32_t end)
{
    return (uint32_t)(sim_draw(sim_of(SIM_TOPIC_MOVES)) % end);
}

enum which { IN_GROUP, STANDING, IN_GROUP_OR_STANDING, OF_NOBODY };

static bool is_it(const struct sim_instance *instance, enum which which,
                  const struct sim_group *group)
{
    if (!sim_is_ours(instance)) return false;
    bool is_loose = instance->is_detached || instance->is_foreign;
    if (which == OF_NOBODY) return is_loose;
    if (instance->group != group || is_loose || instance->is_over) return false;
    if (which == STANDING) return instance->stands_by;
    return which == IN_GROUP_OR_STANDING || !instance->stands_by;
}

/* Some of them by chance, `most` at most. */
static size_t choose(enum which which, const struct sim_group *group, size_t most,
                     struct sim_instance **ret)
{
    size_t there = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        there += is_it(sim.instances[i], which, group) ? 1 : 0;
    }
    size_t count = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count && count < most; i++) {
        if (!is_it(sim.instances[i], which, group)) continue;
        if (below((uint32_t)there) < most) ret[count++] = sim.instances[i];
    }
    return count;
}

static void order(enum asg_command_kind kind, const struct sim_group *group,
                  struct sim_instance *const *instances, size_t count, bool decrement)
{
    const char *ids[ASG_MOVED_INSTANCES_MAX];
    for (size_t i = 0; i < count; i++) {
        ids[i] = instances[i]->id;
    }
    struct asg_command command = {.kind = kind,
                                  .group = group->name,
                                  .instance_ids = {.items = ids, .count = count},
                                  .decrement = decrement};
    if (count > 0) sim_order(&command);
}

/* As the edge's look-up finds them. */
static void attach(const struct sim_group *group, struct sim_instance *const *instances,
                   size_t count)
{
    const char *ids[AT_ONCE_MAX];
    struct asg_seen_instance seen[AT_ONCE_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct asg_world_instance *real =
            asg_world_find(sim.world, instances[i]->id);
        if (real == NULL) return;
        ids[i] = instances[i]->id;
        seen[i] = (struct asg_seen_instance){
            .instance_id = instances[i]->id,
            .state = real->state == ASG_WORLD_RUNNING ? ASG_EC2_RUNNING : ASG_EC2_PENDING,
            .instance_type = "t3.small",
            .subnet_id = real->subnet->id,
            .zone = real->subnet->zone->name,
            .private_ip = real->address_text,
            .launched_ms = real->launched_at_ms,
            .state_reason = "",
            .group = "",
            .client_token = "",
            .event_code = ""};
    }
    struct asg_command command = {.kind = ASG_COMMAND_ATTACH_INSTANCES,
                                  .group = group->name,
                                  .instance_ids = {.items = ids, .count = count},
                                  .seen = seen,
                                  .seen_count = count};
    if (count > 0) sim_order(&command);
}

/* Somebody whose machines they are ends them one day. */
static void end_loose(void)
{
    struct sim_instance *loose[LOOSE_MAX + 1];
    size_t count = choose(OF_NOBODY, NULL, LOOSE_MAX + 1, loose);
    if (count > LOOSE_MAX) sim_world_kill(loose[below((uint32_t)count)]);
}

void sim_move(void)
{
    if (!sim.features.moves || (sim.is_quiet && !sim.is_calm)) return;
    const struct sim_group *group = &our->groups[below(our->group_count)];
    struct sim_instance *some[AT_ONCE_MAX];
    size_t most = 1 + below(AT_ONCE_MAX);
    bool decrement = below(2) == 0;
    switch (below(6)) {
    case 0:
    case 1:
        order(ASG_COMMAND_ENTER_STANDBY, group, some, choose(IN_GROUP, group, most, some),
              decrement);
        break;
    case 2:
        order(ASG_COMMAND_EXIT_STANDBY, group, some, choose(STANDING, group, most, some),
              false);
        break;
    case 3:
        order(ASG_COMMAND_DETACH_INSTANCES, group, some,
              choose(IN_GROUP_OR_STANDING, group, most, some), decrement);
        break;
    case 4: {
        struct sim_instance *like = sim_any_instance(sim_of(SIM_TOPIC_MOVES));
        if (like != NULL) (void)sim_world_foreign(like); /* attached later, perhaps */
        break;
    }
    default: attach(group, some, choose(OF_NOBODY, NULL, most, some)); break;
    }
    end_loose();
    int64_t mean_us =
        sim.operator_mean_us > MEAN_MIN_US ? sim.operator_mean_us : MEAN_MIN_US;
    sim_wish(&our->move_turn,
             sim.now_us + sim_between(sim_of(SIM_TOPIC_MOVES), 1, 2 * mean_us),
             SIM_EVENT_ADMIN, SIM_ADMIN_MOVE);
}

static void end_one(const struct sim_group *group, struct sim_instance *instance)
{
    order(ASG_COMMAND_TERMINATE_INSTANCE, group, &instance, 1, false);
}

void sim_move_back(void)
{
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        const struct sim_group *group = instance->group;
        if (!sim_is_ours(instance) || group == NULL || group->is_deleting) continue;
        if (instance->is_over && !instance->stands_by) continue;
        bool has_room = group->desired < group->max && group->suspended == 0;
        if (instance->is_attached || (instance->stands_by && !has_room)) {
            end_one(group, instance);
        } else if (instance->stands_by) {
            order(ASG_COMMAND_EXIT_STANDBY, group, &instance, 1, false);
        }
    }
}

/* ---- what the books say ---- */

void sim_note_let_go(struct sim_instance *instance)
{
    struct sim_group *group = instance->group;
    if (group != NULL && instance->is_alive) {
        group->alive--;
        group->strays -= instance->is_stray ? 1 : 0;
        if (instance->agent.process.is_up) group->serving--;
    }
    instance->group = NULL;
    instance->is_detached = true;
    instance->is_attached = false;
    instance->stands_by = false;
    instance->is_protected = false;
    instance->is_heard = false; /* whatever its agent says from here on */
    instance->drain_from_ms = 0;
}

static void join(struct sim_instance *instance, struct sim_group *group)
{
    instance->group = group;
    instance->is_detached = false;
    instance->is_foreign = false;
    instance->is_attached = true;
    instance->is_over = false;
    instance->job_id = 0; /* of no launch */
    if (!instance->is_alive) return;
    group->alive++;
    group->strays += instance->is_stray ? 1 : 0;
    if (instance->agent.process.is_up) group->serving++;
}

void sim_note_moved(const struct asg_command *command, struct sim_group *group)
{
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        struct sim_instance *instance = sim_find_instance(command->instance_ids.items[i]);
        if (instance == NULL) continue;
        switch (command->kind) {
        case ASG_COMMAND_ENTER_STANDBY: instance->stands_by = true; break;
        case ASG_COMMAND_EXIT_STANDBY:
            instance->stands_by = false;
            instance->well_since_us = sim.now_us;
            break;
        case ASG_COMMAND_ATTACH_INSTANCES: join(instance, group); break;
        default: sim_note_let_go(instance); break;
        }
    }
}
