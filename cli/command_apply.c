/* command_apply - a file with a group, its policies and its schedules, all at once. */
#include "cli/ask_controller.h"
#include "cli/commands.h"
#include "cli/confirm_ends.h"
#include "cli/note_policy.h"
#include "cli/rules.h"
#include "model/zone_changes.h"
#include "model/schemas.h"

static const struct asg_argument file_argument[] = {
    {.name = "FILE",
     .help = "YAML with group:, policies: and schedules:, \"-\" for standard input.",
     .is_file = true}};

static const struct asg_option apply_options[] = {
    {.name = "force",
     .type = ASG_OPTION_FLAG,
     .help = "Do it even if it terminates more than a quarter of the group at once."},
};

static bool has_desired(const struct asg_rules *rules)
{
    const struct asg_field *field = asg_schema_find(&asg_group_config_schema, "desired");
    uint64_t bit = UINT64_C(1) << (field - asg_group_config_schema.fields);
    return (rules->group_present & bit) != 0;
}

/* Make the group, or change what the file says of one that is there. */
static int apply_group(struct asg_cli *cli, struct asg_rules *rules, bool force)
{
    const char *name = rules->group.name;
    const struct asg_group_view *view = NULL;
    int code = asg_ask_group(cli, name, /* must_exist */ false, &cli->arena, &view);
    if (code != ASG_EXIT_OK) return code;
    if (!has_desired(rules)) rules->group.desired = rules->group.min;
    struct asg_command command = asg_new_command(
        view == NULL ? ASG_COMMAND_GROUP_CREATE : ASG_COMMAND_GROUP_UPDATE, name);
    command.group_config = &rules->group;
    command.group_fields = asg_group_fields_of(rules->group_present);
    if (view != NULL) {
        code = asg_confirm_ends(
            cli, view,
            asg_desired_after(view->config, &rules->group, command.group_fields), force);
        if (code != ASG_EXIT_OK) return code;
    }
    return asg_order(cli, &command,
                     asg_arena_format(&cli->arena, "group %s matches the file", name),
                     NULL);
}

static int apply_policy(struct asg_cli *cli, const struct asg_policy_config *policy)
{
    struct asg_command command = asg_new_command(ASG_COMMAND_POLICY_PUT, policy->group);
    command.name = policy->name;
    command.policy_config = policy;
    int code =
        asg_order(cli, &command,
                  asg_arena_format(&cli->arena, "policy %s saved", policy->name), NULL);
    if (code == ASG_EXIT_OK) asg_note_policy(cli, policy);
    return code;
}

static int apply_schedule(struct asg_cli *cli, struct asg_schedule_config *schedule)
{
    struct asg_error error = {0};
    enum asg_status status =
        asg_zone_changes(schedule, asg_clock_wall_ms(&cli->clock), &cli->arena, &error);
    if (status != ASG_OK) return asg_cli_fail_status(cli, status, &error);
    struct asg_command command =
        asg_new_command(ASG_COMMAND_SCHEDULE_PUT, schedule->group);
    command.name = schedule->name;
    command.schedule_config = schedule;
    return asg_order(
        cli, &command,
        asg_arena_format(&cli->arena, "scheduled action %s saved", schedule->name), NULL);
}

static int run_apply(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_rules rules;
    struct asg_error error = {0};
    enum asg_status status = asg_rules_read(asg_argument_text(arguments, 0),
                                            ASG_RULES_GROUP, &cli->arena, &rules, &error);
    if (status != ASG_OK) return asg_cli_fail_status(cli, status, &error);
    if (rules.has_group && rules.group.name[0] == '\0') {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "%s: the group has no name: write name: under group:",
                            asg_argument_text(arguments, 0));
    }
    int code = rules.has_group
                   ? apply_group(cli, &rules, asg_option_flag(arguments, "force"))
                   : ASG_EXIT_OK;
    for (size_t i = 0; i < rules.policy_count && code == ASG_EXIT_OK; i++) {
        code = apply_policy(cli, &rules.policies[i]);
    }
    for (size_t i = 0; i < rules.schedule_count && code == ASG_EXIT_OK; i++) {
        code = apply_schedule(cli, &rules.schedules[i]);
    }
    return code;
}

static const struct asg_command_entry commands[] = {
    {.name = "apply",
     .summary = "Create or update a group with its policies and schedules from one file",
     .details = "For a group that exists, only what the file names is changed; policies "
                "and schedules that it does not name stay. Stops at the first refusal.",
     .examples = "openasg apply examples/student.yaml",
     ASG_ARGUMENTS(file_argument),
     ASG_OPTIONS(apply_options),
     .run = run_apply},
};

const struct asg_family asg_apply_family = ASG_FAMILY(commands);
