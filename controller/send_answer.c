/* send_answer - one frame back to whom asked. */
#include "base/failpoint.h"
#include "base/log.h"
#include "controller/parts.h"
#include "wire/wire.h"

void asg_send_frame(struct asg_controller *controller, uint32_t peer,
                    const struct asg_bytes *frame)
{
    enum asg_status status =
        asg_bus_listener_send(controller->admin, peer, frame->data, frame->length);
    if (status != ASG_OK) {
        asg_log_debug("admin", "answer_lost", "peer=%u: %s", peer,
                      asg_status_text(status));
    }
}

void asg_send_answer(struct asg_controller *controller, uint32_t peer,
                     const struct asg_answer *answer)
{
    asg_bytes_reset(&controller->frame);
    asg_wire_encode_message(ASG_MESSAGE_ANSWER, answer, &controller->frame);
    asg_send_frame(controller, peer, &controller->frame);
}

void asg_send_reply(struct asg_controller *controller, const struct asg_waiter *waiter,
                    const struct asg_reply *reply)
{
    const struct asg_answer answer = {.request_no = waiter->request_no,
                                      .is_ok = reply->is_ok,
                                      .code = reply->code,
                                      .message = reply->message,
                                      .job_id = reply->job_id,
                                      .revision = waiter->revision,
                                      .note = reply->is_ok ? waiter->note : NULL};
    if (ASG_FAILPOINT_FAILS("admin.before_reply")) return;
    asg_send_answer(controller, waiter->peer, &answer);
    ASG_FAILPOINT("admin.after_reply");
}
