#include "core/take/check_config.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "core/world/configurations.h"
#include "model/kept.h"
#include "model/launch_fields.h"
#include "model/presets.h"

#define SECOND INT64_C(1000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > ASG_GROUP_NAME_MAX) return false;
    for (const char *at = name; *at != '\0'; at++) {
        if (*at < 33 || *at > 126 || *at == ':') return false;
    }
    return true;
}

static enum asg_status check_sizes(const struct asg_group_config *config,
                                   struct asg_error *error)
{
    if (config->max > ASG_GROUP_CAPACITY_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "max %" PRIu32 " is above the limit of %d", config->max,
                        ASG_GROUP_CAPACITY_MAX);
    }
    if (config->min > config->max) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "min %" PRIu32 " is above max %" PRIu32
                        "; raise max or lower min",
                        config->min, config->max);
    }
    if (config->desired < config->min || config->desired > config->max) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "desired %" PRIu32 " is not between min %" PRIu32
                        " and max %" PRIu32,
                        config->desired, config->min, config->max);
    }
    return ASG_OK;
}

static enum asg_status check_times(const struct asg_group_config *config,
                                   struct asg_error *error)
{
    const struct {
        const char *name;
        int64_t value_ms;
        int64_t low_ms;
        int64_t high_ms;
    } times[] = {
        {"evaluation", config->evaluation_ms, SECOND, HOUR},
        {"cooldown", config->cooldown_ms, 0, DAY},
        {"warm-up", config->warmup_ms, -1, DAY},
        {"health grace", config->health_grace_ms, 0, 7 * DAY},
        {"drain", config->drain_ms, 0, DAY},
        {"launch timeout", config->launch_timeout_ms, SECOND, DAY},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i].value_ms >= times[i].low_ms &&
            times[i].value_ms <= times[i].high_ms) {
            continue;
        }
        return asg_fail(
            error, ASG_ERR_INVALID,
            "%s of %" PRId64 " ms is not between %" PRId64 " and %" PRId64 " ms",
            times[i].name, times[i].value_ms, times[i].low_ms, times[i].high_ms);
    }
    uint32_t highest = config->terminating_percent;
    if (config->terminated_percent > highest) highest = config->terminated_percent;
    if (config->unhealthy_percent > highest) highest = config->unhealthy_percent;
    if (config->silence_percent > highest) highest = config->silence_percent;
    if (highest > 100) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a share of %" PRIu32 " %% is above 100 %%", highest);
    }
    return ASG_OK;
}

/* Before anything is compared with anything: an order has room for a million of them. */
static enum asg_status check_counts(const struct asg_group_config *config,
                                    struct asg_error *error)
{
    const struct {
        const char *what;
        size_t count;
        size_t limit;
    } lists[] = {
        {"subnets and zones", config->subnet_count, ASG_SUBNETS_MAX},
        {"instance types", config->instance_types.count, ASG_INSTANCE_TYPES_MAX},
        {"termination policies", config->termination_policies.count,
         ASG_TERMINATION_POLICIES_MAX},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (lists[i].count <= lists[i].limit) continue;
        return asg_fail(error, ASG_ERR_INVALID, "%zu %s are above the limit of %zu",
                        lists[i].count, lists[i].what, lists[i].limit);
    }
    return ASG_OK;
}

static enum asg_status check_places(const struct asg_group_config *config,
                                    struct asg_error *error)
{
    if (config->subnet_count == 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a group needs at least one subnet or zone to launch into");
    }
    for (size_t i = 0; i < config->subnet_count; i++) {
        const struct asg_subnet *subnet = &config->subnets[i];
        if (strlen(subnet->subnet_id) > ASG_SUBNET_MAX ||
            strlen(subnet->zone) > ASG_ZONE_MAX ||
            (subnet->subnet_id[0] == '\0' && subnet->zone[0] == '\0')) {
            return asg_fail(error, ASG_ERR_INVALID, "subnet %zu has no usable id or zone",
                            i + 1);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(config->subnets[j].subnet_id, subnet->subnet_id) == 0 &&
                strcmp(config->subnets[j].zone, subnet->zone) == 0) {
                return asg_fail(error, ASG_ERR_INVALID, "subnet %s is listed twice",
                                subnet->subnet_id);
            }
        }
    }
    for (size_t i = 0; i < config->instance_types.count; i++) {
        if (strlen(config->instance_types.items[i]) > ASG_TYPE_MAX) {
            return asg_fail(error, ASG_ERR_INVALID, "'%s' is not an instance type",
                            config->instance_types.items[i]);
        }
    }
    for (size_t i = 0; i < config->termination_policies.count; i++) {
        const char *word = config->termination_policies.items[i];
        if (asg_enum_value(&asg_termination_policy_words, word) >= 0) continue;
        return asg_fail(
            error, ASG_ERR_INVALID,
            "'%s' is not a termination policy; there are default, "
            "oldest-instance, newest-instance, closest-to-next-instance-hour, "
            "oldest-launch-template, oldest-launch-configuration and "
            "allocation-strategy",
            word);
    }
    return ASG_OK;
}

