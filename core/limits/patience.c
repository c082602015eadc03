#include "core/limits/patience.h"

#include <assert.h>

#define START_CALM_MS INT64_C(60000)
#define REACH_PERIODS 12 /* 60 s of the default: longer than a link flaps */
/* What was given up and not answered reaches EC2 within this or never: Linux sends what a
 * closed connection still had for some 100 s (tcp(7), tcp_orphan_retries). */
#define LATE_MS INT64_C(300000)

int64_t asg_patience_picture_ms(const struct asg_core *core, const struct group *group)
{
    assert(group->config.evaluation_ms > 0);
    return core->led_ms + 3 * group->config.evaluation_ms + START_CALM_MS;
}

bool asg_patience_waits_for_picture(const struct asg_core *core,
                                    const struct group *group,
                                    const struct instance *instance)
{
    assert(instance->group == group);
    return asg_instance_is_silent(instance) &&
           instance->service.since_ms < core->led_ms &&
           core->now_ms < asg_patience_picture_ms(core, group);
}

int64_t asg_patience_grace_over_ms(const struct group *group,
                                   const struct instance *instance)
{
    assert(instance->group == group);
    return instance->service.since_ms + group->config.health_grace_ms +
           instance->launch.excused_ms;
}

bool asg_patience_is_past_grace(const struct group *group,
                                const struct instance *instance, int64_t now_ms)
{
    assert(instance->group == group);
    return asg_patience_grace_over_ms(group, instance) <= now_ms;
}

/* One that was asked for before this controller led has a listing and some reports'
 * time to show itself, however little of its own time is left. */
int64_t asg_patience_late_ms(const struct asg_core *core, const struct group *group,
                             const struct instance *instance)
{
    assert(instance->group == group);
    int64_t its_ms = instance->launch.launched_ms + group->config.launch_timeout_ms +
                     instance->launch.excused_ms;
    bool is_inherited = instance->launch.requested_ms <= core->led_ms;
    int64_t least_ms = is_inherited ? asg_patience_picture_ms(core, group) : its_ms;
    return its_ms > least_ms ? its_ms : least_ms;
}

int64_t asg_patience_lost_ms(const struct group *group, const struct instance *instance)
{
    assert(instance->group == group);
    int64_t from_ms = instance->health.silent_ms > group->silence.calm_ms
                          ? instance->health.silent_ms
                          : group->silence.calm_ms;
    return from_ms + REACH_PERIODS * group->config.evaluation_ms;
}

int64_t asg_patience_late_until_ms(const struct asg_core *core, const struct job *job)
{
    assert(asg_job_is_launch(job->plan.kind));
    assert(job->attempt_count <= ASG_JOB_ATTEMPTS_KEPT);
    /* By its epoch, not by its time: while a clock that was set back is not yet where the
     * log is, orders to lead come at the time of the last event. */
    int64_t from_ms = core->epoch != job->sent_epoch ? core->led_ms : 0;
    for (size_t i = 0; i < job->attempt_count; i++) {
        const struct asg_attempt_view *one = &job->attempts[i];
        bool is_doubtful = one->outcome == ASG_OUTCOME_AMBIGUOUS || one->deliveries > 1;
        if (one->attempt == job->plan.attempt && is_doubtful && one->ended_ms > from_ms) {
            from_ms = one->ended_ms;
        }
    }
    return from_ms == 0 ? 0 : from_ms + LATE_MS;
}
