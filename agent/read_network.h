/* read_network - bytes in and out of this machine since boot, from /proc/net/dev:
 * every interface but the loopback.
 * Threads: one owner at a time. */
#ifndef ASG_AGENT_READ_NETWORK_H
#define ASG_AGENT_READ_NETWORK_H

#include <stdint.h>

#include "agent/proc_file.h"

struct asg_network_reader {
    struct asg_proc_file file;
};

void asg_network_reader_open(struct asg_network_reader *reader, const char *root);
void asg_network_reader_close(struct asg_network_reader *reader);

/* Both 0 when there is nothing to read. */
void asg_read_network(const struct asg_network_reader *reader, uint64_t *ret_in,
                      uint64_t *ret_out);

#endif
