#include "core/take/command_apply.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/step/narrate.h"
#include "core/take/command_group.h"
#include "core/take/command_policy.h"
#include "core/take/refusal.h"
#include "core/take/try_again.h"
#include "core/values/schedule.h"
#include "core/world/state.h"

/* A group of the order, and what it will have: checked, so that nothing can fail. */
struct change {
    const struct asg_apply_group *order;
    struct group *group; /* NULL: it is created */
    struct asg_group_config config;
    struct asg_policy_config *policies;
    struct asg_schedule_config *schedules;
};

/* What is checked, and what for. */
struct check {
    const struct asg_core *core;
    const struct asg_apply *apply;
    struct asg_arena *arena;
    struct asg_reply *why; /* not: the first thing that is wrong */
    struct change *changes;
    size_t new_count;
};

bool asg_apply_changes(const struct asg_apply_group *order)
{
    assert(order->name != NULL);
    return order->config != NULL || order->policy_count > 0 ||
           order->schedule_count > 0 || order->gone_policies.count > 0 ||
           order->gone_schedules.count > 0;
}

/* ---- is it made from the state as it is? ---- */

static bool say_changed(const struct check *check, const char *name, const char *how)
{
    assert(how[0] != '\0');
    return asg_take_say_no(check->arena, check->why, "Changed",
                           "group %s %s; read it again and compare", name, how);
}

static bool is_as_read(const struct check *check, const struct asg_apply_group *order)
{
    const struct group *group = asg_group_find(check->core, order->name);
    assert(group == NULL || group->revision <= check->core->revision);
    if (order->is_new) {
        return group == NULL || say_changed(check, order->name, "exists already");
    }
    if (group == NULL) return say_changed(check, order->name, "is gone");
    const struct asg_apply *apply = check->apply;
    if (apply->has_revision && group->revision > apply->revision) {
        return asg_take_say_no(check->arena, check->why, "Changed",
                               "group %s was changed by another order (its revision is "
                               "%" PRIu64 ", and %" PRIu64
                               " was read); read it again and compare",
                               order->name, group->revision, apply->revision);
    }
    if (!group->is_deleting) return true;
    return asg_take_say_no(check->arena, check->why, "ScalingActivityInProgress",
                           "group %s is being deleted; wait until it is gone",
                           order->name);
}

/* By name, each once. */
static bool are_in_order(const struct check *check)
{
    const struct asg_apply_group *groups = check->apply->groups;
    for (size_t i = 0; i < check->apply->group_count; i++) {
        int order = i == 0 ? -1 : strcmp(groups[i - 1].name, groups[i].name);
        if (order < 0) continue;
        assert(i > 0);
        return asg_take_say_no(check->arena, check->why, "ValidationError",
                               order == 0 ? "group %s is listed twice"
                                          : "group %s is not in the order of the names",
                               groups[i].name);
    }
    return true;
}

/* ---- may it be so? ---- */

/* Whoever reads it learns what of the order it is of. */
static bool say_where(const struct check *check, const struct change *change,
                      const char *what, const char *name)
{
    struct asg_reply said = *check->why;
    assert(said.is_set && !said.is_ok);
    return asg_take_say_no(check->arena, check->why, said.code, "group %s%s%s%s: %s",
                           change->order->name, what[0] != '\0' ? ", " : "", what, name,
                           said.message);
}

static bool say_wrong(const struct check *check, const struct change *change,
                      const char *what, const char *name, const char *wrong)
{
    (void)asg_take_say_no(check->arena, check->why, "ValidationError", "%s", wrong);
    return say_where(check, change, what, name);
}

static bool is_among(const struct asg_texts *names, size_t count, const char *name)
{
    assert(count <= names->count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names->items[i], name) == 0) return true;
    }
    return false;
}

/* Each of them is there, and is named once. `has`: does the group have it? */
static bool may_be_deleted(const struct check *check, const struct change *change,
                           const struct asg_texts *names, const char *what,
                           bool (*has)(const struct group *group, const char *name))
{
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i];
        if (is_among(names, i, name)) {
            return say_wrong(check, change, what, name,
                             "it is listed for deletion twice");
        }
        if (change->group != NULL && has(change->group, name)) continue;
        (void)asg_take_say_no(check->arena, check->why, "Changed",
                              "it no longer exists; read the group again and "
                              "compare");
        return say_where(check, change, what, name);
    }
    assert(names->count <= ASG_SCHEDULES_PER_GROUP); /* the group has them all */
    return true;
}

