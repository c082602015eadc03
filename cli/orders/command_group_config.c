/* command_group_config - create groups and change their configuration. */
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/confirm_ends.h"
#include "cli/ask/wait_group.h"
#include "cli/commands.h"
#include "cli/files/rules.h"
#include "cli/orders/fill_options.h"
#include "cli/orders/read_launch_parameters.h"
#include "cli/show/show_result.h"
#include "model/defaults.h"
#include "model/schemas.h"

static const struct asg_argument new_argument[] = {
    {.name = "GROUP", .help = "Name of the group."}};
static const struct asg_argument name_argument[] = {
    {.name = "GROUP", .help = "Name of the group.", .complete = "groups"}};

#define DAY_MS  INT64_C(86400000)
#define WEEK_MS (7 * DAY_MS)

#define GROUP_OPTIONS                                                                    \
    {.name = "file",                                                                     \
     .type = ASG_OPTION_FILE,                                                            \
     .value = "FILE",                                                                    \
     .letter = 'f',                                                                      \
     .help = "Read the group from a YAML file; options override it."},                   \
        {.name = "min",                                                                  \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "N",                                                                   \
         .max = ASG_GROUP_CAPACITY_MAX,                                                  \
         .help = "Minimum number of instances."},                                        \
        {.name = "max",                                                                  \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "N",                                                                   \
         .max = ASG_GROUP_CAPACITY_MAX,                                                  \
         .help = "Maximum number of instances."},                                        \
        {.name = "desired",                                                              \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "N",                                                                   \
         .max = ASG_GROUP_CAPACITY_MAX,                                                  \
         .help = "Desired number of instances.",                                         \
         .default_text = "min"},                                                         \
        {.name = "template",                                                             \
         .type = ASG_OPTION_TEXT,                                                        \
         .value = "NAME",                                                                \
         .complete = "templates",                                                        \
         .help = "EC2 launch template, by its name."},                                   \
        {.name = "template-id",                                                          \
         .type = ASG_OPTION_TEXT,                                                        \
         .value = "ID",                                                                  \
         .help = "EC2 launch template, by its id (lt-...)."},                            \
        {.name = "template-version",                                                     \
         .type = ASG_OPTION_TEXT,                                                        \
         .value = "VERSION",                                                             \
         .help = "A number, $Latest or $Default.",                                       \
         .default_text = "$Default"},                                                    \
        {.name = "launch-configuration",                                                 \
         .type = ASG_OPTION_TEXT,                                                        \
         .value = "NAME",                                                                \
         .help =                                                                         \
             "Launch configuration of the Auto Scaling API, instead of a template."},    \
        {.name = "zones",                                                                \
         .type = ASG_OPTION_TEXTS,                                                       \
         .value = "LIST",                                                                \
         .help =                                                                         \
             "Where instances are launched: zones, each with /SUBNET, or without it "    \
             "in EC2's default subnet (us-east-1a/subnet-1,us-east-1b)."},               \
        {.name = "instance-types",                                                       \
         .type = ASG_OPTION_TEXTS,                                                       \
         .value = "LIST",                                                                \
         .help = "Instance types to try, in this order.",                                \
         .default_text = "the template's"},                                              \
        {.name = "health-check",                                                         \
         .type = ASG_OPTION_WORD,                                                        \
         .value = "TYPE",                                                                \
         .words = &asg_health_check_words,                                               \
         .help = "When an instance is in service: when EC2 says it runs, or when its "   \
                 "agent's first report has arrived.",                                    \
         .default_text = "ec2"},                                                         \
        {.name = "health-grace",                                                         \
         .type = ASG_OPTION_DURATION,                                                    \
         .value = "TIME",                                                                \
         .max = WEEK_MS,                                                                 \
         .help = "A new instance is not replaced for this long.",                        \
         .default_text = "0s"},                                                          \
        {.name = "cooldown",                                                             \
         .type = ASG_OPTION_DURATION,                                                    \
         .value = "TIME",                                                                \
         .max = DAY_MS,                                                                  \
         .help = "Pause after a simple scaling activity.",                               \
         .default_text = "5m"},                                                          \
        {.name = "warmup",                                                               \
         .type = ASG_OPTION_DURATION,                                                    \
         .value = "TIME",                                                                \
         .max = DAY_MS,                                                                  \
         .help = "A new instance is left out of metrics for this long.",                 \
         .default_text = "the cooldown"},                                                \
        {.name = "evaluation",                                                           \
         .type = ASG_OPTION_DURATION,                                                    \
         .value = "TIME",                                                                \
         .min = 1000,                                                                    \
         .max = 3600000,                                                                 \
         .help = "Period in which policies are evaluated.",                              \
         .default_text = "5s"},                                                          \
        {.name = "drain",                                                                \
         .type = ASG_OPTION_DURATION,                                                    \
         .value = "TIME",                                                                \
         .max = DAY_MS,                                                                  \
         .help =                                                                         \
             "Longest drain before a termination: what the agent's drain_script may "    \
             "take.",                                                                    \
         .default_text = "0s, none"},                                                    \
        {.name = "launch-timeout",                                                       \
         .type = ASG_OPTION_DURATION,                                                    \
         .value = "TIME",                                                                \
         .min = 1000,                                                                    \
         .max = DAY_MS,                                                                  \
         .help = "Replace an instance that is not in service after this long.",          \
         .default_text = "10m"},                                                         \
        {.name = "termination-policies",                                                 \
         .type = ASG_OPTION_TEXTS,                                                       \
         .value = "LIST",                                                                \
         .help = "Which instances are terminated first on scale-in, in this order.",     \
         .default_text = "default"},                                                     \
        {.name = "protect-new-instances",                                                \
         .type = ASG_OPTION_FLAG,                                                        \
         .help = "Protect new instances from scale-in; =false: no longer."},             \
        {.name = "dry-run",                                                              \
         .type = ASG_OPTION_FLAG,                                                        \
         .help = "Decide and plan everything, but change nothing in EC2; "               \
                 "--dry-run=false ends the dry run."},                                   \
        {.name = "capacity-rebalance",                                                   \
         .type = ASG_OPTION_FLAG,                                                        \
         .help = "Replace Spot instances that EC2 expects to reclaim, launching "        \
                 "first; =false: no longer."},                                           \
        {.name = "deletion-protection",                                                  \
         .type = ASG_OPTION_WORD,                                                        \
         .value = "WHAT",                                                                \
         .words = &asg_deletion_protection_words,                                        \
         .help = "Which deletions of the group are refused.",                            \
         .default_text = "none"},                                                        \
        {.name = "on-demand-base",                                                       \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "N",                                                                   \
         .max = ASG_GROUP_CAPACITY_MAX,                                                  \
         .help = "Mix on demand and Spot: the first N instances are on demand.",         \
         .default_text = "0, when the group mixes"},                                     \
        {.name = "on-demand-percent",                                                    \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "PERCENT",                                                             \
         .max = 100,                                                                     \
         .help = "Mix on demand and Spot: this share of what is above the base is on "   \
                 "demand, rounded up.",                                                  \
         .default_text = "100, when the group mixes"},                                   \
        {.name = "on-demand-strategy",                                                   \
         .type = ASG_OPTION_WORD,                                                        \
         .value = "WORD",                                                                \
         .words = &asg_on_demand_strategy_words,                                         \
         .help = "Which type a mixed group takes on demand: the first of its instance "  \
                 "types, or the cheapest.",                                              \
         .default_text = "prioritized"},                                                 \
        {.name = "spot-strategy",                                                        \
         .type = ASG_OPTION_WORD,                                                        \
         .value = "WORD",                                                                \
         .words = &asg_spot_strategy_words,                                              \
         .help = "Which pools a mixed group takes Spot instances from.",                 \
         .default_text = "lowest-price"},                                                \
        {.name = "spot-pools",                                                           \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "N",                                                                   \
         .min = 1,                                                                       \
         .max = ASG_SPOT_POOLS_MAX,                                                      \
         .help = "Over how many of the cheapest pools lowest-price spreads.",            \
         .default_text = "2"},                                                           \
        {.name = "spot-max-price",                                                       \
         .type = ASG_OPTION_TEXT,                                                        \
         .value = "DOLLARS",                                                             \
         .help = "Highest price of a Spot instance in a mixed group, an hour.",          \
         .default_text = "the price on demand"},                                         \
        {.name = "terminating-percent",                                                  \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "PERCENT",                                                             \
         .min = 1,                                                                       \
         .max = 100,                                                                     \
         .help =                                                                         \
             "Largest share of the group terminating at the same time, for "             \
             "health replacements and for policies without an allowance of their own.",  \
         .default_text = "10"},                                                          \
        {.name = "terminated-percent",                                                   \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "PERCENT",                                                             \
         .min = 1,                                                                       \
         .max = 100,                                                                     \
         .help = "Largest share of the group terminated in 10 minutes, for the same.",   \
         .default_text = "25"},                                                          \
        {.name = "unhealthy-percent",                                                    \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "PERCENT",                                                             \
         .min = 1,                                                                       \
         .max = 100,                                                                     \
         .help = "Stop replacing when more than this share of the group is unhealthy.",  \
         .default_text = "20"},                                                          \
        {.name = "silence-percent",                                                      \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "PERCENT",                                                             \
         .min = 1,                                                                       \
         .max = 100,                                                                     \
         .help = "Assume a network partition when more than this share of the agents "   \
                 "falls silent together.",                                               \
         .default_text = "30"},                                                          \
        {.name = "launch-file",                                                          \
         .type = ASG_OPTION_FILE,                                                        \
         .value = "FILE",                                                                \
         .help = "Launch parameters over the template's, in YAML or JSON, named as in "  \
                 "EC2's LaunchTemplateData."},                                           \
        {.name = "launch-set",                                                           \
         .type = ASG_OPTION_TEXTS,                                                       \
         .value = "NAME=VALUE",                                                          \
         .help = "One launch parameter over the template's, lists numbered from 1 "      \
                 "(MetadataOptions.HttpTokens=required); may be given several times."},  \
        {.name = "churn-generations",                                                    \
         .type = ASG_OPTION_NUMBER,                                                      \
         .value = "COUNT",                                                               \
         .min = 1,                                                                       \
         .max = 1000000,                                                                 \
         .help = "Generations of instances that may die within 10 minutes of their "     \
                 "launch, one after another, before nothing more is launched.",          \
         .default_text = "2"},                                                           \
    {                                                                                    \
        .name = "tag", .type = ASG_OPTION_TEXTS, .value = "KEY=VALUE",                   \
        .help = "Tag for instances; may be given several times."                         \
    }

