#include "cli/show/show_result.h"

#include <string.h>

#define FIELD(type_, field)                                                              \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##type_,                                       \
        .offset = offsetof(struct asg_done, field), .null_at = ASG_NULL_AT_ZERO          \
    }
#define FLAG(field)                                                                      \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_BOOL,                                          \
        .offset = offsetof(struct asg_done, field)                                       \
    }
static const struct asg_field fields[] = {
    FIELD(TEXT, action),
    FIELD(TEXT, kind),
    FIELD(TEXT, name),
    FIELD(TEXT, group),
    {.name = "names",
     .type = ASG_FIELD_TEXTS,
     .offset = offsetof(struct asg_done, names)},
    FIELD(TEXT, message),
    FLAG(is_changed),
    FLAG(is_dry_run),
    FIELD(U64, job_id),
    FIELD(U64, revision),
    FIELD(TEXT, note),
};
const struct asg_schema asg_done_schema = {
    .name = "result",
    .size = sizeof(struct asg_done),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
};

static const char *kind_of(const struct asg_command *command)
{
    switch (command->kind) {
    case ASG_COMMAND_POLICY_PUT:
    case ASG_COMMAND_POLICY_DELETE:
    case ASG_COMMAND_EXECUTE_POLICY: return "policy";
    case ASG_COMMAND_SCHEDULE_PUT:
    case ASG_COMMAND_SCHEDULE_DELETE: return "schedule";
    case ASG_COMMAND_TEMPLATE_PUT: return "template";
    case ASG_COMMAND_LAUNCH_CONFIGURATION_PUT:
    case ASG_COMMAND_LAUNCH_CONFIGURATION_DELETE: return "launch-configuration";
    case ASG_COMMAND_JOB_RETRY: return "job";
    case ASG_COMMAND_RECONCILE: return "cluster";
    case ASG_COMMAND_INSTANCE_ADOPT:
    case ASG_COMMAND_ORPHAN_END: return "instance";
    default: break;
    }
    if (command->instance_ids.count > 0) return "instance";
    return command->group[0] != '\0' ? "group" : "cluster";
}

struct asg_done asg_done_by_order(const struct asg_command *command,
                                  const struct asg_answer *answer)
{
    struct asg_done result = {
        .kind = kind_of(command),
        .name = command->name[0] != '\0' ? command->name : command->group,
        .group = command->group,
        .names = command->instance_ids,
        .is_changed = true,
        .job_id = answer->job_id != 0 ? answer->job_id : command->job_id,
        .revision = answer->revision,
        .note = answer->note,
    };
    if (result.names.count > 0) result.name = NULL;
    if (result.names.count == 1) result.name = result.names.items[0];
    return result;
}

void asg_cli_note(struct asg_cli *cli, const char *note)
{
    if (note == NULL || note[0] == '\0') return;
    asg_cli_print(cli->err, "note: %s\n", note);
}

int asg_cli_result(struct asg_cli *cli, const struct asg_done *result)
{
    struct asg_done shown = *result;
    if (shown.action == NULL && cli->command != NULL) shown.action = cli->command->name;
    if (cli->settings.output == ASG_OUTPUT_TABLE) {
        asg_cli_write(cli->err, shown.message, strlen(shown.message));
        (void)fputc('\n', cli->err);
        asg_cli_note(cli, shown.note);
        return ASG_EXIT_OK;
    }
    asg_cli_show_one(cli, &asg_done_schema, &shown, NULL, 0);
    return ASG_EXIT_OK;
}
