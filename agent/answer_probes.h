/* answer_probes - the agent's gRPC side: grpc.health.v1.Health and
 * openasg.agent.v1.Agent, over TLS with a certificate on both sides.
 *
 * It obeys the controller of its own cluster and nobody else: neither other agents of the
 * cluster, whose certificates are as good, nor the controllers of others. Until there is
 * a certificate the port is not open.
 * Health says SERVING for "" and for the agent's own service while the agent runs; what
 * the workload does is not its business. For health clients on this machine that have no
 * certificate there can be a second listener, on loopback, which knows nothing else.
 * Runs on the threads of lib/rpc.
 */
#ifndef ASG_AGENT_ANSWER_PROBES_H
#define ASG_AGENT_ANSWER_PROBES_H

#include <stdint.h>

#include "agent/membership.h"
#include "agent/run_drain.h"
#include "agent/shown.h"
#include "base/error.h"

struct asg_probes;

struct asg_probes_options {
    const char *address;        /* "127.0.0.1:0" */
    const char *health_address; /* plaintext health for this machine; "": none */
    struct asg_shown *shown;    /* lent until destroy, as is the drainer */
    struct asg_drainer *drainer;
};

/* Check the addresses, and open that of health. ASG_ERR_INVALID, ASG_ERR_IO: error says
 * which and why; ASG_ERR_DENIED: health is not to listen beyond loopback. */
ASG_MUST_USE enum asg_status asg_probes_new(const struct asg_probes_options *options,
                                            struct asg_probes **ret,
                                            struct asg_error *error);

/* Tell watchers NOT_SERVING, then stop. A NULL *probes is fine. */
void asg_probes_destroy(struct asg_probes **probes);

/* Open the port with this certificate, or go on with this one instead of the last:
 * connections that are open stay. Fails as new does; then nothing has changed. */
ASG_MUST_USE enum asg_status asg_probes_certify(struct asg_probes *probes,
                                                const struct asg_membership *membership,
                                                struct asg_error *error);

/* 0: not open yet. */
uint16_t asg_probes_port(const struct asg_probes *probes);
uint16_t asg_probes_health_port(const struct asg_probes *probes);

#endif
