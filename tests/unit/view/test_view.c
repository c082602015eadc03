/* test_view - roots are swapped while they are read: what is held stays as it is, what
 * nobody holds goes, and a name or an id leads to its page in every root. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check.h"
#include "view/parts.h"
#include "view/publish.h"

#define GROUPS 1000

static struct asg_view *view;

static struct asg_sheet *sheet_of(const char *name, uint32_t group_no)
{
    struct asg_sheet *sheet = asg_sheet_new();
    struct asg_group_config *config = asg_arena_take(&sheet->arena, sizeof *config);
    config->name = asg_arena_text(&sheet->arena, name);
    sheet->content.group.config = config;
    sheet->content.group.group_no = group_no;
    return sheet;
}

/* `count` instances from that number on, with the ids i-<number>. */
static const struct asg_leaf *leaf_of(const char *group, uint64_t from_no, size_t count)
{
    struct asg_leaf *leaf = asg_leaf_new();
    struct asg_instance_view *rows = asg_arena_take(&leaf->arena, count * sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct asg_instance_view){
            .no = from_no + i,
            .instance_id =
                asg_arena_format(&leaf->arena, "i-%llu", (unsigned long long)from_no + i),
            .group = asg_arena_text(&leaf->arena, group),
            .warm_ms = (int64_t)(100 + i),
        };
    }
    leaf->content = (struct asg_instance_rows){
        .items = rows,
        .count = count,
        .counts = {.instances = (uint32_t)count,
                   .serving = (uint32_t)count,
                   .warm_ms = (int64_t)(99 + count)},
    };
    return leaf;
}

static void put(const char *name, uint32_t group_no, uint64_t from_no, size_t count)
{
    const struct asg_leaf *leaf = count > 0 ? leaf_of(name, from_no, count) : NULL;
    asg_draft_put(view, asg_page_new(sheet_of(name, group_no), &leaf, count > 0 ? 1 : 0));
}

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

static void test_nothing_is_published_yet(void **state)
{
    (void)state;
    const struct asg_root *root = asg_view_hold(view);
    assert_int_equal(0, asg_root_count(root));
    assert_null(asg_root_find(root, "web"));
    assert_null(asg_root_find_instance(root, "i-1", NULL, NULL));
    assert_int_equal(0, asg_root_place(root, "web"));
    assert_string_not_equal("", asg_root_not_leading(root));
    asg_view_drop(&root);
    assert_null(root);
}

static void test_what_is_held_stays(void **state)
{
    (void)state;
    asg_view_begin(view, true);
    put("web", 1, 1, 3);
    asg_draft_set_leading(view, "");
    asg_view_publish(view, 50);
    const struct asg_root *before = asg_view_hold(view);
    asg_view_begin(view, false);
    put("web", 1, 3, 2); /* i-1 and i-2 are gone, i-4 is new */
    put("api", 2, 10, 1);
    asg_view_publish(view, 60);
    asg_view_begin(view, false);
    asg_draft_take_out(view, "web", 1);
    asg_view_publish(view, 70);
    const struct asg_root *after = asg_view_hold(view);

    assert_int_equal(1, asg_root_count(before));
    assert_int_equal(3, asg_root_totals(before).instances);
    assert_int_equal(50, asg_root_time_ms(before));
    assert_string_equal("web", asg_root_find_instance(before, "i-2", NULL, NULL)->group);
    assert_null(asg_root_find_instance(before, "i-4", NULL, NULL));
    assert_int_equal(1, asg_root_count(after));
    assert_int_equal(1, asg_root_totals(after).instances);
    assert_null(asg_root_find(after, "web"));
    assert_null(asg_root_find_instance(after, "i-2", NULL, NULL));
    assert_null(asg_root_find_instance(after, "i-4", NULL, NULL));
    const struct asg_page *page = NULL;
    assert_non_null(asg_root_find_instance(after, "i-10", &page, NULL));
    assert_string_equal("api", asg_page_name(page));
    assert_true(asg_root_number(after) > asg_root_number(before));
    asg_view_drop(&before);
    asg_view_drop(&after);
}