static bool has_policy(const struct group *group, const char *name)
{
    return asg_policy_find(group, name) != NULL;
}

static bool has_schedule(const struct group *group, const char *name)
{
    return asg_schedule_find(group, name) != NULL;
}

/* Put once, and not deleted as well. */
static const char *wrong_with_put(const struct asg_texts *gone, bool is_twice,
                                  const char *name)
{
    if (is_twice) return "it is listed twice";
    return is_among(gone, gone->count, name) ? "it is both saved and deleted" : NULL;
}

static bool check_policies(const struct check *check, struct change *change)
{
    const struct asg_apply_group *order = change->order;
    const struct group *group = change->group;
    assert(order->policies != NULL || order->policy_count == 0);
    size_t count = (group != NULL ? group->policy_count : 0) - order->gone_policies.count;
    change->policies =
        asg_arena_take(check->arena, order->policy_count * sizeof *change->policies);
    for (size_t i = 0; i < order->policy_count; i++) {
        struct asg_policy_config *policy = &change->policies[i];
        if (!asg_policy_may_be(group, order->name, &order->policies[i], check->arena,
                               policy, check->why)) {
            return say_where(check, change, "policy ", order->policies[i].name);
        }
        bool is_twice = false;
        for (size_t j = 0; j < i && !is_twice; j++) {
            is_twice = strcmp(change->policies[j].name, policy->name) == 0;
        }
        const char *wrong = wrong_with_put(&order->gone_policies, is_twice, policy->name);
        if (wrong != NULL) {
            return say_wrong(check, change, "policy ", policy->name, wrong);
        }
        count += group == NULL || !has_policy(group, policy->name) ? 1 : 0;
        if (asg_take_may_be_so_many(check->arena, check->why, count,
                                    check->apply->policies_limit, ASG_POLICIES_PER_GROUP,
                                    "policies")) {
            continue;
        }
        return say_where(check, change, "", "");
    }
    return true;
}

/* Those that the group has and the order leaves alone. */
static void find_starts(const struct check *check, const struct change *change,
                        struct asg_starts *ret)
{
    const struct asg_apply_group *order = change->order;
    struct asg_starts all;
    asg_starts_of(change->group, check->arena, &all);
    *ret = (struct asg_starts){0};
    for (size_t i = 0; i < all.count; i++) {
        const char *name = all.items[i].name;
        bool stays = !is_among(&order->gone_schedules, order->gone_schedules.count, name);
        for (size_t j = 0; j < order->schedule_count && stays; j++) {
            stays = strcmp(order->schedules[j].name, name) != 0;
        }
        if (stays) asg_starts_add(ret, check->arena, name, all.items[i].next_ms);
    }
    assert(ret->count <= all.count);
}

static bool check_schedules(const struct check *check, struct change *change)
{
    const struct asg_apply_group *order = change->order;
    assert(order->schedules != NULL || order->schedule_count == 0);
    if (order->schedule_count == 0) return true;
    struct asg_starts starts;
    change->schedules =
        asg_arena_take(check->arena, order->schedule_count * sizeof *change->schedules);
    if (!asg_take_may_be_so_many(check->arena, check->why, order->schedule_count,
                                 check->apply->schedules_limit, ASG_SCHEDULES_PER_GROUP,
                                 "scheduled actions")) {
        return say_where(check, change, "", "");
    }
    find_starts(check, change, &starts);
    for (size_t i = 0; i < order->schedule_count; i++) {
        struct asg_schedule_config *schedule = &change->schedules[i];
        if (!asg_schedule_may_be(check->core, order->name, &order->schedules[i], &starts,
                                 check->arena, schedule, check->why)) {
            return say_where(check, change, "scheduled action ",
                             order->schedules[i].name);
        }
        bool is_twice = false;
        for (size_t j = 0; j < i && !is_twice; j++) {
            is_twice = strcmp(change->schedules[j].name, schedule->name) == 0;
        }
        const char *wrong =
            wrong_with_put(&order->gone_schedules, is_twice, schedule->name);
        if (wrong != NULL) {
            return say_wrong(check, change, "scheduled action ", schedule->name, wrong);
        }
        asg_starts_add(&starts, check->arena, schedule->name,
                       asg_schedule_next(schedule, check->core->now_ms));
        if (asg_take_may_be_so_many(check->arena, check->why, starts.count,
                                    check->apply->schedules_limit,
                                    ASG_SCHEDULES_PER_GROUP, "scheduled actions")) {
            continue;
        }
        return say_where(check, change, "", "");
    }
    return true;
}

