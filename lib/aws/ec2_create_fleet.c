#include "aws/ec2_read.h"

#include <stdio.h>

#include "aws/query.h"

/* ---- reading ---- */

static void add_instances(struct asg_arena *arena, struct asg_ec2_fleet *fleet)
{
    void *items = fleet->instances;
    struct asg_ec2_fleet_instances *added =
        asg_ec2_add_item(arena, &items, &fleet->count, &fleet->capacity, sizeof *added);
    fleet->instances = items;
    if (added == NULL) return;
    added->instance_type = "";
    added->subnet_id = "";
    added->zone = "";
    added->lifecycle = "";
}

static void add_error(struct asg_arena *arena, struct asg_ec2_fleet *fleet)
{
    void *items = fleet->errors;
    struct asg_ec2_fleet_error *added = asg_ec2_add_item(
        arena, &items, &fleet->error_count, &fleet->error_capacity, sizeof *added);
    fleet->errors = items;
    if (added == NULL) return;
    *added = (struct asg_ec2_fleet_error){"", "", "", "", "", ""};
}

static void begin(struct asg_arena *arena, void *reply, const char *path)
{
    if (asg_ec2_is(path, "fleetInstanceSet/item")) add_instances(arena, reply);
    if (asg_ec2_is(path, "errorSet/item")) add_error(arena, reply);
}

struct named_field {
    const char *path;
    const char **field;
};

static void fill(struct asg_arena *arena, const struct named_field *fields, size_t count,
                 const char *path, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (asg_ec2_is(path, fields[i].path)) {
            *fields[i].field = asg_arena_text(arena, text);
        }
    }
}

#define OVERRIDES "launchTemplateAndOverrides/overrides/"

static void end_instances(struct asg_arena *arena, struct asg_ec2_fleet *fleet,
                          const char *path, const char *text)
{
    if (fleet->count == 0) return;
    struct asg_ec2_fleet_instances *last = &fleet->instances[fleet->count - 1];
    if (asg_ec2_is(path, "instanceIds/item")) {
        void *ids = last->instance_ids;
        const char **id = asg_ec2_add_item(arena, &ids, &last->id_count,
                                           &last->id_capacity, sizeof *id);
        last->instance_ids = ids;
        if (id != NULL) *id = asg_arena_text(arena, text);
        return;
    }
    const struct named_field fields[] = {
        {"instanceType", &last->instance_type},
        {"lifecycle", &last->lifecycle},
        {OVERRIDES "subnetId", &last->subnet_id},
        {OVERRIDES "availabilityZone", &last->zone},
    };
    fill(arena, fields, sizeof fields / sizeof fields[0], path, text);
}

static void end_error(struct asg_arena *arena, struct asg_ec2_fleet *fleet,
                      const char *path, const char *text)
{
    if (fleet->error_count == 0) return;
    struct asg_ec2_fleet_error *last = &fleet->errors[fleet->error_count - 1];
    const struct named_field fields[] = {
        {OVERRIDES "instanceType", &last->instance_type},
        {OVERRIDES "subnetId", &last->subnet_id},
        {OVERRIDES "availabilityZone", &last->zone},
        {"lifecycle", &last->lifecycle},
        {"errorCode", &last->code},
        {"errorMessage", &last->message},
    };
    fill(arena, fields, sizeof fields / sizeof fields[0], path, text);
}

static void end(struct asg_arena *arena, void *reply, const char *path, const char *text)
{
    struct asg_ec2_fleet *fleet = reply;
    const char *instances = asg_ec2_below(path, "fleetInstanceSet/item/");
    const char *error = asg_ec2_below(path, "errorSet/item/");
    if (instances != NULL) end_instances(arena, fleet, instances, text);
    if (error != NULL) end_error(arena, fleet, error, text);
    if (asg_ec2_is(path, "fleetId")) fleet->fleet_id = asg_arena_text(arena, text);
}

