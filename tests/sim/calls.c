/* calls - orders that come by the API instead of the admin socket: handed to the
 * controller with a call that waits for its answer. Every other one asks EC2 something
 * first, as orders do that must know of subnets, templates or instances. */
#include <stdlib.h>

#include "model/copy.h"
#include "model/schemas.h"
#include "sim/sim.h"

#define BY_QUESTION 2 /* one call of so many asks first */

struct call {
    struct sim_cluster *cluster;
    uint64_t order_no;
    bool is_told; /* what it asked */
    bool is_settled;
    struct call *next; /* of the calls of this controller */
    struct asg_arena arena;
    struct asg_command order; /* that waits for the answer */
};

/* An answer that leaves while its process dies is seen by nobody. */
static void settled(void *context, const struct asg_effects *effects)
{
    struct call *call = context;
    struct sim_cluster *before = our;
    our = call->cluster;
    law_call_is_settled_once(call->order_no, call->is_settled);
    call->is_settled = true;
    if (!our->host.is_dying && effects != NULL) {
        const struct asg_reply *reply = &effects->reply;
        if (reply->is_ok) {
            law_acknowledged_survive(call->order_no);
        } else {
            sim_tell("operator", "call %llu is refused: %s",
                     (unsigned long long)call->order_no, reply->message);
        }
    }
    our = before;
}

static enum asg_status put(struct call *call)
{
    return asg_serve_order(our->controller, &call->order, settled, call);
}

/* Without an answer nothing is ordered; what EC2 refuses is ordered all the same, for
 * core to say no. */
static void told(void *context, const struct asg_told *said)
{
    struct call *call = context;
    struct sim_cluster *before = our;
    our = call->cluster;
    law_call_is_settled_once(call->order_no, call->is_told || call->is_settled);
    call->is_told = true;
    if (said->outcome == ASG_TOLD_UNAVAILABLE) {
        sim_tell("operator", "call %llu learns nothing of EC2: %s",
                 (unsigned long long)call->order_no, said->message);
        call->is_settled = true;
    } else if (put(call) != ASG_OK) {
        call->is_settled = true;
    }
    our = before;
}

static enum asg_status ask_first(struct call *call)
{
    const char *ids[] = {"i-0123456789abcdef0"}; /* nobody's */
    static const enum asg_question_kind kinds[] = {
        ASG_QUESTION_SUBNETS, ASG_QUESTION_ZONES, ASG_QUESTION_INSTANCES};
    struct asg_question question = {
        .kind = kinds[call->order_no % (sizeof kinds / sizeof kinds[0])]};
    if (question.kind == ASG_QUESTION_INSTANCES) {
        question.ids = (struct asg_texts){.items = ids, .count = 1};
    }
    return asg_look_up_ask(our->controller->look_up, "", &question, /* deadline_ms */ 0,
                           told, call);
}

static void forget(struct call *call)
{
    asg_arena_clear(&call->arena);
    free(call);
}

void sim_call(const struct asg_command *command, uint64_t order_no)
{
    if (!our->host.is_up) {
        sim_tell("operator", "call %llu: nobody listens", (unsigned long long)order_no);
        return;
    }
    struct call *call = asg_alloc(1, sizeof *call);
    call->cluster = our;
    call->order_no = order_no;
    asg_model_copy(&asg_command_schema, command, &call->arena, &call->order);
    call->order.actor =
        asg_arena_format(&call->arena, "operator-%llu", (unsigned long long)order_no);
    bool asks = order_no / 3 % BY_QUESTION == 0; /* every third order is a call */
    if ((asks ? ask_first(call) : put(call)) != ASG_OK) {
        forget(call);
        return;
    }
    call->next = our->calls;
    our->calls = call;
}

void sim_end_calls(void)
{
    struct call *call = our->calls;
    while (call != NULL) {
        struct call *next = call->next;
        law_call_is_settled(call->order_no, call->is_settled);
        forget(call);
        call = next;
    }
    our->calls = NULL;
}
