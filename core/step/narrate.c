#include "core/step/narrate.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "core/step/say_hold.h"
#include "core/step/show_holds.h"
#include "core/world/kept_text.h"
#include "core/world/state.h"
#include "model/copy.h"
#include "model/schemas.h"

static const char *format_text(struct asg_core *core, const char *format, va_list args)
{
    assert(core->step != NULL); /* words are of an event */
    char text[2048];
    (void)vsnprintf(text, sizeof text, format, args);
    asg_utf8_mend(text);
    return asg_arena_text(&core->step->effects->arena, text);
}

static struct asg_decision *push_decision(struct asg_core *core,
                                          enum asg_decision_kind kind,
                                          const struct group *group)
{
    assert(core->step != NULL);
    assert(kind < ASG_DECISION_COUNT);
    struct asg_effects *effects = core->step->effects;
    struct asg_decision *decision = asg_arena_push(
        &effects->arena, (void **)&effects->decisions, &effects->decision_count,
        &core->step->decision_capacity, sizeof *decision);
    *decision = (struct asg_decision){
        .kind = kind,
        .group = group != NULL ? asg_arena_text(&effects->arena, group->config.name) : "",
        .policy = "",
        .instance_id = "",
        .from = group != NULL ? group->config.desired : 0,
        .to = group != NULL ? group->config.desired : 0,
    };
    return decision;
}

struct asg_decision *asg_narrate(struct asg_core *core, enum asg_decision_kind kind,
                                 const struct group *group, const char *format, ...)
{
    assert(group == NULL || group->no > 0);
    struct asg_decision *decision = push_decision(core, kind, group);
    va_list args;
    va_start(args, format);
    decision->text = format_text(core, format, args);
    va_end(args);
    return decision;
}

struct asg_decision *asg_narrate_capacity(struct asg_core *core,
                                          enum asg_decision_kind kind,
                                          const struct group *group, const char *policy,
                                          int64_t from, const char *format, ...)
{
    assert(group != NULL && policy != NULL);
    struct asg_decision *decision = push_decision(core, kind, group);
    decision->policy = asg_arena_text(&core->step->effects->arena, policy);
    decision->from = from;
    va_list args;
    va_start(args, format);
    decision->text = format_text(core, format, args);
    va_end(args);
    return decision;
}

struct asg_decision *asg_narrate_instance(struct asg_core *core,
                                          enum asg_decision_kind kind,
                                          const struct group *group,
                                          const struct instance *instance,
                                          const char *format, ...)
{
    assert(group != NULL && instance->group == group);
    struct asg_decision *decision = push_decision(core, kind, group);
    decision->instance_id = asg_arena_text(&core->step->effects->arena, instance->id);
    decision->job_id = instance->launch.job_id;
    decision->state_from = instance->state;
    decision->state_to = instance->state;
    va_list args;
    va_start(args, format);
    decision->text = format_text(core, format, args);
    va_end(args);
    return decision;
}

/* "; until 21:52:10", or nothing. */
static const char *say_until(int64_t until_ms, char text[ASG_TIME_TEXT_MAX + 16])
{
    text[0] = '\0';
    if (until_ms == 0 || until_ms == INT64_MAX) return text;
    char time[ASG_TIME_TEXT_MAX];
    asg_time_format(until_ms, time);
    const char *hour = strchr(time, 'T');
    assert(hour != NULL);
    (void)snprintf(text, ASG_TIME_TEXT_MAX + 16, "; until %.8s", hour + 1);
    return text;
}

static void keep_hold(struct group *group, enum hold_topic topic, struct why why)
{
    struct hold *hold = &group->holds[topic];
    int64_t until_ms = why.until_ms == INT64_MAX ? 0 : why.until_ms;
    assert(why.reason < ASG_HOLD_COUNT && until_ms >= 0);
    if (hold->is_on && hold->reason == why.reason && hold->until_ms == until_ms &&
        hold->count == why.count) {
        return;
    }
    *hold = (struct hold){
        .is_on = true, .reason = why.reason, .until_ms = until_ms, .count = why.count};
    if (topic != HOLD_POLICY) group->hold_changes++; /* that one show_holds.h shows */
}