static const struct asg_option create_options[] = {GROUP_OPTIONS, ASG_WAIT_OPTION};
static const struct asg_option update_options[] = {
    ASG_WAIT_OPTION,
    GROUP_OPTIONS,
    {.name = "not-mixed",
     .type = ASG_OPTION_FLAG,
     .help = "Stop mixing: new instances are what the template says."},
    {.name = "force",
     .type = ASG_OPTION_FLAG,
     .help = "Proceed even if it terminates more than a quarter of the group at the same "
             "time."},
};

static const struct asg_option_field mixed_fields[] = {
    {"on-demand-base", "on_demand_base"},
    {"on-demand-percent", "on_demand_percent"},
    {"on-demand-strategy", "on_demand_strategy"},
    {"spot-strategy", "spot_strategy"},
    {"spot-pools", "spot_pools"},
    {"spot-max-price", "spot_max_price"},
};

static const struct asg_option_field group_fields[] = {
    {"min", "min"},
    {"max", "max"},
    {"desired", "desired"},
    {"template", "template_name"},
    {"template-id", "template_id"},
    {"template-version", "template_version"},
    {"launch-configuration", "launch_configuration"},
    {"instance-types", "instance_types"},
    {"health-check", "health_check"},
    {"health-grace", "health_grace_ms"},
    {"cooldown", "cooldown_ms"},
    {"warmup", "warmup_ms"},
    {"evaluation", "evaluation_ms"},
    {"drain", "drain_ms"},
    {"launch-timeout", "launch_timeout_ms"},
    {"termination-policies", "termination_policies"},
    {"protect-new-instances", "protect_new_instances"},
    {"dry-run", "dry_run"},
    {"capacity-rebalance", "capacity_rebalance"},
    {"deletion-protection", "deletion_protection"},
    {"terminating-percent", "terminating_percent"},
    {"terminated-percent", "terminated_percent"},
    {"unhealthy-percent", "unhealthy_percent"},
    {"silence-percent", "silence_percent"},
    {"churn-generations", "churn_generations"},
};

