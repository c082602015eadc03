#include "api/held_answers.h"

#include <stdlib.h>

#include "api/door.h"

struct asg_held_answer {
    struct asg_held_answer *next;
    struct asg_api_call *call;
    const char *group;
    int64_t until_ms;
};

bool asg_order_settles(enum asg_command_kind kind)
{
    switch (kind) {
    case ASG_COMMAND_GROUP_CREATE:
    case ASG_COMMAND_GROUP_UPDATE:
    case ASG_COMMAND_GROUP_DELETE:
    case ASG_COMMAND_SET_DESIRED:
    case ASG_COMMAND_EXECUTE_POLICY:
    case ASG_COMMAND_TERMINATE_INSTANCE:
    case ASG_COMMAND_ENTER_STANDBY:
    case ASG_COMMAND_EXIT_STANDBY:
    case ASG_COMMAND_ATTACH_INSTANCES:
    case ASG_COMMAND_DETACH_INSTANCES: return true;
    default: return false;
    }
}

bool asg_group_is_settled(const struct asg_root *root, const char *group)
{
    const struct asg_page *page = asg_root_find(root, group);
    if (page == NULL) return true;
    const struct asg_instance_counts *counts = &page->counts;
    const struct asg_group_view *view = &page->sheet->content.group;
    if (counts->requested > 0 || counts->terminating > 0 || view->is_deleting) {
        return false;
    }
    return counts->pending + counts->serving >= view->config->desired;
}

void asg_held_answers_add(struct asg_held_answers *held, struct asg_api_call *call,
                          const char *group, int64_t until_ms)
{
    struct asg_held_answer *answer = asg_alloc(1, sizeof *answer);
    *answer =
        (struct asg_held_answer){.call = call, .group = group, .until_ms = until_ms};
    if (held->last != NULL) {
        held->last->next = answer;
    } else {
        held->first = answer;
    }
    held->last = answer;
}

/* Out of the list, and on its way. */
static void send_held(struct asg_held_answer **link)
{
    struct asg_held_answer *answer = *link;
    *link = answer->next;
    asg_api_send(answer->call);
    free(answer);
}

int64_t asg_held_answers_look(struct asg_held_answers *held, struct asg_view *view,
                              int64_t mono_ms)
{
    if (held->first == NULL) return INT64_MAX;
    const struct asg_root *root = asg_view_hold(view);
    int64_t next_ms = INT64_MAX;
    struct asg_held_answer **link = &held->first;
    held->last = NULL;
    while (*link != NULL) {
        struct asg_held_answer *answer = *link;
        if (answer->until_ms <= mono_ms || asg_group_is_settled(root, answer->group)) {
            send_held(link);
            continue;
        }
        if (answer->until_ms < next_ms) next_ms = answer->until_ms;
        held->last = answer;
        link = &answer->next;
    }
    asg_view_drop(&root);
    return next_ms;
}

void asg_held_answers_release(struct asg_held_answers *held)
{
    while (held->first != NULL) {
        send_held(&held->first);
    }
    held->last = NULL;
}
