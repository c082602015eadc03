/* Means of a period by group: what counts, when, and for which membership. */
#include "lib/check.h"

#include "controller/window.h"

#define CPU    (1u << ASG_METRIC_NAME_CPU)
#define MEMORY (1u << ASG_METRIC_NAME_MEMORY)
#define NET    (1u << ASG_METRIC_NAME_NETWORK_IN)
#define START  INT64_C(1000000)

static int set_up(void **state)
{
    struct asg_window *window = NULL;
    asg_window_new(NULL, &window);
    *state = window;
    return 0;
}

static int tear_down(void **state)
{
    struct asg_window *window = *state;
    asg_window_destroy(&window);
    return 0;
}

static void watch(struct asg_window *window, uint32_t group_no, const char *name,
                  int64_t evaluation_ms, uint32_t metrics, uint64_t revision)
{
    const struct asg_watch what = {group_no, name, evaluation_ms, metrics, revision};
    asg_window_watch(window, &what, START);
}

static void add_cpu(struct asg_window *window, uint32_t slot, uint32_t cpu_milli)
{
    const struct asg_report report = {.cpu_milli = cpu_milli};
    asg_window_add(window, slot, &report);
}

static void add_bytes(struct asg_window *window, uint32_t slot, uint64_t bytes,
                      int64_t now_ms)
{
    const struct asg_report report = {.time_ms = now_ms, .network_in_bytes = bytes};
    asg_window_add(window, slot, &report);
}

/* The rows live until the next call. */
static struct asg_metrics collect(struct asg_window *window, int64_t now_ms)
{
    static struct asg_arena arena;
    asg_arena_reset(&arena);
    struct asg_metrics metrics;
    asg_window_collect(window, now_ms, &arena, &metrics);
    return metrics;
}

static void test_window_counts_each_member_once_by_its_mean(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU, 3);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    asg_window_set(window, 1, 1, ASG_MEMBER_COUNTS);
    asg_window_set(window, 2, 1, ASG_MEMBER_COUNTS); /* says nothing */
    for (uint32_t i = 0; i < 5; i++) {
        add_cpu(window, 0, 10000 * i); /* mean 20 % */
    }
    add_cpu(window, 1, 60000);
    assert_int_equal(START + 5000, asg_window_next_due(window));
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(1, metrics.group_count);
    const struct asg_group_metric *row = &metrics.groups[0];
    assert_int_equal(1, row->group_no);
    assert_int_equal(ASG_METRIC_NAME_CPU, row->metric);
    assert_int_equal(3, row->revision);
    assert_int_equal(3, row->members);
    assert_int_equal(2, row->count);
    assert_int_equal(80000, row->sum_milli);
    assert_int_equal(20000, row->min_milli);
    assert_int_equal(60000, row->max_milli);
    assert_int_equal(60000, asg_window_last_cpu(window, 1));
    assert_int_equal(-1, asg_window_last_cpu(window, 2));
    assert_int_equal(-1, asg_window_last_cpu(window, 77));
}

static void test_window_begins_each_period_with_nothing(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    add_cpu(window, 0, 90000);
    (void)collect(window, START + 5000);
    struct asg_metrics metrics = collect(window, START + 10000);
    assert_int_equal(1, metrics.group_count); /* also when nobody reported */
    assert_int_equal(0, metrics.groups[0].count);
    assert_int_equal(0, metrics.groups[0].sum_milli);
    assert_int_equal(0, metrics.groups[0].min_milli);
    add_cpu(window, 0, 10000);
    metrics = collect(window, START + 15000);
    assert_int_equal(10000, metrics.groups[0].sum_milli);
}

static void test_window_does_not_count_who_is_only_watched(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_WATCHED);
    add_cpu(window, 0, 50000);
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(0, metrics.groups[0].members);
    assert_int_equal(0, metrics.groups[0].count);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS); /* warm now: joins in mid-period */
    add_cpu(window, 0, 50000);
    metrics = collect(window, START + 10000);
    assert_int_equal(1, metrics.groups[0].members);
    assert_int_equal(1, metrics.groups[0].count);
}

static void test_window_forgets_what_was_said_in_warm_up(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU | NET, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_WATCHED);
    add_cpu(window, 0, 100000);
    add_bytes(window, 0, 1000000, START + 1000);
    asg_window_set(window, 0, 1,
                   ASG_MEMBER_COUNTS); /* warm in the middle of the period */
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(1, metrics.groups[0].members);
    assert_int_equal(0, metrics.groups[0].count);
    asg_window_set(window, 0, 1, ASG_MEMBER_WATCHED);
    add_cpu(window, 0, 100000);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    add_cpu(window, 0, 20000);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS); /* told again: nothing is lost */
    metrics = collect(window, START + 10000);
    assert_int_equal(1, metrics.groups[0].count);
    assert_int_equal(20000, metrics.groups[0].max_milli);
}

