/* ec2_kept - the last answers to questions that are asked again and again.
 *
 * Who watches instances asks the same of EC2 time after time, and mostly nothing has
 * changed. An answer that is the last one to the same question again, byte for byte but
 * for its request id, says what that one said: its structs are given out once more
 * instead of being read anew.
 * Threads: one owner at a time. Private to ec2_client.
 */
#ifndef ASG_AWS_EC2_KEPT_H
#define ASG_AWS_EC2_KEPT_H

#include "base/arena.h"
#include "base/bytes.h"

#define ASG_EC2_KEPT     8                    /* questions */
#define ASG_EC2_KEPT_MAX ((size_t)512 * 1024) /* bytes of an answer that is kept */

struct asg_ec2_kept_answer {
    struct asg_bytes question; /* the form that was sent; empty: none is kept here */
    struct asg_bytes body;
    size_t id_at; /* of its request id, and how long that is */
    size_t id_length;
    struct asg_arena arena; /* what was read of it */
    void *value;
    uint64_t used; /* the greatest: last */
};

/* All zero: none yet. */
struct asg_ec2_kept {
    struct asg_ec2_kept_answer answers[ASG_EC2_KEPT];
    uint64_t uses;
};

void asg_ec2_kept_clear(struct asg_ec2_kept *kept);

/* The one that says the same; NULL: it has to be read. Its value is good until `kept` is
 * given another answer. */
const struct asg_ec2_kept_answer *asg_ec2_kept_find(struct asg_ec2_kept *kept,
                                                    const struct asg_bytes *question,
                                                    const struct asg_bytes *body);

/* Keep what was read of `body`, instead of the question's last one or of what was not
 * used for longest. Takes contents and memory of *body and *arena and leaves other
 * memory there; `value` must lie in that arena. */
void asg_ec2_kept_put(struct asg_ec2_kept *kept, const struct asg_bytes *question,
                      struct asg_bytes *body, const char *request_id,
                      struct asg_arena *arena, void *value);

#endif
