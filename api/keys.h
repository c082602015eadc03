/* keys - the access keys that the door knows, read anew when their file changes.
 *
 * A file that cannot be read, does not make sense, is cut short or holds no key leaves
 * the keys as they were and is logged once. A key that was handed out stays as
 * it is until it is released. Threads: any. Blocks: on the disk when the file has
 * changed.
 */
#ifndef ASG_API_KEYS_H
#define ASG_API_KEYS_H

#include "aws/sigv4.h"
#include "base/clock.h"
#include "crypto/access_keys.h"

struct asg_api_keys;
struct asg_api_key;

/* A file that is not there is none: the door knows nobody until it appears.
 * ASG_ERR_DENIED: others may read it; ASG_ERR_MALFORMED, ASG_ERR_LIMIT: what is in it. */
ASG_MUST_USE enum asg_status asg_api_keys_new(const char *path, struct asg_clock clock,
                                              struct asg_api_keys **ret,
                                              struct asg_error *error);
void asg_api_keys_destroy(struct asg_api_keys **keys);

/* Read the file if it has changed; true when there are new keys. It is looked at five
 * times a second anyway while keys are asked for. */
bool asg_api_keys_refresh(struct asg_api_keys *keys);

/* The key of that id, or NULL. The caller releases it. */
struct asg_api_key *asg_api_keys_find(struct asg_api_keys *keys,
                                      const char *access_key_id);
void asg_api_key_release(struct asg_api_key **key);

const struct asg_access_key *asg_api_key_of(const struct asg_api_key *key);

/* The SigV4 key of a day ("20150830"). Derived once a day, afterwards a copy: region and
 * service are those of the door, always the same. */
void asg_api_key_signing(struct asg_api_key *key, const char *day, const char *region,
                         const char *service, uint8_t ret[ASG_SIGV4_KEY_BYTES]);

#endif