static uint64_t bit_of(const char *name)
{
    const struct asg_field *field = asg_schema_find(&asg_group_config_schema, name);
    return UINT64_C(1) << (field - asg_group_config_schema.fields);
}

static void fill_zones(const struct asg_texts *texts, struct asg_arena *arena,
                       struct asg_group_config *config)
{
    config->subnets = asg_arena_take(arena, texts->count * sizeof *config->subnets);
    config->subnet_count = texts->count;
    for (size_t i = 0; i < texts->count; i++) {
        const char *text = texts->items[i];
        size_t length = strcspn(text, "/");
        config->subnets[i].zone = asg_arena_text_n(arena, text, length);
        config->subnets[i].subnet_id = text[length] == '/' ? text + length + 1 : "";
    }
}

static enum asg_status fill_launch(struct asg_cli *cli,
                                   const struct asg_arguments *arguments,
                                   struct asg_group_config *config, uint64_t *ret_present,
                                   struct asg_error *error)
{
    const char *file = asg_option_text(arguments, "launch-file");
    struct asg_texts texts = asg_option_texts(arguments, "launch-set");
    if (file == NULL && texts.count == 0) return ASG_OK;
    struct asg_launch_list list = {0};
    enum asg_status status = ASG_OK;
    if (file != NULL) status = asg_read_launch_file(file, &cli->arena, &list, error);
    if (status == ASG_OK) {
        status = asg_read_launch_texts(&texts, &cli->arena, &list, error);
    }
    if (status != ASG_OK) return status;
    config->launch_parameters = list.items;
    config->launch_parameter_count = list.count;
    *ret_present |= bit_of("launch_parameters");
    return ASG_OK;
}