static void put_alarmed(const char *name, uint32_t churn, uint32_t notices,
                        int64_t breaker_until_ms)
{
    struct asg_sheet *sheet = sheet_of(name, 1);
    sheet->content.alarm_counts.of[ASG_ALARM_CHURN] = churn;
    sheet->content.alarm_counts.of[ASG_ALARM_NOTICE] = notices;
    sheet->content.breaker_until_ms = breaker_until_ms;
    asg_draft_put(view, asg_page_new(sheet, NULL, 0));
}

static struct asg_alarm_counts alarms_at(int64_t now_ms)
{
    const struct asg_root *root = asg_view_hold(view);
    struct asg_alarm_counts ret = asg_root_alarms(root, now_ms);
    asg_view_drop(&root);
    return ret;
}

static void test_alarms_are_counted_by_kind(void **state)
{
    (void)state;
    asg_view_begin(view, true);
    put_alarmed("web", 1, 2, 70);
    put_alarmed("api", 1, 0, 0);
    asg_view_publish(view, 50);
    struct asg_alarm_counts alarms = alarms_at(50);
    assert_int_equal(2, alarms.of[ASG_ALARM_CHURN]);
    assert_int_equal(2, alarms.of[ASG_ALARM_NOTICE]);
    assert_int_equal(1, alarms.of[ASG_ALARM_LAUNCH_BREAKER]);
    assert_int_equal(0, alarms.of[ASG_ALARM_ORPHAN]);
    assert_int_equal(0, alarms_at(70).of[ASG_ALARM_LAUNCH_BREAKER]);
    asg_view_begin(view, false);
    put_alarmed("web", 0, 1, 0);
    asg_draft_take_out(view, "api", 1);
    asg_view_publish(view, 60);
    alarms = alarms_at(60);
    assert_int_equal(0, alarms.of[ASG_ALARM_CHURN]);
    assert_int_equal(1, alarms.of[ASG_ALARM_NOTICE]);
}

static void test_only_the_group_of_that_number_goes(void **state)
{
    (void)state;
    asg_view_begin(view, true);
    put("web", 2, 1, 1);
    asg_draft_take_out(view, "web", 1); /* an older one of its name */
    asg_draft_take_out(view, "api", 3);
    asg_view_publish(view, 1);
    const struct asg_root *root = asg_view_hold(view);
    assert_int_equal(1, asg_root_count(root));
    asg_view_drop(&root);
}

/* Drawn in an order that is none. */
static uint32_t shuffled(uint32_t i)
{
    return i * 617 % GROUPS;
}

static void check_sorted(const struct asg_root *root)
{
    const char *before = "";
    for (size_t i = 0; i < asg_root_count(root); i++) {
        const struct asg_page *page = asg_root_page(root, i);
        assert_true(strcmp(before, asg_page_name(page)) < 0);
        before = asg_page_name(page);
        assert_int_equal(i, asg_root_place(root, before));
        assert_ptr_equal(page, asg_root_find(root, before));
        char id[32];
        (void)snprintf(id, sizeof id, "i-%u", page->sheet->content.group.group_no);
        const struct asg_page *its = NULL;
        assert_non_null(asg_root_find_instance(root, id, &its, NULL));
        assert_ptr_equal(page, its);
    }
}

static void test_many_groups_come_and_go_in_any_order(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < GROUPS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "g%04u", shuffled(i));
        asg_view_begin(view, false);
        put(name, shuffled(i) + 1, shuffled(i) + 1, 1);
        asg_view_publish(view, i);
    }
    const struct asg_root *full = asg_view_hold(view);
    assert_int_equal(GROUPS, asg_root_count(full));
    check_sorted(full);
    asg_view_begin(view, false);
    for (uint32_t i = 0; i < GROUPS; i++) {
        uint32_t no = shuffled((i * 3 + 1) % GROUPS);
        if (no % 10 == 0) continue;
        char name[16];
        (void)snprintf(name, sizeof name, "g%04u", no);
        asg_draft_take_out(view, name, no + 1);
    }
    asg_view_publish(view, 1);
    const struct asg_root *few = asg_view_hold(view);
    assert_int_equal(GROUPS / 10, asg_root_count(few));
    check_sorted(few);
    check_sorted(full);
    assert_int_equal(GROUPS / 10, asg_root_totals(few).instances);
    asg_view_drop(&full);
    asg_view_drop(&few);
}

