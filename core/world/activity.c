#include "core/world/activity.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "core/world/world.h"

struct activity *asg_activity_new(struct group *group)
{
    assert(group != NULL);
    struct activity *activity = asg_alloc(1, sizeof *activity);
    activity->group = group;
    activity->cause = "";
    activity->message = "";
    activity->subnet_id = "";
    activity->zone = "";
    return activity;
}

void asg_activity_free(struct asg_core *core, struct activity **activity)
{
    struct activity *a = *activity;
    if (a == NULL) return;
    assert(a->cause != NULL && a->message != NULL);
    if (core != NULL) {
        asg_text_pool_set(&core->texts, &a->cause, "");
        asg_text_pool_set(&core->texts, &a->message, "");
        asg_text_pool_set(&core->texts, &a->subnet_id, "");
        asg_text_pool_set(&core->texts, &a->zone, "");
    }
    free(a);
    *activity = NULL;
}

void asg_activity_keep(struct asg_core *core, const char **held, size_t most,
                       const char *text)
{
    assert(most <= ASG_ACTIVITY_CAUSE_MAX);
    char cut[ASG_ACTIVITY_CAUSE_MAX + 1];
    size_t length = strnlen(text, most + 1);
    if (length > most) {
        length = asg_utf8_cut(text, most);
        assert(length <= most);
        memcpy(cut, text, length);
        cut[length] = '\0';
        text = cut;
    }
    asg_text_pool_set(&core->texts, held, text);
}

void asg_activity_push_waiting(struct group *group, struct activity *activity)
{
    assert(activity->next == NULL && activity->instance == NULL);
    assert(activity->group == group);
    struct waiting_activities *waiting = &group->waiting;
    if (waiting->last != NULL) {
        waiting->last->next = activity;
    } else {
        waiting->first = activity;
    }
    waiting->last = activity;
    waiting->count++;
}

struct activity *asg_activity_pop_waiting(struct group *group)
{
    struct waiting_activities *waiting = &group->waiting;
    struct activity *activity = waiting->first;
    if (activity == NULL) return NULL;
    assert(waiting->count > 0);
    waiting->first = activity->next;
    if (waiting->first == NULL) waiting->last = NULL;
    waiting->count--;
    activity->next = NULL;
    return activity;
}
