#include "rpc/enrolment_service.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "rpc/enrolment_message.h"

#define ENROLL "/openasg.agent.v1.Enrolment/Enroll"

static void enroll(struct asg_rpc_call *call, const uint8_t *request, size_t length,
                   void *context)
{
    const struct asg_rpc_enrolment_handler *handler = context;
    struct asg_rpc_enroll it;
    struct asg_rpc_message *message = NULL;
    if (asg_rpc_enroll_read(request, length, &it, &message) != ASG_OK) {
        asg_rpc_call_end(call, ASG_RPC_INVALID_ARGUMENT, "not an EnrollRequest");
        return;
    }
    handler->take(handler->context, call, &it, asg_rpc_call_peer_address(call));
    asg_rpc_message_free(&message);
}

void asg_rpc_enrolment_methods(const struct asg_rpc_enrolment_handler *handler,
                               struct asg_rpc_method ret[ASG_RPC_ENROLMENT_METHODS])
{
    /* The handler is only read; the row's context is not const. */
    void *context = NULL;
    memcpy(&context, &handler, sizeof context);
    ret[0] = (struct asg_rpc_method){ENROLL, enroll, NULL, context};
}

void asg_rpc_enrolled_reply(struct asg_rpc_call *call,
                            const struct asg_rpc_enrolled *enrolled)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    asg_rpc_enrolled_write(enrolled, &bytes);
    asg_rpc_call_reply(call, bytes.data, bytes.length);
}

/* Whom to tell what a call came to. */
struct asking {
    asg_rpc_enrolled_done *done;
    void *context;
};

static void take_answer(const struct asg_rpc_reply *reply, void *context)
{
    struct asking asking = *(struct asking *)context;
    free(context);
    if (reply->code != ASG_RPC_OK) {
        asking.done(reply->code, reply->details, NULL, asking.context);
        return;
    }
    struct asg_rpc_enrolled enrolled;
    struct asg_rpc_message *message = NULL;
    if (asg_rpc_enrolled_read(reply->data, reply->length, &enrolled, &message) !=
        ASG_OK) {
        asking.done(ASG_RPC_INTERNAL, "the answer is not an EnrollResponse", NULL,
                    asking.context);
        return;
    }
    asking.done(ASG_RPC_OK, "", &enrolled, asking.context);
    asg_rpc_message_free(&message);
}

enum asg_status asg_rpc_enroll(struct asg_rpc_client *client, const char *target,
                               const char *peer, const struct asg_rpc_enroll *it,
                               int64_t deadline_ms, asg_rpc_enrolled_done *done,
                               void *context)
{
    assert(done != NULL);
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    asg_rpc_enroll_write(it, &bytes);
    struct asking *asking = asg_alloc(1, sizeof *asking);
    *asking = (struct asking){done, context};
    enum asg_status status =
        asg_rpc_client_call_as(client, target, peer, ENROLL, bytes.data, bytes.length,
                               deadline_ms, take_answer, asking);
    if (status != ASG_OK) free(asking);
    return status;
}
