#include "controller/controller.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/notify.h"
#include "controller/metrics.h"
#include "controller/parts.h"
#include "controller/publish_view.h"
#include "crypto/crypto.h"

#define BATCH_EVENTS 512 /* staged before a commit is forced */
#define INBOX_ITEMS  8192
#define QUESTIONS    1024 /* of EC2 that wait at once */
#define ANSWERS_KEPT 1024
/* Operators' orders that wait for EC2's answer, and what one of them may ask. */
#define FIRST_ORDERS    256
#define FIRST_OF_PEER   64
#define FIRST_BYTES     (UINT64_C(64) << 20)
#define FIRST_QUESTIONS 100
/* What the orders of one key may take of it; a large one takes the loop longer than all
 * else does, 0.1 s a MiB. */
#define FIRST_OF_KEY       128
#define FIRST_LARGE        (UINT64_C(64) << 10)
#define FIRST_LARGE_OF_KEY 4
#define ADMIN_TURN_BYTES   (UINT64_C(8) << 20) /* read of admins in a turn */
#define RETRY_MS           2000                /* between two tries to lead again */
#define IDLE_MS            1000
#define ALLOW_EVERY_MS     1000 /* the folders of allowed keys are read anew */
/* A turn is due at least so often, and one that is late by so much is of a process that
 * stood still: stopped, or on a machine that was suspended. */
#define TURN_MS  60000
#define STILL_MS 60000

/* ---- what follows from events ---- */

static void tell_alarms(const struct asg_effects *effects)
{
    for (size_t i = 0; i < effects->alarm_count; i++) {
        const struct asg_alarm *alarm = &effects->alarms[i];
        const char *kind = asg_enum_word(&asg_alarm_kind_words, (int)alarm->kind);
        if (alarm->is_raised) {
            asg_log_error("alarm", kind, "group=%s %s", alarm->group, alarm->text);
        } else {
            asg_log_info("alarm", kind, "group=%s is over: %s", alarm->group,
                         alarm->text);
        }
    }
}

static void tell_decisions(const struct asg_effects *effects)
{
    for (size_t i = 0; i < effects->decision_count; i++) {
        const struct asg_decision *decision = &effects->decisions[i];
        asg_log_info("core", asg_enum_word(&asg_decision_kind_words, (int)decision->kind),
                     "group=%s %s", decision->group, decision->text);
    }
    asg_count(ASG_COUNT_DECISIONS, (int64_t)effects->decision_count);
}

static void count_release(struct asg_controller *controller,
                          const struct asg_waiter *waiter,
                          const struct asg_effects *effects)
{
    if (effects->decision_count > 0 || effects->watch_count > 0) {
        const struct asg_root *root = asg_view_hold(controller->view);
        asg_group_metrics_decided(controller->group_metrics, effects, root,
                                  asg_root_time_ms(root));
        asg_view_drop(&root);
    }
    if (waiter->kind == ASG_WAITER_RESULT && waiter->failed_group_no != 0) {
        asg_group_metrics_launch_failed(controller->group_metrics,
                                        waiter->failed_group_no, waiter->failed_code);
    }
}

/* One durable event: now, and only now, the world may know. */
static void release(void *context, const struct asg_waiter *waiter,
                    const struct asg_effects *effects)
{
    struct asg_controller *controller = context;
    if (controller->activities != NULL) {
        uint64_t seq = asg_log_head(asg_commit_log(controller->commit)).seq;
        asg_activity_indexer_tell(controller->activities, seq, effects);
    }
    if (waiter->kind == ASG_WAITER_RESULT) {
        asg_dispatch_settle(controller->dispatch, waiter->job_id, waiter->attempt);
    }
    for (size_t i = 0; i < effects->closed_jobs.count; i++) {
        asg_dispatch_close(controller->dispatch, effects->closed_jobs.items[i]);
    }
    for (size_t i = 0; i < effects->recalled_jobs.count; i++) {
        asg_dispatch_recall(controller->dispatch, effects->recalled_jobs.items[i]);
    }
    for (size_t i = 0; i < effects->job_count; i++) {
        asg_dispatch_add(controller->dispatch, &effects->jobs[i]);
    }
    asg_dispatch_halt(controller->dispatch, effects->is_halted);
    asg_ingest_take_members(controller->ingest, effects);
    for (size_t i = 0; i < effects->drain_count; i++) {
        asg_prober_drain(controller->prober, effects->drains[i].instance_id,
                         effects->drains[i].limit_ms);
    }
    if (waiter->kind == ASG_WAITER_ADMIN) {
        asg_send_reply(controller, waiter, &effects->reply);
    }
    if (waiter->kind == ASG_WAITER_CALL) waiter->settled(waiter->call, effects);
    tell_decisions(effects);
    count_release(controller, waiter, effects);
    tell_alarms(effects);
    asg_gauge(ASG_COUNT_IS_HALTED, effects->is_halted ? 1 : 0);
}

/* ---- leading ---- */

static void stop_leading(struct asg_controller *controller, const char *why)
{
    asg_log_error("lead", "stopped_leading",
                  "%s; nothing was released; opening the log again every %d s", why,
                  RETRY_MS / 1000);
    (void)snprintf(controller->not_leading, sizeof controller->not_leading,
                   "this controller does not lead now: %s", why);
    asg_publish_not_leading(controller->view, controller->not_leading);
    asg_commit_close(&controller->commit, /* with_snapshot */ false);
    asg_dispatch_destroy(&controller->dispatch);
    asg_look_up_give_up(controller->look_up, controller->not_leading);
    atomic_store(&controller->is_leading, false);
    asg_gauge(ASG_COUNT_IS_LEADING, 0);
    controller->try_again_ms = asg_clock_monotonic_ms(&controller->clock) + RETRY_MS;
}

