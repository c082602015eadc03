/* read_scaling - Auto Scaling groups read from AWS, by the operator's own credentials.
 *
 * The source chain of credentials is the worker's (aws/credentials_chain.h), the
 * transport and its retries are those of the EC2 client. Only Describe calls are made
 * (aws/scaling_actions.h, and DescribeSubnets for zones).
 * Threads: one. Blocks: every call, for the network.
 */
#ifndef ASG_CLI_IMPORTS_READ_SCALING_H
#define ASG_CLI_IMPORTS_READ_SCALING_H

#include "base/clock.h"
#include "base/error.h"
#include "cli/imports/import_group.h"
#include "model/schema.h"

struct asg_scaling_options {
    const char *region;       /* NULL or "": as AWS's tools find it */
    const char *profile;      /* NULL or "": AWS_PROFILE, "default" */
    const char *endpoint_url; /* of Auto Scaling; NULL or "": as AWS's tools find it */
    struct asg_clock clock;
    struct asg_arena *arena; /* of everything that is read */
};

struct asg_scaling_reader;

/* Finds region, endpoint and credentials; connects to nobody but their source.
 * ASG_ERR_INVALID: no region, not a URL; ASG_ERR_NOT_FOUND, ASG_ERR_DENIED and so on: no
 * credentials; `error` says what to do. */
ASG_MUST_USE enum asg_status asg_scaling_reader_new(
    const struct asg_scaling_options *options, struct asg_scaling_reader **ret,
    struct asg_error *error);
void asg_scaling_reader_destroy(struct asg_scaling_reader **reader);

const char *asg_scaling_reader_region(const struct asg_scaling_reader *reader);

/* The groups of these names, all of them when there is none, in *ret, and in *answers
 * what else is to be known of them. What may be missing (alarms, launch configurations,
 * hooks, notifications, refreshes, subnets) leaves a refusal in its list. ASG_ERR_DENIED:
 * AWS refuses the credentials or the call; ASG_ERR_BUSY: it throttles; ASG_ERR_IO: no
 * answer; ASG_ERR_INVALID, ASG_ERR_MALFORMED, ASG_ERR_LIMIT. */
ASG_MUST_USE enum asg_status asg_scaling_read(struct asg_scaling_reader *reader,
                                              const struct asg_texts *names,
                                              struct asg_answer_list *ret,
                                              struct asg_import_answers *answers,
                                              struct asg_error *error);

#endif
