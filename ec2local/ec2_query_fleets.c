/* ec2_query_fleets - CreateFleet of type instant. */
#include "ec2local/ec2_query.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ec2local/model_fleet.h"
#include "query/xml_out.h"

#define CONFIGS "LaunchTemplateConfigs"

/* ---- reading ---- */

/* "0.0052" in parts of `scale`; nothing said: *ret stays. */
static enum asg_status get_decimal(struct asg_call *call, const char *name, int64_t scale,
                                   int64_t *ret)
{
    const char *text = asg_call_get(call, name);
    if (text == NULL || text[0] == '\0') return ASG_OK;
    char *end = NULL;
    double number = strtod(text, &end);
    if (*end != '\0' || !(number >= 0 && number < 1e6)) {
        return asg_call_refuse_value(call, name, text);
    }
    *ret = (int64_t)(number * (double)scale + 0.5);
    return ASG_OK;
}

/* Which of `words` it is, `otherwise` when nothing is said. */
static enum asg_status get_word(struct asg_call *call, const char *name,
                                const char *const *words, size_t count, size_t otherwise,
                                size_t *ret)
{
    const char *text = asg_call_get(call, name);
    *ret = otherwise;
    if (text == NULL) return ASG_OK;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], text) != 0) continue;
        *ret = i;
        return ASG_OK;
    }
    return asg_call_refuse_value(call, name, text);
}

static enum asg_status read_pool(struct asg_call *call, const char *prefix,
                                 struct asg_world_fleet_pool *pool)
{
#define NAMED(name) asg_arena_format(call->arena, "%s." name, prefix)
    pool->instance_type = asg_call_get(call, NAMED("InstanceType"));
    pool->subnet_id = asg_call_get(call, NAMED("SubnetId"));
    pool->zone = asg_call_get(call, NAMED("AvailabilityZone"));
    pool->image_id = asg_call_get(call, NAMED("ImageId"));
    pool->priority_milli = INT64_MAX;
    if (asg_call_get(call, NAMED("WeightedCapacity")) != NULL) {
        return asg_call_refuse(
            call, "UnsupportedOperation",
            "openasg-ec2local counts instances: WeightedCapacity is not known");
    }
    enum asg_status status =
        get_decimal(call, NAMED("MaxPrice"), 1000000, &pool->max_price_micro);
    if (status != ASG_OK) return status;
    return get_decimal(call, NAMED("Priority"), 1000, &pool->priority_milli);
#undef NAMED
}

