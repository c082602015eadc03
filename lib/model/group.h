/* group - what an operator says of a group and its policies.
 *
 * Names, defaults and limits are those of EC2 Auto Scaling (API Reference,
 * "CreateAutoScalingGroup"); what is ours says so. Times in milliseconds, metric values
 * in thousandths. Plain data; pointers live in somebody's arena.
 */
#ifndef ASG_MODEL_GROUP_H
#define ASG_MODEL_GROUP_H

#include "model/enums.h"

#define ASG_GROUP_NAME_MAX     255
#define ASG_GROUP_CAPACITY_MAX 100000
/* Bounds of core. What a client may have of each is a setting of the edge, with AWS's
 * quota as its default, and stands in the order (event.h, `limit`). */
#define ASG_GROUPS_MAX                100000
#define ASG_LAUNCH_CONFIGURATIONS_MAX 10000
#define ASG_POLICIES_PER_GROUP        250
#define ASG_SCHEDULES_PER_GROUP       500
#define ASG_SOURCES_MAX               100 /* load balancers and the like, of a group */
#define ASG_SOURCE_IDENTIFIER_MAX     511
#define ASG_UUID_LENGTH               36
#define ASG_KEPT_MAX                  500 /* members of a configuration, as given */
#define ASG_KEPT_PATH_MAX             512
#define ASG_KEPT_VALUE_MAX            16384
#define ASG_STEPS_MAX                 20
#define ASG_ZONE_CHANGES_MAX          1000 /* of a scheduled action's time zone */
#define ASG_POLICY_PERIODS_MAX        60   /* in a row, that a policy waits for */
#define ASG_POLICY_PATIENCE_MAX       100  /* times the stabilisation window */
#define ASG_TAGS_MAX                  50   /* of a group or a template */
#define ASG_TAGS_AT_LAUNCH_MAX        46   /* 50 of EC2 on an instance, less our four */
#define ASG_TAG_KEY_MAX               128  /* characters */
#define ASG_TAG_KEY_AT_LAUNCH_MAX     127  /* of EC2 */
#define ASG_TAG_VALUE_MAX             256
#define ASG_UNSET                     (-1) /* of a number that may be left out */
#define ASG_SUBNETS_MAX               320 /* short ids that fill AWS's 5,000 characters */
#define ASG_INSTANCE_TYPES_MAX        250
#define ASG_TERMINATION_POLICIES_MAX  20
#define ASG_MIXED_TYPES_MAX           40
#define ASG_SPOT_POOLS_MAX            20

struct asg_tag {
    const char *key;
    const char *value;
    bool stays; /* with its group: instances are launched without it */
};

/* A member of a request that core does not interpret, as the client wrote it: given back
 * in answers. Lists have their number in the path: "Overrides.member.1.ImageId". */
struct asg_kept_member {
    const char *path;  /* "InstanceMaintenancePolicy.MinHealthyPercentage" */
    const char *value; /* "90" */
};

/* What sends traffic to a group. It is kept and shown, and no instance is registered. */
struct asg_source {
    enum asg_source_kind kind;
    const char *identifier; /* a name, or an ARN */
    enum asg_source_state state;
    int64_t state_ms; /* since when */
};

/* Where instances may start. Launches name the subnet, so that the client token is
 * zonal (docs/rules.md, "Client tokens"). */
struct asg_subnet {
    const char *subnet_id; /* "subnet-..."; empty: EC2's default subnet of the zone */
    const char *zone;      /* "us-east-1a" */
};

/* One parameter of a launch as EC2's Query protocol names it (launch_fields.h). */
struct asg_launch_parameter {
    const char *name;  /* "BlockDeviceMapping.1.Ebs.VolumeSize" */
    const char *value; /* "20" */
};

/* How a group divides its capacity between on demand and Spot, over its instance types in
 * the order of their priority (docs/rules.md, "Mixed instances"). */
struct asg_mixed {
    uint32_t on_demand_base;    /* this many are on demand first */
    uint32_t on_demand_percent; /* of those above it, rounded up; EC2: 100 */
    enum asg_on_demand_strategy on_demand_strategy;
    enum asg_spot_strategy spot_strategy;
    uint32_t spot_pools;        /* of lowest-price: over this many pools; 2 */
    const char *spot_max_price; /* dollars an hour, "0.05"; empty: on demand's price */
};

