/* command_group - show groups, delete them, and say how many instances they should have.
 */
#include <inttypes.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/ask_yes.h"
#include "cli/ask/confirm_ends.h"
#include "cli/ask/wait_group.h"
#include "cli/commands.h"
#include "cli/lists/watch_list.h"
#include "cli/show/process_words.h"
#include "cli/show/say_hold.h"
#include "cli/show/show_result.h"
#include "model/schemas.h"
#include "text/quantity.h"

static const struct asg_argument name_argument[] = {
    {.name = "GROUP", .help = "Name of the group.", .complete = "groups"}};

static void write_note(const void *object, struct asg_bytes *ret)
{
    const struct asg_group_view *view = object;
    size_t start = ret->length;
    if (view->is_deleting) asg_bytes_append_text(ret, "deleting; ");
    size_t before = ret->length;
    const struct asg_clock clock = asg_clock_real();
    asg_hold_note(view, asg_clock_wall_ms(&clock), ret);
    if (ret->length > before) asg_bytes_append_text(ret, "; ");
    if (view->is_degraded) {
        asg_bytes_printf(ret, "degraded: %s; ", view->degraded_reason);
    }
    if (ret->length == start) {
        asg_bytes_append_text(ret, "-");
    } else {
        ret->length -= 2;
    }
}

static void write_holds(const void *object, struct asg_bytes *ret)
{
    const struct asg_group_view *view = object;
    const struct asg_clock clock = asg_clock_real();
    int64_t now_ms = asg_clock_wall_ms(&clock);
    if (view->hold_count == 0) asg_bytes_append_text(ret, "-");
    for (size_t i = 0; i < view->hold_count; i++) {
        if (i > 0) asg_bytes_append_text(ret, " | ");
        asg_hold_sentence(&view->holds[i], now_ms, ret);
    }
}

static void write_wanted(const void *object, struct asg_bytes *ret)
{
    const struct asg_group_view *view = object;
    if (view->wanted == ASG_UNSET) {
        asg_bytes_append_text(ret, "-");
    } else {
        asg_bytes_printf(ret, "%" PRId64, view->wanted);
    }
}

static void write_suspended(const void *object, struct asg_bytes *ret)
{
    const struct asg_group_view *view = object;
    if (view->suspended == 0) asg_bytes_append_text(ret, "-");
    asg_process_write(view->suspended, ret);
}

static void write_zones(const void *object, struct asg_bytes *ret)
{
    const struct asg_group_view *view = object;
    for (size_t i = 0; view->config != NULL && i < view->config->subnet_count; i++) {
        const struct asg_subnet *subnet = &view->config->subnets[i];
        bool has_id = subnet->subnet_id != NULL && subnet->subnet_id[0] != '\0';
        asg_bytes_printf(ret, "%s%s%s%s", i > 0 ? "," : "", subnet->zone,
                         has_id ? "/" : "", has_id ? subnet->subnet_id : "");
    }
}

/* "base 1, then 50 % on demand; prioritized; Spot: lowest-price over 2 pools" */
static void write_mixed(const void *object, struct asg_bytes *ret)
{
    const struct asg_group_view *view = object;
    const struct asg_mixed *mixed = view->config != NULL ? view->config->mixed : NULL;
    if (mixed == NULL) {
        asg_bytes_append_text(ret, "-");
        return;
    }
    asg_bytes_printf(
        ret, "base %" PRIu32 ", then %" PRIu32 " %% on demand; %s; Spot: %s",
        mixed->on_demand_base, mixed->on_demand_percent,
        asg_enum_word(&asg_on_demand_strategy_words, (int)mixed->on_demand_strategy),
        asg_enum_word(&asg_spot_strategy_words, (int)mixed->spot_strategy));
    if (mixed->spot_strategy == ASG_SPOT_LOWEST_PRICE) {
        asg_bytes_printf(ret, " over %" PRIu32 " pools", mixed->spot_pools);
    }
    if (mixed->spot_max_price[0] != '\0') {
        asg_bytes_printf(ret, " up to %s an hour", mixed->spot_max_price);
    }
}

static void write_tags(const void *object, struct asg_bytes *ret)
{
    const struct asg_group_view *view = object;
    size_t count = view->config != NULL ? view->config->tag_count : 0;
    if (count == 0) asg_bytes_append_text(ret, "-");
    for (size_t i = 0; i < count; i++) {
        asg_bytes_printf(ret, "%s%s=%s", i > 0 ? "," : "", view->config->tags[i].key,
                         view->config->tags[i].value);
    }
}

