#include "aws/ec2_reply.h"

#include <stdio.h>
#include <string.h>

#define BODY_KEPT ((size_t)64 * 1024) /* of room, from one answer to the next */

static void copy_cut(char *ret, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        /* Not in the middle of a character. */
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(ret, text, length);
    ret[length] = '\0';
}

static void on_root(void *context, const char *name)
{
    struct asg_ec2_reply *reply = context;
    copy_cut(reply->root, sizeof reply->root, name);
    reply->has_root = true;
    reply->is_error = strcmp(name, "Response") == 0 || strcmp(name, "ErrorResponse") == 0;
    size_t length = strlen(reply->action->name);
    reply->is_expected_root = strncmp(name, reply->action->name, length) == 0 &&
                              strcmp(name + length, "Response") == 0;
}

static bool is_request_id(const char *path)
{
    bool may_be_it = (path[0] | 0x20) == 'r' && path[1] == 'e' && path[2] == 'q';
    if (!may_be_it) return false; /* most are seen at once */
    return strcmp(path, "requestId") == 0 || strcmp(path, "RequestID") == 0 ||
           strcmp(path, "RequestId") == 0;
}

static bool on_wants(void *context, const char *path, size_t length)
{
    const struct asg_ec2_reply *reply = context;
    return !reply->is_expected_root || reply->action->wants == NULL ||
           is_request_id(path) || reply->action->wants(path, length);
}

static void on_begin(void *context, const char *path)
{
    struct asg_ec2_reply *reply = context;
    if (reply->is_expected_root && reply->action->begin != NULL) {
        reply->action->begin(reply->arena, reply->value, path);
    }
}

static void on_end(void *context, const char *path, const char *text, size_t length)
{
    struct asg_ec2_reply *reply = context;
    (void)length;
    if (is_request_id(path)) {
        copy_cut(reply->request_id, sizeof reply->request_id, text);
    } else if (reply->is_error) {
        if (strncmp(path, "Errors/", 7) == 0) path += 7;
        if (strcmp(path, "Error/Code") == 0 && reply->code[0] == '\0') {
            copy_cut(reply->code, sizeof reply->code, text);
        } else if (strcmp(path, "Error/Message") == 0 && reply->message[0] == '\0') {
            copy_cut(reply->message, sizeof reply->message, text);
        }
    } else if (reply->is_expected_root) {
        reply->action->end(reply->arena, reply->value, path, text);
    }
}

void asg_ec2_reply_begin(struct asg_ec2_reply *reply, const struct asg_ec2_action *action,
                         struct asg_arena *arena)
{
    struct asg_xml *xml = reply->xml;
    if (xml == NULL) {
        asg_xml_new(&(struct asg_xml_reader){.root = on_root,
                                             .wants = on_wants,
                                             .begin = on_begin,
                                             .end = on_end,
                                             .context = reply},
                    &xml);
    } else {
        asg_xml_restart(xml);
    }
    struct asg_bytes body = reply->body;
    if (body.capacity > BODY_KEPT) asg_bytes_clear(&body);
    asg_bytes_reset(&body);
    *reply = (struct asg_ec2_reply){
        .body = body,
        .action = action,
        .arena = arena,
        .xml = xml,
        .value = asg_arena_take(arena, action->reply_size),
    };
}

void asg_ec2_reply_compare(struct asg_ec2_reply *reply, struct asg_ec2_kept *kept,
                           const struct asg_bytes *question)
{
    reply->kept = kept;
    reply->question = question;
}

void asg_ec2_reply_clear(struct asg_ec2_reply *reply)
{
    asg_bytes_clear(&reply->body);
    asg_xml_destroy(&reply->xml);
    *reply = (struct asg_ec2_reply){0};
}

static enum asg_status read_on(struct asg_ec2_reply *reply, const void *data,
                               size_t length, bool is_last)
{
    enum asg_status status = asg_xml_feed(reply->xml, data, length, is_last);
    if (status == ASG_OK && is_last && !reply->is_error && !reply->is_expected_root) {
        return ASG_ERR_MALFORMED;
    }
    return status;
}

/* All of it is here: is it the last one again? */
static bool is_known(struct asg_ec2_reply *reply)
{
    const struct asg_ec2_kept_answer *answer =
        asg_ec2_kept_find(reply->kept, reply->question, &reply->body);
    if (answer == NULL) return false;
    reply->value = answer->value;
    reply->has_root = true;
    reply->is_expected_root = true;
    memcpy(reply->request_id, reply->body.data + answer->id_at, answer->id_length);
    reply->request_id[answer->id_length] = '\0';
    return true;
}

static enum asg_status read_gathered(struct asg_ec2_reply *reply)
{
    enum asg_status status =
        read_on(reply, reply->body.data, reply->body.length, /* is_last */ true);
    if (status == ASG_OK && reply->is_expected_root) {
        asg_ec2_kept_put(reply->kept, reply->question, &reply->body, reply->request_id,
                         reply->arena, reply->value);
    }
    return status;
}

enum asg_status asg_ec2_reply_feed(struct asg_ec2_reply *reply, const void *data,
                                   size_t length, bool is_last)
{
    if (reply->kept == NULL) return read_on(reply, data, length, is_last);
    if (length <= ASG_EC2_KEPT_MAX - reply->body.length) {
        asg_bytes_append(&reply->body, data, length);
        if (!is_last || is_known(reply)) return ASG_OK;
        return read_gathered(reply);
    }
    reply->kept = NULL; /* too much to keep */
    enum asg_status status =
        read_on(reply, reply->body.data, reply->body.length, /* is_last */ false);
    return status == ASG_OK ? read_on(reply, data, length, is_last) : status;
}