static bool is_price(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    size_t length = whole + (part > 0 ? 1 + part : 0);
    return whole > 0 && whole <= 6 && part <= 9 && text[length] == '\0' &&
           strspn(text, "0.") < length;
}

/* A fleet buys in both markets itself. */
static enum asg_status check_mixed_parameters(const struct asg_group_config *config,
                                              struct asg_error *error)
{
    assert(config->mixed != NULL);
    for (size_t i = 0; i < config->launch_parameter_count; i++) {
        const char *name = config->launch_parameters[i].name;
        if (strncmp(name, "InstanceMarketOptions.", 22) != 0) continue;
        return asg_fail(
            error, ASG_ERR_INVALID,
            "launch parameter %s is not allowed in a mixed group: the on-demand "
            "base and percentage set the market",
            name);
    }
    for (size_t i = 0; i < config->instance_types.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(config->instance_types.items[i],
                       config->instance_types.items[j]) != 0) {
                continue;
            }
            return asg_fail(error, ASG_ERR_INVALID, "instance type %s is listed twice",
                            config->instance_types.items[i]);
        }
    }
    return ASG_OK;
}

static enum asg_status check_mixed(const struct asg_group_config *config,
                                   struct asg_error *error)
{
    const struct asg_mixed *mixed = config->mixed;
    if (mixed == NULL) return ASG_OK;
    if (mixed->on_demand_base > ASG_GROUP_CAPACITY_MAX ||
        mixed->on_demand_percent > 100) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "on-demand base %" PRIu32 " and percentage %" PRIu32 ": at most %d and 100",
            mixed->on_demand_base, mixed->on_demand_percent, ASG_GROUP_CAPACITY_MAX);
    }
    if (mixed->spot_pools > ASG_SPOT_POOLS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%" PRIu32 " Spot pools are above the limit of %d",
                        mixed->spot_pools, ASG_SPOT_POOLS_MAX);
    }
    if (mixed->spot_max_price[0] != '\0' && !is_price(mixed->spot_max_price)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "'%.40s' is not a Spot price: dollars an hour above 0, as 0.05",
                        mixed->spot_max_price);
    }
    if (config->instance_types.count > ASG_MIXED_TYPES_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%zu instance types are above the limit of %d of a mixed group",
                        config->instance_types.count, ASG_MIXED_TYPES_MAX);
    }
    return check_mixed_parameters(config, error);
}

/* From one of these, and from one only. A template may be named by both its names: its id
 * is meant, and the other is for people. */
static enum asg_status check_origin(const struct asg_core *core,
                                    const struct asg_group_config *config,
                                    struct asg_error *error)
{
    bool has_template =
        config->template_id[0] != '\0' || config->template_name[0] != '\0';
    const char *name = config->launch_configuration;
    assert(name != NULL); /* whoever takes an order leaves no text NULL */
    if (has_template == (name[0] != '\0')) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a group needs a launch template, by name or by id, or a launch "
                        "configuration, and not both");
    }
    if (!has_template && asg_configuration_find(core, name) == NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "Launch configuration name not found - A launch configuration "
                        "with the name: %s does not exist",
                        name);
    }
    if (!has_template && config->mixed != NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a mixed group needs a launch template: it cannot be launched "
                        "from launch configuration %s",
                        name);
    }
    const char *version = config->template_version;
    bool is_word = strcmp(version, "$Latest") == 0 || strcmp(version, "$Default") == 0;
    if (!is_word && strspn(version, "0123456789") != strlen(version)) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "'%s' is not a version of a launch template: a number, $Latest or "
            "$Default",
            version);
    }
    if (strlen(config->template_id) > ASG_TEMPLATE_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "'%.100s' is not the id of a launch template: it has at most %d "
                        "characters",
                        config->template_id, ASG_TEMPLATE_MAX);
    }
    return ASG_OK;
}

/* ---- tags ---- */

/* The one tag of ours that clients set: which preset the policies go by that come by the
 * API (docs/rules.md, "Presets"). Instances are not tagged with it. */
static enum asg_status check_preset_tag(const struct asg_tag *tag,
                                        struct asg_error *error)
{
    assert(strcmp(tag->key, ASG_PRESET_TAG) == 0);
    if (tag->stays && asg_preset_of_tag(tag->value) >= 0) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID,
                    "tag '%s' is a preset of policies: default, aws, calm or quick, and "
                    "not propagated at launch",
                    tag->key);
}

