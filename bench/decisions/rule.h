/* rule - who decides how many instances a simulated group has: openasg's own core, or a
 * model of somebody else's published rule.
 *
 * Flow:  load -> fleet -> [rule] -> fleet
 * Time:  milliseconds from the beginning of the load, passed in.
 */
#ifndef BENCH_DECISIONS_RULE_H
#define BENCH_DECISIONS_RULE_H

#include "fleet.h"

struct rule_state;

/* What a rule is told of the group. */
struct rule_group {
    uint32_t min;
    uint32_t max;
    uint32_t begins_with; /* instances, in service and warm */
};

struct rule {
    const char *name;
    const char *settings; /* "key=value,..." after the name */
    void (*begin)(const struct rule *rule, const struct rule_group *group,
                  struct fleet *fleet, struct rule_state **ret);
    /* A second has passed, and what the machines worked in it is known; before this call
     * those whose time came between the last second and this one are not in service. */
    void (*second)(struct rule_state *state, struct fleet *fleet, int64_t now_ms);
    uint32_t (*desired)(const struct rule_state *state);
    void (*end)(struct rule_state **state);
};

/* "name" or "name:key=value,..."; false, and said on standard error: no such rule. The
 * text must live as long as the rule. */
bool rule_find(const char *text, struct rule *ret);

/* The number of a setting; `otherwise` when the settings do not have it. */
int64_t rule_setting(const struct rule *rule, const char *key, int64_t otherwise);

extern const struct rule rule_openasg;
extern const struct rule rule_hpa;
extern const struct rule rule_aws;
extern const struct rule rule_nomad;
extern const struct rule rule_step;
extern const struct rule rule_threshold;

#endif
