#include "cli/what_if/score_sides.h"

#include "model/metric_ceiling.h"

#include <assert.h>
#include <stdlib.h>

#define HOUR_MS      INT64_C(3600000)
#define DAY_MS       INT64_C(86400000)
#define DAYS_LEAST   12 /* from so many on a block is a day */
#define HALF         (ASG_CURVE_FULL / 2)
#define LAUNCH_GUESS INT64_C(30000) /* when the log has no launch */

/* ---- the load ---- */

static int64_t scaled(int64_t value_milli, int64_t to, int64_t from)
{
    assert(from > 0);
    __extension__ typedef __int128 wide;
    wide product = (wide)value_milli * to / from;
    return product < ASG_CURVE_DEMAND_MAX ? (int64_t)product : ASG_CURVE_DEMAND_MAX;
}

static void fill_steps(const struct asg_trace *trace, enum asg_metric_name metric,
                       int64_t level_milli, struct asg_score_ground *ground)
{
    int64_t ceiling = asg_metric_ceiling(metric);
    bool has_ceiling = ceiling < INT64_MAX;
    int64_t to = has_ceiling ? ASG_CURVE_FULL : HALF;
    if (level_milli < 1) level_milli = 1; /* an alarm's threshold may be anything */
    int64_t from = has_ceiling ? ceiling : level_milli;
    ground->target_milli = scaled(level_milli, to, from);
    if (ground->target_milli < 1) ground->target_milli = 1;
    int64_t before_ms = trace->start_ms;
    for (size_t i = 0; i < trace->sample_count; i++) {
        const struct asg_sample *sample = &trace->samples[i];
        if (sample->metric != (uint8_t)metric) continue;
        int64_t length_ms = asg_sample_length(sample, before_ms);
        before_ms = sample->time_ms;
        if (length_ms <= 0) continue;
        ground->steps[ground->step_count++] = (struct asg_load_step){
            .from_ms = sample->time_ms - length_ms,
            .to_ms = sample->time_ms,
            .demand_milli = scaled(sample->demand_milli, to, from)};
        if (sample->is_saturated) ground->saturated_ms += length_ms;
    }
}

static size_t block_of(const struct asg_score_ground *ground, size_t step)
{
    int64_t at_ms = ground->steps[step].from_ms - ground->start_ms;
    assert(at_ms >= 0);
    return (size_t)(at_ms / ground->block_ms);
}

/* ---- the oracle ---- */

static struct asg_curve_oracle oracle_of(const struct asg_trace *trace,
                                         int64_t target_milli)
{
    int64_t launch_ms = trace->launch_ms > 0 ? trace->launch_ms : 0;
    launch_ms += trace->service_ms >= 0 ? trace->service_ms : LAUNCH_GUESS;
    return (struct asg_curve_oracle){.target_milli = target_milli,
                                     .launch_ms = launch_ms,
                                     .min = trace->config.min,
                                     .max = trace->config.max};
}

/* Time that was not measured lies between the steps, and asks for nothing. */
static void ask_oracle(const struct asg_trace *trace, struct asg_score_ground *ground)
{
    const struct asg_curve_oracle oracle = oracle_of(trace, ground->target_milli);
    size_t most = ground->step_count * 2;
    struct asg_curve_step *steps = asg_alloc(most + 1, sizeof *steps);
    uint32_t *alive = asg_alloc(most + 1, sizeof *alive);
    size_t *of_step = asg_alloc(ground->step_count + 1, sizeof *of_step);
    size_t count = 0;
    int64_t end_ms = 0;
    for (size_t i = 0; i < ground->step_count; i++) {
        const struct asg_load_step *step = &ground->steps[i];
        if (i > 0 && step->from_ms > end_ms) {
            steps[count++] = (struct asg_curve_step){.time_ms = end_ms};
        }
        of_step[i] = count;
        steps[count++] = (struct asg_curve_step){.time_ms = step->from_ms,
                                                 .demand_milli = step->demand_milli};
        end_ms = step->to_ms;
    }
    assert(count <= most);
    (void)asg_curve_oracle_ms(&oracle, steps, count, end_ms, alive);
    for (size_t i = 0; i < ground->step_count; i++) {
        const struct asg_load_step *step = &ground->steps[i];
        ground->oracle_ms[block_of(ground, i)] +=
            (int64_t)alive[of_step[i]] * (step->to_ms - step->from_ms);
    }
    free(steps);
    free(alive);
    free(of_step);
}

