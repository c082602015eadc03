/* One order of several groups: all of it is checked against what the groups will be, then
 * all of it is done, or nothing. */
#include "core_world.h"

static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};

static struct asg_group_config a_config(uint32_t desired)
{
    return (struct asg_group_config){.max = 10,
                                     .desired = desired,
                                     .template_id = "lt-0123456789abcdef0",
                                     .template_version = "1",
                                     .subnets = &subnet,
                                     .subnet_count = 1,
                                     .warmup_ms = 0,
                                     .evaluation_ms = 1000};
}

static struct asg_policy_config a_policy(const char *name)
{
    return (struct asg_policy_config){.name = name,
                                      .kind = ASG_POLICY_TARGET_TRACKING,
                                      .target_milli = 50000,
                                      .cooldown_ms = ASG_UNSET,
                                      .warmup_ms = ASG_UNSET};
}

static struct asg_schedule_config an_action(const char *name, int64_t hours)
{
    return (struct asg_schedule_config){.name = name,
                                        .min = ASG_UNSET,
                                        .max = ASG_UNSET,
                                        .desired = 2,
                                        .start_ms = BEGAN_MS + hours * 3600000,
                                        .recurrence = "",
                                        .time_zone = "UTC"};
}

static void save(struct asg_bytes *ret)
{
    ret->length = 0;
    asg_core_save(w.core, ret);
}

static void try_apply(struct asg_apply *apply, struct asg_arena *arena,
                      struct asg_reply *ret)
{
    const struct asg_command command = {.kind = ASG_COMMAND_APPLY, .apply = apply};
    struct asg_bytes before = {0};
    struct asg_bytes after = {0};
    save(&before);
    asg_core_try_order(w.core, &command, arena, ret);
    save(&after);
    assert_int_equal(before.length, after.length);
    assert_memory_equal(before.data, after.data, before.length);
    asg_bytes_clear(&before);
    asg_bytes_clear(&after);
}

static void apply(struct asg_apply order_of)
{
    struct asg_arena arena = {0};
    struct asg_reply tried;
    try_apply(&order_of, &arena, &tried);
    assert_string_equal("", tried.is_ok ? "" : tried.message);
    order(
        (struct asg_command){.kind = ASG_COMMAND_APPLY, .group = "", .apply = &order_of});
    assert_string_equal("", w.is_ok ? "" : w.reply);
    save_and_load();
    asg_arena_clear(&arena);
}

static void apply_one(struct asg_apply_group one)
{
    apply((struct asg_apply){.groups = &one, .group_count = 1});
}

/* It is refused, tried or not, in the same words, and not a byte of the state changes. */
static void refuse(struct asg_apply order_of, const char *code, const char *words)
{
    struct asg_arena arena = {0};
    struct asg_bytes before = {0};
    struct asg_bytes after = {0};
    struct asg_reply tried;
    save(&before);
    try_apply(&order_of, &arena, &tried);
    order(
        (struct asg_command){.kind = ASG_COMMAND_APPLY, .group = "", .apply = &order_of});
    save(&after);
    assert_false(w.is_ok);
    assert_string_equal(code, w.code);
    if (strstr(w.reply, words) == NULL) fail_msg("got: %s", w.reply);
    assert_false(tried.is_ok);
    assert_string_equal(w.code, tried.code);
    assert_string_equal(w.reply, tried.message);
    assert_int_equal(before.length, after.length);
    assert_memory_equal(before.data, after.data, before.length);
    asg_bytes_clear(&before);
    asg_bytes_clear(&after);
    asg_arena_clear(&arena);
}

static void refuse_one(struct asg_apply_group one, const char *code, const char *words)
{
    refuse((struct asg_apply){.groups = &one, .group_count = 1}, code, words);
}

static size_t policies_of(const char *name)
{
    struct asg_arena arena = {0};
    struct asg_policy_config *policies = NULL;
    size_t count = 0;
    asg_core_view_policies(w.core, name, &arena, &policies, &count);
    asg_arena_clear(&arena);
    return count;
}

