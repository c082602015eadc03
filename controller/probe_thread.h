/* probe_thread - takes the turns of a prober on a thread of its own, every 20 ms and at
 * once when somebody falls silent. */
#ifndef ASG_CONTROLLER_PROBE_THREAD_H
#define ASG_CONTROLLER_PROBE_THREAD_H

#include "controller/probe_agent.h"

struct asg_probe_thread;

/* The prober is lent until the thread is destroyed. ASG_ERR_IO: no thread to be had. */
ASG_MUST_USE enum asg_status asg_probe_thread_new(struct asg_prober *prober,
                                                  struct asg_probe_thread **ret,
                                                  struct asg_error *error);
/* Stops and joins it. */
void asg_probe_thread_destroy(struct asg_probe_thread **thread);

#endif
