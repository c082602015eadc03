/* enums - every enumeration that crosses a wire or stands in the log.
 *
 * One list each: name and word. Values are appended, never renumbered: they are in
 * old logs. ASG_<ENUM>_WORDS is the `struct asg_enum` of that name.
 */
#ifndef ASG_MODEL_ENUMS_H
#define ASG_MODEL_ENUMS_H

#include "model/schema.h"

/* The life cycle of an instance: the states of EC2 Auto Scaling (docs/rules.md,
 * "Life cycle"), before them ours: asked for, no id known yet. */
#define ASG_INSTANCE_STATE_LIST(X)                                                       \
    X(REQUESTED, "requested")                                                            \
    X(PENDING, "pending")                                                                \
    X(PENDING_WAIT, "pending:wait")                                                      \
    X(PENDING_PROCEED, "pending:proceed")                                                \
    X(QUARANTINED, "quarantined")                                                        \
    X(IN_SERVICE, "in-service")                                                          \
    X(TERMINATING, "terminating")                                                        \
    X(TERMINATING_WAIT, "terminating:wait")                                              \
    X(TERMINATING_PROCEED, "terminating:proceed")                                        \
    X(TERMINATING_RETAINED, "terminating:retained")                                      \
    X(TERMINATED, "terminated")                                                          \
    X(DETACHING, "detaching")                                                            \
    X(DETACHED, "detached")                                                              \
    X(ENTERING_STANDBY, "entering-standby")                                              \
    X(STANDBY, "standby")                                                                \
    X(WARMED_PENDING, "warmed:pending")                                                  \
    X(WARMED_PENDING_WAIT, "warmed:pending:wait")                                        \
    X(WARMED_PENDING_PROCEED, "warmed:pending:proceed")                                  \
    X(WARMED_PENDING_RETAINED, "warmed:pending:retained")                                \
    X(WARMED_RUNNING, "warmed:running")                                                  \
    X(WARMED_STOPPED, "warmed:stopped")                                                  \
    X(WARMED_HIBERNATED, "warmed:hibernated")                                            \
    X(WARMED_TERMINATING, "warmed:terminating")                                          \
    X(WARMED_TERMINATING_WAIT, "warmed:terminating:wait")                                \
    X(WARMED_TERMINATING_PROCEED, "warmed:terminating:proceed")                          \
    X(WARMED_TERMINATING_RETAINED, "warmed:terminating:retained")                        \
    X(WARMED_TERMINATED, "warmed:terminated")                                            \
    X(REPLACING_ROOT_VOLUME, "replacing-root-volume")                                    \
    X(REPLACING_ROOT_VOLUME_WAIT, "replacing-root-volume:wait")                          \
    X(REPLACING_ROOT_VOLUME_PROCEED, "replacing-root-volume:proceed")                    \
    X(ROOT_VOLUME_REPLACED, "root-volume-replaced")                                      \
    X(ATTACHING, "attaching") /* ours as well: our tags are being put on it */

#define ASG_HEALTH_CHECK_LIST(X)                                                         \
    X(EC2, "ec2")     /* in service when EC2 says it runs */                             \
    X(AGENT, "agent") /* in service when its agent's first report is in */

#define ASG_POLICY_KIND_LIST(X)                                                          \
    X(TARGET_TRACKING, "target-tracking")                                                \
    X(STEP, "step")                                                                      \
    X(SIMPLE, "simple")

/* Named sets of what a policy goes by (presets.h). */
#define ASG_PRESET_LIST(X)                                                               \
    X(DEFAULT, "default")                                                                \
    X(AWS, "aws")                                                                        \
    X(CALM, "calm")                                                                      \
    X(QUICK, "quick")

#define ASG_METRIC_NAME_LIST(X)                                                          \
    X(CPU, "cpu")               /* thousandths of a percent of the instance */           \
    X(MEMORY, "memory")         /* thousandths of a percent used */                      \
    X(LOAD, "load")             /* thousandths of the 1-minute load average per core */  \
    X(PRESSURE, "pressure")     /* PSI cpu some avg10, thousandths of a percent */       \
    X(NETWORK_IN, "network-in") /* bytes a second, in thousandths */                     \
    X(NETWORK_OUT, "network-out")                                                        \
    X(DISK_READ, "disk-read")                                                            \
    X(DISK_WRITE, "disk-write")

#define ASG_STATISTIC_LIST(X)                                                            \
    X(MEAN, "mean")                                                                      \
    X(HIGHEST, "highest")                                                                \
    X(LOWEST, "lowest")

#define ASG_COMPARISON_LIST(X)                                                           \
    X(GREATER_OR_EQUAL, "greater-or-equal")                                              \
    X(GREATER, "greater")                                                                \
    X(LESS_OR_EQUAL, "less-or-equal")                                                    \
    X(LESS, "less")