/* What is said over what the group mixed before, or over the defaults. */
static void fill_mixed(struct asg_cli *cli, const struct asg_arguments *arguments,
                       struct asg_group_config *config, uint64_t *ret_present)
{
    struct asg_mixed *mixed = asg_arena_take(&cli->arena, sizeof *mixed);
    *mixed = config->mixed != NULL ? *config->mixed : asg_mixed_defaults();
    uint64_t present =
        asg_fill_options(arguments, &asg_mixed_schema, mixed_fields,
                         sizeof mixed_fields / sizeof mixed_fields[0], mixed);
    if (present == 0) return;
    config->mixed = mixed;
    *ret_present |= bit_of("mixed");
}

/* A template by its name, by its id, or a launch configuration: naming one of them anew
 * forgets what the others were. All that are named go to core, which takes one. */
static void forget_other_origins(const struct asg_arguments *arguments,
                                 struct asg_group_config *config)
{
    bool has_name = asg_option_is_set(arguments, "template");
    bool has_id = asg_option_is_set(arguments, "template-id");
    bool has_configuration = asg_option_is_set(arguments, "launch-configuration");
    if (!has_name && !has_id && !has_configuration) return;
    if (!has_name) config->template_name = "";
    if (!has_id) config->template_id = "";
    if (!has_configuration) config->launch_configuration = "";
}

/* Options over *config. *ret_present gains the bits of what they set. */
static enum asg_status fill_group(struct asg_cli *cli,
                                  const struct asg_arguments *arguments,
                                  struct asg_group_config *config, uint64_t *ret_present,
                                  struct asg_error *error)
{
    *ret_present |=
        asg_fill_options(arguments, &asg_group_config_schema, group_fields,
                         sizeof group_fields / sizeof group_fields[0], config);
    forget_other_origins(arguments, config);
    fill_mixed(cli, arguments, config, ret_present);
    struct asg_texts zones = asg_option_texts(arguments, "zones");
    if (zones.count > 0) {
        fill_zones(&zones, &cli->arena, config);
        *ret_present |= bit_of("subnets");
    }
    enum asg_status status = fill_launch(cli, arguments, config, ret_present, error);
    if (status != ASG_OK) return status;
    struct asg_texts tags = asg_option_texts(arguments, "tag");
    if (tags.count == 0) return ASG_OK;
    *ret_present |= bit_of("tags");
    return asg_fill_tags(&tags, &cli->arena, &config->tags, &config->tag_count, error);
}

static int wait_until_met(struct asg_cli *cli, const struct asg_arguments *arguments,
                          int code, const char *group)
{
    struct asg_group_goal goal = asg_group_goal_of(group);
    goal.is_met = true;
    return asg_wait_if_asked(cli, arguments, code, &goal, 1);
}