/* All threads of this process stood still: what core believes of agents and probes is of
 * before, and the time was nobody's. So it leads anew, as after an absence. */
static void look_whether_still(struct asg_controller *controller, int64_t mono_ms)
{
    int64_t late_ms = mono_ms - controller->next_turn_ms;
    if (controller->commit == NULL || late_ms <= STILL_MS) return;
    char why[80];
    (void)snprintf(why, sizeof why,
                   "this process was paused for %" PRId64
                   " s, so its state is out of date",
                   late_ms / 1000);
    stop_leading(controller, why);
    controller->try_again_ms = mono_ms;
}

/* In a leap of the log's time every launch would be late and every agent silent at once:
 * nobody watched in what lies between, so it is an absence. */
static void look_whether_leapt(struct asg_controller *controller, int64_t mono_ms)
{
    if (controller->commit == NULL) return;
    (void)asg_log_time_of(controller);
    if (controller->log_time.leap_ms == 0) return;
    char why[120];
    (void)snprintf(why, sizeof why,
                   "the wall clock has been %" PRId64 " s ahead for %" PRId64
                   " s and is trusted now",
                   controller->log_time.leap_ms / 1000, ASG_CLOCK_STAND_MS / 1000);
    stop_leading(controller, why);
    controller->try_again_ms = mono_ms;
}

static void new_dispatch(struct asg_controller *controller)
{
    const struct asg_controller_settings *settings = controller->settings;
    const struct asg_dispatch_options options = {
        .lease_ms = settings->lease_ms,
        .heartbeat_ms = settings->heartbeat_ms,
        .delivery_limit = (uint32_t)settings->delivery_limit,
        .unproven_jobs = (uint32_t)settings->unproven_jobs,
        .aside_ms = settings->aside_ms,
        .rate_share_percent = (uint32_t)settings->rate_share_percent,
        .rate_quotas = &controller->rate_quotas,
        .ports = asg_worker_ports(controller),
    };
    asg_dispatch_new(&options, asg_clock_monotonic_ms(&controller->clock),
                     &controller->dispatch);
}

/* What the log knows and the edges do not yet: open jobs, watches, members. */
static void hand_over(struct asg_controller *controller)
{
    const struct asg_core *core = asg_commit_core(controller->commit);
    asg_dispatch_lead(controller->dispatch, asg_core_epoch(core),
                      asg_core_incarnation(core), asg_core_cluster_id(core));
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t job_count = 0;
    asg_core_open_jobs(core, &arena, &jobs, &job_count);
    for (size_t i = 0; i < job_count; i++) {
        asg_dispatch_inherit(controller->dispatch, &jobs[i]);
    }
    struct asg_effects watching = {0};
    asg_core_watching(core, &arena, &watching);
    /* Before any worker says hello: an inherited job must not slip through. */
    asg_dispatch_halt(controller->dispatch, watching.is_halted);
    asg_gauge(ASG_COUNT_IS_HALTED, watching.is_halted ? 1 : 0);
    asg_ingest_take_all(controller->ingest, &watching);
    asg_arena_clear(&arena);
    /* Signs of a batch that was lost, or that came while nobody led. */
    asg_ingest_tell_again(controller->ingest);
    if (controller->enrolments != NULL) asg_enrolments_tell_again(controller->enrolments);
    asg_prober_tell_again(controller->prober);
    if (job_count > 0) {
        asg_log_info("lead", "jobs_inherited", "re-dispatching %zu open job%s", job_count,
                     job_count == 1 ? "" : "s");
    }
}

/* A log that was restored gives the same epochs and job ids once more: by this number, of
 * chance, they are told apart. 48 bits, as a client token has no room for more. */
static uint64_t draw_incarnation(void)
{
    uint64_t drawn = 0;
    while (drawn == 0) {
        asg_random_bytes(&drawn, sizeof drawn);
        drawn >>= 16;
    }
    return drawn;
}

/* Opening the log checks its newest records; a disk in trouble says nothing of them. */
static void note_verified(enum asg_status status, int64_t wall_ms)
{
    bool is_bad = status == ASG_ERR_CONFLICT || status == ASG_ERR_CORRUPT ||
                  status == ASG_ERR_MALFORMED;
    if (status != ASG_OK && !is_bad) return;
    asg_gauge(ASG_COUNT_LOG_VERIFIED, is_bad ? 0 : 1);
    asg_gauge(ASG_COUNT_LOG_VERIFIED_AT, wall_ms);
}

static enum asg_status open_log(struct asg_controller *controller,
                                struct asg_error *error)
{
    const struct asg_controller_settings *settings = controller->settings;
    const struct asg_commit_options options = {
        .log_path = controller->log_path,
        .view = controller->view,
        .metrics = controller->group_metrics,
        .snapshot_records = (uint64_t)settings->snapshot_records,
        .snapshot_ms = settings->snapshot_ms,
        .snapshot_memory = (uint64_t)settings->snapshot_memory,
        .hash_events = (uint64_t)settings->hash_events,
        .hash_bytes = (uint64_t)settings->hash_bytes,
        .retention_ms = settings->retention_ms,
        .verify_records_max = (uint64_t)settings->verify_records,
        .listing_ms = settings->listing_ms,
        .incarnation = draw_incarnation(),
        .schedule_late_ms = settings->schedule_late_ms,
    };
    int64_t wall_ms = asg_clock_wall_ms(&controller->clock);
    controller->opened_ms = asg_clock_monotonic_ms(&controller->clock);
    enum asg_status status =
        asg_commit_open(&options, wall_ms, &controller->commit, error);
    note_verified(status, wall_ms);
    if (status == ASG_OK) ASG_FAILPOINT("lead.log_opened");
    return status;
}