#define ASG_ADJUSTMENT_LIST(X)                                                           \
    X(CHANGE, "change-in-capacity")                                                      \
    X(EXACT, "exact-capacity")                                                           \
    X(PERCENT, "percent-change-in-capacity")

#define ASG_TERMINATION_POLICY_LIST(X)                                                   \
    X(DEFAULT, "default")                                                                \
    X(ALLOCATION_STRATEGY, "allocation-strategy")                                        \
    X(CLOSEST_TO_NEXT_INSTANCE_HOUR, "closest-to-next-instance-hour")                    \
    X(NEWEST_INSTANCE, "newest-instance")                                                \
    X(OLDEST_INSTANCE, "oldest-instance")                                                \
    X(OLDEST_LAUNCH_CONFIGURATION, "oldest-launch-configuration")                        \
    X(OLDEST_LAUNCH_TEMPLATE, "oldest-launch-template")

/* What a mixed group buys first (docs/launch.md, "Mixed groups"); EC2's words. */
#define ASG_ON_DEMAND_STRATEGY_LIST(X)                                                   \
    X(PRIORITIZED, "prioritized")                                                        \
    X(LOWEST_PRICE, "lowest-price")

#define ASG_SPOT_STRATEGY_LIST(X)                                                        \
    X(LOWEST_PRICE, "lowest-price")                                                      \
    X(DIVERSIFIED, "diversified")                                                        \
    X(CAPACITY_OPTIMIZED, "capacity-optimized")                                          \
    X(CAPACITY_OPTIMIZED_PRIORITIZED, "capacity-optimized-prioritized")                  \
    X(PRICE_CAPACITY_OPTIMIZED, "price-capacity-optimized")

/* Processes that can be suspended; bit 1 << value in a mask (docs/rules.md, "Suspended
 * processes"). */
#define ASG_PROCESS_LIST(X)                                                              \
    X(LAUNCH, "launch")                                                                  \
    X(TERMINATE, "terminate")                                                            \
    X(ADD_TO_LOAD_BALANCER, "add-to-load-balancer")                                      \
    X(ALARM_NOTIFICATION, "alarm-notification")                                          \
    X(AZ_REBALANCE, "az-rebalance")                                                      \
    X(HEALTH_CHECK, "health-check")                                                      \
    X(INSTANCE_REFRESH, "instance-refresh")                                              \
    X(REPLACE_UNHEALTHY, "replace-unhealthy")                                            \
    X(SCHEDULED_ACTIONS, "scheduled-actions")

#define ASG_DELETION_PROTECTION_LIST(X)                                                  \
    X(NONE, "none")                                                                      \
    X(FORCE, "prevent-force-deletion") /* an empty group may still go */                 \
    X(ALL, "prevent-all-deletion")

/* What sends traffic to a group: the API's words for their types. */
#define ASG_SOURCE_KIND_LIST(X)                                                          \
    X(LOAD_BALANCER, "elb")  /* a classic one, by its name */                            \
    X(TARGET_GROUP, "elbv2") /* by its ARN */                                            \
    X(LATTICE, "vpc-lattice")

#define ASG_SOURCE_STATE_LIST(X)                                                         \
    X(ADDING, "adding")                                                                  \
    X(ADDED, "added")                                                                    \
    X(REMOVING, "removing") /* and then it is gone */

/* Metrics of a group that can be collected: the API's words. */
#define ASG_COLLECTED_METRIC_LIST(X)                                                     \
    X(MIN_SIZE, "GroupMinSize")                                                          \
    X(MAX_SIZE, "GroupMaxSize")                                                          \
    X(DESIRED_CAPACITY, "GroupDesiredCapacity")                                          \
    X(IN_SERVICE_INSTANCES, "GroupInServiceInstances")                                   \
    X(PENDING_INSTANCES, "GroupPendingInstances")                                        \
    X(STANDBY_INSTANCES, "GroupStandbyInstances")                                        \
    X(TERMINATING_INSTANCES, "GroupTerminatingInstances")                                \
    X(TOTAL_INSTANCES, "GroupTotalInstances")                                            \
    X(IN_SERVICE_CAPACITY, "GroupInServiceCapacity")                                     \
    X(PENDING_CAPACITY, "GroupPendingCapacity")                                          \
    X(STANDBY_CAPACITY, "GroupStandbyCapacity")                                          \
    X(TERMINATING_CAPACITY, "GroupTerminatingCapacity")                                  \
    X(TOTAL_CAPACITY, "GroupTotalCapacity")                                              \
    X(WARM_POOL_DESIRED_CAPACITY, "WarmPoolDesiredCapacity")                             \
    X(WARM_POOL_WARMED_CAPACITY, "WarmPoolWarmedCapacity")                               \
    X(WARM_POOL_PENDING_CAPACITY, "WarmPoolPendingCapacity")                             \
    X(WARM_POOL_TERMINATING_CAPACITY, "WarmPoolTerminatingCapacity")                     \
    X(WARM_POOL_TOTAL_CAPACITY, "WarmPoolTotalCapacity")                                 \
    X(GROUP_AND_WARM_POOL_DESIRED_CAPACITY, "GroupAndWarmPoolDesiredCapacity")           \
    X(GROUP_AND_WARM_POOL_TOTAL_CAPACITY, "GroupAndWarmPoolTotalCapacity")

