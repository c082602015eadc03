/* model_describe - look-ups, filters and pages. */
#include "ec2local/model_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"

/* --- wildcards --- */

bool asg_world_matches(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *resume = NULL;
    for (;;) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
            continue;
        }
        bool is_literal = *pattern == '\\' && pattern[1] != '\0';
        char wanted = is_literal ? pattern[1] : *pattern;
        if (*text != '\0' && ((!is_literal && wanted == '?') || wanted == *text)) {
            pattern += is_literal ? 2 : 1;
            text++;
            continue;
        }
        if (*text == '\0' && *pattern == '\0') return true;
        if (star == NULL || *resume == '\0') return false;
        pattern = star;
        text = ++resume;
    }
}

bool asg_world_filter_takes(const struct asg_world_filter *filter, const char *text)
{
    for (size_t i = 0; i < filter->values.count; i++) {
        if (asg_world_matches(filter->values.items[i], text)) return true;
    }
    return false;
}

/* --- filters of instances --- */

static bool takes_tag_key(const struct asg_world_filter *filter,
                          const struct asg_world_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (asg_world_filter_takes(filter, tags->items[i].key)) return true;
    }
    return false;
}

static bool takes_tag_value(const struct asg_world_filter *filter,
                            const struct asg_world_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (asg_world_filter_takes(filter, tags->items[i].value)) return true;
    }
    return false;
}

typedef const char *field_reader(const struct asg_world_instance *instance);

static const char *read_id(const struct asg_world_instance *instance)
{
    return instance->id;
}
static const char *read_token(const struct asg_world_instance *instance)
{
    return instance->launch->token;
}
static const char *read_zone(const struct asg_world_instance *instance)
{
    return instance->subnet->zone->name;
}
static const char *read_subnet(const struct asg_world_instance *instance)
{
    return instance->subnet->id;
}
static const char *read_type(const struct asg_world_instance *instance)
{
    return instance->type->name;
}
static const char *read_address(const struct asg_world_instance *instance)
{
    return instance->address_text;
}
static const char *read_image(const struct asg_world_instance *instance)
{
    return instance->launch->data.image_id;
}
static const char *read_reservation(const struct asg_world_instance *instance)
{
    return instance->launch->reservation_id;
}
static const char *read_vpc(const struct asg_world_instance *instance)
{
    return instance->subnet->vpc_id;
}
static const char *read_lifecycle(const struct asg_world_instance *instance)
{
    return instance->launch->data.is_spot ? "spot" : "";
}
static const char *read_architecture(const struct asg_world_instance *instance)
{
    return instance->type->is_arm ? "arm64" : "x86_64";
}
static const char *read_reason(const struct asg_world_instance *instance)
{
    return instance->reason_code;
}
const char *asg_world_status_name(const struct asg_world_instance *instance,
                                  enum asg_world_state state)
{
    if (state != ASG_WORLD_RUNNING) return "not-applicable";
    return instance->is_impaired ? "impaired" : "ok";
}

static const char *read_status(const struct asg_world_instance *instance)
{
    return asg_world_status_name(instance, instance->state);
}
static const char *read_event(const struct asg_world_instance *instance)
{
    return instance->event_code;
}
static const char *read_zone_id(const struct asg_world_instance *instance)
{
    return instance->subnet->zone->id;
}
static const char *read_monitoring(const struct asg_world_instance *instance)
{
    const char *said =
        asg_world_tags_find(&instance->launch->data.parameters, "Monitoring.Enabled");
    return said != NULL && strcmp(said, "true") == 0 ? "enabled" : "disabled";
}
static const char *read_ebs(const struct asg_world_instance *instance)
{
    (void)instance;
    return "ebs";
}
static const char *read_root(const struct asg_world_instance *instance)
{
    (void)instance;
    return "/dev/xvda";
}
static const char *read_xen(const struct asg_world_instance *instance)
{
    (void)instance;
    return "xen";
}
static const char *read_hvm(const struct asg_world_instance *instance)
{
    (void)instance;
    return "hvm";
}
static const char *read_platform(const struct asg_world_instance *instance)
{
    (void)instance;
    return "Linux/UNIX";
}
static const char *read_key_name(const struct asg_world_instance *instance)
{
    const char *name = instance->launch->data.key_name;
    return name != NULL ? name : "";
}

