/* recent_ends - how many instances of a group were ended lately. */
#ifndef ASG_CORE_LIMITS_RECENT_ENDS_H
#define ASG_CORE_LIMITS_RECENT_ENDS_H

#include "core/world/world.h"

#define ENDS_WINDOW_MS INT64_C(600000)

struct recent {
    uint32_t broken;    /* health: another took their place */
    uint32_t shrinks;   /* policies: nobody did */
    uint32_t size;      /* the largest that orders found and made smaller; 0: none did */
    int64_t changes_ms; /* when the oldest of them is no longer recent; INT64_MAX: none */
};

/* Of the last ten minutes. */
struct recent asg_count_recent(const struct group *group, int64_t now_ms);

/* One more, now; what is no longer recent is forgotten. */
void asg_ends_note(struct asg_core *core, struct group *group, enum asg_end_cause cause);

/* An order takes instances away now: before the first of them is gone. */
void asg_ends_note_order(struct asg_core *core, struct group *group);

/* Members: those of its capacity, and those that policies or health are ending. */
uint32_t asg_ends_members(const struct group *group);

/* The newest of health lives on: EC2 refused to end it. */
void asg_ends_take_back(struct group *group);

#endif
