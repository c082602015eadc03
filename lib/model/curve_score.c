#include "model/curve_score.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"

#define HOUR_MS INT64_C(3600000)

static int64_t bounded(int64_t demand_milli)
{
    if (demand_milli < 0) return 0;
    return demand_milli < ASG_CURVE_DEMAND_MAX ? demand_milli : ASG_CURVE_DEMAND_MAX;
}

void asg_curve_begin(struct asg_curve_score *ret, int64_t target_milli)
{
    assert(target_milli > 0 && target_milli <= ASG_CURVE_DEMAND_MAX);
    *ret = (struct asg_curve_score){.over_level_milli = target_milli + ASG_CURVE_SLACK};
}

/* Add load times time, and keep what is less than an instance-millisecond. */
static void add_load(int64_t *sum_ms, int64_t *rest, int64_t load_milli, int64_t length)
{
    assert(load_milli >= 0 && load_milli <= ASG_CURVE_DEMAND_MAX);
    assert(length <= ASG_CURVE_SPAN_MAX);
    int64_t total = load_milli * length + *rest;
    *sum_ms += total / ASG_CURVE_FULL;
    *rest = total % ASG_CURVE_FULL;
}

static void pass_time(struct asg_curve_score *score, int64_t time_ms)
{
    const struct asg_curve_step *step = &score->last;
    int64_t length = time_ms - step->time_ms;
    assert(length >= 0); /* time does not go back */
    int64_t served_milli = (int64_t)step->serving * ASG_CURVE_FULL;
    int64_t demand = step->demand_milli;
    score->span_ms += length;
    if (demand > (int64_t)step->serving * score->over_level_milli) {
        score->over_ms += length;
    }
    add_load(&score->demand_ms, &score->demand_rest, demand, length);
    add_load(&score->lost_ms, &score->lost_rest,
             demand > served_milli ? demand - served_milli : 0, length);
    score->alive_ms += (int64_t)step->alive * length;
}

static void note_desired(struct asg_curve_score *score, uint32_t from, uint32_t to)
{
    if (from == to) return;
    int direction = to > from ? 1 : -1;
    score->changes++;
    if (score->direction == -direction) score->turns++;
    score->direction = direction;
    assert(score->turns <= score->changes);
}

void asg_curve_note(struct asg_curve_score *score, const struct asg_curve_step *step)
{
    assert(score->over_level_milli > ASG_CURVE_SLACK); /* it has begun */
    if (score->step_count > 0) {
        pass_time(score, step->time_ms);
        note_desired(score, score->last.desired, step->desired);
    }
    if (score->step_count < UINT32_MAX) score->step_count++;
    score->last = *step;
    score->last.demand_milli = bounded(step->demand_milli);
}

void asg_curve_end(struct asg_curve_score *score, int64_t time_ms)
{
    if (score->step_count == 0) return;
    pass_time(score, time_ms);
    score->last.time_ms = time_ms;
    assert(score->lost_ms <= score->demand_ms);
}

void asg_curve_skip(struct asg_curve_score *score, int64_t time_ms)
{
    if (score->step_count == 0) return;
    assert(time_ms >= score->last.time_ms); /* time does not go back */
    score->last.time_ms = time_ms;
}

void asg_curve_go_on(struct asg_curve_score *ret, const struct asg_curve_score *before)
{
    *ret = (struct asg_curve_score){.over_level_milli = before->over_level_milli,
                                    .last = before->last,
                                    .step_count = before->step_count,
                                    .direction = before->direction};
    assert(ret->over_level_milli > ASG_CURVE_SLACK); /* `before` has begun */
}

void asg_curve_add(struct asg_curve_score *score, const struct asg_curve_score *more)
{
    assert(score->over_level_milli == more->over_level_milli);
    score->span_ms += more->span_ms;
    score->over_ms += more->over_ms;
    score->demand_ms += more->demand_ms;
    score->lost_ms += more->lost_ms;
    score->alive_ms += more->alive_ms;
    score->changes += more->changes;
    score->turns += more->turns;
}

/* part * scale / whole; the product may need more than 64 bits. */
static int64_t share(int64_t part, int64_t scale, int64_t whole)
{
    assert(part >= 0 && scale > 0);
    if (whole <= 0) return 0;
    __extension__ typedef __int128 wide;
    return (int64_t)((wide)part * scale / whole);
}

int64_t asg_curve_over_an_hour(const struct asg_curve_score *score)
{
    assert(score->over_ms <= score->span_ms);
    return share(score->over_ms, HOUR_MS, score->span_ms);
}

int64_t asg_curve_lost_ppm(const struct asg_curve_score *score)
{
    assert(score->lost_ms <= score->demand_ms);
    return share(score->lost_ms, 1000000, score->demand_ms);
}

int64_t asg_curve_turns_milli(const struct asg_curve_score *score)
{
    return share((int64_t)score->turns * 1000, HOUR_MS, score->span_ms);
}

int64_t asg_curve_cost_milli(const struct asg_curve_score *score, int64_t oracle_ms)
{
    return share(score->alive_ms, 1000, oracle_ms);
}

/* ---- the oracle ---- */

static uint32_t needed(const struct asg_curve_oracle *oracle, int64_t demand_milli)
{
    int64_t demand = bounded(demand_milli);
    int64_t count = (demand + oracle->target_milli - 1) / oracle->target_milli;
    if (count < oracle->min) return oracle->min;
    return count < oracle->max ? (uint32_t)count : oracle->max;
}

int64_t asg_curve_oracle_ms(const struct asg_curve_oracle *oracle,
                            const struct asg_curve_step *steps, size_t count,
                            int64_t end_ms, uint32_t *ret_alive)
{
    assert(oracle->target_milli > 0 && oracle->launch_ms >= 0);
    assert(oracle->min <= oracle->max);
    if (count == 0) return 0;
    /* Steps to come within reach, each needing less than the one before it: the first
     * needs most of all. */
    size_t *ahead = asg_alloc(count, sizeof *ahead);
    size_t first = 0;
    size_t past = 0;
    size_t seen = 0;
    int64_t sum_ms = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t until_ms = i + 1 < count ? steps[i + 1].time_ms : end_ms;
        assert(until_ms >= steps[i].time_ms);
        while (seen < count &&
               (seen <= i || steps[seen].time_ms < until_ms + oracle->launch_ms)) {
            uint32_t need = needed(oracle, steps[seen].demand_milli);
            while (past > first &&
                   needed(oracle, steps[ahead[past - 1]].demand_milli) <= need) {
                past--;
            }
            ahead[past++] = seen++;
        }
        while (ahead[first] < i) {
            first++;
        }
        assert(first < past);
        uint32_t alive = needed(oracle, steps[ahead[first]].demand_milli);
        sum_ms += (int64_t)alive * (until_ms - steps[i].time_ms);
        if (ret_alive != NULL) ret_alive[i] = alive;
    }
    free(ahead);
    return sum_ms;
}
