#include "cli/rules.h"

#include <string.h>

#include "model/defaults.h"
#include "model/presets.h"
#include "model/schemas.h"
#include "text/parse.h"
#include "text/yaml_tree.h"

#define RULES_MAX 200 /* of one kind in a file */

struct asg_group_config asg_group_defaults(void)
{
    struct asg_group_config config;
    asg_model_set_defaults(&asg_group_config_schema, &config);
    return config;
}

struct asg_mixed asg_mixed_defaults(void)
{
    struct asg_mixed mixed;
    asg_model_set_defaults(&asg_mixed_schema, &mixed);
    return mixed;
}

struct asg_policy_config asg_policy_defaults(void)
{
    struct asg_policy_config config;
    asg_model_set_defaults(&asg_policy_config_schema, &config);
    asg_preset_fill(&config, 0);
    return config;
}

struct asg_schedule_config asg_schedule_defaults(void)
{
    struct asg_schedule_config config;
    asg_model_set_defaults(&asg_schedule_config_schema, &config);
    return config;
}

uint64_t asg_group_fields_of(uint64_t present)
{
    return asg_model_update_bits(&asg_group_config_schema, present);
}

struct reader {
    const char *path;
    struct asg_arena *arena;
    struct asg_rules *ret;
    struct asg_error *error;
};

static const struct asg_yaml_node *child_of(const struct asg_yaml_node *map,
                                            const char *key)
{
    const struct asg_yaml_node *child = map->kind == ASG_YAML_MAP ? map->first : NULL;
    while (child != NULL && strcmp(child->key, key) != 0) {
        child = child->next;
    }
    return child;
}

/* `mixed:` is read once more over its defaults: 0 % means something. */
static enum asg_status read_mixed(const struct reader *reader,
                                  const struct asg_yaml_node *group)
{
    const struct asg_yaml_node *node = child_of(group, "mixed");
    if (node == NULL) return ASG_OK;
    struct asg_mixed *mixed = asg_arena_take(reader->arena, sizeof *mixed);
    *mixed = asg_mixed_defaults();
    reader->ret->group.mixed = mixed;
    return asg_parse_node(&asg_mixed_schema, reader->path, node, reader->arena, mixed,
                          NULL, reader->error);
}

static enum asg_status read_group(const struct reader *reader,
                                  const struct asg_yaml_node *node)
{
    reader->ret->has_group = true;
    reader->ret->group = asg_group_defaults();
    enum asg_status status =
        asg_parse_node(&asg_group_config_schema, reader->path, node, reader->arena,
                       &reader->ret->group, &reader->ret->group_present, reader->error);
    return status == ASG_OK ? read_mixed(reader, node) : status;
}

static enum asg_status read_policy(const struct reader *reader,
                                   const struct asg_yaml_node *node)
{
    struct asg_policy_config *policy =
        &reader->ret->policies[reader->ret->policy_count++];
    *policy = asg_policy_defaults();
    uint64_t given = 0;
    enum asg_status status = asg_parse_node(&asg_policy_config_schema, reader->path, node,
                                            reader->arena, policy, &given, reader->error);
    if (status == ASG_OK) asg_preset_fill(policy, given);
    return status;
}

static enum asg_status read_schedule(const struct reader *reader,
                                     const struct asg_yaml_node *node)
{
    struct asg_schedule_config *schedule =
        &reader->ret->schedules[reader->ret->schedule_count++];
    *schedule = asg_schedule_defaults();
    return asg_parse_node(&asg_schedule_config_schema, reader->path, node, reader->arena,
                          schedule, NULL, reader->error);
}

typedef enum asg_status read_one(const struct reader *reader,
                                 const struct asg_yaml_node *node);

static enum asg_status read_each(const struct reader *reader,
                                 const struct asg_yaml_node *list, read_one *read)
{
    if (list->kind != ASG_YAML_LIST || list->count > RULES_MAX) {
        return asg_fail(reader->error, ASG_ERR_INVALID,
                        "%s:%zu: %s must be a list of at most %d", reader->path,
                        list->line, list->key, RULES_MAX);
    }
    for (const struct asg_yaml_node *node = list->first; node != NULL;
         node = node->next) {
        enum asg_status status = read(reader, node);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

static enum asg_status read_sections(const struct reader *reader,
                                     const struct asg_yaml_node *root)
{
    for (const struct asg_yaml_node *node = root->first; node != NULL;
         node = node->next) {
        enum asg_status status = ASG_OK;
        if (strcmp(node->key, "group") == 0) {
            status = read_group(reader, node);
        } else if (strcmp(node->key, "policies") == 0) {
            status = read_each(reader, node, read_policy);
        } else if (strcmp(node->key, "schedules") == 0) {
            status = read_each(reader, node, read_schedule);
        } else {
            status = asg_fail(reader->error, ASG_ERR_INVALID,
                              "%s:%zu: unknown section \"%.64s\"; there are group, "
                              "policies and schedules",
                              reader->path, node->line, node->key);
        }
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

/* Sections, or one bare thing? A bare policy has `group: web`, a section a map. */
static bool has_sections(const struct asg_yaml_node *root)
{
    for (const struct asg_yaml_node *node = root->first;
         root->kind == ASG_YAML_MAP && node != NULL; node = node->next) {
        if (strcmp(node->key, "policies") == 0 || strcmp(node->key, "schedules") == 0 ||
            (strcmp(node->key, "group") == 0 && node->kind == ASG_YAML_MAP)) {
            return true;
        }
    }
    return false;
}

static void fill_groups(struct asg_rules *rules)
{
    if (!rules->has_group) return;
    for (size_t i = 0; i < rules->policy_count; i++) {
        if (rules->policies[i].group[0] == '\0') {
            rules->policies[i].group = rules->group.name;
        }
    }
    for (size_t i = 0; i < rules->schedule_count; i++) {
        if (rules->schedules[i].group[0] == '\0') {
            rules->schedules[i].group = rules->group.name;
        }
    }
}

enum asg_status asg_rules_read(const char *path, enum asg_rules_kind bare,
                               struct asg_arena *arena, struct asg_rules *ret,
                               struct asg_error *error)
{
    *ret = (struct asg_rules){0};
    ret->policies = asg_arena_take(arena, RULES_MAX * sizeof *ret->policies);
    ret->schedules = asg_arena_take(arena, RULES_MAX * sizeof *ret->schedules);
    struct asg_yaml_node *root = NULL;
    enum asg_status status = asg_yaml_load(path, arena, &root, error);
    if (status != ASG_OK) return status;
    struct reader reader = {path, arena, ret, error};
    if (has_sections(root)) {
        status = read_sections(&reader, root);
    } else if (bare == ASG_RULES_GROUP) {
        status = read_group(&reader, root);
    } else if (bare == ASG_RULES_POLICY) {
        status = read_policy(&reader, root);
    } else {
        status = read_schedule(&reader, root);
    }
    if (status == ASG_OK) fill_groups(ret);
    return status;
}
