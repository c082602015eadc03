/* command_api_keys - access keys of the Auto Scaling API, in the controller's file. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "cli/ask/ask_yes.h"
#include "cli/commands.h"
#include "cli/show/show_result.h"
#include "crypto/access_keys.h"
#include "crypto/crypto.h"

static const struct asg_argument name_argument[] = {
    {.name = "NAME",
     .help = "Owner of the key (ann, terraform): decisions and the log name it."}};

#define FILE_OPTION                                                                      \
    {                                                                                    \
        .name = "file", .type = ASG_OPTION_FILE, .value = "FILE",                        \
        .help = "The controller's file of keys (its api.keys).",                         \
        .default_text = "api-keys in dir"                                                \
    }

static const struct asg_option make_options[] = {
    {.name = "read-only",
     .type = ASG_OPTION_FLAG,
     .help = "Read-only: the key may call Describe* actions only."},
    {.name = "actions",
     .type = ASG_OPTION_TEXTS,
     .value = "NAMES",
     .help = "Actions it may call: names, or beginnings that end in *.",
     .default_text = "*"},
    {.name = "groups",
     .type = ASG_OPTION_TEXTS,
     .value = "NAMES",
     .help = "Groups and launch configurations it may change: names, or beginnings that "
             "end in *. Describing is not limited to them, as with AWS.",
     .default_text = "*"},
    {.name = "existing",
     .type = ASG_OPTION_FLAG,
     .help = "Allow the key of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
             "environment instead of a new one, so that one pair signs for EC2 as well."},
    {.name = "endpoint",
     .type = ASG_OPTION_TEXT,
     .value = "URL",
     .help = "Of the API, for the lines that are printed.",
     .default_text = "what the controller of dir serves, else http://127.0.0.1:7706"},
    {.name = "region",
     .type = ASG_OPTION_TEXT,
     .value = "REGION",
     .help = "The controller's region, for the lines that are printed.",
     .default_text = "that of the controller of dir, else us-east-1"},
    FILE_OPTION,
};
static const struct asg_option file_options[] = {FILE_OPTION};
static const struct asg_option remove_options[] = {FILE_OPTION, ASG_YES_OPTION};

static const char *path_of(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    const char *path = asg_option_text(arguments, "file");
    if (path != NULL) return path;
    return asg_arena_format(&cli->arena, "%s/api-keys", cli->settings.dir);
}

/* ---- keys make-api ---- */

/* A line for a shell; what it would read as more than letters stands in quotes. */
static void print_export(FILE *out, const char *name, const char *value)
{
    assert(value != NULL);
    size_t size = ASG_SHELL_WORD_SIZE(strlen(value));
    char *word = asg_alloc(1, size);
    (void)fprintf(out, "export %s=%s\n", name, asg_shell_word(value, word, size));
    asg_secret_wipe(word, size);
    free(word);
}

struct made {
    char id[ASG_ACCESS_KEY_ID_SIZE];
    char secret[ASG_ACCESS_KEY_SECRET_SIZE];
    struct asg_access_key key;
};

