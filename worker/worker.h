/* worker - takes jobs, runs them against EC2, reports what came of them.
 *
 * Flow:    controller -> take_job -> run_job (job_*.c) -> send_result -> controller
 *          controller -> answer_question -> controller
 * Keeps:   nothing on disk. A job lives in one struct asg_task from the moment it is
 *          taken until the controller has acknowledged its result.
 * Promise: a job is not run past its deadline, nor for a controller of an older epoch,
 *          nor (when it changes anything) while the kill switch is on. A result is sent
 *          again until it is acknowledged.
 * Time:    monotonic for leases, pauses and deadlines.
 * Threads: one owner (the loop). No sockets here: they come in by `ports`.
 */
#ifndef ASG_WORKER_WORKER_H
#define ASG_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/ec2_client.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "model/messages.h"

struct asg_worker;

struct asg_worker_ports {
    /* Send one message to the controller. BUSY or CLOSED: not now; it is tried again. */
    enum asg_status (*send)(void *context, enum asg_message_type type,
                            const void *object);
    void *context;
};

struct asg_worker_options {
    const char *name;          /* as the operator sees it; copied */
    uint32_t capacity;         /* jobs held at once */
    uint32_t attempts;         /* sends of one EC2 call that is refused for a time */
    uint32_t attempts_unsure;  /* sends of a launch that nobody answered */
    int64_t hello_ms;          /* pause between two hellos while nobody welcomes us */
    int64_t resend_ms;         /* pause before a result is sent again */
    uint32_t result_instances; /* in one frame; 0: ASG_RESULT_INSTANCES_MAX */
    int64_t refused_ms;        /* first pause after AWS refused our credentials; 0: 5 s */
    /* Every call that would change something carries EC2's DryRun flag; a job that was
     * not planned as a dry run then ends as refused, with EC2's word that it would have
     * worked, so that nothing waits for its instances. */
    bool is_dry_run;
    struct asg_clock clock;
    struct asg_ec2_client *ec2; /* lent; ends after the worker */
    struct asg_worker_ports ports;
};

/* Make a worker; says hello at the first tick. */
void asg_worker_new(const struct asg_worker_options *options, struct asg_worker **ret);

/* Ends at once; jobs under way are left to their leases. Destroy the EC2 client first:
 * its calls point here. */
void asg_worker_destroy(struct asg_worker **worker);

/* A frame from the controller. One that cannot be decoded is counted, logged and
 * dropped. */
void asg_worker_receive(struct asg_worker *worker, const void *data, size_t length);

/* Do what is due: hello, heartbeat, pauses of jobs, results sent again. Returns the
 * monotonic moment (ms) of the next turn, 30 s on at most: one that comes much later is
 * of a worker that stood still. */
int64_t asg_worker_tick(struct asg_worker *worker);

/* The kill switch of this host, beside the controller's: while either is on nothing is
 * changed in EC2. */
void asg_worker_halt(struct asg_worker *worker, bool is_halted);

/* Take no more jobs, hand back those not begun, finish the others. */
void asg_worker_stop(struct asg_worker *worker);

/* Nothing is running, every question is answered and every result acknowledged. */
bool asg_worker_is_idle(const struct asg_worker *worker);

struct asg_worker_counts {
    uint32_t running;
    uint32_t unacknowledged;
    uint64_t taken;
    uint64_t refused;
    uint64_t handed_back;
    uint64_t bad_frames;
    uint64_t templates_swept;
    uint64_t questions;
};
struct asg_worker_counts asg_worker_counts(const struct asg_worker *worker);

#endif
