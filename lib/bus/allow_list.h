/* allow_list - public keys that may connect, by name: a folder of NAME.pub files.
 * Threads: any. */
#ifndef ASG_BUS_ALLOW_LIST_H
#define ASG_BUS_ALLOW_LIST_H

#include "base/error.h"
#include "bus/keys.h"

struct asg_allow_list;

/* Nobody is on it. */
void asg_allow_list_new(struct asg_allow_list **ret);
void asg_allow_list_destroy(struct asg_allow_list **list);

/* Replace its contents by the folder's NAME.pub files. A file that is no key is named in
 * the error and nothing changes, as with a folder or a file that others may write. A
 * folder that is not there gives an empty list. */
ASG_MUST_USE enum asg_status asg_allow_list_load(struct asg_allow_list *list,
                                                 const char *folder,
                                                 struct asg_error *error);
void asg_allow_list_add(struct asg_allow_list *list, const char *key, const char *name);

#define ASG_ALLOW_NAME_MAX 127
/* Name of a key; false when it is not on the list. `ret` may be NULL. */
bool asg_allow_list_find(struct asg_allow_list *list, const char *key,
                         char ret[ASG_ALLOW_NAME_MAX + 1]);

#endif
