/* what_if - the comparison that `openasg what-if` shows, and the steps that fill and
 * print it.
 *
 * Flow:    log -> [group] -> trace -> run_model -> sides -> [costs] -> [table or plot]
 * Texts live in the arena of `cli`. Threads: one.
 */
#ifndef ASG_CLI_WHAT_IF_H
#define ASG_CLI_WHAT_IF_H

#include "cli/cli.h"
#include "cli/load_trace.h"
#include "cli/rules.h"
#include "cli/run_model.h"

#define ASG_WHAT_IF_SIDES   3
#define ASG_WHAT_IF_HOUR_MS INT64_C(3600000)

/* One column of the comparison. */
struct asg_what_if_side {
    const char *name; /* recorded, model, what-if */
    const char *policies;
    int64_t instance_hours_milli;
    int64_t cost_micro; /* -1: no prices */
    int64_t above_level_ms;
    int64_t worst_load_milli; /* of one instance; over 100 % when more was asked for */
    int64_t worst_at_ms;
    uint32_t scale_outs;
    uint32_t scale_ins;
    uint32_t instances_least;
    uint32_t instances_most;
    enum asg_metric_name metric; /* as the whole view has them */
    int64_t level_milli;
    int64_t model_error_milli;
};

struct asg_what_if {
    const char *log;
    const char *group;
    int64_t from_ms;
    int64_t to_ms;
    uint64_t periods;
    int64_t evaluation_ms;
    enum asg_metric_name metric;
    int64_t level_milli;
    int64_t model_error_milli; /* percent of instance-hours, thousandths */
    int64_t launch_ms;         /* medians of the log; -1: not seen */
    int64_t service_ms;
    int64_t terminate_ms;
    uint32_t launches_seen;
    uint32_t periods_saturated;
    uint32_t instance_commands;
    uint32_t replacements;
    struct asg_what_if_side *sides;
    size_t side_count;
};

extern const struct asg_schema asg_what_if_schema;
/* A side by itself, with what all sides were measured by: a row of CSV. */
extern const struct asg_schema asg_what_if_row_schema;

/* what_if_group.c. Whose load: --group, or what the file of rules names; NULL: neither.
 */
const char *asg_what_if_name_group(const struct asg_arguments *arguments,
                                   const struct asg_rules *rules);
/* The only group that decided anything in the log. Otherwise an exit code, and said. */
int asg_what_if_find_group(struct asg_cli *cli, struct asg_log *log, const char **ret);
/* Keep the policies and schedules of `group`. ASG_EXIT_USAGE, and said: there are none,
 * or two of one name. */
int asg_what_if_keep_rules(struct asg_cli *cli, const char *path, const char *group,
                           struct asg_rules *rules);

/* what_if_costs.c. What each side costs by the prices in the file at `path`. */
int asg_what_if_add_costs(struct asg_cli *cli, const char *path,
                          const struct asg_trace *trace, const struct asg_rules *rules,
                          const struct asg_figures *figures, struct asg_what_if *view);

/* what_if_table.c. For people, on `cli->out`. */
void asg_what_if_print(struct asg_cli *cli, const struct asg_what_if *view);

/* what_if_plot.c. Load and instances over time as SVG, written to `path`. */
int asg_what_if_draw(struct asg_cli *cli, const char *path, const struct asg_trace *trace,
                     const struct asg_model_run *run, const struct asg_figures *figures,
                     const struct asg_what_if *view);

#endif
