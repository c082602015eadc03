/* every_decision_has_a_reason_whose_numbers_add_up - no decision without words; and the
 * numbers in the words of a scaling give the number that was decided. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

#define LAW "every_decision_has_a_reason_whose_numbers_add_up"

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

/* The wish follows from the metric, the instances that counted and the target. */
static void check_wish(const struct asg_decision *decision, const struct sim_group *group)
{
    const char *mean = strstr(decision->text, "cpu mean ");
    const char *target = strstr(decision->text, "target ");
    if (mean == NULL || target == NULL || decision->kind != ASG_DECISION_SCALE_OUT)
        return;
    int64_t value = milli_at(mean + strlen("cpu mean "));
    int64_t wanted = number_after(decision->text, "wants ");
    int64_t aim = milli_at(target + strlen("target "));
    int64_t warm = sim.last_metrics[group - sim.groups].members;
    if (warm == 0) return;
    /* Those that did not speak may count or not; and the words are rounded. */
    int64_t heard = sim.last_metrics[group - sim.groups].count;
    int64_t low = ceil_share(heard < warm ? heard : warm, value - 60, aim);
    int64_t high = ceil_share(warm, value + 60, aim);
    if (aim == group->target_milli && wanted >= low && wanted <= high) return;
    sim_break(LAW, "%s: %lld warm instances (%u counted) cannot want that: %s",
              group->name, (long long)warm, sim.last_metrics[group - sim.groups].count,
              decision->text);
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
    const struct sim_group *group = sim_find_group(decision->group);
    if (!is_scaling || group == NULL || strstr(decision->text, "decide ") == NULL) return;
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
    check_wish(decision, group);
}
