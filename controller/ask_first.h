/* ask_first - orders of operators that name launch templates, subnets or zones wait here
 * until EC2 has said whether these exist, as the orders of the API do: a slip of the pen
 * is answered at once, and not found out by a launch minutes later.
 *
 * Flow:    admin -> [ask_first] -> look_up -> told -> [ask_first: pump] -> take
 * Promise: each order that was put is taken once by `take`, in the order in which its
 *          peer sent them: what comes while one waits, waits behind it. It is refused
 * when EC2 says that something does not exist, and goes on with a note when nobody can
 * say. Each different template, and up to 200 subnets or zones, are asked for once an
 * order. A template that openasg is creating right now is not asked for.
 *
 * Trials and large orders take long, so they have turns: they wait here too, and one of
 * them is worked at in a pump, the oldest, whoever sent it. Of one key only so many
 * large ones wait, so that no key keeps the loop from the others. Threads: the loop's.
 */
#ifndef ASG_CONTROLLER_ASK_FIRST_H
#define ASG_CONTROLLER_ASK_FIRST_H

#include "base/arena.h"
#include "base/status.h"
#include "controller/look_up.h"
#include "model/messages.h"

struct asg_first;

/* What openasg itself did of a launch template. */
enum asg_template_origin {
    ASG_TEMPLATE_FOREIGN,
    ASG_TEMPLATE_BEING_CREATED,
    ASG_TEMPLATE_CREATED
};

/* All that it points to lives until the pump after the one that it is taken by. */
struct asg_first_order {
    uint32_t peer;
    const char *actor;
    const struct asg_request *request; /* with what was found out of its templates */
    const char *refused;               /* what does not exist, and what to do; NULL */
    const char *note;                  /* what was not checked, and why; NULL */
};

struct asg_first_ports {
    /* A worker is there that could ask EC2. Without one nothing is asked. */
    bool (*can_ask)(void *context);
    enum asg_template_origin (*origin)(void *context, const char *template_name);
    void (*take)(void *context, const struct asg_first_order *order);
    void *context;
};

struct asg_first_options {
    size_t orders_max;    /* that wait at once */
    size_t peer_max;      /* of one peer */
    size_t key_max;       /* of one key */
    size_t bytes_max;     /* of all, as they came */
    size_t large_bytes;   /* an order above is large */
    size_t key_large_max; /* large ones of one key */
    size_t questions_max; /* of one order; what is above is not checked */
    struct asg_look_up *look_up;
    struct asg_first_ports ports;
};

void asg_first_new(const struct asg_first_options *options, struct asg_first **ret);
/* The look-up has been closed: nothing is told any more. What waits is dropped. */
void asg_first_destroy(struct asg_first **first);

/* Must this request be put? It names something to be asked for, is tried only or is
 * large, or its peer has one that waits. `bytes`: its size as it came. */
bool asg_first_concerns(const struct asg_first *first, uint32_t peer,
                        const struct asg_request *request, size_t bytes);

/* One of so many bytes would be refused with ASG_ERR_LIMIT: it need not be read. */
bool asg_first_is_full_of(const struct asg_first *first, const char *actor, size_t bytes);

/* The request is copied. ASG_ERR_BUSY: too many wait; ASG_ERR_LIMIT: too many of this
 * key. */
ASG_MUST_USE enum asg_status asg_first_put(struct asg_first *first, uint32_t peer,
                                           const char *actor,
                                           const struct asg_request *request,
                                           size_t bytes);

/* Ask for those whose turn it is, take those that know. Never blocks. True: one more
 * could be worked at right away; others have their turn before. */
bool asg_first_pump(struct asg_first *first);

size_t asg_first_count(const struct asg_first *first);

#endif
