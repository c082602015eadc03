/* serve_http - /healthz, /readyz and /metrics of a worker, when it is told to.
 *
 * What EC2's calls came to is metered by the client; what the worker itself counts is
 * copied here by the loop, as its counters belong to one thread.
 */
#ifndef ASG_WORKER_SERVE_HTTP_H
#define ASG_WORKER_SERVE_HTTP_H

#include "base/metrics.h"
#include "http/status_pages.h"
#include "worker/worker.h"

/* identifier, name, labels, kind, help */
#define ASG_WORKER_METRICS(X)                                                            \
    X(JOBS_TAKEN, "asg_worker_jobs_taken_total", "", COUNTER, "Jobs begun.")             \
    X(JOBS_REFUSED, "asg_worker_jobs_refused_total", "", COUNTER,                        \
      "Jobs of an older epoch or that could not be read.")                               \
    X(JOBS_HANDED_BACK, "asg_worker_jobs_handed_back_total", "", COUNTER,                \
      "Jobs given back without a call.")                                                 \
    X(FRAMES_MALFORMED, "asg_worker_frames_malformed_total", "", COUNTER,                \
      "Frames from the controller that could not be read.")                              \
    X(TEMPLATES_SWEPT, "asg_worker_templates_swept_total", "", COUNTER,                  \
      "Launch templates deleted that were made for fleets and left behind.")             \
    X(QUESTIONS, "asg_worker_questions_total", "", COUNTER,                              \
      "Questions of EC2 that the controller asked for an order.")                        \
    X(JOBS_RUNNING, "asg_worker_jobs_running", "", GAUGE, "Jobs under way.")             \
    X(RESULTS_WAITING, "asg_worker_results_unacknowledged", "", GAUGE,                   \
      "Results the controller has not acknowledged.")                                    \
    X(IS_WELCOME, "asg_worker_welcome", "", GAUGE,                                       \
      "1 while a controller has welcomed this worker.")                                  \
    X(IS_HALTED, "asg_worker_halted", "", GAUGE, "1 while a kill switch is on.")         \
    X(IS_REFUSED, "asg_worker_credentials_refused", "", GAUGE,                           \
      "1 while AWS refuses this worker's credentials: it takes no jobs.")                \
    X(CLOCK_SKEW, "asg_worker_ec2_clock_skew_seconds", "", GAUGE,                        \
      "How far EC2's clock is ahead of ours, learnt from its answers.")

enum asg_worker_metric {
#define X(id, name, labels, kind, help) ASG_WORKER_##id,
    ASG_WORKER_METRICS(X)
#undef X
        ASG_WORKER_METRICS_END
};

struct asg_worker_pages {
    struct asg_metric metrics[ASG_WORKER_METRICS_END];
    struct asg_ec2_client *ec2; /* lent */
    struct asg_status_pages *pages;
};

/* Serve at `where`; empty: serve nothing. The struct must not move until clear. */
ASG_MUST_USE enum asg_status asg_worker_pages_open(struct asg_worker_pages *pages,
                                                   const char *where,
                                                   struct asg_ec2_client *ec2,
                                                   struct asg_error *error);
void asg_worker_pages_clear(struct asg_worker_pages *pages);

/* Copy the worker's counters; from its own thread. */
void asg_worker_pages_update(struct asg_worker_pages *pages,
                             const struct asg_worker *worker);

#endif
