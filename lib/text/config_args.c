#include "text/config_args.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "text/quantity.h"

struct walk {
    const struct asg_config_table *table;
    struct asg_config_layers *layers;
    int argc;
    char **argv;
    int at;
    struct asg_config_args *ret;
    struct asg_error *error;
};

static bool take_flag(struct asg_config_args *ret, const char *argument)
{
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
        ret->wants_help = true;
    } else if (strcmp(argument, "--version") == 0) {
        ret->wants_version = true;
    } else if (strcmp(argument, "--print-config") == 0) {
        ret->wants_print = true;
    } else if (strcmp(argument, "--check-config") == 0) {
        ret->wants_check = true;
    } else if (strcmp(argument, "--document-config") == 0) {
        ret->wants_document = true;
    } else if (strcmp(argument, "--document-man") == 0) {
        ret->wants_man = true;
    } else if (strcmp(argument, "--document-file") == 0) {
        ret->wants_sample = true;
    } else {
        return false;
    }
    return true;
}

static enum asg_status unknown_option(const struct walk *walk, const char *name)
{
    const char *hint = asg_config_nearest(walk->table, name, '-');
    if (hint == NULL) {
        return asg_fail(walk->error, ASG_ERR_INVALID,
                        "unknown option --%.64s; %s --help lists the options", name,
                        walk->table->program);
    }
    char spelled[ASG_CONFIG_NAME_MAX];
    asg_config_spell(hint, '-', spelled);
    return asg_fail(walk->error, ASG_ERR_INVALID,
                    "unknown option --%.64s; did you mean --%s?", name, spelled);
}

/* The value of an option that may stand behind "=" or be the next argument. A lone
 * switch ("--plaintext") means true. */
static enum asg_status take_value(struct walk *walk, const struct asg_config_key *key,
                                  const char *name, const char *inline_value,
                                  const char **ret)
{
    bool is_bool = key != NULL && key->type == ASG_CONFIG_BOOL;
    bool ignored;
    if (inline_value != NULL) {
        *ret = inline_value;
    } else if (is_bool && (walk->at + 1 >= walk->argc ||
                           !asg_quantity_bool(walk->argv[walk->at + 1], &ignored))) {
        *ret = "true";
    } else if (walk->at + 1 < walk->argc) {
        *ret = walk->argv[++walk->at];
    } else {
        return asg_fail(walk->error, ASG_ERR_INVALID, "--%s needs a value", name);
    }
    return ASG_OK;
}

static enum asg_status take_argument(struct walk *walk)
{
    const char *argument = walk->argv[walk->at];
    if (take_flag(walk->ret, argument)) return ASG_OK;
    if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0') {
        return asg_fail(walk->error, ASG_ERR_INVALID,
                        "\"%.80s\" is not an option: options are written --key value",
                        argument);
    }
    char name[ASG_CONFIG_NAME_MAX];
    size_t length = strcspn(argument + 2, "=");
    (void)snprintf(name, sizeof name, "%.*s", (int)(length < 79 ? length : 79),
                   argument + 2);
    const char *inline_value =
        argument[2 + length] == '=' ? argument + 2 + length + 1 : NULL;
    bool is_config = strcmp(name, "config") == 0;
    const struct asg_config_key *key = asg_config_find(walk->table, name, '-');
    if (key == NULL && !is_config) return unknown_option(walk, name);
    const char *value = NULL;
    enum asg_status status = take_value(walk, key, name, inline_value, &value);
    if (status != ASG_OK) return status;
    if (is_config) {
        walk->ret->file = value;
        return ASG_OK;
    }
    if (walk->layers == NULL) return ASG_OK;
    const char *where = asg_arena_format(walk->layers->arena, "--%s", name);
    return asg_config_set(walk->layers, key, value, where, walk->error);
}

