/* attached_user_data - user data that the controller keeps and sends along with a job: of
 * a template that is made, or of a launch without one. */
#include <string.h>

#include "crypto/crypto.h"
#include "worker/task.h"

/* What came along is what was decided on. */
static bool is_right(const struct asg_task *task, const char *sha256)
{
    const struct asg_blob *user_data = &task->message.attachment;
    if (sha256 == NULL || sha256[0] == '\0') return user_data->length == 0;
    uint8_t hash[ASG_SHA256_BYTES];
    char hex[ASG_SHA256_HEX_SIZE];
    asg_sha256(user_data->data, user_data->length, hash);
    asg_hex_encode(hash, sizeof hash, hex);
    return strcmp(hex, sha256) == 0;
}

bool asg_task_attached(struct asg_task *task, const char *sha256, const char **ret)
{
    const struct asg_blob *user_data = &task->message.attachment;
    if (!is_right(task, sha256)) {
        asg_task_end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgUserData",
                     "the user data that came with the job has another checksum than the "
                     "template or launch configuration: save that again");
        return false;
    }
    if (user_data->length > ASG_EC2_USER_DATA_MAX) {
        asg_task_end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgUserData",
                     "the user data is larger than the 16 KiB that EC2 takes");
        return false;
    }
    *ret = "";
    if (user_data->length == 0) return true;
    char *text = asg_arena_take(&task->arena, 4 * ((user_data->length + 2) / 3) + 1);
    asg_base64_encode(user_data->data, user_data->length, text);
    *ret = text;
    return true;
}