static void test_window_tells_the_revision_of_the_membership(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU, 1);
    watch(window, 1, "web", 5000, CPU, 9); /* does not begin the period anew */
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(9, metrics.groups[0].revision);
}

static void test_window_ends_each_group_by_its_own_period(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "fast", 5000, CPU, 1);
    watch(window, 2, "slow", 20000, CPU, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    asg_window_set(window, 1, 2, ASG_MEMBER_COUNTS);
    add_cpu(window, 0, 10000);
    add_cpu(window, 1, 20000);
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(1, metrics.group_count);
    assert_int_equal(1, metrics.groups[0].group_no);
    add_cpu(window, 1, 40000);
    metrics = collect(window, START + 20000);
    assert_int_equal(2, metrics.group_count);
    assert_int_equal(0, metrics.groups[0].count);
    assert_int_equal(30000, metrics.groups[1].sum_milli); /* its period went on */
    assert_int_equal(START + 25000, asg_window_next_due(window));
}

static void test_window_sorts_rows_by_group_then_metric(void **state)
{
    struct asg_window *window = *state;
    uint32_t all = (1u << ASG_METRIC_NAME_COUNT) - 1;
    for (uint32_t group_no = 1; group_no <= 3; group_no++) {
        watch(window, group_no, "g", 5000, all, 1);
    }
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(3 * ASG_METRIC_NAME_COUNT, metrics.group_count);
    for (size_t i = 0; i < metrics.group_count; i++) {
        assert_int_equal(1 + i / ASG_METRIC_NAME_COUNT, metrics.groups[i].group_no);
        assert_int_equal(i % ASG_METRIC_NAME_COUNT, metrics.groups[i].metric);
    }
}

static void test_window_makes_rates_of_counters(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, NET, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    add_bytes(window, 0, 5000, START); /* the first gives no rate */
    add_bytes(window, 0, 6000, START + 1000);
    add_bytes(window, 0, 9000, START + 2000);
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(1, metrics.groups[0].count);
    assert_int_equal(2000000,
                     metrics.groups[0].sum_milli); /* mean of 1000 and 3000 B/s */
    add_bytes(window, 0, 9500, START + 6000);      /* 500 bytes in 4 s */
    metrics = collect(window, START + 10000);
    assert_int_equal(125000, metrics.groups[0].sum_milli);
}

/* Found by an attack: 16 reports 10 ms apart, each 8 TiB more than the one before. */
static void test_window_takes_no_rate_above_its_limit(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, NET, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    for (uint64_t i = 0; i < 17; i++) {
        add_bytes(window, 0, i << 43, START + 10 * (int64_t)i);
    }
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_true(metrics.groups[0].sum_milli == ASG_WINDOW_RATE_MAX * 1000);
    add_bytes(window, 0, UINT64_MAX, START + 6000);
    add_bytes(window, 0, UINT64_MAX, INT64_MAX); /* a clock that went mad */
    add_bytes(window, 0, UINT64_MAX, INT64_MIN);
    add_bytes(window, 0, UINT64_MAX, START + 7000);
    metrics = collect(window, START + 10000);
    assert_true(metrics.groups[0].sum_milli == ASG_WINDOW_RATE_MAX * 1000);
}

static void add_load(struct asg_window *window, uint32_t slot, uint32_t load_milli)
{
    const struct asg_report report = {.load_milli = load_milli};
    asg_window_add(window, slot, &report);
}

/* One of n moves the mean by its share of what the others say, not by what it says. */
static void test_window_lets_one_of_five_move_a_group_by_its_share(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, 1u << ASG_METRIC_NAME_LOAD, 1);
    for (uint32_t lie = 0; lie < 2; lie++) {
        for (uint32_t slot = 0; slot < 5; slot++) {
            asg_window_set(window, slot, 1, ASG_MEMBER_COUNTS);
            add_load(window, slot, 1000 + 10 * slot); /* 1000 to 1040 */
        }
        asg_window_set(window, 5, 1, ASG_MEMBER_COUNTS);
        add_load(window, 5, lie == 0 ? UINT32_MAX : 0);
        struct asg_metrics metrics = collect(window, START + 5000 * (lie + 1));
        const struct asg_group_metric *row = &metrics.groups[0];
        assert_int_equal(6, row->count);
        assert_in_range(row->sum_milli / row->count, 1010, 1030);
    }
}

/* Found by ./dev attack H2-forged-rates on a busy machine: in a period in which the
 * others had told nothing yet, the one that lies spoke for all. */
