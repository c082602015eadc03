/* test_columns - the metrics of a tick: exact, small, and bounded whatever comes in. */
#include "lib/check.h"
#include "wire/columns.h"

#include "model/schema.h"

static struct asg_arena arena;

static struct asg_group_metric row_of(uint32_t group_no, enum asg_metric_name metric)
{
    return (struct asg_group_metric){.group_no = group_no,
                                     .metric = metric,
                                     .revision = 11,
                                     .members = 10,
                                     .count = 10,
                                     .sum_milli = 9100,
                                     .min_milli = 700,
                                     .max_milli = 1150};
}

static void assert_row(const struct asg_group_metric *expected,
                       const struct asg_group_metric *row)
{
    assert_int_equal(expected->group_no, row->group_no);
    assert_int_equal(expected->metric, row->metric);
    assert_true(expected->revision == row->revision);
    assert_int_equal(expected->members, row->members);
    assert_int_equal(expected->count, row->count);
    assert_true(expected->sum_milli == row->sum_milli);
    assert_true(expected->min_milli == row->min_milli);
    assert_true(expected->max_milli == row->max_milli);
}

/* Bytes they take. */
static size_t assert_come_back(const struct asg_group_metric *rows, size_t count)
{
    struct asg_bytes bytes = {0};
    columns_write(rows, count, &bytes);
    struct asg_group_metric *back = NULL;
    size_t back_count = 0;
    asg_arena_reset(&arena);
    assert_true(
        columns_read(bytes.data, bytes.length, ASG_LIST_MAX, &arena, &back, &back_count));
    assert_int_equal(count, back_count);
    for (size_t i = 0; i < count; i++)
        assert_row(&rows[i], &back[i]);
    size_t length = bytes.length;
    asg_bytes_clear(&bytes);
    return length;
}

static bool reads(const void *data, size_t length, size_t limit)
{
    struct asg_group_metric *rows = NULL;
    size_t count = 0;
    asg_arena_reset(&arena);
    return columns_read(data, length, limit, &arena, &rows, &count);
}

static void test_the_bytes_are_those_of_the_page(void **state)
{
    (void)state;
    /* docs/log-format.md, "The metrics of a tick" */
    static const uint8_t page[] = {0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x81, 0x09,
                                   0x3a, 0x08, 0x32, 0x00, 0x85, 0x78, 0x03, 0x48,
                                   0x14, 0x56, 0x38, 0x71, 0xc5, 0x15};
    struct asg_group_metric rows[] = {row_of(1, ASG_METRIC_NAME_CPU),
                                      row_of(2, ASG_METRIC_NAME_CPU)};
    struct asg_bytes bytes = {0};
    columns_write(rows, 2, &bytes);
    assert_int_equal(sizeof page, bytes.length);
    assert_memory_equal(page, bytes.data, sizeof page);
    asg_bytes_clear(&bytes);
}

static void test_values_of_any_size_come_back(void **state)
{
    (void)state;
    struct asg_group_metric rows[] = {
        {.group_no = 0, .revision = UINT64_MAX, .members = UINT32_MAX},
        {.group_no = 1, .count = UINT32_MAX, .min_milli = INT64_MIN},
        {.group_no = UINT32_MAX - 1,
         .metric = ASG_METRIC_NAME_DISK_WRITE,
         .count = 1,
         .sum_milli = INT64_MAX,
         .min_milli = INT64_MAX,
         .max_milli = INT64_MIN},
        {.group_no = UINT32_MAX,
         .members = 1,
         .count = 2,
         .sum_milli = INT64_MIN,
         .min_milli = INT64_MIN,
         .max_milli = INT64_MAX},
    };
    assert_come_back(rows, 4);
}

static void test_rows_of_several_metrics_come_back_in_order(void **state)
{
    (void)state;
    struct asg_group_metric rows[600];
    size_t count = 0;
    for (uint32_t no = 1; count < 590; no += 1 + no % 3) {
        for (int metric = 0; metric < ASG_METRIC_NAME_COUNT; metric++) {
            if ((no + (uint32_t)metric) % 3 == 0) continue;
            rows[count] = row_of(no, (enum asg_metric_name)metric);
            rows[count].sum_milli += (int64_t)count;
            count++;
        }
    }
    assert_come_back(rows, count);
}