static bool check_config(struct check *check, struct change *change)
{
    const struct asg_apply_group *order = change->order;
    assert((change->group == NULL) == order->is_new);
    if (!order->is_new) {
        return order->config == NULL ||
               asg_group_may_change(check->core, change->group, order->config,
                                    order->fields, check->arena, &change->config,
                                    check->why);
    }
    if (order->config == NULL) {
        return asg_take_say_no(
            check->arena, check->why, "ValidationError",
            "group %s: it is new, and the request has no configuration "
            "for it",
            order->name);
    }
    struct asg_group_config given = *order->config;
    given.name = order->name;
    check->new_count++;
    return asg_group_may_begin(
        check->core, &given, check->core->group_count + check->new_count,
        check->apply->groups_limit, check->arena, &change->config, check->why);
}

static bool check_group(struct check *check, struct change *change)
{
    assert(change->order != NULL);
    return check_config(check, change) &&
           may_be_deleted(check, change, &change->order->gone_policies, "policy ",
                          has_policy) &&
           may_be_deleted(check, change, &change->order->gone_schedules,
                          "scheduled action ", has_schedule) &&
           check_policies(check, change) && check_schedules(check, change);
}

static size_t count_parts(const struct asg_apply *apply)
{
    size_t parts = apply->group_count;
    for (size_t i = 0; i < apply->group_count; i++) {
        const struct asg_apply_group *order = &apply->groups[i];
        parts += order->policy_count + order->schedule_count +
                 order->gone_policies.count + order->gone_schedules.count;
    }
    assert(parts >= apply->group_count);
    return parts;
}

/* By so many more instances. */
static uint64_t growth_of(const struct change *change)
{
    if (change->order->config == NULL) return 0;
    uint32_t before = change->group != NULL ? change->group->config.desired : 0;
    uint32_t after = change->config.desired;
    assert(after <= ASG_GROUP_CAPACITY_MAX);
    return after > before ? after - before : 0;
}

/* Fills check->changes. False: check->why says what is wrong. */
static bool check_all(struct check *check)
{
    const struct asg_apply *apply = check->apply;
    if (apply == NULL) {
        return asg_take_say_no(check->arena, check->why, "ValidationError",
                               "the request contains no groups");
    }
    if (!asg_take_may_be_so_many(
            check->arena, check->why, count_parts(apply), 0, ASG_APPLY_PARTS_MAX,
            "groups, policies and scheduled actions in one request") ||
        !are_in_order(check)) {
        return false;
    }
    if (apply->has_revision && apply->revision > check->core->revision) {
        return asg_take_say_no(check->arena, check->why, "Changed",
                               "revision %" PRIu64 " is of another log: this one is at "
                               "revision %" PRIu64 "; read the groups again and compare",
                               apply->revision, check->core->revision);
    }
    uint64_t growth = 0;
    assert(apply->groups != NULL || apply->group_count == 0);
    for (size_t i = 0; i < apply->group_count; i++) {
        if (!is_as_read(check, &apply->groups[i])) return false;
    }
    check->changes =
        asg_arena_take(check->arena, apply->group_count * sizeof *check->changes);
    for (size_t i = 0; i < apply->group_count; i++) {
        check->changes[i] =
            (struct change){.order = &apply->groups[i],
                            .group = asg_group_find(check->core, apply->groups[i].name)};
        if (!check_group(check, &check->changes[i])) return false;
        growth += growth_of(&check->changes[i]);
    }
    return asg_take_may_be_so_many(check->arena, check->why, (size_t)growth, 0,
                                   ASG_APPLY_INSTANCES_MAX,
                                   "instances requested at the same time");
}

/* ---- do it ---- */

