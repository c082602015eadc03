#include "core/step/activities.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "core/world/standing.h"
#include "core/world/states.h"

#define WISH_MAX        767
#define WISH_REASON_MAX 255
/* Beyond so many in one step, thousands that an order ends, say, a cause is the act
 * alone: a record of the log has its limit. */
#define WHOLE_MAX         20000
#define LAUNCH_PROGRESS   30 /* AWS's: asked for */
#define ARRIVING_PROGRESS 50 /* EC2 has it, and it is not in service yet */
#define FAILED_TEXT       " Launching EC2 instance failed."
#define EC2_ENDED_TEXT                                                                   \
    "an instance was taken out of service in response to an EC2 health check "           \
    "indicating it has been terminated or stopped"

/* ---- rows ---- */

static struct asg_activity *push_row(struct asg_core *core, struct activity *activity)
{
    assert(core->step != NULL);
    struct asg_effects *effects = core->step->effects;
    struct asg_activity *row = asg_arena_push(
        &effects->arena, (void **)&effects->activities, &effects->activity_count,
        &core->step->activity_capacity, sizeof *row);
    activity->step_no = core->step_no;
    activity->row = effects->activity_count - 1;
    return row;
}

/* Each once, as it stands at the end of the step. */
static void write_row(struct asg_core *core, struct activity *activity, int64_t end_ms)
{
    struct asg_effects *effects = core->step->effects;
    struct asg_arena *arena = &effects->arena;
    bool is_there = activity->step_no == core->step_no;
    assert(!is_there || effects->activities[activity->row].no == activity->no);
    struct asg_activity *row =
        is_there ? &effects->activities[activity->row] : push_row(core, activity);
    const struct group *group = activity->group;
    assert(activity->no > 0 && activity->no <= group->last_activity_no);
    const struct instance *instance = activity->instance;
    const char *subnet_id = instance != NULL ? instance->subnet_id : activity->subnet_id;
    const char *zone = instance != NULL ? instance->zone : activity->zone;
    *row = (struct asg_activity){
        .group_no = group->no,
        .no = activity->no,
        .group = asg_arena_text(arena, group->config.name),
        .group_uuid = asg_arena_text(arena, group->config.uuid),
        .kind = activity->kind,
        .status = activity->status,
        .instance_id = asg_arena_text(arena, instance != NULL ? instance->id : ""),
        .progress = activity->progress,
        .start_ms = activity->start_ms,
        .end_ms = end_ms,
        .cause = asg_arena_text(arena, activity->cause),
        .message = asg_arena_text(arena, activity->message),
        .subnet_id = asg_arena_text(arena, subnet_id),
        .zone = asg_arena_text(arena, zone),
    };
}

/* ---- causes ---- */

const char *asg_activity_say_now(struct asg_core *core)
{
    assert(core->step != NULL);
    if (core->step->now != NULL) return core->step->now;
    char now[ASG_TIME_TEXT_MAX];
    asg_time_format(core->now_ms, now);
    char *point = strchr(now, '.');
    if (point != NULL) (void)snprintf(point, sizeof now - (size_t)(point - now), "Z");
    core->step->now = asg_arena_text(&core->step->effects->arena, now);
    return core->step->now;
}

static const char *format_text(struct asg_core *core, const char *format, va_list args)
{
    char text[ASG_ACTIVITY_CAUSE_MAX + 1];
    (void)vsnprintf(text, sizeof text, format, args);
    asg_utf8_mend(text);
    return asg_arena_text(&core->step->effects->arena, text);
}

void asg_activity_wish(struct asg_core *core, struct group *group, const char *reason,
                       const char *format, ...)
{
    assert(core->step != NULL);
    va_list args;
    va_start(args, format);
    const char *said = format_text(core, format, args);
    va_end(args);
    const char *whole = asg_arena_format(&core->step->effects->arena, "At %s %s.",
                                         asg_activity_say_now(core), said);
    asg_activity_keep(core, &group->wish.said, WISH_MAX, whole);
    asg_activity_keep(core, &group->wish.reason, WISH_REASON_MAX, reason);
}

void asg_activity_forget_wish(struct asg_core *core, struct group *group)
{
    assert(core->step != NULL);
    asg_activity_keep(core, &group->wish.said, WISH_MAX, "");
    asg_activity_keep(core, &group->wish.reason, WISH_REASON_MAX, "");
}

void asg_activity_note_span(struct asg_core *core, uint32_t from, uint32_t to)
{
    assert(core->step != NULL);
    core->step->span_from = from;
    core->step->span_to = to;
}

/* A cause in the making: what is too long for it is cut. */
struct cause {
    char text[ASG_ACTIVITY_CAUSE_MAX + 1];
    size_t length;
};

