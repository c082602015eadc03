#include "cli/contexts.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/safe_file.h"
#include "text/nearest.h"
#include "text/options.h"

#define NAME_LENGTH_MAX   64
#define CONTEXT_BYTES_MAX 65536
#define CONTEXT_NAME_BYTES                                                               \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

const char *asg_find_variable(char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (; environment != NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') {
            return *environment + length + 1;
        }
    }
    return NULL;
}

const char *asg_user_dir(char *const *environment, struct asg_arena *arena)
{
    const char *config = asg_find_variable(environment, "XDG_CONFIG_HOME");
    if (config != NULL && config[0] == '/') {
        return asg_arena_format(arena, "%s/openasg", config);
    }
    const char *home = asg_find_variable(environment, "HOME");
    if (home == NULL || home[0] == '\0') return NULL;
    return asg_arena_format(arena, "%s/.config/openasg", home);
}

bool asg_context_is_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= NAME_LENGTH_MAX && name[0] != '.' && name[0] != '-' &&
           strspn(name, CONTEXT_NAME_BYTES) == length;
}

const char *asg_context_path(const char *user_dir, const char *name,
                             struct asg_arena *arena)
{
    return asg_arena_format(arena, "%s/contexts/%s.yaml", user_dir, name);
}

static const char *current_path(const char *user_dir, struct asg_arena *arena)
{
    return asg_arena_format(arena, "%s/context", user_dir);
}

/* ---- which there are ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void close_folder(DIR **folder)
{
    if (*folder != NULL) (void)closedir(*folder);
}

struct asg_texts asg_context_names(const char *user_dir, struct asg_arena *arena)
{
    const char **names = NULL;
    size_t count = 0;
    size_t capacity = 0;
    ASG_CLEANUP(close_folder)
    DIR *folder = opendir(asg_arena_format(arena, "%s/contexts", user_dir));
    struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length <= 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0) continue;
        const char *name = asg_arena_text_n(arena, entry->d_name, length - 5);
        if (!asg_context_is_name(name)) continue;
        *(const char **)asg_arena_push(arena, (void **)&names, &count, &capacity,
                                       sizeof *names) = name;
    }
    if (count > 0) qsort(names, count, sizeof *names, compare_names);
    return (struct asg_texts){.items = names, .count = count};
}

/* ---- which one counts ---- */

enum asg_status asg_context_current(const char *user_dir, struct asg_arena *arena,
                                    const char **ret, struct asg_error *error)
{
    const struct asg_safe_need need = {
        .what = "file", .length_max = 4096, .guard = ASG_SAFE_FIXED, .is_own = true};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    const char *path = current_path(user_dir, arena);
    enum asg_status status = asg_safe_file_read(path, &need, &text, error);
    if (status == ASG_ERR_NOT_FOUND) {
        *ret = "";
        return ASG_OK;
    }
    if (status != ASG_OK) return status;
    size_t length = strcspn(asg_bytes_text(&text), " \t\r\n");
    const char *name = asg_arena_text_n(arena, asg_bytes_text(&text), length);
    if (length > 0 && !asg_context_is_name(name)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s does not hold the name of a context; choose one with "
                        "\"openasg context use NAME\"",
                        path);
    }
    *ret = name;
    return ASG_OK;
}

/* Whoever says so otherwise means no context that is in use: its keys would not fit. */
static bool names_controller(const struct asg_arguments *arguments,
                             char *const *environment)
{
    const char *controller = asg_find_variable(environment, "OPENASG_CONTROLLER");
    const char *dir = asg_find_variable(environment, "OPENASG_DIR");
    return asg_option_is_set(arguments, "controller") ||
           asg_option_is_set(arguments, "dir") ||
           (controller != NULL && controller[0] != '\0') ||
           (dir != NULL && dir[0] != '\0');
}

