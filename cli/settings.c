#include "cli/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/safe_file.h"
#include "cli/cli.h"
#include "cli/contexts.h"
#include "text/options.h"

#define SYSTEM_DIR   "/var/lib/openasg"
#define OWN_FILE_MAX 65536

static const char *const output_list[] = {"table", "json", "yaml", "csv", "wide"};
const struct asg_enum asg_output_words = {"output form", output_list, 5};
static const char *const color_list[] = {"auto", "always", "never"};
const struct asg_enum asg_color_words = {"color", color_list, 3};

#define AT(field) .offset = offsetof(struct asg_cli_settings, field)

static const struct asg_config_key keys[] = {
    {"dir", ASG_CONFIG_PATH, AT(dir), "", .unit = "",
     .help = "Folder with admin.key, controller.key.pub and openasg.log, where the next "
             "settings are looked for; empty: ~/.config/openasg when it holds a key, "
             "else " SYSTEM_DIR "."},
    {"controller", ASG_CONFIG_ENDPOINT, AT(controller), "tcp://127.0.0.1:7703",
     .unit = "", .help = "The controller's admin address (its listen.admin)."},
    {"key_file", ASG_CONFIG_SECRET_FILE, AT(key_file), "", .unit = "",
     .help = "Key pair of this admin; empty: admin.key in dir."},
    {"server_key_file", ASG_CONFIG_PATH, AT(server_key_file), "", .unit = "",
     .help = "Public key of the controller; empty: controller.key.pub in dir."},
    {"server_key", ASG_CONFIG_TEXT, AT(server_key), "", .unit = "",
     .help = "Public key of the controller as text, instead of a file."},
    {"log", ASG_CONFIG_PATH, AT(log), "", .unit = "",
     .help = "The log for \"log\" and \"replay\"; empty: openasg.log in dir."},
    {"allow_plaintext", ASG_CONFIG_BOOL, AT(allow_plaintext), "false", .unit = "",
     .help = "Connect without encryption and keys: for measurements only."},
    {"output", ASG_CONFIG_WORD, AT(output), "table", .words = &asg_output_words,
     .unit = "", .help = "Output format."},
    {"color", ASG_CONFIG_WORD, AT(color), "auto", .words = &asg_color_words, .unit = "",
     .help = "Color on a terminal; auto: not with NO_COLOR or TERM=dumb."},
    {"local_times", ASG_CONFIG_BOOL, AT(local_times), "false", .unit = "",
     .help = "Tables show times in the zone of TZ, or the machine's, instead of UTC."},
    {"request_timeout", ASG_CONFIG_DURATION, AT(timeout_ms), "10s", 1, 3600000,
     .unit = "", .help = "How long to wait for an answer of the controller."},
};

const struct asg_config_table asg_cli_config_table = {
    .program = "openasg",
    .prefix = "OPENASG",
    .summary = "the command line: groups, policies, status, explain, log, replay",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .size = sizeof(struct asg_cli_settings),
};

/* Options of the command line that are settings. */
static const struct {
    const char *option;
    const char *key;
} setting_options[] = {
    {"dir", "dir"},
    {"controller", "controller"},
    {"key-file", "key_file"},
    {"server-key-file", "server_key_file"},
    {"server-key", "server_key"},
    {"allow-plaintext", "allow_plaintext"},
    {"output", "output"},
    {"color", "color"},
    {"local", "local_times"},
    {"request-timeout", "request_timeout"},
};

