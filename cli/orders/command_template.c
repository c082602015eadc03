/* command_template - launch templates that openasg makes in EC2. */
#include <string.h>
#include <time.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/poll_until.h"
#include "cli/commands.h"
#include "cli/lists/watch_list.h"
#include "cli/orders/fill_options.h"
#include "cli/orders/read_launch_parameters.h"
#include "crypto/crypto.h"
#include "model/launch_fields.h"
#include "model/schemas.h"
#include "text/yaml_tree.h"

#define USER_DATA_MAX ((size_t)16 * 1024) /* EC2's limit before base64 */

static const struct asg_argument name_argument[] = {
    {.name = "NAME", .help = "Name of the launch template."}};

static const struct asg_option create_options[] = {
    {.name = "image",
     .type = ASG_OPTION_TEXT,
     .value = "ID",
     .help = "AMI to start (ami-...); needed here or in the file."},
    {.name = "instance-type",
     .type = ASG_OPTION_TEXT,
     .value = "TYPE",
     .help = "Type of the instances (t3.micro)."},
    {.name = "file",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Launch parameters in YAML or JSON, named as in EC2's LaunchTemplateData; "
             "UserData is base64."},
    {.name = "set",
     .type = ASG_OPTION_TEXTS,
     .value = "NAME=VALUE",
     .help = "One launch parameter by EC2's name, lists numbered from 1 "
             "(BlockDeviceMappings.1.Ebs.VolumeSize=20); may be given several times."},
    {.name = "user-data-file",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Script that instances run at boot; at most 16 KiB, kept out of the log."},
    {.name = "key-name",
     .type = ASG_OPTION_TEXT,
     .value = "NAME",
     .help = "SSH key pair of EC2."},
    {.name = "instance-profile",
     .type = ASG_OPTION_TEXT,
     .value = "NAME",
     .help = "IAM instance profile, by name or ARN."},
    {.name = "security-groups",
     .type = ASG_OPTION_TEXTS,
     .value = "LIST",
     .help = "Security groups by id (sg-...)."},
    {.name = "tag",
     .type = ASG_OPTION_TEXTS,
     .value = "KEY=VALUE",
     .help = "Tag of the template, set when it is created; may be given several times."},
    {.name = "no-wait",
     .type = ASG_OPTION_FLAG,
     .help = "Do not wait until EC2 has created it."},
    {.name = "timeout",
     .type = ASG_OPTION_DURATION,
     .value = "TIME",
     .min = 100,
     .max = 3600000,
     .help = "Longest wait.",
     .default_text = "60s"},
};

static const struct asg_option_field template_fields[] = {
    {"image", "image_id"},
    {"instance-type", "instance_type"},
    {"key-name", "key_name"},
    {"instance-profile", "instance_profile"},
    {"security-groups", "security_group_ids"},
};

struct template_wait {
    const char *name;
    uint64_t job_id;
    struct asg_template_view found;
    bool is_failed;
};

/* While our job is open the template is being made; then its view has no job. */
static int look_at_template(struct asg_cli *cli, void *context, struct asg_arena *arena,
                            bool *ret_is_true)
{
    struct template_wait *wait = context;
    const struct asg_request request = {
        .query = ASG_QUERY_TEMPLATES, .group = "", .name = wait->name};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    for (size_t i = 0; i < answer.template_count; i++) {
        const struct asg_template_view *view = &answer.templates[i];
        if (strcmp(view->name, wait->name) != 0 || view->job_id == wait->job_id) continue;
        wait->is_failed = strcmp(view->state, "ready") != 0;
        wait->found = (struct asg_template_view){
            .name = wait->name,
            .template_id = asg_arena_text(&cli->arena, view->template_id),
            .version = asg_arena_text(&cli->arena, view->version),
            .state = asg_arena_text(&cli->arena, view->state),
            .job_id = wait->job_id,
        };
        *ret_is_true = true;
    }
    return ASG_EXIT_OK;
}

static const struct asg_render_column list_columns[] = {
    {"NAME", "name", NULL, false},
    {"ID", "template_id", NULL, false},
    {"VERSION", "version", NULL, false},
    {"STATE", "state", NULL, ASG_COLUMN_STATE},
    {"JOB", "job_id", NULL, ASG_COLUMN_WIDE},
};

static const struct asg_render_column one_columns[] = {
    {"name", "name", NULL, false},
    {"id", "template_id", NULL, false},
    {"version", "version", NULL, false},
    {"state", "state", NULL, false},
};

static int wait_for_template(struct asg_cli *cli, const char *name, uint64_t job_id,
                             int64_t timeout_ms)
{
    struct template_wait wait = {.name = name, .job_id = job_id};
    int code = asg_poll_until(cli, look_at_template, &wait, timeout_ms);
    if (code == ASG_EXIT_TIMEOUT) {
        return asg_cli_fail(cli, code,
                            "template %s is not created yet; \"openasg jobs show %llu\" "
                            "shows how far it is",
                            name, (unsigned long long)job_id);
    }
    if (code != ASG_EXIT_OK) return code;
    if (wait.is_failed) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "template %s: %s", name,
                            wait.found.state);
    }
    asg_cli_show_one(cli, &asg_template_view_schema, &wait.found,
                     ASG_COLUMNS(one_columns));
    if (strcmp(wait.found.version, "1") != 0) {
        asg_cli_print(cli->err,
                      "EC2's default version is unchanged: groups use this one with "
                      "--template-version %s or '$Latest'\n",
                      wait.found.version);
    }
    return ASG_EXIT_OK;
}

