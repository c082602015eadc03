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
    ASG_END_USER,     /* an order's: not paced */
    ASG_END_DELETED,  /* its group goes */
    ASG_END_NOTICE,   /* EC2 has announced that it takes it */
    ASG_END_CAUSES
};

struct group;

struct instance {
    uint64_t no;
    struct group *group;              /* not saved */
    char id[ASG_INSTANCE_ID_MAX + 1]; /* "" while REQUESTED */
    int state;                        /* enum asg_instance_state */
    int ec2_state;                    /* enum asg_ec2_state, as last seen */
    uint64_t job_id;                  /* that launched it */
    uint32_t attempt;
    uint64_t incarnation; /* of the LEAD under which that attempt was planned */
    /* texts: kept_text.h */
    const char *type;
    const char *subnet_id;
    const char *zone;
    const char *template_id;
    const char *reason;     /* why unhealthy, or why it goes */
    const char *event_code; /* "instance-retirement"; "": none */
    char private_ip[ASG_IP_MAX + 1];
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
    bool is_unhealthy; /* settled: it will be replaced */
    int fault;         /* enum asg_cause: why it ends by health; found anew, not saved */
    int end_cause;     /* enum asg_end_cause */
    int64_t ending_ms; /* since when TERMINATING */
    int64_t wait_until_ms; /* while its state waits; else 0 */
    uint64_t end_job_id;   /* that terminates it; 0: not planned yet */
    int told;              /* enum asg_member_state the windows know */
    /* what EC2 has announced, notices.c */
    int64_t taken_back_ms; /* spot interruption: when; 0: none */
    bool is_at_risk;       /* it is recommended to leave it */
    int64_t event_ms;      /* when that begins */
    bool is_spot;          /* bought so; of a slot: to be bought so */
};

static inline bool asg_instance_is_out_of_reach(const struct instance *instance)
{
    return instance->is_silent && instance->is_unreachable;
}

#endif
