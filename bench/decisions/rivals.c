/* rivals - models of other autoscalers' published rules. Each says where its numbers come
 * from; what is left out stands in docs/decisions-measured.md. None of them waits for its
 * metrics longer than said here, which is in their favour. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "rule.h"

#define POINTS_MAX 128

struct recommendation {
    int64_t time_ms;
    uint32_t count;
};

struct rule_state {
    struct rule_group group;
    uint32_t desired;
    int64_t target_milli;
    int64_t period_ms;
    int64_t warmup_ms;
    int64_t cooldown_ms;
    int64_t until_ms;    /* of a cooldown */
    uint32_t out_points; /* in a row, until it acts */
    uint32_t in_points;
    uint32_t high; /* points in a row */
    uint32_t low;
    struct recommendation kept[POINTS_MAX]; /* of HPA, a ring */
    uint32_t kept_count;
    int64_t window_ms;
};

static struct rule_state *new_state(const struct rule *rule,
                                    const struct rule_group *group)
{
    struct rule_state *state = asg_alloc(1, sizeof *state);
    state->group = *group;
    state->desired = group->begins_with;
    state->target_milli = rule_setting(rule, "target_milli", 50000);
    return state;
}

static uint32_t desired(const struct rule_state *state)
{
    return state->desired;
}

static void end(struct rule_state **state)
{
    free(*state);
    *state = NULL;
}

/* The fleet follows at once: launches begin, the newest end. */
static void set_desired(struct rule_state *state, struct fleet *fleet, int64_t now_ms,
                        int64_t wanted)
{
    if (wanted < state->group.min) wanted = state->group.min;
    if (wanted > state->group.max) wanted = state->group.max;
    state->desired = (uint32_t)wanted;
    uint32_t has = (uint32_t)fleet->count;
    if (state->desired > has) {
        (void)fleet_launch(fleet, now_ms, state->desired - has);
    } else if (state->desired < has) {
        fleet_end_newest(fleet, now_ms, has - state->desired);
    }
    assert(fleet->count == state->desired);
}

static int64_t ceil_share(int64_t count, int64_t value, int64_t target)
{
    return (count * value + target - 1) / target;
}

/* The mean of each machine since the last call becomes its value. A machine that has
 * worked at no second of it has none: -1. */
static void end_period(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        struct machine *machine = &fleet->machines[i];
        machine->value_milli =
            machine->sum_count > 0 ? machine->sum_milli / machine->sum_count : -1;
        machine->sum_milli = 0;
        machine->sum_count = 0;
    }
}

/* The mean of those that have been in service for warmup_ms; -1: nobody has. */
static int64_t mean_of_warm(const struct fleet *fleet, int64_t now_ms, int64_t warmup_ms,
                            uint32_t *ret_count)
{
    int64_t sum = 0;
    uint32_t count = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        const struct machine *machine = &fleet->machines[i];
        if (!machine->is_serving || machine->value_milli < 0 ||
            machine->serving_ms + warmup_ms > now_ms)
            continue;
        sum += machine->value_milli;
        count++;
    }
    *ret_count = count;
    return count > 0 ? sum / count : -1;
}

static bool is_any_warming(const struct fleet *fleet, int64_t now_ms, int64_t warmup_ms)
{
    for (size_t i = 0; i < fleet->count; i++) {
        const struct machine *machine = &fleet->machines[i];
        if (!machine->is_serving || machine->serving_ms + warmup_ms > now_ms) return true;
    }
    return false;
}

static bool is_due(const struct rule_state *state, int64_t now_ms)
{
    return now_ms % state->period_ms == 0;
}

/* ---- Kubernetes ----
 * "Horizontal Pod Autoscaling" (kubernetes.io/docs, v1.33): sync period 15 s, tolerance
 * 0.1, downscale stabilisation 300 s, default behaviour (up: the larger of +100 % and +4
 * in 15 s, at once; down: all at once after the window). Readiness as in
 * replica_calculator.go: pods that are not ready yet, or ready for less than a metric
 * window, count nothing on the way down and as idle on the way up. A pod is an instance
 * here, and its CPU request the whole of it. metrics-server scrapes every 15 s and the
 * loop comes by in between: a value is 7 s old when it is read. */
#define HPA_METRIC_AGE_MS 7000
#define HPA_METRIC_WINDOW 30000

static void hpa_begin(const struct rule *rule, const struct rule_group *group,
                      struct fleet *fleet, struct rule_state **ret)
{
    (void)fleet;
    struct rule_state *state = new_state(rule, group);
    state->period_ms = 15000;
    state->window_ms = 300000;
    *ret = state;
}

static bool is_within_tolerance(int64_t sum, int64_t whole)
{
    return sum * 10 >= whole * 9 && sum * 10 <= whole * 11;
}

