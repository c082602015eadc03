#include "cli/files/compare.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/files/spell_files.h"
#include "lib/check.h"
#include "model/schemas.h"

#define NOW INT64_C(1795442400000)

struct fixture {
    struct asg_arena arena;
    struct asg_declared declared;
    struct asg_present present;
    struct asg_differences differences;
    struct asg_apply order;
    struct asg_error error;
    struct asg_compare_options options;
    struct asg_group_config config;
    struct asg_group_view view;
    char path[64];
};

static int set_up(void **state)
{
    struct fixture *fixture = asg_alloc(1, sizeof *fixture);
    fixture->options.now_ms = NOW;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->path[0] != '\0') (void)unlink(fixture->path);
    asg_arena_clear(&fixture->arena);
    free(fixture);
    return 0;
}

static struct asg_subnet zone_a[] = {{.subnet_id = "", .zone = "us-east-1a"}};

/* Group web is there, 2 to 6, with 4 instances. */
static void have_group(struct fixture *fixture)
{
    fixture->config = asg_group_defaults();
    fixture->config.name = "web";
    fixture->config.min = 2;
    fixture->config.max = 6;
    fixture->config.desired = 4;
    fixture->config.template_id = "lt-1";
    fixture->config.template_version = "3";
    fixture->config.subnets = zone_a;
    fixture->config.subnet_count = 1;
    fixture->view = (struct asg_group_view){
        .config = &fixture->config, .in_service = 4, .warming = 0, .revision = 7};
    fixture->present.groups = &fixture->view;
    fixture->present.group_count = 1;
    fixture->present.revision = 9;
}

static void have_policies(struct fixture *fixture, struct asg_policy_config *policies,
                          size_t count)
{
    fixture->present.policies = policies;
    fixture->present.policy_count = count;
}

static enum asg_status read_declared(struct fixture *fixture, const char *text)
{
    if (fixture->path[0] != '\0') (void)unlink(fixture->path);
    (void)snprintf(fixture->path, sizeof fixture->path, "/tmp/openasg-compare-XXXXXX");
    int file = mkstemp(fixture->path);
    assert_true(file >= 0);
    assert_int_equal(strlen(text), write(file, text, strlen(text)));
    (void)close(file);
    const char *path = fixture->path;
    const struct asg_texts paths = {.items = &path, .count = 1};
    return asg_declared_read(&paths, &fixture->arena, &fixture->declared,
                             &fixture->error);
}

static void compare(struct fixture *fixture, const char *text)
{
    if (read_declared(fixture, text) != ASG_OK) fail_msg("%s", fixture->error.text);
    enum asg_status status = asg_compare(
        &fixture->declared, &fixture->present, &fixture->options, &fixture->arena,
        &fixture->differences, &fixture->order, &fixture->error);
    if (status != ASG_OK) fail_msg("%s", fixture->error.text);
}

/* The fields of a difference in one text. */
static const char *fields_of(struct fixture *fixture, size_t at)
{
    assert_true(at < fixture->differences.difference_count);
    const struct asg_difference *one = &fixture->differences.differences[at];
    const char *text = "";
    for (size_t i = 0; i < one->field_count; i++) {
        const struct asg_field_difference *field = &one->fields[i];
        text = asg_arena_format(&fixture->arena, "%s%s%s: %s > %s", text,
                                i > 0 ? "; " : "", field->field, field->from, field->to);
    }
    return text;
}

static void test_compare_looks_only_at_what_a_file_names_of_a_group(void **state)
{
    struct fixture *fixture = *state;
    have_group(fixture);
    compare(fixture, "group: {name: web, max: 6}\n");
    assert_int_equal(0, fixture->differences.difference_count);
    assert_int_equal(1, fixture->differences.unchanged);
    assert_int_equal(0, fixture->order.group_count);
    compare(fixture, "group: {name: web, max: 8, cooldown: 90s, min: 2}\n");
    assert_string_equal("max: 6 > 8; cooldown: 5m > 90s", fields_of(fixture, 0));
    assert_int_equal(1, fixture->order.group_count);
    const struct asg_apply_group *order = &fixture->order.groups[0];
    assert_int_equal(UINT64_C(1) << ASG_GROUP_MAX | UINT64_C(1) << ASG_GROUP_COOLDOWN,
                     order->fields);
    assert_int_equal(8, order->config->max);
    assert_false(order->is_new);
    assert_true(fixture->order.has_revision);
    assert_int_equal(9, fixture->order.revision);
}

