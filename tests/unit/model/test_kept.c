/* Members that are kept as the client wrote them: found, replaced by their top-level
 * names, and checked. */
#include <stdio.h>

#include "lib/check.h"
#include "model/kept.h"

static struct asg_kept_member policy[] = {
    {"InstanceMaintenancePolicy.MinHealthyPercentage", "90"},
    {"InstanceMaintenancePolicy.MaxHealthyPercentage", "120"},
    {"PlacementGroup", "near"},
    {"Context", "x"},
};

static void test_a_member_is_found_by_its_path(void **state)
{
    (void)state;
    assert_string_equal("near", asg_kept_find(policy, 4, "PlacementGroup"));
    assert_string_equal(
        "120",
        asg_kept_find(policy, 4, "InstanceMaintenancePolicy.MaxHealthyPercentage"));
    assert_null(asg_kept_find(policy, 4, "InstanceMaintenancePolicy"));
    assert_null(asg_kept_find(policy, 2, "PlacementGroup"));
}

static void test_a_change_replaces_whole_top_level_members(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_kept_member changes[] = {
        {"InstanceMaintenancePolicy.MinHealthyPercentage", "100"},
        {"PlacementGroup", ""},
        {"DesiredCapacityType", "units"},
    };
    struct asg_kept_member *kept = NULL;
    size_t count = 0;
    asg_kept_merge(policy, 4, changes, 3, &arena, &kept, &count);
    assert_int_equal(3, count);
    assert_string_equal("Context", kept[0].path);
    assert_string_equal("100", kept[1].value);
    assert_string_equal("DesiredCapacityType", kept[2].path);
    assert_null(
        asg_kept_find(kept, count, "InstanceMaintenancePolicy.MaxHealthyPercentage"));
    assert_null(asg_kept_find(kept, count, "PlacementGroup"));
    asg_arena_clear(&arena);
}

static void test_a_name_that_begins_like_another_is_another(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_kept_member change = {"PlacementGroupId", "pg-1"};
    struct asg_kept_member *kept = NULL;
    size_t count = 0;
    asg_kept_merge(policy, 4, &change, 1, &arena, &kept, &count);
    assert_int_equal(5, count);
    assert_string_equal("near", asg_kept_find(kept, count, "PlacementGroup"));
    /* An empty value within a member is a value. */
    change = (struct asg_kept_member){"Context.Note", ""};
    asg_kept_merge(policy, 4, &change, 1, &arena, &kept, &count);
    assert_int_equal(4, count);
    assert_string_equal("", asg_kept_find(kept, count, "Context.Note"));
    asg_arena_clear(&arena);
}

static void refuse(const struct asg_kept_member *kept, size_t count, const char *words)
{
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID, asg_kept_check(kept, count, &error));
    if (strstr(error.text, words) == NULL) fail_msg("%s", error.text);
}

static void test_what_is_too_much_is_refused(void **state)
{
    (void)state;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_kept_check(policy, 4, &error));
    static char longest[ASG_KEPT_VALUE_MAX + 2];
    memset(longest, 'x', ASG_KEPT_VALUE_MAX);
    struct asg_kept_member one[] = {{"A", longest}, {"B", ""}};
    assert_status(ASG_OK, asg_kept_check(one, 2, &error));
    longest[ASG_KEPT_VALUE_MAX] = 'x';
    refuse(one, 2, "too long");
    one[0] = (struct asg_kept_member){"", "x"};
    refuse(one, 2, "too long");
    one[0] = (struct asg_kept_member){"B", "x"};
    refuse(one, 2, "twice");
    static struct asg_kept_member many[ASG_KEPT_MAX + 1];
    refuse(many, ASG_KEPT_MAX + 1, "more than");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_member_is_found_by_its_path),
        cmocka_unit_test(test_a_change_replaces_whole_top_level_members),
        cmocka_unit_test(test_a_name_that_begins_like_another_is_another),
        cmocka_unit_test(test_what_is_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