static enum asg_status read_options(struct asg_config_layers *layers,
                                    const struct asg_arguments *arguments,
                                    struct asg_error *error)
{
    for (size_t i = 0; i < sizeof setting_options / sizeof setting_options[0]; i++) {
        const char *name = setting_options[i].option;
        if (!asg_option_is_set(arguments, name)) continue;
        const struct asg_config_key *key =
            asg_config_find(layers->table, setting_options[i].key, '.');
        enum asg_status status =
            asg_config_set(layers, key, asg_option_text(arguments, name),
                           asg_arena_format(layers->arena, "--%s", name), error);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

static const char *in_dir(const struct asg_cli_settings *settings, const char *name,
                          struct asg_arena *arena)
{
    return asg_arena_format(arena, "%s/%s", settings->dir, name);
}

/* What was not said is looked for where a controller or an operator puts it. */
static void fill_paths(struct asg_cli_settings *settings, const char *own_dir,
                       struct asg_arena *arena)
{
    if (settings->dir[0] == '\0') {
        settings->dir = SYSTEM_DIR;
        if (own_dir != NULL &&
            access(asg_arena_format(arena, "%s/admin.key", own_dir), F_OK) == 0) {
            settings->dir = own_dir;
        }
    }
    if (settings->key_file[0] == '\0') {
        settings->key_file = in_dir(settings, "admin.key", arena);
    }
    if (settings->server_key_file[0] == '\0') {
        settings->server_key_file = in_dir(settings, "controller.key.pub", arena);
    }
    if (settings->log[0] == '\0') settings->log = in_dir(settings, "openasg.log", arena);
}

/* The one that nobody named: as with a context, who can write it can send orders
 * elsewhere.
 */
static enum asg_status read_own_file(struct asg_config_layers *layers, const char *path,
                                     struct asg_error *error)
{
    const struct asg_safe_need need = {.what = "settings",
                                       .length_max = OWN_FILE_MAX,
                                       .guard = ASG_SAFE_FIXED,
                                       .is_own = true};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    enum asg_status status = asg_safe_file_read(path, &need, &text, error);
    if (status != ASG_OK) return status;
    const char *kept =
        asg_arena_text_n(layers->arena, asg_bytes_text(&text), text.length);
    return asg_config_read_text(layers, path, kept, text.length, error);
}

enum asg_status asg_cli_load_settings(const struct asg_arguments *arguments,
                                      char *const *environment, struct asg_arena *arena,
                                      struct asg_cli_settings *ret,
                                      struct asg_error *error)
{
    struct asg_config_layers layers;
    asg_config_begin(&layers, &asg_cli_config_table, arena, ret);
    const char *own_dir = asg_user_dir(environment, arena);
    const char *file = asg_option_text(arguments, "config");
    if (file == NULL) file = asg_find_variable(environment, "OPENASG_CONFIG");
    const char *own_file = NULL;
    if (file == NULL && own_dir != NULL) {
        own_file = asg_arena_format(arena, "%s/config.yaml", own_dir);
        if (access(own_file, F_OK) != 0) own_file = NULL; /* nobody asked for it */
    }
    if (asg_find_variable(environment, "OPENASG_TIMEOUT") != NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "OPENASG_TIMEOUT is now OPENASG_REQUEST_TIMEOUT: rename it");
    }
    enum asg_status status = ASG_OK;
    if (own_file != NULL) {
        status = read_own_file(&layers, own_file, error);
    } else if (file != NULL && file[0] != '\0') {
        status = asg_config_read_file(&layers, file, error);
    }
    struct asg_context_choice choice = {.name = "", .from = ""};
    if (status == ASG_OK) {
        status =
            asg_context_choose(arguments, environment, own_dir, arena, &choice, error);
    }
    if (status == ASG_OK && !choice.is_option) {
        status = asg_context_read(&layers, own_dir, &choice, error);
    }
    if (status != ASG_OK) return status;
    status =
        asg_config_read_environment(&layers, environment, /* is_strict */ false, error);
    if (status == ASG_OK && choice.is_option) {
        status = asg_context_read(&layers, own_dir, &choice, error);
    }
    if (status == ASG_OK) status = read_options(&layers, arguments, error);
    if (status == ASG_OK) status = asg_config_finish(&layers, error);
    if (status != ASG_OK) return status;
    fill_paths(ret, own_dir, arena);
    ret->context = choice.name;
    ret->context_from = choice.from;
    return ASG_OK;
}
