#include "cli/what_if/read_prices.h"

#include <string.h>

#include "text/yaml_tree.h"

#define PLACES    6
#define MICRO_MAX INT64_C(1000000000000) /* a million an hour */

static bool read_micro(const char *text, int64_t *ret)
{
    int64_t value = 0;
    int places = -1; /* before the point */
    size_t digits = 0;
    for (; *text != '\0'; text++) {
        if (*text == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (*text < '0' || *text > '9' || places == PLACES) return false;
        value = value * 10 + (*text - '0');
        if (value > MICRO_MAX) return false;
        if (places >= 0) places++;
        digits++;
    }
    if (digits == 0) return false;
    for (int i = places < 0 ? 0 : places; i < PLACES; i++) {
        value *= 10;
        if (value > MICRO_MAX) return false;
    }
    *ret = value;
    return true;
}

enum asg_status asg_prices_read(const char *path, struct asg_arena *arena,
                                struct asg_prices *ret, struct asg_error *error)
{
    struct asg_yaml_node *root = NULL;
    enum asg_status status = asg_yaml_load(path, arena, &root, error);
    if (status != ASG_OK) return status;
    if (root->kind != ASG_YAML_MAP || root->count == 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s: write a line for each instance type: \"t3.micro: 0.0104\"",
                        path);
    }
    ret->items = asg_arena_take(arena, root->count * sizeof *ret->items);
    ret->count = 0;
    for (const struct asg_yaml_node *node = root->first; node != NULL;
         node = node->next) {
        struct asg_price *price = &ret->items[ret->count++];
        price->type = node->key;
        if (node->kind != ASG_YAML_SCALAR || !read_micro(node->text, &price->micro)) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "%s:%zu: the price of %.64s must be a number of at most %d "
                            "places, up to a million (0.0104)",
                            path, node->line, node->key, PLACES);
        }
    }
    return ASG_OK;
}

int64_t asg_prices_find(const struct asg_prices *prices, const char *type)
{
    int64_t otherwise = -1;
    for (size_t i = 0; i < prices->count; i++) {
        if (strcmp(prices->items[i].type, type) == 0) return prices->items[i].micro;
        if (strcmp(prices->items[i].type, "default") == 0) {
            otherwise = prices->items[i].micro;
        }
    }
    return otherwise;
}