static void append(struct cause *cause, const char *text)
{
    size_t room = sizeof cause->text - 1 - cause->length;
    size_t length = strnlen(text, room);
    memcpy(cause->text + cause->length, text, length);
    cause->length += length;
    assert(cause->length < sizeof cause->text);
}

/* Reasons of decisions have lines; a cause is one. */
static void append_line(struct cause *cause, const char *text)
{
    size_t from = cause->length;
    append(cause, text);
    assert(from <= cause->length);
    for (size_t i = from; i < cause->length; i++) {
        if (cause->text[i] == '\n') cause->text[i] = ';';
    }
}

static void append_reasons(struct cause *cause, const char *first, const char *second)
{
    assert(first != NULL && second != NULL); /* "": none */
    if (first[0] == '\0' && second[0] == '\0') return;
    append(cause, "  openasg: ");
    append_line(cause, first);
    if (first[0] != '\0' && second[0] != '\0') append(cause, "; ");
    append_line(cause, second);
    append(cause, ".");
}

const char *asg_activity_say(struct asg_core *core, const struct group *group,
                             bool with_wish, const char *reason, const char *act, ...)
{
    assert(group->no > 0);
    struct cause cause;
    cause.length = 0;
    bool is_whole = core->step->effects->activity_count < WHOLE_MAX;
    bool has_wish = with_wish && is_whole && group->wish.said[0] != '\0';
    if (has_wish) append(&cause, group->wish.said);
    append(&cause, has_wish ? "  At " : "At ");
    append(&cause, asg_activity_say_now(core));
    append(&cause, " ");
    va_list args;
    va_start(args, act);
    (void)vsnprintf(cause.text + cause.length, sizeof cause.text - cause.length, act,
                    args);
    va_end(args);
    cause.length += strlen(cause.text + cause.length);
    append(&cause, ".");
    if (is_whole) append_reasons(&cause, has_wish ? group->wish.reason : "", reason);
    cause.text[cause.length] = '\0';
    asg_utf8_mend(cause.text);
    return asg_arena_text(&core->step->effects->arena, cause.text);
}

/* ---- one activity ---- */

static struct activity *begin(struct asg_core *core, struct group *group,
                              enum asg_activity_kind kind, const char *cause)
{
    assert(kind < ASG_ACT_COUNT && cause[0] != '\0');
    struct activity *activity = asg_activity_new(group);
    activity->no = ++group->last_activity_no;
    assert(activity->no > 0); /* numbers do not come round */
    activity->kind = kind;
    bool comes_in = kind == ASG_ACT_LAUNCH || kind == ASG_ACT_OUT_OF_STANDBY;
    activity->status = comes_in ? ASG_ACTIVITY_PRE_IN_SERVICE : ASG_ACTIVITY_IN_PROGRESS;
    activity->progress = comes_in ? LAUNCH_PROGRESS : 0;
    activity->start_ms = core->now_ms;
    asg_activity_keep(core, &activity->cause, ASG_ACTIVITY_CAUSE_MAX, cause);
    return activity;
}

void asg_activity_open(struct asg_core *core, struct instance *instance,
                       enum asg_activity_kind kind, const char *cause)
{
    assert(instance->activity == NULL);
    struct activity *activity = begin(core, instance->group, kind, cause);
    activity->instance = instance;
    instance->activity = activity;
    write_row(core, activity, 0);
}

void asg_activity_go_on(struct asg_core *core, struct instance *instance,
                        enum asg_activity_status status, uint32_t progress,
                        const char *message)
{
    struct activity *activity = instance->activity;
    if (activity == NULL) return;
    assert(activity->instance == instance && progress < 100);
    activity->status = status;
    activity->progress = progress;
    asg_activity_keep(core, &activity->message, ASG_ACTIVITY_MESSAGE_MAX, message);
    write_row(core, activity, 0);
}

static void end_activity(struct asg_core *core, struct activity *activity,
                         enum asg_activity_status status, const char *message)
{
    assert(status == ASG_ACTIVITY_SUCCESSFUL || status == ASG_ACTIVITY_FAILED ||
           status == ASG_ACTIVITY_CANCELLED);
    assert(activity->progress < 100); /* it ends once */
    activity->status = status;
    activity->progress = 100;
    asg_activity_keep(core, &activity->message, ASG_ACTIVITY_MESSAGE_MAX, message);
    write_row(core, activity, core->now_ms);
    asg_activity_free(core, &activity);
}

void asg_activity_close(struct asg_core *core, struct instance *instance,
                        enum asg_activity_status status, const char *message)
{
    struct activity *activity = instance->activity;
    if (activity == NULL) return;
    assert(activity->instance == instance);
    assert(activity->group == instance->group);
    instance->activity = NULL;
    end_activity(core, activity, status, message);
}

