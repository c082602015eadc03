#include "cli/files/rules.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/check.h"
#include "model/presets.h"
#include "model/schemas.h"

struct fixture {
    struct asg_arena arena;
    struct asg_rules rules;
    struct asg_error error;
    char path[64];
};

static int set_up(void **state)
{
    *state = asg_alloc(1, sizeof(struct fixture));
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

static enum asg_status read_text(struct fixture *fixture, enum asg_rules_kind bare,
                                 const char *text)
{
    if (fixture->path[0] != '\0') (void)unlink(fixture->path);
    (void)snprintf(fixture->path, sizeof fixture->path, "/tmp/openasg-rules-XXXXXX");
    int file = mkstemp(fixture->path);
    assert_true(file >= 0);
    assert_int_equal(strlen(text), write(file, text, strlen(text)));
    (void)close(file);
    return asg_rules_read(fixture->path, bare, &fixture->arena, &fixture->rules,
                          &fixture->error);
}

static void read_example(struct fixture *fixture, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/examples/%s", ASG_SOURCE_DIR, name);
    if (asg_rules_read(path, ASG_RULES_POLICY, &fixture->arena, &fixture->rules,
                       &fixture->error) != ASG_OK) {
        fail_msg("%s", fixture->error.text);
    }
}

static void test_rules_reads_every_example(void **state)
{
    struct fixture *fixture = *state;
    DIR *folder = opendir(ASG_SOURCE_DIR "/examples");
    assert_non_null(folder);
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        const char *end = strrchr(entry->d_name, '.');
        if (end == NULL || strcmp(end, ".yaml") != 0) continue;
        read_example(fixture, entry->d_name);
        const struct asg_rules *rules = &fixture->rules;
        assert_true(rules->policy_count + rules->schedule_count > 0);
        for (size_t i = 0; i < rules->policy_count; i++) {
            assert_string_not_equal("", rules->policies[i].group);
            assert_string_not_equal("", rules->policies[i].name);
        }
        count++;
    }
    (void)closedir(folder);
    assert_int_equal(5, count);
}

static void test_rules_reads_the_rule_of_the_student_project(void **state)
{
    struct fixture *fixture = *state;
    read_example(fixture, "student.yaml");
    const struct asg_rules *rules = &fixture->rules;
    assert_true(rules->has_group);
    assert_int_equal(2, rules->group.min);
    assert_int_equal(5, rules->group.max);
    assert_string_equal("$Default", rules->group.template_version);
    assert_int_equal(2, rules->policy_count);
    const struct asg_policy_config *out = &rules->policies[0];
    assert_int_equal(ASG_POLICY_SIMPLE, out->kind);
    assert_int_equal(ASG_STATISTIC_HIGHEST, out->statistic);
    assert_int_equal(ASG_COMPARISON_GREATER_OR_EQUAL, out->comparison);
    assert_int_equal(70000, out->threshold_milli);
    assert_true(out->has_threshold); /* saying a threshold makes an alarm */
    assert_int_equal(1, out->adjustment);
    const struct asg_policy_config *in = &rules->policies[1];
    assert_int_equal(ASG_STATISTIC_LOWEST, in->statistic);
    assert_int_equal(ASG_COMPARISON_LESS, in->comparison);
    assert_int_equal(19000, in->threshold_milli);
    assert_int_equal(-1, in->adjustment);
}

static void test_rules_reads_one_bare_thing(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_OK, read_text(fixture, ASG_RULES_POLICY,
                                    "group: web\nname: a\ntarget: 40\n"));
    assert_int_equal(1, fixture->rules.policy_count);
    assert_int_equal(40000, fixture->rules.policies[0].target_milli);
    assert_int_equal(asg_presets[ASG_PRESET_DEFAULT].policy.scale_in_permille,
                     fixture->rules.policies[0].scale_in_permille);
    assert_int_equal(ASG_UNSET, fixture->rules.policies[0].cooldown_ms);
    assert_status(ASG_OK, read_text(fixture, ASG_RULES_POLICY,
                                    "group: web\nname: a\ntarget: 40\n"
                                    "preset: calm\nstabilisation: 0s\n"));
    assert_int_equal(ASG_PRESET_CALM, fixture->rules.policies[0].preset);
    assert_int_equal(asg_presets[ASG_PRESET_CALM].policy.scale_in_permille,
                     fixture->rules.policies[0].scale_in_permille);
    assert_int_equal(0, fixture->rules.policies[0].stabilisation_ms); /* what was said */
    assert_status(ASG_OK, read_text(fixture, ASG_RULES_GROUP, "min: 1\nmax: 3\n"));
    assert_true(fixture->rules.has_group);
    assert_int_equal(300000, fixture->rules.group.cooldown_ms);
    assert_status(ASG_OK, read_text(fixture, ASG_RULES_SCHEDULE,
                                    "group: web\nname: a\nrecurrence: '0 0 * * *'\n"));
    assert_int_equal(1, fixture->rules.schedule_count);
    assert_int_equal(ASG_UNSET, fixture->rules.schedules[0].desired);
    assert_string_equal("UTC", fixture->rules.schedules[0].time_zone);
}

static void test_rules_says_what_is_wrong_with_a_file(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_ERR_INVALID,
                  read_text(fixture, ASG_RULES_POLICY, "policies:\n- nam: a\n"));
    assert_non_null(strstr(fixture->error.text, "did you mean \"name\""));
    assert_status(ASG_ERR_INVALID,
                  read_text(fixture, ASG_RULES_POLICY, "policies: []\nrules: []\n"));
    assert_non_null(strstr(fixture->error.text, "unknown section \"rules\""));
    assert_status(ASG_ERR_INVALID, read_text(fixture, ASG_RULES_POLICY, "policies: 5\n"));
    assert_status(ASG_ERR_NOT_FOUND,
                  asg_rules_read("/nowhere.yaml", ASG_RULES_POLICY, &fixture->arena,
                                 &fixture->rules, &fixture->error));
}

/* No update changes it. */
static bool stays(const char *field)
{
    return strcmp(field, "name") == 0 || strcmp(field, "uuid") == 0 ||
           strcmp(field, "collected_metrics") == 0 || strcmp(field, "sources") == 0;
}

static void test_rules_knows_the_update_bit_of_every_field(void **state)
{
    (void)state;
    const struct asg_schema *schema = &asg_group_config_schema;
    for (size_t i = 0; i < schema->field_count; i++) {
        uint64_t bits = asg_group_fields_of(UINT64_C(1) << i);
        if ((bits == 0) != stays(schema->fields[i].name)) {
            fail_msg("%s", schema->fields[i].name);
        }
    }
    assert_int_equal((UINT64_C(1) << ASG_GROUP_FIELD_COUNT) - 1,
                     asg_group_fields_of((UINT64_C(1) << schema->field_count) - 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rules_reads_every_example),
        TEST(test_rules_reads_the_rule_of_the_student_project),
        TEST(test_rules_reads_one_bare_thing),
        TEST(test_rules_says_what_is_wrong_with_a_file),
        TEST(test_rules_knows_the_update_bit_of_every_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
