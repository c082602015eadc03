/* event - one input of core: the only door in (ARCHITECTURE.md).
 *
 * time_ms is the only clock core has; the controller makes it never go back. Every
 * event is committed to the log before anything it causes leaves the controller.
 */
#ifndef ASG_MODEL_EVENT_H
#define ASG_MODEL_EVENT_H

#include "model/enums.h"
#include "model/group.h"
#include "model/job.h"

/* Of ENTER_STANDBY, EXIT_STANDBY, ATTACH_INSTANCES, DETACH_INSTANCES,
 * TERMINATE_INSTANCE. */
#define ASG_MOVED_INSTANCES_MAX 20

/* What an order of several groups changes of one of them; what it does not name stays as
 * it is. */
struct asg_apply_group {
    const char *name;
    bool is_new;                           /* create it: config is whole */
    const struct asg_group_config *config; /* NULL: nothing of the group itself */
    uint64_t fields;                       /* of config: bits, group.h; not when new */
    struct asg_policy_config *policies;    /* put */
    size_t policy_count;
    struct asg_schedule_config *schedules; /* put */
    size_t schedule_count;
    struct asg_texts gone_policies; /* delete, by name */
    struct asg_texts gone_schedules;
    uint64_t template_version; /* the template's number now; 0: core asks EC2 */
    const char *template_id;   /* of that template, when config has only its name */
};

/* Groups, policies and scheduled actions of one order, and the instances that it asks
 * for: what follows from it is one record of the log. */
#define ASG_APPLY_PARTS_MAX     40000
#define ASG_APPLY_INSTANCES_MAX 100000

/* An order of several groups: all of it is carried out, or nothing. It is refused with
 * code `Changed` when it was made from a state that is no longer so: a group has a
 * revision above `revision`, or one that is_new is there, or another one, or something
 * that it deletes, is not. */
struct asg_apply {
    struct asg_apply_group *groups; /* by name, each once */
    size_t group_count;
    bool has_revision;
    uint64_t revision; /* read before the groups were (asg_status_view) */
    /* settings of the edge, as `limit` of a command; 0: core's own bounds */
    uint32_t groups_limit;
    uint32_t policies_limit;
    uint32_t schedules_limit;
};

/* An order of an operator or an API client. Which fields are meant depends on kind. */
struct asg_command {
    enum asg_command_kind kind;
    const char *actor;      /* who asked: name of the key */
    const char *cluster_id; /* INIT: 32 hex digits */
    uint64_t seed;          /* INIT: for choices that are otherwise even */
    uint64_t epoch;         /* LEAD */
    const char *group;      /* name; empty for HALT, UNHALT of all */
    const char *name;       /* policy, schedule, template */
    const struct asg_group_config *group_config;       /* GROUP_CREATE, GROUP_UPDATE */
    uint64_t group_fields;                             /* GROUP_UPDATE: bits, group.h */
    const struct asg_policy_config *policy_config;     /* POLICY_PUT */
    const struct asg_schedule_config *schedule_config; /* SCHEDULE_PUT */
    const struct asg_template_config *template_config; /* TEMPLATE_PUT */
    uint32_t desired;                                  /* SET_DESIRED */
    bool honor_cooldown;                               /* SET_DESIRED, EXECUTE_POLICY */
    bool force; /* GROUP_DELETE: with its instances; RECONCILE: believe it */
    struct asg_texts instance_ids; /* TERMINATE_INSTANCE, PROTECT, SET_HEALTH,
                                      ENTER_, EXIT_STANDBY, ATTACH_, DETACH_INSTANCES,
                                      INSTANCE_REBIND */
    bool decrement;                /* TERMINATE_INSTANCE, ENTER_STANDBY,
                                      DETACH_INSTANCES: lower desired as well */
    bool is_protected;             /* PROTECT_INSTANCES */
    bool is_healthy;               /* SET_INSTANCE_HEALTH */
    bool respect_grace;            /* SET_INSTANCE_HEALTH */
    uint64_t processes;            /* SUSPEND, RESUME: bits 1 << process; 0: all */
    uint64_t job_id;               /* JOB_RETRY */
    bool has_metric_value;         /* EXECUTE_POLICY on a step policy needs it */
    int64_t metric_value_milli;
    int64_t breach_threshold_milli;
    int64_t listing_ms;   /* LEAD: between two whole listings of EC2; 0: two minutes */
    uint32_t rules;       /* LEAD: that decide from here on; docs/log-format.md */
    uint64_t incarnation; /* LEAD: drawn by chance, below 2^48 (docs/recovery.md) */
    bool is_all;          /* INSTANCE_ADOPT, ORPHAN_END: without instance_ids */
    int64_t schedule_late_ms; /* LEAD: a later scheduled action is skipped; 0: 2 min */
    /* Of what the order adds to: groups, launch configurations, policies, scheduled
     * actions or tags. A setting of the edge; 0: core's own bound. */
    uint32_t limit;
    struct asg_group_tag *group_tags; /* GROUP_TAG, GROUP_UNTAG: all of them, or none */
    size_t group_tag_count;
    const struct asg_launch_configuration
        *launch_configuration;  /* LAUNCH_CONFIGURATION_PUT; its _DELETE: name */
    uint64_t collected_metrics; /* METRICS_*: bits 1 << collected_metric; 0: all */
    struct asg_source *sources; /* SOURCES_*: all of them, or none; no state */
    size_t source_count;
    /* ATTACH_INSTANCES: what the edge's look-up found of each of instance_ids, in their
     * order; group, job_id, attempt and incarnation are those of its tags. */
    struct asg_seen_instance *seen;
    size_t seen_count;
    uint64_t template_version; /* GROUP_*: the template's number now; 0: core asks EC2 */
    const struct asg_apply *apply; /* APPLY */
    const char *template_id; /* GROUP_*: of that template, when it has only a name */
};