static size_t schedules_of(const char *name)
{
    struct asg_arena arena = {0};
    struct asg_schedule_config *schedules = NULL;
    size_t count = 0;
    asg_core_view_schedules(w.core, name, &arena, &schedules, &count);
    asg_arena_clear(&arena);
    return count;
}

static uint64_t revision_of(const char *name)
{
    struct asg_arena arena = {0};
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(w.core, name, &arena, &views, &count);
    assert_int_equal(1, count);
    uint64_t revision = views[0].revision;
    asg_arena_clear(&arena);
    return revision;
}

static uint64_t revision(void)
{
    struct asg_arena arena = {0};
    struct asg_status_view status;
    asg_core_view_status(w.core, &arena, &status);
    asg_arena_clear(&arena);
    assert_int_equal(asg_core_revision(w.core), status.revision);
    return status.revision;
}

/* web: two instances, policy cpu, action night at +12 h. */
static void make_web(void)
{
    make_group(2, (struct asg_group_config){.max = 10});
    struct asg_policy_config policy = a_policy("cpu");
    policy.uuid = "uuid-of-cpu";
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy});
    struct asg_schedule_config action = an_action("night", 12);
    action.uuid = "uuid-of-night";
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_PUT, .group = "web", .schedule_config = &action});
    assert_true(w.is_ok);
}

/* ---- done as a whole ---- */

static void test_all_of_it_is_done_at_once(void **state)
{
    (void)state;
    make_web();
    struct asg_group_config new_config = a_config(3);
    struct asg_group_config change = {.max = 5, .min = 1};
    struct asg_policy_config cpu = a_policy("cpu");
    struct asg_policy_config memory = a_policy("memory");
    memory.metric = ASG_METRIC_NAME_MEMORY;
    struct asg_schedule_config day = an_action("day", 2);
    const char *gone[] = {"night"};
    struct asg_apply_group groups[] = {{.name = "api",
                                        .is_new = true,
                                        .config = &new_config,
                                        .policies = &cpu,
                                        .policy_count = 1,
                                        .schedules = &day,
                                        .schedule_count = 1},
                                       {.name = "web",
                                        .config = &change,
                                        .fields = UINT64_C(1) << ASG_GROUP_MAX,
                                        .policies = &memory,
                                        .policy_count = 1,
                                        .gone_schedules = {gone, 1}}};
    w.said[0] = '\0';
    apply((struct asg_apply){.groups = groups, .group_count = 2});
    assert_string_equal("created 1 group, changed 1 group, saved 2 policies, saved 1 "
                        "scheduled action, deleted 1 scheduled action",
                        w.reply);
    assert_int_equal(1, policies_of("api"));
    assert_int_equal(1, schedules_of("api"));
    assert_int_equal(2, policies_of("web"));
    assert_int_equal(0, schedules_of("web"));
    struct asg_arena arena = {0};
    assert_int_equal(5, group(&arena).config->max);
    assert_int_equal(0, group(&arena).config->min); /* not named */
    asg_arena_clear(&arena);
    assert_int_equal(5, w.instance_count); /* two of web, three of api */
    static const char *const lines[] = {
        "group created by test: min 0, max 10, desired 3\n",
        "policy cpu (target-tracking) saved by test\n",
        "scheduled action day saved by test\n",
        "scheduled action night deleted by test\n",
        "policy memory (target-tracking) saved by test\n",
        "group updated by test: min 0, max 5, desired 2 (was 2)\n"};
    const char *at = w.said;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        at = strstr(at, lines[i]);
        if (at == NULL) fail_msg("not said in its place: %s", lines[i]);
    }
}

