/* show_world - replay --at and replay --step: the world as it was, and decision by
 * decision. */
#ifndef ASG_CLI_LOG_SHOW_WORLD_H
#define ASG_CLI_LOG_SHOW_WORLD_H

#include "cli/cli.h"
#include "store/log.h"

/* Groups, instances, jobs and the last metrics, as they stood at `at_ms`. Returns the
 * exit code; the words are out. `group` NULL: all. */
int asg_show_world_at(struct asg_cli *cli, struct asg_log *log, int64_t at_ms,
                      const char *group);

struct asg_step_options {
    uint64_t from_seq; /* 0: the first decision */
    uint64_t to_seq;   /* 0: the last */
    const char *group; /* NULL: of all */
};

/* Decide again and show each decision beside what the log has. On a terminal it stops
 * after each one; everything at once on a pipe. ASG_EXIT_DIFFERS: one was different. */
int asg_step_world(struct asg_cli *cli, struct asg_log *log,
                   const struct asg_step_options *options);

#endif
