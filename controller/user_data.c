/* user_data - texts of launch templates and launch configurations on their way to a
 * worker: in files named by their hash, mode 0600, because a log must hold no secret
 * (docs/rules.md, "Secrets"). Threads: any; two may save the same text at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/safe_file.h"
#include "controller/parts.h"
#include "crypto/crypto.h"

#define USER_DATA_MAX 16384 /* EC2's limit, before base64 */

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
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    enum asg_status status =
        asg_safe_file_replace(path, 0600, text.data, text.length, error);
    if (status != ASG_OK) return asg_fail_wrap(error, status, "user data");
    memcpy(ret_sha256, name, sizeof name);
    return ASG_OK;
}

enum asg_status asg_user_data_load(const char *folder, const char *sha256,
                                   struct asg_arena *arena, struct asg_blob *ret,
                                   struct asg_error *error)
{
    uint8_t wanted[ASG_SHA256_BYTES];
    if (asg_hex_decode(sha256, wanted, sizeof wanted) != ASG_OK) {
        return asg_fail(error, ASG_ERR_INVALID, "'%s' is not a SHA-256", sha256);
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