/* The log's time never goes back: what is written now by a wrong clock stays. */
static void warn_of_clock(int64_t last_ms, int64_t wall_ms)
{
    int64_t ahead_ms = asg_log_time_ahead_ms(last_ms, wall_ms);
    if (ahead_ms == 0) return;
    char last[ASG_TIME_TEXT_MAX];
    asg_time_format(last_ms, last);
    asg_log_warn("clock", "clock_ahead_of_log",
                 "the clock of this host is %" PRId64
                 " days ahead of the last record of the log (%s): if the controller was "
                 "not stopped that long, stop it now, fix the clock (timedatectl) and "
                 "restore the log from a backup; the time of a log never goes back",
                 ahead_ms / ASG_CLOCK_AHEAD_MS, last);
}

/* The log is open: go on from what it says. */
static void lead(struct asg_controller *controller)
{
    int64_t mono_ms = asg_clock_monotonic_ms(&controller->clock);
    int64_t wall_ms = asg_clock_wall_ms(&controller->clock);
    warn_of_clock(asg_commit_found_ms(controller->commit), wall_ms);
    asg_log_time_init(&controller->log_time, asg_commit_last_ms(controller->commit),
                      wall_ms, mono_ms);
    controller->next_turn_ms = mono_ms;
    new_dispatch(controller);
    hand_over(controller);
    if (controller->activities != NULL) {
        asg_activity_indexer_reopen(controller->activities);
        asg_activity_indexer_wake(controller->activities,
                                  asg_log_head(asg_commit_log(controller->commit)).seq);
    }
    controller->led_ms = mono_ms;
    ASG_FAILPOINT("lead.handed_over");
    atomic_store(&controller->is_leading, true);
    asg_gauge(ASG_COUNT_IS_LEADING, 1);
    const struct asg_core *core = asg_commit_core(controller->commit);
    asg_log_info("lead", "leading",
                 "cluster=%s epoch=%" PRIu64 " log_head=%" PRIu64 " rebuilt in %" PRId64
                 " ms",
                 asg_core_cluster_id(core), asg_core_epoch(core),
                 asg_log_head(asg_commit_log(controller->commit)).seq,
                 mono_ms - controller->opened_ms);
}

static void try_to_lead(struct asg_controller *controller, int64_t mono_ms)
{
    if (controller->commit != NULL || mono_ms < controller->try_again_ms) return;
    struct asg_error error = {""};
    if (open_log(controller, &error) == ASG_OK) {
        lead(controller);
        return;
    }
    asg_log_warn("lead", "cannot_lead", "%s; trying again in %d s", error.text,
                 RETRY_MS / 1000);
    controller->try_again_ms = mono_ms + RETRY_MS;
}

/* ---- the loop ---- */

static void drain_workers(struct asg_controller *controller)
{
    struct asg_bus_message message;
    for (int i = 0; i < BATCH_EVENTS; i++) {
        if (asg_bus_listener_receive(controller->workers, &message) != ASG_OK) return;
        asg_take_worker_frame(controller, &message);
    }
}

static void drain_admin(struct asg_controller *controller)
{
    struct asg_bus_message message;
    size_t bytes = 0;
    for (int i = 0; i < BATCH_EVENTS && bytes < ADMIN_TURN_BYTES; i++) {
        if (asg_bus_listener_receive(controller->admin, &message) != ASG_OK) return;
        bytes += asg_take_request(controller, &message);
    }
}

/* What the thread of answers has made ready. */
static void send_answered(struct asg_controller *controller)
{
    struct asg_question_asked *question = NULL;
    while ((question = asg_answer_thread_take(controller->answers)) != NULL) {
        asg_send_frame(controller, question->peer, &question->frame);
        asg_question_free(question);
    }
}

/* An agent that is earlier than its launch's answer, and no witness of anything. */
static bool is_known_agent(const struct asg_controller *controller,
                           const struct asg_event *event)
{
    return event->kind == ASG_EVENT_WITNESS &&
           asg_core_knows_job(asg_commit_core(controller->commit),
                              event->witness->incarnation, event->witness->job_id);
}

/* Nothing would come of it: the agent is refused, and the alarm of it stands or needs
 * none. So it is answered without an event. */
static bool is_refused_enrolment(struct asg_controller *controller,
                                 const struct asg_inbox_item *item)
{
    if (item->event.kind != ASG_EVENT_ENROLMENT) return false;
    struct asg_effects effects = {0};
    bool is_event =
        asg_core_weigh_enrolment(asg_commit_core(controller->commit),
                                 item->event.enrolment, &effects.arena, &effects.reply);
    bool is_refused = !is_event && !effects.reply.is_ok;
    if (is_refused) item->waiter.settled(item->waiter.call, &effects);
    asg_arena_clear(&effects.arena);
    return is_refused;
}