static void test_a_trial_says_what_would_be_done(void **state)
{
    (void)state;
    make_web();
    struct asg_group_config new_config = a_config(0);
    const char *gone[] = {"cpu"};
    struct asg_apply_group groups[] = {
        {.name = "api", .is_new = true, .config = &new_config},
        {.name = "web", .gone_policies = {gone, 1}}};
    struct asg_arena arena = {0};
    struct asg_reply tried;
    try_apply(&(struct asg_apply){.groups = groups, .group_count = 2}, &arena, &tried);
    assert_true(tried.is_ok);
    assert_string_equal("would create 1 group, delete 1 policy", tried.message);
    const struct asg_command halt = {.kind = ASG_COMMAND_HALT, .group = ""};
    asg_core_try_order(w.core, &halt, &arena, &tried);
    assert_false(tried.is_ok);
    assert_string_equal("a dry run of halt is not supported, only of apply",
                        tried.message);
    asg_arena_clear(&arena);
}

static void test_nothing_to_change_is_accepted(void **state)
{
    (void)state;
    make_web();
    uint64_t before = revision();
    apply((struct asg_apply){0});
    assert_string_equal("nothing to change", w.reply);
    apply_one((struct asg_apply_group){.name = "web"});
    assert_string_equal("nothing to change", w.reply);
    assert_int_equal(before, revision());
    assert_true(revision_of("web") <= before);
}

/* What is put again is the same thing: its ARN and its alarms stay. */
static void test_what_is_there_keeps_its_uuid(void **state)
{
    (void)state;
    make_web();
    struct asg_policy_config cpu = a_policy("cpu");
    cpu.uuid = "another";
    cpu.target_milli = 60000;
    struct asg_schedule_config night = an_action("night", 13);
    night.uuid = "another";
    apply_one((struct asg_apply_group){.name = "web",
                                       .policies = &cpu,
                                       .policy_count = 1,
                                       .schedules = &night,
                                       .schedule_count = 1});
    struct asg_arena arena = {0};
    struct asg_policy_config *policies = NULL;
    struct asg_schedule_config *schedules = NULL;
    size_t count = 0;
    asg_core_view_policies(w.core, "web", &arena, &policies, &count);
    assert_int_equal(1, count);
    assert_string_equal("uuid-of-cpu", policies[0].uuid);
    assert_int_equal(60000, policies[0].target_milli);
    asg_core_view_schedules(w.core, "web", &arena, &schedules, &count);
    assert_int_equal(1, count);
    assert_string_equal("uuid-of-night", schedules[0].uuid);
    assert_string_equal("web", schedules[0].group);
    asg_arena_clear(&arena);
}

/* ---- held against what the groups will be ---- */

static void test_actions_may_exchange_their_times(void **state)
{
    (void)state;
    make_web();
    struct asg_schedule_config put[] = {an_action("night", 2), an_action("day", 12)};
    apply_one(
        (struct asg_apply_group){.name = "web", .schedules = put, .schedule_count = 2});
    struct asg_schedule_config exchanged[] = {an_action("night", 12),
                                              an_action("day", 2)};
    apply_one((struct asg_apply_group){
        .name = "web", .schedules = exchanged, .schedule_count = 2});
    assert_int_equal(2, schedules_of("web"));
    struct asg_schedule_config same = an_action("noon", 12);
    refuse_one(
        (struct asg_apply_group){.name = "web", .schedules = &same, .schedule_count = 1},
        "AlreadyExists",
        "group web, scheduled action noon: A scheduled action with this scheduled start "
        "time already exists: night of group web starts then");
    const char *gone[] = {"night"};
    apply_one((struct asg_apply_group){.name = "web",
                                       .schedules = &same,
                                       .schedule_count = 1,
                                       .gone_schedules = {gone, 1}});
    struct asg_schedule_config twins[] = {an_action("a", 5), an_action("b", 5)};
    refuse_one(
        (struct asg_apply_group){.name = "web", .schedules = twins, .schedule_count = 2},
        "AlreadyExists", "group web, scheduled action b: ");
}

