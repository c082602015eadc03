/* imds - the metadata service of the instances: IMDSv2 only.
 *
 * Which instance asks is told by the unguessable prefix of its endpoint,
 * /imds/<32 hex digits>/latest/...; a token is good for one prefix and a time.
 * Threads: any. Blocks: for the world's lock only.
 */
#ifndef ASG_EC2LOCAL_IMDS_H
#define ASG_EC2LOCAL_IMDS_H

#include "crypto/signed_document.h"
#include "ec2local/role_keys.h"
#include "ec2local/boot.h"
#include "ec2local/run_world.h"
#include "http/server.h"

#define ASG_IMDS_PREFIX "/imds/"

struct asg_imds_server;

struct asg_imds_server_options {
    struct asg_run_world *run; /* all lent */
    struct asg_boot *boot;
    const struct asg_role_keys *roles;
    const struct asg_document_key *document_key; /* NULL: documents have no signature */
    struct asg_clock clock;
};

void asg_imds_server_new(const struct asg_imds_server_options *options,
                         struct asg_imds_server **ret);
void asg_imds_server_destroy(struct asg_imds_server **server);

/* Answer a request whose target begins with ASG_IMDS_PREFIX. */
void asg_imds_server_answer(struct asg_imds_server *server,
                            const struct asg_http_request *request,
                            struct asg_http_response *response);

#endif
