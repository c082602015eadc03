#include "bus/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zmq.h>

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

static enum asg_status read_file(const char *path, bool is_secret,
                                 char ret[FILE_BYTES_MAX], struct asg_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        enum asg_status status = errno == ENOENT ? ASG_ERR_NOT_FOUND : ASG_ERR_IO;
        return asg_fail(error, status, "cannot read key file %s: %s", path,
                        strerror(errno));
    }
    struct stat info;
    ssize_t length = -1;
    if (fstat(file, &info) == 0) length = read(file, ret, FILE_BYTES_MAX - 1);
    (void)close(file);
    if (length < 0) {
        return asg_fail(error, ASG_ERR_IO, "cannot read key file %s: %s", path,
                        strerror(errno));
    }
    ret[length] = '\0';
    if (is_secret && (info.st_mode & 077) != 0) {
        asg_secret_wipe(ret, FILE_BYTES_MAX);
        return asg_fail(
            error, ASG_ERR_DENIED,
            "key file %s may be read by others (mode %03o); chmod 600 it, and "
            "make a new key if somebody may have seen it",
            path, (unsigned)info.st_mode & 0777);
    }
    return ASG_OK;
}

static enum asg_status write_file(const char *path, mode_t mode, const char *text,
                                  struct asg_error *error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) {
        return asg_fail(error, ASG_ERR_IO, "cannot make key file %s: %s", path,
                        strerror(errno));
    }
    size_t length = strlen(text);
    bool is_written = write(file, text, length) == (ssize_t)length && fsync(file) == 0;
    int code = errno;
    if (close(file) != 0) is_written = false;
    if (is_written) return ASG_OK;
    (void)unlink(path);
    return asg_fail(error, ASG_ERR_IO, "cannot write key file %s: %s", path,
                    strerror(code));
}

enum asg_status asg_bus_public_key_save(const char *path, const char *key,
                                        struct asg_error *error)
{
    char text[FILE_BYTES_MAX];
    (void)snprintf(text, sizeof text, "public: %s\n", key);
    (void)unlink(path);
    return write_file(path, 0644, text, error);
}

static enum asg_status make_keys(const char *path, struct asg_bus_keys *ret,
                                 struct asg_error *error)
{
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    char text[FILE_BYTES_MAX];
    (void)snprintf(text, sizeof text, "public: %s\nsecret: %s\n", keys.public_key,
                   keys.secret_key);
    enum asg_status status = write_file(path, 0600, text, error);
    asg_secret_wipe(text, sizeof text);
    if (status == ASG_OK) {
        char public_path[4096];
        (void)snprintf(public_path, sizeof public_path, "%s.pub", path);
        status = asg_bus_public_key_save(public_path, keys.public_key, error);
    }
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

enum asg_status asg_bus_keys_load_or_make(const char *path, struct asg_bus_keys *ret,
                                          struct asg_error *error)
{
    char text[FILE_BYTES_MAX];
    enum asg_status status = read_file(path, /* is_secret */ true, text, error);
    if (status == ASG_ERR_NOT_FOUND) return make_keys(path, ret, error);
    if (status != ASG_OK) return status;
    struct asg_bus_keys keys;
    bool is_good = find_value(text, "public:", keys.public_key) &&
                   find_value(text, "secret:", keys.secret_key) && is_pair(&keys);
    asg_secret_wipe(text, sizeof text);
    if (is_good) *ret = keys;
    asg_bus_keys_clear(&keys);
    if (is_good) return ASG_OK;
    return asg_fail(
        error, ASG_ERR_MALFORMED,
        "%s is no key file (two lines, `public: KEY` and `secret: KEY`, of one pair); "
        "move it away and a new one is made",
        path);
}

enum asg_status asg_bus_public_key_load(const char *path, char ret[ASG_BUS_KEY_SIZE],
                                        struct asg_error *error)
{
    char text[FILE_BYTES_MAX];
    enum asg_status status = read_file(path, /* is_secret */ false, text, error);
    if (status != ASG_OK) return status;
    bool is_good = find_value(text, "public:", ret);
    asg_secret_wipe(text, sizeof text);
    if (is_good) return ASG_OK;
    return asg_fail(error, ASG_ERR_MALFORMED, "%s holds no line `public: KEY`", path);
}
