#include "bus/keys.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zmq.h>

#include "base/safe_file.h"
#include "crypto/crypto.h"

#define FILE_BYTES_MAX 512

void asg_bus_keys_new(struct asg_bus_keys *ret)
{
    (void)zmq_curve_keypair(ret->public_key, ret->secret_key);
}

void asg_bus_keys_clear(struct asg_bus_keys *keys)
{
    asg_secret_wipe(keys, sizeof *keys);
}

bool asg_bus_is_key(const char *text)
{
    uint8_t raw[32];
    return text != NULL && strlen(text) == ASG_BUS_KEY_SIZE - 1 &&
           zmq_z85_decode(raw, text) != NULL;
}

/* The word after "name: " on its line; false when there is none of 40 characters. */
static bool find_value(const char *text, const char *name, char ret[ASG_BUS_KEY_SIZE])
{
    const char *at = strstr(text, name);
    if (at == NULL) return false;
    at += strlen(name);
    at += strspn(at, " ");
    if (strcspn(at, "\r\n") != ASG_BUS_KEY_SIZE - 1) return false;
    memcpy(ret, at, ASG_BUS_KEY_SIZE - 1);
    ret[ASG_BUS_KEY_SIZE - 1] = '\0';
    return asg_bus_is_key(ret);
}

static enum asg_status read_file(const char *path, const struct asg_safe_need *need,
                                 struct asg_bytes *ret, struct asg_error *error)
{
    enum asg_status status = asg_safe_file_read(path, need, ret, error);
    if (status == ASG_OK) (void)asg_bytes_text(ret);
    return status;
}

enum asg_status asg_bus_public_key_save(const char *path, const char *key,
                                        struct asg_error *error)
{
    char text[FILE_BYTES_MAX];
    int length = snprintf(text, sizeof text, "public: %s\n", key);
    return asg_safe_file_replace(path, 0644, text, (size_t)length, error);
}

/* NAME.pub beside NAME.key, as `openasg keys make` has it; PATH.pub of others. */
static void name_stem(const char *path, char ret[ASG_SAFE_PATH_MAX])
{
    int stem = (int)strlen(path);
    if (stem > 4 && strcmp(path + stem - 4, ".key") == 0) stem -= 4;
    (void)snprintf(ret, ASG_SAFE_PATH_MAX, "%.*s.pub", stem, path);
}

static enum asg_status save_beside(const char *path, const char *key,
                                   struct asg_error *error)
{
    char public_path[ASG_SAFE_PATH_MAX];
    (void)snprintf(public_path, sizeof public_path, "%s.pub", path);
    return asg_bus_public_key_save(public_path, key, error);
}

static enum asg_status save_pair(const char *path, bool is_new,
                                 const struct asg_bus_keys *keys, struct asg_error *error)
{
    char text[FILE_BYTES_MAX];
    int length = snprintf(text, sizeof text, "public: %s\nsecret: %s\n", keys->public_key,
                          keys->secret_key);
    enum asg_status status =
        is_new ? asg_safe_file_make(path, 0600, text, (size_t)length, error)
               : asg_safe_file_replace(path, 0600, text, (size_t)length, error);
    asg_secret_wipe(text, sizeof text);
    return status;
}

static enum asg_status make_keys(const char *path, struct asg_bus_keys *ret,
                                 struct asg_error *error)
{
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    enum asg_status status = save_pair(path, /* is_new */ true, &keys, error);
    if (status == ASG_OK) status = save_beside(path, keys.public_key, error);
    if (status == ASG_OK) *ret = keys;
    asg_bus_keys_clear(&keys);
    return status;
}

/* A pair that does not belong together would fail later, as a handshake nobody hears. */
static bool is_pair(const struct asg_bus_keys *keys)
{
    char public_key[ASG_BUS_KEY_SIZE];
    return zmq_curve_public(public_key, keys->secret_key) == 0 &&
           strcmp(public_key, keys->public_key) == 0;
}

static bool holds(const char *public_path, const char *key, enum asg_status *ret_status)
{
    char present[ASG_BUS_KEY_SIZE];
    struct asg_error ignored;
    *ret_status = asg_bus_public_key_load(public_path, present, &ignored);
    return *ret_status == ASG_OK && strcmp(present, key) == 0;
}

/* PATH.pub was not written when one died after PATH, or is that of a key before; who may
 * not write there does without. NAME.pub beside NAME.key, as `openasg keys make` has it,
 * does as well. */