static const struct asg_render_column list_columns[] = {
    {"NAME", "config.name", NULL, false},
    {"MIN", "config.min", NULL, false},
    {"DESIRED", "config.desired", NULL, false},
    {"MAX", "config.max", NULL, false},
    {"IN-SERVICE", "in_service", NULL, false},
    {"WARMING", "warming", NULL, ASG_COLUMN_WIDE},
    {"PENDING", "pending", NULL, ASG_COLUMN_WIDE},
    {"REQUESTED", "requested", NULL, ASG_COLUMN_WIDE},
    {"TERMINATING", "terminating", NULL, ASG_COLUMN_WIDE},
    {"UNHEALTHY", "unhealthy", NULL, ASG_COLUMN_WIDE},
    {"NOTE", NULL, write_note, ASG_COLUMN_NOTE},
};

static const struct asg_render_column show_columns[] = {
    {"name", "config.name", NULL, false},
    {"min", "config.min", NULL, false},
    {"desired", "config.desired", NULL, false},
    {"max", "config.max", NULL, false},
    {"wanted by policies", "wanted", write_wanted, false},
    {"held", NULL, write_holds, false},
    {"in service", "in_service", NULL, false},
    {"of these warming", "warming", NULL, false},
    {"pending", "pending", NULL, false},
    {"requested", "requested", NULL, false},
    {"terminating", "terminating", NULL, false},
    {"unhealthy", "unhealthy", NULL, false},
    {"template name", "config.template_name", NULL, false},
    {"template id", "config.template_id", NULL, false},
    {"template version", "config.template_version", NULL, false},
    {"resolved version", "resolved_version", NULL, false},
    {"launch configuration", "config.launch_configuration", NULL, false},
    {"instance types", "config.instance_types", NULL, false},
    {"mixed", NULL, write_mixed, false},
    {"zones", NULL, write_zones, false},
    {"health check", "config.health_check", NULL, false},
    {"health grace", "config.health_grace_ms", NULL, false},
    {"cooldown", "config.cooldown_ms", NULL, false},
    {"warm-up", "config.warmup_ms", NULL, false},
    {"evaluation", "config.evaluation_ms", NULL, false},
    {"drain", "config.drain_ms", NULL, false},
    {"launch timeout", "config.launch_timeout_ms", NULL, false},
    {"termination policies", "config.termination_policies", NULL, false},
    {"protect new", "config.protect_new_instances", NULL, false},
    {"dry run", "config.dry_run", NULL, false},
    {"terminating limit %", "config.terminating_percent", NULL, false},
    {"terminated in 10m limit %", "config.terminated_percent", NULL, false},
    {"unhealthy %", "config.unhealthy_percent", NULL, false},
    {"silence %", "config.silence_percent", NULL, false},
    {"churn generations", "config.churn_generations", NULL, false},
    {"deletion protection", "config.deletion_protection", NULL, false},
    {"tags", NULL, write_tags, false},
    {"suspended", NULL, write_suspended, false},
    {"halted", "is_halted", NULL, false},
    {"degraded", "is_degraded", NULL, false},
    {"reason", "degraded_reason", NULL, false},
    {"created", "created_ms", NULL, false},
};

static int run_list(void *context, const struct asg_arguments *arguments)
{
    (void)arguments;
    struct asg_cli *cli = context;
    const struct asg_request request = {
        .query = ASG_QUERY_GROUPS, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_group_view_schema, answer.groups,
                             answer.group_count, ASG_COLUMNS(list_columns));
}

static int run_show(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const struct asg_group_view *view = NULL;
    int code = asg_ask_group(cli, asg_argument_text(arguments, 0), /* must_exist */ true,
                             &cli->arena, &view);
    if (code != ASG_EXIT_OK) return code;
    asg_cli_show_one(cli, &asg_group_view_schema, view, ASG_COLUMNS(show_columns));
    return ASG_EXIT_OK;
}

static int ask_for_delete(struct asg_cli *cli, const struct asg_arguments *arguments,
                          const char *name)
{
    const struct asg_group_view *view = NULL;
    int code = asg_ask_group(cli, name, /* must_exist */ true, &cli->arena, &view);
    if (code != ASG_EXIT_OK) return code;
    uint32_t count = asg_count_ends(view, 0);
    return asg_cli_ask_yes(cli, arguments,
                           "delete group %s and terminate its %" PRIu32 " instance%s",
                           name, count, count == 1 ? "" : "s");
}

