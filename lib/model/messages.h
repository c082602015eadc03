/* messages - what travels between processes: one data frame each.
 *
 * A frame is a msgpack array [type, version, fields...] in the order of the schema
 * (docs/wire.md). Three listeners of the controller, one a trust level: agents,
 * workers, admin. The peer is its CURVE key; nothing in a message says who sent it.
 */
#ifndef ASG_MODEL_MESSAGES_H
#define ASG_MODEL_MESSAGES_H

#include "model/effects.h"
#include "model/event.h"
#include "model/job.h"
#include "model/question.h"
#include "model/report.h"

#define ASG_WIRE_VERSION     1

#define ASG_AGENT_FRAME_MAX  4096
#define ASG_WORKER_FRAME_MAX 8388608                       /* 8 MiB */
#define ASG_ORDER_BYTES_MAX  8388608                       /* 8 MiB, encoded */
#define ASG_ADMIN_FRAME_MAX  (ASG_ORDER_BYTES_MAX + 65536) /* and what is around it */

enum asg_message_type {
    /* agent -> controller */
    ASG_MESSAGE_REPORT = 2,
    ASG_MESSAGE_NOTICE = 3, /* the metadata announces something; said again and again */
    /* worker -> controller */
    ASG_MESSAGE_HELLO = 32,
    ASG_MESSAGE_HEARTBEAT = 33, /* renews the leases it lists; carries free credits */
    ASG_MESSAGE_RESULT = 34,
    ASG_MESSAGE_HAND_BACK = 35,   /* not started, give it to another */
    ASG_MESSAGE_RESULT_PART = 36, /* of a result with too many instances for one frame */
    ASG_MESSAGE_TOLD = 37,        /* what came of a question */
    /* controller -> worker; 1, 16 and 17 were agents' once */
    ASG_MESSAGE_REJOIN = 18, /* I do not know this connection: say hello again */
    ASG_MESSAGE_WELCOME = 48,
    ASG_MESSAGE_JOB = 49,
    ASG_MESSAGE_ACK = 50,  /* the result is durable (or was late): forget it */
    ASG_MESSAGE_HALT = 51, /* kill switch on or off */
    ASG_MESSAGE_ASK = 52,  /* ask EC2 something; also while the kill switch is on */
    /* openasg -> controller and back */
    ASG_MESSAGE_REQUEST = 64,
    ASG_MESSAGE_ANSWER = 65,
};

/* What the instance's metadata announces. */
struct asg_notice {
    enum asg_sign sign; /* SPOT_INTERRUPTION or REBALANCE */
    int64_t at_ms;      /* when EC2 acts, or when it was said; 0: not told */
    const char *detail; /* "terminate", "stop", "hibernate"; empty */
};

struct asg_hello {
    const char *worker; /* name */
    const char *version;
    uint32_t credits;      /* jobs it can take now */
    struct asg_held *held; /* leases it still holds from before (a controller restart) */
    size_t held_count;
    uint64_t epoch;       /* of the leader that it listened to last; 0: to none yet */
    uint64_t incarnation; /* of the same */
};

struct asg_held {
    uint64_t job_id;
    uint32_t attempt;
    uint64_t lease_id;
    uint64_t incarnation; /* of the job */
};

/* Requests of one EC2 action, repeats included; throttles are those that EC2 refused for
 * their rate. */
struct asg_call_rate {
    const char *action;
    uint32_t attempts;
    uint32_t throttles;
};

struct asg_heartbeat {
    uint32_t credits;
    struct asg_held *held;
    size_t held_count;
    struct asg_call_rate *rates; /* what was sent to EC2 since the last word of it */
    size_t rate_count;
    bool is_halted; /* as HALT or WELCOME said: a lost HALT is found out by it */
};

struct asg_welcome {
    uint64_t epoch;
    const char *cluster_id;
    int64_t lease_ms;     /* how long a lease lasts without a heartbeat */
    int64_t heartbeat_ms; /* how often to send one */
    bool is_halted;
    uint64_t incarnation;
    uint64_t hello_epoch; /* of the hello that this answers. A worker listens to a lower
                             epoch than it knows only when the leader has heard of the
                             one it knows: that is a log that was restored */
};

/* With a whole listing: delete launch templates that were made for fleets and left. */
struct asg_sweep {
    int64_t older_ms;             /* made at least this long ago */
    struct asg_numbers live_jobs; /* these may still want theirs */
};

struct asg_job_message {
    uint64_t epoch;
    uint64_t lease_id;
    int64_t time_left_ms;       /* to the job's deadline, counted from receipt */
    const char *cluster_id;     /* for the tags */
    const char *join_stanza;    /* launch: the line for the user data; a secret */
    struct asg_blob attachment; /* TEMPLATE, a launch without a template: user data */
    const struct asg_job *job;
    const struct asg_sweep *sweep; /* or NULL */
};

struct asg_result_message {
    uint64_t epoch;
    uint64_t lease_id;
    const struct asg_result *result;
    struct asg_call_rate *rates; /* as in the heartbeat */
    size_t rate_count;
};