#define ASG_COMMAND_KIND_LIST(X)                                                         \
    X(INIT, "init") /* first record of a log: cluster id, seed */                        \
    X(GROUP_CREATE, "group-create")                                                      \
    X(GROUP_UPDATE, "group-update")                                                      \
    X(GROUP_DELETE, "group-delete")                                                      \
    X(POLICY_PUT, "policy-put")                                                          \
    X(POLICY_DELETE, "policy-delete")                                                    \
    X(SCHEDULE_PUT, "schedule-put")                                                      \
    X(SCHEDULE_DELETE, "schedule-delete")                                                \
    X(TEMPLATE_PUT, "template-put") /* make an EC2 launch template or a new version */   \
    X(SET_DESIRED, "set-desired")                                                        \
    X(EXECUTE_POLICY, "execute-policy")                                                  \
    X(TERMINATE_INSTANCE, "terminate-instance")                                          \
    X(PROTECT_INSTANCES, "protect-instances")                                            \
    X(SET_INSTANCE_HEALTH, "set-instance-health")                                        \
    X(SUSPEND, "suspend")                                                                \
    X(RESUME, "resume")                                                                  \
    X(HALT, "halt") /* kill switch: no group named means everything */                   \
    X(UNHALT, "unhalt")                                                                  \
    X(JOB_RETRY, "job-retry")                                                            \
    X(RECONCILE, "reconcile") /* describe EC2 now */                                     \
    X(LEAD, "lead") /* a controller began to lead: its epoch; open jobs go out again */  \
    X(INSTANCE_ADOPT, "instance-adopt") /* orphans join the groups of their tags */      \
    X(ORPHAN_END, "orphan-end")         /* orphans are terminated */                     \
    X(GROUP_TAG, "group-tag")           /* tags of one group or several */               \
    X(GROUP_UNTAG, "group-untag")                                                        \
    X(LAUNCH_CONFIGURATION_PUT, "launch-configuration-put")                              \
    X(LAUNCH_CONFIGURATION_DELETE, "launch-configuration-delete")                        \
    X(METRICS_ENABLE, "metrics-enable")                                                  \
    X(METRICS_DISABLE, "metrics-disable")                                                \
    X(SOURCES_ATTACH, "sources-attach")                                                  \
    X(SOURCES_DETACH, "sources-detach")                                                  \
    X(ENTER_STANDBY, "enter-standby")                                                    \
    X(EXIT_STANDBY, "exit-standby")                                                      \
    X(ATTACH_INSTANCES, "attach-instances")                                              \
    X(DETACH_INSTANCES, "detach-instances")                                              \
    X(INSTANCE_REBIND, "instance-rebind") /* their agents may enrol with other keys */   \
    X(APPLY, "apply")                     /* of several groups: all of it or nothing */

#define ASG_EVENT_KIND_LIST(X)                                                           \
    X(COMMAND, "command")                                                                \
    X(METRICS, "metrics")                                                                \
    X(HEALTH, "health")                                                                  \
    X(RESULT, "result")                                                                  \
    X(OBSERVED, "observed")                                                              \
    X(TICK, "tick")                                                                      \
    X(WITNESS, "witness")                                                                \
    X(ENROLMENT, "enrolment")

/* How an agent proved that it is on the instance it names. */
#define ASG_PROOF_LIST(X)                                                                \
    X(TOKEN, "token")       /* of the join line in its user data */                      \
    X(STS, "sts")           /* AWS says who the instance is */                           \
    X(DOCUMENT, "document") /* its identity document, signed by AWS */

