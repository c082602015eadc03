/* prop_wire - decode(encode(x)) = x for random structs of every table, and a cut,
 * flipped or lengthened frame never does more than fail. */
#include "lib/check.h"
#include "lib/seed.h"
#include "wire/wire.h"

static struct asg_arena arena;

static void fill(struct seed *seed, const struct asg_schema *schema, void *object,
                 unsigned depth);

static uint64_t any_number(struct seed *seed)
{
    return seed_next(seed) >> seed_below(seed, 64);
}

static const char *any_text(struct seed *seed)
{
    static const char *const texts[] = {"",
                                        "web",
                                        "i-0123456789abcdef0",
                                        "grüße",
                                        "a\nb",
                                        "\xf0\x9f\x8c\x8d",
                                        "0123456789012345678901234567890123456789"};
    return texts[seed_below(seed, sizeof texts / sizeof texts[0])];
}

static int by_group_then_metric(const void *a, const void *b)
{
    const struct asg_group_metric *left = a;
    const struct asg_group_metric *right = b;
    if (left->group_no != right->group_no)
        return left->group_no < right->group_no ? -1 : 1;
    return (int)left->metric - (int)right->metric;
}

static size_t drop_repeated(struct asg_group_metric *rows, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_new = i == 0 || by_group_then_metric(&rows[kept - 1], &rows[i]) < 0;
        if (is_new) rows[kept++] = rows[i];
    }
    return kept;
}

static void fill_list(struct seed *seed, const struct asg_field *field, void *object,
                      unsigned depth)
{
    size_t count = depth == 0 ? 0 : seed_below(seed, 4);
    unsigned char *items = asg_arena_take(&arena, count * field->sub->size);
    for (size_t i = 0; i < count; i++) {
        fill(seed, field->sub, items + i * field->sub->size, depth - 1);
    }
    if (field->is_columns) { /* in order, each once */
        struct asg_group_metric *rows = (void *)items;
        qsort(rows, count, sizeof *rows, by_group_then_metric);
        count = drop_repeated(rows, count);
    }
    *(void **)((char *)object + field->offset) = items;
    *(size_t *)((char *)object + field->count_offset) = count;
}

static void fill_field(struct seed *seed, const struct asg_field *field, void *object,
                       unsigned depth)
{
    void *place = (char *)object + field->offset;
    switch (field->type) {
    case ASG_FIELD_BOOL: *(bool *)place = seed_below(seed, 2) == 1; break;
    case ASG_FIELD_U32: *(uint32_t *)place = (uint32_t)any_number(seed); break;
    case ASG_FIELD_U64: *(uint64_t *)place = any_number(seed); break;
    case ASG_FIELD_I64: *(int64_t *)place = (int64_t)any_number(seed); break;
    case ASG_FIELD_ENUM:
        *(int *)place = (int)seed_below(seed, field->names->count);
        break;
    case ASG_FIELD_TEXT: *(const char **)place = any_text(seed); break;
    case ASG_FIELD_BLOB:
        *(struct asg_blob *)place =
            (struct asg_blob){(const uint8_t *)"\0bytes", seed_below(seed, 7)};
        break;
    case ASG_FIELD_STRUCT: fill(seed, field->sub, place, depth); break;
    case ASG_FIELD_PART:
        if (depth > 0 && seed_below(seed, 2) == 1) {
            void *part = asg_arena_take(&arena, field->sub->size);
            fill(seed, field->sub, part, depth - 1);
            *(void **)place = part;
        }
        break;
    case ASG_FIELD_LIST: fill_list(seed, field, object, depth); break;
    case ASG_FIELD_TEXTS: {
        size_t count = seed_below(seed, 4);
        const char **items = asg_arena_take(&arena, count * sizeof *items);
        for (size_t i = 0; i < count; i++) {
            items[i] = any_text(seed);
        }
        *(struct asg_texts *)place = (struct asg_texts){items, count};
        break;
    }
    case ASG_FIELD_NUMBERS: {
        size_t count = seed_below(seed, 4);
        uint64_t *items = asg_arena_take(&arena, count * sizeof *items);
        for (size_t i = 0; i < count; i++) {
            items[i] = any_number(seed);
        }
        *(struct asg_numbers *)place = (struct asg_numbers){items, count};
        break;
    }
    }
}

static void fill(struct seed *seed, const struct asg_schema *schema, void *object,
                 unsigned depth)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        fill_field(seed, &schema->fields[i], object, depth);
    }
}

static void test_every_struct_comes_back_as_it_was(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_wire");
    struct asg_bytes first = {0};
    struct asg_bytes again = {0};
    for (size_t round = 0; round < 200; round++) {
        for (size_t i = 0; i < asg_schema_count; i++) {
            asg_arena_reset(&arena);
            asg_bytes_reset(&first);
            asg_bytes_reset(&again);
            void *object = asg_arena_take(&arena, asg_schemas[i]->size);
            fill(&seed, asg_schemas[i], object, 4);
            asg_wire_encode(asg_schemas[i], object, &first);
            void *back = asg_arena_take(&arena, asg_schemas[i]->size);
            assert_status(ASG_OK, asg_wire_decode(asg_schemas[i], first.data,
                                                  first.length, &arena, back));
            asg_wire_encode(asg_schemas[i], back, &again);
            assert_int_equal(first.length, again.length);
            assert_memory_equal(first.data, again.data, first.length);
        }
    }
    asg_bytes_clear(&first);
    asg_bytes_clear(&again);
    asg_arena_clear(&arena);
}

static void test_damaged_bytes_are_refused_or_decoded_but_never_more(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_wire damaged");
    struct asg_bytes bytes = {0};
    for (size_t round = 0; round < 2000; round++) {
        const struct asg_schema *schema =
            asg_schemas[seed_below(&seed, asg_schema_count)];
        asg_arena_reset(&arena);
        asg_bytes_reset(&bytes);
        void *object = asg_arena_take(&arena, schema->size);
        fill(&seed, schema, object, 4);
        asg_wire_encode(schema, object, &bytes);
        size_t length = seed_below(&seed, bytes.length + 1);
        void *back = asg_arena_take(&arena, schema->size);
        if (length < bytes.length) {
            assert_int_not_equal(
                asg_wire_decode(schema, bytes.data, length, &arena, back), ASG_OK);
        }
        bytes.data[seed_below(&seed, bytes.length)] ^=
            (uint8_t)(1u << seed_below(&seed, 8));
        /* exactly sized, so that a sanitizer sees a read past the end */
        uint8_t *copy = malloc(bytes.length);
        memcpy(copy, bytes.data, bytes.length);
        enum asg_status status =
            asg_wire_decode(schema, copy, bytes.length, &arena, back);
        assert_true(status == ASG_OK || status == ASG_ERR_MALFORMED);
        free(copy);
    }
    asg_bytes_clear(&bytes);
    asg_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_struct_comes_back_as_it_was),
        cmocka_unit_test(test_damaged_bytes_are_refused_or_decoded_but_never_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
