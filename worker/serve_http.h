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
    X(JOBS_TAKEN, "openasg_worker_jobs_taken_total", "", COUNTER, "Jobs started.")       \
    X(JOBS_REFUSED, "openasg_worker_jobs_refused_total", "", COUNTER,                    \
      "Jobs refused: from an older controller or unreadable.")                           \
    X(JOBS_HANDED_BACK, "openasg_worker_jobs_handed_back_total", "", COUNTER,            \
      "Jobs returned to the controller without a call of EC2.")                          \
    X(FRAMES_MALFORMED, "openasg_worker_frames_malformed_total", "", COUNTER,            \
      "Messages from the controller that could not be read.")                            \
    X(TEMPLATES_SWEPT, "openasg_worker_templates_swept_total", "", COUNTER,              \
      "Leftover launch templates of fleets that were deleted.")                          \
    X(QUESTIONS, "openasg_worker_questions_total", "", COUNTER,                          \
      "EC2 look-ups that the controller asked for.")                                     \
    X(JOBS_RUNNING, "openasg_worker_jobs_running", "", GAUGE, "Jobs running now.")       \
    X(RESULTS_WAITING, "openasg_worker_results_unacknowledged", "", GAUGE,               \
      "Results that the controller has not acknowledged yet.")                           \
    X(IS_WELCOME, "openasg_worker_connected", "", GAUGE,                                 \
      "1 while a controller accepts this worker, else 0.")                               \
    X(IS_HALTED, "openasg_worker_halted", "", GAUGE,                                     \
      "1 while a kill switch is on (this host's or the controller's), else 0.")          \
    X(IS_REFUSED, "openasg_worker_credentials_refused", "", GAUGE,                       \
      "1 while AWS refuses this worker's credentials and it takes no jobs, else 0.")     \
    X(CLOCK_SKEW, "openasg_worker_ec2_clock_skew_seconds", "", GAUGE_MILLI,              \
      "How far EC2's clock is ahead of this host's.")                                    \
    X(CREDENTIALS_UNTIL, "openasg_worker_credentials_expiry_timestamp_seconds", "",      \
      GAUGE_MILLI,                                                                       \
      "When the AWS credentials in use expire; 0: they do not, or there are none yet.")

enum asg_worker_metric {
#define X(id, name, labels, kind, help) ASG_WORKER_##id,
    ASG_WORKER_METRICS(X)
#undef X
        ASG_WORKER_METRICS_END
};

struct asg_worker_pages {
    struct asg_metric metrics[ASG_WORKER_METRICS_END];
    struct asg_ec2_client *ec2;                  /* lent */
    const _Atomic int64_t *credentials_until_ms; /* lent; NULL: not known */
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
