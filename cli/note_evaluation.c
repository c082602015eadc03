#include "cli/note_evaluation.h"

#include <assert.h>
#include <string.h>

#include "cli/ask_controller.h"
#include "model/presets.h"
#include "model/schemas.h"
#include "text/quantity.h"

void asg_note_evaluation(struct asg_cli *cli, const struct asg_policy_config *policy)
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
    const char *note = asg_arena_format(
        &cli->arena,
        "note: preset %s is meant for an evaluation every %s, group %s has one every %s; "
        "`openasg group update %s --evaluation %s` sets it",
        asg_enum_word(&asg_preset_words, (int)policy->preset), meant, policy->group,
        evaluation, policy->group, meant);
    asg_cli_write(cli->err, note, strlen(note));
    (void)fputc('\n', cli->err);
}