/* What the edges can tell of an instance's health; transitions only. */
#define ASG_SIGN_LIST(X)                                                                 \
    X(REPORTING, "reporting") /* agent's first report, or it speaks again */             \
    X(SILENT, "silent")       /* reports stopped */                                      \
    X(PROBE_OK, "probe-ok")                                                              \
    X(PROBE_FAILED, "probe-failed") /* as often as the prober's limit says: its host     \
                                       answers, its agent does not */                    \
    X(DRAINED, "drained")           /* its drain script ended, or could not run */       \
    X(SPOT_INTERRUPTION, "spot-interruption") /* EC2 takes it back at at_ms */           \
    X(REBALANCE, "rebalance")                 /* EC2 expects to take it back */          \
    X(PROBE_UNREACHABLE, "probe-unreachable") /* as PROBE_FAILED, but its host answers   \
                                                 nothing at all: dead, or cut off */

#define ASG_JOB_KIND_LIST(X)                                                             \
    X(LAUNCH, "launch")                                                                  \
    X(TERMINATE, "terminate")                                                            \
    X(DESCRIBE, "describe")                                                              \
    X(TAG, "tag")                                                                        \
    X(TEMPLATE, "template") /* create a launch template or a version of it */            \
    X(RESOLVE_TEMPLATE, "resolve-template") /* $Latest, $Default or a name -> a number   \
                                             */                                          \
    X(FLEET, "fleet")                       /* a launch of a mixed group: CreateFleet */ \
    X(UNTAG, "untag") /* take our tags from instances that a group lets go */

#define ASG_JOB_STATE_LIST(X)                                                            \
    X(OPEN, "open")                                                                      \
    X(DONE, "done")                                                                      \
    X(REFUSED, "refused") /* EC2 said no for good; another attempt or job took over */   \
    X(DEAD, "dead")       /* failed too often: a dead letter */                          \
    X(RETRIED, "retried") /* a dead letter that an operator sent again as a new job */   \
    X(CANCELLED, "cancelled")

/* How one attempt ended. docs/rules.md, "EC2's error codes" has the codes of each class.
 */
#define ASG_OUTCOME_LIST(X)                                                              \
    X(OK, "ok")                                                                          \
    X(CAPACITY, "capacity")       /* definite: nothing launched; try another pool */     \
    X(QUOTA, "quota")             /* definite; an operator must act */                   \
    X(THROTTLED, "throttled")     /* retries used up, nothing done */                    \
    X(TRANSIENT, "transient")     /* definite: nothing done, worth trying later */       \
    X(AMBIGUOUS, "ambiguous")     /* sent, no definite answer: may have happened */      \
    X(BAD_REQUEST, "bad-request") /* our bug or the user's configuration */              \
    X(PERMISSION, "permission")                                                          \
    X(CREDENTIALS, "credentials")                                                        \
    X(NOT_FOUND, "not-found")                                                            \
    X(PROTECTED, "protected")                                                            \
    X(CONFLICT, "conflict")       /* token used with other parameters, wrong state */    \
    X(GONE, "gone")               /* the launch happened and is over */                  \
    X(EXPIRED, "expired")         /* past its deadline, not executed */                  \
    X(UNDELIVERED, "undelivered") /* no worker could finish it: delivery limit */

#define ASG_WORKER_STATE_LIST(X)                                                         \
    X(READY, "ready")                                                                    \
    X(SILENT, "silent") /* for longer than a lease */                                    \
    X(PUT_ASIDE, "put-aside")                                                            \
    X(NO_CREDENTIALS, "no-credentials") /* AWS refuses its credentials, or it has none   \
                                         */

#define ASG_EC2_STATE_LIST(X)                                                            \
    X(UNKNOWN, "unknown")                                                                \
    X(PENDING, "pending")                                                                \
    X(RUNNING, "running")                                                                \
    X(SHUTTING_DOWN, "shutting-down")                                                    \
    X(TERMINATED, "terminated")                                                          \
    X(STOPPING, "stopping")                                                              \
    X(STOPPED, "stopped")                                                                \
    X(ABSENT, "absent") /* three complete listings lack it */

#define ASG_DECISION_KIND_LIST(X)                                                        \
    X(SCALE_OUT, "scale-out")                                                            \
    X(SCALE_IN, "scale-in")                                                              \
    X(HOLD, "hold")     /* a policy asked, a limit or interlock said no */               \
    X(LAUNCH, "launch") /* instances asked for: a wish, a retry, a replacement */        \
    X(TERMINATE, "terminate")                                                            \
    X(REPLACE, "replace") /* an unhealthy instance is taken out */                       \
    X(ADOPT, "adopt")     /* an instance nobody remembered joins its group */            \
    X(COMMAND, "command") /* an operator's order, done */                                \
    X(REFUSED, "refused") /* an operator's order, not done */                            \
    X(STATE, "state")     /* an instance changed its state */                            \
    X(JOB, "job")         /* a job failed, was repeated elsewhere or became dead */      \
    X(ALARM, "alarm")                                                                    \
    X(ENROLLED, "enrolled") /* an agent's keys are bound to its instance */              \
    X(REBOUND, "rebound")   /* they are forgotten, on an order */

