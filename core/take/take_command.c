#include "core/take/take_enrolment.h"
#include "core/take/take_command.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/world/standing.h"
#include "core/world/counts.h"
#include "core/world/kept_text.h"
#include "core/limits/churn.h"
#include "core/limits/launch_failures.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/limits/patience.h"
#include "core/world/state.h"
#include "core/world/states.h"
#include "core/values/text.h"
#include "core/plan/end_instance.h"
#include "core/plan/plan_templates.h"
#include "core/take/command_apply.h"
#include "core/take/command_configuration.h"
#include "core/take/command_end.h"
#include "core/take/command_group.h"
#include "core/take/command_orphan.h"
#include "core/take/command_attach.h"
#include "core/take/command_policy.h"
#include "core/take/command_standby.h"
#include "core/take/command_tags.h"
#include "core/take/command_traffic.h"
#include "core/take/raise_revision.h"
#include "core/take/require.h"
#include "core/take/take_lead.h"
#include "core/take/try_again.h"
#include "core/want/desired.h"
#include "core/want/run_schedules.h"
#include "core/world/touched.h"
#include "model/launch_fields.h"

/* ---- the cluster ---- */

static void begin_cluster(struct asg_core *core, const struct asg_command *command)
{
    assert(core->cluster_id[0] == '\0'); /* once */
    asg_text_copy(core->cluster_id, sizeof core->cluster_id, command->cluster_id);
    core->seed = command->seed;
    asg_reply_accept(core, 0, "cluster %s created", core->cluster_id);
}

static void set_halted(struct asg_core *core, const struct asg_command *command,
                       bool is_halted)
{
    assert(core->step != NULL);
    if (command->group[0] == '\0') {
        core->is_halted = is_halted;
        asg_touch_cluster(core);
        for (size_t i = 0; i < core->group_count; i++) {
            asg_group_mark_dirty(core, core->groups[i]);
            if (!is_halted) asg_churn_forget(core, core->groups[i]);
        }
        const char *what = is_halted ? "all groups halted" : "halt lifted for all groups";
        asg_narrate(core, ASG_DECISION_COMMAND, NULL, "%s by %s", what, command->actor);
        asg_try_recall(core);
        asg_reply_accept(core, 0, "%s", what);
        return;
    }
    /* Also one that is being deleted: halted before, it would never be gone. */
    struct group *group = asg_group_find(core, command->group);
    if (group == NULL) group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    group->is_halted = is_halted;
    asg_group_mark_dirty(core, group);
    if (!is_halted) asg_churn_forget(core, group);
    const char *word = is_halted ? "halted" : "halt lifted";
    asg_narrate(core, ASG_DECISION_COMMAND, group, "%s by %s", word, command->actor);
    asg_try_recall(core);
    asg_reply_accept(core, 0, "group %s: %s", group->config.name, word);
}

static void reconcile_now(struct asg_core *core)
{
    assert(core->step != NULL);
    core->listing.next_ms = core->now_ms;
    asg_reply_accept(core, core->last_job_id + 1, "reconciliation started");
}

/* ---- instances ---- */

/* The API names the group and has AWS's rules and words, which clients match; the command
 * line names none and may protect what is still to come. False: it is refused. */
static bool may_be_protected(struct asg_core *core, const struct group *named,
                             const char *id)
{
    struct group *group = NULL;
    if (named == NULL) return asg_take_require_instance(core, id, &group) != NULL;
    const struct instance *instance = asg_instance_find(core, id, &group);
    if (instance == NULL || group != named) {
        asg_take_refuse_foreign(core, id, named->config.name);
        return false;
    }
    assert(instance->group == group);
    const struct asg_state_traits *traits = asg_state_traits(instance->state);
    if (traits->serves || traits->stands_by) return true;
    asg_reply_refuse(core, "ValidationError",
                     "The instance %s is not in InService or EnteringStandby or Standby.",
                     id);
    return false;
}

static void protect_instances(struct asg_core *core, const struct asg_command *command)
{
    struct group *named = NULL;
    if (command->group[0] != '\0') {
        named = asg_take_require_group(core, command->group);
        if (named == NULL) return;
    }
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        if (!may_be_protected(core, named, command->instance_ids.items[i])) return;
    }
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        struct group *group = NULL;
        struct instance *instance =
            asg_instance_find(core, command->instance_ids.items[i], &group);
        assert(instance != NULL); /* each was asked for above */
        instance->service.is_protected = command->is_protected;
        if (!command->is_protected) instance->ending.kept_until_ms = 0;
        asg_group_mark_dirty(core, group);
    }
    asg_reply_accept(core, 0, "%zu instance%s %s from scale-in",
                     command->instance_ids.count,
                     command->instance_ids.count == 1 ? "" : "s",
                     command->is_protected ? "protected" : "not protected");
}

