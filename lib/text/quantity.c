#include "text/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first, for printing. */
static const struct unit durations[] = {
    {"d", INT64_C(86400000)}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
static const struct unit sizes[] = {
    {"g", INT64_C(1) << 30},
    {"m", INT64_C(1) << 20},
    {"k", INT64_C(1) << 10},
    {"", 1},
};

static bool read_digits(const char **at, uint64_t *ret)
{
    const char *text = *at;
    uint64_t value = 0;
    if (*text < '0' || *text > '9') return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value)) return false;
        if (__builtin_add_overflow(value, (uint64_t)(*text - '0'), &value)) return false;
    }
    *at = text;
    *ret = value;
    return true;
}

bool asg_quantity_unsigned(const char *text, uint64_t *ret)
{
    uint64_t value;
    if (!read_digits(&text, &value) || *text != '\0') return false;
    *ret = value;
    return true;
}

bool asg_quantity_integer(const char *text, int64_t *ret)
{
    bool is_negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    uint64_t value;
    uint64_t most = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
    if (!asg_quantity_unsigned(text, &value) || value > most) return false;
    *ret = is_negative && value > 0 ? -(int64_t)(value - 1) - 1 : (int64_t)value;
    return true;
}

bool asg_quantity_bool(const char *text, bool *ret)
{
    static const char *const words[2][3] = {{"false", "no", "off"},
                                            {"true", "yes", "on"}};
    for (int value = 0; value < 2; value++) {
        for (int i = 0; i < 3; i++) {
            if (strcmp(text, words[value][i]) == 0) {
                *ret = value == 1;
                return true;
            }
        }
    }
    return false;
}

/* A decimal number times `factor`, which must come out whole. Steps behind it. */
static bool read_scaled(const char **at, int64_t factor, int64_t *ret)
{
    const char *text = *at;
    bool is_negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    uint64_t whole;
    if (!read_digits(&text, &whole) || whole > INT64_MAX) return false;
    int64_t value;
    if (__builtin_mul_overflow((int64_t)whole, factor, &value)) return false;
    if (*text == '.') {
        text++;
        if (*text < '0' || *text > '9') return false;
        int64_t place = factor;
        for (; *text >= '0' && *text <= '9'; text++) {
            int64_t digit = *text - '0';
            if (digit != 0 && (place == 0 || digit * (place % 10) % 10 != 0))
                return false;
            int64_t part = place / 10 * digit + place % 10 * digit / 10;
            if (__builtin_add_overflow(value, part, &value)) return false;
            place = place % 10 == 0 ? place / 10 : 0;
        }
    }
    *at = text;
    *ret = is_negative ? -value : value;
    return true;
}

static const char *number_end(const char *text)
{
    return text + strspn(text, "+-.0123456789");
}

bool asg_quantity_duration(const char *text, int64_t *ret)
{
    const char *unit = number_end(text);
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        if (strcmp(unit, durations[i].name) != 0) continue;
        int64_t value;
        if (!read_scaled(&text, durations[i].factor, &value) || text != unit) {
            return false;
        }
        *ret = value;
        return true;
    }
    return false;
}

bool asg_quantity_size(const char *text, int64_t *ret)
{
    uint64_t whole;
    if (!read_digits(&text, &whole) || whole > INT64_MAX) return false;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (strcmp(text, sizes[i].name) != 0) continue;
        int64_t value;
        if (__builtin_mul_overflow((int64_t)whole, sizes[i].factor, &value)) return false;
        *ret = value;
        return true;
    }
    return false;
}

bool asg_quantity_milli(const char *text, int64_t *ret)
{
    int64_t value;
    if (!read_scaled(&text, 1000, &value)) return false;
    if (*text == ' ' && text[1] == '%') text++;
    if (*text == '%') text++;
    if (*text != '\0') return false;
    *ret = value;
    return true;
}

void asg_quantity_print_duration(int64_t value_ms, char text[ASG_QUANTITY_TEXT_MAX])
{
    size_t i = 0;
    if (value_ms == 0) i = 3; /* "0s" */
    if (value_ms % 1000 != 0 && (value_ms > 1000 || value_ms < -1000)) {
        asg_quantity_print_milli(value_ms, text); /* "1.5s" */
        size_t length = strlen(text);
        (void)snprintf(text + length, ASG_QUANTITY_TEXT_MAX - length, "s");
        return;
    }
    while (value_ms % durations[i].factor != 0)
        i++;
    (void)snprintf(text, ASG_QUANTITY_TEXT_MAX, "%" PRId64 "%s",
                   value_ms / durations[i].factor, durations[i].name);
}

void asg_quantity_print_size(int64_t bytes, char text[ASG_QUANTITY_TEXT_MAX])
{
    size_t i = 0;
    if (bytes == 0) i = 3;
    while (bytes % sizes[i].factor != 0)
        i++;
    (void)snprintf(text, ASG_QUANTITY_TEXT_MAX, "%" PRId64 "%s", bytes / sizes[i].factor,
                   sizes[i].name);
}

void asg_quantity_print_milli(int64_t value_milli, char text[ASG_QUANTITY_TEXT_MAX])
{
    uint64_t size = value_milli < 0 ? 0 - (uint64_t)value_milli : (uint64_t)value_milli;
    int used = snprintf(text, ASG_QUANTITY_TEXT_MAX, "%s%" PRIu64 ".%03" PRIu64,
                        value_milli < 0 ? "-" : "", size / 1000, size % 1000);
    while (used > 1 && text[used - 1] == '0')
        text[--used] = '\0';
    if (used > 1 && text[used - 1] == '.') text[used - 1] = '\0';
}
