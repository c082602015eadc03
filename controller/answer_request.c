/* answer_request - openasg's questions and orders. Orders become events and are answered
 * when they are durable; questions are answered from the view (answer_view.h), the
 * dispatcher and the log. */

#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "controller/fill_order.h"
#include "controller/metrics.h"
#include "controller/parts.h"
#include "model/check_texts.h"
#include "wire/wire.h"

#define ACTIVITIES_MAX 1000 /* of an answer */
/* Only orders are larger: no halt is, and no question. */
#define UNREAD_BYTES (UINT64_C(64) << 10)

static void refuse(struct asg_controller *controller, uint32_t peer, uint64_t request_no,
                   const char *code, const char *message)
{
    const struct asg_answer answer = {
        .request_no = request_no, .code = code, .message = message};
    asg_send_answer(controller, peer, &answer);
}

/* ---- questions ---- */

static int newest_first(const void *a, const void *b)
{
    int64_t x = ((const struct asg_refusal *)a)->last_ms;
    int64_t y = ((const struct asg_refusal *)b)->last_ms;
    return (x < y) - (x > y);
}

/* Keys at the ports of CURVE, and enrolments. */
static void fill_refused(struct asg_controller *controller, struct asg_answer *answer)
{
    struct asg_arena *arena = &controller->scratch;
    int64_t mono_ms = asg_clock_monotonic_ms(&controller->clock);
    int64_t wall_ms = asg_clock_wall_ms(&controller->clock);
    struct asg_refusal *keys = NULL;
    size_t key_count = 0;
    asg_list_refusals(controller->bus, mono_ms, wall_ms, arena, &keys, &key_count);
    struct asg_refusal *agents = NULL;
    size_t agent_count = 0;
    if (controller->enrolments != NULL) {
        asg_enrolments_refused(controller->enrolments, mono_ms, wall_ms, arena, &agents,
                               &agent_count);
    }
    size_t count = key_count + agent_count;
    answer->refusals = asg_arena_take(arena, (count + 1) * sizeof *answer->refusals);
    for (size_t i = 0; i < count; i++) {
        answer->refusals[i] = i < key_count ? keys[i] : agents[i - key_count];
    }
    answer->refusal_count = count;
    qsort(answer->refusals, count, sizeof *answer->refusals, newest_first);
}

static void stand(struct asg_arena *arena, struct asg_status_view *view,
                  const struct asg_alarm_view *alarm)
{
    struct asg_alarm_view *list =
        asg_arena_take(arena, (view->alarm_count + 1) * sizeof *list);
    for (size_t i = 0; i < view->alarm_count; i++) {
        list[i] = view->alarm_list[i];
    }
    list[view->alarm_count++] = *alarm;
    view->alarm_list = list;
}

/* Core knows of groups and jobs, not of the workers that are here and of what a listing
 * lacks. */
static void add_own_alarms(struct asg_controller *controller,
                           struct asg_status_view *view)
{
    struct asg_arena *arena = &controller->scratch;
    asg_dispatch_alarms(controller->dispatch, asg_clock_monotonic_ms(&controller->clock),
                        arena, &view->alarm_list, &view->alarm_count);
    struct asg_missing_counts counts = asg_reconciler_missing(controller->reconciler);
    if (!counts.is_mass) return;
    const struct asg_alarm_view alarm = {
        .kind = "mass-absence",
        .group = "",
        .text = asg_arena_format(arena,
                                 "mass absence: EC2's listing lacks or ends %u of %u "
                                 "instances, %u of their agents report",
                                 counts.missing, counts.believed, counts.reporting)};
    stand(arena, view, &alarm);
}

