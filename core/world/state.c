#include "core/world/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/world/configurations.h"
#include "core/world/counts.h"
#include "core/world/identity.h"
#include "core/world/kept_text.h"
#include "core/world/standing.h"
#include "core/world/touched.h"
#include "core/values/text.h"
#include "model/copy.h"
#include "model/schemas.h"

/* ---- groups ---- */

static const char *id_of(const void *instance)
{
    return ((const struct instance *)instance)->id;
}

static const char *name_of(const void *group)
{
    return ((const struct group *)group)->config.name;
}

void asg_state_init(struct asg_core *core)
{
    assert(core->group_count == 0 && core->job_count == 0);
    asg_text_index_init(&core->names, name_of);
    asg_text_index_init(&core->ids, id_of);
    asg_identity_init(core);
    asg_text_pool_init(&core->texts);
    core->look.next_ms = INT64_MAX;
    core->touched = (struct touched){.is_all = true, .round = 1};
}

void asg_group_mark_dirty(struct asg_core *core, struct group *group)
{
    assert(group->no > 0 && group->no <= core->last_group_no);
    if (group->is_dirty) return;
    group->is_dirty = true;
    assert(core->dirty_count <= core->dirty_capacity);
    if (core->dirty_count == core->dirty_capacity) {
        core->dirty_capacity = core->dirty_capacity == 0 ? 16 : core->dirty_capacity * 2;
        core->dirty = asg_realloc(core->dirty, core->dirty_capacity, sizeof *core->dirty);
    }
    core->dirty[core->dirty_count++] = group;
}

struct group *asg_group_find(const struct asg_core *core, const char *name)
{
    assert(name != NULL);
    return asg_text_index_find(&core->names, name);
}

void asg_group_set_config(struct group *group, const struct asg_group_config *config)
{
    assert(config->name != NULL && config->name[0] != '\0');
    assert(config->min <= config->max);
    assert(config->desired >= config->min && config->desired <= config->max);
    struct asg_arena arena = {0};
    struct asg_group_config copy;
    asg_model_copy_alone(&asg_group_config_schema, config, &arena, &copy);
    asg_arena_clear(&group->arena);
    group->arena = arena;
    group->config = copy;
}

void asg_group_keep_before(struct group *group)
{
    assert(group->config.name != NULL);
    struct asg_arena arena = {0};
    struct asg_group_config copy;
    asg_model_copy_alone(&asg_group_config_schema, &group->config, &arena, &copy);
    asg_arena_clear(&group->before_arena);
    group->before_arena = arena;
    group->before = copy;
}

struct group *asg_group_push(struct asg_core *core)
{
    assert(core->group_count <= core->group_capacity);
    if (core->group_count == core->group_capacity) {
        core->group_capacity = core->group_capacity == 0 ? 8 : core->group_capacity * 2;
        core->groups =
            asg_realloc(core->groups, core->group_capacity, sizeof(struct group *));
    }
    struct group *group = asg_alloc(1, sizeof *group);
    group->touch.touched = &core->touched;
    asg_text_begin_group(group);
    group->wish = (struct group_wish){.said = "", .reason = ""};
    core->groups[core->group_count++] = group;
    return group;
}

struct group *asg_group_add(struct asg_core *core, const struct asg_group_config *config)
{
    assert(asg_group_find(core, config->name) == NULL);
    struct group *group = asg_group_push(core);
    group->no = ++core->last_group_no;
    assert(group->no > 0); /* numbers do not come round */
    group->created_ms = core->now_ms;
    group->scaling.dry_run_desired = -1;
    group->scaling.order_floor = UINT32_MAX;
    group->scaling.wanted = ASG_UNSET;
    group->display.wanted = ASG_UNSET;
    group->due.at_ms = INT64_MAX;
    asg_group_set_config(group, config);
    assert(asg_group_of_no(core, group->no) == group);
    asg_text_index_add(&core->names, group);
    asg_touch_sheet(group);
    if (core->orphan_count > 0) asg_touch_cluster(core); /* some may be of its name */
    return group;
}

