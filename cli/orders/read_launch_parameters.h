/* read_launch_parameters - launch parameters from a file or from NAME=VALUE options.
 *
 * Files are those that `aws ec2 create-launch-template --launch-template-data` takes, as
 * YAML or JSON. Names are EC2's; lists are numbered from 1 in options:
 * BlockDeviceMappings.1.Ebs.VolumeSize=20.
 */
#ifndef ASG_CLI_ORDERS_READ_LAUNCH_PARAMETERS_H
#define ASG_CLI_ORDERS_READ_LAUNCH_PARAMETERS_H

#include "base/arena.h"
#include "base/error.h"
#include "model/group.h"
#include "model/schema.h"

struct asg_launch_list {
    struct asg_launch_parameter *items;
    size_t count;
    size_t capacity;
};

/* Add what a file says. ASG_ERR_INVALID, ASG_ERR_LIMIT and what reading a file gives: the
 * text says where and why. */
ASG_MUST_USE enum asg_status asg_read_launch_file(const char *path,
                                                  struct asg_arena *arena,
                                                  struct asg_launch_list *ret,
                                                  struct asg_error *error);

/* Add what NAME=VALUE texts say. ASG_ERR_INVALID. */
ASG_MUST_USE enum asg_status asg_read_launch_texts(const struct asg_texts *texts,
                                                   struct asg_arena *arena,
                                                   struct asg_launch_list *ret,
                                                   struct asg_error *error);

/* Take a parameter out of the list: its value, NULL when it is not there. */
const char *asg_take_launch_parameter(struct asg_launch_list *list, const char *name);

#endif
