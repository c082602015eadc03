#include "core/take/behind.h"

#include <assert.h>
#include <inttypes.h>

#include "core/world/leads.h"
#include "core/step/narrate.h"
#include "core/world/orphans.h"
#include "core/world/state.h"
#include "core/world/touched.h"

#define SAID_MAX 3 /* ids that an alarm names */

static void wake_groups(struct asg_core *core)
{
    for (size_t g = 0; g < core->group_count; g++) {
        asg_group_mark_dirty(core, core->groups[g]);
    }
}

/* Held from here on, until everything is settled that a listing shows which begins now.
 */
static void begin_behind(struct asg_core *core, const char *sign)
{
    assert(core->step != NULL);
    assert(sign[0] != '\0');
    core->behind_job_id = core->last_job_id;
    if (core->listing.next_ms > core->now_ms) core->listing.next_ms = core->now_ms;
    if (core->is_behind) return;
    core->is_behind = true;
    asg_touch_cluster(core);
    wake_groups(core);
    asg_alarm_raise(
        core, ASG_ALARM_LOG_BEHIND, NULL, true,
        "%s: this log is an old copy. Instances that it does not know "
        "and orphans are not terminated until you have run `openasg instance adopt` or "
        "`openasg orphan end` for all that `openasg orphan list` shows "
        "(docs/recovery.md)",
        sign);
}

void asg_behind_settle(struct asg_core *core)
{
    assert(core->step != NULL);
    bool is_looked_at = !core->is_unlisted && core->behind_job_id == 0;
    if (!core->is_behind || !is_looked_at || core->has_more_orphans ||
        asg_orphan_count_unsettled(core) > 0) {
        return;
    }
    core->is_behind = false;
    asg_touch_cluster(core);
    wake_groups(core);
    asg_alarm_raise(core, ASG_ALARM_LOG_BEHIND, NULL, false,
                    "this log knows every instance in EC2 again; orphans are terminated "
                    "on schedule again");
}

void asg_take_witness(struct asg_core *core, const struct asg_witness *witness)
{
    const char *name = witness->name;
    if (witness->kind == ASG_WITNESS_WORKER) {
        if (asg_lead_knows(core, witness->epoch, witness->incarnation)) return;
        asg_lead_hear_of(core, witness->epoch, witness->incarnation);
        begin_behind(
            core, asg_arena_format(&core->step->effects->arena,
                                   "worker %s has served a controller of epoch %" PRIu64
                                   " that this log does not know",
                                   name, witness->epoch));
        return;
    }
    if (asg_lead_knows_job(core, witness->incarnation, witness->job_id)) return;
    begin_behind(core,
                 asg_arena_format(&core->step->effects->arena,
                                  "the agent of %s has a valid token of job %" PRIu64
                                  ", which this log does not have",
                                  name, witness->job_id));
}

/* "4 instances (i-1, i-2, i-3, ...)" */
static const char *say_unsettled(struct asg_core *core)
{
    struct asg_arena *arena = &core->step->effects->arena;
    size_t count = asg_orphan_count_unsettled(core);
    const char *names = "";
    size_t said = 0;
    for (size_t i = 0; i < core->orphan_count && said < SAID_MAX; i++) {
        if (!asg_orphan_is_unsettled(&core->orphans[i])) continue;
        names = asg_arena_format(arena, "%s%s%s", names, said == 0 ? "" : ", ",
                                 core->orphans[i].id);
        said++;
    }
    assert(said <= count && said <= SAID_MAX);
    return asg_arena_format(arena, "%zu instance%s (%s%s)", count, count == 1 ? "" : "s",
                            names, count > said ? ", ..." : "");
}

void asg_behind_end_listing(struct asg_core *core, const struct asg_observed *observed)
{
    assert(observed->is_complete && !observed->failed);
    if (core->is_unlisted) wake_groups(core); /* their launches waited for it */
    core->is_unlisted = false;
    for (size_t i = 0; i < core->orphan_count; i++) {
        struct orphan *orphan = &core->orphans[i];
        orphan->is_gone = orphan->look_job_id != observed->job_id && !orphan->is_ending;
    }
    asg_orphan_drop_gone(core);
    if (asg_orphan_count_unsettled(core) > 0 && !core->is_behind) {
        begin_behind(core,
                     asg_arena_format(&core->step->effects->arena,
                                      "EC2 shows %s of jobs that this log does not know",
                                      say_unsettled(core)));
        core->behind_job_id = 0; /* this is the listing that shows them */
    }
    if (observed->job_id > core->behind_job_id) core->behind_job_id = 0;
    asg_behind_settle(core);
    asg_orphan_count_unknown(core);
}
