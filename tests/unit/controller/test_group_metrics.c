/* test_group_metrics - series of groups: what is counted, what is shown, what is cut, and
 * that a scrape and the loop may be at it together. */
#include "controller/group_metrics.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "controller/metrics.h"
#include "lib/check.h"
#include "view/publish.h"

#define NOW_MS INT64_C(1700000000000)
#define SHOWN  3
#define GROUPS 4

static struct asg_view *view;
static struct asg_group_metrics *metrics;
static struct asg_bytes text;

/* A page with one policy; `size` instances in service, numbered from 1. */
static struct asg_page *page_of(const char *name, uint32_t group_no, uint32_t size)
{
    struct asg_sheet *sheet = asg_sheet_new();
    struct asg_group_config *config = asg_arena_take(&sheet->arena, sizeof *config);
    config->name = asg_arena_text(&sheet->arena, name);
    config->desired = size;
    config->max = 9;
    struct asg_policy_config *policy = asg_arena_take(&sheet->arena, sizeof *policy);
    policy->name = "cpu50";
    policy->kind = ASG_POLICY_TARGET_TRACKING;
    policy->metric = ASG_METRIC_NAME_CPU;
    policy->target_milli = 50500;
    sheet->content.group.config = config;
    sheet->content.group.group_no = group_no;
    sheet->content.group.wanted = ASG_UNSET;
    sheet->content.policies = policy;
    sheet->content.policy_count = 1;
    if (size == 0) return asg_page_new(sheet, NULL, 0);
    struct asg_leaf *leaf = asg_leaf_new();
    struct asg_instance_view *rows = asg_arena_take(&leaf->arena, size * sizeof *rows);
    for (uint32_t i = 0; i < size; i++) {
        rows[i] = (struct asg_instance_view){
            .no = i + 1,
            .instance_id = asg_arena_format(&leaf->arena, "i-%u-%u", group_no, i + 1),
            .group = config->name,
            .state = ASG_INSTANCE_IN_SERVICE,
            .launched_ms = NOW_MS - 5000,
            .in_service_ms = NOW_MS - 2000,
        };
    }
    leaf->content = (struct asg_instance_rows){
        .items = rows, .count = size, .counts = {.instances = size, .serving = size}};
    const struct asg_leaf *leaves[] = {leaf};
    return asg_page_new(sheet, leaves, 1);
}

/* As the loop does with a group that is new. */
static void put_new(struct asg_page *page)
{
    const struct asg_touched_group touched = {
        .group_no = page->sheet->content.group.group_no, .has_sheet = true};
    asg_group_metrics_page(metrics, NULL, page, &touched, NOW_MS);
    asg_draft_put(view, page);
}

static void publish(void)
{
    asg_view_publish(view, NOW_MS);
}

static int set_up(void **state)
{
    (void)state;
    asg_view_new(&view);
    asg_group_metrics_new(SHOWN, &metrics);
    asg_view_begin(view, true);
    struct asg_cluster_page *cluster = asg_cluster_page_new();
    cluster->content.status.held = "";
    asg_draft_put_cluster(view, cluster);
    put_new(page_of("api", 1, 2));
    put_new(page_of("odd\"\\name", 2, 1));
    publish();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    asg_view_destroy(&view);
    asg_group_metrics_destroy(&metrics);
    asg_bytes_clear(&text);
    return 0;
}

static const char *print(enum asg_metric_form form)
{
    const struct asg_root *root = asg_view_hold(view);
    asg_bytes_reset(&text);
    asg_group_metrics_print(metrics, root, form, &text);
    asg_view_drop(&root);
    return asg_bytes_text(&text);
}

static void expect(const char *line)
{
    const char *printed = print(ASG_METRIC_TEXT);
    if (strstr(printed, line) == NULL) fail_msg("no '%s' in\n%s", line, printed);
}

static void decide(struct asg_decision decision)
{
    decision.instance_id = decision.instance_id == NULL ? "" : decision.instance_id;
    const struct asg_effects effects = {.decisions = &decision, .decision_count = 1};
    const struct asg_root *root = asg_view_hold(view);
    asg_group_metrics_decided(metrics, &effects, root, NOW_MS);
    asg_view_drop(&root);
}

static int64_t count_of(enum asg_controller_metric which)
{
    return asg_metric_read(&asg_controller_metrics[which]);
}

static void test_a_group_shows_what_it_is(void **state)
{
    (void)state;
    expect("openasg_group_desired_instances{group=\"api\"} 2\n");
    expect("openasg_group_max_instances{group=\"api\"} 9\n");
    expect("openasg_group_wanted_instances{group=\"api\"} 2\n");
    expect("openasg_group_instances{group=\"api\",state=\"in_service\"} 2\n");
    expect("openasg_group_instances{group=\"api\",state=\"other\"} 0\n");
    expect("openasg_group_warming_instances{group=\"api\"} 0\n");
    expect("openasg_group_metric_target{group=\"api\",policy=\"cpu50\"} 50.5\n");
    expect("openasg_group_desired_instances{group=\"odd\\\"\\\\name\"} 1\n");
    assert_null(strstr(print(ASG_METRIC_TEXT), "openasg_group_metric_value{"));
}

