#include "core/facts/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/facts/text.h"
#include "model/copy.h"
#include "model/schemas.h"

/* ---- groups ---- */

struct group *find_group(struct asg_core *core, const char *name)
{
    for (size_t i = 0; i < core->group_count; i++) {
        if (strcmp(core->groups[i].config.name, text_of(name)) == 0) {
            return &core->groups[i];
        }
    }
    return NULL;
}

struct group *group_of_no(struct asg_core *core, uint32_t no)
{
    size_t low = 0;
    size_t high = core->group_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (core->groups[middle].no < no) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < core->group_count && core->groups[low].no == no ? &core->groups[low]
                                                                 : NULL;
}

void set_group_config(struct group *group, const struct asg_group_config *config)
{
    struct asg_arena arena = {0};
    struct asg_group_config copy;
    asg_model_copy(&asg_group_config_schema, config, &arena, &copy);
    asg_arena_clear(&group->arena);
    group->arena = arena;
    group->config = copy;
}

struct group *add_group(struct asg_core *core, const struct asg_group_config *config)
{
    /* Room in powers of two, so that a fleet of 10,000 groups is not copied each time. */
    size_t count = core->group_count;
    if ((count & (count + 1)) == 0 || count == 0) {
        core->groups = asg_realloc(core->groups, (count + 1) * 2, sizeof *core->groups);
    }
    struct group *group = &core->groups[core->group_count++];
    *group = (struct group){.no = ++core->last_group_no,
                            .created_ms = core->now_ms,
                            .dry_desired = -1,
                            .deadline_ms = INT64_MAX};
    set_group_config(group, config);
    return group;
}

void free_group(struct group *group)
{
    for (size_t i = 0; i < group->policy_count; i++) {
        asg_arena_clear(&group->policies[i].arena);
    }
    for (size_t i = 0; i < group->schedule_count; i++) {
        asg_arena_clear(&group->schedules[i].arena);
    }
    free(group->policies);
    free(group->schedules);
    free(group->instances);
    asg_arena_clear(&group->arena);
}

void remove_group(struct asg_core *core, struct group *group)
{
    for (size_t i = 0; i < group->instance_count; i++) {
        asg_id_map_remove(&core->ids, group->instances[i].id);
    }
    free_group(group);
    size_t at = (size_t)(group - core->groups);
    memmove(group, group + 1, (core->group_count - at - 1) * sizeof *group);
    core->group_count--;
}

/* ---- instances ---- */

struct instance *add_instance(struct asg_core *core, struct group *group)
{
    if (group->instance_count == group->instance_capacity) {
        group->instance_capacity =
            group->instance_capacity == 0 ? 8 : group->instance_capacity * 2;
        group->instances = asg_realloc(group->instances, group->instance_capacity,
                                       sizeof *group->instances);
    }
    struct instance *instance = &group->instances[group->instance_count++];
    memset(instance, 0, sizeof *instance);
    instance->no = ++core->last_instance_no;
    instance->state = ASG_INSTANCE_REQUESTED;
    instance->requested_ms = core->now_ms;
    return instance;
}

void remove_instance(struct asg_core *core, struct group *group,
                     struct instance *instance)
{
    if (instance->id[0] != '\0') asg_id_map_remove(&core->ids, instance->id);
    size_t at = (size_t)(instance - group->instances);
    assert(at < group->instance_count);
    memmove(instance, instance + 1, (group->instance_count - at - 1) * sizeof *instance);
    group->instance_count--;
}

struct instance *find_instance(struct asg_core *core, const char *id,
                               struct group **ret_group)
{
    if (text_of(id)[0] == '\0') return NULL;
    uint32_t no = asg_id_map_find(&core->ids, id);
    struct group *group = no == ASG_ID_MAP_NONE ? NULL : group_of_no(core, no);
    for (size_t i = 0; group != NULL && i < group->instance_count; i++) {
        if (strcmp(group->instances[i].id, id) != 0) continue;
        *ret_group = group;
        return &group->instances[i];
    }
    return NULL;
}

/* ---- jobs ---- */

