#include "ec2local/role_keys.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "ec2local/launch_xml.h"

#define KEY_BEGIN "ASIA" /* and the id's digits, in upper case as key ids are */

void asg_role_keys_init(struct asg_role_keys *keys)
{
    asg_random_bytes(keys->seed, sizeof keys->seed);
}

static void derive(const struct asg_role_keys *keys, const char *what, const char *id,
                   char ret[65])
{
    char text[96];
    int length = snprintf(text, sizeof text, "%s %s", what, id);
    uint8_t hash[ASG_SHA256_BYTES];
    asg_hmac_sha256(keys->seed, sizeof keys->seed, text, (size_t)length, hash);
    asg_hex_encode(hash, sizeof hash, ret);
}

void asg_role_keys_make(const struct asg_role_keys *keys, const char *instance_id,
                        struct asg_role_set *ret)
{
    (void)snprintf(ret->key_id, sizeof ret->key_id, KEY_BEGIN "%s", instance_id + 2);
    for (char *at = ret->key_id; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    derive(keys, "secret", instance_id, ret->secret);
    derive(keys, "token", instance_id, ret->token);
}

bool asg_role_keys_whose(const char *key_id, char ret_id[ASG_WORLD_ID_SIZE])
{
    size_t begin = strlen(KEY_BEGIN);
    if (strncmp(key_id, KEY_BEGIN, begin) != 0) return false;
    size_t length = strlen(key_id + begin);
    if (length == 0 || length + 3 > ASG_WORLD_ID_SIZE ||
        strspn(key_id + begin, "0123456789ABCDEF") != length) {
        return false;
    }
    (void)snprintf(ret_id, ASG_WORLD_ID_SIZE, "i-%s", key_id + begin);
    for (char *at = ret_id; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return true;
}

const char *asg_role_name(const struct asg_world_instance *instance)
{
    const struct asg_world_tags *said = &instance->launch->data.parameters;
    const char *name = asg_launch_xml_find(said, "IamInstanceProfile.Name", NULL);
    if (name == NULL) name = asg_launch_xml_find(said, "IamInstanceProfile.Arn", NULL);
    if (name == NULL) return NULL;
    const char *slash = strrchr(name, '/');
    return slash != NULL ? slash + 1 : name;
}
