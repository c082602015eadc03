/* test_schemas - the tables cover their structs: a field that is added to a struct and
 * forgotten in its table would silently be missing on the wire and in the log. */
#include <ctype.h>

#include "lib/check.h"
#include "model/effects.h"
#include "model/schemas.h"

#define STRUCT_BYTES_MAX 4096

_Static_assert(sizeof(enum asg_event_kind) == sizeof(int), "ENUM is int-sized");

static size_t size_of(const struct asg_field *field)
{
    switch (field->type) {
    case ASG_FIELD_BOOL: return sizeof(bool);
    case ASG_FIELD_U32: return sizeof(uint32_t);
    case ASG_FIELD_U64: return sizeof(uint64_t);
    case ASG_FIELD_I64: return sizeof(int64_t);
    case ASG_FIELD_ENUM: return sizeof(int);
    case ASG_FIELD_TEXT: return sizeof(const char *);
    case ASG_FIELD_BLOB: return sizeof(struct asg_blob);
    case ASG_FIELD_STRUCT: return field->sub->size;
    case ASG_FIELD_PART:
    case ASG_FIELD_LIST: return sizeof(void *);
    case ASG_FIELD_TEXTS: return sizeof(struct asg_texts);
    case ASG_FIELD_NUMBERS: return sizeof(struct asg_numbers);
    }
    fail_msg("%s has an unknown type", field->name);
    return 0;
}

static size_t alignment_of(const struct asg_field *field)
{
    size_t size = size_of(field);
    return size < 8 ? size : 8;
}

static void cover(const struct asg_schema *schema, bool *covered, size_t offset,
                  size_t size, const char *name)
{
    if (offset + size > schema->size) fail_msg("%s.%s: outside", schema->name, name);
    for (size_t i = offset; i < offset + size; i++) {
        if (covered[i]) fail_msg("%s.%s: overlaps another", schema->name, name);
        covered[i] = true;
    }
}

/* The alignment of what begins at an offset; of the end: of the struct. */
static size_t alignment_at(const struct asg_schema *schema, size_t offset)
{
    size_t widest = 1;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        size_t alignment = alignment_of(field);
        if (field->offset == offset) return alignment;
        if (field->type == ASG_FIELD_LIST && field->count_offset == offset) return 8;
        if (alignment > widest) widest = alignment;
    }
    return widest;
}

static void check_covered(const struct asg_schema *schema)
{
    bool covered[STRUCT_BYTES_MAX] = {false};
    assert_true(schema->size <= STRUCT_BYTES_MAX);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        cover(schema, covered, field->offset, size_of(field), field->name);
        if (field->type == ASG_FIELD_LIST) {
            cover(schema, covered, field->count_offset, sizeof(size_t), field->name);
        }
    }
    /* The memory of effects is no part of what they say. */
    if (schema == &asg_effects_schema) {
        cover(schema, covered, offsetof(struct asg_effects, arena),
              sizeof(struct asg_arena), "arena");
    }
    for (size_t at = 0; at < schema->size; at++) {
        if (covered[at]) continue;
        size_t end = at;
        while (end < schema->size && !covered[end]) {
            end++;
        }
        if (end - at >= alignment_at(schema, end)) {
            fail_msg("%s: bytes %zu to %zu are in no field", schema->name, at, end - 1);
        }
        at = end;
    }
}

static void test_schemas_cover_every_byte_of_their_structs(void **state)
{
    (void)state;
    assert_true(asg_schema_count > 40);
    for (size_t i = 0; i < asg_schema_count; i++) {
        check_covered(asg_schemas[i]);
    }
}

static void test_schemas_name_each_field_once_and_find_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < asg_schema_count; i++) {
        const struct asg_schema *schema = asg_schemas[i];
        for (size_t j = 0; j < schema->field_count; j++) {
            const struct asg_field *field = &schema->fields[j];
            if (asg_schema_find(schema, field->name) != field) {
                fail_msg("%s.%s is listed twice", schema->name, field->name);
            }
        }
        assert_null(asg_schema_find(schema, "no_such_field"));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(schema->name, asg_schemas[j]->name);
        }
    }
}

static bool is_listed(const struct asg_schema *schema)
{
    for (size_t i = 0; i < asg_schema_count; i++) {
        if (asg_schemas[i] == schema) return true;
    }
    return false;
}

static void test_schemas_bound_what_comes_from_outside(void **state)
{
    (void)state;
    for (size_t i = 0; i < asg_schema_count; i++) {
        const struct asg_schema *schema = asg_schemas[i];
        for (size_t j = 0; j < schema->field_count; j++) {
            const struct asg_field *field = &schema->fields[j];
            switch (field->type) {
            case ASG_FIELD_TEXT:
            case ASG_FIELD_BLOB:
            case ASG_FIELD_TEXTS:
            case ASG_FIELD_NUMBERS: assert_true(field->limit > 0); break;
            case ASG_FIELD_LIST:
                assert_true(field->limit > 0);
                assert_true(is_listed(field->sub));
                break;
            case ASG_FIELD_STRUCT:
            case ASG_FIELD_PART: assert_true(is_listed(field->sub)); break;
            case ASG_FIELD_ENUM: assert_true(field->names->count > 0); break;
            case ASG_FIELD_BOOL:
            case ASG_FIELD_U32:
            case ASG_FIELD_U64:
            case ASG_FIELD_I64: break;
            }
        }
    }
}

static void check_words(const struct asg_enum *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *word = asg_enum_word(names, (int)i);
        assert_int_equal(asg_enum_value(names, word), (int)i);
        for (const char *at = word; *at != '\0'; at++) {
            bool is_fine = islower((unsigned char)*at) || isdigit((unsigned char)*at) ||
                           strchr("-:", *at) != NULL;
            if (!is_fine) fail_msg("%s: '%s' is no plain word", names->name, word);
        }
    }
    assert_int_equal(asg_enum_value(names, "no-such-word"), -1);
    assert_int_equal(asg_enum_value(names, ""), -1);
    assert_string_equal(asg_enum_word(names, -1), "?");
    assert_string_equal(asg_enum_word(names, (int)names->count), "?");
}

static void test_enums_have_plain_words_of_their_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < asg_schema_count; i++) {
        for (size_t j = 0; j < asg_schemas[i]->field_count; j++) {
            const struct asg_field *field = &asg_schemas[i]->fields[j];
            if (field->type == ASG_FIELD_ENUM) check_words(field->names);
        }
    }
    check_words(&asg_process_words);
    check_words(&asg_termination_policy_words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemas_cover_every_byte_of_their_structs),
        cmocka_unit_test(test_schemas_name_each_field_once_and_find_it),
        cmocka_unit_test(test_schemas_bound_what_comes_from_outside),
        cmocka_unit_test(test_enums_have_plain_words_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
