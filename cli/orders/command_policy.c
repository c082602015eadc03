/* command_policy - put, list, delete and execute scaling policies. */
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/commands.h"
#include "cli/files/note_policy.h"
#include "cli/files/rules.h"
#include "cli/lists/watch_list.h"
#include "cli/orders/fill_options.h"
#include "cli/orders/put_rules.h"
#include "cli/show/show_result.h"
#include "model/presets.h"
#include "model/schemas.h"
#include "text/parse.h"
#include "text/quantity.h"

static const struct asg_argument put_arguments[] = {
    {.name = "GROUP",
     .help = "Name of the group.",
     .complete = "groups",
     .is_optional = true},
    {.name = "NAME",
     .help = "Name of the policy.",
     .complete = "policies",
     .is_optional = true},
};
static const struct asg_argument group_argument[] = {
    {.name = "GROUP", .help = "Name of the group.", .complete = "groups"}};
static const struct asg_argument policy_arguments[] = {
    {.name = "GROUP", .help = "Name of the group.", .complete = "groups"},
    {.name = "NAME", .help = "Name of the policy.", .complete = "policies"},
};

#define MILLI_MAX (INT64_C(1) << 50)

static const struct asg_option put_options[] = {
    {.name = "file",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .letter = 'f',
     .help = "Read one policy, or a list under \"policies:\", from a YAML file."},
    {.name = "kind",
     .type = ASG_OPTION_WORD,
     .value = "KIND",
     .words = &asg_policy_kind_words,
     .help = "What it does.",
     .default_text = "target-tracking"},
    {.name = "preset",
     .type = ASG_OPTION_WORD,
     .value = "NAME",
     .words = &asg_preset_words,
     .help =
         "Where values without an option come from: aws is the rule of EC2 Auto "
         "Scaling, calm changes little, quick changes soon (docs/rules.md, \"Presets\").",
     .default_text = "default"},
    {.name = "metric",
     .type = ASG_OPTION_WORD,
     .value = "METRIC",
     .words = &asg_metric_name_words,
     .help = "The metric it follows.",
     .default_text = "cpu"},
    {.name = "statistic",
     .type = ASG_OPTION_WORD,
     .value = "WORD",
     .words = &asg_statistic_words,
     .help = "Statistic over the instances that count.",
     .default_text = "mean"},
    {.name = "target",
     .type = ASG_OPTION_MILLI,
     .value = "VALUE",
     .max = MILLI_MAX,
     .help = "Target tracking: the value to keep, in percent for cpu, memory and "
             "pressure (50 is 50 %), in load per core, or in bytes a second."},
    {.name = "disable-scale-in",
     .type = ASG_OPTION_FLAG,
     .help = "Target tracking: never scale in."},
    {.name = "stabilisation",
     .type = ASG_OPTION_DURATION,
     .value = "TIME",
     .max = 86400000,
     .help = "Target tracking: how long the metric must stay low before scaling in.",
     .default_text = "the preset's"},
    {.name = "scale-out-periods",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1,
     .max = ASG_POLICY_PERIODS_MAX,
     .help = "Target tracking: evaluations in a row above the target before scaling out.",
     .default_text = "the preset's"},
    {.name = "scale-out-permille",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1000,
     .max = 10000,
     .help = "Target tracking: scale out only above this share of the target; 1000: as "
             "soon as it is above.",
     .default_text = "the preset's"},
    {.name = "scale-out-far-permille",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = 10000,
     .help = "Target tracking: scale out after a single evaluation above this share of "
             "the target; 0: never.",
     .default_text = "the preset's"},
    {.name = "counts-warming",
     .type = ASG_OPTION_FLAG,
     .help =
         "Target tracking: assume that warming instances carry their share of the load "
         "although they are not measured yet (--counts-warming=false: they do not).",
     .default_text = "the preset's"},
    {.name = "patience",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1,
     .max = ASG_POLICY_PATIENCE_MAX,
     .help = "Target tracking: while scale-ins are soon reversed, the stabilisation "
             "window grows to at most this many times its length; 1: it does not grow.",
     .default_text = "the preset's"},
    {.name = "scale-in-periods",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1,
     .max = ASG_POLICY_PERIODS_MAX,
     .help = "Target tracking: low evaluations in a row before scaling in.",
     .default_text = "the preset's"},
    {.name = "scale-in-permille",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1,
     .max = 1000,
     .help = "Target tracking: scale in below this share of the target.",
     .default_text = "the preset's"},
    {.name = "saturation",
     .type = ASG_OPTION_MILLI,
     .value = "PERCENT",
     .max = 100000,
     .help = "Target tracking, cpu: from this value on the metric no longer shows how "
             "much is missing, and --saturation-factor multiplies a scale-out; 0: never.",
     .default_text = "the preset's"},
    {.name = "saturation-factor",
     .type = ASG_OPTION_MILLI,
     .value = "N",
     .min = 1000,
     .max = 10000,
     .help = "Target tracking: how many times the proportional step a saturated group "
             "scales out.",
     .default_text = "the preset's"},
    {.name = "scale-in-at-once",
     .type = ASG_OPTION_NUMBER,
     .value = "PERCENT",
     .max = 100,
     .help = "Scale-in by this policy: largest share of the group terminating at the "
             "same time; 0: the group's own limit.",
     .default_text = "the preset's"},
    {.name = "scale-in-ten-minutes",
     .type = ASG_OPTION_NUMBER,
     .value = "PERCENT",
     .max = 100,
     .help = "Scale-in by this policy: largest share of the group terminated in ten "
             "minutes; 0: the group's own limit.",
     .default_text = "the preset's"},
    {.name = "comparison",
     .type = ASG_OPTION_WORD,
     .value = "WORD",
     .words = &asg_comparison_words,
     .help = "Step and simple: how the metric is compared with the threshold.",
     .default_text = "greater-or-equal"},
    {.name = "threshold",
     .type = ASG_OPTION_MILLI,
     .value = "VALUE",
     .min = -MILLI_MAX,
     .max = MILLI_MAX,
     .help = "Step and simple: the value it is compared with; without one the policy "
             "has no alarm and acts only by \"policy execute\"."},
    {.name = "periods",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1,
     .max = ASG_POLICY_PERIODS_MAX,
     .help = "Step and simple: evaluations in breach in a row before it acts.",
     .default_text = "1"},
    {.name = "adjustment-type",
     .type = ASG_OPTION_WORD,
     .value = "WORD",
     .words = &asg_adjustment_words,
     .help = "How the adjustment is counted.",
     .default_text = "change-in-capacity"},
    {.name = "adjustment",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = -ASG_GROUP_CAPACITY_MAX,
     .max = ASG_GROUP_CAPACITY_MAX,
     .help = "Simple: instances, or percent; negative scales in."},
    {.name = "step",
     .type = ASG_OPTION_TEXTS,
     .value = "LOWER:UPPER:N",
     .help = "Step: bounds relative to the threshold (either may be empty) and the "
             "adjustment (0:20:1); may be given several times."},
    {.name = "min-magnitude",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = ASG_GROUP_CAPACITY_MAX,
     .help = "With percent: change by at least this many instances."},
    {.name = "cooldown",
     .type = ASG_OPTION_DURATION,
     .value = "TIME",
     .max = 604800000,
     .help = "Simple: pause after it has acted.",
     .default_text = "the group's"},
    {.name = "warmup",
     .type = ASG_OPTION_DURATION,
     .value = "TIME",
     .max = 604800000,
     .help = "New instances are left out of metrics for this long.",
     .default_text = "the group's"},
    {.name = "warmup-otherwise",
     .type = ASG_OPTION_DURATION,
     .value = "TIME",
     .max = 86400000,
     .help =
         "The warm-up where neither the policy nor its group sets one; 0: the group's "
         "cooldown.",
     .default_text = "the preset's"},
    {.name = "disabled",
     .type = ASG_OPTION_FLAG,
     .help = "Keep it, but do not act on it."},
};

