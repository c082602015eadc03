#include "controller/dispatch_job.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "controller/job_table.h"
#include "controller/worker_trust.h"

#define WORKER_NAME_MAX 128
#define BUSY_MS         50 /* until a worker that takes no more is tried again */
#define CREDITS_MAX     100000
#define REST_MS         1000 /* until one that handed a job back gets one to change */

struct asg_dispatch_worker {
    struct asg_dispatch_worker *next;
    uint32_t peer;
    char name[WORKER_NAME_MAX];
    char key[64];
    char version[32];
    char address[64];
    uint32_t capacity; /* leases it may have: its credits and those it knows of */
    int64_t heard_ms;
    bool is_missed; /* said, since it was heard last */
    int64_t rests_until_ms;
    struct asg_trust *trust; /* of its key */
    uint64_t identity;       /* of this name and key, over reconnects; never 0 */
    uint64_t asked;          /* questions */
    struct asg_entry_list leases;
};

struct asg_dispatch {
    struct asg_dispatch_options options;
    uint64_t epoch;
    uint64_t incarnation;
    const char *cluster_id;
    bool is_halted;
    bool is_rate_out[ASG_JOB_COUNT]; /* at the last pump */
    uint64_t last_lease_id;
    uint64_t last_identity;
    int64_t pumped_ms;
    struct asg_trust_table trusted;
    struct asg_rate_budget budget;
    struct asg_job_table table;
    struct asg_entry_list queues[ASG_JOB_COUNT];
    struct asg_entry_list recalled; /* QUEUED, and to be given up */
    struct asg_dispatch_worker *workers;
    struct asg_dispatch_counts counts;
    struct asg_arena scratch;
    struct asg_arena names;
};

void asg_dispatch_new(const struct asg_dispatch_options *options, int64_t mono_ms,
                      struct asg_dispatch **ret)
{
    struct asg_dispatch *dispatch = asg_alloc(1, sizeof *dispatch);
    dispatch->options = *options;
    dispatch->cluster_id = "";
    struct asg_rate_quotas quotas = asg_rate_quotas_default();
    if (options->rate_quotas != NULL) quotas = *options->rate_quotas;
    asg_rate_budget_init(&dispatch->budget, &quotas, options->rate_share_percent,
                         mono_ms);
    *ret = dispatch;
}

void asg_dispatch_destroy(struct asg_dispatch **dispatch)
{
    struct asg_dispatch *d = *dispatch;
    if (d == NULL) return;
    asg_job_table_clear(&d->table);
    asg_trust_clear(&d->trusted);
    while (d->workers != NULL) {
        struct asg_dispatch_worker *worker = d->workers;
        d->workers = worker->next;
        free(worker);
    }
    asg_arena_clear(&d->scratch);
    asg_arena_clear(&d->names);
    free(d);
    *dispatch = NULL;
}

void asg_dispatch_lead(struct asg_dispatch *dispatch, uint64_t epoch,
                       uint64_t incarnation, const char *cluster_id)
{
    dispatch->epoch = epoch;
    dispatch->incarnation = incarnation;
    asg_arena_reset(&dispatch->names);
    dispatch->cluster_id = asg_arena_text(&dispatch->names, cluster_id);
}

static enum asg_status send_message(struct asg_dispatch *dispatch, uint32_t peer,
                                    enum asg_message_type type, const void *object)
{
    const struct asg_dispatch_ports *ports = &dispatch->options.ports;
    return ports->send(ports->context, peer, type, object);
}

static void tell_halt(struct asg_dispatch *dispatch, uint32_t peer)
{
    const struct asg_halt_message halt = {.is_halted = dispatch->is_halted};
    (void)send_message(dispatch, peer, ASG_MESSAGE_HALT, &halt);
}

void asg_dispatch_halt(struct asg_dispatch *dispatch, bool is_halted)
{
    if (dispatch->is_halted == is_halted) return;
    dispatch->is_halted = is_halted;
    for (struct asg_dispatch_worker *w = dispatch->workers; w != NULL; w = w->next) {
        tell_halt(dispatch, w->peer);
    }
}

/* ---- leases ---- */

static void give_lease(struct asg_dispatch *dispatch, struct asg_job_entry *entry,
                       struct asg_dispatch_worker *worker, uint64_t lease_id,
                       int64_t mono_ms)
{
    entry->state = ASG_ENTRY_LEASED;
    entry->worker = worker;
    entry->holder = worker->identity;
    entry->lease_id = lease_id;
    entry->lease_until_ms = mono_ms + dispatch->options.lease_ms;
    entry->deliveries++;
    asg_entry_list_append(&worker->leases, entry);
    worker->trust->leases++;
    worker->trust->has_worked = true;
    dispatch->counts.leased++;
}

static struct asg_entry_list *queue_of(struct asg_dispatch *dispatch,
                                       const struct asg_job_entry *entry)
{
    return entry->is_recalled ? &dispatch->recalled : &dispatch->queues[entry->job.kind];
}

/* Out of whatever list it is in. */
static void detach(struct asg_dispatch *dispatch, struct asg_job_entry *entry)
{
    if (entry->state == ASG_ENTRY_QUEUED) {
        asg_entry_list_remove(queue_of(dispatch, entry), entry);
    } else if (entry->state == ASG_ENTRY_LEASED) {
        asg_entry_list_remove(&entry->worker->leases, entry);
        assert(entry->worker->trust->leases > 0);
        entry->worker->trust->leases--;
        entry->worker = NULL;
        dispatch->counts.leased--;
    }
}

static void put_in_queue(struct asg_dispatch *dispatch, struct asg_job_entry *entry)
{
    entry->state = ASG_ENTRY_QUEUED;
    asg_entry_list_append(queue_of(dispatch, entry), entry);
}

/* Out of its list although its worker goes on with it: that worker has no more room than
 * before, until it says so itself. */