struct asg_group_config {
    const char *name;
    uint32_t min;
    uint32_t max;
    uint32_t desired;
    const char *template_name;       /* of an EC2 launch template; or its id: */
    const char *template_id;         /* "lt-..." */
    const char *template_version;    /* a number, "$Latest" or "$Default" (the default) */
    struct asg_texts instance_types; /* tried in order; empty: the template's */
    struct asg_subnet *subnets;      /* at least one */
    size_t subnet_count;
    enum asg_health_check health_check;
    int64_t health_grace_ms; /* 0 */
    int64_t cooldown_ms;     /* 300 s: simple scaling, and warm-up where that is unset */
    int64_t warmup_ms;       /* ASG_UNSET; 0 is a real value */
    int64_t evaluation_ms;   /* ours: period of evaluation, 5 s; 1 s to 1 h */
    int64_t drain_ms;        /* ours: longest drain before a termination; 0: none */
    int64_t launch_timeout_ms; /* ours: not in service after that: replaced; 10 min */
    struct asg_texts termination_policies; /* words of termination_policy; "default" */
    bool protect_new_instances;
    bool dry_run; /* ours: decide and plan all, EC2 is called with DryRun */
    /* ours: interlocks (docs/rules.md, "Interlocks"), in percent of the group */
    /* of health, and of the scale-in of policies that have none of their own */
    uint32_t terminating_percent; /* at the same time; 10, at least one instance */
    uint32_t terminated_percent;  /* in 10 minutes; 25, at least one instance */
    uint32_t unhealthy_percent;   /* above it replacing stops; 20, rounded up */
    uint32_t silence_percent;     /* of agents quiet together: a partition; 30 */
    struct asg_tag *tags;         /* put on instances at launch */
    size_t tag_count;
    /* said at launch over what the template says */
    struct asg_launch_parameter *launch_parameters;
    size_t launch_parameter_count;
    uint32_t churn_generations; /* ours: may die young in a row; 2, then no launches */
    /* launch a new instance before one that EC2 expects to take back is ended */
    bool capacity_rebalance;
    const struct asg_mixed *mixed; /* NULL: on demand, or as the template says */
    const char *uuid; /* of its ARN; drawn by the edge that created it, and it stays */
    /* what it launches from, by name, instead of a launch template */
    const char *launch_configuration;
    enum asg_deletion_protection deletion_protection;
    /* An update replaces those of the top-level members that it has, and one of them with
     * no value is gone: {"PlacementGroup", ""} (kept.h). */
    struct asg_kept_member *kept;
    size_t kept_count;
    /* of its own orders: */
    uint64_t collected_metrics; /* bits 1 << collected_metric */
    struct asg_source *sources; /* in the order in which they came */
    size_t source_count;
};

/* Which fields of a group-update are meant: bit 1 << value. */
enum asg_group_field {
    ASG_GROUP_MIN,
    ASG_GROUP_MAX,
    ASG_GROUP_DESIRED,
    ASG_GROUP_TEMPLATE, /* or the launch configuration in its place */
    ASG_GROUP_INSTANCE_TYPES,
    ASG_GROUP_SUBNETS,
    ASG_GROUP_HEALTH_CHECK,
    ASG_GROUP_HEALTH_GRACE,
    ASG_GROUP_COOLDOWN,
    ASG_GROUP_WARMUP,
    ASG_GROUP_EVALUATION,
    ASG_GROUP_DRAIN,
    ASG_GROUP_LAUNCH_TIMEOUT,
    ASG_GROUP_TERMINATION_POLICIES,
    ASG_GROUP_PROTECT_NEW_INSTANCES,
    ASG_GROUP_DRY_RUN,
    ASG_GROUP_TERMINATING_PERCENT,
    ASG_GROUP_TERMINATED_PERCENT,
    ASG_GROUP_UNHEALTHY_PERCENT,
    ASG_GROUP_SILENCE_PERCENT,
    ASG_GROUP_TAGS,
    ASG_GROUP_LAUNCH_PARAMETERS,
    ASG_GROUP_CHURN_GENERATIONS,
    ASG_GROUP_CAPACITY_REBALANCE,
    ASG_GROUP_MIXED,
    ASG_GROUP_DELETION_PROTECTION,
    ASG_GROUP_KEPT,
    ASG_GROUP_FIELD_COUNT
};

/* Bounds are relative to the threshold (docs/rules.md, "Step scaling"). */
struct asg_step {
    bool has_lower;
    bool has_upper;
    int64_t lower_milli;
    int64_t upper_milli;
    int64_t adjustment; /* instances, or percent */
};