static const struct asg_option_field policy_fields[] = {
    {"kind", "kind"},
    {"preset", "preset"},
    {"metric", "metric"},
    {"statistic", "statistic"},
    {"target", "target_milli"},
    {"disable-scale-in", "disable_scale_in"},
    {"stabilisation", "stabilisation_ms"},
    {"scale-out-periods", "scale_out_periods"},
    {"scale-in-permille", "scale_in_permille"},
    {"scale-out-permille", "scale_out_permille"},
    {"scale-in-periods", "scale_in_periods"},
    {"scale-out-far-permille", "scale_out_far_permille"},
    {"counts-warming", "counts_warming"},
    {"patience", "patience"},
    {"saturation", "saturation_milli"},
    {"saturation-factor", "saturation_factor_milli"},
    {"scale-in-at-once", "scale_in_at_once_percent"},
    {"scale-in-ten-minutes", "scale_in_ten_minutes_percent"},
    {"comparison", "comparison"},
    {"threshold", "threshold_milli"},
    {"periods", "periods"},
    {"adjustment-type", "adjustment_type"},
    {"adjustment", "adjustment"},
    {"min-magnitude", "min_magnitude"},
    {"cooldown", "cooldown_ms"},
    {"warmup", "warmup_ms"},
    {"warmup-otherwise", "warmup_otherwise_ms"},
    {"disabled", "is_disabled"},
};