static void test_window_takes_nobodys_word_alone_for_five(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, 1u << ASG_METRIC_NAME_LOAD, 1);
    for (uint32_t slot = 0; slot < 5; slot++) {
        asg_window_set(window, slot, 1, ASG_MEMBER_COUNTS);
    }
    for (uint32_t told = 1; told < 5; told++) {
        add_load(window, 0, UINT32_MAX);
        for (uint32_t slot = 1; slot < told; slot++) {
            add_load(window, slot, 1000 + 10 * slot);
        }
        struct asg_metrics metrics = collect(window, START + 5000 * told);
        const struct asg_group_metric *row = &metrics.groups[0];
        assert_int_equal(5, row->members);
        assert_int_equal(told < 3 ? 0 : told, row->count);
        assert_in_range(row->sum_milli, 0, row->count * 1040);
    }
}

static void test_window_bounds_the_load_of_one_in_a_small_group(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, 1u << ASG_METRIC_NAME_LOAD, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    add_load(window, 0, UINT32_MAX);
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(ASG_WINDOW_LOAD_MAX * 1000, metrics.groups[0].sum_milli);
}

static void test_window_takes_no_rate_from_a_counter_that_went_back(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, NET, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    add_bytes(window, 0, 5000, START);
    add_bytes(window, 0, 6000, START + 1000);
    (void)collect(window, START + 5000);
    add_bytes(window, 0, 10, START + 5001); /* rebooted: nothing to compare with */
    struct asg_metrics metrics = collect(window, START + 10000);
    assert_int_equal(0, metrics.groups[0].count); /* not the last period's rate either */
    add_bytes(window, 0, 1010, START + 6001);
    metrics = collect(window, START + 15000);
    assert_int_equal(1000000, metrics.groups[0].sum_milli);
}

static void test_window_takes_a_wide_metric_up_in_mid_period(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    add_bytes(window, 0, 5000, START);
    watch(window, 1, "web", 5000, CPU | NET, 2);
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(2, metrics.group_count);
    assert_int_equal(1, metrics.groups[0].count);
    assert_int_equal(0, metrics.groups[1].count);
}

static void test_window_takes_memory_up_in_mid_period(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    asg_window_set(window, 1, 1, ASG_MEMBER_COUNTS);
    const struct asg_report before = {.cpu_milli = 10000, .memory_milli = 90000};
    const struct asg_report after = {.cpu_milli = 30000, .memory_milli = 50000};
    asg_window_add(window, 0, &before);
    asg_window_add(window, 1, &before);
    watch(window, 1, "web", 5000, CPU | MEMORY, 2);
    asg_window_add(window, 0, &after);
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(2, metrics.group_count);
    assert_int_equal(2, metrics.groups[0].count);
    assert_int_equal(30000, metrics.groups[0].sum_milli); /* the means of 20 and 10 % */
    assert_int_equal(ASG_METRIC_NAME_MEMORY, metrics.groups[1].metric);
    assert_int_equal(1, metrics.groups[1].count); /* nobody kept what the other said */
    assert_int_equal(50000, metrics.groups[1].sum_milli);
    asg_window_set(window, 300, 1,
                   ASG_MEMBER_COUNTS); /* more slots than there was room */
    asg_window_add(window, 300, &after);
    asg_window_add(window, 300, &before);
    metrics = collect(window, START + 10000);
    assert_int_equal(1, metrics.groups[1].count);
    assert_int_equal(70000, metrics.groups[1].sum_milli);
}

static void test_window_drops_a_group_that_went(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    add_cpu(window, 0, 50000);
    watch(window, 1, "", 0, 0, 0);
    assert_int_equal(INT64_MAX, asg_window_next_due(window));
    assert_int_equal(0, collect(window, START + 5000).group_count);
    add_cpu(window, 0, 50000); /* its members may speak a moment longer */
    asg_window_set(window, 0, 1, ASG_MEMBER_GONE);
    watch(window, 1, "other", 5000, CPU, 1); /* the number is used again */
    asg_window_set(window, 3, 1, ASG_MEMBER_COUNTS);
    add_cpu(window, 3, 7000);
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(1, metrics.groups[0].members);
    assert_int_equal(1, metrics.groups[0].count);
    assert_int_equal(7000, metrics.groups[0].sum_milli);
}

static void test_window_uses_a_slot_again_with_nothing_left_over(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU | NET, 1);
    watch(window, 2, "db", 5000, CPU | NET, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    add_cpu(window, 0, 90000);
    add_bytes(window, 0, 1000000, START);
    asg_window_set(window, 0, 1, ASG_MEMBER_GONE);
    asg_window_set(window, 0, 2, ASG_MEMBER_COUNTS);
    assert_int_equal(-1, asg_window_last_cpu(window, 0));
    add_bytes(window, 0, 2000000, START + 1000); /* another machine's counter */
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(4, metrics.group_count);
    assert_int_equal(0, metrics.groups[0].members);
    assert_int_equal(0, metrics.groups[0].count);
    assert_int_equal(1, metrics.groups[2].count);
    assert_int_equal(0, metrics.groups[2].sum_milli);
    assert_int_equal(0, metrics.groups[3].count); /* the first gives no rate */
}

