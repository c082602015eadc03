#include "cli/what_if/figures.h"

int64_t asg_sample_length(const struct asg_sample *sample, int64_t before_ms)
{
    int64_t most_ms = 2 * (int64_t)sample->period_ms;
    int64_t length_ms = sample->time_ms - before_ms;
    return length_ms < most_ms ? length_ms : most_ms;
}

size_t asg_figures_bucket(const struct asg_figures *figures, int64_t time_ms)
{
    int64_t span_ms = figures->end_ms - figures->start_ms + 1;
    int64_t bucket = (time_ms - figures->start_ms) * ASG_BUCKETS_MAX / span_ms;
    if (bucket < 0) return 0;
    return bucket < ASG_BUCKETS_MAX ? (size_t)bucket : ASG_BUCKETS_MAX - 1;
}

void asg_figures_note(struct asg_figures *figures, const struct asg_sample *sample,
                      int64_t length_ms, uint32_t serving, int64_t level_milli)
{
    int64_t load_milli =
        serving > 0 ? sample->demand_milli / serving : sample->demand_milli;
    if (load_milli > level_milli) figures->above_ms += length_ms;
    if (load_milli > figures->worst_milli) {
        figures->worst_milli = load_milli;
        figures->worst_at_ms = sample->time_ms;
    }
    if (serving > figures->most) figures->most = serving;
    if (!figures->has_samples || serving < figures->least) figures->least = serving;
    figures->has_samples = true;
    size_t bucket = asg_figures_bucket(figures, sample->time_ms);
    figures->serving_sum[bucket] += serving;
    figures->serving_count[bucket]++;
}

void asg_figures_clear(struct asg_figures *figures)
{
    asg_fleet_curve_clear(&figures->curve);
}