/* One metric of one group over one evaluation period. Sums, not only means, so that a
 * what-if knows the total load. */
struct asg_group_metric {
    uint32_t group_no; /* core's number of the group, from membership */
    enum asg_metric_name metric;
    uint64_t revision; /* of the membership they were counted under */
    uint32_t members;  /* that should have counted */
    uint32_t count;    /* that did */
    int64_t sum_milli;
    int64_t min_milli;
    int64_t max_milli;
};

struct asg_metrics {
    struct asg_group_metric *groups; /* by group_no, then metric; each once; as columns */
    size_t group_count;
};

struct asg_health_sign {
    const char *instance_id;
    enum asg_sign sign;
    const char *detail; /* "connection refused", "no report for 3.2 s" */
    int64_t at_ms;      /* of what is announced: when EC2 acts; 0: not told */
};

struct asg_health {
    struct asg_health_sign *signs;
    size_t sign_count;
};

/* What a complete or partial look at EC2 says that differs from what core believes,
 * found by the controller's reconciler. */
struct asg_observed {
    uint64_t job_id;  /* the describe job that looked; closes it */
    bool is_complete; /* a whole listing: what is not in it is missing */
    bool failed;      /* the look failed: nothing may be concluded */
    struct asg_seen_instance *instances; /* changed, unknown, or state ABSENT */
    size_t instance_count;
};

/* Who knows of jobs or leaders that the log may lack; the controller tells only those
 * that core does not know. */
struct asg_witness {
    enum asg_witness_kind kind;
    const char *name;     /* of the worker; the agent's instance id */
    uint64_t epoch;       /* WORKER: of the leader that it served last */
    uint64_t incarnation; /* of that leader; AGENT: of its launch */
    uint64_t job_id;      /* AGENT: that launched it */
    uint32_t attempt;
};

#define ASG_CURVE_KEY_CHARS 40 /* Z85 of 32 bytes */
#define ASG_TLS_KEY_CHARS   64 /* hexadecimal digits of 32 bytes */

/* An agent has proved to the edge that it is on the instance, and wants its keys bound to
 * it: from then on nobody else reports for the instance or answers its probes. */
struct asg_enrolment {
    const char *instance_id;
    const char *curve_key; /* of its reports: Z85, 40 characters */
    const char *tls_key;   /* SHA-256 of its TLS public key: 64 lower-case digits */
    const char *serial;    /* of the certificate it is to get; for people */
    enum asg_proof proof;
    uint64_t job_id; /* of the launch that its proof is of; 0: the proof is of the
                        instance itself */
    uint32_t attempt;
    uint64_t incarnation;
    const char *address;     /* that it came from */
    bool is_address_checked; /* it must be the private address that EC2 says */
};

struct asg_event {
    int64_t time_ms;
    enum asg_event_kind kind;
    const struct asg_command *command; /* one of these, by kind; TICK has none */
    const struct asg_metrics *metrics;
    const struct asg_health *health;
    const struct asg_result *result;
    const struct asg_observed *observed;
    const struct asg_witness *witness;
    const struct asg_enrolment *enrolment;
};

#endif