static void test_a_metric_keeps_its_last_value_and_its_time(void **state)
{
    (void)state;
    struct asg_group_metric rows[] = {{.group_no = 1,
                                       .metric = ASG_METRIC_NAME_CPU,
                                       .count = 2,
                                       .sum_milli = 91001,
                                       .min_milli = 1,
                                       .max_milli = 91000}};
    const struct asg_metrics measured = {.groups = rows, .group_count = 1};
    asg_group_metrics_measured(metrics, &measured, NOW_MS + 250);
    rows[0].count = 0; /* no data: the value stays, and so does its time */
    rows[0].sum_milli = 0;
    asg_group_metrics_measured(metrics, &measured, NOW_MS + 60000);
    expect("openasg_group_metric_value{group=\"api\",policy=\"cpu50\",metric=\"cpu\"} "
           "45.5\n");
    expect("openasg_group_metric_timestamp_seconds{group=\"api\",policy=\"cpu50\","
           "metric=\"cpu\"} 1700000000.25\n");
}

static void test_decisions_are_counted_by_direction(void **state)
{
    (void)state;
    int64_t reactions = count_of(ASG_COUNT_REACTION);
    decide((struct asg_decision){.kind = ASG_DECISION_SCALE_OUT,
                                 .group = "api",
                                 .from = 2,
                                 .to = 4,
                                 .since_ms = NOW_MS - 3000});
    decide((struct asg_decision){
        .kind = ASG_DECISION_SCALE_IN, .group = "odd\"\\name", .from = 2, .to = 1});
    decide((struct asg_decision){.kind = ASG_DECISION_HOLD, .group = "api"});
    decide((struct asg_decision){.kind = ASG_DECISION_SCALE_OUT, .group = "gone"});
    expect("openasg_decisions_total{group=\"api\",direction=\"out\",outcome=\"applied\"} "
           "1\n");
    expect("openasg_decisions_total{group=\"api\",direction=\"none\",outcome=\"held\"} "
           "1\n");
    expect("openasg_decisions_total{group=\"odd\\\"\\\\name\",direction=\"in\",outcome="
           "\"applied\"} 1\n");
    assert_int_equal(reactions, count_of(ASG_COUNT_REACTION));
    const struct asg_decision launched = {.kind = ASG_DECISION_STATE,
                                          .group = "api",
                                          .state_from = ASG_INSTANCE_REQUESTED,
                                          .state_to = ASG_INSTANCE_PENDING};
    decide(launched);
    decide(launched); /* the second instance is no second reaction */
    assert_int_equal(reactions + 1, count_of(ASG_COUNT_REACTION));
}

static void test_a_page_that_changes_counts_launches_and_ends(void **state)
{
    (void)state;
    int64_t lives = count_of(ASG_COUNT_LIFETIME);
    int64_t arrivals = count_of(ASG_COUNT_LAUNCH_IN_SERVICE);
    const struct asg_root *root = asg_view_hold(view);
    struct asg_page *fewer = page_of("api", 1, 1);
    const uint64_t touched_nos[] = {2, 3};
    const struct asg_touched_group touched = {
        .group_no = 1, .instance_nos = touched_nos, .instance_count = 2};
    asg_group_metrics_page(metrics, asg_root_find(root, "api"), fewer, &touched, NOW_MS);
    assert_int_equal(lives + 1, count_of(ASG_COUNT_LIFETIME));
    assert_int_equal(arrivals, count_of(ASG_COUNT_LAUNCH_IN_SERVICE));
    asg_group_metrics_page(metrics, NULL, fewer, &touched, NOW_MS); /* a start */
    assert_int_equal(lives + 1, count_of(ASG_COUNT_LIFETIME));
    asg_page_drop(fewer);
    asg_view_drop(&root);
}

static struct asg_page *held_page(struct asg_hold *hold)
{
    struct asg_page *page = page_of("api", 1, 1);
    struct asg_group_view *group = (struct asg_group_view *)&page->sheet->content.group;
    group->holds = hold;
    group->hold_count = hold != NULL ? 1 : 0;
    return page;
}

