/* ec2_query_instances - RunInstances, DescribeInstances, DescribeInstanceStatus. */
#include "ec2local/ec2_query.h"

#include <stdio.h>
#include <string.h>

#include "ec2local/launch_xml.h"
#include "query/xml_out.h"

#define STATUS_IDS_MAX 100

static void write_placement(struct asg_xml_out *out,
                            const struct asg_world_instance *instance)
{
    asg_xml_out_begin(out, "placement");
    asg_xml_out_text(out, "availabilityZone", instance->subnet->zone->name);
    const struct asg_world_tags *said = &instance->launch->data.parameters;
    static const struct {
        const char *element;
        const char *name;
        const char *otherwise;
    } rows[] = {
        {"affinity", "Placement.Affinity", NULL},
        {"groupName", "Placement.GroupName", ""},
        {"groupId", "Placement.GroupId", NULL},
        {"partitionNumber", "Placement.PartitionNumber", NULL},
        {"hostId", "Placement.HostId", NULL},
        {"tenancy", "Placement.Tenancy", "default"},
        {"spreadDomain", "Placement.SpreadDomain", NULL},
        {"hostResourceGroupArn", "Placement.HostResourceGroupArn", NULL},
    };
    asg_xml_out_text(out, "availabilityZoneId", instance->subnet->zone->id);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asg_xml_out_text(out, rows[i].element,
                         asg_launch_xml_find(said, rows[i].name, rows[i].otherwise));
    }
    asg_xml_out_end(out, "placement");
}

static void write_network(struct asg_xml_out *out,
                          const struct asg_world_instance *instance, bool is_over)
{
    if (is_over) return; /* a terminated instance has neither subnet nor address */
    asg_xml_out_text(out, "subnetId", instance->subnet->id);
    asg_xml_out_text(out, "vpcId", instance->subnet->vpc_id);
    asg_xml_out_text(out, "privateIpAddress", instance->address_text);
    asg_xml_out_flag(out, "sourceDestCheck", true);
}

static void write_reason(struct asg_xml_out *out,
                         const struct asg_world_instance *instance)
{
    asg_xml_out_text(out, "reason", instance->transition);
    if (instance->reason_code[0] == '\0') return;
    asg_xml_out_begin(out, "stateReason");
    asg_xml_out_text(out, "code", instance->reason_code);
    asg_xml_out_text(out, "message", instance->reason_message);
    asg_xml_out_end(out, "stateReason");
}

static void write_hardware(struct asg_xml_out *out,
                           const struct asg_world_instance *instance)
{
    asg_xml_out_text(out, "architecture", instance->type->is_arm ? "arm64" : "x86_64");
    asg_xml_out_text(out, "rootDeviceType", "ebs");
    asg_xml_out_text(out, "rootDeviceName", "/dev/xvda");
    asg_xml_out_text(out, "virtualizationType", "hvm");
    asg_xml_out_text(out, "hypervisor", "xen");
    asg_xml_out_text(out, "platformDetails", "Linux/UNIX");
}

static void write_cpu_options(struct asg_xml_out *out,
                              const struct asg_world_instance *instance)
{
    const struct asg_world_tags *said = &instance->launch->data.parameters;
    const char *cores = asg_launch_xml_find(said, "CpuOptions.CoreCount", NULL);
    asg_xml_out_begin(out, "cpuOptions");
    asg_xml_out_text(out, "coreCount", cores);
    if (cores == NULL) asg_xml_out_number(out, "coreCount", instance->type->vcpus);
    asg_xml_out_text(out, "threadsPerCore",
                     asg_launch_xml_find(said, "CpuOptions.ThreadsPerCore", "1"));
    asg_xml_out_end(out, "cpuOptions");
}

static void write_metadata_options(struct asg_xml_out *out,
                                   const struct asg_world_tags *said)
{
    static const struct {
        const char *element;
        const char *name;
        const char *otherwise;
    } options[] = {
        {"httpTokens", "MetadataOptions.HttpTokens", "required"},
        {"httpPutResponseHopLimit", "MetadataOptions.HttpPutResponseHopLimit", "1"},
        {"httpEndpoint", "MetadataOptions.HttpEndpoint", "enabled"},
        {"httpProtocolIpv6", "MetadataOptions.HttpProtocolIpv6", "disabled"},
        {"instanceMetadataTags", "MetadataOptions.InstanceMetadataTags", "disabled"},
    };
    asg_xml_out_begin(out, "metadataOptions");
    asg_xml_out_text(out, "state", "applied");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        asg_xml_out_text(
            out, options[i].element,
            asg_launch_xml_find(said, options[i].name, options[i].otherwise));
    }
    asg_xml_out_end(out, "metadataOptions");
}

