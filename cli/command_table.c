#include "cli/commands.h"

#include <assert.h>

#define COMMANDS_MAX 160

static const struct asg_option options[] = {
    {.name = "output",
     .type = ASG_OPTION_WORD,
     .value = "FORM",
     .letter = 'o',
     .words = &asg_output_words,
     .help = "Output format.",
     .default_text = "table"},
    {.name = "controller",
     .type = ASG_OPTION_TEXT,
     .value = "ENDPOINT",
     .help = "The controller's admin address.",
     .default_text = "tcp://127.0.0.1:7703"},
    {.name = "dir",
     .type = ASG_OPTION_FILE,
     .value = "DIR",
     .help = "Folder with admin.key, controller.key.pub and openasg.log: on the "
             "controller's machine, its own folder."},
    {.name = "key-file",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Key pair of this admin.",
     .default_text = "admin.key in DIR"},
    {.name = "server-key-file",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Public key of the controller.",
     .default_text = "controller.key.pub in DIR"},
    {.name = "server-key",
     .type = ASG_OPTION_TEXT,
     .value = "KEY",
     .help = "Public key of the controller as text."},
    {.name = "request-timeout",
     .type = ASG_OPTION_DURATION,
     .value = "TIME",
     .min = 1,
     .max = 3600000,
     .help = "How long to wait for an answer.",
     .default_text = "10s"},
    {.name = "allow-plaintext",
     .type = ASG_OPTION_FLAG,
     .help = "Connect without encryption and keys: for measurements only."},
    {.name = "context",
     .type = ASG_OPTION_TEXT,
     .value = "NAME",
     .complete = "contexts",
     .help = "The controller and keys of a context (see \"context add\").",
     .default_text = "that of \"context use\""},
    {.name = "config",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Settings in YAML.",
     .default_text = "~/.config/openasg/config.yaml"},
    {.name = "print-config",
     .type = ASG_OPTION_FLAG,
     .help = "Show the settings in force and exit."},
    {.name = "color",
     .type = ASG_OPTION_WORD,
     .value = "WHEN",
     .words = &asg_color_words,
     .help = "Color in tables and errors; auto: on a terminal, unless NO_COLOR is set or "
             "TERM is dumb.",
     .default_text = "auto"},
    {.name = "local",
     .type = ASG_OPTION_FLAG,
     .help = "Tables show times in the zone of TZ, or the machine's, with its offset; "
             "without it in UTC. JSON, YAML and CSV are always UTC."},
    {.name = "verbose",
     .type = ASG_OPTION_FLAG,
     .letter = 'v',
     .help = "Show on standard error what is asked of the controller, and how long "
             "answers take."},
    {.name = "check-config",
     .type = ASG_OPTION_FLAG,
     .help = "Check the settings and keys, list all errors, and exit with 0 or "
             "2."},
    {.name = "version", .type = ASG_OPTION_FLAG, .help = "Show the version and exit."},
};

static const struct asg_option list_options[] = {
    {.name = "columns",
     .type = ASG_OPTION_TEXTS,
     .value = "NAMES",
     .help = "Show these columns, in this order: titles of the table in any case, or "
             "fields of the JSON (config.min)."},
    {.name = "sort",
     .type = ASG_OPTION_TEXT,
     .value = "[-]COLUMN",
     .help = "Sort by this column; with a minus the largest first (--sort=-desired)."},
    {.name = "filter",
     .type = ASG_OPTION_TEXTS,
     .value = "COLUMN=VALUE",
     .help =
         "Only rows with this value, or with != another one; several must all match."},
    {.name = "no-header", .type = ASG_OPTION_FLAG, .help = "No header line."},
    {.name = "quiet",
     .type = ASG_OPTION_FLAG,
     .letter = 'q',
     .help = "Only the names, one a line."},
};

static const struct asg_exit_code exit_codes[] = {
    {ASG_EXIT_OK, "done"},
    {ASG_EXIT_FAILED, "refused by the controller, or it failed"},
    {ASG_EXIT_USAGE, "the command line, the settings or a file given there is wrong"},
    {ASG_EXIT_UNREACHABLE, "no answer from the controller"},
    {ASG_EXIT_NOT_VERIFIED, "the log does not verify"},
    {ASG_EXIT_DIFFERS, "the replay decides differently from the log"},
    {ASG_EXIT_TIMEOUT, "a wait timed out"},
};

const struct asg_command_table *asg_cli_table(void)
{
    static struct asg_command_entry commands[COMMANDS_MAX];
    static struct asg_command_table table = {
        .program = "openasg",
        .summary = "Command line of openasg, EC2 Auto Scaling that you run yourself",
        .details = "Commands go to the controller over ZeroMQ with CURVE. "
                   "\"log\", \"replay\" and \"what-if\" read the log file and need no "
                   "controller. Results go to standard output, messages to standard "
                   "error.",
        .commands = commands,
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .list_options = list_options,
        .list_option_count = sizeof list_options / sizeof list_options[0],
        .exit_codes = exit_codes,
        .exit_code_count = sizeof exit_codes / sizeof exit_codes[0],
        .environment =
            "OPENASG_CONTROLLER, OPENASG_DIR, OPENASG_KEY_FILE, OPENASG_SERVER_KEY_FILE, "
            "OPENASG_SERVER_KEY, OPENASG_CONTEXT, OPENASG_LOG, OPENASG_OUTPUT, "
            "OPENASG_COLOR, OPENASG_LOCAL_TIMES, OPENASG_REQUEST_TIMEOUT and "
            "OPENASG_CONFIG set the options and settings of these names.",
    };
    if (table.command_count > 0) return &table;
    static const struct asg_family *const families[] = {
        &asg_status_family,   &asg_group_config_family, &asg_group_family,
        &asg_policy_family,   &asg_schedule_family,     &asg_template_family,
        &asg_instance_family, &asg_orphan_family,       &asg_control_family,
        &asg_explain_family,  &asg_alarm_family,        &asg_events_family,
        &asg_activity_family, &asg_jobs_family,         &asg_verify_family,
        &asg_tail_family,     &asg_export_family,       &asg_backup_family,
        &asg_sign_family,     &asg_replay_family,       &asg_what_if_family,
        &asg_keys_family,     &asg_api_keys_family,     &asg_rotate_family,
        &asg_apply_family,    &asg_export_files_family, &asg_context_family,
        &asg_import_family,   &asg_pages_family,        &asg_complete_family,
        &asg_doctor_family,   &asg_debug_family,
    };
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++) {
        for (size_t i = 0; i < families[f]->count; i++) {
            assert(table.command_count < COMMANDS_MAX);
            commands[table.command_count++] = families[f]->commands[i];
        }
    }
    return &table;
}