static enum asg_status check_tag(const struct asg_tag *tag, struct asg_error *error)
{
    if (strcmp(tag->key, ASG_PRESET_TAG) == 0) return check_preset_tag(tag, error);
    size_t key = asg_utf8_count(tag->key);
    if (key == 0 || key > ASG_TAG_KEY_MAX ||
        asg_utf8_count(tag->value) > ASG_TAG_VALUE_MAX ||
        strncmp(tag->key, "aws:", 4) == 0 || strncmp(tag->key, "openasg:", 8) == 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "tag '%s': keys have 1 to %d characters and begin with neither "
                        "aws: nor openasg:, values at most %d",
                        tag->key, ASG_TAG_KEY_MAX, ASG_TAG_VALUE_MAX);
    }
    if (tag->stays || key <= ASG_TAG_KEY_AT_LAUNCH_MAX) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID,
                    "tag '%s' is propagated at launch, and EC2 takes keys of at most %d "
                    "characters: shorten it, or do not propagate it",
                    tag->key, ASG_TAG_KEY_AT_LAUNCH_MAX);
}

enum asg_status asg_take_check_tags(const struct asg_tag *tags, size_t count,
                                    struct asg_error *error)
{
    assert(tags != NULL || count == 0);
    if (count > ASG_TAGS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID, "%zu tags are above the limit of %d",
                        count, ASG_TAGS_MAX);
    }
    size_t at_launch = 0;
    for (size_t i = 0; i < count; i++) {
        enum asg_status status = check_tag(&tags[i], error);
        if (status != ASG_OK) return status;
        at_launch += tags[i].stays ? 0 : 1;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(tags[i].key, tags[j].key) != 0) continue;
            return asg_fail(error, ASG_ERR_INVALID, "tag '%s' is listed twice",
                            tags[i].key);
        }
    }
    if (at_launch <= ASG_TAGS_AT_LAUNCH_MAX) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID,
                    "%zu tags are propagated at launch, and at most %d may be: EC2 takes "
                    "50 on an instance, and openasg's own need the rest",
                    at_launch, ASG_TAGS_AT_LAUNCH_MAX);
}

/* ---- traffic sources ---- */

const char *asg_take_wrong_with_source(const struct asg_source *source)
{
    size_t length = strlen(source->identifier);
    if (source->kind >= ASG_SOURCE_COUNT) return "has an unknown type";
    return length == 0 || length > ASG_SOURCE_IDENTIFIER_MAX
               ? "has an identifier that is empty or too long"
               : NULL;
}

static enum asg_status check_sources(const struct asg_group_config *config,
                                     struct asg_error *error)
{
    assert(config->sources != NULL || config->source_count == 0);
    if (config->source_count > ASG_SOURCES_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%zu load balancers and traffic sources are above the limit of "
                        "%d",
                        config->source_count, ASG_SOURCES_MAX);
    }
    for (size_t i = 0; i < config->source_count; i++) {
        const struct asg_source *source = &config->sources[i];
        const char *wrong = asg_take_wrong_with_source(source);
        for (size_t j = 0; j < i; j++) {
            if (config->sources[j].kind == source->kind &&
                strcmp(config->sources[j].identifier, source->identifier) == 0) {
                wrong = "is listed twice";
            }
        }
        if (wrong == NULL) continue;
        return asg_fail(error, ASG_ERR_INVALID, "traffic source '%.100s' %s",
                        source->identifier, wrong);
    }
    return ASG_OK;
}

enum asg_status asg_take_check_config(const struct asg_core *core,
                                      const struct asg_group_config *config,
                                      struct asg_error *error)
{
    if (!is_name(config->name)) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "'%s' is not a group name: 1 to %d printable ASCII characters, no "
            "blank, no colon",
            config->name, ASG_GROUP_NAME_MAX);
    }
    enum asg_status status = check_sizes(config, error);
    if (status == ASG_OK) status = check_times(config, error);
    if (status == ASG_OK) status = check_counts(config, error);
    if (status == ASG_OK) status = check_places(config, error);
    if (status == ASG_OK) status = check_origin(core, config, error);
    if (status == ASG_OK)
        status = asg_take_check_tags(config->tags, config->tag_count, error);
    if (status == ASG_OK) status = check_mixed(config, error);
    if (status == ASG_OK) {
        status = asg_launch_parameters_check(config->launch_parameters,
                                             config->launch_parameter_count,
                                             ASG_LAUNCH_OF_GROUP, error);
    }
    if (status == ASG_OK) status = check_sources(config, error);
    if (status == ASG_OK)
        status = asg_kept_check(config->kept, config->kept_count, error);
    return status;
}
