#include "aws/answer_tree.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void asg_answer_tree_begin(struct asg_arena *arena, void *reply, const char *path)
{
    struct asg_answer_tree *tree = reply;
    if (tree->open == NULL) {
        tree->root.name = tree->root.text = "";
        tree->open = &tree->root;
    }
    if (tree->is_cut || tree->node_count == ASG_ANSWER_NODES_MAX) {
        tree->is_cut = true;
        return;
    }
    const char *slash = strrchr(path, '/');
    struct asg_answer_node *node = asg_arena_take(arena, sizeof *node);
    node->name = asg_arena_text(arena, slash != NULL ? slash + 1 : path);
    node->text = "";
    node->parent = tree->open;
    if (tree->open->last != NULL) {
        tree->open->last->next = node;
    } else {
        tree->open->first = node;
    }
    tree->open->last = node;
    tree->open->count++;
    tree->node_count++;
    tree->open = node;
}

void asg_answer_tree_end(struct asg_arena *arena, void *reply, const char *path,
                         const char *text)
{
    (void)path;
    struct asg_answer_tree *tree = reply;
    if (tree->is_cut) return;
    if (tree->open->first == NULL) tree->open->text = asg_arena_text(arena, text);
    tree->open = tree->open->parent;
}

/* As deep as an answer can be: ASG_XML_DEPTH_MAX. */
// NOLINTNEXTLINE(misc-no-recursion)
struct asg_answer_node *asg_answer_copy(const struct asg_answer_node *node,
                                        struct asg_arena *arena)
{
    struct asg_answer_node *copy = asg_arena_take(arena, sizeof *copy);
    copy->name = asg_arena_text(arena, node->name);
    copy->text = asg_arena_text(arena, node->text);
    copy->count = node->count;
    for (const struct asg_answer_node *child = node->first; child != NULL;
         child = child->next) {
        struct asg_answer_node *below = asg_answer_copy(child, arena);
        below->parent = copy;
        if (copy->last != NULL) {
            copy->last->next = below;
        } else {
            copy->first = below;
        }
        copy->last = below;
    }
    return copy;
}

const struct asg_answer_node *asg_answer_child(const struct asg_answer_node *node,
                                               const char *name)
{
    const struct asg_answer_node *child = node != NULL ? node->first : NULL;
    while (child != NULL && strcmp(child->name, name) != 0) {
        child = child->next;
    }
    return child;
}

const char *asg_answer_text(const struct asg_answer_node *node, const char *name)
{
    const struct asg_answer_node *child = asg_answer_child(node, name);
    return child != NULL ? child->text : "";
}

bool asg_answer_flag(const struct asg_answer_node *node, const char *name)
{
    return strcmp(asg_answer_text(node, name), "true") == 0;
}

bool asg_answer_integer(const struct asg_answer_node *node, const char *name,
                        int64_t *ret)
{
    const char *text = asg_answer_text(node, name);
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0) return false;
    *ret = number;
    return true;
}

bool asg_answer_decimal(const struct asg_answer_node *node, const char *name, double *ret)
{
    const char *text = asg_answer_text(node, name);
    char *end = NULL;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number)) return false;
    *ret = number;
    return true;
}