static void test_a_hold_counts_when_it_begins(void **state)
{
    (void)state;
    struct asg_hold hold = {
        .reason = ASG_HOLD_COOLDOWN, .until_ms = NOW_MS + 10, .policy = "", .text = ""};
    const struct asg_touched_group touched = {.group_no = 1, .has_sheet = true};
    struct asg_page *pages[] = {held_page(NULL), held_page(&hold), held_page(&hold),
                                held_page(&hold)};
    const int64_t times_ms[] = {0, NOW_MS, NOW_MS + 1, NOW_MS + 2};
    for (size_t i = 1; i < 4; i++) {
        asg_group_metrics_page(metrics, pages[i - 1], pages[i], &touched, times_ms[i]);
    }
    expect("openasg_decisions_held_total{group=\"api\",reason=\"cooldown\"} 1\n");
    struct asg_hold next = hold; /* the previous one is over by then */
    next.until_ms = NOW_MS + 99;
    struct asg_page *later = held_page(&next);
    asg_group_metrics_page(metrics, pages[3], later, &touched, NOW_MS + 20);
    expect("openasg_decisions_held_total{group=\"api\",reason=\"cooldown\"} 2\n");
    for (size_t i = 0; i < 4; i++) {
        asg_page_drop(pages[i]);
    }
    asg_view_begin(view, false);
    asg_draft_put(view, later);
    publish();
    expect("openasg_group_held{group=\"api\",reason=\"cooldown\"} 1\n");
}

static void test_codes_are_bounded(void **state)
{
    (void)state;
    asg_group_metrics_launch_failed(metrics, 1, "InsufficientInstanceCapacity");
    asg_group_metrics_launch_failed(metrics, 1, "");
    expect("openasg_launch_failures_total{group=\"api\",code="
           "\"InsufficientInstanceCapacity\"} 1\n");
    expect("openasg_launch_failures_total{group=\"api\",code=\"none\"} 1\n");
    for (int i = 0; i < 1000; i++) {
        char code[32];
        (void)snprintf(code, sizeof code, "Code%d", i);
        asg_group_metrics_launch_failed(metrics, 2, code);
    }
    expect(
        "openasg_launch_failures_total{group=\"odd\\\"\\\\name\",code=\"other\"} 985\n");
    assert_null(strstr(print(ASG_METRIC_TEXT), "\"Code15\""));
}

static void test_counts_end_with_their_group(void **state)
{
    (void)state;
    asg_group_metrics_launch_failed(metrics, 1, "First");
    const struct asg_watch gone = {.group_no = 1, .name = ""};
    const struct asg_effects effects = {.watches = (struct asg_watch *)&gone,
                                        .watch_count = 1};
    const struct asg_root *root = asg_view_hold(view);
    asg_group_metrics_decided(metrics, &effects, root, NOW_MS);
    asg_view_drop(&root);
    assert_null(strstr(print(ASG_METRIC_TEXT), "First"));
    asg_view_begin(view, false);
    asg_draft_take_out(view, "api", 1);
    publish();
    assert_null(strstr(print(ASG_METRIC_TEXT), "group=\"api\""));
    expect("openasg_group_max_instances{group=\"odd\\\"\\\\name\"} 9\n");
}

static size_t heap_used(void)
{
    return mallinfo2().uordblks;
}

/* A period's metrics, or the result of its last launch, may come when it is gone. */
static void test_what_comes_late_makes_nothing_grow(void **state)
{
    (void)state;
    struct asg_group_metric row = {.metric = ASG_METRIC_NAME_CPU, .count = 1};
    const struct asg_metrics measured = {.groups = &row, .group_count = 1};
    const struct asg_root *root = asg_view_hold(view);
    size_t before = 0;
    for (uint32_t no = 3; no < 2000; no++) { /* created and deleted for ever */
        struct asg_page *page = page_of("brief", no, 0);
        const struct asg_touched_group touched = {.group_no = no, .has_sheet = true};
        asg_group_metrics_page(metrics, NULL, page, &touched, NOW_MS);
        asg_page_drop(page);
        asg_group_metrics_launch_failed(metrics, no, "First");
        const struct asg_watch gone = {.group_no = no, .name = ""};
        const struct asg_effects effects = {.watches = (struct asg_watch *)&gone,
                                            .watch_count = 1};
        asg_group_metrics_decided(metrics, &effects, root, NOW_MS);
        row.group_no = no;
        asg_group_metrics_measured(metrics, &measured, NOW_MS);
        asg_group_metrics_launch_failed(metrics, no, "Last");
        if (no == 3) before = heap_used();
    }
    assert_true(heap_used() < before + 65536);
    asg_view_drop(&root);
}

static void test_of_too_many_groups_the_smallest_are_cut(void **state)
{
    (void)state;
    asg_view_begin(view, false);
    asg_draft_put(view, page_of("zoo", 3, 7));
    asg_draft_put(view, page_of("empty", 4, 0));
    publish();
    expect("openasg_group_max_instances{group=\"zoo\"} 9\n");
    assert_null(strstr(print(ASG_METRIC_TEXT), "group=\"empty\""));
    assert_int_equal(GROUPS - SHOWN, count_of(ASG_COUNT_GROUPS_CUT));
    const char *printed = print(ASG_METRIC_TEXT);
    assert_true(strstr(printed, "group=\"api\"") < strstr(printed, "group=\"zoo\""));
}