/* Instances in one frame: some 1.3 MB, and below ASG_WORKER_FRAME_MAX when all their tags
 * are as long as EC2 lets them be. */
#define ASG_RESULT_INSTANCES_MAX 5000

/* The parts of a result come in order, each with its share of the instances; the rates
 * come with the last. A type of its own: who does not know it must not take a part for
 * the whole, as what a listing lacks is taken for gone. */
struct asg_result_part {
    uint32_t number; /* from 0 */
    bool is_last;
    struct asg_result_message message; /* with its share of the instances */
};

struct asg_hand_back {
    uint64_t job_id;
    uint32_t attempt;
    uint64_t lease_id;
    const char *reason;
    uint64_t incarnation; /* of the job */
};

struct asg_ack {
    uint64_t job_id;
    uint32_t attempt;
    uint64_t incarnation; /* of the job */
};

struct asg_halt_message {
    bool is_halted;
};

/* A question is no job: no lease, no credit, no acknowledgement. An answer that is lost
 * is asked for again, of another worker if there is one. */
struct asg_ask {
    uint64_t question_no; /* echoed in the answer; of this controller's life */
    int64_t time_left_ms; /* counted from receipt: no one waits for an answer after it */
    const struct asg_question *question;
};

struct asg_told_message {
    uint64_t question_no;
    const struct asg_told *told;
    struct asg_call_rate *rates; /* as in the heartbeat */
    size_t rate_count;
};

struct asg_request {
    uint64_t request_no;  /* echoed in the answer */
    enum asg_query query; /* NONE: the request is a command */
    const struct asg_command *command;
    struct asg_blob attachment; /* TEMPLATE_PUT: the user data */
    const char *group;
    const char *name;
    uint64_t job_id;
    bool only_dead;
    uint64_t from_seq;
    uint32_t limit;       /* of rows; 0 or above 1000: 1000 */
    uint64_t to_seq;      /* 0: the newest */
    bool is_newest_first; /* decisions; the next page ends before the last of this one */
};

/* An alarm that is active. */
struct asg_alarm_view {
    const char *kind;  /* a word of alarm_kind, "worker-put-aside" or "mass-absence" */
    const char *group; /* "": of none */
    const char *text;
};

struct asg_status_view {
    const char *cluster_id;
    const char *version;
    uint64_t epoch;
    uint64_t log_head;
    int64_t time_ms;
    int64_t started_ms;
    bool is_halted;
    uint32_t groups;
    uint32_t instances;
    uint32_t agents;
    uint32_t workers;
    uint32_t open_jobs;
    uint32_t dead_jobs;
    const char *agents_endpoint;
    const char *workers_endpoint;
    const char *admin_endpoint;
    const char *http_endpoint;
    struct asg_texts alarms;
    const char *held;         /* what waits as the log may be behind; "": nothing */
    const char *api_endpoint; /* of the Auto Scaling API; "": not served */
    /* rises with each order that changes what groups, policies and scheduled actions are
     * meant to be; desired that a policy or an operator sets is none of that */
    uint64_t revision;
    struct asg_alarm_view *alarm_list; /* `alarms` with what they are about */
    size_t alarm_count;
    /* what agents are told: endpoints for reports, host:port to enrol at; with commas */
    const char *agents_announced;
    const char *enrol_announced;
};

struct asg_instance_view {
    const char *instance_id;
    const char *group;
    enum asg_instance_state state;
    bool is_healthy;
    const char *health_reason;
    bool is_warming;
    bool is_protected;
    const char *instance_type;
    const char *subnet_id;
    const char *zone;
    const char *private_ip;
    const char *template_version;
    int64_t launched_ms;
    int64_t in_service_ms;
    uint64_t job_id;
    bool is_reporting; /* filled by the controller from its windows, as the next */
    int64_t cpu_milli; /* of the last report; -1 */
    const char *signs; /* "silent, probe failed": what is held against it */
    bool is_spot;
    uint64_t no;             /* rises by age; never used again */
    const char *lifecycle;   /* the state as EC2 Auto Scaling names it: "InService" */
    const char *template_id; /* of the launch template that it came from */
    int64_t warm_ms;         /* while it serves: then it is warm */
    /* what it came from instead of a template, by name */
    const char *launch_configuration;
    enum asg_ec2_state ec2_state; /* as last seen */
    int64_t requested_ms;         /* when it was planned, before EC2 was asked for it */
    int64_t ending_ms;            /* when its termination began; 0 */
};

/* A process of a group that stands still. */
struct asg_suspension_view {
    enum asg_process process;
    int64_t since_ms;
    const char *reason; /* "User suspended at 2026-11-30T12:00:00Z" */
};

/* Why a group does not do what it wants. It stands until the group changes; with a
 * moment, until then: whoever reads it later leaves it out (view/view.h does). */
struct asg_hold {
    enum asg_hold_reason reason;
    int64_t until_ms;   /* 0: not known */
    uint32_t count;     /* of instances that are meant; 0: none are */
    const char *policy; /* whose wish it is; "": of no policy */
    const char *text;   /* a whole sentence, without the moment */
};

