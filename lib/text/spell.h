/* spell - a struct of the model as a file that people write: parse.h reads it back.
 *
 * Block YAML, by the table: lengths as 5m, thousandths as 82.5, moments as ISO 8601, sets
 * as their words, flags without "is_"; a text in quotes wherever a reader of YAML could
 * take it for something else. Fields that are made (asg_field.is_made) are left out.
 * Threads: no state; any.
 */
#ifndef ASG_TEXT_SPELL_H
#define ASG_TEXT_SPELL_H

#include "base/bytes.h"
#include "text/parse.h"

struct asg_spell_form {
    /* Fields that are as in this struct of the same schema are left out; NULL: none. */
    const void *otherwise;
    const char *hidden;        /* one more field that is left out; NULL */
    const char *const *always; /* fields that are never left out, up to a NULL; NULL */
    size_t indent;             /* blanks before each line */
};

/* A line a field, each closed by a line end; appends to *ret. Nothing to say: nothing. */
void asg_spell(const struct asg_schema *schema, const void *object,
               const struct asg_spell_form *form, struct asg_bytes *ret);

/* The name of a field in a file: "cooldown" of cooldown_ms. In `ret`, or the field's own
 * where its value can only be written by that. */
#define ASG_SPELL_NAME_MAX ASG_PARSE_NAME_MAX
const char *asg_spell_name(const struct asg_field *field, const void *object,
                           char ret[ASG_SPELL_NAME_MAX]);

/* The value of a field on one line, as it stands behind its name. */
void asg_spell_value(const struct asg_field *field, const void *object,
                     struct asg_bytes *ret);

/* A text as a scalar: as it is, or in double quotes with escapes. */
void asg_spell_text(const char *text, struct asg_bytes *ret);

#endif
