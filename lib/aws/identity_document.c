#include "aws/identity_document.h"

#include <string.h>

#include "aws/json_texts.h"
#include "base/clock.h"

static bool take_text(const struct asg_json_member *member, const char *letters,
                      char ret[ASG_IDENTITY_TEXT_SIZE])
{
    const char *text = asg_secret_reveal(&member->value);
    size_t length = strlen(text);
    if (length == 0 || length >= ASG_IDENTITY_TEXT_SIZE ||
        strspn(text, letters) != length)
        return false;
    memcpy(ret, text, length + 1);
    return true;
}

/* The name of the first that is wrong; NULL: all are right. */
static const char *take_members(const struct asg_json_member *members,
                                struct asg_identity_document *ret)
{
    static const char hex_id[] = "i-0123456789abcdef";
    if (!take_text(&members[0], hex_id, ret->instance_id) ||
        strncmp(ret->instance_id, "i-", 2) != 0) {
        return members[0].name;
    }
    if (!take_text(&members[1], "0123456789", ret->account_id) ||
        strlen(ret->account_id) != 12) {
        return members[1].name;
    }
    if (!take_text(&members[2], "abcdefghijklmnopqrstuvwxyz0123456789-", ret->region))
        return members[2].name;
    if (!take_text(&members[3], "0123456789abcdefABCDEF.:", ret->private_ip))
        return members[3].name;
    ret->pending_ms = asg_time_parse(asg_secret_reveal(&members[4].value));
    return ret->pending_ms > 0 ? NULL : members[4].name;
}

enum asg_status asg_identity_document_read(const void *json, size_t length,
                                           struct asg_identity_document *ret,
                                           struct asg_error *error)
{
    struct asg_json_member members[] = {{.name = "instanceId"},
                                        {.name = "accountId"},
                                        {.name = "region"},
                                        {.name = "privateIp"},
                                        {.name = "pendingTime"}};
    const size_t count = sizeof members / sizeof members[0];
    if (asg_json_read_texts(json, length, members, count) != ASG_OK) {
        return asg_fail(error, ASG_ERR_MALFORMED, "the identity document is not JSON");
    }
    const char *wrong = take_members(members, ret);
    for (size_t i = 0; i < count; i++)
        asg_secret_clear(&members[i].value);
    if (wrong == NULL) return ASG_OK;
    return asg_fail(error, ASG_ERR_MALFORMED, "the identity document has no usable %s",
                    wrong);
}
