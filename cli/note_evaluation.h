/* note_evaluation - a preset may be meant for another evaluation than its group has: the
 * period belongs to the group and all of its policies, so this is only said. */
#ifndef ASG_CLI_NOTE_EVALUATION_H
#define ASG_CLI_NOTE_EVALUATION_H

#include "cli/cli.h"
#include "model/group.h"

/* Says on `err` that the policy's preset is meant for another evaluation than its
 * group's, and how to set that. Asks the controller only when the preset is meant for
 * one; when it does not answer, that is said as for any other question. */
void asg_note_evaluation(struct asg_cli *cli, const struct asg_policy_config *policy);

#endif
