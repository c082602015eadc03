/* user_data - what is kept of launch templates: user data and parameters.
 *
 * A numbered version never changes, so it is asked for once.
 * Threads: one owner at a time.
 */
#ifndef ASG_WORKER_USER_DATA_H
#define ASG_WORKER_USER_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/status.h"

#define ASG_USER_DATA_CACHED 64
#define ASG_USER_DATA_KEY    320
/* A template known by name only may be deleted and made anew. */
#define ASG_USER_DATA_NAME_MS 60000

struct asg_user_data_entry {
    char key[ASG_USER_DATA_KEY]; /* "" : free */
    char *text;                  /* base64, as EC2 gave it */
    char *interfaces;            /* its network interfaces, launch_parameters.h */
    char *parameters;            /* all of them; NULL: some are not known */
    int64_t used_ms;
    int64_t until_ms;
};

struct asg_user_data_cache {
    struct asg_user_data_entry entries[ASG_USER_DATA_CACHED];
};

void asg_user_data_cache_clear(struct asg_user_data_cache *cache);

/* What is kept of a template (id, or name when the id is empty) and version; NULL when it
 * is not there. It is valid until the next put. */
const struct asg_user_data_entry *asg_user_data_find(struct asg_user_data_cache *cache,
                                                     const char *template_id,
                                                     const char *template_name,
                                                     const char *version, int64_t now_ms);

/* Keep copies of what `entry` points to; its other fields are not looked at. */
void asg_user_data_put(struct asg_user_data_cache *cache, const char *template_id,
                       const char *template_name, const char *version,
                       const struct asg_user_data_entry *entry, int64_t now_ms);

#endif