static void test_what_is_deleted_makes_room(void **state)
{
    (void)state;
    make_web();
    struct asg_policy_config two[] = {a_policy("a"), a_policy("b")};
    const char *gone[] = {"cpu"};
    struct asg_apply_group both = {
        .name = "web", .policies = two, .policy_count = 2, .gone_policies = {gone, 1}};
    struct asg_apply limited = {.groups = &both, .group_count = 1, .policies_limit = 1};
    refuse(limited, "LimitExceeded",
           "group web: 2 policies would be more than the limit of 1");
    both.policy_count = 1;
    apply(limited);
    assert_int_equal(1, policies_of("web"));
    struct asg_schedule_config actions[] = {an_action("night", 3), an_action("day", 4)};
    struct asg_apply_group more = {
        .name = "web", .schedules = actions, .schedule_count = 1};
    limited = (struct asg_apply){.groups = &more, .group_count = 1, .schedules_limit = 1};
    apply(limited); /* it is there already */
    more.schedule_count = 2;
    refuse(limited, "LimitExceeded", "group web: 2 scheduled actions would be more");
    more.schedules = actions + 1;
    more.schedule_count = 1;
    refuse(limited, "LimitExceeded", "group web: 2 scheduled actions would be more");
    const char *night[] = {"night"};
    more.gone_schedules = (struct asg_texts){night, 1};
    apply(limited);
}

static void test_new_groups_count_against_the_limit(void **state)
{
    (void)state;
    make_web();
    struct asg_group_config config = a_config(0);
    struct asg_apply_group groups[] = {{.name = "a", .is_new = true, .config = &config},
                                       {.name = "b", .is_new = true, .config = &config}};
    struct asg_apply limited = {.groups = groups, .group_count = 2, .groups_limit = 2};
    refuse(limited, "LimitExceeded", "3 groups would be more than the limit of 2");
    limited.group_count = 1;
    apply(limited);
}

/* What follows from an order is one record of the log, which has its limits. */
static void test_an_order_has_only_so_much(void **state)
{
    (void)state;
    make_web();
    static struct asg_policy_config policies[ASG_APPLY_PARTS_MAX];
    for (size_t i = 0; i < ASG_APPLY_PARTS_MAX; i++) {
        policies[i] = a_policy("a");
    }
    refuse_one(
        (struct asg_apply_group){
            .name = "web", .policies = policies, .policy_count = ASG_APPLY_PARTS_MAX},
        "LimitExceeded",
        "40001 groups, policies and scheduled actions in one request would be more "
        "than the limit of 40000");
    struct asg_group_config config = a_config(60000);
    config.max = ASG_GROUP_CAPACITY_MAX;
    struct asg_apply_group groups[] = {{.name = "a", .is_new = true, .config = &config},
                                       {.name = "b", .is_new = true, .config = &config}};
    refuse((struct asg_apply){.groups = groups, .group_count = 2}, "LimitExceeded",
           "120000 instances requested at the same time would be more than the limit of "
           "100000");
}

/* Each is compared with the others, so that there is no room for many. */
static void test_lists_of_a_group_have_only_so_many(void **state)
{
    (void)state;
    make_web();
    static struct asg_subnet subnets[ASG_SUBNETS_MAX + 1];
    static char zones[ASG_SUBNETS_MAX + 1][16];
    const char *words[ASG_INSTANCE_TYPES_MAX + 1];
    for (size_t i = 0; i <= ASG_SUBNETS_MAX; i++) {
        (void)snprintf(zones[i], sizeof zones[i], "z%zu", i);
        subnets[i] = (struct asg_subnet){.subnet_id = "", .zone = zones[i]};
    }
    for (size_t i = 0; i <= ASG_INSTANCE_TYPES_MAX; i++) {
        words[i] = "default";
    }
    struct asg_group_config config = a_config(0);
    struct asg_apply_group group = {.name = "a", .is_new = true, .config = &config};
    config.subnets = subnets;
    config.subnet_count = ASG_SUBNETS_MAX + 1;
    refuse_one(group, "ValidationError",
               "321 subnets and zones are above the limit of 320");
    config.subnet_count--;
    config.instance_types =
        (struct asg_texts){.items = words, .count = ASG_INSTANCE_TYPES_MAX + 1};
    refuse_one(group, "ValidationError", "251 instance types are above the limit of 250");
    config.instance_types.count--;
    config.termination_policies =
        (struct asg_texts){.items = words, .count = ASG_TERMINATION_POLICIES_MAX + 1};
    refuse_one(group, "ValidationError",
               "21 termination policies are above the limit of 20");
    config.termination_policies.count--;
    apply_one(group);
}

