/* What core keeps for the Auto Scaling API: members as given, tags, launch
 * configurations, traffic sources, collected metrics, deletion protection, limits. */
#include "core_world.h"

#define BOUND_TAGS 46

/* ---- replies ---- */

static struct asg_reply reply_of(struct asg_command command)
{
    static struct asg_reply reply;
    static char code[64];
    static char message[1024];
    command.actor = "test";
    const struct asg_event event = {
        .kind = ASG_EVENT_COMMAND, .command = &command, .time_ms = w.now_ms};
    assert_status(ASG_OK, step_core(w.core, &event, &w.effects));
    struct asg_error wrong = {""};
    if (asg_core_check(w.core, &wrong) != ASG_OK) fail_msg("%s", wrong.text);
    reply = w.effects.reply;
    (void)snprintf(code, sizeof code, "%s", reply.code);
    (void)snprintf(message, sizeof message, "%s", reply.message);
    reply.code = code;
    reply.message = message;
    answer();
    return reply;
}

static void refuse(struct asg_command command, const char *code, const char *words)
{
    struct asg_reply reply = reply_of(command);
    assert_false(reply.is_ok);
    assert_string_equal(code, reply.code);
    if (strstr(reply.message, words) == NULL) fail_msg("%s", reply.message);
}

static void accept(struct asg_command command)
{
    struct asg_reply reply = reply_of(command);
    if (!reply.is_ok) fail_msg("%s: %s", reply.code, reply.message);
}

static struct asg_command update(const struct asg_group_config *config, uint64_t fields)
{
    return (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                .group = "web",
                                .group_config = config,
                                .group_fields = fields};
}

#define BIT(field) (UINT64_C(1) << (field))

/* ---- members as given ---- */

static void expect_kept(const char *path, const char *value)
{
    struct asg_arena arena = {0};
    const struct asg_group_config *config = group(&arena).config;
    const char *found = NULL;
    for (size_t i = 0; i < config->kept_count; i++) {
        if (strcmp(config->kept[i].path, path) == 0) found = config->kept[i].value;
    }
    if (value == NULL) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_string_equal(value, found);
    }
    asg_arena_clear(&arena);
}

static void test_members_are_kept_as_given_and_replaced_by_their_names(void **state)
{
    (void)state;
    struct asg_kept_member given[] = {{"PlacementGroup", "near"}, {"Context", "a"}};
    make_group(1,
               (struct asg_group_config){.uuid = "0f3c", .kept = given, .kept_count = 2});
    expect_kept("PlacementGroup", "near");
    struct asg_kept_member change[] = {{"PlacementGroup", ""}};
    const struct asg_group_config config = {
        .uuid = "ffff", .kept = change, .kept_count = 1};
    accept(update(&config, BIT(ASG_GROUP_KEPT)));
    expect_kept("PlacementGroup", NULL);
    expect_kept("Context", "a");
    save_and_load();
    expect_kept("Context", "a");
    struct asg_arena arena = {0};
    assert_string_equal("0f3c", group(&arena).config->uuid); /* that of its creation */
    asg_arena_clear(&arena);
}

static void test_what_a_group_was_before_its_last_update_is_known(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.max = 5});
    struct asg_arena arena = {0};
    struct asg_group_config before;
    assert_false(asg_core_view_before(w.core, "web", &arena, &before));
    accept(update(&(struct asg_group_config){.max = 7}, BIT(ASG_GROUP_MAX)));
    accept(update(&(struct asg_group_config){.max = 9}, BIT(ASG_GROUP_MAX)));
    set_desired(2); /* no update of the configuration */
    save_and_load();
    assert_true(asg_core_view_before(w.core, "web", &arena, &before));
    assert_int_equal(7, before.max);
    assert_int_equal(1, before.desired);
    assert_string_equal("web", before.name);
    refuse(update(&(struct asg_group_config){.min = 10}, BIT(ASG_GROUP_MIN)),
           "ValidationError", "above max");
    assert_true(asg_core_view_before(w.core, "web", &arena, &before));
    assert_int_equal(7, before.max); /* what is refused changes nothing */
    asg_arena_clear(&arena);
}

/* ---- tags ---- */