static void test_window_moves_a_member_to_another_group(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU, 1);
    watch(window, 2, "db", 5000, CPU, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    add_cpu(window, 0, 90000);
    asg_window_set(window, 0, 2, ASG_MEMBER_COUNTS);
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(0, metrics.groups[0].members);
    assert_int_equal(0, metrics.groups[0].count);
    assert_int_equal(1, metrics.groups[1].members);
    assert_int_equal(0, metrics.groups[1].count); /* what it said was the other's */
}

/* One group lives, and each of the others a moment with two members, of which one is
 * taken out before its group and one after. */
static void test_window_has_room_for_the_groups_there_are(void **state)
{
    struct asg_window *window = *state;
    watch(window, 1, "web", 5000, CPU, 1);
    asg_window_set(window, 0, 1, ASG_MEMBER_COUNTS);
    for (uint32_t no = 2; no <= 10001; no++) {
        watch(window, no, "brief", 5000, CPU, 1);
        asg_window_set(window, 1, no, ASG_MEMBER_COUNTS);
        asg_window_set(window, 2, no, ASG_MEMBER_COUNTS);
        add_cpu(window, 1, 90000);
        add_cpu(window, 2, 90000);
        asg_window_set(window, 1, no, ASG_MEMBER_GONE);
        watch(window, no, "", 0, 0, 0);
        assert_int_equal(0, asg_window_next_group(window, 2));
        add_cpu(window, 2, 90000); /* it may speak a moment longer */
        asg_window_set(window, 2, no, ASG_MEMBER_GONE);
        watch(window, no, "", 0, 0, 0); /* told again: it is not there */
    }
    assert_int_equal(64, asg_window_group_places(window));
    watch(window, 20000, "last", 5000, CPU, 7);
    watch(window, 15000, "middle", 5000, CPU, 6); /* its place is behind the last one's */
    asg_window_set(window, 1, 20000, ASG_MEMBER_COUNTS);
    add_cpu(window, 0, 10000);
    add_cpu(window, 1, 30000);
    struct asg_metrics metrics = collect(window, START + 5000);
    assert_int_equal(3, metrics.group_count);
    assert_int_equal(1, metrics.groups[0].group_no);
    assert_int_equal(10000, metrics.groups[0].sum_milli);
    assert_int_equal(15000, metrics.groups[1].group_no);
    assert_int_equal(0, metrics.groups[1].members);
    assert_int_equal(20000, metrics.groups[2].group_no);
    assert_int_equal(7, metrics.groups[2].revision);
    assert_int_equal(1, metrics.groups[2].count);
    assert_int_equal(30000, metrics.groups[2].sum_milli);
    assert_int_equal(15000, asg_window_next_group(window, 2));
    assert_int_equal(20000, asg_window_next_group(window, 15001));
    for (uint32_t no = 30001; no <= 30200; no++) { /* more at once: it grows */
        watch(window, no, "many", 5000, CPU, no);
    }
    assert_int_equal(256, asg_window_group_places(window));
    metrics = collect(window, START + 10000);
    assert_int_equal(203, metrics.group_count);
    for (uint32_t i = 0; i < 200; i++) {
        assert_int_equal(30001 + i, metrics.groups[3 + i].group_no);
        assert_int_equal(30001 + i, metrics.groups[3 + i].revision);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_window_counts_each_member_once_by_its_mean),
        TEST(test_window_begins_each_period_with_nothing),
        TEST(test_window_does_not_count_who_is_only_watched),
        TEST(test_window_forgets_what_was_said_in_warm_up),
        TEST(test_window_tells_the_revision_of_the_membership),
        TEST(test_window_ends_each_group_by_its_own_period),
        TEST(test_window_sorts_rows_by_group_then_metric),
        TEST(test_window_makes_rates_of_counters),
        TEST(test_window_takes_no_rate_above_its_limit),
        TEST(test_window_lets_one_of_five_move_a_group_by_its_share),
        TEST(test_window_takes_nobodys_word_alone_for_five),
        TEST(test_window_bounds_the_load_of_one_in_a_small_group),
        TEST(test_window_takes_no_rate_from_a_counter_that_went_back),
        TEST(test_window_takes_a_wide_metric_up_in_mid_period),
        TEST(test_window_takes_memory_up_in_mid_period),
        TEST(test_window_drops_a_group_that_went),
        TEST(test_window_uses_a_slot_again_with_nothing_left_over),
        TEST(test_window_moves_a_member_to_another_group),
        TEST(test_window_has_room_for_the_groups_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
