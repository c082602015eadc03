/* options_complete - what fits next on a command line that is still being written, by the
 * table of options; and the scripts by which bash, zsh and fish ask for it.
 *
 *     TAB -> the shell's script -> "openasg __complete -- WORDS" -> [options_complete]
 *
 * Names that only a controller knows are the caller's: `names` says of which kind.
 * Threads: no state; any.
 */
#ifndef ASG_TEXT_OPTIONS_COMPLETE_H
#define ASG_TEXT_OPTIONS_COMPLETE_H

#include "base/bytes.h"
#include "text/options.h"

struct asg_completion {
    struct asg_arena *arena;
    struct asg_arguments arguments; /* what is written before, as far as it can be read */
    const char *current;            /* the word that is being written; "" */
    const char *prefix; /* of it, before what is completed ("--output="); stands before
                           each word that fits; "" */
    const char *names;  /* names of this kind fit ("groups"); NULL */
    bool has_files;     /* so do files */
    struct asg_bytes words; /* a line each: what fits, a tab, what it is */
};

/* `argv[1..]` are the words up to the cursor, the last of them is the one that is being
 * written. End it with asg_completion_clear(); texts live in `arena` and in argv. */
void asg_options_complete(const struct asg_command_table *table, int argc, char **argv,
                          struct asg_arena *arena, struct asg_completion *ret);
void asg_completion_clear(struct asg_completion *completion);

/* Add a word when it begins as the current one does. `text` may be "". */
void asg_completion_offer(struct asg_completion *completion, const char *word,
                          const char *text);

/* The script for "bash", "zsh" or "fish"; false: no such shell is known. */
bool asg_options_completion_script(const struct asg_command_table *table,
                                   const char *shell, FILE *out);

#endif
