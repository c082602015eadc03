#include "text/config.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/config_layers.h"
#include "text/nearest.h"
#include "text/yaml_tree.h"

void asg_config_spell(const char *name, char separator, char text[ASG_CONFIG_NAME_MAX])
{
    size_t i = 0;
    for (; name[i] != '\0' && i < ASG_CONFIG_NAME_MAX - 1; i++) {
        bool is_separator = name[i] == '.' || name[i] == '-' || name[i] == '_';
        text[i] = name[i];
        if (separator != '.' && is_separator) text[i] = separator;
        if (separator == '_') text[i] = (char)toupper((unsigned char)text[i]);
    }
    text[i] = '\0';
}

const struct asg_config_key *asg_config_find(const struct asg_config_table *table,
                                             const char *name, char separator)
{
    for (size_t i = 0; i < table->key_count; i++) {
        char spelled[ASG_CONFIG_NAME_MAX];
        asg_config_spell(table->keys[i].name, separator, spelled);
        if (strcmp(spelled, name) == 0) return &table->keys[i];
    }
    return NULL;
}

const char *asg_config_nearest(const struct asg_config_table *table, const char *name,
                               char separator)
{
    struct asg_nearest nearest = {0};
    const char *found = NULL;
    for (size_t i = 0; i < table->key_count; i++) {
        char spelled[ASG_CONFIG_NAME_MAX];
        asg_config_spell(table->keys[i].name, separator, spelled);
        nearest.word = found;
        asg_nearest_offer(&nearest, name, spelled);
        if (nearest.word == spelled) found = table->keys[i].name;
    }
    return found;
}

void asg_config_begin(struct asg_config_layers *layers,
                      const struct asg_config_table *table, struct asg_arena *arena,
                      void *config)
{
    memset(config, 0, table->size);
    *layers =
        (struct asg_config_layers){.table = table, .arena = arena, .config = config};
    layers->is_set = asg_arena_take(arena, table->key_count * sizeof *layers->is_set);
    for (size_t i = 0; i < table->key_count; i++) {
        const struct asg_config_key *key = &table->keys[i];
        assert(key->offset < table->size && strlen(key->name) < ASG_CONFIG_NAME_MAX);
        struct asg_error error = {0};
        enum asg_status status = asg_config_set(
            layers, key, key->default_text != NULL ? key->default_text : "", "default",
            &error);
        /* A key that must be given has nothing to parse. */
        assert(status == ASG_OK || key->default_text == NULL);
        (void)status;
        layers->is_set[i] = false;
    }
}

static enum asg_status unknown_key(const struct asg_config_layers *layers,
                                   const char *path, size_t line, const char *name,
                                   struct asg_error *error)
{
    const char *hint = asg_config_nearest(layers->table, name, '.');
    if (hint == NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s:%zu: unknown key \"%.64s\"; %s --help lists the keys", path,
                        line, name, layers->table->program);
    }
    return asg_fail(error, ASG_ERR_INVALID,
                    "%s:%zu: unknown key \"%.64s\"; did you mean \"%s\"?", path, line,
                    name, hint);
}

static enum asg_status set_list(struct asg_config_layers *layers,
                                const struct asg_config_key *key,
                                const struct asg_yaml_node *node, const char *where,
                                struct asg_error *error)
{
    if (key->type != ASG_CONFIG_TEXTS) {
        return asg_fail(error, ASG_ERR_INVALID, "%s: %s takes one value, not a list",
                        where, key->name);
    }
    if (node->count > ASG_CONFIG_LIST_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "%s: %s has more than %d entries", where,
                        key->name, ASG_CONFIG_LIST_MAX);
    }
    struct asg_texts texts = {0};
    texts.items = asg_arena_take(layers->arena, (node->count + 1) * sizeof *texts.items);
    for (const struct asg_yaml_node *item = node->first; item != NULL;
         item = item->next) {
        if (item->kind != ASG_YAML_SCALAR) {
            return asg_fail(error, ASG_ERR_INVALID, "%s: %s takes a list of plain values",
                            where, key->name);
        }
        texts.items[texts.count++] = item->text;
    }
    *(struct asg_texts *)((char *)layers->config + key->offset) = texts;
    layers->is_set[key - layers->table->keys] = true;
    return ASG_OK;
}

enum asg_status asg_config_pass(const struct asg_config_layers *layers,
                                enum asg_status status, struct asg_error *error)
{
    if (status == ASG_OK || layers->problems == NULL) return status;
    (void)asg_problem_take(layers->problems, status, error);
    error->text[0] = '\0';
    return ASG_OK;
}

static enum asg_status read_node(struct asg_config_layers *layers, const char *path,
                                 const char *prefix, const struct asg_yaml_node *node,
                                 struct asg_error *error)
{
    const char *name = prefix[0] == '\0'
                           ? node->key
                           : asg_arena_format(layers->arena, "%s.%s", prefix, node->key);
    const struct asg_config_key *key = asg_config_find(layers->table, name, '.');
    if (key == NULL && node->kind == ASG_YAML_MAP && prefix[0] == '\0') {
        for (const struct asg_yaml_node *child = node->first; child != NULL;
             child = child->next) {
            enum asg_status status = read_node(layers, path, name, child, error);
            status = asg_config_pass(layers, status, error);
            if (status != ASG_OK) return status;
        }
        return ASG_OK;
    }
    if (key == NULL) return unknown_key(layers, path, node->line, name, error);
    const char *where = asg_arena_format(layers->arena, "%s:%zu", path, node->line);
    if (node->kind == ASG_YAML_LIST) return set_list(layers, key, node, where, error);
    if (node->kind == ASG_YAML_MAP) {
        return asg_fail(error, ASG_ERR_INVALID, "%s: %s takes one value, not a map",
                        where, key->name);
    }
    if (asg_yaml_is_null(node)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s: %s has no value; write \"\" for an empty text", where,
                        key->name);
    }
    return asg_config_set(layers, key, node->text, where, error);
}

