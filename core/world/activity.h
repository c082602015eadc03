/* activity - an open one: what a group is doing to an instance (docs/rules.md,
 * "Activities"). One that is over is in the log, and here no more. */
#ifndef ASG_CORE_WORLD_ACTIVITY_H
#define ASG_CORE_WORLD_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/activity.h"

struct asg_core;
struct group;
struct instance;

struct activity {
    uint64_t no; /* of its group's */
    enum asg_activity_kind kind;
    enum asg_activity_status status;
    uint32_t progress;
    int64_t start_ms;
    /* texts of core's pool: many have the same */
    const char *cause;
    const char *message;
    const char *subnet_id; /* of the slot that it had last */
    const char *zone;
    /* not saved */
    struct group *group;
    struct instance *instance; /* NULL: a launch that waits for the next slot */
    struct activity *next;     /* of those that wait */
    uint64_t step_no;          /* in which it was put into the effects, ... */
    size_t row;                /* ... and where */
};

/* The launches of a group that found no room, and are made again: oldest first. */
struct waiting_activities {
    struct activity *first;
    struct activity *last;
    uint32_t count;
};

/* Zeroed, of nobody's. */
struct activity *asg_activity_new(struct group *group);

/* Let go of its texts and free it; of a world that goes as a whole `core` is NULL. */
void asg_activity_free(struct asg_core *core, struct activity **activity);

/* One of its fields, cut to `most` bytes. */
void asg_activity_keep(struct asg_core *core, const char **held, size_t most,
                       const char *text);

/* To the end of those that wait, and the first of them, which waits no more. */
void asg_activity_push_waiting(struct group *group, struct activity *activity);
struct activity *asg_activity_pop_waiting(struct group *group);

#endif
