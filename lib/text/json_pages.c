/* json_pages - docs/json.md: what the commands of a table print as JSON, from the tables
 * of the structs that they show. */
#include "text/options.h"

#include <inttypes.h>
#include <string.h>

#include "text/parse.h"
#include "text/render.h"

#define OBJECTS_MAX 64

/* Each object once, in the order they are met. */
struct objects {
    const struct asg_schema *items[OBJECTS_MAX];
    size_t count;
};

static void add_object(struct objects *objects, const struct asg_schema *schema)
{
    for (size_t i = 0; i < objects->count; i++) {
        if (objects->items[i] == schema) return;
    }
    if (objects->count == OBJECTS_MAX) return;
    objects->items[objects->count++] = schema;
}

static void print_words(const struct asg_enum *names, FILE *out)
{
    for (size_t i = 0; i < names->count; i++) {
        (void)fprintf(out, "%s`%s`", i > 0 ? ", " : "", names->words[i]);
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static const char *number_kind(const char *name)
{
    if (ends_with(name, "_ms") && asg_parse_is_moment(name)) {
        return "moment: milliseconds since 1970";
    }
    if (ends_with(name, "_ms")) return "length: milliseconds";
    if (ends_with(name, "_milli")) return "number: thousandths";
    if (ends_with(name, "_micro")) return "number: millionths";
    if (ends_with(name, "_permille")) return "number: per mille";
    if (ends_with(name, "_ppm")) return "number: per million";
    if (ends_with(name, "_percent")) return "number: per cent";
    return "number";
}

static void print_link(const char *before, const struct asg_schema *sub, FILE *out)
{
    (void)fprintf(out, "%s[%s](#%s)", before, sub->name, sub->name);
}

static void print_kind(const struct asg_field *field, FILE *out)
{
    switch (field->type) {
    case ASG_FIELD_BOOL: (void)fputs("true or false", out); break;
    case ASG_FIELD_U32:
    case ASG_FIELD_I64: (void)fputs(number_kind(field->name), out); break;
    case ASG_FIELD_U64:
        if (field->names != NULL) {
            (void)fputs("list of words: ", out);
            print_words(field->names, out);
        } else {
            (void)fputs(number_kind(field->name), out);
        }
        break;
    case ASG_FIELD_ENUM:
        (void)fputs("word: ", out);
        print_words(field->names, out);
        break;
    case ASG_FIELD_TEXT: (void)fputs("text", out); break;
    case ASG_FIELD_BLOB: (void)fputs("text: bytes in hex", out); break;
    case ASG_FIELD_STRUCT: print_link("", field->sub, out); break;
    case ASG_FIELD_PART: print_link("", field->sub, out); break;
    case ASG_FIELD_LIST: print_link("list of ", field->sub, out); break;
    case ASG_FIELD_TEXTS: (void)fputs("list of texts", out); break;
    case ASG_FIELD_NUMBERS: (void)fputs("list of numbers", out); break;
    }
}

static bool can_be_null(const struct asg_field *field)
{
    if (field->type == ASG_FIELD_PART || field->null_at != ASG_NULL_NEVER) return true;
    if (field->type != ASG_FIELD_I64) return false;
    return field->otherwise == -1 || asg_parse_is_moment(field->name);
}

static void print_object(const struct asg_schema *schema, FILE *out)
{
    (void)fprintf(out, "\n### %s\n\n| field | value |\n| --- | --- |\n", schema->name);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        const char *end = can_be_null(field) ? ", or null" : "";
        (void)fprintf(out, "| `%s` | ", field->name);
        print_kind(field, out);
        (void)fprintf(out, "%s |\n", end);
        char at_name[64];
        if (asg_render_at_name(field, at_name)) {
            (void)fprintf(out, "| `%s` | the same moment as text, RFC 3339 in UTC%s |\n",
                          at_name, end);
        }
    }
}

static void print_commands(const struct asg_command_table *table, struct objects *objects,
                           FILE *out)
{
    (void)fputs("\n| command | prints |\n| --- | --- |\n", out);
    for (size_t i = 0; i < table->command_count; i++) {
        const struct asg_command_entry *command = &table->commands[i];
        if (command->is_hidden || command->shows == NULL) continue;
        bool is_many = command->is_list || command->shows_many;
        (void)fprintf(out, "| `%s` | ", command->name);
        print_link(is_many ? "list of " : "", command->shows, out);
        (void)fputs(" |\n", out);
        add_object(objects, command->shows);
        if (command->shows_else == NULL) continue;
        (void)fprintf(out, "| `%s --%s` | ", command->name, command->else_when);
        print_link(is_many ? "list of " : "", command->shows_else, out);
        (void)fputs(" |\n", out);
        add_object(objects, command->shows_else);
    }
}

void asg_json_document(const struct asg_command_table *table, FILE *out)
{
    struct objects objects = {.count = 0};
    (void)fputs("\n## What each command prints\n", out);
    print_commands(table, &objects, out);
    (void)fputs("\n## Objects\n", out);
    for (size_t i = 0; i < objects.count; i++) {
        const struct asg_schema *schema = objects.items[i];
        print_object(schema, out);
        for (size_t f = 0; f < schema->field_count; f++) {
            if (schema->fields[f].sub != NULL) {
                add_object(&objects, schema->fields[f].sub);
            }
        }
    }
}
