/* command_what_if - the recorded load before another policy, side by side. */
#include "cli/commands.h"
#include "cli/log/open_log.h"
#include "cli/show/print_decision.h"
#include "cli/what_if/what_if.h"
#include "model/zone_changes.h"

#define ERROR_IS_MUCH INT64_C(10000) /* thousandths of a percent: 10 % */

static const struct asg_render_column unused_columns[] = {{"log", "log", NULL, false}};

static bool level_of(const struct asg_policy_config *policies, size_t count,
                     enum asg_metric_name *ret_metric, int64_t *ret_milli)
{
    for (size_t i = 0; i < count; i++) {
        const struct asg_policy_config *policy = &policies[i];
        bool is_target = policy->kind == ASG_POLICY_TARGET_TRACKING;
        bool is_high = policy->has_threshold &&
                       (policy->comparison == ASG_COMPARISON_GREATER ||
                        policy->comparison == ASG_COMPARISON_GREATER_OR_EQUAL);
        if (policy->is_disabled || !(is_target || is_high)) continue;
        *ret_metric = policy->metric;
        *ret_milli = is_target ? policy->target_milli : policy->threshold_milli;
        return true;
    }
    return false;
}

/* What all are measured against: the target of the recorded policy, else that of FILE, or
 * the other way round when presets are tried on FILE; else 80 %. */
static void choose_level(const struct asg_arguments *arguments,
                         const struct asg_contest *contest, struct asg_model_run *ret)
{
    const struct asg_trace *trace = contest->trace;
    const struct asg_rules *last =
        contest->candidates[contest->candidate_count - 1].rules;
    bool is_of_file = contest->rival_from == 1 && contest->candidate_count > 2;
    ret->metric = ASG_METRIC_NAME_CPU;
    ret->level_milli = 80000;
    bool is_found = is_of_file && level_of(last->policies, last->policy_count,
                                           &ret->metric, &ret->level_milli);
    if (!is_found) {
        is_found = level_of(trace->policies, trace->policy_count, &ret->metric,
                            &ret->level_milli);
    }
    if (!is_found && last != NULL) {
        (void)level_of(last->policies, last->policy_count, &ret->metric,
                       &ret->level_milli);
    }
    ret->level_milli = asg_option_number(arguments, "level", ret->level_milli);
}

static int64_t error_of(int64_t recorded_ms, int64_t model_ms)
{
    if (recorded_ms <= 0) return 0;
    double apart = (double)(model_ms - recorded_ms) / (double)recorded_ms;
    return (int64_t)((apart < 0 ? -apart : apart) * 100000 + 0.5);
}

static struct asg_what_if make_view(const struct asg_trace *trace, const char *log,
                                    const struct asg_model_run *run,
                                    struct asg_what_if_side *sides)
{
    uint64_t periods = 0;
    for (size_t i = 0; i < trace->sample_count; i++)
        periods += trace->samples[i].metric == (uint8_t)run->metric;
    return (struct asg_what_if){
        .log = log,
        .group = trace->group,
        .from_ms = trace->start_ms,
        .to_ms = trace->end_ms,
        .periods = periods,
        .evaluation_ms = trace->config.evaluation_ms,
        .metric = run->metric,
        .level_milli = run->level_milli,
        .launch_ms = trace->launch_ms,
        .service_ms = trace->service_ms,
        .terminate_ms = trace->terminate_ms,
        .launches_seen = trace->launches_seen,
        .periods_saturated = trace->saturated,
        .instance_commands = trace->instance_commands,
        .replacements = trace->replacements,
        .sides = sides,
    };
}

/* A row a side, each with what they were measured by. */
static void print_csv(struct asg_cli *cli, struct asg_what_if *view)
{
    for (size_t i = 0; i < view->side_count; i++) {
        view->sides[i].metric = view->metric;
        view->sides[i].level_milli = view->level_milli;
        view->sides[i].model_error_milli = view->model_error_milli;
    }
    (void)asg_cli_show_list(cli, &asg_what_if_row_schema, view->sides, view->side_count,
                            ASG_COLUMNS(unused_columns));
}

static int show(struct asg_cli *cli, const struct asg_arguments *arguments,
                const struct asg_contest *contest, struct asg_what_if *view)
{
    view->model_error_milli =
        error_of(contest->figures[0]->instance_ms, contest->figures[1]->instance_ms);
    const char *prices = asg_option_text(arguments, "prices");
    if (prices != NULL) {
        int code = asg_what_if_add_costs(cli, prices, contest, view);
        if (code != ASG_EXIT_OK) return code;
    }
    if (cli->settings.output == ASG_OUTPUT_TABLE) {
        asg_what_if_print(cli, view);
    } else if (cli->settings.output == ASG_OUTPUT_CSV) {
        print_csv(cli, view);
    } else {
        asg_cli_show_one(cli, &asg_what_if_schema, view, ASG_COLUMNS(unused_columns));
    }
    if (view->model_error_milli > ERROR_IS_MUCH) {
        asg_cli_print(cli->err,
                      "openasg: the model does not fit this log well: treat its figures "
                      "with care\n");
    }
    const char *plot = asg_option_text(arguments, "plot");
    return plot != NULL ? asg_what_if_draw(cli, plot, contest, view) : ASG_EXIT_OK;
}

