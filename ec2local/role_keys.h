/* role_keys - the credentials that an instance with an instance profile finds in its
 * metadata: good for GetCallerIdentity, with the instance's id as session name, and for
 * nothing else.
 *
 * They are derived from a secret of this run and the id, so none are kept.
 * Threads: read-only once made.
 */
#ifndef ASG_EC2LOCAL_ROLE_KEYS_H
#define ASG_EC2LOCAL_ROLE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "ec2local/model.h"

struct asg_role_keys {
    uint8_t seed[32];
};

struct asg_role_set {
    char key_id[8 + ASG_WORLD_ID_SIZE];
    char secret[65];
    char token[65];
};

void asg_role_keys_init(struct asg_role_keys *keys);
void asg_role_keys_make(const struct asg_role_keys *keys, const char *instance_id,
                        struct asg_role_set *ret);
/* Whose key id that is; false: no instance's. */
bool asg_role_keys_whose(const char *key_id, char ret_id[ASG_WORLD_ID_SIZE]);

/* The role, by the name of the profile it was launched with; NULL: none. */
const char *asg_role_name(const struct asg_world_instance *instance);

#endif
