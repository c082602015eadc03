#include "core/view_rows.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/clock.h"
#include "core/values/number.h"
#include "core/core.h"
#include "core/step/say_hold.h"
#include "core/world/identity.h"
#include "core/world/standing.h"
#include "core/world/states.h"
#include "model/copy.h"
#include "model/schemas.h"

/* ---- what an operator should look at ---- */

void asg_alarm_stand(struct asg_alarm_texts *alarms, enum asg_alarm_kind kind,
                     const char *group, const char *text)
{
    assert((int)kind >= 0 && kind < ASG_ALARM_COUNT);
    assert(text != NULL && text[0] != '\0');
    *(const char **)asg_arena_push(alarms->arena, (void **)&alarms->items, &alarms->count,
                                   &alarms->capacity, sizeof *alarms->items) = text;
    *(struct asg_alarm_view *)asg_arena_push(alarms->arena, (void **)&alarms->rows,
                                             &alarms->row_count, &alarms->row_capacity,
                                             sizeof *alarms->rows) =
        (struct asg_alarm_view){.kind = asg_enum_word(&asg_alarm_kind_words, (int)kind),
                                .group = asg_arena_text(alarms->arena, group),
                                .text = text};
    alarms->counts.of[kind]++;
}

static void view_instance_alarms(const struct group *group,
                                 struct asg_alarm_texts *alarms)
{
    if (group->disputed == 0 && group->misled == 0) return;
    assert(group->instance_count > 0);
    const char *name = group->config.name;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (instance->identity != NULL && instance->identity->is_disputed) {
            asg_alarm_stand(alarms, ASG_ALARM_ENROLMENT, name,
                            asg_arena_format(alarms->arena,
                                             "%s: an agent with other keys tried to "
                                             "enrol as %s; see `openasg instance rebind`",
                                             name, instance->id));
        }
        if (instance->notice.is_false) {
            asg_alarm_stand(alarms, ASG_ALARM_NOTICE, name,
                            asg_arena_format(alarms->arena,
                                             "%s: %s is on demand but reports a Spot "
                                             "notice",
                                             name, instance->id));
        }
    }
}

void asg_view_group_alarms(const struct group *group, struct asg_alarm_texts *alarms)
{
    assert(group->no > 0);
    const char *name = group->config.name;
    struct asg_arena *arena = alarms->arena;
    if (group->is_degraded) {
        asg_alarm_stand(
            alarms, ASG_ALARM_DEAD_LETTER, name,
            asg_arena_format(arena, "%s is degraded: %s", name, group->degraded));
    }
    if (group->silence.kind == ASG_SILENCE_MASS) {
        asg_alarm_stand(
            alarms, ASG_ALARM_MASS_SILENCE, name,
            asg_arena_format(arena,
                             "%s: many agents are silent together; replacement and "
                             "scale-in wait until they report again",
                             name));
    }
    if (group->silence.kind == ASG_SILENCE_CUT_OFF) {
        asg_alarm_stand(
            alarms, ASG_ALARM_MASS_SILENCE, name,
            asg_arena_format(arena,
                             "%s: all of its agents are out of reach; none is "
                             "replaced for that alone",
                             name));
    }
    if (group->is_frozen) {
        asg_alarm_stand(
            alarms, ASG_ALARM_TOO_MANY_UNHEALTHY, name,
            asg_arena_format(arena,
                             "%s: too many unhealthy; replacement waits for an operator",
                             name));
    }
    if (group->churn.is_frozen) {
        char word[ASG_SHELL_WORD_SIZE(ASG_GROUP_NAME_MAX)];
        asg_alarm_stand(
            alarms, ASG_ALARM_CHURN, name,
            asg_arena_format(arena,
                             "%s: its new instances fail soon after starting; "
                             "nothing is launched until `openasg unhalt %s`",
                             name, asg_shell_word(name, word, sizeof word)));
    }
    view_instance_alarms(group, alarms);
}