static void free_group(struct group *group)
{
    assert(group->instance_count <= group->instance_capacity);
    for (size_t i = 0; i < group->policy_count; i++) {
        asg_arena_clear(&group->policies[i].arena);
    }
    for (size_t i = 0; i < group->schedule_count; i++) {
        asg_arena_clear(&group->schedules[i].arena);
    }
    for (size_t i = 0; i < group->instance_count; i++) {
        asg_activity_free(NULL, &group->instances[i]->activity);
        free(group->instances[i]->identity);
        free(group->instances[i]);
    }
    struct activity *waiting = asg_activity_pop_waiting(group);
    for (; waiting != NULL; waiting = asg_activity_pop_waiting(group)) {
        asg_activity_free(NULL, &waiting);
    }
    free(group->policies);
    free(group->schedules);
    free(group->instances);
    free(group->launching.dry_pools);
    free(group->touch.instance_nos);
    asg_arena_clear(&group->arena);
    asg_arena_clear(&group->before_arena);
    free(group);
}

/* Where the group of that number stands, or would, in a list by number. */
static size_t group_place(struct group *const *groups, size_t count, uint32_t no)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (groups[middle]->no < no) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low == count || groups[low]->no >= no);
    assert(low == 0 || groups[low - 1]->no < no);
    return low;
}

struct group *asg_group_of_no(const struct asg_core *core, uint32_t no)
{
    size_t at = group_place(core->groups, core->group_count, no);
    bool is_it = at < core->group_count && core->groups[at]->no == no;
    return is_it ? core->groups[at] : NULL;
}

void asg_group_set_changing(struct asg_core *core, struct group *group, bool is_changing)
{
    if (group->is_changing == is_changing) return;
    group->is_changing = is_changing;
    size_t at = group_place(core->changing, core->changing_count, group->no);
    size_t behind = core->changing_count - at;
    if (!is_changing) {
        struct group **place = core->changing + at;
        assert(behind > 0 && *place == group);
        memmove(place, place + 1, (behind - 1) * sizeof(struct group *));
        core->changing_count--;
        return;
    }
    assert(core->changing_count < core->group_count); /* each of them once */
    assert(behind == 0 || core->changing[at] != group);
    if (core->changing_count == core->changing_capacity) {
        core->changing_capacity =
            core->changing_capacity == 0 ? 16 : core->changing_capacity * 2;
        core->changing =
            asg_realloc(core->changing, core->changing_capacity, sizeof(struct group *));
    }
    struct group **place = core->changing + at;
    memmove(place + 1, place, behind * sizeof(struct group *));
    *place = group;
    core->changing_count++;
}

static void forget_id(struct asg_core *core, const struct instance *instance)
{
    assert(instance->id[0] == '\0' || core->ids.count > 0);
    if (instance->id[0] != '\0') asg_text_index_remove(&core->ids, instance);
}

size_t asg_job_cancel_dead(struct asg_core *core, uint32_t group_no, bool is_of_launches)
{
    assert(group_no != 0);
    size_t cancelled = 0;
    struct job *next = NULL;
    for (struct job *job = core->dead_jobs; job != NULL; job = next) {
        assert(job->state == ASG_JOB_STATE_DEAD);
        next = job->next_dead;
        if (job->group_no != group_no) continue;
        if (is_of_launches && !asg_job_is_launch(job->plan.kind)) continue;
        asg_job_set_state(core, job, ASG_JOB_STATE_CANCELLED);
        cancelled++;
    }
    return cancelled;
}

