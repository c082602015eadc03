/* moved_as_ordered - standby, attach and detach do what they say: desired moves by as
 * many as the order says and by no more; who stands by ends by an order, with its group,
 * or by itself; who was let go, or was never ours, is neither ended nor taken in; who is
 * attached serves only with our tags on it, and who is let go has none of them in the
 * end. */
#include <string.h>

#include "sim/sim.h"

#define LAW "moved_as_ordered"

static bool is_end(const struct asg_decision *decision)
{
    return decision->state_to == ASG_INSTANCE_TERMINATING &&
           decision->state_from != decision->state_to;
}

void law_moved_decision(const struct asg_decision *decision)
{
    const struct sim_instance *instance = sim_find_instance(decision->instance_id);
    if (instance == NULL) return;
    bool is_nobodys = instance->is_detached || instance->is_foreign;
    if (is_nobodys && (is_end(decision) || decision->kind == ASG_DECISION_ADOPT)) {
        sim_break(LAW, "%s is none of ours: %s", instance->id, decision->text);
    }
    bool is_ordered =
        decision->cause == ASG_CAUSE_ORDER || decision->cause == ASG_CAUSE_GROUP_DELETED;
    bool stood_by = decision->state_from == ASG_INSTANCE_STANDBY ||
                    decision->state_from == ASG_INSTANCE_ENTERING_STANDBY;
    if (stood_by && is_end(decision) && !is_ordered) {
        sim_break(LAW, "%s stands by: %s", instance->id, decision->text);
    }
    bool serves = decision->state_to == ASG_INSTANCE_IN_SERVICE &&
                  decision->state_from != decision->state_to;
    if (serves && instance->is_attached && instance->is_alive &&
        !sim_has_our_tags(instance)) {
        sim_break(LAW, "%s serves and has no tags of ours: %s", instance->id,
                  decision->text);
    }
}

void law_moved_plan(const struct asg_job *plan)
{
    if (plan->kind != ASG_JOB_TERMINATE) return;
    for (size_t i = 0; i < plan->terminate->instance_ids.count; i++) {
        const char *id = plan->terminate->instance_ids.items[i];
        const struct sim_instance *instance = sim_find_instance(id);
        if (instance == NULL || (!instance->is_detached && !instance->is_foreign))
            continue;
        sim_break(LAW, "job %s is to end %s, which is none of ours", plan->name, id);
    }
}

/* By how much desired is to move; of a detachment those in standby have no place. */
static int64_t expected_change(const struct asg_command *command)
{
    int64_t count = (int64_t)command->instance_ids.count;
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        const struct sim_instance *instance =
            sim_find_instance(command->instance_ids.items[i]);
        bool has_no_place = command->kind == ASG_COMMAND_DETACH_INSTANCES &&
                            instance != NULL && instance->stands_by;
        count -= has_no_place ? 1 : 0;
    }
    switch (command->kind) {
    case ASG_COMMAND_EXIT_STANDBY:
    case ASG_COMMAND_ATTACH_INSTANCES: return count;
    default: return command->decrement ? -count : 0;
    }
}

void law_moved_order(const struct asg_command *command, const struct asg_effects *effects)
{
    switch (command->kind) {
    case ASG_COMMAND_ENTER_STANDBY:
    case ASG_COMMAND_EXIT_STANDBY:
    case ASG_COMMAND_ATTACH_INSTANCES:
    case ASG_COMMAND_DETACH_INSTANCES: break;
    default: return;
    }
    const struct asg_decision *said = NULL;
    for (size_t i = 0; i < effects->decision_count && said == NULL; i++) {
        const struct asg_decision *decision = &effects->decisions[i];
        bool is_it = decision->kind == ASG_DECISION_COMMAND &&
                     decision->cause == ASG_CAUSE_ORDER &&
                     strcmp(decision->group, command->group) == 0;
        if (is_it) said = decision;
    }
    int64_t change = expected_change(command);
    if (said != NULL && said->to - said->from == change) return;
    sim_break(LAW, "desired of %s is to move by %lld: %s", command->group,
              (long long)change, said != NULL ? said->text : "nothing is said of it");
}

void law_tags_were_planned(const char *action, const char *const *ids, size_t id_count)
{
    for (size_t i = 0; i < id_count; i++) {
        const struct sim_instance *instance = sim_find_instance(ids[i]);
        bool is_planned = asg_id_map_find(&our->tagged, ids[i]) != ASG_ID_MAP_NONE;
        if (instance == NULL || is_planned) continue;
        sim_break("every_effect_was_committed_first",
                  "%s of %s, which no durable job names", action, ids[i]);
    }
}

const char *law_let_go(void)
{
    static char text[120];
    /* What EC2 does after everybody gave it up comes after the tags were taken off. */
    if (sim.swarm.hits[SIM_FAULT_EC2_LATE_EFFECT] > 0) return NULL;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        bool is_let_go =
            instance->is_alive && instance->cluster == our && instance->is_detached;
        if (!is_let_go || !sim_has_our_tags(instance)) continue;
        (void)snprintf(text, sizeof text, "%s was let go and has our tags", instance->id);
        return text;
    }
    return NULL;
}
