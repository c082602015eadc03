#include "cli/files/note_policy.h"

#include <assert.h>
#include <string.h>

#include "base/escape.h"
#include "cli/ask/ask_controller.h"
#include "model/metric_ceiling.h"
#include "model/presets.h"
#include "model/schemas.h"
#include "text/quantity.h"

static void note_ceiling(struct asg_cli *cli, const struct asg_policy_config *policy)
{
    int64_t level_milli = policy->kind == ASG_POLICY_TARGET_TRACKING
                              ? policy->target_milli
                              : policy->threshold_milli;
    bool is_above = policy->comparison == ASG_COMPARISON_GREATER ||
                    policy->comparison == ASG_COMPARISON_GREATER_OR_EQUAL;
    bool is_out =
        policy->kind == ASG_POLICY_TARGET_TRACKING || (policy->has_threshold && is_above);
    if (!is_out || level_milli <= asg_metric_ceiling(policy->metric)) return;
    const char *note = asg_arena_format(
        &cli->arena, "note: %s never exceeds 100 %%, so policy %s never scales out",
        asg_enum_word(&asg_metric_name_words, (int)policy->metric), policy->name);
    asg_cli_write(cli->err, note, strlen(note));
    (void)fputc('\n', cli->err);
}

static void note_evaluation(struct asg_cli *cli, const struct asg_policy_config *policy)
{
    assert(policy->preset < ASG_PRESET_COUNT);
    int64_t meant_ms = asg_presets[policy->preset].evaluation_ms;
    if (meant_ms == 0 || policy->kind != ASG_POLICY_TARGET_TRACKING) return;
    const struct asg_group_view *view = NULL;
    int code =
        asg_ask_group(cli, policy->group, /* must_exist */ false, &cli->arena, &view);
    if (code != ASG_EXIT_OK || view == NULL) return;
    int64_t evaluation_ms = view->config->evaluation_ms;
    if (evaluation_ms == meant_ms) return;
    char meant[ASG_QUANTITY_TEXT_MAX];
    char evaluation[ASG_QUANTITY_TEXT_MAX];
    asg_quantity_print_duration(meant_ms, meant);
    asg_quantity_print_duration(evaluation_ms, evaluation);
    char word[ASG_SHELL_WORD_SIZE(ASG_GROUP_NAME_MAX)];
    const char *note = asg_arena_format(
        &cli->arena,
        "note: preset %s is meant for an evaluation every %s, group %s has one every %s; "
        "`openasg group update %s --evaluation %s` sets it",
        asg_enum_word(&asg_preset_words, (int)policy->preset), meant, policy->group,
        evaluation, asg_shell_word(policy->group, word, sizeof word), meant);
    asg_cli_write(cli->err, note, strlen(note));
    (void)fputc('\n', cli->err);
}

void asg_note_policy(struct asg_cli *cli, const struct asg_policy_config *policy)
{
    note_ceiling(cli, policy);
    note_evaluation(cli, policy);
}

int asg_check_target(struct asg_cli *cli, const struct asg_policy_config *policy)
{
    if (!asg_is_target_out_of_reach(policy)) return ASG_EXIT_OK;
    char target[ASG_QUANTITY_TEXT_MAX];
    asg_quantity_print_milli(policy->target_milli, target);
    return asg_cli_fail(
        cli, ASG_EXIT_USAGE,
        "policy %s: the target cannot be %s: %s never exceeds 100 %%, so it would never "
        "scale out",
        policy->name, target, asg_enum_word(&asg_metric_name_words, (int)policy->metric));
}