/* What the loop alone knows of the status; the view has the rest. */
static void fill_status(struct asg_controller *controller, struct asg_status_view *view)
{
    add_own_alarms(controller, view);
    struct asg_dispatch_counts counts = asg_dispatch_counts(controller->dispatch);
    view->version = ASG_VERSION;
    view->log_head = asg_log_head(asg_commit_log(controller->commit)).seq;
    view->time_ms = controller->log_time.last_ms;
    view->started_ms = controller->started_ms;
    view->agents = (uint32_t)asg_metric_read(&asg_controller_metrics[ASG_COUNT_AGENTS]);
    view->workers = counts.workers;
    view->agents_endpoint = asg_bus_inlet_endpoint(controller->inlet);
    view->workers_endpoint = asg_bus_listener_endpoint(controller->workers);
    view->admin_endpoint = asg_bus_listener_endpoint(controller->admin);
    view->http_endpoint = asg_status_pages_url(controller->http);
    view->api_endpoint = asg_api_url(controller->api);
    const char *announced = controller->settings->announce_agents;
    view->agents_announced = announced[0] != '\0' ? announced : view->agents_endpoint;
    view->enrol_announced = controller->enrol_announced;
}

/* It is answered on a thread of its own, and sent when the loop hears of it. */
static void ask_view(struct asg_controller *controller, uint32_t peer,
                     const struct asg_request *request)
{
    struct asg_status_view status = {0};
    if (request->query == ASG_QUERY_STATUS) fill_status(controller, &status);
    struct asg_question_asked *question = asg_question_new(peer, request, &status);
    if (asg_answer_thread_ask(controller->answers, question) == ASG_OK) return;
    asg_question_free(question);
    refuse(controller, peer, request->request_no, "Throttling",
           "too many requests are in progress; try again in a moment");
}

static void fill_jobs(struct asg_controller *controller,
                      const struct asg_request *request, struct asg_answer *answer)
{
    asg_core_view_jobs(asg_commit_core(controller->commit), request->group,
                       request->only_dead, &controller->scratch, &answer->jobs,
                       &answer->job_count);
    size_t kept = 0;
    for (size_t i = 0; i < answer->job_count; i++) {
        struct asg_job_view *view = &answer->jobs[i];
        if (request->job_id != 0 && view->id != request->job_id) continue;
        view->worker = asg_dispatch_holder(controller->dispatch, view->id);
        answer->jobs[kept++] = *view;
    }
    answer->job_count = kept;
}

/* Read at once: an activity of the last moment may not be there yet. */
static void fill_activities(struct asg_controller *controller,
                            const struct asg_request *request, struct asg_answer *answer)
{
    if (controller->activities == NULL) {
        answer->is_ok = false;
        answer->code = "ServiceUnavailable";
        answer->message =
            "this controller records no activities, because the Auto Scaling "
            "API is off: set listen.api";
        return;
    }
    bool is_of_group = request->group[0] != '\0';
    bool is_fewer = request->limit > 0 && request->limit < ACTIVITIES_MAX;
    const struct asg_activity_query query = {.group = is_of_group ? request->group : NULL,
                                             .with_deleted = is_of_group,
                                             .limit = is_fewer ? request->limit
                                                               : ACTIVITIES_MAX};
    struct asg_arena *arena = &controller->scratch;
    struct asg_indexed_activity *rows = NULL;
    struct asg_error error = {""};
    size_t count = 0;
    if (asg_activity_indexer_find(controller->activities, &query, /* limit_ms */ -1,
                                  arena, &rows, &count, &answer->has_more,
                                  &error) != ASG_OK) {
        answer->is_ok = false;
        answer->code = "InternalFailure";
        answer->message = asg_arena_text(arena, error.text);
        return;
    }
    answer->activities = asg_arena_take(arena, count * sizeof *answer->activities);
    for (size_t i = 0; i < count; i++) {
        answer->activities[i] = rows[i].activity;
    }
    answer->activity_count = count;
}

