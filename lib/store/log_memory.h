/* log_memory - a log that lives in memory, for tests and benches: the same answers as
 * the one on disk, and it fails when it is told to. Nothing is durable. */
#ifndef ASG_STORE_LOG_MEMORY_H
#define ASG_STORE_LOG_MEMORY_H

#include "store/log.h"

/* An empty log; path, is_read_only and is_immutable are not looked at. The caller ends it
 * with asg_log_close(). */
void asg_log_open_memory(const struct asg_log_options *options, struct asg_log **ret);

/* Let the `nth` append from now (1: the next) fail with `status` without keeping
 * anything. ASG_ERR_IO, ASG_ERR_FULL and ASG_ERR_FENCED break the log, as on disk.
 * 0 takes the order back. */
void asg_log_memory_fail_append(struct asg_log *log, uint64_t nth,
                                enum asg_status status);

/* Mend a broken log, as opening it again would. */
void asg_log_memory_reopen(struct asg_log *log);

/* As if a copy had been put in its place that ends with record `seq`: what came later is
 * gone, and snapshots of it. 1 to the head's; nobody reads it meanwhile. */
void asg_log_memory_cut(struct asg_log *log, uint64_t seq);

#endif
