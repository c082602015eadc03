/* params - the name=value pairs of a Query request, read with limits.
 *
 * Lists are numbered from 1 ("InstanceId.1"), by some clients from 0; gaps and any order
 * are accepted, and a list's items come sorted by their number. Of two pairs with one
 * name the first counts. Threads: one owner at a time.
 */
#ifndef ASG_EC2LOCAL_PARAMS_H
#define ASG_EC2LOCAL_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define ASG_PARAMS_MAX       5000 /* pairs */
#define ASG_PARAMS_INDEX_MAX 10000

struct asg_param {
    const char *name;
    const char *value;
};

struct asg_params {
    struct asg_param *items;
    size_t count;
};

/* Read a form body into `arena`.
 * ASG_ERR_LIMIT: more than ASG_PARAMS_MAX pairs. ASG_ERR_MALFORMED: a name or a value
 * holds a zero byte or is not UTF-8. */
ASG_MUST_USE enum asg_status asg_params_parse(const void *body, size_t length,
                                              struct asg_arena *arena,
                                              struct asg_params *ret);

/* Value of a name; NULL when it is not there. */
const char *asg_params_get(const struct asg_params *params, const char *name);

/* Values of "name.1", "name.2", ... in order. */
size_t asg_params_list(const struct asg_params *params, const char *name,
                       struct asg_arena *arena, const char ***ret);

/* The numbers N for which a name "name.N" or "name.N.anything" is there, in order. */
size_t asg_params_numbers(const struct asg_params *params, const char *name,
                          struct asg_arena *arena, uint32_t **ret);

#endif
