/* keys - CURVE key pairs and their files.
 *
 * A key file has two lines, `public: <z85>` and `secret: <z85>`; mode 0600. A public
 * file (NAME.pub) has only the first. */
#ifndef ASG_BUS_KEYS_H
#define ASG_BUS_KEYS_H

#include "base/error.h"

#define ASG_BUS_KEY_SIZE 41 /* z85 text with its closing zero */

struct asg_bus_keys {
    char public_key[ASG_BUS_KEY_SIZE];
    char secret_key[ASG_BUS_KEY_SIZE];
};

void asg_bus_keys_new(struct asg_bus_keys *ret);
/* Wipes the secret. */
void asg_bus_keys_clear(struct asg_bus_keys *keys);

/* Read the file, or make it with a fresh pair when it is not there; PATH.pub is made
 * beside it when that is not there or says another key. ASG_ERR_DENIED: others may read
 * it. ASG_ERR_MALFORMED: no key file, or the keys in it are no pair. */
ASG_MUST_USE enum asg_status asg_bus_keys_load_or_make(const char *path,
                                                       struct asg_bus_keys *ret,
                                                       struct asg_error *error);
/* Read the file and make nothing. ASG_ERR_NOT_FOUND: there is none; else as above. */
ASG_MUST_USE enum asg_status asg_bus_keys_load(const char *path, struct asg_bus_keys *ret,
                                               struct asg_error *error);
/* A fresh pair in the place of the file's, which is kept as PATH.old; PATH.pub follows.
 * ASG_ERR_NOT_FOUND: there is none; else as above. */
ASG_MUST_USE enum asg_status asg_bus_keys_replace(const char *path,
                                                  struct asg_bus_keys *ret,
                                                  struct asg_error *error);
/* Public key of a key file or a public file. ASG_ERR_DENIED: others may write it. */
ASG_MUST_USE enum asg_status asg_bus_public_key_load(const char *path,
                                                     char ret[ASG_BUS_KEY_SIZE],
                                                     struct asg_error *error);
/* The same for who goes by it: ASG_ERR_DENIED also when it belongs to another than this
 * process's user or root. */
ASG_MUST_USE enum asg_status asg_bus_public_key_load_own(const char *path,
                                                         char ret[ASG_BUS_KEY_SIZE],
                                                         struct asg_error *error);
/* Write a public file, in the place of an older one. */
ASG_MUST_USE enum asg_status asg_bus_public_key_save(const char *path, const char *key,
                                                     struct asg_error *error);

/* True when text is a z85 key. */
bool asg_bus_is_key(const char *text);

#endif
