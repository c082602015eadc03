/* state - everything core remembers. Inside core/ only.
 *
 * Ordered containers, never a hash: groups by number (numbers are given in order and
 * never again), instances of a group by number, jobs by id. Texts of a configuration
 * live in the arena beside it. state_fields.c saves and loads all of it.
 */
#ifndef ASG_CORE_STATE_H
#define ASG_CORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id_map.h"
#include "core/core.h"
#include "core/policy.h"
#include "model/effects.h"
#include "model/event.h"

#define ASG_ZONE_MAX         31
#define ASG_SUBNET_MAX       31
#define ASG_TYPE_MAX         31
#define ASG_IP_MAX           45
#define ASG_TEMPLATE_MAX     31
#define ASG_REASON_MAX       191
#define ASG_EVENT_CODE_MAX   31
#define ASG_NAME_MAX         127
#define ASG_TOKEN_MAX        64
#define ASG_CLOSED_JOBS_KEPT 256
#define ASG_DEAD_JOBS_KEPT   1000
#define ASG_RECENT_ENDS      64
#define ASG_POOLS_MAX        64
#define ASG_ORPHANS_MAX      256
#define ASG_ORPHAN_ENDS      8
#define ORPHAN_WAIT_MS       INT64_C(900000) /* before it is ended */
#define LAUNCH_BATCH         100 /* "five calls of 100" (reliability.md 1.3) */
#define LAUNCH_LIMIT_MS      INT64_C(3600000)

/* Why an instance is on its way out. */
enum asg_end_cause {
    ASG_END_NONE,
    ASG_END_SCALE_IN, /* held by the interlocks */
    ASG_END_HEALTH,   /* held by the interlocks */
    ASG_END_USER,     /* an operator's order */
    ASG_END_DELETED,  /* its group goes */
    ASG_END_NOTICE,   /* EC2 has announced that it takes it */
    ASG_END_CAUSES
};

struct instance {
    uint64_t no;
    char id[ASG_INSTANCE_ID_MAX + 1]; /* "" while REQUESTED */
    int state;                        /* enum asg_instance_state */
    int ec2_state;                    /* enum asg_ec2_state, as last seen */
    uint64_t job_id;                  /* that launched it */
    uint32_t attempt;
    char type[ASG_TYPE_MAX + 1];
    char subnet_id[ASG_SUBNET_MAX + 1];
    char zone[ASG_ZONE_MAX + 1];
    char private_ip[ASG_IP_MAX + 1];
    char template_id[ASG_TEMPLATE_MAX + 1];
    uint64_t template_version;
    int64_t requested_ms;
    int64_t launched_ms;
    int64_t in_service_ms;
    int64_t warm_ms; /* when it begins to count */
    bool is_protected;
    bool is_impaired;
    bool has_reported;  /* ever */
    bool is_heard;      /* since this controller leads, and not silent */
    int64_t excused_ms; /* of its age: nobody led, or nobody knew it */
    bool is_silent;
    bool is_probe_failed; /* and its host answers */
    bool is_unreachable;  /* probed, and nothing answers */
    bool is_marked;       /* an operator called it unhealthy */
    int64_t silent_ms;
    bool is_unhealthy;               /* settled: it will be replaced */
    char reason[ASG_REASON_MAX + 1]; /* why unhealthy, or why it goes */
    int end_cause;                   /* enum asg_end_cause */
    int64_t ending_ms;               /* since when TERMINATING */
    int64_t drain_until_ms;          /* 0: not draining */
    uint64_t end_job_id;             /* that terminates it; 0: not planned yet */
    int told;                        /* enum asg_member_state the windows know */
    /* what EC2 has announced, notices.c */
    int64_t taken_back_ms;                   /* spot interruption: when; 0: none */
    bool is_at_risk;                         /* it is recommended to leave it */
    char event_code[ASG_EVENT_CODE_MAX + 1]; /* "instance-retirement"; "" : none */
    int64_t event_ms;                        /* when that begins */
    bool is_spot;                            /* bought so; of a slot: to be bought so */
};

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

