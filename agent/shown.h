/* shown - what the agent tells those who ask: its last report and how it fares.
 *
 * The main loop writes, the gRPC thread reads.
 * Threads: any; one small lock.
 */
#ifndef ASG_AGENT_SHOWN_H
#define ASG_AGENT_SHOWN_H

#include <pthread.h>

#include "rpc/agent_service.h"

struct asg_shown {
    pthread_mutex_t mutex;
    struct asg_rpc_metrics metrics; /* its texts are static or outlive the agent */
};

/* `instance_id` is lent for as long as this lives. */
void asg_shown_init(struct asg_shown *shown, const char *instance_id);
void asg_shown_clear(struct asg_shown *shown);

void asg_shown_report(struct asg_shown *shown, const struct asg_report *report);
void asg_shown_counts(struct asg_shown *shown, uint64_t sent, uint64_t dropped);
void asg_shown_reporting(struct asg_shown *shown, bool is_reporting);

struct asg_rpc_metrics asg_shown_read(struct asg_shown *shown);

#endif
