/* replay_log - every event of a log through core again, every effect compared.
 *
 * Flow:    record -> decode -> [core] -> effects -> encode -> the same bytes?
 * Memory:  some blocks of records; arenas are kept from record to record.
 * Threads: the caller's; the log is read by one more.
 */
#ifndef ASG_CLI_LOG_REPLAY_LOG_H
#define ASG_CLI_LOG_REPLAY_LOG_H

#include "base/bytes.h"
#include "base/error.h"
#include "cli/show/progress.h"
#include "store/log.h"

struct asg_replay_options {
    uint64_t from_seq;    /* 0: the first; else from the newest snapshot before it on */
    uint64_t to_seq;      /* 0: to the head */
    bool skip_hash_check; /* do not check the chain while reading */
    struct asg_progress *progress; /* counts records; NULL: nobody looks */
};

/* The records that one number of rules decided. */
struct asg_replay_part {
    uint32_t rules;
    uint64_t first_seq;
    uint64_t last_seq;
};

struct asg_replay_result {
    uint64_t first_seq; /* of what was replayed; above 1: older payloads are pruned */
    uint64_t last_seq;
    uint64_t record_count;
    uint64_t event_count;
    uint64_t effects_count;
    uint64_t decision_count;
    uint64_t hash_count;
    uint32_t form; /* of the saved state that the last hash is of; 0: none met yet */
    struct asg_replay_part *parts; /* in order: rules never go back */
    size_t part_count;
    bool is_identical;
    uint64_t bad_seq;        /* the first record that differs */
    const char *what;        /* static: which part differs */
    struct asg_bytes in_log; /* the first line that differs; text */
    struct asg_bytes in_replay;
};

/* ASG_OK: *ret says whether all is identical; the caller ends it with
 * asg_replay_result_clear(). ASG_ERR_CORRUPT, ASG_ERR_MALFORMED, ASG_ERR_VERSION,
 * ASG_ERR_IO: the log could not be read to its end; `error` names the record. */
ASG_MUST_USE enum asg_status asg_replay_log(struct asg_log *log,
                                            const struct asg_replay_options *options,
                                            struct asg_replay_result *ret,
                                            struct asg_error *error);

void asg_replay_result_clear(struct asg_replay_result *result);

#endif