enum asg_status asg_context_choose(const struct asg_arguments *arguments,
                                   char *const *environment, const char *user_dir,
                                   struct asg_arena *arena,
                                   struct asg_context_choice *ret,
                                   struct asg_error *error)
{
    *ret = (struct asg_context_choice){.name = "", .from = ""};
    const char *name = asg_option_text(arguments, "context");
    const char *from = "--context";
    bool is_option = name != NULL;
    if (name == NULL) {
        name = asg_find_variable(environment, "OPENASG_CONTEXT");
        from = "OPENASG_CONTEXT";
    }
    bool is_elsewhere = names_controller(arguments, environment);
    bool is_own_business = arguments->command != NULL &&
                           strncmp(arguments->command->name, "context ", 8) == 0;
    bool is_unsaid = name == NULL || name[0] == '\0';
    if (is_unsaid && user_dir != NULL && !is_own_business && !is_elsewhere) {
        enum asg_status status = asg_context_current(user_dir, arena, &name, error);
        if (status != ASG_OK) return status;
        from = "\"openasg context use\"";
    }
    if (name == NULL || name[0] == '\0') return ASG_OK;
    if (is_own_business && !is_option) return ASG_OK; /* it looks for itself */
    if (!asg_context_is_name(name)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s: \"%.80s\" cannot be the name of a context: use letters, "
                        "digits, dots and dashes",
                        from, name);
    }
    *ret =
        (struct asg_context_choice){.name = name, .from = from, .is_option = is_option};
    return ASG_OK;
}

static enum asg_status refuse_missing(const struct asg_config_layers *layers,
                                      const char *user_dir,
                                      const struct asg_context_choice *choice,
                                      struct asg_error *error)
{
    struct asg_nearest nearest = {0};
    struct asg_texts names = asg_context_names(user_dir, layers->arena);
    for (size_t i = 0; i < names.count; i++) {
        asg_nearest_offer(&nearest, choice->name, names.items[i]);
    }
    if (nearest.word != NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "there is no context \"%s\" (from %s); did you mean \"%s\"?",
                        choice->name, choice->from, nearest.word);
    }
    return asg_fail(error, ASG_ERR_INVALID,
                    "there is no context \"%s\" (from %s): \"openasg context list\" "
                    "lists them, \"openasg context add %s --controller "
                    "ENDPOINT\" creates it",
                    choice->name, choice->from, choice->name);
}

enum asg_status asg_context_read(struct asg_config_layers *layers, const char *user_dir,
                                 const struct asg_context_choice *choice,
                                 struct asg_error *error)
{
    if (choice->name[0] == '\0') return ASG_OK;
    if (user_dir == NULL) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "no context can be found: neither HOME nor XDG_CONFIG_HOME is set");
    }
    /* Who can write it can send orders elsewhere. */
    const struct asg_safe_need need = {.what = "context",
                                       .length_max = CONTEXT_BYTES_MAX,
                                       .guard = ASG_SAFE_FIXED,
                                       .is_own = true};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    const char *path = asg_context_path(user_dir, choice->name, layers->arena);
    enum asg_status status = asg_safe_file_read(path, &need, &text, error);
    if (status == ASG_ERR_NOT_FOUND) {
        return refuse_missing(layers, user_dir, choice, error);
    }
    if (status != ASG_OK) return status;
    const char *kept =
        asg_arena_text_n(layers->arena, asg_bytes_text(&text), text.length);
    return asg_config_read_text(layers, path, kept, text.length, error);
}

enum asg_status asg_context_use(const char *user_dir, const char *name,
                                struct asg_error *error)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    const char *path = current_path(user_dir, &arena);
    if (name[0] == '\0') {
        if (unlink(path) == 0 || errno == ENOENT) return ASG_OK;
        return asg_fail(error, ASG_ERR_IO, "cannot remove %s: %s", path, strerror(errno));
    }
    const char *line = asg_arena_format(&arena, "%s\n", name);
    return asg_safe_file_replace(path, 0600, line, strlen(line), error);
}
