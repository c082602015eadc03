/* note_policy - what an operator may not have meant with a policy, said and no more. */
#ifndef ASG_CLI_FILES_NOTE_POLICY_H
#define ASG_CLI_FILES_NOTE_POLICY_H

#include "cli/cli.h"
#include "model/group.h"

/* Says on `err` that a percentage never reaches the policy's target; or that its preset
 * is meant for another evaluation than its group's (the period belongs to the group and
 * all of its policies), and how to set that. Asks the controller only when the preset is
 * meant for one; when it does not answer, that is said as for any other question. */
void asg_note_policy(struct asg_cli *cli, const struct asg_policy_config *policy);

/* ASG_EXIT_OK, or ASG_EXIT_USAGE and said: a target that its metric never reaches is a
 * slip of the pen. The Auto Scaling API takes it, as AWS does. */
int asg_check_target(struct asg_cli *cli, const struct asg_policy_config *policy);

#endif
