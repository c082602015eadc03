/* ec2_query_world - what the region offers: subnets, zones, images, types. */
#include "ec2local/ec2_query.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ec2local/role_keys.h"
#include "query/xml_out.h"

#define TYPES_A_PAGE    100
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static enum asg_status refuse_unknown(struct asg_call *call, const char *code,
                                      const char *id)
{
    call->refusal.code = code;
    call->refusal.http_status = 400;
    (void)snprintf(call->refusal.message, sizeof call->refusal.message,
                   "'%.100s' does not exist", id);
    return ASG_ERR_DENIED;
}

/* Each id asked for is one of `known`. */
static enum asg_status check_known(struct asg_call *call, const struct asg_world_ids *ids,
                                   const char *const *known, size_t count,
                                   const char *code)
{
    for (size_t i = 0; i < ids->count; i++) {
        size_t k = 0;
        while (k < count && strcmp(known[k], ids->items[i]) != 0) {
            k++;
        }
        if (k == count) return refuse_unknown(call, code, ids->items[i]);
    }
    return ASG_OK;
}

/* --- zones and regions --- */

enum asg_status asg_call_do_describe_availability_zones(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, "ZoneName", 5, 1000, &query);
    if (status != ASG_OK) return status;
    const char *region = asg_world_options(call->world)->region;
    const struct asg_world_zone *zones = asg_world_zones(call->world);
    const struct asg_world_ids zone_ids = asg_call_get_list(call, "ZoneId");
    const char *names[ASG_WORLD_ZONES];
    for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
        names[i] = zones[i].name;
    }
    status =
        check_known(call, &query.ids, names, ASG_WORLD_ZONES, "InvalidParameterValue");
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "availabilityZoneInfo");
    for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
        const struct asg_call_field fields[] = {
            {"zone-name", zones[i].name},
            {"zone-id", zones[i].id},
            {"region-name", region},
            {"state", "available"},
            {"zone-type", "availability-zone"},
            {"opt-in-status", "opt-in-not-required"},
        };
        bool takes = false;
        status = asg_call_takes(call, &query, fields, COUNT_OF(fields), NULL, &takes);
        if (status != ASG_OK) return status;
        if (!takes || !asg_call_is_asked(&query.ids, zones[i].name) ||
            !asg_call_is_asked(&zone_ids, zones[i].id)) {
            continue;
        }
        asg_xml_out_begin(call->out, "item");
        asg_xml_out_text(call->out, "zoneName", zones[i].name);
        asg_xml_out_text(call->out, "zoneId", zones[i].id);
        asg_xml_out_text(call->out, "zoneState", "available");
        asg_xml_out_text(call->out, "regionName", region);
        asg_xml_out_text(call->out, "groupName", region);
        asg_xml_out_text(call->out, "networkBorderGroup", region);
        asg_xml_out_text(call->out, "zoneType", "availability-zone");
        asg_xml_out_text(call->out, "optInStatus", "opt-in-not-required");
        asg_xml_out_text(call->out, "messageSet", "");
        asg_xml_out_end(call->out, "item");
    }
    asg_xml_out_end(call->out, "availabilityZoneInfo");
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_describe_regions(struct asg_call *call)
{
    const char *region = asg_world_options(call->world)->region;
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "regionInfo");
    asg_xml_out_begin(call->out, "item");
    asg_xml_out_text(call->out, "regionName", region);
    asg_xml_out_text(call->out, "regionEndpoint",
                     asg_arena_format(call->arena, "ec2.%s.amazonaws.com", region));
    asg_xml_out_text(call->out, "optInStatus", "opt-in-not-required");
    asg_xml_out_end(call->out, "item");
    asg_xml_out_end(call->out, "regionInfo");
    asg_call_end_reply(call);
    return ASG_OK;
}

/* --- images --- */