/* ---- refused: nothing of it is done ---- */

static void test_one_bad_group_refuses_all(void **state)
{
    (void)state;
    make_web();
    struct asg_group_config good = a_config(1);
    struct asg_group_config bad = a_config(11);
    struct asg_apply_group groups[] = {{.name = "a", .is_new = true, .config = &good},
                                       {.name = "b", .is_new = true, .config = &bad}};
    refuse((struct asg_apply){.groups = groups, .group_count = 2}, "ValidationError",
           "group b: ");
    struct asg_group_config change = {.min = 12};
    groups[1] = (struct asg_apply_group){
        .name = "web", .config = &change, .fields = UINT64_C(1) << ASG_GROUP_MIN};
    refuse((struct asg_apply){.groups = groups, .group_count = 2}, "ValidationError",
           "group web: ");
    groups[0].config = NULL;
    refuse((struct asg_apply){.groups = groups, .group_count = 1}, "ValidationError",
           "group a: it is new");
    struct asg_policy_config policies[] = {a_policy("cpu"), a_policy("memory")};
    policies[1].target_milli = 0;
    refuse_one(
        (struct asg_apply_group){.name = "web", .policies = policies, .policy_count = 2},
        "ValidationError", "group web, policy memory: ");
    policies[1] = a_policy("");
    refuse_one(
        (struct asg_apply_group){.name = "web", .policies = policies, .policy_count = 2},
        "ValidationError", "group web, policy : a policy needs a name");
    struct asg_schedule_config past = an_action("past", -1);
    refuse_one(
        (struct asg_apply_group){.name = "web", .schedules = &past, .schedule_count = 1},
        "ValidationError", "group web, scheduled action past: ");
    order((struct asg_command){.kind = ASG_COMMAND_APPLY, .group = ""});
    assert_string_equal("the request contains no groups", w.reply);
}

static void test_what_comes_twice_is_refused(void **state)
{
    (void)state;
    make_web();
    struct asg_group_config config = a_config(0);
    struct asg_apply_group groups[] = {{.name = "b", .is_new = true, .config = &config},
                                       {.name = "b", .is_new = true, .config = &config}};
    struct asg_apply both = {.groups = groups, .group_count = 2};
    refuse(both, "ValidationError", "group b is listed twice");
    groups[1].name = "a";
    refuse(both, "ValidationError", "group a is not in the order of the names");
    struct asg_policy_config policies[] = {a_policy("a"), a_policy("a")};
    refuse_one(
        (struct asg_apply_group){.name = "web", .policies = policies, .policy_count = 2},
        "ValidationError", "group web, policy a: it is listed twice");
    struct asg_schedule_config actions[] = {an_action("a", 1), an_action("a", 2)};
    refuse_one((struct asg_apply_group){.name = "web",
                                        .schedules = actions,
                                        .schedule_count = 2},
               "ValidationError", "group web, scheduled action a: it is listed twice");
    const char *gone[] = {"cpu", "cpu"};
    refuse_one((struct asg_apply_group){.name = "web", .gone_policies = {gone, 2}},
               "ValidationError",
               "group web, policy cpu: it is listed for deletion twice");
    struct asg_policy_config cpu = a_policy("cpu");
    refuse_one((struct asg_apply_group){.name = "web",
                                        .policies = &cpu,
                                        .policy_count = 1,
                                        .gone_policies = {gone, 1}},
               "ValidationError", "group web, policy cpu: it is both saved and deleted");
    const char *night[] = {"night"};
    struct asg_schedule_config action = an_action("night", 1);
    refuse_one((struct asg_apply_group){.name = "web",
                                        .schedules = &action,
                                        .schedule_count = 1,
                                        .gone_schedules = {night, 1}},
               "ValidationError",
               "group web, scheduled action night: it is both saved and deleted");
}

