/* dispatch_job - committed jobs go to workers, by credit and under a lease.
 *
 * Flow:    effects (committed) -> [dispatch] -> worker -> result -> event -> commit
 * Promise: a job is with at most one worker per lease. A worker that falls silent for
 *          lease_ms loses its leases and the same attempt goes to another: the client
 *          token makes that harmless. A result counts from the holder of the lease only,
 *          whatever its outcome; others' are acknowledged and dropped, and when one says
 *          that something was done in EC2, that is a hint to look there. Nothing is
 *          acknowledged to a worker before it is durable. A job ends by its deadline,
 * also while a worker has it.
 * Time: leases by the monotonic clock, deadlines by the time of the log.
 * Threads: one owner (the loop). No sockets here: they come in by `ports`.
 */
#ifndef ASG_CONTROLLER_DISPATCH_JOB_H
#define ASG_CONTROLLER_DISPATCH_JOB_H

#include "controller/rate_budget.h"
#include "model/messages.h"
#include "view/view.h"

struct asg_dispatch;

struct asg_dispatch_ports {
    /* Send one message; CLOSED when that peer is gone, BUSY when it takes no more. */
    enum asg_status (*send)(void *context, uint32_t peer, enum asg_message_type type,
                            const void *object);
    /* Fill join stanza and attachment of a job that is about to leave. NULL, or why it
     * cannot leave, in `arena`: it ends as BAD_REQUEST. */
    const char *(*prepare)(void *context, const struct asg_job *job,
                           struct asg_arena *arena, struct asg_job_message *message);
    /* A job that no worker will answer any more: its end as an event. */
    void (*give_up)(void *context, const struct asg_result *result);
    /* A worker was put aside (worker_trust.h); `why` is static. NULL: nobody asks. */
    void (*tell_aside)(void *context, const char *worker, const char *why);
    /* AWS refuses its credentials by that code; "": it accepts them again. May be NULL.
     */
    void (*tell_refused)(void *context, const char *worker, const char *code);
    void *context;
};

struct asg_dispatch_options {
    int64_t lease_ms;
    int64_t heartbeat_ms;
    uint32_t delivery_limit; /* times a job is sent to a worker before it is given up */
    uint32_t unproven_jobs;  /* held by a key that has finished none lately; 0: any */
    int64_t aside_ms;        /* how long a worker is put aside; 0: never is */
    uint32_t rate_share_percent;               /* of EC2's quotas; 0: no limit */
    const struct asg_rate_quotas *rate_quotas; /* NULL: those that EC2 documents */
    struct asg_dispatch_ports ports;
};

enum asg_result_verdict {
    ASG_RESULT_NEW,  /* make it an event; asg_dispatch_settle() when that is durable */
    ASG_RESULT_LATE, /* counted already, or nobody waits for it, or of one who does not
                      * hold the lease; acknowledged, if its worker has said hello */
    ASG_RESULT_HINT /* the same, and it says that something was done in EC2: look there */
};

struct asg_dispatch_counts {
    uint64_t handed_out;
    uint64_t redelivered;
    uint64_t late_results;
    uint64_t given_up;
    uint64_t put_aside;
    uint64_t throttles; /* told by workers */
    uint32_t queued;
    uint32_t leased;
    uint32_t workers;
    uint32_t aside;   /* of them; by the last pump's clock */
    uint32_t refused; /* of them: AWS does not accept their credentials */
};

void asg_dispatch_new(const struct asg_dispatch_options *options, int64_t mono_ms,
                      struct asg_dispatch **ret);
void asg_dispatch_destroy(struct asg_dispatch **dispatch);

/* Begin to lead: workers are welcomed with these. */
void asg_dispatch_lead(struct asg_dispatch *dispatch, uint64_t epoch,
                       uint64_t incarnation, const char *cluster_id);

/* The kill switch: while on, only jobs that change nothing leave; workers are told. */
void asg_dispatch_halt(struct asg_dispatch *dispatch, bool is_halted);

/* A committed job. The same id with a higher attempt takes the place of the older one. */
void asg_dispatch_add(struct asg_dispatch *dispatch, const struct asg_job *job);

/* The same for a job of an earlier controller: a worker whose hello names it may keep it,
 * until it has been handed out to somebody. */
void asg_dispatch_inherit(struct asg_dispatch *dispatch, const struct asg_job *job);

/* Core wants it back unless a worker has it: the next pump gives it up as UNDELIVERED, as
 * it does when that worker hands it back or loses its lease. An unknown id is fine. */
void asg_dispatch_recall(struct asg_dispatch *dispatch, uint64_t job_id);

/* A job that needs no worker any more. */
void asg_dispatch_close(struct asg_dispatch *dispatch, uint64_t job_id);