/* Why something was decided: for programs, as the text of a decision is for people. */
#define ASG_CAUSE_LIST(X)                                                                \
    X(NONE, "none")         /* the kind says it all */                                   \
    X(POLICY, "policy")     /* a policy's metric */                                      \
    X(SCHEDULE, "schedule") /* a scheduled action was due */                             \
    X(ORDER, "order")       /* an operator or an API client asked for it */              \
    X(SCALE_IN, "scale-in") /* the group has more than it desires */                     \
    X(GROUP_DELETED, "group-deleted")                                                    \
    X(INTERRUPTION, "spot-interruption")                                                 \
    X(REBALANCE, "rebalance")                                                            \
    X(LATE_LAUNCH, "late-launch") /* not in service within its launch timeout */         \
    X(MARKED, "marked-unhealthy") /* by SetInstanceHealth */                             \
    X(STOPPED, "stopped")                                                                \
    X(IMPAIRED, "impaired")               /* EC2's status check failed */                \
    X(SCHEDULED_EVENT, "scheduled-event") /* EC2 announced its stop or retirement */     \
    X(SILENT, "silent")           /* no reports, and its agent does not answer */        \
    X(UNREACHABLE, "unreachable") /* no reports, and nothing answers there */            \
    X(EC2, "ec2")                 /* EC2 did it, nobody here asked */

#define ASG_ALARM_KIND_LIST(X)                                                           \
    X(MASS_SILENCE, "mass-silence")                                                      \
    X(DEAD_LETTER, "dead-letter")                                                        \
    X(LAUNCH_BREAKER, "launch-breaker")                                                  \
    X(TOO_MANY_UNHEALTHY, "too-many-unhealthy")                                          \
    X(CHURN, "churn")                                                                    \
    X(ORPHAN, "orphan")                                                                  \
    X(LOG_BEHIND, "log-behind")                                                          \
    X(ENROLMENT, "enrolment")     /* other keys tried for an instance that has keys */   \
    X(NOTICE, "notice")           /* an on-demand instance shows a notice of Spot */     \
    X(CREDENTIALS, "credentials") /* AWS refuses a worker's credentials */

/* Who shows that the log is an old copy (docs/recovery.md). */
#define ASG_WITNESS_LIST(X)                                                              \
    X(AGENT, "agent")   /* it has a good token of a job that the log does not know */    \
    X(WORKER, "worker") /* it has served a leader that the log does not know */

/* Why an instance of ours is nobody's. */
#define ASG_ORPHAN_LIST(X)                                                               \
    X(NO_GROUP, "no-group")       /* its group does not exist */                         \
    X(UNKNOWN_JOB, "unknown-job") /* launched by a job that the log does not know */

/* Why a group does not do what it wants, the most important first (docs/rules.md, "Why
 * nothing happens"). */
#define ASG_HOLD_REASON_LIST(X)                                                          \
    X(HALTED, "halted")                         /* the whole cluster, by an operator */  \
    X(GROUP_HALTED, "group-halted")             /* this group, by an operator */         \
    X(LOG_BEHIND, "log-behind")                 /* instances that the log does not know, \
                                                   or may not know */                    \
    X(NO_WORKERS, "no-workers")                 /* nobody is there who calls EC2 */      \
    X(LAUNCH_BREAKER, "launch-breaker")         /* launches failed: a pause */           \
    X(CHURN, "churn")                           /* new instances die young */            \
    X(MASS_SILENCE, "mass-silence")             /* agents are silent, or out of reach,   \
                                                   together */                           \
    X(TOO_MANY_UNHEALTHY, "too-many-unhealthy") /* replacement waits for an operator */  \
    X(SUSPENDED, "suspended")                   /* a process */                          \
    X(DRY_RUN, "dry-run")                                                                \
    X(TEMPLATE_UNKNOWN, "template-unknown") /* EC2 is asked for its version */           \
    X(NO_CAPACITY, "no-capacity")           /* of EC2: every pool is dry */              \
    X(RETRYING, "retrying") /* EC2 throttled, failed or did not answer: another try */   \
    X(LAUNCH_BACKOFF, "launch-backoff") /* after a failure: later, or one by one */      \
    X(STARTING, "starting")             /* this leader has not seen everything yet */    \
    X(RATE_BUDGET, "rate-budget")       /* EC2's request rate is used up */              \
    X(REPLACEMENT_LIMIT, "replacement-limit")                                            \
    X(SCALE_IN_LIMIT, "scale-in-limit")                                                  \
    X(PROTECTED, "protected") /* from scale-in: all that remain */                       \
    X(AT_MAX, "at-max")                                                                  \
    X(COOLDOWN, "cooldown")                                                              \
    X(WARMING, "warming")             /* instances whose metrics do not count yet */     \
    X(STABILISATION, "stabilisation") /* the load is not low for long enough */          \
    X(OTHER_POLICY, "other-policy")   /* another one wants to keep what there is */      \
    X(NO_METRICS, "no-metrics")       /* of all, or of some, that count */               \
    X(PROBING, "probing")             /* silent: its probe has not failed yet, or it is  \
                                         within its grace */                             \
    X(UNDER_WAY, "under-way")         /* launches or terminations come first */          \
    X(DRAINING, "draining")                                                              \
    X(AT_MIN, "at-min")