/* ---- made from a state that is no longer so ---- */

static void test_what_changed_since_it_was_read_is_refused(void **state)
{
    (void)state;
    make_web();
    struct asg_policy_config policy = a_policy("memory");
    struct asg_apply_group one = {.name = "web", .policies = &policy, .policy_count = 1};
    struct asg_apply read = {
        .groups = &one, .group_count = 1, .has_revision = true, .revision = revision()};
    set_desired(3); /* no change of what it is meant to be */
    order((struct asg_command){.kind = ASG_COMMAND_SUSPEND, .group = "web"});
    order((struct asg_command){.kind = ASG_COMMAND_RESUME, .group = "web"});
    assert_int_equal(read.revision, revision());
    apply(read);
    assert_int_equal(read.revision + 1, revision());
    assert_int_equal(revision(), revision_of("web"));
    refuse(read, "Changed",
           "group web was changed by another order (its revision is 4, "
           "and 3 was read)");
    read.has_revision = false;
    apply(read);
    read.has_revision = true;
    read.revision = revision();
    struct asg_group_config config = a_config(0);
    apply_one((struct asg_apply_group){.name = "api", .is_new = true, .config = &config});
    apply(read);                    /* another group was changed */
    read.revision = revision() + 1; /* a log that was restored does not know it */
    refuse(read, "Changed", "revision 8 is of another log: this one is at revision 7");
}

static void test_what_is_gone_or_there_already_is_refused(void **state)
{
    (void)state;
    make_web();
    struct asg_group_config config = a_config(0);
    refuse_one((struct asg_apply_group){.name = "web", .is_new = true, .config = &config},
               "Changed", "group web exists already; read it again and compare");
    refuse_one((struct asg_apply_group){.name = "api"}, "Changed", "group api is gone");
    const char *other[] = {"other"};
    refuse_one((struct asg_apply_group){.name = "web", .gone_policies = {other, 1}},
               "Changed", "group web, policy other: it no longer exists");
    refuse_one((struct asg_apply_group){.name = "web", .gone_schedules = {other, 1}},
               "Changed", "group web, scheduled action other: it no longer exists");
    w.terminate_outcome = ASG_OUTCOME_THROTTLED; /* it takes a while */
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    assert_true(w.is_ok);
    refuse_one((struct asg_apply_group){.name = "web"}, "ScalingActivityInProgress",
               "group web is being deleted; wait until it is gone");
}

