/* config_pages - a table of settings as a man page and as the file that a package brings.
 */
#include "text/config_layers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text/roff.h"

static void print_paragraph(const char *text, FILE *out)
{
    asg_roff_print(text, out);
    (void)fputc('\n', out);
}

static void print_option(const char *option, const char *value, const char *help,
                         FILE *out)
{
    (void)fputs(".TP\n\\fB\\-\\-", out);
    asg_roff_print(option, out);
    (void)fputs("\\fR", out);
    if (value != NULL) (void)fprintf(out, " \\fI%s\\fR", value);
    (void)fputc('\n', out);
    print_paragraph(help, out);
}

static void print_setting(const struct asg_config_key *key, struct asg_arena *arena,
                          FILE *out)
{
    (void)fputs(".TP\n\\fB", out);
    asg_roff_print(key->name, out);
    (void)fputs("\\fR (", out);
    asg_roff_print(asg_config_type_text(key, arena), out);
    (void)fputs(")\n", out);
    print_paragraph(key->help, out);
    const char *given = key->default_text == NULL      ? "Must be given."
                        : key->default_text[0] == '\0' ? "Default: none."
                                                       : NULL;
    if (given == NULL) given = asg_arena_format(arena, "Default: %s.", key->default_text);
    print_paragraph(given, out);
}

/* "controller" of "openasg-controller": its file is /etc/openasg/controller.yaml. */
static const char *short_name(const struct asg_config_table *table)
{
    const char *dash = strchr(table->program, '-');
    return dash != NULL ? dash + 1 : table->program;
}

void asg_config_man(const struct asg_config_table *table, FILE *out)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    asg_roff_title(table->program, 8, table->summary, out);
    (void)fprintf(out,
                  ".SH SYNOPSIS\n\\fB%s\\fR [\\fB\\-\\-config\\fR \\fIFILE\\fR] "
                  "[\\fB\\-\\-\\fISETTING\\fR \\fIVALUE\\fR ...]\n.SH DESCRIPTION\n",
                  table->program);
    print_paragraph(asg_arena_format(&arena, "%c%s.",
                                     toupper((unsigned char)table->summary[0]),
                                     table->summary + 1),
                    out);
    (void)fputs(".PP\n", out);
    print_paragraph(
        asg_arena_format(
            &arena,
            "A setting is taken from the command line, else from the environment, else "
            "from the file, else its default. On the command line, dots of its name are "
            "dashes (--listen-http); in the environment it is %s_<KEY>, with _ for dots "
            "and dashes; in the file, the part before a dot is a section.",
            table->prefix),
        out);
    (void)fputs(".SH OPTIONS\n", out);
    print_option("config", "FILE",
                 "Settings in YAML, one \"key: value\" a line; -FILE: if it is there.",
                 out);
    print_option("print-config", NULL, "Show the settings in force and exit.", out);
    print_option("check-config", NULL,
                 "Check the settings, and the files and keys that they name, without "
                 "opening a port or changing anything; say everything that is wrong and "
                 "what to do, and exit: 0 when all is fine, else 2.",
                 out);
    print_option("version", NULL, "Show the version and exit.", out);
    print_option("help", NULL, "Show the settings in short and exit.", out);
    (void)fputs(".SH SETTINGS\n", out);
    for (size_t i = 0; i < table->key_count; i++) {
        print_setting(&table->keys[i], &arena, out);
    }
    (void)fprintf(out,
                  ".SH FILES\n.TP\n\\fI/etc/openasg/%s.yaml\\fR\nThe settings, as the "
                  "packages and the units have it.\n",
                  short_name(table));
    (void)fputs(".SH EXIT STATUS\n.TP\n0\nIt was asked to end.\n.TP\n1\nIt could not "
                "start or go on; the last line on standard error says why.\n.TP\n2\nThe "
                "command line or the settings are wrong.\n",
                out);
    (void)fputs(".SH SIGNALS\n.TP\nSIGTERM, SIGINT\nEnd it.\n.TP\nSIGHUP\nDoes not end "
                "it, also when its terminal closes.\n",
                out);
    (void)fputs(".SH SEE ALSO\n\\fBopenasg\\fR(1)\n", out);
}

/* "dir: x" of a key that was given. */
static bool is_given(const struct asg_config_layers *layers, const char *line)
{
    char name[ASG_CONFIG_NAME_MAX];
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(line, ":"), line);
    const struct asg_config_key *key = asg_config_find(layers->table, name, '.');
    return key != NULL && layers->is_set[key - layers->table->keys];
}

/* Lines of help stay as they are, those of settings become comments: with the "#" before
 * a key taken away the file says what is so without it. */
static void print_commented(const struct asg_config_layers *layers, char *text, FILE *out)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        bool is_help = line[strspn(line, " ")] == '#';
        bool stays = is_help || is_given(layers, line);
        (void)fprintf(out, "%s%s\n", stays ? "" : "#", line);
    }
}

void asg_config_sample(const struct asg_config_layers *layers, FILE *out)
{
    const char *program = layers->table->program;
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    if (memory == NULL) return;
    asg_config_print(layers->table, layers->config, memory);
    (void)fclose(memory);
    (void)fprintf(
        out,
        "# Settings of %s, each with its default. To change one, take away the\n"
        "# \"#\" before it and before its section. See man 8 %s.\n\n",
        program, program);
    print_commented(layers, text, out);
    free(text);
}
