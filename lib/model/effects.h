/* effects - everything that follows from one event: the only door out of core.
 *
 * The controller commits the event and these, and only then dispatches the jobs,
 * answers the command, tells the windows. A replay must find them byte for byte.
 */
#ifndef ASG_MODEL_EFFECTS_H
#define ASG_MODEL_EFFECTS_H

#include "base/arena.h"
#include "model/activity.h"
#include "model/enums.h"
#include "model/job.h"

/* One settled thing, with its reason in words and the numbers it came from. */
struct asg_decision {
    enum asg_decision_kind kind;
    enum asg_cause cause;
    const char *group;
    const char *policy;      /* empty: none */
    const char *instance_id; /* empty: none */
    int64_t from;            /* desired before */
    int64_t to;              /* desired after */
    /* Of the instance, before and after; alike where it did not change. */
    enum asg_instance_state state_from;
    enum asg_instance_state state_to;
    uint64_t job_id;  /* 0: none */
    const char *text; /* lines joined by \n, without time and group name:
                         "cpu mean 82.5 % over 15 s, target 50 %: wants 7 (has 4)\n
                          max is 6: decide 6, scale out by 2" */
    /* Of a policy's scale-out: when the first of the periods began that breached; 0 */
    int64_t since_ms;
};

struct asg_reply {
    bool is_set; /* the event was a command or an enrolment */
    bool is_ok;
    /* "ValidationError", "AlreadyExists", ... ; empty when ok. Of an enrolment:
     * "NotFound" (not known yet) and "TryAgain" (EC2 has not said its address) are worth
     * another try later, "Denied" is not. */
    const char *code;
    const char *message; /* what happened, to what, what to do */
    uint64_t job_id;     /* of the job that carries it out, when there is one */
};

/* Whom the windows and the prober watch. */
struct asg_member {
    uint32_t group_no;
    const char *instance_id;
    const char *private_ip; /* empty while EC2 has not said */
    enum asg_member_state state;
    uint64_t job_id; /* that launched it: whose join token it must show */
    uint32_t attempt;
    uint64_t incarnation;  /* of that attempt */
    const char *curve_key; /* bound to it, as in asg_enrolment; "": it is not enrolled */
    const char *tls_key;
};

/* A group came, changed or went (name empty): what the windows must collect. */
struct asg_watch {
    uint32_t group_no;
    const char *name;
    int64_t evaluation_ms;
    uint32_t metrics;  /* bits 1 << metric_name */
    uint64_t revision; /* of its membership, after this event */
};

/* Ask the agent to drain; answered by a health sign DRAINED, or core's own timer. */
struct asg_drain {
    const char *instance_id;
    const char *private_ip;
    int64_t limit_ms;
};

struct asg_alarm {
    enum asg_alarm_kind kind;
    const char *group;
    bool is_raised; /* false: over */
    const char *text;
};

struct asg_effects {
    struct asg_arena arena; /* everything below lives here */
    struct asg_decision *decisions;
    size_t decision_count;
    struct asg_job *jobs; /* to dispatch */
    size_t job_count;
    struct asg_numbers closed_jobs; /* ids that need no worker any more */
    /* ids that core wants back, unless a worker has them: UNDELIVERED is their answer */
    struct asg_numbers recalled_jobs;
    struct asg_reply reply;
    struct asg_watch *watches; /* apply before members */
    size_t watch_count;
    struct asg_member *members;
    size_t member_count;
    struct asg_drain *drains;
    size_t drain_count;
    struct asg_alarm *alarms;
    size_t alarm_count;
    struct asg_activity *activities; /* opened or changed; each once, as it stands now */
    size_t activity_count;
    bool is_halted;           /* the kill switch is on: no mutating call leaves */
    int64_t next_deadline_ms; /* when core wants its TICK; INT64_MAX: never */
};

/* Empty it for the next step and keep its memory; clear gives the memory back. */
void asg_effects_reset(struct asg_effects *effects);
void asg_effects_clear(struct asg_effects *effects);

/* True when the event had no consequence worth a record: only the next deadline and the
 * kill switch, which are state, may be set. */
bool asg_effects_is_empty(const struct asg_effects *effects);

#define ASG_STATE_HASH_BYTES 32

/* What the log's state_hash records say of core's saved state. */
struct asg_state_hash {
    uint32_t form;        /* of the state: docs/log-format.md */
    uint64_t seq;         /* the last record that the state covers */
    struct asg_blob hash; /* SHA-256 of its bytes in that form */
    uint64_t bytes_max;   /* of a part of the state of about this many bytes; 0: of all */
    uint32_t group_no;    /* where the part begins: core.h, asg_state_place */
    uint64_t instance_no;
    uint64_t job_id;
};

#endif
