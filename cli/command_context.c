/* command_context - the controllers that an operator works with: add, use, list, show,
 * rm.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/safe_file.h"
#include "cli/commands.h"
#include "cli/contexts.h"
#include "cli/show/show_result.h"

/* What a context's file says; `name` and what follows it stand only in what is shown. */
struct context_view {
    const char *controller;
    const char *dir;
    const char *key_file;
    const char *server_key_file;
    const char *server_key;
    bool allow_plaintext;
    const char *name;
    bool is_current;
    const char *from; /* why it counts: "--context"; "": it does not */
    const char *file;
    const char *trouble; /* "": its file can be read */
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct context_view, field)                                   \
    }
static const struct asg_field fields[] = {
    FIELD(TEXT, controller), FIELD(TEXT, dir),
    FIELD(TEXT, key_file),   FIELD(TEXT, server_key_file),
    FIELD(TEXT, server_key), FIELD(BOOL, allow_plaintext),
    FIELD(TEXT, name),       FIELD(BOOL, is_current),
    FIELD(TEXT, from),       FIELD(TEXT, file),
    FIELD(TEXT, trouble),
};
#define FILE_FIELDS 6 /* the first of them */
static const struct asg_schema file_schema = {.name = "context",
                                              .size = sizeof(struct context_view),
                                              .fields = fields,
                                              .field_count = FILE_FIELDS};
static const struct asg_schema view_schema = {.name = "context",
                                              .size = sizeof(struct context_view),
                                              .fields = fields,
                                              .field_count =
                                                  sizeof fields / sizeof fields[0]};

static const char *own_dir(struct asg_cli *cli)
{
    const char *dir = asg_user_dir(environ, &cli->arena);
    if (dir == NULL) {
        (void)asg_cli_fail(cli, ASG_EXIT_USAGE,
                           "contexts are kept in ~/.config/openasg, and neither HOME nor "
                           "XDG_CONFIG_HOME is set");
    }
    return dir;
}

static int check_name(struct asg_cli *cli, const char *name)
{
    if (asg_context_is_name(name)) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "NAME cannot be \"%.80s\": use letters, digits, dots and dashes",
                        name);
}

/* ---- add ---- */

/* Where the command is run from later does not matter. */
static const char *absolute(struct asg_cli *cli, const char *path)
{
    char here[ASG_SAFE_PATH_MAX];
    if (path[0] == '\0' || path[0] == '/' || getcwd(here, sizeof here) == NULL)
        return path;
    return asg_arena_format(&cli->arena, "%s/%s", here, path);
}

/* "" for what is found in `dir` anyway. */
static const char *unless_usual(struct asg_cli *cli, const char *path, const char *usual)
{
    const char *found = asg_arena_format(&cli->arena, "%s/%s", cli->settings.dir, usual);
    return strcmp(path, found) == 0 ? "" : absolute(cli, path);
}

static enum asg_status make_folders(struct asg_cli *cli, const char *dir,
                                    struct asg_error *error)
{
    const char *parent =
        asg_arena_text_n(&cli->arena, dir, (size_t)(strrchr(dir, '/') - dir));
    if (mkdir(parent, 0700) != 0 && errno != EEXIST) {
        return asg_fail(error, ASG_ERR_IO, "cannot create %s: %s", parent,
                        strerror(errno));
    }
    enum asg_status status = asg_safe_folder_make(dir, error);
    if (status != ASG_OK) return status;
    return asg_safe_folder_make(asg_arena_format(&cli->arena, "%s/contexts", dir), error);
}

/* A context that leads nowhere is worth a word, and may be meant: keys come later. */
static void note_missing(struct asg_cli *cli)
{
    const struct asg_cli_settings *settings = &cli->settings;
    const bool has_key = settings->server_key[0] != '\0';
    const char *paths[] = {settings->key_file,
                           has_key ? NULL : settings->server_key_file};
    for (size_t i = 0; i < 2 && !settings->allow_plaintext; i++) {
        if (paths[i] == NULL || access(paths[i], R_OK) == 0) continue;
        asg_cli_print(cli->err, "note: %s cannot be read yet: %s\n", paths[i],
                      strerror(errno));
    }
}

