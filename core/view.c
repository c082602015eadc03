/* view - the state as people and APIs see it, and what a controller needs to begin. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/world/member.h"
#include "core/world/standing.h"
#include "core/core.h"
#include "core/view_rows.h"
#include "core/world/orphans.h"
#include "core/values/schedule.h"
#include "core/world/state.h"
#include "core/world/world.h"
#include "model/copy.h"
#include "model/schemas.h"

/* The groups that are meant: the one of that name, which is put into *one, or all. */
struct meant {
    struct group *const *items;
    size_t count;
};

static struct meant groups_meant(const struct asg_core *core, const char *name,
                                 struct group **one)
{
    assert(core->step == NULL); /* nobody looks in the middle of one */
    if (name == NULL || name[0] == '\0') {
        return (struct meant){core->groups, core->group_count};
    }
    *one = asg_group_find(core, name);
    assert(*one == NULL || (*one)->no > 0);
    return (struct meant){one, *one != NULL ? 1 : 0};
}

void asg_core_open_jobs(const struct asg_core *core, struct asg_arena *arena,
                        struct asg_job **ret, size_t *ret_count)
{
    assert(core->step == NULL);
    struct asg_job *jobs = asg_arena_take(arena, core->job_count * sizeof *jobs);
    size_t count = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        const struct job *job = core->jobs[i];
        if (job->state != ASG_JOB_STATE_OPEN || job->retry_ms != 0) continue;
        assert(count < core->job_count);
        asg_model_copy(&asg_job_schema, &job->plan, arena, &jobs[count++]);
    }
    *ret = jobs;
    *ret_count = count;
}

void asg_core_watching(const struct asg_core *core, struct asg_arena *arena,
                       struct asg_effects *ret)
{
    assert(core->step == NULL);
    size_t watches = 0;
    size_t members = 0;
    ret->is_halted = core->is_halted;
    for (size_t g = 0; g < core->group_count; g++) {
        const struct group *group = core->groups[g];
        if (!group->windows.is_watched) continue;
        *(struct asg_watch *)asg_arena_push(arena, (void **)&ret->watches,
                                            &ret->watch_count, &watches,
                                            sizeof *ret->watches) = (struct asg_watch){
            .group_no = group->no,
            .name = asg_arena_text(arena, group->config.name),
            .evaluation_ms = group->windows.evaluation_ms,
            .metrics = group->windows.metric_bits,
            .revision = group->windows.revision,
        };
        for (size_t i = 0; i < group->instance_count; i++) {
            const struct instance *instance = group->instances[i];
            if (instance->service.told == ASG_MEMBER_GONE ||
                instance->service.told == ASG_MEMBER_COUNT) {
                continue;
            }
            *(struct asg_member *)asg_arena_push(arena, (void **)&ret->members,
                                                 &ret->member_count, &members,
                                                 sizeof *ret->members) =
                asg_member_of(instance, instance->service.told, arena);
        }
    }
}

/* ---- what an operator should look at ---- */

static const char *say_held(const struct asg_core *core, struct asg_arena *arena)
{
    return asg_arena_format(arena,
                            "this log is an old copy: %zu instances are unknown to it; "
                            "see `openasg orphan list`",
                            asg_orphan_count_unsettled(core));
}

static void view_orphan_alarms(const struct asg_core *core,
                               struct asg_alarm_texts *alarms)
{
    if (core->is_behind)
        asg_alarm_stand(alarms, ASG_ALARM_LOG_BEHIND, "", say_held(core, alarms->arena));
    for (size_t i = 0; i < core->orphan_count; i++) {
        const struct orphan *orphan = &core->orphans[i];
        if (orphan->kind != ASG_ORPHAN_NO_GROUP) continue;
        asg_alarm_stand(alarms, ASG_ALARM_ORPHAN, "",
                        asg_arena_format(alarms->arena,
                                         "%s has this cluster's tag and is in no group; "
                                         "see `openasg orphan list`",
                                         orphan->id));
    }
}

struct asg_job_counts asg_core_job_counts(const struct asg_core *core)
{
    size_t ended = core->closed_job_count + core->dead_job_count;
    assert(ended <= core->job_count);
    return (struct asg_job_counts){.open = (uint32_t)(core->job_count - ended),
                                   .dead = (uint32_t)core->dead_job_count};
}

static void view_cluster(const struct asg_core *core, struct asg_arena *arena,
                         struct asg_status_view *ret)
{
    assert(core->step == NULL);
    struct asg_job_counts jobs = asg_core_job_counts(core);
    *ret = (struct asg_status_view){
        .cluster_id = asg_arena_text(arena, core->cluster_id),
        .epoch = core->epoch,
        .held = core->is_behind ? say_held(core, arena) : "",
        .time_ms = core->now_ms,
        .is_halted = core->is_halted,
        .open_jobs = jobs.open,
        .dead_jobs = jobs.dead,
    };
}