static int64_t hpa_wanted(const struct rule_state *state, const struct fleet *fleet,
                          int64_t now_ms)
{
    int64_t sum = 0;
    int64_t ready = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        const struct machine *machine = &fleet->machines[i];
        if (!machine->is_serving || machine->value_milli < 0 ||
            machine->serving_ms + HPA_METRIC_WINDOW > now_ms)
            continue;
        sum += machine->value_milli;
        ready++;
    }
    int64_t current = state->desired;
    if (ready == 0) return current;
    int64_t target = state->target_milli;
    bool is_up = sum > ready * target;
    bool is_idle_counted = is_up && ready < current;
    int64_t counted = is_idle_counted ? current : ready;
    if (is_within_tolerance(sum, counted * target)) return current;
    if (is_idle_counted && sum < counted * target) return current;
    int64_t wanted = (sum + target - 1) / target;
    if (is_up && wanted < current) return current;
    return wanted;
}

/* The highest recommendation of the window, this one included. */
static int64_t hpa_stabilise(struct rule_state *state, int64_t now_ms, int64_t wanted)
{
    uint32_t kept = 0;
    int64_t highest = wanted;
    for (uint32_t i = 0; i < state->kept_count; i++) {
        if (state->kept[i].time_ms <= now_ms - state->window_ms) continue;
        state->kept[kept++] = state->kept[i];
        if (state->kept[i].count > highest) highest = state->kept[i].count;
    }
    assert(kept < POINTS_MAX);
    state->kept[kept++] =
        (struct recommendation){.time_ms = now_ms, .count = (uint32_t)wanted};
    state->kept_count = kept;
    return wanted >= state->desired            ? wanted
           : highest < (int64_t)state->desired ? highest
                                               : (int64_t)state->desired;
}

static void hpa_second(struct rule_state *state, struct fleet *fleet, int64_t now_ms)
{
    fleet_pass_time(fleet, now_ms);
    if (is_due(state, now_ms)) end_period(fleet);
    if (!is_due(state, now_ms - HPA_METRIC_AGE_MS) || now_ms < state->period_ms) return;
    int64_t wanted = hpa_wanted(state, fleet, now_ms);
    wanted = hpa_stabilise(state, now_ms, wanted);
    int64_t current = state->desired;
    int64_t most = current * 2 > current + 4 ? current * 2 : current + 4;
    set_desired(state, fleet, now_ms, wanted < most ? wanted : most);
}

const struct rule rule_hpa = {.name = "hpa",
                              .begin = hpa_begin,
                              .second = hpa_second,
                              .desired = desired,
                              .end = end};

/* ---- EC2 Auto Scaling ----
 * "Target tracking scaling policies for Amazon EC2 Auto Scaling" and "Set the default
 * instance warmup for an Auto Scaling group" (docs.aws.amazon.com, 2026), and for 10 s
 * "Create a target tracking policy using high-resolution metrics for faster response".
 * The alarms are as accounts show them (aws/containers-roadmap #2113,
 * terraform-provider-aws #42553): out after 3 of 3 points above the target, in after 15
 * minutes below 0.9 of it, in no case promised. New size ceil(warm x metric / target),
 * by the last point; in only when nobody warms. No delay of CloudWatch's is added. */
static void aws_begin(const struct rule *rule, const struct rule_group *group,
                      struct fleet *fleet, struct rule_state **ret)
{
    (void)fleet;
    struct rule_state *state = new_state(rule, group);
    state->period_ms = rule_setting(rule, "period_ms", 60000);
    state->warmup_ms = rule_setting(rule, "warmup_ms", 300000);
    state->out_points = 3;
    state->in_points = (uint32_t)(INT64_C(900000) / state->period_ms);
    *ret = state;
}

static void count_points(struct rule_state *state, bool is_high, bool is_low)
{
    state->high = is_high ? state->high + 1 : 0;
    state->low = is_low ? state->low + 1 : 0;
}

static void aws_second(struct rule_state *state, struct fleet *fleet, int64_t now_ms)
{
    fleet_pass_time(fleet, now_ms);
    if (!is_due(state, now_ms)) return;
    end_period(fleet);
    uint32_t warm = 0;
    int64_t mean = mean_of_warm(fleet, now_ms, state->warmup_ms, &warm);
    if (mean < 0) {
        count_points(state, false, false);
        return;
    }
    count_points(state, mean > state->target_milli, mean * 10 < state->target_milli * 9);
    int64_t wanted = ceil_share(warm, mean, state->target_milli);
    if (state->high >= state->out_points && wanted > state->desired) {
        set_desired(state, fleet, now_ms, wanted);
    } else if (state->low >= state->in_points && wanted < state->desired &&
               !is_any_warming(fleet, now_ms, state->warmup_ms)) {
        set_desired(state, fleet, now_ms, wanted);
    }
}

const struct rule rule_aws = {.name = "aws",
                              .begin = aws_begin,
                              .second = aws_second,
                              .desired = desired,
                              .end = end};

