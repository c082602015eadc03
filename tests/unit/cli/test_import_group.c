/* Groups of AWS as files: what is written of them is read back as the same group. The
 * answers are those of tests/fuzz/corpus/fuzz_scaling_answers, which the services' models
 * wrote (tests/integration/scripted_scaling.py). */
#include "cli/imports/import_group.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "aws/ec2_reply.h"
#include "aws/scaling_actions.h"
#include "cli/files/declared.h"
#include "cli/imports/write_import.h"
#include "lib/check.h"
#include "model/equal.h"
#include "model/schemas.h"

#define CORPUS ASG_SOURCE_DIR "/tests/fuzz/corpus/fuzz_scaling_answers"

struct fixture {
    struct asg_arena arena;
    struct asg_answer_list groups;
    struct asg_import_answers answers;
};

static int set_up(void **state)
{
    struct fixture *fixture = asg_alloc(1, sizeof *fixture);
    fixture->answers.region = "us-east-1";
    fixture->answers.now_ms = 1;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    asg_arena_clear(&fixture->arena);
    free(fixture);
    return 0;
}

static struct asg_answer_list *list_of(struct fixture *fixture, size_t call)
{
    struct asg_import_answers *answers = &fixture->answers;
    struct asg_answer_list *const lists[] = {
        &fixture->groups,    &answers->policies,
        &answers->schedules, &answers->launch_configurations,
        &answers->hooks,     &answers->notifications,
        &answers->refreshes, &answers->alarms};
    assert_true(call < sizeof lists / sizeof lists[0]);
    return lists[call];
}

static void take(struct fixture *fixture, size_t at, const char *text)
{
    const struct asg_scaling_call *call = asg_scaling_calls[at];
    struct asg_answer_list *list = list_of(fixture, at);
    struct asg_ec2_reply reply = {0};
    asg_ec2_reply_begin(&reply, &call->action, &fixture->arena);
    assert_int_equal(ASG_OK, asg_ec2_reply_feed(&reply, text, strlen(text), true));
    const char *token = NULL;
    for (const struct asg_answer_node *member =
             asg_scaling_members(call, reply.value, &token);
         member != NULL; member = member->next) {
        void *items = list->items;
        const struct asg_answer_node **item = asg_arena_push(
            &fixture->arena, &items, &list->count, &list->capacity, sizeof *item);
        list->items = items;
        *item = asg_answer_copy(member, &fixture->arena);
    }
    asg_ec2_reply_clear(&reply);
}

static void read_corpus(struct fixture *fixture, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", CORPUS, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    static char text[262144];
    size_t length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[length] = '\0';
    memset(&fixture->groups, 0, sizeof fixture->groups);
    fixture->answers = (struct asg_import_answers){.region = "us-east-1", .now_ms = 1};
    for (size_t at = 0; at < length;) {
        if (text[at + 1] != '\0') take(fixture, (size_t)text[at] % 8, text + at + 1);
        at += strlen(text + at) + 1;
    }
}

static void read_back(struct fixture *fixture, const struct asg_imported *imported,
                      struct asg_declared *ret)
{
    char path[] = "/tmp/openasg-import-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    struct asg_bytes text = {0};
    struct asg_error error = {""};
    asg_write_import(imported, "us-east-1", &text);
    assert_int_equal(text.length, write(file, text.data, text.length));
    (void)close(file);
    enum asg_status status =
        asg_declared_read_file(path, ASG_RULES_GROUP, &fixture->arena, ret, &error);
    (void)unlink(path);
    if (status != ASG_OK) fail_msg("%s\n%s", error.text, asg_bytes_text(&text));
    asg_bytes_clear(&text);
}

static void assert_same(struct fixture *fixture, const struct asg_imported *imported)
{
    struct asg_declared wanted = {0};
    read_back(fixture, imported, &wanted);
    assert_int_equal(1, wanted.group_count);
    assert_true(asg_model_equal(&asg_group_config_schema, &imported->group,
                                &wanted.groups[0].config));
    assert_int_equal(imported->policy_count, wanted.policy_count);
    for (size_t i = 0; i < wanted.policy_count; i++) {
        assert_string_equal(imported->group.name, wanted.policies[i].config.group);
        assert_true(asg_model_equal(&asg_policy_config_schema, &imported->policies[i],
                                    &wanted.policies[i].config));
    }
    assert_int_equal(imported->schedule_count, wanted.schedule_count);
    for (size_t i = 0; i < wanted.schedule_count; i++) {
        assert_true(asg_model_equal(&asg_schedule_config_schema, &imported->schedules[i],
                                    &wanted.schedules[i].config));
    }
}

static void test_import_writes_what_is_read_back_the_same(void **state)
{
    struct fixture *fixture = *state;
    DIR *folder = opendir(CORPUS);
    assert_non_null(folder);
    size_t groups = 0;
    size_t policies = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') continue;
        read_corpus(fixture, entry->d_name);
        for (size_t i = 0; i < fixture->groups.count; i++) {
            struct asg_imported imported;
            asg_import_group(fixture->groups.items[i], &fixture->answers, &fixture->arena,
                             &imported);
            assert_same(fixture, &imported);
            groups++;
            policies += imported.policy_count;
        }
    }
    (void)closedir(folder);
    assert_true(groups >= 5);
    assert_true(policies >= 5);
}

/* Values that a file has to write with care. */
static void test_import_keeps_odd_texts(void **state)
{
    struct fixture *fixture = *state;
    take(fixture, 0,
         "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>"
         "<AutoScalingGroups><member><AutoScalingGroupName>a: #b 'c' \"d\" "
         "&#9;e</AutoScalingGroupName><MinSize>1</MinSize><MaxSize>100001</MaxSize>"
         "<DefaultCooldown>99999999999999</DefaultCooldown>"
         "<Tags><member><Key>yes</Key><Value>~\n---\n- x</Value></member></Tags>"
         "<Status>Delete&#10;in progress</Status></member></AutoScalingGroups>"
         "</DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>");
    struct asg_imported imported;
    asg_import_group(fixture->groups.items[0], &fixture->answers, &fixture->arena,
                     &imported);
    assert_int_equal(100000, imported.group.max);
    assert_int_equal(300000, imported.group.cooldown_ms); /* the default */
    assert_same(fixture, &imported);
    assert_int_equal(1, imported.note_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_import_writes_what_is_read_back_the_same,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_import_keeps_odd_texts, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("import_group", tests, NULL, NULL);
}
