/* choose_victims - who goes when a group shrinks (docs/rules.md, "Choosing whom to
 * terminate").
 *
 * Zone balance first, then the listed policies in order, each narrowing the set; what is
 * left is settled by the default policy and a seeded order, so that a replay chooses
 * alike. Time: n log n of the instances, then the number of zones for each choice.
 * Memory: none; the candidates are linked to each other.
 */
#ifndef ASG_CORE_CHOOSE_CHOOSE_VICTIMS_H
#define ASG_CORE_CHOOSE_CHOOSE_VICTIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/enums.h"

struct asg_candidate {
    uint64_t no;
    const char *zone;
    int64_t launched_ms;
    const char *template_id;   /* or the name of its launch configuration */
    uint64_t template_version; /* or when that was made */
    bool has_configuration;
    uint32_t rank;     /* of a mixed group: place of its type in the priorities; else 0 */
    bool is_candidate; /* false: only counts for the balance of the zones */
    bool is_chosen;    /* out */
    /* Used while choosing: the next in its list; of the first of a zone, its list. */
    struct asg_candidate *next;
    struct asg_candidate *next_zone;
    struct asg_candidate *best; /* who of the zone goes next */
    size_t zone_size;
};

struct asg_choice {
    const enum asg_termination_policy *policies;
    size_t policy_count;
    const char *template_id; /* the group's now, as of a candidate */
    bool has_configuration;
    int64_t now_ms;
    uint64_t seed;
};

/* Mark up to `count` of them as chosen, in *ret_order their indices in the order they
 * were chosen. Returns how many could be. */
size_t asg_choose_victims(const struct asg_choice *choice,
                          struct asg_candidate *candidates, size_t candidate_count,
                          size_t count, size_t *ret_order);

#endif
