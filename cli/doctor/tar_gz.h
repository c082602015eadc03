/* tar_gz - a new .tar.gz, file by file: ustar (POSIX.1-1988) through zlib.
 *
 * Names are of at most 100 bytes, contents of less than 8 GiB. The first failure stays:
 * what is added after it is dropped, and the end says it.
 * Threads: one owner. Blocks: on the disk.
 */
#ifndef ASG_CLI_DOCTOR_TAR_GZ_H
#define ASG_CLI_DOCTOR_TAR_GZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct asg_tar_gz;

/* Create the file with mode 0600. ASG_ERR_EXISTS: it is there and is left as it is;
 * ASG_ERR_DENIED, ASG_ERR_IO. */
ASG_MUST_USE enum asg_status asg_tar_gz_new(const char *path, int64_t time_s,
                                            struct asg_tar_gz **ret,
                                            struct asg_error *error);

/* A file of mode 0600. */
void asg_tar_gz_add(struct asg_tar_gz *tar, const char *name, const void *data,
                    size_t length);

/* Finish, free and set to NULL. ASG_ERR_FULL, ASG_ERR_IO, ASG_ERR_LIMIT: the file is not
 * whole, and is removed. */
ASG_MUST_USE enum asg_status asg_tar_gz_end(struct asg_tar_gz **tar,
                                            struct asg_error *error);

#endif
