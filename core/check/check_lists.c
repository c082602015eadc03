#include "core/check/check_lists.h"

#include <assert.h>

#include "core/world/detached.h"
#include "core/world/configurations.h"
#include "core/world/identity.h"
#include "core/world/orphans.h"
#include "core/world/standing.h"
#include "core/world/state.h"

/* Those that say so, by their numbers, and nobody else. */
static bool is_changing_list_right(const struct asg_core *core)
{
    assert(core->changing_count <= core->changing_capacity);
    size_t at = 0;
    for (size_t i = 0; i < core->group_count; i++) {
        if (!core->groups[i]->is_changing) continue;
        if (at == core->changing_count || core->changing[at] != core->groups[i]) {
            return false;
        }
        at++;
    }
    return at == core->changing_count;
}

/* As many in each heap as wait: with each of them in it, nobody else is. */
static const char *wrong_with_heaps(const struct asg_core *core)
{
    assert(core->step == NULL);
    size_t dues = 0;
    for (size_t i = 0; i < core->group_count; i++) {
        dues += core->groups[i]->due.place > 0;
    }
    size_t retries = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        retries += core->jobs[i]->due.place > 0;
    }
    if (dues != core->dues.count || retries != core->retries.count) {
        return "a heap of deadlines has members that do not exist";
    }
    bool are_ordered =
        asg_due_heap_is_right(&core->dues) && asg_due_heap_is_right(&core->retries);
    return are_ordered ? NULL : "a heap of deadlines is out of order";
}

/* As many as are counted, each of them dead: then all that are. */
static bool is_dead_list_right(const struct asg_core *core)
{
    size_t count = 0;
    const struct job *previous = NULL;
    for (const struct job *job = core->dead_jobs; job != NULL; job = job->next_dead) {
        bool is_right = job->state == ASG_JOB_STATE_DEAD &&
                        job->previous_dead == previous && count < core->dead_job_count;
        if (!is_right) return false;
        previous = job;
        count++;
    }
    return count == core->dead_job_count;
}

/* Found by its id, and no group has it. */
static const char *wrong_with_orphans(const struct asg_core *core)
{
    assert(core->orphan_count <= core->orphan_capacity);
    if (core->orphan_count > ASG_ORPHANS_MAX) return "there are too many orphans";
    for (size_t i = 0; i < core->orphan_count; i++) {
        const struct orphan *orphan = &core->orphans[i];
        struct group *group = NULL;
        if (asg_orphan_find(core, orphan->id) != orphan) {
            return "an orphan is not found by its id";
        }
        if (asg_instance_find(core, orphan->id, &group) != NULL) {
            return "an orphan is an instance of a group";
        }
        if (orphan->is_gone) {
            return "an orphan is gone and still there";
        }
    }
    return NULL;
}

/* Found by its id, and no orphan. */
static const char *wrong_with_detached(const struct asg_core *core)
{
    assert(core->detached_count <= core->detached_capacity);
    if (core->detached_count > ASG_DETACHED_MAX) return "too many were let go";
    for (size_t i = 0; i < core->detached_count; i++) {
        const struct detached *detached = &core->detached[i];
        if (asg_detached_find(core, detached->id) != detached) {
            return "one that was let go is not found by its id";
        }
        if (asg_orphan_find(core, detached->id) != NULL) {
            return "one that was let go is an orphan";
        }
        struct group *group = NULL;
        const struct instance *instance = asg_instance_find(core, detached->id, &group);
        if (instance != NULL && !asg_instance_is_finished(instance) &&
            (!asg_instance_is_untagged(instance) || asg_instance_counts(instance))) {
            return "one that was let go is an instance of a group";
        }
    }
    return NULL;
}

static bool is_open_look(const struct asg_core *core, uint64_t job_id)
{
    if (job_id == 0) return true;
    const struct job *job = asg_job_find(core, job_id);
    return job != NULL && job->state == ASG_JOB_STATE_OPEN &&
           job->plan.kind == ASG_JOB_DESCRIBE;
}

static const char *wrong_with_templates(const struct asg_core *core)
{
    for (size_t i = 0; i < core->template_count; i++) {
        const struct template *template = &core->templates[i];
        if (asg_template_find(core, template->name) != template) {
            return "a template is not found by its name";
        }
        if (template->job_id == 0) continue;
        const struct job *job = asg_job_find(core, template->job_id);
        if (job == NULL || job->state != ASG_JOB_STATE_OPEN ||
            job->plan.kind != ASG_JOB_TEMPLATE) {
            return "a template waits for a job that is not open";
        }
    }
    return NULL;
}

static const char *wrong_with_configurations(const struct asg_core *core)
{
    assert(core->configurations != NULL || core->configuration_count == 0);
    for (size_t i = 0; i < core->configuration_count; i++) {
        const struct asg_launch_configuration *config = &core->configurations[i].config;
        if (asg_configuration_find(core, config->name) != config) {
            return "a launch configuration is not found by its name";
        }
        if (config->created_ms > core->now_ms) {
            return "a launch configuration was made in the future";
        }
    }
    return NULL;
}

static const char *wrong_with_leads(const struct asg_core *core)
{
    if (core->lead_count > ASG_LEADS_KEPT || core->heard_count > ASG_HEARD_KEPT) {
        return "there are too many leads";
    }
    for (size_t i = 1; i < core->lead_count; i++) {
        if (core->leads[i - 1].epoch > core->leads[i].epoch) {
            return "epochs go back";
        }
    }
    return NULL;
}

/* As many in each index as are enrolled: with each of them in it, nobody else is. */
static const char *wrong_with_keys(const struct asg_core *core)
{
    size_t enrolled = 0;
    for (size_t g = 0; g < core->group_count; g++) {
        const struct group *group = core->groups[g];
        uint32_t disputed = 0;
        uint32_t misled = 0;
        for (size_t i = 0; i < group->instance_count; i++) {
            const struct identity *identity = group->instances[i]->identity;
            enrolled += identity != NULL;
            disputed += identity != NULL && identity->is_disputed;
            misled += group->instances[i]->notice.is_false;
        }
        if (disputed != group->disputed || misled != group->misled) {
            return "a group has miscounted its alarms of instances";
        }
    }
    return core->curve_keys.count == enrolled && core->tls_keys.count == enrolled
               ? NULL
               : "keys are known that no instance has";
}

const char *asg_check_lists(const struct asg_core *core)
{
    if (!is_changing_list_right(core)) {
        return "the list of changing groups is not that of those that change";
    }
    if (!is_dead_list_right(core)) return "the list of dead jobs is not that of the dead";
    if (!is_open_look(core, core->listing.job_id) ||
        !is_open_look(core, core->look.job_id)) {
        return "waits for a look at EC2 that is not scheduled";
    }
    const char *wrong = wrong_with_heaps(core);
    if (wrong == NULL) wrong = wrong_with_leads(core);
    if (wrong == NULL) wrong = wrong_with_keys(core);
    if (wrong == NULL) wrong = wrong_with_templates(core);
    if (wrong == NULL) wrong = wrong_with_configurations(core);
    if (wrong == NULL) wrong = wrong_with_detached(core);
    return wrong != NULL ? wrong : wrong_with_orphans(core);
}
