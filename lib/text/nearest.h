/* nearest - the known word that a mistyped one was probably meant to be, and which there
 * are. */
#ifndef ASG_TEXT_NEAREST_H
#define ASG_TEXT_NEAREST_H

#include <stddef.h>

#include "base/bytes.h"
#include "model/schema.h"

#define ASG_NEAREST_TEXT_MAX 64

/* Edits (put in, take out, change, swap neighbours) from one word to the other; words
 * longer than ASG_NEAREST_TEXT_MAX are compared by their beginning. */
size_t asg_nearest_distance(const char *a, const char *b);

struct asg_nearest {
    const char *word; /* NULL: nothing is near */
    size_t distance;
};

/* Start with (struct asg_nearest){0}, offer every known word, read `word`. A word is
 * near when at most a third of its letters differ, or one begins with the other. */
void asg_nearest_offer(struct asg_nearest *nearest, const char *given, const char *known);

/* Append "one of launch, terminate". */
void asg_words_write(const struct asg_enum *words, struct asg_bytes *ret);

/* Append what to do about a word that is none of them, to stand right behind it:
 * ` (did you mean "launch"?): write one of launch, terminate`. */
void asg_words_advise(const struct asg_enum *words, const char *given,
                      struct asg_bytes *ret);

#endif