static int take_existing(struct asg_cli *cli, struct asg_access_key *key)
{
    key->access_key_id = getenv("AWS_ACCESS_KEY_ID");
    key->secret = getenv("AWS_SECRET_ACCESS_KEY");
    key->session_token = getenv("AWS_SESSION_TOKEN");
    if (key->access_key_id != NULL && key->secret != NULL) return ASG_EXIT_OK;
    return asg_cli_fail(
        cli, ASG_EXIT_USAGE,
        "--existing takes AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from "
        "the environment, where %s is not set",
        key->access_key_id == NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
}

static void take_patterns(const struct asg_arguments *arguments, const char *option,
                          const char *const *otherwise, const char *const **ret,
                          size_t *ret_count)
{
    struct asg_texts texts = asg_option_texts(arguments, option);
    *ret = texts.count > 0 ? texts.items : otherwise;
    *ret_count = texts.count > 0 ? texts.count : 1;
}

static int fill_key(struct asg_cli *cli, const struct asg_arguments *arguments,
                    struct made *made)
{
    static const char *const all[] = {"*"};
    static const char *const reading[] = {"Describe*"};
    struct asg_access_key *key = &made->key;
    bool is_reader = asg_option_flag(arguments, "read-only");
    if (is_reader && asg_option_is_set(arguments, "actions")) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--read-only says which actions; leave out --actions");
    }
    key->name = asg_argument_text(arguments, 0);
    take_patterns(arguments, "actions", is_reader ? reading : all, &key->actions,
                  &key->action_count);
    take_patterns(arguments, "groups", all, &key->groups, &key->group_count);
    if (asg_option_flag(arguments, "existing")) return take_existing(cli, key);
    asg_access_key_draw(made->id, made->secret);
    key->access_key_id = made->id;
    key->secret = made->secret;
    return ASG_EXIT_OK;
}

struct where {
    char url[512];
    char region[64];
};

/* As the options say, else as the controller has noted it beside its keys. */
static struct where find_where(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    struct where where = {.url = "http://127.0.0.1:7706", .region = "us-east-1"};
    struct where noted;
    FILE *file =
        fopen(asg_arena_format(&cli->arena, "%s/api-endpoint", cli->settings.dir), "re");
    if (file != NULL) {
        if (fscanf(file, "%511s %63s", noted.url, noted.region) == 2) where = noted;
        (void)fclose(file);
    }
    const char *url = asg_option_text(arguments, "endpoint");
    const char *region = asg_option_text(arguments, "region");
    if (url != NULL) (void)snprintf(where.url, sizeof where.url, "%s", url);
    if (region != NULL) (void)snprintf(where.region, sizeof where.region, "%s", region);
    return where;
}

static int make(struct asg_cli *cli, const struct asg_arguments *arguments,
                struct made *made)
{
    int code = fill_key(cli, arguments, made);
    if (code != ASG_EXIT_OK) return code;
    const char *path = path_of(cli, arguments);
    struct asg_error error = {""};
    enum asg_status status = asg_access_keys_add(path, &made->key, &error);
    if (status == ASG_ERR_MALFORMED) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "the key cannot be added to %s: %s",
                            path, error.text);
    }
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    const struct asg_access_key *key = &made->key;
    const struct where where = find_where(cli, arguments);
    print_export(cli->out, "AWS_ACCESS_KEY_ID", key->access_key_id);
    print_export(cli->out, "AWS_SECRET_ACCESS_KEY", key->secret);
    if (key->session_token != NULL && key->session_token[0] != '\0') {
        print_export(cli->out, "AWS_SESSION_TOKEN", key->session_token);
    }
    print_export(cli->out, "AWS_ENDPOINT_URL_AUTO_SCALING", where.url);
    print_export(cli->out, "AWS_DEFAULT_REGION", where.region);
    print_export(cli->out, "AWS_REGION", where.region);
    asg_cli_print(cli->err,
                  "%s: key of \"%s\" added, valid immediately; its secret is not "
                  "shown again\n",
                  path, key->name);
    return ASG_EXIT_OK;
}

static int run_make(void *context, const struct asg_arguments *arguments)
{
    struct made made = {.id = ""};
    int code = make(context, arguments, &made);
    asg_secret_wipe(&made, sizeof made);
    return code;
}

/* ---- keys list-api, keys remove-api ---- */

struct key_view {
    const char *name;
    const char *access_key_id;
    bool has_session_token;
    struct asg_texts actions;
    struct asg_texts groups;
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct key_view, field)                                       \
    }
