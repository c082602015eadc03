/* test_holds - why a group does nothing at a moment: what its sheet says and is not over,
 * and what holds all groups, the most important first. */
#include <stdio.h>

#include "lib/check.h"
#include "view/parts.h"
#include "view/publish.h"

static struct asg_view *view;

static int begin(void **state)
{
    (void)state;
    asg_view_new(&view);
    return 0;
}

static int end(void **state)
{
    (void)state;
    asg_view_destroy(&view);
    return 0;
}

/* A group with those holds and so many instances that are asked for. */
static void publish(const struct asg_hold *holds, size_t count, uint32_t requested,
                    const struct asg_beside *beside, bool is_halted)
{
    struct asg_sheet *sheet = asg_sheet_new();
    struct asg_group_config *config = asg_arena_take(&sheet->arena, sizeof *config);
    config->name = "web";
    sheet->content.group.config = config;
    struct asg_hold *copy = asg_arena_take(&sheet->arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = holds[i];
    }
    sheet->content.group.holds = copy;
    sheet->content.group.hold_count = count;
    struct asg_leaf *leaf = asg_leaf_new();
    leaf->content.items = asg_arena_take(&leaf->arena, sizeof *leaf->content.items);
    leaf->content.items[0] =
        (struct asg_instance_view){.no = 1, .instance_id = "", .group = "web"};
    leaf->content.count = 1;
    leaf->content.counts =
        (struct asg_instance_counts){.instances = 1, .requested = requested};
    struct asg_cluster_page *cluster = asg_cluster_page_new();
    cluster->content.status.cluster_id = "";
    cluster->content.status.held = "";
    cluster->content.status.is_halted = is_halted;
    const struct asg_leaf *leaves[] = {leaf};
    asg_view_begin(view, true);
    asg_draft_put(view, asg_page_new(sheet, leaves, 1));
    asg_draft_put_cluster(view, cluster);
    asg_draft_set_beside(view, beside);
    asg_view_publish(view, 1000);
}

static void expect(int64_t now_ms, const char *reasons)
{
    struct asg_arena arena = {0};
    const struct asg_root *root = asg_view_hold(view);
    struct asg_hold *holds = NULL;
    size_t count = 0;
    asg_root_holds(root, asg_root_find(root, "web"), now_ms, &arena, &holds, &count);
    char text[512] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? " " : "",
                       asg_enum_word(&asg_hold_reason_words, (int)holds[i].reason));
        assert_string_not_equal("", holds[i].text);
    }
    assert_string_equal(reasons, text);
    asg_view_drop(&root);
    asg_arena_clear(&arena);
}

static const struct asg_beside two_workers = {.is_known = true, .workers = 2};

static const struct asg_hold some[] = {
    {.reason = ASG_HOLD_WARMING, .until_ms = 2000, .count = 1, .policy = "", .text = "w"},
    {.reason = ASG_HOLD_SCALE_IN_LIMIT, .until_ms = 3000, .policy = "", .text = "s"},
    {.reason = ASG_HOLD_SUSPENDED, .policy = "", .text = "p"},
};

static void test_what_is_over_is_left_out_and_the_rest_is_in_order(void **state)
{
    (void)state;
    publish(some, 3, 0, &two_workers, false);
    expect(1000, "suspended scale-in-limit warming");
    expect(1999, "suspended scale-in-limit warming");
    expect(2000, "suspended scale-in-limit");
    expect(3000, "suspended");
}

static void test_a_halt_of_all_is_of_each(void **state)
{
    (void)state;
    publish(NULL, 0, 0, &two_workers, false);
    expect(1000, "");
    publish(some, 1, 0, &two_workers, true);
    expect(1000, "halted warming");
}

/* Only of a group that waits for EC2, and only when it is known who is there. */
static void test_nobody_calls_ec2(void **state)
{
    (void)state;
    const struct asg_beside nobody = {.is_known = true};
    publish(NULL, 0, 2, &nobody, false);
    expect(1000, "no-workers");
    publish(NULL, 0, 0, &nobody, false);
    expect(1000, "");
    const struct asg_hold look_up = {
        .reason = ASG_HOLD_TEMPLATE_UNKNOWN, .policy = "", .text = "t"};
    publish(&look_up, 1, 0, &nobody, false);
    expect(1000, "no-workers template-unknown");
    const struct asg_hold listing = {
        .reason = ASG_HOLD_STARTING, .policy = "", .text = "l"};
    publish(&listing, 1, 0, &nobody, false);
    expect(1000, "no-workers starting");
    const struct asg_hold agents = {
        .reason = ASG_HOLD_STARTING, .until_ms = 2000, .policy = "", .text = "a"};
    publish(&agents, 1, 0, &nobody, false);
    expect(1000, "starting");
    const struct asg_beside unknown = {.is_known = false};
    publish(NULL, 0, 2, &unknown, false);
    expect(1000, "");
    publish(NULL, 0, 2, &two_workers, false);
    expect(1000, "");
}

static void test_a_rate_that_is_used_up_holds_who_launches(void **state)
{
    (void)state;
    const struct asg_beside out = {
        .is_known = true, .workers = 1, .are_launches_out = true};
    publish(NULL, 0, 2, &out, false);
    expect(1000, "rate-budget");
    publish(NULL, 0, 0, &out, false);
    expect(1000, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_over_is_left_out_and_the_rest_is_in_order),
        TEST(test_a_halt_of_all_is_of_each),
        TEST(test_nobody_calls_ec2),
        TEST(test_a_rate_that_is_used_up_holds_who_launches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
