#include "core/take/command_tags.h"

#include <assert.h>
#include <string.h>

#include "core/step/narrate.h"
#include "core/take/check_config.h"
#include "core/take/require.h"
#include "core/world/state.h"
#include "core/world/touched.h"

/* A group of the order, and the tags that it will have. */
struct change {
    struct group *group;
    struct asg_tag *tags;
    size_t count;
    size_t capacity;
};

struct changes {
    struct change *items;
    size_t count;
};

/* The change of that group, which begins with the tags that the group has. An order may
 * name thousands of groups and of tags: room for both times each other is not taken. */
static struct change *change_of(struct asg_core *core, struct changes *changes,
                                struct group *group, size_t most)
{
    for (size_t i = 0; i < changes->count; i++) {
        if (changes->items[i].group == group) return &changes->items[i];
    }
    const struct asg_group_config *config = &group->config;
    struct change *change = &changes->items[changes->count++];
    assert(changes->count <= most);
    change->group = group;
    change->capacity = config->tag_count + 1;
    change->tags = asg_arena_take(&core->step->effects->arena,
                                  change->capacity * sizeof *change->tags);
    for (size_t i = 0; i < config->tag_count; i++) {
        change->tags[i] = config->tags[i];
    }
    change->count = config->tag_count;
    return change;
}

static size_t find_tag(const struct change *change, const char *key)
{
    size_t at = 0;
    while (at < change->count && strcmp(change->tags[at].key, key) != 0) {
        at++;
    }
    assert(at <= change->count);
    return at;
}

static void put(struct asg_core *core, struct change *change,
                const struct asg_group_tag *tag)
{
    size_t at = find_tag(change, tag->key);
    if (at == change->count) {
        void *tags = change->tags;
        (void)asg_arena_push(&core->step->effects->arena, &tags, &change->count,
                             &change->capacity, sizeof *change->tags);
        change->tags = tags;
    }
    assert(at < change->count);
    change->tags[at] =
        (struct asg_tag){.key = tag->key, .value = tag->value, .stays = tag->stays};
}

/* One that is not there is no error, as in EC2 Auto Scaling. */
static void take_away(struct change *change, const struct asg_group_tag *tag)
{
    size_t at = find_tag(change, tag->key);
    assert(tag->value != NULL);
    if (at == change->count) return;
    if (tag->has_value && strcmp(change->tags[at].value, tag->value) != 0) return;
    change->count--;
    assert(at <= change->count);
    memmove(change->tags + at, change->tags + at + 1,
            (change->count - at) * sizeof *change->tags);
}

/* What all groups of the order will have. False: it is refused. */
static bool plan(struct asg_core *core, const struct asg_command *command,
                 struct changes *ret)
{
    assert(ret->count == 0);
    size_t most = command->group_tag_count;
    ret->items = asg_arena_take(&core->step->effects->arena, most * sizeof *ret->items);
    for (size_t i = 0; i < most; i++) {
        const struct asg_group_tag *tag = &command->group_tags[i];
        struct group *group = asg_take_require_group(core, tag->group);
        if (group == NULL) return false;
        struct change *change = change_of(core, ret, group, most);
        if (command->kind == ASG_COMMAND_GROUP_TAG) {
            put(core, change, tag);
        } else {
            take_away(change, tag);
        }
    }
    return true;
}

static bool is_allowed(struct asg_core *core, const struct asg_command *command,
                       const struct change *change)
{
    if (!asg_take_is_within(core, command, change->count, ASG_TAGS_MAX,
                            "tags of a group"))
        return false;
    assert(change->group->no > 0);
    struct asg_error error = {""};
    if (asg_take_check_tags(change->tags, change->count, &error) == ASG_OK) return true;
    asg_reply_refuse(core, "ValidationError", "group %s: %s", change->group->config.name,
                     error.text);
    assert(error.text[0] != '\0');
    return false;
}

static void carry_out(struct asg_core *core, const struct asg_command *command,
                      const struct change *change)
{
    struct asg_group_config config = change->group->config;
    config.tags = change->tags;
    config.tag_count = change->count;
    asg_group_set_config(change->group, &config);
    assert(change->group->config.tag_count == change->count);
    asg_group_mark_dirty(core, change->group);
    asg_touch_sheet(change->group);
    asg_narrate(core, ASG_DECISION_COMMAND, change->group,
                "tags changed by %s: the group has %zu", command->actor, change->count);
}

static void change_tags(struct asg_core *core, const struct asg_command *command)
{
    if (command->group_tag_count == 0) {
        asg_reply_refuse(core, "ValidationError", "the request names no tag");
        return;
    }
    struct changes changes = {0};
    if (!plan(core, command, &changes)) return;
    bool puts = command->kind == ASG_COMMAND_GROUP_TAG;
    for (size_t i = 0; puts && i < changes.count; i++) {
        if (!is_allowed(core, command, &changes.items[i])) return;
    }
    for (size_t i = 0; i < changes.count; i++) {
        carry_out(core, command, &changes.items[i]);
    }
    asg_reply_accept(core, 0, "tags of %zu group%s %s", changes.count,
                     changes.count == 1 ? "" : "s", puts ? "set" : "removed");
}

void asg_order_tag_groups(struct asg_core *core, const struct asg_command *command)
{
    assert(command->kind == ASG_COMMAND_GROUP_TAG);
    change_tags(core, command);
}

void asg_order_untag_groups(struct asg_core *core, const struct asg_command *command)
{
    assert(command->kind == ASG_COMMAND_GROUP_UNTAG);
    change_tags(core, command);
}