static bool names_volumes(const struct asg_world_tags *said)
{
    for (size_t i = 0; i < said->count; i++) {
        if (strncmp(said->items[i].key, "BlockDeviceMapping.", 19) == 0) return true;
    }
    return false;
}

/* The EBS volumes that the launch names: not the image's own. */
static void write_volumes(struct asg_xml_out *out,
                          const struct asg_world_instance *instance)
{
    const struct asg_world_tags *said = &instance->launch->data.parameters;
    asg_xml_out_begin(out, "blockDeviceMapping");
    unsigned most = names_volumes(said) ? ASG_WORLD_VOLUMES_MAX : 0;
    for (unsigned number = 1; number <= most; number++) {
        const char *device = asg_world_volume_device(instance, number);
        if (device == NULL) continue;
        char name[64];
        (void)snprintf(name, sizeof name, "BlockDeviceMapping.%u.Ebs.DeleteOnTermination",
                       number);
        asg_xml_out_begin(out, "item");
        asg_xml_out_text(out, "deviceName", device);
        asg_xml_out_begin(out, "ebs");
        asg_xml_out_printf(out, "volumeId", "vol-%s%x", instance->id + 3, number % 16);
        asg_xml_out_text(out, "status", "attached");
        asg_xml_out_time(out, "attachTime", instance->launched_at_ms);
        asg_xml_out_text(out, "deleteOnTermination",
                         asg_launch_xml_find(said, name, "true"));
        asg_xml_out_end(out, "ebs");
        asg_xml_out_end(out, "item");
    }
    asg_xml_out_end(out, "blockDeviceMapping");
}

static void write_groups(struct asg_call *call, const struct asg_world_instance *instance)
{
    struct asg_xml_out *out = call->out;
    struct asg_world_group_name groups[ASG_WORLD_GROUPS_MAX];
    size_t count = asg_world_groups_of(call->world, instance, groups);
    asg_xml_out_begin(out, "groupSet");
    for (size_t i = 0; i < count; i++) {
        asg_xml_out_begin(out, "item");
        asg_xml_out_text(out, "groupId", groups[i].id);
        asg_xml_out_text(out, "groupName", groups[i].name);
        asg_xml_out_end(out, "item");
    }
    asg_xml_out_end(out, "groupSet");
}

static void write_profile(struct asg_call *call, const struct asg_world_tags *said)
{
    const char *arn = asg_launch_xml_find(said, "IamInstanceProfile.Arn", NULL);
    const char *name = asg_launch_xml_find(said, "IamInstanceProfile.Name", NULL);
    if (arn == NULL && name == NULL) return;
    if (arn == NULL) {
        arn = asg_arena_format(call->arena, "arn:aws:iam::%s:instance-profile/%s",
                               asg_world_options(call->world)->account_id, name);
    }
    asg_xml_out_begin(call->out, "iamInstanceProfile");
    asg_xml_out_text(call->out, "arn", arn);
    asg_xml_out_text(call->out, "id", "AIPA0000000000EC2LOCAL");
    asg_xml_out_end(call->out, "iamInstanceProfile");
}

/* What of a launch an instance shows, by name as the template does. */
static void write_options(struct asg_call *call,
                          const struct asg_world_instance *instance)
{
    const struct asg_world_tags *said = &instance->launch->data.parameters;
    struct asg_xml_out *out = call->out;
    asg_xml_out_text(out, "ebsOptimized",
                     asg_launch_xml_find(said, "EbsOptimized", "false"));
    bool is_watched =
        strcmp(asg_launch_xml_find(said, "Monitoring.Enabled", "false"), "true") == 0;
    asg_xml_out_begin(out, "monitoring");
    asg_xml_out_text(out, "state", is_watched ? "enabled" : "disabled");
    asg_xml_out_end(out, "monitoring");
    write_volumes(out, instance);
    write_groups(call, instance);
    write_profile(call, said);
    write_cpu_options(out, instance);
    write_metadata_options(out, said);
    static const char *const parts[] = {"capacityReservationSpecification/",
                                        "hibernationOptions/", "enclaveOptions/",
                                        "maintenanceOptions/", "privateDnsNameOptions/"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        asg_launch_xml_write(said, parts[i], call->arena, out);
    }
}

