#include "core/plan/plan_instances.h"

#include <assert.h>
#include <inttypes.h>

#include "core/world/kept_text.h"
#include "core/choose/choose_pool.h"
#include "core/world/counts.h"
#include "core/limits/dry_pools.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/lifecycle/slots.h"
#include "core/world/state.h"
#include "core/plan/launch_job.h"
#include "core/world/touched.h"

/* `based_on`: instances that count against max besides those of this job. */
static void fill_pool(struct asg_core *core, struct group *group, struct job *job,
                      const char *type, const struct asg_subnet *subnet, uint32_t count,
                      uint32_t based_on)
{
    assert(subnet != NULL && type != NULL);
    asg_plan_fill_launch(core, group, job,
                         &(struct asg_launch){.instance_type = type,
                                              .subnet_id = subnet->subnet_id,
                                              .zone = subnet->zone,
                                              .count = count,
                                              .based_on = based_on});
}

static struct job *plan_launch(struct asg_core *core, struct group *group,
                               const char *type, const struct asg_subnet *subnet,
                               uint32_t count)
{
    assert(count > 0);
    assert(asg_count_against_max(group) + count <=
           group->config.max); /* never above max */
    struct job *job = asg_job_add(core, ASG_JOB_LAUNCH, group);
    job->plan.deadline_ms = core->now_ms + LAUNCH_LIMIT_MS;
    fill_pool(core, group, job, type, subnet, count, asg_count_against_max(group));
    (void)asg_emit_job(core, job);
    asg_narrate(
        core, ASG_DECISION_LAUNCH, group, "plan launch x%" PRIu32 " in %s, job %s%s",
        count, subnet->zone, job->plan.name,
        job->plan.is_dry_run ? " (dry run: EC2 is only asked whether it would)" : "");
    return job;
}

/* How many of `count` each subnet gets: one after another into the emptiest. */
static void spread(struct asg_core *core, struct group *group, const char *type,
                   uint32_t count, uint32_t *planned)
{
    assert(count > 0);
    size_t subnet_count = group->config.subnet_count;
    uint32_t *weights =
        asg_arena_take(&core->step->effects->arena, subnet_count * sizeof *weights);
    for (size_t i = 0; i < subnet_count; i++) {
        const struct asg_subnet *subnet = &group->config.subnets[i];
        weights[i] = asg_pool_is_dry(core, group, type, subnet, false)
                         ? UINT32_MAX
                         : asg_choose_weight(group, subnet->subnet_id, subnet->zone);
    }
    for (; count > 0; count--) {
        size_t best = 0;
        for (size_t i = 1; i < subnet_count; i++) {
            if (weights[i] < weights[best]) best = i;
        }
        assert(weights[best] != UINT32_MAX); /* some pool is not dry */
        planned[best]++;
        asg_choose_add_weight(group, best, weights);
    }
}

void asg_plan_instances(struct asg_core *core, struct group *group, uint32_t count)
{
    assert(count > 0);
    assert(!group->is_deleting); /* it grows no more */
    const char *type = "";
    const struct asg_subnet *subnet = NULL;
    if (!asg_choose_pool(core, group, &type, &subnet)) {
        asg_plan_wait_for_pools(core, group, "launch");
        return;
    }
    if (group->config.dry_run) { /* one question is enough */
        (void)plan_launch(core, group, type, subnet, count);
        return;
    }
    uint32_t *planned = asg_arena_take(&core->step->effects->arena,
                                       group->config.subnet_count * sizeof *planned);
    spread(core, group, type, count, planned);
    for (size_t i = 0; i < group->config.subnet_count; i++) {
        while (planned[i] > 0) {
            uint32_t batch = planned[i] > LAUNCH_BATCH ? LAUNCH_BATCH : planned[i];
            assert(batch > 0 && batch <= LAUNCH_BATCH);
            struct job *job =
                plan_launch(core, group, type, &group->config.subnets[i], batch);
            asg_slot_add(core, group, job);
            planned[i] -= batch;
        }
    }
}

void asg_plan_next_attempt(struct asg_core *core, struct job *job)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(job->plan.launch != NULL && job->plan.launch->fleet == NULL);
    struct group *group = asg_group_of_no(core, job->group_no);
    const char *type = "";
    const struct asg_subnet *subnet = NULL;
    if (group == NULL || !asg_choose_pool(core, group, &type, &subnet)) return;
    uint32_t count = job->plan.launch->count;
    asg_job_set_retry(core, job, 0); /* it goes out now, whatever it waited for */
    job->plan.attempt++;
    job->tries = 0;
    job->sent_ms = core->now_ms;
    job->sent_epoch = core->epoch;
    job->is_ambiguous = false;
    uint32_t own = 0;
    size_t at = 0;
    while (asg_slot_next(group, job, &at) != NULL) {
        own++;
    }
    fill_pool(core, group, job, type, subnet, count, asg_count_against_max(group) - own);
    at = 0; /* they get what the job was given just now */
    struct instance *slot = asg_slot_next(group, job, &at);
    for (; slot != NULL; slot = asg_slot_next(group, job, &at)) {
        slot->launch.attempt = job->plan.attempt;
        slot->launch.incarnation = job->plan.incarnation;
        asg_touch(slot);
        asg_text_keep(core, &slot->type, ASG_TYPE_MAX, type);
        asg_text_keep(core, &slot->subnet_id, ASG_SUBNET_MAX, subnet->subnet_id);
        asg_text_keep(core, &slot->zone, ASG_ZONE_MAX, subnet->zone);
        assert(slot->activity != NULL); /* it goes on there */
        asg_activity_go_on(core, slot, ASG_ACTIVITY_IN_PROGRESS, slot->activity->progress,
                           slot->activity->message);
    }
    (void)asg_emit_job(core, job);
    asg_narrate(core, ASG_DECISION_LAUNCH, group,
                "no capacity there: job %s attempt %" PRIu32 " tries %s %s",
                job->plan.name, job->plan.attempt,
                type[0] != '\0' ? type : "the template's type", subnet->zone);
}