static const struct {
    const char *name;
    field_reader *read;
} fields[] = {
    {"instance-id", read_id},
    {"client-token", read_token},
    {"availability-zone", read_zone},
    {"subnet-id", read_subnet},
    {"network-interface.subnet-id", read_subnet},
    {"instance-type", read_type},
    {"private-ip-address", read_address},
    {"image-id", read_image},
    {"reservation-id", read_reservation},
    {"vpc-id", read_vpc},
    {"instance-lifecycle", read_lifecycle},
    {"architecture", read_architecture},
    {"state-reason-code", read_reason},
    {"key-name", read_key_name},
    {"availability-zone-id", read_zone_id},
    {"monitoring-state", read_monitoring},
    {"private-dns-name", read_address},
    {"network-interface.private-dns-name", read_address},
    {"network-interface.vpc-id", read_vpc},
    {"network-interface.availability-zone", read_zone},
    {"root-device-type", read_ebs},
    {"root-device-name", read_root},
    {"hypervisor", read_xen},
    {"virtualization-type", read_hvm},
    {"platform-details", read_platform},
    {"event.code", read_event},
    {"instance-status.status", read_status},
    {"system-status.status", read_status},
};

/* Filters that look at one parameter of the launch. */
static const struct {
    const char *name;
    const char *parameter;
    const char *otherwise;
} parameter_fields[] = {
    {"tenancy", "Placement.Tenancy", "default"},
    {"affinity", "Placement.Affinity", ""},
    {"host-id", "Placement.HostId", ""},
    {"placement-group-name", "Placement.GroupName", ""},
    {"placement-partition-number", "Placement.PartitionNumber", ""},
    {"metadata-options.http-tokens", "MetadataOptions.HttpTokens", "required"},
    {"metadata-options.http-put-response-hop-limit",
     "MetadataOptions.HttpPutResponseHopLimit", "1"},
    {"metadata-options.http-endpoint", "MetadataOptions.HttpEndpoint", "enabled"},
    {"metadata-options.instance-metadata-tags", "MetadataOptions.InstanceMetadataTags",
     "disabled"},
    {"hibernation-options.configured", "HibernationOptions.Configured", "false"},
    {"iam-instance-profile.name", "IamInstanceProfile.Name", ""},
    {"kernel-id", "KernelId", ""},
};

#define PARAMETER_FIELDS (sizeof parameter_fields / sizeof parameter_fields[0])

static size_t find_parameter_field(const char *name)
{
    size_t at = 0;
    while (at < PARAMETER_FIELDS && strcmp(parameter_fields[at].name, name) != 0) {
        at++;
    }
    return at;
}

static bool takes_parameter(const struct asg_world_filter *filter,
                            const struct asg_world_instance *instance)
{
    size_t at = find_parameter_field(filter->name);
    assert(at < PARAMETER_FIELDS); /* check_filters() */
    const char *said = asg_world_tags_find(&instance->launch->data.parameters,
                                           parameter_fields[at].parameter);
    return asg_world_filter_takes(filter,
                                  said != NULL ? said : parameter_fields[at].otherwise);
}

const char *asg_world_volume_device(const struct asg_world_instance *instance,
                                    unsigned number)
{
    const struct asg_world_tags *said = &instance->launch->data.parameters;
    static const char *const others[] = {"NoDevice", "VirtualName"};
    char name[64];
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)snprintf(name, sizeof name, "BlockDeviceMapping.%u.%s", number, others[i]);
        if (asg_world_tags_find(said, name) != NULL) return NULL;
    }
    (void)snprintf(name, sizeof name, "BlockDeviceMapping.%u.DeviceName", number);
    return asg_world_tags_find(said, name);
}

/* --- filters that take one of several values, or one that is made up as it is read ---
 */

typedef bool field_taker(const struct asg_world *world,
                         const struct asg_world_filter *filter,
                         const struct asg_world_instance *instance);