void asg_group_remove(struct asg_core *core, struct group *group)
{
    assert(!group->is_dirty);   /* nobody keeps a pointer to it */
    assert(group->is_deleting); /* on an order */
    assert(core->step != NULL);
    assert(group->waiting.count == 0); /* what was begun has its end */
    asg_activity_keep(core, &group->wish.said, 0, "");
    asg_activity_keep(core, &group->wish.reason, 0, "");
    asg_touch_gone(core, group);
    if (core->orphan_count > 0) asg_touch_cluster(core);
    /* Nobody can retry them or needs to look. */
    (void)asg_job_cancel_dead(core, group->no, /* is_of_launches */ false);
    for (size_t i = 0; i < group->instance_count; i++) {
        forget_id(core, group->instances[i]);
        asg_identity_forget(core, group->instances[i]);
        asg_text_end_instance(core, group->instances[i]);
    }
    asg_text_end_group(core, group);
    asg_group_set_changing(core, group, false);
    asg_text_index_remove(&core->names, group);
    asg_due_heap_remove(&core->dues, &group->due);
    size_t at = group_place(core->groups, core->group_count, group->no);
    assert(at < core->group_count && core->groups[at] == group);
    core->group_count--;
    memmove(core->groups + at, core->groups + at + 1,
            (core->group_count - at) * sizeof(struct group *));
    free_group(group);
}

/* ---- instances ---- */

struct instance *asg_instance_push(struct group *group)
{
    assert(group->instance_count <= group->instance_capacity);
    if (group->instance_count == group->instance_capacity) {
        size_t wider = group->instance_capacity + group->instance_capacity / 2;
        group->instance_capacity = wider < 4 ? 4 : wider;
        group->instances = asg_realloc(group->instances, group->instance_capacity,
                                       sizeof(struct instance *));
    }
    struct instance *instance = asg_alloc(1, sizeof *instance);
    instance->group = group;
    asg_text_begin_instance(instance);
    group->instances[group->instance_count++] = instance;
    return instance;
}

struct instance *asg_instance_add(struct asg_core *core, struct group *group)
{
    struct instance *instance = asg_instance_push(group);
    instance->no = ++core->last_instance_no;
    assert(instance->no > 0); /* numbers do not come round */
    assert(asg_instance_place(group, instance->no) == group->instance_count - 1);
    static_assert(ASG_INSTANCE_REQUESTED == 0, "where the life cycle begins");
    instance->launch.requested_ms = core->now_ms;
    asg_count_new(group, instance);
    asg_touch(instance);
    return instance;
}

void asg_instance_set_id(struct asg_core *core, struct instance *instance, const char *id)
{
    assert(instance->group != NULL);
    assert(strlen(id) <= ASG_INSTANCE_ID_MAX);
    asg_touch(instance);
    forget_id(core, instance);
    asg_text_copy(instance->id, sizeof instance->id, id);
    if (instance->id[0] != '\0') asg_text_index_add(&core->ids, instance);
}

void asg_instance_drop(struct asg_core *core, struct group *group,
                       bool (*is_over)(const struct instance *instance))
{
    size_t kept = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (!is_over(instance)) {
            group->instances[kept++] = instance;
            continue;
        }
        assert(instance->activity == NULL); /* it ended with it */
        asg_touch(instance);
        forget_id(core, instance);
        asg_identity_forget(core, instance);
        asg_instance_set_misled(instance, false);
        asg_text_end_instance(core, instance);
        free(instance);
    }
    group->instance_count = kept;        /* who is dropped counted for nothing */
    assert(group->counts.alive <= kept); /* who is alive is kept */
    assert(group->counts.capacity <= kept);
}

struct instance *asg_instance_find(const struct asg_core *core, const char *id,
                                   struct group **ret_group)
{
    struct instance *instance = asg_text_index_find(&core->ids, id);
    assert(instance == NULL || instance->group != NULL);
    if (instance != NULL) *ret_group = instance->group;
    return instance;
}

size_t asg_instance_place(const struct group *group, uint64_t no)
{
    size_t low = 0;
    size_t high = group->instance_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (group->instances[middle]->no < no) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low == group->instance_count || group->instances[low]->no >= no);
    assert(low == 0 || group->instances[low - 1]->no < no);
    return low;
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
    assert(low == core->job_count || core->jobs[low]->plan.id >= id);
    assert(low == 0 || core->jobs[low - 1]->plan.id < id);
    return low;
}

struct job *asg_job_find(const struct asg_core *core, uint64_t id)
{
    size_t at = job_place(core, id);
    return at < core->job_count && core->jobs[at]->plan.id == id ? core->jobs[at] : NULL;
}

