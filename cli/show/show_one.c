/* show_one - one thing in the form that --output asks for. */
#include "cli/cli.h"

void asg_cli_show_one(struct asg_cli *cli, const struct asg_schema *schema,
                      const void *object, const struct asg_render_column *columns,
                      size_t column_count)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    const struct asg_table_look look = {.is_coloured = cli->has_colour};
    struct asg_items one = {.items = &object, .count = 1};
    if (cli->settings.output == ASG_OUTPUT_JSON) {
        asg_render_shown(schema, object, ASG_RENDER_JSON, &text);
    } else if (cli->settings.output == ASG_OUTPUT_YAML) {
        asg_render_shown(schema, object, ASG_RENDER_YAML, &text);
    } else if (cli->settings.output == ASG_OUTPUT_CSV) {
        asg_render_csv(schema, &one, /* has_titles */ true, &text);
    } else {
        asg_render_record(schema, object, columns, column_count, &look, &text);
    }
    if (text.length == 0) return;
    (void)fwrite(text.data, 1, text.length, cli->out);
}
