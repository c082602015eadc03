/* instance - one machine of a group, from the slot that asks for it until it is gone. */
#ifndef ASG_CORE_WORLD_INSTANCE_H
#define ASG_CORE_WORLD_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/enums.h"
#include "model/event.h"

#define ASG_ZONE_MAX       31
#define ASG_SUBNET_MAX     31
#define ASG_TYPE_MAX       31
#define ASG_IP_MAX         45
#define ASG_TEMPLATE_MAX   31
#define ASG_REASON_MAX     191
#define ASG_EVENT_CODE_MAX 31

/* Why an instance is on its way out. */
enum asg_end_cause {
    ASG_END_NONE,
    ASG_END_SCALE_IN, /* a policy's: paced by its allowance */
    ASG_END_HEALTH,   /* paced by its allowance */
    ASG_END_USER,     /* of what an order leaves too many: not paced */
    ASG_END_DELETED,  /* its group goes */
    ASG_END_NOTICE,   /* EC2 has announced that it takes it */
    ASG_END_NAMED,    /* an order named it: not paced */
    ASG_END_MARKED,   /* an order called it unhealthy: not paced */
    ASG_END_CAUSES
};

/* What we hear of its agent. A controller that begins to lead has heard nothing yet. */
enum asg_agent_link {
    ASG_AGENT_NEVER,   /* it has never reported */
    ASG_AGENT_UNHEARD, /* it has, and not since this controller leads */
    ASG_AGENT_HEARD,
    ASG_AGENT_SILENT,
    ASG_AGENT_LINKS
};

/* What its probe said last. */
enum asg_probe {
    ASG_PROBE_PASSED,      /* or it was not probed */
    ASG_PROBE_FAILED,      /* and its host answers */
    ASG_PROBE_UNREACHABLE, /* nothing answers there */
    ASG_PROBES
};

struct group;
struct activity;
struct identity;

struct instance_launch {
    uint64_t job_id;
    uint32_t attempt;
    uint64_t incarnation; /* of the LEAD under which that attempt was planned */
    int64_t requested_ms;
    int64_t launched_ms;
    int64_t excused_ms; /* of its age: nobody led, nobody knew it, or it stood by */
    bool is_attached;   /* job_id tagged it, nobody launched it */
    bool is_extra;      /* desired was raised for it, and nobody has set desired since */
};

struct instance_service {
    int64_t since_ms;
    int64_t warm_ms; /* when it begins to count */
    bool is_protected;
    enum asg_member_state told; /* to the windows; COUNT: to be told again */
};

struct instance_health {
    enum asg_agent_link agent;
    int64_t silent_ms; /* since when, or when last */
    enum asg_probe probe;
    bool is_impaired;
    bool is_marked;       /* an operator called it unhealthy */
    bool is_unhealthy;    /* settled: it will be replaced */
    enum asg_cause fault; /* why it ends by health; found anew, not saved */
};

struct instance_ending {
    enum asg_end_cause cause;
    bool was_working;      /* or may have been, when its end began */
    int64_t since_ms;      /* TERMINATING */
    uint64_t job_id;       /* that terminates it; 0: not planned yet */
    uint32_t kept_times;   /* EC2 refused to end it, protected as it is there */
    int64_t kept_until_ms; /* it is not asked again before, but on an order */
};

/* What EC2 has announced, take_notice.c. */
struct instance_notice {
    int64_t taken_back_ms;  /* spot interruption: when; 0: none */
    bool is_at_risk;        /* it is recommended to leave it */
    bool is_false;          /* one of Spot was shown, and it is on demand */
    const char *event_code; /* "instance-retirement"; "": none */
    int64_t event_ms;       /* when that begins */
};

struct instance {
    uint64_t no;
    struct group *group;                 /* not saved */
    char id[ASG_INSTANCE_ID_MAX + 1];    /* "" while REQUESTED */
    const enum asg_instance_state state; /* lifecycle.c alone moves it, by its rows */
    enum asg_ec2_state ec2_state;        /* as last seen */
    /* texts: kept_text.h */
    const char *type;
    const char *subnet_id;
    const char *zone;
    const char *template_id;
    const char *configuration; /* launch configuration that it came from instead */
    const char *reason;        /* why unhealthy, or why it goes */
    char private_ip[ASG_IP_MAX + 1];
    uint64_t template_version; /* of a configuration: when that was made */
    bool is_spot;              /* bought so; of a slot: to be bought so */
    uint32_t touched_round;    /* touched.h, not saved */
    int64_t wait_until_ms;     /* while its state waits; else 0 */
    struct instance_launch launch;
    struct instance_service service;
    struct instance_health health;
    struct instance_ending ending;
    struct instance_notice notice;
    struct activity *activity; /* the open one, activity.h; NULL: none */
    struct identity *identity; /* identity.h; NULL: its agent is not enrolled */
};

static inline bool asg_instance_is_heard(const struct instance *instance)
{
    return instance->health.agent == ASG_AGENT_HEARD;
}

static inline bool asg_instance_is_silent(const struct instance *instance)
{
    return instance->health.agent == ASG_AGENT_SILENT;
}

static inline bool asg_instance_has_reported(const struct instance *instance)
{
    return instance->health.agent != ASG_AGENT_NEVER;
}

static inline bool asg_instance_is_out_of_reach(const struct instance *instance)
{
    return asg_instance_is_silent(instance) &&
           instance->health.probe == ASG_PROBE_UNREACHABLE;
}

#endif
