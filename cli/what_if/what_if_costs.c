/* what_if_costs - instance-hours by a list of prices. */
#include "cli/what_if/read_prices.h"
#include "cli/what_if/what_if.h"

/* Millionths; the product is too wide for 64 bits. */
static int64_t cost_of(int64_t instance_ms, int64_t micro)
{
    return (int64_t)((double)instance_ms / (double)ASG_WHAT_IF_HOUR_MS * (double)micro +
                     0.5);
}

/* The type that the group would launch now, for what never was launched. */
static const char *model_type(const struct asg_trace *trace,
                              const struct asg_rules *rules)
{
    if (rules != NULL && rules->has_group && rules->group.instance_types.count > 0) {
        return rules->group.instance_types.items[0];
    }
    const struct asg_type_hours *most = NULL;
    for (size_t i = 0; i < trace->type_count; i++) {
        if (most == NULL || trace->types[i].instance_ms > most->instance_ms) {
            most = &trace->types[i];
        }
    }
    return most != NULL ? most->type : "";
}

int asg_what_if_add_costs(struct asg_cli *cli, const char *path,
                          const struct asg_contest *contest, struct asg_what_if *view)
{
    const struct asg_trace *trace = contest->trace;
    struct asg_prices prices;
    struct asg_error error = {0};
    enum asg_status status = asg_prices_read(path, &cli->arena, &prices, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
    const char *missing = NULL;
    view->sides[0].cost_micro = 0;
    for (size_t i = 0; i < trace->type_count; i++) {
        int64_t micro = asg_prices_find(&prices, trace->types[i].type);
        if (micro < 0) missing = trace->types[i].type;
        view->sides[0].cost_micro += cost_of(trace->types[i].instance_ms, micro);
    }
    for (size_t i = 1; i < view->side_count; i++) {
        const char *type = model_type(trace, contest->candidates[i - 1].rules);
        int64_t micro = asg_prices_find(&prices, type);
        if (micro < 0) missing = type;
        view->sides[i].cost_micro = cost_of(contest->figures[i]->instance_ms, micro);
    }
    if (missing == NULL) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "%s has no price for \"%s\": add a line for it, or one for "
                        "\"default\"",
                        path, missing);
}
