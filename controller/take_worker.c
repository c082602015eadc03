/* take_worker - frames from workers, and what the dispatcher needs to reach them. */
#include <inttypes.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "controller/metrics.h"
#include "controller/parts.h"
#include "wire/wire.h"

#define SWEEPS_AN_AGE 24 /* once an hour, of templates that are a day old */

static enum asg_status send_to_worker(void *context, uint32_t peer,
                                      enum asg_message_type type, const void *object)
{
    struct asg_controller *controller = context;
    asg_bytes_reset(&controller->frame);
    asg_wire_encode_message(type, object, &controller->frame);
    return asg_bus_listener_send(controller->workers, peer, controller->frame.data,
                                 controller->frame.length);
}

/* Now and then a whole listing takes along the wish to look for what fleets have left. */
static const struct asg_sweep *sweep_with(struct asg_controller *controller,
                                          const struct asg_job *job,
                                          struct asg_arena *arena)
{
    int64_t age_ms = controller->settings->template_age_ms;
    int64_t mono_ms = asg_clock_monotonic_ms(&controller->clock);
    bool is_whole = job->describe == NULL || job->describe->instance_ids.count == 0;
    bool is_due = age_ms > 0 && mono_ms >= controller->sweep_at_ms;
    if (job->kind != ASG_JOB_DESCRIBE || !is_whole || !is_due) return NULL;
    controller->sweep_at_ms = mono_ms + age_ms / SWEEPS_AN_AGE;
    struct asg_sweep *sweep = asg_arena_take(arena, sizeof *sweep);
    sweep->older_ms = age_ms;
    asg_dispatch_list_kind(controller->dispatch, ASG_JOB_FLEET, arena, &sweep->live_jobs);
    return sweep;
}

/* By hash; NULL or "": it takes none along. */
static const char *user_data_of(const struct asg_job *job)
{
    if (job->kind == ASG_JOB_TEMPLATE && job->template_config != NULL) {
        return job->template_config->user_data_sha256;
    }
    if (asg_job_is_launch(job->kind) && job->launch != NULL) {
        return job->launch->user_data_sha256;
    }
    return NULL;
}

static const char *prepare(void *context, const struct asg_job *job,
                           struct asg_arena *arena, struct asg_job_message *message)
{
    struct asg_controller *controller = context;
    message->join_stanza = "";
    message->sweep = sweep_with(controller, job, arena);
    if (asg_job_is_launch(job->kind)) {
        message->join_stanza = asg_launch_join_line(controller, job, arena);
    }
    const char *sha256 = user_data_of(job);
    if (sha256 == NULL || sha256[0] == '\0') return NULL;
    struct asg_error error = {""};
    enum asg_status status = asg_user_data_load(controller->blobs_path, sha256, arena,
                                                &message->attachment, &error);
    if (status == ASG_OK) return NULL;
    asg_log_error("dispatch", "user_data_missing",
                  "job=%" PRIu64 " %s; it is not executed", job->id, error.text);
    return asg_arena_format(
        arena,
        "its user data is lost: create the %s again with it, or "
        "restore the file (%s)",
        job->kind == ASG_JOB_TEMPLATE ? "template" : "launch configuration", error.text);
}

static void take_result_event(struct asg_controller *controller,
                              const struct asg_result *result, uint32_t peer);

static void give_up(void *context, const struct asg_result *result)
{
    take_result_event(context, result, 0);
}

static void tell_aside(void *context, const char *worker, const char *why)
{
    struct asg_controller *controller = context;
    asg_log_error("alarm", "worker_put_aside",
                  "worker=%s gets no jobs for %" PRId64
                  " s: %s; check that host, its key, and its credentials",
                  worker, controller->settings->aside_ms / 1000, why);
}

static void tell_refused(void *context, const char *worker, const char *code)
{
    (void)context;
    const char *kind = asg_enum_word(&asg_alarm_kind_words, ASG_ALARM_CREDENTIALS);
    if (code[0] == '\0') {
        asg_log_info("alarm", kind, "worker=%s is over: AWS accepts its credentials",
                     worker);
        return;
    }
    asg_log_error(
        "alarm", kind,
        "worker=%s AWS refuses its credentials (%s): check the keys or the role "
        "of that host, and its policy (docs/credentials.md)",
        worker, code);
}

struct asg_dispatch_ports asg_worker_ports(struct asg_controller *controller)
{
    return (struct asg_dispatch_ports){.send = send_to_worker,
                                       .prepare = prepare,
                                       .give_up = give_up,
                                       .tell_aside = tell_aside,
                                       .tell_refused = tell_refused,
                                       .context = controller};
}

