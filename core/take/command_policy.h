/* command_policy - policies and scheduled actions: put, delete, execute. */
#ifndef ASG_CORE_TAKE_COMMAND_POLICY_H
#define ASG_CORE_TAKE_COMMAND_POLICY_H

#include "core/world/world.h"

/* May that policy be put into a group of that name? *ret is what it will be, in `arena`.
 * False: *why says what is wrong. `group`: as it is now; NULL: it is still to come. How
 * many there would be is not asked. */
bool asg_policy_may_be(const struct group *group, const char *group_name,
                       const struct asg_policy_config *given, struct asg_arena *arena,
                       struct asg_policy_config *ret, struct asg_reply *why);

/* Put it: it may be. */
void asg_policy_put(struct asg_core *core, struct group *group,
                    const struct asg_policy_config *config, const char *actor);

/* The group has it. */
void asg_policy_delete(struct asg_core *core, struct group *group, const char *name,
                       const char *actor);

/* When the scheduled actions of a group run next: no two at the same moment. */
struct asg_start {
    const char *name;
    int64_t next_ms;
};

struct asg_starts {
    struct asg_start *items;
    size_t count;
    size_t capacity;
};

/* Those of a group as it is; NULL: none. In `arena`; names are lent. */
void asg_starts_of(const struct group *group, struct asg_arena *arena,
                   struct asg_starts *ret);

void asg_starts_add(struct asg_starts *starts, struct asg_arena *arena, const char *name,
                    int64_t next_ms);

/* May that scheduled action be put beside those (one of its own name among them is the
 * one that it replaces)? As asg_policy_may_be(). */
bool asg_schedule_may_be(const struct asg_core *core, const char *group_name,
                         const struct asg_schedule_config *given,
                         const struct asg_starts *others, struct asg_arena *arena,
                         struct asg_schedule_config *ret, struct asg_reply *why);

/* Put it: it may be. */
void asg_schedule_put(struct asg_core *core, struct group *group,
                      const struct asg_schedule_config *given, const char *actor);

/* The group has it. */
void asg_schedule_delete(struct asg_core *core, struct group *group, const char *name,
                         const char *actor);

void asg_order_put_policy(struct asg_core *core, const struct asg_command *command);

void asg_order_delete_policy(struct asg_core *core, const struct asg_command *command);

void asg_order_execute_policy(struct asg_core *core, const struct asg_command *command);

void asg_order_put_schedule(struct asg_core *core, const struct asg_command *command);

void asg_order_delete_schedule(struct asg_core *core, const struct asg_command *command);

#endif
