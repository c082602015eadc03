/* agent_service - openasg.agent.v1.Agent (proto/agent.proto): GetMetrics and Drain, the
 * agent's side and the caller's.
 *
 * Threads: callbacks run on the thread of the server or client they belong to.
 */
#ifndef ASG_RPC_AGENT_SERVICE_H
#define ASG_RPC_AGENT_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "model/report.h"
#include "rpc/client.h"
#include "rpc/server.h"

#define ASG_RPC_AGENT_SERVICE "openasg.agent.v1.Agent" /* its name for health checks */
#define ASG_RPC_AGENT_METHODS 2

struct asg_rpc_metrics {
    const char *instance_id;
    const char *version;
    bool is_reporting;
    uint64_t reports_sent;
    uint64_t reports_dropped;
    bool has_report; /* false before the first measurement */
    struct asg_report report;
};

struct asg_rpc_drain {
    bool is_drained;
    int32_t exit_code; /* -1: stopped, or not run */
    bool has_timed_out;
    const char *detail;
};

/* What the agent does when it is asked. */
struct asg_rpc_agent_handlers {
    /* Fill *ret; its texts must live until the next call on the server's thread. */
    void (*get_metrics)(void *context, struct asg_rpc_metrics *ret);
    /* Begin to drain and answer, now or later and from any thread, by exactly one
     * asg_rpc_drain_reply() or asg_rpc_call_end(). timeout_ms 0: your own limit. */
    void (*drain)(void *context, struct asg_rpc_call *call, const char *reason,
                  uint32_t timeout_ms);
    /* The caller of an open Drain hung up; it must still be answered. May be NULL. */
    void (*drain_hung_up)(void *context, struct asg_rpc_call *call);
    void *context;
};

/* The rows for asg_rpc_server_options.methods; `handlers` must outlive the server. */
void asg_rpc_agent_methods(const struct asg_rpc_agent_handlers *handlers,
                           struct asg_rpc_method ret[ASG_RPC_AGENT_METHODS]);

/* Answer a Drain and end it. */
void asg_rpc_drain_reply(struct asg_rpc_call *call, const struct asg_rpc_drain *drain);

/* `metrics` is NULL unless code is OK; it lives during the callback. */
typedef void asg_rpc_metrics_done(enum asg_rpc_code code, const char *details,
                                  const struct asg_rpc_metrics *metrics, void *context);
typedef void asg_rpc_drain_done(enum asg_rpc_code code, const char *details,
                                const struct asg_rpc_drain *drain, void *context);

/* See asg_rpc_client_call_as() for target, peer, deadline, threads and failures. */
ASG_MUST_USE enum asg_status asg_rpc_agent_get_metrics(
    struct asg_rpc_client *client, const char *target, const char *peer,
    int64_t deadline_ms, asg_rpc_metrics_done *done, void *context);
ASG_MUST_USE enum asg_status asg_rpc_agent_drain(struct asg_rpc_client *client,
                                                 const char *target, const char *peer,
                                                 const char *reason, uint32_t timeout_ms,
                                                 int64_t deadline_ms,
                                                 asg_rpc_drain_done *done, void *context);

#endif