void asg_activity_tell_no_end(struct asg_core *core, struct group *group,
                              const char *message)
{
    assert(core->step->span_from > core->step->span_to && message[0] != '\0');
    const char *cause = asg_activity_say(
        core, group, /* with_wish */ true, "",
        "an instance was to be taken out of service in response to a difference between "
        "desired and actual capacity, shrinking the capacity from %" PRIu32
        " to %" PRIu32,
        core->step->span_from, core->step->span_to);
    struct activity *activity = begin(core, group, ASG_ACT_TERMINATE, cause);
    assert(activity->instance == NULL);
    end_activity(core, activity, ASG_ACTIVITY_CANCELLED, message);
}

/* ---- launches ---- */

static const char *say_job(struct asg_core *core, const struct instance *slot)
{
    assert(slot->launch.job_id > 0);
    return asg_arena_format(&core->step->effects->arena, "job %s-%" PRIu64,
                            slot->group->config.name, slot->launch.job_id);
}

static const char *say_replacement(struct asg_core *core, struct group *group,
                                   const char *reason)
{
    assert(group->replacing > 0);
    group->replacing--;
    return asg_activity_say(core, group, /* with_wish */ false, reason,
                            "an instance was launched in response to an unhealthy "
                            "instance needing to be replaced");
}

static const char *say_launch(struct asg_core *core, const struct group *group,
                              const char *reason)
{
    assert(core->step != NULL);
    return asg_activity_say(core, group, /* with_wish */ true, reason,
                            "an instance was started in response to a difference between "
                            "desired and actual capacity, increasing the capacity from "
                            "%" PRIu32 " to %" PRIu32,
                            core->step->span_from, core->step->span_to);
}

void asg_activity_expect(struct asg_core *core, struct group *group, uint32_t count)
{
    const char *cause = NULL;
    assert(count > 0 && !group->is_deleting);
    while (group->waiting.count < count) {
        bool is_replacement = group->replacing > 0;
        if (!is_replacement && cause == NULL) cause = say_launch(core, group, "");
        struct activity *activity =
            begin(core, group, ASG_ACT_LAUNCH,
                  is_replacement ? say_replacement(core, group, "") : cause);
        assert(activity->instance == NULL);
        asg_activity_push_waiting(group, activity);
        write_row(core, activity, 0);
    }
    assert(group->waiting.count >= count);
}

/* One that was never asked for is where it was. */
static void go_on_with(struct asg_core *core, struct activity *activity,
                       struct instance *slot)
{
    assert(activity->instance == NULL && activity->group == slot->group);
    activity->instance = slot;
    slot->activity = activity;
    bool is_first = activity->status == ASG_ACTIVITY_PRE_IN_SERVICE;
    asg_activity_go_on(core, slot,
                       is_first ? ASG_ACTIVITY_PRE_IN_SERVICE : ASG_ACTIVITY_IN_PROGRESS,
                       LAUNCH_PROGRESS, activity->message);
}

void asg_activity_take_slot(struct asg_core *core, struct instance *slot,
                            const char **cause)
{
    assert(slot->activity == NULL && slot->id[0] == '\0');
    struct group *group = slot->group;
    struct activity *activity = asg_activity_pop_waiting(group);
    if (activity != NULL) {
        go_on_with(core, activity, slot);
    } else if (group->replacing > 0) {
        asg_activity_open(core, slot, ASG_ACT_LAUNCH,
                          say_replacement(core, group, say_job(core, slot)));
    } else {
        if (*cause == NULL) *cause = say_launch(core, group, say_job(core, slot));
        asg_activity_open(core, slot, ASG_ACT_LAUNCH, *cause);
    }
}

void asg_activity_wait(struct asg_core *core, struct instance *slot, const char *message)
{
    struct activity *activity = slot->activity;
    if (activity == NULL) return;
    assert(activity->kind == ASG_ACT_LAUNCH);
    assert(activity->instance == slot && slot->id[0] == '\0');
    asg_activity_keep(core, &activity->subnet_id, ASG_SUBNET_MAX, slot->subnet_id);
    asg_activity_keep(core, &activity->zone, ASG_ZONE_MAX, slot->zone);
    asg_activity_go_on(core, slot, ASG_ACTIVITY_IN_PROGRESS, LAUNCH_PROGRESS, message);
    activity->instance = NULL;
    slot->activity = NULL;
    asg_activity_push_waiting(slot->group, activity);
}

void asg_activity_end_waiting(struct asg_core *core, struct group *group, uint32_t left,
                              enum asg_activity_status status, const char *message)
{
    while (group->waiting.count > left) {
        struct activity *activity = asg_activity_pop_waiting(group);
        assert(activity != NULL);
        bool has_own = message[0] == '\0';
        end_activity(core, activity, status,
                     has_own ? asg_activity_say_failure(core, activity->message)
                             : message);
    }
}