static void write_image(struct asg_call *call, const struct asg_world_image *image)
{
    struct asg_xml_out *out = call->out;
    const char *account = asg_world_options(call->world)->account_id;
    asg_xml_out_begin(out, "item");
    asg_xml_out_text(out, "imageId", image->id);
    asg_xml_out_text(out, "imageLocation",
                     asg_arena_format(call->arena, "%s/%s", account, image->name));
    asg_xml_out_text(out, "imageState", "available");
    asg_xml_out_text(out, "imageOwnerId", account);
    asg_xml_out_time(out, "creationDate", asg_time_parse("2026-01-01T00:00:00Z"));
    asg_xml_out_flag(out, "isPublic", true);
    asg_xml_out_text(out, "architecture", image->is_arm ? "arm64" : "x86_64");
    asg_xml_out_text(out, "imageType", "machine");
    asg_xml_out_text(out, "name", image->name);
    asg_xml_out_text(out, "description", image->description);
    asg_xml_out_text(out, "rootDeviceType", "ebs");
    asg_xml_out_text(out, "rootDeviceName", "/dev/xvda");
    asg_xml_out_text(out, "virtualizationType", "hvm");
    asg_xml_out_text(out, "hypervisor", "xen");
    asg_xml_out_text(out, "blockDeviceMapping", "");
    asg_xml_out_text(out, "tagSet", "");
    asg_xml_out_end(out, "item");
}

/* All images belong to the account; "amazon" and others have none here. */
static bool are_ours(const struct asg_call *call, const struct asg_world_ids *owners)
{
    return owners->count == 0 || asg_call_is_asked(owners, "self") ||
           asg_call_is_asked(owners, asg_world_options(call->world)->account_id);
}

enum asg_status asg_call_do_describe_images(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, "ImageId", 1, 1000, &query);
    if (status != ASG_OK) return status;
    size_t count = 0;
    const struct asg_world_image *images = asg_world_images(&count);
    const char **known = asg_arena_take(call->arena, count * sizeof *known);
    for (size_t i = 0; i < count; i++) {
        known[i] = images[i].id;
    }
    status = check_known(call, &query.ids, known, count, "InvalidAMIID.NotFound");
    if (status != ASG_OK) return status;
    const char *account = asg_world_options(call->world)->account_id;
    const struct asg_world_ids owners = asg_call_get_list(call, "Owner");
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "imagesSet");
    for (size_t i = 0; i < count; i++) {
        const struct asg_call_field fields[] = {
            {"image-id", images[i].id},
            {"name", images[i].name},
            {"state", "available"},
            {"architecture", images[i].is_arm ? "arm64" : "x86_64"},
            {"owner-id", account},
            {"root-device-type", "ebs"},
            {"virtualization-type", "hvm"},
            {"is-public", "true"},
        };
        bool takes = false;
        status = asg_call_takes(call, &query, fields, COUNT_OF(fields), NULL, &takes);
        if (status != ASG_OK) return status;
        if (takes && asg_call_is_asked(&query.ids, images[i].id) &&
            are_ours(call, &owners)) {
            write_image(call, &images[i]);
        }
    }
    asg_xml_out_end(call->out, "imagesSet");
    asg_call_end_reply(call);
    return ASG_OK;
}

/* --- instance types --- */

static void write_type(struct asg_xml_out *out, const struct asg_world_type *type)
{
    asg_xml_out_begin(out, "item");
    asg_xml_out_text(out, "instanceType", type->name);
    asg_xml_out_flag(out, "currentGeneration", type->is_current);
    asg_xml_out_begin(out, "supportedUsageClasses");
    asg_xml_out_text(out, "item", "on-demand");
    asg_xml_out_text(out, "item", "spot");
    asg_xml_out_end(out, "supportedUsageClasses");
    asg_xml_out_begin(out, "processorInfo");
    asg_xml_out_begin(out, "supportedArchitectures");
    asg_xml_out_text(out, "item", type->is_arm ? "arm64" : "x86_64");
    asg_xml_out_end(out, "supportedArchitectures");
    asg_xml_out_end(out, "processorInfo");
    asg_xml_out_begin(out, "vCpuInfo");
    asg_xml_out_number(out, "defaultVCpus", type->vcpus);
    asg_xml_out_number(out, "defaultCores", type->vcpus);
    asg_xml_out_number(out, "defaultThreadsPerCore", 1);
    asg_xml_out_end(out, "vCpuInfo");
    asg_xml_out_begin(out, "memoryInfo");
    asg_xml_out_number(out, "sizeInMiB", type->memory_mib);
    asg_xml_out_end(out, "memoryInfo");
    asg_xml_out_end(out, "item");
}

