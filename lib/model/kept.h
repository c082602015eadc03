/* kept - members of a configuration that core does not interpret: they are kept as the
 * client wrote them, and given back.
 *
 * A member is a path and a value, {"InstanceMaintenancePolicy.MinHealthyPercentage",
 * "90"}; items of a list have their number in the path, "X.member.1.Y". What comes before
 * the first dot is its top-level member.
 * Threads: no state; any.
 */
#ifndef ASG_MODEL_KEPT_H
#define ASG_MODEL_KEPT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/group.h"

/* The value of that very path; NULL: it was not given. */
const char *asg_kept_find(const struct asg_kept_member *kept, size_t count,
                          const char *path);

/* What is kept after a change: each top-level member that `changes` have is replaced by
 * what they say of it, and a top-level member without a value, {"PlacementGroup", ""}, is
 * gone. In the order in which they came. The list lives in `arena`; its texts are lent.
 */
void asg_kept_merge(const struct asg_kept_member *kept, size_t count,
                    const struct asg_kept_member *changes, size_t change_count,
                    struct asg_arena *arena, struct asg_kept_member **ret,
                    size_t *ret_count);

/* ASG_ERR_INVALID: there are too many, one is too long, has no name or comes twice. */
ASG_MUST_USE enum asg_status asg_kept_check(const struct asg_kept_member *kept,
                                            size_t count, struct asg_error *error);

#endif
