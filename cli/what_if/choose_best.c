#include "cli/what_if/choose_best.h"

#include <assert.h>
#include <stdlib.h>

#define SEED UINT64_C(0x9e3779b97f4a7c15)

/* Of the sides in `stay`, those as good as the best by one figure. */
static uint64_t keep_best(const struct asg_score_row *rows, size_t count, uint64_t stay,
                          int64_t (*figure)(const struct asg_score_row *row),
                          int64_t margin)
{
    assert(stay != 0);
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if ((stay & UINT64_C(1) << i) == 0) continue;
        if (figure(&rows[i]) < least) least = figure(&rows[i]);
    }
    uint64_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_in = (stay & UINT64_C(1) << i) != 0;
        if (is_in && figure(&rows[i]) - least <= margin) kept |= UINT64_C(1) << i;
    }
    return kept;
}

static int64_t over_of(const struct asg_score_row *row)
{
    return row->over_an_hour_ms;
}

static int64_t lost_of(const struct asg_score_row *row)
{
    return row->lost_ppm;
}

static int64_t cost_of(const struct asg_score_row *row)
{
    return row->cost_milli;
}

static int64_t turns_of(const struct asg_score_row *row)
{
    return row->turns_milli;
}

static uint64_t contest(const struct asg_score_ground *ground,
                        const struct asg_curve_score *const *sides, size_t side_count,
                        const uint32_t *picks, size_t count)
{
    struct asg_score_row rows[ASG_BEST_SIDES_MAX];
    for (size_t i = 0; i < side_count; i++) {
        rows[i] = asg_score_sum(ground, sides[i], picks, count);
    }
    uint64_t stay = (UINT64_C(1) << side_count) - 1;
    stay = keep_best(rows, side_count, stay, over_of, ASG_BEST_OVER_MS);
    if (ground->knows_lost) {
        stay = keep_best(rows, side_count, stay, lost_of, ASG_BEST_LOST_PPM);
    }
    stay = keep_best(rows, side_count, stay, cost_of, ASG_BEST_COST_MILLI);
    return keep_best(rows, side_count, stay, turns_of, ASG_BEST_TURNS_MILLI);
}

static uint64_t draw(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

void asg_best_choose(const struct asg_score_ground *ground,
                     const struct asg_curve_score *const *sides, size_t side_count,
                     struct asg_best *ret)
{
    assert(side_count > 0 && side_count <= ASG_BEST_SIDES_MAX);
    *ret = (struct asg_best){
        .as_good = contest(ground, sides, side_count, NULL, ground->block_count)};
    while ((ret->as_good & UINT64_C(1) << ret->winner) == 0)
        ret->winner++;
    uint32_t *measured = asg_alloc(ground->block_count + 1, sizeof *measured);
    for (uint32_t i = 0; i < ground->block_count; i++) {
        if (sides[0][i].span_ms > 0) measured[ret->blocks++] = i;
    }
    uint32_t *picks = asg_alloc(ret->blocks + 1, sizeof *picks);
    uint64_t random = SEED;
    for (int i = 0; ret->blocks >= ASG_BEST_BLOCKS_MIN && i < ASG_BEST_RESAMPLES; i++) {
        for (size_t k = 0; k < ret->blocks; k++)
            picks[k] = measured[draw(&random) % ret->blocks];
        uint64_t stay = contest(ground, sides, side_count, picks, ret->blocks);
        for (size_t k = 0; k < side_count; k++)
            ret->stayed[k] += (stay & UINT64_C(1) << k) != 0;
    }
    free(measured);
    free(picks);
}
