/* answer_thread - answers questions from the view on a thread of its own, one after
 * another in the order in which they came.
 *
 * Flow:    the loop -> [ask] -> answer_view -> `wake` -> the loop -> [take] -> sent
 */
#ifndef ASG_CONTROLLER_ANSWER_THREAD_H
#define ASG_CONTROLLER_ANSWER_THREAD_H

#include "base/error.h"
#include "controller/answer_view.h"

#define ASG_QUESTIONS_MAX 256 /* on their way; more are refused */

struct asg_answer_thread;

/* The sources are lent until it is destroyed. `wake` is called when an answer is there.
 * ASG_ERR_IO: no thread to be had. */
ASG_MUST_USE enum asg_status asg_answer_thread_new(
    const struct asg_answer_sources *sources, void (*wake)(void *context), void *context,
    struct asg_answer_thread **ret, struct asg_error *error);

/* Stops and joins it; what is on its way is answered to nobody. */
void asg_answer_thread_destroy(struct asg_answer_thread **thread);

/* Taken over. ASG_ERR_LIMIT: too many are on their way, it is still the caller's. */
ASG_MUST_USE enum asg_status asg_answer_thread_ask(struct asg_answer_thread *thread,
                                                   struct asg_question_asked *question);

/* The next one that is answered, for the caller to send and free; NULL: none. */
struct asg_question_asked *asg_answer_thread_take(struct asg_answer_thread *thread);

#endif
