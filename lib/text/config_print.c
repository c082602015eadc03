/* config_print - a table of settings as --help, --print-config and documentation. */
#include "text/config_layers.h"

#include <string.h>

#include "text/wrap.h"

#define HELP_WIDTH  88
#define HELP_INDENT 6

/* "listen" of "listen.agents"; length 0 for a flat name. */
static size_t section_length(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot != NULL ? (size_t)(dot - name) : 0;
}

static bool same_section(const char *a, const char *b)
{
    size_t length = section_length(a);
    return length == section_length(b) && strncmp(a, b, length) == 0;
}

/* Is this the first key of its section? Keys of one section may stand apart. */
static bool opens_section(const struct asg_config_table *table, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (same_section(table->keys[i].name, table->keys[index].name)) return false;
    }
    return true;
}

typedef void print_key(const struct asg_config_table *table,
                       const struct asg_config_key *key, const void *config,
                       struct asg_arena *arena, FILE *out);

/* Flat keys first, then section by section. */
static void walk_sections(const struct asg_config_table *table, const void *config,
                          const char *heading, print_key *print, FILE *out)
{
    struct asg_arena arena = {0};
    for (int is_flat = 1; is_flat >= 0; is_flat--) {
        for (size_t i = 0; i < table->key_count; i++) {
            const char *name = table->keys[i].name;
            if ((section_length(name) == 0) != (is_flat == 1)) continue;
            if (!opens_section(table, i)) continue;
            if (is_flat == 0 && heading != NULL) {
                (void)fprintf(out, heading, (int)section_length(name), name);
            }
            for (size_t j = i; j < table->key_count; j++) {
                if (same_section(name, table->keys[j].name)) {
                    print(table, &table->keys[j], config, &arena, out);
                }
            }
        }
    }
    asg_arena_clear(&arena);
}

static void print_help_key(const struct asg_config_table *table,
                           const struct asg_config_key *key, const void *config,
                           struct asg_arena *arena, FILE *out)
{
    (void)table;
    (void)config;
    char option[ASG_CONFIG_NAME_MAX];
    asg_config_spell(key->name, '-', option);
    (void)fprintf(out, "  --%s\n", option);
    asg_wrap_print(key->help, HELP_INDENT, HELP_WIDTH, "", out);
    const char *given = key->default_text == NULL ? "must be given"
                        : key->default_text[0] == '\0'
                            ? "default none"
                            : asg_arena_format(arena, "default %s", key->default_text);
    asg_wrap_print(
        asg_arena_format(arena, "[%s; %s]", asg_config_type_text(key, arena), given),
        HELP_INDENT, HELP_WIDTH, "", out);
}

void asg_config_help(const struct asg_config_table *table, FILE *out)
{
    (void)fprintf(out, "usage: %s [--config FILE] [--key value ...]\n\n", table->program);
    asg_wrap_print(table->summary, 0, HELP_WIDTH, "", out);
    (void)fprintf(out, "\n"
                       "  --config FILE    settings in YAML, one \"key: value\" a line; "
                       "-FILE: if it is\n"
                       "                   there\n"
                       "  --print-config   show the settings in force and exit\n"
                       "  --check-config   check settings, files and keys, and exit\n"
                       "  --version        show the version and exit\n"
                       "  --help           show this and exit\n\n");
    asg_wrap_print("A setting is taken from the command line, else from the environment, "
                   "else from the file, else its default.",
                   0, HELP_WIDTH, "", out);
    (void)fprintf(out, "As a variable: %s_<KEY>, with _ for dots and dashes.\n\n",
                  table->prefix);
    asg_wrap_print("It runs until Ctrl-C (SIGINT) or SIGTERM; a terminal that closes "
                   "(SIGHUP) does not end it.",
                   0, HELP_WIDTH, "", out);
    (void)fputc('\n', out);
    walk_sections(table, NULL, "\n%.*s:\n", print_help_key, out);
}

/* Plain where YAML reads it back as the same text, else in double quotes. */
static void print_scalar(const char *text, FILE *out)
{
    bool is_plain = text[0] != '\0' && strcmp(text, "~") != 0 &&
                    strcmp(text, "null") != 0 && strchr("-?:", text[0]) == NULL;
    for (const char *at = text; *at != '\0' && is_plain; at++) {
        is_plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                   (*at >= '0' && *at <= '9') || strchr("/._-+", *at) != NULL ||
                   (*at == ':' && at[1] != '\0' && at[1] != ' ');
    }
    if (is_plain) {
        (void)fputs(text, out);
        return;
    }
    (void)fputc('"', out);
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\') {
            (void)fprintf(out, "\\%c", byte);
        } else if (byte < ' ') {
            (void)fprintf(out, "\\x%02x", byte);
        } else {
            (void)fputc(byte, out);
        }
    }
    (void)fputc('"', out);
}

static void print_yaml_key(const struct asg_config_table *table,
                           const struct asg_config_key *key, const void *config,
                           struct asg_arena *arena, FILE *out)
{
    (void)table;
    size_t section = section_length(key->name);
    size_t indent = section > 0 ? 2 : 0;
    asg_wrap_print(
        asg_arena_format(arena, "%s (%s)", key->help, asg_config_type_text(key, arena)),
        indent, HELP_WIDTH, "# ", out);
    const char *name = section > 0 ? key->name + section + 1 : key->name;
    (void)fprintf(out, "%*s%s: ", (int)indent, "", name);
    if (key->type == ASG_CONFIG_TEXTS) {
        const struct asg_texts *texts =
            (const struct asg_texts *)(const void *)((const char *)config + key->offset);
        (void)fputc('[', out);
        for (size_t i = 0; i < texts->count; i++) {
            if (i > 0) (void)fputs(", ", out);
            print_scalar(texts->items[i], out);
        }
        (void)fputs("]\n", out);
        return;
    }
    print_scalar(asg_config_value_text(key, config, arena), out);
    (void)fputc('\n', out);
}

void asg_config_print(const struct asg_config_table *table, const void *config, FILE *out)
{
    walk_sections(table, config, "%.*s:\n", print_yaml_key, out);
}

static void print_document_key(const struct asg_config_table *table,
                               const struct asg_config_key *key, const void *config,
                               struct asg_arena *arena, FILE *out)
{
    (void)table;
    (void)config;
    const char *given = key->default_text == NULL ? "must be given"
                        : key->default_text[0] == '\0'
                            ? "none"
                            : asg_arena_format(arena, "`%s`", key->default_text);
    (void)fprintf(out, "| `%s` | %s | %s | %s |\n", key->name,
                  asg_config_type_text(key, arena), given, key->help);
}

void asg_config_document(const struct asg_config_table *table, FILE *out)
{
    (void)fprintf(out,
                  "## %s\n\n%s\n\nEnvironment: `%s_<KEY>`.\n\n"
                  "| key | type and range | default | meaning |\n| --- | --- | --- | --- "
                  "|\n",
                  table->program, table->summary, table->prefix);
    walk_sections(table, NULL, NULL, print_document_key, out);
    (void)fputc('\n', out);
}