/* ---- questions ---- */

static bool choose_asked(void *context, const uint32_t *tried, size_t tried_count,
                         uint32_t *ret_peer)
{
    struct asg_controller *controller = context;
    if (controller->dispatch == NULL) return false;
    return asg_dispatch_choose_asked(controller->dispatch, tried, tried_count,
                                     asg_clock_monotonic_ms(&controller->clock),
                                     ret_peer);
}

/* To a new leader workers say hello when their next heartbeat is answered. */
static bool may_come(void *context)
{
    const struct asg_controller *controller = context;
    return controller->dispatch != NULL &&
           asg_clock_monotonic_ms(&controller->clock) <
               controller->led_ms + 2 * controller->settings->heartbeat_ms;
}

static bool may_ask(void *context, enum asg_question_kind kind, int64_t *ret_wait_ms)
{
    struct asg_controller *controller = context;
    return asg_dispatch_may_ask(controller->dispatch, kind,
                                asg_clock_monotonic_ms(&controller->clock), ret_wait_ms);
}

static void wake_loop(void *context)
{
    struct asg_controller *controller = context;
    asg_bus_waker_wake(controller->waker);
}

struct asg_look_up_ports asg_question_ports(struct asg_controller *controller)
{
    return (struct asg_look_up_ports){.choose = choose_asked,
                                      .may_come = may_come,
                                      .may_call = may_ask,
                                      .send = send_to_worker,
                                      .wake = wake_loop,
                                      .context = controller};
}

static void take_told(struct asg_controller *controller,
                      const struct asg_bus_message *message, int64_t mono_ms)
{
    struct asg_told_message body;
    if (asg_wire_decode_message(message->data, message->length, ASG_MESSAGE_TOLD,
                                &controller->scratch, &body) != ASG_OK) {
        asg_count(ASG_COUNT_FRAMES_MALFORMED, 1);
        return;
    }
    asg_dispatch_heard(controller->dispatch, message->peer, body.rates, body.rate_count,
                       mono_ms);
    (void)asg_look_up_take(controller->look_up, message->peer, &body, mono_ms);
}

/* A listing that lacks many instances at once: somebody must know of it. */
static void tell_mass(struct asg_controller *controller)
{
    struct asg_missing_counts counts = asg_reconciler_missing(controller->reconciler);
    if (counts.is_mass && !controller->is_mass_absent) {
        asg_log_error(
            "alarm", "mass_absence",
            "EC2's listing lacks or ends %u of %u instances, and %u of their "
            "agents report; not believed %s: check the workers' keys and credentials, "
            "and the account; `openasg reconcile --believe` if it is right",
            counts.missing, counts.believed, counts.reporting,
            counts.reporting > 0 ? "while one does" : "until it persists");
    }
    if (!counts.is_mass && controller->is_mass_absent) {
        asg_log_info("alarm", "mass_absence", "is over: the listing lacks %u of %u",
                     counts.missing, counts.believed);
    }
    controller->is_mass_absent = counts.is_mass;
}

/* It is counted once the result is durable. One that EC2 throttled is asked for again. */
static void note_failed_launch(struct asg_controller *controller,
                               const struct asg_result *result, struct asg_waiter *waiter)
{
    if (result->outcome == ASG_OUTCOME_OK || result->outcome == ASG_OUTCOME_THROTTLED) {
        return;
    }
    const struct asg_job *job = asg_dispatch_job(controller->dispatch, result->job_id);
    if (job == NULL || !asg_job_is_launch(job->kind)) return;
    const struct asg_root *root = asg_view_hold(controller->view);
    const struct asg_page *page = asg_root_find(root, job->group);
    if (page != NULL) waiter->failed_group_no = page->sheet->content.group.group_no;
    asg_view_drop(&root);
    const char *code = result->error_code;
    if (code[0] == '\0') code = asg_enum_word(&asg_outcome_words, (int)result->outcome);
    (void)snprintf(waiter->failed_code, sizeof waiter->failed_code, "%s", code);
}

/* A describe's answer becomes an observation of what differs; any other result is an
 * event as it is. */
