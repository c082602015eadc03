/* calls - orders that come by the API instead of the admin socket: handed to the
 * controller with a call that waits for its answer. */
#include <stdlib.h>

#include "sim/sim.h"

struct call {
    struct sim_cluster *cluster;
    uint64_t order_no;
    bool is_settled;
    struct call *next; /* of the calls of this controller */
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

void sim_call(const struct asg_command *command, uint64_t order_no)
{
    if (!our->host.is_up) {
        sim_tell("operator", "call %llu: nobody listens", (unsigned long long)order_no);
        return;
    }
    struct call *call = asg_alloc(1, sizeof *call);
    *call = (struct call){.cluster = our, .order_no = order_no, .next = our->calls};
    struct asg_command order = *command;
    char actor[32];
    (void)snprintf(actor, sizeof actor, "operator-%llu", (unsigned long long)order_no);
    order.actor = actor;
    if (asg_serve_order(our->controller, &order, settled, call) != ASG_OK) {
        free(call);
        return;
    }
    our->calls = call;
}

void sim_end_calls(void)
{
    struct call *call = our->calls;
    while (call != NULL) {
        struct call *next = call->next;
        law_call_is_settled(call->order_no, call->is_settled);
        free(call);
        call = next;
    }
    our->calls = NULL;
}