static void take_away(struct asg_dispatch *dispatch, struct asg_job_entry *entry)
{
    struct asg_dispatch_worker *worker =
        entry->state == ASG_ENTRY_LEASED ? entry->worker : NULL;
    if (worker != NULL && worker->capacity > 0) worker->capacity--;
    detach(dispatch, entry);
}

void asg_dispatch_close(struct asg_dispatch *dispatch, uint64_t job_id)
{
    struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, job_id);
    if (entry == NULL) return;
    take_away(dispatch, entry);
    asg_job_table_remove(&dispatch->table, entry);
}

void asg_dispatch_recall(struct asg_dispatch *dispatch, uint64_t job_id)
{
    struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, job_id);
    if (entry == NULL || entry->is_recalled || entry->state == ASG_ENTRY_ANSWERED) return;
    bool is_queued = entry->state == ASG_ENTRY_QUEUED;
    if (is_queued) detach(dispatch, entry);
    entry->is_recalled = true;
    if (is_queued) put_in_queue(dispatch, entry);
}

static struct asg_job_entry *add_entry(struct asg_dispatch *dispatch,
                                       const struct asg_job *job)
{
    asg_dispatch_close(dispatch, job->id);
    struct asg_job_entry *entry = asg_job_table_add(&dispatch->table, job);
    put_in_queue(dispatch, entry);
    return entry;
}

void asg_dispatch_add(struct asg_dispatch *dispatch, const struct asg_job *job)
{
    (void)add_entry(dispatch, job);
}

void asg_dispatch_inherit(struct asg_dispatch *dispatch, const struct asg_job *job)
{
    add_entry(dispatch, job)->is_inherited = true;
}

static struct asg_dispatch_worker *find_peer(const struct asg_dispatch *dispatch,
                                             uint32_t peer)
{
    struct asg_dispatch_worker *worker = dispatch->workers;
    while (worker != NULL && worker->peer != peer) {
        worker = worker->next;
    }
    return worker;
}

/* Take a lease away and queue the job again, first in line. */
static void end_lease(struct asg_dispatch *dispatch, struct asg_job_entry *entry)
{
    detach(dispatch, entry);
    entry->state = ASG_ENTRY_QUEUED;
    asg_entry_list_prepend(queue_of(dispatch, entry), entry);
    dispatch->counts.redelivered++;
}

/* An id and an attempt may have been another job's, in a log that is lost. */
static bool is_of_job(const struct asg_job_entry *entry, uint32_t attempt,
                      uint64_t incarnation)
{
    return entry->job.attempt == attempt && entry->job.incarnation == incarnation;
}

static bool is_held(const struct asg_held *held, size_t count,
                    const struct asg_job_entry *entry)
{
    for (size_t i = 0; i < count; i++) {
        if (held[i].job_id == entry->job.id &&
            is_of_job(entry, held[i].attempt, held[i].incarnation)) {
            return true;
        }
    }
    return false;
}

static void drop_worker(struct asg_dispatch *dispatch, struct asg_dispatch_worker *worker)
{
    while (worker->leases.first != NULL) {
        end_lease(dispatch, worker->leases.first);
    }
    struct asg_dispatch_worker **link = &dispatch->workers;
    while (*link != worker) {
        link = &(*link)->next;
    }
    *link = worker->next;
    worker->trust->connections--;
    free(worker);
}

static bool is_same_worker(const struct asg_dispatch_worker *a,
                           const struct asg_dispatch_worker *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->key, b->key) == 0;
}

/* A worker that held leases under this name and key and now says hello anew: what it
 * still holds moves over, the rest died with its process. */
static void take_over(struct asg_dispatch *dispatch, struct asg_dispatch_worker *fresh,
                      const struct asg_hello *hello, int64_t mono_ms)
{
    struct asg_dispatch_worker *old = dispatch->workers;
    while (old != NULL) {
        struct asg_dispatch_worker *next = old->next;
        bool is_same = old != fresh && is_same_worker(old, fresh);
        if (is_same) fresh->identity = old->identity;
        struct asg_job_entry *entry = is_same ? old->leases.first : NULL;
        while (entry != NULL) {
            struct asg_job_entry *after = entry->next;
            if (is_held(hello->held, hello->held_count, entry)) {
                asg_entry_list_remove(&old->leases, entry);
                asg_entry_list_append(&fresh->leases, entry);
                entry->worker = fresh;
                entry->lease_until_ms = mono_ms + dispatch->options.lease_ms;
            }
            entry = after;
        }
        if (is_same) drop_worker(dispatch, old);
        old = next;
    }
}

/* A worker says hello again on a connection it had: what it does not list died. */
static void end_unheld(struct asg_dispatch *dispatch, struct asg_dispatch_worker *worker,
                       const struct asg_hello *hello)
{
    struct asg_job_entry *entry = worker->leases.first;
    while (entry != NULL) {
        struct asg_job_entry *after = entry->next;
        if (!is_held(hello->held, hello->held_count, entry)) end_lease(dispatch, entry);
        entry = after;
    }
}

/* May this worker call a queued job its own? When it was the last to have its lease, or
 * when the job is of an earlier controller, which alone knew who had it, and has not gone
 * out since. Any other was never given to it. */
static bool may_keep(const struct asg_job_entry *entry,
                     const struct asg_dispatch_worker *worker,
                     const struct asg_held *held)
{
    if (entry->state != ASG_ENTRY_QUEUED ||
        !is_of_job(entry, held->attempt, held->incarnation)) {
        return false;
    }
    if (entry->is_inherited && entry->holder == 0) return true;
    return entry->holder == worker->identity && entry->lease_id == held->lease_id;
}