void asg_core_view_status(const struct asg_core *core, struct asg_arena *arena,
                          struct asg_status_view *ret)
{
    view_cluster(core, arena, ret);
    ret->groups = (uint32_t)core->group_count;
    ret->revision = core->revision;
    struct asg_alarm_texts alarms = {.arena = arena};
    for (size_t g = 0; g < core->group_count; g++) {
        const struct group *group = core->groups[g];
        ret->instances += (uint32_t)group->instance_count;
        asg_view_group_alarms(group, &alarms);
        int64_t left_ms = group->launching.breaker_until_ms - core->now_ms;
        if (left_ms <= 0) continue;
        asg_alarm_stand(&alarms, ASG_ALARM_LAUNCH_BREAKER, group->config.name,
                        asg_core_say_breaker(group->config.name, left_ms, arena));
    }
    view_orphan_alarms(core, &alarms);
    ret->alarms = (struct asg_texts){.items = alarms.items, .count = alarms.count};
    ret->alarm_list = alarms.rows;
    ret->alarm_count = alarms.row_count;
}

void asg_core_view_cluster(const struct asg_core *core, struct asg_arena *arena,
                           struct asg_cluster_sheet *ret)
{
    *ret = (struct asg_cluster_sheet){0};
    view_cluster(core, arena, &ret->status);
    struct asg_alarm_texts alarms = {.arena = arena};
    view_orphan_alarms(core, &alarms);
    ret->status.alarms = (struct asg_texts){.items = alarms.items, .count = alarms.count};
    ret->status.alarm_list = alarms.rows;
    ret->status.alarm_count = alarms.row_count;
    ret->alarm_counts = alarms.counts;
    asg_core_view_templates(core, arena, &ret->templates, &ret->template_count);
    asg_core_view_orphans(core, arena, &ret->orphans, &ret->orphan_count);
    asg_core_view_launch_configurations(core, "", arena, &ret->launch_configurations,
                                        &ret->launch_configuration_count);
}

void asg_core_view_groups(const struct asg_core *core, const char *name,
                          struct asg_arena *arena, struct asg_group_view **ret,
                          size_t *ret_count)
{
    struct group *one = NULL;
    const struct meant meant = groups_meant(core, name, &one);
    struct asg_group_view *views = asg_arena_take(arena, meant.count * sizeof *views);
    for (size_t g = 0; g < meant.count; g++) {
        const struct group *group = meant.items[g];
        struct asg_group_view *view = &views[g];
        asg_view_fill_group(group, arena, view);
        view->is_held = core->is_behind;
        struct asg_instance_counts counts = {0};
        uint32_t warm = 0;
        for (size_t i = 0; i < group->instance_count; i++) {
            const struct instance *instance = group->instances[i];
            asg_view_count(instance, &counts);
            warm += asg_instance_is_warm(instance, core->now_ms) ? 1 : 0;
        }
        view->requested = counts.requested;
        view->pending = counts.pending;
        view->in_service = counts.serving;
        view->warming = counts.serving - warm;
        view->terminating = counts.terminating;
        view->unhealthy = counts.unhealthy;
    }
    *ret = views;
    *ret_count = meant.count;
}

bool asg_core_view_before(const struct asg_core *core, const char *name,
                          struct asg_arena *arena, struct asg_group_config *ret)
{
    assert(core->step == NULL);
    const struct group *group = asg_group_find(core, name);
    if (group == NULL || group->before.name == NULL) return false;
    asg_model_copy(&asg_group_config_schema, &group->before, arena, ret);
    return true;
}

void asg_core_view_launch_configurations(const struct asg_core *core, const char *name,
                                         struct asg_arena *arena,
                                         struct asg_launch_configuration **ret,
                                         size_t *ret_count)
{
    assert(core->step == NULL);
    bool is_of_all = name == NULL || name[0] == '\0';
    struct asg_launch_configuration *views =
        asg_arena_take(arena, (core->configuration_count + 1) * sizeof *views);
    size_t count = 0;
    for (size_t i = 0; i < core->configuration_count; i++) {
        const struct asg_launch_configuration *one = &core->configurations[i].config;
        if (!is_of_all && strcmp(one->name, name) != 0) continue;
        asg_model_copy(&asg_launch_configuration_schema, one, arena, &views[count++]);
    }
    *ret = views;
    *ret_count = count;
}

