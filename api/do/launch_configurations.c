/* launch_configurations - CreateLaunchConfiguration, DescribeLaunchConfigurations and
 * DeleteLaunchConfiguration. */
#include <string.h>

#include "api/arns.h"
#include "api/do/do.h"
#include "api/do/launch_draft.h"
#include "api/pages.h"
#include "crypto/crypto.h"
#include "view/view.h"

#define PAGE 50

/* ---- create ---- */

static void on_instance(struct asg_api_call *call, const struct asg_told *told)
{
    if (told->outcome != ASG_TOLD_FOUND || told->instance_count != 1) {
        asg_api_invalid(call, "InstanceId: %s", told->message);
        return;
    }
    struct launch_draft *draft = call->state;
    launch_draft_like(call, draft, &told->instances[0]);
    launch_draft_order(call, draft, NULL);
}

void asg_do_create_launch_configuration(struct asg_api_call *call)
{
    const char *instance_id = asg_value_text(&call->input, "InstanceId", NULL);
    bool has_both = asg_value_find(&call->input, "ImageId") != NULL &&
                    asg_value_find(&call->input, "InstanceType") != NULL;
    if (instance_id == NULL && !has_both) {
        asg_api_invalid(call, "Valid requests must contain either the InstanceID "
                              "parameter or both the ImageId and InstanceType "
                              "parameters.");
        return;
    }
    struct launch_draft *draft = launch_draft_begin(
        call, asg_value_text(&call->input, "LaunchConfigurationName", ""));
    if (!launch_draft_take(call, draft)) return;
    if (instance_id == NULL) {
        launch_draft_order(call, draft, NULL);
        return;
    }
    call->state = draft;
    const struct asg_question question = {.kind = ASG_QUESTION_INSTANCES,
                                          .ids = {.items = &instance_id, .count = 1}};
    asg_api_look_up(call, &question, on_instance);
}

void asg_do_delete_launch_configuration(struct asg_api_call *call)
{
    const struct asg_command command = {
        .kind = ASG_COMMAND_LAUNCH_CONFIGURATION_DELETE,
        .name = asg_value_text(&call->input, "LaunchConfigurationName", ""),
    };
    asg_api_order(call, &command, NULL);
}

/* ---- describe ---- */

/* As it was sent, in base64. False: it cannot be read; the answer is given up. */
static bool write_user_data(struct asg_api_call *call, struct asg_writer *writer,
                            const struct asg_launch_configuration *configuration)
{
    if (configuration->user_data_sha256[0] == '\0') {
        asg_write_text(writer, "UserData", "");
        return true;
    }
    const struct asg_api_ports *ports = asg_api_ports_of(call);
    struct asg_blob blob;
    struct asg_error error = {""};
    if (ports->load_user_data(ports->context, configuration->user_data_sha256,
                              &call->arena, &blob, &error) != ASG_OK) {
        asg_api_refuse(call, 500, "InternalFailure",
                       "the user data of launch configuration %s cannot be read: %s",
                       configuration->name, error.text);
        return false;
    }
    char *text = asg_arena_take(&call->arena, 4 * ((blob.length + 2) / 3) + 1);
    asg_base64_encode(blob.data, blob.length, text);
    asg_write_text(writer, "UserData", text);
    return true;
}

static bool write_one(struct asg_api_call *call, struct asg_writer *writer,
                      const struct asg_launch_configuration *configuration)
{
    asg_write_begin_item(writer);
    asg_write_text(writer, "LaunchConfigurationName", configuration->name);
    asg_write_text(
        writer, "LaunchConfigurationARN",
        asg_api_launch_configuration_arn(call, configuration->uuid, configuration->name));
    asg_write_time(writer, "CreatedTime", configuration->created_ms);
    if (!write_user_data(call, writer, configuration)) return false;
    asg_kept_write(writer, configuration->kept, configuration->kept_count, &call->arena);
    asg_write_end(writer);
    return true;
}

static bool is_named(const struct asg_api_call *call, const char *name)
{
    size_t count = 0;
    const struct asg_query_value *names =
        asg_value_items(&call->input, "LaunchConfigurationNames", &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i].text, name) == 0) return true;
    }
    return count == 0;
}

/* False: the answer was given up. */
static bool write_page(struct asg_api_call *call, struct asg_writer *writer,
                       const struct asg_cluster_sheet *sheet,
                       const struct asg_api_page *range)
{
    size_t left = range->most;
    const char *last = "";
    bool has_more = false;
    asg_write_begin_list(writer, "LaunchConfigurations");
    for (size_t i = 0; i < sheet->launch_configuration_count && !has_more; i++) {
        const struct asg_launch_configuration *one = &sheet->launch_configurations[i];
        if (strcmp(one->name, range->after) <= 0 || !is_named(call, one->name)) continue;
        has_more = left == 0;
        if (has_more) break;
        if (!write_one(call, writer, one)) return false;
        last = one->name;
        left--;
    }
    asg_write_end(writer);
    if (has_more) asg_write_text(writer, "NextToken", asg_api_page_token(call, last));
    return true;
}

void asg_do_describe_launch_configurations(struct asg_api_call *call)
{
    struct asg_api_page range;
    if (!asg_api_page_read(call, PAGE, &range)) return;
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    struct asg_writer writer;
    asg_write_init(&writer, asg_api_begin(call), call->action->output);
    bool is_whole = write_page(call, &writer, asg_root_cluster(root), &range);
    asg_view_drop(&root);
    if (!is_whole) return;
    asg_write_finish(&writer);
    asg_api_end(call);
}