/* Jobs that this worker still runs and nobody else was given: leave them with it. */
static void keep_held(struct asg_dispatch *dispatch, struct asg_dispatch_worker *worker,
                      const struct asg_hello *hello, int64_t mono_ms)
{
    for (size_t i = 0; i < hello->held_count; i++) {
        const struct asg_held *held = &hello->held[i];
        struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, held->job_id);
        if (entry == NULL || !may_keep(entry, worker, held)) continue;
        detach(dispatch, entry);
        give_lease(dispatch, entry, worker, held->lease_id, mono_ms);
        if (held->lease_id > dispatch->last_lease_id) {
            dispatch->last_lease_id = held->lease_id;
        }
    }
}

static void copy_text(char *ret, size_t size, const char *text)
{
    size_t length = strnlen(text == NULL ? "" : text, size - 1);
    memcpy(ret, text == NULL ? "" : text, length);
    ret[length] = '\0';
}

/* The worker of a connection as it now names itself. A connection's number can come again
 * in another's hands (docs/wire.md, "Transport"): what the one before held goes back. */
static struct asg_dispatch_worker *greet(struct asg_dispatch *dispatch, uint32_t peer,
                                         const char *key, const char *address,
                                         const struct asg_hello *hello, int64_t mono_ms)
{
    struct asg_dispatch_worker *worker = asg_alloc(1, sizeof *worker);
    worker->peer = peer;
    copy_text(worker->name, sizeof worker->name, hello->worker);
    copy_text(worker->key, sizeof worker->key, key);
    struct asg_dispatch_worker *known = find_peer(dispatch, peer);
    if (known != NULL && !is_same_worker(known, worker)) {
        drop_worker(dispatch, known);
        known = NULL;
    }
    if (known != NULL) {
        free(worker);
        worker = known;
    } else {
        /* Without encryption there are no keys: the name must do. */
        const char *account = worker->key[0] != '\0' ? worker->key : worker->name;
        worker->trust = asg_trust_of(&dispatch->trusted, account, mono_ms);
        worker->trust->connections++;
        worker->identity = ++dispatch->last_identity;
        worker->next = dispatch->workers;
        dispatch->workers = worker;
    }
    copy_text(worker->version, sizeof worker->version, hello->version);
    copy_text(worker->address, sizeof worker->address, address);
    worker->heard_ms = mono_ms;
    return worker;
}

static uint32_t within_reason(uint32_t credits)
{
    return credits < CREDITS_MAX ? credits : CREDITS_MAX;
}

void asg_dispatch_hello(struct asg_dispatch *dispatch, uint32_t peer, const char *key,
                        const char *address, const struct asg_hello *hello,
                        int64_t mono_ms)
{
    struct asg_dispatch_worker *worker =
        greet(dispatch, peer, key, address, hello, mono_ms);
    end_unheld(dispatch, worker, hello);
    take_over(dispatch, worker, hello, mono_ms);
    keep_held(dispatch, worker, hello, mono_ms);
    worker->capacity = within_reason(hello->credits) + worker->leases.count;
    const struct asg_welcome welcome = {
        .epoch = dispatch->epoch,
        .cluster_id = dispatch->cluster_id,
        .lease_ms = dispatch->options.lease_ms,
        .heartbeat_ms = dispatch->options.heartbeat_ms,
        .is_halted = dispatch->is_halted,
        .incarnation = dispatch->incarnation,
        .hello_epoch = hello->epoch,
    };
    if (ASG_FAILPOINT_FAILS("dispatch.before_welcome")) return;
    (void)send_message(dispatch, peer, ASG_MESSAGE_WELCOME, &welcome);
}

bool asg_dispatch_is_of(const struct asg_dispatch *dispatch, uint32_t peer,
                        const char *key)
{
    const struct asg_dispatch_worker *worker = find_peer(dispatch, peer);
    return worker == NULL ||
           strncmp(worker->key, key != NULL ? key : "", sizeof worker->key - 1) == 0;
}

uint32_t asg_dispatch_shut_out(struct asg_dispatch *dispatch,
                               bool (*is_allowed)(void *context, const char *key),
                               void *context)
{
    uint32_t count = 0;
    struct asg_dispatch_worker *next = NULL;
    for (struct asg_dispatch_worker *worker = dispatch->workers; worker != NULL;
         worker = next) {
        next = worker->next;
        if (is_allowed(context, worker->key)) continue;
        asg_log_warn(
            "keys", "worker_shut_out",
            "worker=%s key=%s: its key is no longer allowed; its jobs go to other "
            "workers",
            worker->name, worker->key);
        drop_worker(dispatch, worker);
        count++;
    }
    return count;
}

void asg_dispatch_ask_hello(struct asg_dispatch *dispatch, uint32_t peer)
{
    (void)send_message(dispatch, peer, ASG_MESSAGE_REJOIN, NULL);
}

/* What a worker sent since it last said so; one that had no job has sent nothing. */
static void take_rates(struct asg_dispatch *dispatch, struct asg_trust *trust,
                       const struct asg_call_rate *rates, size_t count, int64_t mono_ms)
{
    if (!trust->has_worked) return;
    for (size_t i = 0; i < count; i++) {
        dispatch->counts.throttles += rates[i].throttles;
        asg_rate_budget_sent(&dispatch->budget, rates[i].action, rates[i].attempts,
                             rates[i].throttles, mono_ms);
    }
}

uint32_t asg_dispatch_rate_percent(const struct asg_dispatch *dispatch,
                                   enum asg_job_kind kind)
{
    return asg_rate_budget_percent(&dispatch->budget, kind);
}