/* A (type, zone, market) that EC2 had no capacity for. */
struct dry_pool {
    char type[ASG_TYPE_MAX + 1];
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

struct group {
    uint32_t no;
    struct asg_arena arena; /* of config */
    struct asg_group_config config;
    int64_t created_ms;
    struct policy *policies; /* by name */
    size_t policy_count;
    struct schedule *schedules; /* by name */
    size_t schedule_count;
    struct instance *instances; /* by number */
    size_t instance_count;
    size_t instance_capacity;
    uint64_t suspended; /* bits 1 << process */
    bool is_halted;
    bool is_deleting;
    bool is_degraded;
    char degraded[ASG_REASON_MAX + 1];
    /* the template as a number */
    char template_id[ASG_TEMPLATE_MAX + 1];
    uint64_t template_version; /* 0: not known */
    int64_t resolved_ms;
    uint64_t resolve_job_id;
    /* scaling */
    uint64_t revision;         /* of membership */
    int64_t cooldown_until_ms; /* of simple scaling */
    int64_t cooldown_ms;       /* its length, of the policy that acted last */
    bool is_cooldown_due;      /* it begins anew when what was asked for is done */
    bool is_watched;
    uint32_t metric_bits;  /* told to the windows */
    int64_t evaluation_ms; /* told to the windows */
    uint32_t exempt_ends;  /* an operator's scale-in: not held by the interlocks */
    /* why each topic waits, "" when it does not: so that it is said once */
    char held[HOLD_TOPICS][ASG_REASON_MAX + 1];
    /* launching */
    int64_t launch_after_ms;  /* back-off */
    uint32_t launch_failures; /* in a row */
    uint32_t launch_batch;    /* slow start: how many at once; 0: as many as wanted */
    int64_t breaker_until_ms;
    uint32_t breaker_times;
    int64_t dry_desired; /* a dry run said what it would do for this desired; -1 */
    struct dry_pool pools[ASG_POOLS_MAX];
    size_t pool_count;
    /* interlocks */
    int64_t ends[ASG_RECENT_ENDS]; /* moments of recent terminations, oldest first */
    uint32_t end_counts[ASG_RECENT_ENDS];  /* how many at each */
    uint32_t end_shrinks[ASG_RECENT_ENDS]; /* of these, by scale-in */
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
    int64_t deadline_ms;        /* when it wants its tick */
    /* not saved */
    bool is_dirty;
    uint32_t held_now; /* bits 1 << topic: still held in the balance under way */
    struct tally tally;
};

struct job {
    struct asg_arena arena;
    struct asg_job plan;
    uint32_t group_no;   /* 0: none */
    int state;           /* enum asg_job_state */
    bool is_ambiguous;   /* this attempt may have taken effect */
    int64_t sent_ms;     /* first planned with this attempt */
    uint64_t sent_epoch; /* by whom: the leader of that time */
    int64_t retry_ms;    /* plan it again then; 0: it is out */
    uint32_t tries;      /* of this attempt that ended in "later" */
    int64_t ended_ms;
    struct asg_attempt_view attempts[ASG_JOB_ATTEMPTS_KEPT]; /* texts in arena */
    size_t attempt_count;
};

struct template
{
    char name[ASG_NAME_MAX + 1];
    char id[ASG_TEMPLATE_MAX + 1];
    uint64_t version;
    uint64_t job_id; /* 0: none under way */
    char failure[ASG_REASON_MAX + 1];
};

struct orphan {
    char id[ASG_INSTANCE_ID_MAX + 1];
    char zone[ASG_ZONE_MAX + 1];
    int64_t first_ms;
    bool is_ending;
};

struct sight; /* judge_health.c */

struct asg_core {
    char cluster_id[ASG_NAME_MAX + 1];
    uint64_t seed;
    uint64_t epoch;
    int64_t led_ms;
    int64_t now_ms;
    int64_t before_ms; /* the time of the event before this one; not saved */
    bool is_halted;
    uint32_t last_group_no;
    uint64_t last_instance_no;
    uint64_t last_job_id;
    struct group *groups; /* by number */
    size_t group_count;
    struct job **jobs; /* by id */
    size_t job_count;
    struct template *templates; /* by name */
    size_t template_count;
    struct orphan orphans[ASG_ORPHANS_MAX];
    size_t orphan_count;
    int64_t orphan_ends[ASG_ORPHAN_ENDS];
    size_t orphan_end_count;
    /* looking at EC2 */
    uint64_t listing_job_id; /* a complete one under way */
    int64_t listing_next_ms;
    uint32_t listings;    /* since it leads */
    int64_t listing_ms;   /* between two of them then; 0: not told */
    uint64_t look_job_id; /* at those that change, under way */
    int64_t look_next_ms;
    int64_t look_pause_ms;
    /* not saved: group number of each instance id, for look-ups only */
    struct asg_id_map ids;
    /* of the step under way, not saved */
    struct asg_effects *effects;
    const struct sight *sight; /* of the fleet's silence; NULL: not looked yet */
    size_t decision_capacity;
    size_t job_capacity;
    size_t closed_capacity;
    size_t watch_capacity;
    size_t member_capacity;
    size_t drain_capacity;
    size_t alarm_capacity;
    int64_t jobs_deadline_ms; /* earliest retry of a job */
    bool has_retry_moved;     /* that is to be found again */
};

/* ---- state.c: finding and making ---- */
struct group *find_group(struct asg_core *core, const char *name);
struct group *group_of_no(struct asg_core *core, uint32_t no);
struct group *add_group(struct asg_core *core, const struct asg_group_config *config);
void remove_group(struct asg_core *core, struct group *group);
void set_group_config(struct group *group, const struct asg_group_config *config);
struct instance *add_instance(struct asg_core *core, struct group *group);
/* Pointers to later instances of the group move. */
void remove_instance(struct asg_core *core, struct group *group,
                     struct instance *instance);
struct instance *find_instance(struct asg_core *core, const char *id,
                               struct group **ret_group);
struct job *find_job(struct asg_core *core, uint64_t id);
struct job *add_job(struct asg_core *core, enum asg_job_kind kind, struct group *group);
void free_group(struct group *group);
void free_job(struct job *job);
struct template *find_template(struct asg_core *core, const char *name);
struct policy *find_policy(struct group *group, const char *name);
struct schedule *find_schedule(struct group *group, const char *name);
void copy_text(char *ret, size_t size, const char *text);
static inline const char *text_of(const char *text)
{
    return text == NULL ? "" : text;
}

/* ---- reasons.c: what goes out ---- */
void decide(struct asg_core *core, enum asg_decision_kind kind, const struct group *group,
            const char *format, ...) ASG_PRINTF(4, 5);
void decide_capacity(struct asg_core *core, enum asg_decision_kind kind,
                     const struct group *group, const char *policy, int64_t from,
                     const char *format, ...) ASG_PRINTF(6, 7);
void decide_instance(struct asg_core *core, enum asg_decision_kind kind,
                     const struct group *group, const struct instance *instance,
                     const char *format, ...) ASG_PRINTF(5, 6);
/* A reason to do nothing, said when it is another one than the topic's last. */
void hold(struct asg_core *core, struct group *group, enum hold_topic topic,
          const char *format, ...) ASG_PRINTF(4, 5);
/* The topic waits on, for the reason that was said. */
void hold_on(struct group *group, enum hold_topic topic);
/* What nothing has held in this balance is forgotten; a policy's wish stays. */
void settle_holds(struct group *group);
void raise_alarm(struct asg_core *core, enum asg_alarm_kind kind,
                 const struct group *group, bool is_raised, const char *format, ...)
    ASG_PRINTF(5, 6);
void reply_ok(struct asg_core *core, uint64_t job_id, const char *format, ...)
    ASG_PRINTF(3, 4);
void refuse(struct asg_core *core, const char *code, const char *format, ...)
    ASG_PRINTF(3, 4);
struct asg_job *emit_job(struct asg_core *core, const struct job *job);
void close_job(struct asg_core *core, struct job *job, enum asg_job_state state);
struct asg_member *emit_member(struct asg_core *core);
struct asg_watch *emit_watch(struct asg_core *core);
void emit_drain(struct asg_core *core, const struct instance *instance, int64_t limit_ms);

/* ---- fleet.c: the life cycle ---- */
enum asg_fleet_event {
    ASG_FLEET_LAUNCHED,    /* EC2 gave it an id */
    ASG_FLEET_RUNNING,     /* EC2 says it runs, or its agent reports, as the group asks */
    ASG_FLEET_END,         /* chosen to go */
    ASG_FLEET_KEPT,        /* EC2 refused to end it */
    ASG_FLEET_OVER,        /* EC2 says it is gone */
    ASG_FLEET_NOT_LAUNCHED /* its launch came to nothing */
};
/* Move an instance by the table; false (and nothing happens) when there is no row. */
bool move_instance(struct asg_core *core, struct group *group, struct instance *instance,
                   enum asg_fleet_event event);
bool counts_as_capacity(
    const struct instance *instance);               /* wanted and not on its way out */
bool is_alive(const struct instance *instance);     /* EC2 may have it running, or will */
bool is_launching(const struct instance *instance); /* asked for, or not in service yet */
uint32_t count_capacity(const struct group *group);
uint32_t count_alive(const struct group *group);
uint32_t count_warming(const struct group *group, int64_t now_ms);
uint32_t count_launching(const struct group *group);
bool is_warm(const struct instance *instance, int64_t now_ms);
bool is_over_in_ec2(int ec2_state);
int64_t warmup_of(const struct group *group);

/* ---- the steps ---- */
void take_command(struct asg_core *core, const struct asg_command *command);
void take_metrics(struct asg_core *core, const struct asg_metrics *metrics);
void take_health(struct asg_core *core, const struct asg_health *health);
void take_result(struct asg_core *core, const struct asg_result *result);
void take_observed(struct asg_core *core, const struct asg_observed *observed);
void take_tick(struct asg_core *core);

/* ---- take_result.c: an instance EC2 showed us takes a slot ---- */
void fill_instance(struct asg_core *core, struct group *group, struct instance *instance,
                   const struct asg_seen_instance *seen);
void launch_slot(struct asg_core *core, struct group *group, struct instance *slot,
                 const struct asg_seen_instance *seen);
/* A slot of the job that EC2 has not filled, of that market if there is one; NULL. */
struct instance *find_slot(struct group *group, uint64_t job_id, bool is_spot);
void mark_pool_dry(struct asg_core *core, struct group *group, const char *type,
                   const char *zone, bool is_spot);
void launch_again_later(struct asg_core *core, struct group *group);
const char *say_error(struct asg_core *core, const struct asg_result *result);
/* Until when an earlier request of this attempt may still reach EC2, and launch: one that
 * nobody answered, one of a worker that lost the job, one under another leader. 0: none.
 */
int64_t late_until_ms(const struct asg_core *core, const struct job *job);
/* Its slots that EC2 has not filled are wanted no more. */
void free_slots(struct asg_core *core, struct group *group, uint64_t job_id);
/* One more launch came to nothing: from here on one goes ahead alone. */
void note_launch_failure(struct group *group);

/* ---- take_fleet.c: what of a fleet came and what did not ---- */
void take_part_of_fleet(struct asg_core *core, struct group *group, const struct job *job,
                        const struct asg_result *result);
/* Nothing was launched: its pools are dry, and others are tried by a new job. */
void take_empty_fleet(struct asg_core *core, struct group *group, struct job *job,
                      const struct asg_result *result);

/* ---- balance.c: desired against actual, after every event that touched a group ---- */
void balance_group(struct asg_core *core, struct group *group);
void set_desired(struct asg_core *core, struct group *group, uint32_t desired);
bool is_cooling(const struct asg_core *core, const struct group *group);
/* Simple scaling acted: no more of it until this is done and the cooldown is over. */
void begin_cooldown(struct asg_core *core, struct group *group,
                    const struct asg_policy_config *config);
void begin_end(struct asg_core *core, struct group *group, struct instance *instance,
               enum asg_end_cause cause, const char *reason);

/* ---- judge_health.c ---- */
void judge_group(struct asg_core *core, struct group *group);
/* When one out of reach counts as dead, if others of its group report all the while. */
int64_t lost_ms(const struct group *group, const struct instance *instance);
static inline bool is_out_of_reach(const struct instance *instance)
{
    return instance->is_silent && instance->is_unreachable;
}

/* ---- notices.c: what EC2 has announced ---- */
void take_notice(struct asg_core *core, struct group *group, struct instance *instance,
                 const struct asg_health_sign *sign);
/* EC2's scheduled event; code "": there is none any more. */
void take_scheduled_event(struct asg_core *core, struct group *group,
                          struct instance *instance, const char *code, int64_t at_ms);
/* What the event means for health; NULL: it stays. */
const char *fault_of_event(const struct instance *instance);
/* Those EC2 takes back go now. */
void leave_taken_back(struct asg_core *core, struct group *group);
/* How long one that goes may drain. */
int64_t drain_limit(const struct asg_core *core, const struct group *group,
                    const struct instance *instance);
/* Desired, and one more for each that is at risk as far as max allows. */
uint32_t wanted_capacity(const struct group *group);
/* Those at risk whose replacement serves go. */
void end_replaced(struct asg_core *core, struct group *group);

/* ---- take_lead.c: what time decides, when nobody led for a while ---- */
/* When its grace period ends; what nobody could watch does not count. */
int64_t grace_over_ms(const struct group *group, const struct instance *instance);
bool is_past_grace(const struct group *group, const struct instance *instance,
                   int64_t now_ms);
/* When a launch that is not in service is late. */
int64_t late_ms(const struct asg_core *core, const struct group *group,
                const struct instance *instance);

/* From here on the picture counts as complete, whoever has reported. */
int64_t picture_ms(const struct asg_core *core, const struct group *group);
/* Silent and of before this leader, who may not know yet of all that are silent. */
bool waits_for_picture(const struct asg_core *core, const struct group *group,
                       const struct instance *instance);

/* ---- interlocks.c: how many may go now; says why not ---- */
uint32_t allowed_ends(struct asg_core *core, struct group *group, uint32_t wanted,
                      enum asg_end_cause cause);
void note_end(struct asg_core *core, struct group *group, enum asg_end_cause cause);
/* An instance ended though nobody wanted it to. */
void note_death(struct asg_core *core, struct group *group,
                const struct instance *instance);
/* An operator says that launches may be tried again. */
void forget_churn(struct asg_core *core, struct group *group);
bool is_launch_allowed(struct asg_core *core, struct group *group);

/* ---- plan_jobs.c ---- */
void plan_launches(struct asg_core *core, struct group *group, uint32_t count);
/* Same job and attempt, same token, for ever (docs/decisions/0002-core-state.md). */
void set_token(struct asg_core *core, struct job *job);
bool is_dry(const struct asg_core *core, const struct group *group, const char *type,
            const char *zone, bool is_spot);
/* How full a subnet is: by its zone first. */
uint32_t count_in_subnet(const struct group *group, const char *subnet_id,
                         const char *zone);
void wait_for_pools(struct asg_core *core, struct group *group, const char *what);
/* Weight of a subnet that one more instance goes to, and of those in its zone. */
void add_weight(const struct group *group, size_t subnet, uint32_t *weights);
/* What a launch says whatever it buys; `copy` lives in the job's arena. */
void fill_launch(struct asg_core *core, struct group *group, struct job *job,
                 const struct asg_launch *launch);
/* Slots of the job that wait for their instances. */
void add_slots(struct asg_core *core, struct group *group, const struct job *job);
void plan_terminations(struct asg_core *core, struct group *group);
void plan_resolve(struct asg_core *core, struct group *group);
struct job *plan_template(struct asg_core *core, const struct asg_template_config *config,
                          const struct template *known);
void plan_looks(struct asg_core *core);
void list_for_orphans(struct asg_core *core);
void plan_orphan_end(struct asg_core *core, struct orphan *orphan);
/* The job ended, or is forgotten, with its instances alive: they may be planned anew. */
void give_up_termination(struct asg_core *core, const struct job *job);
void next_attempt(struct asg_core *core, struct job *job);
bool choose_pool(struct asg_core *core, struct group *group, const struct job *tried,
                 const char **ret_type, const struct asg_subnet **ret_subnet);
void replan_job(struct asg_core *core, struct job *job);
void retry_later(struct asg_core *core, struct job *job);

/* ---- plan_fleets.c: launches of a group that mixes on demand and Spot ---- */
/* How many of `capacity` are on demand (asg-semantics.md 5.14). */
uint32_t on_demand_share(const struct asg_mixed *mixed, uint32_t capacity);
uint32_t count_market(const struct group *group, bool is_spot);
void plan_fleets(struct asg_core *core, struct group *group, uint32_t count);

/* ---- timers.c ---- */
void find_deadline(struct asg_core *core, struct group *group);
void set_retry(struct asg_core *core, struct job *job, int64_t at_ms); /* 0: it is out */
void find_jobs_deadline(struct asg_core *core);
int64_t next_run(const struct schedule *schedule, int64_t after_ms);

/* ---- state_fields.c ---- */
struct asg_fields;
void core_fields(struct asg_fields *fields, struct asg_core *core);

#endif
