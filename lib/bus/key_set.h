/* key_set - CURVE public keys that are admitted, found in constant time: those of the
 * agents, which the log binds. (Workers and admins have allow_list.h.)
 * Threads: any.
 */
#ifndef ASG_BUS_KEY_SET_H
#define ASG_BUS_KEY_SET_H

#include <stdbool.h>
#include <stddef.h>

struct asg_key_set;

void asg_key_set_new(struct asg_key_set **ret);
void asg_key_set_destroy(struct asg_key_set **set);
/* Keys are 40 letters of Z85; adding one twice counts once. */
void asg_key_set_add(struct asg_key_set *set, const char *key);
void asg_key_set_remove(struct asg_key_set *set, const char *key);
bool asg_key_set_has(struct asg_key_set *set, const char *key);
size_t asg_key_set_count(struct asg_key_set *set);

#endif
