#include "core/take/take_observed.h"

#include <assert.h>
#include <string.h>

#include "core/world/leads.h"
#include "core/lifecycle/lifecycle.h"
#include "core/world/standing.h"
#include "core/world/kept_text.h"
#include "core/world/counts.h"
#include "core/step/narrate.h"
#include "core/world/detached.h"
#include "core/world/orphans.h"
#include "core/limits/recent_ends.h"
#include "core/lifecycle/slots.h"
#include "core/world/state.h"
#include "core/values/text.h"
#include "core/plan/plan_looks.h"
#include "core/plan/plan_terminations.h"
#include "core/take/behind.h"
#include "core/take/fill_slot.h"
#include "core/take/take_notice.h"
#include "core/take/take_tick.h"
#include "core/take/try_again.h"
#include "core/world/touched.h"

#define ORPHANS_AN_HOUR 5
#define ORPHAN_YOUNG_MS INT64_C(120000)

static_assert(ORPHANS_AN_HOUR <= ASG_ORPHAN_ENDS, "each of an hour is remembered");

static void see_state(struct asg_core *core, struct group *group,
                      struct instance *instance, const struct asg_seen_instance *seen)
{
    assert(instance->group == group);
    if (seen->state == ASG_EC2_ABSENT && asg_instance_is_untagged(instance)) return;
    bool is_new_address = strcmp(instance->private_ip, seen->private_ip) != 0 &&
                          seen->private_ip[0] != '\0';
    asg_count_set_ec2_state(group, instance, seen->state);
    bool is_other = instance->health.is_impaired != seen->is_impaired || is_new_address;
    if (is_other) asg_touch(instance);
    instance->health.is_impaired = seen->is_impaired;
    asg_group_mark_dirty(core, group);
    if (strlen(seen->event_code) <= ASG_EVENT_CODE_MAX) {
        asg_take_scheduled_event(core, group, instance, seen->event_code, seen->event_ms);
    }
    if (is_new_address) {
        asg_text_copy(instance->private_ip, sizeof instance->private_ip,
                      seen->private_ip);
        if (instance->service.told != ASG_MEMBER_GONE) {
            instance->service.told = ASG_MEMBER_COUNT; /* tell the windows again */
        }
    }
    switch (seen->state) {
    case ASG_EC2_RUNNING:
        (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_RUNNING);
        break;
    case ASG_EC2_SHUTTING_DOWN:
    case ASG_EC2_TERMINATED:
    case ASG_EC2_ABSENT:
        if (asg_instance_is_on_its_way_out(instance) &&
            seen->state == ASG_EC2_SHUTTING_DOWN) {
            break; /* as asked */
        }
        if (asg_instance_is_serving(instance) && asg_group_keeps_what_ended(group)) break;
        (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_OVER);
        break;
    default: break;
    }
}

/* A slot that waits for this instance: its launch's answer was lost on the way. */
static bool fill_waiting_slot(struct asg_core *core, struct group *group,
                              const struct job *job, const struct asg_seen_instance *seen)
{
    if (!asg_job_is_launch(job->plan.kind)) return false; /* it tagged an attached one */
    struct instance *slot = asg_slot_find(group, job, seen->is_spot);
    if (slot == NULL) return false;
    slot->launch.attempt = seen->attempt; /* its agent has the token of that one */
    slot->launch.incarnation = seen->incarnation;
    assert(job->group_no == group->no);
    asg_take_launch_slot(core, group, slot, seen);
    asg_narrate_instance(core, ASG_DECISION_ADOPT, group, slot,
                         "%s belongs to job %s-%llu: found in EC2 before its answer came",
                         slot->id, group->config.name, (unsigned long long)seen->job_id);
    return true;
}

static void close_filled_launch(struct asg_core *core, struct group *group,
                                struct job *job)
{
    size_t at = 0;
    if (job->state != ASG_JOB_STATE_OPEN || !job->is_ambiguous) return;
    if (asg_slot_next(group, job, &at) != NULL) return;
    assert(job->group_no == group->no);
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
}

static void adopt(struct asg_core *core, struct group *group,
                  const struct asg_seen_instance *seen)
{
    assert(seen->job_id > 0 && seen->job_id <= core->last_job_id);
    const struct instance *instance = asg_take_adopt(core, group, seen);
    asg_orphan_drop(core, instance->id); /* its group was created since */
    asg_narrate_instance(core, ASG_DECISION_ADOPT, group, instance,
                         "%s has the tags of job %llu and was not recorded: adopted",
                         instance->id, (unsigned long long)seen->job_id);
}