/* Of an instance that a group has: whatever EC2 runs besides is nobody's to enrol. */
static void fill_join_line(struct asg_controller *controller,
                           const struct asg_request *request, struct asg_answer *answer)
{
    struct asg_belief belief;
    if (!asg_core_find_instance(asg_commit_core(controller->commit), request->name,
                                &belief)) {
        answer->is_ok = false;
        answer->code = "ValidationError";
        answer->message = asg_arena_format(
            &controller->scratch, "no group has an instance '%s'", request->name);
        return;
    }
    answer->join_line =
        asg_instance_join_line(controller, request->name, &controller->scratch);
}

/* An order as it would be taken: with what the edge adds to it. False: *why says what is
 * wrong with it. */
static bool begin_order(struct asg_controller *controller,
                        const struct asg_command *given, const char *actor,
                        struct asg_command *ret, struct asg_error *why)
{
    *ret = *given;
    ret->actor = actor;
    if (asg_model_check_texts(&asg_command_schema, ret, why) != ASG_OK ||
        asg_check_order(ret, why) != ASG_OK) {
        return false;
    }
    asg_fill_order(controller->settings, &controller->scratch, ret);
    return true;
}

/* What the order would be answered now. */
static void try_order(struct asg_controller *controller,
                      const struct asg_request *request, const char *actor,
                      struct asg_answer *answer)
{
    struct asg_command command;
    struct asg_error why = {""};
    struct asg_reply reply = {.code = "ValidationError"};
    if (request->command == NULL) {
        reply.code = "MalformedRequest";
        reply.message = "there is no order to be tried";
    } else if (!begin_order(controller, request->command, actor, &command, &why)) {
        reply.message = asg_arena_text(&controller->scratch, why.text);
    } else {
        asg_core_try_order(asg_commit_core(controller->commit), &command,
                           &controller->scratch, &reply);
    }
    answer->is_ok = reply.is_ok;
    answer->code = reply.code;
    answer->message = reply.message;
}

static void answer_try(struct asg_controller *controller, uint32_t peer,
                       const struct asg_request *request, const char *actor,
                       const char *note)
{
    struct asg_answer answer = {.request_no = request->request_no};
    try_order(controller, request, actor, &answer);
    if (answer.is_ok) answer.note = note;
    asg_send_answer(controller, peer, &answer);
}

static void answer_question(struct asg_controller *controller, uint32_t peer,
                            const struct asg_request *request)
{
    if (asg_view_answers(request->query)) {
        ask_view(controller, peer, request);
        return;
    }
    struct asg_arena *arena = &controller->scratch;
    struct asg_answer answer = {.request_no = request->request_no, .is_ok = true};
    struct asg_error error = {""};
    switch (request->query) {
    case ASG_QUERY_JOBS: fill_jobs(controller, request, &answer); break;
    case ASG_QUERY_DECISIONS:
        if (asg_view_decisions(asg_commit_log(controller->commit), request, arena,
                               &answer, &error) != ASG_OK) {
            answer.is_ok = false;
            answer.code = "InternalFailure";
            answer.message = error.text;
        }
        break;
    case ASG_QUERY_WORKERS:
        asg_dispatch_view(controller->dispatch,
                          asg_clock_monotonic_ms(&controller->clock), arena,
                          &answer.workers, &answer.worker_count);
        break;
    case ASG_QUERY_ACTIVITIES: fill_activities(controller, request, &answer); break;
    case ASG_QUERY_REFUSED: fill_refused(controller, &answer); break;
    case ASG_QUERY_JOIN_LINE: fill_join_line(controller, request, &answer); break;
    default: break;
    }
    asg_send_answer(controller, peer, &answer);
}

/* ---- orders ---- */

/* Orders that only a controller gives itself. */
static bool is_internal(enum asg_command_kind kind)
{
    return kind == ASG_COMMAND_INIT || kind == ASG_COMMAND_LEAD;
}

