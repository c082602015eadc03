/* prop_columns - the metrics of a tick: whatever rows go in come out, and of bytes that
 * somebody altered only rows in order come out, in memory that the bytes bound. */
#include "lib/check.h"
#include "lib/seed.h"
#include "wire/wire.h"

#define ROWS_MAX 3000

static struct asg_arena arena;
static struct asg_group_metric rows[ROWS_MAX];

static uint64_t any_number(struct seed *seed)
{
    return seed_next(seed) >> seed_below(seed, 64);
}

/* Either numbers of any size or those of a fleet: near one another. */
static void fill_row(struct seed *seed, bool is_wild, struct asg_group_metric *row)
{
    if (is_wild) {
        row->revision = any_number(seed);
        row->members = (uint32_t)any_number(seed);
        row->count = (uint32_t)any_number(seed);
        row->sum_milli = (int64_t)any_number(seed);
        row->min_milli = (int64_t)any_number(seed);
        row->max_milli = (int64_t)any_number(seed);
        return;
    }
    row->revision = seed_below(seed, 100);
    row->members = 10;
    row->count = (uint32_t)(10 - (seed_below(seed, 9) == 0));
    row->min_milli = (int64_t)seed_below(seed, 1000);
    row->max_milli = row->min_milli + (int64_t)seed_below(seed, 3000);
    row->sum_milli = (row->min_milli + row->max_milli) * row->count / 2 +
                     (int64_t)seed_below(seed, 5000);
}

static size_t fill_rows(struct seed *seed)
{
    size_t most = 1 + seed_below(seed, ROWS_MAX);
    uint64_t gap = 1 + (seed_below(seed, 2) == 0 ? 0 : any_number(seed) % 100000);
    unsigned metrics = 1 + (unsigned)seed_below(seed, (1u << ASG_METRIC_NAME_COUNT) - 1);
    bool is_wild = seed_below(seed, 2) == 0;
    size_t count = 0;
    for (uint64_t no = seed_below(seed, gap); no <= UINT32_MAX;
         no += 1 + seed_below(seed, gap)) {
        for (int metric = 0; metric < ASG_METRIC_NAME_COUNT; metric++) {
            if ((metrics & 1u << metric) == 0) continue;
            if (count == most) return count;
            rows[count] = (struct asg_group_metric){
                .group_no = (uint32_t)no, .metric = (enum asg_metric_name)metric};
            fill_row(seed, is_wild, &rows[count++]);
        }
    }
    return count;
}

static void write_rows(size_t count, struct asg_bytes *ret)
{
    const struct asg_metrics metrics = {.groups = rows, .group_count = count};
    asg_bytes_reset(ret);
    asg_wire_encode(&asg_metrics_schema, &metrics, ret);
}

static void test_any_rows_in_order_come_back(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_columns");
    struct asg_bytes bytes = {0};
    for (size_t round = 0; round < 200; round++) {
        size_t count = fill_rows(&seed);
        write_rows(count, &bytes);
        struct asg_metrics back;
        asg_arena_reset(&arena);
        assert_status(ASG_OK, asg_wire_decode(&asg_metrics_schema, bytes.data,
                                              bytes.length, &arena, &back));
        assert_int_equal(count, back.group_count);
        for (size_t i = 0; i < count; i++) {
            const struct asg_group_metric *a = &rows[i];
            const struct asg_group_metric *b = &back.groups[i];
            bool is_same = a->group_no == b->group_no && a->metric == b->metric &&
                           a->revision == b->revision && a->members == b->members &&
                           a->count == b->count && a->sum_milli == b->sum_milli &&
                           a->min_milli == b->min_milli && a->max_milli == b->max_milli;
            if (!is_same) fail_msg("row %zu of %zu comes back otherwise", i, count);
        }
    }
    asg_bytes_clear(&bytes);
}

static void assert_in_order(const struct asg_metrics *metrics)
{
    for (size_t i = 0; i < metrics->group_count; i++) {
        const struct asg_group_metric *row = &metrics->groups[i];
        assert_true((unsigned)row->metric < ASG_METRIC_NAME_COUNT);
        if (i == 0) continue;
        const struct asg_group_metric *before = row - 1;
        assert_true(before->group_no < row->group_no ||
                    (before->group_no == row->group_no && before->metric < row->metric));
    }
}

static void test_altered_bytes_give_rows_in_order_or_nothing(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_columns altered");
    struct asg_bytes bytes = {0};
    for (size_t round = 0; round < 2000; round++) {
        size_t count = fill_rows(&seed);
        if (count > 200) count = 200;
        write_rows(count, &bytes);
        for (size_t edits = 1 + seed_below(&seed, 3); edits > 0; edits--) {
            bytes.data[seed_below(&seed, bytes.length)] ^=
                (uint8_t)(1u << seed_below(&seed, 8));
        }
        struct asg_metrics back;
        asg_arena_reset(&arena);
        enum asg_status status =
            asg_wire_decode(&asg_metrics_schema, bytes.data, bytes.length, &arena, &back);
        if (status == ASG_OK) assert_in_order(&back);
        size_t rows_max = 64 * (8 * bytes.length / 42 + ASG_METRIC_NAME_COUNT);
        assert_true(asg_arena_used(&arena) <= 2 * rows_max * sizeof rows[0] + 4096);
    }
    asg_bytes_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_rows_in_order_come_back),
        cmocka_unit_test(test_altered_bytes_give_rows_in_order_or_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    asg_arena_clear(&arena);
    return failed;
}