/* NULL: no context at all. */
static void say_done(struct asg_cli *cli, const char *name, const char *message)
{
    const struct asg_done done = {
        .kind = "context", .name = name, .is_changed = true, .message = message};
    (void)asg_cli_result(cli, &done);
}

static int run_add(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *name = asg_argument_text(arguments, 0);
    const char *dir = own_dir(cli);
    int code = dir != NULL ? check_name(cli, name) : ASG_EXIT_USAGE;
    if (code != ASG_EXIT_OK) return code;
    const struct asg_cli_settings *settings = &cli->settings;
    const struct context_view view = {
        .controller = settings->controller,
        .dir = absolute(cli, settings->dir),
        .key_file = unless_usual(cli, settings->key_file, "admin.key"),
        .server_key_file =
            unless_usual(cli, settings->server_key_file, "controller.key.pub"),
        .server_key = settings->server_key,
        .allow_plaintext = settings->allow_plaintext,
    };
    struct asg_error error = {""};
    if (make_folders(cli, dir, &error) != ASG_OK) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    }
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    asg_render_yaml(&file_schema, &view, &text);
    const char *path = asg_context_path(dir, name, &cli->arena);
    enum asg_status status =
        asg_option_flag(arguments, "replace")
            ? asg_safe_file_replace(path, 0600, text.data, text.length, &error)
            : asg_safe_file_make(path, 0600, text.data, text.length, &error);
    if (status == ASG_ERR_EXISTS) {
        return asg_cli_fail(
            cli, ASG_EXIT_FAILED,
            "there is a context \"%s\" already (%s); --replace overwrites "
            "it",
            name, path);
    }
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    say_done(cli, name,
             asg_arena_format(&cli->arena,
                              "context %s saved: %s\nuse it: openasg context use %s, or "
                              "--context %s",
                              name, view.controller, name, name));
    note_missing(cli);
    return ASG_EXIT_OK;
}

/* ---- use, rm ---- */

/* ASG_EXIT_OK, or what is wrong with the name, or that there is no such context. */
static int check_there(struct asg_cli *cli, const char *dir, const char *name)
{
    int code = check_name(cli, name);
    if (code != ASG_EXIT_OK) return code;
    if (access(asg_context_path(dir, name, &cli->arena), F_OK) == 0) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_FAILED,
                        "there is no context \"%s\"; \"openasg context list\" lists "
                        "them",
                        name);
}

static int run_use(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *name = asg_argument_text(arguments, 0);
    bool is_none = asg_option_flag(arguments, "none");
    if (is_none == (name != NULL)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "give the name of a context, or --none");
    }
    const char *dir = own_dir(cli);
    if (dir == NULL) return ASG_EXIT_USAGE;
    int code = is_none ? ASG_EXIT_OK : check_there(cli, dir, name);
    if (code != ASG_EXIT_OK) return code;
    struct asg_error error = {""};
    if (asg_context_use(dir, is_none ? "" : name, &error) != ASG_OK) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    }
    say_done(cli, is_none ? NULL : name,
             is_none ? "no context is in use"
                     : asg_arena_format(&cli->arena, "context %s is in use", name));
    const char *const variables[] = {"OPENASG_CONTEXT", "OPENASG_CONTROLLER",
                                     "OPENASG_DIR"};
    for (size_t i = 0; i < 3 && !is_none; i++) {
        const char *value = asg_find_variable(environ, variables[i]);
        if (value == NULL || value[0] == '\0') continue;
        asg_cli_print(cli->err, "note: %s is set in this shell and takes precedence\n",
                      variables[i]);
    }
    return ASG_EXIT_OK;
}

static int run_remove(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *name = asg_argument_text(arguments, 0);
    const char *dir = own_dir(cli);
    int code = dir != NULL ? check_there(cli, dir, name) : ASG_EXIT_USAGE;
    if (code != ASG_EXIT_OK) return code;
    const char *path = asg_context_path(dir, name, &cli->arena);
    if (unlink(path) != 0) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "cannot remove %s: %s", path,
                            strerror(errno));
    }
    say_done(cli, name,
             asg_arena_format(&cli->arena,
                              "context %s removed; its keys were not removed", name));
    const char *current = "";
    struct asg_error error = {""};
    bool is_current = asg_context_current(dir, &cli->arena, &current, &error) == ASG_OK &&
                      strcmp(current, name) == 0;
    if (is_current && asg_context_use(dir, "", &error) == ASG_OK) {
        asg_cli_print(cli->err, "no context is in use now\n");
    }
    return ASG_EXIT_OK;
}

