#include "cli/imports/write_import.h"

#include <string.h>

#include "base/escape.h"
#include "cli/files/spell_files.h"

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
    write_comment("#", "#",
                  "dry_run: decisions are made and shown, and nothing is changed in EC2. "
                  "Remove it after the cut-over (docs/migrate-from-aws.md).",
                  ret);
    if (imported->policy_count > 0) {
        write_comment("#", "#",
                      "preset: aws and the evaluation are those of AWS. openasg can be "
                      "quicker and calmer: docs/rules.md, \"Presets\".",
                      ret);
    }
    if (imported->note_count == 0) return;
    asg_bytes_append_text(ret, "#\n# What was not imported, and what to do:\n");
    for (size_t i = 0; i < imported->note_count; i++) {
        write_comment("# -", "#  ", imported->notes[i].what, ret);
        write_comment("#  ", "#  ", imported->notes[i].todo, ret);
    }
}

void asg_write_import(const struct asg_imported *imported, const char *region,
                      struct asg_bytes *ret)
{
    write_head(imported, region, ret);
    asg_spell_sections(
        &(struct asg_spelled_group){.config = &imported->group,
                                    .policies = imported->policies,
                                    .policy_count = imported->policy_count,
                                    .schedules = imported->schedules,
                                    .schedule_count = imported->schedule_count},
        ret);
}