/* Whom the windows and the prober watch. */
#define ASG_MEMBER_STATE_LIST(X)                                                         \
    X(GONE, "gone")       /* forget it */                                                \
    X(WATCHED, "watched") /* probe it, mind its silence, do not count it */              \
    X(COUNTS, "counts")   /* in service and warm: its samples count */                   \
    X(LEAVING, "leaving") /* mind its keys, and no more: it is enrolled and on its way   \
                             out, or it was attached and may enrol */

/* What an activity is about. */
#define ASG_ACTIVITY_KIND_LIST(X)                                                        \
    X(LAUNCH, "launch")                                                                  \
    X(TERMINATE, "terminate")                                                            \
    X(TO_STANDBY, "to-standby")                                                          \
    X(OUT_OF_STANDBY, "out-of-standby")                                                  \
    X(ATTACH, "attach")                                                                  \
    X(DETACH, "detach")

/* How far an activity is, AWS's sixteen words, as ours are written (docs/rules.md,
 * "Activities"). */
#define ASG_ACTIVITY_STATUS_LIST(X)                                                      \
    X(PENDING_SPOT_BID_PLACEMENT, "pending-spot-bid-placement")                          \
    X(WAITING_FOR_SPOT_INSTANCE_REQUEST_ID, "waiting-for-spot-instance-request-id")      \
    X(WAITING_FOR_SPOT_INSTANCE_ID, "waiting-for-spot-instance-id")                      \
    X(WAITING_FOR_INSTANCE_ID, "waiting-for-instance-id")                                \
    X(PRE_IN_SERVICE, "pre-in-service")                                                  \
    X(IN_PROGRESS, "in-progress")                                                        \
    X(WAITING_FOR_ELB_CONNECTION_DRAINING, "waiting-for-elb-connection-draining")        \
    X(MID_LIFECYCLE_ACTION, "mid-lifecycle-action")                                      \
    X(WAITING_FOR_INSTANCE_WARMUP, "waiting-for-instance-warmup")                        \
    X(SUCCESSFUL, "successful")                                                          \
    X(FAILED, "failed")                                                                  \
    X(CANCELLED, "cancelled")                                                            \
    X(WAITING_FOR_CONNECTION_DRAINING, "waiting-for-connection-draining")                \
    X(WAITING_FOR_IN_PLACE_UPDATE_TO_START, "waiting-for-in-place-update-to-start")      \
    X(IN_PLACE_UPDATE_IN_PROGRESS, "in-place-update-in-progress")                        \
    X(WAITING_FOR_IN_PLACE_UPDATE_TO_FINALIZE, "waiting-for-in-place-update-to-"         \
                                               "finalize")

/* What openasg may ask without changing anything; NONE: the request is a command. */
#define ASG_QUERY_LIST(X)                                                                \
    X(NONE, "none")                                                                      \
    X(STATUS, "status")                                                                  \
    X(GROUPS, "groups")       /* name: one; empty: all */                                \
    X(POLICIES, "policies")   /* of group */                                             \
    X(SCHEDULES, "schedules") /* of group */                                             \
    X(TEMPLATES, "templates")                                                            \
    X(INSTANCES, "instances") /* of group, or all */                                     \
    X(JOBS, "jobs")           /* of group, or all; only_dead */                          \
    X(DECISIONS, "decisions") /* of group, or all: explain */                            \
    X(WORKERS, "workers")                                                                \
    X(ORPHANS, "orphans")                                                                \
    X(ACTIVITIES, "activities") /* of group, deleted or not, or all that are there */    \
    X(JOIN_LINE, "join-line")   /* name: the instance */                                 \
    X(REFUSED, "refused")       /* who was not let in */                                 \
    X(TRY, "try") /* what would be answered to `command`, which is not carried out */

/* Where somebody knocks: the listeners of the controller. */
#define ASG_EDGE_LIST(X)                                                                 \
    X(AGENTS, "agents")                                                                  \
    X(WORKERS, "workers")                                                                \
    X(ADMIN, "admin")                                                                    \
    X(API, "api")                                                                        \
    X(ENROL, "enrol")