bool asg_dispatch_heartbeat(struct asg_dispatch *dispatch, uint32_t peer,
                            const struct asg_heartbeat *heartbeat, int64_t mono_ms)
{
    struct asg_dispatch_worker *worker = find_peer(dispatch, peer);
    if (worker == NULL) {
        asg_dispatch_ask_hello(dispatch, peer);
        return false;
    }
    take_rates(dispatch, worker->trust, heartbeat->rates, heartbeat->rate_count, mono_ms);
    if (worker->trust->leases == 0) worker->trust->has_worked = false;
    worker->heard_ms = mono_ms;
    if (heartbeat->is_halted != dispatch->is_halted) tell_halt(dispatch, peer);
    /* What it holds without a lease of ours is gone from its credits already; what we
     * have sent and it has not seen yet is not. */
    worker->capacity = within_reason(heartbeat->credits);
    for (size_t i = 0; i < heartbeat->held_count; i++) {
        const struct asg_held *held = &heartbeat->held[i];
        struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, held->job_id);
        if (entry != NULL && entry->state == ASG_ENTRY_LEASED &&
            entry->worker == worker && entry->lease_id == held->lease_id &&
            is_of_job(entry, held->attempt, held->incarnation)) {
            entry->lease_until_ms = mono_ms + dispatch->options.lease_ms;
            worker->capacity++;
        }
    }
    return true;
}

static void acknowledge(struct asg_dispatch *dispatch, uint32_t peer,
                        const struct asg_ack *ack)
{
    if (ASG_FAILPOINT_FAILS("dispatch.before_ack")) return;
    (void)send_message(dispatch, peer, ASG_MESSAGE_ACK, ack);
    ASG_FAILPOINT("dispatch.after_ack");
}

/* ---- what speaks against a worker ---- */

static bool is_heard(const struct asg_dispatch *dispatch,
                     const struct asg_dispatch_worker *worker, int64_t mono_ms)
{
    return worker->heard_ms + dispatch->options.lease_ms > mono_ms;
}

/* Somebody of another key is there and has far less against it: it is not EC2 or the
 * network that fails them all, and the jobs have somewhere to go. */
static bool does_another_better(const struct asg_dispatch *dispatch,
                                const struct asg_trust *trust, int64_t mono_ms)
{
    for (struct asg_dispatch_worker *w = dispatch->workers; w != NULL; w = w->next) {
        if (w->trust != trust && is_heard(dispatch, w, mono_ms) &&
            !asg_trust_is_aside(w->trust, mono_ms) &&
            2 * w->trust->points <= trust->points) {
            return true;
        }
    }
    return false;
}

/* Its jobs go to others, with the same tokens; what it says of them is a hint only. */
static void put_aside(struct asg_dispatch *dispatch, struct asg_trust *trust,
                      int64_t mono_ms)
{
    if (dispatch->options.aside_ms == 0 || asg_trust_is_aside(trust, mono_ms) ||
        !does_another_better(dispatch, trust, mono_ms)) {
        return;
    }
    asg_trust_put_aside(trust, mono_ms + dispatch->options.aside_ms);
    dispatch->counts.put_aside++;
    const char *name = "";
    for (struct asg_dispatch_worker *w = dispatch->workers; w != NULL; w = w->next) {
        if (w->trust != trust) continue;
        name = w->name;
        while (w->leases.first != NULL) {
            struct asg_job_entry *entry = w->leases.first;
            end_lease(dispatch, entry);
            entry->holder = 0;
        }
        w->capacity = 0; /* what it goes on with fills it, until it says otherwise */
    }
    const struct asg_dispatch_ports *ports = &dispatch->options.ports;
    if (ports->tell_aside != NULL) ports->tell_aside(ports->context, name, trust->why);
}

static void note_answer(struct asg_dispatch *dispatch,
                        const struct asg_dispatch_worker *worker, enum asg_job_kind kind,
                        const struct asg_result *result, int64_t mono_ms)
{
    struct asg_trust *trust = worker->trust;
    enum asg_trust_news news =
        asg_trust_note_credentials(trust, result->outcome, result->error_code);
    const struct asg_dispatch_ports *ports = &dispatch->options.ports;
    if (news != ASG_TRUST_NO_NEWS && ports->tell_refused != NULL) {
        ports->tell_refused(ports->context, worker->name, trust->refused);
    }
    if (asg_trust_answered(&dispatch->trusted, trust, kind, result->outcome, mono_ms)) {
        put_aside(dispatch, trust, mono_ms);
    }
}

/* ---- results ---- */

/* One who does not hold the lease says that something was done in EC2: worth a look, and
 * no more. */
static enum asg_result_verdict drop_result(struct asg_dispatch *dispatch, uint32_t peer,
                                           const struct asg_result *result,
                                           const struct asg_job_entry *entry)
{
    const struct asg_ack ack = {.job_id = result->job_id,
                                .attempt = result->attempt,
                                .incarnation = result->incarnation};
    acknowledge(dispatch, peer, &ack);
    dispatch->counts.late_results++;
    bool is_hint = entry != NULL && entry->state != ASG_ENTRY_ANSWERED &&
                   asg_job_is_mutating(entry->job.kind) &&
                   result->outcome == ASG_OUTCOME_OK;
    return is_hint ? ASG_RESULT_HINT : ASG_RESULT_LATE;
}

enum asg_result_verdict asg_dispatch_take_result(struct asg_dispatch *dispatch,
                                                 uint32_t peer,
                                                 const struct asg_result_message *message,
                                                 struct asg_result *ret, int64_t mono_ms)
{
    const struct asg_result *result = message->result;
    struct asg_dispatch_worker *worker = find_peer(dispatch, peer);
    if (worker == NULL) { /* its hello says what it holds; it sends the result again */
        asg_dispatch_ask_hello(dispatch, peer);
        dispatch->counts.late_results++;
        return ASG_RESULT_LATE;
    }
    take_rates(dispatch, worker->trust, message->rates, message->rate_count, mono_ms);
    worker->heard_ms = mono_ms;
    struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, result->job_id);
    bool is_awaited =
        entry != NULL && is_of_job(entry, result->attempt, result->incarnation);
    /* Also when the lease has run out, as long as nobody else has had one since. */
    bool is_holder = is_awaited && entry->holder == worker->identity;
    if (is_holder && entry->state == ASG_ENTRY_ANSWERED) {
        entry->answered_by = peer; /* sent again before the ACK: that comes later */
        dispatch->counts.late_results++;
        return ASG_RESULT_LATE;
    }
    if (!is_holder) return drop_result(dispatch, peer, result, entry);
    detach(dispatch, entry);
    entry->state = ASG_ENTRY_ANSWERED;
    entry->answered_by = peer;
    note_answer(dispatch, worker, entry->job.kind, result, mono_ms);
    *ret = *result;
    ret->deliveries = entry->deliveries;
    ret->worker = worker->name;
    return ASG_RESULT_NEW;
}