static int run_create(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_error error = {0};
    struct asg_rules rules = {.group = asg_group_defaults()};
    enum asg_status status = ASG_OK;
    const char *file = asg_option_text(arguments, "file");
    if (file != NULL) {
        status = asg_rules_read(file, ASG_RULES_GROUP, &cli->arena, &rules, &error);
        if (status == ASG_OK && !rules.has_group) {
            return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s has no group: section", file);
        }
    }
    uint64_t present = rules.group_present;
    if (status == ASG_OK) {
        status = fill_group(cli, arguments, &rules.group, &present, &error);
    }
    if (status != ASG_OK) return asg_cli_fail_file(cli, &error);
    rules.group.name = asg_argument_text(arguments, 0);
    /* A group of nothing would be made, and nobody would be told. */
    if ((present & bit_of("min")) == 0 || (present & bit_of("max")) == 0) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "group create needs --min and --max, or min: and max: in the "
                            "file of --file");
    }
    if ((present & bit_of("desired")) == 0) rules.group.desired = rules.group.min;
    struct asg_command command =
        asg_new_command(ASG_COMMAND_GROUP_CREATE, rules.group.name);
    command.group_config = &rules.group;
    int code = asg_order(
        cli, &command,
        asg_arena_format(&cli->arena, "group %s created", rules.group.name), NULL);
    return wait_until_met(cli, arguments, code, rules.group.name);
}

static int run_update(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *name = asg_argument_text(arguments, 0);
    const struct asg_group_view *view = NULL;
    int code = asg_ask_group(cli, name, /* must_exist */ true, &cli->arena, &view);
    if (code != ASG_EXIT_OK) return code;
    struct asg_error error = {0};
    struct asg_group_config config = *view->config;
    uint64_t present = 0;
    const char *file = asg_option_text(arguments, "file");
    enum asg_status status = ASG_OK;
    if (file != NULL) {
        struct asg_rules rules = {0};
        status = asg_rules_read(file, ASG_RULES_GROUP, &cli->arena, &rules, &error);
        config = rules.group;
        present = rules.group_present;
    }
    if (status == ASG_OK) status = fill_group(cli, arguments, &config, &present, &error);
    if (status != ASG_OK) return asg_cli_fail_file(cli, &error);
    if (asg_option_flag(arguments, "not-mixed")) {
        config.mixed = NULL;
        present |= bit_of("mixed");
    }
    struct asg_command command = asg_new_command(ASG_COMMAND_GROUP_UPDATE, name);
    command.group_fields = asg_group_fields_of(present);
    /* What others said of the group is not repeated: it may be what we would not send. */
    struct asg_group_config named;
    asg_model_set_defaults(&asg_group_config_schema, &named);
    asg_model_update(&asg_group_config_schema, &named, &config, command.group_fields);
    named.name = name;
    command.group_config = &named;
    if (command.group_fields == 0) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "nothing to change: give at least one option");
    }
    code = asg_confirm_ends(
        cli, view, asg_desired_after(view->config, &config, command.group_fields),
        asg_option_flag(arguments, "force"));
    if (code != ASG_EXIT_OK) return code;
    code = asg_order(cli, &command,
                     asg_arena_format(&cli->arena, "group %s updated", name), NULL);
    return wait_until_met(cli, arguments, code, name);
}

static const struct asg_command_entry commands[] = {
    {.name = "group create",
     .shows = &asg_done_schema,
     .summary = "Create a group",
     .details =
         "The template, subnets and zones must exist in EC2: the controller asks, and "
         "refuses the order when they do not. \"openasg template create\" creates a "
         "template. When EC2 cannot be asked the group is created with a note. "
         "Instances are launched immediately, up to the desired number.",
     .examples = "openasg group create web --min 2 --max 6 --template web --zones "
                 "us-east-1a,us-east-1b\n"
                 "openasg group create web --file examples/target-tracking.yaml",
     ASG_ARGUMENTS(new_argument),
     ASG_OPTIONS(create_options),
     .run = run_create},
    {.name = "group update",
     .shows = &asg_done_schema,
     .summary = "Change a group",
     .details =
         "Only what is given changes. A template and zones that are given must exist "
         "in EC2.",
     .examples = "openasg group update web --max 10\n"
                 "openasg group update web --template-version '$Latest'",
     ASG_ARGUMENTS(name_argument),
     ASG_OPTIONS(update_options),
     .run = run_update},
};

const struct asg_family asg_group_config_family = ASG_FAMILY(commands);