static void set_instance_health(struct asg_core *core, const struct asg_command *command)
{
    if (command->instance_ids.count != 1) {
        asg_reply_refuse(core, "ValidationError", "name one instance");
        return;
    }
    struct group *group = NULL;
    struct instance *instance =
        asg_take_require_instance(core, command->instance_ids.items[0], &group);
    if (instance == NULL) return;
    bool is_in_grace = !asg_patience_is_past_grace(group, instance, core->now_ms);
    if (!command->is_healthy && command->respect_grace && is_in_grace) {
        asg_reply_accept(core, 0, "%s is in its grace period: ignored", instance->id);
        return;
    }
    assert(instance->group == group);
    instance->health.is_marked = !command->is_healthy;
    asg_group_mark_dirty(core, group);
    asg_reply_accept(core, 0, "%s marked %s", instance->id,
                     command->is_healthy ? "healthy" : "unhealthy");
}

/* ---- jobs ---- */

static void retry_job(struct asg_core *core, const struct asg_command *command)
{
    struct job *job = asg_job_find(core, command->job_id);
    if (job == NULL || job->state != ASG_JOB_STATE_DEAD) {
        asg_reply_refuse(core, "ValidationError",
                         job == NULL ? "job %" PRIu64 " is unknown or was forgotten"
                                     : "job %" PRIu64 " is not a dead letter",
                         command->job_id);
        return;
    }
    struct group *group = asg_group_of_no(core, job->group_no);
    asg_job_set_state(core, job, ASG_JOB_STATE_RETRIED);
    if (group != NULL) {
        group->is_degraded = false;
        asg_text_keep(core, &group->degraded, ASG_REASON_MAX, "");
        asg_launch_forget_failures(core, group);
    }
    if (job->plan.kind == ASG_JOB_TERMINATE) asg_job_give_up_termination(core, job);
    if (job->plan.kind == ASG_JOB_UNTAG) asg_order_untag_again(core, job);
    if (job->plan.kind == ASG_JOB_TEMPLATE) {
        assert(job->plan.template_config != NULL);
        struct template *known = asg_template_find(core, job->plan.template_name);
        struct job *again = asg_plan_template(core, job->plan.template_config, known);
        assert(again->state == ASG_JOB_STATE_OPEN);
        if (known != NULL) known->job_id = again->plan.id;
        asg_touch_cluster(core);
    }
    asg_alarm_raise(core, ASG_ALARM_DEAD_LETTER, group, false, "job %s: retried by %s",
                    job->plan.name, command->actor);
    asg_reply_accept(core, 0, "retrying job %s: what is still needed is planned again",
                     job->plan.name);
}

/* ---- templates ---- */

static void put_template(struct asg_core *core, const struct asg_command *command)
{
    const struct asg_template_config *config = command->template_config;
    if (config == NULL || config->name[0] == '\0' ||
        strlen(config->name) > ASG_NAME_MAX || config->image_id[0] == '\0') {
        asg_reply_refuse(
            core, "ValidationError",
            "a launch template needs a name (at most %d characters) and an image id",
            ASG_NAME_MAX);
        return;
    }
    struct asg_error error = {""};
    if (asg_launch_parameters_check(config->parameters, config->parameter_count,
                                    ASG_LAUNCH_OF_TEMPLATE, &error) != ASG_OK) {
        asg_reply_refuse(core, "ValidationError", "launch template %s: %s", config->name,
                         error.text);
        return;
    }
    struct template *known = asg_template_find(core, config->name);
    if (known != NULL && known->job_id != 0) {
        asg_reply_refuse(core, "ScalingActivityInProgress",
                         "launch template %s is being created; wait for job %" PRIu64,
                         config->name, known->job_id);
        return;
    }
    if (known == NULL) {
        core->templates = asg_realloc(core->templates, core->template_count + 1,
                                      sizeof *core->templates);
        known = &core->templates[core->template_count++];
        memset(known, 0, sizeof *known);
        asg_text_copy(known->name, sizeof known->name, config->name);
    }
    struct job *job =
        asg_plan_template(core, config, known->id[0] != '\0' ? known : NULL);
    assert(known->job_id == 0);
    assert(job->plan.kind == ASG_JOB_TEMPLATE);
    known->job_id = job->plan.id;
    asg_touch_cluster(core);
    known->failure[0] = '\0';
    asg_reply_accept(core, job->plan.id, "launch template %s: job %s creates it",
                     config->name, job->plan.name);
}