static enum asg_status read_config(struct asg_call *call, const char *prefix,
                                   struct asg_world_fleet_pool *pools, size_t *count)
{
    const struct asg_world_template_reference template = asg_call_get_template(
        call, asg_arena_format(call->arena, "%s.LaunchTemplateSpecification.", prefix),
        "Version");
    if (template.version == NULL) {
        return asg_call_refuse_missing(call, "LaunchTemplateSpecification.Version");
    }
    const char *overrides = asg_arena_format(call->arena, "%s.Overrides", prefix);
    uint32_t *numbers = NULL;
    size_t override_count =
        asg_form_numbers(call->params, overrides, call->arena, &numbers);
    for (size_t i = 0; i < override_count || i == 0; i++) {
        if (*count == ASG_WORLD_FLEET_POOLS) {
            return asg_call_refuse(call, "InvalidParameterValue",
                                   "At most 300 overrides in the request");
        }
        struct asg_world_fleet_pool *pool = &pools[(*count)++];
        *pool = (struct asg_world_fleet_pool){.template = template,
                                              .priority_milli = INT64_MAX};
        if (override_count == 0) continue;
        enum asg_status status = read_pool(
            call, asg_arena_format(call->arena, "%s.%u", overrides, numbers[i]), pool);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

static enum asg_status read_configs(struct asg_call *call,
                                    struct asg_world_fleet_request *request)
{
    uint32_t *numbers = NULL;
    size_t count = asg_form_numbers(call->params, CONFIGS, call->arena, &numbers);
    if (count == 0) return asg_call_refuse_missing(call, CONFIGS);
    if (count > ASG_WORLD_FLEET_CONFIGS) {
        return asg_call_refuse(call, "InvalidParameterValue",
                               "At most 50 LaunchTemplateConfigs in the request");
    }
    struct asg_world_fleet_pool *pools =
        asg_arena_take(call->arena, ASG_WORLD_FLEET_POOLS * sizeof *pools);
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < count; i++) {
        status =
            read_config(call, asg_arena_format(call->arena, CONFIGS ".%u", numbers[i]),
                        pools, &request->pool_count);
    }
    request->pools = pools;
    return status;
}

static enum asg_status read_counts(struct asg_call *call,
                                   struct asg_world_fleet_request *request)
{
#define TARGET "TargetCapacitySpecification."
    static const char *const markets[] = {"on-demand", "spot"};
    int64_t total = -1;
    int64_t on_demand = -1;
    int64_t spot = -1;
    size_t market = 0;
    enum asg_status status =
        asg_call_get_number(call, TARGET "TotalTargetCapacity", &total);
    if (status == ASG_OK) {
        status = asg_call_get_number(call, TARGET "OnDemandTargetCapacity", &on_demand);
    }
    if (status == ASG_OK) {
        status = asg_call_get_number(call, TARGET "SpotTargetCapacity", &spot);
    }
    if (status == ASG_OK) {
        status =
            get_word(call, TARGET "DefaultTargetCapacityType", markets, 2, 0, &market);
    }
    if (status != ASG_OK) return status;
    if (total < 0) return asg_call_refuse_missing(call, TARGET "TotalTargetCapacity");
    int64_t named = (on_demand > 0 ? on_demand : 0) + (spot > 0 ? spot : 0);
    if (total < 1 || total > ASG_WORLD_FLEET_TOTAL_MAX || named > total) {
        return asg_call_refuse(
            call, "InvalidTargetCapacitySpecification",
            "TotalTargetCapacity is from 1 to 10000 and at least the sum of "
            "OnDemandTargetCapacity and SpotTargetCapacity");
    }
    request->on_demand = (uint32_t)(on_demand > 0 ? on_demand : 0);
    request->spot = (uint32_t)(spot > 0 ? spot : 0);
    uint32_t rest = (uint32_t)(total - named);
    *(market == 1 ? &request->spot : &request->on_demand) += rest;
    return ASG_OK;
#undef TARGET
}

static enum asg_status read_strategies(struct asg_call *call,
                                       struct asg_world_fleet_request *request)
{
    static const char *const on_demand[] = {"lowest-price", "prioritized"};
    static const char *const spot[] = {
        "lowest-price", "diversified", "capacity-optimized",
        "capacity-optimized-prioritized", "price-capacity-optimized"};
    size_t word = 0;
    int64_t pools = 1;
    enum asg_status status =
        get_word(call, "OnDemandOptions.AllocationStrategy", on_demand, 2, 0, &word);
    request->is_on_demand_by_priority = word == 1;
    if (status == ASG_OK) {
        status = get_word(call, "SpotOptions.AllocationStrategy", spot, 5, 0, &word);
    }
    request->spot_strategy = (enum asg_world_spot_strategy)word;
    if (status == ASG_OK) {
        status = asg_call_get_number(call, "SpotOptions.InstancePoolsToUseCount", &pools);
    }
    if (status != ASG_OK) return status;
    if (pools < 1) {
        return asg_call_refuse_value(call, "SpotOptions.InstancePoolsToUseCount", "0");
    }
    request->spot_pools = (uint32_t)pools;
    return ASG_OK;
}

static enum asg_status read_request(struct asg_call *call,
                                    struct asg_world_fleet_request *ret)
{
    struct asg_world_fleet_request request = {
        .client_token = asg_call_get(call, "ClientToken"),
        .tags = asg_call_get_tag_specification(call, "", "instance"),
        .is_dry_run = call->is_dry_run,
        .dies = call->dies,
        .has_capacity = call->has_capacity,
        .context = call->context,
    };
    if (request.client_token != NULL && request.client_token[0] == '\0') {
        request.client_token = NULL;
    }
    const char *type = asg_call_get(call, "Type");
    if (type == NULL || strcmp(type, "instant") != 0) {
        return asg_call_refuse(call, "UnsupportedOperation",
                               "openasg-ec2local knows fleets of type instant only");
    }
    enum asg_status status = read_configs(call, &request);
    if (status == ASG_OK) status = read_counts(call, &request);
    if (status == ASG_OK) status = read_strategies(call, &request);
    if (status != ASG_OK) return status;
    struct asg_bytes written = {0};
    for (size_t i = 0; i < call->params->count; i++) {
        if (strncmp(call->params->pairs[i].name, "X-Amz-", 6) == 0) continue;
        asg_bytes_printf(&written, "%s=%s\n", call->params->pairs[i].name,
                         call->params->pairs[i].value);
    }
    request.written = asg_arena_text(call->arena, asg_bytes_text(&written));
    asg_bytes_clear(&written);
    *ret = request;
    return ASG_OK;
}

/* ---- writing ---- */

static void write_decimal(struct asg_call *call, const char *name, int64_t micro)
{
    asg_xml_out_text(call->out, name,
                     asg_arena_format(call->arena, "%lld.%06lld",
                                      (long long)(micro / 1000000),
                                      (long long)(micro % 1000000)));
}

static void write_pool(struct asg_call *call, const struct asg_world_fleet_row *row)
{
    const struct asg_world_fleet_pool *pool = row->pool;
    struct asg_xml_out *out = call->out;
    asg_xml_out_begin(out, "launchTemplateAndOverrides");
    asg_xml_out_begin(out, "launchTemplateSpecification");
    asg_xml_out_text(out, "launchTemplateId", pool->template.id);
    asg_xml_out_text(out, "launchTemplateName", pool->template.name);
    asg_xml_out_text(out, "version", pool->template.version);
    asg_xml_out_end(out, "launchTemplateSpecification");
    asg_xml_out_begin(out, "overrides");
    asg_xml_out_text(out, "instanceType", pool->instance_type);
    if (pool->max_price_micro > 0) {
        write_decimal(call, "maxPrice", pool->max_price_micro);
    }
    asg_xml_out_text(out, "subnetId", pool->subnet_id);
    asg_xml_out_text(out, "availabilityZone", pool->zone);
    if (pool->priority_milli != INT64_MAX) {
        write_decimal(call, "priority", pool->priority_milli * 1000);
    }
    asg_xml_out_text(out, "imageId", pool->image_id);
    asg_xml_out_end(out, "overrides");
    asg_xml_out_end(out, "launchTemplateAndOverrides");
    asg_xml_out_text(out, "lifecycle", row->is_spot ? "spot" : "on-demand");
}

static void write_errors(struct asg_call *call, const struct asg_world_fleet *fleet)
{
    asg_xml_out_begin(call->out, "errorSet");
    for (size_t i = 0; i < fleet->row_count; i++) {
        const struct asg_world_fleet_row *row = &fleet->rows[i];
        if (row->error_code[0] == '\0') continue;
        asg_xml_out_begin(call->out, "item");
        write_pool(call, row);
        asg_xml_out_text(call->out, "errorCode", row->error_code);
        asg_xml_out_text(call->out, "errorMessage", row->error_message);
        asg_xml_out_end(call->out, "item");
    }
    asg_xml_out_end(call->out, "errorSet");
}

static void write_instances(struct asg_call *call, const struct asg_world_fleet *fleet)
{
    asg_xml_out_begin(call->out, "fleetInstanceSet");
    for (size_t i = 0; i < fleet->row_count; i++) {
        const struct asg_world_fleet_row *row = &fleet->rows[i];
        if (row->error_code[0] != '\0') continue;
        asg_xml_out_begin(call->out, "item");
        write_pool(call, row);
        asg_xml_out_begin(call->out, "instanceIds");
        for (size_t j = 0; j < row->id_count; j++) {
            asg_xml_out_text(call->out, "item", row->ids[j]);
        }
        asg_xml_out_end(call->out, "instanceIds");
        asg_xml_out_text(call->out, "instanceType", row->instance_type);
        asg_xml_out_end(call->out, "item");
    }
    asg_xml_out_end(call->out, "fleetInstanceSet");
}

static void note_ids(struct asg_call *call, const struct asg_world_fleet *fleet)
{
    size_t count = 0;
    for (size_t i = 0; i < fleet->row_count; i++) {
        count += fleet->rows[i].id_count;
    }
    call->ids.items = asg_arena_take(call->arena, (count + 1) * sizeof *call->ids.items);
    for (size_t i = 0; i < fleet->row_count; i++) {
        for (size_t j = 0; j < fleet->rows[i].id_count; j++) {
            call->ids.items[call->ids.count++] =
                asg_arena_text(call->arena, fleet->rows[i].ids[j]);
        }
    }
}

enum asg_status asg_call_do_create_fleet(struct asg_call *call)
{
    struct asg_world_fleet_request request;
    enum asg_status status = read_request(call, &request);
    if (status != ASG_OK) return status;
    const struct asg_world_fleet *fleet = NULL;
    status = asg_world_create_fleet(call->world, &request, call->now_ms, call->arena,
                                    &fleet, &call->refusal);
    if (status != ASG_OK) return status;
    note_ids(call, fleet);
    asg_call_begin_reply(call);
    asg_xml_out_text(call->out, "fleetId", fleet->id);
    write_errors(call, fleet);
    write_instances(call, fleet);
    asg_call_end_reply(call);
    return ASG_OK;
}
