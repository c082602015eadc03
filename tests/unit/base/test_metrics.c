/* test_metrics - what /metrics prints, in Prometheus's text form. */
#include "base/metrics.h"
#include "lib/check.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics_print_counters_and_gauges_with_labels),
        cmocka_unit_test(test_metrics_histogram_counts_up_to_each_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
