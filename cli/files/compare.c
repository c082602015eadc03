#include "cli/files/compare.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask/confirm_ends.h"
#include "cli/files/compare_group.h"
#include "model/defaults.h"
#include "model/schemas.h"

/* The part of a list, in order of groups, that belongs to one. */
struct range {
    size_t begin;
    size_t end;
};

struct work {
    const struct asg_declared *declared;
    const struct asg_present *present;
    const struct asg_compare_options *options;
    struct asg_arena *arena;
    struct asg_differences *ret;
    struct asg_apply *order;
    size_t order_capacity;
    struct asg_error *error;
};

/* One group with all that is of it, on both sides. */
struct group_work {
    const char *name;
    const struct asg_declared_group *declared; /* NULL: the files do not define it */
    const struct asg_group_view *view;         /* NULL: it is not there */
    struct range declared_policies;
    struct range declared_schedules;
    struct range policies;
    struct range schedules;
    struct asg_apply_group order;
};

static struct asg_difference *add(struct work *work, enum asg_difference_action action,
                                  enum asg_difference_kind kind, const char *group,
                                  const char *name)
{
    struct asg_differences *ret = work->ret;
    struct asg_difference *difference =
        asg_arena_push(work->arena, (void **)&ret->differences, &ret->difference_count,
                       &ret->difference_capacity, sizeof *difference);
    *difference = (struct asg_difference){.action = action,
                                          .kind = kind,
                                          .group = group,
                                          .name = name,
                                          .file = "",
                                          .refused = ""};
    if (action == ASG_DIFFERENCE_CREATED) ret->created++;
    if (action == ASG_DIFFERENCE_CHANGED) ret->changed++;
    if (action == ASG_DIFFERENCE_DELETED) ret->deleted++;
    return difference;
}

static void say(struct work *work, struct asg_difference *difference,
                const struct asg_place *place, const struct asg_schema *schema,
                const void *from, const void *to, uint64_t bits)
{
    struct asg_field_differences fields = {0};
    asg_compare_fields(schema, from, to, bits, work->arena, &fields);
    difference->file = place->file;
    difference->line = place->line;
    difference->fields = fields.items;
    difference->field_count = fields.count;
}

/* All fields but those that say which one it is. */
static uint64_t content_of(const struct asg_schema *schema)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < schema->field_count; i++) {
        const char *name = schema->fields[i].name;
        if (strcmp(name, "group") == 0 || strcmp(name, "name") == 0) continue;
        if (!schema->fields[i].is_made) bits |= UINT64_C(1) << i;
    }
    return bits;
}

static bool is_same(const struct asg_schema *schema, const void *a, const void *b,
                    uint64_t bits)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        if ((bits & UINT64_C(1) << i) != 0 &&
            !asg_compare_is_same(&schema->fields[i], a, b)) {
            return false;
        }
    }
    return true;
}

/* ---- the group itself ---- */

static void say_capacity(struct work *work, const struct group_work *group,
                         const struct asg_group_wish *wish)
{
    const struct asg_group_view *view = group->view;
    uint32_t there = 0;
    uint32_t desired = wish->config.desired;
    if (view != NULL) {
        there = view->requested + view->pending + view->in_service;
        desired = asg_desired_after(
            view->config, &wish->config,
            asg_model_update_bits(&asg_group_config_schema, wish->different));
        if (desired == view->config->desired) return;
    }
    struct asg_differences *ret = work->ret;
    struct asg_capacity_difference *capacity =
        asg_arena_push(work->arena, (void **)&ret->capacities, &ret->capacity_count,
                       &ret->capacity_capacity, sizeof *capacity);
    *capacity = (struct asg_capacity_difference){
        .group = group->name,
        .there = there,
        .desired = desired,
        .launch = desired > there ? desired - there : 0,
        .terminate = there > desired ? there - desired : 0};
}

