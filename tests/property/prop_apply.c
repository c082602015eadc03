/* prop_apply - random orders of several groups, right ones and wrong ones:
 *   - an order that is refused changes not a byte of the state, and a trial of an order
 *     is answered as the order is, and changes nothing;
 *   - an order that is taken leaves what the same changes leave when each is an order of
 *     its own, byte by byte but for the revisions;
 *   - what is refused for what it asks for is refused as orders of their own too. */
#include <inttypes.h>
#include <stdio.h>

#include "core/check.h"
#include "core/core.h"
#include "core/world/state.h"
#include "lib/check.h"
#include "lib/seed.h"
#include "lib/step_core.h"

#define WORLDS     100
#define ORDERS     150
#define NAMES      4 /* of groups, of policies, of actions */
#define BEGAN_MS   INT64_C(1795444609000)
#define POLICIES   3 /* there may be */
#define SCHEDULES  3
#define GROUPS_MAX 3

struct world {
    struct seed seed;
    struct asg_core *core; /* gets the whole orders */
    struct asg_core *twin; /* and this one each change on its own */
    struct asg_effects effects;
    struct asg_arena arena; /* of the present order */
    int64_t now_ms;
    size_t taken;
    size_t refused;
    size_t exchanged;
};

static struct world w;

static uint64_t below(uint64_t end)
{
    return seed_below(&w.seed, end);
}

static bool one_in(uint64_t count)
{
    return below(count) == 0;
}

static const char *name_of(const char *what, size_t number)
{
    return asg_arena_format(&w.arena, "%s-%zu", what, number);
}

/* ---- an order ---- */

static struct asg_group_config *draw_config(bool is_new)
{
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    struct asg_group_config *config = asg_arena_take(&w.arena, sizeof *config);
    config->min = (uint32_t)below(4);
    config->max = one_in(20) ? (uint32_t)below(4) : 4 + (uint32_t)below(6);
    config->desired = config->min + (uint32_t)below(one_in(20) ? 12 : 4);
    config->template_id = one_in(40) ? "" : "lt-0123456789abcdef0";
    config->template_version = one_in(2) ? "1" : "2";
    config->health_grace_ms = (int64_t)below(3) * 1000;
    config->cooldown_ms = one_in(40) ? -5 : (int64_t)below(3) * 1000;
    config->warmup_ms = 0;
    config->uuid = is_new ? name_of("uuid", below(1000)) : "";
    config->subnets = &subnet;
    config->subnet_count = 1;
    return config;
}

static void draw_policies(struct asg_apply_group *group)
{
    group->policies = asg_arena_take(&w.arena, NAMES * sizeof *group->policies);
    for (size_t i = 0; i < NAMES; i++) {
        if (!one_in(3)) continue;
        bool is_wrong = one_in(40);
        group->policies[group->policy_count++] = (struct asg_policy_config){
            .name = name_of("policy", one_in(40) ? 0 : i),
            .kind = ASG_POLICY_TARGET_TRACKING,
            .target_milli = is_wrong ? 0 : 10000 + (int64_t)below(50) * 1000,
            .uuid = name_of("uuid", below(1000)),
            .alarm_high = name_of("uuid", below(1000)),
            .alarm_low = name_of("uuid", below(1000)),
            .cooldown_ms = ASG_UNSET,
            .warmup_ms = ASG_UNSET};
    }
}

static void draw_schedules(struct asg_apply_group *group)
{
    group->schedules = asg_arena_take(&w.arena, NAMES * sizeof *group->schedules);
    for (size_t i = 0; i < NAMES; i++) {
        if (!one_in(3)) continue;
        int64_t minutes = one_in(40) ? -1 : 1 + (int64_t)below(one_in(4) ? 5 : 500);
        group->schedules[group->schedule_count++] = (struct asg_schedule_config){
            .name = name_of("action", one_in(40) ? 0 : i),
            .min = ASG_UNSET,
            .max = ASG_UNSET,
            .desired = 2,
            .start_ms = BEGAN_MS + 86400000 + minutes * (minutes < 0 ? 86400000 : 60000),
            .recurrence = "",
            .time_zone = "UTC",
            .uuid = name_of("uuid", below(1000))};
    }
}

