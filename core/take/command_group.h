/* command_group - creating, changing and deleting groups (docs/rules.md, "Changing a
 * group"). */
#ifndef ASG_CORE_TAKE_COMMAND_GROUP_H
#define ASG_CORE_TAKE_COMMAND_GROUP_H

#include "core/world/world.h"

/* What the edge has asked EC2 of the template that an order names. */
struct known_template {
    uint64_t version; /* its number now; 0: nobody asked */
    const char *id; /* when the configuration has only its name; NULL and "": not known */
};

/* May such a group be created, as the `count`-th? *ret is what it will be, in `arena`.
 * False: *why says what is wrong. `limit`: how many there may be, 0: core's bound. */
bool asg_group_may_begin(const struct asg_core *core,
                         const struct asg_group_config *given, size_t count,
                         uint32_t limit, struct asg_arena *arena,
                         struct asg_group_config *ret, struct asg_reply *why);

/* Create it: it may begin. */
struct group *asg_group_begin(struct asg_core *core,
                              const struct asg_group_config *config,
                              struct known_template known, const char *actor);

/* May the group take the given fields (bits of group.h)? As above. */
bool asg_group_may_change(const struct asg_core *core, const struct group *group,
                          const struct asg_group_config *given, uint64_t fields,
                          struct asg_arena *arena, struct asg_group_config *ret,
                          struct asg_reply *why);

/* The group is now so: it may change. */
void asg_group_change(struct asg_core *core, struct group *group,
                      const struct asg_group_config *config, uint64_t fields,
                      struct known_template known, const char *actor);

void asg_order_create_group(struct asg_core *core, const struct asg_command *command);

void asg_order_update_group(struct asg_core *core, const struct asg_command *command);

void asg_order_delete_group(struct asg_core *core, const struct asg_command *command);

void asg_order_desired(struct asg_core *core, const struct asg_command *command);

void asg_order_suspend(struct asg_core *core, const struct asg_command *command,
                       bool is_suspended);

#endif