static void take_result_event(struct asg_controller *controller,
                              const struct asg_result *result, uint32_t peer)
{
    (void)peer;
    const struct asg_core *core = asg_commit_core(controller->commit);
    struct asg_waiter waiter = {
        .kind = ASG_WAITER_RESULT, .job_id = result->job_id, .attempt = result->attempt};
    note_failed_launch(controller, result, &waiter);
    struct asg_event event = {.kind = ASG_EVENT_RESULT, .result = result};
    struct asg_observed observed;
    bool is_complete = false;
    if (asg_dispatch_is_describe(controller->dispatch, result->job_id, &is_complete)) {
        int64_t log_ms = controller->log_time.last_ms;
        asg_reconcile(controller->reconciler, core, result, is_complete, log_ms,
                      &controller->scratch, &observed);
        tell_mass(controller);
        event = (struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed};
    }
    asg_take_event(controller, &event, waiter);
}

/* A worker that does not hold the lease says that it changed something in EC2. That may
 * be so: look, but not more often than this, whoever says it. */
#define HINT_MS 30000

static void look_at_ec2(struct asg_controller *controller, uint64_t job_id,
                        int64_t mono_ms)
{
    if (mono_ms < controller->hint_at_ms) return;
    controller->hint_at_ms = mono_ms + HINT_MS;
    asg_log_warn("dispatch", "result_of_another",
                 "job=%" PRIu64 " was answered by a worker that does not hold its lease; "
                 "ignored, checking EC2",
                 job_id);
    const struct asg_command command = {.kind = ASG_COMMAND_RECONCILE,
                                        .actor = "controller",
                                        .cluster_id = "",
                                        .group = "",
                                        .name = ""};
    struct asg_event event = {.kind = ASG_EVENT_COMMAND, .command = &command};
    asg_take_event(controller, &event, (struct asg_waiter){0});
}

static void take_whole_result(struct asg_controller *controller, uint32_t peer,
                              const struct asg_result_message *body, int64_t mono_ms)
{
    if (ASG_FAILPOINT_FAILS("result.received")) return;
    struct asg_result result;
    enum asg_result_verdict verdict =
        asg_dispatch_take_result(controller->dispatch, peer, body, &result, mono_ms);
    if (verdict == ASG_RESULT_NEW) take_result_event(controller, &result, peer);
    if (verdict == ASG_RESULT_HINT)
        look_at_ec2(controller, body->result->job_id, mono_ms);
}

static void take_result(struct asg_controller *controller,
                        const struct asg_bus_message *message, int64_t mono_ms)
{
    struct asg_result_message body;
    if (asg_wire_decode_message(message->data, message->length, ASG_MESSAGE_RESULT,
                                &controller->scratch, &body) != ASG_OK ||
        body.result == NULL) {
        asg_count(ASG_COUNT_FRAMES_MALFORMED, 1);
        return;
    }
    take_whole_result(controller, message->peer, &body, mono_ms);
}

static void take_result_part(struct asg_controller *controller,
                             const struct asg_bus_message *message, int64_t mono_ms)
{
    struct asg_result_part part;
    if (asg_wire_decode_message(message->data, message->length, ASG_MESSAGE_RESULT_PART,
                                &controller->scratch, &part) != ASG_OK ||
        part.message.result == NULL) {
        asg_count(ASG_COUNT_FRAMES_MALFORMED, 1);
        return;
    }
    struct asg_result_message whole;
    if (asg_collect_part(&controller->collector, message->peer, &part, &whole)) {
        take_whole_result(controller, message->peer, &whole, mono_ms);
    }
}

/* Each is a record of the log, whatever it claims. Workers serve one leader, so that a
 * second is rare; who comes too soon says hello again. */
#define WITNESS_MS 1000

/* One that has served a leader which this log does not have: the log is an old copy, and
 * says so before the worker is welcomed. A leader that was only overtaken cannot write
 * that, finds it out, and so takes no worker from the one that leads. True: the worker
 * has to say hello again. */
static bool is_witness(struct asg_controller *controller, const struct asg_hello *hello,
                       int64_t mono_ms)
{
    const struct asg_core *core = asg_commit_core(controller->commit);
    if (hello->incarnation == 0) return false;
    if (asg_core_knows_lead(core, hello->epoch, hello->incarnation)) {
        bool is_later = hello->epoch >= asg_core_epoch(core) &&
                        hello->incarnation != asg_core_incarnation(core);
        return is_later && asg_commit_staged(controller->commit) > 0;
    }
    if (mono_ms < controller->witness_at_ms) return true;
    controller->witness_at_ms = mono_ms + WITNESS_MS;
    const struct asg_witness witness = {.kind = ASG_WITNESS_WORKER,
                                        .name = hello->worker,
                                        .epoch = hello->epoch,
                                        .incarnation = hello->incarnation};
    struct asg_event event = {.kind = ASG_EVENT_WITNESS, .witness = &witness};
    asg_take_event(controller, &event, (struct asg_waiter){0});
    return true;
}

