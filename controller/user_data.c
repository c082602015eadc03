/* user_data - texts of launch templates and launch configurations on their way to a
 * worker: in files named by their hash, mode 0600, because a log must hold no secret
 * (docs/rules.md, "Secrets"). Threads: any; two may save the same text at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/parts.h"
#include "crypto/crypto.h"

#define USER_DATA_MAX 16384 /* EC2's limit, before base64 */

static enum asg_status write_whole(int file, struct asg_blob text)
{
    bool is_written =
        write(file, text.data, text.length) == (ssize_t)text.length && fsync(file) == 0;
    return is_written ? ASG_OK : ASG_ERR_IO;
}

enum asg_status asg_user_data_save(const char *folder, struct asg_blob text,
                                   char ret_sha256[65], struct asg_error *error)
{
    if (text.length > USER_DATA_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT,
                        "user data of %zu bytes is over EC2's limit of %d", text.length,
                        USER_DATA_MAX);
    }
    uint8_t hash[ASG_SHA256_BYTES];
    asg_sha256(text.data, text.length, hash);
    char name[ASG_SHA256_HEX_SIZE];
    asg_hex_encode(hash, sizeof hash, name);
    char path[ASG_PATH_MAX];
    char fresh[ASG_PATH_MAX + 32];
    static atomic_uint saves;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(fresh, sizeof fresh, "%s.new%u", path, atomic_fetch_add(&saves, 1));
    (void)unlink(fresh);
    int file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum asg_status status = file < 0 ? ASG_ERR_IO : write_whole(file, text);
    if (file >= 0 && close(file) != 0) status = ASG_ERR_IO;
    if (status == ASG_OK && rename(fresh, path) != 0) status = ASG_ERR_IO;
    if (status != ASG_OK) {
        return asg_fail(error, status, "cannot keep user data in %s: %s", folder,
                        strerror(errno));
    }
    memcpy(ret_sha256, name, sizeof name);
    return ASG_OK;
}

enum asg_status asg_user_data_load(const char *folder, const char *sha256,
                                   struct asg_arena *arena, struct asg_blob *ret,
                                   struct asg_error *error)
{
    uint8_t wanted[ASG_SHA256_BYTES];
    if (asg_hex_decode(sha256, wanted, sizeof wanted) != ASG_OK) {
        return asg_fail(error, ASG_ERR_INVALID, "'%s' is no SHA-256", sha256);
    }
    char path[ASG_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", folder, sha256);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return asg_fail(error, ASG_ERR_NOT_FOUND, "user data %s: %s", path,
                        strerror(errno));
    }
    uint8_t *text = asg_arena_take(arena, USER_DATA_MAX);
    ssize_t length = read(file, text, USER_DATA_MAX);
    (void)close(file);
    uint8_t hash[ASG_SHA256_BYTES];
    if (length >= 0) asg_sha256(text, (size_t)length, hash);
    if (length < 0 || memcmp(hash, wanted, sizeof hash) != 0) {
        return asg_fail(error, ASG_ERR_CORRUPT, "user data %s was altered", path);
    }
    *ret = (struct asg_blob){.data = text, .length = (size_t)length};
    return ASG_OK;
}