static uint32_t instances_of(const struct asg_job *job)
{
    if (asg_job_is_launch(job->kind) && job->launch != NULL) return job->launch->count;
    if (job->kind == ASG_JOB_TERMINATE && job->terminate != NULL) {
        return (uint32_t)job->terminate->instance_ids.count;
    }
    return 0;
}

void asg_dispatch_hand_back(struct asg_dispatch *dispatch, uint32_t peer,
                            const struct asg_hand_back *hand_back, int64_t mono_ms)
{
    struct asg_dispatch_worker *worker = find_peer(dispatch, peer);
    if (worker == NULL) return;
    worker->heard_ms = mono_ms;
    struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, hand_back->job_id);
    if (entry == NULL || entry->state != ASG_ENTRY_LEASED || entry->worker != worker ||
        entry->lease_id != hand_back->lease_id ||
        !is_of_job(entry, hand_back->attempt, hand_back->incarnation)) {
        return;
    }
    if (entry->deliveries > 0) entry->deliveries--; /* it was never begun */
    asg_rate_budget_give_back(&dispatch->budget, entry->job.kind,
                              instances_of(&entry->job));
    end_lease(dispatch, entry);
    entry->holder = 0;
    /* It may not have heard that the kill switch is off; or a file on its host halts it,
       and the same job would come and go without a pause. */
    tell_halt(dispatch, peer);
    worker->rests_until_ms = mono_ms + REST_MS;
}

void asg_dispatch_settle(struct asg_dispatch *dispatch, uint64_t job_id, uint32_t attempt)
{
    struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, job_id);
    if (entry == NULL || entry->job.attempt != attempt ||
        entry->state != ASG_ENTRY_ANSWERED) {
        return;
    }
    const struct asg_ack ack = {
        .job_id = job_id, .attempt = attempt, .incarnation = entry->job.incarnation};
    acknowledge(dispatch, entry->answered_by, &ack);
    asg_job_table_remove(&dispatch->table, entry);
}

static uint32_t free_credits(const struct asg_dispatch_worker *worker)
{
    return worker->capacity > worker->leases.count
               ? worker->capacity - worker->leases.count
               : 0;
}

/* What it has room for, as far as its key has earned it. */
static uint32_t room_of(const struct asg_dispatch *dispatch,
                        const struct asg_dispatch_worker *worker, int64_t mono_ms)
{
    uint32_t most =
        asg_trust_most(worker->trust, dispatch->options.unproven_jobs, mono_ms);
    uint32_t earned = most > worker->trust->leases ? most - worker->trust->leases : 0;
    uint32_t said = free_credits(worker);
    return said < earned ? said : earned;
}

/* Those put aside are used again when all the others have fallen silent. */
static bool is_all_aside(const struct asg_dispatch *dispatch, int64_t mono_ms)
{
    for (struct asg_dispatch_worker *w = dispatch->workers; w != NULL; w = w->next) {
        if (is_heard(dispatch, w, mono_ms) && !asg_trust_is_aside(w->trust, mono_ms)) {
            return false;
        }
    }
    return true;
}

/* Most room first, and of equals the one that did less; one that failed by its own fault
 * a moment ago comes last. */
static bool is_better(const struct asg_dispatch *dispatch,
                      const struct asg_dispatch_worker *a,
                      const struct asg_dispatch_worker *b, int64_t mono_ms)
{
    bool is_struck_a = asg_trust_is_struck(a->trust, mono_ms);
    bool is_struck_b = asg_trust_is_struck(b->trust, mono_ms);
    if (is_struck_a != is_struck_b) return is_struck_b;
    uint32_t room_a = room_of(dispatch, a, mono_ms);
    uint32_t room_b = room_of(dispatch, b, mono_ms);
    if (room_a != room_b) return room_a > room_b;
    return a->trust->finished_now < b->trust->finished_now;
}

/* NULL: nobody now; *ret_next_ms is when somebody may be. */
static struct asg_dispatch_worker *choose_worker(const struct asg_dispatch *dispatch,
                                                 enum asg_job_kind kind, int64_t mono_ms,
                                                 int64_t *ret_next_ms)
{
    struct asg_dispatch_worker *best = NULL;
    bool aside_too = is_all_aside(dispatch, mono_ms);
    *ret_next_ms = mono_ms + dispatch->options.lease_ms;
    for (struct asg_dispatch_worker *w = dispatch->workers; w != NULL; w = w->next) {
        if (room_of(dispatch, w, mono_ms) == 0) continue;
        if (!aside_too && asg_trust_is_aside(w->trust, mono_ms)) continue;
        if (asg_job_is_mutating(kind) && w->rests_until_ms > mono_ms) {
            if (w->rests_until_ms < *ret_next_ms) *ret_next_ms = w->rests_until_ms;
            continue;
        }
        if (best == NULL || is_better(dispatch, w, best, mono_ms)) best = w;
    }
    return best;
}

/* ---- questions ---- */

static bool is_among(uint32_t peer, const uint32_t *peers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (peers[i] == peer) return true;
    }
    return false;
}