static void write_instance(struct asg_call *call,
                           const struct asg_world_instance *instance)
{
    struct asg_xml_out *out = call->out;
    const struct asg_world_launch *launch = instance->launch;
    enum asg_world_state state = instance->state;
    (void)asg_world_state_seen(instance, call->now_ms, call->lag_ms, &state);
    bool is_over = state == ASG_WORLD_TERMINATED;
    asg_xml_out_begin(out, "item");
    asg_xml_out_text(out, "instanceId", instance->id);
    asg_xml_out_text(out, "imageId", launch->data.image_id);
    asg_call_write_state(out, "instanceState", state);
    const char *address = is_over ? "" : instance->address_text;
    asg_xml_out_text(out, "privateDnsName", address);
    asg_xml_out_text(out, "dnsName", "");
    write_reason(out, instance);
    asg_xml_out_text(out, "keyName", launch->data.key_name);
    asg_xml_out_number(out, "amiLaunchIndex", instance->launch_index);
    asg_xml_out_text(out, "productCodes", "");
    asg_xml_out_text(out, "instanceType", instance->type->name);
    asg_xml_out_time(out, "launchTime", instance->launched_at_ms);
    write_placement(out, instance);
    write_network(out, instance, is_over);
    write_hardware(out, instance);
    write_options(call, instance);
    if (launch->data.is_spot) asg_xml_out_text(out, "instanceLifecycle", "spot");
    if (launch->token[0] != '\0') asg_xml_out_text(out, "clientToken", launch->token);
    asg_call_write_tags(out, &instance->tags);
    asg_xml_out_text(out, "networkInterfaceSet", "");
    asg_xml_out_end(out, "item");
}

static void note_ids(struct asg_call *call, const struct asg_world_instances *instances)
{
    call->ids.items =
        asg_arena_take(call->arena, (instances->count + 1) * sizeof *call->ids.items);
    for (size_t i = 0; i < instances->count; i++) {
        call->ids.items[i] = asg_arena_text(call->arena, instances->items[i]->id);
    }
    call->ids.count = instances->count;
}

/* Instances [from, to) share a reservation. */
static void write_reservation(struct asg_call *call,
                              const struct asg_world_instances *instances, size_t from,
                              size_t to)
{
    struct asg_xml_out *out = call->out;
    const char *account = asg_world_options(call->world)->account_id;
    asg_xml_out_text(out, "reservationId",
                     instances->items[from]->launch->reservation_id);
    asg_xml_out_text(out, "ownerId", account);
    asg_xml_out_text(out, "groupSet", "");
    asg_xml_out_begin(out, "instancesSet");
    for (size_t i = from; i < to; i++) {
        write_instance(call, instances->items[i]);
    }
    asg_xml_out_end(out, "instancesSet");
}

/* --- RunInstances --- */

static enum asg_status read_run_request(struct asg_call *call,
                                        struct asg_world_run_request *ret)
{
    struct asg_world_run_request request = {
        .client_token = asg_call_get(call, "ClientToken"),
        .min_count = -1,
        .max_count = -1,
        .template = asg_call_get_template(call, "LaunchTemplate.", "Version"),
        .has_subnet = asg_call_get(call, "SubnetId") != NULL,
        .is_dry_run = call->is_dry_run,
        .dies = call->dies,
        .starts_fewer = call->starts_fewer,
        .has_capacity = call->has_capacity,
        .context = call->context,
    };
    if (request.client_token != NULL && request.client_token[0] == '\0') {
        request.client_token = NULL;
    }
    enum asg_status status = asg_call_get_number(call, "MinCount", &request.min_count);
    if (status == ASG_OK) {
        status = asg_call_get_number(call, "MaxCount", &request.max_count);
    }
    if (status == ASG_OK) status = asg_call_get_data(call, "", &request.data);
    if (status != ASG_OK) return status;
    if (request.min_count < 0) return asg_call_refuse_missing(call, "MinCount");
    if (request.max_count < 0) return asg_call_refuse_missing(call, "MaxCount");
    *ret = request;
    return ASG_OK;
}

enum asg_status asg_call_do_run_instances(struct asg_call *call)
{
    struct asg_world_run_request request;
    enum asg_status status = read_run_request(call, &request);
    if (status != ASG_OK) return status;
    struct asg_world_instances launched = {0};
    status = asg_world_run(call->world, &request, call->now_ms, call->arena, &launched,
                           &call->refusal);
    if (status != ASG_OK) return status;
    note_ids(call, &launched);
    /* Who launches sees what he launched, however far the lists are behind. */
    call->lag_ms = 0;
    asg_call_begin_reply(call);
    write_reservation(call, &launched, 0, launched.count);
    asg_call_end_reply(call);
    return ASG_OK;
}

