/* test_score_sides - a record's load and a curve of its fleet, worked by hand; and which
 * of several sides is best. */
#include "cli/what_if/choose_best.h"
#include "cli/what_if/score_sides.h"
#include "lib/check.h"

#define HOUR  INT64_C(3600000)
#define START (INT64_C(400000) * HOUR)

static struct asg_sample sample_at(int64_t time_ms, int64_t demand_milli)
{
    return (struct asg_sample){.time_ms = START + time_ms,
                               .demand_milli = demand_milli,
                               .period_ms = 60000,
                               .metric = ASG_METRIC_NAME_CPU};
}

/* A sample each minute of `minutes`; percent of one instance, times instances. */
static void fill_record(struct asg_trace *trace, struct asg_sample *samples,
                        size_t minutes, int64_t demand_percent)
{
    for (size_t i = 0; i < minutes; i++) {
        samples[i] = sample_at((int64_t)(i + 1) * 60000, demand_percent * 1000);
    }
    *trace = (struct asg_trace){.start_ms = START,
                                .end_ms = START + (int64_t)minutes * 60000,
                                .samples = samples,
                                .sample_count = minutes,
                                .config = {.min = 1, .max = 100},
                                .launch_ms = 0,
                                .service_ms = 0};
}

static struct asg_fleet_size fleet_at(int64_t time_ms, uint32_t serving, uint32_t alive,
                                      uint32_t desired)
{
    return (struct asg_fleet_size){.time_ms = START + time_ms,
                                   .serving = serving,
                                   .alive = alive,
                                   .desired = desired};
}

static struct asg_score_row row_of(const struct asg_trace *trace,
                                   const struct asg_fleet_curve *curve,
                                   enum asg_metric_name metric, int64_t level_milli,
                                   struct asg_arena *arena,
                                   struct asg_score_ground *ground)
{
    asg_score_prepare(trace, metric, level_milli, arena, ground);
    struct asg_curve_score *blocks =
        asg_arena_take(arena, ground->block_count * sizeof *blocks);
    asg_score_curve(ground, curve, blocks);
    return asg_score_sum(ground, blocks, NULL, ground->block_count);
}

/* Two hours of 250 %, target 50: the oracle has five. Two serve in the first hour, with
 * one more that starts; then five. */
static void test_a_record_is_scored_by_the_hour(void **state)
{
    (void)state;
    static struct asg_sample samples[120];
    struct asg_trace trace;
    fill_record(&trace, samples, 120, 250);
    struct asg_fleet_size items[] = {fleet_at(0, 2, 3, 2), fleet_at(HOUR / 2, 2, 3, 6),
                                     fleet_at(HOUR, 5, 5, 5)};
    const struct asg_fleet_curve curve = {.items = items, .count = 3};
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    struct asg_score_ground ground;
    struct asg_score_row row =
        row_of(&trace, &curve, ASG_METRIC_NAME_CPU, 50000, &arena, &ground);
    assert_int_equal(2, ground.block_count);
    assert_int_equal(HOUR, ground.block_ms);
    assert_int_equal(HOUR / 2, row.over_an_hour_ms); /* one of two hours */
    assert_int_equal(100000, row.lost_ppm);          /* 0.5 of 2.5, half of the time */
    assert_int_equal(800, row.cost_milli);           /* 3 + 5 of 5 + 5 */
    assert_int_equal(500, row.turns_milli);          /* 6 to 5, between the blocks */
}