/* One that failed by its own fault a moment ago comes last, then who was asked least. */
static bool is_better_asked(const struct asg_dispatch_worker *a,
                            const struct asg_dispatch_worker *b, int64_t mono_ms)
{
    bool is_struck_a = asg_trust_is_struck(a->trust, mono_ms);
    bool is_struck_b = asg_trust_is_struck(b->trust, mono_ms);
    if (is_struck_a != is_struck_b) return is_struck_b;
    return a->asked < b->asked;
}

bool asg_dispatch_choose_asked(struct asg_dispatch *dispatch, const uint32_t *tried,
                               size_t tried_count, int64_t mono_ms, uint32_t *ret_peer)
{
    struct asg_dispatch_worker *best = NULL;
    bool aside_too = is_all_aside(dispatch, mono_ms);
    for (struct asg_dispatch_worker *w = dispatch->workers; w != NULL; w = w->next) {
        if (!is_heard(dispatch, w, mono_ms)) continue;
        if (!aside_too && asg_trust_is_aside(w->trust, mono_ms)) continue;
        if (is_among(w->peer, tried, tried_count)) continue;
        if (best == NULL || is_better_asked(w, best, mono_ms)) best = w;
    }
    if (best == NULL) return false;
    best->asked++;
    best->trust->has_worked = true;
    *ret_peer = best->peer;
    return true;
}

bool asg_dispatch_may_ask(struct asg_dispatch *dispatch, enum asg_question_kind kind,
                          int64_t mono_ms, int64_t *ret_wait_ms)
{
    return asg_rate_budget_take(&dispatch->budget, asg_rate_budget_of(kind), 0, mono_ms,
                                ret_wait_ms);
}

void asg_dispatch_heard(struct asg_dispatch *dispatch, uint32_t peer,
                        const struct asg_call_rate *rates, size_t rate_count,
                        int64_t mono_ms)
{
    struct asg_dispatch_worker *worker = find_peer(dispatch, peer);
    if (worker == NULL) return;
    take_rates(dispatch, worker->trust, rates, rate_count, mono_ms);
    worker->heard_ms = mono_ms;
}

/* ---- handing out ---- */

static void give_up(struct asg_dispatch *dispatch, struct asg_job_entry *entry,
                    enum asg_outcome outcome, const char *message)
{
    struct asg_result result =
        asg_result_begin(entry->job.id, entry->job.attempt, entry->job.incarnation, "");
    result.outcome = outcome;
    result.message = message;
    result.deliveries = entry->deliveries;
    dispatch->counts.given_up++;
    const struct asg_dispatch_ports *ports = &dispatch->options.ports;
    ports->give_up(ports->context, &result);
}

static void end_job(struct asg_dispatch *dispatch, struct asg_job_entry *entry,
                    enum asg_outcome outcome, const char *why)
{
    bool may_have_launched = entry->deliveries > 0 && asg_job_is_launch(entry->job.kind);
    take_away(dispatch, entry);
    entry->state = ASG_ENTRY_ANSWERED;
    entry->holder = 0; /* nobody waits for an ACK */
    entry->answered_by = 0;
    give_up(dispatch, entry, may_have_launched ? ASG_OUTCOME_AMBIGUOUS : outcome, why);
}

static bool is_past_deadline(const struct asg_job_entry *entry, int64_t log_ms)
{
    return entry->job.deadline_ms > 0 && entry->job.deadline_ms <= log_ms;
}

/* True when the queued job is past help and has been given up. */
static bool end_hopeless(struct asg_dispatch *dispatch, struct asg_job_entry *entry,
                         int64_t log_ms)
{
    if (entry->deliveries >= dispatch->options.delivery_limit) {
        end_job(
            dispatch, entry, ASG_OUTCOME_UNDELIVERED,
            "sent to workers as often as jobs.delivery_limit allows, and no result came "
            "back");
        return true;
    }
    if (!is_past_deadline(entry, log_ms)) return false;
    end_job(dispatch, entry, ASG_OUTCOME_EXPIRED,
            "its deadline passed before a worker could finish it");
    return true;
}

/* ASG_ERR_INVALID: it cannot leave, and has ended; else the status of its sending. */
static enum asg_status hand_out(struct asg_dispatch *dispatch,
                                struct asg_job_entry *entry,
                                struct asg_dispatch_worker *worker, int64_t mono_ms,
                                int64_t log_ms)
{
    asg_arena_reset(&dispatch->scratch);
    uint64_t lease_id = dispatch->last_lease_id + 1;
    struct asg_job_message message = {
        .epoch = dispatch->epoch,
        .lease_id = lease_id,
        .time_left_ms = entry->job.deadline_ms > 0 ? entry->job.deadline_ms - log_ms : 0,
        .cluster_id = dispatch->cluster_id,
        .job = &entry->job,
    };
    const struct asg_dispatch_ports *ports = &dispatch->options.ports;
    const char *why =
        ports->prepare(ports->context, &entry->job, &dispatch->scratch, &message);
    if (why != NULL) {
        end_job(dispatch, entry, ASG_OUTCOME_BAD_REQUEST, why);
        return ASG_ERR_INVALID;
    }
    if (ASG_FAILPOINT_FAILS("dispatch.before_send")) return ASG_ERR_FULL;
    enum asg_status status =
        send_message(dispatch, worker->peer, ASG_MESSAGE_JOB, &message);
    ASG_FAILPOINT("dispatch.after_send");
    if (status == ASG_ERR_CLOSED)
        worker->capacity = 0; /* its leases run out by themselves */
    if (status != ASG_OK) return status;
    dispatch->last_lease_id = lease_id;
    asg_entry_list_remove(queue_of(dispatch, entry), entry);
    give_lease(dispatch, entry, worker, lease_id, mono_ms);
    dispatch->counts.handed_out++;
    ASG_FAILPOINT("dispatch.lease_granted");
    return ASG_OK;
}

