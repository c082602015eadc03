/* The tables of shapes: sound in themselves; --dump prints them as JSON, for
 * tests/tidy/test_api_shapes.py, which holds them against the service's model. */
#include "lib/check.h"

#include <stdio.h>

#include "api/door.h"

static const char *const kinds[] = {
    [ASG_QUERY_TEXT] = "text",       [ASG_QUERY_NUMBER] = "number",
    [ASG_QUERY_DECIMAL] = "decimal", [ASG_QUERY_FLAG] = "flag",
    [ASG_QUERY_TIME] = "time",       [ASG_QUERY_STRUCT] = "struct",
    [ASG_QUERY_TEXTS] = "texts",     [ASG_QUERY_STRUCTS] = "structs",
};

static void dump_shape(const struct asg_query_shape *shape);

static void dump_member(const struct asg_query_member *member)
{
    printf("{\"name\":\"%s\",\"kind\":\"%s\",\"required\":%s,\"min\":%lld,\"max\":%lld,"
           "\"item_min\":%lld,\"item_max\":%lld,\"share\":%s,\"words\":\"%s\"",
           member->name, kinds[member->kind], member->is_required ? "true" : "false",
           (long long)member->min, (long long)member->max, (long long)member->item_min,
           (long long)member->item_max, member->is_share ? "true" : "false",
           member->words != NULL ? member->words : "");
    if (member->shape != NULL) {
        printf(",\"members\":");
        dump_shape(member->shape);
    }
    printf("}");
}

/* As deep as the model is: it has no ring. */
static void dump_shape(const struct asg_query_shape *shape)
{
    printf("[");
    for (size_t i = 0; i < shape->count; i++) {
        if (i > 0) printf(",");
        dump_member(&shape->members[i]);
    }
    printf("]");
}

static void dump(void)
{
    size_t count = 0;
    const struct asg_api_action *actions = asg_api_actions(&count);
    printf("{");
    for (size_t i = 0; i < count; i++) {
        printf("%s\n\"%s\":{\"built\":%s,\"changes\":%s,\"input\":", i > 0 ? "," : "",
               actions[i].name, actions[i].handler != NULL ? "true" : "false",
               actions[i].changes ? "true" : "false");
        dump_shape(actions[i].input);
        printf(",\"output\":");
        if (actions[i].output != NULL) {
            dump_shape(actions[i].output);
        } else {
            printf("null");
        }
        printf("}");
    }
    printf("}\n");
}

static void check_shape(const struct asg_query_shape *shape)
{
    assert_true(shape->count <= 64); /* a writer's bits (query/write.h) */
    for (size_t i = 0; i < shape->count; i++) {
        const struct asg_query_member *member = &shape->members[i];
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(shape->members[k].name, member->name);
        }
        assert_true(member->max == 0 || member->min <= member->max);
        assert_true(member->item_max == 0 || member->item_min <= member->item_max);
        bool is_nested =
            member->kind == ASG_QUERY_STRUCT || member->kind == ASG_QUERY_STRUCTS;
        assert_true(is_nested == (member->shape != NULL));
        if (is_nested) check_shape(member->shape);
    }
}

static void test_every_action_has_sound_shapes(void **state)
{
    (void)state;
    size_t count = 0;
    const struct asg_api_action *actions = asg_api_actions(&count);
    assert_int_equal(68, count);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(&actions[i], asg_api_find_action(actions[i].name));
        check_shape(actions[i].input);
        if (actions[i].output != NULL) check_shape(actions[i].output);
    }
    assert_null(asg_api_find_action("DescribeNothing"));
}

/* What only looks is named so: a key that may only read may call it. */
static void test_only_describe_and_get_change_nothing(void **state)
{
    (void)state;
    size_t count = 0;
    const struct asg_api_action *actions = asg_api_actions(&count);
    for (size_t i = 0; i < count; i++) {
        bool looks = strncmp(actions[i].name, "Describe", 8) == 0 ||
                     strncmp(actions[i].name, "Get", 3) == 0;
        assert_int_equal(!looks, actions[i].changes);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--dump") == 0) {
        dump();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_action_has_sound_shapes),
        cmocka_unit_test(test_only_describe_and_get_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
