/* plan_jobs - decisions become jobs: one subnet and type a launch, one zone a
 * termination, describes at a pace that follows what is going on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/state.h"
#include "model/copy.h"
#include "model/schemas.h"
#include "base/mutant.h"

#define TERMINATE_BATCH   100
#define END_LIMIT_MS      INT64_C(3600000)
#define LOOK_LIMIT_MS     INT64_C(60000)
#define TEMPLATE_LIMIT_MS INT64_C(600000)
#define RETRY_MS          INT64_C(5000)
#define RETRY_MS_MAX      INT64_C(300000)
#define AMBIGUOUS_MS      INT64_C(1000)
#define LISTING_MS        INT64_C(120000)
#define LISTING_START_MS  INT64_C(10000)
#define LISTINGS_START    20
#define LOOK_MS_MIN       INT64_C(1000)
#define LOOK_MS_MAX       INT64_C(10000)
#define NO_POOL_MS        INT64_C(30000)
#define ZONE_WEIGHT       1000 /* balance is over zones first, then over their subnets */
#define LOOK_IDS_MAX      200  /* values of one filter */

void set_token(struct asg_core *core, struct job *job)
{
    job->plan.client_token =
        asg_arena_format(&job->arena, "%s-%" PRIu64 "-%" PRIu32,
                         ASG_MUTANT(TOKEN_LACKS_CLUSTER) ? "" : core->cluster_id,
                         job->plan.id, job->plan.attempt);
}

/* ---- launches ---- */

bool is_dry(const struct asg_core *core, const struct group *group, const char *type,
            const char *zone, bool is_spot)
{
    for (size_t i = 0; i < group->pool_count; i++) {
        const struct dry_pool *pool = &group->pools[i];
        bool is_dry_now = pool->until_ms > core->now_ms || ASG_MUTANT(DRY_FOR_EVER);
        if (is_dry_now && pool->is_spot == is_spot && strcmp(pool->type, type) == 0 &&
            strcmp(pool->zone, zone) == 0) {
            return true;
        }
    }
    return false;
}

uint32_t count_in_subnet(const struct group *group, const char *subnet_id,
                         const char *zone)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        if (!counts_as_capacity(instance)) continue;
        if (strcmp(instance->zone, zone) == 0) count += ZONE_WEIGHT;
        if (strcmp(instance->subnet_id, subnet_id) == 0) count++;
    }
    return count;
}

bool choose_pool(struct asg_core *core, struct group *group, const struct job *tried,
                 const char **ret_type, const struct asg_subnet **ret_subnet)
{
    (void)tried;
    size_t type_count = group->config.instance_types.count;
    for (size_t t = 0; t < type_count || t == 0; t++) {
        const char *type = type_count > 0 ? group->config.instance_types.items[t] : "";
        const struct asg_subnet *best = NULL;
        uint32_t least = UINT32_MAX;
        for (size_t i = 0; i < group->config.subnet_count; i++) {
            const struct asg_subnet *subnet = &group->config.subnets[i];
            if (is_dry(core, group, type, subnet->zone, false)) continue;
            uint32_t count = count_in_subnet(group, subnet->subnet_id, subnet->zone);
            if (count >= least) continue;
            least = count;
            best = subnet;
        }
        if (best == NULL) continue;
        *ret_type = type;
        *ret_subnet = best;
        return true;
    }
    return false;
}

void fill_launch(struct asg_core *core, struct group *group, struct job *job,
                 const struct asg_launch *launch)
{
    char version[24];
    (void)snprintf(version, sizeof version, "%" PRIu64, group->template_version);
    struct asg_launch whole = *launch;
    whole.template_id = group->template_id;
    whole.template_name = "";
    whole.template_version = version;
    whole.group_max = group->config.max;
    whole.tags = group->config.tags;
    whole.tag_count = group->config.tag_count;
    whole.parameters = group->config.launch_parameters;
    whole.parameter_count = group->config.launch_parameter_count;
    struct asg_launch *copy = asg_arena_take(&job->arena, sizeof *copy);
    asg_model_copy(&asg_launch_schema, &whole, &job->arena, copy);
    job->plan.launch = copy;
    set_token(core, job);
}