static void test_compare_leaves_desired_to_scaling(void **state)
{
    struct fixture *fixture = *state;
    have_group(fixture);
    compare(fixture, "group: {name: web, desired: 2}\n");
    assert_int_equal(0, fixture->differences.difference_count);
    fixture->options.sets_desired = true;
    compare(fixture, "group: {name: web, desired: 2}\n");
    assert_string_equal("desired: 4 > 2", fields_of(fixture, 0));
    assert_int_equal(1, fixture->differences.capacity_count);
    assert_int_equal(2, fixture->differences.capacities[0].terminate);
    fixture->options.sets_desired = false;
    compare(fixture, "group: {name: web, max: 3}\n"); /* pulls desired down */
    assert_int_equal(1, fixture->differences.capacities[0].terminate);
    assert_int_equal(3, fixture->differences.capacities[0].desired);
}

static void test_compare_creates_a_group_as_the_file_says(void **state)
{
    struct fixture *fixture = *state;
    compare(fixture, "group: {name: new, min: 2, max: 5, template_id: lt-1, "
                     "subnets: [{zone: us-east-1a}]}\n"
                     "policies: [{name: p, target: 50}]\n");
    assert_int_equal(2, fixture->differences.created);
    const struct asg_apply_group *order = &fixture->order.groups[0];
    assert_true(order->is_new);
    assert_int_equal(2, order->config->desired); /* as min: it was not named */
    assert_int_equal(300000, order->config->cooldown_ms);
    assert_int_equal(1, order->policy_count);
    assert_string_equal("new", order->policies[0].group);
    assert_int_equal(2, fixture->differences.capacities[0].launch);
}

static void test_compare_forgets_the_other_origin_with_its_version(void **state)
{
    struct fixture *fixture = *state;
    have_group(fixture);
    compare(fixture, "group: {name: web, template_name: web}\n");
    const struct asg_group_config *config = fixture->order.groups[0].config;
    assert_string_equal("web", config->template_name);
    assert_string_equal("", config->template_id);
    assert_string_equal("$Default", config->template_version);
    assert_int_equal(UINT64_C(1) << ASG_GROUP_TEMPLATE, fixture->order.groups[0].fields);
    compare(fixture, "group: {name: web, template_version: \"4\"}\n");
    config = fixture->order.groups[0].config;
    assert_string_equal("lt-1", config->template_id); /* it is the same template */
    assert_string_equal("template_version: \"3\" > \"4\"", fields_of(fixture, 0));
}

static void test_compare_takes_tags_as_a_set(void **state)
{
    struct fixture *fixture = *state;
    static struct asg_tag tags[] = {{.key = "a", .value = "1"},
                                    {.key = "b", .value = "2"},
                                    {.key = "c", .value = ""}};
    have_group(fixture);
    fixture->config.tags = tags;
    fixture->config.tag_count = 3;
    compare(fixture, "group: {name: web, tags: [{key: c}, {key: b, value: '2'}, "
                     "{key: a, value: '1'}]}\n");
    assert_int_equal(0, fixture->differences.difference_count);
    compare(fixture, "group: {name: web, tags: [{key: b, value: '3'}, {key: c}, "
                     "{key: d}]}\n");
    assert_string_equal("tags[b]: {key: b, value: \"2\"} > {key: b, value: \"3\"}; "
                        "tags[d]:  > {key: d}; tags[a]: {key: a, value: \"1\"} > ",
                        fields_of(fixture, 0));
}