/* ---- list, show ---- */

static void fill_view(struct asg_cli *cli, const char *dir,
                      const struct asg_context_choice *choice, const char *name,
                      struct context_view *ret)
{
    struct asg_cli_settings settings;
    struct asg_config_layers layers;
    struct asg_error error = {""};
    asg_config_begin(&layers, &asg_cli_config_table, &cli->arena, &settings);
    const struct asg_context_choice own = {.name = name, .from = ""};
    enum asg_status status = asg_context_read(&layers, dir, &own, &error);
    bool counts = strcmp(choice->name, name) == 0;
    *ret = (struct context_view){
        .controller = settings.controller,
        .dir = settings.dir,
        .key_file = settings.key_file,
        .server_key_file = settings.server_key_file,
        .server_key = settings.server_key,
        .allow_plaintext = settings.allow_plaintext,
        .name = name,
        .is_current = counts,
        .from = counts ? choice->from : "",
        .file = asg_context_path(dir, name, &cli->arena),
        .trouble = status == ASG_OK ? "" : asg_arena_text(&cli->arena, error.text),
    };
    if (status != ASG_OK) ret->controller = "";
}

/* What counts for other commands than these. */
static int choose(struct asg_cli *cli, const struct asg_arguments *arguments,
                  const char *dir, struct asg_context_choice *ret)
{
    struct asg_arguments others = *arguments;
    static const struct asg_command_entry other = {.name = "status"};
    struct asg_error error = {""};
    *ret = (struct asg_context_choice){.name = "", .from = ""};
    if (asg_option_is_set(arguments, "context")) {
        ret->name = asg_option_text(arguments, "context");
        ret->from = "--context";
        return ASG_EXIT_OK;
    }
    others.command = &other;
    if (asg_context_choose(&others, environ, dir, &cli->arena, ret, &error) != ASG_OK) {
        asg_cli_print(cli->err, "note: %s\n", error.text);
    }
    return ASG_EXIT_OK;
}

static void write_mark(const void *object, struct asg_bytes *ret)
{
    const struct context_view *view = object;
    asg_bytes_append_text(ret, view->is_current ? "*" : "");
}

static void write_key(const void *object, struct asg_bytes *ret)
{
    const struct context_view *view = object;
    if (view->allow_plaintext) {
        asg_bytes_append_text(ret, "none (plaintext)");
    } else if (view->key_file[0] != '\0' || view->dir[0] == '\0') {
        asg_bytes_append_text(ret, view->key_file);
    } else {
        asg_bytes_printf(ret, "%s/admin.key", view->dir);
    }
}

static const struct asg_render_column list_columns[] = {
    {"IN USE", NULL, write_mark, false},       {"NAME", "name", NULL, ASG_COLUMN_NAME},
    {"CONTROLLER", "controller", NULL, false}, {"KEY", NULL, write_key, false},
    {"TROUBLE", "trouble", NULL, false},
};

static int run_list(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *dir = own_dir(cli);
    if (dir == NULL) return ASG_EXIT_USAGE;
    struct asg_context_choice choice;
    int code = choose(cli, arguments, dir, &choice);
    if (code != ASG_EXIT_OK) return code;
    struct asg_texts names = asg_context_names(dir, &cli->arena);
    struct context_view *views =
        asg_arena_take(&cli->arena, (names.count + 1) * sizeof *views);
    for (size_t i = 0; i < names.count; i++) {
        fill_view(cli, dir, &choice, names.items[i], &views[i]);
    }
    return asg_cli_show_list(cli, &view_schema, views, names.count,
                             ASG_COLUMNS(list_columns));
}

