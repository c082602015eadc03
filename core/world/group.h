/* group - an Auto Scaling group: what it should be, what it has, what it waits for. */
#ifndef ASG_CORE_WORLD_GROUP_H
#define ASG_CORE_WORLD_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/due_heap.h"
#include "core/world/instance.h"
#include "core/world/policy_state.h"
#include "model/group.h"

#define ASG_RECENT_ENDS 64

/* What waits when a group is held: each has its own reason, and several may wait at once.
 */
enum hold_topic {
    HOLD_REPLACE,
    HOLD_SCALE_IN,
    HOLD_LAUNCH,
    HOLD_DRY_RUN, /* what would be done is only said */
    HOLD_POLICY,  /* what a policy wants and does not get */
    HOLD_REACH,   /* replacing what is out of reach */
    HOLD_TOPICS
};

struct policy {
    struct asg_arena arena;
    struct asg_policy_config config;
    struct asg_policy_state state;
};

struct schedule {
    struct asg_arena arena;
    struct asg_schedule_config config;
    int64_t next_ms; /* INT64_MAX: no further run */
};

/* A (type, subnet, market) that EC2 had no capacity for. */
struct dry_pool {
    char type[ASG_TYPE_MAX + 1];
    char subnet_id[ASG_SUBNET_MAX + 1];
    char zone[ASG_ZONE_MAX + 1];
    bool is_spot; /* of fleets; a launch's market is its template's, and is not named */
    int64_t until_ms;
    uint32_t times;
};

/* Counts of a group's instances, kept while none of them changes: with them an event of
 * metrics reads no instance. Not saved: it follows from the rest. */
struct tally {
    bool is_known;    /* a settled group is counted anew when next asked for */
    bool is_changing; /* some are launching or draining */
    uint32_t counting;
    uint32_t warming;
    int64_t until_ms; /* the next one is warm then */
};

/* Counts of a group's instances that counts.c keeps. Not saved. */
struct counts {
    uint32_t capacity;
    uint32_t alive;
    uint32_t launching;
    uint32_t ending;
    uint32_t ending_surplus; /* of these, a policy's scale-in */
    uint32_t ending_broken;  /* of these, health, and what EC2 may take back */
    uint32_t lost;           /* EC2 has ended it, and it stands as in service */
    uint32_t serving;        /* and healthy */
    uint32_t unhealthy;      /* of those that are judged */
    uint32_t survivors;
    bool survivors_are_old; /* to be counted when next asked for */
};

struct group {
    uint32_t no;
    struct asg_arena arena; /* of config */
    struct asg_group_config config;
    int64_t created_ms;
    struct policy *policies; /* by name */
    size_t policy_count;
    struct schedule *schedules; /* by name */
    size_t schedule_count;
    struct instance **instances; /* by number */
    size_t instance_count;
    size_t instance_capacity;
    uint64_t suspended; /* bits 1 << process */
    bool is_halted;
    bool is_deleting;
    bool is_degraded;
    const char *degraded; /* kept_text.h, as the next texts */
    /* the template as a number */
    const char *template_id;
    uint64_t template_version; /* 0: not known */
    int64_t resolved_ms;
    uint64_t resolve_job_id;
    /* scaling */
    uint64_t revision;         /* of membership */
    int64_t measured_ms;       /* when its policies last saw metrics; 0: never */
    int64_t cooldown_until_ms; /* of simple scaling */
    int64_t cooldown_ms;       /* its length, of the policy that acted last */
    bool is_cooldown_due;      /* it begins anew when what was asked for is done */
    bool is_watched;
    uint32_t metric_bits;  /* told to the windows */
    int64_t evaluation_ms; /* told to the windows */
    /* instances above so many go at once, since an order took their places away;
     * UINT32_MAX: none did, or it is carried out */
    uint32_t order_floor;
    /* the allowance of the policy that scaled in last, in percent; 0: the group's */
    uint32_t at_once_percent;
    uint32_t ten_minutes_percent;
    /* why each topic waits, "" when it does not: so that it is said once */
    const char *held[HOLD_TOPICS];
    /* launching */
    int64_t launch_after_ms;  /* back-off */
    uint32_t launch_failures; /* in a row */
    uint32_t launch_batch;    /* slow start: how many at once; 0: as many as wanted */
    int64_t breaker_until_ms;
    uint32_t breaker_times;
    int64_t dry_desired;    /* a dry run said what it would do for this desired; -1 */
    struct dry_pool *pools; /* in the order in which they were found dry */
    size_t pool_count;
    /* interlocks */
    int64_t ends[ASG_RECENT_ENDS]; /* moments of recent terminations, oldest first */
    uint32_t end_counts[ASG_RECENT_ENDS];  /* how many at each, of policies and health */
    uint32_t end_shrinks[ASG_RECENT_ENDS]; /* of these, by a policy's scale-in */
    size_t end_count;
    bool is_mass_silent;
    bool is_frozen;             /* too many unhealthy */
    bool is_churning;           /* launches that die again and again: frozen */
    uint32_t churn_generations; /* in a row of which most died young */
    uint32_t churn_deaths;      /* of the latest generation */
    int64_t churn_ms;           /* when the latest generation began */
    int64_t silence_over_ms;    /* when mass silence may be called over; 0: not begun */
    bool is_cut_off;            /* each of its agents is silent and out of reach */
    int64_t calm_ms;            /* when that, or mass silence, was over last */
    struct asg_due due;         /* when it wants its tick, in core's heap */
    /* not saved */
    bool is_dirty; /* something of it has changed: it is looked at before the step ends */
    uint32_t held_now; /* bits 1 << topic: still held in the balance under way */
    struct counts counts;
    uint32_t unknown_count; /* instances with its tag that the log does not know */
    struct tally tally;
    bool is_changing; /* EC2 is asked of some of it: it stands in core's list */
};

static inline bool asg_group_is_suspended(const struct group *group,
                                          enum asg_process process)
{
    return (group->suspended & UINT64_C(1) << process) != 0;
}

/* One that EC2 ended stays as it is until resume: nobody looks, or nobody replaces. */
static inline bool keeps_what_ended(const struct group *group)
{
    return asg_group_is_suspended(group, ASG_PROCESS_HEALTH_CHECK) ||
           asg_group_is_suspended(group, ASG_PROCESS_REPLACE_UNHEALTHY);
}

#endif