static void test_compare_says_which_kept_members_go(void **state)
{
    struct fixture *fixture = *state;
    static struct asg_kept_member kept[] = {{.path = "PlacementGroup", .value = "pg"},
                                            {.path = "Policy.Max", .value = "120"},
                                            {.path = "Policy.Min", .value = "90"}};
    have_group(fixture);
    fixture->config.kept = kept;
    fixture->config.kept_count = 3;
    compare(fixture, "group: {name: web, kept: [{path: PlacementGroup, value: pg}]}\n");
    const struct asg_group_config *sent = fixture->order.groups[0].config;
    assert_int_equal(2, sent->kept_count);
    assert_string_equal("Policy",
                        sent->kept[1].path); /* an update takes it away by that */
    assert_string_equal("", sent->kept[1].value);
}

static void test_compare_takes_a_policy_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    static struct asg_kept_member kept[] = {{.path = "X.Y", .value = "1"}};
    struct asg_policy_config policy = asg_policy_defaults();
    policy.group = "web";
    policy.name = "p";
    policy.target_milli = 50000;
    policy.uuid = "u";
    policy.alarm_high = "h";
    policy.kept = kept;
    policy.kept_count = 1;
    have_group(fixture);
    have_policies(fixture, &policy, 1);
    compare(fixture, "policies: [{group: web, name: p, target: 50}]\n");
    assert_int_equal(0, fixture->differences.difference_count);
    policy.patience = 2; /* by hand: the file does not name it, and wants its preset's */
    compare(fixture, "policies: [{group: web, name: p, target: 50}]\n");
    assert_string_equal("patience: 2 > 6", fields_of(fixture, 0));
    assert_int_equal(1, fixture->order.groups[0].policies[0].kept_count); /* it stays */
    compare(fixture, "policies: [{group: web, name: p, target: 50, kept: []}]\n");
    assert_int_equal(0, fixture->order.groups[0].policies[0].kept_count);
}

static void test_compare_prunes_only_groups_that_are_defined(void **state)
{
    struct fixture *fixture = *state;
    struct asg_policy_config policies[2] = {asg_policy_defaults(), asg_policy_defaults()};
    policies[0].group = policies[1].group = "web";
    policies[0].name = "a";
    policies[1].name = "b";
    policies[0].target_milli = policies[1].target_milli = 50000;
    have_group(fixture);
    have_policies(fixture, policies, 2);
    fixture->options.prunes = true;
    compare(fixture, "policies: [{group: web, name: a, target: 50}]\n");
    assert_int_equal(0, fixture->differences.deleted);
    compare(fixture, "group: {name: web}\npolicies: [{name: a, target: 50}]\n");
    assert_int_equal(1, fixture->differences.deleted);
    assert_int_equal(1, fixture->order.groups[0].gone_policies.count);
    assert_string_equal("b", fixture->order.groups[0].gone_policies.items[0]);
    assert_null(fixture->order.groups[0].config);
}

static void test_compare_does_not_miss_what_has_had_its_last_run(void **state)
{
    struct fixture *fixture = *state;
    have_group(fixture);
    compare(fixture, "schedules:\n"
                     "- {group: web, name: once, start: 2020-01-01T00:00:00Z, min: 1}\n"
                     "- {group: web, name: ended, recurrence: '0 0 * * *', "
                     "end: 2021-01-01T00:00:00Z, min: 1}\n");
    assert_int_equal(0, fixture->differences.difference_count);
    assert_int_equal(2, fixture->differences.over);
    /* A start that is over says nothing of what still recurs. */
    struct asg_schedule_config schedule = asg_schedule_defaults();
    schedule.group = "web";
    schedule.name = "daily";
    schedule.recurrence = "0 0 * * *";
    schedule.min = 1;
    fixture->present.schedules = &schedule;
    fixture->present.schedule_count = 1;
    compare(fixture, "schedules: [{group: web, name: daily, recurrence: '0 0 * * *', "
                     "start: 2020-01-01T00:00:00Z, min: 1}]\n");
    assert_int_equal(0, fixture->differences.difference_count);
}

static void test_compare_refuses_what_belongs_to_no_group(void **state)
{
    struct fixture *fixture = *state;
    have_group(fixture);
    assert_status(ASG_OK, read_declared(fixture, "policies: [{group: x, name: p}]\n"));
    assert_status(ASG_ERR_INVALID,
                  asg_compare(&fixture->declared, &fixture->present, &fixture->options,
                              &fixture->arena, &fixture->differences, &fixture->order,
                              &fixture->error));
    assert_non_null(strstr(fixture->error.text, "policy p is of group x"));
}