static void drain_inbox(struct asg_controller *controller)
{
    for (int i = 0; i < BATCH_EVENTS; i++) {
        struct asg_inbox_item *item = asg_inbox_take(controller->inbox);
        if (item == NULL) return;
        ASG_FAILPOINT("inbox.taken");
        if (controller->commit == NULL) {
            asg_refuse_call(&item->waiter, "ServiceUnavailable", controller->not_leading);
        } else if (!is_known_agent(controller, &item->event) &&
                   !is_refused_enrolment(controller, item)) {
            asg_take_event(controller, &item->event, item->waiter);
        }
        asg_inbox_done(controller->inbox, item);
    }
}

static void take_tick(struct asg_controller *controller)
{
    if (controller->commit == NULL) return;
    const struct asg_core *core = asg_commit_core(controller->commit);
    if (asg_core_next_deadline(core) > asg_log_time_of(controller)) return;
    struct asg_event event = {.kind = ASG_EVENT_TICK};
    asg_take_event(controller, &event, (struct asg_waiter){0});
}

static void flush(struct asg_controller *controller)
{
    if (controller->commit == NULL || asg_commit_staged(controller->commit) == 0) return;
    struct asg_error error = {""};
    int64_t before_us = asg_clock_monotonic_us(&controller->clock);
    enum asg_status status =
        asg_commit_flush(controller->commit, release, controller, &error);
    asg_metric_observe_us(&asg_controller_metrics[ASG_COUNT_COMMIT_SECONDS],
                          asg_clock_monotonic_us(&controller->clock) - before_us);
    if (status != ASG_OK) stop_leading(controller, error.text);
}

static void publish_beside(struct asg_controller *controller, int64_t mono_ms)
{
    if (controller->dispatch == NULL) return; /* it has not led yet */
    const struct asg_beside beside = asg_dispatch_beside(controller->dispatch, mono_ms);
    asg_publish_beside(controller->view, &beside);
}

static void pump_dispatch(struct asg_controller *controller)
{
    if (controller->commit == NULL) return;
    controller->dispatch_at_ms = asg_dispatch_pump(
        controller->dispatch, asg_clock_monotonic_ms(&controller->clock),
        asg_log_time_of(controller));
    flush(controller); /* jobs it gave up */
}

/* The rows of metrics.h stand in the order of the kinds. */
static void gauge_alarms(const struct asg_alarm_counts *alarms)
{
    _Static_assert(ASG_COUNT_ALARMS_CREDENTIALS - ASG_COUNT_ALARMS_MASS_SILENCE + 1 ==
                       ASG_ALARM_COUNT,
                   "each kind of alarm has its row");
    for (int kind = 0; kind < ASG_ALARM_COUNT; kind++) {
        asg_gauge((enum asg_controller_metric)(ASG_COUNT_ALARMS_MASS_SILENCE + kind),
                  alarms->of[kind]);
    }
}

static void update_gauges(struct asg_controller *controller)
{
    asg_gauge(ASG_COUNT_PEERS_REFUSED, (int64_t)asg_bus_refused_count(controller->bus));
    asg_gauge(ASG_COUNT_KEYS_MISUSED, (int64_t)asg_bus_misused_count(controller->bus));
    asg_gauge(ASG_COUNT_KEYS_SHUT_OUT,
              (int64_t)(asg_bus_listener_shut_count(controller->workers) +
                        asg_bus_listener_shut_count(controller->admin)));
    struct asg_prober_counts probes = asg_prober_counts(controller->prober);
    asg_gauge(ASG_COUNT_PROBES, (int64_t)probes.probes);
    asg_gauge(ASG_COUNT_PROBES_FAILED, (int64_t)probes.failed);
    asg_gauge(ASG_COUNT_SUSPECTS, probes.suspects);
    asg_limit_peers_look(&controller->ports, asg_clock_monotonic_ms(&controller->clock));
    asg_serve_api_look(controller, asg_clock_monotonic_ms(&controller->clock));
    asg_log_tell_repeats();
    struct asg_look_up_counts look_ups = asg_look_up_counts(controller->look_up);
    asg_gauge(ASG_COUNT_LOOK_UPS, (int64_t)look_ups.asked);
    asg_gauge(ASG_COUNT_LOOK_UPS_UNAVAILABLE, (int64_t)look_ups.unavailable);
    if (controller->commit == NULL) return;
    struct asg_commit_counts commits = asg_commit_counts(controller->commit);
    asg_gauge(ASG_COUNT_EVENTS, (int64_t)commits.events);
    asg_gauge(ASG_COUNT_COMMITS, (int64_t)commits.commits);
    asg_gauge(ASG_COUNT_SNAPSHOTS, (int64_t)commits.snapshots);
    asg_gauge(ASG_COUNT_PRUNED, (int64_t)commits.pruned);
    asg_gauge(ASG_COUNT_LOG_HEAD,
              (int64_t)asg_log_head(asg_commit_log(controller->commit)).seq);
    struct asg_dispatch_counts jobs = asg_dispatch_counts(controller->dispatch);
    asg_gauge(ASG_COUNT_JOBS_HANDED_OUT, (int64_t)jobs.handed_out);
    asg_gauge(ASG_COUNT_JOBS_REDELIVERED, (int64_t)jobs.redelivered);
    asg_gauge(ASG_COUNT_THROTTLES, (int64_t)jobs.throttles);
    asg_gauge(ASG_COUNT_RATE_RUN,
              INT64_C(10) *
                  asg_dispatch_rate_percent(controller->dispatch, ASG_JOB_LAUNCH));
    asg_gauge(ASG_COUNT_RATE_TERMINATE,
              INT64_C(10) *
                  asg_dispatch_rate_percent(controller->dispatch, ASG_JOB_TERMINATE));
    asg_gauge(ASG_COUNT_RATE_DESCRIBE,
              INT64_C(10) *
                  asg_dispatch_rate_percent(controller->dispatch, ASG_JOB_DESCRIBE));
    asg_gauge(ASG_COUNT_JOBS_QUEUED, jobs.queued);
    asg_gauge(ASG_COUNT_JOBS_LEASED, jobs.leased);
    asg_gauge(ASG_COUNT_RESULTS_LATE, (int64_t)jobs.late_results);
    asg_gauge(ASG_COUNT_WORKERS, jobs.workers);
    const struct asg_root *root = asg_view_hold(controller->view);
    struct asg_totals totals = asg_root_totals(root);
    struct asg_alarm_counts alarms = asg_root_alarms(root, asg_root_time_ms(root));
    asg_view_drop(&root);
    alarms.of[ASG_ALARM_CREDENTIALS] += jobs.refused;
    gauge_alarms(&alarms);
    asg_gauge(ASG_COUNT_ALARMS_WORKER_PUT_ASIDE, jobs.aside);
    asg_gauge(ASG_COUNT_ALARMS_MASS_ABSENCE,
              asg_reconciler_missing(controller->reconciler).is_mass);
    asg_gauge(ASG_COUNT_GROUPS, totals.groups);
    asg_gauge(ASG_COUNT_GROUPS_LIMIT, controller->settings->groups_limit);
    asg_gauge(ASG_COUNT_INSTANCES, totals.instances);
    asg_gauge(ASG_COUNT_JOBS_DEAD, totals.dead_jobs);
}