/* `based_on`: instances that count against max besides those of this job. */
static void fill_pool(struct asg_core *core, struct group *group, struct job *job,
                      const char *type, const struct asg_subnet *subnet, uint32_t count,
                      uint32_t based_on)
{
    fill_launch(core, group, job,
                &(struct asg_launch){.instance_type = type,
                                     .subnet_id = subnet->subnet_id,
                                     .zone = subnet->zone,
                                     .count = count,
                                     .based_on = based_on});
}

void add_slots(struct asg_core *core, struct group *group, const struct job *job)
{
    const struct asg_launch *launch = job->plan.launch;
    for (uint32_t i = 0; i < launch->count; i++) {
        struct instance *slot = add_instance(core, group);
        slot->job_id = job->plan.id;
        slot->attempt = job->plan.attempt;
        copy_text(slot->type, sizeof slot->type, launch->instance_type);
        copy_text(slot->subnet_id, sizeof slot->subnet_id, launch->subnet_id);
        copy_text(slot->zone, sizeof slot->zone, launch->zone);
        copy_text(slot->template_id, sizeof slot->template_id, group->template_id);
        slot->template_version = group->template_version;
        slot->is_protected = group->config.protect_new_instances;
        slot->is_spot = launch->fleet != NULL && i >= launch->fleet->on_demand;
    }
}

static struct job *plan_launch(struct asg_core *core, struct group *group,
                               const char *type, const struct asg_subnet *subnet,
                               uint32_t count)
{
    struct job *job = add_job(core, ASG_JOB_LAUNCH, group);
    job->plan.deadline_ms = core->now_ms + LAUNCH_LIMIT_MS;
    fill_pool(core, group, job, type, subnet, count, count_alive(group));
    (void)emit_job(core, job);
    if (ASG_MUTANT(DECISION_WITHOUT_REASON)) {
        decide(core, ASG_DECISION_LAUNCH, group, "%s", "");
        return job;
    }
    decide(core, ASG_DECISION_LAUNCH, group, "plan launch x%" PRIu32 " in %s, job %s%s",
           count, subnet->zone, job->plan.name,
           job->plan.is_dry_run ? " (dry run: EC2 is only asked whether it would)" : "");
    return job;
}

void add_weight(const struct group *group, size_t subnet, uint32_t *weights)
{
    for (size_t i = 0; i < group->config.subnet_count; i++) {
        bool is_same_zone = strcmp(group->config.subnets[i].zone,
                                   group->config.subnets[subnet].zone) == 0;
        if (weights[i] != UINT32_MAX && is_same_zone) weights[i] += ZONE_WEIGHT;
    }
    weights[subnet]++;
}

/* How many of `count` each subnet gets: one after another into the emptiest. */
static void spread(struct asg_core *core, struct group *group, const char *type,
                   uint32_t count, uint32_t *planned)
{
    size_t subnet_count = group->config.subnet_count;
    uint32_t *weights =
        asg_arena_take(&core->effects->arena, subnet_count * sizeof *weights);
    for (size_t i = 0; i < subnet_count; i++) {
        const struct asg_subnet *subnet = &group->config.subnets[i];
        weights[i] = is_dry(core, group, type, subnet->zone, false)
                         ? UINT32_MAX
                         : count_in_subnet(group, subnet->subnet_id, subnet->zone);
    }
    for (; count > 0; count--) {
        size_t best = 0;
        for (size_t i = 1; i < subnet_count; i++) {
            if (weights[i] < weights[best]) best = i;
        }
        planned[best]++;
        add_weight(group, best, weights);
    }
}

void wait_for_pools(struct asg_core *core, struct group *group, const char *what)
{
    hold(core, group, HOLD_LAUNCH, "%s waits: no pool has capacity, trying again", what);
    group->launch_after_ms = core->now_ms + NO_POOL_MS;
}

