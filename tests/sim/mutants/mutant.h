/* mutant - deliberate mistakes, so that tests can prove that they would see them.
 *
 * Each is a patch beside this file that says the law which must catch it, the mistake and
 * the place. The build applies all of them to copies of the files they name, includes
 * this header first in those, and links a second simulator with them; one at a time is
 * on. What ships has none (docs/simulator.md, "Mutants"). */
#ifndef ASG_SIM_MUTANT_H
#define ASG_SIM_MUTANT_H

#include <stdbool.h>

#include "mutants.inc" /* ASG_MUTANT_LIST(X): name, law, seed or 0, the mistake */

enum asg_mutant {
    ASG_MUTANT_NONE,
#define X(name, law, seed, what) ASG_MUTANT_##name,
    ASG_MUTANT_LIST(X)
#undef X
        ASG_MUTANTS_END
};

extern int asg_mutant; /* which one is on */
extern unsigned asg_mutant_passes;
#define ASG_MUTANT(name) (asg_mutant == ASG_MUTANT_##name)
/* Every `nth` time this is reached. */
#define ASG_MUTANT_EVERY(name, nth) (ASG_MUTANT(name) && ++asg_mutant_passes % (nth) == 0)

#endif