const char *asg_core_say_breaker(const char *group, int64_t left_ms,
                                 struct asg_arena *arena)
{
    assert(left_ms > 0);
    char wait[ASG_NUMBER_TEXT_MAX];
    return asg_arena_format(arena, "%s: launches failed; pausing launches for %s", group,
                            asg_number_duration(left_ms, wait));
}

/* ---- groups ---- */

static void view_suspensions(const struct group *group, struct asg_arena *arena,
                             struct asg_group_view *view)
{
    assert(view->suspension_count == 0);
    view->suspensions =
        asg_arena_take(arena, ASG_PROCESS_COUNT * sizeof *view->suspensions);
    for (int process = 0; process < ASG_PROCESS_COUNT; process++) {
        if (!asg_group_is_suspended(group, (enum asg_process)process)) continue;
        int64_t since_ms = group->suspended_ms[process];
        char since[ASG_TIME_TEXT_MAX];
        asg_time_format(since_ms, since);
        view->suspensions[view->suspension_count++] = (struct asg_suspension_view){
            .process = (enum asg_process)process,
            .since_ms = since_ms,
            .reason = asg_arena_format(arena, "User suspended at %.19sZ", since),
        };
    }
}

struct holds {
    struct asg_arena *arena;
    struct asg_group_view *view;
    size_t capacity;
};

static void push_hold(struct holds *holds, const struct asg_hold *hold)
{
    assert(hold->text[0] != '\0' && hold->reason < ASG_HOLD_COUNT);
    struct asg_group_view *view = holds->view;
    *(struct asg_hold *)asg_arena_push(holds->arena, (void **)&view->holds,
                                       &view->hold_count, &holds->capacity,
                                       sizeof *view->holds) = *hold;
}

static void push_state(struct holds *holds, enum asg_hold_reason reason, const char *text)
{
    push_hold(holds, &(struct asg_hold){.reason = reason, .policy = "", .text = text});
}

/* Something waits for that process, and says so. */
static bool is_said_of(const struct group *group, const char *process)
{
    assert(process[0] != '\0');
    char said[80]; /* and not "a launch is late" */
    (void)snprintf(said, sizeof said, "the process %s is", process);
    for (int topic = 0; topic < HOLD_TOPICS; topic++) {
        if (group->holds[topic].is_on &&
            group->holds[topic].reason == ASG_HOLD_SUSPENDED &&
            strstr(group->held[topic], said) != NULL) {
            return true;
        }
    }
    return false;
}

/* What stands whether anything waits for it or not. */
static void view_stops(const struct group *group, struct holds *holds)
{
    assert(group->no > 0 && holds->view->hold_count == 0);
    if (group->is_halted) {
        push_state(holds, ASG_HOLD_GROUP_HALTED,
                   "halted by an operator: nothing is launched or terminated");
    }
    if (group->unknown_count > 0) {
        push_hold(holds,
                  &(struct asg_hold){.reason = ASG_HOLD_LOG_BEHIND,
                                     .count = group->unknown_count,
                                     .policy = "",
                                     .text = "this log does not know some of the group's "
                                             "instances; see `openasg orphan list`"});
    }
    if (group->churn.is_frozen) {
        push_state(holds, ASG_HOLD_CHURN,
                   "launches wait for an operator: new instances fail soon after "
                   "starting");
    }
    if (group->is_frozen) {
        push_state(holds, ASG_HOLD_TOO_MANY_UNHEALTHY,
                   "replacement waits for an operator: too many instances are "
                   "unhealthy");
    }
    for (int process = 0; process < ASG_PROCESS_COUNT; process++) {
        const char *word = asg_enum_word(&asg_process_words, process);
        if (!asg_group_is_suspended(group, (enum asg_process)process) ||
            is_said_of(group, word)) {
            continue;
        }
        push_state(holds, ASG_HOLD_SUSPENDED,
                   asg_arena_format(holds->arena, "the process %s is suspended", word));
    }
    if (group->config.dry_run && !group->holds[HOLD_DRY_RUN].is_on) {
        push_state(holds, ASG_HOLD_DRY_RUN,
                   "the group is in a dry run: nothing is launched or terminated");
    }
}