static void take_order(struct asg_controller *controller, uint32_t peer,
                       const struct asg_request *request, const char *actor,
                       const char *note)
{
    struct asg_command command;
    struct asg_error texts = {""};
    if (is_internal(request->command->kind)) {
        refuse(controller, peer, request->request_no, "AccessDenied",
               "this order is the controller's own");
        return;
    }
    if (!begin_order(controller, request->command, actor, &command, &texts)) {
        refuse(controller, peer, request->request_no, "ValidationError", texts.text);
        return;
    }
    if (command.kind == ASG_COMMAND_RECONCILE && command.force) {
        asg_reconciler_believe(controller->reconciler);
    }
    struct asg_template_config template_config;
    if (command.kind == ASG_COMMAND_TEMPLATE_PUT && command.template_config != NULL) {
        template_config = *command.template_config;
        command.template_config = &template_config;
        template_config.user_data_sha256 = "";
        char hash[65];
        struct asg_error error = {""};
        if (request->attachment.length > 0) {
            if (asg_user_data_save(controller->blobs_path, request->attachment, hash,
                                   &error) != ASG_OK) {
                refuse(controller, peer, request->request_no, "ValidationError",
                       error.text);
                return;
            }
            template_config.user_data_sha256 = asg_arena_text(&controller->scratch, hash);
        }
    }
    struct asg_event event = {.kind = ASG_EVENT_COMMAND, .command = &command};
    const struct asg_waiter waiter = {.kind = ASG_WAITER_ADMIN,
                                      .peer = peer,
                                      .request_no = request->request_no,
                                      .note = note};
    asg_take_event(controller, &event, waiter);
}

/* ---- orders that ask EC2 first ---- */

static bool can_ask(void *context)
{
    struct asg_controller *controller = context;
    uint32_t peer = 0;
    return controller->dispatch != NULL &&
           asg_dispatch_choose_asked(controller->dispatch, NULL, 0,
                                     asg_clock_monotonic_ms(&controller->clock), &peer);
}

static enum asg_template_origin origin_of(void *context, const char *template_name)
{
    const struct asg_controller *controller = context;
    if (controller->commit == NULL) return ASG_TEMPLATE_FOREIGN;
    struct asg_arena arena = {0};
    struct asg_template_view *views = NULL;
    size_t count = 0;
    asg_core_view_templates(asg_commit_core(controller->commit), &arena, &views, &count);
    enum asg_template_origin origin = ASG_TEMPLATE_FOREIGN;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(views[i].name, template_name) != 0) continue;
        bool is_there = views[i].template_id[0] != '\0';
        if (is_there) origin = ASG_TEMPLATE_CREATED;
        if (views[i].job_id != 0) origin = ASG_TEMPLATE_BEING_CREATED;
    }
    asg_arena_clear(&arena);
    return origin;
}

/* Its turn has come. */
static void take_first(void *context, const struct asg_first_order *order)
{
    struct asg_controller *controller = context;
    const struct asg_request *request = order->request;
    asg_arena_reset(&controller->scratch);
    if (controller->commit == NULL) {
        refuse(controller, order->peer, request->request_no, "ServiceUnavailable",
               controller->not_leading);
    } else if (order->refused != NULL) {
        refuse(controller, order->peer, request->request_no, "ValidationError",
               order->refused);
    } else if (request->query != ASG_QUERY_NONE) {
        answer_try(controller, order->peer, request, order->actor, order->note);
    } else {
        take_order(controller, order->peer, request, order->actor, order->note);
    }
}

struct asg_first_ports asg_order_ports(struct asg_controller *controller)
{
    return (struct asg_first_ports){.can_ask = can_ask,
                                    .origin = origin_of,
                                    .take = take_first,
                                    .context = controller};
}

static const char too_many_orders[] =
    "too many orders wait for their turn or for EC2's answer; send it again in a moment";
static const char too_many_of_key[] = "too many orders of this key wait already; send it "
                                      "again when one of them is answered";

