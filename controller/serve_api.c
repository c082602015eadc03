/* serve_api - the API's orders come in by the inbox, each with the call that waits for
 * it.
 */
#include "controller/metrics.h"
#include "controller/parts.h"
#include "model/check_texts.h"
#include "model/copy.h"
#include "model/schemas.h"

static bool is_leading(void *context)
{
    const struct asg_controller *controller = context;
    return atomic_load(&controller->is_leading);
}

enum asg_status asg_serve_order(struct asg_controller *controller,
                                const struct asg_command *command,
                                asg_api_settled *settled, void *call)
{
    struct asg_inbox_item *item = asg_inbox_begin(controller->inbox);
    if (item == NULL) {
        asg_count(ASG_COUNT_INBOX_FULL, 1);
        return ASG_ERR_LIMIT;
    }
    struct asg_command *copy = asg_arena_take(&item->arena, sizeof *copy);
    asg_model_copy(&asg_command_schema, command, &item->arena, copy);
    item->event.kind = ASG_EVENT_COMMAND;
    item->event.command = copy;
    item->waiter =
        (struct asg_waiter){.kind = ASG_WAITER_CALL, .settled = settled, .call = call};
    asg_inbox_put(controller->inbox, item);
    return ASG_OK;
}

static enum asg_status take_order(void *context, const struct asg_command *command,
                                  asg_api_settled *settled, void *call)
{
    return asg_serve_order(context, command, settled, call);
}

static enum asg_status look_up(void *context, const struct asg_question *question,
                               asg_told_fn *told, void *call)
{
    struct asg_controller *controller = context;
    return asg_look_up_ask(controller->look_up, question, 0, told, call);
}

static void count_answer(void *context, int http_status, int64_t duration_us)
{
    (void)context;
    asg_count(http_status < 400   ? ASG_COUNT_API_OK
              : http_status < 500 ? ASG_COUNT_API_REFUSED
                                  : ASG_COUNT_API_FAILED,
              1);
    asg_metric_observe_us(&asg_controller_metrics[ASG_COUNT_API_SECONDS], duration_us);
}

enum asg_status asg_serve_api_new(struct asg_controller *controller,
                                  struct asg_error *error)
{
    const struct asg_controller_settings *settings = controller->settings;
    if (settings->listen_api[0] == '\0') return ASG_OK;
    const struct asg_api_options options = {
        .where = settings->listen_api,
        .region = settings->region,
        .account_id = settings->account_id,
        .ports = {.context = controller,
                  .clock = controller->clock,
                  .view = controller->view,
                  .is_leading = is_leading,
                  .order = take_order,
                  .look_up = look_up,
                  .answered = count_answer},
    };
    return asg_api_new(&options, &controller->api, error);
}