void asg_score_prepare(const struct asg_trace *trace, enum asg_metric_name metric,
                       int64_t level_milli, struct asg_arena *arena,
                       struct asg_score_ground *ret)
{
    int64_t span_ms = trace->end_ms - trace->start_ms;
    *ret = (struct asg_score_ground){
        .start_ms = trace->start_ms,
        .knows_lost = metric == ASG_METRIC_NAME_CPU,
        .block_ms = span_ms >= DAYS_LEAST * DAY_MS ? DAY_MS : HOUR_MS};
    ret->steps = asg_arena_take(arena, (trace->sample_count + 1) * sizeof *ret->steps);
    fill_steps(trace, metric, level_milli, ret);
    ret->block_count = ret->step_count > 0 ? block_of(ret, ret->step_count - 1) + 1 : 0;
    ret->oracle_ms =
        asg_arena_take(arena, (ret->block_count + 1) * sizeof *ret->oracle_ms);
    if (ret->step_count > 0) ask_oracle(trace, ret);
}

/* ---- a fleet before that load ---- */

struct scorer {
    const struct asg_fleet_curve *curve;
    size_t next; /* of its items, not noted yet */
    struct asg_curve_score *score;
};

static void note(const struct scorer *scorer, int64_t time_ms, int64_t demand_milli,
                 size_t at)
{
    const struct asg_fleet_size *fleet = &scorer->curve->items[at];
    asg_curve_note(scorer->score, &(struct asg_curve_step){.time_ms = time_ms,
                                                           .demand_milli = demand_milli,
                                                           .serving = fleet->serving,
                                                           .alive = fleet->alive,
                                                           .desired = fleet->desired});
}

static void score_step(struct scorer *scorer, const struct asg_load_step *step)
{
    const struct asg_fleet_curve *curve = scorer->curve;
    asg_curve_skip(scorer->score, step->from_ms);
    if (scorer->next > 0) {
        note(scorer, step->from_ms, step->demand_milli, scorer->next - 1);
    }
    while (scorer->next < curve->count &&
           curve->items[scorer->next].time_ms < step->to_ms) {
        int64_t time_ms = curve->items[scorer->next].time_ms;
        if (time_ms < step->from_ms) time_ms = step->from_ms;
        note(scorer, time_ms, step->demand_milli, scorer->next++);
    }
    asg_curve_end(scorer->score, step->to_ms);
}

void asg_score_curve(const struct asg_score_ground *ground,
                     const struct asg_fleet_curve *curve, struct asg_curve_score *ret)
{
    struct scorer scorer = {.curve = curve, .score = ret};
    if (ground->block_count == 0) return;
    size_t block = 0;
    asg_curve_begin(&ret[0], ground->target_milli);
    for (size_t i = 0; i < ground->step_count; i++) {
        while (block < block_of(ground, i)) {
            asg_curve_go_on(&ret[block + 1], &ret[block]);
            scorer.score = &ret[++block];
        }
        score_step(&scorer, &ground->steps[i]);
    }
    assert(block + 1 == ground->block_count);
}

struct asg_score_row asg_score_sum(const struct asg_score_ground *ground,
                                   const struct asg_curve_score *blocks,
                                   const uint32_t *picks, size_t count)
{
    struct asg_curve_score sum;
    int64_t oracle_ms = 0;
    asg_curve_begin(&sum, ground->target_milli);
    for (size_t i = 0; i < count; i++) {
        size_t at = picks != NULL ? picks[i] : i;
        assert(at < ground->block_count);
        asg_curve_add(&sum, &blocks[at]);
        oracle_ms += ground->oracle_ms[at];
    }
    return (struct asg_score_row){
        .over_an_hour_ms = asg_curve_over_an_hour(&sum),
        .lost_ppm = ground->knows_lost ? asg_curve_lost_ppm(&sum) : -1,
        .cost_milli = asg_curve_cost_milli(&sum, oracle_ms),
        .turns_milli = asg_curve_turns_milli(&sum),
    };
}
