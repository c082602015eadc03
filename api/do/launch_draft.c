#include "api/do/launch_draft.h"

#include <string.h>

#include "crypto/crypto.h"

struct launch_draft *launch_draft_begin(struct asg_api_call *call, const char *name)
{
    struct launch_draft *draft = asg_arena_take(&call->arena, sizeof *draft);
    char uuid[ASG_UUID_SIZE];
    asg_uuid_draw(uuid);
    draft->kept.arena = &call->arena;
    draft->configuration =
        (struct asg_launch_configuration){.name = name,
                                          .uuid = asg_arena_text(&call->arena, uuid),
                                          .created_ms = call->now_ms,
                                          .user_data_sha256 = ""};
    return draft;
}

/* ---- parameters of the launch ---- */

static void say(struct asg_api_call *call, struct launch_draft *draft, const char *name,
                const char *value)
{
    struct asg_launch_configuration *configuration = &draft->configuration;
    void *items = configuration->parameters;
    struct asg_launch_parameter *parameter =
        asg_arena_push(&call->arena, &items, &configuration->parameter_count,
                       &draft->parameter_capacity, sizeof *parameter);
    configuration->parameters = items;
    *parameter = (struct asg_launch_parameter){.name = name, .value = value};
}

/* A member of one value under EC2's name of it; flags in EC2's words. */
static void say_member(struct asg_api_call *call, struct launch_draft *draft,
                       const struct asg_query_value *from, const char *member,
                       const char *name)
{
    const struct asg_query_value *value = asg_value_find(from, member);
    if (value == NULL) return;
    bool is_flag = value->member->kind == ASG_QUERY_FLAG;
    say(call, draft, name,
        !is_flag             ? value->text
        : value->number != 0 ? "true"
                             : "false");
}

static void say_device(struct asg_api_call *call, struct launch_draft *draft,
                       const struct asg_query_value *device, size_t number)
{
    static const char *const volume[] = {
        "SnapshotId", "VolumeSize", "VolumeType", "DeleteOnTermination",
        "Iops",       "Encrypted",  "Throughput"};
    struct asg_arena *arena = &call->arena;
    const char *head = asg_arena_format(arena, "BlockDeviceMapping.%zu", number);
    say_member(call, draft, device, "DeviceName",
               asg_arena_format(arena, "%s.DeviceName", head));
    say_member(call, draft, device, "VirtualName",
               asg_arena_format(arena, "%s.VirtualName", head));
    if (asg_value_flag(device, "NoDevice", false)) {
        say(call, draft, asg_arena_format(arena, "%s.NoDevice", head), "");
    }
    const struct asg_query_value *ebs = asg_value_find(device, "Ebs");
    for (size_t i = 0; ebs != NULL && i < sizeof volume / sizeof volume[0]; i++) {
        say_member(call, draft, ebs, volume[i],
                   asg_arena_format(arena, "%s.Ebs.%s", head, volume[i]));
    }
}

/* Security groups by id or by name, of the instance or of the network interface that a
 * public address needs. */
static void say_security_group(struct asg_api_call *call, struct launch_draft *draft,
                               const char *group, size_t number, bool has_interface)
{
    const char *head = has_interface                   ? "NetworkInterface.1."
                                                         "SecurityGroupId"
                       : strncmp(group, "sg-", 3) == 0 ? "SecurityGroupId"
                                                       : "SecurityGroup";
    say(call, draft, asg_arena_format(&call->arena, "%s.%zu", head, number), group);
}

static void say_network(struct asg_api_call *call, struct launch_draft *draft)
{
    size_t count = 0;
    const struct asg_query_value *groups =
        asg_value_items(&call->input, "SecurityGroups", &count);
    bool has_interface = asg_value_find(&call->input, "AssociatePublicIpAddress") != NULL;
    if (has_interface) {
        say(call, draft, "NetworkInterface.1.DeviceIndex", "0");
        say(call, draft, "NetworkInterface.1.DeleteOnTermination", "true");
        say_member(call, draft, &call->input, "AssociatePublicIpAddress",
                   "NetworkInterface.1.AssociatePublicIpAddress");
    }
    for (size_t i = 0; i < count; i++) {
        say_security_group(call, draft, groups[i].text, i + 1, has_interface);
    }
}

