/* declared - the groups, policies and scheduled actions that files ask for, each with the
 * place where it is written.
 *
 * A document holds `group:` with a map or `groups:` with a list, `policies:` and
 * `schedules:`; in a list of groups each may have its own `policies:` and `schedules:`. A
 * document without any of them is one bare thing. Files may hold several documents
 * (docs/files.md).
 *
 * Where the file is silent a group has the defaults of EC2 Auto Scaling, and a policy
 * what its preset says (model/presets.h). */
#ifndef ASG_CLI_FILES_DECLARED_H
#define ASG_CLI_FILES_DECLARED_H

#include "base/arena.h"
#include "base/error.h"
#include "model/group.h"

enum asg_rules_kind { ASG_RULES_GROUP, ASG_RULES_POLICY, ASG_RULES_SCHEDULE };

struct asg_place {
    const char *file;
    size_t line;
};

struct asg_declared_group {
    struct asg_group_config config;
    uint64_t present; /* what the file names: bits of asg_group_config_schema's fields */
    struct asg_place place;
};

struct asg_declared_policy {
    struct asg_policy_config config; /* of no group: "" */
    uint64_t present;                /* bits of asg_policy_config_schema's fields */
    struct asg_place place;
};

struct asg_declared_schedule {
    struct asg_schedule_config config;
    uint64_t present;
    struct asg_place place;
};

/* Zeroed: nothing. Lists live in the arena that they are read into. */
struct asg_declared {
    struct asg_declared_group *groups;
    size_t group_count;
    size_t group_capacity;
    struct asg_declared_policy *policies;
    size_t policy_count;
    size_t policy_capacity;
    struct asg_declared_schedule *schedules;
    size_t schedule_count;
    size_t schedule_capacity;
    size_t bytes; /* of the files */
};

/* Of all files together: far more than fits into one order. */
#define ASG_DECLARED_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* Read one file ("-": standard input) and add what it holds. `bare` is what a document
 * without sections holds. ASG_ERR_INVALID, ASG_ERR_LIMIT and what reading gives: error
 * says file, line and what to write. */
ASG_MUST_USE enum asg_status asg_declared_read_file(const char *path,
                                                    enum asg_rules_kind bare,
                                                    struct asg_arena *arena,
                                                    struct asg_declared *ret,
                                                    struct asg_error *error);

/* Read files and folders; of a folder all *.yaml, *.yml and *.json, by name. They are
 * checked as a whole, and put in order: groups by name, policies and scheduled actions by
 * group and name. ASG_ERR_INVALID also when something has no name or no group, or is
 * defined twice. */
ASG_MUST_USE enum asg_status asg_declared_read(const struct asg_texts *paths,
                                               struct asg_arena *arena,
                                               struct asg_declared *ret,
                                               struct asg_error *error);

/* The definition of that group, of what asg_declared_read() gave; NULL: there is none. */
const struct asg_declared_group *asg_declared_find_group(
    const struct asg_declared *declared, const char *name);

/* Where that is written of which a controller's answer says "group web, policy cpu50:
 * .."; its file is NULL when it names nothing of the files. */
struct asg_place asg_declared_place_of(const struct asg_declared *declared,
                                       const char *message);

struct asg_group_config asg_group_defaults(void);
struct asg_mixed asg_mixed_defaults(void);
struct asg_policy_config asg_policy_defaults(void);
struct asg_schedule_config asg_schedule_defaults(void);

#endif