/* `rules`: of FILE; NULL: there is none. */
static int compare(struct asg_cli *cli, const struct asg_arguments *arguments,
                   struct asg_trace *trace, const struct asg_rules *rules)
{
    const char *path = asg_option_text(arguments, "policy");
    struct asg_contest contest = {.trace = trace, .candidate_count = 1};
    contest.candidates[0].name = "model";
    if (rules != NULL) {
        int code = asg_what_if_prepare_schedules(cli, path, trace, rules);
        if (code != ASG_EXIT_OK) return code;
        contest.candidates[contest.candidate_count++] =
            (struct asg_candidate){.name = "what-if", .rules = rules};
    }
    int code = asg_what_if_add_presets(cli, arguments, rules, &contest);
    if (code != ASG_EXIT_OK) return code;
    choose_level(arguments, &contest, &contest.run);
    asg_trace_judge(trace, contest.run.metric, contest.run.level_milli);
    struct asg_what_if_side sides[ASG_WHAT_IF_SIDES];
    struct asg_what_if view =
        make_view(trace, asg_log_path(cli, arguments, 0), &contest.run, sides);
    code = asg_what_if_run_sides(cli, path, &contest, &view);
    if (code == ASG_EXIT_OK) code = show(cli, arguments, &contest, &view);
    asg_what_if_clear_sides(&contest);
    return code;
}

static int read_rules(struct asg_cli *cli, const struct asg_arguments *arguments,
                      struct asg_rules *ret)
{
    const char *path = asg_option_text(arguments, "policy");
    *ret = (struct asg_rules){0};
    if (path == NULL) return ASG_EXIT_OK;
    struct asg_error error = {0};
    enum asg_status status =
        asg_rules_read(path, ASG_RULES_POLICY, &cli->arena, ret, &error);
    if (status == ASG_OK) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
}

static int run_what_if(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_rules rules;
    int code = read_rules(cli, arguments, &rules);
    if (code != ASG_EXIT_OK) return code;
    struct asg_trace_range range = {.group = asg_what_if_name_group(arguments, &rules)};
    if (!asg_read_since(cli, asg_option_text(arguments, "from"), &range.from_ms) ||
        !asg_read_since(cli, asg_option_text(arguments, "to"), &range.to_ms)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--from and --to must be times (2026-11-23T14:36:49Z) or "
                            "lengths (10m: ten minutes ago)");
    }
    ASG_CLEANUP(asg_log_close) struct asg_log *log = NULL;
    code = asg_open_log(cli, arguments, 0, &log);
    if (code == ASG_EXIT_OK && range.group == NULL) {
        code = asg_what_if_find_group(cli, log, &range.group);
    }
    if (code != ASG_EXIT_OK || range.group == NULL) return code;
    bool has_rules = asg_option_is_set(arguments, "policy");
    if (has_rules) {
        code = asg_what_if_keep_rules(cli, asg_option_text(arguments, "policy"),
                                      range.group, &rules);
    }
    if (code != ASG_EXIT_OK) return code;
    ASG_CLEANUP(asg_trace_clear) struct asg_trace trace = {0};
    struct asg_error error = {0};
    range.progress = asg_progress_new(cli, "reading the log", asg_log_head(log).seq);
    enum asg_status status = asg_trace_load(log, &range, &trace, &error);
    asg_progress_end(&range.progress);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    return compare(cli, arguments, &trace, has_rules ? &rules : NULL);
}

static const struct asg_argument log_argument[] = {ASG_LOG_ARGUMENT};
static const struct asg_option what_if_options[] = {
    {.name = "policy",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help =
         "Policies in YAML as for apply (also schedules, and limits of the group), or "
         "one policy; without it only the model is tried."},
    {.name = "preset",
     .type = ASG_OPTION_TEXTS,
     .value = "NAME",
     .help = "Also try this preset (docs/rules.md, \"Presets\") for the target tracking "
             "policies of FILE, or the recorded ones; may be given several times."},
    {.name = "presets",
     .type = ASG_OPTION_FLAG,
     .help = "Try every preset, and say which would have been best for this group."},
    {.name = "group",
     .type = ASG_OPTION_TEXT,
     .value = "GROUP",
     .complete = "groups",
     .help = "Whose load.",
     .default_text = "the one in FILE, or the only one in the log"},
    {.name = "from",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "Begin here (2026-11-23T14:36:49Z, or 7d: seven days ago).",
     .default_text = "the first period"},
    {.name = "to",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "End before this.",
     .default_text = "the last period"},
    {.name = "prices",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "YAML of instance type and price an hour, for the cost."},
    {.name = "level",
     .type = ASG_OPTION_MILLI,
     .value = "VALUE",
     .min = 1,
     .max = INT64_MAX,
     .help = "Load of one instance above which time counts as too much.",
     .default_text = "the recorded policy's target"},
    {.name = "plot",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Also draw instances and load over time, as SVG."},
    ASG_LOG_IMMUTABLE,
};

static const struct asg_command_entry commands[] = {
    {.name = "what-if",
     .shows = &asg_what_if_schema,
     .summary = "Run the recorded load through another policy, side by side",
     .details =
         "Takes the group's load, period by period, from the log and lets core decide on "
         "it again under the policies in FILE. RECORDED is what happened, MODEL the "
         "recorded policies run against this command's model of EC2, WHAT-IF those of "
         "FILE run against the same model: compare WHAT-IF with MODEL, and see from "
         "MODEL and RECORDED how far the model can be trusted. With presets there is a "
         "column for each, and the best is named, with how certain that is. "
         "docs/audit.md lists what the model leaves out.",
     .examples = "openasg what-if --policy cheaper.yaml\n"
                 "openasg what-if --presets --from 7d\n"
                 "openasg what-if --preset calm --preset quick --group web\n"
                 "openasg what-if --policy cheaper.yaml --from 7d --prices prices.yaml "
                 "--plot week.svg\n"
                 "openasg what-if backup.log --immutable --group web -o json",
     ASG_ARGUMENTS(log_argument),
     ASG_OPTIONS(what_if_options),
     .run = run_what_if},
};

const struct asg_family asg_what_if_family = ASG_FAMILY(commands);