static void say_profile(struct asg_api_call *call, struct launch_draft *draft,
                        const char *profile)
{
    bool is_arn = strncmp(profile, "arn:", 4) == 0;
    say(call, draft, is_arn ? "IamInstanceProfile.Arn" : "IamInstanceProfile.Name",
        profile);
}

static void say_market(struct asg_api_call *call, struct launch_draft *draft)
{
    const char *price = asg_value_text(&call->input, "SpotPrice", NULL);
    if (price == NULL) return;
    say(call, draft, "InstanceMarketOptions.MarketType", "spot");
    say(call, draft, "InstanceMarketOptions.SpotOptions.MaxPrice", price);
    say(call, draft, "InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time");
}

static void say_members(struct asg_api_call *call, struct launch_draft *draft)
{
    static const char *const plain[][2] = {
        {"ImageId", "ImageId"},           {"InstanceType", "InstanceType"},
        {"KeyName", "KeyName"},           {"KernelId", "KernelId"},
        {"EbsOptimized", "EbsOptimized"}, {"PlacementTenancy", "Placement.Tenancy"},
        {"RamdiskId", "RamDiskId"},
    };
    static const char *const metadata[] = {"HttpTokens", "HttpPutResponseHopLimit",
                                           "HttpEndpoint"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        say_member(call, draft, &call->input, plain[i][0], plain[i][1]);
    }
    const struct asg_query_value *options =
        asg_value_find(&call->input, "MetadataOptions");
    for (size_t i = 0; options != NULL && i < sizeof metadata / sizeof metadata[0]; i++) {
        say_member(call, draft, options, metadata[i],
                   asg_arena_format(&call->arena, "MetadataOptions.%s", metadata[i]));
    }
    size_t count = 0;
    const struct asg_query_value *devices =
        asg_value_items(&call->input, "BlockDeviceMappings", &count);
    for (size_t i = 0; i < count; i++) {
        say_device(call, draft, &devices[i], i + 1);
    }
    const char *profile = asg_value_text(&call->input, "IamInstanceProfile", NULL);
    if (profile != NULL) say_profile(call, draft, profile);
    say_network(call, draft);
    say_market(call, draft);
}

/* ---- user data ---- */

static bool take_user_data(struct asg_api_call *call, struct launch_draft *draft)
{
    const char *text = asg_value_text(&call->input, "UserData", "");
    if (text[0] == '\0') return true;
    size_t length = strlen(text);
    uint8_t *plain = asg_arena_take(&call->arena, length + 4);
    size_t plain_length = 0;
    if (asg_base64_decode(text, plain, &plain_length) != ASG_OK) {
        asg_api_invalid(call, "Invalid BASE64 encoding of user data");
        return false;
    }
    const struct asg_api_ports *ports = asg_api_ports_of(call);
    char hash[65];
    struct asg_error error = {""};
    const struct asg_blob blob = {.data = plain, .length = plain_length};
    enum asg_status status = ports->save_user_data(ports->context, blob, hash, &error);
    if (status == ASG_ERR_LIMIT) {
        asg_api_invalid(call, "UserData: %s", error.text);
    } else if (status != ASG_OK) {
        asg_api_refuse(call, 500, "InternalFailure", "UserData: %s", error.text);
    } else {
        draft->configuration.user_data_sha256 = asg_arena_text(&call->arena, hash);
    }
    return status == ASG_OK;
}

/* ---- what is shown ---- */

static bool is_kept(const struct launch_draft *draft, const char *member)
{
    size_t length = strlen(member);
    for (size_t i = 0; i < draft->kept.count; i++) {
        const char *path = draft->kept.items[i].path;
        if (strncmp(path, member, length) == 0 &&
            (path[length] == '\0' || path[length] == '.')) {
            return true;
        }
    }
    return false;
}

static void keep_unless(struct launch_draft *draft, const char *member, const char *path,
                        const char *value)
{
    if (!is_kept(draft, member)) asg_kept_add(&draft->kept, path, value);
}

/* Ansible and others read these without looking whether they are there. */
static void keep_what_is_always_shown(struct launch_draft *draft)
{
    static const char *const empty[] = {"KeyName",
                                        "KernelId",
                                        "RamdiskId",
                                        "SecurityGroups",
                                        "ClassicLinkVPCSecurityGroups",
                                        "BlockDeviceMappings"};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        keep_unless(draft, empty[i], empty[i], "");
    }
    keep_unless(draft, "InstanceMonitoring", "InstanceMonitoring.Enabled", "true");
    keep_unless(draft, "EbsOptimized", "EbsOptimized", "false");
}