static bool is_worker_key(void *context, const char *key)
{
    struct asg_controller *controller = context;
    return asg_allow_list_find(controller->workers_allowed, key, NULL);
}

/* Whose key is taken back hears and says nothing more from here on; the bus ends its
 * connection when it looks next. */
static void read_allowed(struct asg_controller *controller, int64_t mono_ms)
{
    if (mono_ms < controller->allowed_at_ms) return;
    controller->allowed_at_ms = mono_ms + ALLOW_EVERY_MS;
    (void)asg_peer_folder_look(&controller->admin_keys, mono_ms);
    if (!asg_peer_folder_look(&controller->worker_keys, mono_ms)) return;
    if (controller->dispatch == NULL || controller->settings->allow_plaintext) return;
    uint32_t gone =
        asg_dispatch_shut_out(controller->dispatch, is_worker_key, controller);
    if (gone == 0) return;
    controller->dispatch_at_ms = mono_ms;
}

/* To the next thing of the loop's own. */
static int64_t wait_ms(struct asg_controller *controller)
{
    int64_t wait = TURN_MS;
    int64_t mono_ms = asg_clock_monotonic_ms(&controller->clock);
    int64_t next_ms = controller->look_up_at_ms < controller->api_at_ms
                          ? controller->look_up_at_ms
                          : controller->api_at_ms;
    if (next_ms != INT64_MAX && next_ms - mono_ms < wait) wait = next_ms - mono_ms;
    if (controller->commit == NULL) {
        int64_t until_ms = controller->try_again_ms - mono_ms;
        return until_ms < 0 ? 0 : until_ms;
    }
    int64_t deadline_ms = asg_core_next_deadline(asg_commit_core(controller->commit));
    int64_t until_tick_ms =
        deadline_ms == INT64_MAX ? wait : deadline_ms - controller->log_time.last_ms;
    if (until_tick_ms < wait) wait = until_tick_ms;
    if (controller->dispatch_at_ms != INT64_MAX &&
        controller->dispatch_at_ms - mono_ms < wait) {
        wait = controller->dispatch_at_ms - mono_ms;
    }
    if (controller->is_tidying && controller->tidy_at_ms - mono_ms < wait) {
        wait = controller->tidy_at_ms - mono_ms;
    }
    if (wait < 0) wait = 0;
    controller->next_turn_ms = mono_ms + wait;
    return wait;
}

int64_t asg_controller_turn(struct asg_controller *controller)
{
    asg_bus_waker_clear(controller->waker);
    int64_t mono_ms = asg_clock_monotonic_ms(&controller->clock);
    look_whether_still(controller, mono_ms);
    look_whether_leapt(controller, mono_ms);
    try_to_lead(controller, mono_ms);
    drain_workers(controller);
    drain_admin(controller);
    send_answered(controller);
    /* Whoever is told may put an order into the inbox. */
    controller->look_up_at_ms = asg_look_up_pump(controller->look_up, mono_ms);
    bool has_more = asg_first_pump(controller->first);
    drain_inbox(controller);
    take_tick(controller);
    flush(controller);
    pump_dispatch(controller);
    if (mono_ms >= controller->housekeeping_ms) {
        controller->housekeeping_ms = mono_ms + IDLE_MS;
        read_allowed(controller, mono_ms);
        asg_tell_refusals(&controller->refusals, controller->bus, mono_ms);
        publish_beside(controller, mono_ms);
        update_gauges(controller);
        if (controller->enrolments != NULL) {
            asg_enrolments_say(controller->enrolments, mono_ms);
        }
    }
    if (controller->commit != NULL && mono_ms >= controller->tidy_at_ms) {
        /* Also under load: nothing is staged here. */
        int64_t again_ms =
            asg_commit_tidy(controller->commit, controller->log_time.last_ms);
        controller->is_tidying = again_ms > 0;
        controller->tidy_at_ms = mono_ms + (again_ms > 0 ? again_ms : IDLE_MS);
    }
    controller->api_at_ms = asg_api_turn(controller->api, mono_ms);
    int64_t wait = wait_ms(controller);
    return has_more ? 0 : wait;
}

