/* bundle_secrets - the secrets of this host that a bundle must not have. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/percent.h"
#include "base/safe_file.h"
#include "cli/doctor/bundle.h"
#include "crypto/crypto.h"

#define SECRET_MIN 8 /* shorter ones would take words out */
#define FILE_MAX   (size_t)(256 * 1024)

static void learn(struct asg_bundle *bundle, const char *text, size_t length)
{
    if (length < SECRET_MIN) return;
    void *items = bundle->secrets.items;
    const char **item =
        asg_arena_push(&bundle->cli->arena, &items, &bundle->secrets.count,
                       &bundle->secret_capacity, sizeof *item);
    bundle->secrets.items = items;
    *item = asg_arena_text_n(&bundle->cli->arena, text, length);
}

/* As it is written, and what that is decoded: an access key's secret is percent-encoded.
 */
static void learn_value(struct asg_bundle *bundle, const char *text, size_t length)
{
    learn(bundle, text, length);
    ASG_CLEANUP(asg_safe_bytes_clear) struct asg_bytes plain = {0};
    asg_percent_decode(text, length, /* plus_is_space */ false, &plain);
    if (plain.length != length) learn(bundle, (const char *)plain.data, plain.length);
}

/* Values behind `name` in a text, as key files, access keys, profiles of AWS and units'
 * environments write them: up to a blank, the line's end or the closing quote. */
static void learn_values(struct asg_bundle *bundle, const char *text, const char *name)
{
    for (const char *at = strstr(text, name); at != NULL; at = strstr(at, name)) {
        at += strlen(name);
        at += strspn(at, " \t");
        if (*at != '=' && *at != ':') continue;
        at++;
        at += strspn(at, " \t");
        bool is_quoted = *at == '"' || *at == '\'';
        const char end[] = {is_quoted ? *at : ' ', '\r', '\n', is_quoted ? '\0' : '\t',
                            '\0'};
        if (is_quoted) at++;
        size_t length = strcspn(at, end);
        learn_value(bundle, at, length);
        at += length;
    }
}

/* And PEM files have lines of base64. */
static void learn_file(struct asg_bundle *bundle, const char *path)
{
    static const char *const names[] = {"secret", "aws_secret_access_key",
                                        "aws_session_token", "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN"};
    const struct asg_safe_need need = {
        .what = "file", .length_max = FILE_MAX, .guard = ASG_SAFE_ANY};
    ASG_CLEANUP(asg_safe_bytes_clear) struct asg_bytes text = {0};
    struct asg_error error = {""};
    if (asg_safe_file_read(path, &need, &text, &error) != ASG_OK) return;
    const char *whole = asg_bytes_text(&text);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        learn_values(bundle, whole, names[i]);
    }
    if (strstr(whole, "PRIVATE KEY-----") == NULL) return;
    for (const char *line = whole; *line != '\0';) {
        size_t length = strcspn(line, "\r\n");
        if (line[0] != '-') learn(bundle, line, length);
        line += length;
        line += strspn(line, "\r\n");
    }
}

static void learn_folder(struct asg_bundle *bundle, const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) return;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        size_t length = strlen(entry->d_name);
        bool is_key = (length > 4 && strcmp(entry->d_name + length - 4, ".key") == 0) ||
                      (length > 4 && strcmp(entry->d_name + length - 4, ".old") == 0) ||
                      strcmp(entry->d_name, "api-keys") == 0;
        if (!is_key) continue;
        learn_file(bundle,
                   asg_arena_format(&bundle->cli->arena, "%s/%s", path, entry->d_name));
    }
    (void)closedir(folder);
}

void asg_bundle_learn_secrets(struct asg_bundle *bundle)
{
    static const char *const variables[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                            "AWS_CONTAINER_AUTHORIZATION_TOKEN"};
    const struct asg_cli_settings *settings = &bundle->cli->settings;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL) learn(bundle, value, strlen(value));
    }
    learn_file(bundle, settings->key_file);
    struct asg_arena *arena = &bundle->cli->arena;
    learn_file(bundle, asg_arena_format(arena, "%s/worker.env", bundle->etc));
    learn_file(bundle,
               asg_arena_format(arena, "%s/../default/openasg-worker", bundle->etc));
    learn_folder(bundle, settings->dir);
    learn_folder(bundle, "/var/lib/openasg-worker");
    const char *file = getenv("AWS_SHARED_CREDENTIALS_FILE");
    const char *home = getenv("HOME");
    if (file == NULL && home != NULL) {
        file = asg_arena_format(&bundle->cli->arena, "%s/.aws/credentials", home);
    }
    if (file != NULL) learn_file(bundle, file);
}

void asg_bundle_forget_secrets(struct asg_bundle *bundle)
{
    for (size_t i = 0; i < bundle->secrets.count; i++) {
        char *secret = (char *)(uintptr_t)bundle->secrets.items[i];
        asg_secret_wipe(secret, strlen(secret));
    }
    bundle->secrets.count = 0;
}