static struct asg_command tags(enum asg_command_kind kind, struct asg_group_tag *items,
                               size_t count)
{
    return (struct asg_command){
        .kind = kind, .group = "", .group_tags = items, .group_tag_count = count};
}

static void make_named(const char *name)
{
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    struct asg_group_config config = {.name = name,
                                      .max = 3,
                                      .template_id = "lt-0123456789abcdef0",
                                      .template_version = "1",
                                      .subnets = &subnet,
                                      .subnet_count = 1};
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = name, .group_config = &config});
}

static size_t count_tags(const char *name, const char *key, const char *value)
{
    struct asg_arena arena = {0};
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(w.core, name, &arena, &views, &count);
    assert_int_equal(1, count);
    const struct asg_group_config *config = views[0].config;
    for (size_t i = 0; i < config->tag_count; i++) {
        if (strcmp(config->tags[i].key, key) != 0) continue;
        assert_string_equal(value, config->tags[i].value);
        value = NULL;
    }
    assert_null(value); /* it was there */
    count = config->tag_count;
    asg_arena_clear(&arena);
    return count;
}

static void test_one_order_tags_several_groups_or_none(void **state)
{
    (void)state;
    make_named("web");
    make_named("api");
    struct asg_group_tag items[] = {
        {.group = "web", .key = "team", .value = "blue"},
        {.group = "api", .key = "team", .value = "red", .stays = true},
        {.group = "web", .key = "stage", .value = ""},
        {.group = "web", .key = "team", .value = "green"},
    };
    accept(tags(ASG_COMMAND_GROUP_TAG, items, 4));
    assert_int_equal(2, count_tags("web", "team", "green")); /* the last word */
    assert_int_equal(1, count_tags("api", "team", "red"));
    items[3].group = "nobody";
    items[0].value = "white";
    refuse(tags(ASG_COMMAND_GROUP_TAG, items, 4), "ValidationError", "not found");
    assert_int_equal(2, count_tags("web", "team", "green"));
    items[3] = (struct asg_group_tag){.group = "api", .key = "aws:x", .value = ""};
    refuse(tags(ASG_COMMAND_GROUP_TAG, items, 4), "ValidationError", "aws:");
    assert_int_equal(2, count_tags("web", "team", "green"));
    refuse(tags(ASG_COMMAND_GROUP_TAG, items, 0), "ValidationError", "no tag");
}

static void test_tags_are_taken_away_by_key_and_value(void **state)
{
    (void)state;
    make_named("web");
    struct asg_group_tag items[] = {{.group = "web", .key = "a", .value = "1"},
                                    {.group = "web", .key = "b", .value = "2"},
                                    {.group = "web", .key = "c", .value = "3"}};
    accept(tags(ASG_COMMAND_GROUP_TAG, items, 3));
    struct asg_group_tag gone[] = {
        {.group = "web", .key = "a", .value = ""},
        {.group = "web", .key = "b", .value = "other", .has_value = true},
        {.group = "web", .key = "never-there", .value = ""},
        {.group = "web", .key = "c", .value = "3", .has_value = true}};
    accept(tags(ASG_COMMAND_GROUP_UNTAG, gone, 4));
    assert_int_equal(1, count_tags("web", "b", "2"));
}

static struct asg_group_tag *many_tags(size_t count, bool stays)
{
    static struct asg_group_tag items[ASG_TAGS_MAX + 1];
    static char keys[ASG_TAGS_MAX + 1][16];
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key-%zu", i);
        items[i] = (struct asg_group_tag){
            .group = "web", .key = keys[i], .value = "", .stays = stays};
    }
    return items;
}

static void test_a_group_has_50_tags_and_46_of_them_reach_instances(void **state)
{
    (void)state;
    make_named("web");
    refuse(tags(ASG_COMMAND_GROUP_TAG, many_tags(BOUND_TAGS + 1, false), BOUND_TAGS + 1),
           "ValidationError", "propagated at launch");
    refuse(tags(ASG_COMMAND_GROUP_TAG, many_tags(51, true), 51), "LimitExceeded", "50");
    struct asg_command few = tags(ASG_COMMAND_GROUP_TAG, many_tags(11, true), 11);
    few.limit = 10; /* a setting of the edge */
    refuse(few, "LimitExceeded", "10");
    accept(tags(ASG_COMMAND_GROUP_TAG, many_tags(50, true), 50));
    assert_int_equal(50, count_tags("web", "key-49", ""));
    struct asg_command less = tags(ASG_COMMAND_GROUP_UNTAG, many_tags(4, true), 4);
    accept(less);
    assert_int_equal(46, count_tags("web", "key-49", ""));
}