static void draw_gone(const char *what, struct asg_texts *ret)
{
    ret->items = asg_arena_take(&w.arena, NAMES * sizeof *ret->items);
    for (size_t i = 0; i < NAMES; i++) {
        if (!one_in(5)) continue;
        ret->items[ret->count++] = name_of(what, one_in(60) ? 0 : i);
    }
}

/* Only what is there, and is not saved as well; now and then anything. */
static void sift_gone(const struct asg_apply_group *group, bool is_policies,
                      struct asg_texts *names)
{
    const struct group *known = asg_group_find(w.core, group->name);
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i];
        bool is_there =
            known != NULL && (is_policies ? asg_policy_find(known, name) != NULL
                                          : asg_schedule_find(known, name) != NULL);
        size_t count = is_policies ? group->policy_count : group->schedule_count;
        for (size_t j = 0; j < count && is_there; j++) {
            const char *put =
                is_policies ? group->policies[j].name : group->schedules[j].name;
            is_there = strcmp(put, name) != 0;
        }
        if (is_there || one_in(60)) names->items[kept++] = name;
    }
    names->count = kept;
}

static struct asg_apply draw_order(void)
{
    struct asg_apply apply = {.has_revision = one_in(2),
                              .groups_limit = GROUPS_MAX,
                              .policies_limit = POLICIES,
                              .schedules_limit = SCHEDULES};
    apply.revision = asg_core_revision(w.core) - (one_in(20) && w.taken > 3 ? 2 : 0);
    apply.groups = asg_arena_take(&w.arena, NAMES * sizeof *apply.groups);
    for (size_t i = 0; i < NAMES; i++) {
        if (!one_in(2)) continue;
        struct asg_apply_group *group = &apply.groups[apply.group_count++];
        group->name = name_of("group", i);
        group->is_new = (asg_group_find(w.core, group->name) == NULL) != one_in(60);
        if (group->is_new || one_in(2)) group->config = draw_config(group->is_new);
        if (group->config != NULL) group->fields = below(1 << ASG_GROUP_COOLDOWN) * 2 + 1;
        group->fields &= ~(UINT64_C(1) << ASG_GROUP_SUBNETS);
        group->template_version = one_in(2) ? 0 : 7;
        draw_policies(group);
        draw_schedules(group);
        draw_gone("policy", &group->gone_policies);
        draw_gone("action", &group->gone_schedules);
        sift_gone(group, true, &group->gone_policies);
        sift_gone(group, false, &group->gone_schedules);
    }
    return apply;
}

/* ---- what must hold ---- */

static void save(const struct asg_core *core, struct asg_bytes *ret)
{
    ret->length = 0;
    asg_core_save(core, ret);
}

static void expect_same(const struct asg_bytes *a, const struct asg_bytes *b,
                        const char *what)
{
    if (a->length == b->length && memcmp(a->data, b->data, a->length) == 0) return;
    fail_msg("%s", what);
}

static const struct asg_reply *step(struct asg_core *core, struct asg_command command)
{
    command.actor = "test";
    if (command.group == NULL) command.group = "";
    struct asg_event event = {
        .kind = ASG_EVENT_COMMAND, .time_ms = w.now_ms, .command = &command};
    assert_status(ASG_OK, step_core(core, &event, &w.effects));
    struct asg_error wrong = {""};
    if (asg_core_check(core, &wrong) != ASG_OK) fail_msg("%s", wrong.text);
    return &w.effects.reply;
}