#define MANY 9973 /* a prime: stepping by any number meets each once */

static const char *many_name(size_t i)
{
    static char name[16];
    (void)snprintf(name, sizeof name, "group-%05zu", i);
    return name;
}

static void expect_many(const struct asg_root *root, size_t step)
{
    size_t there = (MANY + step - 1) / step;
    assert_int_equal(there, asg_root_count(root));
    assert_int_equal(there, asg_root_totals(root).groups);
    for (size_t i = 0; i < MANY; i++) {
        const char *name = many_name(i);
        const struct asg_page *page = asg_root_find(root, name);
        assert_int_equal((i + step - 1) / step, asg_root_place(root, name));
        assert_int_equal(i % step == 0, page != NULL);
        if (page == NULL) continue;
        assert_string_equal(name, asg_page_name(page));
        assert_ptr_equal(page, asg_root_page(root, i / step));
    }
    assert_int_equal(there, asg_root_place(root, "h"));
    assert_null(asg_root_find(root, "h"));
    assert_null(asg_root_find(root, ""));
}

/* Through racks and back: put in no order, taken out until few are left, and older roots
 * stay whole meanwhile. */
static void test_very_many_groups_stand_on_racks(void **state)
{
    (void)state;
    asg_view_begin(view, true);
    for (size_t i = 0; i < MANY; i++) {
        put(many_name(i * 5003 % MANY), 1, 0, 0);
    }
    asg_view_publish(view, 1);
    const struct asg_root *all = asg_view_hold(view);
    assert_true(all->top->level >= 2);
    expect_many(all, 1);
    const struct asg_root *few = NULL;
    for (size_t step = 3; step <= 6561; step *= 3) {
        asg_view_begin(view, false);
        for (size_t i = 0; i < MANY; i++) {
            if (i % step != 0) asg_draft_take_out(view, many_name(i), 1);
        }
        asg_view_publish(view, 2);
        asg_view_drop(&few);
        few = asg_view_hold(view);
        expect_many(few, step);
    }
    assert_int_equal(0, few->top->level); /* two groups need no rack */
    expect_many(all, 1);
    asg_view_begin(view, false);
    asg_draft_take_out(view, many_name(0), 1);
    asg_draft_take_out(view, many_name(6561), 1);
    asg_view_publish(view, 3);
    expect_many(few, 6561);
    const struct asg_root *none = asg_view_hold(view);
    assert_int_equal(0, asg_root_count(none));
    assert_null(none->top);
    asg_view_drop(&none);
    asg_view_drop(&few);
    asg_view_drop(&all);
}

static size_t count_shelves(const struct shelf *shelf)
{
    if (shelf->level == 0) return 1;
    size_t count = 0;
    for (size_t i = 0; i < shelf->count; i++) {
        count += count_shelves(shelf->shelves[i]);
    }
    return count;
}

static void test_names_in_order_leave_full_shelves(void **state)
{
    (void)state;
    asg_view_begin(view, true);
    for (size_t i = 0; i < MANY; i++) {
        put(many_name(i), 1, 0, 0);
    }
    asg_view_publish(view, 1);
    const struct asg_root *root = asg_view_hold(view);
    expect_many(root, 1);
    assert_int_equal((MANY + SHELF_WIDTH - 1) / SHELF_WIDTH, count_shelves(root->top));
    asg_view_drop(&root);
}

static size_t count_own(const struct shelf *shelf, uint64_t draft_no)
{
    if (shelf->draft_no != draft_no) return 0;
    size_t count = 1;
    for (size_t i = 0; shelf->level > 0 && i < shelf->count; i++) {
        count += count_own(shelf->shelves[i], draft_no);
    }
    return count;
}