void asg_core_view_policies(const struct asg_core *core, const char *group_name,
                            struct asg_arena *arena, struct asg_policy_config **ret,
                            size_t *ret_count)
{
    struct asg_policy_config *views = NULL;
    size_t count = 0;
    size_t capacity = 0;
    struct group *one = NULL;
    const struct meant meant = groups_meant(core, group_name, &one);
    for (size_t g = 0; g < meant.count; g++) {
        const struct group *group = meant.items[g];
        for (size_t i = 0; i < group->policy_count; i++) {
            asg_model_copy(
                &asg_policy_config_schema, &group->policies[i].config, arena,
                asg_arena_push(arena, (void **)&views, &count, &capacity, sizeof *views));
        }
    }
    *ret = views;
    *ret_count = count;
}

void asg_core_view_schedules(const struct asg_core *core, const char *group_name,
                             struct asg_arena *arena, struct asg_schedule_config **ret,
                             size_t *ret_count)
{
    struct asg_schedule_config *views = NULL;
    size_t count = 0;
    size_t capacity = 0;
    struct group *one = NULL;
    const struct meant meant = groups_meant(core, group_name, &one);
    for (size_t g = 0; g < meant.count; g++) {
        const struct group *group = meant.items[g];
        for (size_t i = 0; i < group->schedule_count; i++) {
            asg_model_copy(
                &asg_schedule_config_schema, &group->schedules[i].config, arena,
                asg_arena_push(arena, (void **)&views, &count, &capacity, sizeof *views));
            views[count - 1].next_ms = group->schedules[i].next_ms;
        }
    }
    *ret = views;
    *ret_count = count;
}

void asg_core_view_templates(const struct asg_core *core, struct asg_arena *arena,
                             struct asg_template_view **ret, size_t *ret_count)
{
    assert(core->step == NULL);
    struct asg_template_view *views =
        asg_arena_take(arena, core->template_count * sizeof *views);
    for (size_t i = 0; i < core->template_count; i++) {
        const struct template *template = &core->templates[i];
        const char *state = template->id[0] != '\0' ? "ready" : "unknown";
        if (template->job_id != 0) state = "creating";
        if (template->failure[0] != '\0') {
            state = asg_arena_format(arena, "failed: %s", template->failure);
        }
        views[i] = (struct asg_template_view){
            .name = asg_arena_text(arena, template->name),
            .template_id = asg_arena_text(arena, template->id),
            .version = template->version == 0
                           ? ""
                           : asg_arena_format(arena, "%" PRIu64, template->version),
            .state = state,
            .job_id = template->job_id,
        };
    }
    *ret = views;
    *ret_count = core->template_count;
}

void asg_core_view_instances(const struct asg_core *core, const char *group_name,
                             struct asg_arena *arena, struct asg_instance_view **ret,
                             size_t *ret_count)
{
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    size_t capacity = 0;
    struct group *one = NULL;
    const struct meant meant = groups_meant(core, group_name, &one);
    for (size_t g = 0; g < meant.count; g++) {
        const struct group *group = meant.items[g];
        for (size_t i = 0; i < group->instance_count; i++) {
            const struct instance *instance = group->instances[i];
            struct asg_instance_view *view =
                asg_arena_push(arena, (void **)&views, &count, &capacity, sizeof *views);
            asg_view_fill_instance(instance, NULL, NULL, arena, view);
            view->is_warming = asg_instance_is_serving(instance) &&
                               !asg_instance_is_warm(instance, core->now_ms);
        }
    }
    *ret = views;
    *ret_count = count;
}

static uint32_t size_of(const struct asg_job *plan)
{
    if (plan->launch != NULL) return plan->launch->count;
    if (plan->terminate != NULL) return (uint32_t)plan->terminate->instance_ids.count;
    if (plan->describe != NULL) return (uint32_t)plan->describe->instance_ids.count;
    if (plan->tagging != NULL) return (uint32_t)plan->tagging->instance_ids.count;
    return 0;
}

static const char *why_orphan(const struct orphan *orphan, struct asg_arena *arena)
{
    if (orphan->kind == ASG_ORPHAN_UNKNOWN_JOB) {
        return asg_arena_format(arena,
                                "job %" PRIu64 " launched it, which this log does not "
                                "have",
                                orphan->job_id);
    }
    assert(orphan->kind == ASG_ORPHAN_NO_GROUP);
    if (orphan->job_id == 0) return "its tags name no job";
    return asg_arena_format(arena, "there is no group '%s'", orphan->group);
}

static const char *advise_orphan(const struct asg_core *core, const struct orphan *orphan,
                                 struct asg_arena *arena)
{
    if (orphan->is_ending) return "nothing: it is being terminated";
    if (asg_group_find(core, orphan->group) == NULL) {
        return asg_arena_format(arena,
                                "create group '%s' and adopt it, or `openasg orphan end "
                                "%s`",
                                orphan->group, orphan->id);
    }
    return asg_arena_format(arena,
                            "`openasg instance adopt %s` or `openasg orphan end %s`",
                            orphan->id, orphan->id);
}

