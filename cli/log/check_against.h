/* check_against - a log beside the checkpoints that an auditor kept elsewhere. */
#ifndef ASG_CLI_LOG_CHECK_AGAINST_H
#define ASG_CLI_LOG_CHECK_AGAINST_H

#include "cli/cli.h"
#include "store/checkpoint.h"

struct asg_against {
    size_t count;      /* of checkpoints that were read */
    uint64_t good_seq; /* the highest one the log fits; 0: none */
    uint64_t bad_seq;  /* the lowest one it does not fit; 0: none */
    struct asg_error what;
};

/* Compare a log, which has been verified from record `from_seq` on, with each file of
 * `paths`, signed by the key in `key_path`. ASG_EXIT_OK: *ret says what fits and what
 * does not. Otherwise the words are out: a file or key that cannot be read
 * (ASG_EXIT_FAILED), a checkpoint that is not genuine (ASG_EXIT_NOT_VERIFIED), one of
 * before from_seq, which the chain was not followed from (ASG_EXIT_USAGE). */
int asg_check_against(struct asg_cli *cli, struct asg_log *log, uint64_t from_seq,
                      const struct asg_texts *paths, const char *key_path,
                      struct asg_against *ret);

#endif
