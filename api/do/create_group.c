/* create_group - CreateAutoScalingGroup. */
#include <string.h>

#include "api/do/do.h"
#include "api/do/group_draft.h"
#include "model/enums.h"
#include "model/schema.h"

/* Tags: {Key, Value, PropagateAtLaunch}; what else a tag may say is of its group. */
static bool take_tags(struct asg_api_call *call, struct group_draft *draft)
{
    size_t count = 0;
    const struct asg_query_value *items = asg_value_items(&call->input, "Tags", &count);
    const size_t most = asg_api_limits_of(call)->tags;
    if (most > 0 && count > most) {
        asg_api_refuse(call, 400, "LimitExceeded",
                       "A group can have at most %zu tags, and %zu are given.", most,
                       count);
        return false;
    }
    struct asg_tag *tags = asg_arena_take(&call->arena, (count + 1) * sizeof *tags);
    for (size_t i = 0; i < count; i++) {
        tags[i] = (struct asg_tag){
            .key = asg_value_text(&items[i], "Key", ""),
            .value = asg_value_text(&items[i], "Value", ""),
            .stays = !asg_value_flag(&items[i], "PropagateAtLaunch", false)};
        for (size_t k = 0; k < i; k++) {
            if (strcmp(tags[k].key, tags[i].key) != 0) continue;
            asg_api_invalid(call, "Duplicate tag keys found: %s", tags[i].key);
            return false;
        }
    }
    draft->config.tags = tags;
    draft->config.tag_count = count;
    return true;
}

static void take_names(struct asg_api_call *call, struct group_draft *draft,
                       const char *member, enum asg_source_kind kind)
{
    size_t count = 0;
    const struct asg_query_value *items = asg_value_items(&call->input, member, &count);
    for (size_t i = 0; i < count; i++) {
        draft->config.sources[draft->config.source_count++] =
            (struct asg_source){.kind = kind, .identifier = items[i].text};
    }
}

/* Three ways to say the same. */
static bool take_sources(struct asg_api_call *call, struct group_draft *draft)
{
    size_t names = 0;
    size_t arns = 0;
    size_t count = 0;
    (void)asg_value_items(&call->input, "LoadBalancerNames", &names);
    (void)asg_value_items(&call->input, "TargetGroupARNs", &arns);
    const struct asg_query_value *items =
        asg_value_items(&call->input, "TrafficSources", &count);
    if (names + arns > 0 && count > 0) {
        asg_api_invalid(call, "TrafficSources cannot be combined with LoadBalancerNames "
                              "or TargetGroupARNs");
        return false;
    }
    struct asg_source *sources =
        asg_arena_take(&call->arena, (names + arns + count + 1) * sizeof *sources);
    draft->config.sources = sources;
    take_names(call, draft, "LoadBalancerNames", ASG_SOURCE_LOAD_BALANCER);
    take_names(call, draft, "TargetGroupARNs", ASG_SOURCE_TARGET_GROUP);
    for (size_t i = 0; i < count; i++) {
        struct asg_source *source = &sources[draft->config.source_count++];
        if (!asg_api_take_source(call, &items[i], source)) return false;
    }
    return true;
}

void asg_do_create_auto_scaling_group(struct asg_api_call *call)
{
    struct group_draft *draft = group_draft_begin(call, /* is_update */ false);
    size_t hooks = 0;
    (void)asg_value_items(&call->input, "LifecycleHookSpecificationList", &hooks);
    if (hooks > 0) {
        (void)group_draft_not_yet(call, "LifecycleHookSpecificationList");
        return;
    }
    if (!group_draft_take_members(call, draft) || !take_tags(call, draft) ||
        !take_sources(call, draft) || !group_draft_take_launch(call, draft) ||
        !group_draft_take_places(call, draft)) {
        return;
    }
    char uuid[ASG_UUID_SIZE];
    asg_uuid_draw(uuid);
    draft->config.uuid = asg_arena_text(&call->arena, uuid);
    group_draft_finish(call, draft);
}