/* Hand out one kind's queue from the front; returns when to come back. */
static int64_t pump_queue(struct asg_dispatch *dispatch, enum asg_job_kind kind,
                          int64_t mono_ms, int64_t log_ms)
{
    struct asg_entry_list *queue = &dispatch->queues[kind];
    dispatch->is_rate_out[kind] = false;
    while (queue->first != NULL) {
        struct asg_job_entry *entry = queue->first;
        if (end_hopeless(dispatch, entry, log_ms)) continue;
        if (dispatch->is_halted && asg_job_is_mutating(kind)) return INT64_MAX;
        int64_t next_ms = 0;
        struct asg_dispatch_worker *worker =
            choose_worker(dispatch, kind, mono_ms, &next_ms);
        if (worker == NULL) return next_ms;
        uint32_t instances = instances_of(&entry->job);
        int64_t wait_ms = 0;
        if (!asg_rate_budget_take(&dispatch->budget, kind, instances, mono_ms,
                                  &wait_ms)) {
            dispatch->is_rate_out[kind] = true;
            return mono_ms + wait_ms;
        }
        enum asg_status status = hand_out(dispatch, entry, worker, mono_ms, log_ms);
        if (status == ASG_OK) continue;
        asg_rate_budget_give_back(&dispatch->budget, kind, instances);
        if (status == ASG_ERR_INVALID) continue;                /* it has ended */
        if (status != ASG_ERR_CLOSED) return mono_ms + BUSY_MS; /* its queue is full */
    }
    return INT64_MAX;
}

/* A lease that ran out, or whose job's deadline passed; *next_ms comes down to when this
 * one's does. A worker that is heard of and lets that happen sits on its jobs. */
static void end_lease_if_due(struct asg_dispatch *dispatch, struct asg_job_entry *entry,
                             int64_t mono_ms, int64_t log_ms, int64_t *next_ms)
{
    struct asg_dispatch_worker *worker = entry->worker;
    struct asg_trust *trust = worker->trust;
    bool is_run_out = entry->lease_until_ms <= mono_ms;
    bool is_late = is_past_deadline(entry, log_ms);
    if (!is_run_out && !is_late) {
        int64_t left_ms = entry->lease_until_ms - mono_ms;
        int64_t deadline_ms = entry->job.deadline_ms;
        if (deadline_ms > log_ms && deadline_ms - log_ms < left_ms) {
            left_ms = deadline_ms - log_ms;
        }
        if (mono_ms + left_ms < *next_ms) *next_ms = mono_ms + left_ms;
        return;
    }
    bool sits_on_it = is_heard(dispatch, worker, mono_ms);
    if (is_late) {
        end_job(dispatch, entry, ASG_OUTCOME_EXPIRED,
                "its deadline passed before its worker finished it");
    } else {
        worker->capacity = 0; /* until it is heard of again */
        end_lease(dispatch, entry);
    }
    if (sits_on_it && asg_trust_held(trust, mono_ms)) put_aside(dispatch, trust, mono_ms);
}

/* Said once, a lease after it was heard last. */
static void tell_missed(const struct asg_dispatch *dispatch,
                        struct asg_dispatch_worker *worker, int64_t mono_ms)
{
    bool is_missed = !is_heard(dispatch, worker, mono_ms);
    if (is_missed && !worker->is_missed) {
        asg_log_warn_rate(
            "dispatch", "worker_away",
            "worker=%s address=%s no message for %lld s: its own log says why",
            worker->name, worker->address,
            (long long)((mono_ms - worker->heard_ms) / 1000));
    }
    worker->is_missed = is_missed;
}

/* Returns when the next lease or deadline is due. A worker unheard of for ten leases and
 * without any is forgotten. */
static int64_t end_leases(struct asg_dispatch *dispatch, int64_t mono_ms, int64_t log_ms)
{
    int64_t next_ms = INT64_MAX;
    struct asg_dispatch_worker *worker = dispatch->workers;
    while (worker != NULL) {
        struct asg_dispatch_worker *next_worker = worker->next;
        struct asg_job_entry *entry = worker->leases.first;
        tell_missed(dispatch, worker, mono_ms);
        while (entry != NULL) {
            struct asg_job_entry *next = entry->next;
            end_lease_if_due(dispatch, entry, mono_ms, log_ms, &next_ms);
            /* Put aside, it has none left; otherwise only this one may be gone. */
            entry = worker->leases.count == 0 ? NULL : next;
        }
        bool is_forgotten = worker->leases.count == 0 &&
                            worker->heard_ms + 10 * dispatch->options.lease_ms < mono_ms;
        if (is_forgotten) drop_worker(dispatch, worker);
        worker = next_worker;
    }
    return next_ms;
}

int64_t asg_dispatch_pump(struct asg_dispatch *dispatch, int64_t mono_ms, int64_t log_ms)
{
    dispatch->pumped_ms = mono_ms;
    int64_t next_ms = end_leases(dispatch, mono_ms, log_ms);
    while (dispatch->recalled.first != NULL) {
        end_job(dispatch, dispatch->recalled.first, ASG_OUTCOME_UNDELIVERED,
                "withdrawn before a worker took it");
    }
    for (int kind = 0; kind < ASG_JOB_COUNT; kind++) {
        int64_t at_ms = pump_queue(dispatch, (enum asg_job_kind)kind, mono_ms, log_ms);
        if (at_ms < next_ms) next_ms = at_ms;
    }
    return next_ms;
}

struct asg_beside asg_dispatch_beside(const struct asg_dispatch *dispatch,
                                      int64_t mono_ms)
{
    struct asg_beside beside = {
        .is_known = true,
        .are_launches_out =
            dispatch->is_rate_out[ASG_JOB_LAUNCH] || dispatch->is_rate_out[ASG_JOB_FLEET],
        .are_ends_out = dispatch->is_rate_out[ASG_JOB_TERMINATE],
    };
    for (const struct asg_dispatch_worker *w = dispatch->workers; w != NULL;
         w = w->next) {
        bool can_call = is_heard(dispatch, w, mono_ms) && w->trust->refused[0] == '\0' &&
                        !asg_trust_is_aside(w->trust, mono_ms);
        beside.workers += can_call ? 1 : 0;
    }
    return beside;
}