static void take_command(struct asg_core *core, const struct asg_command *command)
{
    assert(core->step != NULL);
    switch (command->kind) {
    case ASG_COMMAND_INIT: begin_cluster(core, command); break;
    case ASG_COMMAND_LEAD: asg_take_lead(core, command); break;
    case ASG_COMMAND_GROUP_CREATE: asg_order_create_group(core, command); break;
    case ASG_COMMAND_GROUP_UPDATE: asg_order_update_group(core, command); break;
    case ASG_COMMAND_GROUP_DELETE: asg_order_delete_group(core, command); break;
    case ASG_COMMAND_POLICY_PUT: asg_order_put_policy(core, command); break;
    case ASG_COMMAND_POLICY_DELETE: asg_order_delete_policy(core, command); break;
    case ASG_COMMAND_SCHEDULE_PUT: asg_order_put_schedule(core, command); break;
    case ASG_COMMAND_SCHEDULE_DELETE: asg_order_delete_schedule(core, command); break;
    case ASG_COMMAND_TEMPLATE_PUT: put_template(core, command); break;
    case ASG_COMMAND_SET_DESIRED: asg_order_desired(core, command); break;
    case ASG_COMMAND_EXECUTE_POLICY: asg_order_execute_policy(core, command); break;
    case ASG_COMMAND_TERMINATE_INSTANCE: asg_order_end_instances(core, command); break;
    case ASG_COMMAND_PROTECT_INSTANCES: protect_instances(core, command); break;
    case ASG_COMMAND_SET_INSTANCE_HEALTH: set_instance_health(core, command); break;
    case ASG_COMMAND_SUSPEND: asg_order_suspend(core, command, true); break;
    case ASG_COMMAND_RESUME: asg_order_suspend(core, command, false); break;
    case ASG_COMMAND_HALT: set_halted(core, command, true); break;
    case ASG_COMMAND_UNHALT: set_halted(core, command, false); break;
    case ASG_COMMAND_JOB_RETRY: retry_job(core, command); break;
    case ASG_COMMAND_RECONCILE: reconcile_now(core); break;
    case ASG_COMMAND_INSTANCE_ADOPT: asg_order_adopt_instances(core, command); break;
    case ASG_COMMAND_ORPHAN_END: asg_order_end_orphans(core, command); break;
    case ASG_COMMAND_GROUP_TAG: asg_order_tag_groups(core, command); break;
    case ASG_COMMAND_GROUP_UNTAG: asg_order_untag_groups(core, command); break;
    case ASG_COMMAND_LAUNCH_CONFIGURATION_PUT:
        asg_order_put_configuration(core, command);
        break;
    case ASG_COMMAND_LAUNCH_CONFIGURATION_DELETE:
        asg_order_delete_configuration(core, command);
        break;
    case ASG_COMMAND_METRICS_ENABLE:
        asg_order_collect_metrics(core, command, true);
        break;
    case ASG_COMMAND_METRICS_DISABLE:
        asg_order_collect_metrics(core, command, false);
        break;
    case ASG_COMMAND_SOURCES_ATTACH: asg_order_attach_sources(core, command); break;
    case ASG_COMMAND_SOURCES_DETACH: asg_order_detach_sources(core, command); break;
    case ASG_COMMAND_ENTER_STANDBY: asg_order_enter_standby(core, command); break;
    case ASG_COMMAND_EXIT_STANDBY: asg_order_exit_standby(core, command); break;
    case ASG_COMMAND_ATTACH_INSTANCES: asg_order_attach(core, command); break;
    case ASG_COMMAND_DETACH_INSTANCES: asg_order_detach(core, command); break;
    case ASG_COMMAND_INSTANCE_REBIND: asg_order_rebind(core, command); break;
    case ASG_COMMAND_APPLY: asg_order_apply(core, command); break;
    case ASG_COMMAND_COUNT: break;
    }
}

/* Whatever it changed of the group and the instances that it names. */
static void touch_named(struct asg_core *core, const struct asg_command *command)
{
    struct group *group =
        command->group[0] != '\0' ? asg_group_find(core, command->group) : NULL;
    if (group != NULL) asg_touch_sheet(group);
    assert(core->step != NULL);
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        struct instance *instance =
            asg_instance_find(core, command->instance_ids.items[i], &group);
        if (instance != NULL) asg_touch(instance);
    }
}

void asg_take_command(struct asg_core *core, const struct asg_command *command)
{
    take_command(core, command);
    asg_raise_revision(core, command);
    touch_named(core, command);
}
