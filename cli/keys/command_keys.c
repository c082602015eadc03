/* command_keys - CURVE key pairs for workers and admins. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/keys.h"
#include "cli/commands.h"
#include "cli/keys/key_name.h"

static const struct asg_argument name_argument[] = {
    {.name = "NAME",
     .help = "Whose key it is (worker-1, ann): letters, digits, dots and dashes."}};
static const struct asg_option make_options[] = {
    {.name = "into",
     .old_name = "to",
     .type = ASG_OPTION_FILE,
     .value = "DIR",
     .help = "Folder to write into.",
     .default_text = "the present one"},
};

bool asg_is_key_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= 100 && name[0] != '.' && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        "._-") == length;
}

int asg_fail_key_name(struct asg_cli *cli, const char *name)
{
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "NAME cannot be \"%.80s\": use letters, digits, dots and dashes",
                        name);
}

/* What "keys make" made, for programs. */
struct made_view {
    const char *name;
    const char *public_key;
    const char *key_file;
    const char *public_file;
};
#define FIELD(field)                                                                     \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_TEXT,                                          \
        .offset = offsetof(struct made_view, field)                                      \
    }
static const struct asg_field made_fields[] = {FIELD(name), FIELD(public_key),
                                               FIELD(key_file), FIELD(public_file)};
static const struct asg_schema made_schema = {
    .name = "key_pair",
    .size = sizeof(struct made_view),
    .fields = made_fields,
    .field_count = sizeof made_fields / sizeof made_fields[0],
};

static int show_made(struct asg_cli *cli, const char *name, const char *path,
                     const char *listed, const char *public_key)
{
    const struct made_view view = {name, public_key, path, listed};
    if (cli->settings.output != ASG_OUTPUT_TABLE) {
        asg_cli_show_one(cli, &made_schema, &view, NULL, 0);
        return ASG_EXIT_OK;
    }
    asg_cli_print(cli->out, "%s\n", public_key);
    asg_cli_print(cli->err,
                  "%s: the key pair, for %s alone\n%s: the public key; copy it to the "
                  "controller's workers.d or admins.d\n",
                  path, name, listed);
    return ASG_EXIT_OK;
}

static int run_make(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *name = asg_argument_text(arguments, 0);
    const char *folder = asg_option_text(arguments, "into");
    if (folder == NULL) folder = ".";
    if (!asg_is_key_name(name)) return asg_fail_key_name(cli, name);
    const char *path = asg_arena_format(&cli->arena, "%s/%s.key", folder, name);
    if (access(path, F_OK) == 0) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED,
                            "%s exists already; move it away to create a new key", path);
    }
    struct asg_error error = {0};
    ASG_CLEANUP(asg_bus_keys_clear) struct asg_bus_keys keys = {0};
    enum asg_status status = asg_bus_keys_load_or_make(path, &keys, &error);
    if (status != ASG_OK) return asg_cli_fail_status(cli, status, &error);
    /* The list of a controller wants NAME.pub. */
    const char *made = asg_arena_format(&cli->arena, "%s.pub", path);
    const char *listed = asg_arena_format(&cli->arena, "%s/%s.pub", folder, name);
    if (rename(made, listed) != 0) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "cannot name %s %s: %s", made, listed,
                            strerror(errno));
    }
    return show_made(cli, name, path, listed, keys.public_key);
}

static const struct asg_argument file_argument[] = {
    {.name = "FILE", .help = "A key file or a public file.", .is_file = true}};

static int run_show(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_error error = {0};
    char key[ASG_BUS_KEY_SIZE];
    enum asg_status status =
        asg_bus_public_key_load(asg_argument_text(arguments, 0), key, &error);
    if (status != ASG_OK) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    }
    asg_cli_print(cli->out, "%s\n", key);
    return ASG_EXIT_OK;
}

static const struct asg_command_entry commands[] = {
    {.name = "keys make",
     .shows = &made_schema,
     .summary = "Create a CURVE key pair for a worker or an admin",
     .details = "Writes NAME.key (mode 0600, stays with its owner) and NAME.pub (goes "
                "into the controller's workers.d or admins.d). Shows the public key.",
     .examples = "openasg keys make admin --into ~/.config/openasg",
     ASG_ARGUMENTS(name_argument),
     ASG_OPTIONS(make_options),
     .run = run_make},
    {.name = "keys show",
     .summary = "Show the public key of a key file",
     .examples = "openasg keys show /var/lib/openasg/controller.key.pub",
     ASG_ARGUMENTS(file_argument),
     .run = run_show},
};

const struct asg_family asg_keys_family = ASG_FAMILY(commands);