void asg_controller_run(struct asg_controller *controller, const atomic_bool *stop,
                        atomic_bool *reload)
{
    int64_t wait = 0;
    while (!atomic_load(stop)) {
        if (reload != NULL && atomic_exchange(reload, false)) {
            asg_serve_api_reload(controller);
        }
        struct asg_bus_poll_item items[] = {
            {.listener = controller->workers},
            {.listener = controller->admin},
            {.waker = controller->waker},
        };
        (void)asg_bus_poll(items, 3, wait < IDLE_MS ? wait : IDLE_MS);
        wait = asg_controller_turn(controller);
        (void)asg_notify_alive(asg_clock_monotonic_ms(&controller->clock));
    }
    asg_log_info("controller", "stopping", "the fleet stays as it is");
}

/* ---- making and ending ---- */

/* Orders of up to 8 MiB: what an admin sends beyond these waits in TCP. */
#define ADMIN_UNREAD_MAX 4

static enum asg_status listen_on(struct asg_controller *controller, const char *endpoint,
                                 const char *domain, struct asg_allow_list *list,
                                 size_t max_bytes, struct asg_bus_listener **ret,
                                 struct asg_error *error)
{
    bool is_admin = list == controller->admins_allowed;
    struct asg_bus_listen_options options = {
        .endpoint = endpoint,
        .domain = domain,
        .keys = &controller->keys,
        .allow_list = list,
        .max_message_bytes = max_bytes,
        .high_water = 10000,
        .received_max = is_admin ? ADMIN_UNREAD_MAX : 0,
        .allow_plaintext = controller->settings->allow_plaintext,
    };
    asg_limit_key(is_admin, controller->settings->heartbeat_ms, &options);
    return asg_bus_listener_new(controller->bus, &options, ret, error);
}

static void limit_strangers(struct asg_controller *controller)
{
    controller->ports = (struct asg_peer_ports){
        .workers = asg_port_of(asg_bus_listener_endpoint(controller->workers)),
        .admin = asg_port_of(asg_bus_listener_endpoint(controller->admin)),
        .http = asg_port_of(asg_status_pages_url(controller->http)),
    };
    asg_limit_peers(controller->settings, &controller->ports);
}

static enum asg_status bind_all(struct asg_controller *controller,
                                struct asg_error *error)
{
    const struct asg_controller_settings *settings = controller->settings;
    enum asg_status status =
        asg_bus_new(asg_io_threads(settings->io_threads), &controller->bus, error);
    if (status == ASG_OK) {
        status = listen_on(controller, settings->listen_workers, "workers",
                           controller->workers_allowed, ASG_WORKER_FRAME_MAX,
                           &controller->workers, error);
    }
    if (status == ASG_OK) {
        status = listen_on(controller, settings->listen_admin, "admin",
                           controller->admins_allowed, ASG_ADMIN_FRAME_MAX,
                           &controller->admin, error);
    }
    if (status == ASG_OK) {
        controller->scraped = (struct asg_scraped){.is_leading = &controller->is_leading,
                                                   .view = controller->view,
                                                   .groups = controller->group_metrics,
                                                   .log_path = controller->log_path,
                                                   .clock = controller->clock};
        status = asg_serve_http_new(settings->listen_http, &controller->scraped,
                                    &controller->http, error);
    }
    if (status == ASG_OK) status = asg_serve_api_new(controller, error);
    if (status != ASG_OK) return status;
    controller->refusals.known = (struct asg_known_peers){
        .workers = controller->workers_allowed,
        .admins = controller->admins_allowed,
        .listen_workers = asg_bus_listener_endpoint(controller->workers),
        .listen_admin = asg_bus_listener_endpoint(controller->admin),
    };
    limit_strangers(controller);
    return ASG_OK;
}

static void wake_loop(void *context)
{
    asg_bus_waker_wake(context);
}

static bool tell_probe(void *context, const char *instance_id, enum asg_sign sign,
                       const char *detail)
{
    struct asg_controller *controller = context;
    struct asg_inbox_item *item = asg_inbox_begin(controller->inbox);
    if (item == NULL) {
        asg_count(ASG_COUNT_INBOX_FULL, 1);
        return false;
    }
    struct asg_health_sign *row = asg_arena_take(&item->arena, sizeof *row);
    *row = (struct asg_health_sign){
        .instance_id = asg_arena_text(&item->arena, instance_id),
        .sign = sign,
        .detail = asg_arena_text(&item->arena, detail),
    };
    struct asg_health *health = asg_arena_take(&item->arena, sizeof *health);
    *health = (struct asg_health){.signs = row, .sign_count = 1};
    item->event.kind = ASG_EVENT_HEALTH;
    item->event.health = health;
    asg_inbox_put(controller->inbox, item);
    return true;
}