static void test_tag_limits_are_in_characters(void **state)
{
    (void)state;
    make_named("web");
    char key[3 * ASG_TAG_KEY_MAX + 4] = "";
    for (int i = 0; i < ASG_TAG_KEY_MAX; i++) {
        (void)snprintf(key + strlen(key), 4, "ü");
    }
    struct asg_group_tag tag = {.group = "web", .key = key, .value = "", .stays = true};
    accept(tags(ASG_COMMAND_GROUP_TAG, &tag, 1));
    tag.stays = false; /* EC2 takes one less */
    refuse(tags(ASG_COMMAND_GROUP_TAG, &tag, 1), "ValidationError", "127");
    key[2 * (ASG_TAG_KEY_MAX - 1)] = '\0';
    accept(tags(ASG_COMMAND_GROUP_TAG, &tag, 1));
    (void)snprintf(key + strlen(key), 6, "üü");
    tag.stays = true;
    refuse(tags(ASG_COMMAND_GROUP_TAG, &tag, 1), "ValidationError", "128");
}

static const struct asg_launch *first_launch(struct asg_arena *arena)
{
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(w.core, arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind == ASG_JOB_LAUNCH) return jobs[i].launch;
    }
    return NULL;
}

/* The one tag of ours that clients set. */
static void test_the_preset_tag_names_a_preset_and_stays(void **state)
{
    (void)state;
    make_named("web");
    struct asg_group_tag tag = {
        .group = "web", .key = "openasg:preset", .value = "calm", .stays = true};
    accept(tags(ASG_COMMAND_GROUP_TAG, &tag, 1));
    assert_int_equal(1, count_tags("web", "openasg:preset", "calm"));
    tag.value = "wild";
    refuse(tags(ASG_COMMAND_GROUP_TAG, &tag, 1), "ValidationError", "default, aws, calm");
    tag.value = "calm";
    tag.stays = false;
    refuse(tags(ASG_COMMAND_GROUP_TAG, &tag, 1), "ValidationError", "not propagated");
    tag.stays = true;
    tag.key = "openasg:group";
    refuse(tags(ASG_COMMAND_GROUP_TAG, &tag, 1), "ValidationError", "neither aws:");
}

static void test_instances_are_launched_with_what_does_not_stay(void **state)
{
    (void)state;
    w.is_slow = true;
    struct asg_tag items[] = {{.key = "stays", .value = "x", .stays = true},
                              {.key = "goes", .value = "y"}};
    make_group(1, (struct asg_group_config){.tags = items, .tag_count = 2});
    struct asg_arena arena = {0};
    const struct asg_launch *launch = first_launch(&arena);
    assert_non_null(launch);
    assert_int_equal(1, launch->tag_count);
    assert_string_equal("goes", launch->tags[0].key);
    asg_arena_clear(&arena);
}

/* ---- launch configurations ---- */

static struct asg_launch_parameter parameters[] = {
    {"ImageId", "ami-1"}, {"InstanceType", "t3.nano"}, {"EbsOptimized", "true"}};

static struct asg_command put_configuration(const char *name)
{
    static struct asg_launch_configuration config;
    config = (struct asg_launch_configuration){.name = name,
                                               .uuid = "5a5a",
                                               .parameters = parameters,
                                               .parameter_count = 3,
                                               .user_data_sha256 = "abcd"};
    return (struct asg_command){.kind = ASG_COMMAND_LAUNCH_CONFIGURATION_PUT,
                                .group = "",
                                .launch_configuration = &config};
}

static struct asg_command delete_configuration(const char *name)
{
    return (struct asg_command){
        .kind = ASG_COMMAND_LAUNCH_CONFIGURATION_DELETE, .group = "", .name = name};
}

static size_t count_configurations(const char *name)
{
    struct asg_arena arena = {0};
    struct asg_launch_configuration *views = NULL;
    size_t count = 0;
    asg_core_view_launch_configurations(w.core, name, &arena, &views, &count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(BEGAN_MS, views[i].created_ms);
        assert_string_equal("ami-1", views[i].parameters[0].value);
    }
    asg_arena_clear(&arena);
    return count;
}