static void test_dry_offerings_are_told_once(void **state)
{
    (void)state;
    struct asg_page *page = page_of("spot", 5, 0);
    struct asg_dry_offering dry[] = {
        {.type = "m5.large", .zone = "a", .is_spot = true, .until_ms = NOW_MS + 1},
        {.type = "m5.large", .zone = "a", .is_spot = true, .until_ms = NOW_MS + 2},
        {.type = "", .zone = "b", .until_ms = NOW_MS + 1},
        {.type = "m5.large", .zone = "c", .until_ms = NOW_MS}};
    struct asg_group_sheet *sheet = (struct asg_group_sheet *)&page->sheet->content;
    sheet->dry = dry;
    sheet->dry_count = 4;
    asg_view_begin(view, false);
    asg_draft_put(view, page);
    publish();
    expect(
        "# TYPE openasg_offering_unavailable gauge\n"
        "openasg_offering_unavailable{type=\"template\",zone=\"b\",market=\"on-demand\"} "
        "1\n"
        "openasg_offering_unavailable{type=\"m5.large\",zone=\"a\",market=\"spot\"} 1\n");
    assert_null(strstr(print(ASG_METRIC_TEXT), "zone=\"c\""));
}

static void test_openmetrics_names_counters_without_their_suffix(void **state)
{
    (void)state;
    const char *printed = print(ASG_METRIC_OPENMETRICS);
    assert_non_null(strstr(printed, "# TYPE openasg_decisions counter\n"));
    assert_non_null(strstr(printed, "\nopenasg_decisions_total{group=\"api\","));
    assert_non_null(
        strstr(printed, "# UNIT openasg_group_metric_timestamp_seconds seconds\n"));
}

static void test_agents_are_shown_by_version(void **state)
{
    (void)state;
    const struct asg_version_count rows[] = {
        {.version = 0, .agents = 3},
        {.version = UINT32_C(1) << 20 | 2 << 10 | 3, .agents = 4},
        {.version = UINT32_MAX, .agents = 5}};
    asg_bytes_reset(&text);
    asg_agents_metric_print(rows, 3, ASG_METRIC_TEXT, &text);
    assert_non_null(strstr(asg_bytes_text(&text),
                           "openasg_agents{version=\"unknown\"} 3\n"
                           "openasg_agents{version=\"1.2.3\"} 4\n"
                           "openasg_agents{version=\"other\"} 5\n"));
}

/* ---- a scrape beside the loop; the thread sanitizer looks on ---- */

static atomic_bool is_over;

static void *scrape(void *context)
{
    size_t *scrapes = context;
    struct asg_bytes mine = {0};
    do {
        const struct asg_root *root = asg_view_hold(view);
        asg_bytes_reset(&mine);
        asg_group_metrics_print(metrics, root, ASG_METRIC_OPENMETRICS, &mine);
        asg_view_drop(&root);
        ++*scrapes;
    } while (!atomic_load(&is_over));
    asg_bytes_clear(&mine);
    return NULL;
}

static void test_the_loop_counts_while_others_scrape(void **state)
{
    (void)state;
    pthread_t threads[2];
    size_t scrapes[2] = {0, 0};
    atomic_store(&is_over, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, scrape, &scrapes[i]));
    }
    for (uint32_t turn = 0; turn < 300; turn++) {
        asg_group_metrics_launch_failed(metrics, 1 + turn % 2, turn % 3 ? "A" : "B");
        decide((struct asg_decision){
            .kind = ASG_DECISION_SCALE_OUT, .group = "api", .from = 1, .to = 2});
        asg_view_begin(view, false);
        asg_draft_put(view, page_of("api", 1, 1 + turn % 5));
        publish();
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_true(scrapes[i] > 0);
    }
    expect("openasg_decisions_total{group=\"api\",direction=\"out\",outcome=\"applied\"} "
           "300\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_group_shows_what_it_is),
        TEST(test_a_metric_keeps_its_last_value_and_its_time),
        TEST(test_decisions_are_counted_by_direction),
        TEST(test_a_page_that_changes_counts_launches_and_ends),
        TEST(test_a_hold_counts_when_it_begins),
        TEST(test_codes_are_bounded),
        TEST(test_counts_end_with_their_group),
        TEST(test_what_comes_late_makes_nothing_grow),
        TEST(test_of_too_many_groups_the_smallest_are_cut),
        TEST(test_dry_offerings_are_told_once),
        TEST(test_openmetrics_names_counters_without_their_suffix),
        TEST(test_agents_are_shown_by_version),
        TEST(test_the_loop_counts_while_others_scrape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
