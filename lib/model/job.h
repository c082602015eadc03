/* job - one piece of work for a worker, and what came of it.
 *
 * A job is planned by core, committed, then dispatched. Job id and attempt give the
 * EC2 client token, so that an attempt that is repeated takes effect once; the
 * attempt number changes exactly when a parameter of the call changes
 * (docs/rules.md, "Client tokens"). What is decided about a job stands in `struct
 * asg_job`; what only the moment of sending knows (lease, time left, join token) in the
 * message.
 */
#ifndef ASG_MODEL_JOB_H
#define ASG_MODEL_JOB_H

#include <stdbool.h>

#include "model/enums.h"
#include "model/group.h"

#define ASG_INSTANCE_ID_MAX   19
#define ASG_CLIENT_TOKEN_MAX  64
#define ASG_JOB_INSTANCES_MAX 1000 /* of TerminateInstances; we keep to 100 */
#define ASG_JOB_ATTEMPTS_KEPT 16   /* of a job's history */

/* What a launch of a mixed group asks for besides: several types of one subnet, in both
 * markets. */
struct asg_fleet {
    struct asg_texts instance_types; /* by priority; empty: the template's */
    uint32_t on_demand;              /* of the launch's count */
    uint32_t spot;                   /* the rest of it */
    enum asg_on_demand_strategy on_demand_strategy;
    enum asg_spot_strategy spot_strategy;
    uint32_t spot_pools;        /* of lowest-price */
    const char *spot_max_price; /* empty: on demand's price */
};

struct asg_launch {
    const char *template_id; /* both empty: from a launch configuration, no template */
    const char *template_name;
    const char *template_version; /* a number, never $Latest */
    const char *instance_type;    /* empty: the template's */
    const char *subnet_id;
    const char *zone;
    uint32_t count;
    uint32_t group_max;   /* the worker refuses when based_on + count is above it */
    uint32_t based_on;    /* instances that counted when this was decided */
    struct asg_tag *tags; /* the group's; the worker adds openasg:* */
    size_t tag_count;
    struct asg_launch_parameter *parameters; /* over the template's */
    size_t parameter_count;
    const struct asg_fleet *fleet; /* FLEET; instance_type is then empty */
    /* Without a template, all stands in the parameters (launch_fields.h) but this: the
     * user data that the controller keeps by this hash; empty: none. */
    const char *user_data_sha256;
};

struct asg_terminate {
    const char *zone; /* one zone a call (docs/rules.md, "Batches and pages") */
    struct asg_texts instance_ids;
};

struct asg_describe {
    struct asg_texts instance_ids; /* empty: everything with our cluster's tag */
};

/* The worker adds openasg:* of this job to the tags, or takes openasg:* away. */
struct asg_tagging {
    struct asg_texts instance_ids;
    struct asg_tag *tags; /* TAG: the group's, over those of the instance */
    size_t tag_count;
};

struct asg_job {
    uint64_t id;
    uint32_t attempt; /* from 1 */
    enum asg_job_kind kind;
    const char *group; /* empty for those of no group */
    const char *name;  /* what people call it: "web-118" */
    int64_t created_ms;
    int64_t deadline_ms; /* not executed after that (wall clock of the log) */
    const char *client_token;
    bool is_dry_run;
    const struct asg_launch *launch; /* one of these, by kind; LAUNCH and FLEET */
    const struct asg_terminate *terminate;
    const struct asg_describe *describe;
    const struct asg_template_config *template_config; /* TEMPLATE */
    const char *template_id; /* RESOLVE_TEMPLATE; TEMPLATE: empty makes a new one */
    const char *template_name;
    const char *template_version; /* RESOLVE_TEMPLATE: "$Latest", "$Default", number */
    uint64_t incarnation;         /* of the LEAD under which this attempt was planned */
    const struct asg_tagging *tagging; /* TAG, UNTAG */
};

/* An instance as EC2 shows it. */
struct asg_seen_instance {
    const char *instance_id;
    enum asg_ec2_state state;
    const char *instance_type;
    const char *subnet_id;
    const char *zone;
    const char *private_ip;
    int64_t launched_ms;
    const char *state_reason; /* "Server.InternalError"; empty */
    const char *group;        /* tag openasg:group; empty when absent, as the next two */
    uint64_t job_id;          /* tag openasg:job */
    uint32_t attempt;         /* tag openasg:attempt */
    const char *client_token;
    bool is_impaired;       /* a status check failed */
    const char *event_code; /* of a scheduled event, "instance-retirement"; empty */
    int64_t event_ms;       /* it begins not before that */
    bool is_spot;
    uint64_t incarnation; /* tag openasg:incarnation; 0 when absent */
};

/* A pool that gave a fleet nothing, or not all it was asked for. */
struct asg_dry_pool {
    const char *instance_type; /* empty: the template's */
    bool is_spot;
    const char *error_code; /* EC2's */
};

/* The outcome of one attempt of one job. */
struct asg_result {
    uint64_t job_id;
    uint32_t attempt;
    enum asg_outcome outcome;
    const char *worker;
    const char *error_code; /* EC2's; empty when ok */
    const char *message;    /* EC2's words, cut at 1,000 characters */
    const char *request_id;
    uint32_t http_status;
    uint32_t calls;                      /* EC2 calls made for it, retries included */
    uint32_t deliveries;                 /* times it was handed to a worker */
    int64_t duration_us;                 /* from taken to answered, at the worker */
    struct asg_seen_instance *instances; /* launch: started; terminate: on their way out;
                                            describe: all that was seen */
    size_t instance_count;
    struct asg_texts gone;          /* terminate: ids EC2 does not know any more */
    struct asg_texts protected_ids; /* terminate: ids EC2 refused to end */
    const char *template_id;        /* TEMPLATE, RESOLVE_TEMPLATE */
    const char *template_name;
    const char *template_version;   /* as a number */
    const char *template_type;      /* its instance type; empty */
    struct asg_dry_pool *dry_pools; /* FLEET */
    size_t dry_pool_count;
    uint64_t incarnation; /* of the job, as the attempt */
};

/* What came of an attempt, before anything did: OK, and no text is NULL. `worker` is
 * lent. */
static inline struct asg_result asg_result_begin(uint64_t job_id, uint32_t attempt,
                                                 uint64_t incarnation, const char *worker)
{
    return (struct asg_result){
        .job_id = job_id,
        .attempt = attempt,
        .incarnation = incarnation,
        .worker = worker,
        .error_code = "",
        .message = "",
        .request_id = "",
        .template_id = "",
        .template_name = "",
        .template_version = "",
        .template_type = "",
    };
}

/* It changes something in EC2. */
static inline bool asg_job_is_mutating(enum asg_job_kind kind)
{
    return kind != ASG_JOB_DESCRIBE && kind != ASG_JOB_RESOLVE_TEMPLATE;
}

/* From no launch template: its parameters say all. */
static inline bool asg_launch_is_plain(const struct asg_launch *launch)
{
    return launch->template_id[0] == '\0' && launch->template_name[0] == '\0';
}

/* Instances come of it. */
static inline bool asg_job_is_launch(enum asg_job_kind kind)
{
    return kind == ASG_JOB_LAUNCH || kind == ASG_JOB_FLEET;
}

#endif