bool launch_draft_take(struct asg_api_call *call, struct launch_draft *draft)
{
    static const char *const members[] = {"ImageId",
                                          "KeyName",
                                          "SecurityGroups",
                                          "ClassicLinkVPCId",
                                          "ClassicLinkVPCSecurityGroups",
                                          "InstanceType",
                                          "KernelId",
                                          "RamdiskId",
                                          "BlockDeviceMappings",
                                          "InstanceMonitoring",
                                          "SpotPrice",
                                          "IamInstanceProfile",
                                          "EbsOptimized",
                                          "AssociatePublicIpAddress",
                                          "PlacementTenancy",
                                          "MetadataOptions"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        (void)asg_kept_take(&draft->kept, &call->input, members[i]);
    }
    say_members(call, draft);
    return take_user_data(call, draft);
}

/* ---- like an instance ---- */

static void like_text(struct asg_api_call *call, struct launch_draft *draft,
                      const char *member, const char *parameter, const char *value)
{
    if (value[0] == '\0' || is_kept(draft, member)) return;
    const char *copy = asg_arena_text(&call->arena, value);
    asg_kept_add(&draft->kept, member, copy);
    say(call, draft, parameter, copy);
}

static void like_network(struct asg_api_call *call, struct launch_draft *draft,
                         const struct asg_told_instance *instance)
{
    bool has_interface = instance->has_public_ip && !is_kept(draft, "SecurityGroups") &&
                         !is_kept(draft, "AssociatePublicIpAddress");
    if (has_interface) {
        asg_kept_add(&draft->kept, "AssociatePublicIpAddress", "true");
        say(call, draft, "NetworkInterface.1.DeviceIndex", "0");
        say(call, draft, "NetworkInterface.1.DeleteOnTermination", "true");
        say(call, draft, "NetworkInterface.1.AssociatePublicIpAddress", "true");
    }
    if (is_kept(draft, "SecurityGroups")) return;
    for (size_t i = 0; i < instance->security_group_ids.count; i++) {
        const char *group =
            asg_arena_text(&call->arena, instance->security_group_ids.items[i]);
        asg_kept_add(&draft->kept,
                     asg_arena_format(&call->arena, "SecurityGroups.member.%zu", i + 1),
                     group);
        say_security_group(call, draft, group, i + 1, has_interface);
    }
}

void launch_draft_like(struct asg_api_call *call, struct launch_draft *draft,
                       const struct asg_told_instance *instance)
{
    like_text(call, draft, "ImageId", "ImageId", instance->image_id);
    like_text(call, draft, "InstanceType", "InstanceType", instance->instance_type);
    like_text(call, draft, "KeyName", "KeyName", instance->key_name);
    like_text(call, draft, "KernelId", "KernelId", instance->kernel_id);
    like_text(call, draft, "RamdiskId", "RamDiskId", instance->ramdisk_id);
    if (strcmp(instance->tenancy, "default") != 0) {
        like_text(call, draft, "PlacementTenancy", "Placement.Tenancy",
                  instance->tenancy);
    }
    like_text(call, draft, "IamInstanceProfile", "IamInstanceProfile.Arn",
              instance->instance_profile);
    if (instance->is_ebs_optimized) {
        like_text(call, draft, "EbsOptimized", "EbsOptimized", "true");
    }
    keep_unless(draft, "InstanceMonitoring", "InstanceMonitoring.Enabled",
                instance->is_monitored ? "true" : "false");
    like_network(call, draft, instance);
}

/* ---- the order ---- */

void launch_draft_order(struct asg_api_call *call, struct launch_draft *draft,
                        asg_api_done *done)
{
    keep_what_is_always_shown(draft);
    asg_kept_sort(&draft->kept);
    struct asg_launch_configuration *configuration = &draft->configuration;
    configuration->kept = draft->kept.items;
    configuration->kept_count = draft->kept.count;
    say(call, draft, "Monitoring.Enabled",
        asg_kept_find(draft->kept.items, draft->kept.count,
                      "InstanceMonitoring.Enabled"));
    const struct asg_command command = {
        .kind = ASG_COMMAND_LAUNCH_CONFIGURATION_PUT,
        .name = configuration->name,
        .launch_configuration = configuration,
        .limit = asg_api_limits_of(call)->launch_configurations,
    };
    asg_api_order(call, &command, done);
}