static bool takes_launch_index(const struct asg_world *world,
                               const struct asg_world_filter *filter,
                               const struct asg_world_instance *instance)
{
    (void)world;
    char text[12];
    (void)snprintf(text, sizeof text, "%u", instance->launch_index);
    return asg_world_filter_takes(filter, text);
}

static bool takes_launch_time(const struct asg_world *world,
                              const struct asg_world_filter *filter,
                              const struct asg_world_instance *instance)
{
    (void)world;
    char text[ASG_TIME_TEXT_MAX];
    asg_time_format(instance->launched_at_ms, text);
    return asg_world_filter_takes(filter, text);
}

static bool takes_owner(const struct asg_world *world,
                        const struct asg_world_filter *filter,
                        const struct asg_world_instance *instance)
{
    (void)instance;
    return asg_world_filter_takes(filter, world->options.account_id);
}

static bool takes_device(const struct asg_world *world,
                         const struct asg_world_filter *filter,
                         const struct asg_world_instance *instance)
{
    (void)world;
    for (unsigned number = 1; number <= ASG_WORLD_VOLUMES_MAX; number++) {
        const char *device = asg_world_volume_device(instance, number);
        if (device != NULL && asg_world_filter_takes(filter, device)) return true;
    }
    return false;
}

static bool takes_group(const struct asg_world *world,
                        const struct asg_world_filter *filter,
                        const struct asg_world_instance *instance)
{
    struct asg_world_group_name groups[ASG_WORLD_GROUPS_MAX];
    size_t count = asg_world_groups_of(world, instance, groups);
    bool is_by_name = strcmp(filter->name, "instance.group-name") == 0;
    for (size_t i = 0; i < count; i++) {
        if (asg_world_filter_takes(filter, is_by_name ? groups[i].name : groups[i].id)) {
            return true;
        }
    }
    return false;
}

static const struct {
    const char *name;
    field_taker *takes;
} takers[] = {
    {"launch-index", takes_launch_index},
    {"launch-time", takes_launch_time},
    {"owner-id", takes_owner},
    {"block-device-mapping.device-name", takes_device},
    {"instance.group-id", takes_group},
    {"instance.group-name", takes_group},
    {"network-interface.group-id", takes_group},
};

static field_taker *find_taker(const char *name)
{
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++) {
        if (strcmp(takers[i].name, name) == 0) return takers[i].takes;
    }
    return NULL;
}

static field_reader *find_field(const char *name)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].name, name) == 0) return fields[i].read;
    }
    return NULL;
}

static bool is_known_filter(const char *name)
{
    return find_field(name) != NULL || find_taker(name) != NULL ||
           find_parameter_field(name) < PARAMETER_FIELDS ||
           strncmp(name, "tag:", 4) == 0 || strcmp(name, "tag-key") == 0 ||
           strcmp(name, "tag-value") == 0 || strcmp(name, "instance-state-name") == 0 ||
           strcmp(name, "instance-state-code") == 0;
}

static bool takes_instance(const struct asg_world *world,
                           const struct asg_world_filter *filter,
                           const struct asg_world_instance *instance,
                           enum asg_world_state state)
{
    const char *name = filter->name;
    if (strcmp(name, "instance-state-name") == 0) {
        return asg_world_filter_takes(filter, asg_world_state_name(state));
    }
    if (strcmp(name, "instance-state-code") == 0) {
        char text[12];
        (void)snprintf(text, sizeof text, "%d", (int)state);
        return asg_world_filter_takes(filter, text);
    }
    if (strncmp(name, "tag:", 4) == 0) {
        const char *value = asg_world_tags_find(&instance->tags, name + 4);
        return value != NULL && asg_world_filter_takes(filter, value);
    }
    if (strcmp(name, "tag-key") == 0) return takes_tag_key(filter, &instance->tags);
    if (strcmp(name, "tag-value") == 0) return takes_tag_value(filter, &instance->tags);
    field_taker *taker = find_taker(name);
    if (taker != NULL) return taker(world, filter, instance);
    field_reader *reader = find_field(name);
    if (reader != NULL) return asg_world_filter_takes(filter, reader(instance));
    return takes_parameter(filter, instance);
}