static size_t job_place(const struct asg_core *core, uint64_t id)
{
    size_t low = 0;
    size_t high = core->job_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (core->jobs[middle]->plan.id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct job *find_job(struct asg_core *core, uint64_t id)
{
    size_t at = job_place(core, id);
    return at < core->job_count && core->jobs[at]->plan.id == id ? core->jobs[at] : NULL;
}

void free_job(struct job *job)
{
    asg_arena_clear(&job->arena);
    free(job);
}

/* ---- the rest ---- */

void set_retry(struct asg_core *core, struct job *job, int64_t at_ms)
{
    if (job->retry_ms == at_ms) return;
    job->retry_ms = at_ms;
    core->has_retry_moved = true;
}

/* Hundreds of jobs are remembered, and few steps move the retry of one. */
void find_jobs_deadline(struct asg_core *core)
{
    if (!core->has_retry_moved) return;
    core->has_retry_moved = false;
    core->jobs_deadline_ms = INT64_MAX;
    for (size_t i = 0; i < core->job_count; i++) {
        const struct job *job = core->jobs[i];
        if (job->state != ASG_JOB_STATE_OPEN || job->retry_ms == 0) continue;
        if (job->retry_ms < core->jobs_deadline_ms)
            core->jobs_deadline_ms = job->retry_ms;
    }
}

void give_up_termination(struct asg_core *core, const struct job *job)
{
    struct group *group = group_of_no(core, job->group_no);
    for (size_t i = 0; group != NULL && i < group->instance_count; i++) {
        struct instance *instance = &group->instances[i];
        if (instance->end_job_id != job->plan.id) continue;
        instance->end_job_id = 0;
        group->is_dirty = true;
    }
    const struct asg_texts *ids = &job->plan.terminate->instance_ids;
    for (size_t i = 0; job->group_no == 0 && i < core->orphan_count; i++) {
        struct orphan *orphan = &core->orphans[i];
        if (ids->count != 1 || strcmp(orphan->id, ids->items[0]) != 0) continue;
        orphan->is_ending = false;
        core->listing_next_ms = core->now_ms; /* it takes a listing to end it */
    }
}

/* Closed jobs are remembered for a while, dead ones longer: the oldest go first. */
static void forget_jobs(struct asg_core *core)
{
    size_t most = (size_t)2 * ASG_CLOSED_JOBS_KEPT;
    if (core->job_count <= most && core->job_count <= ASG_DEAD_JOBS_KEPT) return;
    size_t closed = 0;
    size_t dead = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        if (core->jobs[i]->state == ASG_JOB_STATE_DEAD)
            dead++;
        else if (core->jobs[i]->state != ASG_JOB_STATE_OPEN)
            closed++;
    }
    if (closed <= most && dead <= ASG_DEAD_JOBS_KEPT) return;
    size_t kept = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        struct job *job = core->jobs[i];
        bool is_dead = job->state == ASG_JOB_STATE_DEAD;
        bool is_open = job->state == ASG_JOB_STATE_OPEN;
        bool goes = !is_open &&
                    (is_dead ? dead > ASG_DEAD_JOBS_KEPT : closed > ASG_CLOSED_JOBS_KEPT);
        if (!goes) {
            core->jobs[kept++] = job;
            continue;
        }
        if (is_dead)
            dead--;
        else
            closed--;
        if (is_dead && job->plan.kind == ASG_JOB_TERMINATE) {
            give_up_termination(core, job); /* nobody could retry it any more */
        }
        free_job(job);
    }
    core->job_count = kept;
}

struct job *add_job(struct asg_core *core, enum asg_job_kind kind, struct group *group)
{
    forget_jobs(core);
    core->jobs = asg_realloc(core->jobs, core->job_count + 1, sizeof(struct job *));
    struct job *job = asg_alloc(1, sizeof *job);
    core->jobs[core->job_count++] = job;
    job->state = ASG_JOB_STATE_OPEN;
    job->group_no = group != NULL ? group->no : 0;
    job->sent_ms = core->now_ms;
    job->sent_epoch = core->epoch;
    uint64_t id = ++core->last_job_id;
    const char *name = group != NULL ? group->config.name : "openasg";
    job->plan = (struct asg_job){
        .id = id,
        .attempt = 1,
        .kind = kind,
        .group = group != NULL ? asg_arena_text(&job->arena, name) : "",
        .name = asg_arena_format(&job->arena, "%s-%llu", name, (unsigned long long)id),
        .created_ms = core->now_ms,
        .client_token = "",
        .is_dry_run = group != NULL && group->config.dry_run,
        .template_id = "",
        .template_name = "",
        .template_version = "",
    };
    return job;
}

/* ---- the rest ---- */

struct template *find_template(struct asg_core *core, const char *name)
{
    for (size_t i = 0; i < core->template_count; i++) {
        if (strcmp(core->templates[i].name, text_of(name)) == 0)
            return &core->templates[i];
    }
    return NULL;
}

struct policy *find_policy(struct group *group, const char *name)
{
    for (size_t i = 0; i < group->policy_count; i++) {
        if (strcmp(group->policies[i].config.name, text_of(name)) == 0) {
            return &group->policies[i];
        }
    }
    return NULL;
}

struct schedule *find_schedule(struct group *group, const char *name)
{
    for (size_t i = 0; i < group->schedule_count; i++) {
        if (strcmp(group->schedules[i].config.name, text_of(name)) == 0) {
            return &group->schedules[i];
        }
    }
    return NULL;
}