/* "0:20:1", ":-10:-2" */
static bool read_step(const char *text, struct asg_arena *arena, struct asg_step *ret)
{
    const char *first = strchr(text, ':');
    const char *second = first != NULL ? strchr(first + 1, ':') : NULL;
    if (second == NULL) return false;
    const char *lower = asg_arena_text_n(arena, text, (size_t)(first - text));
    const char *upper = asg_arena_text_n(arena, first + 1, (size_t)(second - first - 1));
    ret->has_lower = lower[0] != '\0';
    ret->has_upper = upper[0] != '\0';
    return (!ret->has_lower || asg_quantity_milli(lower, &ret->lower_milli)) &&
           (!ret->has_upper || asg_quantity_milli(upper, &ret->upper_milli)) &&
           asg_quantity_integer(second + 1, &ret->adjustment);
}

static int fill_steps(struct asg_cli *cli, const struct asg_arguments *arguments,
                      struct asg_policy_config *policy)
{
    struct asg_texts texts = asg_option_texts(arguments, "step");
    if (texts.count == 0) return ASG_EXIT_OK;
    policy->steps = asg_arena_take(&cli->arena, texts.count * sizeof *policy->steps);
    policy->step_count = texts.count;
    for (size_t i = 0; i < texts.count; i++) {
        if (!read_step(texts.items[i], &cli->arena, &policy->steps[i])) {
            return asg_cli_fail(cli, ASG_EXIT_USAGE,
                                "--step cannot be \"%.80s\": write LOWER:UPPER:N, as in "
                                "0:20:1 or 20::3",
                                texts.items[i]);
        }
    }
    return ASG_EXIT_OK;
}

static int put_one(struct asg_cli *cli, void *config)
{
    const struct asg_policy_config *policy = config;
    struct asg_command command = asg_new_command(ASG_COMMAND_POLICY_PUT, policy->group);
    command.name = policy->name;
    command.policy_config = policy;
    int code = asg_check_target(cli, policy);
    if (code != ASG_EXIT_OK) return code;
    code = asg_order(cli, &command,
                     asg_arena_format(&cli->arena, "policy %s of %s saved", policy->name,
                                      policy->group),
                     NULL);
    if (code == ASG_EXIT_OK) asg_note_policy(cli, policy);
    return code;
}

static int run_put(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *file = asg_option_text(arguments, "file");
    if (file != NULL)
        return asg_put_rules(cli, arguments, file, ASG_RULES_POLICY, put_one);
    struct asg_policy_config policy = asg_policy_defaults();
    policy.group = asg_argument_text(arguments, 0);
    policy.name = asg_argument_text(arguments, 1);
    if (policy.group == NULL || policy.name == NULL) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "GROUP and NAME are missing: give both, or --file FILE");
    }
    uint64_t given =
        asg_fill_options(arguments, &asg_policy_config_schema, policy_fields,
                         sizeof policy_fields / sizeof policy_fields[0], &policy);
    asg_preset_fill(&policy, given);
    policy.has_threshold = asg_option_is_set(arguments, "threshold");
    int code = fill_steps(cli, arguments, &policy);
    return code == ASG_EXIT_OK ? put_one(cli, &policy) : code;
}

static void write_rule(const void *object, struct asg_bytes *ret)
{
    const struct asg_policy_config *policy = object;
    char value[ASG_QUANTITY_TEXT_MAX];
    if (policy->kind == ASG_POLICY_TARGET_TRACKING) {
        asg_quantity_print_milli(policy->target_milli, value);
        asg_bytes_printf(ret, "keep at %s", value);
        return;
    }
    asg_quantity_print_milli(policy->threshold_milli, value);
    if (policy->has_threshold) {
        asg_bytes_printf(
            ret, "%s %s: ", asg_enum_word(&asg_comparison_words, (int)policy->comparison),
            value);
    } else {
        asg_bytes_append_text(ret, "when executed: ");
    }
    if (policy->kind == ASG_POLICY_STEP) {
        asg_bytes_printf(ret, "%zu steps", policy->step_count);
        return;
    }
    asg_bytes_printf(ret, "%s%lld%s",
                     policy->adjustment_type == ASG_ADJUSTMENT_EXACT ? "exactly "
                     : policy->adjustment >= 0                       ? "+"
                                                                     : "",
                     (long long)policy->adjustment,
                     policy->adjustment_type == ASG_ADJUSTMENT_PERCENT ? " %" : "");
}