static void free_job(struct job *job)
{
    asg_arena_clear(&job->arena);
    free(job);
}

void asg_job_note_slot(struct job *job, const struct instance *slot)
{
    assert(slot->launch.job_id == job->plan.id);
    if (job->first_slot_no == 0 || slot->no < job->first_slot_no) {
        job->first_slot_no = slot->no;
    }
    if (slot->no > job->last_slot_no) job->last_slot_no = slot->no;
    assert(job->first_slot_no <= job->last_slot_no);
}

void asg_job_set_retry(struct asg_core *core, struct job *job, int64_t at_ms)
{
    assert(at_ms == 0 ||
           job->state == ASG_JOB_STATE_OPEN); /* who is over waits for nothing */
    if (job->look_up_ms != 0) {
        struct group *group = asg_group_of_no(core, job->group_no);
        assert(group != NULL && group->look_ups > 0);
        group->look_ups--;
        job->look_up_ms = 0;
        job->looks = 0;
    }
    if (core->step != NULL && job->retry_ms != at_ms) {
        struct group *group = asg_group_of_no(core, job->group_no);
        if (group != NULL) asg_group_mark_dirty(core, group); /* it says what waits */
    }
    job->retry_ms = at_ms;
    asg_due_heap_set(&core->retries, &job->due, at_ms == 0 ? INT64_MAX : at_ms);
}

void asg_job_look_up(struct asg_core *core, struct job *job, int64_t from_ms)
{
    assert(from_ms > 0 && asg_job_is_launch(job->plan.kind));
    asg_job_set_retry(core, job, INT64_MAX);
    struct group *group = asg_group_of_no(core, job->group_no);
    assert(group != NULL); /* its slots keep it */
    job->look_up_ms = from_ms;
    group->look_ups++;
}

static void link_dead(struct asg_core *core, struct job *job)
{
    assert(job->next_dead == NULL && job->previous_dead == NULL);
    job->next_dead = core->dead_jobs;
    if (core->dead_jobs != NULL) core->dead_jobs->previous_dead = job;
    core->dead_jobs = job;
}

static void unlink_dead(struct asg_core *core, struct job *job)
{
    assert(job->previous_dead != NULL || core->dead_jobs == job);
    if (job->next_dead != NULL) job->next_dead->previous_dead = job->previous_dead;
    if (job->previous_dead != NULL) {
        job->previous_dead->next_dead = job->next_dead;
    } else {
        core->dead_jobs = job->next_dead;
    }
    job->next_dead = NULL;
    job->previous_dead = NULL;
}

/* Closed and dead jobs are counted, so that it is known when some may be forgotten. */
void asg_job_set_state(struct asg_core *core, struct job *job, enum asg_job_state state)
{
    assert(state < ASG_JOB_STATE_COUNT);
    if (job->state == ASG_JOB_STATE_DEAD) {
        assert(core->dead_job_count > 0);
        core->dead_job_count--;
        unlink_dead(core, job);
    } else if (job->state != ASG_JOB_STATE_OPEN) {
        assert(core->closed_job_count > 0);
        core->closed_job_count--;
    }
    job->state = state;
    if (state == ASG_JOB_STATE_DEAD) {
        core->dead_job_count++;
        link_dead(core, job);
    } else if (state != ASG_JOB_STATE_OPEN) {
        core->closed_job_count++;
    }
    assert(core->dead_job_count + core->closed_job_count <= core->job_count);
}

void asg_job_give_up_termination(struct asg_core *core, const struct job *job)
{
    assert(job->plan.kind == ASG_JOB_TERMINATE);
    assert(job->plan.terminate != NULL);
    const struct asg_texts *ids = &job->plan.terminate->instance_ids;
    for (size_t i = 0; job->group_no != 0 && i < ids->count; i++) {
        struct group *group = NULL;
        struct instance *instance = asg_instance_find(core, ids->items[i], &group);
        if (instance == NULL || instance->ending.job_id != job->plan.id) continue;
        instance->ending.job_id = 0;
        asg_group_mark_dirty(core, group);
    }
    for (size_t i = 0; job->group_no == 0 && i < ids->count; i++) {
        uint32_t at = asg_id_map_find(&core->orphan_ids, ids->items[i]);
        if (at == ASG_ID_MAP_NONE) continue;
        assert(at < core->orphan_count);
        core->orphans[at].is_ending = false;
        asg_touch_cluster(core);
        core->listing.next_ms = core->now_ms; /* it takes a listing to end it */
    }
}