/* Each kind of order that changes a configuration, and none that does not. */
static void test_orders_of_configuration_raise_the_revision(void **state)
{
    (void)state;
    make_web();
    const struct asg_group_config change = {.max = 9};
    struct asg_policy_config policy = a_policy("cpu");
    struct asg_schedule_config action = an_action("day", 2);
    struct asg_group_tag tag = {.group = "web", .key = "team", .value = "a"};
    struct asg_source source = {.kind = ASG_SOURCE_LOAD_BALANCER, .identifier = "lb"};
    const struct asg_command raise[] = {
        {.kind = ASG_COMMAND_GROUP_UPDATE,
         .group_config = &change,
         .group_fields = UINT64_C(1) << ASG_GROUP_MAX},
        {.kind = ASG_COMMAND_POLICY_PUT, .policy_config = &policy},
        {.kind = ASG_COMMAND_POLICY_DELETE, .name = "cpu"},
        {.kind = ASG_COMMAND_SCHEDULE_PUT, .schedule_config = &action},
        {.kind = ASG_COMMAND_SCHEDULE_DELETE, .name = "day"},
        {.kind = ASG_COMMAND_GROUP_TAG, .group_tags = &tag, .group_tag_count = 1},
        {.kind = ASG_COMMAND_GROUP_UNTAG, .group_tags = &tag, .group_tag_count = 1},
        {.kind = ASG_COMMAND_METRICS_ENABLE},
        {.kind = ASG_COMMAND_METRICS_DISABLE},
        {.kind = ASG_COMMAND_SOURCES_ATTACH, .sources = &source, .source_count = 1},
        {.kind = ASG_COMMAND_SOURCES_DETACH, .sources = &source, .source_count = 1},
        {.kind = ASG_COMMAND_GROUP_DELETE, .force = true},
    };
    const struct asg_command leave[] = {
        {.kind = ASG_COMMAND_SET_DESIRED, .desired = 3},
        {.kind = ASG_COMMAND_SUSPEND},
        {.kind = ASG_COMMAND_RESUME},
        {.kind = ASG_COMMAND_HALT},
        {.kind = ASG_COMMAND_UNHALT},
        {.kind = ASG_COMMAND_POLICY_DELETE, .name = "none"}, /* refused */
        {.kind = ASG_COMMAND_RECONCILE},
    };
    for (size_t i = 0; i < sizeof leave / sizeof leave[0]; i++) {
        struct asg_command command = leave[i];
        uint64_t before = revision();
        command.group = "web";
        order(command);
        if (command.kind != ASG_COMMAND_POLICY_DELETE) assert_true(w.is_ok);
        assert_int_equal(before, revision());
    }
    w.terminate_outcome = ASG_OUTCOME_THROTTLED; /* so that it is there to be asked */
    for (size_t i = 0; i < sizeof raise / sizeof raise[0]; i++) {
        struct asg_command command = raise[i];
        uint64_t before = revision();
        command.group = "web";
        order(command);
        assert_string_equal("", w.is_ok ? "" : w.reply);
        assert_int_equal(before + 1, revision());
        assert_int_equal(revision(), revision_of("web"));
    }
    save_and_load();
    assert_int_equal(revision(), revision_of("web"));
}

/* An action that waits for EC2's first listing is deleted, and one more order of size
 * comes in the same breath. */
static void test_what_waits_is_passed_over(void **state)
{
    (void)state;
    make_web();
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .epoch = 9, .rules = asg_core_newest_rules()});
    struct asg_group_config change = {.desired = 4};
    const char *gone[] = {"night"};
    w.now_ms = BEGAN_MS + 12 * INT64_C(3600000) - 1;
    const struct asg_command lead = {.kind = ASG_COMMAND_LEAD,
                                     .actor = "test",
                                     .epoch = 10,
                                     .rules = asg_core_newest_rules()};
    step((struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &lead});
    w.now_ms += 1000;
    apply_one((struct asg_apply_group){.name = "web",
                                       .config = &change,
                                       .fields = UINT64_C(1) << ASG_GROUP_DESIRED,
                                       .gone_schedules = {gone, 1}});
    assert_non_null(strstr(w.said, "a later command came before EC2 was listed"));
    assert_int_equal(0, schedules_of("web"));
    assert_int_equal(4, desired());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_all_of_it_is_done_at_once),
        TEST(test_a_trial_says_what_would_be_done),
        TEST(test_nothing_to_change_is_accepted),
        TEST(test_what_is_there_keeps_its_uuid),
        TEST(test_actions_may_exchange_their_times),
        TEST(test_what_is_deleted_makes_room),
        TEST(test_new_groups_count_against_the_limit),
        TEST(test_an_order_has_only_so_much),
        TEST(test_lists_of_a_group_have_only_so_many),
        TEST(test_one_bad_group_refuses_all),
        TEST(test_what_comes_twice_is_refused),
        TEST(test_what_changed_since_it_was_read_is_refused),
        TEST(test_what_is_gone_or_there_already_is_refused),
        TEST(test_orders_of_configuration_raise_the_revision),
        TEST(test_what_waits_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