void asg_hold(struct asg_core *core, struct group *group, enum hold_topic topic,
              struct why why, const char *format, ...)
{
    assert(topic < HOLD_TOPICS);
    /* The first reason that a look finds: two would take turns. */
    if (topic != HOLD_POLICY && asg_hold_is_on(core, topic)) return;
    char text[ASG_REASON_MAX + 1];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    asg_utf8_mend(text);
    asg_hold_on(core, topic);
    keep_hold(group, topic, why);
    if (strcmp(group->held[topic], text) == 0) return;
    group->hold_changes++;
    asg_text_keep(core, &group->held[topic], ASG_REASON_MAX, text);
    if (why.is_quiet) return;
    char until[ASG_TIME_TEXT_MAX + 16];
    asg_narrate(core, ASG_DECISION_HOLD, group, "%s%s", text,
                say_until(why.until_ms, until));
}

void asg_hold_policy(struct asg_core *core, struct group *group, struct policy *policy,
                     const struct policy_hold *hold)
{
    assert(!hold->is_on || hold->reason < ASG_HOLD_COUNT);
    bool is_said = policy->state.has_said && policy->state.said == hold->reason;
    policy->state.hold = *hold;
    /* A load that goes up and down says it once, until desired moves. */
    /* A period without metrics is common where instances have just become warm. */
    if (!hold->is_on || is_said || hold->reason == ASG_HOLD_NO_METRICS) return;
    policy->state.has_said = true;
    policy->state.said = hold->reason;
    char text[ASG_REASON_MAX + 1];
    char until[ASG_TIME_TEXT_MAX + 16];
    asg_hold_say_policy(&policy->config, hold, text, sizeof text);
    asg_narrate_capacity(core, ASG_DECISION_HOLD, group, policy->config.name,
                         group->config.desired, "%s%s", text,
                         say_until(hold->until_ms, until));
}

void asg_hold_begin_period(struct group *group)
{
    assert(group->policy_count > 0); /* or nobody wishes */
    group->holds[HOLD_POLICY] = (struct hold){.is_on = false};
}

void asg_hold_on(struct asg_core *core, enum hold_topic topic)
{
    assert(topic < HOLD_TOPICS);
    /* A policy's wish is not held by a look: it stays until desired moves. */
    if (topic != HOLD_POLICY) core->step->held_bits |= 1u << topic;
}

bool asg_hold_is_on(const struct asg_core *core, enum hold_topic topic)
{
    assert(topic != HOLD_POLICY); /* no look holds it */
    return (core->step->held_bits & 1u << topic) != 0;
}

void asg_hold_forget(struct asg_core *core, struct group *group, enum hold_topic topic)
{
    assert(topic < HOLD_TOPICS);
    if (topic == HOLD_POLICY) {
        asg_hold_show_anew(group);
    } else if (group->holds[topic].is_on) {
        group->hold_changes++;
    }
    group->holds[topic] = (struct hold){.is_on = false};
    asg_text_keep(core, &group->held[topic], ASG_REASON_MAX, "");
}

void asg_hold_settle(struct asg_core *core, struct group *group)
{
    for (int topic = 0; topic < HOLD_TOPICS; topic++) {
        bool is_held = (core->step->held_bits & 1u << topic) != 0;
        if (is_held || topic == HOLD_POLICY) continue;
        asg_hold_forget(core, group, (enum hold_topic)topic);
    }
    assert(core->step->held_bits >> HOLD_TOPICS == 0); /* no other bits */
    core->step->held_bits = 0;
}

void asg_alarm_raise(struct asg_core *core, enum asg_alarm_kind kind,
                     const struct group *group, bool is_raised, const char *format, ...)
{
    assert(core->step != NULL);
    assert(kind < ASG_ALARM_COUNT);
    struct asg_effects *effects = core->step->effects;
    struct asg_alarm *alarm =
        asg_arena_push(&effects->arena, (void **)&effects->alarms, &effects->alarm_count,
                       &core->step->alarm_capacity, sizeof *alarm);
    va_list args;
    va_start(args, format);
    const char *text = format_text(core, format, args);
    va_end(args);
    *alarm = (struct asg_alarm){
        .kind = kind,
        .group = group != NULL ? asg_arena_text(&effects->arena, group->config.name) : "",
        .is_raised = is_raised,
        .text = text,
    };
    asg_narrate(core, ASG_DECISION_ALARM, group, "%s %s: %s",
                is_raised ? "alarm" : "over:",
                asg_enum_word(&asg_alarm_kind_words, (int)kind), text);
}

