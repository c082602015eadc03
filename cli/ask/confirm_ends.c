#include "cli/ask/confirm_ends.h"

#include <assert.h>
#include <inttypes.h>

#include "cli/ask/ask_yes.h"

static uint32_t count_instances(const struct asg_group_view *view)
{
    return view->pending + view->in_service;
}

uint32_t asg_count_ends(const struct asg_group_view *view, uint32_t desired)
{
    assert(view != NULL);
    uint32_t there = count_instances(view);
    return there > desired ? there - desired : 0;
}

static bool has(uint64_t fields, enum asg_group_field field)
{
    return (fields & UINT64_C(1) << field) != 0;
}

uint32_t asg_desired_after(const struct asg_group_config *config,
                           const struct asg_group_config *changes, uint64_t fields)
{
    if (has(fields, ASG_GROUP_DESIRED)) return changes->desired;
    uint32_t min = has(fields, ASG_GROUP_MIN) ? changes->min : config->min;
    uint32_t max = has(fields, ASG_GROUP_MAX) ? changes->max : config->max;
    uint32_t desired = config->desired < max ? config->desired : max;
    return desired > min ? desired : min;
}

int asg_confirm_ends(struct asg_cli *cli, const struct asg_group_view *view,
                     uint32_t desired, bool force)
{
    uint32_t there = count_instances(view);
    uint32_t ends = asg_count_ends(view, desired);
    bool is_much = ends > 1 && (uint64_t)ends * 4 > there;
    if (force || !is_much) return ASG_EXIT_OK;
    if (asg_cli_can_ask(cli)) {
        return asg_cli_ask_anyway(
            cli, asg_arena_format(&cli->arena,
                                  "terminate %" PRIu32 " of the %" PRIu32
                                  " instances of group %s at the same time",
                                  ends, there, view->config->name));
    }
    return asg_cli_fail(
        cli, ASG_EXIT_FAILED,
        "this would terminate %" PRIu32 " of the %" PRIu32
        " instances of group %s at the same time; nothing was sent. Repeat it "
        "with --force if that is what you want",
        ends, there, view->config->name);
}