void plan_launches(struct asg_core *core, struct group *group, uint32_t count)
{
    if (group->config.mixed != NULL) {
        plan_fleets(core, group, count);
        return;
    }
    const char *type = "";
    const struct asg_subnet *subnet = NULL;
    if (!choose_pool(core, group, NULL, &type, &subnet)) {
        wait_for_pools(core, group, "launch");
        return;
    }
    if (group->config.dry_run) { /* one question is enough */
        (void)plan_launch(core, group, type, subnet, count);
        return;
    }
    uint32_t *planned = asg_arena_take(&core->effects->arena,
                                       group->config.subnet_count * sizeof *planned);
    spread(core, group, type, count, planned);
    for (size_t i = 0; i < group->config.subnet_count; i++) {
        while (planned[i] > 0) {
            uint32_t batch = planned[i] > LAUNCH_BATCH ? LAUNCH_BATCH : planned[i];
            struct job *job =
                plan_launch(core, group, type, &group->config.subnets[i], batch);
            add_slots(core, group, job);
            planned[i] -= batch;
        }
    }
}

/* The same job elsewhere: another pool is other parameters, hence another attempt. */
void next_attempt(struct asg_core *core, struct job *job)
{
    struct group *group = group_of_no(core, job->group_no);
    const char *type = "";
    const struct asg_subnet *subnet = NULL;
    if (group == NULL || !choose_pool(core, group, job, &type, &subnet)) return;
    uint32_t count = job->plan.launch->count;
    job->plan.attempt++;
    job->tries = 0;
    job->sent_ms = core->now_ms;
    job->sent_epoch = core->epoch;
    job->is_ambiguous = false;
    uint32_t own = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *slot = &group->instances[i];
        own += slot->job_id == job->plan.id && slot->state == ASG_INSTANCE_REQUESTED;
    }
    fill_pool(core, group, job, type, subnet, count, count_alive(group) - own);
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *slot = &group->instances[i];
        if (slot->job_id != job->plan.id || slot->state != ASG_INSTANCE_REQUESTED)
            continue;
        slot->attempt = job->plan.attempt;
        copy_text(slot->type, sizeof slot->type, type);
        copy_text(slot->subnet_id, sizeof slot->subnet_id, subnet->subnet_id);
        copy_text(slot->zone, sizeof slot->zone, subnet->zone);
    }
    (void)emit_job(core, job);
    decide(core, ASG_DECISION_LAUNCH, group,
           "no capacity there: job %s attempt %" PRIu32 " tries %s %s", job->plan.name,
           job->plan.attempt, type[0] != '\0' ? type : "the template's type",
           subnet->zone);
}

/* ---- terminations ---- */

static bool needs_end_job(const struct instance *instance)
{
    return instance->state == ASG_INSTANCE_TERMINATING && instance->end_job_id == 0 &&
           instance->drain_until_ms == 0 && instance->id[0] != '\0' && is_alive(instance);
}

static void plan_termination(struct asg_core *core, struct group *group,
                             const struct instance *first)
{
    struct job *job = add_job(core, ASG_JOB_TERMINATE, group);
    job->plan.deadline_ms = core->now_ms + END_LIMIT_MS;
    struct asg_terminate *terminate = asg_arena_take(&job->arena, sizeof *terminate);
    terminate->zone = asg_arena_text(&job->arena, first->zone);
    const char **ids = asg_arena_take(&job->arena, TERMINATE_BATCH * sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < group->instance_count && count < TERMINATE_BATCH; i++) {
        struct instance *instance = &group->instances[i];
        if (!needs_end_job(instance) || strcmp(instance->zone, terminate->zone) != 0) {
            continue;
        }
        instance->end_job_id = job->plan.id;
        ids[count++] = asg_arena_text(&job->arena, instance->id);
    }
    terminate->instance_ids = (struct asg_texts){.items = ids, .count = count};
    job->plan.terminate = terminate;
    (void)emit_job(core, job);
    decide(core, ASG_DECISION_TERMINATE, group, "plan terminate x%zu in %s, job %s",
           count, terminate->zone[0] != '\0' ? terminate->zone : "an unknown zone",
           job->plan.name);
}