/* Nobody measured for ten minutes in which the fleet changed: they do not count. */
static void test_a_gap_of_a_record_is_no_load_and_no_cost(void **state)
{
    (void)state;
    static struct asg_sample samples[60];
    struct asg_trace trace;
    fill_record(&trace, samples, 60, 100);
    for (size_t i = 30; i < 60; i++)
        samples[i].time_ms += 600000;
    trace.end_ms += 600000;
    struct asg_fleet_size items[] = {fleet_at(0, 2, 2, 2),
                                     fleet_at(HOUR / 2 + 300000, 4, 4, 4)};
    const struct asg_fleet_curve curve = {.items = items, .count = 2};
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    struct asg_score_ground ground;
    struct asg_score_row row =
        row_of(&trace, &curve, ASG_METRIC_NAME_CPU, 50000, &arena, &ground);
    int64_t sampled_ms = 0;
    for (size_t i = 0; i < ground.block_count; i++)
        sampled_ms += ground.oracle_ms[i] / 2;
    /* one sample behind the gap counts for two periods at most */
    assert_int_equal(HOUR + 60000, sampled_ms);
    assert_int_equal((2 * 30 + 4 * 31) * 1000 / (2 * 61), row.cost_milli);
    assert_int_equal(0, row.turns_milli);
}

static void test_a_metric_without_a_ceiling_loses_nothing_known(void **state)
{
    (void)state;
    static struct asg_sample samples[60];
    struct asg_trace trace;
    fill_record(&trace, samples, 60, 0);
    for (size_t i = 0; i < 60; i++) {
        samples[i].metric = ASG_METRIC_NAME_NETWORK_IN;
        samples[i].demand_milli = INT64_C(3000000000) * (i < 30 ? 12 : 13) / 10;
    }
    struct asg_fleet_size items[] = {fleet_at(0, 3, 3, 3)};
    const struct asg_fleet_curve curve = {.items = items, .count = 1};
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    struct asg_score_ground ground;
    struct asg_score_row row =
        row_of(&trace, &curve, ASG_METRIC_NAME_NETWORK_IN, 1000000000, &arena, &ground);
    assert_int_equal(-1, row.lost_ppm);
    assert_int_equal(HOUR / 2, row.over_an_hour_ms); /* above 1.2 times the level */
    assert_int_equal(750, row.cost_milli);
    /* An alarm may have a threshold of nothing: all of the load is above it. */
    row = row_of(&trace, &curve, ASG_METRIC_NAME_NETWORK_IN, 0, &arena, &ground);
    assert_int_equal(HOUR, row.over_an_hour_ms);
    row = row_of(&trace, &curve, ASG_METRIC_NAME_CPU, -5000, &arena, &ground);
    assert_int_equal(0, ground.step_count); /* the record has none */
}

/* ---- the best ---- */

#define BLOCKS 24

struct sides {
    struct asg_score_ground ground;
    int64_t oracle_ms[BLOCKS];
    struct asg_curve_score blocks[3][BLOCKS];
};

/* Each block an hour; what is not said is as good as can be. */
static void fill_sides(struct sides *sides)
{
    *sides = (struct sides){.ground = {.target_milli = 500,
                                       .knows_lost = true,
                                       .block_ms = HOUR,
                                       .block_count = BLOCKS}};
    sides->ground.oracle_ms = sides->oracle_ms;
    for (size_t b = 0; b < BLOCKS; b++) {
        sides->oracle_ms[b] = 10 * HOUR;
        for (size_t i = 0; i < 3; i++) {
            asg_curve_begin(&sides->blocks[i][b], 500);
            sides->blocks[i][b].span_ms = HOUR;
            sides->blocks[i][b].demand_ms = 5 * HOUR;
            sides->blocks[i][b].alive_ms = 10 * HOUR;
        }
    }
}

static struct asg_best choose(const struct sides *sides, size_t blocks)
{
    struct asg_score_ground ground = sides->ground;
    ground.block_count = blocks;
    const struct asg_curve_score *of[] = {sides->blocks[0], sides->blocks[1],
                                          sides->blocks[2]};
    struct asg_best best;
    asg_best_choose(&ground, of, 3, &best);
    return best;
}