static int run_delete(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *name = asg_argument_text(arguments, 0);
    struct asg_command command = asg_new_command(ASG_COMMAND_GROUP_DELETE, name);
    command.force = asg_option_flag(arguments, "force");
    int code = command.force ? ask_for_delete(cli, arguments, name) : ASG_EXIT_OK;
    if (code != ASG_EXIT_OK) return code;
    code =
        asg_order(cli, &command,
                  asg_arena_format(&cli->arena, "group %s is being deleted", name), NULL);
    struct asg_group_goal goal = asg_group_goal_of(name);
    goal.is_gone = true;
    return asg_wait_if_asked(cli, arguments, code, &goal, 1);
}

static const struct asg_option delete_options[] = {
    {.name = "force",
     .type = ASG_OPTION_FLAG,
     .help = "Terminate its instances too; without it only an empty group is deleted."},
    ASG_WAIT_OPTION,
    ASG_YES_OPTION,
};

static const struct asg_argument desired_arguments[] = {
    {.name = "GROUP", .help = "Name of the group.", .complete = "groups"},
    {.name = "N", .help = "Desired number of instances, from min to max."},
};
static const struct asg_option desired_options[] = {
    {.name = "honor-cooldown",
     .type = ASG_OPTION_FLAG,
     .help = "Refuse while the group is in its cooldown."},
    {.name = "force",
     .type = ASG_OPTION_FLAG,
     .help = "Proceed even if it terminates more than a quarter of the group at the same "
             "time."},
    ASG_WAIT_OPTION,
};

static int run_desired(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *name = asg_argument_text(arguments, 0);
    const char *text = asg_argument_text(arguments, 1);
    uint64_t desired = 0;
    if (!asg_quantity_unsigned(text, &desired) || desired > ASG_GROUP_CAPACITY_MAX) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "N cannot be \"%.40s\": write 0 to %d",
                            text, ASG_GROUP_CAPACITY_MAX);
    }
    const struct asg_group_view *view = NULL;
    int code = asg_ask_group(cli, name, /* must_exist */ true, &cli->arena, &view);
    bool is_allowed = code == ASG_EXIT_OK && desired >= view->config->min &&
                      desired <= view->config->max; /* else it is refused anyway */
    if (is_allowed) {
        code = asg_confirm_ends(cli, view, (uint32_t)desired,
                                asg_option_flag(arguments, "force"));
    }
    if (code != ASG_EXIT_OK) return code;
    struct asg_command command = asg_new_command(ASG_COMMAND_SET_DESIRED, name);
    command.desired = (uint32_t)desired;
    command.honor_cooldown = asg_option_flag(arguments, "honor-cooldown");
    code = asg_order(
        cli, &command,
        asg_arena_format(&cli->arena, "group %s: desired is %" PRIu64, name, desired),
        NULL);
    struct asg_group_goal goal = asg_group_goal_of(name);
    goal.is_met = true;
    goal.desired = (int64_t)desired;
    return asg_wait_if_asked(cli, arguments, code, &goal, 1);
}

static const struct asg_option watch_options[] = {ASG_WATCH_OPTION};

static const struct asg_command_entry commands[] = {
    {.name = "group list",
     .is_list = true,
     .shows = &asg_group_view_schema,
     .summary = "List the groups with their instances",
     .examples = "openasg group list\nopenasg group list -o json",
     ASG_OPTIONS(watch_options),
     .run = run_list},
    {.name = "group show",
     .shows = &asg_group_view_schema,
     .summary = "Show everything about a group",
     .examples = "openasg group show web",
     ASG_ARGUMENTS(name_argument),
     .run = run_show},
    {.name = "group delete",
     .shows = &asg_done_schema,
     .summary = "Delete a group",
     .examples = "openasg group delete web --force\n"
                 "openasg group delete web --force --yes",
     ASG_ARGUMENTS(name_argument),
     ASG_OPTIONS(delete_options),
     .run = run_delete},
    {.name = "desired set",
     .shows = &asg_done_schema,
     .summary = "Set how many instances a group should have",
     .examples = "openasg desired set web 4\nopenasg desired set web 4 --wait",
     ASG_ARGUMENTS(desired_arguments),
     ASG_OPTIONS(desired_options),
     .run = run_desired},
};

const struct asg_family asg_group_family = ASG_FAMILY(commands);
