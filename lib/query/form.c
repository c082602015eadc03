#include "query/form.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/percent.h"
#include "base/utf8.h"

/* --- parts of names --- */

static size_t part_length(const char *name)
{
    return strcspn(name, ".");
}

int64_t asg_form_index(const char *name, size_t length)
{
    if (length == 0 || length > 5 || (name[0] == '0' && length > 1)) return -1;
    int64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9') return -1;
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

/* Numbers before words, numbers by their worth. */
static int compare_part(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int64_t left = asg_form_index(a, a_length);
    int64_t right = asg_form_index(b, b_length);
    if (left >= 0 && right >= 0) return (left > right) - (left < right);
    if (left >= 0 || right >= 0) return left >= 0 ? -1 : 1;
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_names(const char *a, const char *b)
{
    for (;;) {
        size_t a_length = part_length(a);
        size_t b_length = part_length(b);
        int order = compare_part(a, a_length, b, b_length);
        if (order != 0) return order;
        a += a_length;
        b += b_length;
        if (*a == '\0' || *b == '\0') return (*a != '\0') - (*b != '\0');
        a++;
        b++;
    }
}

static int compare_pairs(const void *a, const void *b)
{
    return compare_names(((const struct asg_form_pair *)a)->name,
                         ((const struct asg_form_pair *)b)->name);
}

/* Parts that are not empty, and not too many of them. */
static bool is_path(const char *name)
{
    if (strlen(name) > ASG_FORM_NAME_MAX) return false;
    for (size_t depth = 1; depth <= ASG_FORM_DEPTH_MAX; depth++) {
        size_t length = part_length(name);
        if (length == 0) return false;
        if (name[length] == '\0') return true;
        name += length + 1;
    }
    return false;
}

/* --- reading --- */

struct reading {
    struct asg_form form;
    size_t capacity;
    struct asg_arena *arena;
    struct asg_bytes scratch;
    struct asg_query_fault *fault;
};

static void clear_reading(struct reading *reading)
{
    asg_bytes_clear(&reading->scratch);
}

static enum asg_status decode(struct reading *reading, const char *text, size_t length,
                              const char **ret)
{
    struct asg_bytes *scratch = &reading->scratch;
    asg_bytes_reset(scratch);
    asg_percent_decode(text, length, /* plus_is_space */ true, scratch);
    const char *plain = asg_bytes_text(scratch);
    if (!asg_utf8_is_valid(plain, scratch->length)) {
        return asg_query_blame(reading->fault, ASG_QUERY_NOT_TEXT, "", "", "");
    }
    *ret = asg_arena_text_n(reading->arena, plain, scratch->length);
    return ASG_OK;
}

static enum asg_status take_pair(struct reading *reading, const char *text, size_t length)
{
    if (length == 0) return ASG_OK;
    if (reading->form.count == ASG_FORM_PAIRS_MAX) {
        return asg_query_blame(reading->fault, ASG_QUERY_TOO_LARGE, "", "", "");
    }
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - text) : length;
    struct asg_form_pair pair = {.value = ""};
    enum asg_status status = decode(reading, text, name_length, &pair.name);
    if (status == ASG_OK && equals != NULL) {
        status = decode(reading, equals + 1, length - name_length - 1, &pair.value);
    }
    if (status != ASG_OK) return status;
    if (!is_path(pair.name)) {
        return asg_query_blame(reading->fault, ASG_QUERY_BAD_NAME, pair.name, "", "");
    }
    void *pairs = reading->form.pairs;
    struct asg_form_pair *added = asg_arena_push(
        reading->arena, &pairs, &reading->form.count, &reading->capacity, sizeof pair);
    reading->form.pairs = pairs;
    *added = pair;
    return ASG_OK;
}

static enum asg_status check_twice(struct reading *reading)
{
    for (size_t i = 1; i < reading->form.count; i++) {
        const char *name = reading->form.pairs[i].name;
        if (strcmp(name, reading->form.pairs[i - 1].name) != 0) continue;
        return asg_query_blame(reading->fault, ASG_QUERY_TWICE, name, "", "");
    }
    return ASG_OK;
}

/* --- lists that count from 0 --- */

/* Where the parts of the pair before begin and end, and whether its numbers were raised.
 */
struct trail {
    const char *parts[ASG_FORM_DEPTH_MAX];
    size_t lengths[ASG_FORM_DEPTH_MAX];
    bool is_raised[ASG_FORM_DEPTH_MAX];
    size_t depth;
};

static void cut_name(const char *name, struct trail *ret)
{
    ret->depth = 0;
    for (;;) {
        assert(ret->depth < ASG_FORM_DEPTH_MAX); /* is_path() */
        size_t length = part_length(name);
        ret->parts[ret->depth] = name;
        ret->lengths[ret->depth++] = length;
        if (name[length] == '\0') return;
        name += length + 1;
    }
}

/* One list has one rule, which its first number makes: pairs come in order. */
static bool mark_raised(const struct trail *before, struct trail *now)
{
    bool is_same = true; /* so far */
    bool is_any = false;
    for (size_t i = 0; i < now->depth; i++) {
        int64_t number = asg_form_index(now->parts[i], now->lengths[i]);
        bool is_sibling = is_same && i < before->depth &&
                          asg_form_index(before->parts[i], before->lengths[i]) >= 0;
        now->is_raised[i] =
            number >= 0 && (is_sibling ? before->is_raised[i] : number == 0);
        is_any = is_any || now->is_raised[i];
        is_same = is_same && i < before->depth &&
                  compare_part(before->parts[i], before->lengths[i], now->parts[i],
                               now->lengths[i]) == 0;
    }
    return is_any;
}

static const char *raise_name(const struct trail *now, struct reading *reading)
{
    struct asg_bytes *scratch = &reading->scratch;
    asg_bytes_reset(scratch);
    for (size_t i = 0; i < now->depth; i++) {
        if (i > 0) asg_bytes_append_byte(scratch, '.');
        if (now->is_raised[i]) {
            asg_bytes_printf(scratch, "%lld",
                             (long long)asg_form_index(now->parts[i], now->lengths[i]) +
                                 1);
        } else {
            asg_bytes_append(scratch, now->parts[i], now->lengths[i]);
        }
    }
    return asg_arena_text(reading->arena, asg_bytes_text(scratch));
}

static void raise_lists(struct reading *reading)
{
    struct trail before = {.depth = 0};
    for (size_t i = 0; i < reading->form.count; i++) {
        struct trail now;
        cut_name(reading->form.pairs[i].name, &now);
        if (mark_raised(&before, &now)) {
            reading->form.pairs[i].name = raise_name(&now, reading);
        }
        before = now; /* the names as they came: their texts stay in the arena */
    }
}

void asg_form_sort(struct asg_form *form)
{
    if (form->count < 2) return;
    qsort(form->pairs, form->count, sizeof *form->pairs, compare_pairs);
}

enum asg_status asg_form_read(const void *body, size_t length, bool counts_from_zero,
                              struct asg_arena *arena, struct asg_form *ret,
                              struct asg_query_fault *fault)
{
    if (length > ASG_FORM_BYTES_MAX) {
        return asg_query_blame(fault, ASG_QUERY_TOO_LARGE, "", "", "");
    }
    ASG_CLEANUP(clear_reading)
    struct reading reading = {.arena = arena, .fault = fault};
    enum asg_status status = ASG_OK;
    const char *at = body;
    size_t left = length;
    while (status == ASG_OK && left > 0) {
        const char *next = memchr(at, '&', left);
        size_t pair_length = next != NULL ? (size_t)(next - at) : left;
        status = take_pair(&reading, at, pair_length);
        size_t step = next != NULL ? pair_length + 1 : pair_length;
        at += step;
        left -= step;
    }
    if (status != ASG_OK) return status;
    asg_form_sort(&reading.form);
    status = check_twice(&reading);
    if (status != ASG_OK) return status;
    if (counts_from_zero) raise_lists(&reading);
    *ret = reading.form;
    return ASG_OK;
}

/* --- looking things up by their whole names --- */

/* The first pair that is not before `name`. */
static size_t lower_bound(const struct asg_form *form, const char *name)
{
    size_t low = 0;
    size_t high = form->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_names(form->pairs[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const char *asg_form_get(const struct asg_form *form, const char *name)
{
    size_t at = lower_bound(form, name);
    if (at == form->count || strcmp(form->pairs[at].name, name) != 0) return NULL;
    return form->pairs[at].value;
}

/* The pairs below a path, its own value among them. */
static struct asg_form_part part_of(const struct asg_form *form, const char *name)
{
    size_t length = strlen(name);
    size_t first = lower_bound(form, name);
    size_t end = first;
    while (
        end < form->count && strncmp(form->pairs[end].name, name, length) == 0 &&
        (form->pairs[end].name[length] == '.' || form->pairs[end].name[length] == '\0')) {
        end++;
    }
    return (struct asg_form_part){
        .pairs = form->pairs + first, .count = end - first, .skip = length};
}

size_t asg_form_list(const struct asg_form *form, const char *name,
                     struct asg_arena *arena, const char ***ret)
{
    struct asg_form_part rest = part_of(form, name);
    const char **values = asg_arena_take(arena, (rest.count + 1) * sizeof *values);
    size_t count = 0;
    const char *child = NULL;
    size_t length = 0;
    struct asg_form_part item;
    while (asg_form_next(&rest, &child, &length, &item)) {
        const char *value = asg_form_value(&item);
        if (value != NULL && asg_form_index(child, length) >= 0) values[count++] = value;
    }
    *ret = values;
    return count;
}

size_t asg_form_numbers(const struct asg_form *form, const char *name,
                        struct asg_arena *arena, uint32_t **ret)
{
    struct asg_form_part rest = part_of(form, name);
    uint32_t *numbers = asg_arena_take(arena, (rest.count + 1) * sizeof *numbers);
    size_t count = 0;
    const char *child = NULL;
    size_t length = 0;
    struct asg_form_part item;
    while (asg_form_next(&rest, &child, &length, &item)) {
        int64_t number = asg_form_index(child, length);
        if (number >= 0) numbers[count++] = (uint32_t)number;
    }
    *ret = numbers;
    return count;
}

/* --- walking --- */

struct asg_form_part asg_form_all(const struct asg_form *form)
{
    return (struct asg_form_part){.pairs = form->pairs, .count = form->count};
}

const char *asg_form_value(const struct asg_form_part *part)
{
    if (part->count == 0 || part->pairs[0].name[part->skip] != '\0') return NULL;
    return part->pairs[0].value;
}

bool asg_form_next(struct asg_form_part *rest, const char **ret_name, size_t *ret_length,
                   struct asg_form_part *ret)
{
    if (asg_form_value(rest) != NULL) {
        rest->pairs++;
        rest->count--;
    }
    if (rest->count == 0) return false;
    size_t begin = rest->skip > 0 ? rest->skip + 1 : 0; /* behind the dot */
    const char *name = rest->pairs[0].name + begin;
    size_t length = part_length(name);
    size_t count = 1;
    while (count < rest->count) {
        const char *other = rest->pairs[count].name + begin;
        if (part_length(other) != length || memcmp(other, name, length) != 0) break;
        count++;
    }
    *ret_name = name;
    *ret_length = length;
    *ret = (struct asg_form_part){
        .pairs = rest->pairs, .count = count, .skip = begin + length};
    rest->pairs += count;
    rest->count -= count;
    return true;
}