static void see_orphan(struct asg_core *core, const struct asg_seen_instance *seen,
                       enum asg_orphan_kind kind, uint64_t look_job_id)
{
    assert(seen->instance_id[0] != '\0' &&
           strlen(seen->instance_id) <= ASG_INSTANCE_ID_MAX);
    bool is_young = core->now_ms - seen->launched_ms < ORPHAN_YOUNG_MS;
    if (kind == ASG_ORPHAN_NO_GROUP && is_young) return;
    bool is_new = asg_orphan_note(core, seen, kind, look_job_id);
    if (!is_new || kind != ASG_ORPHAN_NO_GROUP) return; /* the others are told together */
    asg_plan_listing_for_orphans(core);
    asg_alarm_raise(
        core, ASG_ALARM_ORPHAN, NULL, true,
        "%s has our cluster's tag, but there is no group '%s'; it is terminated "
        "after 15 min unless you run `openasg instance adopt`",
        seen->instance_id, seen->group);
}

static void see_unknown(struct asg_core *core, const struct asg_seen_instance *seen,
                        uint64_t look_job_id)
{
    if (asg_ec2_is_over(seen->state) || seen->instance_id[0] == '\0') return;
    if (strlen(seen->instance_id) > ASG_INSTANCE_ID_MAX) return; /* no id of EC2's */
    struct detached *detached = asg_detached_find(core, seen->instance_id);
    if (detached != NULL) { /* nobody's of ours, whatever its tags still say */
        asg_detached_note_seen(core, detached, look_job_id);
        return;
    }
    bool is_of_job = seen->job_id != 0;
    if (is_of_job && !asg_lead_knows_job(core, seen->incarnation, seen->job_id)) {
        see_orphan(core, seen, ASG_ORPHAN_UNKNOWN_JOB, look_job_id);
        return;
    }
    struct group *group = asg_group_find(core, seen->group);
    if (group == NULL || !is_of_job) {
        see_orphan(core, seen, ASG_ORPHAN_NO_GROUP, look_job_id);
        return;
    }
    struct job *job = asg_job_find(core, seen->job_id);
    if (job != NULL && fill_waiting_slot(core, group, job, seen)) {
        close_filled_launch(core, group, job);
        return;
    }
    bool is_answer_due = job != NULL && job->state == ASG_JOB_STATE_OPEN;
    if (is_answer_due) return; /* more than its slots: its own answer will tell */
    adopt(core, group, seen);
}

/* None while this log may be an old copy: what looks like nobody's may serve. */
static void end_old_orphans(struct asg_core *core)
{
    if (core->is_behind || core->is_halted) return;
    size_t recent = 0;
    for (size_t i = 0; i < core->orphan_end_count; i++) {
        if (core->orphan_ends[i] + INT64_C(3600000) > core->now_ms) {
            core->orphan_ends[recent++] = core->orphan_ends[i];
        }
    }
    assert(recent <= core->orphan_end_count);
    core->orphan_end_count = recent;
    for (size_t i = 0; i < core->orphan_count; i++) {
        struct orphan *orphan = &core->orphans[i];
        bool is_due = orphan->kind == ASG_ORPHAN_NO_GROUP &&
                      orphan->first_ms + ORPHAN_WAIT_MS <= core->now_ms;
        if (!is_due || orphan->is_ending) continue;
        if (core->orphan_end_count >= ORPHANS_AN_HOUR) return;
        assert(!orphan->is_gone); /* those are dropped before anybody looks at them */
        core->orphan_ends[core->orphan_end_count++] = core->now_ms;
        const struct job *job = asg_plan_orphan_end(core, &orphan, 1);
        asg_narrate(core, ASG_DECISION_TERMINATE, NULL,
                    "orphan %s: in no group for 15 min; job %s terminates it", orphan->id,
                    job->plan.name);
    }
}

/* When it began, as far as that is known; 0: it is not. */
static int64_t close_look(struct asg_core *core, const struct asg_observed *observed)
{
    assert(core->step != NULL);
    struct job *job = asg_job_find(core, observed->job_id);
    if (job != NULL && job->state == ASG_JOB_STATE_OPEN) {
        asg_job_close(core, job, ASG_JOB_STATE_DONE);
    }
    assert(job == NULL || job->state != ASG_JOB_STATE_OPEN);
    if (core->listing.job_id == observed->job_id) core->listing.job_id = 0;
    if (core->look.job_id == observed->job_id) core->look.job_id = 0;
    return job != NULL ? job->plan.created_ms : 0;
}

void asg_take_observed(struct asg_core *core, const struct asg_observed *observed)
{
    int64_t begun_ms = close_look(core, observed);
    if (observed->failed) return; /* blind: nothing may be concluded */
    if (observed->is_complete) core->has_more_orphans = false;
    for (size_t i = 0; i < observed->instance_count; i++) {
        const struct asg_seen_instance *seen = &observed->instances[i];
        struct group *group = NULL;
        struct instance *instance = asg_instance_find(core, seen->instance_id, &group);
        if (instance != NULL) {
            see_state(core, group, instance, seen);
        } else {
            see_unknown(core, seen, observed->job_id);
        }
    }
    if (!observed->is_complete) return;
    bool is_first = core->is_unlisted;
    asg_behind_end_listing(core, observed);
    if (is_first) asg_take_waiting_schedules(core);
    asg_try_end_listing(core, begun_ms);
    asg_detached_end_listing(core, observed->job_id);
    end_old_orphans(core);
}
