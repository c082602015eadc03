/* yaml_tree - a YAML (or JSON) text as a tree of nodes in an arena.
 *
 * The one place that reads YAML: settings and files of the command line stand on it.
 * One document, or several where the caller takes them; no tags, anchors or aliases; keys
 * are scalars and come once. Limits are checked while reading, so that a hostile text
 * costs at most its own size. Threads: no state; any.
 */
#ifndef ASG_TEXT_YAML_TREE_H
#define ASG_TEXT_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

#define ASG_YAML_BYTES_MAX  ((size_t)1024 * 1024)
#define ASG_YAML_STREAM_MAX ((size_t)32 * 1024 * 1024) /* of several documents */
#define ASG_YAML_DEPTH_MAX  16
#define ASG_YAML_KEYS_MAX   1000 /* of one map */

enum asg_yaml_kind { ASG_YAML_SCALAR, ASG_YAML_LIST, ASG_YAML_MAP };

struct asg_yaml_node {
    enum asg_yaml_kind kind;
    size_t line;      /* from 1; of its key, when it has one */
    const char *key;  /* NULL when its parent is no map */
    const char *text; /* SCALAR */
    bool is_plain;    /* SCALAR: written without quotes, so it may be a number */
    struct asg_yaml_node *first;
    struct asg_yaml_node *next; /* the next child of the same parent */
    size_t count;               /* of children */
};

/* Parse `length` bytes; `name` stands in the error ("openasg.yaml:7: ..."). An empty
 * text gives an empty map. `depth_max` counts the root as 1.
 * ASG_ERR_INVALID, ASG_ERR_LIMIT: the text says where and why; *ret is untouched. */
ASG_MUST_USE enum asg_status asg_yaml_parse(const char *name, const char *text,
                                            size_t length, size_t depth_max,
                                            struct asg_arena *arena,
                                            struct asg_yaml_node **ret,
                                            struct asg_error *error);

/* Documents with "---" between them, of up to ASG_YAML_STREAM_MAX bytes: *ret is the
 * first and `next` leads to the others. Those without content are left out; NULL: all
 * are. Fails as asg_yaml_parse(). */
ASG_MUST_USE enum asg_status asg_yaml_parse_documents(const char *name, const char *text,
                                                      size_t length,
                                                      struct asg_arena *arena,
                                                      struct asg_yaml_node **ret,
                                                      struct asg_error *error);

/* Read a file ("-": standard input) and parse it, with the limits above. Fails like both.
 */
ASG_MUST_USE enum asg_status asg_yaml_load(const char *path, struct asg_arena *arena,
                                           struct asg_yaml_node **ret,
                                           struct asg_error *error);

/* True for a plain "", "~" or "null". */
bool asg_yaml_is_null(const struct asg_yaml_node *node);

/* Read a whole file of at most `limit` bytes into the arena; "-" is standard input.
 * ASG_ERR_NOT_FOUND, ASG_ERR_DENIED, ASG_ERR_IO, ASG_ERR_LIMIT: `error` says which file
 * and why. */
ASG_MUST_USE enum asg_status asg_yaml_read_file(const char *path, size_t limit,
                                                struct asg_arena *arena, const char **ret,
                                                size_t *ret_length,
                                                struct asg_error *error);

#endif