void plan_terminations(struct asg_core *core, struct group *group)
{
    if (core->is_halted || group->is_halted) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        if (needs_end_job(&group->instances[i])) {
            plan_termination(core, group, &group->instances[i]);
        }
    }
}

void plan_orphan_end(struct asg_core *core, struct orphan *orphan)
{
    struct job *job = add_job(core, ASG_JOB_TERMINATE, NULL);
    job->plan.deadline_ms = core->now_ms + END_LIMIT_MS;
    struct asg_terminate *terminate = asg_arena_take(&job->arena, sizeof *terminate);
    const char **ids = asg_arena_take(&job->arena, sizeof *ids);
    ids[0] = asg_arena_text(&job->arena, orphan->id);
    terminate->zone = asg_arena_text(&job->arena, orphan->zone);
    terminate->instance_ids = (struct asg_texts){.items = ids, .count = 1};
    job->plan.terminate = terminate;
    orphan->is_ending = true;
    (void)emit_job(core, job);
    decide(core, ASG_DECISION_TERMINATE, NULL,
           "orphan %s: nobody remembers it after 15 min, job %s ends it", orphan->id,
           job->plan.name);
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

/* ---- templates ---- */

void plan_resolve(struct asg_core *core, struct group *group)
{
    if (group->resolve_job_id != 0) return;
    struct job *job = add_job(core, ASG_JOB_RESOLVE_TEMPLATE, group);
    job->plan.deadline_ms = core->now_ms + TEMPLATE_LIMIT_MS;
    job->plan.template_id = asg_arena_text(&job->arena, group->config.template_id);
    job->plan.template_name = asg_arena_text(&job->arena, group->config.template_name);
    job->plan.template_version =
        asg_arena_text(&job->arena, group->config.template_version);
    group->resolve_job_id = job->plan.id;
    (void)emit_job(core, job);
}

struct job *plan_template(struct asg_core *core, const struct asg_template_config *config,
                          const struct template *known)
{
    struct job *job = add_job(core, ASG_JOB_TEMPLATE, NULL);
    job->plan.deadline_ms = core->now_ms + TEMPLATE_LIMIT_MS;
    struct asg_template_config *copy = asg_arena_take(&job->arena, sizeof *copy);
    asg_model_copy(&asg_template_config_schema, config, &job->arena, copy);
    job->plan.template_config = copy;
    job->plan.template_name = copy->name;
    job->plan.template_id = known != NULL ? asg_arena_text(&job->arena, known->id) : "";
    set_token(core, job);
    (void)emit_job(core, job);
    return job;
}

/* ---- looking at EC2 ---- */

static bool is_changing(const struct instance *instance)
{
    return instance->state == ASG_INSTANCE_PENDING ||
           instance->state == ASG_INSTANCE_TERMINATING ||
           (instance->state == ASG_INSTANCE_IN_SERVICE &&
            (instance->private_ip[0] == '\0' || is_out_of_reach(instance)));
}

/* It takes a listing to end an orphan: one is due when its time is over, though EC2 is
 * listed more rarely. */
void list_for_orphans(struct asg_core *core)
{
    for (size_t i = 0; i < core->orphan_count; i++) {
        const struct orphan *orphan = &core->orphans[i];
        int64_t due_ms = orphan->first_ms + ORPHAN_WAIT_MS;
        bool is_sooner = due_ms > core->now_ms && due_ms < core->listing_next_ms;
        if (is_sooner && !orphan->is_ending) core->listing_next_ms = due_ms;
    }
}

static void plan_listing(struct asg_core *core)
{
    struct job *job = add_job(core, ASG_JOB_DESCRIBE, NULL);
    job->plan.deadline_ms = core->now_ms + LOOK_LIMIT_MS;
    job->plan.describe = asg_arena_take(&job->arena, sizeof *job->plan.describe);
    core->listing_job_id = job->plan.id;
    core->listings++;
    int64_t pause_ms = core->listing_ms > 0 ? core->listing_ms : LISTING_MS;
    /* In its first minutes a leader looks more often. */
    if (core->listings < LISTINGS_START && pause_ms > LISTING_START_MS) {
        pause_ms = LISTING_START_MS;
    }
    core->listing_next_ms = core->now_ms + pause_ms;
    list_for_orphans(core);
    (void)emit_job(core, job);
}

static void plan_look(struct asg_core *core)
{
    const char *ids[LOOK_IDS_MAX];
    size_t count = 0;
    for (size_t g = 0; g < core->group_count; g++) {
        const struct group *group = &core->groups[g];
        for (size_t i = 0; i < group->instance_count && count < LOOK_IDS_MAX; i++) {
            if (is_changing(&group->instances[i]) && group->instances[i].id[0] != '\0') {
                ids[count++] = group->instances[i].id;
            }
        }
    }
    if (count == 0) {
        core->look_next_ms = INT64_MAX;
        core->look_pause_ms = LOOK_MS_MIN;
        return;
    }
    struct job *job = add_job(core, ASG_JOB_DESCRIBE, NULL);
    job->plan.deadline_ms = core->now_ms + LOOK_LIMIT_MS;
    struct asg_describe describe = {{.items = ids, .count = count}};
    struct asg_describe *copy = asg_arena_take(&job->arena, sizeof *copy);
    asg_model_copy(&asg_describe_schema, &describe, &job->arena, copy);
    job->plan.describe = copy;
    core->look_job_id = job->plan.id;
    int64_t pause_ms =
        core->look_pause_ms < LOOK_MS_MIN ? LOOK_MS_MIN : core->look_pause_ms;
    core->look_next_ms = core->now_ms + pause_ms;
    core->look_pause_ms = pause_ms * 3 / 2 > LOOK_MS_MAX ? LOOK_MS_MAX : pause_ms * 3 / 2;
    (void)emit_job(core, job);
}

void plan_looks(struct asg_core *core)
{
    if (core->cluster_id[0] == '\0' || core->epoch == 0) return;
    if (core->listing_job_id == 0 && core->listing_next_ms <= core->now_ms) {
        plan_listing(core);
    }
    if (core->look_job_id == 0 && core->look_next_ms <= core->now_ms) plan_look(core);
}

/* ---- again ---- */

/* Doubling, between half and the whole of it by a hash of seed, job and try: spread, and
 * alike in every replay. */
static int64_t backoff(const struct asg_core *core, const struct job *job,
                       int64_t base_ms)
{
    int64_t most_ms = base_ms;
    for (uint32_t i = 0; i < job->tries && most_ms < RETRY_MS_MAX; i++) {
        most_ms *= 2;
    }
    if (most_ms > RETRY_MS_MAX) most_ms = RETRY_MS_MAX;
    uint64_t z = (core->seed ^ job->plan.id * UINT64_C(0x9e3779b97f4a7c15)) + job->tries;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return most_ms / 2 + (int64_t)(z >> 33) % (most_ms / 2 + 1);
}

void retry_later(struct asg_core *core, struct job *job)
{
    int64_t base_ms = job->is_ambiguous ? AMBIGUOUS_MS : RETRY_MS;
    set_retry(core, job, core->now_ms + backoff(core, job, base_ms));
    job->tries++;
}

/* The same attempt once more, as it was. */
void replan_job(struct asg_core *core, struct job *job)
{
    set_retry(core, job, 0);
    int64_t limit_ms = asg_job_is_launch(job->plan.kind) ? LAUNCH_LIMIT_MS : END_LIMIT_MS;
    if (job->is_ambiguous) job->plan.deadline_ms = core->now_ms + limit_ms;
    if (ASG_MUTANT(NEW_ATTEMPT_BEFORE_RESOLVED) && job->is_ambiguous &&
        group_of_no(core, job->group_no) != NULL) {
        if (job->plan.kind == ASG_JOB_LAUNCH) {
            next_attempt(core, job);
            return;
        }
        job->plan.attempt++;
        set_token(core, job);
    }
    (void)emit_job(core, job);
}