const char *asg_activity_say_failure(struct asg_core *core, const char *what)
{
    char text[ASG_ACTIVITY_MESSAGE_MAX + 1];
    size_t room = ASG_ACTIVITY_MESSAGE_MAX - strlen(FAILED_TEXT) - 1; /* a full stop */
    size_t length = strnlen(what, room + 1);
    if (length > room) length = asg_utf8_cut(what, room);
    assert(length <= room);
    bool has_stop = length == 0 || what[length - 1] == '.';
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)length, what, has_stop ? "" : ".",
                   length == 0 ? &FAILED_TEXT[1] : FAILED_TEXT);
    return asg_arena_text(&core->step->effects->arena, text);
}

/* ---- the life cycle ---- */

/* It served, nobody here ended it, and EC2 has: one that begins and ends in a moment. */
static void tell_ended_by_ec2(struct asg_core *core, struct instance *instance)
{
    assert(instance->activity == NULL);
    assert(instance->ending.cause == ASG_END_NONE);
    asg_activity_open(core, instance, ASG_ACT_TERMINATE,
                      asg_activity_say(core, instance->group, /* with_wish */ false,
                                       "EC2 terminated it; openasg did not ask for that",
                                       EC2_ENDED_TEXT));
    asg_activity_close(core, instance, ASG_ACTIVITY_SUCCESSFUL, "");
    instance->group->replacing++;
}

static void follow_to_end(struct asg_core *core, struct instance *instance)
{
    const struct activity *activity = instance->activity;
    if (instance->id[0] == '\0') { /* a slot: whoever freed it has said how */
        assert(activity == NULL);
        return;
    }
    if (activity == NULL) { /* one that is not ours any more may run on */
        if (asg_ec2_is_over(instance->ec2_state)) tell_ended_by_ec2(core, instance);
    } else if (activity->kind == ASG_ACT_TERMINATE || activity->kind == ASG_ACT_DETACH) {
        asg_activity_close(core, instance, ASG_ACTIVITY_SUCCESSFUL, ""); /* it is out */
    } else if (activity->kind == ASG_ACT_LAUNCH) {
        asg_activity_close(
            core, instance, ASG_ACTIVITY_FAILED,
            asg_activity_say_failure(core, "Instance became unhealthy while waiting for "
                                           "instance to be in InService state"));
    } else {
        asg_activity_close(core, instance, ASG_ACTIVITY_FAILED,
                           "EC2 terminated the instance meanwhile.");
    }
}

/* Back from its end: EC2 refused that. */
static void follow_kept(struct asg_core *core, struct instance *instance)
{
    assert(asg_instance_counts(instance));
    asg_activity_close(core, instance, ASG_ACTIVITY_FAILED,
                       "EC2 refused to terminate the instance, which is protected there: "
                       "it is kept, and protected from scale-in.");
}

static void follow_adopted(struct asg_core *core, struct instance *instance)
{
    assert(instance->activity == NULL);
    asg_activity_open(
        core, instance, ASG_ACT_ATTACH,
        asg_activity_say(core, instance->group, /* with_wish */ false,
                         "it carries the tags of this group and was not on record",
                         "instance %s was found in EC2 and attached to the group",
                         instance->id));
    asg_activity_close(core, instance, ASG_ACTIVITY_SUCCESSFUL, "");
}

/* EC2 has given it an id. */
static void follow_arrival(struct asg_core *core, struct instance *instance)
{
    assert(instance->id[0] != '\0');
    if (instance->activity == NULL) {
        follow_adopted(core, instance);
    } else {
        asg_activity_go_on(core, instance, ASG_ACTIVITY_IN_PROGRESS, ARRIVING_PROGRESS,
                           "");
    }
}

void asg_activity_follow(struct asg_core *core, struct instance *instance,
                         enum asg_instance_state from)
{
    assert(instance->state != from);
    const struct asg_state_traits *traits = asg_state_traits(instance->state);
    const struct activity *activity = instance->activity;
    bool was_slot = asg_state_traits(from)->is_slot;
    if (traits->life == ASG_LIFE_OVER) {
        follow_to_end(core, instance);
    } else if (traits->counts && activity != NULL &&
               activity->kind == ASG_ACT_TERMINATE) {
        follow_kept(core, instance);
    } else if (traits->serves || traits->stands_by) {
        asg_activity_close(core, instance, ASG_ACTIVITY_SUCCESSFUL, "");
    } else if (traits->is_launching && was_slot && !traits->is_untagged) {
        follow_arrival(core, instance);
    }
}