static enum asg_status check_filters(const struct asg_world_query *query,
                                     struct asg_world_refusal *refusal)
{
    for (size_t i = 0; i < query->filter_count; i++) {
        if (is_known_filter(query->filters[i].name)) continue;
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "The filter '%.100s' is invalid", query->filters[i].name);
    }
    return ASG_OK;
}

/* --- ids --- */

static bool is_instance_id(const char *id)
{
    size_t digits = strlen(id) < 2 ? 0 : strspn(id + 2, "0123456789abcdef");
    return strncmp(id, "i-", 2) == 0 && id[2 + digits] == '\0' &&
           (digits == 8 || digits == 17);
}

enum asg_status asg_world_look_up(const struct asg_world *world,
                                  const struct asg_world_ids *ids, int64_t now_ms,
                                  int64_t lag_ms, struct asg_world_instance **ret,
                                  struct asg_world_refusal *refusal)
{
    struct asg_bytes missing = {0};
    size_t missing_count = 0;
    for (size_t i = 0; i < ids->count; i++) {
        if (!is_instance_id(ids->items[i])) {
            asg_bytes_clear(&missing);
            return asg_world_refuse(refusal, 400, "InvalidInstanceID.Malformed",
                                    "Invalid id: \"%.100s\"", ids->items[i]);
        }
        uint32_t at = asg_id_map_find(&world->by_id, ids->items[i]);
        enum asg_world_state ignored;
        if (at == ASG_ID_MAP_NONE ||
            !asg_world_state_seen(world->instances[at], now_ms, lag_ms, &ignored)) {
            asg_bytes_printf(&missing, "%s%s", missing_count++ > 0 ? ", " : "",
                             ids->items[i]);
            continue;
        }
        ret[i] = world->instances[at];
    }
    enum asg_status status = ASG_OK;
    if (missing_count > 0) {
        bool is_one = missing_count == 1;
        status =
            asg_world_refuse(refusal, 400, "InvalidInstanceID.NotFound",
                             "The instance ID%s '%s' do%s not exist", is_one ? "" : "s",
                             asg_bytes_text(&missing), is_one ? "es" : "");
    }
    asg_bytes_clear(&missing);
    return status;
}

/* --- pages --- */

static uint64_t stir(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    }
    return (hash ^ 0xff) * UINT64_C(1099511628211);
}

uint64_t asg_world_query_scope(const struct asg_world_query *query)
{
    uint64_t scope = UINT64_C(14695981039346656037) + query->is_running_only;
    for (size_t i = 0; i < query->filter_count; i++) {
        scope = stir(scope, query->filters[i].name);
        for (size_t v = 0; v < query->filters[i].values.count; v++) {
            scope = stir(scope, query->filters[i].values.items[v]);
        }
    }
    return scope;
}