static const struct asg_render_column list_columns[] = {
    {"NAME", "name", NULL, false},
    {"KIND", "kind", NULL, false},
    {"PRESET", "preset", NULL, ASG_COLUMN_WIDE},
    {"METRIC", "metric", NULL, ASG_COLUMN_WIDE},
    {"STATISTIC", "statistic", NULL, ASG_COLUMN_WIDE},
    {"RULE", NULL, write_rule, false},
    {"COOLDOWN", "cooldown_ms", NULL, ASG_COLUMN_WIDE},
    {"DISABLED", "is_disabled", NULL, false},
};

static int run_list(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const struct asg_request request = {.query = ASG_QUERY_POLICIES,
                                        .group = asg_argument_text(arguments, 0),
                                        .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code == ASG_EXIT_OK)
        code = asg_check_listed(cli, request.group, answer.policy_count);
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_policy_config_schema, answer.policies,
                             answer.policy_count, ASG_COLUMNS(list_columns));
}

static void write_steps(const void *object, struct asg_bytes *ret)
{
    const struct asg_policy_config *policy = object;
    for (size_t i = 0; i < policy->step_count; i++) {
        const struct asg_step *step = &policy->steps[i];
        char lower[ASG_QUANTITY_TEXT_MAX] = "";
        char upper[ASG_QUANTITY_TEXT_MAX] = "";
        if (step->has_lower) asg_quantity_print_milli(step->lower_milli, lower);
        if (step->has_upper) asg_quantity_print_milli(step->upper_milli, upper);
        asg_bytes_printf(ret, "%s%s:%s:%lld", i > 0 ? " " : "", lower, upper,
                         (long long)step->adjustment);
    }
}

/* A period belongs to the group: what a preset asks for is only said. */
static void write_evaluation(const void *object, struct asg_bytes *ret)
{
    const struct asg_policy_config *policy = object;
    int64_t evaluation_ms = asg_presets[policy->preset].evaluation_ms;
    char text[ASG_QUANTITY_TEXT_MAX];
    asg_quantity_print_duration(evaluation_ms, text);
    asg_bytes_printf(ret, "%s", evaluation_ms > 0 ? text : "any");
}

/* What an option sets has the name of the option. */
static const struct asg_render_column show_columns[] = {
    {"group", "group", NULL, false},
    {"name", "name", NULL, false},
    {"kind", "kind", NULL, false},
    {"preset", "preset", NULL, false},
    {"preset's evaluation", NULL, write_evaluation, false},
    {"disabled", "is_disabled", NULL, false},
    {"metric", "metric", NULL, false},
    {"statistic", "statistic", NULL, false},
    {"rule", NULL, write_rule, false},
    {"scale-out-permille", "scale_out_permille", NULL, false},
    {"scale-out-periods", "scale_out_periods", NULL, false},
    {"scale-out-far-permille", "scale_out_far_permille", NULL, false},
    {"counts-warming", "counts_warming", NULL, false},
    {"saturation", "saturation_milli", NULL, false},
    {"saturation-factor", "saturation_factor_milli", NULL, false},
    {"scale-in-permille", "scale_in_permille", NULL, false},
    {"scale-in-periods", "scale_in_periods", NULL, false},
    {"stabilisation", "stabilisation_ms", NULL, false},
    {"patience", "patience", NULL, false},
    {"disable-scale-in", "disable_scale_in", NULL, false},
    {"scale-in-at-once", "scale_in_at_once_percent", NULL, false},
    {"scale-in-ten-minutes", "scale_in_ten_minutes_percent", NULL, false},
    {"periods", "periods", NULL, false},
    {"steps", NULL, write_steps, false},
    {"min-magnitude", "min_magnitude", NULL, false},
    {"cooldown", "cooldown_ms", NULL, false},
    {"warmup", "warmup_ms", NULL, false},
    {"warmup otherwise", "warmup_otherwise_ms", NULL, false},
};