static void test_compare_tells_what_only_the_api_changes(void **state)
{
    struct fixture *fixture = *state;
    have_group(fixture);
    compare(fixture, "group: {name: web, max: 7, "
                     "sources: [{kind: elb, identifier: classic}]}\n");
    assert_non_null(strstr(fixture->differences.differences[0].refused, "API"));
    assert_string_equal(
        "max: 6 > 7; sources[classic]:  > {kind: elb, identifier: classic}",
        fields_of(fixture, 0));
}

/* Thousands of groups: what belongs to one is found without looking at the others. */
static void test_compare_takes_ten_thousand_groups(void **state)
{
    struct fixture *fixture = *state;
    enum { GROUPS = 10000 };
    struct asg_bytes text = {0};
    for (int i = 0; i < GROUPS; i++) {
        asg_bytes_printf(&text,
                         "---\ngroup: {name: g%d, min: 0, max: 3, template_id: lt-1, "
                         "subnets: [{zone: a}]}\npolicies: [{name: p, target: 50}]\n",
                         i);
    }
    compare(fixture, asg_bytes_text(&text));
    asg_bytes_clear(&text);
    assert_int_equal(2 * GROUPS, fixture->differences.created);
    assert_int_equal(GROUPS, fixture->order.group_count);
    for (size_t i = 1; i < fixture->order.group_count; i++) {
        assert_true(
            strcmp(fixture->order.groups[i - 1].name, fixture->order.groups[i].name) < 0);
    }
}

/* A tag by the API may have what the command line does not send. */
static void test_an_order_repeats_nothing_that_others_said(void **state)
{
    struct fixture *fixture = *state;
    static struct asg_tag tags[] = {{.key = "note", .value = "a\u202eb"}};
    have_group(fixture);
    fixture->config.tags = tags;
    fixture->config.tag_count = 1;
    compare(fixture, "group: {name: web, max: 7}\n");
    const struct asg_apply_group *sent = &fixture->order.groups[0];
    assert_string_equal("web", sent->config->name);
    assert_int_equal(7, sent->config->max);
    assert_int_equal(UINT64_C(1) << ASG_GROUP_MAX, sent->fields);
    assert_int_equal(0, sent->config->tag_count);
}

static void test_files_of_groups_have_names_that_a_folder_shows(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal("web.yaml", asg_spell_file_name("web", &fixture->arena));
    assert_string_equal("%2E%2Fa%2F..%2F%25.yaml",
                        asg_spell_file_name("./a/../%", &fixture->arena));
    /* Room for ".new"; two that begin alike have two files. */
    char name[256];
    memset(name, 'x', 241);
    name[241] = '\0';
    assert_int_equal(246, strlen(asg_spell_file_name(name, &fixture->arena)));
    memset(name, '/', 255);
    name[255] = '\0';
    const char *slashes = asg_spell_file_name(name, &fixture->arena);
    name[254] = 'x';
    const char *other = asg_spell_file_name(name, &fixture->arena);
    assert_in_range(strlen(slashes), 200, 251);
    assert_in_range(strlen(other), 200, 251);
    assert_string_not_equal(slashes, other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_compare_looks_only_at_what_a_file_names_of_a_group),
        TEST(test_compare_leaves_desired_to_scaling),
        TEST(test_compare_creates_a_group_as_the_file_says),
        TEST(test_compare_forgets_the_other_origin_with_its_version),
        TEST(test_compare_takes_tags_as_a_set),
        TEST(test_compare_says_which_kept_members_go),
        TEST(test_compare_takes_a_policy_as_a_whole),
        TEST(test_compare_prunes_only_groups_that_are_defined),
        TEST(test_compare_does_not_miss_what_has_had_its_last_run),
        TEST(test_compare_refuses_what_belongs_to_no_group),
        TEST(test_compare_tells_what_only_the_api_changes),
        TEST(test_compare_takes_ten_thousand_groups),
        TEST(test_an_order_repeats_nothing_that_others_said),
        TEST(test_files_of_groups_have_names_that_a_folder_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