/* What EC2 is asked for before an order (question.h). */
#define ASG_QUESTION_LIST(X)                                                             \
    X(SUBNETS, "subnets")     /* their zones */                                          \
    X(ZONES, "zones")         /* of the Region */                                        \
    X(TEMPLATE, "template")   /* a launch template: its id, name and versions */         \
    X(INSTANCES, "instances") /* of anybody, by id */                                    \
    X(IMAGES, "images")       /* machine images, by id */

#define ASG_TOLD_LIST(X)                                                                 \
    X(FOUND, "found")                                                                    \
    X(REFUSED, "refused")         /* by EC2, for good: its code says why */              \
    X(UNAVAILABLE, "unavailable") /* nobody could be asked, or no answer came in time */

#define ASG_DECLARE_ENUM(lower, PREFIX, LIST)                                            \
    enum asg_##lower{LIST(ASG_ENUM_MEMBER_##PREFIX) ASG_##PREFIX##_COUNT};               \
    extern const struct asg_enum asg_##lower##_words;

#define ASG_ENUM_MEMBER_INSTANCE(n, w)     ASG_INSTANCE_##n,
#define ASG_ENUM_MEMBER_HEALTH_CHECK(n, w) ASG_HEALTH_CHECK_##n,
#define ASG_ENUM_MEMBER_POLICY(n, w)       ASG_POLICY_##n,
#define ASG_ENUM_MEMBER_PRESET(n, w)       ASG_PRESET_##n,
#define ASG_ENUM_MEMBER_METRIC_NAME(n, w)  ASG_METRIC_NAME_##n,
#define ASG_ENUM_MEMBER_STATISTIC(n, w)    ASG_STATISTIC_##n,
#define ASG_ENUM_MEMBER_COMPARISON(n, w)   ASG_COMPARISON_##n,
#define ASG_ENUM_MEMBER_ADJUSTMENT(n, w)   ASG_ADJUSTMENT_##n,
#define ASG_ENUM_MEMBER_TERMINATION(n, w)  ASG_TERMINATION_##n,
#define ASG_ENUM_MEMBER_ON_DEMAND(n, w)    ASG_ON_DEMAND_##n,
#define ASG_ENUM_MEMBER_SPOT(n, w)         ASG_SPOT_##n,
#define ASG_ENUM_MEMBER_PROCESS(n, w)      ASG_PROCESS_##n,
#define ASG_ENUM_MEMBER_DELETION(n, w)     ASG_DELETION_##n,
#define ASG_ENUM_MEMBER_SOURCE(n, w)       ASG_SOURCE_##n,
#define ASG_ENUM_MEMBER_SOURCE_STATE(n, w) ASG_SOURCE_STATE_##n,
#define ASG_ENUM_MEMBER_COLLECTED(n, w)    ASG_COLLECTED_##n,
#define ASG_ENUM_MEMBER_COMMAND(n, w)      ASG_COMMAND_##n,
#define ASG_ENUM_MEMBER_EVENT(n, w)        ASG_EVENT_##n,
#define ASG_ENUM_MEMBER_PROOF(n, w)        ASG_PROOF_##n,
#define ASG_ENUM_MEMBER_SIGN(n, w)         ASG_SIGN_##n,
#define ASG_ENUM_MEMBER_JOB(n, w)          ASG_JOB_##n,
#define ASG_ENUM_MEMBER_JOB_STATE(n, w)    ASG_JOB_STATE_##n,
#define ASG_ENUM_MEMBER_OUTCOME(n, w)      ASG_OUTCOME_##n,
#define ASG_ENUM_MEMBER_WORKER(n, w)       ASG_WORKER_##n,
#define ASG_ENUM_MEMBER_EC2(n, w)          ASG_EC2_##n,
#define ASG_ENUM_MEMBER_DECISION(n, w)     ASG_DECISION_##n,
#define ASG_ENUM_MEMBER_CAUSE(n, w)        ASG_CAUSE_##n,
#define ASG_ENUM_MEMBER_ALARM(n, w)        ASG_ALARM_##n,
#define ASG_ENUM_MEMBER_HOLD(n, w)         ASG_HOLD_##n,
#define ASG_ENUM_MEMBER_WITNESS(n, w)      ASG_WITNESS_##n,
#define ASG_ENUM_MEMBER_ORPHAN(n, w)       ASG_ORPHAN_##n,
#define ASG_ENUM_MEMBER_MEMBER(n, w)       ASG_MEMBER_##n,
#define ASG_ENUM_MEMBER_ACT(n, w)          ASG_ACT_##n,
#define ASG_ENUM_MEMBER_ACTIVITY(n, w)     ASG_ACTIVITY_##n,
#define ASG_ENUM_MEMBER_QUERY(n, w)        ASG_QUERY_##n,
#define ASG_ENUM_MEMBER_EDGE(n, w)         ASG_EDGE_##n,
#define ASG_ENUM_MEMBER_QUESTION(n, w)     ASG_QUESTION_##n,
#define ASG_ENUM_MEMBER_TOLD(n, w)         ASG_TOLD_##n,