enum asg_status asg_call_do_describe_instance_types(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, "InstanceType", 5, 100, &query);
    if (status != ASG_OK) return status;
    size_t count = 0;
    const struct asg_world_type *types = asg_world_types(&count);
    const char **known = asg_arena_take(call->arena, count * sizeof *known);
    for (size_t i = 0; i < count; i++) {
        known[i] = types[i].name;
    }
    status = check_known(call, &query.ids, known, count, "InvalidInstanceType");
    if (status == ASG_OK) {
        status = asg_world_check_pages(&query, "instanceTypeSet", &call->refusal);
    }
    uint64_t scope = asg_world_query_scope(&query);
    uint64_t from = 0;
    if (status == ASG_OK && query.next_token != NULL) {
        status = asg_world_read_page_token(call->world, query.next_token, scope, &from,
                                           &call->refusal);
    }
    if (status != ASG_OK) return status;
    size_t most = query.max_results > 0 ? (size_t)query.max_results : TYPES_A_PAGE;
    size_t written = 0;
    const char *next = NULL;
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "instanceTypeSet");
    for (size_t i = (size_t)from; i < count; i++) {
        const struct asg_call_field fields[] = {
            {"instance-type", types[i].name},
            {"current-generation", types[i].is_current ? "true" : "false"},
            {"processor-info.supported-architecture",
             types[i].is_arm ? "arm64" : "x86_64"},
        };
        bool takes = false;
        status = asg_call_takes(call, &query, fields, COUNT_OF(fields), NULL, &takes);
        if (status != ASG_OK) return status;
        if (!takes || !asg_call_is_asked(&query.ids, types[i].name)) continue;
        if (written++ == most) {
            next = asg_world_page_token(call->world, i, scope, call->arena);
            break;
        }
        write_type(call->out, &types[i]);
    }
    asg_xml_out_end(call->out, "instanceTypeSet");
    asg_xml_out_text(call->out, "nextToken", next);
    asg_call_end_reply(call);
    return ASG_OK;
}

/* --- sts --- */

enum asg_status asg_call_do_get_caller_identity(struct asg_call *call)
{
    struct asg_xml_out *out = call->out;
    const char *account = asg_world_options(call->world)->account_id;
    const char *arn = asg_arena_format(call->arena, "arn:aws:iam::%s:root", account);
    const char *user = account;
    char id[ASG_WORLD_ID_SIZE];
    if (asg_role_keys_whose(call->access_key_id, id)) {
        const struct asg_world_instance *instance = asg_world_find(call->world, id);
        const char *role = instance != NULL ? asg_role_name(instance) : NULL;
        if (role == NULL) {
            return asg_call_refuse(call, "InvalidClientTokenId",
                                   "The security token included in the request is "
                                   "invalid.");
        }
        arn = asg_arena_format(call->arena, "arn:aws:sts::%s:assumed-role/%s/%s", account,
                               role, id);
        user = asg_arena_format(call->arena, "AROA0000000000EC2LOCAL:%s", id);
    }
    asg_call_begin_reply(call);
    asg_xml_out_text(out, "Arn", arn);
    asg_xml_out_text(out, "UserId", user);
    asg_xml_out_text(out, "Account", account);
    asg_call_end_reply(call);
    return ASG_OK;
}
