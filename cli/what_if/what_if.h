/* what_if - the comparison that `openasg what-if` shows, and the steps that fill and
 * print it.
 *
 * Flow:    log -> [group] -> trace -> [sides: run_model, score_sides, choose_best] ->
 *          [costs] -> [table or plot]
 * Texts live in the arena of `cli`.
 * Threads: one.
 */
#ifndef ASG_CLI_WHAT_IF_WHAT_IF_H
#define ASG_CLI_WHAT_IF_WHAT_IF_H

#include "cli/cli.h"
#include "cli/files/rules.h"
#include "cli/what_if/choose_best.h"
#include "cli/what_if/load_trace.h"
#include "cli/what_if/run_model.h"

#define ASG_WHAT_IF_SIDES   12
#define ASG_WHAT_IF_HOUR_MS INT64_C(3600000)

/* One column of the comparison. */
struct asg_what_if_side {
    const char *name; /* recorded, model, what-if, or a preset's */
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
    int64_t over_an_hour_ms;   /* above the level + 10 points (by a fifth: no percent) */
    int64_t lost_ppm;          /* of the load; -1: not known */
    int64_t oracle_cost_milli; /* instance-hours, by those of an oracle */
    int64_t turns_an_hour_milli; /* changes of desired, the other way than the last */
    int64_t evaluation_ms;       /* the period of the group when the load begins */
    int64_t best_permille; /* of resamples in which no other was better; -1: not known */
    bool is_best;
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
    int64_t saturated_ppm; /* of the time; lost is then a lower bound */
    uint32_t instance_commands;
    uint32_t replacements;
    const char *best;            /* of the modelled sides; "": nothing to choose from */
    struct asg_texts as_good;    /* others that are no worse */
    int64_t confidence_permille; /* -1: the record is too short to say */
    int64_t block_ms;            /* of the record's parts, of which resamples are made */
    uint64_t blocks;
    uint64_t resamples;
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
 * or two with the same name. */
int asg_what_if_keep_rules(struct asg_cli *cli, const char *path, const char *group,
                           struct asg_rules *rules);

/* Schedules of the file get their time zones; those that are over are named. */
int asg_what_if_prepare_schedules(struct asg_cli *cli, const char *path,
                                  const struct asg_trace *trace,
                                  const struct asg_rules *rules);

/* what_if_sides.c. */
struct asg_candidate {
    const char *name;
    const struct asg_rules *rules; /* NULL: as recorded */
};

/* The trace and what came of it on each side. */
struct asg_contest {
    const struct asg_trace *trace;
    struct asg_model_run run;
    struct asg_candidate candidates[ASG_WHAT_IF_SIDES - 1]; /* the first is the model */
    size_t candidate_count;
    size_t rival_from; /* from this candidate on the best is chosen; all others: none */
    struct asg_figures *figures[ASG_WHAT_IF_SIDES]; /* the first is the record's */
    struct asg_score_ground ground;
};

/* Run the candidates, and fill the sides of the view and which of them is best.
 * `path`: the file that the rules are of, for messages; NULL: none. */
int asg_what_if_run_sides(struct asg_cli *cli, const char *path,
                          struct asg_contest *contest, struct asg_what_if *view);
void asg_what_if_clear_sides(struct asg_contest *contest);

/* what_if_presets.c. A candidate for each preset of --preset and --presets, over the
 * policies of the file, or the recorded ones (`file` NULL). ASG_EXIT_USAGE, and said: no
 * such preset, or no policy to take it. */
int asg_what_if_add_presets(struct asg_cli *cli, const struct asg_arguments *arguments,
                            const struct asg_rules *file, struct asg_contest *contest);

/* what_if_costs.c. What each side costs by the prices in the file at `path`. */
int asg_what_if_add_costs(struct asg_cli *cli, const char *path,
                          const struct asg_contest *contest, struct asg_what_if *view);

/* what_if_table.c. For people, on `cli->out`. */
void asg_what_if_print(struct asg_cli *cli, const struct asg_what_if *view);

/* what_if_plot.c. Load and instances over time as SVG, written to `path`. */
int asg_what_if_draw(struct asg_cli *cli, const char *path,
                     const struct asg_contest *contest, const struct asg_what_if *view);

#endif
