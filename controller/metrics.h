/* metrics - what the controller counts: one table for the code and for /metrics.
 * Threads: any. */
#ifndef ASG_CONTROLLER_METRICS_H
#define ASG_CONTROLLER_METRICS_H

#include "base/metrics.h"

/* identifier, name, labels, kind, help; rows of one name stand together */
#define ASG_CONTROLLER_METRICS(X)                                                        \
    X(REPORTS, "asg_reports_total", "", COUNTER, "Agent reports taken.")                 \
    X(REPORTS_REPEATED, "asg_reports_dropped_total", "reason=\"repeated\"", COUNTER,     \
      "Agent reports dropped, by reason.")                                               \
    X(REPORTS_UNBOUND, "asg_reports_dropped_total", "reason=\"unbound\"", COUNTER,       \
      "Agent reports dropped, by reason.")                                               \
    X(REPORTS_OVERTAKEN, "asg_reports_dropped_total", "reason=\"overtaken\"", COUNTER,   \
      "Agent reports dropped, by reason.")                                               \
    X(REPORTS_LATE, "asg_reports_dropped_total", "reason=\"late\"", COUNTER,             \
      "Agent reports dropped, by reason.")                                               \
    X(FRAMES_MALFORMED, "asg_frames_refused_total", "reason=\"malformed\"", COUNTER,     \
      "Frames that could not be used, by reason.")                                       \
    X(FRAMES_VERSION, "asg_frames_refused_total", "reason=\"version\"", COUNTER,         \
      "Frames that could not be used, by reason.")                                       \
    X(ENROLMENTS_BOUND, "asg_enrolments_total", "outcome=\"bound\"", COUNTER,            \
      "Calls of agents to enrol, by outcome.")                                           \
    X(ENROLMENTS_RENEWED, "asg_enrolments_total", "outcome=\"renewed\"", COUNTER,        \
      "Calls of agents to enrol, by outcome.")                                           \
    X(ENROLMENTS_REFUSED, "asg_enrolments_total", "outcome=\"refused\"", COUNTER,        \
      "Calls of agents to enrol, by outcome.")                                           \
    X(ENROLMENTS_EARLY, "asg_enrolments_total", "outcome=\"early\"", COUNTER,            \
      "Calls of agents to enrol, by outcome.")                                           \
    X(ENROLMENTS_BUSY, "asg_enrolments_total", "outcome=\"busy\"", COUNTER,              \
      "Calls of agents to enrol, by outcome.")                                           \
    X(ENROLMENTS_MALFORMED, "asg_enrolments_total", "outcome=\"malformed\"", COUNTER,    \
      "Calls of agents to enrol, by outcome.")                                           \
    X(ENROLMENTS_UNAVAILABLE, "asg_enrolments_total", "outcome=\"unavailable\"",         \
      COUNTER, "Calls of agents to enrol, by outcome.")                                  \
    X(CERTIFICATE_UNTIL, "asg_certificate_until_seconds", "", GAUGE,                     \
      "When the controller's own certificate ends, in seconds since 1970.")              \
    X(AGENTS, "asg_agents", "", GAUGE, "Agents bound now.")                              \
    X(INBOX_FULL, "asg_inbox_full_total", "", COUNTER,                                   \
      "Events an edge had to hold back or drop because the inbox was full.")             \
    X(PEERS_REFUSED, "asg_peers_refused_total", "", COUNTER,                             \
      "Connections refused because their key is not on a list.")                         \
    X(KEYS_MISUSED, "asg_keys_misused_total", "", COUNTER,                               \
      "Connections refused because their key, which is admitted, has too many of them "  \
      "or "                                                                              \
      "makes them too often.")                                                           \
    X(KEYS_SHUT_OUT, "asg_connections_shut_total", "", COUNTER,                          \
      "Connections of workers and admins that were ended: key taken back, too many of "  \
      "it, or silent.")                                                                  \
    X(TURNED_AWAY_AGENTS, "asg_connections_refused_total", "port=\"agents\"", COUNTER,   \
      "Connections reset because strangers may hold no more, by port.")                  \
    X(TURNED_AWAY_ENROL, "asg_connections_refused_total", "port=\"enrol\"", COUNTER,     \
      "Connections reset because strangers may hold no more, by port.")                  \
    X(TURNED_AWAY_WORKERS, "asg_connections_refused_total", "port=\"workers\"", COUNTER, \
      "Connections reset because strangers may hold no more, by port.")                  \
    X(TURNED_AWAY_ADMIN, "asg_connections_refused_total", "port=\"admin\"", COUNTER,     \
      "Connections reset because strangers may hold no more, by port.")                  \
    X(TURNED_AWAY_HTTP, "asg_connections_refused_total", "port=\"http\"", COUNTER,       \
      "Connections reset because strangers may hold no more, by port.")                  \
    X(OPEN_AGENTS, "asg_connections", "port=\"agents\"", GAUGE,                          \
      "Connections that are open, by port.")                                             \
    X(OPEN_ENROL, "asg_connections", "port=\"enrol\"", GAUGE,                            \
      "Connections that are open, by port.")                                             \
    X(OPEN_WORKERS, "asg_connections", "port=\"workers\"", GAUGE,                        \
      "Connections that are open, by port.")                                             \
    X(OPEN_ADMIN, "asg_connections", "port=\"admin\"", GAUGE,                            \
      "Connections that are open, by port.")                                             \
    X(OPEN_HTTP, "asg_connections", "port=\"http\"", GAUGE,                              \
      "Connections that are open, by port.")                                             \
    X(EVENTS, "asg_events_total", "", COUNTER, "Events applied by core.")                \
    X(COMMITS, "asg_commits_total", "", COUNTER, "Transactions of the log.")             \
    X(COMMIT_SECONDS, "asg_commit_duration_seconds", "", HISTOGRAM,                      \
      "From the first event of a batch to its durability.")                              \
    X(STEP_SECONDS, "asg_step_duration_seconds", "", HISTOGRAM,                          \
      "Time core took for one event.")                                                   \
    X(LOG_HEAD, "asg_log_head", "", GAUGE, "Sequence number of the last record.")        \
    X(SNAPSHOTS, "asg_snapshots_total", "", COUNTER, "Snapshots saved.")                 \
    X(PRUNED, "asg_log_pruned_total", "", COUNTER, "Payloads pruned by retention.")      \
    X(DECISIONS, "asg_decisions_total", "", COUNTER, "Decisions committed.")             \
    X(JOBS_HANDED_OUT, "asg_jobs_handed_out_total", "", COUNTER,                         \
      "Jobs sent to workers.")                                                           \
    X(JOBS_REDELIVERED, "asg_jobs_redelivered_total", "", COUNTER,                       \
      "Jobs whose lease ended without a result.")                                        \
    X(THROTTLES, "asg_ec2_throttles_total", "", COUNTER,                                 \
      "Requests that EC2 refused for their rate, as workers told.")                      \
    X(RATE_RUN, "asg_rate_ratio_percent", "action=\"RunInstances\"", GAUGE,              \
      "How much of its full rate an action may use now; below 100 after a throttle.")    \
    X(RATE_TERMINATE, "asg_rate_ratio_percent", "action=\"TerminateInstances\"", GAUGE,  \
      "How much of its full rate an action may use now; below 100 after a throttle.")    \
    X(RATE_DESCRIBE, "asg_rate_ratio_percent", "action=\"DescribeInstances\"", GAUGE,    \
      "How much of its full rate an action may use now; below 100 after a throttle.")    \
    X(JOBS_QUEUED, "asg_jobs_queued", "", GAUGE, "Jobs that wait for a worker.")         \
    X(JOBS_LEASED, "asg_jobs_leased", "", GAUGE, "Jobs a worker holds.")                 \
    X(JOBS_DEAD, "asg_jobs_dead", "", GAUGE, "Dead letters.")                            \
    X(RESULTS_LATE, "asg_results_late_total", "", COUNTER,                               \
      "Results that came too late.")                                                     \
    X(LOOK_UPS, "asg_look_ups_total", "", COUNTER,                                       \
      "Questions of EC2 sent to workers for orders.")                                    \
    X(LOOK_UPS_UNAVAILABLE, "asg_look_ups_unavailable_total", "", COUNTER,               \
      "Orders that could not learn what they needed of EC2.")                            \
    X(WORKERS, "asg_workers", "", GAUGE, "Workers known now.")                           \
    X(PROBES, "asg_probes_total", "", COUNTER, "gRPC probes sent.")                      \
    X(PROBES_FAILED, "asg_probes_failed_total", "", COUNTER,                             \
      "gRPC probes not answered.")                                                       \
    X(SUSPECTS, "asg_suspects", "", GAUGE, "Silent instances being probed.")             \
    X(GROUPS, "asg_groups", "", GAUGE, "Groups.")                                        \
    X(INSTANCES, "asg_instances", "", GAUGE, "Instances of all groups.")                 \
    X(ALARMS_MASS_SILENCE, "asg_alarms", "kind=\"mass-silence\"", GAUGE,                 \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_DEAD_LETTER, "asg_alarms", "kind=\"dead-letter\"", GAUGE,                   \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_LAUNCH_BREAKER, "asg_alarms", "kind=\"launch-breaker\"", GAUGE,             \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_TOO_MANY_UNHEALTHY, "asg_alarms", "kind=\"too-many-unhealthy\"", GAUGE,     \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_CHURN, "asg_alarms", "kind=\"churn\"", GAUGE,                               \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_ORPHAN, "asg_alarms", "kind=\"orphan\"", GAUGE,                             \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_LOG_BEHIND, "asg_alarms", "kind=\"log-behind\"", GAUGE,                     \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_ENROLMENT, "asg_alarms", "kind=\"enrolment\"", GAUGE,                       \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_NOTICE, "asg_alarms", "kind=\"notice\"", GAUGE,                             \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_CREDENTIALS, "asg_alarms", "kind=\"credentials\"", GAUGE,                   \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_MASS_ABSENCE, "asg_alarms", "kind=\"mass-absence\"", GAUGE,                 \
      "Alarms that stand, by kind.")                                                     \
    X(ALARMS_WORKER_PUT_ASIDE, "asg_alarms", "kind=\"worker-put-aside\"", GAUGE,         \
      "Alarms that stand, by kind.")                                                     \
    X(API_OK, "asg_api_requests_total", "answer=\"ok\"", COUNTER,                        \
      "Requests of the Auto Scaling API, by what they were answered.")                   \
    X(API_REFUSED, "asg_api_requests_total", "answer=\"refused\"", COUNTER,              \
      "Requests of the Auto Scaling API, by what they were answered.")                   \
    X(API_FAILED, "asg_api_requests_total", "answer=\"failed\"", COUNTER,                \
      "Requests of the Auto Scaling API, by what they were answered.")                   \
    X(API_SECONDS, "asg_api_duration_seconds", "", HISTOGRAM,                            \
      "From a request of the API to its answer, without sending it.")                    \
    X(API_CONNECTIONS, "asg_api_connections", "", GAUGE,                                 \
      "Connections of the API that are open.")                                           \
    X(API_FULL, "asg_api_connections_full_total", "", COUNTER,                           \
      "Connections of the API that were closed, unused, for others to come.")            \
    X(IS_LEADING, "asg_leading", "", GAUGE, "1 while this controller decides.")          \
    X(IS_HALTED, "asg_halted", "", GAUGE, "1 while the kill switch stands.")

enum asg_controller_metric {
#define X(id, name, labels, kind, help) ASG_COUNT_##id,
    ASG_CONTROLLER_METRICS(X)
#undef X
        ASG_COUNT_END
};

extern struct asg_metric asg_controller_metrics[ASG_COUNT_END];

static inline void asg_count(enum asg_controller_metric which, int64_t more)
{
    asg_metric_add(&asg_controller_metrics[which], more);
}

static inline void asg_gauge(enum asg_controller_metric which, int64_t value)
{
    asg_metric_set(&asg_controller_metrics[which], value);
}

#endif