ASG_DECLARE_ENUM(instance_state, INSTANCE, ASG_INSTANCE_STATE_LIST)
ASG_DECLARE_ENUM(health_check, HEALTH_CHECK, ASG_HEALTH_CHECK_LIST)
ASG_DECLARE_ENUM(policy_kind, POLICY, ASG_POLICY_KIND_LIST)
ASG_DECLARE_ENUM(preset, PRESET, ASG_PRESET_LIST)
ASG_DECLARE_ENUM(metric_name, METRIC_NAME, ASG_METRIC_NAME_LIST)
ASG_DECLARE_ENUM(statistic, STATISTIC, ASG_STATISTIC_LIST)
ASG_DECLARE_ENUM(comparison, COMPARISON, ASG_COMPARISON_LIST)
ASG_DECLARE_ENUM(adjustment, ADJUSTMENT, ASG_ADJUSTMENT_LIST)
ASG_DECLARE_ENUM(termination_policy, TERMINATION, ASG_TERMINATION_POLICY_LIST)
ASG_DECLARE_ENUM(on_demand_strategy, ON_DEMAND, ASG_ON_DEMAND_STRATEGY_LIST)
ASG_DECLARE_ENUM(spot_strategy, SPOT, ASG_SPOT_STRATEGY_LIST)
ASG_DECLARE_ENUM(process, PROCESS, ASG_PROCESS_LIST)
ASG_DECLARE_ENUM(deletion_protection, DELETION, ASG_DELETION_PROTECTION_LIST)
ASG_DECLARE_ENUM(source_kind, SOURCE, ASG_SOURCE_KIND_LIST)
ASG_DECLARE_ENUM(source_state, SOURCE_STATE, ASG_SOURCE_STATE_LIST)
ASG_DECLARE_ENUM(collected_metric, COLLECTED, ASG_COLLECTED_METRIC_LIST)
ASG_DECLARE_ENUM(command_kind, COMMAND, ASG_COMMAND_KIND_LIST)
ASG_DECLARE_ENUM(event_kind, EVENT, ASG_EVENT_KIND_LIST)
ASG_DECLARE_ENUM(proof, PROOF, ASG_PROOF_LIST)
ASG_DECLARE_ENUM(sign, SIGN, ASG_SIGN_LIST)
ASG_DECLARE_ENUM(job_kind, JOB, ASG_JOB_KIND_LIST)
ASG_DECLARE_ENUM(job_state, JOB_STATE, ASG_JOB_STATE_LIST)
ASG_DECLARE_ENUM(outcome, OUTCOME, ASG_OUTCOME_LIST)
ASG_DECLARE_ENUM(worker_state, WORKER, ASG_WORKER_STATE_LIST)
ASG_DECLARE_ENUM(ec2_state, EC2, ASG_EC2_STATE_LIST)
ASG_DECLARE_ENUM(decision_kind, DECISION, ASG_DECISION_KIND_LIST)
ASG_DECLARE_ENUM(cause, CAUSE, ASG_CAUSE_LIST)
ASG_DECLARE_ENUM(alarm_kind, ALARM, ASG_ALARM_KIND_LIST)
ASG_DECLARE_ENUM(hold_reason, HOLD, ASG_HOLD_REASON_LIST)
ASG_DECLARE_ENUM(witness_kind, WITNESS, ASG_WITNESS_LIST)
ASG_DECLARE_ENUM(orphan_kind, ORPHAN, ASG_ORPHAN_LIST)
ASG_DECLARE_ENUM(member_state, MEMBER, ASG_MEMBER_STATE_LIST)
ASG_DECLARE_ENUM(activity_kind, ACT, ASG_ACTIVITY_KIND_LIST)
ASG_DECLARE_ENUM(activity_status, ACTIVITY, ASG_ACTIVITY_STATUS_LIST)
ASG_DECLARE_ENUM(query, QUERY, ASG_QUERY_LIST)
ASG_DECLARE_ENUM(edge, EDGE, ASG_EDGE_LIST)
ASG_DECLARE_ENUM(question_kind, QUESTION, ASG_QUESTION_LIST)
ASG_DECLARE_ENUM(told_outcome, TOLD, ASG_TOLD_LIST)

#endif