static void test_a_change_copies_one_shelf_of_each_level(void **state)
{
    (void)state;
    asg_view_begin(view, true);
    for (size_t i = 0; i < MANY; i++) {
        put(many_name(i), 1, 0, 0);
    }
    asg_view_publish(view, 1);
    asg_view_begin(view, false);
    put(many_name(5000), 1, 0, 0);
    asg_view_publish(view, 2);
    const struct asg_root *root = asg_view_hold(view);
    assert_int_equal(root->top->level + 1, count_own(root->top, asg_root_number(root)));
    asg_view_drop(&root);
}

static void test_counts_are_of_a_moment(void **state)
{
    (void)state;
    asg_view_begin(view, true);
    put("web", 1, 1, 10); /* warm at 100, 101, ... 109 */
    asg_view_publish(view, 1);
    const struct asg_root *root = asg_view_hold(view);
    const struct asg_page *page = asg_root_find(root, "web");
    assert_int_equal(10, asg_page_warming(page, 99));
    assert_int_equal(4, asg_page_warming(page, 105));
    assert_int_equal(0, asg_page_warming(page, 109));
    assert_int_equal(10, asg_page_group(page, 105).in_service);
    assert_int_equal(4, asg_page_group(page, 105).warming);
    assert_int_equal(0, asg_page_place(page, 10));
    assert_int_equal(1, asg_page_place(page, 11));
    asg_view_drop(&root);
}

static void test_the_first_to_render_fills_the_slot(void **state)
{
    (void)state;
    struct asg_sheet *sheet = sheet_of("web", 1);
    assert_null(asg_slot_read(sheet->slot));
    const struct asg_rendered *first = asg_slot_fill(sheet->slot, "<a/><b/>", 8, 4);
    const struct asg_rendered *second = asg_slot_fill(sheet->slot, "<c/>", 4, 0);
    assert_ptr_equal(first, second);
    assert_ptr_equal(first, asg_slot_read(sheet->slot));
    assert_int_equal(8, first->length);
    assert_int_equal(4, first->split);
    assert_memory_equal("<a/><b/>", first->data, 8);
    asg_sheet_drop(sheet);
}

/* ---- readers beside the writer ---- */

static atomic_bool is_over;

/* In each root that is published the number of groups, of instances and the time agree.
 */
static void *read_on(void *context)
{
    size_t *reads = context;
    do {
        const struct asg_root *root = asg_view_hold(view);
        size_t count = asg_root_count(root);
        if ((int64_t)count != asg_root_time_ms(root) ||
            asg_root_totals(root).instances != count) {
            asg_view_drop(&root);
            *reads = 0;
            return NULL;
        }
        for (size_t i = 0; i < count; i++) {
            const struct asg_page *page = asg_root_page(root, i);
            (void)asg_slot_fill(page->leaves[0]->slot, "x", 1, 0);
        }
        asg_view_drop(&root);
        (*reads)++;
    } while (!atomic_load(&is_over));
    return NULL;
}

static void test_readers_see_one_root_or_the_next(void **state)
{
    (void)state;
    pthread_t threads[3];
    size_t reads[3] = {0};
    atomic_store(&is_over, false);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, read_on, &reads[i]));
    }
    int64_t count = 0;
    for (uint32_t i = 0; i < 4000; i++) {
        char name[16];
        uint32_t no = i * 7 % 300;
        (void)snprintf(name, sizeof name, "g%04u", no);
        asg_view_begin(view, false);
        if (asg_draft_find(view, name) == NULL) {
            put(name, no + 1, no + 1, 1);
            count++;
        } else {
            asg_draft_take_out(view, name, no + 1);
            count--;
        }
        asg_view_publish(view, count);
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_true(reads[i] > 0);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_published_yet),
        TEST(test_what_is_held_stays),
        TEST(test_alarms_are_counted_by_kind),
        TEST(test_only_the_group_of_that_number_goes),
        TEST(test_many_groups_come_and_go_in_any_order),
        TEST(test_very_many_groups_stand_on_racks),
        TEST(test_names_in_order_leave_full_shelves),
        TEST(test_a_change_copies_one_shelf_of_each_level),
        TEST(test_counts_are_of_a_moment),
        TEST(test_the_first_to_render_fills_the_slot),
        TEST(test_readers_see_one_root_or_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