static void compare_group(struct work *work, struct group_work *group)
{
    if (group->declared == NULL) return;
    struct asg_group_wish wish = asg_group_wish_of(
        group->declared, group->view, work->options->sets_desired, work->arena);
    if (group->view != NULL && wish.different == 0) {
        work->ret->unchanged++;
        return;
    }
    struct asg_difference *difference =
        add(work, group->view != NULL ? ASG_DIFFERENCE_CHANGED : ASG_DIFFERENCE_CREATED,
            ASG_DIFFERENCE_GROUP, group->name, group->name);
    difference->refused = wish.refused;
    uint64_t bits = group->view != NULL ? wish.different : wish.named;
    say(work, difference, &group->declared->place, &asg_group_config_schema,
        group->view != NULL ? group->view->config : NULL, &wish.config,
        bits & content_of(&asg_group_config_schema));
    say_capacity(work, group, &wish);
    struct asg_group_config *sent = asg_arena_take(work->arena, sizeof *sent);
    *sent = wish.sent;
    group->order.config = sent;
    group->order.is_new = group->view == NULL;
    if (group->view == NULL) return;
    const struct asg_schema *schema = &asg_group_config_schema;
    group->order.fields = asg_model_update_bits(schema, wish.different);
    asg_model_set_defaults(schema, sent);
    asg_model_update(schema, sent, &wish.sent, group->order.fields);
    sent->name = group->name;
}

/* ---- policies ---- */

static const struct asg_policy_config *find_policy(const struct work *work,
                                                   const struct group_work *group,
                                                   const char *name)
{
    for (size_t i = group->policies.begin; i < group->policies.end; i++) {
        const struct asg_policy_config *policy = &work->present->policies[i];
        if (strcmp(policy->name, name) == 0) return policy;
    }
    return NULL;
}

static void compare_policy(struct work *work, struct group_work *group,
                           const struct asg_declared_policy *declared)
{
    const struct asg_schema *schema = &asg_policy_config_schema;
    const struct asg_policy_config *known =
        find_policy(work, group, declared->config.name);
    struct asg_policy_config config = declared->config;
    uint64_t bits = content_of(schema);
    asg_model_fill_unset(schema, &config);
    if (known != NULL && !asg_model_names(schema, declared->present, "kept")) {
        config.kept = known->kept;
        config.kept_count = known->kept_count;
    }
    if (known != NULL && is_same(schema, known, &config, bits)) {
        work->ret->unchanged++;
        return;
    }
    struct asg_difference *difference =
        add(work, known != NULL ? ASG_DIFFERENCE_CHANGED : ASG_DIFFERENCE_CREATED,
            ASG_DIFFERENCE_POLICY, group->name, config.name);
    say(work, difference, &declared->place, schema, known, &config,
        known != NULL ? bits : bits & declared->present);
    group->order.policies[group->order.policy_count++] = config;
}

/* ---- scheduled actions ---- */

/* A start that is over says nothing of what still recurs, and cannot be put again. */
static struct asg_schedule_config plain_schedule(const struct asg_schedule_config *given,
                                                 int64_t now_ms)
{
    struct asg_schedule_config config = *given;
    bool recurs = config.recurrence != NULL && config.recurrence[0] != '\0';
    if (recurs && config.start_ms <= now_ms) config.start_ms = 0;
    if (config.time_zone == NULL || config.time_zone[0] == '\0') config.time_zone = "UTC";
    return config;
}

/* The controller deletes what has no further run. */
static bool is_over(const struct asg_schedule_config *config, int64_t now_ms)
{
    bool recurs = config->recurrence != NULL && config->recurrence[0] != '\0';
    bool has_run = !recurs && config->start_ms != 0 && config->start_ms <= now_ms;
    return has_run || (config->end_ms != 0 && config->end_ms <= now_ms);
}

static const struct asg_schedule_config *find_schedule(const struct work *work,
                                                       const struct group_work *group,
                                                       const char *name)
{
    for (size_t i = group->schedules.begin; i < group->schedules.end; i++) {
        const struct asg_schedule_config *schedule = &work->present->schedules[i];
        if (strcmp(schedule->name, name) == 0) return schedule;
    }
    return NULL;
}

