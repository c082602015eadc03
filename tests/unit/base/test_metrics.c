/* test_metrics - what /metrics prints, in Prometheus's text form. */
#include "base/metrics.h"
#include "lib/check.h"

#include <stdio.h>
#include <string.h>

static void test_metrics_print_counters_and_gauges_with_labels(void **state)
{
    (void)state;
    struct asg_metric metrics[] = {
        {.name = "openasg_jobs_total",
         .labels = "kind=\"launch\"",
         .help = "Jobs made",
         .kind = ASG_METRIC_COUNTER},
        {.name = "openasg_jobs_total",
         .labels = "kind=\"terminate\"",
         .help = "Jobs made",
         .kind = ASG_METRIC_COUNTER},
        {.name = "openasg_agents", .labels = "", .help = "Now", .kind = ASG_METRIC_GAUGE},
    };
    asg_metric_add(&metrics[0], 2);
    asg_metric_add(&metrics[0], 1);
    asg_metric_set(&metrics[2], -4);
    assert_int_equal(asg_metric_read(&metrics[0]), 3);
    struct asg_bytes text = {0};
    asg_metrics_print(metrics, 3, ASG_METRIC_TEXT, &text);
    assert_string_equal(asg_bytes_text(&text),
                        "# HELP openasg_jobs_total Jobs made\n"
                        "# TYPE openasg_jobs_total counter\n"
                        "openasg_jobs_total{kind=\"launch\"} 3\n"
                        "openasg_jobs_total{kind=\"terminate\"} 0\n"
                        "# HELP openasg_agents Now\n"
                        "# TYPE openasg_agents gauge\n"
                        "openasg_agents -4\n");
    asg_bytes_clear(&text);
}

static void test_metrics_histogram_counts_up_to_each_bound(void **state)
{
    (void)state;
    struct asg_metric metric = {.name = "openasg_commit_seconds",
                                .labels = "",
                                .help = "Commit",
                                .kind = ASG_METRIC_HISTOGRAM};
    asg_metric_observe_us(&metric, 50);       /* on the first bound */
    asg_metric_observe_us(&metric, 51);       /* in the second */
    asg_metric_observe_us(&metric, 20000000); /* past them all */
    struct asg_bytes bytes = {0};
    asg_metrics_print(&metric, 1, ASG_METRIC_TEXT, &bytes);
    const char *text = asg_bytes_text(&bytes);
    assert_non_null(strstr(text, "# TYPE openasg_commit_seconds histogram\n"));
    assert_non_null(strstr(text, "openasg_commit_seconds_bucket{le=\"5e-05\"} 1\n"));
    assert_non_null(strstr(text, "openasg_commit_seconds_bucket{le=\"0.0001\"} 2\n"));
    assert_non_null(strstr(text, "openasg_commit_seconds_bucket{le=\"10\"} 2\n"));
    assert_non_null(strstr(text, "openasg_commit_seconds_bucket{le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(text, "openasg_commit_seconds_sum 20.000101\n"));
    assert_non_null(strstr(text, "openasg_commit_seconds_count 3\n"));
    asg_bytes_clear(&bytes);
}

static void test_metrics_print_any_label_and_thousandths(void **state)
{
    (void)state;
    const struct asg_metric_family family = {.name = "openasg_group_metric_value",
                                             .labels = "group,policy",
                                             .help = "Value",
                                             .kind = ASG_METRIC_GAUGE_MILLI};
    struct asg_bytes text = {0};
    asg_metric_family_print(&family, ASG_METRIC_TEXT, &text);
    const struct {
        int64_t milli;
        const char *words;
    } cases[] = {{0, "0"},
                 {1, "0.001"},
                 {-500, "-0.5"},
                 {-1000, "-1"},
                 {42500, "42.5"},
                 {-1250, "-1.25"},
                 {INT64_MAX, "9223372036854775.807"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        asg_bytes_reset(&text);
        const char *const labels[] = {"a\"b\\c\nd", "\xc3\xa4"};
        asg_metric_row_print(&family, labels, cases[i].milli, &text);
        char line[200];
        (void)snprintf(line, sizeof line,
                       "openasg_group_metric_value{group=\"a\\\"b\\\\c\\nd\",policy=\""
                       "\xc3\xa4\"} %s\n",
                       cases[i].words);
        assert_string_equal(line, asg_bytes_text(&text));
    }
    asg_bytes_clear(&text);
}

static void test_metrics_speak_openmetrics(void **state)
{
    (void)state;
    struct asg_metric metrics[] = {{.name = "openasg_cpu_seconds_total",
                                    .labels = "",
                                    .help = "CPU",
                                    .kind = ASG_METRIC_COUNTER_MILLI},
                                   {.name = "openasg_launch_seconds",
                                    .labels = "stage=\"running\"",
                                    .help = "Launches",
                                    .kind = ASG_METRIC_HISTOGRAM_SLOW}};
    asg_metric_add(&metrics[0], 1500);
    asg_metric_observe_us(&metrics[1], INT64_C(90000000));
    struct asg_bytes bytes = {0};
    asg_metrics_print(metrics, 2, ASG_METRIC_OPENMETRICS, &bytes);
    asg_metrics_end(ASG_METRIC_OPENMETRICS, &bytes);
    const char *text = asg_bytes_text(&bytes);
    assert_non_null(strstr(text, "# HELP openasg_cpu_seconds CPU\n"
                                 "# TYPE openasg_cpu_seconds counter\n"
                                 "# UNIT openasg_cpu_seconds seconds\n"
                                 "openasg_cpu_seconds_total 1.5\n"));
    assert_non_null(strstr(text, "_bucket{stage=\"running\",le=\"60.0\"} 0\n"));
    assert_non_null(strstr(text, "_bucket{stage=\"running\",le=\"120.0\"} 1\n"));
    assert_non_null(strstr(text, "_bucket{stage=\"running\",le=\"0.1\"} 0\n"));
    assert_string_equal("\n# EOF\n", text + strlen(text) - strlen("\n# EOF\n"));
    asg_bytes_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics_print_counters_and_gauges_with_labels),
        cmocka_unit_test(test_metrics_histogram_counts_up_to_each_bound),
        cmocka_unit_test(test_metrics_print_any_label_and_thousandths),
        cmocka_unit_test(test_metrics_speak_openmetrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
