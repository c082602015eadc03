/* open_log - the log file that "log" and "replay" read, without a controller. */
#ifndef ASG_CLI_LOG_OPEN_LOG_H
#define ASG_CLI_LOG_OPEN_LOG_H

#include "cli/cli.h"
#include "store/log.h"

/* The argument at `place`, else the setting `log`. */
const char *asg_log_path(const struct asg_cli *cli, const struct asg_arguments *arguments,
                         size_t place);

/* How that file is opened: read only, with the option --immutable as a copy. */
struct asg_log_options asg_log_options_of(const struct asg_cli *cli,
                                          const struct asg_arguments *arguments,
                                          size_t place);

/* Open it read only, beside a writer or (option --immutable) as a copy nobody writes.
 * ASG_EXIT_NOT_VERIFIED: damaged; ASG_EXIT_FAILED: not there, not readable. The words
 * are out then. */
int asg_open_log(struct asg_cli *cli, const struct asg_arguments *arguments, size_t place,
                 struct asg_log **ret);

/* Exit code for a status of the log, with its words. */
int asg_log_failed(struct asg_cli *cli, enum asg_status status,
                   const struct asg_error *error);

/* The same with what to do, from a verdict; "": nothing. */
int asg_log_failed_more(struct asg_cli *cli, enum asg_status status,
                        const struct asg_error *error, const char *advice);

/* For the tables of arguments and options. */
#define ASG_LOG_ARGUMENT                                                                 \
    {                                                                                    \
        .name = "FILE", .help = "The log file; none means the one in the settings.",     \
        .is_optional = true, .is_file = true                                             \
    }
#define ASG_LOG_IMMUTABLE                                                                \
    {                                                                                    \
        .name = "immutable", .type = ASG_OPTION_FLAG,                                    \
        .help = "The file is a copy that no process writes: create no files beside it."  \
    }
#define ASG_LOG_FROM(text)                                                               \
    {                                                                                    \
        .name = "from", .type = ASG_OPTION_NUMBER, .value = "SEQ", .max = INT64_MAX,     \
        .help = (text), .default_text = "the first"                                      \
    }
#define ASG_LOG_TO                                                                       \
    {                                                                                    \
        .name = "to", .type = ASG_OPTION_NUMBER, .value = "SEQ", .max = INT64_MAX,       \
        .help = "Last record.", .default_text = "the last"                               \
    }

#endif
