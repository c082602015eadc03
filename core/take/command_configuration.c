#include "core/take/command_configuration.h"

#include <assert.h>
#include <string.h>

#include "core/step/narrate.h"
#include "core/take/require.h"
#include "core/world/configurations.h"
#include "core/world/touched.h"
#include "model/copy.h"
#include "model/kept.h"
#include "model/launch_fields.h"
#include "model/schemas.h"

static bool says(const struct asg_launch_configuration *config, const char *name)
{
    const char *value =
        asg_launch_parameter_find(config->parameters, config->parameter_count, name);
    return value != NULL && value[0] != '\0';
}

static enum asg_status check(const struct asg_launch_configuration *config,
                             struct asg_error *error)
{
    assert(config->name != NULL);
    size_t length = strlen(config->name);
    if (length == 0 || length > ASG_GROUP_NAME_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a launch configuration needs a name of 1 to %d characters",
                        ASG_GROUP_NAME_MAX);
    }
    enum asg_status status = asg_launch_parameters_check(
        config->parameters, config->parameter_count, ASG_LAUNCH_OF_CONFIGURATION, error);
    if (status == ASG_OK)
        status = asg_kept_check(config->kept, config->kept_count, error);
    if (status != ASG_OK) return status;
    if (!says(config, "ImageId") || !says(config, "InstanceType")) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a launch configuration needs an image id and an instance type");
    }
    const char *type = asg_launch_parameter_find(config->parameters,
                                                 config->parameter_count, "InstanceType");
    if (strlen(type) <= ASG_TYPE_MAX) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID, "'%.100s' is not an instance type", type);
}

void asg_order_put_configuration(struct asg_core *core, const struct asg_command *command)
{
    if (command->launch_configuration == NULL) {
        asg_reply_refuse(core, "ValidationError",
                         "the request contains no launch configuration");
        return;
    }
    struct asg_launch_configuration config;
    asg_model_copy(&asg_launch_configuration_schema, command->launch_configuration,
                   &core->step->effects->arena, &config);
    config.created_ms = core->now_ms;
    struct asg_error error = {""};
    if (check(&config, &error) != ASG_OK) {
        asg_reply_refuse(core, "ValidationError", "launch configuration %s: %s",
                         config.name, error.text);
        return;
    }
    if (asg_configuration_find(core, config.name) != NULL) {
        asg_reply_refuse(core, "AlreadyExists",
                         "Launch Configuration by this name already exists - A launch "
                         "configuration already exists with the name %s",
                         config.name);
        return;
    }
    if (!asg_take_is_within(core, command, core->configuration_count + 1,
                            ASG_LAUNCH_CONFIGURATIONS_MAX, "launch configurations")) {
        return;
    }
    asg_configuration_add(core, &config);
    asg_touch_cluster(core);
    assert(asg_configuration_find(core, config.name) != NULL);
    asg_narrate(core, ASG_DECISION_COMMAND, NULL, "launch configuration %s created by %s",
                config.name, command->actor);
    asg_reply_accept(core, 0, "launch configuration %s created", config.name);
}

void asg_order_delete_configuration(struct asg_core *core,
                                    const struct asg_command *command)
{
    const char *name = command->name;
    if (asg_configuration_find(core, name) == NULL) {
        asg_reply_refuse(core, "ValidationError",
                         "Launch configuration name not found - A launch configuration "
                         "with the name: %s does not exist",
                         name);
        return;
    }
    const struct group *user = asg_configuration_user(core, name);
    if (user != NULL) {
        asg_reply_refuse(
            core, "ResourceInUse",
            "Cannot delete launch configuration %s because it is attached to "
            "AutoScalingGroup %s",
            name, user->config.name);
        return;
    }
    size_t count = core->configuration_count;
    asg_configuration_remove(core, name);
    asg_touch_cluster(core);
    assert(core->configuration_count + 1 == count);
    asg_narrate(core, ASG_DECISION_COMMAND, NULL, "launch configuration %s deleted by %s",
                name, command->actor);
    asg_reply_accept(core, 0, "launch configuration %s deleted", name);
}