struct asg_policy_config {
    const char *group;
    const char *name;
    enum asg_policy_kind kind;
    bool is_disabled;
    enum asg_metric_name metric;
    enum asg_statistic statistic; /* over the instances of the group that count */
    /* target tracking */
    int64_t target_milli;
    bool disable_scale_in;
    uint32_t scale_in_permille; /* in below this share of the target; 900 */
    uint32_t scale_out_periods; /* breaching evaluations before out; 3 */
    int64_t stabilisation_ms;   /* below all that time before in; 300 s */
    /* step and simple: the alarm; without a threshold there is none, and the policy acts
     * only when it is executed ... */
    enum asg_comparison comparison;
    int64_t threshold_milli;
    uint32_t periods; /* breaching evaluations before it acts; 1 */
    /* ... and what it does */
    enum asg_adjustment adjustment_type;
    int64_t adjustment;     /* simple */
    struct asg_step *steps; /* step */
    size_t step_count;
    uint32_t min_magnitude; /* with percent */
    int64_t cooldown_ms;    /* simple; ASG_UNSET: the group's */
    int64_t warmup_ms;      /* ASG_UNSET: the group's */
    bool has_threshold;     /* step and simple: there is an alarm */
    enum asg_preset preset; /* its name: what was not said came from there (presets.h) */
    /* target tracking */
    uint32_t scale_out_permille; /* out above this share of the target; 1000 */
    uint32_t scale_in_periods;   /* low evaluations before in; 1 */
    /* CPU ends at 100 %, and says no more how much is missing: at or above this value the
     * wanted capacity is the proportional one times the factor */
    int64_t saturation_milli;        /* 0: none */
    int64_t saturation_factor_milli; /* 1000: times 1 */
    /* of all kinds: what may end for its scale-in, in percent of the group */
    uint32_t scale_in_at_once_percent;     /* 0: as the group's terminating_percent */
    uint32_t scale_in_ten_minutes_percent; /* 0: as the group's terminated_percent */
    /* target tracking: the wish is for the load of all in service, by the mean of those
     * that are warm; false: for as many instances as are warm */
    bool counts_warming;
    uint32_t scale_out_far_permille; /* above it out after one period; 0: never */
    /* the stabilisation window grows up to so many times as long while scale-ins have to
     * be taken back; 1: it does not */
    uint32_t patience;
    /* of all kinds but simple: the warm-up where neither it nor its group says one */
    int64_t warmup_otherwise_ms; /* 0: the group's cooldown */
    /* Drawn at the edge; those of a policy that is there already stay. */
    const char *uuid;             /* of its ARN */
    const char *alarm_high;       /* uuids of its alarms (asg_policy_alarm_name) ... */
    const char *alarm_low;        /* ... empty: it has none of that kind */
    struct asg_kept_member *kept; /* each put replaces all of them */
    size_t kept_count;
};

/* A local time offset that begins at a moment: what a time zone file says. */
struct asg_zone_change {
    int64_t at_ms;
    int64_t offset_s; /* east of UTC */
};

/* A scheduled action (docs/rules.md, "Scheduled actions"). The edge that reads the time
 * zone file writes its changes down here: core never reads one, so a replay on a machine
 * with another tzdata gives the same runs. */
struct asg_schedule_config {
    const char *group;
    const char *name;
    int64_t min; /* ASG_UNSET, as the next two */
    int64_t max;
    int64_t desired;
    int64_t start_ms;                /* 0: none */
    int64_t end_ms;                  /* 0: none */
    const char *recurrence;          /* five cron fields; empty: once at start */
    const char *time_zone;           /* IANA name; "UTC" */
    struct asg_zone_change *changes; /* ascending; the last one holds permanently */
    size_t change_count;
    const char *uuid; /* of its ARN, generated at the edge; that of the first put stays */
    bool has_time_zone; /* it was given, and is given back */
    int64_t next_ms;    /* of a view: it runs next; core keeps it elsewhere */
};

/* A launch template that openasg makes in EC2 for those who have none. */
struct asg_template_config {
    const char *name;
    const char *image_id;
    const char *instance_type;
    const char *key_name;
    const char *instance_profile; /* name or ARN */
    struct asg_texts security_group_ids;
    /* Of the user data: the text travels beside the command and lies in a file of the
     * controller named by this hash, never in the log (docs/rules.md, "Secrets"). */
    const char *user_data_sha256;
    struct asg_tag *tags;
    size_t tag_count;
    struct asg_launch_parameter *parameters; /* all else the template carries */
    size_t parameter_count;
};

/* What openasg itself keeps for groups that launch from no template of EC2. It is made
 * and deleted, and never changed. */
struct asg_launch_configuration {
    const char *name;
    const char *uuid; /* of its ARN, generated at the edge */
    int64_t created_ms;
    struct asg_launch_parameter *parameters; /* what RunInstances is asked for */
    size_t parameter_count;
    const char *user_data_sha256; /* as of a template; empty: none */
    struct asg_kept_member *kept; /* as the client wrote it, the user data left out */
    size_t kept_count;
};

/* A tag of one group, in an order that may name several. */
struct asg_group_tag {
    const char *group;
    const char *key;
    const char *value;
    bool stays;     /* as of asg_tag */
    bool has_value; /* GROUP_UNTAG: only while the tag has that value */
};

#endif