static void test_launch_configurations_are_made_once_and_never_changed(void **state)
{
    (void)state;
    accept(put_configuration("b"));
    accept(put_configuration("a"));
    refuse(put_configuration("a"), "AlreadyExists", "already exists with the name a");
    struct asg_command third = put_configuration("c");
    third.limit = 2;
    refuse(third, "LimitExceeded", "2");
    save_and_load();
    assert_int_equal(2, count_configurations(""));
    assert_int_equal(1, count_configurations("a"));
    accept(delete_configuration("a"));
    refuse(delete_configuration("a"), "ValidationError", "not found");
    assert_int_equal(0, count_configurations("a"));
    assert_int_equal(1, count_configurations("b"));
}

static void test_a_launch_configuration_needs_an_image_and_a_type(void **state)
{
    (void)state;
    struct asg_launch_configuration config = {
        .name = "a", .parameters = parameters, .parameter_count = 1};
    const struct asg_command command = {.kind = ASG_COMMAND_LAUNCH_CONFIGURATION_PUT,
                                        .group = "",
                                        .launch_configuration = &config};
    refuse(command, "ValidationError", "image id and an instance type");
    config.parameter_count = 2;
    config.name = "";
    refuse(command, "ValidationError", "name of 1 to 255");
    struct asg_launch_parameter data[] = {
        {"ImageId", "ami-1"}, {"InstanceType", "t3.nano"}, {"UserData", "eA=="}};
    config = (struct asg_launch_configuration){
        .name = "a", .parameters = data, .parameter_count = 3};
    refuse(command, "ValidationError", "beside the launch configuration");
}

static void make_configured(uint32_t desired_)
{
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    struct asg_group_config config = {.name = "web",
                                      .max = 5,
                                      .desired = desired_,
                                      .launch_configuration = "a",
                                      .evaluation_ms = 1000,
                                      .subnets = &subnet,
                                      .subnet_count = 1};
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = "web", .group_config = &config});
}

static void test_a_group_launches_from_a_launch_configuration(void **state)
{
    (void)state;
    accept(put_configuration("a"));
    w.is_slow = true;
    make_configured(2);
    struct asg_arena arena = {0};
    const struct asg_launch *launch = first_launch(&arena);
    assert_non_null(launch);
    assert_string_equal("", launch->template_id);
    assert_string_equal("", launch->template_name);
    assert_string_equal("", launch->template_version);
    assert_string_equal("t3.nano", launch->instance_type);
    assert_string_equal("abcd", launch->user_data_sha256);
    assert_int_equal(2, launch->parameter_count); /* the type is said already */
    assert_string_equal("ImageId", launch->parameters[0].name);
    assert_string_equal("EbsOptimized", launch->parameters[1].name);
    asg_arena_clear(&arena);
    answer_launches();
    assert_int_equal(2, in_service());
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    save_and_load();
    asg_core_view_instances(w.core, "web", &arena, &views, &count);
    assert_int_equal(2, count);
    assert_string_equal("a", views[0].launch_configuration);
    assert_string_equal("", views[0].template_id);
    assert_string_equal("", views[0].template_version);
    asg_arena_clear(&arena);
    refuse(delete_configuration("a"), "ResourceInUse",
           "attached to AutoScalingGroup web");
}

static void test_a_group_has_a_template_or_a_configuration(void **state)
{
    (void)state;
    accept(put_configuration("a"));
    make_configured(0);
    struct asg_group_config config = {.template_id = "lt-1", .launch_configuration = "a"};
    refuse(update(&config, BIT(ASG_GROUP_TEMPLATE)), "ValidationError", "not both");
    config = (struct asg_group_config){.launch_configuration = "b"};
    refuse(update(&config, BIT(ASG_GROUP_TEMPLATE)), "ValidationError", "does not exist");
    config = (struct asg_group_config){.template_id = "lt-1", .template_version = "1"};
    accept(update(&config, BIT(ASG_GROUP_TEMPLATE)));
    accept(delete_configuration("a")); /* nobody launches from it any more */
    config = (struct asg_group_config){.launch_configuration = "a"};
    refuse(update(&config, BIT(ASG_GROUP_TEMPLATE)), "ValidationError", "does not exist");
}

