/* answer_view - openasg's questions that the view answers: status, groups, instances,
 * policies, scheduled actions, templates and orphans.
 *
 * Flow:    request -> the loop adds what it alone knows -> [answer, on a thread of its
 *          own] -> a frame -> the loop sends it
 * However many groups there are, no decision waits for an answer.
 * Threads: any. Blocks: never.
 */
#ifndef ASG_CONTROLLER_ANSWER_VIEW_H
#define ASG_CONTROLLER_ANSWER_VIEW_H

#include "controller/ingest_report.h"
#include "view/view.h"

/* What answers are made from; lent. */
struct asg_answer_sources {
    struct asg_view *view;
    struct asg_ingest *ingest; /* what the agents say; NULL: nothing */
};

struct asg_question_asked {
    struct asg_question_asked *next; /* for queues */
    struct asg_arena arena;
    uint32_t peer;
    struct asg_request request;
    struct asg_status_view status; /* STATUS: what the loop knows; its alarms come last */
    struct asg_bytes frame;        /* the answer */
};

/* Is that question one for the view? */
bool asg_view_answers(enum asg_query query);

/* A copy of the request; `status` may be NULL. The caller ends it with
 * asg_question_free(). */
struct asg_question_asked *asg_question_new(uint32_t peer,
                                            const struct asg_request *request,
                                            const struct asg_status_view *status);
void asg_question_free(struct asg_question_asked *question);

/* Fill in its frame. */
void asg_question_answer(struct asg_question_asked *question,
                         const struct asg_answer_sources *sources);

#endif
