/* rules - which behaviour decides from when on, by number. Inside core/ only.
 *
 * The command LEAD carries the number of the rules that decide from there on, the state
 * keeps it, and a log is decided again by the rules that it was decided by, for as long
 * as they stand here. Behaviour that changes in a released openasg gets a row with the
 * next number, and the places that change ask for the row:
 *
 *     if (asg_rules_have(core, ASG_RULE_SLOW_START)) ...
 *
 * docs/log-format.md, "Changing a rule", has the steps. A row is never removed or
 * renumbered while a release promises to replay logs from before it.
 */
#ifndef ASG_CORE_WORLD_RULES_H
#define ASG_CORE_WORLD_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct asg_core;

/* number, name, what changed: numbers never go down, and several may change at once */
#define ASG_RULES_LIST(X) X(1, FIRST, "as openasg 1.0 decides")

enum asg_rule {
#define X(number, name, words) ASG_RULE_##name = (number),
    ASG_RULES_LIST(X)
#undef X
};

/* The newest there are: what a controller leads with. */
uint32_t asg_rules_newest(void);

/* Do the rules that decide now have it? Before the first LEAD: as under the oldest. */
bool asg_rules_have(const struct asg_core *core, enum asg_rule rule);

/* May these rules decide from here on? ASG_ERR_VERSION: this program does not know them,
 * or newer ones have decided before; `error` (may be NULL) says so, and what to do. */
ASG_MUST_USE enum asg_status asg_rules_check(const struct asg_core *core, uint32_t rules,
                                             struct asg_error *error);

#endif
