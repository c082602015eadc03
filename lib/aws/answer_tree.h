/* answer_tree - an answer of a Query service as a tree: every element with its name and
 * its text.
 *
 * For answers of which nothing may be passed over in silence: whoever reads the tree sees
 * also what it does not know and can name it. The calls of the worker have structs of
 * their own (ec2_actions.h), which cost less.
 * Threads: no state.
 */
#ifndef ASG_AWS_ANSWER_TREE_H
#define ASG_AWS_ANSWER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define ASG_ANSWER_NODES_MAX 400000

struct asg_answer_node {
    const char *name; /* "member", "MinSize" */
    const char *text; /* "" of one that has children */
    struct asg_answer_node *parent;
    struct asg_answer_node *first;
    struct asg_answer_node *last;
    struct asg_answer_node *next;
    size_t count; /* of children */
};

/* An action's reply (ec2_client.h): reply_size is this, begin and end are those below. */
struct asg_answer_tree {
    struct asg_answer_node root; /* its name is "" */
    struct asg_answer_node *open;
    size_t node_count;
    bool is_cut; /* more than ASG_ANSWER_NODES_MAX: not to be used */
};

void asg_answer_tree_begin(struct asg_arena *arena, void *reply, const char *path);
void asg_answer_tree_end(struct asg_arena *arena, void *reply, const char *path,
                         const char *text);

/* A copy of a node with all below it in another arena, without siblings and parent. */
struct asg_answer_node *asg_answer_copy(const struct asg_answer_node *node,
                                        struct asg_arena *arena);

/* The child of that name; NULL when there is none, also of NULL. */
const struct asg_answer_node *asg_answer_child(const struct asg_answer_node *node,
                                               const char *name);

/* Its text; "" when it is not there. */
const char *asg_answer_text(const struct asg_answer_node *node, const char *name);
bool asg_answer_flag(const struct asg_answer_node *node, const char *name);

/* A whole number with or without a sign. False: it is not there, or is none that fits. */
bool asg_answer_integer(const struct asg_answer_node *node, const char *name,
                        int64_t *ret);

/* A decimal number such as 40, 1.5 or 6.0E7. False as above. */
bool asg_answer_decimal(const struct asg_answer_node *node, const char *name,
                        double *ret);

#endif
