/* view_rows - one instance and one group as readers see them, for view.c and
 * view_pages.c. */
#ifndef ASG_CORE_VIEW_ROWS_H
#define ASG_CORE_VIEW_ROWS_H

#include "core/world/world.h"
#include "model/changes.h"

/* A list of texts that grows, and how many are of which kind. */
struct asg_alarm_texts {
    struct asg_arena *arena;
    const char **items;
    size_t count;
    size_t capacity;
    struct asg_alarm_view *rows; /* the same, with what they are about */
    size_t row_count;
    size_t row_capacity;
    struct asg_alarm_counts counts;
};

/* `group` "": it is about none. */
void asg_alarm_stand(struct asg_alarm_texts *alarms, enum asg_alarm_kind kind,
                     const char *group, const char *text);

/* What an operator should look at in a group, whatever the time is: all but the breaker
 * of launches, which asg_core_say_breaker() says while it is open. */
void asg_view_group_alarms(const struct group *group, struct asg_alarm_texts *alarms);

/* A row, but for is_warming. What it has in common with the row before (NULL: none) and
 * lives in the same arena is not copied again. */
void asg_view_fill_instance(const struct instance *instance,
                            const struct instance *before,
                            const struct asg_instance_view *before_view,
                            struct asg_arena *arena, struct asg_instance_view *ret);

/* A group, but for its counts and what depends on the cluster (is_held). */
void asg_view_fill_group(const struct group *group, struct asg_arena *arena,
                         struct asg_group_view *ret);

/* One more in the counts. */
void asg_view_count(const struct instance *instance, struct asg_instance_counts *counts);

#endif
