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

enum asg_ec2_meter_row {
    ASG_EC2_METER_CALLS,
    ASG_EC2_METER_ATTEMPTS,
    ASG_EC2_METER_THROTTLES,
    ASG_EC2_METER_SENT_BYTES,
    ASG_EC2_METER_RECEIVED_BYTES,
    ASG_EC2_METER_SECONDS,
    ASG_EC2_METER_ROWS
};

struct asg_ec2_meter {
    _Atomic size_t action_count;
    _Atomic size_t error_count;
    const char *actions[ASG_EC2_METER_ACTIONS];
    char action_labels[ASG_EC2_METER_ACTIONS][ASG_EC2_METER_LABELS];
    struct asg_metric rows[ASG_EC2_METER_ROWS][ASG_EC2_METER_ACTIONS];
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

/* Append it all as Prometheus text. */
void asg_ec2_meter_print(struct asg_ec2_meter *meter, struct asg_bytes *ret);

#endif