static void carry_out(struct asg_core *core, const struct change *change,
                      const char *actor)
{
    const struct asg_apply_group *order = change->order;
    const struct known_template known = {.version = order->template_version,
                                         .id = order->template_id};
    struct group *group = change->group;
    if (group == NULL) {
        group = asg_group_begin(core, &change->config, known, actor);
    }
    assert(strcmp(group->config.name, order->name) == 0);
    for (size_t i = 0; i < order->gone_policies.count; i++) {
        asg_policy_delete(core, group, order->gone_policies.items[i], actor);
    }
    for (size_t i = 0; i < order->gone_schedules.count; i++) {
        asg_schedule_delete(core, group, order->gone_schedules.items[i], actor);
    }
    for (size_t i = 0; i < order->policy_count; i++) {
        asg_policy_put(core, group, &change->policies[i], actor);
    }
    for (size_t i = 0; i < order->schedule_count; i++) {
        asg_schedule_put(core, group, &change->schedules[i], actor);
    }
    if (order->is_new || order->config == NULL) return;
    asg_group_change(core, group, &change->config, order->fields, known, actor);
}

/* "created 2 groups, saved 1 policy"; `is_tried`: "would create 2 groups, save 1 policy".
 */
static const char *say_what(const struct asg_apply *apply, bool is_tried,
                            struct asg_arena *arena)
{
    enum { CREATED, CHANGED, SAVED, DELETED, SCHEDULED, UNSCHEDULED, KINDS };
    static const struct {
        const char *done, *tried, *one, *many;
    } words[KINDS] = {
        [CREATED] = {"created", "create", "group", "groups"},
        [CHANGED] = {"changed", "change", "group", "groups"},
        [SAVED] = {"saved", "save", "policy", "policies"},
        [DELETED] = {"deleted", "delete", "policy", "policies"},
        [SCHEDULED] = {"saved", "save", "scheduled action", "scheduled actions"},
        [UNSCHEDULED] = {"deleted", "delete", "scheduled action", "scheduled actions"},
    };
    size_t counts[KINDS] = {0};
    for (size_t i = 0; i < apply->group_count; i++) {
        const struct asg_apply_group *order = &apply->groups[i];
        if (order->config != NULL) counts[order->is_new ? CREATED : CHANGED]++;
        counts[SAVED] += order->policy_count;
        counts[DELETED] += order->gone_policies.count;
        counts[SCHEDULED] += order->schedule_count;
        counts[UNSCHEDULED] += order->gone_schedules.count;
    }
    const char *text = "";
    for (size_t kind = 0; kind < KINDS; kind++) {
        if (counts[kind] == 0) continue;
        const char *join = text[0] != '\0' ? ", " : is_tried ? "would " : "";
        text = asg_arena_format(arena, "%s%s%s %zu %s", text, join,
                                is_tried ? words[kind].tried : words[kind].done,
                                counts[kind],
                                counts[kind] == 1 ? words[kind].one : words[kind].many);
    }
    assert(text != NULL);
    return text[0] != '\0' ? text : "nothing to change";
}

void asg_apply_try(const struct asg_core *core, const struct asg_apply *apply,
                   struct asg_arena *arena, struct asg_reply *ret)
{
    *ret = (struct asg_reply){.is_set = true, .is_ok = true, .code = ""};
    struct check check = {.core = core, .apply = apply, .arena = arena, .why = ret};
    if (check_all(&check)) ret->message = say_what(apply, /* is_tried */ true, arena);
    assert(ret->message != NULL);
}

void asg_order_apply(struct asg_core *core, const struct asg_command *command)
{
    struct asg_arena *arena = &core->step->effects->arena;
    struct asg_reply why = {0};
    struct check check = {
        .core = core, .apply = command->apply, .arena = arena, .why = &why};
    if (!check_all(&check)) {
        asg_take_refuse(core, &why);
        return;
    }
    size_t before = core->group_count;
    for (size_t i = 0; i < command->apply->group_count; i++) {
        carry_out(core, &check.changes[i], command->actor);
    }
    assert(core->group_count == before + check.new_count);
    asg_try_recall(core);
    asg_reply_accept(core, 0, "%s",
                     say_what(command->apply, /* is_tried */ false, arena));
}
