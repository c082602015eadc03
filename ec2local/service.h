/* service - one HTTP request: who is asking for what, and does a fault strike?
 *
 * Flow:    http -> [service] -> ec2_query, imds or control -> http
 * Threads: the handler runs on several at once. Blocks: a latency fault holds its thread.
 */
#ifndef ASG_EC2LOCAL_SERVICE_H
#define ASG_EC2LOCAL_SERVICE_H

#include "base/clock.h"
#include "ec2local/boot.h"
#include "ec2local/call_log.h"
#include "ec2local/control_gate.h"
#include "ec2local/fault.h"
#include "ec2local/imds.h"
#include "ec2local/keys.h"
#include "ec2local/run_world.h"
#include "http/server.h"

struct asg_service;

struct asg_service_options {
    struct asg_run_world *run;
    struct asg_boot *boot; /* NULL: instances have no processes */
    struct asg_imds_server *imds;
    const struct asg_role_keys *roles;
    struct asg_faults *faults;
    struct asg_call_log *calls;
    struct asg_keys *keys;
    const struct asg_control_gate *control;
    struct asg_clock clock;
    const char *region;
    const char *folder;
    bool limits_rates;
};

/* Everything is lent and must outlive the service. */
void asg_service_new(const struct asg_service_options *options, struct asg_service **ret);
void asg_service_destroy(struct asg_service **service);

/* An asg_http_handler; context is the service. */
void asg_service_handle(void *context, const struct asg_http_request *request,
                        struct asg_http_response *response);

#endif
