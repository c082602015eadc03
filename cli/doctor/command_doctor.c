/* command_doctor - look at everything and say what is wrong; --check-config. */
#include <string.h>

#include "cli/commands.h"
#include "cli/doctor/doctor.h"

#define FIELD(kind, field, ...)                                                          \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct asg_finding, field), __VA_ARGS__                       \
    }
static const struct asg_field finding_fields[] = {
    FIELD(ENUM, state, .names = &asg_finding_state_words),
    FIELD(TEXT, check, .limit = ASG_TEXT_MAX),
    FIELD(TEXT, text, .limit = ASG_TEXT_MAX),
    FIELD(TEXT, todo, .limit = ASG_TEXT_MAX),
};
static const struct asg_schema finding_schema = {
    .name = "finding",
    .size = sizeof(struct asg_finding),
    .fields = finding_fields,
    .field_count = sizeof finding_fields / sizeof finding_fields[0],
};
static const struct asg_render_column columns[] = {
    {"STATE", "state", NULL, ASG_COLUMN_STATE},
    {"CHECK", "check", NULL, false},
    {"FINDING", "text", NULL, false},
    {"TO DO", "todo", NULL, false},
};

static const struct asg_option doctor_options[] = {
    {.name = "etc",
     .type = ASG_OPTION_FILE,
     .value = "DIR",
     .help = "Folder of controller.yaml, worker.yaml and agent.yaml of this host.",
     .default_text = "/etc/openasg"},
};

static void show(struct asg_cli *cli, const struct asg_doctor *doctor)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    asg_doctor_write(doctor, &text);
    asg_cli_write(cli->out, (const char *)text.data, text.length);
}

static int run_doctor(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *etc = asg_option_text(arguments, "etc");
    struct asg_doctor doctor = {.cli = cli, .etc = etc != NULL ? etc : "/etc/openasg"};
    asg_doctor_check_all(&doctor);
    if (cli->settings.output == ASG_OUTPUT_TABLE) {
        show(cli, &doctor);
    } else {
        int code = asg_cli_show_list(cli, &finding_schema, doctor.findings, doctor.count,
                                     ASG_COLUMNS(columns));
        if (code != ASG_EXIT_OK) return code;
    }
    for (size_t i = 0; i < doctor.count; i++) {
        if (doctor.findings[i].state != ASG_FINDING_OK) return ASG_EXIT_FAILED;
    }
    return ASG_EXIT_OK;
}

static const struct asg_command_entry commands[] = {
    {.name = "doctor",
     .shows = &finding_schema,
     .shows_many = true,
     .summary = "Check settings, keys, files, the controller and its workers",
     .details = "Shows for each check whether it is ok, and what to do if not; changes "
                "nothing. Run on a host with settings in /etc/openasg, it has "
                "the programs check those too (--check-config); there, run it as root or "
                "as the user of the service. Exit code 0 when everything is ok, else 1.",
     .examples = "openasg doctor\nopenasg doctor -o json",
     ASG_OPTIONS(doctor_options),
     .run = run_doctor},
};

const struct asg_family asg_doctor_family = ASG_FAMILY(commands);
