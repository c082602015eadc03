/* rules - one file with at most one group, its policies and its scheduled actions: what
 * commands about one group, and trials of a policy, read (declared.h says how).
 */
#ifndef ASG_CLI_FILES_RULES_H
#define ASG_CLI_FILES_RULES_H

#include "cli/files/declared.h"

struct asg_rules {
    bool has_group;
    struct asg_group_config group;
    uint64_t group_present; /* bits of asg_group_config_schema's fields */
    struct asg_policy_config *policies;
    size_t policy_count;
    struct asg_schedule_config *schedules;
    size_t schedule_count;
};

/* Read a file ("-": standard input). `bare` is what a document without sections holds.
 * Policies and schedules without a group get the group section's name, else "".
 * ASG_ERR_INVALID (also when there is a second group) and what reading gives: error says
 * file, line and what to write. */
ASG_MUST_USE enum asg_status asg_rules_read(const char *path, enum asg_rules_kind bare,
                                            struct asg_arena *arena,
                                            struct asg_rules *ret,
                                            struct asg_error *error);

/* Bits of enum asg_group_field for bits of asg_group_config_schema's fields. */
uint64_t asg_group_fields_of(uint64_t present);

#endif
