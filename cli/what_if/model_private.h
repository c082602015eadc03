/* model_private - the parts of run_model, for its own files. */
#ifndef ASG_CLI_WHAT_IF_MODEL_PRIVATE_H
#define ASG_CLI_WHAT_IF_MODEL_PRIVATE_H

#include "cli/what_if/run_model.h"
#include "core/core.h"

#define ID_SIZE (ASG_INSTANCE_ID_MAX + 1)

/* What EC2 and the instances will say, and when. */
struct pending {
    int64_t due_ms;
    uint64_t no; /* of those due at one moment, the first planned comes first */
    enum { ANSWER_LAUNCH, IN_SERVICE, ANSWER_TERMINATE, ANSWER_TEMPLATE } kind;
    uint64_t job_id;
    uint32_t attempt;
    uint64_t incarnation;
    uint64_t first_no; /* of the instances, by their number in the model */
    uint32_t count;
    uint32_t spot;        /* of them, the last ones */
    char (*ids)[ID_SIZE]; /* of recorded instances, and of those to be ended; owned */
};

/* The mean of a metric over a part of a period, `length_ms` long. */
struct gathered {
    struct asg_sample mean;
    int64_t length_ms;
};

struct model {
    const struct asg_trace *trace;
    const struct asg_model_run *run;
    struct asg_core *core;
    struct asg_effects effects;
    struct asg_arena arena; /* of the event under way */
    struct asg_arena views;
    int64_t now_ms;
    int64_t counted_ms;
    bool is_counting;
    struct pending *pending; /* a heap, the earliest first */
    size_t pending_count;
    size_t pending_capacity;
    uint64_t pending_no;
    uint64_t instance_no;
    uint32_t group_no;
    uint64_t revision;
    int64_t evaluation_ms; /* the period of its group */
    int64_t measured_ms;   /* when core saw metrics last */
    int64_t judged_ms;     /* up to here the figures have the load */
    struct gathered gathered[ASG_METRIC_NAME_COUNT];
    uint32_t serving;
    uint32_t warm; /* that count for metrics */
    uint32_t paid;
    uint32_t desired;
    bool is_refused;        /* the last order */
    struct asg_error reply; /* what core said to it */
    struct asg_figures *figures;
    struct asg_error *error;
};

/* model_pending.c: what is to come. */
void asg_model_add_pending(struct model *model, struct pending item);
/* There must be one. */
struct pending asg_model_take_pending(struct model *model);
void asg_model_clear_pending(struct model *model);

/* model_fleet.c: core, EC2 and the instances. */
void asg_model_clear(struct model *model);
/* One event through core, and what core asks of EC2 in answer. */
enum asg_status asg_model_step(struct model *model, struct asg_event *event);
/* What was under way when the trace begins. */
void asg_model_resume(struct model *model);
/* The agents of all instances in service report. */
enum asg_status asg_model_hear_all(struct model *model);
/* Let everything happen that is due up to `until_ms`. */
enum asg_status asg_model_pass_time(struct model *model, int64_t until_ms);
/* What the group has and wants at the moment when counting begins. */
void asg_model_note_fleet(struct model *model);
/* Instance-hours up to now. */
void asg_model_count_time(struct model *model);

/* model_begin.c: the fleet that was there, and orders. */
enum asg_status asg_model_begin(struct model *model);
/* An order of the log, if the model follows such; one that core refuses is left out. */
enum asg_status asg_model_pass_on(struct model *model,
                                  const struct asg_command *recorded);

#endif