static void compare_schedule(struct work *work, struct group_work *group,
                             const struct asg_declared_schedule *declared)
{
    const struct asg_schema *schema = &asg_schedule_config_schema;
    int64_t now_ms = work->options->now_ms;
    const struct asg_schedule_config *found =
        find_schedule(work, group, declared->config.name);
    struct asg_schedule_config config = plain_schedule(&declared->config, now_ms);
    struct asg_schedule_config known = {0};
    uint64_t bits = content_of(schema);
    if (found != NULL) known = plain_schedule(found, now_ms);
    if (found == NULL && is_over(&config, now_ms)) {
        work->ret->over++;
        work->ret->unchanged++;
        return;
    }
    if (found != NULL && is_same(schema, &known, &config, bits)) {
        work->ret->unchanged++;
        return;
    }
    struct asg_difference *difference =
        add(work, found != NULL ? ASG_DIFFERENCE_CHANGED : ASG_DIFFERENCE_CREATED,
            ASG_DIFFERENCE_SCHEDULE, group->name, config.name);
    say(work, difference, &declared->place, schema, found != NULL ? &known : NULL,
        &config, found != NULL ? bits : bits & declared->present);
    group->order.schedules[group->order.schedule_count++] = config;
}

/* ---- what the files do not name ---- */

static bool is_declared_policy(const struct work *work, const struct group_work *group,
                               const char *name)
{
    for (size_t i = group->declared_policies.begin; i < group->declared_policies.end;
         i++) {
        if (strcmp(work->declared->policies[i].config.name, name) == 0) return true;
    }
    return false;
}

static bool is_declared_schedule(const struct work *work, const struct group_work *group,
                                 const char *name)
{
    for (size_t i = group->declared_schedules.begin; i < group->declared_schedules.end;
         i++) {
        if (strcmp(work->declared->schedules[i].config.name, name) == 0) return true;
    }
    return false;
}

static void prune(struct work *work, struct group_work *group)
{
    struct asg_apply_group *order = &group->order;
    const struct range *policies = &group->policies;
    const struct range *schedules = &group->schedules;
    order->gone_policies.items = asg_arena_take(
        work->arena, (policies->end - policies->begin + 1) * sizeof(char *));
    order->gone_schedules.items = asg_arena_take(
        work->arena, (schedules->end - schedules->begin + 1) * sizeof(char *));
    for (size_t i = policies->begin; i < policies->end; i++) {
        const char *name = work->present->policies[i].name;
        if (is_declared_policy(work, group, name)) continue;
        (void)add(work, ASG_DIFFERENCE_DELETED, ASG_DIFFERENCE_POLICY, group->name, name);
        order->gone_policies.items[order->gone_policies.count++] = name;
    }
    for (size_t i = schedules->begin; i < schedules->end; i++) {
        const char *name = work->present->schedules[i].name;
        if (is_declared_schedule(work, group, name)) continue;
        (void)add(work, ASG_DIFFERENCE_DELETED, ASG_DIFFERENCE_SCHEDULE, group->name,
                  name);
        order->gone_schedules.items[order->gone_schedules.count++] = name;
    }
}

/* ---- group by group ---- */

static enum asg_status refuse_stray(const struct work *work,
                                    const struct group_work *group)
{
    bool is_policy = group->declared_policies.begin < group->declared_policies.end;
    const struct asg_declared *declared = work->declared;
    const struct asg_place *place =
        is_policy ? &declared->policies[group->declared_policies.begin].place
                  : &declared->schedules[group->declared_schedules.begin].place;
    const char *name =
        is_policy ? declared->policies[group->declared_policies.begin].config.name
                  : declared->schedules[group->declared_schedules.begin].config.name;
    return asg_fail(work->error, ASG_ERR_INVALID,
                    "%s:%zu: %s %.80s is of group %.80s, which does not exist and which "
                    "the files do not define",
                    place->file, place->line, is_policy ? "policy" : "scheduled action",
                    name, group->name);
}

