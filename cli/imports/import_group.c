#include "cli/imports/import_group.h"

#include <string.h>

#include "base/bytes.h"
#include "cli/imports/import_parts.h"
#include "model/defaults.h"
#include "model/schemas.h"

/* ---- the members of a group ---- */

typedef void take_member(struct asg_importing *importing,
                         const struct asg_answer_node *node);

static void take_nothing(struct asg_importing *importing,
                         const struct asg_answer_node *node)
{
    (void)importing;
    (void)node;
}

static void take_instances(struct asg_importing *importing,
                           const struct asg_answer_node *node)
{
    importing->ret->instance_count = node->count;
    if (node->count == 0) return;
    asg_import_note(
        importing,
        "They stay with AWS. docs/migrate-from-aws.md, \"Cut over\", says how "
        "to take them in or replace them.",
        "AWS runs %zu instances of this group.", node->count);
}

static void take_health_check(struct asg_importing *importing,
                              const struct asg_answer_node *node)
{
    if (strcmp(node->text, "EC2") == 0) return;
    asg_import_note(
        importing,
        "openasg checks EC2's status, and the agent where one runs: set "
        "health_check: agent, and let the agent's health command ask what the "
        "load balancer asks.",
        "The health check type is %s.", node->text);
}

static void take_termination_policies(struct asg_importing *importing,
                                      const struct asg_answer_node *node)
{
    const char **words =
        asg_arena_take(importing->arena, (node->count + 1) * sizeof *words);
    size_t count = 0;
    for (const struct asg_answer_node *item = node->first; item != NULL;
         item = item->next) {
        int value = asg_import_word(&asg_termination_policy_words, item->text);
        if (value < 0) {
            asg_import_note(importing,
                            "Choose among the policies of docs/rules.md, or protect "
                            "instances with `openasg instance protect`.",
                            "The termination policy %s is not in openasg.", item->text);
            continue;
        }
        words[count++] = asg_enum_word(&asg_termination_policy_words, value);
    }
    if (count > 0)
        importing->ret->group.termination_policies = (struct asg_texts){words, count};
}

static void take_deletion_protection(struct asg_importing *importing,
                                     const struct asg_answer_node *node)
{
    int value = asg_enum_value(&asg_deletion_protection_words, node->text);
    if (value < 0) {
        asg_import_note(importing, "Set deletion_protection by hand.",
                        "The deletion protection %s is not in openasg.", node->text);
        return;
    }
    importing->ret->group.deletion_protection = (enum asg_deletion_protection)value;
}

static void take_placement_group(struct asg_importing *importing,
                                 const struct asg_answer_node *node)
{
    struct asg_launch_parameter *parameter =
        asg_arena_take(importing->arena, sizeof *parameter);
    *parameter =
        (struct asg_launch_parameter){.name = "Placement.GroupName", .value = node->text};
    importing->ret->group.launch_parameters = parameter;
    importing->ret->group.launch_parameter_count = 1;
}

static void take_tags(struct asg_importing *importing, const struct asg_answer_node *node)
{
    struct asg_group_config *group = &importing->ret->group;
    group->tags =
        asg_arena_take(importing->arena, (node->count + 1) * sizeof *group->tags);
    for (const struct asg_answer_node *item = node->first; item != NULL;
         item = item->next) {
        const char *key = asg_answer_text(item, "Key");
        if (strncmp(key, "aws:", 4) == 0) {
            asg_import_note(importing, "Nothing: only AWS may set tags with that prefix.",
                            "The tag %s is AWS's own and was left out.", key);
            continue;
        }
        group->tags[group->tag_count++] =
            (struct asg_tag){.key = key,
                             .value = asg_answer_text(item, "Value"),
                             .stays = !asg_answer_flag(item, "PropagateAtLaunch")};
    }
}

static void take_processes(struct asg_importing *importing,
                           const struct asg_answer_node *node)
{
    for (const struct asg_answer_node *item = node->first; item != NULL;
         item = item->next) {
        const char *name = asg_answer_text(item, "ProcessName");
        int process = asg_import_word(&asg_process_words, name);
        const char *todo =
            process < 0 ? "openasg has no such process."
                        : asg_arena_format(
                              importing->arena,
                              "After `openasg apply`, run: openasg suspend "
                              "%s %s",
                              asg_import_shell(importing, importing->ret->group.name),
                              asg_enum_word(&asg_process_words, process));
        asg_import_note(importing, todo, "The process %s is suspended in AWS (%s).", name,
                        asg_answer_text(item, "SuspensionReason"));
    }
}

/* What openasg has not: said with its value, and what to do. */
struct missing {
    const char *neutral; /* the value that means nothing; NULL: every one is said */
    const char *todo;
};

struct member {
    const char *name;
    take_member *take;
    struct missing missing; /* when there is no `take` */
};

#define BALANCER                                                                         \
    "openasg registers no instances with load balancers yet: let instances register "    \
    "themselves at boot and deregister in the agent's drain command."

/* Every member of AutoScalingGroup. Those with `take_nothing` are the group's name and
 * address, what other members say again, or were read before. */
