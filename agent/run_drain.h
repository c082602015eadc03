/* run_drain - runs the drain script before the instance is terminated.
 *
 * One run at a time, on a thread that exists only meanwhile. Whoever asks during a run
 * waits for that run; after one that succeeded everyone is told so at once; after one
 * that failed the next who asks starts another. So nobody but the controller of our
 * cluster may get here (answer_probes.h): a run that a stranger began would have been
 * "done before". The script gets OPENASG_DRAIN_REASON, without control characters, and
 * OPENASG_INSTANCE_ID in its environment, a process group of its own and no input. At its
 * time limit the group gets SIGTERM, and SIGKILL two seconds later.
 * Threads: any.
 */
#ifndef ASG_AGENT_RUN_DRAIN_H
#define ASG_AGENT_RUN_DRAIN_H

#include <stdint.h>

#include "rpc/agent_service.h"

#define ASG_DRAIN_WAITERS_MAX 16

struct asg_drainer;

struct asg_drainer_options {
    const char *script;      /* "" : there is nothing to do, a drain succeeds at once */
    const char *instance_id; /* both are copied */
    int64_t timeout_ms;      /* the most a run may take */
};

struct asg_drainer *asg_drainer_new(const struct asg_drainer_options *options);

/* Stops a run (its script is killed) and waits for its thread. Calls that still wait are
 * answered first. A NULL *drainer is fine. */
void asg_drainer_destroy(struct asg_drainer **drainer);

/* Answer `call` when the drain is over. timeout_ms 0: the longest. */
void asg_drainer_ask(struct asg_drainer *drainer, struct asg_rpc_call *call,
                     const char *reason, uint32_t timeout_ms);

/* `call` does not wait any more; it is ended. */
void asg_drainer_forget(struct asg_drainer *drainer, struct asg_rpc_call *call);

#endif