static void test_a_group_without_data_does_not_disturb_its_neighbours(void **state)
{
    (void)state;
    struct asg_group_metric with[64];
    struct asg_group_metric without[64];
    for (uint32_t i = 0; i < 64; i++) {
        with[i] = row_of(i, ASG_METRIC_NAME_CPU);
        with[i].min_milli += i * 37 % 400;
        without[i] = with[i];
        if (i != 20) continue;
        without[i].count = 0;
        without[i].sum_milli = without[i].min_milli = without[i].max_milli = 0;
    }
    assert_true(assert_come_back(without, 64) <= assert_come_back(with, 64) + 16);
}

static void test_groups_that_all_say_the_same_take_next_to_nothing(void **state)
{
    (void)state;
    struct asg_group_metric rows[1000];
    for (uint32_t i = 0; i < 1000; i++)
        rows[i] = row_of(i + 1, ASG_METRIC_NAME_CPU);
    assert_true(assert_come_back(rows, 1000) < 3 * 1000);
    for (uint32_t i = 0; i < 1000; i++)
        rows[i].sum_milli = rows[i].min_milli = rows[i].max_milli = 0;
    assert_true(assert_come_back(rows, 1000) <= 128);
}

static void test_more_rows_than_the_limit_are_refused(void **state)
{
    (void)state;
    struct asg_group_metric rows[65];
    struct asg_bytes bytes = {0};
    for (uint32_t i = 0; i < 65; i++)
        rows[i] = row_of(i, ASG_METRIC_NAME_CPU);
    columns_write(rows, 65, &bytes);
    assert_true(reads(bytes.data, bytes.length, 65));
    assert_false(reads(bytes.data, bytes.length, 64));
    asg_bytes_clear(&bytes);
}

static void test_what_is_cut_or_longer_is_refused(void **state)
{
    (void)state;
    struct asg_group_metric rows[3] = {row_of(1, ASG_METRIC_NAME_CPU),
                                       row_of(1, ASG_METRIC_NAME_LOAD),
                                       row_of(7, ASG_METRIC_NAME_CPU)};
    struct asg_bytes bytes = {0};
    columns_write(rows, 3, &bytes);
    for (size_t length = 0; length < bytes.length; length++)
        assert_false(reads(bytes.data, length, ASG_LIST_MAX));
    asg_bytes_append_byte(&bytes, 0);
    assert_false(reads(bytes.data, bytes.length, ASG_LIST_MAX));
    asg_bytes_clear(&bytes);
}

static void test_numbers_that_do_not_fit_and_padding_are_refused(void **state)
{
    (void)state;
    static const uint8_t nothing[] = {0};
    static const uint8_t no_rows[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t no_metric[] = {1, 200, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t twice[] = {2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0,
                                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    /* One row of zeros takes 42 bits; the last six bits are set here. */
    static const uint8_t zeros[] = {1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t padded[] = {1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80};
    /* group_no: parameter 1, 24 zero bits and a one, then 2^32 in 64 bits. */
    static const uint8_t far_group[] = {1, 0,    1, 0, 0, 0, 1, 0, 0, 0x40, 0, 0,
                                        0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0,    0};
    assert_false(reads(nothing, sizeof nothing, 10));
    assert_false(reads(no_rows, sizeof no_rows, 10));
    assert_false(reads(no_metric, sizeof no_metric, 10));
    assert_false(reads(twice, sizeof twice, 10));
    assert_true(reads(zeros, sizeof zeros, 10));
    assert_false(reads(padded, sizeof padded, 10));
    assert_false(reads(far_group, sizeof far_group, 10));
}

static void test_a_short_text_cannot_ask_for_much_memory(void **state)
{
    (void)state;
    /* 200,000 rows are said to follow, and 42 bits for each 64 of them do not. */
    uint8_t bytes[7 + (ASG_LIST_MAX / 64) * 42 / 8] = {1, 0, 0x40, 0x0d, 0x03, 0};
    assert_false(reads(bytes, sizeof bytes - 1, ASG_LIST_MAX));
    assert_int_equal(0, asg_arena_used(&arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_bytes_are_those_of_the_page),
        cmocka_unit_test(test_values_of_any_size_come_back),
        cmocka_unit_test(test_rows_of_several_metrics_come_back_in_order),
        cmocka_unit_test(test_a_group_without_data_does_not_disturb_its_neighbours),
        cmocka_unit_test(test_groups_that_all_say_the_same_take_next_to_nothing),
        cmocka_unit_test(test_more_rows_than_the_limit_are_refused),
        cmocka_unit_test(test_what_is_cut_or_longer_is_refused),
        cmocka_unit_test(test_numbers_that_do_not_fit_and_padding_are_refused),
        cmocka_unit_test(test_a_short_text_cannot_ask_for_much_memory),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    asg_arena_clear(&arena);
    return failed;
}