static const struct member members[] = {
    {"AutoScalingGroupName", take_nothing, {0}},
    {"AutoScalingGroupARN", take_nothing, {0}},
    {"LaunchConfigurationName", asg_import_launch_configuration, {0}},
    {"LaunchTemplate", asg_import_template, {0}},
    {"MixedInstancesPolicy", asg_import_mixed, {0}},
    {"MinSize", take_nothing, {0}},
    {"MaxSize", take_nothing, {0}},
    {"DesiredCapacity", take_nothing, {0}},
    {"DefaultCooldown", take_nothing, {0}},
    {"DefaultInstanceWarmup", take_nothing, {0}},
    {"AvailabilityZones", take_nothing, {0}},
    {"AvailabilityZoneIds", take_nothing, {0}},
    {"VPCZoneIdentifier", take_nothing, {0}},
    {"HealthCheckGracePeriod", take_nothing, {0}},
    {"CreatedTime", take_nothing, {0}},
    {"ServiceLinkedRoleARN", take_nothing, {0}},
    {"NewInstancesProtectedFromScaleIn", take_nothing, {0}},
    {"CapacityRebalance", take_nothing, {0}},
    {"HealthCheckType", take_health_check, {0}},
    {"Instances", take_instances, {0}},
    {"SuspendedProcesses", take_processes, {0}},
    {"PlacementGroup", take_placement_group, {0}},
    {"Tags", take_tags, {0}},
    {"TerminationPolicies", take_termination_policies, {0}},
    {"DeletionProtection", take_deletion_protection, {0}},
    {"LoadBalancerNames", NULL, {NULL, BALANCER}},
    {"TargetGroupARNs", NULL, {NULL, BALANCER}},
    {"TrafficSources", NULL, {NULL, BALANCER}},
    {"PredictedCapacity",
     NULL,
     {NULL, "openasg does not forecast: use scheduled actions for load that is known."}},
    {"EnabledMetrics",
     NULL,
     {NULL, "Nothing: openasg has metrics of every group at /metrics."}},
    {"Status", NULL, {NULL, "Look at the group in AWS before you import it."}},
    {"MaxInstanceLifetime",
     NULL,
     {"0", "openasg does not replace instances by age: terminate old ones one by one "
           "with `openasg instance terminate`, and they are replaced."}},
    {"WarmPoolConfiguration",
     NULL,
     {NULL, "openasg has no warm pools: raise min, or make images that boot faster."}},
    {"WarmPoolSize",
     NULL,
     {"0", "openasg has no warm pools: the instances stay in AWS."}},
    {"Context", NULL, {NULL, "Nothing: it is reserved by AWS."}},
    {"DesiredCapacityType",
     NULL,
     {"units", "openasg counts instances: set min, max and desired in instances."}},
    {"InstanceMaintenancePolicy",
     NULL,
     {NULL, "openasg limits what is terminated at the same time by "
            "terminating_percent (10) and terminated_percent (25 in 10 minutes): set "
            "them in the file."}},
    {"AvailabilityZoneDistribution",
     NULL,
     {"balanced-best-effort",
      "openasg always balances over zones, and uses others when one has no capacity."}},
    {"AvailabilityZoneImpairmentPolicy",
     NULL,
     {"false IgnoreUnhealthy", "openasg has no zonal shift: remove the subnets of an "
                               "impaired zone by hand."}},
    {"CapacityReservationSpecification",
     NULL,
     {"default", "Put the reservation into the launch template, or into "
                 "launch_parameters."}},
    {"InstanceLifecyclePolicy",
     NULL,
     {NULL, "openasg has no lifecycle hooks, so nothing is retained."}},
    {"Operator", NULL, {NULL, "AWS manages this group for another service: ask there."}},
};

/* Texts of a node's leaves, in order, with a blank between. */
static bool is_neutral(struct asg_importing *importing,
                       const struct asg_answer_node *node, const char *neutral)
{
    if (node->first == NULL) {
        return node->text[0] == '\0' ||
               (neutral != NULL && strcmp(node->text, neutral) == 0);
    }
    if (neutral == NULL) return false;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes texts = {0};
    for (const struct asg_answer_node *leaf = node->first; leaf != NULL;
         leaf = leaf->next) {
        asg_bytes_printf(&texts, "%s%s", texts.length > 0 ? " " : "", leaf->text);
    }
    (void)importing;
    return strcmp(asg_bytes_text(&texts), neutral) == 0;
}

static void take(struct asg_importing *importing, const struct asg_answer_node *node)
{
    const struct member *member = NULL;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strcmp(members[i].name, node->name) == 0) member = &members[i];
    }
    if (member != NULL && member->take != NULL) {
        bool is_empty = node->first == NULL && node->text[0] == '\0';
        if (!is_empty) member->take(importing, node);
        return;
    }
    if (is_neutral(importing, node, member != NULL ? member->missing.neutral : NULL)) {
        return;
    }
    asg_import_note(importing,
                    member != NULL ? member->missing.todo
                                   : "This version of openasg does not know it: see what "
                                     "AWS says of it, and whether you need it.",
                    "%s is set in AWS (%s).", node->name,
                    asg_import_show(importing, node));
}

