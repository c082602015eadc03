#include "aws/credentials.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

/* What a profile may hold that we cannot serve yet. */
static const char *const unserved[] = {"role_arn", "credential_process", "sso_session",
                                       "sso_start_url", "web_identity_token_file"};

struct found_profile {
    bool is_there;
    char *key_id; /* these point into the text of the file */
    char *secret;
    char *token;
    const char *unserved;
};

static void wipe_file(struct asg_bytes *text)
{
    if (text->data != NULL) asg_secret_wipe(text->data, text->length);
    asg_bytes_clear(text);
}

static enum asg_status read_whole_file(const char *path, struct asg_bytes *ret,
                                       struct asg_error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL && (errno == ENOENT || errno == ENOTDIR)) return ASG_ERR_NOT_FOUND;
    if (file == NULL) {
        return asg_fail(error, ASG_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    }
    uint8_t *data = asg_bytes_reserve(ret, ASG_CREDENTIALS_FILE_MAX + 1);
    ret->length = fread(data, 1, ASG_CREDENTIALS_FILE_MAX + 1, file);
    bool has_failed = ferror(file) != 0;
    (void)fclose(file);
    if (has_failed) {
        return asg_fail(error, ASG_ERR_IO,
                        "cannot read %s: it is a folder, or the disk "
                        "failed",
                        path);
    }
    if (ret->length > ASG_CREDENTIALS_FILE_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "%s is larger than %d bytes", path,
                        ASG_CREDENTIALS_FILE_MAX);
    }
    return ASG_OK;
}

/* Cut blanks off both ends, in place. */
static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL) {
        length--;
    }
    text[length] = '\0';
    return text;
}

static void take_setting(char *line, struct found_profile *ret)
{
    char *equals = strchr(line, '=');
    if (equals == NULL) return;
    *equals = '\0';
    const char *name = trim(line);
    char *value = trim(equals + 1);
    if (strcmp(name, "aws_access_key_id") == 0) ret->key_id = value;
    if (strcmp(name, "aws_secret_access_key") == 0) ret->secret = value;
    if (strcmp(name, "aws_session_token") == 0) ret->token = value;
    for (size_t i = 0; i < sizeof unserved / sizeof unserved[0]; i++) {
        if (strcmp(name, unserved[i]) == 0) ret->unserved = unserved[i];
    }
}

/* Lines of an INI file: [profile], name = value, # or ; begins a comment line. A line
 * that begins with a blank belongs to a nested setting and is passed over. */
static void find_profile(char *text, const char *profile, struct found_profile *ret)
{
    bool is_ours = false;
    char *rest = text;
    char *line = NULL;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '#' || line[0] == ';' || line[0] == ' ' || line[0] == '\t') {
            continue;
        }
        if (line[0] == '[') {
            char *end = strchr(line, ']');
            if (end == NULL) continue;
            *end = '\0';
            is_ours = strcmp(trim(line + 1), profile) == 0;
            ret->is_there = ret->is_there || is_ours;
        } else if (is_ours) {
            take_setting(line, ret);
        }
    }
}

static enum asg_status use_profile(const struct found_profile *found, const char *profile,
                                   bool is_named, const char *path,
                                   struct asg_credentials *ret, struct asg_error *error)
{
    if (!found->is_there) {
        if (!is_named) return ASG_ERR_NOT_FOUND;
        return asg_fail(error, ASG_ERR_INVALID,
                        "AWS_PROFILE names \"%s\", but %s has no [%s]", profile, path,
                        profile);
    }
    bool has_key_id = found->key_id != NULL && found->key_id[0] != '\0';
    bool has_secret = found->secret != NULL && found->secret[0] != '\0';
    if (has_key_id && has_secret) {
        asg_credentials_set(ret, found->key_id, found->secret, found->token, "profile");
        return ASG_OK;
    }
    if (found->unserved != NULL) {
        return asg_fail(
            error, ASG_ERR_UNSUPPORTED,
            "profile [%s] of %s uses %s, which openasg cannot do yet: give it "
            "aws_access_key_id and aws_secret_access_key",
            profile, path, found->unserved);
    }
    return asg_fail(error, ASG_ERR_INVALID, "profile [%s] of %s has no %s", profile, path,
                    has_key_id ? "aws_secret_access_key" : "aws_access_key_id");
}

static enum asg_status fetch(void *context, struct asg_credentials *ret,
                             struct asg_error *error)
{
    (void)context;
    const char *profile = getenv("AWS_PROFILE");
    bool is_named = profile != NULL && profile[0] != '\0';
    if (!is_named) profile = "default";
    const char *path = getenv("AWS_SHARED_CREDENTIALS_FILE");
    struct asg_bytes home_path = {0};
    if (path == NULL || path[0] == '\0') {
        const char *home = getenv("HOME");
        if (home == NULL || home[0] == '\0') return ASG_ERR_NOT_FOUND;
        asg_bytes_printf(&home_path, "%s/.aws/credentials", home);
        path = asg_bytes_text(&home_path);
    }

    struct asg_bytes text = {0};
    struct found_profile found = {0};
    enum asg_status status = read_whole_file(path, &text, error);
    if (status == ASG_OK) {
        (void)asg_bytes_text(&text); /* closes it with a zero */
        find_profile((char *)text.data, profile, &found);
    }
    if (status == ASG_OK || (status == ASG_ERR_NOT_FOUND && is_named)) {
        status = use_profile(&found, profile, is_named, path, ret, error);
    }
    wipe_file(&text);
    asg_bytes_clear(&home_path);
    return status;
}

struct asg_credentials_provider asg_credentials_profile(void)
{
    return (struct asg_credentials_provider){.name = "profile", .fetch = fetch};
}
