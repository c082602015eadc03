/* metrics - what the controller counts: one table for the code and for /metrics.
 * Threads: any. */
#ifndef ASG_CONTROLLER_METRICS_H
#define ASG_CONTROLLER_METRICS_H

#include "base/metrics.h"

/* identifier, name, labels, kind, help; rows of one name stand together */
#define ASG_CONTROLLER_METRICS(X)                                                        \
    X(REPORTS, "openasg_reports_total", "", COUNTER, "Agent reports accepted.")          \
    X(REPORTS_REPEATED, "openasg_reports_dropped_total", "reason=\"repeated\"", COUNTER, \
      "Agent reports dropped, by reason.")                                               \
    X(REPORTS_UNBOUND, "openasg_reports_dropped_total", "reason=\"unbound\"", COUNTER,   \
      "Agent reports dropped, by reason.")                                               \
    X(REPORTS_OVERTAKEN, "openasg_reports_dropped_total", "reason=\"overtaken\"",        \
      COUNTER, "Agent reports dropped, by reason.")                                      \
    X(REPORTS_LATE, "openasg_reports_dropped_total", "reason=\"late\"", COUNTER,         \
      "Agent reports dropped, by reason.")                                               \
    X(FRAMES_MALFORMED, "openasg_frames_refused_total", "reason=\"malformed\"", COUNTER, \
      "Messages that could not be used, by reason.")                                     \
    X(FRAMES_VERSION, "openasg_frames_refused_total", "reason=\"version\"", COUNTER,     \
      "Messages that could not be used, by reason.")                                     \
    X(ENROLMENTS_BOUND, "openasg_enrolments_total", "outcome=\"bound\"", COUNTER,        \
      "Enrolment requests of agents, by outcome.")                                       \
    X(ENROLMENTS_RENEWED, "openasg_enrolments_total", "outcome=\"renewed\"", COUNTER,    \
      "Enrolment requests of agents, by outcome.")                                       \
    X(ENROLMENTS_REFUSED, "openasg_enrolments_total", "outcome=\"refused\"", COUNTER,    \
      "Enrolment requests of agents, by outcome.")                                       \
    X(ENROLMENTS_EARLY, "openasg_enrolments_total", "outcome=\"early\"", COUNTER,        \
      "Enrolment requests of agents, by outcome.")                                       \
    X(ENROLMENTS_BUSY, "openasg_enrolments_total", "outcome=\"busy\"", COUNTER,          \
      "Enrolment requests of agents, by outcome.")                                       \
    X(ENROLMENTS_MALFORMED, "openasg_enrolments_total", "outcome=\"malformed\"",         \
      COUNTER, "Enrolment requests of agents, by outcome.")                              \
    X(ENROLMENTS_UNAVAILABLE, "openasg_enrolments_total", "outcome=\"unavailable\"",     \
      COUNTER, "Enrolment requests of agents, by outcome.")                              \
    X(CERTIFICATE_UNTIL, "openasg_certificate_expiry_timestamp_seconds", "", GAUGE,      \
      "When the controller's own certificate expires.")                                  \
    X(AGENTS, "openasg_enrolled_agents", "", GAUGE, "Agents enrolled now.")              \
    X(INBOX_FULL, "openasg_inbox_full_total", "", COUNTER,                               \
      "Events held back or dropped because the inbox was full.")                         \
    X(PEERS_REFUSED, "openasg_peers_refused_total", "", COUNTER,                         \
      "Connections refused because their key is not on a list.")                         \
    X(KEYS_MISUSED, "openasg_keys_misused_total", "", COUNTER,                           \
      "Connections refused because an admitted key holds too many of them or opens "     \
      "them too often.")                                                                 \
    X(KEYS_SHUT_OUT, "openasg_connections_closed_total", "", COUNTER,                    \
      "Connections of workers and admins that the controller closed: key revoked, too "  \
      "many with one key, or silent.")                                                   \
    X(TURNED_AWAY_AGENTS, "openasg_connections_refused_total", "port=\"agents\"",        \
      COUNTER,                                                                           \
      "Connections reset because unauthenticated peers may hold no more of them, by "    \
      "port.")                                                                           \
    X(TURNED_AWAY_ENROL, "openasg_connections_refused_total", "port=\"enrol\"", COUNTER, \
      "Connections reset because unauthenticated peers may hold no more of them, by "    \
      "port.")                                                                           \
    X(TURNED_AWAY_WORKERS, "openasg_connections_refused_total", "port=\"workers\"",      \
      COUNTER,                                                                           \
      "Connections reset because unauthenticated peers may hold no more of them, by "    \
      "port.")                                                                           \
    X(TURNED_AWAY_ADMIN, "openasg_connections_refused_total", "port=\"admin\"", COUNTER, \
      "Connections reset because unauthenticated peers may hold no more of them, by "    \
      "port.")                                                                           \
    X(TURNED_AWAY_HTTP, "openasg_connections_refused_total", "port=\"http\"", COUNTER,   \
      "Connections reset because unauthenticated peers may hold no more of them, by "    \
      "port.")                                                                           \
    X(OPEN_AGENTS, "openasg_connections", "port=\"agents\"", GAUGE,                      \
      "Open connections, by port.")                                                      \
    X(OPEN_ENROL, "openasg_connections", "port=\"enrol\"", GAUGE,                        \
      "Open connections, by port.")                                                      \
    X(OPEN_WORKERS, "openasg_connections", "port=\"workers\"", GAUGE,                    \
      "Open connections, by port.")                                                      \
    X(OPEN_ADMIN, "openasg_connections", "port=\"admin\"", GAUGE,                        \
      "Open connections, by port.")                                                      \
    X(OPEN_HTTP, "openasg_connections", "port=\"http\"", GAUGE,                          \
      "Open connections, by port.")                                                      \
    X(EVENTS, "openasg_events_total", "", COUNTER, "Events applied.")                    \
    X(COMMITS, "openasg_commits_total", "", COUNTER, "Transactions of the log.")         \
    X(COMMIT_SECONDS, "openasg_commit_duration_seconds", "", HISTOGRAM,                  \
      "From the first event of a batch until the batch is on disk.")                     \
    X(STEP_SECONDS, "openasg_step_duration_seconds", "", HISTOGRAM,                      \
      "Time the decision takes for one event.")                                          \
    X(LOG_HEAD, "openasg_log_head_sequence", "", GAUGE,                                  \
      "Sequence number of the newest record of the log.")                                \
    X(LOG_BYTES, "openasg_log_bytes", "", GAUGE,                                         \
      "Size of the log on disk, with its write-ahead log.")                              \
    X(LOG_FREE_BYTES, "openasg_log_disk_free_bytes", "", GAUGE,                          \
      "Free space of the file system that holds the log.")                               \
    X(LOG_VERIFIED, "openasg_log_verified", "", GAUGE,                                   \
      "1 when the newest records of the log passed the check at the last start of "      \
      "leading, 0 when they did not.")                                                   \
    X(LOG_VERIFIED_AT, "openasg_log_verified_timestamp_seconds", "", GAUGE_MILLI,        \
      "When the log was checked last.")                                                  \
    X(SNAPSHOTS, "openasg_snapshots_total", "", COUNTER, "Snapshots saved.")             \
    X(PRUNED, "openasg_log_pruned_total", "", COUNTER,                                   \
      "Log payloads pruned by retention.")                                               \
    X(DECISIONS, "openasg_decision_records_total", "", COUNTER,                          \
      "Decisions written to the log, of every kind.")                                    \
    X(JOBS_HANDED_OUT, "openasg_jobs_handed_out_total", "", COUNTER,                     \
      "Jobs sent to workers.")                                                           \
    X(JOBS_REDELIVERED, "openasg_jobs_redelivered_total", "", COUNTER,                   \
      "Jobs whose lease ran out without a result.")                                      \
    X(THROTTLES, "openasg_ec2_throttles_total", "", COUNTER,                             \
      "EC2 requests throttled, as workers report them.")                                 \
    X(RATE_RUN, "openasg_ec2_rate_ratio", "action=\"RunInstances\"", GAUGE_MILLI,        \
      "Share of its full request rate that an EC2 action may use now; below 1 after a "  \
      "throttle.")                                                                       \
    X(RATE_TERMINATE, "openasg_ec2_rate_ratio", "action=\"TerminateInstances\"",         \
      GAUGE_MILLI,                                                                       \
      "Share of its full request rate that an EC2 action may use now; below 1 after a "  \
      "throttle.")                                                                       \
    X(RATE_DESCRIBE, "openasg_ec2_rate_ratio", "action=\"DescribeInstances\"",           \
      GAUGE_MILLI,                                                                       \
      "Share of its full request rate that an EC2 action may use now; below 1 after a "  \
      "throttle.")                                                                       \
    X(JOBS_QUEUED, "openasg_jobs_queued", "", GAUGE, "Jobs waiting for a worker.")       \
    X(JOBS_LEASED, "openasg_jobs_leased", "", GAUGE, "Jobs that a worker holds.")        \
    X(JOBS_DEAD, "openasg_jobs_dead", "", GAUGE,                                         \
      "Dead letters: jobs that failed too often and wait for an operator.")              \
    X(RESULTS_LATE, "openasg_results_late_total", "", COUNTER,                           \
      "Job results that arrived after another answer had settled the job.")              \
    X(LOOK_UPS, "openasg_look_ups_total", "", COUNTER,                                   \
      "EC2 look-ups that workers were asked for on behalf of orders.")                   \
    X(LOOK_UPS_UNAVAILABLE, "openasg_look_ups_unavailable_total", "", COUNTER,           \
      "Orders refused because EC2 could not be asked.")                                  \
    X(WORKERS, "openasg_workers", "", GAUGE, "Workers connected now.")                   \
    X(PROBES, "openasg_probes_total", "", COUNTER, "gRPC probes sent to agents.")        \
    X(PROBES_FAILED, "openasg_probes_failed_total", "", COUNTER,                         \
      "gRPC probes that were not answered.")                                             \
    X(SUSPECTS, "openasg_suspect_instances", "", GAUGE,                                  \
      "Instances that stopped reporting and are being probed.")                          \
    X(GROUPS, "openasg_groups", "", GAUGE, "Groups.")                                    \
    X(GROUPS_LIMIT, "openasg_groups_limit", "", GAUGE,                                   \
      "Groups that clients of the API may have (limits.groups).")                        \
    X(INSTANCES, "openasg_instances", "", GAUGE, "Instances of all groups.")             \
    X(ALARMS_MASS_SILENCE, "openasg_alarms", "kind=\"mass-silence\"", GAUGE,             \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_DEAD_LETTER, "openasg_alarms", "kind=\"dead-letter\"", GAUGE,               \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_LAUNCH_BREAKER, "openasg_alarms", "kind=\"launch-breaker\"", GAUGE,         \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_TOO_MANY_UNHEALTHY, "openasg_alarms", "kind=\"too-many-unhealthy\"", GAUGE, \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_CHURN, "openasg_alarms", "kind=\"churn\"", GAUGE,                           \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_ORPHAN, "openasg_alarms", "kind=\"orphan\"", GAUGE,                         \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_LOG_BEHIND, "openasg_alarms", "kind=\"log-behind\"", GAUGE,                 \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_ENROLMENT, "openasg_alarms", "kind=\"enrolment\"", GAUGE,                   \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_NOTICE, "openasg_alarms", "kind=\"notice\"", GAUGE,                         \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_CREDENTIALS, "openasg_alarms", "kind=\"credentials\"", GAUGE,               \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_MASS_ABSENCE, "openasg_alarms", "kind=\"mass-absence\"", GAUGE,             \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(ALARMS_WORKER_PUT_ASIDE, "openasg_alarms", "kind=\"worker-put-aside\"", GAUGE,     \
      "Active alarms of the whole cluster, by kind.")                                    \
    X(API_OK, "openasg_api_requests_total", "answer=\"ok\"", COUNTER,                    \
      "Requests of the Auto Scaling API, by kind of answer: ok, refused (4xx), failed "  \
      "(5xx).")                                                                          \
    X(API_REFUSED, "openasg_api_requests_total", "answer=\"refused\"", COUNTER,          \
      "Requests of the Auto Scaling API, by kind of answer: ok, refused (4xx), failed "  \
      "(5xx).")                                                                          \
    X(API_FAILED, "openasg_api_requests_total", "answer=\"failed\"", COUNTER,            \
      "Requests of the Auto Scaling API, by kind of answer: ok, refused (4xx), failed "  \
      "(5xx).")                                                                          \
    X(API_SECONDS, "openasg_api_duration_seconds", "", HISTOGRAM,                        \
      "From a request of the Auto Scaling API until its answer is ready to be sent.")    \
    X(API_CONNECTIONS, "openasg_api_connections", "", GAUGE,                             \
      "Open connections of the Auto Scaling API.")                                       \
    X(API_FULL, "openasg_api_connections_full_total", "", COUNTER,                       \
      "Idle connections of the Auto Scaling API that were closed to make room for "      \
      "others.")                                                                         \
    X(IS_LEADING, "openasg_leading", "", GAUGE,                                          \
      "1 while this controller decides, else 0.")                                        \
    X(IS_HALTED, "openasg_halted", "", GAUGE, "1 while the kill switch is on, else 0.")  \
    X(REACTION, "openasg_reaction_seconds", "", HISTOGRAM_SLOW,                          \
      "From the first report that breached a policy's target until EC2 answered the "    \
      "launch that followed.")                                                           \
    X(LAUNCH_REQUEST, "openasg_launch_seconds", "stage=\"request\"", HISTOGRAM_SLOW,     \
      "Time of a launch by stage: request (planned until EC2 answered); from that "      \
      "answer on: running (EC2 says so), joined (its agent enrolled), in_service.")      \
    X(LAUNCH_RUNNING, "openasg_launch_seconds", "stage=\"running\"", HISTOGRAM_SLOW,     \
      "Time of a launch by stage: request (planned until EC2 answered); from that "      \
      "answer on: running (EC2 says so), joined (its agent enrolled), in_service.")      \
    X(LAUNCH_JOINED, "openasg_launch_seconds", "stage=\"joined\"", HISTOGRAM_SLOW,       \
      "Time of a launch by stage: request (planned until EC2 answered); from that "      \
      "answer on: running (EC2 says so), joined (its agent enrolled), in_service.")      \
    X(LAUNCH_IN_SERVICE, "openasg_launch_seconds", "stage=\"in_service\"",               \
      HISTOGRAM_SLOW,                                                                    \
      "Time of a launch by stage: request (planned until EC2 answered); from that "      \
      "answer on: running (EC2 says so), joined (its agent enrolled), in_service.")      \
    X(LIFETIME, "openasg_instance_lifetime_seconds", "", HISTOGRAM_LONG,                 \
      "Age of instances when they are gone, from their launch.")                         \
    X(DRAIN, "openasg_drain_seconds", "", HISTOGRAM_SLOW,                                \
      "From the start of an instance's termination until it may be terminated: its "     \
      "drain and the wait for it.")                                                      \
    X(GROUPS_CUT, "openasg_metrics_groups_cut", "", GAUGE,                               \
      "Groups without series of their own because there are more than metrics.groups.")

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