/* --- describing --- */

enum asg_status asg_call_do_describe_instances(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, "InstanceId", 5, 1000, &query);
    if (status != ASG_OK) return status;
    struct asg_world_instances page = {0};
    status = asg_world_describe(call->world, &query, call->now_ms, call->arena, &page,
                                &call->refusal);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "reservationSet");
    size_t from = 0;
    while (from < page.count) {
        size_t to = from + 1;
        while (to < page.count && page.items[to]->launch == page.items[from]->launch) {
            to++;
        }
        asg_xml_out_begin(call->out, "item");
        write_reservation(call, &page, from, to);
        asg_xml_out_end(call->out, "item");
        from = to;
    }
    asg_xml_out_end(call->out, "reservationSet");
    asg_xml_out_text(call->out, "nextToken", page.next_token);
    asg_call_end_reply(call);
    return ASG_OK;
}

static void write_check(struct asg_xml_out *out, const char *name,
                        const struct asg_world_instance *instance,
                        enum asg_world_state state)
{
    asg_xml_out_begin(out, name);
    asg_xml_out_text(out, "status", asg_world_status_name(instance, state));
    if (state == ASG_WORLD_RUNNING) {
        asg_xml_out_begin(out, "details");
        asg_xml_out_begin(out, "item");
        asg_xml_out_text(out, "name", "reachability");
        asg_xml_out_text(out, "status", instance->is_impaired ? "failed" : "passed");
        asg_xml_out_end(out, "item");
        asg_xml_out_end(out, "details");
    }
    asg_xml_out_end(out, name);
}

static void write_event(struct asg_xml_out *out,
                        const struct asg_world_instance *instance)
{
    if (instance->event_code[0] == '\0') return;
    asg_xml_out_begin(out, "eventsSet");
    asg_xml_out_begin(out, "item");
    asg_xml_out_printf(out, "instanceEventId", "instance-event-%s", instance->id + 2);
    asg_xml_out_text(out, "code", instance->event_code);
    asg_xml_out_text(out, "description", "Scheduled by ec2local");
    asg_xml_out_time(out, "notBefore", instance->event_ms);
    asg_xml_out_end(out, "item");
    asg_xml_out_end(out, "eventsSet");
}

enum asg_status asg_call_do_describe_instance_status(struct asg_call *call)
{
    struct asg_world_query query;
    bool includes_all = false;
    enum asg_status status = asg_call_get_query(call, "InstanceId", 5, 1000, &query);
    if (status == ASG_OK) {
        status = asg_call_get_flag(call, "IncludeAllInstances", &includes_all);
    }
    if (status != ASG_OK) return status;
    if (query.ids.count > STATUS_IDS_MAX) {
        call->refusal.code = "InvalidParameterValue";
        call->refusal.http_status = 400;
        (void)snprintf(call->refusal.message, sizeof call->refusal.message,
                       "At most %d instances may be named", STATUS_IDS_MAX);
        return ASG_ERR_DENIED;
    }
    query.is_running_only = !includes_all;
    struct asg_world_instances page = {0};
    status = asg_world_describe(call->world, &query, call->now_ms, call->arena, &page,
                                &call->refusal);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "instanceStatusSet");
    for (size_t i = 0; i < page.count; i++) {
        enum asg_world_state state = page.items[i]->state;
        (void)asg_world_state_seen(page.items[i], call->now_ms, call->lag_ms, &state);
        asg_xml_out_begin(call->out, "item");
        asg_xml_out_text(call->out, "instanceId", page.items[i]->id);
        asg_xml_out_text(call->out, "availabilityZone",
                         page.items[i]->subnet->zone->name);
        asg_call_write_state(call->out, "instanceState", state);
        write_event(call->out, page.items[i]);
        write_check(call->out, "systemStatus", page.items[i], state);
        write_check(call->out, "instanceStatus", page.items[i], state);
        asg_xml_out_end(call->out, "item");
    }
    asg_xml_out_end(call->out, "instanceStatusSet");
    asg_xml_out_text(call->out, "nextToken", page.next_token);
    asg_call_end_reply(call);
    return ASG_OK;
}