static uint32_t page_check(const struct asg_world *world, uint64_t last, uint64_t scope)
{
    uint64_t mixed = (last + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ scope;
    mixed ^= world->options.seed * UINT64_C(0xbf58476d1ce4e5b9);
    mixed *= UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(mixed >> 32);
}

const char *asg_world_page_token(const struct asg_world *world, uint64_t last,
                                 uint64_t scope, struct asg_arena *arena)
{
    return asg_arena_format(arena, "%016" PRIx64 "%08x", last,
                            page_check(world, last, scope));
}

enum asg_status asg_world_read_page_token(const struct asg_world *world,
                                          const char *token, uint64_t scope,
                                          uint64_t *ret,
                                          struct asg_world_refusal *refusal)
{
    if (strlen(token) == 24 && strspn(token, "0123456789abcdef") == 24) {
        char number[17];
        memcpy(number, token, 16);
        number[16] = '\0';
        uint64_t last = strtoull(number, NULL, 16);
        if (strtoul(token + 16, NULL, 16) == page_check(world, last, scope)) {
            *ret = last;
            return ASG_OK;
        }
    }
    return asg_world_refuse(refusal, 400, "InvalidNextToken",
                            "The token for the next page is not one of ours, or belongs "
                            "to a request with other filters.");
}

enum asg_status asg_world_check_pages(const struct asg_world_query *query,
                                      const char *ids_name,
                                      struct asg_world_refusal *refusal)
{
    if (query->max_results == 0) return ASG_OK;
    if (query->ids.count > 0 && ids_name != NULL) {
        return asg_world_refuse(refusal, 400, "InvalidParameterCombination",
                                "The parameter %s cannot be used with the parameter "
                                "maxResults",
                                ids_name);
    }
    if (query->max_results < query->max_results_min ||
        query->max_results > query->max_results_max) {
        bool is_small = query->max_results < query->max_results_min;
        return asg_world_refuse(
            refusal, 400, "InvalidParameterValue",
            "Value ( %lld ) for parameter maxResults is invalid. Expecting a value %s "
            "%lld.",
            (long long)query->max_results, is_small ? "greater than" : "less than",
            (long long)(is_small ? query->max_results_min : query->max_results_max));
    }
    return ASG_OK;
}

/* --- DescribeInstances --- */

static bool is_wanted(const struct asg_world *world, const struct asg_world_query *query,
                      const struct asg_world_instance *instance, int64_t now_ms)
{
    enum asg_world_state state;
    if (!asg_world_state_seen(instance, now_ms, query->lag_ms, &state)) return false;
    if (query->is_running_only && state != ASG_WORLD_RUNNING) return false;
    for (size_t i = 0; i < query->filter_count; i++) {
        if (!takes_instance(world, &query->filters[i], instance, state)) return false;
    }
    return true;
}

static enum asg_status describe_ids(const struct asg_world *world,
                                    const struct asg_world_query *query, int64_t now_ms,
                                    struct asg_arena *arena,
                                    struct asg_world_instances *ret,
                                    struct asg_world_refusal *refusal)
{
    size_t count = query->ids.count;
    struct asg_world_instance **found = asg_arena_take(arena, count * sizeof *found);
    enum asg_status status =
        asg_world_look_up(world, &query->ids, now_ms, query->lag_ms, found, refusal);
    if (status != ASG_OK) return status;
    struct asg_world_instances page = {
        .items = asg_arena_take(arena, count * sizeof *page.items)};
    for (size_t i = 0; i < count; i++) {
        bool is_repeated = false;
        for (size_t j = 0; j < i; j++) {
            is_repeated = is_repeated || found[j] == found[i];
        }
        if (is_repeated || !is_wanted(world, query, found[i], now_ms)) continue;
        page.items[page.count++] = found[i];
    }
    *ret = page;
    return ASG_OK;
}

enum asg_status asg_world_describe(const struct asg_world *world,
                                   const struct asg_world_query *query, int64_t now_ms,
                                   struct asg_arena *arena,
                                   struct asg_world_instances *ret,
                                   struct asg_world_refusal *refusal)
{
    enum asg_status status = check_filters(query, refusal);
    if (status == ASG_OK) status = asg_world_check_pages(query, "instancesSet", refusal);
    if (status != ASG_OK) return status;
    if (query->ids.count > 0) {
        return describe_ids(world, query, now_ms, arena, ret, refusal);
    }
    uint64_t scope = asg_world_query_scope(query);
    uint64_t last = 0;
    if (query->next_token != NULL) {
        status =
            asg_world_read_page_token(world, query->next_token, scope, &last, refusal);
        if (status != ASG_OK) return status;
    }
    size_t most = query->max_results > 0 ? (size_t)query->max_results : SIZE_MAX;
    size_t room = most < world->instance_count ? most : world->instance_count;
    struct asg_world_instances page = {
        .items = asg_arena_take(arena, (room + 1) * sizeof *page.items)};
    for (size_t i = 0; i < world->instance_count; i++) {
        const struct asg_world_instance *instance = world->instances[i];
        if (instance->sequence <= last || !is_wanted(world, query, instance, now_ms))
            continue;
        if (page.count == most) {
            page.next_token = asg_world_page_token(
                world, page.items[page.count - 1]->sequence, scope, arena);
            break;
        }
        page.items[page.count++] = instance;
    }
    *ret = page;
    return ASG_OK;
}
