/* colour - the few colours of a terminal that openasg uses, and which word has which.
 *
 * A colour only ever repeats what a word says: without it nothing is lost.
 * Threads: no state; any.
 */
#ifndef ASG_TEXT_COLOUR_H
#define ASG_TEXT_COLOUR_H

enum asg_colour {
    ASG_COLOUR_NONE,
    ASG_COLOUR_GOOD,  /* green: as it should be */
    ASG_COLOUR_BUSY,  /* yellow: on its way, or held */
    ASG_COLOUR_BAD,   /* red: somebody should look */
    ASG_COLOUR_FAINT, /* grey: over and done */
    ASG_COLOUR_STRONG /* bold: titles */
};

/* What to write before and after; "" for NONE. Static. */
const char *asg_colour_begin(enum asg_colour colour);
const char *asg_colour_end(enum asg_colour colour);

/* Of a state as tables show it ("in-service", "dead", "yes"); NONE when it has none. */
enum asg_colour asg_colour_of_state(const char *word);

#endif
