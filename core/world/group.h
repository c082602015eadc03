/* group - an Auto Scaling group: what it should be, what it has, what it waits for. */
#ifndef ASG_CORE_WORLD_GROUP_H
#define ASG_CORE_WORLD_GROUP_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/due_heap.h"
#include "core/world/activity.h"
#include "core/world/instance.h"
#include "core/world/policy_state.h"
#include "model/group.h"

#define ASG_RECENT_ENDS 64

/* So long a traffic source is being attached, or detached: a client sees it. */
#define ASG_SOURCE_CHANGE_MS INT64_C(1000)

/* What waits when a group is held: each has its own reason, and several may wait at once.
 */
enum hold_topic {
    HOLD_REPLACE,
    HOLD_SCALE_IN,
    HOLD_LAUNCH,
    HOLD_DRY_RUN, /* what would be done is only said */
    HOLD_POLICY,  /* what a policy wants and does not get */
    HOLD_REACH,   /* replacing what is out of reach */
    HOLD_SIGNS,   /* replacing who is silent: it is not sure yet */
    HOLD_RETRY,   /* requests that wait for another try */
    HOLD_WARMING, /* policies wait for who warms up; this and the next are not logged */
    HOLD_DRAIN,
    HOLD_TOPICS
};

/* What waits, beside its words (held). */
struct hold {
    bool is_on; /* else it is of before */
    enum asg_hold_reason reason;
    int64_t until_ms; /* 0: not known */
    uint32_t count;   /* of instances that are meant; 0: none are */
};

struct policy {
    struct asg_arena arena;
    struct asg_policy_config config;
    struct asg_policy_state state;
};

struct schedule {
    struct asg_arena arena;
    struct asg_schedule_config config;
    int64_t next_ms; /* one that has no further run is deleted */
};

/* A (type, subnet, market) that EC2 had no capacity for. */
struct dry_pool {
    char type[ASG_TYPE_MAX + 1];
    char subnet_id[ASG_SUBNET_MAX + 1];
    char zone[ASG_ZONE_MAX + 1];
    bool is_spot; /* of fleets; a launch's market is its template's, and is not named */
    int64_t until_ms;
    uint32_t times;
    bool gave_nothing; /* the last launch there started none, and EC2 named no lack */
};

/* Counts of a group's instances, kept while none of them changes: with them an event of
 * metrics reads no instance. Not saved: it follows from the rest. */
struct tally {
    bool is_known; /* a settled group is counted anew when next asked for */
    uint32_t counting;
    uint32_t warming;
    int64_t until_ms; /* the next one is warm then, and the last one: */
    int64_t last_ms;
};

/* Counts of a group's instances that counts.c keeps. Not saved. */
struct counts {
    uint32_t capacity;
    uint32_t alive;
    uint32_t launching;
    uint32_t ending;
    uint32_t ending_surplus; /* of these, a policy's scale-in */
    uint32_t ending_broken;  /* of these, health, and what EC2 may take back */
    uint32_t lost;           /* terminated by EC2, and it stands as in service */
    uint32_t waiting;        /* for something that has its time: a drain, or hooks */
    uint32_t taken_back;     /* by EC2, and not on its way out yet */
    uint32_t attaching;      /* without our tags yet */
    uint32_t serving;        /* and healthy */
    uint32_t unhealthy;      /* of those that are judged */
    uint32_t survivors;
    bool survivors_are_old; /* to be counted when next asked for */
};

/* The launch template as a number: what instances are compared with. */
struct group_template {
    const char *id;   /* kept_text.h */
    uint64_t version; /* 0: not known; of a configuration: when that was made */
    int64_t resolved_ms;
    uint64_t job_id; /* that asks EC2 for it */
};

/* What the windows of metrics were told. */
struct group_windows {
    uint64_t revision; /* of membership */
    bool is_watched;
    uint32_t metric_bits;
    int64_t evaluation_ms;
};

struct group_scaling {
    int64_t measured_ms;       /* when its policies last saw metrics; 0: never */
    int64_t cooldown_until_ms; /* of simple scaling */
    int64_t cooldown_ms;       /* its length, of the policy that acted last */
    bool is_cooldown_due;      /* it begins anew when what was asked for is done */
    /* instances above so many go at once, since an order took their places away;
     * UINT32_MAX: none did, or it is carried out */
    uint32_t order_floor;
    /* the allowance of the policy that scaled in last, in percent; 0: the group's */
    uint32_t at_once_percent;
    uint32_t ten_minutes_percent;
    int64_t dry_run_desired; /* a dry run said what it would do for this desired; -1 */
    bool has_told_protected; /* an activity says that whoever is left is protected */
    int64_t wanted; /* what its policies want, before any limit; ASG_UNSET: nothing */
};

/* What readers see of HOLD_POLICY and of `wanted` (step/show_holds.h). */
struct group_display {
    struct hold hold;
    int64_t off_ms; /* when `hold` was shown last; 0: long ago */
    int64_t wanted;
    int64_t moved_ms; /* when anything of it was another last; 0: long ago */
};

struct group_launching {
    int64_t after_ms;  /* back-off */
    uint32_t failures; /* in a row, for whatever reason */
    uint32_t refusals; /* of requests that cannot succeed, until one is in service */
    uint32_t batch;    /* slow start: how many at once; 0: as many as wanted */
    int64_t breaker_until_ms;
    uint32_t breaker_times;
    struct dry_pool *dry_pools; /* in the order in which they were found dry */
    size_t dry_pool_count;
};