/* Who came from another one goes first, the oldest of them before the others. */
static void test_the_oldest_launch_configuration_goes_first(void **state)
{
    (void)state;
    accept(put_configuration("a"));
    make_configured(1); /* i-1 */
    w.now_ms += 1000;
    accept(put_configuration("b"));
    accept(update(&(struct asg_group_config){.launch_configuration = "b"},
                  BIT(ASG_GROUP_TEMPLATE)));
    set_desired(2); /* i-2 */
    struct asg_group_config config = {.template_id = "lt-1", .template_version = "1"};
    accept(update(&config, BIT(ASG_GROUP_TEMPLATE)));
    set_desired(3); /* i-3, from a template */
    set_desired(2);
    assert_true(was_ended(1));
    set_desired(1);
    assert_true(was_ended(2));
    assert_false(was_ended(3));
}

/* ---- traffic sources ---- */

static struct asg_command sources(enum asg_command_kind kind, struct asg_source *items,
                                  size_t count)
{
    return (struct asg_command){
        .kind = kind, .group = "web", .sources = items, .source_count = count};
}

static void expect_sources(size_t count, const char *identifier,
                           enum asg_source_state state)
{
    struct asg_arena arena = {0};
    const struct asg_group_config *config = group(&arena).config;
    assert_int_equal(count, config->source_count);
    bool is_found = false;
    for (size_t i = 0; i < config->source_count; i++) {
        if (strcmp(config->sources[i].identifier, identifier) != 0) continue;
        assert_int_equal(state, config->sources[i].state);
        is_found = true;
    }
    assert_int_equal(count > 0, is_found);
    asg_arena_clear(&arena);
}

static void test_sources_are_adding_and_added_then_removing_and_gone(void **state)
{
    (void)state;
    struct asg_source given = {.kind = ASG_SOURCE_TARGET_GROUP, .identifier = "arn:tg"};
    make_group(0, (struct asg_group_config){.sources = &given, .source_count = 1});
    expect_sources(1, "arn:tg", ASG_SOURCE_STATE_ADDING);
    pass(1000);
    expect_sources(1, "arn:tg", ASG_SOURCE_STATE_ADDED);
    struct asg_source items[] = {
        {.kind = ASG_SOURCE_LOAD_BALANCER, .identifier = "classic"},
        {.kind = ASG_SOURCE_TARGET_GROUP, .identifier = "arn:tg"}};
    accept(sources(ASG_COMMAND_SOURCES_ATTACH, items, 2));
    expect_sources(2, "classic", ASG_SOURCE_STATE_ADDING);
    expect_sources(2, "arn:tg", ASG_SOURCE_STATE_ADDED); /* it was there */
    save_and_load();
    accept(sources(ASG_COMMAND_SOURCES_DETACH, items + 1, 1));
    expect_sources(2, "arn:tg", ASG_SOURCE_STATE_REMOVING);
    pass(999);
    expect_sources(2, "arn:tg", ASG_SOURCE_STATE_REMOVING);
    pass(1);
    expect_sources(1, "classic", ASG_SOURCE_STATE_ADDED);
    accept(sources(ASG_COMMAND_SOURCES_DETACH, items, 1));
    accept(sources(ASG_COMMAND_SOURCES_ATTACH, items, 1)); /* changed their mind */
    expect_sources(1, "classic", ASG_SOURCE_STATE_ADDING);
    pass(5000);
    expect_sources(1, "classic", ASG_SOURCE_STATE_ADDED);
}

static void test_what_is_not_attached_is_not_detached(void **state)
{
    (void)state;
    make_group(0, (struct asg_group_config){.max = 1});
    struct asg_source items[] = {{.kind = ASG_SOURCE_LOAD_BALANCER, .identifier = "one"},
                                 {.kind = ASG_SOURCE_TARGET_GROUP, .identifier = "one"}};
    accept(sources(ASG_COMMAND_SOURCES_ATTACH, items, 1));
    refuse(sources(ASG_COMMAND_SOURCES_DETACH, items, 2), "ValidationError",
           "Trying to remove Target Groups that are not part of the group");
    expect_sources(1, "one", ASG_SOURCE_STATE_ADDING); /* nothing was done of it */
    items[0].identifier = "";
    refuse(sources(ASG_COMMAND_SOURCES_ATTACH, items, 1), "ValidationError", "empty");
    refuse(sources(ASG_COMMAND_SOURCES_ATTACH, items, 0), "ValidationError",
           "no traffic");
}