enum asg_status asg_config_read_args(struct asg_config_layers *layers,
                                     const struct asg_config_table *table, int argc,
                                     char **argv, struct asg_config_args *ret,
                                     struct asg_error *error)
{
    struct walk walk = {
        .table = table,
        .layers = layers,
        .argc = argc,
        .argv = argv,
        .ret = ret,
        .error = error,
    };
    for (walk.at = 1; walk.at < argc; walk.at++) {
        enum asg_status status = take_argument(&walk);
        if (layers != NULL) status = asg_config_pass(layers, status, error);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

/* "-FILE" need not be there, as in systemd's own units: programs that run without a file
 * have one ExecStart. */
static bool is_to_be_read(const char **file)
{
    if (*file == NULL || **file == '\0') return false;
    if (**file != '-') return true;
    ++*file;
    return access(*file, F_OK) == 0 || errno != ENOENT;
}

static enum asg_status load_layers(struct asg_config_layers *layers, const char *file,
                                   int argc, char **argv, struct asg_error *error)
{
    enum asg_status status = ASG_OK;
    if (is_to_be_read(&file)) status = asg_config_read_file(layers, file, error);
    status = asg_config_pass(layers, status, error);
    if (status != ASG_OK) return status;
    status = asg_config_read_environment(layers, environ, /* is_strict */ true, error);
    if (status != ASG_OK) return status;
    struct asg_config_args ignored = {0};
    return asg_config_read_args(layers, layers->table, argc, argv, &ignored, error);
}

/* What needs no settings. */
static bool print_page(const struct asg_config_table *table,
                       const struct asg_config_args *args)
{
    if (args->wants_help) {
        asg_config_help(table, stdout);
    } else if (args->wants_version) {
        (void)printf("%s %s\n", table->program, ASG_VERSION);
    } else if (args->wants_document) {
        asg_config_document(table, stdout);
    } else if (args->wants_man) {
        asg_config_man(table, stdout);
    } else {
        return false;
    }
    (void)fflush(stdout);
    return true;
}

static const char *file_of(const struct asg_config_table *table,
                           const struct asg_config_args *args, struct asg_arena *arena)
{
    if (args->file != NULL) return args->file;
    return getenv(asg_arena_format(arena, "%s_CONFIG", table->prefix));
}

int asg_config_check(const struct asg_config_table *table, int argc, char **argv,
                     struct asg_arena *arena, void *config, asg_config_check_fn *check)
{
    struct asg_problems problems = {.arena = arena};
    struct asg_config_args args = {0};
    struct asg_config_layers layers;
    struct asg_error error = {""};
    asg_config_begin(&layers, table, arena, config);
    layers.problems = &problems;
    /* For --config; what is wrong is said by the layer of the command line. */
    if (asg_config_read_args(NULL, table, argc, argv, &args, &error) != ASG_OK) {
        error.text[0] = '\0';
    }
    const char *file = file_of(table, &args, arena);
    enum asg_status status = load_layers(&layers, file, argc, argv, &error);
    if (status == ASG_OK) status = asg_config_finish(&layers, &error);
    (void)asg_problem_take(&problems, status, &error);
    check(config, &problems);
    if (problems.count == 0) {
        (void)printf("%s: the settings%s%s are fine\n", table->program,
                     file != NULL && file[0] != '\0' ? " of " : "",
                     file != NULL ? file + (file[0] == '-') : "");
        (void)fflush(stdout);
    }
    return asg_problems_print(&problems, table->program, stderr);
}

enum asg_status asg_config_load(const struct asg_config_table *table, int argc,
                                char **argv, struct asg_arena *arena, void *config,
                                enum asg_config_act *ret, struct asg_error *error)
{
    struct asg_config_args args = {0};
    enum asg_status status = asg_config_read_args(NULL, table, argc, argv, &args, error);
    if (status != ASG_OK && !args.wants_help && !args.wants_check) return status;
    if (print_page(table, &args)) {
        *ret = ASG_CONFIG_DONE;
        return ASG_OK;
    }
    if (args.wants_check) {
        *ret = ASG_CONFIG_CHECK;
        return ASG_OK;
    }
    const char *file = file_of(table, &args, arena);
    struct asg_config_layers layers;
    asg_config_begin(&layers, table, arena, config);
    status = load_layers(&layers, file, argc, argv, error);
    if (status != ASG_OK) return status;
    if (args.wants_print || args.wants_sample) {
        if (args.wants_sample) {
            asg_config_sample(&layers, stdout);
        } else {
            asg_config_print(table, config, stdout);
        }
        (void)fflush(stdout);
        *ret = ASG_CONFIG_DONE;
        return ASG_OK;
    }
    status = asg_config_finish(&layers, error);
    if (status != ASG_OK) return status;
    *ret = ASG_CONFIG_RUN;
    return ASG_OK;
}