static enum asg_status compare_all(struct work *work, struct group_work *group)
{
    if (group->declared == NULL && group->view == NULL) return refuse_stray(work, group);
    group->order.name = group->name;
    compare_group(work, group);
    const struct range *policies = &group->declared_policies;
    const struct range *schedules = &group->declared_schedules;
    group->order.policies =
        asg_arena_take(work->arena, (policies->end - policies->begin + 1) *
                                        sizeof *group->order.policies);
    group->order.schedules =
        asg_arena_take(work->arena, (schedules->end - schedules->begin + 1) *
                                        sizeof *group->order.schedules);
    for (size_t i = policies->begin; i < policies->end; i++) {
        compare_policy(work, group, &work->declared->policies[i]);
    }
    for (size_t i = schedules->begin; i < schedules->end; i++) {
        compare_schedule(work, group, &work->declared->schedules[i]);
    }
    if (work->options->prunes && group->declared != NULL && group->view != NULL) {
        prune(work, group);
    }
    const struct asg_apply_group *order = &group->order;
    if (order->config != NULL || order->policy_count + order->schedule_count +
                                         order->gone_policies.count +
                                         order->gone_schedules.count >
                                     0) {
        *(struct asg_apply_group *)asg_arena_push(
            work->arena, (void **)&work->order->groups, &work->order->group_count,
            &work->order_capacity, sizeof *order) = *order;
    }
    return ASG_OK;
}

static const char *declared_policy_group(const void *items, size_t at)
{
    return ((const struct asg_declared_policy *)items)[at].config.group;
}

static const char *declared_schedule_group(const void *items, size_t at)
{
    return ((const struct asg_declared_schedule *)items)[at].config.group;
}

static const char *policy_group(const void *items, size_t at)
{
    return ((const struct asg_policy_config *)items)[at].group;
}

static const char *schedule_group(const void *items, size_t at)
{
    return ((const struct asg_schedule_config *)items)[at].group;
}

typedef const char *group_of(const void *items, size_t at);

/* From `begin` on: where those of `name` are. Items of groups before it are passed. */
static struct range range_of(const void *items, size_t count, size_t begin,
                             const char *name, group_of *group)
{
    struct range range = {.begin = begin};
    while (range.begin < count && strcmp(group(items, range.begin), name) < 0) {
        range.begin++;
    }
    range.end = range.begin;
    while (range.end < count && strcmp(group(items, range.end), name) == 0) {
        range.end++;
    }
    return range;
}

/* The first name of all that is still to come; NULL: nothing is. */
static const char *next_name(const struct asg_declared *declared, size_t group,
                             size_t policy, size_t schedule)
{
    const char *name = NULL;
    if (group < declared->group_count) name = declared->groups[group].config.name;
    if (policy < declared->policy_count) {
        const char *other = declared->policies[policy].config.group;
        if (name == NULL || strcmp(other, name) < 0) name = other;
    }
    if (schedule < declared->schedule_count) {
        const char *other = declared->schedules[schedule].config.group;
        if (name == NULL || strcmp(other, name) < 0) name = other;
    }
    return name;
}

enum asg_status asg_compare(const struct asg_declared *declared,
                            const struct asg_present *present,
                            const struct asg_compare_options *options,
                            struct asg_arena *arena, struct asg_differences *ret,
                            struct asg_apply *ret_order, struct asg_error *error)
{
    *ret = (struct asg_differences){.revision = present->revision};
    *ret_order = (struct asg_apply){.has_revision = true, .revision = present->revision};
    struct work work = {.declared = declared,
                        .present = present,
                        .options = options,
                        .arena = arena,
                        .ret = ret,
                        .order = ret_order,
                        .error = error};
    struct group_work at = {0};
    size_t groups = 0;
    enum asg_status status = ASG_OK;
    while (status == ASG_OK) {
        struct group_work group = {0};
        group.name = next_name(declared, groups, at.declared_policies.end,
                               at.declared_schedules.end);
        if (group.name == NULL) break;
        if (groups < declared->group_count &&
            strcmp(declared->groups[groups].config.name, group.name) == 0) {
            group.declared = &declared->groups[groups++];
        }
        group.view = asg_present_find_group(present, group.name);
        group.declared_policies =
            range_of(declared->policies, declared->policy_count, at.declared_policies.end,
                     group.name, declared_policy_group);
        group.declared_schedules =
            range_of(declared->schedules, declared->schedule_count,
                     at.declared_schedules.end, group.name, declared_schedule_group);
        group.policies = range_of(present->policies, present->policy_count,
                                  at.policies.end, group.name, policy_group);
        group.schedules = range_of(present->schedules, present->schedule_count,
                                   at.schedules.end, group.name, schedule_group);
        status = compare_all(&work, &group);
        at = group;
    }
    return status;
}