/* ---- collected metrics ---- */

static uint64_t collected(void)
{
    struct asg_arena arena = {0};
    uint64_t bits = group(&arena).config->collected_metrics;
    asg_arena_clear(&arena);
    return bits;
}

static void test_metrics_are_enabled_and_disabled(void **state)
{
    (void)state;
    make_group(0, (struct asg_group_config){.max = 1});
    accept((struct asg_command){.kind = ASG_COMMAND_METRICS_ENABLE, .group = "web"});
    assert_int_equal((UINT64_C(1) << ASG_COLLECTED_COUNT) - 1, collected());
    accept((struct asg_command){.kind = ASG_COMMAND_METRICS_DISABLE, .group = "web"});
    assert_int_equal(0, collected());
    accept((struct asg_command){.kind = ASG_COMMAND_METRICS_ENABLE,
                                .group = "web",
                                .collected_metrics = BIT(ASG_COLLECTED_MAX_SIZE) |
                                                     BIT(ASG_COLLECTED_MIN_SIZE)});
    accept((struct asg_command){.kind = ASG_COMMAND_METRICS_DISABLE,
                                .group = "web",
                                .collected_metrics = BIT(ASG_COLLECTED_MAX_SIZE)});
    save_and_load();
    assert_int_equal(BIT(ASG_COLLECTED_MIN_SIZE), collected());
    refuse((struct asg_command){.kind = ASG_COMMAND_METRICS_ENABLE,
                                .group = "web",
                                .collected_metrics = BIT(ASG_COLLECTED_COUNT)},
           "ValidationError", "no such metric");
}

/* ---- deletion ---- */

static struct asg_command deletion(bool force)
{
    return (struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = force};
}

static void protect(enum asg_deletion_protection protection)
{
    accept(update(&(struct asg_group_config){.deletion_protection = protection},
                  BIT(ASG_GROUP_DELETION_PROTECTION)));
}

static void test_deletion_protection_is_obeyed(void **state)
{
    (void)state;
    make_group(
        0, (struct asg_group_config){.max = 1, .deletion_protection = ASG_DELETION_ALL});
    refuse(deletion(false), "ValidationError", "prevent-all-deletion");
    refuse(deletion(true), "ValidationError", "prevent-all-deletion");
    protect(ASG_DELETION_FORCE);
    refuse(deletion(true), "ValidationError", "prevent-force-deletion");
    accept(deletion(false)); /* an empty group may go */
    refuse(deletion(false), "ValidationError", "not found");
}

static void test_deletion_without_force_waits_for_an_empty_group(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.max = 2});
    refuse(deletion(false), "ResourceInUse", "2 instances");
    w.terminate_outcome = ASG_OUTCOME_TRANSIENT; /* they do not go yet */
    set_desired(0);
    refuse(deletion(false), "ScalingActivityInProgress", "2 instances that are not gone");
    protect(ASG_DELETION_FORCE);
    refuse(deletion(true), "ValidationError", "protected");
    protect(ASG_DELETION_NONE);
    accept(deletion(true));
}

/* ---- suspended processes ---- */

static void suspend(enum asg_command_kind kind, uint64_t processes)
{
    accept((struct asg_command){.kind = kind, .group = "web", .processes = processes});
}

