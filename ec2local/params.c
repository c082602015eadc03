#include "ec2local/params.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aws/percent.h"
#include "base/bytes.h"

#define NO_NUMBER UINT32_MAX

/* How many bytes the UTF-8 character at `text` has; 0: it is none. */
static size_t utf8_length(const unsigned char *text, size_t left)
{
    if (text[0] < 0x80) return text[0] != 0 ? 1 : 0;
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4 || length > left) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
    }
    bool is_overlong =
        (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool is_surrogate = text[0] == 0xed && text[1] > 0x9f;
    bool is_beyond = text[0] == 0xf4 && text[1] > 0x8f;
    return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

static bool is_text(const unsigned char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        size_t step = utf8_length(text + at, length - at);
        if (step == 0) return false;
        at += step;
    }
    return true;
}

static enum asg_status decode(const char *text, size_t length, struct asg_arena *arena,
                              struct asg_bytes *scratch, const char **ret)
{
    asg_bytes_reset(scratch);
    asg_percent_decode(text, length, /* plus_is_space */ true, scratch);
    if (scratch->length > 0 && !is_text(scratch->data, scratch->length)) {
        return ASG_ERR_MALFORMED;
    }
    *ret = asg_arena_text_n(arena, (const char *)scratch->data, scratch->length);
    return ASG_OK;
}

static enum asg_status take_pair(const char *pair, size_t length, struct asg_arena *arena,
                                 struct asg_bytes *scratch, struct asg_params *params,
                                 size_t *capacity)
{
    if (length == 0) return ASG_OK;
    if (params->count == ASG_PARAMS_MAX) return ASG_ERR_LIMIT;
    const char *equals = memchr(pair, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - pair) : length;
    struct asg_param param = {.value = ""};
    enum asg_status status = decode(pair, name_length, arena, scratch, &param.name);
    if (status == ASG_OK && equals != NULL) {
        status =
            decode(equals + 1, length - name_length - 1, arena, scratch, &param.value);
    }
    if (status != ASG_OK) return status;
    void *items = params->items;
    struct asg_param *added =
        asg_arena_push(arena, &items, &params->count, capacity, sizeof param);
    params->items = items;
    *added = param;
    return ASG_OK;
}

enum asg_status asg_params_parse(const void *body, size_t length, struct asg_arena *arena,
                                 struct asg_params *ret)
{
    struct asg_params params = {0};
    size_t capacity = 0;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes scratch = {0};
    const char *at = body;
    const char *end = length > 0 ? at + length : at;
    while (at != end) {
        const char *next = memchr(at, '&', (size_t)(end - at));
        size_t pair_length = next != NULL ? (size_t)(next - at) : (size_t)(end - at);
        enum asg_status status =
            take_pair(at, pair_length, arena, &scratch, &params, &capacity);
        if (status != ASG_OK) return status;
        at = next != NULL ? next + 1 : end;
    }
    *ret = params;
    return ASG_OK;
}

const char *asg_params_get(const struct asg_params *params, const char *name)
{
    for (size_t i = 0; i < params->count; i++) {
        if (strcmp(params->items[i].name, name) == 0) return params->items[i].value;
    }
    return NULL;
}

/* The number behind "name." in `text`, NO_NUMBER: there is none. *ret_rest: what follows.
 */
static uint32_t number_behind(const char *text, const char *name, const char **ret_rest)
{
    size_t length = strlen(name);
    if (strncmp(text, name, length) != 0 || text[length] != '.') return NO_NUMBER;
    const char *digits = text + length + 1;
    size_t count = strspn(digits, "0123456789");
    if (count == 0 || count > 5) return NO_NUMBER;
    unsigned long number = strtoul(digits, NULL, 10);
    if (number > ASG_PARAMS_INDEX_MAX) return NO_NUMBER;
    *ret_rest = digits + count;
    return (uint32_t)number;
}

struct numbered {
    uint32_t number;
    const char *value;
};

static int compare_numbered(const void *a, const void *b)
{
    uint32_t left = ((const struct numbered *)a)->number;
    uint32_t right = ((const struct numbered *)b)->number;
    return (left > right) - (left < right);
}

static size_t collect(const struct asg_params *params, const char *name, bool takes_inner,
                      struct asg_arena *arena, struct numbered **ret)
{
    struct numbered *found = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (size_t i = 0; i < params->count; i++) {
        const char *rest = "";
        uint32_t number = number_behind(params->items[i].name, name, &rest);
        if (number == NO_NUMBER ||
            (rest[0] != '\0' && (!takes_inner || rest[0] != '.'))) {
            continue;
        }
        void *items = found;
        struct numbered *added =
            asg_arena_push(arena, &items, &count, &capacity, sizeof *added);
        found = items;
        *added = (struct numbered){.number = number, .value = params->items[i].value};
    }
    if (count > 1) qsort(found, count, sizeof *found, compare_numbered);
    *ret = found;
    return count;
}

size_t asg_params_list(const struct asg_params *params, const char *name,
                       struct asg_arena *arena, const char ***ret)
{
    struct numbered *found = NULL;
    size_t count = collect(params, name, /* takes_inner */ false, arena, &found);
    const char **values = asg_arena_take(arena, (count + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[i] = found[i].value;
    }
    *ret = values;
    return count;
}

size_t asg_params_numbers(const struct asg_params *params, const char *name,
                          struct asg_arena *arena, uint32_t **ret)
{
    struct numbered *found = NULL;
    size_t count = collect(params, name, /* takes_inner */ true, arena, &found);
    uint32_t *numbers = asg_arena_take(arena, (count + 1) * sizeof *numbers);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && numbers[kept - 1] == found[i].number) continue;
        numbers[kept++] = found[i].number;
    }
    *ret = numbers;
    return kept;
}
