/* import_group - what AWS says of an Auto Scaling group as openasg's group, policies and
 * scheduled actions, with a note for everything that openasg does not have.
 *
 * Flow:    read_scaling.h -> answers -> asg_import_group -> command_import.c -> a file
 *          that `openasg apply` takes
 * Nothing is passed over in silence: a member that is not known here becomes a note too.
 * Pure: no clock but the one passed in, no network. Threads: no state.
 */
#ifndef ASG_CLI_IMPORTS_IMPORT_GROUP_H
#define ASG_CLI_IMPORTS_IMPORT_GROUP_H

#include "aws/answer_tree.h"
#include "aws/ec2_actions.h"
#include "base/arena.h"
#include "model/group.h"

/* A list of members of AWS's answers. */
struct asg_answer_list {
    const struct asg_answer_node **items;
    size_t count;
    size_t capacity;
    /* Not NULL: it could not be read, and this is why. */
    const char *refusal;
};

/* All that AWS was asked, of one group or of several; members of others are skipped. */
struct asg_import_answers {
    const char *region;
    struct asg_answer_list policies;
    struct asg_answer_list schedules;
    struct asg_answer_list hooks;
    struct asg_answer_list notifications;
    struct asg_answer_list refreshes;
    struct asg_answer_list alarms;
    struct asg_answer_list launch_configurations;
    const struct asg_ec2_subnet *subnets; /* for their zones */
    size_t subnet_count;
    const char *subnets_refusal; /* as of a list */
    int64_t now_ms;
};

/* What does not come along, and what to do about it; two whole sentences. */
struct asg_import_note {
    const char *what;
    const char *todo;
};

struct asg_imported {
    struct asg_group_config group;
    struct asg_policy_config *policies;
    size_t policy_count;
    struct asg_schedule_config *schedules;
    size_t schedule_count;
    struct asg_import_note *notes;
    size_t note_count;
    size_t instance_count; /* that AWS runs of it */
};

/* `group` is a member of AutoScalingGroups. Everything in *ret lives in `arena` or in the
 * answers. */
void asg_import_group(const struct asg_answer_node *group,
                      const struct asg_import_answers *answers, struct asg_arena *arena,
                      struct asg_imported *ret);

#endif
