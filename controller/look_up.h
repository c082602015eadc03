/* look_up - questions of EC2 that an order needs at once: which zone a subnet is in, what
 * a launch template's versions are, whether an instance is there.
 *
 * Flow:    api (any thread) -> [look_up] -> ASK -> worker -> TOLD -> [look_up] -> told
 * Promise: each question that was taken is told exactly once, on the loop's thread: by
 *          its deadline at the latest, with what EC2 said, or with why nobody knows.
 *          Equal questions under way share one; what was found is kept for a while, so
 *          that a burst of orders costs one call.
 * Time:    the monotonic clock, passed in.
 * Threads: asg_look_up_ask from any; all else is the loop's. No sockets here: they come
 *          in by `ports`.
 */
#ifndef ASG_CONTROLLER_LOOK_UP_H
#define ASG_CONTROLLER_LOOK_UP_H

#include "base/arena.h"
#include "base/status.h"
#include "model/messages.h"

struct asg_look_up;

struct asg_look_up_ports {
    /* Some worker to ask, none of `tried`; false: there is none. */
    bool (*choose)(void *context, const uint32_t *tried, size_t tried_count,
                   uint32_t *ret_peer);
    /* Workers may be on their way: this controller began to lead a moment ago. Then a
     * question waits for one until its deadline. */
    bool (*may_come)(void *context);
    /* Take the right to one call of EC2; false: not before *ret_wait_ms. */
    bool (*may_call)(void *context, enum asg_question_kind kind, int64_t *ret_wait_ms);
    /* Send one message; CLOSED when that peer is gone, BUSY when it takes no more. */
    enum asg_status (*send)(void *context, uint32_t peer, enum asg_message_type type,
                            const void *object);
    /* From the asker's thread: there is something to pump. */
    void (*wake)(void *context);
    void *context;
};

struct asg_look_up_options {
    int64_t deadline_ms;      /* of a question that names none */
    size_t questions_max;     /* not told yet */
    size_t kept_max;          /* answers */
    int64_t kept_ms;          /* answers that seldom change: subnets, zones, a version */
    int64_t kept_changing_ms; /* names, $Latest, $Default */
    struct asg_look_up_ports ports;
};

void asg_look_up_new(const struct asg_look_up_options *options, struct asg_look_up **ret);
/* Tell all that wait that this controller is stopping, and take no more. */
void asg_look_up_close(struct asg_look_up *look_up);
/* Closes it first. No asker may be left. */
void asg_look_up_destroy(struct asg_look_up **look_up);

/* Ask; the question is copied. `asker` names whose question it is: of those of one asker
 * at most a quarter of questions_max waits at once; "": nobody's. deadline_ms counts from
 * now; 0: the default.
 * ASG_ERR_BUSY: too many wait; ASG_ERR_LIMIT: too many of this asker; ASG_ERR_INVALID: no
 * such question, or over its limits; ASG_ERR_CLOSED. In these cases nobody is told. */
ASG_MUST_USE enum asg_status asg_look_up_ask(struct asg_look_up *look_up,
                                             const char *asker,
                                             const struct asg_question *question,
                                             int64_t deadline_ms, asg_told_fn *told,
                                             void *context);

/* A worker's answer. False: that worker was not asked this, or it is too late. */
bool asg_look_up_take(struct asg_look_up *look_up, uint32_t peer,
                      const struct asg_told_message *message, int64_t mono_ms);

/* Answer what is known, ask what is new, ask others, give up. Returns the monotonic
 * moment when it wants to be called again (INT64_MAX: when something happens). */
int64_t asg_look_up_pump(struct asg_look_up *look_up, int64_t mono_ms);

/* Tell all that wait that nobody can be asked: this controller does not lead. */
void asg_look_up_give_up(struct asg_look_up *look_up, const char *why);

struct asg_look_up_counts {
    uint64_t asked;  /* sent to workers */
    uint64_t shared; /* told with another's answer */
    uint64_t kept;   /* told from what is kept */
    uint64_t late;   /* answers that nobody waited for */
    uint64_t unavailable;
    uint32_t waiting;
};
struct asg_look_up_counts asg_look_up_counts(struct asg_look_up *look_up);

#endif