/* What workers say. `address` and `key` are shown to people. A worker that says hello
 * again without the leases it had has lost them: they go out at once. */
void asg_dispatch_hello(struct asg_dispatch *dispatch, uint32_t peer, const char *key,
                        const char *address, const struct asg_hello *hello,
                        int64_t mono_ms);
/* False: another key said hello on that connection's number: believe nothing of it. */
bool asg_dispatch_is_of(const struct asg_dispatch *dispatch, uint32_t peer,
                        const char *key);
/* Forget the workers whose key is not allowed any more: no job and nothing else goes to
 * them, and what they held goes to others. Returns how many. */
uint32_t asg_dispatch_shut_out(struct asg_dispatch *dispatch,
                               bool (*is_allowed)(void *context, const char *key),
                               void *context);
void asg_dispatch_ask_hello(struct asg_dispatch *dispatch, uint32_t peer);
/* False: no such worker here; it is told by REJOIN to say hello. */
bool asg_dispatch_heartbeat(struct asg_dispatch *dispatch, uint32_t peer,
                            const struct asg_heartbeat *heartbeat, int64_t mono_ms);
enum asg_result_verdict asg_dispatch_take_result(struct asg_dispatch *dispatch,
                                                 uint32_t peer,
                                                 const struct asg_result_message *message,
                                                 struct asg_result *ret, int64_t mono_ms);
void asg_dispatch_hand_back(struct asg_dispatch *dispatch, uint32_t peer,
                            const struct asg_hand_back *hand_back, int64_t mono_ms);

/* Questions (look_up.h) go to workers beside the jobs, without lease or credit, and also
 * while the kill switch is on. A worker that is ready, none of `tried`; false: none. */
bool asg_dispatch_choose_asked(struct asg_dispatch *dispatch, const uint32_t *tried,
                               size_t tried_count, int64_t mono_ms, uint32_t *ret_peer);
/* Take the right to the call of one; false: not before *ret_wait_ms. */
bool asg_dispatch_may_ask(struct asg_dispatch *dispatch, enum asg_question_kind kind,
                          int64_t mono_ms, int64_t *ret_wait_ms);
/* A worker answered one: it is there, and this is what it sent to EC2. */
void asg_dispatch_heard(struct asg_dispatch *dispatch, uint32_t peer,
                        const struct asg_call_rate *rates, size_t rate_count,
                        int64_t mono_ms);

/* The result that was NEW is durable: acknowledge it. */
void asg_dispatch_settle(struct asg_dispatch *dispatch, uint64_t job_id,
                         uint32_t attempt);

/* End leases that ran out, hand out what can go. Returns the monotonic moment when it
 * wants to be called again (INT64_MAX: when something happens). */
int64_t asg_dispatch_pump(struct asg_dispatch *dispatch, int64_t mono_ms, int64_t log_ms);

/* What of all that holds groups back, for those who read the view. */
struct asg_beside asg_dispatch_beside(const struct asg_dispatch *dispatch,
                                      int64_t mono_ms);

/* Is this open job a describe? *ret_complete: it asks for everything. */
bool asg_dispatch_is_describe(const struct asg_dispatch *dispatch, uint64_t job_id,
                              bool *ret_complete);

/* An open job, lent until the next call; NULL: it is not open. */
const struct asg_job *asg_dispatch_job(const struct asg_dispatch *dispatch,
                                       uint64_t job_id);

/* How much of its full rate the main action of that kind of job may use now, in percent:
 * below 100 after EC2 throttled it. */
uint32_t asg_dispatch_rate_percent(const struct asg_dispatch *dispatch,
                                   enum asg_job_kind kind);

/* Ids of the open jobs of a kind, in no order; in `arena`. */
void asg_dispatch_list_kind(const struct asg_dispatch *dispatch, enum asg_job_kind kind,
                            struct asg_arena *arena, struct asg_numbers *ret);

/* Name of the worker that has the job's lease; "" when none has. */
const char *asg_dispatch_holder(const struct asg_dispatch *dispatch, uint64_t job_id);

void asg_dispatch_view(const struct asg_dispatch *dispatch, int64_t mono_ms,
                       struct asg_arena *arena, struct asg_worker_view **ret,
                       size_t *ret_count);
/* Alarms that stand: workers that are put aside, in words; in `arena`. */
void asg_dispatch_alarms(const struct asg_dispatch *dispatch, int64_t mono_ms,
                         struct asg_arena *arena, struct asg_alarm_view **ret,
                         size_t *ret_count);
struct asg_dispatch_counts asg_dispatch_counts(const struct asg_dispatch *dispatch);

#endif
