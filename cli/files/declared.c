#include "cli/files/declared.h"

#include <stdlib.h>
#include <string.h>

#include "base/safe_file.h"
#include "model/defaults.h"
#include "model/presets.h"
#include "model/schemas.h"
#include "text/parse.h"
#include "text/yaml_tree.h"

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

struct reader {
    const char *path;
    struct asg_arena *arena;
    struct asg_declared *ret;
    struct asg_error *error;
};

static struct asg_place place_of(const struct reader *reader,
                                 const struct asg_yaml_node *node)
{
    return (struct asg_place){.file = reader->path, .line = node->line};
}

static enum asg_status read_policy(const struct reader *reader,
                                   const struct asg_yaml_node *node)
{
    struct asg_declared *ret = reader->ret;
    struct asg_declared_policy *policy =
        asg_arena_push(reader->arena, (void **)&ret->policies, &ret->policy_count,
                       &ret->policy_capacity, sizeof *policy);
    policy->config = asg_policy_defaults();
    policy->place = place_of(reader, node);
    enum asg_status status =
        asg_parse_node(&asg_policy_config_schema, reader->path, node, reader->arena,
                       &policy->config, &policy->present, reader->error);
    if (status == ASG_OK) asg_preset_fill(&policy->config, policy->present);
    return status;
}

static enum asg_status read_schedule(const struct reader *reader,
                                     const struct asg_yaml_node *node)
{
    struct asg_declared *ret = reader->ret;
    struct asg_declared_schedule *schedule =
        asg_arena_push(reader->arena, (void **)&ret->schedules, &ret->schedule_count,
                       &ret->schedule_capacity, sizeof *schedule);
    schedule->config = asg_schedule_defaults();
    schedule->place = place_of(reader, node);
    enum asg_status status =
        asg_parse_node(&asg_schedule_config_schema, reader->path, node, reader->arena,
                       &schedule->config, &schedule->present, reader->error);
    schedule->config.has_time_zone =
        asg_model_names(&asg_schedule_config_schema, schedule->present, "time_zone");
    return status;
}

typedef enum asg_status read_one(const struct reader *reader,
                                 const struct asg_yaml_node *node);

