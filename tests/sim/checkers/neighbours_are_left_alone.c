/* neighbours_are_left_alone - clusters in one account do not touch what is another's:
 * none decides about an instance of another or plans its end, none asks EC2 to end one or
 * to delete another's launch template, and what is launched for one has its tags. */
#include <string.h>

#include "sim/sim.h"

#define LAW "neighbours_are_left_alone"

static bool is_anothers(const char *id)
{
    const struct sim_instance *instance = sim_find_instance(id);
    return instance != NULL && instance->cluster != our;
}

void law_neighbours_decision(const struct asg_decision *decision)
{
    if (!is_anothers(decision->instance_id)) return;
    sim_break(LAW, "%s is another cluster's: %s", decision->instance_id, decision->text);
}

void law_neighbours_plan(const struct asg_job *plan)
{
    if (plan->kind != ASG_JOB_TERMINATE) return;
    for (size_t i = 0; i < plan->terminate->instance_ids.count; i++) {
        const char *id = plan->terminate->instance_ids.items[i];
        if (!is_anothers(id)) continue;
        sim_break(LAW, "job %s is to end %s of another cluster", plan->name, id);
    }
}

void law_neighbours_call(const char *action, const char *const *ids, size_t id_count)
{
    if (strcmp(action, "TerminateInstances") != 0) return;
    for (size_t i = 0; i < id_count; i++) {
        if (!is_anothers(ids[i])) continue;
        sim_break(LAW, "%s of %s, which is another cluster's", action, ids[i]);
    }
}

void law_neighbours_template(const struct asg_world_template *template)
{
    if (sim_cluster_of(&template->tags) == our) return;
    sim_break(LAW, "the launch template %s is deleted, which is another cluster's",
              template->name);
}

void law_neighbours_launched(const struct sim_instance *instance)
{
    if (instance->cluster == our) return;
    sim_break(LAW, "%s was launched with the tags of another cluster", instance->id);
}
