/* held_answers - answers of orders that launch or end instances, kept back until that is
 * seen in the view or their time is over (setting api.settle).
 *
 * Threads: the loop's.
 */
#ifndef ASG_API_HELD_ANSWERS_H
#define ASG_API_HELD_ANSWERS_H

#include "api/call.h"
#include "view/view.h"

struct asg_held_answer;

struct asg_held_answers {
    struct asg_held_answer *first; /* oldest first */
    struct asg_held_answer *last;  /* NULL: none is held */
};

/* That kind of order launches or ends instances. */
bool asg_order_settles(enum asg_command_kind kind);

/* The group has an instance with an id for each that it wants, and none that is on its
 * way out; or there is no such group. */
bool asg_group_is_settled(const struct asg_root *root, const char *group);

/* `group` must live as long as the call; its answer is whole. */
void asg_held_answers_add(struct asg_held_answers *held, struct asg_api_call *call,
                          const char *group, int64_t until_ms);

/* Send those whose group is settled, or whose time is over. Returns the monotonic moment
 * at which the next one's is (INT64_MAX: none is held). */
int64_t asg_held_answers_look(struct asg_held_answers *held, struct asg_view *view,
                              int64_t mono_ms);

/* Send all of them. */
void asg_held_answers_release(struct asg_held_answers *held);

#endif
