#include "cli/orders/read_launch_parameters.h"

#include <stdio.h>
#include <string.h>

#include "model/launch_fields.h"
#include "text/yaml_tree.h"

/* Where in the file reading stands: the path with "#" for lists, and their numbers. */
struct place {
    const char *file;
    struct asg_arena *arena;
    struct asg_launch_list *list;
    struct asg_error *error;
    char path[ASG_LAUNCH_NAME_MAX];
    unsigned numbers[ASG_LAUNCH_LISTS_MAX];
    size_t lists;
};

static void add(struct asg_arena *arena, struct asg_launch_list *list,
                const struct asg_launch_field *field,
                const unsigned numbers[ASG_LAUNCH_LISTS_MAX], const char *value)
{
    char name[ASG_LAUNCH_NAME_MAX];
    (void)asg_launch_fill(field->query, numbers, name, sizeof name);
    void *items = list->items;
    struct asg_launch_parameter *added =
        asg_arena_push(arena, &items, &list->count, &list->capacity, sizeof *added);
    list->items = items;
    added->name = asg_arena_text(arena, name);
    added->value = asg_arena_text(arena, value);
}

static enum asg_status check_value(const struct asg_launch_field *field,
                                   const char *value, struct asg_error *error)
{
    if (asg_launch_value_fits(field, value)) return ASG_OK;
    static const char *const kinds[] = {
        [ASG_LAUNCH_TEXT] = "one of ",     [ASG_LAUNCH_NUMBER] = "a whole number",
        [ASG_LAUNCH_DECIMAL] = "a number", [ASG_LAUNCH_FLAG] = "true or false",
        [ASG_LAUNCH_TIME] = "a time",
    };
    return asg_fail(error, ASG_ERR_INVALID, "%s is '%s' but must be %s%s", field->name,
                    value, kinds[field->kind], field->words);
}

/* ---- files ---- */

static enum asg_status fail_at(const struct place *place,
                               const struct asg_yaml_node *node, const char *words)
{
    return asg_fail(place->error, ASG_ERR_INVALID, "%s:%zu: %s %s", place->file,
                    node->line, place->path[0] != '\0' ? place->path : "the file", words);
}

static enum asg_status read_node(struct place *place, const struct asg_yaml_node *node);

/* Go on below the path. */
static enum asg_status read_below(struct place *place, const char *step,
                                  const struct asg_yaml_node *node)
{
    size_t length = strlen(place->path);
    int added = snprintf(place->path + length, sizeof place->path - length, "%s%s",
                         length > 0 ? "." : "", step);
    enum asg_status status = ASG_OK;
    if (added < 0 || (size_t)added >= sizeof place->path - length) {
        status = fail_at(place, node, "is not a launch parameter");
    } else {
        status = read_node(place, node);
    }
    place->path[length] = '\0';
    return status;
}

static enum asg_status read_list(struct place *place, const struct asg_yaml_node *node)
{
    if (place->lists == ASG_LAUNCH_LISTS_MAX || node->count > ASG_LAUNCH_INDEX_MAX) {
        return fail_at(place, node, "has too many items or levels");
    }
    place->numbers[place->lists++] = 0;
    enum asg_status status = ASG_OK;
    for (const struct asg_yaml_node *item = node->first; item != NULL && status == ASG_OK;
         item = item->next) {
        place->numbers[place->lists - 1]++;
        status = read_below(place, "#", item);
    }
    place->lists--;
    return status;
}

static enum asg_status read_map(struct place *place, const struct asg_yaml_node *node)
{
    enum asg_status status = ASG_OK;
    for (const struct asg_yaml_node *child = node->first;
         child != NULL && status == ASG_OK; child = child->next) {
        status = read_below(place, child->key, child);
    }
    return status;
}

static enum asg_status read_scalar(struct place *place, const struct asg_yaml_node *node)
{
    const struct asg_launch_field *field = asg_launch_field_of_name(place->path);
    if (field == NULL) {
        return fail_at(place, node,
                       asg_launch_name_begins(place->path)
                           ? "is a text but should be a map or a list"
                           : "is not a launch parameter");
    }
    if (asg_yaml_is_null(node)) return ASG_OK; /* not said */
    enum asg_status status = check_value(field, node->text, place->error);
    if (status != ASG_OK) {
        return asg_fail_wrap(place->error, status, "%s:%zu", place->file, node->line);
    }
    add(place->arena, place->list, field, place->numbers, node->text);
    return ASG_OK;
}

