/* kept_answers - what EC2 was asked a moment ago and need not be asked again.
 *
 * Only what was found is kept: a subnet that was not there may be there now. Instances
 * are never kept. The least used makes room. A look-up and a put cost the same however
 * many there are.
 * Time:    monotonic milliseconds, passed in.
 * Threads: one owner (the loop).
 */
#ifndef ASG_CONTROLLER_KEPT_ANSWERS_H
#define ASG_CONTROLLER_KEPT_ANSWERS_H

#include "base/arena.h"
#include "base/text_index.h"
#include "model/question.h"

struct asg_kept_answer;

struct asg_kept_answers {
    struct asg_text_index index;   /* by key; empty at first */
    struct asg_kept_answer *first; /* the last used */
    struct asg_kept_answer *last;
    size_t count;
    size_t most;
    int64_t long_ms;  /* subnets and zones by id, one version of a template */
    int64_t short_ms; /* all that may change at any moment */
};

void asg_kept_answers_clear(struct asg_kept_answers *kept);

/* One text a question: equal ones have equal texts, others have not. In `arena`. */
const char *asg_question_key(const struct asg_question *question,
                             struct asg_arena *arena);

/* The answer, or NULL. It lives until the next put or clear. */
const struct asg_told *asg_kept_answers_find(struct asg_kept_answers *kept,
                                             const char *key, int64_t now_ms);

/* Copied in; what may not be kept is not. */
void asg_kept_answers_put(struct asg_kept_answers *kept, const char *key,
                          const struct asg_question *question,
                          const struct asg_told *told, int64_t now_ms);

#endif
