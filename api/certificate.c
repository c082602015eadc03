#include "api/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"

#define BYTES_MAX ((size_t)256 * 1024)

static enum asg_status fail(struct asg_error *error, const char *setting,
                            const char *path)
{
    return asg_fail(error, ASG_ERR_IO, "cannot read %s %s: %s", setting, path,
                    strerror(errno));
}

static enum asg_status read_all(int file, const char *setting, const char *path,
                                struct asg_bytes *ret, struct asg_error *error)
{
    uint8_t *room = asg_bytes_reserve(ret, BYTES_MAX + 1); /* no growing copies a key */
    ssize_t got = 1;
    while (got > 0 && ret->length < BYTES_MAX) {
        got = read(file, room + ret->length, BYTES_MAX - ret->length);
        if (got < 0) return fail(error, setting, path);
        ret->length += (size_t)got;
    }
    return ASG_OK;
}

static enum asg_status read_file(const char *setting, const char *path, bool is_secret,
                                 struct asg_bytes *ret, struct asg_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return fail(error, setting, path);
    struct stat info;
    enum asg_status status = ASG_OK;
    if (fstat(file, &info) != 0) {
        status = fail(error, setting, path);
    } else if (is_secret && (info.st_mode & 007) != 0) {
        status =
            asg_fail(error, ASG_ERR_DENIED,
                     "%s %s may be read by everyone (mode %03o); `chmod 640` or `chmod "
                     "600` it, and create a new one if someone may have seen it",
                     setting, path, (unsigned)info.st_mode & 0777);
    } else {
        status = read_all(file, setting, path, ret, error);
    }
    (void)close(file);
    return status;
}

enum asg_status asg_certificate_read(const char *certificate_path,
                                     const char *private_key_path,
                                     struct asg_bytes *ret_certificate,
                                     struct asg_bytes *ret_key, struct asg_error *error)
{
    enum asg_status status = read_file("api.certificate", certificate_path,
                                       /* is_secret */ false, ret_certificate, error);
    if (status != ASG_OK) return status;
    return read_file("api.private_key", private_key_path, /* is_secret */ true, ret_key,
                     error);
}

void asg_certificate_clear_key(struct asg_bytes *key)
{
    if (key->length > 0) asg_secret_wipe(key->data, key->length);
    asg_bytes_clear(key);
}
