/* group_metrics - the series of /metrics that have a label for each group, and others
 * whose labels are known only while the controller runs.
 *
 * Flow:    loop (decisions, results, measurements, pages) -> [group_metrics] <- scrape
 * What a group is comes from the view's pages; what has happened to it is counted here,
 * as it becomes durable, at the cost of the change. Bounds:  series of at most
 * `groups_max` groups, the biggest; of each at most ASG_SHOWN_POLICIES policies;
 * ASG_CODES_MAX error codes; never an instance id. Threads: one counts (the loop), any
 * may print. Both hold a lock for microseconds: a scrape copies what was counted a few
 * groups at a time.
 */
#ifndef ASG_CONTROLLER_GROUP_METRICS_H
#define ASG_CONTROLLER_GROUP_METRICS_H

#include "base/metrics.h"
#include "core/core.h"
#include "model/changes.h"
#include "view/view.h"

#define ASG_SHOWN_POLICIES  32
#define ASG_SHOWN_OFFERINGS 500
#define ASG_CODES_MAX       64
#define ASG_VERSIONS_MAX    17 /* rows of agents by version, the others' among them */

/* identifier, name, names of its labels, kind, help */
#define ASG_GROUP_METRICS(X)                                                             \
    X(DESIRED, "openasg_group_desired_instances", "group", GAUGE, "Desired capacity.")   \
    X(MIN, "openasg_group_min_instances", "group", GAUGE, "Minimum size.")               \
    X(MAX, "openasg_group_max_instances", "group", GAUGE, "Maximum size.")               \
    X(WANTED, "openasg_group_wanted_instances", "group", GAUGE,                          \
      "What the policies want before maximum and other limits; desired capacity while "  \
      "no policy wants anything. Target tracking never asks for less than the minimum.") \
    X(INSTANCES, "openasg_group_instances", "group,state", GAUGE,                        \
      "Instances by state: requested, pending, in_service (warming ones too), "          \
      "terminating, other (standby, attaching, detaching).")                             \
    X(WARMING, "openasg_group_warming_instances", "group", GAUGE,                        \
      "Instances in service whose metrics do not count yet; they are counted in a "      \
      "state as well.")                                                                  \
    X(UNHEALTHY, "openasg_group_unhealthy_instances", "group", GAUGE,                    \
      "Instances that are unhealthy and will be replaced; they are counted in a state "  \
      "as well.")                                                                        \
    X(METRIC_VALUE, "openasg_group_metric_value", "group,policy,metric", GAUGE_MILLI,    \
      "What the policy's metric was in the last period with data, in the unit of the "   \
      "policy (percent for cpu, memory and pressure, load per core, bytes per second).") \
    X(METRIC_TARGET, "openasg_group_metric_target", "group,policy", GAUGE_MILLI,         \
      "Target of a target tracking policy, in the unit of openasg_group_metric_value.")  \
    X(METRIC_AT, "openasg_group_metric_timestamp_seconds", "group,policy,metric",        \
      GAUGE_MILLI,                                                                       \
      "End of the last period in which the policy's metric had data; missing while it "  \
      "never had any.")                                                                  \
    X(SUSPENDED, "openasg_group_suspended", "group,process", GAUGE,                      \
      "1 for each suspended process; no series for the others.")                         \
    X(DRY_RUN, "openasg_group_dry_run", "group", GAUGE,                                  \
      "1 while the group is in dry run, else 0.")                                        \
    X(HALTED, "openasg_group_halted", "group", GAUGE,                                    \
      "1 while the group is halted, else 0.")                                            \
    X(HELD, "openasg_group_held", "group,reason", GAUGE,                                 \
      "1 for each reason why the group does not do what it wants now; no series for "    \
      "the others.")                                                                     \
    X(ALARM, "openasg_group_alarm", "group,kind", GAUGE,                                 \
      "1 for each active alarm of the group; no series for the others.")                 \
    X(DECISIONS, "openasg_decisions_total", "group,direction,outcome", COUNTER,          \
      "Scaling decisions by direction (out, in, none) and outcome: applied, dry_run, "   \
      "held.")                                                                           \
    X(DECISIONS_HELD, "openasg_decisions_held_total", "group,reason", COUNTER,           \
      "How often the group began to be held, by reason; reasons of the whole cluster "   \
      "(halted, no-workers, rate-budget, log-behind) are not counted here.")             \
    X(LAUNCH_FAILURES, "openasg_launch_failures_total", "group,code", COUNTER,           \
      "Launches that failed, by EC2's error code; \"other\" beyond 64 codes.")

/* the same, of the cluster */
#define ASG_CLUSTER_METRICS(X)                                                           \
    X(UNAVAILABLE, "openasg_offering_unavailable", "type,zone,market", GAUGE,            \
      "1 for each instance type, zone and market (spot, on-demand) that launches avoid " \
      "because EC2 had no capacity; no series for the others.")                          \
    X(AGENTS, "openasg_agents", "version", GAUGE,                                        \
      "Enrolled agents by version; \"unknown\" until the agent has told it, \"other\" "  \
      "beyond 16 versions.")

struct asg_group_metrics;

void asg_group_metrics_new(size_t groups_max, struct asg_group_metrics **ret);
void asg_group_metrics_destroy(struct asg_group_metrics **metrics);

/* ---- counted by the loop ---- */

/* What a period measured. */
void asg_group_metrics_measured(struct asg_group_metrics *metrics,
                                const struct asg_metrics *measured, int64_t now_ms);

/* A page takes the place of `before`; NULL: there was none, and from now on the group is
 * counted, until asg_group_metrics_decided() says that it is gone. Else: launches that
 * came one stage further, ends, and why the group is held now. `touched` lists its
 * changed instances. */
void asg_group_metrics_page(struct asg_group_metrics *metrics,
                            const struct asg_page *before, const struct asg_page *page,
                            const struct asg_touched_group *touched, int64_t now_ms);

/* What was decided, and is durable. `root` has its groups; those that are gone are
 * forgotten with their counts. */
void asg_group_metrics_decided(struct asg_group_metrics *metrics,
                               const struct asg_effects *effects,
                               const struct asg_root *root, int64_t now_ms);

/* A launch of that group failed, by EC2's code ("": none came). */
void asg_group_metrics_launch_failed(struct asg_group_metrics *metrics, uint32_t group_no,
                                     const char *code);

/* ---- printed ---- */

/* Append it all: families of groups and of the cluster. */
void asg_group_metrics_print(struct asg_group_metrics *metrics,
                             const struct asg_root *root, enum asg_metric_form form,
                             struct asg_bytes *ret);

/* Agents by version: 0 is not said yet, UINT32_MAX all others. */
struct asg_version_count {
    uint32_t version;
    uint32_t agents;
};
void asg_agents_metric_print(const struct asg_version_count *rows, size_t count,
                             enum asg_metric_form form, struct asg_bytes *ret);

#endif
