/* collect_result - puts a result together whose instances came in several frames.
 *
 * Flow:    RESULT_PART frames -> [collect] -> result_message -> dispatch
 * Parts of one answer come in order. One that does not follow the last is dropped: the
 * worker sends all of them again until the whole is acknowledged.
 * Threads: one owner (the loop).
 */
#ifndef ASG_CONTROLLER_COLLECT_RESULT_H
#define ASG_CONTROLLER_COLLECT_RESULT_H

#include "base/arena.h"
#include "model/messages.h"

#define ASG_COLLECTED_MAX 4 /* at once; the oldest makes room */

struct asg_collected {
    bool is_used;
    uint32_t peer;
    uint64_t lease_id;
    uint32_t next; /* the part that is missing */
    uint64_t begun_no;
    struct asg_arena arena;
    struct asg_result result;
    size_t instance_capacity;
};

struct asg_collector {
    struct asg_collected slots[ASG_COLLECTED_MAX];
    struct asg_collected *done; /* its memory goes with the next part */
    uint64_t begun_count;
};

void asg_collector_clear(struct asg_collector *collector);

/* Take one part. True: it was the last one and *ret is the whole; it lives until the next
 * part comes. */
bool asg_collect_part(struct asg_collector *collector, uint32_t peer,
                      const struct asg_result_part *part, struct asg_result_message *ret);

#endif