static void take_plain(struct asg_importing *importing)
{
    const struct asg_answer_node *node = importing->group;
    struct asg_group_config *group = &importing->ret->group;
    asg_import_size(node, "MinSize", &group->min);
    asg_import_size(node, "MaxSize", &group->max);
    asg_import_size(node, "DesiredCapacity", &group->desired);
    asg_import_seconds(node, "DefaultCooldown", &group->cooldown_ms);
    asg_import_seconds(node, "DefaultInstanceWarmup", &group->warmup_ms);
    asg_import_seconds(node, "HealthCheckGracePeriod", &group->health_grace_ms);
    group->protect_new_instances =
        asg_answer_flag(node, "NewInstancesProtectedFromScaleIn");
    group->capacity_rebalance = asg_answer_flag(node, "CapacityRebalance");
}

/* ---- what stands beside the group ---- */

static bool is_of_group(const struct asg_importing *importing,
                        const struct asg_answer_node *item)
{
    return strcmp(asg_answer_text(item, "AutoScalingGroupName"),
                  importing->ret->group.name) == 0;
}

static void note_unread(struct asg_importing *importing,
                        const struct asg_answer_list *list, const char *what,
                        const char *command)
{
    if (list->refusal == NULL) return;
    asg_import_note(importing,
                    asg_arena_format(
                        importing->arena,
                        "See what there is: aws autoscaling %s "
                        "--auto-scaling-group-name %s",
                        command, asg_import_shell(importing, importing->ret->group.name)),
                    "%s could not be read: %s.", what, list->refusal);
}

static void note_hooks(struct asg_importing *importing)
{
    const struct asg_answer_list *hooks = &importing->answers->hooks;
    note_unread(importing, hooks, "Lifecycle hooks", "describe-lifecycle-hooks");
    for (size_t i = 0; i < hooks->count; i++) {
        const struct asg_answer_node *hook = hooks->items[i];
        if (!is_of_group(importing, hook)) continue;
        const char *transition = asg_answer_text(hook, "LifecycleTransition");
        bool is_end = strstr(transition, "TERMINATING") != NULL;
        asg_import_note(
            importing,
            is_end ? asg_arena_format(importing->arena,
                                      "openasg has no lifecycle hooks: let the agent's "
                                      "drain command do its work, and set drain: %ss in "
                                      "the group.",
                                      asg_answer_text(hook, "HeartbeatTimeout"))
                   : "openasg has no lifecycle hooks: do its work in user data, and set "
                     "health_check: agent so that an instance serves only when its agent "
                     "reports.",
            "The lifecycle hook %s (%s) is not imported.",
            asg_answer_text(hook, "LifecycleHookName"), transition);
    }
}

static void note_notifications(struct asg_importing *importing)
{
    const struct asg_answer_list *list = &importing->answers->notifications;
    note_unread(importing, list, "Notifications", "describe-notification-configurations");
    for (size_t i = 0; i < list->count; i++) {
        if (!is_of_group(importing, list->items[i])) continue;
        asg_import_note(importing,
                        "openasg sends no SNS messages: alert on its metrics, or follow "
                        "`openasg log tail`.",
                        "Notifications of %s go to %s.",
                        asg_answer_text(list->items[i], "NotificationType"),
                        asg_answer_text(list->items[i], "TopicARN"));
    }
}

static void note_refreshes(struct asg_importing *importing)
{
    static const char *const open[] = {"Pending", "InProgress", "Cancelling",
                                       "RollbackInProgress", "Baking"};
    const struct asg_answer_list *list = &importing->answers->refreshes;
    note_unread(importing, list, "Instance refreshes", "describe-instance-refreshes");
    for (size_t i = 0; i < list->count; i++) {
        if (!is_of_group(importing, list->items[i])) continue;
        const char *state = asg_answer_text(list->items[i], "Status");
        for (size_t s = 0; s < sizeof open / sizeof open[0]; s++) {
            if (strcmp(open[s], state) != 0) continue;
            asg_import_note(importing,
                            "Wait until it is over, or cancel it, and import again: the "
                            "group may launch from another version then.",
                            "An instance refresh is under way (%s).", state);
        }
    }
}

void asg_import_group(const struct asg_answer_node *group,
                      const struct asg_import_answers *answers, struct asg_arena *arena,
                      struct asg_imported *ret)
{
    *ret = (struct asg_imported){0};
    struct asg_importing importing = {
        .group = group, .answers = answers, .arena = arena, .ret = ret};
    asg_model_set_defaults(&asg_group_config_schema, &ret->group);
    ret->group.name = asg_answer_text(group, "AutoScalingGroupName");
    ret->group.dry_run = true; /* until the operator has looked at it */
    take_plain(&importing);
    for (const struct asg_answer_node *node = group->first; node != NULL;
         node = node->next) {
        take(&importing, node);
    }
    asg_import_places(&importing);
    asg_import_policies(&importing);
    asg_import_schedules(&importing);
    note_hooks(&importing);
    note_notifications(&importing);
    note_refreshes(&importing);
}
