/* safe_file - files and folders that others must not be able to read, change or put in
 * our way: keys, secrets, and what is written beside them.
 *
 * Reading judges what is read, by its descriptor: a symbolic link is followed, and its
 * target's mode and owner count (Kubernetes hands out secrets as links). Writing follows
 * no link, and whoever looks sees the old file or the new one, whole, also after a crash:
 * the text goes into PATH.new, is synced and takes its place. What root writes belongs to
 * whom the old file belonged, a new one to the owner of its folder: root's command line
 * tends the files of a service. Two that write into one folder wait for each other
 * (flock).
 * Threads: no state. Blocks: on the disk.
 */
#ifndef ASG_BASE_SAFE_FILE_H
#define ASG_BASE_SAFE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"

#define ASG_SAFE_PATH_MAX 4096

/* What others may do with a file that is read. */
enum asg_safe_guard {
    ASG_SAFE_SECRET, /* nothing */
    ASG_SAFE_FIXED,  /* read it, not write it */
    ASG_SAFE_ANY,
};

/* What a file must be so that it is read. */
struct asg_safe_need {
    const char *what; /* "key file": stands before its path in texts */
    size_t length_max;
    enum asg_safe_guard guard;
    bool is_own; /* it belongs to this process's user or to root */
};

/* Append what is in the file, and no more than that to the memory of `ret`, so that
 * secrets are moved nowhere. A secret has mode 0600 or less; one of root's may be read by
 * its group too (0640), because it is so that secrets are handed to a service.
 * ASG_ERR_NOT_FOUND; ASG_ERR_DENIED: mode, owner or the system say no; ASG_ERR_MALFORMED:
 * no regular file; ASG_ERR_LIMIT: longer than that; ASG_ERR_IO. `error` says what to do.
 */
ASG_MUST_USE enum asg_status asg_safe_file_read(const char *path,
                                                const struct asg_safe_need *need,
                                                struct asg_bytes *ret,
                                                struct asg_error *error);

/* The same checks of a file that is open, without reading it. */
ASG_MUST_USE enum asg_status asg_safe_file_check(const struct stat *info,
                                                 const char *path,
                                                 const struct asg_safe_need *need,
                                                 struct asg_error *error);

/* A new file. ASG_ERR_EXISTS: something of that name is there and is left as it is, be it
 * a link that leads nowhere. ASG_ERR_DENIED, ASG_ERR_IO. */
ASG_MUST_USE enum asg_status asg_safe_file_make(const char *path, mode_t mode,
                                                const void *data, size_t length,
                                                struct asg_error *error);

/* The same, in the place of what had the name: of a link its name is taken and its target
 * is left alone. */
ASG_MUST_USE enum asg_status asg_safe_file_replace(const char *path, mode_t mode,
                                                   const void *data, size_t length,
                                                   struct asg_error *error);

/* Wipe what a buffer holds and free it. */
void asg_safe_bytes_clear(struct asg_bytes *bytes);

/* A folder belongs to this process's user or to root, and nobody else may write in it:
 * who may, can put keys of his own there. ASG_ERR_DENIED says the command that mends it;
 * ASG_ERR_NOT_FOUND, ASG_ERR_IO. */
ASG_MUST_USE enum asg_status asg_safe_folder_check(const char *path,
                                                   struct asg_error *error);

/* Make it with mode 0700 when it is not there; then the same check. */
ASG_MUST_USE enum asg_status asg_safe_folder_make(const char *path,
                                                  struct asg_error *error);

/* Does a symbolic link lead from `path` to a file out of its folder? What such a file has
 * in it was not meant to be shown: others may have put the link there. False of pipes and
 * devices, and when there is no such file. */
bool asg_path_leads_out(const char *path);

#endif