void asg_job_forget_old(struct asg_core *core)
{
    size_t closed = core->closed_job_count;
    size_t dead = core->dead_job_count;
    size_t most = (size_t)2 * ASG_CLOSED_JOBS_KEPT;
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
            asg_job_give_up_termination(core, job); /* nobody could retry it any more */
        }
        if (is_dead) unlink_dead(core, job);
        asg_due_heap_remove(&core->retries, &job->due);
        free_job(job);
    }
    core->job_count = kept;
    assert(closed <= core->closed_job_count && dead <= core->dead_job_count);
    assert(closed + dead <= kept);
    core->closed_job_count = closed;
    core->dead_job_count = dead;
}

struct job *asg_job_push(struct asg_core *core)
{
    assert(core->job_count <= core->job_capacity);
    if (core->job_count == core->job_capacity) {
        core->job_capacity = core->job_capacity == 0 ? 16 : core->job_capacity * 2;
        core->jobs = asg_realloc(core->jobs, core->job_capacity, sizeof(struct job *));
    }
    struct job *job = asg_alloc(1, sizeof *job);
    core->jobs[core->job_count++] = job;
    return job;
}

struct job *asg_job_add(struct asg_core *core, enum asg_job_kind kind,
                        struct group *group)
{
    assert(kind < ASG_JOB_COUNT);
    struct job *job = asg_job_push(core);
    job->state = ASG_JOB_STATE_OPEN;
    job->group_no = group != NULL ? group->no : 0;
    job->sent_ms = core->now_ms;
    job->sent_epoch = core->epoch;
    uint64_t id = ++core->last_job_id;
    assert(id > 0); /* numbers do not come round */
    assert(core->job_count < 2 ||
           core->jobs[core->job_count - 2]->plan.id < id); /* by id */
    const char *name = group != NULL ? group->config.name : "openasg";
    job->plan = (struct asg_job){
        .id = id,
        .attempt = 1,
        .kind = kind,
        .group = group != NULL ? asg_arena_text(&job->arena, name) : "",
        .name = asg_arena_format(&job->arena, "%s-%llu", name, (unsigned long long)id),
        .created_ms = core->now_ms,
        .incarnation = core->incarnation,
        .client_token = "",
        .is_dry_run = group != NULL && group->config.dry_run,
        .template_id = "",
        .template_name = "",
        .template_version = "",
    };
    return job;
}

/* ---- the rest ---- */

struct template *asg_template_find(const struct asg_core *core, const char *name)
{
    assert(core->template_count == 0 || core->templates != NULL);
    for (size_t i = 0; i < core->template_count; i++) {
        if (strcmp(core->templates[i].name, name) == 0) return &core->templates[i];
    }
    return NULL;
}

struct policy *asg_policy_find(const struct group *group, const char *name)
{
    for (size_t i = 0; i < group->policy_count; i++) {
        if (strcmp(group->policies[i].config.name, name) == 0) {
            return &group->policies[i];
        }
    }
    return NULL;
}

struct schedule *asg_schedule_find(const struct group *group, const char *name)
{
    for (size_t i = 0; i < group->schedule_count; i++) {
        if (strcmp(group->schedules[i].config.name, name) == 0) {
            return &group->schedules[i];
        }
    }
    return NULL;
}

/* ---- all of it ---- */

