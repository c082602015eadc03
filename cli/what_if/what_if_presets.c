/* what_if_presets - a candidate for each preset that is to be compared. */
#include "cli/what_if/what_if.h"
#include "model/presets.h"
#include "model/schemas.h"

/* The policies of FILE, or the recorded ones, each that tracks a target by the preset.
 * NULL: none does. */
static struct asg_policy_config *apply(struct asg_cli *cli,
                                       const struct asg_policy_config *policies,
                                       size_t count, enum asg_preset preset)
{
    struct asg_policy_config *ret = asg_arena_take(&cli->arena, count * sizeof *ret);
    bool tracks = false;
    for (size_t i = 0; i < count; i++) {
        ret[i] = policies[i];
        if (ret[i].kind != ASG_POLICY_TARGET_TRACKING) continue;
        ret[i].preset = preset;
        asg_preset_fill(&ret[i], 0);
        tracks = true;
    }
    return tracks ? ret : NULL;
}

static uint64_t evaluation_bit(void)
{
    const struct asg_field *field =
        asg_schema_find(&asg_group_config_schema, "evaluation_ms");
    return UINT64_C(1) << (field - asg_group_config_schema.fields);
}

/* The group has the period that the preset asks for, unless FILE says another. */
static void take_evaluation(struct asg_rules *rules, enum asg_preset preset)
{
    int64_t evaluation_ms = asg_presets[preset].evaluation_ms;
    bool is_said = rules->has_group && (rules->group_present & evaluation_bit()) != 0;
    if (evaluation_ms == 0 || is_said) return;
    if (!rules->has_group) rules->group_present = 0;
    rules->has_group = true;
    rules->group.evaluation_ms = evaluation_ms;
    rules->group_present |= evaluation_bit();
}

static int add(struct asg_cli *cli, const struct asg_rules *file, enum asg_preset preset,
               struct asg_contest *contest)
{
    const struct asg_trace *trace = contest->trace;
    struct asg_rules *rules = asg_arena_take(&cli->arena, sizeof *rules);
    if (file != NULL) *rules = *file;
    bool is_file = file != NULL && file->policy_count > 0;
    rules->policy_count = is_file ? file->policy_count : trace->policy_count;
    rules->policies = apply(cli, is_file ? file->policies : trace->policies,
                            rules->policy_count, preset);
    if (rules->policies == NULL) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "a preset needs a target tracking policy, and group %s has "
                            "none%s: give one with --policy FILE",
                            trace->group, is_file ? " in FILE" : " in this log");
    }
    take_evaluation(rules, preset);
    contest->candidates[contest->candidate_count++] = (struct asg_candidate){
        .name = asg_enum_word(&asg_preset_words, (int)preset), .rules = rules};
    return ASG_EXIT_OK;
}

static const char *list_presets(struct asg_arena *arena)
{
    const char *list = "";
    for (int i = 0; i < ASG_PRESET_COUNT; i++) {
        list = asg_arena_format(arena, "%s%s%s", list, i == 0 ? "" : ", ",
                                asg_enum_word(&asg_preset_words, i));
    }
    return list;
}

static int read_presets(struct asg_cli *cli, const struct asg_arguments *arguments,
                        uint64_t *ret)
{
    struct asg_texts names = asg_option_texts(arguments, "preset");
    *ret = asg_option_flag(arguments, "presets") ? UINT64_MAX : 0;
    for (size_t i = 0; i < names.count; i++) {
        int preset = asg_enum_value(&asg_preset_words, names.items[i]);
        if (preset < 0) {
            return asg_cli_fail(cli, ASG_EXIT_USAGE,
                                "--preset cannot be \"%.80s\": it is one of %s",
                                names.items[i], list_presets(&cli->arena));
        }
        *ret |= UINT64_C(1) << preset;
    }
    return ASG_EXIT_OK;
}

int asg_what_if_add_presets(struct asg_cli *cli, const struct asg_arguments *arguments,
                            const struct asg_rules *file, struct asg_contest *contest)
{
    uint64_t wanted = 0;
    int code = read_presets(cli, arguments, &wanted);
    contest->rival_from = contest->candidate_count;
    if (wanted == 0) return code;
    contest->rival_from = file != NULL && file->policy_count > 0 ? 1 : 0;
    for (int i = 0; code == ASG_EXIT_OK && i < ASG_PRESET_COUNT; i++) {
        if ((wanted & UINT64_C(1) << i) == 0) continue;
        code = add(cli, file, (enum asg_preset)i, contest);
    }
    return code;
}
