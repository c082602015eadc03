/* read_disk - bytes read and written since boot, from /proc/diskstats: whole disks only,
 * so that a byte is not counted for its partition, its volume and its disk.
 * Threads: one owner at a time. */
#ifndef ASG_AGENT_READ_DISK_H
#define ASG_AGENT_READ_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "agent/proc_file.h"

#define ASG_DISKS_MAX       64
#define ASG_DISK_NAME_BYTES 32

struct asg_disk_reader {
    struct asg_proc_file file;
    char block[ASG_PROC_PATH_MAX]; /* the folder that lists whole disks */
    char names[ASG_DISKS_MAX][ASG_DISK_NAME_BYTES];
    size_t name_count;
    size_t line_count; /* of diskstats when the names were listed */
};

void asg_disk_reader_open(struct asg_disk_reader *reader, const char *root);
void asg_disk_reader_close(struct asg_disk_reader *reader);

/* Both 0 when there is nothing to read. */
void asg_read_disk(struct asg_disk_reader *reader, uint64_t *ret_read,
                   uint64_t *ret_written);

#endif
