/* every_decision_has_a_reason_whose_numbers_add_up - no decision without words; and the
 * numbers in the words of a scaling give the number that was decided. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

#define LAW            "every_decision_has_a_reason_whose_numbers_add_up"
#define ROUNDING_MILLI 60 /* of the words: a tenth of a percent */

/* "82.5" as thousandths. */
static int64_t milli_at(const char *text)
{
    char *end = NULL;
    int64_t whole = strtoll(text, &end, 10) * 1000;
    if (*end != '.') return whole;
    int64_t scale = 100;
    for (end++; *end >= '0' && *end <= '9'; end++, scale /= 10) {
        whole += (*end - '0') * scale;
    }
    return whole;
}

static int64_t number_after(const char *text, const char *words)
{
    const char *at = strstr(text, words);
    return at == NULL ? -1 : strtoll(at + strlen(words), NULL, 10);
}

static int64_t ceil_share(int64_t count, int64_t value, int64_t target)
{
    if (value <= 0) return 0;
    return (count * value + target - 1) / target;
}

/* The controller's own numbers of the last period against the simulator's books: as many
 * members as are warm, and nothing that none of them can have measured. */
static void check_period(const struct asg_decision *decision,
                         const struct sim_group *group,
                         const struct asg_group_metric *row)
{
    uint32_t least = 0;
    uint32_t most = 0;
    sim_warm_count(group, &least, &most);
    if (row->members < least || row->members > most) {
        sim_break(LAW, "%s: %u instances are counted as warm, from %u to %u are: %s",
                  group->name, row->members, least, most, decision->text);
        return;
    }
    int64_t low = 0;
    int64_t high = 0;
    if (row->count == 0 ||
        !sim_warm_reads(group, group->evaluation_ms * 1000, &low, &high)) {
        return;
    }
    if (row->min_milli >= low && row->max_milli <= high) return;
    sim_break(LAW,
              "%s: the period's CPU is from %lld to %lld, warm instances measured from "
              "%lld to %lld thousandths: %s",
              group->name, (long long)row->min_milli, (long long)row->max_milli,
              (long long)low, (long long)high, decision->text);
}

/* The value in the words is a mean of three periods in which the metric was above target;
 * those of another membership, and those in which nobody led, lie between them. */
static bool is_value_measured(const struct sim_group *group, int64_t value_milli)
{
    int64_t low = 0;
    int64_t high = 0;
    int64_t over_us = 3 * group->evaluation_ms * 1000 + SIM_HOUR;
    if (!sim_warm_reads(group, over_us, &low, &high)) return true;
    return value_milli + ROUNDING_MILLI >= low && value_milli - ROUNDING_MILLI <= high;
}

/* They send no metrics, and are taken to carry what the others carry. */
static int64_t count_attached(const struct sim_group *group)
{
    int64_t count = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        count += instance->group == group && instance->is_attached ? 1 : 0;
    }
    return count;
}

/* The wish follows from the metric, the instances that counted and the target. */
static void check_wish(const struct asg_decision *decision, const struct sim_group *group,
                       const struct asg_group_metric *row)
{
    const char *mean = strstr(decision->text, "cpu mean ");
    const char *target = strstr(decision->text, "target ");
    if (mean == NULL || target == NULL || decision->kind != ASG_DECISION_SCALE_OUT)
        return;
    int64_t value = milli_at(mean + strlen("cpu mean "));
    int64_t wanted = number_after(decision->text, "wants ");
    int64_t aim = milli_at(target + strlen("target "));
    int64_t warm = row->members;
    if (!is_value_measured(group, value)) {
        sim_break(LAW, "%s: no warm instance measured that: %s", group->name,
                  decision->text);
        return;
    }
    if (warm == 0) return;
    int64_t times = strstr(decision->text, "\nsaturated from ") != NULL ? 2 : 1;
    bool is_saturated = sim.features.knobs.saturation_milli > 0 &&
                        value + ROUNDING_MILLI >= sim.features.knobs.saturation_milli;
    if (times > 1 && !is_saturated) {
        sim_break(LAW, "%s is not saturated: %s", group->name, decision->text);
        return;
    }
    /* Those that did not speak may count or not; and the words are rounded. */
    int64_t heard = row->count;
    int64_t low = ceil_share(heard < warm ? heard : warm, value - ROUNDING_MILLI, aim);
    int64_t carrying = warm + count_attached(group);
    int64_t high = ceil_share(carrying, value + ROUNDING_MILLI, aim);
    if (sim.features.knobs.counts_warming) {
        /* Those who served in each period: never fewer than are warm, also above max. */
        int64_t most = carrying > group->max ? carrying : group->max;
        low = 0;
        high = ceil_share(most, value + ROUNDING_MILLI, aim);
    }
    low *= times;
    high *= times;
    if (aim == group->target_milli && wanted >= low && wanted <= high) return;
    sim_break(LAW, "%s: %lld warm instances (%u counted) cannot want that: %s",
              group->name, (long long)warm, row->count, decision->text);
}

void law_reason(const struct asg_decision *decision, int64_t time_ms)
{
    (void)time_ms;
    if (decision->text == NULL || decision->text[0] == '\0') {
        sim_break(LAW, "a decision of kind %s has no reason",
                  asg_enum_word(&asg_decision_kind_words, (int)decision->kind));
        return;
    }
    bool is_out = decision->kind == ASG_DECISION_SCALE_OUT;
    bool is_scaling = is_out || decision->kind == ASG_DECISION_SCALE_IN;
    const struct sim_group *group = sim_find_group(our, decision->group);
    if (!is_scaling || group == NULL || decision->cause != ASG_CAUSE_POLICY) return;
    int64_t wanted = number_after(decision->text, "wants ");
    int64_t has = number_after(decision->text, "(has ");
    int64_t to = number_after(decision->text, "decide ");
    int64_t by = number_after(decision->text, is_out ? "scale out by " : "scale in by ");
    int64_t clamped = wanted < (int64_t)group->min   ? (int64_t)group->min
                      : wanted > (int64_t)group->max ? (int64_t)group->max
                                                     : wanted;
    bool adds_up = to == decision->to && by == (is_out ? to - has : has - to) && by > 0 &&
                   has == decision->from && to == clamped;
    if (!adds_up) {
        sim_break(LAW, "%s (from %lld to %lld, min %u, max %u)", decision->text,
                  (long long)decision->from, (long long)decision->to, group->min,
                  group->max);
        return;
    }
    if (!sim_is_targets(decision)) return;
    const struct asg_group_metric *row = &our->last_metrics[group - our->groups];
    check_period(decision, group, row);
    check_wish(decision, group, row);
}
