#include "ec2local/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/secret.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "base/safe_file.h"
#include "crypto/crypto.h"

#define LINE_MAX_BYTES 8704 /* the longest session token and its name */
#define PATH_BYTES     4096

struct key {
    char id[132];
    struct asg_secret secret;
    struct asg_secret token; /* of the session; empty: the key has none */
};

struct asg_keys {
    struct key items[ASG_KEYS_MAX];
    size_t count;
};

void asg_keys_destroy(struct asg_keys **keys)
{
    if (*keys == NULL) return;
    for (size_t i = 0; i < (*keys)->count; i++) {
        asg_secret_clear(&(*keys)->items[i].secret);
        asg_secret_clear(&(*keys)->items[i].token);
    }
    free(*keys);
    *keys = NULL;
}

const char *asg_keys_find_secret(void *context, const char *access_key_id)
{
    struct asg_keys *keys = context;
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].id, access_key_id) != 0) continue;
        return asg_secret_reveal(&keys->items[i].secret);
    }
    return NULL;
}

const char *asg_keys_find_session_token(void *context, const char *access_key_id)
{
    struct asg_keys *keys = context;
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].id, access_key_id) != 0) continue;
        return asg_secret_reveal(&keys->items[i].token);
    }
    return NULL;
}

/* --- reading --- */

/* Cut blanks at both ends; returns where it begins. */
static char *trim(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL) {
        text[--length] = '\0';
    }
    return text;
}

/* Where the reading of a file is. */
struct reading {
    struct asg_keys *keys;
    size_t section_begin; /* keys there were before this section */
    char id[132];         /* of a key whose secret is still to come */
    struct asg_secret token;
};

static void take_secret(struct reading *reading, const char *value)
{
    struct asg_keys *keys = reading->keys;
    struct key *key = &keys->items[keys->count++];
    (void)snprintf(key->id, sizeof key->id, "%s", reading->id);
    asg_secret_set(&key->secret, value, strlen(value));
    const char *token = asg_secret_reveal(&reading->token);
    if (token[0] != '\0') asg_secret_set(&key->token, token, strlen(token));
    asg_secret_clear(&reading->token);
    reading->id[0] = '\0';
}

/* "aws_access_key_id = X" begins a key, "aws_secret_access_key = Y" completes it;
 * "aws_session_token = Z" of the same section belongs to it, before or behind. */
static void take_line(struct reading *reading, char *line)
{
    struct asg_keys *keys = reading->keys;
    char *text = trim(line);
    char *equals = strchr(text, '=');
    if (text[0] == '[') {
        reading->section_begin = keys->count;
        reading->id[0] = '\0';
        asg_secret_clear(&reading->token);
    }
    if (text[0] == '#' || text[0] == '[' || equals == NULL) return;
    *equals = '\0';
    const char *name = trim(text);
    const char *value = trim(equals + 1);
    if (strcmp(name, "aws_access_key_id") == 0) {
        (void)snprintf(reading->id, sizeof reading->id, "%s", value);
    } else if (strcmp(name, "aws_secret_access_key") == 0 && reading->id[0] != '\0' &&
               keys->count < ASG_KEYS_MAX) {
        take_secret(reading, value);
    } else if (strcmp(name, "aws_session_token") == 0) {
        bool is_behind = reading->id[0] == '\0' && keys->count > reading->section_begin;
        struct asg_secret *token =
            is_behind ? &keys->items[keys->count - 1].token : &reading->token;
        asg_secret_set(token, value, strlen(value));
    }
}

static enum asg_status check_mode(FILE *file, const char *path, struct asg_error *error)
{
    struct stat found;
    if (fstat(fileno(file), &found) != 0 || (found.st_mode & 077) != 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s can be read by others; chmod 600 it first", path);
    }
    return ASG_OK;
}

static enum asg_status read_file(struct asg_keys *keys, const char *path,
                                 struct asg_error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return asg_fail(error, ASG_ERR_IO, "cannot read keys from %s: %s", path,
                        strerror(errno));
    }
    enum asg_status status = check_mode(file, path, error);
    char line[LINE_MAX_BYTES];
    struct reading reading = {.keys = keys};
    while (status == ASG_OK && fgets(line, sizeof line, file) != NULL) {
        take_line(&reading, line);
    }
    asg_secret_clear(&reading.token);
    asg_secret_wipe(line, sizeof line);
    (void)fclose(file);
    if (status == ASG_OK && keys->count == 0) {
        status =
            asg_fail(error, ASG_ERR_INVALID,
                     "%s holds no aws_access_key_id with an aws_secret_access_key", path);
    }
    return status;
}

/* --- making --- */

static enum asg_status write_new(const char *path, struct asg_error *error)
{
    unsigned char noise[8 + 30];
    asg_random_bytes(noise, sizeof noise);
    char id[17];
    char secret[41];
    asg_hex_encode(noise, 8, id);
    for (char *at = id; *at != '\0'; at++) {
        if (*at >= 'a') *at = (char)(*at - 'a' + 'A'); /* key ids are upper case */
    }
    asg_base64_encode(noise + 8, 30, secret);
    struct asg_bytes text = {0};
    asg_bytes_printf(&text,
                     "[default]\naws_access_key_id = AKIA%s\n"
                     "aws_secret_access_key = %s\n",
                     id, secret);
    enum asg_status status =
        asg_safe_file_make(path, 0600, text.data, text.length, error);
    asg_safe_bytes_clear(&text);
    asg_secret_wipe(secret, sizeof secret);
    asg_secret_wipe(noise, sizeof noise);
    return status;
}

static enum asg_status fill(struct asg_keys *keys, const char *keys_file,
                            const char *folder, struct asg_error *error)
{
    if (keys_file[0] != '\0') return read_file(keys, keys_file, error);
    const char *id = getenv("AWS_ACCESS_KEY_ID");
    const char *secret = getenv("AWS_SECRET_ACCESS_KEY");
    if (id != NULL && secret != NULL && id[0] != '\0' && secret[0] != '\0') {
        struct key *key = &keys->items[keys->count++];
        (void)snprintf(key->id, sizeof key->id, "%s", id);
        asg_secret_set(&key->secret, secret, strlen(secret));
        const char *token = getenv("AWS_SESSION_TOKEN");
        if (token != NULL) asg_secret_set(&key->token, token, strlen(token));
        return ASG_OK;
    }
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/credentials", folder);
    if (access(path, F_OK) != 0) {
        enum asg_status status = write_new(path, error);
        if (status != ASG_OK) return status;
    }
    return read_file(keys, path, error);
}

enum asg_status asg_keys_new(const char *keys_file, const char *folder,
                             struct asg_keys **ret, struct asg_error *error)
{
    struct asg_keys *keys = asg_alloc(1, sizeof *keys);
    enum asg_status status = fill(keys, keys_file, folder, error);
    if (status != ASG_OK) {
        asg_keys_destroy(&keys);
        return status;
    }
    *ret = keys;
    return ASG_OK;
}
