/* load_trace - what a what-if needs of a log: the load of one group, period by period,
 * how the group stood when it began, what operators ordered meanwhile, how long launches
 * took, and what really came of it.
 *
 * Flow:    log -> [walk through core] -> trace -> run_model
 * Load:    the mean of the instances that were counted, times all that were in service
 *          (docs/audit.md, "The model").
 * Threads: one.
 */
#ifndef ASG_CLI_WHAT_IF_LOAD_TRACE_H
#define ASG_CLI_WHAT_IF_LOAD_TRACE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "cli/what_if/figures.h"
#include "core/core.h"
#include "store/log.h"

/* A command that was accepted, after the `before` first samples. */
struct asg_trace_command {
    size_t before;
    int64_t time_ms;
    struct asg_command command;
};

struct asg_type_hours {
    const char *type;
    int64_t instance_ms;
};

struct asg_trace {
    struct asg_arena arena; /* of everything below but the samples and the state */
    const char *group;
    int64_t start_ms; /* one period before the first sample */
    int64_t end_ms;
    struct asg_sample *samples;
    size_t sample_count;
    size_t sample_capacity;
    struct asg_trace_command *commands;
    size_t command_count;
    size_t command_capacity;
    /* just before its first sample, which may have changed the group at once */
    struct asg_bytes state; /* a core that has this group only (asg_core_save_group()) */
    struct asg_group_config config;
    struct asg_policy_config *policies;
    size_t policy_count;
    struct asg_schedule_config *schedules;
    size_t schedule_count;
    /* learnt: medians, -1 when there was nothing to learn from */
    int64_t launch_ms;    /* job planned -> EC2 answered with an id */
    int64_t service_ms;   /* id -> in service */
    int64_t terminate_ms; /* job planned -> EC2 answered */
    uint32_t launches_seen;
    /* what the model leaves out */
    uint32_t instance_commands; /* orders about single instances */
    uint32_t replacements;      /* instances replaced for their health */
    uint32_t saturated;         /* samples of CPU */
    /* what really happened */
    struct asg_figures recorded;
    struct asg_type_hours *types;
    size_t type_count;
    size_t type_capacity;
};

struct asg_trace_range {
    const char *group;
    int64_t from_ms;               /* 0: from the group's first sample */
    int64_t to_ms;                 /* 0: to the end; exclusive */
    struct asg_progress *progress; /* counts records; NULL: nobody looks */
};

/* Read it. ASG_ERR_NOT_FOUND: no such group, or no samples of it in that time. Fails
 * like asg_world_walk(). The caller ends *ret with asg_trace_clear(), also on failure. */
ASG_MUST_USE enum asg_status asg_trace_load(struct asg_log *log,
                                            const struct asg_trace_range *range,
                                            struct asg_trace *ret,
                                            struct asg_error *error);
void asg_trace_clear(struct asg_trace *trace);

/* Fill the parts of the recorded outcome that depend on the level: when the load of one
 * instance was above `level_milli` of `metric`. */
void asg_trace_judge(struct asg_trace *trace, enum asg_metric_name metric,
                     int64_t level_milli);

#endif
