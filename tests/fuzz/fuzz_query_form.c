/* The form parser and the reader by tables: the first byte says how lists count, how they
 * are written and what becomes of unknown parameters. Whatever is read lies within its
 * limits and is in order; what is refused can be said. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "query/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct asg_query_member inner_members[] = {
    {.name = "Key", .kind = ASG_QUERY_TEXT, .is_required = true, .min = 1, .max = 8},
    {.name = "Value", .kind = ASG_QUERY_TEXTS, .max = 3, .words = "a|b|c"},
    {.name = "On", .kind = ASG_QUERY_FLAG},
};
static const struct asg_query_shape inner = ASG_QUERY_SHAPE(inner_members);

static const struct asg_query_member outer_members[] = {
    {.name = "Action", .kind = ASG_QUERY_TEXT, .is_required = true},
    {.name = "Size", .kind = ASG_QUERY_NUMBER, .min = -5, .max = 100},
    {.name = "Share", .kind = ASG_QUERY_DECIMAL},
    {.name = "At", .kind = ASG_QUERY_TIME},
    {.name = "Tags", .kind = ASG_QUERY_STRUCTS, .shape = &inner, .max = 4},
    {.name = "One", .kind = ASG_QUERY_STRUCT, .shape = &inner},
};
static const struct asg_query_shape outer = ASG_QUERY_SHAPE(outer_members);

static void must(bool holds)
{
    if (!holds) abort();
}

static void check_fault(const struct asg_query_fault *fault)
{
    char message[512];
    for (int words = 0; words < 2; words++) {
        enum asg_query_words way = words == 0 ? ASG_QUERY_WORDS_AWS : ASG_QUERY_WORDS_EC2;
        asg_query_fault_message(fault, way, message, sizeof message);
        must(message[0] != '\0' && asg_utf8_is_valid(message, strlen(message)));
        must(asg_query_fault_code(fault, way)[0] != '\0');
    }
}

static void check_value(const struct asg_query_value *value)
{
    const struct asg_query_value *size = asg_value_find(value, "Size");
    must(size == NULL || (size->number >= -5 && size->number <= 100));
    size_t count = 0;
    const struct asg_query_value *tags = asg_value_items(value, "Tags", &count);
    must(count <= 4);
    for (size_t i = 0; i < count; i++) {
        const char *key = asg_value_text(&tags[i], "Key", "");
        must(key[0] != '\0' && strlen(key) <= 32);
        size_t values = 0;
        (void)asg_value_items(&tags[i], "Value", &values);
        must(values <= 3);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct asg_arena arena = {0};
    struct asg_form form = {0};
    struct asg_query_fault fault = {0};
    bool is_flat = (data[0] & 1) != 0;
    bool counts_from_zero = (data[0] & 2) != 0;
    if (asg_form_read(data + 1, size - 1, counts_from_zero, &arena, &form, &fault) ==
        ASG_OK) {
        must(form.count <= ASG_FORM_PAIRS_MAX);
        for (size_t i = 0; i < form.count; i++) {
            const char *found = asg_form_get(&form, form.pairs[i].name);
            must(found == form.pairs[i].value);
        }
        const struct asg_query_style style = {.is_flat = is_flat,
                                              .refuses_unknown = (data[0] & 4) != 0};
        struct asg_query_value value = {0};
        if (asg_query_read(&form, &outer, &style, NULL, &arena, &value, &fault) ==
            ASG_OK) {
            check_value(&value);
        }
    }
    if (fault.trouble != ASG_QUERY_FINE) check_fault(&fault);
    asg_arena_clear(&arena);
    return 0;
}