static const struct asg_render_column show_columns[] = {
    {"name", "name", NULL, false},
    {"in use by", "from", NULL, false},
    {"controller", "controller", NULL, false},
    {"dir", "dir", NULL, false},
    {"key file", "key_file", NULL, false},
    {"server key file", "server_key_file", NULL, false},
    {"server key", "server_key", NULL, false},
    {"plaintext", "allow_plaintext", NULL, false},
    {"file", "file", NULL, false},
};

static int run_show(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *dir = own_dir(cli);
    if (dir == NULL) return ASG_EXIT_USAGE;
    struct asg_context_choice choice;
    int code = choose(cli, arguments, dir, &choice);
    if (code != ASG_EXIT_OK) return code;
    const char *name = asg_argument_text(arguments, 0);
    if (name == NULL) name = choice.name;
    if (name[0] == '\0') {
        return asg_cli_fail(cli, ASG_EXIT_FAILED,
                            "no context is in use; \"openasg context list\" lists "
                            "them");
    }
    code = check_there(cli, dir, name);
    if (code != ASG_EXIT_OK) return code;
    struct context_view view;
    fill_view(cli, dir, &choice, name, &view);
    if (view.trouble[0] != '\0') {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", view.trouble);
    }
    asg_cli_show_one(cli, &view_schema, &view, ASG_COLUMNS(show_columns));
    return ASG_EXIT_OK;
}

static const struct asg_argument name_argument[] = {
    {.name = "NAME", .help = "Name of the context.", .complete = "contexts"}};
static const struct asg_argument new_argument[] = {
    {.name = "NAME", .help = "Name of the new context: letters, digits, dots, dashes."}};
static const struct asg_argument optional_argument[] = {
    {.name = "NAME",
     .help = "Name of the context; default: the current one.",
     .is_optional = true,
     .complete = "contexts"}};
static const struct asg_argument use_argument[] = {{.name = "NAME",
                                                    .help = "Name of the context.",
                                                    .is_optional = true,
                                                    .complete = "contexts"}};
static const struct asg_option add_options[] = {
    {.name = "replace",
     .type = ASG_OPTION_FLAG,
     .help = "Overwrite a context of that name."},
};
static const struct asg_option use_options[] = {
    {.name = "none", .type = ASG_OPTION_FLAG, .help = "Use no context from now on."},
};

static const struct asg_command_entry commands[] = {
    {.name = "context add",
     .shows = &asg_done_schema,
     .summary = "Save a controller's address and keys under a name",
     .details =
         "Saves the settings in force, from options, variables and config.yaml, in "
         "~/.config/openasg/contexts/NAME.yaml (mode 0600). Relative paths become "
         "absolute; keys stay where they are. --context OTHER starts from another "
         "context.\n"
         "Precedence, the last one wins: config.yaml, the context of OPENASG_CONTEXT "
         "or else the one in use, the variables OPENASG_..., the context of --context, "
         "options. The context in use is ignored when a variable or an option names a "
         "controller or its folder.",
     .examples = "openasg context add prod --controller tcp://10.0.0.5:7703 --dir "
                 "~/openasg/prod",
     ASG_ARGUMENTS(new_argument),
     ASG_OPTIONS(add_options),
     .run = run_add},
    {.name = "context use",
     .shows = &asg_done_schema,
     .summary = "Use a context from now on",
     .examples = "openasg context use prod\nopenasg context use --none",
     ASG_ARGUMENTS(use_argument),
     ASG_OPTIONS(use_options),
     .run = run_use},
    {.name = "context list",
     .is_list = true,
     .shows = &view_schema,
     .summary = "List the contexts",
     .examples = "openasg context list",
     .run = run_list},
    {.name = "context show",
     .shows = &view_schema,
     .summary = "Show a context, or which one is used and why",
     .examples = "openasg context show\nopenasg context show prod",
     ASG_ARGUMENTS(optional_argument),
     .run = run_show},
    {.name = "context rm",
     .shows = &asg_done_schema,
     .summary = "Remove a context",
     .details = "Only its file is removed; the keys that it names stay.",
     .examples = "openasg context rm prod",
     ASG_ARGUMENTS(name_argument),
     .run = run_remove},
};

const struct asg_family asg_context_family = ASG_FAMILY(commands);