static void mend_public(const char *path, const char *key)
{
    char public_path[ASG_SAFE_PATH_MAX];
    enum asg_status status = ASG_OK;
    name_stem(path, public_path);
    if (holds(public_path, key, &status)) return;
    (void)snprintf(public_path, sizeof public_path, "%s.pub", path);
    if (holds(public_path, key, &status)) return;
    if (status != ASG_OK && status != ASG_ERR_NOT_FOUND) return;
    struct asg_error ignored;
    (void)!asg_bus_public_key_save(public_path, key, &ignored);
}

enum asg_status asg_bus_keys_load(const char *path, struct asg_bus_keys *ret,
                                  struct asg_error *error)
{
    const struct asg_safe_need need = {
        .what = "key file", .length_max = FILE_BYTES_MAX, .guard = ASG_SAFE_SECRET};
    struct asg_bytes text = {0};
    enum asg_status status = read_file(path, &need, &text, error);
    struct asg_bus_keys keys;
    bool is_good = status == ASG_OK &&
                   find_value((const char *)text.data, "public:", keys.public_key) &&
                   find_value((const char *)text.data, "secret:", keys.secret_key) &&
                   is_pair(&keys);
    asg_safe_bytes_clear(&text);
    if (is_good) *ret = keys;
    asg_bus_keys_clear(&keys);
    if (is_good || status != ASG_OK) return status;
    return asg_fail(
        error, ASG_ERR_MALFORMED,
        "%s is not a key file (two lines, `public: KEY` and `secret: KEY`, of one pair); "
        "move it away and a new one is created",
        path);
}

enum asg_status asg_bus_keys_load_or_make(const char *path, struct asg_bus_keys *ret,
                                          struct asg_error *error)
{
    enum asg_status status = asg_bus_keys_load(path, ret, error);
    if (status == ASG_ERR_NOT_FOUND) return make_keys(path, ret, error);
    if (status == ASG_OK) mend_public(path, ret->public_key);
    return status;
}

enum asg_status asg_bus_keys_replace(const char *path, struct asg_bus_keys *ret,
                                     struct asg_error *error)
{
    struct asg_bus_keys old;
    enum asg_status status = asg_bus_keys_load(path, &old, error);
    if (status != ASG_OK) return status;
    char old_path[ASG_SAFE_PATH_MAX];
    (void)snprintf(old_path, sizeof old_path, "%s.old", path);
    status = save_pair(old_path, /* is_new */ false, &old, error);
    asg_bus_keys_clear(&old);
    if (status != ASG_OK) return status;
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    status = save_pair(path, /* is_new */ false, &keys, error);
    char public_path[ASG_SAFE_PATH_MAX];
    name_stem(path, public_path);
    if (status == ASG_OK) {
        status = access(public_path, F_OK) == 0
                     ? asg_bus_public_key_save(public_path, keys.public_key, error)
                     : save_beside(path, keys.public_key, error);
    }
    if (status == ASG_OK) *ret = keys;
    asg_bus_keys_clear(&keys);
    return status;
}

static bool holds_secret(const char *text)
{
    return strstr(text, "secret:") != NULL || strstr(text, "PRIVATE KEY") != NULL;
}

static enum asg_status load_public(const char *path, bool is_own,
                                   char ret[ASG_BUS_KEY_SIZE], struct asg_error *error)
{
    const struct asg_safe_need need = {.what = "key file",
                                       .length_max = FILE_BYTES_MAX,
                                       .guard = ASG_SAFE_FIXED,
                                       .is_own = is_own};
    struct asg_bytes text = {0};
    enum asg_status status = read_file(path, &need, &text, error);
    const char *words = (const char *)text.data;
    bool is_private = status == ASG_OK && is_own && holds_secret(words);
    bool is_good = status == ASG_OK && !is_private && find_value(words, "public:", ret);
    asg_safe_bytes_clear(&text);
    if (is_private) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "%s: this is a private key, and a public one belongs there: "
                        "remove it, and rotate: make another pair (openasg keys make), "
                        "as others may have read this one",
                        path);
    }
    if (is_good || status != ASG_OK) return status;
    return asg_fail(error, ASG_ERR_MALFORMED, "%s holds no line `public: KEY`", path);
}

enum asg_status asg_bus_public_key_load(const char *path, char ret[ASG_BUS_KEY_SIZE],
                                        struct asg_error *error)
{
    return load_public(path, /* is_own */ false, ret, error);
}

enum asg_status asg_bus_public_key_load_own(const char *path, char ret[ASG_BUS_KEY_SIZE],
                                            struct asg_error *error)
{
    return load_public(path, /* is_own */ true, ret, error);
}
