/* commands - the families of commands that make up the table. Each is a list in its own
 * command_<family>.c, in the folder of what it is about; command_table.c puts them
 * together in the order of the help. */
#ifndef ASG_CLI_COMMANDS_H
#define ASG_CLI_COMMANDS_H

#include "cli/cli.h"

struct asg_family {
    const struct asg_command_entry *commands;
    size_t count;
};

extern const struct asg_family asg_apply_family;
extern const struct asg_family asg_export_files_family;
extern const struct asg_family asg_context_family;
extern const struct asg_family asg_group_config_family;
extern const struct asg_family asg_group_family;
extern const struct asg_family asg_policy_family;
extern const struct asg_family asg_schedule_family;
extern const struct asg_family asg_template_family;
extern const struct asg_family asg_instance_family;
extern const struct asg_family asg_orphan_family;
extern const struct asg_family asg_control_family;
extern const struct asg_family asg_status_family;
extern const struct asg_family asg_explain_family;
extern const struct asg_family asg_activity_family;
extern const struct asg_family asg_alarm_family;
extern const struct asg_family asg_events_family;
extern const struct asg_family asg_jobs_family;
extern const struct asg_family asg_verify_family;
extern const struct asg_family asg_tail_family;
extern const struct asg_family asg_export_family;
extern const struct asg_family asg_backup_family;
extern const struct asg_family asg_sign_family;
extern const struct asg_family asg_replay_family;
extern const struct asg_family asg_what_if_family;
extern const struct asg_family asg_keys_family;
extern const struct asg_family asg_api_keys_family;
extern const struct asg_family asg_rotate_family;
extern const struct asg_family asg_import_family;
extern const struct asg_family asg_complete_family;
extern const struct asg_family asg_doctor_family;
extern const struct asg_family asg_debug_family;
extern const struct asg_family asg_pages_family;

/* Everything of the command line in one table; lives for ever. Only main.c and tests ask
 * for it: a command finds it in `cli->table`. */
const struct asg_command_table *asg_cli_table(void);

#define ASG_FAMILY(list)                                                                 \
    {                                                                                    \
        .commands = (list), .count = sizeof(list) / sizeof((list)[0])                    \
    }

/* For the tables of options and arguments. */
#define ASG_OPTIONS(list)                                                                \
    .options = (list), .option_count = sizeof(list) / sizeof((list)[0])
#define ASG_ARGUMENTS(list)                                                              \
    .arguments = (list), .argument_count = sizeof(list) / sizeof((list)[0])

#endif