static void ask_agents(void *context, const char *const *instance_ids, size_t count,
                       bool *ret_reporting)
{
    struct asg_controller *controller = context;
    struct asg_arena arena = {0};
    struct asg_instance_view *views = asg_arena_take(&arena, count * sizeof *views);
    for (size_t i = 0; i < count; i++) {
        views[i].instance_id = instance_ids[i];
    }
    asg_ingest_look(controller->ingest, views, count);
    for (size_t i = 0; i < count; i++) {
        ret_reporting[i] = views[i].is_reporting;
    }
    asg_arena_clear(&arena);
}

static enum asg_status start_edges(struct asg_controller *controller,
                                   struct asg_error *error)
{
    const struct asg_controller_settings *settings = controller->settings;
    const struct asg_prober_options probing = {
        .concurrency = (uint32_t)settings->probe_concurrency,
        .deadline_ms = settings->probe_deadline_ms,
        .suspect_ms = settings->probe_suspect_ms,
        .background_ms = settings->probe_background_ms,
        .failures = (uint32_t)settings->probe_failures,
        .clock = controller->clock,
        .identity = controller->identity,
        .cluster = asg_core_cluster_id(asg_commit_core(controller->commit)),
        .trusted_pem = asg_authority_pem(controller->authority),
        .tell = tell_probe,
        .context = controller,
    };
    enum asg_status status = asg_prober_new(&probing, &controller->prober, error);
    if (status != ASG_OK) return status;
    const struct asg_ingest_options ingest = {
        .key_set = controller->agent_keys,
        .inbox = controller->inbox,
        .prober = controller->prober,
        .roster = {.check_address = settings->enrol_check_address,
                   .silent_reports = (uint32_t)settings->reports_missed,
                   .silent_ms_min = settings->reports_silent_ms,
                   .first_report_ms = settings->reports_first_ms},
        .limits = {.rate_bytes = settings->rate_max_bytes, .load = settings->load_max},
        .probe_port = (uint16_t)settings->probe_port,
        .clock = controller->clock,
    };
    asg_ingest_new(&ingest, &controller->ingest);
    atomic_store(&controller->scraped.ingest, controller->ingest);
    status = asg_probe_thread_new(controller->prober, &controller->prober_thread, error);
    if (status != ASG_OK) return status;
    const struct asg_answer_sources sources = {.view = controller->view,
                                               .ingest = controller->ingest};
    return asg_answer_thread_new(&sources, wake_loop, controller->waker,
                                 &controller->answers, error);
}

/* Only now that all keys and addresses of the log are known: an agent that comes back
 * after a restart is refused not even once. */
static enum asg_status hear_agents(struct asg_controller *controller,
                                   struct asg_error *error)
{
    const struct asg_controller_settings *settings = controller->settings;
    int64_t wait_ms = 0;
    (void)asg_ingest_turn(controller->ingest, &wait_ms);
    const struct asg_bus_inlet_options options = {
        .endpoint = settings->listen_agents,
        .domain = "agents",
        .keys = &controller->keys,
        .key_set = controller->agent_keys,
        .max_message_bytes = ASG_AGENT_FRAME_MAX,
        .handshake_ms = 30000, /* a whole fleet, which may come back at once */
    };
    enum asg_status status =
        asg_bus_inlet_new(controller->bus, &options, &controller->inlet, error);
    if (status != ASG_OK) return status;
    const char *endpoint = asg_bus_inlet_endpoint(controller->inlet);
    controller->ports.agents = asg_port_of(endpoint);
    asg_limit_port(settings, "agents", controller->ports.agents, 0);
    bool is_said = settings->announce_agents[0] != '\0';
    (void)snprintf(controller->agents_announced, sizeof controller->agents_announced,
                   "%s", is_said ? settings->announce_agents : endpoint);
    asg_ingest_open(controller->ingest, controller->inlet);
    return asg_ingest_thread_new(controller->ingest, controller->inlet,
                                 &controller->ingest_thread, error);
}

static void new_look_up(struct asg_controller *controller)
{
    const struct asg_controller_settings *settings = controller->settings;
    const struct asg_look_up_options options = {
        .deadline_ms = settings->look_up_ms,
        .questions_max = QUESTIONS,
        .kept_max = ANSWERS_KEPT,
        .kept_ms = settings->look_up_keep_ms,
        .kept_changing_ms = settings->look_up_keep_changing_ms,
        .ports = asg_question_ports(controller),
    };
    asg_look_up_new(&options, &controller->look_up);
    const struct asg_first_options first = {.orders_max = FIRST_ORDERS,
                                            .peer_max = FIRST_OF_PEER,
                                            .key_max = FIRST_OF_KEY,
                                            .bytes_max = FIRST_BYTES,
                                            .large_bytes = FIRST_LARGE,
                                            .key_large_max = FIRST_LARGE_OF_KEY,
                                            .questions_max = FIRST_QUESTIONS,
                                            .look_up = controller->look_up,
                                            .ports = asg_order_ports(controller)};
    asg_first_new(&first, &controller->first);
}

/* Single files that are no good keep nobody from starting: the first turn warns of them.
 */
static enum asg_status read_allowed_first(struct asg_controller *controller,
                                          struct asg_error *error)
{
    const struct asg_controller_settings *settings = controller->settings;
    controller->worker_keys = (struct asg_peer_folder){
        .path = settings->workers_allowed, .list = controller->workers_allowed};
    controller->admin_keys = (struct asg_peer_folder){.path = settings->admins_allowed,
                                                      .list = controller->admins_allowed};
    struct asg_peer_folder *folders[] = {&controller->worker_keys,
                                         &controller->admin_keys};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        enum asg_status status =
            asg_allow_list_load(folders[i]->list, folders[i]->path, error);
        if (status != ASG_OK && status != ASG_ERR_MALFORMED) return status;
    }
    return ASG_OK;
}