static void test_a_suspension_has_its_time(void **state)
{
    (void)state;
    make_group(0, (struct asg_group_config){.max = 1});
    suspend(ASG_COMMAND_SUSPEND, BIT(ASG_PROCESS_TERMINATE));
    pass(60000);
    suspend(ASG_COMMAND_SUSPEND,
            BIT(ASG_PROCESS_LAUNCH) | BIT(ASG_PROCESS_TERMINATE)); /* one is new */
    save_and_load();
    struct asg_arena arena = {0};
    struct asg_group_view view = group(&arena);
    assert_int_equal(2, view.suspension_count);
    assert_int_equal(ASG_PROCESS_LAUNCH, view.suspensions[0].process);
    assert_int_equal(BEGAN_MS + 60000, view.suspensions[0].since_ms);
    assert_int_equal(ASG_PROCESS_TERMINATE, view.suspensions[1].process);
    assert_int_equal(BEGAN_MS, view.suspensions[1].since_ms);
    assert_string_equal("User suspended at 2026-11-23T14:36:49Z",
                        view.suspensions[1].reason);
    suspend(ASG_COMMAND_RESUME, 0);
    assert_int_equal(0, group(&arena).suspension_count);
    asg_arena_clear(&arena);
}

/* ---- health that a client sets ---- */

static void mark(bool is_healthy, bool respect_grace)
{
    const char *ids[] = {"i-1"};
    order((struct asg_command){.kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
                               .group = "",
                               .instance_ids = {ids, 1},
                               .is_healthy = is_healthy,
                               .respect_grace = respect_grace});
}

static void test_unhealthy_is_ignored_in_the_grace_period_if_that_counts(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.max = 2, .health_grace_ms = 60000});
    mark(false, true);
    pass(30000);
    assert_false(was_ended(1));
    pass(60000); /* the grace is over, and what was ignored stays ignored */
    assert_false(was_ended(1));
    mark(false, true);
    assert_true(was_ended(1));
    assert_int_equal(1, in_service()); /* replaced */
}

static void test_unhealthy_counts_in_the_grace_period_if_that_does_not(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.max = 2, .health_grace_ms = 60000});
    mark(false, false);
    assert_true(was_ended(1));
}

static void test_one_that_is_healthy_again_in_time_is_kept(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.max = 2});
    suspend(ASG_COMMAND_SUSPEND, BIT(ASG_PROCESS_REPLACE_UNHEALTHY));
    mark(false, true);
    mark(true, true);
    suspend(ASG_COMMAND_RESUME, 0);
    pass(5000);
    assert_false(was_ended(1));
}

/* ---- limits ---- */

static void test_groups_are_limited_as_the_order_says(void **state)
{
    (void)state;
    make_named("one");
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    const struct asg_group_config config = {.name = "two",
                                            .max = 3,
                                            .template_id = "lt-0123456789abcdef0",
                                            .subnets = &subnet,
                                            .subnet_count = 1};
    struct asg_command command = {.kind = ASG_COMMAND_GROUP_CREATE,
                                  .group = "two",
                                  .group_config = &config,
                                  .limit = 1};
    refuse(command, "LimitExceeded", "2 groups would be more than the limit of 1");
    command.limit = 2;
    accept(command);
    refuse(command, "AlreadyExists", "A group with the name two already exists");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_members_are_kept_as_given_and_replaced_by_their_names),
        TEST(test_what_a_group_was_before_its_last_update_is_known),
        TEST(test_one_order_tags_several_groups_or_none),
        TEST(test_tags_are_taken_away_by_key_and_value),
        TEST(test_a_group_has_50_tags_and_46_of_them_reach_instances),
        TEST(test_tag_limits_are_in_characters),
        TEST(test_the_preset_tag_names_a_preset_and_stays),
        TEST(test_instances_are_launched_with_what_does_not_stay),
        TEST(test_launch_configurations_are_made_once_and_never_changed),
        TEST(test_a_launch_configuration_needs_an_image_and_a_type),
        TEST(test_a_group_launches_from_a_launch_configuration),
        TEST(test_a_group_has_a_template_or_a_configuration),
        TEST(test_the_oldest_launch_configuration_goes_first),
        TEST(test_sources_are_adding_and_added_then_removing_and_gone),
        TEST(test_what_is_not_attached_is_not_detached),
        TEST(test_metrics_are_enabled_and_disabled),
        TEST(test_deletion_protection_is_obeyed),
        TEST(test_deletion_without_force_waits_for_an_empty_group),
        TEST(test_a_suspension_has_its_time),
        TEST(test_unhealthy_is_ignored_in_the_grace_period_if_that_counts),
        TEST(test_unhealthy_counts_in_the_grace_period_if_that_does_not),
        TEST(test_one_that_is_healthy_again_in_time_is_kept),
        TEST(test_groups_are_limited_as_the_order_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