/* UserData of a file is base64, as EC2 has it. */
static enum asg_status take_user_data(struct asg_cli *cli, struct asg_launch_list *list,
                                      struct asg_request *request,
                                      struct asg_error *error)
{
    const char *base64 = asg_take_launch_parameter(list, "UserData");
    if (base64 == NULL) return ASG_OK;
    if (request->attachment.length > 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "user data is given both in the file and by --user-data-file");
    }
    uint8_t *plain = asg_arena_take(&cli->arena, strlen(base64) / 4 * 3 + 3);
    size_t length = 0;
    enum asg_status status = asg_base64_decode(base64, plain, &length);
    if (status != ASG_OK) {
        return asg_fail(error, status, "UserData of the file is not base64");
    }
    request->attachment = (struct asg_blob){plain, length};
    return ASG_OK;
}

/* What options of their own say must not be in the file as well. */
static enum asg_status check_once(const struct asg_template_config *config,
                                  const struct asg_launch_list *list,
                                  struct asg_error *error)
{
    const struct {
        bool is_said;
        const char *name;
        const char *option;
    } pairs[] = {
        {config->key_name[0] != '\0', "KeyName", "key-name"},
        {config->instance_profile[0] != '\0', "IamInstanceProfile.Name",
         "instance-profile"},
        {config->instance_profile[0] != '\0', "IamInstanceProfile.Arn",
         "instance-profile"},
        {config->security_group_ids.count > 0, "SecurityGroupId.1", "security-groups"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (!pairs[i].is_said) continue;
        if (asg_launch_parameter_find(list->items, list->count, pairs[i].name) == NULL) {
            continue;
        }
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s is a launch parameter and --%s is given as well",
                        pairs[i].name, pairs[i].option);
    }
    return ASG_OK;
}