/* Said with the stop itself. */
static bool is_stop(enum asg_hold_reason reason)
{
    return reason == ASG_HOLD_HALTED || reason == ASG_HOLD_GROUP_HALTED ||
           reason == ASG_HOLD_LOG_BEHIND || reason == ASG_HOLD_CHURN ||
           reason == ASG_HOLD_TOO_MANY_UNHEALTHY;
}

static void view_holds(const struct group *group, struct asg_arena *arena,
                       struct asg_group_view *view)
{
    struct holds holds = {.arena = arena, .view = view};
    assert(view->hold_count == 0);
    view_stops(group, &holds);
    for (int topic = 0; topic < HOLD_TOPICS; topic++) {
        const struct hold *hold =
            topic == HOLD_POLICY ? &group->display.hold : &group->holds[topic];
        if (!hold->is_on || is_stop(hold->reason)) continue;
        if (topic == HOLD_POLICY && group->policy_count == 0) continue;
        push_hold(&holds,
                  &(struct asg_hold){.reason = hold->reason,
                                     .until_ms = hold->until_ms,
                                     .count = hold->count,
                                     .policy = "",
                                     .text = asg_arena_text(arena, group->held[topic])});
    }
    for (size_t i = 0; i < group->policy_count; i++) {
        const struct policy *policy = &group->policies[i];
        const struct policy_hold *hold = &policy->state.shown;
        if (!hold->is_on || policy->config.is_disabled) continue;
        char text[ASG_REASON_MAX + 1];
        asg_hold_say_policy(&policy->config, hold, text, sizeof text);
        push_hold(&holds,
                  &(struct asg_hold){.reason = hold->reason,
                                     .until_ms = hold->until_ms,
                                     .count = hold->count,
                                     .policy = asg_arena_text(arena, policy->config.name),
                                     .text = asg_arena_text(arena, text)});
    }
}

void asg_view_fill_group(const struct group *group, struct asg_arena *arena,
                         struct asg_group_view *ret)
{
    struct asg_group_config *config = asg_arena_take(arena, sizeof *config);
    asg_model_copy(&asg_group_config_schema, &group->config, arena, config);
    assert(config->name[0] != '\0');
    *ret = (struct asg_group_view){
        .group_no = group->no,
        .config = config,
        .suspended = group->suspended,
        .revision = group->revision,
        .is_halted = group->is_halted,
        .is_deleting = group->is_deleting,
        .is_degraded = group->is_degraded,
        .degraded_reason = asg_arena_text(arena, group->degraded),
        .resolved_version =
            group->template.id[0] == '\0'
                ? ""
                : asg_arena_format(arena, "%s:%" PRIu64, group->template.id,
                                   group->template.version),
        .created_ms = group->created_ms,
        .unknown = group->unknown_count,
        .wanted = group->policy_count > 0 ? group->display.wanted : ASG_UNSET,
    };
    view_suspensions(group, arena, ret);
    view_holds(group, arena, ret);
}

/* ---- instances ---- */

void asg_view_count(const struct instance *instance, struct asg_instance_counts *counts)
{
    counts->instances++;
    counts->unhealthy += instance->health.is_unhealthy ? 1 : 0;
    counts->requested += asg_instance_is_slot(instance) ? 1 : 0;
    counts->pending += asg_instance_is_arriving(instance) ? 1 : 0;
    counts->terminating += asg_instance_is_on_its_way_out(instance) ? 1 : 0;
    if (!asg_instance_is_serving(instance)) return;
    counts->serving++;
    if (instance->service.warm_ms > counts->warm_ms) {
        counts->warm_ms = instance->service.warm_ms;
    }
    assert(counts->serving <= counts->instances);
}