static void test_time_over_is_before_cost_and_cost_before_turns(void **state)
{
    (void)state;
    struct sides sides;
    fill_sides(&sides);
    for (size_t b = 0; b < BLOCKS; b++) {
        sides.blocks[0][b].over_ms = 60000; /* cheapest, and over */
        sides.blocks[0][b].alive_ms = 9 * HOUR;
        sides.blocks[1][b].over_ms = 4000; /* within the margin, and cheaper */
        sides.blocks[1][b].turns = 3;
        sides.blocks[2][b].alive_ms = 11 * HOUR;
    }
    struct asg_best best = choose(&sides, BLOCKS);
    assert_int_equal(1, best.winner);
    assert_int_equal(2, best.as_good);
    assert_int_equal(BLOCKS, best.blocks);
    assert_int_equal(ASG_BEST_RESAMPLES, best.stayed[1]);
    assert_int_equal(0, best.stayed[0] + best.stayed[2]);
    /* At the same cost the turns decide. */
    for (size_t b = 0; b < BLOCKS; b++)
        sides.blocks[2][b].alive_ms = 10 * HOUR;
    best = choose(&sides, BLOCKS);
    assert_int_equal(2, best.winner);
    /* And load that is lost is before both. */
    for (size_t b = 0; b < BLOCKS; b++)
        sides.blocks[2][b].lost_ms = HOUR / 100;
    best = choose(&sides, BLOCKS);
    assert_int_equal(1, best.winner);
}

static void test_sides_without_a_difference_are_as_good(void **state)
{
    (void)state;
    struct sides sides;
    fill_sides(&sides);
    struct asg_best best = choose(&sides, BLOCKS);
    assert_int_equal(0, best.winner);
    assert_int_equal(7, best.as_good);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ASG_BEST_RESAMPLES, best.stayed[i]);
}

/* One bad hour of 24 is not drawn in (23/24)^24 of the resamples, 36 %. */
static void test_confidence_is_low_when_one_hour_decides(void **state)
{
    (void)state;
    struct sides sides;
    fill_sides(&sides);
    for (size_t b = 0; b < BLOCKS; b++) {
        sides.blocks[0][b].alive_ms = 9 * HOUR; /* cheapest, but for that hour */
        sides.blocks[2][b].over_ms = HOUR;      /* never */
    }
    sides.blocks[0][7].over_ms = HOUR / 2;
    struct asg_best best = choose(&sides, BLOCKS);
    assert_int_equal(1, best.winner);
    assert_in_range(best.stayed[1], 600, 680);
    assert_int_equal(ASG_BEST_RESAMPLES, best.stayed[0] + best.stayed[1]);
    assert_int_equal(0, best.stayed[2]);
    struct asg_best again = choose(&sides, BLOCKS);
    assert_memory_equal(&best, &again, sizeof best);
}

static void test_a_short_record_says_nothing_of_confidence(void **state)
{
    (void)state;
    struct sides sides;
    fill_sides(&sides);
    struct asg_best best = choose(&sides, ASG_BEST_BLOCKS_MIN - 1);
    assert_int_equal(ASG_BEST_BLOCKS_MIN - 1, best.blocks);
    assert_int_equal(0, best.stayed[0]);
    /* An hour in which nothing was measured does not count. */
    for (size_t i = 0; i < 3; i++)
        sides.blocks[i][5].span_ms = 0;
    best = choose(&sides, ASG_BEST_BLOCKS_MIN);
    assert_int_equal(ASG_BEST_BLOCKS_MIN - 1, best.blocks);
    assert_int_equal(0, best.stayed[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_is_scored_by_the_hour),
        cmocka_unit_test(test_a_gap_of_a_record_is_no_load_and_no_cost),
        cmocka_unit_test(test_a_metric_without_a_ceiling_loses_nothing_known),
        cmocka_unit_test(test_time_over_is_before_cost_and_cost_before_turns),
        cmocka_unit_test(test_sides_without_a_difference_are_as_good),
        cmocka_unit_test(test_confidence_is_low_when_one_hour_decides),
        cmocka_unit_test(test_a_short_record_says_nothing_of_confidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