static int run_show(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *name = asg_argument_text(arguments, 1);
    const struct asg_request request = {.query = ASG_QUERY_POLICIES,
                                        .group = asg_argument_text(arguments, 0),
                                        .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    for (size_t i = 0; i < answer.policy_count; i++) {
        if (strcmp(answer.policies[i].name, name) != 0) continue;
        asg_cli_show_one(cli, &asg_policy_config_schema, &answer.policies[i],
                         ASG_COLUMNS(show_columns));
        asg_note_policy(cli, &answer.policies[i]);
        return ASG_EXIT_OK;
    }
    return asg_cli_fail(cli, ASG_EXIT_FAILED, "policy %s of group %s not found", name,
                        request.group);
}

static int run_delete(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *group = asg_argument_text(arguments, 0);
    struct asg_command command = asg_new_command(ASG_COMMAND_POLICY_DELETE, group);
    command.name = asg_argument_text(arguments, 1);
    return asg_order(
        cli, &command,
        asg_arena_format(&cli->arena, "policy %s of %s deleted", command.name, group),
        NULL);
}

static const struct asg_option execute_options[] = {
    {.name = "metric-value",
     .type = ASG_OPTION_MILLI,
     .value = "VALUE",
     .help = "Step policies: the metric value to assume."},
    {.name = "breach-threshold",
     .type = ASG_OPTION_MILLI,
     .value = "VALUE",
     .help = "Step policies: the threshold that it breaches."},
    {.name = "honor-cooldown",
     .type = ASG_OPTION_FLAG,
     .help = "Refuse while the group is in its cooldown."},
};

static int run_execute(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *group = asg_argument_text(arguments, 0);
    struct asg_command command = asg_new_command(ASG_COMMAND_EXECUTE_POLICY, group);
    command.name = asg_argument_text(arguments, 1);
    command.honor_cooldown = asg_option_flag(arguments, "honor-cooldown");
    command.has_metric_value = asg_option_is_set(arguments, "metric-value");
    command.metric_value_milli = asg_option_number(arguments, "metric-value", 0);
    command.breach_threshold_milli = asg_option_number(arguments, "breach-threshold", 0);
    return asg_order(
        cli, &command,
        asg_arena_format(&cli->arena, "policy %s of %s executed", command.name, group),
        NULL);
}

static const struct asg_option watch_options[] = {ASG_WATCH_OPTION};

static const struct asg_command_entry commands[] = {
    {.name = "policy put",
     .shows = &asg_done_schema,
     .summary = "Create or replace a scaling policy",
     .examples =
         "openasg policy put web cpu50 --target 50\n"
         "openasg policy put web cpu50 --target 50 --preset calm --stabilisation 10m\n"
         "openasg policy put web out --kind step --threshold 70 --step 0:20:1 --step "
         "20::3\n"
         "openasg policy put web in --kind simple --comparison less --threshold 19 "
         "--statistic lowest --adjustment -1\n"
         "openasg policy put --file examples/student.yaml",
     ASG_ARGUMENTS(put_arguments),
     ASG_OPTIONS(put_options),
     .run = run_put},
    {.name = "policy list",
     .is_list = true,
     .shows = &asg_policy_config_schema,
     .summary = "List the policies of a group",
     .examples = "openasg policy list web -o yaml",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(watch_options),
     .run = run_list},
    {.name = "policy show",
     .shows = &asg_policy_config_schema,
     .summary = "Show a policy with every value in force",
     .details =
         "Values that were not given come from \"preset\". A preset may be designed "
         "for another evaluation period than the group has: \"openasg group "
         "update GROUP --evaluation 1s\" sets it.",
     .examples = "openasg policy show web cpu50",
     ASG_ARGUMENTS(policy_arguments),
     .run = run_show},
    {.name = "policy delete",
     .shows = &asg_done_schema,
     .summary = "Delete a policy",
     .examples = "openasg policy delete web cpu50",
     ASG_ARGUMENTS(policy_arguments),
     .run = run_delete},
    {.name = "policy execute",
     .shows = &asg_done_schema,
     .summary = "Execute a simple or step policy now",
     .examples = "openasg policy execute web out --metric-value 85 --breach-threshold 70",
     ASG_ARGUMENTS(policy_arguments),
     ASG_OPTIONS(execute_options),
     .run = run_execute},
};

const struct asg_family asg_policy_family = ASG_FAMILY(commands);