void asg_reply_accept(struct asg_core *core, uint64_t job_id, const char *format, ...)
{
    assert(core->step != NULL);
    assert(!core->step->effects->reply.is_set); /* one answer an order */
    va_list args;
    va_start(args, format);
    core->step->effects->reply =
        (struct asg_reply){.is_set = true,
                           .is_ok = true,
                           .code = "",
                           .message = format_text(core, format, args),
                           .job_id = job_id};
    va_end(args);
}

void asg_reply_refuse(struct asg_core *core, const char *code, const char *format, ...)
{
    assert(core->step != NULL);
    assert(!core->step->effects->reply.is_set); /* one answer an order */
    assert(code[0] != '\0');
    va_list args;
    va_start(args, format);
    core->step->effects->reply =
        (struct asg_reply){.is_set = true,
                           .is_ok = false,
                           .code = code,
                           .message = format_text(core, format, args)};
    va_end(args);
    asg_narrate(core, ASG_DECISION_REFUSED, NULL, "refused, %s: %s", code,
                core->step->effects->reply.message);
}

struct asg_job *asg_emit_job(struct asg_core *core, const struct job *job)
{
    assert(job->retry_ms == 0); /* or it would go out twice */
    assert(core->step != NULL);
    assert(job->state == ASG_JOB_STATE_OPEN);
    struct asg_effects *effects = core->step->effects;
    struct asg_job *out =
        asg_arena_push(&effects->arena, (void **)&effects->jobs, &effects->job_count,
                       &core->step->job_capacity, sizeof *out);
    asg_model_copy(&asg_job_schema, &job->plan, &effects->arena, out);
    return out;
}

void asg_job_close(struct asg_core *core, struct job *job, enum asg_job_state state)
{
    assert(state != ASG_JOB_STATE_OPEN); /* it ends here */
    if (job->state == ASG_JOB_STATE_OPEN) {
        struct asg_effects *effects = core->step->effects;
        uint64_t *id = asg_arena_push(
            &effects->arena, (void **)&effects->closed_jobs.items,
            &effects->closed_jobs.count, &core->step->closed_capacity, sizeof *id);
        *id = job->plan.id;
    }
    asg_job_set_state(core, job, state);
    job->ended_ms = core->now_ms;
    asg_job_set_retry(core, job, 0);
}

struct asg_member *asg_emit_member(struct asg_core *core)
{
    assert(core->step != NULL);
    struct asg_effects *effects = core->step->effects;
    return asg_arena_push(&effects->arena, (void **)&effects->members,
                          &effects->member_count, &core->step->member_capacity,
                          sizeof *effects->members);
}

struct asg_watch *asg_emit_watch(struct asg_core *core)
{
    assert(core->step != NULL);
    struct asg_effects *effects = core->step->effects;
    return asg_arena_push(&effects->arena, (void **)&effects->watches,
                          &effects->watch_count, &core->step->watch_capacity,
                          sizeof *effects->watches);
}

void asg_emit_drain(struct asg_core *core, const struct instance *instance,
                    int64_t limit_ms)
{
    assert(limit_ms > 0);
    assert(instance->id[0] != '\0');
    struct asg_effects *effects = core->step->effects;
    struct asg_drain *drain =
        asg_arena_push(&effects->arena, (void **)&effects->drains, &effects->drain_count,
                       &core->step->drain_capacity, sizeof *drain);
    *drain = (struct asg_drain){
        .instance_id = asg_arena_text(&effects->arena, instance->id),
        .private_ip = asg_arena_text(&effects->arena, instance->private_ip),
        .limit_ms = limit_ms,
    };
}