/* Each change of the group as an order of its own; false: one of them is refused. */
static bool order_one_by_one(struct asg_core *core, const struct asg_apply *apply,
                             const struct asg_apply_group *group)
{
    if (group->is_new) {
        struct asg_group_config config = *group->config;
        config.name = group->name;
        if (!step(core, (struct asg_command){.kind = ASG_COMMAND_GROUP_CREATE,
                                             .group = group->name,
                                             .group_config = &config,
                                             .limit = apply->groups_limit,
                                             .template_version = group->template_version})
                 ->is_ok) {
            return false;
        }
    }
    bool is_ok = true;
    for (size_t i = 0; i < group->gone_policies.count && is_ok; i++) {
        is_ok = step(core, (struct asg_command){.kind = ASG_COMMAND_POLICY_DELETE,
                                                .group = group->name,
                                                .name = group->gone_policies.items[i]})
                    ->is_ok;
    }
    for (size_t i = 0; i < group->gone_schedules.count && is_ok; i++) {
        is_ok = step(core, (struct asg_command){.kind = ASG_COMMAND_SCHEDULE_DELETE,
                                                .group = group->name,
                                                .name = group->gone_schedules.items[i]})
                    ->is_ok;
    }
    for (size_t i = 0; i < group->policy_count && is_ok; i++) {
        is_ok = step(core, (struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                                                .group = group->name,
                                                .policy_config = &group->policies[i],
                                                .limit = apply->policies_limit})
                    ->is_ok;
    }
    for (size_t i = 0; i < group->schedule_count && is_ok; i++) {
        is_ok = step(core, (struct asg_command){.kind = ASG_COMMAND_SCHEDULE_PUT,
                                                .group = group->name,
                                                .schedule_config = &group->schedules[i],
                                                .limit = apply->schedules_limit})
                    ->is_ok;
    }
    if (!is_ok || group->is_new || group->config == NULL) return is_ok;
    return step(core, (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                           .group = group->name,
                                           .group_config = group->config,
                                           .group_fields = group->fields,
                                           .template_version = group->template_version})
        ->is_ok;
}

static bool order_all_one_by_one(struct asg_core *core, const struct asg_apply *apply)
{
    for (size_t i = 0; i < apply->group_count; i++) {
        if (!order_one_by_one(core, apply, &apply->groups[i])) return false;
    }
    return true;
}

/* Orders of their own raise it each. */
static void equal_revisions(struct asg_core *core, const struct asg_core *as)
{
    core->revision = as->revision;
    assert_int_equal(as->group_count, core->group_count);
    for (size_t i = 0; i < core->group_count; i++) {
        core->groups[i]->revision = as->groups[i]->revision;
    }
}

static struct asg_core *clone(const struct asg_core *core)
{
    struct asg_bytes saved = {0};
    struct asg_core *copy = NULL;
    save(core, &saved);
    assert_status(ASG_OK, asg_core_load(saved.data, saved.length, &copy, NULL));
    asg_bytes_clear(&saved);
    return copy;
}