/* Terminations at one moment, of policies and health; and what the group was before an
 * order took instances away. */
struct recent_end {
    int64_t at_ms;
    uint32_t size; /* before an order's; 0: no order took any */
    uint32_t count;
    uint32_t shrinks; /* of these, by a policy's scale-in */
};

struct group_ends {
    struct recent_end recent[ASG_RECENT_ENDS]; /* oldest first */
    size_t count;
};

/* Agents that fall silent together are taken for a partition. */
enum asg_silence {
    ASG_SILENCE_NONE,
    ASG_SILENCE_MASS,    /* many are silent */
    ASG_SILENCE_CUT_OFF, /* each of them is silent and out of reach */
    ASG_SILENCES
};

struct group_silence {
    enum asg_silence kind;
    int64_t over_ms; /* when mass silence may be called over; 0: not begun */
    int64_t calm_ms; /* when one was over last */
};

/* Launches that die young, generation after generation. */
struct group_churn {
    bool is_frozen;
    uint32_t generations; /* in a row of which most died young */
    uint32_t deaths;      /* of the latest generation */
    int64_t since_ms;     /* when the latest generation began */
};

/* Who moved desired last, until that is carried out: of the causes of activities. */
struct group_wish {
    const char *said;   /* "At <time> a user request ..."; activity.h keeps both */
    const char *reason; /* ours */
};

/* What a sheet of the group shows and changes without a command, as it was when last
 * compared (touched.h). */
struct group_shown {
    uint64_t holds; /* how often what is held has changed */
    uint32_t min;
    uint32_t max;
    uint32_t desired;
    uint64_t suspended;
    bool is_halted;
    bool is_deleting;
    bool is_degraded;
    uint64_t texts; /* a number of what they say */
    bool is_frozen;
    bool is_churning;
    enum asg_silence silence;
    int64_t breaker_until_ms;
    uint64_t template_version;
    uint32_t unknown;
    size_t policies;
    size_t schedules;
};

/* What was touched of it, touched.h. Not saved. */
struct group_touch {
    struct touched *touched; /* of its core */
    bool is_listed;          /* there */
    bool has_sheet;
    uint64_t *instance_nos; /* each once */
    size_t count;
    size_t capacity;
    struct group_shown shown;
};

struct group {
    uint32_t no;
    struct asg_arena arena; /* of config */
    struct asg_group_config config;
    struct asg_arena before_arena;  /* of the next: */
    struct asg_group_config before; /* the last update; no name: there was none */
    int64_t created_ms;
    uint64_t revision; /* of the cluster, when what it is meant to be was changed last */
    struct policy *policies; /* by name */
    size_t policy_count;
    struct schedule *schedules; /* by name */
    size_t schedule_count;
    struct instance **instances; /* by number */
    size_t instance_count;
    size_t instance_capacity;
    uint64_t suspended;                      /* bits 1 << process */
    int64_t suspended_ms[ASG_PROCESS_COUNT]; /* since when, of those */
    bool is_halted;
    bool is_deleting;
    bool is_degraded;
    const char *degraded; /* kept_text.h, as the next texts */
    /* why each topic waits, "" when it does not: so that it is said once */
    const char *held[HOLD_TOPICS];
    struct hold holds[HOLD_TOPICS];
    bool is_frozen; /* too many unhealthy */
    struct group_template template;
    struct group_windows windows;
    struct group_scaling scaling;
    struct group_display display;
    struct group_launching launching;
    struct group_ends ends;
    struct group_silence silence;
    struct group_churn churn;
    struct group_wish wish;
    uint64_t last_activity_no;
    struct waiting_activities waiting;
    uint32_t replacing; /* places of unhealthy ones that are not filled again yet */
    struct asg_due due; /* when it wants its tick, in core's heap */
    /* not saved */
    uint64_t hold_changes; /* how often what is shown of why it waits has changed */
    bool is_dirty; /* something of it has changed: it is looked at before the step ends */
    struct counts counts;
    uint32_t look_ups;      /* of its launches, in EC2's listings */
    uint32_t unknown_count; /* instances with its tag that the log does not know */
    uint32_t disputed;      /* instances for which other keys were asked, identity.h */
    uint32_t misled;        /* instances on demand that showed a notice of Spot */
    struct tally tally;
    bool is_changing; /* EC2 is asked of some of it: it stands in core's list */
    struct group_touch touch;
};

static inline bool asg_group_is_suspended(const struct group *group,
                                          enum asg_process process)
{
    return (group->suspended & UINT64_C(1) << process) != 0;
}

/* One that EC2 ended stays as it is until resume: nobody looks, or nobody replaces. */
static inline bool asg_group_keeps_what_ended(const struct group *group)
{
    return asg_group_is_suspended(group, ASG_PROCESS_HEALTH_CHECK) ||
           asg_group_is_suspended(group, ASG_PROCESS_REPLACE_UNHEALTHY);
}

/* The types that a group launches, in the order of their priority; one, "", when it names
 * none: the template's. */
static inline size_t asg_group_type_count(const struct group *group)
{
    size_t count = group->config.instance_types.count;
    return count > 0 ? count : 1;
}

static inline const char *asg_group_type_at(const struct group *group, size_t i)
{
    assert(i < asg_group_type_count(group));
    const struct asg_texts *types = &group->config.instance_types;
    return types->count > 0 ? types->items[i] : "";
}

#endif