/* Launch parameters of the file and of --set into *config, user data beside it. */
static enum asg_status read_parameters(struct asg_cli *cli,
                                       const struct asg_arguments *arguments,
                                       struct asg_template_config *config,
                                       struct asg_request *request,
                                       struct asg_error *error)
{
    struct asg_launch_list list = {0};
    enum asg_status status = ASG_OK;
    const char *file = asg_option_text(arguments, "file");
    if (file != NULL) status = asg_read_launch_file(file, &cli->arena, &list, error);
    struct asg_texts texts = asg_option_texts(arguments, "set");
    if (status == ASG_OK) {
        status = asg_read_launch_texts(&texts, &cli->arena, &list, error);
    }
    if (status == ASG_OK) status = take_user_data(cli, &list, request, error);
    if (status == ASG_OK) status = check_once(config, &list, error);
    if (status != ASG_OK) return status;
    const char *image_id = asg_take_launch_parameter(&list, "ImageId");
    const char *type = asg_take_launch_parameter(&list, "InstanceType");
    if (config->image_id[0] == '\0' && image_id != NULL) config->image_id = image_id;
    if (config->instance_type[0] == '\0' && type != NULL) config->instance_type = type;
    config->parameters = list.items;
    config->parameter_count = list.count;
    return ASG_OK;
}

static int run_create(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_error error = {0};
    struct asg_template_config config = {.name = asg_argument_text(arguments, 0),
                                         .image_id = "",
                                         .instance_type = "",
                                         .key_name = "",
                                         .instance_profile = "",
                                         .user_data_sha256 = ""};
    (void)asg_fill_options(arguments, &asg_template_config_schema, template_fields,
                           sizeof template_fields / sizeof template_fields[0], &config);
    struct asg_texts tags = asg_option_texts(arguments, "tag");
    enum asg_status status =
        asg_fill_tags(&tags, &cli->arena, &config.tags, &config.tag_count, &error);
    struct asg_command command = asg_new_command(ASG_COMMAND_TEMPLATE_PUT, "");
    command.name = config.name;
    command.template_config = &config;
    struct asg_request request = {.command = &command, .group = "", .name = ""};
    const char *file = asg_option_text(arguments, "user-data-file");
    if (status == ASG_OK && file != NULL) {
        const char *text = NULL;
        size_t length = 0;
        status =
            asg_yaml_read_file(file, USER_DATA_MAX, &cli->arena, &text, &length, &error);
        request.attachment = (struct asg_blob){(const uint8_t *)text, length};
    }
    if (status == ASG_OK) {
        status = read_parameters(cli, arguments, &config, &request, &error);
    }
    if (status != ASG_OK) return asg_cli_fail_status(cli, status, &error);
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    if (asg_option_flag(arguments, "no-wait")) {
        asg_cli_print(cli->err, "template %s: job %llu creates it\n", config.name,
                      (unsigned long long)answer.job_id);
        return ASG_EXIT_OK;
    }
    return wait_for_template(cli, config.name, answer.job_id,
                             asg_option_number(arguments, "timeout", 60000));
}

static int run_list(void *context, const struct asg_arguments *arguments)
{
    (void)arguments;
    struct asg_cli *cli = context;
    const struct asg_request request = {
        .query = ASG_QUERY_TEMPLATES, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_template_view_schema, answer.templates,
                             answer.template_count, ASG_COLUMNS(list_columns));
}

static const struct asg_option watch_options[] = {ASG_WATCH_OPTION};

static const struct asg_command_entry commands[] = {
    {.name = "template create",
     .shows = &asg_template_view_schema,
     .summary = "Create a launch template in EC2, or a new version of one",
     .details = "A worker creates it; its id and version are shown once it exists. A "
                "version is numbered by EC2 and never changes; a further one does not "
                "become EC2's default.",
     .examples = "openasg template create web --image ami-0abc --instance-type t3.micro "
                 "--user-data-file boot.sh\n"
                 "openasg template create web --file web-template.json "
                 "--set MetadataOptions.HttpTokens=required",
     ASG_ARGUMENTS(name_argument),
     ASG_OPTIONS(create_options),
     .run = run_create},
    {.name = "template list",
     .is_list = true,
     .shows = &asg_template_view_schema,
     .summary = "List the templates that openasg created",
     .examples = "openasg template list",
     ASG_OPTIONS(watch_options),
     .run = run_list},
};

const struct asg_family asg_template_family = ASG_FAMILY(commands);
