/* access_keys - the file of the API's access keys: who may sign, and for what.
 *
 * One key a line, of words NAME=VALUE in any order; `#` begins a line of remarks:
 *     name=ann key=ASGAEXAMPLE secret=... actions=Describe*,SetDesiredCapacity groups=web
 *     name=team-a key=ASGAOTHER secret=... actions=* groups=team-a-*,shared
 * `token=` (optional) is a session token that requests must carry. `actions` and `groups`
 * are names, beginnings of names that end in `*`, or `*`, with commas between. What a
 * value cannot hold (a blank, a comma) is written %20, %2C. The file holds secrets: it
 * must belong to its owner alone (mode 0600). A line `# no keys` says that it is empty on
 * purpose.
 * Threads: no state. Blocks: on the disk.
 */
#ifndef ASG_CRYPTO_ACCESS_KEYS_H
#define ASG_CRYPTO_ACCESS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define ASG_ACCESS_KEYS_MAX         1000
#define ASG_ACCESS_KEYS_BYTES_MAX   ((size_t)1024 * 1024)
#define ASG_ACCESS_KEY_PATTERNS_MAX 100
#define ASG_ACCESS_KEYS_NONE        "# no keys"
#define ASG_ACCESS_KEY_ID_MAX       128
#define ASG_ACCESS_KEY_SECRET_MAX   256
#define ASG_ACCESS_KEY_NAME_MAX     64
#define ASG_ACCESS_KEY_TOKEN_MAX    4096

struct asg_access_key {
    const char *name; /* whose it is: unique in the file */
    const char *access_key_id;
    const char *secret;
    const char *session_token; /* "": none, and none may be sent */
    const char *const *actions;
    size_t action_count;
    const char *const *groups;
    size_t group_count;
};

struct asg_access_keys {
    struct asg_arena arena;
    struct asg_access_key *items; /* in the order of the file */
    size_t count;
    bool is_whole;  /* the last line ends: nobody is writing it, nothing cut it short */
    bool says_none; /* `# no keys` stands in it */
};

/* Wipes the secrets. */
void asg_access_keys_clear(struct asg_access_keys *keys);

/* ASG_ERR_MALFORMED: the text says which line and why; *ret is empty. */
ASG_MUST_USE enum asg_status asg_access_keys_parse(const char *text, size_t length,
                                                   struct asg_access_keys *ret,
                                                   struct asg_error *error);

/* ASG_ERR_NOT_FOUND: no such file; ASG_ERR_DENIED: others may read it (of a
 * symbolic link its target counts); ASG_ERR_MALFORMED and ASG_ERR_LIMIT: what is in it.
 */
ASG_MUST_USE enum asg_status asg_access_keys_load(const char *path,
                                                  struct asg_access_keys *ret,
                                                  struct asg_error *error);

/* The same for who goes by what it says: ASG_ERR_DENIED also when it belongs to another
 * than this process's user or root. */
ASG_MUST_USE enum asg_status asg_access_keys_load_own(const char *path,
                                                      struct asg_access_keys *ret,
                                                      struct asg_error *error);

/* Append the line of a key, with its secret. */
void asg_access_key_print(const struct asg_access_key *key, struct asg_bytes *ret);

/* Add a line to the file, which is created with mode 0600 when it does not exist; or take
 * one out. The rest stays as it is, and a reader sees the old file or the new one. Two at
 * a time wait for each other. ASG_ERR_DENIED: it is a symbolic link; ASG_ERR_EXISTS: of
 * that name or id, the text says whose it is; ASG_ERR_NOT_FOUND: of that name. */
ASG_MUST_USE enum asg_status asg_access_keys_add(const char *path,
                                                 const struct asg_access_key *key,
                                                 struct asg_error *error);
ASG_MUST_USE enum asg_status asg_access_keys_remove(const char *path, const char *name,
                                                    struct asg_error *error);

/* Give the key of that name another id and secret, and no session token. `old_name`: what
 * the present one is called from now on, beside it; NULL: it is gone. Fails likewise. */
ASG_MUST_USE enum asg_status asg_access_keys_rotate(const char *path, const char *name,
                                                    const char *old_name,
                                                    const char *access_key_id,
                                                    const char *secret,
                                                    struct asg_error *error);

#define ASG_ACCESS_KEY_ID_SIZE     21 /* of one that is made, with the closing zero */
#define ASG_ACCESS_KEY_SECRET_SIZE 41

/* A new id ("ASGA" and 16 letters and digits) and a secret of 240 bits. */
void asg_access_key_draw(char ret_id[ASG_ACCESS_KEY_ID_SIZE],
                         char ret_secret[ASG_ACCESS_KEY_SECRET_SIZE]);

/* `text` is one of the patterns, or begins as one that ends in `*` does. */
bool asg_access_key_matches(const char *const *patterns, size_t count, const char *text);

#endif