/* EC2 answers when its launches are done: slower than RunInstances. */
const struct asg_ec2_action asg_ec2_create_fleet_action = {
    .name = "CreateFleet",
    .timeout_ms = 60000,
    .reply_size = sizeof(struct asg_ec2_fleet),
    .begin = begin,
    .end = end,
};

/* ---- writing ---- */

static bool has(const char *text)
{
    return text != NULL && text[0] != '\0';
}

#define CONFIG   "LaunchTemplateConfigs.1."
#define TARGET   "TargetCapacitySpecification."
#define OVERRIDE CONFIG "Overrides"

static void write_override(struct asg_bytes *body, size_t number,
                           const struct asg_ec2_fleet_override *override)
{
    asg_query_item(body, OVERRIDE, number, "InstanceType", override->instance_type);
    asg_query_item(body, OVERRIDE, number, "MaxPrice", override->max_price);
    if (has(override->subnet_id)) {
        asg_query_item(body, OVERRIDE, number, "SubnetId", override->subnet_id);
    } else {
        asg_query_item(body, OVERRIDE, number, "AvailabilityZone", override->zone);
    }
    if (override->priority == 0) return;
    char priority[16];
    (void)snprintf(priority, sizeof priority, "%u.0", (unsigned) override->priority);
    asg_query_item(body, OVERRIDE, number, "Priority", priority);
}

static void write_targets(struct asg_bytes *body,
                          const struct asg_ec2_create_fleet *params)
{
    int64_t total = (int64_t)params->on_demand_count + params->spot_count;
    asg_query_number(body, TARGET "TotalTargetCapacity", total);
    asg_query_number(body, TARGET "OnDemandTargetCapacity", params->on_demand_count);
    asg_query_number(body, TARGET "SpotTargetCapacity", params->spot_count);
    asg_query_text(body, TARGET "DefaultTargetCapacityType",
                   params->spot_count > 0 ? "spot" : "on-demand");
}

/* Options of a market that buys nothing are not said: an old region that does not know a
 * new word would refuse the other market with it. */
static void write_strategies(struct asg_bytes *body,
                             const struct asg_ec2_create_fleet *params)
{
    if (params->spot_count > 0) {
        asg_query_text(body, "SpotOptions.AllocationStrategy", params->spot_strategy);
        if (params->spot_pools > 0) {
            asg_query_number(body, "SpotOptions.InstancePoolsToUseCount",
                             params->spot_pools);
        }
    }
    if (params->on_demand_count > 0) {
        asg_query_text(body, "OnDemandOptions.AllocationStrategy",
                       params->on_demand_strategy);
    }
}

void asg_ec2_write_create_fleet(const struct asg_ec2_create_fleet *params,
                                struct asg_bytes *body)
{
    static const char *const tagged[] = {"instance", "fleet"};
    asg_query_begin(body, "CreateFleet");
    asg_query_flag(body, "DryRun", params->is_dry_run);
    asg_query_text(body, "ClientToken", params->client_token);
    write_strategies(body, params);
    if (has(params->template_id)) {
        asg_query_text(body, CONFIG "LaunchTemplateSpecification.LaunchTemplateId",
                       params->template_id);
    } else {
        asg_query_text(body, CONFIG "LaunchTemplateSpecification.LaunchTemplateName",
                       params->template_name);
    }
    asg_query_text(body, CONFIG "LaunchTemplateSpecification.Version",
                   params->template_version);
    for (size_t i = 0; i < params->override_count; i++) {
        write_override(body, i + 1, &params->overrides[i]);
    }
    write_targets(body, params);
    asg_query_text(body, "Type", "instant");
    for (size_t i = 0; i < 2 && params->tag_count > 0; i++) {
        char prefix[32];
        (void)snprintf(prefix, sizeof prefix, "TagSpecification.%zu", i + 1);
        asg_query_item(body, "TagSpecification", i + 1, "ResourceType", tagged[i]);
        asg_ec2_write_tags(body, prefix, params->tags, params->tag_count);
    }
}