static const char *signs_of(const struct instance *instance)
{
    assert(instance->health.probe < ASG_PROBES);
    if (instance->notice.taken_back_ms != 0) return "spot interruption";
    bool is_silent = asg_instance_is_silent(instance);
    bool is_failed = instance->health.probe == ASG_PROBE_FAILED;
    if (is_silent && is_failed) return "silent, probe failed";
    if (asg_instance_is_out_of_reach(instance)) return "silent, out of reach";
    if (is_silent) return "silent";
    if (is_failed) return "probe failed";
    if (instance->health.probe == ASG_PROBE_UNREACHABLE) return "out of reach";
    if (instance->health.is_impaired) return "impaired";
    if (instance->notice.event_code[0] != '\0') return instance->notice.event_code;
    if (instance->notice.is_false) return "false notice";
    if (instance->identity != NULL && instance->identity->is_disputed) {
        return "other keys tried";
    }
    return instance->notice.is_at_risk ? "rebalance recommended" : "";
}

/* Most texts are "", and most of the others are those of the row before: core keeps each
 * once, so that two of one address say the same. */
static const char *take_text(struct asg_arena *arena, const char *text,
                             const char *before_text, const char *before_copy)
{
    assert(text != NULL);
    if (text[0] == '\0') return "";
    return text == before_text ? before_copy : asg_arena_text(arena, text);
}

void asg_view_fill_instance(const struct instance *instance,
                            const struct instance *before,
                            const struct asg_instance_view *before_view,
                            struct asg_arena *arena, struct asg_instance_view *ret)
{
    assert(before == NULL || before->group == instance->group);
    assert((before == NULL) == (before_view == NULL));
    const struct instance none = {
        .type = "", .subnet_id = "", .zone = "", .template_id = "", .configuration = ""};
    const struct asg_instance_view none_view = {0};
    const struct instance *b = before != NULL ? before : &none;
    const struct asg_instance_view *bv = before != NULL ? before_view : &none_view;
    bool is_configured = instance->configuration[0] != '\0';
    bool is_same_version = before != NULL && before->configuration[0] == '\0' &&
                           before->template_version == instance->template_version;
    *ret = (struct asg_instance_view){
        .instance_id = take_text(arena, instance->id, "", NULL),
        .group = before != NULL ? bv->group
                                : asg_arena_text(arena, instance->group->config.name),
        .state = instance->state,
        .is_healthy = !instance->health.is_unhealthy,
        .health_reason = instance->health.is_unhealthy
                             ? take_text(arena, instance->reason, "", NULL)
                             : "",
        .is_protected = instance->service.is_protected,
        .instance_type = take_text(arena, instance->type, b->type, bv->instance_type),
        .subnet_id = take_text(arena, instance->subnet_id, b->subnet_id, bv->subnet_id),
        .zone = take_text(arena, instance->zone, b->zone, bv->zone),
        .private_ip = take_text(arena, instance->private_ip, "", NULL),
        .template_version =
            is_configured ? ""
            : is_same_version
                ? bv->template_version
                : asg_arena_format(arena, "%" PRIu64, instance->template_version),
        .launched_ms = instance->launch.launched_ms,
        .in_service_ms = instance->service.since_ms,
        .ec2_state = instance->ec2_state,
        .requested_ms = instance->launch.requested_ms,
        .ending_ms = instance->ending.since_ms,
        .job_id = instance->launch.job_id,
        .cpu_milli = -1,
        .signs = take_text(arena, signs_of(instance), "", NULL),
        .is_spot = instance->is_spot,
        .no = instance->no,
        .lifecycle = asg_state_traits(instance->state)->aws_name,
        .template_id =
            take_text(arena, instance->template_id, b->template_id, bv->template_id),
        .warm_ms = asg_instance_is_serving(instance) ? instance->service.warm_ms : 0,
        .launch_configuration = take_text(arena, instance->configuration,
                                          b->configuration, bv->launch_configuration),
    };
}
