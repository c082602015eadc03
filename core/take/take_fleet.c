#include "core/take/take_fleet.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/limits/dry_pools.h"
#include "core/limits/launch_failures.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/values/number.h"
#include "core/lifecycle/slots.h"
#include "core/take/attempts.h"

/* A market of the fleet: asked for, got, and whether the worker named a dry pool of it.
 */
struct market {
    bool is_spot;
    uint32_t asked;
    uint32_t got;
    size_t named;
};

static bool is_asked_for(const struct asg_fleet *fleet, const char *type)
{
    bool is_template = fleet->instance_types.count == 0;
    for (size_t i = 0; !is_template && i < fleet->instance_types.count; i++) {
        if (strcmp(fleet->instance_types.items[i], type) == 0) return true;
    }
    return is_template;
}

static struct market count_result(const struct job *job, const struct asg_result *result,
                                  bool is_spot)
{
    assert(job->plan.launch != NULL && job->plan.launch->fleet != NULL);
    const struct asg_fleet *fleet = job->plan.launch->fleet;
    struct market market = {.is_spot = is_spot,
                            .asked = is_spot ? fleet->spot : fleet->on_demand};
    for (size_t i = 0; i < result->instance_count; i++) {
        market.got += result->instances[i].is_spot == is_spot;
    }
    for (size_t i = 0; i < result->dry_pool_count; i++) {
        market.named += result->dry_pools[i].is_spot == is_spot &&
                        is_asked_for(fleet, result->dry_pools[i].instance_type);
    }
    return market;
}

/* Pools that EC2 named are dry. When a market came short, no pool of it was named and
 * nothing else is said to be wrong, all that the fleet asked for are. */
static void mark_market(struct asg_core *core, struct group *group, const struct job *job,
                        const struct asg_result *result, struct market market)
{
    assert(job->plan.launch->fleet != NULL);
    assert(job->group_no == group->no);
    const struct asg_launch *launch = job->plan.launch;
    const struct asg_texts *types = &launch->fleet->instance_types;
    for (size_t i = 0; i < result->dry_pool_count; i++) {
        const struct asg_dry_pool *pool = &result->dry_pools[i];
        if (pool->is_spot != market.is_spot) continue;
        asg_pool_mark_no_room(
            core, group, launch,
            &(struct no_room){.type = types->count == 0 ? "" : pool->instance_type,
                              .is_spot = pool->is_spot,
                              .error_code = pool->error_code});
    }
    bool is_silent =
        market.got < market.asked && market.named == 0 && result->error_code[0] == '\0';
    for (size_t i = 0; is_silent && (i < types->count || i == 0); i++) {
        asg_pool_mark_no_room(
            core, group, launch,
            &(struct no_room){.type = types->count == 0 ? "" : types->items[i],
                              .is_spot = market.is_spot,
                              .error_code = ""});
    }
}

/* "t3.small Spot (InsufficientInstanceCapacity), ..."; the first few of them. */
static const char *say_pools(struct asg_core *core, const struct asg_result *result)
{
    assert(core->step != NULL);
    const char *text = "";
    for (size_t i = 0; i < result->dry_pool_count && i < 4; i++) {
        const struct asg_dry_pool *pool = &result->dry_pools[i];
        const char *type = pool->instance_type;
        text = asg_arena_format(&core->step->effects->arena, "%s%s%s %s (%s)", text,
                                i == 0 ? "" : ", ",
                                type[0] != '\0' ? type : "the template's type",
                                pool->is_spot ? "Spot" : "on demand", pool->error_code);
    }
    if (result->dry_pool_count <= 4) return text;
    return asg_arena_format(&core->step->effects->arena, "%s and %zu more", text,
                            result->dry_pool_count - 4);
}

/* Nothing is dry and yet something is missing: EC2 has another trouble. */
static bool must_wait(const struct asg_result *result)
{
    return result->dry_pool_count == 0 && result->error_code[0] != '\0';
}

void asg_take_part_of_fleet(struct asg_core *core, struct group *group,
                            const struct job *job, const struct asg_result *result)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(job->group_no == group->no);
    struct market on_demand = count_result(job, result, false);
    struct market spot = count_result(job, result, true);
    mark_market(core, group, job, result, on_demand);
    mark_market(core, group, job, result, spot);
    if (on_demand.got + spot.got >= on_demand.asked + spot.asked) return;
    const char *pools = say_pools(core, result);
    asg_narrate(
        core, ASG_DECISION_JOB, group,
        "EC2 had capacity for %" PRIu32 " of %" PRIu32 " on demand and %" PRIu32
        " of %" PRIu32 " Spot in %s (job %s)%s%s: the rest are launched elsewhere",
        on_demand.got, on_demand.asked, spot.got, spot.asked, job->plan.launch->zone,
        job->plan.name, pools[0] != '\0' ? "; refused: " : "", pools);
    if (must_wait(result)) asg_launch_again_later(core, group);
}

void asg_take_empty_fleet(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_result *result)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(job->group_no == group->no);
    mark_market(core, group, job, result, count_result(job, result, false));
    mark_market(core, group, job, result, count_result(job, result, true));
    const char *what = asg_attempt_say_want(core, job, result);
    bool waits = must_wait(result);
    asg_slot_free(core, group, job,
                  waits ? ASG_ACTIVITY_FAILED : ASG_ACTIVITY_IN_PROGRESS,
                  waits ? asg_activity_say_failure(core, what) : what);
    asg_job_close(core, job, ASG_JOB_STATE_REFUSED);
    const char *pools = say_pools(core, result);
    char wait[ASG_NUMBER_TEXT_MAX];
    if (!waits) {
        asg_narrate(core, ASG_DECISION_JOB, group,
                    "no capacity in %s (job %s)%s%s: other pools are tried",
                    job->plan.launch->zone, job->plan.name, pools[0] != '\0' ? ": " : "",
                    pools);
        return;
    }
    asg_launch_again_later(core, group);
    asg_narrate(core, ASG_DECISION_JOB, group,
                "Launching EC2 instance failed: %s; job %s is over, next try in %s",
                asg_attempt_say_error(core, result), job->plan.name,
                asg_number_duration(group->launching.after_ms - core->now_ms, wait));
}
