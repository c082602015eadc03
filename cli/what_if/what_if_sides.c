/* what_if_sides - the recorded load before each candidate, and how well each served. */
#include <assert.h>
#include <stdlib.h>

#include "cli/what_if/what_if.h"

static const char *list_policies(struct asg_cli *cli,
                                 const struct asg_policy_config *policies, size_t count)
{
    const char *list = "none";
    for (size_t i = 0; i < count; i++) {
        list = i == 0 ? policies[i].name
                      : asg_arena_format(&cli->arena, "%s, %s", list, policies[i].name);
    }
    return list;
}

static const char *policies_of(struct asg_cli *cli, const struct asg_trace *trace,
                               const struct asg_rules *rules)
{
    if (rules != NULL && rules->policy_count > 0) {
        return list_policies(cli, rules->policies, rules->policy_count);
    }
    return list_policies(cli, trace->policies, trace->policy_count);
}

static struct asg_what_if_side make_side(struct asg_cli *cli,
                                         const struct asg_contest *contest, size_t side)
{
    const struct asg_trace *trace = contest->trace;
    const struct asg_figures *figures = contest->figures[side];
    const struct asg_candidate *candidate =
        side > 0 ? &contest->candidates[side - 1] : NULL;
    const struct asg_rules *rules = candidate != NULL ? candidate->rules : NULL;
    return (struct asg_what_if_side){
        .name = candidate != NULL ? candidate->name : "recorded",
        .policies = policies_of(cli, trace, rules),
        .evaluation_ms = asg_model_evaluation(trace, rules),
        .instance_hours_milli = figures->instance_ms / (ASG_WHAT_IF_HOUR_MS / 1000),
        .cost_micro = -1,
        .above_level_ms = figures->above_ms,
        .worst_load_milli = figures->worst_milli,
        .worst_at_ms = figures->worst_at_ms,
        .scale_outs = figures->scale_outs,
        .scale_ins = figures->scale_ins,
        .instances_least = figures->least,
        .instances_most = figures->most,
        .best_permille = -1,
    };
}

static int run_candidates(struct asg_cli *cli, const char *path,
                          struct asg_contest *contest)
{
    const struct asg_trace *trace = contest->trace;
    ASG_CLEANUP(asg_progress_end)
    struct asg_progress *progress = asg_progress_new(
        cli, "trying policies", contest->candidate_count * trace->sample_count);
    contest->run.progress = progress;
    for (size_t i = 0; i < contest->candidate_count; i++) {
        contest->run.progress_from = i * trace->sample_count;
        const struct asg_rules *rules = contest->candidates[i].rules;
        struct asg_error error = {0};
        contest->run.rules = rules;
        contest->figures[i + 1] = asg_alloc(1, sizeof *contest->figures[i + 1]);
        enum asg_status status =
            asg_model_run(trace, &contest->run, contest->figures[i + 1], &error);
        if (status == ASG_OK) continue;
        if (rules == NULL || path == NULL) {
            return asg_cli_fail_status(cli, status, &error);
        }
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s: %s", path, error.text);
    }
    return ASG_EXIT_OK;
}

/* ---- scores ---- */

static struct asg_curve_score *score(struct asg_cli *cli,
                                     const struct asg_contest *contest, size_t side,
                                     struct asg_what_if *view)
{
    const struct asg_score_ground *ground = &contest->ground;
    struct asg_curve_score *blocks =
        asg_arena_take(&cli->arena, (ground->block_count + 1) * sizeof *blocks);
    asg_score_curve(ground, &contest->figures[side]->curve, blocks);
    const struct asg_score_row row =
        asg_score_sum(ground, blocks, NULL, ground->block_count);
    view->sides[side].over_an_hour_ms = row.over_an_hour_ms;
    view->sides[side].lost_ppm = row.lost_ppm;
    view->sides[side].oracle_cost_milli = row.cost_milli;
    view->sides[side].turns_an_hour_milli = row.turns_milli;
    return blocks;
}

/* `best`: among the candidates from rival_from on. */
static void keep_best(struct asg_cli *cli, const struct asg_contest *contest,
                      const struct asg_best *best, struct asg_what_if *view)
{
    const struct asg_candidate *rivals = &contest->candidates[contest->rival_from];
    struct asg_what_if_side *sides = &view->sides[contest->rival_from + 1];
    size_t count = contest->candidate_count - contest->rival_from;
    bool is_known = best->blocks >= ASG_BEST_BLOCKS_MIN;
    const char **as_good = asg_arena_take(&cli->arena, count * sizeof *as_good);
    view->best = rivals[best->winner].name;
    view->blocks = best->blocks;
    view->resamples = is_known ? ASG_BEST_RESAMPLES : 0;
    view->as_good.items = as_good;
    sides[best->winner].is_best = true;
    for (size_t i = 0; i < count; i++) {
        bool is_as_good = (best->as_good & UINT64_C(1) << i) != 0;
        if (is_as_good && i != best->winner) {
            as_good[view->as_good.count++] = rivals[i].name;
        }
        if (is_known) {
            sides[i].best_permille = (int64_t)best->stayed[i] * 1000 / ASG_BEST_RESAMPLES;
        }
    }
    view->confidence_permille = sides[best->winner].best_permille;
}

static void score_sides(struct asg_cli *cli, struct asg_contest *contest,
                        struct asg_what_if *view)
{
    const struct asg_trace *trace = contest->trace;
    struct asg_score_ground *ground = &contest->ground;
    const struct asg_curve_score *sides[ASG_WHAT_IF_SIDES] = {NULL};
    asg_score_prepare(trace, contest->run.metric, contest->run.level_milli, &cli->arena,
                      ground);
    int64_t span_ms = trace->end_ms - trace->start_ms;
    if (span_ms > 0) view->saturated_ppm = ground->saturated_ms * 1000000 / span_ms;
    view->block_ms = ground->block_ms;
    for (size_t i = 0; i < view->side_count; i++) {
        sides[i] = score(cli, contest, i, view);
    }
    struct asg_best best;
    size_t from = contest->rival_from;
    if (contest->candidate_count < from + 2 || ground->block_count == 0) return;
    asg_best_choose(ground, sides + 1 + from, contest->candidate_count - from, &best);
    keep_best(cli, contest, &best, view);
}

int asg_what_if_run_sides(struct asg_cli *cli, const char *path,
                          struct asg_contest *contest, struct asg_what_if *view)
{
    const struct asg_trace *trace = contest->trace;
    assert(contest->candidate_count > 0);
    contest->figures[0] = asg_alloc(1, sizeof *contest->figures[0]);
    *contest->figures[0] = trace->recorded;
    int code = run_candidates(cli, path, contest);
    if (code != ASG_EXIT_OK) return code;
    view->side_count = contest->candidate_count + 1;
    view->best = "";
    view->confidence_permille = -1;
    for (size_t i = 0; i < view->side_count; i++) {
        view->sides[i] = make_side(cli, contest, i);
    }
    score_sides(cli, contest, view);
    return ASG_EXIT_OK;
}

void asg_what_if_clear_sides(struct asg_contest *contest)
{
    for (size_t i = 0; i < ASG_WHAT_IF_SIDES; i++) {
        if (i > 0 && contest->figures[i] != NULL) asg_figures_clear(contest->figures[i]);
        free(contest->figures[i]);
        contest->figures[i] = NULL;
    }
}