struct asg_group_view {
    uint32_t group_no;
    const struct asg_group_config *config;
    uint32_t requested; /* asked for, no id yet */
    uint32_t pending;
    uint32_t in_service; /* warming ones included, as EC2 Auto Scaling counts them */
    uint32_t warming;    /* of these: policies ignore their metrics yet */
    uint32_t terminating;
    uint32_t unhealthy;
    uint64_t suspended; /* bits 1 << process */
    bool is_halted;
    bool is_deleting;
    bool is_degraded;
    const char *degraded_reason;
    const char *resolved_version; /* of the template, last resolved */
    int64_t created_ms;
    uint32_t unknown; /* instances of it that the log does not know */
    bool is_held;     /* the log may be behind: what is unknown waits for an operator */
    struct asg_suspension_view *suspensions; /* what `suspended` says, and since when */
    size_t suspension_count;
    struct asg_hold *holds; /* the most important first */
    size_t hold_count;
    int64_t wanted;    /* what its policies want, before any limit; ASG_UNSET: nothing */
    uint64_t revision; /* of the cluster (asg_status_view) when it was changed last */
};

/* An instance of the cluster that no group has. */
struct asg_orphan_view {
    const char *instance_id;
    const char *group; /* of its tag */
    enum asg_orphan_kind kind;
    enum asg_ec2_state state;
    const char *instance_type;
    const char *subnet_id;
    const char *zone;
    const char *private_ip;
    int64_t launched_ms;
    uint64_t job_id; /* of its tags, as the next two */
    uint32_t attempt;
    uint64_t incarnation;
    int64_t first_ms; /* when it was seen first */
    int64_t ends_ms;  /* when it is terminated without an order; 0: never */
    bool is_ending;   /* its termination is planned */
    const char *why;
    const char *advice; /* what to do */
};

struct asg_attempt_view {
    uint32_t attempt;
    enum asg_outcome outcome;
    const char *error_code;
    const char *message;
    const char *worker;
    const char *request_id;
    int64_t ended_ms;
    uint32_t calls;
    uint32_t deliveries;
};

struct asg_job_view {
    uint64_t id;
    const char *name;
    enum asg_job_kind kind;
    enum asg_job_state state;
    const char *group;
    uint32_t attempt;
    uint32_t count; /* instances it is about */
    int64_t created_ms;
    int64_t deadline_ms;
    int64_t ended_ms;
    const char *client_token;
    const char *worker; /* who holds its lease now; filled by the controller */
    struct asg_attempt_view *attempts;
    size_t attempt_count;
};

struct asg_template_view {
    const char *name;
    const char *template_id;
    const char *version;
    const char *state; /* "creating", "ready", "failed: ..." */
    uint64_t job_id;
};

struct asg_decision_view {
    uint64_t seq;
    int64_t time_ms;
    const char *group;
    const char *kind; /* a word of decision_kind; empty where its effects are pruned, with
                         all that follows */
    const char *text;
    const char *policy;      /* empty: none */
    const char *instance_id; /* empty: none */
    int64_t from;            /* desired before */
    int64_t to;              /* desired after */
    uint64_t job_id;         /* that launched the instance; 0: none */
};

struct asg_worker_view {
    const char *name;
    const char *version;
    const char *address;
    uint32_t credits;
    uint32_t leases;
    int64_t heard_ms; /* since its last word */
    enum asg_worker_state state;
    const char *reason; /* why it gets no jobs */
};

/* Somebody who was not let in. */
struct asg_refusal {
    enum asg_edge edge; /* where it tried to connect */
    const char *key;    /* its public key; empty: it did not get so far */
    const char *address;
    const char *why; /* "key not in the folder" */
    uint64_t count;
    int64_t first_ms;
    int64_t last_ms;
    const char *instance_id; /* of an enrolment: whose it says it is; else "" */
};

struct asg_answer {
    uint64_t request_no;
    bool is_ok;
    const char *code;
    const char *message;
    uint64_t job_id;
    bool has_more; /* ask again from next_seq, newest first up to before_seq */
    uint64_t next_seq;
    const struct asg_status_view *status;
    struct asg_group_view *groups;
    size_t group_count;
    struct asg_policy_config *policies;
    size_t policy_count;
    struct asg_schedule_config *schedules;
    size_t schedule_count;
    struct asg_template_view *templates;
    size_t template_count;
    struct asg_instance_view *instances;
    size_t instance_count;
    struct asg_job_view *jobs;
    size_t job_count;
    struct asg_decision_view *decisions;
    size_t decision_count;
    struct asg_worker_view *workers;
    size_t worker_count;
    struct asg_orphan_view *orphans;
    size_t orphan_count;
    struct asg_launch_configuration *launch_configurations;
    size_t launch_configuration_count;
    struct asg_activity *activities;
    size_t activity_count;
    const char *join_line;        /* JOIN_LINE: the text for the instance */
    struct asg_refusal *refusals; /* newest first */
    size_t refusal_count;
    uint64_t revision;   /* of the configuration behind an order that was taken */
    const char *note;    /* what an order that was taken has left unchecked; "" */
    uint64_t before_seq; /* DECISIONS, newest first: the to_seq of the next page; 0 */
};

#endif