static enum asg_status read_node(struct place *place, const struct asg_yaml_node *node)
{
    if (node->kind == ASG_YAML_SCALAR) return read_scalar(place, node);
    if (place->path[0] != '\0' && !asg_launch_name_begins(place->path)) {
        return fail_at(place, node, "is not a launch parameter, or takes a text");
    }
    char list_path[ASG_LAUNCH_NAME_MAX + 2];
    (void)snprintf(list_path, sizeof list_path, "%s.#", place->path);
    bool is_list =
        asg_launch_field_of_name(list_path) != NULL || asg_launch_name_begins(list_path);
    if (is_list != (node->kind == ASG_YAML_LIST)) {
        return fail_at(place, node, is_list ? "should be a list" : "should be a map");
    }
    return is_list ? read_list(place, node) : read_map(place, node);
}

enum asg_status asg_read_launch_file(const char *path, struct asg_arena *arena,
                                     struct asg_launch_list *ret, struct asg_error *error)
{
    struct asg_yaml_node *root = NULL;
    enum asg_status status = asg_yaml_load(path, arena, &root, error);
    if (status != ASG_OK) return status;
    struct place place = {.file = path, .arena = arena, .list = ret, .error = error};
    return read_node(&place, root);
}

/* ---- NAME=VALUE ---- */

/* "A.1.B" to "A.#.B" and {1}. False: too long, too deep, or a number out of range. */
static bool take_numbers(const char *name, size_t length, char ret[ASG_LAUNCH_NAME_MAX],
                         unsigned numbers[ASG_LAUNCH_LISTS_MAX])
{
    size_t used = 0;
    size_t lists = 0;
    for (size_t i = 0; i < length; i++) {
        if (used + 2 > ASG_LAUNCH_NAME_MAX) return false;
        bool begins = i > 0 && name[i - 1] == '.' && name[i] >= '1' && name[i] <= '9';
        if (!begins) {
            ret[used++] = name[i];
            continue;
        }
        if (lists == ASG_LAUNCH_LISTS_MAX) return false;
        unsigned number = 0;
        for (; i < length && name[i] >= '0' && name[i] <= '9'; i++) {
            number = number * 10 + (unsigned)(name[i] - '0');
            if (number > ASG_LAUNCH_INDEX_MAX) return false;
        }
        i--;
        numbers[lists++] = number;
        ret[used++] = '#';
    }
    ret[used] = '\0';
    return true;
}

enum asg_status asg_read_launch_texts(const struct asg_texts *texts,
                                      struct asg_arena *arena,
                                      struct asg_launch_list *ret,
                                      struct asg_error *error)
{
    for (size_t i = 0; i < texts->count; i++) {
        const char *text = texts->items[i];
        size_t length = strcspn(text, "=");
        char path[ASG_LAUNCH_NAME_MAX];
        unsigned numbers[ASG_LAUNCH_LISTS_MAX] = {0};
        const struct asg_launch_field *field = NULL;
        if (text[length] == '=' && take_numbers(text, length, path, numbers)) {
            field = asg_launch_field_of_name(path);
        }
        if (field == NULL) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "'%s' is not a launch parameter; write EC2's name, lists "
                            "numbered from 1: BlockDeviceMappings.1.Ebs.VolumeSize=20",
                            text);
        }
        enum asg_status status = check_value(field, text + length + 1, error);
        if (status != ASG_OK) return status;
        add(arena, ret, field, numbers, text + length + 1);
    }
    return ASG_OK;
}

const char *asg_take_launch_parameter(struct asg_launch_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) != 0) continue;
        const char *value = list->items[i].value;
        list->count--;
        memmove(&list->items[i], &list->items[i + 1],
                (list->count - i) * sizeof *list->items);
        return value;
    }
    return NULL;
}
