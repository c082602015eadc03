#include "text/nearest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t asg_nearest_distance(const char *a, const char *b)
{
    size_t a_length = least(strlen(a), ASG_NEAREST_TEXT_MAX);
    size_t b_length = least(strlen(b), ASG_NEAREST_TEXT_MAX);
    size_t rows[3][ASG_NEAREST_TEXT_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        last[j] = j;
    for (size_t j = 0; j <= b_length; j++)
        before[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b_length];
}

void asg_nearest_offer(struct asg_nearest *nearest, const char *given, const char *known)
{
    size_t distance = asg_nearest_distance(given, known);
    size_t given_length = strlen(given);
    size_t known_length = strlen(known);
    size_t shorter = least(given_length, known_length);
    size_t longer = given_length + known_length - shorter;
    int begins = shorter >= 3 && strncmp(given, known, shorter) == 0;
    if (distance * 3 > longer && !begins) return;
    if (nearest->word != NULL && nearest->distance <= distance) return;
    *nearest = (struct asg_nearest){.word = known, .distance = distance};
}

void asg_words_write(const struct asg_enum *words, struct asg_bytes *ret)
{
    asg_bytes_append_text(ret, "one of");
    for (size_t i = 0; i < words->count; i++) {
        asg_bytes_printf(ret, "%s %s", i > 0 ? "," : "", words->words[i]);
    }
}

void asg_words_advise(const struct asg_enum *words, const char *given,
                      struct asg_bytes *ret)
{
    struct asg_nearest nearest = {0};
    for (size_t i = 0; i < words->count; i++) {
        asg_nearest_offer(&nearest, given, words->words[i]);
    }
    if (nearest.word != NULL) {
        asg_bytes_printf(ret, " (did you mean \"%s\"?)", nearest.word);
    }
    asg_bytes_append_text(ret, ": write ");
    asg_words_write(words, ret);
}
