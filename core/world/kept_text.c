#include "core/world/kept_text.h"

#include <assert.h>
#include <string.h>

#include "core/values/text.h"

#define KEPT_MAX ASG_GROUP_NAME_MAX /* the longest of them */

void asg_text_keep(struct asg_core *core, const char **held, size_t most,
                   const char *text)
{
    assert(held != NULL && *held != NULL);
    assert(most <= KEPT_MAX);
    char cut[KEPT_MAX + 1];
    if (strnlen(text, most + 1) > most) {
        asg_text_copy(cut, most + 1, text);
        assert(strlen(cut) <= most);
        text = cut;
    }
    asg_text_pool_set(&core->texts, held, text);
}

#define INSTANCE_TEXTS 7

static void list_instance(struct instance *instance, const char **ret[INSTANCE_TEXTS])
{
    ret[0] = &instance->type;
    ret[1] = &instance->subnet_id;
    ret[2] = &instance->zone;
    ret[3] = &instance->template_id;
    ret[4] = &instance->reason;
    ret[5] = &instance->notice.event_code;
    ret[6] = &instance->configuration;
}

void asg_text_begin_instance(struct instance *instance)
{
    assert(instance->type == NULL); /* it is new */
    const char **texts[INSTANCE_TEXTS];
    list_instance(instance, texts);
    for (size_t i = 0; i < INSTANCE_TEXTS; i++) {
        *texts[i] = "";
    }
}

void asg_text_end_instance(struct asg_core *core, struct instance *instance)
{
    assert(instance->type != NULL); /* it was begun */
    const char **texts[INSTANCE_TEXTS];
    list_instance(instance, texts);
    for (size_t i = 0; i < INSTANCE_TEXTS; i++) {
        asg_text_pool_set(&core->texts, texts[i], "");
    }
}

#define GROUP_TEXTS (2 + HOLD_TOPICS)

static void list_group(struct group *group, const char **ret[GROUP_TEXTS])
{
    ret[0] = &group->degraded;
    ret[1] = &group->template.id;
    for (int topic = 0; topic < HOLD_TOPICS; topic++) {
        ret[2 + topic] = &group->held[topic];
    }
}

void asg_text_begin_group(struct group *group)
{
    assert(group->degraded == NULL); /* it is new */
    const char **texts[GROUP_TEXTS];
    list_group(group, texts);
    for (size_t i = 0; i < GROUP_TEXTS; i++) {
        *texts[i] = "";
    }
}

void asg_text_end_group(struct asg_core *core, struct group *group)
{
    assert(group->degraded != NULL); /* it was begun */
    const char **texts[GROUP_TEXTS];
    list_group(group, texts);
    for (size_t i = 0; i < GROUP_TEXTS; i++) {
        asg_text_pool_set(&core->texts, texts[i], "");
    }
}
