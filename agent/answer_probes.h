/* answer_probes - the agent's gRPC side: grpc.health.v1.Health and
 * openasg.agent.v1.Agent.
 *
 * Health says SERVING for "" and for the agent's own service while the agent runs; what
 * the workload does is not its business. Runs on the thread of lib/rpc.
 */
#ifndef ASG_AGENT_ANSWER_PROBES_H
#define ASG_AGENT_ANSWER_PROBES_H

#include <stdint.h>

#include "agent/run_drain.h"
#include "agent/shown.h"
#include "base/error.h"

struct asg_probes;

/* Listen on `address` ("127.0.0.1:0"). `shown` and `drainer` are lent until destroy.
 * ASG_ERR_INVALID, ASG_ERR_IO: the address; error says which and why. */
ASG_MUST_USE enum asg_status asg_probes_new(const char *address, struct asg_shown *shown,
                                            struct asg_drainer *drainer,
                                            struct asg_probes **ret,
                                            struct asg_error *error);

/* Tell watchers NOT_SERVING, then stop. A NULL *probes is fine. */
void asg_probes_destroy(struct asg_probes **probes);

uint16_t asg_probes_port(const struct asg_probes *probes);

#endif
