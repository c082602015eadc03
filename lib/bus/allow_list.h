/* allow_list - public keys that may connect, by name: a folder of NAME.pub files.
 * Threads: any. */
#ifndef ASG_BUS_ALLOW_LIST_H
#define ASG_BUS_ALLOW_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/keys.h"

struct asg_allow_list;

/* Nobody is on it. */
void asg_allow_list_new(struct asg_allow_list **ret);
void asg_allow_list_destroy(struct asg_allow_list **list);

/* Replace its contents by the folder's NAME.pub files; reads none when none has changed
 * since the last time. A folder that is not there gives an empty list.
 * ASG_ERR_MALFORMED: some files hold no key, cannot be read or may be written by
 * everybody; they are left out and named in the error, and all others count. ASG_ERR_IO:
 * the folder cannot be read, and nothing changes. Another status: the folder may be
 * written by others; no key is added, and those that are gone from it are refused. */
ASG_MUST_USE enum asg_status asg_allow_list_load(struct asg_allow_list *list,
                                                 const char *folder,
                                                 struct asg_error *error);
/* Goes up with each change. */
uint64_t asg_allow_list_version(struct asg_allow_list *list);
/* Of two names of one key the first of the alphabet stands. */
void asg_allow_list_add(struct asg_allow_list *list, const char *key, const char *name);

#define ASG_ALLOW_NAME_MAX 127
/* Name of a key; false when it is not on the list. `ret` may be NULL. */
bool asg_allow_list_find(struct asg_allow_list *list, const char *key,
                         char ret[ASG_ALLOW_NAME_MAX + 1]);

#endif
