/* imds - the metadata service of the instances: IMDSv2 only.
 *
 * Which instance asks is told by the unguessable prefix of its endpoint,
 * /imds/<32 hex digits>/latest/...; a token is good for one prefix and a time.
 * Threads: any. Blocks: for the world's lock only.
 */
#ifndef ASG_EC2LOCAL_IMDS_H
#define ASG_EC2LOCAL_IMDS_H

#include "ec2local/boot.h"
#include "ec2local/run_world.h"
#include "http/server.h"

#define ASG_IMDS_PREFIX "/imds/"

struct asg_imds_server;

void asg_imds_server_new(struct asg_run_world *run, struct asg_boot *boot,
                         struct asg_clock clock, struct asg_imds_server **ret);
void asg_imds_server_destroy(struct asg_imds_server **server);

/* Answer a request whose target begins with ASG_IMDS_PREFIX. */
void asg_imds_server_answer(struct asg_imds_server *server,
                            const struct asg_http_request *request,
                            struct asg_http_response *response);

#endif
