/* rules - groups, policies and schedules as files say them, with the defaults of
 * EC2 Auto Scaling where they are silent.
 *
 * A policy takes what it does not say from its preset (model/presets.h).
 * A file holds sections (`group:` with a map, `policies:` and `schedules:` with lists)
 * or one bare thing. */
#ifndef ASG_CLI_RULES_H
#define ASG_CLI_RULES_H

#include "base/arena.h"
#include "base/error.h"
#include "model/group.h"

enum asg_rules_kind { ASG_RULES_GROUP, ASG_RULES_POLICY, ASG_RULES_SCHEDULE };

struct asg_rules {
    bool has_group;
    struct asg_group_config group;
    uint64_t group_present; /* bits of asg_group_config_schema's fields */
    struct asg_policy_config *policies;
    size_t policy_count;
    struct asg_schedule_config *schedules;
    size_t schedule_count;
};

struct asg_group_config asg_group_defaults(void);
struct asg_mixed asg_mixed_defaults(void);
struct asg_policy_config asg_policy_defaults(void);
struct asg_schedule_config asg_schedule_defaults(void);

/* Read a file ("-": standard input). `bare` is what a file without sections holds.
 * Policies and schedules without a group get the group section's name, else "".
 * ASG_ERR_INVALID and what reading gives: error says file, line and what to write. */
ASG_MUST_USE enum asg_status asg_rules_read(const char *path, enum asg_rules_kind bare,
                                            struct asg_arena *arena,
                                            struct asg_rules *ret,
                                            struct asg_error *error);

/* Bits of enum asg_group_field for bits of asg_group_config_schema's fields. */
uint64_t asg_group_fields_of(uint64_t present);

#endif
