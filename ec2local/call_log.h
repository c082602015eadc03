/* call_log - which calls came in, when, and what became of them.
 *
 * Benchmarks measure from a breach to the arrival of RunInstances with it, tests count
 * launches per token. The last ASG_CALL_LOG_MAX calls are kept.
 * Threads: any; one lock inside. Blocks: never.
 */
#ifndef ASG_EC2LOCAL_CALL_LOG_H
#define ASG_EC2LOCAL_CALL_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define ASG_CALL_LOG_MAX 65536

/* One call. The texts are copied. */
struct asg_call_record {
    int64_t wall_us; /* when the request had arrived */
    int64_t monotonic_us;
    int64_t took_us;
    const char *action;
    const char *token; /* ClientToken; "" : none */
    const char *code;  /* error code; "" : fine */
    const char *fault; /* word of the fault that struck; "" : none */
    int http_status;   /* 0: no answer was sent */
    const char *const *ids;
    size_t id_count;
};

struct asg_call_log;

void asg_call_log_new(struct asg_call_log **ret);
void asg_call_log_destroy(struct asg_call_log **log);

void asg_call_log_add(struct asg_call_log *log, const struct asg_call_record *record);
void asg_call_log_clear(struct asg_call_log *log);

/* {"calls":[..],"last":N}: those after number `after`, of one action unless "" and one
 * token unless "". Numbers go on rising after a clear. */
void asg_call_log_print(struct asg_call_log *log, uint64_t after, const char *action,
                        const char *token, struct asg_bytes *out);

#endif