enum asg_status asg_config_read_text(struct asg_config_layers *layers, const char *name,
                                     const char *text, size_t length,
                                     struct asg_error *error)
{
    struct asg_yaml_node *root = NULL;
    enum asg_status status = asg_yaml_parse(name, text, length, ASG_CONFIG_DEPTH_MAX,
                                            layers->arena, &root, error);
    if (status != ASG_OK) return status;
    if (root->kind != ASG_YAML_MAP) {
        return asg_fail(error, ASG_ERR_INVALID, "%s:%zu: write \"key: value\" lines",
                        name, root->line);
    }
    for (const struct asg_yaml_node *node = root->first; node != NULL;
         node = node->next) {
        status = read_node(layers, name, "", node, error);
        status = asg_config_pass(layers, status, error);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

enum asg_status asg_config_read_file(struct asg_config_layers *layers, const char *path,
                                     struct asg_error *error)
{
    const char *text = NULL;
    size_t length = 0;
    enum asg_status status = asg_yaml_read_file(path, ASG_YAML_BYTES_MAX, layers->arena,
                                                &text, &length, error);
    if (status != ASG_OK) return status;
    return asg_config_read_text(layers, path, text, length, error);
}

static enum asg_status unknown_variable(const struct asg_config_layers *layers,
                                        const char *variable, const char *name,
                                        struct asg_error *error)
{
    const char *prefix = layers->table->prefix;
    const char *hint = asg_config_nearest(layers->table, name, '_');
    char spelled[ASG_CONFIG_NAME_MAX] = "";
    if (hint != NULL) asg_config_spell(hint, '_', spelled);
    return asg_fail(error, ASG_ERR_INVALID,
                    "environment variable %.80s is not a setting of %s%s%s%s%s%s",
                    variable, layers->table->program,
                    hint != NULL ? "; did you mean " : "", hint != NULL ? prefix : "",
                    hint != NULL ? "_" : "", spelled, hint != NULL ? "?" : "");
}

/* One "NAME=value" of the environment. */
static enum asg_status read_variable(struct asg_config_layers *layers, const char *entry,
                                     bool is_strict, struct asg_error *error)
{
    size_t prefix_length = strlen(layers->table->prefix);
    const char *value = strchr(entry, '=');
    if (value == NULL || value[1] == '\0') return ASG_OK;
    const char *variable =
        asg_arena_text_n(layers->arena, entry, (size_t)(value - entry));
    const char *name = variable + prefix_length + 1;
    if (strcmp(name, "CONFIG") == 0) return ASG_OK;
    const struct asg_config_key *key = asg_config_find(layers->table, name, '_');
    if (key == NULL) {
        return is_strict ? unknown_variable(layers, variable, name, error) : ASG_OK;
    }
    return asg_config_set(layers, key, value + 1, variable, error);
}

enum asg_status asg_config_read_environment(struct asg_config_layers *layers,
                                            char *const *environment, bool is_strict,
                                            struct asg_error *error)
{
    const char *prefix = layers->table->prefix;
    size_t prefix_length = strlen(prefix);
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, prefix, prefix_length) != 0 || entry[prefix_length] != '_') {
            continue;
        }
        enum asg_status status = read_variable(layers, entry, is_strict, error);
        status = asg_config_pass(layers, status, error);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

/* A secret that others can read is no secret: say so before it is used. */
static enum asg_status check_secret(const struct asg_config_key *key, const char *path,
                                    struct asg_error *error)
{
    struct stat status;
    if (path[0] == '\0' || stat(path, &status) != 0) return ASG_OK; /* may come later */
    unsigned wrong = status.st_mode & 077;
    /* Root hands secrets to a service by the group (Kubernetes, systemd). */
    if (status.st_uid == 0 && geteuid() != 0) wrong &= ~040U;
    if (wrong == 0) return ASG_OK;
    return asg_fail(error, ASG_ERR_DENIED,
                    "%s: %.200s can be read by others (mode %03o): chmod 600 %.200s",
                    key->name, path, (unsigned)(status.st_mode & 0777), path);
}

enum asg_status asg_config_finish(const struct asg_config_layers *layers,
                                  struct asg_error *error)
{
    for (size_t i = 0; i < layers->table->key_count; i++) {
        const struct asg_config_key *key = &layers->table->keys[i];
        if (key->type == ASG_CONFIG_SECRET_FILE) {
            const void *field = (const char *)layers->config + key->offset;
            enum asg_status status =
                check_secret(key, *(const char *const *)field, error);
            status = asg_config_pass(layers, status, error);
            if (status != ASG_OK) return status;
        }
        if (key->default_text != NULL || layers->is_set[i]) continue;
        char option[ASG_CONFIG_NAME_MAX];
        char variable[ASG_CONFIG_NAME_MAX];
        asg_config_spell(key->name, '-', option);
        asg_config_spell(key->name, '_', variable);
        enum asg_status status =
            asg_fail(error, ASG_ERR_INVALID,
                     "%s must be given: in the file, as %s_%s or --%s (%s)", key->name,
                     layers->table->prefix, variable, option, key->help);
        status = asg_config_pass(layers, status, error);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}