/* Behind those of its peer that wait. */
static void wait_for_turn(struct asg_controller *controller,
                          const struct asg_bus_message *message,
                          const struct asg_request *request, const char *actor)
{
    enum asg_status status =
        asg_first_put(controller->first, message->peer, actor, request, message->length);
    if (status == ASG_OK) return;
    refuse(controller, message->peer, request->request_no, "Throttling",
           status == ASG_ERR_LIMIT ? too_many_of_key : too_many_orders);
}

/* Name of the key that speaks, NULL when it is (no longer) on the list. */
static const char *actor_of(struct asg_controller *controller,
                            const struct asg_bus_message *message)
{
    if (controller->settings->allow_plaintext) return "plaintext";
    const char *key = asg_bus_message_user_key(message);
    char name[ASG_ALLOW_NAME_MAX + 1];
    if (key == NULL || !asg_allow_list_find(controller->admins_allowed, key, name)) {
        return NULL;
    }
    return asg_arena_text(&controller->scratch, name);
}

/* What is large is not even read while its key has as many as it may. */
static bool is_large_in_vain(struct asg_controller *controller,
                             const struct asg_bus_message *message, const char *actor)
{
    if (message->length <= UNREAD_BYTES ||
        !asg_first_is_full_of(controller->first, actor, message->length)) {
        return false;
    }
    refuse(controller, message->peer, 0, "Throttling", too_many_of_key);
    return true;
}

/* Its number may be what could not be read: 0 answers whatever the client asked last. */
static void refuse_unread(struct asg_controller *controller,
                          const struct asg_bus_message *message, enum asg_status status)
{
    if (status == ASG_ERR_VERSION) {
        refuse(controller, message->peer, 0, "MalformedRequest",
               "this controller uses another version of the protocol; use the openasg "
               "command of the same release");
        return;
    }
    struct asg_error why = {""};
    asg_wire_explain_message(message->data, message->length, ASG_MESSAGE_REQUEST, &why);
    struct asg_error error = {""};
    (void)asg_fail(&error, ASG_ERR_MALFORMED, "the request could not be decoded: %s",
                   why.text);
    refuse(controller, message->peer, 0, "MalformedRequest", error.text);
}

size_t asg_take_request(struct asg_controller *controller,
                        const struct asg_bus_message *message)
{
    if (ASG_FAILPOINT_FAILS("admin.received")) return 0;
    asg_arena_reset(&controller->scratch);
    const char *actor = actor_of(controller, message);
    if (actor != NULL && is_large_in_vain(controller, message, actor)) return 0;
    struct asg_request request;
    enum asg_status status =
        asg_wire_decode_message(message->data, message->length, ASG_MESSAGE_REQUEST,
                                &controller->scratch, &request);
    if (status != ASG_OK) {
        asg_count(status == ASG_ERR_VERSION ? ASG_COUNT_FRAMES_VERSION
                                            : ASG_COUNT_FRAMES_MALFORMED,
                  1);
        refuse_unread(controller, message, status);
        return message->length;
    }
    if (actor != NULL) {
        asg_welcome(&controller->welcomed, asg_bus_message_user_key(message),
                    asg_bus_message_peer_address(message));
    }
    if (actor == NULL) {
        refuse(controller, message->peer, request.request_no, "AccessDenied",
               "this key is not among the allowed admins");
    } else if (controller->commit == NULL) {
        refuse(controller, message->peer, request.request_no, "ServiceUnavailable",
               controller->not_leading);
    } else if (request.query != ASG_QUERY_NONE && request.query != ASG_QUERY_TRY) {
        answer_question(controller, message->peer, &request);
    } else if (request.command == NULL) {
        refuse(controller, message->peer, request.request_no, "MalformedRequest",
               "neither a query nor a command");
    } else if (asg_first_concerns(controller->first, message->peer, &request,
                                  message->length)) {
        wait_for_turn(controller, message, &request, actor);
    } else if (request.query == ASG_QUERY_TRY) {
        answer_try(controller, message->peer, &request, actor, NULL);
    } else {
        take_order(controller, message->peer, &request, actor, NULL);
    }
    return message->length;
}