static void take_hello(struct asg_controller *controller,
                       const struct asg_bus_message *message, int64_t mono_ms)
{
    struct asg_hello hello;
    if (asg_wire_decode_message(message->data, message->length, ASG_MESSAGE_HELLO,
                                &controller->scratch, &hello) != ASG_OK) {
        asg_count(ASG_COUNT_FRAMES_MALFORMED, 1);
        return;
    }
    const char *key = asg_bus_message_user_key(message);
    const char *address = asg_bus_message_peer_address(message);
    asg_log_info_rate("dispatch", "worker_hello",
                      "worker=%s address=%s credits=%u held=%zu", hello.worker,
                      address != NULL ? address : "?", hello.credits, hello.held_count);
    asg_welcome(&controller->welcomed, key, address);
    if (is_witness(controller, &hello, mono_ms)) return;
    asg_dispatch_hello(controller->dispatch, message->peer, key != NULL ? key : "",
                       address != NULL ? address : "", &hello, mono_ms);
}

static void take_heartbeat(struct asg_controller *controller,
                           const struct asg_bus_message *message, int64_t mono_ms)
{
    struct asg_heartbeat heartbeat;
    if (asg_wire_decode_message(message->data, message->length, ASG_MESSAGE_HEARTBEAT,
                                &controller->scratch, &heartbeat) != ASG_OK) {
        asg_count(ASG_COUNT_FRAMES_MALFORMED, 1);
        return;
    }
    (void)asg_dispatch_heartbeat(controller->dispatch, message->peer, &heartbeat,
                                 mono_ms);
}

static void take_hand_back(struct asg_controller *controller,
                           const struct asg_bus_message *message, int64_t mono_ms)
{
    struct asg_hand_back hand_back;
    if (asg_wire_decode_message(message->data, message->length, ASG_MESSAGE_HAND_BACK,
                                &controller->scratch, &hand_back) != ASG_OK) {
        asg_count(ASG_COUNT_FRAMES_MALFORMED, 1);
        return;
    }
    asg_dispatch_hand_back(controller->dispatch, message->peer, &hand_back, mono_ms);
}

/* The list may have changed since this connection was let in; the bus looks too, and ends
 * the connection. */
static bool is_still_allowed(struct asg_controller *controller,
                             const struct asg_bus_message *message)
{
    if (controller->settings->allow_plaintext) return true;
    const char *key = asg_bus_message_user_key(message);
    return key != NULL && asg_allow_list_find(controller->workers_allowed, key, NULL);
}

void asg_take_worker_frame(struct asg_controller *controller,
                           const struct asg_bus_message *message)
{
    if (ASG_FAILPOINT_FAILS("worker_frame.received")) return;
    enum asg_message_type type;
    enum asg_status status = asg_wire_message_type(message->data, message->length, &type);
    if (status != ASG_OK) {
        asg_count(status == ASG_ERR_VERSION ? ASG_COUNT_FRAMES_VERSION
                                            : ASG_COUNT_FRAMES_MALFORMED,
                  1);
        asg_log_warn_rate("dispatch", "frame_refused",
                          "peer=%u bytes=%zu: %s, dropping it", message->peer,
                          message->length, asg_status_text(status));
        return;
    }
    if (controller->commit == NULL || !is_still_allowed(controller, message)) return;
    if (type != ASG_MESSAGE_HELLO &&
        !asg_dispatch_is_of(controller->dispatch, message->peer,
                            asg_bus_message_user_key(message))) {
        asg_dispatch_ask_hello(controller->dispatch, message->peer);
        return;
    }
    asg_arena_reset(&controller->scratch);
    int64_t mono_ms = asg_clock_monotonic_ms(&controller->clock);
    switch (type) {
    case ASG_MESSAGE_RESULT: take_result(controller, message, mono_ms); break;
    case ASG_MESSAGE_RESULT_PART: take_result_part(controller, message, mono_ms); break;
    case ASG_MESSAGE_HEARTBEAT: take_heartbeat(controller, message, mono_ms); break;
    case ASG_MESSAGE_HELLO: take_hello(controller, message, mono_ms); break;
    case ASG_MESSAGE_HAND_BACK: take_hand_back(controller, message, mono_ms); break;
    case ASG_MESSAGE_TOLD: take_told(controller, message, mono_ms); break;
    default: asg_count(ASG_COUNT_FRAMES_MALFORMED, 1); break;
    }
}