static enum asg_status begin(struct asg_controller *controller, struct asg_error *error)
{
    asg_allow_list_new(&controller->workers_allowed);
    asg_allow_list_new(&controller->admins_allowed);
    enum asg_status status = asg_prepare_folders(controller, error);
    if (status == ASG_OK) status = read_allowed_first(controller, error);
    if (status == ASG_OK) status = asg_bus_waker_new(&controller->waker);
    if (status != ASG_OK) return status;
    asg_key_set_new(&controller->agent_keys);
    asg_inbox_new(INBOX_ITEMS, wake_loop, controller->waker, &controller->inbox);
    new_look_up(controller);
    const struct asg_reconciler_options reconciling = {
        .absent_listings = (uint32_t)controller->settings->absent_listings,
        .absent_ms = controller->settings->absent_ms,
        .mass_percent = (uint32_t)controller->settings->mass_absent_percent,
        .ask_agents = ask_agents,
        .context = controller,
    };
    asg_reconciler_new(&reconciling, &controller->reconciler);
    status = bind_all(controller, error);
    if (status == ASG_OK) status = open_log(controller, error);
    if (status == ASG_OK) status = asg_make_identity(controller, error);
    if (status == ASG_OK) status = start_edges(controller, error);
    if (status != ASG_OK) return status;
    lead(controller);
    status = hear_agents(controller, error);
    if (status == ASG_OK) status = asg_serve_enrol_new(controller, error);
    if (status == ASG_OK) status = asg_write_endpoints(controller, error);
    return status;
}

enum asg_status asg_controller_new(const struct asg_controller_settings *settings,
                                   struct asg_clock clock, struct asg_controller **ret,
                                   struct asg_error *error)
{
    struct asg_controller *controller = asg_alloc(1, sizeof *controller);
    controller->settings = settings;
    controller->clock = clock;
    controller->started_ms = asg_clock_wall_ms(&clock);
    controller->rate_quotas = asg_rate_quotas_default();
    asg_view_new(&controller->view);
    asg_group_metrics_new((size_t)settings->metrics_groups, &controller->group_metrics);
    enum asg_status status =
        asg_rate_quotas_parse(settings->rate_quotas, &controller->rate_quotas, error);
    if (status == ASG_OK) status = asg_check_announced(settings, error);
    if (status == ASG_OK) status = begin(controller, error);
    if (status != ASG_OK) {
        asg_controller_destroy(&controller);
        return status;
    }
    *ret = controller;
    return ASG_OK;
}

/* Orders that nobody takes any more: their calls end. */
static void refuse_waiting(struct asg_controller *controller)
{
    struct asg_inbox_item *item = NULL;
    while (controller->inbox != NULL &&
           (item = asg_inbox_take(controller->inbox)) != NULL) {
        asg_refuse_call(&item->waiter, "ServiceUnavailable",
                        "this controller is stopping");
        asg_inbox_done(controller->inbox, item);
    }
}

void asg_controller_destroy(struct asg_controller **controller)
{
    struct asg_controller *c = *controller;
    if (c == NULL) return;
    asg_answer_thread_destroy(&c->answers);
    asg_serve_enrol_close(c);
    asg_status_pages_destroy(&c->http);
    asg_scraped_clear(&c->scraped);
    refuse_waiting(c); /* its calls among others */
    asg_serve_enrol_destroy(c);
    asg_ingest_thread_destroy(
        &c->ingest_thread); /* the edges first: they feed the inbox */
    asg_probe_thread_destroy(&c->prober_thread);
    asg_ingest_destroy(&c->ingest);
    asg_prober_destroy(&c->prober);
    asg_api_close(c->api);
    refuse_waiting(c);
    asg_look_up_destroy(&c->look_up);
    asg_first_destroy(&c->first); /* after what it asked */
    asg_api_destroy(&c->api);     /* its calls have come back */
    asg_activity_indexer_destroy(&c->activities);
    asg_commit_close(&c->commit, /* with_snapshot */ true);
    asg_view_destroy(&c->view);
    asg_group_metrics_destroy(&c->group_metrics);
    asg_dispatch_destroy(&c->dispatch);
    asg_reconciler_destroy(&c->reconciler);
    asg_collector_clear(&c->collector);
    asg_bus_inlet_destroy(&c->inlet);
    asg_bus_listener_destroy(&c->workers);
    asg_bus_listener_destroy(&c->admin);
    asg_bus_destroy(&c->bus);
    asg_limit_peers_end(&c->ports);
    asg_welcome_end(&c->welcomed);
    asg_key_set_destroy(&c->agent_keys);
    asg_inbox_destroy(&c->inbox);
    asg_bus_waker_destroy(&c->waker);
    asg_allow_list_destroy(&c->workers_allowed);
    asg_allow_list_destroy(&c->admins_allowed);
    asg_bus_keys_clear(&c->keys);
    asg_secret_wipe(c->join_secret, sizeof c->join_secret);
    asg_authority_destroy(&c->authority);
    asg_arena_clear(&c->scratch);
    asg_bytes_clear(&c->frame);
    free(c);
    *controller = NULL;
}
