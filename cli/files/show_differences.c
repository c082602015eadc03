#include "cli/files/show_differences.h"

#include <inttypes.h>
#include <string.h>

#include "text/colour.h"

static const char *count(struct asg_arena *arena, const char *text, uint32_t number,
                         const char *word)
{
    if (number == 0) return text;
    return asg_arena_format(arena, "%s%s%" PRIu32 " %s", text,
                            text[0] != '\0' ? ", " : "", number, word);
}

const char *asg_count_differences(const struct asg_differences *differences,
                                  struct asg_arena *arena)
{
    const char *text = count(arena, "", differences->created, "created");
    text = count(arena, text, differences->changed, "changed");
    text = count(arena, text, differences->deleted, "deleted");
    text = count(arena, text, differences->unchanged, "unchanged");
    if (differences->over > 0) {
        text = asg_arena_format(arena, "%s (%" PRIu32 " past, not created again)", text,
                                differences->over);
    }
    return text;
}

static char sign_of(enum asg_difference_action action)
{
    switch (action) {
    case ASG_DIFFERENCE_CREATED: return '+';
    case ASG_DIFFERENCE_DELETED: return '-';
    default: return '~';
    }
}

static const char *or_nothing(const char *text)
{
    return text[0] != '\0' ? text : "(none)";
}

static void show_field(struct asg_cli *cli, const struct asg_difference *difference,
                       const struct asg_field_difference *field, int width)
{
    if (difference->action == ASG_DIFFERENCE_CREATED) {
        asg_cli_print(cli->out, "    %-*s  %s\n", width, field->field, field->to);
        return;
    }
    asg_cli_print(cli->out, "    %-*s  %s \xe2\x86\x92 %s\n", width, field->field,
                  or_nothing(field->from), or_nothing(field->to));
}

static enum asg_colour colour_of(const struct asg_cli *cli,
                                 enum asg_difference_action action)
{
    if (!cli->has_colour) return ASG_COLOUR_NONE;
    switch (action) {
    case ASG_DIFFERENCE_CREATED: return ASG_COLOUR_GOOD;
    case ASG_DIFFERENCE_DELETED: return ASG_COLOUR_BAD;
    default: return ASG_COLOUR_BUSY;
    }
}

static void show_title(struct asg_cli *cli, const struct asg_difference *difference)
{
    bool is_group = difference->kind == ASG_DIFFERENCE_GROUP;
    enum asg_colour colour = colour_of(cli, difference->action);
    (void)fputs(asg_colour_begin(colour), cli->out);
    asg_cli_print(cli->out, "%c %s %s%s%s", sign_of(difference->action),
                  asg_enum_word(&asg_difference_kind_words, (int)difference->kind),
                  is_group ? "" : difference->group, is_group ? "" : "/",
                  difference->name);
    (void)fputs(asg_colour_end(colour), cli->out);
    (void)fputc('\n', cli->out);
}

static void show_difference(struct asg_cli *cli, const struct asg_difference *difference)
{
    show_title(cli, difference);
    int width = 0;
    for (size_t i = 0; i < difference->field_count; i++) {
        int length = (int)strlen(difference->fields[i].field);
        if (length > width) width = length;
    }
    if (width > 30) width = 30;
    for (size_t i = 0; i < difference->field_count; i++) {
        show_field(cli, difference, &difference->fields[i], width);
    }
    if (difference->refused[0] != '\0') {
        asg_cli_print(cli->out, "    ! cannot be applied: %s\n", difference->refused);
    }
}

static void show_capacity(struct asg_cli *cli, const struct asg_differences *differences,
                          const struct asg_capacity_difference *capacity)
{
    bool is_launch = capacity->launch > 0;
    uint32_t number = is_launch ? capacity->launch : capacity->terminate;
    const char *verb = is_launch ? "launch" : "terminate";
    if (number == 0) return;
    asg_cli_print(cli->out,
                  "  group %s %s %" PRIu32 " instance%s (%" PRIu32 " now, %" PRIu32
                  " desired)\n",
                  capacity->group,
                  asg_arena_format(&cli->arena, "%s %s",
                                   differences->is_applied ? "will" : "would", verb),
                  number, number == 1 ? "" : "s", capacity->there, capacity->desired);
}

void asg_show_differences(struct asg_cli *cli, const struct asg_differences *differences)
{
    if (cli->settings.output != ASG_OUTPUT_TABLE) {
        asg_cli_show_one(cli, &asg_differences_schema, differences, NULL, 0);
        return;
    }
    for (size_t i = 0; i < differences->difference_count; i++) {
        show_difference(cli, &differences->differences[i]);
    }
    for (size_t i = 0; i < differences->capacity_count; i++) {
        show_capacity(cli, differences, &differences->capacities[i]);
    }
}