static bool index_instance(struct asg_core *core, struct instance *instance)
{
    assert(instance->group != NULL);
    if (asg_text_index_find(&core->ids, instance->id) != NULL) return false;
    if (instance->id[0] != '\0') asg_text_index_add(&core->ids, instance);
    struct job *job = asg_instance_is_slot(instance)
                          ? asg_job_find(core, instance->launch.job_id)
                          : NULL;
    if (job != NULL) asg_job_note_slot(job, instance);
    asg_count_new(instance->group, instance);
    instance->group->misled += instance->notice.is_false ? 1 : 0;
    if (instance->identity == NULL) return true;
    instance->group->disputed += instance->identity->is_disputed ? 1 : 0;
    return instance->id[0] != '\0' && asg_identity_index(core, instance->identity);
}

static bool index_group(struct asg_core *core, struct group *group)
{
    assert(group->due.place == 0); /* in no heap yet */
    assert(!group->is_changing);
    if (asg_group_find(core, group->config.name) != NULL) return false;
    const char *configuration = group->config.launch_configuration;
    if (configuration[0] != '\0' && asg_configuration_find(core, configuration) == NULL) {
        return false;
    }
    asg_text_index_add(&core->names, group);
    asg_due_heap_set(&core->dues, &group->due, group->due.at_ms);
    bool are_some_changing = false;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (i > 0 && instance->no <= group->instances[i - 1]->no) return false;
        if (!index_instance(core, instance)) return false;
        are_some_changing = are_some_changing || asg_instance_is_changing(instance);
    }
    asg_group_set_changing(core, group, are_some_changing);
    return true;
}

static void index_job(struct asg_core *core, struct job *job)
{
    assert(job->due.place == 0); /* in no heap yet */
    enum asg_job_state state = job->state;
    job->state = ASG_JOB_STATE_OPEN;
    asg_job_set_state(core, job, state);
    bool is_looked_up = job->look_up_ms != 0; /* counted with its group */
    if (state == ASG_JOB_STATE_OPEN && !is_looked_up) {
        asg_job_set_retry(core, job, job->retry_ms);
    }
}

/* A launch that is looked up is an open one of a group that is there. */
static bool index_look_up(struct asg_core *core, const struct job *job)
{
    if (job->look_up_ms == 0) return job->looks == 0;
    struct group *group = asg_group_of_no(core, job->group_no);
    assert(job->due.place == 0); /* no moment of its own */
    bool is_right = group != NULL && job->state == ASG_JOB_STATE_OPEN &&
                    job->retry_ms == INT64_MAX && asg_job_is_launch(job->plan.kind);
    if (is_right) group->look_ups++;
    return is_right;
}

/* Jobs first: instances look for theirs. */
bool asg_state_index(struct asg_core *core)
{
    assert(core->names.count == 0 && core->ids.count == 0); /* done once */
    if (!asg_configuration_are_ordered(core)) return false;
    for (size_t i = 0; i < core->job_count; i++) {
        struct job *job = core->jobs[i];
        if (i > 0 && job->plan.id <= core->jobs[i - 1]->plan.id) return false;
        index_job(core, job);
    }
    for (size_t i = 0; i < core->group_count; i++) {
        struct group *group = core->groups[i];
        if (i > 0 && group->no <= core->groups[i - 1]->no) return false;
        if (!index_group(core, group)) return false;
    }
    for (size_t i = 0; i < core->job_count; i++) {
        if (!index_look_up(core, core->jobs[i])) return false;
    }
    return true;
}

void asg_state_clear(struct asg_core *core)
{
    for (size_t i = 0; i < core->group_count; i++) {
        free_group(core->groups[i]);
    }
    for (size_t i = 0; i < core->job_count; i++) {
        free_job(core->jobs[i]);
    }
    assert(core->step == NULL); /* not in the middle of one */
    asg_touch_clear(core);
    free(core->groups);
    free(core->jobs);
    free(core->templates);
    asg_configuration_clear_all(core);
    free(core->orphans);
    asg_id_map_clear(&core->orphan_ids);
    free(core->detached);
    asg_id_map_clear(&core->detached_ids);
    free(core->dirty);
    free(core->changing);
    asg_text_index_clear(&core->names);
    asg_text_index_clear(&core->ids);
    asg_identity_clear(core);
    asg_text_pool_clear(&core->texts);
    asg_due_heap_clear(&core->dues);
    asg_due_heap_clear(&core->retries);
}