/* A name that comes twice, which orders of their own may say. */
static bool has_twice(const struct asg_apply_group *group)
{
    for (size_t i = 0; i < group->policy_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(group->policies[i].name, group->policies[j].name) == 0)
                return true;
        }
        for (size_t j = 0; j < group->gone_policies.count; j++) {
            if (strcmp(group->policies[i].name, group->gone_policies.items[j]) == 0) {
                return true;
            }
        }
    }
    for (size_t i = 0; i < group->schedule_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(group->schedules[i].name, group->schedules[j].name) == 0) {
                return true;
            }
        }
        for (size_t j = 0; j < group->gone_schedules.count; j++) {
            if (strcmp(group->schedules[i].name, group->gone_schedules.items[j]) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* What only a whole order can be refused for. */
static bool is_of_the_whole(const struct asg_apply *apply, const struct asg_reply *reply)
{
    bool is = strcmp(reply->code, "Changed") == 0;
    for (size_t i = 0; i < apply->group_count && !is; i++) {
        is = has_twice(&apply->groups[i]);
    }
    return is;
}

static void expect_taken(const struct asg_apply *apply, struct asg_bytes *after)
{
    w.taken++;
    struct asg_bytes alone = {0};
    bool is_taken = order_all_one_by_one(w.twin, apply);
    if (!is_taken && strcmp(w.effects.reply.code, "AlreadyExists") == 0) {
        w.exchanged++; /* the times of two actions: that is one order's to do */
        asg_core_destroy(&w.twin);
        w.twin = clone(w.core);
        return;
    }
    if (!is_taken) fail_msg("on its own it is refused: %s", w.effects.reply.message);
    equal_revisions(w.twin, w.core);
    save(w.twin, &alone);
    expect_same(after, &alone, "the same orders one by one leave another state");
    asg_bytes_clear(&alone);
}

static void expect_refused(const struct asg_apply *apply, const struct asg_reply *tried)
{
    w.refused++;
    if (is_of_the_whole(apply, tried)) return;
    struct asg_core *other = clone(w.twin);
    if (order_all_one_by_one(other, apply)) {
        fail_msg("each on its own is taken, and together: %s", tried->message);
    }
    asg_core_destroy(&other);
}

static void apply_something(void)
{
    asg_arena_reset(&w.arena);
    w.now_ms += (int64_t)below(1000);
    struct asg_apply given = draw_order();
    struct asg_apply *apply = asg_arena_take(&w.arena, sizeof *apply);
    asg_model_copy(&asg_apply_schema, &given, &w.arena, apply);
    const struct asg_command command = {.kind = ASG_COMMAND_APPLY, .apply = apply};
    (void)step(w.core, (struct asg_command){.kind = ASG_COMMAND_HALT}); /* the clock */
    (void)step(w.twin, (struct asg_command){.kind = ASG_COMMAND_HALT});
    struct asg_bytes before = {0};
    struct asg_bytes after = {0};
    save(w.core, &before);
    struct asg_reply tried;
    asg_core_try_order(w.core, &command, &w.arena, &tried);
    save(w.core, &after);
    expect_same(&before, &after, "a trial changed the state");
    const struct asg_reply *reply = step(w.core, command);
    assert_int_equal(tried.is_ok, reply->is_ok);
    assert_string_equal(tried.code, reply->code);
    if (!reply->is_ok) assert_string_equal(tried.message, reply->message);
    save(w.core, &after);
    if (reply->is_ok) {
        expect_taken(apply, &after);
    } else {
        expect_same(&before, &after, "a refused order changed the state");
        expect_refused(apply, &tried);
    }
    asg_bytes_clear(&before);
    asg_bytes_clear(&after);
}

static void play_world(void)
{
    w.now_ms = BEGAN_MS;
    asg_core_new(&w.core);
    (void)step(w.core,
               (struct asg_command){.kind = ASG_COMMAND_INIT,
                                    .cluster_id = "0123456789abcdef0123456789abcdef",
                                    .seed = 7});
    (void)step(w.core, (struct asg_command){.kind = ASG_COMMAND_LEAD,
                                            .rules = asg_core_newest_rules(),
                                            .epoch = 1});
    (void)step(w.core, (struct asg_command){.kind = ASG_COMMAND_HALT});
    w.twin = clone(w.core);
    for (int i = 0; i < ORDERS; i++) {
        apply_something();
    }
    asg_core_destroy(&w.core);
    asg_core_destroy(&w.twin);
}

static void test_all_or_nothing(void **state)
{
    (void)state;
    w.seed = seed_new("prop_apply");
    for (int i = 0; i < WORLDS; i++) {
        play_world();
    }
    (void)printf("prop_apply: %zu taken (%zu with times exchanged), %zu refused\n",
                 w.taken, w.exchanged, w.refused);
    assert_true(w.taken > WORLDS * ORDERS / 10);
    assert_true(w.refused > WORLDS * ORDERS / 10);
    asg_arena_clear(&w.arena);
    asg_effects_clear(&w.effects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_or_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
