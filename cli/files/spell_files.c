#include "cli/files/spell_files.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/crypto.h"
#include "model/presets.h"
#include "model/schemas.h"
#include "text/spell.h"

#define FILE_NAME_MAX 246 /* of 255 bytes, without ".yaml" and ".new" */
#define HASH_BYTES    8

static uint64_t bit_of(const char *name)
{
    const struct asg_schema *schema = &asg_policy_config_schema;
    return UINT64_C(1) << (asg_schema_find(schema, name) - schema->fields);
}

/* What a policy would be read as from a file that says nothing but what it must: its
 * preset gives the rest, and goes by its metric and its tolerance. */
static struct asg_policy_config otherwise_of(const struct asg_policy_config *policy)
{
    const struct asg_policy_config defaults = asg_policy_defaults();
    struct asg_policy_config otherwise = defaults;
    otherwise.metric = policy->metric;
    otherwise.statistic = policy->statistic;
    otherwise.preset = policy->preset;
    otherwise.scale_out_permille = policy->scale_out_permille;
    asg_preset_fill(&otherwise, bit_of("scale_out_permille"));
    otherwise.scale_out_permille = asg_presets[policy->preset].policy.scale_out_permille;
    otherwise.metric = defaults.metric;
    otherwise.statistic = defaults.statistic;
    otherwise.preset = defaults.preset;
    return otherwise;
}

/* An item of a list: its first line has the dash. */
static void spell_item(const struct asg_schema *schema, const void *object,
                       struct asg_spell_form form, struct asg_bytes *ret)
{
    form.indent = 4;
    form.hidden = "group";
    size_t start = ret->length;
    asg_spell(schema, object, &form, ret);
    ret->data[start + 2] = '-';
}

/* The first of `count` items, in order of groups, whose group is not before `group`. */
static size_t first_of(const void *items, size_t count, const char *group,
                       const char *(*group_of)(const void *items, size_t at))
{
    size_t low = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (strcmp(group_of(items, low + half), group) < 0) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

static const char *policy_group(const void *items, size_t at)
{
    return ((const struct asg_policy_config *)items)[at].group;
}

static const char *schedule_group(const void *items, size_t at)
{
    return ((const struct asg_schedule_config *)items)[at].group;
}

static void spell_policy(const struct asg_policy_config *policy, bool is_full,
                         struct asg_bytes *ret)
{
    static const char *const always[] = {"name", "kind", NULL};
    const struct asg_policy_config otherwise = otherwise_of(policy);
    const struct asg_spell_form form = {.otherwise = is_full ? NULL : &otherwise,
                                        .always = always};
    spell_item(&asg_policy_config_schema, policy, form, ret);
}

static void spell_schedule(const struct asg_schedule_config *schedule, bool is_full,
                           struct asg_bytes *ret)
{
    static const char *const always[] = {"name", NULL};
    static const char *const zoned[] = {"name", "time_zone", NULL};
    const struct asg_schedule_config otherwise = asg_schedule_defaults();
    const struct asg_spell_form form = {.otherwise = is_full ? NULL : &otherwise,
                                        .always =
                                            schedule->has_time_zone ? zoned : always};
    spell_item(&asg_schedule_config_schema, schedule, form, ret);
}

void asg_spell_sections(const struct asg_spelled_group *group, struct asg_bytes *ret)
{
    static const char *const always[] = {"name", "min", "max", "desired", NULL};
    const struct asg_group_config otherwise = asg_group_defaults();
    const struct asg_spell_form form = {
        .otherwise = group->is_full ? NULL : &otherwise, .always = always, .indent = 2};
    asg_bytes_append_text(ret, "group:\n");
    asg_spell(&asg_group_config_schema, group->config, &form, ret);
    if (group->policy_count > 0) asg_bytes_append_text(ret, "policies:\n");
    for (size_t i = 0; i < group->policy_count; i++) {
        spell_policy(&group->policies[i], group->is_full, ret);
    }
    if (group->schedule_count > 0) asg_bytes_append_text(ret, "schedules:\n");
    for (size_t i = 0; i < group->schedule_count; i++) {
        spell_schedule(&group->schedules[i], group->is_full, ret);
    }
}

void asg_spell_group(const struct asg_present *present, size_t at, bool is_full,
                     struct asg_bytes *ret)
{
    const struct asg_group_view *view = &present->groups[at];
    const char *name = view->config->name;
    size_t policy =
        first_of(present->policies, present->policy_count, name, policy_group);
    size_t schedule =
        first_of(present->schedules, present->schedule_count, name, schedule_group);
    struct asg_spelled_group group = {.config = view->config, .is_full = is_full};
    if (present->policy_count > 0) group.policies = &present->policies[policy];
    if (present->schedule_count > 0) group.schedules = &present->schedules[schedule];
    while (policy + group.policy_count < present->policy_count &&
           strcmp(group.policies[group.policy_count].group, name) == 0) {
        group.policy_count++;
    }
    while (schedule + group.schedule_count < present->schedule_count &&
           strcmp(group.schedules[group.schedule_count].group, name) == 0) {
        group.schedule_count++;
    }
    asg_bytes_printf(ret, "# revision %" PRIu64 "\n", view->revision);
    asg_spell_sections(&group, ret);
}

const char *asg_spell_file_name(const char *group, struct asg_arena *arena)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes name = {0};
    for (const char *at = group; *at != '\0'; at++) {
        bool is_hidden = at == group && *at == '.';
        if (*at == '/' || *at == '%' || is_hidden) {
            asg_bytes_printf(&name, "%%%02X", (unsigned char)*at);
        } else {
            asg_bytes_append_byte(&name, (uint8_t)*at);
        }
    }
    if (name.length <= FILE_NAME_MAX) {
        return asg_arena_format(arena, "%s.yaml", asg_bytes_text(&name));
    }
    uint8_t hash[ASG_SHA256_BYTES];
    char digits[2 * HASH_BYTES + 1];
    asg_sha256(group, strlen(group), hash);
    asg_hex_encode(hash, HASH_BYTES, digits);
    return asg_arena_format(arena, "%.*s%%%s.yaml", FILE_NAME_MAX - 2 * HASH_BYTES - 1,
                            asg_bytes_text(&name), digits);
}