/* ---- Nomad Autoscaler ----
 * "Nomad Autoscaler Scaling Policies" and "policy Block" (developer.hashicorp.com/nomad,
 * v2.0): evaluation every 10 s, cooldown 5 min after any action; strategy target-value
 * (plugin.go): ceil(count x metric / target), nothing within 1 %; target aws-asg: count
 * is the group's desired capacity, and nothing happens while an activity is under way.
 * The metric is the mean of the last 10 s of all in service. */
static void nomad_begin(const struct rule *rule, const struct rule_group *group,
                        struct fleet *fleet, struct rule_state **ret)
{
    (void)fleet;
    struct rule_state *state = new_state(rule, group);
    state->period_ms = 10000;
    state->cooldown_ms = 300000;
    *ret = state;
}

static void nomad_second(struct rule_state *state, struct fleet *fleet, int64_t now_ms)
{
    fleet_pass_time(fleet, now_ms);
    if (!is_due(state, now_ms)) return;
    end_period(fleet);
    uint32_t serving = 0;
    int64_t mean = mean_of_warm(fleet, now_ms, 0, &serving);
    bool is_busy = fleet->serving < fleet->count;
    if (mean < 0 || is_busy || now_ms < state->until_ms) return;
    int64_t target = state->target_milli;
    if (mean * 100 >= target * 99 && mean * 100 <= target * 101) return;
    int64_t wanted = ceil_share(state->desired, mean, target);
    uint32_t before = state->desired;
    set_desired(state, fleet, now_ms, wanted);
    if (state->desired != before) state->until_ms = now_ms + state->cooldown_ms;
}

const struct rule rule_nomad = {.name = "nomad",
                                .begin = nomad_begin,
                                .second = nomad_second,
                                .desired = desired,
                                .end = end};

/* ---- step scaling ----
 * "Step and simple scaling policies for Amazon EC2 Auto Scaling" (docs.aws.amazon.com,
 * 2026), with the alarms people write: from 70 % on 10 % more, from 90 % on 30 % more, up
 * to 30 % 10 % less; points of 60 s, 2 of 2; warm-up 300 s. */
static void step_begin(const struct rule *rule, const struct rule_group *group,
                       struct fleet *fleet, struct rule_state **ret)
{
    (void)fleet;
    struct rule_state *state = new_state(rule, group);
    state->period_ms = 60000;
    state->warmup_ms = 300000;
    state->out_points = state->in_points = 2;
    *ret = state;
}

/* Percent of a size, toward zero but never to it. */
static int64_t percent_of(int64_t count, int64_t percent)
{
    int64_t amount = count * percent / 100;
    return amount > 0 ? amount : 1;
}

static void step_second(struct rule_state *state, struct fleet *fleet, int64_t now_ms)
{
    fleet_pass_time(fleet, now_ms);
    if (!is_due(state, now_ms)) return;
    end_period(fleet);
    uint32_t warm = 0;
    int64_t mean = mean_of_warm(fleet, now_ms, state->warmup_ms, &warm);
    if (mean < 0) return;
    count_points(state, mean >= 70000, mean <= 30000);
    if (state->high >= state->out_points) {
        int64_t wanted = warm + percent_of(warm, mean >= 90000 ? 30 : 10);
        if (wanted > state->desired) set_desired(state, fleet, now_ms, wanted);
    } else if (state->low >= state->in_points &&
               !is_any_warming(fleet, now_ms, state->warmup_ms)) {
        set_desired(state, fleet, now_ms,
                    state->desired - percent_of(state->desired, 10));
    }
}

const struct rule rule_step = {.name = "step",
                               .begin = step_begin,
                               .second = step_second,
                               .desired = desired,
                               .end = end};

/* ---- a simple threshold ----
 * What a first script does, and simple scaling with its default cooldown: one more above
 * 70 %, one less below 30 %, by points of 60 s, and 300 s of rest after each. */
static void threshold_begin(const struct rule *rule, const struct rule_group *group,
                            struct fleet *fleet, struct rule_state **ret)
{
    (void)fleet;
    struct rule_state *state = new_state(rule, group);
    state->period_ms = 60000;
    state->cooldown_ms = 300000;
    *ret = state;
}

static void threshold_second(struct rule_state *state, struct fleet *fleet,
                             int64_t now_ms)
{
    fleet_pass_time(fleet, now_ms);
    if (!is_due(state, now_ms)) return;
    end_period(fleet);
    uint32_t serving = 0;
    int64_t mean = mean_of_warm(fleet, now_ms, 0, &serving);
    if (mean < 0 || now_ms < state->until_ms) return;
    uint32_t before = state->desired;
    if (mean > 70000) set_desired(state, fleet, now_ms, (int64_t)state->desired + 1);
    if (mean < 30000) set_desired(state, fleet, now_ms, (int64_t)state->desired - 1);
    if (state->desired != before) state->until_ms = now_ms + state->cooldown_ms;
}

const struct rule rule_threshold = {.name = "threshold",
                                    .begin = threshold_begin,
                                    .second = threshold_second,
                                    .desired = desired,
                                    .end = end};