void asg_core_view_orphans(const struct asg_core *core, struct asg_arena *arena,
                           struct asg_orphan_view **ret, size_t *ret_count)
{
    assert(core->step == NULL);
    struct asg_orphan_view *views =
        asg_arena_take(arena, core->orphan_count * sizeof *views);
    for (size_t i = 0; i < core->orphan_count; i++) {
        const struct orphan *orphan = &core->orphans[i];
        bool is_by_time =
            orphan->kind == ASG_ORPHAN_NO_GROUP && !orphan->is_ending && !core->is_behind;
        views[i] = (struct asg_orphan_view){
            .instance_id = asg_arena_text(arena, orphan->id),
            .group = asg_arena_text(arena, orphan->group),
            .kind = orphan->kind,
            .state = orphan->ec2_state,
            .instance_type = asg_arena_text(arena, orphan->type),
            .subnet_id = asg_arena_text(arena, orphan->subnet_id),
            .zone = asg_arena_text(arena, orphan->zone),
            .private_ip = asg_arena_text(arena, orphan->private_ip),
            .launched_ms = orphan->launched_ms,
            .job_id = orphan->job_id,
            .attempt = orphan->attempt,
            .incarnation = orphan->incarnation,
            .first_ms = orphan->first_ms,
            .ends_ms = is_by_time ? orphan->first_ms + ORPHAN_WAIT_MS : 0,
            .is_ending = orphan->is_ending,
            .why = why_orphan(orphan, arena),
            .advice = advise_orphan(core, orphan, arena),
        };
    }
    *ret = views;
    *ret_count = core->orphan_count;
}

void asg_core_view_jobs(const struct asg_core *core, const char *group, bool only_dead,
                        struct asg_arena *arena, struct asg_job_view **ret,
                        size_t *ret_count)
{
    assert(core->step == NULL);
    struct asg_job_view *views = asg_arena_take(arena, core->job_count * sizeof *views);
    bool is_of_all = group == NULL || group[0] == '\0';
    size_t count = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        const struct job *job = core->jobs[i];
        if (only_dead && job->state != ASG_JOB_STATE_DEAD) continue;
        if (!is_of_all && strcmp(job->plan.group, group) != 0) continue;
        struct asg_job_view view = {
            .id = job->plan.id,
            .name = job->plan.name,
            .kind = job->plan.kind,
            .state = job->state,
            .group = job->plan.group,
            .attempt = job->plan.attempt,
            .count = size_of(&job->plan),
            .created_ms = job->plan.created_ms,
            .deadline_ms = job->plan.deadline_ms,
            .ended_ms = job->ended_ms,
            .client_token = job->plan.client_token,
            .worker = "",
            .attempts = (struct asg_attempt_view *)(uintptr_t)job->attempts,
            .attempt_count = job->attempt_count,
        };
        asg_model_copy(&asg_job_view_schema, &view, arena, &views[count++]);
    }
    *ret = views;
    *ret_count = count;
}

static void fill_belief(const struct group *group, const struct instance *instance,
                        struct asg_belief *ret)
{
    assert(instance->group == group);
    *ret = (struct asg_belief){
        .instance_id = instance->id,
        .group = group->config.name,
        .state = instance->state,
        .is_alive = asg_instance_is_alive(instance),
        .ec2_state = instance->ec2_state,
        .is_ending = asg_instance_is_on_its_way_out(instance),
        .is_untagged = asg_instance_is_untagged(instance),
        .private_ip = instance->private_ip,
        .is_impaired = instance->health.is_impaired,
        .event_code = instance->notice.event_code,
        .event_ms = instance->notice.event_ms,
        .job_id = instance->launch.job_id,
        .launched_ms = instance->launch.launched_ms,
    };
}

bool asg_core_find_instance(const struct asg_core *core, const char *instance_id,
                            struct asg_belief *ret)
{
    assert(core->step == NULL);
    struct group *group = NULL;
    /* asg_instance_find() changes nothing; it is written for those who will. */
    const struct instance *instance =
        asg_instance_find((struct asg_core *)(uintptr_t)core, instance_id, &group);
    if (instance == NULL) return false;
    assert(group != NULL);
    fill_belief(group, instance, ret);
    return true;
}

void asg_core_list_beliefs(const struct asg_core *core, struct asg_arena *arena,
                           struct asg_belief **ret, size_t *ret_count)
{
    assert(core->step == NULL);
    struct asg_belief *beliefs = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (size_t g = 0; g < core->group_count; g++) {
        const struct group *group = core->groups[g];
        for (size_t i = 0; i < group->instance_count; i++) {
            fill_belief(group, group->instances[i],
                        asg_arena_push(arena, (void **)&beliefs, &count, &capacity,
                                       sizeof *beliefs));
        }
    }
    *ret = beliefs;
    *ret_count = count;
}
