/* show_list - lists and single things in the form that --output asks for, with the
 * options of every list: which columns, which items, in which order. */
#include <string.h>

#include "cli/cli.h"
#include "cli/lists/watch_list.h"
#include "text/choose.h"

static void print_bytes(struct asg_cli *cli, struct asg_bytes *text)
{
    if (text->length == 0) return;
    (void)fwrite(text->data, 1, text->length, cli->out);
}

static bool is_asked(const struct asg_cli *cli, const char *option)
{
    return cli->arguments != NULL && asg_option_is_set(cli->arguments, option);
}

static bool has_flag(const struct asg_cli *cli, const char *option)
{
    return cli->arguments != NULL && asg_option_flag(cli->arguments, option);
}

static bool is_tree(const struct asg_cli *cli)
{
    return cli->settings.output == ASG_OUTPUT_JSON ||
           cli->settings.output == ASG_OUTPUT_YAML;
}

/* What cannot be had together, and would else be passed over in silence. */
static int check_options(struct asg_cli *cli)
{
    if (has_flag(cli, "quiet") && is_asked(cli, "output")) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--quiet prints names only: leave out --quiet or --output");
    }
    if (is_asked(cli, "columns") && is_tree(cli)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--columns is for tables and csv; JSON and YAML have every "
                            "field (docs/json.md): choose with jq, for example");
    }
    return ASG_EXIT_OK;
}

/* Of a list with several candidates the column that is flagged, else the first. */
static const struct asg_render_column *name_column(
    const struct asg_render_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((columns[i].traits & ASG_COLUMN_NAME) != 0) return &columns[i];
    }
    return &columns[0];
}

static void print_names(struct asg_cli *cli, const struct asg_choices *choices,
                        const struct asg_items *items)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    const struct asg_render_column *column =
        name_column(choices->columns, choices->column_count);
    for (size_t i = 0; i < items->count; i++) {
        asg_render_cell(choices->schema, items->items[i], column, &text);
        asg_bytes_append_byte(&text, '\n');
    }
    print_bytes(cli, &text);
}

static void print_table(struct asg_cli *cli, const struct asg_choices *choices,
                        const struct asg_items *items)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes left_out = {0};
    const struct asg_table_look look = {.width = asg_cli_width(cli),
                                        .has_no_titles = has_flag(cli, "no-header"),
                                        .is_coloured = cli->has_colour};
    size_t count = asg_render_table(choices->schema, items, choices->columns,
                                    choices->column_count, &look, &text, &left_out);
    print_bytes(cli, &text);
    if (count == 0) return;
    (void)fflush(cli->out);
    asg_cli_print(cli->err, "(not shown: %s; -o wide shows all columns)\n",
                  asg_bytes_text(&left_out));
}

static void print_items(struct asg_cli *cli, const struct asg_choices *choices,
                        bool has_columns, const struct asg_items *items)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    bool has_titles = !has_flag(cli, "no-header");
    if (has_flag(cli, "quiet")) {
        print_names(cli, choices, items);
    } else if (cli->settings.output == ASG_OUTPUT_JSON) {
        asg_render_shown_list(choices->schema, items, ASG_RENDER_JSON, &text);
    } else if (cli->settings.output == ASG_OUTPUT_YAML) {
        asg_render_shown_list(choices->schema, items, ASG_RENDER_YAML, &text);
    } else if (cli->settings.output == ASG_OUTPUT_CSV && has_columns) {
        asg_render_csv_columns(choices->schema, items, choices->columns,
                               choices->column_count, has_titles, &text);
    } else if (cli->settings.output == ASG_OUTPUT_CSV) {
        asg_render_csv(choices->schema, items, has_titles, &text);
    } else {
        print_table(cli, choices, items);
    }
    print_bytes(cli, &text);
}

/* A line a row and no colours: what changed is marked there, before the row. */
static void watch_items(struct asg_cli *cli, const struct asg_choices *choices,
                        const struct asg_choices *all, const struct asg_items *items)
{
    size_t width = asg_cli_width(cli);
    const struct asg_table_look look = {
        .width = width > ASG_WATCH_MARK_WIDTH ? width - ASG_WATCH_MARK_WIDTH : 0,
        .is_one_line = true};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    (void)asg_render_table(choices->schema, items, choices->columns,
                           choices->column_count, &look, &text, NULL);
    asg_watch_list_take(cli, all->schema, items, all->columns, all->column_count, &text);
}

/* Filters and order see all columns, also those that are not shown. */
static enum asg_status choose(struct asg_cli *cli, struct asg_choices *choices,
                              struct asg_render_column chosen[ASG_RENDER_COLUMNS_MAX],
                              struct asg_items *items, struct asg_error *error)
{
    const struct asg_arguments *arguments = cli->arguments;
    struct asg_texts filters = asg_option_texts(arguments, "filter");
    enum asg_status status = asg_choose_items(choices, &filters, items, error);
    if (status == ASG_OK && asg_option_is_set(arguments, "sort")) {
        status =
            asg_choose_order(choices, asg_option_text(arguments, "sort"), items, error);
    }
    if (status != ASG_OK || !asg_option_is_set(arguments, "columns")) return status;
    struct asg_texts names = asg_option_texts(arguments, "columns");
    size_t count = 0;
    status = asg_choose_columns(choices, &names, &cli->arena, chosen, &count, error);
    if (status != ASG_OK) return status;
    choices->columns = chosen;
    choices->column_count = count;
    return ASG_OK;
}

int asg_cli_show_list(struct asg_cli *cli, const struct asg_schema *schema,
                      const void *items, size_t count,
                      const struct asg_render_column *columns, size_t column_count)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    struct asg_items kept = {.count = count};
    kept.items = asg_arena_take(&arena, (count + 1) * sizeof *kept.items);
    for (size_t i = 0; i < count; i++)
        kept.items[i] = (const char *)items + i * schema->size;
    struct asg_choices choices = {schema, columns, column_count};
    struct asg_render_column chosen[ASG_RENDER_COLUMNS_MAX];
    bool is_list = cli->command != NULL && cli->command->is_list;
    if (is_list) {
        int code = check_options(cli);
        if (code != ASG_EXIT_OK) return code;
        struct asg_error error = {0};
        if (choose(cli, &choices, chosen, &kept, &error) != ASG_OK) {
            return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
        }
    }
    if (cli->watch != NULL) {
        const struct asg_choices all = {schema, columns, column_count};
        watch_items(cli, &choices, &all, &kept);
        return ASG_EXIT_OK;
    }
    print_items(cli, &choices, is_list && is_asked(cli, "columns"), &kept);
    return ASG_EXIT_OK;
}