static const struct asg_field key_fields[] = {
    FIELD(TEXT, name),     FIELD(TEXT, access_key_id), FIELD(BOOL, has_session_token),
    FIELD(TEXTS, actions), FIELD(TEXTS, groups),
};
static const struct asg_schema key_schema = {
    .name = "api_key",
    .size = sizeof(struct key_view),
    .fields = key_fields,
    .field_count = sizeof key_fields / sizeof key_fields[0],
};
static const struct asg_render_column list_columns[] = {
    {"NAME", "name", NULL, false},
    {"ACCESS KEY ID", "access_key_id", NULL, false},
    {"ACTIONS", "actions", NULL, false},
    {"GROUPS", "groups", NULL, false},
};

static struct asg_texts copy_patterns(struct asg_arena *arena,
                                      const char *const *patterns, size_t count)
{
    struct asg_texts texts = {
        .items = asg_arena_take(arena, (count + 1) * sizeof *texts.items),
        .count = count};
    for (size_t i = 0; i < count; i++) {
        texts.items[i] = asg_arena_text(arena, patterns[i]);
    }
    return texts;
}

static int run_list(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_access_keys keys = {.count = 0};
    struct asg_error error = {""};
    enum asg_status status = asg_access_keys_load(path_of(cli, arguments), &keys, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    struct key_view *views =
        asg_arena_take(&cli->arena, (keys.count + 1) * sizeof *views);
    for (size_t i = 0; i < keys.count; i++) {
        const struct asg_access_key *key = &keys.items[i];
        views[i] = (struct key_view){
            .name = asg_arena_text(&cli->arena, key->name),
            .access_key_id = asg_arena_text(&cli->arena, key->access_key_id),
            .has_session_token = key->session_token[0] != '\0',
            .actions = copy_patterns(&cli->arena, key->actions, key->action_count),
            .groups = copy_patterns(&cli->arena, key->groups, key->group_count)};
    }
    size_t count = keys.count;
    asg_access_keys_clear(&keys);
    return asg_cli_show_list(cli, &key_schema, views, count, ASG_COLUMNS(list_columns));
}

static int run_remove(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_error error = {""};
    const char *name = asg_argument_text(arguments, 0);
    const char *path = path_of(cli, arguments);
    int code = asg_cli_ask_yes_here(cli, arguments,
                                    "remove the key of \"%s\" from %s; its clients are "
                                    "refused immediately",
                                    name, path);
    if (code != ASG_EXIT_OK) return code;
    if (asg_access_keys_remove(path, name, &error) != ASG_OK) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    }
    const struct asg_done done = {
        .kind = "api-key",
        .name = name,
        .is_changed = true,
        .message = asg_arena_format(&cli->arena,
                                    "%s: key of \"%s\" removed; the controller refuses "
                                    "it within seconds",
                                    path, name)};
    return asg_cli_result(cli, &done);
}

static const struct asg_command_entry commands[] = {
    {.name = "keys make-api",
     .summary = "Create an access key of the Auto Scaling API",
     .details =
         "Adds a key to the controller's file of keys and prints, only this once, what "
         "a shell needs for aws, boto3 and other clients of EC2 Auto Scaling. The "
         "controller accepts the key immediately. Run this on the host that has the "
         "file, as its owner or as root.",
     .examples = "eval \"$(openasg keys make-api ann)\"\n"
                 "openasg keys make-api grafana --read-only\n"
                 "openasg keys make-api team-a --groups 'team-a-*' --endpoint "
                 "https://asg.example.com:7706",
     ASG_ARGUMENTS(name_argument),
     ASG_OPTIONS(make_options),
     .run = run_make},
    {.name = "keys list-api",
     .is_list = true,
     .shows = &key_schema,
     .summary = "List the access keys of the Auto Scaling API, without their secrets",
     .examples = "openasg keys list-api",
     ASG_OPTIONS(file_options),
     .run = run_list},
    {.name = "keys remove-api",
     .shows = &asg_done_schema,
     .summary = "Remove an access key of the Auto Scaling API",
     .examples = "openasg keys remove-api ann",
     ASG_ARGUMENTS(name_argument),
     ASG_OPTIONS(remove_options),
     .run = run_remove},
};

const struct asg_family asg_api_keys_family = ASG_FAMILY(commands);