static enum asg_status read_each(const struct reader *reader,
                                 const struct asg_yaml_node *list, read_one *read)
{
    if (list->kind != ASG_YAML_LIST) {
        return asg_fail(reader->error, ASG_ERR_INVALID, "%s:%zu: %s must be a list",
                        reader->path, list->line, list->key);
    }
    for (const struct asg_yaml_node *node = list->first; node != NULL;
         node = node->next) {
        enum asg_status status = read(reader, node);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

/* Policies and scheduled actions from these on belong to the group `name`, unless they
 * say another. */
static void give_group(struct asg_declared *declared, const char *name, size_t policy,
                       size_t schedule)
{
    for (; policy < declared->policy_count; policy++) {
        struct asg_policy_config *config = &declared->policies[policy].config;
        if (config->group[0] == '\0') config->group = name;
    }
    for (; schedule < declared->schedule_count; schedule++) {
        struct asg_schedule_config *config = &declared->schedules[schedule].config;
        if (config->group[0] == '\0') config->group = name;
    }
}

/* A group of a list has its rules within it; of the others, `policies` is no field. */
static const struct asg_yaml_node *take_out(struct asg_yaml_node *map, const char *key)
{
    struct asg_yaml_node **at = &map->first;
    while (*at != NULL && strcmp((*at)->key, key) != 0) {
        at = &(*at)->next;
    }
    const struct asg_yaml_node *found = *at;
    if (found != NULL) *at = found->next;
    return found;
}

static enum asg_status read_group(const struct reader *reader,
                                  const struct asg_yaml_node *node)
{
    struct asg_declared *ret = reader->ret;
    struct asg_declared_group *group =
        asg_arena_push(reader->arena, (void **)&ret->groups, &ret->group_count,
                       &ret->group_capacity, sizeof *group);
    group->config = asg_group_defaults();
    group->place = place_of(reader, node);
    return asg_parse_node(&asg_group_config_schema, reader->path, node, reader->arena,
                          &group->config, &group->present, reader->error);
}

static enum asg_status read_group_of_list(const struct reader *reader,
                                          const struct asg_yaml_node *node)
{
    struct asg_declared *ret = reader->ret;
    size_t policies = ret->policy_count;
    size_t schedules = ret->schedule_count;
    struct asg_yaml_node map = *node;
    const struct asg_yaml_node *own_policies = NULL;
    const struct asg_yaml_node *own_schedules = NULL;
    if (map.kind == ASG_YAML_MAP) {
        own_policies = take_out(&map, "policies");
        own_schedules = take_out(&map, "schedules");
    }
    enum asg_status status = read_group(reader, &map);
    if (status == ASG_OK && own_policies != NULL) {
        status = read_each(reader, own_policies, read_policy);
    }
    if (status == ASG_OK && own_schedules != NULL) {
        status = read_each(reader, own_schedules, read_schedule);
    }
    if (status != ASG_OK) return status;
    const char *name = ret->groups[ret->group_count - 1].config.name;
    give_group(ret, name, policies, schedules);
    return ASG_OK;
}

static enum asg_status read_section(const struct reader *reader,
                                    const struct asg_yaml_node *node)
{
    if (strcmp(node->key, "group") == 0) return read_group(reader, node);
    if (strcmp(node->key, "groups") == 0) {
        return read_each(reader, node, read_group_of_list);
    }
    if (strcmp(node->key, "policies") == 0) return read_each(reader, node, read_policy);
    if (strcmp(node->key, "schedules") == 0) {
        return read_each(reader, node, read_schedule);
    }
    return asg_fail(reader->error, ASG_ERR_INVALID,
                    "%s:%zu: unknown section \"%.64s\"; there are group, groups, "
                    "policies and schedules",
                    reader->path, node->line, node->key);
}

static enum asg_status read_sections(const struct reader *reader,
                                     const struct asg_yaml_node *root)
{
    struct asg_declared *ret = reader->ret;
    size_t policies = ret->policy_count;
    size_t schedules = ret->schedule_count;
    const struct asg_yaml_node *own = NULL;
    size_t at = 0;
    for (const struct asg_yaml_node *node = root->first; node != NULL;
         node = node->next) {
        if (strcmp(node->key, "group") == 0) {
            own = node;
            at = ret->group_count;
        }
        enum asg_status status = read_section(reader, node);
        if (status != ASG_OK) return status;
    }
    if (own != NULL) give_group(ret, ret->groups[at].config.name, policies, schedules);
    return ASG_OK;
}

/* Sections, or one bare thing? A bare policy has `group: web`, a section a map. */
static bool has_sections(const struct asg_yaml_node *root)
{
    for (const struct asg_yaml_node *node = root->first;
         root->kind == ASG_YAML_MAP && node != NULL; node = node->next) {
        if (strcmp(node->key, "policies") == 0 || strcmp(node->key, "schedules") == 0 ||
            strcmp(node->key, "groups") == 0 ||
            (strcmp(node->key, "group") == 0 && node->kind == ASG_YAML_MAP)) {
            return true;
        }
    }
    return false;
}

static enum asg_status read_file(const char *path, enum asg_rules_kind bare,
                                 struct asg_arena *arena, struct asg_declared *ret,
                                 struct asg_error *error)
{
    const char *text = NULL;
    size_t length = 0;
    struct asg_yaml_node *root = NULL;
    enum asg_status status =
        asg_yaml_read_file(path, ASG_YAML_STREAM_MAX, arena, &text, &length, error);
    if (status == ASG_ERR_LIMIT) {
        return asg_fail(error, status, "%s: larger than %zu MiB: split it", path,
                        ASG_YAML_STREAM_MAX / 1024 / 1024);
    }
    if (status != ASG_OK) return status;
    ret->bytes += length;
    if (ret->bytes > ASG_DECLARED_BYTES_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT,
                        "%s: the files have more than %zu MiB together: apply them in "
                        "parts",
                        path, ASG_DECLARED_BYTES_MAX / 1024 / 1024);
    }
    const char *name =
        asg_arena_text(arena, strcmp(path, "-") == 0 ? "standard input" : path);
    const struct reader reader = {name, arena, ret, error};
    status = asg_yaml_parse_documents(reader.path, text, length, arena, &root, error);
    for (; root != NULL && status == ASG_OK; root = root->next) {
        if (has_sections(root)) {
            status = read_sections(&reader, root);
        } else if (bare == ASG_RULES_GROUP) {
            status = read_group(&reader, root);
        } else if (bare == ASG_RULES_POLICY) {
            status = read_policy(&reader, root);
        } else {
            status = read_schedule(&reader, root);
        }
    }
    return status;
}

enum asg_status asg_declared_read_file(const char *path, enum asg_rules_kind bare,
                                       struct asg_arena *arena, struct asg_declared *ret,
                                       struct asg_error *error)
{
    enum asg_status status = read_file(path, bare, arena, ret, error);
    if (status != ASG_ERR_INVALID && status != ASG_ERR_LIMIT) return status;
    if (!asg_path_leads_out(path)) return status;
    /* What is wrong names words of the file; its line is all that may be known of it. */
    size_t line = 0;
    size_t length = strlen(path);
    if (strncmp(error->text, path, length) == 0 && error->text[length] == ':') {
        line = strtoul(error->text + length + 1, NULL, 10);
    }
    return asg_fail(error, status,
                    "%s:%zu: not what openasg reads; the words are not shown, since a "
                    "symbolic link leads to a file in another folder: name that file",
                    path, line);
}
