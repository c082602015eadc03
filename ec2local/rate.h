/* rate - EC2's request and resource buckets (EC2 API reference, "Request throttling").
 *
 * Two buckets are checked together: one token a request, and for launches, starts, stops
 * and terminations one token an instance. Off unless ec2local is told otherwise.
 * Time: microseconds, monotonic, passed in. Threads: one owner at a time.
 */
#ifndef ASG_EC2LOCAL_RATE_H
#define ASG_EC2LOCAL_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define ASG_RATE_BUCKETS 16

struct asg_rate_bucket {
    int64_t level_milli; /* thousandths of a token */
    int64_t at_us;
    bool is_begun;
};

struct asg_rate {
    struct asg_rate_bucket requests[ASG_RATE_BUCKETS];
    struct asg_rate_bucket resources[ASG_RATE_BUCKETS];
};

/* Take a request of an action on `resources` instances. `is_narrow`: a Describe with a
 * filter, ids or pages, which has the larger bucket. false: RequestLimitExceeded. */
bool asg_rate_take(struct asg_rate *rate, const char *action, bool is_narrow,
                   int64_t resources, int64_t now_us);

#endif