bool asg_dispatch_is_describe(const struct asg_dispatch *dispatch, uint64_t job_id,
                              bool *ret_complete)
{
    const struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, job_id);
    if (entry == NULL || entry->job.kind != ASG_JOB_DESCRIBE) return false;
    *ret_complete =
        entry->job.describe == NULL || entry->job.describe->instance_ids.count == 0;
    return true;
}

const struct asg_job *asg_dispatch_job(const struct asg_dispatch *dispatch,
                                       uint64_t job_id)
{
    const struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, job_id);
    return entry != NULL ? &entry->job : NULL;
}

struct kind_list {
    enum asg_job_kind kind;
    uint64_t *ids;
    size_t count;
};

static void note_id(void *context, struct asg_job_entry *entry)
{
    struct kind_list *list = context;
    if (entry->job.kind == list->kind) list->ids[list->count++] = entry->job.id;
}

void asg_dispatch_list_kind(const struct asg_dispatch *dispatch, enum asg_job_kind kind,
                            struct asg_arena *arena, struct asg_numbers *ret)
{
    struct kind_list list = {.kind = kind};
    list.ids = asg_arena_take(arena, (dispatch->table.count + 1) * sizeof *list.ids);
    asg_job_table_visit(&dispatch->table, note_id, &list);
    *ret = (struct asg_numbers){.items = list.ids, .count = list.count};
}

const char *asg_dispatch_holder(const struct asg_dispatch *dispatch, uint64_t job_id)
{
    const struct asg_job_entry *entry = asg_job_table_find(&dispatch->table, job_id);
    return entry != NULL && entry->state == ASG_ENTRY_LEASED ? entry->worker->name : "";
}

static enum asg_worker_state state_of(const struct asg_dispatch *dispatch,
                                      const struct asg_dispatch_worker *worker,
                                      int64_t mono_ms)
{
    bool is_here = is_heard(dispatch, worker, mono_ms);
    if (is_here && worker->trust->refused[0] != '\0') return ASG_WORKER_NO_CREDENTIALS;
    if (asg_trust_is_aside(worker->trust, mono_ms)) return ASG_WORKER_PUT_ASIDE;
    return is_here ? ASG_WORKER_READY : ASG_WORKER_SILENT;
}

static const char *reason_of(const struct asg_dispatch_worker *worker,
                             enum asg_worker_state state, struct asg_arena *arena)
{
    if (state == ASG_WORKER_NO_CREDENTIALS) {
        return asg_arena_format(arena, "AWS refuses its credentials: %s",
                                worker->trust->refused);
    }
    return state == ASG_WORKER_PUT_ASIDE ? worker->trust->why : "";
}

void asg_dispatch_view(const struct asg_dispatch *dispatch, int64_t mono_ms,
                       struct asg_arena *arena, struct asg_worker_view **ret,
                       size_t *ret_count)
{
    struct asg_worker_view *views = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (struct asg_dispatch_worker *w = dispatch->workers; w != NULL; w = w->next) {
        struct asg_worker_view *view =
            asg_arena_push(arena, (void **)&views, &count, &capacity, sizeof *view);
        enum asg_worker_state state = state_of(dispatch, w, mono_ms);
        *view = (struct asg_worker_view){
            .name = asg_arena_text(arena, w->name),
            .version = asg_arena_text(arena, w->version),
            .address = asg_arena_text(arena, w->address),
            .credits = room_of(dispatch, w, mono_ms),
            .leases = w->leases.count,
            .heard_ms = mono_ms - w->heard_ms,
            .state = state,
            .reason = reason_of(w, state, arena),
        };
    }
    *ret = views;
    *ret_count = count;
}

void asg_dispatch_alarms(const struct asg_dispatch *dispatch, int64_t mono_ms,
                         struct asg_arena *arena, struct asg_alarm_view **ret,
                         size_t *ret_count)
{
    size_t capacity = 0;
    *ret = NULL;
    *ret_count = 0;
    for (struct asg_dispatch_worker *w = dispatch->workers; w != NULL; w = w->next) {
        bool is_aside = asg_trust_is_aside(w->trust, mono_ms);
        bool is_refused = w->trust->refused[0] != '\0';
        if (!is_aside && !is_refused) continue;
        struct asg_alarm_view *alarm =
            asg_arena_push(arena, (void **)ret, ret_count, &capacity, sizeof *alarm);
        *alarm = (struct asg_alarm_view){
            .kind = is_refused ? "credentials" : "worker-put-aside",
            .group = "",
            .text = is_refused
                        ? asg_arena_format(arena,
                                           "AWS refuses the credentials of worker %s: %s",
                                           w->name, w->trust->refused)
                        : asg_arena_format(arena, "worker %s gets no jobs: %s", w->name,
                                           w->trust->why)};
    }
}

struct asg_dispatch_counts asg_dispatch_counts(const struct asg_dispatch *dispatch)
{
    struct asg_dispatch_counts counts = dispatch->counts;
    counts.queued = dispatch->recalled.count;
    for (int kind = 0; kind < ASG_JOB_COUNT; kind++) {
        counts.queued += dispatch->queues[kind].count;
    }
    for (struct asg_dispatch_worker *w = dispatch->workers; w != NULL; w = w->next) {
        counts.workers++;
        bool is_refused = w->trust->refused[0] != '\0'; /* told of as that alone */
        counts.refused += is_refused;
        counts.aside += !is_refused && asg_trust_is_aside(w->trust, dispatch->pumped_ms);
    }
    return counts;
}
