/* control - the endpoint for tests and benchmarks: faults, calls, instances.
 *
 * Below /_control/, for who has the key (control_gate.h), without a signature.
 * Threads: any.
 */
#ifndef ASG_EC2LOCAL_CONTROL_H
#define ASG_EC2LOCAL_CONTROL_H

#include "ec2local/service.h"

#define ASG_CONTROL_PREFIX "/_control/"

/* Answer a request whose target begins with ASG_CONTROL_PREFIX. */
void asg_control_answer(const struct asg_service_options *parts,
                        const struct asg_http_request *request,
                        struct asg_http_response *response);

#endif
