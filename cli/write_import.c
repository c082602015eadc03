#include "cli/write_import.h"

#include <string.h>

#include "base/escape.h"
#include "cli/wanted.h"
#include "model/defaults.h"
#include "model/presets.h"
#include "model/schemas.h"
#include "text/spell.h"

#define WIDTH 88

/* Words of one line, broken into lines that begin with `head`. */
static void write_comment(const char *head, const char *next, const char *text,
                          struct asg_bytes *ret)
{
    size_t column = strlen(head);
    asg_bytes_append_text(ret, head);
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, " \n\r");
        if (column + length + 1 > WIDTH && column > strlen(next)) {
            asg_bytes_printf(ret, "\n%s", next);
            column = strlen(next);
        }
        asg_bytes_append_byte(ret, ' ');
        asg_escape_append(at, length, ASG_LAYOUT_BLANK, ret);
        column += length + 1;
        at += length;
        at += strspn(at, " \n\r");
    }
    asg_bytes_append_byte(ret, '\n');
}

static void write_head(const struct asg_imported *imported, const char *region,
                       struct asg_bytes *ret)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes title = {0};
    asg_bytes_printf(&title, "Imported from the Auto Scaling group %s in %s.",
                     imported->group.name, region);
    write_comment("#", "#", asg_bytes_text(&title), ret);
    write_comment(
        "#", "#",
        "dry_run: decisions are made and shown, and EC2 changes nothing. Take it "
        "out when AWS's group is out of the way (docs/migrate-from-aws.md).",
        ret);
    if (imported->policy_count > 0) {
        write_comment("#", "#",
                      "preset: aws and the evaluation are those of AWS. openasg can be "
                      "quicker and calmer: docs/rules.md, \"Presets\".",
                      ret);
    }
    if (imported->note_count == 0) return;
    asg_bytes_append_text(ret, "#\n# What did not come along, and what to do:\n");
    for (size_t i = 0; i < imported->note_count; i++) {
        write_comment("# -", "#  ", imported->notes[i].what, ret);
        write_comment("#  ", "#  ", imported->notes[i].todo, ret);
    }
}

/* A list item out of lines that were written with an indent of four. */
static void write_item(const struct asg_bytes *lines, struct asg_bytes *ret)
{
    size_t at = ret->length;
    asg_bytes_append(ret, lines->data, lines->length);
    if (lines->length > 4) ret->data[at + 2] = '-';
}

static void write_policy(const struct asg_policy_config *policy, struct asg_bytes *ret)
{
    static const char *const kept[] = {"name", "kind", NULL};
    struct asg_policy_config otherwise = asg_policy_defaults();
    otherwise.preset = policy->preset;
    otherwise.kind = policy->kind;
    otherwise.metric = policy->metric;
    otherwise.statistic = policy->statistic;
    asg_preset_fill(&otherwise, 0);
    otherwise.preset = ASG_PRESET_DEFAULT;
    otherwise.metric = ASG_METRIC_NAME_CPU;
    otherwise.statistic = ASG_STATISTIC_MEAN;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes lines = {0};
    asg_spell(&asg_policy_config_schema, policy,
              &(struct asg_spell_form){
                  .otherwise = &otherwise, .hidden = "group", .kept = kept, .indent = 4},
              &lines);
    write_item(&lines, ret);
}

static void write_schedule(const struct asg_schedule_config *schedule,
                           struct asg_bytes *ret)
{
    static const char *const kept[] = {"name", NULL};
    const struct asg_schedule_config otherwise = asg_schedule_defaults();
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes lines = {0};
    asg_spell(&asg_schedule_config_schema, schedule,
              &(struct asg_spell_form){
                  .otherwise = &otherwise, .hidden = "group", .kept = kept, .indent = 4},
              &lines);
    write_item(&lines, ret);
}

void asg_write_import(const struct asg_imported *imported, const char *region,
                      struct asg_bytes *ret)
{
    static const char *const kept[] = {"name", "min", "max", "desired", NULL};
    const struct asg_group_config otherwise = asg_group_defaults();
    write_head(imported, region, ret);
    asg_bytes_append_text(ret, "group:\n");
    asg_spell(
        &asg_group_config_schema, &imported->group,
        &(struct asg_spell_form){.otherwise = &otherwise, .kept = kept, .indent = 2},
        ret);
    if (imported->policy_count > 0) asg_bytes_append_text(ret, "policies:\n");
    for (size_t i = 0; i < imported->policy_count; i++) {
        write_policy(&imported->policies[i], ret);
    }
    if (imported->schedule_count > 0) asg_bytes_append_text(ret, "schedules:\n");
    for (size_t i = 0; i < imported->schedule_count; i++) {
        write_schedule(&imported->schedules[i], ret);
    }
}
