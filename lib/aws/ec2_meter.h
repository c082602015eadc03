/* ec2_meter - what the calls to EC2 come to: per action how many calls, attempts,
 * throttles, bytes and how long; per action and error code how often.
 *
 * Threads: one counts (the client's owner), any may print. Memory: fixed.
 */
#ifndef ASG_AWS_EC2_METER_H
#define ASG_AWS_EC2_METER_H

#include <stdatomic.h>
#include <stdint.h>

#include "aws/error_class.h"
#include "base/metrics.h"

#define ASG_EC2_METER_ACTIONS 32
#define ASG_EC2_METER_ERRORS                                                             \
    128 /* pairs of action and code; the rest count as "other"                           \
         */
#define ASG_EC2_METER_LABELS 192

/* identifier, name, names of its labels, kind, help; ERROR is the last */
#define ASG_EC2_METER_METRICS(X)                                                         \
    X(CALLS, "openasg_worker_ec2_calls_total", "action", COUNTER,                        \
      "Calls of EC2; repeats of one call are not counted.")                              \
    X(ATTEMPTS, "openasg_worker_ec2_attempts_total", "action", COUNTER,                  \
      "Requests sent to EC2.")                                                           \
    X(THROTTLES, "openasg_worker_ec2_throttles_total", "action", COUNTER,                \
      "Requests that EC2 throttled.")                                                    \
    X(SENT_BYTES, "openasg_worker_ec2_sent_bytes_total", "action", COUNTER,              \
      "Bytes of request bodies.")                                                        \
    X(RECEIVED_BYTES, "openasg_worker_ec2_received_bytes_total", "action", COUNTER,      \
      "Bytes of answers' bodies, decompressed.")                                         \
    X(SECONDS, "openasg_worker_ec2_attempt_duration_seconds", "action", HISTOGRAM,       \
      "From sending a request to the end of its answer.")                                \
    X(ERROR, "openasg_worker_ec2_errors_total", "action,code,class", COUNTER,            \
      "Requests that failed, by EC2's error code and its class.")

enum asg_ec2_meter_row {
#define X(id, name, labels, kind, help) ASG_EC2_METER_##id,
    ASG_EC2_METER_METRICS(X)
#undef X
        ASG_EC2_METER_ROWS
};

struct asg_ec2_meter {
    _Atomic size_t action_count;
    _Atomic size_t error_count;
    const char *actions[ASG_EC2_METER_ACTIONS];
    char action_labels[ASG_EC2_METER_ACTIONS][ASG_EC2_METER_LABELS];
    struct asg_metric rows[ASG_EC2_METER_ERROR][ASG_EC2_METER_ACTIONS];
    char error_labels[ASG_EC2_METER_ERRORS][ASG_EC2_METER_LABELS];
    struct asg_metric errors[ASG_EC2_METER_ERRORS];
};

/* One attempt that ended. */
struct asg_ec2_metered {
    size_t action; /* of asg_ec2_meter_action() */
    enum asg_error_class class;
    const char *code; /* "": none came */
    int64_t duration_us;
    size_t sent_bytes;
    size_t received_bytes;
};

/* The place of an action, made when it is new; `name` must stay. */
size_t asg_ec2_meter_action(struct asg_ec2_meter *meter, const char *name);

void asg_ec2_meter_attempt(struct asg_ec2_meter *meter,
                           const struct asg_ec2_metered *attempt);

static inline void asg_ec2_meter_call(struct asg_ec2_meter *meter, size_t action)
{
    asg_metric_add(&meter->rows[ASG_EC2_METER_CALLS][action], 1);
}

/* Append it all. */
void asg_ec2_meter_print(struct asg_ec2_meter *meter, enum asg_metric_form form,
                         struct asg_bytes *ret);

#endif
